"""Defines the keys of each kind of file as pydantic models, and common synonyms for the keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any, ClassVar, TypeAlias

import pydantic
from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, PlainValidator, Tag, WithJsonSchema

from calfeed.diagnostics.problem import InvalidValue
from calfeed.model import Rel, Status
from calfeed.source.types import (
    MAPPING_TAG,
    TEXT_TAG,
    Aliases,
    BaseUrl,
    Boolean,
    CalendarId,
    Color,
    CountryField,
    Day,
    DurationField,
    Email,
    End,
    Geo,
    Id,
    Ids,
    Language,
    Line,
    Markdown,
    Moment,
    OneOrMore,
    PropertyName,
    Refresh,
    RelativePath,
    RelField,
    Rule,
    SequenceField,
    SeriesDate,
    StatusField,
    ThemeColor,
    Uid,
    Url,
    Words,
    Zone,
    read_with,
    text_or_mapping,
    without_twins,
)


class Entry(pydantic.BaseModel):
    """A mapping in the sources. `required` is checked later, not by pydantic, so that the other keys are still read."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)
    required: ClassVar[Sequence[str]] = ()


def _schema_of(*required: str) -> ConfigDict:
    return ConfigDict(json_schema_extra={"required": list(required)})


class OrganizerEntry(Entry):
    """Who organises an event, or maintains the calendar."""

    name: Line
    email: Email | None = None
    url: Url | None = None


class LinkEntry(Entry):
    """A link of an event: where to register, the slides, a recording."""

    url: Url
    rel: RelField = Rel.MORE
    name: Line | None = None


class AddressEntry(Entry):
    """A postal address."""

    street: Line | None = None
    locality: Line | None = None
    region: Line | None = None
    postal_code: Line | None = None
    country: CountryField | None = None


class VenueEntry(Entry):
    """A place, in venues.yaml or written inside an event."""

    model_config = _schema_of("name")
    required: ClassVar[Sequence[str]] = ("name",)

    name: Line | None = None
    address: AddressEntry | None = None
    geo: Geo | None = None
    timezone: Zone | None = None
    url: Url | None = None
    shared: Boolean = False


class FeedEntry(Entry):
    """An extra feed: the events that match all of its filters."""

    model_config = _schema_of("slug", "name")
    required: ClassVar[Sequence[str]] = ("slug", "name")

    slug: Id | None = None
    name: Line | None = None
    description: Markdown | None = None
    categories: Words | None = None
    venues: Ids | None = None
    from_: Day | None = Field(default=None, alias="from")
    to: Day | None = None
    aliases: Aliases = []


class WindowEntry(Entry):
    """The days that the main feed and the automatic feeds cover."""

    from_: Day | None = Field(default=None, alias="from")
    to: Day | None = None


OrganizerField: TypeAlias = Annotated[
    Annotated[Line, Tag(TEXT_TAG)] | Annotated[OrganizerEntry, Tag(MAPPING_TAG)], Discriminator(text_or_mapping)
]
VenueField: TypeAlias = Annotated[
    Annotated[Line, Tag(TEXT_TAG)] | Annotated[VenueEntry, Tag(MAPPING_TAG)], Discriminator(text_or_mapping)
]


class ThemeEntry(Entry):
    """The look of the web site."""

    accent: ThemeColor | None = None
    accent_dark: ThemeColor | None = None
    logo: RelativePath | None = None
    footer: Markdown | None = None


def _read_automatic(text: str) -> str:
    if text not in ("category", "venue"):
        raise InvalidValue("bad-feed", f"`{text}` is not an automatic feed", "write `category`, `venue`, or `[]`")
    return text


class CalendarEntry(Entry):
    """The calendar itself, in calendar.yaml."""

    model_config = _schema_of("name")
    required: ClassVar[Sequence[str]] = ("name",)

    name: Line | None = None
    slug: Id | None = None
    id: CalendarId | None = None
    url: BaseUrl | None = None
    timezone: Zone | None = None
    description: Markdown | None = None
    language: Language = "en"
    color: Color | None = None
    organizer: OrganizerField | None = None
    refresh: Refresh = timedelta(hours=12)
    default_duration: DurationField | None = None
    aliases: Aliases = []
    feeds: list[FeedEntry] = []
    automatic_feeds: Annotated[
        list[
            Annotated[str, PlainValidator(read_with(_read_automatic)), WithJsonSchema({"enum": ["category", "venue"]})]
        ],
        OneOrMore(),
    ] = ["category", "venue"]
    window: WindowEntry | None = None
    theme: ThemeEntry | None = None


def _no_items() -> Any:
    """Return a field with a new empty list as its default, which is faster than letting pydantic deep-copy one."""
    # One per field: pydantic before 2.12 stores the field's annotations in it.
    return Field(default_factory=list, json_schema_extra={"default": []})


class OverrideEntry(Entry):
    """One occurrence of a series that differs from the others."""

    model_config = _schema_of("recurrence_id")
    required: ClassVar[Sequence[str]] = ("recurrence_id",)

    recurrence_id: Moment | None = None
    start: Moment | None = None
    end: End | None = None
    duration: DurationField | None = None
    summary: Line | None = None
    description: Markdown | None = None
    venue: VenueField | None = None
    online: Url | None = None
    url: Url | None = None
    status: StatusField | None = None
    busy: Boolean | None = None


class EventEntry(Entry):
    """An event."""

    model_config = _schema_of("summary", "start")
    required: ClassVar[Sequence[str]] = ("summary", "start")

    id: Id | None = None
    uid: Uid | None = None
    summary: Line | None = None
    start: Moment | None = None
    end: End | None = None
    duration: DurationField | None = None
    timezone: Zone | None = None
    end_timezone: Zone | None = None
    venue: VenueField | None = None
    online: Url | None = None
    description: Markdown | None = None
    url: Url | None = None
    links: list[LinkEntry] = _no_items()
    categories: Words = _no_items()
    organizer: OrganizerField | None = None
    image: RelativePath | None = None
    busy: Boolean = False
    status: StatusField = Status.CONFIRMED
    reminders: Annotated[list[DurationField], OneOrMore()] = _no_items()
    created: Moment | None = None
    last_modified: Moment | None = None
    sequence: SequenceField | None = None
    rrule: Rule | None = None
    exdates: Annotated[list[SeriesDate], OneOrMore()] = _no_items()
    rdates: Annotated[list[SeriesDate], OneOrMore()] = _no_items()
    overrides: list[OverrideEntry] = _no_items()
    properties: Annotated[dict[PropertyName, Line], BeforeValidator(without_twins)] = {}


class DefaultsEntry(EventEntry):
    """Values for every event in the folder of a _defaults.yaml and in the folders below it."""

    model_config = _schema_of()
    required: ClassVar[Sequence[str]] = ()
    unique: ClassVar[Sequence[str]] = ("id", "uid")  # never shared, so they cannot have a default


NESTED: dict[tuple[type[Entry], str], type[Entry]] = {
    (CalendarEntry, "feeds"): FeedEntry,
    (CalendarEntry, "organizer"): OrganizerEntry,
    (CalendarEntry, "theme"): ThemeEntry,
    (CalendarEntry, "window"): WindowEntry,
    (EventEntry, "links"): LinkEntry,
    (EventEntry, "organizer"): OrganizerEntry,
    (EventEntry, "venue"): VenueEntry,
    (EventEntry, "overrides"): OverrideEntry,
    (OverrideEntry, "venue"): VenueEntry,
    (VenueEntry, "address"): AddressEntry,
}
"""The kind of mapping under each key whose value is a mapping, or a list of mappings."""


SYNONYMS: Mapping[str, Sequence[str]] = {
    "recurrence_id": ("date", "when", "on"),
    "summary": ("title", "name"),
    "name": ("title", "location"),
    "start": ("begin", "begins", "starts", "date", "when", "time", "from"),
    "end": ("ends", "finish"),
    "duration": ("length",),
    "timezone": ("tz", "time_zone", "zone", "tzid"),
    "venue": ("location", "place", "where", "room"),
    "online": ("zoom", "meeting", "conference"),
    "description": ("text", "desc", "details"),
    "url": ("link", "website", "web", "base_url"),
    "links": ("attachments", "downloads", "register", "registration", "slides", "recording"),
    "rel": ("type", "kind"),
    "categories": ("tags", "category", "type"),
    "organizer": ("organiser",),
    "image": ("picture",),
    "busy": ("free",),
    "reminders": ("alarm", "alarms"),
    "rrule": ("repeat", "recurrence", "recurs"),
    "exdates": ("except", "except_on", "skip"),
    "rdates": ("also_on",),
    "overrides": ("exceptions",),
    "id": ("domain",),
    "language": ("lang",),
    "color": ("colour",),
    "email": ("mail",),
    "geo": ("coordinates", "latlon"),
    "postal_code": ("zip", "postcode"),
    "locality": ("city", "town"),
    "region": ("state",),
}
"""Words that people write for a key, too different from it to be found as a misspelling."""
