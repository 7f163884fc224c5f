"""Chooses an event's time zone, with the reason, and checks that a written zone agrees with the place.

The order is: the event's own zone, its venue's, the zone of the venue's coordinates, the zone of its country, and the
calendar's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TypeGuard

from calfeed.diagnostics.problem import Mark, Problem, problem_at
from calfeed.model import Calendar, Venue, ZoneChoice, ZonedTime
from calfeed.values.times import format_offset, format_wall
from calfeed.vtimezone.observances import place_at
from calfeed.zones import tzdb

_FIXED = re.compile(r"EST|MST|HST|Etc/GMT([+-][1-9]\d?)")
_USUAL_PLACES = {"EST": "America/New_York", "MST": "America/Denver", "HST": "Pacific/Honolulu"}
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


def zone_of_place(venue: Venue | None, calendar: Calendar, year: int) -> ZoneChoice | Problem | None:
    """Return the zone, in a given year, of an event without its own zone; None if nothing determines it.

    A problem means that the venue's country or coordinates allow several zones whose clocks differ that year.
    """
    if venue is not None:
        if venue.timezone is not None:
            return ZoneChoice(tzid=venue.timezone, reason="its venue sets it")
        near = _near(venue)
        if near:
            if tzdb.same_offsets(near, year):
                return ZoneChoice(tzid=near[0], reason="its venue's coordinates lie in it")
            if _is_one_of(calendar.timezone, near):
                reason = "it is the calendar's zone, and its venue's coordinates lie in it or near its border"
                return ZoneChoice(tzid=calendar.timezone, reason=reason)
            return _open_zones(venue, near, "lies near the border of")
        country, name = _of_country(venue), venue.address.country
        if country:
            if tzdb.same_offsets(country, year):
                return ZoneChoice(tzid=country[0], reason=f"its venue is in {name}")
            if _is_one_of(calendar.timezone, country):
                reason = f"it is the calendar's zone, and one of several in {name}"
                return ZoneChoice(tzid=calendar.timezone, reason=reason)
            return _open_zones(venue, country, f"is in {name}, which has")
    if calendar.timezone is not None:
        return ZoneChoice(tzid=calendar.timezone, reason="it is the calendar's zone")
    return None


def check_coordinates(venue: Venue | None, year: int) -> Iterator[Problem]:
    """Warn if coordinates are in a zone whose clocks differ from the country's, often because they are swapped."""
    if venue is None or venue.geo is None:
        return
    near, country = _near(venue), _of_country(venue)
    if country and not _share_clocks(near, country, year):
        where = f"in {near[0]}" if near else "at sea"
        message = f"the coordinates of `{venue.name}` lie {where}, but its country is {venue.address.country}"
        hint = "latitude comes first: `[59.44, 24.75]` is Tallinn; check the coordinates, or the country"
        if meant := _slip_of(venue, country):
            hint = f"did you mean `geo: [{meant[0]}, {meant[1]}]`?"
        yield problem_at(venue.mark, "geo-mismatch", message, hint)


def check_name(tzid: str, mark: Mark) -> Iterator[Problem]:
    """Warn about a zone name that stands for an offset instead of a place: its clocks never change."""
    if match := _FIXED.fullmatch(tzid):
        offset = tzdb.offset_at(_ANY_TIME, tzid)
        message = f"`{tzid}` is always at {format_offset(offset)}, summer and winter"
        place = _USUAL_PLACES.get(tzid) or place_at(offset)
        hint = f"use the zone of the place you mean: `{place}`"
        if match[1] and place:
            side = "west" if offset < timedelta(0) else "east"
            hint = f"use the zone of a place with these clocks, such as `{place}`; `{match[1]}` is {side} of Greenwich"
        elif match[1]:
            hint = "no place has these clocks; keep it for a deadline anywhere on Earth, or use the zone of a place"
        yield problem_at(mark, "fixed-zone", message, hint)


def check_place(start: ZonedTime, written: Mark | None, venue: Venue | None, *, is_default: bool) -> Iterator[Problem]:
    """Warn if the clocks of a written zone differ from those at the venue when the event starts.

    Args:
        start: the event's start.
        written: where the event or its defaults write a zone; None if they do not.
        venue: the event's venue.
        is_default: whether `written` is in a _defaults.yaml, where one warning covers all its events.
    """
    if venue is None or not (written or venue.timezone):
        return
    written_zones = (venue.timezone,) if venue.timezone and written else ()
    local_zones = _near(venue) or written_zones or _of_country(venue)
    local_offsets = {tzdb.offset_at(start.instant, zone) for zone in local_zones}
    if not local_zones or tzdb.offset_at(start.instant, start.tzid) in local_offsets:
        return
    there = local_zones[0]
    message = f"the clocks of {start.tzid} differ from those at the venue, which is in {there}"
    hint = f"if you mean the venue's time, write `timezone: {there}`"
    if written and not is_default:
        hint = f"at the venue it is {format_wall(tzdb.wall_at(start.instant, there))} then; {hint}"
    yield problem_at(written or venue.mark, "timezone-mismatch", message, hint)


def _open_zones(venue: Venue, names: Sequence[str], where: str) -> Problem:
    """Return the problem of a place with several possible zones, at the venue, where one fix settles all events."""
    zones = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
    owner = f"the venue `{venue.id}`" if venue.id else "the venue"
    hint = f"write `timezone:` for {owner}" + ("" if venue.geo else ", or its coordinates as `geo:`")
    return problem_at(venue.mark, "ambiguous-zone", f"{owner} {where} zones with different clocks: {zones}", hint)


def _slip_of(venue: Venue, country: Sequence[str]) -> tuple[float, float] | None:
    """Return the coordinates that were probably meant (swapped, or with a sign flipped); None if none fit."""
    latitude, longitude = venue.geo or (0.0, 0.0)
    slips = ((longitude, latitude), (latitude, -longitude), (-latitude, longitude), (-latitude, -longitude))
    # They must be in the country: sharing its clocks is not enough, because about half of all coordinates do.
    return next((slip for slip in slips if abs(slip[0]) <= 90 and set(tzdb.zones_near(*slip)) & set(country)), None)


@cache
def _share_clocks(near: Sequence[str], country: Sequence[str], year: int) -> bool:
    return any(tzdb.same_offsets((a, b), year) for a in near for b in country)


def _near(venue: Venue) -> tuple[str, ...]:
    """Return the zones near a venue's coordinates, limited to those of its country if any match."""
    if venue.geo is None:
        return ()
    near, country = tzdb.zones_near(*venue.geo), _of_country(venue)
    return near if not country else tuple(name for name in near if name in country) or near


def _of_country(venue: Venue) -> tuple[str, ...]:
    return tzdb.zones_of_country(venue.address.country_code or "")


def _is_one_of(tzid: str | None, names: Sequence[str]) -> TypeGuard[str]:
    return tzid is not None and any(tzdb.same_zone(tzid, name) for name in names)
