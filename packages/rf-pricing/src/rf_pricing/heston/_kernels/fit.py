"""Least squares on implied volatilities: the surface, its slopes, and Levenberg-Marquardt."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from rf_pricing._normal import norm_pdf
from rf_pricing.heston._kernels.slice import GOOD, slice_values
from rf_pricing.vanilla._kernels.implied import black_implied_stdev

_PARAMETERS = 5
_ROUNDING = 1e-14
"""Volatility error that is rounding: an exact surface has been met."""


@njit(cache=True, nogil=True, error_model="numpy")
def surface_vols(p, ks, edges, taus, vols, slopes):  # type: ignore[no-untyped-def]
    """Fill model volatilities and their slopes (n, 5); return False where there are none.

    Quotes are sorted by expiry: those of ``taus[e]`` stand from ``edges[e]`` to ``edges[e + 1]``.
    """
    for e in range(taus.shape[0]):
        first, count = edges[e], edges[e + 1] - edges[e]
        out, status = np.empty((6, count)), np.zeros(count, np.int64)
        here = ks[first : first + count]
        root = math.sqrt(taus[e])
        slice_values(here, taus[e], p[0], p[1], p[2], p[3], p[4], out, status)
        for i in range(count):
            if status[i] != GOOD or not out[0, i] > 0.0:
                return False
            k = here[i]
            stdev = black_implied_stdev(out[0, i], 1.0, math.exp(k), 1.0 if k >= 0.0 else -1.0)
            if not stdev > 0.0:
                return False
            vega = root * norm_pdf(0.5 * stdev - k / stdev)
            if not vega > 0.0:
                return False
            vols[first + i] = stdev / root
            for m in range(_PARAMETERS):
                slopes[first + i, m] = out[1 + m, i] / vega
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def _cost(vols, quoted, weights):  # type: ignore[no-untyped-def]
    total = 0.0
    for i in range(vols.shape[0]):
        miss = vols[i] - quoted[i]
        total += weights[i] * miss * miss
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _normal_equations(vols, slopes, quoted, weights, p, matrix, vector):  # type: ignore[no-untyped-def]
    """Fill ``J' W J`` and ``-J' W r`` in the logarithms of the first four parameters."""
    matrix[:] = 0.0
    vector[:] = 0.0
    for i in range(vols.shape[0]):
        miss = vols[i] - quoted[i]
        for a in range(_PARAMETERS):
            one = slopes[i, a] * (p[a] if a < 4 else 1.0)
            vector[a] -= weights[i] * one * miss
            for b in range(a + 1):
                two = slopes[i, b] * (p[b] if b < 4 else 1.0)
                matrix[a, b] += weights[i] * one * two
    for a in range(_PARAMETERS):
        for b in range(a):
            matrix[b, a] = matrix[a, b]


@njit(cache=True, nogil=True, error_model="numpy")
def _solve(matrix, vector, free, damping, step):  # type: ignore[no-untyped-def]
    """Solve the damped equations of the free parameters by Cholesky; False if it fails."""
    n = 0
    index = np.empty(_PARAMETERS, np.int64)
    step[:] = 0.0
    for a in range(_PARAMETERS):
        if free[a]:
            index[n] = a
            n += 1
    lower, y = np.zeros((n, n)), np.empty(n)
    for i in range(n):
        for j in range(i + 1):
            total = matrix[index[i], index[j]]
            if i == j:
                total += damping * max(total, 1e-300)
            for m in range(j):
                total -= lower[i, m] * lower[j, m]
            if i == j:
                if not total > 0.0:
                    return False
                lower[i, i] = math.sqrt(total)
            else:
                lower[i, j] = total / lower[j, j]
    for i in range(n):
        total = vector[index[i]]
        for m in range(i):
            total -= lower[i, m] * y[m]
        y[i] = total / lower[i, i]
    for i in range(n - 1, -1, -1):
        total = y[i]
        for m in range(i + 1, n):
            total -= lower[m, i] * step[index[m]]
        step[index[i]] = total / lower[i, i]
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def levenberg(p, ks, edges, taus, quoted, weights, low, high, most):  # type: ignore[no-untyped-def]
    """Minimise from `p`, which is overwritten; return cost, iterations and whether it settled.

    Steps are in logarithms but for the correlation, at most a factor of four, and cut at the
    bounds; a parameter at a bound that wants to leave the range is held.
    """
    n = quoted.shape[0]
    vols, slopes = np.empty(n), np.empty((n, _PARAMETERS))
    new_vols, new_slopes = np.empty(n), np.empty((n, _PARAMETERS))
    matrix, vector = np.empty((_PARAMETERS, _PARAMETERS)), np.empty(_PARAMETERS)
    step, trial = np.empty(_PARAMETERS), np.empty(_PARAMETERS)
    free = np.ones(_PARAMETERS, np.bool_)
    if not surface_vols(p, ks, edges, taus, vols, slopes):
        return math.inf, 0, False
    cost = _cost(vols, quoted, weights)
    heavy = 0.0
    for i in range(n):
        heavy += weights[i]
    damping, growth = 1e-3, 4.0
    for iteration in range(1, most + 1):
        _normal_equations(vols, slopes, quoted, weights, p, matrix, vector)
        wants = 0.0
        for a in range(_PARAMETERS):
            held = (p[a] <= low[a] and vector[a] < 0.0) or (p[a] >= high[a] and vector[a] > 0.0)
            free[a] = not held
            if free[a] and matrix[a, a] > 0.0:
                wants = max(wants, abs(vector[a]) / math.sqrt(matrix[a, a]))
        if cost <= heavy * _ROUNDING * _ROUNDING or wants <= 1e-9 * math.sqrt(cost):
            return cost, iteration, True
        better = False
        for _ in range(40):
            if _solve(matrix, vector, free, damping, step):
                moved = 0.0
                for a in range(_PARAMETERS):
                    if a < 4:
                        trial[a] = p[a] * math.exp(min(max(step[a], -1.4), 1.4))
                    else:
                        trial[a] = p[a] + min(max(step[a], -0.5), 0.5)
                    trial[a] = min(max(trial[a], low[a]), high[a])
                    scale = p[a] if a < 4 else 1.0
                    moved = max(moved, abs(trial[a] - p[a]) / scale)
                if surface_vols(trial, ks, edges, taus, new_vols, new_slopes):
                    new_cost = _cost(new_vols, quoted, weights)
                    if new_cost < cost:
                        better = True
                        break
                if moved < 1e-10:
                    break
            damping = max(damping * growth, 1e-12)
            growth *= 1.5
        if not better:
            # No step of any length helps: rounding, or a corner of the bounds.
            return cost, iteration, moved < 1e-6 or wants <= 1e-6 * math.sqrt(cost)
        gain = cost - new_cost
        damping = max(damping * 0.15, 1e-14)
        growth = 4.0
        p[:] = trial
        vols, new_vols = new_vols, vols
        slopes, new_slopes = new_slopes, slopes
        settled = gain <= 1e-12 * cost and moved < 1e-5
        cost = new_cost
        if settled:
            return cost, iteration, True
    return cost, most, False
