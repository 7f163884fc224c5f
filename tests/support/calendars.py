"""A calendar that is edited and published again and again, and what its builds report and publish."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from calfeed.diagnostics.problem import PromiseError
from calfeed.editions.consent import Consent
from calfeed.editions.manifest import MANIFEST, Manifest
from calfeed.editions.manifest_json import read_manifest
from calfeed.pipeline.options import Options
from calfeed.pipeline.render import render
from calfeed.resolve.load import load
from support.projects import CALENDAR, NOW, VENUES, write_files

WITH_FEEDS = CALENDAR.replace("automatic_feeds: []\n", "")
REMOVALS = Consent(removals=True)


class Calendar:
    """A calendar that is edited and published repeatedly, with its output in memory."""

    def __init__(self, root: Path, calendar: str = CALENDAR, *, site: bool = True) -> None:
        self.site = site
        self.root = write_files(root / "events", {"calendar.yaml": calendar, "venues.yaml": VENUES})
        self.now = NOW
        self.baseline = Manifest()
        self.files: dict[str, bytes] = {}

    def write(self, **events: str | None) -> None:
        """Write an event file per keyword, with `-` for `_`; None deletes the file."""
        for name, text in events.items():
            path = self.root / f"{name.replace('_', '-')}.yaml"
            if text is None:
                path.unlink()
            else:
                path.write_text(text, encoding="utf-8")

    def publish(self, consent: Consent = Consent(), after: timedelta = timedelta(days=1)) -> dict[str, bytes]:  # noqa: B008
        """Build after some time has passed, and return the files."""
        self.now += after
        artifacts = render(
            load(self.root), now=self.now, options=Options(baseline=self.baseline, consent=consent, site=self.site)
        )
        self.files = {artifact.path: artifact.data for artifact in artifacts}
        self.baseline = read_manifest(self.files[MANIFEST], "dist/calfeed.json")
        return self.files

    def event(self, event_id: str) -> dict[str, object]:
        """Return an event's entry in the manifest."""
        return dict(next(item for item in json.loads(self.files[MANIFEST])["events"] if item["id"] == event_id))

    def lines(self, path: str) -> list[str]:
        """Return the unfolded lines of a file."""
        return self.files[path].decode().replace("\r\n ", "").split("\r\n")


def code_of(calendar: Calendar, consent: Consent = Consent()) -> list[str]:  # noqa: B008
    """Return the codes for which a build is refused."""
    with pytest.raises(PromiseError) as refusal:
        calendar.publish(consent)
    return [problem.code for problem in refusal.value.problems]


def vevents(data: bytes) -> dict[str, bytes]:
    """Return the VEVENTs of a file by UID; those of one series are joined."""
    bodies: dict[str, bytes] = {}
    for part in data.split(b"BEGIN:VEVENT\r\n")[1:]:
        body = part.partition(b"END:VEVENT\r\n")[0]
        uid = next(line for line in body.split(b"\r\n") if line.startswith(b"UID:"))
        bodies[uid.decode()] = bodies.get(uid.decode(), b"") + body
    return bodies
