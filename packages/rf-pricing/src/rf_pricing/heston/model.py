"""Heston's stochastic volatility: its parameters and characteristic function."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from math import expm1, isfinite

import numpy as np
import numpy.typing as npt

from rf_pricing.heston import _kernels

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class HestonParams:
    """``dS/S = (r - q) dt + sqrt(v) dW1``, ``dv = kappa (theta - v) dt + sigma sqrt(v) dW2``.

    Parameters
    ----------
    v0, theta : float
        Variance now and in the long run, per year: 0.04 is a volatility of 20 %.
    kappa : float
        Speed of return, per year.
    sigma : float
        Volatility of the variance.
    rho : float
        Correlation of the two motions, -1 to 1.

    Raises
    ------
    ValueError
        If a parameter is not finite or out of range.
    """

    v0: float
    kappa: float
    theta: float
    sigma: float
    rho: float

    def __post_init__(self) -> None:
        for name in ("v0", "kappa", "theta", "sigma"):
            value = getattr(self, name)
            if not (isfinite(value) and value >= 0.0):
                raise ValueError(f"{name} = {value}: expected a finite number of at least 0")
        if not -1.0 <= self.rho <= 1.0:
            raise ValueError(f"rho = {self.rho}: expected -1 to 1")

    @property
    def feller(self) -> bool:
        """Whether the variance stays above zero: 2 kappa theta >= sigma^2. Not required."""
        return 2.0 * self.kappa * self.theta >= self.sigma**2

    @property
    def array(self) -> Floats:
        """The parameters in their order."""
        return np.array(astuple(self), dtype=np.float64)

    def mean_variance(self, tau: float) -> float:
        """Return the expected variance integrated over `tau` years."""
        x = self.kappa * tau
        weight = tau if x < 1e-12 else -expm1(-x) / self.kappa
        return self.theta * (tau - weight) + self.v0 * weight


def heston_cf(params: HestonParams, u: npt.ArrayLike, tau: float) -> npt.NDArray[np.complex128]:
    """Return ``E exp((1/2 + i u) X)`` of the log return X of the forward.

    Parameters
    ----------
    u : float or (n,) array
        Real argument on the line of Lewis (2001), where the function is bounded.
    tau : float
        Years.

    References
    ----------
    Heston (1993); Lord and Kahl (2010) for the branch that stays continuous.
    """
    if params.sigma == 0.0:
        raise ValueError("sigma = 0: expected a volatility of variance above 0")
    grid = np.atleast_1d(np.asarray(u, dtype=np.float64))
    found = [np.exp(_kernels.exponent(complex(x), tau, *astuple(params))) for x in grid]
    return np.array(found, dtype=np.complex128).reshape(np.shape(u))
