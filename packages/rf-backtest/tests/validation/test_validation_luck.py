"""The tests of many trials, and the rates at which they are wrong about noise."""

import numpy as np
import pytest

from rf_backtest import probability_of_overfitting
from rf_backtest.validation import (
    calibrate,
    effective_trials,
    monte_carlo,
    overfit_report,
    sharpe_of_columns,
)


def noise(seed, rows=480, columns=12):
    return 0.01 * np.random.default_rng(seed).standard_normal((rows, columns))


def rng(seed=1):
    return np.random.default_rng(seed)


def test_a_planted_edge_is_found_and_named():
    table = noise(1)
    table[:, 7] += 0.004
    told = overfit_report(table, rng=rng(), samples=500)
    assert told.best == 7
    assert told.pbo < 0.02
    assert told.reality_check < 0.01
    assert told.spa <= told.reality_check
    assert told.dsr > 0.95
    assert told.oos_rank > 0.9
    assert told.sharpe == pytest.approx(sharpe_of_columns(table)[7] * np.sqrt(252.0))


def test_the_best_of_noise_is_taken_for_noise():
    told = overfit_report(noise(2), rng=rng(), samples=500)
    assert told.dsr < 0.95
    assert told.reality_check > 0.05
    assert told.pbo > 0.1
    assert told.sharpe > 0.0


def test_the_same_seed_gives_the_same_report():
    one, other = (overfit_report(noise(3), rng=rng(5), samples=300) for _ in range(2))
    assert (one.ability, one.pbo, one.dsr) == (other.ability, other.pbo, other.dsr)
    assert one.cscv.logits.tolist() == other.cscv.logits.tolist()


def test_the_sums_of_blocks_give_what_the_rows_themselves_give():
    table = noise(4, rows=60, columns=5) + 3.0  # far from 0, where squares lose digits
    told = probability_of_overfitting(table, blocks=4)
    parts = np.split(table, 4)
    logits = []
    for one in range(4):
        for other in range(one + 1, 4):
            inside = np.concatenate([parts[one], parts[other]])
            outside = np.concatenate([parts[p] for p in range(4) if p not in {one, other}])
            best = np.argmax(inside.mean(axis=0) / inside.std(axis=0, ddof=1))
            ratios = outside.mean(axis=0) / outside.std(axis=0, ddof=1)
            rank = 1 + np.sum(ratios < ratios[best])
            logits.append(np.log(rank / (6 - rank)))
    assert told.logits == pytest.approx(sorted(logits))


def test_a_trial_that_never_moves_has_a_ratio_of_nothing():
    table = noise(5, columns=3)
    table[:, 1] = 0.25
    assert np.isnan(sharpe_of_columns(table)[1])
    told = overfit_report(table, rng=rng(), samples=100)
    assert told.best != 1
    with pytest.raises(ValueError, match="returns vary"):
        overfit_report(np.zeros((64, 2)), rng=rng(), samples=100)


def test_trials_that_are_copies_count_once():
    table = noise(6, columns=1)
    assert effective_trials(np.repeat(table, 9, axis=1)) == pytest.approx(1.0)
    assert effective_trials(noise(7, rows=5_000, columns=9)) == pytest.approx(9.0, abs=0.3)
    # Half of the variance shared: 0.5 + 0.5 * 9 = 5.
    shared = noise(8, rows=5_000, columns=9) + noise(9, rows=5_000, columns=1)
    assert effective_trials(shared) == pytest.approx(5.0, abs=0.3)


def test_useless_trials_pass_no_more_often_than_was_promised():
    """Three deviations above the promise would be a fault; 120 worlds, seed fixed."""
    rates = {rate.name: rate for rate in calibrate(120, seed=1, rows=252, trials=10, samples=200)}
    slack = 3.0 * np.sqrt(0.05 * 0.95 / 120)
    for name in ("reality check p < 0.05", "superior ability p < 0.05", "deflated Sharpe >= 0.95"):
        assert rates[name].rate <= 0.05 + slack
    assert rates["walk-forward, Sharpe > 0 at 0.95"].rate <= 0.05 + slack
    assert abs(rates["PBO < 0.5"].rate - 0.5) < 3.0 * np.sqrt(0.25 / 120)
    assert rates["the whole overfit layer"].rate <= 0.05
    # What nobody should do: to take the best and ask as if it were the only one.
    assert rates["best trial, Sharpe > 0 at 0.95"].rate > 0.3


def test_a_real_edge_is_believed_and_progress_is_told():
    seen = []
    rates = calibrate(
        10,
        seed=2,
        rows=504,
        trials=10,
        edge=5.0,
        samples=200,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen[-1] == (10, 10)
    assert {rate.name: rate.hits for rate in rates}["the whole overfit layer"] >= 9
    assert "promised none" in "\n".join(map(str, rates))
    with pytest.raises(ValueError, match="kind of"):
        calibrate(1, seed=1, kind="purple")


def test_futures_of_a_certain_return_are_certain():
    told = monte_carlo([0.01] * 50, rng=rng(), simulations=200)
    assert told.wealth == pytest.approx(1.01**50)
    assert told.drawdown == pytest.approx(0.0)
    assert (told.ruin, told.loss) == (0.0, 0.0)


def test_median_wealth_and_loss_are_those_of_the_normal_law():
    """Sums of logs of n returns are about normal: P(loss) = Phi(-m sqrt(n) / s)."""
    from scipy.special import ndtr

    logs = rng(3).normal(0.0005, 0.01, 800)
    returns = np.expm1(logs)
    told = monte_carlo(returns, rng=rng(4), simulations=8_000, block=1)
    mean, deviation = logs.mean(), logs.std()
    error = np.sqrt(0.25 / 8_000)
    assert told.loss == pytest.approx(ndtr(-mean / deviation * np.sqrt(800)), abs=4 * error)
    assert told.at(50)[0] == pytest.approx(np.exp(800 * mean), rel=0.03)


def test_streaks_that_are_drawn_together_fall_deeper():
    streaks = np.tile(np.repeat([0.01, -0.0095], 20), 20)
    apart = monte_carlo(streaks, rng=rng(), simulations=2_000, block=1)
    together = monte_carlo(streaks, rng=rng(), simulations=2_000, block=20)
    assert together.at(50)[1] > 1.3 * apart.at(50)[1]


def test_ruin_of_even_bets_is_that_of_the_gambler():
    """A compounding bet of half: from 1 the first loss halves wealth, so P(no ruin) needs wins."""
    told = monte_carlo([0.5, -0.5], rng=rng(), simulations=20_000, block=1)
    # Two draws: ruin at 0.5 or below happens on L., or on WL (1.5 * 0.5 = 0.75: no).
    assert told.ruin == pytest.approx(0.5, abs=0.015)


@pytest.mark.parametrize(
    ("returns", "other", "match"),
    [
        ([0.1], {}, "at least 2"),
        ([0.1, -1.5], {}, "at least -1"),
        ([0.1, 0.1], {"ruin_level": 1.0}, "ruin_level"),
        ([0.1, np.nan], {}, "finite"),
        ([0.1, 0.1], {"block": 3}, "block of 1 to 2"),
    ],
)
def test_futures_of_nonsense_are_refused(returns, other, match):
    with pytest.raises(ValueError, match=match):
        monte_carlo(returns, rng=rng(), **other)
