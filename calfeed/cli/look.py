"""Commands that show something and write nothing: `zones`, `list`, `show`, `schema`, `explain`."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Literal

import click

from calfeed.cli.common import (
    baseline_option,
    build_time,
    events_argument,
    format_option,
    load_project,
    load_published,
    output_option,
    problems_to_stderr,
    say,
)

DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@events_argument
@output_option
@baseline_option
@format_option()
def zones(events: Path, out: Path, baseline: str | None, form: Literal["text", "json"]) -> None:
    """List the zones in EVENTS, their clock changes within a year, and changes of law since the last build."""
    from calfeed.cli import diff_report
    from calfeed.editions.zone_law import changed_laws, zones_in_use

    project = load_project(events)
    now = build_time()
    with problems_to_stderr():
        published = load_published(baseline, out)
    used, laws = zones_in_use(project.events, now), tuple(changed_laws(published.zones))
    formats = {"text": diff_report.format_zones, "json": diff_report.format_zones_json}
    say(formats[form](used, laws, published.tzdb))


@click.command("list")
@events_argument
@click.option("--from", "first", type=DAY, metavar="DATE", help="List occurrences from this day on.")
@click.option("--to", "last", type=DAY, metavar="DATE", help="List occurrences up to this day.")
@format_option()
def list_(events: Path, first: datetime | None, last: datetime | None, form: Literal["text", "json"]) -> None:
    """List the events in EVENTS, or their occurrences.

    Each line shows local time, zone and UTC. A series is one line with its rule; with --from or --to, each of its
    occurrences is a line.
    """
    from calfeed.cli import event_report
    from calfeed.series.agenda import on_days

    listed = load_project(events).events
    if first is not None or last is not None:
        listed = on_days(listed, first.date() if first else None, last.date() if last else None)
    say(event_report.format_events(listed) if form == "text" else event_report.format_events_json(listed))


@click.command()
@click.argument("event_id", metavar="ID")
@events_argument
@format_option()
def show(event_id: str, events: Path, form: Literal["text", "json"]) -> None:
    """Show the event ID: local time, zone and the reason for it, UTC, and all other fields."""
    from calfeed.cli import event_report
    from calfeed.diagnostics.spelling import did_you_mean

    events_by_id = {event.id: event for event in load_project(events).events}
    if event_id not in events_by_id:
        hint = did_you_mean(event_id, events_by_id, "`calfeed list` shows them all")
        say(f"there is no event `{event_id}`; {hint}", err=True)
        sys.exit(1)
    event = events_by_id[event_id]
    say(event_report.format_event(event) if form == "text" else event_report.format_event_json(event))


@click.command()
@click.argument("kind", type=click.Choice(["events", "calendar", "venues", "defaults"]), default="events")
def schema(kind: str) -> None:
    """Print the JSON Schema of a kind of file, for editors (default: events)."""
    from calfeed.diagnostics.report import format_json
    from calfeed.source.json_schema import json_schema

    say(format_json(json_schema(kind)))


@click.command()
@click.argument("code", required=False)
def explain(code: str | None) -> None:
    """Explain a problem: what its code means, an example, and what to do.

    CODE is the word in brackets at the end of an error or a warning, such as missing-end. Without it, list all codes.
    """
    from calfeed.cli.explain import load_sections
    from calfeed.diagnostics.codes import CODES
    from calfeed.diagnostics.spelling import did_you_mean

    if code is None:
        width = max(map(len, CODES))
        say("\n".join(f"{name:{width}}  {kind.severity:7}  {kind.sentence}" for name, kind in CODES.items()))
        return
    if code not in CODES:
        hint = did_you_mean(code, CODES, "`calfeed explain` lists them all")
        raise click.BadParameter(f"`{code}` is not a problem code; {hint}", param_hint="CODE")
    say(f"{code} ({CODES[code].severity})\n\n{load_sections()[code]}\n")
