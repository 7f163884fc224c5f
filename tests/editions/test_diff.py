"""calfeed.editions.diff and compare, and what `calfeed diff` shows of them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from datetime import timedelta
from pathlib import Path

import pytest
import pytz
from support.commands import run
from support.projects import CALENDAR, LATER, NOW, VENUES, write_files

from calfeed.cli.diff_report import MAX_MARKDOWN, show_time
from calfeed.editions.manifest import MANIFEST
from calfeed.editions.manifest_json import read_manifest
from calfeed.pipeline.build import build

TALK = "summary: Talk\nstart: 2027-05-18 18:00\nduration: 1h\nvenue: hub\n"
TOUR = "summary: Tour\nstart: 2027-06-05\n"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Build a calendar of a talk and a tour, and change to its folder."""
    files = {"calendar.yaml": CALENDAR, "venues.yaml": VENUES, "talk.yaml": TALK, "tour.yaml": TOUR}
    write_files(tmp_path / "events", files)
    build(tmp_path / "events", tmp_path / "dist", now=NOW)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def edit(root: Path, **events: str | None) -> None:
    """Write an event file per keyword; None deletes it."""
    for name, text in events.items():
        path = root / "events" / f"{name}.yaml"
        if text is None:
            path.unlink()
        else:
            path.write_text(text, encoding="utf-8")


def kinds() -> list[tuple[str, str]]:
    """Return the kind and id of every change that `diff` reports."""
    report = json.loads(run("diff", "--format", "json").stdout)
    return [(event["change"], event["id"]) for event in report["events"]]


def test_nothing_differs(root: Path) -> None:
    """Right after a build there are no differences, however the sources are spelled."""
    edit(root, talk=f"# hello\nvenue: hub\n{TALK.replace('venue: hub', 'busy: false')}")
    result = run("diff", "--exit-code")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "no event differs\n")


def test_kinds_of_changes(root: Path) -> None:
    """New, changed, cancelled and removed events are reported as such, in order of start, removed ones last."""
    edit(root, talk=TALK.replace("18:00", "19:00"), tour=None, new="summary: New\nstart: 2027-01-01\n")
    assert kinds() == [("added", "new"), ("changed", "talk"), ("cancelled", "tour")]
    edit(root, talk=f"{TALK}status: cancelled\n")
    assert kinds() == [("added", "new"), ("cancelled", "talk"), ("cancelled", "tour")]
    build(root / "events", root / "dist", now=LATER)
    assert kinds() == []
    edit(root, talk=TALK, tour=TOUR)
    assert kinds() == [("changed", "talk"), ("restored", "tour")]


def test_renamed_events_are_reported(root: Path) -> None:
    """A removed and an added event with the same content may be one: text, JSON and Markdown say so."""
    edit(root, talk=None, lecture=TALK, tour=None, trip=TOUR)
    output = run("diff").stdout
    assert "renamed?  talk → lecture: if it is the same event, keep `id: talk`\n" in output
    assert "renamed?  tour → trip: if it is the same event, keep `id: tour`\n" in output
    renames = [{"before": "talk", "after": "lecture"}, {"before": "tour", "after": "trip"}]
    assert json.loads(run("diff", "--format", "json").stdout)["renames"] == renames
    assert "- renamed? talk → lecture" in run("diff", "--format", "markdown").stdout
    edit(root, lecture=TALK.replace("18:00", "19:00"), trip=None, tour=TOUR)
    assert "renamed?" not in run("diff").stdout
    edit(root, lecture=f"id: talk\n{TALK}")
    assert run("diff").stdout == ""


def test_renamed_event_that_has_passed(root: Path) -> None:
    """A renamed event that is over by now is recognised, too."""
    edit(root, talk=None, lecture=TALK)
    assert "renamed?  talk → lecture" in run("diff", now=LATER + timedelta(days=365)).stdout


def test_text(root: Path) -> None:
    """Each field is shown before and after; times are in their zone, in UTC and in the requested zones."""
    edit(root, talk=TALK.replace("18:00", "19:30").replace("Talk", "Lecture"), tour=None)
    result = run("diff", "--zone", "America/New_York")
    assert result.stdout == (
        "changed   talk: Lecture\n"
        "            start: Tue 2027-05-18 18:00 Europe/Tallinn; 2027-05-18 15:00Z; Tue 2027-05-18 11:00 "
        "America/New_York → Tue 2027-05-18 19:30 Europe/Tallinn; 2027-05-18 16:30Z; Tue 2027-05-18 12:30 "
        "America/New_York\n"
        "            end: Tue 2027-05-18 19:00 Europe/Tallinn; 2027-05-18 16:00Z; Tue 2027-05-18 12:00 "
        "America/New_York → Tue 2027-05-18 20:30 Europe/Tallinn; 2027-05-18 17:30Z; Tue 2027-05-18 13:30 "
        "America/New_York\n"
        "            summary: Talk → Lecture\n"
        "cancelled tour: Tour\n"
        "            2027-06-05\n"
    )
    assert result.stderr == "1 changed, 1 cancelled\n"
    assert run("diff", "--exit-code").exit_code == 1


def test_every_field_is_named(root: Path) -> None:
    """Every field that a subscriber sees is reported under its key, as text."""
    more = (
        "end_timezone: Europe/Paris\nonline: https://x.example/\nurl: https://y.example/\ndescription: Hello\n"
        "categories: [a, b]\norganizer: {name: Anna, email: a@x.example}\nbusy: true\nreminders: [90m]\n"
        "properties: {X-FOO: bar}\nstatus: tentative\nvenue: {name: Elsewhere}\n"
    )
    edit(root, talk=TALK.replace("venue: hub\n", more))
    (event,) = json.loads(run("diff", "--format", "json").stdout)["events"]
    fields = {each["field"]: (each["before"], each["after"]) for each in event["fields"]}
    assert fields == {
        "end": ("2027-05-18T19:00:00+03:00[Europe/Tallinn]", "2027-05-18T18:00:00+02:00[Europe/Paris]"),
        "status": ("confirmed", "tentative"),
        "location": ("Creative Hub, Põhja pst 27a, Tallinn, Estonia, (59.4445, 24.7505)", "Elsewhere"),
        "online": (None, "https://x.example/"),
        "description": (None, "Hello"),
        "url": (None, "https://y.example/"),
        "categories": (None, "a, b"),
        "organizer": (None, "Anna, a@x.example"),
        "busy": (None, "yes"),
        "reminders": (None, "1h 30m"),
        "properties": (None, "X-FOO: bar"),
    }


def test_series(root: Path) -> None:
    """The rule of a series and each changed occurrence are reported, the latter by date."""
    series = f"{TALK}rrule: FREQ=WEEKLY;COUNT=5\n"
    edit(root, talk=series)
    build(root / "events", root / "dist", now=LATER)
    edit(root, talk=f"{series}overrides: [{{recurrence_id: 2027-05-25, summary: Other}}]\n")
    (event,) = json.loads(run("diff", "--format", "json").stdout)["events"]
    ((name, before, after),) = [(each["field"], each["before"], each["after"]) for each in event["fields"]]
    assert (name, before) == ("override 2027-05-25T18:00:00", None)
    assert after.startswith("start: 2027-05-25T18:00:00+03:00[Europe/Tallinn]; end: 2027-05-25T19:00:00+03:00")


def test_markdown_is_shown_as_it_is(root: Path) -> None:
    """A summary cannot add mentions, table cells or HTML to a Markdown comment."""
    edit(
        root,
        talk="summary: '@all <b>x</b> | `code` [link](https://x.example)'\nstart: 2027-05-18 18:00\nduration: 1h\n",
    )
    comment = run("diff", "--format", "markdown").stdout
    assert "@all" not in comment
    assert "@\u200ball" in comment
    assert "<" not in comment
    row = r"| summary | Talk | @WJall &lt;b\>x&lt;/b\> \| \`code\` \[link\](https:WJ//x.example) |"
    assert row.replace("WJ", "\u200b") in comment


def test_markdown_fits_into_a_comment(root: Path) -> None:
    """A comment on a thousand changes is cut, and says how many are left out."""
    many = "".join(f"- {{id: e{n}, summary: Event number {n}, start: 2027-01-01}}\n" for n in range(2000))
    edit(root, many=many)
    comment = run("diff", "--format", "markdown").stdout
    assert len(comment) < MAX_MARKDOWN + 1000
    assert "more.\n" in comment


def test_feeds_that_come_and_go(root: Path) -> None:
    """New feed addresses are reported, and those that a build would refuse to remove."""
    write_files(root / "events", {"calendar.yaml": f"{CALENDAR}slug: other\n"})
    feed_lines, refused = run("diff").stdout.split("a build refuses this: ")
    assert feed_lines == "new feed: other\nmissing feed: test\n"
    assert refused.startswith("the feed `test` is gone")
    assert run("build").exit_code == 1


def test_diff_reports_refusals(root: Path) -> None:
    """Every format says that the build will be refused, and why."""
    write_files(root / "events", {"calendar.yaml": CALENDAR.replace("id: test.example", "id: other.example")})
    (refusal,) = json.loads(run("diff", "--format", "json").stdout)["refusals"]
    assert refusal["code"] == "new-calendar-id"
    assert refusal["hint"].endswith("or build with --allow-new-id")
    assert "a build refuses this: " + refusal["message"] in run("diff").stdout
    assert "- a build refuses this: " in run("diff", "--format", "markdown").stdout
    assert "[new-calendar-id]" in run("build").stderr


def test_unknown_zone_is_wrong_usage(root: Path) -> None:
    """`--zone` accepts only names of the tz database."""
    assert run("diff", "--zone", "Europe/Talinn").exit_code == 2


def test_times_of_whole_days_stay_dates() -> None:
    """All-day events are shown as dates."""
    assert show_time("2027-06-05", ["Europe/Paris"]) == "2027-06-05"


def test_changes_are_published_as_atom(root: Path) -> None:
    """changes.atom is well formed and lists every change, newest first, with stable ids; a rebuild keeps it."""
    edit(root, talk=TALK.replace("Talk", "Talk <1> & more"))
    build(root / "events", root / "dist", now=NOW + timedelta(days=1))
    edit(root, tour=None)
    build(root / "events", root / "dist", now=NOW + timedelta(days=2))
    data = (root / "dist" / "changes.atom").read_bytes()
    feed = ET.fromstring(data)  # noqa: S314 - our own file
    atom = "{http://www.w3.org/2005/Atom}"
    titles = [entry.findtext(f"{atom}title") for entry in feed.iter(f"{atom}entry")]
    assert titles == ["Cancelled: Tour", "Changed: Talk <1> & more"]
    required = [feed.findtext(f"{atom}{name}") for name in ("id", "title", "updated")]
    required += [entry.findtext(f"{atom}{name}") for entry in feed.iter(f"{atom}entry") for name in ("id", "updated")]
    assert all(required)
    assert len({text for text in required if text and text.startswith("urn:uuid:")}) == 3
    build(root / "events", root / "dist", now=LATER)
    assert (root / "dist" / "changes.atom").read_bytes() == data


# -- the law of zones -------------------------------------------------------------------------------------------

LAW = """\
- {id: winter, summary: Winter, start: 2026-12-01 18:00, duration: 1h}
- {id: summer, summary: Summer, start: 2027-07-01 18:00, duration: 1h}
- {id: series, summary: Series, start: 2026-10-01 18:00, duration: 1h, rrule: FREQ=WEEKLY;COUNT=20}
- {id: early, summary: Early, start: 2026-05-01 18:00, duration: 1h, rrule: FREQ=WEEKLY;COUNT=8}
- {id: other, summary: Other, start: 2026-12-01 18:00, duration: 1h, timezone: America/New_York}
"""


def test_law_that_moves_events(root: Path, tmp_path: Path) -> None:
    """With a new tz database, `diff` reports exactly the events that move, and the build revises only those."""
    old = tmp_path / "zoneinfo"
    with pytz.open_resource("Europe/Tallinn") as file:
        shutil.copytree(Path(file.name).parents[1], old)
    # Until 2026 Vancouver kept the law of Los Angeles.
    shutil.copyfile(old / "America" / "Los_Angeles", old / "America" / "Vancouver")
    for path in ("talk", "tour"):
        (root / "events" / f"{path}.yaml").unlink()
    calendar = CALENDAR.replace("Europe/Tallinn", "America/Vancouver")
    write_files(root / "events", {"all.yaml": LAW, "calendar.yaml": calendar})
    environment = {**os.environ, "PYTZ_TZDATADIR": str(old), "SOURCE_DATE_EPOCH": str(int(NOW.timestamp()))}
    command = [sys.executable, "-m", "calfeed", "build", "-o", "old"]
    subprocess.run(command, check=True, cwd=root, env=environment, capture_output=True)
    manifest = root / "old" / MANIFEST
    text = manifest.read_text("utf-8")
    manifest.write_text(text.replace(f'"tzdb": "{pytz.OLSON_VERSION}"', '"tzdb": "2025b"'), encoding="utf-8")

    text_report = run("diff", "-o", "old")
    report = json.loads(run("diff", "-o", "old", "--format", "json").stdout)
    assert [(event["change"], event["id"]) for event in report["events"]] == [("moved", "series"), ("moved", "winter")]
    assert f"pytz 2025b → {pytz.OLSON_VERSION}: America/Vancouver, 2 events\n" in text_report.stdout
    assert (
        "            start: Tue 2026-12-01 18:00 America/Vancouver; 2026-12-02 02:00Z → Tue 2026-12-01 18:00"
        in text_report.stdout
    )
    zones = run("zones", "-o", "old").stdout
    assert zones.startswith(f"tz database {pytz.OLSON_VERSION}, published with 2025b\n")
    assert "the law of America/Vancouver changed: was 2026-11-01T09:00:00Z -08:00" in zones

    before = read_manifest(manifest.read_bytes(), "old")
    build(root / "events", root / "old", now=LATER)
    after = read_manifest(manifest.read_bytes(), "old")
    revised = [item.id for uid, item in after.events.items() if item.revision != before.events[uid].revision]
    assert sorted(revised) == ["series", "winter"]
    assert run("diff", "-o", "old").stdout == ""


def test_zones_in_use(root: Path) -> None:
    """`zones` lists each zone with its number of events and its clock changes within a year."""
    result = run("zones")
    assert result.stdout == (
        f"tz database {pytz.OLSON_VERSION}\n"
        "Europe/Tallinn      1  2027-03-28 01:00Z +02:00 → +03:00, 2027-10-31 01:00Z +03:00 → +02:00\n"
    )
    (zone,) = json.loads(run("zones", "--format", "json").stdout)["zones"]
    assert zone["ahead"][0] == {"at": "2027-03-28T01:00:00Z", "before": "+02:00", "after": "+03:00"}
