"""Compares calfeed with yaml2ics, a plain icalendar loop, and the least that any such program must do.

    python benchmarks/run.py [--events N …] [--repeat R] [--alone]

Prints a Markdown table for every N, and the machine. The README.md in this folder says what the numbers mean.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_FLOOR, _LOOP, _YAML2ICS = "floor", "icalendar loop (one feed)", "yaml2ics (one feed)"
_HUGO = "Hugo (a bare page and .ics each)"
_COLD, _UNCHANGED, _CHANGED = "calfeed cold", "calfeed unchanged", "calfeed one changed"
_SITE, _SITE_CHANGED = "calfeed with the site", "calfeed with the site, one changed"
_COLD_ALONE, _SITE_ALONE = f"{_COLD}, one process", f"{_SITE}, one process"
_ORDER = (
    *(_FLOOR, _LOOP, _YAML2ICS, _HUGO),
    *(_COLD, _COLD_ALONE, _UNCHANGED, _CHANGED),
    *(_SITE, _SITE_ALONE, _SITE_CHANGED),
)
_PACKAGES = ("calfeed", "yaml2ics", "ics", "icalendar", "PyYAML", "pydantic", "pytz")
_BUILD_TIME = "1790000000"  # SOURCE_DATE_EPOCH, so that every round writes the same bytes


@dataclass(frozen=True)
class Cost:
    """The cost of a process: wall-clock seconds from start to exit, CPU seconds, peak memory in megabytes."""

    seconds: float
    cpu: float
    peak: float


@dataclass(frozen=True)
class Inputs:
    """The files that `generate.py` wrote, and their number of events."""

    n: int
    events: Path
    yaml2ics: Path


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description="Compare calfeed with other programs.")
    parser.add_argument("--events", type=int, nargs="+", default=[1_000, 10_000], metavar="N", help="numbers of events")
    parser.add_argument("--repeat", type=int, default=3, metavar="R", help="rounds; the fastest counts")
    parser.add_argument("--alone", action="store_true", help="only calfeed, without its site, for very many events")
    arguments = parser.parse_args()
    if _version("yaml2ics") != "0.3":
        sys.stderr.write("yaml2ics 0.3 is not installed; install it with: pip install yaml2ics==0.3\n")
        sys.exit(2)
    # One folder for everything, deleted at the end: ext4 creates files slowly where others were just deleted.
    with tempfile.TemporaryDirectory(prefix="calfeed-bench-") as folder:
        for n in arguments.events:
            print(f"\n{n:,} events, fastest of {arguments.repeat}:\n")
            print(_table(measure(n, arguments.repeat, Path(folder, str(n)), alone=arguments.alone)), flush=True)
    print(f"\n{_machine()}")


def measure(n: int, repeat: int, root: Path, *, alone: bool) -> dict[str, Cost]:
    """Return the cost of each contender for the same `n` events: its fastest of `repeat` rounds, in `root`."""
    _run(_script("generate.py", root, n), root.parent / "generate.log")
    inputs = Inputs(n, root / "events", root / "yaml2ics.yaml")
    costs: dict[str, list[Cost]] = {name: [] for name in _ORDER}
    for number in range(repeat):
        # Every round runs all contenders, so that a slow minute of the machine affects them all.
        for name, cost in _round(inputs, root / f"round-{number}", alone=alone):
            costs[name].append(cost)
    return {name: min(rounds, key=lambda cost: cost.seconds) for name, rounds in costs.items() if rounds}


# -- one round --------------------------------------------------------------------------------------------------


def _round(inputs: Inputs, out: Path, *, alone: bool) -> Iterator[tuple[str, Cost]]:
    """Yield the cost of each contender; `out` is a new folder for what they write."""
    out.mkdir()
    dist, packed, log = out / "dist", out / "pack", out / "log"
    build = _module("calfeed", "build", inputs.events, "-o", dist, "--no-site")
    alone_build = _module("calfeed", "build", inputs.events, "--jobs", 1)
    yield _COLD, _run(build, log, says="written")
    _check_feed(dist / "culture.ics", inputs.n)
    _run(_script("contenders.py", "pack", dist, packed), log)
    yield _UNCHANGED, _run(build, log, says="up to date")
    with _one_changed(inputs.events):
        yield _CHANGED, _run(build, log, says="written")
    yield _COLD_ALONE, _run([*alone_build, "-o", str(out / "dist-alone"), "--no-site"], log, says="written")
    if alone:
        return
    site = out / "site"
    build = _module("calfeed", "build", inputs.events, "-o", site)
    yield _SITE, _run(build, log, says="written")
    _check_site(site, inputs.n)
    with _one_changed(inputs.events):
        yield _SITE_CHANGED, _run(build, log, says="written")
    yield _SITE_ALONE, _run([*alone_build, "-o", str(out / "site-alone")], log, says="written")
    _check_site(out / "site-alone", inputs.n)

    yield _FLOOR, _run(_script("contenders.py", "floor", inputs.events, packed, out / "floor"), log)
    yield _LOOP, _run(_script("contenders.py", "icalendar", inputs.events, out / "icalendar.ics"), log)
    _check_feed(out / "icalendar.ics", inputs.n)
    yield _YAML2ICS, _run(_module("yaml2ics", inputs.yaml2ics), out / "yaml2ics.ics")
    _check_feed(out / "yaml2ics.ics", inputs.n)
    if shutil.which("hugo"):
        project = out / "hugo"
        _run(_script("contenders.py", "hugo", inputs.events, project), log)
        yield _HUGO, _run(["hugo", "--quiet", "--source", str(project)], log)
        made = sum(1 for _ in (project / "public" / "events").rglob("*.ics"))
        if made != inputs.n:
            sys.exit(f"Hugo made {made:,} files of {inputs.n:,} events")


@contextmanager
def _one_changed(events: Path) -> Iterator[None]:
    """Change one event for the duration of the context."""
    path = min(events.glob("*/*.yaml"))
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}busy: true\n", encoding="utf-8")
    yield
    path.write_text(text, encoding="utf-8")


def _check_feed(path: Path, n: int) -> None:
    """Exit if a contender was fast because it did not do all of its work."""
    with path.open("rb") as feed:
        event_count = sum(line.rstrip() == b"BEGIN:VEVENT" for line in feed)
    if event_count != n:
        sys.exit(f"{path} contains {event_count:,} of {n:,} events")


def _check_site(site: Path, n: int) -> None:
    page_count = len(list(site.glob("events/*.html")))
    if page_count != n:
        sys.exit(f"{site} has pages for {page_count:,} of {n:,} events")


# -- processes --------------------------------------------------------------------------------------------------


def _module(name: str, *arguments: object) -> list[str]:
    return [sys.executable, "-m", name, *map(str, arguments)]


def _script(name: str, *arguments: object) -> list[str]:
    return [sys.executable, str(_HERE / name), *map(str, arguments)]


def _run(command: Sequence[str], stdout: Path, says: str = "") -> Cost:
    """Run a command and return its cost; it must succeed and print `says`.

    wait4 reports the peak of this process, not that of the largest child so far. Linux starts a child's peak at its
    parent's size, so this program stays small and leaves all work on data to others.
    """
    with stdout.open("wb") as out, tempfile.TemporaryFile() as errors:
        begin = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=stdout.parent,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=errors,
            env={**os.environ, "SOURCE_DATE_EPOCH": _BUILD_TIME},
        )
        _pid, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            errors.seek(0)
            sys.exit(f"{' '.join(command)} failed:\n{errors.read().decode(errors='replace')}")
    if says and says not in stdout.read_text(encoding="utf-8"):
        sys.exit(f"{' '.join(command)} did not print “{says}”")
    unit = 1 if sys.platform == "darwin" else 1024  # bytes per unit of ru_maxrss
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 1e6)


# -- output -----------------------------------------------------------------------------------------------------


def _table(costs: Mapping[str, Cost]) -> str:
    lines = [
        "| contender | seconds | of floor | of yaml2ics | of cold | CPU seconds | peak MB |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for name, cost in ((name, costs[name]) for name in _ORDER if name in costs):
        cells = [name, f"{cost.seconds:.2f}"]
        cells += [
            f"{cost.seconds / costs[other].seconds:.2f}" if other in costs else ""
            for other in (_FLOOR, _YAML2ICS, _COLD)
        ]
        lines.append(f"| {' | '.join([*cells, f'{cost.cpu:.2f}', f'{cost.peak:.0f}'])} |")
    return "\n".join(lines)


def _machine() -> str:
    import pytz

    libyaml = importlib.import_module("yaml._yaml").get_version_string()
    packages = ", ".join(f"{name} {_version(name)}" for name in _PACKAGES)
    return (
        f"{datetime.now(UTC):%Y-%m-%d}; {os.cpu_count()} cores, {_processor()}; {platform.platform()}; "
        f"{platform.python_implementation()} {platform.python_version()}; {packages}; "
        f"tz database {pytz.OLSON_VERSION}; libyaml {libyaml}; files in {tempfile.gettempdir()}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


if __name__ == "__main__":
    main()
