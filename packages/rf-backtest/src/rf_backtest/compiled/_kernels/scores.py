"""Scores of bars, a block at a time, and the rule that turns a score into a position.

Sums are formed anew at each block, so that a block's numbers depend on its own bars and on the
windows before them, never on how many bars came earlier or on which thread works.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

BLOCK = 2048
"""Bars of a block; one row of scores is 16 KiB."""

MEAN, EMA, ZSCORE, RETURN = 0, 1, 2, 3
LONG, SHORT, FLAT = 1, 2, 4


@njit(cache=True, nogil=True, error_model="numpy")
def means(x, start, end, window, out):  # type: ignore[no-untyped-def]
    total = 0.0
    for j in range(max(start - window, 0), start):
        total += x[j]
    for i in range(start, min(end, window)):
        total += x[i]
        out[i - start] = total / window if i == window - 1 else math.nan
    for i in range(max(start, window), end):
        total += x[i] - x[i - window]
        out[i - start] = total / window


@njit(cache=True, nogil=True, error_model="numpy")
def average(x, low, high, start, span, level, row):  # type: ignore[no-untyped-def]
    """Carry one average from bar `low` to `high`; while it warms up, `level` is a sum."""
    for i in range(low, min(high, span)):
        level += x[i]
        row[i - start] = math.nan
        if i == span - 1:
            level /= span
            row[i - start] = level
    weight = 2.0 / (span + 1.0)
    for i in range(max(low, span), high):
        level += weight * (x[i] - level)
        row[i - start] = level
    return level


@njit(cache=True, nogil=True, error_model="numpy")
def averages(x, start, end, spans, carried, table):  # type: ignore[no-untyped-def]
    """Exponential averages with weight 2 / (span + 1), seeded with the mean of the first `span`.

    Two at a time once both are warm, since each waits for its own last value.
    """
    rows = spans.size
    for w in range(0, rows - 1, 2):
        both = min(max(start, spans[w], spans[w + 1]), end)
        row, other = table[w], table[w + 1]
        first = average(x, start, both, start, spans[w], carried[w], row)
        second = average(x, start, both, start, spans[w + 1], carried[w + 1], other)
        a, b = 2.0 / (spans[w] + 1.0), 2.0 / (spans[w + 1] + 1.0)
        for i in range(both, end):
            value = x[i]
            first += a * (value - first)
            second += b * (value - second)
            row[i - start] = first
            other[i - start] = second
        carried[w], carried[w + 1] = first, second
    if rows % 2 == 1:
        w = rows - 1
        carried[w] = average(x, start, end, start, spans[w], carried[w], table[w])


@njit(cache=True, nogil=True, error_model="numpy")
def zscores(x, start, end, window, out):  # type: ignore[no-untyped-def]
    """Distance from the window's mean in its standard deviations (ddof 0); NaN if it is flat."""
    anchor = x[start]
    first, second = 0.0, 0.0
    for j in range(max(start - window, 0), start):
        gap = x[j] - anchor
        first += gap
        second += gap * gap
    for i in range(start, end):
        gap = x[i] - anchor
        first += gap
        second += gap * gap
        if i >= window:
            left = x[i - window] - anchor
            first -= left
            second -= left * left
        out[i - start] = math.nan
        if i >= window - 1:
            mean = first / window
            var = second / window - mean * mean
            if var > 1e-14 * (mean * mean + anchor * anchor * 1e-6):
                out[i - start] = (gap - mean) / math.sqrt(var)


@njit(cache=True, nogil=True, error_model="numpy")
def returns(x, start, end, window, out):  # type: ignore[no-untyped-def]
    for i in range(start, end):
        out[i - start] = x[i] / x[i - window] - 1.0 if i >= window else math.nan


@njit(cache=True, nogil=True, error_model="numpy")
def fill_block(x, start, end, family, windows, carried, table):  # type: ignore[no-untyped-def]
    """Write one row of `table` for each window."""
    if family == EMA:
        averages(x, start, end, windows, carried, table)
        return
    for w in range(windows.size):
        row = table[w]
        if family == MEAN:
            means(x, start, end, windows[w], row)
        elif family == ZSCORE:
            zscores(x, start, end, windows[w], row)
        else:
            returns(x, start, end, windows[w], row)


@njit(cache=True, nogil=True, error_model="numpy")
def ask(table, rule, long_only, size, asked):  # type: ignore[no-untyped-def]
    """Write for each bar, as bits, the position its score asks for; 0 where it asks for none.

    `rule` holds row, second row or -1, sign, entry, leave, and whether it is a cross. A score
    beyond `entry` asks for the side of `sign`, below ``-entry`` for the other, within `leave`
    for no position. In between, and where it is NaN, the position stays as it is. The score of
    two rows is their difference as a fraction of the second.
    """
    a, b = int(rule[0]), int(rule[1])
    entry, leave = rule[3], rule[4]
    above = np.uint8(LONG if rule[2] > 0.0 else SHORT)
    below = np.uint8(SHORT if rule[2] > 0.0 else LONG)
    if long_only:
        above = np.uint8(FLAT) if above == SHORT else above
        below = np.uint8(FLAT) if below == SHORT else below
    nothing, flat = np.uint8(0), np.uint8(FLAT)
    first, out = table[a][:size], asked[:size]
    if b < 0:
        for k in range(out.size):
            score = first[k]
            high = above if score > entry else nothing
            low = below if score < -entry else nothing
            near = flat if abs(score) <= leave else nothing
            out[k] = high | low | near
    else:
        second = table[b][:size]
        for k in range(out.size):
            gap = first[k] - second[k]
            edge = entry * second[k]
            high = above if gap > edge else nothing
            low = below if gap < -edge else nothing
            out[k] = high | low


@njit(cache=True, nogil=True, error_model="numpy")
def await_cross(asked, size, waiting):  # type: ignore[no-untyped-def]
    """Blank what is asked for before the first cross; return what is then still waited for.

    `waiting` is -1 before there is a side, then the bits of the first side, 0 after a cross.
    """
    for k in range(size):
        bits = asked[k]
        if bits != 0:
            if waiting < 0.0:
                waiting = float(bits)
            elif bits != waiting:
                return 0.0
            asked[k] = 0
    return waiting


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def side_of(bits, want):  # type: ignore[no-untyped-def]
    """Return the position that the bits ask for, `want` where they ask for none."""
    if bits == 0:
        return want
    if bits & FLAT:
        return 0.0
    return 1.0 if bits & LONG else -1.0


@njit(cache=True, nogil=True, error_model="numpy")
def signal(x, family, windows, rule, long_only, out):  # type: ignore[no-untyped-def]
    """Write the position that one rule asks for at each close.

    `rule` is that of `ask`.
    """
    table = np.empty((windows.size, BLOCK))
    carried = np.zeros(windows.size)
    asked = np.empty(BLOCK, np.uint8)
    want, waiting = 0.0, -rule[5]
    for start in range(0, x.size, BLOCK):
        end = min(start + BLOCK, x.size)
        fill_block(x, start, end, family, windows, carried, table)
        ask(table, rule, long_only, end - start, asked)
        if waiting != 0.0:
            waiting = await_cross(asked, end - start, waiting)
        for k in range(end - start):
            want = side_of(asked[k], want)
            out[start + k] = want
