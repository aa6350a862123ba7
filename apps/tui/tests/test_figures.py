from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_dashboard import Value
from rf_tui.figures import money_text, percent, px_text, shortened, size_text


@settings(deadline=None, max_examples=200)
@given(st.decimals("-1e14", "1e14", places=2), st.integers(8, 20), st.booleans())
def test_an_amount_takes_no_more_columns_than_it_is_given(number, width, sign):
    text = shortened(number, width, sign=sign)
    assert len(text) <= width
    assert not sign or text[0] in "+-"


def test_unknown_is_not_zero_and_old_is_marked():
    unknown, old = Value(reason="no price yet"), Value(value=Decimal("1.5"), stale=True)
    assert (px_text(unknown, None), percent(unknown)[1], money_text(unknown, 9)) == ("n/a",) * 3
    assert (px_text(old, Decimal("0.01")), money_text(old, 9)) == ("1.50?", "1.50?")


@pytest.mark.parametrize(
    ("fraction", "role", "text"),
    [(0.0158, "up", "▲+1.58%"), (-0.0031, "down", "▼-0.31%"), (0.0, "text", "=0.00%"),
     (-0.00001, "text", "=0.00%")],
)  # fmt: skip
def test_a_change_carries_arrow_and_sign(fraction, role, text):
    assert percent(Value(value=fraction)) == (role, text)


def test_a_size_keeps_its_first_digits():
    assert size_text(0.5, Decimal("0.001"), 8) == "0.500"
    assert size_text(1234567.0, Decimal("0.001"), 7) == "1.235M"
    assert size_text(12.345678, Decimal("0.000001"), 6) == "12.346"
