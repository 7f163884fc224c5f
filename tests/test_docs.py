"""The documentation agrees with calfeed: its examples, help texts, keys, codes and links are checked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.commands import run
from support.projects import CALENDAR, write_files

import calfeed
from calfeed.diagnostics.codes import CODES, Severity
from calfeed.source.schema import (
    AddressEntry,
    CalendarEntry,
    EventEntry,
    FeedEntry,
    LinkEntry,
    OrganizerEntry,
    VenueEntry,
)

ROOT = Path(__file__).parents[1]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")])
ERRORS = ROOT / "docs" / "reference" / "errors.md"
CASES = ROOT / "tests" / "data" / "err"
EXAMPLE = re.compile(r"<!-- example: ([a-z0-9-]+) -->\n(?:\n```[a-z]*\n.*?\n```\n)*", re.DOTALL)
HELP = re.compile(r"```console\n\$ calfeed ?([a-z ]*?) ?--help\n(.*?)```", re.DOTALL)


def name_of(page: Path) -> str:
    """Return a page's name for test ids."""
    return page.relative_to(ROOT).as_posix()


def example_of(code: str) -> str:
    """Return the example of a code as Markdown: the source and the report of its plainest golden case."""
    report = min(CASES.glob(f"{code}*.txt"), key=lambda path: (not path.stem.startswith(f"{code}."), path.name))
    plain = CASES / f"{code}.txt"
    report = plain if plain.exists() else report
    source = report.with_suffix(".yaml")
    blocks = [f"```yaml\n{source.read_text('utf-8').rstrip()}\n```\n"] if source.exists() else []
    blocks.append(f"```text\n{report.read_text('utf-8').rstrip()}\n```\n")
    return "\n" + "\n".join(blocks)


def test_examples_of_errors(update_golden: bool) -> None:
    """Every example in the reference of errors is the same as a golden case, word for word."""
    text = ERRORS.read_text("utf-8")
    filled = EXAMPLE.sub(lambda match: f"<!-- example: {match[1]} -->\n{example_of(match[1])}", text)
    if update_golden:
        ERRORS.write_text(filled, encoding="utf-8")
    else:
        assert filled == text


def test_every_code_is_explained() -> None:
    """The reference of errors has a section for every code, in the table's order, and says which are warnings."""
    sections = re.findall(r"^### ([a-z0-9-]+)\n\n(A warning\b)?", ERRORS.read_text("utf-8"), re.MULTILINE)
    assert [name for name, _ in sections] == list(CODES)
    warnings = [name for name, code in CODES.items() if code.severity is Severity.WARNING]
    assert [name for name, prefix in sections if prefix] == warnings


@pytest.mark.parametrize(
    "command",
    [
        "",
        "init",
        "new",
        "check",
        "build",
        "list",
        "show",
        "schema",
        "serve",
        "publish",
        "doctor",
        "diff",
        "zones",
        "explain",
    ],
)
def test_help_texts(command: str) -> None:
    """The reference of the command line shows the exact help text of every command."""
    documented = {match[1]: match[2] for match in HELP.finditer((ROOT / "docs/reference/cli.md").read_text("utf-8"))}
    result = run(*command.split(), "--help", width=98)  # the width that click uses of 100 columns
    assert result.stdout == documented[command]


@pytest.mark.parametrize("page", PAGES, ids=[name_of(page) for page in PAGES])
def test_links_lead_somewhere(page: Path) -> None:
    """Every link to a file in the repository leads to a file, and every anchor to a heading."""
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), f"{name_of(page)} links to {target}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", linked.read_text("utf-8"), re.MULTILINE)
            assert anchor in {slug_of(heading) for heading in headings}, f"{name_of(page)} links to {target}"


def slug_of(heading: str) -> str:
    """Return a heading's anchor as GitHub generates it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize(
    "kind", [CalendarEntry, FeedEntry, VenueEntry, AddressEntry, OrganizerEntry, LinkEntry, EventEntry]
)
def test_every_key_is_in_the_reference(kind: type) -> None:
    """The reference of the format mentions every key."""
    text = (ROOT / "docs" / "reference" / "yaml.md").read_text("utf-8")
    keys = [info.alias or name for name, info in kind.model_fields.items()]  # type: ignore[attr-defined]
    assert [key for key in keys if f"`{key}`" not in text] == []


def test_every_public_name_is_in_the_reference() -> None:
    """The reference of the Python API mentions every name in `calfeed.__all__`."""
    text = (ROOT / "docs" / "reference" / "api.md").read_text("utf-8")
    assert [name for name in calfeed.__all__ if name not in text] == []


def test_error_in_the_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error in the README is the one that calfeed reports."""
    documented = re.search(r"```\n(events/talk\.yaml:.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert documented is not None
    talk = "summary: Talk\nstart: 2026-03-29 03:30\n"
    write_files(tmp_path / "events", {"calendar.yaml": CALENDAR, "talk.yaml": talk})
    monkeypatch.chdir(tmp_path)
    assert documented[1] in run("check").stdout


def test_nothing_names_this_machine() -> None:
    """No page contains a path of the machine it was written on."""
    for page in PAGES:
        assert not re.search(r"/(?:work|root|home|tmp)/[a-z]", page.read_text("utf-8")), name_of(page)
