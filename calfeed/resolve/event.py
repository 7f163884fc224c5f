"""Resolves the entry of one event into an `Event`: its zone, its instants, its venue.

All checks run on the fields that could be read. Problems that only follow from another are not reported.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property

from calfeed.diagnostics.problem import Mark, Problem
from calfeed.diagnostics.spelling import did_you_mean, fold_name
from calfeed.model import (
    Address,
    AllDay,
    Calendar,
    Event,
    EventLink,
    Organizer,
    Recurrence,
    Timed,
    Venue,
    ZoneChoice,
    ZonedTime,
)
from calfeed.resolve import zone_choice
from calfeed.resolve.notes import Notes
from calfeed.resolve.prose import check_markdown
from calfeed.resolve.series import SeriesResolver
from calfeed.series.expand import Effort
from calfeed.series.local_time import end_after, end_of_day, to_zoned
from calfeed.source.entries import Place, Read
from calfeed.source.schema import EventEntry, LinkEntry, OrganizerEntry, VenueEntry
from calfeed.values import ids, texts
from calfeed.values.times import ClockTime, Duration, WrittenTime, format_wall

_STAMPS = ("sequence", "created", "last_modified")


@dataclass(frozen=True)
class Surroundings:
    """What events may refer to.

    A venue that could not be read is None; `venues` is None if venues.yaml is unusable.
    """

    calendar: Calendar
    is_zone_broken: bool
    default_duration: Duration | None
    venues: Mapping[str, Venue | None] | None

    @cached_property
    def ids_by_name(self) -> Mapping[str, str]:
        """Venue ids by name, ignoring case, accents and punctuation; the first of equal names wins."""
        ids_by_name: dict[str, str] = {}
        for venue_id, venue in (self.venues or {}).items():
            if venue is not None:
                ids_by_name.setdefault(fold_name(venue.name), venue_id)
        return ids_by_name


def resolve_event(
    read: Read[EventEntry],
    place: Place,
    event_id: str,
    around: Surroundings,
    effort: Effort,
    checked: str | None = None,
) -> tuple[Event | None, tuple[Problem, ...]]:
    """Return the event that an entry describes, and its problems; None instead of an event without a usable time.

    Args:
        read: the entry as read.
        place: where the entry is.
        event_id: the id of the event.
        around: what the event may refer to.
        effort: the budget shared by all series in the file.
        checked: for an occurrence, the description of its series, which is already checked.
    """
    return _Resolver(read, place, around, effort, checked).resolve(event_id)


def resolve_venue(venue_id: str | None, entry: VenueEntry, mark: Mark) -> Venue:
    """Return the venue that an entry describes."""
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
        is_shared=entry.shared,
        mark=mark,
    )


def resolve_organizer(entry: OrganizerEntry | str | None) -> Organizer | None:
    """Return the organizer from a mapping or a plain name."""
    if isinstance(entry, OrganizerEntry):
        return Organizer(name=entry.name, email=entry.email, url=entry.url)
    return None if entry is None else Organizer(name=entry)


def resolve_link(entry: LinkEntry) -> EventLink:
    """Return the link an entry stands for."""
    return EventLink(url=entry.url, rel=entry.rel, name=entry.name)


class _Resolver:
    """Resolves one event. Every method records its problems and returns whatever it could resolve."""

    def __init__(
        self, read: Read[EventEntry], place: Place, around: Surroundings, effort: Effort, checked: str | None
    ) -> None:
        self._entry = read.entry
        self._broken = read.broken
        self._place = place
        self._around = around
        self._checked = checked
        self._effort = effort
        self._notes = Notes(place)

    def resolve(self, event_id: str) -> tuple[Event | None, tuple[Problem, ...]]:
        entry = self._entry
        venue = self._venue()
        self._check_description()
        when, zone = self._when(venue)
        stamp_zone = zone.tzid if zone else self._around.calendar.timezone or "UTC"
        created = self._stamp("created", stamp_zone)
        last_modified = self._stamp("last_modified", stamp_zone)
        if when is None:
            return None, tuple(self._notes.problems)
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
            links=tuple(dict.fromkeys(resolve_link(link) for link in entry.links)),
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
        recurrence = self._series(event)
        if recurrence is not None:
            event = replace(event, recurrence=recurrence)
        return event, tuple(self._notes.problems)

    def _series(self, event: Event) -> Recurrence | None:
        def resolve(entry: EventEntry, place: Place) -> Event | None:
            read = Read(entry, frozenset(), ())
            occurrence, problems = resolve_event(
                read, place, event.id, self._around, self._effort, self._entry.description
            )
            self._notes.problems += problems
            return occurrence

        series = SeriesResolver(self._entry, self._broken, self._place, self._notes, resolve, self._effort)
        return series.resolve(event)

    # -- venue and text

    def _venue(self) -> Venue | None:
        written = self._entry.venue
        if isinstance(written, VenueEntry):
            if written.name is None:
                self._notes.report(
                    self._place.mark("venue"), "missing-key", "`name` is missing", "add a line `name: …`"
                )
            return resolve_venue(None, written, self._place.mark("venue"))
        venues = self._around.venues
        if written is None or venues is None:
            return None
        if written in venues:
            return venues[written]
        id_of_name = self._around.ids_by_name.get(fold_name(written))
        hint = did_you_mean(written, venues, _hint_for_place(written))
        if id_of_name:
            hint = f"write its id: `venue: {id_of_name}`"
        self._notes.report(self._place.mark("venue"), "unknown-venue", f"there is no venue `{written}`", hint)
        return None

    def _check_description(self) -> None:
        description = self._entry.description
        if description is None or description is self._checked:
            return
        self._notes.take(check_markdown(description, self._place, "description"))
        tag = texts.find_html(description)
        if tag:
            message = f"`{tag}` is HTML, which readers will see as plain text"
            hint = "use Markdown; if readers should see the tag, put it in `backquotes`"
            self._notes.report(self._place.mark_within("description", tag), "html-in-description", message, hint)

    def _stamp(self, key: str, tzid: str) -> datetime | None:
        """Return `created` or `last_modified` as an instant. Both are local times; a date alone means midnight."""
        written = self._entry.created if key == "created" else self._entry.last_modified
        if written is None:
            return None
        if not isinstance(written, WrittenTime):
            written = WrittenTime(datetime.combine(written, time()))
        zoned = self._notes.attempt_at(key, to_zoned, written, tzid)
        return zoned.instant if zoned else None

    # -- when

    def _when(self, venue: Venue | None) -> tuple[AllDay | Timed | None, ZoneChoice | None]:
        start = self._entry.start
        if self._entry.end is not None and self._entry.duration is not None:
            hint = "delete one of them"
            mark = self._place.key_mark("duration")
            message = "an event can have an `end` or a `duration`, but not both"
            self._notes.report(mark, "end-and-duration", message, hint)
            return None, None
        if start is None:
            return None, None
        duration = self._entry.duration or self._around.default_duration
        if self._entry.end_timezone and (not isinstance(start, WrittenTime) or not (self._entry.end or duration)):
            hint = "leave it out, or write the time the event ends"
            message = "`end_timezone` is given without an end time"
            self._notes.report(self._place.key_mark("end_timezone"), "unused-key", message, hint)
        if not isinstance(start, WrittenTime):
            return self._all_day(start), self._zone(venue, start.year, required=False)
        zone = self._zone(venue, start.wall.year, required=True)
        if zone is None:
            return None, None
        written = self._place.mark("timezone") if self._entry.timezone else None
        owner = written or (venue.mark if venue and venue.timezone else self._around.calendar.mark)
        self._notes.problems += zone_choice.check_name(zone.tzid, owner)
        when = self._timed(start, zone.tzid)
        if when is not None:
            is_default = "timezone" in self._place.defaults
            self._notes.problems += zone_choice.check_place(when.start, written, venue, is_default=is_default)
        return when, zone

    def _zone(self, venue: Venue | None, year: int, *, required: bool) -> ZoneChoice | None:
        """Return the event's zone. A missing zone is a problem only if one is required; all-day events need none."""
        if self._entry.timezone is not None:
            default = self._place.defaults.get("timezone")
            return ZoneChoice(tzid=self._entry.timezone, reason=f"{default.path if default else 'the event'} sets it")
        if self._broken & {"timezone", "venue"} or (self._entry.venue is not None and venue is None):
            return None
        self._notes.problems += zone_choice.check_coordinates(venue, year)
        choice = zone_choice.zone_of_place(venue, self._around.calendar, year)
        if isinstance(choice, ZoneChoice):
            return choice
        if required and choice is not None:
            self._notes.problems.append(choice)
        elif required and not self._around.is_zone_broken:
            hint = "write `timezone:` in the event, its venue or calendar.yaml, such as `Europe/Tallinn`"
            message = "cannot tell which time zone this is in"
            self._notes.report(self._place.mark("start"), "missing-timezone", message, hint)
        return None

    def _all_day(self, first: date) -> AllDay | None:
        end, duration = self._entry.end, self._entry.duration
        if isinstance(end, WrittenTime | ClockTime):
            hint = f"give `start` a time, or make `end` a date, the last day (inclusive): `{first}`"
            message = "the start is a date, but the end is a time"
            self._notes.report(self._place.mark("end"), "mixed-end", message, hint)
            return None
        if duration is not None:
            if duration.seconds:
                hint = "write a number of days (`3d`), or give `start` a time"
                message = "an all-day event cannot last hours or minutes"
                self._notes.report(self._place.mark("duration"), "mixed-end", message, hint)
                return None
            return AllDay(first, first + timedelta(days=duration.days - 1))
        if isinstance(end, date):
            if end < first:
                hint = f"the last day cannot be before the first: write `end: {first}` or leave it out"
                self._notes.report(self._place.mark("end"), "end-before-start", f"{end} is before {first}", hint)
                return None
            return AllDay(first, end)
        return AllDay(first, first)

    def _timed(self, start: WrittenTime, tzid: str) -> Timed | None:
        begin = self._notes.attempt_at("start", to_zoned, start, tzid)
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
            hint = "write `end` or `duration`, or `default_duration` in calendar.yaml; an unknown end is allowed"
            message = "the event has no end, so calendars show it as a single moment"
            self._notes.report(self._place.mark("start"), "missing-end", message, hint)
            return Timed(begin, None)
        key = "start" if self._entry.duration is None else "duration"
        end = self._notes.attempt_at(key, end_after, begin, duration, self._entry.end_timezone or tzid)
        return None if end is None else Timed(begin, end)

    def _timed_to(self, begin: ZonedTime, end: date | WrittenTime | ClockTime) -> Timed | None:
        tzid = self._entry.end_timezone or begin.tzid
        if isinstance(end, ClockTime):
            if self._is_start_utc():
                mark = self._place.mark("end")
                message = "the start is in UTC, but the end is a local time"
                hint = "write both the same way: give the end a date and a `Z`, or write the start in local time"
                self._notes.report(mark, "mixed-end", message, hint)
                return None
            wall = datetime.combine(begin.wall.date(), time()) + end.since_midnight
            if wall.date() != begin.wall.date():
                return self._ordered(begin, end_of_day(wall, tzid))
            end = WrittenTime(wall)
        elif not isinstance(end, WrittenTime):
            mark = self._place.mark("end")
            if end < begin.wall.date():
                hint = f"write the date and time it ends: `{begin.wall.date()} 18:00`"
                self._notes.report(mark, "end-before-start", f"{end} is before {begin.wall.date()}", hint)
                return None
            message = "the start has a time, but the end is only a date"
            hint = (
                f"write the time it ends (`{end} 18:00`, `{end} 24:00`), or make `start` a date: `{begin.wall.date()}`"
            )
            self._notes.report(mark, "mixed-end", message, hint)
            return None
        return self._ordered(begin, self._notes.attempt_at("end", to_zoned, end, tzid))

    def _ordered(self, begin: ZonedTime, finish: ZonedTime | None) -> Timed | None:
        if finish is None:
            return None
        if finish.instant <= begin.instant:
            self._notes.report(self._place.mark("end"), "end-before-start", *_words_for_order(begin, finish))
            return None
        return Timed(begin, finish)

    def _is_start_utc(self) -> bool:
        start = self._entry.start
        return isinstance(start, WrittenTime) and start.is_utc


def _hint_for_place(written: str) -> str:
    """Return the hint for a venue that is missing from venues.yaml: add its id there, or write the venue inline."""
    # Every JSON string is a valid YAML string.
    in_place = f"venue: {{name: {json.dumps(written, ensure_ascii=False)}}}"
    if ids.is_id(written):
        return f"add `{written}:` to venues.yaml, or write the venue here: `{in_place}`"
    return f"write `{in_place}`, or give it an id in venues.yaml and use that"


def _words_for_order(begin: ZonedTime, finish: ZonedTime) -> tuple[str, str]:
    """Return the message and hint for an end that is not after its start."""
    if finish.instant == begin.instant:
        return "the event ends when it begins", "write a later `end`, or leave it out if it is unknown"
    zone = "" if finish.tzid == begin.tzid else f" {finish.tzid}"
    origin = f" {begin.tzid}" if zone else ""
    message = f"{format_wall(finish.wall)}{zone} is before the start, {format_wall(begin.wall)}{origin}"
    if begin.instant - finish.instant < timedelta(days=1):
        following = format_wall(finish.wall + timedelta(days=1))
        return message, f"if it ends the next day, write `end: {following}`"
    days = (begin.instant - finish.instant).days
    return message, f"the end is {days:,} days too early: check the year, month and day of both"
