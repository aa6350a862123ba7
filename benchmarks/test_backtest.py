"""The event-driven backtest: a bar, a quote and a recorded frame through the live engine.

Data, settings and strategies are made before the clock starts. The baselines are runs without a
strategy, and for the two processes of a sweep the one.
"""

from __future__ import annotations

import tracemalloc
from decimal import Decimal

import numpy as np
import pytest

from rf_backtest.config import BacktestConfig, CostConfig, bars_config, recording_config
from rf_backtest.data import Bars
from rf_backtest.engine import run_backtest
from rf_backtest.sweep import table_hash
from rf_cli.backtest.pool import executor
from rf_cli.backtest.shared import shared
from rf_cli.backtest.sources import DataSpec
from rf_cli.backtest.spec import RunSpec
from rf_cli.backtest.strategies import Chosen
from rf_cli.backtest.worker import Job, Task, evaluate, forget
from rf_common.events import Bar, Quote
from rf_common.instruments import Instrument
from rf_common.orders import Signal
from rf_engine import EngineConfig
from rf_execution import PaperConfig
from rf_ingestion.recording import Recording
from rf_strategy import StrategySpec, mean_reversion, momentum, sma_crossover

SECOND = 10**9
MINUTE = 60 * SECOND
BEGUN = 19_000 * 24 * 3_600 * SECOND
EVENTS = 20_000
TRIALS = 8
ITEM = Instrument(instrument_id="sim:A", tick=Decimal("0.01"), lot=Decimal(1))
COSTS = CostConfig(taker_bps=1.0, slippage_bps=0.0, spread_bps=0.0)


class EmaCross:
    """Long while the fast average of the mid or close is above the slow one, else short."""

    def __init__(self, strategy_id, parameters):
        self.strategy_id, self.instruments = strategy_id, frozenset()
        self.spans = parameters["fast"], parameters["slow"]
        self.averages, self.seen, self.side = [0.0, 0.0], 0, 0
        self.on = Quote if parameters["quotes"] else Bar

    def on_event(self, context, event):
        if type(event) is not self.on:
            return None
        px = event.close_px if self.on is Bar else (event.bid_px + event.ask_px) * 0.5
        averages, self.seen = self.averages, self.seen + 1
        for k, span in enumerate(self.spans):
            averages[k] += 2.0 / (min(self.seen, span) + 1.0) * (px - averages[k])
        side = 1 if averages[0] > averages[1] else -1
        if self.seen < self.spans[1] or side == self.side:
            return None
        self.side = side
        return Signal(self.strategy_id, event.instrument_id, side, 1.0, px, "crossed")

    def on_fill(self, context, fill):
        pass

    def explain(self, instrument_id):
        return ()


BUILDERS = {
    "momentum": momentum.build,
    "mean_reversion": mean_reversion.build,
    "sma_crossover": sma_crossover.build,
    "ema_cross": EmaCross,
}


def closes(n: int, seed: int = 1) -> np.ndarray:
    walk = np.random.default_rng(seed).normal(0.0, 1e-3, n)
    return np.round(100.0 * np.exp(np.cumsum(walk)), 2)


def made_bars(n: int) -> Bars:
    close = closes(n)
    opened = np.r_[100.0, close[:-1]]
    return Bars(
        instrument=ITEM, ts=BEGUN + np.arange(n) * MINUTE, open=opened,
        high=np.maximum(opened, close), low=np.minimum(opened, close), close=close,
        volume=np.full(n, 1e9), interval_ns=MINUTE,
    )  # fmt: skip


def settings(strategy: str, *, quotes: bool = False, fast: int = 50) -> BacktestConfig:
    """Return settings under which a strategy, or none, holds nine tenths of its equity."""
    chosen = {
        "none": {},
        "sma": {"sma_crossover": {"fast": fast, "slow": 200}},
        "ema": {"ema_cross": {"fast": fast, "slow": 200, "quotes": quotes}},
    }[strategy]
    config = bars_config(SECOND if quotes else MINUTE, chosen, costs=COSTS)
    if not quotes:
        return config
    paper = PaperConfig(maker_bps=1.0, taker_bps=1.0, latency_ms=10.0, jitter_ms=0.0)
    return recording_config(config.engine, paper, seed=1)


@pytest.fixture(scope="module")
def count(request) -> int:
    """How many events a run has: fewer where nothing is timed."""
    return EVENTS // 5 if request.config.getoption("benchmark_disable") else EVENTS


@pytest.fixture(scope="module")
def bars(count) -> Bars:
    return made_bars(count)


@pytest.fixture(scope="module")
def quotes(count):
    """One quote a second, a tick wide and deep enough for any order."""
    times = range(BEGUN, BEGUN + count * SECOND, SECOND)
    return [
        (ts, (Quote("sim:A", ts, px, 1e6, round(px + 0.01, 2), 1e6),))
        for ts, px in zip(times, closes(count).tolist(), strict=True)
    ]


def peak_mb(run) -> float:
    """Return the most that a run holds at one time beside its data, megabytes."""
    tracemalloc.start()
    run()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / 1e6


def measure(benchmark, run):
    """Time three runs; return the last result and, where times are taken, megabytes a million."""
    found = benchmark.pedantic(run, rounds=3, warmup_rounds=1 if benchmark.enabled else 0)
    return found, (peak_mb(run) if benchmark.enabled else 0.0)


@pytest.mark.parametrize("strategy", ["none", "sma", "ema"])
def test_event_bars(benchmark, tell, bars, strategy):
    """A bar: its quote and close through engine, strategy, sizer, risk chain, orders, venue."""
    config = settings(strategy)
    found, peak = measure(benchmark, lambda: run_backtest(bars, config, BUILDERS))
    assert (len(found.fills) > 5) == (strategy != "none")
    baseline = "" if strategy == "none" else "test_event_bars[none]"
    tell(baseline=baseline, per_call=len(bars), fills=len(found.fills),
         peak_mb_per_million=round(peak / len(bars) * 1e6))  # fmt: skip


@pytest.mark.parametrize("strategy", ["none", "ema"])
def test_event_quotes(benchmark, tell, quotes, strategy):
    """A quote: the same corridor, with the latency of orders and the paper venue's book."""
    config = settings(strategy, quotes=True)

    def run():
        return run_backtest(quotes, config, BUILDERS, instruments=[ITEM])

    found, peak = measure(benchmark, run)
    assert (len(found.fills) > 5) == (strategy != "none")
    baseline = "" if strategy == "none" else "test_event_quotes[none]"
    tell(baseline=baseline, per_call=len(quotes), fills=len(found.fills),
         peak_mb_per_million=round(peak / len(quotes) * 1e6))  # fmt: skip


@pytest.mark.parametrize("strategy", ["none", "session"])
def test_event_recording(benchmark, tell, tape, count, strategy):
    """A frame of the recording, parsed before, with strategies and the limits of a session."""
    recording = Recording([tape])
    instruments = recording.instruments()
    frames = list(recording.events())[:count]
    chosen = [] if strategy == "none" else ["momentum", "mean_reversion"]
    engine = EngineConfig(strategies=tuple(StrategySpec(id=x, factory=x) for x in chosen))
    config = recording_config(engine, PaperConfig(), seed=1)

    def run():
        return run_backtest(frames, config, BUILDERS, instruments=instruments)

    found, peak = measure(benchmark, run)
    assert found.ts.size > 100
    baseline = "" if strategy == "none" else "test_event_recording[none]"
    tell(baseline=baseline, per_call=len(frames), fills=len(found.fills),
         peak_mb_per_million=round(peak / len(frames) * 1e6))  # fmt: skip


@pytest.mark.parametrize("processes", [1, 2])
def test_event_sweep(benchmark, tell, processes):
    """Eight parameter sets by the workers of ``rf backtest sweep``, which are up before.

    The bars are in shared memory; with two processes half the baseline is the least.
    """
    n = EVENTS // 4 if benchmark.enabled else 500
    data = DataSpec(kind="bars", files=())
    spec = RunSpec(strategy=Chosen(name="sma_crossover"), data=data, config=settings("sma"))
    jobs = [Job(k, {"fast": 10 + 10 * k, "slow": 200}, 1) for k in range(TRIALS)]
    with shared([made_bars(n)]) as handles, executor(processes) as pool:
        tasks = [Task(spec, f"{processes}", handles, (job,)) for job in jobs]
        alone = [trial for task in tasks for trial in evaluate(task)]

        def run():
            return [trial for found in pool.map(evaluate, tasks) for trial in found]

        found = benchmark.pedantic(run, rounds=5, warmup_rounds=1 if benchmark.enabled else 0)
        forget()
    assert [trial.error for trial in found] == [""] * TRIALS
    assert table_hash(found) == table_hash(alone)
    baseline = "" if processes == 1 else "test_event_sweep[1]"
    tell(baseline=baseline, per_call=n * TRIALS, processes=processes)
