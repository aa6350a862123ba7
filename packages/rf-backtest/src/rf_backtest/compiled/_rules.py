"""Rules of the bar path, and how their parameters become rows for the kernels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rf_backtest.compiled._checks import FloatArray, IntArray
from rf_backtest.compiled._kernels.scores import EMA, MEAN, RETURN, ZSCORE

RULES: dict[str, tuple[str, ...]] = {
    "sma_cross": ("fast", "slow"),
    "ema_cross": ("fast", "slow"),
    "zscore_reversion": ("window", "entry", "exit"),
    "momentum": ("lookback", "threshold"),
}
"""Names of the rules, and of their parameters in order."""

Plan = tuple[int, IntArray, FloatArray]
"""Kind of score, distinct windows, and one row for each set: see `_kernels.scores.ask`."""

MIN_GAP = 1e-12
"""Averages closer than this fraction of the slow one are equal; rounding is no cross."""
_MOST = 10_000_000
_FAMILY = {"sma_cross": MEAN, "ema_cross": EMA, "zscore_reversion": ZSCORE, "momentum": RETURN}


def rule_rows(rule: str, sets: FloatArray) -> Plan:
    """Return what the kernels need to know of the parameter sets.

    Raises
    ------
    ValueError
        Naming the rule, the set and the parameter.
    """
    if rule not in RULES:
        raise ValueError(f"expected a rule of {', '.join(RULES)}, was {rule!r}")
    names = RULES[rule]
    if sets.ndim != 2 or sets.shape[1] != len(names):
        raise ValueError(f"expected ({', '.join(names)}) for {rule}, was shape {sets.shape}")
    _require(np.asarray(np.isfinite(sets).all(axis=1)), rule, sets, "finite numbers")
    if rule.endswith("_cross"):
        return _crosses(rule, sets)
    least = 2 if rule == "zscore_reversion" else 1
    _whole(rule, sets, 0, least)
    _require(sets[:, 1] >= 0.0, rule, sets, f"{names[1]} >= 0")
    leave = sets[:, 1]
    if rule == "zscore_reversion":
        leave = sets[:, 2]
        _require((leave >= 0.0) & (leave < sets[:, 1]), rule, sets, "0 <= exit < entry")
    windows, rows = np.unique(sets[:, 0].astype(np.int64), return_inverse=True)
    sign = -1.0 if rule == "zscore_reversion" else 1.0
    return _FAMILY[rule], windows, _stack(rows, -1.0, sign, sets[:, 1], leave, 0.0)


def _crosses(rule: str, sets: FloatArray) -> Plan:
    for k in (0, 1):
        _whole(rule, sets, k, 1)
    _require(sets[:, 0] < sets[:, 1], rule, sets, "fast < slow")
    windows, rows = np.unique(sets.astype(np.int64), return_inverse=True)
    pairs = rows.reshape(sets.shape)
    return _FAMILY[rule], windows, _stack(pairs[:, 0], pairs[:, 1], 1.0, MIN_GAP, -1.0, 1.0)


def _stack(*columns: npt.ArrayLike) -> FloatArray:
    return np.ascontiguousarray(np.stack(np.broadcast_arrays(*columns), axis=1), dtype=np.float64)


def _whole(rule: str, sets: FloatArray, k: int, least: int) -> None:
    values = sets[:, k]
    right = (values >= least) & (values == np.floor(values)) & (values <= _MOST)
    _require(right, rule, sets, f"a whole {RULES[rule][k]} of at least {least}")


def _require(right: npt.NDArray[np.bool_], rule: str, sets: FloatArray, expected: str) -> None:
    bad = np.flatnonzero(~right)
    if bad.size:
        told = ", ".join(f"{n}={v:g}" for n, v in zip(RULES[rule], sets[bad[0]], strict=True))
        raise ValueError(f"expected {expected} for {rule}, set {bad[0]} was {told}")
