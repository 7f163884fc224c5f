"""Checks for values that readers refuse: the code, the hint, and the values that the hint suggests."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from calfeed.diagnostics.problem import InvalidValue


def refusal_of(read: Callable[[str], object], text: str) -> InvalidValue:
    """Return the error with which a reader of values refuses a text."""
    with pytest.raises(InvalidValue) as refusal:
        read(text)
    assert refusal.value.message
    return refusal.value


def check_refusal(read: Callable[[str], object], text: str, code: str, hint: str) -> None:
    """Check that a reader refuses a text with this code and hint, and accepts what the hint says to write."""
    refusal = refusal_of(read, text)
    assert (refusal.code, hint in refusal.hint) == (code, True)
    for proposal in re.findall(r"(?:^write|mean) `([^`]{3,})`(?!:| and)", refusal.hint):
        read(proposal)
