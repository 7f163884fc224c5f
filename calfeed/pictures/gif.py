"""GIF: keep only the blocks that make up the picture (GIF89a specification, §17 to §27), and its number of loops."""

from __future__ import annotations

import struct

from calfeed.pictures.limits import broken, check_pixels

SIGNATURES = (b"GIF87a", b"GIF89a")
_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_CONTROL, _APPLICATION = 0xF9, 0xFF
# Both give the number of loops of an animation, in the first sub-block of three bytes that begins with a 1.
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")


def clean_gif(data: bytes) -> bytes:
    """Return a GIF without its metadata.

    Raises:
        PictureError: it is damaged or too large.
    """
    blocks = _Blocks(data)
    screen = blocks.take(13)
    width, height, flags = struct.unpack_from("<HHB", screen, 6)
    parts = [screen, blocks.take(_table_length(flags))]
    frames = [(width, height)]
    while (kind := blocks.take(1)[0]) != _TRAILER:
        if kind == _EXTENSION:
            parts.append(_kept_extension(blocks.take(1)[0], blocks.sub_blocks()))
        elif kind == _IMAGE:
            frame = blocks.take(9)
            frames.append(struct.unpack_from("<HH", frame, 4))
            table = blocks.take(_table_length(frame[8]))
            parts += [b"\x2c", frame, table, blocks.take(1), _packed(blocks.sub_blocks())]
        else:
            raise broken("it has a part that no browser knows")
    if len(frames) == 1:
        raise broken("it contains no picture")
    # A screen without a size has that of the first picture; a decoder allocates memory for the largest.
    check_pixels(max(width for width, _height in frames), max(height for _width, height in frames))
    return b"".join((*parts, b"\x3b"))


class _Blocks:
    """Reads a GIF from start to end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, length: int) -> bytes:
        """Return the next bytes."""
        end = self._at + length
        if end > len(self._data):
            raise broken("its end is missing")
        taken = self._data[self._at : end]
        self._at = end
        return taken

    def sub_blocks(self) -> list[bytes]:
        """Return the sub-blocks up to the empty one that ends the sequence."""
        blocks = []
        while length := self.take(1)[0]:
            blocks.append(self.take(length))
        return blocks


def _table_length(flags: int) -> int:
    """Return the size in bytes of the colour table that the flags announce."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _kept_extension(label: int, blocks: list[bytes]) -> bytes:
    """Return the part of an extension to keep; of comments, texts and application data, only the number of loops."""
    first = blocks[0] if blocks else b""
    if label == _CONTROL and len(first) == 4:
        return b"\x21\xf9" + _packed([first])
    if label == _APPLICATION and first in _LOOPS:
        loops = [block for block in blocks[1:] if len(block) == 3 and block[0] == 1]
        return b"\x21\xff" + _packed([first, loops[0]]) if loops else b""
    return b""


def _packed(blocks: list[bytes]) -> bytes:
    return b"".join(bytes((len(block),)) + block for block in blocks) + b"\0"
