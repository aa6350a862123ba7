"""The analyst as values: opinion, its source rows, the check of its figures, and the gate.

Every figure comes from an event. What a stage could not compute is unknown, with its own words.
`IntelligenceView` itself is one of the structs of `rf_dashboard.wire`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from math import isfinite

import msgspec

from rf_common.clock import UnixNanos
from rf_common.ids import InstrumentId, symbol_of
from rf_common.intelligence import (
    AnalystSignal,
    ContextRow,
    Direction,
    GateDecided,
    Horizon,
    Recommendation,
    RowKind,
    Verdict,
)
from rf_dashboard.minds import Latest
from rf_dashboard.state import DashboardState
from rf_dashboard.values import Value, age_ms, told, why_old
from rf_dashboard.wire import IntelligenceView

__all__ = [
    "IntelligenceView",
    "DexterCard",
    "Point",
    "SourceRow",
    "GateLine",
    "CheckLine",
    "dexter_card",
    "gate_line",
]

NO_THINKERS = "the daemon told nothing of an analyst"
NO_OPINION = "no opinion on it yet"
NO_VERDICT = "no verdict on this opinion yet"
MIN_SCORED = 30
"""Forecasts that must have been scored before a score is shown."""
_ROW_ID = re.compile(r"\b[FSGNH]\d{1,4}\b")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[^\W\d_a-z])")


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence of the thesis or one risk, and the ids of the rows that it names."""

    text: str
    rows: tuple[str, ...]


class SourceRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the context that was sent; `cited` is whether the thesis rests on it."""

    row_id: str
    kind: RowKind
    text: str
    source: str
    ts: UnixNanos
    age_ms: int | None
    cited: bool


class CheckLine(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison of the gate."""

    name: str
    value: str
    limit: str
    ok: bool


class GateLine(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict with its comparisons, the failed ones first."""

    cycle_id: str
    verdict: Verdict
    reason: str
    direction: Direction
    quantity: Decimal
    checks: tuple[CheckLine, ...]
    seqs: tuple[int, ...]
    age_ms: int | None


class DexterCard(msgspec.Struct, frozen=True, kw_only=True):
    """The newest opinion on one instrument.

    `reason` says why there is none, or why the one that was given is void; `known` is whether
    there is one that counts. `matched` of `figures` figures of the thesis occur in a row.
    """

    instrument_id: InstrumentId
    symbol: str
    known: bool
    reason: str
    worker: str
    running: bool
    cycle_id: str
    analyst: str
    model: str
    recommendation: Recommendation | None
    direction: Direction | None
    horizon: Horizon | None
    confidence: Value[float]
    entry_px: Value[float]
    stop_px: Value[float]
    take_profit_px: Value[float]
    size_pct: Value[float]
    thesis: tuple[Point, ...]
    risks: tuple[Point, ...]
    catalyst: str
    sources: tuple[SourceRow, ...]
    cited: tuple[str, ...]
    figures: int
    matched: int
    unsupported: tuple[str, ...]
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    cost: Value[Decimal]
    call_id: str
    ts: UnixNanos
    age_ms: int | None
    stale: bool
    gate: GateLine | None
    gate_reason: str


# --- the analyst ----------------------------------------------------------------------------------


def dexter_card(state: DashboardState, instrument_id: InstrumentId, now: UnixNanos) -> DexterCard:
    """Return the newest opinion on one instrument, with its sources and its verdict."""
    latest = state.minds.latest.get(instrument_id, Latest(instrument_id))
    signal, old = latest.analyst, why_old(state, now)
    reason = why_no_opinion(state, signal, instrument_id)
    good = signal if not reason else None
    age = age_ms(now, signal.ts_event) if signal else None
    unsupported = signal.unsupported if signal else ()
    figures = signal.figures_checked if signal else 0

    def number(value: float | None) -> Value[float]:
        return measure(value, source=signal.analyst if signal else "", age=age, old=old,
                       missing=reason)  # fmt: skip

    gate = latest.gate
    same = signal is not None and gate is not None and gate.cycle_id == signal.cycle_id
    return DexterCard(
        instrument_id=instrument_id,
        symbol=symbol_of(instrument_id) if instrument_id else "",
        known=good is not None,
        reason=reason,
        worker=state.minds.view.worker if state.minds.view else "",
        running=is_running(state, instrument_id),
        cycle_id=signal.cycle_id if signal else "",
        analyst=signal.analyst if signal else "",
        model=signal.model if signal else "",
        recommendation=good.recommendation if good else None,
        direction=good.direction if good else None,
        horizon=good.time_horizon if good else None,
        confidence=number(good.confidence if good else None),
        entry_px=number(good.entry_px if good else None),
        stop_px=number(good.stop_px if good else None),
        take_profit_px=number(good.take_profit_px if good else None),
        size_pct=number(good.position_size_pct if good else None),
        thesis=tuple(_points(_SENTENCE.split(signal.thesis.strip()))) if signal else (),
        risks=tuple(_points(signal.key_risks)) if signal else (),
        catalyst=signal.catalyst if signal else "",
        sources=_sources(signal, now) if signal else (),
        cited=signal.cited if signal else (),
        figures=figures,
        matched=max(figures - len(unsupported), 0),
        unsupported=unsupported,
        input_tokens=signal.input_tokens if signal else 0,
        output_tokens=signal.output_tokens if signal else 0,
        cached_tokens=signal.cached_tokens if signal else 0,
        cost=told(signal.cost_usd if signal else None, source="daemon", age=age, old=old,
                  missing=reason),
        call_id=signal.call_id if signal else "",
        ts=signal.ts_event if signal else UnixNanos(0),
        age_ms=age,
        stale=bool(old),
        gate=gate_line(gate, now) if same and gate else None,
        gate_reason="" if same else (NO_VERDICT if signal else reason),
    )  # fmt: skip


def why_no_opinion(
    state: DashboardState, signal: AnalystSignal | None, instrument_id: InstrumentId
) -> str:
    """Return why there is no opinion that counts, "" when there is one."""
    if signal is not None:
        return f"unavailable: {signal.unavailable}" if signal.unavailable else ""
    view = state.minds.view
    if view is None:
        return NO_THINKERS
    if view.worker in {"DOWN", "OFF"}:
        return f"worker {view.worker}: {view.worker_reason or 'no reason was told'}"
    if is_running(state, instrument_id):
        return "the first cycle is running"
    return NO_OPINION


def is_running(state: DashboardState, instrument_id: InstrumentId) -> bool:
    """Return whether a cycle for the instrument is in progress."""
    view = state.minds.view
    return view is not None and instrument_id in view.running


def measure(
    value: float | None, *, source: str, age: int | None, old: str, missing: str
) -> Value[float]:
    """Return a number as told; what is not finite is unknown."""
    if value is not None and not isfinite(value):
        return told(None, source=source, age=age, old=old, missing="it is not a finite number")
    return told(value, source=source, age=age, old=old, missing=missing)


def rows_named(text: str) -> tuple[str, ...]:
    """Return the row ids that a text names, each once, in its order.

    Examples
    --------
    >>> rows_named("RSI 71.2 [F4], like F4 and [N2]")
    ('F4', 'N2')
    """
    return tuple(dict.fromkeys(_ROW_ID.findall(text)))


def _points(texts: Iterable[str]) -> Iterable[Point]:
    return (Point(text=text, rows=rows_named(text)) for text in texts if text.strip())


def _sources(signal: AnalystSignal, now: UnixNanos) -> tuple[SourceRow, ...]:
    return tuple(source_row(row, now, cited=row.row_id in signal.cited) for row in signal.rows)


def source_row(row: ContextRow, now: UnixNanos, *, cited: bool = False) -> SourceRow:
    """Return one row of a context with its age."""
    return SourceRow(
        row_id=row.row_id,
        kind=row.kind,
        text=row.text,
        source=row.source,
        ts=row.ts_event,
        age_ms=age_ms(now, row.ts_event),
        cited=cited,
    )


def gate_line(gate: GateDecided, now: UnixNanos) -> GateLine:
    """Return a verdict with its comparisons."""
    checks = [
        CheckLine(name=check.name, value=check.value, limit=check.limit, ok=check.ok)
        for check in gate.checks
    ]
    return GateLine(
        cycle_id=gate.cycle_id,
        verdict=gate.verdict,
        reason=gate.reason,
        direction=gate.direction,
        quantity=gate.quantity,
        checks=tuple(sorted(checks, key=lambda check: check.ok)),
        seqs=gate.seqs,
        age_ms=age_ms(now, gate.ts_event),
    )
