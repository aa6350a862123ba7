import threading

from hypothesis import given, settings
from hypothesis import strategies as st

from rf_event_bus.inbox import Batch, Inbox


def inbox(market=100, other=100):
    return Inbox(market_limit=market, other_limit=other)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.sampled_from(["market", "orders", "state"]), st.integers(1, 3))))
def test_what_was_put_comes_out_in_order_with_neighbouring_numbers(puts):
    box = inbox()
    told = [(topic, [object()] * count) for topic, count in puts][:30]
    for topic, events in told:
        box.put(topic, events)

    batches, overrun = box.take()

    assert [(batch.topic, batch.events) for batch in batches] == told
    numbers = [batch.first + at for batch in batches for at in range(len(batch.events))]
    assert numbers == list(range(1, len(numbers) + 1))
    assert not overrun


def test_the_loop_is_called_once_until_it_takes():
    box = inbox()
    assert [box.put("market", [1]) for _ in range(3)] == [True, False, False]
    box.take()
    assert box.put("orders", [1])


def test_nothing_is_no_event():
    box = inbox()
    assert not box.put("market", [])
    assert box.take() == ([], False)


def test_the_oldest_market_events_go_and_leave_a_hole_in_the_numbers():
    box = inbox(market=3)
    for number in range(1, 6):
        box.put("market", [number])
    box.put("orders", ["o"])

    batches, overrun = box.take()

    assert [batch.first for batch in batches] == [3, 4, 5, 6]
    assert (box.dropped, overrun) == (2, False)
    assert box.put("market", ["next"])
    assert box.take()[0] == [Batch(7, "market", ["next"])]


def test_orders_are_never_dropped_for_market_events():
    box = inbox(market=2)
    for _ in range(50):
        box.put("orders", ["o"])
        box.put("market", ["m"])
    assert sum(batch.topic == "orders" for batch in box.take()[0]) == 50


def test_orders_past_their_bound_all_go_and_it_is_said_once():
    box = inbox(other=3)
    for number in range(5):
        box.put("orders", [number])

    batches, overrun = box.take()

    assert overrun
    assert [batch.events for batch in batches] == [[4]]
    assert box.take() == ([], False)
    assert box.dropped == 4


def test_a_batch_larger_than_the_bound_is_kept():
    box = inbox(market=2)
    box.put("market", [1, 2, 3])
    assert box.take()[0] == [Batch(1, "market", [1, 2, 3])]


def test_a_closed_inbox_takes_nothing():
    box = inbox()
    box.put("orders", [1])
    box.close()
    assert not box.put("orders", [2])
    assert box.take() == ([], False)


def test_threads_share_one_count():
    box = Inbox(market_limit=10**6, other_limit=10**6)

    def put(topic):
        for _ in range(2_000):
            box.put(topic, [topic])

    threads = [threading.Thread(target=put, args=(t,)) for t in ("market", "orders", "state")]
    for thread in threads:
        thread.start()
    taken = []
    while any(thread.is_alive() for thread in threads):
        taken += box.take()[0]
    taken += box.take()[0]

    assert [batch.first for batch in taken] == list(range(1, 6_001))
