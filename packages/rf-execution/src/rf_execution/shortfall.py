"""What an order cost against the price at which it was decided. Exact."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from rf_common.enums import Side


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Implementation shortfall and its parts, fractions of the paper portfolio's value.

    Positive is a cost. `delay` is the move from decision to arrival, `trading` from arrival to
    the fills, `missed` what was not filled, `explicit` fees; they add up to `total`.
    """

    explicit: Decimal
    trading: Decimal
    delay: Decimal
    missed: Decimal
    total: Decimal


def implementation_shortfall(
    side: Side,
    quantity: Decimal,
    *,
    decision: Decimal,
    arrival: Decimal,
    fills: Iterable[tuple[Decimal, Decimal]],
    commission: Decimal,
    close: Decimal,
) -> Shortfall:
    """Return what was lost against having the whole order at the decision price.

    Parameters
    ----------
    side : Side
        Buy or sell.
    quantity : Decimal
        What was wanted.
    decision, arrival, close : Decimal
        Price when it was decided, when the order reached the market, and when it was given up.
    fills : iterable of (quantity, price)
        What was done.
    commission : Decimal
        Fees of all fills, currency.

    Raises
    ------
    ValueError
        If a price or the quantity is not positive, or more was filled than wanted.

    References
    ----------
    Perold (1988); Wagner and Edwards (1993) for the parts.
    """
    done = list(fills)
    filled = sum((each for each, _ in done), Decimal(0))
    if min(quantity, decision, arrival, close) <= 0 or not 0 <= filled <= quantity:
        raise ValueError(
            f"expected positive prices and fills of 0 to {quantity}, was {filled} filled"
        )
    paper = quantity * decision
    paid = sum((each * price for each, price in done), Decimal(0))
    parts = {
        "explicit": commission / paper,
        "trading": side.sign * (paid - filled * arrival) / paper,
        "delay": side.sign * filled * (arrival - decision) / paper,
        "missed": side.sign * (quantity - filled) * (close - decision) / paper,
    }
    return Shortfall(**parts, total=sum(parts.values(), Decimal(0)))


def slippage_bps(side: Side, price: Decimal, benchmark: Decimal) -> Decimal:
    """Return how much worse a price is than a benchmark, basis points; negative is better."""
    if benchmark <= 0:
        raise ValueError(f"expected a positive benchmark, was {benchmark}")
    return side.sign * (price - benchmark) / benchmark * 10_000
