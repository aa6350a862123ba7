"""Whether a strategy of the event engine knows the future: run again on data that ends sooner."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rf_cli.backtest.simulate import Simulation
from rf_cli.backtest.strategies import factory_of
from rf_common.clock import UnixNanos, to_iso
from rf_common.events import MarketEvent, OrderFilled
from rf_common.ids import InstrumentId, StrategyId
from rf_common.orders import Signal
from rf_common.ports import Condition, Strategy, StrategyContext

if TYPE_CHECKING:
    from rf_backtest.validation import Lookahead, Trace, WarmUp

FloatArray = npt.NDArray[np.float64]

ROW = "row"
_MOST_BARS = 20_000
"""Bars that the quick check of a run looks at; the newest ones."""
_WORK = 200_000
"""Bars that it may run again in all."""


class Listener:
    """A strategy that is another one, and notes every opinion of it with its time."""

    def __init__(self, inner: Strategy, told: list[tuple[int, Signal]]) -> None:
        self._inner = inner
        self._told = told

    @property
    def strategy_id(self) -> StrategyId:
        """The name it trades under."""
        return self._inner.strategy_id

    @property
    def instruments(self) -> frozenset[InstrumentId]:
        """What it wants to hear of."""
        return self._inner.instruments

    def on_event(self, context: StrategyContext, event: MarketEvent) -> Signal | None:
        """Ask the strategy, and note what it says."""
        signal = self._inner.on_event(context, event)
        if signal is not None:
            self._told.append((int(context.now), signal))
        return signal

    def on_fill(self, context: StrategyContext, fill: OrderFilled) -> None:
        """Pass it on."""
        self._inner.on_fill(context, fill)

    def explain(self, instrument_id: InstrumentId) -> Sequence[Condition]:
        """Ask the strategy."""
        return self._inner.explain(instrument_id)


@dataclass(frozen=True)
class Bias:
    """What the check found."""

    lookahead: Lookahead | None
    warm_up: WarmUp | None
    notes: tuple[str, ...]
    times: tuple[tuple[int, int], ...] = ()
    """Row and time of each finding."""

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return self.lookahead is None or self.lookahead.clean

    def text(self) -> str:
        """Return it as one line."""
        parts = []
        if self.lookahead is not None:
            count = len(self.lookahead.checked)
            word = "ok" if self.lookahead.clean else "FOUND"
            parts.append(f"lookahead {word} ({count} decisions run again on cut data)")
        if self.warm_up is not None:
            enough = self.warm_up.enough
            told = "not enough at any multiple" if enough is None else f"enough at {enough}x"
            parts.append(f"warm-up {told}")
        return "   ".join([*parts, *self.notes]) or "not checked"

    def data(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        from rf_cli.backtest.outcome import plain

        found = plain(self.lookahead) if self.lookahead is not None else None
        if found is not None:
            when = dict(self.times)
            for row in found["findings"]:
                ts = when.get(row["bar"])
                row["time"] = None if ts is None else to_iso(UnixNanos(ts))
        return {
            "clean": self.clean,
            "lookahead": found,
            "warm_up": plain(self.warm_up) if self.warm_up is not None else None,
            "notes": list(self.notes),
        }


def quick(simulation: Simulation, sample: int) -> Bias | None:
    """Check a small sample of decisions, fewer the longer the data is; None for a recording."""
    if sample < 1 or not simulation.loaded.is_bars:
        return None
    notes: tuple[str, ...] = ()
    if simulation.rows > _MOST_BARS:
        start = int(simulation.times[-_MOST_BARS])
        simulation = simulation.after(start)
        notes = (f"the newest {_MOST_BARS} bars only; rf backtest bias checks all",)
    count = max(1, min(sample, _WORK // max(simulation.rows, 1)))
    return check(simulation, count, notes=notes)


def check(
    simulation: Simulation,
    sample: int | None,
    *,
    warm_up: int = 0,
    progress: Callable[[int, int], None] | None = None,
    notes: tuple[str, ...] = (),
) -> Bias:
    """Compare the decisions on all data with those on data that ends at the decision.

    Parameters
    ----------
    sample : int, optional
        Decisions to check, and as many bars between them; None for every decision.
    warm_up : int
        Bars that the strategy needs before its first decision; 0 leaves its check out.
    """
    from rf_backtest.validation import find_lookahead, warm_up_sensitivity

    decide = decisions_of(simulation)
    columns = {ROW: np.arange(simulation.rows, dtype=np.float64)}
    found = find_lookahead(decide, columns, sample, progress=progress)
    times = tuple((one.bar, int(simulation.times[one.bar])) for one in found.findings)
    sensitivity = None
    if warm_up > 0:
        try:
            sensitivity = warm_up_sensitivity(
                decide, columns, warm_up, samples=sample, progress=progress
            )
        except ValueError as error:
            notes = (*notes, f"warm-up not checked: {error}")
    return Bias(found, sensitivity, notes, times)


def decisions_of(simulation: Simulation) -> Callable[[Mapping[str, FloatArray]], Trace]:
    """Return a function that runs the strategy over a range of rows and tells its opinions."""
    build = factory_of(simulation.spec.strategy)
    times = simulation.times
    names = [one.instrument_id for one in simulation.loaded.instruments]

    def decide(columns: Mapping[str, FloatArray]) -> Trace:
        rows = columns[ROW].astype(np.int64)
        last = int(times[rows[-1] + 1]) if rows[-1] + 1 < times.size else 2**63 - 1
        told: list[tuple[int, Signal]] = []
        cut = simulation.between(int(times[rows[0]]), last)
        cut.run(factory=lambda name, parameters: Listener(build(name, parameters), told))
        return _trace(told, times[rows], names)

    return decide


def _trace(
    told: Sequence[tuple[int, Signal]],
    times: npt.NDArray[np.int64],
    instruments: Sequence[InstrumentId],
) -> Trace:
    """Return the opinions that stood at the close of every row; the decision adds them up."""
    from rf_backtest.validation import Trace

    columns = {name: np.zeros(times.size) for name in instruments}
    for now, signal in told:
        # A bar is known at its close, which is not after the next one's open.
        row = max(int(np.searchsorted(times, now, side="left")) - 1, 0)
        columns[signal.instrument_id][row:] = signal.direction * signal.confidence
    total = sum((values * (place + 1) for place, values in enumerate(columns.values())), start=0.0)
    named = {f"opinion on {name}": values for name, values in columns.items()}
    return Trace(np.asarray(total, dtype=np.float64), named)
