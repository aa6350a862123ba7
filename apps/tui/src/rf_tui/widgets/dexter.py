"""The analyst's opinion: what for, what against, what its figures rest on, what the gate said."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from rf_common.intelligence import Direction
from rf_dashboard.format import age, clock
from rf_dashboard.views.intelligence import CheckLine, DexterCard, GateLine, Point
from rf_tui.figures import number, usd
from rf_tui.glyphs import clean
from rf_tui.paint import Line, Span, span_width, wrapped
from rf_tui.palette import RECOMMENDATIONS, VERDICTS
from rf_tui.widgets.panel import Panel, missing

ADVICE = "This is analysis, not advice. It cannot send an order by itself."
_ADVICE: Line = [("dim", f" {ADVICE}")]
_WIDE = 60
_FEW = 2
_WORDS = 8
"""From how many characters on a value is words, which a reason repeats, and no number."""
_ROOMY = 15
_LONGEST = 8
"""Lines of one point, at most."""
_FULL = 9
"""From how many lines on the whole opinion is shown, not only its heads."""


class Dexter(Panel):
    """View model: a `DexterCard`."""

    name = "dexter"
    tab = "AI"
    view: DexterCard | None = None

    def heading(self, width: int) -> Line:
        """Return symbol, age, who answered and what it cost, as far as they fit."""
        card = self.view
        if card is None or not card.symbol:
            return [("title", "Dexter")]
        parts: list[Span] = [("title", f"Dexter {clean(card.symbol)}")]
        if card.worker in {"DOWN", "OFF"}:
            parts.append(("bad", f"  worker {card.worker}"))
        for text in _about(card, wide=width >= _WIDE):
            if span_width(parts) + len(text) + 2 <= width:
                parts.append(("dim", f"  {text}"))
        return parts

    def footing(self) -> str:
        """Return the keys of this panel."""
        return "d ask  5 whole"

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Return the opinion, or why there is none."""
        card = self.view
        if card is None:
            return missing("no instrument is chosen", width)
        if not card.known:
            return _nothing(card, width)
        return full(card, width, height) if height >= _FULL else _brief(card, width, height)


def _about(card: DexterCard, *, wide: bool) -> list[str]:
    if not card.cycle_id:
        return ["running"] if card.running else []
    old = age(card.age_ms).split()[0] + " old"
    parts = [f"{clock(card.ts)[:5]} ({old})" if wide else old, clean(card.analyst)]
    parts += ["running"] if card.running else []
    parts += [usd(card.cost)] if card.cost.value is not None else []
    parts += [clean(card.model)] if card.model else []
    if card.input_tokens or card.output_tokens:
        parts.append(f"{card.input_tokens:,} in / {card.output_tokens:,} out")
    return parts


def _nothing(card: DexterCard, width: int) -> list[Line]:
    role = "warn" if card.cycle_id else "dim"
    text = card.reason if card.cycle_id else f"n/a: {card.reason}"
    lines: list[Line] = [[(role, f" {part}")] for part in wrapped(clean(text), width - 2)]
    if card.unsupported:
        words = clean(f"[unsupported] {'; '.join(card.unsupported)}")
        lines += [[("bad", f" {part}")] for part in wrapped(words, width - 2)]
    if card.gate is not None:
        lines += _wrapped_gate(card, width, rows=3)
    return lines


def opinion(card: DexterCard, *, brief: bool = False) -> Line:
    """Return recommendation, direction, confidence and horizon."""
    if card.recommendation is None:
        return []
    role = RECOMMENDATIONS[card.recommendation]
    sure, horizon = ("conf", "") if brief else ("confidence", "horizon ")
    return [
        (role, f" {card.recommendation}"),
        ("text", f" {(card.direction or '').lower()}  {sure} {number(card.confidence, '.2f')}"),
        ("text", f"  {horizon}{(card.horizon or '').lower()}"),
    ]


def figures(card: DexterCard) -> Line:
    """Return how many figures of the thesis occur in a source row."""
    if not card.figures:
        return [("dim", " figures: none in the thesis")]
    text = f" figures {card.matched} of {card.figures} match a source row"
    if not card.unsupported:
        return [("good", text)]
    return [("bad", f"{text}, {len(card.unsupported)} [unsupported]")]


def gate_spans(gate: GateLine, label: str, *, reason_first: bool = False) -> Line:
    """Return the verdict with its numbers, failed comparisons first; nothing is said twice."""
    checks = [
        f"{check.name} {check.value} ({check.limit}) {'ok' if check.ok else 'NO'}"
        for check in gate.checks
        if check.ok or not _is_in(check, gate.reason)
    ]
    first = reason_first or len(checks) < len(gate.checks)
    parts = [gate.reason, ", ".join(checks)] if first else [", ".join(checks), gate.reason]
    words = "; ".join(part for part in parts if part)
    return [("dim", f" {label}"), (VERDICTS[gate.verdict], gate.verdict),
            ("text", f" {clean(words)}")]  # fmt: skip


def _is_in(check: CheckLine, reason: str) -> bool:
    """Return whether the reason is this comparison in words, its value included."""
    return len(check.value) >= _WORDS and check.value in reason


def _brief(card: DexterCard, width: int, height: int) -> list[Line]:
    tail = [figures(card), *_wrapped_gate(card, width, rows=2)]
    points = _turns(card, width)[: max(0, height - 1 - len(tail))]
    return [opinion(card, brief=True), *points, *tail]


def _gate(card: DexterCard) -> Line:
    if card.gate is None:
        return [("dim", f" gate n/a: {clean(card.gate_reason)}")]
    return gate_spans(card.gate, "gate ")


def _head(point: Point, sign: str, width: int) -> Line:
    """Return a point on one line: its words are cut, never the ids of its rows."""
    text, ids = clean(point.text), "".join(f"[{row}]" for row in point.rows)
    room = width - 3
    if len(text) > room:
        room -= len(ids) + 1
        text = f"{text[: max(room - 1, 0)]}… {ids}"
    return [(_sign_role(sign), f" {sign} "), ("text", text)]


def _sign_role(sign: str) -> str:
    return "up" if sign == "+" else "down"


def full(card: DexterCard, width: int, height: int) -> list[Line]:
    """Return the whole opinion; where that is too long each point is cut, none is left out."""
    if height < _ROOMY:
        return _dense(card, width, height)
    for rows in range(_LONGEST, 0, -1):
        for gate_rows, airy in ((4, True), (3, True), (3, False), (2, False)):
            lines = _sections(card, width, rows, airy=airy)
            tail = [figures(card), *_wrapped_gate(card, width, rows=gate_rows), _ADVICE]
            room = height - len(lines) - len(tail)
            if room >= 0:
                return [*lines, *[()] * room, *tail]
    return _dense(card, width, height)


def _sections(card: DexterCard, width: int, rows: int, *, airy: bool) -> list[Line]:
    """Return what is for it and what against, at most `rows` lines a point; then the levels."""
    gap: list[Line] = [()] if airy else []
    lines: list[Line] = [opinion(card), *gap]
    for title, sign, points in (("For", "+", card.thesis), ("Against", "-", card.risks)):
        lines.append([("strong", f" {title}")])
        lines += [line for point in points for line in _whole(point, sign, width, rows)]
        lines += gap if points else [[("dim", f" {sign} none was given")], *gap]
    return [*lines, *_levels(card, width)]


def _dense(card: DexterCard, width: int, height: int) -> list[Line]:
    """Return heads of the points, one for, one against, in turn."""
    tail = [[*figures(card), *_source_ids(card)], *_wrapped_gate(card, width, rows=2),
            _ADVICE]  # fmt: skip
    lines = [opinion(card), *_turns(card, width), *_levels(card, width)]
    return [*lines[: max(0, height - len(tail))], *tail]


def _turns(card: DexterCard, width: int) -> list[Line]:
    pairs = zip_longest(
        (_head(point, "+", width) for point in card.thesis),
        (_head(point, "-", width) for point in card.risks),
    )
    return [line for pair in pairs for line in pair if line is not None]


def _whole(point: Point, sign: str, width: int, rows: int) -> list[Line]:
    """Return a point in at most `rows` lines: its words are cut, never the ids of its rows."""
    parts = wrapped(clean(point.text), width - 4)
    if len(parts) > rows:
        ids = "".join(f"[{row}]" for row in point.rows)
        room = max(width - 6 - len(ids), 0)
        parts = [*parts[: rows - 1], f"{parts[rows - 1][:room]}… {ids}"]
    first: Line = [(_sign_role(sign), f" {sign} "), ("text", parts[0])]
    return [first, *([("text", f"   {part}")] for part in parts[1:])]


def _levels(card: DexterCard, width: int) -> list[Line]:
    lines: list[Line] = []
    if card.direction is not Direction.NEUTRAL:
        numbers = (
            f" entry {number(card.entry_px, '.10g')}  stop {number(card.stop_px, '.10g')}"
            f"  target {number(card.take_profit_px, '.10g')}  size {number(card.size_pct, '.1%')}"
        )
        lines.append([("dim", numbers)])
    if card.catalyst:
        words = wrapped(clean(f"Catalyst: {card.catalyst}"), width - 2)
        lines += [[("text", f" {part}")] for part in words]
    return lines


def _source_ids(card: DexterCard) -> Line:
    rows = sorted(card.sources, key=lambda row: not row.cited)
    ids = " ".join(row.row_id for row in rows) or "none"
    return [("dim", "  sources "), ("text", clean(ids))]


def _wrapped_gate(card: DexterCard, width: int, *, rows: int) -> list[Line]:
    """Return the verdict in at most `rows` lines; on few of them the numbers come first."""
    if card.gate is None:
        return [_gate(card)]
    label, verdict, rest = gate_spans(card.gate, "gate ", reason_first=rows > _FEW)
    left = wrapped(rest[1].strip(), width - len(label[1]) - len(verdict[1]) - 2)
    words = " ".join(left[1:])
    more = wrapped(words, width - 8) if words else []
    if len(more) >= rows:
        more = [*more[: rows - 2], f"{more[rows - 2]}…"]
    first: Line = [label, verdict, ("text", f" {left[0]}")]
    return [first, *([("text", f"      {part}")] for part in more)]
