"""The numbers behind the pictures."""

from __future__ import annotations

import numpy as np
import pytest

from rf_swarm_sim import stylized_facts
from rf_swarm_sim.market import SwarmConfig, simulate, simulate_ensemble
from rf_swarm_sim.report import QUANTILES, depth_profile, fact_rows, fan

CONFIG = SwarmConfig(agents=100)


def series(n=3_000, seed=1):
    return np.random.default_rng(seed).standard_t(4, n) * 0.01


def test_a_fan_has_the_quantiles_of_the_paths_from_the_start():
    run = simulate_ensemble(CONFIG, px=50.0, rounds=12, paths=9, seed=2)
    curves = fan(run)
    assert tuple(curves) == QUANTILES
    for curve in curves.values():
        assert curve.shape == (13,)
        assert curve[0] == 50.0
    assert curves[50][7] == np.median(run.mid[:, 6])
    order = np.stack(list(curves.values()))
    assert (np.diff(order, axis=0) >= 0.0).all()


def test_depth_is_cumulated_away_from_the_mid():
    run = simulate(CONFIG, px=50.0, rounds=12, seed=2)
    depth = depth_profile(run)
    for distance, size in ((depth.bid_bps, depth.bid_size), (depth.ask_bps, depth.ask_size)):
        assert (distance > 0.0).all()
        assert (np.diff(distance) > 0.0).all()
        assert (np.diff(size) > 0.0).all()
    assert depth.bid_size[-1] == run.bids.sizes.sum()
    best = (run.ask[-1] - run.bid[-1]) / run.mid[-1] * 1e4
    assert depth.bid_bps[0] + depth.ask_bps[0] == pytest.approx(best)


def test_rows_of_facts_say_what_the_bands_say():
    facts = stylized_facts(series(), volume=np.abs(series()) + 1.0)
    rows = fact_rows(facts, stylized_facts(series(seed=2)))
    assert {row.fact: row.is_inside for row in rows} == facts.accepted()
    by_name = {row.fact: row for row in rows}
    assert by_name["fat tails"].value == facts.excess_kurtosis
    assert by_name["volatility clusters"].value == facts.acf_abs[0]
    assert by_name["volume rises with volatility"].real is None, "it was given without volume"
    assert by_name["fat tails"].real is not None


def test_without_volume_and_without_a_history_nothing_is_made_up():
    rows = fact_rows(stylized_facts(series()))
    assert "volume rises with volatility" not in {row.fact for row in rows}
    assert all(row.real is None for row in rows)
