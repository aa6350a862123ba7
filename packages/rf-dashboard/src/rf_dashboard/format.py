"""How numbers, ages and foreign text are written, the same on every face.

Nothing here rounds what is kept: it only writes. `ascii` replaces every glyph that is not ASCII.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from math import isfinite

from rf_common import money as exact
from rf_common.clock import NANOS_PER_MILLI, NANOS_PER_SECOND, UnixNanos
from rf_common.enums import OrderStatus, OrderType
from rf_dashboard.values import T, Value

NA = "n/a"
_MARKS = {1: "▲", -1: "▼", 0: "="}
_ASCII_MARKS = {1: "^", -1: "v", 0: "="}
_DOTS = {"connected": "●", "degraded": "◐", "connecting": "◐", "unknown": "?"}
_ASCII_DOTS = {"connected": "*", "degraded": "~", "connecting": "~", "unknown": "?"}
_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£"}
_CENT = Decimal("0.01")
_BREAKS = dict.fromkeys("\n\r\t\u2028\u2029", " ")
_TYPES = {
    OrderType.MARKET: "MKT",
    OrderType.LIMIT: "LMT",
    OrderType.STOP_MARKET: "STP",
    OrderType.STOP_LIMIT: "STL",
}


def clean(text: str) -> str:
    r"""Return text from outside without control, format and bidi characters; breaks are blanks.

    Examples
    --------
    >>> clean("a\x1b[31mb\u202ec\nd")
    'a[31mbc d'
    """
    return "".join(
        _BREAKS.get(char, char)
        for char in text
        if char in _BREAKS or unicodedata.category(char)[0] != "C"
    )


def show(value: Value[T], write: Callable[[T], str]) -> str:
    """Return the written value, with ``?`` when it is stale, or ``n/a``.

    Examples
    --------
    >>> show(Value(value=3, stale=True), str), show(Value(reason="no price yet"), str)
    ('3?', 'n/a')
    """
    if value.value is None:
        return NA
    return write(value.value) + ("?" if value.stale else "")


def mark(number: float | Decimal | int, *, ascii: bool = False) -> str:
    """Return ``▲``, ``▼`` or ``=``."""
    sign = (number > 0) - (number < 0)
    return (_ASCII_MARKS if ascii else _MARKS)[sign]


# --- numbers --------------------------------------------------------------------------------------


def price(px: float | Decimal | None, tick: Decimal | None, *, grouped: bool = False) -> str:
    """Return a price with the digits of its tick, or its own digits when no tick is known.

    A price between two ticks, such as a mid, keeps the digits it needs.

    Examples
    --------
    >>> price(227.1, Decimal("0.01")), price(Decimal("91240.25"), Decimal("0.5"))
    ('227.10', '91240.25')
    """
    return _on_grid(px, tick, grouped=grouped)


def quantity(qty: float | Decimal | None, lot: Decimal | None, *, grouped: bool = False) -> str:
    """Return a quantity with the digits of its lot, or its own digits when they are more.

    Examples
    --------
    >>> quantity(Decimal("0.01"), Decimal("0.001")), quantity(40.0, Decimal(1))
    ('0.010', '40')
    """
    return _on_grid(qty, lot, grouped=grouped)


def _on_grid(number: float | Decimal | None, step: Decimal | None, *, grouped: bool) -> str:
    if number is None or not isfinite(number):
        return NA
    value = number if isinstance(number, Decimal) else exact.of_float(number)
    value = _trimmed(value)
    digits = max(_digits(value), 0 if step is None else _digits(_trimmed(step)))
    return f"{value:{',' if grouped else ''}.{digits}f}"


def _trimmed(value: Decimal) -> Decimal:
    return value.normalize() if value else Decimal(0)


def _digits(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0


def money(amount: Decimal | None, currency: str = "", *, signed: bool = False) -> str:
    """Return an amount to the cent with its currency; `signed` shows a plus.

    Examples
    --------
    >>> money(Decimal("100240.987"), "USD"), money(Decimal("-12.4"), "USDT", signed=True)
    ('$100,240.99', '-12.40 USDT')
    """
    if amount is None or not amount.is_finite():
        return NA
    cents = amount.quantize(_CENT, ROUND_HALF_EVEN)
    sign = "-" if cents < 0 else "+" if signed else ""
    symbol = _SYMBOLS.get(currency, "")
    after = f" {currency}" if currency and not symbol else ""
    return f"{sign}{symbol}{abs(cents):,.2f}{after}"


def percent(
    fraction: float | Decimal | None, *, digits: int = 2, marked: bool = True, ascii: bool = False
) -> str:
    """Return a fraction in percent with mark and sign; what rounds to zero is ``=0.00%``.

    Examples
    --------
    >>> percent(0.0158), percent(-0.0031, ascii=True), percent(-0.000001), percent(None)
    ('▲+1.58%', 'v-0.31%', '=0.00%', 'n/a')
    """
    if fraction is None or not isfinite(fraction):
        return NA
    rounded = round(100 * Decimal(str(fraction)), digits)
    sign = "+" if rounded > 0 else "-" if rounded < 0 else ""
    front = mark(rounded, ascii=ascii) if marked else ""
    return f"{front}{sign}{abs(rounded):.{digits}f}%"


def compact(number: float | None) -> str:
    """Return a large number in few characters.

    Examples
    --------
    >>> compact(31_240_000.0), compact(18_204.0), compact(950.0), compact(0.25)
    ('31.2M', '18.2k', '950', '0.25')
    """
    if number is None or not isfinite(number):
        return NA
    for size, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= 0.99995 * size:
            return f"{number / size:.1f}{letter}"
    return f"{number:.4g}"


# --- times ----------------------------------------------------------------------------------------


def age(ms: int | None) -> str:
    """Return how long ago, in at most two units, never rounded up.

    Examples
    --------
    >>> age(400), age(12_900), age(192_000), age(7_500_000), age(273_600_000), age(None)
    ('0.4s', '12s', '3m 12s', '2h 05m', '3d 04h', 'n/a')
    """
    if ms is None:
        return NA
    seconds = max(ms, 0) // 1_000
    if seconds < 10:
        return f"{max(ms, 0) // 100 / 10:.1f}s"
    if seconds < 60:
        return f"{seconds}s"
    minutes, hours, days = seconds // 60, seconds // 3_600, seconds // 86_400
    if hours < 1:
        return f"{minutes}m {seconds % 60:02d}s"
    if days < 1:
        return f"{hours}h {minutes % 60:02d}m"
    return f"{days}d {hours % 24:02d}h"


def clock(ts: UnixNanos, *, millis: bool = False) -> str:
    """Return the time of day in UTC; the caller says so once.

    Examples
    --------
    >>> clock(UnixNanos(1_500_000_000)), clock(UnixNanos(1_500_000_000), millis=True)
    ('00:00:01', '00:00:01.500')
    """
    if not ts:
        return NA
    text = f"{datetime.fromtimestamp(ts // NANOS_PER_SECOND, UTC):%H:%M:%S}"
    return f"{text}.{ts % NANOS_PER_SECOND // NANOS_PER_MILLI:03d}" if millis else text


# --- words and glyphs -----------------------------------------------------------------------------


def dot(status: str, *, ascii: bool = False) -> str:
    """Return the mark of a feed's status: connected, between, not connected, not known."""
    dots, other = (_ASCII_DOTS, "o") if ascii else (_DOTS, "○")
    return dots.get(status, other)


def bar(fraction: float | None, width: int, *, ascii: bool = False) -> str:
    """Return a bar of exactly `width` characters; unknown is all ``?``.

    Examples
    --------
    >>> bar(0.25, 8), bar(2.0, 4, ascii=True), bar(None, 3)
    ('██░░░░░░', '####', '???')
    """
    if fraction is None or not isfinite(fraction):
        return "?" * width
    full, empty = ("#", ":") if ascii else ("█", "░")
    filled = round(min(max(fraction, 0.0), 1.0) * width)
    return full * filled + empty * (width - filled)


def order_type(kind: OrderType) -> str:
    """Return MKT, LMT, STP or STL."""
    return _TYPES[kind]


def order_status(status: OrderStatus) -> str:
    """Return a status in small words; what needs attention stays in capitals."""
    loud = {OrderStatus.REJECTED, OrderStatus.DENIED, OrderStatus.UNKNOWN}
    if status is OrderStatus.ACCEPTED:
        return "working"
    return status.value if status in loud else status.value.lower().replace("_", " ")


def short_id(client_order_id: str) -> str:
    """Return the running number of an order's id, four digits or more.

    Examples
    --------
    >>> short_id("RF-P-K7QW3ZPA-00000012"), short_id("outside")
    ('0012', 'outside')
    """
    number = client_order_id.rpartition("-")[2]
    return f"{int(number):04d}" if number.isascii() and number.isdigit() else clean(number)
