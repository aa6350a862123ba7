"""The figures of a backtest's page in order, and those of its equity.

Each has its formula, its table, and what was left out of the drawing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from rf_cli import backtest_series as series
from rf_cli.backtest_block import count, decimal, fine, span
from rf_cli.backtest_drawing import (
    BAD,
    GOOD,
    GREY,
    INK,
    Run,
    Section,
    Table,
    add_line,
    new_figure,
    thinned,
)
from rf_cli.backtest_trades import costs, prices
from rf_cli.backtest_trials import surface, walk

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def sections(run: Run) -> Iterator[Section]:
    """Yield the parts of the page in order."""
    if run.result.ts.size >= 2:
        yield _equity(run)
    if run.result.ts.size >= 2 and not (run.result.equity > 0.0).all():
        yield _ruined(run)
    elif run.result.ts.size >= 2:
        yield _drawdown(run)
        yield _months(run)
        yield _years(run)
        yield _rolling(run)
        yield _distribution(run)
        yield _exposure(run)
    yield from prices(run)
    yield costs(run)
    if run.sweep is not None:
        yield surface(run.sweep)
    if run.folds is not None:
        yield walk(run.folds)


def _equity(run: Run) -> Section:
    equity = run.result.equity
    curves = {"strategy": equity} | ({run.held_name: run.hold} if run.hold is not None else {})
    figure = new_figure("equity")
    for name, values in curves.items():
        colour = INK if name == "strategy" else GREY
        add_line(figure, run, values, name, line={"color": colour, "width": 1.6})
    rows = [
        ("at the start", *(decimal(values[0]) for values in curves.values())),
        ("at the end", *(decimal(values[-1]) for values in curves.values())),
        ("highest", *(decimal(values.max()) for values in curves.values())),
        ("lowest", *(decimal(values.min()) for values in curves.values())),
        ("total return", *(_growth(values) for values in curves.values())),
    ]
    return Section(
        f"Equity against {run.held_name}",
        "equity = cash + sum of quantity x mark price, after all costs; total return = last / "
        "first - 1. Buy and hold: equal shares of every instrument at its first price, no costs.",
        figure,
        Table(("account currency", *curves), tuple(rows)),
        thinned(equity.size),
    )


def _growth(values: series.FloatArray) -> str:
    return fine(values[-1] / values[0] - 1.0 if values[0] > 0.0 else None)


def _ruined(run: Run) -> Section:
    """Return what stands in place of every figure that divides by equity."""
    place = int(np.flatnonzero(~(run.result.equity > 0.0))[0])
    note = f"Not drawn: equity was not above 0 at {run.moment(place)}; ratios of it mean nothing."
    title = "Drawdown, returns and exposure"
    return Section(title, "all of them divide by equity", None, Table((), ()), note)


def _drawdown(run: Run) -> Section:
    equity = run.result.equity
    figure = new_figure("below the highest value")
    style = {"color": BAD, "width": 1}
    add_line(figure, run, series.falls(equity), "strategy", fill="tozeroy", line=style)
    deepest = float(series.falls(equity).min())
    figure.update_yaxes(tickformat="~%", range=[1.05 * deepest or -0.01, 0.0])
    figure.update_layout(showlegend=False)
    rows = []
    for number, fall in enumerate(series.episodes(equity), 1):
        end = equity.size - 1 if fall.recovery is None else fall.recovery
        back = "not yet" if fall.recovery is None else run.moment(fall.recovery)
        rows.append(
            (
                str(number),
                fine(fall.depth),
                run.moment(fall.peak),
                run.moment(fall.trough),
                back,
                span(int(run.result.ts[end] - run.result.ts[fall.peak])),
            )
        )
        edges = [run.result.ts[fall.peak], run.result.ts[end]]
        low, high = (str(np.datetime64(int(edge), "ns").astype("datetime64[ms]")) for edge in edges)
        figure.add_vrect(x0=low, x1=high, fillcolor=BAD, opacity=0.07, line_width=0)
    return Section(
        "Drawdown, five worst episodes",
        "drawdown = equity / highest equity so far - 1; an episode lasts from a highest value to "
        "the next time it is reached",
        figure,
        Table(("", "depth", "from", "lowest", "recovered", "lasted"), tuple(rows)),
        thinned(equity.size) if rows else "Equity never fell below an earlier value.",
    )


def _months(run: Run) -> Section:
    from plotly import graph_objects as go

    found = series.calendar(run.result.ts, run.result.equity, "M")
    yearly = series.calendar(run.result.ts, run.result.equity, "Y")
    total = dict(zip(yearly.names, yearly.returns.tolist(), strict=True))
    grid = {year: [float("nan")] * 12 for year in yearly.names}
    for name, value in zip(found.names, found.returns.tolist(), strict=True):
        grid[name[:4]][int(name[5:7]) - 1] = value
    reach = float(np.abs(found.returns).max()) or 0.01
    figure = new_figure("")
    figure.add_trace(
        go.Heatmap(
            z=list(grid.values()), x=_MONTHS, y=list(grid), zmin=-reach, zmax=reach, xgap=2,
            ygap=2, colorscale=[[0.0, BAD], [0.5, "#f4f4f2"], [1.0, GOOD]],
            colorbar={"tickformat": "~%", "thickness": 8, "outlinewidth": 0},
            hovertemplate="%{y} %{x}: %{z:.2%}<extra></extra>", hoverongaps=False,
        )
    )  # fmt: skip
    figure.update_yaxes(type="category", autorange="reversed")
    figure.update_layout(height=min(90 + 26 * len(grid), 900))
    rows = tuple(
        (year, *("" if value != value else fine(value) for value in months), fine(total[year]))
        for year, months in grid.items()
    )
    return Section(
        "Monthly returns",
        "return of a month = equity at its last point / equity at the last point of the month "
        "before - 1; months of UTC",
        figure,
        Table(("", *_MONTHS, "year"), rows),
    )


def _years(run: Run) -> Section:
    figure = new_figure("return")
    columns = {"strategy": run.result.equity}
    if run.hold is not None:
        columns[run.held_name] = run.hold
    found = {name: series.calendar(run.result.ts, values, "Y") for name, values in columns.items()}
    for name, years in found.items():
        colour = INK if name == "strategy" else GREY
        figure.add_bar(x=years.names, y=years.returns, name=name, marker_color=colour)
    figure.update_xaxes(type="category")
    figure.update_yaxes(tickformat="~%")
    figure.update_layout(barmode="group", bargap=0.3)
    names = found["strategy"].names
    rows = tuple(
        (year, *(fine(years.returns[place]) for years in found.values()))
        for place, year in enumerate(names)
    )
    return Section(
        "Yearly returns",
        "return of a year = equity at its last point / equity at the last point of the year "
        "before - 1; the first and the last year may be parts of one",
        figure,
        Table(("year", *found), rows),
    )


def _rolling(run: Run) -> Section:
    title, returns = "Rolling Sharpe ratio and volatility", run.result.returns()
    periods = run.result.periods_per_year
    window = series.rolling_window(periods, returns.size)
    formula = (
        "over each window of returns: Sharpe = mean / standard deviation x sqrt(periods a year), "
        "volatility = standard deviation x sqrt(periods a year)"
    )
    if window is None:
        note = (
            f"Not drawn: it needs {3 * series.LEAST_ROLLED} returns, there are {returns.size}; and "
            f"a known number of them a year, it is {decimal(periods, 0)}."
        )
        return Section(title, formula, None, Table((), ()), note)
    ratio, vol = series.rolling(returns, window, periods)
    figure = new_figure("", rows=2)
    add_line(figure, run, ratio, "Sharpe", first=window, row=1, line={"color": INK, "width": 1.4})
    add_line(
        figure, run, vol, "volatility", first=window, row=2, line={"color": GREY, "width": 1.4}
    )
    figure.update_yaxes(title_text="Sharpe", row=1, col=1)
    figure.update_yaxes(title_text="volatility", tickformat="~%", row=2, col=1)
    figure.add_hline(y=0.0, line_width=1, line_color="#ccc", row=1, col=1)
    figure.update_layout(showlegend=False)
    known = ratio[np.isfinite(ratio)]
    rows = (
        ("Sharpe", *(_of(known, decimal))),
        ("volatility", *(_of(vol, lambda value: fine(value).lstrip("+")))),
    )
    note = f"Window: {window:,} of {returns.size:,} returns, {decimal(periods, 0)} a year. "
    return Section(
        title,
        formula,
        figure,
        Table(("", "last", "mean", "lowest", "highest"), rows),
        note + thinned(ratio.size),
    )


def _of(values: series.FloatArray, show: Any) -> tuple[str, ...]:
    if not values.size:
        return ("n/a",) * 4
    return tuple(show(value) for value in (values[-1], values.mean(), values.min(), values.max()))


def _distribution(run: Run) -> Section:
    from rf_backtest import moments

    returns = run.result.returns()
    moved = returns[returns != 0.0]
    zeros, note = returns.size - moved.size, ""
    if moved.size and zeros > moved.size:
        note = f"Drawn without the {zeros:,} returns that are exactly 0; the table has them."
    low, (skew, excess) = float(np.quantile(returns, 0.05)), moments(returns)
    deviation = "n/a" if returns.size < 2 else fine(returns.std(ddof=1)).lstrip("+")
    rows = (
        ("returns", count(returns.size)),
        ("exactly 0", count(zeros)),
        ("mean", fine(returns.mean())),
        ("standard deviation", deviation),
        ("skewness", decimal(skew)),
        ("excess kurtosis", decimal(excess)),
        ("5 % quantile", fine(low)),
        ("mean of the worst 5 %", fine(returns[returns <= low].mean())),
        ("worst", fine(returns.min())),
        ("best", fine(returns.max())),
    )
    return Section(
        "Distribution of returns",
        "return = equity / equity of the point before - 1; skewness and excess kurtosis are "
        "moments over the standard deviation, 0 and 0 for a normal distribution",
        _histogram(moved if note else returns, low, float(returns.mean())),
        Table(("per period", "value"), rows),
        note,
    )


def _histogram(returns: series.FloatArray, low: float, mean: float) -> Any:
    counts, edges = np.histogram(returns, bins=min(60, max(8, int(np.sqrt(returns.size)))))
    middles = (edges[1:] + edges[:-1]) * 0.5
    colours = np.where(middles < 0.0, BAD, INK).tolist()
    figure = new_figure("returns")
    figure.add_bar(x=middles, y=counts, width=np.diff(edges), marker_color=colours)
    figure.update_xaxes(tickformat="~%", nticks=7)
    figure.update_layout(bargap=0.02, showlegend=False)
    for place, name, side in ((low, "5 %", "left"), (mean, "mean", "right")):
        where = f"top {side}"
        figure.add_vline(
            x=place, line_dash="dash", line_width=1, annotation_text=name, annotation_position=where
        )
    return figure


def _exposure(run: Run) -> Section:
    share = run.result.gross / run.result.equity
    figure = new_figure("of equity")
    add_line(figure, run, share, "exposure", fill="tozeroy", line={"color": INK, "width": 1})
    figure.update_yaxes(tickformat="~%", rangemode="tozero")
    figure.update_layout(showlegend=False)
    rows = (
        ("points with a position", f"{np.mean(run.result.gross > 0.0):.1%}"),
        ("mean exposure", f"{share.mean():.1%}"),
        ("largest exposure", f"{share.max():.1%}"),
    )
    return Section(
        "Exposure",
        "exposure = sum of the absolute values of all positions / equity",
        figure,
        Table(("", "value"), rows),
        thinned(share.size),
    )
