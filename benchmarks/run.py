"""Measures calfeed beside yaml2ics, a plain icalendar loop, and the least that any such program must do.

    python benchmarks/run.py [--events N …] [--repeat R] [--alone]

Prints a Markdown table for every N, and the machine. README.md beside this file says what the numbers mean.
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
_BUILD_TIME = "1790000000"  # SOURCE_DATE_EPOCH, so that every round has the same bytes to write


@dataclass(frozen=True)
class Cost:
    """What a process took: seconds by the wall clock from start to exit, seconds of CPU, megabytes at the most."""

    seconds: float
    cpu: float
    peak: float


@dataclass(frozen=True)
class Inputs:
    """What `generate.py` wrote, and how many events that is."""

    n: int
    events: Path
    yaml2ics: Path


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description="Measure calfeed beside others.")
    parser.add_argument("--events", type=int, nargs="+", default=[1_000, 10_000], metavar="N", help="how many events")
    parser.add_argument("--repeat", type=int, default=3, metavar="R", help="rounds; the quickest counts")
    parser.add_argument("--alone", action="store_true", help="calfeed alone and without its site, for very many events")
    arguments = parser.parse_args()
    if _version("yaml2ics") != "0.3":
        sys.stderr.write("yaml2ics 0.3 is not here; install it with: pip install yaml2ics==0.3\n")
        sys.exit(2)
    # One folder for everything, deleted at the end: ext4 makes files slowly where others were just deleted.
    with tempfile.TemporaryDirectory(prefix="calfeed-bench-") as folder:
        for n in arguments.events:
            print(f"\n{n:,} events, quickest of {arguments.repeat}:\n")
            print(_table(measure(n, arguments.repeat, Path(folder, str(n)), alone=arguments.alone)), flush=True)
    print(f"\n{_machine()}")


def measure(n: int, repeat: int, root: Path, *, alone: bool) -> dict[str, Cost]:
    """Return what each contender takes for the same `n` events: its quickest of `repeat` rounds, in `root`."""
    _run(_own("generate.py", root, n), root.parent / "generate.log")
    inputs = Inputs(n, root / "events", root / "yaml2ics.yaml")
    costs: dict[str, list[Cost]] = {name: [] for name in _ORDER}
    for number in range(repeat):
        # All contenders in every round, so that a slow minute of the machine meets them all.
        for name, cost in _round(inputs, root / f"round-{number}", alone=alone):
            costs[name].append(cost)
    return {name: min(found, key=lambda cost: cost.seconds) for name, found in costs.items() if found}


# -- one round --------------------------------------------------------------------------------------------------


def _round(inputs: Inputs, out: Path, *, alone: bool) -> Iterator[tuple[str, Cost]]:
    """Yield the cost of each contender; `out` is a new folder for what they write."""
    out.mkdir()
    dist, packed, log = out / "dist", out / "pack", out / "log"
    build = _module("calfeed", "build", inputs.events, "-o", dist, "--no-site")
    alone_build = _module("calfeed", "build", inputs.events, "--jobs", 1)
    yield _COLD, _run(build, log, says="written")
    _check_feed(dist / "culture.ics", inputs.n)
    _run(_own("contenders.py", "pack", dist, packed), log)
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

    yield _FLOOR, _run(_own("contenders.py", "floor", inputs.events, packed, out / "floor"), log)
    yield _LOOP, _run(_own("contenders.py", "icalendar", inputs.events, out / "icalendar.ics"), log)
    _check_feed(out / "icalendar.ics", inputs.n)
    yield _YAML2ICS, _run(_module("yaml2ics", inputs.yaml2ics), out / "yaml2ics.ics")
    _check_feed(out / "yaml2ics.ics", inputs.n)
    if shutil.which("hugo"):
        project = out / "hugo"
        _run(_own("contenders.py", "hugo", inputs.events, project), log)
        yield _HUGO, _run(["hugo", "--quiet", "--source", str(project)], log)
        made = sum(1 for _ in (project / "public" / "events").rglob("*.ics"))
        if made != inputs.n:
            sys.exit(f"Hugo made {made:,} files of {inputs.n:,} events")


@contextmanager
def _one_changed(events: Path) -> Iterator[None]:
    """Change one event while the context lasts."""
    path = min(events.glob("*/*.yaml"))
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}busy: true\n", encoding="utf-8")
    yield
    path.write_text(text, encoding="utf-8")


def _check_feed(path: Path, n: int) -> None:
    """Stop where a contender was quick because it did not do its work."""
    with path.open("rb") as feed:
        found = sum(line.rstrip() == b"BEGIN:VEVENT" for line in feed)
    if found != n:
        sys.exit(f"{path} holds {found:,} events of {n:,}")


def _check_site(site: Path, n: int) -> None:
    found = len(list(site.glob("events/*.html")))
    if found != n:
        sys.exit(f"{site} has pages of {found:,} events of {n:,}")


# -- processes --------------------------------------------------------------------------------------------------


def _module(name: str, *arguments: object) -> list[str]:
    return [sys.executable, "-m", name, *map(str, arguments)]


def _own(script: str, *arguments: object) -> list[str]:
    return [sys.executable, str(_HERE / script), *map(str, arguments)]


def _run(command: Sequence[str], stdout: Path, says: str = "") -> Cost:
    """Run a command and return its cost; it must succeed, and print `says`.

    The process is waited for with wait4, which tells its own peak and not that of the greediest child so far. Linux
    starts a child's peak at its parent's size, so this program stays small and leaves all work on data to others.
    """
    with stdout.open("wb") as out, tempfile.TemporaryFile() as complaints:
        begin = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=stdout.parent,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=complaints,
            env={**os.environ, "SOURCE_DATE_EPOCH": _BUILD_TIME},
        )
        _pid, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            complaints.seek(0)
            sys.exit(f"{' '.join(command)} failed:\n{complaints.read().decode(errors='replace')}")
    if says and says not in stdout.read_text(encoding="utf-8"):
        sys.exit(f"{' '.join(command)} did not say “{says}”")
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
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
