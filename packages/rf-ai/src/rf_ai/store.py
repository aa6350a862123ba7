"""The record of every call: what was shown, what came back, what the checks said, what it cost.

One SQLite file. A record holds all that a replay needs and no secret; after the horizon it gets
its outcome. The outcome columns are the only ones that change.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path

import msgspec

from rf_ai.context import Context, PastCall
from rf_ai.inputs import Inputs
from rf_ai.models.port import Prompt
from rf_common.clock import NANOS_PER_SECOND, UnixNanos
from rf_common.errors import DataError, StorageError
from rf_common.ids import InstrumentId
from rf_common.intelligence import AnalystSignal, Direction

_SCHEMA = """
CREATE TABLE IF NOT EXISTS opinion (
    call_id TEXT PRIMARY KEY,
    ts_ns INTEGER NOT NULL,
    instrument_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    direction TEXT NOT NULL,
    confidence REAL NOT NULL,
    void INTEGER NOT NULL,
    cost_usd TEXT NOT NULL,
    px REAL,
    horizon_ns INTEGER NOT NULL,
    record BLOB NOT NULL,
    later_px REAL,
    hit INTEGER,
    closed INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS opinion_ts ON opinion (instrument_id, ts_ns);
CREATE INDEX IF NOT EXISTS opinion_open ON opinion (closed, ts_ns);
"""


class CallRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One call as it happened.

    `request_hash` covers the words that were sent. `notes` are what the checks changed or found.
    """

    call_id: str
    cycle_id: str
    instrument_id: InstrumentId
    ts_event: UnixNanos
    kind: str
    analyst: str
    model: str
    prompt_version: str
    request_hash: str
    question: str
    inputs: Inputs | None
    context: Context
    answer: str
    notes: tuple[str, ...]
    signal: AnalystSignal | None
    px: float | None
    horizon_s: float
    took_ms: int
    cost_usd: Decimal


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """A record and what became of it; `hit` is None while or because it has no score."""

    record: CallRecord
    later_px: float | None
    hit: bool | None
    closed: bool


class ScoredCall(msgspec.Struct, frozen=True, kw_only=True):
    """What a score needs of one opinion."""

    direction: Direction
    confidence: float
    void: bool
    hit: bool | None
    closed: bool
    cost_usd: Decimal


class CallStore:
    """Records in one file; any number of them may share it.

    Parameters
    ----------
    path : Path
        The SQLite file; made with its folder if it is not there.

    Raises
    ------
    StorageError
        If the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._connected() as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(_SCHEMA)

    def add(self, record: CallRecord) -> None:
        """Keep `record`; the same id again is refused."""
        signal = record.signal
        void = signal is None or bool(signal.unavailable) or record.px is None
        direction = Direction.NEUTRAL if signal is None else signal.direction
        row = (
            record.call_id,
            record.ts_event,
            record.instrument_id,
            record.kind,
            direction.value,
            0.0 if signal is None else signal.confidence,
            int(void),
            str(record.cost_usd),
            record.px,
            round(record.horizon_s * NANOS_PER_SECOND),
            msgspec.json.encode(record),
            int(void or direction is Direction.NEUTRAL),
        )
        with self._connected() as db:
            db.execute(
                "INSERT INTO opinion (call_id, ts_ns, instrument_id, kind, direction, confidence, "
                "void, cost_usd, px, horizon_ns, record, closed) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )

    def get(self, call_id: str) -> Outcome:
        """Return one record; ``latest`` is the newest.

        Raises
        ------
        DataError
            If there is none of this id.
        """
        where = "" if call_id == "latest" else "WHERE call_id = ?"
        values = () if call_id == "latest" else (call_id,)
        with self._connected() as db:
            row = db.execute(
                f"SELECT record, later_px, hit, closed FROM opinion {where} "
                "ORDER BY ts_ns DESC, call_id DESC LIMIT 1",
                values,
            ).fetchone()
        if row is None:
            raise DataError(
                f"there is no call {call_id}", code="RF-A-030", fix="rf ai show shows the last ones"
            )
        return _outcome(row)

    def latest(
        self,
        limit: int = 20,
        *,
        instrument_id: str | None = None,
        since: UnixNanos | None = None,
    ) -> tuple[Outcome, ...]:
        """Return the newest records, newest first."""
        where, values = _where(instrument_id, since)
        with self._connected() as db:
            rows = db.execute(
                f"SELECT record, later_px, hit, closed FROM opinion {where} "
                "ORDER BY ts_ns DESC, call_id DESC LIMIT ?",
                (*values, limit),
            ).fetchall()
        return tuple(map(_outcome, rows))

    def scores(
        self,
        limit: int = 5_000,
        *,
        instrument_id: str | None = None,
        since: UnixNanos | None = None,
    ) -> tuple[ScoredCall, ...]:
        """Return what a score card needs of the newest opinions, newest first."""
        where, values = _where(instrument_id, since, "kind = 'analyse'")
        with self._connected() as db:
            rows = db.execute(
                f"SELECT direction, confidence, void, hit, closed, cost_usd FROM opinion {where} "
                "ORDER BY ts_ns DESC, call_id DESC LIMIT ?",
                (*values, limit),
            ).fetchall()
        return tuple(
            ScoredCall(
                direction=Direction(direction),
                confidence=confidence,
                void=bool(void),
                hit=None if hit is None else bool(hit),
                closed=bool(closed),
                cost_usd=Decimal(cost),
            )
            for direction, confidence, void, hit, closed, cost in rows
        )

    def past(self, instrument_id: InstrumentId, limit: int = 8) -> tuple[PastCall, ...]:
        """Return the newest opinions on an instrument, as rows of the next context."""
        with self._connected() as db:
            rows = db.execute(
                "SELECT record, later_px, hit, closed FROM opinion WHERE instrument_id = ? AND "
                "kind = 'analyse' AND direction != 'NEUTRAL' ORDER BY ts_ns DESC LIMIT ?",
                (instrument_id, limit),
            ).fetchall()
        return tuple(call for row in rows if (call := _past_call(_outcome(row))) is not None)

    def settle(
        self, instrument_id: InstrumentId, px: float, ts_event: UnixNanos, *, late: float = 0.1
    ) -> int:
        """Give every opinion whose horizon has passed its outcome; return how many got one.

        Parameters
        ----------
        instrument_id : InstrumentId
            What was priced.
        px : float
            Its price.
        ts_event : UnixNanos
            When it had this price.
        late : float
            How long after the horizon a price still counts, as a share of the horizon, at least
            ten seconds. Opinions that found no price in time stay without a score.
        """
        if not px > 0:
            raise ValueError(f"px = {px}: expected a price above zero")
        with self._connected() as db:
            rows = db.execute(
                "SELECT call_id, ts_ns, horizon_ns, direction, px FROM opinion "
                "WHERE closed = 0 AND instrument_id = ? AND ts_ns + horizon_ns <= ?",
                (instrument_id, ts_event),
            ).fetchall()
            scored = 0
            for call_id, begun, horizon, direction, was in rows:
                grace = max(10 * NANOS_PER_SECOND, int(late * horizon))
                in_time = ts_event <= begun + horizon + grace
                hit = _hit(Direction(direction), was, px)
                db.execute(
                    "UPDATE opinion SET closed = 1, later_px = ?, hit = ? WHERE call_id = ?",
                    (px if in_time else None, hit if in_time else None, call_id),
                )
                scored += int(in_time)
        return scored

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._path, timeout=10.0)) as connection, connection:
                yield connection
        except sqlite3.Error as error:
            raise StorageError(
                f"the record of AI calls cannot be used: {self._path.name}: {error}",
                code="RF-A-031",
            ) from error


def request_hash(prompt: Prompt) -> str:
    """Return the SHA-256 of the words that are sent, hexadecimal."""
    words = "\n".join((prompt.system, prompt.context, prompt.question))
    return hashlib.sha256(words.encode()).hexdigest()


def _where(
    instrument_id: str | None, since: UnixNanos | None, *conditions: str
) -> tuple[str, tuple[str | int, ...]]:
    parts: list[str] = list(conditions)
    values: list[str | int] = []
    if instrument_id is not None:
        parts.append("instrument_id = ?")
        values.append(instrument_id)
    if since is not None:
        parts.append("ts_ns >= ?")
        values.append(since)
    return (f"WHERE {' AND '.join(parts)}" if parts else ""), tuple(values)


def _outcome(row: tuple[bytes, float | None, int | None, int]) -> Outcome:
    record, later_px, hit, closed = row
    return Outcome(
        record=msgspec.json.decode(record, type=CallRecord),
        later_px=later_px,
        hit=None if hit is None else bool(hit),
        closed=bool(closed),
    )


def _past_call(outcome: Outcome) -> PastCall | None:
    record, signal = outcome.record, outcome.record.signal
    if signal is None or signal.unavailable or record.px is None:
        return None
    return PastCall(
        call_id=record.call_id,
        ts_event=record.ts_event,
        direction=signal.direction,
        confidence=signal.confidence,
        px=record.px,
        later_px=outcome.later_px,
        hit=outcome.hit,
    )


def _hit(direction: Direction, px: float, later_px: float) -> bool:
    return direction.sign * (later_px - px) > 0
