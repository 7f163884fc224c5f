"""The headers that a host should send with a file: its type and how long it may be cached."""

from __future__ import annotations

from pathlib import PurePosixPath

HTML = "text/html; charset=utf-8"
PLAIN = "text/plain; charset=utf-8"
# Our own table, because the operating system's types differ from machine to machine.
_TYPES = {
    ".atom": "application/atom+xml; charset=utf-8",
    ".avif": "image/avif",
    ".css": "text/css; charset=utf-8",
    ".gif": "image/gif",
    ".html": HTML,
    ".ico": "image/x-icon",
    ".ics": "text/calendar; charset=utf-8",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml; charset=utf-8",
    ".txt": PLAIN,
    ".webmanifest": "application/manifest+json; charset=utf-8",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
    ".xml": "application/xml; charset=utf-8",
}
# 15 minutes: programs fetch feeds a few times a day, and a change should be visible soon.
_CACHED = "public, max-age=900, must-revalidate"
# The next build compares with the manifest, so it must not get an old copy.
_UNCACHED = "no-cache"


def content_type_of(path: str) -> str:
    """Return the content type of a file by its suffix; plain text if the suffix is unknown."""
    return _TYPES.get(PurePosixPath(path).suffix.lower(), PLAIN)


def cache_control_of(path: str) -> str:
    """Return the `Cache-Control` value of a file."""
    return _UNCACHED if path.endswith(".json") else _CACHED
