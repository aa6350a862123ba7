"""The page of a backtest: one HTML file that needs nothing else and asks nobody for anything.

`write_report` puts verdict, assumptions, measures and the figures of `backtest_figures` on one
page, readable on a desk and on a phone. The browser is told to refuse every connection.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rf_cli.backtest_block import (
    ASSUMPTIONS,
    MISSING,
    TWO_SIDED_95,
    count,
    decimal,
    lost,
    number,
    part,
    pct,
    span,
    verdict_line,
)
from rf_cli.backtest_drawing import Run, Section, SweepSurface, Table
from rf_cli.backtest_figures import sections
from rf_cli.backtest_series import held
from rf_cli.output import printable, usage

if TYPE_CHECKING:
    import numpy.typing as npt

    from rf_backtest.result import BacktestResult
    from rf_backtest.validation.walking import WalkForward

__all__ = ["SweepSurface", "report_html", "write_report"]

OPEN_ROWS = 14
"""Rows of a table that is not folded."""
_MONTH_NS = 30 * 86_400 * 1_000_000_000
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; base-uri 'none'; form-action 'none'"
)
_STYLE = """
:root{color-scheme:light}*{box-sizing:border-box}
body{font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif;color:#20242a;background:#fff;
max-width:1120px;margin:0 auto;padding:20px 16px 60px;overflow-wrap:anywhere}
h1{font-size:1.45rem;line-height:1.25;margin:.2em 0}h2{font-size:1.1rem;margin:0 0 .5em}
.sub,.note{color:#5b626c;font-size:.88rem;margin:.3em 0}
.verdict{border-left:5px solid #8a8f98;background:#f4f5f6;padding:.7em 1em;margin:1em 0;
font-size:1.06rem}.verdict.good{border-color:#2e7d4f}.verdict.bad{border-color:#b03a3a}
.two{display:grid;grid-template-columns:1fr 1fr;gap:0 28px}
section{position:relative;margin:1.7em 0 0;padding-top:1em;border-top:1px solid #e3e5e8;min-width:0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.3em 1.2em;margin:0}
dt{color:#5b626c}dd{margin:0}
.scroll{overflow-x:auto;-webkit-overflow-scrolling:touch}
table{border-collapse:collapse;font-size:.88rem;font-variant-numeric:tabular-nums}
td,th{padding:.28em .8em .28em 0;text-align:right;border-bottom:1px solid #eceef0;
white-space:nowrap;overflow-wrap:normal}
td:first-child,th:first-child{text-align:left}th{font-weight:600;color:#5b626c}
.measures table{width:100%}
details{margin-top:.5em}summary{cursor:pointer;color:#2a5a8c}
.plot{width:100%;min-width:0}
.tip{display:inline-block;width:1.45em;height:1.45em;padding:0;margin-left:.3em;border-radius:50%;
border:1px solid #c3c8ce;background:#fff;color:#5b626c;font-size:.72rem;font-weight:600;
line-height:1.3;cursor:help;vertical-align:middle}
.tip span{display:none}
.tip:hover span,.tip:focus span{display:block;position:absolute;z-index:9;left:0;max-width:560px;
width:100%;margin-top:.5em;padding:.6em .8em;background:#20242a;color:#fff;font-size:.85rem;
font-weight:400;line-height:1.45;text-align:left;border-radius:4px;white-space:normal}
@media(max-width:720px){.measures td:first-child{white-space:normal}td,th{padding-right:.6em}
.measures td:last-child,.measures th:last-child{padding-right:0}
.two{grid-template-columns:1fr}dl{grid-template-columns:1fr;gap:0}
dd{margin-bottom:.5em}}
@media print{.tip{display:none}section{break-inside:avoid}}
"""


class _Measure(NamedTuple):
    name: str
    label: str
    show: Callable[[Any], str]
    formula: str


def _plain_pct(value: Any) -> str:
    found = number(value)
    return MISSING if found is None else f"{found:.1%}"


_MEASURES = (
    _Measure("total_return", "total return", pct, "last equity / first equity - 1"),
    _Measure("annual_return", "annual return", pct, "(1 + total return)^(1 / years) - 1"),
    _Measure(
        "volatility", "volatility", _plain_pct,
        "standard deviation of returns (n - 1) x sqrt(periods a year)",
    ),
    _Measure(
        "sharpe", "Sharpe ratio", decimal,
        "mean return / standard deviation x sqrt(periods a year), riskless rate 0; ± is 1.96 "
        "standard errors, skewness and kurtosis included (Opdyke 2007)",
    ),
    _Measure(
        "psr", "probability that Sharpe > 0", decimal,
        "probabilistic Sharpe ratio of Bailey and Lopez de Prado (2012), equation 11",
    ),
    _Measure(
        "dsr", "deflated Sharpe ratio", decimal,
        "probability that the Sharpe ratio is above that of the best of as many useless trials, "
        "Bailey and Lopez de Prado (2014), equation 2",
    ),
    _Measure("trials", "trials counted", count, "parameter sets tried, this one included"),
    _Measure(
        "sortino", "Sortino ratio", decimal,
        "mean return / sqrt(mean of squared losses over all periods) x sqrt(periods a year)",
    ),
    _Measure("calmar", "Calmar ratio", decimal, "annual return / depth of the deepest drawdown"),
    _Measure("max_drawdown", "max drawdown", lost, "lowest of equity / highest equity so far - 1"),
    _Measure("trades", "trades", count, "closed round trips, first in first out"),
    _Measure("win_rate", "trades with a gain", _plain_pct, "trades with P&L above 0 / trades"),
    _Measure("profit_factor", "profit factor", decimal, "sum of gains / sum of losses of trades"),
    _Measure("average_trade", "average trade", decimal, "mean P&L of trades after fees, currency"),
    _Measure("turnover", "turnover a year", decimal, "traded a year / mean equity, both sides"),
    _Measure("exposure", "time with a position", _plain_pct, "points with a position / points"),
    _Measure("leverage", "mean exposure", decimal, "mean of absolute exposure / equity"),
    _Measure("skew", "skewness", decimal, "third moment of returns / standard deviation^3"),
    _Measure("kurtosis", "kurtosis", decimal, "fourth moment / variance^2; 3 for a normal one"),
)  # fmt: skip


def write_report(
    result: BacktestResult,
    summary: Mapping[str, Any],
    path: Path,
    *,
    sweep: SweepSurface | None = None,
    folds: WalkForward | None = None,
    benchmark: npt.ArrayLike | None = None,
) -> Path:
    """Write the page of a run and return its path.

    Parameters
    ----------
    result : BacktestResult
        What was found; arrays of n points.
    summary : mapping
        What `backtest_block` describes.
    path : Path
        The file, ending with .html; its folder exists.
    sweep : SweepSurface, optional
        A metric over swept parameters.
    folds : WalkForward, optional
        A walk-forward of the same strategy.
    benchmark : (n - 1,) array, optional
        Simple returns to compare with; buy and hold of the instruments if not given.

    Raises
    ------
    RfError
        If the name does not end with .html or the file cannot be written (exit code 2).
    ValueError
        If the benchmark has another length.
    """
    if path.suffix != ".html":
        raise usage(f"report {path}: expected a name that ends with .html")
    page = report_html(result, summary, sweep=sweep, folds=folds, benchmark=benchmark)
    try:
        path.write_text(page, encoding="utf-8", newline="\n")
    except OSError as error:
        raise usage(f"report {path}: it cannot be written: {error.strerror}") from error
    return path


def report_html(
    result: BacktestResult,
    summary: Mapping[str, Any],
    *,
    sweep: SweepSurface | None = None,
    folds: WalkForward | None = None,
    benchmark: npt.ArrayLike | None = None,
) -> str:
    """Return the page as text; see `write_report`."""
    from plotly.offline import get_plotlyjs

    name = str(part(summary, "benchmark").get("name") or "buy and hold")
    hold = held(result, benchmark) if result.equity.size else None
    run = Run(result, summary, hold, name, sweep, folds)
    drawn = [_section(place, section) for place, section in enumerate(sections(run))]
    title = _text(summary.get("title") or result.name or "backtest")
    return "\n".join(
        (
            "<!DOCTYPE html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width,initial-scale=1">',
            f"<title>{title}</title><style>{_STYLE}</style>",
            f"<script>{get_plotlyjs()}</script></head><body>",
            f"<h1>{title}</h1>{_head(run)}{_verdict(summary)}",
            f'<div class="two">{_assumptions(run)}{_measures(run)}</div>',
            *drawn,
            _origin(result),
            "</body></html>\n",
        )
    )


def _text(value: Any) -> str:
    return escape(printable(str(value)))


def _head(run: Run) -> str:
    result = run.result
    parts = [str(run.summary["id"])] if run.summary.get("id") else []
    if result.ts.size:
        parts.append(f"{run.moment(0)} to {run.moment(-1)}")
        parts.append(f"{result.ts.size:,} points")
    names = [str(name) for name in result.instruments]
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    parts.append(", ".join(names[:6]) + more)
    parts.append(f"{result.orders:,} orders, {len(result.fills):,} fills")
    return f'<p class="sub">{_text("   ·   ".join(filter(None, parts)))}</p>'


def _verdict(summary: Mapping[str, Any]) -> str:
    told = verdict_line(summary)
    kind = "good" if told.startswith("distinguishable") else "bad" if "not " in told[:4] else ""
    line = f'<p class="verdict {kind}"><b>Verdict:</b> {_text(told)}</p>'
    warned = [f"<li>{_text(warning)}</li>" for warning in summary.get("warnings") or ()]
    return line + (f'<ul class="note">{"".join(warned)}</ul>' if warned else "")


def _assumptions(run: Run) -> str:
    told = part(run.summary, "assumptions")
    names = [*ASSUMPTIONS, *(name for name in told if name not in ASSUMPTIONS)]
    rows = "".join(
        f"<dt>{_text(name)}</dt><dd>{_text(told.get(name) or 'not told')}</dd>" for name in names
    )
    refused = sum(run.result.refusals.values()) + len(run.result.rejected)
    if refused:
        reasons = ", ".join(f"{rule} {times}" for rule, times in run.result.refusals.items())
        text = f"{refused:,} ({reasons})" if reasons else f"{refused:,}"
        rows += f"<dt>orders refused</dt><dd>{_text(text)}</dd>"
    return f"<section><h2>Assumptions</h2><dl>{rows}</dl></section>"


def _measures(run: Run) -> str:
    ours, theirs = part(run.summary, "metrics"), part(run.summary, "benchmark")
    rows = []
    for measure in _MEASURES:
        own = measure.show(ours.get(measure.name))
        error = number(ours.get("sharpe_error"))
        if measure.name == "sharpe" and error is not None:
            own += f" ± {TWO_SIDED_95 * error:.2f}"
        other = measure.show(theirs[measure.name]) if measure.name in theirs else ""
        head = f"{escape(measure.label)}{_tip(measure.formula)}"
        rows.append(f"<tr><td>{head}</td><td>{escape(own)}</td><td>{escape(other)}</td></tr>")
    cost = number(part(ours, "costs").get("share"))
    shown = MISSING if cost is None else pct(-cost)
    tip = _tip("(commission + spread and slippage + borrow) / starting equity")
    rows.append(f"<tr><td>cost of trading{tip}</td><td>{shown}</td><td></td></tr>")
    head = "<tr><th></th><th>strategy</th><th>buy+hold</th></tr>"
    return (
        f'<section class="measures"><h2>Measures</h2><table>{head}{"".join(rows)}</table>'
        f"{_extrapolated(run)}</section>"
    )


def _extrapolated(run: Run) -> str:
    """Return what must be said of annual figures of a short run."""
    ts = run.result.ts
    if ts.size < 2 or int(ts[-1] - ts[0]) >= _MONTH_NS:
        return ""
    text = f"Figures a year are extrapolated from {span(int(ts[-1] - ts[0]))}."
    return f'<p class="note">{text}</p>'


def _tip(formula: str) -> str:
    return (
        f'<button type="button" class="tip" aria-label="formula">?<span role="tooltip">'
        f"{_text(formula)}</span></button>"
    )


def _section(place: int, section: Section) -> str:
    parts = [f"<section><h2>{_text(section.title)}{_tip(section.formula)}</h2>"]
    if section.figure is not None:
        parts.append(_plot(f"figure-{place}", section.figure))
    if section.note:
        parts.append(f'<p class="note">{_text(section.note)}</p>')
    if section.table.rows:
        table = _table(section.table)
        if len(section.table.rows) > OPEN_ROWS:
            size = f"{len(section.table.rows)} rows"
            table = f"<details><summary>Table, {size}</summary>{table}</details>"
        parts.append(table)
    return "".join((*parts, "</section>"))


def _plot(name: str, figure: Any) -> str:
    """Return a figure as a place and the call that fills it; nothing in it can end the script."""
    drawn = figure.to_json().replace("<", "\\u003c").replace(">", "\\u003e")
    drawn = drawn.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    height = int(figure.layout.height)
    return (
        f'<div id="{name}" class="plot" style="height:{height}px"></div><script>{{const f={drawn};'
        f'Plotly.newPlot("{name}",f.data,f.layout,{{responsive:true,displayModeBar:false}})}}'
        "</script>"
    )


def _table(table: Table) -> str:
    def cells(kind: str, row: Sequence[str]) -> str:
        return "".join(f"<{kind}>{_text(cell)}</{kind}>" for cell in row)

    head = f"<tr>{cells('th', table.columns)}</tr>"
    rows = "".join(f"<tr>{cells('td', row)}</tr>" for row in table.rows)
    return f'<div class="scroll"><table>{head}{rows}</table></div>'


def _origin(result: BacktestResult) -> str:
    hashes = {
        "data": result.data_hash,
        "settings": result.config_hash,
        "output": result.output_hash,
    }
    rows = "".join(f"<dt>{name}</dt><dd>{_text(value)}</dd>" for name, value in hashes.items())
    return f"<section><h2>SHA-256</h2><dl>{rows}</dl></section>"
