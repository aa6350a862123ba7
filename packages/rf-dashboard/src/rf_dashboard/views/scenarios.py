"""The swarm and the knowledge graph as values: shares that sum to 100, base rates, neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

import msgspec

from rf_common.clock import UnixNanos
from rf_common.ids import InstrumentId, symbol_of
from rf_common.intelligence import Conviction, Direction, GraphImpact, SwarmSignal
from rf_dashboard.minds import Latest
from rf_dashboard.state import DashboardState
from rf_dashboard.values import Value, age_ms, told, unknown, why_old
from rf_dashboard.views.intelligence import (
    MIN_SCORED,
    NO_THINKERS,
    SourceRow,
    is_running,
    measure,
    source_row,
)

NO_FORECAST = "no forecast for it yet"
NO_GRAPH = "the graph was not asked about it yet"


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """One class of the forecast, whole percent; `error` is its standard error in points."""

    name: str
    percent: Value[int]
    error: Value[float]
    base: Value[int]


class MirofishCard(msgspec.Struct, frozen=True, kw_only=True):
    """The newest forecast of one instrument; its three shares sum to 100.

    `synthetic` holds until the simulation was calibrated to a history.
    """

    instrument_id: InstrumentId
    symbol: str
    known: bool
    reason: str
    worker: str
    running: bool
    cycle_id: str
    shares: tuple[Share, ...]
    direction: Direction | None
    conviction: Conviction | None
    confidence: Value[float]
    bull: Value[float]
    bear: Value[float]
    neutral: Value[float]
    std_error: Value[float]
    agreement: Value[float]
    regime: str
    agents: int
    paths: int
    rounds: int
    seed: int
    synthetic: bool
    scored: int
    brier: Value[float]
    ts: UnixNanos
    age_ms: int | None
    stale: bool


class GraphPanel(msgspec.Struct, frozen=True, kw_only=True):
    """What the knowledge graph says of one instrument."""

    known: bool
    reason: str
    entity: str
    nodes: int
    impacts: tuple[GraphImpact, ...]
    facts: tuple[SourceRow, ...]
    narrative: str
    age_ms: int | None
    stale: bool


def mirofish_card(
    state: DashboardState, instrument_id: InstrumentId, now: UnixNanos
) -> MirofishCard:
    """Return the newest forecast of one instrument, with its errors and base rates."""
    latest = state.minds.latest.get(instrument_id, Latest(instrument_id))
    signal, old = latest.swarm, why_old(state, now)
    reason = _why_none(state, signal, instrument_id)
    good = signal if not reason else None
    age = age_ms(now, signal.ts_event) if signal else None

    def number(value: float | None) -> Value[float]:
        return measure(value, source="swarm", age=age, old=old, missing=reason)

    return MirofishCard(
        instrument_id=instrument_id,
        symbol=symbol_of(instrument_id) if instrument_id else "",
        known=good is not None,
        reason=reason,
        worker=state.minds.view.worker if state.minds.view else "",
        running=is_running(state, instrument_id),
        cycle_id=signal.cycle_id if signal else "",
        shares=_shares(good, reason, age, old),
        direction=good.direction if good else None,
        conviction=good.conviction if good else None,
        confidence=number(good.confidence if good else None),
        bull=number(good.bull if good else None),
        bear=number(good.bear if good else None),
        neutral=number(good.neutral if good else None),
        std_error=number(good.std_error if good else None),
        agreement=number(good.agreement if good else None),
        regime=good.regime if good else "",
        agents=signal.agents if signal else 0,
        paths=signal.paths if signal else 0,
        rounds=signal.rounds if signal else 0,
        seed=signal.seed if signal else 0,
        synthetic=signal.synthetic if signal else True,
        scored=signal.scored if signal else 0,
        brier=_brier(signal, age, old),
        ts=signal.ts_event if signal else UnixNanos(0),
        age_ms=age,
        stale=bool(old),
    )


def graph_panel(state: DashboardState, instrument_id: InstrumentId, now: UnixNanos) -> GraphPanel:
    """Return what the graph knows about one instrument."""
    latest = state.minds.latest.get(instrument_id, Latest(instrument_id))
    graph = latest.graph
    reason = NO_GRAPH if graph is None else ""
    if graph is not None and graph.unavailable:
        reason = f"unavailable: {graph.unavailable}"
    return GraphPanel(
        known=not reason,
        reason=reason,
        entity=graph.entity_name or graph.entity_id if graph else "",
        nodes=graph.nodes if graph else 0,
        impacts=graph.impacts if graph else (),
        facts=tuple(source_row(row, now) for row in graph.facts) if graph else (),
        narrative=graph.narrative if graph else "",
        age_ms=age_ms(now, graph.ts_event) if graph else None,
        stale=bool(why_old(state, now)),
    )


def _why_none(
    state: DashboardState, signal: SwarmSignal | None, instrument_id: InstrumentId
) -> str:
    if signal is not None:
        return f"unavailable: {signal.unavailable}" if signal.unavailable else ""
    view = state.minds.view
    if view is None:
        return NO_THINKERS
    if view.worker in {"DOWN", "OFF"}:
        return f"worker {view.worker}: {view.worker_reason or 'no reason was told'}"
    return "the first run is in progress" if is_running(state, instrument_id) else NO_FORECAST


def _shares(
    signal: SwarmSignal | None, reason: str, age: int | None, old: str
) -> tuple[Share, ...]:
    names = ("rally", "sideways", "dip")
    if signal is None:
        nothing: Value[int] = unknown(reason, source="swarm")
        none: Value[float] = unknown(reason, source="swarm")
        return tuple(Share(name=n, percent=nothing, error=none, base=nothing) for n in names)
    parts = whole_percents((signal.rally, signal.sideways, signal.dip))
    bases = whole_percents((signal.base_rally, signal.base_sideways, signal.base_dip))
    points = 100.0 * signal.mirofish_error
    error = measure(points, source="swarm", age=age, old=old, missing="")

    def of(value: int | None, why: str) -> Value[int]:
        return told(value, source="swarm", age=age, old=old, missing=why)

    return tuple(
        Share(
            name=name,
            percent=of(part, "these are no probabilities"),
            error=error,
            base=of(base, "no base rate was given"),
        )
        for name, part, base in zip(names, parts, bases, strict=True)
    )


def whole_percents(parts: Sequence[float]) -> tuple[int | None, ...]:
    """Return probabilities as whole percents that sum to 100; None where they are none.

    The largest remainders are rounded up, ties in the given order.

    Examples
    --------
    >>> whole_percents((0.414, 0.373, 0.213)), whole_percents((0.77, 0.3, 0.0))
    ((42, 37, 21), (None, None, None))
    """
    bad = not all(isfinite(part) and part >= 0.0 for part in parts)
    if bad or abs(sum(parts) - 1.0) > 1e-6:
        return (None,) * len(parts)
    floors = [int(100.0 * part + 1e-9) for part in parts]
    order = sorted(range(len(parts)), key=lambda at: floors[at] - 100.0 * parts[at])
    for at in order[: 100 - sum(floors)]:
        floors[at] += 1
    return tuple(floors)


def _brier(signal: SwarmSignal | None, age: int | None, old: str) -> Value[float]:
    if signal is None or signal.scored < MIN_SCORED:
        count = signal.scored if signal else 0
        return unknown(f"{count} of {MIN_SCORED} forecasts scored", source="swarm")
    return measure(signal.brier, source="swarm", age=age, old=old, missing="not told")
