"""Trade flow of a stream: tick rule, VPIN, Lee-Ready."""

from __future__ import annotations

from math import fmod

from rf_signals.streaming.rolling import RollingMean, reject, require_period

_MAX_BUCKETS = 1e12  # one trade that fills more buckets than this is corrupt


class TickRule:
    """Sign of a trade from the last *different* trade price: 1 up, -1 down, 0 if none yet.

    Examples
    --------
    >>> rule = TickRule()
    >>> [rule.update(px) for px in (10.0, 11.0, 11.0, 10.5)]
    [0, 1, 1, -1]
    """

    __slots__ = ("_last", "value")

    def __init__(self) -> None:
        self._last: float | None = None
        self.value = 0

    def update(self, px: float) -> int:
        """Take one trade price and return its sign."""
        if px - px != 0.0:
            raise reject("px", px)
        last = self._last
        if last is not None and px != last:
            self.value = 1 if px > last else -1
        self._last = px
        return self.value


class LeeReady:
    """Quote rule, then tick rule at the mid (Lee and Ready, 1991): 1 buy, -1 sell, 0 unknown."""

    __slots__ = ("_tick", "value")

    def __init__(self) -> None:
        self._tick = TickRule()
        self.value = 0

    def update(self, px: float, bid_px: float, ask_px: float) -> int:
        """Take one trade and the quote before it and return the sign of the aggressor."""
        mid = bid_px + (ask_px - bid_px) * 0.5
        if mid - mid != 0.0:
            raise reject("bid_px, ask_px", mid, "finite prices")
        tick = self._tick.update(px)
        if px == mid:
            self.value = tick
        else:
            self.value = 1 if px > mid else -1
        return self.value


class Vpin:
    """Volume-synchronised probability of informed trading over the last `window` full buckets.

    Every bucket holds exactly `bucket_volume`; a trade that overflows one is split and the rest
    opens the next. A trade's side is given, or inferred by the tick rule, where an unchanged
    price carries the last sign and the very first trade counts as a buy (Easley, Lopez de Prado
    and O'Hara, 2012).

    Attributes
    ----------
    value : float or None
        Mean of |buy - sell| / bucket_volume over the window, 0 to 1; `None` in the warm-up.
    n_full_buckets : int
        Buckets completed so far.
    fill : float
        Volume in the open bucket.

    Examples
    --------
    >>> vpin = Vpin(bucket_volume=100.0, window=1)
    >>> vpin.update(10.0, 60.0), vpin.update(9.0, 40.0)
    (None, 0.2)
    """

    __slots__ = ("_buy", "_mean", "_sign", "_tick", "bucket_volume", "fill", "n_full_buckets")

    def __init__(self, bucket_volume: float, window: int = 50) -> None:
        if not 0.0 < bucket_volume < float("inf"):
            raise reject("bucket_volume", bucket_volume, "a finite positive volume")
        self.bucket_volume = bucket_volume
        self.n_full_buckets = 0
        self.fill = 0.0
        self._buy = 0.0
        self._mean = RollingMean(require_period(window, field="window"))
        self._tick = TickRule()
        self._sign = 1

    @property
    def value(self) -> float | None:
        """The current VPIN."""
        return self._mean.value

    def update(self, px: float, qty: float, side: int = 0) -> float | None:
        """Add one trade (`side` 1 buy, -1 sell, 0 unknown) and return the current VPIN."""
        if not 0.0 <= qty <= self.bucket_volume * _MAX_BUCKETS:
            raise reject("qty", qty, f"a quantity of 0 to {_MAX_BUCKETS:g} buckets")
        tick = self._tick.update(px)
        self._sign = sign = side or tick or self._sign
        volume = self.bucket_volume
        left = qty
        while left >= volume - self.fill:
            part = volume - self.fill
            left -= part
            buy = self._buy + part if sign > 0 else self._buy
            self._mean.update(abs(buy - (volume - buy)) / volume)
            self.n_full_buckets += 1
            self.fill = self._buy = 0.0
            if left > volume * self._mean.period * 2:
                left = self._skip(left)
        self.fill += left
        if sign > 0:
            self._buy += left
        return self._mean.value

    def _skip(self, left: float) -> float:
        """Count the buckets of one huge trade without filling each: all are one-sided."""
        kept = self._mean.period
        self.n_full_buckets += int(left // self.bucket_volume) - kept
        return fmod(left, self.bucket_volume) + kept * self.bucket_volume
