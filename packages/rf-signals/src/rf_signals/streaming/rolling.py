"""Windows over the last `period` values, without a subtraction that could leave rounding dust.

The usual running sum adds the new value and takes the old one away. After one large value has
left the window its rounding error stays behind, and a flat series shows a variance. Here a
window is always *the tail of the last full block + the head of the current block* (the scheme
of van Herk and of Gil and Werman): nothing is ever subtracted, a value that has left the window
has left no trace, and a flat window has variance 0.0 exactly. The cost per update is constant
on average; every `period` updates the tails of the finished block are prepared at once.

Plain Python, so that one tick costs about a tenth of a microsecond and imports nothing.
"""

from __future__ import annotations

from collections import deque
from itertools import accumulate
from math import sqrt


def require_period(period: int, *, field: str = "period", least: int = 1) -> int:
    """Return `period` when it is an integer of at least `least`, otherwise raise ValueError."""
    if isinstance(period, bool) or not isinstance(period, int) or period < least:
        raise ValueError(f"expected {field} to be an integer >= {least}, was {period!r}")
    return period


def reject(field: str, value: float, expected: str = "a finite number") -> ValueError:
    """Return the error for one bad value of a stream."""
    return ValueError(f"expected {expected} for {field}, was {value!r}")


def require_finite(**values: float) -> None:
    """Raise ValueError for the first of the named values that is NaN or infinite."""
    for field, value in values.items():
        if value - value != 0.0:
            raise reject(field, value)


class RollingSum:
    """Sum of the last `period` values; `None` until there are that many.

    Parameters
    ----------
    period : int
        Length of the window, at least 1.

    Examples
    --------
    >>> window = RollingSum(2)
    >>> [window.update(x) for x in (1.0, 2.0, 4.0)]
    [None, 3.0, 6.0]
    """

    __slots__ = ("_block", "_divisor", "_head", "_tails", "period", "value")

    def __init__(self, period: int) -> None:
        self.period = require_period(period)
        self.value: float | None = None
        self._divisor = 1.0  # the mean is the same window, divided
        self._block: list[float] = []
        self._head = 0.0
        self._tails: list[float] = []  # _tails[j]: sum of the last j + 1 values of the last block

    def update(self, x: float) -> float | None:
        """Add one value and return the value of the window."""
        if x - x != 0.0:
            raise reject("x", x)
        block = self._block
        block.append(x)
        self._head = head = self._head + x
        missing = self.period - len(block)
        if missing == 0:
            self.value = head / self._divisor
            block.reverse()
            self._tails = list(accumulate(block))
            block.clear()
            self._head = 0.0
        elif self._tails:
            self.value = (head + self._tails[missing - 1]) / self._divisor
        return self.value


class RollingMean(RollingSum):
    """Mean of the last `period` values (the simple moving average); `None` in the warm-up.

    Examples
    --------
    >>> sma = RollingMean(3)
    >>> [sma.update(x) for x in (1.0, 2.0, 3.0, 7.0)]
    [None, None, 2.0, 4.0]
    """

    __slots__ = ()

    def __init__(self, period: int) -> None:
        super().__init__(period)
        self._divisor = float(period)


class RollingExtremum:
    """Largest (`largest=True`) or smallest of the last `period` values; `None` in the warm-up."""

    __slots__ = ("_block", "_head", "_pick", "_start", "_tails", "period", "value")

    def __init__(self, period: int, *, largest: bool) -> None:
        self.period = require_period(period)
        self.value: float | None = None
        self._pick = max if largest else min
        self._start = float("-inf") if largest else float("inf")
        self._head = self._start
        self._block: list[float] = []
        self._tails: list[float] = []

    def update(self, x: float) -> float | None:
        """Add one value and return the extremum of the window."""
        if x - x != 0.0:
            raise reject("x", x)
        block = self._block
        block.append(x)
        self._head = head = self._pick(self._head, x)
        missing = self.period - len(block)
        if missing == 0:
            self.value = head
            block.reverse()
            self._tails = list(accumulate(block, self._pick))
            block.clear()
            self._head = self._start
        elif self._tails:
            self.value = self._pick(head, self._tails[missing - 1])
        return self.value


class RollingVariance:
    """Mean and variance of the last `period` values, stable at any level and scale.

    Head and tail of the window are kept as (mean, sum of squared deviations) and joined with
    the pairwise formula of Chan, Golub and LeVeque (1979), so no large squares are subtracted.

    Parameters
    ----------
    period : int
        Length of the window, larger than `ddof`.
    ddof : int
        0 divides by `period` (population, as Bollinger bands do), 1 by `period - 1`.

    Examples
    --------
    >>> window = RollingVariance(4)
    >>> [window.update(x) for x in (1e9 + 1, 1e9 + 2, 1e9 + 3, 1e9 + 4)][-1]
    1.25
    """

    __slots__ = (
        "_block",
        "_divisor",
        "_head_m2",
        "_head_mean",
        "_tail_m2s",
        "_tail_means",
        "mean",
        "period",
        "value",
    )

    def __init__(self, period: int, *, ddof: int = 0) -> None:
        self.period = require_period(period, least=ddof + 1)
        self.mean: float | None = None
        self.value: float | None = None
        self._divisor = period - ddof
        self._block: list[float] = []
        self._head_mean = 0.0
        self._head_m2 = 0.0
        self._tail_means: list[float] = []
        self._tail_m2s: list[float] = []

    def update(self, x: float) -> float | None:
        """Add one value and return the variance of the window; `mean` is set with it."""
        if x - x != 0.0:
            raise reject("x", x)
        block = self._block
        block.append(x)
        count = len(block)
        step = x - self._head_mean
        self._head_mean = mean = self._head_mean + step / count
        self._head_m2 = m2 = self._head_m2 + step * (x - mean)
        missing = self.period - count
        if missing == 0:
            self.mean = mean
            self.value = m2 / self._divisor
            self._close_block()
        elif self._tail_means:
            gap = mean - self._tail_means[missing - 1]
            share = count / self.period
            self.mean = self._tail_means[missing - 1] + gap * share
            joined = m2 + self._tail_m2s[missing - 1] + gap * gap * (share * missing)
            self.value = joined / self._divisor
        return self.value

    def _close_block(self) -> None:
        """Prepare mean and squared deviations of every tail of the finished block."""
        mean = m2 = 0.0
        means: list[float] = []
        m2s: list[float] = []
        for count, x in enumerate(reversed(self._block), start=1):
            step = x - mean
            mean += step / count
            m2 += step * (x - mean)
            means.append(mean)
            m2s.append(m2)
        self._tail_means, self._tail_m2s = means, m2s
        self._block.clear()
        self._head_mean = self._head_m2 = 0.0

    @property
    def std(self) -> float | None:
        """Square root of the variance."""
        return None if self.value is None else sqrt(self.value)


class Lag:
    """The value `period` updates ago; `None` until there is one."""

    __slots__ = ("_past", "period", "value")

    def __init__(self, period: int) -> None:
        self.period = require_period(period)
        self.value: float | None = None
        self._past: deque[float] = deque()

    def update(self, x: float) -> float | None:
        """Remember `x` and return the value seen `period` updates before it."""
        if x - x != 0.0:
            raise reject("x", x)
        past = self._past
        past.append(x)
        if len(past) > self.period:
            self.value = past.popleft()
        return self.value
