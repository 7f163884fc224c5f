"""AVIF: refuse a file with metadata instead of cleaning it, because its parts are located by file offsets.

An AVIF consists of boxes (ISO/IEC 14496-12, ISO/IEC 23008-12, AV1 Image File Format 1.1).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from calfeed.pictures.limits import PictureError, broken, check_pixels

_BRANDS = (b"avif", b"avis")
_TOP = frozenset({b"ftyp", b"meta", b"mdat", b"moov"})
# Boxes that contain boxes, and the number of bytes before the first.
_CONTAINERS = {
    **dict.fromkeys((b"moov", b"trak", b"edts", b"mdia", b"minf", b"dinf", b"stbl", b"iprp", b"ipco"), 0),
    b"meta": 4,
    b"stsd": 8,
}
_PICTURES = frozenset({b"av01", b"grid", b"iovl", b"iden", b"tmap"})
_SAMPLE_PICTURE = 78  # bytes before the boxes of a visual sample entry
_METADATA = frozenset({b"uuid", b"udta", b"udes", b"xml ", b"bxml", b"meco"})
_MAX_DEPTH = 8


def is_avif(data: bytes) -> bool:
    """Return whether a file begins like an AVIF: with its brand as the major or a compatible one."""
    length = int.from_bytes(data[:4], "big")
    brands = data[8:12] + data[16 : max(16, min(length, 256))]
    return data[4:8] == b"ftyp" and any(brands[at : at + 4] in _BRANDS for at in range(0, len(brands), 4))


def clean_avif(data: bytes) -> bytes:
    """Return an AVIF that has no metadata, without any bytes after its end.

    Raises:
        PictureError: it contains metadata, is damaged or too large.
    """
    sizes: list[tuple[int, int]] = []
    end = 0
    has_data = False
    for kind, body, after in _boxes(data):
        if kind not in _TOP:
            raise _private(f"a part `{_name_of(kind)}`")
        end = after
        has_data = has_data or kind == b"mdat"
        if kind in _CONTAINERS:
            _look(kind, body, sizes, 0)
    if not has_data or not sizes:
        raise broken("it contains no picture" if sizes else "its size is missing")
    for width, height in sizes:
        check_pixels(width, height)
    return data[:end]


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes, int]]:
    """Yield the type, body and end of each box."""
    at = 0
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        start = at + 8
        if length == 1:  # the length follows the type, in eight bytes
            start = at + 16
            length = struct.unpack_from(">Q", data, at + 8)[0] if start <= len(data) else 0
        elif length == 0:  # to the end of the file
            length = len(data) - at
        end = at + length
        if end < start or end > len(data):
            raise broken("its end is missing")
        yield kind, data[start:end], end
        at = end


def _look(kind: bytes, body: bytes, sizes: list[tuple[int, int]], depth: int) -> None:
    """Collect the sizes in a box and its inner boxes, and refuse metadata."""
    if depth > _MAX_DEPTH:
        raise broken("its parts are nested too deeply")
    if kind in _METADATA:
        raise _private(f"a part `{_name_of(kind)}`")
    if kind == b"iinf":
        # Version 0 counts the entries in two bytes, later ones in four.
        for inner, entry, _end in _boxes(body[6 if body[:1] == b"\0" else 8 :]):
            _look_at_item(inner, entry)
    elif kind == b"ispe":
        sizes.append(struct.unpack_from(">II", body, 4) if len(body) >= 12 else (0, 0))
    elif kind == b"av01" and len(body) >= _SAMPLE_PICTURE:  # a track of pictures
        sizes.append(struct.unpack_from(">HH", body, 24))
    elif kind == b"hdlr" and body[8:12] not in (b"pict", b"auxv", b"vide"):
        raise _private(f"a track `{_name_of(body[8:12])}`")
    elif kind in _CONTAINERS:
        for inner, inside, _end in _boxes(body[_CONTAINERS[kind] :]):
            _look(inner, inside, sizes, depth + 1)


def _look_at_item(kind: bytes, entry: bytes) -> None:
    """Refuse an item that is not a picture: `Exif`, `mime` for XMP, and anything else."""
    is_wide = entry[:1] == b"\3"  # the item's number has four bytes
    item = entry[10:14] if is_wide else entry[8:12]
    if kind != b"infe" or entry[:1] not in (b"\2", b"\3") or item not in _PICTURES:
        raise _private({b"Exif": "Exif", b"mime": "XMP"}.get(item, f"a part `{_name_of(item)}`"))


def _private(what: str) -> PictureError:
    hint = "save it without metadata, for example as PNG or JPEG: calfeed removes nothing from an AVIF"
    return PictureError("private-image", f"contains {what}, which may reveal places and people", hint)


def _name_of(kind: bytes) -> str:
    return kind.decode("ascii", "replace") if kind.isalnum() else kind.hex()
