"""Against the papers' own numbers, and noise, which must look like noise."""

import numpy as np
import pytest

from rf_backtest import (
    deflated_sharpe,
    expected_max_sharpe,
    min_track_record,
    probabilistic_sharpe,
    probability_of_overfitting,
    superior_predictive_ability,
)


def test_the_deflated_ratio_of_bailey_and_lopez_de_prado():
    told = deflated_sharpe(
        0.15811388300841897, 1250, trials=100, variance=0.002, skew=-3.0, kurtosis=10.0
    )
    assert told == pytest.approx(0.9004, abs=1e-4)
    assert expected_max_sharpe(100, 0.002) == pytest.approx(0.1132, abs=5e-5)


def test_the_probabilistic_ratio_of_the_paper():
    told = probabilistic_sharpe(0.45755008833277844, 24, skew=-2.448, kurtosis=10.164)
    assert told == pytest.approx(0.913, abs=5e-4)


def test_a_track_record_of_that_length_is_just_long_enough():
    length = min_track_record(0.1, benchmark=0.02, confidence=0.95, skew=-0.5, kurtosis=5.0)
    sure = probabilistic_sharpe(0.1, round(length), skew=-0.5, kurtosis=5.0, benchmark=0.02)
    assert sure == pytest.approx(0.95, abs=1e-3)


def test_the_expected_maximum_is_that_of_simulated_trials():
    rng = np.random.default_rng(11)
    best = rng.standard_normal((20_000, 50)).max(axis=1).mean()
    assert expected_max_sharpe(50, 1.0) == pytest.approx(best, rel=0.02)
    assert expected_max_sharpe(1, 1.0) == 0.0


def test_noise_is_overfitted_and_skill_is_not():
    rng = np.random.default_rng(2)
    noise = rng.normal(0.0, 0.01, (400, 12))
    skill = noise.copy()
    skill[:, 4] += 0.004

    assert probability_of_overfitting(skill, blocks=8).pbo < 0.05
    pbos = [
        probability_of_overfitting(rng.normal(0.0, 0.01, (240, 8)), blocks=6).pbo for _ in range(40)
    ]
    assert 0.3 < float(np.mean(pbos)) < 0.7


def test_the_test_of_superior_ability_has_its_nominal_size():
    rng = np.random.default_rng(4)
    values = [
        superior_predictive_ability(
            rng.normal(0.0, 0.01, (150, 5)), block=3, rng=rng, samples=200
        ).consistent
        for _ in range(60)
    ]
    assert np.mean(np.array(values) < 0.05) <= 0.15
    skill = rng.normal(0.0, 0.01, (300, 5))
    skill[:, 0] += 0.004
    assert superior_predictive_ability(skill, block=3, rng=rng, samples=500).upper < 0.02


def test_the_bounds_of_the_test_are_in_order_and_progress_is_told():
    rng = np.random.default_rng(9)
    seen = []
    told = superior_predictive_ability(
        rng.normal(0.0, 0.01, (120, 4)),
        block=5,
        rng=rng,
        samples=1_000,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert told.lower <= told.consistent <= told.upper
    assert seen == [(500, 1_000), (1_000, 1_000)]


@pytest.mark.parametrize("blocks", [0, 3, 200])
def test_blocks_must_be_even_and_large_enough(blocks):
    with pytest.raises(ValueError, match="even number"):
        probability_of_overfitting(np.ones((100, 3)), blocks=blocks)


def test_a_ratio_below_its_benchmark_needs_for_ever():
    with pytest.raises(ValueError, match="above the benchmark"):
        min_track_record(0.1, benchmark=0.2)
