"""Newton's method under linear constraints, with exact derivatives, in one compiled call.

Every iterate is feasible. A step solves the quadratic model under the constraints by an active
set, so that a bound that binds is a proper constrained maximum (Karush-Kuhn-Tucker) and a
parameter on its bound stands on it exactly.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from rf_risk.volatility._kernels.garch_normal import garch_normal_derivatives
from rf_risk.volatility._kernels.layout import GARCH, NORMAL, SIZE
from rf_risk.volatility._kernels.likelihood import derivatives_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ON_EDGE = 1e-12
"""Slack of a constraint below which it holds its parameters."""
DECREMENT = 1e-13
"""Newton's decrement of the log likelihood at which the maximum is reached."""
DONE = 1e-9
"""The decrement up to which a fit counts as converged."""


@njit(cache=True, nogil=True, error_model="numpy")
def solve(a: Floats, b: Floats, n: int) -> bool:
    """Solve the leading n equations in place (partial pivoting); False when singular."""
    for k in range(n):
        best = k
        for i in range(k + 1, n):
            if abs(a[i, k]) > abs(a[best, k]):
                best = i
        if not abs(a[best, k]) > 1e-14:
            return False
        if best != k:
            for j in range(k, n):
                a[k, j], a[best, j] = a[best, j], a[k, j]
            b[k], b[best] = b[best], b[k]
        for i in range(k + 1, n):
            factor = a[i, k] / a[k, k]
            if factor != 0.0:
                for j in range(k + 1, n):
                    a[i, j] -= factor * a[k, j]
                b[i] -= factor * b[k]
    for k in range(n - 1, -1, -1):
        value = b[k]
        for j in range(k + 1, n):
            value -= a[k, j] * b[j]
        b[k] = value / a[k, k]
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def is_positive_definite(a: Floats, n: int, work: Floats) -> bool:
    """Tell by Cholesky's factors whether a symmetric matrix is, with a relative margin."""
    for j in range(n):
        pivot = a[j, j]
        for k in range(j):
            pivot -= work[j, k] * work[j, k]
        if not pivot > 1e-10 * abs(a[j, j]):
            return False
        root = math.sqrt(pivot)
        work[j, j] = root
        for i in range(j + 1, n):
            value = a[i, j]
            for k in range(j):
                value -= work[i, k] * work[j, k]
            work[i, j] = value / root
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def quadratic_step(
    g: Floats, b: Floats, rows: Floats, slack: Floats, active: npt.NDArray[np.bool_], d: Floats
) -> bool:
    """Maximise ``g d - d b d / 2`` under ``rows d <= slack``, `b` positive definite.

    `active` comes in as a first guess of the constraints that hold and goes out as those that do.
    """
    p, m = g.shape[0], slack.shape[0]
    kkt, rhs = np.empty((p + m, p + m)), np.empty(p + m)
    held = np.empty(m, np.int64)
    d[:] = 0.0
    for _ in range(8 * (p + m)):
        n = p
        for c in range(m):
            if active[c]:
                held[n - p] = c
                n += 1
        kkt[:n, :n] = 0.0
        for i in range(p):
            rhs[i] = g[i]
            for j in range(p):
                kkt[i, j] = b[i, j]
                rhs[i] -= b[i, j] * d[j]
        for k in range(p, n):
            c = held[k - p]
            left = slack[c]
            for i in range(p):
                kkt[i, k] = kkt[k, i] = rows[c, i]
                left -= rows[c, i] * d[i]
            rhs[k] = left
        if n > 2 * p or not solve(kkt, rhs, n):
            return False
        length, blocking = 1.0, -1
        for c in range(m):
            if active[c]:
                continue
            along = at = 0.0
            for i in range(p):
                along += rows[c, i] * rhs[i]
                at += rows[c, i] * d[i]
            if along > 1e-14 and slack[c] - at < length * along:
                length, blocking = max((slack[c] - at) / along, 0.0), c
        for i in range(p):
            d[i] += length * rhs[i]
        if blocking >= 0:
            active[blocking] = True
            continue
        worst, drop = -1e-9, -1
        for k in range(p, n):
            if rhs[k] < worst:
                worst, drop = rhs[k], held[k - p]
        if drop < 0:
            return True
        active[drop] = False
    return False


@njit(cache=True, nogil=True, error_model="numpy")
def scaled_step(
    g: Floats, b: Floats, rows: Floats, slack: Floats, active: npt.NDArray[np.bool_], d: Floats
) -> bool:
    """Return `quadratic_step` in units of each direction's curvature.

    An omega near zero bends twenty orders of magnitude more than the rest.
    """
    p, m = g.shape[0], slack.shape[0]
    unit, norm = np.empty(p), np.ones(m)
    sg, sb, srows, sslack = np.empty(p), np.empty((p, p)), np.empty((m, p)), np.empty(m)
    for i in range(p):
        if not b[i, i] > 0.0:
            return False
        unit[i] = 1.0 / math.sqrt(b[i, i])
    for i in range(p):
        sg[i] = g[i] * unit[i]
        for j in range(p):
            sb[i, j] = b[i, j] * unit[i] * unit[j]
    for c in range(m):
        total = 0.0
        for i in range(p):
            srows[c, i] = rows[c, i] * unit[i]
            total += srows[c, i] * srows[c, i]
        if total > 0.0:
            norm[c] = 1.0 / math.sqrt(total)
        for i in range(p):
            srows[c, i] *= norm[c]
        sslack[c] = slack[c] * norm[c]
    if not quadratic_step(sg, sb, srows, sslack, active, d):
        return False
    for i in range(p):
        d[i] *= unit[i]
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def evaluate(
    kind: int,
    dist: int,
    returns: Floats,
    theta: Floats,
    free: Ints,
    grad: Floats,
    hess: Floats,
    outer: Floats,
) -> float:
    """Return the log likelihood with derivatives, by the short way where there is one."""
    if kind == GARCH and dist == NORMAL:
        return garch_normal_derivatives(returns, theta, free, grad, hess, outer)
    return derivatives_of(kind, dist, returns, theta, free, grad, hess, outer)


@njit(cache=True, nogil=True, error_model="numpy")
def make_positive(b: Floats, p: int) -> None:
    """Turn negative curvature of a symmetric matrix over, in units of its diagonal."""
    scale = np.empty(p)
    largest = 0.0
    for i in range(p):
        largest = max(largest, abs(b[i, i]))
    for i in range(p):
        scale[i] = math.sqrt(max(abs(b[i, i]), 1e-14 * largest, 1e-300))
    for i in range(p):
        for j in range(p):
            b[i, j] /= scale[i] * scale[j]
    values, vectors = np.linalg.eigh(b)
    for i in range(p):
        for j in range(p):
            total = 0.0
            for k in range(p):
                total += vectors[i, k] * max(abs(values[k]), 1e-8) * vectors[j, k]
            b[i, j] = total * scale[i] * scale[j]


@njit(cache=True, nogil=True, error_model="numpy")
def _model_step(
    g: Floats,
    hess: Floats,
    outer: Floats,
    rows: Floats,
    slack: Floats,
    active: npt.NDArray[np.bool_],
    d: Floats,
    by_scores: bool,
) -> int:
    """Fill a step of definite curvature: 0 Newton's, 1 by the scores' squares, -1 there is none.

    Where the Hessian is not definite, `by_scores` takes the sum of squared scores first, which
    leads well from afar, and otherwise the Hessian with its negative curvatures turned over.
    """
    p, m = g.shape[0], slack.shape[0]
    b, factors = np.empty((p, p)), np.empty((p, p))
    largest = 0.0
    for i in range(p):
        largest = max(largest, abs(hess[i, i]), outer[i, i])
    if not largest < math.inf:
        return -1
    for way in range(5):
        if way == 2 and not by_scores:
            continue
        for c in range(m):
            active[c] = slack[c] <= ON_EDGE
        if way == 1 and not active.any():
            continue
        scores = way == 2 or way == 4
        for i in range(p):
            for j in range(p):
                b[i, j] = outer[i, j] if scores else -hess[i, j]
            if way == 4:
                b[i, i] = b[i, i] * 1.001 + 1e-6 * largest
        if way == 1 or way == 3:
            # Curvature along constraints that hold does not move a step inside them.
            for c in range(m):
                if active[c]:
                    # By the curvature of its own parameters: that of omega may be 1e16 larger.
                    own = 0.0
                    for i in range(p):
                        if rows[c, i] != 0.0:
                            own = max(own, abs(hess[i, i]))
                    for i in range(p):
                        for j in range(p):
                            b[i, j] += 1e3 * own * rows[c, i] * rows[c, j]
        if way == 3:
            make_positive(b, p)
        if is_positive_definite(b, p, factors) and scaled_step(g, b, rows, slack, active, d):
            return 1 if scores else 0
    return -1


@njit(cache=True, nogil=True, error_model="numpy")
def maximise(
    kind: int,
    dist: int,
    returns: Floats,
    theta: Floats,
    free: Ints,
    rows: Floats,
    limits: Floats,
    max_steps: int,
    grad: Floats,
    hess: Floats,
    outer: Floats,
    held: npt.NDArray[np.bool_],
) -> tuple[float, int, float]:
    """Climb from `theta`, in place; return log likelihood, steps and the last decrement.

    ``rows theta <= limits`` in full places. At the end `grad`, `hess` and `outer` are those of
    `theta`, and `held` marks constraints that hold. The decrement is what a further Newton step
    promises to add to the log likelihood; infinite when no step could be formed.
    """
    p, m = free.shape[0], limits.shape[0]
    g, d = np.empty(p), np.empty(p)
    sub_h, sub_o, sub_rows = np.empty((p, p)), np.empty((p, p)), np.empty((m, p))
    slack, active = np.empty(m), np.empty(m, np.bool_)
    trial = theta.copy()
    t_grad, t_hess, t_outer = np.empty(SIZE), np.empty((SIZE, SIZE)), np.empty((SIZE, SIZE))
    for c in range(m):
        for i in range(p):
            sub_rows[c, i] = rows[c, free[i]]
    value = evaluate(kind, dist, returns, theta, free, grad, hess, outer)
    decrement = math.inf
    held[:] = False
    steps = 0
    if value == -math.inf:
        return value, 0, decrement
    while steps < max_steps:
        steps += 1
        for i in range(p):
            g[i] = grad[free[i]]
            for j in range(p):
                sub_h[i, j] = hess[free[i], free[j]]
                sub_o[i, j] = outer[free[i], free[j]]
        for c in range(m):
            at = 0.0
            for i in range(SIZE):
                at += rows[c, i] * theta[i]
            slack[c] = max(limits[c] - at, 0.0)
        way = _model_step(g, sub_h, sub_o, sub_rows, slack, active, d, steps <= 8)
        if way < 0:
            break
        rise = 0.0
        for i in range(p):
            rise += g[i] * d[i]
        decrement = 0.5 * abs(rise)
        for c in range(m):
            held[c] = active[c] and slack[c] <= ON_EDGE
        if decrement < (DECREMENT if way == 0 else 1e-3 * DECREMENT):
            break
        length, accepted = 1.0, False
        for _ in range(25):
            for i in range(p):
                trial[free[i]] = theta[free[i]] + length * d[i]
            _stand_on_bounds(trial, rows, limits, active, length == 1.0)
            t_value = evaluate(kind, dist, returns, trial, free, t_grad, t_hess, t_outer)
            # Near the top the rise drowns in the rounding of a sum of n logarithms.
            if t_value >= value + 1e-4 * length * rise - 1e-13 * abs(value):
                accepted = True
                break
            length *= 0.5 if length > 0.2 else 0.25
        if not accepted:
            break
        value = t_value
        theta[:] = trial
        grad[:] = t_grad
        hess[:, :] = t_hess
        outer[:, :] = t_outer
    return value, steps, decrement


@njit(cache=True, nogil=True, error_model="numpy")
def _stand_on_bounds(
    theta: Floats, rows: Floats, limits: Floats, active: npt.NDArray[np.bool_], whole: bool
) -> None:
    """Put parameters exactly on a bound of their own that a whole step meets or rounding passed."""
    for c in range(limits.shape[0]):
        place, count = -1, 0
        for i in range(SIZE):
            if rows[c, i] != 0.0:
                place, count = i, count + 1
        if count == 1 and ((whole and active[c]) or rows[c, place] * theta[place] > limits[c]):
            theta[place] = limits[c] / rows[c, place] + 0.0
