from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, suppress

import pytest

from rf_common import (
    DeterministicClock,
    FeedState,
    FeedStatus,
    InstrumentId,
    Trade,
    UnixNanos,
    VenueError,
)
from rf_common.events import Payload
from rf_ingestion.multiplexer import Multiplexer

NOW = UnixNanos(5_000_000_000)
CLOCK = DeterministicClock(NOW)


class FakeSource:
    """Tells its batches, then fails, ends or waits for ever."""

    def __init__(self, name: str, batches: int, after: Exception | str = "end") -> None:
        self.name = name
        self.told = 0
        self.closed = False
        self._batches = batches
        self._after = after

    async def stream(self) -> AsyncIterator[Sequence[Payload]]:
        try:
            for number in range(1, self._batches + 1):
                self.told = number
                yield (print_of(self.name, number),)
                await asyncio.sleep(0)
            if isinstance(self._after, Exception):
                raise self._after
            if self._after == "wait":
                await asyncio.Event().wait()
        finally:
            self.closed = True

    def status(self) -> FeedStatus:
        state = FeedState.LIVE if self.told and not self.closed else FeedState.CONNECTING
        return FeedStatus(self.name, NOW, state)


class BrokenSource(FakeSource):
    def stream(self) -> AsyncIterator[Sequence[Payload]]:
        raise ConnectionError("no route")


def print_of(source: str, number: int) -> Trade:
    return Trade(InstrumentId(f"{source}:X"), NOW, 1.0, 1.0, None, number)


async def until_the_end(mux: Multiplexer) -> tuple[list[Payload], VenueError]:
    told: list[Payload] = []
    stream = mux.stream()
    try:
        async for batch in stream:
            told += batch
    except VenueError as error:
        return told, error
    raise AssertionError("the stream ended without an error")


async def test_batches_of_each_source_keep_their_order() -> None:
    told, _ = await until_the_end(
        Multiplexer([FakeSource("a", 50), FakeSource("b", 80)], CLOCK, max_batches=3)
    )
    for name, count in (("a", 50), ("b", 80)):
        numbers = [
            p.trade_id for p in told if isinstance(p, Trade) and p.instrument_id == f"{name}:X"
        ]
        assert numbers == list(range(1, count + 1))


async def test_a_source_that_fails_is_told_and_the_others_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    mux = Multiplexer([FakeSource("a", 2, ConnectionError("reset")), FakeSource("b", 9)], CLOCK)
    told, error = await until_the_end(mux)
    down = FeedStatus("a", NOW, FeedState.DOWN, "ConnectionError: reset")
    assert told.index(down) > told.index(print_of("a", 2))
    assert print_of("b", 9) in told[told.index(down) :]
    assert told[-1] == FeedStatus("b", NOW, FeedState.DOWN, "the stream ended")
    assert "a: ConnectionError: reset" in str(error)
    assert "source a failed" in caplog.text


async def test_a_source_that_cannot_start_is_told_and_the_others_go_on() -> None:
    told, _ = await until_the_end(Multiplexer([BrokenSource("a", 1), FakeSource("b", 3)], CLOCK))
    assert FeedStatus("a", NOW, FeedState.DOWN, "ConnectionError: no route") in told
    assert [p.trade_id for p in told if isinstance(p, Trade)] == [1, 2, 3]


async def test_no_source_at_all_is_an_error_not_silence() -> None:
    told, error = await until_the_end(Multiplexer([], CLOCK))
    assert told == []
    assert "none was given" in str(error)


async def test_the_error_comes_once() -> None:
    stream = Multiplexer([], CLOCK).stream()
    with pytest.raises(VenueError):
        await anext(stream)
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


async def test_a_full_queue_blocks_the_sources() -> None:
    source = FakeSource("a", 1_000)
    stream = Multiplexer([source], CLOCK, max_batches=4).stream()
    await anext(stream)
    for _ in range(50):
        await asyncio.sleep(0)
    assert source.told <= 7  # one read, four in the queue, one in the pump's hand
    await stream.aclose()


async def test_cancelling_the_reader_closes_every_source() -> None:
    sources = [FakeSource("a", 3, "wait"), FakeSource("b", 10_000)]
    mux = Multiplexer(sources, CLOCK, max_batches=2)
    begun = asyncio.Event()

    async def read() -> None:
        async with aclosing(mux.stream()) as stream:
            async for _ in stream:
                begun.set()
                await asyncio.sleep(0)

    reader = asyncio.create_task(read())
    await begun.wait()
    reader.cancel()
    with suppress(asyncio.CancelledError):
        await reader
    assert [source.closed for source in sources] == [True, True]
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_closing_while_a_source_waits_for_room_closes_it() -> None:
    source = FakeSource("a", 1_000)
    stream = Multiplexer([source], CLOCK, max_batches=1).stream()
    await anext(stream)
    for _ in range(10):
        await asyncio.sleep(0)
    await stream.aclose()
    assert source.closed
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_health_tells_who_is_live() -> None:
    mux = Multiplexer(
        [FakeSource("a", 1, "wait"), FakeSource("b", 1, ValueError("bad")), FakeSource("c", 0)],
        CLOCK,
    )
    assert mux.health() == [("a", False), ("b", False), ("c", False)]
    stream = mux.stream()
    downs = 0
    while downs < 2:
        downs += isinstance((await anext(stream))[0], FeedStatus)
    assert mux.health() == [("a", True), ("b", False), ("c", False)]
    await stream.aclose()


async def test_lost_prints_are_logged_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    class Lossy(FakeSource):
        async def stream(self) -> AsyncIterator[Sequence[Payload]]:
            yield (print_of("a", 1), print_of("a", 5))

    mux = Multiplexer([Lossy("a", 0)], CLOCK)
    with caplog.at_level(logging.WARNING):
        told, _ = await until_the_end(mux)
    assert told[:2] == [print_of("a", 1), print_of("a", 5)]
    assert mux.trade_gaps.lost == 3
    assert "a:X: trades 2 to 4 never arrived" in caplog.text


def test_two_sources_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="each name once"):
        Multiplexer([FakeSource("a", 0), FakeSource("a", 0)], CLOCK)


def test_an_unbounded_queue_is_refused() -> None:
    with pytest.raises(ValueError, match="max_batches = 0"):
        Multiplexer([], CLOCK, max_batches=0)
