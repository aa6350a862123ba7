"""The log likelihood of each recursion with exact first and second derivatives.

The full vector of parameters has `SIZE` places (see `layout`); `free` lists the places of those
that are estimated, and only their derivatives are filled. Everything is one forward pass: the
recursion h, its gradient and its Hessian are carried along side by side.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from rf_risk.volatility._kernels.density import (
    SHAPE_SIZE,
    density_derivatives,
    log_density,
    prepare_shape,
)
from rf_risk.volatility._kernels.filters import ROOT_2_OVER_PI, filter_from
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

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LOG_LIMIT = 600.0
"""A log variance beyond this is no variance."""


@njit(cache=True, nogil=True, error_model="numpy")
def variances_of(kind: int, returns: Floats, theta: Floats, out: Floats) -> float:
    """Fill the variance of each period; return that of the next one.

    Before the sample stands the mean square of the residuals.
    """
    n = returns.shape[0]
    mu, omega, alpha = theta[MU], theta[OMEGA], theta[ALPHA]
    gamma, beta, delta = theta[GAMMA], theta[BETA], theta[DELTA]
    m = 0.0
    for t in range(n):
        m += (returns[t] - mu) * (returns[t] - mu)
    m /= n
    if kind == GARCH:
        h = omega + (alpha + 0.5 * gamma) * m + beta * m
    elif kind == EGARCH:
        h = omega + beta * math.log(m)
    else:
        pre = 0.0
        for t in range(n):
            e = returns[t] - mu
            pre += (abs(e) - gamma * e) ** delta
        h = omega + alpha * (pre / n) + beta * m ** (0.5 * delta)
    return filter_from(kind, returns, theta, h, out)


@njit(cache=True, nogil=True, error_model="numpy")
def loglik_of(kind: int, dist: int, returns: Floats, theta: Floats, out: Floats) -> float:
    """Fill the variances and return the log likelihood, -inf where there is none."""
    shape = np.empty(SHAPE_SIZE)
    prepare_shape(dist, theta[NU], theta[SKEW], shape)
    variances_of(kind, returns, theta, out)
    total = 0.0
    for t in range(returns.shape[0]):
        v = out[t]
        if not (0.0 < v < math.inf):
            return -math.inf
        z = (returns[t] - theta[MU]) / math.sqrt(v)
        total += log_density(dist, z, shape) - 0.5 * math.log(v)
    return total if math.isfinite(total) else -math.inf


@njit(cache=True, nogil=True, error_model="numpy")
def _before(kind: int, returns: Floats, theta: Floats, g: Floats, h2: Floats) -> float:
    """Return the first h with its derivatives: what stands before the sample."""
    n = returns.shape[0]
    mu, omega, alpha = theta[MU], theta[OMEGA], theta[ALPHA]
    gamma, beta, delta = theta[GAMMA], theta[BETA], theta[DELTA]
    m = 0.0
    s = 0.0
    for t in range(n):
        e = returns[t] - mu
        m += e * e
        s += e
    m /= n
    m1 = -2.0 * s / n
    g[:] = 0.0
    h2[:, :] = 0.0
    g[OMEGA] = 1.0
    if kind == GARCH:
        weight = alpha + 0.5 * gamma + beta
        g[MU], g[ALPHA], g[GAMMA], g[BETA] = weight * m1, m, 0.5 * m, m
        h2[MU, MU] = 2.0 * weight
        h2[MU, ALPHA], h2[MU, GAMMA], h2[MU, BETA] = m1, 0.5 * m1, m1
        return float(omega + weight * m)
    log_m = math.log(m)
    ratio = m1 / m
    if kind == EGARCH:
        g[MU], g[BETA] = beta * ratio, log_m
        h2[MU, MU] = beta * (2.0 / m - ratio * ratio)
        h2[MU, BETA] = ratio
        return float(omega + beta * log_m)
    u0 = u_g = u_d = u_m = 0.0
    u_gg = u_gd = u_gm = u_dd = u_dm = u_mm = 0.0
    for t in range(n):
        e = returns[t] - mu
        side = -1.0 if e < 0.0 else 1.0
        u = abs(e) - gamma * e
        if u <= 0.0:
            continue
        log_u = math.log(u)
        p0 = math.exp(delta * log_u)
        p1 = p0 / u
        p2 = p1 / u * delta * (delta - 1.0)
        d1 = p1 * (1.0 + delta * log_u)
        c = gamma - side
        u0 += p0
        u_g -= delta * p1 * e
        u_d += p0 * log_u
        u_m += delta * p1 * c
        u_gg += p2 * e * e
        u_gd -= d1 * e
        u_gm += delta * p1 - p2 * c * e
        u_dd += p0 * log_u * log_u
        u_dm += d1 * c
        u_mm += p2 * c * c
    w = alpha / n
    k0 = math.exp(0.5 * delta * log_m)
    g[ALPHA] = u0 / n
    g[GAMMA] = w * u_g
    g[BETA] = k0
    g[DELTA] = w * u_d + beta * 0.5 * k0 * log_m
    g[MU] = w * u_m + beta * 0.5 * delta * k0 * ratio
    h2[ALPHA, GAMMA] = u_g / n
    h2[ALPHA, DELTA] = u_d / n
    h2[MU, ALPHA] = u_m / n
    h2[GAMMA, GAMMA] = w * u_gg
    h2[GAMMA, DELTA] = w * u_gd
    h2[MU, GAMMA] = w * u_gm
    h2[BETA, DELTA] = 0.5 * k0 * log_m
    h2[MU, BETA] = 0.5 * delta * k0 * ratio
    h2[DELTA, DELTA] = w * u_dd + beta * 0.25 * k0 * log_m * log_m
    h2[MU, DELTA] = w * u_dm + beta * k0 * ratio * (0.5 + 0.25 * delta * log_m)
    h2[MU, MU] = w * u_mm + beta * 0.5 * delta * k0 * (
        (0.5 * delta - 1.0) * ratio * ratio + 2.0 / m
    )
    return float(omega + w * u0 + beta * k0)


@njit(cache=True, nogil=True, error_model="numpy")
def derivatives_of(
    kind: int,
    dist: int,
    returns: Floats,
    theta: Floats,
    free: Ints,
    grad: Floats,
    hess: Floats,
    outer: Floats,
) -> float:
    """Return the log likelihood; fill its gradient, Hessian and the sum of squared scores.

    `grad` is (SIZE,), the others (SIZE, SIZE); only places in `free` are filled, both triangles.
    """
    n = returns.shape[0]
    n_free = free.shape[0]
    n_rec = 0
    for k in range(n_free):
        if free[k] <= DELTA:
            n_rec += 1
    mu, omega, alpha = theta[MU], theta[OMEGA], theta[ALPHA]
    gamma, beta, delta = theta[GAMMA], theta[BETA], theta[DELTA]
    shape = np.empty(SHAPE_SIZE)
    prepare_shape(dist, theta[NU], theta[SKEW], shape)
    grad[:] = 0.0
    hess[:, :] = 0.0
    outer[:, :] = 0.0
    g = np.zeros(SIZE)
    h2 = np.zeros((SIZE, SIZE))
    f1 = np.zeros(SIZE)
    fh1 = np.zeros(SIZE)
    f2 = np.zeros((SIZE, SIZE))
    w1 = np.zeros(SIZE)
    score = np.zeros(SIZE)
    h = _before(kind, returns, theta, g, h2)
    f1[OMEGA] = 1.0
    fh1[BETA] = 1.0
    total = stretch = 0.0
    for t in range(n):
        e = returns[t] - mu
        # ln s2 = w with its derivatives: w1, and c2 h2 + cg g g' + terms of delta
        if kind == EGARCH:
            if not (-LOG_LIMIT < h < LOG_LIMIT):
                return -math.inf
            w = h
            c1, cg = 1.0, 0.0
            log_h = 0.0
        else:
            if not (0.0 < h < math.inf):
                return -math.inf
            log_h = math.log(h)
            scale = 2.0 / delta if kind == APARCH else 1.0
            w = scale * log_h
            c1 = scale / h
            cg = -c1 / h
        inv = math.exp(-0.5 * w)
        z = e * inv
        f, fz, fzz, fn, fs, fnn, fns, fss, fzn, fzs = density_derivatives(dist, z, shape)
        total += f - 0.5 * w
        lw = -0.5 * (1.0 + z * fz)
        lww = 0.25 * (z * fz + z * z * fzz)
        le = fz * inv
        lee = fzz * inv * inv
        lew = -0.5 * inv * (fz + z * fzz)
        for k in range(n_rec):
            i = free[k]
            w1[i] = c1 * g[i]
            if i == DELTA:
                w1[i] -= w / delta
        for k in range(n_rec):
            i = free[k]
            score[i] = lw * w1[i]
            if i == MU:
                score[i] -= le
            for q in range(k, n_rec):
                j = free[q]
                w2 = c1 * h2[i, j] + cg * g[i] * g[j]
                if kind == APARCH:
                    if i == DELTA:
                        w2 -= (2.0 / (delta * delta)) * (2.0 * g[i] / h - 2.0 * log_h / delta)
                    elif j == DELTA:
                        w2 -= (2.0 / (delta * delta)) * g[i] / h
                value = lww * w1[i] * w1[j] + lw * w2
                if i == MU:
                    value -= lew * w1[j]
                    if j == MU:
                        value += lee - lew * w1[j]
                hess[i, j] += value
        for k in range(n_rec, n_free):
            i = free[k]
            fi, fzi = (fn, fzn) if i == NU else (fs, fzs)
            score[i] = fi
            for q in range(n_rec):
                j = free[q]
                value = -0.5 * z * fzi * w1[j]
                if j == MU:
                    value -= fzi * inv
                hess[j, i] += value
            if i == NU:
                hess[NU, NU] += fnn
                hess[NU, SKEW] += fns
            else:
                hess[SKEW, SKEW] += fss
        for k in range(n_free):
            i = free[k]
            grad[i] += score[i]
            for q in range(k, n_free):
                outer[i, free[q]] += score[i] * score[free[q]]
        # the next h
        side = -1.0 if e < 0.0 else 1.0
        fh, fhh = beta, 0.0
        fh1[BETA] = 1.0
        f1[BETA] = h
        if kind == GARCH:
            down = 1.0 if e < 0.0 else 0.0
            reaction = alpha + gamma * down
            square = e * e
            f1[ALPHA], f1[GAMMA], f1[MU] = square, down * square, -2.0 * reaction * e
            f2[MU, MU], f2[MU, ALPHA], f2[MU, GAMMA] = 2.0 * reaction, -2.0 * e, -2.0 * e * down
            following = omega + reaction * square + beta * h
        elif kind == EGARCH:
            size = abs(z)
            a = alpha * side + gamma
            fh = beta - 0.5 * a * z
            stretch += math.log(abs(fh) + 1e-300)
            fhh = 0.25 * a * z
            f1[ALPHA], f1[GAMMA], f1[MU] = size - ROOT_2_OVER_PI, z, -a * inv
            fh1[ALPHA], fh1[GAMMA], fh1[MU] = -0.5 * size, -0.5 * z, 0.5 * a * inv
            f2[MU, ALPHA], f2[MU, GAMMA] = -side * inv, -inv
            following = omega + alpha * (size - ROOT_2_OVER_PI) + gamma * z + beta * h
        else:
            u = abs(e) - gamma * e
            p0 = log_u = p1 = p2 = 0.0
            if u > 0.0:
                log_u = math.log(u)
                p0 = math.exp(delta * log_u)
                p1 = p0 / u
                p2 = p1 / u * delta * (delta - 1.0)
            d1 = p1 * (1.0 + delta * log_u)
            c = gamma - side
            f1[ALPHA] = p0
            f1[GAMMA] = -alpha * delta * p1 * e
            f1[DELTA] = alpha * p0 * log_u
            f1[MU] = alpha * delta * p1 * c
            f2[ALPHA, GAMMA] = -delta * p1 * e
            f2[ALPHA, DELTA] = p0 * log_u
            f2[MU, ALPHA] = delta * p1 * c
            f2[GAMMA, GAMMA] = alpha * p2 * e * e
            f2[GAMMA, DELTA] = -alpha * d1 * e
            f2[MU, GAMMA] = alpha * (delta * p1 - p2 * c * e)
            f2[DELTA, DELTA] = alpha * p0 * log_u * log_u
            f2[MU, DELTA] = alpha * d1 * c
            f2[MU, MU] = alpha * p2 * c * c
            following = omega + alpha * p0 + beta * h
        for k in range(n_rec):
            i = free[k]
            for q in range(k, n_rec):
                j = free[q]
                h2[i, j] = (
                    fh * h2[i, j] + fhh * g[i] * g[j] + fh1[i] * g[j] + g[i] * fh1[j] + f2[i, j]
                )
        for k in range(n_rec):
            i = free[k]
            g[i] = fh * g[i] + f1[i]
        h = following
    if stretch > 0.0:
        # An EGARCH whose filter forgets nothing: its likelihood is chaotic (Wintenberger 2013).
        return -math.inf
    for k in range(n_free):
        for q in range(k):
            i, j = free[k], free[q]
            hess[i, j] = hess[j, i]
            outer[i, j] = outer[j, i]
    return total if math.isfinite(total) else -math.inf
