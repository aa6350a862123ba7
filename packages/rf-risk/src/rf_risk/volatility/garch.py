"""What a fit tells, and the models at given parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf, isnan, log, nan
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rf_risk.volatility._kernels.filters import filter_from, level_of, simulate_path
from rf_risk.volatility._kernels.layout import BETA, DELTA, EGARCH, OMEGA
from rf_risk.volatility._kernels.likelihood import loglik_of, variances_of
from rf_risk.volatility.checks import finite_returns, positive
from rf_risk.volatility.forecast import half_life, long_run_variance, persistence, variance_path
from rf_risk.volatility.specification import Specification, specification
from rf_risk.volatility.standard_errors import tangent_covariance

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Climb:
    """Where the optimiser stood at the end, in units of the sample's deviation."""

    theta: FloatArray
    value: float
    steps: int
    decrement: float
    grad: FloatArray
    hess: FloatArray
    outer: FloatArray
    held: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class GarchFit:
    """A fitted model.

    Variances are per period in squared units of the returns; period 0 is the first return's.
    Standard errors are three: from the Hessian, from the outer product of the scores, and the
    robust ones of Bollerslev and Wooldridge (1992), none corrected for small samples. Where a
    constraint holds, they are those of the maximum along it, and NaN for what it pins.
    """

    model: str
    distribution: str
    params: dict[str, float]
    loglik: float
    """Complete with its constants, summed over all returns."""
    variances: FloatArray
    next_variance: float
    """Variance of the period after the last return, known with it."""
    converged: bool
    iterations: int
    at_bound: tuple[str, ...]
    """Constraints that hold: parameters on a bound, "persistence" for an IGARCH."""
    returns: FloatArray
    climb: Climb = field(repr=False)
    scale: float = field(repr=False)
    held_rows: FloatArray = field(repr=False)

    @property
    def spec(self) -> Specification:
        """What was estimated."""
        mean = "constant" if "mu" in self.params else "zero"
        return specification(self.model, self.distribution, mean)

    @property
    def se_hessian(self) -> dict[str, float]:
        """Standard errors by parameter from the inverse of minus the Hessian."""
        return self._errors("hessian")

    @property
    def se_opg(self) -> dict[str, float]:
        """Standard errors by parameter from the sum of squared scores."""
        return self._errors("opg")

    @property
    def se_robust(self) -> dict[str, float]:
        """Standard errors by parameter that hold when the innovations are not as assumed."""
        return self._errors("robust")

    def covariance(self, kind: str = "robust") -> FloatArray:
        """Return the covariance of the parameters, in their order, (k, k).

        Raises
        ------
        ValueError
            If `kind` is not "hessian", "opg" or "robust".
        """
        spec = self.spec
        places = np.ix_(spec.free, spec.free)
        found = tangent_covariance(
            self.climb.hess[places], self.climb.outer[places], self.held_rows, kind
        )
        turn = spec.jacobian(self.climb.theta, self.scale)
        turned: FloatArray = turn @ found @ turn.T
        return turned

    def _errors(self, kind: str) -> dict[str, float]:
        squares = np.diag(self.covariance(kind))
        pinned = {
            int(np.flatnonzero(row)[0]) for row in self.held_rows if np.count_nonzero(row) == 1
        }
        return {
            name: nan if k in pinned or not squares[k] > 0.0 else float(np.sqrt(squares[k]))
            for k, name in enumerate(self.params)
        }

    @property
    def gradient_norm(self) -> float:
        """Largest derivative of the log likelihood along the constraints that hold.

        For the series in units of its deviation, as the optimiser saw it.
        """
        grad = self.climb.grad[self.spec.free]
        if self.held_rows.size:
            rows = self.held_rows.T
            grad = grad - rows @ np.linalg.lstsq(rows, grad, rcond=None)[0]
        return float(np.abs(grad).max())

    @property
    def residuals(self) -> FloatArray:
        """Returns less the mean, (n,)."""
        return self.returns - self.params.get("mu", 0.0)

    @property
    def standardized(self) -> FloatArray:
        """Residuals in units of their own deviation, (n,)."""
        found: FloatArray = self.residuals / np.sqrt(self.variances)
        return found

    @property
    def aic(self) -> float:
        """Akaike's criterion, twice the parameters less twice the log likelihood."""
        return 2.0 * len(self.params) - 2.0 * self.loglik

    @property
    def bic(self) -> float:
        """Schwarz's criterion."""
        return len(self.params) * log(self.returns.size) - 2.0 * self.loglik

    @property
    def persistence(self) -> float:
        """Share of a shock to the recursion that is left after a period; 1 is an IGARCH."""
        return 1.0 if "persistence" in self.at_bound else persistence(self.spec, self._theta)

    @property
    def long_run_variance(self) -> float:
        """Variance that forecasts tend to; infinite when there is none."""
        return inf if self.persistence >= 1.0 else long_run_variance(self.spec, self._theta)

    @property
    def half_life(self) -> float:
        """Periods until half of a shock is gone; infinite for an IGARCH."""
        found = self.persistence
        return inf if found >= 1.0 else half_life(found) if found > 0.0 else 0.0

    def forecast(self, steps: int, *, paths: int = 20_000, seed: int = 0) -> FloatArray:
        """Return expected variances of the next periods, (steps,); the first is known.

        Exact for GARCH and GJR, for EGARCH with normal innovations and for APARCH with power 2
        or 1; for other powers a mean over `paths` simulated ones, the same for the same `seed`.

        Raises
        ------
        ValueError
            If `steps` is below 1, or the expectation is infinite: that of an EGARCH with fat tails
            is, from the second period on (Nelson 1991).
        """
        rng = np.random.default_rng(seed)
        return variance_path(
            self.spec, self._theta, self.next_variance, steps, paths=paths, rng=rng
        )

    def simulate(self, steps: int, rng: np.random.Generator) -> Path:
        """Return returns and variances of `steps` periods that follow the sample.

        Raises
        ------
        ValueError
            If `steps` is below 1.
        """
        return simulate_garch(
            self.params,
            steps,
            rng,
            model=self.model,
            distribution=self.distribution,
            initial_variance=self.next_variance,
        )

    @property
    def _theta(self) -> FloatArray:
        return self.spec.vector(self.params)


class Path(NamedTuple):
    """A simulated series."""

    returns: FloatArray
    variances: FloatArray


class Likelihood(NamedTuple):
    """A model at given parameters."""

    loglik: float
    variances: FloatArray
    next_variance: float


class Filtered(NamedTuple):
    """Variances of each period and of the next one."""

    variances: FloatArray
    next_variance: float


def loglik(
    returns: npt.ArrayLike,
    params: Mapping[str, float],
    *,
    model: str = "garch",
    distribution: str = "normal",
    mean: str | None = None,
) -> Likelihood:
    """Return the log likelihood of a model at given parameters.

    Parameters
    ----------
    returns : (n,) array
        Returns of equal periods.
    params : mapping
        `mu` (with a constant mean), `omega`, `alpha`, `beta`; `gamma` but for GARCH; `delta` for
        APARCH; `nu` for "t" and "skewt", `skew` for "skewt". They need not be stationary.
    model, distribution : str
        As in `fit_garch`.
    mean : {"constant", "zero"}, optional
        By default "constant" if there is a `mu`.

    Raises
    ------
    ValueError
        If a parameter is missing, unknown or out of its domain, a return is not finite, or no
        likelihood exists there.

    Notes
    -----
    Summed over the sample and complete with its constants. Before the sample stands the mean
    square of the residuals at these parameters.

    References
    ----------
    Fiorentini, Calzolari and Panattoni (1996), section 2.

    Examples
    --------
    >>> at = loglik([0.1, -0.2, 0.1], {"omega": 0.01, "alpha": 0.1, "beta": 0.8})
    >>> round(at.loglik, 6), round(at.next_variance, 6)
    (1.430914, 0.043576)
    """
    found = finite_returns(returns)
    spec = specification(model, distribution, mean or ("constant" if "mu" in params else "zero"))
    theta = spec.vector(params)
    variances = np.empty(found.size)
    value = float(loglik_of(spec.kind, spec.innovations.code, found, theta, variances))
    if value == -inf or isnan(value):
        raise ValueError(f"expected parameters with positive variances, was {dict(params)}")
    following = float(variances_of(spec.kind, found, theta, variances))
    return Likelihood(value, variances, following)


def garch_filter(
    returns: npt.ArrayLike,
    params: Mapping[str, float],
    *,
    model: str = "garch",
    initial_variance: float | None = None,
) -> Filtered:
    """Return the variances of a series at given parameters.

    Parameters
    ----------
    returns : (n,) array
        Returns of equal periods.
    params : mapping
        `omega`, `alpha`, `beta` and, for their models, `gamma`, `delta`; `mu` or none.
    model : str
        As in `fit_garch`.
    initial_variance : float, optional
        Variance of the first period; by default what follows from the mean square of the
        residuals standing before the sample, as in the likelihood.

    Returns
    -------
    Filtered
        (n,) variances, period t from returns before t, and the one after the last.

    Raises
    ------
    ValueError
        If a parameter is missing or out of its domain, or a return is not finite.

    Notes
    -----
    About 2 ns a return for GARCH. Bit for bit what `GarchState` gives one return at a time.

    Examples
    --------
    >>> found = garch_filter([0.1], {"omega": 0.2, "alpha": 0.2, "beta": 0.3},
    ...                      initial_variance=0.01)
    >>> round(found.next_variance ** 0.5, 6)
    0.452769
    """
    found = finite_returns(returns)
    spec = specification(model, "normal", "constant" if "mu" in params else "zero")
    theta = spec.vector(params)
    out = np.empty(found.size)
    if initial_variance is None:
        following = variances_of(spec.kind, found, theta, out)
    else:
        first = positive("initial_variance", initial_variance)
        following = filter_from(
            spec.kind, found, theta, level_of(spec.kind, first, theta[DELTA]), out
        )
    if not (np.isfinite(out).all() and np.isfinite(following) and out.min() >= 0.0):
        raise ValueError(f"expected parameters with finite variances, was {dict(params)}")
    return Filtered(out, float(following))


def simulate_garch(
    params: Mapping[str, float],
    steps: int,
    rng: np.random.Generator,
    *,
    model: str = "garch",
    distribution: str = "normal",
    initial_variance: float | None = None,
) -> Path:
    """Return a simulated series of `steps` returns with its variances.

    `initial_variance` is that of the first period, by default the long-run one.

    Raises
    ------
    ValueError
        If `steps` is below 1, a parameter is missing or out of its domain, or there is no
        long-run variance to start from.

    Examples
    --------
    >>> import numpy as np
    >>> path = simulate_garch({"omega": 0.02, "alpha": 0.08, "beta": 0.9}, 3,
    ...                       np.random.default_rng(1))
    >>> path.returns.shape, round(float(path.variances[0]), 6)
    ((3,), 1.0)
    """
    if steps < 1:
        raise ValueError(f"expected steps of at least 1, was {steps}")
    spec = specification(model, distribution, "constant" if "mu" in params else "zero")
    theta = spec.vector(params)
    shape = {name: params.get(name, default) for name, default in (("nu", 8.0), ("skew", 0.0))}
    if initial_variance is None:
        level = _resting_level(spec, theta)
    else:
        first = positive("initial_variance", initial_variance)
        level = float(level_of(spec.kind, first, theta[DELTA]))
    z = spec.innovations.draw(steps, rng, **shape)
    returns, variances = np.empty(steps), np.empty(steps)
    simulate_path(spec.kind, theta, z, level, returns, variances)
    return Path(returns, variances)


def _resting_level(spec: Specification, theta: FloatArray) -> float:
    if spec.kind == EGARCH:
        if not abs(theta[BETA]) < 1.0:
            raise ValueError(f"expected |beta| below 1 or initial_variance, was {theta[BETA]}")
        return float(theta[OMEGA] / (1.0 - theta[BETA]))
    rest = 1.0 - persistence(spec, theta)
    if not rest > 0.0:
        raise ValueError(f"expected persistence below 1 or initial_variance, was {1.0 - rest}")
    return float(theta[OMEGA] / rest)
