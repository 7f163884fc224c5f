"""Small projects for tests: files from text, fixed build times, and the contents of a folder."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from calfeed.model import Event, Project
from calfeed.resolve.load import load

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LATER = datetime(2027, 2, 1, 8, 30, tzinfo=UTC)
CALENDAR = "name: Test\nid: test.example\nurl: https://test.example/\ntimezone: Europe/Tallinn\nautomatic_feeds: []\n"
VENUES = """\
hub:
  name: Creative Hub
  address: {street: Põhja pst 27a, locality: Tallinn, country: EE}
  geo: [59.4445, 24.7505]
"""
# A GIF of one white dot: the only picture format that can be written in ASCII.
DOT = "GIF89a\x01\0\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"
TALK = "summary: Talk\nstart: 2027-05-18 18:00\nend: 20:00\n"
RICH = """\
summary: Everything, but no series
start: 2027-05-18 18:00
end: 2027-05-19 01:30
end_timezone: Europe/Oslo
venue: hub
online: https://meet.example/1
description: With *letters*, <https://x.example/>, and a line

  of its own.
url: https://x.example/
links: [{rel: slides, url: https://x.example/a.pdf, name: Part one}, {url: https://x.example/b}]
categories: [music, talk]
organizer: {name: We, email: we@x.example, url: https://x.example/us}
busy: true
status: tentative
reminders: [1h, 2d]
properties: {X-C: b, X-A: c}
"""
"""An event with every field that subscribers see, except those of a series."""


def write_files(root: Path, files: Mapping[str, str]) -> Path:
    """Write text files below `root` and return it."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def write_events(root: Path, **files: str) -> Path:
    """Write a folder of events with a calendar and a file per keyword; `_` in names becomes `-`."""
    named = {f"{name.replace('_', '-')}.yaml": text for name, text in files.items()}
    return write_files(root / "events", {"calendar.yaml": CALENDAR, "venues.yaml": VENUES, **named})


def load_event(root: Path, text: str) -> Event:
    """Return the only event of a small project."""
    project = load_project(root, text)
    (event,) = project.events
    return event


def load_project(root: Path, text: str) -> Project:
    """Return a small project with one file of events."""
    return load(write_events(root, talk=text))


def write_site(root: Path) -> Path:
    """Write a calendar with everything that pages can show, and return its folder of events.

    It consists of the golden calendar `site`, a series without an end, and an event with hostile texts.
    """
    data = Path(__file__).parents[1] / "data"
    events = root / "events"
    shutil.copytree(data / "ok" / "site" / "events", events)
    shutil.copytree(data / "more", events / "more")
    return events


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder by its path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
