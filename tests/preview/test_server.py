"""`calfeed serve`: the command in a separate process, with requests like a browser's."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.commands import run
from support.projects import CALENDAR, DOT, NOW, TALK, tree, write_events, write_files
from support.servers import DEADLINE, ask, running, wait_until

from calfeed.pipeline.build import BuildResult, build
from calfeed.pipeline.options import Options
from calfeed.preview.preview import Preview

BROKEN = "summary: <script>alert(1)</script>\nstart: 2027-13-40 18:00\n"


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with a small calendar in `events`."""
    write_events(tmp_path, talk=TALK)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run `calfeed serve` in the folder at a free port; its temporary folder is `tmp` there."""
    (folder / "tmp").mkdir()
    environment = {**os.environ, "TMPDIR": str(folder / "tmp"), "PYTHONWARNINGS": "error"}
    command = [sys.executable, "-m", "calfeed", "serve", str(folder / "events"), "--port", "0"]
    with running(command, environment) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip(), process


def end(process: subprocess.Popen[str], with_signal: signal.Signals) -> tuple[int, str]:
    """End a process with a signal, and return its exit code and stderr."""
    process.send_signal(with_signal)
    _, errors = process.communicate(timeout=DEADLINE)
    return process.returncode, errors


def test_feeds_as_a_host_would(inside: Path) -> None:
    """A feed has its type, an ETag, and 304 for clients that have it; HEAD matches GET; missing files return 404."""
    with serving(inside) as (url, _):
        answer = ask(f"{url}test.ics")
        assert (answer.status, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
        assert answer.body.startswith(b"BEGIN:VCALENDAR\r\n")
        head = ask(f"{url}test.ics", "HEAD")
        assert (head.status, head.body) == (200, b"")
        assert head.headers["content-length"] == str(len(answer.body))
        for sent in (answer.headers["etag"], f'"other", W/{answer.headers["etag"]}', "*"):
            again = ask(f"{url}test.ics", headers={"If-None-Match": sent})
            assert (again.status, again.body) == (304, b"")
        assert ask(f"{url}test.ics", headers={"If-None-Match": '"other"'}).status == 200
        assert ask(f"{url}missing.ics").status == 404
        assert ask(f"{url}../events/talk.yaml").status == 404
        assert ask(f"{url}%2e%2e/1/test.ics").status == 404


def test_the_doctor_finds_nothing(inside: Path) -> None:
    """`calfeed doctor` finds nothing wrong with a preview."""
    with serving(inside) as (url, _):
        result = run("doctor", url, "--format", "json")
    assert result.exit_code == 0
    assert [found for found in json.loads(result.stdout) if found["level"] != "ok"] == []


def test_without_a_page_the_files_are_listed(inside: Path) -> None:
    """Without an index.html, the root lists the files."""
    with serving(inside) as (url, _):
        page = ask(url)
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert b'<a href="/test.ics">' in page.body or b"<title>Test" in page.body


def test_change_break_fix(inside: Path) -> None:
    """A change is shown; errors are shown in the page while the feeds stay; so is their correction."""
    talk = inside / "events" / "talk.yaml"
    with serving(inside) as (url, process):
        first = ask(f"{url}.calfeed/state").body
        talk.write_text(TALK.replace("Talk", "Lecture"), encoding="utf-8")
        wait_until(lambda: b"SUMMARY:Lecture" in ask(f"{url}test.ics").body)
        wait_until(lambda: ask(f"{url}.calfeed/state").body != first)
        good = ask(f"{url}test.ics").body

        talk.write_text(BROKEN, encoding="utf-8")
        wait_until(lambda: b"bad-time" in ask(url).body or b"talk.yaml:2" in ask(url).body)
        page = ask(url).body.decode()
        assert 'class="calfeed-report"' in page
        assert "<script>alert" not in page
        assert ask(f"{url}test.ics").body == good

        talk.write_text(TALK, encoding="utf-8")
        wait_until(lambda: b"SUMMARY:Talk" in ask(f"{url}test.ics").body)
        wait_until(lambda: b"calfeed-report" not in ask(url).body.split(b"<body", 1)[1])

        (inside / "events" / "tour.yaml").write_text("summary: Tour\nstart: 2027-06-05\n", encoding="utf-8")
        wait_until(lambda: b"SUMMARY:Tour" in ask(f"{url}test.ics").body)
        code, errors = end(process, signal.SIGINT)
    assert code == 0
    assert "the preview keeps the last good build" in errors
    assert "the preview shows 2 events in 1 feed" in errors
    assert "Traceback" not in errors


def test_broken_from_the_beginning(inside: Path) -> None:
    """Before the first good build there is only the report, and feeds are missing rather than empty."""
    (inside / "events" / "talk.yaml").write_text(BROKEN, encoding="utf-8")
    with serving(inside) as (url, _):
        assert b"there is no good build yet" in ask(url).body
        assert ask(f"{url}test.ics").status == 503
        (inside / "events" / "talk.yaml").write_text(TALK, encoding="utf-8")
        wait_until(lambda: ask(f"{url}test.ics").status == 200)


@pytest.mark.parametrize("with_signal", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_ends_cleanly(inside: Path, with_signal: signal.Signals) -> None:
    """After either signal it exits with 0, and leaves neither a temporary folder nor a DIST."""
    before = tree(inside)
    with serving(inside) as (url, process):
        assert ask(url).status == 200
        assert list((inside / "tmp").iterdir()) != []
        code, errors = end(process, with_signal)
    assert (code, "Traceback" in errors) == (0, False)
    assert tree(inside) == before
    assert list((inside / "tmp").iterdir()) == []


@pytest.mark.parametrize("host", ["rebound.example", "rebound.example:8000", "127.0.0.1.rebound.example", ""])
def test_other_names_are_refused(inside: Path, host: str) -> None:
    """A web site that points its name at loopback gets nothing."""
    with serving(inside) as (url, _):
        refused = ask(f"{url}test.ics", headers={"Host": host})
        assert ask(f"{url}test.ics", headers={"Host": "localhost:8000"}).status == 200
    assert refused.status == 400
    assert b"VCALENDAR" not in refused.body


def test_a_port_that_is_taken(inside: Path) -> None:
    """A port that is in use is wrong usage, with a plain message."""
    with serving(inside) as (url, _):
        result = run("serve", "--port", url.rstrip("/").rpartition(":")[2])
    assert result.exit_code == 2
    assert "cannot listen on port" in result.stderr


def test_without_the_packages(inside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the packages of `calfeed[serve]` it says what to install."""
    for name in [*sys.modules]:
        if name.partition(".")[0] in ("watchfiles", "uvicorn", "starlette") or name == "calfeed.preview.server":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    result = run("serve", "--port", "0")
    assert result.exit_code == 2
    assert "pip install 'calfeed[serve]'" in result.stderr


def test_pages_of_a_site(inside: Path) -> None:
    """Pages of DIST are served with the script, folders by their index, and missing files with its 404 page."""
    preview = Preview(inside / "events", inside / "built", NOW)
    preview.rebuild()
    site = inside / "built" / "dist"
    pages = {name: f"<html><head></head><body>{name}</body></html>" for name in ("index.html", "404.html")}
    write_files(site, {**pages, "months/index.html": "<html><head></head><body>months</body></html>"})
    preview._show({*tree(site)})  # noqa: SLF001 - as if the build had made them
    assert b">index.html<" in preview.reply("").body
    assert b"/.calfeed/reload.js" in preview.reply("").body
    assert b">months<" in preview.reply("months/").body
    missing = preview.reply("months/nothing.html")
    assert (missing.status, b">404.html<" in missing.body) == (404, True)


def test_builds_of_a_preview(inside: Path) -> None:
    """Each build shows what a first build would, and writes only what differs from the previous one."""
    preview = Preview(inside / "events", inside / "built", NOW)
    write_files(inside, {"events/tour.yaml": f"{TALK}url: https://x.example/1\n", "events/walk.yaml": TALK})
    preview.rebuild()
    before = preview.reply(".calfeed/state").body
    (inside / "events" / "walk.yaml").unlink()
    write_files(inside, {"events/tour.yaml": f"{TALK}url: https://x.example/2\n"})
    result = preview.rebuild()
    assert isinstance(result, BuildResult)
    assert "events/tour.html" in result.changes.written
    assert "events/talk.html" not in result.changes.written
    assert preview.reply("events/walk.ics").status == 404
    assert preview.reply(".calfeed/state").body != before
    build(inside / "events", inside / "dist", now=NOW, options=Options(preview=True))
    assert tree(inside / "built" / "dist") == tree(inside / "dist")


@pytest.mark.parametrize("names", [("pier.gif", "pier.gif/a.gif"), ("pier.gif/a.gif", "pier.gif")])
def test_a_name_that_changes_its_kind(inside: Path, names: tuple[str, str]) -> None:
    """No preview build is refused because events are missing that the previous one had."""
    preview = Preview(inside / "events", inside / "built", NOW)
    for name in names:
        shutil.rmtree(inside / "events" / "pier.gif", ignore_errors=True)
        (inside / "events" / "pier.gif").unlink(missing_ok=True)
        write_files(inside / "events", {name: DOT, "tour.yaml": f"{TALK}image: {name}\n"})
        assert isinstance(preview.rebuild(), BuildResult)
        assert preview.reply(f"images/{name}").status == 200


def test_a_file_that_a_build_has_just_deleted(inside: Path) -> None:
    """A request for a file that a running build has just deleted gets the reply for a missing file."""
    preview = Preview(inside / "events", inside / "built", NOW)
    preview.rebuild()
    (inside / "built" / "dist" / "test.ics").unlink()
    assert preview.reply("test.ics").status == 404


@pytest.mark.parametrize("url", ["https://test.example/", "https://test.example/calendar/2027/"])
def test_links_of_the_404_page(tmp_path: Path, url: str) -> None:
    """The 404 page finds its style and its links, even if the host serves the site in a folder."""
    events = write_events(tmp_path, talk=TALK)
    write_files(events, {"calendar.yaml": CALENDAR.replace("https://test.example/", url)})
    preview = Preview(events, tmp_path / "built", NOW)
    preview.rebuild()
    page = preview.reply("months/nothing.html").body.decode()
    links = re.findall(r'(?:href|src)="/([^"]*)"', page)
    assert len(links) > 2
    assert {preview.reply(link.partition("#")[0]).status for link in links} == {200}
    assert preview.reply("assets/nothing.css").status == 404
    talk = tmp_path / "events" / "talk.yaml"
    talk.write_text(BROKEN, encoding="utf-8")
    preview.rebuild()
    assert {preview.reply(link.partition("#")[0]).status for link in links} == {200}
