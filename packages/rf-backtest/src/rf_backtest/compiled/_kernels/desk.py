"""What a strategy holds in its hand: its orders as it knows them, and the requests it makes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from rf_backtest.compiled._kernels.options import INLINED, LEAN

SLOTS = 64
"""Orders that may be in flight or open at once."""
REQUESTS = 256
"""Requests of one step."""

LIMIT, POST, IOC, MARKET, CANCEL = 1, 2, 3, 4, 5
FREE, SENT, OPEN, LEAVING = 0, 1, 2, 3
BUY, SELL = 1, -1

# Slots of `numbers`.
MADE, POSITION, CASH, WORKING, DROPPED = 0, 1, 2, 3, 4


class Book(NamedTuple):
    """The market as it has reached the strategy.

    `top` holds best bid, its quantity, best ask, its quantity; ticks and lots; a quantity of 0
    says that the side is empty. ``bids[px - base]`` is the quantity at a price.
    """

    top: np.ndarray
    bids: np.ndarray
    asks: np.ndarray
    base: int


class Desk(NamedTuple):
    """Orders by slot, as far as answers have arrived, and the account: see the functions."""

    requests: np.ndarray
    numbers: np.ndarray
    side: np.ndarray
    px: np.ndarray
    left: np.ndarray
    status: np.ndarray


@njit(**LEAN)
def send(desk, op, side, px, qty):  # type: ignore[no-untyped-def]
    """Ask for an order; return its slot, or -1 where no slot is free or nothing is ordered."""
    made = desk.numbers[MADE]
    if qty <= 0 or made >= REQUESTS:
        desk.numbers[DROPPED] += 1
        return -1
    for slot in range(SLOTS):
        if desk.status[slot] == FREE:
            row = desk.requests[made]
            row[0], row[1], row[2], row[3], row[4] = op, slot, side, px, qty
            desk.numbers[MADE] = made + 1
            desk.side[slot], desk.px[slot], desk.left[slot] = side, px, qty
            desk.status[slot] = SENT
            desk.numbers[WORKING] += 1
            return slot
    desk.numbers[DROPPED] += 1
    return -1


@njit(**LEAN)
def limit(desk, side, px, qty):  # type: ignore[no-untyped-def]
    """A limit order: takes what it crosses, rests with the remainder."""
    return send(desk, LIMIT, side, px, qty)


@njit(**LEAN)
def post(desk, side, px, qty):  # type: ignore[no-untyped-def]
    """A limit order that is refused where it would take."""
    return send(desk, POST, side, px, qty)


@njit(**LEAN)
def market(desk, side, qty):  # type: ignore[no-untyped-def]
    """A market order: takes displayed levels, best first; what is left is cancelled."""
    return send(desk, MARKET, side, 0, qty)


@njit(**LEAN)
def cancel(desk, slot):  # type: ignore[no-untyped-def]
    """Ask for the end of an order."""
    made = desk.numbers[MADE]
    if slot < 0 or made >= REQUESTS or desk.status[slot] not in (SENT, OPEN):
        return False
    row = desk.requests[made]
    row[0], row[1], row[2], row[3], row[4] = CANCEL, slot, 0, 0, 0
    desk.numbers[MADE] = made + 1
    desk.status[slot] = LEAVING
    return True


@njit(**INLINED)
def position(desk):  # type: ignore[no-untyped-def]
    """Signed lots, as far as fills have been told."""
    return desk.numbers[POSITION]


@njit(**INLINED)
def working(desk):  # type: ignore[no-untyped-def]
    """Orders that are in flight, open or leaving."""
    return desk.numbers[WORKING]
