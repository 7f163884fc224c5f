"""Look for inputs that break calfeed's promises: `python tests/fuzz.py --minutes 10`.

Two engines share the time: hypothesis makes inputs that look like what people write; atheris (if installed:
`pip install --group fuzz`) mutates bytes, guided by coverage of calfeed's code. An input that breaks a target's promise
is written to `--findings`, one file for each place where a promise broke; slowness breaks a promise, too. Once fixed, a
finding moves to tests/data/fuzz/<target>/, where test_unbreakable.py always tests it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import sys
import time
import traceback
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

SLOW = 5.0
"""The processor time that an input may take, in seconds."""
TESTS = Path(__file__).parent
_DONE = re.compile(r"Done (\d+) (?:runs )?in")


@dataclass
class Campaign:
    """The number of cases tried on one target, and the findings: a file for each place that broke."""

    target: str
    findings: Path
    cases: int = 0
    findings_by_place: dict[str, Path] = field(default_factory=dict)

    def try_case(self, data: bytes) -> None:
        """Run the target on an input, and keep the input if it breaks a promise."""
        from support.targets import TARGETS

        self.cases += 1
        begin = time.process_time()  # counts only this process, however busy the machine is
        try:
            TARGETS[self.target](data)
        except Exception as cause:  # noqa: BLE001 - the fuzzer looks for any exception
            self._keep(data, _place_of(cause), "".join(traceback.format_exception(cause)))
        taken = time.process_time() - begin
        if taken > SLOW:
            self._keep(data, "slow", f"{taken:.1f} s\n")

    def _keep(self, data: bytes, place: str, story: str) -> None:
        if place in self.findings_by_place:
            return
        path = self.findings / f"{self.target}-{hashlib.sha256(place.encode()).hexdigest()[:8]}"
        self.findings_by_place[place] = path
        self.findings.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.with_suffix(".txt").write_text(f"{place}\n\n{story}", encoding="utf-8", errors="backslashreplace")


def main() -> None:
    """Fuzz; exit with 1 if there are findings."""
    options = _options()
    if options.engine == "atheris-child":
        _run_atheris_here(options)
        return
    targets = options.target or _target_names()
    engines = ["hypothesis"]
    if find_spec("atheris"):
        engines.append("atheris")
    else:
        print("atheris is not installed, so hypothesis gets all the time: pip install --group fuzz")
    seconds = options.minutes * 60 / len(targets) / len(engines)
    is_bad = False
    for target in targets:
        for engine in engines:
            begin = time.perf_counter()
            run = _run_hypothesis if engine == "hypothesis" else _run_atheris
            cases, findings = run(target, seconds, options.findings)
            taken = time.perf_counter() - begin
            print(f"{target:<10}{engine:<12}{cases:>10,} cases in {taken / 60:5.1f} min  {len(findings)} findings")
            for place, path in findings.items():
                print(f"    {place}: {path}")
            is_bad = is_bad or bool(findings)
    sys.exit(is_bad)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--target", action="append", choices=_target_names(), help="default: all")
    parser.add_argument("--findings", type=Path, default=Path("fuzz-findings"))
    parser.add_argument("--engine", choices=["all", "atheris-child"], default="all", help=argparse.SUPPRESS)
    return parser.parse_args()


def _target_names() -> list[str]:
    text = (TESTS / "support" / "targets.py").read_text("utf-8")  # not imported: atheris must see the imports
    return re.findall(r"^def fuzz_(\w+)", text, re.MULTILINE)


def _place_of(cause: BaseException) -> str:
    """Return what broke and where, so that each fault is kept only once."""
    frames = [frame for frame in traceback.extract_tb(cause.__traceback__) if TESTS.parent.as_posix() in frame.filename]
    last = frames[-1] if frames else None
    return f"{type(cause).__name__} at {Path(last.filename).name}:{last.lineno}" if last else type(cause).__name__


def _run_hypothesis(target: str, seconds: float, findings: Path) -> tuple[int, dict[str, Path]]:
    from hypothesis import HealthCheck, Phase, given, seed, settings
    from support.inputs import inputs_of

    campaign = Campaign(target, findings)
    end, number = time.perf_counter() + seconds, time.time_ns()
    while time.perf_counter() < end:
        number += 1

        @seed(number)
        @settings(
            max_examples=100,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(inputs_of(target))
        def attempt(data: bytes) -> None:
            campaign.try_case(data)

        attempt()
    return campaign.cases, campaign.findings_by_place


def _run_atheris(target: str, seconds: float, findings: Path) -> tuple[int, dict[str, Path]]:
    """Run atheris in a separate process, because atheris ends its process itself."""
    command = [
        *(sys.executable, __file__, "--engine", "atheris-child", "--target", target),
        *("--minutes", str(seconds / 60), "--findings", str(findings)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    found_paths = {}
    for line in done.stdout.splitlines():
        if line.startswith("found "):
            place, path = json.loads(line.removeprefix("found "))
            found_paths[place] = Path(path)
    if done.returncode:
        findings.mkdir(parents=True, exist_ok=True)
        log = findings / f"{target}-atheris.txt"
        log.write_text(done.stdout + done.stderr, encoding="utf-8")
        found_paths[f"the process ended with {done.returncode}"] = log
    counts = _DONE.findall(done.stderr + done.stdout)
    return int(counts[-1]) if counts else 0, found_paths


def _run_atheris_here(options: argparse.Namespace) -> None:
    import atheris

    (target,) = options.target
    with atheris.instrument_imports(include=["calfeed"]):
        from support.targets import TARGETS
    assert target in TARGETS
    from support.inputs import seeds_of

    campaign = Campaign(target, options.findings)

    def attempt(data: bytes) -> None:
        known = len(campaign.findings_by_place)
        campaign.try_case(data)
        for place, path in list(campaign.findings_by_place.items())[known:]:
            print(f"found {json.dumps([place, str(path)])}", flush=True)

    corpus = options.findings / "corpus" / target
    _write_seeds(corpus, seeds_of(target))
    limits = [
        f"-max_total_time={max(int(options.minutes * 60), 1)}",
        "-timeout=60",
        "-rss_limit_mb=2048",
        "-max_len=4096",
    ]
    atheris.Setup([sys.argv[0], *limits, str(corpus)], attempt)
    atheris.Fuzz()


def _write_seeds(corpus: Path, seeds: Iterable[bytes]) -> None:
    corpus.mkdir(parents=True, exist_ok=True)
    for data in seeds:
        (corpus / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)


if __name__ == "__main__":
    main()
