from __future__ import annotations

from decimal import Decimal

import pytest

from rf_common import FeedState, Side
from rf_common.orders import FeedChanged
from rf_dashboard import Live, Offline, views


def test_a_line_of_the_watch_list_says_what_was_quoted_by_whom_and_when(desk, make):
    row = views.watchlist(desk, make.at(2.5))[0]
    assert (row.symbol, row.venue, row.currency, row.tick) == (
        "BTCUSDT", "binance", "USDT", Decimal("0.5"),
    )  # fmt: skip
    assert (row.bid.value, row.ask.value, row.mid.value, row.last.value) == (
        100.5, 101.5, 101.0, 101.5,
    )  # fmt: skip
    assert (row.mid.source, row.mid.age_ms, row.mid.stale, row.mid.reason) == (
        "binance", 1_500, False, "",
    )  # fmt: skip


def test_change_is_told_since_the_first_price_of_the_day(desk, make):
    row = views.watchlist(desk, make.at(2))[0]
    assert row.change.value == pytest.approx((101.0 - 100.5) / 100.5)
    assert row.change_since == make.at(0)


def test_change_begins_again_at_midnight_utc(make):
    midnight = 6_420  # 22:13:00 and 1 h 47 min
    state = make.fold(
        (0, make.quote(100.0, 100.0, 0)),
        (midnight, make.quote(110.0, 110.0, midnight)),
        (midnight + 1, make.quote(121.0, 121.0, midnight + 1)),
    )
    row = views.watchlist(state, make.at(midnight + 1))[0]
    assert row.change.value == pytest.approx(0.1)
    assert row.change_since == make.at(midnight)


def test_an_instrument_without_a_price_has_reasons_in_place_of_numbers(desk, make):
    row = views.watchlist(desk, make.at(2))[1]
    for value in (row.bid, row.ask, row.mid, row.change):
        assert (value.value, value.reason, value.age_ms) == (None, "no price yet", None)
    assert (row.last.value, row.last.reason) == (None, "no trade yet")


def test_a_silent_feed_marks_only_its_own_instrument(desk, make):
    desk.apply(make.quote(10.0, 11.0, 2, make.ETH), make.at(2))
    desk.apply(FeedChanged(make.BTC, FeedState.STALE, "silent for 5 s"), make.at(2))
    btc, eth = views.watchlist(desk, make.at(3))
    assert (btc.mid.value, btc.mid.stale, btc.mid.reason) == (
        101.0, True, "feed stale: silent for 5 s",
    )  # fmt: skip
    assert not eth.mid.stale


def test_offline_marks_every_price(desk, make):
    desk.connection(Offline(make.at(3), "connection refused"))
    desk.apply(make.quote(10.0, 11.0, 2, make.ETH), make.at(2))
    rows = views.watchlist(desk, make.at(4))
    assert {row.mid.reason for row in rows} == {"the daemon is offline: connection refused"}
    assert all(row.mid.stale for row in rows)


# --- chart ----------------------------------------------------------------------------------------


@pytest.fixture
def charted(make):
    """Twelve candles of five seconds with closes 1 to 12, the fourth interval left out."""
    told = [(0, make.instrument())]
    told += [
        (5 * n, make.quote(n + 1.0, n + 1.0, 5 * n)) for n in range(13) if n != 3
    ]  # closes 1 2 3 5 … 13
    state = make.fold(*told)
    state.connection(Live(make.at(0)))
    return state


def _closes(state, make, interval="5s", *, count=100, offset=0):
    told = views.chart(state, make.BTC, interval, count=count, offset=offset, now=make.at(61))
    return [c.close_px for c in told.candles], told


def test_a_chart_shows_the_newest_candles_oldest_first(charted, make):
    closes, told = _closes(charted, make, count=3)
    assert (closes, told.total, told.offset) == ([11.0, 12.0, 13.0], 12, 0)
    assert told.candles[-1].ts == make.at(60)
    assert (told.high.value, told.low.value, told.last.value) == (13.0, 11.0, 13.0)


def test_an_interval_without_a_price_is_left_out_of_a_chart(charted, make):
    closes, _ = _closes(charted, make)
    assert closes == [1.0, 2.0, 3.0, *[float(n) for n in range(5, 14)]]


@pytest.mark.parametrize(
    ("offset", "shown", "effective"),
    [(1, [11.0, 12.0], 1), (10, [1.0, 2.0], 10), (11, [1.0], 11), (500, [1.0], 11)],
)
def test_scrolling_stops_at_the_oldest_candle(charted, make, offset, shown, effective):
    closes, told = _closes(charted, make, count=2, offset=offset)
    assert (closes, told.offset) == (shown, effective)


def test_longer_intervals_are_aggregated(charted, make):
    closes, told = _closes(charted, make, "15s")
    assert closes == [3.0, 6.0, 9.0, 12.0, 13.0]
    assert [c.open_px for c in told.candles] == [1.0, 5.0, 7.0, 10.0, 13.0]
    assert _closes(charted, make, "1m")[0] == [12.0, 13.0]


def test_fills_of_ours_are_marked_within_what_is_shown(charted, make):
    charted.apply(make.fill(1, seconds=12), make.at(12))
    charted.apply(make.fill(2, seconds=59.9, side=Side.SELL), make.at(60))
    charted.apply(make.fill(3, seconds=59, instrument_id=make.ETH), make.at(60))
    _, told = _closes(charted, make, count=2, offset=1)
    assert [(mark.ts, mark.side) for mark in told.marks] == [(make.at(59.9), Side.SELL)]


def test_a_chart_of_nothing_says_why(desk, make):
    empty = views.chart(desk, make.ETH, "1m", count=10, now=make.at(2))
    assert (empty.candles, empty.reason, empty.high.value) == ((), "no price yet", None)
    other = views.chart(desk, "binance:XRPUSDT", "1m", count=10, now=make.at(2))
    assert other.reason == "the daemon told nothing of this instrument"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"interval": "7s"}, "expected an interval of 5s, 15s, 1m, 5m, 15m, 1h, was '7s'"),
        ({"count": -1}, "expected count and offset not negative"),
        ({"offset": -1}, "expected count and offset not negative"),
    ],
)
def test_a_chart_that_cannot_be_is_an_error(desk, make, changes, said):
    asked = {"interval": "1m", "count": 1, "offset": 0} | changes
    with pytest.raises(ValueError, match=said):
        views.chart(desk, make.BTC, asked.pop("interval"), now=make.at(2), **asked)


# --- book and tape --------------------------------------------------------------------------------


def test_a_book_has_cumulative_sizes_and_its_measures(desk, make):
    book = views.book(desk, make.BTC, 5, make.at(2))
    assert [(r.px, r.qty, r.cumulative) for r in book.bids] == [
        (100.5, 1.0, 1.0), (100.0, 3.0, 4.0),
    ]  # fmt: skip
    assert [(r.px, r.cumulative) for r in book.asks] == [(101.5, 2.0), (102.0, 4.0)]
    assert (book.spread.value, book.mid.value) == (Decimal("1.0"), Decimal("101.0"))
    assert book.spread_bps.value == pytest.approx(1.0 / 101.0 * 10_000)
    assert book.microprice.value == pytest.approx((100.5 * 2.0 + 101.5 * 1.0) / 3.0)
    assert book.imbalance.value == pytest.approx(0.0)
    assert (book.source, book.age_ms, book.levels, book.stale) == ("binance", 1_000, 2, False)


def test_imbalance_counts_only_what_is_shown(desk, make):
    book = views.book(desk, make.BTC, 1, make.at(2))
    assert book.imbalance.value == pytest.approx((1.0 - 2.0) / 3.0)
    assert (len(book.bids), book.levels) == (1, 2)


def test_spread_of_prices_with_many_digits_is_exact(desk, make):
    desk.apply(make.book(bids=((61837.63, 1.0),), asks=((61837.64, 1.0),)), make.at(2))
    book = views.book(desk, make.BTC, 5, make.at(2))
    assert (book.spread.value, book.mid.value) == (Decimal("0.01"), Decimal("61837.635"))


def test_a_one_sided_book_has_no_spread(desk, make):
    desk.apply(make.book(bids=((100.0, 2.0),)), make.at(2))
    book = views.book(desk, make.BTC, 5, make.at(2))
    for value in (book.spread, book.mid, book.spread_bps, book.microprice):
        assert (value.value, value.reason) == (None, "one side of the book is empty")
    assert book.imbalance.value == 1.0


@pytest.mark.parametrize(
    ("told", "reason"),
    [("waiting for a snapshot", "waiting for a snapshot"), ("", "the book is empty")],
)
def test_an_empty_book_says_why(desk, make, told, reason):
    desk.apply(make.book(reason=told), make.at(2))
    book = views.book(desk, make.BTC, 5, make.at(2))
    assert (book.reason, book.imbalance.value, book.imbalance.reason) == (reason, None, reason)


def test_a_book_nobody_told_of_says_so(desk, make):
    assert views.book(desk, make.ETH, 5, make.at(2)).reason == "no book yet"
    assert views.book(desk, "x:Y", 5, make.at(2)).reason.startswith("the daemon told nothing")


def test_the_tape_is_newest_first_and_says_where_each_price_went(desk, make):
    desk.apply(make.trade(101.5, 1.0, 2), make.at(2))
    desk.apply(make.trade(100.0, 1.0, 3), make.at(3))
    rows = views.tape(desk, make.BTC, 3)
    assert [(row.px, row.direction) for row in rows] == [(100.0, -1), (101.5, 0), (101.5, 1)]
    assert [row.direction for row in views.tape(desk, make.BTC, 10)] == [-1, 0, 1, 0]
    assert views.tape(desk, "x:Y", 3) == ()
