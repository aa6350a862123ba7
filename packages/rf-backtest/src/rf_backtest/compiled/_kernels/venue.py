"""The venue's side: requests that arrive, resting orders, their place in the queue, fills."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from rf_backtest.compiled._kernels.book import (
    ASK_PX,
    BID_PX,
    CLEAR,
    DEPTH,
    NO_ASK,
    NO_BID,
    TOP,
    TRADE,
    set_ask,
    set_bid,
)
from rf_backtest.compiled._kernels.desk import CANCEL, IOC, MARKET, POST
from rf_backtest.compiled._kernels.options import INLINED, LEAN

UNKNOWN = -1.0
"""Volume ahead that nobody has shown: a price behind the best where only the best is told."""

BEHIND, UNIFORM, LOGARITHM, POWER = 0, 1, 2, 3
"""Where cancelled volume stood: behind us, or ahead with a probability from f(x) of both parts."""

ACK, FILL, FINAL, DONE = 1, 2, 3, 4
"""Answers: it rests, a part is filled, the last part is filled, it is gone."""

# Slots of `books`, the account as the venue has it.
POS, CASH, FILLS, REFUSED, RESTING, OWN_BID, OWN_ASK, FULL = 0, 1, 2, 3, 4, 5, 6, 7
LOW_BID, HIGH_ASK = 8, 9
# Slots of `rates`.
MAKER, TAKER, QUEUE, EXPONENT = 0, 1, 2, 3


class Venue(NamedTuple):
    """Arrays of one venue; orders by slot, `line` the slots of resting ones as they arrived."""

    bids: np.ndarray
    asks: np.ndarray
    top: np.ndarray
    side: np.ndarray
    px: np.ndarray
    left: np.ndarray
    traded: np.ndarray
    front: np.ndarray
    line: np.ndarray
    books: np.ndarray
    fees: np.ndarray
    rates: np.ndarray
    log: np.ndarray
    log_fees: np.ndarray
    answers: np.ndarray
    ring: np.ndarray


@njit(**LEAN)
def answer(venue, due, kind, slot, qty, px):  # type: ignore[no-untyped-def]
    """Put an answer on its way; answers travel in order."""
    head, tail = venue.ring[0], venue.ring[1]
    size = venue.answers.shape[0]
    if tail - head >= size:
        venue.books[FULL] = 1
        return
    due = max(due, venue.ring[2])
    venue.ring[2] = due
    row = venue.answers[tail % size]
    row[0], row[1], row[2], row[3], row[4] = due, kind, slot, qty, px
    venue.ring[1] = tail + 1


@njit(**LEAN)
def fill(venue, ts, lag, slot, px, qty, maker):  # type: ignore[no-untyped-def]
    side = venue.side[slot]
    value = px * qty
    rate = venue.rates[MAKER] if maker else venue.rates[TAKER]
    fee = rate * float(value)
    venue.books[POS] += side * qty
    venue.books[CASH] -= side * value
    venue.fees[0] += fee
    venue.left[slot] -= qty
    count = venue.books[FILLS]
    if count < venue.log.shape[0]:
        row = venue.log[count]
        row[0], row[1], row[2], row[3], row[4], row[5] = ts, side, px, qty, maker, slot
        venue.log_fees[count] = fee
    venue.books[FILLS] = count + 1
    kind = FINAL if venue.left[slot] == 0 else FILL
    answer(venue, ts + lag, kind, slot, qty, px)


@njit(**LEAN)
def reach(venue):  # type: ignore[no-untyped-def]
    """Note our best and last resting prices, so that most rows need not look at orders."""
    best_bid, best_ask = NO_BID, NO_ASK
    low_bid, high_ask = NO_ASK, NO_BID
    for k in range(venue.books[RESTING]):
        slot = venue.line[k]
        if venue.side[slot] > 0:
            best_bid = max(best_bid, venue.px[slot])
            low_bid = min(low_bid, venue.px[slot])
        else:
            best_ask = min(best_ask, venue.px[slot])
            high_ask = max(high_ask, venue.px[slot])
    venue.books[OWN_BID], venue.books[OWN_ASK] = best_bid, best_ask
    venue.books[LOW_BID], venue.books[HIGH_ASK] = low_bid, high_ask


@njit(**LEAN)
def leave(venue, slot):  # type: ignore[no-untyped-def]
    """Take an order out of the line; return whether it was there."""
    count = venue.books[RESTING]
    for k in range(count):
        if venue.line[k] == slot:
            for j in range(k, count - 1):
                venue.line[j] = venue.line[j + 1]
            venue.books[RESTING] = count - 1
            reach(venue)
            return True
    return False


@njit(**LEAN)
def sweep_gone(venue):  # type: ignore[no-untyped-def]
    """Take filled orders out of the line."""
    kept = 0
    for k in range(venue.books[RESTING]):
        slot = venue.line[k]
        if venue.left[slot] > 0:
            venue.line[kept] = slot
            kept += 1
    if kept != venue.books[RESTING]:
        venue.books[RESTING] = kept
        reach(venue)


@njit(**LEAN)
def take(venue, base, ts, lag, slot, bound):  # type: ignore[no-untyped-def]
    """Fill from displayed levels up to the bound, best first; they stay taken until told anew."""
    top = venue.top
    if venue.side[slot] > 0:
        while venue.left[slot] > 0 and top[ASK_PX] <= bound and top[ASK_PX] != NO_ASK:
            px = top[ASK_PX]
            qty = min(venue.left[slot], venue.asks[px - base])
            set_ask(venue.asks, top, base, px, venue.asks[px - base] - qty)
            fill(venue, ts, lag, slot, px, qty, 0)
    else:
        while venue.left[slot] > 0 and top[BID_PX] >= bound and top[BID_PX] != NO_BID:
            px = top[BID_PX]
            qty = min(venue.left[slot], venue.bids[px - base])
            set_bid(venue.bids, top, base, px, venue.bids[px - base] - qty)
            fill(venue, ts, lag, slot, px, qty, 0)


@njit(**LEAN)
def ahead(venue, base, side, px, deep):  # type: ignore[no-untyped-def]
    """Return the displayed volume that a new order stands behind."""
    if side > 0:
        if deep or px == venue.top[BID_PX]:
            return float(venue.bids[px - base])
        return 0.0 if px > venue.top[BID_PX] else UNKNOWN
    if deep or px == venue.top[ASK_PX]:
        return float(venue.asks[px - base])
    return 0.0 if px < venue.top[ASK_PX] else UNKNOWN


@njit(**LEAN)
def arrive(venue, base, request, lag, deep):  # type: ignore[no-untyped-def]
    """Act on one request; `request` holds time, kind, slot, side, price, quantity."""
    ts, op, slot = request[0], request[1], request[2]
    if op == CANCEL:
        if leave(venue, slot):
            answer(venue, ts + lag, DONE, slot, 0, 0)
        return
    side, px, qty = request[3], request[4], request[5]
    if op != MARKET and not (base < px < base + venue.bids.size - 1):
        venue.books[REFUSED] += 1
        answer(venue, ts + lag, DONE, slot, 0, 0)
        return
    venue.side[slot], venue.px[slot], venue.left[slot] = side, px, qty
    crosses = px >= venue.top[ASK_PX] if side > 0 else px <= venue.top[BID_PX]
    if op == POST and crosses:
        venue.books[REFUSED] += 1
        answer(venue, ts + lag, DONE, slot, 0, 0)
        return
    bound = (NO_ASK - 1 if side > 0 else NO_BID + 1) if op == MARKET else px
    take(venue, base, ts, lag, slot, bound)
    if venue.left[slot] == 0:
        return
    if op in (MARKET, IOC):
        answer(venue, ts + lag, DONE, slot, 0, 0)
        return
    venue.front[slot] = ahead(venue, base, side, px, deep)
    venue.traded[slot] = 0
    venue.line[venue.books[RESTING]] = slot
    venue.books[RESTING] += 1
    reach(venue)
    answer(venue, ts + lag, ACK, slot, 0, 0)


@njit(**LEAN)
def weigh(rates, volume):  # type: ignore[no-untyped-def]
    if rates[QUEUE] == LOGARITHM:
        return math.log1p(volume)
    if rates[QUEUE] == POWER:
        return volume ** rates[EXPONENT]
    return volume


@njit(**LEAN)
def shift(venue, slot, before, after):  # type: ignore[no-untyped-def]
    """Move an order in its queue after the level's volume went from `before` to `after`.

    Volume that left without a print was cancelled: with the probability f(front) / (f(front) +
    f(back)) ahead of us, or always behind us. Never is more ahead than is displayed.
    """
    front = venue.front[slot]
    if front == UNKNOWN:
        venue.front[slot] = float(after)
        return
    rates = venue.rates
    gone = float(before - after - venue.traded[slot])
    venue.traded[slot] = 0
    if gone > 0.0 and rates[QUEUE] != BEHIND:
        back = max(float(before) - front, 0.0)
        weight = weigh(rates, front)
        total = weight + weigh(rates, back)
        if total > 0.0:
            front = max(front - gone * weight / total, 0.0)
    venue.front[slot] = min(front, float(after))


@njit(**LEAN)
def best_beyond(venue, side, px):  # type: ignore[no-untyped-def]
    """Return the slot of our best order that `px` lies beyond, the first to arrive; else -1."""
    found = -1
    for k in range(venue.books[RESTING]):
        slot = venue.line[k]
        if venue.side[slot] != side or venue.left[slot] == 0:
            continue
        own = venue.px[slot]
        if (own - px) * side > 0 and (found < 0 or (own - venue.px[found]) * side > 0):
            found = slot
    return found


@njit(**LEAN)
def on_level(venue, base, ts, lag, kind, side, px, qty):  # type: ignore[no-untyped-def]
    """Let a level, before it is in the book, move queues and fill what it crosses.

    Returns the quantity that is left of it.
    """
    before = venue.bids[px - base] if side > 0 else venue.asks[px - base]
    for k in range(venue.books[RESTING]):
        slot = venue.line[k]
        if venue.side[slot] == side:
            if venue.px[slot] == px:
                shift(venue, slot, before, qty)
            elif kind == TOP and (venue.px[slot] - px) * side > 0:
                venue.front[slot] = 0.0
    # The opposite side reaches our limit: we are filled at it, as makers.
    while qty > 0:
        slot = best_beyond(venue, -side, px + side)
        if slot < 0:
            break
        part = min(qty, venue.left[slot])
        fill(venue, ts, lag, slot, venue.px[slot], part, 1)
        qty -= part
    sweep_gone(venue)
    return qty


@njit(**LEAN)
def on_trade(venue, ts, lag, aggressor, px, qty):  # type: ignore[no-untyped-def]
    """Let a print fill what it went through, then what stands at its price behind the queue."""
    budget = qty
    for side in (1, -1):
        while budget > 0:
            slot = best_beyond(venue, side, px)
            if slot < 0:
                break
            part = min(budget, venue.left[slot])
            fill(venue, ts, lag, slot, venue.px[slot], part, 1)
            budget -= part
    for k in range(venue.books[RESTING]):
        slot = venue.line[k]
        if venue.px[slot] != px or venue.side[slot] != -aggressor or venue.front[slot] < 0.0:
            continue
        venue.traded[slot] += qty
        venue.front[slot] -= float(qty)
        if venue.front[slot] < 0.0:
            part = min(budget, venue.left[slot], math.floor(-venue.front[slot] + 1e-9))
            venue.front[slot] = 0.0
            if part > 0:
                fill(venue, ts, lag, slot, px, part, 1)
                budget -= part
    sweep_gone(venue)


@njit(**INLINED)
def on_row(venue, base, ts, lag, kind, side, px, qty):  # type: ignore[no-untyped-def]
    """Let one row meet our resting orders; return the quantity that enters the book."""
    if kind == TRADE:
        if px <= venue.books[OWN_BID] or px >= venue.books[OWN_ASK]:
            on_trade(venue, ts, lag, side, px, qty)
        return qty
    if kind == CLEAR:
        return qty
    # On its own side a level matters at our prices, a best price also behind them; on the other
    # side it crosses.
    own = venue.books
    if side > 0:
        near = px <= own[OWN_BID] and (kind == TOP or px >= own[LOW_BID])
        near = near or px >= own[OWN_ASK]
    else:
        near = px >= own[OWN_ASK] and (kind == TOP or px <= own[HIGH_ASK])
        near = near or px <= own[OWN_BID]
    if near and kind in (TOP, DEPTH):
        return on_level(venue, base, ts, lag, kind, side, px, qty)
    return qty
