"""Work for several processes: our own, or those of any executor that has `submit`, such as that of dask."""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from calfeed.diagnostics.problem import Mark, OutputError, error

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor
    from multiprocessing.process import BaseProcess

_C = TypeVar("_C")
_T = TypeVar("_T")
_R = TypeVar("_R")

_BATCH = 200
"""How many things a process is given at once: enough that sending them is quick beside the work."""
_FEWEST = 2_000
"""With fewer, starting processes takes longer than it saves."""


class Executor(Protocol):
    """What can have work done elsewhere: a `concurrent.futures.Executor`, as far as it is used."""

    def submit(self, work: Callable[..., _R], /, *given: Any) -> Future[_R]:
        """Have `work(*given)` done, and return the promise of its result."""


class Pending(Generic[_R]):
    """Work that others do: its results, in order, each once. Where it `can_be_cancelled`, nobody else ends it."""

    def __init__(self, futures: Sequence[Future[Sequence[_R]]], *, can_be_cancelled: bool) -> None:
        self._futures = futures
        self._can_be_cancelled = can_be_cancelled

    def __iter__(self) -> Iterator[_R]:
        """Yield the results.

        Raises:
            OutputError: a process was lost. Whatever the work raises comes, too.
        """
        for future in self._futures:
            try:
                with _losses_told():
                    results = future.result()
            except OutputError:
                self._can_be_cancelled = False  # the executor gives up the others by itself
                raise
            yield from results

    def cancel(self) -> None:
        """Have nothing more of it begun.

        A pool of processes that meets a cancelled future while it breaks, or is killed, fails with a traceback of its
        own (CPython 3.11). So where it is known to end, this is left to it.
        """
        if self._can_be_cancelled:
            for future in self._futures:
                future.cancel()


def spread(
    executor: Executor | None, work: Callable[[_C, Sequence[_T]], Sequence[_R]], common: _C, items: Sequence[_T]
) -> Pending[_R] | None:
    """Have work begun, and return what is to come of it; None where it had better be done here.

    Args:
        executor: what shall do it.
        work: given `common` and some of the items, it returns a result for each. All of them can be pickled.
        common: what it needs for each of them. It is sent with them, but looked at once in each process.
        items: what there is to do.

    Raises:
        OutputError: a process was lost.
    """
    if executor is None or len(items) < _FEWEST:
        return None
    shared = pickle.dumps(common)
    batches = (items[begin : begin + _BATCH] for begin in range(0, len(items), _BATCH))
    try:
        with _losses_told():
            futures = [executor.submit(_do, work, shared, batch) for batch in batches]
    except NoProcessError:
        return None
    return Pending(futures, can_be_cancelled=not isinstance(executor, _Processes))


def _do(work: Callable[[Any, Sequence[_T]], Sequence[_R]], shared: bytes, batch: Sequence[_T]) -> Sequence[_R]:
    return work(_read(shared), batch)


@lru_cache(maxsize=2)
def _read(shared: bytes) -> Any:
    return pickle.loads(shared)  # noqa: S301 - it is of our own process


@contextmanager
def _losses_told() -> Iterator[None]:
    from concurrent.futures import BrokenExecutor

    try:
        yield
    except BrokenExecutor as cause:
        message = "a process that helped was lost; the system may have been out of memory"
        hint = "build again with fewer processes: `--jobs`"
        raise OutputError([error(Mark(path="calfeed"), "lost-process", message, hint)]) from cause


# -- processes of our own ---------------------------------------------------------------------------------------


class NoProcessError(Exception):
    """The system starts no process for us: there is a limit, or it has no means for them to talk."""


@contextmanager
def processes(number: int) -> Iterator[Executor | None]:
    """Yield an executor of so many processes, which start when there is work for them; None for fewer than two.

    Whatever happens, none of them is left behind: not by an interrupt from the keyboard, which only this process takes
    notice of, and not when this process is killed.
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
            executor.kill()  # nobody waits for what they are at
        executor.close()


class _Processes:
    """An executor of processes that are started with the first work for them: most calendars have none."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._pool: ProcessPoolExecutor | None = None
        self._others: frozenset[BaseProcess] = frozenset()
        self._is_refused = False

    def submit(self, work: Callable[..., _R], /, *given: Any) -> Future[_R]:
        """Have `work(*given)` done, and return the promise of its result.

        Raises:
            NoProcessError: there are not as many processes as there should be.
        """
        from concurrent.futures import BrokenExecutor  # takes a moment to load

        if self._is_refused:
            raise NoProcessError
        try:
            pool = self._started()  # before: where it starts a tracker of its means, that one lets interrupts in again
            with _without_interrupts():  # a process that is started is not to take notice of them from the first
                return pool.submit(work, *given)
        except BrokenExecutor:
            raise
        except (OSError, ImportError, NotImplementedError, RuntimeError) as cause:
            self._is_refused = True
            self.kill()  # those that did start: nobody else would end them
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
        """End the processes at once, whatever they are at."""
        if self._pool is not None:
            from multiprocessing import active_children

            for process in {*active_children()} - self._others:
                process.kill()

    def close(self) -> None:
        """End the processes; what they have not begun is not done."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Put interrupts off; a process that is started meanwhile puts them off for ever, where the system can."""
    if threading.current_thread() is not threading.main_thread():  # which alone gets them
        yield
        return
    has_masks = hasattr(signal, "pthread_sigmask")
    came: list[int] = []
    # The mask is what a process inherits. Another thread may take the signal all the same, and hands it to this one.
    handler = signal.signal(signal.SIGINT, lambda number, _frame: came.append(number))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if has_masks else None
    try:
        yield
    finally:
        if mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, handler)
        if came:
            signal.raise_signal(signal.SIGINT)


def _begin_worker() -> None:
    from multiprocessing import parent_process

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, args=(parent_process(),), daemon=True).start()


def _follow(parent: BaseProcess | None) -> None:
    """End this process with its parent. One that was killed could not tell, and the queues outlive it."""
    if parent is not None:
        parent.join()
        os._exit(1)
