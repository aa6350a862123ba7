from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_common.events import BookDelta, BookSnapshot, Quote
from rf_common.instruments import Instrument
from rf_engine import Market
from rf_oms import Account

NAME = "sim:AAA"
ITEM = Instrument(instrument_id=NAME, tick=Decimal("0.01"), lot=Decimal(1))


def make_market():
    return Market(ITEM, Account(Decimal(1_000)), None)


def quote(bid, ask, update_id, qty=1.0):
    return Quote(NAME, 1, bid, qty, ask, qty, update_id)


def take_snapshot(market, bids, asks, last_id):
    market.book.apply_snapshot(BookSnapshot(NAME, 1, last_id, tuple(bids), tuple(asks)))
    market.keep_newest_quote()


def delta(bids, asks, last_id, first_id=None):
    first = last_id if first_id is None else first_id
    return BookDelta(NAME, 1, first, last_id, tuple(bids), tuple(asks))


@pytest.fixture
def market():
    """A market whose book stands at update 100 with 10 / 11."""
    made = make_market()
    take_snapshot(made, [(10.0, 1.0), (9.0, 2.0)], [(11.0, 1.0), (12.0, 2.0)], 100)
    return made


def test_a_quote_waits_until_the_book_reaches_its_update(market):
    market.on_quote(quote(10.5, 11.0, 102), 1)

    assert market.on_delta(delta([], [], 101), 2) == ""
    assert market.book_checks == 0
    assert market.on_delta(delta([(10.5, 1.0)], [], 102), 3) == ""
    assert (market.book_checks, market.book_mismatches) == (1, 0)


def test_of_several_quotes_that_are_reached_the_newest_is_compared(market):
    market.on_quote(quote(10.2, 11.0, 101), 1)
    market.on_quote(quote(10.5, 11.0, 102), 1)

    assert market.on_delta(delta([(10.5, 1.0)], [], 103, first_id=101), 2) == ""
    assert market.book_checks == 1


def test_a_difference_names_both_sides_and_both_updates(market):
    market.on_quote(quote(10.5, 11.0, 101), 1)

    told = market.on_delta(delta([(10.4, 1.0)], [], 102, first_id=101), 2)

    assert told == "book (10.4, 1.0) (11.0, 1.0) at 102, quote (10.5, 1.0, 11.0, 1.0) at 101"
    assert market.book_mismatches == 1


def test_a_quote_stays_the_newest_until_another_one_is_reached(market):
    market.on_quote(quote(10.5, 11.0, 101), 1)
    assert market.on_delta(delta([(10.5, 1.0)], [], 101), 2) == ""

    told = market.on_delta(delta([(10.6, 1.0)], [], 102), 3)  # no quote told of it

    assert "at 102, quote" in told


def test_a_different_size_at_the_best_is_a_difference(market):
    market.on_quote(quote(10.0, 11.0, 101, qty=7.0), 1)

    assert market.on_delta(delta([], [], 101), 2) != ""


def test_after_a_snapshot_only_the_present_quote_is_compared(market):
    market.on_quote(quote(10.2, 11.0, 110), 1)
    market.on_quote(quote(10.5, 11.0, 120), 1)

    take_snapshot(market, [(10.5, 1.0)], [(11.0, 1.0)], 130)

    assert market.on_delta(delta([(9.0, 3.0)], [], 131), 2) == ""
    assert (market.book_checks, market.book_mismatches) == (1, 0)


def test_a_quote_that_comes_out_of_order_proves_nothing(market):
    market.on_quote(quote(10.5, 11.0, 103), 1)
    market.on_quote(quote(10.2, 11.0, 101), 1)

    assert market.on_delta(delta([(10.5, 1.0)], [], 104, first_id=101), 2) == ""
    assert market.book_mismatches == 0


def test_without_a_valid_book_or_without_ids_nothing_is_compared():
    made = make_market()
    made.on_quote(quote(10.5, 11.0, 101), 1)
    assert made.on_delta(delta([(1.0, 1.0)], [], 102), 2) == ""
    assert made.book.depth() == (0, 0)

    take_snapshot(made, [(10.0, 1.0)], [(11.0, 1.0)], 100)
    made.on_quote(quote(5.0, 6.0, 0), 3)
    made.lose_book()
    assert made.on_delta(delta([(1.0, 1.0)], [], 103), 4) == ""
    assert (made.book.is_valid, made.book_checks) == (False, 0)


def test_a_lost_book_forgets_the_quotes_that_waited_for_it(market):
    market.on_quote(quote(10.5, 11.0, 105), 1)
    market.lose_book()
    market.quote = None

    take_snapshot(market, [(8.0, 1.0)], [(9.0, 1.0)], 200)

    assert market.on_delta(delta([], [], 201), 2) == ""
    assert market.book_checks == 0


@pytest.mark.parametrize(
    ("update_id", "bids"),
    [
        (90, [(10.0, 1.0), (9.0, 2.0)]),  # the book is newer
        (110, [(9.5, 4.0), (9.0, 2.0)]),  # the quote is newer
        (0, [(9.5, 4.0), (9.0, 2.0)]),  # a quote without an id counts as newer
    ],
)
def test_the_newer_of_quote_and_book_leads_the_levels(market, update_id, bids):
    market.on_quote(quote(9.5, 11.0, update_id, qty=4.0), 1)

    assert list(market.levels(bids=True)) == bids


def test_levels_without_quote_or_without_book_are_what_there_is(market):
    assert list(market.levels(bids=False)) == [(11.0, 1.0), (12.0, 2.0)]
    bare = make_market()
    assert list(bare.levels(bids=True)) == []
    bare.on_quote(quote(10.0, 11.0, 5), 1)
    assert list(bare.levels(bids=False)) == [(11.0, 1.0)]


SIDE = st.dictionaries(st.integers(1, 20).map(float), st.just(2.0), max_size=6)


@settings(deadline=None, max_examples=200)
@given(SIDE, SIDE, st.integers(1, 20).map(float), st.sampled_from((0, 50, 150)))
def test_no_level_is_better_than_what_the_newer_of_the_two_shows(bids, asks, px, update_id):
    made = make_market()
    take_snapshot(made, bids.items(), asks.items(), 100)
    made.on_quote(quote(px, px, update_id), 1)

    for side, levels in ((True, bids), (False, asks)):
        shown = list(made.levels(side))
        book_leads = 100 > update_id > 0
        best = (max(levels) if side else min(levels)) if levels and book_leads else px
        pxs = [level[0] for level in shown]
        assert pxs == sorted(set(pxs), reverse=side)
        assert all(level <= best if side else level >= best for level in pxs)
        assert book_leads or shown[0] == (px, 1.0)


def test_the_mid_is_exact():
    made = make_market()
    assert made.mid() is None
    made.on_quote(quote(0.1, 0.2, 0), 1)
    assert made.mid() == Decimal("0.15")
