"""Maximum likelihood of the GARCH family, one compiled climb for each series."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, isfinite, log

import numpy as np
import numpy.typing as npt

from rf_risk.volatility._kernels.grid import fit_from_starts
from rf_risk.volatility._kernels.layout import GARCH, MU, NU, SIZE
from rf_risk.volatility._kernels.likelihood import variances_of
from rf_risk.volatility._kernels.optimise import DONE
from rf_risk.volatility.checks import varying_returns
from rf_risk.volatility.garch import Climb, GarchFit
from rf_risk.volatility.kinks import climb_over_kinks
from rf_risk.volatility.specification import (
    Constraints,
    Specification,
    constraints,
    specification,
)
from rf_risk.volatility.standard_errors import projected_slope

FloatArray = npt.NDArray[np.float64]

MIN_RETURNS = 50
MAX_STEPS, TRIES = 200, 5
_FLAT = 1e-3
"""Slope in units of curvature from which on nothing has converged; a gain of 5e-7."""


def fit_garch(
    returns: npt.ArrayLike,
    *,
    model: str = "garch",
    distribution: str = "normal",
    mean: str = "constant",
    start: Mapping[str, float] | None = None,
) -> GarchFit:
    """Fit a volatility model by maximum likelihood.

    Parameters
    ----------
    returns : (n,) array
        Returns of equal periods in any unit, n >= 50.
    model : {"garch", "gjr", "egarch", "aparch"}
        The recursion, all of them with one lag.
    distribution : {"normal", "t", "skewt"}
        Innovations: Student's t scaled to unit variance, or the skewed t of Hansen (1994).
    mean : {"constant", "zero"}
        Whether a mean is estimated jointly.
    start : mapping, optional
        Parameters to start from instead of the grid, such as those of the last fit.

    Returns
    -------
    GarchFit
        Parameters, likelihood, standard errors, variances. `converged` is False when the
        maximum was not reached; `at_bound` names the constraints that hold.

    Raises
    ------
    ValueError
        If a name is unknown, a return is not finite, there are too few, or they do not vary.

    Notes
    -----
    The maximum is over omega > 0, alpha >= 0, beta >= 0, for GJR alpha + gamma >= 0 and
    alpha + gamma / 2 + beta <= 1, for EGARCH |beta| < 1, for APARCH |gamma| <= 1. Newton's
    method with exact second derivatives under these constraints, until a further step would add
    less than 1e-13 to the log likelihood; the answer does not depend on the unit of the returns.

    References
    ----------
    Bollerslev (1986); Glosten, Jagannathan and Runkle (1993); Nelson (1991); Ding, Granger and
    Engle (1993); Fiorentini, Calzolari and Panattoni (1996) for the derivatives and the start.

    Examples
    --------
    >>> import numpy as np
    >>> fit = fit_garch(np.random.default_rng(7).standard_normal(500), mean="zero")
    >>> fit.converged, sorted(fit.params)
    (True, ['alpha', 'beta', 'omega'])
    """
    spec = specification(model, distribution, mean)
    found, center, largest = varying_returns(returns, least=MIN_RETURNS)
    # In units of their own deviation, so that every unit of the returns gives the same answer.
    unit = found / largest
    about = center / largest if spec.has_mean else 0.0
    deviation = float(np.sqrt(np.mean((unit - about) ** 2)))
    unit /= deviation
    scale = largest * deviation
    if not 1e-60 < scale < 1e60:
        raise ValueError(f"expected returns of a size between 1e-60 and 1e60, was {scale}")
    bounds = constraints(spec.model, spec.kind, spec.innovations.shape_names)
    if start is None:
        starts = spec.starts(center / scale)
    else:
        starts = _feasible(spec, spec.rescaled(spec.vector(start), 1.0 / scale), bounds)
    climb = _climb(spec, unit, starts, bounds)
    return _told(spec, climb, found, scale, bounds)


def fit_many(
    series: Mapping[str, npt.ArrayLike],
    *,
    model: str = "garch",
    distribution: str = "normal",
    mean: str = "constant",
) -> dict[str, GarchFit]:
    """Fit the same model to many series, by name.

    Raises
    ------
    ValueError
        As `fit_garch`, naming the series.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(7)
    >>> fits = fit_many({name: rng.standard_normal(200) for name in ("a", "b")})
    >>> [fit.converged for fit in fits.values()]
    [True, True]
    """
    fits = {}
    for name, returns in series.items():
        try:
            fits[name] = fit_garch(returns, model=model, distribution=distribution, mean=mean)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    return fits


def _climb(spec: Specification, unit: FloatArray, starts: FloatArray, bounds: Constraints) -> Climb:
    if spec.kind == GARCH or not spec.has_mean:
        return _from_starts(spec, unit, starts, bounds, (MAX_STEPS, TRIES))
    climb = _from_starts(spec, unit, starts, bounds, (20, 1))
    if climb.decrement >= DONE and isfinite(climb.value):
        climb = climb_over_kinks(spec, unit, climb, bounds)
    if climb.decrement < DONE:
        return climb
    again = _from_starts(spec, unit, starts, bounds, (60, 3))
    return again if again.decrement < DONE else climb_over_kinks(spec, unit, again, bounds)


def _from_starts(
    spec: Specification,
    unit: FloatArray,
    starts: FloatArray,
    bounds: Constraints,
    limits: tuple[int, int],
) -> Climb:
    theta, grad = np.empty(SIZE), np.empty(SIZE)
    hess, outer = np.empty((SIZE, SIZE)), np.empty((SIZE, SIZE))
    held = np.zeros(bounds.limits.size, dtype=np.bool_)
    value, steps, decrement = fit_from_starts(
        spec.kind,
        spec.innovations.code,
        unit,
        starts,
        spec.free,
        bounds.rows,
        bounds.limits,
        *limits,
        theta,
        grad,
        hess,
        outer,
        held,
    )
    return Climb(theta, value, steps, decrement, grad, hess, outer, held)


def _feasible(spec: Specification, theta: FloatArray, bounds: Constraints) -> FloatArray:
    """Return a start that is inside the constraints: drawn towards one that surely is."""
    inside = spec.starts(float(theta[MU]))[0]
    inside[NU] = min(max(theta[NU], 3.0), 100.0)
    for share in (1.0, 0.999, 0.9, 0.5, 0.0):
        mixed: FloatArray = share * theta + (1.0 - share) * inside
        if np.all(bounds.rows @ mixed <= bounds.limits):
            break
    return mixed.reshape(1, SIZE)


def _told(
    spec: Specification, climb: Climb, found: FloatArray, scale: float, bounds: Constraints
) -> GarchFit:
    theta = spec.rescaled(climb.theta, scale)
    variances = np.empty(found.size)
    following = variances_of(spec.kind, found, theta, variances)
    held_rows = bounds.rows[climb.held][:, spec.free]
    places = np.ix_(spec.free, spec.free)
    slope = projected_slope(climb.grad[spec.free], climb.hess[places], held_rows)
    held = tuple(
        dict.fromkeys(
            label for label, holds in zip(bounds.labels, climb.held, strict=True) if holds
        )
    )
    return GarchFit(
        model=spec.model,
        distribution=spec.innovations.name,
        params=spec.params(theta),
        loglik=climb.value - found.size * log(scale) if climb.value > -inf else climb.value,
        variances=variances,
        next_variance=float(following),
        converged=bool(climb.decrement < DONE and slope < _FLAT),
        iterations=climb.steps,
        at_bound=held,
        returns=found,
        climb=climb,
        scale=scale,
        held_rows=held_rows,
    )
