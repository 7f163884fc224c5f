"""The command line: thin. Only here are the clock, the environment and the streams."""

from __future__ import annotations

import functools
import gc
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

if TYPE_CHECKING:
    from socket import socket

    from calfeed.diagnostics.problem import CalfeedError
    from calfeed.editions.manifest import Manifest
    from calfeed.model import Project
    from calfeed.pipeline import BuildResult
    from calfeed.publish.target import Target

_T = TypeVar("_T")
_EVENTS = click.Path(exists=True, file_okay=False, path_type=Path)
_DAY = click.DateTime(["%Y-%m-%d"])
_SERVE_PACKAGES = ("starlette", "uvicorn", "watchfiles")
_EARLIEST, _LATEST = 1970, 2200  # years a build's time may be in
_MOST_JOBS = 61  # the most processes that Windows can wait for at once
_USUAL_JOBS = 8  # with more, what one process must do alone takes longer than the share of each
_GARBAGE = 200_000  # new objects before Python looks for cycles
_events_argument = click.argument("events", type=_EVENTS, default="events")
_output_option = click.option(
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
        raise click.BadParameter("it is empty: name a manifest or its folder, or leave the option out")
    return value


_baseline_option = click.option(
    "--baseline",
    metavar="PATH|URL",
    callback=_read_baseline,
    help="What is published now: a manifest or its folder, here or on the web, instead of the output folder.",
)
_format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For eyes or programs.",
)


class _Commands(click.Group):
    """The commands; what wrong usage quotes is shown as all other texts are."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except click.UsageError as cause:
            from calfeed.diagnostics.report import shown_text  # correct usage need not wait for it

            raise click.UsageError(shown_text(cause.format_message()), cause.ctx) from cause


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="calfeed", prog_name="calfeed")
def main() -> None:
    """Turn events in YAML, with local times and venues, into timezone-correct iCalendar feeds.

    Results go to stdout, everything else to stderr. Exit codes: 0 done, 1 problems found or output out of date, 2 wrong
    usage.
    """


@main.command()
@click.argument("folder", metavar="[DIR]", type=click.Path(file_okay=False, path_type=Path), default=".")
@click.option("--ci", type=click.Choice(["github", "gitlab"]), help="Also write what checks and publishes it there.")
def init(folder: Path, ci: Literal["github", "gitlab"] | None) -> None:
    """Write a small working example calendar into DIR (default: here).

    With --ci a workflow comes with it, or by itself where there is a calendar already. Nothing is overwritten.
    """
    from calfeed.cli.scaffold import has_calendar, write_example, write_workflow

    with _problems_to_stderr():
        written = [write_workflow(folder, ci)] if ci else []
        if not (ci and has_calendar(folder)):
            written += write_example(folder)
    for path in written:
        _say(path.as_posix())
    if ci:
        _say("Now commit it. How the first publication begins is in docs/how-to/publish-with-ci.md", err=True)
        return
    where = "" if folder == Path() else f"cd {folder.as_posix()} && "
    _say(f"Now build it: {where}calfeed build", err=True)


@main.command()
@click.argument("summary")
@click.option("--start", required=True, metavar="TIME", help="2027-05-18 18:00, or a date for whole days.")
@click.option("--end", metavar="TIME", help="A time, or the last day.")
@click.option("--duration", metavar="DURATION", help="90m, 1h30m, 3d; instead of --end.")
@click.option("--venue", metavar="ID", help="A venue of venues.yaml.")
@click.option("--timezone", metavar="ZONE", help="Where neither venue nor calendar settle it.")
@click.option("--id", "event_id", metavar="ID", help="The id and file name; made of SUMMARY if not given.")
@click.option("--events", type=_EVENTS, default="events", show_default=True, help="The folder of events.")
def new(summary: str, events: Path, event_id: str | None, **values: str | None) -> None:
    """Add a file for an event named SUMMARY, with a stable id."""
    from calfeed.cli.scaffold import write_event
    from calfeed.diagnostics import report
    from calfeed.values import fields, times

    _read_option(times.read_moment, values["start"], "--start")
    name = _read_option(fields.read_id, event_id, "--id") or fields.slugify(summary)
    if not name:
        raise click.UsageError("no id can be made of this summary: give one in a-z, 0-9 and - with --id")
    written = {"summary": summary, **{key: value for key, value in values.items() if value is not None}}
    with _problems_to_stderr():
        path, problems = write_event(events, name, written, may_date=event_id is None)
    _say(report.format_problems(problems), err=True)
    _say(path.as_posix())


@main.command()
@_events_argument
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
    help="For eyes, programs, or the lines of a pull request.",
)
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings too.")
def check(events: Path, form: Literal["text", "json", "github"], strict: bool) -> None:
    """Report all problems of the folder EVENTS; write nothing."""
    from calfeed.diagnostics import report
    from calfeed.diagnostics.problem import Severity, SourceError, sort_problems
    from calfeed.resolve.load import load
    from calfeed.revisions.revise import far_revisions

    now = _build_time()
    try:
        project = load(events, progress=_Bar().show)
        problems = sort_problems([*project.problems, *far_revisions(project.events, now)])
    except SourceError as cause:
        problems = cause.problems
    if form == "github":
        click.echo(report.format_problems_github(problems), nl=False)  # GitHub must obey it; what it quotes is escaped
    else:
        _say(report.format_problems(problems) if form == "text" else report.format_problems_json(problems))
    _say(report.summarize(problems), err=True)
    if any(strict or problem.severity is Severity.ERROR for problem in problems):
        sys.exit(1)


@main.command()
@_events_argument
@_output_option
@click.option("--check", "dry", is_flag=True, help="Write nothing; exit with 1 if the output is out of date.")
@_baseline_option
@click.option("--first", is_flag=True, help="There may be nothing at --baseline yet: then every event is new.")
@click.option("--base-url", metavar="URL", help="Where the output will be published, instead of the calendar's url.")
@click.option("--allow-removals", is_flag=True, help="Many events, or feeds, may vanish for subscribers.")
@click.option("--allow-new-id", is_flag=True, help="The calendar's id may change, and with it every UID.")
@click.option("--no-site", is_flag=True, help="Only feeds and files of events, no web pages.")
@click.option(
    "--jobs",
    type=click.IntRange(1, _MOST_JOBS),
    metavar="N",
    help="Processes that read files and make pages, where there are many (default: one for each core, 8 at most).",
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

    What was published before settles which events are new, changed or gone: by default the manifest in the output
    folder, else the one at --baseline.
    """
    from calfeed.diagnostics import report

    if first and baseline is None:
        raise click.UsageError("--first says something of --baseline, and there is none")
    now = _build_time()
    # A build keeps what it makes until its end, with hardly any cycles: looking for them took a twentieth of its time.
    gc.set_threshold(_GARBAGE)
    if not (dry or baseline or base_url or allow_removals or allow_new_id) and _is_up_to_date(events, out, no_site):
        return

    from calfeed import pipeline
    from calfeed.editions.edition import Consent
    from calfeed.parallel import processes
    from calfeed.text.urls import read_base_url

    url = _read_option(read_base_url, base_url, "--base-url")
    with (
        _problems_to_stderr(f"nothing in {out.as_posix()} was changed"),
        processes(jobs or min(_cores(), _USUAL_JOBS)) as executor,
    ):
        result = pipeline.build(
            events,
            out,
            now=now,
            base_url=url,
            baseline=None if baseline is None else _load_baseline(baseline, may_miss=first),
            consent=Consent(allow_removals, allow_new_id),
            check=dry,
            site=not no_site,
            progress=_Bar().show,
            executor=executor,
        )
    _say(report.format_problems(result.problems), err=True)
    holds = _holds(len(result.project.events), len(result.project.feeds))
    if result.has_finished_another:
        _say(f"an earlier build of {out.as_posix()} was cut off; what it left undone is done", err=True)
    if result.is_first and not dry:
        _say(f"{baseline or out.as_posix()} had no manifest: a first build, every event is new", err=True)
    changes = result.changes
    if not changes:
        _say(f"{out.as_posix()} is up to date: {holds}")
        return
    if dry:
        for path in sorted([*changes.written, *changes.deleted]):
            _say(f"out of date: {(out / path).as_posix()}")
        sys.exit(1)
    deleted = f", {report.plural(len(changes.deleted), 'file')} deleted" if changes.deleted else ""
    _say(f"{out.as_posix()}: {holds}; {report.plural(len(changes.written), 'file')} written{deleted}")


@main.command()
@_events_argument
@_output_option
@_baseline_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="For eyes, programs, or a comment on a pull request.",
)
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
    from calfeed.values import fields

    for tzid in tzids:
        _read_option(fields.read_zone, tzid, "--zone")
    project = _load(events)
    now = _build_time()
    with _problems_to_stderr():
        published = _load_published(baseline, out)
        found = find_difference(project, published, now=now)
    if form == "json":
        _say(diff_report.format_difference_json(found))
    elif form == "markdown":
        _say(diff_report.format_difference_markdown(found, tzids))
    else:
        _say(diff_report.format_difference(found, tzids))
    _say(diff_report.summarize_difference(found), err=True)
    if exit_code and found:
        sys.exit(1)


@main.command()
@_events_argument
@_output_option
@_baseline_option
@_format_option
def zones(events: Path, out: Path, baseline: str | None, form: Literal["text", "json"]) -> None:
    """List the zones of EVENTS, their changes within a year, and where the law changed since the last build."""
    from calfeed.cli import diff_report
    from calfeed.editions.zone_law import changed_laws, zones_in_use

    project = _load(events)
    now = _build_time()
    with _problems_to_stderr():
        published = _load_published(baseline, out)
    used, laws = zones_in_use(project.events, now), tuple(changed_laws(published.zones))
    formats = {"text": diff_report.format_zones, "json": diff_report.format_zones_json}
    _say(formats[form](used, laws, published.tzdb))


@main.command("list")
@_events_argument
@click.option("--from", "first", type=_DAY, metavar="DATE", help="List occurrences, from this day on.")
@click.option("--to", "last", type=_DAY, metavar="DATE", help="List occurrences, up to this day.")
@_format_option
def list_(events: Path, first: datetime | None, last: datetime | None, form: Literal["text", "json"]) -> None:
    """List the events of EVENTS, or their occurrences.

    Each has its local time, zone and UTC. A series is one line with its rule; between --from and --to each of its
    occurrences has one.
    """
    from calfeed.cli import event_report
    from calfeed.series.agenda import on_days

    found = _load(events).events
    if first is not None or last is not None:
        found = on_days(found, first.date() if first else None, last.date() if last else None)
    _say(event_report.format_events(found) if form == "text" else event_report.format_events_json(found))


@main.command()
@click.argument("event_id", metavar="ID")
@_events_argument
@_format_option
def show(event_id: str, events: Path, form: Literal["text", "json"]) -> None:
    """Show the event ID: local time, zone and why that zone, UTC, and the rest."""
    from calfeed.cli import event_report
    from calfeed.values.fields import did_you_mean

    found = {event.id: event for event in _load(events).events}
    if event_id not in found:
        hint = did_you_mean(event_id, found, "`calfeed list` shows them all")
        _say(f"there is no event `{event_id}`; {hint}", err=True)
        sys.exit(1)
    event = found[event_id]
    _say(event_report.format_event(event) if form == "text" else event_report.format_event_json(event))


@main.command()
@_events_argument
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="Where to listen; 0: any free port."
)
def serve(events: Path, port: int) -> None:
    """Preview what EVENTS would publish, on this computer alone.

    Pages reload when a file changes, and show what is wrong while the sources have mistakes. Ctrl-C ends it.
    """
    try:
        from calfeed.preview.server import serve as serve_preview
    except ModuleNotFoundError as cause:
        if cause.name not in _SERVE_PACKAGES:
            raise
        raise click.UsageError(f"previews need {cause.name}: pip install 'calfeed[serve]'") from cause
    import signal
    from tempfile import TemporaryDirectory

    from calfeed.preview.preview import Preview

    now = _build_time()
    # SIGTERM ends it as Ctrl-C does, so that the temporary folder is removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with _listen(port) as listener, TemporaryDirectory(prefix="calfeed-") as folder, suppress(KeyboardInterrupt):
        _say(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        preview = Preview(events, Path(folder), now)
        serve_preview(preview, events, listener, lambda: _tell_preview(preview.rebuild()))


@main.command()
@click.argument("target")
@click.option(
    "-o", "--output", "out", type=_EVENTS, default="dist", show_default=True, help="The folder that was built."
)
@click.option("--dry-run", "dry", is_flag=True, help="Change nothing; list what would be uploaded and deleted.")
@click.option("--allow-new-id", is_flag=True, help="The calendar's id was changed on purpose.")
@click.option(
    "--events",
    metavar="EVENTS",
    type=click.Path(path_type=Path),
    default="events",
    show_default=True,
    help="The sources; if they were edited since the build, a warning says so.",
)
def publish(target: str, out: Path, dry: bool, allow_new_id: bool, events: Path) -> None:
    """Upload what changed to TARGET, and delete what is no longer published.

    TARGET is a folder, or an address: s3://bucket/path, gs://bucket/path, az://container/path, sftp://host/path.
    """
    from secrets import token_hex

    from calfeed.cli.freshness import stale_release
    from calfeed.diagnostics import report
    from calfeed.publish import upload
    from calfeed.publish.release import read_release

    _check_target(target, out)
    now = _build_time()
    with _problems_to_stderr(f"nothing at {target} was changed", "the upload is not complete"):
        release = read_release(out)
        place = _open_target(target)
        if stale := stale_release(release, events, now):
            _say(report.format_problems([stale]), err=True)
        if dry:
            changes = upload.plan(release, place, now=now, may_change_id=allow_new_id)
        else:
            bar = _Bar()
            show = functools.partial(bar.show, "uploading")
            changes = upload.publish(
                release, place, token=token_hex(8), now=now, may_change_id=allow_new_id, progress=show
            )
    if not changes:
        _say(f"{target} is up to date")
    elif dry:
        for verb, paths in (("upload", changes.written), ("delete", changes.deleted)):
            for path in paths:
                _say(f"would {verb}: {path}")
    else:
        deleted = f", {report.plural(len(changes.deleted), 'file')} deleted" if changes.deleted else ""
        _say(f"{target}: {report.plural(len(changes.written), 'file')} uploaded{deleted}")


@main.command()
@click.argument("url")
@_format_option
def doctor(url: str, form: Literal["text", "json"]) -> None:
    """Look at a published calendar as its subscribers' programs do.

    URL is where the output is published, or the address of one feed. Exit codes: 0 nothing is wrong (warnings allowed),
    1 faults.
    """
    from calfeed.doctor import report as doctor_report
    from calfeed.doctor.examine import examine, has_fault
    from calfeed.doctor.http_checks import read_address
    from calfeed.fetch.http import fetch, without_password

    try:
        address = read_address(url)
    except ValueError:
        what = "write it with https://, and without a name or a password"
        raise click.BadParameter(f"{without_password(url)} is no address to ask: {what}", param_hint="URL") from None
    findings = examine(address, fetch, _Bar().show)
    _say(doctor_report.format_findings(findings) if form == "text" else doctor_report.format_findings_json(findings))
    _say(doctor_report.summarize_findings(findings), err=True)
    if has_fault(findings):
        sys.exit(1)


@main.command()
@click.argument("kind", type=click.Choice(["events", "calendar", "venues", "defaults"]), default="events")
def schema(kind: str) -> None:
    """Print the JSON Schema of a kind of file, for editors (default: events)."""
    from calfeed.diagnostics.report import format_json
    from calfeed.source.schema import json_schema

    _say(format_json(json_schema(kind)))


@main.command()
@click.argument("code")
def explain(code: str) -> None:
    """Explain a problem: what its code means, an example, and what to do.

    CODE stands in brackets at the end of an error or a warning, such as missing-end.
    """
    from calfeed.cli.explain import load_sections
    from calfeed.values.fields import did_you_mean

    sections = load_sections()
    if code not in sections:
        hint = did_you_mean(code, sections, "codes stand in brackets at the end of errors and warnings")
        raise click.BadParameter(f"`{code}` is not the code of a problem; {hint}", param_hint="CODE")
    _say(f"{code}\n\n{sections[code]}\n")


# -- the world outside ------------------------------------------------------------------------------------------


def _say(text: str, *, err: bool = False) -> None:
    """Write lines to stdout or stderr. Text from sources, manifests and hosts is shown, not obeyed."""
    from calfeed.diagnostics.report import shown_text

    if text:
        click.echo(shown_text(text.removesuffix("\n")), err=err)


@contextmanager
def _problems_to_stderr(
    consequence: str | None = None, unfinished: str = "the output is half written; the next build finishes it"
) -> Iterator[None]:
    """On a `CalfeedError`, show its problems and the consequence, and exit with 1."""
    from calfeed.diagnostics import report
    from calfeed.diagnostics.problem import CalfeedError, UnfinishedError

    try:
        yield
    except CalfeedError as cause:
        _say(report.format_problems(cause.problems), err=True)
        if isinstance(cause, UnfinishedError):
            consequence = unfinished
        summary = report.summarize(cause.problems)
        _say(f"{summary}; {consequence}" if consequence else summary, err=True)
        sys.exit(1)


def _tell_preview(result: BuildResult | CalfeedError) -> None:
    from calfeed.diagnostics import report
    from calfeed.diagnostics.problem import CalfeedError

    _say(report.format_problems(result.problems), err=True)
    if isinstance(result, CalfeedError):
        _say(f"{report.summarize(result.problems)}; the preview keeps the last good build", err=True)
    else:
        _say(f"the preview shows {_holds(len(result.project.events), len(result.project.feeds))}", err=True)


def _is_up_to_date(events: Path, out: Path, no_site: bool) -> bool:
    """Return whether a plain build has nothing to do; if so, repeat what the last one said.

    It imports nothing that reads or renders, so that it takes no longer than looking at all the files.
    """
    from calfeed.cache.snapshot import recall
    from calfeed.diagnostics import report

    answer = recall(events, out, base_url=None, site=not no_site)
    if answer is None:
        return False
    _say(report.format_problems(answer.problems), err=True)
    _say(f"{out.as_posix()} is up to date: {_holds(answer.events, answer.feeds)}")
    return True


def _holds(events: int, feeds: int) -> str:
    from calfeed.diagnostics import report

    return f"{report.plural(events, 'event')} in {report.plural(feeds, 'feed')}"


def _listen(port: int) -> socket:
    """Return a socket that listens on loopback, for this computer alone."""
    from socket import create_server

    try:
        return create_server(("127.0.0.1", port))
    except OSError as cause:
        message = f"port {port} cannot be had: {cause.strerror}; choose another, or 0 for any that is free"
        raise click.BadParameter(message, param_hint="--port") from cause


def _check_target(target: str, out: Path) -> None:
    """Refuse a target that cannot be published to, as wrong usage."""
    from calfeed.publish.stores import fault_of
    from calfeed.publish.target import fault_of_folder

    fault = fault_of(target) if "://" in target else fault_of_folder(target, out)
    if fault is not None:
        raise click.BadParameter(fault, param_hint="TARGET")


def _open_target(target: str) -> Target:
    """Return the target to publish to; a missing library that it needs is wrong usage."""
    from calfeed.publish.stores import KINDS, open_store
    from calfeed.publish.target import FolderTarget

    scheme, has_scheme, _ = target.partition("://")
    if not has_scheme:
        return FolderTarget(Path(target))
    try:
        return open_store(target)
    except ModuleNotFoundError as cause:
        kind = KINDS[scheme]
        if cause.name not in ("fsspec", kind.package):
            raise
        raise click.UsageError(f"{scheme}:// needs {cause.name}: pip install 'calfeed[{kind.extra}]'") from cause


def _load(events: Path) -> Project:
    from calfeed.resolve.load import load

    with _problems_to_stderr():
        return load(events, progress=_Bar().show)


def _load_published(baseline: str | None, out: Path) -> Manifest:
    """Return the manifest at `--baseline`, else that of the output folder, which may hold none yet."""
    return _load_baseline(out.as_posix() if baseline is None else baseline, may_miss=baseline is None)


def _load_baseline(location: str, *, may_miss: bool) -> Manifest:
    """Return the manifest at `location`; an empty one if it is missing and `may_miss` is true."""
    from calfeed.diagnostics.problem import Mark, OutputError, error
    from calfeed.editions.manifest import Manifest
    from calfeed.fetch.baseline import folder_meant, load_baseline

    found = load_baseline(location)
    if found is None and not may_miss:
        folder = folder_meant(location)
        check = f"write {folder} if that is the folder" if folder else "check the address"
        hint = f"{check}; for a first build, add --first"
        raise OutputError([error(Mark(path=location), "missing-baseline", "there is no baseline here", hint)])
    return found or Manifest(path=location)


def _cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _build_time() -> datetime:
    """Return SOURCE_DATE_EPOCH (https://reproducible-builds.org/specs/source-date-epoch/), else the clock."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch is None:
        return datetime.now(UTC)
    try:
        now = datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError):
        raise click.UsageError(f"SOURCE_DATE_EPOCH is no number of seconds: {epoch!r}") from None
    if not _EARLIEST <= now.year <= _LATEST:
        raise click.UsageError(f"SOURCE_DATE_EPOCH is in the year {now.year}, not {_EARLIEST} to {_LATEST}")
    return now


def _read_option(read: Callable[[str], _T], text: str | None, option: str) -> _T | None:
    """Return an option's value as the sources would read it; a value they would refuse is wrong usage."""
    from calfeed.diagnostics.problem import InvalidValue

    try:
        return None if text is None else read(text)
    except InvalidValue as refusal:
        raise click.BadParameter(f"{refusal.message}; {refusal.hint}", param_hint=option) from None


class _Bar:
    """Progress of a build, on a terminal only, and only once it has taken a second."""

    def __init__(self) -> None:
        self._begin = time.monotonic()
        self._stage = ""
        self._bar: Any = None
        click.get_current_context().call_on_close(self._finish)  # restores the cursor, whatever happens

    def show(self, stage: str, done: int, total: int) -> None:
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
