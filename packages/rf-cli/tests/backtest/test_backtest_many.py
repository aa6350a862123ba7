"""``rf backtest sweep`` and ``walk``: the same table whoever works, stopped and resumed."""

from __future__ import annotations

import sqlite3

import pytest

from rf_cli.exits import Exit

SWEEP = ("backtest", "sweep", "--data", "acme.csv", "--grid", "period=8:20:3")
THRESHOLDS = ("--grid", "threshold=0.005,0.01")
WALK = ("backtest", "walk", "--data", "acme.csv", "--grid", "period=8:20:6", "--folds", "2")


def test_one_and_two_processes_give_the_same_table(rf, bars, data_dir):
    told = [
        rf("--json", *SWEEP, *THRESHOLDS, "momentum", "--jobs", jobs).json["data"]
        for jobs in ("1", "2")
    ]
    assert told[0]["table_hash"] == told[1]["table_hash"]
    assert told[0]["best"] == told[1]["best"]
    assert told[0]["judged"]["trials"] == 10
    assert (data_dir / "backtests/sw-0002/heatmap.html").stat().st_size > 1_000_000


def test_the_best_set_run_alone_gives_what_the_sweep_said(rf, bars):
    best = rf("--json", *SWEEP, "momentum", "--jobs", "1").json["data"]["best"][0]
    chosen = f"period={best['parameters']['period']}"
    alone = rf("--json", "backtest", "run", "momentum", "--data", "acme.csv", "--param", chosen)
    assert alone.json["data"]["trials"] == 6  # the five sets of the sweep, and this run
    for name in ("trades", "total_return", "sharpe", "turnover"):
        assert alone.json["data"]["metrics"][name] == best["metrics"][name]


def test_a_sweep_that_is_stopped_keeps_what_is_finished_and_goes_on(
    rf, bars, signalling, workspace, data_dir
):
    whole = rf("--json", *SWEEP, "signalling.py", "--jobs", "1").json["data"]
    (workspace / "stop").touch()
    cut = rf("--json", *SWEEP, "signalling.py", "--jobs", "1")
    assert cut.code == Exit.INTERRUPTED
    assert 0 < cut.json["data"]["trials"] < whole["trials"]
    with sqlite3.connect(data_dir / "backtests/sw-0002/trials.sqlite") as db:
        kept = db.execute("select count(*) from trials").fetchone()[0]
    db.close()
    assert kept == cut.json["data"]["trials"]
    again = rf("--json", "backtest", "sweep", "--resume", "sw-0002", "--jobs", "1")
    assert again.code == Exit.OK
    assert again.json["data"]["table_hash"] == whole["table_hash"]


def test_a_stopped_sweep_names_the_command_that_goes_on(rf, bars, signalling, workspace):
    (workspace / "stop").touch()
    cut = rf(*SWEEP, "signalling.py", "--jobs", "1")
    assert "STOPPED" in cut.out
    assert "rf backtest sweep --resume sw-0001" in cut.out


def test_a_sweep_is_not_resumed_with_other_code(rf, bars, signalling, workspace):
    (workspace / "stop").touch()
    rf(*SWEEP, "signalling.py", "--jobs", "1")
    signalling.write_text(signalling.read_text() + "\n# changed\n")
    ran = rf("backtest", "sweep", "--resume", "sw-0001", "--jobs", "1")
    assert (ran.code, "RF-B-012" in ran.err) == (Exit.FOUND, True)


def test_sets_that_cannot_be_run_are_tries_and_are_told(rf, bars):
    ran = rf(
        "--json", "backtest", "sweep", "momentum", "--data", "acme.csv", "--jobs", "1",
        "--grid", "period=0,10,20",
    )  # fmt: skip
    data = ran.json["data"]
    assert (data["failed"], data["judged"]["trials"]) == (1, 3)
    assert "period" in data["errors"][0]


def test_a_rule_leaves_sets_out(rf, bars):
    data = rf(
        "--json", "backtest", "sweep", "momentum", "--data", "acme.csv", "--jobs", "1",
        "--grid", "period=10,20", "--grid", "again_after=15,25", "--where", "period<again_after",
    ).json["data"]  # fmt: skip
    assert [row["parameters"]["again_after"] for row in data["best"]].count(15) == 1
    assert data["total"] == 3


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("momentum", "--data", "acme.csv"), "--grid"),
        (("momentum", "--data", "acme.csv", "--grid", "period"), "name=first:last:step"),
        (("momentum", "--data", "acme.csv", "--grid", "period=9:5:1"), "first <= last"),
        (("momentum", "--data", "acme.csv", "--grid", "period=5", "--metric", "luck"), "sharpe"),
        (
            ("momentum", "--data", "acme.csv", "--grid", "period=5", "--metric", "max_drawdown"),
            "sh",
        ),
        (("momentum", "--data", "acme.csv", "--grid", "period=5", "--where", "x<1"), "'x'"),
        (("momentum", "--data", "acme.csv", "--grid", "period=5", "--jobs", "0"), "--jobs 0"),
        (("momentum", "--resume", "sw-0001"), "--resume"),
    ],
)
def test_a_sweep_that_cannot_be_understood_is_told(rf, bars, data_dir, words, told):
    ran = rf("backtest", "sweep", *words)
    assert ran.code == Exit.USAGE, ran.err
    assert told in ran.err
    assert not list(data_dir.glob("backtests/*"))


def test_a_walk_is_the_same_with_one_and_two_processes(rf, bars):
    one, two = (rf("--json", *WALK, "momentum", "--jobs", jobs).json["data"] for jobs in "12")
    assert one["returns_hash"] == two["returns_hash"]
    assert one["folds"] == two["folds"]
    assert len(one["folds"]) == 2
    assert one["drift"]["period"]["values"] == [row["parameters"]["period"] for row in one["folds"]]


def test_a_walk_tells_whether_it_holds_by_its_exit_code(rf, bars):
    ran = rf("--json", *WALK, "momentum", "--jobs", "1")
    assert ran.code == (Exit.OK if ran.json["data"]["holds"] else Exit.FOUND)
    assert "outside the fits" in ran.json["data"]["verdict"]


def test_a_walk_that_is_stopped_goes_on(rf, bars, signalling, workspace):
    whole = rf("--json", *WALK, "signalling.py", "--jobs", "1").json["data"]
    (workspace / "stop").touch()
    cut = rf("--json", *WALK, "signalling.py", "--jobs", "1")
    assert cut.code == Exit.INTERRUPTED
    again = rf("--json", "backtest", "walk", "--resume", "wf-0002", "--jobs", "1")
    assert again.json["data"]["returns_hash"] == whole["returns_hash"]


def test_too_many_folds_are_refused(rf, bars):
    ran = rf(*WALK[:-1], "500", "momentum", "--jobs", "1")
    assert (ran.code, "walk: expected" in ran.err) == (Exit.USAGE, True)


def test_the_page_of_a_run_shows_the_sweep_and_the_walk_that_came_before(rf, bars, data_dir):
    rf("backtest", "run", "momentum", "--data", "acme.csv")
    rf(*SWEEP, *THRESHOLDS, "momentum", "--jobs", "1")
    rf(*WALK, "momentum", "--jobs", "1")
    rf("backtest", "run", "momentum", "--data", "acme.csv", "--param", "period=11")
    rf("backtest", "run", "momentum", "--data", "acme.csv", "--fees-bps", "9")
    pages = [
        (data_dir / "backtests" / name / "report.html").read_text()
        for name in ("bt-0001", "bt-0002", "bt-0003")
    ]
    shown = [("Walk-forward folds" in page, "Parameter surface: sharpe" in page) for page in pages]
    assert shown == [(False, False), (True, True), (False, False)]
