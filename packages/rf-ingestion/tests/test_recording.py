"""The real recordings through the shipped code, and files that are damaged."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rf_common import (
    BookDelta,
    BookSnapshot,
    DataError,
    FeedGap,
    InstrumentId,
    Quote,
)
from rf_common.events import Payload
from rf_ingestion.binance.instruments import default_instrument
from rf_ingestion.recording import Recording, read_frames

TICKER = (
    b'{"stream":"btcusdt@bookTicker","data":{"u":%d,"s":"BTCUSDT",'
    b'"b":"61837.63","B":"3.5","a":"61837.64","A":"1.5"}}'
)
DEPTH = (
    b'{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161255208,'
    b'"s":"BTCUSDT","U":%d,"u":%d,"b":[["61837.63","2"]],"a":[]}}'
)
SNAPSHOT = b'{"lastUpdateId":%d,"bids":[["61837.63","1"]],"asks":[["61837.64","1"]]}'


def write(path: Path, *frames: bytes, start: int = 1) -> Path:
    text = b"".join(b"%d %s\n" % (start + i, frame) for i, frame in enumerate(frames))
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


class Book:
    """The dullest possible book: two dictionaries, best prices by search."""

    def __init__(self, snapshot: BookSnapshot) -> None:
        self.bids, self.asks = dict(snapshot.bids), dict(snapshot.asks)

    def apply(self, delta: BookDelta) -> None:
        for side, levels in ((self.bids, delta.bids), (self.asks, delta.asks)):
            for px, qty in levels:
                side[px] = qty
                if qty == 0:
                    del side[px]

    def best(self) -> tuple[float, float, float, float]:
        bid, ask = max(self.bids), min(self.asks)
        return bid, self.bids[bid], ask, self.asks[ask]


def compare(events: Iterator[Payload], wanted: InstrumentId) -> tuple[int, int, int]:
    """Return comparisons, differences and gaps of one instrument's book against its quotes."""
    quotes: list[Quote] = []
    deltas: list[tuple[int, tuple[float, float, float, float]]] = []
    book: Book | None = None
    gaps = last_id = 0
    for event in events:
        if isinstance(event, FeedGap):
            gaps += 1
        elif isinstance(event, Quote) and event.instrument_id == wanted:
            quotes.append(event)
        elif isinstance(event, BookSnapshot) and event.instrument_id == wanted:
            book, last_id = Book(event), event.last_id
        elif isinstance(event, BookDelta) and event.instrument_id == wanted:
            assert book is not None
            assert event.first_id == last_id + 1
            last_id = event.last_id
            book.apply(event)
            deltas.append((last_id, book.best()))
    differences = at = 0
    for last_id, best in deltas:
        while at + 1 < len(quotes) and quotes[at + 1].update_id <= last_id:
            at += 1
        quote = quotes[at]
        differences += best != (quote.bid_px, quote.bid_qty, quote.ask_px, quote.ask_qty)
    return len(deltas), differences, gaps


@pytest.mark.parametrize(
    ("name", "symbol", "frames", "waited", "live"),
    [
        ("btcusdt", "BTCUSDT", 41_249, 1, 3_448),
        ("ethusdt", "ETHUSDT", 33_618, 0, 3_432),
    ],
)
def test_every_book_of_a_recording_agrees_with_its_quotes(
    shared: Callable[[str], Path], name: str, symbol: str, frames: int, waited: int, live: int
) -> None:
    recording = Recording([shared(f"data/binance/{name}_spot_20240808.gz")])
    [instrument] = recording.instruments()
    events = (event for _, batch in recording.events() for event in batch)
    compared, differences, gaps = compare(events, instrument.instrument_id)
    assert instrument == default_instrument(symbol)
    # `waited` differences stood in the buffer when the snapshot came, the others came later.
    assert (compared, differences, gaps) == (waited + live, 0, 0)
    assert recording.frame_count == recording.total_frames() == frames
    [counters] = recording.counters
    assert (counters.frames, counters.malformed, counters.unknown) == (frames, 0, 0)
    assert counters.dropped == {}


def test_two_recordings_are_merged_by_time_and_keep_their_own_books(
    shared: Callable[[str], Path],
) -> None:
    names = ("btcusdt", "ethusdt")
    recording = Recording([shared(f"data/binance/{name}_spot_20240808.gz") for name in names])
    times: list[int] = []
    merged: list[Payload] = []
    for ts, events in recording.events():
        times.append(ts)
        merged += events
    assert times == sorted(times)
    assert recording.frame_count == recording.total_frames() == 41_249 + 33_618
    ids = [instrument.instrument_id for instrument in recording.instruments()]
    assert ids == ["binance:BTCUSDT", "binance:ETHUSDT"]
    assert [compare(iter(merged), name) for name in ids] == [(3_449, 0, 0), (3_432, 0, 0)]


# --- small files ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["x.txt", "x.gz"])
def test_plain_and_compressed_files_are_read_alike(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, TICKER % 1, TICKER % 2, start=7)
    assert list(read_frames(path)) == [(7, TICKER % 1), (8, TICKER % 2)]


@pytest.mark.parametrize(
    "line",
    [b"", b"12", b"12 ", b"x {}", b"-1 {}", b"0 {}", b"1.5 {}", b" 12 {}", b"%d {}" % 2**64],
)
def test_a_bad_line_is_named_with_its_file_and_number(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "some.txt"
    path.write_bytes(b"1 {}\n" + line + b"\n3 {}\n")
    frames = read_frames(path)
    assert next(frames) == (1, b"{}")
    with pytest.raises(DataError, match=r"some\.txt line 2: expected the time of receipt"):
        next(frames)


def test_a_cut_off_file_yields_what_is_readable_and_then_complains(tmp_path: Path) -> None:
    frames = [TICKER % (n * 7919 % 100_003) for n in range(3000)]
    path = write(tmp_path / "cut.gz", *frames)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    read: list[bytes] = []
    with pytest.raises(DataError, match=r"cut\.gz after line \d+: the file cannot be read"):
        read.extend(raw for _, raw in read_frames(path))
    assert len(read) > 500
    assert read == frames[: len(read)]
    recording = Recording([path])
    assert [item.symbol for item in recording.instruments()] == ["BTCUSDT"]
    with pytest.raises(DataError, match="cannot be read"):
        list(recording.events())
    assert recording.frame_count == len(read)


def test_a_corrupt_or_missing_file_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "bad.gz", TICKER % 1)
    path.write_bytes(path.read_bytes()[:12] + b"\xff" * 20)
    for bad in (path, tmp_path / "none.gz"):
        with pytest.raises(DataError, match=f"{bad.name} after line 0"):
            list(read_frames(bad))
        with pytest.raises(DataError, match=f"{bad.name} after line 0"):
            Recording([bad]).instruments()


def test_an_empty_recording_has_nothing(tmp_path: Path) -> None:
    recording = Recording([write(tmp_path / "empty.gz")])
    assert recording.instruments() == ()
    assert list(recording.events()) == []


def test_a_snapshot_answers_the_oldest_request(tmp_path: Path) -> None:
    path = write(tmp_path / "x.gz", DEPTH % (1, 3), SNAPSHOT % 2, DEPTH % (4, 5))
    events = [event for _, batch in Recording([path]).events() for event in batch]
    assert [type(event) for event in events] == [BookSnapshot, BookDelta, BookDelta]


def test_a_snapshot_recorded_before_any_difference_waits_for_one(tmp_path: Path) -> None:
    path = write(tmp_path / "x.gz", SNAPSHOT % 2, DEPTH % (1, 3))
    events = [event for _, batch in Recording([path]).events() for event in batch]
    assert [type(event) for event in events] == [BookSnapshot, BookDelta]


def test_a_recorded_gap_is_told_and_healed_by_the_next_snapshot(tmp_path: Path) -> None:
    frames = (DEPTH % (1, 3), SNAPSHOT % 2, DEPTH % (9, 9), SNAPSHOT % 8, DEPTH % (10, 10))
    recording = Recording([write(tmp_path / "x.gz", *frames)])
    events = [event for _, batch in recording.events() for event in batch]
    kinds = [BookSnapshot, BookDelta, FeedGap, BookSnapshot, BookDelta, BookDelta]
    assert [type(event) for event in events] == kinds


def test_time_stands_still_where_the_recorder_was_stepped_back(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(b"".join(b"%d %s\n" % (ts, TICKER % ts) for ts in (5, 9, 6, 10)))
    quotes = [(ts, event.ts_event) for ts, batch in Recording([path]).events() for event in batch]
    assert quotes == [(5, 5), (9, 9), (10, 10)]  # and the older update is ignored


def test_only_the_instruments_that_were_given_are_followed(tmp_path: Path) -> None:
    path = write(tmp_path / "x.gz", TICKER % 1)
    recording = Recording([path], [default_instrument("ETHUSDT")])
    assert [item.symbol for item in recording.instruments()] == ["ETHUSDT"]
    assert list(recording.events()) == []
    [counters] = recording.counters
    assert counters.dropped == {"symbol is not followed": 1}
    assert len(list(Recording([path], [default_instrument("BTCUSDT")]).events())) == 1


def test_a_recording_can_be_played_again(tmp_path: Path) -> None:
    recording = Recording([write(tmp_path / "x.gz", TICKER % 1, TICKER % 2)])
    assert list(recording.events()) == list(recording.events())
    assert recording.frame_count == 2
