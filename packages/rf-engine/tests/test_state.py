"""The state is a fold over what entered and what was decided."""

from decimal import Decimal

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_common import commands
from rf_common.canonical import canonical_bytes
from rf_common.enums import OrderStatus, Side, SystemState
from rf_common.events import (
    BookDelta,
    BookSnapshot,
    CancelRejected,
    FeedGap,
    OrderCanceled,
    OrderExpired,
    OrderRejected,
    OrderUnknown,
    OrderUpdated,
    StorageFailed,
    Timer,
    Trade,
)
from rf_engine import START, EngineState

A, B = "sim:AAA", "sim:BBB"


class NoFeatures:
    mid_px = vol = None
    samples = 0


def test_a_restored_state_tells_the_same_ledger(driver):
    key = driver.working(quantity=50)
    driver.fill(key, 20)
    driver.working(Side.SELL, 5, "101.00")
    driver.command(commands.CancelOpenOrder, client_order_id=key)
    driver.command(commands.Kill, reason="practice")
    ledger = driver.state.ledger()

    instruments = [market.instrument for market in driver.state.markets.values()]
    later = EngineState(driver.engine.core.config, instruments, lambda _: NoFeatures(), ledger)

    assert canonical_bytes(later.ledger()) == canonical_bytes(ledger)


def test_a_change_on_its_way_counts_after_a_restart_until_the_venue_answers(driver, make_driver):
    key = driver.working(quantity=50)
    driver.command(commands.ChangeOrder, client_order_id=key, quantity=Decimal(150))

    later = make_driver(ledger=driver.state.ledger(), nonce="AAAAAAAA", now=driver.now + 6 * 10**9)
    later.feed(Timer(START, later.now))
    assert [change.quantity for change in later.state.changes.values()] == [150]

    later.report([key], [later.theirs(key)])  # it never arrived

    assert later.state.changes == {}
    assert later.status(key) is OrderStatus.ACCEPTED
    assert later.system_state is SystemState.ACTIVE


def test_marks_of_everything_quoted_survive(driver):
    assert dict(driver.state.ledger().marks) == {A: Decimal("100.01"), B: Decimal("50.01")}


def test_what_was_asked_of_an_order_is_forgotten_with_it(driver):
    key = driver.working()
    driver.command(commands.CancelOpenOrder, client_order_id=key)
    assert key in driver.state.asked

    driver.feed(OrderCanceled(key, A, driver.now))

    assert driver.state.asked == {}


def test_the_market_hash_does_not_depend_on_event_times(make_driver):
    one, two = make_driver(), make_driver(now=1_795_572_999_000_000_000)
    for driver in (one, two):
        driver.quotes()
        driver.feed(Trade(A, driver.now, 100.0, 1.0, None))
        driver.feed(BookSnapshot(A, driver.now, 10, ((99.0, 1.0),), ()))

    assert one.state.market_hash() == two.state.market_hash()
    one.feed(BookDelta(A, one.now, 11, 11, ((99.0, 2.0),), ()))
    assert one.state.market_hash() != two.state.market_hash()


def test_the_state_hash_tells_the_system_state(driver):
    before = driver.state.state_hash()
    driver.command(commands.Reduce, reason="enough")

    assert driver.state.state_hash() != before


ACTIONS = {
    "quote": 8.0,
    "trade": 2.0,
    "book": 2.0,
    "gap": 1.0,
    "bad_quote": 1.0,
    "opinion": 4.0,
    "failure": 0.2,
    "heartbeat": 3.0,
    "late_heartbeat": 1.0,
    "place": 8.0,
    "change": 3.0,
    "cancel": 2.0,
    "cancel_all": 1.0,
    "again": 1.0,
    "kill": 0.5,
    "resume": 2.0,
    "reduce": 0.5,
    "enable": 1.0,
    "swap": 1.0,
    "accept": 8.0,
    "reject": 1.0,
    "fill": 8.0,
    "duplicate": 2.0,
    "end": 1.0,
    "unknown": 1.0,
    "report": 2.0,
    "positions": 0.5,
    "storage": 0.05,
}
"""What a session does, and how often."""


class Session:
    """A driver that does something at random, sensible or not."""

    def __init__(self, driver, seed):
        self.driver = driver
        self.rng = np.random.default_rng(seed)
        self.number = 0
        self.newest = None

    def pick(self, items):
        items = list(items)
        return items[int(self.rng.integers(len(items)))] if items else None

    def go_on(self):
        weights = np.array(list(ACTIONS.values()))
        getattr(self, str(self.rng.choice(list(ACTIONS), p=weights / weights.sum())))()

    def order(self):
        orders = self.driver.state.orders
        order = self.pick(orders.open_orders() if self.rng.random() < 0.8 else orders)
        return order

    def command(self, kind, **fields):
        self.number += 1
        self.driver.command(kind, f"s{self.number}", **fields)

    def quote(self):
        px = 100 + int(self.rng.integers(-9, 10)) / 100
        name = self.pick((A, B))
        px = px if name == A else px / 2
        self.driver.quote(name, px, px + 0.02, update_id=self.number)

    def trade(self):
        self.driver.feed(Trade(A, self.driver.now, 100.0, 2.0, None))

    def book(self):
        levels = ((99.0, 1.0), (98.0, 2.0)), ((101.0, 1.0),)
        self.driver.feed(BookSnapshot(A, self.driver.now, self.number, *levels))
        last = self.number + 1
        self.driver.feed(BookDelta(A, self.driver.now, last, last, ((99.0, 0.0),), ()))

    def gap(self):
        self.driver.feed(FeedGap(A, self.driver.now, "sim", 1, 2, "lost"))

    def bad_quote(self):
        self.driver.quote(bid=float("nan"))

    def opinion(self):
        strategy = self.driver.strategy(self.pick(("one", "two")))
        strategy.say(self.pick((-1, 0, 1)), self.pick((A, B)))
        self.quote()

    def failure(self):
        self.driver.strategy("two").opinions.append(ValueError("told to fail"))
        self.quote()

    def heartbeat(self):
        self.driver.heartbeat()

    def late_heartbeat(self):
        self.driver.heartbeat(6_000)

    def place(self):
        name, side = self.pick((A, B)), self.pick(Side)
        cents = int(self.rng.integers(9_900, 10_101)) // (1 if name == A else 2)
        self.command(
            commands.PlaceOrder,
            instrument_id=name,
            side=side,
            quantity=Decimal(int(self.rng.integers(0, 120))),
            limit_price=Decimal(cents) / 100,
        )

    def change(self):
        order = self.order()
        if order is not None:
            quantity = Decimal(int(self.rng.integers(1, 100)))
            key = order.client_order_id
            self.command(commands.ChangeOrder, client_order_id=key, quantity=quantity)

    def cancel(self):
        order = self.order()
        if order is not None:
            self.command(commands.CancelOpenOrder, client_order_id=order.client_order_id)

    def cancel_all(self):
        self.command(commands.CancelAllOrders)

    def again(self):
        number = int(self.rng.integers(0, self.number + 1))
        self.driver.command(commands.Kill, f"s{number}", reason="an id that was used before")

    def kill(self):
        self.command(commands.Kill, reason="practice")

    def resume(self):
        phrase = self.driver.state.resume_phrase if self.rng.random() < 0.8 else "no"
        self.command(commands.Resume, phrase=phrase)
        self.report()

    def reduce(self):
        self.command(commands.Reduce, reason="enough")

    def enable(self):
        name, enabled = self.pick(("one", "two", "none")), bool(self.rng.random() < 0.7)
        self.command(commands.SetStrategyEnabled, strategy_id=name, enabled=enabled)

    def swap(self):
        text = self.pick(("{}", "{", '{"breaks": 1}'))
        self.command(commands.SwapStrategy, strategy_id="two", factory="puppet", parameters=text)

    def answer(self, kind, *rest):
        order = self.order()
        if order is not None:
            name = order.instrument_id
            self.driver.feed(kind(order.client_order_id, name, self.driver.now, *rest))

    def accept(self):
        order = self.order()
        if order is not None:
            self.driver.accept(order.client_order_id)

    def reject(self):
        self.answer(self.pick((OrderRejected, CancelRejected)), "no")

    def fill(self):
        order = self.order()
        if order is not None:
            quantity = int(self.rng.integers(1, 60))
            self.newest = self.driver.execution(order.client_order_id, quantity)
            self.driver.feed(self.newest)

    def end(self):
        self.answer(self.pick((OrderCanceled, OrderExpired)))

    def unknown(self):
        self.answer(OrderUnknown, "time-out")
        self.answer(OrderUpdated, Decimal(int(self.rng.integers(1, 90))), Decimal("99.50"))

    def report(self):
        driver = self.driver
        keys = [order.client_order_id for order in driver.state.orders.open_orders()]
        known = [key for key in keys if self.rng.random() < 0.8]
        statuses = (OrderStatus.ACCEPTED, OrderStatus.ACCEPTED, OrderStatus.CANCELED)
        orders = [driver.theirs(key, self.pick(statuses)) for key in known]
        orders = [
            driver.theirs(theirs.client_order_id, theirs.status, self.filled(theirs))
            for theirs in orders
        ]
        driver.report(keys if self.rng.random() < 0.7 else (), orders)

    def filled(self, theirs):
        return self.driver.state.orders.get(theirs.client_order_id).filled

    def positions(self):
        self.driver.report([], positions=((self.pick((A, B, "sim:OTHER")), Decimal(3)),))

    def duplicate(self):
        if self.newest is not None:
            self.driver.feed(self.newest)

    def storage(self):
        self.driver.feed(StorageFailed(self.driver.now, "disk full"))


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(20, 160))
def test_the_fold_over_what_was_recorded_equals_the_live_ledger_after_each_step(
    make_driver, seed, length
):
    driver = make_driver().start()
    items = [market.instrument for market in driver.state.markets.values()]
    fold = EngineState(driver.engine.core.config, items, lambda _: NoFeatures())
    session = Session(driver, seed)
    done = 0
    for _ in range(length):
        session.go_on()
        for envelope, outputs in driver.steps[done:]:
            fold.apply(envelope)
            for output in outputs:
                fold.commit(output)
        done = len(driver.steps)
        assert canonical_bytes(fold.ledger()) == canonical_bytes(driver.state.ledger())
    assert fold.state_hash() == driver.state.state_hash()
