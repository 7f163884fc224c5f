"""Read e-mail addresses and file paths; `text.urls` reads web addresses."""

from __future__ import annotations

import re

from calfeed.diagnostics.problem import InvalidValue
from calfeed.values.texts import read_text

_EMAIL = re.compile(r"[^\s@<>,;:\"()\\]+@([^\s@<>,;:\"()\\]+)")
_MAX_EMAIL = 254  # RFC 5321 §4.5.3.1.3, without the brackets
_MAX_PATH, _MAX_PATH_PART = 1000, 255
# Not allowed in published paths; on Windows, a colon or a backslash leads elsewhere.
_UNFIT = re.compile("[\x00-\x1f\x7f\\\\:\ud800-\udfff]")


def read_email(text: str) -> str:
    """Return an e-mail address."""
    if len(text) > _MAX_EMAIL:
        message = f"the e-mail address has {len(text)} characters"
        raise InvalidValue("bad-email", message, f"use an address of at most {_MAX_EMAIL} characters")
    if not _is_email(text):
        spelled = re.sub(r"\s+at\s+|\s*[(\[]at[)\]]\s*", "@", text, flags=re.IGNORECASE)
        plain = re.sub(r"^.*<|>.*$|^mailto:|\s+", "", spelled)
        hint = f"write `{plain}`" if _is_email(plain) else "write it like `events@example.org`"
        raise InvalidValue("bad-email", f"`{text}` is not an e-mail address", hint)
    return text


def _is_email(text: str) -> bool:
    match = _EMAIL.fullmatch(text)
    return match is not None and "." in match[1][1:-1]


def is_fit_path(path: str) -> bool:
    """Return whether a path can only lead to a file below DIST, so that calfeed may write to it."""
    if _UNFIT.search(path) or len(path.encode()) > _MAX_PATH:
        return False
    return not any(part in ("", ".", "..") or len(part.encode()) > _MAX_PATH_PART for part in path.split("/"))


def read_relative_path(text: str) -> str:
    """Return a path within the folder of events, relative to the YAML file that contains it."""
    advice = "write the name of a file next to the YAML file"
    if re.match(r"[a-z][a-z0-9+.-]*://|data:", text, re.ASCII | re.IGNORECASE):
        message = f"`{text}` is a web address; a file is expected here"
        raise InvalidValue("bad-path", message, "save it next to the YAML file, and write its name")
    if text.startswith(("/", "\\")) or ":" in text or ".." in re.split(r"[/\\]", text):
        raise InvalidValue("bad-path", f"`{text}` may lead outside the folder", advice)
    if "\\" in text:
        path = text.replace("\\", "/")
        raise InvalidValue("bad-path", f"`{text}` is a Windows path", f"write `{path}`")
    lengths = [len(part.encode("utf-8", "surrogatepass")) for part in (text, *text.split("/"))]
    if lengths[0] > _MAX_PATH or max(lengths[1:]) > _MAX_PATH_PART:
        hint = f"use shorter names: at most {_MAX_PATH_PART} bytes each, {_MAX_PATH} in total"
        raise InvalidValue("bad-path", "the path is longer than file systems allow", hint)
    return read_text(text)
