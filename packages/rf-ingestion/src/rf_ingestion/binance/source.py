"""The asyncio shell over `BinanceFeed`: one WebSocket, REST snapshots beside it, one way out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing

import msgspec

from rf_common.clock import Clock
from rf_common.enums import FeedState
from rf_common.errors import ConfigError, VenueError
from rf_common.events import FeedStatus, Payload
from rf_common.ids import InstrumentId
from rf_common.instruments import Instrument
from rf_ingestion.binance.book_sync import SyncState
from rf_ingestion.binance.instruments import (
    default_instrument,
    fold_symbol,
    to_instrument_id,
    to_listing,
)
from rf_ingestion.binance.normalize import SOURCE, BinanceFeed, FeedCounters
from rf_ingestion.binance.snapshots import SnapshotDesk
from rf_ingestion.binance.wire import Answer
from rf_ingestion.config import BinanceConfig
from rf_net.backoff import BackoffConfig, ReconnectPolicy
from rf_net.endpoints import checked_url
from rf_net.http import HttpClient
from rf_net.ws import Connected, Lost, WsFrames

Sleep = Callable[[float], Awaitable[None]]

MAX_STREAMS = 1024
"""Streams that Binance allows on one connection."""

_KINDS = ("depth@100ms", "bookTicker", "trade", "kline_1m")
_SUBSCRIBE_ID = 1
_MAX_OUT = 4096
_MAX_TEXT = 200

_log = logging.getLogger(__name__)


class BinanceSource:
    """Live market data of Binance spot; a `rf_common.ports.MarketDataSource`.

    Every connection is subscribed with one message, and one whose subscription is refused or
    not confirmed in time is given up. A book begins with a REST snapshot and ends with a
    `FeedGap`; in between its differences are contiguous.

    Parameters
    ----------
    config : BinanceConfig
        Addresses and patience.
    symbols : iterable of str
        What to follow, in any spelling of `fold_symbol`.
    clock : Clock
        Time of receipt.
    uniform : callable
        Returns numbers from 0 and below 1, for the jitter of delays.
    sleep : callable
        Waits, seconds.

    Raises
    ------
    ConfigError
        If we may not connect to an address, there is no symbol, one is malformed, or they need
        more than 1024 streams.
    """

    name = SOURCE

    def __init__(
        self,
        config: BinanceConfig,
        symbols: Iterable[str],
        clock: Clock,
        *,
        uniform: Callable[[], float],
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        checked_url(config.ws_url, schemes=("ws", "wss"), field="binance.ws_url")
        checked_url(config.rest_url, schemes=("http", "https"), field="binance.rest_url")
        self.symbols = _folded(symbols)
        self._ids = frozenset(map(to_instrument_id, self.symbols))
        self._config = config
        self._clock = clock
        self._uniform = uniform
        self._sleep = sleep
        self._feed = BinanceFeed(map(default_instrument, self.symbols), config)
        self._status = FeedStatus(SOURCE, clock.now(), FeedState.CONNECTING, "not started")
        self._ws = WsFrames(
            f"{config.ws_url}/stream",
            policy=self._policy(),
            on_state=self._on_state,
            silence_s=config.silence_ms / 1000,
            subscribe=(self._subscription(),),
            clock=clock,
            sleep=sleep,
        )
        self._out: list[Payload] = []
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._snapshots = SnapshotDesk(
            config,
            deliver=self._on_snapshot,
            failed=self._on_no_snapshot,
            policy=self._policy,
            sleep=sleep,
        )
        self._deadline: asyncio.TimerHandle | None = None

    @property
    def counters(self) -> FeedCounters:
        """What went through the feed, and what did not."""
        return self._feed.counters

    def status(self) -> FeedStatus:
        """Return the present state of the connection."""
        return self._status

    def resync(self, instrument_id: InstrumentId) -> None:
        """Fetch the book of an instrument anew; instruments of others are not ours to fetch."""
        if instrument_id in self._ids:
            self._push(self._feed.resync(instrument_id, self._clock.now(), "a new book was asked"))

    async def load_instruments(self) -> tuple[Instrument, ...]:
        """Return the instruments as the venue describes them, in the order of the symbols.

        Raises
        ------
        VenueError
            If the venue does not answer, or does not describe one of the symbols.
        """
        params = {"symbols": msgspec.json.encode(self.symbols).decode()}
        async with HttpClient(clock=self._clock) as http:
            raw = await http.get_with_retries(
                f"{self._config.rest_url}/api/v3/exchangeInfo",
                policy=self._policy(),
                sleep=self._sleep,
                params=params,
            )
        listing = to_listing(raw)
        found = {item.symbol: item for item in listing.instruments}
        for symbol in self.symbols:
            if symbol not in found:
                reason = listing.refused.get(symbol, "it is not in the exchange information")
                raise VenueError(f"binance does not describe {symbol}: {reason}")
        return tuple(found[symbol] for symbol in self.symbols)

    async def stream(self) -> AsyncGenerator[Sequence[Payload], None]:
        """Yield batches of events until closed or cancelled.

        A batch holds what came since the last one. When 4096 events wait, the socket is not
        read further, so that a slow reader holds the venue back and loses nothing.
        """
        self._out = []
        worker = asyncio.create_task(self._run())
        worker.add_done_callback(lambda _: self._wake.set())
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                batch, self._out = self._out, []
                self._room.set()
                if batch:
                    yield batch
                if worker.done():
                    worker.result()
                    return
        finally:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)

    async def _run(self) -> None:
        async with (
            HttpClient(clock=self._clock) as http,
            asyncio.TaskGroup() as group,
            aclosing(self._ws.session()) as session,
        ):
            self._snapshots.open(http, group)
            try:
                async for item in session:
                    self._on_item(item)
                    if len(self._out) >= _MAX_OUT:
                        self._room.clear()
                        await self._room.wait()
            finally:
                self._stop_deadline()

    def _on_item(self, item: Connected | Lost | bytes) -> None:
        feed, now = self._feed, self._clock.now()
        if isinstance(item, bytes):
            self._push(feed.on_frame(item, now))
            self._fetch_wanted()
            while feed.answers:
                self._on_answer(feed.answers.popleft())
            if feed.is_closing:
                self._ws.request_reconnect("the venue announced a shutdown")
            return
        self._stop_deadline()
        self._snapshots.cancel()
        if isinstance(item, Connected):
            self._push(feed.disconnected(now, "a new connection begins"))
            self._deadline = asyncio.get_running_loop().call_later(
                self._config.silence_ms / 1000,
                self._ws.request_reconnect,
                "the subscription was not confirmed",
            )
        else:
            self._push(feed.disconnected(now, item.reason))

    def _on_snapshot(self, instrument_id: InstrumentId, raw: bytes) -> bool:
        self._push(self._feed.on_snapshot(instrument_id, raw, self._clock.now()))
        self._fetch_wanted()
        return self._feed.state_of(instrument_id) is SyncState.SYNCED

    def _on_no_snapshot(self, instrument_id: InstrumentId) -> None:
        self._feed.snapshot_failed(instrument_id)
        self._fetch_wanted()

    def _fetch_wanted(self) -> None:
        for instrument_id in self._feed.wants_snapshot():
            self._snapshots.fetch(instrument_id)

    def _on_answer(self, answer: Answer) -> None:
        if answer.is_error:
            # The venue's text goes to screens and logs: no control characters in it.
            text = "".join(filter(str.isprintable, answer.msg))[:_MAX_TEXT]
            _log.warning("binance refused a request: code %s, %s", answer.code, text)
            if self._deadline is not None:
                self._stop_deadline()
                self._ws.request_reconnect(f"the subscription was refused: {text}")
        elif answer.id == _SUBSCRIBE_ID:
            self._stop_deadline()

    def _stop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _on_state(self, state: FeedState, reason: str, latency_ms: float | None) -> None:
        self._status = FeedStatus(SOURCE, self._clock.now(), state, reason, latency_ms)
        self._push((self._status,))

    def _push(self, events: Sequence[Payload]) -> None:
        if events:
            self._out.extend(events)
            self._wake.set()

    def _subscription(self) -> bytes:
        names = [f"{symbol.lower()}@{kind}" for symbol in self.symbols for kind in _KINDS]
        request = {"method": "SUBSCRIBE", "params": names, "id": _SUBSCRIBE_ID}
        return msgspec.json.encode(request)

    def _policy(self) -> ReconnectPolicy:
        first, cap = self._config.reconnect_first_ms, self._config.reconnect_cap_ms
        delays = BackoffConfig(initial_ms=first, max_ms=max(first, cap))
        return ReconnectPolicy(self._uniform, delays)


def _folded(symbols: Iterable[str]) -> tuple[str, ...]:
    try:
        folded = tuple(dict.fromkeys(map(fold_symbol, symbols)))
    except ValueError as error:
        raise ConfigError(f"binance symbols: {error}") from error
    streams = len(folded) * len(_KINDS)
    if not 0 < streams <= MAX_STREAMS:
        most = MAX_STREAMS // len(_KINDS)
        raise ConfigError(f"binance symbols: expected 1 to {most}, was {len(folded)}")
    return folded
