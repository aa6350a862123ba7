"""One symbol's model, fitted again every so often from where the last fit ended."""

from __future__ import annotations

from collections import deque

from rf_risk.volatility.fit import MIN_RETURNS, fit_garch
from rf_risk.volatility.garch import GarchFit
from rf_risk.volatility.streaming import GarchState


class RollingGarch:
    """A GARCH(1,1) that follows one series: an update with each return, a refit now and then.

    Parameters
    ----------
    min_history : int
        Returns before the first fit, 50 or more.
    refit_every : int
        Returns between two fits.
    window : int
        Returns that a fit looks back on.
    """

    def __init__(
        self, *, min_history: int = 250, refit_every: int = 20, window: int = 1_000
    ) -> None:
        if not MIN_RETURNS <= min_history <= window or refit_every < 1:
            raise ValueError(
                f"expected {MIN_RETURNS} <= min_history <= window and refit_every >= 1, "
                f"was {min_history}, {window}, {refit_every}"
            )
        self.fit: GarchFit | None = None
        self._returns: deque[float] = deque(maxlen=window)
        self._min_history, self._refit_every = min_history, refit_every
        self._since = 0
        self._state: GarchState | None = None

    def update(self, ret: float) -> float | None:
        """Take one return; return the next period's variance, None before the first fit."""
        self._returns.append(ret)
        self._since += 1
        if self._state is not None:
            self._state.update(ret)
        due = self.fit is None or self._since >= self._refit_every
        if due and len(self._returns) >= self._min_history:
            self._refit()
        return None if self._state is None else self._state.variance

    def _refit(self) -> None:
        start = self.fit.params if self.fit is not None else None
        fit = fit_garch(list(self._returns), model="garch", mean="zero", start=start)
        self._since = 0
        if not fit.converged or fit.persistence >= 1.0:
            return
        p = fit.params
        self.fit = fit
        self._state = GarchState(p["omega"], p["alpha"], p["beta"], fit.next_variance)
