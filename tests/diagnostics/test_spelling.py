"""calfeed.diagnostics.spelling: the word that was probably meant."""

from __future__ import annotations

from calfeed.diagnostics.spelling import did_you_mean


def test_long_lists_are_cut_short() -> None:
    """A hint that lists what is known names eight of them and says how many more there are."""
    few, many = ["hub", "hall"], [f"room-{number}" for number in range(20)]
    assert did_you_mean("pier", few, f"the venues are {', '.join(few)}") == "the venues are hub, hall"
    assert did_you_mean("hbu", few, "") == "did you mean `hub`?"
    hint = did_you_mean("pier", many, f"the venues are {', '.join(many)}")
    assert hint.startswith("the venues are room-0, room-1, ")
    assert hint.endswith(", room-7 and 12 more")
