import math
from decimal import Decimal, getcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_common import money

STEPS = st.sampled_from(
    [Decimal(s) for s in ("0.00000001", "0.00001", "0.01", "0.05", "0.25", "1", "3", "10", "1E+2")]
)
VALUES = st.decimals(
    allow_nan=False, allow_infinity=False, min_value=Decimal(-(10**25)), max_value=Decimal(10**25)
)
FEW = settings(deadline=None, max_examples=150)


@FEW
@given(VALUES, STEPS, st.sampled_from(["down", "up", "nearest"]))
def test_a_rounded_value_lies_on_the_grid_within_one_step_on_the_stated_side(
    value: Decimal, step: Decimal, rounding: money.Rounding
) -> None:
    got = Fraction(money.to_step(value, step, rounding))
    asked, grid = Fraction(value), Fraction(step)

    assert (got / grid).denominator == 1
    assert abs(got - asked) < grid
    if rounding == "down":
        assert abs(got) <= abs(asked)
    elif rounding == "up":
        assert abs(got) >= abs(asked)
    else:
        assert got == round(asked / grid) * grid


@FEW
@given(VALUES.filter(lambda value: value >= 0), STEPS)
def test_a_quantity_is_never_more_than_asked(value: Decimal, lot: Decimal) -> None:
    got = money.to_quantity(value, lot)

    assert 0 <= got <= value
    assert money.on_step(got, lot)


def test_a_quantity_with_more_digits_than_the_context_is_not_rounded_up() -> None:
    almost_one = Decimal("0." + "9" * 80)

    assert money.to_quantity(almost_one, Decimal(1)) == 0
    assert money.to_step(Decimal("1." + "0" * 70 + "1"), Decimal(1), "up") == 2
    assert money.to_step(Decimal("0.5" + "0" * 70 + "1"), Decimal(1), "nearest") == 1
    assert money.to_step(Decimal("0.5"), Decimal(1), "nearest") == 0


def test_a_large_value_on_a_small_step_is_kept_to_the_last_digit() -> None:
    value = Decimal("12345678901234567890123456.12345678")

    assert money.to_quantity(value, Decimal("0.00000001")) == value
    assert money.on_step(value, Decimal("0.00000001"))
    assert not money.on_step(value, Decimal("0.0000001"))


def test_a_value_beyond_every_grid_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="fits step"):
        money.to_quantity(Decimal("1e999"), Decimal("0.01"))


@pytest.mark.parametrize("step", ["0", "-0.01"])
def test_a_step_must_be_positive(step: str) -> None:
    with pytest.raises(ValueError, match="positive step"):
        money.to_step(Decimal(1), Decimal(step), "down")


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, Decimal("NaN"), Decimal("inf")])
def test_prices_and_quantities_refuse_what_is_not_finite(bad: float | Decimal) -> None:
    with pytest.raises(ValueError, match="finite"):
        money.to_price(bad, Decimal("0.01"), "nearest")
    with pytest.raises(ValueError, match="finite"):
        money.to_quantity(bad, Decimal("0.01"))


@pytest.mark.parametrize(
    "text",
    [
        "NaN", "nan", "sNaN", "inf", "-Infinity", "1_000", "1,000", "１２", "٣", "", " ", " 1",
        "1 ", "1\n", "0x10", "--1", "+-1", "1e", "1e1000", "e5", ".", "1.2.3", "½", "1" * 65,
    ],
)  # fmt: skip
def test_parse_refuses_what_is_not_plain_decimal_notation(text: str) -> None:
    with pytest.raises(ValueError, match="for price"):
        money.parse(text, field="price")


@pytest.mark.parametrize("value", [True, False, Decimal("NaN"), Decimal("sNaN"), Decimal("-inf")])
def test_parse_refuses_booleans_and_decimals_that_are_not_finite(value: Decimal | bool) -> None:
    with pytest.raises(ValueError, match="for price"):
        money.parse(value, field="price")


@FEW
@given(st.text(max_size=80))
def test_parse_of_any_text_gives_a_finite_number_or_a_value_error(text: str) -> None:
    try:
        value = money.parse(text)
    except ValueError:
        return
    assert value.is_finite()
    assert text.isascii()


@pytest.mark.parametrize("text", ["1", "-1.50", "+.5", "5.", "61837.63000000", "1e-8", "0" * 64])
def test_parse_keeps_every_digit(text: str) -> None:
    assert money.parse(text) == Decimal(text)
    assert money.parse(text).as_tuple() == Decimal(text).as_tuple()


@FEW
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_reads_back_from_its_decimal(px: float) -> None:
    assert float(money.of_float(px)) == px


@FEW
@given(st.integers(0, 10**15 - 1), st.integers(0, 8))
def test_a_venue_text_of_fifteen_digits_survives_float(digits: int, places: int) -> None:
    text = Decimal(digits).scaleb(-places)

    assert money.of_float(float(text)) == text


def test_a_numpy_float_is_a_float() -> None:
    assert money.of_float(np.float64(0.1)) == Decimal("0.1")


@FEW
@given(
    st.lists(
        st.tuples(
            st.decimals(0, 10**7, places=8, allow_nan=False),
            st.decimals(0, 10**4, places=8, allow_nan=False),
        ),
        max_size=30,
    )
)
def test_sums_of_notionals_are_exact(fills: list[tuple[Decimal, Decimal]]) -> None:
    values = [money.notional(price, quantity) for price, quantity in fills]

    assert Fraction(sum(values, money.ZERO)) == sum(map(Fraction, values))
    for value, (price, quantity) in zip(values, fills, strict=True):
        assert abs(Fraction(value) - Fraction(price) * Fraction(quantity)) <= Fraction(1, 2 * 10**8)


def test_cash_rounds_half_even_at_the_eighth_decimal() -> None:
    assert money.to_cash(Decimal("0.000000005")) == 0
    assert money.to_cash(Decimal("0.000000015")) == Decimal("0.00000002")
    assert money.to_cash(Decimal("-0.000000015")) == Decimal("-0.00000002")


def test_plain_text_has_no_exponent() -> None:
    assert money.to_text(Decimal("1E-8")) == "0.00000001"
    assert money.to_text(Decimal("1E+3")) == "1000"


def test_money_leaves_the_default_context_alone() -> None:
    before = getcontext().prec, getcontext().rounding

    money.notional(Decimal("1.23456789"), Decimal("9.87654321"))

    assert (getcontext().prec, getcontext().rounding) == before
