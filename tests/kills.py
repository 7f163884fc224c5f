"""Kill real builds and check what they leave behind: `python tests/kills.py --kills 5000 --seed 7`.

Each build is a separate process. SIGKILL ends it either at its n-th operation on the files of DIST and its state (for
every n in turn, counted by an audit hook), or after a random time. More killed builds may follow, and finally one that
is allowed to finish. After every kill and at the end, DIST must keep its promises: only whole files, a manifest that
does not lie, and in the end the same bytes as after an undisturbed build.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import select
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from support.projects import CALENDAR, NOW, VENUES, tree, write_files

from calfeed.cache.snapshot import recall
from calfeed.editions.manifest import MANIFEST
from calfeed.pipeline.build import build
from calfeed.pipeline.options import Options

Files = Mapping[str, bytes]
_CHANGING = frozenset(["os.mkdir", "os.rename", "os.remove", "os.rmdir"])
_BEGIN, _END = 1, 60
"""The range of numbers for events in the sources."""


@dataclass
class Sources:
    """A folder of events that is edited at random: events are changed, added or deleted."""

    root: Path
    rng: random.Random
    events: dict[int, str] = field(default_factory=dict)

    def write(self) -> None:
        """Write the folder."""
        shutil.rmtree(self.root, ignore_errors=True)
        files = {f"event-{number}.yaml": text for number, text in self.events.items()}
        write_files(self.root, {"calendar.yaml": CALENDAR, "venues.yaml": VENUES, **files})

    def edit(self) -> None:
        """Change a few events, or occasionally many."""
        for number in self.rng.sample(range(_BEGIN, _END), self.rng.choice((1, 2, 4, 12))):
            if number in self.events and self.rng.random() < 0.4:
                del self.events[number]
            else:
                # Past events, so that deleting one leaves no tombstone.
                start = f"{self.rng.randint(2001, 2020)}-{self.rng.randint(1, 12):02}-{self.rng.randint(1, 28):02}"
                self.events[number] = f"summary: Event {number} {self.rng.random()}\nstart: {start} 18:00\nend: 20:00\n"
        self.write()


@dataclass
class Campaign:
    """Kills one build after another in `root`; `counts` says how many were killed, and how."""

    root: Path
    rng: random.Random
    has_site: bool
    counts: Counter[str] = field(default_factory=Counter)
    length: float = 0.0
    """The duration of an undisturbed build, in seconds."""

    def run(self, kills: int) -> None:
        """Continue until this many builds have been killed."""
        sources = Sources(self.root / "events", self.rng)
        while self.counts["killed"] < kills:
            before = _copy(self.root)
            sources.edit()
            wanted = self._undisturbed()  # the first build starts without DIST
            allowed = _by_path(before["dist"], wanted)
            number = 0
            # Kill at every operation once, starting from the state before the edit.
            while self._kill_at(number, before, allowed) and self.counts["killed"] < kills:
                self._kill_some_more(allowed)
                self._finish(wanted)
                number += self.rng.randint(1, 3) if number > 40 else 1
            for _ in range(3):
                _restore(self.root, before)
                self._kill_by_time(allowed)
                self._finish(wanted)

    def _kill_at(self, number: int, before: Mapping[str, Files], allowed: Mapping[str, set[bytes]]) -> bool:
        """Kill a build at this operation; return False if it has fewer operations."""
        _restore(self.root, before)
        is_killed = self._killed(_spawn(self.root, number, has_site=self.has_site))
        self._look(allowed)
        return is_killed

    def _kill_some_more(self, allowed: Mapping[str, set[bytes]]) -> None:
        while self.rng.random() < 0.3:
            self._killed(_spawn(self.root, self.rng.randint(0, 30), has_site=self.has_site))
            self._look(allowed)
            self.counts["killed again"] += 1

    def _kill_by_time(self, allowed: Mapping[str, set[bytes]]) -> None:
        child, ready = _spawn_ready(self.root, has_site=self.has_site)
        select.select([ready], [], [])
        select.select([], [], [], self.rng.random() * self.length)  # a random moment; nothing depends on which
        os.kill(child, signal.SIGKILL)
        os.close(ready)
        if self._killed(child):
            self.counts["killed by time"] += 1
        self._look(allowed)

    def _killed(self, child: int) -> bool:
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert status in (0, -signal.SIGKILL), f"the build ended with {status}"
        self.counts["killed" if status else "finished"] += 1
        return status != 0

    def _undisturbed(self) -> Files:
        """Return the files of an undisturbed build of the current sources, and restore everything."""
        before = _copy(self.root)
        begin = time.perf_counter()
        build(self.root / "events", self.root / "dist", now=NOW, options=Options(site=self.has_site))
        self.length = time.perf_counter() - begin
        wanted = tree(self.root / "dist")
        _restore(self.root, before)
        return wanted

    def _finish(self, wanted: Files) -> None:
        """Build without a kill: everything must be as if nothing had happened, with nothing left behind."""
        answer = recall(self.root / "events", self.root / "dist", base_url=None, site=self.has_site)
        assert answer is None or dict(wanted) == tree(self.root / "dist"), "the snapshot lies"
        build(self.root / "events", self.root / "dist", now=NOW, options=Options(site=self.has_site))
        assert dict(wanted) == tree(self.root / "dist")
        assert sorted(path.name for path in self.root.iterdir()) == [".calfeed", "dist", "events"]
        assert [path.relative_to(self.root).as_posix() for path in sorted((self.root / ".calfeed").rglob("*"))] == [
            ".calfeed/dist",
            ".calfeed/dist/lock",
            ".calfeed/dist/memory",
            ".calfeed/dist/snapshot",
        ]
        assert [path for path in (self.root / "dist").rglob("*") if path.is_dir() and not any(path.iterdir())] == []
        self._look({path: {data} for path, data in tree(self.root / "dist").items()})

    def _look(self, allowed: Mapping[str, set[bytes]]) -> None:
        """Check DIST between two builds: only whole files, and a manifest that tells the truth."""
        files = tree(self.root / "dist")
        for path, data in files.items():
            assert data in allowed[path], f"{path} is torn"
        if MANIFEST in files and not (self.root / ".calfeed" / "dist" / "journal.json").exists():
            listed = json.loads(files[MANIFEST])["files"]
            actual = {
                path: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
                for path, data in files.items()
                if path != MANIFEST
            }
            assert listed == actual, "the manifest lies"


def _spawn(root: Path, number: int, *, has_site: bool) -> int:
    """Start a build that kills itself at this operation, and return its process id."""
    child = os.fork()
    if child == 0:
        left = number

        def count(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal left
            if event in _CHANGING or (
                event == "open" and isinstance(arguments[2], int) and arguments[2] & os.O_ACCMODE
            ):
                path = str(arguments[0])
                if path.startswith((f"{root}/dist", f"{root}/.calfeed")):
                    if left == 0:
                        os.kill(os.getpid(), signal.SIGKILL)
                    left -= 1

        sys.addaudithook(count)
        _build_and_exit(root, has_site=has_site)
    return child


def _spawn_ready(root: Path, *, has_site: bool) -> tuple[int, int]:
    """Start a build, and return its process id and a pipe that becomes readable once it has started."""
    ready, begun = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(begun, b".")
        _build_and_exit(root, has_site=has_site)
    os.close(begun)
    return child, ready


def _build_and_exit(root: Path, *, has_site: bool) -> None:
    status = 1
    try:
        build(root / "events", root / "dist", now=NOW, options=Options(site=has_site))
        status = 0
    finally:
        os._exit(status)


def _copy(root: Path) -> dict[str, Files]:
    return {name: tree(root / name) for name in ("dist", ".calfeed")}


def _restore(root: Path, states: Mapping[str, Files]) -> None:
    for name, files in states.items():
        shutil.rmtree(root / name, ignore_errors=True)
        for path, data in files.items():
            (root / name / path).parent.mkdir(parents=True, exist_ok=True)
            (root / name / path).write_bytes(data)


def _by_path(*trees: Files) -> dict[str, set[bytes]]:
    allowed: dict[str, set[bytes]] = {}
    for files in trees:
        for path, data in files.items():
            allowed.setdefault(path, set()).add(data)
    return allowed


def main() -> None:
    """Run a campaign in a temporary folder and print what was done."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--site", action="store_true", help="with the site: more files, fewer kills per second")
    options = parser.parse_args()
    begin = time.perf_counter()
    memory = Path("/dev/shm")  # noqa: S108 - kills have the same effect there, and it spares the disk
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        campaign = Campaign(Path(folder), random.Random(options.seed), has_site=options.site)  # noqa: S311
        campaign.run(options.kills)
    done = ", ".join(f"{count:,} {what}" for what, count in sorted(campaign.counts.items()))
    print(f"{done}; every promise kept; {time.perf_counter() - begin:.1f} s")


if __name__ == "__main__":
    main()
