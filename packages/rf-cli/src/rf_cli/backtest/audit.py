"""``rf backtest audit``: eight layers of doubt, each with its number, and one verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np

from rf_backtest.config import BacktestConfig
from rf_backtest.data import Bars
from rf_cli.backtest import bias_check, pool
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
from rf_cli.backtest.outcome import judge, plain
from rf_cli.backtest.run import interrupted
from rf_cli.backtest.simulate import Simulation
from rf_cli.backtest.sources import load
from rf_cli.backtest.telling import telling
from rf_cli.backtest.walk import Memo, Stopped, axes_of, worked
from rf_cli.context import Rf
from rf_cli.exits import Exit
from rf_cli.output import Answer, usage

_BIAS_SAMPLE = 20
_IMPACT_ETA = 0.25
"""Square-root impact of the capacity layer where the run has none."""


def audit(
    strategy: str,
    /,
    *,
    grid: Annotated[list[str] | None, Many] = None,
    windows: FoldFlags = FOLDS,
    samples: int = 2_000,
    simulations: int = 5_000,
    param: Annotated[list[str] | None, Many] = None,
    data: DataFlags = DATA,
    money: RunFlags = RUN,
    work: WorkFlags = WORK,
    rf: Rf,
) -> Answer:
    """Put a strategy through eight layers and print pass or fail of each with its number.

    A layer that cannot be computed says why and has not passed. Without --grid nothing is
    fitted, and the walk-forward and the overfitting tests are such layers.

    Exit code 0: all passed; 8: one did not.

    Parameters
    ----------
    strategy
        Its name, or the path of its file.
    grid
        An axis such as period=10:50:10, for the walk-forward and the trials.
    samples
        Bootstrap samples of the overfitting tests.
    simulations
        Futures of the Monte Carlo layer.
    param
        A parameter that was kept, such as period=20.
    """
    if samples < 100 or simulations < 100:
        raise usage(f"expected --samples and --simulations from 100, was {samples}, {simulations}")
    spec = spec_of(strategy, param, data, money, rf=rf)
    if spec.data.kind != "bars":
        raise usage("an audit needs bars: pass --data")
    try:
        axes = axes_of(grid or ())
    except ValueError as error:
        raise usage(str(error)) from error
    simulation = Simulation(spec, load(spec.data))
    try:
        report = _audited(simulation, axes, (windows, work), (samples, simulations))
    except (Stopped, KeyboardInterrupt):
        raise interrupted("nothing was kept; an audit begins anew") from None
    return _answer(simulation, report)


def _audited(
    simulation: Simulation,
    axes: Mapping[str, Any],
    how: tuple[FoldFlags, WorkFlags],
    sizes: tuple[int, int],
) -> Any:
    from rf_backtest.validation import Plan
    from rf_backtest.validation import audit as put_through

    windows, work = how
    spec = simulation.spec
    plan = Plan(
        seed=spec.config.seed,
        folds=windows.folds,
        rolling=windows.mode == "rolling",
        purge=windows.purge,
        embargo=windows.embargo,
        samples=sizes[0],
        simulations=sizes[1],
    )
    memo = Memo(Path(":memory:"))
    hands = pool.workers(work.jobs), work.scheduler
    try:
        with (
            worked(spec, simulation.loaded, hands, memo, windows.warm_up) as (runner, mapper),
            telling("audit", 8) as tell,
        ):
            return put_through(
                subject_of(simulation, axes, runner),
                plan,
                mapper=mapper,
                progress=lambda name, done, total: tell(0, f"{name} {done} of {total}"),
            )
    finally:
        memo.close()


def subject_of(simulation: Simulation, axes: Mapping[str, Any], runner: Any) -> Any:
    """Return what the audit is told of a strategy, and how it runs it again."""
    from rf_backtest.validation import Subject

    spec = simulation.spec
    result = simulation.run()
    bias = bias_check.quick(simulation, _BIAS_SAMPLE)
    return Subject(
        result=result,
        runner=runner if axes else None,
        grid=axes,
        rows=simulation.rows,
        with_costs=lambda fee, slip: simulation.run(config=_with_costs(spec.config, fee, slip)),
        with_capital=lambda capital: simulation.run(config=_with_capital(spec.config, capital)),
        at_close=lambda: _at_close(simulation).run(),
        again=simulation.run,
        bias=None if bias is None else bias.lookahead,
        benchmark=judge(result).benchmark,
        code=spec.code_hash,
    )


def _with_costs(config: BacktestConfig, fee_bps: float, slippage_bps: float) -> BacktestConfig:
    replaced = msgspec.structs.replace
    costs = replaced(config.costs, taker_bps=fee_bps, maker_bps=fee_bps, slippage_bps=slippage_bps)
    return replaced(config, costs=costs)


def _with_capital(config: BacktestConfig, capital: float) -> BacktestConfig:
    """Return settings for another capital; without impact more money would cost nothing."""
    replaced = msgspec.structs.replace
    costs = config.costs
    if costs.impact_eta == 0.0:
        costs = replaced(costs, impact_eta=_IMPACT_ETA)
    engine = replaced(config.engine, starting_equity=Decimal(str(round(capital, 2))))
    return replaced(config, costs=costs, engine=engine)


def _at_close(simulation: Simulation) -> Simulation:
    """Return the same on bars that open where the bar before closed: fills at the close."""
    bars = tuple(_joined(one) for one in simulation.loaded.bars)
    return replace(simulation, loaded=replace(simulation.loaded, bars=bars))


def _joined(bars: Bars) -> Bars:
    opened = np.concatenate((bars.open[:1], bars.close[:-1]))
    return replace(
        bars,
        open=opened,
        high=np.maximum(bars.high, opened),
        low=np.minimum(bars.low, opened),
    )


def _answer(simulation: Simulation, report: Any) -> Answer:
    spec = simulation.spec
    layers = [plain(layer) | {"passed": bool(layer.passed)} for layer in report.layers]
    passed = sum(layer["passed"] for layer in layers)
    word = "PASSED" if report.passed else "FAILED"
    data = {
        "strategy": spec.strategy.name,
        "parameters": spec.parameters,
        "instruments": [item.instrument_id for item in simulation.loaded.instruments],
        "passed": bool(report.passed),
        "layers": layers,
        "verdict": f"{word}  {passed} of {len(layers)} layers passed; {report.verdict}",
        "measures": plain(report.measures) if report.measures is not None else None,
        "code_hash": spec.code_hash,
        "notes": [
            f"capacity is measured with a square-root impact of eta {_IMPACT_ETA:g}"
            if spec.config.costs.impact_eta == 0.0
            else f"impact eta {spec.config.costs.impact_eta:g}"
        ],
    }
    code = Exit.OK if report.passed else Exit.FOUND
    return Answer("backtest.audit", data, _text, exit_code=code)


def _text(data: Any) -> str:
    chosen = " ".join(f"{name}={value}" for name, value in data["parameters"].items())
    lines = [f"audit     {data['strategy']} {chosen}   {', '.join(data['instruments'])}", ""]
    for number, layer in enumerate(data["layers"], start=1):
        lines += [_layer(number, layer), *_checks(layer)]
    lines += [f"note      {note}" for note in data["notes"]]
    return "\n".join([*lines, "", f"verdict   {data['verdict']}"])


def _layer(number: int, layer: Any) -> str:
    word = "pass" if layer["passed"] else "FAIL"
    reason = layer.get("reason") or layer.get("unavailable") or ""
    told = f"   {reason}" if reason else ""
    return f"{number}  {layer['name'].replace('_', ' '):<18}{word}{told}"


def _checks(layer: Any) -> list[str]:
    lines = []
    for one in layer.get("checks") or ():
        value = "n/a" if one["value"] is None else f"{one['value']:.4g}"
        limit = "n/a" if one["limit"] is None else f"{one['limit']:.4g}"
        word = "ok" if one["passed"] else "no"
        note = f"   {one['note']}" if one.get("note") else ""
        lines.append(
            f"     {word}  {one['name']:<44}{value:>10}   asked {one['relation']} {limit}{note}"
        )
    return lines
