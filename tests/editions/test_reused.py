"""calfeed.editions.reused: a UID that is given to another event is warned of once, with a free id as the hint."""

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


def told(calendar: Calendar, day: str, **events: str | None) -> list[Problem]:
    """Return what a build on a day would say of UIDs that are used again; `diff` says the same."""
    calendar.write(**events)
    now = datetime.fromisoformat(day).replace(tzinfo=UTC)
    project = load(calendar.root)
    edition = prepare(project, calendar.baseline, now, Consent())
    found = [problem for problem in edition.problems if problem.code == "reused-id"]
    assert found == list(diff(project, calendar.baseline, now=now).notes)
    return found


def test_last_years_file_edited_for_this_year(calendar: Calendar) -> None:
    """An event that is over and gets a start ahead would vanish from the past: a warning, with the year in the id."""
    publish(calendar, "2026-12-02", summer_party=PARTY)
    (problem,) = told(calendar, "2028-01-10", summer_party=NEXT)
    assert problem.severity is Severity.WARNING
    assert (Path(problem.mark.path).name, problem.mark.line) == ("summer-party.yaml", 1)
    assert problem.message == (
        "`summer-party` was published for 2027-06-12 and is over; the new date would erase it from everybody's past"
    )
    assert problem.hint == (
        "if this is a different event, write `id: summer-party-2028`, and keep the old one in its own file"
    )


def test_what_the_hint_says_ends_the_warning(calendar: Calendar) -> None:
    """With the id that is proposed, last year's event stays in the past as it was, and this year's is new."""
    publish(calendar, "2026-12-02", summer_party=PARTY)
    assert told(calendar, "2028-01-10", summer_party=PARTY, next=f"id: summer-party-2028\n{NEXT}") == []
    publish(calendar, "2028-01-10")
    found = {event_id: calendar.event(event_id) for event_id in ("summer-party", "summer-party-2028")}
    assert [(item["status"], item["sequence"]) for item in found.values()] == [("confirmed", 0), ("confirmed", 0)]


def test_it_is_said_once(calendar: Calendar) -> None:
    """The build that publishes it all the same has said so; the next one knows the event as it is now."""
    publish(calendar, "2026-12-02", summer_party=PARTY)
    assert told(calendar, "2028-01-10", summer_party=NEXT)
    publish(calendar, "2028-01-10")
    assert told(calendar, "2028-01-11") == []


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
def test_event_that_is_over_and_ahead_again(calendar: Calendar, first: str, then: str) -> None:
    """Whatever an event is, once it is over its UID is that of the past."""
    publish(calendar, "2026-12-02", fest=first)
    assert [problem.hint.split("`")[1] for problem in told(calendar, "2028-01-10", fest=then)] == ["id: fest-2028"]


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
    """What is postponed, corrected or goes on keeps its UID without a word."""
    publish(calendar, "2026-12-02", fest=first)
    assert told(calendar, day, fest=then) == []


def test_tombstone_that_returns_as_another(calendar: Calendar) -> None:
    """An id that was deleted and is taken by an event with another name and start: who saw it cancelled is misled."""
    publish(calendar, "2026-12-02", fest=PARTY)
    publish(calendar, "2026-12-03", fest=None)
    (problem,) = told(calendar, "2026-12-04", fest=ELSE)
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
    """Restored, with another start or another summary alone, it lives again."""
    publish(calendar, "2026-12-02", fest=PARTY)
    publish(calendar, "2026-12-03", fest=None)
    assert told(calendar, "2026-12-04", fest=text) == []


def test_id_of_a_past_event_that_was_deleted(calendar: Calendar) -> None:
    """Its UID is remembered when nothing else of it is; restored in the past it is what it was."""
    publish(calendar, "2026-12-02", fest=PARTY)
    publish(calendar, "2027-08-01", fest=None)
    assert "events/fest.ics" not in calendar.files
    (problem,) = told(calendar, "2028-01-10", fest=NEXT)
    assert (
        problem.message == "a past event had the UID of `fest`; subscribers who kept it would see it turn into this one"
    )
    assert problem.hint == "if this is a different event, write `id: fest-2028`"
    assert told(calendar, "2028-01-10", fest=PARTY) == []


def test_event_that_is_kept_as_it_took_place(calendar: Calendar) -> None:
    """A past event that stays published for a later date it once had is in the past all the same."""
    publish(calendar, "2026-12-02", fest=PARTY.replace("06-12", "11-12"))
    publish(calendar, "2026-12-03", fest=PARTY)
    publish(calendar, "2027-08-01", fest=None)
    (problem,) = told(calendar, "2027-09-01", fest=NEXT)
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
    """The year of the new start takes the place of the old one or is added; an id that was ever used gets a number."""
    publish(
        calendar,
        "2026-12-02",
        fest=f"id: {event_id}\n{PARTY}",
        more=f"id: taken-2028\nuid: x@y\n{NEXT}",
        gone=f"id: known-2028\n{PARTY.replace('2027', '2020')}",
    )
    publish(calendar, "2026-12-03", gone=None)
    (problem,) = told(calendar, "2028-01-10", fest=f"id: {event_id}\n{NEXT}")
    assert problem.hint.split("`")[1] == f"id: {proposal}"
    assert read_id(proposal) == proposal


def test_two_proposals_differ(calendar: Calendar) -> None:
    """Events whose ids differ by the year alone do not get the same one."""
    publish(calendar, "2026-12-02", fest=f"uid: a@x\n{PARTY}", fest_2027=f"uid: b@x\n{PARTY}")
    found = told(calendar, "2028-01-10", fest=f"uid: a@x\n{NEXT}", fest_2027=f"uid: b@x\n{NEXT}")
    assert {problem.hint.split(", ")[1] for problem in found} == {
        "delete `uid` and write `id: fest-2028`",
        "delete `uid` and write `id: fest-2028-2`",
    }


def test_new_id_of_the_calendar_is_no_reuse(calendar: Calendar) -> None:
    """After the calendar's id changed and changed back, every UID is that of the event it always was."""
    publish(calendar, "2026-12-02", fest=PARTY)
    for text in (WITH_FEEDS.replace("test.example", "x.example"), WITH_FEEDS):
        write_files(calendar.root, {"calendar.yaml": text.replace("https://x.example", "https://test.example")})
        edition = prepare(load(calendar.root), calendar.baseline, calendar.now, Consent(new_id=True))
        assert edition.problems == ()
        calendar.publish(Consent(new_id=True, removals=True))


def test_build_and_diff_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the command line: a warning of `build`, a line of `diff` in each format, and neither is an error."""
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
