"""From an opinion or a person's wish to an order in flight, or to a refusal with its reason."""

from __future__ import annotations

from rf_common import money
from rf_common.enums import FeedState
from rf_common.ids import ClientOrderId, InstrumentId, client_order_id
from rf_common.orders import (
    CancelOrder,
    OrderIntent,
    OrderRequest,
    Refusal,
    ReplaceOrder,
    Signal,
    SignalRaised,
    StrategyChanged,
    SubmitOrder,
)
from rf_engine.core import Core
from rf_oms.orders import Order
from rf_risk import OpenOrder, Refused, RiskSnapshot
from rf_strategy import NotSized


def follow(core: Core, signal: Signal) -> None:
    """Turn a strategy's opinion into an order, if sizer and risk chain agree."""
    core.emit(SignalRaised(signal))
    key = (signal.strategy_id, signal.instrument_id)
    market = core.state.markets.get(signal.instrument_id)
    if market is None:
        core.last_words[key] = "no order: it is not an instrument of this session"
        return
    equity, quote = core.state.risk.equity, market.quote
    if equity is None or quote is None:
        core.last_words[key] = "no order: equity or price is not known yet"
        return
    sized = core.sizer.size(
        signal,
        market.instrument,
        quote,
        market.features,
        equity=equity,
        held=market.position(signal.strategy_id),
        pending=core.state.pending_of(signal.strategy_id, signal.instrument_id),
    )
    if isinstance(sized, NotSized):
        core.last_words[key] = f"no order: {sized.reason}"
        return
    sent = submit(core, sized)
    if isinstance(sent, Refused):
        core.last_words[key] = f"refused by {sent.rule}: {sent.reason}"
    else:
        core.last_words[key] = f"sent {sent}: {sized.side} {sized.quantity} @ {sized.limit_price}"


def submit(core: Core, intent: OrderIntent) -> ClientOrderId | Refused:
    """Review an intent and, when approved, emit the order; return its id or the refusal."""
    verdict = core.chain.review(snapshot(core, intent.instrument_id), intent)
    for key in verdict.cancels:
        core.emit(CancelOrder(key, intent.instrument_id, "it would trade against a new order"))
    if isinstance(verdict, Refused):
        refuse(core, intent, verdict)
        return verdict
    approved = verdict.intent
    key = client_order_id(core.config.mode, core.nonce, core.state.next_order)
    request = OrderRequest(
        client_order_id=key,
        strategy_id=approved.strategy_id,
        instrument_id=approved.instrument_id,
        side=approved.side,
        quantity=approved.quantity,
        order_type=approved.order_type,
        limit_price=approved.limit_price,
        stop_price=approved.stop_price,
        time_in_force=approved.time_in_force,
        reduce_only=approved.reduce_only,
        actor=approved.actor,
        reason=approved.reason,
    )
    mid = core.state.markets[approved.instrument_id].mid()
    core.emit(SubmitOrder(request, float(mid) if mid is not None else 0.0))
    return key


def refuse(core: Core, intent: OrderIntent, refused: Refused) -> None:
    """Tell a refusal; a strategy that ran unattended for too long is switched off with it."""
    core.emit(
        Refusal(
            intent.strategy_id,
            intent.instrument_id,
            intent.side,
            intent.quantity,
            intent.limit_price,
            refused.rule,
            refused.value,
            refused.limit,
            refused.reason,
            intent.actor,
        )
    )
    if refused.rule == "unattended_orders":
        switch(core, intent.strategy_id, enabled=False, reason=refused.reason, actor="risk")


def switch(core: Core, strategy_id: str, *, enabled: bool, reason: str, actor: str) -> None:
    """Switch a strategy on or off, in the registry and in the record."""
    core.registry.set_enabled(strategy_id, enabled=enabled, reason=reason)  # type: ignore[arg-type]
    core.emit(StrategyChanged(strategy_id, enabled, reason, actor))  # type: ignore[arg-type]


def snapshot(
    core: Core, instrument_id: InstrumentId, leave_out: ClientOrderId | None = None
) -> RiskSnapshot:
    """Return what the checks look at; `leave_out` is an order that is about to be changed."""
    state = core.state
    market = state.markets.get(instrument_id)
    features = core.features.get(instrument_id)
    return RiskSnapshot(
        now=state.now,
        system_state=state.system_state,
        state_reason=state.state_reason,
        mode=core.config.mode,
        limits=state.limits,
        instrument=market.instrument if market is not None else None,
        feed_state=market.feed_state if market is not None else FeedState.DOWN,
        quote=market.quote if market is not None else None,
        quote_ts=market.quote_ts if market is not None else state.now,
        positions={name: p.quantity for name, p in state.account.positions.items()},
        marks=state.current_marks(),
        open_orders=[
            _open(order, state.changes.get(order.client_order_id))
            for order in state.orders.open_orders()
            if order.client_order_id != leave_out
        ],
        risk=state.risk,
        disabled_strategies=frozenset(state.disabled),
        vol=features.garch_vol if features is not None else None,
        average_vol=features.average_vol if features is not None else None,
        measures=core.measures,
        agreement=core.agreement_of(instrument_id),
    )


def cancel_all(core: Core, reason: str) -> int:
    """Ask for the cancel of every open order; return how many."""
    open_orders = list(core.state.orders.open_orders())
    for order in open_orders:
        core.emit(CancelOrder(order.client_order_id, order.instrument_id, reason))
    return len(open_orders)


def _open(order: Order, change: ReplaceOrder | None) -> OpenOrder:
    """Return an order as it may come to fill: as it is, or as a change on its way makes it."""
    remaining, limit = order.remaining, order.limit_price
    notional = order.open_notional if remaining else money.ZERO
    if change is not None:
        each = notional / remaining if remaining else money.ZERO
        remaining = max(remaining, change.quantity - order.filled)
        if limit is not None and change.limit_price is not None:
            each = max(each, change.limit_price)
            limit = max(limit, change.limit_price, key=lambda price: price * order.side.sign)
        notional = money.notional(each, remaining)
    return OpenOrder(
        order.client_order_id, order.instrument_id, order.side, remaining, limit, notional
    )
