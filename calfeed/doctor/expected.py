"""What a published manifest promises: its files, their bytes, and the times of their events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TypeAlias

from calfeed.limits.json_size import read_json

Times: TypeAlias = "tuple[str, str | None]"
"""Start and end of an event: UTC (`2027-05-18T15:00:00Z`), or the first and the last day; an unknown end is None."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Promise:
    """The part of a manifest that can be compared with what is published; paths are relative to it."""

    generator: str
    feeds: tuple[str, ...]
    singles: tuple[str, ...]
    hashes: Mapping[str, str]
    events: Mapping[str, Mapping[str, Times]]
    """The events of each file by UID."""


def read_promise(data: bytes) -> Promise:
    """Return what the manifest in `data` promises.

    Raises:
        ValueError: it is not a calfeed manifest.
    """
    try:
        content = read_json(data)
        paths = {str(feed["slug"]): _path(feed["path"]) for feed in content["feeds"]}
        events: dict[str, dict[str, Times]] = {path: {} for path in paths.values()}
        for event in content["events"]:
            for path in (_path(event["path"]), *(paths[slug] for slug in event["feeds"])):
                for piece in event.get("pieces", [event]):
                    events.setdefault(path, {})[str(piece["uid"])] = _times(piece, is_all_day=event["all_day"])
        return Promise(
            generator=str(content["generator"]),
            feeds=tuple(paths.values()),
            singles=tuple(_path(event["path"]) for event in content["events"]),
            hashes={str(path): str(file["sha256"]) for path, file in content["files"].items()},
            events=events,
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as cause:
        raise ValueError("not a calfeed manifest") from cause


def _path(written: object) -> str:
    """Return a path below the manifest; refuse one that leads elsewhere."""
    path = PurePosixPath(str(written))
    if not path.parts or path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        raise ValueError(written)
    return str(path)


def _times(event: Mapping[str, object], *, is_all_day: bool) -> Times:
    keys = ("start", "end") if is_all_day else ("start_utc", "end_utc")
    start, end = (event[key] for key in keys)
    return str(start), None if end is None else str(end)
