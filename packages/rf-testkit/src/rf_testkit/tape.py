"""Recordings of the Binance combined stream, in memory, merged by time.

A recording is a gzip file with one line a frame: local receive time in nanoseconds, one space,
the JSON text as the venue sent it. One line may be a REST depth snapshot, which names no stream.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from rf_common.errors import DataError

DEPTH = "depth"
SNAPSHOT = "snapshot"


class Frame(NamedTuple):
    """One line of a recording; `stream` is blank and `kind` is "snapshot" for the REST line.

    `kind` is the stream's name up to its interval: "depth", "bookTicker", "trade", …
    """

    ts_ns: int
    symbol: str
    kind: str
    stream: str
    data: bytes


class _Line(msgspec.Struct):
    stream: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"")
    lastUpdateId: int | None = None  # noqa: N815 - the venue's name


class Tape:
    """Frames in order of time, and which symbols they are about.

    Parameters
    ----------
    frames : sequence of Frame
        Sorted by time; each symbol with depth frames has exactly one snapshot.

    Raises
    ------
    DataError
        If a symbol has no snapshot or more than one.
    """

    def __init__(self, frames: Sequence[Frame]) -> None:
        self.frames = tuple(frames)
        self.symbols = tuple(dict.fromkeys(frame.symbol for frame in frames))
        self.snapshots = {f.symbol: f.data for f in frames if f.kind == SNAPSHOT}
        count = sum(frame.kind == SNAPSHOT for frame in frames)
        if count != len(self.symbols) or len(self.snapshots) != len(self.symbols):
            raise DataError(
                f"expected one depth snapshot for each of {list(self.symbols)}, "
                f"was {count} for {sorted(self.snapshots)}"
            )

    def __len__(self) -> int:
        return len(self.frames)


def parse_lines(lines: Iterable[bytes], name: str = "tape") -> list[Frame]:
    """Return the frames of one recording, which must be about one symbol.

    Raises
    ------
    DataError
        Naming the line, if it is not a frame, or if there are several symbols.
    """
    frames = [_frame(line, f"{name}:{number}") for number, line in enumerate(lines, 1)]
    symbols = {frame.symbol for frame in frames if frame.symbol}
    if len(symbols) != 1:
        raise DataError(f"expected one symbol in {name}, was {sorted(symbols)}")
    return [frame._replace(symbol=next(iter(symbols))) for frame in frames]


def read_tape(*paths: Path) -> Tape:
    """Return the recordings at `paths` merged by local receive time."""
    recordings = []
    for path in paths:
        with gzip.open(path) as lines:
            recordings.append(parse_lines(lines, path.name))
    return merge(*recordings)


def merge(*recordings: Sequence[Frame]) -> Tape:
    """Return one tape of several recordings; at equal times the earlier argument is first."""
    return Tape(sorted((f for frames in recordings for f in frames), key=lambda f: f.ts_ns))


def write_tape(path: Path, lines: Iterable[bytes]) -> None:
    """Write `lines` as a recording, the same bytes for the same lines."""
    path.write_bytes(gzip.compress(b"\n".join(lines) + b"\n", mtime=0))


def _frame(line: bytes, where: str) -> Frame:
    stamp, _, text = line.rstrip().partition(b" ")
    try:
        ts_ns, wire = int(stamp), msgspec.json.decode(text, type=_Line)
    except ValueError as error:  # msgspec's errors are ValueErrors
        raise DataError(f"expected nanoseconds, a space and JSON in {where}: {error}") from error
    if wire.stream is not None and bytes(wire.data):
        symbol, _, rest = wire.stream.partition("@")
        kind = rest.partition("@")[0]
        return Frame(ts_ns, symbol.upper(), kind, wire.stream, bytes(wire.data))
    if wire.lastUpdateId is None:
        raise DataError(f"expected a stream or a depth snapshot in {where}, was {text[:80]!r}")
    return Frame(ts_ns, "", SNAPSHOT, "", text)
