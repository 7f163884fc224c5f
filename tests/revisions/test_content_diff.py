"""calfeed.revisions.content_diff: what counts as the same content, and its fields as text."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.projects import load_event

from calfeed.revisions.content import content_of
from calfeed.revisions.content_diff import (
    facts_of,
    format_times,
    has_same_dates,
    is_same_but_for_law,
    is_same_content,
)

WEEKLY = "summary: Talk\nstart: 2027-05-18 18:00\nduration: 1h\nrrule: FREQ=WEEKLY;COUNT=3\n"


def test_times_are_local_with_offset_and_zone(tmp_path: Path) -> None:
    """A time is one text of local time, offset and zone; a whole day is a date; an unknown end is None."""
    event = load_event(tmp_path / "timed", "summary: Talk\nstart: 2027-05-18 18:00\n")
    assert format_times(event.when) == ("2027-05-18T18:00:00+03:00[Europe/Tallinn]", None)
    days = load_event(tmp_path / "days", "summary: Days\nstart: 2027-06-05\nend: 2027-06-07\n")
    assert format_times(days.when) == ("2027-06-05", "2027-06-07")


def test_facts_of_a_series(tmp_path: Path) -> None:
    """The times come first, and each override has its own entry."""
    event = load_event(tmp_path, f"{WEEKLY}overrides: [{{recurrence_id: 2027-05-25, summary: Other}}]\n")
    facts = facts_of(content_of(event))
    assert list(facts) == ["start", "end", "summary", "status", "rrule", "override 2027-05-25T18:00:00", "offsets"]
    assert facts["override 2027-05-25T18:00:00"].endswith("; summary: Other; status: confirmed")


def test_fields_of_later_versions_have_a_text(tmp_path: Path) -> None:
    """A key that this version does not know is shown unchanged."""
    content = content_of(load_event(tmp_path, "summary: Days\nstart: 2027-06-05\n"))
    facts = facts_of({**content, "speakers": ["a", "b"], "free": True, "price": {"amount": 5}})
    assert (facts["speakers"], facts["free"], facts["price"]) == ("a, b", "yes", "{'amount': 5}")


@pytest.mark.parametrize("key", ["url", "online"])
def test_earlier_spelling_is_the_same(key: str) -> None:
    """An address that only calfeed spells differently is the same, also in an override or an organizer."""
    before, after = {key: "https://strasse.de/"}, {key: "https://xn--strae-oqa.de/"}
    assert is_same_content({**before}, {**after})
    assert is_same_content({"overrides": [before]}, {"overrides": [after]})
    organizers = [{"name": "We", "url": url} for url in ("https://strasse.de/", "https://xn--strae-oqa.de/")]
    assert is_same_content({"organizer": organizers[0]}, {"organizer": organizers[1]})
    assert not is_same_content({**after}, {**before})


def test_law_alone_moves_instants(tmp_path: Path) -> None:
    """Contents that differ only in instants are the same except for the law; different wall times are not."""
    content = content_of(load_event(tmp_path, WEEKLY))
    moved = {**content, "start_utc": "2027-05-18T16:00:00Z", "end_utc": "2027-05-18T17:00:00Z", "offsets": ["x"]}
    assert is_same_but_for_law(content, moved)
    assert not has_same_dates(content, moved)
    assert not is_same_but_for_law(content, {**content, "start": "2027-05-18T19:00:00"})


def test_other_words_are_the_same_dates(tmp_path: Path) -> None:
    """Changes that are not about time change no dates."""
    content = content_of(load_event(tmp_path, WEEKLY))
    assert has_same_dates(content, {**content, "summary": "Walk", "status": "cancelled"})
