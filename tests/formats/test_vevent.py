"""calfeed.formats.vevent: the properties of an event, before they are encoded."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.projects import NOW, TALK, load_event

from calfeed.formats.content_lines import Property
from calfeed.formats.vevent import alarm_properties, event_properties, html_properties, series_properties
from calfeed.model import Event
from calfeed.revisions.revise import Revision

REVISION = Revision(3, NOW, NOW)


def properties(event: Event, *, has_zone: bool = True) -> dict[str, Property]:
    """Return the properties of an event by name."""
    series = series_properties(event, has_zone=has_zone)
    listed = event_properties(event, REVISION, "", has_zone=has_zone, recurrence=series)
    return {prop.name: prop for prop in listed}


@pytest.mark.parametrize(
    ("status", "state", "transparency", "busy", "summary"),
    [
        ("confirmed", "CONFIRMED", "OPAQUE", "BUSY", "Talk"),
        ("tentative", "TENTATIVE", "OPAQUE", "TENTATIVE", "Talk"),
        ("postponed", "TENTATIVE", "TRANSPARENT", "FREE", "[Postponed] Talk"),
        ("cancelled", "CANCELLED", "TRANSPARENT", "FREE", "[Cancelled] Talk"),
    ],
)
def test_status_decides_busy_time(
    tmp_path: Path, status: str, state: str, transparency: str, busy: str, summary: str
) -> None:
    """An event that does not take place is free, and its title says so."""
    values = properties(load_event(tmp_path, f"{TALK}busy: true\nstatus: {status}\n"))
    assert values["STATUS"].value == state
    assert values["TRANSP"].value == transparency
    assert values["X-MICROSOFT-CDO-BUSYSTATUS"].value == busy
    assert values["SUMMARY"].value == (summary,)


def test_texts_are_as_people_read_them(tmp_path: Path) -> None:
    """Texts are not escaped yet, and categories are a list."""
    values = properties(load_event(tmp_path, f"{TALK}categories: ['tea, cake', talk]\n".replace("Talk", "'A; B'")))
    assert values["SUMMARY"] == Property("SUMMARY", ("A; B",))
    assert values["CATEGORIES"] == Property("CATEGORIES", ("tea, cake", "talk"))


def test_times_name_their_zone_or_are_in_utc(tmp_path: Path) -> None:
    """DTSTART has a TZID if the event's times have a zone in files; otherwise it is an instant."""
    event = load_event(tmp_path, "summary: X\nstart: 2027-05-18 18:00\nduration: 1h\ntimezone: Asia/Tokyo\n")
    tokyo = (("TZID", "Asia/Tokyo"),)
    assert properties(event)["DTSTART"] == Property("DTSTART", "20270518T180000", tokyo)
    assert properties(event, has_zone=False)["DTSTART"] == Property("DTSTART", "20270518T090000Z")


def test_series_has_a_line_for_each_date(tmp_path: Path) -> None:
    """A series has its rule, and one property per extra date and exception."""
    text = "summary: X\nstart: 2027-05-18\nrrule: FREQ=WEEKLY;COUNT=5\nexdates: [2027-05-25, 2027-06-01]\n"
    event = load_event(tmp_path, f"{text}rdates: 2027-05-20\n")
    day = (("VALUE", "DATE"),)
    assert list(series_properties(event, has_zone=False)) == [
        Property("RRULE", "FREQ=WEEKLY;COUNT=5"),
        Property("RDATE", "20270520", day),
        Property("EXDATE", "20270525", day),
        Property("EXDATE", "20270601", day),
    ]


def test_reminders_and_html_are_apart(tmp_path: Path) -> None:
    """The properties that feeds share do not include reminders and HTML."""
    event = load_event(tmp_path, f"{TALK}description: '*Free*'\nreminders: [1h, 1d]\n")
    assert [alarm[1] for alarm in alarm_properties(event)] == [
        Property("TRIGGER", "-PT1H"),
        Property("TRIGGER", "-P1D"),
    ]
    (html,) = html_properties(event, "Free")
    assert html.parameters == (("FMTTYPE", "text/html"),)
    assert "<em>Free</em>" in html.value[0]
    assert "X-ALT-DESC" not in properties(event)
