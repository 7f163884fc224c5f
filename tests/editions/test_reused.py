"""calfeed.editions.reused: a UID reused for a different event gets one warning, which proposes a free id."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.calendars import WITH_FEEDS, Calendar
from support.commands import run
from support.projects import CALENDAR, write_files

from calfeed.diagnostics.codes import Severity
from calfeed.diagnostics.problem import Problem
from calfeed.editions.consent import Consent
from calfeed.editions.diff import diff
from calfeed.editions.edition import prepare
from calfeed.resolve.load import load
from calfeed.values.ids import read_id

PARTY = "summary: Summer party\nstart: 2027-06-12 18:00\nend: 23:00\n"
NEXT = PARTY.replace("2027-06-12", "2028-06-10")
ELSE = PARTY.replace("Summer party", "Concert").replace("06-12", "07-03")
NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


@pytest.fixture
def calendar(tmp_path: Path) -> Calendar:
    """Make a calendar with an event that never changes."""
    calendar = Calendar(tmp_path, CALENDAR, site=False)
    calendar.now = NOW
    calendar.write(other="summary: Other\nstart: 2030-01-01 18:00\nduration: 1h\n")
    return calendar


def publish(calendar: Calendar, day: str, **events: str | None) -> None:
    """Write events and build on a day."""
    calendar.write(**events)
    calendar.publish(after=datetime.fromisoformat(day).replace(tzinfo=UTC) - calendar.now)


def reported(calendar: Calendar, day: str, **events: str | None) -> list[Problem]:
    """Return what a build on a day would report about reused UIDs; `diff` reports the same."""
    calendar.write(**events)
    now = datetime.fromisoformat(day).replace(tzinfo=UTC)
    project = load(calendar.root)
    edition = prepare(project, calendar.baseline, now, Consent())
    warnings = [problem for problem in edition.problems if problem.code == "reused-id"]
    assert warnings == list(diff(project, calendar.baseline, now=now).notes)
    return warnings


def test_last_years_file_edited_for_this_year(calendar: Calendar) -> None:
    """A past event that gets a future start gets a warning, which proposes an id with the new year."""
    publish(calendar, "2026-12-02", summer_party=PARTY)
    (problem,) = reported(calendar, "2028-01-10", summer_party=NEXT)
    assert problem.severity is Severity.WARNING
    assert (Path(problem.mark.path).name, problem.mark.line) == ("summer-party.yaml", 1)
    assert problem.message == (
        "`summer-party` was published for 2027-06-12 and is over; the new date would erase it from everybody's past"
    )
    assert problem.hint == (
        "if this is a different event, write `id: summer-party-2028`, and keep the old one in its own file"
    )


def test_following_the_hint_ends_the_warning(calendar: Calendar) -> None:
    """With the proposed id, last year's event stays unchanged, and this year's is new."""
    publish(calendar, "2026-12-02", summer_party=PARTY)
    assert reported(calendar, "2028-01-10", summer_party=PARTY, next=f"id: summer-party-2028\n{NEXT}") == []
    publish(calendar, "2028-01-10")
    published = {event_id: calendar.event(event_id) for event_id in ("summer-party", "summer-party-2028")}
    assert [(item["status"], item["sequence"]) for item in published.values()] == [("confirmed", 0), ("confirmed", 0)]


def test_warning_appears_once(calendar: Calendar) -> None:
    """The build that publishes it anyway has warned; the next one knows the new event."""
    publish(calendar, "2026-12-02", summer_party=PARTY)
    assert reported(calendar, "2028-01-10", summer_party=NEXT)
    publish(calendar, "2028-01-10")
    assert reported(calendar, "2028-01-11") == []


USED_AGAIN = {
    "with another name": (PARTY, NEXT.replace("Summer party", "Midsummer party")),
    "whole days": ("summary: Camp\nstart: 2027-06-12\nend: 2027-06-14\n", "summary: Camp\nstart: 2028-06-10\n"),
    "a series of last season": (
        "summary: Chess\nstart: 2027-01-05 19:00\nrrule: {freq: weekly, count: 12}\n",
        "summary: Chess\nstart: 2028-02-01 19:00\nrrule: {freq: weekly, count: 12}\n",
    ),
    "a series of an event": (PARTY, f"{NEXT}rrule: {{freq: weekly, count: 3}}\n"),
    "a cancelled one, for another": (f"{PARTY}status: cancelled\n", NEXT.replace("Summer party", "Concert")),
    "tentative": (f"{PARTY}status: tentative\n", NEXT),
}


@pytest.mark.parametrize(("first", "then"), USED_AGAIN.values(), ids=USED_AGAIN.keys())
def test_past_event_that_gets_a_future_date(calendar: Calendar, first: str, then: str) -> None:
    """Once an event of any kind is over, its UID belongs to the past."""
    publish(calendar, "2026-12-02", fest=first)
    assert [problem.hint.split("`")[1] for problem in reported(calendar, "2028-01-10", fest=then)] == ["id: fest-2028"]


SAME_EVENT = {
    "a new date before the old one": (PARTY, "2027-06-01", NEXT),
    "on its evening": (PARTY, "2027-06-12", NEXT),
    "postponed, and dated after its day": (f"{PARTY}status: postponed\n", "2027-08-01", NEXT),
    "cancelled, and held after all": (f"{PARTY}status: cancelled\n", "2027-08-01", NEXT),
    "a slip in a past date": (PARTY, "2027-08-01", PARTY.replace("06-12", "06-21")),
    "a past date moved back": (PARTY, "2027-08-01", PARTY.replace("06-12", "05-12")),
    "a past year by mistake": (PARTY, "2028-08-01", PARTY.replace("2027", "2026")),
    "another name for the past": (PARTY, "2027-08-01", PARTY.replace("party", "gathering")),
    "a series that goes on": (
        f"{PARTY}rrule: {{freq: weekly, count: 3}}\n",
        "2027-08-01",
        f"{PARTY}rrule: {{freq: weekly, count: 20}}\n",
    ),
    "a date added to a series": (
        f"{PARTY}rrule: {{freq: weekly, count: 3}}\n",
        "2027-08-01",
        f"{PARTY}rrule: {{freq: weekly, count: 3}}\nrdates: 2027-09-01\n",
    ),
    "a series that runs": (
        f"{PARTY}rrule: {{freq: weekly, count: 30}}\n",
        "2027-08-01",
        f"{PARTY.replace('06-12', '08-07')}rrule: {{freq: weekly, count: 22}}\n",
    ),
    "a series without an end": (
        f"{PARTY}rrule: {{freq: weekly}}\n",
        "2030-08-01",
        f"{PARTY.replace('2027-06-12', '2030-09-07')}rrule: {{freq: weekly}}\n",
    ),
    "moved to another zone": (PARTY, "2027-08-01", f"{PARTY}timezone: Europe/Oslo\n"),
}


@pytest.mark.parametrize(("first", "day", "then"), SAME_EVENT.values(), ids=SAME_EVENT.keys())
def test_event_that_is_still_the_same(calendar: Calendar, first: str, day: str, then: str) -> None:
    """An event that is postponed, corrected or continued keeps its UID without a warning."""
    publish(calendar, "2026-12-02", fest=first)
    assert reported(calendar, day, fest=then) == []


def test_tombstone_that_returns_as_another(calendar: Calendar) -> None:
    """Reusing a deleted id with a new name and start misleads those who saw it cancelled."""
    publish(calendar, "2026-12-02", fest=PARTY)
    publish(calendar, "2026-12-03", fest=None)
    (problem,) = reported(calendar, "2026-12-04", fest=ELSE)
    assert problem.message == (
        "`Summer party` of 2027-06-12 had the UID of `fest` and was cancelled; "
        "subscribers who kept it would see it turn into this one"
    )
    assert problem.hint == "if this is a different event, write `id: fest-2027`"


@pytest.mark.parametrize(
    "text",
    [PARTY, PARTY.replace("06-12", "07-03"), PARTY.replace("party", "gathering")],
    ids=["it", "start", "summary"],
)
def test_tombstone_that_returns_as_itself(calendar: Calendar, text: str) -> None:
    """A restored event, with a new start or a new summary but not both, is the same event."""
    publish(calendar, "2026-12-02", fest=PARTY)
    publish(calendar, "2026-12-03", fest=None)
    assert reported(calendar, "2026-12-04", fest=text) == []


def test_id_of_a_deleted_past_event(calendar: Calendar) -> None:
    """The UID of a deleted past event is remembered; restoring it in the past is no reuse."""
    publish(calendar, "2026-12-02", fest=PARTY)
    publish(calendar, "2027-08-01", fest=None)
    assert "events/fest.ics" not in calendar.files
    (problem,) = reported(calendar, "2028-01-10", fest=NEXT)
    assert (
        problem.message == "a past event had the UID of `fest`; subscribers who kept it would see it turn into this one"
    )
    assert problem.hint == "if this is a different event, write `id: fest-2028`"
    assert reported(calendar, "2028-01-10", fest=PARTY) == []


def test_kept_past_event_counts_as_past(calendar: Calendar) -> None:
    """A past event that is kept for a later date it once had still counts as past."""
    publish(calendar, "2026-12-02", fest=PARTY.replace("06-12", "11-12"))
    publish(calendar, "2026-12-03", fest=PARTY)
    publish(calendar, "2027-08-01", fest=None)
    (problem,) = reported(calendar, "2027-09-01", fest=NEXT)
    assert "is over" in problem.message
    assert problem.hint == "if this is a different event, write `id: fest-2028`"


PROPOSALS = {
    "summer-party": "summer-party-2028",
    "summer-party-2027": "summer-party-2028",
    "2027-summer-party": "2028-summer-party",
    "party-2027-06": "party-2028-06",
    "class-of-1984": "class-of-1984-2028",
    "top-500-3": "top-500-3-2028",
    "taken": "taken-2028-2",
    "known": "known-2028-2",
    "a" * 100: f"{'a' * 90}-2028",
}


@pytest.mark.parametrize(("event_id", "proposal"), PROPOSALS.items(), ids=[name[:20] for name in PROPOSALS])
def test_proposal_is_free_and_valid(calendar: Calendar, event_id: str, proposal: str) -> None:
    """The new year replaces the old one in the id or is appended; an id that was ever used gets a number."""
    publish(
        calendar,
        "2026-12-02",
        fest=f"id: {event_id}\n{PARTY}",
        more=f"id: taken-2028\nuid: x@y\n{NEXT}",
        gone=f"id: known-2028\n{PARTY.replace('2027', '2020')}",
    )
    publish(calendar, "2026-12-03", gone=None)
    (problem,) = reported(calendar, "2028-01-10", fest=f"id: {event_id}\n{NEXT}")
    assert problem.hint.split("`")[1] == f"id: {proposal}"
    assert read_id(proposal) == proposal


def test_two_proposals_differ(calendar: Calendar) -> None:
    """Events whose ids differ only by the year get different proposals."""
    publish(calendar, "2026-12-02", fest=f"uid: a@x\n{PARTY}", fest_2027=f"uid: b@x\n{PARTY}")
    problems = reported(calendar, "2028-01-10", fest=f"uid: a@x\n{NEXT}", fest_2027=f"uid: b@x\n{NEXT}")
    assert {problem.hint.split(", ")[1] for problem in problems} == {
        "delete `uid` and write `id: fest-2028`",
        "delete `uid` and write `id: fest-2028-2`",
    }


def test_new_id_of_the_calendar_is_no_reuse(calendar: Calendar) -> None:
    """After the calendar's id changes and changes back, every UID belongs to the same event as before."""
    publish(calendar, "2026-12-02", fest=PARTY)
    for text in (WITH_FEEDS.replace("test.example", "x.example"), WITH_FEEDS):
        write_files(calendar.root, {"calendar.yaml": text.replace("https://x.example", "https://test.example")})
        edition = prepare(load(calendar.root), calendar.baseline, calendar.now, Consent(new_id=True))
        assert edition.problems == ()
        calendar.publish(Consent(new_id=True, removals=True))


def test_build_and_diff_report_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the command line, `build` warns and `diff` has a line in each format; neither is an error."""
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path / "events", {"calendar.yaml": CALENDAR, "summer-party.yaml": PARTY})
    assert run("build", "--no-site", now=NOW).exit_code == 0
    write_files(tmp_path / "events", {"summer-party.yaml": NEXT})
    later = NOW + timedelta(days=400)
    hint = "if this is a different event, write `id: summer-party-2028`, and keep the old one in its own file"
    text = run("diff", now=later)
    assert text.exit_code == 0
    said = "`summer-party` was published for 2027-06-12 and is over; the new date would erase it from everybody's past"
    assert text.stdout.splitlines()[-1] == f"note: {said} [reused-id]; {hint}"
    (note,) = json.loads(run("diff", "--format", "json", now=later).stdout)["notes"]
    assert note == {"code": "reused-id", "message": said, "hint": hint}
    assert "\n- note: \\`summer-party\\` was published" in run("diff", "--format", "markdown", now=later).stdout
    built = run("build", "--no-site", now=later)
    assert built.exit_code == 0
    assert "[reused-id]\n" in built.stderr
    again = run("build", "--no-site", now=later)
    assert "reused-id" not in again.stderr
    assert "reused-id" not in run("diff", now=later).stdout
