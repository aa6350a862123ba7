"""The venue's own order book of one symbol, from the tape's snapshot and differences."""

from __future__ import annotations

import msgspec

from rf_testkit.tape import DEPTH, Tape

_Row = tuple[str, str]


class DepthUpdate(msgspec.Struct):
    """What the book needs of a `depthUpdate`."""

    U: int
    u: int
    b: list[_Row]
    a: list[_Row]


class DepthSnapshot(msgspec.Struct, frozen=True):
    """The REST answer: no symbol, no time, best levels first."""

    lastUpdateId: int  # noqa: N815 - the venue's name
    bids: list[_Row]
    asks: list[_Row]


_UPDATE = msgspec.json.Decoder(DepthUpdate)
_SNAPSHOT = msgspec.json.Decoder(DepthSnapshot)


class VenueBook:
    """Levels of one symbol, keyed by price as a number, kept in the venue's own digits.

    It starts as the recorded snapshot and ignores updates up to it, so what it serves fits the
    differences at every point of the tape, before the snapshot's line as well as after it.
    """

    def __init__(self, snapshot: bytes) -> None:
        recorded = _SNAPSHOT.decode(snapshot)
        self.last_id = recorded.lastUpdateId
        self._bids = {float(row[0]): row for row in recorded.bids}
        self._asks = {float(row[0]): row for row in recorded.asks}

    def apply(self, data: bytes) -> None:
        """Apply one `depthUpdate` payload."""
        update = _UPDATE.decode(data)
        if update.u <= self.last_id:
            return
        for side, rows in ((self._bids, update.b), (self._asks, update.a)):
            for row in rows:
                price = float(row[0])
                if float(row[1]) == 0.0:
                    side.pop(price, None)
                else:
                    side[price] = row
        self.last_id = update.u

    def snapshot(self, limit: int = 5_000) -> DepthSnapshot:
        """Return the best `limit` levels of each side."""
        bids = [self._bids[price] for price in sorted(self._bids, reverse=True)[:limit]]
        asks = [self._asks[price] for price in sorted(self._asks)[:limit]]
        return DepthSnapshot(self.last_id, bids, asks)


def book_at(tape: Tape, symbol: str, position: int) -> VenueBook:
    """Return the book of `symbol` when the first `position` frames have been played."""
    book = VenueBook(tape.snapshots[symbol])
    for frame in tape.frames[: max(0, position)]:
        if frame.symbol == symbol and frame.kind == DEPTH:
            book.apply(frame.data)
    return book
