"""calfeed.fetch.http: one exchange, and every way it can fail, reported in plain words."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from support.servers import free_port

from calfeed.fetch.http import Answer, FetchError, Request, fetch

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/calendar\r\n"


@contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """Listen on loopback, read one request, and pass the connection to `answer`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/a.ics"
        thread.join()


def sending(*parts: bytes) -> Callable[[socket.socket], None]:
    """Return an answer that sends these bytes and closes the connection."""
    return lambda connection: connection.sendall(b"".join(parts))


def test_an_answer_as_it_came() -> None:
    """Header names are in lower case; the body is not decoded."""
    packed = gzip.compress(b"BEGIN:VCALENDAR")
    with answering(sending(HEAD, b"Content-Encoding: gzip\r\n\r\n", packed)) as url:
        answer = fetch(Request(url=url))
    assert (answer.status, answer.headers["content-type"]) == (200, "text/calendar")
    assert (answer.body, answer.content()) == (packed, b"BEGIN:VCALENDAR")


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        pytest.param([HEAD, b"Content-Length: 9\r\n\r\nabc"], "cut off after 3 of 9 bytes", id="cut off"),
        pytest.param([HEAD, b"Transfer-Encoding: chunked\r\n\r\n9\r\nabc"], "cut off after", id="cut off in a chunk"),
        pytest.param([HEAD, b"Content-Length: 99999999\r\n\r\n", b"a" * 20_000_001], "more than 20,000,000", id="long"),
        pytest.param([], "closed the connection", id="nothing"),
        pytest.param([b"SSH-2.0-OpenSSH\r\n"], "not HTTP", id="another protocol"),
    ],
)
def test_unusable_answers(parts: list[bytes], message: str) -> None:
    """An answer that is cut off, endless or not HTTP is refused."""

    def send(connection: socket.socket) -> None:
        try:
            connection.sendall(b"".join(parts))
        except ConnectionError:  # the reader has had enough
            return

    with answering(send) as url, pytest.raises(FetchError, match=message):
        fetch(Request(url=url))


@pytest.mark.parametrize("head", [b"", HEAD + b"\r\n", HEAD + b"Content-Length: 9999\r\n\r\n"])
def test_a_host_that_drips(head: bytes) -> None:
    """A host that sends occasional bytes is dropped after the timeout, whether in the headers or the body."""

    def drip(connection: socket.socket) -> None:
        connection.settimeout(0.02)
        connection.sendall(head)
        for _ in range(500):
            try:
                connection.sendall(b"a")
                if not connection.recv(1):
                    return
            except TimeoutError:
                continue
            except ConnectionError:
                return

    with answering(drip) as url, pytest.raises(FetchError, match=r"no complete answer within 0\.3 seconds"):
        fetch(Request(url=url), timeout=0.3)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        pytest.param(f"http://127.0.0.1:{free_port()}/", "refused", id="nobody listens"),
        pytest.param("http://host.invalid/", "name cannot be found", id="no such name"),
        pytest.param(f"http://{'a' * 70}.example/", "not HTTP|cannot be found", id="a name too long"),
    ],
)
def test_hosts_that_are_not_there(url: str, message: str) -> None:
    """An unreachable host is reported as such."""
    with pytest.raises(FetchError, match=message):
        fetch(Request(url=url))


@pytest.mark.parametrize(
    ("encoding", "body", "message"),
    [
        ("br", b"x", "`br`, which was not requested"),
        ("gzip", b"BEGIN:VCALENDAR", "but is not"),
        ("gzip", gzip.compress(b"BEGIN:VCALENDAR" * 99)[:-9], "cut off"),
        ("gzip", gzip.compress(b"0" * 20_000_001), "far too large"),
    ],
    ids=["another", "not compressed", "cut off", "a bomb"],
)
def test_wrong_compression(encoding: str, body: bytes, message: str) -> None:
    """A body that does not match its Content-Encoding is refused, and never unpacked beyond the limit."""
    answer = Answer(url="", status=200, headers={"content-encoding": encoding}, body=body)
    with pytest.raises(FetchError, match=message):
        answer.content()
