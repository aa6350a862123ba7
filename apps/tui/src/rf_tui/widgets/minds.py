"""Swarm, graph and score card in one panel, and the line that tells worker and budget."""

from __future__ import annotations

from collections.abc import Sequence

from rf_common.intelligence import GraphImpact
from rf_dashboard.format import NA, age
from rf_dashboard.views.scenarios import GraphPanel, MirofishCard
from rf_dashboard.views.thinkers import Thinkers
from rf_tui.figures import mark, number, usd
from rf_tui.glyphs import clean
from rf_tui.paint import Line, Span, span_width, wrapped
from rf_tui.widgets.mirofish import about, forecast
from rf_tui.widgets.panel import Panel, missing

_ROLES = {"READY": "good", "BUSY": "info", "DOWN": "bad", "OFF": "warn"}
_ROOMY = 12
_NAME = 13


class SwarmGraph(Panel):
    """View model: forecast, graph and thinkers."""

    name = "swarm graph"
    tab = "Swarm"
    view: tuple[MirofishCard, GraphPanel, Thinkers] | None = None

    def heading(self, width: int) -> Line:
        """Return the title, and how large the simulation was."""
        parts: list[Span] = [("title", "Swarm + graph")]
        for text in about(self.view[0]) if self.view else ():
            if span_width(parts) + len(text) + 2 <= width:
                parts.append(("dim", f"  {text}"))
        return parts

    def footing(self) -> str:
        """Return the keys of this panel."""
        return "f run  g graph"

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Return the shares, the nearest neighbours and the score."""
        if self.view is None:
            return missing("no instrument is chosen", width)
        swarm, graph, minds = self.view
        room = height if height < _ROOMY else 6
        lines = forecast(swarm, width, room)[:room]
        score = score_lines(minds, width)
        left = height - len(lines) - len(score)
        if left < 2:
            return lines
        return [*lines, *graph_lines(graph, width, left), *score]


def graph_lines(graph: GraphPanel, width: int, height: int) -> list[Line]:
    """Return what a shock of the instrument would reach, in at most `height` lines."""
    if not graph.known:
        text = wrapped(f"Graph n/a: {clean(graph.reason)}", width - 2)
        return [[("dim", f" {part}")] for part in text[:height]]
    head = f" Graph {clean(graph.entity)}, {graph.nodes} nodes, {age(graph.age_ms)} old"
    rows = [_impact(impact) for impact in graph.impacts[: max(0, height - 1)]]
    return [[("text", head)], *(rows or [[("dim", "  a shock of it reaches nobody")]])][:height]


def _impact(impact: GraphImpact) -> Line:
    role = "up" if impact.score > 0 else "down" if impact.score < 0 else "text"
    name = clean(impact.target_name)
    name = name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"
    return [
        ("text", f"  {name:<{_NAME}} "),
        (role, f"{impact.score:+.2f}"),
        ("dim", f" conf {impact.confidence:.2f}  {clean(impact.path)}"),
    ]


def score_lines(minds: Thinkers, width: int) -> list[Line]:
    """Return how good the opinions were, next to the base rate."""
    if minds.brier.value is None:
        text = f"Score n/a: {clean(minds.brier.reason)}"
    else:
        text = (
            f"Score: {minds.scored} opinions, hit {number(minds.hit_rate, '.0%')}, Brier "
            f"{number(minds.brier, '.3f')} against {number(minds.base_brier, '.3f')} base"
        )
    return [[("dim", f" {part}")] for part in wrapped(text, width - 2)]


class Budget(Panel):
    """View model: `Thinkers`; one line without a frame."""

    name = "budget"
    tab = "Budget"
    view: Thinkers | None = None

    def _composed(self, size: tuple[int, int]) -> list[Line]:
        return list(self.body(*size))[: size[1]]

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Return worker, analyst, and money against its caps, as far as they fit."""
        minds = self.view
        if minds is None:
            return []
        line: list[Span] = []
        for part in _parts(minds):
            gap: list[Span] = [("dim", "  ")] if line else [("dim", " ")]
            if span_width(line) + span_width([*gap, *part]) <= width:
                line += [*gap, *part]
        return [line]


def _parts(minds: Thinkers) -> list[list[Span]]:
    worker = minds.worker.value
    if worker is None:
        return [[("dim", f"AI n/a: {clean(minds.worker.reason)}")]]
    role = _ROLES.get(worker, "warn")
    word: list[Span] = [("dim", "worker "), (role, clean(worker) + mark(minds.worker))]
    bad = worker in {"DOWN", "OFF"} and minds.worker_reason
    reason: list[list[Span]] = [[("warn", clean(minds.worker_reason))]] if bad else []
    money = f"budget today {usd(minds.spent_day)} of {usd(minds.cap_day)}"
    month = f"month {usd(minds.spent_month)} of {usd(minds.cap_month)}"
    calls = NA if minds.calls_day.value is None else str(minds.calls_day.value)
    return [
        word,
        *reason,
        [("text", money)],
        [("text", month)],
        [("dim", f"cache hit {number(minds.cache_share, '.0%')}")],
        _who(minds),
        [("dim", f"calls {calls}")],
        [("dim", f"AI may trade: {clean(minds.may_trade) or NA}")],
    ]


def _who(minds: Thinkers) -> list[Span]:
    name = clean(" ".join(part for part in (minds.analyst.value or NA, minds.model) if part))
    why = f" ({clean(minds.why_rules)})" if minds.why_rules else ""
    return [("dim", "analyst "), ("text", name), ("dim", why)]
