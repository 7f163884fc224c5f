"""Time zones: their names, where they apply, and conversion between wall times and instants.

Zone data comes only from pytz's files, read with the standard library's `ZoneInfo`, which also follows the rule in a
file's footer after 2037. The operating system's copy is never used: it is often older, and a build must give the same
result on every machine.
"""

from __future__ import annotations

from calendar import isleap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from io import BytesIO
from math import cos, radians
from zoneinfo import ZoneInfo

import pytz

from calfeed.diagnostics.spelling import fold_name, nearest
from calfeed.zones.nicknames import zone_of_place

TZDB_VERSION: str = pytz.OLSON_VERSION
"""The IANA tz database version in use, such as `2026f`."""

_KM_PER_DEGREE = 111.32
_BORDER_KM = 2.0
# The tz database lists zones by ISO 3166-1, which lacks Kosovo. Its clocks show the same time as in Belgrade.
_ZONES_BEYOND_ISO = {"XK": ("Europe/Belgrade",)}


@dataclass(frozen=True, slots=True)
class Skipped:
    """A wall time that the clocks skip: at `change`, the UTC offset goes from `before` to `after`."""

    change: datetime
    before: timedelta
    after: timedelta


@dataclass(frozen=True, slots=True)
class OffsetChange:
    """An instant, to the second, at which a zone changes from one UTC offset to another."""

    instant: datetime
    before: timedelta
    after: timedelta

    @property
    def walls(self) -> tuple[datetime, datetime]:
        """The bounds of the naive wall times that it skips or repeats; the second is excluded."""
        leaves, arrives = (self.instant.replace(tzinfo=None) + offset for offset in (self.before, self.after))
        return min(leaves, arrives), max(leaves, arrives)


@dataclass(frozen=True, slots=True)
class Repeated:
    """A wall time that happens twice: first at UTC offset `before`, then at `after`."""

    before: timedelta
    after: timedelta


def is_zone(tzid: str) -> bool:
    """Return whether `tzid` is a name in the tz database, including links but not `Factory`."""
    return tzid in pytz.all_timezones_set and tzid != "Factory"


def zone_names() -> tuple[str, ...]:
    """Return every name in the tz database except `Factory`, sorted."""
    return tuple(name for name in pytz.all_timezones if name != "Factory")


def suggest_zone(text: str) -> str | None:
    """Return the zone probably meant by a different spelling, a city, another name or a typo; None if unclear."""
    if len(text) > 60:
        return None
    *areas, city = [fold_name(part) for part in text.split("/")]
    names, cities = _names_by_spelling()
    if name := names.get(text.casefold()) or names.get("/".join((*areas, city))):
        return name
    if place := zone_of_place(text.rpartition("/")[2]):
        across = {*areas[:1], fold_name(place.partition("/")[0])} == {"america", "europe"}
        return None if across else place  # the Birmingham we know is not in America
    if city in cities:
        return cities[city]
    if len(city) < 4 or not city.isalpha():  # too short to tell a typo from an abbreviation, or an offset
        return None
    near = nearest(city, cities)
    zone = cities[near] if near else None
    return zone if zone and (not areas or nearest(areas[0], [fold_name(zone.partition("/")[0])])) else None


@cache
def _names_by_spelling() -> tuple[dict[str, str], dict[str, str]]:
    """Return the zones by full name and by city, both without case, spaces and punctuation."""
    plain = {
        "/".join(fold_name(part) for part in name.split("/")): name
        for name in zone_names()
        if not any(c.isdigit() for c in name)  # `GMT+3` and `GMT-3` differ in punctuation
    }
    # Several names may contain the same city: those among pytz's common zones win.
    ordered = [*plain.items(), *((key, name) for key, name in plain.items() if name in pytz.common_timezones_set)]
    cities = {
        key.rpartition("/")[2]: name
        for key, name in ordered
        if "/" in key and not name.startswith(("Etc/", "Brazil/", "Chile/", "Mexico/", "Australia/West"))
    }
    return {**plain, **{name.casefold(): name for name in zone_names()}}, cities


# -- wall time and instants -------------------------------------------------------------------------------------


def resolve_wall(wall: datetime, tzid: str) -> datetime | Skipped | Repeated:
    """Return the instant (aware, UTC) of a naive wall time, or why it has none or two."""
    zone = _zone(tzid)
    before = _offset(wall.replace(tzinfo=zone, fold=0))
    after = _offset(wall.replace(tzinfo=zone, fold=1))
    # PEP 495: in a gap, fold=0 gives the smaller offset, from before the gap; in a repeated hour, the larger one.
    if before == after:
        return (wall - before).replace(tzinfo=UTC)
    if before > after:
        return Repeated(before, after)
    change = _change_between(tzid, (wall - after).replace(tzinfo=UTC), (wall - before).replace(tzinfo=UTC))
    return Skipped(change, before, after)


def offset_at(instant: datetime, tzid: str) -> timedelta:
    """Return the UTC offset of a zone at an instant."""
    return _offset(instant.astimezone(_zone(tzid)))


def wall_at(instant: datetime, tzid: str) -> datetime:
    """Return the naive wall time of an instant (aware) in a zone."""
    return instant.astimezone(_zone(tzid)).replace(tzinfo=None, fold=0)


def offset_changes(tzid: str, start: datetime, end: datetime) -> Iterator[OffsetChange]:
    """Yield the zone's offset changes in (start, end], in order.

    Two changes that undo each other within twelve hours would be missed, but the tz database has none.
    """
    for year in range(start.year, end.year + 1):
        yield from (change for change in _changes_of_year(tzid, year) if start < change.instant <= end)


def same_offsets(tzids: Sequence[str], year: int) -> bool:
    """Return whether the zones have the same offset at every instant of a year (in UTC)."""
    return len({_year_of_offsets(tzid, year) for tzid in tzids}) <= 1


def same_zone(tzid: str, other: str) -> bool:
    """Return whether two names mean the same zone: one is an alias of the other, or both are aliases of a third."""
    return tzid == other or _data(tzid) == _data(other)


def footer(tzid: str) -> str:
    """Return the rule that applies after the last listed change: a POSIX TZ string (RFC 9636 §3.3)."""
    return _data(tzid).rstrip(b"\n").rsplit(b"\n", 1)[-1].decode("ascii")


@cache
def _data(tzid: str) -> bytes:
    with pytz.open_resource(tzid) as file:
        data: bytes = file.read()
    return data


@cache
def _zone(tzid: str) -> ZoneInfo:
    return ZoneInfo.from_file(BytesIO(_data(tzid)), key=tzid)


def _offset(moment: datetime) -> timedelta:
    offset = moment.utcoffset()
    return timedelta(0) if offset is None else offset


def _change_between(tzid: str, left: datetime, right: datetime) -> datetime:
    """Return the first instant, in whole seconds, with the offset of `right`; found by bisection."""
    target = offset_at(right, tzid)
    low, high = 0, int((right - left).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if offset_at(left + timedelta(seconds=middle), tzid) == target:
            high = middle
        else:
            low = middle
    return left + timedelta(seconds=high)


@cache
def _changes_of_year(tzid: str, year: int) -> tuple[OffsetChange, ...]:
    """Return the changes in a UTC year, excluding the instant at which it begins and including the one at its end."""
    step = timedelta(hours=12)
    zone = _zone(tzid)
    # For speed over hundreds of instants: UTC digits labelled with the zone, which `fromutc` accepts directly.
    left = datetime(year, 1, 1, tzinfo=zone)
    end = left + timedelta(days=366 if isleap(year) else 365)
    before = zone.fromutc(left) - left
    changes = []
    while left < end:
        right = left + step
        after = zone.fromutc(right) - right
        if after != before:
            change = _change_between(tzid, left.replace(tzinfo=UTC), right.replace(tzinfo=UTC))
            changes.append(OffsetChange(change, before, after))
        left, before = right, after
    return tuple(changes)


@cache
def _year_of_offsets(tzid: str, year: int) -> tuple[object, ...]:
    return (offset_at(datetime(year, 1, 1, tzinfo=UTC), tzid), *_changes_of_year(tzid, year))


# -- places -----------------------------------------------------------------------------------------------------


@cache
def zones_of_country(alpha_2: str) -> tuple[str, ...]:
    """Return the zones of a country in pytz's order, most important first; empty if it is uninhabited."""
    return _ZONES_BEYOND_ISO.get(alpha_2) or tuple(pytz.country_timezones.get(alpha_2, ()))


@cache
def zones_near(latitude: float, longitude: float) -> tuple[str, ...]:
    """Return the zones of a point, then those of eight points 2 km around it; empty at sea."""
    import tzfpy  # loads a map of the world, which only projects with coordinates need

    tzids: dict[str, None] = {}
    for north, east in ((0, 0), (1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1)):
        scale = _BORDER_KM / _KM_PER_DEGREE / (2**0.5 if north and east else 1)
        lat = max(-90.0, min(90.0, latitude + north * scale))
        lon = longitude + east * scale / max(cos(radians(lat)), 0.01)
        for tzid in tzfpy.get_tzs((lon + 180) % 360 - 180, lat):
            if not tzid.startswith("Etc/") and is_zone(tzid):
                tzids[tzid] = None
    return tuple(tzids)
