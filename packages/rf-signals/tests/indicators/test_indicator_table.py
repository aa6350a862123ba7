"""Indicators by name, and as polars expressions."""

import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from rf_signals import indicators as ta
from rf_signals.indicators import expressions as ex
from rf_signals.indicators.table import compute


def bars(size=120, seed=1):
    rng = np.random.default_rng(seed)
    close = 50.0 * np.exp(np.cumsum(rng.normal(0.0, 0.01, size)))
    return {
        "High": close + rng.uniform(0, 1, size),
        "LOW": close - rng.uniform(0, 1, size),
        "close": close,
        "Volume": rng.uniform(0, 10, size),
    }


def test_names_carry_parameters_and_columns_are_called_as_asked_for():
    rows = bars()
    found = compute(rows, ["rsi", "RSI:21", " macd:5:10:3", "bb:10:1.5", "stoch", "atr:7"])
    assert list(found) == [
        *("rsi", "rsi_21", "macd_5_10_3", "macd_5_10_3_signal", "macd_5_10_3_hist"),
        *("bb_10_1.5_upper", "bb_10_1.5_middle", "bb_10_1.5_lower", "stoch_k", "stoch_d", "atr_7"),
    ]
    np.testing.assert_array_equal(found["rsi_21"], ta.rsi(rows["close"], 21))
    lower = ta.bollinger(rows["close"], 10, 1.5).lower
    np.testing.assert_array_equal(found["bb_10_1.5_lower"], lower)


def test_every_known_name_computes_from_a_frame():
    rows = bars()
    names = [
        *("sma", "ema", "wma", "macd", "macd_talib", "rsi", "stoch", "willr", "cci", "roc", "mfi"),
        *("trange", "atr", "adx", "bb", "bollinger", "keltner:20:10:1.5", "donchian", "obv"),
        *("ichimoku:9:26:52:26", "vwap", "rolling_vwap:5"),
    ]
    found = compute(pl.DataFrame(rows), names)
    assert all(column.shape == (120,) for column in found.values())
    typical = ta.typical_price(rows["High"], rows["LOW"], rows["close"])
    np.testing.assert_array_equal(found["vwap"], ta.vwap(typical, rows["Volume"]))
    np.testing.assert_array_equal(found["bollinger_upper"], found["bb_upper"])
    expected = ta.ichimoku(rows["High"], rows["LOW"], rows["close"])
    np.testing.assert_array_equal(found["ichimoku_9_26_52_26_span_b"], expected.span_b)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("rsy", "unknown indicator 'rsy', known are sma, ema, .*rsi"),
        ("", "unknown indicator"),
        ("rsi:14:3", "at most rsi:period"),
        ("rsi:x", "whole number for period, was 'x'"),
        ("rsi:", "whole number"),
        ("rsi:2.5", "whole number"),
        ("bb:20:wide", "a number for width"),
        ("rsi:0", "rsi:0: expected period to be an integer >= 1"),
        ("bb:20:nan", "finite number for width"),
        ("obv", "expected a column 'volume', columns are .*close"),
    ],
)
def test_what_cannot_be_computed_is_said(name, said):
    with pytest.raises(ValueError, match=said):
        compute({"close": [1.0, 2.0, 3.0]}, [name])


def test_a_hole_in_a_column_names_indicator_and_row():
    with pytest.raises(ValueError, match="rsi: expected finite numbers for close, row 1 was nan"):
        compute(pl.DataFrame({"close": [1.0, None, 3.0]}), ["rsi"])


def test_of_two_columns_that_differ_by_case_the_lower_one_is_taken():
    found = compute({"close": [1.0, 2.0], "CLOSE": [5.0, 6.0]}, ["sma:1"])
    assert found["sma_1"].tolist() == [1.0, 2.0]


def two_symbols():
    frames = [
        pl.DataFrame({name.lower(): column for name, column in bars(seed=seed).items()}).select(
            pl.lit(symbol).alias("symbol"), pl.all()
        )
        for symbol, seed in (("A", 1), ("B", 2))
    ]
    return pl.concat(frames), frames


def with_nulls(column):
    return [None if np.isnan(value) else value for value in column]


HLC = ("high", "low", "close")
SINGLE = {
    "sma": (ex.sma("close", 5), lambda f: ta.sma(f["close"], 5)),
    "ema": (ex.ema(pl.col("close"), 5), lambda f: ta.ema(f["close"], 5)),
    "wma": (ex.wma("close", 5), lambda f: ta.wma(f["close"], 5)),
    "rsi": (ex.rsi(pl.col("close"), 7), lambda f: ta.rsi(f["close"], 7)),
    "roc": (ex.roc("close"), lambda f: ta.roc(f["close"])),
    "willr": (ex.williams_r(*HLC), lambda f: ta.williams_r(*f.select(HLC))),
    "cci": (ex.cci(*HLC), lambda f: ta.cci(*f.select(HLC))),
    "mfi": (ex.mfi(*HLC, "volume"), lambda f: ta.mfi(*f.select(*HLC, "volume"))),
    "trange": (ex.true_range(*HLC), lambda f: ta.true_range(*f.select(HLC))),
    "atr": (ex.atr(*HLC), lambda f: ta.atr(*f.select(HLC))),
    "vwap": (ex.vwap("close", "volume"), lambda f: ta.vwap(f["close"], f["volume"])),
    "rolling": (
        ex.rolling_vwap("close", "volume", 4),
        lambda f: ta.rolling_vwap(f["close"], f["volume"], 4),
    ),
    "obv": (ex.obv("close", "volume"), lambda f: ta.obv(f["close"], f["volume"])),
}
SEVERAL = {
    "macd": (ex.macd("close", 3, 6, 2), lambda f: ta.macd(f["close"], 3, 6, 2)),
    "macd_talib": (ex.macd_talib("close"), lambda f: ta.macd_talib(f["close"])),
    "stochastic": (
        ex.stochastic(*HLC, 7, smooth_k=2),
        lambda f: ta.stochastic(*f.select(HLC), 7, smooth_k=2),
    ),
    "adx": (ex.adx(*HLC), lambda f: ta.adx(*f.select(HLC))),
    "bollinger": (ex.bollinger("close", 9, 1.0), lambda f: ta.bollinger(f["close"], 9, 1.0)),
    "keltner": (ex.keltner(*HLC, width=1.0), lambda f: ta.keltner(*f.select(HLC), width=1.0)),
    "donchian": (ex.donchian("high", "low"), lambda f: ta.donchian(f["high"], f["low"])),
    "ichimoku": (ex.ichimoku(*HLC), lambda f: ta.ichimoku(*f.select(HLC))),
}


@pytest.mark.parametrize("name", SINGLE)
def test_an_expression_computes_each_symbol_by_itself(name):
    expression, function = SINGLE[name]
    whole, frames = two_symbols()
    got = whole.lazy().select(expression.over("symbol").alias("x")).collect()["x"].to_list()
    assert got == [value for frame in frames for value in with_nulls(function(frame))]


@pytest.mark.parametrize("name", SEVERAL)
def test_an_expression_of_several_lines_is_a_struct(name):
    expression, function = SEVERAL[name]
    whole, frames = two_symbols()
    got = whole.select(expression.over("symbol").alias("x")).unnest("x")
    lines = [function(frame)._asdict() for frame in frames]
    assert got.columns == list(lines[0])
    for field in got.columns:
        assert got[field].to_list() == [v for line in lines for v in with_nulls(line[field])]


def test_rows_of_two_symbols_may_alternate():
    _, (first, second) = two_symbols()
    mixed = pl.concat([first.with_row_index(), second.with_row_index()]).sort("index")
    got = mixed.with_columns(ex.rsi("close", 5).over("symbol").alias("rsi"))
    for frame, symbol in ((first, "A"), (second, "B")):
        told = got.filter(pl.col("symbol") == symbol)["rsi"].to_list()
        assert told == with_nulls(ta.rsi(frame["close"], 5))


def test_an_expression_refuses_a_null_and_warms_up_in_nulls():
    frame = pl.DataFrame({"close": [1.0, None, 3.0, 4.0]})
    with pytest.raises(ValueError, match="row 1"):
        frame.select(ex.sma("close", 2))
    told = pl.DataFrame({"close": [1, 2, 3]}).select((ex.rsi("close", 2) > 70.0).alias("hot"))
    assert told["hot"].to_list() == [None, None, True]


def test_the_indicators_load_no_polars():
    code = "import sys, rf_signals.indicators; raise SystemExit('polars' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
