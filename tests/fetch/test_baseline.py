"""calfeed.fetch.baseline: the published manifest, from a path or the web, and no accidental start without one."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from support.commands import run
from support.projects import CALENDAR, LATER, NOW, TALK, tree, write_files
from support.servers import free_port, listening

from calfeed.diagnostics.problem import OutputError
from calfeed.editions.manifest import MANIFEST
from calfeed.editions.manifest_json import read_manifest
from calfeed.fetch.baseline import MAX_REDIRECTS, folder_meant, load_baseline
from calfeed.fetch.http import Answer, FetchError, Request
from calfeed.pipeline.build import build

URL = "https://host.example/calendar/calfeed.json"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Build a calendar of one talk, and work in its folder."""
    write_files(tmp_path / "events", {"calendar.yaml": CALENDAR, "talk.yaml": TALK})
    build(tmp_path / "events", tmp_path / "dist", now=NOW)
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Web:
    """A web of answers by address; unknown addresses return 404."""

    def __init__(self, pages: Mapping[str, tuple[int, dict[str, str], bytes]]) -> None:
        self.pages = pages
        self.asked: list[str] = []

    def __call__(self, request: Request) -> Answer:
        """Answer a request."""
        self.asked.append(request.url)
        status, headers, body = self.pages.get(request.url, (404, {}, b""))
        return Answer(url=request.url, status=status, headers=headers, body=body)


def refusal_of(location: str, web: Web) -> str:
    """Return why a baseline is refused."""
    with pytest.raises(OutputError) as refusal:
        load_baseline(location, web)
    (problem,) = refusal.value.problems
    assert problem.code in ("unreadable-baseline", "bad-manifest", "newer-manifest")
    return problem.message


@pytest.mark.parametrize("location", ["dist", "dist/calfeed.json"])
def test_path(root: Path, location: str) -> None:
    """A baseline is a folder or the manifest in it; a missing one is None."""
    manifest = load_baseline(location, Web({}))
    assert manifest is not None
    assert list(manifest.events) == ["talk@test.example"]
    assert load_baseline("nowhere", Web({})) is None


@pytest.mark.parametrize("location", [URL, "https://host.example/calendar/"])
def test_address(root: Path, location: str) -> None:
    """The address of a manifest, or of its folder, is requested once."""
    web = Web({URL: (200, {}, Path("dist", MANIFEST).read_bytes())})
    manifest = load_baseline(location, web)
    assert manifest is not None
    assert (list(manifest.events), web.asked) == (["talk@test.example"], [URL])


@pytest.mark.parametrize("status", [404, 410])
def test_address_of_nothing(status: int) -> None:
    """A missing manifest gives None; the command line requires consent before treating that as a first build."""
    assert load_baseline(URL, Web({URL: (status, {}, b"")})) is None


def test_redirects(root: Path) -> None:
    """A few redirects are followed, including relative ones."""
    data = Path("dist", MANIFEST).read_bytes()
    pages = {URL: (301, {"location": "/elsewhere.json"}, b""), "https://host.example/elsewhere.json": (200, {}, data)}
    assert load_baseline(URL, Web(pages)) is not None


@pytest.mark.parametrize("target", ["http://host.example/a", "file:///etc/passwd", "ftp://host.example/a", "//[", "x:"])
def test_redirects_lead_only_to_https(target: str) -> None:
    """A host cannot redirect a build to a local file or to an insecure address."""
    web = Web({URL: (302, {"location": target}, b"")})
    assert "not an https address" in refusal_of(URL, web)
    assert web.asked == [URL]


def test_redirects_end() -> None:
    """A loop of redirects ends with an error."""
    web = Web({URL: (302, {"location": URL}, b"")})
    assert "redirects more than" in refusal_of(URL, web)
    assert len(web.asked) == MAX_REDIRECTS + 1


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((500, {}, b""), "the host answers with status 500"),
        ((200, {}, b"<html>"), "this is not a calfeed manifest: it is not JSON"),
        ((200, {}, b"[]"), "this is not a calfeed manifest: a value is missing or wrong"),
        ((200, {}, b""), "this is not a calfeed manifest: it is not JSON"),
        ((200, {}, b'{"version": 2}'), "the manifest has format version 2, but this calfeed only supports 1"),
        ((200, {"content-encoding": "br"}, b"x"), "the answer is compressed with `br`, which was not requested"),
    ],
)
def test_answers_that_are_no_baseline(answer: tuple[int, dict[str, str], bytes], message: str) -> None:
    """An error page, a newer form and an empty answer are refused, each with its reason."""
    assert message in refusal_of(URL, Web({URL: answer}))


def test_host_without_an_answer() -> None:
    """A host that cannot be reached does not count as a missing baseline."""

    def silent(_request: Request) -> Answer:
        raise FetchError("no complete answer within 15 seconds")

    with pytest.raises(OutputError, match="no complete answer within 15 seconds"):
        load_baseline(URL, silent)


def test_plain_http_is_refused() -> None:
    """Plain http is allowed only on this computer, because anybody in between could make every event new."""
    assert "not an https address" in refusal_of("http://host.example/calfeed.json", Web({}))
    assert load_baseline("http://127.0.0.1:8000/", Web({})) is None


@pytest.mark.parametrize(
    "location",
    [
        "https://anna:secret@host.example/",
        "https://secret@host.example/calfeed.json",
        "http://anna:secret@host.example/",
        "https://anna:sec/ret@host.example/",
        "https://anna:@secret@host.example/",
        "https://[secret@host.example/",
    ],
)
def test_passwords_are_never_shown(location: str) -> None:
    """An address with a password is refused before any request, and the message does not contain it."""
    web = Web({})
    with pytest.raises(OutputError) as refusal:
        load_baseline(location, web)
    assert "***@host.example" in str(refusal.value)
    assert not any(part in repr(refusal.value.problems) for part in ("anna", "sec", "ret"))
    assert web.asked == []


def test_redirect_to_a_password() -> None:
    """A password in a redirect is not shown either."""
    message = refusal_of(URL, Web({URL: (302, {"location": "https://anna:secret@else.example/"}, b"")}))
    assert "https://***@else.example/ contains a user name or password" in message


def test_missing_slash() -> None:
    """If an address may be a folder's, the refusal says how to write it."""
    location = "https://host.example/calendar"
    with pytest.raises(OutputError) as refusal:
        load_baseline(location, Web({location: (200, {}, b"<html>")}))
    assert [problem.hint for problem in refusal.value.problems] == [
        "give the manifest, or its folder with a slash at the end: https://host.example/calendar/"
    ]
    assert folder_meant(location) == "https://host.example/calendar/"
    assert [folder_meant(each) for each in (URL, f"{location}/", f"{location}?file=3", "dist", "a/b")] == [None] * 5


def test_build_after_a_baseline(root: Path) -> None:
    """A build into an empty folder, based on what is published elsewhere, gives the same bytes."""
    result = run("build", "-o", "fresh", "--baseline", "dist", now=LATER)
    assert result.exit_code == 0
    assert tree(root / "fresh") == tree(root / "dist")
    assert "a first build" not in result.stderr


def test_missing_baseline_needs_a_word(root: Path) -> None:
    """A missing baseline is an error that writes nothing, unless `--first` allows it."""
    result = run("build", "-o", "fresh", "--baseline", "nowhere/calfeed.json")
    assert (result.exit_code, (root / "fresh").exists()) == (1, False)
    assert "nowhere/calfeed.json:1:1: error: there is no baseline here [missing-baseline]" in result.stderr
    result = run("build", "-o", "fresh", "--baseline", "nowhere/calfeed.json", "--first")
    assert result.exit_code == 0
    assert "nowhere/calfeed.json has no manifest; treating this as a first build" in result.stderr


def test_first_alone_is_wrong_usage(root: Path) -> None:
    """`--first` needs `--baseline`."""
    assert run("build", "--first").exit_code == 2


def test_missing_slash_on_the_command_line(root: Path) -> None:
    """If nothing is at an address without a final slash, the hint suggests adding the slash."""
    (root / "empty").mkdir()
    port = free_port()
    url = f"http://127.0.0.1:{port}/calendar"
    server = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", "empty"]
    with listening(server, port):
        result = run("build", "-o", "fresh", "--baseline", url)
    assert result.exit_code == 1
    assert f"= hint: write {url}/ if that is the folder; for a first build, add --first" in result.stderr


@pytest.mark.parametrize("command", ["build", "diff", "zones"])
def test_empty_baseline_is_wrong_usage(root: Path, command: str) -> None:
    """An unset CI variable, an empty `--baseline`, is wrong usage."""
    result = run(command, "--baseline", "")
    assert result.exit_code == 2
    assert "Invalid value for '--baseline': it is empty" in result.stderr


@pytest.mark.parametrize(
    "value",
    [{"sequence": 2**31}, {"sequence": -1}, {"sequence": True}, {"last_modified": "9999-12-31T23:59:59Z"}, None],
    ids=str,
)
@pytest.mark.parametrize("place", ["events", "retired"])
def test_revisions_that_cannot_go_on(root: Path, place: str, value: dict[str, object] | None) -> None:
    """A manifest with a number or time that cannot be published is refused, wherever it is."""
    manifest = json.loads(Path("dist", MANIFEST).read_text("utf-8"))
    revision = {key: manifest["events"][0][key] for key in ("sequence", "created", "last_modified")}
    if place == "events":
        manifest["events"][0] |= value or {"sequence": None}
    else:
        manifest["retired"] = {"x@test.example": {**revision, **value} if value else None}
    with pytest.raises(OutputError, match="a value is missing or wrong"):
        read_manifest(json.dumps(manifest).encode(), MANIFEST)
