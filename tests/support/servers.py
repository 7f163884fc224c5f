"""Servers for tests: processes on loopback that are ready when a test begins and end with it."""

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
    """A server's response, with header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def ask(url: str, method: str = "GET", headers: Mapping[str, str] = _NO_HEADERS) -> Answered:
    """Send one request over http and return the response; redirects are not followed."""
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
    """Wait until a condition is true, or fail after the deadline."""
    end = time.monotonic() + DEADLINE
    while not is_so():
        assert time.monotonic() < end, "the condition never became true"
        time.sleep(0.02)


@contextmanager
def running(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """Run a process for the duration of the block, its output in pipes, and end it."""
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
    """Return the path of an installed server; Debian puts some outside a user's PATH."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin")


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    return free_ports(1)[0]


def free_ports(number: int) -> tuple[int, ...]:
    """Return this many different loopback ports that nobody listens on; all stay open until the last is known."""
    with ExitStack() as open_sockets:
        sockets = [open_sockets.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(number)]
        return tuple(int(server.getsockname()[1]) for server in sockets)


@contextmanager
def listening(command: Sequence[str], *ports: int, environment: Mapping[str, str] | None = None) -> Iterator[None]:
    """Run a server for the duration of the block, which begins once the server listens on all ports."""
    with running(command, environment) as process:
        wait_until(lambda: process.poll() is not None or all(map(_is_open, ports)))
        assert process.poll() is None, process.communicate()[1]
        yield


@contextmanager
def nginx(folder: Path, servers: str, *ports: int) -> Iterator[None]:
    """Run nginx with these `server` blocks, as one process in the foreground, with all its files in the folder."""
    modules = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = " ".join(f"{name}_temp_path {folder / name};" for name in modules)
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
    """Run Caddy with these sites, with all its files in the folder."""
    configuration = folder / "Caddyfile"
    configuration.write_text(f"{{\n\tadmin off\n\tauto_https off\n}}\n{sites}\n", encoding="utf-8")
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    command = [program("caddy") or "caddy", "run", "--config", str(configuration), "--adapter", "caddyfile"]
    with listening(command, *ports, environment=environment):
        yield


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
