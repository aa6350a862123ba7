"""One replay: the venue's time and the strategy's time over the same rows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from rf_backtest.compiled._kernels.book import ASK_PX, ASK_QTY, BID_PX, BID_QTY, apply
from rf_backtest.compiled._kernels.desk import (
    CASH,
    FREE,
    MADE,
    OPEN,
    POSITION,
    SENT,
    WORKING,
)
from rf_backtest.compiled._kernels.options import BODY, INLINED, LEAN
from rf_backtest.compiled._kernels.venue import ACK, DONE, FULL, RESTING, arrive, on_row
from rf_backtest.compiled._kernels.venue import CASH as VENUE_CASH
from rf_backtest.compiled._kernels.venue import POS as VENUE_POS

ENTRY, ANSWER, JITTER, SEED = 0, 1, 2, 3
"""Slots of `timing`: nanoseconds to the venue, back, largest random addition, seed."""
STEPS, SENT_REQUESTS = 0, 1
"""Slots of `counts`."""


class Rows(NamedTuple):
    """Market data: one row a quote side, level or print; `last` ends a message."""

    ts_exchange: np.ndarray
    ts_local: np.ndarray
    kind: np.ndarray
    side: np.ndarray
    px: np.ndarray
    qty: np.ndarray
    last: np.ndarray


@njit(**INLINED)
def draw(seed, number):  # type: ignore[no-untyped-def]
    """Return a uniform number in [0, 1) of a seed and a count; splitmix64."""
    z = np.uint64(seed) + np.uint64(number + 1) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return np.float64(z >> np.uint64(11)) * 2.0**-53


@njit(**LEAN)
def tell(desk, row):  # type: ignore[no-untyped-def]
    """Bring one answer to the strategy's desk."""
    kind, slot, qty, px = row[1], row[2], row[3], row[4]
    if kind == ACK:
        if desk.status[slot] == SENT:
            desk.status[slot] = OPEN
        return
    if qty > 0:
        desk.left[slot] -= qty
        desk.numbers[POSITION] += desk.side[slot] * qty
        desk.numbers[CASH] -= desk.side[slot] * px * qty
    if kind >= DONE - 1:
        desk.status[slot] = FREE
        desk.numbers[WORKING] -= 1


@njit(**LEAN)
def depart(desk, inflight, ring, now, timing, counts):  # type: ignore[no-untyped-def]
    """Put the requests of a step on their way; they travel in order. Return False if too many."""
    size = inflight.shape[0]
    for k in range(desk.numbers[MADE]):
        if ring[1] - ring[0] >= size:
            return False
        due = now + timing[ENTRY]
        if timing[JITTER] > 0:
            due += int(draw(timing[SEED], counts[SENT_REQUESTS]) * timing[JITTER])
        due = max(due, ring[2])
        ring[2] = due
        row, request = inflight[ring[1] % size], desk.requests[k]
        row[0] = due
        for j in range(5):
            row[j + 1] = request[j]
        ring[1] += 1
        counts[SENT_REQUESTS] += 1
    desk.numbers[MADE] = 0
    return True


@njit(**LEAN)
def deliver(venue, inflight, ring, base, until, lag, deep):  # type: ignore[no-untyped-def]
    """Let requests that are due by `until` arrive at the venue."""
    size = inflight.shape[0]
    while ring[0] < ring[1] and inflight[ring[0] % size, 0] <= until:
        arrive(venue, base, inflight[ring[0] % size], lag, deep)
        ring[0] += 1


@njit(**LEAN)
def hear(desk, venue, now):  # type: ignore[no-untyped-def]
    """Let answers that have arrived by `now` reach the desk."""
    ring, size = venue.ring, venue.answers.shape[0]
    while ring[0] < ring[1] and venue.answers[ring[0] % size, 0] <= now:
        tell(desk, venue.answers[ring[0] % size])
        ring[0] += 1


@njit(**LEAN)
def sample(book, venue, points, at):  # type: ignore[no-untyped-def]
    """Write mid (ticks), position, cash and fees as they stand; no mid where a side is empty."""
    top = book.top
    both = top[BID_QTY] > 0 and top[ASK_QTY] > 0
    points[0, at] = 0.5 * (top[BID_PX] + top[ASK_PX]) if both else np.nan
    points[1, at] = venue.books[VENUE_POS]
    points[2, at] = venue.books[VENUE_CASH]
    points[3, at] = venue.fees[0]


@njit(**BODY)
def replay(step, rows, deep, book, desk, venue, work, state, params, grid, points):  # type: ignore[no-untyped-def]
    """Run `step` over the rows; return 0, or 1 when more is in flight than there is room for.

    At each row's local time the venue has seen every row of its own time up to then, requests
    arrive at the venue before later rows, answers reach the desk, then the row reaches the
    strategy's book. After the last row of a message the strategy steps.
    """
    inflight, ring, timing, counts, event = work
    base = book.base
    n, at, points_wanted = rows.ts_local.size, 0, grid.size
    lag = timing[ANSWER]
    e = 0
    for i in range(n):
        now = rows.ts_local[i]
        while at < points_wanted and grid[at] < now:
            sample(book, venue, points, at)
            at += 1
        while e < n and rows.ts_exchange[e] <= now:
            ts = rows.ts_exchange[e]
            if ring[0] < ring[1]:
                deliver(venue, inflight, ring, base, ts - 1, lag, deep)
            kind, side, px, qty = rows.kind[e], rows.side[e], rows.px[e], rows.qty[e]
            if venue.books[RESTING] > 0:
                qty = on_row(venue, base, ts, lag, kind, side, px, qty)
            apply(venue.bids, venue.asks, venue.top, base, kind, side, px, qty, deep)
            e += 1
        if ring[0] < ring[1]:
            deliver(venue, inflight, ring, base, now, lag, deep)
        if venue.ring[0] < venue.ring[1]:
            hear(desk, venue, now)
        kind, side, px, qty = rows.kind[i], rows.side[i], rows.px[i], rows.qty[i]
        apply(book.bids, book.asks, book.top, base, kind, side, px, qty, deep)
        if rows.last[i] == 0:
            continue
        event[0], event[1], event[2] = now, rows.ts_exchange[i], kind
        event[3], event[4], event[5] = side, px, qty
        step(state, params, event, book, desk)
        counts[STEPS] += 1
        if desk.numbers[MADE] > 0 and not depart(desk, inflight, ring, now, timing, counts):
            return 1
        if venue.books[FULL] != 0:
            return 1
    while at < points_wanted:
        sample(book, venue, points, at)
        at += 1
    return 0
