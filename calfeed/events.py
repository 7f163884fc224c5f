"""One event as written to one event as meant: its zone, its instants, its venue.

Every check runs on whatever fields could be read; a problem that follows from another is not reported.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeGuard

from calfeed import fields, zones
from calfeed.entries import Place, Read
from calfeed.errors import Mark, Problem, error, warning
from calfeed.model import (
    Address,
    AllDay,
    Calendar,
    Event,
    Organizer,
    Timed,
    Venue,
    ZoneChoice,
    ZonedTime,
)
from calfeed.notation import ClockTime, Duration, WrittenTime, format_offset, format_wall
from calfeed.schema import EventEntry, OrganizerEntry, VenueEntry

_FIXED = re.compile(r"EST|MST|HST|Etc/GMT[+-][1-9]\d?")
_STAMPS = ("sequence", "created", "last_modified")
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Surroundings:
    """What an event may refer to.

    A venue that could not be read is None, and so is `venues` if nobody can know which there are.
    """

    calendar: Calendar
    is_zone_broken: bool
    default_duration: Duration | None
    venues: Mapping[str, Venue | None] | None


def resolve_event(
    read: Read[EventEntry], place: Place, event_id: str, around: Surroundings
) -> tuple[Event | None, tuple[Problem, ...]]:
    """Return the event an entry stands for, and the problems found; None where there is no knowing when it is."""
    return _Resolver(read, place, around).resolve(event_id)


def resolve_venue(venue_id: str | None, entry: VenueEntry, mark: Mark) -> Venue:
    """Return the venue an entry stands for."""
    address = entry.address
    resolved = Address()
    if address is not None:
        resolved = Address(
            street=address.street,
            locality=address.locality,
            region=address.region,
            postal_code=address.postal_code,
            country=address.country.name if address.country else None,
            country_code=address.country.alpha_2 if address.country else None,
        )
    return Venue(
        id=venue_id,
        name=entry.name or "?",
        address=resolved,
        geo=entry.geo,
        timezone=entry.timezone,
        url=entry.url,
        mark=mark,
    )


def resolve_organizer(entry: OrganizerEntry | str | None) -> Organizer | None:
    """Return the organizer, written as a mapping or as a name alone."""
    if isinstance(entry, OrganizerEntry):
        return Organizer(name=entry.name, email=entry.email, url=entry.url)
    return None if entry is None else Organizer(name=entry)


class _Resolver:
    """Resolves one event; every method notes the problems it meets and returns what it could find out."""

    def __init__(self, read: Read[EventEntry], place: Place, around: Surroundings) -> None:
        self._entry = read.entry
        self._broken = read.broken
        self._place = place
        self._around = around
        self._problems: list[Problem] = []

    def resolve(self, event_id: str) -> tuple[Event | None, tuple[Problem, ...]]:
        entry = self._entry
        venue = self._venue()
        self._check_description()
        when, zone = self._when(venue)
        stamp_zone = zone.tzid if zone else self._around.calendar.timezone or "UTC"
        created = self._stamp("created", stamp_zone)
        last_modified = self._stamp("last_modified", stamp_zone)
        if when is None:
            return None, tuple(self._problems)
        event = Event(
            id=event_id,
            uid=entry.uid or f"{event_id}@{self._around.calendar.id}",
            summary=entry.summary or "?",
            when=when,
            zone=zone,
            status=entry.status,
            venue=venue,
            online=entry.online,
            description=entry.description,
            url=entry.url,
            categories=tuple(dict.fromkeys(entry.categories)),
            organizer=resolve_organizer(entry.organizer),
            image=entry.image,
            busy=entry.busy,
            reminders=tuple(dict.fromkeys(entry.reminders)),
            properties=tuple(sorted(entry.properties.items())),
            created=created,
            last_modified=last_modified,
            sequence=entry.sequence,
            mark=self._place.mark("id" if entry.id else "summary"),
            stamp_marks=tuple((key, self._place.mark(key)) for key in _STAMPS if getattr(entry, key) is not None),
        )
        return event, tuple(self._problems)

    # -- venue and text

    def _venue(self) -> Venue | None:
        written = self._entry.venue
        if isinstance(written, VenueEntry):
            if written.name is None:
                self._report(self._place.mark("venue"), "missing-key", "`name` is missing", "add a line `name: …`")
            return resolve_venue(None, written, self._place.mark("venue"))
        known = self._around.venues
        if written is None or known is None:
            return None
        if written in known:
            return known[written]
        hint = fields.did_you_mean(written, known, f"add `{written}:` to venues.yaml, or write the venue in place")
        self._report(self._place.mark("venue"), "unknown-venue", f"there is no venue `{written}`", hint)
        return None

    def _check_description(self) -> None:
        tag = fields.find_html(self._entry.description or "")
        if tag:
            message = f"`{tag}` is HTML; readers will see it as it is written"
            hint = "use Markdown, or put it in `backquotes` if it is meant to be seen"
            self._warn(self._place.mark_within("description", tag), "html-in-description", message, hint)

    def _stamp(self, key: str, tzid: str) -> datetime | None:
        """Return an instant of the event's history: local like every time, a date alone as its midnight."""
        written = self._entry.created if key == "created" else self._entry.last_modified
        if written is None:
            return None
        if not isinstance(written, WrittenTime):
            written = WrittenTime(datetime.combine(written, time()))
        zoned = self._zoned(written, tzid, key)
        return zoned.instant if zoned else None

    # -- when

    def _when(self, venue: Venue | None) -> tuple[AllDay | Timed | None, ZoneChoice | None]:
        start = self._entry.start
        if self._entry.end is not None and self._entry.duration is not None:
            hint = "delete one of the two"
            mark = self._place.key_mark("duration")
            self._report(mark, "end-and-duration", "an event has an `end` or a `duration`, not both", hint)
            return None, None
        if start is None:
            return None, None
        if self._entry.end_timezone and (
            not isinstance(start, WrittenTime) or not (self._entry.end or self._entry.duration)
        ):
            hint = "leave it out, or write the time the event ends"
            message = "there is no time whose zone this could be"
            self._warn(self._place.key_mark("end_timezone"), "unused-key", message, hint)
        if not isinstance(start, WrittenTime):
            zone = self._zone(venue, start.year, required=False)
            return self._all_day(start), zone
        zone = self._zone(venue, start.wall.year, required=True)
        if zone is None:
            return None, None
        self._check_name(zone.tzid, venue)
        when = self._timed(start, zone.tzid)
        if when is not None:
            self._check_place(when.start, zone, venue)
        return when, zone

    def _all_day(self, first: date) -> AllDay | None:
        end, duration = self._entry.end, self._entry.duration
        if isinstance(end, WrittenTime | ClockTime):
            hint = f"write the start's time, or a date as `end` (the last day, inclusive): `{first}`"
            self._report(self._place.mark("end"), "mixed-end", "the event begins on a day and ends at a time", hint)
            return None
        if duration is not None:
            if duration.seconds:
                hint = "write whole days (`3d`), or give `start` a time"
                message = "an event of whole days cannot last hours and minutes"
                self._report(self._place.mark("duration"), "mixed-end", message, hint)
                return None
            return AllDay(first, first + timedelta(days=duration.days - 1))
        if isinstance(end, date):
            if end < first:
                hint = f"the last day is the first or a later one: `end: {first}` or leave it out"
                self._report(self._place.mark("end"), "end-before-start", f"{end} is before {first}", hint)
                return None
            return AllDay(first, end)
        return AllDay(first, first)

    def _timed(self, start: WrittenTime, tzid: str) -> Timed | None:
        begin = self._zoned(start, tzid, "start")
        if begin is None:
            return None
        duration = self._entry.duration
        if self._entry.end is not None:
            return self._timed_to(begin, self._entry.end)
        if self._broken & {"end", "duration"}:
            return Timed(begin, None)
        if duration is None and self._around.default_duration is not None:
            duration = self._around.default_duration
        if duration is None:
            hint = "write `end` or `duration`, or `default_duration` in calendar.yaml; unknown is allowed"
            message = "the event has no end; calendars show it as a moment"
            self._warn(self._place.mark("start"), "missing-end", message, hint)
            return Timed(begin, None)
        end = self._after(begin, duration)
        return None if end is None else Timed(begin, end)

    def _timed_to(self, begin: ZonedTime, end: date | WrittenTime | ClockTime) -> Timed | None:
        tzid = self._entry.end_timezone or begin.tzid
        mark = self._place.mark("end")
        if isinstance(end, ClockTime):
            if self._is_start_utc():
                message = "the start is given in UTC, the end as a local time"
                hint = "write both alike: give the end a date and a `Z`, or the start its local time"
                self._report(mark, "mixed-end", message, hint)
                return None
            midnight = datetime.combine(begin.wall.date(), time())
            end = WrittenTime(midnight + end.since_midnight)
            skipped = zones.resolve_wall(end.wall, tzid)
            if end.wall.date() != begin.wall.date() and isinstance(skipped, zones.Skipped):
                # 24:00 is the end of the day even where the clocks skip the midnight after it.
                return Timed(begin, ZonedTime(zones.wall_at(skipped.change, tzid), tzid, skipped.change))
        elif not isinstance(end, WrittenTime):
            if end < begin.wall.date():
                hint = f"write the day and time it ends: `{begin.wall.date()} 18:00`"
                self._report(mark, "end-before-start", f"{end} is before {begin.wall.date()}", hint)
                return None
            message = "the event begins at a time and ends on a day"
            hint = (
                f"write the time it ends (`{end} 18:00`, `{end} 24:00`), or make `start` a date: `{begin.wall.date()}`"
            )
            self._report(mark, "mixed-end", message, hint)
            return None
        finish = self._zoned(end, tzid, "end")
        if finish is None:
            return None
        if finish.instant <= begin.instant:
            self._report(mark, "end-before-start", *_words_for_order(begin, finish))
            return None
        return Timed(begin, finish)

    def _is_start_utc(self) -> bool:
        start = self._entry.start
        return isinstance(start, WrittenTime) and start.is_utc

    def _after(self, begin: ZonedTime, duration: Duration) -> ZonedTime | None:
        """Return the end of a duration: days are nominal, then hours elapse (RFC 5545 §3.3.6)."""
        instant = begin.instant
        if duration.days:
            wall = begin.wall + timedelta(days=duration.days)
            resolved = zones.resolve_wall(wall, begin.tzid)
            if not isinstance(resolved, datetime):
                self._report_end(wall, begin.tzid, resolved)
                return None
            instant = resolved
        instant += timedelta(seconds=duration.seconds)
        tzid = self._entry.end_timezone or begin.tzid
        return ZonedTime(zones.wall_at(instant, tzid), tzid, instant)

    def _report_end(self, wall: datetime, tzid: str, resolved: zones.Skipped | zones.Repeated) -> None:
        """Report that days after the start the clocks do not show its time once."""
        mark = self._place.mark("duration" if self._entry.duration is not None else "start")
        shown = format_wall(wall)
        before, after = format_offset(resolved.before), format_offset(resolved.after)
        if isinstance(resolved, zones.Repeated):
            message = f"the event would end at {shown}, which happens twice in {tzid}"
            hint = f"write `end: {shown}{before}` or `end: {shown}{after}`, or the duration in hours"
            self._report(mark, "ambiguous-time", message, hint)
        else:
            message = f"the event would end at {shown}, which does not exist in {tzid}"
            later = format_wall(wall + resolved.after - resolved.before)
            hint = f"the clocks go from {before} to {after}; write `end: {later}`, or the duration in hours"
            self._report(mark, "nonexistent-time", message, hint)

    def _zoned(self, written: WrittenTime, tzid: str, key: str) -> ZonedTime | None:
        """Return a written time in its zone; report a time that is not exactly one instant there."""
        if written.offset is not None:
            return self._with_offset(written, written.offset, tzid, key)
        resolved = zones.resolve_wall(written.wall, tzid)
        if isinstance(resolved, datetime):
            return ZonedTime(written.wall, tzid, resolved)
        mark = self._place.mark(key)
        shown = format_wall(written.wall)
        before, after = format_offset(resolved.before), format_offset(resolved.after)
        if isinstance(resolved, zones.Skipped):
            leaves = format_wall((resolved.change + resolved.before).replace(tzinfo=None))
            arrives = format_wall((resolved.change + resolved.after).replace(tzinfo=None))
            hint = (
                f"the clocks jump from {leaves} ({before}) to {arrives} ({after}); "
                f"write `{format_wall(written.wall + resolved.after - resolved.before)}` or an earlier time"
            )
            self._report(mark, "nonexistent-time", f"{shown} does not exist in {tzid}", hint)
        else:
            hint = f"write which: `{shown}{before}` for the first, `{shown}{after}` for the second"
            self._report(mark, "ambiguous-time", f"{shown} happens twice in {tzid}", hint)
        return None

    def _with_offset(self, written: WrittenTime, offset: timedelta, tzid: str, key: str) -> ZonedTime | None:
        instant = (written.wall - offset).replace(tzinfo=UTC)
        actual = zones.offset_at(instant, tzid)
        if written.is_utc:
            return ZonedTime(zones.wall_at(instant, tzid), tzid, instant)
        if actual == offset:
            return ZonedTime(written.wall, tzid, instant)
        resolved = zones.resolve_wall(written.wall, tzid)
        shown = format_wall(written.wall)
        if isinstance(resolved, datetime):
            right = format_offset(zones.offset_at(resolved, tzid))
            hint = f"{tzid} is at {right} then: write `{shown}{right}`, or `{shown}` alone"
        elif isinstance(resolved, zones.Repeated):
            before, after = format_offset(resolved.before), format_offset(resolved.after)
            hint = f"it happens twice: write `{shown}{before}` for the first, `{shown}{after}` for the second"
        else:
            later = format_wall(written.wall + resolved.after - resolved.before)
            hint = f"the clocks of {tzid} skip this time: write `{later}` or an earlier time"
        message = f"{tzid} is not at {format_offset(offset)} at {shown}"
        self._report(self._place.mark(key), "wrong-offset", message, hint)
        return None

    # -- which zone

    def _zone(self, venue: Venue | None, year: int, *, required: bool) -> ZoneChoice | None:
        """Choose the zone: the event's, its venue's, its venue's coordinates' or country's, the calendar's."""
        calendar = self._around.calendar
        if self._entry.timezone is not None:
            default = self._place.defaults.get("timezone")
            return ZoneChoice(tzid=self._entry.timezone, reason=f"{default.path if default else 'the event'} says so")
        if self._broken & {"timezone", "venue"} or (self._entry.venue is not None and venue is None):
            return None
        if venue is not None:
            if venue.timezone is not None:
                return ZoneChoice(tzid=venue.timezone, reason="its venue says so")
            near = _near(venue)
            self._check_coordinates(venue, near, year)
            if near:
                if zones.same_offsets(near, year):
                    return ZoneChoice(tzid=near[0], reason="its venue's coordinates lie in it")
                if _is_one_of(calendar.timezone, near):
                    reason = "it is the calendar's, and its venue's coordinates lie in it or near its border"
                    return ZoneChoice(tzid=calendar.timezone, reason=reason)
                self._report_zones(venue, near, "lies near the border of", required=required)
                return None
            country = zones.zones_of_country(venue.address.country_code or "")
            if country:
                name = venue.address.country
                if zones.same_offsets(country, year):
                    return ZoneChoice(tzid=country[0], reason=f"its venue is in {name}")
                if _is_one_of(calendar.timezone, country):
                    return ZoneChoice(
                        tzid=calendar.timezone, reason=f"it is the calendar's, and one of several in {name}"
                    )
                self._report_zones(venue, country, f"is in {name}, which has", required=required)
                return None
        if calendar.timezone is not None:
            return ZoneChoice(tzid=calendar.timezone, reason="it is the calendar's")
        if required and not self._around.is_zone_broken:
            hint = "write `timezone:` in the event, its venue or calendar.yaml, such as `Europe/Tallinn`"
            message = "there is no telling in which time zone this is"
            self._report(self._place.mark("start"), "missing-timezone", message, hint)
        return None

    def _report_zones(self, venue: Venue, names: Sequence[str], where: str, *, required: bool) -> None:
        """Report that a place leaves the zone open. Whole days need no zone, so for them that is no problem."""
        if not required:
            return
        shown = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
        owner = f"the venue `{venue.id}`" if venue.id else "the venue"
        hint = f"write `timezone:` for {owner}" + ("" if venue.geo else ", or its coordinates as `geo:`")
        message = f"{owner} {where} zones with different clocks: {shown}"
        # At the venue, where it is settled once for all its events.
        self._problems.append(error(venue.mark, "ambiguous-zone", message, hint))

    def _check_name(self, tzid: str, venue: Venue | None) -> None:
        """Warn of names that stand for an offset and for no place: their clocks never change."""
        if not _FIXED.fullmatch(tzid):
            return
        mark = self._around.calendar.mark
        if self._entry.timezone is not None:
            mark = self._place.mark("timezone")
        elif venue is not None and venue.timezone is not None:
            mark = venue.mark
        message = f"`{tzid}` is always at {format_offset(zones.offset_at(_ANY_TIME, tzid))}, summer and winter"
        self._problems.append(
            warning(mark, "fixed-zone", message, "name a place whose clocks you mean: `America/New_York`")
        )

    def _check_coordinates(self, venue: Venue, near: Sequence[str], year: int) -> None:
        """Warn where coordinates lie under other clocks than their country, as they do when they are swapped."""
        country = zones.zones_of_country(venue.address.country_code or "")
        if venue.geo and country and not any(zones.same_offsets((a, b), year) for a in near for b in country):
            where = f"in {near[0]}" if near else "at sea"
            message = f"the coordinates of `{venue.name}` lie {where}, not in {venue.address.country}"
            hint = "latitude comes first: `[59.44, 24.75]` is Tallinn; check them, or the country"
            self._problems.append(warning(venue.mark, "geo-mismatch", message, hint))

    def _check_place(self, start: ZonedTime, zone: ZoneChoice, venue: Venue | None) -> None:
        """Warn where a zone somebody wrote has other clocks than the venue's place at that instant."""
        if venue is None or not (self._entry.timezone or venue.timezone):
            return
        said = (venue.timezone,) if venue.timezone and self._entry.timezone else ()
        local = _near(venue) or said or zones.zones_of_country(venue.address.country_code or "")
        offsets = {zones.offset_at(start.instant, name): name for name in reversed(local)}
        if local and zones.offset_at(start.instant, zone.tzid) not in offsets:
            there = local[0]
            mark = self._place.mark("timezone") if self._entry.timezone else venue.mark
            message = f"{zone.tzid} has other clocks than the venue, which is in {there}"
            hint = f"if the venue's time is meant, write `timezone: {there}`"
            if self._entry.timezone and "timezone" not in self._place.defaults:
                hint = f"at the venue it is {format_wall(zones.wall_at(start.instant, there))} then; {hint}"
            self._problems.append(warning(mark, "timezone-mismatch", message, hint))

    # -- problems

    def _report(self, mark: Mark, code: str, message: str, hint: str) -> None:
        self._problems.append(error(mark, code, message, hint, *self._asker(mark)))

    def _warn(self, mark: Mark, code: str, message: str, hint: str) -> None:
        self._problems.append(warning(mark, code, message, hint, *self._asker(mark)))

    def _asker(self, mark: Mark) -> tuple[Mark, ...]:
        """Return the event's own mark for a problem that stands elsewhere, in a _defaults.yaml."""
        return () if mark.path == self._place.document.path else (self._place.mark("summary"),)


def _words_for_order(begin: ZonedTime, finish: ZonedTime) -> tuple[str, str]:
    """Return message and hint for an end that is not after its start."""
    if finish.instant == begin.instant:
        return "the event ends when it begins", "write a later `end`, or leave it out if it is not known"
    zone = "" if finish.tzid == begin.tzid else f" {finish.tzid}"
    origin = f" {begin.tzid}" if zone else ""
    message = f"{format_wall(finish.wall)}{zone} is before the start, {format_wall(begin.wall)}{origin}"
    if begin.instant - finish.instant < timedelta(days=1):
        following = format_wall(finish.wall + timedelta(days=1))
        return message, f"if it ends on the next day, write `end: {following}`"
    days = (begin.instant - finish.instant).days
    return message, f"the end is {days:,} days too early: check year, month and day of both"


def _near(venue: Venue) -> tuple[str, ...]:
    """Return the zones around a venue's coordinates, those of its country if any of them are."""
    if venue.geo is None:
        return ()
    near = zones.zones_near(*venue.geo)
    country = zones.zones_of_country(venue.address.country_code or "")
    return tuple(name for name in near if name in country) or near


def _is_one_of(tzid: str | None, names: Sequence[str]) -> TypeGuard[str]:
    return tzid is not None and any(zones.same_zone(tzid, name) for name in names)
