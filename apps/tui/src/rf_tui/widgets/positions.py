"""What is held and what it is worth."""

from __future__ import annotations

from collections.abc import Sequence

from rf_dashboard.views.trading import Account, PositionRow
from rf_tui.figures import direction, mark, money_text, quantity_text, shortened
from rf_tui.glyphs import clean
from rf_tui.messages import Message
from rf_tui.paint import Line
from rf_tui.widgets.panel import Panel, missing

_PNL = 9
_QTY = 7
_PERCENT = 6


class Positions(Panel):
    """View model: the rows, and the account."""

    name = "positions"
    tab = "Pos"
    has_list = True
    view: tuple[Sequence[PositionRow], Account | None] = ((), None)
    _at = 0
    _top = 0

    def heading(self, width: int) -> Line:
        """Return the title and how many are held."""
        return [("title", f"Positions {len(self.view[0])}")]

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Return the rows, and the account's sums below."""
        rows, account = self.view
        name = max(5, width - _QTY - _PNL - _PERCENT - 1)
        head = f" {'SYMBOL':<{name}}{'QTY':>{_QTY}}{'P&L':>{_PNL}}{'%':>{_PERCENT}}"
        sums = _sums(account, width)
        room = max(1, height - 1 - (len(sums) if height > len(sums) + 2 else 0))
        self._at = max(0, min(self._at, len(rows) - 1))
        self._top = max(0, min(max(self._top, self._at - room + 1), self._at))
        shown: list[Line] = [[("dim", head)]]
        for number, row in enumerate(rows[self._top : self._top + room], self._top):
            shown.append(_row(row, name, chosen=self.active and number == self._at))
        if account is None or (account.equity.value is None and not rows):
            reason = "no account yet" if account is None else account.equity.reason
            shown += missing(reason, width)
        elif not rows:
            shown.append([("dim", " nothing is held")])
        gap = height - len(shown) - len(sums)
        return [*shown, *[()] * max(0, gap), *sums] if gap >= 0 else shown

    def move(self, step: int) -> None:
        """Select the row `step` further, and choose its instrument."""
        rows = self.view[0]
        self._at = max(0, min(len(rows) - 1, self._at + step))
        if rows:
            self.send(Message("instrument", rows[self._at].instrument_id))

    def clicked(self, column: int, row: int) -> None:
        """Choose the instrument of the clicked row."""
        at = self._top + row - 1
        if row > 0 and at < len(self.view[0]):
            self._at = at
            self.move(0)

    def wheeled(self, step: int) -> None:
        """Select the next or the one before."""
        self.move(step)


def _row(row: PositionRow, name: int, *, chosen: bool) -> Line:
    role, arrow = direction(row.unrealised.value)
    quantity = quantity_text(row.quantity)
    quantity = quantity if len(quantity) < _QTY else shortened(row.quantity, _QTY - 1)
    symbol = clean(row.symbol)
    symbol = symbol if len(symbol) <= name else symbol[: name - 1] + "…"
    pnl = arrow + money_text(row.unrealised, _PNL - 2, sign=True)
    part = row.unrealised_fraction.value
    percent = "n/a" if part is None else f"{part * 100:+.1f}%"
    head = f"{'>' if chosen else ' '}{symbol:<{name}}{quantity:>{_QTY}}"
    return [
        ("select" if chosen else "text", head),
        (role, f"{pnl:>{_PNL}}{percent:>{_PERCENT}}"),
    ]


def _sums(account: Account | None, width: int) -> list[Line]:
    if account is None:
        return []
    half = max(6, width // 2 - 8)
    pairs = [
        ("gross", account.gross, "net", account.net),
        ("cash", account.cash, "real.", account.realised),
    ]
    return [
        [
            ("dim", f" {left:<6}"),
            ("text", f"{money_text(first, half):<{half + 1}}"),
            ("dim", f"{right:<6}"),
            ("text", f"{money_text(second, half, sign=right != 'cash')}"),
        ]
        for left, first, right, second in pairs
    ]


def drawdown_text(account: Account | None) -> str:
    """Return the fall from the peak, as percent."""
    if account is None or account.drawdown.value is None:
        return "n/a"
    return f"{-account.drawdown.value * 100:.1f}%{mark(account.drawdown)}"
