"""Which promises to subscribers a build may break."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Consent:
    """The breaches that the organiser accepts: that events and feeds vanish, that every UID changes."""

    removals: bool = False
    new_id: bool = False
