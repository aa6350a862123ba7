"""Sessions as they are read: every record checked against the chain, nothing ever changed."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

import msgspec

from rf_common.ids import SessionId
from rf_persistence.chain import head_of, link
from rf_persistence.codec import End, Record, Step, decode
from rf_persistence.errors import DamagedRecord, UnreadableSegment
from rf_persistence.header import SegmentHeader, is_session_id
from rf_persistence.journal import FOLDER

_SELECT = "SELECT number, first_seq, last_seq, payload, hash FROM record ORDER BY number"


class Row(msgspec.Struct, frozen=True):
    """One record as it lies on disk, its hash checked."""

    number: int
    first_seq: int
    last_seq: int
    payload: bytes
    hash: bytes


def sessions(data_dir: Path) -> tuple[Path, ...]:
    """Return the folders of all sessions, oldest first."""
    folder = data_dir / FOLDER
    if not folder.is_dir():
        return ()
    return tuple(sorted(p for p in folder.iterdir() if p.is_dir() and is_session_id(p.name)))


def segments(session_dir: Path) -> tuple[Path, ...]:
    """Return the segment files of a session, oldest first."""
    return tuple(sorted(session_dir.glob("[0-9][0-9][0-9][0-9][0-9][0-9].db")))


def rows(path: Path) -> Iterator[Row]:
    """Yield the records of one segment, checked against the chain that its header begins.

    Raises
    ------
    DamagedRecord
        At the first record that is not what was written.
    UnreadableSegment
        If the file cannot be opened, or nothing was committed to it.
    """
    number = 0
    head: bytes | None = None
    try:
        with _open(path) as connection:
            for found in connection.execute(_SELECT):
                head = _check(path, found, number, head)
                number = found[0]
                yield Row(*found)
    except (sqlite3.Error, OSError) as error:
        if number == 0:
            raise _unreadable(path, error) from error
        raise _damaged(path, number + 1, str(error)) from error
    if number == 0:
        raise UnreadableSegment(path, "nothing was ever written to it", is_empty=True)


def records(path: Path) -> Iterator[tuple[Row, Record]]:
    """Yield the records of one segment with what they hold; the first is a `SegmentHeader`.

    Raises
    ------
    DamagedRecord, UnreadableSegment
        As `rows`, and when a record cannot be decoded or stands where it does not belong.
    """
    expected_seq: int | None = None
    for row in rows(path):
        try:
            record = decode(row.payload)
        except ValueError as error:
            raise _damaged(path, row.number, str(error)) from error
        what = _misplaced(row, record, expected_seq)
        if what:
            raise _damaged(path, row.number, what)
        expected_seq = row.last_seq + 1
        yield row, record


def read_header(path: Path) -> SegmentHeader:
    """Return the first record of a segment; raises as `records`."""
    for _, record in records(path):
        if isinstance(record, SegmentHeader):
            return record
        break
    raise UnreadableSegment(path, "its first record is no header")


class SessionReader:
    """One session, read in order.

    Parameters
    ----------
    path : Path
        The session's folder, one of `sessions`.

    Raises
    ------
    DamagedRecord, UnreadableSegment
        If the header of its first segment cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.session_id = SessionId(path.name)
        self.segments = segments(path)
        if not self.segments:
            raise UnreadableSegment(path / "000001.db", "it is not there", is_empty=True)
        self.header = read_header(self.segments[0])

    def __iter__(self) -> Iterator[tuple[int, list[Step]]]:
        """Yield the number of each record of steps, and the steps; raises as `records`."""
        for path in self.segments:
            for row, record in records(path):
                if isinstance(record, list):
                    yield row.number, record

    def steps(self) -> Iterator[Step]:
        """Yield every step; raises as `records`."""
        for _, batch in self:
            yield from batch

    @property
    def end(self) -> End | None:
        """The last record of a clean stop; None while the session runs or when it crashed."""
        found: End | None = None
        for row in rows(self.segments[-1]):
            if row.payload[:1].upper() == b"E":
                record = decode(row.payload)
                found = record if isinstance(record, End) and record.is_stop else None
        return found


@contextmanager
def _open(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a segment for reading; neither the file nor its log is changed by it.

    Without a log the file is all there is, and SQLite needs nothing beside it. With a log it
    needs its index of the log, which a running writer shares and which is made again after a
    crash; where it cannot be made, in a folder that is read-only, a copy is read.
    """
    try:
        if not _has_log(path):
            if path.stat().st_size == 0:
                raise UnreadableSegment(path, "nothing was ever written to it", is_empty=True)
            connection = _connect(path, "mode=ro&immutable=1")
        else:
            connection = _connect(path, "mode=ro")
    except sqlite3.OperationalError:
        with TemporaryDirectory() as folder:
            copy = Path(folder) / path.name
            for suffix in ("", "-wal"):
                shutil.copyfile(f"{path}{suffix}", f"{copy}{suffix}")
            with closing(_connect(copy, "mode=rw")) as connection:
                yield connection
        return
    with closing(connection):
        yield connection


def _has_log(path: Path) -> bool:
    wal = path.with_name(path.name + "-wal")
    return wal.exists() and wal.stat().st_size > 0


def _connect(path: Path, options: str) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{quote(str(path))}?{options}", uri=True)
    try:
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _unreadable(path: Path, error: Exception) -> UnreadableSegment:
    return UnreadableSegment(path, str(error), is_empty="no such table" in str(error))


def _check(path: Path, found: tuple[object, ...], before: int, head: bytes | None) -> bytes:
    """Return the new head, or raise when the row does not continue the chain."""
    number, first, last, payload, digest = found
    if not (isinstance(number, int) and isinstance(first, int) and isinstance(last, int)):
        raise _damaged(path, before + 1, "its numbers are not numbers")
    if before and number != before + 1:
        raise _damaged(path, before + 1, f"it is missing; record {number} follows")
    if not isinstance(payload, bytes) or not isinstance(digest, bytes):
        raise _damaged(path, number, "its bytes are not bytes")
    try:
        start = _start_of(payload) if head is None else head
        told = link(start, number, first, last, payload)
    except (ValueError, OverflowError, ArithmeticError) as error:
        raise _damaged(path, number, str(error)) from error
    if told != digest:
        raise _damaged(path, number, _difference(told, digest, len(payload)))
    return told


def _start_of(payload: bytes) -> bytes:
    header = decode(payload)
    if not isinstance(header, SegmentHeader):
        raise ValueError("it should be the header")
    return head_of(header.previous_head)


def _difference(told: bytes, digest: bytes, size: int) -> str:
    return f"the hash of its {size} bytes is {told.hex()[:16]}…, recorded is {digest.hex()[:16]}…"


def _misplaced(row: Row, record: Record, expected_seq: int | None) -> str:
    if isinstance(record, SegmentHeader) != (expected_seq is None):
        return "a header stands only at the beginning"
    if expected_seq is not None and row.first_seq != expected_seq:
        return f"expected sequence number {expected_seq}, was {row.first_seq}"
    if isinstance(record, list):
        numbers = [envelope.seq for envelope, _ in record]
        if numbers != list(range(row.first_seq, row.last_seq + 1)):
            return f"its sequence numbers are not {row.first_seq} to {row.last_seq}"
    return ""


def _damaged(path: Path, number: int, what: str) -> DamagedRecord:
    return DamagedRecord(path, number, what, is_last=_is_last(path, number))


def _is_last(path: Path, number: int) -> bool:
    """Whether no record follows; not when that cannot be known."""
    try:
        with _open(path) as connection:
            found = connection.execute("SELECT max(number) FROM record").fetchone()[0]
    except (sqlite3.Error, OSError, UnreadableSegment):
        return False
    return isinstance(found, int) and found <= number
