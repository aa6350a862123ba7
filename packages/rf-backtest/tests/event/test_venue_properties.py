"""Whatever is ordered: fills lie inside their bar, keep their limits, and the ledger adds up."""

from decimal import Decimal

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_backtest.config import CostConfig, bars_config
from rf_backtest.data import Bars
from rf_backtest.engine import run_backtest
from rf_common.enums import OrderType, Side, TimeInForce
from rf_common.instruments import Instrument
from rf_common.orders import OrderIntent

DAY = 86_400 * 10**9
BEGUN = 19_000 * DAY
ITEM = Instrument(instrument_id="sim:A", tick=Decimal("0.01"), lot=Decimal(1))
COSTS = CostConfig(maker_bps=1.0, taker_bps=7.0, slippage_bps=3.0, spread_bps=4.0,
                   participation=0.05)  # fmt: skip
COST = 0.0005 + 1e-4
"""Half the spread, the slippage, and a tick of rounding at prices of 100."""


@st.composite
def cases(draw):
    """Return daily bars with gaps, and orders of every kind at their times."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n = draw(st.integers(3, 12))
    close = np.round(100 * np.exp(np.cumsum(rng.normal(0, 0.03, n))), 2)
    opened = np.round(np.r_[100.0, close[:-1] * np.exp(rng.normal(0, 0.02, n - 1))], 2)
    high = np.round(np.maximum(opened, close) + rng.uniform(0, 3, n), 2)
    low = np.round(np.minimum(opened, close) - rng.uniform(0, 3, n), 2)
    days = np.cumsum(rng.integers(1, 4, n))
    bars = Bars(instrument=ITEM, ts=BEGUN + days * DAY, open=opened, high=high, low=low,
                close=close, volume=rng.uniform(100, 400, n), interval_ns=DAY)  # fmt: skip
    orders = []
    for _ in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(OrderType))
        level = Decimal(draw(st.integers(9_000, 11_000))) / 100
        intent = OrderIntent(
            strategy_id="human",
            instrument_id=ITEM.instrument_id,
            side=draw(st.sampled_from(Side)),
            quantity=Decimal(draw(st.integers(1, 40))),
            order_type=kind,
            limit_price=level if kind in {OrderType.LIMIT, OrderType.STOP_LIMIT} else None,
            stop_price=level if kind in {OrderType.STOP_MARKET, OrderType.STOP_LIMIT} else None,
            time_in_force=draw(st.sampled_from(TimeInForce)),
            reduce_only=draw(st.booleans()),
            actor="ann",
            reason=f"{kind} {level}",
        )
        when = int(bars.ts[draw(st.integers(0, n - 1))]) + draw(st.integers(0, DAY))
        orders.append((when, intent))
    return bars, orders


@settings(max_examples=60, deadline=None)
@given(cases())
def test_fills_are_possible_and_the_ledger_adds_up(case):
    bars, orders = case
    config = bars_config(DAY, {}, cash=Decimal(100_000), costs=COSTS)
    result = run_backtest(bars, config, {}, orders=orders)
    cash, held = Decimal(100_000), Decimal(0)
    for fill in result.fills:
        at = np.searchsorted(bars.ts, fill.ts, side="right") - 1
        if fill.ts == bars.ts[at] and fill.ts == bars.ts[at - 1] + DAY and at:
            at = at if bars.low[at] <= float(fill.price) <= bars.high[at] else at - 1
        px = float(fill.price)
        assert bars.low[at] * (1 - COST) - 0.01 <= px <= bars.high[at] * (1 + COST) + 0.01
        kind, level = fill.reason.split()
        if "LIMIT" in kind:
            assert (fill.price - Decimal(level)) * fill.side.sign <= 0
        cash -= fill.price * fill.quantity * fill.side.sign + fill.fee
        held += fill.quantity * fill.side.sign
    assert abs(float(cash) - result.cash[-1]) < 1e-6
    assert abs(float(cash) + float(held) * bars.close[-1] - result.equity[-1]) < 1e-6
    assert result.output_hash == run_backtest(bars, config, {}, orders=orders).output_hash


@settings(max_examples=40, deadline=None)
@given(cases(), st.data())
def test_nothing_depends_on_bars_that_were_not_over(case, data):
    bars, orders = case
    config = bars_config(DAY, {}, cash=Decimal(100_000), costs=COSTS)
    whole = run_backtest(bars, config, {}, orders=orders)
    row = data.draw(st.integers(1, len(bars) - 1))
    changed = bars.close.copy()
    changed[row:] = bars.open[row:]  # another future from this bar's open on
    other = Bars(instrument=ITEM, ts=bars.ts, open=bars.open, high=np.maximum(bars.open, changed),
                 low=np.minimum(bars.open, changed), close=changed, volume=bars.volume * 1.0,
                 interval_ns=DAY)  # fmt: skip
    for name in ("high", "low"):
        getattr(other, name)[:row] = getattr(bars, name)[:row]
    told = run_backtest(other, config, {}, orders=orders)
    before = int(bars.ts[row])
    keep = [f for f in whole.fills if f.ts < before]
    assert [f for f in told.fills if f.ts < before] == keep
    points = int((whole.ts <= before).sum())
    assert told.equity[:points].tolist() == whole.equity[:points].tolist()
