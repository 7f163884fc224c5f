"""Resolves `theme:` of calendar.yaml into the look of the site: two readable colours, a logo, a footer."""

from __future__ import annotations

from calfeed.diagnostics.problem import Problem, problem_at
from calfeed.model import Theme
from calfeed.source.entries import Place
from calfeed.source.schema import ThemeEntry
from calfeed.values.colors import BACKGROUND, DARK_BACKGROUND, ENOUGH, contrast, css_colors, readable

_ACCENT = "#1d4ed8"


def resolve_theme(entry: ThemeEntry, place: Place, color: str | None) -> tuple[Theme, tuple[Problem, ...]]:
    """Return the look of the site, and warnings of colours that are hard to read.

    A written colour is used as it is. A missing one is derived from `accent`, else from the calendar's `color`, else
    from a default, and is dark or light enough to read.

    Args:
        entry: the theme as written.
        place: where it is written.
        color: the calendar's colour, a CSS colour name.
    """
    own = css_colors()[color] if color is not None else _ACCENT
    problems: list[Problem] = []
    colors: dict[str, str] = {}
    for key, written, background in (
        ("accent", entry.accent, BACKGROUND),
        ("accent_dark", entry.accent_dark, DARK_BACKGROUND),
    ):
        colors[key] = written or readable(entry.accent or own, background)
        found = contrast(colors[key], background)
        if found < ENOUGH:
            shown = "light" if background == BACKGROUND else "dark"
            message = f"text in {written} is hard to read on {shown} pages: its contrast is {found:.1f}"
            hint = f"write `'{readable(colors[key], background)}'`: level AA of WCAG 2.1 requires {ENOUGH} or more"
            problems.append(problem_at(place.mark(key), "low-contrast", message, hint))
    return Theme(**colors, logo=entry.logo, footer=entry.footer), tuple(problems)
