"""The compiled bar path and the event-driven engine, the same strategy over the same bars."""

from decimal import Decimal

import numpy as np
import pytest

from rf_backtest.compiled import bars as compiled
from rf_backtest.config import CostConfig, bars_config
from rf_backtest.data import Bars
from rf_backtest.engine import run_backtest
from rf_common.instruments import Instrument
from rf_strategy import sma_crossover

DAY = 86_400 * 10**9
COSTS = CostConfig(taker_bps=10.0, slippage_bps=0.0, spread_bps=0.0)


def walk(seed: int, n: int = 250) -> Bars:
    rng = np.random.default_rng(seed)
    close = np.round(100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.02, n))), 2)
    opens = np.concatenate([[100.0], close[:-1]]) * np.exp(rng.normal(0.0, 0.003, n))
    opens = np.round(opens, 2)
    return Bars(
        instrument=Instrument(instrument_id="sim:A", tick=Decimal("0.01"), lot=Decimal(1)),
        ts=(np.arange(n) + 1) * DAY,
        open=opens,
        high=np.maximum(opens, close) + 0.5,
        low=np.minimum(opens, close) - 0.5,
        close=close,
        volume=np.full(n, 1e9),
        interval_ns=DAY,
    )


@pytest.mark.parametrize(("seed", "fast", "slow"), [(5, 5, 20), (6, 3, 12), (7, 10, 30)])
def test_an_sma_crossover_fills_alike_in_both_engines(seed, fast, slow):
    bars = walk(seed)
    config = bars_config(DAY, {"sma_crossover": {"fast": fast, "slow": slow}}, costs=COSTS)
    event = run_backtest(bars, config, {"sma_crossover": sma_crossover.build})
    columns = compiled.BarColumns.from_bars(bars)
    asked = compiled.signal(columns, "sma_cross", [fast, slow])

    # The engine sizes by equity in whole lots; the position it then holds is told to the other.
    assert len(event.fills) >= 5
    after, held = {}, 0.0
    for fill in event.fills:
        held += float(fill.quantity) * (1.0 if fill.side == "BUY" else -1.0)
        after[(fill.ts - DAY) // DAY] = held
    units, now = np.zeros(len(bars)), 0.0
    for bar in range(len(bars) - 1):
        now = after.get(bar + 1, now)
        units[bar] = now
    units[-1] = now
    assert np.array_equal(np.sign(units[:-1]), asked[:-1])

    run = compiled.run(columns, units, costs=COSTS, leverage=2.0)
    assert run.fill_bar.tolist() == [(fill.ts - DAY) // DAY for fill in event.fills]
    assert run.fill_px == pytest.approx([float(fill.price) for fill in event.fills], abs=1e-9)
    signed = [float(f.quantity) * (1 if f.side == "BUY" else -1) for f in event.fills]
    assert run.fill_units == pytest.approx(signed, abs=1e-9)
    assert run.fill_fees == pytest.approx([float(fill.fee) for fill in event.fills], abs=1e-6)
    assert run.equity == pytest.approx(event.equity, abs=1e-4)
    assert run.cash == pytest.approx(event.cash, abs=1e-4)
