"""Where any thread leaves events for the server's loop: numbered, in order, bounded.

Putting takes a lock for less than a microsecond and never waits for a reader. When the loop
does not come, market events go, oldest first: the loop sees the hole in the numbers. Orders are
never dropped one by one; past their bound all that wait are, and the loop is told so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from threading import Lock
from typing import Any, NamedTuple

from rf_event_bus.messages import MARKET


class Batch(NamedTuple):
    """Events of one topic with neighbouring numbers from `first` on."""

    first: int
    topic: str
    events: Sequence[Any]


class Inbox:
    """Events on their way from the engine's thread to the server's loop.

    Parameters
    ----------
    market_limit, other_limit : int
        How many events of the market, and of all other topics, may wait.

    Examples
    --------
    >>> inbox = Inbox(market_limit=2, other_limit=2)
    >>> inbox.put("market", ["a", "b"]), inbox.put("orders", ["c"]), inbox.put("market", ["d"])
    (True, False, False)
    >>> batches, _ = inbox.take()
    >>> [(batch.first, batch.topic) for batch in batches], inbox.dropped
    ([(3, 'orders'), (4, 'market')], 2)
    """

    def __init__(self, *, market_limit: int, other_limit: int) -> None:
        self.dropped = 0
        self._limits = market_limit, other_limit
        self._lock = Lock()
        self._next = 1
        self._market: deque[Batch] = deque()
        self._other: deque[Batch] = deque()
        self._waiting = [0, 0]
        self._is_overrun = False
        self._is_called = False
        self._is_closed = False

    def put(self, topic: str, events: Sequence[Any]) -> bool:
        """Give `events` their numbers; return whether the loop must be called to take them."""
        is_market = topic == MARKET
        with self._lock:
            if self._is_closed or not events:
                return False
            batch = Batch(self._next, topic, events)
            self._next += len(events)
            if is_market:
                self._market.append(batch)
                self._waiting[0] += len(events)
                while self._waiting[0] > self._limits[0] and len(self._market) > 1:
                    self._drop_oldest()
            else:
                self._other.append(batch)
                self._waiting[1] += len(events)
                if self._waiting[1] > self._limits[1]:
                    self._overrun()
            must_call, self._is_called = not self._is_called, True
            return must_call

    def take(self) -> tuple[list[Batch], bool]:
        """Return what waits, in order, and whether events were dropped that must not be."""
        with self._lock:
            market, self._market = self._market, deque()
            other, self._other = self._other, deque()
            overrun, self._is_overrun = self._is_overrun, False
            self._waiting = [0, 0]
            self._is_called = False
        return sorted((*market, *other)) if market and other else [*market, *other], overrun

    def close(self) -> None:
        """Take nothing any more."""
        with self._lock:
            self._is_closed = True
            self._market.clear()
            self._other.clear()

    def _drop_oldest(self) -> None:
        count = len(self._market.popleft().events)
        self._waiting[0] -= count
        self.dropped += count

    def _overrun(self) -> None:
        self.dropped += self._waiting[1]
        self._other.clear()
        self._waiting[1] = 0
        self._is_overrun = True
