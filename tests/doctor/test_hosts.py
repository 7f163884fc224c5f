"""`calfeed doctor` against real servers: it finds the planted faults, and nothing at a correct host."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from support.commands import run
from support.projects import NOW, TALK, write_events
from support.servers import ask, caddy, free_port, free_ports, nginx

from calfeed.pipeline.build import build

PAGES = Path(__file__).parents[2] / "docs" / "how-to"
MAIN = "test.ics"
_AS_IT_IS: Mapping[str, str] = {}


@dataclass(frozen=True)
class Place:
    """A folder to publish, and a certificate for loopback."""

    folder: Path
    dist: Path
    certificate: Path
    key: Path


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Return a certificate authority that only these tests trust."""
    return trustme.CA()


@pytest.fixture
def place(tmp_path: Path, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Build a small calendar, and trust a certificate for loopback."""
    events = write_events(
        tmp_path,
        talk=f"{TALK}venue: hub\ncategories: [talks]\n",
        tour="summary: Öine ekskursioon 夜\nstart: 2027-06-05\nend: 2027-06-06\n",
        weekly="summary: Weekly\nstart: 2027-03-02 18:00\nduration: 1h\nrrule: FREQ=WEEKLY;COUNT=8\n",
    )
    dist = tmp_path / "dist"
    build(events, dist, now=NOW)
    (dist / "index.html").write_text("<!doctype html><title>Test</title>", encoding="utf-8")
    found = Place(tmp_path, dist, tmp_path / "certificate.pem", tmp_path / "key.pem")
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(found.key)
    found.certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    return found


@contextmanager
def as_in_the_page(place: Place, changes: Mapping[str, str] = _AS_IT_IS) -> Iterator[str]:
    """Run nginx with the configuration of the documentation, at other ports and paths, and with changes."""
    block = block_of("publish-with-nginx.md", "nginx")
    plain, secure = free_ports(2)
    own = {
        "    listen [::]:80;\n": "",
        "    listen [::]:443 ssl;\n": "",
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen 443 ssl;": f"listen 127.0.0.1:{secure} ssl;",
        "/etc/letsencrypt/live/calendar.example/fullchain.pem": str(place.certificate),
        "/etc/letsencrypt/live/calendar.example/privkey.pem": str(place.key),
        "/srv/calendar": str(place.dist),
    }
    for before, after in {**changes, **own}.items():
        assert before in block
        block = block.replace(before, after.replace("PLAIN", str(plain)))
    with nginx(place.folder, block, plain, secure):
        yield f"https://127.0.0.1:{secure}/"


@contextmanager
def caddy_as_in_the_page(place: Place, more: str = "") -> Iterator[str]:
    """Run Caddy with the configuration of the documentation, at another port and path, and with extra lines."""
    block = block_of("serve-with-the-right-headers.md", "caddy")
    port = free_port()
    own = {
        "calendar.example {": f"https://127.0.0.1:{port} {{\n\ttls {place.certificate} {place.key}\n{more}",
        "/srv/calendar": str(place.dist),
    }
    for before, after in own.items():
        assert before in block
        block = block.replace(before, after)
    with caddy(place.folder, block, port):
        yield f"https://127.0.0.1:{port}/"


def block_of(page: str, language: str) -> str:
    """Return the only code block of a page in a language."""
    (block,) = re.findall(rf"```{language}\n(.*?)```", (PAGES / page).read_text("utf-8"), re.DOTALL)
    return str(block)


def findings(url: str) -> tuple[int, list[dict[str, object]]]:
    """Return the exit code of the doctor, and its warnings and faults."""
    result = run("doctor", url, "--format", "json")
    problems = json.loads(result.stdout)
    return result.exit_code, [item for item in problems if item["level"] != "ok"]


def faults(url: str) -> set[object]:
    """Return the checks that failed; each has advice."""
    code, problems = findings(url)
    assert all(item["mend"] for item in problems)
    failed = {item["check"] for item in problems if item["level"] == "fault"}
    assert code == (1 if failed else 0)
    return failed


TYPE = "types { text/calendar ics; }"
CACHE = 'add_header Cache-Control "public, max-age=900";'
ROOT = "error_page 404 /404.html;"


@pytest.mark.server("nginx")
def test_nginx_as_in_the_page(place: Place) -> None:
    """The documented nginx configuration is right: type, charset, ETag, 304, 404, compression; no warning either."""
    with as_in_the_page(place) as url:
        assert findings(url) == (0, [])
        assert findings(f"{url}{MAIN}") == (0, [])


@pytest.mark.server("nginx")
def test_nginx_redirects_http(place: Place) -> None:
    """With the documented nginx configuration, http redirects to https at the same path."""
    with as_in_the_page(place):
        (port,) = re.findall(r"listen 127\.0\.0\.1:(\d+);", (place.folder / "nginx.conf").read_text("utf-8"))
        answer = ask(f"http://127.0.0.1:{port}/{MAIN}")
    assert (answer.status, answer.headers["location"]) == (301, f"https://127.0.0.1/{MAIN}")


@pytest.mark.server("nginx")
@pytest.mark.parametrize(
    ("old", "new", "failed"),
    [
        pytest.param(TYPE, "types { }", {"content-type"}, id="unknown type"),
        pytest.param(TYPE, "types { text/html ics; }", {"content-type"}, id="web page"),
        pytest.param("charset utf-8;", "", {"content-type"}, id="no charset"),
        pytest.param("charset utf-8;", "charset iso-8859-1;", {"content-type"}, id="wrong charset"),
        pytest.param(CACHE, 'etag off; add_header Last-Modified "";', {"validators"}, id="no validators"),
        pytest.param(
            CACHE,
            'etag off; add_header Last-Modified ""; add_header ETag "W/\\"$msec-$pid-$request_id\\"";',
            {"conditional"},
            id="a new ETag each time",
        ),
        pytest.param(ROOT, "error_page 404 =200 /index.html;", {"not-found"}, id="one page for everything"),
        pytest.param(ROOT, "error_page 404 =302 /index.html;", {"not-found"}, id="redirect to the first page"),
        pytest.param(ROOT, "if ($http_user_agent ~ Google) { return 403; }", {"user-agents"}, id="Google is blocked"),
        pytest.param(ROOT, "if ($http_user_agent ~ Outlook) { return 503; }", {"user-agents"}, id="Outlook is blocked"),
        pytest.param(CACHE, "if ($request_method = HEAD) { return 405; }", {"head"}, id="HEAD refused"),
        pytest.param(
            ROOT,
            "rewrite ^/test.ics$ /a permanent; rewrite ^/a$ /b redirect; rewrite ^/b$ /feeds/../test.ics?x redirect;",
            {"redirects"},
            id="redirects in a circle",
        ),
        pytest.param(
            ROOT,
            "rewrite ^/test.ics$ /a permanent; rewrite ^/a$ /b redirect; rewrite ^/b$ /test.ics break;",
            {"redirects"},
            id="two redirects",
        ),
        pytest.param("gzip on;", "gzip off; add_header Content-Encoding gzip;", {"compression"}, id="not compressed"),
        pytest.param(CACHE, "auth_basic closed; auth_basic_user_file /dev/null;", {"status"}, id="login"),
    ],
)
def test_nginx_wrongly_configured(place: Place, old: str, new: str, failed: set[object]) -> None:
    """Exactly the planted faults are found."""
    with as_in_the_page(place, {old: new}) as url:
        assert faults(url) == failed, findings(url)


@pytest.mark.server("nginx")
def test_redirect_to_http(place: Place) -> None:
    """A redirect from https to http is found, even if http has the file."""
    changes = {
        "return 301 https://$host$request_uri;": "root /srv/calendar; types { text/calendar ics; } charset utf-8; "
        "charset_types text/calendar;",
        ROOT: "rewrite ^/test.ics$ http://127.0.0.1:PLAIN/test.ics permanent;",
    }
    with as_in_the_page(place, changes) as url:
        assert faults(url) == {"redirects"}


def replace(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    """Return a change of a file's bytes."""
    return lambda data: data.replace(old, new)


@pytest.mark.server("nginx")
@pytest.mark.parametrize(
    ("path", "change", "failed"),
    [
        pytest.param(MAIN, replace(b"SUMMARY:Talk", b"SUMMARY:Lecture"), {"bytes"}, id="an old copy"),
        pytest.param(MAIN, replace(b"\r\n", b"\n"), {"bytes"}, id="other line ends"),
        pytest.param(MAIN, lambda data: b"\xef\xbb\xbf" + data, {"bytes", "calendar"}, id="byte order mark"),
        pytest.param(MAIN, lambda _data: b"", {"bytes"}, id="0 bytes"),
        pytest.param(MAIN, lambda data: data[:900], {"bytes", "calendar"}, id="half a file"),
        pytest.param(MAIN, replace(b"BEGIN:VCALENDAR", b"<!doctype html>"), {"bytes", "calendar"}, id="a web page"),
        pytest.param(
            MAIN, replace(b"TZOFFSETTO:+0300", b"TZOFFSETTO:+0400"), {"bytes", "times"}, id="other clock changes"
        ),
        pytest.param(
            "events/talk.ics", replace(b"T180000", b"T190000"), {"bytes", "times"}, id="other time in a single file"
        ),
        pytest.param("calfeed.json", lambda _data: b"<!doctype html>", {"manifest"}, id="no manifest"),
    ],
)
def test_files_that_are_not_those_of_the_build(
    place: Place, path: str, change: Callable[[bytes], bytes], failed: set[object]
) -> None:
    """A file that is old, changed in transit, cut off or empty is found."""
    (place.dist / path).write_bytes(change((place.dist / path).read_bytes()))
    with as_in_the_page(place) as url:
        assert faults(url) == failed, findings(url)


@pytest.mark.server("nginx")
def test_files_that_are_missing(place: Place) -> None:
    """A file that the manifest lists but the host lacks is named."""
    (place.dist / "events" / "talk.ics").unlink()
    with as_in_the_page(place) as url:
        _, problems = findings(url)
    assert [(item["check"], item["where"]) for item in problems] == [("status", ["events/talk.ics"])]


@pytest.mark.server("nginx")
def test_robots_are_shut_out(place: Place) -> None:
    """A robots.txt that excludes Google is found; one that excludes others is not."""
    robots = place.dist / "robots.txt"
    with as_in_the_page(place) as url:
        robots.write_text("User-agent: *\nDisallow: /\n", encoding="utf-8")
        assert faults(url) == {"robots"}
        robots.write_text("User-agent: Google-Calendar-Importer\nDisallow: /test.ics\n", encoding="utf-8")
        assert faults(url) == {"robots"}
        robots.write_text("User-agent: SomeBot\nDisallow: /\n\nUser-agent: *\nAllow: /\n", encoding="utf-8")
        assert faults(url) == set()


@pytest.mark.server("nginx")
def test_certificate_that_nobody_trusts(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """An untrusted certificate is reported as such."""
    with as_in_the_page(place) as url:
        monkeypatch.delenv("SSL_CERT_FILE")
        _, (problems,) = findings(url)
    assert "the certificate cannot be trusted" in str(problems["message"])


@pytest.mark.server("caddy")
def test_caddy_as_in_the_page(place: Place) -> None:
    """With the documented Caddy configuration, nothing is wrong."""
    with caddy_as_in_the_page(place) as url:
        assert findings(url) == (0, [])


@pytest.mark.server("caddy")
@pytest.mark.parametrize(
    ("more", "failed"),
    [
        pytest.param("header @feeds {\nContent-Type text/plain\ndefer\n}", {"content-type"}, id="plain text"),
        pytest.param("header @feeds {\n-Etag\n-Last-Modified\ndefer\n}", {"validators"}, id="no validators"),
        pytest.param("try_files {path} /index.html", {"not-found"}, id="one page for everything"),
        pytest.param("@bots header User-Agent *Google*\nrespond @bots 403", {"user-agents"}, id="Google is blocked"),
        pytest.param("@head method HEAD\nrespond @head 405", {"head"}, id="HEAD refused"),
        pytest.param('respond /robots.txt "User-agent: *\nDisallow: /" 200', {"robots"}, id="robots are shut out"),
        pytest.param("basicauth * {\nann JDJhJDE0JE1xR0MyaUhyc2pUTnZ1ZVl2\n}", {"manifest"}, id="login"),
    ],
)
def test_caddy_wrongly_configured(place: Place, more: str, failed: set[object]) -> None:
    """Exactly the planted faults are found."""
    with caddy_as_in_the_page(place, more) as url:
        assert faults(url) == failed, findings(url)
