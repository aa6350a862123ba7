"""One symbol's model, updated with each return and fitted again every so often."""

from __future__ import annotations

from collections import deque

import numpy as np

from rf_risk.volatility.fit import MIN_RETURNS, fit_garch
from rf_risk.volatility.garch import GarchFit
from rf_risk.volatility.streaming import GarchState


class RollingGarch:
    """GARCH or GJR of one series: an update with each return, a refit now and then.

    A refit starts from the parameters of the last one. One that does not converge, or a window
    without any movement, leaves the parameters as they are and is counted.

    Parameters
    ----------
    min_history : int
        Returns before the first fit, 50 or more.
    refit_every : int
        Returns between two fits.
    window : int
        Latest returns that a fit is made of.
    model : {"garch", "gjr"}
        The recursion.
    distribution : str
        As in `fit_garch`.

    Raises
    ------
    ValueError
        If the lengths do not fit each other, or a name is unknown.

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> rolling = RollingGarch(min_history=100, refit_every=50, window=500)
    >>> told = [rolling.update(float(ret)) for ret in rng.standard_normal(120)]
    >>> told[98] is None, told[99] is None, rolling.refits
    (True, False, 1)
    """

    def __init__(
        self,
        *,
        min_history: int = 250,
        refit_every: int = 20,
        window: int = 1_000,
        model: str = "garch",
        distribution: str = "normal",
    ) -> None:
        if not MIN_RETURNS <= min_history <= window or refit_every < 1:
            raise ValueError(
                f"expected {MIN_RETURNS} <= min_history <= window and refit_every >= 1, "
                f"was {min_history}, {window}, {refit_every}"
            )
        if model not in {"garch", "gjr"}:
            raise ValueError(f"expected model garch or gjr, was {model!r}")
        self.fit: GarchFit | None = None
        self.refits = 0
        self.failed_refits = 0
        self._returns: deque[float] = deque(maxlen=window)
        self._min_history, self._refit_every = min_history, refit_every
        self._model, self._distribution = model, distribution
        self._since = refit_every
        self._state: GarchState | None = None

    @property
    def variance(self) -> float | None:
        """Variance of the next period, None before the first fit."""
        return None if self._state is None else self._state.variance

    def update(self, ret: float) -> float | None:
        """Take one return; return the variance of the next period, None before the first fit.

        Raises
        ------
        ValueError
            If the return is not finite; nothing has changed then.
        """
        if not np.isfinite(ret):
            raise ValueError(f"expected a finite return, was {ret}")
        self._returns.append(float(ret))
        self._since += 1
        if self._state is not None:
            self._state.update(float(ret))
        if self._since >= self._refit_every and len(self._returns) >= self._min_history:
            self._since = 0
            self._refit()
        return self.variance

    def _refit(self) -> None:
        start = self.fit.params if self.fit is not None else None
        try:
            fit = fit_garch(
                list(self._returns),
                model=self._model,
                distribution=self._distribution,
                mean="zero",
                start=start,
            )
        except ValueError:  # a window without movement has no model
            self.failed_refits += 1
            return
        if not fit.converged:
            self.failed_refits += 1
            return
        self.refits += 1
        self.fit = fit
        p = fit.params
        self._state = GarchState(
            p["omega"], p["alpha"], p["beta"], fit.next_variance, p.get("gamma", 0.0)
        )
