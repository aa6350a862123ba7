"""Walk-forward: choose the parameters on what was known, earn on what came next.

Only returns outside the fits make the curve. A strategy that was fitted to noise shows here: its
parameters jump, and the mean return outside is a small part of the one inside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from typing import Any, Literal

import numpy as np

from rf_backtest._checks import FloatArray
from rf_backtest.metrics import sharpe
from rf_backtest.splits import Window, walk_forward
from rf_backtest.validation._types import (
    Grid,
    Mapper,
    Parameters,
    Progress,
    Runner,
    combinations_of,
    run_all,
)

Score = Callable[[FloatArray], float]


@dataclass(frozen=True, slots=True)
class Fold:
    """One fit and its test; scores and means are those of the chosen parameters."""

    window: Window
    parameters: Parameters
    train_score: float
    test_score: float
    train_mean: float
    test_mean: float
    returns: FloatArray


@dataclass(frozen=True, slots=True)
class Drift:
    """How one parameter moved from fold to fold.

    `changed` is the share of folds that chose another value than the fold before, `moved` the
    mean distance of such neighbours, counted in the order of the grid as a share of its length.
    """

    values: tuple[Any, ...]
    changed: float
    moved: float


@dataclass(frozen=True, slots=True)
class WalkForward:
    """A walk-forward: `returns` (n,) are all tests end to end, rows `first_row` onwards.

    `generalisation` is the mean return outside over the mean inside the fits, NaN when the fits
    earned nothing; `profitable` the share of folds that ended above 0.
    """

    folds: tuple[Fold, ...]
    returns: FloatArray
    first_row: int
    drift: dict[str, Drift]
    generalisation: float
    profitable: float
    trials: int


def optimise_forward(
    runner: Runner,
    grid: Grid,
    n: int,
    *,
    folds: int = 5,
    mode: Literal["anchored", "rolling"] = "anchored",
    train_size: int | None = None,
    test_size: int | None = None,
    purge: int = 0,
    embargo: int = 0,
    score: Score = sharpe,
    mapper: Mapper = map,
    progress: Progress | None = None,
) -> WalkForward:
    """Fit a grid of parameters inside each fold and test the best one outside.

    Parameters
    ----------
    runner : callable
        See `Runner`; it must know nothing of rows after the end it is asked for.
    grid : mapping of name to values
        Every combination is tried in every fold. Ties keep the earlier one.
    n : int
        Rows.
    folds : int
        Tests, end to end, the last one ending with row n.
    mode : {"anchored", "rolling"}
        Train from the first row, or on a window of `train_size` rows (by default the rows before
        the first test).
    test_size : int, optional
        Rows of each test; ``n // (folds + 1)`` if not given.
    purge, embargo : int
        Rows left out between train and test: as many as an outcome reaches, and a margin.
    score : callable
        Of returns; the largest wins. A NaN never does.
    mapper : callable
        `map`, or the `map` of an executor.
    progress : callable, optional
        Called with the runs done and all runs.

    Raises
    ------
    ValueError
        If there are too few rows or a grid name has no values.

    References
    ----------
    Pardo (2008), The Evaluation and Optimization of Trading Strategies, chapter 11.
    """
    if mode not in {"anchored", "rolling"}:
        raise ValueError(f"expected mode anchored or rolling, was {mode!r}")
    gap = purge + embargo
    windows = walk_forward(n, folds, test_size=test_size, gap=gap)
    if mode == "rolling":
        size = windows[0].train_end if train_size is None else train_size
        windows = walk_forward(n, folds, test_size=test_size, gap=gap, max_train_size=size)
    tried = combinations_of(grid)
    tell = _Counter(progress, folds * (len(tried) + 1))
    found = [_fold(runner, tried, window, (score, mapper, tell)) for window in windows]
    returns = np.concatenate([fold.returns for fold in found])
    return WalkForward(
        folds=tuple(found),
        returns=returns,
        first_row=windows[0].test_start,
        drift={
            name: _drift([fold.parameters[name] for fold in found], grid[name]) for name in grid
        },
        generalisation=generalisation_of(
            [fold.train_mean for fold in found], [fold.test_mean for fold in found]
        ),
        profitable=float(np.mean([np.prod(1.0 + fold.returns) > 1.0 for fold in found])),
        trials=len(tried),
    )


def generalisation_of(inside: Sequence[float], outside: Sequence[float]) -> float:
    """Return the mean of `outside` over the mean of `inside`; NaN when inside earned nothing."""
    base = float(np.mean(inside))
    return float(np.mean(outside)) / base if base > 0.0 else nan


class _Counter:
    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def __call__(self, _done: int, _all: int) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, self._total)


def _fold(
    runner: Runner,
    tried: list[dict[str, Any]],
    window: Window,
    how: tuple[Score, Mapper, Progress],
) -> Fold:
    score, mapper, tell = how
    jobs = [(chosen, window.train_start, window.train_end) for chosen in tried]
    inside = list(run_all(runner, jobs, mapper=mapper, progress=tell))
    scores = np.array([_plain(score(returns)) for returns in inside])
    best = int(np.argmax(scores))
    test = [(tried[best], window.test_start, window.test_end)]
    (outside,) = run_all(runner, test, mapper=mapper, progress=tell)
    return Fold(
        window=window,
        parameters=tried[best],
        train_score=float(scores[best]),
        test_score=score(outside),
        train_mean=float(inside[best].mean()),
        test_mean=float(outside.mean()),
        returns=outside,
    )


def _plain(score: float) -> float:
    return score if isfinite(score) else -np.inf


def _drift(values: list[Any], grid: Sequence[Any]) -> Drift:
    places = [list(grid).index(value) for value in values]
    steps = np.abs(np.diff(places))
    if not steps.size:
        return Drift(tuple(values), 0.0, 0.0)
    reach = max(len(grid) - 1, 1)
    return Drift(tuple(values), float(np.mean(steps > 0)), float(np.mean(steps)) / reach)
