"""``rf backtest sweep``: many parameter sets, on every core, stopped and resumed at will."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np

from rf_backtest.sweep import (
    Axis,
    Trial,
    grid,
    judge_best,
    parse_axis,
    parse_rule,
    ranked,
    sample,
    surface,
    table_hash,
)
from rf_cli.backtest import pool
from rf_cli.backtest.flags import (
    DATA,
    RUN,
    WORK,
    DataFlags,
    Many,
    RunFlags,
    WorkFlags,
    spec_of,
)
from rf_cli.backtest.optuna_sweep import Search
from rf_cli.backtest.outcome import key_of, plain
from rf_cli.backtest.shared import shared
from rf_cli.backtest.sources import Loaded, load
from rf_cli.backtest.spec import RunSpec, read_spec, stamped, write_spec
from rf_cli.backtest.store import CONFIG, SUMMARY, SWEEP, Store, replace_json
from rf_cli.backtest.strategies import code_hash
from rf_cli.backtest.sweep_store import FILE, TrialStore
from rf_cli.backtest.sweep_text import sweep_text, write_heat_map
from rf_cli.backtest.telling import telling
from rf_cli.backtest.worker import BEST_IN, Job, Task, evaluate, forget
from rf_cli.context import Rf
from rf_cli.exits import Exit
from rf_cli.output import Answer, usage
from rf_common.errors import RfError

if TYPE_CHECKING:
    from rf_cli.backtest.pool import Stop

HEAT_MAP = "heatmap.html"
_BEST = 10
_UNITS_PER_JOB = 16
_LARGEST_UNIT = 8


class SweepSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sweep, complete."""

    run: RunSpec
    """What is run; its parameters are shared by all sets."""
    grid: tuple[str, ...]
    """Axes, as they were typed."""
    where: tuple[str, ...] = ()
    """Rules that every set meets."""
    count: int = 0
    """Sets drawn from the grid; 0 for all."""
    optuna: int = 0
    """Sets that Optuna chooses one after the other; 0 for a plain grid."""
    metric: str = "sharpe"
    """What the best is best in."""

    def axes(self) -> list[Axis]:
        """Return the axes."""
        return [parse_axis(text) for text in self.grid]

    def sets(self) -> tuple[dict[str, Any], ...]:
        """Return the parameter sets in order of their numbers."""
        rules = [parse_rule(text) for text in self.where]
        found = grid(self.axes(), fixed=self.run.parameters, rules=rules)
        if not self.count:
            return found
        return sample(found, self.count, np.random.default_rng(self.run.config.seed))

    def total(self) -> int:
        """Return how many sets are run."""
        sets = len(self.sets())
        return min(self.optuna, sets) if self.optuna else sets

    def rounds(self, known: Mapping[int, Trial]) -> Iterator[list[Job]]:
        """Yield what is to be run: all at once, or what Optuna makes of the trials so far.

        Parameters
        ----------
        known : mapping
            Finished trials by number; whoever runs a round adds its trials before the next one.
        """
        if self.optuna:
            rounds = Search(self).rounds(known)
        else:
            # All sets meet the same chance: a fair comparison, and the best can be run again.
            seed = self.run.config.seed
            rounds = iter([[Job(number, one, seed) for number, one in enumerate(self.sets())]])
        for jobs in rounds:
            missing = [job for job in jobs if job.number not in known]
            if missing:
                yield missing


def sweep(
    strategy: str | None = None,
    /,
    *,
    grid: Annotated[list[str] | None, Many] = None,
    where: Annotated[list[str] | None, Many] = None,
    count: int = 0,
    optuna: int = 0,
    metric: str = "sharpe",
    param: Annotated[list[str] | None, Many] = None,
    data: DataFlags = DATA,
    money: RunFlags = RUN,
    work: WorkFlags = WORK,
    resume: str | None = None,
    rf: Rf,
) -> Answer:
    """Run a strategy with every parameter set of a grid; Ctrl-C keeps what is finished.

    Exit code 0: it is complete; 7: there is no data; 130: it was stopped and can be resumed.

    Parameters
    ----------
    strategy
        Its name, or the path of its file.
    grid
        An axis such as fast=5:30:5 or mode=a,b; may be given several times.
    where
        A rule such as fast<slow; sets that break it are left out.
    count
        Draw so many sets from the grid instead of taking all.
    optuna
        Let Optuna choose so many sets of the grid by what it has seen; needs the extra sweep.
    metric
        What the best is best in, such as sharpe or total_return.
    param
        A parameter that all sets share.
    resume
        Go on with this sweep; nothing else but --jobs and --scheduler is to be given.
    """
    store = Store(rf.data_dir)
    workers = pool.workers(work.jobs)
    if resume is not None:
        told = (strategy, grid, where, count, optuna, param)
        if any(told) or data != DATA or money != RUN:
            raise usage("--resume: expected no other description of the sweep")
        folder, spec = resumed(store, resume)
    else:
        if strategy is None or not grid:
            raise usage(
                "expected a strategy and --grid",
                fix="rf backtest sweep momentum --grid period=10:50:10 --data FILE",
            )
        run = spec_of(strategy, param, data, money, rf=rf)
        spec = _checked(
            SweepSpec(
                run=run,
                grid=tuple(grid),
                where=tuple(where or ()),
                count=count,
                optuna=optuna,
                metric=metric,
            )
        )
        folder = begun(store, spec)
    return perform(folder, spec, rf, workers=workers, scheduler=work.scheduler)


def _checked(spec: SweepSpec) -> SweepSpec:
    if spec.metric not in BEST_IN:
        raise usage(f"--metric {spec.metric}: expected one of {', '.join(BEST_IN)}")
    if spec.count < 0:
        raise usage(f"--count {spec.count}: expected 0 or more")
    if spec.optuna < 0 or (spec.optuna and spec.count):
        raise usage(f"--optuna {spec.optuna}: expected 0 or more, and no --count beside it")
    if spec.optuna:
        pool.extra("optuna", f"--optuna {spec.optuna}", "sweep")
    try:
        spec.sets()
    except ValueError as error:
        raise usage(str(error)) from error
    return spec


def begun(store: Store, spec: SweepSpec) -> Path:
    """Return the folder of a new sweep."""
    folder = store.create(SWEEP)
    write_spec(folder / CONFIG, spec)
    return folder


def resumed(store: Store, name: str) -> tuple[Path, SweepSpec]:
    """Return folder and description of a sweep that was stopped.

    Raises
    ------
    RfError
        If the code has changed since: half of its table would be of another program.
    """
    folder = store.path(name, SWEEP)
    spec: SweepSpec = read_spec(folder, SweepSpec)
    if stamped(spec.run).code_hash != spec.run.code_hash:
        raise RfError(
            f"{folder.name} was begun with other code: {spec.run.code_hash[:12]}",
            code="RF-B-012",
            detail="a table that is half of one program and half of another compares nothing",
            fix="begin a new sweep",
            exit_code=Exit.FOUND,
        )
    return folder, spec


def perform(
    folder: Path, spec: SweepSpec, rf: Rf, *, workers: int, scheduler: str | None = None
) -> Answer:
    """Run what is missing of a sweep, keep every trial as it comes, and say what it found."""
    loaded = load(spec.run.data)
    total = spec.total()
    with TrialStore(folder / FILE) as kept, pool.interruptible() as stop:
        left = total - len(kept.numbers())
        if left > 0:
            with pool.executor(min(workers, left), scheduler) as executor:
                pool.same_code(executor, code_hash, spec.run.strategy, spec.run.code_hash)
                slots = pool.slots(executor, workers)
                plan = _Plan(spec, loaded, executor, slots, scheduler is None)
                _work(plan, left, kept, stop)
        trials = kept.trials()
    data = summary(folder, spec, trials, total=total, created=rf.now)
    replace_json(folder / SUMMARY, data)
    write_heat_map(folder / HEAT_MAP, spec.axes(), trials, spec.metric)
    code = Exit.OK if data["complete"] else Exit.INTERRUPTED
    return Answer("backtest.sweep", data, sweep_text, exit_code=code)


class _Plan(msgspec.Struct, frozen=True):
    """With what a sweep is worked off."""

    spec: SweepSpec
    loaded: Loaded
    executor: Any
    workers: int
    is_local: bool


def _work(plan: _Plan, left: int, kept: TrialStore, stop: Stop) -> None:
    """Work off round after round, and keep each unit as soon as it is back."""
    known = {trial.number: trial for trial in kept.trials()}
    before = len(known)
    best: Trial | None = None
    with ExitStack() as held:
        handles: tuple[Any, ...] = ()
        if plan.is_local and plan.workers > 1 and plan.loaded.is_bars:
            handles = held.enter_context(shared(plan.loaded.bars))
        held.callback(forget)
        tell = held.enter_context(telling("sweep", left))
        for jobs in plan.spec.rounds(known):
            for found in pool.finished(
                plan.executor,
                evaluate,
                _tasks(plan, handles, jobs),
                ahead=2 * plan.workers,
                stop=stop,
            ):
                kept.put(found)
                known.update((trial.number, trial) for trial in found)
                best = ranked([*found, *([best] if best else [])], plan.spec.metric)[0]
                tell(len(known) - before, _so_far(best, plan.spec.metric))
            if stop.asked:
                return


def _tasks(plan: _Plan, handles: tuple[Any, ...], jobs: list[Job]) -> Iterator[Task]:
    """Yield the units of work of a round."""
    unit = min(max(len(jobs) // (plan.workers * _UNITS_PER_JOB), 1), _LARGEST_UNIT)
    key = _key(plan.spec.run)
    for some in pool.batches(jobs, unit):
        yield Task(plan.spec.run, key, handles, tuple(some))


def _key(spec: RunSpec) -> str:
    return hashlib.sha256(msgspec.json.encode(spec)).hexdigest()


def _so_far(best: Trial, metric: str) -> str:
    value = best.metrics.get(metric)
    return "" if value is None else f"best {metric} {value:.3g} at {best.parameters}"


def summary(
    folder: Path, spec: SweepSpec, trials: Sequence[Trial], *, total: int, created: str
) -> dict[str, Any]:
    """Return what a sweep found so far."""
    order = ranked(trials, spec.metric)
    failed = [trial for trial in trials if trial.error]
    good = bool(order) and not order[0].error
    judged = judge_best(trials, order[0]) if good else None
    run = spec.run
    by = f"  optuna {spec.optuna}" if spec.optuna else ""
    return dict(
        plain(
            {
                "id": folder.name,
                "title": f"sweep {run.strategy.name}  {' '.join(spec.grid)}{by}",
                "created": created,
                "strategy": run.strategy.name,
                "key": key_of(run),
                "grid": spec.grid,
                "where": spec.where,
                "optuna": spec.optuna,
                "metric": spec.metric,
                "complete": len(trials) == total,
                "total": total,
                "trials": len(trials),
                "failed": len(failed),
                "errors": sorted({trial.error for trial in failed})[:_BEST],
                "best": [_row(trial) for trial in order[:_BEST]],
                "judged": judged,
                "ratios": [_ratio(trial) for trial in trials],
                "overfitting": _overfitting(trials),
                "surface": _surface(spec, trials),
                "table_hash": table_hash(trials),
                "code_hash": run.code_hash,
                "heat_map": str(folder / HEAT_MAP),
                "verdict": verdict_of(judged),
            }
        )
    )


def verdict_of(judged: Any) -> str:
    """Return one line: does the best set beat the luck of so many tries."""
    if judged is None or judged.deflated is None:
        return "no verdict: no trial whose returns vary"
    start = "" if judged.deflated >= 0.95 else "not "
    return (
        f"the best is {start}distinguishable from luck (probability that its Sharpe beats the "
        f"best of {judged.trials} useless sets: {judged.deflated:.2f}, asked 0.95)"
    )


def _row(trial: Trial) -> dict[str, Any]:
    return {
        "number": trial.number,
        "parameters": trial.parameters,
        "metrics": trial.metrics,
        "error": trial.error,
    }


def _ratio(trial: Trial) -> float | None:
    if trial.returns.size < 2 or not trial.returns.std() > 1e-15:
        return None
    return float(trial.returns.mean() / trial.returns.std(ddof=1))


def _overfitting(trials: Sequence[Trial]) -> dict[str, Any]:
    """Return the probability of overfitting, or why there is none."""
    from rf_backtest import probability_of_overfitting

    good = [trial.returns for trial in trials if not trial.error]
    sizes = {returns.size for returns in good}
    if len(good) < 2 or len(sizes) != 1:
        return {"pbo": None, "reason": "expected two or more trials of one length"}
    try:
        found = probability_of_overfitting(np.column_stack(good), blocks=10)
    except ValueError as error:
        return {"pbo": None, "reason": str(error)}
    return {"pbo": found.pbo, "prob_loss": found.prob_loss, "reason": ""}


def _surface(spec: SweepSpec, trials: Sequence[Trial]) -> dict[str, Any] | None:
    axes = spec.axes()
    if len(axes) < 2:
        return None
    found = surface(trials, axes[0], axes[1], spec.metric)
    return {"x": axes[0].name, "y": axes[1].name, **found._asdict()}
