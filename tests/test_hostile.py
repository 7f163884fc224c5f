"""Malicious sources, state and output: refused with a place, or used unchanged, in bounded time."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from readers import rfc5545, rules
from support.commands import run
from support.projects import CALENDAR, NOW, TALK, tree, write_events, write_files

from calfeed.diagnostics.problem import CalfeedError, OutputError, SourceError
from calfeed.diagnostics.report import format_problems
from calfeed.doctor.expected import read_promise
from calfeed.editions.manifest import MANIFEST
from calfeed.editions.manifest_json import read_manifest
from calfeed.editions.output_paths import is_output_path
from calfeed.limits.json_size import read_json
from calfeed.pipeline.build import build
from calfeed.pipeline.options import Options
from calfeed.resolve.load import load
from calfeed.source.yaml import MAX_BYTES, MAX_VALUES, read_document
from calfeed.text.markdown import to_html, to_plain
from calfeed.values.rule_reader import read_rule

# Attacks that once took minutes take a second or two; CI machines are slow.
BOUND = 30.0


@pytest.fixture(autouse=True)
def bounded_time() -> Iterator[None]:
    """Fail any test that takes longer than the limit."""
    begin = time.process_time()
    yield
    assert time.process_time() - begin < BOUND


def refusals(root: Path) -> list[str]:
    """Return the distinct codes for which a folder of events is refused, or none if it loads."""
    try:
        load(root)
    except SourceError as refusal:
        problems = refusal.problems
    else:
        return []
    assert len(format_problems(problems)) < 20_000_000
    return sorted({problem.code for problem in problems if problem.severity == "error"})


# -- YAML -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("- a\n" * (MAX_VALUES + 1), id="list"),
        pytest.param("[" + "a," * (MAX_VALUES + 1) + "]", id="flow list"),
    ],
)
def test_values_are_bounded_before_composing(text: str) -> None:
    """A file with too many values is refused before they are composed, which would take gigabytes."""
    assert len(text) < MAX_BYTES
    (problem,) = read_document("x.yaml", text.encode()).problems
    assert problem.code == "file-too-large"
    assert f"{MAX_VALUES:,}" in problem.message


def test_aliases_add_to_the_depth() -> None:
    """A chain of aliases, each one level deep and containing the one before, is refused as too deep."""
    chain = "- &a0 [x]\n" + "".join(f"- &a{n} [*a{n - 1}]\n" for n in range(1, 1000)) + "- x\n" * 50_000
    assert [problem.code for problem in read_document("x.yaml", chain.encode()).problems] == ["too-deep"]


def test_many_merges_into_a_large_mapping() -> None:
    """The cost of merging depends on what is merged, not on the size of the mapping it is merged into."""
    keys = ", ".join(f"k{n}: v" for n in range(30_000))
    text = f"a: &a {{x: y}}\nb: {{{keys}, <<: [{', '.join(['*a'] * 30_000)}]}}\n"
    document = read_document("x.yaml", text.encode())
    assert document.problems == ()
    assert isinstance(document.value, dict)
    assert isinstance(document.value["b"], dict)
    assert len(document.value["b"]) == 30_001


def test_place_in_a_file_with_a_byte_order_mark_that_is_not_utf8() -> None:
    """A BOM does not shift the reported position of a byte that is not UTF-8."""
    (problem,) = read_document("x.yaml", b"\xef\xbb\xbfa: b\nc: P\xf5hja\n").problems
    assert (problem.mark.line, problem.mark.column) == (2, 5)


def test_size_is_checked_before_reading(tmp_path: Path) -> None:
    """A file of ten gigabytes is refused without being read."""
    root = write_events(tmp_path, talk=TALK)
    with (root / "huge.yaml").open("wb") as file:
        file.truncate(10**10)
    assert refusals(root) == ["file-too-large"]


# -- many mistakes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "codes"),
    [
        pytest.param({"talk": TALK + "".join(f"k{n}: v\n" for n in range(3000))}, ["unknown-key"], id="unknown keys"),
        pytest.param(
            {"talk": "".join(f"- {{id: t-{n}, summary: T, start: 2027-05-18, venue: w{n}}}\n" for n in range(2000)),
             "venues": "".join(f"v{n}: {{name: V}}\n" for n in range(5000))},
            ["unknown-venue"],
            id="unknown venues",
        ),
        pytest.param(
            {"talk": "".join(f"- {{id: t-{n + 2}, summary: T, start: 2027-05-18}}\n" for n in range(3000))
             + "- {summary: T, start: 2027-05-18}\n" * 3000},
            ["missing-id"],
            id="missing ids, the likely ones taken",
        ),
        pytest.param(
            {"talk": f"[{','.join(f'{{id: t{n}, summary: T, start: x}}' for n in range(3000))}]"},
            ["bad-date"],
            id="mistakes in one long line",
        ),
        pytest.param({"talk": f"summary: T\nstart: {'x' * 5_000_000}\n"}, ["bad-date"], id="long value"),
        pytest.param({"talk": f"{TALK}? {'k' * 500_000}\n: v\n"}, ["unknown-key"], id="long key"),
        pytest.param(
            {"talk": "".join(f"- {{id: t{n}, summary: T, start: 2027-05-18 18:00, end: 20:00, venue: hub}}\n"
                             for n in range(1500))},
            [],
            id="all at one place at one time",
        ),
    ],
)  # fmt: skip
def test_many_mistakes(tmp_path: Path, files: dict[str, str], codes: list[str]) -> None:
    """Many mistakes take time, and a report, in proportion to their number."""
    assert refusals(write_events(tmp_path, **files)) == codes


def test_unknown_venue_among_many_still_has_its_hint(tmp_path: Path) -> None:
    """The hint finds the venue that differs by one letter among very many."""
    venues = "".join(f"hall-{n}: {{name: H}}\n" for n in range(500))
    with pytest.raises(SourceError) as refusal:
        load(write_events(tmp_path, talk=f"{TALK}venue: hal-77\n", venues=venues))
    assert [problem.hint for problem in refusal.value.problems] == ["did you mean `hall-77`?"]


# -- rules and dates --------------------------------------------------------------------------------------------


SIXTY, DAY = ",".join(map(str, range(60))), ",".join(map(str, range(24)))


@pytest.mark.parametrize(
    ("rule", "codes"),
    [
        ("FREQ=MINUTELY;COUNT=19999", []),
        ("FREQ=MINUTELY;COUNT=99999", ["bad-rrule"]),
        ("FREQ=MINUTELY;UNTIL=22001231", ["bad-rrule"]),
        ("FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30", ["start-not-in-rule"]),
        ("FREQ=MINUTELY;INTERVAL=99999;COUNT=99", []),
        ("FREQ=SECONDLY", ["bad-rrule"]),
        ("FREQ=YEARLY;INTERVAL=99999;COUNT=2", ["bad-rrule"]),
        ("FREQ=DAILY;INTERVAL=99999;COUNT=99999", ["bad-rrule"]),
        (f"FREQ=YEARLY;BYSETPOS=-1;BYDAY=MO,TU,WE,TH,FR;BYHOUR={DAY};BYMINUTE={SIXTY};BYSECOND={SIXTY}", ["bad-rrule"]),
        (f"FREQ=DAILY;BYSETPOS=366;BYHOUR={DAY};BYMINUTE={SIXTY};BYSECOND={SIXTY}", ["bad-rrule"]),
        (f"FREQ=YEARLY;BYDAY={','.join(['TU'] * 100_000)}", []),
        (f"FREQ=DAILY;BYMONTHDAY={','.join(['18'] * 300_000)}", []),
        (f"FREQ=DAILY;{'X=1;' * 100_000}", ["bad-rrule"]),
        (f"FREQ=DAILY;COUNT={'9' * 100_000}", ["bad-rrule"]),
    ],
    ids=lambda value: value[:50] if isinstance(value, str) else "-",
)
def test_rules_that_would_take_long(tmp_path: Path, rule: str, codes: list[str]) -> None:
    """Any rule is expanded in bounded time or refused at its place."""
    zone = "timezone: America/New_York\n"
    talk = f"summary: T\nstart: 2027-05-18 18:00\nduration: 9s\n{zone}rrule: {rule}\n"
    assert refusals(write_events(tmp_path, talk=talk)) == codes


def test_repeated_parts_of_a_rule_are_written_once() -> None:
    """A value that a rule repeats in a list counts once."""
    assert read_rule("FREQ=WEEKLY;BYDAY=TU,TH,TU;BYHOUR=9,9").text == "FREQ=WEEKLY;BYDAY=TU,TH;BYHOUR=9"


def test_thousands_of_overrides(tmp_path: Path) -> None:
    """Thousands of changed, skipped and added dates of one series load in bounded time."""
    days = [f"{2028 + n // 336}-{1 + n // 28 % 12:02}-{1 + n % 28:02}" for n in range(3000)]
    overrides = "".join(f"- {{recurrence_id: {day}, start: {day} 19:00}}\n" for day in days[:1500])
    talk = f"{TALK}rrule: FREQ=DAILY;COUNT=9000\nexdates: [{','.join(days[1500:])}]\noverrides:\n{overrides}"
    assert refusals(write_events(tmp_path, talk=talk)) == []


# -- texts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x7f", "\x9b", "\u202e", "\u202a", "\ud800", "\uffff"])
@pytest.mark.parametrize("key", ["summary", "description", "uid", "categories", "venue: {name"])
def test_control_and_direction_characters(tmp_path: Path, key: str, character: str) -> None:
    """Every text refuses control characters and characters that reverse the following text, even if escaped."""
    escape = f"\\u{ord(character):04x}"
    end = "}" if "{" in key else ""
    fields = {"summary": "T", "start": "2027-05-18", key: f'"a{escape}b"{end}'}
    root = write_events(tmp_path, talk="".join(f"{name}: {value}\n" for name, value in fields.items()))
    codes = refusals(root)
    assert codes
    assert set(codes) <= {"bad-id", "control-character", "yaml-syntax", "not-utf8"}


def test_no_text_breaks_out_of_its_line(tmp_path: Path) -> None:
    """Line breaks of every kind, quotes and separators in any text stay inside their property."""
    evil = 'a\\r\\nATTENDEE:mailto:x@y.example\\x85END:VEVENT\\u2028\\";X=1:^n,b'
    talk = f"""\
summary: "{evil}"
start: 2027-05-18 18:00
end: 20:00
description: "{evil}"
categories: ["{evil}"]
organizer: {{name: "{evil}"}}
venue: {{name: "{evil}", geo: [1, 2], address: {{street: "{evil}"}}}}
properties: {{X-A: "{evil}", X-B: "{evil}"}}
reminders: [1h]
"""
    root = write_events(tmp_path, talk=talk)
    build(root, tmp_path / "dist", now=NOW)
    for path, data in tree(tmp_path / "dist").items():
        if path.endswith(".ics"):
            assert rules.violations(data, "single" if path.startswith("events/") else "feed") == []
            (event,) = rfc5545.parse(data).children("VEVENT")
            assert event.all("ATTENDEE") == ()
            assert event.one("X-A").text() == event.one("X-B").text()


@pytest.mark.parametrize(
    "key", ["X-A\\r\\nB", "X-A;B", "X-A:B", "DTSTART", "X-WR-CALNAME", "x-apple-default-alarm", "X-É"]
)
def test_names_of_extra_properties(tmp_path: Path, key: str) -> None:
    """A property's name must be a word that starts with X-, and not one that calfeed itself writes."""
    assert refusals(write_events(tmp_path, talk=f'{TALK}properties: {{"{key}": x}}\n')) == ["bad-property"]


def test_enormous_texts(tmp_path: Path) -> None:
    """A huge summary and thousands of categories are folded, written and read back unchanged."""
    categories = ", ".join(f"c{n}" for n in range(3_000))
    root = write_events(tmp_path, talk=f"summary: {'õ;' * 100_000}\nstart: 2027-05-18\ncategories: [{categories}]\n")
    build(root, tmp_path / "dist", now=NOW)
    (event,) = rfc5545.parse((tmp_path / "dist" / "test.ics").read_bytes()).children("VEVENT")
    assert event.one("SUMMARY").text() == "õ;" * 100_000
    assert len(event.one("CATEGORIES").texts()) == 3_000


MARKUP = ["[", "![", "*a ", "**a ", "*a **b ", "_a*", "`a``", "<", "</a ", "&#", "> ", "- ", "[a](", "[a][", "[a]: b\n",
          "https://x.example/[", "[https://x](", "*a https://x* ", "_https://x_ ", "\\https://x", "(https://x) ",
          "&#10;", "https://", "<!--", "1. ", "\\", "***", "~~~\n", "> - ", "<b\n", "[a](<",
          "\n\t", "a\n===\n"]  # fmt: skip


@pytest.mark.parametrize("piece", MARKUP)
def test_markdown_takes_bounded_time(piece: str) -> None:
    """Thousands of openings of any markup are read in bounded time, on one line or on many."""
    for text in (piece * (10_000 // len(piece)), f"{piece}\n" * (10_000 // len(piece))):
        assert "<script" not in to_html(text)
        assert isinstance(to_plain(text), str)


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "[a](javascript:alert(1))",
        "[a](JaVaScRiPt&colon;alert(1))",
        "[a]( javascript:alert(1))",
        "![a](data:text/html;base64,AAAA)",
        "<javascript:alert(1)>",
        '[a](https://x.example "onmouseover=alert(1)")',
        "[a](https://x.example\"onmouseover='alert(1)')",
        "<img src=x onerror=alert(1)>",
        "[a]: javascript:x\n\n[a]",
        "&lt;script&gt;",
        "`<script>`",
    ],
)
def test_markdown_lets_no_html_through(text: str) -> None:
    """Raw HTML, other schemes and extra attributes do not get through."""
    html = to_html(text)
    assert not any(
        bad in html.lower() for bad in ("<script", "<img src=x", 'href="javascript', 'src="data', " onmouse")
    )


# -- files and folders ------------------------------------------------------------------------------------------


def _folder_1500_deep(events: Path) -> None:
    at = os.open(events, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=at)
        inner = os.open("d", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = inner
    os.close(at)


def _named(name: bytes) -> Callable[[Path], None]:
    def prepare(events: Path) -> None:
        (events / os.fsdecode(name)).write_text(TALK, encoding="utf-8")

    return prepare


def _in_folder_named(name: bytes) -> Callable[[Path], None]:
    def prepare(events: Path) -> None:
        (events / os.fsdecode(name)).mkdir()
        (events / os.fsdecode(name) / "x.yaml").write_text(TALK, encoding="utf-8")

    return prepare


def _linked(name: str, target: str) -> Callable[[Path], None]:
    def prepare(events: Path) -> None:
        (events / name).unlink(missing_ok=True)
        (events / name).symlink_to(target)

    return prepare


@pytest.mark.parametrize(
    ("prepare", "code"),
    [
        pytest.param(_folder_1500_deep, "too-deep", id="deep folders"),
        pytest.param(_named(b"\xff.yaml"), "wrong-name", id="name that is not UTF-8"),
        pytest.param(_in_folder_named(b"\xff"), "wrong-name", id="folder's name that is not UTF-8"),
        pytest.param(_named(b"a\n::error::x.yaml"), "bad-id", id="name with a line break"),
        pytest.param(_named("a\u202elmay.yaml".encode()), "bad-id", id="name that turns the direction"),
        pytest.param(_named(b"con.yaml"), "bad-id", id="device of Windows"),
        pytest.param(_named(b"Talk.yaml"), "bad-id", id="differs in case alone"),
        pytest.param(_linked("x.yaml", "x.yaml"), "unreadable-file", id="link to itself"),
        pytest.param(_linked("x.yaml", "/dev/zero"), "outside-folder", id="endless event"),
        pytest.param(_linked("calendar.yaml", "/dev/zero"), "outside-folder", id="endless calendar"),
        pytest.param(_linked("venues.yaml", "../secret"), "outside-folder", id="venues elsewhere"),
        pytest.param(_linked("_defaults.yaml", "../secret"), "outside-folder", id="defaults elsewhere"),
        pytest.param(_linked("more", ".."), "outside-folder", id="folder elsewhere"),
        pytest.param(lambda events: os.mkfifo(events / "x.yaml"), "unreadable-file", id="pipe"),
    ],
)
def test_files_that_lead_elsewhere(tmp_path: Path, prepare: Callable[[Path], None], code: str) -> None:
    """Nothing outside the folder is read, and all three report formats can be encoded whatever the file's name."""
    root = write_events(tmp_path, talk=TALK)
    (tmp_path / "secret").write_text("summary: secret", encoding="utf-8")
    prepare(root)
    for form in ("text", "json", "github"):
        result = run("check", str(root), "--format", form)
        assert result.exit_code == 1
        assert code in result.stdout_bytes.decode()
        assert "summary: secret" not in result.output
    if code == "too-deep":
        subprocess.run(["rm", "-r", str(root)], check=True)  # Python's rmtree recurses too deep


@pytest.mark.parametrize("name", ["map\troom.png", "map\nroom.png"])
def test_images_that_no_manifest_may_list(tmp_path: Path, name: str) -> None:
    """An image is refused if the next build would refuse its path in the manifest."""
    root = write_events(tmp_path, talk=f"{TALK}image: {json.dumps(name)}\n")
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_bytes(b"image")
    assert refusals(root) == ["bad-path"]


@pytest.mark.parametrize(
    "image", ["../secret", "/etc/passwd", "a/../../secret", "..\\secret", "c:secret", "link", "loop", "."]
)
def test_images_that_lead_elsewhere(tmp_path: Path, image: str) -> None:
    """An image must be inside the folder of events once links are followed."""
    root = write_events(tmp_path, talk=f"{TALK}image: '{image}'\n")
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    (root / "link").symlink_to("../secret")
    (root / "loop").symlink_to("loop")
    assert refusals(root) in (["bad-path"], ["missing-image"])


@pytest.mark.parametrize(
    ("name", "path"), [("Con", "con-calendar.ics"), ("NUL", "nul-calendar.ics"), ("Concert", "concert.ics")]
)
def test_no_file_is_named_like_a_device(tmp_path: Path, name: str, path: str) -> None:
    """A calendar named like a Windows device gets a feed name that Windows can store."""
    root = write_files(tmp_path / "events", {"calendar.yaml": CALENDAR.replace("Test", name), "talk.yaml": TALK})
    build(root, tmp_path / "dist", now=NOW)
    assert path in tree(tmp_path / "dist")


@pytest.mark.parametrize(
    "name",
    [
        '_{__import__("os").system("id")}.html',
        "{x}.html",
        "a b.html",
        "é.html",
        "_parts'.html",
        "sub/{x}.html",
        "a\nb.html",
    ],
)
def test_names_of_templates_are_plain(tmp_path: Path, name: str) -> None:
    """A template is refused, used or not, if its name could act as code in the Python that Jinja generates."""
    root = write_files(write_events(tmp_path, talk=TALK), {f"_templates/{name}": "x", "_templates/_good-1.html": "x"})
    assert refusals(root) == ["wrong-name"]


def test_names_of_templates_may_have_folders(tmp_path: Path) -> None:
    """Templates in subfolders, with hyphens, underscores and dots in their names, are accepted."""
    templates = {"_templates/parts/_a-b.c.html": "part", "_templates/404.html": "{% include 'parts/_a-b.c.html' %}"}
    root = write_files(write_events(tmp_path, talk=TALK), templates)
    build(root, tmp_path / "dist", now=NOW)
    assert tree(tmp_path / "dist")["404.html"] == b"part\n"


# -- DIST and its state -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "../x",
        "/x",
        "a/../../x",
        "..",
        ".",
        "",
        "a//b",
        "./a",
        "C:x",
        "a\\b",
        "a\0b",
        "a\ud800b",
        "a" * 256,
        "a/" * 600 + "a",
    ],
)
def test_paths_that_calfeed_cannot_have_written(tmp_path: Path, path: str) -> None:
    """A journal or a manifest with such a path is refused before anything is created, moved or deleted."""
    root = write_events(tmp_path, talk=TALK)
    build(root, tmp_path / "dist", now=NOW)
    state = tmp_path / ".calfeed" / "dist"
    for journal in ({"written": [path], "deleted": []}, {"written": [], "deleted": [path]}):
        (state / "journal.json").write_text(json.dumps(journal), encoding="utf-8")
        before = tree(tmp_path)
        with pytest.raises(OutputError) as failure:
            build(root, tmp_path / "dist", now=NOW)
        assert [problem.code for problem in failure.value.problems] == ["bad-journal"]
        assert before == tree(tmp_path)
    (state / "journal.json").unlink()
    manifest = json.loads((tmp_path / "dist" / MANIFEST).read_bytes())
    manifest["files"][path] = {"sha256": "", "size": 0}
    (tmp_path / "dist" / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(OutputError) as failure:
        build(root, tmp_path / "dist", now=NOW, check=True)
    assert [problem.code for problem in failure.value.problems] == ["bad-manifest"]


@pytest.mark.parametrize("name", [".calfeed", ".calfeed/dist", ".calfeed/dist/staging", ".calfeed/dist/journal.json"])
def test_state_that_is_a_link_is_refused(tmp_path: Path, name: str) -> None:
    """If part of the state is a link, nothing is written or deleted at its target."""
    root = write_events(tmp_path, talk=TALK)
    elsewhere = write_files(tmp_path / "elsewhere", {"staging/x": "precious", "dist/staging/x": "precious"})
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).symlink_to(elsewhere)
    before = tree(elsewhere)
    with pytest.raises(OutputError) as failure:
        build(root, tmp_path / "dist", now=NOW)
    assert [problem.code for problem in failure.value.problems] == ["foreign-file"]
    assert before == tree(elsewhere)
    assert not (tmp_path / "dist").exists()


def test_lock_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    """A lock that is a link is refused, because opening it for writing would empty the link's target."""
    root = write_events(tmp_path, talk=TALK)
    (tmp_path / "precious").write_text("x", encoding="utf-8")
    (tmp_path / ".calfeed" / "dist").mkdir(parents=True)
    (tmp_path / ".calfeed" / "dist" / "lock").symlink_to(tmp_path / "precious")
    with pytest.raises(OutputError):
        build(root, tmp_path / "dist", now=NOW)
    assert (tmp_path / "precious").read_text("utf-8") == "x"


def test_links_in_dist_are_replaced_or_refused(tmp_path: Path) -> None:
    """A file in DIST that became a link, to an identical file or to an endless one, becomes a file again."""
    root, out = write_events(tmp_path, talk=TALK), tmp_path / "dist"
    build(root, out, now=NOW)
    good = tree(out)
    (tmp_path / "twin").write_bytes(good["test.ics"])
    for target in (tmp_path / "twin", Path("/dev/zero")):
        (out / "test.ics").unlink()
        (out / "test.ics").symlink_to(target)
        build(root, out, now=NOW)
        assert not (out / "test.ics").is_symlink()
        assert good == tree(out)
    (out / MANIFEST).unlink()
    (out / MANIFEST).symlink_to("/dev/zero")
    with pytest.raises(OutputError) as failure:
        build(root, out, now=NOW)
    assert [problem.code for problem in failure.value.problems] == ["foreign-file"]


@pytest.mark.parametrize("loop", ["dist", "events"])
def test_folders_that_are_links_to_themselves(tmp_path: Path, loop: str) -> None:
    """A loop of links causes an error, not a traceback."""
    root = tmp_path / "events" if loop == "events" else write_events(tmp_path, talk=TALK)
    (tmp_path / loop).symlink_to(loop)
    with pytest.raises(CalfeedError):
        build(root, tmp_path / "dist", now=NOW)


@pytest.mark.parametrize(
    "event",
    [
        {"sequence": 2**31}, {"sequence": -1}, {"sequence": "7"}, {"created": "0001-01-01T00:00:00+14:00"},
        {"last_modified": "9999-12-31T23:59:59Z"}, {"last_modified": "2026-11-23T12:00:00"},
    ],
)  # fmt: skip
def test_ledger_that_no_build_wrote(tmp_path: Path, event: dict[str, object]) -> None:
    """Numbers and timestamps beyond what calfeed writes are refused; they are not carried on and do not overflow."""
    root = write_events(tmp_path, talk=TALK)
    build(root, tmp_path / "dist", now=NOW)
    manifest = json.loads((tmp_path / "dist" / MANIFEST).read_bytes())
    manifest["events"][0] |= event
    with pytest.raises(OutputError):
        read_manifest(json.dumps(manifest).encode(), MANIFEST)


def test_deep_json_is_refused(tmp_path: Path) -> None:
    """A manifest or journal ten thousand levels deep, or with a number of as many digits, raises calfeed's error."""
    deep = b"[" * 10_000
    for data in (deep, b'{"version": ' + b"9" * 10_000 + b"}"):
        with pytest.raises(OutputError):
            read_manifest(data, MANIFEST)
        with pytest.raises(ValueError, match="not a calfeed manifest"):
            read_promise(data)
    root = write_events(tmp_path, talk=TALK)
    write_files(tmp_path / ".calfeed" / "dist", {"journal.json": deep.decode()})
    (tmp_path / "dist").mkdir()
    with pytest.raises(OutputError) as failure:
        build(root, tmp_path / "dist", now=NOW)
    assert [problem.code for problem in failure.value.problems] == ["bad-journal"]


# -- files that come with a checkout ------------------------------------------------------------------------------


def _journal(root: Path, **content: object) -> None:
    write_files(root / ".calfeed" / "dist", {"journal.json": json.dumps(content)})


def _stage(root: Path, path: str, data: bytes) -> None:
    staged = root / ".calfeed" / "dist" / "staging" / hashlib.sha256(path.encode()).hexdigest()[:32]
    staged.parent.mkdir(parents=True, exist_ok=True)
    staged.write_bytes(data)


@pytest.mark.parametrize("with_manifest", [False, True])
@pytest.mark.parametrize("path", ["evil.html", "events/evil.html", "index.html", "images/evil.php"])
def test_a_foreign_journal_moves_nothing(tmp_path: Path, path: str, with_manifest: bool) -> None:
    """Staged files that no build on this machine staged are discarded, even if a manifest lists them."""
    root, out = write_events(tmp_path, talk=TALK), tmp_path / "dist"
    build(root, out, now=NOW)
    (out / "mine.txt").write_text("mine", encoding="utf-8")
    good, evil = tree(out), b"<script>alert(1)</script>"
    _stage(tmp_path, path, evil)
    if with_manifest:
        manifest = json.loads(good[MANIFEST])
        manifest["files"][path] = {"sha256": hashlib.sha256(evil).hexdigest(), "size": len(evil)}
        _stage(tmp_path, MANIFEST, json.dumps(manifest).encode())
    _journal(tmp_path, written=[path, MANIFEST], deleted=["mine.txt"], manifest=[1, 2] if with_manifest else None)
    build(root, out, now=NOW)
    assert tree(out) == good
    assert not (tmp_path / ".calfeed" / "dist" / "staging").exists()


def add_to_manifest(out: Path, path: str, data: bytes) -> None:
    """Add a file with these bytes to the manifest of DIST, as if a build had written it."""
    manifest = json.loads((out / MANIFEST).read_bytes())
    manifest["files"][path] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    (out / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")


@pytest.mark.parametrize(
    "path", ["mine.txt", "CNAME", ".git/config", "events/mine.pdf", "Events/talk.ics", "x.html", "a/b.ics"]
)
def test_a_manifest_lists_only_names_that_builds_use(tmp_path: Path, path: str) -> None:
    """A manifest with any other name, even with the file's correct hash, is refused and deletes nothing."""
    root, out = write_events(tmp_path, talk=TALK), tmp_path / "dist"
    build(root, out, now=NOW)
    write_files(out, {path: "mine"})
    add_to_manifest(out, path, b"mine")
    with pytest.raises(OutputError) as failure:
        build(root, out, now=NOW)
    assert [problem.code for problem in failure.value.problems] == ["bad-manifest"]
    assert (out / path).read_text("utf-8") == "mine"


@pytest.mark.parametrize("path", ["events/old.ics", "feeds/old.ics", "images/photo.jpg", "months/2020-01.html"])
def test_a_file_with_other_bytes_is_not_deleted(tmp_path: Path, path: str) -> None:
    """A name that builds use is not enough: a foreign file under such a name stays, and is reported once."""
    root, out = write_events(tmp_path, talk=TALK), tmp_path / "dist"
    build(root, out, now=NOW)
    write_files(out, {path: "mine"})
    add_to_manifest(out, path, b"ours")
    result = build(root, out, now=NOW)
    assert [problem.mark.path for problem in result.problems if problem.code == "left-file"] == [
        (out / path).as_posix()
    ]
    assert (out / path).read_text("utf-8") == "mine"
    assert path not in json.loads((out / MANIFEST).read_bytes())["files"]
    assert "left-file" not in [problem.code for problem in build(root, out, now=NOW).problems]


@pytest.mark.parametrize("path", ["foreign.txt", ".git/config", "CNAME", "events/x.php"])
def test_publishing_deletes_only_names_that_builds_use(tmp_path: Path, path: str) -> None:
    """A published manifest or journal that lists any other name is refused, and the file stays."""
    build(write_events(tmp_path, talk=TALK), tmp_path / "dist", now=NOW)
    target, hostile = tmp_path / "target", {path: {"sha256": "", "size": 0}}
    manifest = json.loads((tmp_path / "dist" / MANIFEST).read_bytes())
    for content in (
        {MANIFEST: json.dumps({**manifest, "files": hostile})},
        {".calfeed-publish-0.json": json.dumps({"files": [path]})},
    ):
        write_files(target, {path: "mine", **content})
        result = run("publish", str(target), "-o", str(tmp_path / "dist"))
        assert result.exit_code == 1
        assert "[bad-manifest]" in result.stderr
        assert (target / path).read_text("utf-8") == "mine"
        (target / next(iter(content))).unlink()


def test_builds_use_only_their_own_names() -> None:
    """The golden calendars and the committed sample contain no other names."""
    root = Path(__file__).parents[1]
    manifests = [root / "dist" / MANIFEST, *root.glob(f"tests/data/ok/*/**/{MANIFEST}")]
    paths = {path for manifest in manifests for path in json.loads(manifest.read_bytes())["files"]}
    assert len(manifests) > 3
    assert [path for path in sorted(paths) if not is_output_path(path)] == []


# -- file systems that fail permanently -------------------------------------------------------------------------

BROKEN = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from calfeed.diagnostics.problem import OutputError
from calfeed.pipeline.build import build
from calfeed.pipeline.options import Options

root, number, code = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
CHANGING = {"os.mkdir", "os.rename", "os.remove", "os.rmdir"}
left = number

def fail(event, arguments):
    global left
    writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & os.O_ACCMODE
    if (writes or event in CHANGING) and str(arguments[0]).startswith(str(root)):
        left -= 1
        if left < 0:
            raise OSError(code, os.strerror(code), str(arguments[0]))

sys.addaudithook(fail)
try:
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    build(root / "events", root / "dist", now=now, options=Options(site=False))
except OutputError as failure:
    assert {problem.code for problem in failure.problems} == {"output-failed"}, failure.problems
    sys.exit(3)
sys.exit(0 if left >= 0 else 4)
"""


@pytest.mark.parametrize("code", [errno.EROFS, errno.ENOSPC, errno.EIO])
def test_a_file_system_that_turns_read_only(tmp_path: Path, code: int) -> None:
    """Whenever the system starts to refuse changes, the build ends in `output-failed`, and the next one repairs it."""
    root = write_events(tmp_path, talk=TALK)
    build(root, tmp_path / "dist", now=NOW, options=Options(site=False))
    (root / "more.yaml").write_text(TALK, encoding="utf-8")
    endings = []
    for number in (*range(12), 14, 17, 20):
        command = [sys.executable, "-c", BROKEN, str(tmp_path), str(number), str(code)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode in (0, 3, 4), done.stderr
        endings.append(done.returncode)
    assert 3 in endings
    build(root, tmp_path / "dist", now=NOW, options=Options(site=False))
    files = json.loads((tmp_path / "dist" / MANIFEST).read_bytes())["files"]
    assert set(tree(tmp_path / "dist")) == {*files, MANIFEST}
    assert "events/more.ics" in files


# -- memory -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "item", [b"[]", b"{}", b'{"a":0}', b'"ab"', b"1.5", b"[[]]", b'{"a":{"b":[]}}', b'[{"\\\\":"\\""}]', b"null"]
)
@pytest.mark.parametrize("head", [b"", '"\U0001f600",'.encode()])
def test_values_of_json_are_bounded_before_reading(item: bytes, head: bytes) -> None:
    """JSON in which every few bytes would take a hundred bytes of memory is refused without being parsed."""
    data = b"[" + head + b",".join([item] * (20_000_000 // (len(item) + 1))) + b"]"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError, match="too many values"):
        read_json(data)
    # In units of 1024 bytes.
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < 10 * len(data)


def test_real_manifests_are_read() -> None:
    """Punctuation in texts, escapes and long lists, as calfeed writes them, do not make a manifest refused."""
    text = {"description": 'a, b: {c} [d] \\ "e", ' * 20, "start": "2027-05-18T18:00:00", "uid": "x" * 40}
    data = json.dumps([text] * 60_000).encode()
    assert len(data) > 20_000_000
    assert len(read_json(data)) == 60_000


@pytest.mark.parametrize("text", ['"\\ud800"', '{"\\udc00": 1}', '[["\\ud800x"]]'])
def test_half_a_character_is_refused(text: str) -> None:
    """A lone surrogate, which JSON can express but no file can store, is refused anywhere; a pair is a character."""
    with pytest.raises(ValueError, match="surrogates"):
        read_json(text.encode())
    assert read_json(b'"\\ud83d\\ude00 \\\\ud800"') == "\U0001f600 \\ud800"


@pytest.mark.parametrize(
    "template",
    [
        '{{ "a" * 5000000000 }}',
        "{{ [0] * 5000000000 }}",
        "{{ 5000000000 * 'ab' }}",
        "{{ 9 ** 9999999 }}",
        '{{ "%5000000000d" % 1 }}',
        '{{ "%*d" % (5000000000, 1) }}',
        '{{ "a"|center(5000000000) }}',
        '{{ "a".ljust(5000000000) }}',
        '{{ "{:>5000000000}".format(1) }}',
        "{% set ns = namespace(x='aaaaaaaa') %}{% for i in range(40) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
        "{% set ns = namespace(x='aaaaaaaa') %}{% for i in range(40) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% set x = 'a' * 1000000 %}{{ x.replace('a', x) }}",
    ],
)
def test_memory_of_templates(tmp_path: Path, template: str) -> None:
    """A template that asks for gigabytes causes an error at its place, not a traceback."""
    root = write_files(write_events(tmp_path, talk=TALK), {"_templates/404.html": f"a\n{template}\n"})
    with pytest.raises(SourceError) as failure:
        build(root, tmp_path / "dist", now=NOW)
    (problem,) = failure.value.problems
    assert problem.code == "bad-template"
    assert problem.mark.path.endswith("_templates/404.html")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 2_000_000


def test_pages_of_templates_are_bounded(tmp_path: Path) -> None:
    """A page that a template grows step by step is refused; the memory limit is lifted afterwards."""
    loop = "{% for i in range(30000) %}" + "x" * 1000 + "{% endfor %}"
    root = write_files(write_events(tmp_path, talk=TALK), {"_templates/404.html": loop})
    before = resource.getrlimit(resource.RLIMIT_AS)
    assert "bytes; the limit is" in _failure(root, tmp_path)
    assert resource.getrlimit(resource.RLIMIT_AS) == before


def _failure(root: Path, folder: Path) -> str:
    with pytest.raises(SourceError) as failure:
        build(root, folder / "dist", now=NOW)
    return failure.value.problems[0].message


# -- addresses and revisions ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "[a](https://museum.example@evil.example/)",
        "<https://museum.example@evil.example/>",
        "![a](https://u:p@evil.example/x.png)",
        "[a](https://museum.example&#64;evil.example/)",
        "[a](HTTPS:///museum.example@evil.example/)",
        "[a][b]\n\n[b]: https://museum.example@evil.example/",
        "- *[a](https://museum.example\\\\@evil.example/)*",
    ],
)
def test_user_names_in_descriptions(tmp_path: Path, text: str) -> None:
    """A description refuses an address whose user name looks like its host, as `url:` does."""
    assert refusals(write_events(tmp_path, talk=f"{TALK}description: {json.dumps(text)}\n")) == ["bad-url"]


@pytest.mark.parametrize("key", ["description: D", "theme: {footer: D}", "feeds: [{slug: a, name: A, description: D}]"])
def test_user_names_in_the_calendar(tmp_path: Path, key: str) -> None:
    """The texts of the calendar, its feeds and its footer refuse such an address, too."""
    text = json.dumps("[a](https://museum.example@evil.example/)")
    calendar = CALENDAR + key.replace("D}", f"{text}}}").replace(" D", f" {text}") + "\n"
    assert refusals(write_files(tmp_path / "events", {"calendar.yaml": calendar, "talk.yaml": TALK})) == ["bad-url"]


@pytest.mark.parametrize("text", ["<a@b.example>", "a@b.example & c", "[a](https://x.example/@b?c=d@e)", "&#64;a"])
def test_other_signs_in_descriptions(tmp_path: Path, text: str) -> None:
    """Mail addresses, and `@` in a path or a query, are not user names."""
    assert refusals(write_events(tmp_path, talk=f"{TALK}description: {json.dumps(text)}\n")) == []


@pytest.mark.parametrize(
    ("stamp", "is_far"),
    [
        ("sequence: 2000000000", False),
        ("sequence: 2000000001", True),
        ("last_modified: 2026-11-24 11:00Z", False),
        ("last_modified: 2026-11-24 13:00Z", True),
        ("created: 2199-01-01", True),
    ],
)
def test_revisions_that_leave_no_room(tmp_path: Path, stamp: str, is_far: bool) -> None:
    """`check` and every build warn about a sequence or time that leaves little room for later changes."""
    root = write_events(tmp_path, talk=f"{TALK}{stamp}\n")
    for arguments in (["check", str(root)], *[["build", str(root), "-o", str(tmp_path / "dist")]] * 2):
        assert ("[far-revision]" in run(*arguments).output) is is_far
    assert run("check", str(root), "--strict").exit_code == int(is_far)
