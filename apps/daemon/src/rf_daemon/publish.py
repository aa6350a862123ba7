"""What the daemon tells its screens: facts as they happen, views of state a few times a second."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from itertools import islice
from typing import Any

from rf_common import money
from rf_common.clock import NANOS_PER_MILLI, UnixNanos
from rf_common.enums import FeedState, Mode, Severity, SystemState
from rf_common.events import (
    Bar,
    CancelRejected,
    Envelope,
    FeedGap,
    OrderEvent,
    OrderFilled,
    OrderRejected,
    Payload,
    Trade,
)
from rf_common.ids import ClientOrderId, InstrumentId
from rf_common.intelligence import (
    AnalystSignal,
    GateDecided,
    GraphContext,
    QuantSnapshot,
    SwarmSignal,
)
from rf_common.orders import (
    CancelOrder,
    FeedChanged,
    LimitChanged,
    Notice,
    Output,
    PositionAdopted,
    Refusal,
    ReplaceOrder,
    RequestReport,
    SignalRaised,
    StateChanged,
    StrategyChanged,
    SubmitOrder,
)
from rf_daemon.outcomes import Outcomes
from rf_daemon.status import limits_used
from rf_dashboard.wire import (
    AccountView,
    BookView,
    BusEvent,
    FeedView,
    InstrumentView,
    IntelligenceView,
    LimitView,
    OrderView,
    PositionView,
    SignalsView,
    StrategyView,
    SystemView,
)
from rf_engine import Engine, Market
from rf_oms.orders import Order

LEVELS = 20
"""Levels of each side that a screen is shown."""

_ORDERS = (OrderFilled, OrderRejected, CancelRejected, Refusal, SignalRaised, PositionAdopted)
_STATE = (StateChanged, FeedChanged, StrategyChanged, Notice)
_THOUGHTS = (QuantSnapshot, SwarmSignal, GraphContext, AnalystSignal, GateDecided)
_TOPICS: dict[Any, str] = {
    **dict.fromkeys(_ORDERS, "orders"),
    **dict.fromkeys(_STATE, "state"),
    **dict.fromkeys(_THOUGHTS, "state"),
    FeedGap: "market",
}
_TOUCHES_ORDER = (SubmitOrder, CancelOrder, ReplaceOrder)

Offer = Callable[[str, BusEvent], None]


class Publisher:
    """Turns steps of the engine into events for screens.

    Runs in the engine's thread: nothing here may wait, `offer` included.

    Parameters
    ----------
    engine : Engine
        Read only.
    offer : callable
        Takes topic and event; must not block.
    """

    def __init__(self, engine: Engine, offer: Offer) -> None:
        self._engine = engine
        self._offer = offer
        self._touched: dict[InstrumentId, None] = {}
        self._outcomes = Outcomes()

    def begin(self, now: UnixNanos) -> None:
        """Tell what can be traded and every order that is remembered."""
        for market in self._engine.state.markets.values():
            self._offer("state", instrument_view(market))
        for order in self._engine.state.orders:
            self._offer("orders", order_view(order))
        self._offer("state", account_view(self._engine, now))

    def on_market(self, payload: Payload) -> None:
        """Hear of one market event."""
        kind = type(payload)
        if kind is Trade or kind is Bar:
            self._offer("market", payload)  # type: ignore[arg-type]  # just compared
        else:
            self._touched[payload.instrument_id] = None  # type: ignore[union-attr]  # a market event

    def on_step(self, envelope: Envelope, outputs: tuple[Output, ...]) -> None:
        """Hear of one step that decided something, or was no market event."""
        orders: dict[ClientOrderId, None] = {}
        self._fact(envelope.payload, orders)
        for output in outputs:
            self._fact(output, orders)
        for outcome in self._outcomes.on_outputs(outputs, envelope.ts_init):
            self._offer("state", outcome)
        for key in orders:
            order = self._engine.state.orders.get(key)
            if order is not None:
                self._offer("orders", order_view(order))

    def _fact(self, fact: Any, orders: dict[ClientOrderId, None]) -> None:
        if isinstance(fact, LimitChanged):
            text = f"limit {fact.rule}: {fact.old} is now {fact.new}, by {fact.actor}"
            fact = Notice(Severity.WARNING, "RF-R-011", text)
        kind = type(fact)
        topic = _TOPICS.get(kind)
        if topic is not None:
            self._offer(topic, fact)
        if kind in _TOUCHES_ORDER:
            request = getattr(fact, "request", fact)
            orders[request.client_order_id] = None
        elif isinstance(fact, OrderEvent):
            orders[fact.client_order_id] = None
        elif kind is RequestReport:
            orders.update(dict.fromkeys(fact.unresolved))

    def tell_prices(self) -> None:
        """Tell quote and book of every market that changed since the last call."""
        touched, self._touched = self._touched, {}
        for name in touched:
            market = self._engine.state.markets.get(name)
            if market is None:
                continue
            if market.quote is not None:
                self._offer("market", market.quote)
            self._offer("market", book_view(market))

    def tell_signals(self, now: UnixNanos) -> None:
        """Tell the streaming measures of every market that has a price."""
        for name, market in self._engine.state.markets.items():
            if market.quote is not None:
                self._offer("market", signals_view(self._engine, name, now))

    def tell_state(self, status: Mapping[str, Any], now: UnixNanos) -> None:
        """Tell the account as it is marked now, and the daemon itself."""
        self._offer("state", account_view(self._engine, now))
        self._offer("state", system_view(status, now))

    def tell_thinkers(self, view: IntelligenceView) -> None:
        """Tell worker, analyst, budget and score."""
        self._offer("state", view)


def instrument_view(market: Market) -> InstrumentView:
    """Return what can be traded."""
    item = market.instrument
    return InstrumentView(
        item.instrument_id,
        item.tick,
        item.lot,
        item.min_notional,
        item.currency,
        market.feed_state,
        market.feed_reason,
    )


def book_view(market: Market) -> BookView:
    """Return the best levels: of the book, or of the quote alone where there is no book."""
    reason = "" if market.book.is_valid else "best quotes only: no book is synchronised"
    quote = market.quote
    return BookView(
        market.instrument.instrument_id,
        quote.ts_event if quote is not None else UnixNanos(0),
        market.book.last_id,
        tuple(islice(market.levels(True), LEVELS)),
        tuple(islice(market.levels(False), LEVELS)),
        reason,
        market.instrument.venue,
    )


def signals_view(engine: Engine, name: InstrumentId, now: UnixNanos) -> SignalsView:
    """Return the streaming measures of one instrument."""
    features, fitted = engine.core.features[name], engine.core.garch[name].fitted_on
    return SignalsView(
        name,
        now,
        features.samples,
        features.rsi,
        features.macd,
        features.macd_signal,
        features.vwap,
        features.imbalance,
        features.ofi,
        features.micro_px,
        features.vpin,
        features.vol,
        features.garch_vol,
        f"fitted to {fitted} returns" if fitted else "targeted to this session",
    )


def order_view(order: Order) -> OrderView:
    """Return one order as it stands."""
    request = order.request
    return OrderView(
        request.client_order_id,
        request.strategy_id,
        request.instrument_id,
        request.side,
        request.order_type,
        request.time_in_force,
        order.quantity,
        order.filled,
        order.limit_price,
        order.average_price,
        order.status,
        order.reason,
        order.created,
        order.updated,
    )


def account_view(engine: Engine, now: UnixNanos) -> AccountView:
    """Return the account with its positions, limits and counters."""
    state = engine.state
    risk, marks = state.risk, state.current_marks()
    positions = tuple(_positions(engine, marks))
    values = [p.quantity * p.mark for p in positions if p.mark is not None]
    whole = all(p.mark is not None for p in positions if p.quantity)
    return AccountView(
        now,
        risk.equity,
        state.account.cash,
        risk.daily_pnl,
        state.account.realised,
        state.account.fees,
        sum(map(abs, values), money.ZERO) if whole else None,
        sum(values, money.ZERO) if whole else None,
        risk.drawdown,
        positions,
        tuple(_limits(engine)),
        risk.orders_today,
        risk.fills_today,
        state.signals,
        state.fills,
        tuple(sorted(risk.refusals.items())),
        engine.core.measures.var,
        engine.core.measures.shortfall,
        engine.core.measures.rows,
        engine.core.measures.account_vol,
    )


def system_view(status: Mapping[str, Any], now: UnixNanos) -> SystemView:
    """Return the daemon itself, from the status that it tells people."""
    kill, journal = status["kill"], status["journal"]
    return SystemView(
        now,
        status["version"],
        status["session"],
        Mode(status["mode"]),
        status["account"],
        SystemState(status["state"]),
        status["state_reason"],
        kill["engaged"],
        kill["number"],
        kill["reason"],
        kill["phrase"],
        status["uptime_s"],
        status["engine"]["events_per_s"],
        status["engine"]["seq"],
        journal["bytes"],
        float(journal["bytes_per_day"]),
        tuple(_feed_view(feed, now) for feed in status["feeds"]),
        tuple(
            StrategyView(row["strategy_id"], row["enabled"], row["reason"])
            for row in status["strategies"]
        ),
    )


def _feed_view(feed: Mapping[str, Any], now: UnixNanos) -> FeedView:
    return FeedView(
        feed["source"],
        FeedState(feed["state"]),
        feed["reason"],
        feed["latency_ms"],
        UnixNanos(now - feed["age_ms"] * NANOS_PER_MILLI),
        feed["lost_trades"],
    )


def _positions(engine: Engine, marks: dict[InstrumentId, Decimal]) -> Iterable[PositionView]:
    account = engine.state.account
    held = account.state().holdings
    for name, position in account.positions.items():
        mark = marks.get(name) if position.quantity else None
        yield PositionView(
            name,
            position.quantity,
            position.average_price,
            mark,
            position.unrealised(mark) if mark is not None else None,
            position.realised,
            position.fees,
            tuple((owner, quantity) for owner, at, quantity in held if at == name),
        )


def _limits(engine: Engine) -> Iterable[LimitView]:
    for row in limits_used(engine):
        limit = float(row["limit"])
        known = row["value"] not in {"None", ""}
        used = max(float(row["value"]), 0.0) / limit if known and limit > 0 else None
        yield LimitView(row["rule"], row["value"], row["limit"], used, row["blocks"])
