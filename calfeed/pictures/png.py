"""PNG and APNG: keep only the chunks that make up the picture (PNG third edition, §5 and §11)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from calfeed.pictures.exif import minimal_exif, orientation_of
from calfeed.pictures.limits import broken, check_pixels

SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Picture, transparency, colour, size on paper, animation; with their lengths where the format fixes them. A decoder
# skips a chunk of any other length, so its content is not part of the picture.
_KEPT = {
    b"IHDR": range(13, 14),
    b"PLTE": range(3, 769, 3),
    b"IDAT": None,
    b"IEND": range(1),
    b"tRNS": range(1, 257),
    b"gAMA": range(4, 5),
    b"cHRM": range(32, 33),
    b"sRGB": range(1, 2),
    b"iCCP": None,
    b"cICP": range(4, 5),
    b"sBIT": range(1, 5),
    b"bKGD": range(1, 7),
    b"pHYs": range(9, 10),
    b"acTL": range(8, 9),
    b"fcTL": range(26, 27),
    b"fdAT": None,
}
_CRITICAL = (b"IHDR", b"PLTE", b"IEND")


def clean_png(data: bytes) -> bytes:
    """Return a PNG without its metadata.

    Raises:
        PictureError: it is damaged or too large.
    """
    chunks = list(_chunks(data))
    first, header = chunks[0]
    if first != b"IHDR" or len(header) != 13:
        raise broken("it does not begin with its size")
    check_pixels(*struct.unpack_from(">II", header))
    if not any(kind == b"IDAT" for kind, _body in chunks):
        raise broken("it contains no picture")
    return SIGNATURE + b"".join(_packed(*kept) for chunk in chunks if (kept := _kept(*chunk)) is not None)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the type and body of each chunk up to the end of the picture; bytes after it are ignored."""
    at = len(SIGNATURE)
    kind = b""
    while kind != b"IEND":
        if at + 12 > len(data):
            raise broken("its end is missing")
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 8 + length
        if end + 4 > len(data):
            raise broken("its end is missing")
        if struct.unpack_from(">I", data, end)[0] != zlib.crc32(memoryview(data)[at + 4 : end]):
            raise broken("a checksum is wrong")
        yield kind, data[at + 8 : end]
        at = end + 4


def _kept(kind: bytes, body: bytes) -> tuple[bytes, bytes] | None:
    """Return the part of a chunk to keep; None if it is not part of the picture."""
    if kind == b"eXIf":
        orientation = orientation_of(body)
        return None if orientation is None else (kind, minimal_exif(orientation))
    if kind not in _KEPT:
        if kind[:1].isupper():  # critical: no decoder may skip it (§5.4)
            raise broken("it has a part that no browser knows")
        return None
    lengths = _KEPT[kind]
    if lengths is not None and len(body) not in lengths:
        if kind in _CRITICAL:
            raise broken("a part has the wrong length")
        return None
    return kind, body


def _packed(kind: bytes, body: bytes) -> bytes:
    return b"".join((struct.pack(">I", len(body)), kind, body, struct.pack(">I", zlib.crc32(body, zlib.crc32(kind)))))
