"""A folder of YAML files to a `Project`: reading and resolving, with all problems in one run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from calfeed import fields
from calfeed.agenda import conflicts
from calfeed.defaults import Defaults, Inherited, load_defaults
from calfeed.entries import Place, Read, read_entry
from calfeed.errors import Mark, Problem, Severity, SourceError, error, sort_problems, warning
from calfeed.events import Surroundings, resolve_event, resolve_organizer, resolve_venue
from calfeed.feeds import WrittenFeed, resolve_feeds
from calfeed.folder import CALENDAR, VENUES, Folder, find_files
from calfeed.look import Pictures, load_templates
from calfeed.memory import Memory, key_beside
from calfeed.model import Calendar, Event, Project, Resolved, Theme, Venue
from calfeed.notation import NotationError
from calfeed.placement import zone_problems
from calfeed.reading import Reader
from calfeed.schema import CalendarEntry, EventEntry, FeedEntry, ThemeEntry, VenueEntry
from calfeed.source import Document, Value
from calfeed.theme import resolve_theme

Progress = Callable[[str, int, int], None]
"""Called with the stage's name, how many things are done and how many there are."""


def load(
    path: Path | str,
    *,
    base_url: str | None = None,
    progress: Progress | None = None,
    memory: Memory | None = None,
) -> Project:
    """Return the project in the folder `path`.

    Args:
        path: the folder of events, with calendar.yaml in it.
        base_url: where DIST will be published, instead of the calendar's `url`. It never changes a UID.
        progress: told how many files are read.
        memory: what earlier builds made of single files, which are then not read.

    Raises:
        SourceError: anything in the folder is wrong; its problems include the warnings.
    """
    try:
        url = None if base_url is None else fields.read_base_url(base_url)
    except NotationError as refusal:
        raise SourceError([error(Mark(path=str(base_url)), refusal.code, refusal.message, refusal.hint)]) from refusal
    return _Loader(find_files(Path(path)), url, progress or silent, memory or Memory()).load()


def silent(_stage: str, _done: int, _total: int) -> None:
    """Take progress and show nothing."""


@dataclass(frozen=True)
class _Claim:
    """Who says to be which event, whatever else may be wrong with it."""

    id: str
    uid: str
    mark: Mark


class _Loader:
    """One run of `load`: gathers problems on the way, raises them at the end."""

    def __init__(self, folder: Folder, base_url: str | None, progress: Progress, memory: Memory) -> None:
        self._folder = folder
        self._root = folder.root
        self._base_url = base_url
        self._progress = progress
        self._problems: list[Problem] = list(folder.problems)
        self._claims: list[_Claim] = []
        self._ids: set[str] = set()
        self._first_free: dict[str, int] = {}
        self._feeds: list[WrittenFeed | None] = []
        self._memory = memory
        self._resolved: list[Resolved] = []
        self._key = ""
        self._reader = Reader(folder.root)
        self._pictures = Pictures(folder.root, self._reader)

    def load(self) -> Project:
        if not self._folder.has_calendar:
            raise SourceError([*self._problems, *self._missing_calendar()])
        place, read = self._load_calendar()
        calendar = self._resolve_calendar(read, place)
        venues = self._load_venues()
        around = Surroundings(
            calendar=calendar,
            is_zone_broken="timezone" in read.broken,
            default_duration=read.entry.default_duration,
            venues=venues,
        )
        events = self._load_events(around)
        self._problems += conflicts(events)
        are_all = len(events) == len(self._claims)
        written = [feed for feed in self._feeds if feed is not None]
        automatic = read.entry.automatic_feeds
        feeds, problems = resolve_feeds(calendar, written, automatic, venues, events, are_all=are_all)
        self._problems += [*problems, *zone_problems(events, feeds)]
        theme = self._load_theme(read.entry, place)
        templates, problems = load_templates(self._reader, self._folder.templates)
        self._problems += [*problems, *self._pictures.problems]
        found = sort_problems(self._problems)
        if any(problem.severity is Severity.ERROR for problem in found):
            raise SourceError(found)
        return Project(
            calendar=calendar,
            events=events,
            feeds=feeds,
            theme=theme,
            templates=templates,
            images=self._pictures.images,
            problems=found,
            sources=tuple(self._reader.files),
            resolved=tuple(self._resolved),
            key=self._key,
        )

    def _read(self, relative: str) -> Document:
        document = self._reader.document(relative)
        self._problems += document.problems
        return document

    # -- calendar

    def _missing_calendar(self) -> Iterator[Problem]:
        if any(problem.code == "wrong-name" for problem in self._problems):
            return  # it is there under another name
        hint = "write one with a line `name: …`, or run `calfeed init`"
        below = self._root / "events"
        if (below / CALENDAR).is_file():
            hint = f"the events are in `{below.as_posix()}`: name that folder"
        mark = Mark(path=(self._root / CALENDAR).as_posix())
        yield error(mark, "missing-calendar", f"there is no {CALENDAR} here", hint)

    def _load_calendar(self) -> tuple[Place, Read[CalendarEntry]]:
        document = self._read(CALENDAR)
        place = Place(document)
        if document.value is None:
            return place, Read(CalendarEntry(), frozenset(CalendarEntry.model_fields), ())
        value = document.value
        feeds = value.get("feeds") if isinstance(value, dict) else None
        if isinstance(value, dict) and isinstance(feeds, list):  # one by one: a broken feed hides no other
            self._feeds = [self._load_feed(item, document, index) for index, item in enumerate(feeds)]
            value = {key: item for key, item in value.items() if key != "feeds"}
        read = read_entry(CalendarEntry, value, place)
        self._problems += read.problems
        return place, read

    def _load_feed(self, value: Value, document: Document, index: int) -> WrittenFeed | None:
        if value is None:
            return None
        place = Place(document, ("feeds", index))
        read = read_entry(FeedEntry, value, place)
        self._problems += read.problems
        return None if read.broken else WrittenFeed(read.entry, place)

    def _resolve_calendar(self, read: Read[CalendarEntry], place: Place) -> Calendar:
        entry, broken = read.entry, read.broken
        name = entry.name or "calendar"
        slug = entry.slug or fields.name_slug(name)
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
            aliases=tuple(entry.aliases),
            mark=place.mark("name"),
            alias_marks=tuple(place.mark("aliases", number) for number in range(len(entry.aliases))),
        )

    # -- the look of the site

    def _load_theme(self, entry: CalendarEntry, place: Place) -> Theme:
        below = place.below("theme")
        theme, problems = resolve_theme(entry.theme or ThemeEntry(), below, entry.color)
        self._problems += problems
        if theme.logo is None:
            return theme
        return replace(theme, logo=self._pictures.load(theme.logo, below.document, below.mark("logo")))

    # -- venues

    def _load_venues(self) -> Mapping[str, Venue | None] | None:
        """Return the venues by id, None for one that cannot be read; None if nobody can know which there are."""
        if not self._folder.has_venues:
            return {}
        document = self._read(VENUES)
        if not isinstance(document.value, dict):
            if document.value is not None:
                message = "a mapping of ids to venues is expected here"
                hint = "write `id:` and the venue's keys below it"
                self._problems.append(error(document.mark(), "wrong-type", message, hint))
            return None
        return {key: self._load_venue(document, key, value) for key, value in document.value.items()}

    def _load_venue(self, document: Document, key: str, value: Value) -> Venue | None:
        try:
            fields.read_id(key)
        except NotationError as refusal:
            self._problems.append(error(document.key_mark(key), refusal.code, refusal.message, refusal.hint))
        if value is None:
            return None
        read = read_entry(VenueEntry, value, Place(document, (key,)))
        self._problems += read.problems
        return None if read.broken else resolve_venue(key, read.entry, document.key_mark(key))

    # -- events

    def _load_events(self, around: Surroundings) -> tuple[Event, ...]:
        defaults = load_defaults(self._reader, self._folder.defaults)
        self._problems += defaults.problems
        events: list[Event] = []
        paths = self._folder.events
        self._key = key_beside(self._root, self._reader.files)
        is_right = self._key == self._memory.key
        for number, relative in enumerate(paths):
            self._progress("reading", number, len(paths))
            found = self._memory.recall(self._root, relative, around.venues or {}) if is_right else None
            if found is None:
                events += self._load_file(relative, defaults, around)
            else:
                self._take(found)
                events += found.events
        self._progress("reading", len(paths), len(paths))
        if not paths:
            mark = Mark(path=(self._root / CALENDAR).as_posix())
            hint = "write one in a file beside calendar.yaml, or run `calfeed new`"
            self._problems.append(warning(mark, "no-events", "the folder holds no events", hint))
        self._problems += _duplicates(self._claims)
        return tuple(sorted(events, key=lambda event: event.sort_key))

    def _load_file(self, relative: str, defaults: Defaults, around: Surroundings) -> Sequence[Event]:
        known = len(self._problems)
        document = self._read(relative)
        inherited = defaults.of(relative)
        found = [self._load_event(*each, inherited, around) for each in self._split(document, relative)]
        events = tuple(event for event in found if event is not None)
        last = self._reader.files[-1:]
        if last and last[0].path == relative:  # it could be read
            self._resolved.append(Resolved(last[0], events, tuple(self._problems[known:])))
        return events

    def _take(self, found: Resolved) -> None:
        """Take what an earlier build made of a file as if it had been made now."""
        self._reader.files.append(found.file)
        self._resolved.append(found)
        self._problems += found.problems
        self._ids.update(event.id for event in found.events)
        self._claims += (_Claim(event.id, event.uid, event.mark) for event in found.events)

    def _split(self, document: Document, relative: str) -> Iterator[tuple[dict[str, Value], Place, str | None]]:
        """Yield each event of a file: its mapping, its place, and the id it has if it writes none."""
        value = document.value
        if isinstance(value, dict):
            if list(value) == ["events"]:
                hint = "write the list itself, without `events:`"
                self._problems.append(error(document.key_mark("events"), "wrong-type", "a file is its list", hint))
            else:
                yield value, Place(document), PurePosixPath(relative).stem
        elif isinstance(value, list):
            if not value:
                hint = "write an event, or delete the file"
                self._problems.append(error(document.mark(), "empty-file", "the list holds no event", hint))
            for index, item in enumerate(value):
                place = Place(document, (index,))
                if isinstance(item, dict):
                    yield item, place, None
                elif item is not None:
                    message = "an event is expected here, not a text or a list"
                    self._problems.append(error(place.mark(), "wrong-type", message, "write `- summary: …`"))
        elif value is not None:
            message = "an event or a list of events is expected here"
            hint = "write `summary: …` and `start: …`"
            self._problems.append(error(document.mark(), "wrong-type", message, hint))

    def _load_event(
        self, value: dict[str, Value], place: Place, stem: str | None, inherited: Inherited, around: Surroundings
    ) -> Event | None:
        added = inherited.fill(value)
        if added:
            place = replace(place, defaults={key: inherited.origins[key] for key in added})
        read = read_entry(EventEntry, {**added, **value}, place, broken=inherited.broken - value.keys())
        self._problems += read.problems
        event_id = read.entry.id or self._default_id(stem, read, place)
        event, problems = resolve_event(read, place, event_id or "?", around)
        self._problems += problems
        if event_id is None:
            return None
        uid = read.entry.uid or f"{event_id}@{around.calendar.id}"
        self._ids.add(event_id)
        mark = event.mark if event is not None else place.mark("id" if read.entry.id else "summary")
        self._claims.append(_Claim(event_id, uid, mark))
        return None if event is None else self._with_image(event, place)

    def _default_id(self, stem: str | None, read: Read[EventEntry], place: Place) -> str | None:
        if "id" in read.broken:
            return None
        if stem is None:
            proposal = self._free_id(read.entry.summary or "")
            hint = f"add `id: {proposal}`, and keep it when the summary changes"
            self._problems.append(error(place.mark(), "missing-id", "an event in a list needs an `id`", hint))
            return None
        try:
            return fields.read_id(stem)
        except NotationError as refusal:
            message = f"{refusal.message}, and the file's name is the event's id"
            hint = f"rename the file or write `id:`; {refusal.hint}"
            self._problems.append(error(place.mark(), "bad-id", message, hint))
            return None

    def _free_id(self, summary: str) -> str:
        """Propose an id that no event read so far has; numbers that were taken once are not tried again."""
        slug = fields.slugify(summary) or "…"
        if slug not in self._ids:
            return slug
        number = next(n for n in count(self._first_free.get(slug, 2)) if f"{slug}-{n}" not in self._ids)
        self._first_free[slug] = number
        return f"{slug}-{number}"

    def _with_image(self, event: Event, place: Place) -> Event:
        if event.image is None:
            return event
        owner = place.defaults.get("image", place.document)
        return replace(event, image=self._pictures.load(event.image, owner, place.mark("image")))


def _duplicates(claims: Iterable[_Claim]) -> Iterator[Problem]:
    """Report ids and UIDs that are used twice, at the later place."""
    ids: dict[str, _Claim] = {}
    uids: dict[str, _Claim] = {}
    for claim in claims:
        first = ids.setdefault(claim.id, claim)
        if first is not claim:
            message = f"the id `{claim.id}` is already used at {first.mark.path}:{first.mark.line}"
            hint = "give one of the two another `id:`; the one that was published first should keep it"
            yield error(claim.mark, "duplicate-id", message, hint, first.mark)
            continue
        first = uids.setdefault(claim.uid, claim)
        if first is not claim:
            message = f"the UID `{claim.uid}` is already used at {first.mark.path}:{first.mark.line}"
            yield error(claim.mark, "duplicate-uid", message, "every event needs its own `uid:`", first.mark)
