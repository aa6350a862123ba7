"""Open orders, two lines each, one of them selected."""

from __future__ import annotations

from collections.abc import Sequence

from rf_dashboard import format as fmt
from rf_dashboard.views.trading import OrderRow
from rf_tui.figures import px_text, quantity_text
from rf_tui.glyphs import clean
from rf_tui.messages import Message
from rf_tui.paint import Line
from rf_tui.widgets.panel import Panel


class Orders(Panel):
    """View model: the rows."""

    name = "orders"
    tab = "Orders"
    has_list = True
    view: Sequence[OrderRow] = ()
    selected_id = ""
    _top = 0

    @property
    def selected(self) -> OrderRow | None:
        """The selected order; None when it is gone: another one must be chosen, not guessed."""
        return next((r for r in self.view if r.client_order_id == self.selected_id), None)

    def show(self, view: Sequence[OrderRow]) -> None:
        """Take the open orders; the first one is selected until a person chooses."""
        if view and not self.selected_id:
            self.selected_id = view[0].client_order_id
        super().show(view)

    def heading(self, width: int) -> Line:
        """Return the title and how many are open."""
        return [("title", f"Open orders {len(self.view)}")]

    def footing(self) -> str:
        """Return the keys of this panel."""
        return "c cancel  C all (asks)"

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Return the orders around the selected one."""
        rows = self.view
        if not rows:
            return [(), [("dim", " no open orders")]]
        at = self._at()
        room = max(1, height // 2)
        self._top = max(0, min(max(self._top, at - room + 1), at))
        return [
            line
            for number, row in enumerate(rows[self._top : self._top + room], self._top)
            for line in _row(row, width, chosen=row is self.selected)
        ]

    def move(self, step: int) -> None:
        """Select the order `step` further, the first one when none is selected."""
        if self.view:
            step = 0 if self.selected is None else step
            self._select(max(0, min(len(self.view) - 1, self._at() + step)))

    def _select(self, at: int) -> None:
        self.selected_id = self.view[at].client_order_id
        self.send(Message("order", self.selected_id))

    def clicked(self, column: int, row: int) -> None:
        """Select the clicked order."""
        at = self._top + row // 2
        if at < len(self.view):
            self._select(at)

    def wheeled(self, step: int) -> None:
        """Select the next or the one before."""
        self.move(step)

    def _at(self) -> int:
        return next((n for n, row in enumerate(self.view) if row is self.selected), 0)


def _row(row: OrderRow, width: int, *, chosen: bool) -> list[Line]:
    price = f" {px_text(row.limit_price, row.tick)}" if row.limit_price.value is not None else ""
    what = f"{row.side} {quantity_text(row.quantity)} {clean(row.symbol)}"
    role = "select" if chosen else "text"
    first = f"{'>' if chosen else ' '}{fmt.short_id(row.client_order_id)} {what}"
    kind = f" {fmt.order_type(row.order_type)}{price}"
    filled = f"{quantity_text(row.filled)}/{quantity_text(row.quantity)}"
    state = fmt.order_status(row.status) + ("?" if row.stale else "")
    second = f"      {row.time_in_force} {state} {filled} {fmt.age(row.age_ms)}"
    return [
        [(role, first), ("up" if row.side.sign > 0 else "down", kind)],
        [("dim", second)],
    ]
