"""calfeed.formats.vtimezone: the shape of every zone's component, including unusual zones."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from support.every_zone import zone_names

from calfeed.formats.vtimezone import render_timezone
from calfeed.model import ZonedTime
from calfeed.vtimezone.observances import observances, places_right
from calfeed.zones import tzdb

WRITABLE = [name for name in zone_names() if observances(name)]


def zoned(wall: str, tzid: str) -> ZonedTime:
    """Return an unambiguous wall time in a zone."""
    naive = datetime.fromisoformat(wall)
    instant = tzdb.resolve_wall(naive, tzid)
    assert isinstance(instant, datetime)
    return ZonedTime(naive, tzid, instant)


def test_tallinn_to_the_letter() -> None:
    """The VTIMEZONE of a zone with clock changes: two yearly rules from 1970, in the offset being left."""
    assert render_timezone("Europe/Tallinn").decode().splitlines() == [
        "BEGIN:VTIMEZONE",
        "TZID:Europe/Tallinn",
        "BEGIN:DAYLIGHT",
        "DTSTART:19700329T030000",
        "TZOFFSETFROM:+0200",
        "TZOFFSETTO:+0300",
        "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
        "TZNAME:EEST",
        "END:DAYLIGHT",
        "BEGIN:STANDARD",
        "DTSTART:19701025T040000",
        "TZOFFSETFROM:+0300",
        "TZOFFSETTO:+0200",
        "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU",
        "TZNAME:EET",
        "END:STANDARD",
        "END:VTIMEZONE",
    ]


def test_fixed_zone_to_the_letter() -> None:
    """A zone without clock changes is one STANDARD without a rule: Outlook chokes on a rule there."""
    assert render_timezone("Asia/Kolkata").decode().splitlines() == [
        "BEGIN:VTIMEZONE",
        "TZID:Asia/Kolkata",
        "BEGIN:STANDARD",
        "DTSTART:19700101T000000",
        "TZOFFSETFROM:+0530",
        "TZOFFSETTO:+0530",
        "TZNAME:IST",
        "END:STANDARD",
        "END:VTIMEZONE",
    ]


def test_only_known_zones_have_no_component() -> None:
    """Only names that are not places, and four places whose days are no nth weekday, have no component."""
    odd = {name for name in zone_names() if name not in WRITABLE}
    places = {name for name in odd if "/" in name and not name.startswith("Etc/")}
    assert places == {
        "America/Godthab", "America/Nuuk", "America/Scoresbysund", "Asia/Gaza", "Asia/Hebron", "Asia/Jerusalem",
        "Asia/Tel_Aviv",
    }  # fmt: skip
    assert {name for name in odd - places if not name.startswith("Etc/")} == {
        "GMT", "GMT+0", "GMT-0", "GMT0", "Greenwich", "Israel", "UCT", "UTC", "Universal", "Zulu",
    }  # fmt: skip


@pytest.mark.parametrize("tzid", WRITABLE)
def test_shape_is_what_outlook_reads(tzid: str) -> None:
    """One STANDARD, at most one DAYLIGHT with the larger offset, rules of a single form, onsets in 1970."""
    parts = observances(tzid)
    assert [part.is_daylight for part in parts] in ([False], [True, False])
    for part in parts:
        assert part.first_onset.year == 1970
        if part.rule:
            assert re.fullmatch(r"FREQ=YEARLY;BYMONTH=\d+;BYDAY=(-1|[1-4])(SU|MO|TU|WE|TH|FR|SA)", part.rule.rrule)
            assert (part.offset_to > part.offset_from) == part.is_daylight
        else:
            assert part.offset_from == part.offset_to


def test_dublin_calls_summer_daylight() -> None:
    """The tz database treats Irish winter as the exception, but readers expect DAYLIGHT in summer."""
    daylight, standard = observances("Europe/Dublin")
    assert (daylight.name, daylight.offset_to) == ("IST", timedelta(hours=1))
    assert (standard.name, standard.offset_to) == ("GMT", timedelta(0))


def test_midnight_of_the_next_day_is_a_second_earlier() -> None:
    """Santiago changes at 24:00 on the first Saturday, so the rule uses 23:59:59 of that day."""
    daylight, _ = observances("America/Santiago")
    assert daylight.rule is not None
    assert daylight.rule.rrule == "FREQ=YEARLY;BYMONTH=9;BYDAY=1SA"
    assert daylight.rule.time == timedelta(hours=24, seconds=-1)


@pytest.mark.parametrize(
    ("wall", "tzid", "right"),
    [
        pytest.param("2027-07-01 12:00", "Europe/Tallinn", True, id="ordinary"),
        pytest.param("2043-07-01 12:00", "Europe/Tallinn", True, id="after 2037"),
        pytest.param("1999-07-01 12:00", "America/New_York", True, id="older law, same clocks then"),
        pytest.param("2005-11-02 12:00", "America/New_York", False, id="older law, other clocks then"),
        pytest.param("2005-07-01 12:00", "Europe/Moscow", False, id="summer time that is no more"),
        pytest.param("1969-07-01 12:00", "Asia/Kolkata", False, id="before the first onset"),
        pytest.param("1970-02-01 12:00", "Europe/Tallinn", False, id="before the first rule"),
        pytest.param("2005-03-27 03:15", "Europe/Chisinau", False, id="in the gap of a law that came later"),
        pytest.param("2027-07-01 12:00", "Asia/Jerusalem", False, id="no component"),
        pytest.param("2027-07-01 12:00", "Etc/GMT-3", False, id="no place"),
    ],
)
def test_places_right(wall: str, tzid: str, right: bool) -> None:
    """A time relies on the VTIMEZONE only if every reader derives its instant from it."""
    assert places_right(zoned(wall, tzid)) is right


def test_repeated_hour_is_never_trusted() -> None:
    """Both occurrences of a repeated hour are written in UTC, whichever one readers would choose."""
    wall = datetime.fromisoformat("2026-10-25 03:30")
    for offset in (2, 3):
        instant = (wall - timedelta(hours=offset)).replace(tzinfo=UTC)
        assert not places_right(ZonedTime(wall, "Europe/Tallinn", instant))
