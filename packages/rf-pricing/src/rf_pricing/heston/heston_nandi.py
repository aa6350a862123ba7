"""Options under the GARCH of Heston and Nandi, in closed form."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, log, pi, sqrt

import numpy as np
import numpy.typing as npt

from rf_pricing.heston.quadrature import converged

Complexes = npt.NDArray[np.complexfloating]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class HestonNandi:
    """``R = r + lambda h + sqrt(h) z``, ``h = omega + beta h + alpha (z - gamma sqrt(h))^2``.

    Daily parameters; `premium` is lambda.

    Raises
    ------
    ValueError
        If a parameter is not finite, negative where it must not be, or the variance explodes
        under the pricing measure.
    """

    omega: float
    alpha: float
    beta: float
    gamma: float
    premium: float = 0.0

    def __post_init__(self) -> None:
        numbers = (self.omega, self.alpha, self.beta, self.gamma, self.premium)
        if not all(map(isfinite, numbers)) or min(self.omega, self.alpha, self.beta) < 0.0:
            raise ValueError(f"expected finite parameters, omega, alpha, beta >= 0, was {self}")
        if self.persistence >= 1.0:
            raise ValueError(f"expected beta + alpha gamma*^2 below 1, was {self.persistence}")

    @property
    def pricing_gamma(self) -> float:
        """Asymmetry under the pricing measure: gamma + lambda + 1/2."""
        return self.gamma + self.premium + 0.5

    @property
    def persistence(self) -> float:
        """Of the variance under the pricing measure."""
        return self.beta + self.alpha * self.pricing_gamma**2

    @property
    def stationary_variance(self) -> float:
        """Daily variance in the long run under the pricing measure."""
        return (self.omega + self.alpha) / (1.0 - self.persistence)


def heston_nandi_price(
    model: HestonNandi,
    spot: float,
    strike: float,
    days: int,
    *,
    rate: float = 0.0,
    h1: float | None = None,
    is_call: bool = True,
) -> float:
    """Return the price of a European option.

    Parameters
    ----------
    model : HestonNandi
        Daily parameters.
    spot, strike : float
        Positive, currency.
    days : int
        Trading days to expiry, 1 or more.
    rate : float
        Per day, continuously compounded, decimal.
    h1 : float, optional
        Variance of the first day; the stationary one if not given.
    is_call : bool
        Call or put.

    Raises
    ------
    ValueError
        If an input is out of range or the integral does not converge.

    References
    ----------
    Heston and Nandi (2000), equations 10 to 13, with lambda* = -1/2.
    """
    first = model.stationary_variance if h1 is None else h1
    positive = (spot, strike, first)
    if not all(isfinite(x) and x > 0.0 for x in positive) or days < 1 or not isfinite(rate):
        raise ValueError(
            f"expected positive spot, strike, h1 and days >= 1, was {positive}, {days}"
        )
    discount = float(np.exp(-rate * days))
    moneyness = log(spot / strike) + rate * days

    def sums(nodes: Floats, weights: Floats) -> Floats:
        phi = np.exp(_cumulant(model, 0.5 + 1j * nodes, days, first))
        turned = np.exp(1j * nodes * moneyness) * phi
        return np.array([float(np.sum(weights * turned.real / (nodes**2 + 0.25)))])

    total = _total(model, days, first)
    end = 1.0 / sqrt(total)
    while float(_cumulant(model, np.array([0.5 + 1j * end]), days, first)[0].real) > -40.0:
        end *= 1.5
        if end > 1e7:
            raise ValueError("expected a distribution with a density, was one without")
    integral = float(converged(sums, min(0.5, 1.0 / sqrt(total)), end, 1e-14)[0])
    call = spot - sqrt(spot * strike * discount) / pi * integral
    return call if is_call else call - spot + strike * discount


def _cumulant(model: HestonNandi, phi: Complexes, days: int, first: float) -> Complexes:
    """Return ln E exp(phi X) of the log return of the forward."""
    gamma, alpha, beta, omega = model.pricing_gamma, model.alpha, model.beta, model.omega
    a = np.zeros_like(phi)
    b = np.zeros_like(phi)
    for _ in range(days):
        a = a + b * omega - 0.5 * np.log(1.0 - 2.0 * alpha * b)
        b = (
            phi * (gamma - 0.5)
            - 0.5 * gamma**2
            + beta * b
            + 0.5 * (phi - gamma) ** 2 / (1.0 - 2.0 * alpha * b)
        )
    return np.asarray(a + b * first, dtype=np.complex128)


def _total(model: HestonNandi, days: int, first: float) -> float:
    level, rho = model.stationary_variance, model.persistence
    rest = (1.0 - rho**days) / (1.0 - rho)
    return level * days + (first - level) * rest
