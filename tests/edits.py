"""Edit a calendar at random and build it twice: `python tests/edits.py --edits 1000 --seed 7`.

There are two worlds. Each edit is made in both, and both are built. In one, builds use the cache of earlier builds; in
the other, `.calfeed/` is deleted before every build, so that each build does all the work. After every build the two
must agree on everything: each byte of DIST, the report of problems, the exit code.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from support.commands import run
from support.projects import CALENDAR, DOT, NOW, TALK, VENUES, tree, write_files

from calfeed.cache.snapshot import recall

_SUMMARIES = ("Opening", "Talk about *Łódź*", "Concert", "Läti film", "Tour, with tea", "Märkused; jm")
_BROKEN = (
    "summary: [\n",
    "start: tomorrow\n",
    "summary: Two\nsummary: Two\n",
    "\x00",
    "summary: Half\nstart: 2027-03-28 03:30\n",
)
_TEMPLATES = ("{% extends 'calfeed/event.html' %}", "<p>{{ event.summary }}</p>", "{% for %}", "{{ nothing.there }}")
_SETTINGS = (
    "color: navy\n",
    "refresh: 6h\n",
    "language: et\n",
    "automatic_feeds: [category, venue]\n",
    "default_duration: 45m\n",
    "organizer: Somebody\n",
    "feeds:\n- slug: music\n  name: Music\n  categories: [music]\n",
    "window: {from: 2027-03-01, to: 2027-07-31}\n",
    "theme: {accent: '#aa2200', footer: 'By *us*'}\n",
)
_DEFAULTS = ("busy: true\n", "venue: hub\n", "categories: [music]\n", "timezone: Asia/Kathmandu\n", "bad: 1\n")


@dataclass
class Worlds:
    """One calendar in two folders below `root`: `kept` keeps its cache, `clean` does not."""

    root: Path
    rng: random.Random
    now: datetime = NOW
    options: tuple[str, ...] = ("--no-site",)
    once: tuple[str, ...] = ()
    """Options for the next build only."""
    files: dict[str, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    story: list[str] = field(default_factory=list)
    is_refused: bool = False
    """Whether the last build was refused."""

    def begin(self) -> None:
        """Write a calendar of a few events."""
        self.put("events/calendar.yaml", CALENDAR)
        self.put("events/venues.yaml", VENUES)
        for folder in ("", "more/", "more/deep/"):
            self.put(f"events/{folder}pier.gif", DOT)
        for number in range(8):
            self.put(f"events/event-{number}.yaml", TALK.replace("Talk", f"Talk {number}"))

    def go(self, edits: int) -> None:
        """Make this many edits, and build after each."""
        self.build()
        for _ in range(edits):
            edit = self.rng.choices(_EDITS, weights=[weight for weight, _ in _WEIGHTED])[0]
            if self.is_refused and self.rng.random() < 0.7:
                edit = Worlds.mend_source
            self.story.append(edit.__name__)
            edit(self)
            self.counts[edit.__name__] += 1
            self.build()

    # -- the worlds

    def put(self, path: str, text: str | None) -> None:
        """Write a file in both worlds, or delete it."""
        for world in self._worlds():
            if text is None:
                (world / path).unlink(missing_ok=True)
            else:
                write_files(world, {path: text})
        if text is None:
            self.files.pop(path, None)
        else:
            self.files[path] = text

    def build(self) -> None:
        """Build both worlds and compare them."""
        shutil.rmtree(self.root / "clean" / ".calfeed", ignore_errors=True)
        os.chdir(self.root / "kept")
        is_plain = {*self.options, *self.once} <= {"--no-site"}
        site = "--no-site" not in self.options
        self.counts["answered from the snapshot"] += (
            is_plain and recall(Path("events"), Path("dist"), base_url=None, site=site) is not None
        )
        reports, trees = [], []
        for world in self._worlds():
            os.chdir(world)
            result = run("build", *self.options, *self.once, now=self.now)
            reports.append((result.exit_code, result.stdout, result.stderr))
            trees.append(tree(world / "dist") if (world / "dist").exists() else {})
        self.once = ()
        self.is_refused = reports[0][0] != 0
        self.counts["refused"] += self.is_refused
        assert reports[0] == reports[1], f"last edits: {self.story[-6:]}\n{reports[0]}\n{reports[1]}"
        assert trees[0].keys() == trees[1].keys(), self.story[-6:]
        assert [path for path in trees[0] if trees[0][path] != trees[1][path]] == [], self.story[-6:]

    def _worlds(self) -> tuple[Path, Path]:
        return self.root / "kept", self.root / "clean"

    # -- edits

    def nothing(self) -> None:
        """Change nothing at all."""

    def later(self) -> None:
        """Let time pass."""
        self.now += timedelta(hours=self.rng.choice((1, 30, 800)))

    def change_event(self) -> None:
        """Rewrite an event."""
        self.put(self._some("events/event-"), self._event())

    def change_letter(self) -> None:
        """Change an event without changing its size, immediately after a build."""
        path = self._some("events/event-")
        self.put(path, self.files[path].replace(*self.rng.choice((("18:", "17:"), ("Talk", "Walk"), ("ea", "ae")))))

    def add_event(self) -> None:
        """Add an event, in a subfolder or not."""
        folder = self.rng.choice(("", "", "more/", "more/deep/"))
        self.put(f"events/{folder}event-{len(folder)}{self.rng.randint(0, 9)}.yaml", self._event())

    def delete_event(self) -> None:
        """Delete an event."""
        if sum("event-" in path for path in self.files) > 4:
            self.put(self._some("event-"), None)

    def call_off(self) -> None:
        """Cancel or postpone an event, or undo that."""
        path = self._some("events/event-")
        text = "".join(line for line in self.files[path].splitlines(keepends=True) if not line.startswith("status:"))
        self.put(path, text + self.rng.choice(("status: cancelled\n", "status: postponed\n", "")))

    def rename_event(self) -> None:
        """Give an event another name."""
        path = self._some("events/event-")
        text = self.files[path]
        self.put(path, None)
        self.put(f"events/event-r{self.rng.randint(0, 9)}.yaml", text)

    def break_source(self) -> None:
        """Write a file that cannot be built."""
        self.put("events/broken.yaml", self.rng.choice(_BROKEN))

    def mend_source(self) -> None:
        """Undo everything that cannot be built."""
        for path in [*self._all("broken"), *self._all("_templates/"), *self._all("_defaults")]:
            self.put(path, None)
        self.put("events/calendar.yaml", CALENDAR)
        self.put("events/venues.yaml", VENUES)
        self.once = ("--allow-removals",)

    def touch(self) -> None:
        """Rewrite a file unchanged."""
        path = self._some("")
        self.put(path, self.files[path])

    def change_venue(self) -> None:
        """Change or add a venue."""
        more = self.rng.choice(("", "annex:\n  name: Annex\n  timezone: Europe/Oslo\n", "bad\n"))
        self.put("events/venues.yaml", VENUES.replace("27a", str(self.rng.randint(1, 3))) + more)

    def change_calendar(self) -> None:
        """Change a setting or two."""
        settings = self.rng.sample(_SETTINGS, self.rng.randint(0, 2))
        is_automatic = any("automatic" in setting for setting in settings)
        text = CALENDAR.replace("automatic_feeds: []\n", "") if is_automatic else CALENDAR
        self.put("events/calendar.yaml", text + "".join(settings))

    def change_defaults(self) -> None:
        """Change the defaults of a folder of events."""
        folder = self.rng.choice(("", "more/"))
        self.put(f"events/{folder}_defaults.yaml", self.rng.choice((None, None, *_DEFAULTS)))

    def change_template(self) -> None:
        """Change the custom template."""
        self.put("events/_templates/event.html", self.rng.choice((None, *_TEMPLATES)))

    def change_options(self) -> None:
        """Build with different options from now on."""
        self.options = self.rng.choice(
            (
                (),
                (),
                ("--no-site",),
                ("--no-site", "--allow-removals"),
                ("--no-site", "--base-url", "https://x.example/"),
            )
        )

    def tamper(self) -> None:
        """Change, truncate or delete a file in DIST, or add one."""
        paths = sorted(path for path in tree(self.root / "kept" / "dist") if path != "calfeed.json")
        path = self.rng.choice([*paths, "foreign.txt"])
        kind = self.rng.choice(("delete", "same size", "cut", "add"))
        for world in self._worlds():
            target = world / "dist" / path
            if not target.parent.exists():
                continue
            if kind == "add" or not target.exists():
                (world / "dist" / "foreign.txt").write_text("not written by calfeed", encoding="utf-8")
            elif kind == "delete":
                target.unlink()
            else:
                data = target.read_bytes()
                target.write_bytes(data[:-1] + (b"x" if kind == "same size" else b""))

    def lose_memory(self) -> None:
        """Delete the cache."""
        shutil.rmtree(self.root / "kept" / ".calfeed", ignore_errors=True)

    def spoil_memory(self) -> None:
        """Corrupt the cache at random places."""
        for path in (self.root / "kept" / ".calfeed").rglob("[ms]*"):
            data = bytearray(path.read_bytes())
            for _ in range(self.rng.randint(1, 4)):
                at = self.rng.randrange(len(data) + 1)
                data[at : at + self.rng.randint(0, 3)] = self.rng.randbytes(self.rng.randint(0, 3))
            path.write_bytes(data)

    def _all(self, part: str) -> list[str]:
        return sorted(path for path in self.files if part in path)

    def _some(self, part: str) -> str:
        return self.rng.choice(self._all(part) or self._all(""))

    def _event(self) -> str:
        rng = self.rng
        day = f"2027-0{rng.randint(1, 9)}-{rng.randint(10, 28)}"
        lines = [f"summary: {rng.choice(_SUMMARIES)} {rng.randint(1, 9)}"]
        night = [f"start: 2027-03-{rng.randint(10, 25)} 03:30", "duration: 20m", "rrule: FREQ=DAILY;COUNT=90"]
        evening = [f"start: {day} 18:00", "end: 20:00"]
        lines += rng.choice((evening, [f"start: {day} 18:15"], [f"start: {day}"], night))
        optional = (
            "venue: hub", "venue: {name: Pink, timezone: Asia/Tokyo}", "categories: [music]",
            "categories: [Music, talk]", "description: See *this* <https://x.example/>", "timezone: America/New_York",
            "status: cancelled", "busy: true",
            f"uid: {rng.randint(1, 999)}@x", "rrule: {freq: weekly, count: 4}", "rrule: FREQ=MONTHLY", "sequence: 3",
            "organizer: {name: We, email: we@x.example}", "reminders: [1h]", "properties: {X-A: b}",
            "image: pier.gif",
        )  # fmt: skip
        chosen = {line.partition(":")[0]: line for line in rng.sample(optional, rng.randint(0, 4))}
        if night[0] in lines:
            chosen.pop("rrule", None)
        return "\n".join([*lines, *chosen.values()]) + "\n"


_WEIGHTED: tuple[tuple[int, Callable[[Worlds], None]], ...] = (
    (6, Worlds.nothing), (3, Worlds.later), (6, Worlds.change_event), (4, Worlds.change_letter), (4, Worlds.add_event),
    (3, Worlds.delete_event), (3, Worlds.call_off), (2, Worlds.rename_event), (2, Worlds.break_source),
    (5, Worlds.mend_source),
    (2, Worlds.touch), (2, Worlds.change_venue), (3, Worlds.change_calendar), (2, Worlds.change_defaults),
    (1, Worlds.change_template), (1, Worlds.change_options), (4, Worlds.tamper), (1, Worlds.lose_memory),
    (2, Worlds.spoil_memory),
)  # fmt: skip
_EDITS = [edit for _, edit in _WEIGHTED]


def main() -> None:
    """Edit in a temporary folder and print what was done."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--edits", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    begin = time.perf_counter()
    memory = Path("/dev/shm")  # noqa: S108 - files behave the same there, and it spares the disk
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        worlds = Worlds(Path(folder).resolve(), random.Random(options.seed))  # noqa: S311
        worlds.begin()
        worlds.go(options.edits)
        os.chdir("/")
    done = ", ".join(f"{count:,} {what}" for what, count in sorted(worlds.counts.items()))
    sys.stdout.write(f"{done}; no difference; {time.perf_counter() - begin:.1f} s\n")


if __name__ == "__main__":
    main()
