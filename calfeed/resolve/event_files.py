"""Resolves files of events into events, and collects their problems and the ids they use.

Other processes can do most of this. Their results, and those that an earlier build cached, are used as if the files had
been read here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, count
from pathlib import Path, PurePosixPath

from calfeed.cache.results import Claim, FileResult, Picture
from calfeed.diagnostics.problem import InvalidValue, Problem, has_errors, problem_at
from calfeed.model import Event
from calfeed.resolve.event import Surroundings, resolve_event
from calfeed.resolve.images import picture_of
from calfeed.series.expand import Effort
from calfeed.series.pieces import pieces_of, shared_uid_problem
from calfeed.source.defaults import Defaults, Inherited
from calfeed.source.entries import Place, Read, read_entry
from calfeed.source.nodes import Value
from calfeed.source.reader import Reader
from calfeed.source.schema import EventEntry
from calfeed.source.yaml import Document
from calfeed.values import ids


@dataclass(frozen=True, slots=True)
class FileContext:
    """The context for reading files of events, in this process or another.

    Attributes:
        root: the absolute path of the folder of events, because processes may have different working directories.
        display_root: the folder's path as shown in problems.
        defaults: the defaults of its folders.
        around: what events may refer to.
    """

    root: Path
    display_root: Path
    defaults: Defaults
    around: Surroundings


def read_files(context: FileContext, paths: Sequence[str]) -> tuple[FileResult | None, ...]:
    """Return the result for each file, read independently of the others.

    None means that the file must be read together with the others, because a hint may depend on their ids.

    Args:
        context: the context for reading the files.
        paths: the files, relative to the folder.
    """
    return tuple(_read_alone(context, path) for path in paths)


def _read_alone(context: FileContext, path: str) -> FileResult | None:
    result = read_file(path, Reader(context.root, context.display_root), context.defaults, context.around, FreeIds())
    is_sound = result.are_all and not has_errors(result.problems)
    return result if is_sound else None


def read_file(path: str, reader: Reader, defaults: Defaults, around: Surroundings, ids: FreeIds) -> FileResult:
    """Return the result of reading a file of events.

    Args:
        path: the file, relative to the folder of events.
        reader: reads files of that folder.
        defaults: the defaults of its folders.
        around: what events may refer to.
        ids: the ids used so far; the ids of this file are added.
    """
    document = reader.document(path)
    last_read = reader.files[-1:]
    file = _File(reader, around, ids, list(document.problems))
    inherited = defaults.of(path)
    events = [file.read_event(*entry, inherited) for entry in file.split(document, path)]
    return FileResult(
        stamp=last_read[0] if last_read and last_read[0].path == path else None,
        events=tuple(event for event in events if event is not None),
        claims=tuple(file.claims),
        problems=tuple(file.problems),
        pictures=tuple(file.pictures),
    )


class FreeIds:
    """Proposes unused ids. `taken` holds the ids of the events read so far."""

    def __init__(self) -> None:
        self.taken: set[str] = set()
        self._first_free: dict[str, int] = {}

    def propose(self, summary: str) -> str:
        """Return a free id for an event with this summary; numbers known to be taken are not tried again."""
        slug = ids.slugify(summary) or "…"
        if slug not in self.taken:
            return slug
        number = next(n for n in count(self._first_free.get(slug, 2)) if f"{slug}-{n}" not in self.taken)
        self._first_free[slug] = number
        return f"{slug}-{number}"


@dataclass(slots=True)
class _File:
    """A file of events that is being read, with everything collected from it so far."""

    reader: Reader
    around: Surroundings
    ids: FreeIds
    problems: list[Problem]
    claims: list[Claim] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    effort: Effort = field(default_factory=Effort)  # per file, because files may be read independently

    def split(self, document: Document, relative: str) -> Iterator[tuple[dict[str, Value], Place, str | None]]:
        """Yield the mapping, the place and the default id (None in a list) of each event in a file."""
        value = document.value
        if isinstance(value, dict):
            if list(value) == ["events"]:
                hint = "write the list itself, without `events:`"
                message = "a list of events needs no `events:` key"
                self.problems.append(problem_at(document.key_mark("events"), "wrong-type", message, hint))
            else:
                yield value, Place(document), PurePosixPath(relative).stem
        elif isinstance(value, list):
            if not value:
                hint = "add an event, or delete the file"
                self.problems.append(problem_at(document.mark(), "empty-file", "the list contains no events", hint))
            for index, item in enumerate(value):
                place = Place(document, (index,))
                if isinstance(item, dict):
                    yield item, place, None
                elif item is not None:
                    message = "an event is expected here, not text or a list"
                    self.problems.append(problem_at(place.mark(), "wrong-type", message, "write `- summary: …`"))
        elif value is not None:
            message = "an event or a list of events is expected here"
            hint = "write `summary: …` and `start: …`"
            self.problems.append(problem_at(document.mark(), "wrong-type", message, hint))

    def read_event(self, value: dict[str, Value], place: Place, stem: str | None, inherited: Inherited) -> Event | None:
        """Return the event in a mapping; None if it has no id or cannot be resolved."""
        added = inherited.fill(value)
        if added:
            place = replace(place, defaults={key: inherited.origins[key] for key in added})
        read = read_entry(EventEntry, {**added, **value}, place, broken=inherited.broken - value.keys())
        self.problems += read.problems
        event_id = read.entry.id or self._default_id(stem, read, place)
        event, problems = resolve_event(read, place, event_id or "?", self.around, self.effort)
        self.problems += problems
        if event_id is None:
            return None
        uid = read.entry.uid or f"{event_id}@{self.around.calendar.id}"
        self.ids.taken.add(event_id)
        mark = event.mark if event is not None else place.mark("id" if read.entry.id else "summary")
        self.claims.append(Claim(event_id, uid, mark))
        return None if event is None else self._with_image(event, place)

    def _default_id(self, stem: str | None, read: Read[EventEntry], place: Place) -> str | None:
        if "id" in read.broken:
            return None
        if stem is None:
            proposal = self.ids.propose(read.entry.summary or "")
            hint = f"add `id: {proposal}`, and keep it when the summary changes"
            self.problems.append(problem_at(place.mark(), "missing-id", "an event in a list needs an `id`", hint))
            return None
        try:
            return ids.read_id(stem)
        except InvalidValue as refusal:
            message = f"{refusal.message}, and the file name is the event's id"
            hint = f"rename the file or write `id:`; {refusal.hint}"
            self.problems.append(problem_at(place.mark(), "bad-id", message, hint))
            return None

    def _with_image(self, event: Event, place: Place) -> Event:
        if event.image is None:
            return event
        owner = place.defaults.get("image", place.document)
        picture = picture_of(event.image, owner, place.mark("image"), self.reader)
        self.pictures.append(picture)
        return replace(event, image=picture.path)


def duplicate_problems(results: Sequence[FileResult]) -> Iterator[Problem]:
    """Yield a problem for every duplicate id and UID, at the later place."""
    ids: dict[str, Claim] = {}
    uids: dict[str, Claim] = {}
    for claim in chain.from_iterable(result.claims for result in results):
        first = ids.setdefault(claim.id, claim)
        if first is not claim:
            message = f"the id `{claim.id}` is already used at {first.mark.path}:{first.mark.line}"
            hint = "change one of the two; the event that was published first should keep its `id:`"
            yield problem_at(claim.mark, "duplicate-id", message, hint, first.mark)
            continue
        first = uids.setdefault(claim.uid, claim)
        if first is not claim:
            message = f"the UID `{claim.uid}` is already used at {first.mark.path}:{first.mark.line}"
            yield problem_at(claim.mark, "duplicate-uid", message, "every event needs its own `uid:`", first.mark)
    for event in chain.from_iterable(result.events for result in results):
        for piece in pieces_of(event):
            if piece.uid != event.uid and piece.uid in uids:
                yield shared_uid_problem(piece.uid, event, uids[piece.uid].mark)
