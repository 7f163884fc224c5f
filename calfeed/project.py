"""A folder of YAML files to a `Project`: finding, reading and resolving, with all problems in one run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePath, PurePosixPath
from urllib.parse import urlsplit

from calfeed import fields, schema
from calfeed.errors import Mark, Problem, Severity, SourceError, error, sort_problems, warning
from calfeed.events import Surroundings, resolve_event, resolve_organizer, resolve_venue
from calfeed.feeds import resolve_feeds
from calfeed.model import Calendar, Event, Project, Venue
from calfeed.notation import NotationError
from calfeed.schema import CalendarEntry, DefaultsEntry, EventEntry, Place, Read, VenueEntry
from calfeed.source import Document, Value, read_document

CALENDAR, VENUES, DEFAULTS = "calendar.yaml", "venues.yaml", "_defaults.yaml"
_SUFFIXES = (".yaml", ".yml")
Progress = Callable[[str, int, int], None]
"""Called with the stage's name, how many things are done and how many there are."""


def load(path: Path | str, *, base_url: str | None = None, progress: Progress | None = None) -> Project:
    """Return the project in the folder `path`.

    Args:
        path: the folder of events, with calendar.yaml in it.
        base_url: where DIST will be published, instead of the calendar's `url`. It never changes a UID.
        progress: told how many files are read.

    Raises:
        SourceError: anything in the folder is wrong; its problems include the warnings.
    """
    return _Loader(Path(path), base_url, progress or _silent).load()


def _silent(_stage: str, _done: int, _total: int) -> None:
    pass


@dataclass(frozen=True)
class _Files:
    """The YAML files of a folder, by what they are for, sorted by path."""

    events: tuple[str, ...]
    defaults: tuple[str, ...]
    problems: tuple[Problem, ...]


class _Loader:
    """One run of `load`: gathers problems on the way, raises them at the end."""

    def __init__(self, root: Path, base_url: str | None, progress: Progress) -> None:
        self._root = root
        self._base_url = base_url
        self._progress = progress
        self._problems: list[Problem] = []

    def load(self) -> Project:
        files = _find_files(self._root)
        self._problems += files.problems
        calendar_place, calendar_read = self._load_calendar()
        calendar = self._resolve_calendar(calendar_read, calendar_place)
        venues = self._load_venues()
        defaults = self._load_defaults(files.defaults)
        surroundings = Surroundings(
            calendar=calendar,
            is_zone_broken="timezone" in calendar_read.broken,
            default_duration=calendar_read.entry.default_duration,
            venues=venues,
        )
        events = self._load_events(files.events, defaults, surroundings)
        feeds, problems = resolve_feeds(calendar, calendar_read.entry, calendar_place, venues, events)
        self._problems += problems
        found = sort_problems(self._problems)
        if any(problem.severity is Severity.ERROR for problem in found):
            raise SourceError(found)
        return Project(calendar=calendar, events=events, feeds=feeds, problems=found)

    # -- files

    def _read(self, relative: str) -> Document:
        path = self._root / relative
        shown = path.as_posix()
        try:
            data = path.read_bytes()
        except OSError as cause:
            problem = error(
                Mark(path=shown), "unreadable-file", f"the file cannot be read: {cause.strerror}", "check it"
            )
            return Document(shown, "", None, (problem,), None)
        document = read_document(shown, data)
        self._problems += document.problems
        return document

    def _load_calendar(self) -> tuple[Place, Read[CalendarEntry]]:
        path = self._root / CALENDAR
        if not path.is_file():
            hint = "write one with a line `name: …`, or run `calfeed init`"
            if (self._root / "events" / CALENDAR).is_file():
                hint = f"the events are in `{(self._root / 'events').as_posix()}`: name that folder"
            mark = Mark(path=path.as_posix())
            self._problems.append(error(mark, "missing-calendar", f"there is no {CALENDAR} here", hint))
            place = Place(Document(path.as_posix(), "", None, (), None))
            return place, Read(CalendarEntry(), frozenset(CalendarEntry.model_fields), ())
        document = self._read(CALENDAR)
        place = Place(document)
        read = self._read_entry(CalendarEntry, document.value, place)
        return place, read

    def _load_venues(self) -> Mapping[str, Venue | None]:
        """Return the venues by id; None stands for one that is there but cannot be read."""
        if not (self._root / VENUES).is_file():
            return {}
        document = self._read(VENUES)
        if not isinstance(document.value, dict):
            self._expect(
                document, "a mapping of ids to venues is expected here", "write `id:` and the venue's keys below it"
            )
            return {}
        venues: dict[str, Venue | None] = {}
        for key, value in document.value.items():
            place = Place(document, (key,))
            try:
                fields.read_id(key)
            except NotationError as refusal:
                self._problems.append(error(document.key_mark(key), refusal.code, refusal.message, refusal.hint))
            read = self._read_entry(VenueEntry, value if value is not None else {}, place)
            sound = value is not None and not read.broken
            venues[key] = resolve_venue(key, read.entry, document.key_mark(key)) if sound else None
        return venues

    def _load_defaults(self, paths: Iterable[str]) -> Mapping[str, tuple[Document, dict[str, Value]]]:
        """Return each folder's defaults: the document and those of its keys that can be read."""
        defaults: dict[str, tuple[Document, dict[str, Value]]] = {}
        for relative in paths:
            document = self._read(relative)
            if document.value is None and document.problems:
                continue
            place = Place(document)
            read = self._read_entry(DefaultsEntry, document.value, place)
            values = document.value if isinstance(document.value, dict) else {}
            for key in ("id", "uid"):
                if key in values:
                    hint = "write it in the event: it must be unique"
                    message = f"`{key}` cannot be a default"
                    self._problems.append(error(document.key_mark(key), "misplaced-key", message, hint))
            sound: dict[str, Value] = {
                key: value
                for key, value in values.items()
                if value is not None and key in DefaultsEntry.model_fields and key not in read.broken | {"id", "uid"}
            }
            defaults[PurePosixPath(relative).parent.as_posix()] = document, sound
        return defaults

    # -- calendar

    def _resolve_calendar(self, read: Read[CalendarEntry], place: Place) -> Calendar:
        entry, broken = read.entry, read.broken
        name = entry.name or "calendar"
        slug = entry.slug or fields.slugify(name)
        if not slug:
            message = f"no address can be made of the name `{name}`"
            self._problems.append(error(place.mark("name"), "bad-id", message, "write a `slug:` in a-z, 0-9 and -"))
            slug = "calendar"
        identity = entry.id or (urlsplit(entry.url).hostname if entry.url else None)
        if identity is None:
            identity = slug
            if not broken & {"id", "url"}:
                hint = "write `id:` with a name you will keep, such as your domain: subscribers know events by it"
                message = f"the calendar has neither `id` nor `url`: UIDs will end in @{slug}"
                self._problems.append(warning(place.mark(), "calendar-id", message, hint))
        url = self._base_url or entry.url
        if url is None and "url" not in broken:
            hint = "write `url:` with the https address, or build with --base-url"
            message = "without `url` the feeds cannot say where they are published"
            self._problems.append(warning(place.mark(), "missing-url", message, hint))
        return Calendar(
            name=name,
            slug=slug,
            id=identity,
            url=url,
            timezone=entry.timezone,
            description=entry.description,
            language=entry.language,
            color=entry.color,
            organizer=resolve_organizer(entry.organizer),
            refresh=entry.refresh,
            mark=place.mark("name"),
        )

    # -- events

    def _load_events(
        self, paths: tuple[str, ...], defaults: Mapping[str, tuple[Document, dict[str, Value]]], around: Surroundings
    ) -> tuple[Event, ...]:
        events: list[Event] = []
        for number, relative in enumerate(paths):
            self._progress("reading", number, len(paths))
            document = self._read(relative)
            inherited, origins = _inherit(relative, defaults)
            for value, place, default_id in self._split(document, relative):
                event = self._load_event(value, place, default_id, inherited, origins, around)
                if event is not None:
                    events.append(event)
        self._progress("reading", len(paths), len(paths))
        if not paths:
            mark = Mark(path=(self._root / CALENDAR).as_posix())
            hint = "write one in a file beside calendar.yaml, or run `calfeed new`"
            self._problems.append(warning(mark, "no-events", "the folder holds no events", hint))
        self._problems += _duplicates(events)
        return tuple(sorted(events, key=lambda event: event.sort_key))

    def _split(self, document: Document, relative: str) -> Iterator[tuple[dict[str, Value], Place, str | None]]:
        """Yield each event of a file: its mapping, its place, and the id it has if it writes none."""
        value = document.value
        if isinstance(value, dict):
            yield value, Place(document), PurePosixPath(relative).stem
        elif isinstance(value, list):
            for index, item in enumerate(value):
                place = Place(document, (index,))
                if isinstance(item, dict):
                    yield item, place, None
                elif item is not None:
                    message = "an event is expected here, not a text or a list"
                    self._problems.append(error(place.mark(), "wrong-type", message, "write `- summary: …`"))
        elif not document.problems:
            self._expect(document, "an event or a list of events is expected here", "write `summary: …` and `start: …`")

    def _load_event(
        self,
        value: dict[str, Value],
        place: Place,
        default_id: str | None,
        inherited: Mapping[str, Value],
        origins: Mapping[str, Document],
        around: Surroundings,
    ) -> Event | None:
        # An event that says when it ends takes no default for the other way to say it.
        own_end = {"end", "duration"} if value.keys() & {"end", "duration"} else set()
        added = {key: item for key, item in inherited.items() if key not in value and key not in own_end}
        place = replace(place, defaults={key: origins[key] for key in added})
        read = self._read_entry(EventEntry, {**added, **value}, place)
        event_id = read.entry.id or self._default_id(default_id, read, value, place)
        event, problems = resolve_event(read, place, event_id or "?", around)
        self._problems += problems
        return None if event_id is None else self._with_image(event, place)

    def _default_id(
        self, stem: str | None, read: Read[EventEntry], value: Mapping[str, Value], place: Place
    ) -> str | None:
        if "id" in read.broken or "id" in value:
            return None
        if stem is None:
            hint = f"add `id: {fields.slugify(read.entry.summary or '') or '…'}`, and keep it when the summary changes"
            message = "an event in a list needs an `id`"
            self._problems.append(error(place.mark(), "missing-id", message, hint))
            return None
        try:
            return fields.read_id(stem)
        except NotationError as refusal:
            mark = place.mark()
            message = f"{refusal.message}, and the file's name is the event's id"
            self._problems.append(error(mark, "bad-id", message, f"rename the file or write `id:`; {refusal.hint}"))
            return None

    def _with_image(self, event: Event | None, place: Place) -> Event | None:
        if event is None or event.image is None:
            return event
        owner = place.defaults.get("image", place.document)
        beside = Path(owner.path).parent / event.image
        if not beside.is_file() or not beside.resolve().is_relative_to(self._root.resolve()):
            message = f"there is no image `{event.image}`"
            self._problems.append(
                error(place.mark("image"), "missing-image", message, f"put the file at {beside.as_posix()}")
            )
        return replace(event, image=beside.relative_to(self._root).as_posix())

    # -- problems

    def _read_entry(self, kind: type[schema._E], value: Value, place: Place) -> Read[schema._E]:
        if value is None and place.document.problems:
            return Read(kind(), frozenset(kind.model_fields), ())
        read = schema.read_entry(kind, value, place)
        self._problems += read.problems
        return read

    def _expect(self, document: Document, message: str, hint: str) -> None:
        if document.value is not None or not document.problems:
            self._problems.append(error(document.mark(), "wrong-type", message, hint))


def _find_files(root: Path) -> _Files:
    """Find the YAML files below `root`, in the order of their paths; links out of it are problems."""
    events: list[str] = []
    defaults: list[str] = []
    problems: list[Problem] = []
    inside = root.resolve()
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name[0] not in "._")
        here = Path(folder).relative_to(root)
        for name in sorted(names):
            path = here / name
            if not name.endswith(_SUFFIXES) or (name[0] in "._" and PurePosixPath(name).stem != "_defaults"):
                continue
            full = root / path
            proper = _proper_name(path)
            if proper is not None:
                message = f"this file is only read under the name `{proper}`"
                problems.append(error(Mark(path=full.as_posix()), "wrong-name", message, f"rename it to `{proper}`"))
            elif full.is_symlink() and not full.resolve().is_relative_to(inside):
                message = "this link leads out of the folder of events"
                problems.append(
                    error(Mark(path=full.as_posix()), "outside-folder", message, "put the file itself here")
                )
            elif name == DEFAULTS:
                defaults.append(path.as_posix())
            elif path.as_posix() not in (CALENDAR, VENUES):
                events.append(path.as_posix())
    return _Files(tuple(sorted(events)), tuple(sorted(defaults)), tuple(problems))


def _proper_name(path: PurePath) -> str | None:
    """Return the name a file of ours should have, where it is there under the other ending of YAML."""
    name = path.with_suffix(".yaml").name
    is_ours = name == DEFAULTS or (len(path.parts) == 1 and name in (CALENDAR, VENUES))
    return name if is_ours and path.name != name else None


def _inherit(
    relative: str, defaults: Mapping[str, tuple[Document, dict[str, Value]]]
) -> tuple[dict[str, Value], dict[str, Document]]:
    """Return the defaults that hold for a file, and the document each comes from: the nearest folder wins."""
    values: dict[str, Value] = {}
    origins: dict[str, Document] = {}
    if defaults:
        for folder in reversed(PurePosixPath(relative).parents):
            document, own = defaults.get(folder.as_posix(), (None, {}))
            if document is not None:
                if own.keys() & {"end", "duration"}:
                    values.pop("end", None)
                    values.pop("duration", None)
                values |= own
                origins |= dict.fromkeys(own, document)
    return values, origins


def _duplicates(events: Iterable[Event]) -> Iterator[Problem]:
    """Report ids and UIDs that are used twice, at the later place."""
    ids: dict[str, Event] = {}
    uids: dict[str, Event] = {}
    for event in events:
        first = ids.setdefault(event.id, event)
        if first is not event:
            message = f"the id `{event.id}` is already used at {first.mark.path}:{first.mark.line}"
            hint = "give one of the two another `id:`; the one that was published first should keep it"
            yield error(event.mark, "duplicate-id", message, hint, first.mark)
            continue
        first = uids.setdefault(event.uid, event)
        if first is not event:
            message = f"the UID `{event.uid}` is already used at {first.mark.path}:{first.mark.line}"
            yield error(event.mark, "duplicate-uid", message, "every event needs its own `uid:`", first.mark)
