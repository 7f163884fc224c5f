"""Writes files for people to start from (a first calendar, a workflow, a new event), and never overwrites one."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from calfeed.diagnostics.problem import Mark, Problem, SourceError, has_errors, problem_at
from calfeed.resolve.load import load
from calfeed.source.yaml import dump_mapping
from calfeed.values import times
from calfeed.values.times import WrittenTime

_CALENDAR = "events/calendar.yaml"
_EXAMPLE = {
    _CALENDAR: """\
# The calendar itself. Every key is explained in docs/reference/yaml.md.
name: Harbour Museum
# Part of every UID, by which calendars recognise events. Never change it, even if the site moves.
id: harbour-museum.example
# Where the output folder is published; feeds name it as their source.
url: https://harbour-museum.example/calendar/
timezone: Europe/Tallinn
description: Talks, tours and openings.
""",
    "events/venues.yaml": """\
# Venues by id. An event that names one takes its address, map and time zone from here.
lecture-hall:
  name: Lecture Hall
  address:
    street: Vesilennuki 6
    postal_code: "10415"
    locality: Tallinn
    country: EE
  geo: [59.4515, 24.7384]
""",
    "events/2027/opening.yaml": """\
# The file's name is the event's id. Times are local: the venue knows its zone.
summary: Opening of the map room
start: 2027-05-18 18:00
end: 20:30
venue: lecture-hall
categories: [exhibition]
description: |
  Doors open at **17:30**. The curators walk you through two hundred years of charts.
url: https://harbour-museum.example/map-room
""",
    "events/2027/open-days.yaml": """\
# Dates without times make an all-day event; the last day is included.
summary: Open days
start: 2027-06-05
end: 2027-06-06
venue: lecture-hall
categories: [open house]
""",
    ".gitignore": "# calfeed's own files\n.calfeed/\n",
    ".gitattributes": "# keep the output byte for byte: git for Windows would change the line endings\ndist/** -text\n",
}

_WORKFLOWS = {"github": ".github/workflows/calfeed.yml", "gitlab": ".gitlab-ci.yml"}


def has_calendar(folder: Path) -> bool:
    """Return whether `folder` contains a folder of events."""
    return (folder / _CALENDAR).exists()


def write_workflow(folder: Path, forge: Literal["github", "gitlab"]) -> Path:
    """Write the workflow that checks and publishes the calendar in `folder` at a forge, and return its path.

    Raises:
        SourceError: there is such a file already, or the folder cannot be written; or the calendar has errors or no
            `url`, where the workflow finds the last manifest.
    """
    path = folder / _WORKFLOWS[forge]
    if has_calendar(folder):
        _check_url(folder)
    text = resources.files("calfeed").joinpath("ci", f"{forge}.yml").read_text(encoding="utf-8")
    if not _write_new(path, text.replace("calfeed==VERSION", f"calfeed=={version('calfeed')}")):
        hint = "move it away, run this again, and merge the two by hand"
        raise SourceError([problem_at(Mark(path=path.as_posix()), "already-there", "this file already exists", hint)])
    return path


def _check_url(folder: Path) -> None:
    project = load((folder / _CALENDAR).parent)
    if project.calendar.url is None:
        message = "the calendar has no `url`, where the workflow would find the published manifest"
        mark = Mark(path=(folder / _CALENDAR).as_posix())
        raise SourceError(
            [problem_at(mark, "missing-url", message, "add the address where it will be published: `url: https://…/`")]
        )


def write_example(folder: Path) -> tuple[Path, ...]:
    """Write a small calendar into `folder`, and return the files written.

    Raises:
        SourceError: there is already a calendar here, or the folder cannot be written.
    """
    if has_calendar(folder):
        calendar = folder / _CALENDAR
        hint = "choose another folder, or add events with `calfeed new`"
        raise SourceError(
            [problem_at(Mark(path=calendar.as_posix()), "already-there", "there is already a calendar here", hint)]
        )
    return tuple(path for name, text in _EXAMPLE.items() if _write_new(path := folder / name, text))


def write_event(
    root: Path, event_id: str, values: Mapping[str, str], *, may_date: bool
) -> tuple[Path, tuple[Problem, ...]]:
    """Write a file for a new event, in the folder of its year; return its path and the new problems.

    Args:
        root: the folder of events.
        event_id: the id, which is also the file's name.
        values: keys and their values, including a readable `start`.
        may_date: whether to add the date to the id if it is taken.

    Raises:
        SourceError: the id is taken, or the event causes an error in the calendar; no file is left behind.
    """
    start = times.read_moment(values["start"])
    day = start.wall.date() if isinstance(start, WrittenTime) else start
    before = set(_problems_of(root))
    for name in [event_id, f"{event_id}-{day}"] if may_date else [event_id]:
        path = root / str(day.year) / f"{name}.yaml"
        if not _write_new(path, dump_mapping(values)):
            continue
        added = tuple(problem for problem in _problems_of(root) if problem not in before)
        if not has_errors(added):
            return path, added
        _take_back(path)
        if all(problem.code != "duplicate-id" for problem in added):
            raise SourceError(added)
    mark = Mark(path=root.as_posix())
    message = f"there is already an event `{event_id}`"
    raise SourceError([problem_at(mark, "already-there", message, "choose another id with --id")])


def _problems_of(root: Path) -> tuple[Problem, ...]:
    try:
        return load(root).problems
    except SourceError as cause:
        return cause.problems


def _write_new(path: Path, text: str) -> bool:
    """Write a file unless it exists; return whether it was written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as cause:
        if path.is_file():
            return False
        message = f"the file cannot be written: {cause.strerror}"
        problem = problem_at(
            Mark(path=path.as_posix()), "unwritable-file", message, "check the folder and its permissions"
        )
        raise SourceError([problem]) from cause
    return True


def _take_back(path: Path) -> None:
    path.unlink()
    with suppress(OSError):  # other events are in it
        path.parent.rmdir()
