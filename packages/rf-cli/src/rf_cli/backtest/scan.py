"""``rf backtest scan``: thousands of parameter sets of one rule in one compiled call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from rf_cli.backtest.flags import DATA, DataFlags, Many, data_spec
from rf_cli.context import Flag, Rf
from rf_cli.output import Answer, table, usage
from rf_common.clock import NANOS_PER_SECOND, monotonic_ns

if TYPE_CHECKING:
    from rich.console import RenderableType

_BEST = 10


def scan(
    rule: str,
    /,
    *,
    grid: Annotated[list[str] | None, Many] = None,
    data: DataFlags = DATA,
    fees_bps: float = 5.0,
    long_only: Flag = False,
    threads: int = 1,
    rf: Rf,
) -> Answer:
    """Try every parameter set of a compiled rule over one file of bars.

    No order logic, risk chain or sizer: it finds what is worth a run. Fills are at the next open.

    Parameters
    ----------
    rule
        sma_cross, ema_cross, zscore_reversion or momentum.
    grid
        Axis such as fast=5:50:5; may be given several times.
    fees_bps
        Fee of a fill, basis points; spread and slippage are as in run.
    long_only
        Whether shorts are left out.
    threads
        Threads; the table does not depend on them.
    """
    import numpy as np

    from rf_backtest.compiled import bars as compiled
    from rf_backtest.config import CostConfig
    from rf_backtest.sweep import grid as sets_of
    from rf_backtest.sweep import parse_axis
    from rf_cli.backtest.sources import load

    names = compiled.RULES.get(rule)
    if names is None:
        raise usage(f"rule {rule!r}: expected one of {', '.join(compiled.RULES)}")
    axes = [parse_axis(text) for text in grid or ()]
    if sorted(axis.name for axis in axes) != sorted(names):
        raise usage(f"--grid: expected an axis for each of {', '.join(names)}")
    loaded = load(data_spec(data, rule)[0])
    if not loaded.is_bars or len(loaded.bars) != 1:
        raise usage("expected --data with one file of bars")
    costs = CostConfig(taker_bps=fees_bps)
    try:
        columns = compiled.BarColumns.from_bars(loaded.bars[0])
        sets = np.array([[one[name] for name in names] for one in sets_of(axes)], dtype=float)
        options: dict[str, Any] = {"costs": costs, "long_only": long_only, "threads": threads}
        compiled.sweep(columns, rule, sets[:1], **options)  # compiles, or loads what was compiled
        begun = monotonic_ns()
        found = compiled.sweep(columns, rule, sets, **options)
        took_s = max(monotonic_ns() - begun, 1) / NANOS_PER_SECOND
        best = int(np.argmax(np.nan_to_num(found.sharpe, nan=-np.inf)))
        asked = compiled.signal(columns, rule, sets[best : best + 1], long_only=long_only)
        returns = compiled.run(columns, asked, costs=costs, size=1.0, sizing="share").returns()
    except ValueError as error:
        raise usage(f"{rule}: {error}") from error
    return Answer("backtest.scan", _told(rule, found, best, np.ravel(returns), took_s), _text)


def _told(rule: str, found: Any, best: int, returns: Any, took_s: float) -> dict[str, Any]:
    import numpy as np

    from rf_backtest import deflated_sharpe, moments

    order = np.argsort(-np.nan_to_num(found.sharpe, nan=-np.inf), kind="stable")[:_BEST]
    rows = [
        {
            "parameters": dict(zip(found.names, found.parameters[at].tolist(), strict=True)),
            "sharpe": float(found.sharpe[at]),
            "total_return": float(found.total_return[at]),
            "max_drawdown": float(found.max_drawdown[at]),
            "fills": int(found.fills[at]),
        }
        for at in order.tolist()
    ]
    each = found.mean / np.where(found.std > 0.0, found.std, np.nan)
    variance = float(np.nanvar(each, ddof=1)) if np.isfinite(each).sum() > 1 else 0.0
    skew, excess = moments(returns)
    deflated = deflated_sharpe(
        float(each[best]), returns.size, trials=found.sharpe.size, variance=variance,
        skew=skew, kurtosis=excess + 3.0,
    )  # fmt: skip
    sets, bars = int(found.sharpe.size), int(returns.size)
    return {
        "rule": rule,
        "sets": sets,
        "bars": bars,
        "seconds": took_s,
        "ns_per_bar_and_set": took_s / (sets * bars) * NANOS_PER_SECOND,
        "best": rows,
        "deflated_sharpe": deflated,
        "is_luck": not deflated >= 0.95,
    }


def _text(data: Any) -> RenderableType:
    from rich.console import Group

    cells = [
        (
            " ".join(f"{name}={value:g}" for name, value in row["parameters"].items()),
            f"{row['sharpe']:.2f}",
            f"{row['total_return']:+.1%}",
            f"{row['max_drawdown']:.1%}",
            str(row["fills"]),
        )
        for row in data["best"]
    ]
    word = "not distinguishable from luck" if data["is_luck"] else "more than luck"
    return Group(
        f"{data['rule']}  {data['sets']:,} sets over {data['bars']:,} bars in "
        f"{data['seconds']:.3f} s, {data['ns_per_bar_and_set']:.1f} ns a bar and set",
        table(("parameters", ">sharpe", ">return", ">fall", ">fills"), cells, empty="no sets"),
        f"verdict   the best is {word} (deflated Sharpe {data['deflated_sharpe']:.2f}, asked 0.95)",
        "no order logic or risk chain took part: rf backtest run tries it in the engine",
    )
