"""calfeed publish at real servers on loopback: an S3 store with the publishing process killed midway, and SFTP."""

from __future__ import annotations

import asyncio
import http.client
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import asyncssh
import boto3
import pytest
from support.commands import run
from support.commands import start as start_process
from support.projects import LATER, NOW, TALK, tree, write_events
from support.servers import DEADLINE, free_port, listening, wait_until

from calfeed.editions.consent import Consent
from calfeed.editions.manifest import MANIFEST
from calfeed.pipeline.build import build
from calfeed.pipeline.options import Options
from calfeed.publish.journal import journals_in

BUCKET = "calendars"
ACCOUNT = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
FOREIGN = {"site2/calfeed.json": b"{}", "site/CNAME": b"test.example"}
CHANGED = {"changes.atom", "events/talk.ics", "test.ics", MANIFEST}
"""The files that differ in the second of the two builds, which also lacks `feeds/all.ics`."""


@dataclass
class Gate:
    """A gate in front of the store: it records the requests that change something, and can hold them back."""

    port: int
    limit: int = 1000
    passed: list[str] = field(default_factory=list)
    is_shut: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def let(self, request: str) -> bool:
        """Return whether a request may pass."""
        with self.lock:
            if len(self.passed) >= self.limit:
                self.is_shut.set()
                return False
            self.passed.append(request)
            return True

    def clear(self, limit: int = 1000) -> None:
        """Open the gate again."""
        self.limit, self.passed = limit, []
        self.is_shut.clear()


def gatekeeper(gate: Gate, store: int) -> type[BaseHTTPRequestHandler]:
    """Return a handler that passes requests on to the store."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except ConnectionError:  # the process was killed
                self.close_connection = True

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.command in ("PUT", "DELETE") and not gate.let(f"{self.command} {self.path.partition('?')[0]}"):
                self.close_connection = True
                self.rfile.read(1)  # until the process is killed
                return
            with closing(http.client.HTTPConnection("127.0.0.1", store, timeout=DEADLINE)) as connection:
                connection.request(self.command, self.path, body, dict(self.headers))
                response = connection.getresponse()
                data = response.read()
                self.send_response_only(response.status)
                for name, value in response.getheaders():
                    if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                        self.send_header(name, value)
                self.send_header(
                    "Content-Length", response.headers["Content-Length"] if self.command == "HEAD" else str(len(data))
                )
                self.end_headers()
                self.wfile.write(data)

        do_HEAD = do_PUT = do_DELETE = do_GET  # noqa: N815 - the names that http.server calls

        def log_message(self, *_arguments: object) -> None:
            """Log nothing."""

    return Handler


@pytest.fixture(scope="module")
def gate() -> Iterator[Gate]:
    """Run an S3 store with a gate in front of it."""
    port = free_port()
    with listening([sys.executable, "-m", "moto.server", "-p", str(port)], port, environment={**os.environ, **ACCOUNT}):
        gate = Gate(0)
        with ThreadingHTTPServer(("127.0.0.1", 0), gatekeeper(gate, port)) as server:
            gate.port = server.server_address[1]
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            yield gate
            server.shutdown()
            thread.join()


class Bucket:
    """The bucket as another program sees it."""

    def __init__(self, gate: Gate) -> None:
        self.client = boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{gate.port}",
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - of no account
            region_name="us-east-1",
        )

    def held(self) -> dict[str, bytes]:
        """Return everything in the bucket."""
        objects = self.client.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        return {item["Key"]: self.client.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].read() for item in objects}

    def hold(self, dist: Path) -> None:
        """Put a DIST into the bucket."""
        for path, data in tree(dist).items():
            self.client.put_object(Bucket=BUCKET, Key=f"site/{path}", Body=data)


@pytest.fixture
def bucket(gate: Gate) -> Iterator[Bucket]:
    """Return a bucket with foreign files in it, and empty it afterwards."""
    gate.clear()
    bucket = Bucket(gate)
    bucket.client.create_bucket(Bucket=BUCKET)
    for key, data in FOREIGN.items():
        bucket.client.put_object(Bucket=BUCKET, Key=key, Body=data)
    gate.clear()
    yield bucket
    gate.clear()
    for key in bucket.held():
        bucket.client.delete_object(Bucket=BUCKET, Key=key)
    bucket.client.delete_bucket(Bucket=BUCKET)
    bucket.client.close()


@pytest.fixture
def builds(tmp_path: Path) -> tuple[Path, Path]:
    """Return two consecutive builds: in the second, a talk is at another hour and a feed is gone."""
    events = write_events(tmp_path, talk=TALK, tour="summary: Tour\nstart: 2027-06-05\nvenue: hub\n")
    calendar = events / "calendar.yaml"
    plain = calendar.read_text("utf-8")
    calendar.write_text(f"{plain}feeds:\n- {{slug: all, name: All}}\n", encoding="utf-8")
    first, second = tmp_path / "first", tmp_path / "second"
    build(events, first, now=NOW, options=Options(site=False))
    build(events, second, now=NOW, options=Options(site=False))
    calendar.write_text(plain, encoding="utf-8")
    (events / "talk.yaml").write_text(TALK.replace("18:00", "19:00"), encoding="utf-8")
    build(events, second, now=LATER, options=Options(consent=Consent(removals=True), site=False))
    return first, second


def start(target: str, dist: Path, environment: Mapping[str, str]) -> subprocess.Popen[str]:
    """Start a publish in a separate process in which warnings are errors."""
    command = [sys.executable, "-W", "error", "-m", "calfeed", "publish", target, "-o", str(dist)]
    return start_process(command, {**os.environ, **environment})


def publish(target: str, dist: Path, environment: Mapping[str, str], code: int = 0) -> str:
    """Publish in a separate process, and return its output."""
    process = start(target, dist, environment)
    output, errors = process.communicate(timeout=DEADLINE)
    assert process.returncode == code, errors
    return errors if code else output


def publish_s3(gate: Gate, dist: Path) -> str:
    """Publish to the store."""
    return publish(f"s3://{BUCKET}/site", dist, {**ACCOUNT, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{gate.port}"})


def at_site(dist: Path) -> dict[str, bytes]:
    """Return the expected content of the bucket after publishing a DIST."""
    return {**{f"site/{path}": data for path, data in tree(dist).items()}, **FOREIGN}


def test_s3_first_publish(gate: Gate, bucket: Bucket, tmp_path: Path) -> None:
    """Every file has its content type; the manifest must not be cached, other files for a quarter of an hour."""
    dist = tmp_path / "dist"
    build(write_events(tmp_path, talk=TALK), dist, now=NOW)
    publish_s3(gate, dist)
    assert bucket.held() == at_site(dist)
    types, cached = {}, {}
    for key in bucket.held().keys() - FOREIGN.keys():
        head = bucket.client.head_object(Bucket=BUCKET, Key=key)
        types[Path(key).suffix] = head["ContentType"]
        cached[key] = head["CacheControl"]
    assert cached.pop(f"site/{MANIFEST}") == "no-cache"
    assert set(cached.values()) == {"public, max-age=900, must-revalidate"}
    expected = {
        ".ics": "text/calendar; charset=utf-8",
        ".html": "text/html; charset=utf-8",
        ".json": "application/json; charset=utf-8",
        ".atom": "application/atom+xml; charset=utf-8",
        ".css": "text/css; charset=utf-8",
        ".svg": "image/svg+xml; charset=utf-8",
    }
    assert {suffix: types[suffix] for suffix in expected} == expected


def test_s3_only_what_changed(gate: Gate, bucket: Bucket, builds: tuple[Path, Path]) -> None:
    """The second publish sends only the changed files and its journal."""
    bucket.hold(builds[0])
    gate.clear()
    assert publish_s3(gate, builds[1]) == f"s3://{BUCKET}/site: 4 files uploaded, 1 file deleted\n"
    root = f"/{BUCKET}/site/"
    [journal] = journals_in({request.removeprefix(f"PUT {root}") for request in gate.passed})
    assert sorted(gate.passed) == sorted(
        [
            *(f"PUT {root}{path}" for path in CHANGED),
            f"DELETE {root}feeds/all.ics",
            f"PUT {root}{journal}",
            f"DELETE {root}{journal}",
        ]
    )
    assert gate.passed.index(f"PUT {root}{MANIFEST}") == 4
    assert bucket.held() == at_site(builds[1])
    gate.clear()
    assert publish_s3(gate, builds[1]) == f"s3://{BUCKET}/site is up to date\n"
    assert gate.passed == []


@pytest.mark.parametrize(
    "requests",
    [pytest.param(2, id="after the event"), pytest.param(4, id="before the manifest"), pytest.param(5, id="after it")],
)
def test_s3_killed_midway(gate: Gate, bucket: Bucket, builds: tuple[Path, Path], requests: int) -> None:
    """A publish killed after some requests leaves the old or the new manifest; a repetition repairs the rest."""
    bucket.hold(builds[0])
    gate.clear(requests)
    process = start(f"s3://{BUCKET}/site", builds[1], {**ACCOUNT, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{gate.port}"})
    wait_until(lambda: gate.is_shut.is_set() or process.poll() is not None)
    process.kill()
    assert process.communicate(timeout=DEADLINE)[0] == ""
    assert len(gate.passed) == requests
    content = bucket.held()
    assert len(journals_in(key.removeprefix("site/") for key in content)) == 1
    assert content[f"site/{MANIFEST}"] == (builds[requests == 5] / MANIFEST).read_bytes()
    gate.clear()
    publish_s3(gate, builds[1])
    assert bucket.held() == at_site(builds[1])


def test_s3_with_folders(gate: Gate, bucket: Bucket, builds: tuple[Path, Path]) -> None:
    """The empty objects that web consoles create for folders do no harm, and stay."""
    made = {"site/": b"", "site/events/": b"", "site/feeds/": b""}
    for key in made:
        bucket.client.put_object(Bucket=BUCKET, Key=key, Body=b"")
    publish_s3(gate, builds[0])
    assert bucket.held() == {**at_site(builds[0]), **made}


def test_s3_without_a_bucket(gate: Gate, builds: tuple[Path, Path]) -> None:
    """A missing bucket is reported in plain words."""
    gate.clear()
    environment = {**ACCOUNT, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{gate.port}"}
    output = publish("s3://nowhere/site", builds[0], environment, code=1)
    assert "there is no such bucket or container, or you may not list it [publish-failed]" in output
    assert output.endswith("nothing at s3://nowhere/site was changed\n")


# -- SFTP ---------------------------------------------------------------------------------------------------------


class Door(asyncssh.SSHServer):
    """An SSH server that accepts one key."""

    def __init__(self, key: asyncssh.SSHKey) -> None:
        self.key = key

    def public_key_auth_supported(self) -> bool:
        """Return that keys are accepted."""
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Return whether it is the right one."""
        return username == "editor" and key == self.key


@dataclass(frozen=True)
class Server:
    """An SFTP server: its port, and the folder that is its root."""

    port: int
    key: str
    folder: Path


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Run an SFTP server in a thread."""
    folder = tmp_path / "remote"
    folder.mkdir()
    key, editor = asyncssh.generate_private_key("ssh-ed25519"), asyncssh.generate_private_key("ssh-ed25519")
    (tmp_path / ".ssh").mkdir()
    editor.write_private_key(tmp_path / ".ssh" / "id_ed25519")
    loop = asyncio.new_event_loop()

    async def listen() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=lambda: Door(editor.convert_to_public()),
            server_host_keys=[key],
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=os.fsencode(folder)),
        )

    async def close() -> None:
        acceptor.close()
        await acceptor.wait_closed()

    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    acceptor = asyncio.run_coroutine_threadsafe(listen(), loop).result(DEADLINE)
    yield Server(acceptor.get_port(), key.export_public_key().decode().strip(), folder)
    asyncio.run_coroutine_threadsafe(close(), loop).result(DEADLINE)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_sftp(server: Server, builds: tuple[Path, Path], tmp_path: Path) -> None:
    """A folder on a server becomes a copy of DIST, and stays one."""
    (tmp_path / ".ssh" / "known_hosts").write_text(f"[127.0.0.1]:{server.port} {server.key}\n", encoding="utf-8")
    target = f"sftp://editor@127.0.0.1:{server.port}/www/site"
    publish(target, builds[0], {"HOME": str(tmp_path)})
    assert tree(server.folder / "www" / "site") == tree(builds[0])
    output = publish(target, builds[1], {"HOME": str(tmp_path)})
    assert output.endswith(": 4 files uploaded, 1 file deleted\n")
    assert tree(server.folder / "www" / "site") == tree(builds[1])


def test_sftp_to_a_stranger(server: Server, builds: tuple[Path, Path], tmp_path: Path) -> None:
    """Nothing is sent to a host whose key is unknown."""
    target = f"sftp://editor@127.0.0.1:{server.port}/www/site"
    output = publish(target, builds[0], {"HOME": str(tmp_path)}, code=1)
    assert "is not in ~/.ssh/known_hosts" in output
    assert tree(server.folder) == {}


# -- what is not there --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "package", "extra"),
    [
        ("s3://bucket/site", "s3fs", "s3"),
        ("gs://bucket/site", "gcsfs", "gcs"),
        ("az://container/site", "adlfs", "azure"),
        ("abfs://container/site", "adlfs", "azure"),
        ("sftp://host/site", "paramiko", "sftp"),
    ],
)
def test_missing_extra(
    builds: tuple[Path, Path], target: str, package: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the library for a target is not installed, the error names the command that installs it."""
    monkeypatch.setitem(sys.modules, package, None)
    result = run("publish", target, "-o", str(builds[0]), width=200)
    assert result.exit_code == 2
    assert f"needs {package}: pip install 'calfeed[{extra}]'" in result.stderr
