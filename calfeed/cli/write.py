"""Commands that write sources: `init`, `new`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from calfeed.cli.common import (
    EVENTS,
    problems_to_stderr,
    read_option,
    say,
)


@click.command()
@click.argument("folder", metavar="[DIR]", type=click.Path(file_okay=False, path_type=Path), default=".")
@click.option(
    "--ci", type=click.Choice(["github", "gitlab"]), help="Also write a workflow that checks and publishes it."
)
def init(folder: Path, ci: Literal["github", "gitlab"] | None) -> None:
    """Write a small working example calendar into DIR (default: here).

    With --ci, also write a workflow, or only the workflow if there is a calendar already. Nothing is overwritten.
    """
    from calfeed.cli.scaffold import has_calendar, write_example, write_workflow

    with problems_to_stderr():
        written = [write_workflow(folder, ci)] if ci else []
        if not (ci and has_calendar(folder)):
            written += write_example(folder)
    for path in written:
        say(path.as_posix())
    if ci:
        say("Now commit it. For the first publication, see docs/how-to/publish-with-ci.md", err=True)
        return
    where = "" if folder == Path() else f"cd {folder.as_posix()} && "
    say(f"Now build it: {where}calfeed build", err=True)


@click.command()
@click.argument("summary")
@click.option("--start", required=True, metavar="TIME", help="2027-05-18 18:00, or a date for an all-day event.")
@click.option("--end", metavar="TIME", help="A time, or the last day.")
@click.option("--duration", metavar="DURATION", help="90m, 1h30m or 3d, instead of --end.")
@click.option("--venue", metavar="ID", help="A venue in venues.yaml.")
@click.option("--timezone", metavar="ZONE", help="The zone, if neither venue nor calendar sets it.")
@click.option("--id", "event_id", metavar="ID", help="The id and file name (default: made from SUMMARY).")
@click.option("--events", type=EVENTS, default="events", show_default=True, help="The folder of events.")
def new(summary: str, events: Path, event_id: str | None, **values: str | None) -> None:
    """Add a file for an event named SUMMARY, with a stable id."""
    from calfeed.cli.scaffold import write_event
    from calfeed.diagnostics import report
    from calfeed.values import ids, times

    read_option(times.read_moment, values["start"], "--start")
    name = read_option(ids.read_id, event_id, "--id") or ids.slugify(summary)
    if not name:
        raise click.UsageError("cannot make an id from this summary; give one of a-z, 0-9 and - with --id")
    written = {"summary": summary, **{key: value for key, value in values.items() if value is not None}}
    with problems_to_stderr():
        path, problems = write_event(events, name, written, may_date=event_id is None)
    say(report.format_problems(problems), err=True)
    say(path.as_posix())
