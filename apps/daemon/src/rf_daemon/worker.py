"""A process beside the engine for whatever takes longer than a moment.

Nobody on the engine's path waits for it. When it dies or its work takes too long it is ended,
the caller hears `WorkerDied`, and the next call starts another one.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, ParamSpec, TypeVar

from rf_common.errors import RfError

_LOG = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")


class WorkerDied(RfError):
    """The worker process ended before its answer."""

    default_code = "RF-A-021"


class Worker:
    """One process, started with the first call; calls are done one after the other.

    Parameters
    ----------
    name : str
        For people.
    prepare : callable, optional
        Run once in every new process, with `arguments`.
    """

    def __init__(
        self, name: str, prepare: Callable[..., None] | None = None, *arguments: Any
    ) -> None:
        self.name = name
        self.waiting = 0
        """Calls that have no answer yet."""
        self.deaths = 0
        """Processes that ended before their time."""
        self.reason = "not started yet"
        """Why the worker is as it is, for people."""
        self._setup = (prepare, arguments)
        self._pool: ProcessPoolExecutor | None = None

    @property
    def state(self) -> str:
        """READY, BUSY, or DOWN after a death until the next call."""
        if self.waiting:
            return "BUSY"
        return "READY" if self._pool is not None or not self.deaths else "DOWN"

    async def call(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Have `function`, a name at the top of a module, run in the process.

        Raises
        ------
        WorkerDied
            If the process ended; another one starts with the next call.
        """
        if self._pool is None:
            spawn = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(1, spawn, initializer=_begin, initargs=self._setup)
            self.reason = "running"
        pool = self._pool
        self.waiting += 1
        try:
            return await asyncio.wrap_future(pool.submit(function, *args, **kwargs))
        except BrokenProcessPool as error:
            if self._pool is pool:
                self.deaths += 1
                self.reason = f"the {self.name} worker died; the next call starts another one"
                _LOG.warning(self.reason)
                self._pool = None
            raise WorkerDied(f"the {self.name} worker died") from error
        except asyncio.CancelledError:
            self.reason = f"the {self.name} worker was ended: its work took too long"
            self.close()
            raise
        finally:
            self.waiting -= 1

    def close(self) -> None:
        """End the process, whatever it is doing."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        for process in list((pool._processes or {}).values()):
            process.kill()
        pool.shutdown(wait=False)  # calls that wait behind this one hear that the pool is broken


def _begin(prepare: Callable[..., None] | None, arguments: tuple[Any, ...]) -> None:
    """Make the process one that stays behind the engine and ends with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(10)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if prepare is not None:
        prepare(*arguments)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
