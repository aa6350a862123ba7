"""Volume and volatility of a stream: VWAP, OBV, EWMA volatility, log returns."""

from __future__ import annotations

from math import log, sqrt

from rf_signals.streaming.rolling import reject


class Vwap:
    """Volume-weighted average price since the start or the last `reset`.

    Kept as a running weighted mean: a flat price stays exact, and a long session loses no
    digits. `None` while no volume has traded. `total` is the volume so far.

    Examples
    --------
    >>> vwap = Vwap()
    >>> vwap.update(100.0, 3.0), vwap.update(104.0, 1.0)
    (100.0, 101.0)
    """

    __slots__ = ("total", "value")

    def __init__(self) -> None:
        self.total = 0.0
        self.value: float | None = None

    def update(self, px: float, qty: float) -> float | None:
        """Add one trade, or one bar by its typical price, and return the average."""
        if not 0.0 <= qty < float("inf"):
            raise reject("qty", qty, "a finite quantity that is not negative")
        if px - px != 0.0:
            raise reject("px", px)
        if qty > 0.0:
            self.total = total = self.total + qty
            value = self.value
            self.value = px if value is None else value + (px - value) * (qty / total)
        return self.value

    def reset(self) -> None:
        """Forget the session."""
        self.total = 0.0
        self.value = None


class Obv:
    """On-balance volume: starts with the first volume, then adds it on up closes and so on."""

    __slots__ = ("_last", "value")

    def __init__(self) -> None:
        self._last: float | None = None
        self.value: float | None = None

    def update(self, close: float, volume: float) -> float | None:
        """Add one bar and return the balance."""
        if not 0.0 <= volume < float("inf"):
            raise reject("volume", volume, "a finite volume that is not negative")
        if close - close != 0.0:
            raise reject("close", close)
        if self._last is None or self.value is None:
            self.value = volume
        elif close > self._last:
            self.value += volume
        elif close < self._last:
            self.value -= volume
        self._last = close
        return self.value


class LogReturn:
    """Logarithm of the ratio of two successive prices; `None` for the first."""

    __slots__ = ("_last", "value")

    def __init__(self) -> None:
        self._last: float | None = None
        self.value: float | None = None

    def update(self, px: float) -> float | None:
        """Add one price and return the log return."""
        if not 0.0 < px < float("inf"):
            raise reject("px", px, "a finite positive price")
        if self._last is not None:
            self.value = log(px / self._last)
        self._last = px
        return self.value


class EwmaVol:
    """Exponentially weighted volatility of returns, zero mean (RiskMetrics).

    variance = decay * variance + (1 - decay) * ret^2. The value after a return already contains
    that return: it is the forecast for the next period.

    Parameters
    ----------
    decay : float
        Between 0 and 1 exclusive; RiskMetrics uses 0.94 for days.
    initial_variance : float, optional
        Variance before the first return; without it the first squared return is taken.
    periods_per_year : float
        Scales the returned volatility; 1 leaves it per period.

    Examples
    --------
    >>> vol = EwmaVol(0.5)
    >>> vol.update(0.02), round(vol.update(0.0), 6)
    (0.02, 0.014142)
    """

    __slots__ = ("_decay", "_scale", "_weight", "value", "variance")

    def __init__(
        self,
        decay: float = 0.94,
        *,
        initial_variance: float | None = None,
        periods_per_year: float = 1.0,
    ) -> None:
        if not 0.0 < decay < 1.0:
            raise reject("decay", decay, "a number between 0 and 1")
        if not 0.0 < periods_per_year < float("inf"):
            raise reject("periods_per_year", periods_per_year, "a finite positive number")
        if initial_variance is not None and not 0.0 <= initial_variance < float("inf"):
            raise reject("initial_variance", initial_variance, "a finite variance >= 0")
        self._decay = decay
        self._weight = 1.0 - decay
        self._scale = sqrt(periods_per_year)
        self.variance = initial_variance
        self.value: float | None = None

    def update(self, ret: float) -> float | None:
        """Add one return and return the volatility."""
        if ret - ret != 0.0:
            raise reject("ret", ret)
        if self.variance is None:
            self.variance = ret * ret
        else:
            self.variance = self._decay * self.variance + self._weight * (ret * ret)
        self.value = sqrt(self.variance) * self._scale
        return self.value
