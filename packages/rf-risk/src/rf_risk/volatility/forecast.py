"""Expected variances ahead, long-run levels, half-lives and annual volatility."""

from __future__ import annotations

from collections.abc import Mapping
from math import erfc, exp, inf, log, sqrt

import numpy as np
import numpy.typing as npt

from rf_risk.volatility._kernels.filters import ROOT_2_OVER_PI, level_of, mean_variances
from rf_risk.volatility._kernels.layout import (
    ALPHA,
    APARCH,
    BETA,
    DELTA,
    EGARCH,
    GAMMA,
    NORMAL,
    NU,
    OMEGA,
    SKEW,
)
from rf_risk.volatility.checks import positive
from rf_risk.volatility.specification import Specification, specification

FloatArray = npt.NDArray[np.float64]

_LOG_MAX = 700.0


def half_life(persistence_: float) -> float:
    """Return the periods until half of a shock to the variance is gone, -ln 2 / ln p.

    Raises
    ------
    ValueError
        If the persistence is not strictly between 0 and 1.

    Examples
    --------
    >>> round(half_life(0.95), 4)
    13.5134
    """
    if not 0.0 < persistence_ < 1.0:
        raise ValueError(f"expected a persistence between 0 and 1, was {persistence_}")
    return log(0.5) / log(persistence_)


def annual_vol(variance: npt.ArrayLike, periods_per_year: float = 252.0) -> float | FloatArray:
    """Return the volatility per year of variances per period.

    Parameters
    ----------
    variance : float or array
        Per period, squared units of the returns, not negative.
    periods_per_year : float
        Periods of the returns in a year: 252 for daily ones, more when they are shorter.

    Raises
    ------
    ValueError
        If a variance is negative or not finite, or `periods_per_year` is not above 0.

    Examples
    --------
    >>> annual_vol(0.0001, 252.0)
    0.15874507866387544
    """
    periods = positive("periods_per_year", periods_per_year)
    found = np.asarray(variance, dtype=np.float64)
    if not (np.isfinite(found).all() and (found >= 0.0).all()):
        raise ValueError(f"expected finite variances of at least 0, was {variance!r}")
    return sqrt(float(found) * periods) if found.ndim == 0 else np.sqrt(found * periods)


def garch_forecast(
    params: Mapping[str, float], variance: float, steps: int, *, model: str = "garch"
) -> FloatArray:
    """Return expected variances 1 to `steps` periods after one whose variance is known.

    Parameters
    ----------
    params : mapping
        `omega`, `alpha`, `beta` and, for "gjr", `gamma`.
    variance : float
        Of the present period, whose return is not known.
    steps : int
        At least 1.
    model : {"garch", "gjr"}
        The recursion.

    Returns
    -------
    (steps,) array
        ``VL + p^h (variance - VL)``, h = 1 to `steps`, p the persistence; a straight line with
        slope omega when p is 1.

    Raises
    ------
    ValueError
        If a parameter is missing or out of its domain, the variance is not above 0, or `steps`
        is below 1.

    References
    ----------
    Hull (2018), chapter 23.

    Examples
    --------
    >>> told = garch_forecast({"omega": 1.3465e-06, "alpha": 0.083394, "beta": 0.910116}, 3e-4, 10)
    >>> round(float(told[-1]), 9)
    0.000294167
    """
    if str(model).lower() not in {"garch", "gjr"}:
        raise ValueError(f"expected model garch or gjr, was {model!r}")
    kept = {name: value for name, value in params.items() if name != "mu"}
    spec = specification(model, "normal", "zero")
    start = positive("variance", variance)
    return variance_path(spec, spec.vector(kept), start, steps + 1)[1:]


def persistence(spec: Specification, theta: FloatArray) -> float:
    """Return the share of a shock that one period leaves in the recursion."""
    nu, skew = float(theta[NU]), float(theta[SKEW])
    if spec.kind == EGARCH:
        return float(theta[BETA])
    if spec.kind == APARCH:
        moment = spec.innovations.power_moment(float(theta[GAMMA]), float(theta[DELTA]), nu, skew)
        return float(theta[ALPHA] * moment + theta[BETA]) if theta[ALPHA] > 0 else theta[BETA]
    down = spec.innovations.down_share(nu, skew) if theta[GAMMA] != 0.0 else 0.5
    return float(theta[ALPHA] + down * theta[GAMMA] + theta[BETA])


def long_run_variance(spec: Specification, theta: FloatArray) -> float:
    """Return the level of the variance: its mean for GARCH and GJR.

    For EGARCH and APARCH the variance at which the expected recursion rests, which is below the
    mean of the variance.
    """
    rest = 1.0 - persistence(spec, theta)
    if rest <= 0.0:
        return inf
    level = float(theta[OMEGA]) / rest
    if spec.kind == EGARCH:
        return exp(level) if level < _LOG_MAX else inf
    return level ** (2.0 / float(theta[DELTA])) if spec.kind == APARCH else level


def variance_path(
    spec: Specification,
    theta: FloatArray,
    first: float,
    steps: int,
    *,
    paths: int = 20_000,
    rng: np.random.Generator | None = None,
) -> FloatArray:
    """Return expected variances of `steps` periods, the first of which is `first`."""
    if steps < 1:
        raise ValueError(f"expected steps of at least 1, was {steps}")
    if spec.kind == EGARCH:
        return _egarch_path(spec, theta, first, steps)
    if spec.kind == APARCH:
        return _aparch_path(spec, theta, first, steps, paths=paths, rng=rng)
    share, omega = persistence(spec, theta), float(theta[OMEGA])
    ahead = np.arange(steps, dtype=np.float64)
    if abs(1.0 - share) < 1e-9:  # the limit, without the difference of two large levels
        return first + ahead * omega
    level = omega / (1.0 - share)
    found: FloatArray = level + share**ahead * (first - level)
    found[0] = first
    return found


def _egarch_path(spec: Specification, theta: FloatArray, first: float, steps: int) -> FloatArray:
    """``E s2 = s2^(b^h) exp(omega sum b^i) prod E exp(b^i g(z))`` (Nelson 1991, appendix 1)."""
    alpha, gamma, beta = float(theta[ALPHA]), float(theta[GAMMA]), float(theta[BETA])
    fat = spec.innovations.code != NORMAL
    if fat and steps > 1 and max(alpha + gamma, alpha - gamma) > 0.0:
        raise ValueError(
            "expected steps of 1: the expected variance of an EGARCH with fat tails is infinite "
            f"from the second period on, was steps {steps}"
        )
    out = np.empty(steps)
    power, shift = 1.0, 0.0
    for h in range(steps):
        out[h] = exp(power * log(first) + shift)
        if h + 1 == steps:
            break
        news = _fat_news(spec, theta, power) if fat else _news(power * alpha, power * gamma)
        shift += float(theta[OMEGA]) * power + log(news)
        power *= beta
    out[0] = first
    return out


def _fat_news(spec: Specification, theta: FloatArray, power: float) -> float:
    alpha, gamma = float(theta[ALPHA]), float(theta[GAMMA])
    if power < 0.0 and min(alpha + gamma, alpha - gamma) < 0.0:
        raise ValueError(f"expected beta of at least 0 with fat tails, was {theta[BETA]}")

    def news(z: float) -> float:
        return exp(power * (alpha * (abs(z) - ROOT_2_OVER_PI) + gamma * z))

    return spec.innovations.expect(news, float(theta[NU]), float(theta[SKEW]))


def _news(a: float, b: float) -> float:
    """Return E exp(a (|z| - sqrt(2/pi)) + b z) of a normal z."""
    right = exp(0.5 * (a + b) ** 2) * 0.5 * erfc(-(a + b) / sqrt(2.0))
    left = exp(0.5 * (a - b) ** 2) * 0.5 * erfc(-(a - b) / sqrt(2.0))
    return exp(-a * ROOT_2_OVER_PI) * (right + left)


def _aparch_path(
    spec: Specification,
    theta: FloatArray,
    first: float,
    steps: int,
    *,
    paths: int,
    rng: np.random.Generator | None,
) -> FloatArray:
    delta = float(theta[DELTA])
    nu, skew = float(theta[NU]), float(theta[SKEW])
    omega, alpha, beta = float(theta[OMEGA]), float(theta[ALPHA]), float(theta[BETA])
    out = np.empty(steps)
    if delta in {1.0, 2.0}:
        one = spec.innovations.power_moment(float(theta[GAMMA]), delta, nu, skew)
        two = spec.innovations.power_moment(float(theta[GAMMA]), 2.0, nu, skew)
        mean = first ** (0.5 * delta)
        square = first
        for h in range(steps):
            out[h] = square if delta == 1.0 else mean
            slope = alpha * one + beta
            growth = alpha * alpha * two + 2.0 * alpha * beta * one + beta * beta
            square = omega * omega + 2.0 * omega * slope * mean + growth * square
            mean = omega + slope * mean
        return out
    draws = rng if rng is not None else np.random.default_rng(0)
    half = spec.innovations.draw((max(paths // 2, 1), steps), draws, nu=nu, skew=skew)
    z = np.concatenate((half, -half)) if spec.innovations.code != 2 else half
    level = float(level_of(spec.kind, first, delta))
    mean_variances(spec.kind, theta, np.ascontiguousarray(z), level, out)
    out[0] = first
    return out
