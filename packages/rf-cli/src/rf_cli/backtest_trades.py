"""Trades on the price chart, their table, and what trading cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rf_cli import backtest_series as series
from rf_cli.backtest_block import decimal, when
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
    text,
    thinned,
    times,
)
from rf_cli.output import printable

if TYPE_CHECKING:
    from rf_backtest.result import Fill, Trip

MARKERS = 600
"""Fills of one side that are marked on a price chart."""
TRADES = 20
"""Trades in the table of trades."""
CHARTS = 4
"""Instruments with a price chart."""


def prices(run: Run) -> Iterator[Section]:
    """Yield a price chart for each of the first instruments; the last one carries the trades."""
    names = [name for name in run.result.instruments if name in run.result.mark_px]
    shown = names[:CHARTS] if run.result.ts.size else []
    for place, name in enumerate(shown):
        yield _price(run, name, is_last=place == len(shown) - 1, left_out=len(names) - len(shown))
    if not shown:
        yield Section("Trades", _TRADES_FORMULA, None, _trades(run.result.trips), "No prices.")


_TRADES_FORMULA = (
    "a trade is a quantity opened by one fill and closed by a later one, first in first out; "
    "P&L = quantity x (exit - entry) - fees of both"
)


def _price(run: Run, name: Any, *, is_last: bool, left_out: int) -> Section:
    figure = new_figure("price")
    px = run.result.mark_px[name]
    add_line(figure, run, px, text(name), line={"color": GREY, "width": 1.2})
    fills = [fill for fill in run.result.fills if fill.instrument_id == name]
    notes = [thinned(px.size)]
    for sign, label in ((1, "buy"), (-1, "sell")):
        notes.append(_marked(figure, [fill for fill in fills if fill.side.sign == sign], label))
    trips = run.result.trips
    if is_last and left_out:
        notes.append(f"{left_out} more instruments have no chart here.")
    if is_last and len(trips) > TRADES:
        notes.append(f"In the table: the {TRADES} best and worst of {len(trips):,} trades.")
    if not fills:
        notes.append("There was no fill.")
    table = _trades(trips) if is_last else Table((), ())
    title = f"Trades on the price of {printable(str(name))}"
    return Section(title, _TRADES_FORMULA, figure, table, " ".join(filter(None, notes)))


def _marked(figure: Any, fills: Sequence[Fill], label: str) -> str:
    """Mark fills on a price; return what was left out."""
    chosen = series.spread_out(len(fills), MARKERS)
    kept = [fills[place] for place in chosen.tolist()]
    stamps = np.array([fill.ts for fill in kept], dtype=np.int64)
    symbol, colour = ("triangle-up", GOOD) if label == "buy" else ("triangle-down", BAD)
    figure.add_scatter(
        x=times(stamps, np.arange(stamps.size)),
        y=[float(fill.price) for fill in kept],
        mode="markers",
        name=label,
        marker={"symbol": symbol, "size": 9, "color": colour, "line": {"width": 0.5}},
        text=[f"{fill.quantity} @ {fill.price}<br>{text(fill.reason)}" for fill in kept],
        hovertemplate=f"{label} %{{text}}<extra></extra>",
    )
    if len(kept) == len(fills):
        return ""
    return f"Marked: {len(kept):,} of {len(fills):,} fills that {label}."


def _trades(trips: Sequence[Trip]) -> Table:
    columns = ("closed", "instrument", "side", "quantity", "entry", "exit", "P&L", "opened")
    rows = tuple(
        (
            when(trip.closed_ts, time=True),
            printable(str(trip.instrument_id)),
            "long" if trip.quantity > 0 else "short",
            str(abs(trip.quantity)),
            str(trip.entry_price),
            str(trip.exit_price),
            f"{trip.pnl:+,.2f}",
            when(trip.opened_ts, time=True),
        )
        for trip in series.extremes(trips, TRADES)
    )
    return Table(columns, rows)


def costs(run: Run) -> Section:
    """Return the section of what trading cost."""
    result = run.result
    parts = {
        "commission": float(result.fees),
        "spread and slippage": result.slippage,
        "borrow": result.borrow,
    }
    figure = new_figure("account currency")
    figure.add_bar(x=list(parts), y=list(parts.values()), marker_color=[INK, GREY, BAD])
    figure.update_layout(showlegend=False, bargap=0.5)
    total, start = sum(parts.values()), float(result.equity[0]) if result.equity.size else 0.0

    def share(cost: float) -> str:
        return f"{cost / start:.2%}" if start > 0.0 else "n/a"

    rows = [(name, decimal(cost), share(cost)) for name, cost in parts.items()]
    rows.append(("total", decimal(total), share(total)))
    if result.equity.size:
        earned = float(result.equity[-1] - result.equity[0])
        rows.append(("P&L after costs", decimal(earned), share(earned)))
        rows.append(("P&L before costs", decimal(earned + total), share(earned + total)))
    return Section(
        "Cost breakdown",
        "shares are of the starting equity; commission = sum of the fees of all fills; spread "
        "and slippage = what was paid beyond the reference price; borrow = rate x value held "
        "short x time",
        figure,
        Table(("", "account currency", "of equity"), tuple(rows)),
    )
