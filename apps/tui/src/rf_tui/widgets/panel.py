"""What every panel is: a frame, lines inside it, and errors that stay inside it."""

from __future__ import annotations

import logging
import traceback
import zlib
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import urwid

from rf_tui.glyphs import clean
from rf_tui.messages import Message
from rf_tui.paint import Line, canvas, framed, wrapped

_LOG = logging.getLogger(__name__)


class Panel(urwid.Widget):
    """A box that paints one view model; it is painted again only when that changes.

    Parameters
    ----------
    send : callable
        Takes what a person did here, as a message.
    """

    _sizing = frozenset([urwid.Sizing.BOX])
    _selectable = False
    name: ClassVar[str] = ""
    tab: ClassVar[str] = ""
    has_list: ClassVar[bool] = False
    """Whether up and down move in here."""
    view: Any = None

    def __init__(self, send: Callable[[Message], None]) -> None:
        super().__init__()
        self.send = send
        self.active = False
        self.error = ""
        self._logged = ""
        self._size = (0, 0)
        self._lines: list[Line] = []

    # --- what a panel says ----------------------------------------------------------------

    def heading(self, width: int) -> Line:
        """Return the title, at most `width` columns."""
        return [("title", self.tab)]

    def footing(self) -> str:
        """Return the hint in the lower border."""
        return ""

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Return what stands inside the frame."""
        raise NotImplementedError

    def clicked(self, column: int, row: int) -> None:
        """Take a click at a place inside the frame."""

    def wheeled(self, step: int) -> None:
        """Take a turn of the wheel: -1 up, +1 down."""

    def move(self, step: int) -> None:
        """Move the selection by `step`."""

    # --- how it is shown ------------------------------------------------------------------

    def show(self, view: Any) -> None:
        """Take a new view model; it is painted when it makes a difference to the picture."""
        self.view, self.error = view, ""
        self.refresh()

    def fail(self) -> None:
        """Show that this panel's view failed with the present exception."""
        self.error = self._logged = log_failure(f"view of {self.name}", self._logged)
        self.refresh()

    def activate(self, active: bool) -> None:
        """Draw the frame as the one that the keys go to, or not."""
        self.active = active
        self.refresh()

    def refresh(self) -> None:
        """Compose the picture, and ask for a new frame if it is another one."""
        if self._size != (0, 0):
            lines = self._composed(self._size)
            if lines != self._lines:
                self._lines = lines
                self._invalidate()

    def render(self, size: tuple[int, int], focus: bool = False) -> urwid.Canvas:  # type: ignore[override]  # a box only
        """Paint the panel."""
        if size != self._size:
            self._size = size
            self._lines = self._composed(size)
        return canvas(self._lines, size)

    def _composed(self, size: tuple[int, int]) -> list[Line]:
        width, height = size
        body = self.body(max(width - 2, 0), max(height - 2, 0))
        border = "border active" if self.active else "border"
        try:
            title, foot = self.heading(max(width - 4, 0)), self.footing()
        except Exception:
            title, foot = [("bad", self.tab)], log_failure(f"heading of {self.name}", self._logged)
        return framed(body, size, title, foot=foot, border=border, active=self.active)

    def body(self, width: int, height: int) -> Sequence[Line]:
        """Return the lines inside, or what went wrong with them."""
        if not self.error:
            try:
                return self.lines(width, height)
            except Exception:
                self.error = self._logged = log_failure(f"panel {self.name}", self._logged)
        return [
            [("bad", " this panel cannot be shown")],
            [("dim", f" log line {self.error}")],
            [("dim", " the others go on")],
        ]

    def keypress(self, size: tuple[int, int], key: str) -> str | None:  # type: ignore[override]  # a box only
        """Leave every key to the application."""
        return key

    def mouse_event(  # type: ignore[override]  # noqa: PLR0917  # a box only; urwid's signature
        self, size: tuple[int, int], event: str, button: int, col: int, row: int, focus: bool
    ) -> bool:
        """Select by click, scroll by wheel; nothing here can send an order."""
        if event != "mouse press":
            return False
        if button in {4, 5}:
            self.wheeled(1 if button == 5 else -1)
        elif button == 1:
            self.send(Message("focus", self.name))
            if 0 < col < size[0] - 1 and 0 < row < size[1] - 1:
                self.clicked(col - 1, row - 1)
        return True


def missing(reason: str, width: int) -> list[Line]:
    """Return `n/a` with its reason, in as many lines as it takes."""
    return [[("dim", f" {line}")] for line in wrapped(f"n/a: {clean(reason)}", width - 1)]


def log_failure(where: str, known: str = "") -> str:
    """Return the reference of the present exception, logged unless it is the `known` one."""
    reference = f"E{zlib.crc32(traceback.format_exc().encode()):08x}"
    if reference != known:
        _LOG.exception("%s: %s failed", reference, where)
    return reference
