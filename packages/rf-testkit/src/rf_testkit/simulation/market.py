"""A market that walks at random and now and then tells what cannot be."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np

from rf_common.clock import UnixNanos
from rf_common.enums import FeedState
from rf_common.events import FeedGap, FeedStatus, Level, Payload, Quote, Trade
from rf_common.ids import InstrumentId
from rf_common.instruments import Instrument
from rf_testkit.simulation.setting import INSTRUMENTS

_START_CENTS = (10_000, 5_000)


class View:
    """The market as the venue sees it: the best bid and ask."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.quote: Quote | None = None

    def levels(self, bids: bool) -> Iterator[Level]:
        """Yield the best level of one side."""
        if self.quote is not None:
            quote = self.quote
            yield (quote.bid_px, quote.bid_qty) if bids else (quote.ask_px, quote.ask_qty)


class RandomMarket:
    """Prices of the simulated instruments.

    Parameters
    ----------
    rng : numpy.random.Generator
        Decides everything.

    Attributes
    ----------
    views : dict of InstrumentId to View
        What is true, for the venue: never spoilt.
    cents : dict of InstrumentId to int
        The present price, hundredths of the currency.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self.views = {item.instrument_id: View(item) for item in INSTRUMENTS}
        self.cents = dict(zip(self.views, _START_CENTS, strict=True))
        self._rng = rng

    def step(self, now: UnixNanos) -> list[Payload]:
        """Move every price and return what is told of it."""
        told: list[Payload] = []
        for name in self.views:
            self.cents[name] = max(100, self.cents[name] + int(self._rng.integers(-4, 5)))
            if self._rng.random() < 0.9:
                told.append(self._quote(name, now))
            if self._rng.random() < 0.2:
                px = (self.cents[name] + int(self._rng.integers(-6, 7))) / 100
                told.append(Trade(name, now, px, float(self._rng.integers(1, 30)), None))
        if self._rng.random() < 0.02:
            told.append(self._trouble(now))
        return told

    def _quote(self, name: InstrumentId, now: UnixNanos) -> Quote:
        mid, half = self.cents[name], int(self._rng.integers(1, 3))
        bid, ask = (mid - half) / 100, (mid + half) / 100
        sizes = self._rng.integers(1, 60, 2)
        quote = Quote(name, now, bid, float(sizes[0]), ask, float(sizes[1]))
        self.views[name].quote = quote
        if self._rng.random() < 0.01:
            return self._spoilt(quote)
        return quote

    def _spoilt(self, quote: Quote) -> Quote:
        changes: tuple[dict[str, float], ...] = (
            {"bid_px": float("nan")},
            {"ask_px": float("inf")},
            {"bid_px": 0.0},
            {"ask_px": -1.0},
            {"bid_qty": float("nan")},
            {"bid_px": quote.ask_px + 1.0},
        )
        change = changes[int(self._rng.integers(len(changes)))]
        return msgspec.structs.replace(quote, **change)

    def _trouble(self, now: UnixNanos) -> Payload:
        name = INSTRUMENTS[int(self._rng.integers(2))].instrument_id
        kinds: tuple[Payload, ...] = (
            FeedGap(name, now, "sim", 5, 9, "lost"),
            FeedStatus("sim", now, FeedState.DOWN, "reset"),
            FeedStatus("sim", now, FeedState.LIVE),
            Trade(name, now, float("nan"), 1.0, None),
        )
        return kinds[int(self._rng.integers(len(kinds)))]


def is_sane(event: Quote | Trade) -> bool:
    """Return whether an order may go out at this price."""
    if isinstance(event, Trade):
        return event.px > 0
    sized = event.bid_qty >= 0 and event.ask_qty >= 0
    return sized and 0 < event.bid_px <= event.ask_px < float("inf")
