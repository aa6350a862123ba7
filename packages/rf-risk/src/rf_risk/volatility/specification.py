"""What is estimated: places of the parameters, their constraints, starts and units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import inf, isfinite, log

import numpy as np
import numpy.typing as npt

from rf_risk.volatility._kernels.layout import (
    ALPHA,
    APARCH,
    BETA,
    DELTA,
    EGARCH,
    GAMMA,
    GARCH,
    MU,
    NU,
    OMEGA,
    SIZE,
    SKEW,
)
from rf_risk.volatility.distributions import NU_MAX, NU_MIN, SKEW_MAX, Innovations, innovations

FloatArray = npt.NDArray[np.float64]

PLACES = {
    "mu": MU,
    "omega": OMEGA,
    "alpha": ALPHA,
    "gamma": GAMMA,
    "beta": BETA,
    "delta": DELTA,
    "nu": NU,
    "skew": SKEW,
}
_MODELS = {
    "garch": (GARCH, ("omega", "alpha", "beta")),
    "gjr": (GARCH, ("omega", "alpha", "gamma", "beta")),
    "egarch": (EGARCH, ("omega", "alpha", "gamma", "beta")),
    "aparch": (APARCH, ("omega", "alpha", "gamma", "beta", "delta")),
}
OMEGA_MIN = 1e-9
"""Least omega, as a part of the sample's variance."""
BETA_MAX = 0.999999
DELTA_MIN, DELTA_MAX = 0.2, 4.0

_GRID = [
    (a, b)
    for a in (0.03, 0.05, 0.08, 0.10, 0.12, 0.15)
    for b in (0.80, 0.85, 0.87, 0.90, 0.92, 0.94)
    if a + b < 0.999
]


@dataclass(frozen=True, slots=True)
class Specification:
    """A model, its innovations and its mean."""

    model: str
    kind: int
    innovations: Innovations
    has_mean: bool
    names: tuple[str, ...]
    free: npt.NDArray[np.int64]

    def vector(self, params: Mapping[str, float]) -> FloatArray:
        """Return parameters by name in their places.

        Raises
        ------
        ValueError
            If one is missing, unknown, or outside its domain.
        """
        if set(params) != set(self.names):
            raise ValueError(
                f"expected parameters {', '.join(self.names)}, was {', '.join(params) or 'none'}"
            )
        theta = blank()
        for name in self.names:
            value = float(params[name])
            low, high = _DOMAIN.get(name, (-inf, inf))
            if name == "gamma" and self.kind == APARCH:
                low, high = -1.0, 1.0
            if self.kind == EGARCH and name in {"omega", "alpha", "beta"}:
                low, high = -inf, inf
            if not (isfinite(value) and low <= value <= high):
                raise ValueError(f"expected {name} within {low} and {high}, was {value}")
            theta[PLACES[name]] = value
        return theta

    def params(self, theta: FloatArray) -> dict[str, float]:
        """Return parameters by name."""
        return {name: float(theta[PLACES[name]]) for name in self.names}

    def rescaled(self, theta: FloatArray, scale: float) -> FloatArray:
        """Return the parameters of the series times `scale`."""
        moved = theta.copy()
        moved[MU] *= scale
        if self.kind == EGARCH:
            moved[OMEGA] += 2.0 * log(scale) * (1.0 - theta[BETA])
        elif self.kind == APARCH:
            moved[OMEGA] *= scale ** theta[DELTA]
        else:
            moved[OMEGA] *= scale * scale
        return moved

    def jacobian(self, theta: FloatArray, scale: float) -> FloatArray:
        """Return derivatives of `rescaled` by the free parameters, (k, k)."""
        full = np.eye(SIZE)
        full[MU, MU] = scale
        if self.kind == EGARCH:
            full[OMEGA, BETA] = -2.0 * log(scale)
        elif self.kind == APARCH:
            full[OMEGA, OMEGA] = scale ** theta[DELTA]
            full[OMEGA, DELTA] = theta[OMEGA] * log(scale) * scale ** theta[DELTA]
        else:
            full[OMEGA, OMEGA] = scale * scale
        return full[np.ix_(self.free, self.free)]

    def starts(self, center: float) -> FloatArray:
        """Return starts for a series of unit variance around `center`, (k, SIZE)."""
        found = _starts(self.model, self.kind).copy()
        if self.has_mean:
            found[:, MU] = center
        return found


_STARTS = {
    "garch": [(a, 0.0, b, 2.0) for a, b in _GRID],
    "gjr": [(0.5 * a, a, b, 2.0) for a, b in _GRID],
    "egarch": [(a, g, b, 2.0) for a, g, b in product((0.1, 0.2), (0.0, -0.1), (0.98, 0.94, 0.85))],
    "aparch": [
        (a, g, b, d)
        for (a, b), g, d in product(((0.05, 0.92), (0.1, 0.85)), (0.0, 0.4), (1.0, 2.0))
    ],
}


@lru_cache(maxsize=8)
def _starts(model: str, kind: int) -> FloatArray:
    found = np.tile(blank(), (len(_STARTS[model]), 1))
    alpha, gamma, beta, delta = np.array(_STARTS[model]).T
    reaction = alpha + (0.5 * gamma if kind == GARCH else 0.0)
    found[:, OMEGA] = 0.0 if kind == EGARCH else 1.0 - reaction - beta
    found[:, [ALPHA, GAMMA, BETA, DELTA]] = np.column_stack((alpha, gamma, beta, delta))
    return found


_DOMAIN = {
    "omega": (0.0, inf),
    "alpha": (0.0, inf),
    "beta": (0.0, inf),
    "delta": (1e-3, 20.0),
    "nu": (2.0 + 1e-9, inf),
    "skew": (-1.0 + 1e-9, 1.0 - 1e-9),
}


def blank() -> FloatArray:
    """Return a vector of parameters that are not there: power 2, a moderate tail, no skew."""
    theta = np.zeros(SIZE)
    theta[DELTA], theta[NU] = 2.0, 8.0
    return theta


@lru_cache(maxsize=64)
def specification(model: str, distribution: str, mean: str) -> Specification:
    """Return what a fit by these names estimates.

    Raises
    ------
    ValueError
        If a name is not known.
    """
    known = _MODELS.get(str(model).lower())
    if known is None:
        raise ValueError(f"expected model one of {', '.join(_MODELS)}, was {model!r}")
    if mean not in {"constant", "zero"}:
        raise ValueError(f"expected mean 'constant' or 'zero', was {mean!r}")
    kind, recursion = known
    innov = innovations(distribution)
    names = (("mu",) if mean == "constant" else ()) + recursion + innov.shape_names
    free = np.array([PLACES[name] for name in names], dtype=np.int64)
    return Specification(str(model).lower(), kind, innov, mean == "constant", names, free)


@dataclass(frozen=True, slots=True)
class Constraints:
    """Linear constraints ``rows theta <= limits`` in units of the sample's variance."""

    rows: FloatArray
    limits: FloatArray
    labels: tuple[str, ...]
    """What holds when the row does: a parameter's name or "persistence"."""


@lru_cache(maxsize=64)
def constraints(model: str, kind: int, shape_names: tuple[str, ...]) -> Constraints:
    """Return the constraints of a model and its innovations."""
    found = [row for name, low, high in _ranges(kind) for row in _within(name, low, high)]
    if model == "gjr":
        found.append(("alpha+gamma", 0.0, {ALPHA: -1.0, GAMMA: -1.0}))
    if kind == GARCH:
        found.append(("persistence", 1.0, {ALPHA: 1.0, GAMMA: 0.5, BETA: 1.0}))
    for name in shape_names:
        low, high = (NU_MIN, NU_MAX) if name == "nu" else (-SKEW_MAX, SKEW_MAX)
        found.extend(_within(name, low, high))
    rows = np.zeros((len(found), SIZE))
    for row, (_, _, weights) in zip(rows, found, strict=True):
        for place, weight in weights.items():
            row[place] = weight
    limits = np.array([limit for _, limit, _ in found])
    return Constraints(rows, limits, tuple(label for label, _, _ in found))


def _ranges(kind: int) -> list[tuple[str, float, float]]:
    if kind == EGARCH:
        return [("beta", -BETA_MAX, BETA_MAX)]
    positive = [("omega", OMEGA_MIN, inf), ("alpha", 0.0, inf)]
    if kind == GARCH:
        return [*positive, ("beta", 0.0, inf)]
    return [
        *positive,
        ("beta", 0.0, BETA_MAX),
        ("gamma", -1.0, 1.0),
        ("delta", DELTA_MIN, DELTA_MAX),
    ]


def _within(name: str, low: float, high: float) -> list[tuple[str, float, dict[int, float]]]:
    rows = []
    if low > -inf:
        rows.append((name, -low, {PLACES[name]: -1.0}))
    if high < inf:
        rows.append((name, high, {PLACES[name]: 1.0}))
    return rows
