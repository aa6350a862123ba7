"""The daemon as a person runs it: started, looked at, commanded, stopped."""

from __future__ import annotations

import json
import signal
import socket
import urllib.error
import urllib.request

import pytest

pytestmark = pytest.mark.e2e


def http(daemon, path: str, host: str | None = None) -> tuple[int, str]:
    port = daemon.info["http_port"]
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}")
    if host is not None:
        request.add_header("Host", host)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_without_a_key_the_simulated_market_trades_on_paper(start):
    daemon = start().ready()
    assert any("no key is set" in line for line in daemon.err)

    traded = daemon.until(lambda: daemon.status().get("fills", 0) > 3 and daemon.status(), "fills")

    assert traded["mode"] == "SIM"
    assert len(traded["instruments"]) == 13
    assert traded["equity"] != "100000"
    assert traded["positions"] > 0
    assert {row["state"] for row in traded["instruments"]} == {"LIVE"}
    positions = daemon.ask("positions")
    assert any(row["quantity"] != "0" and row["mark"] is not None for row in positions)


def test_interrupt_ends_clean_and_the_session_replays_equal(start):
    daemon = start().ready()
    daemon.until(lambda: daemon.status().get("fills", 0) > 3, "fills")

    assert daemon.stop() == 0

    assert any("clean stop" in line for line in daemon.err)
    assert daemon.rf("journal", "verify")[0] == 0
    code, out, err = daemon.rf("replay", "latest", "--json")
    assert code == 0, err
    assert json.loads(out)["data"]["equal"] is True


def test_log_lines_are_json_when_nobody_looks(start):
    daemon = start().ready()
    daemon.stop()
    assert all("event" in json.loads(line) for line in daemon.err)


def test_a_second_daemon_on_the_same_folder_refuses(start):
    first = start().ready()
    second = start()
    # The fixture took the first one's address away; it is still running.
    assert second.wait(20.0) != 0
    assert any("RF-S-003" in line for line in second.err)
    assert first.process.poll() is None


def test_a_port_in_use_is_one_clear_error(start):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        daemon = start(env={"RF_BUS_PORT": port})
        assert daemon.wait(20.0) == 3
    told = "\n".join(daemon.err)
    assert f"bus_port = {port}: expected a free port" in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("env", "arguments", "expected"),
    [
        ({"RF_ENGINE__LIMITS__MAX_DRAWDOWN": "5"}, (), "engine.limits.max_drawdown = 5"),
        ({"RF_ENGINE__LIMITS__MAX_DRAWDWN": "0.1"}, (), "MAX_DRAWDWN"),
        ({"STARTING_EQUITY": "lots"}, (), "engine.starting_equity"),
        ({"RF_ENGINE__MODE": "LIVE"}, (), "engine.mode = LIVE"),
        ({"USE_MOCK": "1"}, ("--source", "binance"), "USE_MOCK = 1 and source = binance"),
        ({}, ("--source", "kraken"), "source = kraken"),
        ({}, ("--ws-url", "ws://example.com", "--source", "binance"), "ws_url"),
    ],
)
def test_a_wrong_setting_stops_the_start_and_is_named(start, env, arguments, expected):
    daemon = start(*arguments, env=env)
    assert daemon.wait(20.0) == 3
    told = "\n".join(daemon.err)
    assert expected in told
    assert "Traceback" not in told


def test_a_data_folder_that_is_a_file_is_one_clear_error(start, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    daemon = start("--data-dir", "file")
    assert daemon.wait(20.0) == 1
    told = "\n".join(daemon.err)
    assert "data_dir = file: expected a folder that can be written" in told
    assert "Traceback" not in told


def test_metrics_health_and_readiness_answer_to_this_host_only(start):
    daemon = start().ready()
    daemon.until(lambda: daemon.status().get("fills", 0) > 0, "a fill")

    status, text = http(daemon, "/metrics")
    assert status == 200
    assert 'rf_market_events_total{source="sim"}' in text
    assert "rf_orders_filled_total{" in text
    assert 'rf_db_writes_total{table="journal"}' in text
    assert "rf_kill_switch_active 0.0" in text

    assert json.loads(http(daemon, "/healthz")[1])["state"] == "ACTIVE"
    assert http(daemon, "/readyz") == (200, '{"ready": true, "state": "ACTIVE"}')
    assert http(daemon, "/metrics", host="evil.example")[0] == 403

    daemon.ask("kill", "--reason", "readiness")
    daemon.until(lambda: http(daemon, "/readyz")[0] == 503, "not ready")
    assert "rf_kill_switch_active 1.0" in http(daemon, "/metrics")[1]


def test_no_secret_shows_up_anywhere(start):
    canary = "canary-Zx81-must-never-be-seen"
    names = (
        "ALPACA_API_KEY",
        "ALPACA_SECRET_KEY",
        "FINNHUB_API_KEY",
        "ANTHROPIC_API_KEY",
    )
    daemon = start(env=dict.fromkeys(names, canary)).ready()
    seen = [http(daemon, path)[1] for path in ("/metrics", "/healthz")]
    seen += [daemon.rf(*words)[1] for words in (("status",), ("risk", "limits"))]
    daemon.stop()
    files = [path.read_bytes() for path in daemon.data.rglob("*") if path.is_file()]
    assert canary not in "\n".join([*seen, *daemon.out, *daemon.err])
    assert all(canary.encode() not in content for content in files)
    assert any("keys are set" in line for line in daemon.err)


def test_an_order_by_hand_rests_and_is_cancelled(start):
    daemon = start().ready()
    bid = next(
        row["bid"] for row in daemon.status()["instruments"] if row["instrument_id"] == "sim:AAPL"
    )
    price = f"{bid * 0.97:.2f}"
    daemon.ask("order", "buy", "AAPL", "5", "--limit", price)
    resting = daemon.until(
        lambda: [
            row
            for row in daemon.ask("order", "list")
            if row["strategy_id"] == "human" and row["status"] == "ACCEPTED"
        ],
        "acceptance",
    )
    key = resting[0]["client_order_id"]

    daemon.ask("order", "cancel", key)

    daemon.until(
        lambda: any(
            row["client_order_id"] == key and row["status"] == "CANCELED"
            for row in daemon.ask("order", "list", "--all")
        ),
        "the cancel",
    )
    code, _, err = daemon.rf("order", "buy", "AAPL", "1000", "--limit", price)
    assert code == 6
    assert "max_order_notional" in err


def test_terminate_ends_clean_too(start):
    daemon = start().ready()
    daemon.send(signal.SIGTERM)
    assert daemon.wait(10.0) == 0


def test_a_session_that_grew_large_is_followed_by_another_in_place(start, fake_binance):
    _, ws_url, rest_url = fake_binance("--speed", "200", "--loop")
    daemon = start(
        "--source", "binance", "--symbols", "BTCUSDT", "--ws-url", ws_url, "--rest-url", rest_url,
        env={"RF_JOURNAL__SESSION_MB": "1"},
    )  # fmt: skip
    daemon.ready()
    first = daemon.info["session"]
    again = "a new session begins"
    daemon.until(lambda: sum(again in line for line in daemon.err) >= 1, "a second session", 90.0)
    daemon.until(lambda: daemon.info and daemon.info["session"] != first, "the address")
    assert daemon.stop() == 0
    assert daemon.rf("journal", "verify")[0] == 0
    assert daemon.rf("replay", "latest")[0] == 0
