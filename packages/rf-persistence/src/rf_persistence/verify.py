"""Is a session what was written? The chain, the sequence, the links and the anchors say so."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import msgspec

from rf_common.ids import SessionId
from rf_persistence.anchors import anchor_problem, read_anchors
from rf_persistence.codec import End, Record
from rf_persistence.errors import DamagedRecord, UnreadableSegment
from rf_persistence.header import SegmentHeader
from rf_persistence.journal import FOLDER
from rf_persistence.reader import Row, records, rows, segments
from rf_persistence.wal import scan_wal


class Status(StrEnum):
    """What a verification found."""

    CLEAN = "clean"
    DAMAGED = "damaged"
    UNREADABLE = "unreadable"

    @property
    def exit_code(self) -> int:
        """0 clean, 1 damaged, 2 unreadable."""
        return list(Status).index(self)


class VerifyReport(msgspec.Struct, frozen=True, kw_only=True):
    """What `verify` found in one session."""

    session_id: SessionId
    status: Status
    segments: int
    records: int
    steps: int
    head: str
    """Hash of the last record that could be read."""
    is_clean_stop: bool
    torn: str
    """The last record, when a crash cut it short."""
    problems: tuple[str, ...]
    """Each names file, record and what is wrong."""
    notes: tuple[str, ...]
    """What is not wrong but worth knowing."""


def verify(session_dir: Path) -> VerifyReport:
    """Check every record of a session and change nothing.

    Parameters
    ----------
    session_dir : Path
        ``<data_dir>/journal/<session>``; anchors and the session before are looked for there.
    """
    return _Verification(session_dir).run()


class _Verification:
    def __init__(self, session_dir: Path) -> None:
        self._dir = session_dir
        self._paths = segments(session_dir) if session_dir.is_dir() else ()
        self._heads: dict[int, str] = {}
        self._number = self._steps = 0
        self._next_seq: int | None = None
        self._before: Path | None = None
        self._end: End | None = None
        self._torn = ""
        self._problems: list[str] = []
        self._notes: list[str] = []

    def run(self) -> VerifyReport:
        if not self._paths:
            self._problems.append(f"{self._dir.name}: there is no segment to read")
        for index, path in enumerate(self._paths, 1):
            if path.stem != f"{index:06d}":
                self._problems.append(f"{self._dir.name}: a segment before {path.name} is missing")
            self._segment(path, is_last=path == self._paths[-1])
        self._check_anchors()
        is_clean_stop = self._end is not None and self._end.is_stop
        if not is_clean_stop:
            self._notes.append("no clean stop: it is still being written, or it crashed")
        return VerifyReport(
            session_id=SessionId(self._dir.name),
            status=self._status(),
            segments=len(self._paths),
            records=len(self._heads),
            steps=self._steps,
            head=self._heads.get(self._number, ""),
            is_clean_stop=is_clean_stop,
            torn=self._torn,
            problems=tuple(self._problems),
            notes=tuple(self._notes),
        )

    def _status(self) -> Status:
        if not self._heads and self._problems:
            return Status.UNREADABLE
        return Status.DAMAGED if self._problems or self._torn else Status.CLEAN

    def _segment(self, path: Path, *, is_last: bool) -> None:
        self._end = None
        try:
            for row, record in records(path):
                self._record(path, row, record)
        except DamagedRecord as error:
            if is_last and error.is_last:
                self._torn = error.message
            else:
                self._problems.append(error.message)
            self._next_seq = None
        except UnreadableSegment as error:
            if is_last and error.is_empty and self._heads:
                self._notes.append(error.message)
            else:
                self._problems.append(error.message)
            self._next_seq = None
        else:
            if not is_last and self._end is None:
                self._wrong(path, self._number, "it should lead to the next segment")
        self._look_at_log(path)
        self._before = path

    def _record(self, path: Path, row: Row, record: Record) -> None:
        if self._end is not None:
            self._wrong(path, row.number, "it follows the last record of its segment")
        if isinstance(record, SegmentHeader):
            self._header(path, row, record)
        elif isinstance(record, End):
            self._end = record
            if record.steps != self._steps and self._next_seq is not None:
                text = f"it tells of {record.steps} steps, {self._steps} are there"
                self._wrong(path, row.number, text)
        else:
            self._steps += len(record)
        self._next_seq = row.last_seq + 1
        self._number = row.number
        self._heads[row.number] = row.hash.hex()

    def _header(self, path: Path, row: Row, header: SegmentHeader) -> None:
        if header.session_id != self._dir.name or f"{header.segment:06d}" != path.stem:
            text = f"it belongs to {header.session_id}/{header.segment:06d}.db"
            self._wrong(path, row.number, text)
        if self._before is None:
            if row.number != 1:
                self._wrong(path, row.number, "it should be record 1")
            self._check_previous_session(path, header)
        elif self._next_seq is not None:
            follows = f"{self._dir.name}/{self._before.name}", self._heads.get(self._number)
            if (header.previous, header.previous_head) != follows:
                self._wrong(path, row.number, f"it does not continue {self._before.name}")
            if (row.number, header.first_seq) != (self._number + 1, self._next_seq):
                self._wrong(path, row.number, "its numbers do not continue the segment before")

    def _check_previous_session(self, path: Path, header: SegmentHeader) -> None:
        if not header.previous:
            return
        before = self._dir.parent / header.previous
        if not before.exists():
            self._notes.append(f"{header.previous}, which it continues, is not there any more")
            return
        try:
            known = any(row.hash.hex() == header.previous_head for row in rows(before))
        except (DamagedRecord, UnreadableSegment) as error:
            self._notes.append(f"the session that it continues: {error.message}")
            return
        if not known:
            text = f"{header.previous} has no record with the head that it continues"
            self._wrong(path, 1, text)

    def _look_at_log(self, path: Path) -> None:
        log = scan_wal(path)
        name = f"{self._dir.name}/{path.name}"
        if log.lost > 1:
            text = f"{log.lost} transactions behind a broken frame of its log are lost"
            self._problems.append(f"{name}: record {self._number + 1}: {text}")
        elif log.lost:
            self._torn = self._torn or f"{name}: record {self._number + 1}: its log is cut short"
        elif log.is_torn:
            self._notes.append(f"{name}: a transaction that was never finished is in its log")

    def _check_anchors(self) -> None:
        anchors, unreadable = read_anchors(_data_dir(self._dir))
        ours = [a for a in anchors if a.session_id == self._dir.name and a.event != "removed"]
        if not ours:
            self._notes.append("no anchor names it: a cut tail would not be seen")
        self._notes += unreadable
        last = max(self._heads, default=0)
        problem = anchor_problem(ours, self._heads, last) if self._heads else ""
        if problem:
            self._problems.append(f"{self._dir.name}: {problem}")
            if self._torn:  # an anchor was written after it, so it was whole once
                self._problems.insert(0, self._torn)
                self._torn = ""

    def _wrong(self, path: Path, number: int, what: str) -> None:
        self._problems.append(DamagedRecord(path, number, what).message)


def _data_dir(session_dir: Path) -> Path:
    folder = session_dir.parent
    return folder.parent if folder.name == FOLDER else folder
