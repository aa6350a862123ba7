"""Eight layers on strategies that must pass, and on ones that must not."""

from dataclasses import replace
from math import inf, isnan, nan

import msgspec
import numpy as np
import pytest

from rf_backtest.validation import (
    COST_PAIRS,
    LAYERS,
    Layer,
    Limits,
    Lookahead,
    Plan,
    Subject,
    Trace,
    audit,
    capacity,
    consistency,
    cost_grid,
    find_lookahead,
    reproducibility,
)
from rf_backtest.validation.layers import check

ROWS = 756
PLAN = Plan(samples=300, simulations=500, blocks=8, capitals=(1e4, 1e5, 1e6))
CLEAN = Lookahead((), (1, 2, 3))


def table_of(edge, seed=3, columns=6):
    rng = np.random.default_rng(seed)
    calm = np.repeat(np.exp(0.7 * rng.standard_normal(ROWS // 21)), 21)
    table = 0.004 * calm[:, None] * rng.standard_normal((ROWS, columns))
    table[:, 2] += edge
    return table


def wins(count, rng):
    return np.where(rng.random(count) < 0.7, 300.0, -200.0).tolist()


@pytest.fixture
def make_subject(make_result):
    """Return a function that builds a whole subject around one column of a table."""

    def build(edge, *, drag=2e-6, follows=True, **other):
        table = table_of(edge)
        pnl = wins(60, np.random.default_rng(4)) if edge > 0 else [100.0, -100.0] * 30
        kept = int(np.argmax(table.mean(axis=0) / table.std(axis=0)))
        result = make_result(table[:, kept], pnl)

        def with_costs(commission, slippage):
            return make_result(table[:, kept] - drag * (commission + slippage), pnl)

        def with_capital(capital):
            made = make_result(table[:, kept] - 1e-9 * np.sqrt(capital), pnl, capital=capital)
            return made if follows else replace(made, fills=result.fills)

        values = {
            "result": result,
            "runner": lambda parameters, start, end: table[start:end, parameters["column"]],
            "grid": {"column": list(range(6))},
            "rows": ROWS,
            "with_costs": with_costs,
            "with_capital": with_capital,
            "at_close": lambda: make_result(table[:, kept] + 1e-5, pnl),
            "again": lambda: result,
            "bias": CLEAN,
            "code": "abc123",
        }
        return Subject(**(values | other))

    return build


def layers_of(report):
    return {layer.name: layer for layer in report.layers}


def checks_of(layer):
    return {found.name: found for found in layer.checks}


def test_a_strategy_with_an_edge_passes_all_eight(make_subject):
    report = audit(make_subject(0.0025), PLAN)
    assert [layer.name for layer in report.layers] == list(LAYERS)
    assert report.failed == ()
    assert report.passed
    assert report.verdict.startswith("distinguishable from luck")
    assert report.verdict.endswith("trials counted: 6)")
    assert report.measures is not None
    assert not isnan(report.measures.generalisation)
    assert set(report.details) == {*LAYERS, "paths"}


def test_the_best_of_noise_fails_where_luck_is_asked_for(make_subject):
    report = audit(make_subject(0.0), PLAN)
    assert {"metrics", "walk_forward", "robustness", "overfit", "capacity"} <= set(report.failed)
    assert {"consistency", "reproducibility"}.isdisjoint(report.failed)
    assert report.verdict.startswith("not distinguishable from luck")
    assert checks_of(layers_of(report)["overfit"])["pbo"].value > 0.10


def test_no_noise_of_many_seeds_passes_the_layers_of_luck(make_subject):
    passed = 0
    for seed in range(20):
        table = table_of(0.0, seed=seed)
        subject = make_subject(0.0, runner=lambda p, start, end, t=table: t[start:end, p["column"]])
        told = layers_of(audit(subject, PLAN, done=_all_but("walk_forward", "overfit")))
        passed += told["walk_forward"].passed or told["overfit"].passed
    assert passed <= 1


def _all_but(*names):
    return {name: Layer(name, passed=True) for name in LAYERS if name not in names}


def test_what_was_not_given_is_unavailable_and_no_pass(make_result):
    report = audit(Subject(result=make_result(table_of(0.0025)[:, 2], [1.0, -1.0])), PLAN)
    told = layers_of(report)
    for name in ("walk_forward", "robustness", "overfit", "consistency", "capacity"):
        assert not told[name].passed
        assert "given" in told[name].reason
        assert told[name].checks == ()
    assert not report.passed
    assert "trials counted: 1)" in report.verdict


def test_one_trial_is_no_choice_and_a_short_result_is_no_measure(make_subject, make_result):
    report = audit(make_subject(0.0025, grid={"column": [2]}), PLAN)
    assert "nothing was chosen" in layers_of(report)["overfit"].reason
    short = audit(Subject(result=make_result([0.1])), PLAN)
    assert "3 equity points" in layers_of(short)["metrics"].reason
    assert short.verdict.startswith("no verdict: expected at least 3 equity points")
    assert short.measures is None


def test_each_single_fault_fails_its_own_layer_only(make_subject, make_result):
    faults = {
        "robustness": {"drag": 2e-4},
        "capacity": {"follows": False},
        "consistency": {"bias": find_lookahead(_peeks, {"close": np.arange(30.0)})},
        "reproducibility": {"again": lambda: make_result(np.zeros(5), output_hash="other")},
    }
    for name, fault in faults.items():
        report = audit(make_subject(0.0025, **fault), PLAN)
        assert report.failed == (name,), name


def _peeks(data):
    return Trace(np.append(data["close"][1:], -1.0))


def test_the_finding_of_the_detector_is_in_the_report(make_subject):
    bias = find_lookahead(_peeks, {"close": np.arange(30.0)})
    found = checks_of(layers_of(audit(make_subject(0.0025, bias=bias), PLAN))["consistency"])
    assert found["lookahead"].value == 1.0
    assert found["lookahead"].note.startswith("decision at bar 0 is 1 with the whole data")
    missing = layers_of(audit(make_subject(0.0025, bias=None), PLAN))["consistency"]
    assert not missing.passed
    assert checks_of(missing)["lookahead"].note == "not run"


def test_an_interrupted_audit_goes_on_and_says_the_same(make_subject):
    subject, kept = make_subject(0.0025), {}

    def keep(layer):
        # Through JSON, as a shell would store it.
        kept[layer.name] = msgspec.json.decode(msgspec.json.encode(layer), type=Layer)
        if len(kept) == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        audit(subject, PLAN, on_layer=keep)
    never = subject.with_costs
    resumed = audit(replace(subject, with_costs=never), PLAN, done=kept)
    whole = audit(subject, PLAN)
    assert resumed.layers == whole.layers
    assert resumed.verdict == whole.verdict
    assert resumed.measures.dsr == whole.measures.dsr
    assert "walk_forward" not in resumed.details


def test_progress_names_the_layer(make_subject):
    seen = []
    audit(make_subject(0.0025), PLAN, progress=lambda *told: seen.append(told))
    assert ("walk_forward", 35, 35) in seen
    assert ("robustness", 6, 6) in seen
    assert {name for name, _, _ in seen} >= {"walk_forward", "overfit", "capacity"}


def test_a_stricter_limit_fails(make_subject):
    strict = replace(PLAN, limits=Limits(deep_drawdown=0.001))
    assert audit(make_subject(0.0025), strict).failed == ("monte_carlo",)


def test_the_cost_grid_asks_the_first_four_pairs(make_result):
    def run(commission, slippage):
        drag = 1e-4 * (commission + slippage) * 0.1
        return make_result(np.tile([0.011, -0.009], 100) - drag, [30.0, -10.0])

    grid = cost_grid(run)
    assert [(row.commission_bps, row.slippage_bps) for row in grid.rows] == list(COST_PAIRS)
    ratios = [row.sharpe for row in grid.rows]
    assert ratios == sorted(ratios, reverse=True)
    # Mean 0.001 of deviation 0.01: 0.1 a day, 1.58 a year; each basis point takes a hundredth.
    assert ratios[0] == pytest.approx(0.1 * np.sqrt(252.0), rel=0.01)
    assert grid.robust
    assert grid.sharpe_range == pytest.approx(0.4 * 0.1 * np.sqrt(252.0), rel=0.01)
    assert grid.worst_profitable
    assert grid.rows[0].profit_factor == 3.0
    assert not cost_grid(lambda c, s: run(10 * c, s)).robust


def test_the_limit_of_capacity_lies_where_the_ratio_crosses_one(make_result):
    def run(capital):
        # A Sharpe ratio of 3 at 10,000 that loses 0.3 with every doubling.
        ratio = 3.0 - 0.3 * np.log2(capital / 1e4)
        swing = np.tile([1.0, -1.0], 500)
        deviation = swing.std(ddof=1)
        return make_result(
            0.01 * (swing + deviation * ratio / np.sqrt(252.0)), [1.0], capital=capital
        )

    told = capacity(run)
    assert told.limit == pytest.approx(1e4 * 2.0 ** (2.0 / 0.3), rel=1e-6)
    assert told.decay == pytest.approx(-0.3)
    assert told.scales
    assert capacity(run, capitals=(1e4, 1e5)).limit == inf
    assert capacity(run, capitals=(1e8, 1e9)).limit == 0.0


def test_a_quantity_that_ignores_the_capital_has_no_capacity(make_result):
    fixed = make_result(np.tile([0.011, -0.009], 50), [1.0])
    assert not capacity(lambda capital: fixed).scales
    with pytest.raises(ValueError, match="rising positive capitals"):
        capacity(lambda capital: fixed, capitals=(1e5, 1e4))


def test_other_fills_must_tell_the_same_story(make_result):
    returns = 0.01 * np.random.default_rng(1).standard_normal(200)
    one = make_result(returns, [1.0] * 40)
    near = consistency(one, make_result(returns + 1e-4, [1.0] * 39))
    assert near.consistent
    assert near.trade_delta == 0.025
    assert near.correlation == pytest.approx(1.0, abs=1e-3)
    assert not consistency(one, make_result(returns, [1.0] * 30)).consistent
    assert not consistency(one, make_result(-returns, [1.0] * 40)).consistent
    assert isnan(consistency(one, make_result(np.zeros(200), [1.0] * 40)).correlation)
    with pytest.raises(ValueError, match="equal numbers of returns"):
        consistency(one, make_result(returns[:50]))


def test_two_runs_must_have_equal_hashes(make_result):
    one = make_result([0.1, 0.2])
    assert reproducibility(lambda: one, code="v1").reproducible
    other = make_result([0.1, 0.2], output_hash="p", data_hash="")
    told = reproducibility(lambda: other, first=one)
    assert told.differs == ("data_hash", "output_hash")
    # A hash that is missing from both is no proof.
    assert reproducibility(lambda: other).differs == ("data_hash",)


def test_a_number_that_is_unknown_never_passes():
    assert not check("x", nan, "<=", 1.0).passed
    assert check("x", nan, "<=", 1.0).value is None
    assert check("x", 1.0, "<=", 1.0).passed
    assert not check("x", 1.0, "<", 1.0).passed
    with pytest.raises(ValueError, match="relation"):
        check("x", 1.0, "==", 1.0)
