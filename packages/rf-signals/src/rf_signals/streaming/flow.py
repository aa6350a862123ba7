"""Trade flow of a stream: tick and quote rules, Lee-Ready, EMO, CLNV, VPIN."""

from __future__ import annotations

from math import fmod

from rf_signals.streaming.rolling import RollingMean, reject, require_period

_MAX_BUCKETS = 1e12  # one trade that fills more buckets than this is corrupt
_SLACK = (
    1e-12  # a bucket that misses less than this share of its volume is full: ten times 0.1 is 1
)


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


def quote_rule(px: float, bid_px: float, ask_px: float) -> int:
    """Return 1 above the mid, -1 below it, 0 at the mid or where the quote is crossed.

    Examples
    --------
    >>> quote_rule(101.0, 100.0, 101.0), quote_rule(100.5, 100.0, 101.0)
    (1, 0)
    """
    mid = 0.5 * (ask_px + bid_px)
    if mid - mid != 0.0:
        raise reject("bid_px, ask_px", mid, "finite prices")
    if ask_px < bid_px:
        return 0
    return 1 if px > mid else -1 if px < mid else 0


class LeeReady:
    """Quote rule, then tick rule at the mid (Lee and Ready, 1991): 1 buy, -1 sell, 0 unknown.

    A crossed quote has no mid: there the tick rule decides.
    """

    __slots__ = ("_tick", "value")

    def __init__(self) -> None:
        self._tick = TickRule()
        self.value = 0

    def update(self, px: float, bid_px: float, ask_px: float) -> int:
        """Take one trade and the quote before it and return the sign of the aggressor."""
        sign = quote_rule(px, bid_px, ask_px)
        tick = self._tick.update(px)
        self.value = value = sign or tick
        return value


class Emo:
    """Buy at the ask, sell at the bid, else tick rule (Ellis, Michaely and O'Hara, 2000)."""

    __slots__ = ("_tick", "value")

    def __init__(self) -> None:
        self._tick = TickRule()
        self.value = 0

    def update(self, px: float, bid_px: float, ask_px: float) -> int:
        """Take one trade and the quote before it and return the sign of the aggressor."""
        sign = quote_rule(px, bid_px, ask_px)
        tick = self._tick.update(px)
        self.value = value = sign if (px == ask_px) != (px == bid_px) else tick
        return value


class Clnv:
    """Quote rule in the outer 30 % of the spread, else tick rule (Chakrabarty et al., 2007)."""

    __slots__ = ("_share", "_tick", "value")

    def __init__(self, share: float = 0.3) -> None:
        if not 0.0 <= share < 0.5:
            raise reject("share", share, "a share in [0, 0.5)")
        self._share = share
        self._tick = TickRule()
        self.value = 0

    def update(self, px: float, bid_px: float, ask_px: float) -> int:
        """Take one trade and the quote before it and return the sign of the aggressor."""
        sign = quote_rule(px, bid_px, ask_px)
        tick = self._tick.update(px)
        share, rest = self._share, 1.0 - self._share
        upper = rest * ask_px + share * bid_px <= px <= ask_px
        lower = bid_px <= px <= share * ask_px + rest * bid_px
        self.value = value = sign if upper != lower else tick
        return value


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
        slack = _SLACK * volume
        left = qty
        while left >= volume - self.fill - slack:
            part = volume - self.fill
            left = max(left - part, 0.0)
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
