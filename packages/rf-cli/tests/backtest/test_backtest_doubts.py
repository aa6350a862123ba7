"""``rf backtest bias``, ``mc``, ``audit`` and ``compare``: what they find and what they pass."""

from __future__ import annotations

import json

import pytest

from rf_cli.exits import Exit

COLUMNS = """
import numpy as np

def decide(columns):
    close = columns["close"]
    {body}
    return {{"decision": np.where(close > level, 1.0, -1.0), "level": level}}
"""

LEAKS = {
    "shift(-1)": "level = np.append(close[1:], close[-1])",
    "a centred window": (
        "level = np.convolve(np.pad(close, 2, mode='edge'), np.ones(5) / 5, mode='valid')"
    ),
    "the mean of all bars": "level = np.full(close.size, close.mean())",
    "a late resample": (
        "weeks = np.arange(close.size) // 5; "
        "level = np.array([close[weeks == week][-1] for week in weeks])"
    ),
}
CLEAN = "level = np.array([close[max(0, i - 9) : i + 1].mean() for i in range(close.size)])"


@pytest.mark.parametrize("name", LEAKS)
def test_a_column_that_knows_the_future_is_found_and_named(rf, bars, workspace, name):
    (workspace / "leaky.py").write_text(COLUMNS.format(body=LEAKS[name]))
    ran = rf("backtest", "bias", "leaky.py", "--data", "acme.csv", "--sample", "20")
    assert ran.code == Exit.FOUND
    assert "RF-B-021  look-ahead: column 'level' at bar" in ran.out
    assert "with all data" in ran.out


def test_a_column_that_looks_back_passes_and_its_warm_up_is_enough(rf, bars, workspace):
    (workspace / "clean.py").write_text(COLUMNS.format(body=CLEAN))
    ran = rf(
        "--json", "backtest", "bias", "clean.py", "--data", "acme.csv", "--warm-up", "10",
    )  # fmt: skip
    assert ran.code == Exit.OK
    assert ran.json["data"]["warm_up"]["enough"] == 1


def test_a_warm_up_that_is_too_short_is_told(rf, bars, workspace):
    (workspace / "clean.py").write_text(COLUMNS.format(body=CLEAN))
    data = rf(
        "--json", "backtest", "bias", "clean.py", "--data", "acme.csv", "--warm-up", "1",
    ).json["data"]  # fmt: skip
    assert data["warm_up"]["agree"][0] < 1.0
    assert data["warm_up"]["enough"] != 1


def test_a_strategy_of_the_engine_passes(rf, momentum):
    ran = rf("backtest", "bias", *momentum, "--sample", "5")
    assert (ran.code, "lookahead ok" in ran.out) == (Exit.OK, True)


def test_a_strategy_that_reads_the_whole_file_and_peeks_is_found(rf, bars, workspace):
    (workspace / "peeking.py").write_text(
        "from rf_common.orders import Signal\n"
        "from rf_strategy import momentum\n\n"
        "class Peeking(momentum.Momentum):\n"
        "    seen = []\n"
        "    def on_event(self, context, event):\n"
        "        self.seen.append(1)\n"
        "        if len(self.seen) % 40 == 1:\n"
        "            return Signal(self.strategy_id, event.instrument_id, 1, 1.0, 1.0, 'count')\n\n"
        "def build(strategy_id, parameters):\n"
        "    return Peeking(strategy_id, momentum.MomentumParameters())\n"
    )
    ran = rf("backtest", "run", "peeking.py", "--data", "acme.csv")
    assert ran.code == Exit.FOUND  # it remembers the run before: the same data decides otherwise
    assert "lookahead FOUND" in ran.out


def test_futures_are_the_same_with_the_same_seed_only(rf, momentum):
    rf("backtest", "run", *momentum)
    draws = [
        rf("--json", "backtest", "mc", "--simulations", "200", "--seed", seed).json["data"]
        for seed in ("3", "3", "4")
    ]
    assert draws[0] == draws[1] != draws[2]
    assert [one["of"] for one in draws[0]["futures"]] == ["returns", "trades"]
    wealth = draws[0]["futures"][0]["wealth"]
    assert wealth == sorted(wealth)


@pytest.mark.parametrize("words", [("--ruin", "1"), ("--simulations", "0"), ("--seed", "-1")])
def test_futures_that_cannot_be_drawn_are_refused(rf, momentum, words):
    rf("backtest", "run", *momentum)
    assert rf("backtest", "mc", *words).code == Exit.USAGE


def test_an_audit_prints_eight_layers_and_one_verdict(rf, momentum):
    ran = rf(
        "backtest", "audit", *momentum, "--grid", "again_after=10,20", "--jobs", "1",
        "--folds", "2", "--samples", "100", "--simulations", "100",
    )  # fmt: skip
    assert ran.code in {Exit.OK, Exit.FOUND}
    heads = [line for line in ran.out.splitlines() if line[:1].isdigit()]
    assert [line[0] for line in heads] == list("12345678")
    assert all("pass" in line or "FAIL" in line for line in heads)
    assert ran.out.count("verdict   ") == 1
    assert ("PASSED  8 of 8" in ran.out) == (ran.code == Exit.OK)


def test_an_audit_without_a_grid_does_not_pass_what_it_cannot_test(rf, momentum):
    ran = rf(
        "--json", "backtest", "audit", *momentum, "--samples", "100", "--simulations", "100",
        "--jobs", "1",
    )  # fmt: skip
    layers = {row["name"]: row for row in ran.json["data"]["layers"]}
    assert ran.code == Exit.FOUND
    assert not layers["walk_forward"]["passed"]
    assert "grid" in layers["walk_forward"]["reason"]
    assert layers["reproducibility"]["passed"]


def test_an_audit_is_the_same_with_one_and_two_processes(rf, momentum):
    small = ("--folds", "2", "--samples", "100", "--simulations", "100")
    words = ("--json", "backtest", "audit", *momentum, "--grid", "again_after=10,20", *small)
    one, two = (rf(*words, "--jobs", jobs).json["data"] for jobs in "12")
    assert one["layers"] == two["layers"]


def test_a_run_compared_with_its_repeat_is_equal(rf, momentum):
    rf("backtest", "run", *momentum)
    rf("backtest", "run", "--from-run", "bt-0001")
    ran = rf("backtest", "compare", "bt-0001", "bt-0002")
    assert (ran.code, "EQUAL" in ran.out) == (Exit.OK, True)


def test_each_difference_has_its_reason_and_the_setting_is_named(rf, momentum):
    rf("backtest", "run", *momentum)
    rf("backtest", "run", *momentum, "--slippage-bps", "8")
    data = rf("--json", "backtest", "compare", "bt-0001", "bt-0002").json["data"]
    assert "config.costs.slippage_bps: 1.0, 8.0" in data["settings"]
    assert data["different"] > 0
    assert all(row["reason"] not in {"", "equal"} for row in data["rows"])
    assert any("price" in row["reason"] for row in data["rows"])


def test_fills_that_only_one_side_has_are_told(rf, momentum):
    rf("backtest", "run", *momentum)
    rf("backtest", "run", *momentum, "--from", "2022-05-01")
    data = rf("--json", "backtest", "compare", "bt-0001", "bt-0002").json["data"]
    assert "outside the times of bt-0002" in data["reasons"]


def test_compare_needs_another_side(rf, momentum):
    rf("backtest", "run", *momentum)
    assert rf("backtest", "compare", "bt-0001").code == Exit.USAGE


def test_a_recording_runs_and_says_what_it_is(rf, tape, data_dir):
    ran = rf("--json", "backtest", "run", "momentum", "--recording", str(tape))
    assert ran.code == Exit.OK, ran.err
    data = ran.json["data"]
    assert data["instruments"] == ["binance:BTCUSDT"]
    assert "recorded book" in data["assumptions"]["fill model"]
    again = rf("--json", "backtest", "run", "--from-run", "bt-0001").json["data"]
    assert again["repeat"]["equal"]
    json.dumps(data, allow_nan=False)


def test_a_walk_over_a_recording_is_refused(rf, tape):
    ran = rf("backtest", "walk", "momentum", "--recording", str(tape), "--grid", "period=5,10")
    assert (ran.code, "needs bars" in ran.err) == (Exit.USAGE, True)
