"""The compiled path: a bar of one run and of a sweep, a row of ticks, beside plain NumPy."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from rf_backtest.compiled import bars, ticks
from rf_backtest.compiled.columns import (
    DEPTH,
    TRADE,
    EventColumns,
    events_from_payloads,
    events_from_quotes,
)
from rf_backtest.config import CostConfig
from rf_ingestion.recording import Recording

BARS = 1_000_000
ROWS = 1_000_000
SETS = [[fast, slow] for fast in range(5, 55, 5) for slow in range(60, 160, 10)]
COSTS = CostConfig(taker_bps=5.0, slippage_bps=1.0, spread_bps=2.0)
LATENCY = ticks.Latency(entry_ns=2_000_000, answer_ns=2_000_000, jitter_ns=500_000)


@pytest.fixture(scope="module")
def columns() -> bars.BarColumns:
    rng = np.random.default_rng(1)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 1e-3, BARS)))
    return bars.BarColumns.of(np.concatenate([[100.0], close[:-1]]), close)


@pytest.fixture(scope="module")
def quotes() -> EventColumns:
    mid = 60_000 + np.cumsum(np.random.default_rng(2).integers(-1, 2, ROWS // 2))
    size = np.full(mid.size, 0.5)
    ts = np.arange(mid.size) * 1_000_000 + 1
    return events_from_quotes(
        ts, ((mid - 1) * 0.1, size), ((mid + 1) * 0.1, size),
        tick=0.1, lot=0.001, feed_latency_ns=3_000_000,
    )  # fmt: skip


@pytest.fixture(scope="module")
def book() -> EventColumns:
    """Levels, 15 % prints, two rows a message on average; made up."""
    rng = np.random.default_rng(3)
    mid = 60_000 + np.cumsum(rng.integers(-1, 2, ROWS) * (rng.random(ROWS) < 0.2))
    kind = np.where(rng.random(ROWS) < 0.15, TRADE, DEPTH).astype(np.int8)
    side = np.where(rng.random(ROWS) < 0.5, 1, -1).astype(np.int8)
    px = np.where(kind == TRADE, mid + side, mid - side * rng.integers(1, 20, ROWS))
    gone = (kind == DEPTH) & (rng.random(ROWS) < 0.4)
    qty = np.where(gone, 0, rng.integers(1, 500, ROWS))
    last = ((rng.random(ROWS) < 0.5) | (kind == TRADE)).astype(np.int8)
    last[-1] = 1
    ts = np.cumsum(rng.integers(1_000, 2_000_000, ROWS))
    return EventColumns(ts, ts + 5_000_000, kind, side, px, qty, last, 0.1, 0.001)


@pytest.fixture(scope="module")
def recorded(recordings) -> EventColumns:
    """The recording of ETHUSDT, eight times one after the other: 1.3 million rows."""
    recording = Recording([recordings[1]])
    item = recording.instruments()[0]
    events = [(ts, payload) for ts, payloads in recording.events() for payload in payloads]
    one = events_from_payloads(
        events, tick=float(item.tick), lot=float(item.lot), feed_latency_ns=5_000_000
    )
    span = int(one.ts_local[-1] - one.ts_exchange[0]) + 1_000_000
    shifts = np.repeat(np.arange(8) * span, len(one))
    times = [np.tile(ts, 8) + shifts for ts in (one.ts_exchange, one.ts_local)]
    rest = [np.tile(x, 8) for x in (one.kind, one.side, one.px, one.qty, one.last)]
    return EventColumns(*times, *rest, one.tick, one.lot)


def numpy_cross(columns: bars.BarColumns, fast: int, slow: int) -> float:
    """The baseline: averages by sums, position by a shift, costs by turnover, equity by a sum."""
    opens, close = columns.px
    sums = np.concatenate([[0.0], np.cumsum(close)])
    quick, calm = np.zeros(close.size), np.zeros(close.size)
    quick[fast - 1 :] = (sums[fast:] - sums[:-fast]) / fast
    calm[slow - 1 :] = (sums[slow:] - sums[:-slow]) / slow
    side = np.sign(quick - calm)
    side[: slow - 1] = 0.0
    held = np.concatenate([[0.0], side[:-1]])
    traded = np.abs(np.diff(held, prepend=0.0)) * opens
    moved = np.concatenate([[0.0], held[:-1]]) * np.diff(close, prepend=close[0])
    equity = 1e5 + np.cumsum(moved + np.diff(held, prepend=0.0) * (close - opens) - traded * 7e-4)
    return float(equity[-1] + (equity / np.maximum.accumulate(equity)).min())


def test_bars_numpy(benchmark, tell, columns):
    """The baseline: NumPy, one parameter set."""
    benchmark.pedantic(numpy_cross, args=(columns, 50, 200), rounds=9, warmup_rounds=1)
    tell(per_call=BARS)


@pytest.mark.parametrize("rule", ["sma_cross", "ema_cross"])
def test_bars_single(benchmark, tell, columns, rule):
    """Signal and account with every path and fill."""
    asked, paths = np.empty(BARS), np.empty((3, BARS))

    def run():
        bars.signal(columns, rule, [50, 200], out=asked)
        return bars.run(columns, asked, costs=COSTS, out=paths)

    found = benchmark.pedantic(run, rounds=15, warmup_rounds=1)
    assert found.fill_bar.size > 100
    tell(baseline="test_bars_numpy", per_call=BARS)


def test_bars_account(benchmark, tell, columns):
    """The account alone, of a signal that is there."""
    asked, paths = bars.signal(columns, "ema_cross", [50, 200]), np.empty((3, BARS))
    benchmark.pedantic(
        bars.run, args=(columns, asked), kwargs={"costs": COSTS, "out": paths},
        rounds=15, warmup_rounds=1,
    )  # fmt: skip
    tell(baseline="test_bars_numpy", per_call=BARS)


def test_bars_one_set(benchmark, tell, columns):
    """One parameter set in one call, statistics and no paths."""
    benchmark.pedantic(
        bars.sweep, args=(columns, "ema_cross", [[50, 200]]), kwargs={"costs": COSTS},
        rounds=15, warmup_rounds=1,
    )  # fmt: skip
    tell(baseline="test_bars_numpy", per_call=BARS)


@pytest.mark.parametrize("threads", [1, 2])
def test_bars_sweep(benchmark, tell, columns, threads):
    """A hundred parameter sets in one call."""

    def run():
        return bars.sweep(columns, "sma_cross", SETS, costs=COSTS, threads=threads)

    found = benchmark.pedantic(run, rounds=7, warmup_rounds=1)
    assert found.fills.min() > 100
    tracemalloc.start()
    run()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    tell(baseline="test_bars_numpy", per_call=BARS * len(SETS), peak_kb=round(most / 1e3))


def test_ticks_numpy(benchmark, tell, quotes):
    """The baseline: NumPy, the average of the mid and its side; no orders, no account."""
    bids, asks = quotes.px[::2], quotes.px[1::2]

    def run():
        mid = (bids + asks) * 0.5
        sums = np.concatenate([[0.0], np.cumsum(mid)])
        return np.sign((sums[50:] - sums[:-50])[150:] / 50 - (sums[200:] - sums[:-200]) / 200)

    benchmark.pedantic(run, rounds=9, warmup_rounds=1)
    tell(per_call=ROWS)


@pytest.mark.parametrize(
    ("data", "strategy", "params"),
    [
        ("quotes", ticks.EMA_CROSS, (50, 200, 10)),
        ("book", ticks.EMA_CROSS, (50, 200, 10)),
        ("book", ticks.MARKET_MAKER, (0.01, 0.5, 0.0, 60.0, 10.0, 10.0, 10.0, 1.0)),
        ("recorded", ticks.EMA_CROSS, (200, 1_000, 1_000)),
        ("recorded", ticks.MARKET_MAKER, (1e-4, 0.05, 0.0, 30.0, 5.0, 100.0, 10.0, 5.0)),
    ],
    ids=["quotes-ema", "book-ema", "book-maker", "recorded-ema", "recorded-maker"],
)
def test_ticks(benchmark, tell, request, data, strategy, params):
    """Two books, feed and order latency, queue, fills, account; a step after each message."""
    events = request.getfixturevalue(data)

    def run():
        return ticks.run(events, strategy, params, costs=COSTS, latency=LATENCY)

    found = benchmark.pedantic(run, rounds=9, warmup_rounds=1)
    assert found.fills > 10
    tracemalloc.start()
    run()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    tell(
        baseline="test_ticks_numpy",
        per_call=len(events),
        messages=events.messages,
        data_mb_per_million=round(events.nbytes / len(events), 1),
        peak_mb=round(most / 1e6, 1),
    )
