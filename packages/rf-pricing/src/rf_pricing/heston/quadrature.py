"""Nodes for the Lewis integral, doubled until two rules agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple
from functools import lru_cache
from math import asinh, exp, sqrt

import numpy as np
import numpy.typing as npt

from rf_pricing.heston import _kernels
from rf_pricing.heston.model import HestonParams

Floats = npt.NDArray[np.float64]

ORDER = 16
_FIRST, _LAST = 4, 4_096
"""Panels of the first and of the last rule tried."""
_END = 1e-17
"""Size of the integrand at which it is cut, relative to its start."""
_FARTHEST = 1e9


def cut(
    params: HestonParams, tau: float, variance: float, log_moneyness: Floats, direction: complex
) -> float:
    """Return where on a ray the integrand of every strike has died away.

    Raises
    ------
    ValueError
        If it has not within any reasonable range.
    """
    p = astuple(params)

    def size(x: float) -> float:
        u = complex(x * direction)
        q = u * u + 0.25
        grown = float((-u.imag * log_moneyness).max())
        model = _kernels.exponent(u, tau, *p).real + grown
        control = (-0.5 * variance * q).real + grown
        return (exp(min(model, 0.0)) + exp(min(control, 0.0))) / abs(q)

    x = max(1.0, 1.0 / sqrt(max(variance, 1e-12)))
    while size(x) > _END:
        x *= 1.5
        if x > _FARTHEST:
            raise ValueError(f"expected a distribution with a density, was {params}, {tau} years")
    return x


@lru_cache(maxsize=16)
def _legendre(order: int) -> tuple[Floats, Floats]:
    nodes, weights = np.polynomial.legendre.leggauss(order)
    return nodes, weights


def rule(panels: int, scale: float, end: float) -> tuple[Floats, Floats]:
    """Return nodes and weights on (0, end): Gauss in t, with ``u = scale sinh(t)``."""
    x, w = _legendre(ORDER)
    width = asinh(end / scale) / panels
    t = (np.arange(panels)[:, None] + 0.5 * (x + 1.0)) * width
    nodes = scale * np.sinh(t)
    weights = 0.5 * width * w * scale * np.cosh(t)
    return nodes.ravel(), weights.ravel()


def converged(
    sums: Callable[[Floats, Floats], Floats],
    scale: float,
    end: float,
    tolerance: float,
    *,
    most: int = _LAST,
) -> Floats:
    """Return the sums of the first rule that agrees with the one of half its panels.

    At most `most` panels are tried.

    Raises
    ------
    ValueError
        If no rule does.
    """
    panels = _FIRST
    before = sums(*rule(panels, scale, end))
    while panels < most:
        panels *= 2
        now = sums(*rule(panels, scale, end))
        if float(np.abs(now - before).max()) <= tolerance * max(1.0, float(np.abs(now).max())):
            return now
        before = now
    raise ValueError("the integral did not converge; expected less extreme parameters or strikes")
