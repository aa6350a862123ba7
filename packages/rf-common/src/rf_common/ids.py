"""Identifiers: new types over str, made in one place, deterministic in replay."""

from __future__ import annotations

import re
from typing import NewType

from rf_common.enums import Mode

InstrumentId = NewType("InstrumentId", str)
ClientOrderId = NewType("ClientOrderId", str)
VenueOrderId = NewType("VenueOrderId", str)
StrategyId = NewType("StrategyId", str)
SessionId = NewType("SessionId", str)

_SYMBOL = re.compile(r"[A-Za-z0-9:/\-_.]{1,64}")
_NONCE = re.compile(r"[A-Z2-7]{8}")
_MODE_LETTER = {Mode.SIM: "S", Mode.PAPER: "P", Mode.LIVE: "L"}


def instrument_id(venue: str, symbol: str) -> InstrumentId:
    """Return ``venue:symbol``, the id of one instrument at one venue.

    Raises
    ------
    ValueError
        If the venue is not a lower-case word or the symbol is blank, longer than 64 characters
        or has a character other than letters, digits and ``: / - _ .``.

    Examples
    --------
    >>> instrument_id("binance", "BTCUSDT")
    'binance:BTCUSDT'
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", venue):
        raise ValueError(f"expected a lower-case venue name, was {venue!r}")
    if not _SYMBOL.fullmatch(symbol):
        raise ValueError(
            f"expected a symbol of 1 to 64 letters, digits or : / - _ . , was {symbol!r}"
        )
    return InstrumentId(f"{venue}:{symbol}")


def venue_of(instrument: InstrumentId) -> str:
    """Return the venue part of an instrument id."""
    return instrument.partition(":")[0]


def symbol_of(instrument: InstrumentId) -> str:
    """Return the venue's own symbol of an instrument id."""
    return instrument.partition(":")[2]


def client_order_id(mode: Mode, nonce: str, number: int) -> ClientOrderId:
    """Return the id of one order: mode, session nonce, running number.

    The nonce is drawn once per session from the system's entropy and written to the journal's
    first record, so an id is unique for ever and yet the same in replay.

    Raises
    ------
    ValueError
        If the nonce is not eight base-32 characters or the number is not positive.

    Examples
    --------
    >>> client_order_id(Mode.PAPER, "K7QW3ZPA", 12)
    'RF-P-K7QW3ZPA-00000012'
    """
    if not _NONCE.fullmatch(nonce):
        raise ValueError(f"expected a nonce of eight characters A-Z 2-7, was {nonce!r}")
    if number < 1:
        raise ValueError(f"expected an order number from 1, was {number}")
    return ClientOrderId(f"RF-{_MODE_LETTER[mode]}-{nonce}-{number:08d}")
