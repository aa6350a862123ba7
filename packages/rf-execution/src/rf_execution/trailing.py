"""A stop that follows the best price and never gives way.

A pure plan: it is told prices and answers once, with the order that closes the position. A price
is compared with the stop as it was before that price, and only then may move it: a gap through
the stop triggers, whatever the gap would have done to the stop.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from rf_common import money
from rf_common.enums import Side
from rf_common.money import to_price


class Fixed(msgspec.Struct, frozen=True, tag="fixed"):
    """A distance in currency."""

    distance: Decimal

    def at(self, price: Decimal) -> Decimal:
        """Return the distance at a price, currency."""
        return self.distance


class Percent(msgspec.Struct, frozen=True, tag="percent"):
    """A distance in percent of the price."""

    percent: Decimal

    def at(self, price: Decimal) -> Decimal:
        """Return the distance at a price, currency."""
        return price * self.percent / 100


class Atr(msgspec.Struct, frozen=True, tag="atr"):
    """A multiple of the average true range."""

    multiple: Decimal
    atr: Decimal

    def at(self, price: Decimal) -> Decimal:
        """Return the distance at a price, currency."""
        return self.multiple * self.atr


Trail = Fixed | Percent | Atr


class ExitOrder(msgspec.Struct, frozen=True):
    """The order that closes the position: at the market, or at a limit when one was asked for."""

    side: Side
    quantity: Decimal
    limit_price: Decimal | None


class TrailingStop:
    """One trailing stop.

    Parameters
    ----------
    side : Side
        BUY for a stop below a long position, SELL for one above a short position.
    entry : Decimal
        Price of the entry, currency.
    quantity : Decimal
        Held, units, positive.
    trail : Fixed, Percent or Atr
        How far the stop stays behind the best price.
    tick : Decimal
        Price step; stops are rounded away from the market.
    activation : Decimal, optional
        Price from which there is a stop at all; without it there is one at once.
    limit_offset : Decimal, optional
        Distance of the exit's limit beyond the stop; without it the exit has no limit.

    Raises
    ------
    ValueError
        If a number is not positive, or the first stop would not be.

    Examples
    --------
    >>> stop = TrailingStop(Side.BUY, Decimal(100), Decimal(5), Fixed(Decimal(3)),
    ...     tick=Decimal("0.01"))
    >>> [stop.observe(Decimal(px)) for px in (104, 102)], stop.stop
    ([None, None], Decimal('101.00'))
    >>> stop.observe(Decimal(95)).quantity
    Decimal('5')
    """

    def __init__(
        self,
        side: Side,
        entry: Decimal,
        quantity: Decimal,
        trail: Trail,
        *,
        tick: Decimal,
        activation: Decimal | None = None,
        limit_offset: Decimal | None = None,
    ) -> None:
        for name, value in (("entry", entry), ("quantity", quantity), ("tick", tick)):
            if not (value.is_finite() and value > 0):
                raise ValueError(f"expected a positive {name}, was {value}")
        distance = trail.at(entry)
        if not (distance.is_finite() and distance > 0):
            raise ValueError(f"expected a positive distance, was {distance}")
        if side is Side.BUY and distance >= entry:
            raise ValueError(f"expected a distance below the entry {entry}, was {distance}")
        self.quantity = quantity
        self.stop: Decimal | None = None
        self.is_done = False
        self._side = side
        self._trail = trail
        self._tick = tick
        self._activation = activation
        self._limit_offset = limit_offset
        if activation is None:
            self._ratchet(entry)

    def observe(self, price: Decimal) -> ExitOrder | None:
        """Take a price; return the closing order if it reached the stop, once.

        Raises
        ------
        ValueError
            If the price is not positive and finite.
        """
        if not (price.is_finite() and price > 0):
            raise ValueError(f"expected a positive price, was {price}")
        if self.is_done:
            return None
        if self.stop is not None and (price - self.stop) * self._side.sign <= 0:
            self.is_done = True
            return ExitOrder(self._side.opposite, self.quantity, self._limit(self.stop))
        if self.stop is not None or self._is_activated_by(price):
            self._ratchet(price)
        return None

    def _is_activated_by(self, price: Decimal) -> bool:
        return self._activation is not None and ((price - self._activation) * self._side.sign >= 0)

    def _ratchet(self, price: Decimal) -> None:
        sign = self._side.sign
        distance = self._trail.at(price) * sign
        rounding: money.Rounding = "down" if sign > 0 else "up"
        wanted = to_price(max(price - distance, self._tick), self._tick, rounding)
        if self.stop is None or (wanted - self.stop) * sign > 0:
            self.stop = wanted

    def _limit(self, stop: Decimal) -> Decimal | None:
        if self._limit_offset is None:
            return None
        price = stop - self._limit_offset * self._side.sign
        return to_price(max(price, self._tick), self._tick, "nearest")
