"""No text ends a line: whatever the sources or a project contain, the output has only the lines that calfeed writes."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from html.entities import html5
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from readers import rfc5545, rules
from support.commands import run
from support.projects import NOW, TALK, load_project, tree, write_events, write_files

from calfeed.artifact import Artifact
from calfeed.diagnostics.problem import CalfeedError, InvalidValue, SourceError
from calfeed.diagnostics.report import format_problems, format_problems_github, format_problems_json
from calfeed.editions.manifest_json import read_manifest
from calfeed.formats.content_lines import Property, fold, property_line
from calfeed.model import Event, Organizer, Project
from calfeed.pipeline.build import build
from calfeed.pipeline.options import Options
from calfeed.pipeline.render import render
from calfeed.resolve.load import load
from calfeed.text.characters import close_embeddings, encode_harmless, harmless, harmless_json, harmless_line
from calfeed.text.markdown import to_html, to_page, to_plain
from calfeed.values.texts import read_line, read_markdown

# How programs in these languages split a text into lines.
READERS: Mapping[str, Callable[[str], list[str]]] = {
    "Python": str.splitlines,
    "JavaScript": lambda text: re.split("\r\n|\n|\r|\u2028|\u2029", text),
    "C": lambda text: [line.removesuffix("\r") for line in text.split("\n")],
}
UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202d\u202e\ufffe\uffff]")
BREAKS = {0x0A, 0x85, 0x2028, 0x2029}
REFUSED = {*range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0), 0xD800, 0xDFFF, 0xFFFE, 0xFFFF, 0x110000} - BREAKS
TURNING = set(range(0x202A, 0x202F))
CODES = sorted({*range(0x21), *range(0x7F, 0xA1), 0x200D, 0x200E, *range(0x2028, 0x202F), 0x2066, 0xFEFF, *REFUSED})
NAMED = ("NewLine", "Tab", "zwj", "zwnj", "lrm", "rlm", "nbsp", "ZeroWidthSpace", "amp", "lt", "semi", "comma", "bsol")
FORGED = "END:VEVENT{0}BEGIN:VEVENT{0}UID:board@museum.example{0}STATUS:CANCELLED{0}END:VCALENDAR{0}"


def references(code: int) -> tuple[str, ...]:
    """Return the ways to refer to a character by its number."""
    return f"&#{code};", f"&#x{code:x};", f"&#X{code:04X};"


def check_lines(artifacts: Iterable[tuple[str, bytes]]) -> None:
    """Check that every file has the same lines for every reader, and no character that any of them acts on."""
    for path, data in artifacts:
        if path.endswith((".png", ".jpg")):
            continue
        text = data.decode()
        assert UNFIT.search(text) is None, path
        assert "\r" not in text.replace("\r\n", "") if path.endswith(".ics") else "\r" not in text, path
        if not text:
            continue
        whole = text.removesuffix("\n").removesuffix("\r")
        assert len({tuple(split(whole)) for split in READERS.values()}) == 1, path


def as_files(artifacts: Sequence[Artifact]) -> list[tuple[str, bytes]]:
    """Return the paths and bytes of artifacts."""
    return [(artifact.path, b"".join(bytes(part) for part in artifact.parts)) for artifact in artifacts]


def event_of_texts(event_id: str, text: str) -> dict[str, object]:
    """Return a series with this text in every key that accepts text."""
    return {
        "id": event_id,
        "uid": f"{event_id}-END:VEVENT",
        "summary": text,
        "description": text,
        "start": "2027-05-18 18:00",
        "end": "20:00",
        "categories": ["END:VEVENT", f"c {text}"],
        "organizer": {"name": text},
        "venue": {"name": text, "address": {"street": text, "locality": text, "region": text, "postal_code": text},
                  "geo": ["59.4", "24.7"]},
        "properties": {"X-A": text},
        "reminders": ["1h"],
        "rrule": "FREQ=WEEKLY;COUNT=2",
        "overrides": [{"recurrence_id": "2027-05-25", "summary": text, "description": text, "venue": {"name": text}}],
    }  # fmt: skip


def calendar_of_texts(text: str) -> dict[str, object]:
    """Return a calendar with this text in every key that accepts text."""
    return {
        "name": f"Test {text}",
        "slug": "test",
        "id": "test.example",
        "url": "https://test.example/",
        "timezone": "Europe/Tallinn",
        "description": text,
        "organizer": {"name": text},
        "feeds": [{"slug": "all", "name": text, "description": text}],
        "theme": {"footer": text},
        "automatic_feeds": [],
    }


def write_yaml(root: Path, calendar: object, events: object) -> Path:
    """Write a calendar and its events as YAML, in its JSON subset."""
    texts = {"calendar.yaml": calendar, "talk.yaml": events}
    return write_files(
        root / "events", {name: json.dumps(value, indent=1, ensure_ascii=False) for name, value in texts.items()}
    )


# -- what enters, and what leaves Markdown ----------------------------------------------------------------------


def test_allowed_references_add_no_lines(tmp_path: Path) -> None:
    """Texts that forge content lines with allowed references add no line to any output."""
    accepted = [ref for code in CODES if code not in REFUSED | TURNING for ref in references(code)]
    accepted += [f"&{name};" for name in NAMED]
    assert len(accepted) > 40
    # Several in a text, because a page for each would take a minute.
    texts = [
        "x" + "".join(FORGED.format(ref) for ref in accepted[first : first + 12])
        for first in range(0, len(accepted), 12)
    ]
    events = [event_of_texts(f"e{number}", text) for number, text in enumerate(texts)]
    root = write_yaml(tmp_path, calendar_of_texts(texts[0]), events)
    build(root, tmp_path / "dist", now=NOW)
    files = tree(tmp_path / "dist")
    check_lines(files.items())
    for path, data in files.items():
        if path.endswith(".ics"):
            assert rules.violations(data, "single" if path.startswith("events/") else "feed") == []
            vevents = rfc5545.parse(data).children("VEVENT")
            assert {vevent.one("UID").text() for vevent in vevents} <= {event["uid"] for event in events}
            assert {vevent.one("STATUS").value for vevent in vevents} == {"CONFIRMED"}
    for form in ("text", "json", "github"):
        check_lines([("check", run("check", str(root), "--format", form).stdout_bytes)])
    for command in (["list", str(root)], ["show", "e0", str(root)], ["list", str(root), "--format", "json"]):
        result = run(*command)
        assert result.exit_code == 0, command
        check_lines([(" ".join(command), result.stdout_bytes)])
    for form in ("text", "json", "markdown"):
        result = run("diff", str(root), "-o", str(tmp_path / "none"), "--format", form)
        check_lines([(f"diff {form}", result.stdout_bytes)])


@pytest.mark.parametrize("code", sorted(REFUSED | TURNING), ids=lambda code: f"U+{code:04X}")
def test_refused_references(code: int) -> None:
    """A reference to a character that is not allowed is quoted as written; one to a direction mark is also named."""
    for ref in references(code):
        with pytest.raises(InvalidValue) as refusal:
            read_markdown(f"Code `{ref}` is fine.\n\n{FORGED.format(ref)}")
        assert refusal.value.code == "control-character"
        assert refusal.value.part == ref
        assert (unicodedata.name(chr(code)) if code in TURNING else f"U+{code:04X}") in refusal.value.message


@pytest.mark.parametrize(
    "form", ["`{}`", "```\n{}\n```", "x\n\n    {}", "\\{}", "&amp;{}", "a &amp;#13;", "&#00000013;"]
)
def test_references_that_are_plain_text(form: str) -> None:
    """In code, after a backslash, or with too many digits, a reference is plain text."""
    for ref in ("&#13;", "&#x202e;"):
        text = form.format(ref) if form != "&amp;{}" else f"&amp;{ref[1:]}"
        assert read_markdown(text) == text.strip()
        assert UNFIT.search(to_html(text)) is None


@pytest.mark.parametrize("form", ["*{}*", "[{}](https://x.example)", '[a](https://x.example "{}")', "![{}](https://x.example)",
                                  "# {}", "> {}", "- {}", "```{}\nx\n```", "[a]\n\n[a]: https://x.example '{}'",
                                  "https://x.example/ {}"])  # fmt: skip
def test_references_within_markup(form: str) -> None:
    """References are checked wherever Markdown decodes them: in emphasis, labels, titles, pictures, headings, infos."""
    for ref in ("&#13;", "&#x0c;", "&#8238;", "&#127;"):
        with pytest.raises(InvalidValue):
            read_markdown(form.format(ref))


def test_no_named_reference_is_a_control_character() -> None:
    """No named reference of HTML stands for a refused character, so only numbers need checking."""
    text = " ".join(f"&{name}" for name in sorted(html5))
    assert read_markdown(text) == text
    assert UNFIT.search(to_plain(text)) is None


@pytest.mark.parametrize("ref", [ref for code in sorted(BREAKS) for ref in references(code)] + ["&NewLine;"])
def test_references_to_line_breaks(ref: str) -> None:
    """A reference to a line-breaking character is a line break, like the character itself."""
    assert to_plain(f"one{ref}two") == "one\ntwo"
    assert to_html(f"one{ref}two") == "<p>one<br />\ntwo</p>"


@pytest.mark.parametrize("character", ["\x85", "\u2028", "\u2029", "\r", "\r\n"])
def test_line_breaks_of_unicode(character: str) -> None:
    """Unicode line breaks are line breaks in a text, and spaces in a line."""
    assert read_markdown(f"one{character}two") == "one\ntwo"
    assert read_line(f"one{character}two") == "one two"


@given(
    st.lists(
        st.sampled_from(["a", " ", "\n", "*", "_", "`", "[", "](", ")", '"', "<", ">", "\\", "&", "#", ";", "https://x.example/"])
        | st.sampled_from([ref for code in CODES for ref in references(code)]),
        max_size=30,
    ).map("".join)
)  # fmt: skip
def test_rendered_markdown_is_harmless(text: str) -> None:
    """No rendered form of any Markdown contains a control character, or a line break other than the line feed."""
    for rendered in (to_plain(text), to_html(text), to_page(text, 2)):
        assert UNFIT.search(rendered) is None
        assert "\r" not in rendered


# -- directions -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "\u202bמפגש\u202c",
        "\u202aTalk\u202c",
        "\u202bא\u202aB\u202cג\u202c",
        "One \u202bמ\u202c, two \u202bג\u202c",
        "\u2067מ\u2069",
    ],
)
def test_balanced_directions_are_kept(tmp_path: Path, text: str) -> None:
    """The marks that Windows editors put around Hebrew and Arabic are kept, in a line and in a description."""
    (event,) = load_project(tmp_path, f"summary: {text}\nstart: 2027-05-18\ndescription: {text}\n").events
    assert (event.summary, event.description) == (text, text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("\u202bמפגש", "RIGHT-TO-LEFT EMBEDDING"),
        ("Talk \u202a", "LEFT-TO-RIGHT EMBEDDING"),
        ("\u202bמ\u202c\u202c", "POP DIRECTIONAL FORMATTING"),
        ("\u202cמ\u202b", "POP DIRECTIONAL FORMATTING"),
        ("\u202dTalk\u202c", "LEFT-TO-RIGHT OVERRIDE"),
        ("\u202eTalk\u202c", "RIGHT-TO-LEFT OVERRIDE"),
    ],
)
def test_unbalanced_directions_are_refused(text: str, name: str) -> None:
    """Embeddings without an end, ends without a beginning, and overrides are refused, and the message names them."""
    for read in (read_line, read_markdown):
        with pytest.raises(InvalidValue, match=name) as refusal:
            read(text)
        assert refusal.value.hint


def test_embeddings_in_a_cut_text_are_closed() -> None:
    """A text that was cut within an embedding is closed, so that the text after it keeps its direction."""
    assert close_embeddings("\u202bמפ\u202aA") == "\u202bמפ\u202aA\u202c\u202c"
    assert close_embeddings("\u202bמ\u202c") == "\u202bמ\u202c"


# -- where bytes are made ---------------------------------------------------------------------------------------

RAW = "a\r\nEND:VEVENT\rX:1\x00\x0b\x0c\x1b[31m\x1c\x1d\x1e\x7f\x85END:VCALENDAR\u2028Y:2\u2029\u202egpj\ufffe\uffffz\n"


def spoiled(event: Event) -> Event:
    """Return an event in which every text is hostile, which no source could produce."""
    assert event.venue is not None
    address = replace(event.venue.address, street=RAW, locality=RAW)
    recurrence = event.recurrence
    if recurrence is not None:
        instances = tuple(replace(instance, event=spoiled(instance.event)) for instance in recurrence.instances)
        recurrence = replace(recurrence, instances=instances)
    return replace(
        event,
        uid=f"{event.uid}{RAW}",
        summary=RAW,
        description=f"{RAW} *x* &#13;",
        url=f"https://x.example/{RAW}",
        online=f"https://x.example/{RAW}",
        categories=(RAW,),
        organizer=Organizer(name=RAW, email=RAW),
        properties=(("X-A", RAW),),
        venue=replace(event.venue, name=RAW, address=address, url=RAW),
        recurrence=recurrence,
    )


def test_hostile_projects_add_no_lines(tmp_path: Path) -> None:
    """Even a project that no source could produce adds no line to any file."""
    project: Project = load(write_yaml(tmp_path, calendar_of_texts("x"), [event_of_texts("e", "x")]))
    calendar = replace(project.calendar, name=RAW, description=RAW, organizer=Organizer(name=RAW))
    feeds = tuple(replace(feed, name=RAW, description=RAW) for feed in project.feeds)
    events = tuple(spoiled(event) for event in project.events)
    theme = replace(project.theme, footer=RAW)
    artifacts = as_files(render(replace(project, calendar=calendar, feeds=feeds, events=events, theme=theme), now=NOW))
    check_lines(artifacts)
    for path, data in artifacts:
        if path.endswith(".ics"):
            # An event and its instance, and no component that a text added.
            assert len(re.findall(rb"(?m)^END:VEVENT\r$", data)) == 2
            assert len(re.findall(rb"(?m)^END:VCALENDAR\r$", data)) == 1
            assert not re.search(rb"(?m)^[XY]:", data)
        if path.endswith(".json"):
            json.loads(data)


@pytest.mark.parametrize("character", ["\r", "\x00", "\x0c", "\x1c", "\x7f", "\x85", "\u2028", "\u202e"])
def test_hostile_manifests_add_no_lines(tmp_path: Path, character: str) -> None:
    """A manifest with such characters in tombstones and feeds is refused, or its texts are made harmless."""
    hostile = f"a{character}END:VEVENT"
    root = write_events(tmp_path, talk=TALK, tour=f"{TALK}description: Old\ncategories: [a]\n")
    build(root, tmp_path / "dist", now=NOW)
    manifest = json.loads((tmp_path / "dist" / "calfeed.json").read_bytes())
    (root / "tour.yaml").unlink()
    project = load(root)
    for key in ("summary", "description", "url", "rrule", "categories", "properties", "organizer", "location"):
        changed = json.loads(json.dumps(manifest))
        row = next(row for row in changed["events"] if row["id"] == "tour")
        row["content"][key] = {
            "categories": [hostile],
            "properties": {"X-A": hostile},
            "organizer": {"name": hostile},
            "location": {"name": hostile},
            "rrule": f"FREQ=DAILY;COUNT=2{character}",
            "url": f"https://x.example/{character}",
        }.get(key, hostile)
        changed["feeds"][0]["name"] = hostile
        try:
            baseline = read_manifest(json.dumps(changed).encode(), "calfeed.json")
            artifacts = render(project, now=NOW, options=Options(baseline=baseline))
        except CalfeedError:
            continue
        check_lines(as_files(artifacts))


def test_reports_of_hostile_sources_add_no_lines(tmp_path: Path) -> None:
    """All three report formats quote sources without their line-breaking characters."""
    text = 'summary: "a\u2028b"\nstart: 2027-05-18\nend: x\u2028::error::y\u2029z\n'
    with pytest.raises(SourceError) as refusal:
        load(write_events(tmp_path, talk=text))
    for form in (format_problems, format_problems_json, format_problems_github):
        check_lines([(form.__name__, form(refusal.value.problems).encode())])


@given(st.text(max_size=60))
def test_harmless_texts(text: str) -> None:
    """All functions agree on harmless text: they do not change it, and they return nothing else."""
    safe = harmless(text)
    assert UNFIT.search(safe) is None
    assert "\r" not in safe
    assert harmless(safe) == safe
    assert harmless_line(text) == safe.replace("\n", " ")
    assert encode_harmless(safe) == safe.encode()
    encodable = text.encode(errors="replace").decode()
    assert encode_harmless(encodable) == harmless(encodable).encode()
    written = json.dumps(text, ensure_ascii=False)
    assert json.loads(harmless_json(written)) == text
    assert UNFIT.search(harmless_json(written)) is None


@given(st.text(max_size=200))
def test_content_lines_are_lines(text: str) -> None:
    """Every reader ends a content line, folded or not, where calfeed does."""
    properties = (Property("SUMMARY", (text,)), Property("URL", text), Property("X-A", "1", (("X-TITLE", text),)))
    for data in (*map(property_line, properties), fold(f"X-A:{text}")):
        lines = data.decode().removesuffix("\r\n").split("\r\n")
        assert all(line.startswith(" ") for line in lines[1:])
        check_lines([("x.ics", data)])


# -- the event's own file ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["summary", "uid", "description", "venue", "categories", "properties", "folded"])
def test_the_end_of_an_event_in_a_text(tmp_path: Path, key: str) -> None:
    """A text that ends in END:VEVENT does not damage the event's own file: HTML and reminders are in place."""
    texts = {
        "summary": "What does END:VEVENT",
        "uid": "x-END:VEVENT",
        "description": "Hello END:VEVENT",
        "venue": "{name: 'END:VEVENT', geo: [59.4, 24.7], address: {street: 'END:VEVENT'}}",
        "categories": "['END:VEVENT']",
        "properties": "{X-A: 'END:VEVENT'}",
    }
    fields = {"summary": "Talk", "description": "Hello", key: texts.get(key, "")}
    if key == "folded":  # at the end of a line, and at the beginning of the next
        fields = {"summary": "x" * 67 + "END:VEVENT" + "y" * 64 + "END:VEVENT", "description": "Hello"}
    event = "".join(f"{name}: {value}\n" for name, value in fields.items())
    root = write_events(tmp_path, talk=f"{event}start: 2027-05-18 18:00\nend: 20:00\nreminders: 1h\n")
    build(root, tmp_path / "dist", now=NOW, options=Options(site=False))
    data = (tmp_path / "dist" / "events" / "talk.ics").read_bytes()
    assert rules.violations(data, "single") == []
    (vevent,) = rfc5545.parse(data).children("VEVENT")
    assert len(vevent.children("VALARM")) == 1
    assert vevent.one("X-ALT-DESC").text().startswith("<html>")
    assert vevent.one("DTSTART").value == "20270518T180000"


def test_only_the_master_of_a_series_has_reminders(tmp_path: Path) -> None:
    """HTML and reminders are in the first VEVENT of a series, whatever texts its instances have."""
    root = write_events(
        tmp_path,
        talk=f"{TALK}description: END:VEVENT\nreminders: 1h\nrrule: FREQ=WEEKLY;COUNT=3\n"
        "overrides: [{recurrence_id: 2027-05-25, summary: 'END:VEVENT'}]\n",
    )
    build(root, tmp_path / "dist", now=NOW, options=Options(site=False))
    master, instance = rfc5545.parse((tmp_path / "dist" / "events" / "talk.ics").read_bytes()).children("VEVENT")
    assert (len(master.children("VALARM")), len(instance.children("VALARM"))) == (1, 0)
    assert instance.all("X-ALT-DESC") == ()
    assert instance.one("SUMMARY").text() == "END:VEVENT"
