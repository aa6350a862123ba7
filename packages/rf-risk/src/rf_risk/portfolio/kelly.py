"""How much to bet: the Kelly criterion for odds, outcomes, diffusions and portfolios."""

from __future__ import annotations

from math import inf, log
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from rf_risk.portfolio.var import Floats, sample


class Bet(NamedTuple):
    """Share of capital and the expected log growth per bet or per year that goes with it."""

    fraction: float
    growth: float


class Weights(NamedTuple):
    """Shares of capital and the expected growth in excess of the riskless rate."""

    weights: Floats
    growth: float


def kelly_binary(win: float, odds: float, *, share: float = 1.0) -> Bet:
    """Return the stake on a bet that wins `odds` per unit with probability `win`.

    Parameters
    ----------
    win : float
        Probability, 0 to 1.
    odds : float
        Net gain per unit staked, positive; a loss costs the unit.
    share : float
        Fraction of the full stake that is used, such as 0.25.

    Returns
    -------
    Bet
        A stake of at least 0, and the growth of the stake that is used.

    References
    ----------
    Kelly (1956); Thorp (2006), equation 2.1.
    """
    if not 0.0 <= win <= 1.0 or not 0.0 < odds < inf or not 0.0 <= share <= 1.0:
        raise ValueError(
            f"expected 0 <= win <= 1, odds > 0 and 0 <= share <= 1, was {win}, {odds}, {share}"
        )
    stake = share * max(win - (1.0 - win) / odds, 0.0)
    if stake >= 1.0:
        return Bet(stake, log(1.0 + odds))
    growth = win * log(1.0 + odds * stake) + (1.0 - win) * log(1.0 - stake)
    return Bet(stake, growth)


def kelly_discrete(probabilities: npt.ArrayLike, returns: npt.ArrayLike) -> Bet:
    """Return the stake that maximises expected log growth over given outcomes.

    Parameters
    ----------
    probabilities, returns : (n,) arrays
        Probabilities that add up to 1, and the return of a unit staked in each outcome.

    Raises
    ------
    ValueError
        If they do not add up, or nothing can be lost: the best stake would be infinite.
    """
    p, x = sample(probabilities, "probabilities"), sample(returns)
    if p.size != x.size or p.min() < 0.0 or abs(float(p.sum()) - 1.0) > 1e-9:
        raise ValueError("expected a probability for each return, with a sum of 1")
    x = x[p > 0.0]
    p = p[p > 0.0]
    if float(p @ x) <= 0.0:
        return Bet(0.0, 0.0)
    if x.min() >= 0.0:
        raise ValueError("expected an outcome that loses, was none: the stake has no limit")
    highest = -1.0 / float(x.min())

    def slope(f: float) -> float:
        return float(np.sum(p * x / (1.0 + f * x)))

    stake = float(brentq(slope, 0.0, highest * (1.0 - 1e-12), xtol=1e-15, rtol=8.9e-16))
    return Bet(stake, float(np.sum(p * np.log1p(stake * x))))


def kelly_continuous(mu: float, sigma: float, *, rate: float = 0.0, share: float = 1.0) -> Bet:
    """Return the share of capital in a diffusion, and the growth per year.

    Parameters
    ----------
    mu, sigma, rate : float
        Drift, volatility and riskless rate, per year, decimals.
    share : float
        Fraction of the full stake: a quarter keeps 43.75 % of the excess growth at a sixteenth
        of the variance.

    References
    ----------
    Merton (1969); Thorp (2006), equation 7.3.
    """
    if not 0.0 < sigma < inf or not 0.0 <= share:
        raise ValueError(f"expected sigma > 0 and share >= 0, was {sigma}, {share}")
    stake = share * (mu - rate) / sigma**2
    return Bet(stake, growth_rate(stake, mu=mu, sigma=sigma, rate=rate))


def growth_rate(stake: float, *, mu: float, sigma: float, rate: float = 0.0) -> float:
    """Return the growth per year with a constant share of capital in a diffusion."""
    return rate + stake * (mu - rate) - 0.5 * (stake * sigma) ** 2


def kelly_portfolio(
    excess_mean: npt.ArrayLike, covariance: npt.ArrayLike, *, share: float = 1.0
) -> Weights:
    """Return the shares of capital in several assets, and the excess growth.

    Raises
    ------
    ValueError
        If shapes do not fit or the covariance is not positive definite.
    """
    mean = sample(excess_mean, "excess_mean")
    sigma = np.asarray(covariance, dtype=np.float64)
    if sigma.shape != (mean.size, mean.size):
        raise ValueError(f"expected a covariance of {mean.size} x {mean.size}, was {sigma.shape}")
    try:
        root = np.linalg.cholesky(sigma)
    except np.linalg.LinAlgError as error:
        raise ValueError("expected a positive definite covariance") from error
    full = np.linalg.solve(root.T, np.linalg.solve(root, mean))
    weights = share * full
    return Weights(weights, float(weights @ mean) - 0.5 * float(weights @ sigma @ weights))


def shrunk_fraction(fraction: float, observations: int, *, prior: float = 30.0) -> float:
    """Return a stake shrunk for what little was seen: ``f n / (n + prior)``."""
    if observations < 0 or not prior > 0.0:
        raise ValueError(f"expected observations >= 0 and prior > 0, was {observations}, {prior}")
    return fraction * observations / (observations + prior)


def posterior_win_rate(
    wins: int, losses: int, *, prior_wins: float = 1.0, prior_losses: float = 1.0
) -> float:
    """Return the mean of the posterior Beta distribution of a win rate."""
    if min(wins, losses) < 0 or min(prior_wins, prior_losses) <= 0.0:
        raise ValueError("expected counts of at least 0 and a positive prior")
    return (wins + prior_wins) / (wins + losses + prior_wins + prior_losses)
