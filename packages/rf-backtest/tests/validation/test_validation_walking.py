"""Walk-forward and purged cross-validation on strategies whose edge is known."""

from concurrent.futures import ThreadPoolExecutor
from math import comb, isnan

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rf_backtest.splits import combinatorial
from rf_backtest.validation import (
    combinations_of,
    optimise_forward,
    purged_paths,
    remember,
    trial_returns,
)

GRID = {"column": list(range(8))}


def noise(seed, rows=600, columns=8):
    return 0.01 * np.random.default_rng(seed).standard_normal((rows, columns))


def runner_of(table):
    return lambda parameters, start, end: table[start:end, parameters["column"]]


def test_a_planted_edge_is_chosen_in_every_fold_and_survives():
    table = noise(1)
    table[:, 5] += 0.004
    walk = optimise_forward(runner_of(table), GRID, 600, folds=5)
    assert [fold.parameters for fold in walk.folds] == [{"column": 5}] * 5
    assert walk.drift["column"].changed == 0.0
    assert walk.generalisation == pytest.approx(1.0, abs=0.5)
    assert walk.profitable == 1.0
    assert walk.returns == pytest.approx(table[walk.first_row :, 5])
    assert walk.trials == 8


def test_noise_drifts_and_does_not_generalise():
    told = [optimise_forward(runner_of(noise(s)), GRID, 600, folds=5) for s in range(40)]
    assert abs(np.mean([walk.generalisation for walk in told])) < 0.25
    assert np.mean([walk.drift["column"].changed for walk in told]) > 0.2
    inside = np.mean([fold.train_mean for walk in told for fold in walk.folds])
    outside = np.mean([fold.test_mean for walk in told for fold in walk.folds])
    assert inside > 4.0 * abs(outside)


def test_nothing_of_a_test_is_seen_by_its_fit():
    table = noise(2)
    asked = []

    def runner(parameters, start, end):
        asked.append((start, end))
        return table[start:end, parameters["column"]]

    walk = optimise_forward(runner, GRID, 600, folds=4, purge=3, embargo=2)
    for fold in walk.folds:
        assert fold.window.test_start - fold.window.train_end == 5
        assert fold.window.train_start == 0
    spoiled = table.copy()
    last = walk.folds[-1].window
    spoiled[last.test_start - 5 :] = 9.9
    again = optimise_forward(runner_of(spoiled), GRID, 600, folds=4, purge=3, embargo=2)
    assert again.folds[-1].parameters == walk.folds[-1].parameters
    assert max(end for _, end in asked) == 600


def test_a_rolling_fit_forgets():
    table = noise(3)
    walk = optimise_forward(runner_of(table), GRID, 600, folds=4, mode="rolling", train_size=50)
    assert {fold.window.train_end - fold.window.train_start for fold in walk.folds} == {50}
    with pytest.raises(ValueError, match="anchored or rolling"):
        optimise_forward(runner_of(table), GRID, 600, mode="sideways")


def test_an_edge_that_wanders_is_followed_and_its_drift_is_counted():
    table = noise(4)
    table[:300, 0] += 0.006
    table[300:, 7] += 0.006
    walk = optimise_forward(runner_of(table), GRID, 600, folds=5, mode="rolling", train_size=100)
    drift = walk.drift["column"]
    assert drift.values == (0, 0, 0, 7, 7)  # the third fit ends where the edge moves
    assert drift.changed == 0.25
    assert drift.moved == 0.25


def test_a_fit_that_earned_nothing_has_no_generalisation():
    walk = optimise_forward(runner_of(np.full((60, 2), -0.01)), {"column": [0, 1]}, 60, folds=2)
    assert isnan(walk.generalisation)
    assert walk.profitable == 0.0


def test_an_interrupted_walk_goes_on_where_it_stopped():
    table, memo, calls = noise(5), {}, []

    def fragile(parameters, start, end):
        calls.append(1)
        if len(calls) == 20:
            raise KeyboardInterrupt
        return table[start:end, parameters["column"]]

    with pytest.raises(KeyboardInterrupt):
        optimise_forward(fragile, GRID, 600, mapper=remember(memo))
    assert len(memo) == 19
    resumed = optimise_forward(fragile, GRID, 600, mapper=remember(memo))
    assert len(calls) == 20 + 5 * 9 - 19
    whole = optimise_forward(runner_of(table), GRID, 600)
    assert resumed.returns.tolist() == whole.returns.tolist()


def test_an_executor_gives_the_same_as_one_process():
    table = noise(6)
    told = []
    with ThreadPoolExecutor(2) as pool:
        parallel = optimise_forward(
            runner_of(table),
            GRID,
            600,
            mapper=remember({}, pool.map),
            progress=lambda done, total: told.append((done, total)),
        )
    alone = optimise_forward(runner_of(table), GRID, 600)
    assert parallel.returns.tolist() == alone.returns.tolist()
    assert told == [(place, 45) for place in range(1, 46)]


def test_a_runner_that_gives_too_few_returns_is_told_so():
    with pytest.raises(ValueError, match="expected 600 returns of rows 0 to 600, was 3"):
        trial_returns(lambda *_: np.zeros(3), [{}], 600)
    with pytest.raises(ValueError, match="parameter set"):
        trial_returns(lambda *_: np.zeros(3), [], 3)
    with pytest.raises(ValueError, match="values of fast"):
        combinations_of({"fast": []})


@given(
    n=st.integers(24, 200),
    groups=st.integers(2, 6),
    tested=st.integers(1, 3),
    purge=st.integers(0, 2),
    embargo=st.integers(0, 2),
)
def test_no_train_row_is_near_a_test_and_every_row_is_tested_equally(
    n, groups, tested, purge, embargo
):
    tested = min(tested, groups - 1)
    assume(n // groups > 2 * purge + embargo)  # something is left between two tests
    splits = combinatorial(n, groups=groups, tested=tested, purge=purge, embargo=embargo)
    seen = np.zeros(n, dtype=int)
    assert len(splits) == comb(groups, tested)
    for split in splits:
        for start, end in split.tests:
            seen[start:end] += 1
            near = (split.train >= start - purge) & (split.train < end + purge + embargo)
            assert not near.any()
    assert set(seen) == {comb(groups - 1, tested - 1)}


def test_paths_are_made_of_tests_only_and_each_covers_every_row():
    table = noise(7, rows=120, columns=4)
    told = purged_paths(table, groups=6, tested=2, purge=2, embargo=1)
    assert told.returns.shape == (5, 120)
    assert told.chosen.size == 15
    for path in told.returns:
        assert all((path[row] == table[row]).any() for row in range(120))
    # With one group left out at a time there is one path, each group by the fit without it.
    (one,) = purged_paths(table, groups=3, tested=1).returns
    for group in range(3):
        rest = np.delete(table, slice(40 * group, 40 * group + 40), axis=0)
        best = int(np.argmax(rest.mean(axis=0) / rest.std(axis=0)))
        assert one[40 * group : 40 * group + 40].tolist() == (
            table[40 * group : 40 * group + 40, best].tolist()
        )


def test_paths_of_skill_earn_and_paths_of_noise_do_not():
    table = noise(8)
    skill = table.copy()
    skill[:, 2] += 0.004
    assert purged_paths(skill, purge=5).prob_loss == 0.0
    assert set(purged_paths(skill, purge=5).chosen) == {2}
    ratios = [purged_paths(noise(s), purge=5).sharpe.mean() for s in range(30)]
    assert abs(np.mean(ratios)) < 0.6
    with pytest.raises(ValueError, match="finite returns"):
        purged_paths([[np.nan, 1.0]])
    with pytest.raises(ValueError, match="tested < groups"):
        combinatorial(10, groups=2, tested=2)
    with pytest.raises(ValueError, match="rows to train on"):
        combinatorial(10, groups=2, tested=1, purge=5)
