"""calfeed.formats.ics: events as readers find them in files."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from readers import icaljs
from support.projects import CALENDAR, NOW, write_files

from calfeed.pipeline.build import build


@pytest.mark.node
def test_order_is_read_right(tmp_path: Path) -> None:
    """ical.js reads several times a day, and several months, in any order."""
    events = {
        "times.yaml": "summary: X\nstart: 2027-01-05 08:00\nduration: 10m\nrrule: FREQ=DAILY;BYHOUR=20,8,12;COUNT=6\n",
        "months.yaml": "summary: X\nstart: 2027-02-05 08:00\nduration: 10m\n"
        "rrule: FREQ=YEARLY;BYMONTH=10,2;BYMONTHDAY=5;COUNT=4\n",
    }
    root = write_files(tmp_path / "events", {"calendar.yaml": CALENDAR.replace("Tallinn", "London"), **events})
    build(root, tmp_path / "dist", now=NOW)
    paths = [tmp_path / "dist" / "events" / name for name in ("times.ics", "months.ics")]
    answers = icaljs.expand(paths, 10, seconds=5)
    starts = [[f"{start:%m-%dT%H}" for start in answers[path] if isinstance(start, datetime)] for path in paths]
    assert starts == [
        ["01-05T08", "01-05T12", "01-05T20", "01-06T08", "01-06T12", "01-06T20"],
        ["02-05T08", "10-05T07", "02-05T08", "10-05T07"],
    ]
