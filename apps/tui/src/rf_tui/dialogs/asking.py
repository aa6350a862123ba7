"""The box in which a question to the analyst is typed; what it will cost stands in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rf_tui.dialogs.box import Box, Close
from rf_tui.dialogs.field import Field
from rf_tui.glyphs import clean
from rf_tui.paint import Line, wrapped

MAX_QUESTION = 300


class Asking(Box):
    """One line of input.

    Parameters
    ----------
    close : callable
        Takes the box off the screen.
    symbol : str
        What the question is about.
    cost : sequence of str
        Who answers, and what that costs.
    send : callable
        Takes the question.
    """

    takes_text = True
    wanted = (86, 9)
    hint = "type the question   Enter sends   Esc closes   F12 KILL"

    def __init__(
        self, close: Close, symbol: str, cost: Sequence[str], send: Callable[[str], None]
    ) -> None:
        super().__init__(close)
        self._symbol = symbol
        self._cost = cost
        self._send = send
        self._field = Field("> ", width=78, limit=MAX_QUESTION)

    def title(self) -> Line:
        """Return the title."""
        return [("title", f"Ask about {clean(self._symbol)}")]

    def cursor(self) -> tuple[int, int]:
        """Return where typing goes."""
        return self._field.cursor_column(2), 1

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Return the field, and the cost below it."""
        self._field.width = max(8, width - 5)
        cost: list[Line] = [
            [("dim", part)] for text in self._cost for part in wrapped(text, width - 2)
        ]
        return [(), self._field.line(2, focus=True), (), *cost]

    def pressed(self, key: str) -> None:
        """Type, or send what was typed."""
        question = self._field.text.strip()
        if key == "enter":
            if question:
                self.close()
                self._send(question)
        else:
            self._field.pressed(key)
