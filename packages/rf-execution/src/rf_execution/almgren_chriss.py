"""Optimal liquidation after Almgren and Chriss: cost against risk, in consistent units.

Quantities are in shares, prices in currency, time in any one unit: `sigma` is in currency per
square root of it, `eta` in currency times it per share, `gamma` in currency per share.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import acosh, inf

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Impact:
    """How trading moves the price.

    Parameters
    ----------
    sigma : float
        Volatility, currency per square root of time.
    eta : float
        Temporary impact: currency a share for a share per unit of time.
    gamma : float
        Permanent impact: currency a share for each share traded.
    epsilon : float
        Fixed cost a share, currency: half the spread and fees.
    """

    sigma: float
    eta: float
    gamma: float = 0.0
    epsilon: float = 0.0

    def __post_init__(self) -> None:
        numbers = (self.sigma, self.gamma, self.epsilon)
        if not (all(0.0 <= number < inf for number in numbers) and 0.0 < self.eta < inf):
            raise ValueError(f"expected sigma, gamma, epsilon >= 0 and eta > 0, was {self}")


@dataclass(frozen=True, slots=True)
class Trajectory:
    """A liquidation: holdings after 0..n trades, the trades, and what they are expected to cost.

    `kappa` is the urgency per unit of time, `half_life` its inverse (infinite when time does not
    matter), `expected_cost` in currency, `variance` in currency squared.
    """

    holdings: FloatArray
    trades: FloatArray
    kappa: float
    half_life: float
    eta_tilde: float
    expected_cost: float
    variance: float
    utility: float


def trajectory(
    shares: float, horizon: float, steps: int, *, impact: Impact, risk_aversion: float
) -> Trajectory:
    """Return the trades that minimise expected cost plus `risk_aversion` times its variance.

    Parameters
    ----------
    shares : float
        What is to be sold (or bought), positive.
    horizon : float
        Time until it must be done.
    steps : int
        Trades at equal intervals.
    impact : Impact
        The market.
    risk_aversion : float
        Per currency; 0 gives equal trades.

    Raises
    ------
    ValueError
        If a number is out of range, or steps are so short that permanent impact outweighs
        temporary impact.

    References
    ----------
    Almgren and Chriss (2000), equations 17 to 20: the discrete kappa, with
    eta~ = eta - gamma tau / 2.

    Examples
    --------
    >>> impact = Impact(sigma=0.95, eta=2.5e-6, gamma=2.5e-7, epsilon=1 / 16)
    >>> plan = trajectory(1e6, 5.0, 5, impact=impact, risk_aversion=1e-6)
    >>> round(plan.kappa, 3), round(plan.expected_cost)
    (0.607, 911227)
    """
    if not 0.0 < shares < inf or not 0.0 < horizon < inf or steps < 1:
        raise ValueError(
            f"expected shares, horizon and steps above 0, was {shares}, {horizon}, {steps}"
        )
    if not 0.0 <= risk_aversion < inf:
        raise ValueError(f"expected a risk_aversion of at least 0, was {risk_aversion}")
    tau = horizon / steps
    eta_tilde = impact.eta - 0.5 * impact.gamma * tau
    if eta_tilde <= 0.0:
        raise ValueError(f"expected eta above gamma * tau / 2, was eta - gamma tau/2 = {eta_tilde}")
    urgency2 = risk_aversion * impact.sigma**2 / eta_tilde
    kappa = acosh(1.0 + 0.5 * urgency2 * tau * tau) / tau
    holdings = shares * _shape(kappa * horizon, steps)
    trades = -np.diff(holdings)
    cost = (
        0.5 * impact.gamma * shares**2
        + impact.epsilon * float(np.abs(trades).sum())
        + eta_tilde / tau * float(trades @ trades)
    )
    variance = impact.sigma**2 * tau * float(holdings[1:] @ holdings[1:])
    return Trajectory(
        holdings=holdings,
        trades=trades,
        kappa=kappa,
        half_life=1.0 / kappa if kappa > 0.0 else inf,
        eta_tilde=eta_tilde,
        expected_cost=cost,
        variance=variance,
        utility=cost + risk_aversion * variance,
    )


def _shape(urgency: float, steps: int) -> FloatArray:
    """Return sinh(u (1 - t)) / sinh(u) at t = 0, 1/n .. 1; a straight line at u = 0."""
    left = np.linspace(1.0, 0.0, steps + 1)
    if urgency < 1e-8:
        return left
    # Written with decaying exponentials, so that a large urgency does not overflow.
    decay: FloatArray = np.exp(-urgency * (1.0 - left))
    shape: FloatArray = decay * np.expm1(-2.0 * urgency * left) / np.expm1(-2.0 * urgency)
    return shape


@dataclass(frozen=True, slots=True)
class MeasuredImpact:
    """Impact of an order as fractions of the price."""

    permanent: float
    temporary: float
    realized: float


def measured_impact(
    share_of_volume: float, *, duration: float, sigma: float, shares_per_volume: float
) -> MeasuredImpact:
    """Return the impact that orders of US equities were measured to have.

    Parameters
    ----------
    share_of_volume : float
        Order over average daily volume.
    duration : float
        Days that it takes, in volume time.
    sigma : float
        Daily volatility, fraction.
    shares_per_volume : float
        Shares outstanding over average daily volume.

    References
    ----------
    Almgren, Thum, Hauptmann and Li (2005): gamma 0.314, eta 0.142.
    """
    numbers = (share_of_volume, duration, sigma, shares_per_volume)
    if not all(0.0 < number < inf for number in numbers):
        raise ValueError(f"expected numbers above 0, was {numbers}")
    permanent = 0.314 * sigma * share_of_volume * shares_per_volume**0.25
    temporary = 0.142 * sigma * (share_of_volume / duration) ** 0.6
    return MeasuredImpact(permanent, temporary, 0.5 * permanent + temporary)
