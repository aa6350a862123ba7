"""The engine's state as a fold over the journal: inputs are applied, outputs are committed.

`apply` and `commit` are the only ways in which anything here changes, live and in recovery
alike, so replaying what was recorded rebuilds the same state without deciding anything again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, get_args

import msgspec

from rf_common import money
from rf_common.canonical import digest
from rf_common.clock import NANOS_PER_MILLI, UnixNanos
from rf_common.commands import Kill, Reduce, Resume, SetStrategyEnabled
from rf_common.enums import OrderStatus, SystemState
from rf_common.events import (
    BookDelta,
    BookSnapshot,
    CancelRejected,
    Commanded,
    Envelope,
    FeedGap,
    OrderAccepted,
    OrderCanceled,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderUpdated,
    Quote,
    StorageFailed,
    Timer,
    Trade,
    VenueOrder,
    VenueReport,
)
from rf_common.ids import ClientOrderId, InstrumentId, StrategyId
from rf_common.instruments import Instrument
from rf_common.orders import (
    CancelOrder,
    CommandAnswer,
    FeedChanged,
    LimitChanged,
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
from rf_common.ports import FeatureView
from rf_engine.config import EngineConfig
from rf_engine.ledger import Ledger
from rf_engine.market import Market, is_sound
from rf_oms import Account, Orders
from rf_oms.orders import Change, Order
from rf_risk import KillState, RiskState

START = "start"
HEARTBEAT = "heartbeat"
EXTERNAL = StrategyId("external")
_REMEMBERED_ANSWERS = 256


class EngineState:
    """Orders, account, counters, switches and markets.

    Parameters
    ----------
    config : EngineConfig
        Settings.
    instruments : iterable of Instrument
        What can be traded.
    features : callable
        Makes the features of an instrument.
    ledger : Ledger, optional
        What to start from.
    """

    def __init__(
        self,
        config: EngineConfig,
        instruments: Iterable[Instrument],
        features: Callable[[Instrument], FeatureView],
        ledger: Ledger | None = None,
    ) -> None:
        self.config = config
        self.now = UnixNanos(0)
        self.system_state = SystemState.STARTING
        self.state_reason = "starting"
        self.kill = KillState()
        self.reducing = ""
        self.orders = Orders()
        self.account = Account(config.starting_equity)
        self.risk = RiskState(config.limits.orders_per_second)
        self.limits = config.limits
        self.disabled: dict[StrategyId, str] = {}
        self.next_order = 1
        self.marks: dict[InstrumentId, Decimal] = {}
        self.signals = self.fills = self.refusals = self.gaps = 0
        self.alarms: list[str] = []
        self.answers: dict[str, CommandAnswer] = {}
        self.last_report = UnixNanos(0)
        self.asked: dict[ClientOrderId, UnixNanos] = {}
        self.changes: dict[ClientOrderId, ReplaceOrder] = {}
        self.storage_failed = ""
        if ledger is not None:
            self._restore(ledger)
        self.markets = {
            item.instrument_id: Market(item, self.account, features(item)) for item in instruments
        }
        self._apply: dict[type, Callable[[Any], object]] = {
            Quote: self.on_quote,
            Trade: self.on_trade,
            BookSnapshot: self.on_snapshot,
            BookDelta: self.on_delta,
            FeedGap: self.on_gap,
            Timer: self.on_timer,
            VenueReport: self.on_report,
            StorageFailed: self.on_storage_failed,
            Commanded: self.on_command,
        }
        for kind in get_args(OrderEvent):
            self._apply[kind] = self.on_order_event
        self._commit: dict[type, Callable[[Any], None]] = {
            SubmitOrder: self._submitted,
            CancelOrder: self._cancel_asked,
            ReplaceOrder: self._replace_asked,
            RequestReport: self._report_asked,
            SignalRaised: self._signalled,
            Refusal: self._refused,
            StateChanged: self._state_changed,
            FeedChanged: self._feed_changed,
            StrategyChanged: self._strategy_changed,
            LimitChanged: self._limit_changed,
            PositionAdopted: self._adopted,
            CommandAnswer: self._answered,
        }

    def apply(self, envelope: Envelope) -> None:
        """Apply one recorded input without deciding anything."""
        self.now = envelope.ts_init
        handler = self._apply.get(type(envelope.payload))
        if handler is not None:
            handler(envelope.payload)
        self.alarms.clear()

    def commit(self, output: Output) -> None:
        """Take the effect of one output, just decided or recorded."""
        handler = self._commit.get(type(output))
        if handler is not None:
            handler(output)

    # --- inputs -------------------------------------------------------------------------------

    def on_quote(self, quote: Quote) -> Market | None:
        """Take a quote; return its market, None when the instrument is not ours or it is no quote.

        A price or size that is missing, negative or not a number is not taken: without a fresh
        quote the instrument goes stale and gets no order.
        """
        market = self.markets.get(quote.instrument_id)
        if market is None or not is_sound(quote):
            return None
        market.on_quote(quote, self.now)
        return market

    def on_trade(self, trade: Trade) -> Market | None:
        """Take a print; return its market, None when it is not ours or it is no print."""
        market = self.markets.get(trade.instrument_id)
        if market is None or not is_sound(trade):
            return None
        market.trade, market.now = trade, self.now
        return market

    def on_snapshot(self, snapshot: BookSnapshot) -> Market | None:
        """Take a whole book."""
        market = self.markets.get(snapshot.instrument_id)
        if market is not None:
            market.book.apply_snapshot(snapshot)
            market.keep_newest_quote()
        return market

    def on_delta(self, delta: BookDelta) -> str:
        """Take a book update; return how it differs from the quote it reached, or ""."""
        market = self.markets.get(delta.instrument_id)
        difference = market.on_delta(delta, self.now) if market is not None else ""
        if difference and market is not None:
            market.lose_book()
        return difference

    def on_gap(self, gap: FeedGap) -> None:
        """Forget a book whose updates were lost."""
        self.gaps += 1
        market = self.markets.get(gap.instrument_id)
        if market is not None:
            market.lose_book()

    def on_timer(self, timer: Timer) -> None:
        """Mark equity at the start and with each heartbeat."""
        if timer.name in {START, HEARTBEAT}:
            self.mark()

    def on_order_event(self, event: OrderEvent) -> Change:
        """Apply a venue's answer to orders and account."""
        was = self.orders.get(event.client_order_id)
        was_changing = was is not None and was.status is OrderStatus.PENDING_UPDATE
        if was is not None and isinstance(event, OrderFilled):
            self._believe_change(was, event)
        change = self.orders.apply(event)
        if change.alarm:
            self.alarms.append(change.alarm)
        if change.fill is not None:
            owner = change.order.request.strategy_id if change.order is not None else EXTERNAL
            self.account.apply(change.fill, owner)
            self.risk.filled()
            self.fills += 1
            self.mark()
        key = event.client_order_id
        if change.order is not None and not change.order.is_open:
            self.asked.pop(key, None)
            self.changes.pop(key, None)
        elif isinstance(event, OrderUpdated) or (
            was_changing and isinstance(event, CancelRejected)
        ):
            self.changes.pop(key, None)
        return change

    def _believe_change(self, order: Order, fill: OrderFilled) -> None:
        """Take a larger quantity that was asked for when a fill reaches the old one.

        Whether the venue took the change first is not known; an order that is open by mistake is
        asked for, one that is closed by mistake would be forgotten at the venue.
        """
        change = self.changes.get(order.client_order_id)
        if change is None or change.quantity <= order.quantity:
            return
        if order.quantity <= order.filled + fill.quantity <= change.quantity:
            key, name = order.client_order_id, order.instrument_id
            told = (change.quantity, change.limit_price)
            self.orders.apply(OrderUpdated(key, name, fill.ts_event, *told))

    def on_report(self, report: VenueReport) -> None:
        """Take executions and states that we missed; the venue is right."""
        for fill in report.executions:
            self.on_order_event(fill)
        present = {order.client_order_id for order in report.orders}
        for theirs in report.orders:
            self._adopt(theirs, report.ts_event)
        for key in report.asked:
            ours = self.orders.get(key)
            if key not in present and ours is not None and ours.is_open and self._has_arrived(ours):
                reason = "the venue does not have it"
                kind = OrderRejected if ours.venue_order_id is None else OrderCanceled
                self.on_order_event(kind(key, ours.instrument_id, report.ts_event, reason))
        self.last_report = self.now

    def _has_arrived(self, order: Order) -> bool:
        """Whether the venue must know an order by now; a young one may still be on its way."""
        timeout = self.config.answer_timeout_ms * NANOS_PER_MILLI
        return order.venue_order_id is not None or self.now - order.created >= timeout

    def is_overdue(self, order: Order) -> bool:
        """Return whether nothing was heard of an order since it was asked for something."""
        return self.now - order.updated >= self.config.answer_timeout_ms * NANOS_PER_MILLI

    def _adopt(self, theirs: VenueOrder, ts: UnixNanos) -> None:
        key, instrument_id = theirs.client_order_id, theirs.instrument_id
        ours = self.orders.get(key)
        if ours is None or not ours.is_open or ours.filled < theirs.filled:
            return
        finished = _FINISHED.get(theirs.status)
        if finished is not None:
            self.on_order_event(finished(key, instrument_id, ts, "as the venue reports"))
            return
        if ours.venue_order_id is None or ours.status is OrderStatus.UNKNOWN:
            self.on_order_event(OrderAccepted(key, instrument_id, ts, theirs.venue_order_id))
        told = (theirs.quantity, theirs.limit_price)
        unanswered = ours.status is OrderStatus.PENDING_UPDATE and self.is_overdue(ours)
        if told != (ours.quantity, ours.limit_price) or unanswered:
            self.on_order_event(OrderUpdated(key, instrument_id, ts, *told))
        elif self.is_overdue(ours):
            self.changes.pop(key, None)

    def on_storage_failed(self, failed: StorageFailed) -> None:
        """Remember that nothing may be sent for the rest of this run."""
        self.storage_failed = failed.reason

    def on_command(self, commanded: Commanded) -> None:
        """Throw or release switches that a person asked for."""
        command = commanded.command
        if command.command_id in self.answers:
            return
        if isinstance(command, Kill):
            self.kill = self.kill.engage(command.reason, command.actor, self.now)
        elif isinstance(command, Reduce):
            self.reducing = self.reducing or command.reason
        elif isinstance(command, Resume) and command.phrase == self.resume_phrase:
            self.kill = self.kill.release()
            self.reducing = ""
        elif isinstance(command, SetStrategyEnabled) and command.enabled:
            self.risk.attended(command.strategy_id)

    # --- outputs ------------------------------------------------------------------------------

    def _submitted(self, output: SubmitOrder) -> None:
        order = self.orders.open(output.request, self.now, output.reference_px)
        self.risk.sent(output.request, order.open_notional, self.now)
        self.next_order += 1

    def _cancel_asked(self, output: CancelOrder) -> None:
        self.orders.ask(output.client_order_id, "ask_cancel", self.now)
        self.asked[output.client_order_id] = self.now
        self.risk.bucket.take(self.now)

    def _replace_asked(self, output: ReplaceOrder) -> None:
        self.orders.ask(output.client_order_id, "ask_update", self.now)
        self.asked[output.client_order_id] = self.now
        self.changes[output.client_order_id] = output
        self.risk.bucket.take(self.now)

    def _report_asked(self, output: RequestReport) -> None:
        self.last_report = self.now
        for key in output.unresolved:
            order = self.orders.get(key)
            if order is None or not order.is_open:
                continue
            if order.status is OrderStatus.SUBMITTED:
                order.move("unknown", self.now)
            self.asked[key] = self.now

    def _signalled(self, _: SignalRaised) -> None:
        self.signals += 1

    def _refused(self, output: Refusal) -> None:
        self.refusals += 1
        self.risk.refused(output.rule)

    def _state_changed(self, output: StateChanged) -> None:
        self.system_state, self.state_reason = output.new, output.reason
        if output.new is SystemState.REDUCING:
            self.reducing = output.reason

    def _feed_changed(self, output: FeedChanged) -> None:
        market = self.markets[output.instrument_id]
        market.feed_state, market.feed_reason = output.state, output.reason

    def _strategy_changed(self, output: StrategyChanged) -> None:
        if output.enabled:
            self.disabled.pop(output.strategy_id, None)
        else:
            self.disabled[output.strategy_id] = output.reason

    def _limit_changed(self, output: LimitChanged) -> None:
        kind = type(getattr(self.limits, output.rule))
        self.limits = msgspec.structs.replace(self.limits, **{output.rule: kind(output.new)})

    def _adopted(self, output: PositionAdopted) -> None:
        self.account.adopt(output.instrument_id, output.new, output.price, EXTERNAL)

    def _answered(self, output: CommandAnswer) -> None:
        self.answers[output.command_id] = output
        while len(self.answers) > _REMEMBERED_ANSWERS:
            del self.answers[next(iter(self.answers))]

    # --- measures -----------------------------------------------------------------------------

    def current_marks(self) -> dict[InstrumentId, Decimal]:
        """Return the mid of everything held, the last known one where there is no quote yet."""
        marks = dict(self.marks)
        for name, position in self.account.positions.items():
            market = self.markets.get(name)
            mid = market.mid() if market is not None and position.quantity else None
            if mid is not None:
                marks[name] = mid
        return marks

    def mark(self) -> None:
        """Value the account and move peak, drawdown and trading day with it."""
        self.marks = marks = self.current_marks()
        missing = [n for n, p in self.account.positions.items() if p.quantity and n not in marks]
        if not missing:
            self.risk.mark(self.account.equity(marks), self.now)

    @property
    def resume_phrase(self) -> str:
        """What a person types to leave HALTED or REDUCING."""
        return self.kill.phrase(self.config.mode)

    def unanswered(self) -> tuple[ClientOrderId, ...]:
        """Return orders whose request has had no answer for too long."""
        limit = self.config.answer_timeout_ms * NANOS_PER_MILLI
        pending = {
            OrderStatus.SUBMITTED,
            OrderStatus.UNKNOWN,
            OrderStatus.PENDING_CANCEL,
            OrderStatus.PENDING_UPDATE,
        }
        return tuple(
            order.client_order_id
            for order in self.orders.open_orders()
            if order.status in pending
            and self.now - max(order.updated, self.asked.get(order.client_order_id, 0)) >= limit
        )

    def pending_of(self, strategy_id: StrategyId, instrument_id: InstrumentId) -> Decimal:
        """Return the signed open quantity of a strategy in an instrument."""
        return sum(
            (
                order.remaining * order.side.sign
                for order in self.orders.open_orders()
                if order.request.strategy_id == strategy_id and order.instrument_id == instrument_id
            ),
            money.ZERO,
        )

    def market_hash(self) -> str:
        """Return a digest of what the market told us: quotes, last prints, books."""
        return digest([(name, *market.facts()) for name, market in sorted(self.markets.items())])

    def state_hash(self) -> str:
        """Return a digest of everything: ledger and market."""
        return digest((self.ledger(), self.system_state, self.market_hash()))

    def ledger(self) -> Ledger:
        """Return what must survive a restart."""
        orders, executions = self.orders.state()
        return Ledger(
            orders=orders,
            executions=executions,
            account=self.account.state(),
            risk=self.risk.state(),
            kill=self.kill,
            reducing=self.reducing,
            tightened=self._tightened(),
            disabled=tuple(sorted(self.disabled.items())),
            next_order=self.next_order,
            marks=tuple(sorted(self._known_marks().items())),
            asked=tuple(self.asked.items()),
            answers=tuple(self.answers.values()),
            changes=tuple(self.changes.values()),
            signals=self.signals,
            fills=self.fills,
            refusals=self.refusals,
            ts=self.now,
        )

    def _known_marks(self) -> dict[InstrumentId, Decimal]:
        # Also of what is not held: who goes on from here has no quotes, and may be filled at once.
        mids = {name: market.mid() for name, market in self.markets.items()}
        return self.marks | {name: mid for name, mid in mids.items() if mid is not None}

    def _tightened(self) -> tuple[tuple[str, str, str], ...]:
        configured, now = self.config.limits, self.limits
        pairs = ((n, getattr(configured, n), getattr(now, n)) for n in now.__struct_fields__)
        return tuple((name, str(old), str(new)) for name, old, new in pairs if old != new)

    def _restore(self, ledger: Ledger) -> None:
        self.orders.restore(ledger.orders, ledger.executions)
        self.account = Account.from_state(ledger.account)
        self.risk.restore(ledger.risk)
        self.kill = ledger.kill
        self.reducing = ledger.reducing
        for rule, configured, now in ledger.tightened:
            # Settings that were edited since then are a person's newer word.
            if str(getattr(self.config.limits, rule)) == configured:
                self._limit_changed(LimitChanged(rule, configured, now, "settings"))
        self.disabled = dict(ledger.disabled)
        self.next_order = ledger.next_order
        self.marks = dict(ledger.marks)
        self.asked = dict(ledger.asked)
        self.changes = {change.client_order_id: change for change in ledger.changes}
        self.answers = {answer.command_id: answer for answer in ledger.answers}
        self.signals, self.fills, self.refusals = ledger.signals, ledger.fills, ledger.refusals
        self.now = ledger.ts


_FINISHED = {
    OrderStatus.CANCELED: OrderCanceled,
    OrderStatus.EXPIRED: OrderExpired,
    OrderStatus.REJECTED: OrderRejected,
}
