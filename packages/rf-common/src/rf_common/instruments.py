"""What can be traded, on which grid, and a dense index over it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

import msgspec

from rf_common.ids import InstrumentId, symbol_of, venue_of


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """One tradable thing at one venue.

    Parameters
    ----------
    instrument_id : InstrumentId
        ``venue:symbol``.
    tick : Decimal
        Price step, currency.
    lot : Decimal
        Quantity step, units.
    min_notional : Decimal
        Smallest order value, currency; 0 for none.
    max_quantity : Decimal
        Largest order quantity the venue takes, units.
    currency : str
        Currency that prices, fees and cash are in.
    tradable : bool
        False when the venue has halted it.
    seconds_per_year : float
        Seconds of trading in a year, to annualise what is measured per second: 365 days round
        the clock for crypto, 252 days of 6.5 hours for US equities.
    """

    instrument_id: InstrumentId
    tick: Decimal
    lot: Decimal
    min_notional: Decimal = Decimal(0)
    max_quantity: Decimal = Decimal(1_000_000_000)
    currency: str = "USD"
    tradable: bool = True
    seconds_per_year: float = 31_536_000.0

    @property
    def seconds_per_day(self) -> float:
        """Seconds of trading in a day: of 365 days round the clock, of 252 else."""
        days = 365 if self.seconds_per_year > 252 * 86_400 else 252
        return self.seconds_per_year / days

    @property
    def venue(self) -> str:
        """The venue's name."""
        return venue_of(self.instrument_id)

    @property
    def symbol(self) -> str:
        """The venue's own symbol."""
        return symbol_of(self.instrument_id)


class InstrumentRegistry:
    """Instruments by id and by a dense index in order of registration.

    Examples
    --------
    >>> registry = InstrumentRegistry()
    >>> item = Instrument(instrument_id="sim:AAPL", tick=Decimal("0.01"), lot=Decimal(1))
    >>> registry.register(item), registry.register(item), len(registry)
    (0, 0, 1)
    """

    def __init__(self, instruments: Iterable[Instrument] = ()) -> None:
        self._items: list[Instrument] = []
        self._index: dict[InstrumentId, int] = {}
        for instrument in instruments:
            self.register(instrument)

    def register(self, instrument: Instrument) -> int:
        """Add or replace an instrument and return its index; the index never changes."""
        index = self._index.get(instrument.instrument_id)
        if index is None:
            index = self._index[instrument.instrument_id] = len(self._items)
            self._items.append(instrument)
        else:
            self._items[index] = instrument
        return index

    def get(self, instrument_id: InstrumentId) -> Instrument | None:
        """Return the instrument, or None when it is not known."""
        index = self._index.get(instrument_id)
        return None if index is None else self._items[index]

    def index_of(self, instrument_id: InstrumentId) -> int:
        """Return the dense index; KeyError when the id is not known."""
        return self._index[instrument_id]

    def at(self, index: int) -> Instrument:
        """Return the instrument with this dense index."""
        return self._items[index]

    def __iter__(self) -> Iterator[Instrument]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, instrument_id: object) -> bool:
        return instrument_id in self._index
