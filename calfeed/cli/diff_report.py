"""A difference as text for people, as JSON for programs, and as Markdown for a comment on a pull request."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby

from calfeed.diagnostics.report import format_json, plural
from calfeed.editions.compare import Change, FieldChange, Kind, change_record, shorten
from calfeed.editions.diff import Difference
from calfeed.editions.zone_law import LawChange, ZoneUse
from calfeed.values.times import format_offset, format_utc, format_wall
from calfeed.zones import tzdb

MAX_MARKDOWN = 60_000
"""The longest comment in bytes: GitHub takes 65,536 characters, including the workflow's marker."""
_MAX_REFUSALS, _MAX_REST = 10_000, 15_000
"""The bytes of it reserved for the refusals before the changes, and for everything after them."""
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)([+-]\d\d:\d\d(?::\d\d)?)\[([^\]]+)\]")
_MARKUP = re.compile(r"([\\`*_\[\]#|~>])")
# A dollar sign may begin a formula; GitHub documents a span as the way to prevent that.
_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", "$": "<span>$</span>"})
# What GitHub turns into a mention, a reference to an issue or a commit, a link or a picture, anywhere in a text and
# even if its characters are escaped (cmark-gfm#181). Only breaking the word prevents it.
_CALLS = re.compile(
    r"@|#"
    r"|(?<=[a-z])-(?=\d)"  # GH-1
    r"|:(?=//)|www(?=\.)"
    r"|:(?=(?!\d\d[:+-])[\w+-]+:)"  # :tada:, but not a time
    r"|[0-9a-f]{6}(?=[0-9a-f])",  # seven digits can name a commit
    re.IGNORECASE,
)
_BREAK = "\u200b"
"""A zero-width space: it ends a word invisibly."""
_ID = re.compile(r"[a-z0-9-]+")


def format_difference(difference: Difference, tzids: Sequence[str] = ()) -> str:
    """Return the difference as text.

    Args:
        difference: what differs.
        tzids: zones to show times in, besides their own and UTC.
    """
    lines: list[str] = []
    for change in difference.changes:
        lines.append(f"{change.kind.value:<9} {change.id}: {change.summary}")
        lines += [f"            {line}" for line in _field_lines(change, tzids)]
    lines += [*_rename_lines(difference), *_law_lines(difference), *_feed_lines(difference)]
    lines += [*_note_lines(difference), *_refusal_lines(difference)]
    return "".join(f"{line}\n" for line in lines)


def summarize_difference(difference: Difference) -> str:
    """Return how many events are added, changed, moved, cancelled and restored, and how many feeds come and go."""
    counts = Counter(change.kind for change in difference.changes)
    feeds = (("new", len(difference.new_feeds)), ("missing", len(difference.missing_feeds)))
    events = [f"{counts[kind]} {kind.value}" for kind in Kind if counts[kind]] or ["no event differs"]
    return ", ".join([*events, *(f"{plural(count, f'{word} feed')}" for word, count in feeds if count)])


def format_difference_json(difference: Difference) -> str:
    """Return the difference as a JSON object, with times in RFC 9557 format."""
    record = {
        "events": [change_record(change) for change in difference.changes],
        "renames": [{"before": rename.before, "after": rename.after} for rename in difference.renames],
        "new_feeds": difference.new_feeds,
        "missing_feeds": difference.missing_feeds,
        "tzdb": {"before": difference.tzdb_before, "after": difference.tzdb_after},
        "zones": [{"timezone": law.tzid, "before": law.before, "after": law.after} for law in difference.laws],
        "refusals": [
            {"code": problem.code, "message": problem.message, "hint": problem.hint} for problem in difference.refusals
        ],
        "notes": [
            {"code": problem.code, "message": problem.message, "hint": problem.hint} for problem in difference.notes
        ],
    }
    return format_json(record)


def format_difference_markdown(difference: Difference, tzids: Sequence[str] = ()) -> str:
    """Return the difference as Markdown; changes that do not fit into a comment are left out, and counted.

    Args:
        difference: what differs.
        tzids: zones to show times in, besides their own and UTC.
    """
    head = f"**Calendar: {summarize_difference(difference)}**\n"
    refusals = _markdown_list(_refusal_lines(difference), _MAX_REFUSALS)
    facts = [*_rename_lines(difference), *_law_lines(difference), *_feed_lines(difference), *_note_lines(difference)]
    rest = _markdown_list(facts, _MAX_REST)
    room = MAX_MARKDOWN - sum(_size(part) for part in (head, *refusals, *rest))
    changes = _fit((_markdown_of(change, tzids) for change in difference.changes), len(difference.changes), room)
    return "\n".join([head, *refusals, *changes, *rest])


def format_zones(used: Sequence[ZoneUse], laws: Sequence[LawChange], published_with: str | None) -> str:
    """Return the zones in use as text, with their coming clock changes and the changes of their law.

    Args:
        used: the zones.
        laws: those whose law changed.
        published_with: the version of the tz database that the published output was built with.
    """
    built = f", published with {published_with}" if published_with and published_with != tzdb.TZDB_VERSION else ""
    lines = [f"tz database {tzdb.TZDB_VERSION}{built}"]
    width = max((len(use.tzid) for use in used), default=0)
    for use in used:
        ahead = ", ".join(_change_text(change) for change in use.ahead) or "no change within a year"
        lines.append(f"{use.tzid:<{width}}  {use.events:>5}  {ahead}")
    lines += [f"the law of {law.tzid} changed: {_law_line(law)}" for law in laws]
    return "".join(f"{line}\n" for line in lines)


def format_zones_json(used: Sequence[ZoneUse], laws: Sequence[LawChange], published_with: str | None) -> str:
    """Return what `format_zones` shows as a JSON object."""
    record = {
        "tzdb": {"before": published_with, "after": tzdb.TZDB_VERSION},
        "zones": [
            {
                "timezone": use.tzid,
                "events": use.events,
                "ahead": [
                    {
                        "at": format_utc(change.instant),
                        "before": format_offset(change.before),
                        "after": format_offset(change.after),
                    }
                    for change in use.ahead
                ],
            }
            for use in used
        ],
        "laws": [{"timezone": law.tzid, "before": law.before, "after": law.after} for law in laws],
    }
    return format_json(record)


def show_time(text: str, tzids: Sequence[str] = ()) -> str:
    """Return an RFC 9557 time for people: in its own zone, UTC and the given zones; any other text as it is."""
    match = _TIME.fullmatch(text)
    if match is None:
        return text
    wall, tzid = datetime.fromisoformat(match[1]), match[3]
    instant = datetime.fromisoformat(match[1] + match[2]).astimezone(UTC)
    wanted = [other for other in dict.fromkeys(tzids) if other not in (tzid, "UTC")]
    others = [f"{_day(tzdb.wall_at(instant, other))} {other}" for other in wanted]
    return "; ".join([f"{_day(wall)} {tzid}", f"{format_wall(instant.replace(tzinfo=None))}Z", *others])


def _change_text(change: tzdb.OffsetChange) -> str:
    before, after = format_offset(change.before), format_offset(change.after)
    return f"{format_wall(change.instant.replace(tzinfo=None))}Z {before} → {after}"


def _day(wall: datetime) -> str:
    return f"{wall:%a} {format_wall(wall)}"


def _field_lines(change: Change, tzids: Sequence[str]) -> Iterator[str]:
    if not change.fields:
        yield show_time(change.start, tzids)
    for field in change.fields:
        before, after = _values(field, tzids)
        yield f"{field.name}: {before} → {after}"


def _values(field: FieldChange, tzids: Sequence[str]) -> tuple[str, str]:
    return shorten(*("-" if text is None else show_time(text, tzids) for text in (field.before, field.after)))


def _law_lines(difference: Difference) -> Iterator[str]:
    """Yield a line for each zone whose law moved events, and for each other zone whose law changed."""
    moved = sorted(
        (change for change in difference.changes if change.kind is Kind.MOVED), key=lambda change: change.timezone or ""
    )
    versions = f"pytz {difference.tzdb_before or '-'} → {difference.tzdb_after}"
    moved_tzids = set()
    for tzid, changes in groupby(moved, key=lambda change: change.timezone or "-"):
        moved_tzids.add(tzid)
        count = sum(1 for _ in changes)
        yield f"{versions}: {tzid}, {count} {'event' if count == 1 else 'events'}"
    for law in difference.laws:
        if law.tzid not in moved_tzids:
            yield f"{versions}: {law.tzid}, no event ({_law_line(law)})"


def _law_line(law: LawChange) -> str:
    return f"was {', '.join(law.before[:3]) or '-'}; is {', '.join(law.after[:3]) or '-'}"


def _feed_lines(difference: Difference) -> Iterator[str]:
    yield from (f"new feed: {slug}" for slug in difference.new_feeds)
    yield from (f"missing feed: {slug}" for slug in difference.missing_feeds)


def _rename_lines(difference: Difference) -> Iterator[str]:
    for rename in difference.renames:
        yield f"renamed?  {rename.before} → {rename.after}: if it is the same event, keep `id: {rename.before}`"


def _refusal_lines(difference: Difference) -> Iterator[str]:
    for problem in difference.refusals:
        yield f"a build refuses this: {problem.message} [{problem.code}]; {problem.hint}"


def _note_lines(difference: Difference) -> Iterator[str]:
    for problem in difference.notes:
        yield f"note: {problem.message} [{problem.code}]; {problem.hint}"


def _markdown_list(lines: Iterable[str], room: int) -> list[str]:
    items = [f"- {_escape(line)}\n" for line in lines]
    text = "".join(_fit(items, len(items), room))
    return [text] if text else []


def _fit(parts: Iterable[str], count: int, room: int) -> Iterator[str]:
    """Yield the parts that fit, then the number of those left out.

    Args:
        parts: texts, rendered only while they fit.
        count: the number of parts.
        room: the bytes they may take, including a line break each.
    """
    left = room - _size(_left_out(count))
    for number, part in enumerate(parts):
        left -= _size(part)
        if left < 0:
            yield _left_out(count - number)
            return
        yield part


def _left_out(count: int) -> str:
    return f"\n… and {count:,} more.\n"


def _size(part: str) -> int:
    return len(part.encode("utf-8", "surrogatepass")) + 1


def _markdown_of(change: Change, tzids: Sequence[str]) -> str:
    event_id = f"`{change.id}`" if _ID.fullmatch(change.id) else _escape(change.id)
    head = f"**{change.kind.value.capitalize()}: {_escape(change.summary)}** ({event_id})\n"
    if not change.fields:
        return f"{head}\n{_escape(show_time(change.start, tzids))}\n"
    rows = [f"| {_escape(field.name)} | {' | '.join(map(_escape, _values(field, tzids)))} |" for field in change.fields]
    return "\n".join([head, "| | before | after |", "| --- | --- | --- |", *rows, ""])


def _escape(text: str) -> str:
    """Return a text in one line that Markdown shows unchanged and in which GitHub finds no mention or reference."""
    plain = _CALLS.sub(rf"\g<0>{_BREAK}", " ".join(text.split()))
    return _MARKUP.sub(r"\\\1", plain).translate(_HTML)
