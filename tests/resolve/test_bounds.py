"""Limits on the work for series: searching, comparing and showing their dates, whatever the rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest
from support.projects import NOW, load_event, load_project

from calfeed.diagnostics.problem import Mark, SourceError
from calfeed.model import AllDay, Event, Recurrence
from calfeed.revisions.revise import Revised, revise
from calfeed.series.agenda import MAX_CONFLICTS, MAX_DATED, followed_until, too_many_occurrences
from calfeed.series.expand import LAST, Effort, TooManySteps, starts_of
from calfeed.series.matching import match
from calfeed.series.occurrences import starts_between
from calfeed.site.months import month_views
from calfeed.site.series import MAX_SHOWN, shown_occurrences, shown_stretch, words_for_stretch
from calfeed.site.views import Catalog, EventView, row_view
from calfeed.values.rule_reader import read_rule

FIRST = datetime.fromisoformat("2027-03-14 13:00")
SERIES = "summary: X\nstart: 2027-03-14 13:00\nduration: 1m\nrrule: {}\n"


def revised(events: list[Event]) -> tuple[Revised, ...]:
    """Return events at their first revision."""
    return revise(events, {}, NOW)[0]


def alike(event: Event, count: int) -> list[Event]:
    """Return `count` copies of an event, each with its own id."""
    return [replace(event, id=f"x{number}", uid=f"x{number}@x.example") for number in range(count)]


def whole_days(day: date, recurrence: Recurrence | None = None, *, days: int = 1) -> Event:
    """Return an all-day event."""
    when = AllDay(day, day + timedelta(days=days - 1))
    mark = Mark(path="x.yaml")
    return Event(id="x", uid="x", summary="X", when=when, zone=None, recurrence=recurrence, mark=mark)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=MINUTELY",
        "FREQ=MINUTELY;BYMONTH=3",
        "FREQ=MINUTELY;INTERVAL=30",
        "FREQ=HOURLY;BYMINUTE=0,30",
        "FREQ=DAILY;BYHOUR=0,2,4,6,8,10,13,15;BYMINUTE=0,10,20,30,40,50",
    ],
)
def test_dense_rule_without_an_end_is_refused(tmp_path: Path, rule: str) -> None:
    """A rule without an end that gives 20,000 dates within two years is an error at the rule."""
    with pytest.raises(SourceError) as refused:
        load_project(tmp_path, SERIES.format(rule))
    (problem,) = [problem for problem in refused.value.problems if problem.code == "bad-rrule"]
    assert (problem.mark.line, problem.mark.column) == (4, 8)
    assert "within two years" in problem.message
    assert "`until`" in problem.hint


@pytest.mark.parametrize(
    "rule", ["FREQ=HOURLY", "FREQ=MINUTELY;INTERVAL=60", "FREQ=MINUTELY;BYHOUR=13;BYDAY=SU", "FREQ=DAILY;BYHOUR=9,13"]
)
def test_hourly_rule_without_an_end_is_taken(tmp_path: Path, rule: str) -> None:
    """A rule without an end is accepted if calendars can show it: an hourly occurrence, or many on some days."""
    assert load_event(tmp_path, SERIES.format(rule)).recurrence is not None


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=MINUTELY;BYSETPOS=2;BYDAY=SU",
        "FREQ=MINUTELY;INTERVAL=60;BYMINUTE=30",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYMONTHDAY=1;BYHOUR=0,1,2,3,4,5,6,7,8,9;BYMINUTE=0,1,2,3,4,5,6,7,8,9;BYSETPOS=366",
    ],
)
def test_search_is_counted_in_steps(rule: str) -> None:
    """The steps of a search are limited, even for a rule that gives no dates."""
    effort = Effort(5_000)
    with pytest.raises(TooManySteps):
        list(islice(starts_of(read_rule(rule), FIRST, last=LAST, effort=effort), 5_000))
    assert effort.is_spent


@pytest.mark.parametrize(
    "rule", ["FREQ=MINUTELY;COUNT=300", "FREQ=WEEKLY;BYDAY=MO,TU;COUNT=40", "FREQ=HOURLY;BYDAY=MO;COUNT=99"]
)
def test_steps_are_about_as_many_as_dates(rule: str) -> None:
    """A rule that gives dates regularly costs a few steps per date, including skipped days."""
    effort = Effort(10_000)
    dates = list(starts_of(read_rule(rule), FIRST, last=LAST, effort=effort))
    assert len(dates) >= 40
    assert 10_000 - effort.left < 1_500 + 8 * len(dates)


def test_search_around_a_date_looks_at_a_few_days(tmp_path: Path) -> None:
    """Matching a date with a yearly series does not scan whole years, unless BYSETPOS has to count within them."""
    event = load_event(tmp_path, SERIES.format("FREQ=YEARLY;BYMONTH=3;BYDAY=2SU"))
    assert event.recurrence is not None
    effort = Effort(100)
    assert match(date(2038, 3, 14), event.recurrence, event.when, effort).year == 2038
    assert effort.left > 80


def test_file_of_too_many_series_is_refused_once(tmp_path: Path) -> None:
    """If a file's series cost too much, the first one over the limit is reported; later ones are not searched."""
    line = "- {{id: a{}, summary: X, start: 2027-03-14 13:00, duration: 1m, rrule: '{}'}}\n"
    rule = "FREQ=MINUTELY;BYSETPOS=2;BYDAY=SU"
    with pytest.raises(SourceError) as refused:
        load_project(tmp_path, "".join(line.format(number, rule) for number in range(400)))
    (problem,) = [problem for problem in refused.value.problems if problem.code == "bad-rrule"]
    assert problem.mark.line == 1
    assert "2,000,000" in problem.message


def test_calendar_of_too_many_dates_is_refused() -> None:
    """All series with an end in a calendar share a limit, and the one that exceeds it is reported."""
    half = Recurrence(
        rule=read_rule("FREQ=DAILY;COUNT=9"),
        starts=(FIRST,) * (MAX_DATED // 2),
        mark=Mark(path="x.yaml", line=7),
    )
    event = whole_days(FIRST.date(), half)
    last = replace(half, mark=Mark(path="y.yaml", line=9))
    assert too_many_occurrences([event, event]) is None
    problem = too_many_occurrences([replace(event, recurrence=last), event, event])
    assert problem is not None
    assert (problem.code, problem.mark.path, problem.mark.line) == ("bad-rrule", "y.yaml", 9)


def test_series_without_an_end_are_followed_as_far_as_a_count_allows(tmp_path: Path) -> None:
    """Many series without an end are followed for less time, so that together they stay below the limit of starts."""
    event = load_event(tmp_path, SERIES.format("FREQ=DAILY"))
    events, end = alike(event, 10), datetime.fromisoformat("2040-01-01")
    assert followed_until(events, FIRST, end, 100_000) == end
    until = followed_until(events, FIRST, end, 1_000)
    assert event.recurrence is not None
    assert 99 <= len(list(starts_between(event.when, event.recurrence, FIRST, until))) <= 100


def test_site_shows_a_bounded_number_of_dates(tmp_path: Path) -> None:
    """If series without an end have very many dates, only the newest years are shown, and pages say which."""
    event = load_event(tmp_path, SERIES.format("FREQ=HOURLY"))
    events = alike(event, 9)
    stretch = shown_stretch(revised(events))
    assert stretch.is_cut
    assert stretch.first == date(2027, 1, 1)
    shown = sum(len(shown_occurrences(each, stretch)) for each in events)
    assert MAX_SHOWN * 0.9 < shown <= MAX_SHOWN + 9 * 24
    assert words_for_stretch(stretch, "en").startswith("This calendar has very many dates")
    late = replace(event, when=replace(event.when), recurrence=event.recurrence)
    assert len(shown_occurrences(late, replace(stretch, first=date(1990, 1, 1), last=date(1990, 2, 1)))) == 11


def test_page_says_from_when_on_dates_are_listed(tmp_path: Path) -> None:
    """A page says so if it lists the dates of an endless series only from a later day; otherwise it says nothing."""
    event = load_event(tmp_path, SERIES.format("FREQ=WEEKLY"))
    catalog = Catalog(language="en", url=None, categories={}, venues={})
    said = [EventView(event, [event], catalog, day).series for day in (None, date(2030, 1, 1))]
    assert [series.earlier if series else None for series in said] == [
        "",
        "Dates before Tuesday, January 1, 2030 are not listed.",
    ]


def test_ordinary_site_shows_all_dates(tmp_path: Path) -> None:
    """The series of an ordinary calendar are shown from their beginning to the end of the second year ahead."""
    event = load_event(tmp_path, SERIES.format("FREQ=WEEKLY"))
    stretch = shown_stretch(revised([event]))
    assert (stretch.first, stretch.last, stretch.is_cut) == (None, date(2029, 12, 31), False)
    assert words_for_stretch(stretch, "en") == ""


def test_months_show_long_events_on_fewer_days_where_there_are_many() -> None:
    """Very many year-long events are shown only on their first days, which limits the size of the month pages."""
    few, many = ([whole_days(date(2027, 1, 1), days=365)] * count for count in (2, 2_000))
    entries = [
        sum(len(day.entries) for month in views for week in month.weeks for day in week)
        for views in (month_views([(one, row_view(one, "en")) for one in events], "en") for events in (few, many))
    ]
    assert entries[0] == 2 * 365
    assert 2_000 <= entries[1] <= 102_000


def test_conflicts_are_listed_up_to_a_number(tmp_path: Path) -> None:
    """If very many events conflict at a venue, the first thousand pairs are reported, and one more warning says so."""
    line = "- {{id: a{}, summary: X, start: 2027-03-14 13:00, duration: 1h, venue: hub}}\n"
    project = load_project(tmp_path, "".join(line.format(number) for number in range(200)))
    conflicts = [problem for problem in project.problems if problem.code == "venue-conflict"]
    assert len(conflicts) == MAX_CONFLICTS + 1
    assert sum("not listed" in problem.message for problem in conflicts) == 1


def test_long_lists_of_dates_cost_as_much_as_they_are_long(tmp_path: Path) -> None:
    """Thousands of excluded and extra dates are looked up instead of searched for every date of the series."""
    days = [date(2027, 3, 15) + timedelta(days=number) for number in range(3_000)]
    text = SERIES.format("FREQ=DAILY")
    text += f"exdates: [{', '.join(map(str, days))}]\n"
    text += f"rdates: [{', '.join(f'{day} 15:00' for day in days)}]\n"
    event = load_event(tmp_path, text)
    assert event.recurrence is not None
    starts = list(starts_between(event.when, event.recurrence, FIRST, FIRST + timedelta(days=3_001)))
    assert len(starts) == 3_002
    assert {start.hour for start in starts[1:-1]} == {15}


def test_tombstone_of_a_dense_series_is_read(tmp_path: Path) -> None:
    """A series that an earlier version published, but that is now refused, can still leave a tombstone."""
    from calfeed.revisions.content import content_of, event_of

    event = load_event(tmp_path, SERIES.format("FREQ=HOURLY"))
    content = {**content_of(event), "rrule": "FREQ=MINUTELY"}
    restored = event_of(content, event.id, event.uid, "Europe/Tallinn", event.mark)
    assert restored.recurrence is not None
    assert restored.recurrence.rrule == "FREQ=MINUTELY"
    assert restored.when == event.when
