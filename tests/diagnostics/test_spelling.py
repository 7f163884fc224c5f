"""calfeed.diagnostics.spelling: the word that was probably meant."""

from __future__ import annotations

from calfeed.diagnostics.spelling import did_you_mean, fold_name, nearest


def test_long_lists_are_cut_short() -> None:
    """A hint that lists the known words names eight and counts the others."""
    few, many = ["hub", "hall"], [f"room-{number}" for number in range(20)]
    assert did_you_mean("pier", few, f"the venues are {', '.join(few)}") == "the venues are hub, hall"
    assert did_you_mean("hbu", few, "") == "did you mean `hub`?"
    hint = did_you_mean("pier", many, f"the venues are {', '.join(many)}")
    assert hint.startswith("the venues are room-0, room-1, ")
    assert hint.endswith(", room-7 and 12 more")


def test_a_typo_is_one_letter_or_two_in_long_words() -> None:
    """The nearest word has the same first letter and at most one typo, two in long words; else it is None."""
    words = ["tallinn", "tartu", "copenhagen"]
    assert nearest("talinn", words) == "tallinn"
    assert nearest("tratu", words) == "tartu"
    assert nearest("copennagn", words) == "copenhagen"
    assert nearest("trata", words) is None
    assert nearest("kallinn", words) is None


def test_names_are_compared_without_accents() -> None:
    """Names that differ only in case, accents, spaces and punctuation are the same."""
    assert fold_name("São Paulo") == fold_name("Sao_Paulo") == "saopaulo"
