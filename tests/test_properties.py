"""Properties that hold for any input; hypothesis looks for counter-examples."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytz
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from readers import rfc5545, rules
from support.every_zone import zone_names
from support.projects import CALENDAR, LATER, NOW, VENUES, write_files

from calfeed.artifact import Artifact
from calfeed.diagnostics.problem import Mark, SourceError
from calfeed.formats.ics import render_event, render_feed, render_single
from calfeed.model import AllDay, Calendar, Event, Feed, Status, Timed, Venue, ZonedTime
from calfeed.pipeline.render import render
from calfeed.resolve.load import load
from calfeed.revisions.revise import revise
from calfeed.source.yaml import dump_mapping, read_document
from calfeed.text.markdown import _MARKUP, _blocks, _parser, to_html, to_plain

MARK = Mark(path="events/x.yaml")
slow = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# Any text that a calendar can contain: letters of every kind, line breaks and punctuation, but no control characters.
texts = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"], include_characters="\n"), min_size=1, max_size=200)
lines = texts.map(lambda text: " ".join(text.split())).filter(bool)
zones = st.sampled_from(zone_names())
instants = st.datetimes(datetime(1971, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def zoned(instant: datetime, tzid: str) -> ZonedTime:
    """Return an instant in a zone, computed from the zone file itself."""
    instant = instant.replace(microsecond=0)
    with pytz.open_resource(tzid) as file:
        wall = instant.astimezone(ZoneInfo.from_file(file)).replace(tzinfo=None, fold=0)
    return ZonedTime(wall, tzid, instant)


@st.composite
def timed(draw: st.DrawFn) -> Timed:
    """Draw a timed span of up to ten days, in one zone or between two."""
    start = zoned(draw(instants), draw(zones))
    if draw(st.booleans()):
        return Timed(start, None)
    end_zone = draw(st.one_of(st.just(start.tzid), zones))
    length = timedelta(minutes=draw(st.integers(1, 14_400)))
    return Timed(start, zoned(start.instant + length, end_zone))


@st.composite
def whole_days(draw: st.DrawFn) -> AllDay:
    """Draw one or more whole days."""
    first = draw(st.dates(date(1900, 1, 1), date(2200, 1, 1)))
    return AllDay(first, first + timedelta(days=draw(st.integers(0, 30))))


@st.composite
def events(draw: st.DrawFn) -> Event:
    """Draw an event with any texts, times and states."""
    optional = st.none() | texts
    geo = st.tuples(st.floats(-90, 90), st.floats(-180, 180))
    venue = st.builds(Venue, id=st.none(), name=lines, geo=st.none() | geo, mark=st.just(MARK))
    return Event(
        id="event",
        uid=draw(lines),
        summary=draw(lines),
        when=draw(timed() | whole_days()),
        zone=None,
        status=draw(st.sampled_from(Status)),
        venue=draw(st.none() | venue),
        online=draw(st.sampled_from([None, "https://meet.example/room?a=1,2;b"])),
        description=draw(optional.map(lambda text: text.strip() or None if text else None)),
        url=draw(st.sampled_from([None, "https://test.example/page"])),
        categories=tuple(draw(st.lists(lines, max_size=3))),
        busy=draw(st.booleans()),
        mark=MARK,
    )


def files_of(event: Event) -> tuple[Artifact, Artifact]:
    """Return the feed and the single file of an event."""
    calendar = Calendar(name="Test, and; more", slug="test", id="test.example", url="https://test.example/", mark=MARK)
    feed = Feed(slug="test", path="test.ics", name=calendar.name, description=None, event_ids=(event.id,), mark=MARK)
    (revised,), _ = revise([event], {}, NOW)
    rendered = render_event(revised)
    return render_feed(feed, calendar, [rendered]), render_single(rendered)


@slow
@given(st.text(max_size=400) | st.binary(max_size=200).map(lambda data: data.decode("latin-1")))
@example("a: [" * 5000)
@example("- " * 5000)
@example("a: &a [*a]")
@example("? " * 2000)
@example("\ufeffsummary: x")
@example("<<: 3\n<<: [a]\n? [a]\n: b")
def test_any_text_is_read_or_refused(text: str) -> None:
    """Any text becomes a document whose problems have a place and a hint; no other error is raised."""
    data = text.encode("utf-8", "surrogatepass")
    document = read_document("x.yaml", data)
    for problem in document.problems:
        assert problem.hint
        assert problem.message
        assert problem.mark.line >= 1
        assert 1 <= problem.mark.column < problem.mark.end_column


@slow
@given(
    st.dictionaries(
        st.sampled_from(["summary", "start", "end", "duration", "venue", "timezone", "status", "geo"]), texts
    )
)
def test_any_event_loads_or_raises_our_error(fields: dict[str, str]) -> None:
    """A folder with any event loads, or raises SourceError with a hint for each problem."""
    with TemporaryDirectory() as folder:
        files = {"calendar.yaml": CALENDAR, "venues.yaml": VENUES, "x.yaml": dump_mapping(fields)}
        root = write_files(Path(folder) / "events", files)
        try:
            problems = load(root).problems
        except SourceError as refusal:
            problems = refusal.problems
        assert all(problem.hint and problem.code for problem in problems)


@given(
    st.dictionaries(st.sampled_from(["summary", "description", "venue"]), texts.map(str.strip).filter(bool), min_size=1)
)
def test_what_new_writes_is_read_back(fields: dict[str, str]) -> None:
    """A mapping of texts that is written as YAML reads back unchanged."""
    document = read_document("x.yaml", dump_mapping(fields).encode())
    assert document.problems == ()
    assert document.value == fields


@slow
@given(events())
def test_files_keep_the_rules_and_the_instants(event: Event) -> None:
    """Any event's feed and file follow every rule and, read strictly by the RFC, give the right instants."""
    feed, single = files_of(event)
    assert rules.violations(feed.data, "feed") == []
    assert rules.violations(single.data, "single") == []
    for data in (feed.data, single.data):
        (instants_read,) = rfc5545.instants(data).values()
        if isinstance(event.when, AllDay):
            assert (event.when.first, event.when.last + timedelta(days=1)) == (instants_read.start, instants_read.end)
        else:
            assert event.when.start.instant == instants_read.start
            assert (event.when.end.instant if event.when.end else None) == instants_read.end


@slow
@given(events())
@example(
    Event(
        id="e",
        uid="u",
        summary=r"C:\New\Now; a, b",
        when=AllDay(date(2027, 1, 1), date(2027, 1, 1)),
        zone=None,
        mark=MARK,
    )
)
def test_reading_a_feed_gives_the_fields_back(event: Event) -> None:
    """Texts come out of the feed as they went in: escaping, folding and encoding change nothing."""
    feed, _ = files_of(event)
    (vevent,) = rfc5545.parse(feed.data).children("VEVENT")
    assert vevent.one("UID").text() == event.uid
    assert vevent.one("SUMMARY").text().endswith(event.summary)
    if event.venue is not None:
        assert vevent.one("LOCATION").text() == event.venue.name
    if event.categories:
        assert tuple(vevent.one("CATEGORIES").texts()) == event.categories
    if event.venue is not None and event.venue.geo is not None:
        latitude, longitude = (float(part) for part in vevent.one("GEO").value.split(";"))
        assert abs(latitude - event.venue.geo[0]) < 1e-6
        assert abs(longitude - event.venue.geo[1]) < 1e-6


@slow
@given(st.text(st.sampled_from("\u00a0\u2003\x0bab .,:;'\"()/?=%\n\t€õ"), max_size=120))
def test_shortcut_for_text_without_markup(text: str) -> None:
    """The shortcut for text without Markdown's punctuation gives the same result as the parser."""
    if not _MARKUP.search(text):
        assert to_plain(text) == _blocks(_parser().parse(text))
        assert to_html(text) == _parser().render(text).strip()


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False))
def test_order_of_files_and_keys_changes_no_byte(rng: random.Random) -> None:
    """The same events in different files, in a different order and with shuffled keys give the same bytes."""
    items = [
        {"id": f"event-{n}", "summary": f"Event {n}", "start": f"2027-0{1 + n % 9}-1{n % 3} 18:00", "end": "20:00",
         "venue": "hub", "description": "Some *text*"}
        for n in range(12)
    ]  # fmt: skip
    plain = _render(items, ["all"] * len(items))
    rng.shuffle(items)
    shuffled = [dict(rng.sample(sorted(item.items()), len(item))) for item in items]
    assert plain == _render(shuffled, [rng.choice(["a", "b/c", "d/e/f"]) for _ in items])


def _render(items: list[dict[str, str]], homes: list[str]) -> dict[str, bytes]:
    by_file: dict[str, str] = {}
    for item, home in zip(items, homes, strict=True):
        body = dump_mapping(item).replace("\n", "\n  ").rstrip()
        by_file[f"{home}.yaml"] = by_file.get(f"{home}.yaml", "") + f"- {body}\n"
    with TemporaryDirectory() as folder:
        root = write_files(Path(folder) / "events", {"calendar.yaml": CALENDAR, "venues.yaml": VENUES, **by_file})
        return {artifact.path: artifact.data for artifact in render(load(root), now=LATER)}
