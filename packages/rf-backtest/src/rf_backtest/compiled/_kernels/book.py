"""A book of levels indexed by price in ticks, best prices kept at hand.

`top` holds best bid and its quantity, best ask and its quantity, and how many levels each side
has. A side without levels has quantity 0 and the price `NO_BID` or `NO_ASK`.
"""

from __future__ import annotations

from numba import njit

from rf_backtest.compiled._kernels.options import INLINED

TOP, DEPTH, TRADE, CLEAR = 1, 2, 3, 4
"""Kinds of rows: best of a side, one level, a print, a side is unknown."""

NO_BID, NO_ASK = 0, 1 << 60
BID_PX, BID_QTY, ASK_PX, ASK_QTY, BIDS, ASKS = 0, 1, 2, 3, 4, 5


@njit(**INLINED)
def next_bid(bids, top, base, px):  # type: ignore[no-untyped-def]
    """Make the best level at or below `px` the best bid."""
    if top[BIDS] == 0:
        top[BID_PX], top[BID_QTY] = NO_BID, 0
        return
    i = px - base
    while bids[i] == 0:
        i -= 1
    top[BID_PX], top[BID_QTY] = i + base, bids[i]


@njit(**INLINED)
def next_ask(asks, top, base, px):  # type: ignore[no-untyped-def]
    """Make the best level at or above `px` the best ask."""
    if top[ASKS] == 0:
        top[ASK_PX], top[ASK_QTY] = NO_ASK, 0
        return
    i = px - base
    while asks[i] == 0:
        i += 1
    top[ASK_PX], top[ASK_QTY] = i + base, asks[i]


@njit(**INLINED)
def set_bid(bids, top, base, px, qty):  # type: ignore[no-untyped-def]
    i = px - base
    before = bids[i]
    bids[i] = qty
    if qty > 0:
        if before == 0:
            top[BIDS] += 1
        if px >= top[BID_PX]:
            top[BID_PX], top[BID_QTY] = px, qty
    elif before > 0:
        top[BIDS] -= 1
        if px == top[BID_PX]:
            next_bid(bids, top, base, px)


@njit(**INLINED)
def set_ask(asks, top, base, px, qty):  # type: ignore[no-untyped-def]
    i = px - base
    before = asks[i]
    asks[i] = qty
    if qty > 0:
        if before == 0:
            top[ASKS] += 1
        if px <= top[ASK_PX]:
            top[ASK_PX], top[ASK_QTY] = px, qty
    elif before > 0:
        top[ASKS] -= 1
        if px == top[ASK_PX]:
            next_ask(asks, top, base, px)


@njit(**INLINED)
def clear_bids(bids, top, base, floor):  # type: ignore[no-untyped-def]
    """Remove every bid above `floor`."""
    while top[BIDS] > 0 and top[BID_PX] > floor:
        set_bid(bids, top, base, top[BID_PX], 0)


@njit(**INLINED)
def clear_asks(asks, top, base, ceiling):  # type: ignore[no-untyped-def]
    """Remove every ask below `ceiling`."""
    while top[ASKS] > 0 and top[ASK_PX] < ceiling:
        set_ask(asks, top, base, top[ASK_PX], 0)


@njit(**INLINED)
def apply(bids, asks, top, base, kind, side, px, qty, deep):  # type: ignore[no-untyped-def]
    """Bring one row into the book. Without depth in the data a side has its best level only."""
    if kind == DEPTH:
        if side > 0:
            set_bid(bids, top, base, px, qty)
        else:
            set_ask(asks, top, base, px, qty)
    elif kind == TOP:
        if side > 0:
            clear_bids(bids, top, base, px if deep else px - 1 if px == top[BID_PX] else NO_BID)
            set_bid(bids, top, base, px, qty)
        else:
            clear_asks(asks, top, base, px if deep else px + 1 if px == top[ASK_PX] else NO_ASK)
            set_ask(asks, top, base, px, qty)
    elif kind == CLEAR:
        if side > 0:
            clear_bids(bids, top, base, NO_BID)
        else:
            clear_asks(asks, top, base, NO_ASK)
