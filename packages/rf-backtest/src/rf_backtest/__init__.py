"""Performance statistics, and the tests that tell skill from luck.

Start with `performance` for a series of returns, `deflated_sharpe` for the best of many trials,
and `bootstrap` for what else could have happened. Returns are simple, per period, decimals; what
a series does not define is NaN.
"""

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

__all__ = [
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
