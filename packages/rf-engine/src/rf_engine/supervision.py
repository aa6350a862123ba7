"""What the heartbeat looks after: feeds, losses, unanswered requests, the venue's book of ours."""

from __future__ import annotations

from rf_common import money
from rf_common.clock import NANOS_PER_MILLI, UnixNanos
from rf_common.enums import FeedState, OrderStatus, Severity, SystemState
from rf_common.events import VenueReport
from rf_common.ids import ClientOrderId, InstrumentId
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

_MAX_ASKED = 200
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


def heartbeat(core: Core, due: UnixNanos) -> None:
    """Look after everything that must not wait for a market event."""
    if core.state.now - due > core.state.limits.stale_after_ms * NANOS_PER_MILLI:
        _wake_up(core, due)
    _watch_feeds(core)
    _measure(core)
    _watch_losses(core)
    _watch_orders(core)
    _next_heartbeat(core)


def _wake_up(core: Core, due: UnixNanos) -> None:
    """After a pause of the process: no price is believed, and the venue is asked again."""
    reason = f"the process was paused for {(core.state.now - due) // NANOS_PER_MILLI} ms"
    core.notice(Severity.WARNING, "RF-E-003", reason)
    for market in core.state.markets.values():
        if market.feed_state is FeedState.LIVE:
            core.emit(FeedChanged(market.instrument.instrument_id, FeedState.STALE, reason))
    if core.state.system_state in {SystemState.ACTIVE, SystemState.REDUCING}:
        core.move_to(SystemState.RECONCILING, reason, "system")
        known = tuple(order.client_order_id for order in core.state.orders.open_orders())
        core.emit(RequestReport(known, "paused"))


def check_identity(core: Core) -> bool:
    """Return whether cash, cost and P&L add up; halt when they do not."""
    gap = core.state.account.identity_gap()
    if gap and core.state.system_state is not SystemState.HALTED:
        text = f"cash, cost and P&L do not add up: off by {gap}"
        core.notice(Severity.CRITICAL, "RF-O-001", text)
        core.move_to(SystemState.HALTED, text, "engine")
    return not gap


def reconcile(core: Core, report: VenueReport) -> None:
    """Compare the venue's book with ours; ask again, adopt, or go on."""
    differing = _differing(core, report)
    unasked = _behind(core, report) or _unasked(core, report, differing)
    if unasked:
        # What was asked stays asked, so that the questions come to an end.
        asked = tuple(dict.fromkeys((*report.asked, *unasked)))
        core.emit(RequestReport(asked, "the venue knows more than we do"))
        return
    _cancel_overdue(core)
    state = core.state.system_state
    if state is SystemState.RECONCILING:
        if not _is_waiting(core, report) and _adopt_positions(core, report, differing):
            _leave_reconciling(core)
    elif differing and state in {SystemState.ACTIVE, SystemState.REDUCING}:
        core.move_to(SystemState.RECONCILING, "positions differ from the venue's", "reconcile")
        core.emit(RequestReport(report.asked, "positions differ"))
    if core.state.kill.engaged:
        _cancel_again(core)


def _is_waiting(core: Core, report: VenueReport) -> bool:
    """Whether the venue has not yet told what became of some order or change."""
    present = {order.client_order_id for order in report.orders}
    return any(
        order.client_order_id not in present or order.status is OrderStatus.PENDING_UPDATE
        for order in core.state.orders.open_orders()
    )


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
    for order in core.state.orders.open_orders():
        key = order.client_order_id
        arrived = order.venue_order_id is not None or order.status is OrderStatus.UNKNOWN
        if key not in present and key not in asked and arrived:
            behind.append(key)
    return tuple(behind)


def _differing(core: Core, report: VenueReport) -> tuple[InstrumentId, ...]:
    """Return instruments whose positions differ with nothing on its way that could explain it."""
    account, theirs = core.state.account, dict(report.positions)
    present = {order.client_order_id for order in report.orders}
    moving = {
        order.instrument_id
        for order in core.state.orders.open_orders()
        if order.client_order_id not in present
    }
    names = sorted((theirs.keys() | account.positions.keys()) - moving)
    return tuple(n for n in names if theirs.get(n, money.ZERO) != account.quantity(n))


def _unasked(
    core: Core, report: VenueReport, differing: tuple[InstrumentId, ...]
) -> list[ClientOrderId]:
    """Return the newest orders, finished ones too, whose fills could explain a difference."""
    able = [
        order.client_order_id
        for order in core.state.orders
        if order.instrument_id in differing and order.filled != order.quantity
    ]
    asked = set(report.asked)
    return [key for key in able[-_MAX_ASKED:] if key not in asked]


def _adopt_positions(core: Core, report: VenueReport, differing: tuple[InstrumentId, ...]) -> bool:
    """Take over what cannot be explained; return False when a price for it is still awaited."""
    theirs, marks = dict(report.positions), dict(core.state.ledger().marks) if differing else {}
    for name in differing:
        quantity, held = theirs.get(name, money.ZERO), core.state.account.quantity(name)
        if name not in marks and name in core.state.markets:
            text = f"{name}: the venue has {quantity}, our book {held}; waiting for a price"
            core.notice(Severity.WARNING, "RF-L-002", text)
            return False
        text = f"{name}: our book {held}, the venue {quantity}; the venue's is now the position"
        core.notice(Severity.CRITICAL, "RF-L-001", text)
        core.emit(PositionAdopted(name, held, quantity, marks.get(name, money.ZERO)))
    return True


def _watch_feeds(core: Core) -> None:
    limit = core.state.limits.stale_after_ms * NANOS_PER_MILLI
    now = core.state.now
    for market in core.state.markets.values():
        if market.feed_state is FeedState.LIVE and now - market.quote_ts > limit:
            reason = f"no price for {(now - market.quote_ts) // NANOS_PER_MILLI} ms"
            core.emit(FeedChanged(market.instrument.instrument_id, FeedState.STALE, reason))


def _measure(core: Core) -> None:
    """Sample prices on the grid of the risk measures and measure what is held anew."""
    state, measures = core.state, core.measures
    if not measures.sample(state.markets, state.now):
        return
    marks = state.current_marks()
    held = {n: p.quantity for n, p in state.account.positions.items() if p.quantity}
    whole = held.keys() <= marks.keys()
    exposures = {n: float(q * marks[n]) for n, q in held.items()} if whole else None
    vols = {n: core.features[n].garch_vol for n in held if n in core.features}
    equity = state.risk.equity
    measures.measure(exposures, vols, float(equity) if equity is not None else None)


def _watch_losses(core: Core) -> None:
    if core.state.system_state is not SystemState.ACTIVE:
        return
    trip = _loss(core) or _measured(core)
    if trip is None:
        return
    code, reason = trip
    core.move_to(SystemState.REDUCING, reason, "risk")
    core.notice(Severity.CRITICAL, code, f"{reason}: only reducing orders from now on")


def _loss(core: Core) -> tuple[str, str] | None:
    """Return what was lost beyond a limit: code and reason."""
    risk, limits = core.state.risk, core.state.limits
    if risk.daily_pnl is not None and -risk.daily_pnl > limits.max_daily_loss:
        text = f"daily loss {-risk.daily_pnl:,.2f} is above {limits.max_daily_loss:,.2f}"
        return "RF-R-010", text
    if risk.drawdown is not None and risk.drawdown > limits.max_drawdown:
        return "RF-R-010", f"drawdown {risk.drawdown:.2%} is above {limits.max_drawdown:.2%}"
    return None


def _measured(core: Core) -> tuple[str, str] | None:
    """Return which measure of what is held is beyond its limit: code and reason."""
    measures, limits, equity = core.measures, core.state.limits, core.state.risk.equity
    if measures.var is not None and equity is not None and equity > 0:
        share = measures.var / float(equity)
        if share > limits.max_daily_var:
            text = f"VaR95 of a day {share:.2%} of equity is above {limits.max_daily_var:.2%}"
            return "RF-R-012", text
    vol = measures.account_vol
    if vol is not None and vol > limits.max_account_vol:
        text = f"volatility of the account {vol:.0%} a year is above {limits.max_account_vol:.0%}"
        return "RF-R-013", text
    return None


def _watch_orders(core: Core) -> None:
    state = core.state
    if state.system_state is SystemState.STARTING:
        return
    unanswered = state.unanswered()
    config, reconciling = core.config, state.system_state is SystemState.RECONCILING
    every_ms = config.answer_timeout_ms if reconciling else config.report_every_ms
    due = state.now - state.last_report >= every_ms * NANOS_PER_MILLI
    if unanswered or due:
        core.emit(RequestReport(unanswered, "unanswered" if unanswered else "periodic"))
    if state.kill.engaged:
        _cancel_again(core)


def _cancel_overdue(core: Core) -> None:
    """Send a cancel again when the venue still has the order and never answered."""
    for order in list(core.state.orders.open_orders()):
        if order.status is OrderStatus.PENDING_CANCEL and core.state.is_overdue(order):
            core.emit(CancelOrder(order.client_order_id, order.instrument_id, "asked before"))


def _cancel_again(core: Core) -> None:
    """While killed, repeat cancels and ask until the venue confirms."""
    state = core.state
    overdue = [
        order
        for order in state.orders.open_orders()
        if state.now - state.asked.get(order.client_order_id, 0) >= _CANCEL_AGAIN_NS
    ]
    for order in overdue:
        core.emit(CancelOrder(order.client_order_id, order.instrument_id, "kill switch"))
    if overdue:
        keys = tuple(order.client_order_id for order in overdue)
        core.emit(RequestReport(keys, "kill switch"))


def _next_heartbeat(core: Core) -> None:
    due = core.state.now + core.config.heartbeat_ms * NANOS_PER_MILLI
    core.emit(SetTimer(HEARTBEAT, UnixNanos(due)))
