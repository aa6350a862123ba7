"""A zero curve: discount factors and instantaneous forwards, exactly as interpolated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


class ZeroCurve:
    """Continuously compounded zero rates, linear between the points, flat beyond the ends.

    Parameters
    ----------
    times : sequence of floats, shape (n,)
        Years, not negative, strictly rising; at least one.
    zero_rates : sequence of floats, shape (n,)
        Per year, decimals.

    Raises
    ------
    ValueError
        If shapes differ, an entry is NaN or infinite, or times do not rise.

    Examples
    --------
    >>> curve = ZeroCurve([1.0, 2.0], [0.02, 0.03])
    >>> round(curve.discount(1.5), 6), round(curve.forward_rate(1.5), 6)
    (0.963194, 0.04)
    """

    __slots__ = ("_rates", "_times")

    def __init__(self, times: Sequence[float], zero_rates: Sequence[float]) -> None:
        at = np.array(times, dtype=np.float64)
        rates = np.array(zero_rates, dtype=np.float64)
        if at.ndim != 1 or at.size == 0 or rates.shape != at.shape:
            raise ValueError(
                f"expected times and zero_rates of one length, were {at.shape} and {rates.shape}"
            )
        if not np.isfinite(at).all() or at[0] < 0.0 or (np.diff(at) <= 0.0).any():
            raise ValueError(f"expected times to be finite, not negative and rising, were {at!r}")
        if not np.isfinite(rates).all():
            raise ValueError(f"expected zero_rates to be finite, were {rates!r}")
        self._times, self._rates = at, rates

    @classmethod
    def flat(cls, rate: float) -> ZeroCurve:
        """Return the curve with one rate at every time."""
        return cls([0.0], [rate])

    @property
    def times(self) -> FloatArray:
        """Times of the points, a copy."""
        return self._times.copy()

    @property
    def zero_rates(self) -> FloatArray:
        """Zero rates at the points, a copy."""
        return self._rates.copy()

    @overload
    def zero_rate(self, t: float) -> float: ...
    @overload
    def zero_rate(self, t: FloatArray) -> FloatArray: ...
    def zero_rate(self, t: float | FloatArray) -> float | FloatArray:
        """Return the zero rate at `t` years (not negative)."""
        at = _times_of(t)
        return _plain(np.interp(at, self._times, self._rates))

    @overload
    def discount(self, t: float) -> float: ...
    @overload
    def discount(self, t: FloatArray) -> FloatArray: ...
    def discount(self, t: float | FloatArray) -> float | FloatArray:
        """Return the price today of one unit paid at `t` years (not negative)."""
        at = _times_of(t)
        return _plain(np.exp(-np.interp(at, self._times, self._rates) * at))

    @overload
    def forward_rate(self, t: float) -> float: ...
    @overload
    def forward_rate(self, t: FloatArray) -> FloatArray: ...
    def forward_rate(self, t: float | FloatArray) -> float | FloatArray:
        """Return the instantaneous forward rate, ``z(t) + t z'(t)``.

        Exact for the interpolated curve; at a point, where it jumps, the limit from the right.
        """
        at = _times_of(t)
        slopes = np.zeros(self._times.size + 1)
        slopes[1:-1] = np.diff(self._rates) / np.diff(self._times)
        slope = slopes[np.searchsorted(self._times, at, side="right")]
        return _plain(np.interp(at, self._times, self._rates) + at * slope)

    def forward_between(self, start: float, end: float) -> float:
        """Return the continuously compounded forward rate from `start` to `end` years."""
        if not 0.0 <= start < end < np.inf:
            raise ValueError(f"expected 0 <= start < end, were {start!r} and {end!r}")
        rates = np.interp([start, end], self._times, self._rates)
        return float((rates[1] * end - rates[0] * start) / (end - start))


def _times_of(t: float | FloatArray) -> FloatArray:
    at = np.asarray(t, dtype=np.float64)
    if not (np.isfinite(at) & (at >= 0.0)).all():
        raise ValueError(f"expected t to be finite and not negative, was {t!r:.60}")
    return at


def _plain(values: FloatArray | np.float64) -> float | FloatArray:
    return float(values) if np.ndim(values) == 0 else np.asarray(values)
