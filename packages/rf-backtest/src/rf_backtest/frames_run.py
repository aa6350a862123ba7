"""A run over recorded frames: what the daemon does with a recording, without a disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rf_backtest.config import BacktestConfig
from rf_backtest.corridor import Corridor
from rf_backtest.record import Record
from rf_backtest.upkeep import borrow_cost
from rf_common.canonical import canonical_bytes
from rf_common.clock import NANOS_PER_SECOND, UnixNanos
from rf_common.events import Payload, Quote

Frame = tuple[UnixNanos, Sequence[Payload]]
_EVERY = 512
_ACCRUE_NS = 3_600 * NANOS_PER_SECOND
_NAN = float("nan")


class FramesRun:
    """One pass over frames."""

    def __init__(self, corridor: Corridor, record: Record, config: BacktestConfig) -> None:
        self._corridor = corridor
        self._record = record
        self._rate = config.costs.borrow_rate
        self._markets = [corridor.engine.state.markets[name] for name in record.names]
        self._accrued = 0
        self._quotes: list[Quote | None] = []
        self._marks: list[float] = []

    def play(self, frames: Iterable[Frame], progress: Callable[[int], None] | None = None) -> None:
        """Run to the end of the frames, and a second more for what is on its way."""
        corridor, record = self._corridor, self._record
        is_scripted = record.next_placing is not None
        count, last = 0, -1
        for ts, payloads in frames:
            if last < 0:
                corridor.start(ts)
                self._accrued = ts
            elif ts < last:
                raise ValueError(f"frame {count}: {ts} is before {last}; expected order of time")
            last = ts
            record.hash_more(canonical_bytes((ts, payloads)))
            if is_scripted:
                self._place(ts)
            corridor.frame(ts, payloads)
            self._point(ts)
            count += 1
            if progress is not None and count % _EVERY == 0:
                progress(count)
        if last < 0:
            raise ValueError("expected at least one frame, was none")
        end = UnixNanos(corridor.now + NANOS_PER_SECOND)
        corridor.advance(end)
        if self._rate:
            self._accrue(corridor.now)
        if corridor.now > last:
            self._point(corridor.now)
        if progress is not None:
            progress(count)

    def _place(self, ts: int) -> None:
        """Place orders of one's own at their times, before the frame."""
        while (due := self._record.next_placing) is not None and due <= ts:
            self._corridor.frame(UnixNanos(max(due, self._corridor.now)), ())
            for intent in self._record.due(self._corridor.now):
                self._corridor.place(intent)

    def _accrue(self, ts: int) -> None:
        for market in self._markets:
            quote = market.quote
            if quote is not None:
                px = (quote.bid_px + quote.ask_px) * 0.5
                cost = borrow_cost(
                    self._corridor.engine, market.instrument.instrument_id, px,
                    span_ns=ts - self._accrued, rate=self._rate,
                )  # fmt: skip
                self._record.borrow += cost
        self._accrued = ts
        self._record.refresh()

    def _point(self, ts: int) -> None:
        if self._rate and ts - self._accrued >= _ACCRUE_NS:
            self._accrue(ts)
        quotes = [market.quote for market in self._markets]
        if quotes != self._quotes:
            self._quotes = quotes
            self._marks = [
                _NAN if quote is None else (quote.bid_px + quote.ask_px) * 0.5 for quote in quotes
            ]
        self._record.point(ts, self._marks)
