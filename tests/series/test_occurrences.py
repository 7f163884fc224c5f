"""Series: every occurrence (also moved, cancelled and extra ones) is the intended instant, from the file alone."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import pytz
import yaml
from dateutil.rrule import rrulestr
from readers import icaljs, pyreader, rules
from readers.reading import Reading
from support.every_zone import zone_names
from support.projects import CALENDAR, NOW, VENUES, load_event, load_project, write_files

from calfeed.diagnostics.codes import Severity
from calfeed.diagnostics.problem import SourceError
from calfeed.model import Event, Timed
from calfeed.pipeline.build import build
from calfeed.series.expand import as_wall
from calfeed.series.occurrences import starts_between

EXAMPLES = yaml.load((Path(__file__).parents[1] / "data" / "rfc5545.yaml").read_text("utf-8"), Loader=yaml.BaseLoader)  # noqa: S506
# The RFC's UNTIL excludes the last time it lists; verified erratum 3883.
ERRATA = {"FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T170000Z": "FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T210000Z"}
# Rules that ical.js 2.2.1 misreads: it expands an nth weekday or a numbered week of the year to every one.
# calfeed warns about them (`misread-rule`).
MISREAD_BY_ICAL_JS = {"FREQ=YEARLY;BYDAY=20MO", "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO"}
# DTSTART is not an occurrence of the rule, which calfeed refuses: readers disagree on it (RFC 5545 §3.8.5.3).
REGULAR = [example for example in EXAMPLES if "starts_off_rule" not in example]


def wall(text: str) -> datetime:
    """Return a naive wall time."""
    return datetime.fromisoformat(text)


def in_utc(moment: datetime, tzid: str) -> datetime:
    """Return the instant of a wall time by the zone's file, the first pass if the time is repeated."""
    with pytz.open_resource(tzid) as file:
        return moment.replace(tzinfo=ZoneInfo.from_file(file)).astimezone(UTC)


def starts_in(readings: Sequence[Reading], uid: str) -> list[datetime | date]:
    """Return the starts that a reader gives for all pieces of one series, in order."""
    stem, _, host = uid.rpartition("@")
    uid_pattern = re.compile(rf"{re.escape(stem)}(?:-(?:from-)?\d{{4}}-\d\d-\d\d)?@{re.escape(host)}")
    return sorted((reading.start for reading in readings if uid_pattern.fullmatch(reading.uid)), key=str)


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the RFC's examples, each as a separate event, and return DIST."""
    root = tmp_path_factory.mktemp("rfc")
    events = {
        f"example-{number}.yaml": f"summary: Example {number}\nstart: {example['start']}\nduration: 15m\n"
        f"rrule: {ERRATA.get(example['rrule'], example['rrule'])}\n"
        for number, example in enumerate(REGULAR)
    }
    calendar = CALENDAR.replace("Europe/Tallinn", "America/New_York")
    write_files(root / "events", {"calendar.yaml": calendar, **events})
    build(root / "events", root / "dist", now=NOW)
    return root / "dist" / "events"


@pytest.mark.node
def test_examples_of_the_rfc_in_ical_js(examples: Path) -> None:
    """Each recurrence example of RFC 5545 §3.8.5.3, written by calfeed and read by ical.js, gives the RFC's dates."""
    paths = [examples / f"example-{number}.ics" for number in range(len(REGULAR))]
    readings = icaljs.read(paths, limit=400)
    assert len(REGULAR) > 35
    for path, example in zip(paths, REGULAR, strict=True):
        listed = [in_utc(wall(text), "America/New_York") for text in example["occurrences"]]
        starts = [reading.start for reading in readings[path]]
        agrees = listed == starts[: len(listed)] and ("endless" in example or len(listed) == len(starts))
        assert agrees is (example["rrule"] not in MISREAD_BY_ICAL_JS), example["name"]


@pytest.mark.parametrize("number", range(len(REGULAR)), ids=[re.sub(r"\W+", "-", e["name"]) for e in REGULAR])
def test_examples_of_the_rfc(examples: Path, tmp_path: Path, number: int) -> None:
    """Each example gives the RFC's dates in calfeed and in recurring-ical-events, and its file follows the rules."""
    example = REGULAR[number]
    listed = [wall(text) for text in example["occurrences"]]
    event = load_event(
        tmp_path,
        f"summary: X\nstart: {example['start']}\nduration: 15m\ntimezone: America/New_York\n"
        f"rrule: {ERRATA.get(example['rrule'], example['rrule'])}\n",
    )
    assert event.recurrence is not None
    starts = starts_between(event.when, event.recurrence, listed[0], listed[-1] + timedelta(days=400))
    assert listed == (list(islice(starts, len(listed))) if "endless" in example else list(starts))
    assert event.recurrence.is_endless is ("endless" in example)
    path = examples / f"example-{number}.ics"
    assert rules.violations(path.read_bytes(), "single") == []
    if len(listed) > 1 and listed[-1] < listed[0] + timedelta(days=700):
        starts_read = starts_in(pyreader.read_recurring(path), f"example-{number}@test.example")
        assert [in_utc(start, "America/New_York") for start in listed] == starts_read[: len(listed)]


@dataclass(frozen=True)
class Weekly:
    """A weekly series of a zone: its id and the instants of its 56 starts."""

    id: str
    starts: list[datetime]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Weekly]]:
    """Build two 56-week series in every zone: one in the evening, one in the night of the clock changes."""
    root = tmp_path_factory.mktemp("weekly")
    lines, series = [], []
    for number, tzid in enumerate(zone_names()):
        for name, start in (("evening", wall("2026-09-01 18:00")), ("night", wall("2026-09-06 02:30"))):
            identity = f"{name}-{number}"
            lines.append(
                f"- {{id: {identity}, summary: {identity}, timezone: {tzid}, start: {start}, duration: 45m,"
                " rrule: FREQ=WEEKLY;COUNT=56}\n"
            )
            walls = [start + timedelta(weeks=week) for week in range(56)]
            series.append(Weekly(identity, [in_utc(each, tzid) for each in walls]))
    files = {"calendar.yaml": CALENDAR.replace("name: Test", "name: Weekly"), "all.yaml": "".join(lines)}
    write_files(root / "events", files)
    build(root / "events", root / "dist", now=NOW)
    return root / "dist" / "events", series


@pytest.mark.node
def test_weekly_series_in_every_zone(world: tuple[Path, list[Weekly]]) -> None:
    """In every IANA zone, ical.js reads 56 weeks of evenings and nights correctly from the file alone."""
    folder, series = world
    paths = [folder / f"{each.id}.ics" for each in series]
    readings = icaljs.read(paths, limit=100)
    wrong = []
    for path, each in zip(paths, series, strict=True):
        found = [reading.start for reading in readings[path]]
        if each.starts != found:
            wrong.append((each.id, [pair for pair in zip(each.starts, found, strict=False) if pair[0] != pair[1]][:2]))
    assert len(series) > 1190
    assert wrong == []


def test_weekly_series_in_every_zone_in_python(world: tuple[Path, list[Weekly]]) -> None:
    """recurring-ical-events also reads these series correctly, and every file follows the rules."""
    folder, series = world
    for each in series[::5]:
        path = folder / f"{each.id}.ics"
        assert each.starts == starts_in(pyreader.read_recurring(path), f"{each.id}@test.example"), each.id
        assert rules.violations(path.read_bytes(), "single") == [], each.id


def test_exceptions_moves_and_extra_dates(tmp_path: Path) -> None:
    """Readers see excluded, added, moved, renamed and cancelled dates as intended, each once."""
    text = """\
summary: Weekly
start: 2026-09-01 18:00
end: 20:00
venue: hub
rrule: {freq: weekly, byday: [tu], until: 2026-12-15}
exdates: [2026-11-03, 2026-11-10 18:00]
rdates: [2026-11-05]
overrides:
  - {recurrence_id: 2026-10-06, start: 2026-10-07 19:00, summary: Moved}
  - {recurrence_id: 2026-10-13, status: cancelled}
  - {recurrence_id: 2026-10-20 18:00, end: 22:00, venue: {name: Elsewhere}}
  - {recurrence_id: 2026-11-05, start: 2026-11-06}
"""
    root = write_files(tmp_path / "events", {"calendar.yaml": CALENDAR, "venues.yaml": VENUES, "talk.yaml": text})
    build(root, tmp_path / "dist", now=NOW)
    path = tmp_path / "dist" / "events" / "talk.ics"
    regular = [wall("2026-09-01 18:00") + timedelta(weeks=week) for week in range(16)]
    left = [start for start in regular if f"{start:%m-%d}" not in ("11-03", "11-10", "10-06")]
    walls = [*left, wall("2026-10-07 19:00"), wall("2026-11-06 18:00")]
    expected = sorted((in_utc(start, "Europe/Tallinn") for start in walls), key=str)
    assert expected == starts_in(pyreader.read_recurring(path), "talk@test.example")
    if icaljs.available():
        assert expected == starts_in(icaljs.read([path], limit=50)[path], "talk@test.example")
    assert rules.violations(path.read_bytes(), "single") == []
    assert rules.violations((tmp_path / "dist" / "test.ics").read_bytes(), "feed") == []
    written = path.read_text("utf-8").replace("\r\n ", "")
    assert "RRULE:FREQ=WEEKLY;BYDAY=TU;UNTIL=20261215T180000Z\n" in written
    assert "RECURRENCE-ID;TZID=Europe/Tallinn:20261006T180000\n" in written
    assert "LOCATION:Elsewhere\n" in written
    assert written.index("RRULE:FREQ=WEEKLY") < written.index("RECURRENCE-ID")


@pytest.mark.parametrize(
    "until", ["2026-09-29", "2026-09-29 18:00", "2026-09-29T15:00Z", "20260929T150000Z", "2026-10-05"]
)
def test_until_never_drops_the_last_date(tmp_path: Path, until: str) -> None:
    """However the end is written, the last meeting takes place, and UNTIL is its instant in UTC."""
    text = f"summary: X\nstart: 2026-09-01 18:00\nend: 20:00\nrrule: {{freq: weekly, until: '{until}'}}\n"
    event = load_event(tmp_path, text)
    assert event.recurrence is not None
    assert as_wall(event.recurrence.starts[-1]) == wall("2026-09-29 18:00")
    assert event.recurrence.rrule == "FREQ=WEEKLY;UNTIL=20260929T150000Z"


@pytest.mark.node
def test_last_occurrence_in_a_repeated_hour(tmp_path: Path) -> None:
    """A series whose last occurrence is in a repeated hour keeps it: UNTIL is the later pass, right for all readers."""
    text = "summary: X\nstart: 2026-10-04 02:30\nduration: 45m\nrrule: FREQ=WEEKLY;UNTIL=20261025\n"
    calendar = CALENDAR.replace("Europe/Tallinn", "Europe/Berlin")
    root = write_files(tmp_path / "events", {"calendar.yaml": calendar, "talk.yaml": text})
    build(root, tmp_path / "dist", now=NOW)
    path = tmp_path / "dist" / "events" / "talk.ics"
    expected = [in_utc(wall("2026-10-04 02:30") + timedelta(weeks=week), "Europe/Berlin") for week in range(4)]
    assert expected == starts_in(icaljs.read([path], limit=9)[path], "talk@test.example")
    assert expected == starts_in(pyreader.read_recurring(path), "talk@test.example")


def test_endless_series_in_the_hour_of_the_changes(tmp_path: Path) -> None:
    """An endless series in the hour of the change gives a warning with the actual reason, not an error."""
    text = "summary: X\nstart: 2026-03-01 02:30\nduration: 15m\ntimezone: Europe/Berlin\nrrule: FREQ=WEEKLY\n"
    assert [problem.code for problem in load_project(tmp_path, text).problems] == ["unsettled-occurrence"]


@pytest.mark.parametrize(("end", "minutes"), [("end: 03:15", 45), ("end: 03:30", 60), ("duration: 45m", 45)])
def test_occurrence_with_a_skipped_start_keeps_its_length(tmp_path: Path, end: str, minutes: int) -> None:
    """If the clocks skip an occurrence's start, it still ends after it begins and has the usual length."""
    text = f"summary: Night shift\nstart: 2027-03-21 02:30\n{end}\nrrule: FREQ=WEEKLY;COUNT=3\n"
    calendar = CALENDAR.replace("Europe/Tallinn", "Europe/Berlin")
    root = write_files(tmp_path / "events", {"calendar.yaml": calendar, "talk.yaml": text})
    build(root, tmp_path / "dist", now=NOW)
    path = tmp_path / "dist" / "events" / "talk.ics"
    skipped = datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
    readings = [pyreader.read_recurring(path)]
    if icaljs.available():
        readings.append(icaljs.read([path], limit=9)[path])
    for reading in readings:
        assert [one.end for one in reading if one.start == skipped] == [skipped + timedelta(minutes=minutes)]
    assert rules.violations(path.read_bytes(), "single") == []


def test_moved_occurrence_keeps_its_clock_times(tmp_path: Path) -> None:
    """A night moved to the night of the change still ends at the same wall time."""
    text = (
        "summary: X\nstart: 2026-10-01 22:00\nend: 2026-10-02 06:00\nrrule: FREQ=WEEKLY;COUNT=3\n"
        "overrides: [{recurrence_id: 2026-10-15, start: 2026-10-24 22:00}]\n"
    )
    event = load_event(tmp_path, text)
    assert event.recurrence is not None
    (moved,) = event.recurrence.instances
    assert isinstance(moved.event.when, Timed)
    assert moved.event.when.end is not None
    assert moved.event.when.end.wall == wall("2026-10-25 06:00")


def test_whole_days(tmp_path: Path) -> None:
    """An all-day series has dates everywhere, and its UNTIL is a date."""
    text = "summary: X\nstart: 2027-01-30\nend: 2027-01-31\nexdates: 2027-04-30\n"
    text += "rrule: FREQ=MONTHLY;BYMONTHDAY=30;UNTIL=20270530\n"
    root = write_files(tmp_path / "events", {"calendar.yaml": CALENDAR, "talk.yaml": text})
    build(root, tmp_path / "dist", now=NOW)
    path = tmp_path / "dist" / "events" / "talk.ics"
    assert starts_in(pyreader.read_recurring(path), "talk@test.example") == [
        date(2027, 1, 30), date(2027, 3, 30), date(2027, 5, 30),
    ]  # fmt: skip
    written = path.read_text("utf-8")
    assert "RRULE:FREQ=MONTHLY;BYMONTHDAY=30;UNTIL=20270530\n" in written
    assert "EXDATE;VALUE=DATE:20270430\n" in written
    assert rules.violations(path.read_bytes(), "single") == []


def test_series_is_never_in_utc_where_clocks_change(tmp_path: Path) -> None:
    """A series keeps its zone, even if single events in that zone are written in UTC."""
    text = (
        "- {id: s, summary: S, start: 2027-01-05 18:00, duration: 1h, rrule: FREQ=WEEKLY;COUNT=80}\n"
        "- {id: t, summary: T, start: 2027-01-05 02:30, duration: 1h, rrule: FREQ=DAILY;COUNT=400}\n"
    )
    for number, tzid in enumerate(("Asia/Jerusalem", "America/Nuuk", "Asia/Gaza", "Africa/Casablanca", "Africa/Cairo")):
        calendar = CALENDAR.replace("Europe/Tallinn", tzid)
        root = write_files(tmp_path / str(number) / "events", {"calendar.yaml": calendar, "all.yaml": text})
        build(root, tmp_path / str(number) / "dist", now=NOW)
        feed = tmp_path / str(number) / "dist" / "test.ics"
        assert f"DTSTART;TZID={tzid}:20270105T180000" in feed.read_text("utf-8")
        assert rules.violations(feed.read_bytes(), "feed") == []
        readings = pyreader.read_recurring(feed)
        for uid, start, step, count in (("s", "18:00", 7, 80), ("t", "02:30", 1, 400)):
            walls = [wall(f"2027-01-05 {start}") + timedelta(days=step * n) for n in range(count)]
            assert [in_utc(each, tzid) for each in walls] == starts_in(readings, f"{uid}@test.example"), (tzid, uid)


def test_spelling_of_a_rule_is_no_change(tmp_path: Path) -> None:
    """A rule as text and as a mapping, in different order and case, gives the same series."""
    rules_ = ["FREQ=WEEKLY;BYDAY=TU,TH;INTERVAL=2;COUNT=6", "{interval: 2, freq: weekly, count: 6, byday: [tu, th]}"]
    events: list[Event] = [
        load_event(tmp_path / str(n), f"summary: X\nstart: 2026-09-01 18:00\nend: 20:00\nrrule: {rule}\n")
        for n, rule in enumerate(rules_)
    ]
    assert events[0].recurrence == events[1].recurrence


@dataclass(frozen=True)
class Drawn:
    """A random series: its YAML and its expected starts."""

    id: str
    yaml: str
    starts: list[datetime]


def draw(dice: random.Random, number: int) -> Drawn:
    """Draw a rule, a zone, an end, exceptions and moves; the expected starts come from dateutil and the zone's file."""
    tzid = dice.choice(
        ["Europe/Tallinn", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Santiago"]
    )
    first = datetime(2026, dice.randint(1, 12), dice.randint(1, 28), dice.choice([1, 2, 3, 9, 18, 23]), 30)  # noqa: DTZ001
    days = dice.sample(["MO", "TU", "WE", "TH", "FR", "SA", "SU"], dice.randint(1, 3))
    rule = dice.choice(
        [
            f"FREQ=DAILY;INTERVAL={dice.randint(1, 9)}",
            f"FREQ=WEEKLY;INTERVAL={dice.randint(1, 3)};BYDAY={','.join(days)}",
            f"FREQ=MONTHLY;BYMONTHDAY={dice.choice([1, 15, 28, 29, 31, -1])}",
            f"FREQ=MONTHLY;BYDAY={dice.choice([1, 2, 3, 4, -1])}{days[0]}",
            f"FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS={dice.choice([1, -1])}",
            f"FREQ=YEARLY;BYMONTH={dice.randint(1, 12)};BYDAY={dice.choice([1, 2, -1])}{days[0]}",
        ]
    )
    count = dice.randint(4, 40)
    walls = list(rrulestr(f"{rule};COUNT={count}", dtstart=first))
    first, rule = walls[0], f"{rule};COUNT={count}"  # begin on an occurrence
    walls = list(rrulestr(rule, dtstart=first))
    skipped, moved = dice.sample(walls[1:], 2)
    target = moved + timedelta(days=1, hours=1)
    kept = [wall for wall in walls if wall not in (skipped, moved)]
    starts = sorted([*(in_utc(wall, tzid) for wall in kept), in_utc(target, tzid)])
    text = (
        f"- id: s{number}\n  summary: S\n  timezone: {tzid}\n  start: {first}\n  duration: 30m\n  rrule: {rule}\n"
        f"  exdates: ['{skipped}']\n  overrides: [{{recurrence_id: '{moved}', start: '{target}'}}]\n"
    )
    return Drawn(f"s{number}", text, starts)


@pytest.mark.node
def test_random_series(tmp_path: Path) -> None:
    """For 300 random series with exceptions and moves, ical.js reads in UTC exactly dateutil's dates in wall time."""
    dice = random.Random(5545)  # noqa: S311 - not for secrets
    drawn = [draw(dice, number) for number in range(300)]
    files = {f"{series.id}.yaml": series.yaml for series in drawn}
    root = write_files(tmp_path / "events", {"calendar.yaml": CALENDAR, **files})
    try:
        build(root, tmp_path / "dist", now=NOW)
    except SourceError as refusal:
        # Series that begin or are moved during a clock change are refused, and are drawn again.
        refused = {Path(problem.mark.path).stem for problem in refusal.problems if problem.severity is Severity.ERROR}
        codes = {problem.code for problem in refusal.problems if problem.severity is Severity.ERROR}
        assert codes <= {"nonexistent-time", "ambiguous-time", "unsettled-start"}
        assert len(refused) < 10
        drawn = [series for series in drawn if series.id not in refused]
        for stem in refused:
            (root / f"{stem}.yaml").unlink()
        build(root, tmp_path / "dist", now=NOW)
    paths = [tmp_path / "dist" / "events" / f"{series.id}.ics" for series in drawn]
    readings = icaljs.read(paths, limit=100)
    wrong = [
        (series.yaml, series.starts, [reading.start for reading in readings[path]])
        for series, path in zip(drawn, paths, strict=True)
        if series.starts != starts_in(readings[path], f"{series.id}@test.example")
    ]
    assert wrong == []
    assert [found for path in paths for found in rules.violations(path.read_bytes(), "single")] == []


@pytest.mark.parametrize(
    ("start", "rule"),
    [
        ("2028-02-29", "FREQ=DAILY;INTERVAL=900;BYMONTH=2;BYMONTHDAY=29;BYDAY=TU"),
        ("2028-02-29", "FREQ=DAILY;INTERVAL=900;BYMONTH=2;BYMONTHDAY=29;BYDAY=TU;UNTIL=20300101"),
        ("2028-02-29", "FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=29;BYDAY=TU"),
        ("2027-08-13", "FREQ=DAILY;INTERVAL=9000;BYMONTHDAY=13;BYMONTH=8"),
    ],
)
def test_rules_without_a_next_date_in_reach_are_refused(tmp_path: Path, start: str, rule: str) -> None:
    """A rule whose next date is too far away for a program that tries every day or minute is an error."""
    text = f"summary: X\nstart: {start} 09:00\nduration: 1m\ntimezone: Asia/Kolkata\nrrule: {rule}\n"
    with pytest.raises(SourceError) as refused:
        load_project(tmp_path, text)
    assert [problem.code for problem in refused.value.problems if problem.severity == "error"] == ["bad-rrule"]
    assert "Thunderbird freezes" in refused.value.problems[0].message
