"""Volatility regimes and what each asks of a quoter; plain Python, one value at a time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import inf


class Regime(StrEnum):
    """State of the market by its volatility against its own past."""

    LOW = "LOW"
    NORMAL = "NORMAL"
    HIGH = "HIGH"
    CRISIS = "CRISIS"


@dataclass(frozen=True, slots=True)
class RegimeParameters:
    """What a regime asks for: factors of the normal setting, and two plain numbers."""

    gamma: float
    """Risk aversion of the quoting engine, per tick."""
    spread: float
    """Factor of the half spread."""
    size: float
    """Factor of order sizes."""
    urgency: float
    """Factor of the speed of execution."""
    reversion_threshold: float
    """Deviation, in standard deviations, from which mean reversion is traded."""
    inventory: float
    """Factor of the inventory limit."""
    composite: float
    """Factor of the composite signal."""


PARAMETERS: dict[Regime, RegimeParameters] = {
    Regime.LOW: RegimeParameters(0.05, 0.6, 1.2, 0.8, 1.2, 1.5, 0.7),
    Regime.NORMAL: RegimeParameters(0.10, 1.0, 1.0, 1.0, 0.8, 1.0, 1.0),
    Regime.HIGH: RegimeParameters(0.20, 2.0, 0.6, 1.3, 0.6, 0.7, 0.8),
    Regime.CRISIS: RegimeParameters(0.40, 4.0, 0.2, 0.3, 2.0, 0.3, 0.1),
}
"""Parameters of every regime."""


class VolRatio:
    """Fast over slow exponential average of a volatility, 1 when nothing changes.

    Both start at the first value above zero, so that the ratio starts at 1; before it, and while
    both are zero, the ratio is 1.

    Parameters
    ----------
    fast, slow : float
        Weights of the newest value, 0 < slow < fast <= 1.

    Examples
    --------
    >>> ratio = VolRatio()
    >>> ratio.update(0.01), round(ratio.update(0.02), 4)
    (1.0, 1.1165)
    """

    __slots__ = ("_fast_alpha", "_slow_alpha", "fast", "slow", "value")

    def __init__(self, fast: float = 0.15, slow: float = 0.03) -> None:
        if not 0.0 < slow < fast <= 1.0:
            raise ValueError(f"expected 0 < slow < fast <= 1, was slow={slow!r}, fast={fast!r}")
        self._fast_alpha = fast
        self._slow_alpha = slow
        self.fast = 0.0
        self.slow = 0.0
        self.value = 1.0

    def update(self, vol: float) -> float:
        """Take one volatility (or absolute return) and return the ratio.

        Raises
        ------
        ValueError
            If `vol` is negative or not finite.
        """
        if not 0.0 <= vol < inf:
            raise ValueError(f"expected vol to be a finite number >= 0, was {vol!r}")
        if self.slow == 0.0:
            self.fast = self.slow = vol
        else:
            self.fast += self._fast_alpha * (vol - self.fast)
            self.slow += self._slow_alpha * (vol - self.slow)
        self.value = self.fast / self.slow if self.slow > 0.0 else 1.0
        return self.value


class RegimeClassifier:
    """Regime from the ratio of a fast and a slow average of volatility.

    Above 2.5 the ratio says crisis, above 1.4 high, below 0.7 low, else normal. A new regime is
    taken once it was said `debounce` times in a row; a crisis at once. It starts as normal.

    Parameters
    ----------
    fast, slow : float
        Weights of `VolRatio`.
    low, high, crisis : float
        Bounds of the ratio, 0 < low < high < crisis.
    debounce : int
        Successive values that must agree before the regime changes.

    Examples
    --------
    >>> regime = RegimeClassifier(debounce=1)
    >>> [str(regime.update(vol)) for vol in (0.01, 0.01, 0.05, 0.9)]
    ['NORMAL', 'NORMAL', 'HIGH', 'CRISIS']
    """

    __slots__ = ("_candidate", "_crisis", "_debounce", "_high", "_low", "_ratio", "_seen", "value")

    def __init__(
        self,
        *,
        fast: float = 0.15,
        slow: float = 0.03,
        low: float = 0.7,
        high: float = 1.4,
        crisis: float = 2.5,
        debounce: int = 5,
    ) -> None:
        if not 0.0 < low < high < crisis < inf:
            raise ValueError(f"expected 0 < low < high < crisis, was {low}, {high}, {crisis}")
        if isinstance(debounce, bool) or not isinstance(debounce, int) or debounce < 1:
            raise ValueError(f"expected debounce to be an integer >= 1, was {debounce!r}")
        self._ratio = VolRatio(fast, slow)
        self._low, self._high, self._crisis = low, high, crisis
        self._debounce = debounce
        self._candidate = Regime.NORMAL
        self._seen = 0
        self.value = Regime.NORMAL

    @property
    def ratio(self) -> float:
        """The last ratio."""
        return self._ratio.value

    @property
    def parameters(self) -> RegimeParameters:
        """What the current regime asks for."""
        return PARAMETERS[self.value]

    def update(self, vol: float) -> Regime:
        """Take one volatility (or absolute return) and return the regime.

        Raises
        ------
        ValueError
            If `vol` is negative or not finite.
        """
        said = self._said(self._ratio.update(vol))
        if said is self.value:
            self._seen = 0
        elif said is Regime.CRISIS:
            self.value, self._seen = said, 0
        else:
            self._seen = self._seen + 1 if said is self._candidate else 1
            if self._seen >= self._debounce:
                self.value, self._seen = said, 0
        self._candidate = said
        return self.value

    def _said(self, ratio: float) -> Regime:
        if ratio > self._crisis:
            return Regime.CRISIS
        if ratio > self._high:
            return Regime.HIGH
        return Regime.LOW if ratio < self._low else Regime.NORMAL
