from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_common import UnixNanos
from rf_dashboard.candles import BASE_NS, INTERVALS, Candle, CandleSeries, aggregate

SECOND = 10**9
_prices = st.floats(0.5, 100.0)
_ticks = st.lists(st.tuples(st.integers(0, 120), _prices), max_size=60)


def _by_hand(ticks, seconds):
    """Group prices by interval, in the plainest way."""
    groups = defaultdict(list)
    for second, px in ticks:
        groups[second // seconds].append(px)
    return [(i, g[0], max(g), min(g), g[-1]) for i, g in sorted(groups.items())]


def _plain(candles):
    return [(c.index, c.open_px, c.high_px, c.low_px, c.close_px) for c in candles]


def _filled(ticks, limit=1_000):
    series = CandleSeries(BASE_NS, limit)
    for second, px in ticks:
        series.on_price(UnixNanos(second * SECOND), px)
    return series


@given(_ticks.map(lambda ticks: sorted(ticks, key=lambda tick: tick[0])))
@settings(deadline=None, max_examples=150)
def test_candles_are_what_grouping_the_prices_gives(ticks):
    assert _plain(_filled(ticks).candles) == _by_hand(ticks, 5)


@given(_ticks.map(lambda ticks: sorted(ticks, key=lambda tick: tick[0])), st.integers(1, 12))
@settings(deadline=None, max_examples=100)
def test_aggregated_candles_are_what_grouping_by_the_longer_interval_gives(ticks, ratio):
    assert _plain(aggregate(_filled(ticks).candles, ratio)) == _by_hand(ticks, 5 * ratio)


@given(_ticks, st.integers(1, 8))
@settings(deadline=None, max_examples=100)
def test_in_any_order_candles_stay_sorted_bounded_and_in_their_range(ticks, limit):
    candles = _filled(ticks, limit).candles
    indexes = [c.index for c in candles]
    assert indexes == sorted(set(indexes))
    assert len(candles) <= limit
    for c in candles:
        assert c.low_px <= min(c.open_px, c.close_px) <= max(c.open_px, c.close_px) <= c.high_px


def test_a_late_price_widens_its_candle_and_keeps_its_close():
    series = _filled([(0, 10.0), (5, 11.0), (3, 13.0)])
    assert series.candles[0] == Candle(0, 10.0, 13.0, 10.0, 10.0, 0.0)
    assert series.candles[1].close_px == 11.0


def test_a_late_price_without_a_candle_makes_none():
    assert len(_filled([(0, 10.0), (20, 11.0), (7, 12.0)]).candles) == 2


def test_an_interval_without_a_price_has_no_candle():
    assert [c.index for c in _filled([(0, 10.0), (20, 11.0)]).candles] == [0, 4]


def test_volume_adds_up_and_a_print_opens_a_candle_that_has_none():
    series = _filled([(0, 10.0)])
    series.on_volume(UnixNanos(1 * SECOND), 10.5, 2.0)
    series.on_volume(UnixNanos(6 * SECOND), 11.0, 3.0)
    series.on_volume(UnixNanos(2 * SECOND), 10.5, 0.5)
    assert [(c.open_px, c.close_px, c.volume) for c in series.candles] == [
        (10.0, 10.0, 2.5), (11.0, 11.0, 3.0),
    ]  # fmt: skip


def test_aggregating_adds_the_volume_up():
    parts = [Candle(i, 1.0, 1.0, 1.0, 1.0, float(i)) for i in range(6)]
    assert [c.volume for c in aggregate(parts, 3)] == [0.0 + 1.0 + 2.0, 3.0 + 4.0 + 5.0]


def test_the_venues_bar_replaces_ours_and_stays(make):
    state = make.fold(
        (0, make.quote(10.0, 11.0, 0)),
        (60, make.quote(12.0, 13.0, 60)),
        (61, make.bar(0, 10.0, 14.0, 9.0, 12.0, 77.0)),
        (62, make.quote(50.0, 51.0, 30)),
        (63, make.trade(12.0, 5.0, 30)),
    )
    first, second = state.markets[make.BTC].coarse.candles
    assert (first.open_px, first.high_px, first.close_px, first.volume) == (10.0, 14.0, 12.0, 77.0)
    assert first.is_final
    assert (second.open_px, second.is_final) == (12.5, False)


def test_older_bars_are_put_before_ours(make):
    state = make.fold(
        (120, make.quote(12.0, 13.0, 120)),
        (121, make.bar(60, 2.0, 2.0, 2.0, 2.0, 1.0)),
        (121, make.bar(0, 1.0, 1.0, 1.0, 1.0, 1.0)),
    )
    assert [c.close_px for c in state.markets[make.BTC].coarse.candles] == [1.0, 2.0, 12.5]


@pytest.mark.parametrize(
    "changes",
    [{"closed": False}, {"interval_s": 300}],
    ids=["still open", "another interval"],
)
def test_other_bars_are_not_taken(make, changes):
    state = make.fold((90, make.bar(0, 1.0, 1.0, 1.0, 1.0, 1.0, **changes)))
    assert state.markets[make.BTC].coarse.candles == []


def test_a_bar_of_the_future_or_without_a_price_is_not_taken(make):
    state = make.fold(
        (0, make.bar(600, 1.0, 1.0, 1.0, 1.0, 1.0)),
        (90, make.bar(0, 1.0, 1.0, 0.0, 1.0, 1.0)),
        (90, make.bar(0, 1.0, float("nan"), 1.0, 1.0, 1.0)),
    )
    assert state.markets[make.BTC].coarse.candles == []


def test_a_time_of_the_future_is_not_believed(make):
    state = make.fold((0, make.quote(10.0, 11.0, 3_600)), (5, make.quote(12.0, 13.0, 5)))
    assert [c.close_px for c in state.markets[make.BTC].fine.candles] == [10.5, 12.5]


def test_without_a_quote_prints_make_the_prices(make):
    state = make.fold((0, make.trade(10.0, 1.0, 0)), (1, make.trade(12.0, 2.0, 1)))
    [candle] = state.markets[make.BTC].fine.candles
    assert (candle.open_px, candle.close_px, candle.volume) == (10.0, 12.0, 3.0)


def test_with_a_quote_prints_only_add_volume(make):
    state = make.fold((0, make.quote(10.0, 11.0, 0)), (1, make.trade(99.0, 2.0, 1)))
    [candle] = state.markets[make.BTC].fine.candles
    assert (candle.high_px, candle.volume) == (10.5, 2.0)


def test_every_interval_is_a_multiple_of_the_series_it_comes_from():
    assert all(length % (60 * SECOND) in {0, 5 * SECOND, 15 * SECOND} for _, length in INTERVALS)
