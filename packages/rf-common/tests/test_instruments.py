from decimal import Decimal

import pytest

from rf_common import Instrument, InstrumentId, InstrumentRegistry, instrument_id


def _instrument(symbol: str, tick: str = "0.01") -> Instrument:
    return Instrument(
        instrument_id=instrument_id("sim", symbol), tick=Decimal(tick), lot=Decimal(1)
    )


def test_indices_are_dense_and_never_change() -> None:
    first, second = _instrument("A"), _instrument("B")
    registry = InstrumentRegistry([first, second])

    replaced = registry.register(_instrument("A", tick="0.05"))

    assert replaced == 0
    assert [registry.index_of(item.instrument_id) for item in (first, second)] == [0, 1]
    assert registry.at(0).tick == Decimal("0.05")
    assert [item.symbol for item in registry] == ["A", "B"]
    assert len(registry) == 2


def test_an_unknown_instrument_is_none_by_get_and_a_key_error_by_index() -> None:
    registry = InstrumentRegistry()

    assert registry.get(InstrumentId("sim:A")) is None
    assert "sim:A" not in registry
    with pytest.raises(KeyError):
        registry.index_of(InstrumentId("sim:A"))


def test_an_instrument_knows_its_venue_and_symbol() -> None:
    item = _instrument("BTC/USD:PERP")

    assert (item.venue, item.symbol) == ("sim", "BTC/USD:PERP")
