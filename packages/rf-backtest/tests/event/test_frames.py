"""Runs over frames of quotes: given orders, marks at the mid, borrow by the hour."""

from decimal import Decimal

import msgspec
import pytest

from rf_backtest.config import recording_config
from rf_backtest.engine import run_backtest
from rf_common.enums import Liquidity, OrderType, Side, TimeInForce
from rf_common.events import Quote
from rf_common.instruments import Instrument
from rf_common.orders import OrderIntent
from rf_engine import EngineConfig
from rf_execution import PaperConfig
from rf_risk import RiskLimits

SECOND = 10**9
HOUR = 3_600 * SECOND
BEGUN = 19_000 * 24 * HOUR
ITEM = Instrument(instrument_id="sim:A", tick=Decimal("0.01"), lot=Decimal(1))


def quotes(*pxs, step=HOUR):
    """Return one frame an hour: a bid, an ask one dollar above, five shares on each side."""
    return [
        (BEGUN + k * step, [Quote("sim:A", BEGUN + k * step, px, 5.0, px + 1.0, 5.0)])
        for k, px in enumerate(pxs)
    ]


def order(side, quantity, limit):
    return OrderIntent(
        strategy_id="human", instrument_id="sim:A", side=side, quantity=Decimal(quantity),
        order_type=OrderType.LIMIT, limit_price=Decimal(limit), stop_price=None,
        time_in_force=TimeInForce.GTC, reduce_only=False, actor="ann", reason="by hand",
    )  # fmt: skip


def run(frames, *orders, borrow_rate=0.0):
    limits = RiskLimits(stale_after_ms=10 * 3_600_000, max_concentration=1.0)
    engine = EngineConfig(strategies=(), limits=limits, starting_equity=Decimal(1_000),
                          heartbeat_ms=3_600_000)  # fmt: skip
    paper = PaperConfig(maker_bps=0.0, taker_bps=10.0, latency_ms=10.0, jitter_ms=0.0)
    config = recording_config(engine, paper, seed=1)
    costs = msgspec.structs.replace(config.costs, borrow_rate=borrow_rate)
    config = msgspec.structs.replace(config, costs=costs)
    return run_backtest(frames, config, {}, instruments=[ITEM], orders=orders)


def test_an_order_takes_what_is_displayed_and_rests_with_the_remainder():
    placed = (BEGUN + SECOND, order(Side.BUY, 8, 101))
    result = run(quotes(100, 100, 99), placed)
    # 5 at the ask of 101, fee 0.505; the ask is unchanged at first, then 100 reaches the limit
    told = [(int(f.quantity), float(f.price), f.liquidity) for f in result.fills]
    assert told == [(5, 101.0, Liquidity.TAKER), (3, 101.0, Liquidity.MAKER)]
    # cash 1000 - 808 - 0.505, eight at the mid of 99.5
    assert result.equity[-1] == pytest.approx(191.495 + 8 * 99.5)
    assert result.slippage == pytest.approx(5 * 0.5)


def test_borrow_is_charged_for_the_hours_a_short_is_held():
    placed = (BEGUN + SECOND, order(Side.SELL, 5, 99))
    result = run(quotes(100, 100, 100, 100), placed, borrow_rate=0.876)
    # 5 * 100.5 * 0.876 / 8760 an hour is 0.05025, from the first hour's look to the last
    assert result.borrow == pytest.approx(3 * 0.05025, rel=1e-3)
    assert result.cash[-1] == pytest.approx(1_000 + 500 - 0.5 - result.borrow, abs=1e-6)


def test_there_is_one_point_for_each_time():
    frames = quotes(100, 101, 102)
    frames.insert(2, frames[1])
    result = run(frames)
    assert result.ts.tolist()[:3] == [BEGUN, BEGUN + HOUR, BEGUN + 2 * HOUR]
    assert result.mark_px["sim:A"].tolist()[:3] == [100.5, 101.5, 102.5]
    assert result.equity.tolist()[:3] == [1_000.0] * 3


def test_what_is_given_after_the_end_is_told():
    result = run(quotes(100, 101), (BEGUN + 99 * HOUR, order(Side.BUY, 1, 101)))
    assert any("after the data's end" in line for line in result.warnings)
