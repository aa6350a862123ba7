"""``rf ai news|impact|accept``: what a person tells the running thinkers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rf_cli.context import Rf
from rf_cli.instruments import resolve
from rf_cli.orders import answer_text, ask_once, refusal
from rf_cli.output import Answer, table, usage

if TYPE_CHECKING:
    from rich.console import RenderableType

_LONG_S = 120.0


def news(
    headline: str | None = None,
    /,
    *,
    file: Path | None = None,
    source: str = "by hand",
    rf: Rf,
) -> Answer:
    """Tell the thinkers a headline or a filing: sorted, linked, learned, shown to the analyst.

    Parameters
    ----------
    headline
        In words.
    file
        Text of a filing or article; its first line is the headline.
    source
        Who says so.
    """
    if (headline is None) == (file is None):
        raise usage("expected a headline or --file FILE")
    body = ""
    if file is not None:
        try:
            first, _, body = file.read_text(encoding="utf-8").strip().partition("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise usage(f"{file}: expected a text file, {error}") from error
        headline = first
    told = {"headline": headline, "body": body, "source": source}
    return Answer("ai.news", rf.ask("news", told, timeout_s=_LONG_S), _news_text)


def impact(symbol: str, /, *, rf: Rf) -> Answer:
    """Show what a shock of an instrument would mean for others, by the graph of its last cycle.

    Parameters
    ----------
    symbol
        An instrument of the running daemon.
    """
    told = rf.ask("thoughts", {"instrument_id": resolve(rf, symbol)})
    graph = told.get("graph")
    if not graph or graph["unavailable"]:
        why = graph["unavailable"] if graph else "no cycle has ended yet"
        raise usage(f"{symbol}: {why}", fix=f"rf ai analyse {symbol}")
    return Answer("ai.impact", graph, _impact_text)


def accept(symbol: str, cycle: str, /, *, rf: Rf) -> Answer:
    """Send the order of the newest verdict, where engine.gate.may_trade is ask.

    Parameters
    ----------
    symbol
        Its instrument.
    cycle
        Id of its cycle, as rf why shows it.
    """
    args = {"instrument_id": resolve(rf, symbol), "cycle_id": cycle, "actor": rf.actor}
    data = ask_once(rf, "accept", args)
    if not data["ok"]:
        raise refusal(rf, data)
    return Answer("ai.accept", data, answer_text)


def _news_text(data: Any) -> RenderableType:
    told = data["triaged"]
    if told["withheld"]:
        return "withheld: it reads like an order to a model"
    lines = [
        f"{told['action']}  sentiment {told['sentiment']:+.2f}  {told['catalyst'] or 'no catalyst'}"
        f"  by {told['analyst']}",
        f"names {', '.join(told['entities']) or 'nobody known'}",
        f"graph learned {data['learned']}",
    ]
    if told["same_as"]:
        lines.append(f"told before as {told['same_as']}")
    if data["asked"]:
        lines.append(f"a cycle was asked for {', '.join(data['asked'])}")
    return "\n".join(lines)


def _impact_text(data: Any) -> RenderableType:
    rows = [
        (i["target_name"], f"{i['score']:+.3f}", f"{i['confidence']:.2f}", i["path"])
        for i in data["impacts"]
    ]
    return table(("target", ">score", ">confidence", "path"), rows, empty="no effect on others")
