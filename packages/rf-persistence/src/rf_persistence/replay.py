"""A session fed to a fresh engine: the same steps must give the same outputs and hashes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from rf_common.errors import DataError
from rf_common.ids import SessionId, StrategyId
from rf_common.orders import Output, Refusal, SignalRaised, SubmitOrder
from rf_common.ports import Strategy
from rf_engine import Engine
from rf_persistence.codec import Step, encode_outputs
from rf_persistence.header import SegmentHeader
from rf_persistence.reader import SessionReader

Factory = Callable[[StrategyId, Mapping[str, Any]], Strategy]
"""Builds a strategy, as the entry points of ``rf.strategies`` do."""

_PROGRESS_EVERY = 10_000


class Difference(msgspec.Struct, frozen=True):
    """Where a replay first gave something else than was recorded."""

    seq: int
    kind: str
    """Kind of the input, such as ``Quote``."""
    recorded: str
    replayed: str


class ReplayReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay did and whether it was the same as what was recorded."""

    session_id: SessionId
    steps: int
    last_seq: int
    orders: int
    fills: int
    refusals: int
    signals: int
    state_hash: str
    recorded_state_hash: str
    """From the clean stop's record; empty without one, or when the replay ended earlier."""
    difference: Difference | None
    damaged: str
    """Where the journal could not be read any further."""

    @property
    def is_equal(self) -> bool:
        """Whether nothing differed, as far as it could be compared, and all could be read."""
        hashes = {self.state_hash, self.recorded_state_hash or self.state_hash}
        return self.difference is None and not self.damaged and len(hashes) == 1


def replay(
    session_dir: Path,
    factories: Mapping[str, Factory],
    *,
    until_seq: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> ReplayReport:
    """Feed a session to a fresh engine and compare every step's outputs.

    Parameters
    ----------
    session_dir : Path
        The session's folder.
    factories : mapping
        Strategy factories by name, as they were when it was recorded.
    until_seq : int, optional
        The last step to replay.
    progress : callable, optional
        Is told every so often how many steps were replayed.

    Raises
    ------
    DataError
        If the session's header cannot be read, or its strategies cannot be built.
    """
    reader = SessionReader(session_dir)
    engine = _engine_of(reader.header, factories)
    run = _Run(engine, until_seq)
    damaged = ""
    try:
        run.follow(reader.steps(), progress)
        end = reader.end if run.is_complete else None
    except DataError as error:
        damaged, end = error.message, None
    return ReplayReport(
        session_id=reader.session_id,
        steps=run.steps,
        last_seq=run.last_seq,
        orders=run.counts[SubmitOrder],
        fills=engine.state.fills - run.fills_before,
        refusals=run.counts[Refusal],
        signals=run.counts[SignalRaised],
        state_hash=engine.state.state_hash(),
        recorded_state_hash=end.state_hash if end is not None else "",
        difference=run.difference,
        damaged=damaged,
    )


class _Run:
    def __init__(self, engine: Engine, until_seq: int | None) -> None:
        self._engine = engine
        self._until = until_seq
        self.steps = self.last_seq = 0
        self.fills_before = engine.state.fills
        self.counts: Counter[type] = Counter()
        self.difference: Difference | None = None
        self.is_complete = True

    def follow(self, steps: Iterator[Step], progress: Callable[[int], None] | None) -> None:
        for envelope, recorded in steps:
            if self._until is not None and envelope.seq > self._until:
                self.is_complete = False
                return
            outputs = self._engine.process(envelope)
            self.steps += 1
            self.last_seq = envelope.seq
            if outputs or recorded:
                self.counts.update(map(type, outputs))
                if self.difference is None and not _same(outputs, recorded):
                    kind = type(envelope.payload).__name__
                    told = _first_difference(recorded, outputs)
                    self.difference = Difference(envelope.seq, kind, *told)
            if progress is not None and self.steps % _PROGRESS_EVERY == 0:
                progress(self.steps)


def _engine_of(header: SegmentHeader, factories: Mapping[str, Factory]) -> Engine:
    try:
        return Engine(header.config, header.nonce, header.instruments, factories, header.ledger)
    except (ValueError, TypeError) as error:
        raise DataError(
            f"session {header.session_id} cannot be replayed: {error}",
            fix="install the strategies it was recorded with",
        ) from error


def _same(outputs: Sequence[Output], recorded: Sequence[Output]) -> bool:
    # By their bytes: 1.0 and 1.00 are equal numbers, but not the same decision to the digit.
    return encode_outputs(outputs) == encode_outputs(recorded)


def _first_difference(recorded: Sequence[Output], outputs: Sequence[Output]) -> tuple[str, str]:
    for index in range(max(len(recorded), len(outputs))):
        ours, theirs = recorded[index : index + 1], outputs[index : index + 1]
        if not _same(ours, theirs):
            return _text(ours), _text(theirs)
    return "", ""


def _text(outputs: Sequence[Output]) -> str:
    return str(outputs[0]) if outputs else "nothing"
