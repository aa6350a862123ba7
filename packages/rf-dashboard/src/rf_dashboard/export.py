"""Tables as CSV text, safe to open in a spreadsheet.

Text cells lose control characters, and those that a spreadsheet would take for a formula get an
apostrophe in front. Numbers are written by us, in full and plainly, and stay numbers.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from decimal import Decimal

from rf_common import money
from rf_common.clock import UnixNanos, to_iso
from rf_dashboard import format as fmt
from rf_dashboard.state import DashboardState
from rf_dashboard.values import Value
from rf_dashboard.views import account, alerts, cycles, dexter_card, fills, orders, positions

Cell = str | int | float | Decimal | Value[Decimal] | Value[float] | Value[int] | None
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_ALL = 1_000_000


def positions_csv(state: DashboardState, now: UnixNanos) -> str:
    """Return what is held."""
    header = (
        "instrument", "quantity", "average_price", "mark", "unrealised", "realised", "fees",
        "stale", "owners",
    )  # fmt: skip
    return to_csv(header, (
        (
            row.instrument_id, row.quantity, row.average_price, row.mark, row.unrealised,
            row.realised, row.fees, _flag(row.mark.stale),
            " ".join(f"{name}:{money.to_text(held)}" for name, held in row.owners),
        )
        for row in positions(state, now)
    ))  # fmt: skip


def orders_csv(state: DashboardState, now: UnixNanos) -> str:
    """Return open and remembered finished orders, newest first."""
    header = (
        "client_order_id", "strategy", "instrument", "side", "type", "time_in_force", "quantity",
        "filled", "limit_price", "average_price", "status", "reason", "created", "updated",
    )  # fmt: skip
    return to_csv(header, (
        (
            row.client_order_id, row.strategy_id, row.instrument_id, row.side, row.order_type,
            row.time_in_force, row.quantity, row.filled, row.limit_price, row.average_price,
            row.status, row.reason, _time(row.created), _time(row.updated),
        )
        for row in orders(state, _ALL, now)
    ))  # fmt: skip


def fills_csv(state: DashboardState, now: UnixNanos) -> str:
    """Return remembered fills, newest first."""
    header = (
        "time", "execution_id", "client_order_id", "strategy", "instrument", "side", "price",
        "quantity", "fee", "liquidity",
    )  # fmt: skip
    return to_csv(header, (
        (
            _time(row.ts), row.execution_id, row.client_order_id, row.strategy_id,
            row.instrument_id, row.side, row.price, row.quantity, row.fee, row.liquidity,
        )
        for row in fills(state, _ALL, now)
    ))  # fmt: skip


def alerts_csv(state: DashboardState, now: UnixNanos) -> str:
    """Return remembered alerts and refusals, newest first."""
    header = ("time", "severity", "kind", "code", "subject", "count", "text")
    return to_csv(header, (
        (_time(row.ts), row.severity, row.kind, row.code, row.subject, row.count, row.text)
        for row in alerts(state, _ALL, now)
    ))  # fmt: skip


def account_csv(state: DashboardState, now: UnixNanos) -> str:
    """Return the account as one amount a line, with the reason where there is none."""
    view = account(state, now)
    names = (
        "equity", "cash", "day_pnl", "realised", "fees", "gross", "net", "drawdown",
        "orders_today", "fills_today",
    )  # fmt: skip
    rows = []
    for name in names:
        value = getattr(view, name)
        rows.append((name, value, view.currency, _flag(value.stale), value.reason))
    return to_csv(("name", "value", "currency", "stale", "reason"), rows)


def opinions_csv(state: DashboardState, now: UnixNanos) -> str:
    """Return the newest opinion of each instrument, one line a context row that was sent."""
    header = (
        "instrument", "cycle", "time", "analyst", "model", "recommendation", "direction",
        "confidence", "unavailable", "row", "kind", "source", "row_time", "cited", "text",
    )  # fmt: skip
    return to_csv(header, (
        (
            card.instrument_id, card.cycle_id, _time(card.ts), card.analyst, card.model,
            card.recommendation, card.direction, card.confidence, card.reason, row.row_id,
            row.kind, row.source, _time(row.ts), "cited" if row.cited else "", row.text,
        )
        for card in (dexter_card(state, name, now) for name in state.minds.latest)
        for row in card.sources
    ))  # fmt: skip


def decisions_csv(state: DashboardState, now: UnixNanos) -> str:
    """Return remembered cycles, newest first: the verdict, its comparisons, what came of it."""
    header = (
        "time", "cycle", "instrument", "verdict", "reason", "direction", "quantity",
        "recommendation", "quant", "swarm", "graph", "analyst", "checks", "orders", "refusals",
    )  # fmt: skip
    return to_csv(header, (
        (
            _time(row.ts), row.cycle_id, row.instrument_id, row.verdict, row.reason,
            row.direction, row.quantity if row.verdict else None, row.recommendation,
            *(stage.text for stage in row.stages),
            "; ".join(
                f"{check.name} {check.value} / {check.limit} {'ok' if check.ok else 'NO'}"
                for check in (row.gate.checks if row.gate else ())
            ),
            " ".join(row.orders), "; ".join(row.refusals),
        )
        for row in cycles(state, now, _ALL)
    ))  # fmt: skip


def to_csv(header: Iterable[str], rows: Iterable[Iterable[Cell]]) -> str:
    """Return one table; unknown values are empty cells."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([cell_text(cell) for cell in row] for row in rows)
    return out.getvalue()


def cell_text(cell: Cell) -> str:
    """Return one cell as it goes into the file.

    Examples
    --------
    >>> cell_text("=1+1"), cell_text(Decimal("-12.40")), cell_text(None)
    ("'=1+1", '-12.40', '')
    """
    if isinstance(cell, Value):
        return cell_text(cell.value)
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return money.to_text(cell)
    if isinstance(cell, (int, float)):
        return repr(cell)
    text = fmt.clean(str(cell))
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text


def _flag(stale: bool) -> str:
    return "stale" if stale else ""


def _time(ts: UnixNanos) -> str:
    return to_iso(ts) if ts else ""
