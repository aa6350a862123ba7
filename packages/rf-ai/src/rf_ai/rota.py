"""When the next cycle of an instrument is due: on a timer, or because something important moved.

Pure: whoever holds it asks with the present time and the newest snapshots.
"""

from __future__ import annotations

from math import log, sqrt

from rf_common.clock import NANOS_PER_SECOND, UnixNanos
from rf_common.ids import InstrumentId
from rf_common.intelligence import QuantSnapshot

SIGMAS = 4.0
"""Move since the last cycle, in its own standard deviations, that is important."""
SURGE = 1.8
"""Volatility as a multiple of its average that is important."""
RETRY_S = 20.0
"""Time after which a cycle that came to no opinion is tried again, seconds."""
MIN_GAP_S = 20.0
"""Least time between two cycles of one instrument that importance asks for, seconds."""


class Rota:
    """Timers and last cycles of the instruments that are looked at.

    Parameters
    ----------
    every_s : float
        Time between two cycles of one instrument; 0 for none.
    seconds_per_year : float
        Trading seconds in a year, to scale volatilities.
    """

    def __init__(self, every_s: float, *, seconds_per_year: float) -> None:
        self._every_ns = round(every_s * NANOS_PER_SECOND)
        self._seconds_per_year = seconds_per_year
        self._last: dict[InstrumentId, QuantSnapshot] = {}
        self._failed: set[InstrumentId] = set()

    def due(self, snapshot: QuantSnapshot) -> str:
        """Return why a cycle is due now, "" when none is; one that is told counts as begun."""
        if snapshot.unavailable:
            return ""
        why = self._why(snapshot)
        if why:
            self._last[snapshot.instrument_id] = snapshot
        return why

    def ended(self, instrument_id: InstrumentId, *, well: bool) -> None:
        """Hear how a cycle ended; one without an opinion is tried again soon."""
        (self._failed.discard if well else self._failed.add)(instrument_id)

    def next_due(self, instrument_id: InstrumentId) -> UnixNanos | None:
        """Return when the timer runs out, None before the first cycle or without a timer."""
        last = self._last.get(instrument_id)
        if last is None or not self._every_ns:
            return None
        return UnixNanos(last.ts_event + self._every_ns)

    def _why(self, now: QuantSnapshot) -> str:
        last = self._last.get(now.instrument_id)
        if last is None:
            return "timer" if self._every_ns else ""
        passed_s = (now.ts_event - last.ts_event) / NANOS_PER_SECOND
        if self._every_ns and now.instrument_id in self._failed and passed_s >= RETRY_S:
            return "timer"
        if self._every_ns and now.ts_event - last.ts_event >= self._every_ns:
            return "timer"
        return self._importance(last, now, passed_s) if passed_s >= MIN_GAP_S else ""

    def _importance(self, last: QuantSnapshot, now: QuantSnapshot, passed_s: float) -> str:
        vol, usual = now.garch_vol, now.average_vol
        if last.px is not None and now.px is not None and last.garch_vol:
            sigma = last.garch_vol * sqrt(passed_s / self._seconds_per_year)
            moved = log(now.px / last.px) / sigma
            if abs(moved) >= SIGMAS:
                return f"the price moved {moved:+.1f} deviations in {passed_s:.0f} s"
        if vol is not None and usual is not None and usual > 0 and vol >= SURGE * usual:
            return f"volatility is {vol / usual:.1f} times its average"
        return ""
