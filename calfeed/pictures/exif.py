"""Exif: the orientation of a picture, and a block that contains only the orientation.

Exif is a TIFF file inside a picture: TIFF 6.0 §2 for the layout, Exif 3.0 §4.6.5 for the orientation.
"""

from __future__ import annotations

import struct

_ORIENTATION, _SHORT, _LONG = 0x0112, 3, 4
_ENTRY = 12  # bytes of a directory entry
_UPRIGHT, _LAST = 1, 8


def orientation_of(exif: bytes) -> int | None:
    """Return the orientation in an Exif block, 2 to 8; None if the picture is upright or the block cannot be read."""
    endian = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if endian is None or len(exif) < 8:
        return None
    (start,) = struct.unpack_from(f"{endian}I", exif, 4)
    if start + 2 > len(exif):
        return None
    (count,) = struct.unpack_from(f"{endian}H", exif, start)
    for at in range(start + 2, min(start + 2 + count * _ENTRY, len(exif) - _ENTRY + 1), _ENTRY):
        tag, kind, values = struct.unpack_from(f"{endian}HHI", exif, at)
        if tag == _ORIENTATION:
            form = {_SHORT: "H", _LONG: "I"}.get(kind)
            if form is None or values != 1:
                return None
            (value,) = struct.unpack_from(f"{endian}{form}", exif, at + 8)
            return int(value) if _UPRIGHT < value <= _LAST else None
    return None


def minimal_exif(orientation: int) -> bytes:
    """Return an Exif block that contains only the orientation."""
    header = struct.pack(">2sHI", b"MM", 42, 8)
    return header + struct.pack(">HHHIHHI", 1, _ORIENTATION, _SHORT, 1, orientation, 0, 0)
