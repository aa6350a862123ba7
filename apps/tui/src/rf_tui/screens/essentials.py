"""What a terminal that is too small for panels still shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rf_dashboard.format import NA
from rf_dashboard.views import Account, Header, PositionRow, WatchRow
from rf_tui.figures import money_text, percent, px_text, quantity_text
from rf_tui.glyphs import clean
from rf_tui.paint import Line
from rf_tui.widgets.panel import Panel
from rf_tui.widgets.positions import drawdown_text
from rf_tui.widgets.risk import kill_word


class Small(NamedTuple):
    """What is shown, and the size that it is shown on."""

    columns: int
    rows: int
    watch: Sequence[WatchRow]
    chosen: str
    positions: Sequence[PositionRow]
    account: Account
    header: Header
    orders: int
    alerts: int


class Essentials(Panel):
    """View model: a `Small`."""

    name = "essentials"
    view: Small | None = None

    def _composed(self, size: tuple[int, int]) -> list[Line]:
        return list(self.body(*size))

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Return prices and positions, and the sums below them."""
        view = self.view
        if view is None:
            return []
        small = f" This terminal is {view.columns}x{view.rows}. The panels need 80x24."
        head: list[Line] = [
            [("warn", small)],
            [("dim", " Showing the essentials. Make it larger for the rest.")],
            (),
        ]
        foot = [self._counts(view), self._sums(view)]
        if height < 8:
            head = []
        room = max(0, height - len(head) - len(foot) - 1)
        held = {row.instrument_id: row for row in view.positions}
        rows = [_row(row, held.get(row.instrument_id), row.instrument_id == view.chosen)
                for row in _around(view, room)]  # fmt: skip
        return [*head, *rows, *([()] if height > 3 else []), *foot][:height]

    def _counts(self, view: Small) -> Line:
        link = "ok" if view.header.link == "live" and not view.header.stale else view.header.link
        role = "good" if link == "ok" else "warn"
        counts = f" orders {view.orders} open   alerts {view.alerts}   daemon "
        return [("text", counts), (role, link)]

    def _sums(self, view: Small) -> Line:
        day = money_text(view.account.day_pnl, 12, sign=True)
        return [("text", f" day {day}   drawdown {drawdown_text(view.account)}   kill "),
                kill_word(view.header)]  # fmt: skip


def _around(view: Small, room: int) -> Sequence[WatchRow]:
    at = next((n for n, row in enumerate(view.watch) if row.instrument_id == view.chosen), 0)
    top = max(0, min(at - room + 1, len(view.watch) - room))
    return view.watch[top : top + room]


def _row(row: WatchRow, held: PositionRow | None, chosen: bool) -> Line:
    price = px_text(row.mid, row.tick)
    head = f"{'>' if chosen else ' '}{clean(row.symbol)[:10]:<10}{price:>11} "
    line: list[tuple[str, str]] = [("select" if chosen else "text", head), percent(row.change)]
    if held is not None:
        pnl = money_text(held.unrealised, 9, sign=True) if held.unrealised.value else NA
        line.append(("text", f"  pos {quantity_text(held.quantity)}  {pnl}"))
    return line
