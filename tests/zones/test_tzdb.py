"""calfeed.zones.tzdb: wall times to instants, places to zones, all from pytz's data."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytz
from support.projects import CALENDAR, load_event, load_project, write_events

from calfeed.diagnostics.problem import SourceError
from calfeed.diagnostics.spelling import fold_name
from calfeed.model import Timed
from calfeed.resolve.load import load
from calfeed.zones import tzdb
from calfeed.zones.nicknames import _PLACES, _abbreviations
from calfeed.zones.tzdb import Repeated, Skipped

PLACES = {
    "event": ("timezone: Asia/Tokyo\nvenue: hub\n", "Asia/Tokyo", "the event sets it"),
    "venue": ("venue: {name: X, timezone: Asia/Tokyo, geo: [35.68, 139.76]}\n", "Asia/Tokyo", "its venue sets it"),
    "coordinates": ("venue: {name: X, geo: [35.68, 139.76], address: {country: US}}\n", "Asia/Tokyo", "coordinates"),
    "country": ("venue: {name: X, address: {country: jpn}}\n", "Asia/Tokyo", "in Japan"),
    "country with zones alike": ("venue: {name: X, address: {country: Germany}}\n", "Europe/Berlin", "in Germany"),
    "calendar": ("venue: {name: X}\n", "Europe/Tallinn", "the calendar's"),
    "at sea": ("venue: {name: Ship, geo: [0, -150]}\n", "Europe/Tallinn", "the calendar's"),
}


@pytest.mark.parametrize(("text", "tzid", "reason"), PLACES.values(), ids=PLACES.keys())
def test_order_of_the_choice(tmp_path: Path, text: str, tzid: str, reason: str) -> None:
    """The zone of an event takes precedence over those of its venue, coordinates, country and calendar."""
    event = load_event(tmp_path, f"summary: X\nduration: 1h\nstart: 2027-05-18 18:00\n{text}")
    assert event.zone is not None
    assert event.zone.tzid == tzid
    assert reason in event.zone.reason


def test_country_with_several_zones_is_asked_for_one(tmp_path: Path) -> None:
    """The United States has many zones: an event there must say which, and the problem lists them."""
    with pytest.raises(SourceError) as refusal:
        load_event(
            tmp_path, "summary: X\nduration: 1h\nstart: 2027-05-18 18:00\nvenue: {name: X, address: {country: US}}\n"
        )
    (problem,) = refusal.value.problems
    assert problem.code == "ambiguous-zone"
    assert "America/New_York" in problem.message
    assert "timezone:" in problem.hint


def test_border_is_asked_for_a_zone(tmp_path: Path) -> None:
    """Haparanda and Tornio are an hour apart: coordinates within 2 km of the border do not determine the zone."""
    with pytest.raises(SourceError) as refusal:
        load_event(
            tmp_path, "summary: X\nduration: 1h\nstart: 2027-05-18 18:00\nvenue: {name: X, geo: [65.8445, 24.145]}\n"
        )
    (problem,) = refusal.value.problems
    assert problem.code == "ambiguous-zone"
    assert "Europe/Helsinki" in problem.message
    assert "Europe/Stockholm" in problem.message


def test_border_between_equal_clocks_needs_no_zone(tmp_path: Path) -> None:
    """Valga and Valka are in two countries whose clocks agree: the zone of the point is used."""
    event = load_event(
        tmp_path, "summary: X\nduration: 1h\nstart: 2027-05-18 18:00\nvenue: {name: X, geo: [57.76, 26.02]}\n"
    )
    assert event.zone is not None
    assert event.zone.tzid == "Europe/Riga"


def test_gap() -> None:
    """A skipped wall time comes with the change and both offsets."""
    skipped = tzdb.resolve_wall(datetime.fromisoformat("2026-03-08 02:30"), "America/New_York")
    assert skipped == Skipped(datetime(2026, 3, 8, 7, tzinfo=UTC), timedelta(hours=-5), timedelta(hours=-4))


def test_fold() -> None:
    """A repeated wall time comes with both offsets, the earlier one first."""
    repeated = tzdb.resolve_wall(datetime.fromisoformat("2026-11-01 01:30"), "America/New_York")
    assert repeated == Repeated(timedelta(hours=-4), timedelta(hours=-5))


def test_a_day_that_never_was() -> None:
    """Samoa skipped 30 December 2011: the whole day is a gap."""
    skipped = tzdb.resolve_wall(datetime.fromisoformat("2011-12-30 12:00"), "Pacific/Apia")
    assert isinstance(skipped, Skipped)
    assert skipped.after - skipped.before == timedelta(days=1)


def test_after_2037_the_footer_applies() -> None:
    """Summer time continues after the last change that the file lists, unlike in pytz's own classes."""
    assert tzdb.resolve_wall(datetime.fromisoformat("2043-07-01 12:00"), "Europe/Berlin") == datetime(
        2043, 7, 1, 10, tzinfo=UTC
    )


def test_data_comes_from_pytz() -> None:
    """Future changes come from pytz's file, whatever the system's file says."""
    for tzid in ("America/Vancouver", "Africa/Casablanca", "America/Edmonton", "America/Havana"):
        zone = pytz.timezone(tzid)
        for month in range(1, 13):
            instant = datetime(2027, month, 15, 12, tzinfo=UTC)
            assert instant.astimezone(zone).utcoffset() == tzdb.offset_at(instant, tzid)


SUGGESTIONS = {
    # another spelling, or the city alone
    "europe/tallinn": "Europe/Tallinn",
    "Tallinn": "Europe/Tallinn",
    "New York": "America/New_York",
    "são paulo": "America/Sao_Paulo",
    "America/Buenos Aires": "America/Buenos_Aires",
    "America/London": "Europe/London",
    "Istanbul": "Europe/Istanbul",
    "etc/gmt-3": "Etc/GMT-3",
    # typos
    "Europe/Talinn": "Europe/Tallinn",
    "Talinn": "Europe/Tallinn",
    "Kyiw": "Europe/Kyiv",
    "Canbera": "Australia/Canberra",
    "Eurpe/Talinn": "Europe/Tallinn",
    "Europe/Brelin": "Europe/Berlin",
    "Africa/Johanesberg": "Africa/Johannesburg",
    # cities that no zone is named after
    "America/Washington": "America/New_York",
    "Washington, D.C.": "America/New_York",
    "America/Boston": "America/New_York",
    "USA/Boston": "America/New_York",
    "San Francisco": "America/Los_Angeles",
    "Europe/Milan": "Europe/Rome",
    "Europe/Munich": "Europe/Berlin",
    "München": "Europe/Berlin",
    "Europe/Hamburg": "Europe/Berlin",
    "Europe/Kiel": "Europe/Berlin",
    "Europe/Geneva": "Europe/Zurich",
    "Europe/Nice": "Europe/Paris",
    "Asia/Mumbai": "Asia/Kolkata",
    "Asia/Beijing": "Asia/Shanghai",
    "America/Birmingham": None,
    # Windows names and everyday names
    "Eastern Standard Time": "America/New_York",
    "Eastern Daylight Time": "America/New_York",
    "Pacific Time": "America/Los_Angeles",
    "FLE Standard Time": "Europe/Kyiv",
    "W. Europe Standard Time": "Europe/Berlin",
    "Central European Time": "Europe/Berlin",
    "Central European Summer Time": "Europe/Berlin",
    # text that names no place
    "UTC+3": None,
    "GMT+3": None,
    "+03:00": None,
    "CEST": None,
    "Asia/Bergen-op-Zoom": None,
    "Europe/Madison": None,
    "Xy": None,
    "Europe/": None,
    "": None,
    "Tallinn" * 20: None,
}


@pytest.mark.parametrize(("text", "meant"), SUGGESTIONS.items())
def test_suggestions(text: str, meant: str | None) -> None:
    """A different spelling, a city, a known name or a typo gives the zone; a merely similar text gives none."""
    assert meant == tzdb.suggest_zone(text)


def test_suggestions_are_existing_zones() -> None:
    """Every proposed zone exists, and no name that has a proposal is itself a zone."""
    places = [line.split(": ") for line in _PLACES.splitlines()]
    names = [name for _, row in places for name in row.split(", ")]
    assert len({fold_name(name) for name in names}) == len(names)
    assert not [name for name in names if tzdb.is_zone(name)]
    assert all(tzdb.suggest_zone(name) == zone for zone, row in places for name in row.split(", "))
    assert all(map(tzdb.is_zone, dict(places)))
    assert all(tzdb.is_zone(zone) for row in _abbreviations().values() for zone in row)


def test_zones_alike_in_one_year_may_differ_in_another() -> None:
    """Whether two zones count as one depends on the year of the event."""
    pair = ("Europe/Berlin", "Europe/Zurich")
    assert tzdb.same_offsets(pair, 2027)
    assert not tzdb.same_offsets(pair, 1980)


def test_calendar_settles_a_country_under_an_alias(tmp_path: Path) -> None:
    """A calendar in `Europe/Kiev` settles the zone of a venue in Ukraine, although that zone has a new name."""
    root = write_events(
        tmp_path, talk="summary: X\nstart: 2027-05-18 18:00\nduration: 1h\nvenue: {name: X, address: {country: UA}}\n"
    )
    (root / "calendar.yaml").write_text(CALENDAR.replace("Europe/Tallinn", "Europe/Kiev"), encoding="utf-8")
    (event,) = load(root).events
    assert event.zone is not None
    assert event.zone.tzid == "Europe/Kiev"


def test_country_settles_a_border(tmp_path: Path) -> None:
    """Coordinates at a border determine the zone if the country is given, too."""
    venue = "venue: {name: X, geo: [65.8445, 24.145], address: {country: FI}}"
    event = load_event(tmp_path, f"summary: X\nduration: 1h\nstart: 2027-05-18 18:00\n{venue}\n")
    assert event.zone is not None
    assert event.zone.tzid == "Europe/Helsinki"


def test_calendar_settles_a_border(tmp_path: Path) -> None:
    """If coordinates allow two zones, the calendar's zone is used if it is one of them."""
    venue = "venue: {name: X, geo: [59.3774, 28.1903]}"
    event = load_event(tmp_path, f"summary: X\nduration: 1h\nstart: 2027-05-18 18:00\n{venue}\n")
    assert event.zone is not None
    assert event.zone.tzid == "Europe/Tallinn"
    assert "calendar's" in event.zone.reason


@pytest.mark.parametrize(
    ("day", "tzid", "end"),
    [
        pytest.param("2027-03-27", "Asia/Beirut", "2027-03-27T22:00Z", id="skipped"),
        pytest.param("2027-11-06", "America/Havana", "2027-11-07T04:00Z", id="repeated"),
        pytest.param("2027-05-27", "Europe/Tallinn", "2027-05-27T21:00Z", id="ordinary"),
    ],
)
def test_end_of_a_day_is_one_instant(tmp_path: Path, day: str, tzid: str, end: str) -> None:
    """`24:00` is the end of the day even if the clocks skip or repeat the following midnight."""
    event = load_event(tmp_path, f"summary: X\nstart: {day} 20:00\nend: 24:00\ntimezone: {tzid}\n")
    assert isinstance(event.when, Timed)
    assert event.when.end is not None
    assert event.when.end.instant == datetime.fromisoformat(end)


@pytest.mark.parametrize("hours", [*range(-14, 0), *range(1, 13)])
def test_fixed_offsets_get_places_with_that_offset(tmp_path: Path, hours: int) -> None:
    """The warning about zones like `Etc/GMT+3` names a zone that permanently has this offset, or none."""
    (problem,) = load_project(
        tmp_path, f"summary: X\nduration: 1h\nstart: 2027-05-18 18:00\ntimezone: Etc/GMT{hours:+}\n"
    ).problems
    assert problem.code == "fixed-zone"
    assert ("no place has these clocks" in problem.hint) == (hours == 12)
    for place in re.findall(r"`([A-Z]\w+/\w+)`", problem.hint):
        assert not list(tzdb.offset_changes(place, datetime(2026, 1, 1, tzinfo=UTC), datetime(2060, 1, 1, tzinfo=UTC)))
        assert tzdb.offset_at(datetime(2027, 5, 18, tzinfo=UTC), place) == timedelta(hours=-hours)
