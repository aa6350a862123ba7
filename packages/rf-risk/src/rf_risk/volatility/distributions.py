"""Standardised innovations: names, moments that models need, and draws.

All have mean 0 and variance 1: the normal, Student's t, and the skewed t of Hansen (1994), whose
`skew` between -1 and 1 is negative when falls are larger than rises.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import cosh, exp, gamma, inf, lgamma, log, pi, sinh, sqrt

import numpy as np
import numpy.typing as npt
from scipy.integrate import quad

from rf_risk.volatility._kernels.density import SHAPE_SIZE, log_density, prepare_shape
from rf_risk.volatility._kernels.layout import NORMAL, SKEWED, STUDENT

FloatArray = npt.NDArray[np.float64]

NU_MIN, NU_MAX = 2.05, 500.0
"""Degrees of freedom within which a fit looks; at the upper end it is a normal in all but name."""
SKEW_MAX = 0.99


@dataclass(frozen=True, slots=True)
class Innovations:
    """One distribution; `nu` and `skew` stand in the model's parameters."""

    name: str
    code: int
    shape_names: tuple[str, ...]

    def log_density(self, z: float, *, nu: float = 8.0, skew: float = 0.0) -> float:
        """Return the log density at one z."""
        shape = np.empty(SHAPE_SIZE)
        prepare_shape(self.code, nu, skew, shape)
        return float(log_density(self.code, z, shape))

    def expect(self, of: Callable[[float], float], nu: float, skew: float) -> float:
        """Return E f(z) by quadrature, in two halves as most f have a kink at zero."""
        shape = np.empty(SHAPE_SIZE)
        prepare_shape(self.code, nu, skew, shape)

        def weighted(s: float, side: float) -> float:
            z = side * sinh(s)  # fat tails fall off like exponentials in s
            return float(of(z) * exp(log_density(self.code, z, shape)) * cosh(s))

        return sum(
            float(quad(weighted, *ends, (side,), epsabs=1e-12, epsrel=1e-9, limit=200)[0])
            for side in (-1.0, 1.0)
            for ends in ((0.0, 1.5), (1.5, 6.0), (6.0, 40.0), (40.0, 170.0))
        )

    def down_share(self, nu: float, skew: float) -> float:
        """Return E[z^2; z < 0], one half unless the density is skewed."""
        if self.code != SKEWED or skew == 0.0:
            return 0.5
        return self.expect(lambda z: z * z if z < 0.0 else 0.0, nu, skew)

    def power_moment(self, gamma_: float, delta: float, nu: float, skew: float) -> float:
        """Return ``E (|z| - gamma z)^delta``; infinite where the tails are too fat."""
        if self.code != NORMAL and delta >= nu:
            return inf
        if self.code == SKEWED and skew != 0.0:
            return self.expect(lambda z: float((abs(z) - gamma_ * z) ** delta), nu, skew)
        if self.code == NORMAL:
            moment = 2.0 ** (0.5 * delta) * gamma(0.5 * (delta + 1.0)) / sqrt(pi)
        else:
            parts = lgamma(0.5 * (delta + 1.0)) + lgamma(0.5 * (nu - delta)) - lgamma(0.5 * nu)
            moment = exp(0.5 * delta * log(nu - 2.0) + parts) / sqrt(pi)
        return float(0.5 * ((1.0 - gamma_) ** delta + (1.0 + gamma_) ** delta) * moment)

    def draw(
        self, size: int | tuple[int, ...], rng: np.random.Generator, *, nu: float, skew: float
    ) -> FloatArray:
        """Return standardised innovations."""
        if self.code == NORMAL:
            return rng.standard_normal(size)
        y = np.asarray(rng.standard_t(nu, size) * sqrt((nu - 2.0) / nu))
        if self.code == STUDENT:
            return y
        # Hansen's density is a t folded at its mode, its two halves stretched by 1 -+ skew.
        shape = np.empty(SHAPE_SIZE)
        prepare_shape(self.code, nu, skew, shape)
        right = rng.random(size) < 0.5 * (1.0 + skew)
        folded = np.where(right, (1.0 + skew) * np.abs(y), -(1.0 - skew) * np.abs(y))
        return np.asarray((folded - shape[2]) / shape[7], dtype=np.float64)


_KNOWN = {
    "normal": Innovations("normal", NORMAL, ()),
    "t": Innovations("t", STUDENT, ("nu",)),
    "skewt": Innovations("skewt", SKEWED, ("nu", "skew")),
}
_ALSO = {"gaussian": "normal", "student": "t", "skewed-t": "skewt", "skew-t": "skewt"}


def innovations(name: str) -> Innovations:
    """Return a distribution by name.

    Raises
    ------
    ValueError
        If the name is not known.

    Examples
    --------
    >>> innovations("t").shape_names
    ('nu',)
    """
    lower = str(name).lower()
    found = _KNOWN.get(_ALSO.get(lower, lower))
    if found is None:
        raise ValueError(f"expected distribution one of {', '.join(_KNOWN)}, was {name!r}")
    return found
