"""Numbers from elsewhere, landmarks, bad input, and the kernels in plain Python."""

import numpy as np
import pytest

from rf_signals import indicators as ta
from rf_signals.indicators._kernels import bars as bar_kernels
from rf_signals.indicators._kernels import recursions, windows

# StockCharts ChartSchool, RSI worked spreadsheet (QQQQ closes), two decimals.
QQQQ = [
    *(44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433, 46.0826),
    *(45.8931, 46.0328, 45.6140, 46.2820, 46.2820, 46.0028, 46.0328, 46.4116, 46.2222, 45.6439),
    *(46.2122, 46.2521, 45.7137, 46.4515, 45.7835, 45.3548, 44.0288, 44.1783, 44.2181, 44.5672),
    *(43.4205, 42.6628, 43.1314),
]


def walk(size=400, seed=3):
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.01, size)))
    high, low = close + rng.uniform(0, 1, size), close - rng.uniform(0, 1, size)
    return high, low, close, rng.uniform(0.0, 1e3, size)


def test_rsi_is_that_of_the_published_spreadsheet():
    told = ta.rsi(QQQQ)
    assert np.isnan(told[:14]).all()
    assert told[14:17] == pytest.approx([70.53, 66.32, 66.55], abs=0.006)


@pytest.mark.parametrize(
    ("close", "value"),
    [(np.full(40, 7.0), 50.0), (np.arange(40.0), 100.0), (-np.arange(40.0), 0.0)],
    ids=["flat", "gains", "losses"],
)
def test_rsi_at_its_landmarks(close, value):
    assert (ta.rsi(close)[14:] == value).all()


def test_a_flat_market_has_no_width_and_no_direction():
    flat = np.full(80, 101.25)
    for lines in (ta.bollinger(flat), ta.keltner(flat, flat, flat), ta.donchian(flat, flat)):
        for line in lines:
            assert (line[20:] == 101.25).all()
    assert (ta.adx(flat, flat, flat).adx[27:] == 0.0).all()
    assert (ta.cci(flat, flat, flat)[19:] == 0.0).all()
    assert (ta.mfi(flat, flat, flat, flat)[14:] == 50.0).all()
    assert (ta.vwap(flat, flat) == 101.25).all()
    assert (ta.macd(flat).histogram[33:] == 0.0).all()


def test_bollinger_keeps_its_digits_at_any_price_level():
    ramp = 1e9 + np.arange(1.0, 41.0)
    bands = ta.bollinger(ramp, 4, 2.0)
    assert bands.middle[3:].tolist() == (ramp[3:] - 1.5).tolist()
    assert bands.upper[3:] == pytest.approx(ramp[3:] - 1.5 + 2.0 * np.sqrt(1.25), abs=3e-7)


def test_bollinger_agrees_with_numpy_on_each_window():
    close = walk()[2]
    bands = ta.bollinger(close, 20, 2.0)
    windows_ = np.lib.stride_tricks.sliding_window_view(close, 20)
    mean, std = windows_.mean(axis=1), windows_.std(axis=1)
    np.testing.assert_allclose(bands.middle[19:], mean, rtol=1e-14)
    np.testing.assert_allclose(bands.upper[19:], mean + 2.0 * std, rtol=1e-14)
    np.testing.assert_allclose(bands.lower[19:], mean - 2.0 * std, rtol=1e-14)


def test_the_two_macd_conventions_meet_after_150_bars():
    close = walk(600)[2]
    classic, talib = ta.macd(close), ta.macd_talib(close)
    assert np.isfinite(classic.line[25:]).all()
    assert np.isnan(talib.line[:33]).all()
    assert np.abs(classic.line - talib.line)[180:].max() < 1e-6 * close.max()
    assert classic.line[25] != talib.line[25]


def test_oscillators_stay_in_their_range():
    high, low, close, volume = walk()
    k, d = ta.stochastic(high, low, close)
    lines = (ta.rsi(close), k, d, ta.mfi(high, low, close, volume), *ta.adx(high, low, close))
    for line in (*lines, -ta.williams_r(high, low, close)):
        inside = line[~np.isnan(line)]
        assert inside.size > 350
        assert inside.min() >= 0.0
        assert inside.max() <= 100.0


def test_the_place_of_a_close_is_the_same_seen_from_either_end():
    high, low, close, _ = walk()
    raw = ta.stochastic(high, low, close, 14, smooth_k=1, smooth_d=1).k
    np.testing.assert_allclose(raw, 100.0 + ta.williams_r(high, low, close, 14), atol=1e-11)


def test_money_flow_ignores_the_rounding_of_an_unchanged_typical_price():
    # Both bars sum to 533.84, but not in binary: (high + low) + close differs in the last bit.
    high, low, close = [180.24, 179.58], [176.49, 177.2], [177.11, 177.06]
    assert sum(np.diff(ta.typical_price(high, low, close))) != 0.0
    assert ta.mfi(high, low, close, [10.0, 10.0], 1)[1] == 50.0


def test_rate_of_change_from_zero_is_undefined():
    assert np.isnan(ta.roc([0.0, 1.0, 2.0], 1)[1])
    assert ta.roc([0.0, 1.0, 2.0], 1)[2] == 100.0


@pytest.mark.parametrize("size", [0, 1, 3])
def test_too_short_a_series_is_all_warm_up(size):
    x = np.linspace(1.0, 2.0, size)
    found = [ta.sma(x), ta.ema(x), ta.wma(x), ta.rsi(x), *ta.macd(x), *ta.macd_talib(x)]
    found += [*ta.bollinger(x), ta.roc(x), ta.atr(x, x, x), *ta.adx(x, x, x), ta.cci(x, x, x)]
    found += [*ta.stochastic(x, x, x), ta.williams_r(x, x, x), ta.mfi(x, x, x, x)]
    found += [*ta.keltner(x, x, x), *ta.donchian(x, x), *ta.ichimoku(x, x, x)]
    for line in found:
        assert line.shape == (size,)
        assert np.isnan(line).all()


BAD_PERIODS = [0, -1, 2.0, True, "14", None]
OF_CLOSE = [ta.sma, ta.ema, ta.wma, ta.rsi, ta.roc, ta.bollinger]
OF_BARS = [ta.stochastic, ta.williams_r, ta.cci, ta.atr, ta.adx, ta.keltner]


@pytest.mark.parametrize("period", BAD_PERIODS)
@pytest.mark.parametrize("function", OF_CLOSE + OF_BARS)
def test_a_period_that_is_none_is_refused(function, period):
    columns = [[1.0, 2.0, 3.0]] * (1 if function in OF_CLOSE else 3)
    with pytest.raises(ValueError, match="period"):
        function(*columns, period)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf"), None])
@pytest.mark.parametrize("function", [*OF_CLOSE, ta.macd, ta.macd_talib])
def test_a_hole_in_the_prices_is_named_by_its_row(function, bad):
    with pytest.raises(ValueError, match=r"row 2 was (nan|-?inf)"):
        function([1.0, 2.0, bad, 4.0])


@pytest.mark.parametrize("function", OF_BARS)
def test_bars_that_cannot_be_are_refused(function):
    good = [2.0, 3.0, 4.0]
    with pytest.raises(ValueError, match="high >= low, row 1"):
        function(good, [1.0, 3.5, 1.0], good)
    with pytest.raises(ValueError, match="one length"):
        function(good, good[:2], good)
    with pytest.raises(ValueError, match="low, row 0 was nan"):
        function(good, [np.nan, 1.0, 1.0], good)


def test_volume_shape_kind_and_parameters_are_checked():
    with pytest.raises(ValueError, match="volume >= 0, row 1"):
        ta.vwap([1.0, 2.0], [1.0, -1.0])
    with pytest.raises(ValueError, match=r"shape \(2, 2\)"):
        ta.sma([[1.0, 2.0], [3.0, 4.0]], 1)
    with pytest.raises(ValueError, match="one dimension"):
        ta.sma(1.0, 1)
    with pytest.raises(ValueError, match="numbers for close"):
        ta.rsi(["a", "b"], 1)
    with pytest.raises(ValueError, match="slow > fast"):
        ta.macd([1.0, 2.0], 26, 12)
    with pytest.raises(ValueError, match="width"):
        ta.bollinger([1.0, 2.0], 2, -1.0)
    with pytest.raises(ValueError, match="width"):
        ta.keltner([1.0], [1.0], [1.0], width=float("nan"))
    with pytest.raises(ValueError, match="displacement"):
        ta.ichimoku([1.0], [1.0], [1.0], displacement=0)
    with pytest.raises(ValueError, match="integer >= 2"):
        ta.adx([1.0], [1.0], [1.0], 1)


def test_the_input_is_left_as_it_was_and_may_be_any_view():
    high, low, close, volume = walk()
    before = close.copy()
    told = ta.rsi(close[::2])
    np.testing.assert_array_equal(told, ta.rsi(close[::2].copy()))
    ta.adx(high, low, close)
    ta.mfi(high, low, close, volume)
    np.testing.assert_array_equal(close, before)


KERNELS = {
    "sum": (windows.rolling_sum, lambda h, lo, c, v: (c, 7, 7.0), 1),
    "weighted": (windows.rolling_weighted, lambda h, lo, c, v: (c, 7), 1),
    "extremes": (windows.rolling_extremes, lambda h, lo, c, v: (h, lo, 7), 2),
    "moments": (windows.rolling_moments, lambda h, lo, c, v: (c, 7), 2),
    "bands": (windows.bands, lambda h, lo, c, v: (c, v, 2.0), 2),
    "channel": (windows.channel_index, lambda h, lo, c, v: (c, 7, h), 1),
    "place": (windows.place_in_range, lambda h, lo, c, v: (h, lo, c, 0.0), 1),
    "below": (windows.place_below_top, lambda h, lo, c, v: (h, lo, c), 1),
    "flow": (windows.money_flow, lambda h, lo, c, v: (c, v), 2),
    "share": (windows.money_share, lambda h, lo, c, v: (h, lo), 1),
    "ema": (recursions.ema, lambda h, lo, c, v: (c, 2), 1),
    "wilder": (recursions.wilder, lambda h, lo, c, v: (c, 2), 1),
    "macd": (recursions.macd, lambda h, lo, c, v: (c, (2, 3, 2), 1), 3),
    "rsi": (recursions.rsi, lambda h, lo, c, v: (c, 2), 1),
    "typical": (bar_kernels.typical, lambda h, lo, c, v: (h, lo, c), 1),
    "true_range": (bar_kernels.true_range, lambda h, lo, c, v: (h, lo, c), 1),
    "adx": (bar_kernels.adx, lambda h, lo, c, v: (h, lo, c, 7), 3),
    "vwap": (bar_kernels.vwap, lambda h, lo, c, v: (c, v), 1),
    "obv": (bar_kernels.obv, lambda h, lo, c, v: (c, v), 1),
    "roc": (bar_kernels.roc, lambda h, lo, c, v: (c, 7), 1),
}


@pytest.mark.parametrize("name", KERNELS)
def test_kernels_say_the_same_in_plain_python(name):
    kernel, arguments, count = KERNELS[name]
    given = arguments(*walk(900))
    compiled = [np.zeros(900) for _ in range(count)]
    plain = [np.zeros(900) for _ in range(count)]
    kernel(*given, *compiled)
    getattr(kernel, "py_func", kernel)(*given, *plain)  # NUMBA_DISABLE_JIT=1 leaves plain functions
    for fast, slow in zip(compiled, plain, strict=True):
        np.testing.assert_array_equal(fast, slow)
