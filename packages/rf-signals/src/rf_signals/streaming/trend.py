"""Moving averages and MACD, one value at a time; same numbers as `rf_signals.indicators`."""

from __future__ import annotations

from typing import Literal

from rf_signals.streaming.rolling import RollingMean, reject, require_period

Sma = RollingMean
Seeding = Literal["classic", "talib"]


class Ema:
    """Exponential moving average, k = 2/(period + 1), seeded with the mean of the first values.

    The first value comes with update number `period`, as in TA-Lib. The step is written
    `value + k (x - value)`: a flat series stays flat to the last bit.

    Examples
    --------
    >>> ema = Ema(3)
    >>> [ema.update(x) for x in (1.0, 2.0, 3.0, 6.0)]
    [None, None, 2.0, 4.0]
    """

    __slots__ = ("_count", "_k", "_seed", "period", "value")

    def __init__(self, period: int) -> None:
        self.period = require_period(period)
        self.value: float | None = None
        self._k = 2.0 / (period + 1.0)
        self._seed = 0.0
        self._count = 0

    def update(self, x: float) -> float | None:
        """Add one value and return the average, or `None` in the warm-up."""
        if x - x != 0.0:
            raise reject("x", x)
        value = self.value
        if value is not None:
            self.value = value = value + self._k * (x - value)
            return value
        self._seed += x
        self._count += 1
        if self._count == self.period:
            self.value = self._seed / self.period
        return self.value


class Wma:
    """Linearly weighted average: the newest of `period` values weighs `period`, the oldest 1."""

    __slots__ = (
        "_block",
        "_head",
        "_head_weighted",
        "_tails_weighted",
        "_total",
        "period",
        "value",
    )

    def __init__(self, period: int) -> None:
        self.period = require_period(period)
        self.value: float | None = None
        self._total = period * (period + 1) / 2.0
        self._block: list[float] = []
        self._head = 0.0
        self._head_weighted = 0.0
        self._tails_weighted: list[float] = []

    def update(self, x: float) -> float | None:
        """Add one value and return the weighted average of the window."""
        if x - x != 0.0:
            raise reject("x", x)
        block = self._block
        block.append(x)
        count = len(block)
        self._head += x
        self._head_weighted += count * x
        missing = self.period - count
        if missing == 0:
            self.value = self._head_weighted / self._total
            self._close_block()
        elif self._tails_weighted:
            newest = missing * self._head + self._head_weighted
            self.value = (newest + self._tails_weighted[missing - 1]) / self._total
        return self.value

    def _close_block(self) -> None:
        """Prepare the weighted sums of every tail: an older value in front lifts all weights."""
        plain = weighted = 0.0
        tails: list[float] = []
        for x in reversed(self._block):
            plain += x
            weighted += plain
            tails.append(weighted)
        self._tails_weighted = tails
        self._block.clear()
        self._head = self._head_weighted = 0.0


class Macd:
    """Moving average convergence divergence: fast EMA - slow EMA, its signal and histogram.

    Parameters
    ----------
    fast, slow, signal : int
        Periods, fast < slow.
    seeding : {"classic", "talib"}
        "classic": each EMA is seeded with the mean of its own first values, the line starts
        with update number `slow`. "talib": the fast EMA is seeded `slow - fast` values later,
        so that both start together, and the line is reported only once the signal exists.
        The two agree to about 1e-6 of the price after 150 values.

    Examples
    --------
    >>> macd = Macd(2, 3, 2)
    >>> for px in (1.0, 2.0, 3.0, 4.0, 5.0):
    ...     line = macd.update(px)
    >>> line, macd.signal, macd.histogram
    (0.5, 0.5, 0.0)
    """

    __slots__ = ("_fast", "_idle", "_signal", "_slow", "_talib", "histogram", "line", "signal")

    def __init__(
        self, fast: int = 12, slow: int = 26, signal: int = 9, *, seeding: Seeding = "classic"
    ) -> None:
        require_period(fast, field="fast")
        if require_period(slow, field="slow") <= fast:
            raise ValueError(f"expected slow > fast, was slow={slow}, fast={fast}")
        if seeding not in {"classic", "talib"}:
            raise ValueError(f"expected seeding 'classic' or 'talib', was {seeding!r}")
        self._fast = Ema(fast)
        self._slow = Ema(slow)
        self._signal = Ema(require_period(signal, field="signal"))
        self._talib = seeding == "talib"
        self._idle = slow - fast if self._talib else 0
        self.line: float | None = None
        self.signal: float | None = None
        self.histogram: float | None = None

    @property
    def value(self) -> float | None:
        """The MACD line, as `update` returned it."""
        return self.line

    def update(self, x: float) -> float | None:
        """Add one price and return the MACD line; `signal` and `histogram` are set with it."""
        slow = self._slow.update(x)
        if self._idle:
            self._idle -= 1
            return None
        fast = self._fast.update(x)
        if slow is None or fast is None:
            return None
        line = fast - slow
        self.signal = signal = self._signal.update(line)
        if signal is not None:
            self.histogram = line - signal
        elif self._talib:
            return None
        self.line = line
        return line
