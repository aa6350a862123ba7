"""What a backtest found, in a few lines of text.

A summary is what ``summary.json`` holds. Read here, and by the page of `backtest_report`:

=============== ===============================================================================
``id``          name of the kept run, such as ``bt-0001``
``title``       strategy and instruments, for the head of the page
``verdict``     one line; with a ``banner`` (a period that a model may remember) it is not shown
``metrics``     numbers by the names of `rf_backtest.validation.Measures`; ``costs`` is a table
``benchmark``   buy and hold (or ``name``): ``total_return``, ``sharpe``, ``max_drawdown``,
                ``trades``
``assumptions`` sentences by name: ``data``, ``costs``, ``fill model``, ``latency``,
                ``time zone``, ``look-ahead``; others are shown after these
``warnings``    sentences
``report``      path of the page
``next``        commands worth typing next
=============== ===============================================================================

What is missing, None or NaN is shown as ``n/a``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from rf_cli.output import printable

MISSING = "n/a"
TWO_SIDED_95 = 1.959963984540054
"""Normal quantile of a two-sided interval of 95 %."""

ASSUMPTIONS = ("costs", "fill model", "latency", "data", "time zone", "look-ahead")
"""Names of the assumptions that every page has, in order."""


def number(value: Any) -> float | None:
    """Return a finite float, None for what is none.

    Examples
    --------
    >>> number("0.5"), number(None), number(float("nan"))
    (0.5, None, None)
    """
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if isfinite(found) else None


def pct(value: Any) -> str:
    """Return a decimal fraction as a signed percentage."""
    found = number(value)
    if found is None:
        return MISSING
    return "0.0%" if abs(found) < 0.0005 else f"{found:+.1%}"


def fine(value: Any) -> str:
    """Return a decimal fraction as a signed percentage with at least two digits that count.

    Examples
    --------
    >>> fine(0.0123), fine(-0.0000058), fine(0.0)
    ('+1.23%', '-0.00058%', '0.00%')
    """
    found = number(value)
    if not found:
        return MISSING if found is None else "0.00%"
    return f"{found:+.2%}" if abs(found) >= 0.001 else f"{found * 100.0:+.2g}%"


def span(nanos: int) -> str:
    """Return a length of time in the unit that fits it.

    Examples
    --------
    >>> span(36 * 3600 * 10**9), span(90 * 10**9)
    ('1.5 days', '1.5 min')
    """
    seconds = nanos / 1e9
    for unit, size in (("days", 86_400.0), ("h", 3_600.0), ("min", 60.0)):
        if seconds >= size:
            return f"{seconds / size:,.1f} {unit}"
    return f"{seconds:.3g} s"


def decimal(value: Any, digits: int = 2) -> str:
    """Return a number with a fixed count of decimals."""
    found = number(value)
    return MISSING if found is None else f"{found:,.{digits}f}"


def count(value: Any) -> str:
    """Return a whole number with digit groups."""
    found = number(value)
    return MISSING if found is None else f"{found:,.0f}"


def when(ts: int, *, time: bool = False) -> str:
    """Return the day, or day and time, of nanoseconds UTC.

    Examples
    --------
    >>> when(0), when(60 * 10**9, time=True)
    ('1970-01-01', '1970-01-01 00:01:00')
    """
    moment = datetime.fromtimestamp(ts // 1_000_000_000, tz=UTC)
    return moment.strftime("%Y-%m-%d %H:%M:%S" if time else "%Y-%m-%d")


def part(summary: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a table of a summary, an empty one where there is none."""
    found = summary.get(name)
    return found if isinstance(found, Mapping) else {}


def verdict_line(summary: Mapping[str, Any]) -> str:
    """Return the verdict; the banner instead of it where there is one."""
    banner = summary.get("banner")
    if banner:
        return f"no verdict: {banner}"
    return str(summary.get("verdict") or "no verdict: it was not computed")


def result_block(summary: Mapping[str, Any]) -> str:
    """Return the block of a finished run: numbers, verdict, where it is kept, what comes next.

    Examples
    --------
    >>> print(result_block({"metrics": {"total_return": 0.061}, "verdict": "luck"}))
                          strategy   buy+hold
    total return             +6.1%        n/a
    sharpe                     n/a        n/a
    max drawdown               n/a        n/a
    trades                     n/a        n/a
    cost of trading            n/a
    verdict   luck
    """
    lines = [*_assumed(summary), *_numbers(summary), f"verdict   {verdict_line(summary)}"]
    lines += [f"warning   {warning}" for warning in summary.get("warnings") or ()]
    if summary.get("id"):
        report = f"   report  {summary['report']}" if summary.get("report") else ""
        lines += ["", f"saved     {summary['id']}{report}"]
    if summary.get("next"):
        lines.append(f"next      {'      '.join(map(str, summary['next']))}")
    return "\n".join(map(printable, lines))


def _assumed(summary: Mapping[str, Any]) -> list[str]:
    """Return the lines on data, costs and look-ahead that stand above the numbers."""
    told = part(summary, "assumptions")
    names = {"data": "data", "costs": "costs", "look-ahead": "bias"}
    lines = [f"{short:<10}{told[name]}" for name, short in names.items() if told.get(name)]
    return [*lines, ""] if lines else []


def _numbers(summary: Mapping[str, Any]) -> list[str]:
    ours, held = part(summary, "metrics"), part(summary, "benchmark")
    error = number(ours.get("sharpe_error"))
    beside = "" if error is None else f"   ± {TWO_SIDED_95 * error:.2f} (95 %)"
    trips = ""
    if number(ours.get("trades")):
        won, factor = number(ours.get("win_rate")), decimal(ours.get("profit_factor"))
        share = MISSING if won is None else f"{won:.0%}"
        trips = f"   win {share}   profit factor {factor}"

    def row(label: str, name: str, show: Callable[[Any], str], after: str = "") -> str:
        return f"{label:<20}{show(ours.get(name)):>10}{show(held.get(name)):>11}{after}"

    cost = number(part(ours, "costs").get("share"))
    spent = MISSING if cost is None else pct(-cost)
    return [
        f"{'':<20}{'strategy':>10}{'buy+hold':>11}",
        row("total return", "total_return", pct),
        row("sharpe", "sharpe", decimal, beside),
        row("max drawdown", "max_drawdown", lost),
        row("trades", "trades", count, trips),
        f"{'cost of trading':<20}{spent:>10}",
    ]


def lost(value: Any) -> str:
    """Return the depth of a fall, whichever its sign, as a negative percentage."""
    found = number(value)
    if found is None:
        return MISSING
    return pct(-abs(found))
