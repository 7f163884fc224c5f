"""How far a long step has come, for whoever wants to show it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with the name of a stage, how many things are done, and how many there are."""


def silent(_stage: str, _done: int, _total: int) -> None:
    """Take progress and show nothing."""
