"""What the tests of a strategy are built on: a runner, a grid of parameters, progress."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from rf_backtest._checks import FloatArray, series

Parameters = Mapping[str, Any]
Grid = Mapping[str, Sequence[Any]]
Runner = Callable[[Parameters, int, int], FloatArray]
"""Called with parameters, first row and end row; gives the returns of those rows."""
Progress = Callable[[int, int], None]
"""Called with how much is done and how much there is."""
Memo = MutableMapping[str, list[float]]


Mapper = Callable[..., Iterable[Any]]
"""The built-in `map`, or the `map` of a `concurrent.futures.Executor`."""


def combinations_of(grid: Grid) -> list[dict[str, Any]]:
    """Return every combination of a grid, the last name turning fastest.

    Raises
    ------
    ValueError
        If a name has no values.

    Examples
    --------
    >>> combinations_of({"fast": [5, 10], "slow": [20]})
    [{'fast': 5, 'slow': 20}, {'fast': 10, 'slow': 20}]
    """
    for name, values in grid.items():
        if not values:
            raise ValueError(f"expected values of {name}, was none")
    return [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]


def remember(memo: Memo, mapper: Mapper = map) -> Mapper:
    """Return a mapper that looks each run up in `memo` first and stores there what it ran.

    Keep the memo, and work that was interrupted goes on where it stopped. A memo belongs to one
    strategy and one set of data; its keys are the rows and the parameters.

    Examples
    --------
    >>> memo = {}
    >>> runs = remember(memo)(lambda parameters, start, end: [0.0] * (end - start), [{}], [0], [2])
    >>> list(runs), memo
    ([[0.0, 0.0]], {'0:2:{}': [0.0, 0.0]})
    """

    def remembered(
        runner: Runner, parameters: Iterable[Parameters], starts: Iterable[int], ends: Iterable[int]
    ) -> Iterator[list[float]]:
        jobs = {_key(*job): job for job in zip(parameters, starts, ends, strict=True)}
        missing = [job for key, job in jobs.items() if key not in memo]
        fresh = iter(mapper(runner, *([job[place] for job in missing] for place in range(3))))
        for key in jobs:
            if key not in memo:
                memo[key] = [float(value) for value in next(fresh)]
            yield memo[key]

    return remembered


def _key(parameters: Parameters, start: int, end: int) -> str:
    return f"{start}:{end}:{json.dumps(dict(parameters), sort_keys=True, default=str)}"


def run_all(
    runner: Runner,
    jobs: Sequence[tuple[Parameters, int, int]],
    *,
    mapper: Mapper = map,
    progress: Progress | None = None,
) -> Iterator[FloatArray]:
    """Run jobs, in order, and check what comes back: one finite return for each row.

    Raises
    ------
    ValueError
        If a runner gives another number of returns than rows were asked for.
    """
    columns: list[Iterable[Any]] = [[job[place] for job in jobs] for place in range(3)]
    for done, (job, found) in enumerate(zip(jobs, mapper(runner, *columns), strict=True), 1):
        returns = series(found)
        if returns.size != job[2] - job[1]:
            raise ValueError(
                f"expected {job[2] - job[1]} returns of rows {job[1]} to {job[2]}, "
                f"was {returns.size}"
            )
        if progress is not None:
            progress(done, len(jobs))
        yield returns


def trial_returns(
    runner: Runner,
    parameters: Sequence[Parameters],
    n: int,
    *,
    mapper: Mapper = map,
    progress: Progress | None = None,
) -> FloatArray:
    """Return the (n, trials) table of what every parameter set earned over all rows.

    Raises
    ------
    ValueError
        If there is no parameter set, or a run is not `n` returns long.
    """
    if not parameters:
        raise ValueError("expected at least one parameter set, was none")
    jobs = [(chosen, 0, n) for chosen in parameters]
    return np.column_stack(list(run_all(runner, jobs, mapper=mapper, progress=progress)))
