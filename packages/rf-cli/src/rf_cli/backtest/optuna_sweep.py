"""Which parameter sets to try next, by Optuna: the same seed asks for the same sets."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from rf_backtest.sweep import Axis, Trial
from rf_cli.backtest import pool
from rf_cli.backtest.worker import Job
from rf_cli.exits import Exit
from rf_common.errors import RfError

if TYPE_CHECKING:
    from rf_cli.backtest.spec import RunSpec

BATCH = 4
"""Sets that are asked for together, whatever the number of workers: the table depends on it."""

_TRIES = 20
"""Proposals that may be of no use before a set is drawn from those that are left."""

Place = tuple[int, ...]
"""A set of the grid: the position of its value on each axis."""


class Asked(Protocol):
    """What a search has to know; a sweep's description has it."""

    @property
    def run(self) -> RunSpec:
        """What is run, and the seed."""

    @property
    def optuna(self) -> int:
        """Sets to try."""

    @property
    def metric(self) -> str:
        """What more is better of."""

    def axes(self) -> list[Axis]:
        """Return the axes."""

    def sets(self) -> tuple[dict[str, Any], ...]:
        """Return every set that may be tried."""


class Search:
    """A search of a grid by Optuna's tree-structured Parzen estimator.

    Sets are asked for in batches of `BATCH`, and told in order of number when the whole batch is
    finished. No set is tried twice: a proposal that was tried, or that breaks a rule, is no trial.

    Parameters
    ----------
    asked : Asked
        Grid, seed, metric and number of trials.

    References
    ----------
    Bergstra, Bardenet, Bengio and Kegl (2011), section 4.
    """

    def __init__(self, asked: Asked) -> None:
        self._optuna = pool.extra("optuna", f"--optuna {asked.optuna}", "sweep")
        self._asked = asked
        self._axes = [_ordered(axis) for axis in asked.axes()]
        self._left = {_place(self._axes, one): one for one in asked.sets()}
        self._tried: set[Place] = set()
        self._worst = math.nan
        seed = asked.run.config.seed
        self._rng = np.random.default_rng(seed)
        self._optuna.logging.set_verbosity(self._optuna.logging.WARNING)
        sampler = self._optuna.samplers.TPESampler(
            seed=seed % 2**32, n_startup_trials=10, constant_liar=True
        )
        self._study = self._optuna.create_study(direction="maximize", sampler=sampler)

    def rounds(self, known: Mapping[int, Trial]) -> Iterator[list[Job]]:
        """Yield batch after batch; `known` has the trials of a batch before the next is asked for.

        Raises
        ------
        RfError
            If a known trial is of another set than the one that is asked for.
        """
        total = min(self._asked.optuna, len(self._left))
        for first in range(0, total, BATCH):
            count = min(BATCH, total - first)
            batch = [self._next(number) for number in range(first, first + count)]
            yield [job for job, _ in batch]
            for job, proposal in batch:
                self._tell(job, proposal, known[job.number])

    def _next(self, number: int) -> tuple[Job, Any]:
        """Return the next set that was not tried, and Optuna's name for it."""
        for _ in range(_TRIES):
            proposal, place = self._propose()
            if place in self._left:
                break
            # It learns to keep the rules: a set that breaks one is as bad as the worst so far.
            self._value(proposal, math.nan if place in self._tried else self._worst)
        else:
            proposal, place = self._draw()
        self._tried.add(place)
        return Job(number, self._left.pop(place), self._asked.run.config.seed), proposal

    def _propose(self) -> tuple[Any, Place]:
        proposal = self._study.ask()
        return proposal, tuple(_suggested(proposal, axis) for axis in self._axes)

    def _draw(self) -> tuple[Any, Place]:
        """Return a set of those that are left, by chance."""
        place = list(self._left)[int(self._rng.integers(len(self._left)))]
        names = (axis.name for axis in self._axes)
        self._study.enqueue_trial(dict(zip(names, place, strict=True)))
        return self._propose()

    def _tell(self, job: Job, proposal: Any, trial: Trial) -> None:
        if trial.parameters != job.parameters:
            raise RfError(
                f"trial {job.number} was {trial.parameters}, is now {job.parameters}",
                code="RF-B-012",
                detail="the sweep was begun with another version of optuna",
                fix="begin a new sweep",
                exit_code=Exit.FOUND,
            )
        value = math.nan if trial.error else trial.metrics.get(self._asked.metric, math.nan)
        self._worst = float(np.fmin(self._worst, value))
        self._value(proposal, value)

    def _value(self, proposal: Any, value: float) -> None:
        """Tell Optuna what a proposal gave; NaN for nothing."""
        if math.isfinite(value):
            self._study.tell(proposal, value)
        else:
            self._study.tell(proposal, state=self._optuna.trial.TrialState.FAIL)


def _ordered(axis: Axis) -> Axis:
    """Return the axis with numbers in order of size; other values stay as they are."""
    return Axis(axis.name, tuple(sorted(axis.values))) if _is_numeric(axis) else axis


def _is_numeric(axis: Axis) -> bool:
    return all(isinstance(one, int | float) and not isinstance(one, bool) for one in axis.values)


def _place(axes: Sequence[Axis], parameters: Mapping[str, Any]) -> Place:
    # By the text of a value: 1, 1.0 and True are equal and three values all the same.
    return tuple(list(map(repr, axis.values)).index(repr(parameters[axis.name])) for axis in axes)


def _suggested(proposal: Any, axis: Axis) -> int:
    """Return a position on an axis: near ones are alike where values are numbers."""
    last = len(axis.values) - 1
    if _is_numeric(axis):
        return int(proposal.suggest_int(axis.name, 0, last))
    return int(proposal.suggest_categorical(axis.name, tuple(range(last + 1))))
