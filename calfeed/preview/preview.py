"""A preview of DIST: builds a folder of events, keeps the last good build, and answers requests for its files."""

from __future__ import annotations

import hashlib
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

from calfeed.diagnostics import report
from calfeed.diagnostics.problem import CalfeedError
from calfeed.editions.manifest import MANIFEST, Manifest
from calfeed.pipeline.build import BuildResult, build
from calfeed.pipeline.options import Options
from calfeed.preview.page import LOOK, RELOAD, SCRIPT, STATE, STYLE, fill, format_page, format_report
from calfeed.publish.headers import HTML, PLAIN, content_type_of

_DIST = "dist"
_INDEX, _NOT_FOUND = "index.html", "404.html"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """The reply to a request; `etag` is computed from the bytes in `body`."""

    status: int
    content_type: str
    body: bytes

    @property
    def etag(self) -> str:
        """The strong validator of the body."""
        return f'"{hashlib.sha256(self.body).hexdigest()[:32]}"'

    def answers(self, if_none_match: str | None) -> bool:
        """Return whether the sender of this If-None-Match already has these bytes (RFC 9110 §13.1.2)."""
        sent = [tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")]
        return self.status == 200 and (self.etag in sent or "*" in sent)


@dataclass(frozen=True, slots=True)
class _Content:
    """The current content: the files of the last good build, and a report if the sources are now broken.

    `folder` is where the files will be at their host, as in `calendar/`.
    """

    files: AbstractSet[str] = frozenset()
    report: str = ""
    id: str = ""
    folder: str = ""


class Preview:
    """A folder of events as it would be published, for one reader at this computer.

    Every build starts afresh, as if nothing had been published: an event deleted a minute ago leaves no cancelled entry
    behind, and no build is refused because events are missing.
    """

    def __init__(self, events: Path, folder: Path, now: datetime) -> None:
        """Show `events`, built into `folder` (used by the preview alone), each time with the build time `now`."""
        self._events = events
        self._dist = folder / _DIST
        self._now = now
        self._content = _Content()

    def rebuild(self) -> BuildResult | CalfeedError:
        """Build, show the result, and return it; if a build fails, the files of the last good one stay."""
        content = self._content
        try:
            # Into the same folder, so that unchanged files are cached and stay.
            result = build(self._events, self._dist, now=self._now, options=Options(baseline=Manifest(), preview=True))
        except CalfeedError as cause:
            self._show(content.files, report.format_problems(cause.problems), content.folder)
            return cause
        self._show(frozenset(result.files), folder=urlsplit(result.url or "").path.lstrip("/"))
        return result

    def reply(self, path: str) -> Reply:
        """Return the reply to a request for a path, given without a leading slash."""
        content = self._content
        own_files = {SCRIPT: RELOAD, STYLE: LOOK, STATE: content.id}
        if path in own_files:
            return Reply(status=200, content_type=content_type_of(path), body=own_files[path].encode())
        name = f"{path}{_INDEX}" if path.endswith("/") or not path else path
        if name not in content.files:
            name = name.removeprefix(content.folder)  # 404.html links to files as their host will have them
        if name in content.files:
            return self._reply(content, path, name, 200)
        if not path:
            return _page(content, 200, "Files", _format_files(content))
        if not content.files:
            return Reply(status=503, content_type=PLAIN, body=content.report.encode())
        if _NOT_FOUND in content.files:
            return self._reply(content, path, _NOT_FOUND, 404)
        return _no_file(content, path)

    def _show(self, files: AbstractSet[str], problems: str = "", folder: str = "") -> None:
        digest = hashlib.sha256(problems.encode())
        if files:
            digest.update((self._dist / MANIFEST).read_bytes())  # it has the hash of every other file
        self._content = _Content(files, problems, digest.hexdigest()[:32], folder)

    def _reply(self, content: _Content, path: str, name: str, status: int) -> Reply:
        try:
            body = (self._dist / name).read_bytes()
        except FileNotFoundError:  # a build has just deleted it
            return _no_file(content, path)
        content_type = content_type_of(name)
        if content_type == HTML:
            body = fill(body.decode(), content.id, _format_report(content)).encode()
        return Reply(status=status, content_type=content_type, body=body)


def _no_file(content: _Content, path: str) -> Reply:
    return _page(content, 404, "Not found", f'<p class="calfeed-files">There is no file {escape(path)}.</p>')


def _page(content: _Content, status: int, title: str, body: str) -> Reply:
    page = format_page(title, body, content.id, _format_report(content))
    return Reply(status=status, content_type=HTML, body=page.encode())


def _format_report(content: _Content) -> str:
    if not content.report:
        return ""
    below = "below is the last good build" if content.files else "there is no good build yet"
    return format_report(f"The sources have errors; {below}", content.report)


def _format_files(content: _Content) -> str:
    items = "".join(f'<li><a href="/{escape(name)}">{escape(name)}</a></li>' for name in sorted(content.files))
    return f'<ul class="calfeed-files">{items}</ul>' if items else ""
