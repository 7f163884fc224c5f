"""calfeed.series.pieces: a series across a skipped hour, in several VEVENTs that every reader places correctly."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytz
from dateutil.rrule import rrulestr
from readers import icaljs, pyreader, rfc5545, rules
from support.commands import run
from support.projects import CALENDAR, LATER, NOW, load_event, load_project, tree, write_files

from calfeed.diagnostics.problem import SourceError
from calfeed.pipeline.build import build
from calfeed.pipeline.options import Options
from calfeed.resolve.load import load
from calfeed.series.pieces import pieces_of

# Zones whose clocks skip an hour or half an hour in a night of 2027, at midnight or later.
NIGHTS = (
    "Europe/Dublin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "America/Santiago",
    "Europe/Chisinau",
    "America/Scoresbysund",
    "Asia/Beirut",
    "Atlantic/Azores",
    "Asia/Gaza",
    "Europe/Berlin",
)
PUB = "summary: Pub\nstart: 2027-03-07 01:15\nduration: 90m\ntimezone: Europe/Dublin\n"
THREE = "rrule: FREQ=WEEKLY;COUNT=3\n"
TWICE_A_DAY = """\
summary: X
start: 2027-03-13 02:30
duration: 10m
timezone: America/New_York
rrule: FREQ=DAILY;BYHOUR=2,20;COUNT=8
"""
WEEKLY = f"{PUB}rrule: {{freq: weekly, until: 2027-11-28}}\n"


def wall(text: str) -> datetime:
    """Return a naive wall time."""
    return datetime.fromisoformat(text)


def zone_of(tzid: str) -> ZoneInfo:
    """Return a zone from its file, without calfeed."""
    with pytz.open_resource(tzid) as file:
        return ZoneInfo.from_file(file)


def in_utc(moment: datetime, tzid: str) -> datetime:
    """Return the instant of a wall time; a skipped one uses the offset before the change."""
    return moment.replace(tzinfo=zone_of(tzid)).astimezone(UTC)


def uids_of(root: Path, text: str) -> list[str]:
    """Return the UIDs of the pieces of a calendar's only event, without the calendar's id."""
    return [piece.uid.removesuffix("@test.example") for piece in pieces_of(load_event(root, text))]


def built(root: Path, text: str, now: datetime = NOW) -> Path:
    """Build a calendar of one event and return the event's own file."""
    write_files(root / "events", {"calendar.yaml": CALENDAR, "talk.yaml": text})
    build(root / "events", root / "dist", now=now, options=Options(site=False))
    return root / "dist" / "events" / "talk.ics"


def row_of(root: Path) -> dict[str, Any]:
    """Return the only event's row in the manifest."""
    (row,) = json.loads((root / "dist" / "calfeed.json").read_bytes())["events"]
    found: dict[str, Any] = row
    return found


def assert_read_right(path: Path, expected: list[datetime]) -> None:
    """Check that every reader gets exactly these starts from a file, and that the file follows the rules."""
    assert sorted(expected) == sorted(reading.start for reading in pyreader.read_recurring(path))
    if icaljs.available():
        assert sorted(expected) == sorted(reading.start for reading in icaljs.read([path], limit=2000)[path])
    assert rules.violations(path.read_bytes(), "single") == []


# -- which pieces there are -------------------------------------------------------------------------------------


def test_skipped_hour_splits_a_series(tmp_path: Path) -> None:
    """The series up to the skipped hour keeps its UID; that date stands alone in UTC, and a second series follows."""
    path = built(tmp_path, WEEKLY)
    starts = [in_utc(wall("2027-03-07 01:15") + timedelta(weeks=week), "Europe/Dublin") for week in range(39)]
    assert_read_right(path, starts)
    text = path.read_text("utf-8")
    assert [line for line in text.splitlines() if line.startswith(("UID", "RRULE:FREQ=WEEKLY", "DTSTART"))][2:] == [
        "UID:talk@test.example",
        "DTSTART;TZID=Europe/Dublin:20270307T011500",
        "RRULE:FREQ=WEEKLY;UNTIL=20270321T011500Z",
        "UID:talk-2027-03-28@test.example",
        "DTSTART:20270328T011500Z",
        "UID:talk-from-2027-04-04@test.example",
        "DTSTART;TZID=Europe/Dublin:20270404T011500",
        "RRULE:FREQ=WEEKLY;UNTIL=20271128T011500Z",
        "UID:talk-from-2027-04-04@test.example",
        "DTSTART:20271031T001500Z",
    ]


def test_one_event_in_several_pieces(tmp_path: Path) -> None:
    """It is one event everywhere: one row of the manifest that names its pieces, one page, one entry in each feed."""
    write_files(tmp_path / "events", {"calendar.yaml": CALENDAR, "talk.yaml": WEEKLY})
    result = build(tmp_path / "events", tmp_path / "dist", now=NOW)
    row = row_of(tmp_path)
    assert [(piece["uid"], piece["start_utc"], piece["last_utc"]) for piece in row["pieces"]] == [
        ("talk@test.example", "2027-03-07T01:15:00Z", "2027-03-21T01:15:00Z"),
        ("talk-2027-03-28@test.example", "2027-03-28T01:15:00Z", "2027-03-28T01:15:00Z"),
        ("talk-from-2027-04-04@test.example", "2027-04-04T00:15:00Z", "2027-11-28T01:15:00Z"),
    ]
    assert (row["first_utc"], row["last_utc"]) == ("2027-03-07T01:15:00Z", "2027-11-28T01:15:00Z")
    manifest = json.loads((tmp_path / "dist" / "calfeed.json").read_bytes())
    assert [feed["events"] for feed in manifest["feeds"]] == [1]
    assert [path for path in result.files if path.startswith("events/")] == ["events/talk.ics", "events/talk.html"]


def test_plain_series_has_no_pieces(tmp_path: Path) -> None:
    """A series without a skipped hour is one piece, and its row lists none."""
    text = "summary: X\nstart: 2027-01-05 19:00\nduration: 1h\nrrule: FREQ=WEEKLY;COUNT=40\n"
    event = load_event(tmp_path, text)
    assert pieces_of(event) == (event,)
    built(tmp_path, text)
    assert "pieces" not in row_of(tmp_path)


@pytest.mark.parametrize(
    ("text", "uids"),
    [
        # The second date, the last one, and both years.
        (PUB.replace("03-07", "03-21") + THREE, ["talk", "talk-2027-03-28", "talk-from-2027-04-04"]),
        (f"{PUB}rrule: FREQ=WEEKLY;COUNT=4\n", ["talk", "talk-2027-03-28"]),
        (
            f"{PUB}rrule: FREQ=WEEKLY;UNTIL=20280401\n",
            ["talk", "talk-2027-03-28", "talk-from-2027-04-04", "talk-2028-03-26"],
        ),
        # An excluded or moved date still ends a piece, because the rule still gives it.
        (f"{WEEKLY}exdates: 2027-03-28\n", ["talk", "talk-from-2027-04-04"]),
        (
            f"{WEEKLY}overrides: [{{recurrence_id: 2027-03-28, start: 2027-03-28 20:00}}]\n",
            ["talk", "talk-2027-03-28", "talk-from-2027-04-04"],
        ),
        # An excluded date renames no piece.
        (f"{WEEKLY}exdates: 2027-04-04\n", ["talk", "talk-2027-03-28", "talk-from-2027-04-04"]),
        # More occurrences follow on the day of the change.
        (
            TWICE_A_DAY,
            ["talk", "talk-2027-03-14", "talk-from-2027-03-14"],
        ),
        # An extra date between the two belongs to neither series.
        (
            f"{WEEKLY}rdates: [2027-03-30 12:00]\n",
            ["talk", "talk-2027-03-28", "talk-2027-03-30", "talk-from-2027-04-04"],
        ),
        # Two on one day have times in their UIDs.
        (
            f"{WEEKLY}rdates: [2027-03-28 12:00]\n",
            ["talk", "talk-2027-03-28T0115", "talk-2027-03-28T1200", "talk-from-2027-04-04"],
        ),
        # A written UID, with and without an @.
        (
            f"{WEEKLY}uid: a@b@c.ex\n",
            ["a@b@c.ex", "a@b-2027-03-28@c.ex", "a@b-from-2027-04-04@c.ex"],
        ),
        (f"{WEEKLY}uid: abc\n", ["abc", "abc-2027-03-28", "abc-from-2027-04-04"]),
    ],
)  # fmt: skip
def test_uids_of_pieces(tmp_path: Path, text: str, uids: list[str]) -> None:
    """The UID of a piece contains its date, and depends only on its position in the rule."""
    assert uids_of(tmp_path, text) == uids
    path = built(tmp_path / "build", text)
    assert rules.violations(path.read_bytes(), "single") == []


def test_override_of_a_skipped_date_is_that_date(tmp_path: Path) -> None:
    """An override of the skipped date applies to its piece."""
    text = f"{WEEKLY}overrides: [{{recurrence_id: 2027-03-28, start: 2027-03-28 20:00, summary: Late}}]\n"
    path = built(tmp_path, text)
    (vevent,) = [
        each
        for each in rfc5545.parse(path.read_bytes()).children("VEVENT")
        if each.one("UID").text() == "talk-2027-03-28@test.example"
    ]
    assert (vevent.one("SUMMARY").text(), vevent.one("DTSTART").value) == ("Late", "20270328T200000")


def test_reminders_and_html_are_those_of_each_piece(tmp_path: Path) -> None:
    """In the event's own file, each piece has the reminders; the feed has none."""
    path = built(tmp_path, f"{WEEKLY}reminders: [1h]\ndescription: A *pint*\n")
    vevents = rfc5545.parse(path.read_bytes()).children("VEVENT")
    masters = [master for master in vevents if not master.all("RECURRENCE-ID")]
    assert [(len(master.children("VALARM")), len(master.all("X-ALT-DESC"))) for master in masters] == [(1, 1)] * 3
    assert rules.violations((tmp_path / "dist" / "test.ics").read_bytes(), "feed") == []


# -- which series are not split --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rule", ["FREQ=WEEKLY", "FREQ=WEEKLY;UNTIL=20400101", "FREQ=DAILY", "FREQ=DAILY;UNTIL=20350101"]
)
def test_too_many_skipped_dates_are_a_warning(tmp_path: Path, rule: str) -> None:
    """A series that meets a skipped hour every year is not split, and the hint says to move it out of the night."""
    project = load_project(tmp_path, f"{PUB}rrule: {rule}\n")
    (problem,) = project.problems
    assert problem.code == "unsettled-occurrence"
    assert problem.hint.startswith("move the series out of the night")
    assert pieces_of(project.events[0]) == project.events


def test_five_skipped_dates_are_pieces_and_six_are_not(tmp_path: Path) -> None:
    """Up to five skipped dates are published as separate pieces."""
    for years, count in ((5, 11), (6, 1)):
        text = f"{PUB}rrule: FREQ=WEEKLY;UNTIL={2026 + years}1231\n"
        assert len(uids_of(tmp_path / str(years), text)) == count


def test_series_by_the_hour_stays_one(tmp_path: Path) -> None:
    """If the hour after the change also has an occurrence, the series is not split."""
    text = "summary: X\nstart: 2027-03-27 20:15\nduration: 5m\ntimezone: Europe/Dublin\nrrule: FREQ=HOURLY;COUNT=20\n"
    assert uids_of(tmp_path, text) == ["talk"]


# -- UIDs -------------------------------------------------------------------------------------------------------


def test_written_uid_of_a_piece_is_refused(tmp_path: Path) -> None:
    """An event whose UID or id belongs to a piece of another event is an error at its place."""
    for name, own in (
        ("a", "uid: talk-2027-03-28@test.example\n"),
        ("b", ""),
        ("c", "uid: talk-from-2027-04-04@test.example\n"),
    ):
        other = "talk-2027-03-28.yaml" if name == "b" else "other.yaml"
        files = {"calendar.yaml": CALENDAR, "talk.yaml": WEEKLY, other: f"summary: Other\nstart: 2027-06-01\n{own}"}
        with pytest.raises(SourceError) as refused:
            load(write_files(tmp_path / name, files))
        (problem,) = refused.value.problems
        assert (problem.code, Path(problem.mark.path).name) == ("duplicate-uid", other)
        assert "belongs to a part of `talk`" in problem.message
        assert [Path(mark.path).name for mark in problem.related] == ["talk.yaml"]


@pytest.mark.parametrize(("length", "is_refused"), [(230, False), (231, True)])
def test_long_uid_has_no_room_for_pieces(tmp_path: Path, length: int, is_refused: bool) -> None:
    """A UID from which several are derived has at most 230 bytes; other UIDs may be longer."""
    uid = "x" * (length - 2) + "@y"
    assert load_event(tmp_path / "plain", f"summary: X\nstart: 2027-01-01\nuid: {uid}\n").uid == uid
    text = f"{WEEKLY}uid: {uid}\n"
    if is_refused:
        with pytest.raises(SourceError) as refused:
            load_event(tmp_path, text)
        assert [problem.code for problem in refused.value.problems] == ["long-uid"]
    else:
        assert max(len(piece.uid) for piece in pieces_of(load_event(tmp_path, text))) <= 255


# -- over time --------------------------------------------------------------------------------------------------


def test_other_time_leaves_tombstones_of_pieces(tmp_path: Path) -> None:
    """Dates that the event no longer has are cancelled under the UID of their piece; those it still has are not."""
    built(tmp_path, WEEKLY)
    path = built(tmp_path, WEEKLY.replace("01:15", "02:15"), LATER)
    manifest = json.loads((tmp_path / "dist" / "calfeed.json").read_bytes())
    rows = {row["uid"].removesuffix("@test.example"): row for row in manifest["events"]}
    # 01:15 on 28 March was 02:15 on the clocks: that date now belongs to the series itself.
    assert {uid: row["status"] for uid, row in rows.items()} == {
        "talk": "confirmed", "talk-from-2027-04-04": "cancelled",
    }  # fmt: skip
    assert {row["sequence"] for row in rows.values()} == {1}
    assert (rows["talk-from-2027-04-04"]["id"], path.exists()) == ("talk-2", True)
    built(tmp_path, WEEKLY, LATER + timedelta(days=1))
    row = row_of(tmp_path)
    assert (row["sequence"], [piece["status"] for piece in row["pieces"]]) == (2, ["confirmed"] * 3)


def test_tombstone_has_all_pieces(tmp_path: Path) -> None:
    """A series deleted before it began is cancelled under each of its UIDs."""
    built(tmp_path, WEEKLY)
    before = row_of(tmp_path)
    (tmp_path / "events" / "talk.yaml").unlink()
    build(tmp_path / "events", tmp_path / "dist", now=NOW + timedelta(days=1), options=Options(site=False))
    row = row_of(tmp_path)
    assert [piece["uid"] for piece in row["pieces"]] == [piece["uid"] for piece in before["pieces"]]
    assert {piece["status"] for piece in row["pieces"]} == {"cancelled"}
    assert rules.violations((tmp_path / "dist" / "test.ics").read_bytes(), "feed") == []


def test_series_published_whole_before_is_revised_once(tmp_path: Path) -> None:
    """If an earlier version published the series whole, the pieces are its next revision, once."""
    built(tmp_path, WEEKLY)
    path = tmp_path / "dist" / "calfeed.json"
    manifest = json.loads(path.read_bytes())
    (row,) = manifest["events"]
    del row["pieces"], row["content"]["skipped"]
    row["fingerprint"] = "1:old"
    path.write_text(json.dumps(manifest), encoding="utf-8")
    built(tmp_path, WEEKLY, LATER)
    assert row_of(tmp_path)["sequence"] == 1
    first = tree(tmp_path / "dist")
    built(tmp_path, WEEKLY, LATER + timedelta(days=1))
    assert tree(tmp_path / "dist") == first


def test_show_and_doctor_know_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`show` lists the pieces, and the manifest's entry for a file covers all of them."""
    from calfeed.doctor.expected import read_promise
    from calfeed.doctor.reader import read_events

    path = built(tmp_path, WEEKLY)
    monkeypatch.chdir(tmp_path)
    row = json.loads(run("show", "talk", "--format", "json").stdout)
    assert [piece["uid"] for piece in row["pieces"]][1] == "talk-2027-03-28@test.example"
    promise = read_promise((tmp_path / "dist" / "calfeed.json").read_bytes())
    assert promise.events["events/talk.ics"] == read_events(path.read_bytes())


# -- at random --------------------------------------------------------------------------------------------------


@cache
def gaps_of(tzid: str) -> list[datetime]:
    """Return the wall times of 2027, 15 minutes apart, that the clocks of a zone skip."""
    zone, first = zone_of(tzid), wall("2027-01-01")
    walls = (first + timedelta(minutes=15 * number) for number in range(4 * 24 * 365))
    return [
        wall
        for wall in walls
        if wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) != wall
    ]


@dataclass(frozen=True)
class Drawn:
    """A random series: its YAML and its expected instants."""

    yaml: str
    starts: list[datetime]


def draw(dice: random.Random) -> Drawn:
    """Draw a rule that gives a skipped time, with exceptions, extra dates and moves; dateutil gives the dates."""
    tzid = dice.choice(NIGHTS)
    gap = dice.choice(gaps_of(tzid))
    days, step = ("MO", "TU", "WE", "TH", "FR", "SA", "SU"), dice.choice((1, 1, 2, 3))
    day = days[gap.weekday()]
    before = dice.randint(1, 5)
    rule, first = dice.choice(
        (
            (f"FREQ=DAILY;INTERVAL={step}", gap - timedelta(days=step * before)),
            (f"FREQ=WEEKLY;INTERVAL={step};WKST={dice.choice(days)}", gap - timedelta(weeks=step * before)),
            (
                f"FREQ=WEEKLY;INTERVAL={step};BYDAY={','.join(sorted({day, *dice.sample(days, 2)}, key=days.index))}",
                gap - timedelta(weeks=step * before),
            ),
            (f"FREQ=MONTHLY;BYMONTHDAY={gap.day}", gap.replace(month=1)),
            (f"FREQ=MONTHLY;BYDAY={(gap.day - 1) // 7 + 1}{day}", gap.replace(month=1, day=1)),
            (f"FREQ=MONTHLY;BYDAY={day};BYSETPOS=1,-1,{(gap.day - 1) // 7 + 1}", gap.replace(month=1, day=1)),
        )
    )
    walls = [
        each
        for each in rrulestr(f"{rule};COUNT={dice.randint(6, 22)}", dtstart=first - timedelta(days=1))
        if each >= first
    ]
    # dateutil yields the start even if the rule does not, and a rule may begin elsewhere in its period.
    if "INTERVAL" in rule or first not in walls:
        first = first if "INTERVAL" in rule else walls[1]
        walls = list(rrulestr(f"{rule};COUNT={len(walls)}", dtstart=first))
    ends = f"COUNT={len(walls)}" if dice.random() < 0.5 else f"UNTIL={walls[-1]:%Y%m%d}"
    left_out = {dice.choice(walls)} if dice.random() < 0.5 else set()
    moved = {each for each in dice.sample(walls[1:], 2) if each not in left_out} if dice.random() < 0.5 else set()
    if dice.random() < 0.3 and gap in walls:
        moved.add(gap)
        left_out.discard(gap)
    targets = {each: datetime.combine(each.date() + timedelta(days=1), time(13, 5)) for each in moved}
    extra = {datetime.combine(each.date() + timedelta(days=1), time(11, 45)) for each in dice.sample(walls, 2)}
    lines = [
        f"- id: {{}}\n  summary: S\n  timezone: {tzid}\n  start: {first}\n  duration: 30m\n  rrule: {rule};{ends}\n",
        f"  exdates: {[str(each) for each in sorted(left_out)]}\n",
        f"  rdates: {[str(each) for each in sorted(extra)]}\n",
        "  overrides:\n" if moved else "",
        *(f"  - {{{{recurrence_id: '{each}', start: '{target}'}}}}\n" for each, target in sorted(targets.items())),
    ]
    kept = {*walls} - left_out - moved
    return Drawn("".join(lines), sorted(in_utc(each, tzid) for each in {*kept, *targets.values(), *extra}))


@pytest.mark.node
def test_random_series_over_skipped_hours(tmp_path: Path) -> None:
    """Every reader gets 120 series across skipped hours right, from their own files and from the feed."""
    dice = random.Random(13)  # noqa: S311 - not for secrets
    drawn = {f"s{number}": draw(dice) for number in range(120)}
    while True:
        files = {f"{name}.yaml": series.yaml.format(name) for name, series in drawn.items()}
        root = write_files(tmp_path / "events", {"calendar.yaml": CALENDAR, **files})
        try:
            build(root, tmp_path / "dist", now=NOW, options=Options(site=False))
            break
        except SourceError as refusal:
            # Series that begin or are moved during a clock change are drawn again.
            refused = {Path(problem.mark.path).stem for problem in refusal.problems if problem.code in REFUSED}
            assert refused
            assert len(refused) < 40
            drawn |= {name: draw(dice) for name in refused}
    paths = {name: tmp_path / "dist" / "events" / f"{name}.ics" for name in drawn}
    by_icaljs = icaljs.read(list(paths.values()), limit=500)
    wrong = []
    for name, series in drawn.items():
        starts = sorted(reading.start for reading in by_icaljs[paths[name]])
        if starts != series.starts:
            wrong.append((series.yaml, "ical.js"))
        if sorted(reading.start for reading in pyreader.read_recurring(paths[name])) != series.starts:
            wrong.append((series.yaml, "recurring-ical-events"))
        wrong += [(series.yaml, fault) for fault in rules.violations(paths[name].read_bytes(), "single")]
    assert wrong == []
    assert rules.violations((tmp_path / "dist" / "test.ics").read_bytes(), "feed") == []
    in_pieces = [
        row for row in json.loads((tmp_path / "dist" / "calfeed.json").read_bytes())["events"] if "pieces" in row
    ]
    assert len(in_pieces) > 80


REFUSED = {"nonexistent-time", "ambiguous-time", "unsettled-start", "unsupported-zone", "no-occurrence"}
