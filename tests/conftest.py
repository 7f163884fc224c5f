"""Options and markers of the whole suite."""

from __future__ import annotations

import os

import pytest
from readers import icaljs


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--update-golden`, which rewrites expected files instead of comparing with them."""
    parser.addoption("--update-golden", action="store_true", help="rewrite the expected files under tests/data")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Tell whether expected files are to be rewritten; never so in CI."""
    return bool(request.config.getoption("--update-golden")) and os.environ.get("CI") != "true"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs node where node or ical.js is missing; in CI that is a failure instead."""
    if os.environ.get("CI") == "true" or icaljs.available():
        return
    skip = pytest.mark.skip(reason="needs node and `npm install --prefix tests/readers`")
    for item in items:
        if item.get_closest_marker("node"):
            item.add_marker(skip)
