"""What changes an account without a fill: borrow, dividends, splits, delisting.

A broker books these overnight; here the run books them where they fall due, on the engine's
account itself, so that cash, cost and P&L still add up. They are realised P&L.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from rf_common import money
from rf_common.clock import NANOS_PER_SECOND, UnixNanos
from rf_common.enums import Liquidity, Side
from rf_common.events import OrderFilled
from rf_common.ids import ClientOrderId, InstrumentId, StrategyId, VenueOrderId
from rf_engine import Engine
from rf_engine.state import EXTERNAL
from rf_oms.account import Account

EXIT = ".exit"
"""What the name of a strategy's protective orders ends with."""

_YEAR_NS = 365 * 86_400 * NANOS_PER_SECOND


def borrow_cost(
    engine: Engine, instrument_id: InstrumentId, px: float, *, span_ns: int, rate: float
) -> Decimal:
    """Charge what borrowing a short position cost over a time; return it, currency.

    ``|quantity| * px * rate * span / 365 days``, rounded to the cash resolution.
    """
    held = engine.state.account.quantity(instrument_id)
    if held >= 0 or span_ns <= 0:
        return money.ZERO
    share = Decimal(str(rate)) * span_ns / _YEAR_NS
    cost = money.to_cash(-held * money.of_float(px) * share)
    _book(engine.state.account, instrument_id, -cost)
    return cost


def pay_dividend(engine: Engine, instrument_id: InstrumentId, amount: float) -> Decimal:
    """Pay a dividend on what is held, or charge it to who is short; return it, currency."""
    account = engine.state.account
    paid = money.to_cash(account.quantity(instrument_id) * money.of_float(amount))
    if paid:
        _book(account, instrument_id, paid)
    return paid


def split(
    engine: Engine, instrument_id: InstrumentId, factor: float, px: float
) -> tuple[tuple[StrategyId, Decimal], ...]:
    """Turn each old share into `factor` new ones; what is no whole lot is paid out at `px`.

    Returns
    -------
    tuple of (StrategyId, Decimal)
        What each strategy holds afterwards.
    """
    account, state = engine.state.account, engine.state
    lot = state.markets[instrument_id].instrument.lot
    new = money.of_float(factor)
    after = []
    for strategy_id in holders(engine, instrument_id):
        held = account.held_by(strategy_id, instrument_id)
        exact = held * new
        whole = money.to_quantity(abs(exact), lot).copy_sign(exact)
        position = account.positions[instrument_id]
        cost, realised, volume = position.cost, position.realised, position.volume
        _hold(account, instrument_id, strategy_id, whole - held)
        position.cost, position.realised, position.volume = cost, realised, volume
        rest = money.to_cash((exact - whole) * money.of_float(px))
        if rest:
            _book(account, instrument_id, rest)
        after.append((strategy_id, whole))
    gone = account.positions.get(instrument_id)
    if gone is not None and not gone.quantity:  # only parts of a lot were left: all is realised
        gone.realised, gone.cost = gone.realised - gone.cost, money.ZERO
    return tuple(after)


def close_out(
    engine: Engine, instrument_id: InstrumentId, px: float, now: UnixNanos
) -> list[tuple[StrategyId, OrderFilled]]:
    """Close what is held at `px` without a fee and halt the instrument; return the fills."""
    state = engine.state
    market = state.markets[instrument_id]
    price = money.to_price(px, market.instrument.tick, "nearest")
    fills = []
    for strategy_id in holders(engine, instrument_id):
        held = state.account.held_by(strategy_id, instrument_id)
        side = Side.SELL if held > 0 else Side.BUY
        fill = _fill(instrument_id, side, price, abs(held), now)
        state.account.apply(fill, strategy_id)
        fills.append((strategy_id, fill))
    market.instrument = msgspec.structs.replace(market.instrument, tradable=False)
    return fills


def owner_of(strategy_id: StrategyId) -> StrategyId:
    """Return whose position an order changes: exits change their strategy's."""
    return StrategyId(strategy_id.removesuffix(EXIT))


def transfer(
    engine: Engine,
    instrument_id: InstrumentId,
    giver: StrategyId,
    taker: StrategyId,
    quantity: Decimal,
) -> None:
    """Move signed units from one holder to another; the account's net position stays."""
    account = engine.state.account
    position = account.positions[instrument_id]
    kept = (position.cost, position.realised, position.volume)
    _hold(account, instrument_id, giver, -quantity)
    _hold(account, instrument_id, taker, quantity)
    position.cost, position.realised, position.volume = kept


def holders(engine: Engine, instrument_id: InstrumentId) -> tuple[StrategyId, ...]:
    """Return who holds something of an instrument, in the account's order."""
    held = engine.state.account.state().holdings
    return tuple(owner for owner, name, quantity in held if name == instrument_id and quantity)


def _book(account: Account, instrument_id: InstrumentId, amount: Decimal) -> None:
    """Move cash by an amount that the instrument earned or cost."""
    account.cash += amount
    account.positions[instrument_id].realised += amount


def _hold(
    account: Account, instrument_id: InstrumentId, strategy_id: StrategyId, change: Decimal
) -> None:
    """Change a holding by shares that cost nothing."""
    if change:
        side = Side.BUY if change > 0 else Side.SELL
        free = _fill(instrument_id, side, money.ZERO, abs(change), UnixNanos(0))
        account.apply(free, strategy_id)


def _fill(
    instrument_id: InstrumentId, side: Side, price: Decimal, quantity: Decimal, now: UnixNanos
) -> OrderFilled:
    key = ClientOrderId(f"{EXTERNAL}-{instrument_id}-{now}")
    return OrderFilled(
        key, instrument_id, now, VenueOrderId("action"), key, side, price, quantity, money.ZERO,
        Liquidity.TAKER,
    )  # fmt: skip
