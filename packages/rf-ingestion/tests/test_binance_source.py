"""The asyncio shell against a small venue on this machine."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

import pytest
from aiohttp import web
from websockets.asyncio.server import ServerConnection, serve

from rf_common import (
    BookDelta,
    BookSnapshot,
    ConfigError,
    FeedGap,
    FeedState,
    FeedStatus,
    InstrumentId,
    Quote,
    RealtimeClock,
    VenueError,
)
from rf_common.events import Payload
from rf_ingestion.binance.source import BinanceSource
from rf_ingestion.config import BinanceConfig

BTC = InstrumentId("binance:BTCUSDT")
ETH = InstrumentId("binance:ETHUSDT")
ACK = b'{"result":null,"id":1}'
DEADLINE_S = 10


def depth(first: int, last: int, symbol: str = "BTCUSDT") -> bytes:
    row = {"e": "depthUpdate", "E": 1_723_161_255_208, "s": symbol, "U": first, "u": last}
    row |= {"b": [["100.5", str(last)]], "a": []}
    return json.dumps({"stream": f"{symbol.lower()}@depth@100ms", "data": row}).encode()


def ticker(number: int) -> bytes:
    row = {"u": number, "s": "BTCUSDT", "b": "100.5", "B": "1", "a": "100.6", "A": "1"}
    return json.dumps({"stream": "btcusdt@bookTicker", "data": row}).encode()


def snapshot(last: int) -> bytes:
    return json.dumps({"lastUpdateId": last, "bids": [["100.5", "1"]], "asks": []}).encode()


class Venue:
    """A WebSocket that does what each connection's script says, and scripted REST answers."""

    def __init__(self) -> None:
        self.scripts: deque[Callable[[ServerConnection], Awaitable[None]]] = deque()
        self.requests: list[dict[str, Any]] = []
        self.snapshots: deque[web.Response | bytes] = deque()
        self.asked: list[dict[str, str]] = []
        self.asked_again = asyncio.Event()
        self.exchange_info: bytes = b""
        self.book_seen = asyncio.Event()

    async def on_socket(self, link: ServerConnection) -> None:
        assert link.request is not None
        assert link.request.path == "/stream"
        self.requests.append(json.loads(await link.recv()))
        if self.scripts:
            await self.scripts.popleft()(link)
        await link.wait_closed()

    async def on_depth(self, request: web.Request) -> web.Response:
        self.asked.append(dict(request.query))
        self.asked_again.set()
        answer = self.snapshots.popleft() if self.snapshots else snapshot(10)
        return answer if isinstance(answer, web.Response) else web.Response(body=answer)

    async def on_info(self, request: web.Request) -> web.Response:
        self.asked.append(dict(request.query))
        return web.Response(body=self.exchange_info)

    async def until_asked(self, times: int) -> None:
        while len(self.asked) < times:
            self.asked_again.clear()
            await self.asked_again.wait()


@pytest.fixture
async def venue() -> AsyncIterator[tuple[Venue, BinanceConfig]]:
    venue = Venue()
    app = web.Application()
    app.router.add_get("/api/v3/depth", venue.on_depth)
    app.router.add_get("/api/v3/exchangeInfo", venue.on_info)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with serve(venue.on_socket, "127.0.0.1", 0) as server:
        config = BinanceConfig(
            ws_url=f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}",
            rest_url=f"http://127.0.0.1:{runner.addresses[0][1]}",
            snapshot_levels=100,
            reconnect_first_ms=1,
            reconnect_cap_ms=2,
        )
        yield venue, config
    await runner.cleanup()


def new_source(config: BinanceConfig, *symbols: str, **options: Any) -> BinanceSource:
    return BinanceSource(
        config, symbols or ("BTCUSDT",), RealtimeClock(), uniform=lambda: 0.5, **options
    )


async def collect(source: BinanceSource, until: Callable[[list[Payload]], bool]) -> list[Payload]:
    """Return the events of a source up to the batch that satisfies `until`."""
    events: list[Payload] = []
    async with asyncio.timeout(DEADLINE_S), aclosing(source.stream()) as stream:
        async for batch in stream:
            assert batch
            events += batch
            if until(events):
                break
    return events


def tells(
    event: asyncio.Event, kind: type, until: Callable[[list[Payload]], bool]
) -> Callable[[list[Payload]], bool]:
    """Return `until`, which also sets `event` when the first event of `kind` was seen."""

    def watch(events: list[Payload]) -> bool:
        if count(kind)(events):
            event.set()
        return until(events)

    return watch


def count(kind: type) -> Callable[[list[Payload]], int]:
    return lambda events: sum(isinstance(event, kind) for event in events)


def of(events: list[Payload], *kinds: type) -> list[type]:
    return [type(event) for event in events if isinstance(event, kinds)]


def sends(*frames: bytes) -> Callable[[ServerConnection], Awaitable[None]]:
    async def script(link: ServerConnection) -> None:
        for frame in frames:
            await link.send(frame.decode())

    return script


BOOK = (BookSnapshot, BookDelta, FeedGap)


async def test_one_message_subscribes_everything_and_a_book_begins(
    venue: tuple[Venue, BinanceConfig],
) -> None:
    server, config = venue

    server.scripts.append(sends(ACK, ticker(1), depth(9, 11), depth(12, 12), depth(13, 14)))
    source = new_source(config, "btc/usdt", "ETHUSDT")
    assert source.status().state is FeedState.CONNECTING
    events = await collect(source, lambda found: count(BookDelta)(found) >= 3)
    assert server.requests == [
        {
            "method": "SUBSCRIBE",
            "params": [
                f"{symbol}@{kind}"
                for symbol in ("btcusdt", "ethusdt")
                for kind in ("depth@100ms", "bookTicker", "trade", "kline_1m")
            ],
            "id": 1,
        }
    ]
    assert server.asked == [{"symbol": "BTCUSDT", "limit": "100"}]
    assert of(events, *BOOK) == [BookSnapshot, BookDelta, BookDelta, BookDelta]
    numbers = [(e.first_id, e.last_id) for e in events if isinstance(e, BookDelta)]
    assert numbers == [(11, 11), (12, 12), (13, 14)]
    assert count(Quote)(events) == 1
    states = [event.state for event in events if isinstance(event, FeedStatus)]
    assert states[:2] == [FeedState.CONNECTING, FeedState.LIVE]
    assert source.status().state is FeedState.LIVE


async def test_a_lost_connection_is_told_with_its_gaps_and_everything_begins_anew(
    venue: tuple[Venue, BinanceConfig],
) -> None:
    server, config = venue

    async def script(link: ServerConnection) -> None:
        await sends(ACK, depth(9, 10))(link)
        await server.book_seen.wait()
        link.transport.abort()

    server.scripts += [script, sends(ACK, depth(20, 21))]
    server.snapshots += [snapshot(10), snapshot(20)]
    source = new_source(config)
    two_books = tells(server.book_seen, BookSnapshot, lambda e: count(BookSnapshot)(e) == 2)
    events = await collect(source, two_books)
    wanted = [BookSnapshot, FeedGap, BookSnapshot, BookDelta]
    assert of(events, *BOOK) == wanted
    down = next(
        i for i, e in enumerate(events) if isinstance(e, FeedStatus) and e.state is FeedState.DOWN
    )
    assert isinstance(events[down + 1], FeedGap)
    assert len(server.requests) == 2
    assert source.status().state is FeedState.LIVE


async def test_a_hole_in_the_numbers_is_healed_by_a_new_snapshot(
    venue: tuple[Venue, BinanceConfig],
) -> None:
    server, config = venue

    async def script(link: ServerConnection) -> None:
        await sends(ACK, depth(9, 10))(link)
        await server.book_seen.wait()
        await sends(depth(15, 16))(link)

    server.scripts.append(script)
    server.snapshots += [snapshot(10), snapshot(15)]
    source = new_source(config)
    two_books = tells(server.book_seen, BookSnapshot, lambda e: count(BookSnapshot)(e) == 2)
    events = await collect(source, two_books)
    assert of(events, *BOOK) == [BookSnapshot, FeedGap, BookSnapshot, BookDelta]
    [gap] = [event for event in events if isinstance(event, FeedGap)]
    assert (gap.first_missing, gap.last_missing) == (11, 14)


async def test_failed_and_old_snapshots_are_tried_again_with_growing_pauses(
    venue: tuple[Venue, BinanceConfig],
) -> None:
    server, config = venue
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        await asyncio.sleep(0)

    server.scripts.append(sends(ACK, depth(9, 10)))
    limited = web.Response(status=429, headers={"Retry-After": "23"}, text="{}")
    server.snapshots += [web.Response(status=503), limited, snapshot(3), b"<html>", snapshot(9)]
    source = new_source(config, sleep=sleep)
    events = await collect(source, lambda found: bool(count(BookSnapshot)(found)))
    assert len(server.asked) == 5
    assert of(events, *BOOK)[0] is BookSnapshot
    assert pauses[0] == pytest.approx(0.001)
    assert pauses[1] == pytest.approx(0.002)
    assert 22 < pauses[2] <= 23
    assert source.counters.dropped == {"snapshot: unreadable": 1}


async def test_a_refused_subscription_costs_the_connection(
    venue: tuple[Venue, BinanceConfig],
) -> None:
    server, config = venue
    server.scripts += [
        sends(b'{"code":2,"msg":"Invalid request:\\u001b[2J too many parameters"}', ticker(1)),
        sends(ACK, ticker(2)),
    ]
    source = new_source(config)
    events = await collect(source, lambda found: len(server.requests) == 2 and count(Quote)(found))
    told = [e.reason for e in events if isinstance(e, FeedStatus) and e.state is FeedState.DOWN]
    assert told == ["the subscription was refused: Invalid request:[2J too many parameters"]
    assert source.counters.errors == 1


async def test_a_subscription_that_is_not_confirmed_costs_the_connection(
    venue: tuple[Venue, BinanceConfig],
) -> None:
    server, config = venue

    patience = BinanceConfig(
        ws_url=config.ws_url, rest_url=config.rest_url, silence_ms=800, reconnect_first_ms=1
    )
    server.scripts += [sends(ticker(1)), sends(ACK)]
    source = new_source(patience)
    events = await collect(source, lambda _: len(server.requests) == 2)
    told = [e.reason for e in events if isinstance(e, FeedStatus) and e.state is FeedState.DOWN]
    assert told == ["the subscription was not confirmed"]


async def test_a_notice_of_a_shutdown_is_a_reason_to_reconnect(
    venue: tuple[Venue, BinanceConfig],
) -> None:
    server, config = venue
    notice = b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}'
    server.scripts += [sends(ACK, ticker(1), notice), sends(ACK, ticker(2))]
    events = await collect(new_source(config), lambda found: count(Quote)(found) == 2)
    told = [e.reason for e in events if isinstance(e, FeedStatus) and e.state is FeedState.DOWN]
    assert told == ["the venue announced a shutdown"]


async def test_a_book_can_be_asked_for_anew(venue: tuple[Venue, BinanceConfig]) -> None:
    server, config = venue

    async def script(link: ServerConnection) -> None:
        await sends(ACK, depth(9, 10))(link)
        await server.book_seen.wait()
        await sends(depth(11, 12))(link)

    server.scripts.append(script)
    server.snapshots += [snapshot(10), snapshot(11)]
    source = new_source(config)
    events: list[Payload] = []
    async with asyncio.timeout(DEADLINE_S), aclosing(source.stream()) as stream:
        async for batch in stream:
            if not count(BookSnapshot)(events) and count(BookSnapshot)(list(batch)):
                source.resync(ETH)
                source.resync(BTC)
                source.resync(BTC)
                server.book_seen.set()
            events += batch
            if count(BookSnapshot)(events) == 2:
                break
    gaps = [event for event in events if isinstance(event, FeedGap)]
    assert [gap.reason for gap in gaps] == ["a new book was asked"]
    assert of(events, *BOOK) == [BookSnapshot, FeedGap, BookSnapshot, BookDelta]


async def test_a_slow_reader_loses_nothing_and_bounds_what_waits(
    venue: tuple[Venue, BinanceConfig],
) -> None:
    server, config = venue
    total = 12_000
    server.scripts.append(sends(ACK, *map(ticker, range(1, total + 1))))
    source = new_source(config)
    numbers: list[int] = []
    largest = 0
    async with asyncio.timeout(DEADLINE_S), aclosing(source.stream()) as stream:
        async for batch in stream:
            largest = max(largest, len(batch))
            numbers += [event.update_id for event in batch if isinstance(event, Quote)]
            for _ in range(50):  # other tasks run, this one does not read
                await asyncio.sleep(0)
            if len(numbers) >= total:
                break
    assert numbers == list(range(1, total + 1))
    assert largest <= 4_096 + 8


async def test_cancelling_the_reader_leaves_nothing_behind(
    venue: tuple[Venue, BinanceConfig],
) -> None:
    server, config = venue
    server.scripts.append(sends(ACK, depth(9, 10)))
    source = new_source(config)
    reading = asyncio.create_task(collect(source, lambda _: False))
    async with asyncio.timeout(DEADLINE_S):
        await server.until_asked(1)
    assert "BinanceSource._run" in running()
    reading.cancel()
    [error] = await asyncio.gather(reading, return_exceptions=True)
    assert isinstance(error, asyncio.CancelledError)
    assert not [name for name in running() if name.startswith(("Binance", "Snapshot", "WsFrames"))]


def running() -> set[str]:
    return {getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()}


async def test_a_stream_can_be_opened_again_and_tells_what_was_lost(
    venue: tuple[Venue, BinanceConfig],
) -> None:
    server, config = venue

    async def script(link: ServerConnection) -> None:
        await sends(ACK, depth(9, 10))(link)

    server.scripts += [script, script]
    source = new_source(config)
    first = await collect(source, lambda found: bool(count(BookSnapshot)(found)))
    second = await collect(source, lambda found: bool(count(BookSnapshot)(found)))
    assert of(first, *BOOK) == [BookSnapshot]
    assert of(second, *BOOK) == [FeedGap, BookSnapshot]


async def test_a_bug_in_the_feed_ends_the_stream_with_an_error(
    venue: tuple[Venue, BinanceConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, config = venue
    server.scripts.append(sends(ACK))
    source = new_source(config)

    def broken(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(source, "_on_item", broken)
    with pytest.raises(ExceptionGroup) as caught:
        await collect(source, lambda _: False)
    assert caught.group_contains(ZeroDivisionError)


# --- instruments and settings -----------------------------------------------------------------


def info(*symbols: str) -> bytes:
    filters = [
        {"filterType": "PRICE_FILTER", "tickSize": "0.01000000"},
        {"filterType": "LOT_SIZE", "stepSize": "0.00001000", "maxQty": "9000.00000000"},
    ]
    rows = [
        {"symbol": symbol, "status": "TRADING", "quoteAsset": "USDT", "filters": filters}
        for symbol in symbols
    ]
    return json.dumps({"symbols": rows}).encode()


async def test_instruments_are_loaded_in_the_order_of_the_symbols(
    venue: tuple[Venue, BinanceConfig],
) -> None:
    server, config = venue
    server.exchange_info = info("BTCUSDT", "ETHUSDT")
    found = await new_source(config, "ETHUSDT", "BTCUSDT").load_instruments()
    assert [item.instrument_id for item in found] == [ETH, BTC]
    assert server.asked == [{"symbols": '["ETHUSDT","BTCUSDT"]'}]


async def test_a_symbol_that_the_venue_does_not_describe_is_named(
    venue: tuple[Venue, BinanceConfig],
) -> None:
    server, config = venue
    server.exchange_info = info("BTCUSDT")
    with pytest.raises(VenueError, match="does not describe ETHUSDT"):
        await new_source(config, "BTCUSDT", "ETHUSDT").load_instruments()


@pytest.mark.parametrize("symbols", [(), ("BTC USDT",), tuple(f"A{n}USDT" for n in range(257))])
def test_symbols_that_cannot_be_followed_are_a_mistake_in_the_settings(
    symbols: tuple[str, ...],
) -> None:
    with pytest.raises(ConfigError, match="binance symbols"):
        BinanceSource(BinanceConfig(), symbols, RealtimeClock(), uniform=lambda: 0.5)


@pytest.mark.parametrize(
    "config",
    [BinanceConfig(ws_url="ws://example.com"), BinanceConfig(rest_url="http://example.com")],
)
def test_addresses_in_the_clear_are_refused(config: BinanceConfig) -> None:
    with pytest.raises(ConfigError, match=r"binance\.(ws|rest)_url"):
        new_source(config)
