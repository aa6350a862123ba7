"""Candles on event time, aggregated from quotes and prints, and the venue's own bars."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from operator import attrgetter

import msgspec

from rf_common.clock import NANOS_PER_SECOND, UnixNanos
from rf_common.events import Bar

BASE_NS = 5 * NANOS_PER_SECOND
"""Interval of the fine series, ns."""
MINUTE_NS = 60 * NANOS_PER_SECOND
"""Interval of the coarse series and of the venue's bars that are taken, ns."""

INTERVALS: tuple[tuple[str, int], ...] = (
    ("5s", BASE_NS),
    ("15s", 3 * BASE_NS),
    ("1m", MINUTE_NS),
    ("5m", 5 * MINUTE_NS),
    ("15m", 15 * MINUTE_NS),
    ("1h", 60 * MINUTE_NS),
)
"""Names and lengths in ns of what a chart can show, finest first."""

_index_of = attrgetter("index")


class Candle(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One interval; it opens at ``index * interval_ns``.

    `is_final` marks the venue's own closed bar, which nothing of ours changes any more.
    """

    index: int
    open_px: float
    high_px: float
    low_px: float
    close_px: float
    volume: float
    is_final: bool = False


class CandleSeries:
    """The newest candles of one interval, oldest first; an interval without a price has none.

    Parameters
    ----------
    interval_ns : int
        Length of a candle, ns.
    limit : int
        How many are kept.
    candles : iterable of Candle
        What is known already, oldest first.

    Examples
    --------
    >>> series = CandleSeries(BASE_NS, 500)
    >>> for second, px in ((0, 10.0), (4, 12.0), (5, 11.0)):
    ...     series.on_price(UnixNanos(second * NANOS_PER_SECOND), px)
    >>> [(c.index, c.open_px, c.close_px) for c in series.candles]
    [(0, 10.0, 12.0), (1, 11.0, 11.0)]
    """

    __slots__ = ("candles", "interval_ns", "limit")

    def __init__(self, interval_ns: int, limit: int, candles: Iterable[Candle] = ()) -> None:
        self.interval_ns = interval_ns
        self.limit = limit
        self.candles = list(candles)

    def on_price(self, at: UnixNanos, px: float) -> None:
        """Take a price; one that comes late widens its candle's range and nothing else."""
        candles = self.candles
        index = at // self.interval_ns
        if candles:
            last = candles[-1]
            if index == last.index:
                if px != last.close_px and not last.is_final:
                    candles[-1] = _moved(last, px, px)
                return
            if index < last.index:
                self._on_late_price(index, px)
                return
        candles.append(Candle(index, px, px, px, px, 0.0))
        if len(candles) > self.limit:
            del candles[0]

    def on_volume(self, at: UnixNanos, px: float, qty: float) -> None:
        """Add traded units; the print's price opens a candle that has none."""
        index = at // self.interval_ns
        if not self.candles or index > self.candles[-1].index:
            self.on_price(at, px)
        place = self._place(index)
        if place is not None:
            c = self.candles[place]
            self.candles[place] = Candle(
                c.index, c.open_px, c.high_px, c.low_px, c.close_px, c.volume + qty
            )

    def on_bar(self, bar: Bar) -> None:
        """Let the venue's closed bar replace ours."""
        index = bar.ts_event // self.interval_ns
        final = Candle(
            index, bar.open_px, bar.high_px, bar.low_px, bar.close_px, bar.volume, True
        )  # fmt: skip
        place = bisect_left(self.candles, index, key=_index_of)
        known = place < len(self.candles) and self.candles[place].index == index
        self.candles[place : place + known] = [final]
        self.resize(self.limit)

    def resize(self, limit: int) -> None:
        """Keep at most `limit` candles, the newest."""
        self.limit = limit
        del self.candles[: max(len(self.candles) - limit, 0)]

    def _on_late_price(self, index: int, px: float) -> None:
        place = self._place(index)
        if place is not None:
            late = self.candles[place]
            self.candles[place] = _moved(late, px, late.close_px)

    def _place(self, index: int) -> int | None:
        """Return where a candle that may still change stands."""
        candles = self.candles
        place = len(candles) - 1
        if not candles or candles[-1].index != index:
            place = bisect_left(candles, index, key=_index_of)
            if place == len(candles) or candles[place].index != index:
                return None
        return None if candles[place].is_final else place


def _moved(candle: Candle, px: float, close_px: float) -> Candle:
    return Candle(
        candle.index,
        candle.open_px,
        px if px > candle.high_px else candle.high_px,
        px if px < candle.low_px else candle.low_px,
        close_px,
        candle.volume,
    )


def aggregate(candles: Sequence[Candle], ratio: int) -> list[Candle]:
    """Return candles `ratio` times as long; the first may lack its beginning."""
    merged: list[Candle] = []
    for candle in candles:
        index = candle.index // ratio
        if not merged or merged[-1].index != index:
            merged.append(msgspec.structs.replace(candle, index=index))
            continue
        so_far = merged[-1]
        merged[-1] = Candle(
            index,
            so_far.open_px,
            max(so_far.high_px, candle.high_px),
            min(so_far.low_px, candle.low_px),
            candle.close_px,
            so_far.volume + candle.volume,
            so_far.is_final and candle.is_final,
        )
    return merged
