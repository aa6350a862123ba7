"""The limit order book: price levels, queues in order of arrival, and the matching of takers."""

from __future__ import annotations

from numba import njit

from rf_swarm_sim.market._kernels.layout import (
    T_ASK,
    T_ASK_ORDERS,
    T_ASK_SIZE,
    T_BID,
    T_BID_ORDERS,
    T_BID_SIZE,
    T_LAST,
    T_LEVELS,
)


@njit(cache=True, nogil=True, error_model="numpy")
def _next_bid(book, tick):  # type: ignore[no-untyped-def]
    """Move the best bid from an emptied level to the next one below."""
    if book.top[T_BID_ORDERS] == 0:
        book.top[T_BID] = 0
        return
    while book.head[tick] < 0:
        tick -= 1
    book.top[T_BID] = tick


@njit(cache=True, nogil=True, error_model="numpy")
def _next_ask(book, tick):  # type: ignore[no-untyped-def]
    """Move the best ask from an emptied level to the next one above."""
    if book.top[T_ASK_ORDERS] == 0:
        book.top[T_ASK] = book.top[T_LEVELS]
        return
    while book.head[tick] < 0:
        tick += 1
    book.top[T_ASK] = tick


@njit(cache=True, nogil=True, error_model="numpy")
def cancel(book, slot):  # type: ignore[no-untyped-def]
    """Take an order out of its queue; nothing if it rests nowhere."""
    tick = book.slot[slot].at
    if tick == 0:
        return
    before, after = book.slot[slot].before, book.slot[slot].after
    if before >= 0:
        book.slot[before].after = after
    else:
        book.head[tick] = after
    if after >= 0:
        book.slot[after].before = before
    else:
        book.tail[tick] = before
    size = book.slot[slot].left
    book.resting[tick] -= size
    book.slot[slot].at = 0
    book.slot[slot].left = 0
    if slot & 1:
        book.top[T_ASK_ORDERS] -= 1
        book.top[T_ASK_SIZE] -= size
        if book.head[tick] < 0 and tick == book.top[T_ASK]:
            _next_ask(book, tick)
    else:
        book.top[T_BID_ORDERS] -= 1
        book.top[T_BID_SIZE] -= size
        if book.head[tick] < 0 and tick == book.top[T_BID]:
            _next_bid(book, tick)


@njit(cache=True, nogil=True, error_model="numpy")
def rest(book, slot, tick, size):  # type: ignore[no-untyped-def]
    """Put an order at the end of the queue of its level; the slot must be free."""
    last = book.tail[tick]
    book.slot[slot].before = last
    book.slot[slot].after = -1
    if last >= 0:
        book.slot[last].after = slot
    else:
        book.head[tick] = slot
    book.tail[tick] = slot
    book.slot[slot].at = tick
    book.slot[slot].left = size
    book.resting[tick] += size
    if slot & 1:
        book.top[T_ASK_ORDERS] += 1
        book.top[T_ASK_SIZE] += size
        if tick < book.top[T_ASK]:
            book.top[T_ASK] = tick
    else:
        book.top[T_BID_ORDERS] += 1
        book.top[T_BID_SIZE] += size
        if tick > book.top[T_BID]:
            book.top[T_BID] = tick


@njit(cache=True, nogil=True, error_model="numpy")
def _average(inventory, entry, change, tick):  # type: ignore[no-untyped-def]
    """Return the average entry after a change of inventory at a price."""
    after = inventory + change
    if inventory == 0 or (inventory > 0) != (after > 0):
        return float(tick) if after != 0 else 0.0
    if (inventory > 0) == (change > 0):
        return entry + (tick - entry) * (change / after)
    return entry


@njit(cache=True, nogil=True, error_model="numpy")
def settle(agents, agent, change, tick):  # type: ignore[no-untyped-def]
    """Book one side of a trade: inventory up by `change`, funds down by what it costs."""
    account = agents.account[agent]
    held = account.inventory
    account.entry = _average(held, account.entry, change, tick)
    account.inventory = held + change
    account.funds -= change * tick


@njit(cache=True, nogil=True, error_model="numpy")
def take(book, agents, first, agent, size, limit):  # type: ignore[no-untyped-def]
    """Match a taker against the opposite queue, best price and oldest order first.

    `size` is signed, positive to buy. Returns the size filled (not signed) and its value in
    ticks times lots. Makers are the agents from `first` on; a maker's order is slot // 2.
    """
    filled, value = 0, 0
    if size > 0:
        while filled < size and book.top[T_ASK_ORDERS] > 0 and book.top[T_ASK] <= limit:
            tick = book.top[T_ASK]
            slot = book.head[tick]
            part = min(size - filled, book.slot[slot].left)
            settle(agents, agent, part, tick)
            settle(agents, first + (slot >> 1), -part, tick)
            filled += part
            value += part * tick
            book.top[T_LAST] = tick
            if part == book.slot[slot].left:
                cancel(book, slot)
            else:
                book.slot[slot].left -= part
                book.resting[tick] -= part
                book.top[T_ASK_SIZE] -= part
    else:
        while filled < -size and book.top[T_BID_ORDERS] > 0 and book.top[T_BID] >= limit:
            tick = book.top[T_BID]
            slot = book.head[tick]
            part = min(-size - filled, book.slot[slot].left)
            settle(agents, agent, -part, tick)
            settle(agents, first + (slot >> 1), part, tick)
            filled += part
            value += part * tick
            book.top[T_LAST] = tick
            if part == book.slot[slot].left:
                cancel(book, slot)
            else:
                book.slot[slot].left -= part
                book.resting[tick] -= part
                book.top[T_BID_SIZE] -= part
    return filled, value
