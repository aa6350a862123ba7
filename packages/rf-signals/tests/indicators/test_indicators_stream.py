"""The batch functions give the bits of the streaming classes, however the series is cut."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_signals import indicators as ta
from rf_signals import streaming as live

CHECKED = settings(deadline=None, max_examples=60)
BAR = st.tuples(
    st.one_of(st.floats(10.0, 1e4), st.sampled_from([100.0, 101.0])),
    st.sampled_from([0.0, 0.0, 1.0, 3.5]),
    st.floats(0.0, 1.0),
    st.sampled_from([0.0, 10.0, 12.5, 1e6]),
).map(lambda t: (t[0] + t[1], t[0], t[0] + t[1] * t[2], t[3]))
BARS = st.lists(BAR, min_size=0, max_size=70)
PERIOD = st.integers(2, 9)

# name: (batch(high, low, close, volume, period), streaming(period), columns, lines of the object)
PAIRS = {
    "sma": (lambda h, lo, c, v, p: [ta.sma(c, p)], live.Sma, "c", "value"),
    "ema": (lambda h, lo, c, v, p: [ta.ema(c, p)], live.Ema, "c", "value"),
    "wma": (lambda h, lo, c, v, p: [ta.wma(c, p)], live.Wma, "c", "value"),
    "macd": (
        lambda h, lo, c, v, p: ta.macd(c, p, 2 * p, p + 1),
        lambda p: live.Macd(p, 2 * p, p + 1),
        "c",
        "line signal histogram",
    ),
    "macd_talib": (
        lambda h, lo, c, v, p: ta.macd_talib(c, p, 2 * p, p + 1),
        lambda p: live.Macd(p, 2 * p, p + 1, seeding="talib"),
        "c",
        "line signal histogram",
    ),
    "rsi": (lambda h, lo, c, v, p: [ta.rsi(c, p)], live.Rsi, "c", "value"),
    "roc": (lambda h, lo, c, v, p: [ta.roc(c, p)], live.Roc, "c", "value"),
    "stochastic": (
        lambda h, lo, c, v, p: ta.stochastic(h, lo, c, p, smooth_k=2, smooth_d=4, flat=50.0),
        lambda p: live.Stochastic(p, 2, 4, flat=50.0),
        "hlc",
        "k d",
    ),
    "williams_r": (lambda h, lo, c, v, p: [ta.williams_r(h, lo, c, p)], live.WilliamsR, "hlc", ""),
    "cci": (lambda h, lo, c, v, p: [ta.cci(h, lo, c, p)], live.Cci, "hlc", ""),
    "mfi": (lambda h, lo, c, v, p: [ta.mfi(h, lo, c, v, p)], live.Mfi, "hlcv", ""),
    "atr": (lambda h, lo, c, v, p: [ta.atr(h, lo, c, p)], live.Atr, "hlc", ""),
    "true_range": (
        lambda h, lo, c, v, p: [ta.true_range(h, lo, c)],
        live.Atr,
        "hlc",
        "true_range",
    ),
    "adx": (lambda h, lo, c, v, p: ta.adx(h, lo, c, p), live.Adx, "hlc", "value plus_di minus_di"),
    "bollinger": (
        lambda h, lo, c, v, p: ta.bollinger(c, p, 1.5),
        lambda p: live.Bollinger(p, 1.5),
        "c",
        "upper middle lower",
    ),
    "keltner": (
        lambda h, lo, c, v, p: ta.keltner(h, lo, c, p, atr_period=4),
        lambda p: live.Keltner(p, 4),
        "hlc",
        "upper middle lower",
    ),
    "donchian": (
        lambda h, lo, c, v, p: ta.donchian(h, lo, p),
        live.Donchian,
        "hl",
        "upper middle lower",
    ),
    "ichimoku": (
        lambda h, lo, c, v, p: ta.ichimoku(h, lo, c, periods=(2, p, p + 3), displacement=3),
        lambda p: live.Ichimoku(2, p, p + 3, 3),
        "hlc",
        "conversion base span_a span_b lagged_close",
    ),
    "vwap": (lambda h, lo, c, v, p: [ta.vwap(c, v)], lambda p: live.Vwap(), "cv", ""),
    "obv": (lambda h, lo, c, v, p: [ta.obv(c, v)], lambda p: live.Obv(), "cv", ""),
}


def streamed(name, bars, period, cuts=()):
    """Feed a streaming object stretch by stretch and return its lines, NaN in the warm-up."""
    _, build, which, names = PAIRS[name]
    told = build(period)
    ends = sorted({0, len(bars), *cuts})
    rows = []
    for start, end in pairwise(ends):
        for high, low, close, volume in bars[start:end]:
            columns = {"h": high, "l": low, "c": close, "v": volume}
            told.update(*(columns[key] for key in which))
            rows.append([getattr(told, field) for field in (names or "value").split()])
    count = len((names or "value").split())
    return np.array(rows, dtype=float).reshape(len(bars), count).T


def batched(name, bars, period):
    high, low, close, volume = np.array(bars, dtype=float).reshape(len(bars), 4).T
    return PAIRS[name][0](high, low, close, volume, period)


@pytest.mark.parametrize("name", PAIRS)
@settings(deadline=None, max_examples=30)
@given(bars=BARS, period=PERIOD, cuts=st.lists(st.integers(0, 70), max_size=4))
def test_a_series_in_any_cut_streams_the_numbers_of_the_whole(name, bars, period, cuts):
    cuts = [cut for cut in cuts if cut <= len(bars)]
    lines = batched(name, bars, period)
    for line, expected in zip(lines, streamed(name, bars, period, cuts), strict=True):
        assert line.dtype == np.float64
        assert line.shape == (len(bars),)
        np.testing.assert_array_equal(line, expected)


def long_bars(kind, size=4000):
    rng = np.random.default_rng(11)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.01, size)))
    if kind == "jump":
        close = np.where(np.arange(size) < size // 5, 100.0, 100.1)
    if kind == "saw":
        close = 100.0 + 0.1 * (np.arange(size) % 7)
    spread = rng.uniform(0.0, 2.0, size)
    return list(zip(close + spread, close - spread, close, rng.uniform(0, 9, size), strict=True))


@pytest.mark.parametrize("kind", ["walk", "jump", "saw"])
@pytest.mark.parametrize("name", PAIRS)
def test_long_series_computed_in_parts_keep_every_bit(name, kind):
    bars = long_bars(kind)
    for period in (2, 14):
        for line, expected in zip(
            batched(name, bars, period), streamed(name, bars, period), strict=True
        ):
            np.testing.assert_array_equal(line, expected)


@pytest.mark.parametrize("name", PAIRS)
def test_no_number_depends_on_later_bars(name):
    bars = long_bars("walk", 1500)
    whole = batched(name, bars, 5)
    for end in (1, 7, 40, 641, 1499):
        for part, line in zip(batched(name, bars[:end], 5), whole, strict=True):
            np.testing.assert_array_equal(part, line[:end])


@CHECKED
@given(bars=BARS, period=PERIOD)
def test_rolling_vwap_is_that_of_its_window(bars, period):
    px, volume = np.array(bars, dtype=float).reshape(len(bars), 4).T[2:]
    told = ta.rolling_vwap(px, volume, period)
    for i, value in enumerate(told):
        window = slice(max(i + 1 - period, 0), i + 1)
        total = volume[window].sum()
        if i + 1 < period or total == 0.0:
            assert np.isnan(value)
        else:
            assert value == pytest.approx((px[window] * volume[window]).sum() / total, rel=1e-12)
