"""Commands for tests: the command line in this process, and processes that an interrupt ends."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Mapping, Sequence
from datetime import datetime

from click.testing import CliRunner, Result

from calfeed.cli.main import main
from support.projects import NOW


def run(*arguments: str, now: datetime = NOW, width: int = 80) -> Result:
    """Run the command line with a fixed build time, in a terminal `width` columns wide."""
    environment = {"SOURCE_DATE_EPOCH": str(int(now.timestamp())), "COLUMNS": str(width)}
    runner = CliRunner()
    return runner.invoke(
        main, arguments, env=environment, catch_exceptions=False, terminal_width=width, prog_name="calfeed"
    )


def start(
    command: Sequence[str], environment: Mapping[str, str] | None = None, *, is_group: bool = False
) -> subprocess.Popen[str]:
    """Start a process that an interrupt ends, its output in pipes; with `is_group`, in a new process group.

    A shell without a terminal makes jobs started with `&` ignore interrupts, and processes inherit that. A handler is
    not inherited: while one is set, a new process starts with the system's default.
    """
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env=environment,
            start_new_session=is_group,
        )
    finally:
        signal.signal(signal.SIGINT, inherited)
