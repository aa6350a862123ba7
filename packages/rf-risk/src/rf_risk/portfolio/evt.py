"""Extreme value theory: peaks of losses over a threshold, and quantiles beyond the sample."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rf_risk.portfolio import _checks as check
from rf_risk.portfolio._checks import FloatArray

_EXPONENTIAL = 1e-10
"""Below it, ``(exp(x) - 1) / xi`` with ``x = xi l`` is its limit l."""
_FEWEST = 10


@dataclass(frozen=True, slots=True)
class GpdFit:
    """Generalised Pareto distribution of exceedances, fitted by maximum likelihood."""

    xi: float
    """Shape: positive for a heavy tail, 0 exponential, negative for a bounded one."""
    beta: float
    """Scale, in the units of the exceedances."""
    se_xi: float
    """Standard error from the observed information; NaN for xi <= -0.5, where it has none."""
    se_beta: float
    covariance: float
    """Of the estimates of xi and beta."""
    log_likelihood: float
    exceedances: int
    converged: bool
    """The likelihood has an interior maximum here: gradient zero, curvature negative."""


@dataclass(frozen=True, slots=True)
class PotFit:
    """Tail of a sample of losses above a threshold."""

    gpd: GpdFit
    threshold: float
    observations: int

    @property
    def exceedance_rate(self) -> float:
        """Share of the losses above the threshold."""
        return self.gpd.exceedances / self.observations

    def quantile(self, confidence: float) -> float:
        """Return VaR at a confidence whose tail is no larger than the exceedance rate.

        Raises
        ------
        ValueError
            If the fit did not converge or the quantile lies below the threshold.
        """
        ratio = self._ratio(confidence)
        xi, log = self.gpd.xi, -math.log(ratio)
        grown = log if abs(xi * log) < _EXPONENTIAL else math.expm1(xi * log) / xi
        return self.threshold + self.gpd.beta * grown

    def expected_shortfall(self, confidence: float) -> float:
        """Return the mean loss beyond VaR; infinite for xi >= 1.

        Raises
        ------
        ValueError
            As for `quantile`.
        """
        xi = self.gpd.xi
        quantile = self.quantile(confidence)
        if xi >= 1.0:
            return math.inf
        return (quantile + self.gpd.beta - xi * self.threshold) / (1.0 - xi)

    def quantile_error(self, confidence: float) -> float:
        """Return the standard error of `quantile`: delta method, the exceedance rate as known.

        Raises
        ------
        ValueError
            As for `quantile`.
        """
        log, fit = -math.log(self._ratio(confidence)), self.gpd
        x = fit.xi * log
        by_beta = log if abs(x) < _EXPONENTIAL else math.expm1(x) / fit.xi
        # d/dxi of (exp(xi l) - 1) / xi, with its limit l^2 / 2.
        by_xi = fit.beta * log * log * _slope(x)
        variance = (
            (by_xi * fit.se_xi) ** 2
            + (by_beta * fit.se_beta) ** 2
            + 2.0 * by_xi * by_beta * fit.covariance
        )
        return math.sqrt(variance)

    def _ratio(self, confidence: float) -> float:
        tail = 1.0 - check.share("confidence", confidence)
        if not self.gpd.converged:
            raise ValueError("expected a fit that converged")
        if tail > self.exceedance_rate * (1.0 + 1e-12):
            raise ValueError(
                f"expected confidence >= {1.0 - self.exceedance_rate:.6g}, that of the threshold, "
                f"was {confidence}"
            )
        return min(tail / self.exceedance_rate, 1.0)


def _slope(x: float) -> float:
    """Return ``(x e^x - e^x + 1) / x^2``."""
    if abs(x) < 1e-3:
        return 0.5 + x / 3.0 + x * x / 8.0 + x**3 / 30.0
    return (x * math.exp(x) - math.expm1(x)) / (x * x)


def fit_pot(losses: npt.ArrayLike, threshold: float) -> PotFit:
    """Fit the tail of losses above a threshold.

    Parameters
    ----------
    losses : (n,) array
        Positive for a loss, any unit.
    threshold : float
        Losses strictly above it are exceedances; at least 10 of them.

    Returns
    -------
    PotFit
        Quantiles and shortfalls in the units of the losses.

    Raises
    ------
    ValueError
        If a loss is not finite or too few exceed the threshold.

    Notes
    -----
    Losses are taken as independent: filter them by their volatility first where they cluster.

    References
    ----------
    McNeil and Frey (2000), "Estimation of tail-related risk measures for heteroscedastic
    financial time series", eqs. 5 to 8.

    Examples
    --------
    >>> losses = np.random.default_rng(1).standard_t(4.0, 5_000)
    >>> fit = fit_pot(losses, float(np.quantile(losses, 0.95)))
    >>> fit.gpd.converged, 3.0 < fit.quantile(0.99) < 4.5
    (True, True)
    """
    values = check.vector("losses", losses)
    level = check.finite("threshold", threshold)
    return PotFit(fit_gpd(values[values > level] - level), level, values.size)


def fit_gpd(exceedances: npt.ArrayLike) -> GpdFit:
    """Fit a generalised Pareto distribution by maximum likelihood.

    Parameters
    ----------
    exceedances : (n,) array
        Positive, n >= 10.

    Returns
    -------
    GpdFit
        `converged` is False when the likelihood has no interior maximum (it grows without bound
        as xi falls below -1: the sample is bounded more sharply than any regular fit).

    Raises
    ------
    ValueError
        If there are too few exceedances, or one is not positive and finite.

    Notes
    -----
    With ``theta = xi / beta``, ``xi(theta) = mean ln(1 + theta y)``, and the likelihood is a
    function of theta alone; its best point on a grid is refined by golden section, then by
    Newton steps in both parameters to a gradient of rounding size. Scale-free: the exceedances
    are divided by their median first.

    References
    ----------
    Grimshaw (1993), "Computing maximum likelihood estimates for the generalized Pareto
    distribution", eqs. 2 and 3; Smith (1985) for the regularity xi > -0.5.

    Examples
    --------
    >>> y = np.random.default_rng(3).exponential(2.0, 4_000)
    >>> fit = fit_gpd(y)
    >>> abs(fit.xi) < 3 * fit.se_xi, abs(fit.beta - 2.0) < 3 * fit.se_beta
    (True, True)
    """
    y = check.vector("exceedances", exceedances, _FEWEST)
    if y.min() <= 0.0:
        raise ValueError(f"expected positive exceedances, was {float(y.min())}")
    unit = float(np.median(y))
    scaled = y / unit
    xi, beta, settled = _newton(scaled, *_profile_maximum(scaled))
    value, _, hessian = _likelihood(scaled, xi, beta)
    determinant = hessian[0, 0] * hessian[1, 1] - hessian[0, 1] ** 2
    converged = settled and hessian[0, 0] < 0.0 < determinant and xi > -1.0
    regular = converged and xi > -0.5
    inverse = -np.linalg.inv(hessian) if regular else np.full((2, 2), math.nan)
    return GpdFit(
        xi=xi,
        beta=beta * unit,
        se_xi=float(np.sqrt(inverse[0, 0])),
        se_beta=float(np.sqrt(inverse[1, 1])) * unit,
        covariance=float(inverse[0, 1]) * unit,
        log_likelihood=value - y.size * math.log(unit),
        exceedances=y.size,
        converged=converged,
    )


def _profile_maximum(y: FloatArray) -> tuple[float, float]:
    """Return xi and beta near the best local maximum of the likelihood with xi > -1."""
    lowest = -1.0 / float(y.max())
    near = lowest * (1.0 - np.geomspace(1e-8, 1.0, 80))
    grid = np.concatenate([near[near > lowest], np.geomspace(1e-6, 1e4, 120)])
    values = np.array([_profile(y, float(theta)) for theta in grid])
    # Towards the lower end the likelihood grows without bound: a maximum has neighbours below.
    inner = np.flatnonzero((values[1:-1] >= values[:-2]) & (values[1:-1] >= values[2:])) + 1
    best = int(inner[np.argmax(values[inner])]) if inner.size else int(np.argmax(values))
    low, high = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, grid.size - 1)])
    theta = _golden(y, low, high)
    xi = float(np.mean(np.log1p(theta * y)))
    return xi, xi / theta if abs(theta) > 1e-9 else float(y.mean())


def _profile(y: FloatArray, theta: float) -> float:
    """Return the profile log-likelihood per observation; -inf where xi would be below -1."""
    if abs(theta) < 1e-9:
        return -math.log(float(y.mean())) - 1.0
    xi = float(np.mean(np.log1p(theta * y)))
    return -math.log(xi / theta) - xi - 1.0 if xi > -1.0 else -math.inf


def _golden(y: FloatArray, low: float, high: float) -> float:
    ratio = (math.sqrt(5.0) - 1.0) / 2.0
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = _profile(y, left), _profile(y, right)
    for _ in range(60):
        if at_left < at_right:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = _profile(y, right)
        else:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = _profile(y, left)
    return (low + high) / 2.0


def _newton(y: FloatArray, xi: float, beta: float) -> tuple[float, float, bool]:
    """Polish a maximum; return it and whether the gradient has come down to rounding."""
    value, gradient, hessian = _likelihood(y, xi, beta)
    for _ in range(50):
        if abs(np.linalg.det(hessian)) < 1e-300:
            return xi, beta, False
        step = np.linalg.solve(hessian, gradient)
        scale = 1.0
        for _ in range(40):
            tried = xi - scale * float(step[0]), beta - scale * float(step[1])
            if tried[1] > 0.0 and tried[0] * y.max() > -tried[1]:
                new = _likelihood(y, *tried)
                if new[0] >= value - 1e-12 * abs(value):
                    break
            scale /= 2.0
        else:
            break
        xi, beta = tried
        value, gradient, hessian = new
        if np.abs(step).max() < 1e-13 * max(1.0, abs(xi), beta):
            break
    return xi, beta, bool(np.abs(gradient).max() < 1e-9 * y.size)


def _likelihood(y: FloatArray, xi: float, beta: float) -> tuple[float, FloatArray, FloatArray]:
    """Return the log-likelihood, its gradient and its Hessian by xi and beta.

    In ``z = y / beta`` one term is ``-ln beta - (1 + xi) g(xi, z)`` with ``g = ln(1 + xi z) / xi``
    and its derivatives by xi, which are series near xi = 0.
    """
    z = y / beta
    g, g1, g2 = _log_growth(xi, z)
    w = 1.0 + xi * z
    n = y.size
    value = -n * math.log(beta) - float(np.sum((1.0 + xi) * g))
    # d g / d z = 1 / w, d z / d beta = -z / beta.
    by_xi = -np.sum(g + (1.0 + xi) * g1)
    by_beta = (-n + (1.0 + xi) * np.sum(z / w)) / beta
    xi_xi = -np.sum(2.0 * g1 + (1.0 + xi) * g2)
    xi_beta = np.sum(z / w - (1.0 + xi) * z * z / w**2) / beta
    curvature = np.sum((1.0 + xi) * (2.0 * z / w - xi * z * z / w**2))
    beta_beta = (n - curvature) / beta**2
    return (
        value,
        np.array([by_xi, by_beta]),
        np.array([[xi_xi, xi_beta], [xi_beta, beta_beta]]),
    )


def _log_growth(xi: float, z: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return ``ln(1 + xi z) / xi`` and its first two derivatives by xi."""
    x = xi * z
    small = np.abs(x) < 1e-2
    safe, x = np.where(small, 1.0, x), np.where(small, x, 0.0)
    log, w = np.log1p(safe), 1.0 + safe
    # As functions of x: z f(x), z^2 f'(x), z^3 f''(x) with f = ln(1 + x) / x.
    f = log / safe
    f1 = (1.0 / w - f) / safe
    f2 = (-1.0 / w**2 - 2.0 * f1) / safe
    s, s1, s2 = np.zeros_like(x), np.zeros_like(x), np.zeros_like(x)
    for k in range(11, -1, -1):
        sign = -1.0 if k % 2 else 1.0
        s = s * x + sign / (k + 1)
        s1 = s1 * x - sign * (k + 1) / (k + 2)
        s2 = s2 * x + sign * (k + 1) * (k + 2) / (k + 3)
    return (
        z * np.where(small, s, f),
        z**2 * np.where(small, s1, f1),
        z**3 * np.where(small, s2, f2),
    )
