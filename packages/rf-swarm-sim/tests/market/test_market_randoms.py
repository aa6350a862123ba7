"""Counter-based random numbers: the published sequence, and the right distributions."""

from __future__ import annotations

import numpy as np

from rf_swarm_sim.market._kernels.randoms import derive, normal, uniform

# first outputs of splitmix64 with seed 1234567, from the reference implementation by Vigna (2015)
VIGNA = (
    6457827717110365317,
    3203168211198807973,
    9817491932198370423,
    4593380528125082431,
    16408922859458223821,
)


def test_draws_are_those_of_splitmix64():
    key = np.uint64(1234567)
    assert tuple(int(derive(key, k)) for k in range(5)) == VIGNA


def test_uniform_draws_fill_the_unit_interval_evenly():
    draws = np.array([uniform(np.uint64(7), k) for k in range(20_000)])
    counts, _ = np.histogram(draws, bins=20, range=(0.0, 1.0))
    assert draws.min() >= 0.0
    assert draws.max() < 1.0
    assert float(((counts - 1_000) ** 2 / 1_000).sum()) < 43.8  # chi2 of 19, 1 in 1,000


def test_normal_draws_have_the_moments_of_the_normal():
    draws = np.array([normal(np.uint64(7), k) for k in range(40_000)])
    assert abs(draws.mean()) < 0.02
    assert abs(draws.std() - 1.0) < 0.02
    assert abs((draws**4).mean() - 3.0) < 0.15
