"""Many parameter sets over the same bars: blocks of bars stay in the cache, sets take turns."""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from rf_backtest.compiled._kernels.account import BORROW, order
from rf_backtest.compiled._kernels.scores import (
    BLOCK,
    FLAT,
    LONG,
    SHORT,
    ask,
    await_cross,
    fill_block,
    side_of,
)

# Slots of a set's state between two blocks.
POS, FUNDS, WANT, HELD, EQUITY, PEAK, FLOOR = 0, 1, 2, 3, 4, 5, 6
DEPTH, SUM, SUM2, FEES, PAID, FILLS, REFUSED, TURNOVER, BARS_IN = 7, 8, 9, 10, 11, 12, 13, 14, 15
WAITING = 16
SLOTS = 17

CHUNK = 64
"""Bars whose equity is compared with peak and floor together."""
EVERY_BYTE, NOTHING = np.uint64(0x0101010101010101), np.uint64(0)


@njit(cache=True, nogil=True, error_model="numpy")
def next_change(asked, words, k, size, want):  # type: ignore[no-untyped-def]
    """Return the first bar from `k` on that asks for another position than `want`.

    `words` are the same bytes, eight bars at a time.
    """
    others = np.uint8(7 - (FLAT if want == 0.0 else LONG if want > 0.0 else SHORT))
    mask = np.uint64(others) * EVERY_BYTE
    while k < size and k % 8 != 0:
        if asked[k] & others:
            return k
        k += 1
    w, whole = k // 8, size // 8
    while w < whole and words[w] & mask == NOTHING:
        w += 1
    for j in range(max(k, w * 8), size):
        if asked[j] & others:
            return j
    return size


@njit(cache=True, nogil=True, error_model="numpy")
def hold(px_close, start, k, end, pos, state, borrow, years, worth):  # type: ignore[no-untyped-def]
    """Write the equity of bars in which nothing is traded; the loan of a short is paid."""
    funds = state[FUNDS]
    if pos < 0.0 and borrow > 0.0:
        steady = years.size == 1
        for j in range(k, end):
            i = start + j
            dt = years[0] if steady else years[i]
            charge = borrow * dt * -pos * px_close[i - 1] if i > 0 else 0.0
            funds -= charge
            state[PAID] += charge
            worth[j + 1] = funds + pos * px_close[i]
        state[FUNDS] = funds
    else:
        closes = px_close[start + k : start + end]
        values = worth[k + 1 : end + 1]
        for j in range(closes.size):
            values[j] = funds + pos * closes[j]
    if pos != 0.0:
        state[BARS_IN] += end - k


@njit(cache=True, nogil=True, error_model="numpy")
def trade(px_open, px_close, i, costs, years, state):  # type: ignore[no-untyped-def]
    """Turn the waiting decision into a fill at the open of bar `i`; return the equity there."""
    pos, funds = state[POS], state[FUNDS]
    if pos < 0.0 and i > 0:
        charge = costs[BORROW] * (years[0] if years.size == 1 else years[i])
        charge = charge * -pos * px_close[i - 1]
        funds -= charge
        state[PAID] += charge
    pos, funds, delta, px, fee, refused = order(state[WANT], pos, funds, px_open[i], costs)
    state[POS], state[FUNDS], state[HELD] = pos, funds, state[WANT]
    state[FEES] += fee
    state[TURNOVER] += abs(delta) * px
    state[REFUSED] += 1.0 if refused else 0.0
    state[FILLS] += 1.0 if delta != 0.0 else 0.0
    state[BARS_IN] += 1.0 if pos != 0.0 else 0.0
    return funds + pos * px_close[i]


@njit(cache=True, nogil=True, error_model="numpy")
def advance(bars, years, start, asked, words, size, costs, state, worth, gains):  # type: ignore[no-untyped-def]
    """Carry one set through one block: first the account, then the statistics of its equity."""
    px_open, px_close = bars[0], bars[1]
    k = 0
    while k < size:
        if state[WANT] != state[HELD]:
            worth[k + 1] = trade(px_open, px_close, start + k, costs, years, state)
            state[WANT] = side_of(asked[k], state[WANT])
            k += 1
            continue
        found = next_change(asked, words, k, size, state[WANT])
        end = min(found + 1, size)
        hold(px_close, start, k, end, state[POS], state, costs[BORROW], years, worth)
        if found < size:
            state[WANT] = side_of(asked[found], state[WANT])
        k = end
    measure(size, state, worth, gains)


@njit(cache=True, nogil=True, error_model="numpy")
def measure(size, state, worth, gains):  # type: ignore[no-untyped-def]
    """Add a block of equity to sums of returns, peak and deepest drawdown."""
    worth[0] = state[EQUITY]
    before, after, out = worth[:size], worth[1 : size + 1], gains[:size]
    for k in range(out.size):
        out[k] = after[k] / before[k] - 1.0
    a = b = c = d = 0.0
    e = f = g = h = 0.0
    whole = size - size % 4
    for k in range(0, whole, 4):
        r0, r1, r2, r3 = gains[k], gains[k + 1], gains[k + 2], gains[k + 3]
        a, b, c, d = a + r0, b + r1, c + r2, d + r3
        e, f, g, h = e + r0 * r0, f + r1 * r1, g + r2 * r2, h + r3 * r3
    for k in range(whole, size):
        a += gains[k]
        e += gains[k] * gains[k]
    state[SUM] += (a + b) + (c + d)
    state[SUM2] += (e + f) + (g + h)
    for k in range(0, size, CHUNK):
        deepen(worth[k + 1 : min(k + CHUNK, size) + 1], state)
    state[EQUITY] = worth[size]


@njit(cache=True, nogil=True, error_model="numpy")
def deepen(values, state):  # type: ignore[no-untyped-def]
    """Move peak and drawdown; values that are all between floor and peak change neither."""
    peak, floor, depth = state[PEAK], state[FLOOR], state[DEPTH]
    outside = 0
    for k in range(values.size):
        outside += (values[k] > peak) | (values[k] < floor)
    if outside == 0:
        return
    for k in range(values.size):
        value = values[k]
        if value > peak:
            peak = value
            floor = peak * (1.0 - depth)
        elif value < floor:
            depth = 1.0 - value / peak
            floor = value
    state[PEAK], state[FLOOR], state[DEPTH] = peak, floor, depth


@njit(cache=True, nogil=True, error_model="numpy")
def run_share(bars, years, family, windows, rules, long_only, costs, low, high, states):  # type: ignore[no-untyped-def]
    """Run the sets from `low` to `high` over all bars."""
    px_close = bars[1]
    n = px_close.size
    table = np.empty((windows.size, BLOCK))
    carried = np.zeros(windows.size)
    worth, gains = np.empty(BLOCK + 1), np.empty(BLOCK)
    asked = np.zeros(BLOCK, np.uint8)
    words = asked.view(np.uint64)
    for start in range(0, n, BLOCK):
        end = min(start + BLOCK, n)
        fill_block(px_close, start, end, family, windows, carried, table)
        for p in range(low, high):
            ask(table, rules[p], long_only, end - start, asked)
            size, state = end - start, states[p]
            if state[WAITING] != 0.0:
                state[WAITING] = await_cross(asked, size, state[WAITING])
            advance(bars, years, start, asked, words, size, costs, state, worth, gains)


@njit(cache=True, nogil=True, error_model="numpy", parallel=True)
def run_together(bars, years, family, windows, rules, long_only, costs, shares, states):  # type: ignore[no-untyped-def]
    """The same in `shares` parts side by side; a set's numbers do not depend on its part."""
    sets = rules.shape[0]
    for s in prange(shares):
        low, high = s * sets // shares, (s + 1) * sets // shares
        run_share(bars, years, family, windows, rules, long_only, costs, low, high, states)
