"""Backtests through the live corridor, and the tests that tell skill from luck.

`run_backtest` runs the daemon's own engine over bars or recorded frames; `compiled` holds the
numba path and `validation` what a result is worth. They are loaded when they are used. For a
series of returns start with `performance`, with `deflated_sharpe` for the best of many trials,
and with `bootstrap` for what else could have happened. Returns are simple, per period, decimals;
what a series does not define is NaN.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rf_backtest.metrics import (
    Drawdown,
    Performance,
    drawdown,
    moments,
    omega,
    performance,
    relative,
    sharpe,
    sortino,
)
from rf_backtest.overfitting import (
    Cscv,
    SuperiorAbility,
    deflated_sharpe,
    expected_max_sharpe,
    min_track_record,
    probabilistic_sharpe,
    probability_of_overfitting,
    superior_predictive_ability,
)
from rf_backtest.resampling import Futures, bootstrap, first_passage, gamblers_ruin
from rf_backtest.round_trips import RoundTrip, round_trips
from rf_backtest.splits import Window, walk_forward

if TYPE_CHECKING:
    from rf_backtest.config import BacktestConfig, CostConfig, bars_config, recording_config
    from rf_backtest.data import Bars, bars_from_frame
    from rf_backtest.engine import run_backtest
    from rf_backtest.result import BacktestResult

_HOMES = {
    "run_backtest": "engine",
    "BacktestResult": "result",
    "BacktestConfig": "config",
    "CostConfig": "config",
    "bars_config": "config",
    "recording_config": "config",
    "Bars": "data",
    "bars_from_frame": "data",
}

__all__ = [
    "run_backtest",
    "BacktestResult",
    "BacktestConfig",
    "CostConfig",
    "bars_config",
    "recording_config",
    "Bars",
    "bars_from_frame",
    "performance",
    "Performance",
    "sharpe",
    "sortino",
    "omega",
    "moments",
    "drawdown",
    "Drawdown",
    "relative",
    "probabilistic_sharpe",
    "deflated_sharpe",
    "expected_max_sharpe",
    "min_track_record",
    "probability_of_overfitting",
    "Cscv",
    "superior_predictive_ability",
    "SuperiorAbility",
    "bootstrap",
    "Futures",
    "gamblers_ruin",
    "first_passage",
    "walk_forward",
    "Window",
    "round_trips",
    "RoundTrip",
]


def __getattr__(name: str) -> Any:
    """Return a name from the module it lives in."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
