import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rf_common import InstrumentId
from rf_risk.portfolio import SessionVar, VarEstimate, portfolio_historical_var

A, B, C = (InstrumentId(f"sim:{name}") for name in "ABC")


def walk(seed, n, p=3):
    rng = np.random.default_rng(seed)
    return 100.0 * np.exp(np.cumsum(rng.normal(size=(n, p)) * 0.01, axis=0))


def session(px, window=252, min_samples=30):
    found = SessionVar(window, min_samples)
    for row in px:
        found.observe(dict(zip((A, B, C), row.tolist(), strict=True)))
    return found


@given(st.integers(0, 500), st.integers(35, 120), st.sampled_from([0.9, 0.95, 0.975, 0.99]))
def test_session_var_is_that_of_the_batch_function(seed, n, confidence):
    px = walk(seed, n)
    held = np.random.default_rng(seed).normal(size=3) * 1e5
    found = session(px).var(dict(zip((A, B, C), held.tolist(), strict=True)), confidence)
    logs = np.diff(np.log(px), axis=0)
    expected = portfolio_historical_var(np.expm1(logs), held, confidence)
    assert found.rows == n - 1
    assert found.var == pytest.approx(expected.var, rel=1e-9, abs=1e-6)
    assert found.expected_shortfall == pytest.approx(expected.expected_shortfall, rel=1e-9)


def test_only_the_window_counts_and_only_steps_of_all_that_is_held():
    px = walk(1, 100)
    found = session(px, window=40, min_samples=10)
    assert found.var({A: 1.0}).rows == 40
    found.observe({A: 100.0, B: 100.0})
    found.observe({A: 101.0, B: 101.0, C: 101.0})
    assert found.var({A: 1.0, C: 1.0}).rows == 38
    assert found.var({A: 1.0, C: 0.0}).rows == 40


def test_too_few_samples_are_unavailable():
    assert session(walk(2, 30)).var({A: 1.0}) is None
    assert session(walk(2, 31)).var({A: 1.0}) is not None
    assert session(walk(2, 60)).var({A: 1.0, InstrumentId("sim:Z"): 1.0}) is None
    assert session(walk(2, 30)).correlation(A, B) is None


def test_correlations_are_those_of_the_returns():
    px = walk(3, 80)
    rho = np.corrcoef(px[1:] / px[:-1] - 1.0, rowvar=False)
    found = session(px)
    assert found.correlation(A, C) == pytest.approx(rho[0, 2], abs=1e-12)
    mean = (rho[0, 1] + rho[0, 2] + rho[1, 2]) / 3
    assert found.mean_pairwise_correlation([C, A, B, A]) == pytest.approx(mean, abs=1e-12)
    assert found.mean_pairwise_correlation([A]) is None
    assert found.mean_pairwise_correlation([A, InstrumentId("sim:Z")]) is None


def test_the_order_of_what_is_held_does_not_change_a_bit():
    found = session(walk(4, 90))
    one, other = {A: 1e5, B: -3e4, C: 7e3}, {C: 7e3, B: -3e4, A: 1e5}
    assert found.var(one) == found.var(other)


def test_a_checkpoint_goes_on_where_it_was_taken():
    px = walk(5, 120)
    whole, first = session(px, 50, 20), session(px[:70], 50, 20)
    again = SessionVar.from_state(first.state(), 50, 20)
    for row in px[70:]:
        again.observe(dict(zip((A, B, C), row.tolist(), strict=True)))
    held = {A: 1e5, B: -3e4, C: 7e3}
    assert again.var(held) == whole.var(held)
    assert again.state() == whole.state()
    assert again.correlation(A, B) == whole.correlation(A, B)


def test_a_day_is_the_square_root_of_its_steps():
    assert VarEstimate(2.0, 3.0, 40).scaled(16.0) == VarEstimate(8.0, 12.0, 40)


def test_a_bad_price_changes_nothing():
    found = session(walk(6, 40))
    before = found.state()
    for bad in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="expected a positive px"):
            found.observe({A: 100.0, B: bad})
    assert found.state() == before


@pytest.mark.parametrize(
    "call",
    [
        lambda: SessionVar(10, 20),
        lambda: SessionVar(10, 1),
        lambda: session(walk(6, 40)).var({A: 1.0}, 1.0),
        lambda: session(walk(6, 40)).var({A: math.nan}),
        lambda: VarEstimate(1.0, 1.0, 1).scaled(0.0),
    ],
)
def test_bad_questions_are_rejected(call):
    with pytest.raises(ValueError, match="expected"):
        call()
