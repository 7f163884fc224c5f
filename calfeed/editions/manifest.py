"""The ledger: what the last build published, according to its manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from calfeed.editions.compare import Entry
from calfeed.editions.zone_law import Law
from calfeed.revisions.revise import Published, Revision

MANIFEST = "calfeed.json"


@dataclass(frozen=True, slots=True)
class PublishedFeed:
    """A feed as a manifest records it; for an old address, `moved_to` is the path of the current one."""

    slug: str
    path: str
    name: str
    moved_to: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """The parts of a manifest that the next build needs.

    Attributes:
        path: where it was read from, for messages.
        id: the calendar's id.
        tzdb: the version of the tz database it was built with.
        events: what was published, by UID.
        retired: the last revisions of events that are no longer published, by UID.
        feeds: the feeds, including old addresses.
        files: the SHA-256 of each file, by path.
        history: the latest changes, newest first.
        zones: the laws of the zones in use.
    """

    path: str = MANIFEST
    id: str | None = None
    tzdb: str | None = None
    events: Mapping[str, Published] = field(default_factory=dict)
    retired: Mapping[str, Revision] = field(default_factory=dict)
    feeds: tuple[PublishedFeed, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    history: tuple[Entry, ...] = ()
    zones: Mapping[str, Law] = field(default_factory=dict)

    @property
    def is_none(self) -> bool:
        """Whether nothing was published; a first build compares with such a manifest."""
        return self.id is None
