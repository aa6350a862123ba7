"""Ticks, compiled: a strategy is a numba function that steps after every message.

``step(state, params, event, book, desk)`` sees `book.top` (best bid, quantity, best ask,
quantity; ticks and lots), the last row of the message in `event` (local time, venue's time, kind,
side, price, quantity), and orders through `limit`, `post`, `market`, `cancel`, `position` and
`working`. Requests and answers travel; resting orders wait in a queue; fills may be partial.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from rf_backtest.compiled import _checks as checks
from rf_backtest.compiled._kernels import desk as desks
from rf_backtest.compiled._kernels import loop, strategies
from rf_backtest.compiled._kernels import venue as venues
from rf_backtest.compiled._kernels.book import NO_ASK
from rf_backtest.compiled._kernels.desk import (
    BUY,
    SELL,
    cancel,
    limit,
    market,
    position,
    post,
    working,
)
from rf_backtest.compiled.columns import EventColumns
from rf_backtest.config import CostConfig

FloatArray = checks.FloatArray
IntArray = checks.IntArray

__all__ = [
    "Strategy",
    "EMA_CROSS",
    "MARKET_MAKER",
    "Latency",
    "Queue",
    "TickRun",
    "run",
    "limit",
    "post",
    "market",
    "cancel",
    "position",
    "working",
    "BUY",
    "SELL",
]


@dataclass(frozen=True, slots=True)
class Strategy:
    """A step and what it needs.

    Attributes
    ----------
    step : numba function
        ``step(state, params, event, book, desk)``.
    state : int
        Numbers it remembers, zero at the start.
    parameters : tuple of str
        Names of `params`, in order.
    replay : callable, optional
        A replay of this step that is already compiled; without it the first run compiles one,
        some seconds in each process.
    """

    step: Any
    state: int
    parameters: tuple[str, ...]
    replay: Callable[..., int] | None = None


EMA_CROSS = Strategy(strategies.ema_cross, 5, ("fast", "slow", "qty"), strategies.run_ema_cross)
"""Market orders on crosses of two averages of the mid, counted in messages; `qty` in lots."""

MARKET_MAKER = Strategy(
    strategies.market_maker,
    6,
    ("gamma", "k", "sigma", "memory", "tau", "qty", "most", "tolerance"),
    strategies.run_market_maker,
)
"""Avellaneda and Stoikov in ticks, seconds and orders: gamma and k per tick, sigma in ticks per
square root of a second (0: measured over `memory` seconds), tau in seconds, `qty` lots an order,
at most `most` orders held, a quote moved when it is more than `tolerance` ticks off."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Nanoseconds that requests and answers travel; the feed's own is in the data."""

    entry_ns: int = 0
    answer_ns: int = 0
    jitter_ns: int = 0
    """Largest random addition to a request's way, uniform; requests keep their order."""
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Queue:
    """Where volume that is cancelled at our price stood.

    "behind": always behind us, only prints move us up. Otherwise ahead of us with the
    probability f(front) / (f(front) + f(back)) of the volume before and behind us, f being x
    ("uniform"), ln(1 + x) ("log") or x to the power of `exponent` ("power").

    References
    ----------
    Rigtorp (2013), "Estimating order queue position", for the estimate and the first two f.
    """

    model: Literal["behind", "uniform", "log", "power"] = "behind"
    exponent: float = 2.0


@dataclass(frozen=True, slots=True)
class TickRun:
    """The account of one run.

    Attributes
    ----------
    ts : (m,) array of int64
        Sample times, nanoseconds; each figure is that just before it.
    mid, equity, position, cash : (m,) array
        Currency, currency, units, currency; fees are paid from cash. NaN where a side of the
        book is empty and a position is held.
    fill_ts, fill_side, fill_ticks, fill_lots, fill_slot : (f,) array of int64
        Time at the venue, 1 or -1, ticks, lots, slot of the order.
    fill_maker : (f,) array of bool
        Whether it rested.
    fill_fees : (f,) array
        Currency.
    final_position, final_cash : int
        Lots; cash before fees in ticks times lots, exact.
    fee_total : float
        Currency.
    steps, requests, refused, dropped : int
        Messages, requests sent, orders the venue refused (a post that would take, a price out of
        the data's range), and orders that had no free slot.
    """

    ts: IntArray
    mid: FloatArray
    equity: FloatArray
    position: FloatArray
    cash: FloatArray
    fill_ts: IntArray
    fill_side: IntArray
    fill_ticks: IntArray
    fill_lots: IntArray
    fill_slot: IntArray
    fill_maker: npt.NDArray[np.bool_]
    fill_fees: FloatArray
    final_position: int
    final_cash: int
    fee_total: float
    steps: int
    requests: int
    refused: int
    dropped: int
    state: FloatArray
    """What the strategy remembers at the end."""

    @property
    def fills(self) -> int:
        """Fills."""
        return int(self.fill_ts.size)


def run(
    events: EventColumns,
    strategy: Strategy,
    params: Sequence[float],
    *,
    costs: CostConfig = CostConfig(),  # noqa: B008  # frozen
    latency: Latency = Latency(),
    queue: Queue = Queue(),
    funds: float = 100_000.0,
    samples: npt.ArrayLike | int = 1_000,
    in_flight: int = 4_096,
) -> TickRun:
    """Run a strategy over market data.

    Parameters
    ----------
    events : EventColumns
        One instrument.
    strategy : Strategy
        `EMA_CROSS`, `MARKET_MAKER` or one's own.
    params : sequence of float
        In the order of `strategy.parameters`.
    costs : CostConfig
        Maker and taker fees; the spread is the data's own. Borrow and impact are not modelled.
    latency, queue : Latency, Queue
        How requests and answers travel, and how a resting order moves up.
    funds : float
        Cash at the start, currency; there is no limit of buying power.
    samples : int or (m,) array of int64
        Points of the equity curve: that many at even distances, or at these local times.
    in_flight : int
        Requests, and answers, that may be in flight at once.

    Returns
    -------
    TickRun
        Samples, fills and the final account.

    Raises
    ------
    ValueError
        If a number is out of its range, or more is in flight than `in_flight`.

    Notes
    -----
    The venue has a book of its own in its own time. A resting order fills, as maker and at its
    limit: of a print beyond it up to the printed size; of a print at its price once the volume
    ahead is used up; of a level of the other side that reaches it up to the level's size. What
    we take of a level stays taken until the data tell the level anew. Our orders do not move the
    market otherwise. A printed size, and a level, is shared among our orders, the best price
    first.

    Examples
    --------
    >>> from rf_backtest.compiled.columns import events_from_quotes
    >>> data = events_from_quotes([1, 2, 3], ([9.0] * 3, [1] * 3), ([10.0] * 3, [1] * 3),
    ...     tick=1.0, lot=1.0)
    >>> run(data, EMA_CROSS, [1, 2, 1], samples=1).equity.tolist()
    [100000.0]
    """
    _require_costs(costs)
    state, given = np.zeros(strategy.state), _params(strategy, params)
    grid = _grid(events, samples)
    start = checks.number("funds", funds)
    numbers = _timing(latency)
    rates = _rates(costs, queue)
    room = checks.count("in_flight", in_flight)
    capacity = 4_096
    while True:
        state[:] = 0.0
        desk, venue, book = _desk(), _venue(events, rates, capacity, room), _book(events)
        counts, points = np.zeros(4, np.int64), np.empty((4, grid.size))
        work = (np.zeros((room, 6), np.int64), np.zeros(3, np.int64), numbers, counts,
                np.zeros(6, np.int64))  # fmt: skip
        rest = (_rows(events), events.deep, book, desk, venue, work, state, given, grid, points)
        replay = strategy.replay
        full = loop.replay(strategy.step, *rest) if replay is None else replay(*rest)
        if full:
            raise ValueError(f"more requests or answers in flight than in_flight = {room}")
        if venue.books[venues.FILLS] <= capacity:
            break
        capacity = int(venue.books[venues.FILLS])
    return _told(events, (desk, venue, counts, points), grid, funds=start, state=state)


def _require_costs(costs: CostConfig) -> None:
    for name in ("borrow_rate", "impact_eta"):
        if getattr(costs, name):
            raise ValueError(f"expected {name} 0, was {getattr(costs, name)}: it is not modelled "
                             "for ticks")  # fmt: skip


def _params(strategy: Strategy, params: Sequence[float]) -> FloatArray:
    given = checks.column("params", np.asarray(params, dtype=np.float64))
    if given.size != len(strategy.parameters):
        raise ValueError(f"expected params ({', '.join(strategy.parameters)}), was {given.size} "
                         "numbers")  # fmt: skip
    return given


def _grid(events: EventColumns, samples: npt.ArrayLike | int) -> IntArray:
    if isinstance(samples, int) and not isinstance(samples, bool):
        count = checks.count("samples", samples)
        first, last = int(events.ts_local[0]), int(events.ts_local[-1]) + 1
        return np.array([first + (last - first) * (k + 1) // count for k in range(count)], np.int64)
    grid = np.ascontiguousarray(samples, dtype=np.int64)
    if grid.ndim != 1 or (grid.size and (np.diff(grid) < 0).any()):
        raise ValueError("expected sample times of one dimension, in order")
    return grid


def _timing(latency: Latency) -> IntArray:
    names = ("entry_ns", "answer_ns", "jitter_ns", "seed")
    return np.array([checks.count(n, getattr(latency, n), least=0) for n in names], np.int64)


def _rates(costs: CostConfig, queue: Queue) -> FloatArray:
    models = ("behind", "uniform", "log", "power")
    if queue.model not in models:
        raise ValueError(f"expected a queue model of {', '.join(models)}, was {queue.model!r}")
    power = checks.number("exponent", queue.exponent, above=True)
    bps = (costs.maker_bps / 10_000.0, costs.taker_bps / 10_000.0)
    return np.array([*bps, models.index(queue.model), power])


def _rows(events: EventColumns) -> loop.Rows:
    e = events
    return loop.Rows(e.ts_exchange, e.ts_local, e.kind, e.side, e.px, e.qty, e.last)


def _levels(events: EventColumns) -> tuple[IntArray, IntArray, IntArray, int]:
    base, width = events.ladder()
    top = np.array([0, 0, NO_ASK, 0, 0, 0], np.int64)
    return np.zeros(width, np.int64), np.zeros(width, np.int64), top, base


def _book(events: EventColumns) -> desks.Book:
    bids, asks, top, base = _levels(events)
    return desks.Book(top, bids, asks, base)


def _desk() -> desks.Desk:
    slots = (np.zeros(desks.SLOTS, np.int64) for _ in range(4))
    return desks.Desk(np.zeros((desks.REQUESTS, 5), np.int64), np.zeros(8, np.int64), *slots)


def _venue(events: EventColumns, rates: FloatArray, capacity: int, room: int) -> venues.Venue:
    bids, asks, top, _ = _levels(events)
    side, px, left, traded = (np.zeros(desks.SLOTS, np.int64) for _ in range(4))
    accounts = np.zeros(10, np.int64)
    accounts[[venues.OWN_ASK, venues.LOW_BID]] = NO_ASK
    return venues.Venue(
        bids,
        asks,
        top,
        side,
        px,
        left,
        traded,
        np.zeros(desks.SLOTS),
        np.zeros(desks.SLOTS, np.int64),
        accounts,
        np.zeros(1),
        rates,
        np.zeros((capacity, 6), np.int64),
        np.zeros(capacity),
        np.zeros((room, 5), np.int64),
        np.zeros(3, np.int64),
    )


def _told(
    events: EventColumns,
    found: tuple[desks.Desk, venues.Venue, IntArray, FloatArray],
    grid: IntArray,
    *,
    funds: float,
    state: FloatArray,
) -> TickRun:
    desk, venue, counts, points = found
    unit = events.tick * events.lot
    made = int(venue.books[venues.FILLS])
    log = venue.log[:made].T.copy()
    held = points[1] * events.lot
    mid = points[0] * events.tick
    money = funds + (points[2] - points[3]) * unit
    worth = np.where(held == 0.0, 0.0, held * mid)
    return TickRun(
        ts=grid,
        mid=mid,
        equity=money + worth,
        position=held,
        cash=money,
        fill_ts=log[0],
        fill_side=log[1],
        fill_ticks=log[2],
        fill_lots=log[3],
        fill_slot=log[5],
        fill_maker=log[4] == 1,
        fill_fees=venue.log_fees[:made] * unit,
        final_position=int(venue.books[venues.POS]),
        final_cash=int(venue.books[venues.CASH]),
        fee_total=float(venue.fees[0]) * unit,
        steps=int(counts[loop.STEPS]),
        requests=int(counts[loop.SENT_REQUESTS]),
        refused=int(venue.books[venues.REFUSED]),
        dropped=int(desk.numbers[desks.DROPPED]),
        state=state,
    )
