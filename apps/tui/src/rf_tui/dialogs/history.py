"""The last decisions, one of them with its chain of reasons: stages, gate, orders."""

from __future__ import annotations

from collections.abc import Sequence

from rf_dashboard.format import NA, clock
from rf_dashboard.views.cycles import CycleRow
from rf_tui.dialogs.box import Box, Close
from rf_tui.figures import quantity_text
from rf_tui.glyphs import clean
from rf_tui.paint import Line, wrapped
from rf_tui.palette import RECOMMENDATIONS, VERDICTS

_LIST = 8


class History(Box):
    """A list above, the selected decision whole below.

    Parameters
    ----------
    close : callable
        Takes the box off the screen.
    rows : sequence of CycleRow
        Newest first.
    """

    wanted = (116, 34)
    hint = "arrows choose   Page Up, Page Down scroll the reasons   Esc closes"

    def __init__(self, close: Close, rows: Sequence[CycleRow]) -> None:
        super().__init__(close)
        self._rows = rows
        self._at = 0
        self._first = 0

    def title(self) -> Line:
        """Return the title."""
        return [("title", f"Decisions {len(self._rows)}, newest first")]

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Return the list, and the chain of the selected one."""
        if not self._rows:
            return [(), [("dim", "no cycle has run yet: d asks for one")]]
        shown = min(_LIST, max(3, height // 3), len(self._rows))
        self._first = max(0, min(max(self._first, self._at - shown + 1), self._at))
        heads = [
            _head(row, chosen=number == self._at)
            for number, row in enumerate(self._rows[self._first : self._first + shown], self._first)
        ]
        body = [line for role, text in chain(self._rows[self._at])
                for line in _wrapped(role, text, width)]  # fmt: skip
        room = max(1, height - shown - 1)
        self.top = max(0, min(self.top, len(body) - room))
        return [*heads, [("border", "─" * width)], *body[self.top : self.top + room]]

    def pressed(self, key: str) -> None:
        """Choose, scroll, or close."""
        step = {"up": -1, "k": -1, "down": 1, "j": 1}.get(key, 0)
        if key in {"enter", "h", "H"}:
            self.close()
        elif step:
            self._at = max(0, min(len(self._rows) - 1, self._at + step))
            self.top = 0
        else:
            self.top = max(0, self.top + {"page up": -8, "page down": 8}.get(key, 0))


def _wrapped(role: str, text: str, width: int) -> list[Line]:
    first, *rest = wrapped(text, width - 4)
    return [[(role, first)], *([(role, f"    {part}")] for part in rest)]


def _head(row: CycleRow, *, chosen: bool) -> Line:
    verdict = row.verdict or NA
    wanted = row.recommendation or NA
    amount = quantity_text(row.quantity) if row.quantity else ""
    head = f"{'>' if chosen else ' '}{clock(row.ts)} {clean(row.symbol)[:10]:<10} "
    return [
        ("select" if chosen else "text", head),
        (RECOMMENDATIONS[row.recommendation] if row.recommendation else "dim", f"{wanted:<5}"),
        (VERDICTS[row.verdict] if row.verdict else "dim", f"{verdict:<9}"),
        ("text", f" {amount}{' ' if amount else ''}{clean(row.reason)}"),
    ]


def chain(row: CycleRow) -> list[tuple[str, str]]:
    """Return the chain of reasons of one cycle, as palette roles and paragraphs."""
    said: list[tuple[str, str]] = [("strong", f"cycle {clean(row.cycle_id)}  {row.instrument_id}")]
    for stage in row.stages:
        role = "text" if stage.ok else "warn" if stage.told else "dim"
        said.append((role, f"{stage.name:<10} {clean(stage.text)}"))
    said += _opinion(row)
    said += _gate(row)
    return [*said, ("strong" if row.orders else "text", f"6 orders   {clean(row.outcome)}")]


def _opinion(row: CycleRow) -> list[tuple[str, str]]:
    if row.analyst is None:
        return []
    texts = [f"  thesis: {row.analyst.thesis}"] if row.analyst.thesis else []
    texts += [f"  risk: {risk}" for risk in row.analyst.key_risks]
    texts += [f"  {source.row_id} {source.text}" for source in row.analyst.rows]
    texts += [f"  [unsupported] {words}" for words in row.analyst.unsupported]
    return [("dim", clean(text)) for text in texts]


def _gate(row: CycleRow) -> list[tuple[str, str]]:
    if row.gate is None:
        return [("dim", "5 gate     no verdict was told")]
    said = [(VERDICTS[row.gate.verdict], f"5 gate     {row.gate.verdict}  "
             f"{clean(row.gate.reason)}".rstrip())]  # fmt: skip
    for check in row.gate.checks:
        word = "ok" if check.ok else "NO"
        text = f"  {word} {check.name} {check.value} ({check.limit})"
        said.append(("good" if check.ok else "bad", clean(text)))
    if row.gate.seqs:
        said.append(("dim", f"  journal {', '.join(map(str, row.gate.seqs))}"))
    return said
