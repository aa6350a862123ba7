"""The live loop: one bounded inbox, one engine, and what wakes it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Sequence

from rf_common.clock import NANOS_PER_SECOND, Clock
from rf_common.commands import Shutdown
from rf_common.events import Commanded, Payload
from rf_daemon.asking import Asking
from rf_daemon.corridor import Corridor

INBOX = 4_096
"""Batches that may wait; a source that is faster than the engine is made to wait."""

_Item = Sequence[Payload] | Callable[[], None]


class LiveLoop(Asking):
    """Moves the corridor with a source, with time, and with what people ask.

    Everything enters through one queue, in one order.

    Parameters
    ----------
    corridor : Corridor
        Where everything goes.
    clock : Clock
        The present time.
    flush_ms : int
        Longest time between two looks at the journal, milliseconds.
    """

    def __init__(self, corridor: Corridor, clock: Clock, *, flush_ms: int) -> None:
        super().__init__(corridor)
        self._clock = clock
        self._flush_s = flush_ms / 1_000
        self._inbox: asyncio.Queue[_Item] = asyncio.Queue(INBOX)
        self._alarm: asyncio.Handle | None = None
        self._alarm_at = 0.0
        self._stopping = asyncio.Event()

    # --- the loop -----------------------------------------------------------------------------

    async def run(self, stream: AsyncGenerator[Sequence[Payload], None]) -> None:
        """Run until `stop` is called; a stream that fails ends the run with its error."""
        loop = asyncio.get_running_loop()
        self._post = lambda item: loop.call_soon_threadsafe(self._put, item)
        self.corridor.start()
        pump = asyncio.create_task(self._pump(stream), name="source")
        try:
            await self._serve(pump)
        finally:
            if self._alarm is not None:
                self._alarm.cancel()
            pump.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await pump
            self._post = None

    async def put(self, payloads: Sequence[Payload]) -> None:
        """Queue payloads that are no market data, such as a worker's answers."""
        await self._inbox.put(payloads)

    def _put(self, item: Callable[[], None]) -> None:
        """Queue a question; when the inbox is full its task waits for room, in order."""
        try:
            self._inbox.put_nowait(item)
        except asyncio.QueueFull:
            asyncio.get_running_loop().call_later(0.01, self._put, item)

    async def _pump(self, stream: AsyncGenerator[Sequence[Payload], None]) -> None:
        async with contextlib.aclosing(stream):
            async for batch in stream:
                await self._inbox.put(batch)

    async def _serve(self, pump: asyncio.Task[None]) -> None:
        inbox, corridor = self._inbox, self.corridor
        while not self._stopping.is_set():
            self._set_alarm()
            item = await inbox.get()
            corridor.advance(self._clock.now())
            self._take(item)
            for _ in range(inbox.qsize()):
                self._take(inbox.get_nowait())
            if pump.done() and not pump.cancelled():
                pump.result()  # a source that cannot go on ends the run with its error

    def _take(self, item: _Item) -> None:
        corridor = self.corridor
        if callable(item):
            item()
        else:
            for payload in item:
                corridor.feed(payload)
            corridor.settle()
        self._inbox.task_done()

    def _set_alarm(self) -> None:
        """Wake the loop when something is due, or when the journal wants a look."""
        delay = self._flush_s
        due = self.corridor.next_due
        if due is not None:
            delay = min(delay, max((due - self._clock.now()) / NANOS_PER_SECOND, 0.0))
        loop = asyncio.get_running_loop()
        when = loop.time() + delay
        if self._alarm is not None:
            if self._alarm_at <= when:
                return
            self._alarm.cancel()
        self._alarm, self._alarm_at = loop.call_at(when, self._ring), when

    def _ring(self) -> None:
        self._alarm = None
        if self._inbox.empty():
            self._inbox.put_nowait(())

    # --- the end ------------------------------------------------------------------------------

    async def stop(self, command: Shutdown, *, patience_s: float) -> None:
        """Send nothing new from now on, wait for the venue's answers, then end `run`."""
        if self._post is None:
            self._stopping.set()
            return
        await self._inbox.put((Commanded(command),))
        deadline = asyncio.get_running_loop().time() + patience_s
        while command.cancel_orders and self.corridor.engine.state.orders.open_count:
            if asyncio.get_running_loop().time() >= deadline:
                break
            await asyncio.sleep(0.02)
        await asyncio.sleep(0)
        self._stopping.set()
        await self._inbox.put(())
