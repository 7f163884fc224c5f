"""calfeed.doctor.examine: which files are examined and what is reported, with a dictionary as the host."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from support.commands import run
from support.projects import NOW, TALK, tree, write_events

from calfeed.doctor.examine import MAX_FEEDS, examine
from calfeed.doctor.findings import Finding, Level, fault
from calfeed.doctor.reader import read_events
from calfeed.doctor.report import format_findings, summarize_findings
from calfeed.fetch.http import Answer, Fetch, FetchError, Request
from calfeed.pipeline.build import build

URL = "https://calendar.example/c/"


@dataclass
class Host:
    """A correct host at one address; it records the requests."""

    files: Mapping[str, bytes]
    base: str = URL
    server: str = "nginx"
    asked: list[Request] = field(default_factory=list)

    def __call__(self, request: Request) -> Answer:
        """Answer a request."""
        self.asked.append(request)
        common = {"server": self.server}
        if request.url.startswith("http://"):
            location = {"location": request.url.replace("http://", "https://")}
            return Answer(url=request.url, status=301, headers={**common, **location}, body=b"")
        body = self.files.get(request.url.removeprefix(self.base))
        if body is None:
            return Answer(url=request.url, status=404, headers=common, body=b"Not found")
        etag = f'"{hashlib.sha256(body).hexdigest()}"'
        headers = {**common, "etag": etag, "content-type": "text/calendar; charset=utf-8"}
        if request.headers.get("If-None-Match") == etag:
            return Answer(url=request.url, status=304, headers=headers, body=b"")
        return Answer(url=request.url, status=200, headers=headers, body=b"" if request.method == "HEAD" else body)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """Return a host with a small calendar."""
    events = write_events(
        tmp_path,
        talk=f"{TALK}venue: hub\n",
        tour="summary: Öine ekskursioon 夜\nstart: 2027-06-05\nend: 2027-06-06\n",
        more="".join(f"- {{id: n{day}, summary: N, start: 2027-07-{day} 18:00}}\n" for day in range(10, 30)),
    )
    build(events, tmp_path / "dist", now=NOW)
    return Host(tree(tmp_path / "dist"))


def bad(findings: tuple[Finding, ...]) -> dict[str, str]:
    """Return the messages of warnings and faults, by check."""
    return {finding.check: finding.message for finding in findings if finding.level is not Level.OK}


def otherwise(host: Fetch, changes: Callable[[Request], Answer | None]) -> Fetch:
    """Return a host that answers some requests differently."""
    return lambda request: changes(request) or host(request)


def test_a_right_host(host: Host) -> None:
    """Nothing is wrong; the main feed is requested in every way, and so are three event files."""
    findings = examine(URL, host)
    assert bad(findings) == {}
    assert {f.check for f in findings} >= {"status", "head", "conditional", "robots", "http", "not-found", "times"}
    gets = {request.url.removeprefix(URL) for request in host.asked if request.url.startswith(URL)}
    singles = {"events/talk.ics", "events/n19.ics", "events/n29.ics"}
    assert gets == {"calfeed.json", "test.ics", "feeds/there-is-no-such-feed.ics", *singles}
    assert len(host.asked) < 20


def test_an_address_without_its_slash(host: Host) -> None:
    """The folder's address may lack its final slash."""
    assert bad(examine(URL.rstrip("/"), host)) == {}


@pytest.mark.parametrize("path", ["test.ics", "events/talk.ics"])
def test_the_address_of_a_feed(host: Host, path: str) -> None:
    """For the address of one file, the manifest is searched in the folders above, and only this file is requested."""
    findings = examine(f"{URL}{path}", host)
    assert bad(findings) == {}
    assert {name for finding in findings for name in finding.where} == {"calfeed.json", path}


def test_a_feed_without_a_manifest(host: Host) -> None:
    """Without a manifest, everything else is still checked."""
    alone = Host({"test.ics": host.files["test.ics"]})
    assert list(bad(examine(f"{URL}test.ics", alone))) == ["manifest"]
    assert len(alone.asked) < 20


def test_no_manifest_and_no_feed(host: Host) -> None:
    """With neither manifest nor feed, that is the only finding."""
    assert bad(examine(URL, Host({}))) == {"manifest": f"{URL}calfeed.json returns 404"}


def test_plain_http(host: Host) -> None:
    """An http address is a fault, except on this computer."""

    def serve(request: Request) -> Answer:
        there = f"{URL}{urlsplit(request.url).path[1:]}"
        return replace(host(replace(request, url=there)), url=request.url)

    assert bad(examine("http://calendar.example/", serve)) == {"https": "the address is plain http"}
    for loopback in ("http://127.0.0.1:8000/", "http://localhost:8000/", "http://[::1]/"):
        assert bad(examine(loopback, serve)) == {}


@pytest.mark.parametrize(
    ("status", "location", "message"),
    [(200, "", "returns 200"), (301, "http://calendar.example/other", "returns 301")],
)
def test_http_that_stays_http(host: Host, status: int, location: str, message: str) -> None:
    """If the address is https, http must redirect to it, because Thunderbird requests webcal:// over http."""

    def stay(request: Request) -> Answer | None:
        if request.url.startswith("http://"):
            return Answer(url=request.url, status=status, headers={"location": location} if location else {}, body=b"")
        return None

    assert message in bad(examine(URL, otherwise(host, stay)))["http"]


def test_http_that_leads_nowhere(host: Host) -> None:
    """A redirect from http to something that is not an address is a fault, not a crash."""

    def serve(request: Request) -> Answer:
        answer = host(request)
        return replace(answer, headers={"location": "//["}) if request.url.startswith("http://") else answer

    assert "//[, which is not a web address" in bad(examine(URL, serve))["http"]


def test_http_without_an_answer(host: Host) -> None:
    """A host that does not listen at port 80 cannot redirect."""

    def refuse(request: Request) -> Answer | None:
        if request.url.startswith("http://"):
            raise FetchError("no connection: Connection refused")
        return None

    assert bad(examine(URL, otherwise(host, refuse))) == {
        "http": "there is no answer over http: no connection: Connection refused"
    }


@pytest.mark.parametrize(
    ("path", "status", "level"),
    [("there-is-no-such-feed.ics", 403, Level.WARNING), ("there-is-no-such-feed.ics", 500, Level.FAULT)],
)
def test_missing_feeds(host: Host, path: str, status: int, level: Level) -> None:
    """403 for a missing file, as from S3, is a warning; a server error is a fault."""

    def answer(request: Request) -> Answer | None:
        return Answer(url=request.url, status=status, headers={}, body=b"") if request.url.endswith(path) else None

    results = [f for f in examine(URL, otherwise(host, answer)) if f.level is not Level.OK]
    assert [(f.check, f.level) for f in results] == [("not-found", level)]


def test_robots_that_cannot_be_read(host: Host) -> None:
    """An error for robots.txt is a warning."""

    def answer(request: Request) -> Answer | None:
        is_robots = request.url.endswith("/robots.txt")
        return Answer(url=request.url, status=503, headers={}, body=b"") if is_robots else None

    assert list(bad(examine(URL, otherwise(host, answer)))) == ["robots"]


def test_a_large_feed(host: Host) -> None:
    """A feed over Google's limit is a warning."""
    event = b"BEGIN:VEVENT\r\nUID:%d\r\nDTSTART;VALUE=DATE:20270101\r\nEND:VEVENT\r\n"
    events = b"".join(event % number for number in range(1000))
    large = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n" + events + b"END:VCALENDAR\r\n"
    assert list(bad(examine(f"{URL}a.ics", Host({"a.ics": large})))) == ["manifest", "size"]


def test_a_host_that_falls_silent(host: Host) -> None:
    """After three files without an answer the others are skipped; the number of requests is bounded."""
    asked = []

    def silent(request: Request) -> Answer | None:
        asked.append(request)
        if request.url.endswith(".ics"):
            raise FetchError("no complete answer within 15 seconds")
        return None

    results = [f for f in examine(URL, otherwise(host, silent)) if f.level is Level.FAULT]
    assert [f.message for f in results if f.check == "answer"] == [
        "no complete answer within 15 seconds",
        "not requested, because the host does not answer",
    ]
    assert len(asked) == 5


def test_many_feeds_are_bounded(tmp_path: Path) -> None:
    """Only some of very many feeds are examined."""
    listed = "".join(f"- {{id: n{n}, summary: N, start: 2027-07-01 18:00, categories: [c{n}]}}\n" for n in range(250))
    events = write_events(tmp_path, many=listed)
    calendar = events / "calendar.yaml"
    calendar.write_text(calendar.read_text().replace("[]", "[category]"))
    build(events, tmp_path / "dist", now=NOW)
    host = Host(tree(tmp_path / "dist"))
    assert bad(examine(URL, host)) == {}
    assert len(host.asked) < MAX_FEEDS + 20


@pytest.mark.parametrize(
    ("server", "message"),
    [
        ("nginx/1.22.1", "nginx: for .ics"),
        ("Apache/2.4", ".htaccess"),
        ("Caddy", "header @feeds"),
        ("cloudflare", "_headers"),
        ("Netlify", "_headers"),
        ("AmazonS3", "--content-type"),
        ("GitHub.com", "must end in .ics"),
        ("", "make the host send"),
    ],
)
def test_what_to_do_depends_on_the_host(server: str, message: str) -> None:
    """The advice for the same fault depends on the host."""
    assert message in fault("content-type", "x", server).mend


@pytest.mark.parametrize(
    "path", ["http://elsewhere.example/a.ics", "/etc/a.ics", "../a.ics", "//elsewhere.example/a.ics", ""]
)
def test_a_manifest_leads_nowhere_else(host: Host, path: str) -> None:
    """A manifest that names files elsewhere is invalid, and they are not requested."""
    data = host.files["calfeed.json"].replace(b'"path": "test.ics"', f'"path": "{path}"'.encode())
    changed = Host({**host.files, "calfeed.json": data})
    assert list(bad(examine(URL, changed))) == ["manifest"]
    assert len(changed.asked) == 1


def test_a_main_feed_that_is_missing(host: Host) -> None:
    """Without the main feed, the host is checked with the next file."""
    alone = Host({path: data for path, data in host.files.items() if path != "test.ics"})
    findings = examine(URL, alone)
    assert bad(findings) == {"status": "GET returns 404"}
    assert {"head", "conditional", "robots"} < {finding.check for finding in findings}


@pytest.mark.parametrize(
    "url", ["calendar.example", "ftp://calendar.example/", "https://", "https://[", "http://a:0x/"]
)
def test_no_address(url: str) -> None:
    """Anything but a web address is wrong usage."""
    result = run("doctor", url)
    assert (result.exit_code, "write it with https://" in result.stderr) == (2, True)


@pytest.mark.parametrize("url", ["https://we:s3cret@calendar.example/", "https://we:s3/cret@calendar.example/a.ics"])
def test_no_password_is_sent_or_shown(url: str) -> None:
    """An address with a password in it is refused, and the password is not repeated."""
    result = run("doctor", url)
    assert (result.exit_code, "***@calendar.example/" in result.stderr) == (2, True)
    assert "cret" not in result.output


def test_text(host: Host) -> None:
    """Each finding has a line, with the advice below it, and nothing a terminal would act on."""
    results = (
        Finding(level=Level.OK, check="status", message="GET returns 200", where=("a.ics", "b.ics", "c.ics")),
        fault("content-type", "text/\x1b[31m, not text/calendar", "", "a.ics"),
    )
    assert format_findings(results) == (
        "ok       status        GET returns 200: a.ics and 2 more\n"
        "fault    content-type  text/\ufffd[31m, not text/calendar: a.ics\n"
        "         to fix it: make the host send `Content-Type: text/calendar; charset=utf-8` for .ics\n"
    )
    assert summarize_findings(results) == "1 fault"
    assert summarize_findings(results[:1]) == "nothing is wrong"


ZONE = """BEGIN:VTIMEZONE
TZID:Europe/Tallinn
X-LIC-LOCATION:Europe/Tallinn
BEGIN:STANDARD
DTSTART:19701025T040000
TZOFFSETFROM:+0300
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19700329T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0300
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
END:VTIMEZONE
"""
EVENT = "BEGIN:VEVENT\nUID:1\nDTSTART;TZID=Europe/Tallinn:20270518T180000\nEND:VEVENT\n"


def calendar(*parts: str) -> bytes:
    """Return a file made of these parts."""
    text = "".join(["BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n", *parts, "END:VCALENDAR\n"])
    return text.replace("\n", "\r\n").encode()


@pytest.mark.parametrize(
    ("zone", "start"),
    [
        pytest.param(ZONE, "2027-05-18T15:00:00Z", id="as it is"),
        pytest.param(ZONE.replace("+0300", "+0430"), "2027-05-18T13:30:00Z", id="as only this file has it"),
    ],
)
def test_times_are_those_of_the_file(zone: str, start: str) -> None:
    """An event is placed by the file's own VTIMEZONE, whatever the tz database says about that zone."""
    assert read_events(calendar(zone, EVENT)) == {"1": (start, None)}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"", "not an iCalendar", id="nothing"),
        pytest.param(b"<!doctype html>\r\n<p>Not found", "not an iCalendar", id="a web page"),
        pytest.param(EVENT.replace("\n", "\r\n").encode(), "not an iCalendar", id="an event alone"),
        pytest.param("ä".encode("latin-1"), "not UTF-8", id="Latin-1"),
        pytest.param(calendar(EVENT), "no VTIMEZONE", id="no zone"),
        pytest.param(calendar(EVENT.replace(";TZID=Europe/Tallinn", "")), "without a zone", id="floating"),
        pytest.param(calendar("BEGIN:VEVENT\nUID:1\nEND:VEVENT\n"), "no DTSTART", id="no start"),
        pytest.param(calendar(ZONE.replace("YEARLY", "SECONDLY"), EVENT), "not yearly", id="a rule for ever"),
        pytest.param(calendar(ZONE.replace("TZOFFSETTO:+0200\n", ""), EVENT), "cannot be read", id="half a zone"),
    ],
)
def test_files_that_cannot_be_placed(data: bytes, message: str) -> None:
    """A file that is not a calendar, or whose times cannot be resolved, is refused with a reason."""
    with pytest.raises(ValueError, match=message):
        read_events(data)
