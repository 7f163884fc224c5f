"""Work for several processes: our own, or those of any executor that has `submit`, such as that of dask."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TypeVar

from calfeed.errors import Mark, OutputError, error

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor
    from multiprocessing.process import BaseProcess

_T = TypeVar("_T")
_R = TypeVar("_R")

_BATCH = 200
"""How many things a process is given at once: enough that sending them is quick beside the work."""
_FEWEST = 2_000
"""With fewer, starting processes takes longer than it saves."""


class Executor(Protocol):
    """What can have work done elsewhere: a `concurrent.futures.Executor`, as far as it is used."""

    def submit(self, work: Callable[[_T], _R], given: _T, /) -> Future[_R]:
        """Have `work(given)` done, and return the promise of its result."""


class _Processes:
    """An executor of processes that are started with the first work for them: most calendars have none."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._pool: ProcessPoolExecutor | None = None

    def submit(self, work: Callable[[_T], _R], given: _T, /) -> Future[_R]:
        """Have `work(given)` done, and return the promise of its result."""
        if self._pool is None:
            from concurrent.futures import ProcessPoolExecutor  # takes a moment to load

            self._pool = ProcessPoolExecutor(self._number, initializer=_begin_worker)
        with _without_interrupts():  # it may start a process, which is not to take notice of them from the first
            return self._pool.submit(work, given)

    def close(self) -> None:
        """End the processes; what they have not begun is not done."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)


@contextmanager
def processes(number: int) -> Iterator[Executor | None]:
    """Yield an executor of so many processes; None for fewer than two.

    Whatever happens, none of them is left behind: not by an interrupt from the keyboard, which only this process takes
    notice of, and not when this process is killed.
    """
    if number < 2:
        yield None
        return
    executor = _Processes(number)
    try:
        yield executor
    finally:
        executor.close()


def spread(
    executor: Executor | None, work: Callable[[Sequence[_T]], Sequence[_R]], items: Sequence[_T]
) -> Iterator[_R] | None:
    """Have work begun, and return its results in the order of the items; None where it had better be done here.

    Args:
        executor: what shall do it.
        work: given some of the items, it returns a result for each. It and they can be pickled.
        items: what there is to do.

    Raises:
        OutputError: a process was lost. The iterator raises it, too, and whatever the work raises.
    """
    if executor is None or len(items) < _FEWEST:
        return None
    batches = (items[begin : begin + _BATCH] for begin in range(0, len(items), _BATCH))
    with _losses_told():
        return _results([executor.submit(work, batch) for batch in batches])


def _results(futures: Iterable[Future[Sequence[_R]]]) -> Iterator[_R]:
    for future in futures:
        with _losses_told():
            results = future.result()
        yield from results


@contextmanager
def _losses_told() -> Iterator[None]:
    from concurrent.futures import BrokenExecutor

    try:
        yield
    except BrokenExecutor as cause:
        message = "a process that helped was lost; the system may have been out of memory"
        hint = "build again with fewer processes, or with `--jobs 1`"
        raise OutputError([error(Mark(path="calfeed"), "lost-process", message, hint)]) from cause


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Put interrupts off, where the system can; a process that is started meanwhile puts them off for ever."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin_worker() -> None:
    from multiprocessing import parent_process

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, args=(parent_process(),), daemon=True).start()


def _follow(parent: BaseProcess | None) -> None:
    """End this process with its parent. One that was killed could not tell, and the queues outlive it."""
    if parent is not None:
        parent.join()
        os._exit(1)
