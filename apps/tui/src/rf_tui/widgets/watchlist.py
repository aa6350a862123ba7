"""The watch list: one line an instrument, the chosen one marked."""

from __future__ import annotations

from collections.abc import Sequence

from rf_dashboard.views.market import WatchRow
from rf_tui.figures import percent, px_text
from rf_tui.glyphs import clean
from rf_tui.messages import Message
from rf_tui.paint import Line
from rf_tui.widgets.panel import Panel, missing

_CHANGE = 9


class Watchlist(Panel):
    """View model: the rows, and the id of the chosen instrument."""

    name = "watchlist"
    tab = "Watch"
    has_list = True
    view: tuple[Sequence[WatchRow], str] = ((), "")
    _top = 0
    _height = 1

    def heading(self, width: int) -> Line:
        """Return the title and how many there are."""
        return [("title", f"Watchlist {len(self.view[0])}")]

    def footing(self) -> str:
        """Return which part is shown when not all fit."""
        count, room = len(self.view[0]), self._height - 1
        return f"{min(self._top + room, count)}/{count}" if count > room else ""

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Return the column heads and the rows around the chosen one."""
        rows, chosen = self.view
        self._height = height
        at = self._at()
        room = max(1, height - 1)
        self._top = max(0, min(max(self._top, at - room + 1), at, max(0, len(rows) - room)))
        price = max(10, min(14, width - _CHANGE - 11))
        head = f" {'SYMBOL':<{width - price - _CHANGE - 1}}{'MID':>{price - 1}} {'CHG':>{_CHANGE}}"
        shown: list[Line] = [[("dim", head)]]
        if not rows:
            return [*shown, *missing("no instrument is known yet", width)]
        for row in rows[self._top : self._top + room]:
            shown.append(_row(row, width, price, chosen=row.instrument_id == chosen))
        return shown

    def move(self, step: int) -> None:
        """Choose the instrument `step` lines on."""
        rows = self.view[0]
        if rows:
            at = max(0, min(len(rows) - 1, self._at() + step))
            self.send(Message("instrument", rows[at].instrument_id))

    def clicked(self, column: int, row: int) -> None:
        """Choose the instrument that was clicked."""
        at = self._top + row - 1
        if row > 0 and at < len(self.view[0]):
            self.send(Message("instrument", self.view[0][at].instrument_id))

    def wheeled(self, step: int) -> None:
        """Choose the next or the one before."""
        self.move(step)

    def _at(self) -> int:
        rows, chosen = self.view
        return next((n for n, row in enumerate(rows) if row.instrument_id == chosen), 0)


def _row(row: WatchRow, width: int, price: int, *, chosen: bool) -> Line:
    symbol_width = width - price - _CHANGE
    symbol = clean(row.symbol)
    if len(symbol) > symbol_width - 1:
        symbol = symbol[: symbol_width - 2] + "…"
    text = f"{'>' if chosen else ' '}{symbol:<{symbol_width - 1}}{_price(row, price)}"
    role, change = percent(row.change)
    return [("select" if chosen else "text", text), (role, f"{change:>{_CHANGE}}")]


def _price(row: WatchRow, width: int) -> str:
    text = px_text(row.mid, row.tick)
    # The mark of a stale price has a column of its own, so that prices stay aligned.
    return f"{text:>{width}}" if text.endswith("?") else f"{text:>{width - 1}} "
