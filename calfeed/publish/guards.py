"""Refuse what must not be published: a different calendar, an outdated build, or paths that calfeed never writes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NoReturn

from calfeed.diagnostics.problem import Mark, OutputError, list_some, problem_at
from calfeed.editions.manifest import MANIFEST, Manifest
from calfeed.editions.output_paths import is_output_path
from calfeed.revisions.revise import Published, may_be_ahead
from calfeed.values.ids import MAX_SEQUENCE

MAX_LISTED = 5
"""How many names a message lists."""


def check_calendar(ours: Manifest, theirs: Manifest, place: str) -> None:
    """Refuse to replace a calendar with a different one.

    Args:
        ours: the manifest to publish.
        theirs: the manifest that is published.
        place: how messages name the place.

    Raises:
        OutputError: a different calendar is published there.
    """
    if ours.id != theirs.id:
        message = f"another calendar is published here: `{theirs.id}`, not `{ours.id}`"
        hint = "choose another place; if the new id is intended, add --allow-new-id"
        forbid(place, "other-calendar", message, hint)


def check_revisions(ours: Manifest, theirs: Manifest, place: str, now: datetime) -> None:
    """Refuse a build that is not based on what is published: it would undo what others have published since.

    Args:
        ours: the manifest to publish.
        theirs: the manifest that is published.
        place: how messages name the place.
        now: events that are over in every time zone by this time may be missing.

    Raises:
        OutputError: the build is not based on it.
    """
    behind = [uid for uid, here in ours.events.items() if uid in theirs.events and _is_behind(here, theirs.events[uid])]
    # An event that left and came back must continue from its last number, or subscribers ignore it.
    behind += [uid for uid, old in theirs.retired.items() if _sequence_of(uid, ours) < old.sequence]
    # A calendar's new id gives its events new UIDs. Otherwise, a build that changes a UID still knows the old one.
    renamed = frozenset[str]() if ours.id == theirs.id else frozenset(item.id for item in ours.events.values())
    lost = [uid for uid, it in theirs.events.items() if it.id not in renamed and not _is_known(uid, it, ours)]
    unknown = [uid for uid in lost if may_be_ahead(theirs.events[uid], now)]
    if behind or unknown:
        names = list_some(behind or unknown, MAX_LISTED)
        reason = f"has other revisions of {names}" if behind else f"does not know {names}"
        message = f"this build is not based on what is published here: it {reason}"
        hint = f"build again with the published manifest as --baseline ({file_at(place, MANIFEST)}), and publish that"
        forbid(place, "newer-published", message, hint)


def check_paths(paths: Iterable[str], place: str) -> None:
    """Refuse a list that contains a file no build makes: publishing would overwrite or delete it.

    Raises:
        OutputError: the list contains such a file.
    """
    for path in paths:
        if not is_output_path(path):
            message = f"`{path}` is listed here, but calfeed cannot have written it"
            forbid(place, "bad-manifest", message, "restore a good copy")


def file_at(place: str, path: str) -> str:
    """Return the name of a file at a place, for messages."""
    return f"{place.rstrip('/')}/{path}"


def forbid(place: str, code: str, message: str, hint: str) -> NoReturn:
    """Refuse to publish.

    Raises:
        OutputError: always.
    """
    raise OutputError([problem_at(Mark(path=place), code, message, hint)])


def _is_known(uid: str, there: Published, ours: Manifest) -> bool:
    """Return whether our build knows what became of a published event."""
    return uid in ours.events or (uid in ours.retired and ours.retired[uid].sequence >= there.revision.sequence)


def _sequence_of(uid: str, manifest: Manifest) -> int:
    """Return the last number of a UID; if the manifest does not know the UID, the highest number."""
    item = manifest.events.get(uid)
    return MAX_SEQUENCE if item is None else item.revision.sequence


def _is_behind(here: Published, there: Published) -> bool:
    if here.revision.sequence != there.revision.sequence:
        return here.revision.sequence < there.revision.sequence
    is_same = here.fingerprint == there.fingerprint or here.content == there.content
    return not is_same or here.revision.last_modified < there.revision.last_modified
