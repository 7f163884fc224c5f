"""Spread work over several processes: our own, or those of any executor with `submit`, such as dask's."""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from calfeed.diagnostics.problem import Mark, OutputError, problem_at

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor
    from multiprocessing.process import BaseProcess

_C = TypeVar("_C")
_T = TypeVar("_T")
_R = TypeVar("_R")

_BATCH = 200
"""How many items a process is given at once: enough that sending them takes little time compared with the work."""
_FEWEST = 2_000
"""With fewer items, starting processes takes longer than it saves."""


class Executor(Protocol):
    """Runs work elsewhere: the part of `concurrent.futures.Executor` that is used."""

    def submit(self, work: Callable[..., _R], /, *given: Any) -> Future[_R]:
        """Start `work(*given)` and return the future of its result."""


class Pending(Generic[_R]):
    """Work done elsewhere: yields its results once, in order. If it `can_be_cancelled`, nothing else ends it."""

    def __init__(self, futures: Sequence[Future[Sequence[_R]]], *, can_be_cancelled: bool) -> None:
        self._futures = futures
        self._can_be_cancelled = can_be_cancelled

    def __iter__(self) -> Iterator[_R]:
        """Yield the results.

        Raises:
            OutputError: a process was lost. Exceptions of the work itself are passed on, too.
        """
        for future in self._futures:
            try:
                with _losses_reported():
                    results = future.result()
            except OutputError:
                self._can_be_cancelled = False  # the executor drops the others by itself
                raise
            yield from results

    def cancel(self) -> None:
        """Cancel the work that has not started.

        If a process pool meets a cancelled future while it breaks or is killed, it prints a traceback (CPython 3.11). A
        pool that is known to finish its work is left to do so.
        """
        if self._can_be_cancelled:
            for future in self._futures:
                future.cancel()


def spread(
    executor: Executor | None, work: Callable[[_C, Sequence[_T]], Sequence[_R]], common: _C, items: Sequence[_T]
) -> Pending[_R] | None:
    """Start work elsewhere and return its pending results; None if it is better done in this process.

    Args:
        executor: runs the work.
        work: takes `common` and some of the items, and returns a result for each. All of these can be pickled.
        common: what the work needs for every item. It is sent with each batch, but unpickled once in each process.
        items: what to work on.

    Raises:
        OutputError: a process was lost.
    """
    if executor is None or len(items) < _FEWEST:
        return None
    shared = pickle.dumps(common)
    batches = (items[begin : begin + _BATCH] for begin in range(0, len(items), _BATCH))
    try:
        with _losses_reported():
            futures = [executor.submit(_do, work, shared, batch) for batch in batches]
    except NoProcessError:
        return None
    return Pending(futures, can_be_cancelled=not isinstance(executor, _Processes))


def _do(work: Callable[[Any, Sequence[_T]], Sequence[_R]], shared: bytes, batch: Sequence[_T]) -> Sequence[_R]:
    return work(_read(shared), batch)


@lru_cache(maxsize=2)
def _read(shared: bytes) -> Any:
    return pickle.loads(shared)  # noqa: S301 - it comes from our own process


@contextmanager
def _losses_reported() -> Iterator[None]:
    from concurrent.futures import BrokenExecutor

    try:
        yield
    except BrokenExecutor as cause:
        message = "a worker process was lost; the system may have run out of memory"
        hint = "build again with fewer processes: `--jobs`"
        raise OutputError([problem_at(Mark(path="calfeed"), "lost-process", message, hint)]) from cause


# -- our own processes ------------------------------------------------------------------------------------------


class NoProcessError(Exception):
    """The system cannot start processes: a limit is reached, or they have no means to communicate."""


@contextmanager
def processes(number: int) -> Iterator[Executor | None]:
    """Yield an executor with this number of processes, which start when there is work; None for fewer than two.

    Whatever happens, none of them is left behind: not after a keyboard interrupt, which only this process handles, and
    not when this process is killed.
    """
    if number < 2:
        yield None
        return
    executor, is_done = _Processes(number), False
    try:
        yield executor
        is_done = True
    finally:
        if not is_done:
            executor.kill()  # their results are no longer needed
        executor.close()


class _Processes:
    """An executor that starts its processes with the first work: most calendars need none."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._pool: ProcessPoolExecutor | None = None
        self._others: frozenset[BaseProcess] = frozenset()
        self._is_refused = False

    def submit(self, work: Callable[..., _R], /, *given: Any) -> Future[_R]:
        """Start `work(*given)` and return the future of its result.

        Raises:
            NoProcessError: not all processes could be started.
        """
        from concurrent.futures import BrokenExecutor  # slow to load

        if self._is_refused:
            raise NoProcessError
        try:
            pool = self._started()  # first: if this starts a resource tracker, that lets interrupts in again
            with _without_interrupts():  # a new process must ignore them from the start
                return pool.submit(work, *given)
        except BrokenExecutor:
            raise
        except (OSError, ImportError, NotImplementedError, RuntimeError) as cause:
            self._is_refused = True
            self.kill()  # otherwise nothing would end those that did start
            self.close()
            raise NoProcessError from cause

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            from concurrent.futures import ProcessPoolExecutor
            from multiprocessing import active_children

            self._others = frozenset(active_children())
            self._pool = ProcessPoolExecutor(self._number, initializer=_begin_worker)
        return self._pool

    def kill(self) -> None:
        """End the processes at once, whatever they are doing."""
        if self._pool is not None:
            from multiprocessing import active_children

            for process in {*active_children()} - self._others:
                process.kill()

    def close(self) -> None:
        """End the processes; work they have not begun is dropped."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Defer interrupts; a process started meanwhile blocks them for good, if the system supports that."""
    if threading.current_thread() is not threading.main_thread():  # only that one gets them
        yield
        return
    has_masks = hasattr(signal, "pthread_sigmask")
    pending: list[int] = []
    # A new process inherits the mask. Another thread may still receive the signal, and passes it to this one.
    handler = signal.signal(signal.SIGINT, lambda number, _frame: pending.append(number))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if has_masks else None
    try:
        yield
    finally:
        if mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, handler)
        if pending:
            signal.raise_signal(signal.SIGINT)


def _begin_worker() -> None:
    from multiprocessing import parent_process

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, args=(parent_process(),), daemon=True).start()


def _follow(parent: BaseProcess | None) -> None:
    """End this process when its parent ends: a killed parent cannot do so, and its queues outlive it."""
    if parent is not None:
        parent.join()
        os._exit(1)
