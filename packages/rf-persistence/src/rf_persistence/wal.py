"""What a crash left in SQLite's write-ahead log, seen without SQLite.

SQLite reads the log up to the first frame that is not right and says nothing about the rest.
For a journal the difference matters: a last transaction that was cut short is a crash, whole
transactions behind a broken one are damage. The layout is SQLite's documented one: a header of
32 bytes, then frames of 24 bytes and a page, each with the running checksum of all before it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import msgspec

_HEADER = struct.Struct(">8I")
_FRAME = struct.Struct(">6I")
_MAGIC = 0x377F0682
_MASK = 0xFFFFFFFF


class WalScan(msgspec.Struct, frozen=True):
    """Transactions of one log that SQLite reads, and what lies behind them."""

    read: int = 0
    is_torn: bool = False
    """An unfinished transaction follows."""
    lost: int = 0
    """Whole transactions that follow a frame which is not right."""


def scan_wal(segment: Path) -> WalScan:
    """Return what the write-ahead log of `segment` holds; nothing when there is no log."""
    try:
        log = segment.with_name(segment.name + "-wal").read_bytes()
    except FileNotFoundError:
        return WalScan()
    if len(log) < _HEADER.size:
        return WalScan(is_torn=bool(log))
    magic, _, page, _, salt1, salt2, _, _ = _HEADER.unpack_from(log)
    order = ">" if magic & 1 else "<"
    if magic & ~1 != _MAGIC or not 512 <= page <= 65_536:
        return WalScan(is_torn=True)
    sums = _checksum(log[:24], (0, 0), order)
    right = sums == _HEADER.unpack_from(log)[6:]
    read = lost = unfinished = 0
    for frame, body in _frames(log, page):
        if frame[2:4] != (salt1, salt2):
            right = False  # what an earlier round of the log left behind; SQLite stops here
            continue
        if right:
            sums = _checksum(body, sums, order)
            right = sums == frame[4:]
        commits = frame[1] != 0
        unfinished = 0 if right and commits else unfinished + 1
        read += commits and right
        lost += commits and not right
    cut = (len(log) - _HEADER.size) % (_FRAME.size + page) != 0
    return WalScan(read, unfinished > 0 or cut, lost)


def _frames(log: bytes, page: int) -> Iterator[tuple[tuple[int, ...], bytes]]:
    """Yield each whole frame's header and the bytes that its checksum covers."""
    size = _FRAME.size + page
    for at in range(_HEADER.size, len(log) - size + 1, size):
        frame = _FRAME.unpack_from(log, at)
        yield frame, log[at : at + 8] + log[at + _FRAME.size : at + size]


def _checksum(body: bytes, start: tuple[int, ...], order: str) -> tuple[int, ...]:
    first, second = start
    words = struct.unpack(f"{order}{len(body) // 4}I", body)
    for index in range(0, len(words), 2):
        first = (first + words[index] + second) & _MASK
        second = (second + words[index + 1] + first) & _MASK
    return first, second
