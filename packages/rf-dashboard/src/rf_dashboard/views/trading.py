"""Positions, orders, fills, account and limits, as values."""

from __future__ import annotations

from decimal import Decimal
from itertools import islice

import msgspec

from rf_common.clock import UnixNanos
from rf_common.enums import Liquidity, Mode, OrderStatus, OrderType, Side, TimeInForce
from rf_common.ids import ClientOrderId, InstrumentId, StrategyId, symbol_of
from rf_dashboard.state import DashboardState
from rf_dashboard.values import T, Value, age_ms, told, why_old, why_stale
from rf_dashboard.views.market import grid
from rf_dashboard.wire import OrderView, PositionView

NO_ACCOUNT = "the daemon has not told the account yet"
NO_MARK = "no price to mark it with"


class PositionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One net position; `unrealised_fraction` is of what it cost."""

    instrument_id: InstrumentId
    symbol: str
    tick: Decimal | None
    lot: Decimal | None
    quantity: Decimal
    average_price: Value[Decimal]
    mark: Value[Decimal]
    unrealised: Value[Decimal]
    unrealised_fraction: Value[float]
    realised: Decimal
    fees: Decimal
    owners: tuple[tuple[StrategyId, Decimal], ...]


class OrderRow(msgspec.Struct, frozen=True, kw_only=True):
    """One order of ours; `limit_price` without a value is an order at the market."""

    client_order_id: ClientOrderId
    strategy_id: StrategyId
    instrument_id: InstrumentId
    symbol: str
    tick: Decimal | None
    lot: Decimal | None
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    quantity: Decimal
    filled: Decimal
    remaining: Decimal
    limit_price: Value[Decimal]
    average_price: Value[Decimal]
    status: OrderStatus
    is_open: bool
    reason: str
    created: UnixNanos
    updated: UnixNanos
    age_ms: int | None
    stale: bool


class FillRow(msgspec.Struct, frozen=True, kw_only=True):
    """One fill; `strategy_id` is "" when its order is no longer remembered."""

    ts: UnixNanos
    execution_id: str
    client_order_id: ClientOrderId
    strategy_id: StrategyId
    instrument_id: InstrumentId
    symbol: str
    tick: Decimal | None
    lot: Decimal | None
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    liquidity: Liquidity
    age_ms: int | None


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """The account's amounts; `currency` is "" when its instruments do not agree on one."""

    currency: str
    equity: Value[Decimal]
    cash: Value[Decimal]
    day_pnl: Value[Decimal]
    day_fraction: Value[float]
    realised: Value[Decimal]
    fees: Value[Decimal]
    gross: Value[Decimal]
    net: Value[Decimal]
    drawdown: Value[float]
    var95: Value[float]
    shortfall95: Value[float]
    var_samples: int
    account_vol: Value[float]
    orders_today: Value[int]
    fills_today: Value[int]
    signals: Value[int]
    fills: Value[int]
    refusals: tuple[tuple[str, int], ...]


class EquityPoint(msgspec.Struct, frozen=True):
    """Equity at the end of one minute, as a float, to be drawn."""

    ts: UnixNanos
    equity: float


class RiskBar(msgspec.Struct, frozen=True, kw_only=True):
    """One limit; `used` is a fraction of it and may exceed 1, `level` is ok, near or over."""

    rule: str
    value: str
    limit: str
    used: Value[float]
    level: str


NEAR = 0.8
"""From which fraction of a limit its bar warns."""


def account_source(state: DashboardState) -> str:
    """Return who keeps the account: ``paper``, ``sim``, the venue's name, or ``daemon``."""
    system = state.system
    if system is None:
        return "daemon"
    return system.account.lower() if system.mode is Mode.LIVE else system.mode.lower()


def currency_of(state: DashboardState) -> str:
    """Return the currency that all instruments share, "" when there is no such."""
    known = {m.instrument.currency for m in state.markets.values() if m.instrument is not None}
    return known.pop() if len(known) == 1 else ""


# --- positions and account ------------------------------------------------------------------------


def positions(state: DashboardState, now: UnixNanos) -> tuple[PositionRow, ...]:
    """Return what is held; flat positions are left out."""
    account = state.account
    if account is None:
        return ()
    return tuple(_position(state, held, now) for held in account.positions if held.quantity)


def _position(state: DashboardState, held: PositionView, now: UnixNanos) -> PositionRow:
    market = state.markets.get(held.instrument_id)
    tick, lot = grid(market)
    old = why_old(state, now)
    price_old = why_stale(state, market, now) if market else old
    source, age = account_source(state), age_ms(now, state.account_ts)
    unrealised = told(held.unrealised, source=source, age=age, old=price_old, missing=NO_MARK)
    average = held.average_price
    cost = abs(average * held.quantity) if average is not None else None
    fraction = float(held.unrealised / cost) if held.unrealised is not None and cost else None
    return PositionRow(
        instrument_id=held.instrument_id,
        symbol=symbol_of(held.instrument_id),
        tick=tick,
        lot=lot,
        quantity=held.quantity,
        average_price=told(average, source=source, age=age, old=old, missing="no cost is known"),
        mark=told(held.mark, source=source, age=age, old=price_old, missing=NO_MARK),
        unrealised=unrealised,
        unrealised_fraction=told(
            fraction, source=source, age=age, old=price_old, missing=unrealised.reason
        ),
        realised=held.realised,
        fees=held.fees,
        owners=held.owners,
    )


def account(state: DashboardState, now: UnixNanos) -> Account:
    """Return the account; every amount is unknown until the daemon has told it."""
    view, old = state.account, why_old(state, now)
    source, age = account_source(state), age_ms(now, state.account_ts)

    def amount(value: T | None) -> Value[T]:
        missing = NO_ACCOUNT if view is None else "it cannot be computed without a price"
        return told(value, source=source, age=age, old=old, missing=missing)

    def risk(value: float | None) -> Value[float]:
        missing = NO_ACCOUNT if view is None else "too few samples of this session's prices"
        return told(value, source="daemon", age=age, old=old, missing=missing)

    return Account(
        currency=currency_of(state),
        equity=amount(view.equity if view else None),
        cash=amount(view.cash if view else None),
        day_pnl=amount(view.day_pnl if view else None),
        day_fraction=amount(_day_fraction(state)),
        realised=amount(view.realised if view else None),
        fees=amount(view.fees if view else None),
        gross=amount(view.gross if view else None),
        net=amount(view.net if view else None),
        drawdown=amount(view.drawdown if view else None),
        var95=risk(view.var95 if view else None),
        shortfall95=risk(view.shortfall95 if view else None),
        var_samples=view.var_samples if view else 0,
        account_vol=risk(view.account_vol if view else None),
        orders_today=amount(view.orders_today if view else None),
        fills_today=amount(view.fills_today if view else None),
        signals=amount(view.signals if view else None),
        fills=amount(view.fills if view else None),
        refusals=view.refusals if view else (),
    )


def _day_fraction(state: DashboardState) -> float | None:
    view = state.account
    if view is None or view.equity is None or view.day_pnl is None:
        return None
    start = view.equity - view.day_pnl
    return float(view.day_pnl / start) if start > 0 else None


def equity_curve(state: DashboardState, count: int) -> tuple[EquityPoint, ...]:
    """Return equity at the end of each of the newest minutes, oldest first."""
    series = state.equity
    newest = series.candles[max(len(series.candles) - count, 0) :]
    return tuple(
        EquityPoint(UnixNanos((c.index + 1) * series.interval_ns), c.close_px) for c in newest
    )


def risk_bars(state: DashboardState, now: UnixNanos) -> tuple[RiskBar, ...]:
    """Return every limit with its present use."""
    account, old = state.account, why_old(state, now)
    age = age_ms(now, state.account_ts)
    if account is None:
        return ()
    return tuple(
        RiskBar(
            rule=limit.rule,
            value=limit.value,
            limit=limit.limit,
            used=told(limit.used, source="daemon", age=age, old=old, missing="its use is unknown"),
            level=_level(limit.used),
        )
        for limit in account.limits
    )


def _level(used: float | None) -> str:
    if used is None:
        return "unknown"
    return "over" if used >= 1.0 else "near" if used >= NEAR else "ok"


# --- orders and fills -----------------------------------------------------------------------------


def open_orders(state: DashboardState, now: UnixNanos) -> tuple[OrderRow, ...]:
    """Return orders that may still be filled, oldest first."""
    return tuple(_order(state, view, now) for view in state.orders.values())


def orders(state: DashboardState, count: int, now: UnixNanos) -> tuple[OrderRow, ...]:
    """Return open orders and then finished ones, each newest first, `count` at most."""
    newest = [*reversed(state.orders.values()), *reversed(state.finished.values())]
    return tuple(_order(state, view, now) for view in newest[:count])


def _order(state: DashboardState, view: OrderView, now: UnixNanos) -> OrderRow:
    tick, lot = grid(state.markets.get(view.instrument_id))
    source, age, old = account_source(state), age_ms(now, view.updated), why_old(state, now)
    return OrderRow(
        client_order_id=view.client_order_id,
        strategy_id=view.strategy_id,
        instrument_id=view.instrument_id,
        symbol=symbol_of(view.instrument_id),
        tick=tick,
        lot=lot,
        side=view.side,
        order_type=view.order_type,
        time_in_force=view.time_in_force,
        quantity=view.quantity,
        filled=view.filled,
        remaining=view.quantity - view.filled,
        limit_price=told(view.limit_price, source=source, age=age, old=old, missing="no limit"),
        average_price=told(
            view.average_price, source=source, age=age, old=old, missing="nothing is filled"
        ),
        status=view.status,
        is_open=not view.status.is_terminal,
        reason=view.reason,
        created=view.created,
        updated=view.updated,
        age_ms=age,
        stale=bool(old),
    )


def fills(state: DashboardState, count: int, now: UnixNanos) -> tuple[FillRow, ...]:
    """Return the newest fills, newest first."""
    rows = []
    for record in islice(reversed(state.fills.values()), count):
        fill = record.fill
        name = fill.client_order_id
        order = state.orders.get(name) or state.finished.get(name)
        tick, lot = grid(state.markets.get(fill.instrument_id))
        rows.append(FillRow(
            ts=fill.ts_event,
            execution_id=fill.execution_id,
            client_order_id=name,
            strategy_id=order.strategy_id if order else StrategyId(""),
            instrument_id=fill.instrument_id,
            symbol=symbol_of(fill.instrument_id),
            tick=tick,
            lot=lot,
            side=fill.side,
            price=fill.price,
            quantity=fill.quantity,
            fee=fill.fee,
            liquidity=fill.liquidity,
            age_ms=age_ms(now, record.ts),
        ))  # fmt: skip
    return tuple(rows)
