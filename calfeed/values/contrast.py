"""Measure how readable a colour is on a background, according to the Web Content Accessibility Guidelines.

Source: https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio
"""

from __future__ import annotations

BACKGROUND, DARK_BACKGROUND = "#f3f4f6", "#22262d"
"""The backgrounds in the site's style sheet on which text is hardest to read: the light and the dark grey."""
ENOUGH = 4.5
"""The minimum contrast of text at level AA (success criterion 1.4.3)."""
_STEPS = 40


def contrast(color: str, background: str) -> float:
    """Return the contrast of two colours `#rrggbb`, from 1 (none) to 21 (black on white)."""
    lighter, darker = sorted((_luminance(color), _luminance(background)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def readable(color: str, background: str) -> str:
    """Return the colour, darkened or lightened as far as needed to be readable on a background."""
    towards = "#000000" if _luminance(background) > _luminance("#808080") else "#ffffff"
    shades = (_mix(color, towards, step / _STEPS) for step in range(_STEPS + 1))
    return next(shade for shade in shades if contrast(shade, background) >= ENOUGH)


def _mix(color: str, other: str, share: float) -> str:
    mixed = (round(a + (b - a) * share) for a, b in zip(_channels(color), _channels(other), strict=True))
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def _luminance(color: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _channels(color: str) -> bytes:
    return bytes.fromhex(color[1:])
