"""calfeed.values.colors: which colours are valid, the hints for invalid ones, and contrast."""

from __future__ import annotations

import time

import pytest
from support.refusals import check_refusal, refusal_of

from calfeed.values.colors import BACKGROUND, DARK_BACKGROUND, ENOUGH, contrast, read_color, read_theme_color, readable

COLORS = {
    "#ff0000": "`red` is the same",
    "#336699": "`steelblue` is the closest",
    "#fff": "`white`",
    "rgb(1, 2, 3)": "write a CSS colour name such as `steelblue`",
    "#ggg": "write a CSS colour name such as `steelblue`",
    "steelblu": "did you mean `steelblue`?",
}


@pytest.mark.parametrize(("text", "hint"), COLORS.items())
def test_wrong_colors_get_a_hint(text: str, hint: str) -> None:
    """The hint for an invalid colour name proposes the nearest one."""
    check_refusal(read_color, text, "bad-color", hint)


@pytest.mark.parametrize(
    ("color", "background", "expected"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#ffffff", 1.0),
        ("#767676", "#ffffff", 4.54),
        ("#ff0000", "#ffffff", 4.0),
        ("#ffffff", "#0000ff", 8.59),
    ],
)
def test_contrast(color: str, background: str, expected: float) -> None:
    """The contrast is the one that the guidelines define, whichever colour is lighter."""
    assert contrast(color, background) == pytest.approx(expected, abs=0.005)
    assert contrast(background, color) == contrast(color, background)


@pytest.mark.parametrize("background", [BACKGROUND, DARK_BACKGROUND])
@pytest.mark.parametrize("color", ["#ffff00", "#000000", "#ffffff", "#808080", "#123456", "#fedcba"])
def test_readable(color: str, background: str) -> None:
    """A colour changes only as far as needed; a readable one does not change."""
    shade = readable(color, background)
    assert contrast(shade, background) >= ENOUGH
    assert readable(shade, background) == shade
    if contrast(color, background) >= ENOUGH:
        assert shade == color


@pytest.mark.parametrize(
    ("written", "color"), [("#0B7285", "#0b7285"), ("#abc", "#aabbcc"), ("SteelBlue", "#4682b4"), ("teal", "#008080")]
)
def test_theme_colors(written: str, color: str) -> None:
    """A colour may be written in long or short hexadecimal, or as a CSS name."""
    assert color == read_theme_color(written)


@pytest.mark.parametrize("written", ["#12345", "red; } body { display: none", "rgb(1,2,3)", "#ggg", "url(x)"])
def test_other_texts_are_refused_as_colors(written: str) -> None:
    """No other text reaches the style sheet."""
    assert refusal_of(read_theme_color, written).code == "bad-color"


def test_a_long_text_is_refused_quickly() -> None:
    """Reading takes time at most linear in the length of the text."""
    begin = time.perf_counter()
    assert refusal_of(read_color, "#" + "0" * 100_000).hint
    assert time.perf_counter() - begin < 1
