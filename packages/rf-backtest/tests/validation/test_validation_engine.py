"""The detector over the event-driven engine: live strategies see no bar before its close."""

from decimal import Decimal

import numpy as np
import pytest

from rf_backtest.config import bars_config
from rf_backtest.data import Bars
from rf_backtest.engine import run_backtest
from rf_backtest.validation import decide_by_run, find_lookahead, measure, trace_of, verdict
from rf_common.instruments import Instrument
from rf_strategy import momentum

DAY = 86_400 * 10**9
ITEM = Instrument(instrument_id="sim:A", tick=Decimal("0.01"), lot=Decimal(1))
CONFIG = bars_config(DAY, {"momentum": {"period": 5, "threshold": 0.01}})


@pytest.fixture(scope="module")
def columns():
    rng = np.random.default_rng(9)
    close = np.round(100.0 * np.exp(np.cumsum(0.02 * rng.standard_normal(90))), 2)
    return {"close": close, "open": np.append(close[:1], close[:-1])}


def run(data, config=CONFIG):
    close, opened = data["close"], data["open"]
    bars = Bars(
        instrument=ITEM,
        ts=(np.arange(close.size) + 1) * DAY,
        open=opened,
        high=np.maximum(opened, close) + 0.5,
        low=np.minimum(opened, close) - 0.5,
        close=close,
        volume=np.full(close.size, 1e6),
        interval_ns=DAY,
    )
    return run_backtest(bars, config, {"momentum": momentum.build})


def test_a_live_strategy_knows_no_future_and_repeats_itself(columns):
    told = find_lookahead(decide_by_run(run), columns, range(10, 90, 8))
    assert told.clean
    assert np.any(np.diff(trace_of(run(columns)).decision) != 0.0)
    assert run(columns).output_hash == run(columns).output_hash


def test_a_strategy_that_is_fed_tomorrows_close_is_caught_in_the_engine(columns):
    def cheats(data):
        return run(data | {"close": np.append(data["close"][1:], data["close"][-1])})

    told = find_lookahead(decide_by_run(cheats), columns, range(10, 90, 8))
    assert "equity" in [finding.column for finding in told.findings]


def test_a_run_of_the_engine_can_be_measured(columns):
    result = run(columns)
    told = measure(result)
    assert told.periods == result.ts.size - 1
    assert told.trades == len(result.trips) > 0
    assert told.costs.commission == float(result.fees) > 0.0
    assert "luck" in verdict(told)
