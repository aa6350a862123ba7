"""What each simulated symbol is like."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec

from rf_common.ids import instrument_id
from rf_common.instruments import Instrument
from rf_ingestion.mock.draws import hash_of

VENUE = "sim"


class Group(StrEnum):
    """Symbols that share a calendar, a manner of quoting, bursts and outages."""

    EQUITY = "equity"
    CRYPTO = "crypto"
    EVENT = "event"


class GroupTraits(msgspec.Struct, frozen=True, kw_only=True):
    """What the symbols of a group have in common.

    Rates are per second of each symbol; notionals are medians in currency.
    """

    seconds_per_year: float
    quotes_per_s: float
    trades_per_s: float
    trade_notional: float
    level_notional: float


TRAITS = {
    Group.EQUITY: GroupTraits(
        seconds_per_year=252 * 6.5 * 3600,
        quotes_per_s=6.0,
        trades_per_s=1.5,
        trade_notional=4_000.0,
        level_notional=25_000.0,
    ),
    Group.CRYPTO: GroupTraits(
        seconds_per_year=365 * 86_400.0,
        quotes_per_s=10.0,
        trades_per_s=3.0,
        trade_notional=3_000.0,
        level_notional=30_000.0,
    ),
    Group.EVENT: GroupTraits(
        seconds_per_year=365 * 86_400.0,
        quotes_per_s=4.0,
        trades_per_s=0.2,
        trade_notional=100.0,
        level_notional=1_000.0,
    ),
}


class Preset(msgspec.Struct, frozen=True, kw_only=True):
    """One simulated symbol.

    Parameters
    ----------
    symbol : str
        The venue's symbol.
    group : Group
        What kind of market it is.
    px : float
        Start price, currency.
    vol : float
        Per year, decimal; of the log price, for event contracts of the log odds.
    drift : float
        Of the price per year, decimal; event contracts have none.
    spread_bps : float
        Spread before it is widened to the tick, basis points.
    lot : Decimal
        Quantity step, units; the price step is 0.01 everywhere.
    """

    symbol: str
    group: Group
    px: float
    vol: float
    drift: float = 0.0
    spread_bps: float
    lot: Decimal

    @property
    def traits(self) -> GroupTraits:
        """What it has in common with its group."""
        return TRAITS[self.group]

    def to_instrument(self) -> Instrument:
        """Return the instrument, ``sim:symbol``; ValueError when the symbol is malformed."""
        return Instrument(
            instrument_id=instrument_id(VENUE, self.symbol),
            tick=Decimal("0.01"),
            lot=self.lot,
            seconds_per_year=self.traits.seconds_per_year,
        )


def _equity(symbol: str, px: float, vol: float, drift: float, spread_bps: float) -> Preset:
    return Preset(
        symbol=symbol,
        group=Group.EQUITY,
        px=px,
        vol=vol,
        drift=drift,
        spread_bps=spread_bps,
        lot=Decimal(1),
    )


def _crypto(symbol: str, px: float, vol: float, spread_bps: float, lot: str) -> Preset:
    return Preset(
        symbol=symbol,
        group=Group.CRYPTO,
        px=px,
        vol=vol,
        drift=0.10,
        spread_bps=spread_bps,
        lot=Decimal(lot),
    )


def _event(symbol: str, px: float, vol: float) -> Preset:
    return Preset(
        symbol=symbol, group=Group.EVENT, px=px, vol=vol, spread_bps=100.0, lot=Decimal(1)
    )


_HOUSE = {
    preset.symbol: preset
    for preset in (
        _equity("AAPL", 224.0, 0.25, 0.05, 0.5),
        _equity("NVDA", 180.8, 0.42, 0.10, 0.5),
        _equity("TSLA", 402.0, 0.45, 0.02, 1.0),
        _equity("MSFT", 512.0, 0.22, 0.08, 0.5),
        _equity("AMZN", 231.0, 0.30, 0.06, 0.5),
        _equity("META", 698.0, 0.32, 0.07, 0.7),
        _equity("SPY", 670.5, 0.20, 0.06, 0.2),
        _equity("QQQ", 600.0, 0.23, 0.07, 0.2),
        _crypto("BTCUSDT", 92_300.0, 0.50, 0.2, "0.00001"),
        _crypto("ETHUSDT", 3_040.0, 0.65, 0.4, "0.0001"),
        _crypto("SOLUSDT", 135.0, 0.80, 1.0, "0.001"),
        _event("PM:FED-DEC", 0.63, 4.0),
        _event("PM:BTC-15M", 0.48, 20.0),
    )
}

HOUSE_SYMBOLS = tuple(_HOUSE)
"""The thirteen symbols of the house, in the order of the watch list."""


def preset_of(symbol: str) -> Preset:
    """Return what `symbol` is like; one that the house does not know is made from its name.

    ``PM:…`` is an event contract, a name that ends with USDT, USDC or USD is a coin, anything
    else a stock. Start price and volatility follow from a hash of the name, so they are the
    same in every run: stocks and coins start at 20 to 500, event contracts at 0.20 to 0.80.

    Examples
    --------
    >>> preset_of("AAPL").px, preset_of("DOGEUSDT").group.value
    (224.0, 'crypto')
    """
    known = _HOUSE.get(symbol)
    if known is not None:
        return known
    number = hash_of(symbol)
    cents, vol = number % 48_001, (number >> 20) % 26 / 100
    if symbol.startswith("PM:"):
        return _event(symbol, 0.20 + cents % 61 / 100, 4.0 + 40 * vol)
    if symbol.endswith(("USDT", "USDC", "USD")):
        return _crypto(symbol, 20.0 + cents / 100, 0.50 + vol, 1.0, "0.001")
    return _equity(symbol, 20.0 + cents / 100, 0.20 + vol, 0.05, 1.0)
