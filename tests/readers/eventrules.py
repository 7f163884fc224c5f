"""Rules 3, 4, 11, 12, 15, 17 to 20 of the research on clients (§7): texts, the head of the file, events."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from .contentlines import Component, Property, duration
from .onefile import OneFile, first, in_series, label, param, values
from .reading import is_all_day
from .rfc5545 import span

# The properties of RFC 5545 and RFC 7986 whose value is not TEXT; all others are TEXT, including those with X-.
_NOT_TEXT = frozenset(
    {
        *("DTSTART", "DTEND", "DTSTAMP", "CREATED", "LAST-MODIFIED", "RECURRENCE-ID", "RDATE", "EXDATE", "RRULE"),
        *("DURATION", "TRIGGER", "REPEAT", "GEO", "PRIORITY", "SEQUENCE", "TZOFFSETFROM", "TZOFFSETTO", "TZURL"),
        *(
            "URL",
            "ATTACH",
            "CONFERENCE",
            "IMAGE",
            "SOURCE",
            "REFRESH-INTERVAL",
            "ORGANIZER",
            "ATTENDEE",
            "ACKNOWLEDGED",
        ),
    }
)
_TEXT_LISTS = frozenset({"CATEGORIES", "RESOURCES"})
_LIST_PARAMS = frozenset({"FEATURE", "DISPLAY", "MEMBER", "DELEGATED-FROM", "DELEGATED-TO"})
_HEAD = (("VERSION", "2.0"), ("CALSCALE", "GREGORIAN"), ("METHOD", "PUBLISH"))
_STATUSES = frozenset({"TENTATIVE", "CONFIRMED", "CANCELLED"})
# "[CANCELLED] Summary" or "Cancelled: Summary", in whatever language.
_PREFIX = re.compile(r"\[[^\]]+\] |[^\s:]+: ")
_HTML_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9-]*(?:\s[^<>]*)?/?>|<!--")
_FLOAT = r"[+-]?[0-9]+(?:\.[0-9]+)?"
_GEO = re.compile(rf"({_FLOAT});({_FLOAT})")
_GEO_URI = re.compile(rf"geo:({_FLOAT}),({_FLOAT})")
_PIECE = re.compile(r"-(?:from-)?\d{4}-\d\d-\d\d(?:T\d{4}(?:\d\d)?)?(?=@[^@]*$|$)")
_LAST_LINES = 3
_FEED_ONLY = ("NAME", "X-PUBLISHED-TTL", "REFRESH-INTERVAL")


def texts(file: OneFile) -> Iterator[str]:
    """Rule 3: TEXT is escaped, and nothing else is; a parameter with `,`, `;` or `:` is quoted."""
    for component in file.calendar.walk():
        for prop in component.properties:
            yield from (f"{fault} in {label(component)}" for fault in _text_faults(prop))


def _text_faults(prop: Property) -> Iterator[str]:
    # The parser refuses an unquoted ; or : and any inner quote; an unquoted comma makes a list.
    for name, several in prop.params:
        if len(several) > 1 and name not in _LIST_PARAMS:
            yield f"{prop.name}: {name} contains an unquoted comma"
    if prop.name in _NOT_TEXT or param(prop, "VALUE") not in {None, "TEXT"}:
        if "\\" in prop.value:
            yield f"{prop.name} is escaped, but not TEXT: {prop.value}"
        return
    try:
        _ = prop.texts() if prop.name in _TEXT_LISTS else prop.text()
    except ValueError as error:
        yield f"{prop.name}: {error}"


def head(file: OneFile) -> Iterator[str]:
    """Rule 4: VERSION, PRODID, CALSCALE and METHOD:PUBLISH once each; no METHOD anywhere else."""
    for name, value in _HEAD:
        if values(file.calendar, name) != [value]:
            yield f"{name} is {values(file.calendar, name)}, not {value}"
    prodids = values(file.calendar, "PRODID")
    if len(prodids) != 1 or not prodids[0].strip():
        yield f"PRODID is {prodids}"
    inside = [component.name for component in file.calendar.walk() if component.all("METHOD")][1:]
    yield from (f"METHOD in a {name}" for name in inside)


def spans(file: OneFile) -> Iterator[str]:
    """Rule 11: an event ends after it begins, in the same value type; all-day events have an end, series one zone.

    The file cannot show whether a series in UTC should have a zone.
    """
    for event in file.events:
        start, end = first(event, "DTSTART"), first(event, "DTEND")
        if start is None:
            yield f"{label(event)} has no DTSTART"
            continue
        if end is not None and event.all("RRULE") + event.all("RDATE") and _zone(start) != _zone(end):
            yield f"{label(event)}: DTSTART and DTEND of a series are in different zones"
        try:
            instants = span(event, file.zones)
        except ValueError:
            continue  # rules 6, 8 and 9 say why, or the whole file is unreadable
        yield from (f"{label(event)}: {fault}" for fault in _span_faults(instants.start, instants.end))


def _span_faults(start: datetime | date, end: datetime | date | None) -> Iterator[str]:
    if end is None:
        if is_all_day(start):
            yield "an all-day event without DTEND"
    elif is_all_day(start) is not is_all_day(end):
        yield "DTSTART and DTEND are of different types"
    elif end <= start:
        yield f"DTEND {end} is not after DTSTART {start}"


def _zone(prop: Property) -> str | None:
    return "UTC" if prop.value.endswith("Z") else param(prop, "TZID")


def uids(file: OneFile) -> Iterator[str]:
    """Rule 12: every event has a UID, and each pair of UID and RECURRENCE-ID occurs once."""
    seen: set[tuple[str, ...]] = set()
    for event in file.events:
        uid = values(event, "UID")
        if len(uid) != 1 or not uid[0].strip():
            yield f"the UID is {uid}"
        key = (*uid, *values(event, "RECURRENCE-ID"))
        if key in seen:
            yield f"{label(event)} twice"
        seen.add(key)


def statuses(file: OneFile) -> Iterator[str]:
    """Rule 15: a known STATUS; a cancelled event says so in its SUMMARY and blocks no time."""
    for event in file.events:
        status = values(event, "STATUS")
        if len(status) > 1 or not set(status) <= _STATUSES:
            yield f"{label(event)}: STATUS is {status}"
        if status != ["CANCELLED"]:
            continue
        if values(event, "TRANSP") != ["TRANSPARENT"]:
            yield f"{label(event)}: cancelled, but TRANSP is {values(event, 'TRANSP')}"
        if not any(_PREFIX.match(summary) for summary in values(event, "SUMMARY")):
            yield f"{label(event)}: cancelled, but SUMMARY is {values(event, 'SUMMARY')}"


def people_and_alarms(file: OneFile) -> Iterator[str]:
    """Rule 17: no ORGANIZER or ATTENDEE; VALARM only in single files."""
    for component in file.calendar.walk():
        for name in ("ORGANIZER", "ATTENDEE"):
            yield from (f"{name} in {component.name} {label(component)}" for _ in component.all(name))
        if component.name == "VALARM" and file.kind == "feed":
            yield "VALARM in a feed"


def descriptions(file: OneFile) -> Iterator[str]:
    """Rule 18: DESCRIPTION is self-contained plain text that ends with the URL and the join link."""
    for event in file.events:
        yield from (f"{label(event)}: {fault}" for fault in _description_faults(event))
        if event.all("X-ALT-DESC") and file.kind == "feed":
            yield f"{label(event)}: X-ALT-DESC in a feed"


def _description_faults(event: Component) -> Iterator[str]:
    description = first(event, "DESCRIPTION")
    links = values(event, "URL") + values(event, "CONFERENCE")
    if description is None:
        if links or event.all("X-ALT-DESC"):
            yield f"no DESCRIPTION in addition to {[*links, *values(event, 'X-ALT-DESC')]}"
        return
    text = _text(description)
    if tag := _HTML_TAG.search(text):
        yield f"HTML in DESCRIPTION: {tag[0]}"
    last = [line for line in text.splitlines() if line.strip()][-_LAST_LINES:]
    words = [{word.strip("<>()") for word in line.split()} for line in last]
    yield from (f"{link} is not at the end of DESCRIPTION" for link in links if not any(link in line for line in words))
    if links and not (words and words[-1] & set(links)):
        yield "DESCRIPTION does not end with a link"


def places(file: OneFile) -> Iterator[str]:
    """Rule 19: GEO is two numbers in range, and Apple's place agrees with GEO and LOCATION."""
    for event in file.events:
        yield from (f"{label(event)}: {fault}" for fault in _place_faults(event))


def _place_faults(event: Component) -> Iterator[str]:
    geo, apple = first(event, "GEO"), first(event, "X-APPLE-STRUCTURED-LOCATION")
    point = None if geo is None else _point(_GEO, geo.value)
    if geo is not None and point is None:
        yield f"GEO is {geo.value}"
    if apple is None:
        return
    if param(apple, "VALUE") != "URI":
        yield "X-APPLE-STRUCTURED-LOCATION is not VALUE=URI"
    if point is None or _point(_GEO_URI, apple.value) != point:
        yield f"X-APPLE-STRUCTURED-LOCATION {apple.value} is not GEO {values(event, 'GEO')}"
    title, address = param(apple, "X-TITLE") or "", param(apple, "X-ADDRESS")
    location = first(event, "LOCATION")
    if location is None or _text(location) != (title if address is None else f"{title}\n{address}"):
        yield f"LOCATION is not X-TITLE and X-ADDRESS: {values(event, 'LOCATION')}, {title!r}, {address!r}"


def _text(prop: Property) -> str:
    """Return the TEXT of a property, or its value as written if it breaks rule 3."""
    try:
        return prop.text()
    except ValueError:
        return prop.value


def _point(pattern: re.Pattern[str], value: str) -> tuple[float, float] | None:
    match = pattern.fullmatch(value)
    if match is None:
        return None
    latitude, longitude = float(match[1]), float(match[2])
    return (latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None


def names(file: OneFile) -> Iterator[str]:
    """Rule 20: a feed has a name and a poll interval, both in two spellings; a single file has neither, and one UID.

    An event in pieces has one UID for each piece, all derived from the same UID with a suffix before the last `@`.
    """
    calendar = file.calendar
    if file.kind == "feed":
        yield from _feed_names(calendar)
        return
    extra = [prop.name for prop in calendar.properties if prop.name.startswith("X-WR-") or prop.name in _FEED_ONLY]
    yield from (f"{name} in a single file" for name in extra)
    unique_uids = sorted({uid for event in file.events for uid in values(event, "UID")})
    if len({_PIECE.sub("", uid) for uid in unique_uids}) != 1:
        yield f"{len(unique_uids)} UIDs in a single file: {unique_uids}"
    for uid in unique_uids:
        events = [event for event in file.events if values(event, "UID") == [uid]]
        masters = [event for event in events if not event.all("RECURRENCE-ID")]
        if len(masters) != 1 or (len(events) > 1 and not in_series(masters[0])):
            yield f"{len(masters)} masters of {uid} in a single file"


def _feed_names(calendar: Component) -> Iterator[str]:
    name, twin = values(calendar, "NAME"), values(calendar, "X-WR-CALNAME")
    if len(name) != 1 or name != twin or not name[0].strip():
        yield f"NAME is {name}, X-WR-CALNAME {twin}"
    interval, ttl = first(calendar, "REFRESH-INTERVAL"), values(calendar, "X-PUBLISHED-TTL")
    if interval is None or param(interval, "VALUE") != "DURATION":
        yield "no REFRESH-INTERVAL;VALUE=DURATION"
    elif [interval.value] != ttl:
        yield f"REFRESH-INTERVAL is {interval.value}, X-PUBLISHED-TTL {ttl}"
    elif _length(interval.value) < timedelta(hours=1):
        yield f"REFRESH-INTERVAL is {interval.value}"


def _length(value: str) -> timedelta:
    try:
        return sum(duration(value), timedelta(0))
    except ValueError:
        return timedelta(0)
