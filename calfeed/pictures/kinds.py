"""Decide which pictures are published: those with a known extension and matching content."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from calfeed.pictures.avif import clean_avif, is_avif
from calfeed.pictures.gif import SIGNATURES, clean_gif
from calfeed.pictures.jpeg import SIGNATURE as JPEG
from calfeed.pictures.jpeg import clean_jpeg
from calfeed.pictures.limits import MAX_BYTES, PictureError
from calfeed.pictures.png import SIGNATURE as PNG
from calfeed.pictures.png import clean_png
from calfeed.pictures.svg import clean_svg
from calfeed.pictures.webp import clean_webp, is_webp


@dataclass(frozen=True, slots=True)
class _Kind:
    """A format: its name, its file extensions, how to recognise its content, and how to clean it."""

    name: str
    endings: tuple[str, ...]
    matches: Callable[[bytes], bool]
    clean: Callable[[bytes], bytes]


def _is_svg(data: bytes) -> bool:
    """Return whether a file looks like XML that contains a drawing; the parser decides."""
    return data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<" and b"svg" in data


def _clean_svg(data: bytes) -> bytes:
    return clean_svg(data, _is_clean)


_PIXELS = (
    _Kind("PNG", ("png",), lambda data: data.startswith(PNG), clean_png),
    _Kind("JPEG", ("jpg", "jpeg"), lambda data: data.startswith(JPEG), clean_jpeg),
    _Kind("GIF", ("gif",), lambda data: data.startswith(SIGNATURES), clean_gif),
    _Kind("WebP", ("webp",), is_webp, clean_webp),
    _Kind("AVIF", ("avif",), is_avif, clean_avif),
)
_SVG = _Kind("SVG", ("svg",), _is_svg, _clean_svg)


def cleaned(name: str, data: bytes) -> bytes:
    """Return a picture as published: without metadata except its orientation and colour profile.

    Args:
        name: its file name, with the extension of a picture.
        data: its bytes.

    Raises:
        PictureError: it cannot be published.
    """
    check_size(len(data))
    ending = _ending(name)
    kind = next((kind for kind in (*_PIXELS, _SVG) if kind.matches(data)), None)
    if kind is None:
        promised = next(kind.name for kind in (*_PIXELS, _SVG) if ending in kind.endings)
        hint = "open it in an image editor and save it again, or name the right file"
        raise PictureError("wrong-image", f"is named like a {promised} but is not one", hint)
    if ending not in kind.endings:
        hint = f"rename it to `{PurePosixPath(name).stem}.{kind.endings[0]}`"
        raise PictureError("wrong-image", f"is a {kind.name} but is not named like one", hint)
    return kind.clean(data)


def check_ending(name: str, *, is_logo: bool) -> None:
    """Refuse a name without the extension of a picture.

    Raises:
        PictureError: it has another extension, or that of an SVG although it is not the logo.
    """
    kinds = (*_PIXELS, _SVG) if is_logo else _PIXELS
    endings = [ending for kind in kinds for ending in kind.endings]
    ending = _ending(name)
    if ending in endings:
        return
    if ending in _SVG.endings:
        raise PictureError("wrong-image", "is an SVG; only the logo may be one", "save it as PNG or WebP")
    hint = f"picture names end in {', '.join(endings)}"
    raise PictureError("wrong-image", "is not named like a picture", hint)


def check_size(size: int) -> None:
    """Refuse a file that is larger than any picture on a page needs to be.

    Raises:
        PictureError: it has more than `MAX_BYTES`.
    """
    if size > MAX_BYTES:
        hint = f"save a smaller version: at most {MAX_BYTES // 1_000_000} MB; 300 KB is plenty for a page"
        raise PictureError("large-image", f"has {size:,} bytes", hint)


def _ending(name: str) -> str:
    return PurePosixPath(name).suffix[1:].lower()


def _is_clean(name: str, text: str) -> bool:
    """Return whether embedded text is the base64 of a picture that would be published unchanged.

    Raises:
        PictureError: it is damaged or too large.
    """
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error:
        return False
    return cleaned(f"embedded.{name}", data) == data
