"""Requests and time: latency, order of answers, cancels, changes, expiry, kill, restart, faults."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_common.events import OrderAccepted, OrderCanceled, OrderFilled
from rf_execution import Faults

NAME = "binance:BTCUSDT"
MS = 1_000_000
DAY = 86_400_000 * MS


# --- time -----------------------------------------------------------------------------------------


def test_requests_and_answers_take_the_latency_each(desk, short):
    assert desk.venue.next_due is None
    sent = desk.now
    desk.send("BUY", "1", "101")
    assert desk.venue.next_due == sent + 10 * MS
    assert short(desk.wait(9.999)) == []
    assert desk.position == 0
    assert short(desk.wait(0.001)) == []
    assert desk.position == 1
    assert desk.venue.next_due == sent + 20 * MS
    assert short(desk.wait(9.999)) == []
    answers = desk.wait(0.001)
    assert short(answers) == ["Accepted", ("Filled", "1", "101", "TAKER")]
    assert {event.ts_event for event in answers} == {sent + 10 * MS}
    assert desk.venue.next_due is None


def test_an_order_meets_the_market_of_its_arrival_not_of_its_sending(desk, short):
    desk.send("BUY", "1", "101")
    desk.wait(5)
    desk.show(((101.5, 1.0),), ((102.0, 1.0),))
    assert short(desk.wait(15)) == ["Accepted"]


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32), gaps=st.lists(st.floats(0.0, 8.0), min_size=1, max_size=12))
def test_with_jitter_requests_and_answers_stay_in_order(make_desk, seed, gaps):
    desk = make_desk(seed=seed, jitter_ms=30.0)
    desk.show(((100.0, 50.0),), ((101.0, 50.0),))
    keys, answers = [], []
    for i, gap in enumerate(gaps):
        keys.append(desk.send("BUY", "1", "101" if i % 2 else "100"))
        desk.cancel(keys[-1])
        answers += desk.wait(gap)
    while desk.venue.next_due is not None:
        answers += desk.wait(1)
    times = [event.ts_event for event in answers]
    assert times == sorted(times)
    for i, key in enumerate(keys):
        kinds = [type(event).__name__ for event in answers if event.client_order_id == key]
        expected = ["OrderFilled", "CancelRejected"] if i % 2 else ["OrderCanceled"]
        assert kinds == ["OrderAccepted", *expected]


# --- ids ------------------------------------------------------------------------------------------


def test_the_same_order_sent_again_is_told_of_and_not_repeated(desk, short):
    key = desk.send("BUY", "1", "101")
    desk.send("BUY", "1", "101", key=key)  # while the first one still travels
    assert short(desk.wait()) == ["Accepted", ("Filled", "1", "101", "TAKER"), "Accepted"]
    desk.send("BUY", "1", "101", key=key)  # long after
    assert short(desk.wait()) == ["Accepted"]
    assert desk.position == 1
    assert len(desk.report(key).executions) == 1


def test_execution_ids_are_unique_and_the_report_repeats_them(desk):
    key = desk.send("BUY", "9", "103")
    fills = [event for event in desk.wait() if isinstance(event, OrderFilled)]
    assert len({fill.execution_id for fill in fills}) == 3
    assert desk.report(key).executions == tuple(fills)


# --- cancels and changes --------------------------------------------------------------------------


def test_a_cancel_of_an_open_order_is_confirmed_with_its_reason(desk):
    key = desk.send("BUY", "1", "90")
    desk.wait()
    desk.cancel(key)
    (answer,) = desk.wait()
    assert isinstance(answer, OrderCanceled)
    assert answer.reason == "asked"
    desk.show(((80.0, 1.0),), ((85.0, 1.0),))
    assert desk.wait() == []


@pytest.mark.parametrize(
    ("limit", "reason"), [("101", "the order is FILLED"), (None, "the order is unknown")]
)
def test_a_cancel_that_comes_too_late_is_refused(desk, limit, reason):
    key = desk.send("BUY", "1", limit) if limit else "c99"
    desk.wait()
    desk.cancel(key)
    (answer,) = desk.wait()
    assert answer.reason == reason


def test_a_fill_on_the_way_wins_against_a_cancel_on_the_way(desk, short):
    key = desk.send("BUY", "1", "100.50")
    desk.wait()
    desk.cancel(key)
    desk.wait(5)
    desk.show(((99.0, 1.0),), ((100.0, 1.0),))
    assert short(desk.wait()) == [("Filled", "1", "100.5", "MAKER"), "CancelRejected"]


def test_a_partial_fill_before_the_cancel_is_kept(desk, short):
    key = desk.send("BUY", "5", "101")
    desk.cancel(key)
    assert short(desk.wait()) == ["Accepted", ("Filled", "1", "101", "TAKER"), "Canceled"]
    assert desk.position == 1


def test_a_change_is_confirmed_and_a_price_that_crosses_takes(desk, short):
    key = desk.send("BUY", "1", "90")
    desk.wait()
    desk.replace(key, "1.5", "101")
    answers = desk.wait()
    assert (answers[0].quantity, answers[0].limit_price) == (Decimal("1.5"), Decimal(101))
    assert short(answers) == ["Updated", ("Filled", "1", "101", "TAKER")]
    assert desk.report().orders[0].quantity == Decimal("1.5")


def test_a_changed_stop_sleeps_on(desk, short):
    key = desk.send("BUY", "1", "110", stop="105")
    desk.wait()
    desk.replace(key, "2", "109")
    assert short(desk.wait()) == ["Updated"]
    assert desk.position == 0


@pytest.mark.parametrize(
    ("quantity", "limit", "reason"),
    [
        ("1", "101", "the order is gone or already filled beyond the new quantity"),
        ("0.5", "101", "the order is gone or already filled beyond the new quantity"),
        ("9", None, "a change may not turn a limit order into a market order, or back"),
    ],
)
def test_a_change_that_cannot_be_is_refused_and_the_order_stays(desk, quantity, limit, reason):
    key = desk.send("BUY", "5", "101")  # one of it is filled
    desk.wait()
    desk.replace(key, quantity, limit)
    (answer,) = desk.wait()
    assert answer.reason == reason
    (order,) = desk.report().orders
    assert (order.quantity, order.limit_price, order.filled) == (5, 101, 1)


@pytest.mark.parametrize("limit", ["101", None])
def test_a_change_of_an_order_that_is_gone_or_unknown_is_refused(desk, short, limit):
    key = desk.send("BUY", "1", limit)
    desk.wait()
    desk.replace(key, "3", limit)
    desk.replace("c99", "3", limit)
    assert short(desk.wait()) == ["CancelRejected", "CancelRejected"]
    assert desk.position == 1


# --- expiry ---------------------------------------------------------------------------------------


@pytest.fixture
def evening(make_desk):
    """Return a desk one second before midnight UTC, on the first day there is or a later one."""

    def build(day):
        desk = make_desk(now=(day + 1) * DAY - 1_000 * MS)
        desk.show(((100.0, 1.0),), ((101.0, 1.0),))
        desk.wait(0)
        return desk

    return build


@pytest.mark.parametrize("day", [0, 19_000])
def test_day_orders_expire_at_midnight_and_others_stay(evening, short, day):
    desk = evening(day)
    ends = desk.send("BUY", "5", "101", tif="DAY")
    stays = desk.send("BUY", "1", "90", tif="GTC")
    desk.wait()
    desk.wait(979)
    assert {o.client_order_id for o in desk.report().orders} == {ends, stays}
    desk.wait(1)
    (answer,) = desk.wait()
    assert short([answer]) == ["Expired"]
    assert (answer.client_order_id, answer.ts_event) == (ends, (day + 1) * DAY)
    assert desk.position == 1
    assert [o.client_order_id for o in desk.report().orders] == [stays]


def test_an_order_that_arrives_after_midnight_belongs_to_the_new_day(evening, short):
    desk = evening(19_000)
    desk.wait(995)
    desk.send("BUY", "1", "90", tif="DAY")
    assert short(desk.wait(100)) == ["Accepted"]
    assert short(desk.wait(DAY / MS - 200)) == []
    desk.wait(200)
    assert short(desk.wait()) == ["Expired"]


def test_an_order_that_arrived_before_midnight_expires_even_when_we_look_later(evening, short):
    desk = evening(19_000)
    desk.send("BUY", "1", "90", tif="DAY")
    assert short(desk.wait(5_000)) == ["Accepted"]
    assert short(desk.wait()) == ["Expired"]


def test_without_latency_an_expiry_is_answered_in_the_same_breath(make_desk, short):
    desk = make_desk(latency_ms=0.0, now=DAY - 1)
    desk.show(((100.0, 1.0),), ((101.0, 1.0),))
    desk.send("BUY", "1", "90", tif="DAY")
    assert short(desk.wait(0)) == ["Accepted"]
    assert short(desk.wait(1)) == ["Expired"]


# --- kill -----------------------------------------------------------------------------------------


def test_halt_cancels_what_is_open_and_what_is_on_its_way_at_once(desk, short):
    resting = desk.send("BUY", "5", "101")
    desk.wait()
    travelling = desk.send("BUY", "1", "103")
    assert set(desk.venue.halt(desk.now)) == {resting, travelling}
    answers = desk.wait(0)
    assert short(answers) == ["Canceled", "Canceled"]
    assert {event.reason for event in answers} == {"kill switch"}
    desk.show(((80.0, 9.0),), ((85.0, 9.0),))
    assert desk.wait(100_000) == []
    assert desk.position == 1
    report = desk.report(resting, travelling)
    assert [(o.client_order_id, o.status, o.filled) for o in report.orders] == [
        (resting, "CANCELED", 1),
        (travelling, "CANCELED", 0),
    ]


def test_halt_twice_finds_nothing_left(desk):
    desk.send("BUY", "1", "90")
    assert desk.venue.halt(desk.now) == ("c1",)
    assert desk.venue.halt(desk.now) == ()
    assert len(desk.wait()) == 1


def test_halt_keeps_the_fills_of_an_order_that_was_just_sent_again(desk):
    key = desk.send("BUY", "5", "101")
    desk.wait()
    desk.send("BUY", "5", "101", key=key)
    assert desk.venue.halt(desk.now) == (key,)
    report = desk.report(key)
    assert [(o.filled, o.status) for o in report.orders] == [(1, "CANCELED")]
    assert len(report.executions) == 1


def test_halt_counts_an_order_once_that_travels_twice(desk, short):
    key = desk.send("BUY", "5", "101")
    desk.send("BUY", "5", "101", key=key)
    assert desk.venue.halt(desk.now) == (key,)
    assert short(desk.wait()) == ["Canceled"]


def test_a_request_about_a_halted_order_is_still_answered(desk, short):
    key = desk.send("BUY", "1", "90")
    desk.wait()
    desk.cancel(key)
    desk.replace(key, "2", "91")
    desk.venue.halt(desk.now)
    assert short(desk.wait()) == ["Canceled", "CancelRejected", "CancelRejected"]


def test_a_fill_that_was_on_its_way_to_us_still_arrives_after_a_halt(desk, short):
    desk.send("BUY", "5", "101")
    desk.wait(10)
    desk.venue.halt(desk.now)
    assert short(desk.wait()) == ["Canceled", "Accepted", ("Filled", "1", "101", "TAKER")]


# --- report and restart ---------------------------------------------------------------------------


def test_a_report_tells_open_orders_and_those_asked_for_with_their_fills(desk):
    filled = desk.send("BUY", "1", "101")
    open_ = desk.send("BUY", "3", "102")
    desk.wait()
    report = desk.report(filled, "c99", filled)
    assert report.venue == "paper"
    assert report.ts_event == desk.now
    assert report.asked == (filled, "c99", filled)
    assert [(o.client_order_id, o.status) for o in report.orders] == [
        (filled, "FILLED"),
        (open_, "PARTIALLY_FILLED"),
    ]
    assert [fill.client_order_id for fill in report.executions] == [filled]
    assert report.positions == ((NAME, Decimal(3)),)


def test_a_position_that_is_closed_is_not_reported(desk):
    desk.send("BUY", "1")
    desk.send("SELL", "1")
    desk.wait()
    assert desk.report().positions == ()


def test_a_restored_venue_goes_on_where_it_was(desk, make_desk, short):
    part = desk.send("BUY", "5", "101")
    stop = desk.send("SELL", "1", "95", stop="96")
    desk.wait()
    report = desk.report()
    requests = {part: desk.order("BUY", "5", "101", key=part)}
    requests[stop] = desk.order("SELL", "1", "95", stop="96", key=stop)
    later = make_desk(now=desk.now)
    later.venue.restore(
        [(requests[o.client_order_id], o.quantity, o.limit_price, o.filled) for o in report.orders],
        report.positions,
    )
    assert later.report().orders == report.orders
    assert later.report().positions == report.positions
    later.show(((100.0, 1.0),), ((100.5, 9.0),))
    assert short(later.wait()) == [("Filled", "4", "101", "MAKER")]
    assert later.position == 5
    old = {fill.execution_id for fill in desk.report(part).executions}
    assert not old & {fill.execution_id for fill in later.report(part).executions}
    later.trade(96.0, 1.0)
    assert short(later.wait()) == [("Filled", "1", "100", "TAKER")]


def test_a_restored_stop_that_was_part_filled_does_not_sleep_again(make_desk, short):
    desk = make_desk()
    request = desk.order("BUY", "5", "103", stop="102")
    desk.venue.restore([(request, Decimal(5), Decimal(103), Decimal(2))], [(NAME, Decimal(2))])
    desk.show(((99.0, 1.0),), ((100.0, 1.0),))
    assert short(desk.wait()) == [("Filled", "1", "103", "MAKER")]


def test_a_restored_market_order_is_finished_with_the_first_price(make_desk, short):
    desk = make_desk()
    desk.venue.restore([(desk.order("BUY", "5"), Decimal(5), None, Decimal(0))], [])
    desk.show(((99.0, 1.0),), ((100.0, 1.0),))
    assert short(desk.wait()) == [("Filled", "1", "100", "TAKER"), "Canceled"]


def test_old_finished_orders_are_forgotten_and_open_ones_are_not(desk):
    kept = desk.send("BUY", "1", "50")
    for _ in range(5_005):
        desk.send("BUY", "1", "101", tif="IOC")
    desk.wait()
    report = desk.report(kept, "c2", "c5006")
    assert [o.client_order_id for o in report.orders] == [kept, "c5006"]


# --- faults ---------------------------------------------------------------------------------------


def trade_with(make_desk, faults, seed):
    """Return the answers of a fixed day of orders, and the desk."""
    desk = make_desk(seed=seed, jitter_ms=5.0, faults=faults)
    answers = []
    for i in range(60):
        px = 100.0 + i % 7
        desk.show(((px, 1.0 + i % 3),), ((px + 1.0, 1.0 + i % 2),))
        key = desk.send("BUY" if i % 3 else "SELL", "2", str(102 + i % 4))
        if i % 4 == 0:
            desk.cancel(key)
        answers += desk.wait(50)
    while desk.venue.next_due is not None:
        answers += desk.wait(100)
    return answers, desk


FAULTS = [
    Faults(lost=0.3),
    Faults(duplicated=0.3),
    Faults(late=0.3),
    Faults(lost=0.2, duplicated=0.2, late=0.2, late_ms=500),
]


@pytest.mark.parametrize("faults", [Faults(), *FAULTS])
def test_the_same_seed_gives_the_same_answers_and_another_seed_others(make_desk, faults):
    first, _ = trade_with(make_desk, faults, 1)
    again, _ = trade_with(make_desk, faults, 1)
    other, _ = trade_with(make_desk, faults, 2)
    assert first == again
    assert first != other


def test_a_lossy_venue_loses_answers_but_no_truth(make_desk):
    answers, desk = trade_with(make_desk, Faults(lost=0.3), 1)
    whole, _ = trade_with(make_desk, Faults(), 1)
    assert 0 < len(answers) < len(whole)
    keys = [f"c{i}" for i in range(1, 61)]
    report = desk.report(*keys)
    assert len(report.orders) == 60
    total = sum((f.quantity * f.side.sign for f in report.executions), Decimal(0))
    assert total == desk.position
    heard = {event for event in answers if isinstance(event, OrderFilled)}
    assert heard < set(report.executions)


def test_a_repeating_venue_tells_the_very_same_answer_twice(make_desk):
    answers, desk = trade_with(make_desk, Faults(duplicated=0.4), 3)
    fills = [event for event in answers if isinstance(event, OrderFilled)]
    once = {fill.execution_id: fill for fill in fills}
    assert len(once) < len(fills) <= 2 * len(once)
    assert set(fills) == set(once.values())
    assert sum((f.quantity * f.side.sign for f in once.values()), Decimal(0)) == desk.position


def test_a_late_venue_tells_fills_before_accepts_but_loses_none(make_desk):
    answers, desk = trade_with(make_desk, Faults(late=0.4), 4)
    assert len({id(event) for event in answers}) == len(answers)
    accepted, overtaken = set(), 0
    for event in answers:
        if isinstance(event, OrderAccepted):
            accepted.add(event.client_order_id)
        elif event.client_order_id not in accepted:
            overtaken += 1
    assert overtaken > 0
    fills = [event for event in answers if isinstance(event, OrderFilled)]
    assert sum((f.quantity * f.side.sign for f in fills), Decimal(0)) == desk.position


def test_a_halt_is_confirmed_even_by_a_venue_that_loses_everything(make_desk, short):
    desk = make_desk(faults=Faults(lost=1.0))
    desk.show(((100.0, 1.0),), ((101.0, 1.0),))
    desk.send("BUY", "1", "90")
    assert desk.wait() == []
    assert desk.venue.halt(desk.now) == ("c1",)
    assert short(desk.wait(0)) == ["Canceled"]
