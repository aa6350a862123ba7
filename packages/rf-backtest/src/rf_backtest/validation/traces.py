"""What a finished run decided, in the form that the look-ahead detector compares."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from rf_backtest._checks import FloatArray
from rf_backtest.result import BacktestResult
from rf_backtest.validation.lookahead import Decide, Trace
from rf_common.ids import InstrumentId


def trace_of(result: BacktestResult) -> Trace:
    """Return what was held at each equity point: in all as the decision, and by instrument.

    The columns are ``position <instrument>`` in units and ``equity``.
    """
    held = {name: _held(result, name) for name in result.instruments}
    total = np.sum(list(held.values()), axis=0) if held else np.zeros(result.ts.size)
    columns: dict[str, FloatArray] = {f"position {name}": path for name, path in held.items()}
    return Trace(total, columns | {"equity": result.equity})


def decide_by_run(run: Callable[[Mapping[str, FloatArray]], BacktestResult]) -> Decide:
    """Return a `Decide` that runs a whole backtest over the columns it is given.

    Parameters
    ----------
    run : callable
        Builds data and strategy from the columns, **both of them**, and runs; one equity point
        per row. A strategy that was built once from all the data would know the future without
        a cut showing it.
    """
    return lambda data: trace_of(run(data))


def _held(result: BacktestResult, name: InstrumentId) -> FloatArray:
    """Return units held at each point: the sum of the fills up to it."""
    fills = [fill for fill in result.fills if fill.instrument_id == name]
    change = np.zeros(result.ts.size)
    places = np.searchsorted(result.ts, [fill.ts for fill in fills], side="left")
    for place, fill in zip(places.tolist(), fills, strict=True):
        if place < change.size:
            change[place] += fill.side.sign * float(fill.quantity)
    return np.cumsum(change)
