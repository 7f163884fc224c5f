"""calfeed.revisions.endings: a running series that is called off keeps its past dates unchanged."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from readers import icaljs, pyreader, rules
from support.commands import run
from support.projects import CALENDAR, write_files

from calfeed.diagnostics.problem import SourceError
from calfeed.editions.consent import Consent
from calfeed.editions.edition import prepare
from calfeed.editions.manifest import MANIFEST, Manifest
from calfeed.editions.manifest_json import read_manifest
from calfeed.model import Event, Status, Timed
from calfeed.pipeline.options import Options
from calfeed.pipeline.render import render
from calfeed.resolve.load import load
from calfeed.series.agenda import occurrences
from calfeed.series.pieces import pieces_of

CHOIR = "summary: Choir\nstart: 2027-01-05 19:00\nduration: 90m\nrrule: {freq: weekly, count: 12}\n"
OTHER = "summary: Other\nstart: 2030-12-12\n"
BEFORE, RUNNING, AFTER = "2027-01-02T10:00", "2027-02-20T10:00", "2027-06-01T10:00"
CANCELLED = f"{CHOIR}status: cancelled\n"
EVENINGS = [f"{datetime(2027, 1, 5, 17, tzinfo=UTC) + timedelta(weeks=week):%m-%d}" for week in range(12)]


def at(text: str) -> datetime:
    """Return an instant from its short form."""
    return datetime.fromisoformat(f"{text}:00+00:00")


class Choir:
    """A calendar with a series and another event, to edit and publish repeatedly."""

    def __init__(self, root: Path, text: str = CHOIR, now: str = BEFORE) -> None:
        self.root = write_files(root / "events", {"calendar.yaml": CALENDAR, "other.yaml": OTHER})
        self.baseline = Manifest()
        self.files: dict[str, bytes] = {}
        self.hints: list[str] = []
        self.publish(now, text)

    def publish(self, now: str, text: str | None = None) -> None:
        """Build at a time, with the series in this state from now on; without a text it is deleted."""
        path = self.root / "choir.yaml"
        path.unlink(missing_ok=True)
        if text is not None:
            path.write_text(text, encoding="utf-8")
        project = load(self.root)
        self.hints = [problem.hint for problem in prepare(project, self.baseline, at(now), Consent()).problems]
        artifacts = render(project, now=at(now), options=Options(baseline=self.baseline, site=False))
        self.files = {artifact.path: artifact.data for artifact in artifacts}
        self.baseline = read_manifest(self.files[MANIFEST], "dist/calfeed.json")
        for name, data in self.files.items():
            if name.endswith(".ics"):
                assert rules.violations(data, "single" if name.startswith("events/") else "feed") == []

    def pieces(self) -> list[Event]:
        """Return the published pieces of all events but the other one, as the manifest lists them."""
        events = (item.event for item in self.baseline.events.values() if item.id != "other")
        return sorted(
            (piece for event in events for piece in pieces_of(event)), key=lambda piece: piece.uid.partition("@")[0]
        )

    def dates(self) -> dict[str, dict[str, str]]:
        """Return the status of each date under each UID, by the first part of the UID."""
        end = datetime(2030, 1, 1, tzinfo=UTC)
        return {
            piece.uid.removesuffix("@test.example"): {
                f"{one.sort_key[0]:%m-%d}": one.status.value
                for one in occurrences(piece, datetime(2026, 1, 1, tzinfo=UTC), end)
            }
            for piece in self.pieces()
        }

    def sequences(self) -> set[int]:
        """Return the published revisions of the series and its tombstones."""
        return {item.revision.sequence for item in self.baseline.events.values() if item.id != "other"}


# -- the series ends ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [None, CANCELLED])
def test_running_series_ends(tmp_path: Path, text: str | None) -> None:
    """Deleted or cancelled in February, a series keeps its dates so far; the five later ones are cancelled."""
    choir = Choir(tmp_path)
    choir.publish(RUNNING, text)
    assert choir.dates() == {
        "choir": dict.fromkeys(EVENINGS[:7], "confirmed"),
        "choir-from-2027-02-23": dict.fromkeys(EVENINGS[7:], "cancelled"),
    }
    assert choir.sequences() == {1}
    (hint,) = choir.hints
    assert "`until: 2027-02-16`" in hint


def test_postponed_series_ends(tmp_path: Path) -> None:
    """If postponed, future dates are tentative and marked, under a separate UID."""
    choir = Choir(tmp_path)
    choir.publish(RUNNING, f"{CHOIR}status: postponed\n")
    assert set(choir.dates()["choir"].values()) == {"confirmed"}
    assert set(choir.dates()["choir-from-2027-02-23"].values()) == {"postponed"}
    assert choir.files["test.ics"].count(b"SUMMARY:[Postponed] Choir") == 1


def test_tentative_dates_stay_tentative(tmp_path: Path) -> None:
    """Past dates keep their published status: the ending does not confirm tentative dates."""
    choir = Choir(tmp_path, f"{CHOIR}status: tentative\n")
    choir.publish(RUNNING, CANCELLED)
    assert set(choir.dates()["choir"].values()) == {"tentative"}


@pytest.mark.parametrize(("begin", "now"), [(BEFORE, "2027-01-05T18:29"), (BEFORE, BEFORE)])
@pytest.mark.parametrize("text", [None, CANCELLED])
def test_series_that_has_not_begun_is_cancelled_whole(tmp_path: Path, begin: str, now: str, text: str | None) -> None:
    """Until its first occurrence is over, a series is cancelled whole, under its one UID."""
    choir = Choir(tmp_path, now=begin)
    choir.publish(now, text)
    assert choir.dates() == {"choir": dict.fromkeys(EVENINGS, "cancelled")}
    assert choir.hints == []


def test_series_that_is_over(tmp_path: Path) -> None:
    """After its last occurrence, a deleted series leaves nothing, and a cancelled one is cancelled whole."""
    choir = Choir(tmp_path)
    choir.publish(AFTER, CANCELLED)
    assert choir.dates() == {"choir": dict.fromkeys(EVENINGS, "cancelled")}
    choir = Choir(tmp_path / "deleted")
    choir.publish(AFTER)
    assert choir.dates() == {}


def test_endless_series_ends(tmp_path: Path) -> None:
    """A series without an end gets one, and the cancelled rest has none."""
    choir = Choir(tmp_path, CHOIR.replace(", count: 12", ""))
    choir.publish(RUNNING)
    first, rest = choir.pieces()
    assert first.recurrence is not None
    assert rest.recurrence is not None
    assert len(first.recurrence.starts) == 7
    assert (first.status, rest.status) == (Status.CONFIRMED, Status.CANCELLED)
    assert rest.recurrence.is_endless


def test_whole_days_end(tmp_path: Path) -> None:
    """An all-day series ends between two of its dates; the day of the build counts as ahead."""
    text = "summary: Fast\nstart: 2027-02-18\nrrule: {freq: daily, count: 5}\n"
    choir = Choir(tmp_path, text)
    choir.publish(RUNNING)
    assert choir.dates() == {
        "choir": {"02-18": "confirmed", "02-19": "confirmed"},
        "choir-from-2027-02-20": dict.fromkeys(("02-20", "02-21", "02-22"), "cancelled"),
    }


@pytest.mark.parametrize(("now", "uid"), [("2027-01-10T10:00", "choir"), ("2027-03-20T10:00", "choir-from-2027-03-23")])
def test_one_date_is_no_series(tmp_path: Path, now: str, uid: str) -> None:
    """If one side of the ending has only one date, it is a single event."""
    choir = Choir(tmp_path)
    choir.publish(now)
    (single,) = [piece for piece in choir.pieces() if piece.recurrence is None]
    assert single.uid == f"{uid}@test.example"


def test_exceptions_go_to_their_side(tmp_path: Path) -> None:
    """Overrides, exdates and rdates go to the side of their date; a moved occurrence counts by its new time."""
    text = f"""{CHOIR}\
exdates: [2027-01-19, 2027-03-09]
rdates: [2027-01-21, 2027-03-11]
overrides:
- {{recurrence_id: 2027-01-12, status: cancelled}}
- {{recurrence_id: 2027-01-26, start: 2027-03-01 19:00}}
- {{recurrence_id: 2027-03-02, start: 2027-02-18 19:00}}
- {{recurrence_id: 2027-03-16, summary: Guests}}
"""
    for deleted in (True, False):
        choir = Choir(tmp_path / str(deleted), text)
        choir.publish(RUNNING, None if deleted else f"{text}status: cancelled\n")
        assert choir.dates() == {
            "choir": {
                "01-05": "confirmed", "01-12": "cancelled", "01-21": "confirmed", "02-02": "confirmed",
                "02-09": "confirmed", "02-16": "confirmed", "03-01": "cancelled",
            },
            "choir-from-2027-02-23": {
                "02-18": "confirmed", "02-23": "cancelled", "03-11": "cancelled", "03-16": "cancelled",
                "03-23": "cancelled",
            },
        }  # fmt: skip
        before = choir.files
        choir.publish("2027-03-17T10:00", None if deleted else f"{text}status: cancelled\n")
        assert choir.files == before


# -- later builds -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [None, CANCELLED, f"{CHOIR}status: postponed\n"])
def test_later_builds_change_nothing(tmp_path: Path, text: str | None) -> None:
    """The time of the ending is remembered: later builds give the same bytes and no warnings."""
    choir = Choir(tmp_path)
    choir.publish(RUNNING, text)
    before = choir.files
    for now in ("2027-02-20T11:00", "2027-02-28T10:00", "2027-03-20T10:00"):
        choir.publish(now, text)
        assert choir.files == before
        assert choir.hints == []


def test_other_edits_keep_the_end(tmp_path: Path) -> None:
    """A cancelled series that is edited, postponed or deleted later keeps the time of its ending."""
    choir = Choir(tmp_path)
    choir.publish(RUNNING, CANCELLED)
    for number, text in enumerate((CANCELLED.replace("Choir", "Chorus"), f"{CHOIR}status: postponed\n", None), start=2):
        choir.publish(f"2027-03-0{number}T10:00", text)
        assert list(choir.dates()) == ["choir", "choir-from-2027-02-23"]
        assert set(choir.dates()["choir"].values()) == {"confirmed"}
        assert choir.sequences() == {number}
        assert choir.hints == []


@pytest.mark.parametrize("text", [None, CANCELLED])
def test_restored_series_is_whole(tmp_path: Path, text: str | None) -> None:
    """A series that is confirmed again is whole at the next revision, without tombstones for its dates."""
    choir = Choir(tmp_path)
    choir.publish(RUNNING, text)
    choir.publish("2027-02-21T10:00", CHOIR)
    assert choir.dates() == {"choir": dict.fromkeys(EVENINGS, "confirmed")}
    assert choir.sequences() == {2}


def test_until_replaces_an_ending(tmp_path: Path) -> None:
    """If `until` replaces the cancellation, the dates that are dropped stay cancelled under their UID."""
    choir = Choir(tmp_path)
    choir.publish(RUNNING, CANCELLED)
    choir.publish("2027-02-21T10:00", CHOIR.replace("count: 12", "until: 2027-03-02"))
    assert choir.dates() == {
        "choir": dict.fromkeys(EVENINGS[:9], "confirmed"),
        "choir-from-2027-02-23": dict.fromkeys(EVENINGS[9:], "cancelled"),
    }
    choir.publish("2027-02-22T10:00", CHOIR)
    assert choir.dates() == {"choir": dict.fromkeys(EVENINGS, "confirmed")}
    choir.publish("2027-02-22T11:00", CANCELLED)
    assert list(choir.dates()) == ["choir", "choir-from-2027-02-23"]
    assert choir.sequences() == {4}


def test_series_cancelled_whole_before_stays_so(tmp_path: Path) -> None:
    """A later build does not split a series that was published as cancelled whole."""
    choir = Choir(tmp_path, CANCELLED)
    choir.publish(RUNNING, CANCELLED)
    assert choir.dates() == {"choir": dict.fromkeys(EVENINGS, "cancelled")}
    choir.publish(RUNNING)
    assert choir.dates() == {"choir": dict.fromkeys(EVENINGS, "cancelled")}


def test_end_in_a_series_in_pieces(tmp_path: Path) -> None:
    """A series in pieces because of a skipped hour ends within one of them."""
    text = "summary: Pub\nstart: 2027-03-07 01:15\nduration: 90m\ntimezone: Europe/Dublin\n"
    text += "rrule: FREQ=WEEKLY;COUNT=9\n"
    choir = Choir(tmp_path, text)
    choir.publish("2027-04-12T10:00")
    assert {uid: set(dates.values()) for uid, dates in choir.dates().items()} == {
        "choir": {"confirmed"},
        "choir-2027-03-28": {"confirmed"},
        "choir-from-2027-04-04": {"confirmed"},
        "choir-from-2027-04-18": {"cancelled"},
    }


def test_long_uid_is_cancelled_whole(tmp_path: Path) -> None:
    """A series whose UID has no room for a suffix is cancelled whole."""
    choir = Choir(tmp_path, f"{CHOIR}uid: {'x' * 240}\n")
    choir.publish(RUNNING)
    assert [set(dates.values()) for dates in choir.dates().values()] == [{"cancelled"}]


def test_uid_of_a_piece_is_refused(tmp_path: Path) -> None:
    """An event with the UID of a piece made by an ending is an error."""
    choir = Choir(tmp_path)
    write_files(choir.root, {"new.yaml": f"{OTHER}uid: choir-from-2027-02-23@test.example\n"})
    with pytest.raises(SourceError) as refused:
        choir.publish(RUNNING)
    (problem,) = refused.value.problems
    assert (problem.code, Path(problem.mark.path).name) == ("duplicate-uid", "new.yaml")


# -- messages and pages -----------------------------------------------------------------------------------------


def test_build_and_diff_report_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`build` warns once, and `diff` beforehand in each format; both name the `until` to write."""
    write_files(tmp_path / "events", {"calendar.yaml": CALENDAR, "choir.yaml": CHOIR})
    monkeypatch.chdir(tmp_path)
    run("build", now=at(BEFORE))
    write_files(tmp_path / "events", {"choir.yaml": CANCELLED})
    message = "`choir` is a running series: 7 past dates kept, 5 later dates cancelled"
    assert message in run("diff", now=at(RUNNING)).stdout
    assert "running series: 7 past dates kept" in run("diff", "--format", "markdown", now=at(RUNNING)).stdout
    (note,) = json.loads(run("diff", "--format", "json", now=at(RUNNING)).stdout)["notes"]
    assert (note["code"], note["message"]) == ("ended-series", message)
    first, second = (run("build", now=at(RUNNING)).stderr for _ in range(2))
    assert message in first
    assert "[ended-series]" in first
    assert "until: 2027-02-16" in first
    assert "ended-series" not in second


def test_one_date_is_singular(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message uses the singular for one past or later date."""
    text = CHOIR.replace("count: 12", "count: 2")
    write_files(tmp_path / "events", {"calendar.yaml": CALENDAR, "choir.yaml": text})
    monkeypatch.chdir(tmp_path)
    run("build", now=at(BEFORE))
    write_files(tmp_path / "events", {"choir.yaml": f"{text}status: postponed\n"})
    diff = run("diff", now=at("2027-01-08T10:00")).stdout
    assert "`choir` is a running series: 1 past date kept, 1 later date postponed" in diff


def test_page_tells_the_dates_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page of a cancelled series marks its future dates as cancelled, but not its past ones."""
    write_files(tmp_path / "events", {"calendar.yaml": CALENDAR, "choir.yaml": CHOIR})
    monkeypatch.chdir(tmp_path)
    run("build", now=at(BEFORE))
    write_files(tmp_path / "events", {"choir.yaml": CANCELLED})
    run("build", now=at(RUNNING))
    page = (tmp_path / "dist" / "events" / "choir.html").read_text("utf-8")
    assert page.count('<li class="is-cancelled" data-since') == 5
    assert page.count("<li data-since") == 7


# -- at random ----------------------------------------------------------------------------------------------------


def test_random_ends_in_every_reader(tmp_path: Path) -> None:
    """40 series end at random times: every reader finds each kept and each cancelled date exactly once."""
    dice = random.Random(16)  # noqa: S311 - not for secrets
    for number in range(40):
        zone = dice.choice(("Europe/Dublin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo"))
        start = f"2027-02-{dice.randint(1, 28):02} {dice.choice(('00:30', '01:15', '02:15', '02:30', '19:00'))}"
        rule = dice.choice(("FREQ=DAILY;INTERVAL=3", "FREQ=WEEKLY", "FREQ=WEEKLY;INTERVAL=2", "FREQ=MONTHLY"))
        text = f"summary: S\ntimezone: {zone}\nstart: {start}\nduration: 45m\n"
        text += f"rrule: {rule};COUNT={dice.randint(4, 20)}\n"
        try:
            choir = Choir(tmp_path / str(number), text)
        except SourceError:  # it begins where the clocks change, or on a day that not every month has
            continue
        (before,) = (item.event for item in choir.baseline.events.values() if item.id == "choir")
        end = datetime(2040, 1, 1, tzinfo=UTC)
        times = (one.when for one in occurrences(before, at(BEFORE), end))
        instants = sorted(when.start.instant for when in times if isinstance(when, Timed))
        now = datetime(2027, 3, 1, 12, tzinfo=UTC) + timedelta(days=dice.randint(0, 300))
        choir.publish(f"{now:%Y-%m-%dT%H:%M}", dice.choice((None, f"{text}status: cancelled\n")))
        if "events/choir.ics" not in choir.files or instants[-1] < now or instants[0] > now:
            continue
        path = tmp_path / str(number) / "choir.ics"
        path.write_bytes(choir.files["events/choir.ics"])
        states = {piece.uid: piece.status for piece in choir.pieces()}
        for reader in (pyreader.read_recurring, lambda file: icaljs.read([file], limit=99)[file]):
            readings = reader(path)
            assert sorted(reading.start for reading in readings) == instants, text
            for reading in readings:
                is_past = isinstance(reading.end, datetime) and reading.end <= now
                assert states[reading.uid] is (Status.CONFIRMED if is_past else Status.CANCELLED), (text, reading)
