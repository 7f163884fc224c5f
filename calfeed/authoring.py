"""Source files that calfeed writes for people: a first calendar, and a new event. Nothing is ever overwritten."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from calfeed import notation
from calfeed.errors import Mark, SourceError, error
from calfeed.notation import WrittenTime
from calfeed.source import dump_mapping

_EXAMPLE = {
    "events/calendar.yaml": """\
# The calendar itself. Every key is explained in docs/reference/yaml.md.
name: Harbour Museum
# Subscribers know events by this. Keep it for ever, wherever the site moves.
id: harbour-museum.example
# Where the output folder is published; feeds need it to say where they come from.
url: https://harbour-museum.example/calendar/
timezone: Europe/Tallinn
description: Talks, tours and openings.
""",
    "events/venues.yaml": """\
# Places by id. An event that names one takes its address, its map and its time zone from here.
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
# Dates alone make an event of whole days; the last day is included.
summary: Open days
start: 2027-06-05
end: 2027-06-06
venue: lecture-hall
categories: [open house]
""",
    ".gitignore": "# the lock and the journal of calfeed build\n.calfeed/\n",
}


def write_example(folder: Path) -> tuple[Path, ...]:
    """Write a small calendar into `folder`, and return the files written.

    Raises:
        SourceError: there is a calendar already.
    """
    calendar = folder / "events" / "calendar.yaml"
    if calendar.exists():
        hint = "choose another folder, or add events with `calfeed new`"
        raise SourceError([error(Mark(path=calendar.as_posix()), "already-there", "there is a calendar already", hint)])
    return tuple(path for name, text in _EXAMPLE.items() if _write_new(path := folder / name, text))


def write_event(root: Path, event_id: str, values: Mapping[str, str], *, may_date: bool) -> Path:
    """Write a file for a new event, in the folder of its year, and return its path.

    Args:
        root: the folder of events.
        event_id: the id, which is also the file's name.
        values: keys and their values; a readable `start` among them.
        may_date: add the date to the id where it is taken.

    Raises:
        SourceError: there is an event of this id already.
    """
    start = notation.read_moment(values["start"])
    day = start.wall.date() if isinstance(start, WrittenTime) else start
    path = _free_path(root, event_id, day, may_date=may_date)
    if path is None or not _write_new(path, dump_mapping(values)):
        mark = Mark(path=root.as_posix())
        message = f"there is an event `{event_id}` already"
        raise SourceError([error(mark, "already-there", message, "give this one another id with --id")])
    return path


def _free_path(root: Path, name: str, day: date, *, may_date: bool) -> Path | None:
    """Return a path whose stem no other file has; the date is added to the name where that helps."""
    taken = {path.stem for path in root.rglob("*.y*ml")}
    names = [name, f"{name}-{day}"] if may_date else [name]
    return next((root / str(day.year) / f"{n}.yaml" for n in names if n not in taken), None)


def _write_new(path: Path, text: str) -> bool:
    """Write a file that is not there yet; tell whether it was written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        return False
    return True
