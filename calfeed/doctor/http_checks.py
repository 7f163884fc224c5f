"""Checks how a host serves a file: the HTTP behaviour that calendars depend on, one function per check."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urljoin, urlsplit, urlunsplit
from urllib.robotparser import RobotFileParser

from calfeed.doctor.findings import Finding, fault, ok, risk
from calfeed.fetch.http import Fetch, FetchError, Request
from calfeed.fetch.redirects import RedirectError, Trail, follow, is_redirect
from calfeed.fetch.web_addresses import is_loopback, read_address, without_password

MAX_REDIRECTS = 5
GOOGLE = "Google-Calendar-Importer"
AGENTS = {"Google": GOOGLE, "Outlook": "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17328; Pro)"}
"""The User-Agent headers of programs that fetch calendars."""
_OWN_AGENT = "calfeed-doctor"
_NO_MORE: Mapping[str, str] = {}


def ask(
    fetch: Fetch, url: str, *, agent: str = _OWN_AGENT, method: str = "GET", headers: Mapping[str, str] = _NO_MORE
) -> Trail:
    """Return the answer at the end of the redirects.

    Args:
        fetch: sends one request.
        url: where to begin.
        agent: the User-Agent to send.
        method: the request's method.
        headers: further headers.

    Raises:
        FetchError: there is no usable answer, or the redirects lead nowhere.
    """
    sent = {"User-Agent": agent, "Accept-Encoding": "gzip", **headers}
    return follow(fetch, Request(url=url, method=method, headers=sent), _next_address, MAX_REDIRECTS)


def _next_address(url: str, location: str) -> str:
    try:
        return read_address(urljoin(url, location))
    except ValueError as cause:
        masked = without_password(location)
        raise RedirectError(f"it redirects to {masked}, which is not a web address") from cause


# -- checked for every file


def no_answer(cause: FetchError, *where: str) -> Finding:
    """Return the finding for a request without an answer."""
    return fault("redirects" if isinstance(cause, RedirectError) else "answer", str(cause), "", *where)


def check_address(trail: Trail, path: str) -> Iterator[Finding]:
    """Check the redirects, and that every step uses https."""
    addresses = [*(answer.url for answer in trail.redirects), trail.answer.url]
    last = addresses[-1]
    if any(urlsplit(url).scheme == "http" for url in addresses[1:]) and urlsplit(addresses[0]).scheme == "https":
        yield fault("redirects", "it redirects from https to http", trail.server, path)
    elif len(addresses) > 2:
        yield fault("redirects", f"there are {len(addresses) - 1} redirects", trail.server, path)
    elif len(addresses) == 2:
        yield risk("redirects", f"there is 1 redirect, to {urlsplit(last).netloc}", trail.server, path)
    else:
        yield ok("redirects", "none", path)
    if urlsplit(addresses[0]).scheme == "https":
        yield ok("https", "the certificate is trusted", path)
    elif not is_loopback(addresses[0]):
        yield fault("https", "the address is plain http", trail.server, path)


def check_type(trail: Trail, content: bytes, path: str) -> Iterator[Finding]:
    """Check the content type and its charset."""
    written = trail.answer.headers.get("content-type", "")
    kind, *parameters = (part.strip().lower() for part in written.split(";"))
    charsets = [part.partition("=")[2].strip('" ') for part in parameters if part.startswith("charset=")]
    if kind != "text/calendar":
        yield fault("content-type", f"{written or 'none'}, not text/calendar", trail.server, path)
    elif charsets and charsets != ["utf-8"]:
        yield fault("content-type", f"the charset is {charsets[0]}, not utf-8", trail.server, path)
    elif not charsets and not content.isascii():
        message = "there is no charset, and the file has non-ASCII letters, which Google has shown garbled"
        yield fault("content-type", message, trail.server, path)
    elif not charsets:
        yield risk("content-type", "there is no charset; the first ä in the file will need it", trail.server, path)
    else:
        yield ok("content-type", "text/calendar; charset=utf-8", path)


# -- checked for one file, because a host treats all files alike


def check_head(fetch: Fetch, trail: Trail, path: str) -> Iterator[Finding]:
    """Ask with HEAD, as Thunderbird does first."""
    answer = ask(fetch, trail.answer.url, method="HEAD").answer
    if answer.status != 200:
        yield fault("head", f"HEAD returns {answer.status}, GET returns 200", trail.server, path)
    elif answer.headers.get("content-type") != trail.answer.headers.get("content-type"):
        yield fault("head", "HEAD and GET have different content types", trail.server, path)
    else:
        yield ok("head", "HEAD is answered like GET", path)


def check_conditional(fetch: Fetch, trail: Trail, path: str) -> Iterator[Finding]:
    """Look for a validator, and repeat the request with it."""
    headers = trail.answer.headers
    if "etag" in headers:
        name, condition = "an ETag", {"If-None-Match": headers["etag"]}
    elif "last-modified" in headers:
        name, condition = "a Last-Modified", {"If-Modified-Since": headers["last-modified"]}
    else:
        yield fault("validators", "there is neither ETag nor Last-Modified", trail.server, path)
        return
    yield ok("validators", f"there is {name}", path)
    again = ask(fetch, trail.answer.url, headers=condition).answer
    if again.status == 304:
        yield ok("conditional", "304 for clients that have the file", path)
    else:
        message = f"there is {name}, but a request with it returns {again.status}, not 304"
        yield fault("conditional", message, trail.server, path)


def check_compression(fetch: Fetch, trail: Trail, path: str) -> Iterator[Finding]:
    """Request the file uncompressed, and compare it with the answer for which gzip was allowed."""
    answer = ask(fetch, trail.answer.url, headers={"Accept-Encoding": "identity"}).answer
    if answer.headers.get("content-encoding", "identity").lower() != "identity":
        yield fault("compression", "the file is sent compressed to programs that cannot unpack it", trail.server, path)
    elif answer.body != trail.answer.content():
        yield fault("compression", "the compressed file and the plain one differ", trail.server, path)
    else:
        yield ok("compression", "the same file, compressed or not", path)


def check_agents(fetch: Fetch, trail: Trail, path: str) -> Iterator[Finding]:
    """Request the file as the programs that subscribe do, and expect the same content."""
    for name, agent in AGENTS.items():
        answer = ask(fetch, trail.answer.url, agent=agent).answer
        if answer.status != 200:
            yield fault("user-agents", f"{name} gets status {answer.status}", trail.server, path)
        elif answer.content() != trail.answer.content():
            yield fault("user-agents", f"{name} gets a different file", trail.server, path)
        else:
            yield ok("user-agents", f"{name} gets the same file", path)


# -- checked once for the host


def check_robots(fetch: Fetch, trail: Trail, path: str) -> Iterator[Finding]:
    """Check whether robots.txt forbids the feed."""
    answer = ask(fetch, urljoin(trail.answer.url, "/robots.txt")).answer
    if answer.status >= 500:
        yield risk("robots", f"robots.txt returns {answer.status}, which Google treats as a ban", "", path)
        return
    rules = RobotFileParser()
    rules.parse(answer.content().decode(errors="replace").splitlines() if answer.status == 200 else [])
    if rules.can_fetch(GOOGLE, trail.answer.url):
        yield ok("robots", "robots.txt allows programs")
    else:
        yield fault("robots", "robots.txt forbids the feed", trail.server, path)


def check_plain_http(fetch: Fetch, trail: Trail, path: str) -> Iterator[Finding]:
    """Request plain http, as Thunderbird does for webcal:// addresses; skip this computer and non-standard ports."""
    url = trail.redirects[0].url if trail.redirects else trail.answer.url
    parts = urlsplit(url)
    if parts.scheme != "https" or is_loopback(url) or parts.port not in (None, 443):
        return
    plain = urlunsplit(("http", parts.hostname or "", parts.path, parts.query, ""))
    try:
        answer = fetch(Request(url=plain, headers={"User-Agent": _OWN_AGENT}))
        target = _next_address(plain, answer.headers["location"]) if is_redirect(answer) else plain
    except FetchError as cause:
        yield fault("http", f"there is no answer over http: {cause}", "", path)
        return
    if urlsplit(target).scheme == "https":
        yield ok("http", "http redirects to https")
    else:
        message = f"http returns {answer.status} and does not redirect to https"
        yield fault("http", message, answer.headers.get("server", ""), path)


def check_missing(fetch: Fetch, base: str) -> Iterator[Finding]:
    """Request a feed that does not exist."""
    path = "feeds/there-is-no-such-feed.ics"
    trail = ask(fetch, urljoin(base, path))
    status = trail.answer.status
    if status in (404, 410):
        yield ok("not-found", f"a missing feed returns {status}")
    elif status in (401, 403):
        yield risk("not-found", f"a missing feed returns {status}, not 404", trail.server, path)
    else:
        yield fault("not-found", f"a missing feed returns {status}", trail.server, path)
