"""The newest sweep and walk of the same strategy, data and settings, for the page of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from rf_backtest.sweep import ranked, surface
from rf_cli.backtest.simulate import FloatArray, Simulation
from rf_cli.backtest.spec import RunSpec, read_spec
from rf_cli.backtest.store import SWEEP, WALK, Store
from rf_cli.backtest.sweep import SweepSpec
from rf_cli.backtest.sweep_store import FILE, TrialStore
from rf_cli.backtest.walk import MEMO, Memo, Rows, WalkSpec, fitted, name_of
from rf_cli.backtest_report import SweepSurface
from rf_common.errors import DataError

if TYPE_CHECKING:
    from rf_backtest.validation import WalkForward


def figures(store: Store, simulation: Simulation) -> dict[str, Any]:
    """Return what earlier work adds to a run's page, by the names that `write_report` takes."""
    spec = simulation.spec
    found = {"sweep": _swept(store, spec), "folds": _walked(store, simulation)}
    return {name: value for name, value in found.items() if value is not None}


def _newest(store: Store, spec: RunSpec, kind: str, form: type[Any]) -> tuple[Path, Any] | None:
    for name in reversed(store.ids(kind)):
        try:
            found = read_spec(store.path(name, kind), form)
            complete = store.summary(name, kind).get("complete")
        except DataError:
            continue
        if complete and _is_same(found.run, spec):
            return store.path(name, kind), found
    return None


def _is_same(one: RunSpec, other: RunSpec) -> bool:
    """Return whether two runs differ in parameters and name only."""
    names = [msgspec.structs.replace(spec.config, name="") for spec in (one, other)]
    return (one.strategy, one.data) == (other.strategy, other.data) and names[0] == names[1]


def _swept(store: Store, spec: RunSpec) -> SweepSurface | None:
    newest = _newest(store, spec, SWEEP, SweepSpec)
    if newest is None:
        return None
    folder, found = newest
    with TrialStore(folder / FILE) as kept:
        trials = kept.trials()
    axes = found.axes()
    x = axes[0]
    z: Any
    if len(axes) > 1:
        y = axes[1]
        names, rows, z = y.name, y.values, surface(trials, x, y, found.metric).z
    else:
        best = {one.parameters[x.name]: one for one in reversed(ranked(trials, found.metric))}
        told = [
            best[value].metrics.get(found.metric) if value in best else None for value in x.values
        ]
        names, rows, z = "", (), [[float("nan") if one is None else one for one in told]]
    return SweepSurface(
        x.name, x.values, names, rows, z, found.metric, spec.parameters, len(trials)
    )


def _walked(store: Store, simulation: Simulation) -> WalkForward | None:
    newest = _newest(store, simulation.spec, WALK, WalkSpec)
    if newest is None or not simulation.loaded.is_bars:
        return None
    folder, found = newest
    memo = Memo(folder / MEMO)
    try:
        runner = Rows(found.run, "", (), found.warm_up)
        return fitted(found, simulation.rows, (runner, _remembering(memo)))
    except (KeyError, ValueError):  # a walk of which runs are missing is no figure
        return None
    finally:
        memo.close()


def _remembering(memo: Memo) -> Callable[..., Any]:
    def mapper(_: Callable[..., Any], *columns: Iterable[Any]) -> Iterator[FloatArray]:
        for parameters, start, end in zip(*columns, strict=True):
            yield memo.found[name_of(parameters, start, end)]

    return mapper
