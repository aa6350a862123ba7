"""The rows of the context that was sent, one of them selected."""

from __future__ import annotations

from collections.abc import Sequence

from rf_dashboard.format import age
from rf_dashboard.views.intelligence import DexterCard, SourceRow
from rf_tui.glyphs import clean
from rf_tui.paint import Line
from rf_tui.widgets.panel import Panel, missing

_HEAD = 20
NOT_SENT = "not sent: keys, account id, balances"


class Sources(Panel):
    """View model: the `DexterCard` whose rows they are."""

    name = "sources"
    tab = "Sources"
    has_list = True
    view: DexterCard | None = None
    _at = 0
    _top = 0

    @property
    def ordered(self) -> Sequence[SourceRow]:
        """The rows, the cited ones first."""
        card = self.view
        return sorted(card.sources, key=lambda row: not row.cited) if card else ()

    @property
    def selected(self) -> SourceRow | None:
        """The selected row, which Enter shows whole."""
        rows = self.ordered
        return rows[min(self._at, len(rows) - 1)] if rows else None

    def heading(self, width: int) -> Line:
        """Return the title and how many rows there are."""
        return [("title", f"Sources sent, {len(self.ordered)} rows")]

    def footing(self) -> str:
        """Return the keys of this panel."""
        return "Enter = whole row"

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Return the rows around the selected one, and what is never sent."""
        rows = self.ordered
        foot: list[Line] = [[("dim", f" {NOT_SENT}")]]
        if not rows:
            return [*missing("no context was sent yet", width), (), *foot]
        self._at = max(0, min(self._at, len(rows) - 1))
        room = max(1, height - 1 - len(foot))
        self._top = max(
            0, min(max(self._top, self._at - room + 1), self._at, max(0, len(rows) - room))
        )
        head: Line = [("dim", f"  {'ID':<4} {'KIND':<7} {'AGE':>4}  VALUE")]
        shown = [
            _row(row, width, chosen=number == self._at)
            for number, row in enumerate(rows[self._top : self._top + room], self._top)
        ]
        return [head, *shown, *[()] * (room - len(shown)), *foot]

    def move(self, step: int) -> None:
        """Select the row `step` further."""
        self._at = max(0, min(len(self.ordered) - 1, self._at + step))
        self.refresh()

    def wheeled(self, step: int) -> None:
        """Select the next or the one before."""
        self.move(step)

    def clicked(self, column: int, row: int) -> None:
        """Select the clicked row."""
        at = self._top + row - 1
        if row > 0 and at < len(self.ordered):
            self._at = at
            self.refresh()


def _row(row: SourceRow, width: int, *, chosen: bool) -> Line:
    mark = ">" if chosen else " "
    old = age(row.age_ms).split()[0]
    cited = "*" if row.cited else " "
    head = f"{mark}{cited}{clean(row.row_id)[:4]:<4} {row.kind[:7]:<7} {old:>4}  "
    text = clean(row.text)
    room = max(width - _HEAD, 1)
    text = text if len(text) <= room else f"{text[: room - 1]}…"
    role = "select" if chosen else "text"
    return [(role, head), (role if chosen else "text" if row.cited else "dim", text)]
