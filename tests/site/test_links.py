"""calfeed.site.links: links are decoded and compared with the event."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from zoneinfo import available_timezones

import pytest
from support.projects import TALK, load_event, load_project

from calfeed.formats.description import plain_description
from calfeed.model import Event
from calfeed.site.links import MAX_BYTES, SERVICES, add_links, map_link, place_line, subscribe_links

SERIES = f"{TALK}rrule: FREQ=WEEKLY;BYDAY=TU;COUNT=3\n"
ALL_DAY = "summary: Open days\nstart: 2027-06-05\nend: 2027-06-07\n"
ONE_DAY = "summary: Open day\nstart: 2027-06-05\n"
FULL = (
    f"{TALK}venue: hub\nurl: https://test.example/talk?a=1&b=2\nonline: https://meet.example/x\n"
    "description: |\n  Tea & **cake**, 100 % free + more: a=b?\n\n  Põhja – öö\n"
)
EVENTS = {
    "talk": TALK,
    "series": SERIES,
    "days": ALL_DAY,
    "day": ONE_DAY,
    "full": FULL,
    "no-end": "summary: Talk\nstart: 2027-05-18 18:00\n",
    "utc": "summary: Talk\nstart: 2027-05-18 18:00\nend: 20:00\ntimezone: Etc/GMT-3\n",
    "repeated-hour": "summary: Night\nstart: 2027-10-31 03:30+02:00\nend: 2027-10-31 05:00\n",
    "two-zones": "summary: Ferry\nstart: 2027-05-18 18:00\nend: 2027-05-19 10:00\nend_timezone: Europe/Stockholm\n",
}
event_of = pytest.mark.parametrize("text", EVENTS.values(), ids=EVENTS)


def links(event: Event) -> dict[str, str]:
    """Return the links of an event by service."""
    return {link.service: link.url for link in add_links(event)}


def fields(url: str) -> dict[str, str]:
    """Return the decoded parameters of an address, each of which occurs once."""
    parameters = parse_qs(urlsplit(url).query, keep_blank_values=True, strict_parsing=True)
    assert all(len(values) == 1 for values in parameters.values())
    return {name: values[0] for name, values in parameters.items()}


def service(root: Path, text: str, name: str) -> dict[str, str]:
    """Return what the link to one service says about an event."""
    return fields(links(load_event(root, text))[name])


@event_of
def test_links_are_plain_addresses(text: str, tmp_path: Path) -> None:
    """Every link is ASCII, encodes spaces as %20, and is short enough to survive a sign-in page."""
    for url in links(load_event(tmp_path, text)).values():
        assert url.isascii()
        assert "+" not in url
        assert " " not in url
        assert len(url) <= MAX_BYTES
        assert urlsplit(url).scheme == "https"


@event_of
def test_texts_are_unchanged_in_links(text: str, tmp_path: Path) -> None:
    """Title, place and description in the link equal those in the .ics."""
    event = load_event(tmp_path, text)
    names = {
        "Google Calendar": ("text", "location", "details"),
        "Outlook.com": ("subject", "location", "body"),
        "Microsoft 365": ("subject", "location", "body"),
        "Yahoo": ("TITLE", "in_loc", "DESC"),
    }
    expected = (event.summary, place_line(event.venue) or event.online or "", plain_description(event))
    for name, url in links(event).items():
        parameters = fields(url)
        assert expected == tuple(parameters.get(key, "").replace("<br>", "\n") for key in names[name])


def test_every_service_has_its_own_host() -> None:
    """Each service has a different host, listed once in the table."""
    addresses = [service.address for service in SERVICES]
    assert len(set(addresses)) == len(addresses) == 4


def test_google_takes_wall_times_and_their_zone(tmp_path: Path) -> None:
    """Google gets wall times and the zone's name."""
    google = service(tmp_path, FULL, "Google Calendar")
    assert google["dates"] == "20270518T180000/20270518T200000"
    assert google["ctz"] == "Europe/Tallinn"
    assert google["ctz"] in available_timezones()
    assert "recur" not in google


def test_google_takes_the_rule_of_a_series(tmp_path: Path) -> None:
    """Google gets the rule with a zone, so that the wall time survives clock changes."""
    google = service(tmp_path, SERIES, "Google Calendar")
    assert google["recur"] == "RRULE:FREQ=WEEKLY;COUNT=3;BYDAY=TU"
    assert google["ctz"] == "Europe/Tallinn"
    assert [link.holds_series for link in add_links(load_event(tmp_path / "again", SERIES))] == [True] + 3 * [False]


@pytest.mark.parametrize("text", [ALL_DAY, ONE_DAY])
def test_google_takes_no_zone_for_whole_days(text: str, tmp_path: Path) -> None:
    """All-day events have an exclusive end and no zone."""
    google = service(tmp_path, text, "Google Calendar")
    assert google["dates"] in ("20270605/20270608", "20270605/20270606")
    assert "ctz" not in google


@pytest.mark.parametrize(
    ("name", "dates"),
    [
        ("utc", "20270518T150000Z/20270518T170000Z"),
        ("repeated-hour", "20271031T013000Z/20271031T030000Z"),
        ("two-zones", "20270518T150000Z/20270519T080000Z"),
    ],
)
def test_google_takes_utc_where_a_zone_would_mislead(name: str, dates: str, tmp_path: Path) -> None:
    """Zones that are not places, repeated hours and two zones are written in UTC."""
    google = service(tmp_path, EVENTS[name], "Google Calendar")
    assert dates == google["dates"]
    assert "ctz" not in google


@pytest.mark.parametrize("name", ["Outlook.com", "Microsoft 365"])
def test_outlook_takes_utc(name: str, tmp_path: Path) -> None:
    """Outlook gets instants with a Z; for all-day events, dates with an exclusive end."""
    timed = service(tmp_path / "timed", TALK, name)
    assert (timed["startdt"], timed["enddt"]) == ("2027-05-18T15:00:00Z", "2027-05-18T17:00:00Z")
    assert "allday" not in timed
    days = service(tmp_path / "days", ALL_DAY, name)
    assert (days["startdt"], days["enddt"], days["allday"]) == ("2027-06-05", "2027-06-08", "true")


def test_yahoo_takes_wall_times(tmp_path: Path) -> None:
    """Yahoo gets wall times of the start's zone without a Z; for all-day events, an exclusive end."""
    timed = service(tmp_path / "timed", TALK, "Yahoo")
    assert (timed["ST"], timed["ET"]) == ("20270518T180000", "20270518T200000")
    ferry = service(tmp_path / "ferry", EVENTS["two-zones"], "Yahoo")
    assert (ferry["ST"], ferry["ET"]) == ("20270518T180000", "20270519T110000")
    days = service(tmp_path / "days", ALL_DAY, "Yahoo")
    assert (days["ST"], days["ET"]) == ("20270605T000000", "20270608T000000")
    day = service(tmp_path / "day", ONE_DAY, "Yahoo")
    assert (day["ST"], day["DUR"], day.get("ET")) == ("20270605", "allday", None)


def test_an_unknown_end_is_the_start(tmp_path: Path) -> None:
    """An unknown end is not invented."""
    event = load_event(tmp_path, EVENTS["no-end"])
    urls = links(event)
    assert fields(urls["Google Calendar"])["dates"] == "20270518T180000/20270518T180000"
    assert fields(urls["Yahoo"])["ET"] == "20270518T180000"


@pytest.mark.parametrize("length", [0, 1, 100, 1_000, 1_500, 3_000])
@pytest.mark.parametrize("letter", ["a", "õ", "日", "\U0001f3b6", "& +%"])
def test_long_texts_are_cut(length: int, letter: str, tmp_path: Path) -> None:
    """However long the texts are, the address stays short, no character is split, and the event's link is kept."""
    event = replace(load_event(tmp_path, FULL), description=letter * length)
    for url in links(event).values():
        parameters = fields(url)
        assert len(url) <= MAX_BYTES
        details = next(parameters[key] for key in ("details", "body", "DESC") if key in parameters)
        assert details.endswith("https://test.example/talk?a=1&b=2")
        assert "�" not in details


@pytest.mark.parametrize("letter", ["x", "日"])
def test_titles_and_places_are_cut_last(letter: str, tmp_path: Path) -> None:
    """Even an enormous title and place give a usable address."""
    venue = f"venue: {{name: {letter * 900}}}\n"
    event = load_event(tmp_path, f"summary: {letter * 900}\nstart: 2027-05-18\ndescription: {letter * 900}\n{venue}")
    for url in links(event).values():
        assert len(url) <= MAX_BYTES
        assert "�" not in "".join(fields(url).values())


def test_subscribe_links(tmp_path: Path) -> None:
    """Each subscribe link contains the complete address of the feed."""
    (feed,) = load_project(tmp_path, TALK).feeds
    subscribe = subscribe_links(feed, "https://test.example/a%20b/")
    assert subscribe.https == "https://test.example/a%20b/test.ics"
    assert subscribe.webcal == "webcal://test.example/a%20b/test.ics"
    assert fields(subscribe.google) == {"cid": subscribe.webcal}
    assert subscribe.google_by_address == "https://calendar.google.com/calendar/u/0/r/settings/addbyurl"
    for link in (subscribe.outlook, subscribe.microsoft):
        assert fields(link) == {"url": subscribe.https, "name": "Test"}


@pytest.mark.parametrize(
    ("venue", "link"),
    [
        ("{name: A, geo: [59.4445, 24.7505]}", "?mlat=59.4445&mlon=24.7505#map=17/59.4445/24.7505"),
        ("{name: A, geo: [-0.000001, 0]}", "?mlat=-0.000001&mlon=0#map=17/-0.000001/0"),
        (
            "{name: A, address: {street: Kai 3, locality: Põlva}}",
            "search?query=Kai%203%2C%20P%C3%B5lva",
        ),
        ("{name: A}", None),
    ],
)
def test_map_link(venue: str, link: str | None, tmp_path: Path) -> None:
    """A place is shown by its coordinates, or by its address, or not at all."""
    event = load_event(tmp_path, f"{TALK}timezone: Europe/Tallinn\nvenue: {venue}\n")
    assert event.venue is not None
    assert map_link(event.venue) == (None if link is None else f"https://www.openstreetmap.org/{link}")


def test_instants_are_those_of_the_event(tmp_path: Path) -> None:
    """The UTC in an Outlook link is the instant of the event."""
    event = load_event(tmp_path, EVENTS["two-zones"])
    start = fields(links(event)["Outlook.com"])["startdt"]
    assert datetime.fromisoformat(start) == datetime(2027, 5, 18, 15, tzinfo=UTC)
