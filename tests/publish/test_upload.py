"""calfeed publish: only changed files, in a safe order, foreign files untouched, every interruption repaired."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.commands import run
from support.problems import codes_of
from support.projects import LATER, NOW, TALK, tree, write_events, write_files

from calfeed.diagnostics.problem import OutputError, UnfinishedError
from calfeed.editions.consent import Consent
from calfeed.editions.manifest import MANIFEST
from calfeed.output.changes import Changes
from calfeed.pipeline.build import build
from calfeed.pipeline.options import Options
from calfeed.publish import upload
from calfeed.publish.journal import journal_of, journals_in, part_of
from calfeed.publish.release import Release, read_release
from calfeed.publish.stores import fault_of
from calfeed.publish.target import FolderTarget, Target, TargetError, fault_of_folder
from calfeed.publish.upload import plan

TOUR = "summary: Tour\nstart: 2027-06-05\nvenue: hub\n"
LATEST = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)
MINE, OTHER, THIRD, CUT = "mine", "other", "third", "cut"
"""Tokens of runs."""
JOURNAL, THEIRS = journal_of(MINE), journal_of(OTHER)


def silent(_done: int, _total: int) -> None:
    """Ignore progress."""


def publish(
    release: Release, target: Target, *, now: datetime = LATEST, token: str = MINE, may_change_id: bool = False
) -> Changes:
    """Publish as the run with a token."""
    return upload.publish(release, target, token=token, now=now, may_change_id=may_change_id, progress=silent)


class Place:
    """A target in memory that records each step, and calls a hook before it."""

    lanes = 1
    name = "memory"

    def __init__(self, before: Callable[[int], None] = lambda _step: None) -> None:
        self.held: dict[str, bytes] = {}
        self.steps: list[str] = []
        self.before = before

    def files(self) -> Mapping[str, int]:
        """Return every file with its size."""
        return {path: len(data) for path, data in self.held.items()}

    def read(self, path: str) -> bytes | None:
        """Return a file, or None."""
        return self.held.get(path)

    def has(self, path: str) -> bool:
        """Return whether a file is there."""
        return path in self.held

    def write(self, path: str, data: bytes, _part: str) -> None:
        """Keep a file."""
        self._step(f"write {path}")
        self.held[path] = data

    def delete(self, path: str) -> None:
        """Forget a file."""
        self._step(f"delete {path}")
        self.held.pop(path, None)

    def _step(self, step: str) -> None:
        self.before(len(self.steps))
        self.steps.append(step)


def cut_at(limit: int) -> Callable[[int], None]:
    """Return a hook that fails after a number of steps."""

    def before(step: int) -> None:
        if step >= limit:
            raise TargetError("the connection is gone")

    return before


def build_copy(events: Path, out: Path, now: datetime, baseline: Path | None = None) -> Release:
    """Build into `out`, with the build in `baseline` as the published state."""
    if baseline:
        shutil.copytree(baseline, out)
    build(events, out, now=now, options=Options(consent=Consent(removals=True), site=False))
    return read_release(out)


@pytest.fixture
def releases(tmp_path: Path) -> tuple[Release, Release, Release]:
    """Return three builds, each on the one before: an event changes and a feed goes; the feed returns with an event."""
    feeds = "feeds:\n- {slug: all, name: All}\n"
    events = write_events(tmp_path, talk=TALK, tour=TOUR)
    calendar = events / "calendar.yaml"
    plain = calendar.read_text("utf-8")
    calendar.write_text(plain + feeds, encoding="utf-8")
    first = build_copy(events, tmp_path / "first", NOW)
    write_files(events, {"talk.yaml": TALK.replace("18:00", "19:00"), "calendar.yaml": plain})
    second = build_copy(events, tmp_path / "second", LATER, tmp_path / "first")
    write_files(
        events, {"talk.yaml": TALK, "calendar.yaml": plain + feeds, "party.yaml": "summary: P\nstart: 2027-07-01\n"}
    )
    third = build_copy(events, tmp_path / "third", LATEST, tmp_path / "second")
    return first, second, third


def test_publishing_again_uploads_nothing(releases: tuple[Release, ...]) -> None:
    """The place has the files of DIST and no others, and a second publish does nothing."""
    place = Place()
    publish(releases[0], place, now=LATEST)
    assert tree(releases[0].folder) == place.held
    place.steps.clear()
    assert not publish(releases[0], place, now=LATEST)
    assert place.steps == []


def test_only_what_changed_in_a_safe_order(releases: tuple[Release, ...]) -> None:
    """Events are written before feeds, feeds before the manifest; then old files are deleted, the journal last."""
    place = Place()
    publish(releases[0], place, now=LATEST)
    place.steps.clear()
    publish(releases[1], place, now=LATEST)
    assert place.steps == [
        f"write {JOURNAL}",
        "write events/talk.ics",
        "write changes.atom",
        "write test.ics",
        f"write {MANIFEST}",
        "delete feeds/all.ics",
        f"delete {JOURNAL}",
    ]
    assert tree(releases[1].folder) == place.held


def test_pages_wait_for_what_they_link_to(tmp_path: Path) -> None:
    """Assets and event files come first, then feeds, event pages, lists of events, and the pages that link to these."""
    names = [
        "assets/site.css",
        "events/t.ics",
        "qr/a.svg",
        "a.ics",
        "changes.atom",
        "events/t.html",
        "categories/c.html",
    ]
    names += ["months/2027-05.html", "embed.html", "index.html", "sitemap.xml"]
    out = write_files(tmp_path, dict(zip(names, names, strict=True)))
    files = {path: {"sha256": hashlib.sha256(data).hexdigest()} for path, data in tree(out).items()}
    feeds = [{"slug": "a", "name": "A", "path": "a.ics"}]
    content = {"version": 1, "tzdb": "2026f", "id": "x", "feeds": feeds, "events": [], "files": files}
    (out / MANIFEST).write_text(json.dumps(content), encoding="utf-8")
    place = Place()
    publish(read_release(out), place, now=LATEST)
    written = [step.removeprefix("write ") for step in place.steps[1:-1]]
    assert written == [*names, MANIFEST]


@pytest.mark.parametrize("following", [0, 1, 2], ids=["the old one again", "the same again", "the next one"])
def test_right_again_after_every_cut(releases: tuple[Release, ...], following: int) -> None:
    """Wherever a publish is interrupted, the place matches whatever is published next."""
    steps = 0
    is_cut = True
    while is_cut:
        place = Place()
        publish(releases[0], place, now=LATEST)
        place.steps, place.before = [], cut_at(steps)
        try:
            publish(releases[1], place, now=LATEST, token=OTHER)
            is_cut = False
        except UnfinishedError:
            pass
        is_published = place.held[MANIFEST] == releases[1].ledger.data
        place.before = cut_at(99)
        if following == 0 and is_published:
            with pytest.raises(OutputError) as failure:
                publish(releases[0], place, now=LATEST)
            assert codes_of(failure) == ["newer-published"]
        else:
            publish(releases[following], place, now=LATEST)
            assert tree(releases[following].folder) == place.held, f"cut after {steps} steps"
        steps += 1
    assert steps == 8


def test_interrupted_first_publish_is_repaired(releases: tuple[Release, ...]) -> None:
    """An interrupted first publish leaves no manifest; its files are known from the journal."""
    for steps in range(len(releases[0].sizes) + 2):
        place = Place(cut_at(steps))
        with pytest.raises(UnfinishedError):
            publish(releases[0], place, now=LATEST, token=OTHER)
        place.before = cut_at(99)
        publish(releases[2], place, now=LATEST)
        assert tree(releases[2].folder) == place.held


def cross(place: Place, release: Release, step: int, mine: Release) -> tuple[bool, bool]:
    """Publish `mine`, and all of another release before that step; return which of the two reported success.

    Whoever says so must be right.
    """
    other = [False]

    def between(at: int) -> None:
        if at == step:
            place.before = cut_at(99)
            other[0] = succeeds(release, place, OTHER)
            assert not other[0] or tree(release.folder) == place.held

    place.steps, place.before = [], between
    own = succeeds(mine, place, MINE)
    assert not own or tree(mine.folder) == place.held
    return own, other[0]


def succeeds(release: Release, place: Target, token: str) -> bool:
    """Publish, and return whether it succeeded; it may only fail because another run interfered."""
    try:
        publish(release, place, token=token)
    except OutputError as cause:
        if cause.problems[0].code not in ("publish-crossed", "newer-published"):
            raise
        return False
    return True


# But for 4, the manifest itself: while it is on its way, nothing can tell that another one begins and ends.
@pytest.mark.parametrize("step", [0, 1, 2, 3, 5])
def test_two_at_once_are_noticed_and_repaired(releases: tuple[Release, ...], step: int) -> None:
    """Wherever another publish crosses it, a publish fails, and one more repairs the place."""
    place = Place()
    publish(releases[0], place)
    own, _other = cross(place, releases[2], step, releases[1])
    assert not own
    publish(releases[2], place, token=THIRD)
    assert tree(releases[2].folder) == place.held


def test_another_publish_in_between_is_not_undone(releases: tuple[Release, ...]) -> None:
    """A publish that ends between another's first read and its journal is noticed by its manifest."""
    place = Place()
    publish(releases[0], place)
    assert cross(place, releases[2], 0, releases[1]) == (False, True)
    assert tree(releases[2].folder) == place.held


def test_who_begins_beside_another_withdraws(releases: tuple[Release, ...]) -> None:
    """A run that finds another new journal after writing its own withdraws without a trace, and says so."""
    place = Place()
    publish(releases[0], place)
    before = dict(place.held)

    def begin(at: int) -> None:
        if at == 0:
            place.held[THEIRS] = b'{"files": []}'

    place.steps, place.before = [], begin
    with pytest.raises(OutputError) as failure:
        publish(releases[1], place)
    assert codes_of(failure) == ["publish-crossed"]
    assert not isinstance(failure.value, UnfinishedError)
    assert place.held.pop(THEIRS)
    assert place.held == before


def test_who_is_taken_over_stops(releases: tuple[Release, ...]) -> None:
    """A slow run that another takes over writes nothing after that, and both releases are published again."""
    place = Place()
    publish(releases[0], place)
    cut = cut_at(4)

    def take_over(at: int) -> None:
        if at == 2:
            place.steps, place.before = [], cut
            with pytest.raises(UnfinishedError):
                publish(releases[2], place, token=OTHER)
            place.before = cut_at(99)

    place.steps, place.before = [], take_over
    with pytest.raises(UnfinishedError) as failure:
        publish(releases[1], place)
    assert codes_of(failure) == ["publish-crossed"]
    assert {JOURNAL, THEIRS} <= place.held.keys()
    assert place.steps[-2:] == ["write changes.atom", f"write {JOURNAL}"]
    publish(releases[2], place, token=THIRD)
    assert tree(releases[2].folder) == place.held


class Turns:
    """Schedules the steps of two runs, in an order given by a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - it keeps no secret
        self.next = self.random.choice((MINE, OTHER))
        self.ended: set[str] = set()
        self.changed = threading.Condition()

    @contextmanager
    def take(self, token: str) -> Iterator[None]:
        """Wait for a turn; sometimes the other run is next."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.next == token or self.ended, 60)
            yield
            if self.random.random() < 0.2:
                self.next = self.random.choice((MINE, OTHER))
            self.changed.notify_all()

    def end(self, token: str) -> None:
        """Take no more turns."""
        with self.changed:
            self.ended.add(token)
            self.changed.notify_all()


@dataclass(frozen=True)
class View:
    """A place as one of two runs sees it; each step waits for the run's turn."""

    place: Place
    turns: Turns
    token: str
    lanes: int = 1
    name: str = "memory"

    def files(self) -> Mapping[str, int]:
        """Return every file with its size."""
        with self.turns.take(self.token):
            return self.place.files()

    def read(self, path: str) -> bytes | None:
        """Return a file, or None."""
        with self.turns.take(self.token):
            return self.place.read(path)

    def has(self, path: str) -> bool:
        """Return whether a file is there."""
        with self.turns.take(self.token):
            return self.place.has(path)

    def write(self, path: str, data: bytes, part: str) -> None:
        """Keep a file."""
        with self.turns.take(self.token):
            self.place.write(path, data, part)

    def delete(self, path: str) -> None:
        """Forget a file."""
        with self.turns.take(self.token):
            self.place.delete(path)


def go(place: Place, turns: Turns, succeeded: list[str], token: str, release: Release) -> None:
    """Publish by turns, and record which runs reported success."""
    try:
        if succeeds(release, View(place, turns, token), token):
            succeeded.append(token)
    finally:
        turns.end(token)


@pytest.mark.parametrize("stale", [False, True], ids=["clean", "after a cut"])
def test_two_at_once_in_any_order(releases: tuple[Release, ...], tmp_path: Path, stale: bool) -> None:
    """However two runs mingle, the place matches the last success if no journal is left; one more run repairs it."""
    events = write_events(tmp_path / "rival", talk=TALK, tour=TOUR.replace("06-05", "06-06"))
    rival = build_copy(events, tmp_path / "rival" / "dist", LATEST, releases[0].folder)
    wanted = {MINE: releases[1], OTHER: rival}
    ends = set()
    for seed in range(80):
        place = Place()
        publish(releases[0], place)
        if stale:
            place.steps, place.before = [], cut_at(2)
            with pytest.raises(UnfinishedError):
                publish(releases[1], place, token=CUT)
            place.before = cut_at(999)
        turns, succeeded = Turns(seed), list[str]()
        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(go, place, turns, succeeded, token, release) for token, release in wanted.items()]:
                done.result()
        has_journal = bool(journals_in(place.held))
        assert has_journal or tree(wanted[succeeded[-1]].folder) == place.held, f"seed {seed}"
        ends.add((len(succeeded), has_journal))
        following = rival if place.held[MANIFEST] == rival.ledger.data else releases[1]
        publish(following, place, token=THIRD)
        assert tree(following.folder) == place.held, f"seed {seed}"
    assert {(1, False), (0, True)} <= ends


def test_files_that_went_missing_come_back(releases: tuple[Release, ...]) -> None:
    """A file that somebody deleted or truncated at the place is uploaded again."""
    place = Place()
    publish(releases[0], place, now=LATEST)
    del place.held["events/tour.ics"]
    place.held["test.ics"] = b"BEGIN:VCALENDAR"
    assert publish(releases[0], place, now=LATEST).written == ("events/tour.ics", "test.ics")
    assert tree(releases[0].folder) == place.held


def test_files_of_others_are_left_alone(releases: tuple[Release, ...]) -> None:
    """Files that calfeed did not publish stay, at the first publish and at every later one."""
    place = Place()
    place.held = {"CNAME": b"test.example", "blog/index.html": b"<p>"}
    publish(releases[0], place, now=LATEST)
    publish(releases[1], place, now=LATEST)
    assert {"CNAME": b"test.example", "blog/index.html": b"<p>", **tree(releases[1].folder)} == place.held


@pytest.mark.parametrize("path", ["test.ics", "events", "events/talk.ics/index.html"])
def test_files_in_the_way_are_not_overwritten(releases: tuple[Release, ...], path: str) -> None:
    """A foreign file in the way of one of ours is refused before anything is written."""
    place = Place()
    place.held = {path: b"mine"}
    with pytest.raises(OutputError) as failure:
        publish(releases[0], place, now=LATEST)
    assert codes_of(failure) == ["foreign-file"]
    assert place.steps == []


def test_another_calendar_is_refused(releases: tuple[Release, ...], tmp_path: Path) -> None:
    """Another calendar is not replaced, unless the change of the id is allowed."""
    place = Place()
    publish(releases[0], place, now=LATEST)
    other = write_events(tmp_path / "other", talk=TALK, tour=TOUR)
    calendar = other / "calendar.yaml"
    calendar.write_text(
        calendar.read_text("utf-8").replace("test.example\nurl", "other.example\nurl"), encoding="utf-8"
    )
    release = build_copy(other, tmp_path / "other" / "dist", NOW)
    with pytest.raises(OutputError) as failure:
        plan(release, place, now=LATEST)
    assert codes_of(failure) == ["other-calendar"]
    publish(release, place, now=LATEST, may_change_id=True)
    assert tree(release.folder) == place.held


def test_older_build_is_refused(releases: tuple[Release, ...], tmp_path: Path) -> None:
    """A build on an older baseline is refused: of two quick pushes, the late one does not undo the other."""
    first, second, _third = releases
    place = Place()
    publish(first, place, now=LATEST)
    publish(second, place, now=LATEST)
    events = write_events(tmp_path, talk=TALK.replace("18:00", "17:00"), tour=TOUR)
    rival = build_copy(events, tmp_path / "rival", LATEST, tmp_path / "first")
    for release in (first, rival):
        with pytest.raises(OutputError) as failure:
            publish(release, place, now=LATEST)
        assert codes_of(failure) == ["newer-published"]
        assert "talk@test.example" in failure.value.problems[0].message
    assert tree(second.folder) == place.held


def test_new_event_of_another_push_is_not_lost(tmp_path: Path) -> None:
    """A build that does not know a published event is refused, until the event has passed."""
    events = write_events(tmp_path, talk=TALK)
    first = build_copy(events, tmp_path / "first", NOW)
    write_files(events, {"party.yaml": "summary: Party\nstart: 2027-04-01\n"})
    second = build_copy(events, tmp_path / "second", LATER, tmp_path / "first")
    place = Place()
    publish(first, place, now=LATER)
    publish(second, place, now=LATER)
    with pytest.raises(OutputError) as failure:
        publish(first, place, now=LATEST)
    assert codes_of(failure) == ["newer-published"]
    assert "does not know party@test.example" in failure.value.problems[0].message
    assert tree(second.folder) == place.held
    publish(first, place, now=datetime(2027, 4, 4, tzinfo=UTC))
    assert tree(first.folder) == place.held


def test_uid_that_was_replaced_is_known(tmp_path: Path) -> None:
    """An event with a new UID replaces the published one only if the build knows what became of the old UID."""
    events = write_events(tmp_path, talk=TALK)
    first = build_copy(events, tmp_path / "first", NOW)
    write_files(events, {"talk.yaml": f"{TALK}uid: talk@elsewhere.example\n"})
    anew = build_copy(events, tmp_path / "anew", LATER)
    place = Place()
    publish(first, place, now=LATER)
    with pytest.raises(OutputError) as failure:
        publish(anew, place, now=LATER)
    assert codes_of(failure) == ["newer-published"]
    assert "does not know talk@test.example" in failure.value.problems[0].message
    release = build_copy(events, tmp_path / "next", LATER, tmp_path / "first")
    publish(release, place, now=LATER)
    assert tree(release.folder) == place.held


def test_event_that_begins_anew_is_refused(tmp_path: Path) -> None:
    """A build without its baseline is refused if an event returns with a lower revision than it had."""
    party, past = "summary: Party\nstart: 2026-12-01\n", datetime(2027, 2, 1, 12, 0, tzinfo=UTC)
    events = write_events(tmp_path, talk=TALK, party=party)
    build_copy(events, tmp_path / "first", NOW)
    write_files(events, {"party.yaml": party.replace("Party", "Great party")})
    build_copy(events, tmp_path / "second", NOW, tmp_path / "first")
    (events / "party.yaml").unlink()
    place = Place()
    publish(build_copy(events, tmp_path / "third", past, tmp_path / "second"), place, now=past)
    write_files(events, {"party.yaml": party.replace("2026", "2028")})
    with pytest.raises(OutputError) as failure:
        publish(build_copy(events, tmp_path / "anew", LATEST), place, now=LATEST)
    assert codes_of(failure) == ["newer-published"]
    assert "party@test.example" in failure.value.problems[0].message
    release = build_copy(events, tmp_path / "fourth", LATEST, tmp_path / "third")
    publish(release, place, now=LATEST)
    assert tree(release.folder) == place.held


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        pytest.param(lambda out: (out / "test.ics").write_bytes(b"edited"), "changed-output", id="edited"),
        pytest.param(lambda out: (out / "test.ics").unlink(), "changed-output", id="missing"),
        pytest.param(lambda out: (out / MANIFEST).unlink(), "missing-manifest", id="no manifest"),
        pytest.param(lambda out: (out / MANIFEST).write_bytes(b"{"), "bad-manifest", id="bad manifest"),
    ],
)
def test_dist_must_be_what_its_manifest_says(
    releases: tuple[Release, ...], spoil: Callable[[Path], object], code: str
) -> None:
    """An edited or half-written DIST is refused."""
    spoil(releases[0].folder)
    with pytest.raises(OutputError) as failure:
        read_release(releases[0].folder)
    assert codes_of(failure) == [code]


def test_build_under_way_is_noticed(releases: tuple[Release, ...]) -> None:
    """A DIST that changes while it is published stops the publish, and the next one repairs it."""
    first, second, _third = releases
    place = Place()
    publish(first, place, now=LATEST)

    def rebuild(step: int) -> None:
        if step == 1:
            (second.folder / "test.ics").write_bytes(b"new")

    kept = (second.folder / "test.ics").read_bytes()
    place.steps, place.before = [], rebuild
    with pytest.raises(UnfinishedError) as failure:
        publish(second, place, now=LATEST, token=OTHER)
    assert codes_of(failure) == ["changed-output"]
    assert place.held[MANIFEST] == first.ledger.data
    (second.folder / "test.ics").write_bytes(kept)
    publish(second, place, now=LATEST)
    assert tree(second.folder) == place.held


@pytest.mark.parametrize("path", ["../stolen", "/etc/passwd", "a\\b"])
@pytest.mark.parametrize("name", [MANIFEST, JOURNAL])
def test_nothing_outside_is_deleted(releases: tuple[Release, ...], path: str, name: str) -> None:
    """A manifest or a journal at the place that names a file outside of it is refused."""
    content = {
        "version": 1,
        "tzdb": "2026f",
        "id": "test.example",
        "feeds": [],
        "events": [],
        "files": {path: {"sha256": ""}},
    }
    place = Place()
    place.held = {name: json.dumps(content).encode(), path: b""}
    with pytest.raises(OutputError) as failure:
        publish(releases[0], place, now=LATEST)
    assert codes_of(failure) == ["bad-manifest"]
    assert place.steps == []


@pytest.mark.parametrize("journal", [b"", b"[]", b'{"files": 1}'])
def test_bad_journal_is_refused(releases: tuple[Release, ...], journal: bytes) -> None:
    """An unreadable journal stops everything, because nobody knows which files it listed."""
    place = Place()
    place.held = {JOURNAL: journal}
    with pytest.raises(OutputError) as failure:
        publish(releases[0], place, now=LATEST)
    assert codes_of(failure) == ["bad-journal"]


# -- a folder, on the command line --------------------------------------------------------------------------------


def publish_folder(release: Release, target: Path, *options: str) -> Sequence[str]:
    """Run the command `publish`, and return its lines of output."""
    result = run("publish", str(target), "-o", str(release.folder), *options)
    assert result.exit_code == 0, result.output
    return result.stdout.replace(f"{target}", "TARGET").splitlines()


def test_folder(releases: tuple[Release, ...], tmp_path: Path) -> None:
    """A folder becomes a copy of DIST; unchanged files keep their time; empty folders are deleted."""
    first, second, _third = releases
    target = tmp_path / "site"
    assert publish_folder(first, target, "--dry-run")[-1] == f"would upload: {MANIFEST}"
    assert not target.exists()
    assert publish_folder(first, target) == ["TARGET: 6 files uploaded"]
    before = {path: path.stat().st_mtime_ns for path in target.rglob("*.ics")}
    assert publish_folder(second, target, "--dry-run") == [
        "would upload: changes.atom",
        "would upload: events/talk.ics",
        "would upload: test.ics",
        f"would upload: {MANIFEST}",
        "would delete: feeds/all.ics",
    ]
    assert publish_folder(second, target) == ["TARGET: 4 files uploaded, 1 file deleted"]
    assert publish_folder(second, target) == ["TARGET is up to date"]
    assert tree(second.folder) == tree(target)
    assert not (target / "feeds").exists()
    after = {path: path.stat().st_mtime_ns for path in target.rglob("*.ics")}
    assert [path.name for path, time in after.items() if before[path] == time] == ["tour.ics"]


def test_folder_after_a_cut(releases: tuple[Release, ...], tmp_path: Path) -> None:
    """The next publish deletes a partial file that was left behind."""
    target = tmp_path / "site"
    publish_folder(releases[0], target)
    write_files(target, {part_of(OTHER): "BEGIN:VCAL", THEIRS: '{"files": ["test.ics"]}'})
    publish_folder(releases[0], target)
    assert tree(releases[0].folder) == tree(target)


def test_folder_with_a_link_out(releases: tuple[Release, ...], tmp_path: Path) -> None:
    """No file is written through a link that leads out of the folder."""
    target, outside = tmp_path / "site", tmp_path / "outside"
    target.mkdir()
    outside.mkdir()
    (target / "events").symlink_to(outside)
    result = run("publish", str(target), "-o", str(releases[0].folder))
    assert result.exit_code == 1
    assert tree(outside) == {}


def test_folder_that_cannot_be(releases: tuple[Release, ...], tmp_path: Path) -> None:
    """A file cannot be published to."""
    with pytest.raises(OutputError) as failure:
        plan(releases[0], FolderTarget(write_files(tmp_path, {"site": ""}) / "site"), now=LATEST)
    assert codes_of(failure) == ["publish-failed"]


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        (
            "ftp://host/calendar",
            "neither a folder nor an address that begins with s3://, gs://, az://, abfs://, sftp://",
        ),
        ("s3://", "neither a folder nor an address"),
        ("{out}", "it is the built folder, or inside it"),
        ("{out}/site", "it is the built folder, or inside it"),
        ("{out}/..", "it is the folder of events, or contains it: "),
        ("{out}/../events", "it is the folder of events, or contains it: "),
        ("s3:/bucket", "it looks like an address"),
        ("host:", "it looks like an address"),
        ("sftp:/editor:secret@host/www", "it looks like an address"),
        ("s3://bucket//calendar", "a part of its path is empty"),
        ("s3:///calendar", "a part of its path is empty"),
        ("gs://bucket/../calendar", "a part of its path is empty, or is . or .."),
        ("s3://bucket/calendar#1", "it contains ? or #"),
        ("sftp://host/what?", "it contains ? or #"),
        ("sftp://editor:secret@host/www", "write it as sftp://user@host/path, without a password"),
        ("sftp://editor:se@secret@host/www", "/path, without a password"),
        ("sftp://editor:se/secret@host/www", "/path, without a password"),
        ("sftp://editor:se#secret@host/www", "/path, without a password"),
        ("sftp://editor:@host/www", "/path, without a password"),
        ("s3://key:secret@bucket/path", "/path, without a password"),
        ("ftp://editor:secret@host/www", "neither a folder nor an address"),
    ],
)
def test_impossible_targets(releases: tuple[Release, ...], target: str, reason: str) -> None:
    """An impossible target is wrong usage; the error does not repeat it, because it may contain a password."""
    out = releases[0].folder
    result = run("publish", target.format(out=out), "-o", str(out), width=200)
    assert result.exit_code == 2
    assert reason in " ".join(result.stderr.split())
    assert "secret" not in result.output


@pytest.mark.parametrize("target", ["C:/www", "c:", "www", "./a:/b", "\\\\host\\share"])
def test_folders_that_may_be(target: str, tmp_path: Path) -> None:
    """A Windows drive is not an address."""
    assert fault_of_folder(target, tmp_path) is None


@pytest.mark.parametrize(
    "target",
    [
        *("s3://bucket", "s3://bucket/path/", "s3://arn:aws:s3:eu-north-1:1:accesspoint/x", "gs://bucket/a@b"),
        *("abfs://container@account.dfs.core.windows.net/path", "sftp://editor@host:2222/www", "sftp://[::1]:22/www"),
    ],
)
def test_addresses_that_may_be(target: str) -> None:
    """Ports, users, accounts and names of access points are not taken for passwords."""
    assert fault_of(target) is None


def test_folder_with_a_part_of_another_run(tmp_path: Path) -> None:
    """Two runs never write to the same partial file."""
    write_files(tmp_path, {part_of(OTHER): "half of theirs"})
    FolderTarget(tmp_path).write("test.ics", b"mine", part_of(MINE))
    assert tree(tmp_path) == {part_of(OTHER): b"half of theirs", "test.ics": b"mine"}


# -- a DIST that is older than its sources ----------------------------------------------------------------------


@pytest.fixture
def edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the sources of a calendar that has been built, in the default folder."""
    monkeypatch.chdir(tmp_path)
    events = write_events(tmp_path, talk=TALK, tour=TOUR)
    assert run("build").exit_code == 0
    return events


def _touch(path: Path, built: Path = Path("dist/calfeed.json")) -> None:
    """Give a file a time later than the build's."""
    later = built.stat().st_mtime_ns + 10**9
    os.utime(path, ns=(later, later))


def _published(*options: str) -> str:
    result = run("publish", "public", *options)
    assert result.exit_code == 0, result.stderr
    return result.stderr


def test_publishing_after_a_build_is_silent(edited: Path) -> None:
    """There is no warning if the sources are unchanged, even if a file was written again."""
    assert _published() == ""
    _touch(edited / "talk.yaml")
    assert _published("--dry-run") == ""
    (edited / "talk.yaml").write_text(f"# a comment\n{TALK}", encoding="utf-8")
    _touch(edited / "talk.yaml")
    assert _published() == ""


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda events: write_files(events, {"talk.yaml": TALK.replace("18:00", "19:00")}), "1 event differs"),
        (lambda events: write_files(events, {"a.yaml": TALK, "b/c.yaml": TOUR}), "2 events differ"),
        (lambda events: (events / "tour.yaml").unlink(), "1 event differs"),
        (lambda events: write_files(events, {"_defaults.yaml": "status: tentative\n"}), "2 events differ"),
        (lambda events: write_files(events, {"talk.yaml": "summary: [\n"}), "and has errors"),
    ],
)
def test_publishing_what_is_older_than_its_sources(edited: Path, edit: Callable[[Path], object], says: str) -> None:
    """A DIST older than an edit is published, with a warning that says what a build would change."""
    edit(edited)
    for path in (edited, *edited.rglob("*")):
        _touch(path)
    output = _published()
    assert "warning: events was edited after the build" in output
    assert says in output
    assert "[stale-output]" in output
    assert "calfeed build" in output
    assert (edited.parent / "public" / "calfeed.json").exists()


def test_other_folders_are_not_the_sources(edited: Path, tmp_path: Path) -> None:
    """--events names other sources; a folder that is missing or has another calendar causes no warning."""
    write_files(edited, {"talk.yaml": TALK.replace("18:00", "19:00")})
    _touch(edited / "talk.yaml")
    edited.rename(tmp_path / "sources")
    assert _published() == ""
    assert "1 event differs" in _published("--events", "sources")
    calendar = tmp_path / "sources" / "calendar.yaml"
    calendar.write_text(calendar.read_text("utf-8").replace("id: test.example", "id: other.example"), encoding="utf-8")
    assert _published("--events", "sources") == ""
