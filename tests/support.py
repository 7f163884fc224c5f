"""Small projects for tests: files from text, a fixed build time, and the command line in process."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from click.testing import CliRunner, Result

from calfeed.cli.main import main
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
# A GIF of one white dot: the one format of pictures that can be written as ASCII.
DOT = "GIF89a\x01\0\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"
TALK = "summary: Talk\nstart: 2027-05-18 18:00\nend: 20:00\n"


def write_files(root: Path, files: Mapping[str, str]) -> Path:
    """Write text files below `root` and return it."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def write_events(root: Path, **files: str) -> Path:
    """Write a folder of events with a calendar, and a file per keyword; `_` in names stands for `-`."""
    named = {f"{name.replace('_', '-')}.yaml": text for name, text in files.items()}
    return write_files(root / "events", {"calendar.yaml": CALENDAR, "venues.yaml": VENUES, **named})


def load_event(root: Path, text: str) -> Event:
    """Return the one event of a small project."""
    project = load_project(root, text)
    (event,) = project.events
    return event


def load_project(root: Path, text: str) -> Project:
    """Return a small project with one file of events."""
    return load(write_events(root, talk=text))


def run(*arguments: str, now: datetime = NOW, width: int = 80) -> Result:
    """Run the command line with a fixed build time, in a terminal of so many columns."""
    environment = {"SOURCE_DATE_EPOCH": str(int(now.timestamp())), "COLUMNS": str(width)}
    runner = CliRunner()
    return runner.invoke(
        main, arguments, env=environment, catch_exceptions=False, terminal_width=width, prog_name="calfeed"
    )


def write_site(root: Path) -> Path:
    """Write the calendar with everything that pages show, and return its folder of events.

    It is the golden calendar `site`, a series without an end, and an event of hostile texts.
    """
    data = Path(__file__).parent / "data"
    events = root / "events"
    shutil.copytree(data / "ok" / "site" / "events", events)
    shutil.copytree(data / "more", events / "more")
    return events


def start(
    command: Sequence[str], environment: Mapping[str, str] | None = None, *, is_group: bool = False
) -> subprocess.Popen[str]:
    """Start a process that an interrupt ends, its output in pipes; with `is_group`, in a process group of its own.

    A shell without a terminal has what runs behind `&` ignore interrupts, and processes inherit that. A handler is not
    inherited: while there is one, a new process begins with the system's default.
    """
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env=environment,
            start_new_session=is_group,
        )
    finally:
        signal.signal(signal.SIGINT, inherited)


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder by its path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
