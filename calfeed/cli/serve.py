"""The command `serve`: a preview in the browser."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from calfeed.cli.common import (
    build_time,
    describe_contents,
    events_argument,
    say,
)

if TYPE_CHECKING:
    from socket import socket

    from calfeed.diagnostics.problem import CalfeedError
    from calfeed.pipeline.build import BuildResult

_SERVE_PACKAGES = ("starlette", "uvicorn", "watchfiles")


@click.command()
@events_argument
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="The port to listen on; 0 for any free port.",
)
def serve(events: Path, port: int) -> None:
    """Preview the site of EVENTS, on this computer only.

    Pages reload when a file changes, and show any errors in the sources. Press Ctrl-C to stop.
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

    now = build_time()
    # SIGTERM works like Ctrl-C, so that the temporary folder is removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with _listen(port) as listener, TemporaryDirectory(prefix="calfeed-") as folder, suppress(KeyboardInterrupt):
        say(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        preview = Preview(events, Path(folder), now)
        serve_preview(preview, events, listener, lambda: _report_rebuild(preview.rebuild()))


def _report_rebuild(result: BuildResult | CalfeedError) -> None:
    from calfeed.diagnostics import report
    from calfeed.diagnostics.problem import CalfeedError

    say(report.format_problems(result.problems), err=True)
    if isinstance(result, CalfeedError):
        say(f"{report.summarize(result.problems)}; the preview keeps the last good build", err=True)
    else:
        say(f"the preview shows {describe_contents(result.events, result.feeds)}", err=True)


def _listen(port: int) -> socket:
    """Return a socket that listens on loopback, for this computer alone."""
    from socket import create_server

    try:
        return create_server(("127.0.0.1", port))
    except OSError as cause:
        message = f"cannot listen on port {port}: {cause.strerror}; choose another, or 0 for any free port"
        raise click.BadParameter(message, param_hint="--port") from cause
