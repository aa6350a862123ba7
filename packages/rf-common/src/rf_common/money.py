"""Exact money: the one place where text and floats become `Decimal` ledger values.

Short names are float for maths (`px`, `qty`), long names are exact (`price`, `quantity`,
`notional`, `cash`). NaN and infinity raise here. Rounding is stated at each call.
"""

from __future__ import annotations

import re
from decimal import (
    ROUND_05UP,
    ROUND_DOWN,
    ROUND_HALF_EVEN,
    ROUND_UP,
    Context,
    Decimal,
    InvalidOperation,
)
from typing import Literal

ZERO = Decimal(0)
Rounding = Literal["down", "up", "nearest"]

_MODES = {"down": ROUND_DOWN, "up": ROUND_UP, "nearest": ROUND_HALF_EVEN}
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)
_MAX_LENGTH = 64
_WIDE = Context(prec=60)
_STICKY = Context(prec=60, rounding=ROUND_05UP)
"""Keeps the side a cut-off quotient lies on, so that rounding it once more is still right."""


def parse(text: str | int | Decimal, *, field: str = "number") -> Decimal:
    """Return the exact value of `text`.

    Parameters
    ----------
    text : str, int or Decimal
        ASCII decimal notation; an exponent of up to three digits is allowed.
    field : str
        Name used in the error.

    Raises
    ------
    ValueError
        For NaN, infinities, digit groups, exotic digits, blanks, booleans and over-long text.

    Examples
    --------
    >>> parse("61837.63000000")
    Decimal('61837.63000000')
    """
    if isinstance(text, bool):
        raise ValueError(f"expected a number for {field}, was {text!r}")
    if isinstance(text, int):
        return Decimal(text)
    if isinstance(text, Decimal):
        value = text
    else:
        if len(text) > _MAX_LENGTH or not _NUMBER.fullmatch(text):
            raise ValueError(f"expected a decimal number for {field}, was {text[:80]!r}")
        try:
            value = Decimal(text)
        except InvalidOperation as error:
            raise ValueError(f"expected a decimal number for {field}, was {text!r}") from error
    if not value.is_finite():
        raise ValueError(f"expected a finite number for {field}, was {value}")
    return value


def of_float(px: float, *, field: str = "number") -> Decimal:
    """Return the shortest decimal that reads back as `px`.

    A venue's text that was parsed to float64 comes back digit for digit (up to 15 significant
    digits), without the float's binary tail.

    Raises
    ------
    ValueError
        If `px` is NaN or infinite.
    """
    if px - px != 0.0:  # NaN and both infinities
        raise ValueError(f"expected a finite number for {field}, was {px}")
    return Decimal(repr(float(px)))  # a numpy float64 prints its type's name


def to_step(value: Decimal, step: Decimal, rounding: Rounding) -> Decimal:
    """Return `value` on the grid of `step`; up and down are away from and towards zero."""
    if step <= 0:
        raise ValueError(f"expected a positive step, was {step}")
    steps = _STICKY.divide(value, step).to_integral_value(_MODES[rounding])
    try:
        return _WIDE.multiply(steps, step).quantize(step, context=_WIDE)
    except InvalidOperation as error:
        raise ValueError(f"expected a number that fits step {step}, was {value}") from error


def to_price(px: float | Decimal, tick: Decimal, rounding: Rounding) -> Decimal:
    """Return an exact price on the instrument's tick.

    Examples
    --------
    >>> to_price(100.004999, Decimal("0.01"), "nearest")
    Decimal('100.00')
    """
    value = px if isinstance(px, Decimal) else of_float(px, field="price")
    if not value.is_finite():
        raise ValueError(f"expected a finite price, was {value}")
    return to_step(value, tick, rounding)


def to_quantity(qty: float | Decimal, lot: Decimal) -> Decimal:
    """Return an exact quantity on the instrument's lot, never more than asked.

    Examples
    --------
    >>> to_quantity(0.123456, Decimal("0.001"))
    Decimal('0.123')
    """
    value = qty if isinstance(qty, Decimal) else of_float(qty, field="quantity")
    if not value.is_finite():
        raise ValueError(f"expected a finite quantity, was {value}")
    return to_step(value, lot, "down")


def on_step(value: Decimal, step: Decimal) -> bool:
    """Return whether `value` lies on the grid of `step`."""
    return _WIDE.remainder(value, step) == 0


def to_text(value: Decimal) -> str:
    """Return plain notation without an exponent, for people and JSON.

    Examples
    --------
    >>> to_text(Decimal("1E+3")), to_text(Decimal("0.50"))
    ('1000', '0.50')
    """
    return format(value, "f")


CASH_STEP = Decimal("0.00000001")
"""Resolution of cash, fees and notionals: eight decimals, what crypto venues settle in."""


def to_cash(value: Decimal) -> Decimal:
    """Return `value` rounded half-even to the cash resolution."""
    return value.quantize(CASH_STEP, ROUND_HALF_EVEN, _WIDE)


def notional(price: Decimal, quantity: Decimal) -> Decimal:
    """Return price times quantity at the cash resolution.

    Sums of such values are exact below 10^20, so ledgers add up to the last digit.
    """
    return to_cash(_WIDE.multiply(price, quantity))
