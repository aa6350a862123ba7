"""``rf strategy`` and ``rf why``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rf_cli.context import Context, Rf
from rf_cli.instruments import resolve
from rf_cli.orders import answer_text, ask_once, refusal
from rf_cli.output import Answer, table, usage

if TYPE_CHECKING:
    from rich.console import RenderableType


def list_strategies(*, rf: Rf) -> Answer:
    """List strategies and whether they are on."""
    return Answer("strategies", rf.ask("status")["strategies"], _list_text)


def enable(strategy: str, /, *, rf: Rf) -> Answer:
    """Switch a strategy on.

    Parameters
    ----------
    strategy
        Its id, as rf strategy list shows it.
    """
    return _done(rf, {"strategy_id": strategy, "enabled": True})


def disable(strategy: str, /, *, rf: Rf) -> Answer:
    """Switch a strategy off; its open orders stay.

    Parameters
    ----------
    strategy
        Its id, as rf strategy list shows it.
    """
    return _done(rf, {"strategy_id": strategy, "enabled": False})


def swap(strategy: str, factory: str, /, *, parameters: str = "{}", rf: Rf) -> Answer:
    """Replace a strategy's code and parameters while the engine runs.

    Parameters
    ----------
    strategy
        Its id, as rf strategy list shows it.
    factory
        Name of the code to use.
    parameters
        JSON object for the code.
    """
    try:
        given = json.loads(parameters)
    except ValueError as error:
        raise usage(f"--parameters is not JSON: {error}") from error
    if not isinstance(given, dict):
        raise usage(f"--parameters = {parameters}: expected a JSON object such as {{}}")
    return _done(rf, {"strategy_id": strategy, "factory": factory, "parameters": parameters})


def why(strategy: str, symbol: str | None = None, /, *, rf: Rf) -> Answer:
    """Show what a strategy needed and what was there.

    Parameters
    ----------
    strategy
        Its id, as rf strategy list shows it.
    symbol
        Only this instrument.
    """
    args = {"strategy_id": strategy}
    if symbol is not None:
        args["instrument_id"] = resolve(rf, symbol)
    return Answer("why", rf.ask("why", args), _why_text)


def _done(rf: Context, args: dict[str, Any]) -> Answer:
    data = ask_once(rf, "strategy", {**args, "actor": rf.actor})
    if not data["ok"]:
        raise refusal(rf, data)
    return Answer("strategy", data, answer_text)


def _list_text(rows: Any) -> RenderableType:
    cells = [(r["strategy_id"], "on" if r["enabled"] else "off", r["reason"] or "") for r in rows]
    return table(("strategy", "is", "reason"), cells, empty="no strategies")


def _why_text(data: Any) -> RenderableType:
    from rich.console import Group

    state = "on" if data["enabled"] else f"off: {data['reason']}"
    parts: list[RenderableType] = [f"{data['strategy_id']} is {state}"]
    for item in data["instruments"]:
        last = item["last_word"] or "no opinion yet"
        parts.append(f"{item['instrument_id']}  feed {item['feed_state']}  {last}")
        rows = [
            ("ok" if c["met"] else "lacks", c["name"], c["value"], c["needed"])
            for c in item["conditions"]
        ]
        parts.append(table(("", "condition", "value", "needed"), rows, empty="  no conditions yet"))
        parts += _decisions(item.get("decisions", []))
    return Group(*parts)


def _decisions(decisions: Sequence[Mapping[str, Any]]) -> list[RenderableType]:
    """Return the last verdicts, each with its chain of reasons and what failed."""
    lines: list[RenderableType] = []
    for told in decisions:
        lines.append(
            f"  cycle {told['cycle_id']} {told['ts']}  {told['verdict']}: {told['reason']}"
        )
        lines += [f"    {line}" for line in told["chain"]]
        failed = [c for c in told["checks"] if not c["ok"]]
        lines += [f"    lacks {c['name']}: {c['value']}, needed {c['limit']}" for c in failed]
    return lines
