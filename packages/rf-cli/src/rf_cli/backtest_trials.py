"""What many runs of one strategy say: the surface of a sweep, the folds of a walk-forward."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rf_cli import backtest_series as series
from rf_cli.backtest_block import decimal, pct
from rf_cli.backtest_drawing import (
    GREY,
    INK,
    Section,
    SweepSurface,
    Table,
    new_figure,
    text,
    thinned,
)
from rf_cli.output import printable

if TYPE_CHECKING:
    from rf_backtest.validation.walking import Fold, WalkForward

CELLS = 400
"""Cells of a sweep's table."""


def surface(sweep: SweepSurface) -> Section:
    """Return the section of a sweep: a heat map, or a line where one parameter was swept."""
    z = np.atleast_2d(np.asarray(sweep.z, dtype=np.float64))
    figure = new_figure(text(sweep.y_name or sweep.metric))
    _map(figure, sweep, z)
    known = int(np.isfinite(z).sum())
    notes = [f"{sweep.trials:,} parameter sets were tried." if sweep.trials else ""]
    notes.append("" if known == z.size else f"{z.size - known} cells were not tried.")
    notes.append(f"No table: more than {CELLS} cells." if z.size > CELLS else "")
    return Section(
        f"Parameter surface: {sweep.metric}",
        f"the best {sweep.metric} of every pair of values, other parameters at their best; a "
        "lone peak is luck, a plateau is not",
        figure,
        _cells(sweep, z) if z.size <= CELLS else Table((), ()),
        " ".join(filter(None, notes)),
    )


def _map(figure: Any, sweep: SweepSurface, z: series.FloatArray) -> None:
    across, along = [text(x) for x in sweep.x], [text(y) for y in sweep.y]
    figure.update_xaxes(type="category", title_text=text(sweep.x_name))
    figure.update_layout(showlegend=False)
    if not sweep.y_name:
        figure.add_scatter(x=across, y=z[0], mode="lines+markers", line={"color": INK})
        return
    bar = {"thickness": 8, "outlinewidth": 0}
    figure.add_heatmap(
        z=z, x=across, y=along, colorscale="RdBu", zmid=0.0, xgap=1, ygap=1, colorbar=bar,
        hoverongaps=False,
    )  # fmt: skip
    figure.update_yaxes(type="category")
    here = (sweep.chosen.get(sweep.x_name), sweep.chosen.get(sweep.y_name))
    if here[0] in sweep.x and here[1] in sweep.y:
        ring = {"symbol": "circle-open", "size": 16, "color": "#222", "line": {"width": 2}}
        figure.add_scatter(
            x=[text(here[0])], y=[text(here[1])], mode="markers", name="this run", marker=ring
        )


def _cells(sweep: SweepSurface, z: series.FloatArray) -> Table:
    head = f"{sweep.y_name} \\ {sweep.x_name}" if sweep.y_name else sweep.x_name
    names = [str(y) for y in sweep.y] if sweep.y_name else [sweep.metric]
    rows = tuple((name, *map(decimal, row)) for name, row in zip(names, z.tolist(), strict=True))
    return Table((head, *map(str, sweep.x)), rows)


def walk(found: WalkForward) -> Section:
    """Return the section of a walk-forward: growth outside the fits, scores inside and outside."""
    figure = new_figure("growth outside", rows=2)
    grown = np.asarray(np.cumprod(1.0 + found.returns), dtype=np.float64)
    chosen = series.drawn(grown)
    figure.add_scatter(
        x=found.first_row + chosen, y=grown[chosen], mode="lines", name="outside",
        line={"color": INK}, row=1, col=1, showlegend=False,
    )  # fmt: skip
    for fold in found.folds[1:]:
        start = fold.window.test_start
        figure.add_vline(x=start, line_width=1, line_dash="dot", line_color=GREY, row=1, col=1)
    _scores(figure, found.folds)
    columns = ("", "fitted on rows", "tested on rows", "parameters", "inside", "outside", "return")
    note = (
        f"{found.trials:,} parameter sets were tried; mean outside over inside "
        f"{decimal(found.generalisation)}; folds with a gain {found.profitable:.0%}. "
    )
    return Section(
        "Walk-forward folds",
        "parameters with the best score inside each fit are tested on the rows after it; the "
        "curve compounds the tests only",
        figure,
        Table(columns, tuple(_fold(number, fold) for number, fold in enumerate(found.folds, 1))),
        note + thinned(grown.size),
    )


def _scores(figure: Any, folds: Sequence[Fold]) -> None:
    centres = [(fold.window.test_start + fold.window.test_end) / 2 for fold in folds]
    inside, outside = [fold.train_score for fold in folds], [fold.test_score for fold in folds]
    for name, scores, colour in (("inside", inside, GREY), ("outside", outside, INK)):
        label = f"score {name}"
        figure.add_bar(x=centres, y=scores, name=label, marker_color=colour, row=2, col=1)
    figure.update_layout(barmode="group")
    figure.update_yaxes(title_text="growth outside", row=1, col=1)
    figure.update_yaxes(title_text="score", row=2, col=1)
    figure.update_xaxes(title_text="row of the data", row=2, col=1)


def _fold(number: int, fold: Fold) -> tuple[str, ...]:
    window = fold.window
    chosen = ", ".join(f"{name} {value}" for name, value in fold.parameters.items())
    return (
        str(number),
        f"{window.train_start} to {window.train_end - 1}",
        f"{window.test_start} to {window.test_end - 1}",
        printable(chosen),
        decimal(fold.train_score),
        decimal(fold.test_score),
        pct(float(np.prod(1.0 + fold.returns)) - 1.0),
    )
