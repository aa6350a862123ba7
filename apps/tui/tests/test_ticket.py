import pytest

from rf_tui.outcome import Outcome

REFUSED = {"judgements": [
    {"rule": "max_notional", "outcome": "refuse", "value": "2271.40", "limit": "1000",
     "reason": "too much", "fix": "buy 4"},
    {"rule": "daily_loss", "outcome": "pass", "value": "0", "limit": "2000", "reason": ""},
]}  # fmt: skip


async def _reviewed(person, *keys):
    person.press("b", *"10", *keys, "enter")
    await person.settle()


async def test_an_order_takes_two_confirmations_and_is_told_until_it_is_answered(person, daemon):
    await _reviewed(person)
    assert daemon.verbs() == ["check"]
    assert "Send SIM order?" in person.text()
    assert "BUY 10 AAPL LMT 227.39 DAY" in person.text()
    person.press("enter")
    assert "sent, waiting" in person.text()
    await person.settle()
    assert daemon.verbs() == ["check", "order"]
    command = daemon.asked[1][1]["command"]
    assert command["type"] == "place"
    assert (command["side"], command["quantity"], command["limit_price"]) == (
        "BUY", "10", "227.39",
    )  # fmt: skip
    assert "accepted" in person.look()[-2]
    assert person.app.dialog is None


async def test_every_rule_is_shown_with_value_and_limit(person, daemon):
    daemon.answers["check"] = Outcome(ok=True, data=REFUSED)
    await _reviewed(person)
    text = person.text()
    assert "max_notional 2271.40 (limit 1000): too much" in text
    assert "fix: buy 4" in text
    assert "daily_loss 0 / 2000" in text


async def test_no_rule_and_no_number_is_left_out_on_a_small_screen(make_person, daemon):
    rules = [{"rule": f"some_rule_{n:02d}", "outcome": "pass", "value": f"{n}.25", "limit": "9999",
              "reason": ""} for n in range(40)]  # fmt: skip
    daemon.answers["check"] = Outcome(ok=True, data={"judgements": rules})
    person = make_person(daemon, size=(80, 24))
    await _reviewed(person)
    seen = person.text()
    assert "40 rules: 40 ok, 0 other" in seen
    assert "arrows scroll" in seen
    for _ in range(40):
        person.press("down")
        seen += person.text()
    assert all(f"{rule['rule']} {rule['value']} / 9999" in seen for rule in rules)


async def test_a_rule_that_refuses_keeps_the_order_here(person, daemon):
    daemon.answers["check"] = Outcome(ok=True, data=REFUSED)
    await _reviewed(person)
    person.press("enter", "enter", "enter")
    await person.settle()
    assert daemon.verbs() == ["check"]
    assert "refused by max_notional: nothing was sent" in person.text()


async def test_enter_before_the_checks_have_answered_sends_nothing(person, daemon):
    person.press("b", *"10", "enter", "enter")
    assert "waiting for the daemon's checks" in person.text()
    await person.settle()
    assert daemon.verbs() == ["check"]


async def test_an_enter_key_held_down_sends_nothing(person, daemon):
    person.press("b", *"10", "enter")
    await person.settle()
    for _ in range(20):
        person.time_ns += 30_000_000
        person.app.root.keypress(person.size, "enter")
    await person.settle()
    assert "order" not in daemon.verbs()
    assert "too soon" in person.text()


@pytest.mark.parametrize(
    "answer",
    [Outcome(ok=False, code="RF-N-033", text="role"), Outcome(ok=True, data={"judgements": []}),
     Outcome(ok=True, data={"judgements": [{"rule": 3}]}), Outcome(ok=True, data=None)],
)  # fmt: skip
async def test_without_an_answer_of_the_rules_nothing_is_sent(person, daemon, answer):
    daemon.answers["check"] = answer
    await _reviewed(person)
    assert "the checks failed" in person.text()
    person.press("enter")
    await person.settle()
    assert daemon.verbs() == ["check", "check"]


async def test_a_refused_order_says_rule_value_limit_and_what_to_do(person, daemon):
    daemon.answers["order"] = Outcome(
        ok=False, code="max_notional", text="notional 2271.40 is above 1000.00", fix="buy 4"
    )
    await _reviewed(person)
    person.press("enter")
    await person.settle()
    text = person.text()
    assert "refused: max_notional  notional 2271.40 is above 1000.00" in text
    assert "fix: buy 4" in text
    person.press("esc")
    assert person.app.dialog is None


async def test_an_order_without_an_answer_is_unknown_and_not_sent_again(person, daemon):
    daemon.answers["order"] = Outcome(ok=False, text="link broke", reached=False)
    await _reviewed(person)
    person.press("enter")
    await person.settle()
    assert "UNKNOWN" in person.text()
    person.press("enter")
    await person.settle()
    assert daemon.verbs() == ["check", "order"]


async def test_a_sent_order_cannot_be_closed_before_its_answer(person):
    await _reviewed(person)
    person.press("enter", "esc")
    assert "waiting for the answer" in person.text()
    await person.settle()


async def test_esc_goes_back_one_step_at_a_time(person, daemon):
    await _reviewed(person)
    person.press("esc")
    assert "Order ticket" in person.text()
    assert "10" in person.text()
    person.press("esc")
    assert person.app.dialog is None
    assert "order" not in daemon.verbs()


async def test_an_answer_to_an_earlier_review_is_not_taken_for_this_one(person, daemon):
    person.press("b", *"10", "enter", "esc", "0", "enter")
    person.app.dialog._judged = None
    await person.settle()
    assert [args["command"]["quantity"] for _, args in daemon.asked] == ["10", "100"]
    assert person.app.dialog._judged is not None


@pytest.mark.parametrize(
    ("keys", "problem"),
    [((), "quantity is missing"), (("1", ".", "0", "0", "0", "5"), "on lot 0.001"),
     (("0",), "positive quantity")],
)  # fmt: skip
def test_what_is_wrong_with_a_field_is_said(person, daemon, keys, problem):
    person.press("b", *keys, "enter")
    assert problem in person.text()
    assert daemon.asked == []


async def test_letters_do_not_get_into_numbers_and_do_nothing_else(person, daemon):
    person.press("b", *"1q2b3C", "enter")
    assert person.left == []
    assert person.app.dialog.ticket.quantity == "123"


async def test_a_stop_order_asks_for_its_price(person, daemon):
    person.press("s", "up", "right", *["down"] * 2, *"226", "up", *"5", "enter")
    await person.settle()
    command = daemon.asked[0][1]["command"]
    assert (command["order_type"], command["stop_price"], command["quantity"]) == (
        "STOP_MARKET", "226", "5",
    )  # fmt: skip


def test_the_mark_of_an_old_price_blocks_the_ticket(person, daemon):
    person.press("b", *"10")
    daemon.go_offline()
    person.look()
    person.press("esc", "enter")
    assert "offline" in person.text()
    assert daemon.asked == []
    person.press("esc", "b")
    assert "no ticket: not connected" in person.look()[-2]


async def test_live_asks_for_the_symbol(make_person, daemon, builders):
    daemon.state.apply(builders.system(mode="LIVE"), daemon.state.ts)
    person = make_person(daemon)
    await _reviewed(person)
    assert "Type AAPL to send" in person.text()
    person.press("enter")
    await person.settle()
    assert "order" not in daemon.verbs()
    person.press(*"AAPL", "enter")
    await person.settle()
    assert daemon.verbs()[-1] == "order"


async def test_k_kills_from_inside_a_ticket(person, daemon):
    person.press("b", "1", "K")
    await person.settle()
    assert daemon.verbs() == ["kill"]
    assert "KILL SWITCH" in person.text()
