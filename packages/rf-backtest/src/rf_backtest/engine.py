"""The event-driven backtest: the live engine against a simulated venue.

`run_backtest` takes bars or recorded frames. Strategies, sizer, risk chain and order management
are those of a session, called in the same order; what differs is the venue, and who tells time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeGuard

import msgspec
import numpy as np

from rf_backtest.bars_run import BarsRun
from rf_backtest.config import BacktestConfig
from rf_backtest.corridor import Corridor
from rf_backtest.data import Bars
from rf_backtest.exits import Exits
from rf_backtest.frames_run import Frame, FramesRun
from rf_backtest.queue_venue import QueueVenue, with_fees
from rf_backtest.record import Record, instrument_names
from rf_backtest.result import BacktestResult
from rf_backtest.venue import BarVenue
from rf_common.clock import NANOS_PER_MILLI, NANOS_PER_SECOND
from rf_common.ids import InstrumentId
from rf_common.instruments import Instrument
from rf_common.orders import OrderIntent
from rf_common.ports import MarketView
from rf_engine import Engine
from rf_strategy import Factory

NONCE = "REPLAYAA"
"""Nonce of every backtest: the same run gives the same order ids, and those of a replay."""

Script = Sequence[tuple[int, OrderIntent]]
"""Orders of one's own and when they are placed, nanoseconds."""


def run_backtest(
    data: Bars | Sequence[Bars] | Iterable[Frame],
    config: BacktestConfig,
    factories: Mapping[str, Factory],
    *,
    instruments: Iterable[Instrument] | None = None,
    progress: Callable[[int], None] | None = None,
    orders: Script = (),
) -> BacktestResult:
    """Run strategies over bars, or over recorded frames.

    Parameters
    ----------
    data : Bars, sequence of Bars, or iterable of (ts, payloads)
        Bars of several instruments are interleaved by time. Frames are what
        ``rf_ingestion.recording.Recording.events`` yields, in order of time.
    config : BacktestConfig
        Of `bars_config` for bars, of `recording_config` for a recording.
    factories : mapping
        Strategy factories by name.
    instruments : iterable of Instrument, optional
        What can be traded; needed for frames.
    progress : callable, optional
        Told how many bars or frames were run, now and then.
    orders : sequence of (ts, OrderIntent)
        Orders that are placed at their times beside the strategies', and reviewed as those are.

    Raises
    ------
    ValueError
        If data or settings cannot be right: see `Bars.check`; frames without instruments, times
        that go back; a strategy that cannot be built; limits of a session over bars.

    Notes
    -----
    Over bars a decision at the close of one bar fills at the open of its own instrument's next
    bar. Cost is dominated by the engine: see ``docs/concepts/backtesting.md``.

    Examples
    --------
    >>> from decimal import Decimal
    >>> from rf_backtest.config import bars_config
    >>> from rf_strategy import momentum
    >>> day = 86_400 * 10**9
    >>> item = Instrument(instrument_id="sim:A", tick=Decimal("0.01"), lot=Decimal(1))
    >>> close = 100 + np.arange(60.0)
    >>> bars = Bars(instrument=item, ts=(np.arange(60) + 1) * day, open=close, high=close + 1,
    ...     low=close - 1, close=close, volume=np.full(60, 1e6), interval_ns=day)
    >>> config = bars_config(day, {"momentum": {"period": 10, "threshold": 0.01}})
    >>> result = run_backtest(bars, config, {"momentum": momentum.build})
    >>> len(result.fills), bool(result.equity[-1] > 100_000)
    (1, True)
    """
    if isinstance(data, Bars):
        data = (data,)
    if _is_bars(data):
        return _over_bars(data, config, factories, orders, progress)
    if instruments is None:
        raise ValueError("expected instruments with frames, was none")
    return _over_frames(data, config, factories, tuple(instruments), orders, progress=progress)  # type: ignore[arg-type]  # no bars, so frames


def _is_bars(data: object) -> TypeGuard[Sequence[Bars]]:
    return isinstance(data, Sequence) and bool(data) and all(isinstance(x, Bars) for x in data)


def _over_bars(
    data: Sequence[Bars],
    config: BacktestConfig,
    factories: Mapping[str, Factory],
    orders: Script,
    progress: Callable[[int], None] | None,
) -> BacktestResult:
    cleaned = [bars.cleaned() for bars in data]
    used = [bars for bars, _ in cleaned]
    warnings = tuple(line for _, report in cleaned for line in report.warnings)
    _refuse_session_limits(used, config)
    listed = tuple(map(_annualised, used))
    names = instrument_names(listed)
    engine = Engine(config.engine, NONCE, listed, factories)
    rng = np.random.default_rng(config.seed)
    venue = BarVenue(config.paper, config.costs, rng, listed)
    record = Record(engine, config, names, orders, warnings)
    record.hash_bars(data)
    corridor = Corridor(
        engine, venue, on_answer=record.answer, on_output=record.output, shows_market=False
    )
    exits = Exits(config.exits, corridor, record) if config.exits.is_set else None
    run = BarsRun(corridor, venue, record, used, borrow_rate=config.costs.borrow_rate, exits=exits)
    run.play(progress)
    return record.result(venue.slippage, venue.unmeasured)


def _over_frames(
    data: Iterable[Frame],
    config: BacktestConfig,
    factories: Mapping[str, Factory],
    instruments: tuple[Instrument, ...],
    orders: Script,
    *,
    progress: Callable[[int], None] | None,
) -> BacktestResult:
    if config.exits.is_set:
        raise ValueError("exits: expected none over frames; they follow bars only")
    names = instrument_names(instruments)
    engine = Engine(config.engine, NONCE, instruments, factories)

    def market(instrument_id: InstrumentId) -> MarketView | None:
        return engine.state.markets.get(instrument_id)

    rng = np.random.default_rng(config.seed)
    paper = with_fees(config.paper, config.costs)
    venue = QueueVenue(paper, rng, market, queue=config.queue)
    record = Record(engine, config, names, orders, ())
    corridor = Corridor(engine, venue, on_answer=record.answer, on_output=record.output)
    FramesRun(corridor, record, config).play(data, progress)
    return record.result(venue.slippage, 0)


def _annualised(bars: Bars) -> Instrument:
    """Return the instrument with the trading time that its bars really have in a year."""
    seconds = bars.periods_per_year * bars.interval_ns / NANOS_PER_SECOND
    return msgspec.structs.replace(bars.instrument, seconds_per_year=seconds)


def _refuse_session_limits(data: Sequence[Bars], config: BacktestConfig) -> None:
    longest = max(bars.interval_ns for bars in data) // NANOS_PER_MILLI
    stale = config.engine.limits.stale_after_ms
    if stale < longest:
        raise ValueError(
            f"engine.limits.stale_after_ms = {stale}: expected at least the bars' interval, "
            f"{longest} ms; take the settings of bars_config({longest * NANOS_PER_MILLI}, ...)"
        )
