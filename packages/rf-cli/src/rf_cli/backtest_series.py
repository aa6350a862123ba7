"""The numbers behind the figures of a backtest's page; everything counts, nothing is thinned.

Arrays are float64 of equity points; times are nanoseconds UTC, months and years are those of UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from rf_backtest.result import BacktestResult, Trip

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MOST_DRAWN = 2_000
"""Points of a line that are drawn; a screen has fewer."""
LEAST_ROLLED = 10
"""Returns of the smallest window that a rolling ratio is told for."""
_QUARTERS = 4


class Episode(NamedTuple):
    """One fall: fraction of the peak (negative), and places; `recovery` None while it lasts."""

    depth: float
    peak: int
    trough: int
    recovery: int | None


class Periods(NamedTuple):
    """Returns of calendar periods, in order."""

    names: tuple[str, ...]
    returns: FloatArray


def falls(equity: FloatArray) -> FloatArray:
    """Return equity over its highest value so far, less 1."""
    return np.asarray(equity / np.maximum.accumulate(equity) - 1.0, dtype=np.float64)


def episodes(equity: FloatArray, *, worst: int = 5) -> tuple[Episode, ...]:
    """Return the deepest falls, deepest first; they do not overlap.

    Examples
    --------
    >>> episodes(np.array([100.0, 80.0, 100.0, 90.0]))[0]
    Episode(depth=-0.2, peak=0, trough=1, recovery=2)
    """
    fall = falls(equity)
    tops = np.append(np.flatnonzero(fall >= 0.0), equity.size)
    found = []
    for peak, after in zip(tops[:-1].tolist(), tops[1:].tolist(), strict=True):
        if after > peak + 1:
            trough = peak + 1 + int(np.argmin(fall[peak + 1 : after]))
            depth = round(float(fall[trough]), 12)
            found.append(Episode(depth, peak, trough, after if after < equity.size else None))
    return tuple(sorted(found, key=lambda episode: episode.depth)[:worst])


def calendar(ts: IntArray, equity: FloatArray, unit: str) -> Periods:
    """Return the returns of calendar months (``M``) or years (``Y``), each to its last point.

    Examples
    --------
    >>> day = 86_400 * 10**9
    >>> found = calendar(np.array([0, 20, 40]) * day, np.array([100.0, 110.0, 99.0]), "M")
    >>> found.names, found.returns.round(6).tolist()
    (('1970-01', '1970-02'), [0.1, -0.1])
    """
    stamps = ts.astype("datetime64[ns]").astype(f"datetime64[{unit}]")
    last = np.append(np.flatnonzero(stamps[1:] != stamps[:-1]), ts.size - 1)
    ends = equity[last]
    before = np.concatenate((equity[:1], ends[:-1]))
    return Periods(tuple(str(stamp) for stamp in stamps[last]), ends / before - 1.0)


def rolling_window(periods_per_year: float, returns: int) -> int | None:
    """Return a quarter's worth of returns, at most a third of all; None when they are too few."""
    most = returns // 3
    if most < LEAST_ROLLED or not 0.0 < periods_per_year < np.inf:
        return None
    quarter = round(min(periods_per_year / _QUARTERS, float(most)))
    return max(LEAST_ROLLED, min(quarter, most))


def rolling(
    returns: FloatArray, window: int, periods_per_year: float
) -> tuple[FloatArray, FloatArray]:
    """Return Sharpe ratio and volatility a year of every window; a flat one has no ratio.

    Running sums, O(n). A window is flat when its variance is below 1e-10 of the whole series'.

    Examples
    --------
    >>> ratio, vol = rolling(np.array([0.01, 0.03, 0.02]), 2, 2.0)
    >>> ratio.round(6).tolist(), vol.round(6).tolist()
    ([2.0, 5.0], [0.02, 0.01])
    """
    mean, variance = float(returns.mean()), float(returns.var())
    centred = returns - mean
    first = _window_sums(centred, window)
    second = _window_sums(centred**2, window)
    spread = np.maximum(second - first**2 / window, 0.0) / (window - 1)
    rounding = (1e-14 * float(np.abs(returns).max())) ** 2
    flat = spread <= max(1e-10 * variance, rounding)
    deviation = np.sqrt(np.where(flat, 0.0, spread))
    ratio = np.full(deviation.size, np.nan)
    np.divide(first / window + mean, deviation, out=ratio, where=~flat)
    scale = np.sqrt(periods_per_year)
    return ratio * scale, deviation * scale


def _window_sums(values: FloatArray, window: int) -> FloatArray:
    sums = np.concatenate(([0.0], np.cumsum(values)))
    return np.asarray(sums[window:] - sums[:-window], dtype=np.float64)


def buy_and_hold(result: BacktestResult) -> FloatArray | None:
    """Return the equity of all instruments bought with equal shares at their first price.

    Without costs; what has no price yet is held as cash. None when nothing has a price.
    """
    shares = [_grown(result.mark_px[name]) for name in result.instruments if name in result.mark_px]
    grown = [share for share in shares if share is not None]
    if not grown:
        return None
    return np.asarray(float(result.equity[0]) * np.mean(grown, axis=0), dtype=np.float64)


def _grown(px: FloatArray) -> FloatArray | None:
    """Return prices over the first one; gaps keep the last price."""
    known = np.isfinite(px) & (px > 0.0)
    if not known.any():
        return None
    places = np.maximum.accumulate(np.where(known, np.arange(px.size), -1))
    first = px[int(np.argmax(known))]
    return np.where(places >= 0, px[np.maximum(places, 0)] / first, 1.0)


def held(result: BacktestResult, benchmark: npt.ArrayLike | None) -> FloatArray | None:
    """Return the equity to compare with: of the given returns, or of buying and holding.

    Raises
    ------
    ValueError
        If there is not one return for each of the result's.
    """
    if benchmark is None:
        return buy_and_hold(result)
    returns = np.asarray(benchmark, dtype=np.float64)
    if returns.shape != (result.equity.size - 1,) or not np.isfinite(returns).all():
        expected = f"{result.equity.size - 1} finite returns"
        raise ValueError(f"benchmark: expected {expected}, was an array of {returns.shape}")
    grown = np.concatenate(([1.0], np.cumprod(1.0 + returns)))
    return np.asarray(float(result.equity[0]) * grown, dtype=np.float64)


def drawn(values: FloatArray, most: int = MOST_DRAWN) -> IntArray:
    """Return which points of a line to draw: all, or the extremes of each of equal buckets.

    First, last, smallest and largest point are always among them.

    Examples
    --------
    >>> drawn(np.array([0.0, 5.0, 1.0, 1.0, -3.0, 1.0]), 4).tolist()
    [0, 1, 4, 5]
    """
    if values.size <= most:
        return np.arange(values.size)
    edges = np.linspace(0, values.size, max(most // 2 - 1, 1) + 1).astype(np.int64)
    low, high = (
        np.where(np.isfinite(values), values, np.inf),
        np.where(np.isfinite(values), values, -np.inf),
    )
    kept = [0, values.size - 1]
    for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        kept += [start + int(np.argmin(low[start:end])), start + int(np.argmax(high[start:end]))]
    return np.unique(np.array(kept, dtype=np.int64))


def spread_out(count: int, most: int) -> IntArray:
    """Return at most `most` of `count` places, evenly spread, first and last included."""
    if count <= most:
        return np.arange(count)
    return np.unique(np.linspace(0, count - 1, most).round().astype(np.int64))


def extremes(trips: Sequence[Trip], most: int) -> list[Trip]:
    """Return the trips in order of closing; of more than `most` half the best, half the worst."""
    if len(trips) > most:
        ranked = sorted(trips, key=lambda trip: trip.pnl)
        trips = [*ranked[: most // 2], *ranked[-(most - most // 2) :]]
    return sorted(trips, key=lambda trip: (trip.closed_ts, trip.closed, trip.opened))
