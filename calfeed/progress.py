"""Report how far a long step has come."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with the name of a stage, the number of things done, and the total."""


def silent(_stage: str, _done: int, _total: int) -> None:
    """Ignore progress."""
