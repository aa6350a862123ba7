"""Historical VaR and correlation of a running session, in plain Python.

The engine imports this module on its tick path: it loads neither numpy nor scipy.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from math import floor, inf, sqrt
from typing import NamedTuple

from rf_common.ids import InstrumentId


class VarEstimate(NamedTuple):
    """VaR and expected shortfall of one step, positive for a loss, from `rows` samples."""

    var: float
    expected_shortfall: float
    rows: int

    def scaled(self, steps: float) -> VarEstimate:
        """Return the estimate of `steps` steps, by the square root of time.

        Raises
        ------
        ValueError
            If `steps` is not positive and finite.

        Examples
        --------
        >>> VarEstimate(2.0, 3.0, 40).scaled(4.0)
        VarEstimate(var=4.0, expected_shortfall=6.0, rows=40)
        """
        if not 0.0 < steps < inf:
            raise ValueError(f"expected steps to be positive, was {steps}")
        scale = sqrt(steps)
        return VarEstimate(self.var * scale, self.expected_shortfall * scale, self.rows)


SessionState = tuple[
    tuple[tuple[tuple[InstrumentId, float], ...], ...], tuple[tuple[InstrumentId, float], ...]
]
"""Rows of returns, oldest first, and the newest prices; names sorted. Plain tuples."""


class SessionVar:
    """Simple returns of all instruments on one grid of time, the newest `window` steps.

    Parameters
    ----------
    window : int
        Steps looked back on.
    min_samples : int
        Steps in which every instrument concerned has a return, before anything is told.

    Examples
    --------
    >>> session = SessionVar(window=10, min_samples=2)
    >>> for px in (100.0, 101.0, 99.99):
    ...     session.observe({"sim:A": px})
    >>> round(session.var({"sim:A": 1_000.0}, 0.95).var, 6)
    9.0
    """

    def __init__(self, window: int = 252, min_samples: int = 30) -> None:
        if not 2 <= min_samples <= window:
            raise ValueError(f"expected 2 <= min_samples <= window, was {min_samples}, {window}")
        self._min_samples = min_samples
        self._rows: deque[dict[InstrumentId, float]] = deque(maxlen=window)
        self._last: dict[InstrumentId, float] = {}

    def observe(self, mids: Mapping[InstrumentId, float]) -> None:
        """Take the prices of one step; an instrument without one has no return in it or after.

        Raises
        ------
        ValueError
            If a price is not positive and finite; nothing has changed then.
        """
        for name, px in mids.items():
            if not 0.0 < px < inf:
                raise ValueError(f"expected a positive px, was {px} ({name})")
        last = self._last
        row = {name: px / last[name] - 1.0 for name, px in mids.items() if name in last}
        self._last = dict(mids)
        if row:
            self._rows.append(row)

    def var(
        self, exposures: Mapping[InstrumentId, float], confidence: float = 0.95
    ) -> VarEstimate | None:
        """Return VaR and expected shortfall of one step for signed values, currency.

        The quantile is interpolated (type 7); the shortfall is that of Acerbi and Tasche (2002).
        None while fewer than `min_samples` steps have a return of every instrument. Sums run in
        the order of names, whatever the order of `exposures`.

        Raises
        ------
        ValueError
            If an exposure is not finite or `confidence` not strictly between 0 and 1.
        """
        if not 0.0 < confidence < 1.0:
            raise ValueError(f"expected confidence strictly between 0 and 1, was {confidence}")
        held = sorted((name, value) for name, value in exposures.items() if value)
        for name, value in held:
            if not -inf < value < inf:
                raise ValueError(f"expected a finite exposure, was {value} ({name})")
        pnl = []
        for row in self._rows:
            total = 0.0
            for name, value in held:
                ret = row.get(name)
                if ret is None:
                    break
                total += value * ret
            else:
                pnl.append(total)
        n = len(pnl)
        if n < self._min_samples:
            return None
        pnl.sort()
        place = (n - 1) * (1.0 - confidence)
        low = floor(place)
        high = min(low + 1, n - 1)
        quantile = pnl[low] + (pnl[high] - pnl[low]) * (place - low)
        tail = n * (1.0 - confidence)
        whole = floor(tail + 1e-9)
        rest = max(tail - whole, 0.0)
        worst = sum(pnl[:whole]) + (rest * pnl[whole] if whole < n else 0.0)
        return VarEstimate(-quantile, -worst / tail, n)

    def correlation(self, first: InstrumentId, second: InstrumentId) -> float | None:
        """Return the correlation of two instruments' returns, None while it is unknown."""
        pairs = [(row[first], row[second]) for row in self._rows if first in row and second in row]
        n = len(pairs)
        if n < self._min_samples:
            return None
        mean_x = sum(x for x, _ in pairs) / n
        mean_y = sum(y for _, y in pairs) / n
        xx = sum((x - mean_x) ** 2 for x, _ in pairs)
        yy = sum((y - mean_y) ** 2 for _, y in pairs)
        xy = sum((x - mean_x) * (y - mean_y) for x, y in pairs)
        scale = sqrt(xx * yy)
        return xy / scale if scale > 0.0 else None

    def mean_pairwise_correlation(self, names: Iterable[InstrumentId]) -> float | None:
        """Return the mean correlation over all pairs of names, each counted once.

        None while a pair's is unknown, and of fewer than two names.
        """
        ordered = sorted(set(names))
        total, pairs = 0.0, 0
        for place, first in enumerate(ordered):
            for second in ordered[place + 1 :]:
                rho = self.correlation(first, second)
                if rho is None:
                    return None
                total += rho
                pairs += 1
        return total / pairs if pairs else None

    def state(self) -> SessionState:
        """Return all it remembers, for a checkpoint."""
        rows = tuple(tuple(sorted(row.items())) for row in self._rows)
        return rows, tuple(sorted(self._last.items()))

    @classmethod
    def from_state(
        cls, state: SessionState, window: int = 252, min_samples: int = 30
    ) -> SessionVar:
        """Return one that goes on where another's `state` was taken.

        The newest `window` rows are kept.

        Raises
        ------
        ValueError
            If `window` and `min_samples` do not fit together.
        """
        rows, last = state
        found = cls(window, min_samples)
        found._rows.extend(dict(row) for row in rows)
        found._last = dict(last)
        return found
