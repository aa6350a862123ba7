"""What Binance spot trades, and on which grid.

Recordings carry no exchange information, so the grids of two symbols stand here as an
assumption, as they were in 2024: BTCUSDT trades on 0.01 and 0.00001, ETHUSDT on 0.01 and 0.0001;
every other symbol is taken to be on 0.01 and 0.00001. All have a minimum order value of 5.
"""

from __future__ import annotations

import re
from decimal import Decimal

import msgspec

from rf_common.errors import DataError
from rf_common.ids import InstrumentId, instrument_id
from rf_common.instruments import Instrument
from rf_common.money import parse
from rf_ingestion.binance.wire import ExchangeInfo, SymbolFilter, SymbolInfo

_FOLDED = re.compile(r"[A-Z0-9]{2,32}")
_QUOTES = ("FDUSD", "USDT", "USDC", "TUSD", "BUSD", "BTC", "ETH", "BNB", "EUR", "TRY", "USD")
_INFO = msgspec.json.Decoder(ExchangeInfo)
_MIN_NOTIONAL = Decimal(5)


def fold_symbol(text: str) -> str:
    """Return the venue's spelling of a symbol.

    Raises
    ------
    ValueError
        If letters and digits are not all that remains.

    Examples
    --------
    >>> fold_symbol("btc/usdt"), fold_symbol("BTC-USDT")
    ('BTCUSDT', 'BTCUSDT')
    """
    folded = re.sub(r"[/\-_]", "", text.strip()).upper()
    if not text.isascii() or not _FOLDED.fullmatch(folded):  # "ß" in capitals is "SS"
        raise ValueError(f"expected a symbol such as BTCUSDT or BTC/USDT, was {text!r}")
    return folded


def to_instrument_id(text: str) -> InstrumentId:
    """Return the house's id of a Binance symbol in any spelling.

    Examples
    --------
    >>> to_instrument_id("eth/usdt")
    'binance:ETHUSDT'
    """
    return instrument_id("binance", fold_symbol(text))


def default_instrument(symbol: str) -> Instrument:
    """Return the instrument as this module assumes it, for data without exchange information.

    Examples
    --------
    >>> default_instrument("ETHUSDT").lot, default_instrument("ETHUSDT").currency
    (Decimal('0.0001'), 'USDT')
    """
    folded = fold_symbol(symbol)
    if folded in KNOWN:
        return KNOWN[folded]
    return _assumed(folded, Decimal("0.00001"))


def _assumed(symbol: str, lot: Decimal) -> Instrument:
    return Instrument(
        instrument_id=to_instrument_id(symbol),
        tick=Decimal("0.01"),
        lot=lot,
        min_notional=_MIN_NOTIONAL,
        currency=next((quote for quote in _QUOTES if symbol.endswith(quote)), "USDT"),
    )


KNOWN = {
    "BTCUSDT": _assumed("BTCUSDT", Decimal("0.00001")),
    "ETHUSDT": _assumed("ETHUSDT", Decimal("0.0001")),
}
"""Instruments whose grid is known without asking the venue."""


class Listing(msgspec.Struct, frozen=True):
    """What an exchange information yields."""

    instruments: tuple[Instrument, ...]
    refused: dict[str, str]
    """Symbols that cannot be traded by us, with the reason."""


def to_listing(raw: bytes) -> Listing:
    """Return the instruments of an answer of ``GET /api/v3/exchangeInfo``.

    Raises
    ------
    DataError
        If the bytes are no exchange information; a single bad symbol is refused alone.
    """
    try:
        rows = _INFO.decode(raw).symbols
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise DataError(
            f"expected the exchange information of Binance, was {raw[:80]!r}", detail=str(error)
        ) from error
    instruments: list[Instrument] = []
    refused: dict[str, str] = {}
    for row in rows:
        try:
            instruments.append(_to_instrument(msgspec.convert(row, SymbolInfo)))
        except ValueError as error:  # a ValidationError of msgspec is one too
            name = row.get("symbol") if isinstance(row, dict) else None
            refused[str(name)] = str(error)
    return Listing(tuple(instruments), refused)


def _to_instrument(info: SymbolInfo) -> Instrument:
    filters = {rule.filter_type: rule for rule in info.filters}
    price, lot = filters.get("PRICE_FILTER"), filters.get("LOT_SIZE")
    if price is None or lot is None:
        raise ValueError(f"{info.symbol} has no PRICE_FILTER or no LOT_SIZE")
    value = filters.get("NOTIONAL") or filters.get("MIN_NOTIONAL") or SymbolFilter("")
    return Instrument(
        instrument_id=instrument_id("binance", info.symbol),
        tick=_step(price.tick_size, f"{info.symbol} tickSize"),
        lot=_step(lot.step_size, f"{info.symbol} stepSize"),
        min_notional=parse(value.min_notional or "0", field=f"{info.symbol} minNotional"),
        max_quantity=_step(lot.max_qty, f"{info.symbol} maxQty"),
        currency=info.quote_asset,
        tradable=info.status == "TRADING",
    )


def _step(text: str | None, field: str) -> Decimal:
    """Return a positive number without the zeros at its end, so that it prints as a grid."""
    if text is None or (value := parse(text, field=field)) <= 0:
        raise ValueError(f"expected {field} above 0, was {text}")
    value = value.normalize()
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value
