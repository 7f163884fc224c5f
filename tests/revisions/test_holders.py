"""calfeed.revisions.holders: everyone who may have a cancelled event sees that, whatever build or feed it came from."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.calendars import REMOVALS, WITH_FEEDS, Calendar, code_of, vevents
from support.commands import run
from support.projects import CALENDAR, NOW, VENUES, write_files

from calfeed.diagnostics.problem import OutputError
from calfeed.editions.consent import Consent
from calfeed.editions.manifest import MANIFEST, Manifest
from calfeed.editions.manifest_json import read_manifest
from calfeed.publish.guards import check_revisions

MAIN, MUSIC, FILM = "test.ics", "feeds/category/music.ics", "feeds/category/film.ics"
ADA = "UID:ada@test.example"


def event(name: str, start: str, more: str = "") -> str:
    """Return the YAML of an event."""
    return f"summary: {name}\nstart: {start}\nduration: 1h\n{more}"


def at(text: str) -> datetime:
    """Return an instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def calendar(tmp_path: Path) -> Calendar:
    """Publish a calendar with one music and one film event that never change."""
    calendar = Calendar(tmp_path, WITH_FEEDS, site=False)
    calendar.write(
        choir=event("Choir", "2030-01-01 18:00", "categories: music\n"),
        movie=event("Movie", "2030-01-01 21:00", "categories: film\n"),
    )
    calendar.publish()
    return calendar


def publish(calendar: Calendar, day: str, consent: Consent = Consent(), **events: str | None) -> dict[str, bytes]:  # noqa: B008
    """Write events and build on a day; a second build a moment later changes nothing."""
    calendar.write(**events)
    files = calendar.publish(consent, after=at(day) - calendar.now)
    if not consent.removals:
        assert calendar.publish(after=timedelta(minutes=1)) == files
    return files


def state(calendar: Calendar, path: str, uid: str = ADA) -> str:
    """Return the STATUS of an event in a feed, or "gone"."""
    lines = vevents(calendar.files[path]).get(uid, b"STATUS:gone\r\n").decode()
    return next(line.removeprefix("STATUS:") for line in lines.split("\r\n") if line.startswith("STATUS:"))


def held(calendar: Calendar, event_id: str = "ada") -> dict[str, object]:
    """Return the old copies of an event that the manifest remembers."""
    return {key: value for key, value in calendar.event(event_id).items() if key.startswith("held")}


# -- until when -------------------------------------------------------------------------------------------------

WEEKLY = "start: 2027-02-01 18:00\nrrule: {freq: weekly, count: 4}\n"
LATER_DATES = {
    "one date": ("start: 2027-06-01 18:00", "start: 2027-03-01 18:00", "2027-06-02T15:00:00Z"),
    "whole days": ("start: 2027-06-01\nend: 2027-06-03", "start: 2027-03-01", "2027-06-05T00:00:00Z"),
    "days less": ("start: 2027-03-01\nend: 2027-06-03", "start: 2027-03-01", "2027-06-05T00:00:00Z"),
    "a series shortened": (
        "start: 2027-01-04 18:00\nrrule: {freq: weekly, until: 2027-05-31}",
        "start: 2027-01-04 18:00\nrrule: {freq: weekly, until: 2027-03-01}",
        "2027-06-01T18:00:00Z",
    ),
    "no longer a series": (
        "start: 2027-03-01 18:00\nrrule: {freq: monthly, count: 4}",
        "start: 2027-03-01 18:00",
        "2027-06-02T18:00:00Z",
    ),
    "an override after the end": (
        f"{WEEKLY}overrides: [{{recurrence_id: 2027-02-08, start: 2027-06-01 18:00}}]",
        WEEKLY,
        "2027-06-02T15:00:00Z",
    ),
    "a date added by hand": (f"{WEEKLY}rdates: 2027-06-01", WEEKLY, "2027-06-02T18:00:00Z"),
}


@pytest.mark.parametrize(("first", "then", "until"), LATER_DATES.values(), ids=LATER_DATES.keys())
def test_later_date_is_remembered_until_it_is_over(calendar: Calendar, first: str, then: str, until: str) -> None:
    """Moved to an earlier date, over, then deleted: it stays unchanged until the later date is over, too."""
    publish(calendar, "2026-12-01", ada=f"summary: Ada\n{first}\n")
    publish(calendar, "2026-12-02", ada=f"summary: Ada\n{then}\n")
    assert held(calendar) == {"held_until": until}
    publish(calendar, "2027-04-01", ada=None)
    assert state(calendar, MAIN) == "CONFIRMED"
    assert (calendar.event("ada")["removed"], calendar.event("ada")["sequence"]) == ("2027-04-01T00:00:00Z", 1)
    assert held(calendar) == {"held_until": until}
    assert calendar.baseline.history[0].change.kind.value == "removed"
    kept = dict(calendar.files)
    assert calendar.publish(after=timedelta(days=700)) == kept  # time alone changes nothing
    publish(calendar, "2029-04-01", choir=event("Choir!", "2030-01-01 18:00", "categories: music\n"))
    assert state(calendar, MAIN) == "gone"
    assert json.loads(calendar.files[MANIFEST])["retired"].keys() == {"ada@test.example"}


def test_event_deleted_after_all_dates_leaves_nothing(calendar: Calendar) -> None:
    """An event that is deleted after every published date is over leaves no tombstone."""
    publish(calendar, "2026-12-01", ada=event("Ada", "2027-06-01 18:00"))
    publish(calendar, "2026-12-02", ada=event("Ada", "2027-03-01 18:00"))
    publish(calendar, "2027-06-03", ada=None)
    assert state(calendar, MAIN) == "gone"


def test_tombstone_stays_until_the_later_date(calendar: Calendar) -> None:
    """Deleted after a move to an earlier date: it stays cancelled until the later date is over."""
    publish(calendar, "2026-12-01", ada=event("Ada", "2027-06-01 18:00"))
    publish(calendar, "2026-12-02", ada=event("Ada", "2027-03-01 18:00"))
    publish(calendar, "2027-01-01", ada=None)
    publish(calendar, "2027-05-01", choir=event("Choir!", "2030-01-01 18:00", "categories: music\n"))
    assert state(calendar, MAIN) == "CANCELLED"
    publish(calendar, "2027-06-03", choir=event("Choir?", "2030-01-01 18:00", "categories: music\n"))
    assert state(calendar, MAIN) == "gone"


def test_latest_of_many_dates_counts(calendar: Calendar) -> None:
    """Of several published dates, only the latest is remembered, unless it is the current one."""
    until = {"held_until": "2027-08-02T16:00:00Z"}
    for day, start, remembered in (
        ("2026-12-01", "2027-06-01 18:00", {}),
        ("2026-12-02", "2027-08-01 18:00", {}),
        ("2026-12-03", "2027-03-01 18:00", until),
        ("2026-12-04", "2027-07-01 18:00", until),
        ("2026-12-05", "2027-09-01 18:00", {}),
    ):
        publish(calendar, day, ada=event("Ada", start))
        assert held(calendar) == remembered, start


def test_series_that_got_an_end_is_remembered_for_a_year(calendar: Calendar) -> None:
    """Copies of a series from before it had an end are remembered for a year after the change."""
    endless = event("Ada", "2027-01-04 18:00", "rrule: {freq: weekly}\n")
    publish(calendar, "2026-12-01", ada=endless)
    publish(calendar, "2027-02-01", ada=event("Ada", "2027-01-04 18:00", "rrule: {freq: weekly, until: 2027-03-01}\n"))
    assert held(calendar) == {"held_until": "2028-02-01T00:00:00Z"}
    publish(calendar, "2027-04-01", ada=None)
    assert state(calendar, MAIN) == "CONFIRMED"
    publish(calendar, "2027-04-02", ada=endless)
    assert held(calendar) == {}


def test_restored_event_keeps_its_old_copies(calendar: Calendar) -> None:
    """A restored event still remembers its later date, until that is over."""
    first, then = event("Ada", "2027-06-01 18:00"), event("Ada", "2027-03-01 18:00")
    until = {"held_until": "2027-06-02T16:00:00Z"}
    publish(calendar, "2026-12-01", ada=first)
    publish(calendar, "2026-12-02", ada=then)
    publish(calendar, "2026-12-03", ada=None)
    publish(calendar, "2026-12-04", ada=then)
    assert (held(calendar), state(calendar, MAIN), calendar.event("ada")["sequence"]) == (until, "CONFIRMED", 3)
    publish(calendar, "2027-07-01", ada=event("Ada L.", "2027-03-01 18:00"))
    assert held(calendar) == {}


def test_restored_past_event_changes_nothing(calendar: Calendar) -> None:
    """Restoring the file of an event that is kept as a past event changes nothing for subscribers."""
    first, then = event("Ada", "2027-06-01 18:00"), event("Ada", "2027-03-01 18:00")
    publish(calendar, "2026-12-01", ada=first)
    feeds = publish(calendar, "2026-12-02", ada=then)[MAIN]
    assert publish(calendar, "2027-04-01", ada=None)[MAIN] == feeds
    assert publish(calendar, "2027-04-02", ada=then)[MAIN] == feeds
    assert "removed" not in calendar.event("ada")


# -- in which feeds ---------------------------------------------------------------------------------------------


def recategorised(calendar: Calendar) -> None:
    """Publish an event under music, then under film."""
    publish(calendar, "2026-12-01", ada=event("Ada", "2027-06-01 18:00", "categories: music\n"))
    publish(calendar, "2026-12-02", ada=event("Ada", "2027-06-01 18:00", "categories: film\n"))


@pytest.mark.parametrize("text", [None, event("Ada", "2027-06-01 18:00", "categories: film\nstatus: cancelled\n")])
def test_cancellation_is_in_every_former_feed(calendar: Calendar, text: str | None) -> None:
    """Deleted or cancelled after moving from music to film, it is shown as cancelled in both until it is over."""
    recategorised(calendar)
    assert [state(calendar, path) for path in (MAIN, MUSIC, FILM)] == ["CONFIRMED", "gone", "CONFIRMED"]
    assert held(calendar) == {"held_in": ["category/music"]}
    publish(calendar, "2027-01-01", ada=text)
    assert [state(calendar, path) for path in (MAIN, MUSIC, FILM)] == ["CANCELLED"] * 3
    kept = dict(calendar.files)
    assert calendar.publish(after=timedelta(days=300)) == kept
    publish(calendar, "2027-12-01", choir=event("Choir!", "2030-01-01 18:00", "categories: music\n"))
    assert state(calendar, MUSIC) == "gone"
    assert text is None or (state(calendar, FILM), held(calendar)) == ("CANCELLED", {})


def test_changed_and_cancelled_at_once(calendar: Calendar) -> None:
    """An event that leaves a feed in the build that cancels it is cancelled there, and leaves when restored."""
    publish(calendar, "2026-12-01", ada=event("Ada", "2027-06-01 18:00", "categories: music\n"))
    publish(calendar, "2026-12-02", ada=event("Ada", "2027-06-01 18:00", "categories: film\nstatus: cancelled\n"))
    assert state(calendar, MUSIC) == "CANCELLED"
    assert calendar.event("ada")["feeds"] == ["test", "category/film", "category/music"]
    publish(calendar, "2026-12-03", ada=event("Ada", "2027-06-01 18:00", "categories: film\n"))
    assert (state(calendar, MUSIC), held(calendar)) == ("gone", {"held_in": ["category/music"]})
    publish(calendar, "2026-12-04", ada=event("Ada", "2027-06-01 18:00", "categories: [film, music]\n"))
    assert (state(calendar, MUSIC), held(calendar)) == ("CONFIRMED", {})


def with_settings(calendar: Calendar, settings: str) -> None:
    """Write calendar.yaml with additional settings."""
    write_files(calendar.root, {"calendar.yaml": WITH_FEEDS + settings})


@pytest.mark.parametrize("window", ["{to: 2027-05-01}", "{from: 2027-07-01}"])
def test_hidden_by_a_window_then_deleted(calendar: Calendar, window: str) -> None:
    """A deleted event that the window had hidden is cancelled in the main feed; past events stay out."""
    past = event("Past", "2026-11-25 18:00")
    publish(calendar, "2026-12-01", ada=event("Ada", "2027-06-01 18:00", "categories: music\n"), past=past)
    with_settings(calendar, f"window: {window}\n")
    publish(calendar, "2026-12-02", REMOVALS)
    assert [state(calendar, path) for path in (MAIN, MUSIC)] == ["gone", "gone"]
    assert held(calendar) == {"held_in": ["category/music", "test"]}
    assert held(calendar, "past") == {}
    publish(calendar, "2026-12-03", ada=None, past=None)
    assert [state(calendar, path) for path in (MAIN, MUSIC)] == ["CANCELLED", "CANCELLED"]
    assert state(calendar, MAIN, "UID:past@test.example") == "gone"


def test_out_of_a_written_feed_then_deleted(calendar: Calendar) -> None:
    """A feed filtered by days, categories or venues shows the cancellation of events it no longer selects."""
    venue = "feeds: [{slug: hub, name: Hub, venues: hub}]\n"
    with_settings(calendar, venue)
    publish(calendar, "2026-12-01", ada=event("Ada", "2027-06-01 18:00", "venue: hub\n"))
    with_settings(calendar, venue.replace("venues: hub", "to: 2027-05-01"))
    publish(calendar, "2026-12-02")
    assert state(calendar, "feeds/hub.ics") == "gone"
    publish(calendar, "2026-12-03", ada=None)
    assert state(calendar, "feeds/hub.ics") == "CANCELLED"


def test_renamed_feed_shows_cancellations_at_both_addresses(calendar: Calendar) -> None:
    """A renamed feed with its old slug in `aliases` shows cancellations at both addresses."""
    concerts = "feeds: [{slug: gigs, name: Gigs, categories: music}]\n"
    with_settings(calendar, concerts)
    recategorised(calendar)
    assert held(calendar) == {"held_in": ["category/music", "gigs"]}
    with_settings(calendar, concerts.replace("gigs", "concerts").replace("music}", "music, aliases: gigs}"))
    publish(calendar, "2026-12-03")
    assert held(calendar) == {"held_in": ["category/music", "concerts", "gigs"]}
    publish(calendar, "2026-12-04", ada=None)
    states = [state(calendar, path) for path in ("feeds/gigs.ics", "feeds/concerts.ics", MUSIC)]
    assert states == ["CANCELLED"] * 3
    assert held(calendar) == {}


def test_feed_that_was_removed_with_consent_and_is_back(calendar: Calendar) -> None:
    """A feed that comes back shows what was cancelled while it was gone; nothing brings it back earlier."""
    recategorised(calendar)
    publish(calendar, "2026-12-03", REMOVALS, choir=event("Choir", "2030-01-01 18:00"))
    assert MUSIC not in calendar.files
    publish(calendar, "2026-12-04", ada=None)
    assert MUSIC not in calendar.files
    assert held(calendar) == {"held_in": ["category/music"]}
    publish(calendar, "2026-12-05", choir=event("Choir", "2030-01-01 18:00", "categories: music\n"))
    assert (state(calendar, MUSIC), held(calendar)) == ("CANCELLED", {})


def test_feed_with_only_cancelled_events_stays(calendar: Calendar) -> None:
    """A feed with only tombstones stays for them, even if it also shows a cancelled event of another feed."""
    recategorised(calendar)
    publish(calendar, "2026-12-03", ada=event("Ada", "2027-06-01 18:00", "categories: film\nstatus: cancelled\n"))
    publish(calendar, "2026-12-04", choir=None)
    assert [state(calendar, MUSIC, uid) for uid in (ADA, "UID:choir@test.example")] == ["CANCELLED", "CANCELLED"]
    publish(calendar, "2026-12-05", ada=event("Ada", "2027-06-01 18:00", "categories: film\n"))
    assert [state(calendar, MUSIC, uid) for uid in (ADA, "UID:choir@test.example")] == ["gone", "CANCELLED"]


def test_feed_with_other_events_does_not_vanish(calendar: Calendar) -> None:
    """If the last event of a category moves to another one, its feed does not vanish silently."""
    calendar.write(choir=event("Choir", "2030-01-01 18:00", "categories: film\nstatus: cancelled\n"))
    assert code_of(calendar) == ["vanished-feed"]


def test_feed_stays_for_a_kept_past_event(calendar: Calendar) -> None:
    """A feed with only a kept past event stays for it; removing it afterwards needs consent."""
    publish(calendar, "2026-12-01", ada=event("Ada", "2027-06-01 18:00", "categories: solo\n"))
    publish(calendar, "2026-12-02", ada=event("Ada", "2027-03-01 18:00", "categories: solo\n"))
    publish(calendar, "2027-04-01", ada=None)
    assert state(calendar, "feeds/category/solo.ics") == "CONFIRMED"
    publish(calendar, "2027-07-01", choir=event("Choir!", "2030-01-01 18:00", "categories: music\n"))
    assert "feeds/category/solo.ics" in calendar.files
    publish(calendar, "2027-07-02", REMOVALS)
    assert "feeds/category/solo.ics" not in calendar.files


def test_feed_that_a_window_emptied_stays(calendar: Calendar) -> None:
    """Dropping an expired tombstone with consent does not remove a feed that the sources still have."""
    publish(calendar, "2026-12-01", ada=event("Ada", "2027-06-01 18:00"))
    publish(calendar, "2026-12-02", ada=None)
    with_settings(calendar, "window: {to: 2027-12-31}\n")
    publish(calendar, "2027-07-01", REMOVALS)
    assert state(calendar, MAIN) == "gone"
    assert b"BEGIN:VEVENT" not in calendar.files[MUSIC]


def test_past_event_leaves_no_trace(calendar: Calendar) -> None:
    """Past events may leave feeds or move within the past without a trace in the manifest."""
    publish(calendar, "2027-01-01", ada=event("Ada", "2026-12-20 18:00", "categories: music\n"))
    publish(calendar, "2027-01-02", ada=event("Ada", "2026-12-10 18:00", "categories: film\n"))
    publish(calendar, "2027-01-03", choir=event("Choir!", "2030-01-01 18:00", "categories: music\n"))
    assert held(calendar) == {}


# -- the manifest -----------------------------------------------------------------------------------------------


def test_ordinary_rows_have_no_extra_keys(calendar: Calendar) -> None:
    """An ordinary calendar with ordinary tombstones has no such keys."""
    publish(calendar, "2026-12-01", ada=event("Ada", "2027-06-01 18:00", "categories: music\n"))
    publish(calendar, "2026-12-02", ada=event("Ada", "2027-06-02 18:00", "categories: music\n"))
    publish(calendar, "2026-12-03", ada=None)
    assert b"held_" not in calendar.files[MANIFEST]


def test_manifest_of_an_earlier_version_is_read(calendar: Calendar) -> None:
    """A manifest without these keys is valid; one with invalid values for them is refused."""
    recategorised(calendar)
    publish(calendar, "2026-12-03", ada=event("Ada", "2027-03-01 18:00", "categories: film\n"))
    text = calendar.files[MANIFEST].decode()
    until = '"held_until": "2027-06-02T16:00:00Z", '
    assert f'{until}"held_in": ["category/music"], ' in text
    for other in ('"held_until": "soon", ', '"held_until": null, ', '"held_until": "9999-01-01T00:00:00Z", '):
        with pytest.raises(OutputError):
            read_manifest(text.replace(until, other).encode(), "dist/calfeed.json")
    calendar.baseline = read_manifest(
        text.replace(until, "").replace('"held_in": ["category/music"], ', "").encode(), "dist/calfeed.json"
    )
    calendar.write(ada=None)
    calendar.publish()
    assert [state(calendar, path) for path in (MAIN, MUSIC, FILM)] == ["CANCELLED", "gone", "CANCELLED"]


def test_build_without_its_baseline_is_not_published(calendar: Calendar) -> None:
    """A build without its baseline that lacks a kept past event is not published over it."""
    publish(calendar, "2026-12-01", ada=event("Ada", "2027-06-01 18:00"))
    publish(calendar, "2026-12-02", ada=event("Ada", "2027-03-01 18:00"))
    publish(calendar, "2027-04-01", ada=None)
    theirs, now = calendar.baseline, calendar.now
    calendar.baseline = Manifest()
    calendar.publish()
    with pytest.raises(OutputError, match="does not know ada"):
        check_revisions(calendar.baseline, theirs, "here", now)
    check_revisions(calendar.baseline, theirs, "here", at("2027-06-03"))


def test_check_is_never_stale_by_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Old copies expire with a build that changes something else, so `--check` never fails by time alone."""
    monkeypatch.chdir(tmp_path)
    write_files(
        tmp_path / "events",
        {"calendar.yaml": CALENDAR, "venues.yaml": VENUES, "b.yaml": event("B", "2027-07-01 10:00")},
    )
    for start in ("2027-06-01", "2027-03-01"):
        write_files(tmp_path / "events", {"a.yaml": f"summary: A\nstart: {start}\n"})
        assert run("build", "--no-site").exit_code == 0
    (tmp_path / "events" / "a.yaml").unlink()
    assert run("build", "--no-site", now=at("2027-04-01")).exit_code == 0
    for days in (0, 30, 90, 5000):
        assert run("build", "--no-site", "--check", now=at("2027-04-01") + timedelta(days=days)).exit_code == 0
    assert b"UID:a@test.example" in (tmp_path / "dist" / "test.ics").read_bytes()
    write_files(tmp_path / "events", {"b.yaml": event("C", "2027-07-01 10:00")})
    assert run("build", "--no-site", now=NOW + timedelta(days=5000)).exit_code == 0
    assert b"UID:a@test.example" not in (tmp_path / "dist" / "test.ics").read_bytes()
