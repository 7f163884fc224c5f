"""Options, markers and fixtures of the whole suite."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from readers import browser, icaljs, libical
from support.projects import TALK, write_events
from support.servers import program

# Tools that pip does not install: whether each is available, and how to get it.
TOOLS = {
    "libical": (libical.available, "needs gcc, libc6-dev and libical-dev"),
    "node": (icaljs.available, "needs node and `npm install --prefix tests/readers`"),
    "browser": (browser.available, "needs chromium and `npm install --prefix tests/readers`"),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--update-golden`, which rewrites expected files instead of comparing against them."""
    parser.addoption("--update-golden", action="store_true", help="rewrite the expected files under tests/data")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Return whether to rewrite expected files; CI never does."""
    return bool(request.config.getoption("--update-golden")) and os.environ.get("CI") != "true"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Write a folder of two events and return it."""
    return write_events(tmp_path, talk=TALK, tour="summary: Tour\nstart: 2027-06-05\nvenue: hub\n")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests that need a missing tool; in CI they fail instead."""
    if os.environ.get("CI") == "true":
        return
    for item in items:
        for name, (is_available, reason) in TOOLS.items():
            if item.get_closest_marker(name) and not is_available():
                item.add_marker(pytest.mark.skip(reason=reason))
        for name in (name for marker in item.iter_markers("server") for name in marker.args):
            if program(name) is None:
                item.add_marker(pytest.mark.skip(reason=f"needs the program {name}"))
