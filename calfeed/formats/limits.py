"""The limits above which subscribers' programs may lose some of a feed (docs/explanation/compatibility.md)."""

from __future__ import annotations

MAX_FEED_BYTES = 1_000_000
MAX_FEED_EVENTS = 1_000
MAX_FEED_URL = 100
"""The longest address of a feed, in characters."""
