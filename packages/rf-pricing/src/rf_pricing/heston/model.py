"""Heston's stochastic volatility: its parameters and characteristic function."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from math import isfinite

import numpy as np
import numpy.typing as npt

from rf_pricing.heston._kernels.slice import expected_variance
from rf_pricing.heston._kernels.transform import characteristics, last_moment

FloatArray = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex128]


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

    Examples
    --------
    >>> HestonParams(v0=0.04, kappa=1.5, theta=0.04, sigma=0.3, rho=-0.9).feller
    True
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
                raise ValueError(f"expected {name} to be finite and not negative, was {value!r}")
        if not -1.0 <= self.rho <= 1.0:
            raise ValueError(f"expected rho from -1 to 1, was {self.rho!r}")
        # Kernels are compiled for floats: a whole number would have them compiled again.
        for name in ("v0", "kappa", "theta", "sigma", "rho"):
            object.__setattr__(self, name, float(getattr(self, name)))

    @property
    def feller(self) -> bool:
        """Whether the variance stays above zero: 2 kappa theta >= sigma^2. Not required."""
        return 2.0 * self.kappa * self.theta >= self.sigma**2

    @property
    def array(self) -> FloatArray:
        """The parameters in their order."""
        return np.array(astuple(self), dtype=np.float64)

    def mean_variance(self, tau: float) -> float:
        """Return the expected variance integrated over `tau` years."""
        return float(expected_variance(float(tau), self.v0, self.kappa, self.theta))


def heston_cf(params: HestonParams, u: npt.ArrayLike, tau: float) -> complex | ComplexArray:
    """Return the characteristic function ``E exp(i u X)``, ``X = log(S_T / forward)``.

    Parameters
    ----------
    params : HestonParams
        The model.
    u : number or array of any shape
        Argument, real or complex. With ``u = x - i a`` the moment of order `a` must be finite;
        ``u = x - i/2`` is the line of Lewis (2001).
    tau : float
        Years, not negative.

    Returns
    -------
    complex or array of the shape of `u`

    Raises
    ------
    ValueError
        If `tau` is negative or not finite, `u` is not finite, or a moment that it asks for is
        infinite (Andersen and Piterbarg 2007).

    Notes
    -----
    Relative accuracy about 1e-15 times the size of the logarithm. Compiled: about 0.1
    microseconds a point.

    References
    ----------
    Heston (1993); Albrecher et al. (2007) and Lord and Kahl (2010) for the branch that stays
    continuous.

    Examples
    --------
    >>> model = HestonParams(v0=0.04, kappa=1.5, theta=0.04, sigma=0.3, rho=-0.9)
    >>> heston_cf(model, [0.0, -1j], 1.0).real
    array([1., 1.])
    """
    if not (isfinite(tau) and tau >= 0.0):
        raise ValueError(f"expected tau to be finite and not negative, was {tau!r}")
    points = np.asarray(u, dtype=np.complex128)
    if not np.isfinite(points).all():
        raise ValueError(f"expected u to be finite, was {u!r:.60}")
    orders = np.ascontiguousarray(1j * points.reshape(-1))
    if params.sigma == 0.0 or tau == 0.0:
        w = params.mean_variance(tau)
        found: ComplexArray = np.exp(0.5 * w * orders * (orders - 1.0))
        return _shaped(found, points.shape)
    _check_moments(params, orders.real, float(tau))
    out = np.empty(orders.shape, dtype=np.complex128)
    p = params
    characteristics(orders, float(tau), p.v0, p.kappa, p.theta, p.sigma, p.rho, out)
    return _shaped(out, points.shape)


def _shaped(flat: ComplexArray, shape: tuple[int, ...]) -> complex | ComplexArray:
    return flat.reshape(shape) if shape else complex(flat[0])


def _check_moments(params: HestonParams, orders: FloatArray, tau: float) -> None:
    rest = (tau, params.kappa, params.sigma, params.rho)
    low, high = float(orders.min(initial=0.0)), float(orders.max(initial=1.0))
    if high > 1.0 and high - 1.0 > last_moment(True, *rest):
        raise ValueError(f"expected u with finite moments, was one that asks for order {high:g}")
    if low < 0.0 and -low > last_moment(False, *rest):
        raise ValueError(f"expected u with finite moments, was one that asks for order {low:g}")
