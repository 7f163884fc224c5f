"""What a build saw and said, so that the next one can tell at a glance that there is nothing to do.

A snapshot holds the size, times and number of every file that was read and of every file of DIST, as git's index does.
Where all are as they were, by the same calfeed with the same options, the answer is the same: nothing to write, and the
warnings again. It is never published, and can be deleted at any time.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from calfeed.cache.versions import fingerprint
from calfeed.diagnostics.problem import Problem
from calfeed.output.state import (
    JOURNAL,
    STAGING,
    UNREADABLE,
    problem_of,
    read_checked,
    row_of_problem,
    state_of,
    write_checked,
)
from calfeed.source.folder import find_files
from calfeed.stamp import FileStamp, Row, is_unchanged, row_of

_FILE = "snapshot"
_VERSION = 1
_START = Path("/proc/sys/kernel/random/boot_id")  # of Linux


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
    sources: tuple[FileStamp, ...]
    written_since: int
    files: tuple[FileStamp, ...]
    answer: Answer


def key_of(source: Path, *, base_url: str | None, site: bool) -> str:
    """Return a hash of what a build is asked for, and of what it is done with."""
    # A power cut may tear files of DIST that look as they did. So after a start of the system every byte is compared.
    start = _START.read_text("ascii") if _START.exists() else ""
    asked = [_VERSION, fingerprint(), start, str(source), os.path.realpath(source), base_url, site]
    return sha256(json.dumps(asked).encode()).hexdigest()


def write_snapshot(state: Path, snapshot: Snapshot) -> None:
    """Write the snapshot into the folder of the state, or none where that fails."""
    write_checked(state / _FILE, _parts(snapshot))


def _parts(snapshot: Snapshot) -> Iterator[bytes]:
    """Yield the snapshot as JSON, file by file: at the end of a large build there is not much room."""
    content = {
        "key": snapshot.key,
        "read_since": snapshot.read_since,
        "written_since": snapshot.written_since,
        "events": snapshot.answer.events,
        "feeds": snapshot.answer.feeds,
        "problems": [row_of_problem(problem) for problem in snapshot.answer.problems],
    }
    yield json.dumps(content)[:-1].encode()
    for name, files in (("sources", snapshot.sources), ("files", snapshot.files)):
        yield f', "{name}": ['.encode()
        for number, each in enumerate(files):
            yield f"{', ' if number else ''}{json.dumps(row_of(each))}".encode()
        yield b"]"
    yield b"}"


def recall(source: Path, target: Path, *, base_url: str | None, site: bool) -> Answer | None:
    """Return what the last build said, if there is nothing to do since; None where there may be, or nobody knows.

    Args:
        source: the folder of events.
        target: DIST.
        base_url: where DIST will be published, if not at the calendar's `url`.
        site: whether there are web pages.
    """
    state = state_of(target)
    is_linked = state.parent.is_symlink() or state.is_symlink()
    if is_linked or any(os.path.lexists(state / name) for name in (JOURNAL, STAGING)):
        return None
    # A snapshot that cannot be read or is none, and files that vanish: all the same to us.
    with suppress(*UNREADABLE):
        content = json.loads(bytes(read_checked(state / _FILE)))
        if content["key"] == key_of(source, base_url=base_url, site=site) and _is_as_it_was(content, source, target):
            problems = tuple(map(problem_of, content["problems"]))
            return Answer(int(content["events"]), int(content["feeds"]), problems)
    return None


def _is_as_it_was(content: Mapping[str, Any], source: Path, target: Path) -> bool:
    folder = find_files(source)
    named = {row[0] for row in content["sources"]}
    device = state_of(target).stat().st_dev
    return (
        not folder.problems
        and named.issuperset(folder.files)
        and _are_as_they_were(str(source), content["sources"], content["read_since"], device)
        and _are_as_they_were(os.path.realpath(target), content["files"], content["written_since"], device)
    )


def _are_as_they_were(root: str, rows: Iterable[Row], since: int, device: int) -> bool:
    return all(is_unchanged(root, row, since, device) for row in rows)
