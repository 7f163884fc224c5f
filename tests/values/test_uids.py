"""UIDs that were published elsewhere: any text is published and read back unchanged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from readers import icaljs, pyreader, rules
from support.commands import run
from support.projects import CALENDAR, LATER, write_files

from calfeed.diagnostics.problem import InvalidValue
from calfeed.values.ids import read_published_uid, read_uid

UIDS = [
    "20160301T101500Z-4711@old-museum.example",
    "open days 2017",
    "two  spaces,; and a \\ and a \\n",
    "{40E6215D-B5C6-4896} <a@b> \"quoted\" 'so' #1: yes",
    "õhtu ☃ 夜 👩\u200d💻",
    "x" * 255,
    "õ" * 127,
]


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the output of a build of one event for each UID."""
    root = tmp_path_factory.mktemp("uids")
    event = "- {{id: e{}, summary: E, start: 2027-05-18, uid: {}}}\n"
    text = "".join(event.format(number, json.dumps(uid, ensure_ascii=False)) for number, uid in enumerate(UIDS))
    write_files(root / "events", {"calendar.yaml": CALENDAR, "all.yaml": text})
    result = run("build", str(root / "events"), "-o", str(root / "dist"))
    assert result.exit_code == 0, result.stderr
    return root / "dist"


def test_uids_are_read_back(dist: Path) -> None:
    """Readers get every UID as written, and the file breaks no rule."""
    assert sorted(reading.uid for reading in pyreader.read_icalendar(dist / "test.ics")) == sorted(UIDS)
    assert rules.violations((dist / "test.ics").read_bytes(), "feed") == []
    again = run("build", str(dist.parent / "events"), "-o", str(dist), now=LATER)
    assert "is up to date" in again.stdout


@pytest.mark.node
def test_uids_are_read_back_by_ical_js(dist: Path) -> None:
    """ical.js gets every UID as written."""
    readings = icaljs.read([dist / "test.ics"])[dist / "test.ics"]
    assert sorted(reading.uid for reading in readings) == sorted(UIDS)


@pytest.mark.parametrize(
    ("uid", "reason"),
    [
        ("", "the uid is empty"),
        ("  ", "the uid is empty"),
        (" x", "the uid begins or ends with a space"),
        ("x\u00a0", "the uid begins or ends with a space"),
        ("x" * 256, "the uid has 256 octets"),
        ("õ" * 128, "the uid has 256 octets"),
        ("a\nb", "the uid contains the unprintable character U+000A"),
        ("a\tb", "the uid contains the unprintable character U+0009"),
        ("a\u2028b", "the uid contains the unprintable character U+2028"),
        ("a\x85b", "the uid contains the unprintable character U+0085"),
        ("a\x1bb", "the uid contains the unprintable character U+001B"),
        ("a\u202eb", "the uid contains the unprintable character U+202E"),
    ],
)
def test_invalid_uids_are_refused(uid: str, reason: str) -> None:
    """A UID that does not fit on a line, that programs cut off, or that nobody can copy is refused."""
    with pytest.raises(InvalidValue) as refusal:
        read_uid(uid)
    assert refusal.value.message == reason
    assert refusal.value.hint


def test_longer_published_uids_can_be_read() -> None:
    """An event that an earlier calfeed published with a longer UID can still be removed."""
    assert read_published_uid("õ" * 255) == "õ" * 255
