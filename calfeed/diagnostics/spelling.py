"""Find the word that was probably meant by a misspelt one."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from calfeed.diagnostics.problem import list_some

_MAX_LENGTH = 100  # longer words are not compared
_MAX_LISTED = 8
_MAX_COMPARED = 100


def did_you_mean(text: str, known: Iterable[str], otherwise: str) -> str:
    """Return a hint with the nearest of the known words, or `otherwise` if none is near."""
    words = tuple(known)
    folded = text.casefold()
    candidates: Iterable[str] = words
    if len(words) > _MAX_COMPARED:  # comparing is slow: keep words that differ by one letter
        candidates = dict.fromkeys(word for stump in _stumps(folded) for word in _by_stump(words).get(stump, ()))
    near = difflib.get_close_matches(folded, list(candidates), n=1, cutoff=0.6) if len(folded) <= _MAX_LENGTH else []
    if near:
        return f"did you mean `{near[0]}`?"
    # A hint with very many words would fill the screen.
    return otherwise.replace(", ".join(words), list_some(words, _MAX_LISTED)) if len(words) > _MAX_LISTED else otherwise


def nearest(word: str, words: Iterable[str]) -> str | None:
    """Return the nearest word with the same first letter and up to one typo (two in nine letters or more), or None."""
    limit = 2 if len(word) >= 9 else 1
    near = [
        (distance, other)
        for other in words
        if other[:1] == word[:1]
        and abs(len(other) - len(word)) <= limit
        and (distance := _distance(word, other)) <= limit
    ]
    return min(near)[1] if near else None


def fold_name(text: str) -> str:
    """Return a name without case, accents, spaces and punctuation, so that "São Paulo" and "Sao_Paulo" are the same."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKD", text)).casefold()


@lru_cache(maxsize=2)
def _by_stump(words: tuple[str, ...]) -> Mapping[str, Sequence[str]]:
    """Return the words by themselves and by what remains of them without one of their letters."""
    words_by_stump: dict[str, list[str]] = {}
    for word in words:
        for stump in _stumps(word):
            words_by_stump.setdefault(stump, []).append(word)
    return words_by_stump


def _stumps(word: str) -> set[str]:
    short = word[:_MAX_LENGTH]
    return {word, *(short[:at] + short[at + 1 :] for at in range(len(short)))}


def _distance(a: str, b: str) -> int:
    """Return how many letters must be added, dropped, replaced or swapped with the next one to turn `a` into `b`."""
    rows = [list(range(len(b) + 1))]
    for i, letter in enumerate(a):
        row = [i + 1]
        for j, other in enumerate(b):
            cost = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (letter != other))
            if i and j and letter == b[j - 1] and a[i - 1] == other:
                cost = min(cost, rows[i - 1][j - 1] + 1)
            row.append(cost)
        rows.append(row)
    return rows[-1][-1]
