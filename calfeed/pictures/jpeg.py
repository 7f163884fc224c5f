"""JPEG: keep only the segments that make up the picture (ITU-T T.81, annex B), its colour profile and orientation."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from calfeed.pictures.exif import minimal_exif, orientation_of
from calfeed.pictures.limits import broken, check_pixels

SIGNATURE = b"\xff\xd8\xff"
_SOI, _EOI, _SOS, _TEM, _APP0, _APP1, _APP2, _APP14 = 0xD8, 0xD9, 0xDA, 0x01, 0xE0, 0xE1, 0xE2, 0xEE
_RESTARTS = range(0xD0, 0xD8)
# SOF0 to SOF15 give the size; DHT, JPG and DAC have numbers in the same range.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# DHT, DAC, SOS, DQT, DNL, DRI, DHP and EXP.
_PICTURE = _FRAMES | {0xC4, 0xCC, _SOS, 0xDB, 0xDC, 0xDD, 0xDE, 0xDF}
# Reserved for extensions, comments and the like: decoders skip them.
_SKIPPED = frozenset(range(0xE0, 0xFF))
_MARKER = re.compile(b"\xff+([\x01-\xfe])")
# In a scan, a zero or a restart follows a byte FF, unless it begins the next marker.
_END_OF_SCAN = re.compile(b"\xff[\x01-\xcf\xd8-\xfe]")
_JFIF, _EXIF, _ICC, _ADOBE = b"JFIF\0", b"Exif\0\0", b"ICC_PROFILE\0", b"Adobe"
_JFIF_LENGTH, _ADOBE_LENGTH = 14, 12


def clean_jpeg(data: bytes) -> bytes:
    """Return a JPEG without its metadata.

    Raises:
        PictureError: it is damaged or too large.
    """
    parts = [b"\xff\xd8"]
    has_size = has_scan = has_exif = False
    for marker, body, scan in _segments(data):
        if marker in _FRAMES:
            _check_frame(body)
            has_size = True
        elif marker == _SOS:
            if not has_size:
                raise broken("its size is missing")
            has_scan = True
        elif marker == _APP1 and body.startswith(_EXIF) and not has_exif:  # the first one counts
            orientation = orientation_of(body[len(_EXIF) :])
            if orientation is not None:
                parts.append(_packed(marker, _EXIF + minimal_exif(orientation)))
            has_exif = True
        kept = _kept(marker, body)
        if kept is not None:
            parts += [_packed(marker, kept), scan]
    if not has_scan:
        raise broken("it contains no picture")
    return b"".join((*parts, b"\xff\xd9"))


def _segments(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield the marker, body and scan of each segment; bytes after the end are not part of the picture."""
    at = 2
    while True:
        match = _MARKER.search(data, at)  # decoders also skip any bytes before it
        if match is None:
            raise broken("its end is missing")
        marker, at = match[1][0], match.end()
        if marker == _EOI:
            return
        if marker == _TEM or marker in _RESTARTS:
            continue
        if marker == _SOI or marker not in _PICTURE | _SKIPPED:
            raise broken("it has a part that no browser knows")
        length = struct.unpack_from(">H", data, at)[0] if at + 2 <= len(data) else 0
        if length < 2 or at + length > len(data):
            raise broken("its end is missing")
        body = data[at + 2 : at + length]
        at += length
        scan = b""
        if marker == _SOS:
            end = _END_OF_SCAN.search(data, at)
            if end is None:
                raise broken("its end is missing")
            scan, at = data[at : end.start()], end.start()
        yield marker, body, scan


def _check_frame(body: bytes) -> None:
    if len(body) < 6:
        raise broken("its size is missing")
    height, width = struct.unpack_from(">HH", body, 1)
    check_pixels(width, height)


def _kept(marker: int, body: bytes) -> bytes | None:
    """Return the part of a segment's body to keep; None if it is not part of the picture."""
    if marker in _PICTURE:
        return body
    if marker == _APP0 and body.startswith(_JFIF) and len(body) >= _JFIF_LENGTH:
        return body[: _JFIF_LENGTH - 2] + b"\0\0"  # the size of the thumbnail, which is removed
    if marker == _APP2 and body.startswith(_ICC):
        return body
    if marker == _APP14 and body.startswith(_ADOBE) and len(body) >= _ADOBE_LENGTH:
        return body[:_ADOBE_LENGTH]  # how colours are encoded
    return None


def _packed(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body
