import struct
import sys
import tracemalloc
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Generic, NewType, Optional, TypeVar

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypostcard.serde import from_postcard, to_postcard
from pypostcard.types import f64, i64, serialize, u64

from rf_common.commands import Command
from rf_common.enums import OrderStatus, Side
from rf_common.events import BookSnapshot, MarketEvent, OrderFilled, Payload, Quote, Trade
from rf_common.ids import InstrumentId
from rf_common.orders import Output
from rf_event_bus import PostcardError, Undecodable, Unencodable, codec
from rf_event_bus._varint import uvarint
from rf_testkit.strategies import of_type

HOUSE = Payload | Output | Command
EVENTS = of_type(HOUSE)


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


class Point(msgspec.Struct, frozen=True):
    x: int
    y: int


class Named(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    point: Point | None = None


class Mixed(msgspec.Struct, frozen=True):
    """A place field, then keyword fields, as msgspec orders them after inheriting."""

    at: int


class MixedMore(Mixed, frozen=True, kw_only=True):
    label: str


Item = TypeVar("Item")


class Box(msgspec.Struct, Generic[Item], frozen=True):
    first: int
    item: Item


class Positive(msgspec.Struct, frozen=True):
    value: int

    def __post_init__(self):
        if self.value <= 0:
            raise ValueError(f"value = {self.value}: expected a number above 0")


Word = NewType("Word", str)

EXAMPLES = [
    # The specification's own.
    (bool, False, "00"),
    (bool, True, "01"),
    (float, -32.005859375, "00000000c00040c0"),
    (int, -1, "01"),
    (int, 64, "8001"),
    (Optional[int], None, "00"),  # noqa: UP045  # the older spelling is the same type
    (int | None, -1, "0101"),
    # By its rules.
    (str, "", "00"),
    (str, "hé", "0368c3a9"),
    (bytes, b"\xff\x00", "02ff00"),
    (tuple[int, ...], (1, -1, 64), "0302018001"),
    (list[bool], [True, False], "020100"),
    (tuple[int, str], (1, "a"), "020161"),
    (tuple[()], (), ""),
    (dict[str, int], {"a": 1, "b": 2}, "02016102016204"),
    (Colour, Colour.GREEN, "01"),
    (Point, Point(1, -1), "0201"),
    (Named, Named(name="a", point=Point(1, 2)), "0161010204"),
    (Point | Positive, Positive(3), "0106"),
    (Point | Positive | None, None, "00"),
    (Point | Positive | None, Positive(3), "010106"),
    (Word, "w", "0177"),
    (Decimal, Decimal("-1.50"), "052d312e3530"),
    (tuple[float, ...], (1.0,), "01000000000000f03f"),
    (tuple[tuple[float, float], ...], ((1.0, 2.0),), "01000000000000f03f0000000000000040"),
    (Box[Colour], Box(1, Colour.RED), "0200"),
    (MixedMore, MixedMore(1, label="a"), "020161"),
]


@pytest.mark.parametrize(("kind", "value", "spelled"), EXAMPLES)
def test_values_lie_on_the_wire_as_specified(kind, value, spelled):
    assert codec(kind).encode(value).hex() == spelled
    back = codec(kind).decode(bytes.fromhex(spelled))
    assert back == value
    assert type(back) is type(value)


@settings(deadline=None, max_examples=200)
@given(EVENTS)
def test_every_event_of_the_house_comes_back(event):
    for one in (codec(HOUSE), codec(type(event))):
        back = one.decode(one.encode(event))
        assert back == event
        assert type(back) is type(event)


@settings(deadline=None, max_examples=100)
@given(EVENTS, st.data())
def test_a_value_cut_short_is_refused(event, data):
    raw = codec(HOUSE).encode(event)
    cut = data.draw(st.integers(0, len(raw) - 1))

    with pytest.raises(Undecodable):
        codec(HOUSE).decode(raw[:cut])


@settings(deadline=None, max_examples=100)
@given(EVENTS, st.binary(min_size=1, max_size=9))
def test_what_follows_a_value_is_refused(event, behind):
    with pytest.raises(Undecodable):
        codec(HOUSE).decode(codec(HOUSE).encode(event) + behind)


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=80))
def test_random_bytes_are_refused_or_a_value_that_can_be_written(raw):
    try:
        value = codec(HOUSE).decode(raw)
    except PostcardError:
        return
    assert codec(HOUSE).decode(codec(HOUSE).encode(value)) == value


@settings(deadline=None, max_examples=150)
@given(EVENTS, st.data())
def test_a_changed_byte_is_refused_or_gives_a_value_that_can_be_written(event, data):
    raw = bytearray(codec(HOUSE).encode(event))
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        value = codec(HOUSE).decode(bytes(raw))
    except PostcardError:
        return
    assert codec(HOUSE).decode(codec(HOUSE).encode(value)) == value


@settings(deadline=None, max_examples=150)
@given(of_type(MarketEvent), st.data())
def test_a_value_without_exact_numbers_has_one_spelling(event, data):
    raw = bytearray(codec(MarketEvent).encode(event))
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        value = codec(MarketEvent).decode(bytes(raw))
    except PostcardError:
        return
    assert codec(MarketEvent).encode(value) == bytes(raw)


EVIL = b"\xff\xff\xff\xff\xff\xff\xff\xff\x7f"


@pytest.mark.parametrize(
    "kind",
    [
        str,
        bytes,
        Decimal,
        tuple[int, ...],
        list[str],
        tuple[float, ...],
        tuple[tuple[float, float], ...],
        dict[str, int],
        tuple[Named, ...],
    ],
)
@pytest.mark.parametrize("count", [EVIL, b"\xff\xff\x7f", b"\x05"])
def test_a_count_beyond_what_is_left_is_refused_before_anything_is_kept(kind, count):
    decode = codec(kind).decode
    tracemalloc.start()
    try:
        with pytest.raises(Undecodable):
            decode(count + b"\0\0")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 20_000


def test_a_count_of_floats_must_have_its_bytes():
    with pytest.raises(Undecodable, match="was a count of 2"):
        codec(tuple[float, ...]).decode(b"\x02" + bytes(15))


@pytest.mark.parametrize(
    ("kind", "spelled", "reason"),
    [
        (bool, "02", "variant of bool from 0 to 1, was 2"),
        (int | None, "0200", "variant of option"),
        (Colour, "02", "variant of Colour from 0 to 1, was 2"),
        (Colour, "8000", "variant of Colour"),
        (Point | Positive, "020000", "variant from 0 to 1 of Point|Positive, was 2"),
        (int, "8000", "shortest"),
        (int, "ffffffffffffffffff03", "64 bits"),
        (str, "01ff", "utf-8"),
        (str, "03eda080", "utf-8"),
        (str, "8000", "shortest"),
        (float, "000000000000f87f", "NaN"),
        (float, "000000000000f07f", "infinite"),
        (float, "000000000000f0ff", "infinite"),
        (tuple[float, ...], "01000000000000f87f", "NaN"),
        (Decimal, "034e614e", "decimal number"),
        (Decimal, "00", "decimal number"),
        (Decimal, "0331e2", "decimal number|utf-8|too early|ends"),
        (Decimal, "0531655f3030", "decimal number"),
        (dict[str, int], "02016102016104", "every key of a map once"),
        (Positive, "00", "value = 0: expected a number above 0"),
        (int, "", "too early"),
        (int, "0000", "1 bytes follow it"),
    ],
)
def test_what_is_not_a_value_is_refused_with_the_reason(kind, spelled, reason):
    with pytest.raises(Undecodable, match=reason) as caught:
        codec(kind).decode(bytes.fromhex(spelled))
    assert caught.value.code == "RF-N-030"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (int, 2**63),
        (int, -(2**63) - 1),
        (int, 1.5),
        (int, "1"),
        (float, float("nan")),
        (float, float("inf")),
        (float, None),
        (float, 10**400),
        (tuple[float, ...], (1.0, float("nan"))),
        (tuple[tuple[float, float], ...], ((1.0,), (1.0, 2.0, 3.0))),
        (tuple[int, str], (1,)),
        (bool, "yes"),
        (str, b"a"),
        (str, "\ud800"),
        (str, 1),
        (bytes, "a"),
        (Decimal, Decimal("NaN")),
        (Decimal, Decimal("-Infinity")),
        (Decimal, Decimal("1E+9999")),
        (Decimal, Decimal("1" * 70)),
        (Colour, "blue"),
        (Point, Positive(1)),
        (Named, Named(name="a", point=Positive(1))),
        (Point | Positive, Named(name="a")),
        (Quote, Quote("b:B", 1, float("nan"), 1.0, 1.0, 1.0)),
        (Quote, Quote("b:B", 1, float("inf"), 1.0, float("-inf"), 1.0)),
        (dict[str, int], [("a", 1)]),
    ],
)
def test_a_value_without_a_place_in_the_format_is_refused(kind, value):
    with pytest.raises(Unencodable) as caught:
        codec(kind).encode(value)
    assert caught.value.code == "RF-N-031"


class Node(msgspec.Struct):
    inner: "Optional[Node]"  # noqa: UP045


@pytest.mark.parametrize(
    "kind",
    [
        complex,
        int | str,
        Any,
        set[int],
        tuple[tuple[()], ...],
        dataclass(type("Plain", (), {})),
        StrEnum("Big", [f"V{n}" for n in range(129)]),
    ],
)
def test_a_type_without_a_place_in_the_format_is_refused(kind):
    with pytest.raises(TypeError, match="expected"):
        codec(kind)


def test_a_type_that_contains_itself_is_refused():
    with pytest.raises(TypeError, match="Node contains itself"):
        codec(Node)


def test_a_codec_is_made_once():
    assert codec(Quote) is codec(Quote)
    assert codec(Quote | Trade) is codec(Quote | Trade)


@pytest.mark.parametrize("wrap", [lambda kind: kind, lambda kind: tuple[kind, ...]])
def test_unions_in_another_order_are_other_types_though_python_calls_them_equal(wrap):
    one, other = wrap(Point | Positive), wrap(Positive | Point)
    value = Positive(1) if wrap(int) is int else (Positive(1),)

    assert one == other
    assert codec(one).encode(value) != codec(other).encode(value)


def test_the_largest_numbers_come_back():
    for value in (2**63 - 1, -(2**63), 0.1, -0.0, sys.float_info.max, sys.float_info.min / 4):
        raw = codec(type(value)).encode(value)
        assert repr(codec(type(value)).decode(raw)) == repr(value)


@pytest.mark.parametrize("text", ["0", "-0", "1E+3", "0.00000001", "61837.63000000", "-1.5E-7"])
def test_exact_numbers_keep_their_digits(text):
    back = codec(Decimal).decode(codec(Decimal).encode(Decimal(text)))
    assert back.as_tuple() == Decimal(text).as_tuple()


@pytest.mark.parametrize("text", ["0.0000001", "+1", "01", "1e3"])
def test_an_exact_number_may_be_spelled_as_others_spell_it(text):
    raw = bytes([len(text)]) + text.encode()
    assert codec(Decimal).decode(raw) == Decimal(text)


# --- against the other implementation ---------------------------------------------------------


class Ours(msgspec.Struct):
    at: int
    px: float
    is_on: bool
    qty: float


@dataclass
class Theirs:
    at: i64
    px: f64
    is_on: bool
    qty: f64


FINITE = st.floats(allow_nan=False, allow_infinity=False)


@settings(deadline=None, max_examples=150)
@given(st.integers(-(2**63), 2**63 - 1), FINITE, st.booleans(), FINITE)
def test_pypostcard_writes_and_reads_the_same_bytes(at, px, is_on, qty):
    raw = codec(Ours).encode(Ours(at, px, is_on, qty))

    assert to_postcard(Theirs(i64(at), f64(px), is_on, f64(qty))) == raw
    theirs = from_postcard(Theirs, raw)
    assert (int(theirs.at), float(theirs.px), theirs.is_on) == (at, px, is_on)


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 2**64 - 1))
def test_pypostcard_counts_like_us(count):
    assert serialize(u64, u64(count)) == uvarint(count)


# --- by hand, as a Rust program would ---------------------------------------------------------


def text(value):
    return bytes([len(value)]) + value.encode()


def test_a_quote_is_its_fields_in_order():
    quote = Quote(InstrumentId("sim:A"), 1_500, 99.0, 1.0, 101.0, 2.0, 7)
    floats = struct.pack("<4d", 99.0, 1.0, 101.0, 2.0)

    assert codec(Quote).encode(quote) == text("sim:A") + b"\xb8\x17" + floats + b"\x0e"
    assert codec(Quote | Trade).encode(quote)[:1] == b"\0"


def test_a_fill_is_its_fields_in_order():
    values = ("RF-P-K7QW3ZPA-00000001", "sim:A", 0, "v", "e", Side.SELL)
    filled = OrderFilled(*values, Decimal("1.5"), Decimal(2), Decimal(0), "MAKER")

    raw = codec(OrderFilled).encode(filled)

    ids = text(values[0]) + text("sim:A") + b"\0" + text("v") + text("e")
    assert raw == ids + b"\x01" + text("1.5") + text("2") + text("0") + b"\0"


def test_a_book_is_counts_and_pairs():
    book = BookSnapshot(InstrumentId("s:A"), 1, 2, ((1.0, 2.0),), ())

    assert codec(BookSnapshot).encode(book) == (
        text("s:A") + b"\x02\x04\x01" + struct.pack("<2d", 1.0, 2.0) + b"\0"
    )


def test_every_status_has_the_index_of_its_definition():
    raw = [codec(OrderStatus).encode(status)[0] for status in OrderStatus]
    assert raw == list(range(len(OrderStatus)))
