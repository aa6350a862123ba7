"""A run over bars: what happens at each time, and in which order.

At one time, for all instruments together: what is on its way arrives; bars that end show the
venue their high and low, and the fills are told; closing quotes; the heartbeat; the closed bars,
on which strategies decide; the equity point; corporate actions; bars that begin. A decision of
a close therefore meets the open of its own instrument's next bar, whatever the latency.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import repeat

import numpy as np

from rf_backtest import upkeep
from rf_backtest.corridor import Corridor
from rf_backtest.data import Bars
from rf_backtest.exits import Exits
from rf_backtest.record import Record
from rf_backtest.result import Fill
from rf_backtest.venue import BarVenue
from rf_common import money
from rf_common.clock import NANOS_PER_SECOND, UnixNanos
from rf_common.events import Bar, Quote
from rf_common.ids import InstrumentId

_EVERY = 512
_NAN = float("nan")
_CLOSE, _OPEN = 0, 1
_CHUNK = 4_096
_MOMENTS = 256
"""Times that are looked ahead: so few that the collector has nothing to walk through."""
_Part = tuple[int, int]


class Series:
    """One instrument's bars on their way through a run, and the actions still to come."""

    def __init__(self, bars: Bars) -> None:
        self.name: InstrumentId = bars.instrument.instrument_id
        self.span = bars.interval_ns
        self.delisted_ts = bars.delisted_ts
        self.last = len(bars) - 1
        self.has_quotes = bars.bid is not None and bars.ask is not None
        self.has_volume = bool(bars.volume.any())
        self.accrued = 0
        self.actions: list[tuple[int, bool, float]] = sorted(
            [(ts, True, value) for ts, value in bars.splits]
            + [(ts, False, value) for ts, value in bars.dividends],
            reverse=True,
        )
        self._source = bars
        self._first = 0
        self._bars: list[Bar] = []

    def bar(self, row: int) -> Bar:
        """Return one bar as an event."""
        place = row - self._first
        if not 0 <= place < len(self._bars):
            self._load(row)
            place = 0
        return self._bars[place]

    def quoted(self, row: int, now: UnixNanos, size: float) -> Quote | None:
        """Return the data's own quote of a close, None when there is none."""
        bid, ask = self._source.bid, self._source.ask
        if bid is None or ask is None:
            return None
        return Quote(self.name, now, float(bid[row]), size, float(ask[row]), size)

    def _load(self, row: int) -> None:
        source, end = self._source, row + _CHUNK
        columns = (source.open, source.high, source.low, source.close, source.volume)
        lists = (column[row:end].tolist() for column in columns)
        times = source.ts[row:end].tolist()
        self._bars = list(map(Bar, repeat(self.name), times, repeat(self.span), *lists))
        self._first = row


def agenda(data: Sequence[Bars]) -> Iterator[tuple[UnixNanos, list[_Part], list[_Part]]]:
    """Yield each time with what closes and what opens then, as (instrument, row)."""
    opens = np.concatenate([bars.ts for bars in data])
    spans = np.concatenate([_ends(bars) for bars in data])
    which = np.concatenate([np.full(len(bars), k) for k, bars in enumerate(data)])
    rows = np.concatenate([np.arange(len(bars)) for bars in data])
    times = np.concatenate([spans, opens])
    phase = np.repeat([_CLOSE, _OPEN], opens.size)
    order = np.lexsort((np.tile(which, 2), phase, times))
    times, phase = times[order], phase[order]
    order %= opens.size
    firsts = np.flatnonzero(np.r_[True, times[1:] != times[:-1]])
    middles = firsts + np.add.reduceat(phase == _CLOSE, firsts, dtype=np.int64)
    lasts = np.r_[firsts[1:], times.size]
    for begin in range(0, firsts.size, _MOMENTS):
        part = slice(begin, begin + _MOMENTS)
        base, end = int(firsts[begin]), int(lasts[part][-1])
        used = order[base:end]
        parts = list(zip(which[used].tolist(), rows[used].tolist(), strict=True))
        bounds = (array[part] - base for array in (firsts, middles, lasts))
        moments = times[firsts[part]].tolist()
        for ts, first, middle, last in zip(moments, *(b.tolist() for b in bounds), strict=True):
            yield ts, parts[first:middle], parts[middle:last]


def _ends(bars: Bars) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return when bars end: a bar that the next one cuts short ends there."""
    ends = bars.ts + bars.interval_ns
    ends[:-1] = np.minimum(ends[:-1], bars.ts[1:])
    return ends


class BarsRun:
    """One pass over the bars of several instruments."""

    def __init__(
        self,
        corridor: Corridor,
        venue: BarVenue,
        record: Record,
        data: Sequence[Bars],
        *,
        borrow_rate: float = 0.0,
        exits: Exits | None = None,
    ) -> None:
        self._corridor = corridor
        self._venue = venue
        self._record = record
        self._data = data
        self._series = [Series(bars) for bars in data]
        self._marks = [_NAN] * len(data)
        self._rate = borrow_rate
        self._exits = exits
        self._answer_until = corridor.answer_until
        if exits is not None:
            record.hear_fills(exits.on_fill)
            self._answer_until = self._answer_and_exit

    def play(self, progress: Callable[[int], None] | None = None) -> None:
        """Run to the last close, and a second more for what is on its way."""
        corridor = self._corridor
        is_scripted = self._record.next_placing is not None
        count, begun = 0, False
        for now, closing, opening in agenda(self._data):
            if not begun:
                corridor.start(now)
                begun = True
            self._answer_until(now)
            if corridor.now < now:
                corridor.now = now
            if closing:
                self._close(now, closing)
                count += len(closing)
                if progress is not None and count % _EVERY < len(closing):
                    progress(count)
            for number, row in opening:
                self._open(now, number, row)
            if is_scripted:
                self._place(now)
        self._answer_until(UnixNanos(corridor.now + NANOS_PER_SECOND))
        if progress is not None:
            progress(count)

    # --- a close ------------------------------------------------------------------------------

    def _close(self, now: UnixNanos, closing: list[tuple[int, int]]) -> None:
        corridor, venue, exits = self._corridor, self._venue, self._exits
        bars: list[tuple[Series, int, int, Bar]] = []
        for number, row in closing:
            series = self._series[number]
            bar = series.bar(row)
            bars.append((series, number, row, bar))
            if bar.volume > 0 or not series.has_volume:
                self._look_inside(bar, now)
            venue.close_bar(bar, now)
            self._answer_until(now)
        for series, number, row, bar in bars:
            self._marks[number] = bar.close_px
            quote = series.quoted(row, now, bar.volume or 1.0) if series.has_quotes else None
            corridor.frame_now(quote or venue.markets[series.name].quoted(bar.close_px, now))
        if self._rate:
            self._accrue(now)
        corridor.wake(now)
        for _, _, _, bar in bars:
            corridor.frame_now(bar)
            if exits is not None:
                exits.on_close(bar)
        self._record.point(now, self._marks)
        for series, _, row, bar in bars:
            if row == series.last:
                self._end(series, bar, now)

    def _look_inside(self, bar: Bar, now: UnixNanos) -> None:
        """Let what rests fill inside the bar, one order after the other, and then the exits."""
        while True:
            while self._venue.inside(bar, now):
                self._answer_until(now)
            if self._exits is None or not self._exits.inside(bar, now):
                return
            self._answer_until(now)

    def _end(self, series: Series, bar: Bar, now: UnixNanos) -> None:
        """Close what is held of an instrument whose data ends because it was delisted."""
        if series.delisted_ts is None:
            return
        self._venue.withdraw(series.name, now, "delisted")
        self._answer_until(now)
        fills = upkeep.close_out(self._corridor.engine, series.name, bar.close_px, now)
        venue_market = self._venue.markets[series.name]
        venue_market.instrument = self._corridor.engine.state.markets[series.name].instrument
        self._venue.set_position(series.name, [(owner, money.ZERO) for owner, _ in fills])
        for owner, fill in fills:
            self._record.fills.append(
                Fill(now, series.name, owner, fill.side, fill.price, fill.quantity, fill.fee,
                     fill.liquidity, fill.client_order_id, "delisted")
            )  # fmt: skip
            held = money.to_text(fill.quantity)
            self._record.warn(f"{series.name}: delisted; {held} closed at {fill.price}")
        self._record.refresh()

    # --- an open ------------------------------------------------------------------------------

    def _open(self, now: UnixNanos, number: int, row: int) -> None:
        series, venue = self._series[number], self._venue
        bar = series.bar(row)
        if self._rate:
            self._accrue(now)
        while series.actions and series.actions[-1][0] <= now:
            _, is_split, value = series.actions.pop()
            self._act(number, bar, now, is_split=is_split, value=value)
        if bar.volume > 0 or not series.has_volume:
            venue.open_bar(series.name, bar.open_px, now, series.span)
            if self._exits is not None:
                self._exits.at_open(series.name, bar.open_px)
            self._answer_until(now)

    def _act(self, number: int, bar: Bar, now: UnixNanos, *, is_split: bool, value: float) -> None:
        engine, record, series = self._corridor.engine, self._record, self._series[number]
        if not is_split:
            record.dividends += upkeep.pay_dividend(engine, series.name, value)
            record.refresh()
            return
        self._venue.withdraw(series.name, now, "split")
        self._answer_until(now)
        shares = upkeep.split(engine, series.name, value, bar.open_px)
        self._venue.set_position(series.name, shares)
        self._venue.markets[series.name].rescale(value)
        record.splits.append((now, series.name, money.of_float(value)))
        record.refresh()
        # The old price is no price of the new share: nothing may be valued with it any more.
        self._corridor.frame_now(self._venue.quote(series.name, bar.open_px, now))
        self._marks[number] = bar.open_px
        text = f"{series.name}: split {value:g} for 1; its prices jump (Bars.adjusted avoids it)"
        record.warn(text)

    def _answer_and_exit(self, now: UnixNanos) -> None:
        """Let answers arrive; protective orders follow the fills among them."""
        self._corridor.answer_until(now)
        while self._exits is not None and self._exits.act():
            self._corridor.answer_until(now)

    # --- upkeep -------------------------------------------------------------------------------

    def _accrue(self, now: UnixNanos) -> None:
        """Charge borrow for the time since the last look, at the last close."""
        for series, mark in zip(self._series, self._marks, strict=True):
            span = now - series.accrued if series.accrued else 0
            series.accrued = now
            if span > 0 and mark == mark:  # a mark is there
                self._record.borrow += upkeep.borrow_cost(
                    self._corridor.engine, series.name, mark, span_ns=span, rate=self._rate
                )
        self._record.refresh()

    def _place(self, now: UnixNanos) -> None:
        for intent in self._record.due(now):
            self._corridor.place(intent)
