"""calfeed.revisions.revise: what counts as a change, and how it affects number and stamps."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.projects import LATER, NOW, TALK, load_event, tree, write_events

from calfeed.diagnostics.problem import OutputError
from calfeed.model import Event
from calfeed.pipeline.build import build
from calfeed.revisions.content import content_of, fingerprint_of
from calfeed.revisions.revise import Published, Revision, bury, revise


def published(event: Event, revision: Revision) -> dict[str, Published]:
    """Return a baseline with an event."""
    content = content_of(event)
    fingerprint = fingerprint_of(content)
    item = Published(id=event.id, uid=event.uid, fingerprint=fingerprint, revision=revision, content=content)
    return {event.uid: item}


def at(text: str) -> datetime:
    """Return an instant from its short form."""
    return datetime.fromisoformat(f"{text}:00+00:00")


OLD = Revision(3, at("2026-01-01T10:00"), at("2026-02-01T10:00"))


@pytest.fixture
def talk(tmp_path: Path) -> Event:
    """Load a plain event."""
    return load_event(tmp_path, f"{TALK}venue: hub\ndescription: Hello\n")


def revision_of(event: Event, baseline: dict[str, Published], now: datetime = NOW) -> Revision:
    """Return the revision that an event gets."""
    (revised,), _ = revise([event], baseline, now)
    return revised.revision


def test_new_event_starts_at_0_with_the_time_of_the_build(talk: Event) -> None:
    """All stamps of a new event are the build's time, in whole seconds."""
    assert revision_of(talk, {}, NOW + timedelta(microseconds=5)) == Revision(0, NOW, NOW)


def test_unchanged_event_keeps_everything(talk: Event) -> None:
    """An event whose content was already published keeps its number and stamps."""
    assert revision_of(talk, published(talk, OLD)) == OLD


def test_changed_event_gets_the_next_number_and_the_time_of_the_build(talk: Event) -> None:
    """A changed content raises SEQUENCE by one and sets LAST-MODIFIED to the build's time."""
    changed = replace(talk, summary="Lecture")
    assert revision_of(changed, published(talk, OLD)) == Revision(4, OLD.created, NOW)


def test_stamp_increases_with_a_slow_clock(talk: Event) -> None:
    """If the clock is behind the ledger, a change is stamped a second later than the published stamp."""
    changed = replace(talk, summary="Lecture")
    past = at("2020-01-01T00:00")
    assert revision_of(changed, published(talk, OLD), past).last_modified == OLD.last_modified + timedelta(seconds=1)


def test_only_last_modified_is_taken_for_both(talk: Event) -> None:
    """A new event with only `last_modified` was not created later."""
    known = replace(talk, last_modified=at("2017-12-20T10:14"))
    assert revision_of(known, {}) == Revision(0, at("2017-12-20T10:14"), at("2017-12-20T10:14"))


def test_only_created_keeps_the_build_as_modification(talk: Event) -> None:
    """A new event with only `created` was modified by this build."""
    known = replace(talk, created=at("2017-12-20T10:14"))
    assert revision_of(known, {}) == Revision(0, at("2017-12-20T10:14"), NOW)


def test_sources_are_floors(talk: Event) -> None:
    """The larger value of sources and ledger applies, and is not a change by itself."""
    higher = replace(talk, sequence=9, created=at("2026-01-15T00:00"), last_modified=at("2026-03-01T00:00"))
    assert revision_of(higher, published(talk, OLD)) == Revision(9, at("2026-01-15T00:00"), at("2026-03-01T00:00"))


def test_floor_below_the_ledger_is_a_warning(talk: Event) -> None:
    """A number or stamp in the sources that is behind the published one is reported and ignored."""
    lower = replace(talk, sequence=1, created=at("2025-01-15T00:00"), last_modified=at("2026-01-02T00:00"))
    (revised,), problems = revise([lower], published(talk, OLD), NOW)
    assert revised.revision == OLD
    assert [problem.code for problem in problems] == ["stale-revision"] * 3
    assert [problem.message.split("`")[1] for problem in problems] == ["sequence", "created", "last_modified"]


def test_highest_number_is_the_last(talk: Event) -> None:
    """An event with the highest SEQUENCE may stay or be removed; a change is refused."""
    last = replace(OLD, sequence=2**31 - 1)
    assert revision_of(talk, published(talk, last)) == last
    with pytest.raises(OutputError) as refusal:
        revision_of(replace(talk, summary="Lecture"), published(talk, last))
    assert [problem.code for problem in refusal.value.problems] == ["highest-sequence"]
    (tombstone,) = bury(published(talk, last).values(), NOW)
    assert tombstone.revision == Revision(last.sequence, last.created, NOW)


def test_published_event_is_read_once(talk: Event) -> None:
    """A published event is read on first use, and only once."""
    (item,) = published(talk, OLD).values()
    assert content_of(item.event) == item.content
    assert item.event is item.event


def test_unreadable_content_is_reported(talk: Event) -> None:
    """An unreadable content is reported as a problem of the manifest."""
    (item,) = published(talk, OLD).values()
    broken = replace(item, content={"summary": "Talk"}, origin="dist/calfeed.json")
    with pytest.raises(OutputError) as refusal:
        _ = broken.event
    (problem,) = refusal.value.problems
    assert (problem.code, problem.mark.path) == ("bad-manifest", "dist/calfeed.json")


def test_retired_uid_continues(talk: Event) -> None:
    """A retired UID continues from its last revision, and floors behind that are stale."""
    (revised,), problems = revise([replace(talk, sequence=1)], {}, NOW, {talk.uid: OLD})
    assert revised.revision == Revision(4, OLD.created, NOW)
    assert [problem.code for problem in problems] == ["stale-revision"]


SPELLINGS = {
    "rewritten": """\
# a comment
end: '20:00'
start: 2027-05-18T18:00:00
venue: hub
summary: Talk
description: Hello
""",
    "in UTC": "summary: >-\n  Talk\nstart: 2027-05-18 15:00Z\nduration: 2h\nvenue: hub\ndescription: Hello\n",
    "defaults written": f"{TALK}venue: hub\ndescription: |\n  Hello\nsequence: 0\nstatus: confirmed\n",
}


@pytest.mark.parametrize("text", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_spelling_is_no_change(talk: Event, tmp_path: Path, text: str) -> None:
    """An event that is only spelled differently in YAML has the same fingerprint."""
    other = load_event(tmp_path / "other", text)
    assert fingerprint_of(content_of(talk)) == fingerprint_of(content_of(other))


@pytest.mark.parametrize(
    "line",
    [
        "summary: Walk",
        "start: 2027-05-18 18:01",
        "end: 20:01",
        "timezone: Europe/Helsinki",
        "venue: {name: Elsewhere}",
        "online: https://x.example/",
        "description: Hallo",
        "url: https://x.example/",
        "categories: [talks]",
        "organizer: Anna",
        "busy: true",
        "status: tentative",
        "reminders: [1h]",
        "properties: {X-FOO: bar}",
    ],
)
def test_what_subscribers_see_is_a_change(talk: Event, tmp_path: Path, line: str) -> None:
    """Every field that a subscriber can see is part of the fingerprint."""
    fields = dict(pair.split(": ", 1) for pair in f"{TALK}venue: hub\ndescription: Hello".split("\n"))
    fields |= dict([line.split(": ", 1)])
    other = load_event(tmp_path / "other", "".join(f"{key}: {value}\n" for key, value in fields.items()))
    assert fingerprint_of(content_of(talk)) != fingerprint_of(content_of(other))


def test_fingerprints_do_not_change_between_versions(talk: Event) -> None:
    """Fingerprints are stable: an upgrade of calfeed must not revise every event."""
    assert fingerprint_of(content_of(talk)) == "1:6d517fd890177454fa6c65d09e1a60d83f4f01b1f2e68aeb011b4d345266ca4b"


def test_a_change_touches_only_its_own_event(tmp_path: Path) -> None:
    """If one of two events changes, the other keeps its bytes in the feed and in its own file."""
    root = write_events(tmp_path, talk=TALK, tour="summary: Tour\nstart: 2027-06-05\n")
    build(root, tmp_path / "dist", now=NOW)
    before = tree(tmp_path / "dist")
    (root / "talk.yaml").write_text(f"{TALK}status: cancelled\n", encoding="utf-8")
    build(root, tmp_path / "dist", now=LATER)
    after = tree(tmp_path / "dist")
    assert before["events/tour.ics"] == after["events/tour.ics"]
    body = before["events/tour.ics"].split(b"BEGIN:VEVENT")[1].split(b"END:VEVENT")[0]
    assert body in after["test.ics"]
    talk = after["events/talk.ics"].decode()
    assert "SEQUENCE:1\r\n" in talk
    assert f"LAST-MODIFIED:{LATER.astimezone(UTC):%Y%m%dT%H%M%SZ}\r\n" in talk
    assert "SUMMARY:[Cancelled] Talk\r\n" in talk
    assert "STATUS:CANCELLED\r\nTRANSP:TRANSPARENT\r\nX-MICROSOFT-CDO-BUSYSTATUS:FREE\r\n" in talk
