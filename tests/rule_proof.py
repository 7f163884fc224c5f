"""Look for misread rules without a warning: `python tests/rule_proof.py --rules 2000 --seed 7`.

Rules are drawn at random from the whole grammar that calfeed reads. calfeed builds a file for each; ical.js, libical,
dateutil and recurring_ical_events expand it, and each result is compared with the occurrences that calfeed means. A
rule that one of them expands differently, refuses, or never returns from must have the warning `misread-rule`. Needless
warnings are counted, too. With `--shapes 100`, only rules of the shapes in calfeed.series.shapes are drawn, 100 each.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from readers import icaljs, libical, pyrules
from readers.reading import Expansion
from support.projects import NOW, write_files
from support.random_rules import Series, draw, draw_of

from calfeed.diagnostics.codes import Severity
from calfeed.diagnostics.problem import SourceError
from calfeed.model import AllDay, Event, Project
from calfeed.pipeline.build import build
from calfeed.pipeline.options import Options
from calfeed.resolve.load import load
from calfeed.series.occurrences import first_start, settle, starts_between
from calfeed.series.shapes import READ_ALIKE

_CALENDAR = "name: Rules\nid: rules.example\nurl: https://rules.example/\nautomatic_feeds: []\n"
_LIMIT = 40
"""How many occurrences of a series are compared."""
_SECONDS = 3
"""The processor time that a reader may take for a rule."""
# libical lists the changes of a VTIMEZONE only up to 2037. Other zones are followed until 29 February has fallen on
# every day of the week.
_END_OF_ZONES = datetime(2037, 1, 1)  # noqa: DTZ001 - wall time is naive
_REACH = timedelta(days=366 * 28)
_CHANGELESS = (None, "Asia/Kolkata", "America/Bogota", "Etc/UTC")


@dataclass(frozen=True)
class Verdict:
    """The result for a series: the readers that misread it, and the codes of calfeed's warnings."""

    series: Series
    misreaders: tuple[str, ...]
    codes: frozenset[str]

    @property
    def is_warned_of(self) -> bool:
        """Return whether calfeed warns about the rule, or about the clocks during some occurrences."""
        return not self.codes.isdisjoint(("misread-rule", "unsettled-occurrence"))


@dataclass
class Proof:
    """The results for all series, and how many calfeed refused, by code."""

    verdicts: list[Verdict] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def unwarned(self) -> list[Verdict]:
        """The series that some reader misreads without a warning: there must be none."""
        return [verdict for verdict in self.verdicts if verdict.misreaders and not verdict.is_warned_of]

    @property
    def needless(self) -> list[Verdict]:
        """The series that calfeed warns about needlessly: no reader misreads them."""
        return [verdict for verdict in self.verdicts if "misread-rule" in verdict.codes and not verdict.misreaders]

    def report(self) -> str:
        """Return the counts as text."""
        misread = [verdict for verdict in self.verdicts if verdict.misreaders]
        by_reader = Counter(reader for verdict in misread for reader in verdict.misreaders)
        alike = len(self.verdicts) - len(misread)
        return "\n".join(
            [
                f"{len(self.verdicts)} rules, and {sum(self.refused.values())} refused {dict(self.refused)}",
                f"{len(misread)} misread by {dict(sorted(by_reader.items()))}",
                f"{len(self.unwarned)} of them without a warning",
                f"{alike} read alike, {len(self.needless)} of them with a needless warning",
            ]
        )


def prove(root: Path, all_series: Sequence[Series]) -> Proof:
    """Build the series below `root`, have every reader expand them, and compare."""
    proof = Proof()
    project = _load(root, all_series, proof)
    build(root / "events", root / "dist", now=NOW, options=Options(site=False))
    codes: dict[str, set[str]] = {}
    for problem in project.problems:
        codes.setdefault(Path(problem.mark.path).stem, set()).add(problem.code)
    paths = {event.id: root / "dist" / event.path for event in project.events}
    by_id = {series.id: series for series in all_series}
    meant = {event.id: _meant(event) for event in project.events}
    answers = _answers({paths[key]: starts for key, (starts, _) in meant.items()})
    for key, (starts, horizon) in meant.items():
        misreaders = tuple(name for name, answer in answers.items() if not _agrees(answer[paths[key]], starts, horizon))
        proof.verdicts.append(Verdict(by_id[key], misreaders, frozenset(codes.get(key, ()))))
    return proof


def _load(root: Path, all_series: Sequence[Series], proof: Proof) -> Project:
    """Return a project of all series that calfeed accepts; those it refuses are counted and deleted."""
    files = {f"{series.id}.yaml": series.yaml for series in all_series}
    write_files(root / "events", {"calendar.yaml": _CALENDAR, **files})
    try:
        return load(root / "events")
    except SourceError as refusal:
        errors = [problem for problem in refusal.problems if problem.severity is Severity.ERROR]
    proof.refused.update(problem.code for problem in errors)
    for path in {Path(problem.mark.path).name for problem in errors}:
        (root / "events" / path).unlink()
    return load(root / "events")


def _meant(event: Event) -> tuple[list[datetime | date], datetime]:
    """Return the first occurrences of a series in order, and the horizon that they come before."""
    assert event.recurrence is not None
    first, tzid = first_start(event.when), None if isinstance(event.when, AllDay) else event.when.start.tzid
    horizon = first + _REACH if tzid in _CHANGELESS else _END_OF_ZONES
    starts = islice(starts_between(event.when, event.recurrence, first, horizon), _LIMIT)
    meant = [start.date() if tzid is None else settle(start, tzid)[0].instant for start in starts]
    return sorted(meant, key=str), horizon


def _answers(meant: Mapping[Path, Sequence[datetime | date]]) -> dict[str, dict[Path, Expansion]]:
    paths = list(meant)
    last = {path: max(starts) if isinstance(starts[0], datetime) else starts[-1] for path, starts in meant.items()}
    days = {path: start.date() if isinstance(start, datetime) else start for path, start in last.items()}
    return {
        "ical.js": icaljs.expand(paths, _LIMIT, seconds=_SECONDS),
        "libical": libical.expand(paths, _LIMIT, seconds=_SECONDS),
        "dateutil": pyrules.expand_dateutil(paths, _LIMIT, seconds=_SECONDS),
        "recurring-ical-events": pyrules.expand_recurring(paths, _LIMIT, days, seconds=_SECONDS),
    }


def _agrees(answer: Expansion, meant: Sequence[datetime | date], horizon: datetime) -> bool:
    """Return whether an answer has the meant occurrences before the horizon, up to the number that is compared."""
    if not isinstance(answer, list):
        return False
    # One day earlier, so that no zone plays a part.
    end = f"{horizon - timedelta(days=1):%Y-%m-%d}"
    return [start for start in answer if str(start) < end][:_LIMIT] == [start for start in meant if str(start) < end]


def versions() -> str:
    """Return the versions of all readers."""
    packages = (f"{name} {version(name)}" for name in ("python-dateutil", "recurring-ical-events"))
    return ", ".join((f"ical.js {icaljs.version()}", f"libical {libical.version()}", *packages))


def main() -> None:
    """Run the proof in a temporary folder and print the results; exit with 1 if a warning is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rules", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shapes", type=int, default=0, help="instead, draw this many rules of each proven shape")
    options = parser.parse_args()
    begin = time.perf_counter()
    dice = random.Random(options.seed)  # noqa: S311 - not for secrets
    with TemporaryDirectory() as folder:
        shapes = READ_ALIKE * options.shapes
        drawn = [draw_of(dice, f"s{number}", shape) for number, shape in enumerate(shapes)]
        drawn = drawn or [draw(dice, f"s{number}") for number in range(options.rules)]
        proof = prove(Path(folder), drawn)
    for verdict in proof.unwarned:
        print(f"no warning: {verdict.series.yaml.rstrip()} {', '.join(verdict.misreaders)}")
    print(f"{proof.report()}\n{versions()}; seed {options.seed}; {time.perf_counter() - begin:.0f} s")
    sys.exit(bool(proof.unwarned))


if __name__ == "__main__":
    main()
