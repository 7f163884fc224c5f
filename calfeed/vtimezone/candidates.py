"""Proposes observances to describe a zone to readers: yearly rules guessed from its changes, or the changes listed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

from calfeed.values.times import format_offset
from calfeed.vtimezone.observances import FIRST_YEAR, AnnualRule, Observance, observances
from calfeed.zones import tzdb

_SECOND, _YEAR = timedelta(seconds=1), timedelta(days=370)


def guesses(
    tzid: str, offsets: Collection[timedelta], beginnings: Collection[datetime]
) -> Iterator[tuple[Observance, ...]]:
    """Yield observances without dates that may fit irregular series, the simplest first.

    Args:
        tzid: the zone.
        offsets: the offsets of these series' occurrences.
        beginnings: the instants of their first occurrences.
    """
    since = min(FIRST_YEAR, min(beginnings).year - 1)
    if len(offsets) == 1:
        yield (_first_part(next(iter(offsets)), since),)
    if since < FIRST_YEAR:
        yield tuple(replace(part, since=since) for part in observances(tzid) if part.rule)
    nearby = (tuple(tzdb.offset_changes(tzid, day - _YEAR, day + _YEAR)) for day in sorted(beginnings))
    for changes in dict.fromkeys(nearby):
        for spring, autumn in product(changes, changes):
            if spring.after > spring.before and (spring.before, spring.after) == (autumn.after, autumn.before):
                for rule, other in product(_rules_for(_onset(spring)), _rules_for(_onset(autumn))):
                    yield (
                        Observance(True, _format_name(spring.after), spring.before, spring.after, rule, since),
                        Observance(False, _format_name(autumn.after), autumn.before, autumn.after, other, since),
                    )


def _onset(change: tzdb.OffsetChange) -> datetime:
    """Return when the clocks change, as a VTIMEZONE writes it: naive wall time in the offset being left."""
    return (change.instant + change.before).replace(tzinfo=None)


def _first_part(offset: timedelta, since: int = FIRST_YEAR) -> Observance:
    onset = datetime(since, 1, 1)  # noqa: DTZ001 - wall time is naive
    return Observance(False, _format_name(offset), offset, offset, None, onset=onset)


def _rules_for(onset: datetime) -> Iterator[AnnualRule]:
    """Yield the yearly rules with an onset on this day: the nth weekday, and the last weekday if this day is both."""
    time = timedelta(hours=onset.hour, minutes=onset.minute, seconds=onset.second)
    week = (onset.day - 1) // 7 + 1
    if week < 5:
        yield AnnualRule(onset.month, week, onset.isoweekday() % 7, time)
    if (onset + timedelta(days=7)).month != onset.month:
        yield AnnualRule(onset.month, -1, onset.isoweekday() % 7, time)


def listed(tzid: str, spans: Sequence[tuple[datetime, datetime]]) -> tuple[Observance, ...]:
    """Return observances: one before these spans, one for each change that matters to them, and the current law.

    From the point where the remaining changes are exactly those that the current law's yearly rules give, the rules
    replace them. If there is no such point, the law begins after the spans.
    """
    first, end = min(begin for begin, _ in spans), max(last for _, last in spans)
    changes = _changes_within(tzid, spans)
    rules = [part for part in observances(tzid) if part.rule is not None]
    latest = end.replace(tzinfo=None)
    for onset, before, after in _by_law(rules, first, end):
        last = changes[-1] if changes else None
        if last is None or (last.before, last.after) != (before, after) or abs(_onset(last) - onset) > _SECOND:
            break
        changes.pop()
        latest = onset - _SECOND
    dated = [
        Observance(
            change.after > change.before,
            _format_name(change.after),
            change.before,
            change.after,
            None,
            onset=_onset(change),
        )
        for change in changes
    ]
    first_part = _first_part(tzdb.offset_at(first, tzid), min(FIRST_YEAR, first.year - 1))
    return (first_part, *dated, *_tail(rules, latest, (dated or [first_part])[-1].offset_to))


def _changes_within(tzid: str, spans: Sequence[tuple[datetime, datetime]]) -> list[tzdb.OffsetChange]:
    """Return the changes during these spans, in order, and between two spans at most one, to the later span's offset.

    Each change starts from the offset to which the previous change led.
    """
    changes: list[tzdb.OffsetChange] = []
    covered_until = min(begin for begin, _ in spans)
    for begin, end in sorted(spans):
        if covered_until < begin:
            offset = tzdb.offset_at(covered_until, tzid)
            last = list(tzdb.offset_changes(tzid, covered_until, begin))[-1:]
            changes += (replace(change, before=offset) for change in last if change.after != offset)
            covered_until = begin
        if covered_until < end:
            changes += tzdb.offset_changes(tzid, covered_until, end)
            covered_until = end
    return changes


def _by_law(rules: Sequence[Observance], first: datetime, end: datetime) -> list[tuple[datetime, timedelta, timedelta]]:
    """Return the onsets of yearly rules between two instants, with the offsets before and after, newest first."""
    onsets = [
        (part.rule.onset(year), part.offset_from, part.offset_to)
        for year in range(first.year - 1, end.year + 2)
        for part in rules
        if part.rule is not None
    ]
    return sorted(
        (
            (onset, before, after)
            for onset, before, after in onsets
            if first < (onset - before).replace(tzinfo=UTC) <= end
        ),
        reverse=True,
    )


def _tail(rules: Sequence[Observance], latest: datetime, offset: timedelta) -> Iterator[Observance]:
    """Yield the yearly rules from a time on, beginning with the rule that changes the offset in force then."""
    for part in sorted(rules, key=lambda part: part.offset_from != offset):
        if part.rule is not None and part.offset_from == offset:
            year = latest.year + (part.rule.onset(latest.year) <= latest)
            offset, latest = part.offset_to, part.rule.onset(year)
            yield replace(part, since=year)


def _format_name(offset: timedelta) -> str:
    """Return an offset as the tz database writes it when there is no abbreviation: +03, -0330."""
    return format_offset(offset).replace(":", "").removesuffix("00") or "+00"
