"""Independent tasks side by side, each in a process with one thread."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import TypeVar

from helpers.progress import progress_bar

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
T = TypeVar("T")
R = TypeVar("R")

# One pool per number of workers, kept for the next call: a process needs ten seconds
# to import torch and to compile numba's functions. They end with the interpreter.
_pools: dict[int, ProcessPoolExecutor] = {}


def in_processes(
    function: Callable[[T], R],
    tasks: Sequence[T],
    workers: int = 2,
    *,
    label: str = "tasks",
    progress: bool = True,
) -> list[R]:
    """Results of ``function`` for every task, in the order of the tasks.

    One worker, or one task, starts no process; others stay for the next call. Where a
    task is a `helpers.cache.stage` an interrupted call resumes with the tasks that are
    missing. In a script with several workers, call it below
    ``if __name__ == "__main__":``, since every process imports the script.

    Parameters
    ----------
    function : callable
        At the top level of a module; it, tasks and results must pickle.
    workers : int
        Processes, each with one thread: small arrays gain nothing from more.
    label : str
        In front of the progress bar.

    Raises
    ------
    ValueError
        If ``workers`` is below 1.
    Exception
        The first error of a task; tasks that have not begun are dropped.
    """
    if workers < 1:
        raise ValueError(f"workers is {workers}; allowed: 1 or more")
    bar = progress_bar(total=len(tasks), desc=label, disable=not progress)
    with bar:
        if workers == 1 or len(tasks) < 2:
            results = []
            for task in tasks:
                results.append(function(task))
                bar.update()
            return results
        pool, futures = _submitted(function, tasks, workers)
        try:
            for done in as_completed(futures):
                done.result()  # the first error ends the wait
                bar.update()
        except BaseException as error:
            for future in futures:
                future.cancel()
            if isinstance(error, BrokenProcessPool) or not isinstance(error, Exception):
                del _pools[workers]
                pool.shutdown(cancel_futures=True)
            wait(futures)
            raise
        return [future.result() for future in futures]


def in_groups(
    function: Callable[[T], R],
    tasks: Sequence[T],
    key: Callable[[T], Hashable],
    workers: int = 2,
    *,
    label: str = "tasks",
) -> list[R]:
    """`in_processes`, where tasks of one key share a process, one after the other.

    For tasks that share what a process keeps. Equal tasks are done once.
    """
    groups: dict[Hashable, list[T]] = {}
    for task in dict.fromkeys(tasks):
        groups.setdefault(key(task), []).append(task)
    shared = list(groups.values())
    found = in_processes(partial(_each, function), shared, workers, label=label)
    both = chain.from_iterable(shared), chain.from_iterable(found)
    done = dict(zip(*both, strict=True))
    return [done[task] for task in tasks]


def _each(function: Callable[[T], R], tasks: Sequence[T]) -> list[R]:
    return [function(task) for task in tasks]


def _submitted(
    function: Callable[[T], R], tasks: Sequence[T], workers: int
) -> tuple[ProcessPoolExecutor, list[Future[R]]]:
    """The pool and its futures; a pool that lost a process since the last call is new.

    That happens where the system wants memory back while nothing runs.
    """
    for _ in range(2):
        pool = _pool(workers)
        try:
            with _one_thread():  # submitting starts the processes
                return pool, [pool.submit(function, task) for task in tasks]
        except BrokenProcessPool as error:
            broken = error
            del _pools[workers]
            pool.shutdown(cancel_futures=True)
    raise broken


def _pool(workers: int) -> ProcessPoolExecutor:
    """The pool with so many processes, started when it is first asked for."""
    if workers not in _pools:
        # spawned, not forked: torch and a notebook's threads do not survive a fork
        _pools[workers] = ProcessPoolExecutor(
            workers, multiprocessing.get_context("spawn"), _begin
        )
    return _pools[workers]


@contextmanager
def _one_thread() -> Iterator[None]:
    """What a process inherits: numpy and torch read it once, as they are imported.

    A script's own imports come before anything else that a process does.
    """
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _begin() -> None:
    """The first thing that runs in a process."""
    # numba reads it as late as it compiles; a parent that compiled may not change it
    os.environ["NUMBA_NUM_THREADS"] = "1"
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A parent that was killed cannot tell its processes to end."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
