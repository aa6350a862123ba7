"""What the daemon's rules say of an order, every one of them, refusals first."""

from __future__ import annotations

from collections.abc import Sequence

from rf_dashboard import Judgement
from rf_tui.glyphs import clean
from rf_tui.paint import Line, fit, wrapped

_ROLES = {"pass": ("good", "ok"), "refuse": ("bad", "NO"), "modify": ("warn", "CUT"),
          "unavailable": ("dim", "n/a")}  # fmt: skip


def verdicts(judged: Sequence[Judgement], width: int) -> list[Line]:
    """Return what is not simply passed, rule by rule, and then what is."""
    loud = sorted((row for row in judged if row.outcome != "pass"), key=_urgency)
    lines: list[Line] = [line for row in loud for line in _loud(row, width)]
    return lines + _quiet([row for row in judged if row.outcome == "pass"], width)


def counted(judged: Sequence[Judgement], lines: int, top: int, room: int) -> Line:
    """Return how many rules there are, and which of `lines` are seen when not all fit."""
    passed = sum(row.outcome == "pass" for row in judged)
    head: Line = [("dim", f"{len(judged)} rules: {passed} ok, {len(judged) - passed} other")]
    if lines < room:
        return head
    return [*head, ("warn", f"   lines {top + 1} to {top + room - 1} of {lines}, arrows scroll")]


def _urgency(row: Judgement) -> int:
    return {"refuse": 0, "modify": 1}.get(row.outcome, 2)


def _loud(row: Judgement, width: int) -> list[Line]:
    role, word = _ROLES.get(row.outcome, ("warn", row.outcome))
    numbers = f" {row.value}" + (f" (limit {row.limit})" if row.limit else "")
    fix = f" fix: {row.fix}" if row.fix else ""
    text = clean(f"{word:<4}{row.rule}{numbers.rstrip()}: {row.reason}{fix}")
    return [[(role, part)] for part in wrapped(text, width)]


def _quiet(rows: Sequence[Judgement], width: int) -> list[Line]:
    """Return the passed rules side by side, as many as fit without cutting a number."""
    texts = [clean(f"{row.rule} {row.value}{row.limit and f' / {row.limit}'}") for row in rows]
    size = max(map(len, texts), default=0) + 6
    columns = max(1, width // size)
    lines: list[Line] = []
    for at in range(0, len(texts), columns):
        cells = [fit([("good", "ok  "), ("text", text)], size) for text in texts[at : at + columns]]
        lines.append([span for cell in cells for span in cell])
    return lines
