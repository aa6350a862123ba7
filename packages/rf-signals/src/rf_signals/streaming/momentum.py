"""Oscillators, one value or one bar at a time."""

from __future__ import annotations

from collections import deque

from rf_signals.streaming.rolling import (
    Lag,
    RollingExtremum,
    RollingMean,
    RollingSum,
    reject,
    require_finite,
    require_period,
)

_ROUNDING = 2.0**-50  # of a typical price: four roundings, far below a tick


class Rsi:
    """Relative strength index after Wilder, 0 to 100.

    The first value comes with update `period + 1`, from the plain means of the first `period`
    gains and losses. A flat series is 50, gains only are 100, losses only are 0.

    Examples
    --------
    >>> rsi = Rsi(2)
    >>> [rsi.update(px) for px in (10.0, 11.0, 10.5, 10.5)]
    [None, None, 66.66666666666666, 66.66666666666666]
    """

    __slots__ = ("_count", "_decay", "_gain", "_last", "_loss", "_weight", "period", "value")

    def __init__(self, period: int = 14) -> None:
        self.period = require_period(period)
        self.value: float | None = None
        self._decay = (period - 1) / period
        self._weight = 1.0 / period
        self._gain = 0.0
        self._loss = 0.0
        self._last: float | None = None
        self._count = 0

    def update(self, px: float) -> float | None:
        """Add one price and return the index, or `None` in the warm-up."""
        if px - px != 0.0:
            raise reject("px", px)
        if self._last is None:
            self._last = px
            return None
        change = px - self._last
        self._last = px
        gain, loss = (change, 0.0) if change > 0.0 else (0.0, -change)
        if self._count < self.period:
            self._gain += gain
            self._loss += loss
            self._count += 1
            if self._count < self.period:
                return None
            self._gain /= self.period
            self._loss /= self.period
        else:
            self._gain = self._gain * self._decay + gain * self._weight
            self._loss = self._loss * self._decay + loss * self._weight
        total = self._gain + self._loss
        self.value = 100.0 * (self._gain / total) if total > 0.0 else 50.0
        return self.value


class Stochastic:
    """Slow stochastic: %K is the smoothed place of the close in the range, %D its average.

    Both are reported from the first bar on which %D exists, as TA-Lib does. `flat` is the raw
    place in a window without any range: 0 in TA-Lib, 50 for a neutral reading.
    """

    __slots__ = ("_flat", "_highest", "_lowest", "_smooth_d", "_smooth_k", "d", "k")

    def __init__(
        self, period: int = 14, smooth_k: int = 3, smooth_d: int = 3, *, flat: float = 0.0
    ) -> None:
        self._highest = RollingExtremum(period, largest=True)
        self._lowest = RollingExtremum(period, largest=False)
        self._smooth_k = RollingMean(require_period(smooth_k, field="smooth_k"))
        self._smooth_d = RollingMean(require_period(smooth_d, field="smooth_d"))
        self._flat = flat
        self.k: float | None = None
        self.d: float | None = None

    @property
    def value(self) -> float | None:
        """The slow %K."""
        return self.k

    def update(self, high: float, low: float, close: float) -> float | None:
        """Add one bar and return the slow %K; `d` is set with it."""
        require_finite(high=high, low=low, close=close)
        top = self._highest.update(high)
        bottom = self._lowest.update(low)
        if top is None or bottom is None:
            return None
        span = top - bottom
        slow = self._smooth_k.update(100.0 * ((close - bottom) / span) if span else self._flat)
        if slow is None:
            return None
        self.d = self._smooth_d.update(slow)
        if self.d is not None:
            self.k = slow
        return self.k


class WilliamsR:
    """Williams %R, -100 (close at the low of the window) to 0 (at the high); 0 without range."""

    __slots__ = ("_highest", "_lowest", "value")

    def __init__(self, period: int = 14) -> None:
        self._highest = RollingExtremum(period, largest=True)
        self._lowest = RollingExtremum(period, largest=False)
        self.value: float | None = None

    def update(self, high: float, low: float, close: float) -> float | None:
        """Add one bar and return %R, or `None` in the warm-up."""
        require_finite(high=high, low=low, close=close)
        top = self._highest.update(high)
        bottom = self._lowest.update(low)
        if top is not None and bottom is not None:
            span = top - bottom
            self.value = -100.0 * ((top - close) / span) if span else 0.0
        return self.value


class Cci:
    """Commodity channel index: distance of the typical price from its mean, in mean deviations.

    Divided by 0.015 as Lambert (1980) did; 0 when the window is flat. One update costs
    `period` additions, because the mean deviation has no recursion.
    """

    __slots__ = ("_mean", "_window", "value")

    def __init__(self, period: int = 20) -> None:
        self._mean = RollingMean(period)
        self._window: deque[float] = deque(maxlen=period)
        self.value: float | None = None

    def update(self, high: float, low: float, close: float) -> float | None:
        """Add one bar and return the index, or `None` in the warm-up."""
        require_finite(high=high, low=low, close=close)
        typical = (high + low + close) / 3.0
        mean = self._mean.update(typical)
        self._window.append(typical)
        if mean is None:
            return None
        deviation = 0.0
        for x in self._window:
            deviation += abs(x - mean)
        deviation /= self._mean.period
        gap = typical - mean
        self.value = gap / (0.015 * deviation) if deviation > 0.0 and gap != 0.0 else 0.0
        return self.value


class Roc:
    """Rate of change in percent over `period` values; NaN where the old value is 0."""

    __slots__ = ("_lag", "value")

    def __init__(self, period: int = 10) -> None:
        self._lag = Lag(period)
        self.value: float | None = None

    def update(self, px: float) -> float | None:
        """Add one price and return the change in percent, or `None` in the warm-up."""
        require_finite(px=px)
        past = self._lag.update(px)
        if past is not None:
            self.value = (px / past - 1.0) * 100.0 if past != 0.0 else float("nan")
        return self.value


class Mfi:
    """Money flow index: share of the traded money on rising typical prices, 0 to 100.

    Unchanged typical prices count for neither side, also where the sum of three decimals rounds
    differently from bar to bar; 50 when no money moved the price.
    """

    __slots__ = ("_down", "_last", "_up", "value")

    def __init__(self, period: int = 14) -> None:
        self._up = RollingSum(period)
        self._down = RollingSum(period)
        self._last: float | None = None
        self.value: float | None = None

    def update(self, high: float, low: float, close: float, volume: float) -> float | None:
        """Add one bar and return the index, or `None` in the warm-up."""
        require_finite(high=high, low=low, close=close)
        if not 0.0 <= volume < float("inf"):
            raise reject("volume", volume, "a finite volume that is not negative")
        typical = (high + low + close) / 3.0
        last, self._last = self._last, typical
        if last is None:
            return None
        money = typical * volume
        change, noise = typical - last, _ROUNDING * abs(typical)
        up = self._up.update(money if change > noise else 0.0)
        down = self._down.update(money if change < -noise else 0.0)
        if up is not None and down is not None:
            total = up + down
            self.value = 100.0 * (up / total) if total > 0.0 else 50.0
        return self.value
