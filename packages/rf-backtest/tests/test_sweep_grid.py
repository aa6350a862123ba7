"""Grids, the order of trials, and what the best of many is worth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rf_backtest.sweep import (
    Axis,
    Trial,
    grid,
    judge_best,
    merged,
    parse_axis,
    parse_rule,
    ranked,
    sample,
    surface,
    table_hash,
    thinned,
    value_of,
)


def trial(number, value, returns=(0.01, -0.01, 0.02), **parameters):
    return Trial(number, parameters, {"sharpe": value}, np.array(returns))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("n=5:30:5", (5, 10, 15, 20, 25, 30)),
        ("n=5:29:5", (5, 10, 15, 20, 25)),
        ("n=0.1:0.7:0.2", (0.1, 0.3, 0.5, 0.7)),
        ("n=-2:2:2", (-2, 0, 2)),
        ("n=7:7:1", (7,)),
        ("n=a,b", ("a", "b")),
        ("n=1,2.5,true", (1, 2.5, True)),
    ],
)
def test_an_axis_is_read(text, values):
    assert parse_axis(text) == Axis("n", values)


@pytest.mark.parametrize(
    "text",
    ["", "n", "n=", "=1", "1n=2", "n=1:2", "n=1:2:0", "n=3:2:1", "n=1:2:-1", "n=1:x:2", "n=1,1",
     "n=1:nan:1", "n=0:1e12:1e-3"],
)  # fmt: skip
def test_an_axis_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match="grid"):
        parse_axis(text)


@given(st.integers(-50, 50), st.integers(0, 60), st.integers(1, 9))
def test_a_range_of_decimals_has_no_rounding(first, steps, step):
    last = first + steps * step
    found = parse_axis(f"n={first / 10}:{last / 10}:{step / 10}").values
    assert found == tuple((first + place * step) / 10 for place in range(steps + 1))


def test_the_last_axis_turns_fastest_and_fixed_parameters_are_in_every_set():
    sets = grid([Axis("a", (1, 2)), Axis("b", ("x", "y"))], fixed={"c": 9})
    assert [(one["a"], one["b"]) for one in sets] == [(1, "x"), (1, "y"), (2, "x"), (2, "y")]
    assert all(one["c"] == 9 for one in sets)


@pytest.mark.parametrize(
    ("axes", "others"),
    [
        ([], {}),
        ([Axis("a", (1,)), Axis("a", (2,))], {}),
        ([Axis("a", (1,))], {"fixed": {"a": 2}}),
        ([Axis("a", (1,))], {"rules": [parse_rule("a>5")]}),
        ([Axis("a", (1,))], {"rules": [parse_rule("b>5")]}),
        ([Axis("a", ("x",))], {"rules": [parse_rule("a>5")]}),
        ([Axis(name, tuple(range(1001))) for name in "ab"], {}),
    ],
)
def test_a_grid_that_cannot_be_is_refused(axes, others):
    with pytest.raises(ValueError, match=r"expected|twice|rule"):
        grid(axes, **others)


def test_a_sample_is_drawn_once_each_in_order_and_is_the_same_for_a_seed():
    sets = grid([Axis("a", tuple(range(50)))])
    first, again = (sample(sets, 10, np.random.default_rng(3)) for _ in range(2))
    assert first == again
    numbers = [one["a"] for one in first]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == 10
    assert sample(sets, 99, np.random.default_rng(3)) == sets


@given(st.permutations(range(6)))
def test_the_order_of_arrival_changes_nothing(order):
    trials = [trial(n, value, n=n) for n, value in enumerate((1.0, np.nan, 3.0, 3.0, -1.0, 2.0))]
    shuffled = [trials[place] for place in order]
    assert [one.number for one in ranked(shuffled, "sharpe")] == [2, 3, 5, 0, 4, 1]
    assert table_hash(shuffled) == table_hash(trials)
    assert [one.number for one in merged(shuffled, trials)] == list(range(6))


def test_a_trial_with_an_error_is_last_whatever_it_says():
    failed = Trial(0, {}, {"sharpe": 9.0}, np.empty(0), "refused")
    assert ranked([failed, trial(1, -5.0)], "sharpe")[-1] is failed


def test_the_hash_sees_parameters_metrics_and_returns():
    base = table_hash([trial(0, 1.0, a=1)])
    assert base != table_hash([trial(0, 1.0, a=2)])
    assert base != table_hash([trial(0, 1.5, a=1)])
    assert base != table_hash([trial(0, 1.0, (0.01, -0.01, 0.03), a=1)])


@given(st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=40), st.integers(1, 12))
def test_thinned_returns_compound_to_the_same_total(returns, most):
    series = np.array(returns)
    found = thinned(series, most)
    assert found.size == min(series.size, most)
    assert np.prod(1 + found) == pytest.approx(np.prod(1 + series))


def test_a_surface_has_the_best_of_what_is_not_shown_and_nan_where_nothing_was_tried():
    x, y = Axis("x", (1, 2)), Axis("y", (5, 6))
    trials = [
        trial(0, 1.0, x=1, y=5, z=0),
        trial(1, 4.0, x=1, y=5, z=1),
        trial(2, 2.0, x=2, y=6, z=0),
    ]
    found = surface(trials, x, y, "sharpe").z
    assert (found[0, 0], found[1, 1]) == (4.0, 2.0)
    assert np.isnan(found[0, 1])
    assert np.isnan(found[1, 0])


def test_the_best_of_useless_trials_is_seldom_taken_for_skill():
    convinced = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        trials = [trial(n, 0.0, rng.normal(0, 0.01, 250)) for n in range(20)]
        best = max(trials, key=lambda one: one.returns.mean() / one.returns.std())
        told = judge_best(trials, best)
        assert told.deflated < told.probability
        convinced += told.deflated > 0.95
    assert convinced <= 10  # 5 % of 200


def test_one_trial_is_not_deflated():
    only = trial(0, 1.0, np.random.default_rng(1).normal(0.001, 0.01, 250))
    told = judge_best([only], only)
    assert told.deflated == told.probability
    assert told.luck == 0.0


def test_a_trial_without_volatility_has_no_verdict():
    flat = trial(0, 0.0, (0.0, 0.0, 0.0))
    assert judge_best([flat], flat).deflated is None


def test_values_are_typed():
    assert [value_of(text) for text in ("1", "1.0", "-2", "FALSE", " x ")] == [
        1,
        1.0,
        -2,
        False,
        "x",
    ]
    assert isinstance(value_of("1"), int)
    assert value_of("inf") == "inf"
