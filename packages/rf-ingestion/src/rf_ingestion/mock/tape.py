"""Quotes, book, trades and bars of one simulated symbol, in whole ticks and lots."""

from __future__ import annotations

from math import ceil, floor, log10

from rf_common.clock import NANOS_PER_SECOND, UnixNanos
from rf_common.enums import Side
from rf_common.events import (
    Bar,
    BookDelta,
    BookSnapshot,
    FeedGap,
    Level,
    Payload,
    Quote,
    Trade,
)
from rf_ingestion.mock.draws import ahead, generators, sizes
from rf_ingestion.mock.paths import path_of
from rf_ingestion.mock.presets import VENUE, Group, Preset

MINUTE_NS = 60 * NANOS_PER_SECOND
_LEVEL_GAP_BPS = 0.5
_NO_TOP = 2**62


class Tape:
    """One symbol's market and what of it was told.

    Prices are counted in ticks and quantities in lots; dividing by ticks or lots per unit gives
    the float nearest to the decimal, so that what is told is exactly on the grid.

    Parameters
    ----------
    preset : Preset
        What the symbol is like.
    px : float
        Price to begin with, currency.
    seed : int
        Seed of the market; the symbol's own draws follow from it and the symbol's name.
    step_s : float
        Length of a step, seconds.
    levels : int
        Levels of each side of the book, fewer where the price leaves no room.
    """

    def __init__(self, preset: Preset, px: float, seed: int, step_s: float, levels: int) -> None:
        instrument, traits = preset.to_instrument(), preset.traits
        self.instrument_id = instrument.instrument_id
        self.group = preset.group
        self._path = path_of(preset, px, step_s)
        self._ticks_per_unit = float(1 / instrument.tick)
        self._lots_per_unit = float(1 / instrument.lot)
        self._half_spread = preset.spread_bps / 20_000.0
        self._top = int(self._ticks_per_unit) - 1 if preset.group is Group.EVENT else _NO_TOP
        self._levels = levels
        self._level_gap = _level_gap(px * self._ticks_per_unit)
        self._quote_probability = min(1.0, traits.quotes_per_s * step_s)
        normal, uniform, arrival, level, print_ = generators(seed, f"symbol {preset.symbol}", 5)
        lots = self._lots_per_unit / px
        self._normals = ahead(lambda n: normal.standard_normal(n).tolist())
        self._uniforms = ahead(lambda n: uniform.random(n).tolist())
        self._arrivals = ahead(lambda n: arrival.poisson(traits.trades_per_s * step_s, n).tolist())
        self._level_lots = sizes(level, traits.level_notional * lots, 0.6)
        self._trade_lots = sizes(print_, traits.trade_notional * lots, 0.9)
        self._bids: dict[int, int] = {}
        self._asks: dict[int, int] = {}
        self._bid = self._ask = 0
        self._last_id = 0
        self._told_id = -1
        self._trade_id = 0
        self._minute = -1
        self._traded: list[tuple[int, int]] = []
        self._close = round(px * self._ticks_per_unit)

    def step(self, now: UnixNanos, burst: float, silent: bool) -> list[Payload]:
        """Move by one step and return what of it is told: nothing while `silent`.

        The market moves in silence too. The first step and the first after a silence tell the
        whole book instead of the step's events, after a silence preceded by the gap.
        """
        in_sync = self._told_id == self._last_id
        px = self._path.advance(burst, next(self._normals))
        told: list[Payload] = []
        if now // MINUTE_NS != self._minute:
            self._turn_minute(now, told)
        arrivals = next(self._arrivals)
        if arrivals and self._bid:
            self._print(now, arrivals, told)
        if next(self._uniforms) < self._quote_probability or arrivals or not self._bid:
            self._requote(now, px, burst, told)
        if silent:
            return []
        if not in_sync:
            told = self._whole(now)
        self._told_id = self._last_id
        return told

    def _turn_minute(self, now: UnixNanos, told: list[Payload]) -> None:
        """Close the bar of the minute that ended, if there was one; no trade makes it flat."""
        if self._minute >= 0:
            ticks = [tick for tick, _ in self._traded] or [self._close]
            self._close = ticks[-1]
            open_px, high_px, low_px, close_px = (
                tick / self._ticks_per_unit
                for tick in (ticks[0], max(ticks), min(ticks), ticks[-1])
            )
            volume = sum(lots for _, lots in self._traded) / self._lots_per_unit
            told.append(
                Bar(
                    self.instrument_id,
                    UnixNanos(self._minute * MINUTE_NS),
                    MINUTE_NS,
                    open_px,
                    high_px,
                    low_px,
                    close_px,
                    volume,
                )
            )
            self._traded.clear()
        self._minute = now // MINUTE_NS

    def _print(self, now: UnixNanos, count: int, told: list[Payload]) -> None:
        """Trade `count` times against the standing quote, never more than it shows."""
        for _ in range(count):
            if next(self._uniforms) < 0.5:
                aggressor, tick, shown = Side.BUY, self._ask, self._asks[self._ask]
            else:
                aggressor, tick, shown = Side.SELL, self._bid, self._bids[self._bid]
            lots = min(next(self._trade_lots), shown)
            self._trade_id += 1
            self._traded.append((tick, lots))
            px, qty = tick / self._ticks_per_unit, lots / self._lots_per_unit
            told.append(Trade(self.instrument_id, now, px, qty, aggressor, self._trade_id))

    def _requote(self, now: UnixNanos, px: float, burst: float, told: list[Payload]) -> None:
        """Put the quote around `px` and the book behind it; the spread widens in a burst."""
        old_bids, old_asks = self._bids, self._asks
        half = px * self._half_spread * burst
        bid = min(max(floor((px - half) * self._ticks_per_unit), 1), self._top - 1)
        ask = min(max(ceil((px + half) * self._ticks_per_unit), bid + 1), self._top)
        gap, reach = self._level_gap, self._level_gap * (self._levels - 1)
        below, above = (bid - 1) // gap * gap, ask // gap * gap + gap
        self._bids = self._ladder(old_bids, bid, range(below, max(0, below - reach), -gap))
        self._asks = self._ladder(
            old_asks, ask, range(above, min(self._top + 1, above + reach), gap)
        )
        self._bid, self._ask = bid, ask
        self._last_id += 1
        told.append(self._quote(now))
        told.append(
            BookDelta(
                self.instrument_id,
                now,
                self._last_id,
                self._last_id,
                self._changes(old_bids, self._bids),
                self._changes(old_asks, self._asks),
            )
        )

    def _ladder(self, old: dict[int, int], best: int, behind: range) -> dict[int, int]:
        """Return lots by tick, best first: the best and one other level get a new size."""
        lots = self._level_lots
        new = {best: next(lots)}
        for tick in behind:
            new[tick] = old.get(tick) or next(lots)
        if behind:
            new[behind[int(next(self._uniforms) * len(behind))]] = next(lots)
        return new

    def _changes(self, old: dict[int, int], new: dict[int, int]) -> tuple[Level, ...]:
        ticks, lots = self._ticks_per_unit, self._lots_per_unit
        gone = [(tick / ticks, 0.0) for tick in old if tick not in new]
        there = [(tick / ticks, qty / lots) for tick, qty in new.items() if old.get(tick) != qty]
        return (*gone, *there)

    def _whole(self, now: UnixNanos) -> list[Payload]:
        told: list[Payload] = []
        if self._told_id > 0:
            told.append(
                FeedGap(
                    self.instrument_id,
                    now,
                    VENUE,
                    self._told_id + 1,
                    self._last_id,
                    "the simulated feed was silent",
                )
            )
        told.append(self._quote(now))
        bids, asks = self._changes({}, self._bids), self._changes({}, self._asks)
        told.append(BookSnapshot(self.instrument_id, now, self._last_id, bids, asks))
        return told

    def _quote(self, now: UnixNanos) -> Quote:
        ticks, lots = self._ticks_per_unit, self._lots_per_unit
        return Quote(
            self.instrument_id,
            now,
            self._bid / ticks,
            self._bids[self._bid] / lots,
            self._ask / ticks,
            self._asks[self._ask] / lots,
            self._last_id,
        )


def _level_gap(start_ticks: float) -> int:
    """Return the distance of levels, ticks: a power of ten near half a basis point."""
    wanted = start_ticks * _LEVEL_GAP_BPS / 10_000.0
    return int(10 ** max(0, floor(log10(wanted))))
