"""Reference strategies as steps, and their replays kept on disk."""

from __future__ import annotations

import math

from numba import njit

from rf_backtest.compiled._kernels.book import ASK_PX, ASK_QTY, BID_PX, BID_QTY
from rf_backtest.compiled._kernels.desk import (
    BUY,
    FREE,
    LEAVING,
    SELL,
    cancel,
    market,
    position,
    post,
    working,
)
from rf_backtest.compiled._kernels.loop import replay
from rf_backtest.compiled._kernels.options import INLINED, LEAN


@njit(**INLINED)
def ema_cross(state, params, event, book, desk):  # type: ignore[no-untyped-def]
    """Hold `qty` lots on the side of the faster average of the mid once they have crossed.

    params: fast, slow (steps with another mid or not), qty. state: fast, slow, count, side of
    the averages, wanted side.
    """
    top = book.top
    if top[BID_QTY] <= 0 or top[ASK_QTY] <= 0:
        return
    mid = 0.5 * (top[BID_PX] + top[ASK_PX])
    seen = state[2] + 1.0
    state[2] = seen
    for k in range(2):
        span = params[k]
        if seen <= span:
            state[k] += mid
            if seen == span:
                state[k] /= span
        else:
            state[k] += 2.0 / (span + 1.0) * (mid - state[k])
    if seen < params[1]:
        return
    gap = state[0] - state[1]
    edge = 1e-12 * state[1]
    side = 1.0 if gap > edge else -1.0 if gap < -edge else 0.0
    if side * state[3] < 0.0:
        state[4] = side
    if side != 0.0:
        state[3] = side
    missing = int(state[4] * params[2]) - position(desk)
    if missing != 0 and working(desk) == 0:
        market(desk, BUY if missing > 0 else SELL, abs(missing))


@njit(**INLINED)
def requote(desk, kept, side, px, qty, tolerance):  # type: ignore[no-untyped-def]
    """Keep one order of a side near `px`; `kept` and the result are its slot plus one, or 0."""
    slot = int(kept) - 1
    if slot >= 0 and desk.status[slot] != FREE:
        gone = qty <= 0 or abs(desk.px[slot] - px) > tolerance
        if gone and desk.status[slot] != LEAVING:
            cancel(desk, slot)
        return kept
    return post(desk, side, px, qty) + 1.0 if qty > 0 else 0.0


@njit(**INLINED)
def market_maker(state, params, event, book, desk):  # type: ignore[no-untyped-def]
    """Quote around the reservation price of Avellaneda and Stoikov (2008), (29) and (30).

    Everything in ticks, seconds and orders: params gamma (per tick), k (per tick), sigma (ticks
    per square root of a second; 0: measured), memory (s, of the measured one), tau (s), qty
    (lots of an order), most (orders held at most), tolerance (ticks). state: last mid, its time,
    decayed squared moves, decayed seconds, slots of bid and ask plus one.
    """
    top = book.top
    if top[BID_QTY] <= 0 or top[ASK_QTY] <= 0:
        return
    gamma, k, sigma, memory = params[0], params[1], params[2], params[3]
    tau, qty, most, tolerance = params[4], int(params[5]), params[6], int(params[7])
    mid = 0.5 * (top[BID_PX] + top[ASK_PX])
    seconds = event[0] * 1e-9
    if state[1] == 0.0:
        state[0], state[1] = mid, seconds
    if sigma <= 0.0:
        if mid != state[0]:
            dt = seconds - state[1]
            keep = math.exp(-dt / memory)
            move = mid - state[0]
            state[0], state[1] = mid, seconds
            state[2] = state[2] * keep + move * move
            state[3] = state[3] * keep + dt
        if state[3] < memory * 0.5:
            return
        sigma2 = state[2] / state[3]
    else:
        sigma2 = sigma * sigma
    held = position(desk) / params[5]
    risk = gamma * sigma2 * tau
    ratio = gamma / k
    base = math.log1p(ratio) / gamma if ratio > 1e-12 else 1.0 / k
    reservation = mid - held * risk
    half = 0.5 * risk + base
    bid = min(math.floor(reservation - half + 1e-9), top[ASK_PX] - 1)
    ask = max(math.ceil(reservation + half - 1e-9), top[BID_PX] + 1)
    state[4] = requote(desk, state[4], BUY, bid, qty if held < most else 0, tolerance)
    state[5] = requote(desk, state[5], SELL, ask, qty if held > -most else 0, tolerance)


@njit(**LEAN)
def run_ema_cross(rows, deep, book, desk, venue, work, state, params, grid, points):  # type: ignore[no-untyped-def]
    return replay(ema_cross, rows, deep, book, desk, venue, work, state, params, grid, points)


@njit(**LEAN)
def run_market_maker(rows, deep, book, desk, venue, work, state, params, grid, points):  # type: ignore[no-untyped-def]
    return replay(market_maker, rows, deep, book, desk, venue, work, state, params, grid, points)
