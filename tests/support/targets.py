"""The fuzzer's targets: each takes any bytes, and raises if calfeed breaks a promise.

The promises are the same everywhere. Any input is used or refused with a `CalfeedError` (in the readers of single
values, an `InvalidValue`) whose problems have a place and a hint. Output follows the rules of the readers in
`tests/readers`. Nothing except DIST and the folder of its state is touched.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from html.parser import HTMLParser
from itertools import islice, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from readers import rfc5545, rules

from calfeed.artifact import Artifact
from calfeed.cli.event_report import format_events
from calfeed.diagnostics.problem import CalfeedError, InvalidValue, OutputError, Problem, SourceError
from calfeed.diagnostics.report import format_problems, format_problems_github, format_problems_json
from calfeed.editions.consent import Consent
from calfeed.editions.manifest import MANIFEST
from calfeed.editions.manifest_json import read_manifest
from calfeed.model import AllDay, Event, Project
from calfeed.pipeline.build import build
from calfeed.pipeline.options import Options
from calfeed.pipeline.render import render
from calfeed.resolve.load import load
from calfeed.series.expand import starts_of
from calfeed.source.yaml import read_document
from calfeed.text import urls
from calfeed.text.markdown import to_html, to_plain
from calfeed.values import addresses, colors, ids, places, texts, times
from calfeed.values.rule_reader import read_rule
from support.projects import CALENDAR, LATER, NOW, TALK, VENUES, tree, write_events

Target = Callable[[bytes], None]

# Characters that a terminal or a log would obey.
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_VALUES: tuple[Callable[[str], object], ...] = (
    *(times.read_moment, times.read_end, times.read_duration),
    *(texts.read_text, texts.read_line, texts.read_category, ids.read_id, ids.read_calendar_id),
    *(ids.read_uid, urls.read_url, urls.read_base_url, addresses.read_email, places.read_zone),
    *(places.read_country, texts.read_language, colors.read_color, texts.read_boolean, ids.read_sequence),
    *(places.read_degrees, times.read_refresh, ids.read_property_name, addresses.read_relative_path),
)
_SHOWN_TAGS = frozenset(
    ["p", "em", "strong", "a", "code", "pre", "ul", "ol", "li", "blockquote", "hr", "br", "img"]
    + [f"h{level}" for level in range(1, 7)]
)
_FIRST = datetime(2026, 9, 1, 9, 0)  # noqa: DTZ001 - wall time


def fuzz_document(data: bytes) -> None:
    """Read bytes as a YAML file."""
    document = read_document("x.yaml", data)
    _check_problems(document.problems)
    _check_problems(read_document("x.yaml", data).problems)
    assert document.value is not None or document.problems


def fuzz_sources(data: bytes) -> None:
    """Load and render a folder; NUL bytes separate an event file, defaults, venues and extra lines of the calendar."""
    talk, *more = data.split(b"\0", 3)
    defaults, venues, calendar = [*more, b"", b"", b""][:3]
    with TemporaryDirectory() as folder:
        events = Path(folder) / "events"
        events.mkdir()
        (events / "talk.yaml").write_bytes(talk)
        (events / "calendar.yaml").write_bytes(CALENDAR.encode() + calendar)
        (events / "venues.yaml").write_bytes(venues or VENUES.encode())
        if defaults:
            (events / "_defaults.yaml").write_bytes(defaults)
        try:
            project = load(events)
        except SourceError as refusal:
            _check_problems(refusal.problems)
            return
    _check_problems(project.problems)
    assert not _OBEYED.search(format_events(project.events).replace("\n", ""))
    artifacts = render(project, now=NOW)
    _check_files(project, artifacts)
    (manifest,) = (artifact.data for artifact in artifacts if artifact.path == MANIFEST)
    again = render(project, now=LATER, options=Options(baseline=read_manifest(manifest, MANIFEST)))
    assert again == artifacts, "a rebuild gives different bytes"


def fuzz_values(data: bytes) -> None:
    """Read a text as every kind of single value."""
    text = data.decode("utf-8", "replace")
    for read in _VALUES:
        try:
            read(text)
        except InvalidValue as refusal:
            _check_refusal(refusal)


def fuzz_rule(data: bytes) -> None:
    """Read a text as a rule; a valid rule's own text reads back as the same rule, and its starts are in order."""
    try:
        rule = read_rule(data.decode("utf-8", "replace"))
    except InvalidValue as refusal:
        _check_refusal(refusal)
        return
    assert read_rule(rule.text) == replace(rule, until=None)
    starts = list(islice(starts_of(rule, _FIRST, last=_FIRST + timedelta(days=3000)), 500))
    assert all(earlier < later for earlier, later in pairwise(starts)), rule.text
    assert not starts or starts[0] >= _FIRST


def fuzz_manifest(data: bytes) -> None:
    """Build into a DIST whose manifest is any bytes, with consent to remove everything that the sources lack."""
    _build_beside({f"dist/{MANIFEST}": data})


def fuzz_journal(data: bytes) -> None:
    """Build into a DIST that a killed build left with a journal of any bytes."""
    _build_beside({".calfeed/dist/journal.json": data})


def fuzz_markdown(data: bytes) -> None:
    """Turn a text into plain text and HTML: only the tags and schemes that Markdown allows get through."""
    text = data.decode("utf-8", "replace")
    plain, html = to_plain(text), to_html(text)
    assert isinstance(plain, str)
    parser = _Tags()
    parser.feed(html)
    parser.close()
    assert parser.tags <= _SHOWN_TAGS, parser.tags - _SHOWN_TAGS
    assert all(re.match(r"(?:https?://|mailto:|tel:|$)", link, re.IGNORECASE) for link in parser.links), parser.links


TARGETS: Mapping[str, Target] = {
    "document": fuzz_document,
    "sources": fuzz_sources,
    "values": fuzz_values,
    "rule": fuzz_rule,
    "manifest": fuzz_manifest,
    "journal": fuzz_journal,
    "markdown": fuzz_markdown,
}


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        assert {name for name, _ in attrs} <= {"href", "src", "alt", "title", "class", "start"}, attrs


def _check_refusal(refusal: InvalidValue) -> None:
    assert refusal.code
    assert refusal.message
    assert refusal.hint


def _check_problems(reported: Iterable[Problem]) -> None:
    problems = tuple(reported)
    for problem in problems:
        assert problem.code, problem
        assert problem.message, problem
        assert problem.hint, problem
        assert problem.mark.line >= 1, problem
        assert 1 <= problem.mark.column < problem.mark.end_column, problem
    assert not _OBEYED.search(format_problems(problems).replace("\n", ""))
    assert format_problems_github(problems).count("\n") == len(problems)
    assert len(json.loads(format_problems_json(problems))) == len(problems)


def _check_files(project: Project, artifacts: Iterable[Artifact]) -> None:
    files = {artifact.path: artifact.data for artifact in artifacts}
    for path, data in files.items():
        if path.endswith(".ics"):
            kind: rules.Kind = "single" if path.startswith("events/") else "feed"
            violations = rules.violations(data, kind)
            # HTML in a description is shown as written, with a warning.
            is_warned = any(problem.code == "html-in-description" for problem in project.problems)
            assert [text for text in violations if not (is_warned and text.startswith("rule 18"))] == [], path
    for event in project.events:
        _check_instants(event, files[event.path])


def _check_instants(event: Event, data: bytes) -> None:
    """Compare an event's first start and end with a strict RFC 5545 reading of its own file."""
    instants = rfc5545.instants(data)[event.uid, None]
    if isinstance(event.when, AllDay):
        assert (instants.start, instants.end) == (event.when.first, event.when.last + timedelta(days=1))
    else:
        assert instants.start == event.when.start.instant
        assert instants.end == (event.when.end.instant if event.when.end else None)


def _build_beside(files: Mapping[str, bytes]) -> None:
    """Build a small project into a DIST with these files in and around it: built or refused, nothing else touched."""
    with TemporaryDirectory() as folder:
        root = Path(folder)
        write_events(root, talk=TALK)
        for path, data in {"precious/x": b"x", **files}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(data)
        before = _outside(root)
        try:
            build(
                root / "events", root / "dist", now=LATER, options=Options(consent=Consent(removals=True, new_id=True))
            )
        except OutputError as refusal:
            _check_problems(refusal.problems)
        except CalfeedError as other:
            raise AssertionError(other) from other
        else:
            listed = json.loads((root / "dist" / MANIFEST).read_bytes())["files"]
            assert set(tree(root / "dist")) >= {MANIFEST, *listed}
            assert {path.name for path in (root / ".calfeed" / "dist").iterdir()} <= {"lock", "memory", "snapshot"}
            for path, data in tree(root / "dist").items():
                assert (
                    not path.endswith(".ics")
                    or rules.violations(data, "single" if path.startswith("events/") else "feed") == []
                )
        assert before == _outside(root), "something outside DIST changed"


def _outside(root: Path) -> dict[str, bytes | None]:
    """Return the files and folders outside DIST and its state."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes() if path.is_file() else None
        for name in sorted({path.name for path in root.iterdir()} - {"dist", ".calfeed"})
        for path in (root / name, *sorted((root / name).rglob("*")))
    } | {"": ",".join(sorted(p.name for p in root.iterdir() if p.name not in ("dist", ".calfeed"))).encode()}
