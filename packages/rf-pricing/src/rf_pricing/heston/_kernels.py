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


SMALL = 0.02


@njit(cache=True, nogil=True, error_model="numpy")
def _log_ratio(x: complex) -> complex:
    """Return ln(1 + x) / x."""
    if abs(x) < SMALL:
        return _series(x, 0)
    return np.log(1.0 + x) / x  # type: ignore[no-any-return]


@njit(cache=True, nogil=True, error_model="numpy")
def _log_ratio_slope(x: complex) -> complex:
    """Return the derivative of ln(1 + x) / x."""
    if abs(x) < SMALL:
        return _series(x, 1)
    return (1.0 / (1.0 + x) - np.log(1.0 + x) / x) / x  # type: ignore[no-any-return]


@njit(cache=True, nogil=True, error_model="numpy")
def _series(x: complex, slope: int) -> complex:
    total = 0.0 + 0.0j
    for k in range(11, slope - 1, -1):
        term = 1.0 / (k + 1.0)
        if slope == 1:
            term *= k
        total = term - x * total
    return -total if slope == 1 else total


@njit(cache=True, nogil=True, error_model="numpy")
def exponent(
    u: complex, tau: float, v0: float, kappa: float, theta: float, sigma: float, rho: float
) -> complex:
    """Return ln E exp((1/2 + i u) X) of the log forward return X."""
    q = u * u + 0.25
    xi = kappa - 0.5 * rho * sigma - 1j * rho * sigma * u
    d = np.sqrt(xi * xi + sigma * sigma * q)
    both = xi + d
    e = np.exp(-d * tau)
    ratio = -q / both
    g = sigma * sigma * ratio / both
    share = ratio * (1.0 - e) / (2.0 * d)
    b = ratio * tau - 2.0 * share * _log_ratio(sigma * sigma * share)
    return kappa * theta * b + v0 * ratio * (1.0 - e) / (1.0 - g * e)  # type: ignore[no-any-return]


@njit(cache=True, nogil=True, error_model="numpy")
def _gradient(
    u: complex,
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
    xi = kappa - 0.5 * rho * sigma - 1j * rho * sigma * u
    d = np.sqrt(xi * xi + s2 * q)
    both = xi + d
    e = np.exp(-d * tau)
    ratio = -q / both
    g = s2 * ratio / both
    one_ge = 1.0 - g * e
    part = (1.0 - e) / one_ge
    share = ratio * (1.0 - e) / (2.0 * d)
    x = s2 * share
    b = ratio * tau - 2.0 * share * _log_ratio(x)
    out[0] = ratio * part
    out[2] = kappa * b
    iz = 0.5 + 1j * u
    for place in range(3):  # kappa, sigma, rho
        if place == 0:
            dxi = 1.0 + 0.0j
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
        dshare = (dratio * (1.0 - e) - ratio * de) / (2.0 * d) - share * dd / d
        dlog = dshare / (1.0 + x)
        if ds > 0.0:
            dlog += 2.0 * sigma * share * share * _log_ratio_slope(x)
        db = dratio * tau - 2.0 * dlog
        total = kappa * theta * db + v0 * (dratio * part + ratio * dpart)
        if place == 0:
            out[1] = total + theta * b
        elif place == 1:
            out[3] = total
        else:
            out[4] = total
    return kappa * theta * b + v0 * out[0]  # type: ignore[no-any-return]


@njit(cache=True, nogil=True, error_model="numpy")
def integrals(
    nodes: Floats,
    weights: Floats,
    log_moneyness: Floats,
    tau: float,
    p: Floats,
    variance: float,
    direction: complex,
    out: Floats,
) -> None:
    """Fill the Lewis integrals of each strike along the ray of a direction from zero.

    Rows of `out`: value less that of the control (total variance `variance`), the same times
    (1/2 + i u), minus the density, then derivatives by v0, kappa, theta, sigma, rho.
    """
    n, m = nodes.shape[0], log_moneyness.shape[0]
    slopes = np.empty(5, dtype=np.complex128)
    for row in range(8):
        for j in range(m):
            out[row, j] = 0.0
    for i in range(n):
        u = nodes[i] * direction
        q = u * u + 0.25
        psi = _gradient(u, tau, p[0], p[1], p[2], p[3], p[4], slopes)
        phi = np.exp(psi)
        gap = np.exp(-0.5 * variance * q) - phi
        step = weights[i] * direction
        scaled = step / q
        half = 0.5 + 1j * u
        for j in range(m):
            turn = np.exp(1j * u * log_moneyness[j])
            base = turn * gap
            out[0, j] += (scaled * base).real
            out[1, j] += (scaled * base * half).real
            out[2, j] += (step * base).real
            for k in range(5):
                out[3 + k, j] -= (scaled * turn * phi * slopes[k]).real


@njit(cache=True, nogil=True, error_model="numpy")
def values(
    nodes: Floats,
    weights: Floats,
    log_moneyness: Floats,
    tau: float,
    p: Floats,
    variance: float,
    direction: complex,
    out: Floats,
) -> None:
    """Fill the integrals of the values alone."""
    n, m = nodes.shape[0], log_moneyness.shape[0]
    for j in range(m):
        out[j] = 0.0
    for i in range(n):
        u = nodes[i] * direction
        q = u * u + 0.25
        phi = np.exp(exponent(u, tau, p[0], p[1], p[2], p[3], p[4]))
        gap = np.exp(-0.5 * variance * q) - phi
        scaled = weights[i] * direction / q * gap
        for j in range(m):
            angle = u.real * log_moneyness[j]
            size = math.exp(-u.imag * log_moneyness[j])
            out[j] += size * (scaled.real * math.cos(angle) - scaled.imag * math.sin(angle))
