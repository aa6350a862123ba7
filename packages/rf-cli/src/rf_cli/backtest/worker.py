"""What a worker process does: run some parameter sets on data that it loads once."""

from __future__ import annotations

import math
import signal
from typing import TYPE_CHECKING, Any, NamedTuple

from rf_backtest.sweep import Trial, thinned
from rf_cli.backtest.shared import SharedBars, attach
from rf_cli.backtest.simulate import Simulation
from rf_cli.backtest.sources import Loaded, load
from rf_cli.backtest.spec import RunSpec
from rf_common.errors import RfError

if TYPE_CHECKING:
    from rf_backtest.result import BacktestResult

MOST_RETURNS = 2_048
"""Returns that are kept of a trial; longer ones are compounded to as many."""

METRICS = (
    "sharpe",
    "total_return",
    "annual_return",
    "volatility",
    "sortino",
    "calmar",
    "max_drawdown",
    "profit_factor",
    "win_rate",
    "average_trade",
    "turnover",
    "exposure",
    "trades",
)
"""Measures that are kept of a trial."""

BEST_IN = (
    "sharpe",
    "total_return",
    "annual_return",
    "sortino",
    "calmar",
    "profit_factor",
    "win_rate",
    "average_trade",
    "final_equity",
)
"""Measures of which more is better."""


class Job(NamedTuple):
    """One parameter set, its number and its seed."""

    number: int
    parameters: dict[str, Any]
    seed: int


class Task(NamedTuple):
    """Some jobs, and what is needed to run them anywhere: a pickle of a few kilobytes."""

    spec: RunSpec
    key: str
    handles: tuple[SharedBars, ...]
    jobs: tuple[Job, ...]


_loaded: dict[str, tuple[Simulation, Any]] = {}


def quiet() -> None:
    """Leave Ctrl-C to the parent, which asks for an end after the present unit."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def evaluate(task: Task) -> list[Trial]:
    """Return the trials of a task, in its order."""
    simulation = simulation_of(task)
    return [trial_of(simulation, job) for job in task.jobs]


def simulation_of(task: Task) -> Simulation:
    """Return what a task runs; its data is loaded when it is first asked for."""
    known = _loaded.get(task.key)
    if known is None:
        _loaded.clear()
        known = _loaded[task.key] = _load(task)
    return known[0]


def _load(task: Task) -> tuple[Simulation, Any]:
    if task.handles:
        held = attach(task.handles)
        instruments = tuple(one.instrument for one in held.bars)
        return Simulation(task.spec, Loaded(task.spec.data, held.bars, instruments, ())), held
    return Simulation(task.spec, kept(load(task.spec.data))), None


def kept(loaded: Loaded) -> Loaded:
    """Return data that can be played often: the frames of a recording are read once."""
    if loaded.is_bars:
        return loaded
    frames = tuple(loaded.events())
    return Loaded(loaded.spec, (), loaded.instruments, (), frames)


def forget() -> None:
    """Let go of what is loaded; for a process that goes on with other work."""
    _loaded.clear()


def trial_of(simulation: Simulation, job: Job) -> Trial:
    """Return what one parameter set gives; what cannot be run is a trial with its error."""
    import numpy as np

    try:
        result = simulation.run(job.parameters, seed=job.seed)
        metrics = metrics_of(result)
    except (RfError, ValueError, TypeError, ArithmeticError) as error:
        message = error.message if isinstance(error, RfError) else str(error)
        return Trial(job.number, job.parameters, {}, np.empty(0), message)
    return Trial(job.number, job.parameters, metrics, thinned(result.returns(), MOST_RETURNS))


def metrics_of(result: BacktestResult) -> dict[str, float]:
    """Return the measures that a trial keeps, NaN where one is not defined."""
    from rf_backtest.validation import measure

    found = measure(result)
    told = {name: float(getattr(found, name)) for name in METRICS}
    told["fees"] = float(result.fees)
    told["final_equity"] = float(result.equity[-1])
    return {name: value if math.isfinite(value) else math.nan for name, value in told.items()}
