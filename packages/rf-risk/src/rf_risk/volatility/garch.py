"""What a fitted volatility model tells: parameters, errors, forecasts, simulations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log, nan, sqrt

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from rf_risk.volatility import _kernels
from rf_risk.volatility.innovations import draw
from rf_risk.volatility.innovations import innovations as innovations_of
from rf_risk.volatility.likelihood import Likelihood
from rf_risk.volatility.models import model as model_of

Floats = npt.NDArray[np.float64]

_ROOT = _kernels.ROOT_2_OVER_PI


@dataclass(frozen=True)
class StandardErrors:
    """Three estimates, by the order of the parameters; NaN where a bound holds a parameter.

    `hessian` is for a right model, `opg` the outer product of scores, `robust` holds also when
    the innovations have another distribution (Bollerslev and Wooldridge 1992).
    """

    hessian: Floats
    opg: Floats
    robust: Floats


@dataclass(frozen=True)
class GarchFit:
    """A fitted volatility model.

    Attributes
    ----------
    loglik : float
        Log likelihood with all constants, summed.
    variances, residuals : (n,) arrays
        Conditional variance of each period, squared units of the returns; returns less the mean.
    next_variance : float
        Variance of the first period after the sample.
    converged : bool
        Whether the gradient vanished inside the constraints.
    at_bound : tuple of str
        Parameters that a bound holds.
    """

    likelihood: Likelihood
    theta: Floats
    loglik: float
    variances: Floats
    next_variance: float
    residuals: Floats
    converged: bool
    iterations: int
    errors: StandardErrors | None
    at_bound: tuple[str, ...] = ()

    @property
    def params(self) -> dict[str, float]:
        """Parameters by name."""
        return dict(zip(self.likelihood.names, map(float, self.theta), strict=True))

    @property
    def se_hessian(self) -> dict[str, float]:
        """Standard errors from the Hessian, by name."""
        return self._named(self.errors.hessian if self.errors else None)

    @property
    def se_opg(self) -> dict[str, float]:
        """Standard errors from the outer product of scores, by name."""
        return self._named(self.errors.opg if self.errors else None)

    @property
    def se_robust(self) -> dict[str, float]:
        """Robust standard errors, by name."""
        return self._named(self.errors.robust if self.errors else None)

    def _named(self, values: Floats | None) -> dict[str, float]:
        found = np.full(self.theta.size, nan) if values is None else values
        return dict(zip(self.likelihood.names, map(float, found), strict=True))

    @property
    def persistence(self) -> float:
        """What remains of a shock to the variance after one period; NaN for a power model."""
        return self.likelihood.model.persistence(self._model_params)

    @property
    def long_run_variance(self) -> float:
        """Variance that forecasts tend to; NaN when there is none."""
        p = self.params
        if self.likelihood.model.name == "egarch":
            return nan  # its log has a limit, its expectation depends on the innovations
        rest = 1.0 - self.persistence
        return p["omega"] / rest if rest > 0.0 else nan

    @property
    def standardized(self) -> Floats:
        """Residuals over their conditional deviation."""
        scaled: Floats = self.residuals / np.sqrt(self.variances)
        return scaled

    @property
    def _model_params(self) -> Floats:
        offset = int(self.likelihood.has_mean)
        return self.theta[offset : offset + len(self.likelihood.model.names)]

    def forecast(self, horizon: int) -> Floats:
        """Return the expected variances of the next `horizon` periods.

        Raises
        ------
        ValueError
            If the horizon is below 1, or the expectation does not exist or is not closed: an
            exponential model with heavy-tailed innovations, a power model beyond one period.
        """
        if horizon < 1:
            raise ValueError(f"horizon = {horizon}: expected 1 or more")
        name = self.likelihood.model.name
        if horizon == 1:
            return np.array([self.next_variance])
        if name == "egarch":
            return self._exponential_forecast(horizon)
        if name == "aparch":
            raise ValueError("expected horizon 1 for a power model; simulate for more")
        omega, rho = self.params["omega"], self.persistence
        path = np.empty(horizon)
        path[0] = self.next_variance
        for step in range(1, horizon):
            path[step] = omega + rho * path[step - 1]
        return path

    def _exponential_forecast(self, horizon: int) -> Floats:
        if self.likelihood.innovations.name != "normal":
            raise ValueError("the expected variance of an EGARCH with heavy tails is infinite")
        omega, alpha, gamma, beta = map(float, self._model_params)
        path = np.empty(horizon)
        path[0] = self.next_variance
        level, growth = log(self.next_variance), 0.0
        for step in range(1, horizon):
            level = omega + beta * level
            weight = beta ** (step - 1)
            growth += log(_shock(weight * alpha, weight * gamma))
            path[step] = exp(level + growth)
        return path

    def simulate(self, n: int, rng: np.random.Generator) -> Floats:
        """Return `n` simulated returns that follow the sample."""
        shape = self.theta[self.theta.size - len(self.likelihood.innovations.shape_names) :]
        z = draw(self.likelihood.innovations, shape, n, rng)
        return _simulated(self, z)


def _shock(a: float, b: float) -> float:
    """Return E exp(a (|z| - sqrt(2/pi)) + b z) of a standard normal z."""
    right = exp(0.5 * (a + b) ** 2) * float(ndtr(a + b))
    left = exp(0.5 * (a - b) ** 2) * float(ndtr(a - b))
    return exp(-a * _ROOT) * (right + left)


def _simulated(fit: GarchFit, z: Floats) -> Floats:
    p, name = fit.params, fit.likelihood.model.name
    mean, variance = p.get("mu", 0.0), fit.next_variance
    out = np.empty(z.size)
    for t, each in enumerate(z):
        e = sqrt(variance) * float(each)
        out[t] = mean + e
        if name == "egarch":
            news = p["alpha"] * (abs(each) - _ROOT) + p["gamma"] * each
            variance = exp(p["omega"] + news + p["beta"] * log(variance))
        elif name == "aparch":
            half = 0.5 * p["delta"]
            power = p["omega"] + p["alpha"] * (abs(e) - p["gamma"] * e) ** p["delta"]
            variance = (power + p["beta"] * variance**half) ** (1.0 / half)
        else:
            reaction = p["alpha"] + (p.get("gamma", 0.0) if e < 0.0 else 0.0)
            variance = p["omega"] + reaction * e * e + p["beta"] * variance
    return out


def loglik(
    returns: npt.ArrayLike,
    params: Mapping[str, float],
    *,
    model: str = "garch",
    distribution: str = "normal",
    mean: str = "constant",
) -> GarchFit:
    """Return a model at given parameters: its likelihood and variances, nothing fitted.

    `converged` is False, and there are no standard errors.

    Raises
    ------
    ValueError
        If a parameter is missing, or they allow no positive variance.
    """
    raw = checked(returns, least=1)
    whole = Likelihood(raw, model_of(model), innovations_of(distribution), mean == "constant")
    theta = whole.vector(params)
    point = whole.at(theta)
    if not np.isfinite(point.loglik):
        raise ValueError(f"expected parameters with positive variances, was {dict(params)}")
    return GarchFit(
        likelihood=whole,
        theta=theta,
        loglik=point.loglik,
        variances=point.filtered.variances,
        next_variance=point.filtered.next_variance,
        residuals=point.residuals,
        converged=False,
        iterations=0,
        errors=None,
    )


def standard_errors(
    likelihood: Likelihood, theta: Floats, held: npt.NDArray[np.bool_]
) -> StandardErrors:
    """Return three kinds of standard errors; what a bound holds is left out."""
    free = np.flatnonzero(~held)
    widths = np.where(np.abs(theta) > 0.0, np.abs(theta), 1e-3)
    hessian = likelihood.hessian(theta, widths)[np.ix_(free, free)]
    scores = likelihood.at(theta).scores[:, free]
    outer = scores.T @ scores
    told = {}
    try:
        inverse = np.linalg.inv(-hessian)
        told = {
            "hessian": inverse,
            "opg": np.linalg.inv(outer),
            "robust": inverse @ outer @ inverse,
        }
    except np.linalg.LinAlgError:
        pass
    found = {}
    for name in ("hessian", "opg", "robust"):
        full = np.full(theta.size, nan)
        if name in told:
            variances = np.diag(told[name])
            full[free] = np.sqrt(np.where(variances > 0.0, variances, nan))
        found[name] = full
    return StandardErrors(**found)


def checked(returns: npt.ArrayLike, *, least: int) -> Floats:
    """Return finite returns as an array.

    Raises
    ------
    ValueError
        If they are of more than one dimension, too few, or one is not finite.
    """
    raw = np.ascontiguousarray(returns, dtype=np.float64)
    if raw.ndim != 1 or raw.size < least:
        raise ValueError(f"expected at least {least} returns in one dimension, was {raw.shape}")
    bad = np.flatnonzero(~np.isfinite(raw))
    if bad.size:
        raise ValueError(f"expected finite returns, was {raw[bad[0]]} at {bad[0]}")
    return raw


def garch_filter(
    returns: npt.ArrayLike,
    *,
    omega: float,
    alpha: float,
    beta: float,
    gamma: float = 0.0,
    start: float,
) -> tuple[Floats, float]:
    """Return the variance of each period and of the next for given parameters.

    `start` is the variance of the period before the first and its squared return (half of it
    counts as a fall where `gamma` is given).
    """
    raw = checked(returns, least=1)
    if not (start > 0 and omega >= 0 and beta >= 0 and alpha >= 0 and alpha + gamma >= 0):
        raise ValueError("expected a positive start and parameters of at least 0")
    out = np.empty(raw.size)
    last = _kernels.gjr_filter(raw, omega, alpha, gamma, beta, start, out)
    return out, float(last)


def garch_forecast(
    variance: float, steps: int, *, omega: float, alpha: float, beta: float, gamma: float = 0.0
) -> float:
    """Return the expected variance `steps` periods after one whose variance is known."""
    rho = alpha + beta + 0.5 * gamma
    if rho >= 1.0:
        return variance + steps * omega if rho == 1.0 else nan
    level = omega / (1.0 - rho)
    return level + rho**steps * (variance - level)


def half_life(persistence: float) -> float:
    """Return the periods after which half of a shock to the variance is gone.

    Raises
    ------
    ValueError
        If the persistence is not within 0 and 1.
    """
    if not 0.0 < persistence < 1.0:
        raise ValueError(f"persistence = {persistence}: expected within 0 and 1")
    return log(0.5) / log(persistence)


def ewma_variance(
    returns: npt.ArrayLike, *, decay: float = 0.94, start: float | None = None
) -> tuple[Floats, float]:
    """Return exponentially weighted variances of each period and of the next (RiskMetrics 1996).

    `start` is the variance of the first period, the mean square of the returns if not given.
    """
    raw = checked(returns, least=1)
    if not 0.0 < decay < 1.0:
        raise ValueError(f"decay = {decay}: expected within 0 and 1")
    first = float(raw @ raw) / raw.size if start is None else start
    out = np.empty(raw.size)
    return out, float(_kernels.ewma_filter(raw, decay, first, out))


def ewma_memory(decay: float, *, tolerance: float = 0.01) -> float:
    """Return how many periods hold all but `tolerance` of the weight (RiskMetrics 1996, 5.3)."""
    if not 0.0 < decay < 1.0 or not 0.0 < tolerance < 1.0:
        raise ValueError(f"expected decay, tolerance within 0 and 1, was {decay}, {tolerance}")
    return log(tolerance) / log(decay)


def annual_vol(variance: float, periods_per_year: float = 252.0) -> float:
    """Return the volatility per year of a variance per period."""
    if not variance >= 0.0:
        raise ValueError(f"variance = {variance}: expected 0 or more")
    return sqrt(variance * periods_per_year)
