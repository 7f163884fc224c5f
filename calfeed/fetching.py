"""One exchange over HTTP, bounded in time and size: the answer as it came, or why there is none.

No redirect is followed, nothing is decoded and nothing is kept: what a host does is to be seen, not smoothed over.
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

TIMEOUT = 15.0
"""Seconds for a whole exchange, from the connection to the last byte."""
MAX_BYTES = 20_000_000
"""The longest body that is read, compressed or not."""
_GZIP = 31  # zlib's number for it


class FetchError(Exception):
    """There is no answer, or none that can be used; the message says why, for people."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What is sent."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came back, as it came; names of headers are in lower case."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def content(self) -> bytes:
        """Return the body, decompressed if the answer says that it is compressed."""
        encoding = self.headers.get("content-encoding", "identity").strip().lower()
        if encoding == "identity":
            return self.body
        if encoding not in ("gzip", "x-gzip"):
            raise FetchError(f"the answer is compressed with `{encoding}`, which was not asked for")
        unpacking = zlib.decompressobj(_GZIP)
        try:
            content = unpacking.decompress(self.body, MAX_BYTES)
        except zlib.error as cause:
            raise FetchError("the answer says that it is compressed with gzip, and is not") from cause
        if not unpacking.eof:
            raise FetchError("the compressed answer is cut off, or far too large")
        return content


Fetch: TypeAlias = Callable[[Request], Answer]


def fetch(request: Request) -> Answer:
    """Send one request and return the answer.

    Raises:
        FetchError: there is no answer, or it is cut off, too large or too slow.
    """
    parts = urlsplit(request.url)
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._") + (f"?{parts.query}" if parts.query else "")
    is_late = Event()
    try:
        with closing(_connection(parts.scheme, parts.hostname or "", parts.port)) as connection:
            connection.connect()
            timer = Timer(TIMEOUT, _hang_up, (connection.sock, is_late))
            timer.start()
            try:
                connection.request(request.method, target, headers=dict(request.headers))
                return _read(request, connection.getresponse())
            finally:
                timer.cancel()
    except (OSError, http.client.HTTPException, UnicodeError) as cause:
        message = f"no full answer within {TIMEOUT:g} seconds" if is_late.is_set() else _explain(cause)
        raise FetchError(message) from cause


def _connection(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=TIMEOUT, context=ssl.create_default_context())
    return http.client.HTTPConnection(host, port, timeout=TIMEOUT)


def _read(request: Request, response: http.client.HTTPResponse) -> Answer:
    body = response.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise FetchError(f"the answer has more than {MAX_BYTES:,} bytes")
    if request.method != "HEAD" and response.length:
        raise FetchError(f"the answer is cut off after {len(body):,} of {len(body) + response.length:,} bytes")
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(url=request.url, status=response.status, headers=headers, body=body)


def _hang_up(connection: socket.socket, is_late: Event) -> None:
    """End a connection under the hands of the thread that reads from it."""
    is_late.set()
    with suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


def _explain(cause: Exception) -> str:
    match cause:
        case ssl.SSLCertVerificationError():
            return f"the certificate cannot be trusted: {cause.verify_message}"
        case ssl.SSLError():
            return f"no secure connection: {cause.reason or cause}"
        case TimeoutError():
            return f"no answer within {TIMEOUT:g} seconds"
        case socket.gaierror():
            return "the host's name cannot be found"
        case http.client.RemoteDisconnected():
            return "the host hung up without an answer"
        case http.client.IncompleteRead():
            return f"the answer is cut off after {len(cause.partial):,} bytes"
        case OSError():
            return f"no connection: {cause.strerror or cause}"
        case _:
            return "the answer is no HTTP"
