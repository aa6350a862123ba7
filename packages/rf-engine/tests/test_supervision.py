"""Heartbeats, losses, unanswered requests, and the venue's book of ours."""

from decimal import Decimal

import pytest

from rf_common import commands
from rf_common.enums import FeedState, OrderStatus, Severity, Side, SystemState
from rf_common.events import (
    CancelRejected,
    OrderAccepted,
    OrderCanceled,
    OrderUnknown,
    OrderUpdated,
    Timer,
)
from rf_common.orders import (
    CancelOrder,
    FeedChanged,
    Notice,
    PositionAdopted,
    RequestReport,
    SetTimer,
    StateChanged,
    StrategyChanged,
)
from rf_engine import HEARTBEAT, START
from rf_risk.config import MeasureConfig
from rf_strategy import StrategySpec

A, B = "sim:AAA", "sim:BBB"


def asked(driver):
    return [request.unresolved for request in driver.told(RequestReport)]


def test_every_heartbeat_sets_the_next(driver):
    driver.heartbeat()

    assert driver.told(SetTimer) == [SetTimer(HEARTBEAT, driver.now + 500_000_000)]


def test_a_timer_of_another_name_does_nothing(driver):
    assert driver.feed(Timer("other", driver.now)) == ()


def test_the_record_says_which_strategies_the_settings_switch_off_and_on(make_driver):
    off = (StrategySpec(id="one", factory="puppet", enabled=False),)
    driver = make_driver(strategies=off).start()
    assert driver.state.disabled == {"one": "switched off in the settings"}

    on = (StrategySpec(id="one", factory="puppet"),)
    later = make_driver(ledger=driver.state.ledger(), strategies=on)
    later.feed(Timer(START, later.now))

    assert [change.enabled for change in later.told(StrategyChanged)] == [True]
    assert later.state.disabled == {}


def test_what_a_person_switched_off_stays_off_after_a_restart(driver, make_driver):
    driver.command(commands.SetStrategyEnabled, strategy_id="one", enabled=False)

    later = make_driver(ledger=driver.state.ledger(), nonce="AAAAAAAA").start()

    assert later.state.disabled == {"one": "by ann"}
    assert later.strategy("one").seen == []
    assert later.strategy("two").seen != []


# --- losses -------------------------------------------------------------------------------------


def held(driver, quantity=100):
    key = driver.working(quantity=quantity)
    driver.fill(key, quantity)
    return key


def test_a_loss_of_the_day_beyond_the_limit_leaves_only_reducing_orders(make_driver):
    driver = make_driver(limits={"max_daily_loss": Decimal(500)}, measures=MeasureConfig()).start()
    held(driver)
    driver.quote(A, 95.00, 95.02)  # about 499 below the fill, with the fee
    driver.heartbeat()
    assert driver.system_state is SystemState.ACTIVE

    driver.quote(A, 94.97, 94.99)
    driver.heartbeat()

    assert driver.system_state is SystemState.REDUCING
    assert "daily loss" in driver.told(StateChanged)[0].reason
    assert driver.told(Notice)[0].code == "RF-R-010"
    assert driver.place(price="94.98") is None
    assert driver.place(side=Side.SELL, price="94.98") is not None


def test_a_drawdown_beyond_the_limit_leaves_only_reducing_orders(make_driver):
    driver = make_driver(limits={"max_drawdown": 0.004}, measures=MeasureConfig()).start()
    held(driver)
    driver.quote(A, 96.01, 96.03)
    driver.heartbeat()
    assert driver.system_state is SystemState.ACTIVE

    driver.quote(A, 95.95, 95.97)
    driver.heartbeat()

    assert driver.system_state is SystemState.REDUCING
    assert "drawdown" in driver.told(StateChanged)[0].reason


# --- unanswered requests ------------------------------------------------------------------------


def test_an_order_without_an_answer_becomes_unknown_and_is_asked_for(driver):
    key = driver.place()
    driver.heartbeat(4_999)
    assert driver.status(key) is OrderStatus.SUBMITTED

    driver.heartbeat(2)

    assert driver.status(key) is OrderStatus.UNKNOWN
    assert asked(driver) == [(key,)]
    driver.heartbeat(4_999)
    assert asked(driver) == []
    driver.heartbeat(2)
    assert asked(driver) == [(key,)]


def unanswered(driver, quantity=10):
    key = driver.place(quantity=quantity)
    driver.heartbeat(5_001)
    return key


def test_an_unknown_order_is_accepted_when_the_venue_has_it(driver):
    key = unanswered(driver)

    driver.report([key], [driver.theirs(key)])

    assert driver.status(key) is OrderStatus.ACCEPTED
    assert driver.state.orders.get(key).venue_order_id == f"V-{key}"


def test_an_unknown_order_is_rejected_when_the_venue_does_not_have_it(driver):
    key = unanswered(driver)

    driver.report([key])

    assert driver.status(key) is OrderStatus.REJECTED
    assert driver.state.orders.get(key).reason == "the venue does not have it"


def test_an_unknown_order_takes_its_fills_from_the_report(driver):
    key = unanswered(driver)
    fills = [driver.execution(key, 4), driver.execution(key, 6)]

    driver.report([key], [driver.theirs(key, OrderStatus.FILLED, 10)], fills)
    driver.feed(fills[0])  # and late, once more

    assert driver.status(key) is OrderStatus.FILLED
    assert driver.state.account.quantity(A) == 10
    assert driver.state.fills == 2


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (OrderStatus.CANCELED, OrderStatus.CANCELED),
        (OrderStatus.EXPIRED, OrderStatus.EXPIRED),
        (OrderStatus.REJECTED, OrderStatus.REJECTED),
    ],
)
def test_an_unknown_order_ends_as_the_venue_says(driver, theirs, ours):
    key = unanswered(driver)

    driver.report([key], [driver.theirs(key, theirs)])

    assert driver.status(key) is ours


def test_a_young_order_may_still_be_on_its_way_and_is_not_judged_missing(driver):
    driver.command(commands.Reduce, reason="enough")
    driver.command(commands.Resume, phrase=driver.state.resume_phrase)
    driver.report()
    key = driver.place()
    driver.command(commands.Reduce, reason="enough")
    driver.command(commands.Resume, phrase=driver.state.resume_phrase)
    assert asked(driver) == [(key,)]

    driver.report([key])

    assert driver.status(key) is OrderStatus.UNKNOWN
    assert driver.system_state is SystemState.RECONCILING  # and nothing new before it is known
    driver.feed(OrderAccepted(key, A, driver.now, f"V-{key}"))
    driver.heartbeat(5_001)
    driver.report([], [driver.theirs(key)])
    assert driver.system_state is SystemState.ACTIVE


def test_an_order_that_the_venue_had_and_no_longer_has_is_gone_however_young(driver):
    key = driver.working()

    driver.report([key])

    assert driver.status(key) is OrderStatus.CANCELED


def test_an_unknown_result_is_asked_for(driver):
    key = driver.place()
    driver.feed(OrderUnknown(key, A, driver.now, "time-out"))

    driver.heartbeat(5_001)

    assert asked(driver) == [(key,)]


def test_a_cancel_without_an_answer_is_asked_for_and_sent_again(driver):
    key = driver.working()
    driver.command(commands.CancelOpenOrder, client_order_id=key)
    driver.heartbeat(5_001)
    assert asked(driver) == [(key,)]

    driver.report([key], [driver.theirs(key)])

    assert [cancel.client_order_id for cancel in driver.told(CancelOrder)] == [key]
    driver.report([key], [driver.theirs(key)])
    assert driver.told(CancelOrder) == []  # it was asked only just now


def test_a_change_without_an_answer_ends_as_the_venue_has_it(driver):
    key = driver.working()
    driver.command(commands.ChangeOrder, client_order_id=key, quantity=Decimal(20))
    driver.report([key], [driver.theirs(key)])
    assert driver.status(key) is OrderStatus.PENDING_UPDATE  # it may still be on its way

    driver.heartbeat(5_001)
    driver.report([key], [driver.theirs(key)])

    assert driver.status(key) is OrderStatus.ACCEPTED
    assert driver.state.changes == {}


def test_the_venues_quantity_and_price_are_taken_whenever_they_differ(driver):
    key = driver.working()

    driver.report([], [driver.theirs(key, quantity=7, price="99.50")])

    order = driver.state.orders.get(key)
    assert (order.quantity, order.limit_price) == (7, Decimal("99.50"))


def test_a_fill_beyond_the_old_quantity_proves_the_change(driver):
    key = driver.working(quantity=10)
    driver.command(commands.ChangeOrder, client_order_id=key, quantity=Decimal(50))

    driver.fill(key, 47)

    assert driver.told(Notice) == []
    assert driver.status(key) is OrderStatus.PARTIALLY_FILLED
    assert driver.state.orders.get(key).remaining == 3


def test_a_fill_of_the_whole_old_quantity_leaves_a_larger_change_open(driver):
    key = driver.working(quantity=10)
    driver.command(commands.ChangeOrder, client_order_id=key, quantity=Decimal(50))

    driver.fill(key, 10)
    assert driver.state.orders.get(key).remaining == 40

    driver.feed(CancelRejected(key, A, driver.now, "the order is FILLED"))  # it came too late
    assert asked(driver) == [(key,)]
    driver.report([key], [driver.theirs(key, OrderStatus.FILLED, 10, quantity=10)])
    assert driver.status(key) is OrderStatus.FILLED


def test_a_fill_of_the_whole_order_ends_it_when_a_smaller_change_is_on_its_way(driver):
    key = driver.working(quantity=10)
    driver.command(commands.ChangeOrder, client_order_id=key, quantity=Decimal(5))

    driver.fill(key, 10)

    assert driver.status(key) is OrderStatus.FILLED


def test_a_refusal_has_the_order_asked_for_while_it_is_open(driver):
    key = driver.working()
    driver.command(commands.CancelOpenOrder, client_order_id=key)
    driver.feed(CancelRejected(key, A, driver.now, "the order is FILLED"))
    assert asked(driver) == [(key,)]

    driver.report([key], [driver.theirs(key, OrderStatus.FILLED, 10)], [driver.execution(key, 10)])
    driver.feed(CancelRejected(key, A, driver.now, "the order is FILLED"))

    assert asked(driver) == []


def test_a_refused_cancel_does_not_answer_a_change(driver):
    key = driver.working()
    driver.command(commands.ChangeOrder, client_order_id=key, quantity=Decimal(20))
    driver.command(commands.CancelOpenOrder, client_order_id=key)

    driver.feed(CancelRejected(key, A, driver.now, "too late"))
    assert key in driver.state.changes

    driver.feed(OrderUpdated(key, A, driver.now, Decimal(20), Decimal("100.00")))
    assert driver.state.changes == {}


def test_a_refused_change_is_answered(driver):
    key = driver.working()
    driver.command(commands.ChangeOrder, client_order_id=key, quantity=Decimal(20))

    driver.feed(CancelRejected(key, A, driver.now, "no"))

    assert (driver.status(key), driver.state.changes) == (OrderStatus.ACCEPTED, {})


# --- kill ---------------------------------------------------------------------------------------


def test_while_killed_cancels_and_questions_are_repeated_until_the_venue_confirms(driver):
    key = driver.working()
    driver.command(commands.Kill, reason="practice")
    driver.heartbeat(1_999)
    assert driver.told(CancelOrder) == []

    driver.heartbeat(2)

    assert [cancel.client_order_id for cancel in driver.told(CancelOrder)] == [key]
    assert asked(driver) == [(key,)]
    driver.report([key], [driver.theirs(key, OrderStatus.CANCELED)])
    driver.heartbeat(5_000)
    assert driver.told(CancelOrder) == []
    assert driver.state.orders.open_count == 0


def test_a_kill_survives_a_restart(driver, make_driver):
    driver.command(commands.Kill, reason="practice")

    later = make_driver(ledger=driver.state.ledger(), nonce="AAAAAAAA").start()

    assert later.system_state is SystemState.HALTED
    assert later.state.state_reason == "killed: practice"
    assert later.place() is None
    later.command(commands.Resume, phrase=later.state.resume_phrase)
    later.report()
    assert later.system_state is SystemState.ACTIVE
    assert later.place() == "RF-S-AAAAAAAA-00000001"


def test_order_numbers_go_on_after_a_restart(driver, make_driver):
    driver.feed(OrderCanceled(driver.working(), A, driver.now))

    later = make_driver(ledger=driver.state.ledger(), nonce="AAAAAAAA").start()

    assert later.place(price="99.90") == "RF-S-AAAAAAAA-00000002"


# --- pauses ---------------------------------------------------------------------------------------


def test_a_heartbeat_that_is_a_little_late_changes_nothing(driver):
    driver.quotes()
    driver.heartbeat(5_000, late_ms=5_000)
    assert driver.system_state is SystemState.ACTIVE


def test_after_a_pause_no_price_is_believed_and_the_venue_is_asked(driver):
    key = driver.working()
    driver.heartbeat(6_000, late_ms=5_001)

    assert {change.state for change in driver.told(FeedChanged)} == {FeedState.STALE}
    assert driver.system_state is SystemState.RECONCILING
    assert driver.told(RequestReport)[0] == RequestReport((key,), "paused")
    assert driver.told(Notice)[0].code == "RF-E-003"


# --- reports ------------------------------------------------------------------------------------


def test_the_venue_is_asked_for_everything_every_so_often(driver):
    driver.report()
    driver.quotes()
    driver.heartbeat(29_900)
    assert asked(driver) == []

    driver.heartbeat(200)

    assert asked(driver) == [()]


def test_while_reconciling_it_is_asked_more_often(driver):
    driver.feed(Timer(START, driver.now))

    driver.heartbeat(5_001)

    assert driver.system_state is SystemState.RECONCILING
    assert asked(driver) == [()]


def test_an_order_that_the_venue_filled_further_is_asked_for(driver):
    key = driver.working()
    other = driver.working(name=B, price="50.00")

    driver.report([], [driver.theirs(key, filled=4), driver.theirs(other)])

    assert asked(driver) == [(key,)]
    fill = driver.execution(key, 4)
    driver.report([key], [driver.theirs(key, filled=4), driver.theirs(other)], [fill])
    assert driver.last == ()
    assert driver.state.account.quantity(A) == 4


def test_an_order_that_the_venue_no_longer_lists_is_asked_for(driver):
    key = driver.working()
    driver.command(commands.CancelOpenOrder, client_order_id=key)

    driver.report([])

    assert asked(driver) == [(key,)]
    driver.report([key], [driver.theirs(key, OrderStatus.CANCELED)])
    assert driver.status(key) is OrderStatus.CANCELED


def test_what_was_asked_stays_asked_so_that_questions_end(driver):
    first = driver.working()
    second = driver.working(name=B, price="50.00")

    # A venue that tells of fills and never of the executions.
    told = [driver.theirs(first, filled=4), driver.theirs(second, filled=5)]
    driver.report([], told, positions=())
    assert asked(driver) == [(first, second)]
    rounds = 0
    while asked(driver):
        driver.report(asked(driver)[0], told, positions=())
        rounds += 1
        assert rounds < 5


def test_a_fill_of_a_finished_order_is_looked_for_before_a_position_is_adopted(driver):
    key = driver.working()
    driver.feed(OrderCanceled(key, A, driver.now))
    fill = driver.execution(key, 4)

    driver.report([], positions=((A, Decimal(4)),))

    assert asked(driver) == [(key,)]
    told = [driver.theirs(key, OrderStatus.CANCELED, 4)]
    driver.report([key], told, [fill])
    assert driver.system_state is SystemState.ACTIVE
    assert driver.told(PositionAdopted) == []
    driver.feed(fill)  # late
    assert driver.state.account.quantity(A) == 4


def test_a_position_that_nothing_explains_is_reconciled_and_adopted(driver):
    driver.report([], positions=((A, Decimal(5)),))
    assert driver.system_state is SystemState.RECONCILING
    assert len(driver.told(RequestReport)) == 1
    assert driver.place() is None

    driver.report([], positions=((A, Decimal(5)),))

    assert driver.told(PositionAdopted) == [
        PositionAdopted(A, Decimal(0), Decimal(5), Decimal("100.01"))
    ]
    assert driver.told(Notice)[0].severity is Severity.CRITICAL
    assert driver.system_state is SystemState.ACTIVE
    assert driver.state.account.quantity(A) == 5
    assert driver.state.account.held_by("external", A) == 5
    assert driver.state.account.identity_gap() == 0


def test_positions_are_compared_while_reducing_too(driver):
    driver.command(commands.Reduce, reason="enough")

    driver.report([], positions=((A, Decimal(5)),))
    driver.report([], positions=((A, Decimal(5)),))

    assert driver.state.account.quantity(A) == 5
    assert driver.system_state is SystemState.REDUCING


def test_a_difference_that_an_order_on_its_way_explains_is_no_difference(driver):
    driver.place()

    driver.report([], positions=((A, Decimal(5)),))

    assert driver.last == ()
    assert driver.system_state is SystemState.ACTIVE


def test_an_order_in_one_instrument_hides_no_difference_in_another(driver):
    driver.place()

    driver.report([], positions=((B, Decimal(5)),))

    assert driver.system_state is SystemState.RECONCILING


def test_a_position_is_not_adopted_before_there_is_a_price_for_it(make_driver):
    driver = make_driver()
    driver.feed(Timer(START, driver.now))

    driver.report([], positions=((A, Decimal(5)),))

    assert driver.system_state is SystemState.RECONCILING
    assert driver.told(Notice)[0].code == "RF-L-002"
    driver.quote()
    driver.report([], positions=((A, Decimal(5)),))
    assert driver.system_state is SystemState.ACTIVE
    driver.heartbeat()
    assert driver.state.risk.equity == 100_000  # nothing was earned by it


def test_an_adopted_position_of_an_unknown_instrument_blocks_what_needs_its_price(driver):
    driver.report([], positions=(("sim:OTHER", Decimal(5)),))
    driver.report([], positions=(("sim:OTHER", Decimal(5)),))
    driver.quote()

    assert driver.system_state is SystemState.ACTIVE
    assert driver.place() is None


def test_a_report_while_halted_or_stopping_changes_no_state(driver):
    driver.command(commands.Kill, reason="practice")
    driver.report([], positions=((A, Decimal(5)),))
    assert driver.system_state is SystemState.HALTED
    assert driver.told(PositionAdopted) == []

    driver.command(commands.Shutdown)
    driver.report([], positions=((A, Decimal(5)),))
    assert driver.system_state is SystemState.STOPPING
