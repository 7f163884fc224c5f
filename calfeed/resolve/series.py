"""Resolves the rule, dates and overrides of a series into a `Recurrence`, and reports problems at their places."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import date, datetime, timedelta

from calfeed.diagnostics.problem import InvalidValue, Mark
from calfeed.model import AllDay, Event, Instance, Recurrence, Timed, ZonedTime
from calfeed.resolve.notes import Notes
from calfeed.series import matching, occurrences, pieces
from calfeed.series.expand import HORIZON_YEAR, MAX_STEPS, Effort, TooManySteps, as_wall, end_of
from calfeed.series.occurrences import Occurrence
from calfeed.series.outlook import obstacle_in, overlap_in
from calfeed.series.shapes import Misreading, misreading_of
from calfeed.source.entries import Place
from calfeed.source.schema import EventEntry, OverrideEntry
from calfeed.values.rules import WITHIN_DAYS
from calfeed.values.times import DayRange, Duration, WrittenTime, format_offset, format_wall
from calfeed.vtimezone.observances import is_place, place_at
from calfeed.zones import tzdb

_STEPS_OF_INSTANCE = 100
"""The steps that an instance costs: unlike a date of the rule, it is written out in full."""


class SeriesResolver:
    """Resolves the recurrence of one event. `resolve` turns the entry of an override into an event."""

    def __init__(
        self,
        entry: EventEntry,
        broken: AbstractSet[str],
        place: Place,
        notes: Notes,
        resolve: Callable[[EventEntry, Place], Event | None],
        effort: Effort,
    ) -> None:
        self._entry = entry
        self._broken = broken
        self._place = place
        self._notes = notes
        self._resolve = resolve
        self._effort = effort

    def resolve(self, event: Event) -> Recurrence | None:
        """Return the event's recurrence. Unusable parts are reported and left out.

        If the series of a file exceed the step limit, the one that exceeds it is reported, and it and all later ones
        are left out.
        """
        if self._entry.rrule is not None and self._effort.is_spent:
            return None
        try:
            return self._series(event)
        except TooManySteps:
            message = f"the series in this file require checking more than {MAX_STEPS:,} days and times"
            hint = "make this rule give fewer dates or end earlier, or move other series to another file"
            self._notes.report(self._place.mark("rrule"), "bad-rrule", message, hint)
            return None

    def _series(self, event: Event) -> Recurrence | None:
        entry, rule = self._entry, self._entry.rrule
        if rule is None:
            for key in ("exdates", "rdates", "overrides"):
                if getattr(entry, key) and "rrule" not in self._broken:
                    hint = "add `rrule:`, or write its dates as separate events"
                    self._notes.report(self._place.key_mark(key), "no-series", f"`{key}` needs an `rrule`", hint)
            return None
        when = event.when
        if isinstance(when, Timed) and when.end is not None and when.end.tzid != when.start.tzid:
            hint = "write its dates as separate events"
            message = "a series cannot begin and end in different time zones"
            self._notes.report(self._place.mark("end_timezone"), "series-zones", message, hint)
            return None
        mark = self._place.mark("rrule")
        # An endless series cannot be written out, and readers repeat its wall time.
        is_nominal = entry.duration is None or not entry.duration.seconds or rule.is_endless
        by_rule = self._notes.attempt(
            mark, matching.series_of, rule, when, mark, is_nominal=is_nominal, effort=self._effort
        )
        if by_rule is None:
            return None
        try:
            matching.check_density(rule, when, self._effort)
        except InvalidValue as refusal:
            self._notes.report(mark, refusal.code, refusal.message, refusal.hint)
            return None
        if occurrences.goes_out_of_reach(when, by_rule):
            message = "the rule's next date is so far away that Thunderbird freezes looking for it"
            self._notes.report(mark, "bad-rrule", message, "write its dates as separate events")
            return None
        if not occurrences.occurrence_at(when, occurrences.first_start(when), is_nominal=is_nominal).is_plain:
            hint = "begin the series on another day, and write this date as a separate event"
            message = "the clocks change during the first occurrence, so calendars would misplace the others"
            self._notes.report(self._place.mark("start"), "unsettled-start", message, hint)
            return None
        if isinstance(when, Timed) and not is_place(when.start.tzid) and not occurrences.is_same_in_utc(rule, when):
            self._notes.report(mark, "fixed-zone-series", *_words_for_offset(when.start))
            return None
        recurrence = self._with_dates(by_rule, event)
        if recurrence is None:
            return None
        self._check_readers(recurrence, when)
        recurrence = replace(recurrence, instances=self._overrides(event, recurrence))
        return self._with_skipped(event, self._with_settled(event, recurrence))

    def _check_readers(self, recurrence: Recurrence, when: AllDay | Timed) -> None:
        """Warn if some calendars show the series on wrong dates or skip it."""
        rule, mark = recurrence.rule, recurrence.mark
        first = occurrences.first_start(when)
        misreading = misreading_of(rule, first.date())
        if misreading is None and rule.frequency in WITHIN_DAYS and occurrences.meets_change(when, recurrence):
            message = "the clocks change during this series, and calendars disagree on the hours after that"
            misreading = Misreading(message, "write one event for each time of day, with `freq: daily`")
        if misreading is not None:
            self._notes.report(mark, "misread-rule", misreading.message, misreading.hint)
        obstacle = obstacle_in(rule, first.date()) or overlap_in(when, recurrence)
        if obstacle is not None:
            self._notes.report(mark, "outlook-rule", obstacle.message, obstacle.hint)

    def _with_dates(self, by_rule: Recurrence, event: Event) -> Recurrence | None:
        """Return the series with its exceptions and extra dates; None if no date is left.

        An extra date in an hour that the clocks repeat becomes an instance, because RDATE cannot say which pass it is.
        """
        when = event.when
        exdates = self._matched(by_rule, when)
        extra = self._extra(by_rule, when)
        rdates = tuple(sorted(extra))
        instances = tuple(
            Instance(start, replace(event, when=occurrences.occurrence_from(when, time, is_nominal=by_rule.is_nominal)))
            for start, time in sorted(extra.items())
            if time is not None and isinstance(when, Timed) and not occurrences.settle(start, time.tzid)[1]
        )
        doubles = tuple(occurrences.doubles_of(when, by_rule, self._effort))
        if doubles:
            message = f"the clocks skip {format_wall(doubles[0])} and move it onto another occurrence"
            hint = "some calendars show that one twice; leave out the hour of the change with `byhour`"
            self._notes.report(by_rule.mark, "unsettled-occurrence", message, hint)
        if by_rule.is_endless:
            return replace(by_rule, exdates=exdates, rdates=rdates, instances=instances)
        excluded = {*exdates, *doubles}
        starts = tuple(sorted([*(start for start in by_rule.starts if start not in excluded), *rdates]))
        if not starts:
            hint = "delete the event, or write `status: cancelled`"
            mark = self._place.key_mark("exdates")
            self._notes.report(mark, "no-occurrence", "every date of the series is excluded", hint)
            return None
        return replace(by_rule, exdates=exdates, rdates=rdates, starts=starts, instances=instances)

    def _with_settled(self, event: Event, recurrence: Recurrence) -> Recurrence:
        """Return the series with an instance for each occurrence that readers disagree on; warn if it is endless."""
        settled = []
        for start, when in occurrences.unsettled(event.when, recurrence, self._effort):
            self._effort.spend(0 if recurrence.is_endless else _STEPS_OF_INSTANCE)
            settled.append(Instance(start, replace(event, when=when)))
        if not settled:
            return recurrence
        if recurrence.is_endless:
            examples = ", ".join(format_wall(instance.recurrence_id) for instance in settled[:3])
            hint = "move the series out of the night hours, or give the rule an end: calendars disagree on these dates"
            message = f"the clocks change during {len(settled)} occurrences until {HORIZON_YEAR}: {examples}…"
            self._notes.report(recurrence.mark, "unsettled-occurrence", message, hint)
            return recurrence
        instances = sorted([*recurrence.instances, *settled], key=lambda instance: instance.recurrence_id)
        return replace(recurrence, instances=tuple(instances))

    def _with_skipped(self, event: Event, recurrence: Recurrence) -> Recurrence:
        """Return the series with the starts that the clocks skip, at which it is split into pieces."""
        skipped = pieces.skipped_starts(event.when, recurrence)
        if len(skipped) > pieces.MAX_SKIPPED:
            examples = ", ".join(format_wall(start) for start in skipped[:3])
            message = f"the clocks skip the start of {len(skipped)} occurrences: {examples}…"
            hint = f"move the series out of the night hours, or end it before there are more than {pieces.MAX_SKIPPED}"
            self._notes.report(recurrence.mark, "unsettled-occurrence", message, hint)
            return recurrence
        if skipped and not pieces.has_room(event.uid):
            message = f"the clocks skip {format_wall(skipped[0])}, so the series needs several UIDs based on this one"
            hint = f"write a `uid` of at most {pieces.MAX_UID_BYTES} bytes, or move the series out of the night hours"
            self._notes.report(self._place.mark("uid"), "long-uid", message, hint)
        return replace(recurrence, skipped=skipped)

    def _matched(self, by_rule: Recurrence, when: AllDay | Timed) -> tuple[datetime, ...]:
        starts: dict[datetime, None] = {}
        for number, moment in enumerate(self._entry.exdates):
            mark = self._place.mark("exdates", number)
            if isinstance(moment, DayRange):
                begin, end = as_wall(moment.first), end_of(moment.last)
                starts_in_range = occurrences.starts_between(when, by_rule, begin, end, self._effort)
                self._refuse_range("exdates", moment, starts_in_range, mark, when)
                continue
            start = self._notes.attempt(mark, matching.match, moment, by_rule, when, self._effort)
            if start is not None:
                starts[start] = None
        return tuple(sorted(starts))

    def _extra(self, by_rule: Recurrence, when: AllDay | Timed) -> dict[datetime, ZonedTime | None]:
        """Return the extra dates by start, each with its time (None for a whole day)."""
        times_by_start: dict[datetime, ZonedTime | None] = {}
        for number, moment in enumerate(self._entry.rdates):
            mark = self._place.mark("rdates", number)
            if isinstance(moment, DayRange):
                starts_in_range = (matching.extra_start(day, when) for day in matching.days_of_range(moment))
                self._refuse_range("rdates", moment, starts_in_range, mark, when)
                continue
            start = self._notes.attempt(mark, matching.extra_start, moment, when)
            if start is None or not self._is_after_first(mark, start, when):
                continue
            time = self._notes.attempt(mark, matching.extra_time, moment, when) if isinstance(when, Timed) else None
            if time is None and isinstance(when, Timed):
                continue
            if start in times_by_start:
                taken = times_by_start[start]
            elif start in occurrences.starts_between(when, by_rule, start, start, self._effort):
                taken = None if time is None else occurrences.settle(start, time.tzid)[0]
            else:
                times_by_start[start] = time
                continue
            if taken == time:
                self._notes.report(mark, "rdate-occurs", "the series already occurs then", "delete this date")
            else:
                message = "the clocks show this time twice, and the series already occurs the other time"
                hint = "a series can use only one pass of a repeated hour: write this date as a separate event"
                self._notes.report(mark, "ambiguous-time", message, hint)
        return times_by_start

    def _refuse_range(
        self, key: str, days: DayRange, starts: Iterable[datetime], mark: Mark, when: AllDay | Timed
    ) -> None:
        refusal = matching.refuse_range(key, days, starts, when)
        self._notes.report(mark, refusal.code, refusal.message, refusal.hint)

    def _is_after_first(self, mark: Mark, start: datetime, when: AllDay | Timed) -> bool:
        if start >= occurrences.first_start(when):
            return True
        hint = "begin the series on this date, or write it as a separate event"
        self._notes.report(mark, "rdate-before-start", "this date is before the start of the series", hint)
        return False

    def _overrides(self, event: Event, recurrence: Recurrence) -> tuple[Instance, ...]:
        overridden: dict[datetime, Instance] = {}
        for number, override in enumerate(self._entry.overrides):
            place = self._place.below("overrides", number)
            if override.recurrence_id is None:
                message, hint = "`recurrence_id` is missing", "add the date of the occurrence: `recurrence_id: …`"
                self._notes.report(place.mark(), "missing-key", message, hint)
                continue
            mark = place.mark("recurrence_id")
            start = self._notes.attempt(
                mark, matching.match, override.recurrence_id, recurrence, event.when, self._effort
            )
            if start is None:
                continue
            if start in overridden:
                hint = "put both changes into one"
                self._notes.report(mark, "duplicate-override", "this occurrence already has an override", hint)
                continue
            occurrence = occurrences.occurrence_in(event.when, recurrence, start)
            instance = self._instance(event, occurrence, override, place, is_nominal=recurrence.is_nominal)
            if instance is not None:
                overridden[start] = Instance(start, instance)
        self._check_moves(event, recurrence, overridden)
        others = (instance for instance in recurrence.instances if instance.recurrence_id not in overridden)
        return tuple(sorted([*others, *overridden.values()], key=lambda instance: instance.recurrence_id))

    def _instance(
        self, event: Event, occurrence: Occurrence, override: OverrideEntry, place: Place, *, is_nominal: bool
    ) -> Event | None:
        """Return the occurrence as a separate event: the series' values, replaced by those in the override."""
        given = {key: value for key, value in override if value is not None and key not in ("recurrence_id", "start")}
        moved = override.start
        if moved is not None and isinstance(event.when, Timed) and not isinstance(moved, WrittenTime):
            moved = WrittenTime(matching.extra_start(moved, event.when))
        if isinstance(moved, WrittenTime) and isinstance(event.when, AllDay):
            hint = f"write only the date: `{moved.wall.date()}`"
            self._notes.report(place.mark("start"), "mixed-end", "this is an all-day series", hint)
            return None
        entry = self._entry.model_copy(
            update={
                **dict.fromkeys(("end", "duration", "rrule", "created", "last_modified")),
                "exdates": [],
                "rdates": [],
                "overrides": [],
                **({"timezone": event.when.start.tzid} if isinstance(event.when, Timed) else {}),
                **_times_of(occurrence, moved, has_end=bool(given.keys() & {"end", "duration"}), is_nominal=is_nominal),
                **given,
            }
        )
        resolved = self._resolve(entry, place)
        return None if resolved is None else replace(resolved, uid=event.uid, zone=event.zone)

    def _check_moves(self, event: Event, recurrence: Recurrence, overridden: Mapping[datetime, Instance]) -> None:
        moved_to: set[datetime] = set()
        for number, override in enumerate(self._entry.overrides):
            if override.start is None or (isinstance(override.start, WrittenTime) and isinstance(event.when, AllDay)):
                continue
            start = matching.extra_start(override.start, event.when)
            others = occurrences.starts_between(event.when, recurrence, start, start)
            if start in moved_to or any(other not in overridden for other in others):
                mark = self._place.below("overrides", number).mark("start")
                hint = "move it to another time, or remove the other occurrence with `exdates`"
                self._notes.report(mark, "override-collides", "the series already has an occurrence at that time", hint)
            moved_to.add(start)


def _words_for_offset(start: ZonedTime) -> tuple[str, str]:
    """Return the message and hint for a rule that means other dates in UTC, in a zone that is not a place."""
    offset = tzdb.offset_at(start.instant, start.tzid)
    place = place_at(offset)
    message = f"`{start.tzid}` is not a place, so times are written in UTC, where this rule gives other days or hours"
    example = f", such as `{place}`" if place else ""
    return (
        message,
        f"use the zone of a place at {format_offset(offset)}{example}, or write the dates as separate events",
    )


def _times_of(
    occurrence: Occurrence, moved: date | WrittenTime | None, *, has_end: bool, is_nominal: bool
) -> dict[str, object]:
    """Return the start of an override, and its end (as long as the occurrence) unless the override gives one."""
    when = occurrence.when
    if isinstance(when, AllDay):
        first = when.first if moved is None or isinstance(moved, WrittenTime) else moved
        return {"start": first} if has_end else {"start": first, "end": first + (when.last - when.first)}
    as_written = _as_local if occurrence.is_plain else _as_utc
    start = as_written(when.start) if moved is None else moved
    if has_end or when.end is None:
        return {"start": start}
    if moved is None:
        return {"start": start, "end": as_written(when.end)}
    if is_nominal and isinstance(start, WrittenTime) and start.offset is None:
        return {"start": start, "end": WrittenTime(start.wall + (when.end.wall - when.start.wall))}
    return {"start": start, "duration": Duration(0, int((when.end.instant - when.start.instant).total_seconds()))}


def _as_local(time: ZonedTime) -> WrittenTime:
    return WrittenTime(time.wall)


def _as_utc(time: ZonedTime) -> WrittenTime:
    """Return a time as if written in UTC, so that it means the same instant whatever the clocks do."""
    return WrittenTime(time.instant.replace(tzinfo=None), timedelta(0), is_utc=True)
