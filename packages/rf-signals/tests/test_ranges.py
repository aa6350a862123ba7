from itertools import pairwise
from math import inf, isnan, nan, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_signals.streaming import Adx, Atr, Bollinger, Donchian, Ema, Ichimoku, Keltner

CHECKED = settings(deadline=None, max_examples=100)
BAR = st.tuples(st.floats(10.0, 1e4), st.floats(0.0, 100.0), st.floats(0.0, 1.0)).map(
    lambda t: (t[0] + t[1], t[0], t[0] + t[1] * t[2])
)
BARS = st.lists(BAR, min_size=1, max_size=50)
PRICES = st.lists(st.floats(1.0, 1e5), min_size=1, max_size=50)
PERIOD = st.integers(1, 8)


def true_ranges(bars):
    return [
        max(high - low, abs(high - last[2]), abs(low - last[2]))
        for last, (high, low, _) in pairwise(bars)
    ]


@CHECKED
@given(bars=BARS, period=PERIOD)
def test_atr_is_wilders_average_of_the_true_range(bars, period):
    atr = Atr(period)
    reaches = true_ranges(bars)
    value = None
    for i, bar in enumerate(bars):
        if i == period:
            value = sum(reaches[:period]) / period
        elif i > period:
            value = (value * (period - 1) + reaches[i - 1]) / period
        told = atr.update(*bar)
        assert told == (None if value is None else pytest.approx(value, rel=1e-9, abs=1e-9))
        assert atr.true_range == (reaches[i - 1] if i else None)


def wilder_adx(bars, period):
    """Return (plus, minus, adx) after each bar, from whole arrays as in Wilder's tables."""
    plus, minus = [], []
    for last, bar in pairwise(bars):
        up, down = bar[0] - last[0], last[1] - bar[1]
        plus.append(up if up > down and up > 0 else 0.0)
        minus.append(down if down > up and down > 0 else 0.0)
    reach = true_ranges(bars)
    sums = [sum(series[: period - 1]) for series in (plus, minus, reach)]
    told = [(None, None, None)] * min(period, len(bars))
    dxs, adx = [], None
    for i in range(period - 1, len(reach)):
        sums = [s - s / period + x[i] for s, x in zip(sums, (plus, minus, reach), strict=True)]
        p, m = (100 * s / sums[2] if sums[2] else 0.0 for s in sums[:2])
        dxs.append(100 * abs(p - m) / (p + m) if p + m else 0.0)
        if len(dxs) == period:
            adx = sum(dxs) / period
        elif len(dxs) > period and p + m:
            adx = (adx * (period - 1) + dxs[-1]) / period
        told.append((p, m, adx))
    return told


@CHECKED
@given(
    bars=st.lists(
        st.tuples(st.integers(50, 90), st.integers(1, 20), st.integers(0, 20)).map(
            lambda t: (float(t[0] + t[1]), float(t[0]), float(t[0] + min(t[1], t[2])))
        ),
        min_size=1,
        max_size=50,
    ),
    period=st.integers(2, 6),
)
def test_adx_and_its_directions_are_wilders(bars, period):
    adx = Adx(period)
    for bar, (plus, minus, value) in zip(bars, wilder_adx(bars, period), strict=True):
        told = adx.update(*bar)
        assert told == (None if value is None else pytest.approx(value, abs=1e-6))
        if plus is not None:
            assert adx.plus_di == pytest.approx(plus, abs=1e-9)
            assert adx.minus_di == pytest.approx(minus, abs=1e-9)


def test_adx_of_a_straight_climb_is_a_hundred_and_of_a_standstill_zero():
    climb, still = Adx(3), Adx(3)
    for i in range(20):
        climb.update(10.0 + i, 9.0 + i, 9.5 + i)
        still.update(10.0, 10.0, 10.0)
    assert climb.value == pytest.approx(100.0)
    assert still.value == 0.0
    assert still.plus_di is None


@CHECKED
@given(prices=PRICES, period=st.integers(2, 8), width=st.floats(0.5, 3.0))
def test_bollinger_bands_stand_at_population_deviations(prices, period, width):
    bands = Bollinger(period, width)
    for i, px in enumerate(prices):
        told = bands.update(px)
        window = prices[i + 1 - period : i + 1] if i + 1 >= period else None
        if window is None:
            assert (told, bands.percent_b, bands.bandwidth) == (None, None, None)
            continue
        mean = sum(window) / period
        std = sqrt(sum((x - mean) ** 2 for x in window) / period)
        assert told == bands.value == pytest.approx(mean)
        assert bands.std == pytest.approx(std, rel=1e-6, abs=1e-6)
        assert bands.upper == pytest.approx(mean + width * std)
        assert bands.lower == pytest.approx(mean - width * std)


def test_percent_b_and_bandwidth_by_hand():
    bands = Bollinger(2, 2.0)
    for px in (9.0, 11.0):
        bands.update(px)
    assert (bands.lower, bands.upper) == (8.0, 12.0)
    assert bands.percent_b == 0.75
    assert bands.bandwidth == 0.4


def test_percent_b_between_equal_bands_is_no_number():
    bands = Bollinger(2)
    for _ in range(2):
        bands.update(5.0)
    assert isnan(bands.percent_b)
    assert bands.bandwidth == 0.0


@CHECKED
@given(bars=BARS, period=PERIOD, atr_period=PERIOD)
def test_keltner_is_an_average_and_a_range(bars, period, atr_period):
    channel, ema, atr = Keltner(period, atr_period, 1.5), Ema(period), Atr(atr_period)
    for high, low, close in bars:
        middle, reach = ema.update(close), atr.update(high, low, close)
        told = channel.update(high, low, close)
        if middle is None or reach is None:
            assert told is None
        else:
            assert (told, channel.upper, channel.lower) == (
                middle,
                middle + 1.5 * reach,
                middle - 1.5 * reach,
            )


@CHECKED
@given(bars=BARS, period=PERIOD)
def test_donchian_holds_the_extremes(bars, period):
    channel = Donchian(period)
    for i, (high, low, _) in enumerate(bars):
        told = channel.update(high, low)
        if i + 1 < period:
            assert told is None
            continue
        window = bars[i + 1 - period : i + 1]
        assert channel.upper == max(b[0] for b in window)
        assert channel.lower == min(b[1] for b in window)
        assert told == channel.value == (channel.upper + channel.lower) / 2


@CHECKED
@given(bars=BARS)
def test_the_ichimoku_cloud_was_computed_before_it_stands(bars):
    cloud = Ichimoku(2, 3, 4, 2)

    def middle(i, period):
        if i < period - 1:
            return None
        window = bars[i + 1 - period : i + 1]
        return (max(b[0] for b in window) + min(b[1] for b in window)) / 2

    for i, bar in enumerate(bars):
        told = cloud.update(*bar)
        conversion, base = middle(i, 2), middle(i, 3)
        assert (told, cloud.base) == (conversion, base)
        past = i - 2
        if past >= 2:
            assert cloud.span_a == (middle(past, 2) + middle(past, 3)) / 2
        if past >= 3:
            assert cloud.span_b == middle(past, 4)
        assert cloud.lagged_close == (bars[past][2] if past >= 0 else None)


MAKES = [
    pytest.param(lambda: Atr(2), 3, id="atr"),
    pytest.param(lambda: Adx(2), 3, id="adx"),
    pytest.param(lambda: Keltner(2, 2), 3, id="keltner"),
    pytest.param(lambda: Donchian(2), 2, id="donchian"),
    pytest.param(lambda: Ichimoku(1, 2, 3, 1), 3, id="ichimoku"),
    pytest.param(lambda: Bollinger(2), 1, id="bollinger"),
]


def shown(indicator):
    names = [n for n in type(indicator).__slots__ if not n.startswith("_")]
    return [getattr(indicator, name) for name in names]


@pytest.mark.parametrize("bad", [nan, inf])
@pytest.mark.parametrize(("make", "count"), MAKES)
def test_a_refused_bar_changes_nothing(make, count, bad):
    bars = [(10.0, 8.0, 9.0), (12.0, 9.0, 10.0), (11.0, 7.0, 8.0), (13.0, 9.5, 12.0)] * 3
    for place in range(count):
        asked, clean = make(), make()
        for whole in bars:
            bar = whole[:count]
            broken = [bad if i == place else value for i, value in enumerate(bar)]
            with pytest.raises(ValueError, match=r"expected .*finite number.* for .*, was "):
                asked.update(*broken)
            assert asked.update(*bar) == clean.update(*bar)
            assert shown(asked) == shown(clean)


def test_percent_b_survives_a_refused_price():
    bands = Bollinger(2)
    for px in (9.0, 11.0):
        bands.update(px)
    with pytest.raises(ValueError, match="for px, was nan"):
        bands.update(nan)
    assert bands.percent_b == 0.75


def test_the_messages_name_the_field():
    with pytest.raises(ValueError, match="expected a finite number for low, was nan"):
        Donchian(2).update(1.0, nan)
    with pytest.raises(ValueError, match="expected displacement to be an integer >= 1, was 0"):
        Ichimoku(displacement=0)
    with pytest.raises(ValueError, match="expected period to be an integer >= 2, was 1"):
        Adx(1)
