"""Check that every host and file system can store the names of pictures and distinguish them."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

from calfeed.values.addresses import is_fit_path

# Device names that Windows reserves in every folder and with any extension.
_DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\..*)?", re.IGNORECASE)
# Extensions of programs: some web servers look at every extension in a name, and run `x.php.png`.
_RUN = re.compile(r"\.(php\d?|phtml?|phps|phar|f?cgi|shtml?|aspx?|jspx?)(?=\.)", re.IGNORECASE)
_NOT_ON_WINDOWS = re.compile(r'[<>"|?*]')


def trouble_with_name(path: str) -> str | None:
    """Return what to do about the name of a picture or one of its folders; None if it can be published unchanged.

    Args:
        path: where it would be published, relative to DIST.
    """
    if not is_fit_path(path):
        return "rename the file or folder: a published path cannot contain a tab, line break, colon or backslash"
    for part in path.split("/"):
        if part.startswith("."):
            return f"rename `{part}`: names that begin with a dot are hidden and not published"
        if part.endswith((".", " ")):
            return f"rename `{part}`: Windows drops a dot or a space at the end of a name"
        if _DEVICES.fullmatch(part):
            return f"rename `{part}`: Windows reserves this name"
        match = _NOT_ON_WINDOWS.search(part)
        if match is not None:
            return f"rename `{part}`: Windows does not allow `{match[0]}` in names"
        match = _RUN.search(part)
        if match is not None:
            return f"rename `{part}`: some web servers run files with `{match[0]}` in their names"
    return None


class Names:
    """The names used so far, as seen by a file system that ignores case and the Unicode form of letters such as ö."""

    def __init__(self) -> None:
        self._spellings: dict[str, str] = {}

    def twin_of(self, path: str) -> str | None:
        """Record a path; return the earlier path that it, or one of its folders, would be confused with, or None."""
        whole = PurePosixPath(path)
        for part in (*reversed(whole.parents[:-1]), whole):
            twin = self._spellings.setdefault(_folded(part.as_posix()), part.as_posix())
            if twin != part.as_posix():
                return twin
        return None


def _folded(path: str) -> str:
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", path).casefold())
