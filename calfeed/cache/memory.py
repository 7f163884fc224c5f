"""Cache the results of single files, so that builds need not read, resolve and render unchanged files again.

It contains only plain events; series and events with an inline venue are rebuilt each time. Events are stored by source
file, together with their published form. Like a snapshot, a memory is never published and can be deleted at any time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from calfeed.cache.results import Claim, FileResult, Picture
from calfeed.cache.rows import RowCodec
from calfeed.cache.versions import fingerprint
from calfeed.diagnostics.problem import Problem
from calfeed.model import Event, Venue
from calfeed.output.state import UNREADABLE, read_checked, write_checked
from calfeed.stamp import FileStamp, Row, is_unchanged, row_of

_FILE = "memory"
_VERSION = 4
_SIZE = 8  # bytes of the number at the end, which says how far before the end the last part begins
_RENEWED = 20
"""A memory is rewritten only if at least one file in this many changed; otherwise writing costs more than it saves."""


_EVENTS = RowCodec(Event, without=("venue", "recurrence", "ending"))
_PROBLEMS, _PICTURES = RowCodec(Problem), RowCodec(Picture)


@dataclass(frozen=True, slots=True)
class Printed:
    """The published form of an event: its revision, VEVENT, the extra lines of its own file, and its zones.

    `page` is the size and SHA-256 of its page; None without a site.
    """

    revision: tuple[int, str, str]
    vevent: bytes
    own_lines: bytes
    tzids: tuple[str, ...]
    page: tuple[int, str] | None


@dataclass(slots=True)
class Memory:
    """The memory that a build starts with.

    Attributes:
        key: a hash of everything else that the events depend on (`key_beside`).
        since: the time on the file system's clock before the files were examined.
        device: the device number of that file system.
        frame: a hash of what all event pages share.
        places: where the row of each file is in `data`, by path.
        data: the whole memory.
        recalled: the paths whose rows were used.
        printed: the published form of the events in those files, by id.
    """

    key: str = ""
    since: int = 0
    device: int = 0
    frame: str = ""
    places: Mapping[str, Row] = field(default_factory=dict)
    data: memoryview = field(default_factory=lambda: memoryview(b""))
    recalled: set[str] = field(default_factory=set)
    printed: dict[str, Printed] = field(default_factory=dict)

    def recall(self, root: Path, path: str, venues: Mapping[str, Venue | None]) -> FileResult | None:
        """Return the result of a file, or None if the file has changed or is unknown.

        Args:
            root: the folder of events.
            path: the file, relative to it.
            venues: all venues; if the key matches, they include those of the events.
        """
        place = self.places.get(path)
        if place is None:
            return None
        try:
            begin, end = place
            stamp, rows, problems, pictures = json.loads(bytes(self.data[begin:end]))
            if stamp[0] != path or not is_unchanged(str(root), stamp, self.since, self.device):
                return None
            events = tuple(_event(row, venue_id, venues) for row, venue_id, _ in rows)
            printed = {event.id: self._printed(row) for event, (_, _, row) in zip(events, rows, strict=True)}
            result = FileResult(
                FileStamp(*stamp),
                events,
                tuple(Claim(event.id, event.uid, event.mark) for event in events),
                tuple(map(_PROBLEMS.read, problems)),
                tuple(map(_PICTURES.read, pictures)),
            )
        except UNREADABLE:
            return None
        self.printed |= printed
        self.recalled.add(path)
        return result

    def _printed(self, row: Row) -> Printed:
        begin, middle, end, tzids, revision, page = row
        vevent, own_lines = bytes(self.data[begin:middle]), bytes(self.data[middle:end])
        return Printed(tuple(revision), vevent, own_lines, tuple(tzids), None if page is None else _page(page))

    def page(self, frame: str, event_id: str) -> tuple[int, str] | None:
        """Return the size and SHA-256 of an event's page, if it was rendered and would be the same with this frame."""
        known = self.printed.get(event_id) if frame == self.frame else None
        return None if known is None else known.page


def key_beside(root: Path, read: Iterable[FileStamp]) -> str:
    """Return a hash of what an event depends on besides its own file: the files read before it, and calfeed itself."""
    beside = [_VERSION, fingerprint(), str(root), [(stamp.path, stamp.sha256) for stamp in read]]
    return sha256(json.dumps(beside).encode()).hexdigest()


def read_memory(state: Path) -> Memory:
    """Load the memory. A missing or unreadable memory is treated as empty."""
    try:
        data = read_checked(state / _FILE)
        begin = len(data) - int.from_bytes(data[-_SIZE:])
        content = json.loads(bytes(data[begin:-_SIZE]))
        return Memory(
            key=str(content["key"]),
            since=int(content["since"]),
            device=state.stat().st_dev,
            frame=str(content["frame"]),
            places=content["places"],
            data=data,
        )
    except UNREADABLE:
        return Memory()


def write_memory(
    state: Path,
    memory: Memory,
    key: str,
    frame: str,
    since: int,
    results: Sequence[FileResult],
    printed: Callable[[str], Printed],
) -> None:
    """Write the results of the files, unless nearly all of them were already in the memory.

    Args:
        state: the state folder.
        memory: the memory that the build started with.
        key: the hash from `key_beside`.
        frame: a hash of what all event pages share; empty without a site.
        since: the time on the file system's clock before the files were examined.
        results: the result of each file.
        printed: returns the published form of an event, given its id.
    """
    plain = [(result.stamp, result) for result in results if result.stamp and all(map(_is_plain, result.events))]
    not_recalled = sum(stamp.path not in memory.recalled for stamp, _ in plain)
    if key == memory.key and frame == memory.frame and not_recalled * _RENEWED < len(plain):
        return
    write_checked(state / _FILE, _parts({"key": key, "frame": frame, "since": since}, plain, printed))


def _parts(
    head: Mapping[str, object], kept: Iterable[tuple[FileStamp, FileResult]], printed: Callable[[str], Printed]
) -> Iterator[bytes]:
    """Yield each file's events as published and then its row as JSON; at the end an index of the rows and its length.

    This way neither writer nor reader needs all of it in memory as Python values.
    """
    end = 0
    places: dict[str, tuple[int, int]] = {}
    for stamp, result in kept:
        events = []
        for event in result.events:
            as_published = printed(event.id)
            begin, middle = end, end + len(as_published.vevent)
            end = middle + len(as_published.own_lines)
            yield as_published.vevent
            yield as_published.own_lines
            place = [begin, middle, end, as_published.tzids, as_published.revision, as_published.page]
            events.append([_EVENTS.row_of(event), event.venue and event.venue.id, place])
        problems = [_PROBLEMS.row_of(problem) for problem in result.problems]
        pictures = [_PICTURES.row_of(picture) for picture in result.pictures]
        row = json.dumps([row_of(stamp), events, problems, pictures]).encode()
        yield row
        places[stamp.path] = end, end + len(row)
        end += len(row)
    last = json.dumps({**head, "places": places}).encode()
    yield last
    yield (len(last) + _SIZE).to_bytes(_SIZE)


def _event(row: Row, venue_id: str | None, venues: Mapping[str, Venue | None]) -> Event:
    return _EVENTS.read(row, venue=None if venue_id is None else venues[venue_id])


def _is_plain(event: Event) -> bool:
    is_at_known_venue = event.venue is None or event.venue.id is not None
    return event.recurrence is None and is_at_known_venue


def _page(row: Row) -> tuple[int, str]:
    size, digest = row
    return int(size), str(digest)
