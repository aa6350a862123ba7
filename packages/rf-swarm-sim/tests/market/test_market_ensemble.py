"""Ensembles: paths differ, each is the same whatever the threads and the number of paths."""

from __future__ import annotations

import numpy as np
import pytest

from rf_swarm_sim.market import SwarmConfig, custom, simulate_ensemble

CONFIG = SwarmConfig(agents=200)


def test_a_path_is_the_same_whatever_the_threads_and_the_number_of_paths():
    few = simulate_ensemble(CONFIG, px=100.0, rounds=20, paths=3, seed=1)
    many = simulate_ensemble(CONFIG, px=100.0, rounds=20, paths=7, seed=1, threads=2)
    for name in ("px", "mid", "net_flow", "volume", "buys", "sells", "agreement", "realised_vol"):
        assert getattr(few, name).tobytes() == getattr(many, name)[:3].tobytes(), name
    assert (many.paths, many.rounds) == (7, 20)


def test_paths_differ_and_spread_with_the_root_of_the_rounds():
    run = simulate_ensemble(CONFIG, px=100.0, rounds=120, paths=60, seed=1)
    assert np.unique(run.mid[:, -1]).size > 50
    late, early = np.log(run.mid[:, 119] / 100).std(), np.log(run.mid[:, 29] / 100).std()
    assert 1.3 < late / early < 3.2
    assert run.realised_vol.shape == (60,)
    assert 0.5 < np.median(run.realised_vol) / 0.20 < 2.0


def test_a_scenario_hits_every_path():
    calm = simulate_ensemble(CONFIG, px=100.0, rounds=15, paths=8, seed=1)
    hit = simulate_ensemble(
        CONFIG, px=100.0, rounds=15, paths=8, seed=1, scenario=custom(-0.05, rounds=100)
    )
    assert (hit.mid[:, -1] < calm.mid[:, -1]).all()


def test_progress_counts_paths(monkeypatch):
    monkeypatch.setattr("rf_swarm_sim.market.ensemble.CHUNK_STEPS", 200 * 5 * 2)
    seen = []
    simulate_ensemble(
        CONFIG, px=100.0, rounds=5, paths=5, seed=1, progress=lambda *done: seen.append(done)
    )
    assert seen == [(2, 5), (4, 5), (5, 5)]


@pytest.mark.parametrize("paths", [0, 1.5, True])
def test_a_number_of_paths_that_cannot_be_run_is_refused(paths):
    with pytest.raises(ValueError, match="paths an int"):
        simulate_ensemble(CONFIG, px=100.0, rounds=5, paths=paths, seed=1)
    with pytest.raises(ValueError, match=r"paths \* rounds"):
        simulate_ensemble(CONFIG, px=100.0, rounds=10_000_000, paths=10_000, seed=1)
