"""Joins a depth snapshot and a stream of differences to one contiguous history, or says gap.

This is the procedure that Binance documents for a local order book, as a pure object: feed it
what arrives, pass on what it returns. What it passes on is always a `BookSnapshot` followed by
deltas whose `first_id` is the last one's `last_id` plus one.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from rf_common.clock import UnixNanos
from rf_common.events import BookDelta, BookSnapshot, FeedGap, Payload
from rf_common.ids import InstrumentId


class SyncState(StrEnum):
    """Where the synchronisation of one book stands."""

    EMPTY = "EMPTY"
    """Nothing was heard since the start, a disconnect or a lost book."""
    WAITING = "WAITING"
    """Differences are kept; a snapshot is needed."""
    ASKED = "ASKED"
    """Differences are kept; a snapshot is on the way."""
    SYNCED = "SYNCED"
    """The book is known; differences pass through."""


_SYNCED = SyncState.SYNCED  # an enum's attribute is slow to reach


class BookSync:
    """The order book of one instrument on its way to being known.

    Parameters
    ----------
    instrument_id : InstrumentId
        Whose book it is.
    source : str
        Name of the feed, for the gaps.
    max_waiting : int
        Differences kept while no snapshot is there; one more drops them all and is a gap.
    """

    __slots__ = ("_held", "_waiting", "instrument_id", "last_id", "max_waiting", "source", "state")

    def __init__(self, instrument_id: InstrumentId, source: str, max_waiting: int) -> None:
        self.instrument_id = instrument_id
        self.source = source
        self.max_waiting = max_waiting
        self.state = SyncState.EMPTY
        self.last_id = 0
        """Id of the newest difference that was passed on or kept."""
        self._waiting: list[BookDelta] = []
        self._held: BookSnapshot | None = None

    def on_delta(self, delta: BookDelta) -> Sequence[Payload]:
        """Return the difference, the gap that it shows, or nothing."""
        last_id = self.last_id
        if delta.last_id <= last_id:
            return ()
        contiguous = delta.first_id <= last_id + 1
        if self.state is not _SYNCED:
            return self._keep(delta, contiguous)
        if not contiguous:
            return self._begin(delta, last_id + 1, delta.first_id - 1, "updates are missing")
        if delta.first_id <= last_id:
            delta = msgspec.structs.replace(delta, first_id=last_id + 1)
        self.last_id = delta.last_id
        return (delta,)

    def on_snapshot(self, snapshot: BookSnapshot) -> Sequence[Payload]:
        """Return the book and what follows it, or nothing if the snapshot is too old.

        A snapshot is too old when updates between it and the first difference that we have are
        unknown; the state is then WAITING. One that nothing waits for is kept until a first
        difference shows whether it fits.
        """
        if self.state is SyncState.ASKED:
            self.state = SyncState.WAITING
        if self.state is not SyncState.WAITING:
            self._held = snapshot
            return ()
        waiting = self._waiting
        if snapshot.last_id + 1 < waiting[0].first_id:
            return ()
        self._forget()
        self.state = SyncState.SYNCED
        self.last_id = snapshot.last_id
        events: list[Payload] = [snapshot]
        for delta in waiting:
            events += self.on_delta(delta)
        return events

    def asked(self) -> None:
        """Note that a snapshot is on the way."""
        if self.state is SyncState.WAITING:
            self.state = SyncState.ASKED

    def failed(self) -> None:
        """Note that the snapshot asked for will not come."""
        if self.state is SyncState.ASKED:
            self.state = SyncState.WAITING

    def lose(self, ts: UnixNanos, reason: str) -> Sequence[Payload]:
        """Forget everything and return the gap, if a book was known.

        The gap's `last_missing` is 0: nobody knows how much was lost.
        """
        was_synced = self.state is SyncState.SYNCED
        first_missing = self.last_id + 1
        self._forget()
        return (self._gap(ts, first_missing, 0, reason),) if was_synced else ()

    def _keep(self, delta: BookDelta, contiguous: bool) -> Sequence[Payload]:
        waiting = self._waiting
        if not waiting:
            return self._begin(delta)
        if not contiguous:
            return self._begin(delta, self.last_id + 1, delta.first_id - 1, "updates are missing")
        if len(waiting) >= self.max_waiting:
            reason = f"{self.max_waiting} updates waited for a snapshot in vain"
            return self._begin(delta, waiting[0].first_id, waiting[-1].last_id, reason)
        waiting.append(delta)
        self.last_id = delta.last_id
        return ()

    def _begin(
        self, delta: BookDelta, first_missing: int = 0, last_missing: int = 0, reason: str = ""
    ) -> Sequence[Payload]:
        """Start to wait with this difference as the first; tell the gap if there is a reason."""
        held, on_the_way = self._held, self.state is SyncState.ASKED
        self._forget()
        self._waiting = [delta]
        self.last_id = delta.last_id
        self.state = SyncState.ASKED if on_the_way else SyncState.WAITING
        events: list[Payload] = []
        if reason:
            events.append(self._gap(delta.ts_event, first_missing, last_missing, reason))
        if held is not None:
            events += self.on_snapshot(held)
        return events

    def _forget(self) -> None:
        self.state = SyncState.EMPTY
        self.last_id = 0
        self._waiting = []
        self._held = None

    def _gap(self, ts: UnixNanos, first: int, last: int, reason: str) -> FeedGap:
        return FeedGap(self.instrument_id, ts, self.source, first, last, reason)
