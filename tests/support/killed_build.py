"""A build that dies between two moves: tests/output runs it in a separate process, with DIST as its argument."""

from __future__ import annotations

import json
import os
import sys
from hashlib import sha256
from pathlib import Path

from calfeed.artifact import Artifact
from calfeed.editions.manifest import MANIFEST
from calfeed.output.dist import open_dist

moves = 0


def die_at_second_move(event: str, arguments: tuple[object, ...]) -> None:
    """Audit hook: end the process, as SIGKILL would, just before the second staged file is moved into DIST."""
    global moves  # noqa: PLW0603 - the hook has nowhere else to count
    if event == "os.rename" and "dist/" in str(arguments[1]).partition(".calfeed/")[0]:
        moves += 1
        if moves == 2:
            os._exit(9)


new = {"a.ics": b"new a", "c.ics": b"new c"}
files = {path: {"sha256": sha256(data).hexdigest(), "size": len(data)} for path, data in new.items()}
manifest = json.dumps({"version": 1, "id": "x", "tzdb": "", "events": [], "feeds": [], "files": files}).encode()
sys.addaudithook(die_at_second_move)
with open_dist(Path(sys.argv[1])) as dist:
    artifacts = [*(Artifact.of(path, data) for path, data in new.items()), Artifact.of(MANIFEST, manifest)]
    dist.write(artifacts, lambda _done, _total: None)
