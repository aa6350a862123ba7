"""What a run found, as the summary that is kept and shown."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rf_cli.backtest.sources import Loaded
from rf_cli.backtest.spec import RunSpec
from rf_cli.backtest.store import RUN, SWEEP, Store
from rf_cli.backtest_series import buy_and_hold
from rf_common.errors import DataError

if TYPE_CHECKING:
    from rf_backtest.result import BacktestResult, FloatArray
    from rf_backtest.validation import Measures
    from rf_cli.backtest.bias_check import Bias

_REJECTED_SHOWN = 1


class Tried(NamedTuple):
    """What was tried before on the same data: how many sets, and their ratios per period."""

    trials: int
    variance: float | None


ALONE = Tried(1, None)


class Judged(NamedTuple):
    """A result, its measures, and why there are none."""

    result: BacktestResult
    measures: Measures | None
    benchmark: FloatArray | None
    verdict: str


def judge(result: BacktestResult, tried: Tried = ALONE) -> Judged:
    """Measure a result against buying and holding; fail closed with the reason."""
    from rf_backtest.validation import verdict

    equity = buy_and_hold(result)
    benchmark = None
    if equity is not None and equity.size > 1 and (equity > 0.0).all():
        benchmark = np.asarray(equity[1:] / equity[:-1] - 1.0, dtype=np.float64)
    try:
        measures = _measured(result, tried, benchmark)
    except (ValueError, ArithmeticError) as error:
        return Judged(result, None, benchmark, f"no verdict: {error}")
    if not result.fills:
        return Judged(result, measures, benchmark, "no verdict: it never traded")
    return Judged(result, measures, benchmark, verdict(measures))


def _measured(result: BacktestResult, tried: Tried, benchmark: FloatArray | None) -> Measures:
    """Measure against the benchmark, or alone where its year is more than a number holds."""
    from rf_backtest.validation import measure

    how: dict[str, Any] = {"trials": tried.trials, "trial_variance": tried.variance}
    try:
        return measure(result, benchmark=benchmark, **how)
    except ArithmeticError:
        return measure(result, **how)


def tried_before(store: Store, spec: RunSpec) -> Tried:
    """Count the parameter sets of this strategy that were tried on these files, this one too."""
    asked = key_of(spec)
    ratios: dict[str, float | None] = {}
    more, count = [], 0
    for kind in (RUN, SWEEP):
        for name in store.ids(kind):
            try:
                found = store.summary(name, kind)
            except DataError:
                continue
            if found.get("key") != asked:
                continue
            if kind == RUN:
                ratios[str(found.get("parameters"))] = _ratio(found)
            else:
                count += int(found.get("trials", 0))
                more += [one for one in found.get("ratios", ()) if one is not None]
    ratios.setdefault(str(spec.parameters), None)
    known = [one for one in ratios.values() if one is not None] + more
    trials = len(ratios) + count
    enough = trials > 1 and len(known) > 1
    return Tried(trials, float(np.var(known, ddof=1)) if enough else None)


def _ratio(found: Mapping[str, Any]) -> float | None:
    metrics = found.get("metrics") or {}
    ratio, periods = metrics.get("sharpe"), found.get("periods_per_year")
    return None if ratio is None or not periods else float(ratio) / math.sqrt(periods)


def key_of(spec: RunSpec) -> str:
    """Return what makes two runs tries of the same idea: strategy and files."""
    return " ".join([spec.strategy.name, *sorted(file.sha256[:16] for file in spec.data.files)])


def summary_of(
    spec: RunSpec, loaded: Loaded, judged: Judged, *, bias: Bias | None, tried: Tried, created: str
) -> dict[str, Any]:
    """Return the summary of a run, without its id."""
    result = judged.result
    names = ", ".join(result.instruments)
    return {
        "title": f"{spec.config.name or spec.strategy.name}  {names}",
        "strategy": spec.strategy.name,
        "parameters": spec.parameters,
        "key": key_of(spec),
        "created": created,
        "from_run": spec.from_run,
        "instruments": list(result.instruments),
        "started": result.started,
        "ended": result.ended,
        "points": int(result.ts.size),
        "periods_per_year": finite(result.periods_per_year),
        "verdict": judged.verdict,
        "trials": tried.trials,
        "metrics": plain(judged.measures) if judged.measures is not None else {},
        "benchmark": _benchmark(judged),
        "assumptions": assumptions(spec, loaded, bias),
        "data": loaded.described(),
        "bias": None if bias is None else bias.data(),
        "orders": result.orders,
        "fills": len(result.fills),
        "trades": len(result.trips),
        "refusals": dict(sorted(result.refusals.items())),
        "rejected": len(result.rejected),
        "fees": str(result.fees),
        "final_equity": finite(result.equity[-1]) if result.equity.size else None,
        "warnings": _warnings(loaded, result),
        "hashes": {
            "data": result.data_hash,
            "config": result.config_hash,
            "code": spec.code_hash,
            "output": result.output_hash,
        },
    }


def _benchmark(judged: Judged) -> dict[str, Any]:
    from rf_backtest import performance

    if judged.benchmark is None or judged.benchmark.size < 2:
        return {}
    trades = {"trades": len(judged.result.instruments)}
    try:
        told = performance(judged.benchmark, periods=judged.result.periods_per_year)
    except ArithmeticError:  # a minute that is compounded to a year
        total = float(np.prod(1.0 + judged.benchmark) - 1.0)
        return {"total_return": finite(total), "sharpe": None, "max_drawdown": None, **trades}
    return {
        "total_return": finite(told.total_return),
        "sharpe": finite(told.sharpe),
        "max_drawdown": finite(-told.drawdown.depth),
        **trades,
    }


def _warnings(loaded: Loaded, result: BacktestResult) -> list[str]:
    told = [text for report in loaded.reports for text in report.warnings]
    told += [text for text in result.warnings if text not in told]
    if result.refusals:
        rules = ", ".join(f"{rule} {count}" for rule, count in sorted(result.refusals.items()))
        told.append(f"orders refused by risk: {rules}")
    if result.rejected:
        shown = "; ".join(result.rejected[:_REJECTED_SHOWN])
        told.append(f"orders turned away: {len(result.rejected)}, the first: {shown}")
    if not result.fills:
        told.append("there was no fill")
    return told


def assumptions(spec: RunSpec, loaded: Loaded, bias: Bias | None) -> dict[str, str]:
    """Return what the figures rest on, as sentences by name."""
    costs, paper = spec.config.costs, spec.config.paper
    impact = f"square-root eta {costs.impact_eta:g}" if costs.impact_eta else "none"
    borrow = f"   borrow {costs.borrow_rate:.2%} a year" if costs.borrow_rate else ""
    bars = "decided at a bar's close, filled at the next open or later, in that symbol's prices"
    ticks = "limit orders against the recorded book"
    return {
        "data": "; ".join(_data_text(row) for row in loaded.described()),
        "costs": f"taker {costs.taker_bps:g} bp   maker {costs.maker_bps:g} bp   "
        f"spread {costs.spread_bps:g} bp   slippage {costs.slippage_bps:g} bp   "
        f"impact {impact}{borrow}",
        "fill model": bars if loaded.is_bars else ticks,
        "latency": f"{paper.latency_ms:g} ms, up to {paper.jitter_ms:g} ms more",
        "time zone": "UTC",
        "look-ahead": "not checked" if bias is None else bias.text(),
    }


def _data_text(row: Mapping[str, Any]) -> str:
    if row["kind"] == "recording":
        return f"{row['instrument_id']} recording"
    return (
        f"{row['instrument_id']} {row['interval']} {row['rows']} bars, "
        f"{row['from'][:10]} to {row['to'][:10]}, gaps {row['gaps']}"
    )


def plain(value: Any) -> Any:
    """Return a value as JSON has it: mappings, lists, numbers; what is not finite is None.

    Examples
    --------
    >>> plain({"a": float("nan"), "b": (1, 2.5)})
    {'a': None, 'b': [1, 2.5]}
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if hasattr(value, "_asdict"):
        return plain(value._asdict())
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return finite(value)
    return value if isinstance(value, bool | int) or value is None else str(value)


def finite(value: float) -> float | None:
    """Return a number, None for what is none."""
    return float(value) if math.isfinite(value) else None
