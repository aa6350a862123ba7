"""Windows over the last `period` values, as the tail of one block and the head of the next.

The scheme of `rf_signals.streaming.rolling`: nothing is ever subtracted, so a value that has
left the window has left no rounding behind.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

LANES = 8
"""Blocks whose moments are computed side by side: their recursions do not wait for each other."""

ROUNDING = 2.0**-50
"""Of a typical price: a difference of bars that is rounding, far below a tick."""

WINDOWS = 64
"""Windows whose mean deviations are summed side by side."""


@njit(cache=True, nogil=True, error_model="numpy")
def rolling_sum(x, period, divisor, out):  # type: ignore[no-untyped-def]
    """Write the sum of each window over `divisor`; NaN before the first full window."""
    n = x.size
    tails = np.empty(period)
    for start in range(0, n, period):
        end = min(start + period, n)
        head = 0.0
        if start == 0:
            for i in range(end):
                head += x[i]
                out[i] = math.nan
        else:
            for i in range(start, end):
                head += x[i]
                out[i] = (head + tails[start + period - 2 - i]) / divisor
        if end - start == period:
            out[end - 1] = head / divisor
            tail = x[end - 1]
            tails[0] = tail
            for j in range(1, period - 1):
                tail += x[end - 1 - j]
                tails[j] = tail


@njit(cache=True, nogil=True, error_model="numpy")
def rolling_weighted(x, period, out):  # type: ignore[no-untyped-def]
    """Write the mean of each window with weights 1 to `period`, the newest heaviest."""
    n = x.size
    total = period * (period + 1) / 2.0
    tails = np.empty(period)
    for start in range(0, n, period):
        end = min(start + period, n)
        head = weighted = 0.0
        for i in range(start, end):
            count = i - start + 1
            head += x[i]
            weighted += count * x[i]
            missing = period - count
            if missing == 0:
                out[i] = weighted / total
            elif start == 0:
                out[i] = math.nan
            else:
                out[i] = ((missing * head + weighted) + tails[missing - 1]) / total
        if end - start == period:
            plain = lifted = 0.0
            for j in range(period):
                plain += x[end - 1 - j]
                lifted += plain
                tails[j] = lifted


@njit(cache=True, nogil=True, error_model="numpy")
def rolling_extremes(high, low, period, top, bottom):  # type: ignore[no-untyped-def]
    """Write the highest high and the lowest low of each window."""
    n = high.size
    tops, bottoms = np.empty(period), np.empty(period)
    for start in range(0, n, period):
        end = min(start + period, n)
        up, down = -math.inf, math.inf
        if start == 0:
            for i in range(end):
                up, down = max(up, high[i]), min(down, low[i])
                top[i] = bottom[i] = math.nan
        else:
            for i in range(start, end):
                up, down = max(up, high[i]), min(down, low[i])
                j = start + period - 2 - i
                top[i], bottom[i] = max(up, tops[j]), min(down, bottoms[j])
        if end - start == period:
            top[end - 1], bottom[end - 1] = up, down
            up, down = -math.inf, math.inf
            for j in range(period - 1):
                up, down = max(up, high[end - 1 - j]), min(down, low[end - 1 - j])
                tops[j], bottoms[j] = up, down


@njit(cache=True, nogil=True, error_model="numpy")
def _moments_from(x, first, period, means, variances):  # type: ignore[no-untyped-def]
    """Write mean and variance of each window from the block at `first` on, one after another."""
    n = x.size
    tail_means, tail_m2s = np.empty(period), np.empty(period)
    for start in range(max(first - period, 0), n, period):
        end = min(start + period, n)
        mean = m2 = 0.0
        if start >= first:
            for i in range(start, end):
                count = i - start + 1
                missing = period - count
                step = x[i] - mean
                mean = mean + step / count
                m2 = m2 + step * (x[i] - mean)
                if missing == 0:
                    means[i] = mean
                    variances[i] = m2 / period
                elif start == 0:
                    means[i] = variances[i] = math.nan
                else:
                    gap = mean - tail_means[missing - 1]
                    share = count / period
                    means[i] = tail_means[missing - 1] + gap * share
                    joined = m2 + tail_m2s[missing - 1] + gap * gap * (share * missing)
                    variances[i] = joined / period
        if end - start == period:
            mean = m2 = 0.0
            for j in range(period):
                step = x[end - 1 - j] - mean
                mean = mean + step / (j + 1)
                m2 = m2 + step * (x[end - 1 - j] - mean)
                tail_means[j], tail_m2s[j] = mean, m2


@njit(cache=True, nogil=True, error_model="numpy")
def rolling_moments(x, period, means, variances):  # type: ignore[no-untyped-def]
    """Write mean and population variance of each window; joined after Chan et al. (1979).

    Head and tail are (mean, sum of squared deviations). Blocks do not depend on each other, so
    `LANES` of them advance together and their divisions overlap.
    """
    groups = x.size // (period * LANES)
    tail_means, tail_m2s = np.zeros((period, LANES + 1)), np.zeros((period, LANES + 1))
    mean, m2 = np.empty(LANES), np.empty(LANES)
    for group in range(groups):
        base = group * period * LANES
        for j in range(period):
            tail_means[j, 0], tail_m2s[j, 0] = tail_means[j, LANES], tail_m2s[j, LANES]
        for k in range(LANES):
            mean[k] = m2[k] = 0.0
        for j in range(period):
            count = j + 1.0
            for k in range(LANES):
                value = x[base + (k + 1) * period - 1 - j]
                step = value - mean[k]
                centre = mean[k] + step / count
                spread = m2[k] + step * (value - centre)
                mean[k], m2[k] = centre, spread
                tail_means[j, k + 1], tail_m2s[j, k + 1] = centre, spread
        for k in range(LANES):
            mean[k] = m2[k] = 0.0
        for j in range(period):
            count = j + 1.0
            missing = period - 1 - j
            share = count / period
            weight = share * missing
            last = missing == 0
            for k in range(LANES):
                i = base + k * period + j
                step = x[i] - mean[k]
                centre = mean[k] + step / count
                spread = m2[k] + step * (x[i] - centre)
                mean[k], m2[k] = centre, spread
                if last:
                    means[i], variances[i] = centre, spread / period
                else:
                    tail = tail_means[missing - 1, k]
                    gap = centre - tail
                    means[i] = tail + gap * share
                    joined = spread + tail_m2s[missing - 1, k] + gap * gap * weight
                    variances[i] = joined / period
    _moments_from(x, groups * period * LANES, period, means, variances)
    for i in range(min(period - 1, x.size)):
        means[i] = variances[i] = math.nan


@njit(cache=True, nogil=True, error_model="numpy")
def bands(means, variances, width, upper, lower):  # type: ignore[no-untyped-def]
    """Write ``mean +- width sqrt(variance)``."""
    for i in range(means.size):
        offset = width * math.sqrt(variances[i])
        upper[i], lower[i] = means[i] + offset, means[i] - offset


@njit(cache=True, nogil=True, error_model="numpy")
def channel_index(typical, period, means, out):  # type: ignore[no-untyped-def]
    """Write ``(x - mean) / (0.015 mean |x - mean|)`` of each window; 0 when it is flat.

    `WINDOWS` of them advance together: the sum of one is a chain of `period` additions.
    """
    n = typical.size
    for i in range(min(period - 1, n)):
        out[i] = math.nan
    deviations = np.empty(WINDOWS)
    for first in range(period - 1, n, WINDOWS):
        size = min(WINDOWS, n - first)
        mean = means[first : first + size]
        deviations[:] = 0.0
        for oldest in range(first - period + 1, first + 1):
            x = typical[oldest : oldest + size]
            for k in range(size):
                deviations[k] += abs(x[k] - mean[k])
        for k in range(size):
            deviation = deviations[k] / period
            gap = typical[first + k] - mean[k]
            nonzero = deviation > 0.0 and gap != 0.0
            out[first + k] = gap / (0.015 * deviation) if nonzero else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def place_in_range(top, bottom, close, flat, out):  # type: ignore[no-untyped-def]
    """Write ``100 (close - bottom) / (top - bottom)``, `flat` where there is no range."""
    for i in range(close.size):
        span = top[i] - bottom[i]
        out[i] = 100.0 * ((close[i] - bottom[i]) / span) if span != 0.0 else flat


@njit(cache=True, nogil=True, error_model="numpy")
def place_below_top(top, bottom, close, out):  # type: ignore[no-untyped-def]
    """Write ``-100 (top - close) / (top - bottom)``, 0 where there is no range."""
    for i in range(close.size):
        span = top[i] - bottom[i]
        out[i] = -100.0 * ((top[i] - close[i]) / span) if span != 0.0 else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def money_flow(typical, volume, up, down):  # type: ignore[no-untyped-def]
    """Write the money of bars whose typical price rose, and of those where it fell.

    Element `i` is bar `i + 1`: the first bar has no direction.
    """
    for i in range(1, typical.size):
        money = typical[i] * volume[i]
        change, noise = typical[i] - typical[i - 1], ROUNDING * abs(typical[i])
        up[i - 1] = money if change > noise else 0.0
        down[i - 1] = money if change < -noise else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def money_share(up, down, out):  # type: ignore[no-untyped-def]
    """Write ``100 up / (up + down)``, 50 where no money moved; NaN stays NaN."""
    for i in range(up.size):
        total = up[i] + down[i]
        out[i] = 100.0 * (up[i] / total) if total != 0.0 else 50.0
