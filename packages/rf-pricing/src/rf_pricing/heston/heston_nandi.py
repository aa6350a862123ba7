"""Options under the GARCH of Heston and Nandi, in closed form."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf, isfinite, log

from rf_pricing.heston._kernels.nandi import crossing, integral

_FIRST, _LAST = 8, 1024
_AGREE = 1e-7
"""Relative agreement of a rule with that of half its nodes; its own error is the square."""


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
        for name in ("omega", "alpha", "beta", "gamma", "premium"):
            value = getattr(self, name)
            if not isfinite(value):
                raise ValueError(f"expected {name} to be finite, was {value!r}")
            if name in {"omega", "alpha", "beta"} and value < 0.0:
                raise ValueError(f"expected {name} to be at least 0, was {value!r}")
            object.__setattr__(self, name, float(value))  # kernels are compiled for floats
        if self.persistence >= 1.0:
            raise ValueError(f"expected beta + alpha gamma*^2 below 1, was {self.persistence!r}")

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

    Returns
    -------
    float
        Price, currency.

    Raises
    ------
    ValueError
        If an input is out of range or the integral does not converge.

    Notes
    -----
    The trapezoidal rule through the saddle point, refined until two rules agree to 1e-7
    relative: the finer one's error is the square. O(nodes times days).

    References
    ----------
    Heston and Nandi (2000), equations 10 to 13, with lambda* = -1/2.

    Examples
    --------
    >>> model = HestonNandi(omega=2.3e-6, alpha=2.9e-6, beta=0.85, gamma=184.25, premium=-0.5)
    >>> round(heston_nandi_price(model, 100.0, 100.0, 252, rate=0.05 / 252), 6)
    8.9921
    """
    first = model.stationary_variance if h1 is None else h1
    for name, value in (("spot", spot), ("strike", strike), ("h1", first)):
        if not (isfinite(value) and value > 0.0):
            raise ValueError(f"expected {name} to be positive and finite, was {value!r}")
    if isinstance(days, bool) or days != int(days) or days < 1:
        raise ValueError(f"expected days to be a whole number of at least 1, was {days!r}")
    if not (isfinite(rate) and abs(rate * days) < 700.0):
        raise ValueError(f"expected rate to be finite and rate times days small, was {rate!r}")
    df = exp(-rate * days)
    forward = spot / df
    k = log(strike / forward)
    value = spot * _out_of_the_money(model, k, int(days), float(first))
    if is_call != (k >= 0.0):
        value += (spot - strike * df) if is_call else (strike * df - spot)
    return value


def _out_of_the_money(model: HestonNandi, k: float, days: int, first: float) -> float:
    """Return the undiscounted value of the option out of the money, forward 1."""
    p = (first, model.omega, model.alpha, model.beta, model.pricing_gamma)
    cross, near = crossing(k, days, *p)
    between = 0.0 < cross < 1.0
    panels, gap = _FIRST, inf
    while panels <= _LAST:
        fine, coarse = integral(k, days, cross, near, panels, *p)
        gap = abs(fine - coarse)
        if gap <= _AGREE * abs(fine) or gap == 0.0:
            return float(fine + (min(1.0, exp(k)) if between else 0.0))
        panels *= 2
    raise ValueError(f"expected an integral that converges, was {model}, {days} days, k {k!r}")
