"""The simulated market: every symbol one step further, pure and seeded."""

from __future__ import annotations

from collections.abc import Mapping

from rf_common.clock import NANOS_PER_MILLI, UnixNanos
from rf_common.enums import FeedState
from rf_common.errors import CausalityError
from rf_common.events import FeedStatus, Payload
from rf_common.ids import InstrumentId, instrument_id
from rf_common.instruments import Instrument
from rf_ingestion.config import MockConfig
from rf_ingestion.mock.draws import Spells, generators
from rf_ingestion.mock.presets import HOUSE_SYMBOLS, VENUE, Group, preset_of
from rf_ingestion.mock.tape import Tape

BURST = 3.0
"""Volatility in a burst as a multiple of the usual."""
_BURST_EVERY_S = 300.0
_BURST_S = 20.0, 60.0
_NO_START: Mapping[InstrumentId, float] = {}


class MockMarket:
    """A seeded market at venue ``sim``.

    Parameters
    ----------
    config : MockConfig
        Seed, step, symbols, depth, outages.
    start : mapping of InstrumentId to float, optional
        Prices to begin with instead of the presets', currency; others' ids are ignored.

    Raises
    ------
    ValueError
        If a symbol is malformed or named twice, or a start price is impossible.

    Notes
    -----
    Every group (stocks, coins, event contracts) now and then has a burst of 20 to 60 seconds in
    which volatility and spread are three times the usual. In an outage one of the groups falls
    silent without a word, as a broken feed does; when it is back, each of its symbols tells the
    gap in its update ids and the whole book. Outages change what is told, never the paths.

    Examples
    --------
    >>> market = MockMarket(MockConfig(symbols=("AAPL",)))
    >>> [type(fact).__name__ for fact in market.step(UnixNanos(1_000_000_000))]
    ['FeedStatus', 'Quote', 'BookSnapshot']
    """

    def __init__(self, config: MockConfig, start: Mapping[InstrumentId, float] = _NO_START) -> None:
        symbols = config.symbols or HOUSE_SYMBOLS
        if len(set(symbols)) != len(symbols):
            raise ValueError(f"symbols = {symbols}: expected each symbol once")
        presets = [preset_of(symbol) for symbol in symbols]
        step_s = config.step_ms / 1_000.0
        self.step_ns = config.step_ms * NANOS_PER_MILLI
        self._instruments = tuple(preset.to_instrument() for preset in presets)
        self._tapes = [
            Tape(
                preset,
                start.get(instrument_id(VENUE, preset.symbol), preset.px),
                config.seed,
                step_s,
                config.book_levels,
            )
            for preset in presets
        ]
        present = {preset.group for preset in presets}
        self._groups = [group for group in Group if group in present]
        self._bursts = {
            group: Spells(
                generators(config.seed, f"bursts of {group}", 1)[0],
                _BURST_EVERY_S / step_s,
                _BURST_S[0] / step_s,
                _BURST_S[1] / step_s,
            )
            for group in self._groups
        }
        when, self._which = generators(config.seed, "outages", 2)
        outage = config.outage_s / step_s
        self._outages = Spells(when, config.outage_every_s / step_s, outage, outage)
        self._silent: Group | None = None
        self._now: UnixNanos | None = None

    def instruments(self) -> tuple[Instrument, ...]:
        """Return what is traded here."""
        return self._instruments

    def step(self, now: UnixNanos) -> tuple[Payload, ...]:
        """Move every symbol by one step and return what is told of it.

        It is one step of the configured length, however long ago the last one was.

        Raises
        ------
        CausalityError
            If `now` is before the time of the step before.
        """
        told: list[Payload] = []
        if self._now is None:
            told.append(FeedStatus(VENUE, now, FeedState.LIVE))
        elif now < self._now:
            raise CausalityError(f"market cannot go back: at {self._now}, asked {now}")
        self._now = now
        silent, bursts = self._outage(), self._scales()
        for tape in self._tapes:
            told += tape.step(now, bursts[tape.group], tape.group is silent)
        return tuple(told)

    def _outage(self) -> Group | None:
        """Return the group that is silent in this step."""
        if self._outages.step():
            self._silent = self._groups[int(self._which.integers(len(self._groups)))]
        return self._silent if self._outages.active else None

    def _scales(self) -> dict[Group, float]:
        for spells in self._bursts.values():
            spells.step()
        return {group: BURST if spells.active else 1.0 for group, spells in self._bursts.items()}
