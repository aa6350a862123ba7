"""Ranges and bands of bars: ATR, ADX, Bollinger, Keltner, Donchian, Ichimoku."""

from __future__ import annotations

from math import sqrt

from rf_signals.streaming.rolling import (
    Lag,
    RollingExtremum,
    RollingVariance,
    reject,
    require_finite,
    require_period,
)
from rf_signals.streaming.trend import Ema


class Atr:
    """Average true range after Wilder.

    The first bar has no true range; the first value comes with bar `period + 1`, the mean of
    the ranges so far. `true_range` holds that of the last bar.
    """

    __slots__ = ("_count", "_last_close", "_seed", "_weight", "period", "true_range", "value")

    def __init__(self, period: int = 14) -> None:
        self.period = require_period(period)
        self.value: float | None = None
        self.true_range: float | None = None
        self._weight = 1.0 / period
        self._seed = 0.0
        self._count = 0
        self._last_close: float | None = None

    def update(self, high: float, low: float, close: float) -> float | None:
        """Add one bar and return the average range, or `None` in the warm-up."""
        last = self._last_close
        checksum = high + low + close
        if checksum - checksum != 0.0:
            raise reject("high, low, close", checksum, "finite numbers")
        self._last_close = close
        if last is None:
            return None
        reach = max(high - low, abs(high - last), abs(low - last))
        self.true_range = reach
        if self.value is not None:
            self.value += (reach - self.value) * self._weight
            return self.value
        self._seed += reach
        self._count += 1
        if self._count == self.period:
            self.value = self._seed / self.period
        return self.value


class Adx:
    """Average directional index after Wilder, in TA-Lib's form; first value at bar 2 `period`.

    `plus_di` and `minus_di` are the directional indicators of the last bar. A bar without any
    range or direction leaves the index unchanged.
    """

    __slots__ = (
        "_count",
        "_dx_sum",
        "_last",
        "_minus",
        "_plus",
        "_range",
        "minus_di",
        "period",
        "plus_di",
        "value",
    )

    def __init__(self, period: int = 14) -> None:
        self.period = require_period(period, least=2)
        self.value: float | None = None
        self.plus_di: float | None = None
        self.minus_di: float | None = None
        self._last: tuple[float, float, float] | None = None
        self._plus = self._minus = self._range = 0.0
        self._dx_sum = 0.0
        self._count = 0  # changes seen so far

    def update(self, high: float, low: float, close: float) -> float | None:
        """Add one bar and return the index, or `None` in the warm-up."""
        checksum = high + low + close
        if checksum - checksum != 0.0:
            raise reject("high, low, close", checksum, "finite numbers")
        last, self._last = self._last, (high, low, close)
        if last is None:
            return None
        up, down = high - last[0], last[1] - low
        reach = max(high - low, abs(high - last[2]), abs(low - last[2]))
        keep = 1.0 - 1.0 / self.period if self._count >= self.period - 1 else 1.0
        self._plus = self._plus * keep + (up if up > down and up > 0.0 else 0.0)
        self._minus = self._minus * keep + (down if down > up and down > 0.0 else 0.0)
        self._range = self._range * keep + reach
        self._count += 1
        if self._count >= self.period:
            self._average()
        return self.value

    def _average(self) -> None:
        """Update the directional indicators and the average of their relative distance."""
        period = self.period
        directed = False
        if self._range > 0.0:
            self.plus_di = plus = 100.0 * (self._plus / self._range)
            self.minus_di = minus = 100.0 * (self._minus / self._range)
            directed = plus + minus > 0.0
        dx = 100.0 * (abs(minus - plus) / (plus + minus)) if directed else 0.0
        if self._count < 2 * period - 1:
            self._dx_sum += dx
        elif self._count == 2 * period - 1:
            self.value = (self._dx_sum + dx) / period
        elif directed and self.value is not None:
            self.value = (self.value * (period - 1) + dx) / period


class _Channel:
    """Upper, middle and lower line of a channel; `value` is the middle."""

    __slots__ = ("lower", "middle", "upper")

    def __init__(self) -> None:
        self.middle: float | None = None
        self.upper: float | None = None
        self.lower: float | None = None

    @property
    def value(self) -> float | None:
        """The middle line."""
        return self.middle

    def _spread(self, middle: float, offset: float) -> float:
        """Set the lines `offset` around the middle and return the middle."""
        self.middle, self.upper, self.lower = middle, middle + offset, middle - offset
        return middle


class Bollinger(_Channel):
    """Bollinger bands: mean +- `width` population standard deviations of the last `period`.

    `update` returns the middle band; `upper`, `lower`, `percent_b` (0 at the lower band, 1 at
    the upper, NaN between equal bands) and `bandwidth` are set with it.

    Examples
    --------
    >>> bands = Bollinger(2, 2.0)
    >>> [bands.update(px) for px in (9.0, 11.0)], bands.upper, bands.lower
    ([None, 10.0], 12.0, 8.0)
    """

    __slots__ = ("_last", "_variance", "_width", "std")

    def __init__(self, period: int = 20, width: float = 2.0) -> None:
        super().__init__()
        self._variance = RollingVariance(period)
        self._width = width
        self._last = 0.0
        self.std: float | None = None

    @property
    def percent_b(self) -> float | None:
        """Place of the last price between the bands."""
        if self.upper is None or self.lower is None:
            return None
        span = self.upper - self.lower
        return (self._last - self.lower) / span if span > 0.0 else float("nan")

    @property
    def bandwidth(self) -> float | None:
        """Distance of the bands relative to the middle."""
        if self.upper is None or self.lower is None or self.middle is None:
            return None
        return (self.upper - self.lower) / self.middle if self.middle else float("nan")

    def update(self, px: float) -> float | None:
        """Add one price and return the middle band, or `None` in the warm-up."""
        require_finite(px=px)
        self._last = px
        variance = self._variance.update(px)
        if variance is None:
            return None
        middle = self._variance.mean
        assert middle is not None
        self.std = std = sqrt(variance)
        return self._spread(middle, self._width * std)


class Keltner(_Channel):
    """Keltner channel: EMA of the close +- `width` average true ranges."""

    __slots__ = ("_atr", "_ema", "_width")

    def __init__(self, period: int = 20, atr_period: int = 10, width: float = 2.0) -> None:
        super().__init__()
        self._ema = Ema(period)
        self._atr = Atr(require_period(atr_period, field="atr_period"))
        self._width = width

    def update(self, high: float, low: float, close: float) -> float | None:
        """Add one bar and return the middle line once all three lines exist."""
        reach = self._atr.update(high, low, close)
        middle = self._ema.update(close)
        if reach is None or middle is None:
            return None
        return self._spread(middle, self._width * reach)


class Donchian(_Channel):
    """Donchian channel: highest high, lowest low and their middle over `period` bars."""

    __slots__ = ("_highest", "_lowest")

    def __init__(self, period: int = 20) -> None:
        super().__init__()
        self._highest = RollingExtremum(period, largest=True)
        self._lowest = RollingExtremum(period, largest=False)

    def update(self, high: float, low: float) -> float | None:
        """Add one bar and return the middle of the channel, or `None` in the warm-up."""
        require_finite(high=high, low=low)
        self.upper = self._highest.update(high)
        self.lower = self._lowest.update(low)
        if self.upper is not None and self.lower is not None:
            self.middle = (self.upper + self.lower) / 2.0
        return self.middle


class Ichimoku:
    """Ichimoku: conversion and base line, and the cloud that stands over the current bar.

    `span_a` and `span_b` were computed `displacement` bars ago, where a chart draws them today.
    The lagging line of a chart looks `displacement` bars into the future; its honest equivalent
    is to compare today's close with `lagged_close`, the close `displacement` bars ago.
    """

    __slots__ = (
        "_base",
        "_cloud_a",
        "_cloud_b",
        "_conversion",
        "_lag",
        "_slow",
        "base",
        "conversion",
        "lagged_close",
        "span_a",
        "span_b",
    )

    def __init__(
        self, conversion: int = 9, base: int = 26, slow: int = 52, displacement: int = 26
    ) -> None:
        self._conversion = Donchian(require_period(conversion, field="conversion"))
        self._base = Donchian(require_period(base, field="base"))
        self._slow = Donchian(require_period(slow, field="slow"))
        self._cloud_a = Lag(require_period(displacement, field="displacement"))
        self._cloud_b = Lag(displacement)
        self._lag = Lag(displacement)
        self.conversion: float | None = None
        self.base: float | None = None
        self.span_a: float | None = None
        self.span_b: float | None = None
        self.lagged_close: float | None = None

    @property
    def value(self) -> float | None:
        """The conversion line."""
        return self.conversion

    def update(self, high: float, low: float, close: float) -> float | None:
        """Add one bar and return the conversion line, or `None` in the warm-up."""
        require_finite(high=high, low=low, close=close)
        self.lagged_close = self._lag.update(close)
        self.conversion = self._conversion.update(high, low)
        self.base = self._base.update(high, low)
        if self.conversion is not None and self.base is not None:
            self.span_a = self._cloud_a.update((self.conversion + self.base) / 2.0)
        slow = self._slow.update(high, low)
        if slow is not None:
            self.span_b = self._cloud_b.update(slow)
        return self.conversion
