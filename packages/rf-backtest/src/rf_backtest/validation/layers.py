"""The eight layers of an audit, one function each: numbers in, checks out."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite

import msgspec
import numpy as np

from rf_backtest.metrics import sharpe
from rf_backtest.validation.combinatorial import Paths
from rf_backtest.validation.futures import MonteCarlo
from rf_backtest.validation.lookahead import Lookahead
from rf_backtest.validation.measures import Measures, luck
from rf_backtest.validation.robustness import Capacity, Consistency, CostGrid, Reproducibility
from rf_backtest.validation.thresholds import THRESHOLDS, Grade, Mark
from rf_backtest.validation.trials import OverfitReport
from rf_backtest.validation.walking import WalkForward

LAYERS = (
    "metrics",
    "walk_forward",
    "monte_carlo",
    "robustness",
    "overfit",
    "consistency",
    "capacity",
    "reproducibility",
)
"""The layers in the order of the report."""


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What each layer asks."""

    confidence: float = 0.95
    """Probability that a Sharpe ratio is no luck."""
    generalisation: float = 0.183
    """Mean return outside over mean return inside the fits."""
    profitable_folds: float = 0.5
    """Share of the walk-forward's folds that earn."""
    losing_paths: float = 0.05
    """Share of purged cross-validation paths that lose."""
    ruin: float = 0.01
    """Share of futures that touch half the starting wealth."""
    loss: float = 0.10
    """Share of futures that end below the start."""
    deep_drawdown: float = 0.30
    """Drawdown that 95 of 100 futures stay within."""
    cost_sharpe: float = 1.0
    """Sharpe ratio at each of the first four pairs of costs."""
    pbo: float = 0.10
    """Probability of backtest overfitting."""
    p_value: float = 0.05
    """Of the reality check and of the test of superior ability."""
    correlation: float = 0.95
    """Of returns filled at the next open with returns filled at the close."""
    trade_delta: float = 0.05
    """Share by which the two differ in trades."""


@dataclass(frozen=True, slots=True)
class Check:
    """One number, what was asked of it, and whether it got there; None is unavailable."""

    name: str
    value: float | None
    relation: str
    limit: float
    passed: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: passed or not, and why. `reason` says why it is unavailable, if it is.

    `numbers` are for other layers.
    """

    name: str
    passed: bool
    checks: tuple[Check, ...] = ()
    reason: str = ""
    numbers: dict[str, float] = field(default_factory=dict)


def check(name: str, value: float, relation: str, limit: float, note: str = "") -> Check:
    """Compare a number with its limit; what is NaN has not passed.

    Raises
    ------
    ValueError
        If the relation is none of ``>``, ``>=``, ``<``, ``<=``.
    """
    if relation not in {">", ">=", "<", "<="}:
        raise ValueError(f"expected relation >, >=, < or <=, was {relation!r}")
    passed = {
        ">": value > limit,
        ">=": value >= limit,
        "<": value < limit,
        "<=": value <= limit,
    }[relation]
    known = None if np.isnan(value) else float(value)
    return Check(name, known, relation, limit, bool(passed), note)


def unavailable(name: str, reason: str) -> Layer:
    """Return a layer that could not be computed; it has not passed."""
    return Layer(name, passed=False, reason=reason)


def metrics_layer(measures: Measures) -> Layer:
    """Hold the measures against their levels; three quarters of them must pass."""
    checks = []
    for name, limit in THRESHOLDS.items():
        relation = ">=" if limit.higher else "<="
        note = str(measures.marks[name])
        value = measures.dsr if name == "deflated_sharpe" else getattr(measures, name)
        checks.append(check(name, value, relation, limit.passing, note))
    passed = sum(found not in {Mark.FAIL, Mark.UNAVAILABLE} for found in measures.marks.values())
    share = check("share_passed", passed / len(checks), ">=", 0.75, f"grade {measures.grade}")
    return Layer("metrics", measures.grade is not Grade.FAIL, (*checks, share))


def walk_layer(walk: WalkForward, paths: Paths | None, periods: float, limits: Limits) -> Layer:
    """Ask that the curve outside the fits earns, and by more than luck."""
    checks = [
        check("oos_sharpe", sharpe(walk.returns, periods=periods), ">", 0.0),
        check("oos_probability", luck(walk.returns), ">=", limits.confidence),
        check("generalisation", walk.generalisation, ">=", limits.generalisation),
        check("profitable_folds", walk.profitable, ">=", limits.profitable_folds),
    ]
    if paths is not None:
        checks.append(check("losing_paths", paths.prob_loss, "<=", limits.losing_paths))
    return _all("walk_forward", checks, {"generalisation": walk.generalisation})


def monte_carlo_layer(of_returns: MonteCarlo, of_trades: MonteCarlo, limits: Limits) -> Layer:
    """Ask that most futures neither lose nor fall deep, and almost none is ruined."""
    checks = []
    for told in (of_returns, of_trades):
        checks += [
            check(f"ruin_{told.of}", told.ruin, "<=", limits.ruin),
            check(f"loss_{told.of}", told.loss, "<=", limits.loss),
            check(f"drawdown_95_{told.of}", told.at(95)[1], "<=", limits.deep_drawdown),
        ]
    return _all("monte_carlo", checks)


def robustness_layer(grid: CostGrid, limits: Limits) -> Layer:
    """Ask for a Sharpe ratio at ordinary costs and for any profit at the worst ones."""
    lowest = min((row.sharpe for row in grid.rows[:4]), key=_nan_first)
    worst = min(row.total_return for row in grid.rows)
    return _all(
        "robustness",
        [
            check("lowest_sharpe_of_first_four", lowest, ">", limits.cost_sharpe),
            check("worst_total_return", worst, ">", 0.0, f"Sharpe range {grid.sharpe_range:.2f}"),
        ],
    )


def overfit_layer(told: OverfitReport, variance: float, limits: Limits) -> Layer:
    """Ask that the best of the trials was not the luckiest."""
    note = f"{told.trials} trials, worth {told.effective:.1f} independent ones"
    checks = [
        check("pbo", told.pbo, "<", limits.pbo),
        check("reality_check", told.reality_check, "<", limits.p_value),
        check("spa", told.spa, "<", limits.p_value),
        check("deflated_sharpe", told.dsr, ">=", limits.confidence, note),
        check("oos_rank", told.oos_rank, ">", 0.5),
    ]
    return _all("overfit", checks, {"trials": told.trials, "trial_variance": variance})


def consistency_layer(told: Consistency, bias: Lookahead | None, limits: Limits) -> Layer:
    """Ask for the same result with other fills, and for decisions that know no future."""
    if bias is None:
        found = Check("lookahead", None, "<=", 0.0, passed=False, note="not run")
    else:
        note = str(bias.findings[0]) if bias.findings else f"{len(bias.checked)} bars checked"
        found = check("lookahead", len(bias.findings), "<=", 0.0, note)
        if not bias.checked:
            found = Check("lookahead", None, "<=", 0.0, passed=False, note="no decision to check")
    return _all(
        "consistency",
        [
            check("correlation", told.correlation, ">", limits.correlation),
            check("trade_delta", told.trade_delta, "<", limits.trade_delta),
            found,
        ],
    )


def capacity_layer(told: Capacity, capital: float) -> Layer:
    """Ask that size grows with the capital and the Sharpe ratio holds at the one that was run."""
    tried = told.rows[-1].capital
    end = "at the largest capital tried" if told.limit >= tried else "between two capitals"
    note = f"{end}, decay {told.decay:+.3f} per doubling"
    return _all(
        "capacity",
        [
            check("quantity_scales", float(told.scales), ">=", 1.0),
            check("limit", min(told.limit, tried), ">=", capital, note),
        ],
    )


def reproducibility_layer(told: Reproducibility) -> Layer:
    """Ask that two runs have equal hashes and that the code is named."""
    note = ", ".join(told.differs) if told.differs else told.output_hash
    return _all(
        "reproducibility",
        [
            check("hashes_that_differ", len(told.differs), "<=", 0.0, note),
            check("code_version", float(bool(told.code)), ">=", 1.0, told.code or "not given"),
        ],
    )


def _all(name: str, checks: list[Check], numbers: dict[str, float] | None = None) -> Layer:
    passed = all(found.passed for found in checks)
    kept = {key: value for key, value in (numbers or {}).items() if isfinite(value)}
    return Layer(name, passed, tuple(checks), numbers=kept)


def _nan_first(value: float) -> float:
    return -np.inf if np.isnan(value) else value
