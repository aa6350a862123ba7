"""One reducer from what travels on the bus to what a screen knows.

The daemon runs one as the source of snapshots; every screen runs its own. Nothing here asks the
time: times are the daemon's, and ages are computed by the views.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from rf_common import money
from rf_common.clock import UnixNanos
from rf_common.enums import FeedState, Severity, SystemState
from rf_common.events import (
    Bar,
    CancelRejected,
    FeedGap,
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
from rf_dashboard.alerts import AlertKind, AlertLog
from rf_dashboard.candles import MINUTE_NS, CandleSeries
from rf_dashboard.connection import Connecting, Connection
from rf_dashboard.markets import Market
from rf_dashboard.minds import Minds
from rf_dashboard.snapshot import (
    DashboardSnapshot,
    FillRecord,
    RefusalRecord,
    SignalRecord,
)
from rf_dashboard.wire import (
    AccountView,
    BookView,
    BusEvent,
    InstrumentView,
    IntelligenceView,
    OrderView,
    OutcomeView,
    SignalsView,
    StrategyView,
    SystemView,
)

MAX_FILLS = 500
MAX_FINISHED = 200
MAX_REFUSALS = 200
MAX_SIGNALS = 200
MAX_TRADES = 2_000
"""Prints of all instruments together."""
MAX_TRADES_EACH = 200
MAX_CANDLES = 7_000
"""Candles of all instruments and intervals together: what keeps a snapshot under 1 MiB."""
MAX_CANDLES_EACH = 500
DOWN = "DOWN"
"""The word of a worker that does not answer."""

_STATE_SEVERITY = {
    SystemState.HALTED: Severity.CRITICAL,
    SystemState.REDUCING: Severity.WARNING,
    SystemState.STOPPING: Severity.WARNING,
}


class DashboardState:
    """Everything a screen knows, folded from events; bounded, whatever the bus brings.

    Views and facts arrive in the order in which the daemon told them, per topic; a later word
    replaces an earlier one, and a fill counts once per execution id. How many prints and candles
    each instrument keeps follows from the number of instruments, which is the daemon's choice.

    Examples
    --------
    >>> state = DashboardState()
    >>> quote = Quote("sim:AAPL", UnixNanos(7), 100.0, 5.0, 100.5, 5.0)
    >>> state.apply(quote, UnixNanos(8), seq=1)
    >>> DashboardState.from_snapshot(state.snapshot()) == state
    True
    """

    def __init__(self) -> None:
        self.seq = 0
        self.ts = UnixNanos(0)
        self.link: Connection = Connecting()
        self.markets: dict[InstrumentId, Market] = {}
        self.orders: dict[ClientOrderId, OrderView] = {}
        self.finished: dict[ClientOrderId, OrderView] = {}
        self.fills: dict[str, FillRecord] = {}
        self.refusals: deque[RefusalRecord] = deque()
        self.log = AlertLog()
        self.signals: dict[tuple[StrategyId, InstrumentId], SignalRecord] = {}
        self.account: AccountView | None = None
        self.account_ts = UnixNanos(0)
        self.equity = CandleSeries(MINUTE_NS, MAX_CANDLES_EACH)
        self.system: SystemView | None = None
        self.system_ts = UnixNanos(0)
        self.system_state: SystemState | None = None
        self.state_reason = ""
        self.strategies: dict[StrategyId, StrategyView] = {}
        self.minds = Minds()
        self._folds: dict[type, Callable[[Any, UnixNanos], None]] = {
            Quote: self._on_quote,
            Trade: self._on_trade,
            Bar: self._on_bar,
            BookView: self._on_book,
            SignalsView: self._on_signals,
            FeedGap: self._on_gap,
            FeedChanged: self._on_feed,
            InstrumentView: self._on_instrument,
            OrderView: self._on_order,
            OrderFilled: self._on_fill,
            OrderRejected: self._on_rejected,
            CancelRejected: self._on_cancel_rejected,
            Refusal: self._on_refusal,
            SignalRaised: self._on_signal,
            PositionAdopted: self._on_adopted,
            AccountView: self._on_account,
            SystemView: self._on_system,
            StateChanged: self._on_state,
            StrategyChanged: self._on_strategy,
            Notice: self._on_notice,
            QuantSnapshot: self._minds(Minds.on_quant),
            SwarmSignal: self._minds(Minds.on_swarm),
            GraphContext: self._minds(Minds.on_graph),
            AnalystSignal: self._minds(Minds.on_analyst),
            GateDecided: self._minds(Minds.on_gate),
            OutcomeView: self._minds(Minds.on_outcome),
            IntelligenceView: self._on_intelligence,
        }

    def apply(self, event: BusEvent, ts: UnixNanos, seq: int = 0) -> None:
        """Fold one event of the bus into the state.

        Parameters
        ----------
        event : BusEvent
            What was told.
        ts : UnixNanos
            The daemon's time of the event.
        seq : int
            Its number on the bus; 0 when it has none.

        Raises
        ------
        TypeError
            If `event` is of a kind that does not travel on the bus.
        """
        fold = self._folds.get(type(event))
        if fold is None:
            raise TypeError(f"expected an event of the bus, was {type(event)}")
        fold(event, ts)
        self.heard(ts, seq)

    def heard(self, ts: UnixNanos, seq: int = 0) -> None:
        """Note a sign of life of the daemon, such as a heartbeat."""
        if ts > self.ts:
            self.ts = ts
        if seq > self.seq:
            self.seq = seq

    def connection(self, state: Connection) -> None:
        """Take the state of the line; unless it is `Live`, everything shown counts as old."""
        self.link = state

    # --- market -------------------------------------------------------------------------------

    def _market(self, instrument_id: InstrumentId) -> Market:
        market = self.markets.get(instrument_id)
        if market is None:
            market = self.markets[instrument_id] = Market(instrument_id)
            self._share_room()
        return market

    def _share_room(self) -> None:
        count = max(len(self.markets), 1)
        trades = max(min(MAX_TRADES_EACH, MAX_TRADES // count), 1)
        candles = max(min(MAX_CANDLES_EACH, MAX_CANDLES // (2 * count)), 1)
        for market in self.markets.values():
            market.resize(trades, candles)

    def _on_quote(self, quote: Quote, ts: UnixNanos) -> None:
        market = self.markets.get(quote.instrument_id)
        if market is None:
            market = self._market(quote.instrument_id)
        market.on_quote(quote, ts)

    def _on_trade(self, trade: Trade, ts: UnixNanos) -> None:
        self._market(trade.instrument_id).on_trade(trade, ts)

    def _on_bar(self, bar: Bar, ts: UnixNanos) -> None:
        self._market(bar.instrument_id).on_bar(bar, ts)

    def _on_book(self, book: BookView, ts: UnixNanos) -> None:
        self._market(book.instrument_id).on_book(book, ts)

    def _on_signals(self, told: SignalsView, ts: UnixNanos) -> None:
        self._market(told.instrument_id).signals = told

    def _on_gap(self, gap: FeedGap, ts: UnixNanos) -> None:
        self._market(gap.instrument_id).on_gap(gap)
        # The engine says the same in a notice, in the same words: they are one alert.
        span = f"{gap.first_missing} to {gap.last_missing}"
        text = f"{gap.instrument_id}: updates {span} are missing ({gap.reason})"
        self.log.add(
            ts, AlertKind.GAP, Severity.WARNING,
            code="RF-D-021", text=text, subject=gap.instrument_id,
        )  # fmt: skip

    def _on_feed(self, told: FeedChanged, ts: UnixNanos) -> None:
        market = self._market(told.instrument_id)
        is_start = market.feed_state is FeedState.CONNECTING and told.state is FeedState.LIVE
        market.set_feed(told.state, told.reason, ts)
        if is_start:
            return
        bad = told.state is not FeedState.LIVE
        self.log.add(
            ts, AlertKind.FEED, Severity.WARNING if bad else Severity.INFO,
            code=f"feed {told.state.lower()}", text=f"{told.instrument_id}: {told.reason}",
            subject=told.instrument_id,
        )  # fmt: skip

    def _on_instrument(self, told: InstrumentView, ts: UnixNanos) -> None:
        market = self._market(told.instrument_id)
        market.instrument = told
        market.set_feed(told.state, told.reason, ts)

    # --- orders -------------------------------------------------------------------------------

    def _on_order(self, order: OrderView, ts: UnixNanos) -> None:
        name = order.client_order_id
        if not order.status.is_terminal:
            self.finished.pop(name, None)
            self.orders[name] = order
            return
        self.orders.pop(name, None)
        self.finished.pop(name, None)
        self.finished[name] = order
        _drop_oldest(self.finished, MAX_FINISHED)

    def _on_fill(self, fill: OrderFilled, ts: UnixNanos) -> None:
        self.fills.setdefault(fill.execution_id, FillRecord(ts, fill))
        _drop_oldest(self.fills, MAX_FILLS)

    def _on_rejected(self, told: OrderRejected, ts: UnixNanos) -> None:
        self._order_alert(ts, "rejected", told, "the venue rejected")

    def _on_cancel_rejected(self, told: CancelRejected, ts: UnixNanos) -> None:
        self._order_alert(ts, "not cancelled", told, "the venue refused to cancel or change")

    def _order_alert(
        self, ts: UnixNanos, code: str, told: OrderRejected | CancelRejected, what: str
    ) -> None:
        text = f"{told.instrument_id}: {what} {told.client_order_id}: {told.reason}"
        self.log.add(
            ts, AlertKind.ORDER, Severity.WARNING,
            code=code, text=text, subject=told.client_order_id,
        )  # fmt: skip

    def _on_refusal(self, refusal: Refusal, ts: UnixNanos) -> None:
        count = 1
        if self.refusals and _is_like(self.refusals[-1].refusal, refusal):
            count += self.refusals.pop().count
        self.refusals.append(RefusalRecord(self.log.next_number(), ts, refusal, count))
        if len(self.refusals) > MAX_REFUSALS:
            self.refusals.popleft()

    def _on_adopted(self, told: PositionAdopted, ts: UnixNanos) -> None:
        old, new, price = (money.to_text(value) for value in (told.old, told.new, told.price))
        text = f"{told.instrument_id}: the venue has {new}, we had {old}; entered at {price}"
        self.log.add(
            ts, AlertKind.POSITION, Severity.WARNING,
            code="adopted", text=text, subject=told.instrument_id,
        )  # fmt: skip

    def _on_account(self, account: AccountView, ts: UnixNanos) -> None:
        self.account, self.account_ts = account, ts
        if account.equity is not None:
            self.equity.on_price(ts, float(account.equity))

    # --- system -------------------------------------------------------------------------------

    def _on_system(self, system: SystemView, ts: UnixNanos) -> None:
        before = self.system.kill_number if self.system and self.system.killed else None
        self.system, self.system_ts = system, ts
        self.system_state, self.state_reason = system.state, system.state_reason
        self.strategies = {view.strategy_id: view for view in system.strategies}
        if system.killed and system.kill_number != before:
            text = f"kill {system.kill_number}: {system.kill_reason}"
            self.log.add(ts, AlertKind.KILL, Severity.CRITICAL, code="killed", text=text)

    def _on_state(self, told: StateChanged, ts: UnixNanos) -> None:
        self.system_state, self.state_reason = told.new, told.reason
        self.log.add(
            ts, AlertKind.STATE, _STATE_SEVERITY.get(told.new, Severity.INFO),
            code=told.new.lower(), text=f"{told.old} to {told.new} by {told.actor}: {told.reason}",
        )  # fmt: skip

    def _on_strategy(self, told: StrategyChanged, ts: UnixNanos) -> None:
        name = told.strategy_id
        self.strategies[name] = StrategyView(name, told.enabled, told.reason)
        self.log.add(
            ts, AlertKind.STRATEGY, Severity.INFO if told.enabled else Severity.WARNING,
            code="strategy on" if told.enabled else "strategy off",
            text=f"{name} by {told.actor}: {told.reason}", subject=name,
        )  # fmt: skip

    def _on_signal(self, told: SignalRaised, ts: UnixNanos) -> None:
        key = (told.signal.strategy_id, told.signal.instrument_id)
        self.signals.pop(key, None)
        self.signals[key] = SignalRecord(ts, told.signal)
        _drop_oldest(self.signals, MAX_SIGNALS)

    def _on_notice(self, told: Notice, ts: UnixNanos) -> None:
        self.log.add(ts, AlertKind.NOTICE, told.severity, code=told.code, text=told.text)

    # --- intelligence -------------------------------------------------------------------------

    def _minds(
        self, fold: Callable[[Minds, Any, UnixNanos], None]
    ) -> Callable[[Any, UnixNanos], None]:
        return lambda told, ts: fold(self.minds, told, ts)

    def _on_intelligence(self, told: IntelligenceView, ts: UnixNanos) -> None:
        before = self.minds.view
        self.minds.view, self.minds.ts = told, ts
        was_down = before is not None and before.worker == DOWN
        if was_down == (told.worker == DOWN):
            return
        self.log.add(
            ts, AlertKind.NOTICE, Severity.INFO if was_down else Severity.WARNING,
            code=f"worker {told.worker.lower()}",
            text=told.worker_reason or f"the intelligence worker is {told.worker}",
        )  # fmt: skip

    # --- whole --------------------------------------------------------------------------------

    def snapshot(self) -> DashboardSnapshot:
        """Return everything but the line as one frozen value."""
        return DashboardSnapshot(
            seq=self.seq,
            ts=self.ts,
            markets=tuple(market.snapshot() for market in self.markets.values()),
            orders=tuple(self.orders.values()),
            finished=tuple(self.finished.values()),
            fills=tuple(self.fills.values()),
            refusals=tuple(self.refusals),
            alerts=tuple(self.log.alerts),
            alert_number=self.log.number,
            signals=tuple(self.signals.values()),
            account=self.account,
            account_ts=self.account_ts,
            equity=tuple(self.equity.candles),
            system=self.system,
            system_ts=self.system_ts,
            system_state=self.system_state,
            state_reason=self.state_reason,
            strategies=tuple(self.strategies.values()),
            minds=self.minds.snapshot(),
        )

    @classmethod
    def from_snapshot(cls, told: DashboardSnapshot) -> DashboardState:
        """Return the state that gave the snapshot, its line still connecting."""
        state = cls()
        state.seq, state.ts = told.seq, told.ts
        state.markets = {m.instrument_id: Market.from_snapshot(m) for m in told.markets}
        state._share_room()
        state.orders = {order.client_order_id: order for order in told.orders}
        state.finished = {order.client_order_id: order for order in told.finished}
        state.fills = {record.fill.execution_id: record for record in told.fills}
        state.refusals = deque(told.refusals)
        state.log = AlertLog(told.alerts, told.alert_number)
        state.signals = {(r.signal.strategy_id, r.signal.instrument_id): r for r in told.signals}
        state.account, state.account_ts = told.account, told.account_ts
        state.equity.candles.extend(told.equity)
        state.system, state.system_ts = told.system, told.system_ts
        state.system_state, state.state_reason = told.system_state, told.state_reason
        state.strategies = {view.strategy_id: view for view in told.strategies}
        state.minds = Minds.from_snapshot(told.minds)
        return state

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DashboardState):
            return NotImplemented
        return self.snapshot() == other.snapshot()

    __hash__ = None  # type: ignore[assignment]  # it changes


def _drop_oldest(kept: dict[Any, Any], limit: int) -> None:
    if len(kept) > limit:
        del kept[next(iter(kept))]


def _is_like(one: Refusal, other: Refusal) -> bool:
    """Return whether the same order is refused by the same rule again."""
    return (
        one.rule == other.rule
        and one.strategy_id == other.strategy_id
        and one.instrument_id == other.instrument_id
        and one.side is other.side
        and one.actor == other.actor
    )
