"""Measures against numbers worked out by hand."""

from decimal import Decimal
from itertools import pairwise
from math import isnan, nan, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rf_backtest import performance
from rf_backtest.validation import (
    THRESHOLDS,
    Grade,
    Mark,
    autocorrelation,
    drawdown_table,
    grade,
    luck,
    marks,
    measure,
    regime_label,
    trade_returns,
    verdict,
)

RETURNS = [0.02, -0.01, 0.03, -0.02]
"""Mean 0.005; squares about it 0.000225, 0.000225, 0.000625, 0.000625, sum 0.0017."""


def test_the_ratios_of_four_returns_are_those_of_pencil_and_paper(make_result):
    told = measure(make_result(RETURNS, periods=4.0))
    deviation = sqrt(0.0017 / 3.0)  # 0.0238048
    assert told.sharpe == pytest.approx(0.005 / deviation * 2.0)  # 0.420084
    assert told.sharpe == pytest.approx(0.42008403)
    # All four count in the downside: (0.01^2 + 0.02^2) / 4 = 0.000125, root 0.01118034.
    assert told.sortino == pytest.approx(0.005 / 0.01118034 * 2.0, rel=1e-7)  # 0.894427
    # 1.02 * 0.99 * 1.03 * 0.98 = 1.01929212, one year of four periods.
    assert told.total_return == pytest.approx(0.01929212 + 1e-16, abs=1e-8)
    assert told.annual_return == pytest.approx(told.total_return)
    assert told.max_drawdown == pytest.approx(0.02)
    assert told.calmar == pytest.approx(told.annual_return / 0.02)
    assert told.volatility == pytest.approx(deviation * 2.0)


def test_skew_and_kurtosis_are_biased_moments_and_kurtosis_is_three_for_a_normal(make_result):
    told = measure(make_result(RETURNS))
    # Deviations .015 -.015 .025 -.025 are symmetric: no skew.
    assert told.skew == pytest.approx(0.0, abs=1e-12)
    fourth = (2 * 0.015**4 + 2 * 0.025**4) / 4
    assert told.kurtosis == pytest.approx(fourth / (0.0017 / 4) ** 2)  # 1.2215


def test_the_error_and_the_probability_of_the_ratio_follow_the_papers(make_result):
    told = measure(make_result(RETURNS, periods=1.0))
    ratio = 0.005 / sqrt(0.0017 / 3.0)
    spread = 1.0 + (told.kurtosis - 1.0) / 4.0 * ratio**2
    assert told.sharpe_error == pytest.approx(sqrt(spread / 3.0))
    # Phi(0.21004 * sqrt(3) / sqrt(1.00244)) = Phi(0.36337) = 0.6418.
    assert told.psr == pytest.approx(0.6418, abs=1e-4)
    assert told.dsr == told.psr


def test_where_the_denominator_counts_only_losses_the_ratio_is_another(make_result):
    """Some libraries divide the squares by the number of losses: 0.632 here, not 0.894."""
    told = measure(make_result(RETURNS, periods=4.0)).sortino
    only_losses = 0.005 / sqrt((0.01**2 + 0.02**2) / 2) * 2.0
    assert told == pytest.approx(only_losses * sqrt(2.0))


def test_trades_are_counted_from_closed_trips_after_fees(make_result):
    told = measure(make_result(RETURNS, [300.0, -100.0, 200.0, -50.0], fee="2"))
    assert told.trades == 4
    assert told.win_rate == 0.5
    assert told.profit_factor == pytest.approx(500.0 / 150.0)
    assert told.average_trade == pytest.approx(87.5)
    assert told.costs.commission == 16.0
    assert told.costs.share == pytest.approx(16.0 / 100_000.0)


def test_turnover_counts_both_sides_over_mean_equity_per_year(make_result):
    result = make_result([0.0, 0.0, 0.0, 0.0], [0.0], periods=4.0)
    # Two fills of 100 units at 100 over equity of 100,000 within one year.
    assert measure(result).turnover == pytest.approx(0.2)
    assert measure(result).exposure == 1.0
    assert measure(result).leverage == 0.5


def test_costs_add_up(make_result):
    result = make_result(RETURNS, slippage=30.0, borrow=20.0, fees=Decimal("50"))
    assert measure(result).costs.total == 100.0
    assert measure(result).costs.share == pytest.approx(0.001)


def test_the_drawdown_table_lists_episodes_that_do_not_overlap():
    # Wealth 1, 1.1, .99, 1.188, .8316, .8732, 1.3098, 1.2443
    told = drawdown_table([0.1, -0.1, 0.2, -0.3, 0.05, 0.5, -0.05])
    assert [round(episode.depth, 6) for episode in told] == [0.3, 0.1, 0.05]
    assert [(e.peak, e.trough, e.recovery, e.length) for e in told] == [
        (3, 4, 6, 3),
        (1, 2, 3, 2),
        (6, 7, None, 1),
    ]


@given(st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=60))
def test_the_first_row_of_the_table_is_the_maximum_drawdown(returns):
    table = drawdown_table(returns, worst=1_000)
    deepest = -performance(returns).drawdown.depth
    assert (table[0].depth if table else 0.0) == pytest.approx(deepest, abs=1e-12)
    spans = sorted((episode.peak, episode.peak + episode.length) for episode in table)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))


def test_clustered_volatility_is_seen_in_absolute_returns():
    # Of 1, 1, 3, 3: centred -1 -1 1 1, products 1 -1 1 over squares 4.
    assert autocorrelation([1.0, 1.0, 3.0, 3.0]) == pytest.approx(0.25)
    assert isnan(autocorrelation([2.0, 2.0, 2.0]))


def test_a_trade_counts_against_the_equity_when_it_was_opened(make_result):
    result = make_result([0.5, 0.0], [1_000.0, 1_500.0])
    assert trade_returns(result) == pytest.approx([1_000.0 / 100_000.0, 1_500.0 / 150_000.0])


def test_the_benchmark_explains_what_it_explains(make_result):
    market = np.array([0.01, -0.02, 0.03, 0.0])
    told = measure(make_result(2.0 * market), benchmark=market)
    assert told.benchmark["beta"] == pytest.approx(2.0)
    assert told.benchmark["alpha_annual"] == pytest.approx(0.0, abs=1e-12)
    assert measure(make_result(market)).benchmark == {}


def test_more_trials_make_the_same_ratio_less_believable():
    rng = np.random.default_rng(3)
    returns = 0.0006 + 0.01 * rng.standard_normal(1_000)
    told = [luck(returns, trials=count) for count in (1, 2, 10, 100)]
    assert told == sorted(told, reverse=True)
    assert told[0] > told[-1] + 0.2


def test_the_verdict_names_probability_bar_and_trials(make_result):
    rng = np.random.default_rng(3)
    noise = make_result(0.01 * rng.standard_normal(500))
    said = verdict(measure(noise))
    assert said.startswith("not distinguishable from luck (probability that Sharpe > 0: ")
    assert said.endswith("asked 0.95; trials counted: 1)")
    skill = make_result(0.003 + 0.01 * rng.standard_normal(500))
    assert verdict(measure(skill, trials=50)).startswith("distinguishable from luck")
    assert verdict(measure(make_result([0.0, 0.0, 0.0]))).startswith("no verdict")


def test_a_market_is_named_by_trend_and_volatility():
    assert regime_label([0.01, 0.012, 0.011, 0.009], periods=252.0) == "rising, low"
    assert regime_label([-0.01, -0.012, -0.011, -0.009], periods=252.0) == "falling, low"
    assert regime_label([0.05, -0.05, 0.05, -0.05], periods=252.0) == "sideways, crisis"


@pytest.mark.parametrize("name", list(THRESHOLDS))
def test_a_level_is_reached_by_equality_and_scores_what_it_should(name):
    limit = THRESHOLDS[name]
    levels = [(limit.passing, Mark.PASS, 0.3), (limit.good, Mark.GOOD, 0.5)]
    for value, mark, score in [*levels, (limit.elite, Mark.ELITE, 0.8)]:
        assert limit.mark(value) is mark
        assert limit.score(value) == pytest.approx(score)
    worse = limit.passing - 0.01 if limit.higher else limit.passing + 0.01
    assert limit.mark(worse) is Mark.FAIL
    assert limit.mark(nan) is Mark.UNAVAILABLE
    assert isnan(limit.score(nan))
    far = 1e9 if limit.higher else -1e9
    assert (limit.score(far), limit.score(-far)) == (1.0, 0.0)


@given(st.floats(-5.0, 5.0), st.floats(-5.0, 5.0), st.sampled_from(sorted(THRESHOLDS)))
def test_a_better_value_never_scores_less(one, other, name):
    limit = THRESHOLDS[name]
    worse, better = sorted((one, other), reverse=not limit.higher)
    assert limit.score(worse) <= limit.score(better)


def test_three_quarters_make_a_minimum_pass_and_unknown_is_no_pass():
    ok, bad, unknown = Mark.PASS, Mark.FAIL, Mark.UNAVAILABLE
    assert grade(dict(enumerate([ok, ok, ok, bad]))) is Grade.MINIMUM_PASS
    assert grade(dict(enumerate([ok, ok, bad, unknown]))) is Grade.FAIL
    assert grade(dict(enumerate([ok, Mark.ELITE]))) is Grade.GOOD
    assert grade(dict(enumerate([Mark.ELITE, Mark.ELITE]))) is Grade.ELITE
    assert grade({}) is Grade.FAIL
    assert set(marks({}).values()) == {unknown}


def test_a_composite_needs_every_merit(make_result):
    rng = np.random.default_rng(8)
    result = make_result(0.002 + 0.01 * rng.standard_normal(300), [50.0, -10.0, 40.0])
    assert isnan(measure(result).composite)
    known = measure(result, generalisation=0.9)
    assert 0.0 < known.composite <= 1.0


@pytest.mark.parametrize(
    ("returns", "match"), [([0.1], "3 equity points"), ([0.1, -1.0, 0.0], "positive equity")]
)
def test_what_cannot_be_measured_says_so(make_result, returns, match):
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=match):
        measure(make_result(returns))
