"""What a build saw and said, so that the next one can tell at a glance that there is nothing to do.

A snapshot holds the size, times and number of every file that was read and of every file of DIST, as git's index does.
Where all are as they were, by the same calfeed with the same options, the answer is the same: nothing to write, and the
warnings again. It lies in `.calfeed/<name of DIST>/` beside DIST, is never published, and can be deleted at any time.

It is believed only for the very files it speaks of. When a file was last changed, and its number, are given by the file
system; nobody who brings a snapshot along, with a pull request say, can know them beforehand.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias

from calfeed.errors import Mark, Problem, Severity
from calfeed.folder import find_files
from calfeed.versions import fingerprint

STATE = ".calfeed"
JOURNAL, STAGING, SNAPSHOT = "journal.json", "staging", "snapshot.json"
_DRAFT, _CLOCK = "snapshot.draft", "clock"
_VERSION = 1
_Row: TypeAlias = "Sequence[Any]"  # of a `Seen`, as JSON has it

# A file changed twice within one tick of the file system's clock has one time for both. Ticks are 10 ms at most, but
# for file systems that keep whole seconds, or every other.
_TICK, _COARSE_TICK = 20_000_000, 2_500_000_000
_COARSE = 10_000_000


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it was: its path, what the file system said of it, and the hash of its bytes."""

    path: str
    size: int
    modified: int
    changed: int
    number: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a build said of the sources: how many events and feeds they hold, and the warnings."""

    events: int
    feeds: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """What a build saw and said.

    Attributes:
        key: what it was asked for (`key_of`).
        read_since: the clock of the file system before the first source was looked at.
        sources: the files it read.
        written_since: that clock before the last look at DIST.
        files: the files of DIST.
        answer: what it said.
    """

    key: str
    read_since: int
    sources: tuple[Seen, ...]
    written_since: int
    files: tuple[Seen, ...]
    answer: Answer


def state_of(target: Path) -> Path:
    """Return the folder beside DIST in which builds keep lock, journal and snapshot."""
    # realpath, unlike Path.resolve, takes a loop of links for what it is: a path that leads nowhere.
    root = Path(os.path.realpath(target))
    return root.parent / STATE / root.name


def seen(path: str, found: os.stat_result, digest: str) -> Seen:
    """Return how a file is, by what the file system says of it and the hash of its bytes."""
    return Seen(path, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, digest)


def key_of(source: Path, *, base_url: str | None, site: bool) -> str:
    """Return a hash of what a build is asked for, and of what it is done with."""
    asked = [_VERSION, fingerprint(), str(source), os.path.realpath(source), base_url, site]
    return sha256(json.dumps(asked).encode()).hexdigest()


def clock_of(state: Path) -> int:
    """Return what time it is by the clock of the file system, in nanoseconds.

    Raises:
        OSError: no file can be made in the folder of the state.
    """
    probe = state / _CLOCK
    probe.unlink(missing_ok=True)
    with probe.open("xb"):
        now = probe.stat().st_mtime_ns
    probe.unlink()
    return now


# -- writing ----------------------------------------------------------------------------------------------------


def write_snapshot(state: Path, snapshot: Snapshot) -> None:
    """Write the snapshot, or none where that fails: it is a help and no more."""
    content = {
        "key": snapshot.key,
        "read_since": snapshot.read_since,
        "written_since": snapshot.written_since,
        "events": snapshot.answer.events,
        "feeds": snapshot.answer.feeds,
        "problems": [_problem(problem) for problem in snapshot.answer.problems],
        "sources": [_row(each) for each in snapshot.sources],
        "files": [_row(each) for each in snapshot.files],
    }
    draft = state / _DRAFT
    with suppress(OSError):
        try:
            draft.unlink(missing_ok=True)
            with draft.open("xb") as file:
                file.write(json.dumps(content).encode())
            draft.replace(state / SNAPSHOT)
        finally:
            draft.unlink(missing_ok=True)


def _row(each: Seen) -> _Row:
    return each.path, each.size, each.modified, each.changed, each.number, each.sha256


def _problem(problem: Problem) -> list[object]:
    marks = [astuple(mark) for mark in (problem.mark, *problem.related)]
    return [problem.severity.value, problem.code, problem.message, problem.hint, marks]


# -- reading ----------------------------------------------------------------------------------------------------


def recall(source: Path, target: Path, *, base_url: str | None, site: bool) -> Answer | None:
    """Return what the last build said, if there is nothing to do since; None where there may be, or nobody knows.

    Args:
        source: the folder of events.
        target: DIST.
        base_url: where DIST will be published, if not at the calendar's `url`.
        site: whether there are web pages.
    """
    state = state_of(target)
    links = (state.parent, state, state / SNAPSHOT)
    if any(path.is_symlink() for path in links) or any(os.path.lexists(state / name) for name in (JOURNAL, STAGING)):
        return None
    # A snapshot that cannot be read or is none, and files that vanish: all the same to us.
    with suppress(OSError, ValueError, LookupError, TypeError, RecursionError):
        content = json.loads((state / SNAPSHOT).read_bytes())
        if content["key"] == key_of(source, base_url=base_url, site=site) and _is_as_it_was(content, source, target):
            return _read_answer(content)
    return None


def _is_as_it_was(content: Mapping[str, Any], source: Path, target: Path) -> bool:
    folder = find_files(source)
    named = {row[0] for row in content["sources"]}
    device = state_of(target).stat().st_dev
    return (
        not folder.problems
        and named.issuperset(folder.files)
        and _are_as_they_were(source, content["sources"], content["read_since"], device)
        and _are_as_they_were(Path(os.path.realpath(target)), content["files"], content["written_since"], device)
    )


def _are_as_they_were(root: Path, rows: Iterable[_Row], since: int, device: int) -> bool:
    """Tell whether files are the very files they were, and nobody has written to them."""
    for path, size, modified, changed, number, digest in rows:
        where = os.path.join(root, path)
        found = os.lstat(where)
        is_like = found.st_size == size and found.st_mtime_ns == modified and found.st_ctime_ns == changed
        if not is_like or found.st_ino != number or not stat.S_ISREG(found.st_mode):
            return False
        tick = _COARSE_TICK if modified % _COARSE == changed % _COARSE == 0 else _TICK
        # Another device has another clock.
        is_settled = max(modified, changed) + tick < since and found.st_dev == device
        if not is_settled and sha256(Path(where).read_bytes()).hexdigest() != digest:
            return False
    return True


def _read_answer(content: Mapping[str, Any]) -> Answer:
    return Answer(int(content["events"]), int(content["feeds"]), tuple(map(_read_problem, content["problems"])))


def _read_problem(row: _Row) -> Problem:
    severity, code, message, hint, marks = row
    mark, *related = (
        Mark(path=str(path), line=int(line), column=int(column), end_column=int(end), text=str(text))
        for path, line, column, end, text in marks
    )
    return Problem(
        mark=mark,
        code=str(code),
        message=str(message),
        hint=str(hint),
        severity=Severity(severity),
        related=tuple(related),
    )
