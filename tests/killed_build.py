"""A build that dies between two moves: run by test_output.py in a process of its own, with DIST as argument."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from calfeed.ledger import MANIFEST
from calfeed.model import Artifact
from calfeed.output import open_dist

moves = 0


def die_at_second_move(event: str, arguments: tuple[object, ...]) -> None:
    """Audit hook: end the process as SIGKILL would, when the second staged file is about to be moved into DIST."""
    global moves  # noqa: PLW0603 - the hook has no other place to count
    if event == "os.rename" and "dist/" in str(arguments[1]).partition(".calfeed/")[0]:
        moves += 1
        if moves == 2:
            os._exit(9)


files = {path: {"sha256": "", "size": 0} for path in ("a.ics", "c.ics")}
manifest = json.dumps({"version": 1, "id": "x", "tzdb": "", "events": [], "feeds": [], "files": files}).encode()
sys.addaudithook(die_at_second_move)
with open_dist(Path(sys.argv[1])) as dist:
    artifacts = [Artifact("a.ics", b"new a"), Artifact("c.ics", b"new c"), Artifact(MANIFEST, manifest)]
    dist.write(artifacts, lambda _done, _total: None)
