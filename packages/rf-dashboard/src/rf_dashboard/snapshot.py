"""A whole `DashboardState` as one frozen value: what a screen gets when it connects.

Made of scalars, text, `Decimal`, enums, tuples and structs only, so that it has a Postcard form.
"""

from __future__ import annotations

import msgspec

from rf_common.clock import UnixNanos
from rf_common.enums import FeedState, SystemState
from rf_common.events import FeedGap, OrderFilled, Quote, Trade
from rf_common.ids import InstrumentId
from rf_common.orders import Refusal, Signal
from rf_dashboard.alerts import Alert
from rf_dashboard.candles import Candle
from rf_dashboard.minds import MindsSnapshot
from rf_dashboard.wire import (
    AccountView,
    BookView,
    InstrumentView,
    OrderView,
    SignalsView,
    StrategyView,
    SystemView,
)


class FillRecord(msgspec.Struct, frozen=True, array_like=True):
    """A fill and when the daemon had it."""

    ts: UnixNanos
    fill: OrderFilled


class RefusalRecord(msgspec.Struct, frozen=True, array_like=True):
    """The newest of `count` like refusals in a row; `number` is in order with the alerts'."""

    number: int
    ts: UnixNanos
    refusal: Refusal
    count: int = 1


class SignalRecord(msgspec.Struct, frozen=True, array_like=True):
    """A strategy's newest opinion on one instrument."""

    ts: UnixNanos
    signal: Signal


class MarketSnapshot(msgspec.Struct, frozen=True, array_like=True):
    """One instrument; times are the daemon's, 0 for never."""

    instrument_id: InstrumentId
    instrument: InstrumentView | None
    feed_state: FeedState
    feed_reason: str
    feed_ts: UnixNanos
    quote: Quote | None
    quote_ts: UnixNanos
    day_open_px: float | None
    day_open_ts: UnixNanos
    trades: tuple[Trade, ...]
    trade_ts: UnixNanos
    book: BookView | None
    book_ts: UnixNanos
    last_gap: FeedGap | None
    gaps: int
    fine: tuple[Candle, ...]
    coarse: tuple[Candle, ...]
    signals: SignalsView | None = None


class DashboardSnapshot(msgspec.Struct, frozen=True, array_like=True):
    """Everything that `DashboardState` knows but its own line to the daemon."""

    seq: int
    ts: UnixNanos
    markets: tuple[MarketSnapshot, ...]
    orders: tuple[OrderView, ...]
    finished: tuple[OrderView, ...]
    fills: tuple[FillRecord, ...]
    refusals: tuple[RefusalRecord, ...]
    alerts: tuple[Alert, ...]
    alert_number: int
    signals: tuple[SignalRecord, ...]
    account: AccountView | None
    account_ts: UnixNanos
    equity: tuple[Candle, ...]
    system: SystemView | None
    system_ts: UnixNanos
    system_state: SystemState | None
    state_reason: str
    strategies: tuple[StrategyView, ...]
    minds: MindsSnapshot = MindsSnapshot()
