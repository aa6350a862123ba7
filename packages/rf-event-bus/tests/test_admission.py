import pytest

from rf_common.errors import ConfigError
from rf_common.secret import Secret
from rf_event_bus import Role
from rf_event_bus.admission import Admission
from rf_event_bus.messages import Hello


@pytest.fixture
def judge(tokens, wire):
    return Admission(tokens, wire.schema).judge


@pytest.mark.parametrize("held", Role)
@pytest.mark.parametrize("asked", Role)
def test_a_token_is_good_for_its_role_and_lesser_ones(judge, hello, tokens, held, asked):
    refusal = judge(hello("market", role=asked, token=tokens[held].reveal()))

    if held.may(asked):
        assert refusal is None
    else:
        assert refusal.code == "RF-N-033"
        assert refusal.text == f"role = {asked}: the token is good for {held}"


def test_roles_are_ranked():
    assert [role.may(Role.TRADE) for role in Role] == [False, True, True]


@pytest.mark.parametrize("token", ["", "wrong", "é\ud800"])
def test_a_wrong_token_is_refused_and_nothing_else_is_said(judge, hello, token):
    shown = token.encode("utf-8", "replace").decode()
    refusal = judge(hello("nonsense", token=shown, schema="x", version=99))
    assert (refusal.code, refusal.text) == ("RF-N-010", "the token is wrong")


def test_another_version_is_refused(judge, hello):
    refusal = judge(hello("market", version=2))
    assert (refusal.code, refusal.text) == ("RF-N-032", "version = 2: expected 1")


@pytest.mark.parametrize("topics", [(), ("market",)])
def test_another_schema_is_refused(judge, hello, wire, topics):
    refusal = judge(hello(*topics, schema="0" * 64))
    assert refusal.code == "RF-N-032"
    assert refusal.text == f"schema = {'0' * 16}…: expected {wire.schema[:16]}…"
    assert refusal.fix == "use programs of the daemon's version"


def test_no_schema_is_enough_to_ask_but_not_to_hear(judge, hello):
    assert judge(hello()) is None
    assert judge(hello("orders", schema="")).code == "RF-N-032"


def test_an_unknown_topic_is_refused(judge, hello):
    refusal = judge(hello("market", "weather"))
    assert refusal.text == "topics: expected some of market, orders, state, was 'weather'"


def test_a_role_without_a_token_of_its_own_comes_in_with_a_higher_one(wire, tokens):
    only = Admission({Role.ADMIN: tokens[Role.ADMIN]}, wire.schema)
    shown = Hello(1, "", tokens[Role.ADMIN].reveal(), Role.READ, (), "")
    assert only.judge(shown) is None


@pytest.mark.parametrize(
    "tokens",
    [
        {},
        {Role.READ: Secret("")},
        {Role.READ: Secret("  ")},
        {Role.READ: Secret("same-same"), Role.ADMIN: Secret("same-same")},
    ],
)
def test_tokens_that_guard_nothing_are_refused(tokens):
    with pytest.raises(ConfigError, match="bus tokens"):
        Admission(tokens, "")
