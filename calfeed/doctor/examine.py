"""Examines a published calendar as its subscribers' programs do: which files, which checks, in which order.

The number of requests is bounded: the host is checked with one file, the first that returns 200. For the other feeds,
and for the files of the first, the middle and the last event, only the file itself is checked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from calfeed.doctor import http_checks
from calfeed.doctor.expected import Promise, read_promise
from calfeed.doctor.findings import Finding, Level, fault, merge, ok, risk
from calfeed.doctor.http_checks import ask
from calfeed.doctor.reader import read_events
from calfeed.editions.manifest import MANIFEST
from calfeed.fetch.http import Fetch, FetchError
from calfeed.fetch.redirects import Trail
from calfeed.formats.limits import MAX_FEED_BYTES, MAX_FEED_EVENTS
from calfeed.progress import Progress, silent

MAX_FEEDS = 200
"""How many feeds of a calendar are examined."""
_MAX_SILENT = 3  # files in a row without an answer before giving up
_MAX_PARENTS = 4  # feeds/category/x.ics lies two folders below the manifest


@dataclass(frozen=True, slots=True)
class _Site:
    """A published calendar: its address, its manifest if it has one, and the files to examine."""

    base: str
    promise: Promise | None
    paths: tuple[str, ...]


def examine(url: str, fetch: Fetch, progress: Progress = silent) -> tuple[Finding, ...]:
    """Return the findings at a published calendar, in the order of the checks.

    Args:
        url: where the output folder is published, or one of its feeds (an address that ends in .ics).
        fetch: sends one request.
        progress: called with the number of files examined.
    """
    return merge(_examine(url, fetch, progress))


def _examine(url: str, fetch: Fetch, progress: Progress) -> Iterator[Finding]:
    site, findings = _find_site(url, fetch)
    yield from findings
    silence, is_host_known = 0, False
    for number, path in enumerate(site.paths):
        progress("asking", number, len(site.paths))
        if silence == _MAX_SILENT:
            yield fault("answer", "not requested, because the host does not answer", "", *site.paths[number:])
            break
        try:
            trail = ask(fetch, urljoin(site.base, path))
        except FetchError as cause:
            silence += 1
            yield http_checks.no_answer(cause, path)
            continue
        silence = 0
        yield from _examine_file(site.promise, trail, path, None if is_host_known else fetch)
        is_host_known = is_host_known or trail.answer.status == 200
    progress("asking", len(site.paths), len(site.paths))
    if site.paths:
        yield from _guarded("not-found", lambda: http_checks.check_missing(fetch, site.base))


# -- what to examine


def _find_site(url: str, fetch: Fetch) -> tuple[_Site, list[Finding]]:
    """Return the calendar at an address, and the findings about its manifest."""
    if not urlsplit(url).path.endswith(".ics"):
        base = url if url.endswith("/") else f"{url}/"
        promise, finding = _fetch_promise(base, fetch)
        return _Site(base, promise, _choose(promise) if promise else ()), [finding]
    base, parents = urljoin(url, "."), 0
    while parents < _MAX_PARENTS:
        promise, finding = _fetch_promise(base, fetch)
        path = url.removeprefix(base)
        if promise is not None and path in promise.hashes:
            return _Site(base, promise, (path,)), [finding]
        if urljoin(base, "..") == base:
            break
        base, parents = urljoin(base, ".."), parents + 1
    message = f"no {MANIFEST} lists this feed, so its expected content is unknown"
    folder = urljoin(url, ".")
    return _Site(folder, None, (url.removeprefix(folder),)), [risk("manifest", message, "")]


def _fetch_promise(base: str, fetch: Fetch) -> tuple[Promise | None, Finding]:
    url = urljoin(base, MANIFEST)
    try:
        answer = ask(fetch, url).answer
        if answer.status != 200:
            return None, fault("manifest", f"{url} returns {answer.status}", "")
        promise = read_promise(answer.content())
    except FetchError as cause:
        return None, http_checks.no_answer(cause, url)
    except ValueError:
        return None, fault("manifest", f"{url} is not a calfeed manifest", "")
    built = f"built by {promise.generator}, with {len(promise.singles):,} events in {len(promise.feeds):,} feeds"
    return promise, ok("manifest", built, MANIFEST)


def _choose(promise: Promise) -> tuple[str, ...]:
    """Return the feeds, the main one first, and the files of the first, the middle and the last event."""
    singles = promise.singles
    sample = [singles[0], singles[len(singles) // 2], singles[-1]] if singles else []
    return tuple(dict.fromkeys([*promise.feeds[:MAX_FEEDS], *sample]))


# -- one file


def _examine_file(promise: Promise | None, trail: Trail, path: str, fetch: Fetch | None) -> Iterator[Finding]:
    """Examine a file, and if `fetch` is given, how its host answers other requests for it."""
    yield from http_checks.check_address(trail, path)
    if trail.answer.status != 200:
        yield fault("status", f"GET returns {trail.answer.status}", trail.server, path)
        return
    yield ok("status", "GET returns 200", path)
    try:
        content = trail.answer.content()
    except FetchError as cause:
        yield fault("compression", str(cause), trail.server, path)
        return
    yield from http_checks.check_type(trail, content, path)
    yield from _check_content(promise, trail, content, path)
    if fetch is not None:
        yield from _examine_host(trail, path, fetch)


def _examine_host(trail: Trail, path: str, fetch: Fetch) -> Iterator[Finding]:
    """Request one file in all the ways that calendar programs do."""
    yield from _guarded("head", lambda: http_checks.check_head(fetch, trail, path))
    yield from _guarded("conditional", lambda: http_checks.check_conditional(fetch, trail, path))
    yield from _guarded("compression", lambda: http_checks.check_compression(fetch, trail, path))
    yield from _guarded("user-agents", lambda: http_checks.check_agents(fetch, trail, path))
    yield from _guarded("robots", lambda: http_checks.check_robots(fetch, trail, path))
    yield from http_checks.check_plain_http(fetch, trail, path)


def _guarded(check: str, findings: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """Yield the findings of a check; a request without an answer is a finding, too."""
    try:
        yield from findings()
    except FetchError as cause:
        yield fault(check, str(cause), "")


def _check_content(promise: Promise | None, trail: Trail, content: bytes, path: str) -> Iterator[Finding]:
    """Check the file itself: its bytes, its size, its events and their times."""
    if not content:
        yield fault("bytes", "the file is empty: Thunderbird then empties subscribers' calendars", "", path)
        return
    if promise is not None:
        yield _check_bytes(promise.hashes.get(path), trail, content, path)
    try:
        events = read_events(content)
    except ValueError as cause:
        yield fault("calendar", str(cause), trail.server, path)
        return
    if len(content) >= MAX_FEED_BYTES or len(events) >= MAX_FEED_EVENTS:
        message = f"Google loses events from feeds over {MAX_FEED_BYTES:,} bytes or {MAX_FEED_EVENTS:,} events"
        yield risk("size", message, "", path)
    else:
        yield ok("size", f"under {MAX_FEED_BYTES:,} bytes and {MAX_FEED_EVENTS:,} events", path)
    if promise is None:
        yield ok("calendar", f"it can be read, and has {len(events):,} events", path)
        return
    promised = promise.events.get(path, {})
    if events.keys() != promised.keys():
        yield fault("calendar", "its events differ from those in the manifest", trail.server, path)
    else:
        yield ok("calendar", "it has the events that the manifest lists", path)
    misplaced = [uid for uid, times in events.items() if promised.get(uid, times) != times]
    if misplaced:
        yield fault("times", f"{misplaced[0]} is at a wrong time by the file's own time zones", trail.server, path)
    else:
        yield ok("times", "every event is at the right time by the file's own time zones", path)


def _check_bytes(expected: str | None, trail: Trail, content: bytes, path: str) -> Finding:
    if hashlib.sha256(content).hexdigest() == expected:
        return ok("bytes", "they match the manifest", path)
    lines = content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    if hashlib.sha256(lines).hexdigest() == expected:
        return fault("bytes", "the line endings were changed in transit", trail.server, path)
    if hashlib.sha256(content.removeprefix(b"\xef\xbb\xbf")).hexdigest() == expected:
        return fault("bytes", "a byte order mark was put in front of the file", trail.server, path)
    message = "the file does not match the manifest: one is an old copy, or it was changed in transit"
    return fault("bytes", message, trail.server, path)


def has_fault(findings: tuple[Finding, ...]) -> bool:
    """Return whether any finding is a fault."""
    return any(finding.level is Level.FAULT for finding in findings)
