"""Variance recursions at given parameters: one series, many names, simulated paths.

The arithmetic of one step is the same, to the last bit, in all of them and in `GarchState`.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from rf_risk.volatility._kernels.layout import (
    ALPHA,
    APARCH,
    BETA,
    DELTA,
    EGARCH,
    GAMMA,
    GARCH,
    MU,
    OMEGA,
)

Floats = npt.NDArray[np.float64]

ROOT_2_OVER_PI = 0.7978845608028654


@njit(cache=True, nogil=True, error_model="numpy")
def level_of(kind: int, variance: float, delta: float) -> float:
    """Return the number that the recursion carries for a variance."""
    if kind == EGARCH:
        return math.log(variance)
    return variance ** (0.5 * delta) if kind == APARCH else variance


@njit(cache=True, nogil=True, error_model="numpy")
def filter_from(kind: int, returns: Floats, theta: Floats, h: float, out: Floats) -> float:
    """Fill variances from the level of the first period on; return the one after the last.

    GARCH, GJR: ``s2' = omega + (alpha + gamma [e < 0]) e^2 + beta s2``. EGARCH:
    ``ln s2' = omega + alpha (|z| - sqrt(2/pi)) + gamma z + beta ln s2``. APARCH:
    ``s'^d = omega + alpha (|e| - gamma e)^d + beta s^d``.
    """
    mu, omega, alpha = theta[MU], theta[OMEGA], theta[ALPHA]
    gamma, beta, delta = theta[GAMMA], theta[BETA], theta[DELTA]
    n = returns.shape[0]
    if kind == GARCH:
        for t in range(n):
            out[t] = h
            e = returns[t] - mu
            reaction = alpha + gamma if e < 0.0 else alpha
            h = omega + reaction * (e * e) + beta * h
        return h
    if kind == EGARCH:
        for t in range(n):
            out[t] = math.exp(h)
            z = (returns[t] - mu) * math.exp(-0.5 * h)
            h = omega + alpha * (abs(z) - ROOT_2_OVER_PI) + gamma * z + beta * h
        return math.exp(h)
    for t in range(n):
        out[t] = h ** (2.0 / delta)
        e = returns[t] - mu
        h = omega + alpha * (abs(e) - gamma * e) ** delta + beta * h
    return float(h ** (2.0 / delta))


@njit(cache=True, nogil=True, error_model="numpy")
def ewma_from(returns: Floats, decay: float, start: float, out: Floats) -> float:
    """Fill ``s2' = decay s2 + (1 - decay) r^2``; return the one after the last."""
    s2 = start
    for t in range(returns.shape[0]):
        out[t] = s2
        s2 = decay * s2 + (1.0 - decay) * (returns[t] * returns[t])
    return s2


@njit(cache=True, nogil=True, error_model="numpy")
def update_names(
    variances: Floats,
    returns: Floats,
    omega: Floats,
    alpha: Floats,
    gamma: Floats,
    beta: Floats,
    out: Floats,
) -> None:
    """Move the variance of every name by one return each; `out` may be `variances`."""
    for i in range(variances.shape[0]):
        e = returns[i]
        reaction = alpha[i] + gamma[i] if e < 0.0 else alpha[i]
        out[i] = omega[i] + reaction * (e * e) + beta[i] * variances[i]


@njit(cache=True, nogil=True, error_model="numpy")
def filter_names(
    returns: Floats,
    omega: Floats,
    alpha: Floats,
    gamma: Floats,
    beta: Floats,
    out: Floats,
) -> None:
    """Fill (n + 1, k) variances of k names from those in row 0; `returns` is (n, k)."""
    for t in range(returns.shape[0]):
        update_names(out[t], returns[t], omega, alpha, gamma, beta, out[t + 1])


@njit(cache=True, nogil=True, error_model="numpy")
def simulate_path(
    kind: int, theta: Floats, z: Floats, h: float, returns: Floats, variances: Floats
) -> None:
    """Fill returns and variances of one path from innovations and the level of its first period."""
    omega, alpha, gamma = theta[OMEGA], theta[ALPHA], theta[GAMMA]
    beta, delta = theta[BETA], theta[DELTA]
    for t in range(z.shape[0]):
        if kind == EGARCH:
            s2 = math.exp(h)
        elif kind == APARCH:
            s2 = h ** (2.0 / delta)
        else:
            s2 = h
        e = math.sqrt(s2) * z[t]
        variances[t] = s2
        returns[t] = theta[MU] + e
        if kind == EGARCH:
            h = omega + alpha * (abs(z[t]) - ROOT_2_OVER_PI) + gamma * z[t] + beta * h
        elif kind == APARCH:
            h = omega + alpha * (abs(e) - gamma * e) ** delta + beta * h
        else:
            reaction = alpha + gamma if e < 0.0 else alpha
            h = omega + reaction * (e * e) + beta * h


@njit(cache=True, nogil=True, error_model="numpy")
def mean_variances(kind: int, theta: Floats, z: Floats, h: float, out: Floats) -> None:
    """Fill the mean variance of each step over paths; `z` is (paths, steps)."""
    steps = z.shape[1]
    returns, variances = np.empty(steps), np.empty(steps)
    out[:] = 0.0
    for k in range(z.shape[0]):
        simulate_path(kind, theta, z[k], h, returns, variances)
        for t in range(steps):
            out[t] += variances[t]
    for t in range(steps):
        out[t] /= z.shape[0]
