"""The event-driven engine over bars: what strategies see, what repeats, what is refused."""

from dataclasses import replace
from decimal import Decimal

import msgspec
import numpy as np
import pytest

from rf_backtest.config import BacktestConfig, CostConfig, bars_config, recording_config
from rf_backtest.data import Bars
from rf_backtest.engine import run_backtest
from rf_common.events import Bar, Quote
from rf_common.instruments import Instrument
from rf_common.orders import Signal
from rf_engine import EngineConfig
from rf_execution import PaperConfig
from rf_strategy import StrategySpec, mean_reversion, momentum, sma_crossover

DAY = 86_400 * 10**9
BEGUN = 19_000 * DAY
FACTORIES = {
    "momentum": momentum.build,
    "mean_reversion": mean_reversion.build,
    "sma_crossover": sma_crossover.build,
}


def walk(n=300, seed=1, symbol="A", interval_ns=DAY):
    rng = np.random.default_rng(seed)
    close = np.round(100 * np.exp(np.cumsum(rng.normal(0, 0.01, n))), 2)
    opened = np.r_[100.0, close[:-1]]
    item = Instrument(instrument_id=f"sim:{symbol}", tick=Decimal("0.01"), lot=Decimal(1))
    return Bars(
        instrument=item,
        ts=BEGUN + np.arange(n) * interval_ns,
        open=opened,
        high=np.maximum(opened, close) + 0.2,
        low=np.minimum(opened, close) - 0.2,
        close=close,
        volume=rng.uniform(500, 1500, n),
        interval_ns=interval_ns,
    )


def crossing(**others):
    return bars_config(DAY, {"sma_crossover": {"fast": 5, "slow": 15}}, **others)


class Scripted:
    """Goes long, flat or short by the number of closed bars; may misbehave on purpose."""

    def __init__(self, strategy_id, parameters):
        self.strategy_id = strategy_id
        self.instruments = frozenset()
        self.plan = parameters["plan"]
        self.seen = []

    def on_event(self, context, event):
        self.seen.append((context.now, event))
        if not isinstance(event, Bar):
            return None
        count = sum(isinstance(e, Bar) for _, e in self.seen)
        if self.plan.get(count) == "raise":
            raise RuntimeError("no idea")
        if count not in self.plan:
            return None
        return Signal(
            self.strategy_id, event.instrument_id, self.plan[count], 1.0, event.close_px, "plan"
        )

    def on_fill(self, context, fill):
        self.seen.append((context.now, fill))

    def explain(self, instrument_id):
        return ()


def scripted(plan, data, **others):
    made = []

    def build(strategy_id, parameters):
        made.append(Scripted(strategy_id, {"plan": plan}))
        return made[-1]

    spec = StrategySpec(id="plan", factory="plan")
    config = bars_config(DAY, [spec], **others)
    return run_backtest(data, config, {"plan": build}), made[0]


def test_a_crossing_of_averages_really_trades_over_daily_bars():
    result = run_backtest(walk(), crossing(), FACTORIES)
    assert len(result.trips) >= 5
    assert result.refusals == {}
    assert result.ts.size == result.equity.size == 300
    assert result.periods_per_year == pytest.approx(365.25)


def test_a_decision_at_a_close_fills_at_the_next_open_whatever_the_latency():
    data = walk(40)
    for latency in (0.0, 20.0, 5_000.0):
        paper = PaperConfig(latency_ms=latency, jitter_ms=0.0)
        costs = CostConfig(slippage_bps=0, spread_bps=0)
        result, _ = scripted({10: 1, 20: 0}, data, paper=paper, costs=costs)
        assert [float(f.price) for f in result.fills] == [data.open[10], data.open[20]]


def test_a_strategy_hears_quote_then_bar_of_each_close_and_nothing_before():
    data = walk(5)
    _, strategy = scripted({}, data)
    kinds = [(now, type(event)) for now, event in strategy.seen]
    ends = (data.ts + DAY).tolist()
    assert kinds == [(end, kind) for end in ends for kind in (Quote, Bar)]
    assert [e.close_px for _, e in strategy.seen if isinstance(e, Bar)] == data.close.tolist()


def test_data_cut_at_any_bar_gives_the_beginning_of_the_whole_run():
    data = walk(120)
    whole = run_backtest(data, crossing(), FACTORIES)
    for k in (20, 61, 99):
        cut = run_backtest(data.cut(int(data.ts[k]) + DAY), crossing(), FACTORIES)
        assert cut.equity.tolist() == whole.equity[: k + 1].tolist()
        # What was decided at the last close of the cut has no bar left to fill in.
        assert list(cut.fills) == [f for f in whole.fills if f.ts < data.ts[k] + DAY]


def test_the_same_inputs_give_the_same_hash_and_others_do_not():
    first = run_backtest([walk(), walk(symbol="B", seed=2)], crossing(fraction=0.4), FACTORIES)
    again = run_backtest([walk(), walk(symbol="B", seed=2)], crossing(fraction=0.4), FACTORIES)
    other = run_backtest([walk(), walk(symbol="B", seed=3)], crossing(fraction=0.4), FACTORIES)
    assert first.output_hash == again.output_hash
    assert (first.data_hash, first.config_hash) == (again.data_hash, again.config_hash)
    assert other.output_hash != first.output_hash
    assert other.data_hash != first.data_hash


def test_once_all_is_closed_the_trips_are_what_equity_gained():
    result, _ = scripted({5: 1, 10: -1, 20: 1, 30: 0}, walk(40))
    assert len(result.trips) >= 3
    assert result.gross[-1] == 0.0
    gained = sum(trip.pnl for trip in result.trips)
    assert float(gained) == pytest.approx(result.equity[-1] - 100_000, abs=1e-6)
    assert result.fees == sum(fill.fee for fill in result.fills)
    assert sum(trip.fee for trip in result.trips) == pytest.approx(result.fees, abs=Decimal("1e-6"))


def test_a_strategy_that_raises_is_switched_off_and_told():
    result, _ = scripted({5: 1, 10: "raise", 15: 0}, walk(30))
    assert len(result.fills) == 1
    assert any("RF-E-001" in line and "no idea" in line for line in result.warnings)
    assert any("still held at the end" in line for line in result.warnings)


def test_a_strategy_that_cannot_be_built_names_what_is_known():
    with pytest.raises(ValueError, match="known: momentum"):
        run_backtest(walk(10), bars_config(DAY, {"nothing": {}}), {"momentum": momentum.build})


def test_a_session_s_limits_over_bars_are_refused_with_the_remedy():
    with pytest.raises(ValueError, match="bars_config"):
        run_backtest(walk(10), BacktestConfig(engine=EngineConfig(strategies=())), {})


def test_a_full_position_beyond_buying_power_is_refused_before_the_run():
    with pytest.raises(ValueError, match="buying power"):
        bars_config(DAY, {}, fraction=0.99)


def test_nothing_filled_says_why():
    config = crossing()
    limits = msgspec.structs.replace(config.engine.limits, max_vol_ratio=0.001)
    engine = msgspec.structs.replace(config.engine, limits=limits)
    result = run_backtest(walk(), msgspec.structs.replace(config, engine=engine), FACTORIES)
    assert result.fills == ()
    assert result.refusals["volatility"] > 0
    assert any("most refusals: volatility" in line for line in result.warnings)
    assert result.rejected


def test_bars_without_volume_give_no_fills_and_are_counted():
    data = walk(30)
    volume = data.volume.copy()
    volume[10] = 0.0
    result, _ = scripted({10: 1}, replace(data, volume=volume))
    assert [int((f.ts - BEGUN) // DAY) for f in result.fills] == [11]
    assert any("1 bars without volume" in line for line in result.warnings)


def test_data_that_has_no_volume_at_all_still_trades():
    data = replace(walk(30), volume=np.zeros(30))
    result, _ = scripted({10: 1}, data)
    assert len(result.fills) == 1


def test_progress_is_told_up_to_the_last_bar():
    told = []
    run_backtest(walk(1_100), crossing(), FACTORIES, progress=told.append)
    assert told == [512, 1024, 1100]


def test_the_same_instrument_twice_and_no_bars_are_refused():
    with pytest.raises(ValueError, match="each once"):
        run_backtest([walk(10), walk(10)], crossing(), FACTORIES)
    with pytest.raises(ValueError, match="instruments"):
        run_backtest([], crossing(), FACTORIES)


def test_frames_out_of_order_are_refused():
    item = walk(2).instrument
    quote = Quote(item.instrument_id, BEGUN, 99.0, 5.0, 101.0, 5.0)
    config = recording_config(EngineConfig(strategies=()), PaperConfig(), seed=1)
    with pytest.raises(ValueError, match="is before"):
        run_backtest([(BEGUN, [quote]), (BEGUN - 1, [quote])], config, {}, instruments=[item])
    with pytest.raises(ValueError, match="at least one frame"):
        run_backtest(iter(()), config, {}, instruments=[item])
