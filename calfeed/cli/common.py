"""What commands have in common: options, printing, problems, the clock and the environment."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from calfeed.editions.manifest import Manifest
    from calfeed.model import Project

_T = TypeVar("_T")
_F = TypeVar("_F", bound=Callable[..., object])
EVENTS = click.Path(exists=True, file_okay=False, path_type=Path)
_EARLIEST, _LATEST = 1970, 2200  # the years allowed for a build's time
events_argument = click.argument("events", type=EVENTS, default="events")
output_option = click.option(
    "-o",
    "--output",
    "out",
    type=click.Path(path_type=Path),
    default="dist",
    show_default=True,
    help="The output folder.",
)


def _read_baseline(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    if value is not None and not value.strip():
        raise click.BadParameter("it is empty; give a manifest or its folder, or omit the option")
    return value


baseline_option = click.option(
    "--baseline",
    metavar="PATH|URL",
    callback=_read_baseline,
    help="The published manifest, or its folder, to compare with, instead of the output folder.",
)


def format_option(*others: str) -> Callable[[_F], _F]:
    """Return the option `--format`, with the choices text, JSON and `others`."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(["text", "json", *others]),
        default="text",
        show_default=True,
        help="Output format.",
    )


def say(text: str, *, err: bool = False) -> None:
    """Write lines to stdout or stderr. Text from sources, manifests and hosts is made harmless."""
    from calfeed.diagnostics.report import shown_text

    if text:
        click.echo(shown_text(text.removesuffix("\n")), err=err)


@contextmanager
def problems_to_stderr(
    consequence: str | None = None, unfinished: str = "the output is half written; the next build finishes it"
) -> Iterator[None]:
    """On a `CalfeedError`, show its problems and the consequence, and exit with 1."""
    from calfeed.diagnostics import report
    from calfeed.diagnostics.problem import CalfeedError, UnfinishedError

    try:
        yield
    except CalfeedError as cause:
        say(report.format_problems(cause.problems), err=True)
        if isinstance(cause, UnfinishedError):
            consequence = unfinished
        summary = report.summarize(cause.problems)
        say(f"{summary}; {consequence}" if consequence else summary, err=True)
        sys.exit(1)


def load_project(events: Path) -> Project:
    """Return the project of a folder. If it has errors, show them and end the command."""
    from calfeed.resolve.load import load

    with problems_to_stderr():
        return load(events, progress=Bar().show)


def load_published(baseline: str | None, out: Path) -> Manifest:
    """Return the manifest at `--baseline`, or that of the output folder, which may have none yet."""
    return load_baseline(out.as_posix() if baseline is None else baseline, may_miss=baseline is None)


def load_baseline(location: str, *, may_miss: bool) -> Manifest:
    """Return the manifest at `location`; an empty one if it is missing and `may_miss` is true."""
    from calfeed.diagnostics.problem import Mark, OutputError, problem_at
    from calfeed.editions.manifest import Manifest
    from calfeed.fetch.baseline import folder_meant, load_baseline

    manifest = load_baseline(location)
    if manifest is None and not may_miss:
        folder = folder_meant(location)
        check = f"write {folder} if that is the folder" if folder else "check the address"
        hint = f"{check}; for a first build, add --first"
        raise OutputError([problem_at(Mark(path=location), "missing-baseline", "there is no baseline here", hint)])
    return manifest or Manifest(path=location)


def build_time() -> datetime:
    """Return SOURCE_DATE_EPOCH (https://reproducible-builds.org/specs/source-date-epoch/), else the clock."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch is None:
        return datetime.now(UTC)
    try:
        now = datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError):
        raise click.UsageError(f"SOURCE_DATE_EPOCH is not a number of seconds: {epoch!r}") from None
    if not _EARLIEST <= now.year <= _LATEST:
        raise click.UsageError(f"SOURCE_DATE_EPOCH is in the year {now.year}, not {_EARLIEST} to {_LATEST}")
    return now


def read_option(read: Callable[[str], _T], text: str | None, option: str) -> _T | None:
    """Return an option's value as the sources would read it; a value they would refuse is wrong usage."""
    from calfeed.diagnostics.problem import InvalidValue

    try:
        return None if text is None else read(text)
    except InvalidValue as refusal:
        raise click.BadParameter(f"{refusal.message}; {refusal.hint}", param_hint=option) from None


def describe_contents(events: int, feeds: int) -> str:
    """Return the number of events and feeds of an output: `2 events in 1 feed`."""
    from calfeed.diagnostics import report

    return f"{report.plural(events, 'event')} in {report.plural(feeds, 'feed')}"


class Bar:
    """Progress of a build, shown only on a terminal and only after a second."""

    def __init__(self) -> None:
        self._begin = time.monotonic()
        self._stage = ""
        self._bar: Any = None
        click.get_current_context().call_on_close(self._finish)  # restores the cursor, whatever happens

    def show(self, stage: str, done: int, total: int) -> None:
        """Show how far a stage has come."""
        if stage != self._stage or done >= total:
            self._finish()
        if done >= total or not sys.stderr.isatty() or time.monotonic() - self._begin < 1:
            return
        if self._bar is None:
            self._stage = stage
            self._bar = click.progressbar(length=total, label=f"{stage:<9}", file=sys.stderr)
        self._bar.update(done - self._bar.pos)

    def _finish(self) -> None:
        if self._bar is not None:
            self._bar.render_finish()
            self._bar = None
