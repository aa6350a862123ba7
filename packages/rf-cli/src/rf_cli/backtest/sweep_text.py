"""How a sweep is shown: the best sets as a table, the grid as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rf_backtest.sweep import Axis, Trial, ranked, surface
from rf_cli.backtest_block import decimal, pct
from rf_cli.plots import save


def sweep_text(data: Any) -> str:
    """Return the best sets, what the best is worth, and how to go on."""
    state = "complete" if data["complete"] else "STOPPED"
    failed = f"   {data['failed']} could not be run" if data["failed"] else ""
    lines = [
        f"{data['id']}   {data['strategy']}   {data['trials']} of {data['total']} sets   "
        f"{state}{failed}",
        *(f"error     {text}" for text in data["errors"]),
        "",
        f"{'':>6}{'sharpe':>9}{'return':>9}{'fall':>9}{'trades':>8}   parameters",
    ]
    for place, row in enumerate(data["best"], start=1):
        lines.append(_best(place, row))
    lines += ["", f"verdict   {data['verdict']}"]
    pbo = data["overfitting"]["pbo"]
    reason = data["overfitting"]["reason"]
    told = f"{pbo:.2f}" if pbo is not None else f"n/a ({reason})"
    lines += [
        f"overfit   probability that the best in sample is below the median outside: {told}",
        f"table     {data['table_hash'][:16]}   heat map  {data['heat_map']}",
    ]
    if not data["complete"]:
        lines.append(f"next      rf backtest sweep --resume {data['id']}")
    elif data["best"] and not data["best"][0]["error"]:
        chosen = " ".join(f"--param {k}={v}" for k, v in data["best"][0]["parameters"].items())
        lines.append(f"next      rf backtest run {data['strategy']} {chosen} --data FILE")
    return "\n".join(lines)


def _best(place: int, row: Any) -> str:
    if row["error"]:
        return f"{place:>6}{'failed':>9}   {row['error']}"
    found = row["metrics"]
    fall, trades = found.get("max_drawdown"), found.get("trades")
    chosen = " ".join(f"{name}={value}" for name, value in row["parameters"].items())
    return (
        f"{place:>6}{decimal(found.get('sharpe')):>9}{pct(found.get('total_return')):>9}"
        f"{pct(None if fall is None else -fall):>9}{decimal(trades, 0):>8}   {chosen}"
    )


def write_heat_map(path: Path, axes: Sequence[Axis], trials: Sequence[Trial], metric: str) -> None:
    """Write the metric over the first two axes, others at their best; a line for one axis."""
    from plotly import graph_objects as go

    title = f"{metric}, {len(trials)} sets"
    if len(axes) > 1:
        found = surface(trials, axes[0], axes[1], metric)
        z = [[None if value != value else value for value in row] for row in found.z.tolist()]
        figure = go.Figure(go.Heatmap(x=_labels(axes[0]), y=_labels(axes[1]), z=z))
        figure.update_layout(yaxis_title=axes[1].name)
    else:
        best = {
            trial.parameters[axes[0].name]: trial.metrics.get(metric)
            for trial in reversed(ranked(trials, metric))
        }
        y = [best.get(value) for value in axes[0].values]
        figure = go.Figure(go.Scatter(x=_labels(axes[0]), y=y, mode="lines+markers"))
        figure.update_layout(yaxis_title=metric)
    figure.update_layout(title=title, xaxis_title=axes[0].name, template="plotly_white")
    figure.update_xaxes(type="category")
    if len(axes) > 1:
        figure.update_yaxes(type="category")
    save(figure, path)


def _labels(axis: Axis) -> list[str]:
    return [str(value) for value in axis.values]
