"""What the slow thinkers said: the newest stages of each instrument, and whole cycles.

The newest answers are kept with their context rows, so that every figure can be traced; of older
cycles only the cited rows stay. Everything is cut to a bound, whatever is told.
"""

from __future__ import annotations

from typing import Any

import msgspec

from rf_common.clock import UnixNanos
from rf_common.ids import InstrumentId
from rf_common.intelligence import (
    AnalystSignal,
    ContextRow,
    GateDecided,
    GraphContext,
    QuantSnapshot,
    StageAnswer,
    SwarmSignal,
)
from rf_dashboard.wire import IntelligenceView, OutcomeView

MAX_INSTRUMENTS = 24
"""Instruments whose newest stages are kept."""
MAX_CYCLES = 80
"""Cycles of all instruments together."""
MAX_CYCLES_EACH = 20
MAX_LATEST_BYTES = 96 << 10
"""What the newest stages of all instruments may take, so that a snapshot stays below 1 MiB."""
MAX_CYCLES_BYTES = 64 << 10
MAX_ROWS = 48
"""Context rows of one opinion."""
MAX_CITED = 8
"""Context rows of an older cycle."""
MAX_ROW_TEXT = 240
MAX_TEXT = 1_200
MAX_ITEMS = 16
"""Risks, checks, impacts, orders and refusals of one answer."""


class Latest(msgspec.Struct, frozen=True, array_like=True):
    """The newest answer of each stage for one instrument; they may be of different cycles."""

    instrument_id: InstrumentId
    quant: QuantSnapshot | None = None
    swarm: SwarmSignal | None = None
    graph: GraphContext | None = None
    analyst: AnalystSignal | None = None
    gate: GateDecided | None = None


class Cycle(msgspec.Struct, frozen=True, array_like=True):
    """One run for one instrument, as far as it has come; `ts` is when it was last heard of."""

    cycle_id: str
    instrument_id: InstrumentId
    ts: UnixNanos
    quant: QuantSnapshot | None = None
    swarm: SwarmSignal | None = None
    graph: GraphContext | None = None
    analyst: AnalystSignal | None = None
    gate: GateDecided | None = None
    outcome: OutcomeView | None = None


class MindsSnapshot(msgspec.Struct, frozen=True, array_like=True):
    """Everything that `Minds` knows."""

    view: IntelligenceView | None = None
    ts: UnixNanos = UnixNanos(0)
    latest: tuple[Latest, ...] = ()
    cycles: tuple[Cycle, ...] = ()


class Minds:
    """Folds stages, verdicts and outcomes; bounded."""

    def __init__(self) -> None:
        self.view: IntelligenceView | None = None
        self.ts = UnixNanos(0)
        self.latest: dict[InstrumentId, Latest] = {}
        self.cycles: dict[tuple[InstrumentId, str], Cycle] = {}

    def on_quant(self, told: QuantSnapshot, ts: UnixNanos) -> None:
        """Take stage 1."""
        told = msgspec.structs.replace(told, unavailable=cut(told.unavailable))
        self._keep(msgspec.structs.replace(self._latest(told.instrument_id), quant=told))
        self._cycle(msgspec.structs.replace(self._of(told, ts), quant=told))

    def on_swarm(self, told: SwarmSignal, ts: UnixNanos) -> None:
        """Take stage 2."""
        told = msgspec.structs.replace(told, unavailable=cut(told.unavailable))
        self._keep(msgspec.structs.replace(self._latest(told.instrument_id), swarm=told))
        self._cycle(msgspec.structs.replace(self._of(told, ts), swarm=told))

    def on_graph(self, told: GraphContext, ts: UnixNanos) -> None:
        """Take stage 3."""
        whole = _graph(told)
        brief = msgspec.structs.replace(whole, facts=(), narrative="")
        self._keep(msgspec.structs.replace(self._latest(told.instrument_id), graph=whole))
        self._cycle(msgspec.structs.replace(self._of(told, ts), graph=brief))

    def on_analyst(self, told: AnalystSignal, ts: UnixNanos) -> None:
        """Take stage 4."""
        whole = _opinion(told)
        cited = tuple(row for row in whole.rows if row.row_id in whole.cited)[:MAX_CITED]
        brief = msgspec.structs.replace(whole, rows=cited)
        self._keep(msgspec.structs.replace(self._latest(told.instrument_id), analyst=whole))
        self._cycle(msgspec.structs.replace(self._of(told, ts), analyst=brief))

    def on_gate(self, told: GateDecided, ts: UnixNanos) -> None:
        """Take stage 5."""
        told = msgspec.structs.replace(
            told,
            reason=cut(told.reason),
            checks=told.checks[:MAX_ITEMS],
            seqs=told.seqs[:MAX_ITEMS],
        )
        self._keep(msgspec.structs.replace(self._latest(told.instrument_id), gate=told))
        self._cycle(msgspec.structs.replace(self._of(told, ts), gate=told))

    def on_outcome(self, told: OutcomeView, ts: UnixNanos) -> None:
        """Take what became of a verdict."""
        told = msgspec.structs.replace(
            told,
            orders=told.orders[:MAX_ITEMS],
            refusals=tuple(cut(text, MAX_ROW_TEXT) for text in told.refusals[:MAX_ITEMS]),
        )
        self._cycle(msgspec.structs.replace(self._of(told, ts), outcome=told))

    # --- keeping ------------------------------------------------------------------------------

    def _latest(self, name: InstrumentId) -> Latest:
        return self.latest.get(name) or Latest(name)

    def _keep(self, latest: Latest) -> None:
        self.latest.pop(latest.instrument_id, None)
        self.latest[latest.instrument_id] = latest
        if len(self.latest) > MAX_INSTRUMENTS:
            del self.latest[next(iter(self.latest))]
        _fit(self.latest, MAX_LATEST_BYTES)

    def _of(self, told: StageAnswer | GateDecided | OutcomeView, ts: UnixNanos) -> Cycle:
        known = self.cycles.get((told.instrument_id, told.cycle_id))
        if known is None:
            return Cycle(told.cycle_id, told.instrument_id, ts)
        return msgspec.structs.replace(known, ts=ts)

    def _cycle(self, cycle: Cycle) -> None:
        key = (cycle.instrument_id, cycle.cycle_id)
        is_new = key not in self.cycles
        self.cycles[key] = cycle
        same = [other for other in self.cycles if other[0] == cycle.instrument_id] if is_new else []
        if len(same) > MAX_CYCLES_EACH:
            del self.cycles[same[0]]
        if len(self.cycles) > MAX_CYCLES:
            del self.cycles[next(iter(self.cycles))]
        _fit(self.cycles, MAX_CYCLES_BYTES)

    # --- whole --------------------------------------------------------------------------------

    def snapshot(self) -> MindsSnapshot:
        """Return everything as one frozen value."""
        return MindsSnapshot(
            self.view, self.ts, tuple(self.latest.values()), tuple(self.cycles.values())
        )

    @classmethod
    def from_snapshot(cls, told: MindsSnapshot) -> Minds:
        """Return the minds that gave the snapshot."""
        made = cls()
        made.view, made.ts = told.view, told.ts
        made.latest = {latest.instrument_id: latest for latest in told.latest}
        made.cycles = {(cycle.instrument_id, cycle.cycle_id): cycle for cycle in told.cycles}
        return made


def _fit(kept: dict[Any, Any], limit: int) -> None:
    """Drop the oldest until what is left takes at most `limit` bytes; the newest one stays."""
    room = limit
    for number, key in enumerate(list(reversed(kept))):
        room -= len(msgspec.msgpack.encode(kept[key]))
        if room < 0 and number:
            del kept[key]


def cut(text: str, limit: int = MAX_TEXT) -> str:
    """Return at most `limit` characters of `text`, marked when some are missing.

    Examples
    --------
    >>> cut("a long story", 7)
    'a long…'
    """
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _rows(rows: tuple[ContextRow, ...]) -> tuple[ContextRow, ...]:
    return tuple(
        msgspec.structs.replace(row, text=cut(row.text, MAX_ROW_TEXT))
        if len(row.text) > MAX_ROW_TEXT
        else row
        for row in rows[:MAX_ROWS]
    )


def _graph(told: GraphContext) -> GraphContext:
    return msgspec.structs.replace(
        told,
        unavailable=cut(told.unavailable),
        facts=_rows(told.facts),
        impacts=told.impacts[:MAX_ITEMS],
        narrative=cut(told.narrative),
    )


def _opinion(told: AnalystSignal) -> AnalystSignal:
    return msgspec.structs.replace(
        told,
        unavailable=cut(told.unavailable),
        thesis=cut(told.thesis),
        catalyst=cut(told.catalyst, MAX_ROW_TEXT),
        key_risks=tuple(cut(text, MAX_ROW_TEXT) for text in told.key_risks[:MAX_ITEMS]),
        rows=_rows(told.rows),
        cited=told.cited[:MAX_ROWS],
        unsupported=tuple(cut(text, MAX_ROW_TEXT) for text in told.unsupported[:MAX_ITEMS]),
    )
