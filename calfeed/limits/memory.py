"""A bound on the memory that a stretch of work may take, where the system has one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_SIZE = Path("/proc/self/statm")  # of Linux: its first number is how many pages of addresses are in use


@contextmanager
def limited_memory(more: int) -> Iterator[None]:
    """Let the block take no more than `more` bytes: what would is a MemoryError. Elsewhere than on Linux, no bound."""
    before = None
    with suppress(OSError, ValueError):
        before = _lower(more)
    try:
        yield
    finally:
        if before is not None:
            import resource

            resource.setrlimit(resource.RLIMIT_AS, before)


def _lower(more: int) -> tuple[int, int] | None:
    """Lower the limit of this process and return what it was; None if it is as low already, or there is none."""
    if not _SIZE.exists():
        return None
    import resource  # Windows has none

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = int(_SIZE.read_text("ascii").split()[0]) * resource.getpagesize() + more
    if soft != resource.RLIM_INFINITY and soft <= wanted:
        return None
    resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
    return soft, hard
