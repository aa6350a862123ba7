"""The audit: eight layers, each passed or not, each with its number and what was asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np

from rf_backtest._checks import FloatArray
from rf_backtest.validation import layers
from rf_backtest.validation._types import Mapper, combinations_of, trial_returns
from rf_backtest.validation.combinatorial import purged_paths
from rf_backtest.validation.futures import monte_carlo
from rf_backtest.validation.layers import LAYERS, Layer, unavailable
from rf_backtest.validation.measures import Measures, measure, trade_returns, verdict
from rf_backtest.validation.robustness import (
    capacity,
    consistency,
    cost_grid,
    reproducibility,
)
from rf_backtest.validation.subject import Plan, Subject
from rf_backtest.validation.trials import overfit_report, sharpe_of_columns
from rf_backtest.validation.walking import optimise_forward

_ORDER = ("walk_forward", "overfit", *(n for n in LAYERS if n not in {"walk_forward", "overfit"}))
"""The metrics need what the walk-forward and the trials found."""

LayerProgress = Callable[[str, int, int], None]
"""Called with the name of a layer, how much of it is done, and how much there is."""


@dataclass(frozen=True, slots=True)
class AuditReport:
    """The layers in their order, and what they were made of.

    `details` holds the full results of the layers that were computed now, by name, for reports.
    """

    layers: tuple[Layer, ...]
    verdict: str
    measures: Measures | None
    details: dict[str, Any]

    @property
    def passed(self) -> bool:
        """Whether every layer passed."""
        return all(layer.passed for layer in self.layers)

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the layers that did not pass."""
        return tuple(layer.name for layer in self.layers if not layer.passed)


def audit(
    subject: Subject,
    plan: Plan | None = None,
    *,
    mapper: Mapper = map,
    done: Mapping[str, Layer] | None = None,
    on_layer: Callable[[Layer], None] | None = None,
    progress: LayerProgress | None = None,
) -> AuditReport:
    """Put a strategy through the eight layers.

    Parameters
    ----------
    subject : Subject
        What is audited, and how it is run again.
    plan : Plan, optional
        Seeds, sizes and limits. The same plan gives the same report.
    mapper : callable
        `map`, the `map` of an executor, or one that remembers (`remember`): then single runs
        survive an interruption, not only layers.
    done : mapping of name to Layer, optional
        Layers of an audit that was interrupted; they are not computed again.
    on_layer : callable, optional
        Called with each layer as soon as it is there.
    progress : callable, optional
        See `LayerProgress`.

    Notes
    -----
    A layer that cannot be computed says why and has not passed. A `ValueError` of a run is such
    a reason.
    """
    work = _Work(subject, plan or Plan(), mapper, progress)
    found: dict[str, Layer] = dict(done or {})
    for name in _ORDER:
        if name in found:
            continue
        found[name] = work.layer(name, found)
        if on_layer is not None:
            on_layer(found[name])
    measures, told = work.measures, ""
    if measures is None:
        measures, told = _measured(subject, found)
    return AuditReport(
        layers=tuple(found[name] for name in LAYERS),
        verdict=told if measures is None else verdict(measures),
        measures=measures,
        details=work.details,
    )


def _measured(subject: Subject, found: Mapping[str, Layer]) -> tuple[Measures | None, str]:
    """Measure with what the walk-forward and the trials found; or say why that cannot be."""
    trials = found["overfit"].numbers
    walk = found["walk_forward"].numbers
    try:
        told = measure(
            subject.result,
            trials=int(trials.get("trials", _count(subject))),
            trial_variance=trials.get("trial_variance"),
            benchmark=subject.benchmark,
            generalisation=walk.get("generalisation", nan),
        )
    except ValueError as error:
        return None, f"no verdict: {error}"
    return told, ""


def _count(subject: Subject) -> int:
    if subject.trials is not None:
        return int(subject.trials.shape[1])
    return len(combinations_of(subject.grid)) if subject.grid else 1


class _Work:
    """Computes layers one by one and keeps what two of them need."""

    def __init__(
        self, subject: Subject, plan: Plan, mapper: Mapper, progress: LayerProgress | None
    ) -> None:
        self.subject, self.plan, self.mapper, self._progress = subject, plan, mapper, progress
        self.details: dict[str, Any] = {}
        self.measures: Measures | None = None
        self._table: FloatArray | None = subject.trials

    def layer(self, name: str, found: Mapping[str, Layer]) -> Layer:
        """Compute one layer, or say why not."""
        try:
            if name == "metrics":
                return self._metrics(found)
            return {
                "walk_forward": self._walk,
                "overfit": self._overfit,
                "monte_carlo": self._futures,
                "robustness": self._costs,
                "consistency": self._consistency,
                "capacity": self._capacity,
                "reproducibility": self._again,
            }[name]()
        except ValueError as error:
            return unavailable(name, str(error))

    def _tell(self, name: str) -> Callable[[int, int], None]:
        def tell(done: int, total: int) -> None:
            if self._progress is not None:
                self._progress(name, done, total)

        return tell

    def _rng(self, name: str) -> np.random.Generator:
        # One stream per layer, so that an interruption changes no draw.
        return np.random.default_rng([self.plan.seed, LAYERS.index(name)])

    def _keep(self, name: str, told: Any) -> Any:
        self.details[name] = told
        return told

    def _trials(self, name: str) -> FloatArray | None:
        subject = self.subject
        if self._table is None and subject.runner is not None and subject.grid:
            self._table = trial_returns(
                subject.runner,
                combinations_of(subject.grid),
                subject.rows,
                mapper=self.mapper,
                progress=self._tell(name),
            )
        return self._table

    def _metrics(self, found: Mapping[str, Layer]) -> Layer:
        self.measures, reason = _measured(self.subject, found)
        if self.measures is None:
            return unavailable("metrics", reason)
        return layers.metrics_layer(self._keep("metrics", self.measures))

    def _walk(self) -> Layer:
        subject, plan = self.subject, self.plan
        if subject.runner is None or not subject.grid:
            return unavailable("walk_forward", "no runner and grid of parameters were given")
        walk = optimise_forward(
            subject.runner,
            subject.grid,
            subject.rows,
            folds=plan.folds,
            mode="rolling" if plan.rolling else "anchored",
            purge=plan.purge,
            embargo=plan.embargo,
            mapper=self.mapper,
            progress=self._tell("walk_forward"),
        )
        table, paths = self._trials("walk_forward"), None
        periods = subject.result.periods_per_year
        if table is not None and table.shape[1] > 1:
            paths = purged_paths(
                table,
                groups=plan.groups,
                tested=plan.tested,
                purge=plan.purge,
                embargo=plan.embargo,
                periods=periods,
            )
            self.details["paths"] = paths
        return layers.walk_layer(self._keep("walk_forward", walk), paths, periods, plan.limits)

    def _overfit(self) -> Layer:
        table = self._trials("overfit")
        if table is None:
            return unavailable("overfit", "neither trials nor a runner and a grid were given")
        if table.shape[1] < 2:
            return unavailable("overfit", "there was one trial only: nothing was chosen")
        told = overfit_report(
            table,
            rng=self._rng("overfit"),
            periods=self.subject.result.periods_per_year,
            blocks=self.plan.blocks,
            samples=self.plan.samples,
            progress=self._tell("overfit"),
        )
        ratios = sharpe_of_columns(table)
        spread = float(np.nanvar(ratios, ddof=1)) if np.isfinite(ratios).sum() > 1 else 0.0
        return layers.overfit_layer(self._keep("overfit", told), spread, self.plan.limits)

    def _futures(self) -> Layer:
        rng, count = self._rng("monte_carlo"), self.plan.simulations
        told = []
        rows = (
            ("returns", self.subject.result.returns()),
            ("trades", trade_returns(self.subject.result)),
        )
        for place, (of, results) in enumerate(rows, 1):
            told.append(monte_carlo(results, rng=rng, simulations=count, of=of))
            self._tell("monte_carlo")(place, len(rows))
        self.details["monte_carlo"] = tuple(told)
        return layers.monte_carlo_layer(told[0], told[1], self.plan.limits)

    def _costs(self) -> Layer:
        if self.subject.with_costs is None:
            return unavailable("robustness", "no way to run with other costs was given")
        told = cost_grid(
            self.subject.with_costs, pairs=self.plan.cost_pairs, progress=self._tell("robustness")
        )
        return layers.robustness_layer(self._keep("robustness", told), self.plan.limits)

    def _consistency(self) -> Layer:
        if self.subject.at_close is None:
            return unavailable("consistency", "no way to run with fills at the close was given")
        told = consistency(self.subject.result, self.subject.at_close())
        self.details["consistency"] = told
        return layers.consistency_layer(told, self.subject.bias, self.plan.limits)

    def _capacity(self) -> Layer:
        if self.subject.with_capital is None:
            return unavailable("capacity", "no way to run with another capital was given")
        told = capacity(
            self.subject.with_capital, capitals=self.plan.capitals, progress=self._tell("capacity")
        )
        start = float(self.subject.result.equity[0])
        return layers.capacity_layer(self._keep("capacity", told), start)

    def _again(self) -> Layer:
        if self.subject.again is None:
            return unavailable("reproducibility", "no way to run again was given")
        told = reproducibility(
            self.subject.again, first=self.subject.result, code=self.subject.code
        )
        return layers.reproducibility_layer(self._keep("reproducibility", told))
