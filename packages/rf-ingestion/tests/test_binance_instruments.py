"""Exchange information, assumed grids, and the spelling of symbols."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_common import DataError, Instrument
from rf_ingestion.binance.instruments import (
    default_instrument,
    fold_symbol,
    to_instrument_id,
    to_listing,
)

# Shortened from shared/payloads/binance/exchange_info_min.json.
BTC: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "status": "TRADING",
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "0.01000000", "tickSize": "0.01000000"},
        {"filterType": "LOT_SIZE", "maxQty": "9000.00000000", "stepSize": "0.00001000"},
        {"filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": True},
    ],
}


def listed(*rows: object) -> bytes:
    return json.dumps({"timezone": "UTC", "symbols": rows}).encode()


def with_filter(kind: str, **fields: str | None) -> dict[str, Any]:
    filters = [rule | fields if rule["filterType"] == kind else rule for rule in BTC["filters"]]
    return BTC | {"filters": filters}


def test_an_instrument_carries_the_grid_of_its_filters() -> None:
    [instrument] = to_listing(listed(BTC)).instruments
    assert instrument == Instrument(
        instrument_id=to_instrument_id("BTCUSDT"),
        tick=Decimal("0.01"),
        lot=Decimal("0.00001"),
        min_notional=Decimal(5),
        max_quantity=Decimal(9000),
        currency="USDT",
        tradable=True,
        seconds_per_year=365 * 86_400,
    )
    assert (str(instrument.tick), str(instrument.max_quantity)) == ("0.01", "9000")


@pytest.mark.parametrize("status", ["HALT", "BREAK", "CANCEL_ONLY", "NEWER"])
def test_only_the_status_trading_is_tradable(status: str) -> None:
    [instrument] = to_listing(listed(BTC | {"status": status})).instruments
    assert not instrument.tradable


def test_the_older_name_of_the_notional_filter_is_read_and_none_means_no_minimum() -> None:
    old = with_filter("NOTIONAL", filterType="MIN_NOTIONAL", minNotional="10.00000000")
    none = with_filter("NOTIONAL", filterType="ICEBERG_PARTS")
    found = to_listing(listed(old, none)).instruments
    assert [item.min_notional for item in found] == [10, 0]


@pytest.mark.parametrize(
    "bad",
    [
        BTC | {"filters": []},
        BTC | {"symbol": ""},
        BTC | {"symbol": "这是测试币456USDT"},
        BTC | {"quoteAsset": None},
        with_filter("PRICE_FILTER", tickSize="0.00000000"),
        with_filter("PRICE_FILTER", tickSize="NaN"),
        with_filter("LOT_SIZE", stepSize=None),
        with_filter("LOT_SIZE", maxQty="-1"),
        with_filter("NOTIONAL", minNotional="five"),
        7,
        None,
    ],
)
def test_a_symbol_that_cannot_be_traded_is_refused_alone(bad: object) -> None:
    listing = to_listing(listed(bad, BTC | {"symbol": "ETHUSDT"}))
    assert [item.symbol for item in listing.instruments] == ["ETHUSDT"]
    assert len(listing.refused) == 1


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b'{"code":-1121,"msg":"Invalid symbol."}'])
def test_other_bytes_are_no_exchange_information(raw: bytes) -> None:
    with pytest.raises(DataError, match="expected the exchange information"):
        to_listing(raw)


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=100))
def test_garbage_is_a_data_error_and_nothing_else(raw: bytes) -> None:
    with pytest.raises(DataError):
        to_listing(raw)


def test_the_shared_sample_is_read(shared: Callable[[str], Path]) -> None:
    listing = to_listing(shared("payloads/binance/exchange_info_min.json").read_bytes())
    assert [item.symbol for item in listing.instruments] == ["BTCUSDT"]
    assert listing.refused.keys() == {"OLDCOINUSDT", "ODDUSDT"}


@pytest.mark.parametrize("text", ["BTCUSDT", "btcusdt", "BTC/USDT", "btc-usdt", " Btc_Usdt "])
def test_every_spelling_is_one_symbol(text: str) -> None:
    assert fold_symbol(text) == "BTCUSDT"
    assert to_instrument_id(text) == "binance:BTCUSDT"


@pytest.mark.parametrize("text", ["", "/", "BTC USDT", "BTC:USDT", "ß", "B", "A" * 33])
def test_other_texts_are_no_symbols(text: str) -> None:
    with pytest.raises(ValueError, match="expected a symbol such as BTCUSDT"):
        fold_symbol(text)


@pytest.mark.parametrize(
    ("symbol", "lot", "currency"),
    [
        ("BTCUSDT", "0.00001", "USDT"),
        ("eth/usdt", "0.0001", "USDT"),
        ("BNBBTC", "0.00001", "BTC"),
        ("SOLFDUSD", "0.00001", "FDUSD"),
    ],
)
def test_the_assumed_grid(symbol: str, lot: str, currency: str) -> None:
    instrument = default_instrument(symbol)
    assert (instrument.tick, instrument.lot) == (Decimal("0.01"), Decimal(lot))
    assert (instrument.min_notional, instrument.currency) == (5, currency)
