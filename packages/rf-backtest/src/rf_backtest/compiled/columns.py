"""Market data as columns for the compiled path: ticks, lots and two times a row.

A quote becomes two rows, a delta one for each level, a snapshot two that empty the book and one
for each level, a trade one. `last` marks the end of a message: the strategy steps there. A gap
empties the book, since nobody knows it until the next snapshot.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rf_backtest.compiled._checks import IntArray, column, number
from rf_backtest.compiled._kernels.book import CLEAR, DEPTH, TOP, TRADE
from rf_common.events import BookDelta, BookSnapshot, FeedGap, Payload, Quote, Trade

ByteArray = npt.NDArray[np.int8]

__all__ = ["EventColumns", "events_from_payloads", "events_from_quotes", "TOP", "DEPTH", "TRADE"]

MARGIN = 1_024
"""Ticks beyond the data's prices at which orders may still stand."""
MOST_TICKS = 100_000_000
"""Widest range of prices, ticks."""


@dataclass(frozen=True, slots=True)
class EventColumns:
    """Market data of one instrument; every array is (n,).

    Attributes
    ----------
    ts_exchange, ts_local : int64
        When it happened and when we had it, nanoseconds; neither goes back, the second is not
        before the first.
    kind : int8
        `TOP`, `DEPTH`, `TRADE`, or 4 where a side is emptied.
    side : int8
        1 bid or buyer, -1 ask or seller; of a trade the aggressor, 0 when not known.
    px, qty : int64
        Ticks and lots.
    last : int8
        1 on the last row of a message.
    tick, lot : float
        Currency of a tick, units of a lot.
    moved : int
        Times that went back, or a local time before the venue's, and were moved up.
    rounded : int
        Quantities finer than a lot, taken as the nearest lot and at least one.
    """

    ts_exchange: IntArray
    ts_local: IntArray
    kind: ByteArray
    side: ByteArray
    px: IntArray
    qty: IntArray
    last: ByteArray
    tick: float
    lot: float
    moved: int = 0
    rounded: int = 0

    def __post_init__(self) -> None:
        n = self.px.size
        for name in ("ts_exchange", "ts_local", "kind", "side", "px", "qty", "last"):
            values = getattr(self, name)
            if values.shape != (n,) or not values.flags.c_contiguous:
                raise ValueError(f"expected {name} of shape ({n},), was {values.shape}")
        if n == 0:
            raise ValueError("expected at least one row of market data, was none")
        for name in ("ts_exchange", "ts_local"):
            back = np.flatnonzero(np.diff(getattr(self, name)) < 0)
            if back.size:
                raise ValueError(f"expected {name} in order, row {back[0] + 1} goes back")
        early = np.flatnonzero(self.ts_local < self.ts_exchange)
        if early.size:
            raise ValueError(f"expected ts_local >= ts_exchange, row {early[0]} is before it")
        priced = self.kind != CLEAR
        bad = np.flatnonzero(priced & ((self.px < 1) | (self.qty < 0)))
        if bad.size:
            row = int(bad[0])
            raise ValueError(f"expected px >= 1 tick and qty >= 0 lots, row {row} was "
                             f"{self.px[row]}, {self.qty[row]}")  # fmt: skip

    def __len__(self) -> int:
        return int(self.px.size)

    @property
    def messages(self) -> int:
        """Messages: how often a strategy steps."""
        return int(self.last.sum())

    @property
    def deep(self) -> bool:
        """Whether there is more than best prices."""
        return bool((self.kind == DEPTH).any())

    @property
    def nbytes(self) -> int:
        """Bytes of all columns."""
        names = ("ts_exchange", "ts_local", "kind", "side", "px", "qty", "last")
        return sum(getattr(self, name).nbytes for name in names)

    def ladder(self) -> tuple[int, int]:
        """Return first tick and length of a ladder that holds every price.

        Raises
        ------
        ValueError
            If prices are further apart than a ladder may be wide.
        """
        priced = self.px[self.kind != CLEAR]
        if not priced.size:
            raise ValueError("expected rows with a price, was none")
        base = max(int(priced.min()) - MARGIN, 0)
        width = int(priced.max()) + MARGIN - base + 1
        if width > MOST_TICKS:
            raise ValueError(
                f"expected prices within {MOST_TICKS} ticks, was {width}: leave out levels far "
                "from the market (`within_ticks` of events_from_payloads)"
            )
        return base, width

    def head(self, rows: int) -> EventColumns:
        """Return the first `rows` rows."""
        return EventColumns(
            self.ts_exchange[:rows].copy(),
            self.ts_local[:rows].copy(),
            self.kind[:rows].copy(),
            self.side[:rows].copy(),
            self.px[:rows].copy(),
            self.qty[:rows].copy(),
            self.last[:rows].copy(),
            self.tick,
            self.lot,
        )


class _Rows:
    """Grows columns; times and marks belong to whole messages."""

    def __init__(self) -> None:
        self.kind, self.side, self.last = array("b"), array("b"), array("b")
        self.px, self.qty = array("d"), array("d")
        self.ts_exchange, self.ts_local = array("q"), array("q")

    def add(self, kind: int, side: int, px: float, qty: float) -> None:
        self.kind.append(kind)
        self.side.append(side)
        self.px.append(px)
        self.qty.append(qty)
        self.last.append(0)

    def end(self, ts_exchange: int, ts_local: int) -> None:
        new = len(self.kind) - len(self.ts_local)
        if new:
            self.ts_exchange.extend([ts_exchange] * new)
            self.ts_local.extend([ts_local] * new)
            self.last[-1] = 1


def events_from_payloads(
    events: Iterable[tuple[int, Payload]],
    *,
    tick: float,
    lot: float,
    feed_latency_ns: int | None = None,
    within_ticks: int | None = None,
) -> EventColumns:
    """Return the columns of recorded events of one instrument.

    Parameters
    ----------
    events : iterable of (ts_local, payload)
        In order of arrival, nanoseconds; of an `Envelope` its `ts_init` and `payload`. Quotes,
        trades, deltas, snapshots and gaps are used, others passed over.
    tick, lot : float
        Of the instrument; prices must stand on ticks, quantities are rounded to lots.
    feed_latency_ns : int, optional
        The venue's time is then the local one less this. Without it the venue's time is the
        payload's own: only right where both clocks agree.
    within_ticks : int, optional
        Of snapshots and deltas only levels within so many ticks of the last best price (that of
        the last quote or snapshot) are kept.

    Raises
    ------
    ValueError
        If nothing is left, instruments differ, a price is on no tick or a quantity is no number.

    Notes
    -----
    A time that goes back, or a local time before the venue's, is moved up to the one before and
    counted in `moved`. About 1 us a level.

    Examples
    --------
    >>> quote = Quote("sim:A", 1_000, 99.5, 2.0, 100.0, 3.0)
    >>> columns = events_from_payloads([(1_500, quote)], tick=0.5, lot=1.0)
    >>> columns.px.tolist(), columns.qty.tolist(), columns.last.tolist()
    ([199, 200], [2, 3], [0, 1])
    """
    number("tick", tick, above=True)
    number("lot", lot, above=True)
    rows, near, name = _Rows(), _Near(None if within_ticks is None else within_ticks * tick), None
    for ts_local, payload in events:
        if not isinstance(payload, Quote | Trade | BookDelta | BookSnapshot | FeedGap):
            continue
        name = name or payload.instrument_id
        if payload.instrument_id != name:
            raise ValueError(f"expected events of {name} only, was {payload.instrument_id}")
        _add(rows, payload, near)
        behind = payload.ts_event if feed_latency_ns is None else ts_local - feed_latency_ns
        rows.end(behind, ts_local)
    return _finish(rows, tick, lot)


class _Near:
    """Which levels are kept: those near the best price that was last told."""

    def __init__(self, reach: float | None) -> None:
        self.reach, self.px = reach, 0.0

    def keeps(self, px: float) -> bool:
        return self.reach is None or self.px == 0.0 or abs(px - self.px) <= self.reach


def _add(
    rows: _Rows, event: Quote | Trade | BookDelta | BookSnapshot | FeedGap, near: _Near
) -> None:
    if isinstance(event, Quote):
        near.px = event.bid_px
        rows.add(TOP, 1, event.bid_px, event.bid_qty)
        rows.add(TOP, -1, event.ask_px, event.ask_qty)
    elif isinstance(event, Trade):
        rows.add(TRADE, 0 if event.aggressor is None else event.aggressor.sign, event.px, event.qty)
    else:
        if not isinstance(event, BookDelta):
            rows.add(CLEAR, 1, 0.0, 0.0)
            rows.add(CLEAR, -1, 0.0, 0.0)
        if isinstance(event, FeedGap):
            return
        if isinstance(event, BookSnapshot) and event.bids:
            near.px = event.bids[0][0]
        for side, levels in ((1, event.bids), (-1, event.asks)):
            for px, qty in levels:
                if near.keeps(px):
                    rows.add(DEPTH, side, px, qty)


def _finish(rows: _Rows, tick: float, lot: float) -> EventColumns:
    times = np.array(rows.ts_exchange, dtype=np.int64), np.array(rows.ts_local, dtype=np.int64)
    ts_local = np.maximum.accumulate(times[1]) if times[1].size else times[1]
    ts_exchange = np.maximum.accumulate(times[0]) if times[0].size else times[0]
    ts_local = np.maximum(ts_local, ts_exchange)
    moved = int(((ts_local != times[1]) | (ts_exchange != times[0])).sum())
    qty, rounded = _lots(np.array(rows.qty), lot)
    return EventColumns(
        ts_exchange,
        ts_local,
        np.array(rows.kind, dtype=np.int8),
        np.array(rows.side, dtype=np.int8),
        _ticks(np.array(rows.px), tick),
        qty,
        np.array(rows.last, dtype=np.int8),
        float(tick),
        float(lot),
        moved,
        rounded,
    )


def _ticks(values: npt.NDArray[np.float64], tick: float) -> IntArray:
    """Return whole ticks; a price that stands on none within 1e-6 of one raises."""
    scaled = values / tick
    whole = np.rint(scaled)
    off = np.flatnonzero(~(np.abs(scaled - whole) <= 1e-6 * np.maximum(1.0, np.abs(scaled) * 1e-6)))
    if off.size:
        raise ValueError(
            f"expected a price on steps of {tick:g}, row {off[0]} was {float(values[off[0]])!r}"
        )
    return whole.astype(np.int64)


def _lots(values: npt.NDArray[np.float64], lot: float) -> tuple[IntArray, int]:
    """Return whole lots, and how many quantities were rounded to them.

    Venues show dust that is finer than a lot: the nearest lot is taken, and one for what is
    there but smaller.
    """
    bad = np.flatnonzero(~(np.isfinite(values) & (values >= 0.0) & (values < 2.0**62 * lot)))
    if bad.size:
        raise ValueError(
            f"expected a quantity of at least 0, row {bad[0]} was {float(values[bad[0]])!r}"
        )
    scaled = values / lot
    whole = np.maximum(np.rint(scaled), values > 0.0)
    rounded = int((np.abs(scaled - whole) > 1e-6 * np.maximum(1.0, scaled * 1e-6)).sum())
    return whole.astype(np.int64), rounded


def events_from_quotes(
    ts: npt.ArrayLike,
    bid: tuple[npt.ArrayLike, npt.ArrayLike],
    ask: tuple[npt.ArrayLike, npt.ArrayLike],
    *,
    tick: float,
    lot: float,
    feed_latency_ns: int = 0,
) -> EventColumns:
    """Return the columns of quotes that are arrays.

    Parameters
    ----------
    ts : (n,) array of int64
        Times of the venue, nanoseconds.
    bid, ask : pair of (n,) arrays
        Prices in currency and quantities in units.
    tick, lot : float
        Of the instrument.
    feed_latency_ns : int
        Until we have a quote.

    Raises
    ------
    ValueError
        As `events_from_payloads`.

    Examples
    --------
    >>> len(events_from_quotes([1, 2], ([9.0, 9.0], [1, 2]), ([10.0, 10.0], [1, 1]),
    ...     tick=1.0, lot=1.0))
    4
    """
    times = np.repeat(np.ascontiguousarray(ts, dtype=np.int64), 2)
    n = times.size // 2
    pairs = [(column("px", px, n), column("qty", qty, n)) for px, qty in (bid, ask)]
    px = np.stack([pair[0] for pair in pairs], axis=1).ravel()
    qty = np.stack([pair[1] for pair in pairs], axis=1).ravel()
    lots, rounded = _lots(qty, number("lot", lot, above=True))
    return EventColumns(
        times,
        times + int(feed_latency_ns),
        np.full(2 * n, TOP, np.int8),
        np.tile(np.array([1, -1], np.int8), n),
        _ticks(px, number("tick", tick, above=True)),
        lots,
        np.tile(np.array([0, 1], np.int8), n),
        float(tick),
        float(lot),
        0,
        rounded,
    )
