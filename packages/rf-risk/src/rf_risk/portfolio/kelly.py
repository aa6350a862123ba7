"""How much to stake: Kelly fractions, their growth, and how far to trust the estimates."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rf_risk.portfolio import _checks as check
from rf_risk.portfolio._checks import FloatArray


class Kelly(NamedTuple):
    """Optimal fraction of wealth and the expected growth of its logarithm per bet or period."""

    fraction: float
    growth: float


class MultiKelly(NamedTuple):
    """Optimal weights, (p,), and excess growth per period."""

    weights: FloatArray
    growth: float


class BetaKelly(NamedTuple):
    """Kelly stake from a record of wins and losses."""

    fraction: float
    win_prob: float
    """Posterior mean."""
    win_prob_sd: float
    """Posterior standard deviation."""
    edge_probability: float
    """Posterior probability that the bet is favourable at all."""


def binary_kelly(win_prob: float, win_loss_ratio: float) -> Kelly:
    """Return the Kelly fraction of a bet that wins `win_loss_ratio` or loses 1 per unit staked.

    Parameters
    ----------
    win_prob : float
        In [0, 1].
    win_loss_ratio : float
        Net odds, positive.

    Returns
    -------
    Kelly
        ``p - q / b``, not below 0: an unfavourable bet is not taken.

    Raises
    ------
    ValueError
        If an input is out of range.

    References
    ----------
    Kelly (1956); Thorp (2006), eqs. 2.1 and 2.2.

    Examples
    --------
    >>> round(binary_kelly(0.51, 1.0).fraction, 6)
    0.02
    """
    p, b = _probability("win_prob", win_prob), check.positive("win_loss_ratio", win_loss_ratio)
    fraction = max(p - (1.0 - p) / b, 0.0)
    growth = p * math.log1p(b * fraction)
    if fraction > 0.0 and p < 1.0:
        growth += (1.0 - p) * math.log1p(-fraction)
    return Kelly(fraction, growth)


def _probability(name: str, value: float) -> float:
    if not 0.0 <= (found := float(value)) <= 1.0:
        raise ValueError(f"expected {name} in [0, 1], was {value}")
    return found


def discrete_kelly(
    probabilities: npt.ArrayLike, returns: npt.ArrayLike, *, allow_short: bool = True
) -> Kelly:
    """Return the fraction that maximises ``sum p ln(1 + f x)`` exactly.

    Parameters
    ----------
    probabilities : (n,) array
        Not negative, summing to 1.
    returns : (n,) array
        Outcome of each per unit staked, decimal.
    allow_short : bool
        Whether a bet against an unfavourable outcome may be taken; if not, it is 0.

    Returns
    -------
    Kelly
        The unique optimum among the fractions with which no outcome ruins.

    Raises
    ------
    ValueError
        If the probabilities are none, or no outcome loses (or none wins), so that no fraction is
        the best.

    Notes
    -----
    The derivative falls throughout; Newton steps kept inside a bracket bring it to rounding.

    Examples
    --------
    >>> round(discrete_kelly([0.5, 0.3, 0.2], [0.1, -0.05, -0.08]).fraction, 8)
    2.96165158
    """
    p = check.vector("probabilities", probabilities)
    x = check.vector("returns", returns)
    if p.size != x.size:
        raise ValueError(f"expected {p.size} returns, was {x.size}")
    if p.min() < 0.0 or abs(float(p.sum()) - 1.0) > 1e-9:
        raise ValueError(f"expected probabilities that sum to 1, was {float(p.sum())}")
    counted = p > 0.0
    p, x = p[counted], x[counted]
    mean = float(p @ x)
    if mean == 0.0 or (mean < 0.0 and not allow_short):
        return Kelly(0.0, 0.0)
    if x.min() >= 0.0 or x.max() <= 0.0:
        raise ValueError("expected returns that win and lose: otherwise no fraction is the best")
    fraction = _root(p, x, -1.0 / float(x.max()), -1.0 / float(x.min()), mean)
    return Kelly(fraction, float(p @ np.log1p(fraction * x)))


def _root(p: FloatArray, x: FloatArray, low: float, high: float, mean: float) -> float:
    """Return the root of ``sum p x / (1 + f x)``, which falls from +inf to -inf."""
    low, high = (0.0, high) if mean > 0.0 else (low, 0.0)
    f = 0.0
    for _ in range(200):
        terms = x / (1.0 + f * x)
        slope = float(p @ terms)
        if slope > 0.0:
            low = f
        elif slope < 0.0:
            high = f
        else:
            break
        new = f + slope / float(p @ terms**2)
        if not low < new < high:
            new = (low + high) / 2.0
        if new == f or abs(new - f) < 1e-16 * abs(f) or not low < new < high:
            break
        f = new
    return f


def continuous_kelly(
    mu: float, sigma: float, *, rate: float = 0.0, risk_aversion: float = 1.0
) -> Kelly:
    """Return the Kelly leverage of an asset that follows a geometric Brownian motion.

    Parameters
    ----------
    mu, sigma : float
        Arithmetic drift and volatility of a period, decimal.
    rate : float
        Riskless rate of a period.
    risk_aversion : float
        1 for full Kelly; 2 for half Kelly.

    Returns
    -------
    Kelly
        ``(mu - r) / (risk_aversion sigma^2)``, negative for a short, and its growth.

    Raises
    ------
    ValueError
        If an input is not finite, or `sigma` or `risk_aversion` is not positive.

    References
    ----------
    Thorp (2006), eqs. 7.3 and 7.4; Merton (1969).

    Examples
    --------
    >>> [round(x, 4) for x in continuous_kelly(0.11, 0.15, rate=0.06)]
    [2.2222, 0.1156]
    """
    spread = check.positive("sigma", sigma)
    excess = check.finite("mu", mu) - check.finite("rate", rate)
    leverage = excess / (check.positive("risk_aversion", risk_aversion) * spread * spread)
    return Kelly(leverage, continuous_growth(leverage, mu, sigma, rate=rate))


def continuous_growth(fraction: float, mu: float, sigma: float, *, rate: float = 0.0) -> float:
    """Return the growth ``r + f (mu - r) - f^2 sigma^2 / 2`` of a leverage.

    Raises
    ------
    ValueError
        If an input is not finite or `sigma` is negative.

    Examples
    --------
    >>> round(continuous_growth(1.0, 0.11, 0.15, rate=0.06), 5)
    0.09875
    """
    f, spread = check.finite("fraction", fraction), check.not_negative("sigma", sigma)
    riskless = check.finite("rate", rate)
    return riskless + f * (check.finite("mu", mu) - riskless) - 0.5 * (f * spread) ** 2


def multi_kelly(excess_mean: npt.ArrayLike, covariance: npt.ArrayLike) -> MultiKelly:
    """Return the Kelly weights of several assets.

    Parameters
    ----------
    excess_mean : (p,) array
        Drift above the riskless rate, a period.
    covariance : (p, p) array
        Of a period; positive definite.

    Returns
    -------
    MultiKelly
        ``Sigma^-1 m`` and the excess growth ``m' Sigma^-1 m / 2``.

    Raises
    ------
    ValueError
        If shapes differ, a number is not finite, or `covariance` is not positive definite.

    References
    ----------
    Thorp (2006), eq. 8.3.

    Examples
    --------
    >>> multi_kelly([0.03, 0.05], [[0.04, 0.01], [0.01, 0.09]]).weights.round(4).tolist()
    [0.6286, 0.4857]
    """
    mean = check.vector("excess_mean", excess_mean)
    matrix = check.covariance("covariance", covariance, mean.size)
    values = np.linalg.eigvalsh(matrix)
    if values[0] <= 1e-13 * values[-1]:
        raise ValueError(
            f"expected covariance to be positive definite, has eigenvalue {float(values[0])}"
        )
    weights = np.asarray(np.linalg.solve(matrix, mean), dtype=np.float64)
    return MultiKelly(weights, 0.5 * float(mean @ weights))


def fractional_kelly(fraction: float, multiple: float = 0.25, *, cap: float = math.inf) -> float:
    """Return a part of a Kelly fraction, its size not above a cap.

    Raises
    ------
    ValueError
        If `fraction` is not finite, or `multiple` or `cap` is negative or NaN.

    Examples
    --------
    >>> fractional_kelly(0.4), fractional_kelly(-0.4, cap=0.05)
    (0.1, -0.05)
    """
    if not cap >= 0.0:
        raise ValueError(f"expected cap not to be negative, was {cap}")
    scaled = check.finite("fraction", fraction) * check.not_negative("multiple", multiple)
    return max(-cap, min(scaled, cap))


def growth_share(multiple: float) -> float:
    """Return the share ``2c - c^2`` of full Kelly's excess growth that a multiple c keeps.

    Its share of the variance is ``c^2``. Negative above twice Kelly: wealth shrinks.

    Raises
    ------
    ValueError
        If `multiple` is not finite.

    Examples
    --------
    >>> growth_share(0.25), growth_share(0.5)
    (0.4375, 0.75)
    """
    c = check.finite("multiple", multiple)
    return c * (2.0 - c)


def probability_of_falling_to(level: float, multiple: float = 1.0) -> float:
    """Return the probability that wealth ever falls to a share of where it starts.

    Parameters
    ----------
    level : float
        Share of the start, in (0, 1]: 0.5 for a halving.
    multiple : float
        Of the continuous Kelly fraction, in (0, 2); excess growth is meant.

    Returns
    -------
    float
        ``level^(2 / c - 1)``: full Kelly halves once with probability one half.

    Raises
    ------
    ValueError
        If an input is out of range.

    References
    ----------
    Thorp (2006), eq. 7.12.

    Examples
    --------
    >>> probability_of_falling_to(0.5), probability_of_falling_to(0.5, 0.5)
    (0.5, 0.125)
    """
    if not 0.0 < level <= 1.0:
        raise ValueError(f"expected level in (0, 1], was {level}")
    if not 0.0 < multiple < 2.0:
        raise ValueError(f"expected multiple in (0, 2), was {multiple}")
    return float(level ** (2.0 / multiple - 1.0))


def shrunk_kelly(fraction: float, samples: int, *, prior: float = 30.0) -> float:
    """Return a fraction shrunk towards no bet by ``n / (n + prior)``.

    Raises
    ------
    ValueError
        If `fraction` is not finite, `samples` is no whole number >= 0 or `prior` not positive.

    Examples
    --------
    >>> shrunk_kelly(0.2, 30)
    0.1
    """
    n = check.count("samples", samples, 0)
    return check.finite("fraction", fraction) * n / (n + check.positive("prior", prior))


def beta_kelly(
    wins: int,
    losses: int,
    win_loss_ratio: float,
    *,
    prior_wins: float = 1.0,
    prior_losses: float = 1.0,
) -> BetaKelly:
    """Return the Kelly stake of a bet whose probability is known only from its record.

    Parameters
    ----------
    wins, losses : int
        Record so far.
    win_loss_ratio : float
        Net odds, positive.
    prior_wins, prior_losses : float
        Beta prior, positive; 1 and 1 is uniform.

    Returns
    -------
    BetaKelly
        The expected growth is linear in the probability, so the stake that maximises it under
        the posterior is the Kelly stake of the posterior mean.

    Raises
    ------
    ValueError
        If an input is out of range.

    References
    ----------
    Browne and Whitt (1996), "Portfolio choice and the Bayesian Kelly criterion", section 2.

    Examples
    --------
    >>> found = beta_kelly(60, 40, 1.0)
    >>> round(found.win_prob, 4), round(found.fraction, 4), found.edge_probability > 0.97
    (0.598, 0.1961, True)
    """
    from scipy import special

    won = check.count("wins", wins, 0) + check.positive("prior_wins", prior_wins)
    lost = check.count("losses", losses, 0) + check.positive("prior_losses", prior_losses)
    b = check.positive("win_loss_ratio", win_loss_ratio)
    total = won + lost
    mean = won / total
    return BetaKelly(
        fraction=binary_kelly(mean, b).fraction,
        win_prob=mean,
        win_prob_sd=math.sqrt(mean * (1.0 - mean) / (total + 1.0)),
        edge_probability=float(special.betainc(lost, won, b / (1.0 + b))),
    )
