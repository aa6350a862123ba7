"""Risk of the whole account, measured on the session's own prices.

Prices of all live instruments are sampled together on a grid of the engine's time, with the
heartbeat that reaches it. VaR is historical: what is held now against the returns of the window,
scaled to a day by the square root of time.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt

from rf_common.clock import NANOS_PER_MILLI, NANOS_PER_SECOND, UnixNanos
from rf_common.enums import FeedState
from rf_common.ids import InstrumentId
from rf_engine.market import Market
from rf_risk.config import MeasureConfig
from rf_risk.portfolio.session_var import SessionVar

CONFIDENCE = 0.95
_TOP = 5
"""Largest holdings whose correlation is looked at."""


class SessionMeasures:
    """VaR, expected shortfall, correlation and volatility of an account.

    Parameters
    ----------
    config : MeasureConfig
        Grid and windows.
    seconds_per_day : mapping
        Trading seconds of a day, by instrument.
    """

    def __init__(
        self, config: MeasureConfig, seconds_per_day: Mapping[InstrumentId, float]
    ) -> None:
        self._session = SessionVar(config.var_window, config.var_min_samples)
        self._step_ns = config.var_sample_ms * NANOS_PER_MILLI
        self._seconds_per_day = seconds_per_day
        self._step = -1
        self.var: float | None = None
        """One-day 95 % VaR of what is held, currency; None while it is unknown."""
        self.shortfall: float | None = None
        """Expected shortfall beyond it, currency."""
        self.rows = 0
        """Samples that the newest VaR was computed from."""
        self.account_vol: float | None = None
        """Volatility of the account if all holdings moved together, decimal per year."""

    def sample(self, markets: Mapping[InstrumentId, Market], now: UnixNanos) -> bool:
        """Take the prices of a new step of the grid; return whether there was one."""
        step = now // self._step_ns
        if step == self._step:
            return False
        self._step = step
        mids = {
            name: market.features.mid_px
            for name, market in markets.items()
            if market.feed_state is FeedState.LIVE and market.features.mid_px is not None
        }
        self._session.observe(mids)
        return True

    def measure(
        self,
        exposures: Mapping[InstrumentId, float] | None,
        vols: Mapping[InstrumentId, float | None],
        equity: float | None,
    ) -> None:
        """Measure what is held: signed values in currency, None when one has no price."""
        self.var = self.shortfall = self.account_vol = None
        self.rows = 0
        if exposures is None:
            return
        if not exposures:
            self.var = self.shortfall = 0.0
        elif (found := self._session.var(exposures, CONFIDENCE)) is not None:
            scale = self._day_scale(exposures)
            self.var, self.shortfall, self.rows = (
                found.var * scale, found.expected_shortfall * scale, found.rows
            )  # fmt: skip
        if equity is not None and equity > 0:
            self.account_vol = _account_vol(exposures, vols, equity)

    def value_at_risk(self, exposures: Mapping[InstrumentId, float]) -> float | None:
        """Return the one-day 95 % VaR of holdings in currency, None when unavailable."""
        held = {name: value for name, value in exposures.items() if value}
        if not held:
            return 0.0
        found = self._session.var(held, CONFIDENCE)
        return None if found is None else max(found.var, 0.0) * self._day_scale(held)

    def correlation(self, exposures: Mapping[InstrumentId, float]) -> float | None:
        """Return the mean correlation between the P&Ls of the five largest holdings.

        A short and a long holding of instruments that move together hedge each other: their
        pair counts with the opposite sign. None while a pair has too few samples.
        """
        ranked = sorted(exposures.items(), key=lambda item: (-abs(item[1]), item[0]))
        top = [(name, value) for name, value in ranked if value][:_TOP]
        total, pairs = 0.0, 0
        for place, (first, one) in enumerate(top):
            for second, other in top[place + 1 :]:
                rho = self._session.correlation(first, second)
                if rho is None:
                    return None
                total += rho if one * other > 0 else -rho
                pairs += 1
        return total / pairs if pairs else None

    def _day_scale(self, exposures: Mapping[InstrumentId, float]) -> float:
        """Return the square root of the grid's steps in the longest trading day of a holding."""
        seconds = max(self._seconds_per_day[name] for name in exposures)
        return sqrt(seconds * NANOS_PER_SECOND / self._step_ns)


def _account_vol(
    exposures: Mapping[InstrumentId, float],
    vols: Mapping[InstrumentId, float | None],
    equity: float,
) -> float | None:
    total = 0.0
    for name, value in exposures.items():
        vol = vols.get(name)
        if vol is None:
            return None
        total += abs(value) * vol
    return total / equity
