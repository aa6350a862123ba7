"""The Mirofish forecast: symmetric, exact sums, the same bits on any number of threads."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rf_swarm_sim
from rf_swarm_sim import _kernels as kernels
from rf_swarm_sim import mirofish
from rf_swarm_sim.mirofish import band_of, forecast, outcome


def clustered(n, seed, drift=0.0):
    """Return log returns whose size comes in clusters."""
    rng = np.random.default_rng(seed)
    r, h = np.empty(n), 1e-4
    for t in range(n):
        r[t] = drift + np.sqrt(h) * rng.standard_normal()
        h = 2e-6 + 0.10 * r[t] ** 2 + 0.88 * h
    return r


def closes(r):
    return 100.0 * np.exp(np.concatenate([[0.0], np.cumsum(r)]))


def swapped(scenarios):
    return tuple(reversed(scenarios))


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**63 - 1),
    path=st.integers(0, 10_000),
    n=st.integers(110, 400),
    horizon=st.integers(1, 20),
    drift=st.floats(-0.01, 0.01),
)
def test_negated_returns_swap_rally_and_dip_and_nothing_else(seed, path, n, horizon, drift):
    r = clustered(n, path, drift)
    up = forecast(closes(r), horizon=horizon, seed=seed, agents=400)
    down = forecast(closes(-r), horizon=horizon, seed=seed, agents=400)

    assert up.probabilities == pytest.approx(swapped(down.probabilities), abs=1e-12)
    assert up.std_errors == pytest.approx(swapped(down.std_errors), abs=1e-12)
    assert up.base_rate == pytest.approx(swapped(down.base_rate), abs=1e-12)
    assert (up.buys, up.sells, up.holds) == (down.sells, down.buys, down.holds)
    assert up.net_score == pytest.approx(-down.net_score, abs=1e-12)
    assert up.median_return == pytest.approx(-down.median_return, abs=1e-12)
    assert up.retail_sentiment == pytest.approx(-down.retail_sentiment, abs=1e-12)
    assert up.agreement_pct == down.agreement_pct
    assert up.impact == pytest.approx(down.impact, abs=1e-12)
    assert up.vol == pytest.approx(down.vol, rel=1e-12)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**63 - 1), agents=st.integers(50, 700), futures=st.integers(1, 3))
def test_percentages_sum_to_exactly_one_hundred_in_any_order(seed, agents, futures):
    told = forecast(
        closes(clustered(150, 3)), horizon=7, seed=seed, agents=2 * agents, futures=futures
    )
    for shares in (told.probabilities, told.base_rate):
        rally, sideways, dip = shares.percentages
        assert rally + sideways + dip == dip + sideways + rally == rally + dip + sideways == 100.0
        assert min(shares) >= 0.0


def test_one_and_two_threads_give_the_same_bits():
    history = closes(clustered(600, 5))
    one = forecast(history, horizon=10, seed=7)
    assert forecast(history, horizon=10, seed=7, threads=2) == one
    assert forecast(history, horizon=10, seed=7) == one
    assert forecast(history, horizon=10, seed=8).probabilities != one.probabilities


def test_an_agent_keeps_its_draws_when_others_join():
    few = mirofish._draw(100, 11, 0.1)
    many = mirofish._draw(300, 11, 0.1)
    for one, other in zip(few, many, strict=True):
        assert np.array_equal(one, other[:100])


def test_weights_are_uniform_and_independent():
    crowd = mirofish._draw(50_000, 3, 1.0)
    liquidity = 1.0 / crowd.trust - 1.0
    drawn = np.stack([crowd.momentum, crowd.reversion, liquidity, (crowd.error + 2.0) / 4.0])
    assert drawn.min() >= 0.0
    assert drawn.max() < 1.0 + 1e-12
    assert drawn.mean(axis=1) == pytest.approx([0.5] * 4, abs=0.006)
    assert drawn.var(axis=1) == pytest.approx([1 / 12] * 4, abs=0.002)
    assert np.abs(np.corrcoef(drawn) - np.eye(4)).max() < 0.015


def test_the_base_rate_is_counted_over_windows_that_overlap():
    r = np.tile([0.01, -0.01, 0.02, 0.0, -0.02, 0.0], 20)
    told = forecast(closes(r), horizon=2, seed=1, agents=100)
    band = 0.5 * np.std(r) * np.sqrt(2.0)
    windows = [r[i] + r[i + 1] for i in range(r.size - 1)]
    rally = sum(w > band for w in windows) / len(windows)
    dip = sum(w < -band for w in windows) / len(windows)

    assert told.band == pytest.approx(band, rel=1e-9)
    assert told.base_rate.rally == pytest.approx(rally, abs=1e-11)
    assert told.base_rate.dip == pytest.approx(dip, abs=1e-11)
    assert told.base_effective == 60.0
    assert told.base_errors.rally == pytest.approx(np.sqrt(rally * (1 - rally) / 60.0), abs=1e-9)


def test_futures_of_noise_have_the_shares_of_the_normal_distribution():
    r = np.random.default_rng(12).standard_normal(4_000) * 0.01
    told = forecast(closes(r), horizon=5, seed=2, agents=20_000)
    assert told.probabilities.sideways == pytest.approx(0.3829, abs=0.02)
    assert told.probabilities.rally == pytest.approx(told.probabilities.dip, abs=0.04)
    assert told.simulated_vol == pytest.approx(told.vol, rel=0.03)


def test_standard_errors_match_the_scatter_over_seeds():
    history = closes(clustered(300, 9))
    told = [forecast(history, horizon=5, seed=s, agents=1_000) for s in range(60)]
    scatter = np.std([f.probabilities.rally for f in told], ddof=1)
    assert scatter == pytest.approx(np.mean([f.std_errors.rally for f in told]), rel=0.3)


def test_a_wider_spread_never_makes_more_agents_buy_or_sell():
    history = closes(clustered(300, 21, drift=0.002))
    votes = [forecast(history, horizon=5, seed=4, spread=s) for s in (0.0, 0.001, 0.01, 0.1, 1.0)]
    for calm, wide in pairwise(votes):
        assert wide.buys <= calm.buys
        assert wide.sells <= calm.sells
    assert votes[-1].holds > votes[0].holds
    assert abs(votes[-1].net_score) < abs(votes[0].net_score)


def test_votes_move_futures_only_where_they_moved_the_history():
    rng = np.random.default_rng(2)
    noise = forecast(closes(rng.standard_normal(1_500) * 0.01), horizon=5, seed=1)
    r = list(rng.standard_normal(20) * 0.01)
    for _ in range(1_500):  # a market that follows its own trend
        r.append(0.004 * np.sign(sum(r[-20:])) + 0.01 * rng.standard_normal())
    trending = forecast(closes(np.array(r)), horizon=5, seed=1)

    assert abs(noise.impact) < 0.1
    assert trending.impact > 0.2
    assert trending.impact_t > 4.0


def test_calm_now_means_more_sideways_and_wild_now_means_less():
    rng = np.random.default_rng(8)
    noise, calm_last = rng.standard_normal(720), np.repeat([0.02, 0.005] * 6, 60)
    calm = forecast(closes(noise * calm_last), horizon=5, seed=1)
    wild = forecast(closes(noise * calm_last[::-1]), horizon=5, seed=1)
    assert calm.probabilities.sideways > calm.base_rate.sideways
    assert wild.probabilities.sideways < wild.base_rate.sideways - 0.1


def test_a_strong_trend_is_flagged_as_a_herd():
    r = np.random.default_rng(3).standard_normal(300) * 0.01
    r[-20:] = np.abs(r[-20:]) + 0.005
    r[-1] = r[-2] = 0.0  # it rests, so that the price is not stretched
    told = forecast(closes(r), horizon=5, seed=1)
    assert told.dominant_action == "BUY"
    assert told.agreement_pct > 85.0
    assert told.is_biased
    assert told.order_imbalance > 0.7
    assert told.retail_sentiment > 0.5


def test_agreement_is_unknown_when_nobody_acts():
    told = forecast(closes(clustered(300, 21)), horizon=5, seed=4, spread=1e6)
    assert told.holds > 4_990
    quiet = mirofish._opinion(mirofish._draw(50, 1, 1e9), 0.0, 0.0)
    assert quiet["order_imbalance"] is None
    assert quiet["agreement_pct"] is None
    assert quiet["dominant_action"] == "HOLD"


def test_closes_older_than_five_thousand_do_not_count():
    history = closes(clustered(5_300, 6))
    recent = forecast(history[-5_001:], horizon=5, seed=1, agents=200)
    assert forecast(history, horizon=5, seed=1, agents=200) == recent
    assert band_of(history, horizon=5) == recent.band


def test_scores_and_facts_are_at_hand_without_the_compiler():
    code = "import rf_swarm_sim, sys; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    with pytest.raises(AttributeError, match="no attribute 'crystal_ball'"):
        _ = rf_swarm_sim.crystal_ball


def test_the_kernels_do_what_their_python_does():
    r = clustered(120, 4)
    compiled, plain = np.empty(r.size + 1), np.empty(r.size + 1)
    one = kernels.variance_filter(r, 1e-4, 2e-6, 0.1, 0.88, compiled)
    two = kernels.variance_filter.py_func(r, 1e-4, 2e-6, 0.1, 0.88, plain)
    assert one == pytest.approx(two, rel=1e-12)
    assert compiled == pytest.approx(plain, rel=1e-12)
    trend, stretch = mirofish._signals(r, r.std())
    px = np.concatenate([[0.0], np.cumsum(r)])
    for i in range(trend.size):
        window = px[i + 1 : i + 21]
        assert trend[i] == pytest.approx((px[i + 20] - px[i]) / (r.std() * np.sqrt(20)), abs=1e-9)
        z = (window[-1] - window.mean()) / window.std()
        assert stretch[i] == (-np.sign(z) if abs(z) > 2.0 else 0.0)


@pytest.mark.parametrize(
    ("history", "told"),
    [
        (np.full(200, 100.0), "flat"),
        (100.0 * 1.01 ** np.arange(100), "flat"),
        (np.linspace(100.0, 110.0, 60), "61 closes or more, was 60"),
        (np.linspace(100.0, 110.0, 200).reshape(10, 20), "one dimension"),
        ([], "61 closes"),
        (np.where(np.arange(100) == 7, np.nan, 100.0 + np.arange(100)), r"history\[7\].*nan"),
        (np.where(np.arange(100) == 8, -1.0, 100.0 + np.arange(100)), r"history\[8\].*above zero"),
        (np.where(np.arange(100) == 9, np.inf, 100.0 + np.arange(100)), r"history\[9\].*finite"),
    ],
)
def test_a_history_that_says_nothing_is_refused(history, told):
    with pytest.raises(ValueError, match=told):
        forecast(history, horizon=5, seed=1)


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ({"horizon": 0}, "horizon"),
        ({"horizon": 1.5}, "horizon"),
        ({"horizon": 100}, "501 closes or more, was 201"),
        ({"agents": 101}, "even"),
        ({"agents": 2}, "agents"),
        ({"futures": 0}, "futures"),
        ({"seed": -1}, "seed"),
        ({"threads": 0}, "threads"),
        ({"spread": -0.1}, "spread"),
        ({"spread": float("nan")}, "spread"),
    ],
)
def test_options_out_of_range_are_named(option, told):
    given = {"horizon": 5, "seed": 1} | option
    with pytest.raises(ValueError, match=told):
        forecast(closes(clustered(200, 1)), **given)


def test_outcomes_meet_at_half_a_deviation():
    assert outcome(0.5 * 0.01 * 2.0, 0.01, 4) == 1
    assert outcome(0.5 * 0.01 * 2.0 + 1e-9, 0.01, 4) == 0
    assert outcome(-0.5 * 0.01 * 2.0 - 1e-9, 0.01, 4) == 2
