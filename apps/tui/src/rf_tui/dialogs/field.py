"""One line of input: urwid's editing, our painting."""

from __future__ import annotations

import urwid

from rf_tui.glyphs import clean
from rf_tui.paint import Line, Span


class Field:
    """Text being typed, with a label before it.

    Parameters
    ----------
    label : str
        What is asked for.
    text : str
        What stands there at first.
    allowed : str
        The characters that may be typed; empty for any printable one.
    width, limit : int
        Columns of the input, and characters it takes.
    """

    def __init__(
        self, label: str, text: str = "", allowed: str = "", *, width: int = 20, limit: int = 64
    ) -> None:
        self.label = label
        self.allowed = allowed
        self.width = width
        self._limit = limit
        self._edit = urwid.Edit(edit_text=clean(text)[: self._limit], wrap=urwid.WrapMode.CLIP)

    @property
    def text(self) -> str:
        """What was typed."""
        return str(self._edit.edit_text)

    @text.setter
    def text(self, text: str) -> None:
        self._edit.set_edit_text(clean(text)[: self._limit])
        self._edit.set_edit_pos(len(self._edit.edit_text))

    def pressed(self, key: str) -> bool:
        """Edit with one key; return whether it was one for editing."""
        if len(key) == 1:
            good = key in self.allowed if self.allowed else bool(clean(key).strip() or key == " ")
            if not good or len(self.text) >= self._limit:
                return False
        elif key in {"up", "down", "tab", "enter"}:
            return False
        return self._edit.keypress((self.width + 1,), key) is None

    def line(self, label_width: int, *, focus: bool) -> Line:
        """Return label and input, as one line."""
        shown = self.text[self._offset() :][: self.width].ljust(self.width)
        attr = "field focus" if focus else "field"
        return [("dim", self.label.ljust(label_width)), (attr, shown), _mark(focus)]

    def cursor_column(self, label_width: int) -> int:
        """Return the column of the cursor in `line`."""
        return label_width + int(self._edit.edit_pos) - self._offset()

    def _offset(self) -> int:
        return max(0, int(self._edit.edit_pos) - self.width + 1)


def _mark(focus: bool) -> Span:
    return ("key", " < ") if focus else ("text", "   ")
