"""The feed around the simulated market."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

from rf_common.clock import NANOS_PER_SECOND, Clock, UnixNanos
from rf_common.enums import FeedState
from rf_common.events import FeedStatus, Payload
from rf_ingestion.mock.market import MockMarket
from rf_ingestion.mock.presets import VENUE


class MockSource:
    """A `MarketDataSource` that steps the market at its pace.

    Parameters
    ----------
    market : MockMarket
        What is told.
    clock : Clock
        Event times and pace.
    sleep : callable, optional
        Waits some seconds.
    """

    name = VENUE

    def __init__(
        self,
        market: MockMarket,
        clock: Clock,
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._market = market
        self._clock = clock
        self._sleep = sleep
        self._state = FeedState.CONNECTING

    async def stream(self) -> AsyncGenerator[Sequence[Payload], None]:
        """Yield a batch each step until cancelled.

        Steps are due on a grid, so small delays do not add up; after a delay of more than a
        step the grid begins anew, so steps are not made up for in a burst.
        """
        due = self._clock.now()
        try:
            while True:
                self._state = FeedState.LIVE
                yield self._market.step(self._clock.now())
                now = self._clock.now()
                due = self._next(due, now)
                await self._sleep((due - now) / NANOS_PER_SECOND)
        finally:
            self._state = FeedState.DOWN

    def status(self) -> FeedStatus:
        """Return CONNECTING before the first step, LIVE, and DOWN after the last."""
        return FeedStatus(self.name, self._clock.now(), self._state)

    def _next(self, due: UnixNanos, now: UnixNanos) -> UnixNanos:
        # Too late, or the clock was set back and stands still: count a whole step from now.
        step = self._market.step_ns
        on_grid = due + step
        return UnixNanos(on_grid if now <= on_grid <= now + step else now + step)
