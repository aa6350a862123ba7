"""A made-up recording with a consistent book, for tests without the real ones."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from rf_testkit.tape import write_tape

DEPTH_LEVELS = 100
_START_MS = 1_723_161_255_000
_FLUSH_MS = 100


class Listing(NamedTuple):
    """Price and quantity grid of a symbol, and a price to start from."""

    tick: Decimal
    lot: Decimal
    price: Decimal


LISTINGS = {
    "BTCUSDT": Listing(Decimal("0.01"), Decimal("0.00001"), Decimal("61837.63")),
    "ETHUSDT": Listing(Decimal("0.01"), Decimal("0.0001"), Decimal("2683.80")),
}
_OTHER = Listing(Decimal("0.01"), Decimal("0.00001"), Decimal("100.00"))


def listing_of(symbol: str) -> Listing:
    """Return the grid of `symbol`; unknown ones trade around 100 on a cent's tick."""
    return LISTINGS.get(symbol, _OTHER)


def synthetic_tape(
    seed: int, n: int = 2_000, symbol: str = "BTCUSDT", *, path: Path | None = None
) -> list[bytes]:
    """Return the `n` lines of a recording that is the same for the same arguments.

    After each depth event the best levels equal the newest `bookTicker` whose `u` is not
    greater than the event's, ids have no gap, and the last line is a depth event.

    Parameters
    ----------
    seed : int
        Of the random walk.
    n : int
        Lines, the snapshot's among them; at least 100.
    symbol : str
        The venue's symbol, in capitals.
    path : Path, optional
        Where to write the lines as a gzip recording too.
    """
    if n < 100:
        raise ValueError(f"expected at least 100 lines, was {n}")
    market = _Market(np.random.default_rng(seed), symbol)
    while len(market.lines) < n - 1:
        market.step(single=len(market.lines) == n - 2)
    market.flush()
    if path is not None:
        write_tape(path, market.lines)
    return market.lines


class _Market:
    """An order book around a walking mid, in ticks and lots, that writes down its changes."""

    def __init__(self, rng: np.random.Generator, symbol: str) -> None:
        self.lines: list[bytes] = []
        self._rng = rng
        self._symbol = symbol
        self._listing = listing_of(symbol)
        self._mid = int(self._listing.price / self._listing.tick)
        offsets = range(1, DEPTH_LEVELS + 1)
        # One dictionary a side, bids first: ticks to lots.
        self._sides = tuple(
            {self._mid + sign * k: self._quantity() for k in offsets} for sign in (-1, 1)
        )
        self._changed: tuple[set[int], set[int]] = (set(), set())
        self._now_us = _START_MS * 1_000
        self._flush_us = self._now_us + _FLUSH_MS * 1_000
        self._update_id = 50_000_000_000
        self._flushed_id = self._update_id
        self._trade_id = 3_700_000_000
        self._flushes = 0
        self._snapshot = b""
        self._change(0, self._best(0), self._quantity())

    def step(self, *, single: bool) -> None:
        """Let a moment pass and one thing happen; `single` writes exactly one line."""
        self._now_us += int(self._rng.exponential(9_000)) + 1
        draw = self._rng.random()
        side = int(self._rng.integers(2))
        if single:
            best = self._best(side)
            self._change(side, best, self._sides[side][best] + 1)
        elif self._now_us >= self._flush_us and self._flushed_id < self._update_id:
            self.flush()
        elif draw < 0.25:
            self._trade(side)
        elif draw < 0.45:
            self._move(1 if side else -1)
        elif draw < 0.7:
            self._change(side, self._best(side), self._quantity())
        else:
            self._change_deep(side)

    def flush(self) -> None:
        """Write a depth event with everything since the last one, and once the snapshot."""
        rows = [
            [self._level(px, self._sides[side].get(px, 0)) for px in self._ordered(side, changed)]
            for side, changed in enumerate(self._changed)
        ]
        self._emit(
            "depth@100ms",
            {
                "e": "depthUpdate",
                "E": self._now_us // 1_000,
                "s": self._symbol,
                "U": self._flushed_id + 1,
                "u": self._update_id,
                "b": rows[0],
                "a": rows[1],
            },
        )
        self._flushed_id = self._update_id
        self._flush_us = self._now_us + _FLUSH_MS * 1_000
        self._flushes += 1
        for changed in self._changed:
            changed.clear()
        if self._flushes == 2:
            # Taken inside the next event and written behind it, as a REST answer arrives late.
            self._change_deep(0)
            self._snapshot = msgspec.json.encode(self._whole_book())
            self._change_deep(1)
        elif self._flushes == 3:
            self._write(self._snapshot)

    def _trade(self, side: int) -> None:
        """Take from the best level of `side`; the aggressor of a hit bid sold."""
        px = self._best(side)
        held = self._sides[side][px]
        taken = min(self._quantity(), held)
        self._trade_id += 1
        stamp = self._now_us // 1_000
        self._emit(
            "trade",
            {
                "e": "trade",
                "E": stamp,
                "s": self._symbol,
                "t": self._trade_id,
                "p": self._price(px),
                "q": self._size(taken),
                "T": stamp,
                "m": side == 0,
                "M": True,
            },
        )
        self._change(side, px, held - taken)

    def _move(self, step: int) -> None:
        """Move the mid one tick: the level in the way goes, the side behind steps up."""
        ahead, behind = (1, 0) if step > 0 else (0, 1)
        old = self._mid
        self._mid += step
        if self._mid in self._sides[ahead]:
            self._change(ahead, self._mid, 0, quiet=True)
        self._change(behind, old, self._quantity())

    def _change_deep(self, side: int) -> None:
        """Change or remove a level at least one tick behind the best."""
        behind = int(self._rng.integers(1, DEPTH_LEVELS))
        px = self._best(side) + (-behind if side == 0 else behind)
        self._change(side, px, 0 if self._rng.random() < 0.3 else self._quantity())

    def _change(self, side: int, px: int, lots: int, *, quiet: bool = False) -> None:
        """Set one level, refill a side that would be empty, tell a new best."""
        best = self._top()
        book = self._sides[side]
        book[px] = lots
        if lots == 0:
            del book[px]
        self._changed[side].add(px)
        self._update_id += 1
        if not book:
            self._change(side, px + (-1 if side == 0 else 1), self._quantity(), quiet=True)
        if not quiet and (self._top() != best or not self.lines):
            (bid, bid_lots), (ask, ask_lots) = self._top()
            self._emit(
                "bookTicker",
                {
                    "u": self._update_id,
                    "s": self._symbol,
                    "b": self._price(bid),
                    "B": self._size(bid_lots),
                    "a": self._price(ask),
                    "A": self._size(ask_lots),
                },
            )

    def _top(self) -> tuple[tuple[int, int], tuple[int, int]]:
        bid, ask = self._best(0), self._best(1)
        return (bid, self._sides[0].get(bid, 0)), (ask, self._sides[1].get(ask, 0))

    def _best(self, side: int) -> int:
        return max(self._sides[0]) if side == 0 else min(self._sides[1])

    def _ordered(self, side: int, levels: set[int] | dict[int, int]) -> list[int]:
        return sorted(levels, reverse=side == 0)

    def _whole_book(self) -> dict[str, object]:
        rows = [
            [self._level(px, self._sides[side][px]) for px in self._ordered(side, levels)]
            for side, levels in enumerate(self._sides)
        ]
        return {"lastUpdateId": self._update_id, "bids": rows[0], "asks": rows[1]}

    def _quantity(self) -> int:
        return int(self._rng.integers(1, 200_000))

    def _level(self, px: int, lots: int) -> list[str]:
        return [self._price(px), self._size(lots)]

    def _price(self, px: int) -> str:
        return f"{px * self._listing.tick:.8f}"

    def _size(self, lots: int) -> str:
        return f"{lots * self._listing.lot:.8f}"

    def _emit(self, stream: str, payload: dict[str, object]) -> None:
        name = f"{self._symbol.lower()}@{stream}"
        self._write(msgspec.json.encode({"stream": name, "data": payload}))

    def _write(self, text: bytes) -> None:
        # A constant 5 ms from the venue to us: real recordings jitter, order is what counts.
        self.lines.append(b"%d %s" % (self._now_us * 1_000 + 5_000_000, text))
