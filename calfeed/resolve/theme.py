"""Resolves `theme:` of calendar.yaml into the site's look: two readable colours, a logo and a footer."""

from __future__ import annotations

from calfeed.diagnostics.problem import Problem, problem_at
from calfeed.model import Theme
from calfeed.source.entries import Place
from calfeed.source.schema import ThemeEntry
from calfeed.values.colors import BACKGROUND, DARK_BACKGROUND, ENOUGH, contrast, css_colors, readable

_ACCENT = "#1d4ed8"


def resolve_theme(entry: ThemeEntry, place: Place, color: str | None) -> tuple[Theme, tuple[Problem, ...]]:
    """Return the site's look, and warnings about colours that are hard to read.

    A written colour is used as it is. A missing one is derived from `accent`, the calendar's `color` or a default, in
    this order, and made dark or light enough to read.

    Args:
        entry: the theme as written.
        place: where it is written.
        color: the calendar's colour, a CSS colour name.
    """
    base = css_colors()[color] if color is not None else _ACCENT
    problems: list[Problem] = []
    colors: dict[str, str] = {}
    for key, written, background in (
        ("accent", entry.accent, BACKGROUND),
        ("accent_dark", entry.accent_dark, DARK_BACKGROUND),
    ):
        colors[key] = written or readable(entry.accent or base, background)
        ratio = contrast(colors[key], background)
        if ratio < ENOUGH:
            pages = "light" if background == BACKGROUND else "dark"
            message = f"text in {written} is hard to read on {pages} pages: its contrast is {ratio:.1f}"
            hint = f"write `'{readable(colors[key], background)}'`: level AA of WCAG 2.1 requires {ENOUGH} or more"
            problems.append(problem_at(place.mark(key), "low-contrast", message, hint))
    return Theme(**colors, logo=entry.logo, footer=entry.footer), tuple(problems)
