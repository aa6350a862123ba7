"""What the heartbeat looks after: feeds, losses, unanswered requests, the venue's book of ours."""

from __future__ import annotations

from rf_common import money
from rf_common.clock import NANOS_PER_MILLI, UnixNanos
from rf_common.enums import FeedState, OrderStatus, Severity, SystemState
from rf_common.events import VenueReport
from rf_common.ids import ClientOrderId
from rf_common.orders import (
    CancelOrder,
    FeedChanged,
    PositionAdopted,
    RequestReport,
    SetTimer,
    StrategyChanged,
)
from rf_engine.core import Core
from rf_engine.state import HEARTBEAT

_CANCEL_AGAIN_NS = 2_000 * NANOS_PER_MILLI


def start(core: Core) -> None:
    """Begin a session: nothing is sent before the venue has told what it has of ours."""
    core.move_to(SystemState.RECONCILING, "started", "system")
    _tell_settings(core)
    known = tuple(order.client_order_id for order in core.state.orders.open_orders())
    core.emit(RequestReport(known, "start"))
    _next_heartbeat(core)


def _tell_settings(core: Core) -> None:
    """Put into the record which strategies the settings switch off, or no longer do."""
    for strategy_id in core.registry:
        reason = core.registry.why_disabled(strategy_id)
        known = strategy_id in core.state.disabled
        if reason is not None and not known:
            core.emit(StrategyChanged(strategy_id, False, reason, "settings"))
        elif reason is None and known:
            text = "switched on in the settings"
            core.emit(StrategyChanged(strategy_id, True, text, "settings"))


def heartbeat(core: Core) -> None:
    """Look after everything that must not wait for a market event."""
    _watch_feeds(core)
    _watch_losses(core)
    _watch_orders(core)
    _next_heartbeat(core)


def reconcile(core: Core, report: VenueReport) -> None:
    """Compare the venue's book with ours; ask again, adopt, or go on."""
    unseen = _behind(core, report)
    if unseen:
        core.emit(RequestReport(unseen, "the venue filled more than we know"))
        return
    if core.state.system_state is SystemState.RECONCILING:
        _adopt_positions(core, report)
        _leave_reconciling(core)
    elif _differs(core, report) and core.state.system_state is SystemState.ACTIVE:
        core.move_to(SystemState.RECONCILING, "positions differ from the venue's", "reconcile")
        core.emit(RequestReport((), "positions differ"))
    if core.state.kill.engaged:
        _cancel_again(core)


def _leave_reconciling(core: Core) -> None:
    state = core.state
    if state.storage_failed:
        core.move_to(SystemState.HALTED, f"journal: {state.storage_failed}", "system")
    elif state.kill.engaged:
        core.move_to(SystemState.HALTED, f"killed: {state.kill.reason}", state.kill.actor)
    elif state.reducing:
        core.move_to(SystemState.REDUCING, state.reducing, "system")
    else:
        core.move_to(SystemState.ACTIVE, "reconciled", "system")


def _behind(core: Core, report: VenueReport) -> tuple[ClientOrderId, ...]:
    """Return orders of which the venue knows more than we do and was not asked in particular."""
    asked = set(report.asked)
    present = {order.client_order_id for order in report.orders}
    behind: list[ClientOrderId] = []
    for theirs in report.orders:
        ours = core.state.orders.get(theirs.client_order_id)
        known = ours is not None and theirs.client_order_id not in asked
        if ours is not None and known and ours.filled < theirs.filled:
            behind.append(theirs.client_order_id)
    settled = {OrderStatus.ACCEPTED, OrderStatus.PARTIALLY_FILLED, OrderStatus.UNKNOWN}
    for order in core.state.orders.open_orders():
        key = order.client_order_id
        if key not in present and key not in asked and order.status in settled:
            behind.append(key)
    return tuple(behind)


def _differs(core: Core, report: VenueReport) -> bool:
    """Whether positions differ although nothing is on its way that could explain it."""
    if core.state.orders.open_count:
        return False
    theirs = dict(report.positions)
    ours = {n: p.quantity for n, p in core.state.account.positions.items() if p.quantity}
    return theirs != ours


def _adopt_positions(core: Core, report: VenueReport) -> None:
    theirs = dict(report.positions)
    names = sorted(theirs.keys() | core.state.account.positions.keys())
    for name in names:
        quantity = theirs.get(name, money.ZERO)
        held = core.state.account.quantity(name)
        if quantity == held:
            continue
        mark = core.state.current_marks().get(name)
        market = core.state.markets.get(name)
        price = mark if mark is not None else (market.mid() if market is not None else None)
        text = f"{name}: our book {held}, the venue {quantity}; the venue's is now the position"
        core.notice(Severity.CRITICAL, "RF-L-001", text)
        core.emit(PositionAdopted(name, held, quantity, price or money.ZERO))


def _watch_feeds(core: Core) -> None:
    limit = core.config.limits.stale_after_ms * NANOS_PER_MILLI
    now = core.state.now
    for market in core.state.markets.values():
        if market.feed_state is FeedState.LIVE and now - market.quote_ts > limit:
            reason = f"no price for {(now - market.quote_ts) // NANOS_PER_MILLI} ms"
            core.emit(FeedChanged(market.instrument.instrument_id, FeedState.STALE, reason))


def _watch_losses(core: Core) -> None:
    if core.state.system_state is not SystemState.ACTIVE:
        return
    risk, limits = core.state.risk, core.config.limits
    if risk.daily_pnl is not None and -risk.daily_pnl > limits.max_daily_loss:
        reason = f"daily loss {-risk.daily_pnl:,.2f} is above {limits.max_daily_loss:,.2f}"
    elif risk.drawdown is not None and risk.drawdown > limits.max_drawdown:
        reason = f"drawdown {risk.drawdown:.2%} is above {limits.max_drawdown:.2%}"
    else:
        return
    core.move_to(SystemState.REDUCING, reason, "risk")
    core.notice(Severity.CRITICAL, "RF-R-010", f"{reason}: only reducing orders from now on")


def _watch_orders(core: Core) -> None:
    state = core.state
    if state.system_state is SystemState.STARTING:
        return
    unanswered = state.unanswered()
    due = state.now - state.last_report >= core.config.report_every_ms * NANOS_PER_MILLI
    if unanswered or due:
        core.emit(RequestReport(unanswered, "unanswered" if unanswered else "periodic"))
    if state.kill.engaged:
        _cancel_again(core)


def _cancel_again(core: Core) -> None:
    """While killed, repeat cancels until the venue confirms."""
    state = core.state
    for order in list(state.orders.open_orders()):
        asked = state.asked.get(order.client_order_id, UnixNanos(0))
        if state.now - asked >= _CANCEL_AGAIN_NS:
            core.emit(CancelOrder(order.client_order_id, order.instrument_id, "kill switch"))


def _next_heartbeat(core: Core) -> None:
    due = core.state.now + core.config.heartbeat_ms * NANOS_PER_MILLI
    core.emit(SetTimer(HEARTBEAT, UnixNanos(due)))
