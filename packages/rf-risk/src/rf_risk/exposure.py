"""What the account can come to hold once an order is done, whichever open orders fill with it.

Open orders are not netted against each other or against what is held: any of them may fill
and any may not. Every number here is the largest over all those ways, with the order itself
filled.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from rf_common import money
from rf_common.enums import Side
from rf_common.ids import InstrumentId
from rf_common.orders import OrderIntent
from rf_risk.chain import RiskSnapshot


class _Reach(msgspec.Struct):
    """Where the position of one instrument can go: quantities and the highest prices."""

    held: Decimal
    mark: Decimal
    bought: Decimal = money.ZERO
    sold: Decimal = money.ZERO
    buy_price: Decimal = money.ZERO
    sell_price: Decimal = money.ZERO

    def add(self, side: Side, quantity: Decimal, price: Decimal) -> None:
        """Count an order that may fill."""
        if side is Side.BUY:
            self.bought += quantity
            self.buy_price = max(self.buy_price, price)
        else:
            self.sold += quantity
            self.sell_price = max(self.sell_price, price)

    def value(self) -> Decimal:
        """Return the largest absolute value between all sold and all bought, currency."""
        long, short = self.held + self.bought, self.held - self.sold
        long_price = max(self.mark, self.buy_price) if long > 0 else self.mark
        short_price = max(self.mark, self.sell_price) if short < 0 else self.mark
        return max(money.notional(long_price, abs(long)), money.notional(short_price, abs(short)))


def position_value(snapshot: RiskSnapshot, intent: OrderIntent) -> Decimal | None:
    """Return the largest value of the order's own instrument; None when it has no price."""
    return _value(snapshot, intent, intent.instrument_id)


def gross_value(snapshot: RiskSnapshot, intent: OrderIntent) -> Decimal | None:
    """Return the largest sum of absolute values over all instruments; None without a price."""
    names = {name: None for name, held in snapshot.positions.items() if held}
    names |= {order.instrument_id: None for order in snapshot.open_orders}
    names[intent.instrument_id] = None
    total = money.ZERO
    for name in names:
        value = _value(snapshot, intent, name)
        if value is None:
            return None
        total += value
    return total


def net_value(snapshot: RiskSnapshot, intent: OrderIntent) -> Decimal | None:
    """Return the largest absolute sum of signed values; None without a price."""
    price = snapshot.price_of(intent)
    if price is None:
        return None
    net = money.notional(price, intent.quantity) * intent.side.sign
    for name, held in snapshot.positions.items():
        if held:
            mark = _mark(snapshot, intent, name)
            if mark is None:
                return None
            net += money.notional(mark, held)
    bought = _open_value(snapshot, Side.BUY)
    sold = _open_value(snapshot, Side.SELL)
    return max(abs(net + bought), abs(net - sold))


def signed_values(snapshot: RiskSnapshot, intent: OrderIntent) -> dict[InstrumentId, float] | None:
    """Return what each instrument is worth once the order is done; None without a price.

    Open orders count where they widen what is held; currency, negative when short.
    """
    price = snapshot.price_of(intent)
    if price is None:
        return None
    values: dict[InstrumentId, float] = {}
    for name, held in snapshot.positions.items():
        mark = _mark(snapshot, intent, name) if held else None
        if mark is not None:
            values[name] = float(held * mark)
        elif held:
            return None
    own = intent.instrument_id
    asked = float(money.notional(price, intent.quantity)) * intent.side.sign
    values[own] = values.get(own, 0.0) + asked
    for order in snapshot.open_orders:
        now = values.get(order.instrument_id, 0.0)
        if now * order.side.sign >= 0.0:
            values[order.instrument_id] = now + float(order.notional) * order.side.sign
    return values


def _value(
    snapshot: RiskSnapshot, intent: OrderIntent, instrument_id: InstrumentId
) -> Decimal | None:
    held = snapshot.positions.get(instrument_id, money.ZERO)
    mark = _mark(snapshot, intent, instrument_id)
    if held and mark is None:
        return None
    reach = _Reach(held, mark or money.ZERO)
    if instrument_id == intent.instrument_id:
        price = snapshot.price_of(intent)
        if price is None:
            return None
        reach.held += intent.quantity * intent.side.sign  # done, whatever else fills
        reach.mark = max(reach.mark, price)
    for order in snapshot.open_orders:
        if order.instrument_id == instrument_id and order.remaining:
            reach.add(order.side, order.remaining, order.notional / order.remaining)
    return reach.value()


def _mark(
    snapshot: RiskSnapshot, intent: OrderIntent, instrument_id: InstrumentId
) -> Decimal | None:
    mid = snapshot.mid if instrument_id == intent.instrument_id else None
    mark = snapshot.marks.get(instrument_id)
    if mid is None or mark is None:
        return mark if mid is None else mid
    return max(mid, mark)


def _open_value(snapshot: RiskSnapshot, side: Side) -> Decimal:
    return sum((order.notional for order in snapshot.open_orders if order.side is side), money.ZERO)
