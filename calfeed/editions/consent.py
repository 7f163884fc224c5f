"""What a build may break of its promises to subscribers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Consent:
    """What the person who builds has agreed to: that events and feeds vanish, that every UID changes."""

    removals: bool = False
    new_id: bool = False
