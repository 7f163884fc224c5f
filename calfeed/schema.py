"""What may be written: the files' keys and types, as pydantic models and as JSON Schema.

A mapping with its place goes in, a typed entry comes out, with every problem noted at its mark. An entry is always
returned: keys that cannot be read are left out of it and listed in `broken`, so that later checks run on what is sound
and nothing is reported twice.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Annotated, Any, ClassVar, Final, Generic, Literal, TypeAlias, TypeVar, cast

import pydantic
from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, PlainValidator, Tag, WithJsonSchema
from pydantic_core import CoreSchema, ErrorDetails, PydanticCustomError, core_schema

from calfeed import fields, notation
from calfeed.countries import Country
from calfeed.errors import Mark, Problem, error
from calfeed.model import Status
from calfeed.notation import ClockTime, Duration, NotationError, WrittenTime
from calfeed.source import Document, Path, Value
from calfeed.zones import zone_names

_T = TypeVar("_T")
_TEXT_TAG: Final = "<text>"
_MAPPING_TAG: Final = "<mapping>"


# -- values -----------------------------------------------------------------------------------------------------


def _read_with(read: Callable[[str], _T]) -> Callable[[object], _T]:
    """Make a pydantic validator of a function that reads a text."""

    def validate(value: object) -> _T:
        if not isinstance(value, str):
            raise _custom("wrong-type", f"a text is expected here, not {_describe(value)}", "write one value")
        try:
            return read(value)
        except NotationError as refusal:
            raise _custom(refusal.code, refusal.message, refusal.hint) from None

    return validate


def _custom(code: str, message: str, hint: str) -> PydanticCustomError:
    return PydanticCustomError("problem", "{message}", {"code": code, "message": message, "hint": hint})


def _describe(value: object) -> str:
    return "a text" if isinstance(value, str) else "a list" if isinstance(value, list) else "a mapping"


# What an editor sees: YAML 1.2 makes numbers and booleans of some texts, and calfeed reads them as they are written.
_SCALAR: dict[str, Any] = {"type": ["string", "number", "boolean"]}
_ZONE_FORMAT = "timezone"


def _scalar(description: str, **extra: object) -> WithJsonSchema:
    return WithJsonSchema({**_SCALAR, "description": description, **extra})


def _read_status(text: str) -> Status:
    try:
        return Status(text.casefold())
    except ValueError:
        known = [status.value for status in Status]
        hint = fields.did_you_mean(text, known, f"write one of {', '.join(known)}")
        raise NotationError("bad-status", f"`{text}` is not a status", hint) from None


def _read_day(text: str) -> date:
    moment = notation.read_moment(text)
    if isinstance(moment, WrittenTime):
        raise NotationError("bad-date", f"`{text}` is a time; a date is expected here", "write a date: `2017-08-31`")
    return moment


class _OneOrMore:
    """Annotates a list that may be written as its only item."""

    def __get_pydantic_core_schema__(self, source: object, handler: pydantic.GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._read, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: pydantic.GetJsonSchemaHandler
    ) -> dict[str, Any]:
        of_list = handler(schema)
        return {"anyOf": [of_list["items"], of_list]}

    @staticmethod
    def _read(value: object) -> object:
        return [value] if isinstance(value, str) else value


def _text_or_mapping(value: object) -> Literal["<text>", "<mapping>"]:
    return _TEXT_TAG if isinstance(value, str) else _MAPPING_TAG


def _read_geo(value: tuple[float, float]) -> tuple[float, float]:
    latitude, longitude = value
    if abs(latitude) > 90 or abs(longitude) > 180:
        swapped = abs(longitude) <= 90 and abs(latitude) <= 180
        hint = (
            f"latitude comes first: `[{longitude}, {latitude}]`"
            if swapped
            else "latitude is -90 to 90, longitude -180 to 180"
        )
        raise _custom("bad-geo", f"[{latitude}, {longitude}] is no place on Earth", hint)
    return value


Text = Annotated[str, PlainValidator(_read_with(fields.read_text)), _scalar("text")]
Line = Annotated[str, PlainValidator(_read_with(fields.read_line)), _scalar("text of one line")]
Id = Annotated[str, PlainValidator(_read_with(fields.read_id)), _scalar("a-z, 0-9 and -")]
CalendarId = Annotated[str, PlainValidator(_read_with(fields.read_calendar_id)), _scalar("domain-like")]
Uid = Annotated[str, PlainValidator(_read_with(fields.read_uid)), _scalar("UID, verbatim")]
Url = Annotated[str, PlainValidator(_read_with(fields.read_url)), _scalar("http(s) address")]
BaseUrl = Annotated[str, PlainValidator(_read_with(fields.read_base_url)), _scalar("https address of a folder")]
Email = Annotated[str, PlainValidator(_read_with(fields.read_email)), _scalar("e-mail address")]
Zone = Annotated[str, PlainValidator(_read_with(fields.read_zone)), WithJsonSchema({"format": _ZONE_FORMAT})]
CountryField = Annotated[
    Country, PlainValidator(_read_with(fields.read_country)), _scalar("ISO 3166 code or English name")
]
Language = Annotated[str, PlainValidator(_read_with(fields.read_language)), _scalar("BCP 47 tag")]
Color = Annotated[str, PlainValidator(_read_with(fields.read_color)), _scalar("CSS colour name")]
Refresh = Annotated[timedelta, PlainValidator(_read_with(fields.read_refresh)), _scalar("duration of 1 h or more")]
DurationField = Annotated[
    Duration, PlainValidator(_read_with(notation.read_duration)), _scalar("90m, 1h30m, 3d or ISO 8601")
]
Moment = Annotated[
    date | WrittenTime,
    PlainValidator(_read_with(notation.read_moment)),
    _scalar("2017-08-31, or 2017-08-31 17:30 with an offset if wanted"),
]
End = Annotated[
    date | WrittenTime | ClockTime,
    PlainValidator(_read_with(notation.read_end)),
    _scalar("like start, or a time alone; a date is the last day, inclusive"),
]
Day = Annotated[date, PlainValidator(_read_with(_read_day)), _scalar("2017-08-31")]
Boolean = Annotated[bool, PlainValidator(_read_with(fields.read_boolean)), _scalar("true or false")]
SequenceField = Annotated[int, PlainValidator(_read_with(fields.read_sequence)), _scalar("whole number from 0")]
StatusField = Annotated[
    Status, PlainValidator(_read_with(_read_status)), WithJsonSchema({"enum": [s.value for s in Status]})
]
Degrees = Annotated[float, PlainValidator(_read_with(fields.read_degrees)), _scalar("decimal degrees")]
Geo = Annotated[tuple[Degrees, Degrees], pydantic.AfterValidator(_read_geo)]
RelativePath = Annotated[str, PlainValidator(_read_with(fields.read_relative_path)), _scalar("file beside the YAML")]
PropertyName = Annotated[str, BeforeValidator(_read_with(fields.read_property_name))]
Words = Annotated[list[Line], _OneOrMore()]
Ids = Annotated[list[Id], _OneOrMore()]


# -- mappings ---------------------------------------------------------------------------------------------------


class _Entry(pydantic.BaseModel):
    """A mapping of the sources. `required` keys are checked here, not by pydantic, so that the rest is still read."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)
    required: ClassVar[Sequence[str]] = ()


def _schema_of(*required: str) -> ConfigDict:
    return ConfigDict(json_schema_extra={"required": list(required)})


class OrganizerEntry(_Entry):
    """Who holds an event."""

    name: Line
    email: Email | None = None
    url: Url | None = None


class AddressEntry(_Entry):
    """A postal address."""

    street: Line | None = None
    locality: Line | None = None
    region: Line | None = None
    postal_code: Line | None = None
    country: CountryField | None = None


class VenueEntry(_Entry):
    """A place, in venues.yaml or written inside an event."""

    model_config = _schema_of("name")
    required: ClassVar[Sequence[str]] = ("name",)

    name: Line | None = None
    address: AddressEntry | None = None
    geo: Geo | None = None
    timezone: Zone | None = None
    url: Url | None = None


class FeedEntry(_Entry):
    """An extra feed: the events that fit every filter given."""

    slug: Id
    name: Line
    description: Text | None = None
    categories: Words | None = None
    venues: Ids | None = None
    from_: Day | None = Field(default=None, alias="from")
    to: Day | None = None


OrganizerField: TypeAlias = Annotated[
    Annotated[Line, Tag(_TEXT_TAG)] | Annotated[OrganizerEntry, Tag(_MAPPING_TAG)], Discriminator(_text_or_mapping)
]
VenueField: TypeAlias = Annotated[
    Annotated[Line, Tag(_TEXT_TAG)] | Annotated[VenueEntry, Tag(_MAPPING_TAG)], Discriminator(_text_or_mapping)
]


def _read_automatic(text: str) -> str:
    if text not in ("category", "venue"):
        raise NotationError("bad-feed", f"`{text}` is no kind of automatic feed", "write `category`, `venue`, or `[]`")
    return text


class CalendarEntry(_Entry):
    """calendar.yaml."""

    model_config = _schema_of("name")
    required: ClassVar[Sequence[str]] = ("name",)

    name: Line | None = None
    slug: Id | None = None
    id: CalendarId | None = None
    url: BaseUrl | None = None
    timezone: Zone | None = None
    description: Text | None = None
    language: Language = "en"
    color: Color | None = None
    organizer: OrganizerField | None = None
    refresh: Refresh = timedelta(hours=12)
    default_duration: DurationField | None = None
    feeds: list[FeedEntry] = []
    automatic_feeds: Annotated[
        list[
            Annotated[str, PlainValidator(_read_with(_read_automatic)), WithJsonSchema({"enum": ["category", "venue"]})]
        ],
        _OneOrMore(),
    ] = ["category", "venue"]


class EventEntry(_Entry):
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
    description: Text | None = None
    url: Url | None = None
    categories: Words = []
    organizer: OrganizerField | None = None
    image: RelativePath | None = None
    busy: Boolean = False
    status: StatusField = Status.CONFIRMED
    reminders: Annotated[list[DurationField], _OneOrMore()] = []
    created: Moment | None = None
    last_modified: Moment | None = None
    sequence: SequenceField | None = None
    properties: dict[PropertyName, Line] = {}


class DefaultsEntry(EventEntry):
    """_defaults.yaml: what the events below it have where they say nothing else."""

    model_config = _schema_of()
    required: ClassVar[Sequence[str]] = ()


_NESTED: dict[tuple[type[_Entry], str], type[_Entry]] = {
    (CalendarEntry, "feeds"): FeedEntry,
    (CalendarEntry, "organizer"): OrganizerEntry,
    (EventEntry, "organizer"): OrganizerEntry,
    (EventEntry, "venue"): VenueEntry,
    (VenueEntry, "address"): AddressEntry,
}


# -- reading ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """Where a mapping stands; `defaults` tells which keys came from a _defaults.yaml, and which one."""

    document: Document
    path: Path = ()
    defaults: Mapping[str, Document] = field(default_factory=dict)

    def mark(self, *keys: str | int) -> Mark:
        """Return the mark of a value below this place; with no keys, of the mapping's beginning."""
        if keys and keys[0] in self.defaults:
            return self.defaults[cast("str", keys[0])].mark(*keys)
        return self.document.mark(*self.path, *keys)

    def key_mark(self, *keys: str | int) -> Mark:
        """Return the mark of a key below this place."""
        if keys and keys[0] in self.defaults:
            return self.defaults[cast("str", keys[0])].key_mark(*keys)
        return self.document.key_mark(*self.path, *keys)


_E = TypeVar("_E", bound=_Entry)


@dataclass(frozen=True)
class Read(Generic[_E]):
    """An entry as far as it could be read, the keys that could not, and the problems that say why."""

    entry: _E
    broken: frozenset[str]
    problems: tuple[Problem, ...]


def read_entry(kind: type[_E], value: Value, place: Place) -> Read[_E]:
    """Return the entry in a value: a mapping with the keys of `kind`."""
    if not isinstance(value, dict):
        message = f"a mapping is expected here, not {_describe(value)}"
        problem = error(place.mark(), "wrong-type", message, "write `key: value` lines")
        return Read(kind(), frozenset(kind.model_fields), (problem,))
    misspelt = {_nearest_key(kind, key) for key in value if key not in kind.model_fields}
    problems = [_missing_problem(place, key) for key in kind.required if key not in value and key not in misspelt]
    broken = {key for key in kind.required if key not in value} | {key for key in value if value[key] is None}
    try:
        entry = kind.model_validate(value)
    except pydantic.ValidationError as invalid:
        for details in invalid.errors(include_url=False):
            broken.add(str(details["loc"][0]))
            if details["input"] is not None:  # else `source` has reported it
                problems.append(_problem(kind, place, details))
        entry = kind.model_validate({key: item for key, item in value.items() if key not in broken})
    return Read(entry, frozenset(broken), tuple(problems))


# What people write for a key of ours that does not look like it.
_SYNONYMS = {
    "title": "summary", "name": "summary", "begin": "start", "from": "start", "location": "venue", "place": "venue",
    "tz": "timezone", "time_zone": "timezone", "tags": "categories", "category": "categories", "repeat": "rrule",
    "alarm": "reminders", "link": "url", "length": "duration", "until": "end", "lang": "language", "colour": "color",
    "zip": "postal_code", "city": "locality", "town": "locality", "coordinates": "geo", "text": "description",
}  # fmt: skip


def _keys(kind: type[_Entry]) -> list[str]:
    return [info.alias or name for name, info in kind.model_fields.items()]


def _nearest_key(kind: type[_Entry], key: str) -> str | None:
    """Return the key that was probably meant by an unknown one."""
    known = _keys(kind)
    synonym = _SYNONYMS.get(key.casefold())
    if synonym in known:
        return synonym
    near = difflib.get_close_matches(key.casefold(), known, n=1, cutoff=0.6)
    return near[0] if near else None


def _missing_problem(place: Place, *path: str | int) -> Problem:
    key = path[-1]
    return error(place.mark(*path[:-1]), "missing-key", f"`{key}` is missing", f"add a line `{key}: …`")


def _problem(kind: type[_Entry], place: Place, details: ErrorDetails) -> Problem:
    path = tuple(part for part in details["loc"] if part not in (_TEXT_TAG, _MAPPING_TAG))
    context = details.get("ctx", {})
    if path[-1] == "[key]":
        mark = place.key_mark(*path[:-1])
    elif details["type"] == "extra_forbidden":
        return _unknown_key_problem(kind, place, path)
    elif details["type"] == "missing":
        if isinstance(path[-1], int):  # a pair with only one number
            hint = "write `[latitude, longitude]`"
            return error(place.mark(*path[:-1]), "bad-geo", "two numbers are expected here", hint)
        return _missing_problem(place, *path)
    else:
        mark = place.mark(*path)
    if details["type"] == "problem":
        return error(mark, context["code"], context["message"], context["hint"])
    expected, hint = _EXPECTED.get(details["type"], ("something else", "see the reference of the format"))
    found = _describe(details["input"])
    return error(mark, "wrong-type", f"{expected} is expected here, not {found}", hint)


_EXPECTED = {
    "list_type": ("a list", "write `[first, second]`, or one `- item` a line"),
    "tuple_type": ("a pair of numbers", "write `[latitude, longitude]`"),
    "too_long": ("a pair of numbers", "write `[latitude, longitude]`"),
    "dict_type": ("a mapping", "write `key: value` lines, indented below the key"),
    "model_type": ("a mapping", "write `key: value` lines, indented below the key"),
    "model_attributes_type": ("a mapping", "write `key: value` lines, indented below the key"),
}


def _unknown_key_problem(kind: type[_Entry], place: Place, path: Path) -> Problem:
    at: type[_Entry] = EventEntry if issubclass(kind, EventEntry) else kind
    for part in path[:-1]:
        if isinstance(part, str):
            at = _NESTED[at, part]
    key = str(path[-1])
    nearest = _nearest_key(at, key)
    hint = f"did you mean `{nearest}`?" if nearest else f"the keys are {', '.join(_keys(at))}"
    return error(place.key_mark(*path), "unknown-key", f"`{key}` is not a key calfeed knows", hint)


# -- JSON Schema ------------------------------------------------------------------------------------------------


_KINDS: dict[str, type[_Entry]] = {
    "calendar": CalendarEntry,
    "venues": VenueEntry,
    "events": EventEntry,
    "defaults": DefaultsEntry,
}


def json_schema(kind: str) -> dict[str, object]:
    """Return the JSON Schema (draft 2020-12) of `calendar`, `venues`, `events` or `defaults` files."""
    model = _KINDS[kind]
    name = model.__name__
    schema: dict[str, object] = model.model_json_schema()
    inner = schema.pop("$defs", {})
    definitions: dict[str, object] = {**(inner if isinstance(inner, dict) else {}), name: schema}
    linked = {key: _link_zones(definition) for key, definition in definitions.items()}
    linked[_ZONE_FORMAT] = {"description": "a name of the tz database", "enum": list(zone_names())}
    reference: dict[str, object] = {"$ref": f"#/$defs/{name}"}
    roots: dict[str, dict[str, object]] = {
        "venues": {"type": "object", "additionalProperties": reference},
        "events": {"oneOf": [reference, {"type": "array", "items": {**reference, "required": ["id"]}}]},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"calfeed: {kind}",
        **roots.get(kind, reference),
        "$defs": dict(sorted(linked.items())),
    }


def _link_zones(schema: object) -> object:
    """Point every time zone at the one list of names, instead of repeating it."""
    if isinstance(schema, dict):
        if schema.get("format") == _ZONE_FORMAT:
            return {"$ref": f"#/$defs/{_ZONE_FORMAT}"}
        return {key: _link_zones(item) for key, item in schema.items()}
    return [_link_zones(item) for item in schema] if isinstance(schema, list) else schema
