"""GARCH and GJR with normal innovations: the short way to the derivatives.

The same numbers as `derivatives_of`, several times sooner. The sample goes through in blocks:
first the recursions of h and its derivatives, side by side into rows that stay in the nearest
cache, then the sums over each block, which vectorise. Sums may be reassociated; a test holds
them against the plain kernel.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from rf_risk.volatility._kernels.layout import ALPHA, BETA, GAMMA, MU, OMEGA

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

HALF_LOG_2PI = 0.9189385332046727
BLOCK = 128
ROWS = 20
# Rows of a block: h, its first derivatives by place, second ones that are not zero, weights.
_H, _MM, _MA, _MG, _MB, _OB, _AB, _GB, _BB, _W1, _W2, _W11, _E, _EV = range(5, 19)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc"})
def _dot(x: Floats, y: Floats, n: int) -> float:
    total = 0.0
    for t in range(n):
        total += x[t] * y[t]
    return total


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc"})
def _dots(x: Floats, y: Floats, w: Floats, w2: Floats, n: int) -> tuple[float, float]:
    first = second = 0.0
    for t in range(n):
        product = x[t] * y[t]
        first += w[t] * product
        second += w2[t] * product
    return first, second


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc"})
def _weights(e: Floats, h: Floats, w1: Floats, w2: Floats, w11: Floats, n: int) -> float:
    """Fill derivatives of the log density by h: first, second, first squared; return sum z^2."""
    total = 0.0
    for t in range(n):
        inv = 1.0 / h[t]
        square = e[t] * e[t] * inv
        total += square
        first = 0.5 * (square - 1.0) * inv
        w1[t] = first
        w2[t] = (0.5 - square) * inv * inv
        w11[t] = first * first
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _log_sum(h: Floats, n: int) -> float:
    """Return the sum of logarithms: of products of sixteen, where those are safe."""
    total = 0.0
    for start in range(0, n, 16):
        end = min(start + 16, n)
        product = 1.0
        for t in range(start, end):
            product *= h[t]
        if 1e-280 < product < 1e280:
            total += math.log(product)
        else:
            for t in range(start, end):
                if not (0.0 < h[t] < math.inf):
                    return math.nan
                total += math.log(h[t])
    return total


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def garch_normal_derivatives(
    returns: Floats, theta: Floats, free: Ints, grad: Floats, hess: Floats, outer: Floats
) -> float:
    """Return the log likelihood; fill gradient, Hessian and the sum of squared scores."""
    n = returns.shape[0]
    has_mu = free[0] == MU
    has_gamma = False
    for k in range(free.shape[0]):
        has_gamma |= free[k] == GAMMA
    mu, omega, alpha = theta[MU], theta[OMEGA], theta[ALPHA]
    gamma, beta = theta[GAMMA], theta[BETA]
    work = np.empty((ROWS, BLOCK))
    h_row, e_row = work[_H], work[_E]
    m_row, o_row, a_row, g_row, b_row = work[0], work[1], work[2], work[3], work[4]
    mm_row, ma_row, mg_row, mb_row = work[_MM], work[_MA], work[_MG], work[_MB]
    ob_row, ab_row, gb_row, bb_row = work[_OB], work[_AB], work[_GB], work[_BB]
    w1, w2, w11, ev_row = work[_W1], work[_W2], work[_W11], work[_EV]
    grad[:] = 0.0
    hess[:, :] = 0.0
    outer[:, :] = 0.0
    m = m1 = 0.0
    for t in range(n):
        e = returns[t] - mu
        m += e * e
        m1 += e
    m /= n
    m1 *= -2.0 / n
    weight = alpha + 0.5 * gamma + beta
    h = omega + weight * m
    o, a, g, b, d = 1.0, m, 0.5 * m, m, weight * m1
    mm, ma, mg, mb = 2.0 * weight, m1, 0.5 * m1, m1
    ob = ab = gb = bb = 0.0
    squares = logs = 0.0
    for start in range(0, n, BLOCK):
        size = min(BLOCK, n - start)
        block = returns[start : start + size]
        for t in range(size):
            e = block[t] - mu
            e_row[t] = e
            h_row[t], o_row[t], a_row[t], b_row[t] = h, o, a, b
            ob_row[t], ab_row[t], bb_row[t] = ob, ab, bb
            reaction = alpha + gamma if e < 0.0 else alpha
            square = e * e
            ob = o + beta * ob
            ab = a + beta * ab
            bb = 2.0 * b + beta * bb
            o = 1.0 + beta * o
            a = square + beta * a
            b = h + beta * b
            h = (omega + reaction * square) + beta * h
        if has_gamma:
            for t in range(size):
                e = e_row[t]
                g_row[t], gb_row[t] = g, gb
                gb = g + beta * gb
                g = (e * e if e < 0.0 else 0.0) + beta * g
        if has_mu:
            for t in range(size):
                e = e_row[t]
                m_row[t], mm_row[t], ma_row[t], mb_row[t] = d, mm, ma, mb
                reaction = alpha + gamma if e < 0.0 else alpha
                mb = d + beta * mb
                d = -2.0 * reaction * e + beta * d
                mm = 2.0 * reaction + beta * mm
                ma = -2.0 * e + beta * ma
                if has_gamma:
                    mg_row[t] = mg
                    mg = (-2.0 * e if e < 0.0 else 0.0) + beta * mg
        squares += _weights(e_row, h_row, w1, w2, w11, size)
        logs += _log_sum(h_row, size)
        for k in range(free.shape[0]):
            i = free[k]
            x = work[i]
            grad[i] += _dot(x, w1, size)
            for q in range(k, free.shape[0]):
                j = free[q]
                first, second = _dots(x, work[j], w2, w11, size)
                hess[i, j] += first
                outer[i, j] += second
        hess[OMEGA, BETA] += _dot(ob_row, w1, size)
        hess[ALPHA, BETA] += _dot(ab_row, w1, size)
        hess[BETA, BETA] += _dot(bb_row, w1, size)
        if has_gamma:
            hess[GAMMA, BETA] += _dot(gb_row, w1, size)
        if has_mu:
            hess[MU, MU] += _dot(mm_row, w1, size)
            hess[MU, ALPHA] += _dot(ma_row, w1, size)
            hess[MU, BETA] += _dot(mb_row, w1, size)
            if has_gamma:
                hess[MU, GAMMA] += _dot(mg_row, w1, size)
            # What the mean does beside the variance: the residual itself moves.
            for t in range(size):
                inv = 1.0 / h_row[t]
                z = e_row[t] * inv
                grad[MU] += z
                hess[MU, MU] -= inv + 2.0 * z * inv * m_row[t]
                outer[MU, MU] += z * (z + 2.0 * w1[t] * m_row[t])
                ev_row[t] = z * inv
                w11[t] = z * w1[t]
            for k in range(1, free.shape[0]):
                i = free[k]
                hess[MU, i] -= _dot(work[i], ev_row, size)
                outer[MU, i] += _dot(work[i], w11, size)
    for k in range(free.shape[0]):
        for q in range(k):
            i, j = free[k], free[q]
            hess[i, j] = hess[j, i]
            outer[i, j] = outer[j, i]
    total = -n * HALF_LOG_2PI - 0.5 * (logs + squares)
    return total if math.isfinite(total) else -math.inf
