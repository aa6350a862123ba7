"""How a large order is cut: equal, by volume, behind the market, or a tip at a time. Exact.

Every child is a multiple of the lot, the children add up to the order, and what was sent so far
never differs from the exact share by a lot or more.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction


def twap(quantity: Decimal, slices: int, lot: Decimal) -> list[Decimal]:
    """Return equal children, one for each slice.

    Raises
    ------
    ValueError
        If a number is not positive or the quantity is not on the lot.

    Examples
    --------
    >>> twap(Decimal(10), 4, Decimal(1))
    [Decimal('3'), Decimal('2'), Decimal('3'), Decimal('2')]
    """
    if slices < 1:
        raise ValueError(f"expected slices of at least 1, was {slices}")
    return by_weight(quantity, [1] * slices, lot)


def by_weight(
    quantity: Decimal, weights: Sequence[int | float | Decimal], lot: Decimal
) -> list[Decimal]:
    """Return children in proportion to weights, such as a volume profile (VWAP)."""
    _check(quantity, lot)
    shares = [Fraction(weight) for weight in weights]
    total = sum(shares)
    if not shares or min(shares) < 0 or total <= 0:
        raise ValueError(f"expected weights of at least 0 with a positive sum, was {weights}")
    lots, sent, cumulative = Fraction(quantity) / Fraction(lot), 0, Fraction(0)
    children = []
    for share in shares:
        cumulative += share
        due = _nearest(lots * cumulative / total)
        children.append((due - sent) * lot)
        sent = due
    return children


def targets(quantity: Decimal, weights: Sequence[int | float | Decimal]) -> list[Fraction]:
    """Return the exact share of each slice, before lots."""
    shares = [Fraction(weight) for weight in weights]
    return [Fraction(quantity) * share / sum(shares) for share in shares]


def u_shape(slices: int) -> list[Fraction]:
    """Return the weights 1 + 2 (2t - 1)^2 of a day that is busy at both ends, t from 0 to 1."""
    if slices < 2:
        return [Fraction(1)] * slices
    return [1 + 2 * (Fraction(2 * i, slices - 1) - 1) ** 2 for i in range(slices)]


def participation(
    quantity: Decimal,
    rate: Decimal,
    volumes: Sequence[Decimal],
    *,
    lot: Decimal,
    own_included: bool = False,
) -> list[Decimal]:
    """Return what must have been sent after each interval to keep a share of the volume (POV).

    Parameters
    ----------
    quantity : Decimal
        The whole order.
    rate : Decimal
        Share of the market's volume, within 0 and 1.
    volumes : sequence of Decimal
        What others traded in each interval.
    lot : Decimal
        Children are multiples of it; what is due is rounded down.
    own_included : bool
        Whether `rate` is a share of all volume, ours counted.
    """
    _check(quantity, lot)
    if not 0 < rate < 1 or any(volume < 0 for volume in volumes):
        raise ValueError(f"expected 0 < rate < 1 and volumes of at least 0, was {rate}, {volumes}")
    share = rate / (1 - rate) if own_included else rate
    due, seen = [], Decimal(0)
    for volume in volumes:
        seen += volume
        lots = (min(quantity, share * seen) / lot).to_integral_value(ROUND_FLOOR)
        due.append(lots * lot)
    return due


def iceberg(quantity: Decimal, display: Decimal) -> list[Decimal]:
    """Return the tips that are shown one after another; the last is what is left."""
    if quantity <= 0 or display <= 0:
        raise ValueError(f"expected quantity and display above 0, was {quantity}, {display}")
    whole, rest = divmod(quantity, display)
    return [display] * int(whole) + ([rest] if rest else [])


def _check(quantity: Decimal, lot: Decimal) -> None:
    if lot <= 0 or quantity <= 0 or quantity % lot:
        raise ValueError(f"expected a positive quantity on lot {lot}, was {quantity}")


def _nearest(value: Fraction) -> int:
    """Return the nearest whole number, halves up."""
    return int((value + Fraction(1, 2)) // 1)
