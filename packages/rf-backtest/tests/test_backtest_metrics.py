"""Against worked examples of other people, limits, and each other."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rf_backtest import drawdown, performance, relative, sharpe, sortino

RETURNS = st.lists(st.floats(-0.5, 0.5), min_size=2, max_size=60)


def test_the_sortino_example_of_red_rock_capital():
    returns = [0.17, 0.15, 0.23, -0.05, 0.12, 0.09, 0.13, -0.04]
    assert sortino(returns, periods=1) == pytest.approx(4.417261, abs=1e-6)


def test_what_is_not_defined_is_not_a_number():
    told = performance([0.001] * 50)

    for name in ("sharpe", "sortino", "calmar", "profit_factor", "skew"):
        assert math.isnan(getattr(told, name)), name
    assert told.drawdown.depth == 0.0
    assert told.total_return == pytest.approx(1.001**50 - 1)


def test_the_first_loss_is_a_fall_from_the_starting_capital():
    told = drawdown([-0.1, 0.05, 0.1])

    assert (told.depth, told.peak, told.trough) == (pytest.approx(-0.1), 0, 1)
    assert told.recovery == 3
    assert told.longest == 2


def test_a_fall_that_lasts_has_no_recovery():
    told = drawdown([0.1, -0.2, 0.1])
    assert told.recovery is None
    assert told.longest == 2


@given(RETURNS)
@example([0.0, 1.347068989156429e-94])
def test_total_return_and_drawdown_agree_with_the_path(returns):
    wealth = np.concatenate(([1.0], np.cumprod(1.0 + np.array(returns))))
    told = performance(returns)

    assert told.total_return == pytest.approx(wealth[-1] - 1.0)
    worst = min(
        wealth[j] / wealth[i] - 1.0 for i in range(len(wealth)) for j in range(i, len(wealth))
    )
    assert told.drawdown.depth == pytest.approx(worst, abs=1e-12)


@given(RETURNS, st.floats(0.1, 10.0))
def test_leverage_leaves_the_sharpe_ratio(returns, leverage):
    ratio = sharpe(returns)
    scaled = sharpe(np.array(returns) * leverage)
    if not math.isnan(ratio):
        assert scaled == pytest.approx(ratio, rel=1e-9, abs=1e-9)


def test_a_strategy_against_itself_has_beta_one_and_no_alpha():
    rng = np.random.default_rng(3)
    market = rng.normal(0.0005, 0.01, 300)

    told = relative(market, market)

    assert told["beta"] == pytest.approx(1.0)
    assert told["alpha_annual"] == pytest.approx(0.0, abs=1e-12)
    assert told["capture_up"] == pytest.approx(1.0)


def test_the_error_of_a_sharpe_ratio_is_that_of_simulated_ones():
    rng = np.random.default_rng(5)
    ratios = [sharpe(rng.normal(0.05, 1.0, 500), periods=1) for _ in range(2_000)]
    told = performance(rng.normal(0.05, 1.0, 500) / 100, periods=1)
    assert told.sharpe_error == pytest.approx(float(np.std(ratios)), rel=0.1)


@pytest.mark.parametrize(
    ("returns", "words"),
    [([], "at least 1"), ([0.1, math.nan], "finite"), ([[0.1]], "one dimension"), ([-1.5], "-1")],
)
def test_bad_returns_are_refused_by_name(returns, words):
    with pytest.raises(ValueError, match=words):
        performance(returns)
