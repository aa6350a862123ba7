"""Several panels in the place of one: their names are the title, one of them is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rf_tui.messages import Message
from rf_tui.paint import Line
from rf_tui.widgets.panel import Panel


class Tabs(Panel):
    """Shows the panel that was active last."""

    name = "tabs"

    def __init__(self, send: Callable[[Message], None], panels: Sequence[Panel]) -> None:
        super().__init__(send)
        self.panels = panels
        self.shown = panels[0]

    def choose(self, name: str) -> None:
        """Show the panel of that name; nothing happens when it is not here."""
        self.shown = next((p for p in self.panels if p.name == name), self.shown)
        self.activate(any(p.name == name for p in self.panels))
        self.refresh()

    def heading(self, width: int) -> Line:
        """Return the names, the shown one in brackets."""
        line: list[tuple[str, str]] = []
        for panel in self.panels:
            role, text = ("title", f"[{panel.tab}]") if panel is self.shown else ("dim", panel.tab)
            line += [(role, text), ("border", " ")]
        return line[:-1]

    def footing(self) -> str:
        """Return the hint of the shown panel."""
        return self.shown.footing()

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Return the inside of the shown panel."""
        return self.shown.body(width, height)

    def move(self, step: int) -> None:
        """Move in the shown panel."""
        self.shown.move(step)

    def clicked(self, column: int, row: int) -> None:
        """Give the click to the shown panel."""
        self.send(Message("focus", self.shown.name))
        self.shown.clicked(column, row)

    def wheeled(self, step: int) -> None:
        """Give the turn to the shown panel."""
        self.shown.wheeled(step)

    def mouse_event(  # type: ignore[override]  # noqa: PLR0917  # a box only; urwid's signature
        self, size: tuple[int, int], event: str, button: int, col: int, row: int, focus: bool
    ) -> bool:
        """Choose a tab by a click on its name."""
        if event == "mouse press" and button == 1:
            at = 2
            for panel in self.panels if row == 0 else ():
                width = len(panel.tab) + (2 if panel is self.shown else 0)
                if at <= col < at + width:
                    self.send(Message("focus", panel.name))
                    return True
                at += width + 1
            self.send(Message("focus", self.shown.name))
            if 0 < col < size[0] - 1 and 0 < row < size[1] - 1:
                self.shown.clicked(col - 1, row - 1)
            return True
        return super().mouse_event(size, event, button, col, row, focus)
