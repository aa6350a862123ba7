"""Loops over quotes, trades and buckets: each is the recursion of its streaming class."""

from __future__ import annotations

import math

from numba import njit

TICK, QUOTE, LEE_READY, EMO, CLNV = range(5)
"""Rules of `classify`."""

SLACK = 1e-12
"""A bucket that misses less than this share of its volume is full (decimals in binary)."""


@njit(cache=True, nogil=True, error_model="numpy")
def ofi_events(bid_px, bid_sz, ask_px, ask_sz, out):  # type: ignore[no-untyped-def]
    """Write the order flow event of each quote change and level; row 0 is NaN."""
    rows, depth = bid_px.shape
    for level in range(depth):
        out[0, level] = math.nan
    for i in range(1, rows):
        for level in range(depth):
            bid, last_bid = bid_px[i, level], bid_px[i - 1, level]
            ask, last_ask = ask_px[i, level], ask_px[i - 1, level]
            event = 0.0
            if bid >= last_bid:
                event += bid_sz[i, level]
            if bid <= last_bid:
                event -= bid_sz[i - 1, level]
            sold = 0.0
            if ask <= last_ask:
                sold += ask_sz[i, level]
            if ask >= last_ask:
                sold -= ask_sz[i - 1, level]
            out[i, level] = event - sold


@njit(cache=True, nogil=True, error_model="numpy")
def quote_sign(px, bid, ask, tolerance):  # type: ignore[no-untyped-def]
    """Return 1 above the mid, -1 below, 0 at the mid or where the quote is crossed."""
    if ask < bid:
        return 0
    mid = 0.5 * (ask + bid)
    if px > mid + tolerance:
        return 1
    return -1 if px < mid - tolerance else 0


@njit(cache=True, nogil=True, error_model="numpy")
def classify(px, bid_px, ask_px, rule, tolerance, share, out):  # type: ignore[no-untyped-def]
    """Write the sign of each trade's aggressor by one of the five rules."""
    tick = 0
    for i in range(px.size):
        p = px[i]
        if i > 0 and p != px[i - 1]:
            tick = 1 if p > px[i - 1] else -1
        if rule == TICK:
            out[i] = tick
            continue
        bid, ask = bid_px[i], ask_px[i]
        sign = quote_sign(p, bid, ask, tolerance)
        if rule == QUOTE:
            out[i] = sign
        elif rule == LEE_READY:
            out[i] = sign if sign != 0 else tick
        elif rule == EMO:
            at_ask = abs(p - ask) <= tolerance
            at_bid = abs(p - bid) <= tolerance
            out[i] = sign if at_ask != at_bid else tick
        else:
            upper = (1.0 - share) * ask + share * bid - tolerance <= p and p <= ask + tolerance
            lower = bid - tolerance <= p and p <= share * ask + (1.0 - share) * bid + tolerance
            out[i] = sign if upper != lower else tick


@njit(cache=True, nogil=True, error_model="numpy")
def fill_buckets(share, qty, volume, imbalance):  # type: ignore[no-untyped-def]
    """Deal trades into buckets of `volume`, splitting them; return (full buckets, open fill)."""
    fill = 0.0
    buy = 0.0
    full = 0
    slack = SLACK * volume
    for i in range(qty.size):
        left = qty[i]
        room = volume - fill
        while left >= room - slack:
            buy = buy + share[i] * room
            imbalance[full] = abs(buy - (volume - buy)) / volume
            full += 1
            left = max(left - room, 0.0)
            fill = 0.0
            buy = 0.0
            room = volume
        fill += left
        buy += share[i] * left
    return full, fill


@njit(cache=True, nogil=True, error_model="numpy")
def trailing_mean(values, window, out):  # type: ignore[no-untyped-def]
    """Write the mean of the last `window` values, each summed afresh; NaN in the warm-up."""
    for i in range(values.size):
        if i + 1 < window:
            out[i] = math.nan
            continue
        total = 0.0
        for j in range(window):
            total += values[i - j]
        out[i] = total / window


@njit(cache=True, nogil=True, error_model="numpy")
def trailing_ratio(events, window, out):  # type: ignore[no-untyped-def]
    """Write the sum of the last `window` events over the sum of their sizes, 0 if they are 0.

    The first event is undefined, so that the first result is at index `window`.
    """
    for i in range(events.size):
        if i < window:
            out[i] = math.nan
            continue
        total = 0.0
        size = 0.0
        for j in range(window):
            total += events[i - j]
            size += abs(events[i - j])
        out[i] = total / size if size > 0.0 else 0.0
