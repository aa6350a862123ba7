"""Variance models: names, starts and bounds of their parameters, and their recursions.

Every model answers with variances and, for each observation, the derivatives of the variance by
its parameters and by the mean.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rf_risk.volatility import _kernels

Floats = npt.NDArray[np.float64]
Filter = Callable[[Floats, Floats], "Filtered"]


@dataclass(frozen=True)
class Filtered:
    """Variances of each period, of the next one, and the derivatives of the former.

    `grad` is (n, k + 1): the k parameters of the model, then the mean.
    """

    variances: Floats
    next_variance: float
    grad: Floats


@dataclass(frozen=True)
class Model:
    """One variance model; `omega_scale` is the power of the data's scale that omega has."""

    name: str
    names: tuple[str, ...]
    bounds: tuple[tuple[float, float], ...]
    run: Filter
    starts: Callable[[float], tuple[tuple[float, ...], ...]]
    persistence: Callable[[Floats], float]


def _level(eps: Floats) -> tuple[float, float]:
    """Return the mean square and its derivative by the mean."""
    return float(eps @ eps) / eps.size, -2.0 * float(eps.sum()) / eps.size


def _squares(columns: tuple[int, ...]) -> Filter:
    """Return the recursion of squares; `columns` of (omega, alpha, gamma, beta) are used."""

    def run(eps: Floats, p: Floats) -> Filtered:
        full = np.zeros(4)
        full[list(columns)] = p
        m, dm = _level(eps)
        variances, grad = np.empty(eps.size), np.empty((eps.size, 5))
        last = _kernels.gjr_gradient(eps, full, m, dm, variances, grad)
        return Filtered(variances, float(last), np.ascontiguousarray(grad[:, [*columns, 4]]))

    return run


def _egarch(eps: Floats, p: Floats) -> Filtered:
    m, dm = _level(eps)
    variances, grad = np.empty(eps.size), np.empty((eps.size, 5))
    last = _kernels.egarch_gradient(eps, p, m, dm, variances, grad)
    return Filtered(variances, float(last), grad)


def _aparch(eps: Floats, p: Floats) -> Filtered:
    """Filter with derivatives by central differences: the power has no tidy recursion."""
    variances, grad = np.empty(eps.size), np.empty((eps.size, 6))
    last = _kernels.aparch_filter(eps, p, _level(eps)[0], variances)
    up, down = np.empty(eps.size), np.empty(eps.size)
    for column in range(6):
        width = 1e-6 * max(abs(p[column]) if column < 5 else float(np.abs(eps).mean()), 1e-3)
        for step, out in ((width, up), (-width, down)):
            q, e = p.copy(), eps
            if column < 5:
                q[column] += step
            else:
                e = eps - step
            _kernels.aparch_filter(e, q, _level(e)[0], out)
        grad[:, column] = (up - down) / (2.0 * width)
    return Filtered(variances, float(last), grad)


_GRID = ((0.05, 0.90), (0.10, 0.85), (0.03, 0.95), (0.15, 0.80))
"""Starts of reaction and persistence; omega follows from the variance."""


def _garch_starts(variance: float) -> tuple[tuple[float, ...], ...]:
    return tuple((variance * (1.0 - a - b), a, b) for a, b in _GRID)


def _gjr_starts(variance: float) -> tuple[tuple[float, ...], ...]:
    return tuple((variance * (1.0 - a - b), 0.5 * a, a, b) for a, b in _GRID)


def _egarch_starts(variance: float) -> tuple[tuple[float, ...], ...]:
    level = float(np.log(variance))
    return tuple((level * (1.0 - b), 0.15, -0.05, b) for b in (0.95, 0.98, 0.90))


def _aparch_starts(variance: float) -> tuple[tuple[float, ...], ...]:
    return tuple((variance * (1.0 - a - b), a, 0.1, b, 2.0) for a, b in _GRID[:2])


_UP = np.inf
_SQUARE = (0.0, 1.0)
MODELS = {
    "garch": Model(
        "garch", ("omega", "alpha", "beta"), ((1e-12, _UP), _SQUARE, _SQUARE),
        _squares((0, 1, 3)), _garch_starts, lambda p: float(p[1] + p[2]),
    ),
    "gjr": Model(
        "gjr", ("omega", "alpha", "gamma", "beta"),
        ((1e-12, _UP), _SQUARE, (-1.0, 2.0), _SQUARE),
        _squares((0, 1, 2, 3)), _gjr_starts, lambda p: float(p[1] + 0.5 * p[2] + p[3]),
    ),
    "egarch": Model(
        "egarch", ("omega", "alpha", "gamma", "beta"),
        ((-_UP, _UP), (-2.0, 2.0), (-2.0, 2.0), (-0.99999, 0.99999)),
        _egarch, _egarch_starts, lambda p: float(p[3]),
    ),
    "aparch": Model(
        "aparch", ("omega", "alpha", "gamma", "beta", "delta"),
        ((1e-12, _UP), _SQUARE, (-0.999, 0.999), _SQUARE, (0.3, 4.0)),
        _aparch, _aparch_starts, lambda p: float("nan"),
    ),
}  # fmt: skip


def model(name: str) -> Model:
    """Return a model by name, in any case.

    Raises
    ------
    ValueError
        If the name is not known.
    """
    found = MODELS.get(name.lower())
    if found is None:
        raise ValueError(f"model = {name!r}: expected one of {', '.join(MODELS)}")
    return found
