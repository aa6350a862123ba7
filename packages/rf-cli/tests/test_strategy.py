import pytest

from rf_cli.exits import Exit


def test_strategies_are_listed(rf, daemon):
    out = rf("strategy", "list").out
    assert "momentum" in out
    assert "off" in out
    assert rf("strategy", "list", "--json").json["schema"] == "rf.strategies/1"


@pytest.mark.parametrize(("word", "enabled"), [("enable", True), ("disable", False)])
def test_a_strategy_is_switched(rf, daemon, word, enabled):
    assert rf("strategy", word, "momentum").code == 0
    asked = daemon.last("strategy")
    assert (asked["strategy_id"], asked["enabled"]) == ("momentum", enabled)
    assert asked["actor"].startswith("cli:")


def test_a_swap_carries_its_parameters_as_text(rf, daemon):
    words = ("strategy", "swap", "momentum", "mean_reversion", "--parameters", '{"a": 1}')
    assert rf(*words).code == 0
    asked = daemon.last("strategy")
    assert (asked["factory"], asked["parameters"]) == ("mean_reversion", '{"a": 1}')


@pytest.mark.parametrize("text", ["", "{", "[1]", "1"])
def test_parameters_must_be_a_json_object(rf, daemon, text):
    assert rf("strategy", "swap", "a", "b", "--parameters", text).code == Exit.USAGE
    assert daemon.asked == []


@pytest.mark.parametrize("code", ["UNKNOWN_STRATEGY", "BAD_STRATEGY"])
def test_an_unknown_strategy_is_exit_2(rf, daemon, code):
    daemon.answers["strategy"] = {"ok": False, "code": code, "text": "known: a, b", "fix": ""}
    ran = rf("strategy", "enable", "x")
    assert ran.code == Exit.USAGE
    assert "known: a, b" in ran.err


def test_why_shows_what_lacks(rf, daemon):
    out = rf("why", "momentum").out
    assert "momentum is on" in out
    assert "lacks   rsi" in out
    assert daemon.last("why") == {"strategy_id": "momentum"}
    assert rf("why", "momentum", "AAPL", "--json").json["schema"] == "rf.why/1"
    assert daemon.last("why")["instrument_id"] == "sim:AAPL"


def test_why_says_that_a_strategy_is_off(rf, daemon):
    daemon.answers["why"] |= {"enabled": False, "reason": "it failed", "instruments": []}
    assert "momentum is off: it failed" in rf("why", "momentum").out
