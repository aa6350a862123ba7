"""``rf risk``: limits, and an order on trial."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rf_cli.context import Rf
from rf_cli.orders import NO_TERMS, Terms, judged, place
from rf_cli.output import Answer, shown, table
from rf_common.enums import Side

if TYPE_CHECKING:
    from rich.console import RenderableType


def limits(*, rf: Rf) -> Answer:
    """Show every limit and the day's counters."""
    return Answer("risk.limits", rf.ask("risk"), _limits_text)


def check(side: Side, symbol: str, quantity: str, /, *, terms: Terms = NO_TERMS, rf: Rf) -> Answer:
    """Show what each rule says of an order, without sending it.

    Parameters
    ----------
    side
        Buy or sell.
    symbol
        Symbol, or full id such as binance:BTCUSDT.
    quantity
        Units.
    """
    return judged(rf, place(rf, side, symbol, quantity, terms=terms))


def _limits_text(data: Any) -> RenderableType:
    rows: list[tuple[str, str]] = []
    for section, content in data.items():
        if isinstance(content, dict):
            at = "" if section == "limits" else f"{section}: "
            rows += [(f"{at}{name}", shown(value)) for name, value in content.items()]
        else:
            rows += [(f"{section}: {r['rule']}", f"{r['value']} of {r['limit']}") for r in content]
    return table(("limit", ">value"), rows, empty="no limits")
