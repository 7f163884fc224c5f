"""Cache what builds made of single files, so that they need not read, resolve and render unchanged files again.

It holds plain events; series and events with an inline venue are always made again.
Events are stored by source file, together with what was published of them. Like a snapshot, a memory is never
published and can be deleted at any time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path

from calfeed.cache.versions import fingerprint
from calfeed.diagnostics.problem import Mark
from calfeed.model import AllDay, Event, Organizer, Picture, Resolved, Status, Timed, Venue, ZoneChoice, ZonedTime
from calfeed.output.state import UNREADABLE, problem_of, read_checked, row_of_problem, write_checked
from calfeed.stamp import FileStamp, Row, is_unchanged, row_of
from calfeed.values.times import Duration

_FILE = "memory"
_VERSION = 3
_SIZE = 8  # bytes of the number at the end: how far before the end the last part begins
_RENEWED = 20
"""A memory is rewritten once at least one file in this many changed; for fewer, writing costs more than it saves."""


@dataclass(frozen=True, slots=True)
class Printed:
    """An event as it was published: its revision, its VEVENT, the extra lines of its own file, and its zones.

    `page` is the size and SHA-256 of its page; None without a site.
    """

    revision: tuple[int, str, str]
    vevent: bytes
    own_lines: bytes
    tzids: tuple[str, ...]
    page: tuple[int, str] | None


@dataclass(slots=True)
class Memory:
    """A memory as a build finds it.

    Attributes:
        key: a hash of everything else that the events depend on (`key_beside`).
        since: the clock of the file system before the files were examined.
        device: the device number of that file system.
        frame: a hash of what all event pages share.
        places: where in `data` the row of each file is, by path.
        data: the whole memory.
        recalled: the paths whose rows were used.
        printed: the events in those files as they were published, by id.
    """

    key: str = ""
    since: int = 0
    device: int = 0
    frame: str = ""
    places: Mapping[str, Row] = field(default_factory=dict)
    data: memoryview = field(default_factory=lambda: memoryview(b""))
    recalled: set[str] = field(default_factory=set)
    printed: dict[str, Printed] = field(default_factory=dict)

    def recall(self, root: Path, path: str, venues: Mapping[str, Venue | None]) -> Resolved | None:
        """Return what was made of a file, or None if it has changed or is unknown.

        Args:
            root: the folder of events.
            path: the file, relative to it.
            venues: all venues; they include those of the events as long as the key matches.
        """
        place = self.places.get(path)
        if place is None:
            return None
        try:
            begin, end = place
            seen, events, problems, pictures = json.loads(bytes(self.data[begin:end]))
            if seen[0] != path or not is_unchanged(str(root), seen, self.since, self.device):
                return None
            found = tuple(_event(each, venues) for each in events)
            printed = {event.id: self._printed(each) for event, each in zip(found, events, strict=True)}
            named = tuple(Picture(where, name, _mark(mark)) for where, name, mark in pictures)
            resolved = Resolved(FileStamp(*seen), found, tuple(map(problem_of, problems)), named)
        except UNREADABLE:
            return None
        self.printed |= printed
        self.recalled.add(path)
        return resolved

    def _printed(self, row: Row) -> Printed:
        begin, middle, end, tzids, revision, page = row[-1]
        vevent, own_lines = bytes(self.data[begin:middle]), bytes(self.data[middle:end])
        return Printed(tuple(revision), vevent, own_lines, tuple(tzids), None if page is None else _page(page))

    def page(self, frame: str, event_id: str) -> tuple[int, str] | None:
        """Return the size and SHA-256 of an event's page, if it was made and would be the same with this frame."""
        known = self.printed.get(event_id) if frame == self.frame else None
        return None if known is None else known.page


def key_beside(root: Path, read: Iterable[FileStamp]) -> str:
    """Return a hash of what an event depends on besides its own file: the files read before it, and calfeed."""
    beside = [_VERSION, fingerprint(), str(root), [(each.path, each.sha256) for each in read]]
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
    resolved: Sequence[Resolved],
    printed: Callable[[str], Printed],
) -> None:
    """Write what was made of the files, unless nearly all of it was already in the memory.

    Args:
        state: the state folder.
        memory: the memory as it was found.
        key: the hash from `key_beside`.
        frame: a hash of what all event pages share; empty without a site.
        since: the clock of the file system before the files were examined.
        resolved: what was made of each file.
        printed: returns an event as it is published, given its id.
    """
    kept = [each for each in resolved if all(_is_plain(event) for event in each.events)]
    forgotten = sum(each.file.path not in memory.recalled for each in kept)
    if key == memory.key and frame == memory.frame and forgotten * _RENEWED < len(kept):
        return
    write_checked(state / _FILE, _parts({"key": key, "frame": frame, "since": since}, kept, printed))


def _parts(head: Mapping[str, object], kept: Iterable[Resolved], printed: Callable[[str], Printed]) -> Iterator[bytes]:
    """Yield each file's events as published and then its row as JSON; at the end an index of the rows and its length.

    This way neither writer nor reader needs all of it in memory as Python values.
    """
    end = 0
    places: dict[str, tuple[int, int]] = {}
    for each in kept:
        events = []
        for event in each.events:
            shown = printed(event.id)
            begin, middle = end, end + len(shown.vevent)
            end = middle + len(shown.own_lines)
            yield shown.vevent
            yield shown.own_lines
            events.append([*_row(event), [begin, middle, end, shown.tzids, shown.revision, shown.page]])
        problems = [row_of_problem(problem) for problem in each.problems]
        pictures = [[picture.path, picture.name, _row_of_mark(picture.mark)] for picture in each.pictures]
        row = json.dumps([row_of(each.file), events, problems, pictures]).encode()
        yield row
        places[each.file.path] = end, end + len(row)
        end += len(row)
    last = json.dumps({**head, "places": places}).encode()
    yield last
    yield (len(last) + _SIZE).to_bytes(_SIZE)


def _is_plain(event: Event) -> bool:
    is_at_known_venue = event.venue is None or event.venue.id is not None
    return event.recurrence is None and is_at_known_venue


# -- events as JSON ---------------------------------------------------------------------------------------------


def _row(event: Event) -> list[object]:
    return [
        event.id,
        event.uid,
        event.summary,
        _row_of_when(event.when),
        None if event.zone is None else [event.zone.tzid, event.zone.reason],
        event.status.value,
        None if event.venue is None else event.venue.id,
        event.online,
        event.description,
        event.url,
        event.categories,
        None if event.organizer is None else [event.organizer.name, event.organizer.email, event.organizer.url],
        event.image,
        event.busy,
        [[each.days, each.seconds] for each in event.reminders],
        event.properties,
        None if event.created is None else event.created.isoformat(),
        None if event.last_modified is None else event.last_modified.isoformat(),
        event.sequence,
        _row_of_mark(event.mark),
        [[key, _row_of_mark(mark)] for key, mark in event.stamp_marks],
    ]


def _row_of_when(when: AllDay | Timed) -> list[object]:
    if isinstance(when, AllDay):
        return [when.first.isoformat(), when.last.isoformat()]
    return [None if time is None else _row_of_time(time) for time in (when.start, when.end)]


def _row_of_time(time: ZonedTime) -> list[str]:
    return [time.wall.isoformat(), time.tzid, time.instant.isoformat()]


def _row_of_mark(mark: Mark) -> Row:
    return mark.path, mark.line, mark.column, mark.end_column, mark.text


def _event(row: Row, venues: Mapping[str, Venue | None]) -> Event:
    event_id, uid, summary, when, zone, status, venue, online, description, url, categories, organizer = row[:12]
    image, busy, reminders, properties, created, last_modified, sequence, mark, stamp_marks, _printed = row[12:]
    return Event(
        id=event_id,
        uid=uid,
        summary=summary,
        when=_when(when),
        zone=None if zone is None else ZoneChoice(tzid=zone[0], reason=zone[1]),
        status=Status(status),
        venue=None if venue is None else venues[venue],
        online=online,
        description=description,
        url=url,
        categories=tuple(categories),
        organizer=None if organizer is None else Organizer(name=organizer[0], email=organizer[1], url=organizer[2]),
        image=image,
        busy=busy,
        reminders=tuple(Duration(days, seconds) for days, seconds in reminders),
        properties=tuple((name, value) for name, value in properties),
        created=None if created is None else datetime.fromisoformat(created),
        last_modified=None if last_modified is None else datetime.fromisoformat(last_modified),
        sequence=sequence,
        mark=_mark(mark),
        stamp_marks=tuple((key, _mark(each)) for key, each in stamp_marks),
    )


def _when(row: Row) -> AllDay | Timed:
    start, end = row
    if isinstance(start, str):
        return AllDay(date.fromisoformat(start), date.fromisoformat(end))
    return Timed(_time(start), None if end is None else _time(end))


def _time(row: Row) -> ZonedTime:
    wall, tzid, instant = row
    return ZonedTime(datetime.fromisoformat(wall), tzid, datetime.fromisoformat(instant))


def _page(row: Row) -> tuple[int, str]:
    size, digest = row
    return int(size), str(digest)


def _mark(row: Row) -> Mark:
    path, line, column, end_column, text = row
    return Mark(path=path, line=line, column=column, end_column=end_column, text=text)
