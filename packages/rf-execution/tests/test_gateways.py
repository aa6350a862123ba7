"""The doors: the last gate, and the paper venue behind the gateway port."""

import threading
from decimal import Decimal

import pytest

from rf_common import DeterministicClock
from rf_common.events import CancelRejected, OrderCanceled, OrderDenied, OrderFilled, VenueReport
from rf_common.orders import CancelOrder, ReplaceOrder
from rf_execution.gateways import Gate, PaperGateway
from rf_execution.gateways.gate import REASON

NAME = "binance:BTCUSDT"
MS = 1_000_000


class Recorder:
    """A gateway that keeps what passes; `during` runs inside each submit."""

    name = "recorder"

    def __init__(self):
        self.passed = []
        self.halts = 0
        self.during = lambda: None
        self.broken = False

    def submit(self, request):
        self.during()
        self.passed.append(request)

    def cancel(self, order):
        self.passed.append(order)

    def replace(self, order):
        self.passed.append(order)

    def report(self, asked):
        return VenueReport(self.name, 0, tuple(asked), (), (), ())

    def halt(self):
        self.halts += 1
        if self.broken:
            raise OSError("the venue hangs")
        return ("c1", "c2") if self.halts == 1 else ()

    def release(self):
        self.passed.append("release")


@pytest.fixture
def door():
    """Return a gate, what is behind it and what it answered."""
    behind, answers = Recorder(), []
    return Gate(behind, DeterministicClock(5), answers.append), behind, answers


# --- gate -----------------------------------------------------------------------------------------


def test_an_open_gate_lets_everything_pass(door, desk):
    gate, behind, answers = door
    requests = [desk.order("BUY", "1"), CancelOrder("c1", NAME, "x")]
    requests.append(ReplaceOrder("c1", NAME, Decimal(2), None))
    for send, request in zip((gate.submit, gate.cancel, gate.replace), requests, strict=True):
        send(request)
    assert behind.passed == requests
    assert answers == []
    assert not gate.is_shut
    assert gate.name == "recorder"
    assert gate.report(("c1",)).asked == ("c1",)


def test_a_shut_gate_answers_that_an_order_was_held_back(door, desk):
    gate, behind, answers = door
    assert gate.halt() == ("c1", "c2")
    gate.submit(desk.order("BUY", "1", key="c7"))
    assert behind.passed == []
    assert answers == [OrderDenied("c7", NAME, 5, REASON)]


def test_a_shut_gate_answers_that_a_change_was_held_back_so_that_the_order_stays(door):
    gate, behind, answers = door
    gate.halt()
    gate.replace(ReplaceOrder("c7", NAME, Decimal(2), None))
    assert behind.passed == []
    assert answers == [CancelRejected("c7", NAME, 5, REASON)]


def test_cancels_pass_a_shut_gate(door):
    gate, behind, _ = door
    gate.halt()
    gate.cancel(CancelOrder("c1", NAME, "x"))
    assert behind.passed == [CancelOrder("c1", NAME, "x")]


def test_halt_asks_the_venue_each_time_and_remembers_what_it_confirmed(door):
    gate, behind, _ = door
    gate.halt()
    assert gate.last_halt == ("c1", "c2")
    assert gate.halt() == ()
    assert behind.halts == 2
    assert gate.last_halt == ("c1", "c2")
    assert gate.is_shut


def test_a_gate_stays_shut_when_the_venue_fails_to_halt(door, desk):
    gate, behind, answers = door
    behind.broken = True
    with pytest.raises(OSError, match="hangs"):
        gate.halt()
    gate.submit(desk.order("BUY", "1"))
    assert gate.is_shut
    assert behind.passed == []
    assert len(answers) == 1


def test_a_released_gate_lets_orders_pass_again(door, desk):
    gate, behind, answers = door
    gate.halt()
    gate.release()
    request = desk.order("BUY", "1")
    gate.submit(request)
    assert behind.passed == ["release", request]
    assert not gate.is_shut
    assert gate.last_halt == ()
    assert answers == []


def test_halt_does_not_wait_for_a_submit_that_hangs(door, desk):
    gate, behind, answers = door
    inside, go = threading.Event(), threading.Event()

    def hang():
        inside.set()
        assert go.wait(10)

    behind.during = hang
    engine = threading.Thread(target=gate.submit, args=(desk.order("BUY", "1", key="c8"),))
    engine.start()
    assert inside.wait(10)
    killer = threading.Thread(target=gate.halt)
    killer.start()
    killer.join(10)
    was_shut = gate.is_shut and not killer.is_alive()
    gate.submit(desk.order("BUY", "1", key="c9"))
    go.set()
    engine.join(10)
    assert was_shut
    assert [event.client_order_id for event in answers] == ["c9"]


# --- paper gateway --------------------------------------------------------------------------------


@pytest.fixture
def paper(desk):
    """Return the desk's venue behind its gateway, and the clock."""
    clock = DeterministicClock(desk.now)
    return PaperGateway(desk.venue, clock), clock


def test_the_gateway_carries_requests_and_answers(paper, desk, short):
    gateway, clock = paper
    assert gateway.name == "paper"
    assert gateway.next_due is None
    gateway.submit(desk.order("BUY", "3", "101", key="c1"))
    gateway.replace(ReplaceOrder("c1", NAME, Decimal(4), Decimal(101)))
    gateway.cancel(CancelOrder("c1", NAME, "x"))
    assert gateway.next_due == desk.now + 10 * MS
    clock.set(desk.now + 20 * MS)
    assert short(gateway.advance(clock.now())) == [
        "Accepted",
        ("Filled", "1", "101", "TAKER"),
        "Updated",
        "Canceled",
    ]
    report = gateway.report(("c1",))
    assert (report.ts_event, report.positions) == (clock.now(), ((NAME, Decimal(1)),))


def test_the_gateway_shows_the_market_to_resting_orders(paper, desk, short):
    gateway, clock = paper
    gateway.submit(desk.order("BUY", "1", "100.50"))
    gateway.advance(desk.now + 10 * MS)
    assert gateway.watches(NAME)
    assert not gateway.watches("binance:ETHUSDT")
    clock.set(desk.now + 30 * MS)
    gateway.on_market(desk.view.show(((99.0, 1.0),), ((100.0, 1.0),)), clock.now())
    assert short(gateway.advance(desk.now + 40 * MS))[-1] == ("Filled", "1", "100.5", "MAKER")


def test_a_halted_gateway_denies_and_says_when_to_listen(paper, desk):
    gateway, clock = paper
    gateway.submit(desk.order("BUY", "1", "90", key="c1"))
    assert gateway.halt() == ("c1",)
    assert gateway.halt() == ()
    gateway.submit(desk.order("BUY", "1", "101", key="c2"))
    assert gateway.next_due == clock.now()
    answers = gateway.advance(clock.now())
    assert {(type(a), a.client_order_id) for a in answers} == {
        (OrderDenied, "c2"),
        (OrderCanceled, "c1"),
    }
    assert gateway.next_due is None
    assert gateway.advance(clock.now() + 1_000 * MS) == []


def test_a_halted_gateway_still_answers_cancels_and_changes(paper, desk, short):
    gateway, clock = paper
    gateway.halt()
    gateway.cancel(CancelOrder("c1", NAME, "x"))
    gateway.replace(ReplaceOrder("c1", NAME, Decimal(4), Decimal(101)))
    assert short(gateway.advance(clock.now() + 20 * MS)) == ["CancelRejected", "CancelRejected"]


def test_a_released_gateway_accepts_again(paper, desk, short):
    gateway, clock = paper
    gateway.halt()
    gateway.release()
    gateway.submit(desk.order("BUY", "1", "101"))
    assert short(gateway.advance(clock.now() + 20 * MS))[0] == "Accepted"


def test_the_gateway_restores_its_venue(paper, desk):
    gateway, _ = paper
    request = desk.order("BUY", "5", "90", key="c1")
    gateway.restore([(request, Decimal(5), Decimal(90), Decimal(2))], [(NAME, Decimal(2))])
    report = gateway.report(())
    assert [(o.client_order_id, o.filled) for o in report.orders] == [("c1", 2)]
    assert report.positions == ((NAME, Decimal(2)),)


@pytest.mark.parametrize("halt_after", [0, 20, 150])
def test_a_kill_from_another_thread_lets_no_order_through(make_desk, halt_after):
    desk = make_desk()
    desk.show(((100.0, 1e6),), ((101.0, 1e6),))
    clock = DeterministicClock(desk.now)
    held_back = []
    gateway = PaperGateway(desk.venue, clock)
    gate = Gate(gateway, clock, held_back.append)
    orders = [desk.order("BUY", "1", "90", key=f"c{i}") for i in range(300)]
    reached = threading.Event()
    confirmed = []

    def kill():
        assert reached.wait(10)
        confirmed.extend(gate.halt())

    killer = threading.Thread(target=kill)
    killer.start()
    answers = []
    for i, order in enumerate(orders):
        if i == halt_after:
            reached.set()
        gate.submit(order)
        answers += gateway.advance(clock.now())
        gateway.on_market(desk.view.quote, clock.now())
    killer.join(10)
    gate.submit(desk.order("BUY", "1", "90", key="late"))
    answers += gateway.advance(desk.now + 1_000 * MS)
    canceled = [a.client_order_id for a in answers if isinstance(a, OrderCanceled)]
    denied = [a.client_order_id for a in [*answers, *held_back] if isinstance(a, OrderDenied)]
    assert canceled == confirmed
    assert sorted(canceled + denied) == sorted([o.client_order_id for o in orders] + ["late"])
    assert gateway.report(()).orders == ()
    assert gateway.report(()).positions == ()


def test_many_threads_lose_no_order_and_no_fill(make_desk):
    desk = make_desk()
    desk.show(((100.0, 1e6),), ((101.0, 1e6),))
    gateway = PaperGateway(desk.venue, DeterministicClock(desk.now))
    orders = [[desk.order("BUY", "1", "101") for _ in range(100)] for _ in range(4)]
    answers, failures, done = [], [], threading.Event()

    def guarded(work):
        try:
            work()
        except Exception as error:
            failures.append(error)

    def submit(mine):
        for order in mine:
            gateway.submit(order)
            gateway.report(())

    def listen():
        while not done.is_set():
            answers.extend(gateway.advance(desk.now + 15 * MS))
            assert gateway.next_due is None or gateway.next_due >= desk.now
            gateway.on_market(desk.view.quote, desk.now)

    threads = [
        threading.Thread(target=guarded, args=(lambda mine=mine: submit(mine),)) for mine in orders
    ]
    listener = threading.Thread(target=guarded, args=(listen,))
    listener.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    done.set()
    listener.join(20)
    answers += gateway.advance(desk.now + 1_000 * MS)
    fills = [a for a in answers if isinstance(a, OrderFilled)]
    assert failures == []
    assert len({fill.execution_id for fill in fills}) == 400
    assert dict(gateway.report(()).positions) == {NAME: Decimal(400)}
