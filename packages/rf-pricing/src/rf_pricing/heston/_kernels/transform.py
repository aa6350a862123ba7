"""The moment generating function of the Heston log price, in a form that keeps its digits.

``M(s) = E[(S_T / F)**s] = exp(A + B v0)`` with ``P = s (s - 1)``, ``beta = kappa - rho sigma s``,
``d = sqrt(beta**2 - sigma**2 P)``, ``m = beta - d``, ``e1 = (1 - exp(-d T)) / (2 d)`` and
``w = m e1``::

    B = P e1 / (1 + w)
    A = kappa theta (m T - 2 log(1 + w)) / sigma**2

This is the branch of Lord and Kahl (2010), "the little trap" of Albrecher et al. (2007): the
logarithm is continuous. `m` is taken from the product ``m (beta + d) = sigma**2 P`` whenever the
difference would cancel, so that nothing is lost as `sigma` or `kappa` vanish.
"""

from __future__ import annotations

import cmath
import math

from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
def decay_parts(x):  # type: ignore[no-untyped-def]
    """Return ``exp(-x)``, ``E = (1 - exp(-x)) / x`` and ``1 - E`` for complex `x`."""
    if abs(x.real) + abs(x.imag) < 0.35:
        # 1 - E = x/2! - x**2/3! + ...
        term = 0.5 * x
        total = term
        for n in range(3, 18):
            term = term * (-x / n)
            total += term
        e = 1.0 - total
        return 1.0 - x * e, e, total
    small = cmath.exp(-x)
    e = (1.0 - small) / x
    return small, e, 1.0 - e


@njit(cache=True, nogil=True, error_model="numpy")
def log1p_less(w):  # type: ignore[no-untyped-def]
    """Return ``log(1 + w) - w`` for ``|w| < 0.15``."""
    total = 0.0j
    for n in range(19, 1, -1):
        total = w * total + (1.0 / n if n % 2 == 1 else -1.0 / n)
    return total * w * w


@njit(cache=True, nogil=True, error_model="numpy")
def log1p_bend(w):  # type: ignore[no-untyped-def]
    """Return ``g = (log(1 + w) - w) / w**2`` and its derivative for ``|w| < 0.15``."""
    g, slope = 0.0j, 0.0j
    for n in range(20, 1, -1):
        slope = g + w * slope
        g = w * g + (1.0 / n if n % 2 == 1 else -1.0 / n)
    return g, slope


@njit(cache=True, nogil=True, error_model="numpy")
def log_moment(s, tau, v0, kappa, theta, sigma, rho):  # type: ignore[no-untyped-def]
    """Return ``log M(s)`` for complex `s` inside the region of analyticity; `sigma` positive."""
    p = s * (s - 1.0)
    if p == 0.0:
        return 0.0j
    sigma2 = sigma * sigma
    beta = kappa - (rho * sigma) * s
    d2 = (
        kappa * kappa
        + (sigma * (sigma - 2.0 * kappa * rho)) * s
        - ((1.0 - rho) * (1.0 + rho) * sigma2) * (s * s)
    )
    d = cmath.sqrt(d2)
    if d == 0.0:
        d = 1e-150 + 0.0j
    if beta.real * d.real + beta.imag * d.imag >= 0.0:
        plus = beta + d
        ratio = p / plus
        minus = sigma2 * ratio
    else:
        minus = beta - d
        ratio = minus / sigma2
        plus = sigma2 * p / minus
    x = d * tau
    small, e, rest = decay_parts(x)
    e1 = (0.5 * tau) * e
    w = minus * e1
    if abs(w.real) + abs(w.imag) < 0.15:
        a = ratio * rest * tau - 2.0 * (log1p_less(w) / sigma2)
        one = 1.0 + w
    else:
        one = 1.0 + w
        if abs(x.real) + abs(x.imag) >= 0.35:
            one = (plus - minus * small) / (2.0 * d)
        a = (minus * tau - 2.0 * cmath.log(one)) / sigma2
    return (kappa * theta) * a + v0 * (p * e1 / one)


@njit(cache=True, nogil=True, error_model="numpy")
def log_moment_slopes(s, tau, v0, kappa, theta, sigma, rho):  # type: ignore[no-untyped-def]
    """Return ``log M(s)`` and its derivatives.

    In this order: with respect to `v0`, `kappa`, `theta`, `sigma`, `rho` and `tau`.
    """
    p = s * (s - 1.0)
    if p == 0.0:
        return 0.0j, 0.0j, 0.0j, 0.0j, 0.0j, 0.0j, 0.0j
    sigma2 = sigma * sigma
    beta = kappa - (rho * sigma) * s
    d2 = (
        kappa * kappa
        + (sigma * (sigma - 2.0 * kappa * rho)) * s
        - ((1.0 - rho) * (1.0 + rho) * sigma2) * (s * s)
    )
    d = cmath.sqrt(d2)
    if abs(d.real) + abs(d.imag) < 1e-9:
        d = 1e-9 + 0.0j
    if beta.real * d.real + beta.imag * d.imag >= 0.0:
        plus = beta + d
        ratio = p / plus
        minus = sigma2 * ratio
    else:
        minus = beta - d
        ratio = minus / sigma2
        plus = sigma2 * p / minus
    x = d * tau
    small, e, rest = decay_parts(x)
    e1 = (0.5 * tau) * e
    w = minus * e1
    one = 1.0 + w
    if abs(w.real) + abs(w.imag) < 0.15:
        a = ratio * rest * tau - 2.0 * (log1p_less(w) / sigma2)
    else:
        if abs(x.real) + abs(x.imag) >= 0.35:
            one = (plus - minus * small) / (2.0 * d)
        a = (minus * tau - 2.0 * cmath.log(one)) / sigma2
    b = p * e1 / one
    kt = kappa * theta
    inv_d = 1.0 / d
    inv_one = 1.0 / one
    # d e1 / d d, and then everything through (d beta, d d, d m).
    slope = (0.5 * tau * small - e1) * inv_d
    db_de1 = p * inv_one
    # With respect to beta at fixed sigma: d d = beta / d, d m = -m / d.
    dd = beta * inv_d
    dm = -minus * inv_d
    dw = dm * e1 + minus * (slope * dd)
    b_beta = db_de1 * (slope * dd) - b * (dw * inv_one)
    a_beta = -ratio * inv_d * tau - 2.0 * ((ratio * (slope * dd) - ratio * inv_d * e1) * inv_one)
    # With respect to sigma at fixed beta: d d = -sigma P / d, d m = sigma P / d.
    dm_s = sigma * p * inv_d
    dw_s = dm_s * e1 - minus * (slope * dm_s)
    b_sigma = -db_de1 * (slope * dm_s) - b * (dw_s * inv_one)
    if abs(w.real) + abs(w.imag) < 0.15:
        # a = ratio T (1 - E) - 2 sigma**2 y**2 g(w): nothing is divided by a small sigma.
        dd_s = -dm_s
        y = ratio * e1
        dratio = -ratio * dd_s / plus
        dy = dratio * e1 + ratio * (slope * dd_s)
        g, g_slope = log1p_bend(w)
        a_sigma = dratio * rest * tau - 2.0 * (ratio * (slope * dd_s))
        a_sigma -= 2.0 * (sigma2 * y * y * g_slope * dw_s + 2.0 * sigma * y * g * (y + sigma * dy))
    else:
        over = p * inv_d / sigma
        over = over * tau - 2.0 * ((over * e1 - minus * (slope * over)) * inv_one)
        a_sigma = over - 2.0 * a / sigma
    by_beta = kt * a_beta + v0 * b_beta
    by_kappa = theta * a + by_beta
    by_sigma = kt * a_sigma + v0 * b_sigma - (rho * s) * by_beta
    by_rho = -(sigma * s) * by_beta
    # Riccati's right side in closed form: as such it would cancel at long expiries.
    # Riccati's right side in closed form: term by term it would cancel at long expiries.
    by_tau = kt * b + v0 * (0.5 * p * small * (inv_one * inv_one))
    return kt * a + v0 * b, b, by_kappa, kappa * a, by_sigma, by_rho, by_tau


@njit(cache=True, nogil=True, error_model="numpy")
def explodes(s, tau, kappa, sigma, rho):  # type: ignore[no-untyped-def]
    """Tell whether the moment of real order `s` is infinite at `tau`.

    Andersen and Piterbarg (2007), proposition 3.1, for orders above one or below zero.
    """
    beta = kappa - rho * sigma * s
    p = s * (s - 1.0)
    d2 = (
        kappa * kappa
        + sigma * (sigma - 2.0 * kappa * rho) * s
        - (1.0 - rho) * (1.0 + rho) * sigma * sigma * s * s
    )
    if d2 >= 0.0:
        if beta >= 0.0:
            return False
        r = math.sqrt(d2)
        if r * tau < 1e-6:
            return tau * -beta >= 2.0
        return r * tau >= 2.0 * math.log((r - beta) / sigma) - math.log(p)
    r = math.sqrt(-d2)
    return r * tau >= 2.0 * math.atan2(r, -beta)


@njit(cache=True, nogil=True, error_model="numpy")
def last_moment(upper, tau, kappa, sigma, rho):  # type: ignore[no-untyped-def]
    """Return how far beyond 1 (or below 0) moments exist; up to 1 % short, never over."""
    e = 1.0
    if explodes(1.0 + e if upper else -e, tau, kappa, sigma, rho):
        while e > 1e-12 and explodes(1.0 + e if upper else -e, tau, kappa, sigma, rho):
            e *= 0.25
        high = 4.0 * e
    else:
        while e < 1e12 and not explodes(1.0 + e if upper else -e, tau, kappa, sigma, rho):
            e *= 4.0
        if e >= 1e12:
            return e
        high = e
        e *= 0.25
    for _ in range(9):
        middle = 0.5 * (e + high)
        if explodes(1.0 + middle if upper else -middle, tau, kappa, sigma, rho):
            high = middle
        else:
            e = middle
    return e


@njit(cache=True, nogil=True, error_model="numpy")
def characteristics(orders, tau, v0, kappa, theta, sigma, rho, out):  # type: ignore[no-untyped-def]
    """Fill ``M(s)`` for complex orders `s`."""
    for i in range(orders.shape[0]):
        out[i] = cmath.exp(log_moment(orders[i], tau, v0, kappa, theta, sigma, rho))
