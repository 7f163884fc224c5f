"""Loads a folder of YAML files into a `Project`, and reports all problems in one run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from calfeed.cache.memory import Memory, key_beside
from calfeed.cache.results import FileResult
from calfeed.diagnostics.problem import InvalidValue, Mark, Problem, SourceError, has_errors, problem_at, sort_problems
from calfeed.model import Calendar, Project, Theme, Venue
from calfeed.parallel import Executor, spread
from calfeed.progress import Progress, silent
from calfeed.resolve.event import Surroundings, resolve_organizer, resolve_venue
from calfeed.resolve.event_files import FileContext, FreeIds, duplicate_problems, read_file, read_files
from calfeed.resolve.feeds import WrittenFeed, WrittenFeeds, resolve_feeds
from calfeed.resolve.images import Pictures, load_templates, picture_of
from calfeed.resolve.prose import check_markdown
from calfeed.resolve.theme import resolve_theme
from calfeed.series.agenda import conflicts, too_many_occurrences
from calfeed.source.defaults import load_defaults
from calfeed.source.entries import Place, Read, read_entry
from calfeed.source.folder import CALENDAR, VENUES, Folder, find_files
from calfeed.source.nodes import Value
from calfeed.source.reader import Reader
from calfeed.source.schema import CalendarEntry, FeedEntry, ThemeEntry, VenueEntry, WindowEntry
from calfeed.source.yaml import Document
from calfeed.stamp import FileStamp
from calfeed.text.urls import read_base_url
from calfeed.values import ids
from calfeed.vtimezone.files import ZonePlanner


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """A loaded project, and what the rest of a build needs.

    Attributes:
        project: the project.
        planner: holds the zone plans of the project's files.
        stamps: the files that were read.
        results: the results for the files of events.
        key: a hash of everything else that the results depend on.
    """

    project: Project
    planner: ZonePlanner
    stamps: tuple[FileStamp, ...]
    results: tuple[FileResult, ...]
    key: str


def load(
    path: Path | str,
    *,
    base_url: str | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> Project:
    """Return the project in the folder `path`.

    Args:
        path: the folder of events, with calendar.yaml in it.
        base_url: where DIST will be published, instead of the calendar's `url`. It never changes a UID.
        progress: called with the number of files read.
        executor: if given, reads files in other processes; the result is the same.

    Raises:
        SourceError: the folder has errors; the exception's problems include warnings.
        OutputError: the executor failed.
    """
    return load_with(Memory(), path, base_url=base_url, progress=progress, executor=executor).project


def load_with(
    memory: Memory,
    path: Path | str,
    *,
    base_url: str | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> Loaded:
    """Load a project as `load` does, without rereading the files whose results are in `memory`."""
    try:
        url = None if base_url is None else read_base_url(base_url)
    except InvalidValue as refusal:
        problem = problem_at(Mark(path=str(base_url)), refusal.code, refusal.message, refusal.hint)
        raise SourceError([problem]) from refusal
    return _Loader(find_files(Path(path)), url, progress or silent, memory).load(executor)


class _Loader:
    """One run of `load`. Collects problems and raises them all at the end."""

    def __init__(self, folder: Folder, base_url: str | None, progress: Progress, memory: Memory) -> None:
        self._folder = folder
        self._root = folder.root
        self._base_url = base_url
        self._progress = progress
        self._problems: list[Problem] = list(folder.problems)
        self._feeds: list[WrittenFeed | None] = []
        self._memory = memory
        self._key = ""
        self._reader = Reader(folder.root)
        self._pictures = Pictures(self._reader)

    def load(self, executor: Executor | None) -> Loaded:
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
        results = self._load_events(around, executor)
        events = tuple(
            sorted((event for result in results for event in result.events), key=lambda event: event.sort_key)
        )
        self._problems += [problem for result in results for problem in result.problems]
        self._problems += duplicate_problems(results)
        too_many = too_many_occurrences(events)
        self._problems += conflicts(events) if too_many is None else [too_many]
        for picture in (picture for result in results for picture in result.pictures):
            self._pictures.load(picture)
        extra = [feed for feed in self._feeds if feed is not None]
        window = (None if "window" in read.broken else read.entry.window) or WindowEntry()
        written = WrittenFeeds(extra, read.entry.automatic_feeds, window, place.below("window"))
        feeds, problems = resolve_feeds(
            calendar, written, venues, events, are_all=all(result.are_all for result in results)
        )
        planner = ZonePlanner()
        self._problems += [*problems, *planner.problems(events, feeds)]
        theme = self._load_theme(read.entry, place)
        templates, problems = load_templates(self._reader, self._folder.templates)
        self._problems += [*problems, *self._pictures.problems]
        sorted_problems = sort_problems(self._problems)
        if has_errors(sorted_problems):
            raise SourceError(sorted_problems)
        project = Project(
            calendar=calendar,
            events=events,
            feeds=feeds,
            theme=theme,
            templates=templates,
            images=self._pictures.images,
            problems=sorted_problems,
        )
        stamps = tuple(self._reader.files)
        return Loaded(project=project, planner=planner, stamps=stamps, results=results, key=self._key)

    def _read(self, relative: str) -> Document:
        document = self._reader.document(relative)
        self._problems += document.problems
        return document

    # -- calendar

    def _missing_calendar(self) -> Iterator[Problem]:
        if any(problem.code == "wrong-name" for problem in self._problems):
            return  # it exists under another name
        hint = "write one with a line `name: …`, or run `calfeed init`"
        below = self._root / "events"
        if (below / CALENDAR).is_file():
            hint = f"the events are in `{below.as_posix()}`: give that folder instead"
        mark = Mark(path=(self._root / CALENDAR).as_posix())
        yield problem_at(mark, "missing-calendar", f"there is no {CALENDAR} here", hint)

    def _load_calendar(self) -> tuple[Place, Read[CalendarEntry]]:
        document = self._read(CALENDAR)
        place = Place(document)
        if document.value is None:
            return place, Read(CalendarEntry(), frozenset(CalendarEntry.model_fields), ())
        value = document.value
        feeds = value.get("feeds") if isinstance(value, dict) else None
        if isinstance(value, dict) and isinstance(
            feeds, list
        ):  # one at a time, so that a broken feed does not hide the others
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
        self._problems += check_markdown(entry.description, place, "description")
        name = entry.name or "calendar"
        slug = entry.slug or ids.name_slug(name)
        if not slug:
            message = f"the name `{name}` cannot be turned into an address"
            self._problems.append(
                problem_at(place.mark("name"), "bad-id", message, "add a `slug:` made of a-z, 0-9 and -")
            )
            slug = "calendar"
        identity = entry.id or (urlsplit(entry.url).hostname if entry.url else None)
        if identity is None:
            identity = slug
            if not broken & {"id", "url"}:
                hint = "add an `id:` that you will keep, such as your domain: calendars recognise events by it"
                message = f"the calendar has neither `id` nor `url`: UIDs will end in @{slug}"
                self._problems.append(problem_at(place.mark(), "calendar-id", message, hint))
        url = self._base_url or entry.url
        if url is None and "url" not in broken:
            hint = "write `url:` with the https address, or build with --base-url"
            message = "without `url` the feeds cannot say where they are published"
            self._problems.append(problem_at(place.mark(), "missing-url", message, hint))
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
        self._problems += check_markdown(entry.theme.footer if entry.theme else None, below, "footer")
        theme, problems = resolve_theme(entry.theme or ThemeEntry(), below, entry.color)
        self._problems += problems
        if theme.logo is None:
            return theme
        logo = picture_of(theme.logo, below.document, below.mark("logo"), self._reader)
        self._pictures.load(logo, is_logo=True)
        return replace(theme, logo=logo.path)

    # -- venues

    def _load_venues(self) -> Mapping[str, Venue | None] | None:
        """Return the venues by id (None for an unreadable venue); None if venues.yaml is unusable."""
        if not self._folder.has_venues:
            return {}
        document = self._read(VENUES)
        if not isinstance(document.value, dict):
            if document.value is not None:
                message = "a mapping of ids to venues is expected here"
                hint = "write `id:` and the venue's keys below it"
                self._problems.append(problem_at(document.mark(), "wrong-type", message, hint))
            return None
        return {key: self._load_venue(document, key, value) for key, value in document.value.items()}

    def _load_venue(self, document: Document, key: str, value: Value) -> Venue | None:
        try:
            ids.read_id(key)
        except InvalidValue as refusal:
            self._problems.append(problem_at(document.key_mark(key), refusal.code, refusal.message, refusal.hint))
        if value is None:
            return None
        read = read_entry(VenueEntry, value, Place(document, (key,)))
        self._problems += read.problems
        return None if read.broken else resolve_venue(key, read.entry, document.key_mark(key))

    # -- events

    def _load_events(self, around: Surroundings, executor: Executor | None) -> tuple[FileResult, ...]:
        defaults = load_defaults(self._reader, self._folder.defaults)
        self._problems += defaults.problems
        paths = self._folder.events
        self._key = key_beside(self._root, self._reader.files)
        memory = self._memory if self._key == self._memory.key else Memory()
        cached = {path: memory.recall(self._root, path, around.venues or {}) for path in paths}
        unread = [path for path, result in cached.items() if result is None]
        context = FileContext(self._root.absolute(), self._root, defaults, around)
        pending = spread(executor, read_files, context, unread)
        from_elsewhere = iter(pending or ())
        ids = FreeIds()
        results: list[FileResult] = []
        try:
            for number, path in enumerate(paths):
                self._progress("reading", number, len(paths))
                result = cached[path] or next(from_elsewhere, None)
                if result is None:
                    result = read_file(path, self._reader, defaults, around, ids)
                else:
                    ids.taken.update(event.id for event in result.events)
                    self._reader.files += [result.stamp] if result.stamp else []
                results.append(result)
        finally:
            if pending is not None:
                pending.cancel()
        self._progress("reading", len(paths), len(paths))
        if not paths:
            mark = Mark(path=(self._root / CALENDAR).as_posix())
            hint = "write one in a file next to calendar.yaml, or run `calfeed new`"
            self._problems.append(problem_at(mark, "no-events", "the folder contains no events", hint))
        return tuple(results)
