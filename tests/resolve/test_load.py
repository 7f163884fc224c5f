"""calfeed.resolve.load and calfeed.resolve.feeds: how a valid folder is interpreted."""

from __future__ import annotations

import pickle
import unicodedata
from datetime import datetime
from pathlib import Path

import pytest
from support.projects import CALENDAR, NOW, TALK, VENUES, load_event, load_project, write_events, write_files

from calfeed.diagnostics.problem import SourceError
from calfeed.formats.ics import render_event
from calfeed.model import AllDay, Timed
from calfeed.pipeline.render import render
from calfeed.resolve.load import load
from calfeed.revisions.revise import revise


def feeds_of(root: Path, feeds: str, **events: str) -> dict[str, tuple[str, ...]]:
    """Return the event ids of every feed of a calendar with these extra feeds and events."""
    write_events(root, **events)
    (root / "events" / "calendar.yaml").write_text(f"{CALENDAR}feeds: {feeds}\n", encoding="utf-8")
    return {feed.slug: feed.event_ids for feed in load(root / "events").feeds}


def test_nearest_defaults_win(tmp_path: Path) -> None:
    """Defaults of all parent folders apply key by key; the nearest wins, and the event itself overrides them all."""
    root = write_files(
        tmp_path / "events",
        {
            "calendar.yaml": CALENDAR,
            "venues.yaml": VENUES,
            "_defaults.yaml": "venue: hub\nend: 20:00\nstatus: tentative\n",
            "a/_defaults.yaml": "status: confirmed\nduration: 1h\n",
            "a/b/one.yaml": "summary: One\nstart: 2027-05-18 18:00\n",
            "a/b/two.yaml": "summary: Two\nstart: 2027-05-18 18:00\nend: 19:30\nstatus: cancelled\n",
            "three.yaml": "summary: Three\nstart: 2027-05-18 18:00\n",
        },
    )
    events = {event.id: event for event in load(root).events}
    ends = {}
    for event in events.values():
        assert isinstance(event.when, Timed)
        assert event.when.end is not None
        ends[event.id] = (f"{event.when.end.wall:%H:%M}", event.status.value, event.venue.id if event.venue else None)
    assert ends == {
        "one": ("19:00", "confirmed", "hub"),
        "two": ("19:30", "cancelled", "hub"),
        "three": ("20:00", "tentative", "hub"),
    }


def test_feed_filters(tmp_path: Path) -> None:
    """A feed contains the events that pass every filter: any of the categories, any of the venues, any day in range."""
    feeds = feeds_of(
        tmp_path,
        "[{slug: talks, name: T, categories: [talk, tour]}, {slug: hub, name: H, venues: [hub], categories: [talk]},"
        " {slug: june, name: J, from: 2027-06-01, to: 2027-06-30}]",
        a="summary: A\nstart: 2027-05-31 20:00\nend: 24:00\nvenue: hub\ncategories: [talk]\n",
        b="summary: B\nstart: 2027-05-30\nend: 2027-06-01\ncategories: [tour]\n",
        c="summary: C\nstart: 2027-07-01\nvenue: hub\n",
        d="summary: D\nstart: 2027-06-30 23:00\nend: 2027-07-01 01:00\n",
    )
    assert feeds == {"test": ("b", "a", "d", "c"), "talks": ("b", "a"), "hub": ("a",), "june": ("b", "d")}


def test_window_of_the_calendar(tmp_path: Path) -> None:
    """The window trims the main and automatic feeds, which remain even if empty, and no extra feed."""
    write_events(
        tmp_path,
        a="summary: A\nstart: 2027-05-30\nend: 2027-06-01\ncategories: [Talk, Tour]\nvenue: hub\n",
        b="summary: B\nstart: 2027-05-31 22:00\nend: 24:00\ncategories: Talk\n",
        c="summary: C\nstart: 2027-07-01\ncategories: Film\n",
        d="summary: D\nstart: 2026-01-05 18:00\nrrule: {freq: weekly}\n",
    )
    text = CALENDAR.replace("automatic_feeds: []\n", "feeds: [{slug: all, name: All}]\n")
    window = "window: {from: 2027-06-01, to: 2027-06-30}\n"
    (tmp_path / "events" / "calendar.yaml").write_text(text + window, encoding="utf-8")
    assert {feed.slug: feed.event_ids for feed in load(tmp_path / "events").feeds} == {
        "test": ("d", "a"),
        "all": ("d", "a", "b", "c"),
        "category/talk": ("a",),
        "category/tour": ("a",),
        "category/film": (),
        "venue/hub": ("a",),
    }


def test_categories_are_compared_as_people_see_them(tmp_path: Path) -> None:
    """Canonically equivalent Unicode spellings are one category."""
    composed, apart = (unicodedata.normalize(form, "Café") for form in ("NFC", "NFD"))
    feeds = feeds_of(
        tmp_path,
        f"[{{slug: cafe, name: C, categories: ['{apart}']}}]",
        a=f"summary: A\nstart: 2027-05-31\ncategories: ['{composed}']\n",
        b=f"summary: B\nstart: 2027-05-31\ncategories: ['{apart}']\n",
    )
    assert feeds["cafe"] == ("a", "b")


def test_category_feeds_have_names_every_system_allows(tmp_path: Path) -> None:
    """A category named like a Windows device, or without Latin letters, gets its own address."""
    write_events(tmp_path, a="summary: A\nstart: 2027-05-31\ncategories: [Con, 夜]\n")
    (tmp_path / "events" / "calendar.yaml").write_text(CALENDAR.replace("[]", "category"), encoding="utf-8")
    slugs = [feed.slug for feed in load(tmp_path / "events").feeds]
    assert slugs == ["test", "category/category-a519542a", "category/con-category"]


def test_spaces_that_are_meant_are_kept(tmp_path: Path) -> None:
    """A no-break space in a summary is kept; runs of plain spaces become one."""
    event = load_event(tmp_path, "summary: '10\u00a0000   steps\u202f: a walk'\nstart: 2027-05-31\n")
    assert event.summary == "10\u00a0000 steps\u202f: a walk"


def test_durations_across_a_clock_change(tmp_path: Path) -> None:
    """A day is nominal and keeps the wall time; 24 hours are elapsed time and do not."""
    ends = {}
    for duration in ("1d", "24h", "1d24h"):
        event = load_event(
            tmp_path / duration,
            f"summary: X\nstart: 2027-03-27 18:00\nduration: {duration}\ntimezone: Europe/Tallinn\n",
        )
        assert isinstance(event.when, Timed)
        assert event.when.end is not None
        ends[duration] = event.when.end.wall
    assert ends == {
        "1d": datetime.fromisoformat("2027-03-28 18:00"),
        "24h": datetime.fromisoformat("2027-03-28 19:00"),
        "1d24h": datetime.fromisoformat("2027-03-29 18:00"),
    }


def test_whole_days_are_inclusive(tmp_path: Path) -> None:
    """The last day of an all-day event is part of it, also at the end of a year and of February."""
    event = load_event(tmp_path, "summary: X\nstart: 2027-12-31\nduration: 2d\n")
    assert event.when == AllDay(
        datetime.fromisoformat("2027-12-31").date(), datetime.fromisoformat("2028-01-01").date()
    )


def test_two_zones_across_a_change_are_written_in_utc(tmp_path: Path) -> None:
    """An event across two zones whose clocks change meanwhile is in UTC: some readers take its end for local time."""
    text = "summary: X\nstart: {}\nduration: 1d\ntimezone: Europe/Berlin\nend_timezone: America/New_York\n"
    for start, is_utc in (("2026-03-28 23:00", True), ("2026-06-28 23:00", False)):
        event = load_event(tmp_path / start[5:7], text.format(start))
        (revised,), _ = revise([event], {}, NOW)
        assert (render_event(revised).tzids == ()) is is_utc


def test_base_url_is_read_like_the_calendar_s(tmp_path: Path) -> None:
    """A base URL given to `load` gets a trailing slash, and an invalid one is refused with a problem."""
    root = write_events(tmp_path, talk=TALK)
    assert load(root, base_url="https://preview.example/7").calendar.url == "https://preview.example/7/"
    with pytest.raises(SourceError) as refusal:
        load(root, base_url="ftp://preview.example\r\nX:y")
    assert [problem.code for problem in refusal.value.problems] == ["bad-url"]


def test_project_survives_a_journey(tmp_path: Path) -> None:
    """A project can be pickled, and renders to the same bytes after unpickling."""
    project = load_project(tmp_path, f"{TALK}venue: hub\n")
    again = pickle.loads(pickle.dumps(project))  # noqa: S301 - our own
    assert again == project
    assert render(again, now=NOW) == render(project, now=NOW)


@pytest.mark.parametrize(("default", "codes"), [("", ["missing-end", "unused-key"]), ("default_duration: 1h\n", [])])
def test_zone_of_an_end_by_default(tmp_path: Path, default: str, codes: list[str]) -> None:
    """An end that comes from `default_duration` is in `end_timezone`; without any end that key has no effect."""
    text = "summary: X\nstart: 2027-01-05 10:00\ntimezone: Europe/Berlin\nend_timezone: America/New_York\n"
    root = write_events(tmp_path, flight=text)
    write_files(root, {"calendar.yaml": CALENDAR + default})
    project = load(root)
    assert sorted(problem.code for problem in project.problems) == codes
    (event,) = project.events
    assert isinstance(event.when, Timed)
    assert (None if event.when.end is None else event.when.end.tzid) == ("America/New_York" if default else None)
