"""Paths of ``log(S / S0)``, 64 side by side.

Arrays are (chunks, assets, rows, 64), (chunks, rows, 64) or (chunks, 64). A row is a time of the
grid, the first one time 0; with a single row only the last time is kept. A chunk is filled by a
function of its own, so that loops over chunks on one and on several threads give equal bits.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from rf_pricing.monte_carlo._kernels.numbers import LANES, draw_chunk, log_of

_FOUR_THIRDS = 4.0 / 3.0


@njit(cache=True, nogil=True, error_model="numpy")
def gbm_chunk(c, given, first, key, flip, chol, drift, sd, x):  # type: ignore[no-untyped-def]
    """Fill chunk `c` with geometric Brownian motions, exact at every time of the grid."""
    assets, steps = drift.shape
    u = np.empty((assets * steps, LANES))
    z = np.empty((assets * steps, LANES))
    draw_chunk(given, c, first + np.uint64(c * LANES), 0, key, flip, u, z)
    every = x.shape[2] > 1
    for a in range(assets):
        at = np.zeros(LANES)
        x[c, a, 0, :] = 0.0
        for s in range(steps):
            mu = drift[a, s]
            for i in range(LANES):
                at[i] += mu
            for b in range(a + 1):
                scale = sd[a, s] * chol[a, b]
                row = z[s * assets + b]
                for i in range(LANES):
                    at[i] += scale * row[i]
            if every:
                x[c, a, s + 1, :] = at
        if not every:
            x[c, a, 0, :] = at


@njit(cache=True, nogil=True, error_model="numpy")
def gbm_serial(given, first, key, flip, chol, drift, sd, x):  # type: ignore[no-untyped-def]
    """Fill all chunks on this thread."""
    for c in range(x.shape[0]):
        gbm_chunk(c, given, first, key, flip, chol, drift, sd, x)


@njit(cache=True, nogil=True, error_model="numpy", parallel=True)
def gbm_parallel(given, first, key, flip, chol, drift, sd, x):  # type: ignore[no-untyped-def]
    """Fill all chunks on the threads that numba has been allowed."""
    for c in prange(x.shape[0]):
        gbm_chunk(c, given, first, key, flip, chol, drift, sd, x)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def qe_step(k, u, zv, zs, v, ivar, x):  # type: ignore[no-untyped-def]
    """Advance 64 paths by one step of QE-M, Andersen (2008), section 3.2 and 4.3.

    `k` holds the coefficients of the step as `models.Heston.coefficients` lays them out. With
    ``t = 2 / psi`` the squared normal serves for t >= 4/3 (psi <= 1.5), else the exponential with
    an atom at 0; both are computed and one is taken, so that the loop has no branches.
    """
    e, m0, c1, c0 = k[0], k[1], k[2], k[3]
    k2, k3, k4, big_a, drift, early, late = k[4], k[5], k[6], k[7], k[8], k[9], k[10]
    for i in range(LANES):
        v0 = v[i]
        m = e * v0 + m0
        t = 2.0 * m * m / max(c1 * v0 + c0, 1e-300)
        squared = t >= _FOUR_THIRDS
        tq = max(t, _FOUR_THIRDS)
        te = max(min(t, _FOUR_THIRDS), 1e-280)
        b2 = tq - 1.0 + np.sqrt(tq * (tq - 1.0))
        root = np.sqrt(b2) + zv[i]
        # Andersen's a for the squared normal, 1 / beta for the exponential.
        scale = (m if squared else m * (2.0 + te)) / (1.0 + b2 if squared else 2.0 * te)
        # 1 / beta times its logarithm is the draw; below the atom the ratio is less than one.
        ratio = 2.0 * te / ((2.0 + te) * (1.0 - u[i]))
        v1 = scale * (root * root if squared else log_of(max(ratio, 1.0)))
        # The martingale correction: log E[exp(A v1)].
        den = 1.0 - (2.0 * big_a if squared else big_a) * scale
        gain = big_a * (b2 * scale if squared else m) / den
        log = log_of(den if squared else 1.0 + gain)
        shift = 0.5 * log - gain if squared else -log
        x[i] += (
            drift + shift - 0.5 * k3 * v0 + k2 * v1 + np.sqrt(max(k3 * v0 + k4 * v1, 0.0)) * zs[i]
        )
        ivar[i] += early * v0 + late * v1
        v[i] = v1


@njit(cache=True, nogil=True, error_model="numpy")
def heston_chunk(  # type: ignore[no-untyped-def]
    c, given, first, key, flip, start, coefs, shadow_coefs, x, v, ivar, shadow
):
    """Fill chunk `c` with Heston paths and, if `shadow` has chunks, their Gaussian shadows.

    The shadow moves with the same normals but with a variance that is known in advance:
    `shadow_coefs` has a row (drift, loading of zv, loading of zs) per step.
    """
    steps = coefs.shape[0]
    u = np.empty((2 * steps, LANES))
    z = np.empty((2 * steps, LANES))
    draw_chunk(given, c, first + np.uint64(c * LANES), 0, key, flip, u, z)
    at = np.zeros(LANES)
    var = np.full(LANES, start)
    total = np.zeros(LANES)
    dark = np.zeros(LANES)
    every_x, every_v, shaded = x.shape[2] > 1, v.shape[1] > 1, shadow.shape[0] > 0
    x[c, 0, 0, :] = 0.0
    v[c, 0, :] = start
    for s in range(steps):
        qe_step(coefs[s], u[2 * s], z[2 * s], z[2 * s + 1], var, total, at)
        if every_x:
            x[c, 0, s + 1, :] = at
        if every_v:
            v[c, s + 1, :] = var
        if shaded:
            mu, lv, ls = shadow_coefs[s, 0], shadow_coefs[s, 1], shadow_coefs[s, 2]
            zv, zs = z[2 * s], z[2 * s + 1]
            for i in range(LANES):
                dark[i] += mu + lv * zv[i] + ls * zs[i]
            if every_x:
                shadow[c, 0, s + 1, :] = dark
    if not every_x:
        x[c, 0, 0, :] = at
    if not every_v:
        v[c, 0, :] = var
    if shaded:
        if every_x:
            shadow[c, 0, 0, :] = 0.0
        else:
            shadow[c, 0, 0, :] = dark
    ivar[c, :] = total


@njit(cache=True, nogil=True, error_model="numpy")
def heston_serial(  # type: ignore[no-untyped-def]
    given, first, key, flip, start, coefs, shadow_coefs, x, v, ivar, shadow
):
    """Fill all chunks on this thread."""
    for c in range(x.shape[0]):
        heston_chunk(c, given, first, key, flip, start, coefs, shadow_coefs, x, v, ivar, shadow)


@njit(cache=True, nogil=True, error_model="numpy", parallel=True)
def heston_parallel(  # type: ignore[no-untyped-def]
    given, first, key, flip, start, coefs, shadow_coefs, x, v, ivar, shadow
):
    """Fill all chunks on the threads that numba has been allowed."""
    for c in prange(x.shape[0]):
        heston_chunk(c, given, first, key, flip, start, coefs, shadow_coefs, x, v, ivar, shadow)


@njit(cache=True, nogil=True, error_model="numpy")
def poisson_of(u, mean, none):  # type: ignore[no-untyped-def]
    """Return the Poisson quantile at `u`; `none` is ``exp(-mean)``."""
    count, p = 0, none
    total = p
    while u > total and p > 1e-18 * total:
        count += 1
        p *= mean / count
        total += p
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def merton_chunk(  # type: ignore[no-untyped-def]
    c, given, first, key, flip, drift, sd, means, jump_mean, jump_sd, x
):
    """Fill chunk `c` with jump diffusions, exact at every time of the grid."""
    steps = drift.size
    u = np.empty((3 * steps, LANES))
    z = np.empty((3 * steps, LANES))
    draw_chunk(given, c, first + np.uint64(c * LANES), 0, key, flip, u, z)
    at = np.zeros(LANES)
    every = x.shape[2] > 1
    x[c, 0, 0, :] = 0.0
    for s in range(steps):
        none = np.exp(-means[s])
        for i in range(LANES):
            count = poisson_of(u[3 * s + 1, i], means[s], none)
            at[i] += drift[s] + sd[s] * z[3 * s, i]
            at[i] += count * jump_mean + np.sqrt(count) * jump_sd * z[3 * s + 2, i]
        if every:
            x[c, 0, s + 1, :] = at
    if not every:
        x[c, 0, 0, :] = at


@njit(cache=True, nogil=True, error_model="numpy")
def merton_serial(  # type: ignore[no-untyped-def]
    given, first, key, flip, drift, sd, means, jump_mean, jump_sd, x
):
    """Fill all chunks on this thread."""
    for c in range(x.shape[0]):
        merton_chunk(c, given, first, key, flip, drift, sd, means, jump_mean, jump_sd, x)


@njit(cache=True, nogil=True, error_model="numpy", parallel=True)
def merton_parallel(  # type: ignore[no-untyped-def]
    given, first, key, flip, drift, sd, means, jump_mean, jump_sd, x
):
    """Fill all chunks on the threads that numba has been allowed."""
    for c in prange(x.shape[0]):
        merton_chunk(c, given, first, key, flip, drift, sd, means, jump_mean, jump_sd, x)
