"""Commands that read the sources and compare or write: `check`, `build`, `diff`."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import click

from calfeed.cli.common import (
    Bar,
    baseline_option,
    build_time,
    describe_contents,
    events_argument,
    format_option,
    load_baseline,
    load_project,
    load_published,
    output_option,
    problems_to_stderr,
    read_option,
    say,
)

_MOST_JOBS = 61  # the most processes that Windows can wait for at once
_USUAL_JOBS = 8  # with more, the part that a single process must do takes longer than the rest
_GARBAGE = 200_000  # new objects before Python looks for cycles


@click.command()
@events_argument
@format_option("github")
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings too.")
def check(events: Path, form: Literal["text", "json", "github"], strict: bool) -> None:
    """Report all problems in the folder EVENTS; write nothing."""
    from calfeed.diagnostics import report
    from calfeed.diagnostics.problem import SourceError, has_errors, sort_problems
    from calfeed.resolve.load import load
    from calfeed.revisions.revise import far_revisions

    now = build_time()
    try:
        project = load(events, progress=Bar().show)
        problems = sort_problems([*project.problems, *far_revisions(project.events, now)])
    except SourceError as cause:
        problems = cause.problems
    if form == "github":
        # GitHub must act on these commands, so they are printed as they are; quoted text in them is escaped.
        click.echo(report.format_problems_github(problems), nl=False)
    else:
        say(report.format_problems(problems) if form == "text" else report.format_problems_json(problems))
    say(report.summarize(problems), err=True)
    if has_errors(problems) or (strict and problems):
        sys.exit(1)


@click.command()
@events_argument
@output_option
@click.option("--check", "dry", is_flag=True, help="Write nothing; exit with 1 if the output is out of date.")
@baseline_option
@click.option("--first", is_flag=True, help="Allow a missing baseline (first publication).")
@click.option("--base-url", metavar="URL", help="The address to publish at, instead of the calendar's url.")
@click.option("--allow-removals", is_flag=True, help="Allow many events, or feeds, to disappear for subscribers.")
@click.option("--allow-new-id", is_flag=True, help="Allow the calendar's id, and so every UID, to change.")
@click.option("--no-site", is_flag=True, help="Write only feeds and event files, no web pages.")
@click.option(
    "--jobs",
    type=click.IntRange(1, _MOST_JOBS),
    metavar="N",
    help="Processes that read files and render pages, if there are many (default: one per core, at most 8).",
)
def build(
    events: Path,
    out: Path,
    dry: bool,
    baseline: str | None,
    first: bool,
    base_url: str | None,
    allow_removals: bool,
    allow_new_id: bool,
    no_site: bool,
    jobs: int | None,
) -> None:
    """Build the folder EVENTS into feeds, one .ics file per event, and a web site around them.

    The build compares with what is published, to find new, changed and removed events: with the manifest in the output
    folder, or with the one at --baseline.
    """
    from calfeed.diagnostics import report

    if first and baseline is None:
        raise click.UsageError("--first needs --baseline")
    now = build_time()
    # A build keeps its objects until the end, with hardly any cycles: looking for them took a twentieth of its time.
    gc.set_threshold(_GARBAGE)

    from calfeed.editions.consent import Consent
    from calfeed.parallel import processes
    from calfeed.pipeline.build import build as build_folder
    from calfeed.pipeline.options import Options

    with (
        problems_to_stderr(f"nothing in {out.as_posix()} was changed"),
        processes(jobs or min(_cores(), _USUAL_JOBS)) as executor,
    ):
        result = build_folder(
            events,
            out,
            now=now,
            base_url=_read_base_url(base_url),
            options=Options(
                baseline=None if baseline is None else load_baseline(baseline, may_miss=first),
                consent=Consent(allow_removals, allow_new_id),
                site=not no_site,
            ),
            check=dry,
            progress=Bar().show,
            executor=executor,
        )
    say(report.format_problems(result.problems), err=True)
    contents = describe_contents(result.events, result.feeds)
    if result.has_finished_another:
        say(f"an earlier build of {out.as_posix()} was interrupted; this build has finished it", err=True)
    if result.is_first and not dry:
        say(f"{baseline or out.as_posix()} has no manifest; treating this as a first build", err=True)
    changes = result.changes
    if not changes:
        say(f"{out.as_posix()} is up to date: {contents}")
        return
    if dry:
        for path in sorted([*changes.written, *changes.deleted]):
            say(f"out of date: {(out / path).as_posix()}")
        sys.exit(1)
    deleted = f", {report.plural(len(changes.deleted), 'file')} deleted" if changes.deleted else ""
    say(f"{out.as_posix()}: {contents}; {report.plural(len(changes.written), 'file')} written{deleted}")


@click.command()
@events_argument
@output_option
@baseline_option
@format_option("markdown")
@click.option("--zone", "tzids", multiple=True, metavar="ZONE", help="Show times in this zone too; may be repeated.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 if there is a difference.")
def diff(
    events: Path,
    out: Path,
    baseline: str | None,
    form: Literal["text", "json", "markdown"],
    tzids: Sequence[str],
    exit_code: bool,
) -> None:
    """Show what a build of EVENTS would change for subscribers."""
    from calfeed.cli import diff_report
    from calfeed.editions.diff import diff as find_difference
    from calfeed.values import places

    for tzid in tzids:
        read_option(places.read_zone, tzid, "--zone")
    project = load_project(events)
    now = build_time()
    with problems_to_stderr():
        published = load_published(baseline, out)
        difference = find_difference(project, published, now=now)
    if form == "json":
        say(diff_report.format_difference_json(difference))
    elif form == "markdown":
        say(diff_report.format_difference_markdown(difference, tzids))
    else:
        say(diff_report.format_difference(difference, tzids))
    say(diff_report.summarize_difference(difference), err=True)
    if exit_code and difference:
        sys.exit(1)


def _read_base_url(written: str | None) -> str | None:
    if written is None:
        return None
    from calfeed.text.urls import read_base_url

    return read_option(read_base_url, written, "--base-url")


def _cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
