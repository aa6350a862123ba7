"""Combinatorial purged cross-validation: many out-of-sample histories instead of one."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np
import numpy.typing as npt

from rf_backtest._checks import FloatArray
from rf_backtest.metrics import sharpe
from rf_backtest.splits import CombinatorialSplit, combinatorial
from rf_backtest.validation.walking import generalisation_of


@dataclass(frozen=True, slots=True)
class Paths:
    """Histories in which every row was outside the fit that traded it.

    `returns` (paths, n), `sharpe` (paths,) annualised, NaN without volatility; `chosen` (splits,)
    is the column that won each fit, `inside` and `outside` (splits,) its mean returns.
    """

    returns: FloatArray
    sharpe: FloatArray
    chosen: npt.NDArray[np.int64]
    inside: FloatArray
    outside: FloatArray
    generalisation: float

    @property
    def prob_loss(self) -> float:
        """Share of the paths that lost money."""
        return float(np.mean(np.prod(1.0 + self.returns, axis=1) < 1.0))


def purged_paths(
    trials: npt.ArrayLike,
    *,
    groups: int = 6,
    tested: int = 2,
    purge: int = 0,
    embargo: int = 0,
    periods: float = 252.0,
) -> Paths:
    """Fit by the Sharpe ratio in every split and put the tests together to whole histories.

    Parameters
    ----------
    trials : (n, m) array
        Returns of m parameter sets over n rows, each run once over all of them.
    groups, tested, purge, embargo : int
        See `rf_backtest.splits.combinatorial`. A strategy remembers: let the purge cover its
        longest window, besides the time that a position is held.
    periods : float
        Periods in a year.

    Returns
    -------
    Paths
        ``comb(groups - 1, tested - 1)`` of them.

    Raises
    ------
    ValueError
        If the table is not of finite numbers, or a number of the split is out of range.

    References
    ----------
    Lopez de Prado (2018), Advances in Financial Machine Learning, section 12.4.
    """
    table = np.asarray(trials, dtype=np.float64)
    if table.ndim != 2 or not table.shape[1] or not np.isfinite(table).all():
        raise ValueError(f"expected a table of finite returns, was shape {table.shape}")
    n = table.shape[0]
    splits = combinatorial(n, groups=groups, tested=tested, purge=purge, embargo=embargo)
    chosen = np.array([_best(table[split.train]) for split in splits], dtype=np.int64)
    returns = np.empty((comb(groups - 1, tested - 1), n))
    used = [0] * groups
    inside, outside = np.empty(len(splits)), np.empty(len(splits))
    for place, split in enumerate(splits):
        column = table[:, chosen[place]]
        inside[place], outside[place] = column[split.train].mean(), _mean_outside(column, split)
        for group, (start, end) in zip(split.groups, split.tests, strict=True):
            returns[used[group], start:end] = column[start:end]
            used[group] += 1
    return Paths(
        returns=returns,
        sharpe=np.array([sharpe(path, periods=periods) for path in returns]),
        chosen=chosen,
        inside=inside,
        outside=outside,
        generalisation=generalisation_of(inside.tolist(), outside.tolist()),
    )


def _best(rows: FloatArray) -> int:
    deviation = rows.std(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(deviation > 0.0, rows.mean(axis=0) / deviation, 0.0)
    return int(np.argmax(ratios))


def _mean_outside(column: FloatArray, split: CombinatorialSplit) -> float:
    return float(np.concatenate([column[start:end] for start, end in split.tests]).mean())
