from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_common import OrderStatus, OrderType
from rf_dashboard import Value
from rf_dashboard import format as fmt

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("px", "tick", "text"),
    [
        (227.1, "0.01", "227.10"),
        (61837.635, "0.01", "61837.635"),
        (100.0, "0.5", "100.0"),
        (100.0, "0.50", "100.0"),
        (91240.0, "10", "91240"),
        (1e-8, "0.00000001", "0.00000001"),
        (0.1 + 0.2, None, "0.30000000000000004"),
        (5e15, None, "5000000000000000"),
        (Decimal("99.50"), None, "99.5"),
        (Decimal("1E+3"), "1", "1000"),
        (0.0, "0.01", "0.00"),
        (None, "0.01", "n/a"),
        (NAN, "0.01", "n/a"),
        (INF, "0.01", "n/a"),
        (Decimal("NaN"), "0.01", "n/a"),
    ],
)
def test_prices_keep_the_digits_of_their_tick_and_lose_none_of_their_own(px, tick, text):
    assert fmt.price(px, None if tick is None else Decimal(tick)) == text


def test_long_numbers_can_be_grouped():
    assert fmt.price(91240.5, Decimal("0.5"), grouped=True) == "91,240.5"
    assert fmt.quantity(Decimal(31_000_000), Decimal(1), grouped=True) == "31,000,000"


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=8))
@settings(deadline=None, max_examples=100)
def test_a_written_quantity_reads_back_exactly(value):
    assert Decimal(fmt.quantity(value, Decimal("0.001"))) == value


@pytest.mark.parametrize(
    ("amount", "currency", "signed", "text"),
    [
        ("100240.987", "USD", False, "$100,240.99"),
        ("100240.985", "USDT", False, "100,240.98 USDT"),
        ("240.99", "USD", True, "+$240.99"),
        ("-12.4", "USD", False, "-$12.40"),
        ("-0.001", "USD", True, "+$0.00"),
        ("-0.001", "USD", False, "$0.00"),
        ("0", "", True, "+0.00"),
        ("NaN", "USD", False, "n/a"),
    ],
)
def test_money_is_written_to_the_cent_and_never_as_minus_zero(amount, currency, signed, text):
    assert fmt.money(Decimal(amount), currency, signed=signed) == text


def test_no_money_is_not_zero():
    assert fmt.money(None, "USD") == "n/a"


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (0.0158, "▲+1.58%"),
        (-0.0031, "▼-0.31%"),
        (0.0, "=0.00%"),
        (-0.00001, "=0.00%"),
        (0.00005, "=0.00%"),
        (0.00015, "▲+0.02%"),
        (12.5, "▲+1250.00%"),
        (Decimal("-0.5"), "▼-50.00%"),
        (None, "n/a"),
        (NAN, "n/a"),
        (-INF, "n/a"),
    ],
)
def test_percents_carry_mark_and_sign(fraction, text):
    assert fmt.percent(fraction) == text


def test_percents_have_a_plain_and_an_ascii_form():
    assert fmt.percent(0.0158, ascii=True) == "^+1.58%"
    assert fmt.percent(-0.5, ascii=True, digits=0) == "v-50%"
    assert fmt.percent(0.38, marked=False, digits=0) == "+38%"


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "0.0s"), (400, "0.4s"), (9_999, "9.9s"), (10_000, "10s"), (59_999, "59s"),
        (60_000, "1m 00s"), (192_000, "3m 12s"), (3_599_999, "59m 59s"), (3_600_000, "1h 00m"),
        (7_500_000, "2h 05m"), (86_400_000, "1d 00h"), (273_600_000, "3d 04h"), (None, "n/a"),
        (-5, "0.0s"),
    ],
)  # fmt: skip
def test_ages_have_at_most_two_units_and_are_never_rounded_up(ms, text):
    assert fmt.age(ms) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(31_240_000.0, "31.2M"), (18_204.0, "18.2k"), (999.0, "999"), (999_999.0, "1.0M"),
     (0.25, "0.25"), (-4_200.0, "-4.2k"), (0.0, "0"), (None, "n/a"), (INF, "n/a")],
)  # fmt: skip
def test_large_numbers_become_short(number, text):
    assert fmt.compact(number) == text


def test_a_value_is_shown_with_its_doubt_or_not_at_all():
    assert fmt.show(Value(value=1.5), str) == "1.5"
    assert fmt.show(Value(value=1.5, stale=True, reason="old"), str) == "1.5?"
    assert fmt.show(Value(reason="no price yet", stale=True), str) == "n/a"


@given(st.text(max_size=50))
@settings(deadline=None, max_examples=200)
def test_cleaned_text_is_one_printable_line(text):
    cleaned = fmt.clean(text)
    assert not {"\n", "\r", "\t", "\x1b", "\u202e", "\u2066", "\u200f", "\x00", "\x9b"} & set(
        cleaned
    )
    assert cleaned == fmt.clean(cleaned)


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("\x1b[2Jboo", "[2Jboo"),
        ("a\u202eb", "ab"),
        ("one\ntwo", "one two"),
        ("one\u2028two", "one two"),
        ("Zürich ▲ 東京", "Zürich ▲ 東京"),
        ("\x9b31m", "31m"),
        ("a\u200bb\ufeff", "ab"),
    ],
)
def test_foreign_text_loses_what_a_terminal_would_obey(dirty, clean):
    assert fmt.clean(dirty) == clean


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(0.0, "░░░░"), (0.5, "██░░"), (1.0, "████"), (7.0, "████"), (-1.0, "░░░░"), (None, "????"),
     (NAN, "????")],
)  # fmt: skip
def test_bars_have_their_width_whatever_the_use(fraction, text):
    assert fmt.bar(fraction, 4) == text
    assert fmt.bar(fraction, 4, ascii=True) == text.replace("█", "#").replace("░", ":")


@pytest.mark.parametrize(
    ("status", "dot", "ascii"),
    [("connected", "●", "*"), ("degraded", "◐", "~"), ("connecting", "◐", "~"), ("down", "○", "o"),
     ("not connected", "○", "o"), ("unknown", "?", "?")],
)  # fmt: skip
def test_feeds_have_a_mark_in_both_alphabets(status, dot, ascii):
    assert (fmt.dot(status), fmt.dot(status, ascii=True)) == (dot, ascii)


def test_orders_are_named_as_traders_name_them():
    assert [fmt.order_type(kind) for kind in OrderType] == ["MKT", "LMT", "STP", "STL"]
    assert fmt.order_status(OrderStatus.ACCEPTED) == "working"
    assert fmt.order_status(OrderStatus.PARTIALLY_FILLED) == "partially filled"
    assert fmt.order_status(OrderStatus.REJECTED) == "REJECTED"


@pytest.mark.parametrize(
    ("name", "short"),
    [("RF-P-K7QW3ZPA-00000012", "0012"), ("RF-P-K7QW3ZPA-00123456", "123456"), ("x-²", "²"),
     ("venue\x1bown", "venueown")],
)  # fmt: skip
def test_order_ids_are_shortened_to_their_number(name, short):
    assert fmt.short_id(name) == short


def test_times_of_day_are_utc_and_none_is_not_midnight(make):
    assert fmt.clock(make.at(1.25), millis=True) == "22:13:01.250"
    assert fmt.clock(0) == "n/a"
