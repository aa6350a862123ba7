"""Numbers as text of few columns: signs and arrows always, `n/a` for what nobody knows."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rf_common.clock import NANOS_PER_SECOND
from rf_dashboard.values import Value
from rf_tui.glyphs import DOWN, FLAT, UP
from rf_tui.paint import Span

NA = "n/a"


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


def percent(value: Value[float], places: int = 2) -> Span:
    """Return a change as arrow, sign and percent."""
    if value.value is None:
        return "dim", NA
    shown = round(value.value * 100, places)
    role, arrow = direction(shown)
    return role, f"{arrow}{shown:+.{places}f}%{mark(value)}"


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
    return f"{quantity.normalize():f}"


def age_text(age_ms: int | None) -> str:
    """Return an age as people say it.

    Examples
    --------
    >>> [age_text(ms) for ms in (40, 1_200, 75_000, 7_300_000)]
    ['0.0s', '1.2s', '1m15s', '2h01m']
    """
    if age_ms is None:
        return NA
    seconds = age_ms // 1000
    if seconds < 60:
        return f"{seconds}.{age_ms % 1000 // 100}s"
    if seconds < 3600:
        return f"{seconds // 60}m{seconds % 60:02d}s"
    return f"{seconds // 3600}h{seconds % 3600 // 60:02d}m"


def clock_text(ts: int, *, seconds: bool = True) -> str:
    """Return the UTC time of day of `ts`, ns."""
    total = ts // NANOS_PER_SECOND % 86_400
    text = f"{total // 3600:02d}:{total // 60 % 60:02d}"
    return f"{text}:{total % 60:02d}" if seconds else text


def gauge(fraction: float | None, width: int) -> str:
    """Return a bar of `width` cells filled to `fraction`."""
    full = 0 if fraction is None else max(0, min(width, round(fraction * width)))
    if fraction and fraction > 0 and full == 0:
        full = 1
    return "█" * full + "░" * (width - full)
