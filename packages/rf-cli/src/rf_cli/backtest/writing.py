"""The files of a run beside its page: trades, fills, orders, equity, log."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rf_common.clock import UnixNanos, to_iso

if TYPE_CHECKING:
    from rf_backtest.result import BacktestResult, Fill, Trip

TRADES = "trades.csv"
FILLS = "fills.csv"
ORDERS = "orders.csv"
EQUITY = "equity.parquet"
LOG = "log.jsonl"
REPORT = "report.html"

TRADE_COLUMNS = (
    "trade",
    "instrument",
    "strategy",
    "side",
    "quantity",
    "opened",
    "entry_price",
    "closed",
    "exit_price",
    "fee",
    "pnl",
    "entry_reason",
    "exit_reason",
)
FILL_COLUMNS = (
    "fill",
    "ts",
    "time",
    "instrument",
    "strategy",
    "side",
    "price",
    "quantity",
    "fee",
    "liquidity",
    "order",
    "reason",
)
ORDER_COLUMNS = (
    "order",
    "instrument",
    "strategy",
    "side",
    "filled",
    "average_price",
    "fee",
    "fills",
    "first",
    "last",
    "outcome",
)


def write_tables(folder: Path, result: BacktestResult) -> None:
    """Write trades, fills, orders and equity of a result."""
    _csv(folder / TRADES, TRADE_COLUMNS, trade_rows(result))
    _csv(folder / FILLS, FILL_COLUMNS, fill_rows(result))
    _csv(folder / ORDERS, ORDER_COLUMNS, order_rows(result))
    write_equity(folder / EQUITY, result)


def trade_rows(result: BacktestResult) -> Iterable[Sequence[object]]:
    """Yield the closed round trips, in order of closing."""
    for number, trip in enumerate(closed_in_order(result.trips), start=1):
        entry, leave = result.fills[trip.opened], result.fills[trip.closed]
        yield (
            number,
            trip.instrument_id,
            trip.strategy_id,
            "long" if trip.quantity > 0 else "short",
            abs(trip.quantity),
            to_iso(UnixNanos(trip.opened_ts)),
            trip.entry_price,
            to_iso(UnixNanos(trip.closed_ts)),
            trip.exit_price,
            trip.fee,
            trip.pnl,
            entry.reason,
            leave.reason,
        )


def closed_in_order(trips: Iterable[Trip]) -> list[Trip]:
    """Return round trips by closing time, ties by the numbers of their fills."""
    return sorted(trips, key=lambda trip: (trip.closed_ts, trip.closed, trip.opened))


def fill_rows(result: BacktestResult) -> Iterable[Sequence[object]]:
    """Yield the fills, in order."""
    for number, fill in enumerate(result.fills, start=1):
        yield (
            number,
            fill.ts,
            to_iso(UnixNanos(fill.ts)),
            fill.instrument_id,
            fill.strategy_id,
            fill.side,
            fill.price,
            fill.quantity,
            fill.fee,
            fill.liquidity,
            fill.client_order_id,
            fill.reason,
        )


def order_rows(result: BacktestResult) -> Iterable[Sequence[object]]:
    """Yield one row for every order that was filled, and one for each that was turned away."""
    by_order: dict[str, list[Fill]] = {}
    for fill in result.fills:
        by_order.setdefault(fill.client_order_id, []).append(fill)
    for name, fills in by_order.items():
        first = fills[0]
        filled = sum((fill.quantity for fill in fills), Decimal(0))
        value = sum((fill.quantity * fill.price for fill in fills), Decimal(0))
        yield (
            name,
            first.instrument_id,
            first.strategy_id,
            first.side,
            filled,
            value / filled,
            sum((fill.fee for fill in fills), Decimal(0)),
            len(fills),
            to_iso(UnixNanos(first.ts)),
            to_iso(UnixNanos(fills[-1].ts)),
            "filled",
        )
    for text in result.rejected:
        yield ("", "", "", "", "", "", "", "", "", "", f"turned away: {text}")
    for rule, count in sorted(result.refusals.items()):
        yield ("", "", "", "", "", "", "", "", "", "", f"refused by {rule}: {count} times")


def _csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_cell(value) for value in row] for row in rows)


def _cell(value: object) -> str:
    text = format(value, "f") if isinstance(value, Decimal) else str(value)
    # A spreadsheet runs what begins like this; a number may begin with a minus.
    risky = isinstance(value, str) and text[:1] in {"=", "+", "@", "-", "\t"}
    return f"'{text}" if risky else text


def write_equity(path: Path, result: BacktestResult) -> None:
    """Write the equity points as Parquet: time, equity, cash, gross, and the marks."""
    import polars as pl

    columns: dict[str, Any] = {
        "ts": result.ts,
        "equity": result.equity,
        "cash": result.cash,
        "gross": result.gross,
    }
    columns |= {f"px {name}": result.mark_px[name] for name in sorted(result.mark_px)}
    pl.DataFrame(columns).write_parquet(path)


def read_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of one of our CSV files; none when there is no file."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class Log:
    """A line of JSON for each thing that happened while a run was made."""

    def __init__(self) -> None:
        self._lines: list[dict[str, Any]] = []

    def add(self, at: str, event: str, **facts: Any) -> None:
        """Add a line."""
        self._lines.append({"at": at, "event": event, **facts})

    def write(self, path: Path) -> None:
        """Write all lines."""
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in self._lines)
        path.write_text(text, encoding="utf-8")
