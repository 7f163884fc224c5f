"""Read colours, as CSS names or RGB values, and measure how readable they are on a background.

RFC 7986 §5.9 requires CSS colour names for COLOR: https://www.w3.org/TR/css-color-4/#named-colors
Contrast is defined as in the Web Content Accessibility Guidelines: https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio
"""

from __future__ import annotations

import re
from functools import cache

from calfeed.diagnostics.problem import InvalidValue
from calfeed.diagnostics.spelling import did_you_mean

BACKGROUND, DARK_BACKGROUND = "#f3f4f6", "#22262d"
"""The backgrounds in the site's style sheet on which text is hardest to read: the light and the dark grey."""
ENOUGH = 4.5
"""The minimum contrast of text at level AA (success criterion 1.4.3)."""
_STEPS = 40


@cache
def css_colors() -> dict[str, str]:
    """Return the RGB value `#rrggbb` of every CSS colour name."""
    pairs = _TABLE.split()
    return {name: f"#{rgb}" for name, rgb in zip(pairs[::2], pairs[1::2], strict=True)}


def read_color(text: str) -> str:
    """Return a CSS colour name in lower case (RFC 7986 §5.9)."""
    name = text.casefold()
    if name not in css_colors():
        hint = did_you_mean(name, css_colors(), "write a CSS colour name such as `steelblue`")
        if near := nearest_color(name):
            how = "is the same" if css_colors()[near] == name else "is the closest"
            hint = f"calendars accept only names: `{near}` {how}"
        raise InvalidValue("bad-color", f"`{text}` is not a CSS colour name", hint)
    return name


def read_theme_color(text: str) -> str:
    """Return a site colour as `#rrggbb`, written like this or as a CSS colour name."""
    name = text.casefold()
    if re.fullmatch(r"#[0-9a-f]{6}", name, re.ASCII):
        return name
    if re.fullmatch(r"#[0-9a-f]{3}", name, re.ASCII):
        return "#" + "".join(2 * digit for digit in name[1:])
    if name in css_colors():
        return css_colors()[name]
    hint = did_you_mean(name, css_colors(), "write `'#1d4ed8'`, in quotes, or a CSS colour name such as `steelblue`")
    raise InvalidValue("bad-color", f"`{text}` is not a colour", hint)


def nearest_color(rgb: str) -> str | None:
    """Return the CSS colour name nearest to `#rrggbb` or `#rgb`, None for other notations."""
    if not re.fullmatch(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})", rgb, re.ASCII | re.IGNORECASE):
        return None
    wanted = _channels(rgb if len(rgb) == 7 else "#" + "".join(2 * digit for digit in rgb[1:]))
    colors = css_colors()

    def difference(name: str) -> int:
        return sum((a - b) ** 2 for a, b in zip(wanted, _channels(colors[name]), strict=True))

    return min(colors, key=difference)


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


def _channels(rgb: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(rgb[1:]))


_TABLE = """
aliceblue f0f8ff antiquewhite faebd7 aqua 00ffff aquamarine 7fffd4 azure f0ffff beige f5f5dc bisque ffe4c4 black 000000
blanchedalmond ffebcd blue 0000ff blueviolet 8a2be2 brown a52a2a burlywood deb887 cadetblue 5f9ea0 chartreuse 7fff00
chocolate d2691e coral ff7f50 cornflowerblue 6495ed cornsilk fff8dc crimson dc143c cyan 00ffff darkblue 00008b
darkcyan 008b8b darkgoldenrod b8860b darkgray a9a9a9 darkgreen 006400 darkgrey a9a9a9 darkkhaki bdb76b
darkmagenta 8b008b darkolivegreen 556b2f darkorange ff8c00 darkorchid 9932cc darkred 8b0000 darksalmon e9967a
darkseagreen 8fbc8f darkslateblue 483d8b darkslategray 2f4f4f darkslategrey 2f4f4f darkturquoise 00ced1
darkviolet 9400d3 deeppink ff1493 deepskyblue 00bfff dimgray 696969 dimgrey 696969 dodgerblue 1e90ff
firebrick b22222 floralwhite fffaf0 forestgreen 228b22 fuchsia ff00ff gainsboro dcdcdc ghostwhite f8f8ff gold ffd700
goldenrod daa520 gray 808080 green 008000 greenyellow adff2f grey 808080 honeydew f0fff0 hotpink ff69b4
indianred cd5c5c indigo 4b0082 ivory fffff0 khaki f0e68c lavender e6e6fa lavenderblush fff0f5 lawngreen 7cfc00
lemonchiffon fffacd lightblue add8e6 lightcoral f08080 lightcyan e0ffff lightgoldenrodyellow fafad2 lightgray d3d3d3
lightgreen 90ee90 lightgrey d3d3d3 lightpink ffb6c1 lightsalmon ffa07a lightseagreen 20b2aa lightskyblue 87cefa
lightslategray 778899 lightslategrey 778899 lightsteelblue b0c4de lightyellow ffffe0 lime 00ff00 limegreen 32cd32
linen faf0e6 magenta ff00ff maroon 800000 mediumaquamarine 66cdaa mediumblue 0000cd mediumorchid ba55d3
mediumpurple 9370db mediumseagreen 3cb371 mediumslateblue 7b68ee mediumspringgreen 00fa9a mediumturquoise 48d1cc
mediumvioletred c71585 midnightblue 191970 mintcream f5fffa mistyrose ffe4e1 moccasin ffe4b5 navajowhite ffdead
navy 000080 oldlace fdf5e6 olive 808000 olivedrab 6b8e23 orange ffa500 orangered ff4500 orchid da70d6
palegoldenrod eee8aa palegreen 98fb98 paleturquoise afeeee palevioletred db7093 papayawhip ffefd5 peachpuff ffdab9
peru cd853f pink ffc0cb plum dda0dd powderblue b0e0e6 purple 800080 rebeccapurple 663399 red ff0000 rosybrown bc8f8f
royalblue 4169e1 saddlebrown 8b4513 salmon fa8072 sandybrown f4a460 seagreen 2e8b57 seashell fff5ee sienna a0522d
silver c0c0c0 skyblue 87ceeb slateblue 6a5acd slategray 708090 slategrey 708090 snow fffafa springgreen 00ff7f
steelblue 4682b4 tan d2b48c teal 008080 thistle d8bfd8 tomato ff6347 turquoise 40e0d0 violet ee82ee wheat f5deb3
white ffffff whitesmoke f5f5f5 yellow ffff00 yellowgreen 9acd32
"""
