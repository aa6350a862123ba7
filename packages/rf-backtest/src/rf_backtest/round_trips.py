"""Closed round trips from fills, first in, first out; exact."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """A quantity that was opened by one fill and closed by a later one.

    `quantity` is positive for a long trip; `opened` and `closed` number the fills. `pnl` is
    before fees, currency.
    """

    quantity: Decimal
    entry_price: Decimal
    exit_price: Decimal
    opened: int
    closed: int

    @property
    def pnl(self) -> Decimal:
        """P&L before fees, currency."""
        return self.quantity * (self.exit_price - self.entry_price)


def round_trips(fills: Iterable[tuple[Decimal, Decimal]]) -> list[RoundTrip]:
    """Match fills of one instrument, each a signed quantity and a price, first in first out.

    Examples
    --------
    >>> trips = round_trips([(Decimal(2), Decimal(100)), (Decimal(-3), Decimal(110))])
    >>> [(trip.quantity, trip.pnl) for trip in trips]
    [(Decimal('2'), Decimal('20'))]
    """
    lots: deque[tuple[Decimal, Decimal, int]] = deque()
    trips = []
    for number, (quantity, price) in enumerate(fills):
        left = quantity
        while left and lots and lots[0][0] * left < 0:
            held, entry, opened = lots.popleft()
            closing = -left if abs(left) < abs(held) else held
            trips.append(RoundTrip(closing, entry, price, opened, number))
            left += closing
            if held != closing:
                lots.appendleft((held - closing, entry, opened))
        if left:
            lots.append((left, price, number))
    return trips
