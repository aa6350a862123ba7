"""Variance recursions with their derivatives; one pass, nothing allocated but `out`.

Columns of `grad` follow the parameters: omega, alpha, gamma, beta (ARCH family of squares), and
the last column is the derivative by the mean. `m` is the mean of squared residuals, `dm` its
derivative by the mean.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]
ROOT_2_OVER_PI = 0.7978845608028654


@njit(cache=True, nogil=True, error_model="numpy")
def gjr_filter(
    eps: Floats, omega: float, alpha: float, gamma: float, beta: float, start: float, out: Floats
) -> float:
    """Fill `out` with the variance of each period; return the one after the last.

    ``s2 = omega + (alpha + gamma [e < 0]) e^2 + beta s2``; before the first period both the
    squared residual and the variance are `start`, and the indicator is one half.
    """
    s2 = omega + (alpha + 0.5 * gamma) * start + beta * start
    for t in range(eps.shape[0]):
        out[t] = s2
        e = eps[t]
        reaction = alpha + gamma if e < 0.0 else alpha
        s2 = omega + reaction * (e * e) + beta * s2
    return s2


@njit(cache=True, nogil=True, error_model="numpy")
def gjr_gradient(
    eps: Floats,
    p: Floats,
    m: float,
    dm: float,
    s2: Floats,
    grad: Floats,
) -> float:
    """Fill variances and their derivatives by omega, alpha, gamma, beta and the mean."""
    omega, alpha, gamma, beta = p[0], p[1], p[2], p[3]
    value = omega + (alpha + 0.5 * gamma + beta) * m
    g0, g1, g2, g3 = 1.0, m, 0.5 * m, m
    g4 = (alpha + 0.5 * gamma + beta) * dm
    for t in range(eps.shape[0]):
        s2[t] = value
        grad[t, 0], grad[t, 1], grad[t, 2], grad[t, 3], grad[t, 4] = g0, g1, g2, g3, g4
        e = eps[t]
        down = 1.0 if e < 0.0 else 0.0
        reaction = alpha + gamma * down
        square = e * e
        g0 = 1.0 + beta * g0
        g1 = square + beta * g1
        g2 = down * square + beta * g2
        g3 = value + beta * g3
        g4 = -2.0 * reaction * e + beta * g4
        value = omega + reaction * square + beta * value
    return value  # type: ignore[no-any-return]


@njit(cache=True, nogil=True, error_model="numpy")
def egarch_gradient(
    eps: Floats,
    p: Floats,
    m: float,
    dm: float,
    s2: Floats,
    grad: Floats,
) -> float:
    """Fill variances and their derivatives for the exponential recursion.

    ``ln s2 = omega + alpha (|z| - sqrt(2/pi)) + gamma z + beta ln s2``.
    """
    omega, alpha, gamma, beta = p[0], p[1], p[2], p[3]
    h = omega + beta * math.log(m)
    g0, g1, g2, g3, g4 = 1.0, 0.0, 0.0, math.log(m), beta * dm / m
    for t in range(eps.shape[0]):
        value = math.exp(h)
        s2[t] = value
        grad[t, 0], grad[t, 1], grad[t, 2] = value * g0, value * g1, value * g2
        grad[t, 3], grad[t, 4] = value * g3, value * g4
        sigma = math.sqrt(value)
        z = eps[t] / sigma
        size = abs(z) - ROOT_2_OVER_PI
        slope = (alpha if z >= 0.0 else -alpha) + gamma
        back = beta - 0.5 * slope * z
        g0 = 1.0 + back * g0
        g1 = size + back * g1
        g2 = z + back * g2
        g3 = h + back * g3
        g4 = back * g4 - slope / sigma
        h = omega + alpha * size + gamma * z + beta * h
    return math.exp(h)


@njit(cache=True, nogil=True, error_model="numpy")
def aparch_filter(eps: Floats, p: Floats, m: float, s2: Floats) -> float:
    """Fill variances of ``s^d = omega + alpha (|e| - gamma e)^d + beta s^d``."""
    omega, alpha, gamma, beta, delta = p[0], p[1], p[2], p[3], p[4]
    n = eps.shape[0]
    mean = 0.0
    for t in range(n):
        mean += (abs(eps[t]) - gamma * eps[t]) ** delta
    power = omega + alpha * mean / n + beta * m ** (0.5 * delta)
    for t in range(n):
        s2[t] = power ** (2.0 / delta)
        power = omega + alpha * (abs(eps[t]) - gamma * eps[t]) ** delta + beta * power
    return power ** (2.0 / delta)  # type: ignore[no-any-return]


@njit(cache=True, nogil=True, error_model="numpy")
def ewma_filter(eps: Floats, decay: float, start: float, out: Floats) -> float:
    """Fill ``s2 = decay s2 + (1 - decay) e^2``; return the one after the last."""
    s2 = start
    for t in range(eps.shape[0]):
        out[t] = s2
        s2 = decay * s2 + (1.0 - decay) * eps[t] * eps[t]
    return s2


@njit(cache=True, nogil=True, error_model="numpy")
def gjr_update_many(
    variances: Floats,
    eps: Floats,
    omega: Floats,
    alpha: Floats,
    gamma: Floats,
    beta: Floats,
    out: Floats,
) -> None:
    """Move the variance of many names by one return each."""
    for i in range(variances.shape[0]):
        e = eps[i]
        reaction = alpha[i] + (gamma[i] if e < 0.0 else 0.0)
        out[i] = omega[i] + reaction * (e * e) + beta[i] * variances[i]
