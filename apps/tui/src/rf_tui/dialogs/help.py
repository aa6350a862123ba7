"""The help: the table of keys, and nothing that is not in it."""

from __future__ import annotations

from collections.abc import Sequence

from rf_tui import keys
from rf_tui.dialogs.box import Box
from rf_tui.paint import Line, Span

_COLUMN = 36


class Help(Box):
    """Every key by group, in as many columns as fit."""

    wanted = (114, 36)
    hint = "? or Esc closes   arrows scroll   the palette ( : ) has all of it too"

    def title(self) -> Line:
        """Return the title."""
        return [("title", "Keys")]

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Return the groups side by side, then the rules that no table shows."""
        columns = max(1, width // _COLUMN)
        blocks = [_block(name, rows) for name, rows in keys.groups().items()]
        lines: list[Line] = []
        for start in range(0, len(blocks), columns):
            lines += [(), *_beside(blocks[start : start + columns])]
        lines += [(), *([("dim", text)] for text in _RULES)]
        self.top = max(0, min(self.top, len(lines) - height))
        return lines[self.top :]

    def pressed(self, key: str) -> None:
        """Scroll, or close."""
        steps = {"up": -1, "k": -1, "down": 1, "j": 1, "page up": -10, "page down": 10}
        if key in {"?", "enter"}:
            self.close()
        self.top = max(0, self.top + steps.get(key, 0))


_RULES = (
    "k moves up, only capital K kills; where text is typed, F12 kills.",
    "Other letters mean the same in either case, except C and c.",
    "A click selects, the wheel scrolls; neither ever sends an order.",
)


def _block(name: str, rows: Sequence[keys.Binding]) -> list[list[Span]]:
    shown = [[("strong", name.ljust(_COLUMN))]]
    for row in rows:
        text = f"{row.label:<10} {row.text}"[: _COLUMN - 1].ljust(_COLUMN)
        shown.append([("key", text[:10]), ("text", text[10:])])
    return shown


def _beside(blocks: Sequence[list[list[Span]]]) -> list[Line]:
    height = max(map(len, blocks))
    blank: list[Span] = [("text", " " * _COLUMN)]
    return [
        [span for block in blocks for span in (block[row] if row < len(block) else blank)]
        for row in range(height)
    ]
