"""Problems and events as text: for people, for programs, and as annotations on a pull request."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime

from calfeed.errors import Mark, Problem, Severity
from calfeed.findings import Finding, Level
from calfeed.manifest import event_record
from calfeed.model import AllDay, Event, Instance, Status, Timed, ZonedTime
from calfeed.notation import format_offset
from calfeed.zones import offset_at

# What a terminal obeys instead of showing: control characters and the marks that turn the direction of text.
_UNSHOWN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")


_MAX_SNIPPET = 1_000


# -- problems ---------------------------------------------------------------------------------------------------


def format_problems(problems: Sequence[Problem]) -> str:
    """Return problems for people: place, message, the line underlined, and what to write instead."""
    return "".join(f"{_format_problem(problem)}\n" for problem in problems)


def format_problems_json(problems: Sequence[Problem]) -> str:
    """Return problems as a JSON list of `{path, line, column, end_column, severity, code, message, hint}`.

    Lines and columns count from 1; `end_column` is the first column after the stretch.
    """
    items = [
        {
            "path": problem.mark.path,
            "line": problem.mark.line,
            "column": problem.mark.column,
            "end_column": problem.mark.end_column,
            "severity": problem.severity.value,
            "code": problem.code,
            "message": problem.message,
            "hint": problem.hint,
        }
        for problem in problems
    ]
    return f"{json.dumps(items, ensure_ascii=False, indent=2)}\n"


def format_problems_github(problems: Sequence[Problem]) -> str:
    """Return problems as workflow commands, which GitHub shows on the lines of a pull request.

    Source: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    """
    return "".join(f"{_annotation(problem)}\n" for problem in problems)


def summarize(problems: Iterable[Problem]) -> str:
    """Return how many errors and warnings there are, in words."""
    severities = [problem.severity for problem in problems]
    errors, warnings = severities.count(Severity.ERROR), severities.count(Severity.WARNING)
    parts = [plural(errors, "error")] if errors else []
    parts += [plural(warnings, "warning")] if warnings else []
    return " and ".join(parts) or "no problems"


def plural(number: int, noun: str) -> str:
    """Return `1 event`, `2 events`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _format_problem(problem: Problem) -> str:
    mark = problem.mark
    head = f"{mark.path}:{mark.line}:{mark.column}: {problem.severity}: {problem.message} [{problem.code}]"
    lines = [head]
    if mark.text.strip():
        number = str(mark.line)
        gutter = " " * len(number)
        text, before, marked = _snippet(mark)
        lines += [
            f"{gutter} |",
            f"{number} | {text}",
            f"{gutter} | {' ' * width(before)}{'^' * max(width(marked), 1)}",
            f"{gutter} = hint: {problem.hint}",
        ]
    else:
        gutter = " "
        lines.append(f"  = hint: {problem.hint}")
    lines += [f"{gutter} = see also: {other.path}:{other.line}:{other.column}" for other in problem.related]
    return "\n".join(_shown(line) for line in lines)


def _snippet(mark: Mark) -> tuple[str, str, str]:
    """Return the line of a mark, what stands before it, and the marked stretch; of a long line, what is near."""
    begin, end = mark.column - 1, mark.end_column - 1
    left = max(begin - _MAX_SNIPPET // 2, 0) if len(mark.text) > _MAX_SNIPPET else 0
    text = mark.text[left : left + _MAX_SNIPPET].rstrip()
    return text, text[: begin - left], text[begin - left : end - left]


def _annotation(problem: Problem) -> str:
    mark = problem.mark
    place = {
        "file": mark.path,
        "line": str(mark.line),
        "endLine": str(mark.line),
        "col": str(mark.column),
        "endColumn": str(mark.end_column),
        "title": problem.code,
    }
    properties = ",".join(f"{key}={_github(value, ':,')}" for key, value in place.items())
    return f"::{problem.severity} {properties}::{_github(f'{problem.message}; {problem.hint}', '')}"


def _github(text: str, more: str) -> str:
    return "".join(f"%{ord(char):02X}" if char in f"%\r\n{more}" else char for char in text)


# -- findings at a published calendar -----------------------------------------------------------------------------


def format_findings(findings: Sequence[Finding]) -> str:
    """Return findings for people, a line each; what to do is below it."""
    lines = []
    for found in findings:
        shown = 1 if found.level is Level.OK else 3
        where = f": {_some(found.where, shown)}" if found.where else ""
        lines.append(f"{found.level:<9}{found.check:<14}{found.message}{where}")
        if found.mend:
            lines.append(f"{'':<9}to mend it: {found.mend}")
    return "".join(f"{_shown(line)}\n" for line in lines)


def format_findings_json(findings: Sequence[Finding]) -> str:
    """Return findings as a JSON list of `{level, check, message, where, mend}`."""
    return f"{json.dumps([asdict(found) for found in findings], ensure_ascii=False, indent=2)}\n"


def summarize_findings(findings: Sequence[Finding]) -> str:
    """Return how many faults and warnings there are, in words."""
    levels = [found.level for found in findings]
    parts = [plural(levels.count(level), level.value) for level in (Level.FAULT, Level.WARNING) if level in levels]
    return " and ".join(parts) or "nothing is wrong"


def _some(names: Sequence[str], shown: int) -> str:
    more = f" and {len(names) - shown:,} more" if len(names) > shown else ""
    return f"{', '.join(names[:shown])}{more}"


# -- events -----------------------------------------------------------------------------------------------------


def format_events(events: Sequence[Event]) -> str:
    """Return a table of events, a line each: local time, zone, UTC, id and summary."""
    rows: list[tuple[str, ...]] = [("START", "END", "ZONE", "UTC", "ID", "SUMMARY")]
    rows += [_row(event) for event in events]
    return format_table(rows)


def format_events_json(events: Sequence[Event]) -> str:
    """Return events as a JSON list, with the manifest's keys."""
    return f"{json.dumps([event_record(event) for event in events], ensure_ascii=False, indent=2)}\n"


def format_event(event: Event) -> str:
    """Return everything about an event, a line each, with the reason for its zone."""
    lines = [("id", event.id), ("uid", event.uid), ("status", event.status.value)]
    when = event.when
    if isinstance(when, AllDay):
        days = (when.last - when.first).days + 1
        lines += [
            ("start", f"{when.first:%a %Y-%m-%d}"),
            ("end", f"{when.last:%a %Y-%m-%d} (inclusive; {plural(days, 'day')})"),
        ]
    else:
        lines.append(("start", _long_time(when.start)))
        lines.append(("end", _long_time(when.end) if when.end else "not known"))
    if event.recurrence is not None:
        starts = event.recurrence.starts
        known = f"{plural(len(starts), 'time')}, the last on {starts[-1]:%a %Y-%m-%d}" if starts else "without an end"
        lines.append(("rrule", event.recurrence.rrule))
        lines.append(("occurs", known))
        lines += [("but", _instance_line(instance)) for instance in event.recurrence.instances]
    lines.append(
        ("zone", f"{event.zone.tzid}, because {event.zone.reason}" if event.zone else "none; whole days need none")
    )
    if event.venue is not None:
        place = ", ".join(part for part in (event.venue.name, event.venue.address.line) if part)
        lines.append(("venue", f"{place} [{event.venue.id}]" if event.venue.id else place))
        if event.venue.geo is not None:
            lines.append(("geo", ", ".join(f"{value:.7f}".rstrip("0").rstrip(".") for value in event.venue.geo)))
    optional = (
        ("online", event.online),
        ("url", event.url),
        ("categories", ", ".join(event.categories)),
        ("organizer", event.organizer.name if event.organizer else None),
        ("file", event.path),
        ("source", f"{event.mark.path}:{event.mark.line}"),
    )
    lines += [(key, value) for key, value in optional if value]
    body = "".join(f"{key:<11}{value}\n" for key, value in lines)
    description = f"\n{event.description}\n" if event.description else ""
    return _shown_lines(f"{event.summary}\n{'=' * width(event.summary)}\n{body}{description}")


def format_event_json(event: Event) -> str:
    """Return an event as a JSON object: the manifest's keys, and `zone_reason`."""
    record = {**event_record(event), "zone_reason": event.zone.reason if event.zone else None}
    return f"{json.dumps(record, ensure_ascii=False, indent=2)}\n"


def format_table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as aligned columns, two spaces between them; columns are measured as terminals show them."""
    widths = [max(width(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [cell + " " * (space - width(cell)) for cell, space in zip(row, widths, strict=True)]
        lines.append(_shown("  ".join(cells).rstrip()))
    return "".join(f"{line}\n" for line in lines)


def width(text: str) -> int:
    """Return how many columns a text takes in a terminal: two for wide characters, none for combining ones."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def _instance_line(instance: Instance) -> str:
    when = instance.event.when
    start = when.first if isinstance(when, AllDay) else when.start.wall
    clock = f" {_clock(start)}" if isinstance(start, datetime) else ""
    place = f", {instance.event.venue.name}" if instance.event.venue else ""
    return f"{instance.recurrence_id:%a %Y-%m-%d} is {start:%a %Y-%m-%d}{clock}: {_summary(instance.event)}{place}"


def _row(event: Event) -> tuple[str, ...]:
    when = event.when
    if isinstance(when, AllDay):
        end = f"{when.last:%a %Y-%m-%d}" if when.last != when.first else ""
        zone = event.zone.tzid if event.zone else "-"
        return f"{when.first:%a %Y-%m-%d}", end, zone, "all day", event.id, _summary(event)
    return (
        f"{when.start.wall:%a %Y-%m-%d} {_clock(when.start.wall)}",
        _end_cell(when),
        when.start.tzid,
        f"{when.start.instant:%Y-%m-%d} {_clock(when.start.instant)}Z",
        event.id,
        _summary(event),
    )


def _summary(event: Event) -> str:
    status = "" if event.status is Status.CONFIRMED else f" ({event.status.value})"
    rule = f" [{event.recurrence.rrule}]" if event.recurrence else ""
    return f"{event.summary}{status}{rule}"


def _end_cell(when: Timed) -> str:
    if when.end is None:
        return "?"
    same_day = when.end.wall.date() == when.start.wall.date()
    shown = _clock(when.end.wall) if same_day else f"{when.end.wall:%a %Y-%m-%d} {_clock(when.end.wall)}"
    return shown if when.end.tzid == when.start.tzid else f"{shown} {when.end.tzid}"


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"


def _long_time(time: ZonedTime) -> str:
    offset = format_offset(offset_at(time.instant, time.tzid))
    local, utc = (f"{moment:%a %Y-%m-%d} {_clock(moment)}" for moment in (time.wall, time.instant))
    return f"{local} {time.tzid} ({offset}) = {utc}Z"


def _shown_lines(text: str) -> str:
    return "\n".join(_shown(line) for line in text.split("\n"))


def _shown(line: str) -> str:
    """Make characters visible that a terminal would obey, one for one, so that underlines stay in place."""
    return _UNSHOWN.sub("\ufffd", line.replace("\t", " ").replace("\n", " "))
