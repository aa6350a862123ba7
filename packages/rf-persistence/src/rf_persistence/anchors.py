"""Heads of the chain kept outside the journal's folder, so that a cut tail is seen too.

One line an anchor: time, session, event, number of records, head. Copy the file elsewhere, or
note the head that is printed at a stop, to be safe from someone who can write both places.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from rf_common.clock import UnixNanos, from_iso, to_iso
from rf_common.ids import SessionId

ANCHORS = "anchors.log"
_EVENTS = frozenset({"began", "rotated", "stopped", "removed"})
_FIELDS = 5


class Anchor(msgspec.Struct, frozen=True):
    """The head of a session's chain at one moment."""

    ts: UnixNanos
    session_id: SessionId
    event: str
    """``began``, ``rotated``, ``stopped``, or ``removed`` by retention."""
    records: int
    head: str


def add_anchor(data_dir: Path, anchor: Anchor) -> None:
    """Append one line and wait until it is on disk; OSError when it cannot be."""
    fields = (to_iso(anchor.ts), anchor.session_id, anchor.event, str(anchor.records), anchor.head)
    handle = os.open(data_dir / ANCHORS, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        size = os.fstat(handle).st_size
        is_torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
        line = ("\n" if is_torn else "") + " ".join(fields) + "\n"
        if os.write(handle, line.encode()) != len(line):
            raise OSError(f"{ANCHORS} was written in part only")
        os.fsync(handle)
    finally:
        os.close(handle)


def read_anchors(data_dir: Path) -> tuple[tuple[Anchor, ...], tuple[str, ...]]:
    """Return the anchors in order, and a line for each that cannot be read."""
    try:
        lines = (data_dir / ANCHORS).read_text("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return (), ()
    except OSError as error:
        return (), (f"{ANCHORS}: {error.strerror}",)
    anchors: list[Anchor] = []
    problems: list[str] = []
    for number, line in enumerate(lines, 1):
        anchor = _parse(line)
        if anchor is not None:
            anchors.append(anchor)
        else:
            problems.append(f"{ANCHORS}: line {number} is not an anchor")
    return tuple(anchors), tuple(problems)


def anchor_problem(anchors: Iterable[Anchor], heads: Mapping[int, str], last: int) -> str:
    """Return how a session differs from its anchors, or "".

    Parameters
    ----------
    anchors : iterable of Anchor
        Those of the session.
    heads : mapping
        Heads by record number, as far as they were read.
    last : int
        Number of the last record that could be read.
    """
    for anchor in anchors:
        if anchor.records > last:
            return (
                f"{ANCHORS} has head {anchor.head[:16]}… at record {anchor.records}, "
                f"but the journal ends at record {last}"
            )
        head = heads.get(anchor.records, anchor.head)
        if head != anchor.head:
            return (
                f"record {anchor.records} has head {head[:16]}…, {ANCHORS} has {anchor.head[:16]}…"
            )
    return ""


def _parse(line: str) -> Anchor | None:
    parts = line.split(" ")
    if len(parts) != _FIELDS or parts[2] not in _EVENTS:
        return None
    try:
        return Anchor(from_iso(parts[0]), SessionId(parts[1]), parts[2], int(parts[3]), parts[4])
    except ValueError:
        return None
