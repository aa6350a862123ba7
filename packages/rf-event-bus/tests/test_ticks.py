import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_common.enums import Side
from rf_common.events import Quote, Trade
from rf_event_bus import (
    PostcardError,
    Undecodable,
    Unencodable,
    codec,
    pack_quotes,
    pack_ticks,
    pack_trades,
    unpack_quotes,
    unpack_ticks,
    unpack_trades,
)
from rf_event_bus.ticks import _Block, _Run
from rf_testkit.strategies import of_type

QUOTES = st.lists(of_type(Quote), max_size=20)
TRADES = st.lists(of_type(Trade), max_size=20)
TICKS = st.lists(of_type(Quote | Trade), max_size=20)

A = Quote("sim:A", 5, 1.0, 2.0, 3.0, 4.0, 6)
B = Quote("sim:B", 7, 8.0, 9.0, 10.0, 11.0, 12)


@settings(deadline=None, max_examples=100)
@given(QUOTES)
def test_quotes_come_back(quotes):
    assert unpack_quotes(pack_quotes(quotes)).events() == quotes


@settings(deadline=None, max_examples=100)
@given(TRADES)
def test_trades_come_back(trades):
    assert unpack_trades(pack_trades(trades)).events() == trades


@settings(deadline=None, max_examples=100)
@given(TICKS)
def test_a_run_of_both_comes_back_in_its_order(ticks):
    back = unpack_ticks(pack_ticks(ticks))
    assert back.events() == ticks
    assert back.is_trade.tolist() == [isinstance(tick, Trade) for tick in ticks]


def test_columns_are_typed_aligned_read_only_and_not_copied():
    columns = unpack_quotes(pack_quotes([A, B, A]))

    assert columns.instruments == ("sim:A", "sim:B")
    assert columns.instrument.tolist() == [0, 1, 0]
    assert columns.bid_px.tolist() == [1.0, 8.0, 1.0]
    assert columns.update_id.tolist() == [6, 12, 6]
    kinds = [column.dtype for column in columns[1:]]
    assert kinds == [np.int32, np.int64, *[np.float64] * 4, np.int64]
    for column in columns[1:]:
        assert column.flags.c_contiguous
        assert column.flags.aligned
        assert not column.flags.writeable
        assert column.base is not None


def test_the_aggressor_is_a_sign():
    sides = (Side.BUY, None, Side.SELL)
    trades = [Trade("sim:A", 1, 1.0, 1.0, side) for side in sides]
    assert unpack_trades(pack_trades(trades)).aggressor.tolist() == [1, 0, -1]


@pytest.mark.parametrize(
    "bad",
    [
        Quote("sim:A", 1, float("nan"), 1.0, 1.0, 1.0),
        Quote("sim:A", 1, 1.0, float("inf"), 1.0, 1.0),
        Quote("sim:A", 2**63, 1.0, 1.0, 1.0, 1.0),
        Quote("sim:A", 1, None, 1.0, 1.0, 1.0),
        Quote("sim:\ud800", 1, 1.0, 1.0, 1.0, 1.0),
    ],
)
def test_a_quote_without_a_place_in_the_format_is_refused(bad):
    with pytest.raises(Unencodable):
        pack_quotes([A, bad])


def block(quotes=(A, B), **changed):
    inside = codec(_Block).decode(pack_quotes(quotes))
    fields = {name: getattr(inside, name) for name in inside.__struct_fields__}
    return codec(_Block).encode(_Block(**fields | changed))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"count": 3}, "expected 3 ticks"),
        ({"count": -2}, "expected -2 ticks"),
        ({"count": 2**62}, "ticks of 52 bytes"),
        ({"columns": b""}, "was 0 bytes"),
        ({"instruments": ("sim:A",)}, "index below 1"),
        ({"instruments": ()}, "index below 0"),
    ],
)
def test_columns_that_do_not_fit_are_refused(changed, reason):
    with pytest.raises(Undecodable, match=reason):
        unpack_quotes(block(**changed))


def test_numbers_that_are_none_are_refused():
    columns = codec(_Block).decode(pack_quotes([A])).columns
    nan = np.array([np.nan]).tobytes()
    with pytest.raises(Undecodable, match="finite"):
        unpack_quotes(block([A], columns=columns[:16] + nan + columns[24:]))


def test_a_negative_index_is_refused():
    columns = codec(_Block).decode(pack_quotes([A])).columns
    with pytest.raises(Undecodable, match="index"):
        unpack_quotes(block([A], columns=columns[:-4] + b"\xff\xff\xff\xff"))


def test_an_unknown_side_is_refused():
    inside = codec(_Block).decode(pack_trades([Trade("sim:A", 1, 1.0, 1.0, Side.BUY)]))
    raw = _Block(inside.instruments, 1, inside.columns[:-1] + b"\x02")
    with pytest.raises(Undecodable, match="aggressor"):
        unpack_trades(codec(_Block).encode(raw))


@pytest.mark.parametrize("places", [b"", b"\x01", b"\x00\x01\x01", b"\x00\x02", b"\x01\x01"])
def test_places_that_do_not_fit_are_refused(places):
    quotes, trades = pack_quotes([A]), pack_trades([Trade("sim:A", 1, 1.0, 1.0, None)])
    with pytest.raises(Undecodable, match="places"):
        unpack_ticks(codec(_Run).encode(_Run(places, quotes, trades)))


@settings(deadline=None, max_examples=150)
@given(TICKS, st.data())
def test_a_changed_byte_never_crashes(ticks, data):
    raw = bytearray(pack_ticks(ticks))
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        columns = unpack_ticks(bytes(raw))
    except PostcardError:
        return
    assert len(columns.events()) == len(columns.is_trade)


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=100))
def test_random_bytes_never_crash(raw):
    try:
        columns = unpack_ticks(raw)
    except PostcardError:
        return
    assert len(columns.events()) == len(columns.is_trade)
