"""What the figures of a backtest's page share: sections, tables, lines over time.

A line draws at most `MOST_DRAWN` points and says so; tables and formulas count all. Every text of
a user or a venue is escaped before it reaches plotly, which reads HTML.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

from rf_cli import backtest_series as series
from rf_cli.backtest_block import when
from rf_cli.output import printable

if TYPE_CHECKING:
    from rf_backtest.result import BacktestResult
    from rf_backtest.validation.walking import WalkForward

INK, GREY, GOOD, BAD = "#2a5a8c", "#8a8f98", "#2e7d4f", "#b03a3a"
_SHORT_NS = 10 * 86_400 * 1_000_000_000


class Table(NamedTuple):
    """Cells as text, the first column on the left."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Section(NamedTuple):
    """One part of the page; `figure` is a plotly figure or None with the reason in `note`."""

    title: str
    formula: str
    figure: Any
    table: Table
    note: str = ""


class SweepSurface(NamedTuple):
    """A metric over one or two swept parameters.

    `z` has a row for each of `y` and a column for each of `x`, NaN where nothing was tried; a
    sweep of one parameter has one row and an empty `y_name`. `chosen` are the parameters of this
    run, `trials` how many sets were tried.
    """

    x_name: str
    x: tuple[Any, ...]
    y_name: str
    y: tuple[Any, ...]
    z: Any
    metric: str = "sharpe"
    chosen: Mapping[str, Any] = {}
    trials: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """What the figures are drawn from; `hold` is the equity to compare with."""

    result: BacktestResult
    summary: Mapping[str, Any]
    hold: series.FloatArray | None
    held_name: str = "buy and hold"
    sweep: SweepSurface | None = None
    folds: WalkForward | None = None

    def moment(self, place: int) -> str:
        """Return when a point was, with the time of day in a short run."""
        ts = self.result.ts
        return when(int(ts[place]), time=int(ts[-1] - ts[0]) < _SHORT_NS)


def text(value: Any, most: int = 80) -> str:
    """Return a name as plotly may show it: printable, escaped, not too long."""
    shown = printable(str(value))
    return escape(shown if len(shown) <= most else shown[: most - 1] + "…")


def new_figure(y: str, *, rows: int = 1) -> Any:
    """Return an empty figure that fits a phone, one plot or `rows` over one axis."""
    from plotly import graph_objects as go
    from plotly.subplots import make_subplots

    figure = go.Figure() if rows == 1 else make_subplots(
        rows=rows, cols=1, shared_xaxes=True, vertical_spacing=0.08
    )  # fmt: skip
    figure.update_layout(
        template="plotly_white",
        height=320 if rows == 1 else 460,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        font={"size": 12},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
        hovermode="closest",
        dragmode=False,
    )
    figure.update_xaxes(automargin=True)
    figure.update_yaxes(automargin=True, row=1 if rows > 1 else None, col=1 if rows > 1 else None)
    figure.update_yaxes(title_text=y, title_standoff=4) if rows == 1 else None
    return figure


def times(ts: series.IntArray, chosen: series.IntArray) -> Any:
    """Return chosen times as plotly reads them, to the millisecond."""
    return ts[chosen].astype("datetime64[ns]").astype("datetime64[ms]")


def add_line(
    figure: Any, run: Run, values: series.FloatArray, name: str, *, first: int = 0, **style: Any
) -> None:
    """Add a line over the times from point `first` on, thinned when it is long."""
    row = style.pop("row", None)
    chosen = series.drawn(values)
    where = {"row": row, "col": 1} if row is not None else {}
    figure.add_scatter(
        x=times(run.result.ts[first:], chosen), y=values[chosen], name=name, mode="lines",
        **style, **where,
    )  # fmt: skip


def thinned(points: int) -> str:
    """Return what is said of a line that is drawn with fewer points than it has, else ""."""
    if points <= series.MOST_DRAWN:
        return ""
    return (
        f"Drawn: smallest and largest of equal stretches, at most {series.MOST_DRAWN:,} of "
        f"{points:,} points. The table counts all of them."
    )
