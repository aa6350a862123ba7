"""Walks through a history: what each forecast may know, and what it is held against."""

from __future__ import annotations

import numpy as np
import pytest

from rf_swarm_sim.mirofish import forecast, outcome
from rf_swarm_sim.score import brier
from rf_swarm_sim.walk import walk_forward


def closes(n, seed, sizes=None):
    noise = np.random.default_rng(seed).standard_normal(n) * 0.01
    return 100.0 * np.exp(np.cumsum(noise if sizes is None else noise * sizes))


def walked(px, **changes):
    given = {"horizon": 5, "window": 100, "agents": 200, "seed": 1} | changes
    return walk_forward(px, **given)


def test_every_forecast_is_scored_as_by_hand():
    px = closes(160, 1)
    walk = walked(px)
    for row, at in zip(walk.rows, range(100, 155, 5), strict=True):
        told = forecast(px[at - 100 : at + 1], horizon=5, agents=200, seed=1)
        found = outcome(float(np.log(px[at + 5] / px[at])), told.vol, 5)
        assert row.outcome == found
        assert row.brier == pytest.approx(brier(told.probabilities, found))
        assert row.base_brier == pytest.approx(brier(told.base_rate, found))


def test_no_forecast_knows_what_comes_after_it():
    px = closes(160, 2)
    other = px.copy()
    other[121:] *= np.exp(np.cumsum(np.full(39, 0.05)))
    one, two = walked(px), walked(other)
    for before, after in zip(one.rows[:4], two.rows[:4], strict=True):
        assert before == after
    assert one.rows[-1] != two.rows[-1]


def test_clusters_are_where_the_crowd_beats_the_base_rate():
    rng = np.random.default_rng(5)
    sizes = np.repeat(rng.choice([0.4, 2.5], 60), 50)
    walk = walked(closes(3_000, 6, sizes), window=400)
    assert walk.score.skill > 0.0
    assert walk.score.skill_t > 2.0


def test_noise_leaves_nothing_to_gain():
    walk = walked(closes(3_000, 7), window=400)
    assert abs(walk.score.skill) < 0.02
    assert abs(walk.directional - 0.5) < 0.1


def test_windows_that_say_nothing_are_counted_and_left_out():
    px = closes(300, 8)
    px[60:165] = px[60]
    walk = walked(px)
    assert walk.skipped == 1
    assert len(walk.rows) == len(range(100, 295, 5)) - 1


def test_outcomes_are_counted():
    walk = walked(closes(400, 9))
    assert sum(walk.outcomes) == walk.score.scored == len(walk.rows)
    assert walk.sided <= walk.outcomes[0] + walk.outcomes[2]


def test_a_walk_that_is_interrupted_keeps_what_it_has():
    def stop(done, of):
        assert of == 11
        if done == 6:
            raise KeyboardInterrupt

    walk = walked(closes(160, 1), progress=stop)
    assert walk.is_interrupted
    assert len(walk.rows) == 6
    assert walk.rows == walked(closes(160, 1)).rows[:6]


def test_an_interrupt_before_the_first_score_is_passed_on():
    def stop(done, of):
        raise KeyboardInterrupt

    px = closes(160, 1)
    px[:110] = 1.0
    with pytest.raises(KeyboardInterrupt):
        walked(px, progress=stop)


@pytest.mark.parametrize(
    ("px", "changes", "told"),
    [
        (np.ones(105), {}, "106 closes or more"),
        (np.ones((30, 30)), {}, "106 closes or more"),
        (np.ones(300), {}, "no window.*flat"),
        (np.ones(300), {"step": 0}, "step"),
        (np.ones(300), {"window": 20}, "no window.*61 closes"),
        (np.ones(300), {"agents": 7}, "agents"),
    ],
)
def test_walks_that_lead_nowhere_are_refused(px, changes, told):
    with pytest.raises(ValueError, match=told):
        walked(px, **changes)
