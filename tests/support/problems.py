"""The problems behind a refusal."""

from __future__ import annotations

import pytest

from calfeed.diagnostics.problem import CalfeedError


def codes_of(failure: pytest.ExceptionInfo[CalfeedError]) -> list[str]:
    """Return the codes of an error's problems."""
    return [problem.code for problem in failure.value.problems]
