"""calfeed.cli: commands as a user runs them, their output, streams and exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.commands import run
from support.projects import LATER, NOW, TALK, tree, write_events

from calfeed.cli.write import new
from calfeed.resolve.load import load
from calfeed.source.schema import EventEntry


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with a small calendar in `events`."""
    write_events(
        tmp_path,
        talk=f"{TALK}venue: hub\ndescription: Hello *you*\ncategories: [talks]\nurl: https://test.example/talk\n",
        tour="summary: Öine ekskursioon 夜\nstart: 2027-06-05\nend: 2027-06-06\n",
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_init_makes_a_calendar_that_builds_without_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`init` and then `build` work without edits, and `check --strict` finds nothing."""
    monkeypatch.chdir(tmp_path)
    assert run("init").exit_code == 0
    assert run("check", "--strict").exit_code == 0
    result = run("build")
    assert result.exit_code == 0
    assert (tmp_path / "dist" / "harbour-museum.ics").is_file()
    assert (tmp_path / "dist" / "events" / "opening.ics").is_file()


def test_init_never_overwrites(inside: Path) -> None:
    """`init` refuses a folder that has a calendar, and changes nothing."""
    before = tree(inside)
    result = run("init")
    assert result.exit_code == 1
    assert "already" in result.stderr
    assert before == tree(inside)


def test_init_into_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`init DIR` writes below DIR and says what to run next."""
    monkeypatch.chdir(tmp_path)
    result = run("init", "museum")
    assert "museum/events/calendar.yaml" in result.stdout.splitlines()
    assert "cd museum && calfeed build" in result.stderr


def test_new_adds_a_sound_event(inside: Path) -> None:
    """`new` writes a file whose name is the id, in the folder of its year, and it loads."""
    result = run("new", "Jaaniõhtu: tuli & laul", "--start", "2027-06-23 20:00", "--end", "23:30", "--venue", "hub")
    assert (result.exit_code, result.stdout) == (0, "events/2027/jaaniohtu-tuli-laul.yaml\n")
    events = {event.id: event for event in load(inside / "events").events}
    assert events["jaaniohtu-tuli-laul"].summary == "Jaaniõhtu: tuli & laul"


@pytest.mark.parametrize(
    "summary", ["null", "~", "12:30", "no", "- dash", "#5", "'quoted", "a: b", "a #b", "@home", "ÕÄÖÜ 🎉"]
)
def test_new_writes_any_summary_so_that_it_reads_back(inside: Path, summary: str) -> None:
    """Text that YAML would read as another type is quoted."""
    assert run("new", "--start", "2027-06-23", "--id", "odd", "--", summary).exit_code == 0
    assert {event.id: event.summary for event in load(inside / "events").events}["odd"] == summary


def test_new_takes_keys_of_events() -> None:
    """Every option of `new` except the folder is a key of events, by its name there."""
    names = {option.lstrip("-") for parameter in new.params for option in parameter.opts} - {"events"}
    assert names <= set(EventEntry.model_fields)


def test_new_dates_a_name_that_is_taken(inside: Path) -> None:
    """A second event of the same name gets its date in the id; a third on the same day needs an id."""
    assert run("new", "Talk", "--start", "2027-06-23").stdout == "events/2027/talk-2027-06-23.yaml\n"
    result = run("new", "Talk", "--start", "2027-06-23")
    assert result.exit_code == 1
    assert "--id" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        pytest.param(["Talk", "--start", "23.6.2027"], 2, "2027-06-23", id="date"),
        pytest.param(["Talk", "--start", "2027-06-23", "--id", "Grand Ball"], 2, "grand-ball", id="id"),
        pytest.param(["夜", "--start", "2027-06-23"], 2, "--id", id="no Latin letter"),
        pytest.param(["Ball", "--start", "2027-06-23 20:00", "--venue", "hup"], 1, "hub", id="venue"),
        pytest.param(["Ball", "--start", "2027-06-23 20:00", "--end", "19:00"], 1, "2027-06-24 19:00", id="end"),
    ],
)
def test_new_refuses_what_would_not_build(inside: Path, arguments: list[str], code: int, message: str) -> None:
    """`new` with a mistake says what to write instead and leaves no file behind."""
    before = tree(inside)
    result = run("new", *arguments)
    assert result.exit_code == code
    assert message in result.stderr
    assert before == tree(inside)


def test_new_knows_ids_within_lists(inside: Path) -> None:
    """An id that a list file uses is taken too."""
    (inside / "events" / "list.yaml").write_text("- {id: ball, summary: Ball, start: 2027-05-01}\n", encoding="utf-8")
    assert run("new", "Ball", "--start", "2027-06-01").stdout == "events/2027/ball-2027-06-01.yaml\n"


def test_new_answers_only_for_itself(inside: Path) -> None:
    """A problem elsewhere does not stop a correct event; a problem that the event causes elsewhere does."""
    (inside / "events" / "broken.yaml").write_text("summary: x\nstart: never\n", encoding="utf-8")
    assert run("new", "Ball", "--start", "2027-06-01 20:00").exit_code == 0
    venues = inside / "events" / "venues.yaml"
    venues.write_text(f"{venues.read_text('utf-8')}us: {{name: X, address: {{country: US}}}}\n", encoding="utf-8")
    before = tree(inside)
    result = run("new", "Gala", "--start", "2027-06-01 20:00", "--end", "22:00", "--venue", "us")
    assert result.exit_code == 1
    assert "ambiguous-zone" in result.stderr
    assert before == tree(inside)


def test_where_nothing_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file in place of a folder is reported without a traceback."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("x", encoding="utf-8")
    result = run("init", "file/sub")
    assert result.exit_code == 1
    assert "unwritable-file" in result.stderr


def test_list_is_aligned(inside: Path) -> None:
    """`list` shows local time, zone and UTC in columns."""
    assert run("list").stdout.splitlines() == [
        "START                 END             ZONE            UTC                ID    SUMMARY",
        "Tue 2027-05-18 18:00  20:00           Europe/Tallinn  2027-05-18 15:00Z  talk  Talk",
        "Sat 2027-06-05        Sun 2027-06-06  Europe/Tallinn  all day            tour  Öine ekskursioon 夜",
    ]


def test_list_json(inside: Path) -> None:
    """`list --format json` has the manifest's keys."""
    first, second = json.loads(run("list", "--format", "json").stdout)
    assert first["start_utc"] == "2027-05-18T15:00:00Z"
    assert (second["all_day"], second["start"], second["end"]) == (True, "2027-06-05", "2027-06-06")


def test_show_says_which_zone_and_why(inside: Path) -> None:
    """`show` prints local time with offset, UTC, the zone and the reason for it."""
    text = run("show", "talk").stdout
    assert "start      Tue 2027-05-18 18:00 Europe/Tallinn (+03:00) = Tue 2027-05-18 15:00Z" in text
    assert "zone       Europe/Tallinn, because its venue's coordinates lie in it" in text
    assert json.loads(run("show", "talk", "--format", "json").stdout)["zone_reason"].startswith("its venue's")


def test_show_has_every_field(inside: Path) -> None:
    """`show` has a line for each field of an event that subscribers see."""
    more = "busy: true\nreminders: [90m]\nproperties: {X-FOO: bar}\norganizer: {name: Anna, email: a@x.example}\n"
    (inside / "events" / "talk.yaml").write_text(f"{TALK}online: https://x.example/\n{more}", encoding="utf-8")
    lines = run("show", "talk").stdout.splitlines()
    for line in (
        "online     https://x.example/",
        "organizer  Anna, a@x.example",
        "busy       yes",
        "reminders  1h 30m",
        "properties X-FOO: bar",
    ):
        assert line in lines


def test_show_of_an_unknown_id(inside: Path) -> None:
    """`show` of an unknown id suggests the nearest one."""
    result = run("show", "talc")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "did you mean `talk`?" in result.stderr


def test_check_formats(inside: Path) -> None:
    """`check` gives the same problems for people, programs and pull requests."""
    (inside / "events" / "talk.yaml").write_text("summry: Talk\nstart: 2027-05-18, 18:00\n", encoding="utf-8")
    text, data, github = (run("check", "--format", form) for form in ("text", "json", "github"))
    assert text.exit_code == data.exit_code == github.exit_code == 1
    assert text.stdout.startswith("events/talk.yaml:1:1: error: `summry` is not a key calfeed knows [unknown-key]\n")
    problems = json.loads(data.stdout)
    assert problems[0] == {
        "path": "events/talk.yaml",
        "line": 1,
        "column": 1,
        "end_column": 7,
        "severity": "error",
        "code": "unknown-key",
        "message": "`summry` is not a key calfeed knows",
        "hint": "did you mean `summary`?",
    }
    assert [problem["code"] for problem in problems] == ["unknown-key", "bad-date"]
    assert github.stdout.splitlines()[1].startswith(
        "::error file=events/talk.yaml,line=2,endLine=2,col=8,endColumn=25,"
    )


def test_strict_makes_warnings_count(inside: Path) -> None:
    """A warning alone exits with 0, with `--strict` with 1."""
    (inside / "events" / "open.yaml").write_text("summary: Open end\nstart: 2027-05-18 18:00\n", encoding="utf-8")
    assert run("check").exit_code == 0
    result = run("check", "--strict")
    assert result.exit_code == 1
    assert "[missing-end]" in result.stdout


def test_base_url_changes_addresses_but_no_uid(inside: Path) -> None:
    """`--base-url` changes the published address, but not the UIDs."""
    assert run("build", "--base-url", "https://preview.example/pr-7").exit_code == 0
    feed = (inside / "dist" / "test.ics").read_text("utf-8")
    assert "SOURCE;VALUE=URI:https://preview.example/pr-7/test.ics" in feed
    assert "UID:talk@test.example" in feed


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["build", "--base-url", "ftp://x"], id="base url"),
        pytest.param(["build", "nowhere"], id="no such folder"),
        pytest.param(["check", "--format", "xml"], id="format"),
        pytest.param(["frobnicate"], id="command"),
    ],
)
def test_wrong_usage_exits_with_2(inside: Path, arguments: list[str]) -> None:
    """Wrong usage and problems in the sources have different exit codes."""
    assert run(*arguments).exit_code == 2


def test_results_on_stdout_the_rest_on_stderr(inside: Path) -> None:
    """`build` says what it wrote on stdout; problems and notes go to stderr."""
    (inside / "events" / "open.yaml").write_text("summary: Open end\nstart: 2027-05-18 18:00\n", encoding="utf-8")
    result = run("build", "--no-site")
    assert result.stdout == "dist: 3 events in 1 feed; 6 files written\n"
    assert "missing-end" in result.stderr
    assert "first build" in result.stderr
    again = run("build", "--no-site", now=LATER)
    assert again.stdout == "dist is up to date: 3 events in 1 feed\n"


def test_clock_is_the_source_date_epoch(inside: Path) -> None:
    """A new event is stamped with SOURCE_DATE_EPOCH; an invalid number is wrong usage."""
    run("build", now=NOW)
    assert b"DTSTAMP:20261123T120000Z" in (inside / "dist" / "test.ics").read_bytes()
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "yesterday"}
    done = subprocess.run([sys.executable, "-m", "calfeed", "build"], env=environment, capture_output=True, check=False)
    assert done.returncode == 2


def test_schema_is_valid_for_the_sample() -> None:
    """`schema` prints JSON Schema for every kind of file."""
    for kind in ("events", "calendar", "venues", "defaults"):
        schema = json.loads(run("schema", kind).stdout)
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert "Europe/Tallinn" in schema["$defs"]["timezone"]["enum"]


def test_version_imports_nothing_heavy() -> None:
    """`calfeed --version` loads neither pydantic nor icalendar nor the zones: it must be quick."""
    script = (
        "import sys; from calfeed.cli.main import main\n"
        "try: main(['--version'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'pydantic', 'icalendar', 'pytz', 'yaml', 'tzfpy', 'markdown_it'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["calfeed, version 0.1.0", "[]"]
