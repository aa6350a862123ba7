"""The book against a plain one of lists: price first, then time, and nothing lost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_swarm_sim.market._kernels.book import cancel, rest, take
from rf_swarm_sim.market._kernels.layout import (
    T_ASK,
    T_ASK_ORDERS,
    T_ASK_SIZE,
    T_BID,
    T_BID_ORDERS,
    T_BID_SIZE,
    T_LAST,
)
from rf_swarm_sim.market._kernels.paths import make_agents, make_book

MAKERS, LEVELS, FUNDS = 4, 100, 1_000_000
TAKER = MAKERS


class PlainBook:
    """Orders in a list in order of arrival; the reference that is too simple to be wrong."""

    def __init__(self) -> None:
        self.orders: list[list[int]] = []
        self.funds = [FUNDS] * (MAKERS + 1)
        self.lots = [0] * (MAKERS + 1)
        self.last = 0

    def cancel(self, slot: int) -> None:
        self.orders = [order for order in self.orders if order[0] != slot]

    def rest(self, slot: int, tick: int, size: int) -> None:
        self.orders.append([slot, tick, size])

    def take(self, taker: int, size: int, limit: int) -> int:
        sign = 1 if size > 0 else -1
        left = abs(size)
        while left > 0:
            other = [o for o in self.orders if o[0] % 2 == (1 if sign > 0 else 0)]
            good = [o for o in other if sign * (limit - o[1]) >= 0]
            if not good:
                break
            best = min(good, key=lambda o: sign * o[1])  # the first of equals, so the oldest
            part = min(left, best[2])
            self._settle(taker, sign * part, best[1])
            self._settle(best[0] // 2, -sign * part, best[1])
            self.last = best[1]
            left -= part
            best[2] -= part
            self.orders = [o for o in self.orders if o[2] > 0]
        return abs(size) - left

    def _settle(self, agent: int, change: int, tick: int) -> None:
        self.lots[agent] += change
        self.funds[agent] -= change * tick


def market():
    agents = make_agents(MAKERS, 1)
    agents.account["funds"] = FUNDS
    return agents, make_book(MAKERS, LEVELS)


def same(agents, book, plain: PlainBook) -> None:
    assert agents.account["funds"].tolist() == plain.funds
    assert agents.account["inventory"].tolist() == plain.lots
    resting = {slot: (tick, size) for slot, tick, size in plain.orders}
    for slot in range(2 * MAKERS):
        at, left = book.slot["at"][slot], book.slot["left"][slot]
        assert ((at, left) if at else None) == resting.get(slot)
    for parity, best, count, size, pick, none in (
        (0, T_BID, T_BID_ORDERS, T_BID_SIZE, max, 0),
        (1, T_ASK, T_ASK_ORDERS, T_ASK_SIZE, min, LEVELS),
    ):
        side = [order for order in plain.orders if order[0] % 2 == parity]
        assert book.top[best] == (pick(order[1] for order in side) if side else none)
        assert book.top[count] == len(side)
        assert book.top[size] == sum(order[2] for order in side)
    assert book.top[T_LAST] == plain.last
    levels = np.zeros(LEVELS + 1, dtype=int)
    for _, tick, size in plain.orders:
        levels[tick] += size
    assert book.resting.tolist() == levels.tolist()


quotes = st.tuples(
    st.just("quote"), st.integers(0, MAKERS - 1), st.integers(1, 50), st.integers(1, 9)
)
takes = st.tuples(
    st.just("take"),
    st.just(TAKER),
    st.integers(1, LEVELS - 1),
    st.integers(-30, 30).filter(lambda size: size != 0),
)


@given(st.lists(st.one_of(quotes, takes), max_size=60))
@settings(max_examples=150, deadline=None)
def test_any_sequence_of_orders_gives_what_a_plain_book_gives(steps):
    agents, book = market()
    plain = PlainBook()
    for what, who, tick, size in steps:
        if what == "quote":
            bid, ask = tick, min(tick + 49, LEVELS - 1)
            for slot, at in ((2 * who, bid), (2 * who + 1, ask)):
                cancel(book, slot)
                plain.cancel(slot)
                if (slot % 2 == 0 and at < book.top[T_ASK]) or (slot % 2 and at > book.top[T_BID]):
                    rest(book, slot, at, size)
                    plain.rest(slot, at, size)
        else:
            filled, _ = take(book, agents, 0, who, size, tick)
            assert filled == plain.take(who, size, tick)
        same(agents, book, plain)


def test_the_older_order_of_a_level_trades_first():
    agents, book = market()
    rest(book, 2 * 2 + 1, 60, 5)
    rest(book, 2 * 0 + 1, 60, 5)
    assert take(book, agents, 0, TAKER, 6, 60) == (6, 360)
    assert agents.account["inventory"].tolist() == [-1, 0, -5, 0, 6]


def test_the_better_price_trades_before_the_older_order():
    agents, book = market()
    rest(book, 2 * 0, 40, 5)
    rest(book, 2 * 1, 41, 5)
    take(book, agents, 0, TAKER, -7, 1)
    assert agents.account["inventory"].tolist() == [2, 5, 0, 0, -7]
    assert agents.account["funds"][TAKER] == FUNDS + 5 * 41 + 2 * 40


def test_a_replaced_order_goes_to_the_end_of_the_queue():
    agents, book = market()
    rest(book, 1, 60, 5)
    rest(book, 3, 60, 5)
    cancel(book, 1)
    rest(book, 1, 60, 5)
    take(book, agents, 0, TAKER, 5, 60)
    assert agents.account["inventory"].tolist() == [0, -5, 0, 0, 5]


def test_a_taker_stops_at_its_limit_and_at_the_end_of_the_book():
    agents, book = market()
    rest(book, 1, 60, 5)
    rest(book, 3, 62, 5)
    assert take(book, agents, 0, TAKER, 20, 61) == (5, 300)
    assert take(book, agents, 0, TAKER, 20, 99) == (5, 310)
    assert book.top[T_ASK] == LEVELS
    assert take(book, agents, 0, TAKER, 1, 99) == (0, 0)


@pytest.mark.parametrize(
    ("trades", "entry"),
    [
        ([(10, 50), (10, 60)], 55.0),
        ([(10, 50), (-5, 70)], 50.0),
        ([(10, 50), (-10, 70)], 0.0),
        ([(10, 50), (-15, 70)], 70.0),
        ([(-10, 50), (-30, 58)], 56.0),
    ],
)
def test_the_entry_is_the_average_price_of_what_is_held(trades, entry):
    agents, book = market()
    for size, tick in trades:
        slot = 1 if size > 0 else 0
        cancel(book, slot)
        rest(book, slot, tick, abs(size))
        take(book, agents, 0, TAKER, size, tick)
    assert agents.account["entry"][TAKER] == pytest.approx(entry)
