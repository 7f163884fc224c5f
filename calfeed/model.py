"""The resolved project, which later stages read and never change.

Zones are names and instants are aware datetimes in UTC, so that everything here can be pickled and compared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from calfeed.artifact import Artifact
from calfeed.diagnostics.problem import Mark, Problem
from calfeed.values.rules import Rule
from calfeed.values.times import Duration

Text: TypeAlias = str
"""Text for people. It has its own type because it may one day have one text per language."""


class Status(StrEnum):
    """Whether an event takes place: the STATUS values of RFC 5545 §3.8.1.11, and `postponed`."""

    CONFIRMED = "confirmed"
    TENTATIVE = "tentative"
    CANCELLED = "cancelled"
    POSTPONED = "postponed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Organizer:
    """The organizer of an event or of the calendar."""

    name: Text
    email: str | None = None
    url: str | None = None


class Rel(StrEnum):
    """What a link of an event leads to."""

    REGISTER = "register"
    TICKETS = "tickets"
    CFP = "cfp"
    PROGRAMME = "programme"
    STREAM = "stream"
    RECORDING = "recording"
    SLIDES = "slides"
    MINUTES = "minutes"
    CONDUCT = "conduct"
    SPONSORS = "sponsors"
    MAP = "map"
    ATTACHMENT = "attachment"
    MORE = "more"


_REL_LABELS = {Rel.CFP: "Call for papers", Rel.STREAM: "Live stream", Rel.CONDUCT: "Code of conduct"}


@dataclass(frozen=True, kw_only=True, slots=True)
class EventLink:
    """A link of an event other than its own page; `name` is the text to show instead of the usual one."""

    url: str
    rel: Rel = Rel.MORE
    name: Text | None = None

    @property
    def label(self) -> Text:
        """The text to show: its name, or what it leads to."""
        return self.name or _REL_LABELS.get(self.rel) or self.rel.capitalize()


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """A postal address; `country` is the name to show."""

    street: Text | None = None
    locality: Text | None = None
    region: Text | None = None
    postal_code: str | None = None
    country: Text | None = None
    country_code: str | None = None

    @property
    def line(self) -> str:
        """The address in one line: street, postal code and locality, region, country."""
        town = " ".join(part for part in (self.postal_code, self.locality) if part)
        return ", ".join(part for part in (self.street, town, self.region, self.country) if part)


@dataclass(frozen=True, kw_only=True, slots=True)
class Venue:
    """A place. `id` is None for a venue written inside an event. A shared venue may hold several events at once."""

    id: str | None
    name: Text
    address: Address = Address()
    geo: tuple[float, float] | None = None
    timezone: str | None = None
    url: str | None = None
    is_shared: bool = False
    mark: Mark = field(compare=False, repr=False)

    @property
    def line(self) -> str:
        """The venue in one line: its name and address."""
        return ", ".join(part for part in (self.name, self.address.line) if part)


@dataclass(frozen=True, kw_only=True, slots=True)
class ZoneChoice:
    """The zone of an event and the reason for it, worded to follow "because"."""

    tzid: str
    reason: str


@dataclass(frozen=True, slots=True)
class ZonedTime:
    """A wall time (naive), its zone and the instant (aware, UTC) they mean."""

    wall: datetime
    tzid: str
    instant: datetime


@dataclass(frozen=True, slots=True)
class AllDay:
    """Whole days, from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def end(self) -> date:
        """The day after the last one: DTEND is exclusive (RFC 5545 §3.8.2.2)."""
        return self.last + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Timed:
    """A stretch of time; `end` is None if it is unknown."""

    start: ZonedTime
    end: ZonedTime | None


@dataclass(frozen=True, slots=True)
class Instance:
    """An occurrence of a series that differs from its rule; `event` is the occurrence as it takes place.

    `recurrence_id` is the start that the rule gives it.
    """

    recurrence_id: datetime
    event: Event


@dataclass(frozen=True, kw_only=True, slots=True)
class Recurrence:
    """The rule and dates of a series. Starts are wall times in the event's zone, or midnights for an all-day series.

    Attributes:
        rule: the rule as it was written.
        until: the last start: a date for an all-day series, else an instant (aware, UTC); None without UNTIL.
        rdates: starts in addition to those of the rule.
        exdates: starts of the rule that do not take place.
        starts: all remaining starts in order, including those of `instances`; empty for an endless series.
        is_nominal: whether occurrences end at the same wall time, rather than after the same elapsed time.
        instances: the occurrences that differ.
        skipped: starts of the rule that the clocks skip; the series is published in pieces split there.
    """

    rule: Rule
    until: date | None = None
    rdates: tuple[datetime, ...] = ()
    exdates: tuple[datetime, ...] = ()
    starts: tuple[datetime, ...] = ()
    is_nominal: bool = True
    instances: tuple[Instance, ...] = ()
    skipped: tuple[datetime, ...] = ()
    mark: Mark = field(compare=False, repr=False)

    @property
    def rrule(self) -> str:
        """The whole RRULE."""
        return self.rule.text_until(self.until)

    @property
    def is_endless(self) -> bool:
        """Whether the series never ends."""
        return self.rule.is_endless


@dataclass(frozen=True, slots=True)
class Ending:
    """When a running series was cancelled or postponed, and the status of the occurrences that were already over.

    `at` is an instant (aware, UTC). All later occurrences have the status of the event.
    """

    at: datetime
    status: Status


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """An event as subscribers see it, without its revision."""

    id: str
    uid: str
    summary: Text
    when: AllDay | Timed
    zone: ZoneChoice | None
    status: Status = Status.CONFIRMED
    venue: Venue | None = None
    online: str | None = None
    description: Text | None = None
    url: str | None = None
    categories: tuple[Text, ...] = ()
    links: tuple[EventLink, ...] = ()
    organizer: Organizer | None = None
    image: str | None = None
    busy: bool = False
    reminders: tuple[Duration, ...] = ()
    properties: tuple[tuple[str, str], ...] = ()
    created: datetime | None = None
    last_modified: datetime | None = None
    sequence: int | None = None
    recurrence: Recurrence | None = None
    ending: Ending | None = None
    mark: Mark = field(compare=False, repr=False)
    stamp_marks: tuple[tuple[str, Mark], ...] = field(default=(), compare=False, repr=False)

    @property
    def path(self) -> str:
        """The path of the event's own file, relative to DIST."""
        return event_path(self.id)

    @property
    def sort_key(self) -> tuple[datetime, str]:
        """The sort key of all lists of events: the wall time of the start, then the id."""
        if isinstance(self.when, AllDay):
            first = self.when.first
            return datetime(first.year, first.month, first.day), self.id  # noqa: DTZ001 - wall time is naive
        return self.when.start.wall, self.id


@dataclass(frozen=True, kw_only=True, slots=True)
class Feed:
    """A published .ics of several events, with its name and path.

    `aliases` are its earlier slugs. A feed at such an old address has the path of the current feed in `moved_to`.
    """

    slug: str
    path: str
    name: Text
    description: Text | None
    event_ids: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    moved_to: str | None = None
    mark: Mark = field(compare=False, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Calendar:
    """Settings of the whole calendar. `refresh` is the suggested poll interval; `aliases` are old slugs."""

    name: Text
    slug: str
    id: str
    url: str | None = None
    timezone: str | None = None
    description: Text | None = None
    language: str = "en"
    color: str | None = None
    organizer: Organizer | None = None
    refresh: timedelta = timedelta(hours=12)
    aliases: tuple[str, ...] = ()
    mark: Mark = field(compare=False, repr=False)
    alias_marks: tuple[Mark, ...] = field(default=(), compare=False, repr=False)


def event_path(event_id: str) -> str:
    """Return the path of an event's own file, relative to DIST."""
    return f"events/{event_id}.ics"


def page_path(event_id: str) -> str:
    """Return the path of an event's page, relative to DIST."""
    return f"events/{event_id}.html"


def image_path(image: str) -> str:
    """Return the published path of a picture from the folder of events, relative to DIST."""
    return f"images/{image}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Theme:
    """How the site looks: a colour `#rrggbb` for light pages and one for dark ones, a logo and a footer."""

    accent: str
    accent_dark: str
    logo: str | None = None
    footer: Text | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Template:
    """A custom template from `_templates/`; `path` is its file as shown in problems."""

    name: str
    text: str
    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """A folder of events, read and resolved. `problems` holds only warnings; a folder with errors has no project.

    `images` are the events' pictures and the logo, as the site publishes them.
    """

    calendar: Calendar
    events: tuple[Event, ...]
    feeds: tuple[Feed, ...]
    theme: Theme
    templates: tuple[Template, ...] = ()
    images: tuple[Artifact, ...] = ()
    problems: tuple[Problem, ...] = field(default=(), compare=False)
