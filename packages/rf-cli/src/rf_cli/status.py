"""``rf status`` and ``rf positions``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rf_cli.context import Rf
from rf_cli.output import Answer, money, shown, table

if TYPE_CHECKING:
    from rich.console import RenderableType


def status(*, rf: Rf) -> Answer:
    """Show mode, state, money, feeds and counts."""
    data = rf.ask("status")
    return Answer("status", data, status_text, asof=data.get("asof") or "")


def positions(*, rf: Rf) -> Answer:
    """Show what is held and what it is worth."""
    return Answer("positions", rf.ask("positions"), _positions_text)


def status_text(data: Any) -> str:
    """Return the status as people read it."""
    kill = data["kill"]
    engine, journal = data["engine"], data["journal"]
    drawdown = data["drawdown"]
    refusals = ", ".join(f"{rule} {count}" for rule, count in data["refusals"].items()) or "none"
    thinking = "" if engine["answering"] else f"   NOT ANSWERING in {engine['thinking'] or '?'}"
    lines = [
        f"{data['mode']}  {data['account']}   session {data['session']}   "
        f"rf {data['version']}   up {_span(data['uptime_s'])}",
        f"state      {data['state']}   {data['state_reason']}",
    ]
    if kill["engaged"]:
        lines += [
            f"kill       ENGAGED, number {kill['number']}: {kill['reason']}",
            f'           rf resume --confirm "{kill["phrase"]}"',
        ]
    lines += [
        f"equity     {money(data['equity'])}   day {money(data['day_pnl'])}   "
        f"drawdown {'n/a' if drawdown is None else f'{drawdown:.2%}'}",
        f"cash       {money(data['cash'])}   realised {money(data['realised'])}   "
        f"fees {money(data['fees'])}",
        f"positions  {data['positions']}",
        f"orders     {data['open_orders']} open, {data['unknown_orders']} unknown, "
        f"{data['orders_today']} today   fills {data['fills_today']} today, {data['fills']} in all",
        f"signals    {data['signals']}   refusals {refusals}   gaps {data['gaps']}",
        f"engine     {engine['events_per_s']} events/s, number {engine['seq']}{thinking}",
        f"journal    {journal['records']} records, {journal['bytes']} bytes",
    ]
    lines += [f"feed       {_feed_line(feed)}" for feed in data["feeds"]]
    lines += [_instrument_line(item) for item in data["instruments"]]
    return "\n".join(lines)


def _feed_line(feed: Any) -> str:
    return f"{feed['source']}  {feed['state']}  {_age(feed['age_ms'])}  {feed['reason']}".rstrip()


def _instrument_line(item: Any) -> str:
    # A price that is not live gets a question mark, so that nobody trades on it by mistake.
    doubt = "" if item["state"] == "LIVE" else " ?"
    bid, ask = shown(item["bid"]), shown(item["ask"])
    return f"price      {item['instrument_id']}  {bid} / {ask}{doubt}  {_age(item['age_ms'])}"


def _age(age_ms: int | None) -> str:
    return "n/a" if age_ms is None else f"{age_ms} ms"


def _span(seconds: float) -> str:
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}"


def _positions_text(rows: Any) -> RenderableType:
    columns = ("instrument", ">quantity", ">average", ">mark", ">unrealised", ">realised", ">fees")
    cells = [
        (
            row["instrument_id"],
            shown(row["quantity"]),
            shown(row["average_price"]),
            shown(row["mark"]),
            money(row["unrealised"]),
            money(row["realised"]),
            money(row["fees"]),
        )
        for row in rows
    ]
    return table(columns, cells, empty="no positions")
