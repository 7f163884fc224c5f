"""Convert the values in a content to JSON and back, and to text.

Readers check as strictly as the sources are checked, because a manifest may come from elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Generic, TypeAlias, TypeVar

from calfeed.diagnostics.problem import Mark
from calfeed.model import Address, AllDay, Ending, EventLink, Organizer, Rel, Status, Timed, Venue, ZonedTime
from calfeed.text.urls import earlier_spelling, read_published_url
from calfeed.values import addresses, ids, places, texts
from calfeed.values.times import Duration, format_duration, format_utc

Content: TypeAlias = "dict[str, object]"
"""The fields of an event that a subscriber can see, as JSON values."""


# -- times ------------------------------------------------------------------------------------------------------


def write_when(when: AllDay | Timed) -> Content:
    """Return the keys of a time, as part of a content."""
    if isinstance(when, AllDay):
        return {"all_day": True, "start": when.first.isoformat(), "end": when.last.isoformat()}
    start, end = when.start, when.end
    values: Content = {"timezone": start.tzid, "start": start.wall.isoformat(), "start_utc": format_utc(start.instant)}
    if end is not None:
        values |= {"end": end.wall.isoformat(), "end_utc": format_utc(end.instant)}
        if end.tzid != start.tzid:
            values["end_timezone"] = end.tzid
    return values


def read_when(content: Mapping[str, Any]) -> AllDay | Timed:
    """Return the time in a content."""
    if content.get("all_day"):
        return AllDay(date.fromisoformat(content["start"]), date.fromisoformat(content["end"]))
    tzid = content["timezone"]
    end = None
    if "end" in content:
        end = _read_time(content["end"], content.get("end_timezone", tzid), content["end_utc"])
    return Timed(_read_time(content["start"], tzid, content["start_utc"]), end)


def read_wall(text: str) -> datetime:
    """Return a wall time; a date alone is its midnight."""
    wall = datetime.fromisoformat(text)
    if wall.tzinfo is not None:
        raise ValueError(f"{text} is not a wall time")
    return wall


def read_offset(text: str) -> timedelta:
    """Return the offset from UTC of a time."""
    offset = datetime.fromisoformat(text).utcoffset()
    if offset is None:
        raise ValueError(f"{text} has no offset")
    return offset


def _read_time(wall: str, tzid: str, instant: str) -> ZonedTime:
    return ZonedTime(read_wall(wall), places.read_zone(tzid), _read_instant(instant))


def _read_instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text} is not an instant")
    return instant.astimezone(UTC)


# -- kinds of values --------------------------------------------------------------------------------------------

_T = TypeVar("_T")


def _unchanged(value: object) -> object:
    return value


def _show_plain(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


@dataclass(frozen=True, slots=True)
class Kind(Generic[_T]):
    """Converts values of one kind.

    Attributes:
        read: returns the value, given its JSON and the mark of the manifest.
        write: returns the JSON of a value.
        show: returns the JSON as text for people.
        respell: returns the JSON with the addresses in it as earlier versions spelled them; None if it has none.
    """

    read: Callable[[Any, Mark], _T]
    write: Callable[[_T], object] = _unchanged
    show: Callable[[Any], str] = _show_plain
    respell: Callable[[Any], object] | None = None


def _read_by(read: Callable[[Any], _T]) -> Callable[[Any, Mark], _T]:
    """Return a reader of values that have no mark."""
    return lambda value, _mark: read(value)


def _without_empty(values: Mapping[str, object]) -> Content:
    return {key: value for key, value in values.items() if value}


def _write_status(status: Status) -> str:
    return status.value


def _read_flag(value: object) -> bool:
    return value is True


def _read_categories(value: Iterable[str]) -> tuple[str, ...]:
    return tuple(texts.read_category(category) for category in value)


def _write_ending(ending: Ending) -> Content:
    return {"at": format_utc(ending.at), "status": ending.status.value}


def _read_ending(value: Mapping[str, Any]) -> Ending:
    return Ending(_read_instant(value["at"]), Status(value["status"]))


def _show_ending(value: Mapping[str, Any]) -> str:
    return f"{value['status']} until {value['at']}"


def _write_venue(venue: Venue) -> Content:
    return _without_empty({"name": venue.name, "address": venue.address.line, "geo": list(venue.geo or ())})


def _read_venue(value: Mapping[str, Any], mark: Mark) -> Venue:
    geo, address = None, value.get("address")
    if "geo" in value:
        latitude, longitude = (float(degrees) for degrees in value["geo"])
        geo = (latitude, longitude)
    return Venue(
        id=None,
        name=texts.read_line(value["name"]),
        address=Address(street=None if address is None else texts.read_line(address)),
        geo=geo,
        mark=mark,
    )


def _show_venue(value: Mapping[str, Any]) -> str:
    geo = ", ".join(str(degrees) for degrees in value.get("geo", ()))
    parts = (value["name"], value.get("address"), f"({geo})" if geo else None)
    return ", ".join(part for part in parts if part)


def _write_links(links: Iterable[EventLink]) -> list[Content]:
    return [_without_empty({"rel": link.rel.value, "url": link.url, "name": link.name}) for link in links]


def _read_links(value: Iterable[Mapping[str, Any]]) -> tuple[EventLink, ...]:
    return tuple(_read_link(link) for link in value)


def _read_link(value: Mapping[str, Any]) -> EventLink:
    name = value.get("name")
    return EventLink(
        url=read_published_url(value["url"]),
        rel=Rel(value["rel"]),
        name=None if name is None else texts.read_line(name),
    )


def _show_links(value: Iterable[Mapping[str, Any]]) -> str:
    return ", ".join(f"{link.get('name') or link['rel']} {link['url']}" for link in value)


def _write_organizer(organizer: Organizer) -> Content:
    return _without_empty({"name": organizer.name, "email": organizer.email, "url": organizer.url})


def _read_organizer(value: Mapping[str, Any]) -> Organizer:
    email, url = value.get("email"), value.get("url")
    return Organizer(
        name=texts.read_line(value["name"]),
        email=None if email is None else addresses.read_email(email),
        url=None if url is None else read_published_url(url),
    )


def _show_organizer(value: Mapping[str, Any]) -> str:
    return ", ".join(str(part) for part in value.values())


def _respell_organizer(value: Mapping[str, Any]) -> Content:
    return {**value, "url": earlier_spelling(value["url"])} if "url" in value else {**value}


def _write_reminders(reminders: Iterable[Duration]) -> list[Content]:
    return [{"days": reminder.days, "seconds": reminder.seconds} for reminder in reminders]


def _read_reminders(value: Iterable[Mapping[str, Any]]) -> tuple[Duration, ...]:
    return tuple(_read_reminder(reminder) for reminder in value)


def _read_reminder(value: Mapping[str, Any]) -> Duration:
    days, seconds = value["days"], value["seconds"]
    if type(days) is not int or type(seconds) is not int:  # True is an int, too
        raise TypeError("days and seconds are whole numbers")
    timedelta(days=days, seconds=seconds)  # raises OverflowError if it is out of range
    return Duration(days, seconds)


def _show_reminders(value: Iterable[Mapping[str, Any]]) -> str:
    return ", ".join(format_duration(_read_reminder(reminder)) for reminder in value)


def _read_properties(value: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((ids.read_property_name(name), texts.read_line(text)) for name, text in sorted(value.items()))


def _show_properties(value: Mapping[str, str]) -> str:
    return "; ".join(f"{name}: {text}" for name, text in value.items())


UNKNOWN = Kind(_read_by(_unchanged))
"""The value of a field that a later version added."""
LINE = Kind(_read_by(texts.read_line))
TEXT = Kind(_read_by(texts.read_text))
ADDRESS = Kind(_read_by(read_published_url), respell=earlier_spelling)
FLAG = Kind(_read_by(_read_flag))
STATUS = Kind(_read_by(Status), _write_status)
ENDING = Kind(_read_by(_read_ending), _write_ending, _show_ending)
VENUE = Kind(_read_venue, _write_venue, _show_venue)
CATEGORIES = Kind(_read_by(_read_categories), list)
LINKS = Kind(_read_by(_read_links), _write_links, _show_links)
ORGANIZER = Kind(_read_by(_read_organizer), _write_organizer, _show_organizer, _respell_organizer)
REMINDERS = Kind(_read_by(_read_reminders), _write_reminders, _show_reminders)
PROPERTIES = Kind(_read_by(_read_properties), dict, _show_properties)
