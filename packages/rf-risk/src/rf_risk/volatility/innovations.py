"""Distributions of standardised innovations: log density and its derivatives.

All have mean 0 and variance 1. `score` is the derivative of the log density by z.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log, pi, sqrt

import numpy as np
import numpy.typing as npt
from scipy.special import digamma, gammaln

Floats = npt.NDArray[np.float64]

NU_MIN, NU_MAX = 2.05, 500.0
"""Degrees of freedom that a fit may reach; at the upper end it is a normal distribution."""


@dataclass(frozen=True)
class Density:
    """Log density at each z, its derivative by z, and by each shape parameter."""

    value: Floats
    score: Floats
    shape: Floats
    """(n, k) derivatives by the k shape parameters."""


@dataclass(frozen=True)
class Innovations:
    """One distribution: names, starts and bounds of its shape parameters, and its density."""

    name: str
    shape_names: tuple[str, ...]
    start: tuple[float, ...]
    bounds: tuple[tuple[float, float], ...]
    density: Callable[[Floats, Floats], Density]


def _normal(z: Floats, _: Floats) -> Density:
    value = -0.5 * (log(2.0 * pi) + z * z)
    return Density(value, -z, np.empty((z.size, 0)))


def _student(z: Floats, shape: Floats) -> Density:
    nu = float(shape[0])
    ratio = 1.0 + z * z / (nu - 2.0)
    value = _student_constant(nu) - 0.5 * (nu + 1.0) * np.log(ratio)
    score = -(nu + 1.0) * z / ((nu - 2.0) * ratio)
    slope = 0.5 * (digamma(0.5 * (nu + 1.0)) - digamma(0.5 * nu)) - 0.5 / (nu - 2.0)
    by_nu = slope - 0.5 * np.log(ratio) + 0.5 * (nu + 1.0) * z * z / ((nu - 2.0) ** 2 * ratio)
    return Density(value, score, by_nu[:, None])


def _student_constant(nu: float) -> float:
    parts = gammaln(0.5 * (nu + 1.0)) - gammaln(0.5 * nu) - 0.5 * log(pi * (nu - 2.0))
    return float(parts)


def _skewed(z: Floats, shape: Floats) -> Density:
    value, score = _hansen(z, float(shape[0]), float(shape[1]))
    slopes = np.empty((z.size, 2))
    for column, (at, width) in enumerate(zip(shape, (1e-5 * shape[0], 1e-6), strict=True)):
        high, low = shape.copy(), shape.copy()
        high[column], low[column] = at + width, at - width
        up = _hansen(z, float(high[0]), float(high[1]))[0]
        down = _hansen(z, float(low[0]), float(low[1]))[0]
        slopes[:, column] = (up - down) / (2.0 * width)
    return Density(value, score, slopes)


def _hansen(z: Floats, nu: float, skew: float) -> tuple[Floats, Floats]:
    """Return log density and its derivative by z (Hansen 1994, equation 10)."""
    log_c = _student_constant(nu)
    a = 4.0 * skew * np.exp(log_c) * (nu - 2.0) / (nu - 1.0)
    b = sqrt(1.0 + 3.0 * skew * skew - a * a)
    side = np.where(z < -a / b, 1.0 - skew, 1.0 + skew)
    y = (b * z + a) / side
    ratio = 1.0 + y * y / (nu - 2.0)
    value = log(b) + log_c - 0.5 * (nu + 1.0) * np.log(ratio)
    score = -(nu + 1.0) * y / ((nu - 2.0) * ratio) * b / side
    return value, score


DISTRIBUTIONS = {
    "normal": Innovations("normal", (), (), (), _normal),
    "t": Innovations("t", ("nu",), (8.0,), ((NU_MIN, NU_MAX),), _student),
    "skewt": Innovations(
        "skewt", ("nu", "skew"), (8.0, 0.0), ((NU_MIN, NU_MAX), (-0.99, 0.99)), _skewed
    ),
}


def innovations(name: str) -> Innovations:
    """Return a distribution by name.

    Raises
    ------
    ValueError
        If the name is not known.
    """
    found = DISTRIBUTIONS.get({"student": "t", "gaussian": "normal"}.get(name, name))
    if found is None:
        raise ValueError(f"distribution = {name!r}: expected one of {', '.join(DISTRIBUTIONS)}")
    return found


def draw(which: Innovations, shape: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Return standardised innovations."""
    if which.name == "normal":
        return rng.standard_normal(size)
    nu = float(shape[0])
    t = rng.standard_t(nu, size) * sqrt((nu - 2.0) / nu)
    if which.name == "t":
        return t
    skew = float(shape[1])
    a = 4.0 * skew * np.exp(_student_constant(nu)) * (nu - 2.0) / (nu - 1.0)
    b = sqrt(1.0 + 3.0 * skew * skew - a * a)
    right = rng.random(size) < 0.5 * (1.0 + skew)
    sided = np.where(right, (1.0 + skew) * np.abs(t), -(1.0 - skew) * np.abs(t))
    return np.asarray((sided - a) / b, dtype=np.float64)
