from rf_cli.exits import Exit


def test_the_status_says_everything_in_words(rf, daemon):
    out = rf("status").out
    assert out.startswith("SIM  SIM-1")
    for text in ("ACTIVE   reconciled", "100,123.46", "day -12.50", "realised n/a", "1.23%"):
        assert text in out
    assert "price_collar 3" in out
    assert "up 1:02:05" in out
    assert "ENGAGED" not in out


def test_the_time_of_the_status_is_the_daemons(rf, daemon):
    found = rf("status", "--json").json
    assert found["schema"] == "rf.status/1"
    assert found["asof"] == "2026-11-25T02:12:16.000Z"
    assert found["data"] == daemon.answers["status"]


def test_a_price_that_is_not_live_has_a_question_mark(rf, daemon):
    lines = {line.split()[1]: line for line in rf("status").out.splitlines() if "price  " in line}
    assert "?" not in lines["binance:BTCUSDT"]
    assert "1 / 2 ?" in lines["sim:BTCUSDT"]
    assert "n/a / n/a ?" in lines["sim:AAPL"]


def test_a_kill_and_a_hanging_engine_show(rf, daemon):
    kill = {"engaged": True, "number": 2, "reason": "fire", "phrase": "resume SIM 2"}
    daemon.answers["status"] |= {"state": "HALTED", "kill": kill}
    daemon.answers["status"]["engine"] |= {"answering": False, "thinking": "momentum"}
    ran = rf("status")
    assert ran.code == Exit.OK
    assert 'rf resume --confirm "resume SIM 2"' in ran.out
    assert "NOT ANSWERING in momentum" in ran.out


def test_what_is_not_known_is_not_available_and_never_zero(rf, daemon):
    unknown = dict.fromkeys(("equity", "day_pnl", "drawdown", "cash", "fees"))
    daemon.answers["status"] |= unknown
    out = rf("status").out
    assert "equity     n/a   day n/a   drawdown n/a" in out


def test_positions_are_a_table_and_exact_in_json(rf, daemon):
    out = rf("positions").out
    assert "61837.63" in out
    assert "1.25" in out
    found = rf("positions", "--json").json
    assert found["schema"] == "rf.positions/1"
    assert found["data"][0]["unrealised"] == "1.2474"


def test_no_positions_are_said_so(rf, daemon):
    daemon.answers["positions"] = []
    assert rf("positions").out == "no positions\n"
    assert rf("positions", "--json").json["data"] == []


def test_limits_and_counters_are_one_table(rf, daemon):
    out = rf("risk", "limits").out
    assert "max_order_notional" in out
    assert "counters: orders_today" in out
