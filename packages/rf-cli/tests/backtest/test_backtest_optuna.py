"""``--optuna``: a search that the same seed repeats, whoever works, stopped and resumed."""

from __future__ import annotations

import importlib.util
from types import SimpleNamespace

import numpy as np
import pytest

from rf_backtest.sweep import Trial, grid, parse_axis, parse_rule
from rf_cli.backtest.optuna_sweep import BATCH, Search
from rf_cli.exits import Exit
from rf_common.errors import RfError

pytest.importorskip("optuna", reason="the extra sweep is not installed")

SWEEP = ("backtest", "sweep", "--data", "acme.csv", "--grid", "period=8:20:3")
THRESHOLDS = ("--grid", "threshold=0.005,0.01")


class Ask:
    """A grid without a strategy: what a search has to know."""

    metric = "height"

    def __init__(self, axes, trials, *, rules=(), seed=1):
        self.run = SimpleNamespace(config=SimpleNamespace(seed=seed))
        self.optuna = trials
        self._axes = [parse_axis(text) for text in axes]
        self._rules = [parse_rule(text) for text in rules]

    def axes(self):
        return self._axes

    def sets(self):
        return grid(self._axes, rules=self._rules)


def climb(ask, height):
    """Return the sets that a search tries, in order, when `height` says what each gives."""
    known = {}
    for jobs in Search(ask).rounds(known):
        assert len(jobs) <= BATCH
        for job in jobs:
            metrics = {"height": height(job.parameters)}
            known[job.number] = Trial(job.number, job.parameters, metrics, np.empty(0))
    return [known[number].parameters for number in range(len(known))]


def hill(parameters):
    return -((parameters["x"] - 70) ** 2) - (parameters["y"] - 30) ** 2


HILL = ("x=0:99:1", "y=0:99:1")


def test_a_search_climbs_a_hill_that_chance_does_not():
    best = [max(map(hill, climb(Ask(HILL, 80, seed=seed), hill))) for seed in range(3)]
    rng = np.random.default_rng(1)
    sets = Ask(HILL, 80).sets()
    chance = [max(hill(sets[place]) for place in rng.integers(10_000, size=80)) for _ in range(99)]
    assert np.median(best) > np.median(chance)


def test_the_same_seed_tries_the_same_sets_and_another_one_others():
    one, same, other = (climb(Ask(HILL, 30, seed=seed), hill) for seed in (1, 1, 2))
    assert one == same
    assert one != other


@pytest.mark.parametrize("axes", [("x=0:5:1", "y=a,b,c"), ("x=1,1.0,true,0.5", "y=0:4:1")])
def test_a_search_as_long_as_the_grid_tries_every_set_once(axes):
    ask = Ask(axes, 10_000)
    tried = climb(ask, lambda _: 1.0)
    assert sorted(map(repr, tried)) == sorted(map(repr, ask.sets()))


def test_a_set_that_breaks_a_rule_is_not_tried():
    tried = climb(Ask(HILL, 40, rules=["x<y"]), hill)
    assert len(tried) == 40
    assert all(one["x"] < one["y"] for one in tried)


def test_a_search_learns_to_keep_a_rule():
    rules = ["x<y"]
    top = max(map(hill, Ask(HILL, 1, rules=rules).sets()))  # at the edge that the rule draws
    best = [max(map(hill, climb(Ask(HILL, 80, rules=rules, seed=s), hill))) for s in range(3)]
    assert np.median(best) > top - 60  # as many sets drawn by chance: 139 below


def test_sets_without_a_value_do_not_end_a_search():
    assert len(climb(Ask(HILL, 20), lambda _: float("nan"))) == 20


def test_one_and_two_processes_give_the_same_table(rf, bars):
    words = ("--json", *SWEEP, *THRESHOLDS, "momentum", "--optuna", "6")
    one, two = (rf(*words, "--jobs", jobs).json["data"] for jobs in "12")
    assert one["table_hash"] == two["table_hash"]
    assert (one["total"], one["complete"]) == (6, True)
    assert one["judged"]["trials"] == 6


def test_a_search_that_is_stopped_goes_on_to_the_same_table(rf, bars, signalling, workspace):
    words = ("--json", *SWEEP, *THRESHOLDS, "signalling.py", "--optuna", "9", "--jobs", "1")
    whole = rf(*words).json["data"]
    (workspace / "stop").touch()
    cut = rf(*words)
    assert cut.code == Exit.INTERRUPTED
    assert 0 < cut.json["data"]["trials"] < 9
    again = rf("--json", "backtest", "sweep", "--resume", "sw-0002", "--jobs", "2")
    assert again.code == Exit.OK
    assert again.json["data"]["table_hash"] == whole["table_hash"]


def test_tries_of_a_search_count_for_a_later_run(rf, bars):
    rf(*SWEEP, "momentum", "--optuna", "3", "--jobs", "1")
    ran = rf("--json", "backtest", "run", "momentum", "--data", "acme.csv", "--param", "period=11")
    assert ran.json["data"]["trials"] == 4


def test_trials_of_another_search_are_refused():
    jobs = next(iter(Search(Ask(HILL, 4)).rounds({})))
    known = {
        job.number: Trial(job.number, {"x": -1, "y": -1}, {"height": 1.0}, np.empty(0))
        for job in jobs
    }
    with pytest.raises(RfError, match="trial 0 was") as caught:
        list(Search(Ask(HILL, 8)).rounds(known))
    assert caught.value.code == "RF-B-012"


@pytest.mark.parametrize("words", [("--optuna", "-1"), ("--optuna", "3", "--count", "2")])
def test_a_number_that_cannot_be_is_told(rf, bars, data_dir, words):
    ran = rf(*SWEEP, "momentum", *words)
    assert (ran.code, "--optuna" in ran.err) == (Exit.USAGE, True)
    assert not list(data_dir.glob("backtests/*"))


def test_a_search_without_the_package_names_the_extra(rf, bars, data_dir, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    ran = rf(*SWEEP, "momentum", "--optuna", "3")
    assert (ran.code, "rf-cli[sweep]" in ran.err) == (Exit.USAGE, True)
    assert not list(data_dir.glob("backtests/*"))
