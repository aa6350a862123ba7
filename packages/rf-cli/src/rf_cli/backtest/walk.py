"""``rf backtest walk``: fit inside, test outside, and show what the parameters did."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import msgspec
import numpy as np

from rf_backtest.sweep import parse_axis
from rf_cli.backtest import pool
from rf_cli.backtest.flags import (
    DATA,
    FOLDS,
    RUN,
    WORK,
    DataFlags,
    FoldFlags,
    Many,
    RunFlags,
    WorkFlags,
    spec_of,
)
from rf_cli.backtest.outcome import key_of, plain
from rf_cli.backtest.shared import SharedBars, shared
from rf_cli.backtest.simulate import FloatArray, Simulation
from rf_cli.backtest.sources import Loaded, load
from rf_cli.backtest.spec import RunSpec, read_spec, stamped, write_spec
from rf_cli.backtest.store import CONFIG, SUMMARY, WALK, Store, damaged, replace_json
from rf_cli.backtest.telling import telling
from rf_cli.backtest.worker import Task, forget, simulation_of
from rf_cli.backtest_block import decimal, pct
from rf_cli.context import Rf
from rf_cli.exits import Exit
from rf_cli.output import Answer, usage
from rf_common.clock import UnixNanos, to_iso
from rf_common.errors import RfError

if TYPE_CHECKING:
    from rf_backtest.validation import WalkForward

MEMO = "runs.sqlite"
_GENERALISES = 0.183
"""Smallest mean return outside over mean return inside that passes."""


class WalkSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A walk-forward, complete."""

    run: RunSpec
    """What is run."""
    grid: tuple[str, ...]
    """Axes that are fitted in each fold."""
    folds: int = 5
    """Tests, end to end."""
    mode: str = "anchored"
    """anchored or rolling."""
    purge: int = 0
    """Rows left out between fit and test."""
    embargo: int = 0
    """Further rows left out."""
    warm_up: int = 250
    """Rows before a window that the strategy sees and that do not count."""


class Rows(NamedTuple):
    """A runner that any process can call: parameters, first and end row."""

    spec: RunSpec
    key: str
    handles: tuple[SharedBars, ...]
    warm_up: int

    def __call__(self, job: tuple[Mapping[str, Any], int, int]) -> tuple[str, FloatArray]:
        """Return the job's name and the returns of its rows."""
        parameters, start, end = job
        simulation = simulation_of(Task(self.spec, self.key, self.handles, ()))
        found = simulation.returns(
            {**self.spec.parameters, **parameters}, start, end, warm_up=self.warm_up
        )
        return name_of(parameters, start, end), found


def name_of(parameters: Mapping[str, Any], start: int, end: int) -> str:
    """Return what tells one run of rows from another."""
    return f"{start}:{end}:{json.dumps(dict(parameters), sort_keys=True)}"


class Memo:
    """Returns of runs that are finished, in SQLite."""

    def __init__(self, path: Path) -> None:
        try:
            self._db = sqlite3.connect(path)
            self._db.execute("create table if not exists runs (name text primary key, r blob)")
            rows = self._db.execute("select name, r from runs").fetchall()
        except sqlite3.Error as error:
            raise damaged(path, error) from error
        self.found = {name: np.frombuffer(told, dtype="<f8") for name, told in rows}

    def put(self, name: str, returns: FloatArray) -> None:
        """Keep a run; it is on disk when this returns."""
        blob = np.ascontiguousarray(returns, dtype="<f8").tobytes()
        with self._db:
            self._db.execute("insert or ignore into runs values (?, ?)", (name, blob))
        self.found[name] = np.frombuffer(blob, dtype="<f8")

    def close(self) -> None:
        """Close the file."""
        self._db.close()


class Stopped(Exception):  # no error: somebody asked for it
    """An end was asked for."""


def walk(
    strategy: str | None = None,
    /,
    *,
    grid: Annotated[list[str] | None, Many] = None,
    windows: FoldFlags = FOLDS,
    param: Annotated[list[str] | None, Many] = None,
    data: DataFlags = DATA,
    money: RunFlags = RUN,
    work: WorkFlags = WORK,
    resume: str | None = None,
    rf: Rf,
) -> Answer:
    """Fit a grid in each fold, test the best one on what came next; Ctrl-C keeps what is done.

    Exit code 0: it holds outside the fits; 8: it does not; 130: stopped, and can be resumed.

    Parameters
    ----------
    strategy
        Its name, or the path of its file.
    grid
        An axis such as period=10:50:10; may be given several times.
    param
        A parameter that is not fitted.
    resume
        Go on with this walk.
    """
    store = Store(rf.data_dir)
    if resume is not None:
        if strategy or grid or param or data != DATA or money != RUN:
            raise usage("--resume: expected no other description of the walk")
        folder, spec = _resumed(store, resume)
    else:
        if strategy is None or not grid:
            raise usage(
                "expected a strategy and --grid",
                fix="rf backtest walk momentum --grid period=10:50:10 --data FILE",
            )
        run = spec_of(strategy, param, data, money, rf=rf)
        spec = _checked(
            WalkSpec(
                run=run,
                grid=tuple(grid),
                folds=windows.folds,
                mode=windows.mode,
                purge=windows.purge,
                embargo=windows.embargo,
                warm_up=windows.warm_up,
            )
        )
        folder = store.create(WALK)
        write_spec(folder / CONFIG, spec)
    return _perform(folder, spec, rf, (pool.workers(work.jobs), work.scheduler))


def _checked(spec: WalkSpec) -> WalkSpec:
    if spec.run.data.kind != "bars":
        raise usage("a walk-forward needs bars: pass --data")
    if spec.warm_up < 0 or spec.folds < 1:
        raise usage(f"expected --warm-up >= 0 and --folds >= 1, was {spec.warm_up}, {spec.folds}")
    try:
        axes_of(spec.grid)
    except ValueError as error:
        raise usage(str(error)) from error
    return spec


def axes_of(texts: Iterable[str]) -> dict[str, tuple[Any, ...]]:
    """Return the values of every axis by name."""
    axes = [parse_axis(text) for text in texts]
    found = {axis.name: axis.values for axis in axes}
    if len(found) != len(axes):
        raise ValueError("a parameter of the grid is given twice")
    return found


def _resumed(store: Store, name: str) -> tuple[Path, WalkSpec]:
    folder = store.path(name, WALK)
    spec: WalkSpec = read_spec(folder, WalkSpec)
    if stamped(spec.run).code_hash != spec.run.code_hash:
        raise RfError(
            f"{folder.name} was begun with other code",
            code="RF-B-012",
            detail="folds of two programs compare nothing",
            fix="begin a new walk",
            exit_code=Exit.FOUND,
        )
    return folder, spec


def fitted(spec: WalkSpec, rows: int, how: tuple[Any, Any]) -> WalkForward:
    """Return the walk-forward over `rows` rows; `how` is a runner and a mapper."""
    from rf_backtest.validation import optimise_forward

    mode: Any = spec.mode
    return optimise_forward(
        how[0],
        axes_of(spec.grid),
        rows,
        folds=spec.folds,
        mode=mode,
        purge=spec.purge,
        embargo=spec.embargo,
        mapper=how[1],
    )


def _perform(folder: Path, spec: WalkSpec, rf: Rf, how: tuple[int, str | None]) -> Answer:
    loaded = load(spec.run.data)
    simulation = Simulation(spec.run, loaded)
    memo = Memo(folder / MEMO)
    try:
        with worked(spec.run, loaded, how, memo, spec.warm_up) as hands:
            found = fitted(spec, simulation.rows, hands)
    except Stopped:
        return _stopped(folder, spec, memo, rf)
    except ValueError as error:
        raise usage(f"walk: {error}") from error
    finally:
        memo.close()
    data = summary(folder, spec, found, simulation, created=rf.now)
    replace_json(folder / SUMMARY, data)
    return Answer("backtest.walk", data, _text, exit_code=Exit.OK if data["holds"] else Exit.FOUND)


@contextmanager
def worked(
    spec: RunSpec, loaded: Loaded, how: tuple[int, str | None], memo: Memo, warm_up: int
) -> Iterator[tuple[Any, Any]]:
    """Give a runner, and a mapper over an executor that remembers what is finished."""
    workers, scheduler = how
    with ExitStack() as held:
        stop = held.enter_context(pool.interruptible())
        handles: tuple[SharedBars, ...] = ()
        if workers > 1 and scheduler is None:
            handles = held.enter_context(shared(loaded.bars))
        held.callback(forget)
        executor = held.enter_context(pool.executor(workers, scheduler))
        key = hashlib.sha256(msgspec.json.encode(spec)).hexdigest()
        runner = Rows(spec, key, handles, warm_up)
        yield runner, _mapper(runner, (executor, 2 * workers, stop), memo)


def _mapper(runner: Rows, how: tuple[Any, int, pool.Stop], memo: Memo) -> Callable[..., Any]:
    executor, ahead, stop = how
    work: Callable[[Any], Any] = runner.__call__

    def mapper(_: Callable[..., Any], *columns: Iterable[Any]) -> Iterator[FloatArray]:
        jobs = list(zip(*columns, strict=True))
        names = [name_of(*job) for job in jobs]
        todo = [job for job, name in zip(jobs, names, strict=True) if name not in memo.found]
        with telling("walk", len(jobs), done=len(jobs) - len(todo)) as tell:
            done = len(jobs) - len(todo)
            for name, returns in pool.finished(executor, work, todo, ahead=ahead, stop=stop):
                memo.put(name, returns)
                done += 1
                tell(done, "")
        if any(name not in memo.found for name in names):
            raise Stopped
        yield from (memo.found[name] for name in names)

    return mapper


def _stopped(folder: Path, spec: WalkSpec, memo: Memo, rf: Rf) -> Answer:
    data = {
        "id": folder.name,
        "title": f"walk {spec.run.strategy.name}  {' '.join(spec.grid)}",
        "created": rf.now,
        "complete": False,
        "runs": len(memo.found),
        "verdict": "stopped",
    }
    replace_json(folder / SUMMARY, data)
    return Answer("backtest.walk", data, _text, exit_code=Exit.INTERRUPTED)


def summary(
    folder: Path, spec: WalkSpec, found: WalkForward, simulation: Simulation, *, created: str
) -> dict[str, Any]:
    """Return what a walk-forward found."""
    from rf_backtest import performance

    years = float(simulation.loaded.bars[0].periods_per_year)
    outside = performance(found.returns, periods=years)
    holds = found.generalisation >= _GENERALISES and float(found.returns.mean()) > 0.0
    rows = [
        {
            "from": _time(simulation, fold.window.test_start),
            "to": _time(simulation, fold.window.test_end - 1),
            "parameters": fold.parameters,
            "inside": fold.train_score,
            "outside": fold.test_score,
            "return": float(np.prod(1.0 + fold.returns) - 1.0),
        }
        for fold in found.folds
    ]
    told = {
        "id": folder.name,
        "title": f"walk {spec.run.strategy.name}  {' '.join(spec.grid)}",
        "created": created,
        "strategy": spec.run.strategy.name,
        "key": key_of(spec.run),
        "complete": True,
        "holds": holds,
        "trials": found.trials,
        "folds": rows,
        "drift": found.drift,
        "generalisation": found.generalisation,
        "profitable": found.profitable,
        "metrics": {
            "total_return": outside.total_return,
            "sharpe": outside.sharpe,
            "sharpe_error": outside.sharpe_error,
            "max_drawdown": -outside.drawdown.depth,
        },
        "returns_hash": hashlib.sha256(found.returns.astype("<f8").tobytes()).hexdigest(),
        "verdict": _verdict(holds, found.generalisation),
    }
    return dict(plain(told))


def _time(simulation: Simulation, row: int) -> str:
    return to_iso(UnixNanos(int(simulation.times[row])))[:10]


def _verdict(holds: bool, generalisation: float) -> str:
    told = (
        "n/a, the fits earned nothing"
        if generalisation != generalisation
        else f"{generalisation:.2f}"
    )
    return (
        f"it {'holds' if holds else 'does not hold'} outside the fits (mean return outside over "
        f"inside: {told}, asked {_GENERALISES})"
    )


def _text(data: Any) -> str:
    if not data["complete"]:
        return (
            f"{data['id']}   STOPPED   {data['runs']} runs are kept\n"
            f"next      rf backtest walk --resume {data['id']}"
        )
    lines = [
        f"{data['id']}   {data['strategy']}   {len(data['folds'])} folds, "
        f"{data['trials']} sets in each",
        "",
        f"{'test':<26}{'sharpe in':>10}{'out':>8}{'return':>9}   parameters",
    ]
    for row in data["folds"]:
        chosen = " ".join(f"{name}={value}" for name, value in row["parameters"].items())
        lines.append(
            f"{row['from']} to {row['to']:<12}{decimal(row['inside']):>10}"
            f"{decimal(row['outside']):>8}{pct(row['return']):>9}   {chosen}"
        )
    lines.append("")
    for name, drift in data["drift"].items():
        lines.append(
            f"drift     {name} changed in {drift['changed']:.0%} of the steps, by "
            f"{drift['moved']:.0%} of its range on average"
        )
    found = data["metrics"]
    lines += [
        f"outside   return {pct(found['total_return'])}   sharpe {decimal(found['sharpe'])}   "
        f"max drawdown {pct(-(found['max_drawdown'] or 0.0))}   "
        f"{data['profitable']:.0%} of the folds earned",
        f"verdict   {data['verdict']}",
    ]
    return "\n".join(lines)
