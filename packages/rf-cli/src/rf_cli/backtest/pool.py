"""Many tasks on any executor: a bounded queue, an end when it is asked for, nothing lost."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from rf_cli.backtest.worker import quiet
from rf_cli.exits import Exit
from rf_cli.output import usage
from rf_common.errors import RfError

T = TypeVar("T")
R = TypeVar("R")

_LOOK_S = 0.2
"""How often a request to stop is looked at, seconds."""

_ANSWER_S = 5
"""How long a scheduler, and its first worker, may take to answer, seconds."""


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


class Cluster(Executor):
    """The workers of a Dask cluster, by the executor of its client.

    Parameters
    ----------
    client : distributed.Client
        Connected; it stays the caller's.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._inner: Executor = client.get_executor(pure=False)
        self.threads = max(sum(client.nthreads().values()), 1)
        """Tasks that the workers do at one time."""

    def submit(self, function: Callable[..., R], /, *args: Any, **options: Any) -> Future[R]:
        """Return a future of what a worker gives back."""
        return self._inner.submit(_Call(function, args, options))

    def everywhere(self, function: Callable[..., R], /, *args: Any) -> dict[str, R]:
        """Return what each worker gives back, by its address."""
        found: dict[str, R] = self._client.run(function, *args)
        return found

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait for what runs, or let go of it."""
        self._inner.shutdown(wait=wait and not cancel_futures)


@dataclass(frozen=True, slots=True)
class _Call:
    """A call that a scheduler does not look into: it would take tuples for work of its own."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    options: dict[str, Any]

    def __call__(self) -> Any:
        return self.function(*self.args, **self.options)


@contextmanager
def _cluster(scheduler: str) -> Iterator[Executor]:
    distributed = extra("distributed", f"--scheduler {scheduler}", "cluster")
    try:
        _knock(scheduler)
        client = distributed.Client(scheduler, timeout=_ANSWER_S, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        fix = "start it with: dask scheduler"
        raise _unreachable(scheduler, f"no scheduler answers: {error}", fix) from error
    with _hushed("distributed", "distributed.client"), client:
        try:
            client.wait_for_workers(1, timeout=_ANSWER_S)
        except TimeoutError as error:
            fix = f"start one with: dask worker {scheduler}"
            raise _unreachable(scheduler, "the scheduler has no worker", fix) from error
        pool = Cluster(client)
        try:
            yield pool
        except (CancelledError, distributed.KilledWorker) as error:
            fix = "look at what the scheduler and its workers wrote, then go on with --resume"
            what = f"the cluster lost the work: {str(error) or 'the scheduler is gone'}"
            raise _unreachable(scheduler, what, fix, kept="what was finished is kept") from error
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def _hushed(*names: str) -> Iterator[None]:
    """Keep loggers still: what goes wrong is told by an error of ours."""
    before = [(log, log.level) for log in map(logging.getLogger, names)]
    for log, _ in before:
        log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for log, level in before:
            log.setLevel(level)


def _knock(scheduler: str) -> None:
    """Connect and hang up: a client of an address where nobody listens tries for long."""
    address = urlsplit(scheduler)
    if not address.scheme or not address.hostname or address.port is None:
        raise ValueError("expected an address such as tcp://host:8786")
    socket.create_connection((address.hostname, address.port), timeout=_ANSWER_S).close()


def _unreachable(scheduler: str, what: str, fix: str, *, kept: str = "nothing was run") -> RfError:
    return RfError(
        f"--scheduler {scheduler}: {what}",
        code="RF-B-011",
        detail=kept,
        fix=fix,
        exit_code=Exit.UNREACHABLE,
    )


def extra(package: str, flag: str, name: str) -> Any:
    """Return a package of an extra.

    Raises
    ------
    RfError
        If it is not installed; the extra is named.
    """
    if importlib.util.find_spec(package) is None:
        raise RfError(
            f"{flag}: the package {package} is not installed",
            code="RF-B-010",
            detail="nothing was run; without the flag a sweep needs no other package",
            fix=f"install the extra: uv pip install 'rf-cli[{name}]'     or leave out the flag",
            exit_code=Exit.USAGE,
        )
    return importlib.import_module(package)


def same_code(pool: Executor, hash_of: Callable[[T], str], strategy: T, expected: str) -> None:
    """Refuse a cluster of which a worker has other code; processes of this machine have ours.

    Raises
    ------
    RfError
        If one has other code or none; its address is named.
    """
    if not isinstance(pool, Cluster):
        return
    try:
        found = pool.everywhere(hash_of, strategy)
    except (ImportError, OSError) as error:
        raise _other_code(f"a worker cannot load it: {error}") from error
    for address, code in sorted(found.items()):
        if code != expected:
            raise _other_code(f"worker {address} has other code: {code[:12]}")


def _other_code(what: str) -> RfError:
    return RfError(
        what,
        code="RF-B-012",
        detail="a table that is half of one program and half of another compares nothing",
        fix="install this version, and the strategy's file, on all workers; start them again",
        exit_code=Exit.FOUND,
    )


def slots(pool: Executor, jobs: int) -> int:
    """Return how many tasks an executor does at one time; `jobs` unless it is a cluster."""
    return pool.threads if isinstance(pool, Cluster) else jobs


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
