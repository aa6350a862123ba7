"""One page of pictures and tables of a simulated market, in one HTML file that needs nothing."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rf_swarm_sim.facts import StylizedFacts
    from rf_swarm_sim.market import EnsembleRun, SwarmRun

_STYLE = (
    "body{font-family:sans-serif;max-width:1100px;margin:2em auto;padding:0 1em;color:#222}"
    "table{border-collapse:collapse;margin:1em 0}td,th{padding:.25em .8em;text-align:right;"
    "border-bottom:1px solid #ddd}td:first-child,th:first-child{text-align:left}"
)
_INK, _PALE, _BID, _ASK = "#2a5a8c", "rgba(42,90,140,0.18)", "#2e7d4f", "#b03a3a"


def page(single: SwarmRun, ensemble: EnsembleRun | None, real: StylizedFacts | None) -> str:
    """Return the page.

    Parameters
    ----------
    single : SwarmRun
        The market whose book, profits and facts are shown.
    ensemble : EnsembleRun, optional
        Paths for the fan of prices.
    real : StylizedFacts, optional
        Of a real series, to hold the market's against.
    """
    config = single.config
    title = f"Swarm of {config.agents:,} agents, {single.rounds:,} rounds, seed {single.seed}"
    figures = [_prices(single, ensemble), _volume(single), _depth(single), _profits(single)]
    drawn = "\n".join(_html(figure, first=not i) for i, figure in enumerate(figures))
    return "\n".join(
        (
            "<!DOCTYPE html>",
            f'<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>',
            f"<style>{_STYLE}</style></head><body>",
            f"<h1>{escape(title)}</h1>",
            _summary(single, ensemble),
            drawn,
            _facts(single, real),
            "</body></html>\n",
        )
    )


def _html(figure: Any, *, first: bool) -> str:
    """Return a figure as a fragment; the first one carries the library."""
    return str(figure.to_html(full_html=False, include_plotlyjs=first, default_height="420px"))


def _figure(title: str, x: str, y: str) -> Any:
    from plotly import graph_objects as go

    figure = go.Figure()
    figure.update_layout(title=title, xaxis_title=x, yaxis_title=y, template="plotly_white")
    return figure


def _prices(single: SwarmRun, ensemble: EnsembleRun | None) -> Any:
    """Return the fan of the paths with the one market that is shown below."""
    from rf_swarm_sim.report import fan

    title = "price" if ensemble is None else f"price over {ensemble.paths} paths"
    figure = _figure(title, "round", "price")
    rounds = list(range(single.rounds + 1))
    if ensemble is not None:
        curves = fan(ensemble)
        for low, high in ((5, 95), (25, 75)):
            across = [*rounds, *reversed(rounds)]
            edge = [*curves[high].tolist(), *reversed(curves[low].tolist())]
            figure.add_scatter(
                x=across, y=edge, fill="toself", fillcolor=_PALE, line={"width": 0},
                name=f"{low} to {high} %", hoverinfo="skip",
            )  # fmt: skip
        figure.add_scatter(x=rounds, y=curves[50].tolist(), name="median", line={"color": _INK})
    path = [single.start, *single.mid.tolist()]
    figure.add_scatter(x=rounds, y=path, name="this market", line={"color": "#888", "width": 1})
    return figure


def _volume(single: SwarmRun) -> Any:
    figure = _figure("volume", "round", "lots")
    rounds = list(range(1, single.rounds + 1))
    figure.add_bar(x=rounds, y=single.volume.tolist(), name="volume", marker_color=_INK)
    return figure


def _depth(single: SwarmRun) -> Any:
    from rf_swarm_sim.report import depth_profile

    depth = depth_profile(single)
    figure = _figure("order book at the end", "basis points from mid", "lots up to here")
    for name, across, up, colour in (
        ("bid", -depth.bid_bps, depth.bid_size, _BID),
        ("ask", depth.ask_bps, depth.ask_size, _ASK),
    ):
        figure.add_scatter(
            x=across.tolist(), y=up.tolist(), name=name, fill="tozeroy",
            line={"color": colour, "shape": "hv"},
        )  # fmt: skip
    return figure


def _profits(single: SwarmRun) -> Any:
    figure = _figure("profit and loss by kind", "", "quote currency")
    pnl = single.pnl_by_kind()
    colours = [_BID if value >= 0.0 else _ASK for value in pnl.values()]
    names = [kind.label for kind in pnl]
    figure.add_bar(x=names, y=list(pnl.values()), marker_color=colours, name="P&L")
    return figure


def _summary(single: SwarmRun, ensemble: EnsembleRun | None) -> str:
    moved = single.conservation()
    rows = [
        ("price", f"{single.start:.6g} to {single.mid[-1]:.6g}"),
        ("volatility asked for", f"{single.vol:.1%} a year"),
        ("volume", f"{int(single.volume.sum()):,} lots of {single.lot:g}"),
        ("sum of all funds moved by", str(moved.funds)),
        ("sum of all inventories moved by", str(moved.inventory)),
    ]
    if single.scenario is not None:
        rows.append(("event", single.scenario.name))
    if ensemble is not None:
        rows.append(("paths", f"{ensemble.paths}"))
    return _table(("", ""), rows)


def _facts(single: SwarmRun, real: StylizedFacts | None) -> str:
    import numpy as np

    from rf_swarm_sim import stylized_facts
    from rf_swarm_sim.report import BANDS_HOLD_FROM, fact_rows

    if single.rounds < 100 or np.ptp(single.returns()) == 0.0:
        return "<p>No stylised facts: they need 100 rounds that move.</p>"
    here = stylized_facts(single.returns(), single.volume.astype(np.float64))
    rows = [
        (
            row.fact,
            row.measure,
            f"{row.value:.4g}",
            row.band,
            "yes" if row.is_inside else "no",
            "n/a" if row.real is None else f"{row.real:.4g}",
        )
        for row in fact_rows(here, real)
    ]
    note = "" if single.rounds >= BANDS_HOLD_FROM else "<p>The bands are for 2,000 rounds.</p>"
    columns = ("stylised fact", "measure", "here", "band", "inside", "history")
    return f"<h2>Stylised facts</h2>{_table(columns, rows)}{note}"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"
