"""One HTTP exchange, limited in time and size: the answer as it came, or why it failed.

No redirect is followed, nothing is decoded and nothing is stored, so that callers see what the host really does.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import zlib
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from threading import Event, Timer
from typing import TypeAlias
from urllib.parse import quote, urlsplit

from calfeed.text.hosts import ascii_host

TIMEOUT = 15.0
"""Seconds for a whole exchange, from the connection to the last byte."""
MAX_BYTES = 20_000_000
"""The largest body that is read, in bytes, compressed or not."""
_GZIP = 31  # zlib's wbits for gzip
_SAFE = "/?%:@!$&'()*+,;=~-._"  # in paths and queries, which may already be quoted


class FetchError(Exception):
    """There is no usable answer; the message says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What is sent, and the largest body to accept."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    limit: int = MAX_BYTES


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came back, unchanged except that header names are in lower case."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def content(self) -> bytes:
        """Return the body, decompressed if its headers say that it is compressed."""
        encoding = self.headers.get("content-encoding", "identity").strip().lower()
        if encoding == "identity":
            return self.body
        if encoding not in ("gzip", "x-gzip"):
            raise FetchError(f"the answer is compressed with `{encoding}`, which was not requested")
        unpacking = zlib.decompressobj(_GZIP)
        try:
            content = unpacking.decompress(self.body, MAX_BYTES)
        except zlib.error as cause:
            raise FetchError("the answer claims to be compressed with gzip, but is not") from cause
        if not unpacking.eof:
            raise FetchError("the compressed answer is cut off, or far too large")
        return content


Fetch: TypeAlias = Callable[[Request], Answer]


def fetch(request: Request, timeout: float = TIMEOUT) -> Answer:
    """Send one request and return the answer.

    Args:
        request: what to send.
        timeout: seconds for the whole exchange.

    Raises:
        FetchError: there is no answer, or it is cut off, too large or too slow.
    """
    is_late = Event()
    try:
        answer = _exchange(request, timeout, is_late)
    except (OSError, http.client.HTTPException, ValueError, FetchError) as cause:
        was_slow = is_late.is_set() or isinstance(cause, TimeoutError)
        raise FetchError(_slow(timeout) if was_slow else _explain(cause)) from cause
    if is_late.is_set():  # a body without a length ends with the connection
        raise FetchError(_slow(timeout))
    return answer


def _exchange(request: Request, timeout: float, is_late: Event) -> Answer:
    parts = urlsplit(request.url)
    target = quote(parts.path or "/", safe=_SAFE) + (f"?{quote(parts.query, safe=_SAFE)}" if parts.query else "")
    host = ascii_host(parts.hostname or "")  # otherwise Python would connect to a different host for `straße.de`
    with closing(_connection(parts.scheme, host, parts.port, timeout)) as connection:
        connection.connect()
        timer = Timer(timeout, _hang_up, (connection.sock, is_late))
        timer.start()
        try:
            connection.request(request.method, target, headers=dict(request.headers))
            return _read(request, connection.getresponse())
        finally:
            timer.cancel()


def _connection(scheme: str, host: str, port: int | None, timeout: float) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=timeout, context=ssl.create_default_context())
    return http.client.HTTPConnection(host, port, timeout=timeout)


def _read(request: Request, response: http.client.HTTPResponse) -> Answer:
    body = response.read(request.limit + 1)
    if len(body) > request.limit:
        raise FetchError(f"the answer has more than {request.limit:,} bytes")
    if request.method != "HEAD" and response.length:
        raise FetchError(f"the answer is cut off after {len(body):,} of {len(body) + response.length:,} bytes")
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(url=request.url, status=response.status, headers=headers, body=body)


def _hang_up(connection: socket.socket, is_late: Event) -> None:
    """Shut down a connection while another thread reads from it."""
    is_late.set()
    with suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


def _slow(timeout: float) -> str:
    return f"no complete answer within {timeout:g} seconds"


def _explain(cause: Exception) -> str:
    match cause:
        case FetchError():
            return str(cause)
        case ssl.SSLCertVerificationError():
            return f"the certificate cannot be trusted: {cause.verify_message}"
        case ssl.SSLError():
            return f"no secure connection: {cause.reason or cause}"
        case socket.gaierror():
            return "the host's name cannot be found"
        case http.client.RemoteDisconnected():
            return "the host closed the connection without an answer"
        case http.client.IncompleteRead():
            return f"the answer is cut off after {len(cause.partial):,} bytes"
        case OSError():
            return f"no connection: {cause.strerror or cause}"
        case _:
            return "the answer is not HTTP"
