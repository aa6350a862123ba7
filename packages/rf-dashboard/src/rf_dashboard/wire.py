"""What travels from the daemon to a screen: facts of the corridor, and views of its state.

Facts (fills, refusals, changes of state) are the structs of `rf_common` as they are. Views are
small frozen pictures of present state that the daemon takes a few times a second: a newer one
replaces an older one, so a slow reader may miss some without harm.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from rf_common.clock import UnixNanos
from rf_common.enums import FeedState, Mode, OrderStatus, OrderType, Side, SystemState, TimeInForce
from rf_common.events import (
    Bar,
    CancelRejected,
    FeedGap,
    Level,
    OrderFilled,
    OrderRejected,
    Quote,
    Trade,
)
from rf_common.ids import ClientOrderId, InstrumentId, StrategyId
from rf_common.intelligence import (
    AnalystSignal,
    GateDecided,
    GraphContext,
    QuantSnapshot,
    SwarmSignal,
)
from rf_common.orders import (
    FeedChanged,
    Notice,
    PositionAdopted,
    Refusal,
    SignalRaised,
    StateChanged,
    StrategyChanged,
)


class InstrumentView(msgspec.Struct, frozen=True, array_like=True, tag="vI"):
    """What can be traded; told once with the snapshot."""

    instrument_id: InstrumentId
    tick: Decimal
    lot: Decimal
    min_notional: Decimal
    currency: str
    state: FeedState
    reason: str


class BookView(msgspec.Struct, frozen=True, array_like=True, tag="vB"):
    """The best levels of one book, best first; empty with a reason when there is none."""

    instrument_id: InstrumentId
    ts: UnixNanos
    last_id: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    reason: str
    source: str


class SignalsView(msgspec.Struct, frozen=True, array_like=True, tag="vF"):
    """Streaming measures of one instrument, None while they cannot be computed."""

    instrument_id: InstrumentId
    ts: UnixNanos
    samples: int
    rsi: float | None
    macd: float | None
    macd_signal: float | None
    vwap: float | None
    imbalance: float | None
    ofi: float | None
    microprice: float | None
    vpin: float | None
    vol: float | None
    garch_vol: float | None
    garch_from: str
    """Where the GARCH parameters come from."""


class OrderView(msgspec.Struct, frozen=True, array_like=True, tag="vO"):
    """One order of ours; told whenever it changes."""

    client_order_id: ClientOrderId
    strategy_id: StrategyId
    instrument_id: InstrumentId
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    quantity: Decimal
    filled: Decimal
    limit_price: Decimal | None
    average_price: Decimal | None
    status: OrderStatus
    reason: str
    created: UnixNanos
    updated: UnixNanos


class PositionView(msgspec.Struct, frozen=True, array_like=True):
    """One net position; `mark` and `unrealised` are None while there is no price."""

    instrument_id: InstrumentId
    quantity: Decimal
    average_price: Decimal | None
    mark: Decimal | None
    unrealised: Decimal | None
    realised: Decimal
    fees: Decimal
    owners: tuple[tuple[StrategyId, Decimal], ...]


class LimitView(msgspec.Struct, frozen=True, array_like=True):
    """One limit with its present use; `used` is the fraction of it, None when unknown."""

    rule: str
    value: str
    limit: str
    used: float | None
    blocks: bool = True
    """Whether orders are refused beyond it; if not, they only become smaller."""


class AccountView(msgspec.Struct, frozen=True, array_like=True, tag="vA"):
    """The account, marked; amounts in its currency, None while they cannot be computed."""

    ts: UnixNanos
    equity: Decimal | None
    cash: Decimal
    day_pnl: Decimal | None
    realised: Decimal
    fees: Decimal
    gross: Decimal | None
    net: Decimal | None
    drawdown: float | None
    positions: tuple[PositionView, ...]
    limits: tuple[LimitView, ...]
    orders_today: int
    fills_today: int
    signals: int
    fills: int
    refusals: tuple[tuple[str, int], ...]
    var95: float | None = None
    """One-day 95 % value at risk of what is held, account currency."""
    shortfall95: float | None = None
    """Expected shortfall beyond it."""
    var_samples: int = 0
    """Samples of the session's prices it was computed from."""
    account_vol: float | None = None
    """Volatility of the account if all holdings moved together, decimal per year."""


class FeedView(msgspec.Struct, frozen=True, array_like=True):
    """One connection to a source of market data."""

    source: str
    state: FeedState
    reason: str
    latency_ms: float | None
    last_event: UnixNanos
    lost_trades: int


class StrategyView(msgspec.Struct, frozen=True, array_like=True):
    """One strategy and why it is off."""

    strategy_id: StrategyId
    enabled: bool
    reason: str


class SystemView(msgspec.Struct, frozen=True, array_like=True, tag="vS"):
    """The daemon itself."""

    ts: UnixNanos
    version: str
    session: str
    mode: Mode
    account: str
    state: SystemState
    state_reason: str
    killed: bool
    kill_number: int
    kill_reason: str
    resume_phrase: str
    uptime_s: float
    events_per_s: float
    seq: int
    journal_bytes: int
    journal_bytes_per_day: float
    feeds: tuple[FeedView, ...]
    strategies: tuple[StrategyView, ...]


class IntelligenceView(msgspec.Struct, frozen=True, array_like=True, tag="vT"):
    """The slow thinkers: their worker, who answers, what was spent, how good it was so far.

    Amounts are US dollars. `worker` is READY, BUSY, DOWN or OFF; `analyst` is ``rules`` or a
    provider, with `why_rules` when the rules stand in for one. Scores are None until there are
    forecasts to score; `may_trade` is never, ask or auto.
    """

    ts_event: UnixNanos
    worker: str
    worker_reason: str
    analyst: str
    model: str
    why_rules: str
    instruments: tuple[InstrumentId, ...]
    every_s: int
    running: tuple[str, ...]
    spent_day: Decimal
    cap_day: Decimal
    spent_month: Decimal
    cap_month: Decimal
    calls_day: int
    estimate_usd: Decimal | None
    cache_share: float | None
    scored: int
    hit_rate: float | None
    brier: float | None
    base_brier: float | None
    may_trade: str


class OutcomeView(msgspec.Struct, frozen=True, array_like=True, tag="vC"):
    """What became of one cycle's verdict: the orders it led to, and what refused others.

    Told again, whole, whenever more is known of the cycle.
    """

    cycle_id: str
    instrument_id: InstrumentId
    ts_event: UnixNanos
    strategy_id: StrategyId
    orders: tuple[ClientOrderId, ...]
    refusals: tuple[str, ...]


BusEvent = (
    Quote
    | Trade
    | Bar
    | FeedGap
    | OrderFilled
    | OrderRejected
    | CancelRejected
    | Refusal
    | SignalRaised
    | StateChanged
    | FeedChanged
    | StrategyChanged
    | PositionAdopted
    | Notice
    | InstrumentView
    | BookView
    | SignalsView
    | OrderView
    | AccountView
    | SystemView
    | QuantSnapshot
    | SwarmSignal
    | GraphContext
    | AnalystSignal
    | GateDecided
    | IntelligenceView
    | OutcomeView
)
"""Everything that `DashboardState.apply` understands."""
