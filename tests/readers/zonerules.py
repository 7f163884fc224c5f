"""Rules 5, 6, 8 and 9 of the research on clients (§7), where DESIGN.md §5 does not override them: zones and times.

A VTIMEZONE has one of three shapes. Fixed: one STANDARD, without RRULE or RDATE. Pair: one STANDARD and one DAYLIGHT,
each with an endless RRULE. Irregular, only if a series needs it: one observance for each onset, with an RDATE equal to
its DTSTART, optionally followed by such a pair.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from .contentlines import Component, Property, date_time, utc_offset
from .observances import TimeZone, first_onset, is_repeated, is_skipped, timezone
from .onefile import OneFile, first, in_series, label, param, values

_ZONE_RULE = re.compile(r"FREQ=YEARLY;BYMONTH=(?:[1-9]|1[0-2]);BYDAY=-?[1-5](?:SU|MO|TU|WE|TH|FR|SA)")
_HHMM = re.compile(r"[+-][0-9]{4}")
_LOCAL = re.compile(r"[0-9]{8}T[0-9]{6}")
_IANA = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z][A-Za-z0-9_+-]*)*")
_OFFSET_IN_NAME = re.compile(r"[+-][0-9]")
_UNTIL = re.compile(r"(?:^|;)UNTIL=([^;]*)")
_MAX_OBSERVANCES = 25
_MAX_LINES = 20
# First onsets are in 1970 to 1999: clients disagree on times before the first onset, and Outlook on early years.
_ONSET_YEARS = range(1970, 2000)
_ZONED_OR_UTC = frozenset({"DTSTART", "DTEND", "RECURRENCE-ID", "RDATE", "EXDATE"})
_UTC_ONLY = frozenset({"DTSTAMP", "CREATED", "LAST-MODIFIED", "COMPLETED", "ACKNOWLEDGED"})


def zone_shapes(file: OneFile) -> Iterator[str]:
    """Rule 5: only the three shapes; consecutive offsets link up; no COMMENT."""
    for zone in file.calendar.children("VTIMEZONE"):
        tzid = _tzid(zone)
        yield from (f"{tzid}: a COMMENT" for part in zone.walk() for _ in part.all("COMMENT"))
        yield from (f"{tzid}: {fault}" for fault in _shape(zone.components))
        # Another event may use it, too: the text of an event does not depend on its neighbours.
        if _is_irregular(zone) and not any(tzid in _tzids(event) and in_series(event) for event in file.events):
            yield f"{tzid}: irregular, but used by no series"


def _shape(observances: Sequence[Component]) -> Iterator[str]:
    if any(observance.all("RDATE") for observance in observances):
        yield from _irregular(observances)
        return
    standards = [observance for observance in observances if observance.name == "STANDARD"]
    daylights = [observance for observance in observances if observance.name == "DAYLIGHT"]
    if len(standards) != 1 or len(daylights) > 1:
        yield f"{len(standards)} STANDARD and {len(daylights)} DAYLIGHT"
    elif daylights:
        yield from _pair(standards[0], daylights[0])
    elif standards[0].all("RRULE"):
        yield "a fixed zone with an RRULE"
    elif values(standards[0], "TZOFFSETFROM") != values(standards[0], "TZOFFSETTO"):
        yield "a fixed zone with two offsets"


def _pair(standard: Component, daylight: Component) -> Iterator[str]:
    for observance in (standard, daylight):
        rules = values(observance, "RRULE")
        if len(rules) != 1 or not _ZONE_RULE.fullmatch(rules[0]):
            yield f"{observance.name} has the RRULEs {rules}"
    yield from _broken_links([standard, daylight, standard])


def _irregular(observances: Sequence[Component]) -> Iterator[str]:
    if len(observances) > _MAX_OBSERVANCES:
        yield f"{len(observances)} observances"
    # Older changes have dates; the newest may be two yearly rules, which come last.
    rules = [observance for observance in observances if observance.all("RRULE") and not observance.all("RDATE")]
    if rules:
        if rules != list(observances[-2:]):
            yield "yearly rules that are not the last two observances"
        yield from (
            f"{observance.name} has an unexpected RRULE" for observance in rules if not _is_zone_rule(observance)
        )
    for observance in (observance for observance in observances if observance not in rules):
        start, dates = values(observance, "DTSTART"), values(observance, "RDATE")
        if dates != start or any(prop.params for prop in observance.all("RDATE")):
            yield f"RDATE {dates} is not the DTSTART {start}"
        if observance.all("RRULE"):
            yield f"both RRULE and RDATE in {observance.name} {start}"
    starts = [value for observance in observances for value in values(observance, "DTSTART")]
    if any(later <= earlier for earlier, later in pairwise(starts)):
        yield "the newest observance is not the last"
    yield from _broken_links(observances)


def _is_zone_rule(observance: Component) -> bool:
    rules = values(observance, "RRULE")
    return len(rules) == 1 and _ZONE_RULE.fullmatch(rules[0]) is not None


def _broken_links(observances: Sequence[Component]) -> Iterator[str]:
    """Yield each observance that does not start from the offset that the previous one changed to."""
    for before, after in pairwise(observances):
        if values(before, "TZOFFSETTO") != values(after, "TZOFFSETFROM"):
            yield f"{after.name} {values(after, 'DTSTART')} does not start from the offset of {before.name}"


def zone_onsets(file: OneFile) -> Iterator[str]:
    """Rule 6: onsets are local and fit their rule; the first is before 2000 and before every event.

    No onset is before 1970, unless an event is: then the earliest year is the one before the event.
    """
    for zone in file.calendar.children("VTIMEZONE"):
        tzid = _tzid(zone)
        try:
            evaluated = timezone(zone)
        except ValueError as error:
            yield f"{tzid}: {error}"
            continue
        years = [wall.year for event in file.events for prop in event.properties for wall in _walls(prop, tzid)]
        earliest = min([_ONSET_YEARS.start, *(year - 1 for year in years)])
        yield from (f"{tzid}: {fault}" for observance in zone.components for fault in _plain(observance, earliest))
        beginning = first_onset(evaluated)
        if not earliest <= beginning.year < _ONSET_YEARS.stop:
            yield f"{tzid}: the first onset is {beginning}"
        for event in file.events:
            if any(wall <= beginning for prop in event.properties for wall in _walls(prop, tzid)):
                yield f"{tzid}: the first onset {beginning} is not before {label(event)}"


def _plain(observance: Component, earliest: int) -> Iterator[str]:
    for prop in observance.all("DTSTART"):
        if prop.params or not _LOCAL.fullmatch(prop.value) or int(prop.value[:4]) < earliest:
            yield f"{prop.name} {prop.value} has parameters, is not local, or is too early"
    for name in ("TZOFFSETFROM", "TZOFFSETTO"):
        yield from (f"{name} {value}" for value in values(observance, name) if not _is_hhmm(value))


def _is_hhmm(value: str) -> bool:
    try:
        utc_offset(value)
    except ValueError:
        return False
    return _HHMM.fullmatch(value) is not None


def zone_names(file: OneFile) -> Iterator[str]:
    """Rule 8: each TZID used is defined once, before the events, and none is unused; IANA names; short VTIMEZONEs."""
    defined = [_tzid(zone) for zone in file.calendar.children("VTIMEZONE")]
    used = {tzid for component in file.outside_zones() for tzid in _tzids(component)}
    yield from (f"{tzid} is defined twice" for tzid in sorted(set(defined)) if defined.count(tzid) > 1)
    yield from (f"{tzid} is used and not defined" for tzid in sorted(used - set(defined)))
    yield from (f"{tzid} is defined and not used" for tzid in sorted(set(defined) - used))
    for tzid in sorted(used | set(defined)):
        if not _IANA.fullmatch(tzid) or _OFFSET_IN_NAME.search(tzid):
            yield f"{tzid!r} is not a plain IANA name"
    names = [component.name for component in file.calendar.components]
    if "VTIMEZONE" in names[names.index("VEVENT") if "VEVENT" in names else len(names) :]:
        yield "a VTIMEZONE after a VEVENT"
    for zone in file.calendar.children("VTIMEZONE"):
        # For an irregular zone, the number of observances is limited instead.
        if not _is_irregular(zone) and (lines := _lines(zone)) > _MAX_LINES:
            yield f"{_tzid(zone)} has {lines} lines"


def no_floating_times(file: OneFile) -> Iterator[str]:
    """Rule 9: every DATE-TIME has a zone or is in UTC; an event outside a series has an unambiguous start and end."""
    for component in file.outside_zones():
        for prop in component.properties:
            if any(_is_floating(prop, value) for value in prop.value.split(",")):
                yield f"{prop.name}:{prop.value} of {label(component)}"
    for event in file.events:
        yield from (f"{fault} of {label(event)}" for fault in _bad_until(event))
        if not in_series(event):
            yield from (f"{fault} of {label(event)}" for fault in _not_one_instant(event, file))


def _is_floating(prop: Property, value: str) -> bool:
    is_date_time = param(prop, "VALUE") == "DATE-TIME"
    if prop.name in _UTC_ONLY or (prop.name == "TRIGGER" and is_date_time):
        return not value.endswith("Z")
    is_time = is_date_time or prop.name in _ZONED_OR_UTC or prop.name.startswith("X-")
    return is_time and _LOCAL.fullmatch(value) is not None and param(prop, "TZID") is None


def _bad_until(event: Component) -> Iterator[str]:
    """RFC 5545 §3.3.10: UNTIL is a date if DTSTART is one, and in UTC if DTSTART has a zone or is in UTC."""
    start = first(event, "DTSTART")
    all_day = start is not None and "T" not in start.value
    for rule in values(event, "RRULE"):
        for until in _UNTIL.findall(rule):
            if ("T" in until) is all_day or until.endswith("Z") is all_day:
                yield f"UNTIL={until}"


def _not_one_instant(event: Component, file: OneFile) -> Iterator[str]:
    for name in ("DTSTART", "DTEND"):
        for prop in event.all(name):
            for tzid, tz in file.zones.items():
                for wall in _walls(prop, tzid):
                    yield from (f"{name}:{prop.value} {fault}" for fault in _doubts(tz, wall))


def _doubts(tz: TimeZone, wall: datetime) -> Iterator[str]:
    if wall <= first_onset(tz):
        return  # rule 6
    if is_skipped(tz, wall):
        yield f"does not exist in {tz.tzid}"
    if is_repeated(tz, wall):
        yield f"happens twice in {tz.tzid}"


def _walls(prop: Property, tzid: str) -> Iterator[datetime]:
    """Yield a property's wall times in this zone; rule 11 reports values that are not times."""
    if param(prop, "TZID") != tzid:
        return
    for value in prop.value.split(","):
        try:
            yield date_time(value)[0]
        except ValueError:
            continue


def _tzid(zone: Component) -> str:
    prop = first(zone, "TZID")
    return "a VTIMEZONE without TZID" if prop is None else prop.value


def _tzids(component: Component) -> set[str]:
    return {tzid for prop in component.properties if (tzid := param(prop, "TZID")) is not None}


def _is_irregular(zone: Component) -> bool:
    return any(observance.all("RDATE") for observance in zone.components)


def _lines(component: Component) -> int:
    return 2 + len(component.properties) + sum(_lines(child) for child in component.components)
