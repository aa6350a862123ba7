"""Recursions over bars: exponential averages, Wilder's averages, running totals.

A recursion waits for its own last result, which is most of its time. Long series are therefore
cut into four parts that advance together; each but the first starts some hundred bars early
from a guess that the recursion forgets. Where a part did not begin with exactly the number the
part before ended with, it is done again from there, so the bits never depend on the cut.
"""

from __future__ import annotations

import math

from numba import njit

PARTS = 4
FORGET = 32
"""Bars, in periods, after which a guess has faded below the last bit: exp(-2 FORGET) of it."""


@njit(cache=True, nogil=True, error_model="numpy")
def _follow(x, first, k, warm, out):  # type: ignore[no-untyped-def]
    """Write ``out[i] = out[i - 1] + k (x[i] - out[i - 1])`` for ``i > first``."""
    n = x.size
    start = first + 1
    a = out[first]
    size = (n - start) // PARTS
    if size > 2 * warm:
        b = x[start + size - warm - 1]
        c = x[start + 2 * size - warm - 1]
        d = x[start + 3 * size - warm - 1]
        for i in range(start - warm, start):
            b = b + k * (x[i + size] - b)
            c = c + k * (x[i + 2 * size] - c)
            d = d + k * (x[i + 3 * size] - d)
        for i in range(start, start + size):
            a = a + k * (x[i] - a)
            b = b + k * (x[i + size] - b)
            c = c + k * (x[i + 2 * size] - c)
            d = d + k * (x[i + 3 * size] - d)
            out[i], out[i + size], out[i + 2 * size], out[i + 3 * size] = a, b, c, d
        end = start + PARTS * size
        for part in range(1, PARTS):
            a = out[start + part * size - 1]
            for i in range(start + part * size, end):
                a = a + k * (x[i] - a)
                if a == out[i]:
                    break
                out[i] = a
        start, a = end, out[end - 1]
    for i in range(start, n):
        a = a + k * (x[i] - a)
        out[i] = a


@njit(cache=True, nogil=True, error_model="numpy")
def ema(x, period, out):  # type: ignore[no-untyped-def]
    """Write ``e += k (x - e)``, k = 2 / (period + 1), seeded with the mean of `period` values."""
    first = period - 1
    for i in range(min(first, x.size)):
        out[i] = math.nan
    if first >= x.size:
        return
    total = 0.0
    for i in range(period):
        total += x[i]
    out[first] = total / period
    _follow(x, first, 2.0 / (period + 1.0), FORGET * period, out)


@njit(cache=True, nogil=True, error_model="numpy")
def wilder(x, period, out):  # type: ignore[no-untyped-def]
    """Write ``w += (x - w) / period`` over ``x[1:]``, seeded with the mean of `period` values."""
    for i in range(min(period, x.size)):
        out[i] = math.nan
    if period >= x.size:
        return
    total = 0.0
    for i in range(1, period + 1):
        total += x[i]
    out[period] = total / period
    _follow(x, period, 1.0 / period, 2 * FORGET * period, out)


@njit(cache=True, nogil=True, error_model="numpy")
def _macd_run(x, start, end, k, state, lines):  # type: ignore[no-untyped-def]
    """Advance the three averages over ``start <= i < end`` and return them."""
    line, signal, histogram = lines
    kf, ks, kg = k
    fast, slow, mean = state
    for i in range(start, end):
        fast = fast + kf * (x[i] - fast)
        slow = slow + ks * (x[i] - slow)
        gap = fast - slow
        mean = mean + kg * (gap - mean)
        line[i], signal[i], histogram[i] = gap, mean, gap - mean
    return fast, slow, mean


@njit(cache=True, nogil=True, error_model="numpy")
def macd(x, periods, skip, line, signal, histogram):  # type: ignore[no-untyped-def]
    """Write fast EMA - slow EMA, its EMA, and the difference of the two.

    The fast average leaves out the first `skip` values. Warm-up positions of each output are
    NaN until it exists.
    """
    n = x.size
    fast_period, slow_period, signal_period = periods
    for i in range(min(n, slow_period + signal_period - 2)):
        line[i] = signal[i] = histogram[i] = math.nan
    if n < slow_period:
        return
    k = (2.0 / (fast_period + 1.0), 2.0 / (slow_period + 1.0), 2.0 / (signal_period + 1.0))
    fast = slow = mean = 0.0
    for i in range(slow_period):
        slow += x[i]
        if i >= skip:
            seen = i - skip + 1
            if seen < fast_period:
                fast += x[i]
            elif seen == fast_period:
                fast = (fast + x[i]) / fast_period
            else:
                fast = fast + k[0] * (x[i] - fast)
    slow /= slow_period
    # The line exists from here on, its average only after `signal_period` values of it.
    first = slow_period + signal_period - 2
    for i in range(slow_period - 1, min(first + 1, n)):
        if i >= slow_period:
            fast = fast + k[0] * (x[i] - fast)
            slow = slow + k[1] * (x[i] - slow)
        line[i] = fast - slow
        mean += line[i]
    if first >= n:
        return
    mean /= signal_period
    signal[first], histogram[first] = mean, line[first] - mean
    start = first + 1
    state = (fast, slow, mean)
    lines = (line, signal, histogram)
    size = (n - start) // 2
    warm = FORGET * (slow_period + signal_period)
    if size > 2 * warm:
        other = start + size
        guess = x[other - warm - 1]
        early = _macd_run(x, other - warm, other, k, (guess, guess, 0.0), lines)
        state, late = _macd_pair(x, start, size, k, state, early, lines)
        if state == early:
            state = late
            start += size
        start += size
    _macd_run(x, start, n, k, state, lines)


@njit(cache=True, nogil=True, error_model="numpy")
def _macd_pair(x, start, size, k, state, other, lines):  # type: ignore[no-untyped-def]
    """Advance two stretches of `size` bars, the second `size` bars after the first."""
    line, signal, histogram = lines
    kf, ks, kg = k
    fast, slow, mean = state
    fast2, slow2, mean2 = other
    for i in range(start, start + size):
        fast = fast + kf * (x[i] - fast)
        slow = slow + ks * (x[i] - slow)
        gap = fast - slow
        mean = mean + kg * (gap - mean)
        line[i], signal[i], histogram[i] = gap, mean, gap - mean
        j = i + size
        fast2 = fast2 + kf * (x[j] - fast2)
        slow2 = slow2 + ks * (x[j] - slow2)
        gap = fast2 - slow2
        mean2 = mean2 + kg * (gap - mean2)
        line[j], signal[j], histogram[j] = gap, mean2, gap - mean2
    return (fast, slow, mean), (fast2, slow2, mean2)


@njit(cache=True, nogil=True, error_model="numpy")
def _rsi_run(px, start, end, k, state, out):  # type: ignore[no-untyped-def]
    """Advance the average gain and loss over ``start <= i < end`` and return them."""
    decay, weight = k
    gain, loss = state
    for i in range(start, end):
        change = px[i] - px[i - 1]
        gain = gain * decay + max(change, 0.0) * weight
        loss = loss * decay + max(-change, 0.0) * weight
        total = gain + loss
        out[i] = 100.0 * (gain / total) if total > 0.0 else 50.0
    return gain, loss


@njit(cache=True, nogil=True, error_model="numpy")
def _rsi_pair(px, start, size, k, state, other, out):  # type: ignore[no-untyped-def]
    """Advance two stretches of `size` bars, the second `size` bars after the first."""
    decay, weight = k
    gain, loss = state
    gain2, loss2 = other
    for i in range(start, start + size):
        change = px[i] - px[i - 1]
        change2 = px[i + size] - px[i + size - 1]
        gain = gain * decay + max(change, 0.0) * weight
        gain2 = gain2 * decay + max(change2, 0.0) * weight
        loss = loss * decay + max(-change, 0.0) * weight
        loss2 = loss2 * decay + max(-change2, 0.0) * weight
        total = gain + loss
        total2 = gain2 + loss2
        out[i] = 100.0 * (gain / total) if total > 0.0 else 50.0
        out[i + size] = 100.0 * (gain2 / total2) if total2 > 0.0 else 50.0
    return (gain, loss), (gain2, loss2)


@njit(cache=True, nogil=True, error_model="numpy")
def rsi(px, period, out):  # type: ignore[no-untyped-def]
    """Write ``100 gain / (gain + loss)`` of Wilder's average gain and loss; 50 without either."""
    n = px.size
    for i in range(min(period, n)):
        out[i] = math.nan
    if n <= period:
        return
    gain = loss = 0.0
    for i in range(1, period + 1):
        change = px[i] - px[i - 1]
        gain += max(change, 0.0)
        loss += max(-change, 0.0)
    gain /= period
    loss /= period
    total = gain + loss
    out[period] = 100.0 * (gain / total) if total > 0.0 else 50.0
    k = ((period - 1) / period, 1.0 / period)
    state = (gain, loss)
    start = period + 1
    size = (n - start) // 2
    warm = 2 * FORGET * period
    if size > 2 * warm:
        other = start + size
        early = _rsi_run(px, other - warm, other, k, state, out)
        state, late = _rsi_pair(px, start, size, k, state, early, out)
        if state == early:
            state = late
            start += size
        start += size
    _rsi_run(px, start, n, k, state, out)
