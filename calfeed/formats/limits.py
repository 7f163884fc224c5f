"""How large a feed may be before programs of subscribers lose some of it (docs/explanation/compatibility.md)."""

from __future__ import annotations

MAX_FEED_BYTES = 1_000_000
MAX_FEED_EVENTS = 1_000
MAX_FEED_URL = 100
"""Characters of its address."""
