"""What a host should say of a file: its type, and how long a copy of it is good."""

from __future__ import annotations

from pathlib import PurePosixPath

HTML = "text/html; charset=utf-8"
PLAIN = "text/plain; charset=utf-8"
# A table of ours: what the operating system knows of types differs from machine to machine.
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
# A quarter of an hour: programs ask for feeds a few times a day, and a change is to be seen soon.
_CACHED = "public, max-age=900, must-revalidate"
# The next build compares with the manifest: it must not get an old copy.
_UNCACHED = "no-cache"


def content_type_of(path: str) -> str:
    """Return the type of a file by its name, plain text where the name says nothing."""
    return _TYPES.get(PurePosixPath(path).suffix.lower(), PLAIN)


def cache_control_of(path: str) -> str:
    """Return how long a copy of a file is good, as `Cache-Control` says it."""
    return _UNCACHED if path.endswith(".json") else _CACHED
