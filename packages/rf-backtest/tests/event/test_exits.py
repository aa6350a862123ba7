"""Stops, targets and trails that follow a strategy's positions, to the cent."""

from decimal import Decimal

import numpy as np
import pytest

from rf_backtest.config import CostConfig, ExitConfig, bars_config, recording_config
from rf_backtest.data import Bars
from rf_backtest.engine import run_backtest
from rf_common.events import Bar
from rf_common.instruments import Instrument
from rf_common.orders import Signal
from rf_engine import EngineConfig
from rf_execution import PaperConfig
from rf_strategy import StrategySpec

DAY = 86_400 * 10**9
BEGUN = 19_000 * DAY
FREE = CostConfig(maker_bps=0, taker_bps=0, slippage_bps=0, spread_bps=0)


class Planned:
    """Stands where its plan says, by the number of closed bars."""

    def __init__(self, strategy_id, plan):
        self.strategy_id = strategy_id
        self.instruments = frozenset()
        self.plan = plan
        self.count = 0
        self.held = []

    def on_event(self, context, event):
        if not isinstance(event, Bar):
            return None
        self.count += 1
        self.held.append(int(context.position(self.strategy_id)))
        direction = self.plan.get(self.count)
        if direction is None:
            return None
        px = event.close_px
        return Signal(self.strategy_id, event.instrument_id, direction, 1.0, px, "plan")

    def on_fill(self, context, fill):
        pass

    def explain(self, instrument_id):
        return ()


def run(rows, plan, **exits):
    """Run five lively bars around 100 and then `rows` of (open, high, low, close)."""
    lively = [(100, 101, 99, close) for close in (100, 100.5, 99.5, 100.5, 100)]
    table = np.array([*lively, *rows], float)
    item = Instrument(instrument_id="sim:A", tick=Decimal("0.01"), lot=Decimal(1))
    ts = BEGUN + np.arange(len(table)) * DAY
    columns = dict(zip(("open", "high", "low", "close"), table.T, strict=True))
    volume = np.full(len(table), 1e6)
    bars = Bars(instrument=item, ts=ts, volume=volume, interval_ns=DAY, **columns)
    made = []

    def build(strategy_id, parameters):
        made.append(Planned(strategy_id, plan))
        return made[0]

    config = bars_config(
        DAY, [StrategySpec(id="plan", factory="plan")], costs=FREE, cash=Decimal(1_000),
        fraction=0.5, exits=ExitConfig(**exits),
    )  # fmt: skip
    return run_backtest(bars, config, {"plan": build}), made[0]


def told(result):
    return [
        (int((f.ts - BEGUN) // DAY), str(f.side), float(f.price), int(f.quantity), f.reason)
        for f in result.fills
    ]


def test_the_stop_follows_the_entry_and_ends_the_position():
    result, strategy = run([(100, 101, 96, 97), (97, 98, 94, 95), (95, 95, 95, 95)], {5: 1},
                           stop=0.05, target=0.2)  # fmt: skip
    assert told(result) == [(5, "BUY", 100, 5, "plan"), (7, "SELL", 95, 5, "stop")]
    assert result.equity.tolist()[-3:] == [985.0, 975.0, 975.0]
    assert strategy.held[-3:] == [5, 0, 0]
    assert [(t.strategy_id, t.pnl) for t in result.trips] == [("plan", Decimal(-25))]


def test_the_target_cancels_the_stop():
    result, _ = run([(100, 106, 99, 104), (104, 104, 80, 90)], {5: 1}, stop=0.1, target=0.05)
    assert told(result) == [(5, "BUY", 100, 5, "plan"), (6, "SELL", 105, 5, "target")]
    assert result.equity.tolist()[-2:] == [1025.0, 1025.0]


def test_of_both_in_one_bar_the_stop_is_believed():
    result, _ = run([(100, 106, 94, 104), (104, 104, 80, 90)], {5: 1}, stop=0.05, target=0.05)
    assert told(result)[1:] == [(6, "SELL", 95, 5, "stop")]


def test_a_short_is_protected_above():
    result, _ = run([(100, 101, 99, 100), (103, 112, 102, 110)], {5: -1}, stop=0.1)
    assert told(result) == [(5, "SELL", 100, 5, "plan"), (7, "BUY", 110, 5, "stop")]


def test_a_trailing_stop_follows_the_closes_and_never_gives_way():
    rows = [(100, 111, 99, 110), (110, 121, 109, 120), (119, 119, 110, 112), (112, 112, 107, 109)]
    result, _ = run(rows, {5: 1}, trail=0.1)
    # 90, then 99 behind 110, then 108 behind 120; 110 does not reach it, 107 does
    assert told(result) == [(5, "BUY", 100, 5, "plan"), (9, "SELL", 108, 5, "stop")]


def test_the_strategy_may_close_first_and_nothing_is_left_behind():
    rows = [(100, 101, 99, 100), (101, 102, 100, 101), (101, 130, 70, 100)]
    result, _ = run(rows, {5: 1, 6: 0}, stop=0.2, target=0.2)
    assert told(result) == [(5, "BUY", 100, 5, "plan"), (6, "SELL", 101, 5, "plan")]
    assert result.gross[-1] == 0.0


def test_a_flip_is_protected_on_its_new_side():
    rows = [(100, 101, 99, 100), (100, 101, 99, 100), (100, 125, 99, 120)]
    result, _ = run(rows, {5: 1, 6: -1}, stop=0.2)
    assert [fill[1:4] for fill in told(result)] == [
        ("BUY", 100, 5), ("SELL", 100, 10), ("BUY", 120, 5)
    ]  # fmt: skip


def test_exits_over_frames_are_refused():
    config = recording_config(EngineConfig(strategies=()), PaperConfig(), seed=1)
    import msgspec

    config = msgspec.structs.replace(config, exits=ExitConfig(stop=0.1))
    item = Instrument(instrument_id="sim:A", tick=Decimal("0.01"), lot=Decimal(1))
    with pytest.raises(ValueError, match="exits"):
        run_backtest(iter(()), config, {}, instruments=[item])
