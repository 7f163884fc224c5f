"""calfeed.source.schema: the keys of each kind of mapping, and what else people call them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from calfeed.source.entries import Place, read_entry
from calfeed.source.schema import NESTED, SYNONYMS, Entry, EventEntry
from calfeed.source.yaml import read_document


def test_valid_keys_are_read_despite_broken_ones() -> None:
    """One wrong key does not affect the others, and it is listed as broken."""
    document = read_document("x.yaml", b"summary: Talk\nstart: tomorrow\nend: '20:00'\nvenu: hub\n")
    read = read_entry(EventEntry, document.value, Place(document))
    assert read.entry.summary == "Talk"
    assert read.entry.end is not None
    assert read.entry.start is None
    assert {"start", "venu", "venue"} == set(read.broken)
    assert sorted(problem.code for problem in read.problems) == ["bad-date", "unknown-key"]


def entries_in(annotation: Any) -> Iterator[type[Entry]]:
    """Yield the kinds of mapping that a type contains."""
    if isinstance(annotation, type) and issubclass(annotation, Entry):
        yield annotation
    for part in get_args(annotation):
        yield from entries_in(part)


def test_every_nested_mapping_is_known() -> None:
    """The table used to report unknown keys lists the kind of every nested mapping."""
    nested = {
        (kind, info.alias or name): inner
        for kind in Entry.__subclasses__()
        for name, info in kind.model_fields.items()
        for inner in entries_in(info.annotation)
    }
    assert nested == NESTED


def test_synonyms_are_of_keys() -> None:
    """Every synonym belongs to an existing key, and is not itself a key of the same mapping."""
    kinds = [{info.alias or name for name, info in kind.model_fields.items()} for kind in Entry.__subclasses__()]
    for key, words in SYNONYMS.items():
        assert any(key in kind for kind in kinds), key
        assert not any(key in kind and not kind.isdisjoint(words) for kind in kinds), key
