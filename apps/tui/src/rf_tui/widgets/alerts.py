"""Alerts and refusals, newest first, each with when and how often."""

from __future__ import annotations

from collections.abc import Sequence

from rf_common.enums import Severity
from rf_dashboard.format import clock
from rf_dashboard.views.system import AlertRow
from rf_tui.glyphs import clean
from rf_tui.paint import Line, wrapped
from rf_tui.widgets.panel import Panel

_MARKS = {Severity.INFO: ("info", "i"), Severity.WARNING: ("warn", "!"),
          Severity.CRITICAL: ("bad", "X")}  # fmt: skip
SHOWN = 60
"""How many alerts the panel can be scrolled through."""


class Alerts(Panel):
    """View model: the rows, newest first."""

    name = "alerts"
    tab = "Alerts"
    has_list = True
    view: Sequence[AlertRow] = ()
    _at = 0

    def heading(self, width: int) -> Line:
        """Return the title."""
        return [("title", "Alerts & refusals")]

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Return the alerts from the one that is scrolled to."""
        if not self.view:
            return [(), [("dim", " nothing to tell")]]
        self._at = max(0, min(self._at, len(self.view) - 1))
        shown: list[Line] = []
        for row in self.view[self._at :]:
            if len(shown) >= height:
                break
            shown += _row(row, width)
        return shown

    def move(self, step: int) -> None:
        """Scroll by one alert."""
        self._at = max(0, min(len(self.view) - 1, self._at + step))

    def wheeled(self, step: int) -> None:
        """Scroll."""
        self.move(step)

    @property
    def top(self) -> AlertRow | None:
        """The alert at the top, which Enter shows whole."""
        return self.view[self._at] if self._at < len(self.view) else None


def _row(row: AlertRow, width: int) -> list[Line]:
    role, letter = _MARKS[row.severity]
    count = f" (x{row.count})" if row.count > 1 else ""
    lines = wrapped(f"{clean(row.code)} {clean(row.text)}{count}", max(8, width - 10))
    if len(lines) > 4:
        lines = [*lines[:3], lines[3][: max(0, width - 11)] + "…"]
    first: Line = [
        ("dim", f" {clock(row.ts)[:5]} "),
        (role, f"{letter} {lines[0]}"),
    ]
    return [first, *([("text", f"         {line}")] for line in lines[1:])]
