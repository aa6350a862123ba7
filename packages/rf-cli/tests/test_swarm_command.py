"""``rf swarm``: what it prints, what it writes, what it says when it cannot."""

from __future__ import annotations

import json

import numpy as np
import pytest

from rf_cli import program, swarm
from rf_cli.commands import Entry
from rf_cli.exits import Exit

NAMES = ("run", "scenario", "calibrate", "score", "assets", "interview")
SMALL = ("--agents", "100", "--rounds", "150")


@pytest.fixture(autouse=True)
def listed(monkeypatch):
    """Put the commands into the table where it does not have them."""
    known = {entry.path for entry in program.COMMANDS}
    new = [
        Entry(f"swarm {name}", f"rf_cli.swarm:{name}", "A command.", ())
        for name in NAMES
        if f"swarm {name}" not in known
    ]
    monkeypatch.setattr(program, "COMMANDS", (*program.COMMANDS, *new))
    groups = program.GROUPS if "swarm" in program.GROUPS else program.GROUPS | {"swarm": "Swarm."}
    monkeypatch.setattr(program, "GROUPS", groups)


@pytest.fixture
def closes(workspace):
    """Return a file of 700 daily closes with volumes."""
    rng = np.random.default_rng(3)
    h, px, rows = 1e-4, 100.0, ["date,close,volume"]
    for day in range(700):
        r = np.sqrt(h) * rng.standard_normal()
        h = 2e-6 + 0.1 * r * r + 0.88 * h
        px *= np.exp(r)
        rows.append(f"{day},{px:.6f},{1000 + 1e5 * abs(r):.0f}")
    path = workspace / "closes.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def interrupted(*_, **__):
    raise KeyboardInterrupt


def test_run_prints_facts_profits_conservation_and_speed(rf):
    ran = rf("swarm", "run", *SMALL)
    assert ran.code == Exit.OK
    for word in ("conservation: funds +0, inventory +0", "MarketMaker", "agent steps a second"):
        assert word in ran.out
    for fact in ("fat tails", "volatility clusters", "the bands are meant for 2,000 rounds"):
        assert fact in ran.out


def test_run_as_json_has_every_number_and_equal_seeds_give_equal_ones(rf):
    one, two = (rf("swarm", "run", *SMALL, "--seed", "5", "--json").json for _ in range(2))
    assert one["schema"] == "rf.swarm.run/1"
    data = one["data"]
    assert data["conservation"] == {"funds": 0, "inventory": 0}
    assert sum(kind["agents"] for kind in data["kinds"]) == 100
    assert data["agent_steps_per_s"] == pytest.approx(100 * 150 / data["seconds"])
    assert not data["interrupted"]
    for timed in ("seconds", "agent_steps_per_s"):
        del data[timed], two["data"][timed]
    assert data == two["data"]
    assert (
        rf("swarm", "run", *SMALL, "--seed", "6", "--json").json["data"]["px_end"]
        != (data["px_end"])
    )


def test_run_writes_one_page_and_every_action(rf, workspace, closes):
    ran = rf(
        "swarm", "run", *SMALL, "--paths", "5", "--out", "s.html", "--log", "s.jsonl",
        "--history", str(closes), "--rounds-per-day", "1",
    )  # fmt: skip
    assert ran.code == Exit.OK
    assert "written: s.jsonl, s.html" in ran.out
    assert "5 paths end at" in ran.out
    html = (workspace / "s.html").read_text()
    for word in ("25 to 75 %", "5 to 95 %", "order book at the end", "profit and loss by kind"):
        assert word in html
    assert "Stylised facts" in html
    assert html.count("Plotly.newPlot") >= 4
    assert '<script src="' not in html, "a page of ours needs no other file"
    lines = (workspace / "s.jsonl").read_text().splitlines()
    assert len(lines) > 100
    assert {"round", "agent", "type", "action", "price", "ts"} <= set(json.loads(lines[0]))


def test_a_history_gives_price_volatility_and_facts_to_compare(rf, closes):
    data = rf(
        "swarm", "run", *SMALL, "--history", str(closes), "--rounds-per-day", "1", "--json"
    ).json["data"]
    px = np.loadtxt(closes, delimiter=",", skiprows=1)[:, 1]
    assert data["px_start"] == px[-1]
    assert data["vol"] == pytest.approx(np.diff(np.log(px)).std() * np.sqrt(252))
    assert len(data["facts"]) == 8
    assert all(row["real"] is not None for row in data["facts"])


def test_daily_closes_taken_as_minutes_are_warned_of(rf, closes):
    ran = rf("swarm", "run", *SMALL, "--history", str(closes))
    assert ran.code == Exit.OK
    assert "daily closes need --rounds-per-day 1" in ran.err


def test_an_interrupted_run_keeps_the_rounds_it_had(rf, workspace, monkeypatch):
    from rf_swarm_sim import market

    real = market.simulate

    def cut(config, *, rounds, progress=None, **more):
        if rounds == 150:
            progress(60, rounds)
            raise KeyboardInterrupt
        return real(config, rounds=rounds, progress=progress, **more)

    whole = rf("swarm", "run", "--agents", "100", "--rounds", "60", "--json").json["data"]
    monkeypatch.setattr(market, "simulate", cut)
    ran = rf("swarm", "run", *SMALL, "--paths", "3", "--out", "cut.html")
    assert ran.code == Exit.INTERRUPTED
    assert "interrupted: 60 rounds are shown; saved cut.html" in ran.err
    assert (workspace / "cut.html").exists()
    part = rf("swarm", "run", *SMALL, "--json")
    assert part.code == Exit.INTERRUPTED
    assert part.json["data"]["px_end"] == whole["px_end"]


def test_an_interrupt_before_the_first_round_saves_nothing(rf, workspace, monkeypatch):
    monkeypatch.setattr("rf_swarm_sim.market.simulate", interrupted)
    assert rf("swarm", "run", *SMALL, "--out", "x.html").code == Exit.INTERRUPTED
    assert not (workspace / "x.html").exists()


def test_an_interrupted_ensemble_leaves_the_single_market(rf, monkeypatch):
    monkeypatch.setattr("rf_swarm_sim.market.simulate_ensemble", interrupted)
    ran = rf("swarm", "run", *SMALL, "--paths", "3", "--json")
    assert ran.code == Exit.INTERRUPTED
    assert ran.json["data"]["ensemble"] is None
    assert ran.json["data"]["rounds"] == 150


def test_a_scenario_moves_price_and_volatility(rf):
    ran = rf("swarm", "scenario", "flash-crash", "pct=10", *SMALL, "--paths", "8", "--json")
    assert ran.code == Exit.OK
    data = ran.json["data"]
    assert data["scenario"] == "FlashCrash"
    assert data["price_shock"] == -0.10
    early, late = data["rows"][1], data["rows"][-1]
    assert early["round"] == 5
    assert early["difference"] < -10.0 * early["std_error"] < 0.0
    assert early["shocked"]["vol"] > 3.0 * early["base"]["vol"]
    assert late["round"] == 150
    assert late["shocked"]["vol"] < 2.0 * late["base"]["vol"]
    assert sum(data["shares"]["shocked"].values()) == pytest.approx(1.0)
    told = rf("swarm", "scenario", "flash_crash", "pct=10", *SMALL, "--paths", "4").out
    for word in ("FlashCrash: value -10.00%", "vol shocked", "bear"):
        assert word in told


def test_scenarios_are_listed_with_their_parameters(rf):
    out = rf("swarm", "scenario", "list").out
    for word in ("fed_rate_hike", "bps", "liquidity_vacuum", "custom", "vol_multiplier"):
        assert word in out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["volcano"], "flash_crash"),
        (["flash_crash", "depth=10"], "pct=..."),
        (["flash_crash", "pct"], "pct=..."),
        (["flash_crash", "pct=deep"], "a number"),
        (["flash_crash", "pct=95"], "pct"),
        (["exchange_collapse", "pct=1"], "no parameter"),
        (["custom"], "price_shock=..."),
        (["flash_crash", "--paths", "1"], "--paths 1"),
    ],
)
def test_a_scenario_that_cannot_be_understood_names_what_can(rf, words, told):
    ran = rf("swarm", "scenario", *words, *SMALL)
    assert ran.code == Exit.USAGE
    assert told in ran.err


def test_a_fit_is_shown_and_written_and_used(rf, workspace, closes):
    words = ("--agents", "100", "--budget", "4", "--fit", "annual_vol", "--fit", "clustering")
    ran = rf("swarm", "calibrate", str(closes), *words, "--out", "fit.json")
    assert ran.code == Exit.OK
    for word in ("log kurtosis", "acf |r| 50", "volume-|r|", "annual_vol", "resamples"):
        assert word in ran.out
    state = json.loads((workspace / "fit.json").read_text())
    assert set(state["parameters"]) == {"annual_vol", "clustering"}
    used = rf("swarm", "run", "--rounds", "120", "--calibration", "fit.json", "--json").json["data"]
    assert used["agents"] == 100
    assert used["vol"] == pytest.approx(state["parameters"]["annual_vol"])
    words = ("--rounds", "120", "--calibration", "fit.json", "--history", str(closes), "--json")
    both = rf("swarm", "run", *words).json["data"]
    assert both["vol"] == used["vol"], "a fitted volatility is not replaced"
    assert both["facts"][0]["real"] is not None


def test_a_flat_history_is_refused(rf, workspace):
    (workspace / "flat.csv").write_text("close\n" + "5.0\n" * 200)
    for more in ((), ("--vol", "0.2")):
        ran = rf("swarm", "run", *SMALL, "--history", "flat.csv", *more)
        assert ran.code == Exit.USAGE


def test_an_interrupted_fit_is_saved_and_goes_on(rf, workspace, closes, monkeypatch):
    words = (str(closes), "--agents", "100", "--budget", "6", "--fit", "annual_vol", "--json")
    whole = rf("swarm", "calibrate", *words).json["data"]

    def twice(call):
        def tell(done, of):
            call(done)
            if done == 3:
                raise KeyboardInterrupt

        return tell

    with monkeypatch.context() as patch:
        patch.setattr(swarm, "_once", twice)
        ran = rf("swarm", "calibrate", *words)
    assert ran.code == Exit.INTERRUPTED
    assert not ran.json["ok"]
    told = "interrupted: 3 markets were fitted, the best is shown; saved closes-calibration.json"
    assert told in ran.json["warnings"]
    again = rf("swarm", "calibrate", *words, "--resume", "closes-calibration.json").json["data"]
    for name in ("parameters", "j", "moments", "evaluations"):
        assert again[name] == whole[name]


def test_a_walk_is_scored_against_the_base_rate(rf, closes):
    words = (str(closes), "--window", "200", "--agents", "500")
    data = rf("swarm", "score", *words, "--json").json["data"]
    assert data["scored"] == len(range(200, 700 - 5, 5))
    assert sum(data["outcomes"].values()) == data["scored"]
    assert data["skill"] == pytest.approx(1.0 - data["brier"] / data["base_brier"])
    assert 0.0 < data["brier"] < 1.0
    out = rf("swarm", "score", *words).out
    for word in ("Brier score of the base rate", "likeliest outcome", "horizon 5, window 200"):
        assert word in out


def test_a_walk_over_json_is_that_over_csv(rf, workspace, closes):
    px = np.loadtxt(closes, delimiter=",", skiprows=1)[:, 1]
    (workspace / "a.json").write_text(json.dumps(px.tolist()))
    (workspace / "b.json").write_text(json.dumps([{"Close": x, "n": str(x)} for x in px]))
    words = ("--window", "200", "--agents", "500", "--json")
    found = [rf("swarm", "score", name, *words).json["data"] for name in (
        str(closes), "a.json", "b.json"
    )]  # fmt: skip
    assert len({row["brier"] for row in found}) == 1


def test_an_interrupted_walk_says_how_far_it_came(rf, closes, monkeypatch):
    def stopping(call):
        def tell(done, of):
            if done == 40:
                raise KeyboardInterrupt

        return tell

    monkeypatch.setattr(swarm, "_once", stopping)
    ran = rf("swarm", "score", str(closes), "--window", "200", "--agents", "500")
    assert ran.code == Exit.INTERRUPTED
    assert "40 forecasts were scored" in ran.err


def test_fewer_than_thirty_forecasts_are_no_score(rf, closes):
    ran = rf("swarm", "score", str(closes), "--window", "600", "--agents", "500")
    assert ran.code == Exit.DATA
    assert "a score needs 30" in ran.err


def test_every_asset_has_a_verdict(rf, monkeypatch):
    words = ("swarm", "assets", "--agents", "100", "--paths", "2", "--rounds", "10")
    data = rf(*words, "--json").json["data"]
    assert len(data) == 15
    assert {row["verdict"] for row in data} <= {"Approved", "Hedge", "Unstable", "Rejected"}
    monkeypatch.setenv("SWARM_SYMBOLS", "SPY")
    monkeypatch.setenv("SWARM_CUSTOM", "BTC:Bitcoin:commodity:0.9")
    out = rf(*words).out
    assert "SPY" in out
    assert "BTC" in out
    assert "AAPL" not in out
    assert "QQQ" in rf(*words, "--symbols", "QQQ").out
    monkeypatch.setenv("SWARM_ROUNDS", "many")
    assert rf(*words[:-2]).code == Exit.USAGE
    monkeypatch.delenv("SWARM_ROUNDS")
    for bad in (("--symbols", "SPX"), ("--custom", "x"), ("--rounds", "9"), ("--agents", "3")):
        assert rf("swarm", "assets", *bad).code == Exit.USAGE, bad


def test_an_agent_tells_what_it_did_and_why(rf):
    data = rf("swarm", "interview", "3", *SMALL, "--json").json["data"]
    assert data["agent"] == 3
    assert data["kind"] == "Retail"
    assert data["reason"]
    out = rf("swarm", "interview", "60", *SMALL).out
    for word in ("agent 60", "reason", "position", "risk"):
        assert word in out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["run", "--rounds", "0"], "--rounds 0"),
        (["run", "--agents", "3"], "agents"),
        (["run", "--paths", "-1"], "--paths -1"),
        (["run", "--px", "-5", *SMALL], "px"),
        (["run", "--vol", "nan", *SMALL], "vol"),
        (["run", "--out", "page.txt"], ".html"),
        (["run", "--out", "nowhere/page.html"], "nowhere"),
        (["run", "--log", "nowhere/log.jsonl"], "nowhere"),
        (["run", "--history", "missing.csv"], "missing.csv"),
        (["run", "--history", "missing.json"], "missing.json"),
        (["run", "--calibration", "missing.json"], "missing.json"),
        (["run", "--threads", "0", *SMALL], "threads"),
        (["interview", "100", *SMALL], "agent"),
        (["calibrate", "missing.csv"], "missing.csv"),
        (["score", "missing.csv"], "missing.csv"),
    ],
)
def test_a_call_that_cannot_be_understood_is_a_usage_error(rf, words, told):
    ran = rf("swarm", *words)
    assert ran.code == Exit.USAGE
    assert told in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.json", "{", "cannot be read"),
        ("a.json", "[]", "list of closes"),
        ("a.json", '{"close": [1]}', "list of closes"),
        ("a.json", '[1.0, "x"]', "list of closes"),
        ("a.json", '[{"close": 1.0}, {"open": 2.0}]', "row 2: expected a number"),
        ("a.csv", "close\n1.0\n0.0\n", "row 2: expected a positive price"),
        ("a.csv", "open\n1.0\n", "expected a column"),
        ("a.csv", "close\n" + "5.0\n" * 900, "was a flat series"),
    ],
)
def test_a_file_that_says_nothing_is_told_by_its_place(rf, workspace, name, text, told):
    (workspace / name).write_text(text)
    ran = rf("swarm", "score", name)
    assert ran.code == Exit.USAGE
    assert told in ran.err


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"config": 1}', '{"config": {"agents": 5}}', '{"config": {"x": 5}}']
)
def test_a_broken_calibration_is_refused(rf, workspace, text):
    (workspace / "fit.json").write_text(text)
    ran = rf("swarm", "run", "--calibration", "fit.json")
    assert ran.code == Exit.USAGE
    assert "fit.json" in ran.err
