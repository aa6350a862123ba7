"""Signals of the order book, one quote at a time: OFI, microprice, imbalance."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from rf_signals.streaming.rolling import reject, require_period


def microprice(bid_px: float, bid_sz: float, ask_px: float, ask_sz: float) -> float:
    """Return the size-weighted mid (ask_px bid_sz + bid_px ask_sz) / (bid_sz + ask_sz).

    The heavier side pushes the price away from itself. Without any size it is the mid. Written
    as `bid + (ask - bid) * share`, so that it always lies inside the quote.

    Examples
    --------
    >>> microprice(100.0, 3.0, 101.0, 1.0)
    100.75
    """
    size = bid_sz + ask_sz
    if not (bid_sz >= 0.0 and ask_sz >= 0.0 and size < float("inf")):
        raise reject("bid_sz, ask_sz", size, "finite sizes that are not negative")
    if not (bid_px - bid_px == 0.0 and ask_px - ask_px == 0.0):
        raise reject("bid_px, ask_px", bid_px + ask_px, "finite prices")
    share = bid_sz / size if size > 0.0 else 0.5
    return ask_px if share == 1.0 else bid_px + (ask_px - bid_px) * share


def imbalance(bid_sz: float, ask_sz: float) -> float:
    """Return (bid_sz - ask_sz) / (bid_sz + ask_sz), -1 to 1; 0 when both sides are empty."""
    size = bid_sz + ask_sz
    if not (bid_sz >= 0.0 and ask_sz >= 0.0 and size < float("inf")):
        raise reject("bid_sz, ask_sz", size, "finite sizes that are not negative")
    return (bid_sz - ask_sz) / size if size > 0.0 else 0.0


class Microprice:
    """Microprice, mid, spread and imbalance of the last quote."""

    __slots__ = ("imbalance", "mid", "spread", "value")

    def __init__(self) -> None:
        self.value: float | None = None
        self.mid: float | None = None
        self.spread: float | None = None
        self.imbalance: float | None = None

    def update(self, bid_px: float, bid_sz: float, ask_px: float, ask_sz: float) -> float:
        """Take one quote and return its microprice."""
        self.value = value = microprice(bid_px, bid_sz, ask_px, ask_sz)
        self.mid = bid_px + (ask_px - bid_px) * 0.5
        self.spread = ask_px - bid_px
        size = bid_sz + ask_sz
        self.imbalance = (bid_sz - ask_sz) / size if size > 0.0 else 0.0
        return value


class BookImbalance:
    """Imbalance of the first `depth` levels, level i weighted with `decay ** i`.

    Examples
    --------
    >>> BookImbalance(depth=2, decay=0.5).update([30.0, 0.0], [10.0, 20.0])
    0.2
    """

    __slots__ = ("_weights", "value")

    def __init__(self, depth: int = 5, decay: float = 0.7) -> None:
        if not 0.0 < decay <= 1.0:
            raise reject("decay", decay, "a number in (0, 1]")
        self._weights = [decay**level for level in range(require_period(depth, field="depth"))]
        self.value: float | None = None

    def update(self, bid_sizes: Sequence[float], ask_sizes: Sequence[float]) -> float:
        """Take the sizes from the best level outwards (missing levels are empty)."""
        bid = ask = 0.0
        for weight, size in zip(self._weights, bid_sizes, strict=False):
            if not size >= 0.0:
                raise reject("bid_sizes", size, "sizes that are not negative")
            bid += weight * size
        for weight, size in zip(self._weights, ask_sizes, strict=False):
            if not size >= 0.0:
                raise reject("ask_sizes", size, "sizes that are not negative")
            ask += weight * size
        self.value = value = imbalance(bid, ask)
        return value


def _side_flow(px: float, size: float, last_px: float, last_size: float) -> float:
    """Return the change of interest on the bid side between two quotes; mirror it for the ask."""
    if px > last_px:
        return size
    return size - last_size if px == last_px else -last_size


class Ofi:
    """Order flow imbalance of Cont, Kukanov and Stoikov (2014) at the best quotes.

    `update` returns the event of one quote change (None for the first quote); `total` is the raw
    sum since the start. With a `window`, `raw` is the sum of the last events and `normalized`
    is that sum over the sum of their sizes, -1 to 1 (0 when nothing moved). Both are added up
    when they are read: an update is cheaper than a running sum.

    Examples
    --------
    >>> ofi = Ofi(window=2)
    >>> for bid_sz in (10.0, 15.0, 12.0):
    ...     event = ofi.update(100.0, bid_sz, 101.0, 10.0)
    >>> event, ofi.total, ofi.normalized
    (-3.0, 2.0, 0.25)
    """

    __slots__ = ("_events", "_last", "total", "value")

    def __init__(self, window: int | None = None) -> None:
        self._events: deque[float] | None = None
        if window is not None:
            self._events = deque(maxlen=require_period(window))
        self._last: tuple[float, float, float, float] | None = None
        self.total = 0.0
        self.value: float | None = None

    def update(self, bid_px: float, bid_sz: float, ask_px: float, ask_sz: float) -> float | None:
        """Take one quote and return its order flow event."""
        checksum = bid_px + bid_sz + ask_px + ask_sz
        if checksum - checksum != 0.0:
            raise reject("bid_px, bid_sz, ask_px, ask_sz", checksum, "finite numbers")
        if bid_sz < 0.0 or ask_sz < 0.0:
            raise reject("bid_sz, ask_sz", min(bid_sz, ask_sz), "sizes that are not negative")
        last, self._last = self._last, (bid_px, bid_sz, ask_px, ask_sz)
        if last is None:
            return None
        bid = _side_flow(bid_px, bid_sz, last[0], last[1])
        ask = _side_flow(-ask_px, ask_sz, -last[2], last[3])
        self.value = event = bid - ask
        self.total += event
        if self._events is not None:
            self._events.append(event)
        return event

    @property
    def raw(self) -> float | None:
        """Sum of the last `window` events; `None` before there are that many."""
        events = self._events
        return None if events is None or len(events) != events.maxlen else sum(events)

    @property
    def normalized(self) -> float | None:
        """Sum of the last `window` events over the sum of their absolute values."""
        flow = self.raw
        if flow is None or self._events is None:
            return None
        size = sum(map(abs, self._events))
        return flow / size if size else 0.0


class MultiLevelOfi:
    """Order flow imbalance per book level: a vector of `depth` flows for each update.

    Level i compares the i-th best price and size with those before; a book with fewer than
    `depth` levels on a side is refused with ValueError. `integrated` is one flow for all levels:
    their mean with weights ``decay ** i``.

    Examples
    --------
    >>> ofi = MultiLevelOfi(depth=2, decay=0.5)
    >>> for size in (5.0, 8.0):
    ...     flows = ofi.update([10.0, 9.0], [size, 1.0], [11.0, 12.0], [5.0, 4.0])
    >>> flows, ofi.integrated
    ([3.0, 0.0], 2.0)
    """

    __slots__ = ("_levels", "_weights", "total", "value")

    def __init__(self, depth: int = 5, *, decay: float = 0.7) -> None:
        if not 0.0 < decay <= 1.0:
            raise reject("decay", decay, "a number in (0, 1]")
        self._levels = [Ofi() for _ in range(require_period(depth, field="depth"))]
        weights = [decay**level for level in range(depth)]
        whole = sum(weights)
        self._weights = [weight / whole for weight in weights]
        self.total = [0.0] * depth
        self.value: list[float] | None = None

    @property
    def integrated(self) -> float | None:
        """Weighted mean of the flows of the last update; `None` before the second book."""
        if self.value is None:
            return None
        return sum(weight * flow for weight, flow in zip(self._weights, self.value, strict=True))

    def update(
        self,
        bid_px: Sequence[float],
        bid_sz: Sequence[float],
        ask_px: Sequence[float],
        ask_sz: Sequence[float],
    ) -> list[float] | None:
        """Take one book, best level first, and return the flow of each level."""
        depth = len(self._levels)
        if min(len(bid_px), len(bid_sz), len(ask_px), len(ask_sz)) < depth:
            raise ValueError(f"expected at least {depth} levels on each side of the book")
        events = [
            level.update(bid_px[i], bid_sz[i], ask_px[i], ask_sz[i])
            for i, level in enumerate(self._levels)
        ]
        flows = [event for event in events if event is not None]
        if flows:
            self.value = flows
            self.total = [level.total for level in self._levels]
        return self.value
