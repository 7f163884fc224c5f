"""Reading with ical.js, the JavaScript library inside Thunderbird: many files in one run of `icaljs.mjs`.

Needs node and the npm package: `npm install` in this folder (or a folder named in NODE_PATH).
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TypedDict

from .reading import Expansion, Failure, Reading

_SCRIPT = Path(__file__).with_suffix(".mjs")


class _Event(TypedDict):
    uid: str
    recurrenceId: str | None
    start: str
    end: str | None
    allDay: bool


@cache
def available() -> bool:
    """Return whether node is installed and finds ical.js."""
    try:
        return _run([]).returncode == 0
    except FileNotFoundError:
        return False


def read(paths: Sequence[Path], limit: int = 0) -> dict[Path, list[Reading]]:
    """Read all files in one process; a `ValueError` names every file that cannot be read, and why.

    With a `limit`, each series is expanded to at most that many occurrences.
    """
    done = _run(paths, limit)
    if done.returncode != 0:
        raise ValueError(done.stderr.strip())
    events: dict[str, list[_Event]] = json.loads(done.stdout)
    return {path: [_reading(event) for event in events[str(path)]] for path in paths}


def expand(paths: Sequence[Path], limit: int, *, seconds: int) -> dict[Path, Expansion]:
    """Return the starts in each file, at most `limit` for each series, or how ical.js failed on it."""
    done = _run(paths, limit, seconds * 1000)
    done.check_returncode()
    answers: dict[str, list[_Event] | str] = json.loads(done.stdout)
    return {path: _expansion(answers[str(path)]) for path in paths}


def version() -> str:
    """Return the version of ical.js."""
    package = _SCRIPT.parent / "node_modules" / "ical.js" / "package.json"
    return str(json.loads(package.read_text("utf-8"))["version"]) if package.exists() else "unknown"


def _expansion(answer: list[_Event] | str) -> Expansion:
    if isinstance(answer, str):
        return Failure(answer)
    return sorted((_moment(event["start"]) for event in answer), key=str)


def _run(paths: Sequence[Path], limit: int = 0, milliseconds: int = 0) -> subprocess.CompletedProcess[str]:
    names = json.dumps([str(path) for path in paths])
    command = ["node", str(_SCRIPT), str(limit), str(milliseconds)]
    return subprocess.run(command, input=names, capture_output=True, encoding="utf-8", check=False)


def _reading(event: _Event) -> Reading:
    return Reading(
        event["uid"],
        event["recurrenceId"],
        _moment(event["start"]),
        None if event["end"] is None else _moment(event["end"]),
        event["allDay"],
    )


def _moment(value: str) -> datetime | date:
    return datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value)
