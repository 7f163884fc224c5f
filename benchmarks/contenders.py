"""The programs that calfeed is measured against, except yaml2ics; run.py runs each in a separate process.

    python benchmarks/contenders.py pack DIST PACK             prepare the floor: all files of DIST in one
    python benchmarks/contenders.py floor EVENTS PACK OUT      load every YAML file, write the files of PACK to OUT
    python benchmarks/contenders.py icalendar EVENTS FEED      a plain loop with the icalendar package, one feed
    python benchmarks/contenders.py hugo EVENTS PROJECT        prepare a project of Hugo with the same events

Imports are inside the functions, so that each program loads only what it needs, as if it stood alone.
"""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import icalendar


def pack(dist: str, target: str) -> None:
    """Pack the files of a folder into one file: pickled pairs of path and bytes, one after the other."""
    root = Path(dist)
    with Path(target).open("wb") as file:
        for path in sorted(root.rglob("*")):
            if path.is_file():
                pickle.dump((path.relative_to(root).as_posix(), path.read_bytes()), file)


def floor(events: str, packed: str, out: str) -> None:
    """Do the least that every such generator must, as fast as Python can: parse all the YAML, write all the bytes."""
    for _path, _value in _load_all(Path(events)):
        pass
    folders: set[str] = set()
    for name, data in _unpack(packed):
        folder, _, _ = name.rpartition("/")
        if folder not in folders:
            Path(out, folder).mkdir(parents=True, exist_ok=True)
            folders.add(folder)
        Path(out, name).write_bytes(data)


def icalendar_loop(events: str, feed: str) -> None:
    """Make one feed with the icalendar package as its documentation shows, checking nothing."""
    from icalendar import Calendar

    root = Path(events)
    documents = dict(_load_all(root))
    settings, venues = documents.pop(root / "calendar.yaml"), documents.pop(root / "venues.yaml")
    calendar = Calendar()
    calendar.add("prodid", "-//benchmark//icalendar loop//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", settings["name"])
    for path, item in documents.items():
        calendar.add_component(_vevent(f"{path.stem}@{settings['id']}", item, venues[item["venue"]]))
    calendar.add_missing_timezones()
    Path(feed).write_bytes(calendar.to_ical())


_HUGO_CONFIG = """\
baseURL = "https://culture.example/"
title = "Culture"
disableKinds = ["taxonomy", "term", "RSS", "sitemap", "404"]
[outputs]
page = ["HTML", "Calendar"]
home = ["HTML"]
section = []
"""
_HUGO_PAGE = """\
<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{{ .Title }}</title>
<h1>{{ .Title }}</h1>
<p>{{ .Params.start }}, {{ .Params.place }}</p>
{{ .Content }}
<p><a href="{{ (.OutputFormats.Get "Calendar").RelPermalink }}">Add to your calendar</a></p>
"""
_HUGO_EVENT = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//benchmark//Hugo//EN
BEGIN:VEVENT
UID:{{ .File.ContentBaseName }}@culture.example
DTSTAMP:19700101T000000Z
SUMMARY:{{ .Title }}
DTSTART:{{ .Params.utc }}
LOCATION:{{ .Params.place }}
END:VEVENT
END:VCALENDAR
"""
_HUGO_HOME = """\
<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{{ .Site.Title }}</title>
<ul>{{ range .Site.RegularPages.ByTitle }}<li><a href="{{ .RelPermalink }}">{{ .Title }}</a></li>{{ end }}</ul>
"""


def hugo_project(events: str, project: str) -> None:
    """Write a project of Hugo that makes a bare page and a bare .ics of each event, and a list of all."""
    root, target = Path(events), Path(project)
    documents = dict(_load_all(root))
    documents.pop(root / "calendar.yaml")
    venues = documents.pop(root / "venues.yaml")
    layouts = target / "layouts" / "_default"
    layouts.mkdir(parents=True)
    (target / "content" / "events").mkdir(parents=True)
    (target / "config.toml").write_text(_HUGO_CONFIG, encoding="utf-8")
    (layouts / "single.html").write_text(_HUGO_PAGE, encoding="utf-8")
    (layouts / "single.ics").write_text(_HUGO_EVENT, encoding="utf-8")
    (layouts.parent / "index.html").write_text(_HUGO_HOME, encoding="utf-8")
    for path, item in documents.items():
        venue = venues[item["venue"]]
        start, _end = _times(item, venue["timezone"])
        utc = f"{start.astimezone(UTC):%Y%m%dT%H%M%SZ}" if isinstance(start, datetime) else f"{start:%Y%m%d}"
        head = {"title": item["summary"], "start": str(start), "utc": utc, "place": venue["name"]}
        page = f"{json.dumps(head)}\n\n{item['description']}\n"
        (target / "content" / "events" / f"{path.stem}.md").write_text(page, encoding="utf-8")


def _unpack(packed: str) -> Iterator[tuple[str, bytes]]:
    with Path(packed).open("rb") as file, suppress(EOFError):
        while True:
            yield pickle.load(file)  # noqa: S301 - our own file


def _load_all(root: Path) -> Iterator[tuple[Path, Any]]:
    """Yield every YAML file below a folder with its value, loaded with libyaml."""
    import yaml

    for path in sorted(root.rglob("*.yaml")):
        with path.open("rb") as file:
            yield path, yaml.load(file, Loader=yaml.CSafeLoader)


def _vevent(uid: str, item: Mapping[str, Any], venue: Mapping[str, Any]) -> icalendar.Event:
    from icalendar import Event

    event = Event()
    event.add("uid", uid)
    event.add("dtstamp", datetime.fromtimestamp(0, UTC))
    event.add("summary", item["summary"])
    start, end = _times(item, venue["timezone"])
    event.add("dtstart", start)
    event.add("dtend", end)
    address = venue["address"]
    event.add("location", f"{venue['name']}, {address['street']}, {address['locality']}, {address['country']}")
    event.add("geo", tuple(venue["geo"]))
    event.add("description", item["description"])
    event.add("categories", item["categories"])
    for key in ("url", "status"):
        if key in item:
            event.add(key, item[key])
    return event


def _times(item: Mapping[str, Any], timezone: str) -> tuple[date, date]:
    """Return start and end. YAML 1.1 reads 2026-05-05 as a date, 2026-05-05 17:30 as text, and 18:00 as 1080."""
    from zoneinfo import ZoneInfo

    written, end = item["start"], item.get("end")
    if isinstance(written, date):
        return written, written + timedelta(days=1)
    zone = ZoneInfo(timezone)
    start = datetime.fromisoformat(written).replace(tzinfo=zone)
    if end is None:
        return start, start + timedelta(minutes=int(item["duration"].removesuffix("m")))
    if isinstance(end, int):
        return start, start.replace(hour=end // 60, minute=end % 60)
    return start, datetime.fromisoformat(end).replace(tzinfo=zone)


_PROGRAMS: dict[str, Callable[..., None]] = {
    "pack": pack,
    "floor": floor,
    "icalendar": icalendar_loop,
    "hugo": hugo_project,
}

if __name__ == "__main__":
    _PROGRAMS[sys.argv[1]](*sys.argv[2:])
