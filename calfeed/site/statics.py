"""The site's style sheet, script and icon, which differ between calendars only in their colours."""

from __future__ import annotations

from importlib.resources import files

from calfeed.artifact import Artifact
from calfeed.model import Theme

_NAMES = ("site.css", "site.js")


def static_files(theme: Theme) -> tuple[Artifact, ...]:
    """Return the style sheet with the theme's colours, the script, and the icon in the browser's tab."""
    assets = files("calfeed.site") / "assets"
    colors = {"$accent_dark": theme.accent_dark, "$accent": theme.accent}
    texts = {f"assets/{name}": (assets / name).read_text(encoding="utf-8") for name in _NAMES}
    texts["favicon.svg"] = (assets / "favicon.svg").read_text(encoding="utf-8")
    for placeholder, color in colors.items():
        texts = {path: text.replace(placeholder, color) for path, text in texts.items()}
    return tuple(Artifact.of(path, text.encode()) for path, text in texts.items())
