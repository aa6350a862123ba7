"""A price-level book: absolute quantities by price, best level at hand.

Each side is a dict of quantities and a sorted list of prices whose best price is last, so the
best is read without searching and a far level costs one short memory move. Asks are kept
negated in their list for the same reason.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator

from rf_common.canonical import digest
from rf_common.events import BookDelta, BookSnapshot, Level

MAX_LEVELS = 20_000
"""Levels a side may hold; beyond it the worst are dropped."""


class L2Book:
    """One instrument's book, valid between a snapshot and the next gap."""

    __slots__ = ("_ask_order", "_ask_qty", "_bid_order", "_bid_qty", "is_valid", "last_id")

    def __init__(self) -> None:
        self.last_id = 0
        self.is_valid = False
        self._bid_qty: dict[float, float] = {}
        self._ask_qty: dict[float, float] = {}
        self._bid_order: list[float] = []
        self._ask_order: list[float] = []

    def apply_snapshot(self, snapshot: BookSnapshot) -> None:
        """Replace everything."""
        self._bid_qty = {px: qty for px, qty in snapshot.bids if qty > 0}
        self._ask_qty = {px: qty for px, qty in snapshot.asks if qty > 0}
        self._bid_order = sorted(self._bid_qty)
        self._ask_order = sorted(-px for px in self._ask_qty)
        self.last_id = snapshot.last_id
        self.is_valid = True

    def apply_delta(self, delta: BookDelta) -> None:
        """Set levels to their new absolute quantities; zero removes, unknown levels too."""
        qtys, order = self._bid_qty, self._bid_order
        for px, qty in delta.bids:
            if qty:
                if px not in qtys:
                    insort(order, px)
                qtys[px] = qty
            elif qtys.pop(px, None) is not None:
                del order[bisect_left(order, px)]
        qtys, order = self._ask_qty, self._ask_order
        for px, qty in delta.asks:
            if qty:
                if px not in qtys:
                    insort(order, -px)
                qtys[px] = qty
            elif qtys.pop(px, None) is not None:
                del order[bisect_left(order, -px)]
        self.last_id = delta.last_id
        if len(self._bid_order) > MAX_LEVELS or len(self._ask_order) > MAX_LEVELS:
            self._trim()

    def invalidate(self) -> None:
        """Forget everything: updates were lost."""
        self.__init__()  # type: ignore[misc]  # start again, in place: others hold the reference

    @property
    def best_bid(self) -> Level | None:
        """Highest bid, None when the side is empty."""
        order = self._bid_order
        return (order[-1], self._bid_qty[order[-1]]) if order else None

    @property
    def best_ask(self) -> Level | None:
        """Lowest ask, None when the side is empty."""
        order = self._ask_order
        return (-order[-1], self._ask_qty[-order[-1]]) if order else None

    def bids(self) -> Iterator[Level]:
        """Yield bids, highest first."""
        qtys = self._bid_qty
        return ((px, qtys[px]) for px in reversed(self._bid_order))

    def asks(self) -> Iterator[Level]:
        """Yield asks, lowest first."""
        qtys = self._ask_qty
        return ((-px, qtys[-px]) for px in reversed(self._ask_order))

    def depth(self) -> tuple[int, int]:
        """Return how many levels the two sides hold."""
        return len(self._bid_order), len(self._ask_order)

    def digest(self) -> str:
        """Return a digest of all levels and the update id."""
        return digest((self.last_id, self.is_valid, list(self.bids()), list(self.asks())))

    def _trim(self) -> None:
        for order, qtys, sign in (
            (self._bid_order, self._bid_qty, 1),
            (self._ask_order, self._ask_qty, -1),
        ):
            surplus = len(order) - MAX_LEVELS
            _remove(qtys, (sign * key for key in order[: max(surplus, 0)]))
            del order[: max(surplus, 0)]


def _remove(qtys: dict[float, float], prices: Iterable[float]) -> None:
    for px in prices:
        del qtys[px]
