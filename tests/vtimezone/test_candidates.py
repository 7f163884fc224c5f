"""calfeed.vtimezone.candidates: possible descriptions of a zone for series that the current law would misplace."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from calfeed.vtimezone.candidates import guesses, listed

HOUR = timedelta(hours=1)


def test_one_offset_is_the_first_guess() -> None:
    """Series with the same offset throughout need no clock change."""
    (part,) = next(guesses("Europe/Berlin", [HOUR], [datetime(1985, 6, 3, 16, tzinfo=UTC)]))
    assert (part.name, part.offset_from, part.offset_to, part.rule) == ("+01", HOUR, HOUR, None)


def test_rules_are_guessed_from_nearby_changes() -> None:
    """Until 1995 summer time in Berlin ended on the last Sunday of September."""
    candidates = guesses("Europe/Berlin", [HOUR, 2 * HOUR], [datetime(1985, 6, 3, 16, tzinfo=UTC)])
    rules = {(part.rule.month, part.rule.week) for parts in candidates for part in parts if part.rule}
    assert {(3, -1), (9, -1)} <= rules


def test_listed_changes_end_in_the_current_law() -> None:
    """Each change within the span has its date; the current law follows as yearly rules."""
    parts = listed("Europe/Berlin", [(datetime(1994, 6, 1, tzinfo=UTC), datetime(1995, 12, 1, tzinfo=UTC))])
    assert [part.onset.date().isoformat() for part in parts if part.onset.year > 1993] == [
        "1994-09-25",
        "1995-03-26",
        "1995-09-24",
    ]
    assert [part.since for part in parts if part.rule] == [1996, 1996]
