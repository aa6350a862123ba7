"""Every command, its answer code, and what it leaves behind."""

from decimal import Decimal

import pytest

from rf_common import commands
from rf_common.enums import OrderStatus, OrderType, Side, SystemState
from rf_common.events import OrderCanceled, OrderUpdated, StorageFailed
from rf_common.orders import (
    CancelOrder,
    CommandAnswer,
    Refusal,
    ReplaceOrder,
    RequestReport,
    StateChanged,
    StrategyChanged,
    SubmitOrder,
)

A, B = "sim:AAA", "sim:BBB"
PHRASE = "resume SIM 1"


def place(driver, **changes):
    fields = {
        "instrument_id": A,
        "side": Side.BUY,
        "quantity": Decimal(10),
        "limit_price": Decimal("100.00"),
    }
    return driver.command(commands.PlaceOrder, **(fields | changes))


def test_a_placed_order_leaves_with_its_id_in_the_answer(driver):
    answer = place(driver)

    request = driver.submitted()
    assert (answer.ok, answer.code) == (True, "SENT")
    assert answer.client_order_id == request.client_order_id == "RF-S-K7QW3ZPA-00000001"
    assert (request.strategy_id, request.actor, request.quantity) == ("human", "ann", 10)
    assert driver.status(request.client_order_id) is OrderStatus.SUBMITTED


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"quantity": Decimal("1.5")}, "order_sanity"),
        ({"quantity": Decimal("NaN")}, "order_sanity"),
        ({"limit_price": None}, "order_sanity"),
        ({"order_type": OrderType.MARKET, "limit_price": None}, "market_orders"),
        ({"limit_price": Decimal("120.00")}, "price_collar"),
        ({"quantity": Decimal(300)}, "max_order_notional"),
        ({"quantity": Decimal(210)}, "max_position"),
        ({"instrument_id": "sim:NONE"}, "instrument"),
        ({"reduce_only": True}, "order_sanity"),
    ],
)
def test_a_refused_order_is_answered_with_the_rule_that_refused_it(driver, changes, code):
    answer = place(driver, **changes)

    assert (answer.ok, answer.code) == (False, code)
    assert [refusal.rule for refusal in driver.told(Refusal)] == [code]
    assert driver.submitted() is None
    assert driver.state.orders.open_count == 0
    assert driver.state.risk.refusals == {code: 1}


def test_a_repeated_command_is_answered_again_and_not_done_again(driver):
    first = driver.command(
        commands.PlaceOrder,
        "7",
        instrument_id=A,
        side=Side.BUY,
        quantity=Decimal(10),
        limit_price=Decimal("100.00"),
    )

    again = driver.command(commands.CancelAllOrders, "7")

    assert again == first
    assert driver.last == (first,)
    assert driver.state.orders.open_count == 1


def test_a_repeated_command_is_known_after_a_restart(driver, make_driver):
    first = driver.command(commands.Reduce, "7", reason="enough")

    later = make_driver(ledger=driver.state.ledger(), nonce="AAAAAAAA").start()

    assert later.command(commands.Kill, "7", reason="the same id") == first
    assert not later.state.kill.engaged


def test_only_the_newest_answers_are_remembered(driver):
    for number in range(300):
        driver.command(commands.CancelAllOrders, f"n{number}")

    assert len(driver.state.answers) == 256
    assert "cn299" in driver.state.answers


def test_a_change_asks_the_venue_and_is_counted_until_it_answers(driver):
    key = driver.working(quantity=50)

    answer = driver.command(commands.ChangeOrder, client_order_id=key, quantity=Decimal(150))

    assert (answer.ok, answer.code, answer.client_order_id) == (True, "SENT", key)
    assert driver.told(ReplaceOrder) == [ReplaceOrder(key, A, Decimal(150), Decimal("100.00"))]
    assert driver.status(key) is OrderStatus.PENDING_UPDATE
    # 150 are reserved although the venue has confirmed 50: 60 more would be beyond 20,000.
    assert place(driver, quantity=Decimal(60)).code == "max_position"
    driver.feed(OrderUpdated(key, A, driver.now, Decimal(50), Decimal("100.00")))
    assert place(driver, quantity=Decimal(60)).code == "SENT"


def test_a_change_of_the_price_counts_at_the_higher_price(driver):
    key = driver.working(quantity=190, price="96.00")
    driver.command(commands.ChangeOrder, client_order_id=key, limit_price=Decimal("104.00"))

    assert place(driver, quantity=Decimal(5)).code == "max_position"


def test_a_change_is_checked_like_an_order(driver):
    key = driver.working(quantity=50)

    answer = driver.command(commands.ChangeOrder, client_order_id=key, quantity=Decimal(250))

    assert (answer.ok, answer.code) == (False, "max_position")
    assert not driver.told(ReplaceOrder)
    assert driver.told(Refusal)[0].rule == "max_position"


def test_a_change_below_what_is_filled_is_no_change(driver):
    key = driver.working(quantity=50)
    driver.fill(key, 20)

    answer = driver.command(commands.ChangeOrder, client_order_id=key, quantity=Decimal(20))

    assert (answer.ok, answer.code) == (False, "QUANTITY")


@pytest.mark.parametrize("kind", [commands.ChangeOrder, commands.CancelOpenOrder])
def test_only_open_orders_can_be_changed_or_cancelled(driver, kind):
    key = driver.working()
    driver.feed(OrderCanceled(key, A, driver.now))

    for name in (key, "RF-S-K7QW3ZPA-00000099"):
        answer = driver.command(kind, client_order_id=name)
        assert (answer.ok, answer.code) == (False, "NO_SUCH_ORDER")


def test_a_cancel_is_sent_whatever_the_state(driver):
    key = driver.working()
    driver.command(commands.Reduce, reason="enough")

    answer = driver.command(commands.CancelOpenOrder, client_order_id=key)

    assert (answer.ok, answer.code) == (True, "SENT")
    assert [cancel.client_order_id for cancel in driver.told(CancelOrder)] == [key]
    assert driver.status(key) is OrderStatus.PENDING_CANCEL


def test_cancel_all_cancels_what_is_open_and_says_how_much(driver):
    keys = [driver.working(name=A), driver.working(name=B, price="50.00")]

    answer = driver.command(commands.CancelAllOrders)

    assert (answer.ok, answer.code) == (True, "SENT")
    assert "2 orders" in answer.text
    assert [cancel.client_order_id for cancel in driver.told(CancelOrder)] == keys


def test_a_kill_halts_cancels_and_shows_the_phrase(driver):
    key = driver.working()

    answer = driver.command(commands.Kill, reason="practice")

    assert (answer.ok, answer.code) == (True, "KILLED")
    assert PHRASE in answer.fix
    assert [cancel.client_order_id for cancel in driver.told(CancelOrder)] == [key]
    assert driver.system_state is SystemState.HALTED
    assert place(driver).code == "system_state"


def test_a_second_kill_changes_nothing(driver):
    driver.command(commands.Kill, reason="practice")
    before = driver.state.kill

    assert driver.command(commands.Kill, reason="again").code == "KILLED"
    assert driver.state.kill == before
    assert not driver.told(StateChanged)


def test_a_wrong_phrase_resumes_nothing(driver):
    driver.command(commands.Kill, reason="practice")

    answer = driver.command(commands.Resume, phrase="resume")

    assert (answer.ok, answer.code) == (False, "PHRASE")
    assert PHRASE in answer.fix
    assert driver.state.kill.engaged
    assert driver.system_state is SystemState.HALTED


def test_the_right_phrase_resumes_after_the_venue_was_asked(driver):
    driver.command(commands.Kill, reason="practice")

    answer = driver.command(commands.Resume, phrase=PHRASE)

    assert (answer.ok, answer.code) == (True, "RESUMED")
    assert driver.told(RequestReport)
    assert driver.system_state is SystemState.RECONCILING
    assert place(driver).code == "system_state"
    driver.report()
    assert driver.system_state is SystemState.ACTIVE
    assert place(driver).code == "SENT"


def test_the_phrase_of_an_earlier_kill_does_not_resume_a_later_one(driver):
    driver.command(commands.Kill, reason="one")
    driver.command(commands.Resume, phrase=PHRASE)
    driver.report()
    driver.command(commands.Kill, reason="two")

    assert driver.command(commands.Resume, phrase=PHRASE).code == "PHRASE"


def test_resuming_what_runs_is_answered_and_does_nothing(driver):
    answer = driver.command(commands.Resume, phrase="whatever")

    assert (answer.ok, answer.code) == (True, "NOT_HALTED")
    assert driver.system_state is SystemState.ACTIVE


def test_a_halt_that_was_no_kill_needs_the_phrase_too(driver):
    driver.state.account.cash += 1
    key = driver.working()
    driver.fill(key, 1)
    assert driver.system_state is SystemState.HALTED

    answer = driver.command(commands.Resume, phrase="let me")

    assert (answer.ok, answer.code) == (False, "PHRASE")
    assert driver.system_state is SystemState.HALTED


def test_nothing_resumes_without_a_journal(driver):
    driver.feed(StorageFailed(driver.now, "disk full"))

    answer = driver.command(commands.Resume, phrase=driver.state.resume_phrase)

    assert (answer.ok, answer.code) == (False, "STORAGE")
    assert "disk full" in answer.text
    assert driver.system_state is SystemState.HALTED


def test_reducing_allows_only_what_lowers_exposure(driver):
    key = driver.working(quantity=10)
    driver.fill(key, 10)

    answer = driver.command(commands.Reduce, reason="enough")

    assert (answer.ok, answer.code) == (True, "REDUCING")
    assert driver.system_state is SystemState.REDUCING
    assert place(driver).code == "system_state"
    assert place(driver, side=Side.SELL, quantity=Decimal(11)).code == "system_state"
    assert place(driver, side=Side.SELL, quantity=Decimal(10)).code == "SENT"


def test_reducing_survives_a_reconciliation_and_a_restart(driver, make_driver):
    driver.command(commands.Reduce, reason="enough")

    later = make_driver(ledger=driver.state.ledger(), nonce="AAAAAAAA").start()

    assert later.system_state is SystemState.REDUCING
    assert later.state.state_reason == "enough"


def test_a_strategy_is_switched_off_and_on(driver):
    off = driver.command(commands.SetStrategyEnabled, strategy_id="one", enabled=False)
    assert (off.ok, off.code) == (True, "DONE")
    assert driver.told(StrategyChanged) == [StrategyChanged("one", False, "by ann", "ann")]
    seen = len(driver.strategy().seen)
    driver.quote()
    assert len(driver.strategy().seen) == seen

    on = driver.command(commands.SetStrategyEnabled, strategy_id="one", enabled=True)
    assert (on.ok, on.code) == (True, "DONE")
    driver.quote()
    assert len(driver.strategy().seen) == seen + 1
    assert driver.state.disabled == {}


def test_an_unknown_strategy_is_named_with_the_known_ones(driver):
    answer = driver.command(commands.SetStrategyEnabled, strategy_id="none", enabled=True)

    assert (answer.ok, answer.code) == (False, "UNKNOWN_STRATEGY")
    assert "one, two" in answer.text


def test_a_swap_replaces_the_strategy(driver):
    before = driver.strategy()

    answer = driver.command(
        commands.SwapStrategy, strategy_id="one", factory="puppet", parameters='{"x": 1}'
    )

    assert (answer.ok, answer.code) == (True, "DONE")
    assert driver.strategy() is not before
    assert driver.told(StrategyChanged)[0].enabled


def test_a_swap_leaves_a_strategy_off_that_was_off(driver):
    driver.command(commands.SetStrategyEnabled, strategy_id="one", enabled=False)

    driver.command(commands.SwapStrategy, strategy_id="one", factory="puppet")

    assert driver.told(StrategyChanged)[0].enabled is False
    assert "one" in driver.state.disabled


@pytest.mark.parametrize(
    ("factory", "parameters"),
    [("none", "{}"), ("puppet", "{"), ("puppet", "[]"), ("puppet", '{"breaks": true}')],
)
def test_a_bad_swap_leaves_the_strategy_as_it_was(driver, factory, parameters):
    before = driver.strategy()

    answer = driver.command(
        commands.SwapStrategy, strategy_id="one", factory=factory, parameters=parameters
    )

    assert (answer.ok, answer.code) == (False, "BAD_STRATEGY")
    assert driver.strategy() is before
    assert not driver.told(StrategyChanged)


@pytest.mark.parametrize("cancel", [True, False])
def test_a_shutdown_sends_nothing_new_and_cancels_when_asked(driver, cancel):
    driver.working()

    answer = driver.command(commands.Shutdown, cancel_orders=cancel)

    assert (answer.ok, answer.code) == (True, "STOPPING")
    assert len(driver.told(CancelOrder)) == int(cancel)
    assert driver.system_state is SystemState.STOPPING
    assert place(driver).code == "system_state"


def test_every_command_is_answered_exactly_once(driver):
    driver.command(commands.CancelAllOrders)
    assert len(driver.told(CommandAnswer)) == 1
    place(driver, quantity=Decimal(-1))
    assert len(driver.told(CommandAnswer)) == 1
    assert not driver.told(SubmitOrder)


def test_loss_limits_can_be_tightened_and_stay_so_after_a_restart(driver, make_driver):
    answer = driver.command(commands.TightenRisk, fraction=0.5)

    assert (answer.ok, answer.code) == (True, "TIGHTENED")
    assert driver.state.limits.max_drawdown == 0.025
    assert driver.state.limits.max_daily_loss == Decimal(1_000)
    later = make_driver(ledger=driver.state.ledger(), nonce="BBBBBBBB")
    assert later.state.limits == driver.state.limits


@pytest.mark.parametrize("fraction", [1.0, 1.1, 0.0, -1.0, float("nan")])
def test_no_command_raises_a_limit(driver, fraction):
    before = driver.state.limits

    answer = driver.command(commands.TightenRisk, fraction=fraction)

    assert (answer.ok, answer.code) == (False, "LOOSENING")
    assert driver.state.limits == before
