"""One account over bars: a decision at a close becomes a fill at the next open."""

from __future__ import annotations

import math

from numba import njit

SLACK = 1e-9
"""Relative rounding that the test of buying power allows."""

# Slots of `costs`, the numbers that one run shares.
SKEW, FEE, BORROW, SIZE, LEVERAGE, BY_SHARE = 0, 1, 2, 3, 4, 5


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def order(want, pos, funds, px_open, costs):  # type: ignore[no-untyped-def]
    """Return new position, new cash, signed units, price, fee and whether it was refused.

    The price is the open moved by half the spread and the slippage against us. A position that
    the account cannot carry is refused; what it would have closed on its way is still closed.
    """
    fee_rate = costs[FEE]
    if costs[BY_SHARE] > 0.5:
        # Which side the order is on is known from the sign alone: a held share is not resized.
        buys = want > 0.0 or (want == 0.0 and pos < 0.0)
        px = px_open * (1.0 + costs[SKEW]) if buys else px_open * (1.0 - costs[SKEW])
        worth = funds + pos * px - fee_rate * abs(pos) * px
        units = want * costs[SIZE] * max(worth, 0.0) / (px * (1.0 + fee_rate))
    else:
        units = want * costs[SIZE]
        px = px_open * (1.0 + costs[SKEW]) if units > pos else px_open * (1.0 - costs[SKEW])
    refused = False
    if abs(units) > abs(pos) or units * pos < 0.0:
        worth = funds + pos * px - fee_rate * px * abs(units - pos)
        if not abs(units) * px <= costs[LEVERAGE] * worth * (1.0 + SLACK):
            refused = True
            units = 0.0 if units * pos < 0.0 else pos
    delta = units - pos
    fee = fee_rate * px * abs(delta)
    return units, funds - delta * px - fee, delta, px, fee, refused


@njit(cache=True, nogil=True, error_model="numpy")
def hold(px_close, low, high, funds, pos, paths):  # type: ignore[no-untyped-def]
    """Write the paths of bars in which nothing is traded and no loan is paid."""
    closes, equity = px_close[low:high], paths[0, low:high]
    for k in range(equity.size):
        equity[k] = funds + pos * closes[k]
    paths[1, low:high] = funds
    paths[2, low:high] = pos


@njit(cache=True, nogil=True, error_model="numpy")
def unchanged(signal, i, want):  # type: ignore[no-untyped-def]
    """Return the first bar from `i` on whose signal is another number than `want`."""
    n = signal.size
    while i < n and (signal[i] == want or math.isnan(signal[i])):
        i += 1
    return i


@njit(cache=True, nogil=True, error_model="numpy")
def simulate(bars, years, signal, costs, funds, at_close, paths, log, totals):  # type: ignore[no-untyped-def]
    """Run `signal` over (open, close) and write the paths, the fills and the totals.

    `paths` is (3, n): equity, cash, position; `log` (4, capacity): bar, units, price, fee;
    `totals` fees, borrow, refusals. Returns how many fills there were, which may be more than
    the log holds: then only the first are in it; ``-1 - i`` if signal i is infinite.
    """
    px_open, px_close = bars[0], bars[1]
    n, capacity, steady = px_close.size, log.shape[1], years.size == 1
    pos, want, held, fees, borrow = 0.0, 0.0, 0.0, 0.0, 0.0
    count, refusals, i = 0, 0, 0
    while i < n:
        if pos < 0.0 and i > 0:
            charge = costs[BORROW] * (years[0] if steady else years[i]) * -pos * px_close[i - 1]
            funds -= charge
            borrow += charge
        if at_close and not math.isnan(signal[i]):
            want = signal[i]
        if want != held:
            if math.isinf(want):
                return -1 - (i if at_close else i - 1)
            px_fill = px_close[i] if at_close else px_open[i]
            pos, funds, delta, px, fee, refused = order(want, pos, funds, px_fill, costs)
            held = want
            fees += fee
            refusals += refused
            if delta != 0.0:
                if count < capacity:
                    log[0, count], log[1, count] = i, delta
                    log[2, count], log[3, count] = px, fee
                count += 1
        paths[0, i] = funds + pos * px_close[i]
        paths[1, i] = funds
        paths[2, i] = pos
        if not at_close and not math.isnan(signal[i]):
            want = signal[i]
        i += 1
        if want == held and not (pos < 0.0 and costs[BORROW] > 0.0):
            # Up to the next change nothing happens; at the close of bar `found` it is decided.
            found = unchanged(signal, i, want)
            end = found if at_close else min(found + 1, n)
            hold(px_close, i, end, funds, pos, paths)
            if not at_close and found < n:
                want = signal[found]
            i = end
    totals[0], totals[1], totals[2] = fees, borrow, refusals
    return count
