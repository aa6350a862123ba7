from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress

from rf_common import DeterministicClock, FeedState, UnixNanos
from rf_common.ports import MarketDataSource
from rf_ingestion.config import MockConfig
from rf_ingestion.mock import MockMarket, MockSource

STEP_NS = 100_000_000
START = 1_700_000_000 * 1_000_000_000


class Pace:
    """A clock that moves by what is slept, and by `late` more after each sleep."""

    def __init__(self, late: list[int], *, frozen: bool = False) -> None:
        self.clock = DeterministicClock(UnixNanos(START))
        self.slept: list[int] = []
        self._late = iter(late)
        self._frozen = frozen

    async def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds * 1_000_000_000))
        if not self._frozen:
            late = next(self._late, 0)
            self.clock.set(UnixNanos(self.clock.now() + self.slept[-1] + late))


async def times(pace: Pace, steps: int) -> list[int]:
    """Return when each of the first steps was told, relative to the start."""
    market = MockMarket(MockConfig(symbols=("BTCUSDT",), outage_every_s=0.0))
    source = MockSource(market, pace.clock, sleep=pace.sleep)
    told: list[int] = []
    async with aclosing(source.stream()) as stream:
        async for batch in stream:
            told.append(batch[0].ts_event - START)  # type: ignore[union-attr]
            if len(told) == steps:
                break
    return told


async def test_steps_keep_the_pace_although_sleeps_are_late() -> None:
    late = 7_000_000
    told = await times(Pace([late] * 50), 50)
    assert told == [0] + [number * STEP_NS + late for number in range(1, 50)]


async def test_steps_are_not_made_up_for_after_a_pause() -> None:
    pause = 60 * STEP_NS
    told = await times(Pace([0, pause]), 6)
    first = 2 * STEP_NS + pause
    assert told == [0, STEP_NS] + [first + number * STEP_NS for number in range(4)]


async def test_a_clock_that_stands_still_does_not_stretch_the_pauses() -> None:
    pace = Pace([], frozen=True)
    await times(pace, 20)
    assert pace.slept == [STEP_NS] * 19


async def test_status_follows_the_stream() -> None:
    clock = DeterministicClock(UnixNanos(START))
    source: MarketDataSource = MockSource(MockMarket(MockConfig()), clock)
    states = [source.status().state]
    seen = asyncio.Event()

    async def read() -> None:
        async for _ in source.stream():
            seen.set()

    reader = asyncio.create_task(read())
    await seen.wait()
    states.append(source.status().state)
    reader.cancel()
    with suppress(asyncio.CancelledError):
        await reader
    states.append(source.status().state)
    assert states == [FeedState.CONNECTING, FeedState.LIVE, FeedState.DOWN]
    assert source.status().source == "sim"
