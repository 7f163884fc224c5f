"""Turns addresses into QR codes; the only module that uses segno."""

from __future__ import annotations

from io import BytesIO

import segno

_BORDER = 4  # the quiet zone that ISO/IEC 18004 requires
_SIZE = 6


def qr_svg(address: str) -> bytes:
    """Return a QR code as SVG, black on white even on dark pages, because scanners need that."""
    out = BytesIO()
    code = segno.make(address, error="m", micro=False)
    code.save(out, kind="svg", border=_BORDER, scale=_SIZE, light="#fff", nl=True, xmldecl=False, omitsize=False)
    return out.getvalue()
