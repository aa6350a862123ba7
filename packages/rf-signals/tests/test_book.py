from itertools import pairwise
from math import inf, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_signals.streaming import (
    BookImbalance,
    Microprice,
    MultiLevelOfi,
    Ofi,
    imbalance,
    microprice,
)

CHECKED = settings(deadline=None, max_examples=100)
SIZE = st.floats(0.0, 1e6)
QUOTE = st.tuples(st.integers(90, 100), SIZE, st.integers(1, 5), SIZE).map(
    lambda t: (float(t[0]), t[1], float(t[0] + t[2]), t[3])
)
QUOTES = st.lists(QUOTE, min_size=1, max_size=40)


def flow(last, quote):
    """Return the order flow event of the paper, written with its indicator functions."""
    (pb, qb, pa, qa), (pb0, qb0, pa0, qa0) = quote, last
    bid = qb * (pb >= pb0) - qb0 * (pb <= pb0)
    ask = qa * (pa <= pa0) - qa0 * (pa >= pa0)
    return bid - ask


@CHECKED
@given(quotes=QUOTES, window=st.integers(1, 6))
def test_ofi_is_the_flow_of_cont_kukanov_and_stoikov(quotes, window):
    ofi = Ofi(window)
    assert ofi.update(*quotes[0]) is None
    events = []
    for last, quote in pairwise(quotes):
        events.append(flow(last, quote))
        assert ofi.update(*quote) == pytest.approx(events[-1], abs=1e-6)
        assert ofi.total == pytest.approx(sum(events), abs=1e-4)
        if len(events) < window:
            assert (ofi.raw, ofi.normalized) == (None, None)
            continue
        recent = events[-window:]
        assert ofi.raw == pytest.approx(sum(recent), abs=1e-4)
        size = sum(abs(e) for e in recent)
        assert -1.0 - 1e-12 <= ofi.normalized <= 1.0 + 1e-12
        if size > 1e-6:
            assert ofi.normalized == pytest.approx(sum(recent) / size, abs=1e-9)


def test_ofi_without_a_window_and_of_a_standstill():
    assert Ofi().normalized is None
    assert Ofi().raw is None
    ofi = Ofi(2)
    for _ in range(3):
        ofi.update(10.0, 1.0, 11.0, 1.0)
    assert (ofi.raw, ofi.normalized) == (0.0, 0.0)


@CHECKED
@given(quote=QUOTE)
def test_the_microprice_lies_inside_the_quote_and_leans_from_the_heavier_side(quote):
    bid, bid_sz, ask, ask_sz = quote
    px = microprice(*quote)
    assert bid <= px <= ask
    if bid_sz + ask_sz > 1e-6:
        assert px == pytest.approx((ask * bid_sz + bid * ask_sz) / (bid_sz + ask_sz))
        share = imbalance(bid_sz, ask_sz)
        assert share == pytest.approx((bid_sz - ask_sz) / (bid_sz + ask_sz))
        assert -1.0 <= share <= 1.0
    last = Microprice()
    assert last.update(*quote) == last.value == px
    assert (last.mid, last.spread) == ((bid + ask) / 2, ask - bid)
    assert last.imbalance == imbalance(bid_sz, ask_sz)


def test_without_sizes_the_microprice_is_the_mid():
    assert microprice(100.0, 0.0, 101.0, 0.0) == 100.5
    assert imbalance(0.0, 0.0) == 0.0
    assert microprice(100.0, 5.0, 101.0, 0.0) == 101.0
    assert microprice(100.0, 0.0, 101.0, 5.0) == 100.0


@CHECKED
@given(
    bids=st.lists(SIZE, max_size=8),
    asks=st.lists(SIZE, max_size=8),
    depth=st.integers(1, 6),
    decay=st.floats(0.1, 1.0),
)
def test_book_imbalance_weighs_levels_by_their_depth(bids, asks, depth, decay):
    told = BookImbalance(depth, decay).update(bids, asks)
    bid = sum(decay**i * q for i, q in enumerate(bids[:depth]))
    ask = sum(decay**i * q for i, q in enumerate(asks[:depth]))
    if bid + ask > 1e-6:
        assert told == pytest.approx((bid - ask) / (bid + ask), abs=1e-9)
    elif bid + ask == 0.0:
        assert told == 0.0


@CHECKED
@given(st.lists(st.tuples(QUOTE, QUOTE), min_size=2, max_size=20))
def test_multi_level_ofi_is_one_flow_for_each_level(books):
    multi, single = MultiLevelOfi(2), [Ofi(), Ofi()]
    for book in books:
        told = multi.update(*(list(column) for column in zip(*book, strict=True)))
        events = [ofi.update(*level) for ofi, level in zip(single, book, strict=True)]
        assert told == (None if events[0] is None else events)
    assert multi.total == [ofi.total for ofi in single]


def test_a_book_of_too_few_levels_is_refused():
    with pytest.raises(ValueError, match="expected at least 2 levels on each side"):
        MultiLevelOfi(2).update([1.0], [1.0], [2.0, 3.0], [1.0, 1.0])


@pytest.mark.parametrize("bad", [nan, inf])
@pytest.mark.parametrize("place", range(4))
def test_a_refused_quote_is_not_remembered(place, bad):
    asked, clean = Ofi(2), Ofi(2)
    for quote in [(10.0, 1.0, 11.0, 2.0), (10.0, 4.0, 11.0, 1.0), (9.0, 3.0, 10.0, 8.0)] * 2:
        broken = [bad if i == place else x for i, x in enumerate(quote)]
        with pytest.raises(ValueError, match="expected finite numbers for bid_px, bid_sz"):
            asked.update(*broken)
        with pytest.raises(ValueError, match="expected finite"):
            microprice(*broken)
        assert asked.update(*quote) == clean.update(*quote)
        assert asked.normalized == clean.normalized


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Ofi().update(1.0, -1.0, 2.0, 1.0), "sizes that are not negative for bid_sz"),
        (lambda: microprice(1.0, -1.0, 2.0, 3.0), "not negative for bid_sz, ask_sz"),
        (lambda: imbalance(nan, 1.0), "for bid_sz, ask_sz, was nan"),
        (lambda: BookImbalance().update([nan], [1.0]), "for bid_sizes, was nan"),
        (lambda: BookImbalance().update([1.0], [-1.0]), "for ask_sizes, was -1.0"),
        (lambda: BookImbalance(decay=0.0), "for decay, was 0.0"),
        (lambda: BookImbalance(depth=0), "expected depth to be an integer >= 1, was 0"),
    ],
)
def test_bad_values_are_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()
