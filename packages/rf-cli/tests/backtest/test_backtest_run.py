"""``rf backtest run`` and what is kept: whole or not at all, and the same again."""

from __future__ import annotations

import json
import tomllib

import polars as pl
import pytest

from rf_cli.backtest.store import Store
from rf_cli.exits import Exit

FILES = {
    "config.toml",
    "summary.json",
    "trades.csv",
    "fills.csv",
    "orders.csv",
    "equity.parquet",
    "log.jsonl",
    "report.html",
}


def test_a_run_keeps_every_file_and_prints_the_block(rf, momentum, data_dir):
    ran = rf("backtest", "run", *momentum)
    assert ran.code == Exit.OK, ran.err
    for word in ("strategy   buy+hold", "verdict", "lookahead ok", "bt-0001", "next "):
        assert word in ran.out
    folder = data_dir / "backtests" / "bt-0001"
    assert {path.name for path in folder.iterdir()} == FILES
    config = tomllib.loads((folder / "config.toml").read_text())
    assert len(config["code_hash"]) == len(config["data"]["files"][0]["sha256"]) == 64
    summary = json.loads((folder / "summary.json").read_text())
    equity = pl.read_parquet(folder / "equity.parquet")
    assert summary["points"] == equity.height == 240
    assert summary["final_equity"] == equity["equity"][-1]
    assert [path.name for path in folder.parent.iterdir()] == ["bt-0001"]


def test_the_cash_of_the_ledger_is_that_of_the_fills(rf, momentum, data_dir):
    rf("backtest", "run", *momentum)
    folder = data_dir / "backtests" / "bt-0001"
    fills = pl.read_csv(folder / "fills.csv")
    sign = pl.when(pl.col("side") == "BUY").then(-1.0).otherwise(1.0)
    paid = fills.select((sign * pl.col("price") * pl.col("quantity") - pl.col("fee")).sum()).item()
    assert pl.read_parquet(folder / "equity.parquet")["cash"][-1] == pytest.approx(100_000 + paid)


def test_a_repeat_is_equal_bit_for_bit_and_says_so(rf, momentum, data_dir):
    rf("backtest", "run", *momentum, "--seed", "7")
    ran = rf("backtest", "run", "--from-run", "bt-0001")
    assert ran.code == Exit.OK
    assert "equal to bt-0001 bit for bit" in ran.out
    one, other = (data_dir / "backtests" / name for name in ("bt-0001", "bt-0002"))
    for name in ("trades.csv", "fills.csv", "orders.csv", "equity.parquet"):
        assert (one / name).read_bytes() == (other / name).read_bytes()
    told = [json.loads((folder / "summary.json").read_text())["hashes"] for folder in (one, other)]
    assert told[0] == told[1]


def test_a_repeat_with_another_file_does_not_start(rf, momentum, bars):
    rf("backtest", "run", *momentum)
    bars.write_text(bars.read_text().replace("2022-01-03", "2022-01-02"))
    ran = rf("backtest", "run", "--from-run", "bt-0001")
    assert (ran.code, "RF-D-011" in ran.err) == (Exit.DATA, True)


def test_a_repeat_with_other_code_shows_the_difference(rf, signalling, bars, data_dir):
    rf("backtest", "run", "signalling.py", "--data", "acme.csv", "--param", "period=12")
    signalling.write_text(
        signalling.read_text().replace("(strategy_id, parameters)\n", "(strategy_id, {})\n")
    )
    ran = rf("--json", "backtest", "run", "--from-run", "bt-0001")
    repeat = ran.json["data"]["repeat"]
    assert ran.code == Exit.FOUND
    assert not repeat["same_code"]
    assert "fills.csv" in repeat["differs"]


def test_a_repeat_takes_nothing_else(rf, momentum):
    rf("backtest", "run", *momentum)
    assert rf("backtest", "run", "--from-run", "bt-0001", "--seed", "2").code == Exit.USAGE


def test_an_interrupted_run_leaves_nothing(rf, bars, workspace, data_dir):
    (workspace / "slow.py").write_text(
        "import signal\nfrom rf_strategy import momentum\n\n"
        "class Slow(momentum.Momentum):\n"
        "    def on_event(self, context, event):\n"
        "        signal.raise_signal(signal.SIGINT)\n\n"
        "def build(strategy_id, parameters):\n"
        "    return Slow(strategy_id, momentum.MomentumParameters())\n"
    )
    ran = rf("backtest", "run", "slow.py", "--data", "acme.csv")
    assert ran.code == Exit.INTERRUPTED
    assert "nothing was kept" in ran.err
    assert not list(data_dir.glob("backtests/*"))


def test_a_strategy_that_raises_is_told(rf, bars, workspace):
    (workspace / "broken.py").write_text(
        "from rf_strategy import momentum\n\n"
        "class Broken(momentum.Momentum):\n"
        "    def on_event(self, context, event):\n"
        "        raise RuntimeError('no such column')\n\n"
        "def build(strategy_id, parameters):\n"
        "    return Broken(strategy_id, momentum.MomentumParameters())\n"
    )
    ran = rf("backtest", "run", "broken.py", "--data", "acme.csv", "--no-bias")
    assert "no such column" in ran.out
    assert "no verdict" in ran.out


def test_rows_without_a_number_are_counted_and_told(rf, momentum, bars):
    lines = bars.read_text().splitlines()
    lines[50] = lines[50].rsplit(",", 2)[0] + ",nan,1000000"
    bars.write_text("\n".join(lines) + "\n")
    ran = rf("--json", "backtest", "run", *momentum)
    assert ran.json["data"]["data"][0]["nan_rows"] == 1
    assert any("left out" in text for text in ran.json["data"]["warnings"])


BAD = {
    "no data": (("momentum",), Exit.DATA, "--data SYMBOL=bars.csv"),
    "no file": (("momentum", "--data", "none.csv"), Exit.DATA, "none.csv"),
    "no strategy": (("nonesuch", "--data", "acme.csv"), Exit.USAGE, "known: "),
    "nothing": ((), Exit.USAGE, "--from-run"),
    "two kinds": (
        ("momentum", "--data", "acme.csv", "--recording", "a.gz"),
        Exit.USAGE,
        "one of the two",
    ),
    "impossible day": (
        ("momentum", "--data", "acme.csv", "--from", "2022-02-30"),
        Exit.USAGE,
        "2022-02-30",
    ),
    "end before start": (
        ("momentum", "--data", "acme.csv", "--from", "2022-03-01", "--to", "2022-02-01"),
        Exit.USAGE,
        "after --from",
    ),
    "outside": (
        ("momentum", "--data", "acme.csv", "--from", "2030-01-01"),
        Exit.DATA,
        "have: 2022-01-03",
    ),
    "twice": (
        ("momentum", "--data", "acme.csv", "--data", "acme.csv"),
        Exit.USAGE,
        "SYMBOL=FILE",
    ),
    "bad parameter": (
        ("momentum", "--data", "acme.csv", "--param", "period"),
        Exit.USAGE,
        "period=20",
    ),
    "unknown parameter": (
        ("momentum", "--data", "acme.csv", "--param", "perio=3"),
        Exit.USAGE,
        "perio",
    ),
    "refused parameter": (
        ("momentum", "--data", "acme.csv", "--param", "period=0"),
        Exit.USAGE,
        "period",
    ),
    "no cash": (("momentum", "--data", "acme.csv", "--cash", "0"), Exit.USAGE, "above 0"),
    "bad interval": (
        ("momentum", "--data", "acme.csv", "--interval", "1y"),
        Exit.USAGE,
        "1m or 1d",
    ),
    "negative cost": (
        ("momentum", "--data", "acme.csv", "--spread-bps", "-1"),
        Exit.USAGE,
        "spread_bps",
    ),
    "too large": (
        ("momentum", "--data", "acme.csv", "--fraction", "2"),
        Exit.USAGE,
        "fraction",
    ),
    "bad settings": (
        ("momentum", "--data", "acme.csv", "--settings", "none.toml"),
        Exit.CONFIG,
        "none.toml",
    ),
}


@pytest.mark.parametrize("case", BAD, ids=str)
def test_a_bad_call_is_told_and_keeps_nothing(rf, bars, data_dir, case):
    words, code, told = BAD[case]
    ran = rf("backtest", "run", *words)
    assert ran.code == code, ran.err
    assert told in ran.err
    assert not list(data_dir.glob("backtests/*"))


TABLES = {
    "time goes back": lambda rows: [*rows[5:], *rows[:5]],
    "two different rows of a day": lambda rows: [*rows[:9], rows[9][:-5] + "99999", *rows[9:]],
    "a price below 0": lambda rows: [*rows[:9], rows[9].replace(",", ",-", 1), *rows[10:]],
}


@pytest.mark.parametrize("case", TABLES, ids=str)
def test_a_table_that_cannot_be_right_is_refused(rf, momentum, bars, case):
    head, *rows = bars.read_text().splitlines()
    bars.write_text("\n".join([head, *TABLES[case](rows)]) + "\n")
    ran = rf("backtest", "run", *momentum)
    assert ran.code == Exit.DATA
    assert "acme.csv" in ran.err


def test_a_table_without_columns_is_refused(rf, momentum, bars):
    bars.write_text("date,px\n2022-01-03,1\n2022-01-04,2\n")
    ran = rf("backtest", "run", *momentum)
    assert (ran.code, "missing: open" in ran.err) == (Exit.DATA, True)


def test_settings_of_a_file_are_laid_over_and_flags_are_stronger(rf, momentum, workspace, data_dir):
    (workspace / "mine.toml").write_text("[costs]\ntaker_bps = 30.0\nspread_bps = 4.0\n")
    rf(
        "backtest",
        "run",
        *momentum,
        "--settings",
        "mine.toml",
        "--spread-bps",
        "9",
        "--cash",
        "5e5",
    )
    config = tomllib.loads((data_dir / "backtests/bt-0001/config.toml").read_text())["config"]
    assert (config["costs"]["taker_bps"], config["costs"]["spread_bps"]) == (30.0, 9.0)
    assert float(config["engine"]["starting_equity"]) == 500_000


def test_costs_are_never_zero_by_default_and_cost_money(rf, momentum):
    first = rf("--json", "backtest", "run", *momentum).json["data"]
    free = ("--fees-bps", "0", "--spread-bps", "0", "--slippage-bps", "0")
    second = rf("--json", "backtest", "run", *momentum, *free).json["data"]
    paid, spared = first["metrics"]["costs"], second["metrics"]["costs"]
    assert paid["commission"] > spared["commission"] == 0
    assert paid["slippage"] > spared["slippage"]
    assert first["metrics"]["total_return"] < second["metrics"]["total_return"]


def test_what_was_tried_before_is_counted(rf, momentum, bars):
    rf("backtest", "run", *momentum)
    rf("backtest", "run", *momentum)
    more = ("momentum", "--data", "acme.csv", "--param", "period=30")
    assert rf("--json", "backtest", "run", *more).json["data"]["trials"] == 2


def test_kept_runs_are_listed_shown_and_their_trades_told(rf, momentum, data_dir):
    rf("backtest", "run", *momentum, "--name", "first")
    assert "first  file:ACME" in rf("backtest", "list").out
    assert rf("backtest", "show").out == rf("backtest", "show", "bt-0001").out
    trades = rf("--json", "backtest", "trades").json["data"]
    shown = rf("--json", "backtest", "show").json["data"]
    assert len(trades) == shown["trades"] > 0
    pnl = sum(float(row["pnl"]) for row in trades)
    assert pnl == pytest.approx(shown["metrics"]["average_trade"] * len(trades))
    assert len(rf("--json", "backtest", "trades", "--last", "2").json["data"]) == 2


def test_a_page_that_is_gone_is_made_again(rf, momentum, data_dir):
    rf("backtest", "run", *momentum)
    page = data_dir / "backtests/bt-0001/report.html"
    before = page.stat().st_size
    page.unlink()
    assert rf("--json", "backtest", "report").json["data"]["made_again"]
    assert page.stat().st_size == before


def test_an_unknown_run_names_the_newest(rf, momentum):
    rf("backtest", "run", *momentum)
    ran = rf("backtest", "show", "bt-0009")
    assert (ran.code, "bt-0001" in ran.err) == (Exit.USAGE, True)


def test_a_damaged_summary_is_named_and_the_others_are_listed(rf, momentum, data_dir):
    rf("backtest", "run", *momentum)
    rf("backtest", "run", *momentum)
    (data_dir / "backtests/bt-0001/summary.json").write_text("{")
    rows = rf("--json", "backtest", "list").json["data"]
    assert "summary.json" in rows[0]["error"]
    assert not rows[1]["error"]


def test_a_number_that_was_taken_meanwhile_is_not_overwritten(tmp_path):
    store = Store(tmp_path)
    with store.new() as fresh:
        (fresh.path / "mine").touch()
        other = tmp_path / "backtests" / fresh.name
        other.mkdir()
        (other / "theirs").touch()
    assert fresh.name == "bt-0002"
    assert (tmp_path / "backtests/bt-0001/theirs").exists()


def test_a_run_that_fails_while_it_is_written_leaves_nothing(tmp_path):
    store = Store(tmp_path)

    def write():
        with store.new() as fresh:
            (fresh.path / "half").touch()
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write()
    assert list((tmp_path / "backtests").iterdir()) == []
