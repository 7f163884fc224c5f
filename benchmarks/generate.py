"""Writes the same N invented events twice: as a calfeed project of one-event files, and as one yaml2ics file.

    python benchmarks/generate.py FOLDER N

The same N and seed always give the same bytes. Events use only what both programs support: all-day events last one day
(yaml2ics has no longer ones), and there are no organizers, reminders or series. What calfeed takes from venues.yaml is
written out in yaml2ics's file.
"""

from __future__ import annotations

import argparse
import json
import random
import textwrap
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

EVENTS = "events"
"""The calfeed project, in the given folder."""

YAML2ICS = "yaml2ics.yaml"
"""The same events for yaml2ics, in the given folder."""

_SEED = 5545
_FIRST_DAY, _DAYS = date(2023, 1, 1), 5 * 365


@dataclass(frozen=True)
class Venue:
    """A place, with its id in venues.yaml."""

    id: str
    name: str
    street: str
    locality: str
    country: str
    geo: tuple[float, float]
    timezone: str

    @property
    def location(self) -> str:
        """The place on one line, for programs without venues."""
        return f"{self.name}, {self.street}, {self.locality}, {self.country}"


@dataclass(frozen=True)
class Event:
    """An event before it is written in either format; `end` is None for an all-day event."""

    id: str
    summary: str
    start: datetime
    end: datetime | None
    venue: Venue
    categories: tuple[str, ...]
    description: str
    url: str | None
    status: str | None


_VENUES = (
    Venue("creative-hub", "Kultuurikatel", "Põhja pst 27a", "Tallinn", "Estonia", (59.4445, 24.7505), "Europe/Tallinn"),
    Venue("gaismas-pils", "Gaismas pils", "Mūkusalas iela 3", "Rīga", "Latvia", (56.941, 24.0966), "Europe/Riga"),
    Venue("oodi", "Oodi", "Töölönlahdenkatu 4", "Helsinki", "Finland", (60.174, 24.938), "Europe/Helsinki"),
    Venue("kulturhuset", "Kulturhuset", "Sergels torg", "Stockholm", "Sweden", (59.332, 18.064), "Europe/Stockholm"),
    Venue("hkw", "Haus der Kulturen", "J.-F.-Dulles-Allee 10", "Berlin", "DE", (52.5189, 13.3652), "Europe/Berlin"),
    Venue("villette", "Grande halle", "211 avenue Jean-Jaurès", "Paris", "FR", (48.8938, 2.39), "Europe/Paris"),
    Venue("fabrica", "Fábrica", "Rua Rodrigues de Faria 103", "Lisboa", "PT", (38.7035, -9.1787), "Europe/Lisbon"),
    Venue("barbican", "Barbican Centre", "Silk Street", "London", "GB", (51.5202, -0.0938), "Europe/London"),
    Venue("smock-alley", "Smock Alley", "6-7 Exchange Street", "Dublin", "IE", (53.344, -6.2672), "Europe/Dublin"),
    Venue("palac-kultury", "Pałac Kultury", "plac Defilad 1", "Warszawa", "PL", (52.2319, 21.0067), "Europe/Warsaw"),
    Venue("niarchos", "Κέντρο Νιάρχος", "Συγγρού 364", "Athens", "GR", (37.9397, 23.6915), "Europe/Athens"),
    Venue("harpa", "Harpa", "Austurbakki 2", "Reykjavík", "IS", (64.1503, -21.9327), "Atlantic/Reykjavik"),
    Venue("brooklyn", "Brooklyn Library", "10 Army Plaza", "New York", "US", (40.6712, -73.9636), "America/New_York"),
    Venue("chicago", "Cultural Center", "78 E Washington St", "Chicago", "US", (41.8837, -87.6249), "America/Chicago"),
    Venue("los-angeles", "Grand Park", "N Grand Ave", "Los Angeles", "US", (34.0553, -118.2498), "America/Los_Angeles"),
    Venue("pompeia", "Sesc Pompeia", "Rua Clélia 93", "São Paulo", "BR", (-23.5259, -46.6837), "America/Sao_Paulo"),
    Venue("nairobi", "National Theatre", "Harry Thuku Road", "Nairobi", "KE", (-1.2792, 36.8148), "Africa/Nairobi"),
    Venue("domlur", "International Centre", "4th Main Rd", "Bengaluru", "IN", (12.9626, 77.6358), "Asia/Kolkata"),
    Venue("budokan", "日本武道館", "北の丸公園2-3", "Tokyo", "JP", (35.6933, 139.7498), "Asia/Tokyo"),
    Venue("sydney", "Opera House", "Bennelong Point", "Sydney", "AU", (-33.8568, 151.2153), "Australia/Sydney"),
)
_TITLES = (
    ("jazz", "Jazz evening with the Tõnu Õun Trio", "concert"),
    ("chamber-music", "Chamber music: Pärt, Tüür and Bartók", "concert"),
    ("exhibition", "Opening of the exhibition “Light & Shadow”", "exhibition"),
    ("soldering", "Workshop: soldering for beginners", "workshop"),
    ("writing", "Writing workshop for everyone", "workshop"),
    ("lecture", "Lecture on the history of calendars", "talk"),
    ("panel", "Panel: what cities can learn from each other", "talk"),
    ("film", "Film night — Der Himmel über Berlin", "film"),
    ("puppets", "Puppet theatre for small and big children", "for children"),
    ("market", "Market of books, records & crafts", "market"),
    ("open-day", "Open day of the workshops", "open house"),
    ("meeting", "Members’ meeting", "meeting"),
)
_SENTENCES = (
    "The doors open half an hour before the beginning.",
    "Admission is free; please register in advance, because the number of seats is limited.",
    "The programme is in English, with a translation into the language of the country.",
    "Afterwards there is time to talk, with tea, coffee and cake at the café on the ground floor.",
    "The hall can be reached without steps, and a lift leads to every floor.",
    "Artists from Tartu, Göteborg, Łódź and São Paulo show what they made in the last two years.",
    "Children under twelve pay nothing when they come with an adult.",
    "Bring a notebook and something to write with; everything else is there.",
    "It is the third of five evenings, and each of them can be visited alone.",
    "What was said is summed up in a short text that is published in the week after.",
)
_MARKED = (
    "The conductor is **Anu Kivilo**, known from the series *Nordic Voices*.",
    "All dates are on [the page of the series](https://events.example/series).",
    "Bring:\n\n- warm clothes,\n- good shoes,\n- a *curious* mind.",
)


def generate(folder: Path, n: int, seed: int = _SEED) -> None:
    """Write `n` events into `folder`: a calfeed project in `EVENTS` and the file `YAML2ICS`.

    Args:
        folder: an empty folder.
        n: the number of events.
        seed: the seed of the random generator that draws the events.
    """
    dice = random.Random(seed)  # noqa: S311 - nothing secret
    root = folder / EVENTS
    root.mkdir(parents=True)
    root.joinpath("calendar.yaml").write_text(_calendar(), encoding="utf-8")
    root.joinpath("venues.yaml").write_text("\n".join(map(_venue, _VENUES)), encoding="utf-8")
    with folder.joinpath(YAML2ICS).open("w", encoding="utf-8") as yaml2ics_file:
        yaml2ics_file.write("name: Culture in twenty cities\n\nevents:\n")
        for number in range(n):
            event = _draw(dice, number)
            path = root / str(event.start.year) / f"{event.id}.yaml"
            path.parent.mkdir(exist_ok=True)
            path.write_text(_for_calfeed(event, in_minutes=dice.random() < 0.4), encoding="utf-8")
            yaml2ics_file.write(_for_yaml2ics(event))


# -- drawing ----------------------------------------------------------------------------------------------------


def _draw(dice: random.Random, number: int) -> Event:
    slug, summary, category = dice.choice(_TITLES)
    day = _FIRST_DAY + timedelta(days=dice.randrange(_DAYS))
    start, end = _draw_times(dice, day)
    event_id = f"{slug}-{number:05}"
    other = dice.choice(_TITLES)[2]
    return Event(
        id=event_id,
        summary=summary,
        start=start,
        end=end,
        venue=dice.choice(_VENUES),
        categories=(category,) if other == category or dice.random() < 0.7 else (category, other),
        description=_draw_description(dice),
        url=f"https://events.example/{day.year}/{event_id}" if dice.random() < 0.5 else None,
        status="tentative" if dice.random() < 0.03 else None,
    )


def _draw_times(dice: random.Random, day: date) -> tuple[datetime, datetime | None]:
    """Return start and end: a sixth are all-day, a few last several days, none is near a clock change."""
    kind = dice.random()
    if kind < 1 / 6:
        return datetime.combine(day, time()), None
    start = datetime.combine(day, time(dice.randint(10, 20), dice.choice((0, 0, 15, 30))))
    if kind < 1 / 4:
        last = day + timedelta(days=dice.randint(1, 3))
        return start, datetime.combine(last, time(dice.randint(14, 18)))
    return start, start + timedelta(minutes=dice.choice((45, 60, 90, 120, 180)))


def _draw_description(dice: random.Random) -> str:
    """Return one to four sentences; a quarter of the texts have some Markdown."""
    text = " ".join(dice.sample(_SENTENCES, dice.randint(1, 4)))
    return f"{text}\n\n{dice.choice(_MARKED)}" if dice.random() < 0.25 else text


# -- writing ----------------------------------------------------------------------------------------------------


def _calendar() -> str:
    return (
        "name: Culture in twenty cities\nslug: culture\nid: events.example\nurl: https://events.example/\n"
        "description: Invented events, to measure with.\n"
    )


def _venue(venue: Venue) -> str:
    latitude, longitude = venue.geo
    return (
        f"{venue.id}:\n  name: {_scalar(venue.name)}\n"
        f"  address:\n    street: {venue.street}\n    locality: {venue.locality}\n    country: {venue.country}\n"
        f"  geo: [{latitude}, {longitude}]\n  timezone: {venue.timezone}\n"
    )


def _for_calfeed(event: Event, *, in_minutes: bool) -> str:
    """Return an event's file. The end is a duration, or as people write it: a time without its date if possible."""
    lines = [f"summary: {_scalar(event.summary)}"]
    if event.end is None:
        lines.append(f"start: {event.start:%Y-%m-%d}")
    else:
        lines.append(f"start: {event.start:%Y-%m-%d %H:%M}")
        same_day = event.end.date() == event.start.date()
        if same_day and in_minutes:
            lines.append(f"duration: {(event.end - event.start) // timedelta(minutes=1)}m")
        else:
            lines.append(f"end: {event.end:%H:%M}" if same_day else f"end: {event.end:%Y-%m-%d %H:%M}")
    lines += [f"venue: {event.venue.id}", *_common(event)]
    return "\n".join(lines) + "\n"


def _for_yaml2ics(event: Event) -> str:
    """Return an event's item in yaml2ics's list; yaml2ics treats an event without an end as all-day."""
    lines = [f"summary: {_scalar(event.summary)}", f"uid: {event.id}@events.example"]
    if event.end is None:
        lines.append(f"begin: {event.start:%Y-%m-%d}")
    else:
        lines += [f"begin: {event.start:%Y-%m-%d %H:%M:%S}", f"end: {event.end:%Y-%m-%d %H:%M:%S}"]
    lines += [f"timezone: {event.venue.timezone}", f"location: {_scalar(event.venue.location)}", *_common(event)]
    return textwrap.indent("\n".join(lines), "    ").replace("    ", "  - ", 1) + "\n\n"


def _common(event: Event) -> list[str]:
    """Return the lines that are the same in both formats."""
    lines = [f"categories: [{', '.join(event.categories)}]"]
    if event.url is not None:
        lines.append(f"url: {event.url}")
    if event.status is not None:
        lines.append(f"status: {event.status}")
    style = "|-" if "\n" in event.description else ">-"
    body = "\n".join(textwrap.fill(line, 100, break_on_hyphens=False) for line in event.description.split("\n"))
    return [*lines, f"description: {style}", *textwrap.indent(body, "  ").split("\n")]


def _scalar(text: str) -> str:
    """Quote a text that YAML would read as something else."""
    return json.dumps(text, ensure_ascii=False) if ": " in text else text


def main() -> None:
    """Generate from the command line."""
    parser = argparse.ArgumentParser(description="Generate a calfeed project of N events to measure with.")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="an empty folder")
    parser.add_argument("n", type=int, metavar="N", help="the number of events")
    arguments = parser.parse_args()
    generate(arguments.folder, arguments.n)


if __name__ == "__main__":
    main()
