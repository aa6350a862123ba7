import msgspec
import pytest

from rf_cli.exits import Exit
from rf_common.commands import CancelAllOrders, CancelOpenOrder, Command, PlaceOrder

BTC = "binance:BTCUSDT"
REFUSED = {
    "ok": False,
    "code": "max_order_notional",
    "text": "refused by max_order_notional: order value 30,000.00 is above your limit 25,000.00",
    "fix": "rf risk limits",
    "client_order_id": None,
}


def command(daemon, verb="order"):
    """Return the last command as the daemon decodes it."""
    return msgspec.convert(daemon.last(verb)["command"], Command, strict=False)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--limit", "60000"], {"order_type": "LIMIT", "limit_price": "60000"}),
        (["--stop", "59000.10"], {"order_type": "STOP_MARKET", "stop_price": "59000.10"}),
        (["--stop", "1", "--limit", "2"], {"order_type": "STOP_LIMIT"}),
        (["--type", "MARKET", "--tif", "IOC"], {"order_type": "MARKET", "time_in_force": "IOC"}),
        (["--limit", "1", "--type", "stop_limit", "--stop", "2"], {"order_type": "STOP_LIMIT"}),
        (["--limit", "1", "--reduce-only"], {"reduce_only": True}),
    ],
)
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_an_order_arrives_exactly_as_typed(rf, daemon, side, words, expected):
    ran = rf("order", side, BTC, "0.010", *words, "--json")
    assert ran.code == 0
    assert ran.json["schema"] == "rf.order/1"
    sent = command(daemon)
    assert isinstance(sent, PlaceOrder)
    assert (sent.instrument_id, str(sent.quantity), str(sent.side)) == (BTC, "0.010", side.upper())
    for field, value in expected.items():
        assert str(getattr(sent, field)) == str(value)


def test_every_command_has_its_own_id_and_the_users_name(rf, daemon):
    ids = set()
    for _ in range(3):
        rf("order", "buy", BTC, "1", "--limit", "1")
        sent = command(daemon)
        assert sent.actor.startswith("cli:")
        ids.add(sent.command_id)
    assert len(ids) == 3


@pytest.mark.parametrize(
    "words",
    [
        ["x", "--limit", "1"],
        ["nan", "--limit", "1"],
        ["1", "--limit", "1_000"],
        ["1", "--stop", "inf"],
        ["1"],
    ],
)
def test_a_number_that_is_none_sends_nothing(rf, daemon, words):
    assert rf("order", "buy", BTC, *words).code == Exit.USAGE
    assert "order" not in {verb for verb, _ in daemon.asked}


def test_a_refused_order_is_exit_6_and_says_that_nothing_was_sent(rf, daemon):
    daemon.answers["order"] = REFUSED
    ran = rf("order", "buy", BTC, "1", "--limit", "30000")
    assert ran.code == Exit.REFUSED
    assert ran.out == ""
    assert "above your limit 25,000.00" in ran.err
    assert "nothing was sent" in ran.err
    found = rf("order", "buy", BTC, "1", "--limit", "30000", "--json").json
    assert (found["code"], found["exit"], found["retry"]) == ("max_order_notional", 6, False)


@pytest.mark.parametrize(("engaged", "code"), [(True, Exit.KILLED), (False, Exit.REFUSED)])
def test_a_refusal_by_the_kill_switch_is_exit_10(rf, daemon, engaged, code):
    daemon.answers["order"] = REFUSED | {"code": "system_state"}
    daemon.answers["status"]["kill"]["engaged"] = engaged
    assert rf("order", "buy", BTC, "1", "--limit", "1").code == code


def test_an_order_without_an_answer_must_not_be_repeated_blindly(rf, daemon):
    daemon.answers["order"] = "never"
    words = ("order", "buy", BTC, "1", "--limit", "1", "--timeout", "0.2")
    ran = rf(*words)
    assert ran.code == Exit.NO_DAEMON
    assert "may have carried it out" in ran.err
    found = rf(*words, "--json").json
    assert found["retry"] is False
    assert found["fix"] == "rf order list --all"


def test_a_symbol_is_found_and_an_ambiguous_or_unknown_one_is_not_guessed(rf, daemon):
    assert rf("order", "buy", "aapl", "1", "--limit", "1").code == 0
    assert command(daemon).instrument_id == "sim:AAPL"
    count = len([verb for verb, _ in daemon.asked if verb == "order"])
    ambiguous = rf("order", "buy", "BTCUSDT", "1", "--limit", "1")
    assert ambiguous.code == Exit.USAGE
    assert "binance:BTCUSDT, sim:BTCUSDT" in ambiguous.err
    unknown = rf("order", "buy", "AAPLE", "1", "--limit", "1")
    assert unknown.code == Exit.USAGE
    assert "use one of: AAPL" in unknown.err
    assert len([verb for verb, _ in daemon.asked if verb == "order"]) == count


def test_orders_are_listed(rf, daemon):
    out = rf("order", "list").out
    assert "RF-S-K7QW3ZPA-00000001" in out
    assert "PARTIALLY_FILLED" in out
    assert daemon.last("orders") == {"all": False}
    found = rf("order", "list", "--all", "--json").json
    assert found["schema"] == "rf.orders/1"
    assert daemon.last("orders") == {"all": True}


def test_one_order_is_cancelled_without_a_question(rf, daemon):
    assert rf("order", "cancel", "RF-S-1").code == 0
    sent = command(daemon)
    assert isinstance(sent, CancelOpenOrder)
    assert sent.client_order_id == "RF-S-1"


def test_an_order_that_is_not_open_is_exit_2(rf, daemon):
    daemon.answers["order"] = REFUSED | {"code": "NO_SUCH_ORDER", "text": "order x is FILLED"}
    assert rf("order", "cancel", "x").code == Exit.USAGE


def test_cancel_all_asks_and_without_a_terminal_names_the_flag(rf, daemon):
    ran = rf("order", "cancel", "--all")
    assert ran.code == Exit.NOT_CONFIRMED
    assert "fix: pass --yes" in ran.err
    assert "order" not in {verb for verb, _ in daemon.asked}
    assert rf("order", "cancel", "--all", "--yes").code == 0
    assert isinstance(command(daemon), CancelAllOrders)


@pytest.mark.parametrize(("typed", "code"), [("y\n", 0), ("\n", Exit.NOT_CONFIRMED)])
def test_cancel_all_believes_only_a_yes(rf, daemon, monkeypatch, typed, code):
    monkeypatch.setattr("rf_cli.context.Context.is_interactive", True)
    monkeypatch.setattr("sys.stdin.readline", lambda: typed)
    ran = rf("order", "cancel", "--all")
    assert ran.code == code
    assert "cancel 1 open orders?" in ran.err


@pytest.mark.parametrize("words", [[], ["RF-S-1", "--all"]])
def test_cancel_wants_one_order_or_all(rf, words):
    assert rf("order", "cancel", *words).code == Exit.USAGE


@pytest.mark.parametrize(
    "words",
    [
        ["order", "buy", BTC, "1", "--limit", "1", "--check"],
        ["risk", "check", "buy", BTC, "1", "--limit", "1"],
    ],
)
def test_a_check_sends_nothing_and_is_exit_6_when_a_rule_refuses(rf, daemon, words):
    assert rf(*words).code == 0
    judged = {
        "rule": "price_collar",
        "outcome": "refuse",
        "value": "90.00%",
        "limit": "5.00%",
        "reason": "far away",
        "fix": "",
    }
    daemon.answers["check"]["judgements"].append(judged)
    ran = rf(*words)
    assert ran.code == Exit.REFUSED
    assert "far away" in ran.out
    found = rf(*words, "--json").json
    assert (found["schema"], found["ok"]) == ("rf.risk.check/1", False)
    assert isinstance(command(daemon, "check"), PlaceOrder)
    assert "order" not in {verb for verb, _ in daemon.asked}
