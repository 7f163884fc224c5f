"""The paths of files that a build may write; no other file is ever deleted, in DIST or where it is published."""

from __future__ import annotations

import re

from calfeed.values.addresses import is_fit_path

_FIXED = frozenset(
    [
        *("404.html", "embed.html", "index.html"),
        *("assets/site.css", "assets/site.js", "favicon.svg"),
        *(".htaccess", ".nojekyll", "_headers", "robots.txt", "sitemap.xml"),
        *("calfeed.json", "changes.atom"),
    ]
)
_ID = "[a-z0-9][a-z0-9-]*"
_FEED = rf"(?:(?:category|venue)/)?{_ID}"
_GENERATED = re.compile(
    rf"{_ID}\.ics"
    rf"|feeds/{_FEED}\.ics"
    rf"|events/{_ID}\.(?:ics|html)"
    rf"|(?:categories|feeds|venues)/{_ID}(?:/[0-9]{{4}})?\.html"
    r"|months/[0-9]{4}-[0-9]{2}\.html"
    rf"|qr/{_FEED}\.svg"
)
_IMAGES = "images/"
"""Pictures keep their original names."""


def is_output_path(path: str) -> bool:
    """Return whether a build may write a file with this path, with or without a site."""
    if path in _FIXED or _GENERATED.fullmatch(path):
        return is_fit_path(path)
    return path.startswith(_IMAGES) and is_fit_path(path)
