"""calfeed.editions.edition: tombstones, kept addresses, and promises that a mistake does not break."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from readers import rules
from support.calendars import REMOVALS, WITH_FEEDS, Calendar, code_of, vevents
from support.projects import CALENDAR, LATER, NOW, TALK, write_events, write_files

from calfeed.cli.diff_report import format_difference
from calfeed.diagnostics.problem import CalfeedError, OutputError, PromiseError
from calfeed.editions.consent import Consent
from calfeed.editions.diff import diff
from calfeed.editions.edition import MAX_HISTORY
from calfeed.editions.manifest import MANIFEST
from calfeed.editions.manifest_json import read_manifest
from calfeed.pipeline.build import build
from calfeed.pipeline.options import Options
from calfeed.pipeline.render import render
from calfeed.resolve.load import load


def talk(name: str, start: str = "2027-05-18 18:00", more: str = "") -> str:
    """Return the YAML of an event."""
    return f"summary: {name}\nstart: {start}\nduration: 1h\nvenue: hub\n{more}"


@pytest.fixture
def calendar(tmp_path: Path) -> Calendar:
    """Publish a calendar of one talk and one tour."""
    calendar = Calendar(tmp_path, WITH_FEEDS)
    calendar.write(talk=talk("Talk", more="categories: talks\n"), tour=talk("Tour", "2027-06-05 10:00"))
    calendar.publish()
    return calendar


def warnings_of(calendar: Calendar, root: Path, consent: Consent = Consent()) -> list[tuple[str, str]]:  # noqa: B008
    """Return the code and hint of each warning of a build, except those about the sources alone."""
    result = build(calendar.root, root, now=LATER, options=Options(baseline=calendar.baseline, consent=consent))
    own = set(load(calendar.root).problems)
    return [(problem.code, problem.hint) for problem in result.problems if problem not in own]


# -- tombstones -------------------------------------------------------------------------------------------------


def test_removed_event_is_cancelled_for_its_subscribers(calendar: Calendar) -> None:
    """It stays under its UID at the next revision, cancelled and free, in its own file and all its feeds."""
    before = calendar.event("talk")
    calendar.write(talk=None)
    files = calendar.publish()
    for path in ("test.ics", "feeds/category/talks.ics", "feeds/venue/hub.ics", "events/talk.ics"):
        lines = calendar.lines(path)
        assert {"UID:talk@test.example", "SEQUENCE:1", "STATUS:CANCELLED", "TRANSP:TRANSPARENT"} <= set(lines), path
        assert "SUMMARY:[Cancelled] Talk" in lines
        assert "DTSTART;TZID=Europe/Tallinn:20270518T180000" in lines
        assert any(line.startswith("LOCATION:Creative Hub\\nPõhja pst 27a\\, Tallinn\\, Estonia") for line in lines)
        assert rules.violations(files[path], "single" if path.startswith("events/") else "feed") == []
    after = calendar.event("talk")
    assert (after["created"], after["sequence"], after["status"]) == (before["created"], 1, "cancelled")
    assert after["removed"] == after["last_modified"]


def test_tombstone_is_still_the_next_day(calendar: Calendar) -> None:
    """A rebuild keeps every byte of a tombstone."""
    calendar.write(talk=None)
    first = calendar.publish()
    assert calendar.publish() == first


def test_restored_event_has_a_higher_number(calendar: Calendar) -> None:
    """A restored event has the same UID, a higher number, and no trace of its removal."""
    text = (calendar.root / "talk.yaml").read_text("utf-8")
    calendar.write(talk=None)
    calendar.publish()
    calendar.write(talk=text)
    calendar.publish()
    assert {"SEQUENCE:2", "STATUS:CONFIRMED", "SUMMARY:Talk"} <= set(calendar.lines("events/talk.ics"))
    assert "removed" not in calendar.event("talk")


def test_cancelled_in_the_sources_reads_like_a_tombstone(calendar: Calendar, tmp_path: Path) -> None:
    """`status: cancelled` gives the same lines as a removal; removing the event afterwards changes nothing."""
    other = Calendar(tmp_path / "other", WITH_FEEDS)
    other.write(talk=talk("Talk", more="categories: talks\n"), tour=talk("Tour", "2027-06-05 10:00"))
    other.publish()
    other.write(talk=talk("Talk", more="categories: talks\nstatus: cancelled\n"))
    cancelled = other.publish()
    calendar.write(talk=None)
    assert cancelled["events/talk.ics"] == calendar.publish()["events/talk.ics"]
    other.write(talk=None)
    assert other.publish()["events/talk.ics"] == cancelled["events/talk.ics"]


def test_series_becomes_a_tombstone_with_its_exceptions(tmp_path: Path) -> None:
    """The tombstone of a series keeps rule, exceptions and moved dates, all cancelled."""
    calendar = Calendar(tmp_path)
    more = "rrule: FREQ=WEEKLY;UNTIL=20270901\nexdates: 2027-05-25\nrdates: 2027-05-27\n"
    more += "overrides: [{recurrence_id: 2027-06-01, start: 2027-06-02 19:00, summary: Moved}]\n"
    calendar.write(talk=talk("Talk", more=more), tour=talk("Tour"))
    before = calendar.publish()["events/talk.ics"].decode()
    calendar.write(talk=None)
    after = calendar.publish()["events/talk.ics"].decode()
    kept = ("RRULE", "EXDATE", "RDATE", "RECURRENCE-ID", "DTSTART", "DTEND", "LOCATION", "UID")
    assert [line for line in after.split("\r\n") if line.startswith(kept)] == [
        line for line in before.split("\r\n") if line.startswith(kept)
    ]
    assert after.count("STATUS:CANCELLED") == after.count("BEGIN:VEVENT") == 2


def test_whole_days_and_a_long_text_come_back(tmp_path: Path) -> None:
    """A tombstone has everything that subscribers saw of the event."""
    calendar = Calendar(tmp_path)
    more = (
        "description: |\n  Some *text*,\n  and more.\nurl: https://x.example/\nonline: https://meet.example/\n"
        "organizer: {name: Anna, email: a@x.example}\nreminders: [1h, 1d]\nproperties: {X-FOO: bar}\n"
        "categories: [a, b]\nbusy: true\nstatus: tentative\n"
    )
    calendar.write(talk=f"summary: Days\nstart: 2027-06-05\nend: 2027-06-06\nvenue: hub\n{more}", tour=talk("Tour"))
    before = calendar.publish()["events/talk.ics"].decode()
    calendar.write(talk=None)
    after = calendar.publish()["events/talk.ics"].decode()
    changed = (
        "DTSTAMP",
        "LAST-MODIFIED",
        "SEQUENCE",
        "STATUS",
        "TRANSP",
        "X-MICROSOFT",
        "SUMMARY",
        "DESCRIPTION",
        "X-ALT",
    )

    def rest(text: str) -> list[str]:
        return [line for line in text.replace("\r\n ", "").split("\r\n") if not line.startswith(changed)]

    assert rest(before) == rest(after)


def test_expired_tombstone_is_dropped_with_the_next_change(calendar: Calendar) -> None:
    """An expired tombstone makes nothing out of date; the next build that changes something else drops it."""
    calendar.write(talk=None)
    kept = calendar.publish()
    assert calendar.publish(after=timedelta(days=365)) == kept
    calendar.write(tour=talk("Long tour", "2028-06-05 10:00"))
    calendar.publish()
    assert "events/talk.ics" in calendar.files  # it is all that feeds/category/talks.ics has
    assert "UID:talk@test.example" in calendar.lines("feeds/category/talks.ics")
    files = calendar.publish(REMOVALS)
    assert not {"events/talk.ics", "feeds/category/talks.ics"} & files.keys()
    assert "UID:talk@test.example" not in calendar.lines("test.ics")


def test_expired_tombstone_of_a_shared_feed_goes(calendar: Calendar) -> None:
    """The next build that changes something drops an expired tombstone that leaves no feed empty."""
    calendar.write(talk=talk("Talk"), other=talk("Other", more="categories: talks\n"))
    calendar.publish()
    calendar.write(talk=None)
    calendar.publish()
    calendar.write(tour=talk("Long tour", "2028-06-05 10:00"))
    assert "events/talk.ics" not in calendar.publish(after=timedelta(days=365))


def test_endless_series_stays_a_year(tmp_path: Path) -> None:
    """The tombstone of a series without an end stays for a year after its removal."""
    calendar = Calendar(tmp_path)
    calendar.write(talk=talk("Talk", more="rrule: FREQ=WEEKLY\n"), tour=talk("Tour"))
    calendar.publish()
    calendar.write(talk=None)
    calendar.publish()
    calendar.write(tour=talk("Later"))
    assert "events/talk.ics" in calendar.publish(after=timedelta(days=360))
    calendar.write(tour=talk("Later still"))
    assert "events/talk.ics" not in calendar.publish(after=timedelta(days=10))


def test_past_event_leaves_no_tombstone(tmp_path: Path) -> None:
    """Deleting the file of a past event cancels nothing."""
    calendar = Calendar(tmp_path)
    calendar.write(old=talk("Old", "2020-05-18 18:00"), tour=talk("Tour"))
    calendar.publish()
    calendar.write(old=None)
    assert "events/old.ics" not in calendar.publish()
    assert [entry.change.kind.value for entry in calendar.baseline.history] == ["removed"]


def test_hostile_manifest_writes_nowhere_else(calendar: Calendar) -> None:
    """An id in a manifest that is a path is refused, as is an invalid content."""
    text = calendar.files[MANIFEST].decode()
    calendar.write(talk=None)
    for old, new in (
        ('"id": "talk"', '"id": "../../talk"'),
        ('"start_utc": "2027-05-18T15:00:00Z"', '"start_utc": "x"'),
    ):
        assert old in text
        calendar.baseline = read_manifest(text.replace(old, new).encode(), "dist/calfeed.json")
        with pytest.raises(OutputError) as refusal:
            calendar.publish()
        assert [problem.code for problem in refusal.value.problems] == ["bad-manifest"]


def paths_of(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of every value within a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from paths_of(item, (*path, key))


def replaced(text: str, path: tuple[str | int, ...], value: object) -> bytes:
    """Return a JSON text with one value replaced."""
    content = json.loads(text)
    held = content
    for key in path[:-1]:
        held = held[key]
    held[path[-1]] = value
    return json.dumps(content).encode()


@pytest.mark.parametrize(
    "value", [None, 5, -1, 10**30, "x", "", [], {}, [None], "../../etc", "x\r\nATTACH:y", "\ud800"], ids=repr
)
def test_hostile_manifest_has_no_traceback(tmp_path: Path, value: object) -> None:
    """With any values in a manifest, build and diff succeed or refuse it, and no line gets into a file."""
    calendar = Calendar(tmp_path)
    more = (
        "rrule: FREQ=WEEKLY;COUNT=9\nexdates: 2027-05-25\noverrides: [{recurrence_id: 2027-06-01, summary: Moved}]\n"
        "url: https://x.example/\norganizer: {name: Anna, email: a@x.example}\nreminders: [1h]\n"
        "properties: {X-FOO: bar}\ncategories: [a]\ndescription: Hello\n"
    )
    calendar.write(talk=talk("Talk", more=more), tour=talk("Tour"), days="summary: Days\nstart: 2027-05-18\n")
    calendar.publish()
    calendar.write(tour=talk("Long tour"))
    text = calendar.publish()[MANIFEST].decode()
    calendar.write(talk=None, tour=talk("Longer tour"), days="summary: Day\nstart: 2027-05-18\n")
    project = load(calendar.root)
    for path in paths_of(json.loads(text)):
        try:
            baseline = read_manifest(replaced(text, path, value), "dist/calfeed.json")
            format_difference(diff(project, baseline, now=NOW))
            artifacts = render(
                project, now=NOW, options=Options(baseline=baseline, consent=Consent(removals=True, new_id=True))
            )
        except CalfeedError as refusal:
            codes = {problem.code for problem in refusal.problems}
            artifacts = ()
        else:
            codes = set()
        assert codes <= {"bad-manifest", "newer-manifest"}, path
        assert not any(b"\nATTACH" in artifact.data for artifact in artifacts if artifact.path.endswith(".ics")), path


# -- promises ---------------------------------------------------------------------------------------------------


def test_mass_removal_is_refused(tmp_path: Path) -> None:
    """Removing at least three and more than a quarter of the upcoming events is refused."""
    calendar = Calendar(tmp_path)
    calendar.write(**{f"talk_{number}": talk(f"Talk {number}") for number in range(12)})
    calendar.publish()
    calendar.write(talk_0=None, talk_1=None, talk_2=None)
    calendar.publish()  # a quarter is not more than a quarter
    calendar.write(talk_3=None, talk_4=None, talk_5=None)
    assert code_of(calendar) == ["mass-removal"]
    files = calendar.publish(REMOVALS)
    assert files["test.ics"].count(b"STATUS:CANCELLED") == 6


def test_a_window_must_not_remove_upcoming_events(tmp_path: Path) -> None:
    """A window that removes many upcoming events from the main feed is refused; past events may go."""
    calendar = Calendar(tmp_path)
    past = {f"past_{number}": talk(f"Past {number}", "2020-01-01 10:00") for number in range(9)}
    calendar.write(**past, **{f"talk_{number}": talk(f"Talk {number}") for number in range(3)})
    calendar.publish()
    text = (calendar.root / "calendar.yaml").read_text("utf-8")
    write_files(calendar.root, {"calendar.yaml": f"{text}window: {{from: 2026-01-01}}\n"})
    files = calendar.publish()
    assert files["test.ics"].count(b"BEGIN:VEVENT") == 3
    assert b"CANCELLED" not in files["test.ics"]
    assert "events/past-0.ics" in files
    write_files(calendar.root, {"calendar.yaml": f"{text}window: {{from: 2028-01-01}}\n"})
    assert code_of(calendar) == ["mass-removal"]
    assert b"BEGIN:VEVENT" not in calendar.publish(REMOVALS)["test.ics"]
    write_files(calendar.root, {"calendar.yaml": f"{text}window: {{from: 2029-01-01}}\n"})
    calendar.publish()  # what is not in the feed cannot leave it


def test_few_and_past_events_may_go(tmp_path: Path) -> None:
    """Two of two events are too few to refuse; past and cancelled events do not count."""
    calendar = Calendar(tmp_path)
    calendar.write(a=talk("A"), b=talk("B"), c=talk("C", "2020-01-01 10:00"), d=talk("D", more="status: cancelled\n"))
    calendar.publish()
    calendar.write(a=None, b=None, c=None, d=None, e=talk("E"))
    calendar.publish()


def test_feed_does_not_vanish(calendar: Calendar) -> None:
    """Renaming a category or a slug removes an address: refused without an alias or consent."""
    calendar.write(talk=talk("Talk", more="categories: lectures\n"))
    assert code_of(calendar) == ["vanished-feed"]
    feeds = "feeds: [{slug: lectures, name: Lectures, categories: lectures, aliases: category/talks}]\n"
    write_files(calendar.root, {"calendar.yaml": WITH_FEEDS + feeds})
    calendar.publish()
    lines = calendar.lines("feeds/category/talks.ics")
    assert "UID:talk@test.example" in lines
    assert "SOURCE;VALUE=URI:https://test.example/feeds/lectures.ics" in lines
    assert "DESCRIPTION:This calendar has moved: subscribe to https://test.example/feeds/lectures.ics." in lines
    assert calendar.publish() == calendar.files
    write_files(calendar.root, {"calendar.yaml": WITH_FEEDS})
    assert code_of(calendar) == ["vanished-feed", "vanished-feed"]
    assert "feeds/category/talks.ics" not in calendar.publish(REMOVALS)


def test_main_feed_keeps_its_old_address(calendar: Calendar) -> None:
    """A new slug of the calendar keeps the old file if `aliases` lists it."""
    write_files(calendar.root, {"calendar.yaml": f"{WITH_FEEDS}slug: new\n"})
    assert code_of(calendar) == ["vanished-feed"]
    write_files(calendar.root, {"calendar.yaml": f"{WITH_FEEDS}slug: new\naliases: test\n"})
    files = calendar.publish()
    assert files["new.ics"].count(b"BEGIN:VEVENT") == files["test.ics"].count(b"BEGIN:VEVENT") == 2


def test_alias_of_an_emptied_feed_stays(calendar: Calendar) -> None:
    """An alias stays even if its feed is empty and removals are allowed."""
    feed = "feeds: [{slug: shows, name: Shows, categories: talks, aliases: category/music}]\n"
    write_files(calendar.root, {"calendar.yaml": f"{WITH_FEEDS}{feed}"})
    calendar.publish()
    calendar.write(talk=None)
    calendar.publish(REMOVALS)
    calendar.write(tour=talk("Tour", "2027-06-05 11:00"))
    files = calendar.publish(REMOVALS, after=timedelta(days=400))
    assert b"BEGIN:VEVENT" not in files["feeds/category/music.ics"]
    assert calendar.publish(after=timedelta(0)) == files


def test_baseline_of_another_calendar_is_refused(calendar: Calendar, tmp_path: Path) -> None:
    """Events of another calendar must not be published in this one as cancelled."""
    other = Calendar(tmp_path / "other", CALENDAR.replace("id: test.example", "id: other.example"))
    other.write(gig=talk("Gig"))
    other.baseline = calendar.baseline
    assert code_of(other) == ["new-calendar-id"]


def test_new_calendar_id_counts_events(tmp_path: Path) -> None:
    """The message says how many events would get a different UID, in the singular for one."""
    calendar = Calendar(tmp_path / "one", CALENDAR)
    calendar.write(gig=talk("Gig"))
    calendar.publish()
    write_files(calendar.root, {"calendar.yaml": CALENDAR.replace("id: test.example", "id: other.example")})
    with pytest.raises(PromiseError) as refusal:
        calendar.publish()
    (problem,) = refusal.value.problems
    assert problem.message.endswith("to `other.example`, which would change the UID of 1 event")


def test_new_calendar_id_is_refused(calendar: Calendar, tmp_path: Path) -> None:
    """A new id would make every event new; with consent, each gets a new UID and no tombstone."""
    write_files(calendar.root, {"calendar.yaml": WITH_FEEDS.replace("id: test.example", "id: other.example")})
    assert code_of(calendar) == ["new-calendar-id"]
    consent = Consent(new_id=True)
    assert warnings_of(calendar, tmp_path / "dist", consent) == []
    files = calendar.publish(consent)
    assert files["test.ics"].count(b"BEGIN:VEVENT") == 2
    assert b"UID:talk@other.example" in files["test.ics"]
    assert b"STATUS:CANCELLED" not in files["test.ics"]


def test_renamed_id_is_recognised(calendar: Calendar, tmp_path: Path) -> None:
    """A new event with the content of a removed one is reported, with the line that keeps its subscribers."""
    calendar.write(talk=None, lecture=talk("Talk", more="categories: talks\n"))
    assert warnings_of(calendar, tmp_path / "a") == [
        ("renamed-id", "if it is the same event, write `id: talk`, which also keeps its links")
    ]
    calendar.write(lecture=talk("Talk", more="categories: talks\nid: talk\n"))
    assert warnings_of(calendar, tmp_path / "b") == []
    calendar.publish()
    assert "SEQUENCE:0" in calendar.lines("events/talk.ics")


def test_renamed_event_with_a_custom_uid(tmp_path: Path) -> None:
    """If the UID is not derived from the id, the hint has both keys, and quotes a UID that YAML could misread."""
    calendar = Calendar(tmp_path)
    calendar.write(talk=talk("Talk", more="uid: 'old: #1'\n"))
    calendar.publish()
    calendar.write(talk=None, lecture=talk("Talk"))
    assert warnings_of(calendar, tmp_path / "a") == [
        ("renamed-id", "if it is the same event, write `id: talk` and `uid: 'old: #1'`")
    ]
    calendar.write(lecture=talk("Talk", more="id: talk\nuid: 'old: #1'\n"))
    assert warnings_of(calendar, tmp_path / "b") == []


def test_renamed_event_whose_id_is_taken(calendar: Calendar, tmp_path: Path) -> None:
    """If another event has taken the old id, only the UID can be kept."""
    calendar.write(
        talk=talk("Another", more="uid: another@x.example\n"), lecture=talk("Talk", more="categories: talks\n")
    )
    assert ("renamed-id", "if it is the same event, write `uid: talk@test.example`") in warnings_of(
        calendar, tmp_path / "a"
    )


def test_changed_uid_is_reported(calendar: Calendar, tmp_path: Path) -> None:
    """An event with the same id and a new UID is reported: calendars see two events."""
    calendar.write(talk=talk("Talk", more="categories: talks\nuid: x@y.example\n"))
    assert warnings_of(calendar, tmp_path / "dist") == [
        ("changed-uid", "if it is the same event, write `uid: talk@test.example`")
    ]
    calendar.publish()
    assert [(entry.change.kind.value, entry.change.id) for entry in calendar.baseline.history] == [("changed", "talk")]


def test_uid_that_is_replaced_is_cancelled(calendar: Calendar) -> None:
    """The event with the old UID stays in its feeds, cancelled; its own file and page get a numbered name."""
    calendar.write(talk=talk("Talk", more="categories: talks\nuid: x@y.example\n"))
    files = calendar.publish()
    for path in ("test.ics", "feeds/category/talks.ics", "feeds/venue/hub.ics"):
        events_by_uid = vevents(files[path])
        assert b"STATUS:CANCELLED" in events_by_uid["UID:talk@test.example"], path
        assert b"STATUS:CONFIRMED" in events_by_uid["UID:x@y.example"], path
    assert list(vevents(files["events/talk.ics"])) == ["UID:x@y.example"]
    assert list(vevents(files["events/talk-2.ics"])) == ["UID:talk@test.example"]
    assert (calendar.event("talk")["uid"], calendar.event("talk-2")["uid"]) == ("x@y.example", "talk@test.example")
    assert calendar.publish() == files
    calendar.write(talk=talk("Talk", more="categories: talks\n"))
    back = calendar.publish()
    assert (calendar.event("talk")["sequence"], calendar.event("talk")["status"]) == (2, "confirmed")
    assert b"STATUS:CANCELLED" in vevents(back["test.ics"])["UID:x@y.example"]


def test_tombstone_gives_its_id_to_an_event_that_takes_it(calendar: Calendar) -> None:
    """An event may take the id of a tombstone, which then gets the next free numbered id."""
    calendar.write(talk=None)
    calendar.publish()
    calendar.write(talk=talk("Another", more="uid: new@y.example\n"), talk_2=talk("One more"))
    files = calendar.publish()
    assert list(vevents(files["events/talk.ics"])) == ["UID:new@y.example"]
    assert list(vevents(files["events/talk-2.ics"])) == ["UID:talk-2@test.example"]
    assert list(vevents(files["events/talk-3.ics"])) == ["UID:talk@test.example"]
    assert b"STATUS:CANCELLED" in vevents(files["feeds/category/talks.ics"])["UID:talk@test.example"]


def test_uid_taken_over_by_another_event_is_reported(calendar: Calendar) -> None:
    """An event that takes over a UID has changed; the UID it had is cancelled, in `diff` as in feeds."""
    calendar.write(talk=talk("Tour", "2027-06-05 10:00", "categories: talks\nuid: tour@test.example\n"), tour=None)
    calendar.publish()
    kinds = {entry.change.uid: entry.change.kind.value for entry in calendar.baseline.history}
    assert kinds == {"tour@test.example": "changed", "talk@test.example": "cancelled"}
    assert calendar.event("talk-2")["uid"] == "talk@test.example"


def test_many_new_uids_are_refused(tmp_path: Path) -> None:
    """Events with new UIDs are gone for those who know the old ones: many at once need consent."""
    calendar = Calendar(tmp_path)
    calendar.write(**{f"talk_{number}": talk(f"Talk {number}") for number in range(9)})
    calendar.publish()
    calendar.write(**{f"talk_{number}": talk(f"Talk {number}", more=f"uid: {number}@y\n") for number in range(3)})
    with pytest.raises(PromiseError, match="3 of 9 upcoming events are gone or have a different UID: `talk-0`"):
        calendar.publish()
    files = calendar.publish(REMOVALS)
    assert files["test.ics"].count(b"STATUS:CANCELLED") == 3
    assert files["test.ics"].count(b"BEGIN:VEVENT") == 12


# -- what left and comes back -----------------------------------------------------------------------------------


@pytest.mark.parametrize("consent", [REMOVALS, Consent()], ids=["expired tombstone", "past event"])
def test_sequence_continues_after_a_gap(tmp_path: Path, consent: Consent) -> None:
    """The last revision of a UID that left all feeds is remembered, and continues when it comes back."""
    calendar = Calendar(tmp_path)
    calendar.write(talk=talk("Talk"), tour=talk("Tour", "2030-01-01 10:00"))
    calendar.publish()
    calendar.write(talk=talk("Long talk"))
    calendar.publish()
    created, pause = calendar.event("talk")["created"], timedelta(days=1)
    if consent.removals:
        calendar.write(talk=None)
        calendar.publish()
        calendar.write(tour=talk("Long tour", "2030-01-01 10:00"))
    else:
        calendar.write(talk=None)
    calendar.publish(consent, after=timedelta(days=300))
    assert "events/talk.ics" not in calendar.files
    number = 3 if consent.removals else 2
    retired = json.loads(calendar.files[MANIFEST])["retired"]
    assert [(uid, item["sequence"]) for uid, item in retired.items()] == [("talk@test.example", number - 1)]
    assert calendar.publish(after=pause) == calendar.files

    stamp = calendar.baseline.retired["talk@test.example"].last_modified
    calendar.write(talk=talk("Talk", "2028-05-18 18:00"))
    calendar.publish(after=timedelta(days=-1000))  # and on a clock that is behind
    assert (calendar.event("talk")["sequence"], calendar.event("talk")["created"]) == (number, created)
    assert calendar.baseline.events["talk@test.example"].revision.last_modified > stamp
    assert "retired" not in json.loads(calendar.files[MANIFEST])


def test_manifest_without_retired_is_read(calendar: Calendar) -> None:
    """A manifest without `retired` is valid, and an unchanged calendar does not write it."""
    assert "retired" not in json.loads(calendar.files[MANIFEST])
    assert calendar.baseline.retired == {}


def test_uids_of_the_old_calendar_are_remembered(calendar: Calendar) -> None:
    """If the calendar's id changes and changes back, every number continues."""
    before = calendar.root / "calendar.yaml"
    other = WITH_FEEDS.replace("id: test.example", "id: other.example")
    write_files(calendar.root, {before.name: other})
    calendar.publish(Consent(new_id=True))
    write_files(calendar.root, {before.name: WITH_FEEDS})
    calendar.publish(Consent(new_id=True))
    assert calendar.event("talk")["sequence"] == 1


def test_older_tz_database_is_a_warning(calendar: Calendar, tmp_path: Path) -> None:
    """Building with an older tz database than the published one is a warning."""
    text = calendar.files[MANIFEST].decode()
    calendar.baseline = read_manifest(text.replace('"tzdb": "20', '"tzdb": "21').encode(), "dist/calfeed.json")
    assert [code for code, _hint in warnings_of(calendar, tmp_path / "dist")] == ["older-tzdb"]


def test_history_is_bounded_and_newest_first(tmp_path: Path) -> None:
    """The history in the manifest is limited, newest first, and skips the first build."""
    calendar = Calendar(tmp_path)
    calendar.write(tour=talk("Tour"))
    calendar.publish()
    assert not calendar.baseline.history
    calendar.write(**{f"talk_{number}": talk(f"Talk {number}") for number in range(MAX_HISTORY)})
    calendar.publish()
    calendar.write(tour=talk("Long tour"))
    files = calendar.publish()
    history = calendar.baseline.history
    assert len(history) == MAX_HISTORY
    assert (history[0].change.id, history[0].change.kind.value, history[0].time) == ("tour", "changed", calendar.now)
    assert [entry.change.kind.value for entry in history[1:]] == ["added"] * (MAX_HISTORY - 1)
    assert calendar.publish() == files


def test_kept_feed_has_the_calendars_name(calendar: Calendar) -> None:
    """A feed with only tombstones uses the calendar's current name."""
    calendar.write(talk=None)
    calendar.publish()
    assert "X-WR-CALNAME:Test: talks" in calendar.lines("feeds/category/talks.ics")
    write_files(calendar.root, {"calendar.yaml": WITH_FEEDS.replace("name: Test", "slug: test\nname: Other")})
    for _ in range(2):
        calendar.publish()
        assert "X-WR-CALNAME:Other: talks" in calendar.lines("feeds/category/talks.ics")


# -- any sequence of edits --------------------------------------------------------------------------------------

_TEXTS = st.sampled_from(
    [
        talk("Talk"),
        talk("Lecture"),
        talk("Talk", "2027-05-19 18:00"),
        f"# a comment\n{talk('Talk')}",
        talk("Talk", more="status: cancelled\n"),
        talk("Talk", more="rrule: FREQ=WEEKLY;COUNT=5\n"),
        talk("Talk", "2020-05-18 18:00"),
        talk("Talk", more="uid: $name@old\n"),
        "summary: Talk\nstart: 2027-05-18\n",
        None,
    ]
)
_EDITS = st.lists(st.dictionaries(st.sampled_from("abcd"), _TEXTS, max_size=2), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=_EDITS, pause=st.sampled_from([timedelta(0), timedelta(days=1), timedelta(days=-3)]))
def test_any_sequence_of_edits(
    edits: list[dict[str, str | None]], pause: timedelta, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """SEQUENCE never falls, LAST-MODIFIED never goes back, and what did not change keeps every byte, on any clock.

    So it is for every UID that was ever published, also where it left for a while.
    """
    calendar = Calendar(tmp_path_factory.mktemp("edits"))
    calendar.write(keep=talk("Keep"))
    calendar.publish()
    last = dict(calendar.baseline.events)
    for edit in edits:
        before, old = calendar.baseline, vevents(calendar.files["test.ics"])
        for name, text in edit.items():
            if text is not None or (calendar.root / f"{name}.yaml").exists():
                calendar.write(**{name: text and text.replace("$name", name)})
        files = calendar.publish(REMOVALS, after=pause)
        new = vevents(files["test.ics"])
        for uid, item in calendar.baseline.events.items():
            was = last.get(uid)
            if was is None:
                continue
            assert item.revision.created == was.revision.created
            if uid in before.events and item.content == was.content:
                assert item.revision == was.revision
                assert new[f"UID:{uid}"] == old[f"UID:{uid}"]
            else:
                assert item.revision.sequence == was.revision.sequence + 1
                assert item.revision.last_modified > was.revision.last_modified
        last |= calendar.baseline.events
        assert len({item.id for item in calendar.baseline.events.values()}) == len(new)
        assert rules.violations(files["test.ics"], "feed") == []
        assert calendar.publish(REMOVALS, after=timedelta(0)) == files


def test_a_large_feed_is_slow_in_browsers_too(tmp_path: Path) -> None:
    """The warning about a large feed says what Google does, and how slow browsers become."""
    root = write_events(tmp_path, talk=f"{TALK}description: {'words ' * 170_000}\n")
    problems = build(root, tmp_path / "dist", now=NOW, options=Options(site=False)).problems
    (message,) = (problem.message for problem in problems if problem.code == "large-feed")
    assert "Google loses events from feeds over 1,000,000 bytes" in message
    assert "calendars in browsers become slow (ical.js: 2.6 s for 5,000)" in message


def test_a_published_rule_that_is_refused_today_can_be_replaced(tmp_path: Path) -> None:
    """A published rule that is no longer accepted is read back, so that the proposed equal rule can replace it."""
    text = "summary: Payday\nstart: 2027-01-31 09:00\nduration: 1h\nrrule: FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=6\n"
    events, dist = write_events(tmp_path, payday=text), tmp_path / "dist"
    build(events, dist, now=NOW)
    manifest = dist / MANIFEST
    published = manifest.read_text("utf-8")
    assert "FREQ=MONTHLY;COUNT=6;BYMONTHDAY=-1" in published
    manifest.write_text(published.replace("FREQ=MONTHLY;COUNT", "FREQ=DAILY;COUNT"), encoding="utf-8")
    write_events(tmp_path, payday=text.replace("Payday", "Payday and cake"))
    build(events, dist, now=LATER)
    written = (dist / "events" / "payday.ics").read_text("utf-8")
    assert "RRULE:FREQ=MONTHLY;COUNT=6;BYMONTHDAY=-1" in written
    assert "SEQUENCE:1" in written
