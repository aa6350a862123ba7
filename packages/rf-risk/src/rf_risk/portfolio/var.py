"""Value at risk and expected shortfall of a return or P&L series, and of distributions.

Losses are positive, in the units of the input; confidence 0.99 is the worst 1 %. Horizons scale
by the square root of time.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, exp, floor, pi, sqrt

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, ndtri, stdtrit

Floats = npt.NDArray[np.float64]

_ROUND = 1e-9
"""How near a whole number of tail observations counts as whole."""


@dataclass(frozen=True, slots=True)
class Loss:
    """VaR and expected shortfall, positive for a loss."""

    var: float
    es: float


@dataclass(frozen=True, slots=True)
class HistoricalLoss:
    """VaR of a sample in two definitions, and the expected shortfall.

    `var_linear` interpolates between observations (type 7); `var_order` is the loss of the k-th
    worst one, ``k = ceil(n (1 - confidence))``; `es` is that of Acerbi and Tasche (2002).
    """

    var_linear: float
    var_order: float
    es: float
    n: int


@dataclass(frozen=True, slots=True)
class CornishFisher:
    """Modified VaR. `domain_ok` tells whether the expansion rises with the quantile."""

    z: float
    var: float
    domain_ok: bool


def historical_var(returns: npt.ArrayLike, confidence: float = 0.99) -> HistoricalLoss:
    """Return VaR and expected shortfall of observed returns.

    Parameters
    ----------
    returns : (n,) array
        Returns or P&L; gains positive.
    confidence : float
        Within 0 and 1.

    Raises
    ------
    ValueError
        If there is none, one is not finite, or the confidence is out of range.

    Notes
    -----
    A sample of n says nothing beyond its worst observation: with fewer than
    ``1 / (1 - confidence)`` returns the result is that one.

    Examples
    --------
    >>> historical_var([-0.05, 0.01, 0.02, -0.02], 0.5).var_order
    0.02
    """
    r = sample(returns)
    tail = 1.0 - level(confidence)
    n = r.size
    count = _whole(n * tail)
    worst = np.sort(np.partition(r, min(count, n - 1))[: count + 1])
    k = max(ceil(n * tail - _ROUND), 1)
    rest = max(n * tail - count, 0.0)
    total = float(worst[:count].sum()) + (rest * float(worst[count]) if rest > _ROUND else 0.0)
    return HistoricalLoss(
        var_linear=-float(np.quantile(r, tail)),
        var_order=-float(worst[k - 1]),
        es=-total / (n * tail),
        n=n,
    )


def weighted_historical_var(
    returns: npt.ArrayLike, confidence: float = 0.99, *, decay: float = 0.98
) -> Loss:
    """Return VaR and shortfall with weights that fade with age (Boudoukh et al. 1998).

    Parameters
    ----------
    returns : (n,) array
        Oldest first.
    decay : float
        Weight of an observation relative to the next newer one, within 0 and 1.
    """
    r = sample(returns)
    if not 0.0 < decay < 1.0:
        raise ValueError(f"decay = {decay}: expected within 0 and 1")
    tail = 1.0 - level(confidence)
    weights = decay ** np.arange(r.size - 1, -1, -1, dtype=np.float64)
    weights /= weights.sum()
    order = np.argsort(r, kind="stable")
    reached = np.cumsum(weights[order])
    place = int(min(np.searchsorted(reached, tail - 1e-12), r.size - 1))
    before = float(reached[place - 1]) if place else 0.0
    worst = order[:place]
    total = float(weights[worst] @ r[worst]) + (tail - before) * float(r[order[place]])
    return Loss(-float(r[order[place]]), -total / tail)


def filtered_historical_var(
    returns: npt.ArrayLike, variances: npt.ArrayLike, next_variance: float, confidence: float = 0.99
) -> HistoricalLoss:
    """Return VaR of returns scaled to the volatility that is expected next.

    Parameters
    ----------
    returns, variances : (n,) arrays
        Returns and the conditional variance each had, such as of an EWMA or a GARCH filter.
    next_variance : float
        Expected variance of the next period.

    References
    ----------
    Hull and White (1998); Barone-Adesi, Giannopoulos and Vosper (1999).
    """
    r, s2 = sample(returns), sample(variances, "variances")
    if r.size != s2.size or s2.min() <= 0.0 or not next_variance > 0.0:
        raise ValueError("expected a positive variance for each return and for the next one")
    return historical_var(r * np.sqrt(next_variance / s2), confidence)


def normal_var(
    sigma: float,
    confidence: float = 0.99,
    *,
    value: float = 1.0,
    mean: float = 0.0,
    horizon: float = 1.0,
    z: float | None = None,
) -> Loss:
    """Return VaR and shortfall of normal returns.

    Parameters
    ----------
    sigma, mean : float
        Standard deviation and mean of a return of one period, decimals.
    value : float
        What is held, currency.
    horizon : float
        Periods; the deviation grows by its square root.
    z : float, optional
        Quantile to use in place of the exact one, such as a rounded one from a table.
    """
    positive(sigma=sigma, horizon=horizon)
    quantile = float(ndtri(level(confidence))) if z is None else z
    spread = sigma * value * sqrt(horizon)
    density = exp(-0.5 * quantile**2) / sqrt(2.0 * pi)
    drift = mean * horizon * value
    return Loss(quantile * spread - drift, spread * density / (1.0 - confidence) - drift)


def student_var(
    sigma: float, nu: float, confidence: float = 0.99, *, value: float = 1.0, horizon: float = 1.0
) -> Loss:
    """Return VaR and shortfall of Student-t returns with standard deviation `sigma`.

    Raises
    ------
    ValueError
        If `nu` is not above 2: there is no standard deviation.

    References
    ----------
    McNeil, Frey and Embrechts (2015), equations 2.24 to 2.26.
    """
    positive(sigma=sigma, horizon=horizon)
    if not nu > 2.0 or not nu < np.inf:
        raise ValueError(f"nu = {nu}: expected degrees of freedom above 2")
    quantile = float(stdtrit(nu, level(confidence)))
    scale = sigma * sqrt((nu - 2.0) / nu) * value * sqrt(horizon)
    constant = float(gammaln(0.5 * (nu + 1)) - gammaln(0.5 * nu)) - 0.5 * np.log(nu * pi)
    density = exp(constant - 0.5 * (nu + 1) * np.log1p(quantile**2 / nu))
    es = density * (nu + quantile**2) / ((nu - 1.0) * (1.0 - confidence))
    return Loss(quantile * scale, es * scale)


def cornish_fisher_var(
    sigma: float,
    *,
    skew: float,
    excess_kurtosis: float,
    mean: float = 0.0,
    confidence: float = 0.99,
) -> CornishFisher:
    """Return VaR with a quantile corrected for skewness and kurtosis.

    References
    ----------
    Favre and Galeano (2002); Maillard (2012) for the domain: outside of it a worse quantile can
    give a smaller loss, and the number should not be used.
    """
    positive(sigma=sigma)
    sample([skew, excess_kurtosis, mean], "moments")
    z = float(_expanded(np.array(float(ndtri(1.0 - level(confidence)))), skew, excess_kurtosis))
    grid = _expanded(ndtri(np.linspace(1e-4, 1.0 - 1e-4, 20_001)), skew, excess_kurtosis)
    return CornishFisher(z, -(mean + sigma * z), bool((np.diff(grid) > 0.0).all()))


def _expanded(z: Floats, skew: float, kurtosis: float) -> Floats:
    return np.asarray(
        z
        + (z**2 - 1.0) * skew / 6.0
        + (z**3 - 3.0 * z) * kurtosis / 24.0
        - (2.0 * z**3 - 5.0 * z) * skew**2 / 36.0
    )


def monte_carlo_var(
    exposures: npt.ArrayLike,
    covariance: npt.ArrayLike,
    confidence: float = 0.99,
    *,
    rng: np.random.Generator,
    paths: int = 100_000,
    nu: float | None = None,
    horizon: float = 1.0,
) -> HistoricalLoss:
    """Return VaR of holdings from simulated joint returns.

    Parameters
    ----------
    exposures : (k,) array
        Signed values, currency.
    covariance : (k, k) array
        Of returns of one period.
    nu : float, optional
        Degrees of freedom of a multivariate t; normal without.
    """
    w = sample(exposures, "exposures")
    root = np.linalg.cholesky(np.asarray(covariance, dtype=np.float64))
    draws = rng.standard_normal((paths, w.size))
    if nu is not None:
        if not nu > 2.0:
            raise ValueError(f"nu = {nu}: expected degrees of freedom above 2")
        draws *= np.sqrt((nu - 2.0) / rng.chisquare(nu, size=(paths, 1)))
    return historical_var(draws @ (root.T @ w) * sqrt(horizon), confidence)


def moments(returns: npt.ArrayLike) -> tuple[float, float, float, float]:
    """Return mean, standard deviation (ddof 1), skewness and excess kurtosis (biased)."""
    r = sample(returns, least=2)
    centred = r - r.mean()
    variance = float(np.mean(centred**2))
    if variance == 0.0:
        raise ValueError("expected returns that vary, was a constant series")
    skew = float(np.mean(centred**3)) / variance**1.5
    return (
        float(r.mean()),
        float(r.std(ddof=1)),
        skew,
        float(np.mean(centred**4)) / variance**2 - 3.0,
    )


def sample(values: npt.ArrayLike, name: str = "returns", *, least: int = 1) -> Floats:
    """Return finite numbers as a (n,) array; ValueError says what is wrong otherwise."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size < least:
        raise ValueError(f"expected at least {least} {name} in one dimension, was {array.shape}")
    bad = np.flatnonzero(~np.isfinite(array))
    if bad.size:
        raise ValueError(f"expected finite {name}, was {array[bad[0]]} at {bad[0]}")
    return array


def level(confidence: float) -> float:
    """Return a confidence within 0 and 1, or raise ValueError."""
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence = {confidence}: expected within 0 and 1, such as 0.99")
    return confidence


def positive(**numbers: float) -> None:
    """Raise ValueError for the first number that is not finite and positive."""
    for name, number in numbers.items():
        if not 0.0 < number < np.inf:
            raise ValueError(f"{name} = {number}: expected a finite number above 0")


def _whole(count: float) -> int:
    return int(floor(count + _ROUND))
