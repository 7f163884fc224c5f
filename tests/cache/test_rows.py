"""calfeed.cache.rows: values of the model as JSON rows, by the types of their fields."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest

from calfeed.cache.rows import RowCodec
from calfeed.model import AllDay, Status, Timed, ZonedTime


@dataclass(frozen=True)
class Everything:
    """A dataclass with every kind of field that the model has."""

    text: str
    number: int
    flag: bool
    maybe: date | None
    status: Status
    pairs: tuple[tuple[str, int], ...]
    when: AllDay | Timed
    beside: object = None


CODEC = RowCodec(Everything, without=("beside",))
TIME = ZonedTime(datetime(2027, 5, 18, 18), "Europe/Tallinn", datetime(2027, 5, 18, 15, tzinfo=UTC))  # noqa: DTZ001
VALUES = [
    Everything("a", 1, True, None, Status.TENTATIVE, (), AllDay(date(2027, 5, 18), date(2027, 5, 19))),
    Everything("", 0, False, date(2027, 1, 2), Status.CONFIRMED, (("x", 1), ("y", 2)), Timed(TIME, None)),
    Everything("ä", -1, True, None, Status.CANCELLED, (), Timed(TIME, TIME)),
]


@pytest.mark.parametrize("value", VALUES)
def test_values_come_back(value: Everything) -> None:
    """A value that went through JSON equals the original; the caller adds fields that rows lack."""
    row = json.loads(json.dumps(CODEC.row_of(value)))
    assert CODEC.read(row, beside=None) == value
    assert CODEC.read(row, beside="given").beside == "given"


@pytest.mark.parametrize(
    ("place", "foreign"),
    [(0, 7), (0, None), (1, True), (1, "1"), (2, 1), (3, "yesterday"), (4, "secret"), (5, [["x"]]), (6, [2, []])],
)
def test_rows_of_other_types_are_refused(place: int, foreign: object) -> None:
    """A row is read only as the declared types, because it may come from anybody."""
    row = CODEC.row_of(VALUES[1])
    row[place] = foreign
    with pytest.raises((LookupError, TypeError, ValueError)):
        CODEC.read(row, beside=None)


@pytest.mark.parametrize("length", [0, 6, 8])
def test_rows_of_another_length_are_refused(length: int) -> None:
    """A row with more or fewer fields, as written by another version, is refused."""
    with pytest.raises((LookupError, TypeError, ValueError)):
        CODEC.read([*CODEC.row_of(VALUES[0]), None][:length], beside=None)
