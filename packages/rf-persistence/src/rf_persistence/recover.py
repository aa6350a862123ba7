"""From the journal back to the ledger: the last durable step is where the next session begins.

Steps are applied and their outputs committed to an `EngineState`; nothing is decided again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from rf_common.events import BookDelta, BookSnapshot, Trade
from rf_common.ids import SessionId
from rf_engine import EngineState, Ledger
from rf_persistence.anchors import ANCHORS, Anchor, anchor_problem, read_anchors
from rf_persistence.codec import End, Step
from rf_persistence.errors import DamagedRecord, UnreadableSegment
from rf_persistence.header import SegmentHeader, nonce_of
from rf_persistence.reader import records, segments, sessions
from rf_persistence.wal import scan_wal

_NOT_IN_THE_LEDGER = frozenset({Trade, BookDelta, BookSnapshot})


class Recovered(msgspec.Struct, frozen=True, kw_only=True):
    """What the next session begins with, and what was found on the way."""

    ledger: Ledger | None = None
    """State after the last durable step; None when there is no earlier session."""
    header: SegmentHeader | None = None
    """Header of the segment that the ledger was read from."""
    session_id: SessionId | None = None
    previous: str = ""
    """That segment, ``session/file``, for the next header."""
    previous_head: str = ""
    """Its last hash, for the next header."""
    next_seq: int = 1
    next_order: int = 1
    steps: int = 0
    """Steps that were applied."""
    nonces: frozenset[str] = frozenset()
    """Nonces of all sessions known; a new session needs another one."""
    is_clean: bool = True
    """Whether the last session wrote its last record."""
    torn: str = ""
    """The record that was cut short by a crash and left out."""
    damaged: str = ""
    """What is wrong with the journal: do not trade before a person has looked."""
    report: tuple[str, ...] = ()


class _NoFeatures:
    """Stands for the features of an instrument while nothing is decided."""

    mid_px = None
    vol = None
    samples = 0


def recover(data_dir: Path) -> Recovered:
    """Return the ledger as it was after the last durable step of the newest session.

    Never raises for what it finds: a record that a crash cut short is left out and told in
    `torn`; anything else that is wrong is told in `damaged`, with the best ledger there is.

    Parameters
    ----------
    data_dir : Path
        Folder that holds ``journal/`` and ``anchors.log``.
    """
    found = sessions(data_dir)
    anchors, problems = read_anchors(data_dir)
    nonces = {nonce_of(path.name) for path in found} | {nonce_of(a.session_id) for a in anchors}
    findings = _Findings()
    fold = _newest_fold(found, findings)
    findings.report += problems
    findings.damaged += _lost_session(anchors, fold)
    if fold is None or fold.header is None or fold.state is None:
        return Recovered(nonces=frozenset(nonces), **findings.told())
    findings.look(fold, anchors)
    return Recovered(
        ledger=fold.state.ledger(),
        header=fold.header,
        session_id=fold.header.session_id,
        previous=_name(fold.path),
        previous_head=fold.head,
        next_seq=fold.last_seq + 1,
        next_order=fold.state.next_order,
        steps=fold.steps,
        nonces=frozenset(nonces),
        is_clean=fold.end is not None and fold.end.is_stop,
        **findings.told(),
    )


class _Fold:
    """One segment, folded as far as it can be read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.header: SegmentHeader | None = None
        self.state: EngineState | None = None
        self.end: End | None = None
        self.number = self.last_seq = self.steps = 0
        self.head = ""
        self.heads: dict[int, str] = {}
        self.error: DamagedRecord | UnreadableSegment | None = None
        try:
            self._read()
        except (DamagedRecord, UnreadableSegment) as error:
            self.error = error

    def _read(self) -> None:
        for row, record in records(self.path):
            if isinstance(record, SegmentHeader):
                self.header = record
                self.state = EngineState(
                    record.config, record.instruments, lambda _: _NoFeatures(), record.ledger
                )
            elif isinstance(record, End):
                self.end = record
            elif self.state is not None:
                self._apply(self.state, row.number, record)
            self.number, self.last_seq = row.number, row.last_seq
            self.head = self.heads[row.number] = row.hash.hex()

    def _apply(self, state: EngineState, number: int, steps: Iterable[Step]) -> None:
        for envelope, outputs in steps:
            try:
                if type(envelope.payload) in _NOT_IN_THE_LEDGER:
                    state.now = envelope.ts_init
                else:
                    state.apply(envelope)
                for output in outputs:
                    state.commit(output)
            except (ValueError, KeyError, TypeError, ArithmeticError) as error:
                what = f"step {envelope.seq} cannot be applied: {error!r}"
                raise DamagedRecord(self.path, number, what) from error
            self.steps += 1


class _Findings:
    """What is wrong, sorted into torn and damaged, and what a person is told."""

    def __init__(self) -> None:
        self.damaged: list[str] = []
        self.torn = ""
        self.report: list[str] = []

    def look(self, fold: _Fold, anchors: Iterable[Anchor]) -> None:
        """Take what a fold, its write-ahead log and the anchors tell."""
        name = _name(fold.path)
        self.report.append(f"{name}: {fold.steps:,} steps applied up to record {fold.number}")
        ours = [a for a in anchors if a.session_id == fold.path.parent.name]
        cut = anchor_problem(ours, fold.heads, fold.number)
        if cut:
            self.damaged.append(f"{name}: {cut}")
        if isinstance(fold.error, DamagedRecord) and fold.error.is_last and not cut:
            self.torn = fold.error.message
        elif fold.error is not None:
            self.damaged.append(fold.error.message)
        log = scan_wal(fold.path)
        if log.lost > 1:  # one alone is a last write that a loss of power cut short
            text = f"{log.lost} transactions follow a broken frame of the write-ahead log"
            self.damaged.append(f"{name}: after record {fold.number}: {text}")
        elif (log.is_torn or log.lost) and not self.torn:
            self.torn = f"{name}: the transaction after record {fold.number} was cut short"
        if fold.end is None:
            self.report.append(f"{name}: it ended without a clean stop")

    def no_header(self, path: Path, error: UnreadableSegment | DamagedRecord | None) -> None:
        """Take a segment of which nothing can be used."""
        if isinstance(error, UnreadableSegment) and error.is_empty:
            self.report.append(f"{_name(path)}: it was begun, and nothing was written to it")
        else:
            self.damaged.append(error.message if error is not None else f"{_name(path)}: no header")

    def told(self) -> dict[str, Any]:
        """Return the fields of `Recovered`."""
        lines = [*self.report, *filter(None, [self.torn]), *self.damaged]
        return {"torn": self.torn, "damaged": "; ".join(self.damaged), "report": tuple(lines)}


def _newest_fold(found: Sequence[Path], findings: _Findings) -> _Fold | None:
    for session in reversed(found):
        for path in reversed(segments(session)):
            fold = _Fold(path)
            if fold.state is not None:
                return fold
            findings.no_header(path, fold.error)
    return None


def _lost_session(anchors: Sequence[Anchor], fold: _Fold | None) -> list[str]:
    """Return what is wrong when a newer session than the one found was begun for certain."""
    begun = max((a.session_id for a in anchors if a.event != "removed"), default="")
    if begun <= (fold.path.parent.name if fold is not None else ""):
        return []
    return [f"session {begun}, which {ANCHORS} names, is not there or cannot be read"]


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"
