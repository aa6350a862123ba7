"""Matching: what fills, at which price, how much of it, and what it costs."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_common import Bar, BookDelta, Side
from rf_common.enums import Liquidity

NAME = "binance:BTCUSDT"


# --- arriving -------------------------------------------------------------------------------------


def test_a_crossing_order_takes_levels_best_first_at_their_prices_and_the_rest_rests(desk, short):
    desk.send("BUY", "4", "102")
    assert short(desk.wait()) == [
        "Accepted",
        ("Filled", "1", "101", "TAKER"),
        ("Filled", "2", "102", "TAKER"),
    ]
    (resting,) = desk.report().orders
    assert (resting.filled, resting.quantity, resting.status) == (3, 4, "PARTIALLY_FILLED")
    assert desk.position == 3


def test_a_sell_takes_bids_from_the_highest_down(desk, short):
    desk.send("SELL", "2.5", "99")
    assert short(desk.wait()) == [
        "Accepted",
        ("Filled", "1", "100", "TAKER"),
        ("Filled", "1.5", "99", "TAKER"),
    ]
    assert desk.position == Decimal("-2.5")


def test_an_order_that_does_not_cross_rests(desk, short):
    desk.send("BUY", "1", "100.99")
    assert short(desk.wait()) == ["Accepted"]
    assert short(desk.wait(10_000)) == []


def test_a_market_order_walks_the_book_and_what_is_left_is_cancelled(desk, short):
    desk.send("BUY", "8")
    answers = short(desk.wait())
    assert [a[2] for a in answers[1:4]] == ["101", "102", "103"]
    assert answers[4:] == ["Canceled"]
    assert desk.position == 7
    assert desk.report().orders == ()


def test_a_market_order_that_fits_is_filled_without_a_cancel(desk, short):
    desk.send("SELL", "1")
    assert short(desk.wait()) == ["Accepted", ("Filled", "1", "100", "TAKER")]


def test_a_market_order_against_an_empty_side_is_cancelled(desk, short):
    desk.show(((100.0, 1.0),), ())
    desk.send("BUY", "1")
    assert short(desk.wait()) == ["Accepted", "Canceled"]


def test_immediate_or_cancel_keeps_what_it_got(desk, short):
    desk.send("BUY", "5", "102", tif="IOC")
    assert short(desk.wait())[1:] == [
        ("Filled", "1", "101", "TAKER"),
        ("Filled", "2", "102", "TAKER"),
        "Canceled",
    ]
    desk.send("BUY", "1", "100", tif="IOC")
    assert short(desk.wait()) == ["Accepted", "Canceled"]


@pytest.mark.parametrize(
    ("quantity", "limit", "filled"),
    [("3", "102", 3), ("3.001", "102", 0), ("7", "103", 7), ("7", None, 7), ("7.001", None, 0)],
)
def test_fill_or_kill_fills_whole_or_not_at_all(desk, short, quantity, limit, filled):
    desk.send("BUY", quantity, limit, tif="FOK")
    answers = short(desk.wait())
    assert desk.position == filled
    assert answers[0] == "Accepted"
    assert (answers[1:] == ["Canceled"]) is (filled == 0)
    assert desk.report().orders == ()


def test_fill_or_kill_does_not_count_what_another_order_took(desk):
    desk.send("BUY", "2", "102")
    desk.send("BUY", "2", "102", tif="FOK")
    desk.wait()
    assert desk.position == 2


def test_without_a_market_an_order_is_rejected_and_its_id_stays_free(make_desk, short):
    desk = make_desk()
    desk.send("BUY", "1", "101", key="c9")
    (answer,) = desk.wait()
    assert answer.reason == "no market"
    assert desk.report("c9").orders == ()
    desk.show(((100.0, 1.0),), ((101.0, 1.0),))
    desk.send("BUY", "1", "101", key="c9")
    assert short(desk.wait()) == ["Accepted", ("Filled", "1", "101", "TAKER")]


# --- displayed size -------------------------------------------------------------------------------


def test_what_was_taken_of_a_level_cannot_be_taken_again(desk):
    desk.send("BUY", "3", "102")
    desk.wait()
    desk.send("BUY", "3", "102")
    desk.wait()
    desk.show(desk.view.bids, desk.view.asks)
    assert desk.position == 3


@pytest.mark.parametrize(
    ("event", "asks"),
    [
        (lambda now: BookDelta(NAME, now, 5, 6, ((97.0, 3.0),), ()), None),
        (lambda now: Bar(NAME, now, 60_000_000_000, 1.0, 1.0, 1.0, 1.0, 1.0), None),
    ],
    ids=["another level changed", "a bar closed"],
)
def test_an_unrelated_event_does_not_give_a_taken_level_back(desk, event, asks):
    desk.send("BUY", "5", "101")
    desk.wait()
    for _ in range(3):
        desk.venue.on_market(event(desk.now), desk.now)
    assert desk.position == 1


def test_a_level_that_shows_another_size_can_be_taken_again(desk, short):
    desk.send("BUY", "5", "101")
    desk.wait()
    desk.show(desk.view.bids, ((101.0, 0.5), (102.0, 2.0)))
    assert short(desk.wait()) == [("Filled", "0.5", "101", "MAKER")]


def test_a_level_that_was_gone_and_is_back_can_be_taken_again(desk):
    desk.send("BUY", "1", "101")
    desk.wait()
    assert desk.venue.watches(NAME)
    asks = desk.view.asks
    desk.show(desk.view.bids, ((102.0, 2.0),))
    assert not desk.venue.watches(NAME)
    desk.show(desk.view.bids, asks)
    desk.send("BUY", "1", "101")
    desk.wait()
    assert desk.position == 2


def test_what_is_left_of_a_level_is_exact(make_desk):
    desk = make_desk(lot="0.1")
    desk.show(((99.0, 1.0),), ((100.0, 0.3),))
    desk.send("BUY", "0.1", "100")
    desk.send("BUY", "0.2", "100", tif="FOK")
    desk.wait()
    assert desk.position == Decimal("0.3")


def test_a_displayed_size_between_lots_is_rounded_down(make_desk, short):
    desk = make_desk(lot="1")
    desk.show(((99.0, 1.0),), ((100.0, 1.9), (101.0, 0.9), (102.0, 1.0)))
    desk.send("BUY", "5", "102")
    assert short(desk.wait())[1:] == [
        ("Filled", "1", "100", "TAKER"),
        ("Filled", "1", "102", "TAKER"),
    ]


LEVELS = st.lists(
    st.tuples(st.integers(1, 40), st.integers(1, 5_000)), max_size=6, unique_by=lambda t: t[0]
).map(sorted)
ORDER = st.tuples(
    st.sampled_from(["BUY", "SELL"]),
    st.integers(1, 8_000),
    st.none() | st.integers(-45, 45),
    st.sampled_from(["GTC", "IOC", "FOK", "DAY"]),
)


@settings(deadline=None, max_examples=150)
@given(asks=LEVELS, bids=LEVELS, orders=st.lists(ORDER, min_size=1, max_size=5))
def test_takers_get_displayed_levels_and_never_more_than_is_shown(make_desk, asks, bids, orders):
    desk = make_desk()
    shown_asks = [(100 + cents / 100, lots / 1_000) for cents, lots in asks]
    shown_bids = [(100 - cents / 100, lots / 1_000) for cents, lots in bids]
    desk.show(shown_bids, shown_asks)
    sent = {}
    for side, lots, cents, tif in orders:
        limit = None if cents is None else str(Decimal(10_000 + cents) / 100)
        key = desk.send(side, str(Decimal(lots) / 1_000), limit, tif=tif)
        sent[key] = (Side(side), Decimal(lots) / 1_000, limit and Decimal(limit), tif)
    answers = desk.wait()
    fills = [event for event in answers if hasattr(event, "execution_id")]
    used = {}
    for fill in fills:
        side, _, limit, _ = sent[fill.client_order_id]
        assert fill.liquidity is Liquidity.TAKER
        assert fill.side is side
        assert limit is None or (fill.price - limit) * side.sign <= 0
        used[side, float(fill.price)] = used.get((side, float(fill.price)), 0) + fill.quantity
    for (side, px), quantity in used.items():
        shown = dict(shown_asks if side is Side.BUY else shown_bids)
        assert quantity <= Decimal(str(shown[px]))  # a price that is not shown is a KeyError
    for key, (side, quantity, limit, tif) in sent.items():
        mine = [fill for fill in fills if fill.client_order_id == key]
        filled = sum((fill.quantity for fill in mine), Decimal(0))
        prices = [fill.price * side.sign for fill in mine]
        assert prices == sorted(prices)
        assert filled <= quantity
        if tif == "FOK":
            assert filled in {0, quantity}
        elif filled < quantity:  # it left nothing within its limit
            opposite = shown_asks if side is Side.BUY else shown_bids
            for px, qty in opposite:
                if limit is None or (Decimal(str(px)) - limit) * side.sign <= 0:
                    assert used[side, px] == Decimal(str(qty))
    assert desk.position == sum((f.quantity * f.side.sign for f in fills), Decimal(0))


# --- resting --------------------------------------------------------------------------------------


def test_a_resting_order_fills_at_its_limit_when_the_other_side_reaches_it(desk, short):
    desk.send("BUY", "5", "100.50")
    desk.wait()
    desk.show(((99.0, 1.0),), ((100.25, 2.0), (100.50, 1.0), (101.0, 9.0)))
    assert short(desk.wait()) == [("Filled", "3", "100.5", "MAKER")]


def test_the_same_displayed_size_fills_a_resting_order_once(desk):
    desk.send("BUY", "5", "100.50")
    desk.wait()
    for _ in range(4):
        desk.show(((99.0, 1.0),), ((100.25, 2.0),))
    assert desk.position == 2


def test_resting_orders_share_what_is_displayed_the_best_price_first(desk, short):
    first = desk.send("BUY", "2", "100.10")
    better = desk.send("BUY", "2", "100.20")
    desk.wait()
    desk.show(((99.0, 1.0),), ((100.05, 3.0),))
    answers = desk.wait()
    assert [event.client_order_id for event in answers] == [better, first]
    assert short(answers) == [
        ("Filled", "2", "100.2", "MAKER"),
        ("Filled", "1", "100.1", "MAKER"),
    ]


def test_a_trade_beyond_the_limit_fills_a_trade_at_the_limit_does_not(desk, short):
    desk.send("SELL", "5", "100.50")
    desk.wait()
    desk.trade(100.50, 9.0)
    assert short(desk.wait()) == []
    desk.trade(100.51, 1.5)
    assert short(desk.wait()) == [("Filled", "1.5", "100.5", "MAKER")]
    desk.trade(100.40, 9.0)
    assert short(desk.wait()) == []


def test_resting_orders_share_the_size_of_a_print_the_best_price_first(desk):
    first = desk.send("BUY", "2", "100.10")
    better = desk.send("BUY", "2", "100.20")
    desk.wait()
    desk.trade(100.0, 3.0)
    answers = desk.wait()
    assert [(event.client_order_id, event.quantity) for event in answers] == [
        (better, 2),
        (first, 1),
    ]


def test_a_print_far_away_fills_nobody(desk):
    desk.send("BUY", "1", "100.10")
    desk.send("SELL", "1", "100.90")
    desk.wait()
    desk.trade(100.5, 50.0)
    assert desk.wait() == []


def test_nothing_is_looked_up_while_no_order_rests(desk):
    def levels(bids):
        raise AssertionError("the book was read")

    desk.view.levels = levels
    assert not desk.venue.watches(NAME)
    desk.trade(50.0, 1.0)
    desk.venue.on_market(desk.view.quote, desk.now)


# --- stops ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "stop", "before", "reached"),
    [("BUY", "104", 103.99, 104.0), ("SELL", "97", 97.01, 97.0)],
)
def test_a_stop_wakes_with_the_last_price_and_takes_what_is_displayed(
    desk, short, side, stop, before, reached
):
    desk.send(side, "1.5", stop=stop)
    assert short(desk.wait()) == ["Accepted"]
    desk.trade(before, 9.0)
    assert short(desk.wait()) == []
    desk.trade(reached, 9.0)
    best, next_ = ("101", "102") if side == "BUY" else ("100", "99")
    assert short(desk.wait()) == [
        ("Filled", "1", best, "TAKER"),
        ("Filled", "0.5", next_, "TAKER"),
    ]


def test_a_stop_market_that_finds_too_little_is_cancelled(desk, short):
    desk.send("SELL", "9", stop="97")
    desk.wait()
    desk.show(((96.0, 1.0),), ((98.0, 1.0),))
    assert short(desk.wait()) == [("Filled", "1", "96", "TAKER"), "Canceled"]


def test_the_quote_on_the_side_that_would_be_hit_wakes_a_stop(desk, short):
    desk.send("BUY", "1", stop="102")
    desk.wait()
    desk.show(((101.99, 1.0),), ((102.0, 1.0),))
    assert short(desk.wait()) == [("Filled", "1", "102", "TAKER")]


def test_a_stop_limit_takes_displayed_prices_as_if_it_arrived_and_then_rests(desk, short):
    desk.send("BUY", "5", "102", stop="100.50")
    desk.trade(100.60, 50.0)  # before it arrived
    assert short(desk.wait()) == [
        "Accepted",  # the ask of 101 is beyond the stop already
        ("Filled", "1", "101", "TAKER"),
        ("Filled", "2", "102", "TAKER"),
    ]
    desk.show(desk.view.bids, ((101.5, 1.0),))
    assert short(desk.wait()) == [("Filled", "1", "102", "MAKER")]


def test_the_print_that_wakes_a_stop_limit_does_not_fill_it(desk, short):
    desk.send("BUY", "5", "104", stop="103.50")
    desk.wait()
    desk.trade(103.60, 50.0)
    answers = short(desk.wait())
    assert [a[3] for a in answers] == ["TAKER"] * 3
    assert [a[2] for a in answers] == ["101", "102", "103"]


def test_an_immediate_stop_limit_does_not_rest(desk, short):
    desk.send("SELL", "5", "99", stop="99.50", tif="IOC")
    desk.wait()
    desk.trade(99.50, 1.0)
    assert short(desk.wait()) == [
        ("Filled", "1", "100", "TAKER"),
        ("Filled", "2", "99", "TAKER"),
        "Canceled",
    ]


def test_a_sleeping_stop_is_not_filled_by_the_market(desk):
    desk.send("BUY", "1", "110", stop="105")
    desk.wait()
    desk.show(((99.0, 1.0),), ((100.0, 1.0),))
    desk.trade(104.0, 9.0)
    assert desk.wait() == []


# --- fees -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bps", "px", "quantity", "fee"),
    [
        (1.0, 61_837.63, "0.123", "0.76060285"),  # 7606.02849 · 1e-4 = 0.760602849
        (0.1, 100.0, "1", "0.00100000"),
        (7.5, 0.37, "3", "0.00083250"),
        (0.0, 100.0, "1", "0.00000000"),
        (-0.5, 200.0, "2", "-0.02000000"),
        (15.0, 0.00123457, "3", "0.00000556"),  # of 0.00370371
        (2.5, 0.01, "0.001", "0.00000000"),  # 2.5e-9 rounds half to even
    ],
)
def test_fees_are_exact_to_eight_decimals(make_desk, bps, px, quantity, fee):
    taker = make_desk(taker_bps=bps, maker_bps=50.0)
    taker.show(((px / 2, 5.0),), ((px, 5.0),))
    taker.send("BUY", quantity, str(px))
    charged = taker.wait()[1].fee
    assert format(charged, "f") == fee
    maker = make_desk(taker_bps=50.0, maker_bps=bps)
    maker.show(((px / 2, 5.0),), ((px * 2, 5.0),))
    maker.send("BUY", quantity, str(px))
    maker.wait()
    maker.show(((px / 2, 5.0),), ((px, 5.0),))
    charged = maker.wait()[0].fee
    assert format(charged, "f") == fee
