"""What an analyst is shown: numbered rows, each with its figure written once, source and time.

A row stands for a value that was computed; what could not be computed is named in `missing` and
never filled in. Outside text is marked, so that the prompt can fence it and the checks know it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec

from rf_ai.outside import LIMIT, clean, shown_text
from rf_common.clock import UnixNanos, to_iso
from rf_common.ids import InstrumentId
from rf_common.intelligence import (
    ContextRow,
    Direction,
    GraphContext,
    GraphImpact,
    QuantSnapshot,
    RowKind,
    SwarmSignal,
)

TRUSTED = ("seed", "manual", "swarm")
"""Origins of graph facts whose words are ours or the owner's."""
MAX_FACTS = 10
MAX_IMPACTS = 5
MAX_NEWS = 12
MAX_CALLS = 8
NAME_LIMIT = 60
IMPACT_SOURCE = "graph shock"
_STOPS = str.maketrans(dict.fromkeys("(),;:", " "))


class NewsItem(msgspec.Struct, frozen=True, kw_only=True):
    """One headline or filing as it came from outside."""

    news_id: str
    ts_event: UnixNanos
    source: str
    headline: str
    body: str = ""


class PastCall(msgspec.Struct, frozen=True, kw_only=True):
    """An earlier opinion on the same instrument and what became of it; None while unscored."""

    call_id: str
    ts_event: UnixNanos
    direction: Direction
    confidence: float
    px: float
    later_px: float | None = None
    hit: bool | None = None


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one opinion may rest on.

    `outside` are the ids of the rows whose words came from outside, `missing` the measures that
    could not be computed, `nonce` the delimiter of the fence in this call's prompt.
    """

    cycle_id: str
    instrument_id: InstrumentId
    ts_event: UnixNanos
    px: float | None
    rows: tuple[ContextRow, ...]
    outside: tuple[str, ...]
    missing: tuple[str, ...]
    nonce: str
    entity_name: str = ""

    def row(self, row_id: str) -> ContextRow | None:
        """Return the row of this id, None when there is none."""
        return next((row for row in self.rows if row.row_id == row_id), None)


def build_context(
    quant: QuantSnapshot,
    swarm: SwarmSignal,
    graph: GraphContext,
    news: Sequence[NewsItem] = (),
    history: Sequence[PastCall] = (),
    *,
    nonce: str,
    withhold: bool = True,
    trusted_names: frozenset[str] = frozenset(),
) -> Context:
    """Return the numbered rows of one cycle.

    Parameters
    ----------
    quant, swarm, graph : QuantSnapshot, SwarmSignal, GraphContext
        What stages 1 to 3 answered; an unavailable one gives no rows.
    news : sequence of NewsItem
        Newest first; at most 12 are shown.
    history : sequence of PastCall
        Newest first; at most 8 are shown.
    nonce : str
        Delimiter of outside text, new for each call and not to be guessed.
    withhold : bool
        Whether outside text that reads like an order to a model is withheld as a whole.
    trusted_names : frozenset of str
        Names and ids of entities that no document has made up, such as those of the seed graph.
        An impact on an entity that neither they nor a fact of ours names is shown without words.

    Raises
    ------
    ValueError
        If the stages speak of different instruments, or `nonce` is shorter than 8 characters.
    """
    _same_instrument(quant, swarm, graph)
    if len(nonce) < 8:
        raise ValueError(f"nonce = {nonce!r}: expected at least 8 characters")
    missing: list[str] = []
    rows = _quant_rows(quant, missing)
    rows += _swarm_rows(swarm, missing)
    graph_rows, outside = _graph_rows(graph, missing, (nonce, withhold), trusted_names)
    news_rows = _news_rows(news, nonce, withhold)
    rows += graph_rows + news_rows + _history_rows(history)
    outside += [row.row_id for row in news_rows]
    return Context(
        cycle_id=quant.cycle_id,
        instrument_id=quant.instrument_id,
        ts_event=quant.ts_event,
        px=None if quant.unavailable else quant.px,
        rows=tuple(rows),
        outside=tuple(outside),
        missing=tuple(missing),
        nonce=nonce,
        entity_name=clean(graph.entity_name, NAME_LIMIT, nonce=nonce),
    )


def is_outside(fact: ContextRow) -> bool:
    """Return whether somebody outside had a say in a graph fact.

    A fact of our own that a document disputes counts too: its text names the document.
    """
    origin = fact.source.partition(" ")[0].partition(":")[0]
    return origin not in TRUSTED or "document" in fact.text


def rsi_word(rsi: float) -> str:
    """Return overbought above 70, oversold below 30, else neutral."""
    if rsi > 70.0:
        return "overbought"
    return "oversold" if rsi < 30.0 else "neutral"


def imbalance_word(imbalance: float) -> str:
    """Return bid-heavy above 0.3, ask-heavy below -0.3, else balanced."""
    if imbalance > 0.3:
        return "bid-heavy"
    return "ask-heavy" if imbalance < -0.3 else "balanced"


def _same_instrument(quant: QuantSnapshot, swarm: SwarmSignal, graph: GraphContext) -> None:
    for name, stage in (("swarm", swarm), ("graph", graph)):
        if stage.instrument_id != quant.instrument_id:
            raise ValueError(
                f"{name}.instrument_id = {stage.instrument_id}: expected {quant.instrument_id}"
            )


def _quant_rows(quant: QuantSnapshot, missing: list[str]) -> list[ContextRow]:
    if quant.unavailable:
        missing.append(f"quant snapshot: {quant.unavailable}")
        return []
    rsi, imbalance = quant.rsi, quant.imbalance
    texts = (
        ("px", _number(quant.px)),
        ("rsi14", None if rsi is None else f"{rsi:.1f}, {rsi_word(rsi)}"),
        ("macd_histogram", None if quant.macd_histogram is None else f"{quant.macd_histogram:.4g}"),
        ("garch_vol", _percent(quant.garch_vol, " per year")),
        ("average_vol", _percent(quant.average_vol, " per year")),
        ("heston_vol", _percent(quant.heston_vol, " per year")),
        ("bsm_value", _number(quant.bsm_value)),
        ("vwap", _number(quant.vwap)),
        (
            "imbalance",
            None if imbalance is None else f"{imbalance:.2f}, {imbalance_word(imbalance)}",
        ),
        ("momentum_short", _percent(quant.momentum_short)),
        ("momentum_long", _percent(quant.momentum_long)),
        ("momentum", None if quant.momentum is None else f"{quant.momentum:.2f}"),
        ("samples", str(quant.samples)),
    )
    rows = []
    for number, (name, text) in enumerate(texts, start=1):
        if text is None:
            missing.append(name)
            continue
        rows.append(
            ContextRow(f"F{number}", RowKind.FEATURE, f"{name} = {text}", "quant", quant.ts_event)
        )
    return rows


def _swarm_rows(swarm: SwarmSignal, missing: list[str]) -> list[ContextRow]:
    if swarm.unavailable:
        missing.append(f"swarm simulation: {swarm.unavailable}")
        return []
    kind = "synthetic, not calibrated" if swarm.synthetic else "calibrated to the history"
    brier = None if swarm.brier is None else f"{swarm.brier:.3f} over {swarm.scored} forecasts"
    texts = (
        ("direction", f"{swarm.direction.value}, conviction {swarm.conviction.value}"),
        ("confidence", f"{swarm.confidence:.2f}"),
        (
            "bull/bear/neutral",
            f"{_share(swarm.bull)} / {_share(swarm.bear)} / {_share(swarm.neutral)}, "
            f"standard error {_share(swarm.std_error)}",
        ),
        ("agreement", f"{swarm.agreement:.2f} of agents on the larger side"),
        ("net_flow", f"{swarm.net_flow:,.0f}"),
        ("regime", clean(swarm.regime, NAME_LIMIT)),
        ("simulated_vol", f"{100.0 * swarm.vol:.1f} % per year"),
        (
            "rally/sideways/dip",
            f"{_share(swarm.rally)} / {_share(swarm.sideways)} / {_share(swarm.dip)}, "
            f"standard error {_share(swarm.mirofish_error)}",
        ),
        (
            "base rates rally/sideways/dip",
            f"{_share(swarm.base_rally)} / {_share(swarm.base_sideways)} / "
            f"{_share(swarm.base_dip)}",
        ),
        ("brier", brier),
        ("ensemble", f"{swarm.agents} agents, {swarm.paths} paths, {swarm.rounds} rounds, {kind}"),
    )
    rows = []
    for number, (name, text) in enumerate(texts, start=1):
        if text is None:
            missing.append(f"swarm {name}")
            continue
        source = f"swarm seed {swarm.seed}"
        rows.append(
            ContextRow(f"S{number}", RowKind.SWARM, f"{name} = {text}", source, swarm.ts_event)
        )
    return rows


def _graph_rows(
    graph: GraphContext,
    missing: list[str],
    cleaning: tuple[str, bool],
    trusted_names: frozenset[str],
) -> tuple[list[ContextRow], list[str]]:
    if graph.unavailable:
        missing.append(f"knowledge graph: {graph.unavailable}")
        return [], []
    nonce, withhold = cleaning
    rows, outside, ours = [], [], ""
    for number, fact in enumerate(graph.facts[:MAX_FACTS], start=1):
        row_id = f"G{number}"
        text = shown_text(fact.text, nonce=nonce, withhold=withhold)
        source = shown_text(fact.source, NAME_LIMIT, nonce=nonce, withhold=withhold)
        rows.append(ContextRow(row_id, RowKind.GRAPH, text, source, fact.ts_event))
        if is_outside(fact):
            outside.append(row_id)
        else:
            ours += f" {fact.text.translate(_STOPS)} "
    for number, impact in enumerate(graph.impacts[:MAX_IMPACTS], start=len(rows) + 1):
        text = _impact_text(impact, ours, trusted_names)
        row = ContextRow(f"G{number}", RowKind.GRAPH, text, IMPACT_SOURCE, graph.ts_event)
        rows.append(row)
    return rows, outside


def _impact_text(impact: GraphImpact, ours: str, trusted_names: frozenset[str]) -> str:
    """Return an impact in words that are ours: a name a document made up is not repeated."""

    def known(name: str) -> bool:
        return name in trusted_names or (len(name) > 1 and f" {name} " in ours)

    names = [name for name in (impact.target_name, impact.target_id) if known(name)]
    text = (
        f"impact on {names[0] if names else 'another entity'} = {impact.score:+.2f}, "
        f"confidence {impact.confidence:.2f}"
    )
    steps = [word for word in impact.path.split() if not word.startswith("->")]
    if names and steps and all(map(known, steps)):
        text += f", path {impact.path}"
    return text


def _news_rows(news: Iterable[NewsItem], nonce: str, withhold: bool) -> list[ContextRow]:
    rows = []
    for number, item in enumerate(tuple(news)[:MAX_NEWS], start=1):
        words = f"{item.headline[:LIMIT]} - {item.body}" if item.body else item.headline
        text = shown_text(words, nonce=nonce, withhold=withhold)
        source = shown_text(item.source, NAME_LIMIT, nonce=nonce, withhold=withhold)
        rows.append(ContextRow(f"N{number}", RowKind.NEWS, text, source, item.ts_event))
    return rows


def _history_rows(history: Iterable[PastCall]) -> list[ContextRow]:
    rows = []
    for number, call in enumerate(tuple(history)[:MAX_CALLS], start=1):
        outcome = "not scored yet"
        if call.later_px is not None and call.hit is not None:
            word = "hit" if call.hit else "miss"
            outcome = f"{word}, px went to {_number(call.later_px)}"
        text = (
            f"{call.direction.value} with confidence {call.confidence:.2f} "
            f"at px {_number(call.px)}: {outcome}"
        )
        source = f"call {call.call_id}"
        rows.append(ContextRow(f"H{number}", RowKind.HISTORY, text, source, call.ts_event))
    return rows


def row_line(row: ContextRow) -> str:
    """Return one row as the prompt shows it."""
    return f"{row.row_id} | {row.text} | {row.source} | {_time(row.ts_event)}"


@lru_cache(maxsize=256)
def _time(ts: UnixNanos) -> str:
    return to_iso(ts)


def _number(value: float | None) -> str | None:
    """Return a price with as many decimals as its size needs."""
    if value is None:
        return None
    size = abs(value)
    return f"{value:.2f}" if size >= 10.0 else f"{value:.4f}" if size >= 0.1 else f"{value:.6g}"


def _percent(value: float | None, unit: str = "") -> str | None:
    return None if value is None else f"{100.0 * value:.2f} %{unit}"


def _share(value: float) -> str:
    return f"{100.0 * value:.1f} %"
