"""Dialogs that only say something, and the one that asks yes or no."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rf_tui.dialogs.box import Box, Close
from rf_tui.paint import Line, wrapped

_WIDTH = 68


class Sheet(Box):
    """Lines of text, scrolled with the arrows.

    Parameters
    ----------
    title : str
        What it is about.
    text : sequence of (str, str)
        Palette role and paragraph; long paragraphs are wrapped.
    close : callable
        Takes the sheet off the screen.
    """

    hint = "Esc closes   arrows scroll"

    def __init__(self, title: str, text: Sequence[tuple[str, str]], close: Close) -> None:
        super().__init__(close)
        self._title = title
        self._text = text
        self._last = 0
        rows = sum(len(wrapped(words, _WIDTH - 4)) for _, words in text)
        self.wanted = (_WIDTH, min(22, rows + 2))

    def title(self) -> Line:
        """Return the title."""
        return [("title", self._title)]

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Return the part of the text that is scrolled to."""
        lines = [[(role, line)] for role, text in self._text for line in wrapped(text, width)]
        self._last = max(0, len(lines) - height)
        self.top = min(self.top, self._last)
        return lines[self.top :]

    def pressed(self, key: str) -> None:
        """Scroll; Enter closes."""
        steps = {"up": -1, "k": -1, "down": 1, "j": 1, "page up": -10, "page down": 10}
        if key == "enter":
            self.close()
        self.top = max(0, min(self._last, self.top + steps.get(key, 0)))


class Question(Sheet):
    """A question whose safe answer is the one that Enter gives.

    Parameters
    ----------
    yes : callable
        Done when `y` is pressed, and by nothing else.
    """

    hint = "y yes   n, Enter, Esc no"

    def __init__(
        self, title: str, text: Sequence[tuple[str, str]], close: Close, yes: Callable[[], None]
    ) -> None:
        offered = [*text, ("text", ""), ("strong", "[ No ] is selected.  y = yes")]
        super().__init__(title, offered, close)
        self._yes = yes

    def pressed(self, key: str) -> None:
        """Answer."""
        if key in {"y", "Y"}:
            self.close()
            self._yes()
        elif key in {"n", "N"}:
            self.close()
        else:
            super().pressed(key)
