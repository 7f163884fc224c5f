"""Golden errors: what `calfeed check` reports for every kind of mistake, word for word.

A case `data/err/<code>.yaml` or `<code>.<variant>.yaml` is an event file, or, if it begins with a line `#--- <path>`,
several files of the folder of events. It is added to the project `data/err/_project`. The output of `check` is in the
`.txt` of the same name; `pytest --update-golden` rewrites it, and you read the diff.
"""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.commands import run
from support.projects import DOT, TALK

import calfeed
from calfeed.diagnostics.codes import CODES
from calfeed.diagnostics.problem import Mark, SourceError, problem_at

CASES = Path(__file__).parent / "data" / "err"
PACKAGE = Path(calfeed.__file__).parent

# Codes that no source causes, and the commands that report them.
NOT_OF_SOURCES = {
    *(
        "bad-journal",
        "bad-manifest",
        "foreign-file",
        "foreign-folder",
        "locked",
        "lost-process",
        "newer-manifest",
        "not-a-folder",
        "output-failed",
    ),
    *("large-feed", "left-file", "long-feed-url", "stale-revision"),  # warnings of `build`
    # `build`, about the previous publication
    *("changed-uid", "mass-removal", "missing-baseline", "new-calendar-id", "older-tzdb", "renamed-id", "reused-id"),
    *("ended-series", "highest-sequence", "unreadable-baseline", "vanished-feed"),
    *("already-there", "unwritable-file"),  # `init` and `new`
    *(  # `publish`
        "changed-output",
        "missing-manifest",
        "newer-published",
        "other-calendar",
        "publish-crossed",
        "publish-failed",
        "stale-output",
    ),
}
# The position of the code among the arguments of the calls that make problems.
CODE_ARGUMENT = {
    "problem_at": 1,
    "_unread": 1,
    "refusal": 1,
    "forbid": 1,
    "report": 1,
    "_report": 1,
    "InvalidValue": 0,
    "refuse": 0,
    "_read_choice": 1,
    "PictureError": 0,
}
SECTION = re.compile(rb"^#--- (.+)\n", re.MULTILINE)
ERROR = re.compile(r"^\S.*:\d+:\d+: error: ", re.MULTILINE)


# -- cases that no text file of a repository can hold -----------------------------------------------------------


def _bytes(data: bytes) -> Callable[[Path], None]:
    """Return a function that writes an event file of these bytes."""

    def prepare(events: Path) -> None:
        (events / "talk.yaml").write_bytes(data)

    return prepare


def _link_out(events: Path) -> None:
    outside = events.parent / "talk.yaml"
    outside.write_text(TALK, encoding="utf-8")
    (events / "talk.yaml").symlink_to(outside)


def _link_nowhere(events: Path) -> None:
    (events / "talk.yaml").symlink_to("moved.yaml")


def _without_calendar(events: Path) -> None:
    (events / "calendar.yaml").unlink()
    (events / "talk.yaml").write_text(TALK, encoding="utf-8")


def _one_folder_too_high(events: Path) -> None:
    inner = events / "events"
    inner.mkdir()
    for path in list(events.glob("*.yaml")):
        path.rename(inner / path.name)
    (inner / "talk.yaml").write_text(TALK, encoding="utf-8")


def _pictures(**files: bytes) -> Callable[[Path], None]:
    """Return a function that writes pictures, and an event for each; `_` in their names stands for `.`."""

    def prepare(events: Path) -> None:
        for number, (name, data) in enumerate(files.items()):
            path = name.replace("_", ".")
            (events / path).write_bytes(data)
            text = TALK.replace("05-18", f"05-{18 + number}") + f"image: {path}\n"
            (events / f"talk-{number + 1}.yaml").write_text(text, encoding="utf-8")

    return prepare


_GIF = DOT.encode()
# The beginning of an AVIF with its list of items: a single item, of the type Exif.
_AVIF = (
    b"\0\0\0\x14ftypavif\0\0\0\0avif"
    b"\0\0\0\x2fmeta\0\0\0\0\0\0\0\x23iinf\0\0\0\0\0\x01\0\0\0\x15infe\x02\0\0\0\0\x01\0\0Exif\0"
)

MADE: dict[str, Callable[[Path], None]] = {
    "bad-path.hidden": _pictures(_env_gif=_GIF),
    "broken-image": _pictures(map_gif=_GIF[:-9]),
    "large-image": _pictures(map_gif=_GIF.ljust(10_000_001)),
    "large-image.pixels": _pictures(map_gif=_GIF[:6] + b"\x40\x1f\x40\x1f" + _GIF[10:]),
    "private-image": _pictures(map_avif=_AVIF),
    "twin-images": _pictures(map_gif=_GIF, MAP_gif=_GIF),
    "wrong-image.format": _pictures(map_png=_GIF),
    "bad-date.no-break-space": _bytes("summary: Talk\nstart: 2027-05-18\u00a018:00\n".encode()),
    "bad-duration.crlf": _bytes(b"summary: Talk\r\nstart: 2027-05-18 18:00\r\nduration: 2x\r\n"),
    "bad-duration.cr": _bytes(b"summary: Talk\rstart: 2027-05-18 18:00\rduration: 2x\r"),
    "control-character": _bytes(b"summary: Talk \x1b[31mtonight\nstart: 2027-05-18\n"),
    "control-character.utf16": _bytes(TALK.encode("utf-16-le")),
    "file-too-large": _bytes(b"#" * (16 * 1024 * 1024 + 1)),
    "missing-calendar": _without_calendar,
    "missing-calendar.inside": _one_folder_too_high,
    "not-utf8.latin1": _bytes("summary: Jaaniõhtu\nstart: 2027-06-23\n".encode("latin-1")),
    "not-utf8.utf16": _bytes(TALK.encode("utf-16")),
    "not-utf8.windows": _bytes(b"summary: Talk\nstart: 2027-05-18\ndescription: \x93Ships\x94\n"),
    "outside-folder": _link_out,
    "unknown-key.bom": _bytes("\ufeffsumary: Talk\nstart: 2027-05-18\n".encode()),
    "yaml-syntax.no-break-indentation": _bytes(
        "summary: Talk\nstart: 2027-05-18\nvenue:\n\u00a0 \u00a0 name: Hall\n\u00a0 \u00a0 url: https://x.org\n".encode()
    ),
    "yaml-syntax.no-break-space": _bytes("summary: Talk\n\u00a0start: 2027-05-18\nend: 2027-05-19\n".encode()),
    "unreadable-file": _link_nowhere,
}
NAMES = sorted({*(path.stem for path in CASES.glob("*.yaml")), *MADE})


def prepare_case(name: str, root: Path) -> None:
    """Create the folder `events` of a case below `root`."""
    events = root / "events"
    shutil.copytree(CASES / "_project", events)
    if name in MADE:
        MADE[name](events)
        return
    text = (CASES / f"{name}.yaml").read_bytes()
    first, *rest = SECTION.split(text)
    files = dict(zip((path.decode() for path in rest[::2]), rest[1::2], strict=True))
    if not rest or first:
        files[f"{code_of(name)}.yaml"] = first
    for path, data in files.items():
        target = events / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def code_of(name: str) -> str:
    """Return the code a case is named after."""
    return name.partition(".")[0]


# -- tests ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_report(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, update_golden: bool) -> None:
    """A mistake is reported in exactly these words, and a project with an error is not built."""
    prepare_case(name, tmp_path)
    monkeypatch.chdir(tmp_path)
    golden = CASES / f"{name}.txt"
    checked = run("check", "events")
    if update_golden:
        golden.write_text(checked.stdout, encoding="utf-8")
    expected = golden.read_text(encoding="utf-8")
    has_error = ERROR.search(expected) is not None

    assert expected == checked.stdout
    assert f"[{code_of(name)}]\n" in expected
    assert checked.exit_code == has_error
    built = run("build", "events")
    assert built.exit_code == has_error
    assert (tmp_path / "dist").exists() is not has_error
    assert built.stderr.startswith(expected)


def test_an_exception_lists_the_first_errors() -> None:
    """An exception's text lists the first ten errors and no warnings, so that a traceback stays readable."""
    mark = Mark(path="events/talk.yaml")
    problems = [problem_at(mark, "bad-id", f"mistake {number:02}", "") for number in range(12)]
    text = str(SourceError([*problems, problem_at(mark, "missing-end", "a warning", "")]))
    assert text.startswith("events/talk.yaml:1: mistake 00; ")
    assert text.endswith("mistake 09; and 2 more errors")
    assert "warning" not in text


def test_every_report_has_its_case() -> None:
    """Every golden report belongs to a case; renamed and dropped cases leave none behind."""
    assert {path.stem for path in CASES.glob("*.txt")} == set(NAMES)


def test_every_code_has_a_case() -> None:
    """Every code that sources can cause has a case, and every case has a code that is still reported."""
    codes = set(problem_codes())
    assert codes == CODES.keys()
    assert codes >= NOT_OF_SOURCES
    assert codes - NOT_OF_SOURCES == {code_of(name) for name in NAMES}


def problem_codes() -> Iterator[str]:
    """Yield the code of every problem that the package's modules can report, as written in their source."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func).rpartition(".")[2]
            position = CODE_ARGUMENT.get(name, len(node.args))
            for argument in node.args[position : position + 1]:
                if isinstance(argument, ast.Constant):
                    yield str(argument.value)
