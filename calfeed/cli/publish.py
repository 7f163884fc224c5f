"""Commands for publishing and for what is published: `publish`, `doctor`."""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from calfeed.cli.common import (
    EVENTS,
    Bar,
    build_time,
    format_option,
    problems_to_stderr,
    say,
)

if TYPE_CHECKING:
    from calfeed.publish.target import Target


@click.command()
@click.argument("target")
@click.option(
    "-o", "--output", "out", type=EVENTS, default="dist", show_default=True, help="The built folder to publish."
)
@click.option("--dry-run", "dry", is_flag=True, help="Change nothing; list what would be uploaded and deleted.")
@click.option("--allow-new-id", is_flag=True, help="Allow replacing a calendar that has a different id.")
@click.option(
    "--events",
    metavar="EVENTS",
    type=click.Path(path_type=Path),
    default="events",
    show_default=True,
    help="The sources; warn if they were edited after the build.",
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
    now = build_time()
    with problems_to_stderr(f"nothing at {target} was changed", "the upload is incomplete"):
        release = read_release(out)
        place = _open_target(target)
        if stale := stale_release(release, events, now):
            say(report.format_problems([stale]), err=True)
        if dry:
            changes = upload.plan(release, place, now=now, may_change_id=allow_new_id)
        else:
            bar = Bar()
            show = functools.partial(bar.show, "uploading")
            changes = upload.publish(
                release, place, token=token_hex(8), now=now, may_change_id=allow_new_id, progress=show
            )
    if not changes:
        say(f"{target} is up to date")
    elif dry:
        for verb, paths in (("upload", changes.written), ("delete", changes.deleted)):
            for path in paths:
                say(f"would {verb}: {path}")
    else:
        deleted = f", {report.plural(len(changes.deleted), 'file')} deleted" if changes.deleted else ""
        say(f"{target}: {report.plural(len(changes.written), 'file')} uploaded{deleted}")


@click.command()
@click.argument("url")
@format_option()
def doctor(url: str, form: Literal["text", "json"]) -> None:
    """Check a published calendar as subscribers' programs see it.

    URL is the address of the published output, or of one feed. Exit codes: 0 no faults (warnings allowed), 1 faults.
    """
    from calfeed.doctor import report as doctor_report
    from calfeed.doctor.examine import examine, has_fault
    from calfeed.fetch.http import fetch
    from calfeed.fetch.web_addresses import read_address, without_password

    try:
        address = read_address(url)
    except ValueError:
        what = "write it with https://, without a user name or password"
        raise click.BadParameter(f"{without_password(url)} is not a usable address; {what}", param_hint="URL") from None
    findings = examine(address, fetch, Bar().show)
    say(doctor_report.format_findings(findings) if form == "text" else doctor_report.format_findings_json(findings))
    say(doctor_report.summarize_findings(findings), err=True)
    if has_fault(findings):
        sys.exit(1)


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
