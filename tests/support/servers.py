"""Servers for tests: processes on loopback that are ready when a test begins and ended when it is over."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from support.commands import start

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
    process = start(command, environment)
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


def program(name: str) -> str | None:
    """Return where a server is installed: Debian has some outside of a user's PATH."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin")


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    return free_ports(1)[0]


def free_ports(number: int) -> tuple[int, ...]:
    """Return so many different ports of loopback that nobody listens on: all are held until the last is known."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(number)]
        return tuple(int(each.getsockname()[1]) for each in sockets)


@contextmanager
def listening(command: Sequence[str], *ports: int, environment: Mapping[str, str] | None = None) -> Iterator[None]:
    """Run a server for the block, which begins once it listens on all the ports."""
    with running(command, environment) as process:
        wait_until(lambda: process.poll() is not None or all(map(_is_open, ports)))
        assert process.poll() is None, process.communicate()[1]
        yield


@contextmanager
def nginx(folder: Path, servers: str, *ports: int) -> Iterator[None]:
    """Run nginx with these `server` blocks, one process in the foreground, all its files in the folder."""
    own = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = " ".join(f"{name}_temp_path {folder / name};" for name in own)
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"daemon off; master_process off; pid {folder / 'nginx.pid'};\nevents {{ }}\n"
        f"http {{ include /etc/nginx/mime.types; default_type application/octet-stream; access_log off;\n"
        f"{temporary}\n{servers}\n}}\n",
        encoding="utf-8",
    )
    command = [program("nginx") or "nginx", "-p", str(folder), "-e", "stderr", "-c", str(configuration)]
    with listening(command, *ports):
        yield


@contextmanager
def caddy(folder: Path, sites: str, *ports: int) -> Iterator[None]:
    """Run Caddy with these sites, its own files in the folder."""
    configuration = folder / "Caddyfile"
    configuration.write_text(f"{{\n\tadmin off\n\tauto_https off\n}}\n{sites}\n", encoding="utf-8")
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    command = [program("caddy") or "caddy", "run", "--config", str(configuration), "--adapter", "caddyfile"]
    with listening(command, *ports, environment=environment):
        yield


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
