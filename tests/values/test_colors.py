"""calfeed.values.colors: which colours are read, and the hints for others."""

from __future__ import annotations

import time

import pytest
from refusals import check_refusal, refusal_of

from calfeed.values.colors import read_color

COLORS = {
    "#ff0000": "`red` is the same",
    "#336699": "`steelblue` comes nearest",
    "#fff": "`white`",
    "rgb(1, 2, 3)": "write a CSS colour name such as `steelblue`",
    "#ggg": "write a CSS colour name such as `steelblue`",
    "steelblu": "did you mean `steelblue`?",
}


@pytest.mark.parametrize(("text", "hint"), COLORS.items())
def test_wrong_colors_are_answered(text: str, hint: str) -> None:
    """What is not the name of a colour is refused with the nearest one."""
    check_refusal(read_color, text, "bad-color", hint)


def test_a_long_text_is_refused_quickly() -> None:
    """Reading takes no time that grows faster than the length of the text."""
    begin = time.perf_counter()
    assert refusal_of(read_color, "#" + "0" * 100_000).hint
    assert time.perf_counter() - begin < 1
