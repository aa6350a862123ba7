"""The box over a frozen screen: why there is no daemon, since when, and what to type."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from rf_tui.dialogs.box import Box, Close
from rf_tui.paint import Line, wrapped


class LineState(NamedTuple):
    """The line to the daemon, in numbers.

    Parameters
    ----------
    address : str
        Where the daemon is looked for.
    live : bool
        Whether events come.
    reason : str
        Why not; empty while the first try is still under way.
    down_s : int
        For how long, seconds.
    attempt : int
        Number of the last try.
    next_s : int
        Seconds until the next one; 0 while one runs.
    fix : str
        What the other side says helps; empty for the usual.
    """

    address: str = ""
    live: bool = False
    reason: str = ""
    down_s: int = 0
    attempt: int = 0
    next_s: int = 0
    fix: str = ""

    @property
    def counter(self) -> str:
        """How long it has been down, as a clock."""
        hours, rest = divmod(self.down_s, 3600)
        clock = f"{rest // 60:02d}:{rest % 60:02d}"
        return f"{hours}:{clock}" if hours else clock


class Offline(Box):
    """Shown while nothing comes over the bus; Esc looks at what was known."""

    wanted = (66, 17)
    edge = "warn"
    hint = "r retry   Esc view frozen data   K kill file   q quit"

    def __init__(self, close: Close, line: LineState, act: Callable[[str], None]) -> None:
        super().__init__(close)
        self.line = line
        self._act = act

    def title(self) -> Line:
        """Return the title."""
        return [("warn", "Not connected to the daemon")]

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Return why, since when, and what to do."""
        line = self.line
        tries = f"Next try in {line.next_s} s." if line.next_s else "Trying now."
        text = [
            ("text", f"{line.address}: {line.reason} ({line.counter})."),
            ("text", f"{tries}   r retries at once."),
            ("text", ""),
            ("text", "What you see behind this box is old: prices end with  ?"),
            ("text", "Orders already at the venue are NOT cancelled by this."),
            ("text", ""),
            ("text", "Start it:     uv run daemon"),
            ("text", "Look at it:   rf daemon status"),
            ("text", "Kill:         K writes the kill file into the data folder:"),
            ("text", "              a daemon there obeys it, now or when it starts."),
            ("text", ""),
            ("dim", f"fix: {line.fix}" if line.fix else "Esc looks at the frozen screen."),
        ]
        return [[(role, part)] for role, words in text for part in wrapped(words, width)]

    def pressed(self, key: str) -> None:
        """Retry or leave."""
        if key in {"r", "R", "f5"}:
            self._act("refresh")
        elif key in {"q", "Q"}:
            self._act("quit")
        elif key == "?":
            self._act("help")
