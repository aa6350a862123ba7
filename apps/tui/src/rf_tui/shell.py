"""The frame around every screen, and the one place where keys and clicks come in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import urwid

from rf_tui.glyphs import to_ascii
from rf_tui.paint import Line, canvas

Lines = Callable[[int], Sequence[Line]]


class Hands(Protocol):
    """Who takes keys, clicks and sizes: the application."""

    def resized(self, columns: int, rows: int) -> None:
        """Take the size of the terminal."""
        ...

    def pressed(self, key: str) -> None:
        """Take one key."""
        ...

    def header_clicked(self, column: int, row: int) -> None:
        """Take a click on the first lines."""
        ...


class Bars(urwid.Widget):
    """A few lines as wide as the terminal, above or below the screen."""

    _sizing = frozenset([urwid.Sizing.FLOW])
    _selectable = False

    def __init__(self, lines: Lines, clicked: Callable[[int, int], None] | None = None) -> None:
        super().__init__()
        self._lines = lines
        self._clicked = clicked
        self._drawn: Sequence[Line] = ()
        self._width = 0

    def rows(self, size: tuple[int], focus: bool = False) -> int:
        """Return how many lines there are."""
        return len(self._lines(size[0]))

    def render(self, size: tuple[int], focus: bool = False) -> urwid.Canvas:  # type: ignore[override]  # a flow widget only
        """Paint the lines."""
        self._width = size[0]
        self._drawn = self._lines(size[0])
        return canvas(self._drawn, (size[0], len(self._drawn)))

    def refresh(self) -> None:
        """Ask for a new frame if the lines are others."""
        if self._width and self._lines(self._width) != self._drawn:
            self._invalidate()

    def mouse_event(  # type: ignore[override]  # noqa: PLR0917  # urwid's signature, for a flow
        self, size: tuple[int], event: str, button: int, col: int, row: int, focus: bool
    ) -> bool:
        """Take a click."""
        if event == "mouse press" and button == 1 and self._clicked is not None:
            self._clicked(col, row)
        return True


class Root(urwid.WidgetWrap[urwid.Widget]):
    """The topmost widget: gives every key to the application, and draws in ASCII on demand.

    Parameters
    ----------
    inside : Widget
        Screen, dialogs, header and footer.
    hands : Hands
        The application.
    ascii_only : bool
        Whether the finished picture is turned into ASCII.
    """

    _selectable = True

    def __init__(self, inside: urwid.Widget, hands: Hands, *, ascii_only: bool) -> None:
        super().__init__(inside)
        self._hands = hands
        self._ascii = ascii_only

    def selectable(self) -> bool:
        """Return that keys are wanted."""
        return True

    def render(self, size: tuple[int, int], focus: bool = False) -> urwid.Canvas:  # type: ignore[override]  # a box only
        """Paint everything."""
        self._hands.resized(*size)
        picture = super().render(size, focus)
        if not self._ascii:
            return picture
        plain = urwid.CompositeCanvas(_in_ascii(picture))
        plain.set_depends([self._w])  # or urwid would go on showing the first one
        return plain

    def keypress(self, size: tuple[int, int], key: str) -> None:  # type: ignore[override]  # a box only
        """Give the key to the application."""
        self._hands.resized(*size)
        self._hands.pressed(key)


def _in_ascii(picture: urwid.Canvas) -> urwid.Canvas:
    text: list[bytes] = []
    attrs: list[list[tuple[object, int]]] = []
    for row in picture.content():
        cells = [(attr, to_ascii(piece.decode())) for attr, _, piece in row]
        text.append("".join(piece for _, piece in cells).encode())
        attrs.append([(attr, len(piece)) for attr, piece in cells])
    return urwid.TextCanvas(
        text,
        attrs,
        maxcol=picture.cols(),
        cursor=picture.cursor,
        check_width=False,
    )
