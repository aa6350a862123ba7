"""Numbers as text of few columns: signs and arrows always, `n/a` for what nobody knows."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rf_dashboard.format import NA
from rf_dashboard.format import percent as percent_text
from rf_dashboard.values import Value
from rf_tui.glyphs import DOWN, FLAT, UP
from rf_tui.paint import Span


def decimals(step: Decimal | None) -> int:
    """Return how many decimals a multiple of `step` has, 2 while it is not known."""
    if step is None:
        return 2
    exponent = step.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 2


def mark(value: Value[Any]) -> str:
    """Return ``?`` when a known value must not be trusted any more."""
    return "?" if value.stale and value.value is not None else ""


def px_text(value: Value[float] | Value[Decimal], tick: Decimal | None) -> str:
    """Return a price on its tick."""
    if value.value is None:
        return NA
    return f"{value.value:.{decimals(tick)}f}{mark(value)}"


def direction(value: float | Decimal | None) -> tuple[str, str]:
    """Return palette role and arrow of a change."""
    if value is None:
        return "dim", ""
    if value > 0:
        return "up", UP
    return ("down", DOWN) if value < 0 else ("text", FLAT)


def percent(value: Value[float], digits: int = 2) -> Span:
    """Return a change as arrow, sign and percent, in the colour of its direction."""
    if value.value is None:
        return "dim", NA
    role, _ = direction(round(value.value, digits + 2))
    return role, percent_text(value.value, digits=digits) + mark(value)


def money_text(value: Value[Decimal], width: int, *, sign: bool = False, unit: str = "") -> str:
    """Return an amount in at most `width` columns: with cents, whole, or in k, M, B."""
    if value.value is None:
        return NA
    return shortened(value.value, width - len(mark(value)), sign=sign, unit=unit) + mark(value)


def shortened(number: Decimal | float, width: int, *, sign: bool = False, unit: str = "") -> str:
    """Return `number` in at most `width` columns where that is possible.

    Examples
    --------
    >>> [shortened(1234567.891, width) for width in (12, 9, 7)]
    ['1,234,567.89', '1,234,568', '1.235M']
    """
    signed = "+" if sign else ""
    for text in (f"{number:{signed},.2f}", f"{number:{signed},.0f}"):
        if len(text) + len(unit) <= width:
            return _with_unit(text, unit)
    return _with_unit(_scaled(float(number), max(width - len(unit), 4), signed), unit)


def _with_unit(text: str, unit: str) -> str:
    return text[0] + unit + text[1:] if text[0] in "+-" else unit + text


def _scaled(number: float, width: int, signed: str) -> str:
    power = 0
    while abs(number) >= 1000 and power < 5:
        number, power = number / 1000, power + 1
    for places in (3, 2, 1):
        text = f"{number:{signed}.{places}f}{'kMBTQ'[power - 1] if power else ''}"
        if len(text) <= width:
            return text
    return f"{number:{signed}.0f}{'kMBTQ'[power - 1] if power else ''}"


def size_text(qty: float, lot: Decimal | None, width: int) -> str:
    """Return a size on its lot in at most `width` columns where that is possible."""
    text = f"{qty:.{decimals(lot)}f}"
    if len(text) <= width:
        return text
    if abs(qty) < 1000:
        return f"{qty:.{max(0, width - len(str(int(qty))) - 1)}f}"
    return _scaled(qty, width, "")


def quantity_text(quantity: Decimal) -> str:
    """Return an exact quantity without trailing zeros or an exponent."""
    return f"{quantity.normalize():f}" if quantity else "0"


def number(value: Value[float], form: str) -> str:
    """Return a number in a format, with its mark."""
    return NA if value.value is None else f"{value.value:{form}}{mark(value)}"


def usd(value: Value[Decimal]) -> str:
    """Return an amount of dollars: to the cent, and with up to four digits where it is small.

    Examples
    --------
    >>> [usd(Value(value=Decimal(text))) for text in ("0", "0.07", "0.01084", "0.0120", "1.125")]
    ['$0.00', '$0.07', '$0.0108', '$0.012', '$1.12']
    """
    amount = value.value
    if amount is None or not amount.is_finite():
        return NA
    if abs(amount) >= Decimal("0.1"):
        return f"${amount:,.2f}{mark(value)}"
    text = f"{amount:.4f}"
    digits = max(len(text.rstrip("0")), len(text) - 2)
    return f"${text[:digits]}{mark(value)}"
