"""Defines the types of single values for pydantic: each reads a text and describes its syntax to editors.

`values` and `text.urls` read the texts. A value that cannot be read raises a pydantic error with our code, message and
hint.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, TypeVar

import pydantic
from pydantic import BeforeValidator, PlainValidator, WithJsonSchema
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from calfeed.diagnostics.problem import InvalidValue
from calfeed.diagnostics.spelling import did_you_mean
from calfeed.model import Rel, Status
from calfeed.text import urls
from calfeed.values import addresses, colors, ids, places, rule_reader, rules, texts, times
from calfeed.values.times import ClockTime, DayRange, Duration, WrittenTime
from calfeed.zones.countries import Country

_T = TypeVar("_T")
_E = TypeVar("_E", bound=StrEnum)
TEXT_TAG: Final = "<text>"
MAPPING_TAG: Final = "<mapping>"


def read_with(read: Callable[[str], _T]) -> Callable[[object], _T]:
    """Return a pydantic validator that calls a function to read a text."""

    def validate(value: object) -> _T:
        if not isinstance(value, str):
            raise refuse("wrong-type", f"text is expected here, not {describe(value)}", "write a single value")
        try:
            return read(value)
        except InvalidValue as refusal:
            raise refuse(refusal.code, refusal.message, refusal.hint, refusal.part) from None

    return validate


def refuse(code: str, message: str, hint: str, part: str = "") -> PydanticCustomError:
    """Return a validator's error with our code, message and hint, and the part of the value that is wrong."""
    return PydanticCustomError("problem", "{message}", {"code": code, "message": message, "hint": hint, "part": part})


def describe(value: object) -> str:
    """Return the kind of a value in YAML terms, with an article if it needs one."""
    return "text" if isinstance(value, str) else "a list" if isinstance(value, list) else "a mapping"


# For editors: YAML 1.2 reads some texts as numbers and booleans; calfeed reads them as written.
SCALAR: dict[str, Any] = {"type": ["string", "number", "boolean"]}
ZONE_FORMAT = "timezone"


def _scalar(description: str, **extra: object) -> WithJsonSchema:
    return WithJsonSchema({**SCALAR, "description": description, **extra})


def _read_choice(kind: type[_E], code: str, noun: str, other: str = "") -> Callable[[str], _E]:
    """Return a reader of the values of an enum, in any case.

    Args:
        kind: the enum; its values are in lower case.
        code: the code of the error for any other text.
        noun: what the values are, as in "a status".
        other: added to the hint that lists the values.
    """
    values = [member.value for member in kind]

    def read(text: str) -> _E:
        try:
            return kind(text.casefold())
        except ValueError:
            hint = did_you_mean(text, values, f"write one of {', '.join(values)}{other}")
            raise InvalidValue(code, f"`{text}` is not {noun}", hint) from None

    return read


def _read_day(text: str) -> date:
    moment = times.read_moment(text)
    if isinstance(moment, WrittenTime):
        raise InvalidValue("bad-date", f"`{text}` is a time; a date is expected here", "write a date: `2017-08-31`")
    return moment


class OneOrMore:
    """Annotates a list: a single item may be written without the list."""

    def __get_pydantic_core_schema__(self, source: object, handler: pydantic.GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._read, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: pydantic.GetJsonSchemaHandler
    ) -> dict[str, Any]:
        of_list = handler(schema)
        return {"anyOf": [of_list["items"], of_list]}

    @staticmethod
    def _read(value: object) -> object:
        if not isinstance(value, str):
            return value
        if re.match(r"-\S", value):
            raise refuse("wrong-type", "this is text, not a list", "write a space after each `-`")
        if "," in value:
            hint = f"write a list: `[{value}]`; or one item with a comma: `['{value}']`"
            raise refuse("wrong-type", "a comma alone does not make a list", hint)
        return [value]


def text_or_mapping(value: object) -> Literal["<text>", "<mapping>"]:
    """Return the tag of a value that may be text or a mapping."""
    return TEXT_TAG if isinstance(value, str) else MAPPING_TAG


def _read_rule(value: object) -> rules.Rule:
    """Read a rule from text, or from a mapping of its parts with YAML lists or comma-separated lists."""
    try:
        if isinstance(value, str):
            return rule_reader.read_rule(value)
        if isinstance(value, dict):
            return rule_reader.rule_of({name: _joined(part) for name, part in value.items() if part is not None})
    except InvalidValue as refusal:
        written = [name for name in value if name.upper() == refusal.part] if isinstance(value, dict) else []
        part = f"{written[0]}:" if written else refusal.part
        raise refuse(refusal.code, refusal.message, refusal.hint, part) from None
    hint = "write `FREQ=WEEKLY;BYDAY=TU`, or a mapping with `freq: weekly`"
    raise refuse("wrong-type", "a rule is text or a mapping, not a list", hint)


def _joined(value: object) -> str:
    items = value if isinstance(value, list) else [value]
    texts = [item for item in items if isinstance(item, str)]
    if len(texts) != len(items):
        raise InvalidValue(
            "bad-rrule", "a part of a rule is a single value or a list of values", "write `byday: [tu, th]`"
        )
    return ",".join(texts)


def without_twins(value: object) -> object:
    """Refuse properties that differ only in case, because one would silently replace the other."""
    names = [key.upper() for key in value] if isinstance(value, dict) else []
    twin = next((name for number, name in enumerate(names) if name in names[:number]), None)
    if twin is not None:
        raise refuse("bad-property", f"`{twin}` is given twice, in upper and lower case", "keep one of the two")
    return value


def _read_geo(value: tuple[float, float]) -> tuple[float, float]:
    latitude, longitude = value
    if abs(latitude) > 90 or abs(longitude) > 180:
        swapped = abs(longitude) <= 90 and abs(latitude) <= 180
        hint = (
            f"latitude comes first: `[{longitude}, {latitude}]`"
            if swapped
            else "latitude is -90 to 90, longitude -180 to 180"
        )
        raise refuse("bad-geo", f"[{latitude}, {longitude}] is not a place on Earth", hint)
    if latitude == longitude == 0:
        hint = "write where the venue is, or leave `geo` out: maps return this for a place they cannot find"
        raise refuse("bad-geo", "[0, 0] is in the sea, in the Gulf of Guinea", hint)
    return value


Markdown = Annotated[str, PlainValidator(read_with(texts.read_markdown)), _scalar("text")]
Line = Annotated[str, PlainValidator(read_with(texts.read_line)), _scalar("one line of text")]
Id = Annotated[str, PlainValidator(read_with(ids.read_id)), _scalar("a-z, 0-9 and -")]
CalendarId = Annotated[str, PlainValidator(read_with(ids.read_calendar_id)), _scalar("domain-like")]
Uid = Annotated[str, PlainValidator(read_with(ids.read_uid)), _scalar("UID, published verbatim")]
Url = Annotated[str, PlainValidator(read_with(urls.read_url)), _scalar("http(s) address")]
BaseUrl = Annotated[str, PlainValidator(read_with(urls.read_base_url)), _scalar("https address of a folder")]
Email = Annotated[str, PlainValidator(read_with(addresses.read_email)), _scalar("e-mail address")]
Zone = Annotated[str, PlainValidator(read_with(places.read_zone)), WithJsonSchema({"format": ZONE_FORMAT})]
CountryField = Annotated[
    Country, PlainValidator(read_with(places.read_country)), _scalar("ISO 3166 code or English name")
]
Language = Annotated[str, PlainValidator(read_with(texts.read_language)), _scalar("BCP 47 tag")]
Color = Annotated[str, PlainValidator(read_with(colors.read_color)), _scalar("CSS colour name")]
ThemeColor = Annotated[
    str, PlainValidator(read_with(colors.read_theme_color)), _scalar("'#rrggbb' in quotes, or a CSS colour name")
]
Refresh = Annotated[timedelta, PlainValidator(read_with(times.read_refresh)), _scalar("duration of 1 h or more")]
DurationField = Annotated[
    Duration, PlainValidator(read_with(times.read_duration)), _scalar("90m, 1h30m, 3d or ISO 8601")
]
Moment = Annotated[
    date | WrittenTime,
    PlainValidator(read_with(times.read_moment)),
    _scalar("2017-08-31, or 2017-08-31 17:30 with an optional offset"),
]
SeriesDate = Annotated[
    date | WrittenTime | DayRange,
    PlainValidator(read_with(times.read_series_date)),
    _scalar("2017-08-31, or 2017-08-31 17:30 with an optional offset"),
]
End = Annotated[
    date | WrittenTime | ClockTime,
    PlainValidator(read_with(times.read_end)),
    _scalar("like start, or only a time; a date is the last day, inclusive"),
]
Day = Annotated[date, PlainValidator(read_with(_read_day)), _scalar("2017-08-31")]
Boolean = Annotated[bool, PlainValidator(read_with(texts.read_boolean)), _scalar("true or false")]
SequenceField = Annotated[int, PlainValidator(read_with(ids.read_sequence)), _scalar("whole number, 0 or more")]
StatusField = Annotated[
    Status,
    PlainValidator(read_with(_read_choice(Status, "bad-status", "a status"))),
    WithJsonSchema({"enum": [status.value for status in Status]}),
]
RelField = Annotated[
    Rel,
    PlainValidator(
        read_with(_read_choice(Rel, "bad-rel", "a kind of link", "; any other text is the `name` of a link"))
    ),
    WithJsonSchema({"enum": [rel.value for rel in Rel]}),
]
Degrees = Annotated[float, PlainValidator(read_with(places.read_degrees)), _scalar("decimal degrees")]
Geo = Annotated[tuple[Degrees, Degrees], pydantic.AfterValidator(_read_geo)]
RelativePath = Annotated[
    str, PlainValidator(read_with(addresses.read_relative_path)), _scalar("file next to the YAML file")
]
Rule = Annotated[
    rules.Rule,
    PlainValidator(_read_rule),
    WithJsonSchema(
        {
            "description": "RFC 5545 text (FREQ=WEEKLY;BYDAY=TU), or a mapping of the same names in lower case",
            "anyOf": [
                SCALAR,
                {
                    "type": "object",
                    "required": ["freq"],
                    "additionalProperties": False,
                    "properties": {
                        name.lower(): {"anyOf": [SCALAR, {"type": "array", "items": SCALAR}]}
                        for name in rule_reader.NAMES
                    },
                },
            ],
        }
    ),
]
PropertyName = Annotated[str, BeforeValidator(read_with(ids.read_property_name))]
Category = Annotated[str, PlainValidator(read_with(texts.read_category)), _scalar("one line of text")]
Words = Annotated[list[Category], OneOrMore()]
Ids = Annotated[list[Id], OneOrMore()]
Aliases = Annotated[
    list[Annotated[str, PlainValidator(read_with(ids.read_alias)), _scalar("former slug of a feed")]], OneOrMore()
]
