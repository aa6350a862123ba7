"""Questions that were put to the analyst, and its answers, the newest at the bottom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rf_tui.glyphs import clean
from rf_tui.paint import Line, wrapped
from rf_tui.widgets.panel import Panel

_NOTHING = ("nothing was asked yet; a or Enter asks the analyst",
            "an answer names the rows it rests on, and what it cost")  # fmt: skip


class Exchange(NamedTuple):
    """One question and what became of it; `text` is empty while nothing came back."""

    number: int
    symbol: str
    question: str
    text: str = ""
    ok: bool = False
    cited: tuple[str, ...] = ()
    cost: str = ""


class Ask(Panel):
    """View model: the exchanges, oldest first."""

    name = "ask"
    tab = "Ask"
    has_list = True
    view: Sequence[Exchange] = ()
    _back = 0

    def heading(self, width: int) -> Line:
        """Return the title."""
        return [("title", "Ask")]

    def footing(self) -> str:
        """Return the keys of this panel."""
        return "a ask a question"

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Return the end of the talk, or what is scrolled to."""
        if not self.view:
            return [[("dim", f" {part}")] for text in _NOTHING for part in wrapped(text, width - 2)]
        lines = [line for exchange in self.view for line in _talk(exchange, width)][:-1]
        self._back = max(0, min(self._back, len(lines) - height))
        end = len(lines) - self._back
        return lines[max(0, end - height) : end]

    def move(self, step: int) -> None:
        """Scroll."""
        self._back = max(0, self._back - step)
        self.refresh()

    def wheeled(self, step: int) -> None:
        """Scroll."""
        self.move(step)


def _talk(exchange: Exchange, width: int) -> list[Line]:
    said = wrapped(clean(f"> {exchange.symbol}: {exchange.question}"), width - 2)
    lines: list[Line] = [[("strong", f" {part}")] for part in said]
    if not exchange.text:
        return [*lines, [("dim", " sent, waiting")], ()]
    role = "text" if exchange.ok else "bad"
    lines += [[(role, f" {part}")] for part in wrapped(clean(exchange.text), width - 2)]
    if exchange.ok:
        cited = " ".join(exchange.cited) or "none"
        lines.append([("dim", clean(f" sources {cited}   {exchange.cost}"))])
    return [*lines, ()]
