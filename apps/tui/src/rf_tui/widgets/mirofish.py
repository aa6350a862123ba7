"""The swarm's forecast: three shares that sum to 100, with errors and base rates beside them."""

from __future__ import annotations

from collections.abc import Sequence

from rf_dashboard.format import NA, age
from rf_dashboard.format import bar as gauge
from rf_dashboard.values import Value
from rf_dashboard.views.scenarios import MirofishCard, Share
from rf_tui.figures import mark, number
from rf_tui.glyphs import clean
from rf_tui.paint import Line, Span, flow, span_width, wrapped
from rf_tui.widgets.panel import Panel, missing

_NAME = 9
_FULL = 9
"""From how many lines on everything is shown."""
_ROLES = {"rally": "up", "sideways": "text", "dip": "down"}


class Mirofish(Panel):
    """View model: a `MirofishCard`."""

    name = "swarm"
    tab = "Swarm"
    view: MirofishCard | None = None

    def heading(self, width: int) -> Line:
        """Return symbol, agents, seed and age, as far as they fit."""
        card = self.view
        if card is None or not card.symbol:
            return [("title", "MiroFish")]
        parts: list[Span] = [("title", f"MiroFish {clean(card.symbol)}")]
        if card.worker in {"DOWN", "OFF"}:
            parts.append(("bad", f"  worker {card.worker}"))
        for text in about(card):
            if span_width(parts) + len(text) + 2 <= width:
                parts.append(("dim", f"  {text}"))
        return parts

    def footing(self) -> str:
        """Return the keys of this panel."""
        return "f run"

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Return the shares, then what they rest on."""
        if self.view is None:
            return missing("no instrument is chosen", width)
        return forecast(self.view, width, height)


def about(card: MirofishCard) -> list[str]:
    """Return the size of the simulation and its age."""
    running = ["running"] if card.running else []
    if not card.cycle_id:
        return running
    size = [f"{card.agents:,} agents", f"seed {card.seed}"] if card.known else []
    return [*size, f"{age(card.age_ms).split()[0]} old", *running]


def forecast(card: MirofishCard, width: int, height: int) -> list[Line]:
    """Return a forecast, or why there is none; on few lines the smaller words share one."""
    if not card.known:
        role = "warn" if card.cycle_id else "dim"
        text = card.reason if card.cycle_id else f"n/a: {card.reason}"
        return [[(role, f" {part}")] for part in wrapped(clean(text), width - 2)]
    shares = [_share(share, width) for share in card.shares]
    if height >= _FULL:
        return [*shares, *flow(_crowd(card), width), _ensemble(card), *_sizes(card, width),
                *flow([_label(card)], width), *flow([_score(card)], width)]  # fmt: skip
    label: Span = ("warn", "Synthetic") if card.synthetic else ("good", "calibrated")
    return [*shares, *flow([*_crowd(card), [label], _score(card)], width), *_sizes(card, width)]


def _share(share: Share, width: int) -> Line:
    tail = f" {_whole(share.percent)} ±{number(share.error, '.1f')}"
    base = f"{'  ' if width > 34 else ' '}base {_whole(share.base).strip()}"
    cells = max(3, min(30, width - _NAME - 3 - len(tail) - len(base)))
    part = None if share.percent.value is None else share.percent.value / 100
    return [
        ("dim", f" {share.name:<{_NAME}}"),
        (_ROLES[share.name], gauge(part, cells)),
        ("text", tail),
        ("dim", base),
    ]


def _whole(value: Value[int]) -> str:
    return f" {NA}" if value.value is None else f"{value.value:>3}%{mark(value)}"


def _crowd(card: MirofishCard) -> list[Line]:
    stands = f"{card.direction or NA} {card.conviction or ''}".strip()
    return [
        [("dim", "agree "), ("text", number(card.agreement, ".0%"))],
        [("dim", "swarm "), ("text", stands)],
        [("text", clean(card.regime) or "regime n/a")],
    ]


def _ensemble(card: MirofishCard) -> Line:
    parts = ((name, number(value, ".0%")) for name, value in
             (("bull", card.bull), ("bear", card.bear), ("neutral", card.neutral)))  # fmt: skip
    text = "  ".join(f"{name} {part}" for name, part in parts)
    return [("dim", " book market "), ("text", f"{text} ±{number(card.std_error, '.1%')}")]


def _sizes(card: MirofishCard, width: int) -> list[Line]:
    parts = (f"ensemble {card.agents:,} agents", f"{card.paths:,} paths", f"{card.rounds:,} rounds",
             f"seed {card.seed}")  # fmt: skip
    return flow(([("dim", part)] for part in parts), width)


def _label(card: MirofishCard) -> Line:
    if card.synthetic:
        return [("warn", "Synthetic"), ("dim", ": not calibrated. Not a forecast.")]
    return [("good", "calibrated"), ("dim", " to a history")]


def _score(card: MirofishCard) -> Line:
    if card.brier.value is None:
        return [("dim", f"Brier n/a: {card.brier.reason}")]
    return [("dim", "Brier "), ("text", f"{number(card.brier, '.3f')} over {card.scored}")]
