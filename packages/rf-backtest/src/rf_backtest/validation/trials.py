"""One report on a table of trials: was the best of them the best, or the luckiest."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt

import numpy as np
import numpy.typing as npt

from rf_backtest._checks import FloatArray
from rf_backtest.overfitting import (
    Cscv,
    SuperiorAbility,
    expected_max_sharpe,
    probability_of_overfitting,
    superior_predictive_ability,
)
from rf_backtest.resampling import block_length
from rf_backtest.validation._types import Progress
from rf_backtest.validation.measures import luck


@dataclass(frozen=True, slots=True, kw_only=True)
class OverfitReport:
    """What a table of trials says about its best column.

    `best` is the column with the highest Sharpe ratio, `sharpe` that ratio and `expected_max` the
    one that as many useless trials would show, both annualised; `dsr` the probability that it
    is more. `effective` are the independent trials that correlated ones amount to. `oos_rank`
    is where the in-sample winner ends out of sample on average, from 0 (worst) to 1, one half
    for noise.
    """

    trials: int
    effective: float
    best: int
    sharpe: float
    expected_max: float
    dsr: float
    cscv: Cscv
    oos_rank: float
    ability: SuperiorAbility
    block: float

    @property
    def pbo(self) -> float:
        """Probability of backtest overfitting."""
        return self.cscv.pbo

    @property
    def reality_check(self) -> float:
        """p-value of White's reality check."""
        return self.ability.upper

    @property
    def spa(self) -> float:
        """p-value of Hansen's test of superior predictive ability."""
        return self.ability.consistent


def overfit_report(
    trials: npt.ArrayLike,
    *,
    rng: np.random.Generator,
    benchmark: npt.ArrayLike | float = 0.0,
    periods: float = 252.0,
    blocks: int = 16,
    block: float | None = None,
    samples: int = 2_000,
    progress: Progress | None = None,
) -> OverfitReport:
    """Return every test of a table of trials at once.

    Parameters
    ----------
    trials : (t, n) array
        Returns of n trials, **all** that were made, over the same t periods.
    rng : numpy.random.Generator
        Source of the bootstrap.
    benchmark : (t,) array or float
        Returns to beat, for the bootstrap tests.
    periods : float
        Periods in a year.
    blocks : int
        Even number of blocks of the cross-validation.
    block : float, optional
        Mean length of a block of the bootstrap; by default what suits
        the columns on average (`rf_backtest.resampling.block_length`).
    samples : int
        Bootstrap samples.
    progress : callable, optional
        Called with the samples done and all samples.

    Raises
    ------
    ValueError
        If there are fewer than two trials, too few rows, or nothing varies.

    References
    ----------
    Bailey and Lopez de Prado (2014); Bailey, Borwein, Lopez de Prado and Zhu (2017); White
    (2000); Hansen (2005).

    Examples
    --------
    >>> noise = np.random.default_rng(1).normal(0.0, 0.01, (320, 10))
    >>> told = overfit_report(noise, rng=np.random.default_rng(2), samples=200)
    >>> told.dsr < 0.95 and told.reality_check > 0.05
    True
    """
    table = np.asarray(trials, dtype=np.float64)
    cscv = probability_of_overfitting(table, blocks=blocks)
    length = float(np.mean([block_length(x) for x in table.T])) if block is None else block
    ratios = sharpe_of_columns(table)
    if np.isnan(ratios).all():
        raise ValueError("expected a trial whose returns vary, was none")
    best = int(np.nanargmax(ratios))
    spread = float(np.nanvar(ratios, ddof=1)) if np.isfinite(ratios).sum() > 1 else 0.0
    n = table.shape[1]
    return OverfitReport(
        trials=n,
        effective=effective_trials(table),
        best=best,
        sharpe=float(ratios[best]) * sqrt(periods),
        expected_max=expected_max_sharpe(n, spread) * sqrt(periods),
        dsr=luck(table[:, best], trials=n, variance=spread),
        cscv=cscv,
        oos_rank=float(np.mean(1.0 / (1.0 + np.exp(-cscv.logits)))),
        ability=superior_predictive_ability(
            table, benchmark, block=length, rng=rng, samples=samples, progress=progress
        ),
        block=length,
    )


def sharpe_of_columns(trials: npt.ArrayLike) -> FloatArray:
    """Return the (n,) Sharpe ratios per period of the columns of a (t, n) table."""
    table = np.asarray(trials, dtype=np.float64)
    deviation = table.std(axis=0, ddof=1)
    flat = deviation <= 1e-15 * np.abs(table).max(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(flat, nan, table.mean(axis=0) / deviation), dtype=np.float64)


def effective_trials(trials: npt.ArrayLike) -> float:
    """Return how many independent trials a table of correlated ones amounts to.

    It is rho + (1 - rho) n with rho the mean correlation of two columns, taken as 0 when negative;
    columns that do not vary are left out.

    References
    ----------
    Bailey and Lopez de Prado (2014), appendix 3.
    """
    table = np.asarray(trials, dtype=np.float64)
    table = table[:, np.isfinite(sharpe_of_columns(table))]
    n = table.shape[1]
    if n < 2:
        return float(n)
    scaled = (table - table.mean(axis=0)) / table.std(axis=0)
    total = float(np.mean(scaled.sum(axis=1) ** 2))  # the sum of all n * n correlations
    rho = max((total - n) / (n * (n - 1)), 0.0)
    return float(rho + (1.0 - rho) * n)
