"""Believing a backtest: what it is worth once luck, costs and the future have been taken out.

Start with `measure` for one finished run, `overfit_report` for a table of trials, and `audit`
for the eight layers at once. `find_lookahead` catches a strategy that knows the future. Work is
built on a `Runner`: a function of parameters, first row and end row that gives the returns of
those rows. Everything is pure, and the same seed gives the same answer.
"""

from rf_backtest.validation._types import (
    Grid,
    Mapper,
    Memo,
    Parameters,
    Progress,
    Runner,
    combinations_of,
    remember,
    trial_returns,
)
from rf_backtest.validation.audit import AuditReport, LayerProgress, audit
from rf_backtest.validation.calibration import Rate, calibrate
from rf_backtest.validation.combinatorial import (
    Paths,
    purged_paths,
)
from rf_backtest.validation.drawdowns import Episode, drawdown_table
from rf_backtest.validation.futures import (
    PERCENTILES,
    MonteCarlo,
    monte_carlo,
)
from rf_backtest.validation.layers import (
    LAYERS,
    Check,
    Layer,
    Limits,
)
from rf_backtest.validation.lookahead import (
    Decide,
    Finding,
    Lookahead,
    Trace,
    WarmUp,
    find_lookahead,
    warm_up_sensitivity,
)
from rf_backtest.validation.measures import (
    Costs,
    Measures,
    autocorrelation,
    costs_of,
    luck,
    measure,
    regime_label,
    trade_returns,
    verdict,
)
from rf_backtest.validation.robustness import (
    CAPITALS,
    COST_PAIRS,
    Capacity,
    CapacityRow,
    Consistency,
    CostGrid,
    CostRow,
    Reproducibility,
    capacity,
    consistency,
    cost_grid,
    reproducibility,
)
from rf_backtest.validation.subject import Plan, Subject
from rf_backtest.validation.thresholds import (
    THRESHOLDS,
    Grade,
    Mark,
    Threshold,
    composite,
    grade,
    marks,
)
from rf_backtest.validation.traces import decide_by_run, trace_of
from rf_backtest.validation.trials import (
    OverfitReport,
    effective_trials,
    overfit_report,
    sharpe_of_columns,
)
from rf_backtest.validation.walking import (
    Drift,
    Fold,
    WalkForward,
    generalisation_of,
    optimise_forward,
)

__all__ = [
    "measure",
    "Measures",
    "Episode",
    "Costs",
    "verdict",
    "luck",
    "drawdown_table",
    "autocorrelation",
    "regime_label",
    "costs_of",
    "trade_returns",
    "THRESHOLDS",
    "Threshold",
    "Mark",
    "Grade",
    "marks",
    "grade",
    "composite",
    "Runner",
    "Parameters",
    "Grid",
    "Mapper",
    "Memo",
    "Progress",
    "combinations_of",
    "trial_returns",
    "remember",
    "optimise_forward",
    "WalkForward",
    "Fold",
    "Drift",
    "generalisation_of",
    "purged_paths",
    "Paths",
    "overfit_report",
    "OverfitReport",
    "effective_trials",
    "calibrate",
    "Rate",
    "sharpe_of_columns",
    "monte_carlo",
    "MonteCarlo",
    "PERCENTILES",
    "cost_grid",
    "CostGrid",
    "CostRow",
    "COST_PAIRS",
    "capacity",
    "Capacity",
    "CapacityRow",
    "CAPITALS",
    "consistency",
    "Consistency",
    "reproducibility",
    "Reproducibility",
    "find_lookahead",
    "Lookahead",
    "Finding",
    "Trace",
    "Decide",
    "trace_of",
    "decide_by_run",
    "warm_up_sensitivity",
    "WarmUp",
    "audit",
    "AuditReport",
    "Subject",
    "Plan",
    "Limits",
    "Layer",
    "Check",
    "LAYERS",
    "LayerProgress",
]
