"""Collects the problems of one event while it is resolved."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import ParamSpec, TypeVar

from calfeed.diagnostics.problem import InvalidValue, Mark, Problem, problem_at
from calfeed.source.entries import Place

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Notes:
    """The problems of one event. A problem in another file (a _defaults.yaml) also names the event it affects."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.problems: list[Problem] = []

    def report(self, mark: Mark, code: str, message: str, hint: str) -> None:
        """Record a problem."""
        self.problems.append(problem_at(mark, code, message, hint, *self._affected_event(mark)))

    def take(self, problems: Iterable[Problem]) -> None:
        """Record problems found elsewhere."""
        self.problems += (
            replace(problem, related=(*problem.related, *self._affected_event(problem.mark))) for problem in problems
        )

    def attempt(self, mark: Mark, find: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T | None:
        """Return the result of `find`; if it refuses a value, record a problem at `mark` and return None."""
        try:
            return find(*args, **kwargs)
        except InvalidValue as refusal:
            self.report(mark, refusal.code, refusal.message, refusal.hint)
            return None

    def attempt_at(self, key: str, find: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T | None:
        """Do the same as `attempt` at the mark of `key`, which is looked up only for a refusal."""
        try:
            return find(*args, **kwargs)
        except InvalidValue as refusal:
            self.report(self._place.mark(key), refusal.code, refusal.message, refusal.hint)
            return None

    def _affected_event(self, mark: Mark) -> tuple[Mark, ...]:
        return () if mark.path == self._place.document.path else (self._place.mark("summary"),)
