"""How often the tests believe strategies that are known to be useless, and ones that are not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isnan, nan, sqrt

import numpy as np

from rf_backtest._checks import FloatArray
from rf_backtest.validation._types import Parameters, Progress
from rf_backtest.validation.combinatorial import purged_paths
from rf_backtest.validation.measures import luck
from rf_backtest.validation.trials import OverfitReport, overfit_report
from rf_backtest.validation.walking import optimise_forward

_DAYS = 252.0
_DEVIATION = 0.01
_KINDS = ("white", "correlated", "clustered")


@dataclass(frozen=True, slots=True)
class Rate:
    """How often a test said yes; `error` is one binomial standard error of the rate.

    `nominal` is the rate that the test promises for useless trials, at most; NaN when it
    promises none.
    """

    name: str
    nominal: float
    hits: int
    worlds: int

    @property
    def rate(self) -> float:
        """Share of the worlds."""
        return self.hits / self.worlds

    @property
    def error(self) -> float:
        """Binomial standard error; with one hit and one miss more when all worlds agree."""
        inside = 0 < self.hits < self.worlds
        share = self.rate if inside else (self.hits + 1) / (self.worlds + 2)
        return sqrt(share * (1.0 - share) / self.worlds)

    def __str__(self) -> str:
        """Say rate, error, and what was promised."""
        promised = "none" if isnan(self.nominal) else f"{self.nominal:.2f}"
        return (
            f"{self.name:<34} {self.rate:6.4f} ± {self.error:.4f}   promised {promised}"
            f"   {self.hits} of {self.worlds}"
        )


def calibrate(
    worlds: int,
    *,
    seed: int,
    rows: int = 504,
    trials: int = 20,
    kind: str = "white",
    edge: float = 0.0,
    samples: int = 500,
    block: float | None = None,
    progress: Progress | None = None,
) -> tuple[Rate, ...]:
    """Make worlds of trials, useless but for the first one, and count what the tests say.

    Parameters
    ----------
    worlds : int
        Tables of trials to make.
    seed : int
        Of everything.
    rows, trials : int
        Size of each table.
    kind : {"white", "correlated", "clustered"}
        Independent normal returns; returns that share half of their variance; or volatility that
        comes in clusters and fat tails, shared by all.
    edge : float
        Annual Sharpe ratio of the first trial at 252 rows a year; 0 makes all of them useless.
    samples : int
        Bootstrap samples of each test.
    block : float, optional
        Mean block of the bootstrap; see `overfit_report`.
    progress : callable, optional
        Called with worlds done and all worlds.

    Raises
    ------
    ValueError
        If a number is out of range or the kind unknown.
    """
    if worlds < 1 or trials < 2 or kind not in _KINDS:
        raise ValueError(
            f"expected worlds >= 1, trials >= 2, kind of {_KINDS}, was {worlds}, {trials}, {kind}"
        )
    said: dict[str, list[bool]] = {name: [] for name in _NOMINAL}
    for world in range(worlds):
        rng = np.random.default_rng([seed, world])
        table = _table(rng, (rows, trials), kind)
        table[:, 0] += edge / sqrt(_DAYS) * _DEVIATION
        told = overfit_report(
            table, rng=rng, samples=samples, blocks=10, block=block, periods=_DAYS
        )
        for name, answer in _answers(table, told).items():
            said[name].append(answer)
        if progress is not None:
            progress(world + 1, worlds)
    return tuple(Rate(name, _NOMINAL[name], sum(answers), worlds) for name, answers in said.items())


_NOMINAL = {
    "reality check p < 0.05": 0.05,
    "superior ability p < 0.05": 0.05,
    "deflated Sharpe >= 0.95": 0.05,
    "one trial, Sharpe > 0 at 0.95": 0.05,
    "best trial, Sharpe > 0 at 0.95": 0.05,
    "walk-forward, Sharpe > 0 at 0.95": 0.05,
    "PBO < 0.5": 0.50,
    "PBO < 0.10": nan,
    "losing purged paths <= 0.05": nan,
    "the whole overfit layer": 0.05,
}


def _answers(table: FloatArray, told: OverfitReport) -> dict[str, bool]:
    tests = (told.reality_check < 0.05, told.spa < 0.05, told.dsr >= 0.95)
    walk = optimise_forward(
        _runner(table), {"column": list(range(table.shape[1]))}, table.shape[0], folds=5
    )
    paths = purged_paths(table, groups=6, tested=2, purge=1)
    answers = (
        *tests,
        luck(table[:, 0]) >= 0.95,
        luck(table[:, told.best]) >= 0.95,
        luck(walk.returns) >= 0.95,
        told.pbo < 0.5,
        told.pbo < 0.10,
        paths.prob_loss <= 0.05,
        all(tests) and told.pbo < 0.10 and told.oos_rank > 0.5,
    )
    return dict(zip(_NOMINAL, answers, strict=True))


def _runner(table: FloatArray) -> Callable[[Parameters, int, int], FloatArray]:
    return lambda parameters, start, end: table[start:end, parameters["column"]]


def _table(rng: np.random.Generator, shape: tuple[int, int], kind: str) -> FloatArray:
    own = rng.standard_normal(shape)
    if kind == "correlated":
        own = sqrt(0.5) * own + sqrt(0.5) * rng.standard_normal((shape[0], 1))
    if kind == "clustered":
        own *= np.exp(_slow(rng, shape[0]))[:, None]
    return np.asarray(_DEVIATION * own / own.std(), dtype=np.float64)


def _slow(rng: np.random.Generator, n: int) -> FloatArray:
    """Return a stationary autoregression of order one, deviation 0.5, half-life 14 rows."""
    keep, level = 0.95, 0.5
    shocks = level * sqrt(1.0 - keep**2) * rng.standard_normal(n)
    path = np.empty(n)
    value = level * float(rng.standard_normal())
    for row in range(n):
        value = keep * value + float(shocks[row])
        path[row] = value
    return path
