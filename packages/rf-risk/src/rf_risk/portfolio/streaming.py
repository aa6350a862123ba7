"""Covariance and VaR that follow the market row by row. Loads numba."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from rf_risk.portfolio import _checks as check
from rf_risk.portfolio._checks import FloatArray
from rf_risk.portfolio._kernels import ewma_step
from rf_risk.portfolio.var import normal_quantile


class EwmaVar:
    """Exponentially weighted covariance of p returns and the normal VaR of what is held.

    Parameters
    ----------
    start : (p, p) array
        Covariance before the first row.
    exposures : (p,) array
        Signed values held, currency.
    decay : float
        As in `ewma_covariance`.
    confidence : float
        0.99 for the worst 1 %.

    Notes
    -----
    `update` moves the matrix and returns the new VaR in one compiled call, O(p^2) without an
    allocation.

    Examples
    --------
    >>> stream = EwmaVar([[1.0]], [3.0], 0.5)
    >>> round(stream.update([2.0]), 6)
    11.034837
    """

    def __init__(
        self,
        start: npt.ArrayLike,
        exposures: npt.ArrayLike,
        decay: float = 0.94,
        confidence: float = 0.99,
    ) -> None:
        self._matrix = check.covariance("start", start).copy()
        self._decay = check.share("decay", decay)
        self._z = normal_quantile(confidence)
        self._held = np.zeros(self._matrix.shape[0])
        self.hold(exposures)

    def hold(self, exposures: npt.ArrayLike) -> None:
        """Take the signed values that are held from now on.

        Raises
        ------
        ValueError
            If there are not p finite ones; nothing has changed then.
        """
        self._held = self._sized("exposures", exposures)

    def update(self, returns: npt.ArrayLike) -> float:
        """Take one (p,) row of returns; return the VaR of the next period, currency.

        Raises
        ------
        ValueError
            If there are not p finite returns; nothing has changed then.
        """
        row = np.ascontiguousarray(returns, dtype=np.float64)
        if row.shape != self._held.shape:
            raise ValueError(f"expected {self._held.size} returns, was {row.shape}")
        sigma: float = ewma_step(self._matrix, row, self._decay, self._held)
        if math.isnan(sigma):
            raise ValueError("expected finite returns")
        return self._z * sigma

    @property
    def covariance(self) -> FloatArray:
        """A copy of the (p, p) covariance."""
        return self._matrix.copy()

    def _sized(self, name: str, values: npt.ArrayLike) -> FloatArray:
        found = check.vector(name, values)
        if found.shape != self._held.shape:
            raise ValueError(f"expected {self._held.size} {name}, was {found.size}")
        return found.copy()
