"""One dialog for `:` and `/`: type some letters, choose a line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from rf_tui.dialogs.box import Box, Close
from rf_tui.dialogs.field import Field
from rf_tui.messages import Message
from rf_tui.paint import Line, spread


class Choice(NamedTuple):
    """One line that can be chosen: its text, the key and shell form beside it, what it does."""

    text: str
    key: str
    shell: str
    message: Message


def score(typed: str, text: str) -> int | None:
    """Return how well `typed` fits `text`, smaller is better; None when it does not.

    The letters must occur in their order; gaps and a late start count against it.

    Examples
    --------
    >>> score("btc", "BTCUSDT"), score("bdt", "BTCUSDT"), score("tb", "BTCUSDT")
    (0, 4, None)
    """
    wanted, offered = typed.lower().replace(" ", ""), text.lower()
    at, total = 0, 0
    for number, char in enumerate(wanted):
        found = offered.find(char, at)
        if found < 0:
            return None
        total += found - at if number else found
        at = found + 1
    return total


class Finder(Box):
    """A field and the choices that fit what stands in it."""

    takes_text = True
    wanted = (86, 20)
    hint = "type to search   arrows choose   Enter does it   Esc closes   F12 KILL"

    def __init__(
        self,
        title: str,
        choices: Sequence[Choice],
        close: Close,
        send: Callable[[Message], None],
    ) -> None:
        super().__init__(close)
        self._title = title
        self._choices = choices
        self._send = send
        self._field = Field("> ", width=40)
        self._at = 0

    @property
    def fitting(self) -> list[Choice]:
        """The choices that fit, best first."""
        typed = self._field.text
        scored = [
            (found, number, choice)
            for number, choice in enumerate(self._choices)
            if (found := score(typed, choice.text)) is not None
        ]
        return [choice for _, _, choice in sorted(scored, key=lambda entry: entry[:2])]

    def title(self) -> Line:
        """Return the title."""
        return [("title", self._title)]

    def cursor(self) -> tuple[int, int]:
        """Return where typing goes."""
        return self._field.cursor_column(2), 0

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Return the field and the choices around the chosen one."""
        fitting = self.fitting
        room = max(1, height - 2)
        top = max(0, min(self._at - room + 1, len(fitting) - room))
        shown: list[Line] = [self._field.line(2, focus=True), ()]
        for number, choice in enumerate(fitting[top : top + room], top):
            chosen = number == self._at
            role = "select" if chosen else "text"
            left = [(role, f"{'>' if chosen else ' '}{choice.text}")]
            beside = f"{choice.shell}  {choice.key:>9} "
            shown.append(spread(left, [(role if chosen else "dim", beside)], width, role))
        return shown if fitting else [*shown, [("warn", "nothing fits")]]

    def pressed(self, key: str) -> None:
        """Type, move, or do."""
        fitting = self.fitting
        if key in {"up", "down", "tab"}:
            self._at = (self._at + (-1 if key == "up" else 1)) % max(1, len(fitting))
        elif key == "enter":
            if self._at < len(fitting):
                self.close()
                self._send(fitting[self._at].message)
        elif self._field.pressed(key):
            self._at = 0
