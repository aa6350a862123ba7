from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from rf_common import (
    ClientOrderId,
    InstrumentId,
    Liquidity,
    OrderFilled,
    OrderRequest,
    OrderStatus,
    OrderType,
    Side,
    StrategyId,
    TimeInForce,
    UnixNanos,
    VenueOrderId,
)
from rf_common.events import (
    CancelRejected,
    OrderAccepted,
    OrderCanceled,
    OrderDenied,
    OrderEvent,
    OrderExpired,
    OrderRejected,
    OrderUnknown,
    OrderUpdated,
)
from rf_oms import Change, Execution, Order, Orders, OrderState

KEY = ClientOrderId("RF-S-AAAAAAAA-00000001")
A = InstrumentId("sim:A")
T = UnixNanos(9)
Make = Callable[..., Any]


def _accepted(venue_order_id: str = "V-1") -> OrderAccepted:
    return OrderAccepted(KEY, A, T, VenueOrderId(venue_order_id))


def _updated(quantity: int, limit: int = 99) -> OrderUpdated:
    return OrderUpdated(KEY, A, T, Decimal(quantity), Decimal(limit))


@pytest.fixture
def orders(request_of: Make) -> Orders:
    """A book with one order in flight."""
    book = Orders()
    book.open(request_of(), UnixNanos(1), 100.0)
    return book


def _order(orders: Orders) -> Order:
    order = orders.get(KEY)
    assert order is not None
    return order


def test_an_order_is_in_flight_before_it_leaves(orders: Orders) -> None:
    order = _order(orders)

    assert (order.status, order.remaining, order.is_open) == (OrderStatus.SUBMITTED, 10, True)
    assert orders.open_count == len(orders) == 1
    assert list(orders.open_orders()) == list(orders) == [order]


def test_a_client_id_is_used_once(orders: Orders, request_of: Make) -> None:
    with pytest.raises(ValueError, match="was used before"):
        orders.open(request_of(), T, 100.0)

    orders.apply(OrderRejected(KEY, A, T, "no"))
    with pytest.raises(ValueError, match="was used before"):
        orders.open(request_of(), T, 100.0)


def test_fills_add_up_to_a_filled_order(orders: Orders, fill_of: Make) -> None:
    orders.apply(_accepted())
    first = orders.apply(fill_of())
    second = orders.apply(fill_of(execution_id="E-2", quantity=6, price="100.5", fee="0.2"))

    order = _order(orders)
    assert (first.alarm, second.alarm) == ("", "")
    assert order.status is OrderStatus.FILLED
    assert (order.filled, order.remaining, order.fees) == (10, 0, Decimal("0.3"))
    assert order.average_price == Decimal("100.3")
    assert orders.open_count == 0


def test_a_fill_before_the_acceptance_counts(orders: Orders, fill_of: Make) -> None:
    assert orders.apply(fill_of()).fill is not None
    assert _order(orders).venue_order_id == "V-1"

    assert orders.apply(_accepted()).alarm == ""
    assert _order(orders).status is OrderStatus.PARTIALLY_FILLED


@pytest.mark.parametrize(
    ("end", "status"),
    [
        (OrderCanceled(KEY, A, T, "asked"), OrderStatus.CANCELED),
        (OrderExpired(KEY, A, T, "day over"), OrderStatus.EXPIRED),
    ],
)
def test_a_fill_after_the_end_is_booked(
    orders: Orders, fill_of: Make, end: OrderEvent, status: OrderStatus
) -> None:
    orders.apply(_accepted())
    orders.apply(end)

    part = orders.apply(fill_of())
    assert (_order(orders).status, part.alarm, part.fill) == (status, "", fill_of())

    orders.apply(fill_of(execution_id="E-2", quantity=6))
    assert _order(orders).status is OrderStatus.FILLED
    assert orders.open_count == 0
    assert _order(orders).reason == end.reason  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("end", "status"),
    [
        (OrderRejected(KEY, A, T, "no"), OrderStatus.REJECTED),
        (OrderDenied(KEY, A, T, "gate"), OrderStatus.DENIED),
    ],
)
def test_a_fill_of_an_order_that_never_was_is_booked_and_alarmed(
    orders: Orders, fill_of: Make, end: OrderEvent, status: OrderStatus
) -> None:
    orders.apply(end)

    change = orders.apply(fill_of())

    assert change.fill is not None
    assert f"which was {status}" in change.alarm


def test_an_overfill_is_booked_and_alarmed(orders: Orders, fill_of: Make) -> None:
    change = orders.apply(fill_of(quantity=11))

    assert change.fill is not None
    assert change.alarm == f"overfill of {KEY}: 11 of 10"
    assert (_order(orders).filled, _order(orders).remaining) == (11, 0)


@pytest.mark.parametrize("changes", [{"side": Side.SELL}, {"instrument_id": InstrumentId("sim:B")}])
def test_a_fill_that_does_not_fit_its_order_is_alarmed(
    orders: Orders, fill_of: Make, changes: dict[str, Any]
) -> None:
    change = orders.apply(fill_of(**changes))

    assert change.fill is not None
    assert "does not fit" in change.alarm


@pytest.mark.parametrize(
    "changes",
    [
        {"quantity": 0},
        {"quantity": -1},
        {"quantity": "NaN"},
        {"quantity": "Infinity"},
        {"price": 0},
        {"price": -100},
        {"price": "NaN"},
        {"fee": "NaN"},
        {"fee": "sNaN"},
        {"execution_id": ""},
    ],
)
def test_a_fill_with_impossible_numbers_changes_nothing_and_alarms(
    orders: Orders, fill_of: Make, changes: dict[str, Any]
) -> None:
    before = orders.state()

    change = orders.apply(fill_of(**changes))

    assert change.fill is None
    assert "cannot be booked" in change.alarm
    assert orders.state() == before


def test_a_repeated_execution_counts_once(orders: Orders, fill_of: Make) -> None:
    orders.apply(fill_of())

    again = orders.apply(fill_of(ts_event=UnixNanos(77), price="100.00", fee="0.3"))

    assert again == Change(_order(orders))
    assert _order(orders).filled == 4


@pytest.mark.parametrize(
    "changes",
    [
        {"price": 101},
        {"quantity": 5},
        {"side": Side.SELL},
        {"client_order_id": ClientOrderId("RF-S-AAAAAAAA-00000002")},
        {"instrument_id": InstrumentId("sim:B")},
    ],
)
def test_a_repeated_execution_with_other_data_keeps_the_first_and_alarms(
    orders: Orders, request_of: Make, fill_of: Make, changes: dict[str, Any]
) -> None:
    orders.open(request_of(client_order_id="RF-S-AAAAAAAA-00000002"), T, 100.0)
    orders.apply(fill_of())

    again = orders.apply(fill_of(**changes))

    assert again.fill is None
    assert again.alarm == "execution E-1 came again with other data"
    assert [order.filled for order in orders] == [4, 0]


def test_two_venues_may_use_the_same_execution_id(
    orders: Orders, request_of: Make, fill_of: Make
) -> None:
    other = {"client_order_id": "RF-S-AAAAAAAA-00000002", "instrument_id": "else:A"}
    orders.open(request_of(**other), T, 100.0)
    orders.apply(fill_of())

    change = orders.apply(fill_of(**other))

    assert (change.alarm, change.fill) == ("", fill_of(**other))


def test_answers_for_unknown_orders_are_alarmed_and_only_fills_count(fill_of: Make) -> None:
    orders = Orders()

    answer, fill = orders.apply(_accepted()), orders.apply(fill_of())

    assert answer == Change(None, alarm=f"answer for unknown order {KEY}")
    assert fill == Change(None, fill_of(), "fill E-1 for an order that is not ours")
    assert orders.apply(fill_of()).fill is None


def test_an_illegal_answer_changes_nothing_and_alarms(orders: Orders) -> None:
    orders.apply(OrderRejected(KEY, A, T, "no"))
    before = orders.state()

    change = orders.apply(_accepted())

    assert change.alarm == f"accept is not possible for {KEY} in REJECTED"
    assert orders.state() == before


def test_a_second_venue_id_is_alarmed_and_the_first_is_kept(orders: Orders) -> None:
    orders.apply(_accepted("V-1"))

    change = orders.apply(_accepted("V-2"))

    assert change.alarm == f"{KEY} has two orders at the venue: V-1 and V-2"
    assert _order(orders).venue_order_id == "V-1"
    assert orders.apply(_accepted("V-1")).alarm == ""


def test_a_refused_cancel_proves_nothing_about_an_order_that_was_never_accepted(
    orders: Orders,
) -> None:
    orders.apply(OrderUnknown(KEY, A, T, "timeout"))
    orders.ask(KEY, "ask_cancel", T)

    orders.apply(CancelRejected(KEY, A, T, "no such order"))

    assert _order(orders).status is OrderStatus.UNKNOWN
    assert orders.apply(CancelRejected(KEY, A, T, "again")).alarm == ""


def test_a_refused_cancel_leaves_an_accepted_order_working(orders: Orders, fill_of: Make) -> None:
    orders.apply(_accepted())
    orders.ask(KEY, "ask_cancel", T)
    orders.apply(CancelRejected(KEY, A, T, "too late"))
    assert _order(orders).status is OrderStatus.ACCEPTED

    orders.ask(KEY, "ask_cancel", T)
    orders.apply(fill_of())
    assert _order(orders).status is OrderStatus.PENDING_CANCEL
    orders.apply(CancelRejected(KEY, A, T, "too late"))
    assert _order(orders).status is OrderStatus.PARTIALLY_FILLED


def test_a_found_order_that_was_partly_filled_is_partly_filled(
    orders: Orders, fill_of: Make
) -> None:
    orders.apply(fill_of())
    orders.ask(KEY, "ask_cancel", T)
    orders.apply(OrderUnknown(KEY, A, T, "reset"))

    orders.apply(_accepted())

    assert _order(orders).status is OrderStatus.PARTIALLY_FILLED


def test_an_update_changes_quantity_and_limit(orders: Orders) -> None:
    orders.apply(_accepted())
    assert orders.ask(KEY, "ask_update", T)
    assert _order(orders).status is OrderStatus.PENDING_UPDATE

    orders.apply(_updated(20))

    order = _order(orders)
    assert (order.status, order.quantity, order.limit_price) == (OrderStatus.ACCEPTED, 20, 99)


def test_an_update_that_comes_after_its_answer_is_still_taken(orders: Orders) -> None:
    orders.apply(_accepted())
    orders.ask(KEY, "ask_update", T)
    orders.ask(KEY, "ask_cancel", T)
    orders.apply(CancelRejected(KEY, A, T, "busy"))

    change = orders.apply(_updated(20))

    assert (change.alarm, _order(orders).quantity) == ("", 20)


def test_an_update_to_what_is_filled_already_fills_the_order(orders: Orders, fill_of: Make) -> None:
    orders.apply(_accepted())
    orders.ask(KEY, "ask_update", T)
    orders.apply(fill_of())

    orders.apply(_updated(4))

    assert (_order(orders).status, orders.open_count) == (OrderStatus.FILLED, 0)


def test_a_late_update_does_not_touch_a_finished_order(orders: Orders) -> None:
    orders.apply(OrderCanceled(KEY, A, T))

    change = orders.apply(_updated(20))

    assert (change.alarm, _order(orders).quantity) == ("", 10)


def test_asking_is_possible_for_known_open_orders_only(orders: Orders) -> None:
    assert not orders.ask(ClientOrderId("RF-S-AAAAAAAA-00000009"), "ask_cancel", T)
    assert not orders.ask(KEY, "ask_update", T)
    assert orders.ask(KEY, "ask_cancel", T)
    orders.apply(OrderCanceled(KEY, A, T))
    assert not orders.ask(KEY, "ask_cancel", T)


@pytest.mark.parametrize(
    ("changes", "value"),
    [
        ({}, 1_000),
        ({"limit_price": None, "order_type": OrderType.MARKET}, 1_025),
        (
            {"limit_price": None, "stop_price": Decimal(90), "order_type": OrderType.STOP_MARKET},
            900,
        ),
        ({"stop_price": Decimal(90), "order_type": OrderType.STOP_LIMIT}, 1_000),
    ],
)
def test_open_value_is_at_the_limit_the_stop_or_the_reference(
    request_of: Make, changes: dict[str, Any], value: int
) -> None:
    order = Orders().open(request_of(**changes), T, 102.5)

    assert order.open_notional == value


def test_the_newest_time_is_kept(orders: Orders) -> None:
    orders.apply(OrderUnknown(KEY, A, UnixNanos(500), ""))
    orders.apply(OrderAccepted(KEY, A, UnixNanos(400), VenueOrderId("V-1")))

    assert (_order(orders).created, _order(orders).updated) == (1, 500)


def _finish(orders: Orders, request_of: Make, fill_of: Make, number: int) -> None:
    key = f"RF-S-BBBBBBBB-{number:08d}"
    orders.open(request_of(client_order_id=key), T, 100.0)
    orders.apply(fill_of(client_order_id=key, execution_id=f"F-{number}", quantity=10))


def test_executions_of_a_known_order_are_never_forgotten(request_of: Make, fill_of: Make) -> None:
    orders = Orders(keep_finished=3)
    orders.open(request_of(), T, 100.0)
    orders.apply(fill_of())

    for number in range(20):
        _finish(orders, request_of, fill_of, number)

    assert orders.apply(fill_of()).fill is None
    assert orders.apply(fill_of(client_order_id="RF-S-BBBBBBBB-00000019", execution_id="F-19",
                                quantity=10)).fill is None  # fmt: skip
    assert _order(orders).filled == 4


def test_what_is_remembered_is_bounded(request_of: Make, fill_of: Make) -> None:
    orders = Orders(keep_finished=3)
    orders.open(request_of(), T, 100.0)
    for number in range(20):
        _finish(orders, request_of, fill_of, number)
        orders.apply(fill_of(client_order_id="theirs", execution_id=f"X-{number}"))

    kept, executions = orders.state()

    assert [order.request.client_order_id[-2:] for order in kept] == ["01", "17", "18", "19"]
    remembered = sorted(execution.execution_id for execution in executions)
    assert remembered == ["F-17", "F-18", "F-19", "X-17", "X-18", "X-19"]
    assert orders.get(ClientOrderId("RF-S-BBBBBBBB-00000000")) is None


def test_a_restored_book_forgets_in_the_same_order(request_of: Make, fill_of: Make) -> None:
    live = Orders(keep_finished=2)
    for number in (1, 2):
        live.open(request_of(client_order_id=f"RF-S-BBBBBBBB-{number:08d}"), T, 100.0)
    for number in (2, 1):
        live.apply(OrderCanceled(ClientOrderId(f"RF-S-BBBBBBBB-{number:08d}"), A, T))
    restored = Orders(keep_finished=2)
    restored.restore(*live.state())

    for orders in (live, restored):
        _finish(orders, request_of, fill_of, 3)

    assert restored.state() == live.state()


ANSWERS = {
    "accept": lambda key: OrderAccepted(key, A, T, VenueOrderId("V-1")),
    "reject": lambda key: OrderRejected(key, A, T, "r"),
    "deny": lambda key: OrderDenied(key, A, T, "d"),
    "cancel": lambda key: OrderCanceled(key, A, T, "c"),
    "expire": lambda key: OrderExpired(key, A, T, "x"),
    "refuse": lambda key: CancelRejected(key, A, T, "k"),
    "unknown": lambda key: OrderUnknown(key, A, T, "u"),
}
KEYS = tuple(ClientOrderId(f"RF-S-AAAAAAAA-{n:08d}") for n in range(4))


class OrdersMachine(RuleBasedStateMachine):
    """Any answers in any order against a book that only adds up distinct executions."""

    @initialize()
    def start(self) -> None:
        self.orders = Orders()
        self.fills: dict[str, OrderFilled] = {}
        self.counted = Counter[ClientOrderId]()
        self.ended: dict[ClientOrderId, OrderStatus] = {}
        self.opened: set[ClientOrderId] = set()

    @rule(key=st.sampled_from(KEYS), quantity=st.integers(1, 10))
    def open(self, key: ClientOrderId, quantity: int) -> None:
        request = OrderRequest(
            key, StrategyId("s"), A, Side.BUY, Decimal(quantity), OrderType.LIMIT,
            Decimal(100), None, TimeInForce.GTC, False, "", "",
        )  # fmt: skip
        if key in self.opened:
            with pytest.raises(ValueError, match="used before"):
                self.orders.open(request, T, 100.0)
        else:
            self.orders.open(request, T, 100.0)
            self.opened.add(key)

    @rule(key=st.sampled_from(KEYS), move=st.sampled_from(["ask_cancel", "ask_update"]))
    def ask(self, key: ClientOrderId, move: str) -> None:
        order = self.orders.get(key)
        done = self.orders.ask(key, move, T)
        if order is None or not order.is_open:
            assert not done

    @rule(key=st.sampled_from(KEYS), kind=st.sampled_from(sorted(ANSWERS)))
    def answer(self, key: ClientOrderId, kind: str) -> None:
        before = self.orders.state()
        change = self.orders.apply(ANSWERS[kind](key))
        assert change.fill is None
        if change.alarm:
            assert self.orders.state() == before
        if key not in self.opened:
            assert change.order is None
            assert change.alarm

    @rule(key=st.sampled_from(KEYS), quantity=st.integers(1, 12))
    def update(self, key: ClientOrderId, quantity: int) -> None:
        event = OrderUpdated(key, A, T, Decimal(quantity), Decimal(100))
        was = self.orders.get(key)
        was_open = was is not None and was.is_open
        change = self.orders.apply(event)
        if change.order is not None and was_open and not change.alarm:
            assert change.order.quantity == quantity

    @rule(
        key=st.sampled_from(KEYS),
        number=st.integers(0, 8),
        quantity=st.integers(1, 6),
        price=st.integers(99, 101),
    )
    def fill(self, key: ClientOrderId, number: int, quantity: int, price: int) -> None:
        execution_id = f"E-{number}"
        event = OrderFilled(
            key, A, T, VenueOrderId("V-1"), execution_id, Side.BUY, Decimal(price),
            Decimal(quantity), Decimal("0.01"), Liquidity.TAKER,
        )  # fmt: skip
        first = self.fills.get(execution_id)
        change = self.orders.apply(event)
        if first is None:
            assert change.fill == event
            self.fills[execution_id] = event
            order = self.orders.get(key)
            if order is not None:
                self.counted[key] += quantity
            overfilled = order is not None and order.filled > order.quantity
            assert bool(change.alarm) == (
                order is None
                or overfilled
                or self.ended.get(key) in {OrderStatus.REJECTED, OrderStatus.DENIED}
            )
        else:
            assert change.fill is None
            assert bool(change.alarm) == (first != event)

    @precondition(lambda self: self.fills)
    @rule(data=st.data())
    def repeat_a_fill(self, data: st.DataObject) -> None:
        fill = data.draw(st.sampled_from(sorted(self.fills.values(), key=lambda f: f.execution_id)))
        before = self.orders.state()
        change = self.orders.apply(fill)
        assert (change.fill, change.alarm) == (None, "")
        assert self.orders.state() == before

    @rule()
    def restart(self) -> None:
        orders, executions = self.orders.state()
        wire = msgspec.msgpack.encode((orders, executions))
        kind = tuple[tuple[OrderState, ...], tuple[Execution, ...]]
        self.orders = Orders()
        self.orders.restore(*msgspec.msgpack.decode(wire, type=kind))
        assert self.orders.state() == (orders, executions)

    @invariant()
    def filled_is_the_sum_of_distinct_executions(self) -> None:
        for order in self.orders:
            assert order.filled == self.counted[order.client_order_id]
            assert order.remaining == max(order.quantity - order.filled, Decimal(0))

    @invariant()
    def a_finished_order_never_reopens(self) -> None:
        for key, status in self.ended.items():
            order = self.orders.get(key)
            assert order is not None
            assert order.status in {status, OrderStatus.FILLED}
        for order in self.orders:
            if not order.is_open:
                self.ended[order.client_order_id] = order.status

    @invariant()
    def open_orders_are_those_that_are_not_finished(self) -> None:
        open_keys = [order.client_order_id for order in self.orders.open_orders()]
        assert open_keys == [o.client_order_id for o in self.orders if o.is_open]
        assert self.orders.open_count == len(open_keys)
        assert {order.client_order_id for order in self.orders} == self.opened

    @invariant()
    def the_status_agrees_with_what_was_filled(self) -> None:
        for order in self.orders:
            if order.status is OrderStatus.FILLED:
                assert order.filled >= order.quantity
            elif order.status is OrderStatus.PARTIALLY_FILLED:
                assert 0 < order.filled < order.quantity
            elif order.status in {OrderStatus.ACCEPTED, OrderStatus.SUBMITTED}:
                assert order.filled == 0


TestOrdersMachine = OrdersMachine.TestCase
TestOrdersMachine.settings = settings(deadline=None, max_examples=60, stateful_step_count=40)
