"""Where market data comes from, and why."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rf_cli.settings import Settings
from rf_common.clock import NANOS_PER_MILLI, Clock
from rf_common.enums import Mode
from rf_common.errors import ConfigError
from rf_common.events import Payload
from rf_common.ids import InstrumentId
from rf_common.instruments import Instrument
from rf_common.ports import MarketDataSource
from rf_engine import Ledger
from rf_ingestion.multiplexer import Multiplexer


@dataclass(frozen=True)
class Feed:
    """An open source of market data, watched: its end and lost prints are told."""

    name: str
    mode: Mode
    instruments: tuple[Instrument, ...]
    source: MarketDataSource
    watched: Multiplexer
    resync: Callable[[InstrumentId], None] | None

    def stream(self) -> AsyncGenerator[Sequence[Payload], None]:
        """Yield batches until cancelled."""
        return self.watched.stream()

    def status(self, now: int) -> list[dict[str, Any]]:
        """Return the state of the connection, for people."""
        told = self.source.status()
        return [
            {
                "source": told.source,
                "state": str(told.state),
                "reason": told.reason,
                "latency_ms": told.latency_ms,
                "lost_trades": self.watched.trade_gaps.lost,
                "age_ms": max(now - told.ts_event, 0) // NANOS_PER_MILLI,
            }
        ]


def choose(settings: Settings) -> tuple[str, tuple[str, ...]]:
    """Return the source's name and what to say about the choice.

    Raises
    ------
    ConfigError
        If two settings contradict each other.
    """
    if settings.use_mock and settings.source not in {"", "mock"}:
        raise ConfigError(
            f"USE_MOCK = 1 and source = {settings.source}: expected one of them",
            code="RF-C-031",
            fix="remove USE_MOCK, or leave the source out",
        )
    if settings.source:
        return settings.source, ()
    if settings.use_mock:
        return "mock", ("USE_MOCK is set: the simulated market is used",)
    given = settings.keys.given()
    if not given:
        return "mock", ("no key is set: the simulated market is used; every number is SIM",)
    names = ", ".join(given)
    said = f"keys are set ({names}), but this version has no source for them"
    hint = "the simulated market is used; --source binance gives real data without a key"
    return "mock", (said, hint)


async def open_feed(settings: Settings, source: str, clock: Clock, ledger: Ledger | None) -> Feed:
    """Return the source with its instruments; the simulated market goes on where it was marked."""
    if source == "binance":
        return await _binance(settings, clock)
    from rf_ingestion.mock import MockMarket, MockSource

    start = {name: float(mark) for name, mark in ledger.marks} if ledger is not None else {}
    config = settings.mock
    if settings.symbols:
        import msgspec

        config = msgspec.structs.replace(config, symbols=settings.symbols)
    try:
        market = MockMarket(config, start)
    except ValueError as error:
        raise ConfigError(f"mock.{error}", fix="rf config check") from error
    simulated = MockSource(market, clock)
    watched = Multiplexer([simulated], clock)
    return Feed("mock", Mode.SIM, market.instruments(), simulated, watched, None)


async def _binance(settings: Settings, clock: Clock) -> Feed:
    from rf_ingestion.binance.source import BinanceSource

    symbols = settings.symbols or ("BTCUSDT", "ETHUSDT")
    # The jitter of reconnects decides nothing: it enters no state and no journal.
    uniform = secrets.SystemRandom().random
    source = BinanceSource(settings.binance, symbols, clock, uniform=uniform)
    instruments = await source.load_instruments()
    watched = Multiplexer([source], clock)
    return Feed("binance", Mode.PAPER, instruments, source, watched, source.resync)
