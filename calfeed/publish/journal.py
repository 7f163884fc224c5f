"""The journals of publishing runs: which files at a place are in doubt, and which run says so.

Each run has a random token that names its own journal and its own part. Runs at the same time therefore never write to
each other's files or mistake another run's journal for their own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from calfeed.diagnostics.problem import Mark, OutputError, problem_at
from calfeed.limits.json_size import read_json
from calfeed.publish.guards import check_paths

_JOURNAL = re.compile(r"\.calfeed-publish-[0-9a-z]+\.json")
_PART = re.compile(r"\.calfeed-publish-[0-9a-z]+\.part")


def journal_of(token: str) -> str:
    """Return the path where a run lists the files that it may write or delete."""
    return f".calfeed-publish-{token}.json"


def part_of(token: str) -> str:
    """Return the path where a run writes a file before moving it, at places that cannot replace files in one step."""
    return f".calfeed-publish-{token}.part"


def journals_in(paths: Iterable[str]) -> frozenset[str]:
    """Return the paths that are journals, of any run."""
    return frozenset(path for path in paths if _JOURNAL.fullmatch(path))


def parts_in(paths: Iterable[str]) -> frozenset[str]:
    """Return the paths that are parts, of any run."""
    return frozenset(path for path in paths if _PART.fullmatch(path))


def render_journal(paths: Iterable[str]) -> bytes:
    """Return a journal that lists files."""
    return f"{json.dumps({'files': sorted(paths)}, ensure_ascii=False, indent=1)}\n".encode()


def read_journal(data: bytes, place: str) -> frozenset[str]:
    """Return the files that a journal lists.

    Raises:
        OutputError: it is not a journal, or lists a file that no build makes.
    """
    try:
        content = read_json(data)
        paths = frozenset(str(path) for path in content["files"])
    except (ValueError, KeyError, TypeError, RecursionError) as cause:
        message = "this is not a calfeed journal"
        hint = "delete it and everything else that calfeed published here, then publish again"
        raise OutputError([problem_at(Mark(path=place), "bad-journal", message, hint)]) from cause
    check_paths(paths, place)
    return paths
