"""Many tasks on any executor: a bounded queue, an end when it is asked for, nothing lost."""

from __future__ import annotations

import importlib
import importlib.util
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, TypeVar

from rf_cli.backtest.worker import quiet
from rf_cli.exits import Exit
from rf_cli.output import usage
from rf_common.errors import RfError

T = TypeVar("T")
R = TypeVar("R")

_LOOK_S = 0.2
"""How often a request to stop is looked at, seconds."""


class Inline(Executor):
    """An executor that does the work at once, in this process."""

    def submit(self, function: Callable[..., R], /, *args: Any, **options: Any) -> Future[R]:
        """Return a future that is done."""
        future: Future[R] = Future()
        try:
            future.set_result(function(*args, **options))
        except Exception as error:  # told by the future, as every executor does
            future.set_exception(error)
        return future


class Stop:
    """Whether an end was asked for."""

    def __init__(self) -> None:
        self.asked = False


@contextmanager
def interruptible() -> Iterator[Stop]:
    """Turn the first Ctrl-C into a request to stop; the second one interrupts."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def first(number: int, frame: object) -> None:
        stop.asked = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, first)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def executor(jobs: int, scheduler: str | None = None) -> Iterator[Executor]:
    """Give an executor: processes of this machine, or the workers of a cluster.

    Parameters
    ----------
    jobs : int
        Processes; 1 works in this one.
    scheduler : str, optional
        Address of a Dask scheduler such as ``tcp://host:8786``.
    """
    if scheduler is not None:
        with _cluster(scheduler) as found:
            yield found
        return
    if jobs == 1:
        yield Inline()
        return
    # A fresh interpreter: a fork would copy the locks of threads that do not exist in the copy.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=quiet)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _cluster(scheduler: str) -> Iterator[Executor]:
    if importlib.util.find_spec("distributed") is None:
        raise RfError(
            f"--scheduler {scheduler}: the package distributed is not installed",
            code="RF-B-010",
            detail="nothing was run; without it a sweep uses the processes of this machine",
            fix="install the extra: uv pip install 'rf-cli[cluster]'     or leave out --scheduler",
            exit_code=Exit.USAGE,
        )
    distributed: Any = importlib.import_module("distributed")
    try:
        client = distributed.Client(scheduler, timeout=10)
    except (OSError, ValueError) as error:
        raise RfError(
            f"--scheduler {scheduler}: no scheduler answers: {error}",
            code="RF-B-011",
            detail="nothing was run",
            fix="start it with: dask scheduler",
            exit_code=Exit.UNREACHABLE,
        ) from error
    with client:
        yield client.get_executor()


def workers(jobs: int | None) -> int:
    """Return how many processes to use; all cores when it is not told."""
    if jobs is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    if jobs < 1:
        raise usage(f"--jobs {jobs}: expected 1 or more")
    return jobs


def finished(
    pool: Executor, work: Callable[[T], R], tasks: Iterable[T], *, ahead: int, stop: Stop
) -> Iterator[R]:
    """Yield the results of tasks as they come, at most `ahead` on their way at one time.

    When a stop is asked for, no further task is begun and what runs is waited for.
    """
    waiting: set[Future[R]] = set()
    queue = iter(tasks)
    is_open = True
    try:
        while is_open or waiting:
            while is_open and len(waiting) < ahead and not stop.asked:
                task = next(queue, None)
                if task is None:
                    is_open = False
                    break
                waiting.add(pool.submit(work, task))
                if isinstance(pool, Inline):
                    break
            if stop.asked:
                is_open = False
                waiting = {future for future in waiting if not future.cancel()}
            done, waiting = wait(waiting, timeout=_LOOK_S, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
    finally:
        for future in waiting:
            future.cancel()


def batches(items: list[T], count: int) -> list[list[T]]:
    """Return `items` in groups of at most `count`, in order."""
    return [items[start : start + count] for start in range(0, len(items), count)]
