"""Bars: what is mended and counted, what is refused, and where tables become bars."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from rf_backtest.data import Bars, bars_from_frame
from rf_common.instruments import Instrument

DAY = 86_400 * 10**9
ITEM = Instrument(instrument_id="sim:A", tick=Decimal("0.01"), lot=Decimal(1))


def bars(n=6, **others):
    close = 100.0 + np.arange(n)
    parts = {
        "ts": (19_000 + np.arange(n)) * DAY,
        "open": close - 0.5,
        "high": close + 1,
        "low": close - 1,
        "close": close,
        "volume": np.full(n, 10.0),
    }
    return Bars(instrument=ITEM, interval_ns=DAY, **(parts | others))


def test_sound_bars_have_nothing_to_report():
    report = bars().check()
    assert (report.rows, report.gaps, report.duplicates, report.nan_rows) == (6, 0, 0, 0)
    assert report.warnings == ()


def test_gaps_are_counted():
    days = np.array([0, 1, 2, 5, 6, 9])
    assert bars(ts=(19_000 + days) * DAY).check().gaps == 2


def test_rows_that_are_no_numbers_are_left_out_and_counted():
    close = bars().close.copy()
    close[2] = np.nan
    used, report = bars(close=close).cleaned()
    assert (len(used), report.rows, report.nan_rows) == (5, 6, 1)
    assert "1 rows with a value that is no number" in report.warnings[0]


def test_rows_that_stand_twice_are_used_once_and_counted():
    twice = np.array([0, 1, 1, 2])
    data = bars()
    columns = ("ts", "open", "high", "low", "close", "volume")
    data = replace(data, **{name: getattr(data, name)[twice] for name in columns})
    used, report = data.cleaned()
    assert (len(used), report.duplicates) == (3, 1)


def test_two_different_bars_of_one_time_are_refused():
    data = bars()
    ts = data.ts.copy()
    ts[3] = ts[2]
    with pytest.raises(ValueError, match="row 3: two different bars"):
        replace(data, ts=ts).check()


def test_times_that_go_back_are_refused():
    with pytest.raises(ValueError, match="row 1: time goes back"):
        bars(ts=bars().ts[::-1].copy()).check()


@pytest.mark.parametrize("ts", [0, -5, 2**62])
def test_impossible_times_are_refused(ts):
    times = bars().ts.copy()
    times[0] = ts
    with pytest.raises(ValueError, match=r"row 0: .* is no time"):
        bars(ts=times).check()


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [("low", -1.0, "prices above 0"), ("high", 50.0, "low <= open"), ("volume", -1.0, "volume")],
)
def test_what_no_market_can_show_is_refused(column, value, expected):
    values = getattr(bars(), column).copy()
    values[1] = value
    with pytest.raises(ValueError, match=f"row 1: expected .*{expected}"):
        bars(**{column: values}).check()


def test_no_rows_and_unequal_columns_are_refused():
    with pytest.raises(ValueError, match="at least one bar"):
        bars(0).check()
    with pytest.raises(ValueError, match="expected volume of shape"):
        bars(volume=np.ones(3))
    with pytest.raises(ValueError, match="splits"):
        bars(splits=((19_000 * DAY, -2.0),))


def test_cut_knows_nothing_of_later_actions():
    data = bars(splits=((19_004 * DAY, 2.0),), delisted_ts=19_006 * DAY)
    cut = data.cut(19_003 * DAY)
    assert len(cut) == 3
    assert (cut.splits, cut.delisted_ts) == ((), None)
    assert data.cut(19_006 * DAY).delisted_ts == 19_006 * DAY
    assert len(data.slice(19_001 * DAY, 19_003 * DAY)) == 2


def test_adjusted_bars_have_no_jump_and_the_same_value():
    close = np.array([100.0, 100.0, 50.0, 50.0])
    data = bars(4, open=close, high=close, low=close, close=close, splits=((19_002 * DAY, 2.0),),
                dividends=((19_001 * DAY, 1.0),))  # fmt: skip
    adjusted = data.adjusted()
    assert adjusted.close.tolist() == [50.0] * 4
    assert adjusted.volume.tolist() == [20.0, 20.0, 10.0, 10.0]
    assert (adjusted.splits, adjusted.dividends) == ((), ((19_001 * DAY, 0.5),))


def test_the_hash_changes_with_any_part():
    data = bars()
    close = data.close.copy()
    close[0] += 1e-9
    others = [bars(close=close), replace(data, interval_ns=2 * DAY), replace(data, ask=close)]
    assert data.hash == bars().hash
    assert all(other.hash != data.hash for other in others)


@pytest.mark.parametrize(
    "times",
    [
        ["2022-01-08", "2022-01-09"],
        ["2022-01-08T00:00:00Z", "2022-01-09T00:00:00Z"],
        [date(2022, 1, 8), date(2022, 1, 9)],
        [datetime(2022, 1, 8), datetime(2022, 1, 9)],  # noqa: DTZ001 - a table may have no zone
        [1_641_600_000, 1_641_686_400],
        [1_641_600_000_000, 1_641_686_400_000],
        [1_641_600_000_000_000_000, 1_641_686_400_000_000_000],
    ],
)
def test_times_of_every_kind_are_read(times):
    table = pl.DataFrame({"Date": times, "Open": [1.0, 2.0], "High": [3.0, 3.0],
                          "Low": [0.5, 0.5], "Close": [2.0, 2.5]})  # fmt: skip
    read = bars_from_frame(table, ITEM)
    assert read.ts.tolist() == [1_641_600_000 * 10**9, 1_641_686_400 * 10**9]
    assert read.interval_ns == DAY


def test_an_adjusted_close_scales_all_prices():
    table = pl.DataFrame({"ts": [DAY, 2 * DAY], "open": [10.0, 10.0], "high": [12.0, 12.0],
                          "low": [8.0, 8.0], "close": [10.0, 10.0],
                          "adj_close": [5.0, 10.0]})  # fmt: skip
    read = bars_from_frame(table, ITEM, DAY)
    assert read.open.tolist() == [5.0, 10.0]
    assert read.high.tolist() == [6.0, 12.0]


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"date": ["2024-02-30"], "open": [1.0], "high": [1.0], "low": [1.0], "close": [1.0]},
         "expected times"),
        ({"date": ["2024-02-20"], "open": ["x"], "high": [1.0], "low": [1.0], "close": [1.0]},
         "expected numbers in the column open"),
        ({"date": ["2024-02-20"], "open": [1.0]}, "missing: high, low, close"),
        ({"open": [1.0], "high": [1.0], "low": [1.0], "close": [1.0]}, "a column ts, time"),
        ({"date": [None], "open": [1.0], "high": [1.0], "low": [1.0], "close": [1.0]},
         "a time in each row"),
    ],
)  # fmt: skip
def test_tables_that_are_no_bars_say_what_is_wrong(table, told):
    with pytest.raises(ValueError, match=told):
        bars_from_frame(pl.DataFrame(table), ITEM, DAY)
