import builtins
import os
import random  # noqa: TID251 - to see that it is not used
import socket
import time

import pytest

from rf_common import commands
from rf_common.enums import FeedState, OrderStatus, Severity, Side, SystemState
from rf_common.events import (
    Bar,
    BookDelta,
    BookSnapshot,
    Envelope,
    FeedGap,
    FeedStatus,
    OrderCanceled,
    OrderFilled,
    StorageFailed,
    Timer,
    Trade,
)
from rf_common.orders import (
    FeedChanged,
    Notice,
    Refusal,
    RequestBook,
    RequestReport,
    SetTimer,
    SignalRaised,
    StateChanged,
    StrategyChanged,
    SubmitOrder,
)
from rf_engine import START

A, B = "sim:AAA", "sim:BBB"
NAN, INF = float("nan"), float("inf")


def codes(driver):
    return [notice.code for notice in driver.told(Notice)]


# --- start --------------------------------------------------------------------------------------


def test_a_session_begins_by_asking_the_venue_and_trades_after_its_answer(make_driver):
    driver = make_driver()

    driver.feed(Timer(START, driver.now))

    assert [type(output) for output in driver.last] == [StateChanged, RequestReport, SetTimer]
    assert driver.system_state is SystemState.RECONCILING
    assert driver.place() is None
    driver.report()
    assert driver.system_state is SystemState.ACTIVE


def test_a_payload_of_another_kind_is_an_error(driver):
    with pytest.raises(TypeError, match="payload of the corridor"):
        driver.engine.process(Envelope(1, 1, "a quote"))


def test_an_instrument_that_is_not_ours_changes_nothing(driver):
    before = driver.state.state_hash()

    outputs = driver.quote("sim:OTHER"), driver.feed(Trade("sim:OTHER", 1, 1.0, 1.0, None))

    assert outputs == ((), ())
    driver.state.now = driver.now - 2_000_000
    assert driver.state.state_hash() == before


# --- feeds --------------------------------------------------------------------------------------


def test_the_first_price_makes_an_instrument_live(make_driver):
    driver = make_driver()

    driver.quote()

    assert driver.told(FeedChanged) == [FeedChanged(A, FeedState.LIVE, "prices arrive")]
    assert driver.state.markets[B].feed_state is FeedState.CONNECTING


def test_a_feed_without_a_price_for_too_long_is_stale_and_gets_no_order(driver):
    driver.quotes(1)
    driver.heartbeat(4_999)
    assert not driver.told(FeedChanged)

    driver.heartbeat(3)

    assert {change.instrument_id: change.state for change in driver.told(FeedChanged)} == {
        A: FeedState.STALE,
        B: FeedState.STALE,
    }
    assert driver.place() is None
    assert driver.told(Refusal)[0].rule == "fresh_price"
    driver.quote(A)
    assert driver.place() is not None
    assert driver.place(name=B, price="50.00") is None


@pytest.mark.parametrize(
    "numbers",
    [
        {"bid": NAN},
        {"ask": NAN},
        {"bid": 0.0},
        {"ask": -1.0},
        {"ask": INF},
        {"size": NAN},
        {"size": -1.0},
        {"size": INF},
    ],
)
def test_a_quote_that_is_no_market_stops_new_orders_until_a_good_one(driver, numbers):
    known = driver.state.markets[A].quote

    driver.quote(**numbers)

    assert [change.state for change in driver.told(FeedChanged)] == [FeedState.STALE]
    assert codes(driver) == ["RF-D-022"]
    assert driver.state.markets[A].quote is known
    driver.quote(**numbers)
    assert driver.last == ()  # told once
    assert driver.place() is None
    driver.quote()
    assert driver.place() is not None


@pytest.mark.parametrize(("px", "qty"), [(NAN, 1.0), (INF, 1.0), (0.0, 1.0), (1.0, NAN), (1.0, -1)])
def test_a_print_that_cannot_have_happened_is_not_taken(driver, px, qty):
    seen = len(driver.strategy().seen)

    driver.feed(Trade(A, driver.now, px, qty, None))

    assert driver.state.markets[A].trade is None
    assert len(driver.strategy().seen) == seen


def test_a_source_that_is_gone_takes_its_instruments_along(driver):
    driver.feed(FeedStatus("elsewhere", driver.now, FeedState.DOWN, "reset"))
    assert driver.last == ()

    driver.feed(FeedStatus("sim", driver.now, FeedState.DOWN, "reset"))

    assert [change.state for change in driver.told(FeedChanged)] == [FeedState.DOWN] * 2
    assert driver.place() is None
    driver.feed(FeedStatus("sim", driver.now, FeedState.LIVE))
    assert driver.place() is None  # the word of the source is no price
    driver.quote()
    assert driver.place() is not None


# --- books --------------------------------------------------------------------------------------


def test_a_gap_loses_the_book_and_says_what_is_missing(driver):
    driver.feed(BookSnapshot(A, driver.now, 10, ((99.0, 1.0),), ((101.0, 1.0),)))

    driver.feed(FeedGap(A, driver.now, "sim", 11, 14, "reset"))

    assert not driver.state.markets[A].book.is_valid
    assert "11 to 14" in driver.told(Notice)[0].text
    assert (codes(driver), driver.state.gaps) == (["RF-D-021"], 1)


def test_a_book_that_contradicts_the_quote_is_thrown_away_and_asked_for_again(driver):
    driver.feed(BookSnapshot(A, driver.now, 10, ((99.99, 100.0),), ((100.01, 100.0),)))
    driver.quote(update_id=11)

    driver.feed(BookDelta(A, driver.now, 11, 11, ((100.0, 3.0),), ()))

    assert [request.instrument_id for request in driver.told(RequestBook)] == [A]
    assert driver.told(Notice)[0].severity is Severity.CRITICAL
    assert not driver.state.markets[A].book.is_valid


def test_strategies_hear_of_every_kind_of_market_event(driver):
    seen = driver.strategy().seen
    del seen[:]

    driver.quote()
    driver.feed(Trade(A, driver.now, 100.0, 1.0, Side.BUY))
    driver.feed(BookSnapshot(A, driver.now, 10, ((99.0, 1.0),), ((101.0, 1.0),)))
    driver.feed(BookDelta(A, driver.now, 11, 11, ((99.0, 2.0),), ()))
    driver.feed(Bar(A, driver.now, 60, 1.0, 2.0, 0.5, 1.5, 10.0))

    assert [type(event).__name__ for event in seen] == [
        "Quote",
        "Trade",
        "BookSnapshot",
        "BookDelta",
        "Bar",
    ]


# --- strategies ---------------------------------------------------------------------------------


def test_an_opinion_becomes_an_order_of_its_strategy(driver):
    driver.strategy().say(1)

    driver.quote()

    request = driver.submitted()
    assert (request.strategy_id, request.side, request.instrument_id) == ("one", Side.BUY, A)
    assert [raised.signal.direction for raised in driver.told(SignalRaised)] == [1]
    assert driver.state.signals == 1


def test_an_opinion_on_another_instrument_is_sized_at_that_instruments_price(driver):
    driver.strategy().say(1, B)

    driver.quote(A)

    request = driver.submitted()
    assert request.instrument_id == B
    assert 49 < request.limit_price < 51


def test_an_opinion_on_what_is_not_traded_here_is_told_and_not_followed(driver):
    driver.strategy().say(1, "sim:NONE")

    driver.quote()

    assert driver.submitted() is None
    assert "not an instrument" in driver.engine.core.last_words["one", "sim:NONE"]


def test_a_strategy_that_raises_is_switched_off_alone(driver):
    driver.strategy("one").opinions.append(ZeroDivisionError("no volume"))
    driver.strategy("two").say(1)

    driver.quote()

    changes = driver.told(StrategyChanged)
    assert [(change.strategy_id, change.enabled, change.actor) for change in changes] == [
        ("one", False, "engine")
    ]
    assert "no volume" in changes[0].reason
    assert codes(driver) == ["RF-E-001"]
    assert driver.submitted().strategy_id == "two"
    assert driver.system_state is SystemState.ACTIVE


def test_a_strategy_that_speaks_for_another_one_is_switched_off(driver):
    driver.strategy("one").say(1, signed="two")

    driver.quote()

    assert driver.submitted() is None
    assert [change.strategy_id for change in driver.told(StrategyChanged)] == ["one"]


def test_a_strategy_that_raises_at_a_fill_is_switched_off_and_the_fill_is_booked(driver):
    strategy = driver.strategy()
    strategy.say(1)
    driver.quote()
    key = driver.submitted().client_order_id
    strategy.on_fill = lambda context, fill: 1 / 0

    driver.fill(key, 5)

    assert [change.strategy_id for change in driver.told(StrategyChanged)] == ["one"]
    assert driver.state.account.quantity(A) == 5


def test_a_fill_is_told_to_its_own_strategy_only(driver):
    driver.strategy("one").say(1)
    driver.quote()
    key = driver.submitted().client_order_id

    driver.fill(key, 5)

    assert [fill.quantity for fill in driver.strategy("one").fills] == [5]
    assert driver.strategy("two").fills == []
    assert driver.state.account.held_by("one", A) == 5


def test_a_strategy_that_ran_unattended_for_too_long_is_switched_off(make_driver):
    driver = make_driver(limits={"max_unattended_orders": 1}).start()
    for name in (A, B):
        driver.strategy().say(1, name)
        driver.quote()

    assert driver.told(Refusal)[0].rule == "unattended_orders"
    assert [change.actor for change in driver.told(StrategyChanged)] == ["risk"]
    assert "one" in driver.state.disabled


# --- orders and halts ---------------------------------------------------------------------------


def test_a_fill_that_comes_twice_counts_once(driver):
    key = driver.working()
    fill = driver.execution(key, 4)

    driver.feed(fill)
    driver.feed(fill)

    assert driver.state.account.quantity(A) == 4
    assert driver.state.fills == 1
    assert driver.status(key) is OrderStatus.PARTIALLY_FILLED


def test_an_answer_that_cannot_be_is_an_alarm(driver):
    driver.feed(OrderCanceled("RF-S-K7QW3ZPA-00000099", A, driver.now))

    assert codes(driver) == ["RF-O-002"]


def test_a_fill_beyond_the_order_is_booked_and_told(driver):
    key = driver.working(quantity=10)

    driver.fill(key, 12)

    assert driver.state.account.quantity(A) == 12
    assert "overfill" in driver.told(Notice)[0].text


def test_books_that_do_not_add_up_halt(driver):
    key = driver.working()
    driver.state.account.cash += 1

    driver.fill(key, 4)

    assert codes(driver) == ["RF-O-001"]
    assert driver.system_state is SystemState.HALTED
    assert driver.place() is None


def test_books_that_still_do_not_add_up_cannot_be_resumed(driver):
    key = driver.working()
    driver.state.account.cash += 1
    driver.fill(key, 4)
    driver.feed(OrderCanceled(key, A, driver.now))

    driver.command(commands.Resume, phrase=driver.state.resume_phrase)
    assert driver.system_state is SystemState.RECONCILING
    driver.report()

    assert driver.system_state is SystemState.HALTED
    assert codes(driver) == ["RF-O-001"]


def test_a_journal_that_fails_halts(driver):
    driver.feed(StorageFailed(driver.now, "disk full"))

    assert driver.system_state is SystemState.HALTED
    assert driver.told(StateChanged)[0].reason == "journal: disk full"
    assert driver.place() is None
    driver.report()
    assert driver.system_state is SystemState.HALTED


# --- purity -------------------------------------------------------------------------------------


def a_busy_session(driver):
    """Feed what reaches every handler: orders, fills, refusals, a book, losses, a kill."""
    driver.start()
    driver.strategy("one").say(1)
    driver.strategy("two").say(-1, B)
    driver.quotes()
    for order in list(driver.state.orders.open_orders()):
        driver.accept(order.client_order_id)
        driver.fill(order.client_order_id, 1, "100.00" if order.instrument_id == A else "50.00")
    driver.feed(BookSnapshot(A, driver.now, 10, ((99.99, 100.0),), ((100.01, 100.0),)))
    driver.feed(BookDelta(A, driver.now, 11, 11, ((99.0, 2.0),), ()))
    driver.place(quantity=7)
    driver.place(quantity=100_000)
    driver.heartbeat(6_000)
    driver.report()
    driver.command(commands.Kill, reason="practice")
    driver.command(commands.Resume, phrase=driver.state.resume_phrase)
    driver.report(asked=[order.client_order_id for order in driver.state.orders.open_orders()])
    driver.heartbeat(90_000_000)
    return driver


def test_processing_reads_no_clock_no_randomness_and_no_file(make_driver, monkeypatch):
    def forbidden(*_, **__):
        raise AssertionError("the engine reached outside")

    driver = make_driver()
    for module, names in (
        (time, ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "sleep")),
        (random, ("random", "randint", "getrandbits")),
        (os, ("urandom", "open", "getenv")),
        (socket, ("socket",)),
        (builtins, ("open", "print", "input")),
    ):
        for name in names:
            monkeypatch.setattr(module, name, forbidden)

    a_busy_session(driver)

    monkeypatch.undo()
    assert driver.state.fills >= 2
    assert driver.state.refusals >= 1


def test_the_same_envelopes_give_the_same_outputs_and_hash(make_driver):
    first = a_busy_session(make_driver())
    second = a_busy_session(make_driver())

    assert first.steps == second.steps
    assert first.state.state_hash() == second.state.state_hash()
    assert any(isinstance(o, SubmitOrder) for _, outputs in first.steps for o in outputs)
    assert any(isinstance(e.payload, OrderFilled) for e, _ in first.steps)
