import numpy as np
import pytest

from rf_swarm_sim import stylized_facts


def garch(n, seed):
    rng = np.random.default_rng(seed)
    returns, variance = np.empty(n), 1e-4
    for t in range(n):
        returns[t] = np.sqrt(variance) * rng.standard_t(5) * np.sqrt(3 / 5)
        variance = 1e-6 + 0.09 * returns[t] ** 2 + 0.90 * variance
    return returns


def test_noise_has_no_facts():
    told = stylized_facts(np.random.default_rng(2).normal(0.0, 0.01, 5_000)).accepted()

    assert told["no autocorrelation of returns"]
    assert not told["volatility clusters"]
    assert not told["fat tails"]


def test_clustered_volatility_with_fat_tails_is_seen():
    told = stylized_facts(garch(8_000, 4)).accepted()

    for name in ("no autocorrelation of returns", "volatility clusters", "fat tails"):
        assert told[name], name


def test_volume_that_follows_volatility_is_seen():
    returns = garch(3_000, 6)
    facts = stylized_facts(returns, volume=1.0 + np.abs(returns))
    assert facts.volume_correlation == pytest.approx(1.0)


def test_the_tail_index_of_a_pareto_tail_is_recovered():
    rng = np.random.default_rng(3)
    losses = (1.0 - rng.random(40_000)) ** (-1.0 / 3.0)
    signs = np.where(rng.random(40_000) < 0.5, 1.0, -1.0)
    assert stylized_facts(losses * signs).hill_left == pytest.approx(3.0, rel=0.1)


@pytest.mark.parametrize(
    "bad", [np.zeros(50), np.zeros(500), np.full(500, np.nan), np.zeros((10, 10))]
)
def test_a_series_that_says_nothing_is_refused(bad):
    with pytest.raises(ValueError, match="expected"):
        stylized_facts(bad)


def test_volume_of_another_length_is_refused():
    with pytest.raises(ValueError, match="volume"):
        stylized_facts(np.random.default_rng(1).normal(size=200), volume=[1.0, 2.0])
