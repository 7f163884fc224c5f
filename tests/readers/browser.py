"""Reading with headless Chromium, and with axe, which checks the Web Content Accessibility Guidelines.

Needs chromium, and the npm package axe-core: `npm install` in this folder (or a folder named in NODE_PATH).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TypedDict

from playwright.sync_api import Browser, Page, sync_playwright

_FOLDERS = (str(Path(__file__).parent / "node_modules"), *os.environ.get("NODE_PATH", "").split(os.pathsep))
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]


class Violation(TypedDict):
    """A rule that axe found broken, and the elements that break it."""

    id: str
    nodes: list[str]


@cache
def available() -> bool:
    """Return whether chromium and axe are installed."""
    return shutil.which("chromium") is not None and _axe_path() is not None


@contextmanager
def launched() -> Iterator[Browser]:
    """Yield a browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Yield the address at which a folder is served, only on this machine."""
    server = _Server(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def violations(page: Page) -> list[Violation]:
    """Return the rules that axe finds broken on the page as displayed."""
    path = _axe_path()
    if path is None:
        raise FileNotFoundError("axe-core is not installed")
    page.evaluate(path.read_text(encoding="utf-8"))
    broken_rules: list[Violation] = page.evaluate(
        """async (tags) => {
            const { violations } = await axe.run(document, { runOnly: { type: "tag", values: tags } });
            return violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html }) => html) }));
        }""",
        _RULES,
    )
    return broken_rules


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_arguments: object) -> None:
        """Ignore browsers that hang up when a page is closed."""


class _Handler(SimpleHTTPRequestHandler):
    extensions_map = {**SimpleHTTPRequestHandler.extensions_map, ".ics": "text/calendar; charset=utf-8"}  # noqa: RUF012

    def log_message(self, *_arguments: object) -> None:
        """Print nothing."""


@cache
def _axe_path() -> Path | None:
    paths = (Path(folder, "axe-core", "axe.min.js") for folder in _FOLDERS if folder)
    return next((path for path in paths if path.is_file()), None)
