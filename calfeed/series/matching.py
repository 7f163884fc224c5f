"""Turns a written rule into the starts of a series, and matches written dates to those starts.

As in `values`, a refusal is an `InvalidValue` with a code, a message and a hint; the caller knows the place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import islice

from calfeed.diagnostics.problem import InvalidValue, Mark
from calfeed.model import AllDay, Recurrence, Timed, ZonedTime
from calfeed.series.expand import LAST, MAX_OCCURRENCES, Effort, as_wall, end_of, starts_of
from calfeed.series.local_time import to_zoned
from calfeed.series.occurrences import first_start, occurrence_in, settle, starts_between
from calfeed.values.rules import DAYS, Rule
from calfeed.values.times import DayRange, WrittenTime, format_offset, format_wall
from calfeed.zones import tzdb

_MAX_MEANT = 31  # dates written out in a hint
# How far around a date to search for the nearest starts, in days; the last is longer than any series.
_REACHES = (8, 40, 400, 4_000, 200_000)
_TWO_YEARS = timedelta(days=731)
_LONGEST_GAP = timedelta(hours=3)
"""The longest time that the clocks skip, apart from whole days."""


def series_of(
    rule: Rule, first: AllDay | Timed, mark: Mark, *, is_nominal: bool, effort: Effort | None = None
) -> Recurrence:
    """Return the series of a rule and a first occurrence, without exceptions.

    UNTIL is set to the last start, in UTC for times (RFC 5545 §3.3.10), so that no reader cuts off the last start.

    Args:
        rule: the rule.
        first: the first occurrence.
        mark: where the rule is written.
        is_nominal: whether occurrences end at the same wall time.
        effort: the budget of the search for starts; by default, the budget of a whole file.

    Raises:
        InvalidValue: the rule does not give the first start, has too many starts, or ends before it begins.
        TooManySteps: the search exceeds the budget.
    """
    effort = effort or Effort()
    if isinstance(first, AllDay) and rule.is_within_days:
        raise InvalidValue(
            "bad-rrule",
            "an all-day series cannot repeat by the hour",
            "use FREQ=DAILY or longer, without BYHOUR, BYMINUTE and BYSECOND; or give `start` a time",
        )
    start = first_start(first)
    until = _until_of(rule, first)
    if until is not None and until < start:
        raise InvalidValue("bad-rrule", "the rule ends before the event begins", "check `until` and `start`")
    if start not in starts_of(rule, start, last=start, effort=effort):
        raise _not_in_rule(rule, start, effort)
    if rule.is_endless:
        return Recurrence(rule=rule, is_nominal=is_nominal, mark=mark)
    starts = tuple(islice(starts_of(rule, start, last=min(until or LAST, LAST), effort=effort), MAX_OCCURRENCES))
    if len(starts) >= MAX_OCCURRENCES:
        message = f"the series has {MAX_OCCURRENCES:,} occurrences or more"
        hint = "lower COUNT or end it earlier" + ("" if rule.is_within_days else ", or remove its end")
        raise InvalidValue("bad-rrule", message, hint)
    if rule.count is not None and len(starts) < rule.count:
        message = f"the rule gives only {len(starts)} occurrences until {LAST.year}"
        raise InvalidValue("bad-rrule", message, "lower COUNT")
    published = None if until is None else _published_until(starts[-1], first)
    return Recurrence(rule=rule, until=published, starts=starts, is_nominal=is_nominal, mark=mark)


def check_density(rule: Rule, first: AllDay | Timed, effort: Effort) -> None:
    """Refuse a rule without an end that is too dense to follow for several years.

    Raises:
        InvalidValue: the rule gives `MAX_OCCURRENCES` starts or more within two years.
        TooManySteps: the search exceeds the budget.
    """
    if not (rule.is_endless and rule.is_within_days):
        return
    start = first_start(first)
    starts = starts_of(rule, start, last=min(start + _TWO_YEARS, LAST), effort=effort)
    if next(islice(starts, MAX_OCCURRENCES - 1, None), None) is not None:
        message = f"the series has no end and {MAX_OCCURRENCES:,} occurrences or more within two years"
        hint = "make it repeat less often, with `interval` or another `freq`, or end it earlier with `until` or `count`"
        raise InvalidValue("bad-rrule", message, hint)


def match(
    moment: date | WrittenTime, recurrence: Recurrence, first: AllDay | Timed, effort: Effort | None = None
) -> datetime:
    """Return the start that a written date or time refers to.

    Raises:
        InvalidValue: no start matches, or several starts are on the date.
        TooManySteps: the search for the start, or for the dates that a hint proposes, exceeds `effort`.
    """
    wanted = _as_written(moment, first)
    if isinstance(moment, WrittenTime) and moment.offset is not None and isinstance(first, Timed):
        return _match_instant(to_zoned(moment, first.start.tzid), recurrence, first, effort)
    begin = as_wall(wanted)
    end = wanted if isinstance(wanted, datetime) else end_of(wanted)
    matching = list(islice(starts_between(first, recurrence, begin, end, effort), 2))
    if len(matching) == 1:
        return matching[0]
    wanted_text = format_wall(wanted) if isinstance(wanted, datetime) else str(wanted)
    if matching:
        message = f"the series occurs several times on {wanted_text}"
        hint = f"write which one: {', '.join(f'`{format_start(start, first)}`' for start in matching)}, …"
        raise InvalidValue("no-occurrence", message, hint)
    raise _no_occurrence(wanted_text, _nearest(begin, recurrence, first, effort), first)


def _match_instant(wanted: ZonedTime, recurrence: Recurrence, first: Timed, effort: Effort | None) -> datetime:
    """Return the start at an instant: the start with its wall time, or a skipped start that readers move there."""
    near = list(starts_between(first, recurrence, wanted.wall - _LONGEST_GAP, wanted.wall, effort))
    for start in reversed(near):
        if _instant_of(start, recurrence, first) == wanted.instant:
            return start
    wanted_text = format_wall(wanted.wall)
    if wanted.wall not in near:
        raise _no_occurrence(wanted_text, _nearest(wanted.wall, recurrence, first, effort), first)
    # The clocks show this time twice, and the series uses the other pass.
    actual = _instant_of(wanted.wall, recurrence, first)
    written, meant = (format_offset(tzdb.offset_at(instant, wanted.tzid)) for instant in (wanted.instant, actual))
    which = "first" if actual < wanted.instant else "second"
    message = f"the series occurs the {which} time the clocks show {wanted_text}, not at {wanted_text}{written}"
    raise InvalidValue("no-occurrence", message, f"write `{wanted_text}{meant}`")


def _instant_of(start: datetime, recurrence: Recurrence, first: Timed) -> datetime:
    """Return the instant of a start, which an instance gives for an extra date in a repeated hour."""
    when = occurrence_in(first, recurrence, start).when
    return when.start.instant if isinstance(when, Timed) else settle(start, first.start.tzid)[0].instant


def _no_occurrence(wanted_text: str, nearest: Sequence[datetime], first: AllDay | Timed) -> InvalidValue:
    return InvalidValue(
        "no-occurrence",
        f"the series does not occur on {wanted_text}",
        f"it occurs on {' and '.join(f'`{format_start(start, first)}`' for start in nearest)}",
    )


def extra_time(moment: date | WrittenTime, first: Timed) -> ZonedTime:
    """Return when an extra date of a series begins; a date alone means the series' time.

    Raises:
        InvalidValue: as for `to_zoned`.
    """
    written = moment if isinstance(moment, WrittenTime) else WrittenTime(extra_start(moment, first))
    return to_zoned(written, first.start.tzid)


def extra_start(moment: date | WrittenTime, first: AllDay | Timed) -> datetime:
    """Return the start of an extra date; a date alone means the series' time.

    Raises:
        InvalidValue: the date has a time, but the series is all-day.
    """
    wanted = _as_written(moment, first)
    if isinstance(first, AllDay) or isinstance(wanted, datetime):
        return as_wall(wanted)
    return datetime.combine(wanted, first.start.wall.time())


def refuse_range(key: str, days: DayRange, starts: Iterable[datetime], first: AllDay | Timed) -> InvalidValue:
    """Return the error for a range of days under `key`, with a hint that writes out the starts in the range."""
    meant = [format_start(start, first) for start in islice(starts, _MAX_MEANT + 1)]
    message = f"`{key}` takes single dates, but `{days.text}` is a range"
    if not meant:
        return InvalidValue("no-occurrence", message, "delete it: the series does not occur on these days")
    more = ", …" if len(meant) > _MAX_MEANT else ""
    return InvalidValue("bad-date", message, f"write the dates out: `{key}: [{', '.join(meant[:_MAX_MEANT])}{more}]`")


def days_of_range(days: DayRange) -> Iterator[date]:
    """Yield the days of a range."""
    return (days.first + timedelta(days=number) for number in range((days.last - days.first).days + 1))


def format_start(start: datetime, first: AllDay | Timed) -> str:
    """Return a start as text for a file: a date for an all-day series, else a time."""
    return str(start.date()) if isinstance(first, AllDay) else format_wall(start)


def _nearest(wall: datetime, recurrence: Recurrence, first: AllDay | Timed, effort: Effort | None) -> list[datetime]:
    """Return the two starts nearest to a wall time, in order."""
    starts: list[datetime] = []
    for reach in (timedelta(days=days) for days in _REACHES):
        begin, end = wall - reach, wall + reach
        starts = list(starts_between(first, recurrence, begin, end, effort))
        if len(starts) > 1:
            break
    return sorted(sorted(starts, key=lambda start: abs(start - wall))[:2])


def _until_of(rule: Rule, first: AllDay | Timed) -> datetime | None:
    """Return the latest start that UNTIL allows, in wall time; a date includes the whole day."""
    until = rule.until
    if until is None:
        return None
    if not isinstance(until, WrittenTime):
        return end_of(until)
    if isinstance(first, AllDay):
        message = "an all-day series must end on a date"
        raise InvalidValue("bad-rrule", message, f"write `until: {until.wall.date()}`")
    if until.offset is None:
        return until.wall
    return tzdb.wall_at((until.wall - until.offset).replace(tzinfo=UTC), first.start.tzid)


def _published_until(last: datetime, first: AllDay | Timed) -> date:
    """Return the UNTIL of a series for its last start: the start's date or instant."""
    if isinstance(first, AllDay):
        return last.date()
    resolved = tzdb.resolve_wall(last, first.start.tzid)
    if isinstance(resolved, tzdb.Repeated):
        # Use the later pass: readers that choose it would drop the start if UNTIL were the first pass.
        return (last - resolved.after).replace(tzinfo=UTC)
    return settle(last, first.start.tzid)[0].instant


def _not_in_rule(rule: Rule, start: datetime, effort: Effort) -> InvalidValue:
    rule_text = f"`{rule.text}`"
    later = next(starts_of(rule, start, last=LAST, effort=effort), None)
    if later is None:
        hint = "no date matches all of its parts: change the rule"
        return InvalidValue("start-not-in-rule", f"{rule_text} never occurs", hint)
    change = f"write `BYDAY={DAYS[start.weekday()]}`" if rule.byday else "change the rule"
    hint = f"begin on `{format_wall(later)}`, or {change}"
    return InvalidValue("start-not-in-rule", f"the start does not match {rule_text}", hint)


def _as_written(moment: date | WrittenTime, first: AllDay | Timed) -> datetime | date:
    if not isinstance(moment, WrittenTime):
        return moment
    if isinstance(first, AllDay):
        raise InvalidValue("mixed-end", "this is an all-day series", f"write only the date: `{moment.wall.date()}`")
    if moment.offset is None:
        return moment.wall
    return tzdb.wall_at((moment.wall - moment.offset).replace(tzinfo=UTC), first.start.tzid)
