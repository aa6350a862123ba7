"""Exponentially weighted variances (RiskMetrics)."""

from __future__ import annotations

from math import log

import numpy as np
import numpy.typing as npt

from rf_risk.volatility._kernels.filters import ewma_from
from rf_risk.volatility.checks import finite_returns
from rf_risk.volatility.garch import Filtered

FloatArray = npt.NDArray[np.float64]


def ewma_variance(
    returns: npt.ArrayLike, *, decay: float = 0.94, initial_variance: float | None = None
) -> Filtered:
    """Return exponentially weighted variances, ``s2' = decay s2 + (1 - decay) r^2``.

    Parameters
    ----------
    returns : (n,) array
        Returns of equal periods, taken to have no mean.
    decay : float
        Weight of the past, between 0 and 1; RiskMetrics uses 0.94 for days, 0.97 for months.
    initial_variance : float, optional
        Of the first period; the mean square of all returns if not given.

    Returns
    -------
    Filtered
        (n,) variances, period t from returns before t, and the one after the last.

    Raises
    ------
    ValueError
        If `decay` is not between 0 and 1, `initial_variance` is negative, or a return is not
        finite.

    References
    ----------
    J.P. Morgan and Reuters (1996), RiskMetrics Technical Document, section 5.2.

    Examples
    --------
    >>> ewma_variance([1.0, 2.0], decay=0.5, initial_variance=1.0).next_variance
    2.5
    """
    found = finite_returns(returns)
    _between("decay", decay)
    first = float(np.mean(found * found)) if initial_variance is None else float(initial_variance)
    if not 0.0 <= first < np.inf:
        raise ValueError(f"expected initial_variance of at least 0, was {first}")
    out = np.empty(found.size)
    following = ewma_from(found, decay, first, out)
    return Filtered(out, float(following))


def ewma_memory(decay: float, *, tolerance: float = 0.01) -> float:
    """Return the periods that carry all but `tolerance` of the weight, ln tolerance / ln decay.

    Raises
    ------
    ValueError
        If an argument is not between 0 and 1.

    References
    ----------
    J.P. Morgan and Reuters (1996), table 5.7: 74 days at 0.94, 151 at 0.97.

    Examples
    --------
    >>> round(ewma_memory(0.94), 2)
    74.43
    """
    _between("decay", decay)
    _between("tolerance", tolerance)
    return log(tolerance) / log(decay)


def _between(name: str, value: float) -> None:
    if not 0.0 < value < 1.0:
        raise ValueError(f"expected {name} between 0 and 1, was {value}")
