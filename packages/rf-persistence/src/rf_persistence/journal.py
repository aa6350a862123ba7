"""The journal as it is written: one writer, one transaction a commit, no second try.

``<data_dir>/journal/<session>/000001.db``, ``000002.db``… are SQLite files in WAL mode with
synchronous=FULL: what `Journal.commit` acknowledged survives a crash and a loss of power.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import get_args

import msgspec

from rf_common.clock import NANOS_PER_MILLI, NANOS_PER_SECOND, UnixNanos
from rf_common.errors import StorageError
from rf_common.events import Commanded, Envelope, OrderEvent, VenueReport
from rf_common.orders import (
    CancelOrder,
    CommandAnswer,
    LimitChanged,
    Output,
    PositionAdopted,
    ReplaceOrder,
    StateChanged,
    StrategyChanged,
    SubmitOrder,
)
from rf_engine import Ledger
from rf_persistence.anchors import Anchor, add_anchor
from rf_persistence.chain import head_of, link
from rf_persistence.codec import End, Step, encode_end, encode_header, encode_steps
from rf_persistence.config import JournalConfig
from rf_persistence.header import SegmentHeader

FOLDER = "journal"
_MEGABYTE = 1_000_000
_CHECKPOINT_BYTES = 4 * _MEGABYTE
_PAGE_BYTES = 4_096
_ROW_BYTES = 64
_DAY_NS = 86_400 * NANOS_PER_SECOND
_SCHEMA = """
CREATE TABLE record (
    number INTEGER PRIMARY KEY,
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    payload BLOB NOT NULL,
    hash BLOB NOT NULL
) STRICT
"""
_INSERT = "INSERT INTO record VALUES (?, ?, ?, ?, ?)"
_DURABLE_FIRST = frozenset(
    {
        SubmitOrder,
        CancelOrder,
        ReplaceOrder,
        StateChanged,
        StrategyChanged,
        PositionAdopted,
        LimitChanged,
        CommandAnswer,
    }
)
_URGENT = frozenset({Commanded, VenueReport, *get_args(OrderEvent)})

Connect = Callable[[Path], sqlite3.Connection]


def connect(path: Path) -> sqlite3.Connection:
    """Open a segment for writing; the caller makes sure that it is used by one at a time."""
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False)


class Journal:
    """One session's journal, open for writing; a `rf_common.ports.Journal`.

    Make one with `Journal.create`. The first failure of the disk is final: every later call
    raises the same `StorageError`, because after a failed fsync nobody knows what is on disk.

    Parameters
    ----------
    data_dir : Path
        Folder that holds ``journal/`` and ``anchors.log``.
    header : SegmentHeader
        The session's first record, from `session_header`.
    config : JournalConfig
        Batching and rotation.
    connect : callable
        Opens a segment's file; tests give one that fails.
    """

    def __init__(
        self,
        data_dir: Path,
        header: SegmentHeader,
        config: JournalConfig,
        connect: Connect = connect,
    ) -> None:
        self.data_dir = data_dir
        self.header = header
        self.folder = data_dir / FOLDER / header.session_id
        self.records = 0
        self.steps = 0
        self.bytes_written = 0
        self.failure = ""
        self._config = config
        self._connect = connect
        self._connection: sqlite3.Connection | None = None
        self._head = head_of(header.previous_head)
        self._pending: list[Step] = []
        self._urgent = False
        self._next_seq = header.first_seq
        self._ts = header.started
        self._segment_bytes = 0
        self._unchecked_bytes = 0

    @classmethod
    def create(
        cls,
        data_dir: Path,
        header: SegmentHeader,
        config: JournalConfig,
        connect: Connect = connect,
    ) -> Journal:
        """Begin a session: make its folder and write its header.

        Raises
        ------
        StorageError
            If the folder cannot be made, the session exists, or the header cannot be written.
        """
        journal = cls(data_dir, header, config, connect)
        try:
            (data_dir / FOLDER).mkdir(mode=0o700, parents=True, exist_ok=True)
            journal.folder.mkdir(mode=0o700)
            _sync_folder(data_dir / FOLDER)
            journal._begin_segment()
            journal._anchor("began")
        except (sqlite3.Error, OSError) as error:
            raise journal._fail(error) from error
        return journal

    @property
    def head(self) -> str:
        """The hash of the last record on disk, hexadecimal."""
        return self._head.hex()

    @property
    def name(self) -> str:
        """The present segment as the next header names it, ``session/file``."""
        return f"{self.header.session_id}/{self.path.name}"

    @property
    def path(self) -> Path:
        """The present segment's file."""
        return self.folder / f"{self.header.segment:06d}.db"

    @property
    def pending(self) -> int:
        """How many steps wait for the next commit."""
        return len(self._pending)

    # --- steps --------------------------------------------------------------------------------

    def append(self, envelope: Envelope, outputs: Sequence[Output]) -> None:
        """Add a step; it is durable after the next `commit`.

        Raises
        ------
        StorageError
            If the journal failed before.
        ValueError
            If the sequence number does not follow the one before.
        """
        if self.failure:
            raise self._failed()
        if envelope.seq != self._next_seq:
            raise ValueError(f"expected sequence number {self._next_seq}, was {envelope.seq}")
        self._next_seq += 1
        self._pending.append((envelope, tuple(outputs)))
        if type(envelope.payload) in _URGENT:
            self._urgent = True

    def commit(self) -> None:
        """Return when everything appended is on disk, as one record in one transaction.

        Raises
        ------
        StorageError
            If the disk refuses, or did before.
        """
        if self.failure:
            raise self._failed()
        if not self._pending:
            return
        first, last = self._pending[0][0], self._pending[-1][0]
        try:
            self._write(first.seq, last.seq, encode_steps(self._pending))
            self._checkpoint_when_due()
        except (sqlite3.Error, OSError, TypeError, ValueError, OverflowError) as error:
            raise self._fail(error) from error
        self.steps += len(self._pending)
        self._ts = last.ts_init
        self._pending = []
        self._urgent = False

    def needs_commit(self, outputs: Iterable[Output]) -> bool:
        """Return whether these outputs may leave only after a commit."""
        return any(type(output) in _DURABLE_FIRST for output in outputs)

    def is_due(self, now: UnixNanos) -> bool:
        """Return whether what was appended has waited long enough; `now` is the stamping clock's.

        Answers of the venue and commands do not wait at all, market data for `flush_ms` or
        `flush_records`.
        """
        pending = self._pending
        if not pending:
            return False
        if self._urgent or len(pending) >= self._config.flush_records:
            return True
        return now - pending[0][0].ts_init >= self._config.flush_ms * NANOS_PER_MILLI

    # --- segments -----------------------------------------------------------------------------

    @property
    def rotation_due(self) -> bool:
        """Whether the present segment is as large as segments may become."""
        return self._segment_bytes >= self._config.segment_mb * _MEGABYTE

    def rotate(self, ledger: Ledger) -> None:
        """Go on in a new segment.

        Parameters
        ----------
        ledger : Ledger
            The engine's ledger after the last step that was appended.

        Raises
        ------
        StorageError
            If the disk refuses, or did before.
        """
        self.commit()
        try:
            self._end(End(False, self._ts, self.steps))
            self._anchor("rotated")
            self._close_file()
            self.header = msgspec.structs.replace(
                self.header,
                segment=self.header.segment + 1,
                first_seq=self._next_seq,
                ledger=ledger,
                previous=self.name,
                previous_head=self.head,
            )
            self._begin_segment()
        except (sqlite3.Error, OSError) as error:
            raise self._fail(error) from error

    def close(self, clean: bool, state_hash: str = "") -> None:
        """Close the file; at a clean stop write what is pending, a last record and an anchor.

        Raises
        ------
        StorageError
            If the disk refuses the last record; a journal that failed before closes silently.
        """
        if self._connection is None:
            return
        if not clean or self.failure:
            self._connection.close()
            self._connection = None
            return
        self.commit()
        try:
            self._end(End(True, self._ts, self.steps, state_hash))
            self._anchor("stopped")
            self._close_file()
        except (sqlite3.Error, OSError) as error:
            raise self._fail(error) from error

    def bytes_per_day(self, now: UnixNanos) -> float:
        """Return how many bytes a day are written at the session's rate so far."""
        elapsed = now - self.header.started
        return self.bytes_written / elapsed * _DAY_NS if elapsed > 0 else 0.0

    # --- disk ---------------------------------------------------------------------------------

    def _begin_segment(self) -> None:
        os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        self._connection = connection = self._connect(self.path)
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise OSError(f"this file system has no write-ahead log, only {mode!r}")
        connection.execute("PRAGMA synchronous = FULL")
        # SQLite swallows errors of its automatic checkpoints; ours are asked for and seen.
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        self._segment_bytes = self._unchecked_bytes = 0
        first = self.header.first_seq
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(_SCHEMA)
        self._write(first, first - 1, encode_header(self.header), commit=True)
        _sync_folder(self.folder)

    def _write(self, first: int, last: int, record: bytes, *, commit: bool = False) -> None:
        if self._connection is None:
            raise OSError("it is closed")
        number = self.records + 1
        head = link(self._head, number, first, last, record)
        self._connection.execute(_INSERT, (number, first, last, record, head))
        if commit:
            self._connection.execute("COMMIT")
        self.records, self._head = number, head
        size = len(record) + _ROW_BYTES
        self.bytes_written += size
        self._segment_bytes += size
        self._unchecked_bytes += size + 2 * _PAGE_BYTES  # a short record fills whole pages

    def _checkpoint_when_due(self) -> None:
        if self._unchecked_bytes >= _CHECKPOINT_BYTES and self._connection is not None:
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            self._unchecked_bytes = 0

    def _end(self, end: End) -> None:
        self._write(self._next_seq, self._next_seq - 1, encode_end(end))

    def _close_file(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            connection.close()

    def _anchor(self, event: str) -> None:
        anchor = Anchor(self._ts, self.header.session_id, event, self.records, self.head)
        add_anchor(self.data_dir, anchor)

    def _fail(self, error: Exception) -> StorageError:
        self.failure = f"{type(error).__name__}: {error}"
        return self._failed()

    def _failed(self) -> StorageError:
        return StorageError(
            f"journal {self.folder.name} cannot be written: {self.failure}",
            detail="what was committed before is safe; nothing is written any more in this run",
            fix="make room or repair the disk, then start again",
        )


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
