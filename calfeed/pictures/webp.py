"""WebP: keep only the chunks that make up the picture (RFC 9649), its colour profile and orientation."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from calfeed.pictures.exif import minimal_exif, orientation_of
from calfeed.pictures.limits import broken, check_pixels

_EXTENDED, _LOSSY, _LOSSLESS, _ALPHA, _FRAME = b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANMF"
_BITSTREAMS = (_LOSSY, _LOSSLESS)
_KEPT = frozenset({_ALPHA, b"ANIM", b"ICCP", *_BITSTREAMS})
_KEPT_IN_FRAME = frozenset({_ALPHA, *_BITSTREAMS})
_HAS_EXIF, _HAS_ANIMATION, _HAS_ALPHA, _HAS_PROFILE = 0x08, 0x02, 0x10, 0x20
_FRAME_HEADER = 16
Chunk = tuple[bytes, bytes]


def is_webp(data: bytes) -> bool:
    """Return whether a file begins like a WebP."""
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def clean_webp(data: bytes) -> bytes:
    """Return a WebP without its metadata.

    Raises:
        PictureError: it is damaged or too large.
    """
    end = 8 + struct.unpack_from("<I", data, 4)[0]
    if end > len(data):
        raise broken("its end is missing")
    chunks = list(_chunks(data[12:end]))
    kind, body = chunks[0] if chunks else (b"", b"")
    if kind in _BITSTREAMS:  # a simple file: nothing after this chunk is part of the picture (§2.5, §2.6)
        check_pixels(*_size(kind, body))
        kept = [(kind, body)]
    elif kind == _EXTENDED and len(body) == 10:
        kept = _extended(body, chunks[1:])
    else:
        raise broken("it does not begin with a picture")
    packed = b"WEBP" + _packed(kept)
    return b"RIFF" + struct.pack("<I", len(packed)) + packed


def _chunks(data: bytes) -> Iterator[Chunk]:
    at = 0
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        end = at + 8 + length
        if end > len(data):
            raise broken("its end is missing")
        yield kind, data[at + 8 : end]
        at = end + length % 2  # a chunk of odd length has a padding byte


def _extended(header: bytes, chunks: Iterable[Chunk]) -> list[Chunk]:
    """Return the chunks of an extended file to keep; the first one says which others exist (§2.7)."""
    check_pixels(*(1 + int.from_bytes(header[at : at + 3], "little") for at in (4, 7)))
    kept: list[Chunk] = []
    orientations: list[int] = []
    has_picture = False
    for kind, body in chunks:
        if kind in _BITSTREAMS:
            check_pixels(*_size(kind, body))
            has_picture = True
        if kind in _KEPT:
            kept.append((kind, body))
        elif kind == _FRAME:
            kept.append((kind, _kept_frame(body)))
            has_picture = True
        elif kind == b"EXIF" and not orientations:
            orientation = orientation_of(body.removeprefix(b"Exif\0\0"))
            if orientation is not None:
                orientations.append(orientation)
                kept.append((kind, minimal_exif(orientation)))
    if not has_picture:
        raise broken("it contains no picture")
    flags = header[0] & (_HAS_ANIMATION | _HAS_ALPHA | _HAS_PROFILE) | (_HAS_EXIF if orientations else 0)
    return [(_EXTENDED, bytes((flags, 0, 0, 0)) + header[4:]), *kept]


def _kept_frame(body: bytes) -> bytes:
    """Return a frame of an animation with only its picture."""
    if len(body) < _FRAME_HEADER:
        raise broken("a frame has no size")
    check_pixels(*(1 + int.from_bytes(body[at : at + 3], "little") for at in (6, 9)))
    chunks = [chunk for chunk in _chunks(body[_FRAME_HEADER:]) if chunk[0] in _KEPT_IN_FRAME]
    sizes = [_size(*chunk) for chunk in chunks if chunk[0] in _BITSTREAMS]
    if not sizes:
        raise broken("a frame contains no picture")
    for width, height in sizes:
        check_pixels(width, height)
    return body[:_FRAME_HEADER] + _packed(chunks)


def _size(kind: bytes, body: bytes) -> tuple[int, int]:
    """Return the width and height given in the encoded picture."""
    if kind == _LOSSY and len(body) >= 10 and body[3:6] == b"\x9d\x01\x2a":  # RFC 6386 §9.1
        width, height = struct.unpack_from("<HH", body, 6)
        return width & 0x3FFF, height & 0x3FFF
    if kind == _LOSSLESS and len(body) >= 5 and body[0] == 0x2F:  # RFC 9649 §3.4
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    raise broken("its size is missing")


def _packed(chunks: Iterable[Chunk]) -> bytes:
    return b"".join(struct.pack("<4sI", kind, len(body)) + body + b"\0" * (len(body) % 2) for kind, body in chunks)
