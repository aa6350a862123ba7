"""What every dialog is: a box of painted lines that takes all keys while it is on top."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

import urwid

from rf_tui.paint import Line, canvas, framed

Close = Callable[[], None]


class Box(urwid.Widget):
    """A dialog.

    Parameters
    ----------
    close : callable
        Takes this dialog off the screen.
    """

    _sizing = frozenset([urwid.Sizing.BOX])
    _selectable = True
    takes_text: ClassVar[bool] = False
    """Whether letters are text here, so that even `K` does not kill (F12 does)."""
    wanted: tuple[int, int] = (64, 16)
    tone: ClassVar[str] = "text"
    edge: ClassVar[str] = "border active"
    hint: str = "Esc closes"

    def __init__(self, close: Close) -> None:
        super().__init__()
        self.close = close
        self.top = 0

    # --- what a dialog says ---------------------------------------------------------------

    def title(self) -> Line:
        """Return the title."""
        return ()

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Return what stands inside the frame."""
        raise NotImplementedError

    def cursor(self) -> tuple[int, int] | None:
        """Return where the cursor stands inside the frame, column and row."""
        return None

    def pressed(self, key: str) -> None:
        """Take one key; Esc never comes here."""

    def escaped(self) -> None:
        """Take Esc; the safe answer."""
        self.close()

    # --- how it is shown ------------------------------------------------------------------

    def render(self, size: tuple[int, int], focus: bool = False) -> urwid.Canvas:  # type: ignore[override]  # a box only
        """Paint the dialog; what does not fit is cut at the bottom."""
        width, height = size
        inside = self.lines(max(width - 4, 0), max(height - 2, 0))
        body = [[(self.tone, " "), *line] for line in inside]
        drawn = framed(body, size, self.title(), border=self.edge, fill=self.tone)
        return canvas(drawn, size, self._cursor(size))

    def _cursor(self, size: tuple[int, int]) -> tuple[int, int] | None:
        at = self.cursor()
        if at is None:
            return None
        column, row = at[0] + 2, at[1] + 1
        return (column, row) if column < size[0] and row < size[1] else None

    def touched(self) -> None:
        """Paint again."""
        self._invalidate()

    def keypress(self, size: tuple[int, int], key: str) -> str | None:  # type: ignore[override]  # a box only
        """Take every key: nothing below a dialog hears what is typed into it."""
        if key == "esc":
            self.escaped()
        else:
            self.pressed(key)
        self._invalidate()
        return None

    def mouse_event(  # type: ignore[override]  # noqa: PLR0917  # a box only; urwid's signature
        self, size: tuple[int, int], event: str, button: int, col: int, row: int, focus: bool
    ) -> bool:
        """Let the wheel scroll; a click in a dialog does nothing, so it cannot send anything."""
        if event == "mouse press" and button in {4, 5}:
            self.pressed("down" if button == 5 else "up")
            self._invalidate()
        return True
