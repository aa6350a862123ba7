"""Recorded Binance frames, played through the very code that reads the live stream.

A recording has one line a frame: the local time of receipt in nanoseconds, a space, and the JSON
as it came; plain or gzip. A REST depth snapshot stands in it as its bare answer and belongs to
the oldest request that the feed has made by then.
"""

from __future__ import annotations

import gzip
import heapq
import io
import re
import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from pathlib import Path

from rf_common.clock import UnixNanos
from rf_common.errors import DataError
from rf_common.events import Payload
from rf_common.ids import InstrumentId
from rf_common.instruments import Instrument
from rf_ingestion.binance.instruments import default_instrument
from rf_ingestion.binance.normalize import BinanceFeed, FeedCounters
from rf_ingestion.config import BinanceConfig

_GZIP = b"\x1f\x8b"
_MAX_LINE = 16 * 1024 * 1024
_MAX_NANOS = 2**64 - 1
_EXPECTED = "expected the time of receipt in nanoseconds, a space and a JSON text"
_SNAPSHOT = re.compile(rb'\s*\{\s*"lastUpdateId"')
_STREAM = re.compile(rb'^[0-9]+ \{"stream":\s*"([a-z0-9]{2,32})@')


def read_frames(path: Path) -> Iterator[tuple[UnixNanos, bytes]]:
    """Yield time of receipt and raw frame of every line.

    Raises
    ------
    DataError
        At the first line that is not a frame, after the last readable line of a file that is cut
        off or corrupt, and when the file cannot be opened.
    """
    for number, line in _lines(path):
        yield _to_frame(line, path, number)


class Recording:
    """One or more recordings, merged by their time of receipt.

    Parameters
    ----------
    paths : iterable of Path
        The files; each has a `BinanceFeed` of its own and normally one symbol.
    instruments : iterable of Instrument, optional
        What to follow; without it, every symbol in the files, on the grids that
        `rf_ingestion.binance.instruments` assumes.

    Attributes
    ----------
    frame_count : int
        Lines played so far.
    counters : tuple of FeedCounters
        What became of the frames, one a file, in the order of `paths`.
    """

    def __init__(
        self, paths: Iterable[Path], instruments: Iterable[Instrument] | None = None
    ) -> None:
        self.paths = tuple(paths)
        self.frame_count = 0
        self.counters: tuple[FeedCounters, ...] = ()
        self._given = None if instruments is None else tuple(instruments)
        self._found: list[tuple[str, ...]] | None = None
        self._total = 0

    def instruments(self) -> tuple[Instrument, ...]:
        """Return the instruments that are followed, in order of appearance, each once."""
        if self._given is not None:
            return self._given
        symbols = dict.fromkeys(symbol for names in self._scan() for symbol in names)
        return tuple(default_instrument(symbol) for symbol in symbols)

    def total_frames(self) -> int:
        """Return the number of lines in all files, to show progress against `frame_count`."""
        self._scan()
        return self._total

    def events(self) -> Iterator[tuple[UnixNanos, Sequence[Payload]]]:
        """Yield the time and the events of every frame that has any, in order of time.

        Time never goes back: where the recorder's clock was stepped back it stands still until
        passed, as our own clock does.

        Raises
        ------
        DataError
            Where a file cannot be read further; what comes before it was yielded.
        """
        self.frame_count = 0
        followed = [self._followed(names) for names in self._scan()]
        feeds = [BinanceFeed(instruments, BinanceConfig()) for instruments in followed]
        self.counters = tuple(feed.counters for feed in feeds)
        plays = map(_play, self.paths, feeds, followed)
        merged = heapq.merge(*plays, key=itemgetter(0)) if len(self.paths) > 1 else next(plays)
        for ts, events in merged:
            self.frame_count += 1
            if events:
                yield ts, events

    def _followed(self, symbols: Iterable[str]) -> tuple[Instrument, ...]:
        if self._given is None:
            return tuple(default_instrument(symbol) for symbol in symbols)
        return tuple(item for item in self._given if item.symbol in symbols)

    def _scan(self) -> list[tuple[str, ...]]:
        """Return the symbols of every file; a cut-off file is complained about when played."""
        if self._found is None:
            self._total = 0
            self._found = [self._symbols(path) for path in self.paths]
        return self._found

    def _symbols(self, path: Path) -> tuple[str, ...]:
        symbols: dict[bytes, None] = {}
        try:
            for _, line in _lines(path):
                self._total += 1
                if match := _STREAM.match(line):
                    symbols[match[1]] = None
        except DataError:
            if not symbols:
                raise
        return tuple(symbol.decode().upper() for symbol in symbols)


def _play(
    path: Path, feed: BinanceFeed, instruments: tuple[Instrument, ...]
) -> Iterator[tuple[UnixNanos, Sequence[Payload]]]:
    only = instruments[0].instrument_id if len(instruments) == 1 else None
    asked: deque[InstrumentId] = deque()
    now = UnixNanos(0)
    for ts, raw in read_frames(path):
        now = max(now, ts)
        wanted = (asked.popleft() if asked else only) if _SNAPSHOT.match(raw) else None
        if wanted is None:
            yield now, feed.on_frame(raw, now)
        else:
            yield now, feed.on_snapshot(wanted, raw, now)
        asked.extend(feed.wants_snapshot())


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield number and bytes of every line; errors of file and compression become ours."""
    number = 0
    try:
        with _open(path) as file:
            while line := file.readline(_MAX_LINE):
                number += 1
                yield number, line
    except (EOFError, OSError, zlib.error) as error:
        raise DataError(
            f"{path.name} after line {number}: the file cannot be read: {error}",
            detail="the lines before it are good",
            fix="copy the file again, or cut it at its last whole line",
        ) from error


def _open(path: Path) -> io.BufferedReader:
    with path.open("rb") as file:
        is_gzip = file.read(len(_GZIP)) == _GZIP
    if not is_gzip:
        return path.open("rb")
    return io.BufferedReader(gzip.GzipFile(path))


def _to_frame(line: bytes, path: Path, number: int) -> tuple[UnixNanos, bytes]:
    stamp, _, raw = line.rstrip(b"\r\n").partition(b" ")
    ts = int(stamp) if stamp.isdigit() and len(stamp) <= 20 else 0
    if not raw or not 0 < ts <= _MAX_NANOS:
        raise DataError(f"{path.name} line {number}: {_EXPECTED}, was {line[:60]!r}")
    return UnixNanos(ts), raw
