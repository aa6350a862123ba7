from itertools import pairwise
from math import inf, isnan, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_signals.streaming import Cci, Mfi, Roc, Rsi, Stochastic, WilliamsR

CHECKED = settings(deadline=None, max_examples=100)
PRICES = st.lists(st.floats(1.0, 1e5), min_size=1, max_size=50)
BAR = st.tuples(
    st.floats(10.0, 1e4), st.floats(0.0, 100.0), st.floats(0.0, 1.0), st.floats(0.0, 1e6)
).map(lambda t: (t[0] + t[1], t[0], t[0] + t[1] * t[2], t[3]))
BARS = st.lists(BAR, min_size=1, max_size=40)
PERIOD = st.integers(1, 8)


def rsi_of(prices, period):
    """Return Wilder's index as 100 - 100 / (1 + gain / loss), None in the warm-up."""
    changes = [b - a for a, b in pairwise(prices)]
    told = [None] * min(period, len(prices))
    gain = loss = 0.0
    for i, change in enumerate(changes):
        if i < period:
            gain += max(change, 0.0) / period
            loss += max(-change, 0.0) / period
        else:
            gain = (gain * (period - 1) + max(change, 0.0)) / period
            loss = (loss * (period - 1) + max(-change, 0.0)) / period
        if i >= period - 1:
            ratio = 50.0 if gain == loss == 0.0 else 100.0 * gain / (gain + loss)
            told.append(ratio)
    return told


@CHECKED
@given(prices=PRICES, period=PERIOD)
def test_rsi_is_wilders(prices, period):
    rsi = Rsi(period)
    told = [rsi.update(px) for px in prices]
    for value, reference in zip(told, rsi_of(prices, period), strict=True):
        assert value == (None if reference is None else pytest.approx(reference, abs=1e-7))
        assert value is None or 0.0 <= value <= 100.0


@pytest.mark.parametrize(
    ("prices", "value"),
    [
        ([100.0] * 30, 50.0),
        ([100.0 + i for i in range(30)], 100.0),
        ([100.0 - i for i in range(30)], 0.0),
        ([100.0 + i % 2 for i in range(15)], 50.0),
    ],
    ids=["flat", "gains", "losses", "as many gains as losses"],
)
def test_rsi_at_its_landmarks(prices, value):
    rsi = Rsi(14)
    assert [rsi.update(px) for px in prices][-1] == value


def test_rsi_by_hand():
    rsi = Rsi(3)
    told = [rsi.update(px) for px in (10.0, 12.0, 11.0, 11.0, 14.0)]
    # gains 2 0 0, losses 0 1 0: 2/3 against 1/3; then (2·2/3 + 3)/3 = 13/9 against 2/9
    assert told == [None, None, None, pytest.approx(200 / 3), pytest.approx(1300 / 15)]


def rolling(bars, period):
    return [
        bars[max(0, i + 1 - period) : i + 1] if i + 1 >= period else None for i in range(len(bars))
    ]


@CHECKED
@given(bars=BARS, period=PERIOD)
def test_williams_r_and_the_raw_stochastic_are_places_in_the_range(bars, period):
    williams, stochastic = WilliamsR(period), Stochastic(period, 1, 1)
    for bar, window in zip(bars, rolling(bars, period), strict=True):
        high, low, close, _ = bar
        r, k = williams.update(high, low, close), stochastic.update(high, low, close)
        if window is None:
            assert r is None
            assert k is None
            continue
        top, bottom = max(b[0] for b in window), min(b[1] for b in window)
        span = top - bottom
        assert r == pytest.approx(-100.0 * (top - close) / span if span else 0.0)
        assert k == pytest.approx(100.0 * (close - bottom) / span if span else 0.0)
        assert stochastic.d == k


def test_the_slow_stochastic_smooths_twice_and_waits_for_both():
    bars = [(10.0, 0.0, close) for close in (1.0, 2.0, 6.0, 4.0, 8.0)]
    stochastic = Stochastic(1, 2, 2)
    told = [stochastic.update(*bar) for bar in bars]
    # raw 10 20 60 40 80; %K 15 40 50 60; %D 27.5 45 55, told from the first %D on
    assert told == [None, None, 40.0, 50.0, 60.0]
    assert stochastic.d == 55.0
    assert Stochastic(1, 1, 1, flat=50.0).update(5.0, 5.0, 5.0) == 50.0


@CHECKED
@given(bars=BARS, period=PERIOD)
def test_cci_is_the_distance_in_mean_deviations(bars, period):
    cci = Cci(period)
    for bar, window in zip(bars, rolling(bars, period), strict=True):
        value = cci.update(*bar[:3])
        if window is None:
            assert value is None
            continue
        typical = [sum(b[:3]) / 3.0 for b in window]
        mean = sum(typical) / period
        deviation = sum(abs(x - mean) for x in typical) / period
        if deviation > 1e-6:
            assert value == pytest.approx((typical[-1] - mean) / (0.015 * deviation), abs=1e-3)


def test_cci_of_a_flat_window_is_zero():
    cci = Cci(3)
    assert [cci.update(5.0, 5.0, 5.0) for _ in range(4)] == [None, None, 0.0, 0.0]


@CHECKED
@given(prices=PRICES, period=PERIOD)
def test_roc_compares_with_the_price_that_many_values_ago(prices, period):
    roc = Roc(period)
    for i, px in enumerate(prices):
        value = roc.update(px)
        expected = (
            None if i < period else pytest.approx(100 * (px / prices[i - period] - 1), abs=1e-9)
        )
        assert value == expected


def test_roc_has_no_number_after_a_price_of_zero():
    roc = Roc(1)
    roc.update(0.0)
    assert isnan(roc.update(1.0))


@CHECKED
@given(bars=BARS, period=PERIOD)
def test_mfi_is_the_share_of_money_on_rising_prices(bars, period):
    mfi = Mfi(period)
    typical = [(high + low + close) / 3.0 for high, low, close, _ in bars]
    for i, bar in enumerate(bars):
        value = mfi.update(*bar)
        if i < period:
            assert value is None
            continue
        money = [
            (typical[j] - typical[j - 1], typical[j] * bars[j][3])
            for j in range(i - period + 1, i + 1)
        ]
        up = sum(m for change, m in money if change > 0)
        down = sum(m for change, m in money if change < 0)
        assert value == pytest.approx(100 * up / (up + down) if up + down else 50.0, abs=1e-7)


MAKES = [
    pytest.param(lambda: Stochastic(2, 2, 1), id="stochastic"),
    pytest.param(lambda: WilliamsR(2), id="williams"),
    pytest.param(lambda: Cci(2), id="cci"),
    pytest.param(lambda: Mfi(2), id="mfi"),
]


@pytest.mark.parametrize("bad", [nan, inf])
@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("make", MAKES)
def test_a_refused_bar_is_named_and_changes_nothing(make, place, bad):
    asked, clean = make(), make()
    bars = [(10.0, 8.0, 9.0, 5.0), (12.0, 9.0, 10.0, 7.0), (11.0, 7.0, 8.0, 3.0)] * 3
    for whole in bars:
        bar = whole if isinstance(asked, Mfi) else whole[:3]
        broken = list(bar)
        broken[place] = bad
        field = ("high", "low", "close")[place]
        with pytest.raises(ValueError, match=f"expected a finite number for {field}, was {bad}"):
            asked.update(*broken)
        assert asked.update(*bar) == clean.update(*bar)


@pytest.mark.parametrize("volume", [-1.0, nan, inf])
def test_mfi_refuses_a_volume_that_is_none_and_forgets_the_bar(volume):
    asked, clean = Mfi(2), Mfi(2)
    for close in (1.0, 2.0, 1.5, 3.0):
        with pytest.raises(ValueError, match="finite volume that is not negative for volume"):
            asked.update(9.0, 9.0, 9.0, volume)
        assert asked.update(close, close, close, 1.0) == clean.update(close, close, close, 1.0)


@pytest.mark.parametrize("make", [Rsi, Roc])
def test_a_price_that_is_no_number_is_refused(make):
    with pytest.raises(ValueError, match="expected a finite number for px, was nan"):
        make(3).update(nan)
