"""The output of commands: terminals, CI logs and comments show any text, and never act on it."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from support.commands import run
from support.projects import CALENDAR, NOW, TALK, VENUES, write_events, write_files

import calfeed
from calfeed.cli.diff_report import MAX_MARKDOWN, format_difference_markdown
from calfeed.diagnostics.problem import Mark, OutputError, problem_at
from calfeed.diagnostics.report import format_json, format_problems_github, shown, shown_text
from calfeed.doctor.examine import examine
from calfeed.doctor.report import format_findings, format_findings_json
from calfeed.editions.compare import Change, FieldChange, Kind
from calfeed.editions.diff import Difference
from calfeed.editions.manifest import MANIFEST
from calfeed.editions.manifest_json import read_manifest
from calfeed.fetch.http import Answer, FetchError, Request
from calfeed.pipeline.build import build

# What actions/runner takes for a command: `::name` after space, and `##[name` anywhere in a line.
OBEYED = re.compile(r"^\s*::|##\[|##[a-z]+\[", re.MULTILINE)
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
COMMANDS = [
    "##[set-env name=x]y",
    "a ##[error]b",
    "###[add-mask]e",
    "##vso[task.setvariable variable=x]y",
    "##teamcity[message text='x']",
    "::error::x",
    "  ::add-mask::e",
    "\u00a0::stop-commands::x",
    ":::error::x",
]


@pytest.mark.parametrize("text", COMMANDS)
def test_no_line_is_a_command(text: str) -> None:
    """A zero-width character breaks up a log command; the text stays readable."""
    line = shown(text)
    assert not OBEYED.search(line)
    assert line.replace("\u2060", "") == text
    assert line.count("\u2060") == 1
    assert shown(line) == line


@pytest.mark.parametrize(
    "text", ["a::b", "# Title [1]", "#[1]", "12:30::", "## [x]", "std::vector", "C# [x]", "http://x"]
)
def test_what_is_no_command_is_left_alone(text: str) -> None:
    """Colons within a line, and number signs outside commands, are shown unchanged."""
    assert shown(text) == text


@pytest.mark.parametrize("text", [*COMMANDS, "\x9b31m", "\u202egnp", "\u2028::error::x", "a\ud800"])
def test_json_means_the_same_and_is_not_obeyed(text: str) -> None:
    """In JSON the same characters are escaped, so that programs read the original text."""
    written = format_json({"summary": text, text: [text]})
    assert json.loads(written) == {"summary": text, text: [text]}
    assert not OBEYED.search(written)
    assert not CONTROL.search(written.replace("\n", ""))


@pytest.mark.parametrize("text", COMMANDS)
def test_annotations_hold_no_other_command(text: str) -> None:
    """An annotation is a single command; its quoted text contains neither commands nor control characters."""
    problem = problem_at(Mark(path=f"{text}.yaml"), "bad-date", f"`{text}`\x1b[31m\n{text}", text)
    (line,) = format_problems_github([problem]).splitlines()
    assert line.startswith("::error file=")
    assert not OBEYED.search(line.removeprefix("::error"))
    assert "\x1b" not in line


def hostile_events(root: Path) -> Path:
    """Write events in which every free text looks like a log command."""
    evil = "::error::x ##[set-env name=x]y"
    return write_files(
        root / "events",
        {
            "calendar.yaml": CALENDAR.replace("name: Test", f"name: '{evil}'"),
            "venues.yaml": VENUES.replace("name: Creative Hub", f"name: '{evil}'"),
            "talk.yaml": f"summary: '{evil}'\nstart: 2027-05-18 18:00\nvenue: hub\n"
            f"description: |\n  {evil}\n  {evil}\ncategories: ['{evil}']\norganizer: {{name: '{evil}'}}\n",
            "walk.yaml": "summary: Walk\nstart: 2027-05-18 18:00  # ##[set-env name=x]y\nonline: https://x.example/\n",
        },
    )


def test_no_command_prints_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever sources and manifests say, no command prints anything that a CI runner acts on."""
    hostile_events(tmp_path)
    monkeypatch.chdir(tmp_path)
    calls = [
        ("check", "events"),
        ("check", "events", "--format", "json"),
        ("list", "events"),
        ("list", "events", "--format", "json"),
        ("show", "talk", "events"),
        ("show", "talk", "events", "--format", "json"),
        ("show", "##[error]x", "events"),
        ("zones", "events"),
        ("diff", "events"),
        ("diff", "events", "--format", "json"),
        ("diff", "events", "--format", "markdown"),
        ("build", "events"),
        ("build", "events"),
        ("build", "events", "--base-url", "::x ##[error]y"),
        ("publish", "target"),
        ("new", "::error::x ##[y]", "--start", "2027-05-18"),
        ("doctor", "::error::x ##[y]"),
    ]
    for arguments in calls:
        result = run(*arguments)
        assert not OBEYED.search(result.stdout), arguments
        assert not OBEYED.search(result.stderr), arguments
    assert "#\u2060#[set-env name=x]y" in run("build", "events").stderr


def test_names_of_files_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the current folder, the line of a problem begins with the file's name."""
    monkeypatch.chdir(write_files(tmp_path, {"calendar.yaml": CALENDAR, "::error ##[x].yaml": TALK}))
    result = run("check", ".")
    assert result.exit_code == 1
    assert result.stdout.startswith(":\u2060:error #\u2060#[x].yaml:1:1: error: ")


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param({"tzdb": "2020a\n::error::x \x1b]0;pwn\x07"}, id="tzdb"),
        pytest.param({"id": "x\r::error::x"}, id="id"),
        pytest.param({"feeds": [{"slug": "a\n::error::x", "path": "a.ics", "name": "A"}]}, id="slug"),
        pytest.param({"feeds": [{"slug": "a", "path": "a.ics", "name": "A\x9b31m"}]}, id="name of a feed"),
        pytest.param({"feeds": [{"slug": "a", "path": "a\u2028.ics", "name": "A"}]}, id="path of a feed"),
        pytest.param({"zones": {"Europe/Tallinn": {"first": 2027, "last": 2028, "offset": "+02:00\n::x",
                                                    "changes": []}}}, id="law"),
        pytest.param({"zones": {"Europe/Tallinn": {"first": 2027, "last": 2028, "offset": "+02:00",
                                                    "changes": ["x\u202e"]}}}, id="changes of a law"),
    ],
)  # fmt: skip
def test_manifests_hold_lines(tmp_path: Path, edit: dict[str, object]) -> None:
    """A manifest with a control character or line break in its names or laws is refused."""
    build(write_events(tmp_path, talk=TALK), tmp_path / "dist", now=NOW)
    manifest = json.loads((tmp_path / "dist" / MANIFEST).read_bytes())
    with pytest.raises(OutputError) as refusal:
        read_manifest(json.dumps({**manifest, **edit}).encode(), MANIFEST)
    assert [problem.code for problem in refusal.value.problems] == ["bad-manifest"]


def test_strings_of_a_manifest_are_shown(tmp_path: Path) -> None:
    """Text of a baseline is not a log command when `diff`, `zones` and `build` quote it."""
    events = write_events(tmp_path, talk=TALK)
    build(events, tmp_path / "old", now=NOW)
    path = tmp_path / "old" / MANIFEST
    manifest = json.loads(path.read_bytes())
    manifest["tzdb"] = "::error::2020a ##[x]"
    manifest["feeds"].append({"slug": "##[error]x", "path": "feeds/x.ics", "name": "X", "events": 0})
    law = manifest["zones"]["Europe/Tallinn"]
    law["offset"], law["changes"] = "##[error]x", ["::error::y"]
    removed_event = {**manifest["events"][0], "id": "`x` @all ##[error]y", "uid": "other"}
    manifest["events"].append(removed_event)
    path.write_text(json.dumps(manifest), encoding="utf-8")
    for arguments in (["diff"], ["diff", "--format", "markdown"], ["diff", "--format", "json"], ["zones"], ["build"]):
        name, *more = arguments
        result = run(name, str(events), "-o", str(tmp_path / "dist"), "--baseline", str(path), *more)
        assert not OBEYED.search(result.stdout), arguments
        assert not OBEYED.search(result.stderr), arguments
    assert "@all" not in run("diff", str(events), "--baseline", str(path), "--format", "markdown").stdout


def test_what_hosts_say_is_shown() -> None:
    """Headers and network errors are not log commands when `doctor` quotes them."""

    def silent_host(request: Request) -> Answer:
        raise FetchError(f"##[error]{request.url}\n::error::x\x1b[2J")

    def strange_host(request: Request) -> Answer:
        return Answer(
            url=request.url, status=302, headers={"location": "ftp://##[error]x", "server": "::error::x"}, body=b""
        )

    for host in (silent_host, strange_host):
        findings = examine("https://x.example/", host)
        for report in (format_findings(findings), format_findings_json(findings)):
            assert "error]" in report
            assert not OBEYED.search(report)
            assert not CONTROL.search(report.replace("\n", ""))


def test_everything_printed_goes_one_way() -> None:
    """The command line prints through one function, except annotations, on which GitHub must act."""
    trees = [ast.parse(path.read_text("utf-8")) for path in (Path(calfeed.__file__).parent / "cli").glob("*.py")]
    printing = [
        function.name
        for tree in trees
        for function in tree.body
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("click.echo", "click.secho")
    ]
    assert sorted(printing) == ["check", "say"]


def test_lines_of_a_text_are_shown_one_by_one() -> None:
    """A description keeps its lines, and none of them is a log command."""
    assert shown_text("a\n::error::x\n\tb\r\n") == "a\n:\u2060:error::x\n b\ufffd\n"


# -- comments on pull requests ----------------------------------------------------------------------------------

EMPTY = Difference(changes=(), new_feeds=(), missing_feeds=(), tzdb_before="2026a", tzdb_after="2026b", laws=())
CALLING = re.compile(
    r"@\w|#\d|\bGH-\d|\w-\d|https?://|ftp://|www\.|(?<![\w:]):[\w+-]+:|\b[0-9a-f]{7,40}\b|\$", re.IGNORECASE
)


def change(summary: str, before: str | None = None, old: str | None = None) -> Change:
    """Return a changed event, with the old and new summary if given."""
    fields = () if before is None else (FieldChange("summary", before, old),)
    return Change(
        kind=Kind.CHANGED,
        id="talk",
        uid="talk@test.example",
        path="events/talk.ics",
        summary=summary,
        start="2027-05-18",
        timezone=None,
        fields=fields,
    )


@pytest.mark.parametrize(
    "text",
    [
        "Talk @org/team",
        "mail board@museum.example",
        "#1",
        "see org/repo#1",
        "GH-1 and gh-22",
        "JIRA-12",
        "https://evil.example",
        "HTTP://EVIL.EXAMPLE",
        "ftp://evil.example",
        "www.evil.example",
        "costs $x$ or $$y$$",
        ":tada: :+1:",
        "a5c3785ed8d6a35868bc169f07e40e889087fd2e",
        "org/repo@a5c3785ed8",
        "https://github.com/org/repo/issues/1",
    ],
)
def test_comments_call_nobody(text: str) -> None:
    """GitHub finds no mention, issue, commit or address, neither in the heading nor in table cells."""
    comment = format_difference_markdown(replace(EMPTY, changes=(change(text, before=text, old="x"),)))
    for line in comment.splitlines()[2:]:
        plain = line.replace("<span>$</span>", "").replace("\\", "").replace("&lt;", "<")
        assert not CALLING.search(plain), line
    assert comment.replace("\u200b", "").replace("\\", "").replace("<span>$</span>", "$").count(text) == 2


@pytest.mark.parametrize(
    "text", ["18:00:30", "Tue 2027-05-18 18:00 Europe/Tallinn; 2027-05-18 15:00Z", "Ships & boats"]
)
def test_comments_leave_times_alone(text: str) -> None:
    """Harmless text, such as times and dates, is left unchanged."""
    assert text.replace("&", "&amp;") in format_difference_markdown(replace(EMPTY, changes=(change(text),)))


@pytest.mark.parametrize(
    "difference",
    [
        pytest.param(replace(EMPTY, new_feeds=tuple(f"category/c-{n}" for n in range(20_000))), id="feeds"),
        pytest.param(
            replace(EMPTY, refusals=tuple(problem_at(Mark(path="x"), "vanished-feed", f"{n} is gone", "y" * 900)
                                          for n in range(2_000))), id="refusals"),
        pytest.param(replace(EMPTY, changes=tuple(change(f"Talk {n}" * 20) for n in range(5_000))), id="changes"),
        pytest.param(replace(EMPTY, changes=(change("õ" * 500_000),) * 3), id="one long change"),
        pytest.param(replace(EMPTY, changes=(change("@#" * 99, before="\U0001f600" * 99, old=""),) * 999), id="wide"),
    ],
)  # fmt: skip
def test_comments_are_short_enough(difference: Difference) -> None:
    """A comment always stays under GitHub's limit, and says how much it leaves out."""
    everything = replace(difference, new_feeds=difference.new_feeds or tuple(f"f{n}" for n in range(20_000)))
    for each in (difference, everything):
        comment = format_difference_markdown(each)
        assert len(comment.encode()) <= MAX_MARKDOWN
        assert re.search(r"… and [\d,]+ more\.", comment)


def test_what_a_comment_leaves_out_is_counted() -> None:
    """The parts shown and the number left out add up to all of them."""
    comment = format_difference_markdown(replace(EMPTY, changes=tuple(change(f"Talk {n}") for n in range(9_000))))
    (more,) = re.findall(r"… and ([\d,]+) more\.", comment)
    assert comment.count("**Changed: ") + int(more.replace(",", "")) == 9_000
