import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rf_risk.portfolio import (
    average_abs_correlation,
    concentration_penalty,
    effective_positions,
    herfindahl,
    long_share,
    rolling_correlation,
)


@given(st.integers(0, 500), st.integers(3, 20))
def test_rolling_correlation_is_that_of_each_window(seed, window):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=40) + 1e6, rng.normal(size=40)
    found = rolling_correlation(x, y, window)
    assert np.isnan(found[: window - 1]).all()
    for end in range(window, 41):
        part = slice(end - window, end)
        assert found[end - 1] == pytest.approx(np.corrcoef(x[part], y[part])[0, 1], abs=1e-8)


def test_a_series_that_stands_still_has_no_correlation():
    found = rolling_correlation([1.0, 1.0, 1.0, 2.0], [1.0, 2.0, 3.0, 4.0], 3)
    assert np.isnan(found[:3]).all()
    assert found[3] == pytest.approx(math.sqrt(3) / 2)


def test_a_window_longer_than_the_series_tells_nothing():
    assert np.isnan(rolling_correlation([1.0, 2.0], [2.0, 1.0], 3)).all()


def test_average_correlation_counts_every_pair_by_its_size():
    base = np.random.default_rng(1).normal(size=50)
    assert average_abs_correlation(np.column_stack([base, -base, 2 * base])) == pytest.approx(1.0)
    x = np.random.default_rng(2).normal(size=(50, 4))
    rho = np.corrcoef(x, rowvar=False)
    expected = np.mean([abs(rho[i, j]) for i in range(4) for j in range(i)])
    assert average_abs_correlation(x) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("share", "factor"),
    [(0.0, 0.7), (0.149, 0.7), (0.15, 0.85), (0.249, 0.85), (0.25, 1.0), (0.5, 1.0),
     (0.75, 1.0), (0.751, 0.85), (0.85, 0.85), (0.851, 0.7), (1.0, 0.7)],
)  # fmt: skip
def test_penalty_of_one_sided_books(share, factor):
    assert concentration_penalty(share) == factor


@given(st.lists(st.floats(-1e6, 1e6).filter(lambda x: abs(x) > 1e-3), min_size=1, max_size=20))
def test_herfindahl_lies_between_equal_and_single(values):
    found = herfindahl(values)
    assert 1.0 / len(values) - 1e-12 <= found <= 1.0 + 1e-12
    assert effective_positions(values) == pytest.approx(1.0 / found)
    assert 0.0 <= long_share(values) <= 1.0


@pytest.mark.parametrize(
    "call",
    [
        lambda: rolling_correlation([1.0, 2.0, 3.0], [1.0, 2.0], 3),
        lambda: rolling_correlation([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], 2),
        lambda: rolling_correlation([1.0, math.nan, 3.0], [1.0, 2.0, 3.0], 3),
        lambda: average_abs_correlation([[1.0, 1.0], [1.0, 2.0], [1.0, 3.0]]),
        lambda: average_abs_correlation([[1.0], [2.0], [3.0]]),
        lambda: concentration_penalty(1.1),
        lambda: concentration_penalty(math.nan),
        lambda: herfindahl([0.0, 0.0]),
        lambda: long_share([]),
    ],
)
def test_bad_books_are_rejected(call):
    with pytest.raises(ValueError, match="expected"):
        call()
