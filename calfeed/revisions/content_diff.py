"""Compare two contents: whether they mean the same to subscribers, and each field as text.

Times are written as in RFC 9557 (`2027-05-18T18:00:00+03:00[Europe/Tallinn]`): local time, offset and zone in one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calfeed.model import AllDay, Timed, ZonedTime
from calfeed.revisions.content import KINDS, overrides_of
from calfeed.revisions.content_values import UNKNOWN, Content, read_when
from calfeed.values.times import format_offset

_TIME_KEYS = frozenset(("start", "end", "start_utc", "end_utc", "timezone", "end_timezone", "all_day"))
# What decides when an event is over.
_DATE_KEYS = ("start", "end", "start_utc", "end_utc", "rrule", "rdates", "exdates", "overrides", "ending")
# A new law of a zone can change only these; the wall times stay the same.
_LAW_KEYS = frozenset(("start_utc", "end_utc", "offsets", "skipped"))
_RESPELLED = tuple((key, kind.respell) for key, kind in KINDS.items() if kind.respell is not None)
_NOT_OF_OCCURRENCES = _TIME_KEYS | {"recurrence_id", "rrule", "rdates", "exdates", "offsets", "overrides"}


def is_same_content(before: Content, after: Content) -> bool:
    """Return whether two contents mean the same; addresses in `before` may be spelled as by an earlier version."""
    return before == after or before == _with_earlier_spelling(after)


def has_same_dates(before: Content, after: Content) -> bool:
    """Return whether two contents take place at the same times; if not, one may be over later than the other."""
    return all(before.get(key) == after.get(key) for key in _DATE_KEYS)


def is_same_but_for_law(before: Content, after: Content) -> bool:
    """Return whether two contents are the same except for what the law of their zones decides."""
    return _without_law(before) == _without_law(after)


def facts_of(content: Mapping[str, Any]) -> dict[str, str]:
    """Return the fields of a content as texts to compare and show, with one entry for each override."""
    start, end = format_times(read_when(content))
    facts = {"start": start} if end is None else {"start": start, "end": end}
    for key, value in content.items():
        if key in _TIME_KEYS:
            continue
        if key == "overrides":
            facts |= {f"override {override['recurrence_id']}": _show_override(override) for override in value}
        else:
            facts[key] = KINDS.get(key, UNKNOWN).show(value)
    return facts


def format_times(when: AllDay | Timed) -> tuple[str, str | None]:
    """Return the start and the end of a time; the end is None if it is not known."""
    if isinstance(when, AllDay):
        return when.first.isoformat(), when.last.isoformat()
    return _format_time(when.start), None if when.end is None else _format_time(when.end)


def _format_time(time: ZonedTime) -> str:
    offset = time.wall - time.instant.replace(tzinfo=None)
    return f"{time.wall.isoformat()}{format_offset(offset)}[{time.tzid}]"


def _show_override(override: Mapping[str, Any]) -> str:
    facts = facts_of({key: value for key, value in override.items() if key != "recurrence_id"})
    return "; ".join(f"{name}: {value}" for name, value in facts.items())


def _with_earlier_spelling(content: Content) -> Content:
    spelled = {**content, **{key: respell(content[key]) for key, respell in _RESPELLED if key in content}}
    if "overrides" in content:
        spelled["overrides"] = [_with_earlier_spelling(override) for override in overrides_of(content)]
    return spelled


def _without_law(content: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in content.items() if key not in _LAW_KEYS}
    if "overrides" in kept:
        # calfeed itself writes out an occurrence during a clock change; under a different law it may not need to.
        kept["overrides"] = [
            _without_law(override) for override in overrides_of(content) if not _has_only_new_times(override, content)
        ]
    return kept


def _has_only_new_times(override: Mapping[str, Any], series: Mapping[str, Any]) -> bool:
    """Return whether an override differs from its series only in its times."""
    of_override, of_series = (
        {key: value for key, value in content.items() if key not in _NOT_OF_OCCURRENCES}
        for content in (override, series)
    )
    return of_override == of_series and override["start"] == override["recurrence_id"]
