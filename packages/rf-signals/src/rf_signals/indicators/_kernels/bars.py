"""Bars with high, low, close and volume: ranges, directions, running totals, checks."""

from __future__ import annotations

import math

from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
def all_finite(x):  # type: ignore[no-untyped-def]
    """Tell whether no value is NaN or infinite."""
    bad = 0
    for i in range(x.size):
        bad += not abs(x[i]) < math.inf
    return bad == 0


@njit(cache=True, nogil=True, error_model="numpy")
def all_ordered(low, high):  # type: ignore[no-untyped-def]
    """Tell whether no low is above its high."""
    bad = 0
    for i in range(low.size):
        bad += low[i] > high[i]
    return bad == 0


@njit(cache=True, nogil=True, error_model="numpy")
def typical(high, low, close, out):  # type: ignore[no-untyped-def]
    """Write ``(high + low + close) / 3``."""
    for i in range(close.size):
        out[i] = (high[i] + low[i] + close[i]) / 3.0


@njit(cache=True, nogil=True, error_model="numpy")
def true_range(high, low, close, out):  # type: ignore[no-untyped-def]
    """Write ``max(high - low, |high - last close|, |low - last close|)``; the first is NaN."""
    for i in range(min(1, close.size)):
        out[i] = math.nan
    for i in range(1, close.size):
        last = close[i - 1]
        out[i] = max(high[i] - low[i], abs(high[i] - last), abs(low[i] - last))


@njit(cache=True, nogil=True, error_model="numpy")
def adx(high, low, close, period, out, plus_di, minus_di):  # type: ignore[no-untyped-def]
    """Write Wilder's directional indicators and the average of their relative distance.

    Sums of movement and range decay by ``1 - 1 / period``; a bar without range or direction
    leaves indicators and index as they are.
    """
    n = close.size
    plus_sum = minus_sum = range_sum = dx_sum = 0.0
    index = plus = minus = math.nan
    for i in range(min(1, n)):
        out[i] = plus_di[i] = minus_di[i] = math.nan
    for i in range(1, n):
        up, down = high[i] - high[i - 1], low[i - 1] - low[i]
        last = close[i - 1]
        reach = max(high[i] - low[i], abs(high[i] - last), abs(low[i] - last))
        keep = 1.0 - 1.0 / period if i >= period else 1.0
        plus_sum = plus_sum * keep + (up if up > down and up > 0.0 else 0.0)
        minus_sum = minus_sum * keep + (down if down > up and down > 0.0 else 0.0)
        range_sum = range_sum * keep + reach
        if i >= period:
            directed = False
            if range_sum > 0.0:
                plus = 100.0 * (plus_sum / range_sum)
                minus = 100.0 * (minus_sum / range_sum)
                directed = plus + minus > 0.0
            dx = 100.0 * (abs(minus - plus) / (plus + minus)) if directed else 0.0
            if i < 2 * period - 1:
                dx_sum += dx
            elif i == 2 * period - 1:
                index = (dx_sum + dx) / period
            elif directed:
                index = (index * (period - 1) + dx) / period
        out[i], plus_di[i], minus_di[i] = index, plus, minus


@njit(cache=True, nogil=True, error_model="numpy")
def vwap(px, volume, out):  # type: ignore[no-untyped-def]
    """Write the running mean of `px` weighted with `volume`; NaN before any volume."""
    total = 0.0
    value = math.nan
    for i in range(px.size):
        if volume[i] > 0.0:
            empty = total == 0.0
            total += volume[i]
            value = px[i] if empty else value + (px[i] - value) * (volume[i] / total)
        out[i] = value


@njit(cache=True, nogil=True, error_model="numpy")
def obv(close, volume, out):  # type: ignore[no-untyped-def]
    """Write the running volume: added when the close rises, taken away when it falls."""
    balance = 0.0
    for i in range(close.size):
        change = close[i] - close[i - 1] if i > 0 else 1.0
        # No branch on the sign: it is a coin toss, and a processor guesses it wrongly.
        balance += math.copysign(volume[i], change) if change != 0.0 else 0.0
        out[i] = balance


@njit(cache=True, nogil=True, error_model="numpy")
def roc(px, period, out):  # type: ignore[no-untyped-def]
    """Write ``100 (px / past - 1)``; NaN in the warm-up and where the past price is 0."""
    for i in range(px.size):
        past = px[i - period] if i >= period else 0.0
        out[i] = (px[i] / past - 1.0) * 100.0 if past != 0.0 else math.nan
