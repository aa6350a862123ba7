import numpy as np
import pytest

from rf_backtest.compiled import ticks
from rf_backtest.compiled.columns import (
    DEPTH,
    TOP,
    TRADE,
    EventColumns,
    events_from_payloads,
    events_from_quotes,
)
from rf_common.enums import Side
from rf_common.events import Bar, BookDelta, BookSnapshot, FeedGap, Quote, Trade

A = "sim:A"
EVENTS = [
    (110, BookSnapshot(A, 100, 1, ((9.5, 2.0), (9.0, 3.0)), ((10.0, 1.0),))),
    (210, Quote(A, 200, 9.5, 2.5, 10.0, 1.0)),
    (220, Bar(A, 200, 1, 1.0, 1.0, 1.0, 1.0, 1.0)),
    (310, Trade(A, 300, 10.0, 0.5, Side.BUY)),
    (320, Trade(A, 301, 10.0, 0.5, None)),
    (410, BookDelta(A, 400, 2, 3, ((9.0, 0.0),), ((10.5, 4.0), (90.0, 1.0)))),
    (510, FeedGap(A, 500, "sim", 4, 5, "lost")),
]


def convert(events=EVENTS, **options):
    return events_from_payloads(events, tick=0.5, lot=0.5, **options)


def test_payloads_become_rows_in_ticks_and_lots_with_one_end_a_message():
    found = convert()
    assert found.kind.tolist() == [4, 4, DEPTH, DEPTH, DEPTH, TOP, TOP, TRADE, TRADE,
                                   DEPTH, DEPTH, DEPTH, 4, 4]  # fmt: skip
    assert found.side.tolist() == [1, -1, 1, 1, -1, 1, -1, 1, 0, 1, -1, -1, 1, -1]
    assert found.px.tolist() == [0, 0, 19, 18, 20, 19, 20, 20, 20, 18, 21, 180, 0, 0]
    assert found.qty.tolist() == [0, 0, 4, 6, 2, 5, 2, 1, 1, 0, 8, 2, 0, 0]
    assert found.last.tolist() == [0, 0, 0, 0, 1, 0, 1, 1, 1, 0, 0, 1, 0, 1]
    assert (found.messages, found.deep, found.moved) == (6, True, 0)
    assert found.ts_exchange[[0, 5, 7]].tolist() == [100, 200, 300]
    assert found.ts_local[[0, 5, 7]].tolist() == [110, 210, 310]


def test_levels_far_from_the_market_can_be_left_out():
    assert 180 not in convert(within_ticks=20).px
    assert len(convert(within_ticks=20)) == len(convert()) - 1


def test_a_clock_that_disagrees_is_replaced_by_a_latency_or_moved_and_counted():
    assert convert(feed_latency_ns=50).ts_exchange[[0, 5]].tolist() == [60, 160]
    late = [(90, EVENTS[0][1]), *EVENTS[1:]]
    found = convert(late)
    assert (found.ts_local[0], found.moved) == (100, 5)


def test_dust_is_rounded_to_lots_never_to_nothing_and_counted():
    found = convert([(1, Quote(A, 1, 9.5, 1.1, 10.0, 0.01)), (2, Quote(A, 2, 9.5, 0.0, 10.0, 1.0))])
    assert found.qty.tolist() == [2, 1, 0, 2]
    assert found.rounded == 2


def test_a_book_replayed_from_payloads_is_the_book():
    found = convert(EVENTS[:-1])
    run = ticks.run(found, ticks.EMA_CROSS, (1, 2, 1), samples=np.array([111, 500]))
    assert run.mid.tolist() == [9.75, 9.75]


def test_quotes_as_arrays_are_quotes_as_payloads():
    quotes = [(t + 7, Quote(A, t, 9.5, 1.0 + t, 10.0, 2.0)) for t in range(1, 5)]
    one = convert(quotes)
    two = events_from_quotes(
        [1, 2, 3, 4], ([9.5] * 4, [2.0, 3.0, 4.0, 5.0]), ([10.0] * 4, [2.0] * 4),
        tick=0.5, lot=0.5, feed_latency_ns=7,
    )  # fmt: skip
    for name in ("ts_exchange", "ts_local", "kind", "side", "px", "qty", "last"):
        assert np.array_equal(getattr(one, name), getattr(two, name))
    assert two.nbytes == 8 * 35


def rows(**changes):
    given = {
        "ts_exchange": np.array([1, 2]),
        "ts_local": np.array([1, 2]),
        "kind": np.array([TOP, TOP], np.int8),
        "side": np.array([1, -1], np.int8),
        "px": np.array([1, 2]),
        "qty": np.array([1, 2]),
        "last": np.array([1, 1], np.int8),
    }
    return EventColumns(**(given | changes), tick=1.0, lot=1.0)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: convert([]), "at least one row"),
        (lambda: convert([(1, Quote(A, 1, 9.6, 1.0, 10.0, 1.0))]), "price on steps of 0.5"),
        (lambda: convert([(1, Quote(A, 1, 9.5, -0.5, 10.0, 1.0))]), "quantity of at least 0"),
        (lambda: convert([(1, Quote(A, 1, 9.5, float("inf"), 10.0, 1.0))]), "quantity of"),
        (lambda: convert([(1, Quote(A, 1, float("nan"), 1.0, 10.0, 1.0))]), "price on steps"),
        (lambda: convert([*EVENTS, (600, Quote("sim:B", 1, 1.0, 1.0, 2.0, 1.0))]), "sim:B"),
        (lambda: rows(ts_local=np.array([5, 4])), "ts_local in order, row 1"),
        (lambda: rows(ts_exchange=np.array([1, 3])), "row 1 is before it"),
        (lambda: rows(px=np.array([0, 2])), "row 0 was 0, 1"),
        (lambda: rows(qty=np.array([1, -2])), "row 1"),
        (lambda: rows(qty=np.array([1])), "shape"),
        (lambda: rows(px=np.array([1, 10**9])).ladder(), "within"),
    ],
)
def test_bad_data_is_named(call, told):
    with pytest.raises(ValueError, match=told):
        call()
