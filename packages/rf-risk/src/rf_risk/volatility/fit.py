"""Maximum likelihood of GARCH models: scaled, bounded, from several starts, polished by Newton."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from rf_risk.volatility.garch import GarchFit, checked, standard_errors
from rf_risk.volatility.innovations import innovations as innovations_of
from rf_risk.volatility.likelihood import Likelihood
from rf_risk.volatility.models import model as model_of

Floats = npt.NDArray[np.float64]

MIN_RETURNS = 50
_EDGE = 1e-9
"""Distance from a bound at which a parameter counts as held by it."""


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
        Returns of equal periods, in any unit; n of 50 or more.
    model : {"garch", "gjr", "egarch", "aparch"}
        The recursion, all with one lag.
    distribution : {"normal", "t", "skewt"}
        Of the innovations: Student's t scaled to unit variance, or Hansen's skewed one.
    mean : {"constant", "zero"}
        Whether a mean is estimated together with the rest.
    start : mapping, optional
        Parameters to start from, such as those of yesterday's fit; the built-in starts are then
        not tried.

    Returns
    -------
    GarchFit
        Parameters, likelihood, standard errors, variances; see there. `converged` is False when
        the gradient did not vanish, and then no figure of the fit should be used.

    Raises
    ------
    ValueError
        If a name is unknown, a return is not finite, there are too few, or they do not vary.

    Notes
    -----
    omega > 0, alpha >= 0, beta >= 0, alpha + gamma >= 0, stationary; a bound that binds is a
    proper constrained maximum, and the parameter's standard error is NaN. The result does not
    depend on the unit of the returns.

    References
    ----------
    Bollerslev (1986); Glosten, Jagannathan and Runkle (1993); Nelson (1991); Ding, Granger and
    Engle (1993); Bollerslev and Wooldridge (1992) for robust standard errors.

    Examples
    --------
    >>> rng = np.random.default_rng(7)
    >>> levels = np.repeat(rng.choice([0.5, 1.0, 2.0], 20), 50)
    >>> told = fit_garch(rng.standard_normal(1_000) * levels, mean="zero")
    >>> told.converged, sorted(told.params)
    (True, ['alpha', 'beta', 'omega'])
    """
    raw = checked(returns, least=MIN_RETURNS)
    if mean not in {"constant", "zero"}:
        raise ValueError(f"mean = {mean!r}: expected constant or zero")
    has_mean = mean == "constant"
    scale = float(np.std(raw)) if has_mean else float(np.sqrt(np.mean(raw * raw)))
    if not scale > 1e-14 * float(np.abs(raw).max() or 1.0) or np.ptp(raw) == 0.0:
        raise ValueError("expected returns that vary, was a constant series")
    # Fitted in units of their own deviation, so that every unit gives the same answer.
    likelihood = Likelihood(raw / scale, model_of(model), innovations_of(distribution), has_mean)
    given = None if start is None else _to_unit(likelihood, likelihood.vector(start), scale)
    theta, converged, iterations = _maximise(likelihood, given)
    return _told(likelihood, theta, scale, raw, converged=converged, iterations=iterations)


def _maximise(likelihood: Likelihood, given: Floats | None) -> tuple[Floats, bool, int]:
    starts = [given] if given is not None else _starts(likelihood)
    # The best of the starts first; the others only when it does not lead to a maximum.
    ranked = sorted(starts, key=lambda theta: -likelihood.at(theta).loglik)
    best: tuple[float, Floats, bool] | None = None
    iterations = 0
    for number, theta in enumerate(ranked):
        found, steps = _climb(likelihood, theta)
        polished, done, more = _newton(likelihood, found)
        iterations += steps + more
        value = likelihood.at(polished).loglik
        if best is None or value > best[0] + 1e-9:
            best = (value, polished, done)
        # The likelihood of a plain GARCH has one maximum in practice; others may have several.
        if best[2] and (number >= 1 or likelihood.model.name == "garch"):
            break
    assert best is not None
    return best[1], best[2], iterations


def _starts(likelihood: Likelihood) -> list[Floats]:
    mean = (float(likelihood.returns.mean()),) if likelihood.has_mean else ()
    variance = float(np.var(likelihood.returns)) or 1.0
    shape = likelihood.innovations.start
    return [np.array([*mean, *each, *shape]) for each in likelihood.model.starts(variance)]


def _bounds(likelihood: Likelihood) -> list[tuple[float, float]]:
    mean = [(-np.inf, np.inf)] if likelihood.has_mean else []
    return [*mean, *likelihood.model.bounds, *likelihood.innovations.bounds]


def _climb(likelihood: Likelihood, theta: Floats) -> tuple[Floats, int]:
    n = likelihood.returns.size

    def downhill(x: Floats) -> tuple[float, Floats]:
        point = likelihood.at(x)
        if not np.isfinite(point.loglik):
            return 1e10, np.zeros(x.size)
        return -point.loglik / n, -point.gradient / n

    found = minimize(
        downhill,
        theta,
        jac=True,
        method="SLSQP",
        bounds=_bounds(likelihood),
        constraints=_constraints(likelihood),
        options={"ftol": 1e-12, "maxiter": 300},
    )
    best = np.clip(found.x, *np.array(_bounds(likelihood)).T)
    better = likelihood.at(best).loglik >= likelihood.at(theta).loglik
    return (best if better else theta), int(found.nit)


def _rows(likelihood: Likelihood) -> list[tuple[Floats, float]]:
    """Return linear constraints ``a @ theta + b >= 0``."""
    names, k = likelihood.names, len(likelihood.names)

    def row(weights: Mapping[str, float], constant: float) -> tuple[Floats, float]:
        a = np.zeros(k)
        for name, weight in weights.items():
            a[names.index(name)] = weight
        return a, constant

    if likelihood.model.name == "garch":
        return [row({"alpha": -1.0, "beta": -1.0}, 1.0 - 1e-8)]
    if likelihood.model.name == "gjr":
        return [
            row({"alpha": -1.0, "gamma": -0.5, "beta": -1.0}, 1.0 - 1e-8),
            row({"alpha": 1.0, "gamma": 1.0}, 0.0),
        ]
    return []


def _constraints(likelihood: Likelihood) -> list[dict[str, object]]:
    def one(a: Floats, b: float) -> dict[str, object]:
        value: Callable[[Floats], float] = lambda x: float(a @ x + b)  # noqa: E731  # scipy's form
        slope: Callable[[Floats], Floats] = lambda x: a  # noqa: E731
        return {"type": "ineq", "fun": value, "jac": slope}

    return [one(a, b) for a, b in _rows(likelihood)]


def _newton(likelihood: Likelihood, theta: Floats) -> tuple[Floats, bool, int]:
    """Polish inside the face of the bounds that bind; tell whether the gradient vanished."""
    low, high = np.array(_bounds(likelihood)).T
    n = likelihood.returns.size
    for step in range(25):
        point = likelihood.at(theta)
        gradient = point.gradient
        held = ((theta <= low + _EDGE) & (gradient < 0)) | (
            (theta >= high - _EDGE) & (gradient > 0)
        )
        theta = np.where(held & (theta <= low + _EDGE), low, theta)
        free = np.flatnonzero(~held)
        basis = _face(likelihood, theta, gradient, free)
        slope = basis.T @ gradient
        widths = _widths(theta)
        if float(np.abs(slope * (basis.T @ widths)).max(initial=0.0)) < 1e-9 * n:
            return theta, True, step
        hessian = basis.T @ likelihood.hessian(theta, _inside(theta, low, high)) @ basis
        moved = _step(likelihood, theta, basis, slope=slope, hessian=hessian, now=point.loglik)
        if moved is None:
            near = float(np.abs(slope * (basis.T @ widths)).max(initial=0.0)) < 1e-6 * n
            return theta, near, step
        theta = np.clip(moved, low, high)
    return theta, False, 25


def _widths(theta: Floats) -> Floats:
    return np.maximum(np.abs(theta), 1e-3)


def _inside(theta: Floats, low: Floats, high: Floats) -> Floats:
    """Return steps of differences that stay within the bounds where they can."""
    room = np.minimum(theta - low, high - theta)
    widths = _widths(theta)
    return np.where(room > 0.0, np.minimum(widths, np.maximum(room * 4_000.0, 1e-6)), widths)


def _face(
    likelihood: Likelihood, theta: Floats, gradient: Floats, free: npt.NDArray[np.intp]
) -> Floats:
    """Return directions that may be moved in: free parameters, along binding constraints."""
    basis = np.eye(theta.size)[:, free]
    for a, b in _rows(likelihood):
        if float(a @ theta + b) < 1e-7 and float(a @ gradient) < 0.0:
            normal = basis.T @ a
            length = float(np.linalg.norm(normal))
            if length > 0.0:
                _, _, rest = np.linalg.svd(normal[None, :])
                basis = basis @ rest[1:].T
    return basis


def _step(
    likelihood: Likelihood,
    theta: Floats,
    basis: Floats,
    *,
    slope: Floats,
    hessian: Floats,
    now: float,
) -> Floats | None:
    """Return a point that is no worse along Newton's direction, None when there is none."""
    values, vectors = np.linalg.eigh(-hessian)
    floor = 1e-10 * max(float(np.abs(values).max(initial=0.0)), 1e-300)
    direction = basis @ (vectors @ ((vectors.T @ slope) / np.maximum(np.abs(values), floor)))
    for halving in range(30):
        moved: Floats = theta + direction * 0.5**halving
        value = likelihood.at(moved).loglik if _allowed(likelihood, moved) else -np.inf
        if value > now or (halving == 0 and value >= now - 1e-10 * abs(now)):
            return moved
    return None


def _allowed(likelihood: Likelihood, theta: Floats) -> bool:
    low, high = np.array(_bounds(likelihood)).T
    inside = bool((theta >= low - _EDGE).all() and (theta <= high + _EDGE).all())
    return inside and all(float(a @ theta + b) >= -1e-12 for a, b in _rows(likelihood))


def _units(likelihood: Likelihood, theta: Floats, scale: float) -> Floats:
    """Return what each parameter is multiplied by to go from unit scale to the data's."""
    factors = np.ones(theta.size)
    names = likelihood.names
    if likelihood.has_mean:
        factors[0] = scale
    if likelihood.model.name == "aparch":
        factors[names.index("omega")] = scale ** theta[names.index("delta")]
    elif likelihood.model.name != "egarch":
        factors[names.index("omega")] = scale * scale
    return factors


def _to_unit(likelihood: Likelihood, theta: Floats, scale: float) -> Floats:
    unit = theta / _units(likelihood, theta, scale)
    if likelihood.model.name == "egarch":
        unit[likelihood.names.index("omega")] -= _shift(likelihood, theta, scale)
    return unit


def _shift(likelihood: Likelihood, theta: Floats, scale: float) -> float:
    """Return what omega of a log variance gains when the data are `scale` times as large."""
    return float(2.0 * np.log(scale) * (1.0 - theta[likelihood.names.index("beta")]))


def _told(
    likelihood: Likelihood,
    unit: Floats,
    scale: float,
    raw: Floats,
    *,
    converged: bool,
    iterations: int,
) -> GarchFit:
    theta = unit * _units(likelihood, unit, scale)
    if likelihood.model.name == "egarch":
        theta[likelihood.names.index("omega")] += _shift(likelihood, unit, scale)
    whole = Likelihood(raw, likelihood.model, likelihood.innovations, likelihood.has_mean)
    low, high = np.array(_bounds(likelihood)).T
    held = (unit <= low + _EDGE) | (unit >= high - _EDGE)
    point = whole.at(theta)
    errors = standard_errors(whole, theta, held) if converged else None
    return GarchFit(
        likelihood=whole,
        theta=theta,
        loglik=point.loglik,
        variances=point.filtered.variances,
        next_variance=point.filtered.next_variance,
        residuals=point.residuals,
        converged=converged,
        iterations=iterations,
        errors=errors,
        at_bound=tuple(name for name, is_held in zip(whole.names, held, strict=True) if is_held),
    )
