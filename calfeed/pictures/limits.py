"""The limits for pictures of every format, and the error for a picture that cannot be published."""

from __future__ import annotations

MAX_BYTES = 10 * 1000 * 1000
"""The maximum size of a picture, in bytes."""
MAX_PIXELS = 50 * 1000 * 1000
"""The maximum size of a picture, in pixels: a browser uses four bytes for each, however small the file is."""


class PictureError(ValueError):
    """A picture that cannot be published: the code of the problem, its message without a subject, and a hint."""

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


def broken(what: str) -> PictureError:
    """Return the error for a damaged picture; `what` describes the damage."""
    return PictureError("broken-image", f"is damaged: {what}", "open it in an image editor and save it again")


def check_pixels(width: int, height: int) -> None:
    """Refuse a picture that is too large to show.

    Raises:
        PictureError: it has more than `MAX_PIXELS`, or no pixels.
    """
    if width < 1 or height < 1:
        raise broken("its width or height is zero")
    if width * height > MAX_PIXELS:
        raise PictureError(
            "large-image",
            f"has {width:,} × {height:,} pixels",
            f"make it smaller: at most {MAX_PIXELS // 1_000_000} million pixels; 1,600 × 1,200 fills any page",
        )
