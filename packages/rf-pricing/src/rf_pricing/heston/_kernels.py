"""Heston's characteristic function with its derivatives, summed over nodes for all strikes.

Along ``z = u - i/2`` the quantity ``z^2 + i z`` is ``u^2 + 1/4``, real and positive, so that
nothing cancels for a small volatility of variance.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]


@njit(cache=True, nogil=True, error_model="numpy")
def _log1p(x: complex) -> complex:
    w = 1.0 + x
    if w == 1.0:
        return x
    return np.log(w) * x / (w - 1.0)


@njit(cache=True, nogil=True, error_model="numpy")
def exponent(
    u: float, tau: float, v0: float, kappa: float, theta: float, sigma: float, rho: float
) -> complex:
    """Return ln E exp((1/2 + i u) X) of the log forward return X."""
    q = u * u + 0.25
    xi = complex(kappa - 0.5 * rho * sigma, -rho * sigma * u)
    d = np.sqrt(xi * xi + sigma * sigma * q)
    both = xi + d
    e = np.exp(-d * tau)
    ratio = -q / both
    g = sigma * sigma * ratio / both
    share = g * (1.0 - e) * both / (2.0 * d)
    b = ratio * tau - 2.0 * _log1p(share) / (sigma * sigma)
    return kappa * theta * b + v0 * ratio * (1.0 - e) / (1.0 - g * e)


@njit(cache=True, nogil=True, error_model="numpy")
def _gradient(
    u: float,
    tau: float,
    v0: float,
    kappa: float,
    theta: float,
    sigma: float,
    rho: float,
    out: npt.NDArray[np.complex128],
) -> complex:
    """Fill derivatives by v0, kappa, theta, sigma, rho of the exponent; return it."""
    q = u * u + 0.25
    s2 = sigma * sigma
    xi = complex(kappa - 0.5 * rho * sigma, -rho * sigma * u)
    d = np.sqrt(xi * xi + s2 * q)
    both = xi + d
    e = np.exp(-d * tau)
    ratio = -q / both
    g = s2 * ratio / both
    one_ge = 1.0 - g * e
    part = (1.0 - e) / one_ge
    share = g * (1.0 - e) * both / (2.0 * d)
    log_part = _log1p(share)
    b = ratio * tau - 2.0 * log_part / s2
    out[0] = ratio * part
    out[2] = kappa * b
    iz = complex(0.5, u)
    for place in range(3):  # kappa, sigma, rho
        if place == 0:
            dxi = complex(1.0, 0.0)
            dd = xi / d
            ds = 0.0
        elif place == 1:
            dxi = -rho * iz
            dd = (xi * dxi + sigma * q) / d
            ds = 1.0
        else:
            dxi = -sigma * iz
            dd = xi * dxi / d
            ds = 0.0
        dboth = dxi + dd
        de = -tau * e * dd
        dratio = q / (both * both) * dboth
        dg = 2.0 * sigma * ds * ratio / both + s2 * (dratio / both - ratio * dboth / (both * both))
        dge = dg * e + g * de
        dpart = (-de * one_ge + (1.0 - e) * dge) / (one_ge * one_ge)
        dlog = -dge / one_ge + dg / (1.0 - g)
        db = dratio * tau - 2.0 * (dlog / s2 - 2.0 * ds * log_part / (s2 * sigma))
        total = kappa * theta * db + v0 * (dratio * part + ratio * dpart)
        if place == 0:
            out[1] = total + theta * b
        elif place == 1:
            out[3] = total
        else:
            out[4] = total
    return kappa * theta * b + v0 * out[0]


@njit(cache=True, nogil=True, error_model="numpy")
def integrals(
    nodes: Floats,
    weights: Floats,
    log_moneyness: Floats,
    tau: float,
    p: Floats,
    variance: float,
    out: Floats,
) -> None:
    """Fill the Lewis integrals of each strike.

    Rows of `out`: value less that of the control (total variance `variance`), the same times
    (1/2 + i u), minus the density, then derivatives by v0, kappa, theta, sigma, rho.
    """
    n, m = nodes.shape[0], log_moneyness.shape[0]
    slopes = np.empty(5, dtype=np.complex128)
    for row in range(8):
        for j in range(m):
            out[row, j] = 0.0
    for i in range(n):
        u = nodes[i]
        q = u * u + 0.25
        psi = _gradient(u, tau, p[0], p[1], p[2], p[3], p[4], slopes)
        phi = np.exp(psi)
        gap = math.exp(-0.5 * variance * q) - phi
        scaled = weights[i] / q
        half = complex(0.5, u)
        for j in range(m):
            angle = u * log_moneyness[j]
            turn = complex(math.cos(angle), math.sin(angle))
            base = turn * gap
            out[0, j] += scaled * base.real
            out[1, j] += scaled * (base * half).real
            out[2, j] += weights[i] * base.real
            for k in range(5):
                out[3 + k, j] -= scaled * (turn * phi * slopes[k]).real


@njit(cache=True, nogil=True, error_model="numpy")
def values(
    nodes: Floats,
    weights: Floats,
    log_moneyness: Floats,
    tau: float,
    p: Floats,
    variance: float,
    out: Floats,
) -> None:
    """Fill the integrals of the values alone."""
    n, m = nodes.shape[0], log_moneyness.shape[0]
    for j in range(m):
        out[j] = 0.0
    for i in range(n):
        u = nodes[i]
        q = u * u + 0.25
        phi = np.exp(exponent(u, tau, p[0], p[1], p[2], p[3], p[4]))
        gap = math.exp(-0.5 * variance * q) - phi
        a, b = weights[i] / q * gap.real, weights[i] / q * gap.imag
        for j in range(m):
            angle = u * log_moneyness[j]
            out[j] += a * math.cos(angle) - b * math.sin(angle)
