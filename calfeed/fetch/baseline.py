"""Read the published manifest, from a folder or the web."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath
from urllib.parse import urljoin, urlsplit

from calfeed.diagnostics.problem import Mark, OutputError, problem_at
from calfeed.editions.manifest import MANIFEST, Manifest
from calfeed.editions.manifest_json import read_manifest
from calfeed.fetch import http
from calfeed.fetch.http import Fetch, FetchError, Request
from calfeed.fetch.redirects import RedirectError, follow
from calfeed.fetch.web_addresses import is_loopback, without_password

MAX_BYTES = 300_000_000
"""The largest manifest that is read, in bytes: several times that of 100,000 events."""
MAX_REDIRECTS = 3
_MISSING = (404, 410)


def load_baseline(location: str, fetch: Fetch = http.fetch) -> Manifest | None:
    """Return the manifest at `location`, or None if there is no such file.

    Args:
        location: a manifest or its folder, as a path or an https address.
        fetch: sends a request and returns the answer.

    Raises:
        OutputError: the file cannot be read, or is not a manifest.
    """
    if "://" in location:
        data = _fetch(location, fetch)
        return None if data is None else _read(data, location)
    path = Path(location) / MANIFEST if Path(location).is_dir() else Path(location)
    try:
        return read_manifest(path.read_bytes(), path.as_posix())
    except FileNotFoundError:
        return None
    except OSError as cause:
        raise _unreadable(location, cause.strerror or str(cause)) from cause


def folder_meant(location: str) -> str | None:
    """Return an address with a slash added if it probably means a folder; else None."""
    if "://" not in location:
        return None
    parts = urlsplit(location)
    is_file = bool(parts.query or PurePosixPath(parts.path).suffix) or location.endswith("/")
    return None if is_file else f"{location}/"


def _read(data: bytes, location: str) -> Manifest:
    try:
        return read_manifest(data, location)
    except OutputError as cause:
        folder = folder_meant(location)
        if folder is None:
            raise
        hint = f"give the manifest, or its folder with a slash at the end: {folder}"
        raise OutputError([replace(problem, hint=hint) for problem in cause.problems]) from cause


def _fetch(location: str, fetch: Fetch) -> bytes | None:
    def resolve(url: str, target: str) -> str:
        return _next_address(location, url, target)

    if location.endswith("/"):
        url = resolve(location, MANIFEST)
    else:
        url = location
        _check_address(location, url)
    request = Request(url=url, headers={"User-Agent": "calfeed"}, limit=MAX_BYTES)
    try:
        answer = follow(fetch, request, resolve, MAX_REDIRECTS).answer
        if answer.status in _MISSING:
            return None
        if answer.status == 200:
            return answer.content()
    except RedirectError as cause:
        raise _unreadable(location, f"it redirects more than {MAX_REDIRECTS} times") from cause
    except FetchError as cause:
        raise _unreadable(location, str(cause)) from cause
    raise _unreadable(location, f"the host answers with status {answer.status}")


def _next_address(location: str, url: str, target: str) -> str:
    """Return the address of `target`, as seen from `url`; refuse it if it cannot be trusted."""
    try:
        address = urljoin(url, target)
    except ValueError as cause:
        raise _unreadable(location, f"{without_password(target)} is not an https address") from cause
    _check_address(location, address)
    return address


def _check_address(location: str, url: str) -> None:
    """Require https (or loopback) and no password: the next build trusts the baseline completely."""
    masked = without_password(url)
    if masked != url:
        hint = "download the manifest with another program, and give the file to --baseline"
        raise _unreadable(location, f"{masked} contains a user name or password, which calfeed never sends", hint)
    try:
        scheme = urlsplit(url).scheme
        is_safe = scheme == "https" or (scheme == "http" and is_loopback(url))
    except ValueError:
        is_safe = False
    if not is_safe:
        raise _unreadable(location, f"{url} is not an https address")


def _unreadable(location: str, reason: str, hint: str = "") -> OutputError:
    hint = hint or "without it, subscribers would get every event as new: try again, or give another --baseline"
    message = f"the baseline cannot be read: {reason}"
    return OutputError([problem_at(Mark(path=without_password(location)), "unreadable-baseline", message, hint)])
