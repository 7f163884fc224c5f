"""Random histories of a calendar, against a model of its subscribers.

The model keeps, for each feed, every UID that a subscriber may have read there, and the latest end ever published under
that UID. After each build, every feed in which an upcoming event was read must still have it, as it is or cancelled;
only an event that takes place may leave a feed. Past events are never cancelled afterwards, no tombstone is kept after
every copy of it is over, and a build at any later time changes nothing.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from support.calendars import REMOVALS, WITH_FEEDS, Calendar, vevents
from support.projects import write_files

from calfeed.editions.manifest import MANIFEST

DAY = timedelta(days=1)
BEGIN = datetime(2027, 1, 1, tzinfo=UTC)
BUILDS = 25


@dataclass
class Written:
    """An event of the sources: its first and last day, its categories, and whether it is cancelled."""

    first: date
    weeks: int
    category: str
    is_cancelled: bool = False

    @property
    def last(self) -> date:
        """The last day of the event."""
        return self.first + timedelta(weeks=self.weeks)

    @property
    def text(self) -> str:
        """The YAML of the event."""
        series = f"rrule: {{freq: weekly, count: {self.weeks + 1}}}\n" if self.weeks else ""
        status = "status: cancelled\n" if self.is_cancelled else ""
        return f"summary: Event\nstart: {self.first} 18:00\nend: 20:00\ncategories: {self.category}\n{series}{status}"


@dataclass
class World:
    """A calendar, its sources, and what subscribers may have read."""

    calendar: Calendar
    rng: random.Random
    sources: dict[str, Written] = field(default_factory=dict)
    latest: dict[str, date] = field(default_factory=dict)
    read: dict[str, set[str]] = field(default_factory=dict)
    took_place: dict[str, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    story: list[str] = field(default_factory=list)

    @property
    def today(self) -> date:
        """The day of the last build."""
        return self.calendar.now.date()

    # -- edits

    def edit(self) -> None:
        """Change the sources at random."""
        edits = (self.create, self.move, self.recategorise, self.recategorise, self.cancel, self.delete)
        edit = self.rng.choice(edits) if len(self.sources) > 3 else self.create
        self.story.append(edit.__name__)
        edit()
        if self.rng.random() < 0.2:
            self.choose_window()
        for name, written in self.sources.items():
            (self.calendar.root / f"{name}.yaml").write_text(written.text, encoding="utf-8")

    def create(self) -> None:
        """Add an event, or restore a deleted one, unchanged or changed."""
        name = f"event-{self.rng.randint(1, 9)}"
        weeks = self.rng.choice((0, 0, 0, 4))
        first = self.today + timedelta(days=self.rng.randint(-10, 120))
        self.sources.setdefault(name, Written(first, weeks, self.rng.choice(("music", "film"))))

    def move(self) -> None:
        """Move, shorten or lengthen an upcoming event; past events stay."""
        for written in self._some():
            if written.first > self.today:
                written.first = self.today + timedelta(days=self.rng.randint(1, self.rng.choice((8, 120))))
                written.weeks = self.rng.choice((0, 0, 3, 8))

    def recategorise(self) -> None:
        """Give an event another category."""
        for written in self._some():
            written.category = self.rng.choice(("music", "film", "[music, film]"))

    def cancel(self) -> None:
        """Cancel an event that has not begun, or confirm it again."""
        for written in self._some():
            if written.first > self.today:
                written.is_cancelled = not written.is_cancelled

    def delete(self) -> None:
        """Delete an event that is over or has not begun."""
        ahead = [name for name, written in self.sources.items() if written.first > self.today]
        over = [name for name, written in self.sources.items() if written.last < self.today]
        for name in self.rng.sample(over or ahead, min(1, len(over or ahead))):
            del self.sources[name]
            (self.calendar.root / f"{name}.yaml").unlink(missing_ok=True)

    def choose_window(self) -> None:
        """Choose the days for which the main feed and the automatic ones have events."""
        first, last = (self.today + timedelta(days=days) for days in (-30, 30))
        window = self.rng.choice(("", "", f"window: {{from: {first}}}\n", f"window: {{to: {last}}}\n"))
        write_files(self.calendar.root, {"calendar.yaml": WITH_FEEDS + window})

    def _some(self) -> list[Written]:
        return [self.sources[name] for name in self.rng.sample(sorted(self.sources), min(1, len(self.sources)))]

    # -- what subscribers see

    def build(self, days: int) -> None:
        """Build after some days, with consent to removals, and check every published feed."""
        files = self.calendar.publish(REMOVALS, after=timedelta(days=days))
        for name, written in self.sources.items():
            uid = f"{name}@test.example"
            self.latest[uid] = max(self.latest.get(uid, written.last), written.last)
            if not written.is_cancelled and written.last + 2 * DAY <= self.today:
                self.took_place[uid] = f"{written.first:%Y%m%d}"
        for path in files:
            if path.endswith(".ics") and not path.startswith("events/"):
                held = {uid.removeprefix("UID:"): data for uid, data in vevents(files[path]).items()}
                self.read.setdefault(path, set()).update(held)
                for uid in sorted(self.read[path]):
                    self.look(uid, held.get(uid), f"{path}: {uid} on {self.today}, {self.story}")
                # Past events need no notice, even if their UID is used again for an upcoming event.
                over = {uid for uid in self.read[path] if self.latest[uid] + 2 * DAY < self.today}
                self.read[path] -= over

    def look(self, uid: str, vevent: bytes | None, what: str) -> None:
        """Check an event in a feed in which it may have been read."""
        written = self.sources.get(uid.removesuffix("@test.example"))
        takes_place = written is not None and not written.is_cancelled
        if vevent is None:
            is_ahead = self.latest[uid] > self.today
            assert takes_place or not is_ahead, what
            self.counts["left, and takes place" if is_ahead else "left, and is over"] += 1
            return
        is_cancelled = b"STATUS:CANCELLED\r\n" in vevent
        assert not (is_cancelled and takes_place), what
        if self.took_place.get(uid, "never").encode() in vevent:
            assert not is_cancelled, what
        is_left = "written" if written else "left"
        self.counts[f"{is_left}, {'cancelled' if is_cancelled else 'confirmed'}"] += 1

    def rest(self, days: int) -> None:
        """Build without any change after some days: nothing changes."""
        now, baseline, files = self.calendar.now, self.calendar.baseline, self.calendar.files
        assert self.calendar.publish(after=timedelta(days=days)) == files, self.story
        self.calendar.now, self.calendar.baseline = now, baseline

    def forget(self) -> None:
        """Wait until everything is over: only a line in the manifest remains for each UID."""
        self.calendar.write(late="summary: Late\nstart: 2040-01-01 18:00\nend: 20:00\n")
        manifest = json.loads(self.calendar.publish(REMOVALS, after=timedelta(days=1000))[MANIFEST])
        assert not any("removed" in row or "held_until" in row or "held_in" in row for row in manifest["events"])
        lost = self.latest.keys() - {row["uid"] for row in manifest["events"]}
        assert lost == manifest.get("retired", {}).keys()


def live(seed: int, root: Path) -> Counter[str]:
    """Play a history, and return what appeared in feeds."""
    calendar = Calendar(root, WITH_FEEDS, site=False)
    calendar.now = BEGIN
    world = World(calendar, random.Random(seed))  # noqa: S311
    for _ in range(BUILDS):
        world.edit()
        world.build(world.rng.choice((0, 1, 3, 10)))
        if world.rng.random() < 0.2:
            world.rest(world.rng.choice((1, 50, 500)))
    world.forget()
    return world.counts


def test_feeds_show_every_event_that_may_be_held(tmp_path: Path) -> None:
    """In any history, a feed shows each event that was read there, as long as a subscriber may hold it."""
    seen = sum((live(seed, tmp_path / str(seed)) for seed in range(8)), Counter[str]())
    assert seen.keys() == {
        "written, confirmed",
        "written, cancelled",
        "left, confirmed",
        "left, cancelled",
        "left, and takes place",
        "left, and is over",
    }
