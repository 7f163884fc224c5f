"""Servers for tests: processes on loopback that are ready when a test begins and ended when it is over."""

from __future__ import annotations

import http.client
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

DEADLINE = 30.0
"""Seconds after which a test gives up waiting."""
_NO_HEADERS: Mapping[str, str] = {}


@dataclass(frozen=True)
class Answered:
    """What a server answered; the names of headers in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def ask(url: str, method: str = "GET", headers: Mapping[str, str] = _NO_HEADERS) -> Answered:
    """Send one request over http and return the answer, redirects and all."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=DEADLINE)
    try:
        connection.request(method, parts.path or "/", headers=dict(headers))
        response = connection.getresponse()
        named = {name.lower(): value for name, value in response.getheaders()}
        return Answered(response.status, named, response.read())
    finally:
        connection.close()


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so, or fail."""
    end = time.monotonic() + DEADLINE
    while not is_so():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.02)


@contextmanager
def running(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """Run a process for the block, its output in pipes, and end it."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8", env=environment
    )
    with process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.communicate(timeout=DEADLINE)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
