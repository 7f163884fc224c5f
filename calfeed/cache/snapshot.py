"""Record what a build read and reported, so that the next one can quickly find that there is nothing to do.

A snapshot contains the size, times and inode number of every file that was read and of every file in DIST, like git's
index. If all are unchanged, with the same calfeed and options, the answer is the same: nothing to write, and the same
warnings. A snapshot is never published and can be deleted at any time.
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

from calfeed.cache.rows import RowCodec
from calfeed.cache.versions import fingerprint
from calfeed.diagnostics.problem import Problem
from calfeed.output.state import JOURNAL, STAGING, UNREADABLE, read_checked, state_of, write_checked
from calfeed.paths import real_path
from calfeed.source.folder import find_files
from calfeed.stamp import FileStamp, Row, is_unchanged, row_of

_FILE = "snapshot"
_VERSION = 2
_PROBLEMS = RowCodec(Problem)
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")  # Linux only


@dataclass(frozen=True, slots=True)
class Answer:
    """What a build reported: the number of events and feeds, the calendar's `url`, and the warnings."""

    events: int
    feeds: int
    url: str | None
    problems: tuple[Problem, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """What a build read and reported.

    Attributes:
        key: a hash of its inputs other than the files (`key_of`).
        read_since: the time on the file system's clock before the first source was examined.
        sources: the files that the build read.
        written_since: the time on the same clock before DIST was last examined.
        files: the files of DIST.
        answer: what the build reported.
    """

    key: str
    read_since: int
    sources: tuple[FileStamp, ...]
    written_since: int
    files: tuple[FileStamp, ...]
    answer: Answer


@dataclass(frozen=True, slots=True)
class Recalled:
    """The answer of the last build, which still holds, and the paths of the files in DIST."""

    answer: Answer
    files: tuple[str, ...]


def key_of(source: Path, *, base_url: str | None, site: bool) -> str:
    """Return a hash of the build's options and of the software that runs it."""
    # A power cut may damage files of DIST that look unchanged. So after a reboot, every byte is compared.
    boot_id = _BOOT_ID.read_text("ascii") if _BOOT_ID.exists() else ""
    inputs = [_VERSION, fingerprint(), boot_id, str(source), str(real_path(source)), base_url, site]
    return sha256(json.dumps(inputs).encode()).hexdigest()


def write_snapshot(state: Path, snapshot: Snapshot) -> None:
    """Write the snapshot to the state folder. A failure is ignored: builds work without it."""
    write_checked(state / _FILE, _parts(snapshot))


def _parts(snapshot: Snapshot) -> Iterator[bytes]:
    """Yield the snapshot as JSON, file by file, because little memory is left at the end of a large build."""
    content = {
        "key": snapshot.key,
        "read_since": snapshot.read_since,
        "written_since": snapshot.written_since,
        "events": snapshot.answer.events,
        "feeds": snapshot.answer.feeds,
        "url": snapshot.answer.url,
        "problems": [_PROBLEMS.row_of(problem) for problem in snapshot.answer.problems],
    }
    yield json.dumps(content)[:-1].encode()
    for name, files in (("sources", snapshot.sources), ("files", snapshot.files)):
        yield f', "{name}": ['.encode()
        for number, stamp in enumerate(files):
            yield f"{', ' if number else ''}{json.dumps(row_of(stamp))}".encode()
        yield b"]"
    yield b"}"


def recall(source: Path, target: Path, *, base_url: str | None, site: bool) -> Recalled | None:
    """Return the last build's answer if nothing has changed since; None if something has or may have.

    Args:
        source: the folder of events.
        target: DIST.
        base_url: where DIST will be published, if not at the calendar's `url`.
        site: whether web pages are built.
    """
    state = state_of(target)
    is_linked = state.parent.is_symlink() or state.is_symlink()
    if is_linked or any(os.path.lexists(state / name) for name in (JOURNAL, STAGING)):
        return None
    # An unreadable or invalid snapshot, or a file that vanishes, means there is no answer.
    with suppress(*UNREADABLE):
        content = json.loads(bytes(read_checked(state / _FILE)))
        if content["key"] == key_of(source, base_url=base_url, site=site) and _still_holds(content, source, target):
            problems = tuple(map(_PROBLEMS.read, content["problems"]))
            answer = Answer(int(content["events"]), int(content["feeds"]), content["url"], problems)
            return Recalled(answer, tuple(str(row[0]) for row in content["files"]))
    return None


def _still_holds(content: Mapping[str, Any], source: Path, target: Path) -> bool:
    folder = find_files(source)
    source_paths = {row[0] for row in content["sources"]}
    device = state_of(target).stat().st_dev
    return (
        not folder.problems
        and source_paths.issuperset(folder.files)
        and _are_unchanged(str(source), content["sources"], content["read_since"], device)
        and _are_unchanged(str(real_path(target)), content["files"], content["written_since"], device)
    )


def _are_unchanged(root: str, rows: Iterable[Row], since: int, device: int) -> bool:
    return all(is_unchanged(root, row, since, device) for row in rows)
