"""Limit the memory that a block of code may use, where the system supports it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_SIZE = Path("/proc/self/statm")  # Linux only: its first number is the size of the address space in pages


@contextmanager
def limited_memory(more: int) -> Iterator[None]:
    """Raise MemoryError in the block if it uses over `more` additional bytes; there is a limit only on Linux."""
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
    """Lower this process's limit and return the previous one; None if it was already as low, or is unsupported."""
    if not _SIZE.exists():
        return None
    import resource  # missing on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = int(_SIZE.read_text("ascii").split()[0]) * resource.getpagesize() + more
    if soft != resource.RLIM_INFINITY and soft <= wanted:
        return None
    resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
    return soft, hard
