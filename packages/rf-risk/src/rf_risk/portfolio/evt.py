"""The far tail: a generalised Pareto distribution fitted to what exceeds a threshold."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log, nan, sqrt

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from rf_risk.portfolio.var import Loss, level, sample

Floats = npt.NDArray[np.float64]

MIN_EXCEEDANCES = 20


@dataclass(frozen=True, slots=True)
class TailFit:
    """Peaks over a threshold: shape `xi`, scale `beta`, with their standard errors.

    `n` is the whole sample, `exceedances` how many were beyond the threshold.
    """

    threshold: float
    n: int
    exceedances: int
    xi: float
    beta: float
    se_xi: float
    se_beta: float
    loglik: float

    def loss(self, confidence: float) -> Loss:
        """Return VaR and expected shortfall beyond the threshold; ES is infinite for xi >= 1.

        Raises
        ------
        ValueError
            If the quantile lies below the threshold, where this model says nothing.
        """
        share = self.exceedances / self.n
        ratio = (1.0 - level(confidence)) / share
        if ratio > 1.0:
            raise ValueError(
                f"confidence = {confidence}: expected at least {1 - share:.4f}, beyond the threshold"
            )
        if abs(self.xi) < 1e-9:
            var = self.threshold - self.beta * log(ratio)
        else:
            var = self.threshold + self.beta / self.xi * (ratio**-self.xi - 1.0)
        if self.xi >= 1.0:
            return Loss(var, inf)
        return Loss(var, (var + self.beta - self.xi * self.threshold) / (1.0 - self.xi))


def peaks_over_threshold(losses: npt.ArrayLike, threshold: float) -> TailFit:
    """Fit a generalised Pareto distribution to losses beyond a threshold.

    Parameters
    ----------
    losses : (n,) array
        Losses, positive for a loss.
    threshold : float
        Where the tail begins; what is strictly above it counts.

    Raises
    ------
    ValueError
        If fewer than 20 losses exceed it, or no maximum of the likelihood is found.

    References
    ----------
    Grimshaw (1993) for the one-dimensional likelihood; McNeil, Frey and Embrechts (2015),
    equations 5.18 and 5.19 for VaR and expected shortfall.
    """
    x = sample(losses, "losses")
    y = x[x > threshold] - threshold
    if y.size < MIN_EXCEEDANCES:
        raise ValueError(f"expected {MIN_EXCEEDANCES} losses above {threshold}, was {y.size}")
    theta = _best_theta(y)
    xi = float(np.mean(np.log1p(theta * y)))
    beta = xi / theta if abs(theta) > 1e-12 else float(y.mean())
    errors = _errors(y, xi, beta)
    loglik = _profile(theta, y)
    return TailFit(threshold, x.size, y.size, xi, beta, errors[0], errors[1], loglik)


def _profile(theta: float, y: Floats) -> float:
    """Return the log likelihood at the best shape for ``theta = xi / beta``."""
    if abs(theta) < 1e-12:
        return -y.size * (log(float(y.mean())) + 1.0)
    logs = np.log1p(theta * y)
    xi = float(logs.mean())
    ratio = xi / theta
    if not ratio > 0.0:
        return -inf
    return -y.size * (log(ratio) + xi + 1.0)


def _slope(theta: float, y: Floats) -> float:
    """Return the derivative of the profile over n, times theta."""
    logs = np.log1p(theta * y)
    xi = float(logs.mean())
    by_theta = float(np.mean(y / (1.0 + theta * y)))
    return 1.0 - theta * by_theta * (1.0 / xi + 1.0)


def _best_theta(y: Floats) -> float:
    """Return the theta with the largest profile: a grid, then a root of the slope."""
    low = -1.0 / float(y.max())
    mean = float(y.mean())
    right = np.geomspace(1e-6, 20.0, 120) / mean
    left = low * (1.0 - np.geomspace(1e-6, 1.0, 60))[:-1]
    grid = np.concatenate((left[left < -1e-9 / mean], right))
    grid.sort()
    values = np.array([_profile(float(theta), y) for theta in grid])
    place = int(np.argmax(values))
    if place in {0, grid.size - 1}:
        raise ValueError(
            "expected losses with a tail that can be fitted, was a likelihood at its edge"
        )
    a, b = float(grid[place - 1]), float(grid[place + 1])
    if a < 0.0 < b:  # the slope vanishes at zero too: stay on the better side
        a, b = (1e-9 / mean, b) if grid[place] > 0.0 else (a, -1e-9 / mean)
    if _slope(a, y) * _slope(b, y) < 0.0:
        return float(brentq(_slope, a, b, args=(y,), xtol=1e-15, rtol=8.9e-16))
    return float(grid[place])


def _errors(y: Floats, xi: float, beta: float) -> tuple[float, float]:
    """Return standard errors from the observed information."""
    if abs(xi) < 1e-6:
        return 1.0 / sqrt(y.size), beta * sqrt(2.0 / y.size)
    ratio = y / beta
    u = 1.0 + xi * ratio
    logs = np.log(u)
    by_xi2 = 2.0 * logs / xi**3 - 2.0 * ratio / (xi**2 * u) - (1.0 + 1.0 / xi) * (ratio / u) ** 2
    by_beta2 = -1.0 / beta**2 + (1.0 + xi) * (
        2.0 * ratio / (beta**2 * u) - xi * ratio**2 / (beta**2 * u**2)
    )
    by_both = -ratio / (beta * u) + (1.0 + xi) * ratio**2 / (beta * u**2)
    information = np.array(
        [[float(by_xi2.sum()), float(by_both.sum())], [float(by_both.sum()), float(by_beta2.sum())]]
    )
    try:
        inverse = np.linalg.inv(information)
    except np.linalg.LinAlgError:
        return nan, nan
    variances = np.diag(inverse)
    return tuple(float(sqrt(v)) if v > 0.0 else nan for v in variances)  # type: ignore[return-value]  # two of them
