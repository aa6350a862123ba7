"""Hagan's expansions and the least squares fit of a smile, compiled."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

_LARGEST_STEPS = 200
_TINY_COST = 1e-29
_DIFFERENCE = 1e-5


@njit(cache=True, nogil=True, error_model="numpy")
def _log_ratio(forward, strike, gap):  # type: ignore[no-untyped-def]
    """Return ``ln(forward / strike)``, exact where the two are close."""
    relative = gap / strike
    if abs(relative) < 0.5:
        return math.log1p(relative)
    return math.log(forward / strike)


@njit(cache=True, nogil=True, error_model="numpy")
def skew_ratio(z, rho):  # type: ignore[no-untyped-def]
    """Return ``z / x(z)`` for ``-1 < rho < 1``; no cancellation at z = 0 or near rho = 1."""
    if z < 0.0:  # x(z; rho) = -x(-z; -rho)
        z = -z
        rho = -rho
    if z == 0.0:
        return 1.0
    root = math.sqrt((z - rho) * (z - rho) + (1.0 - rho) * (1.0 + rho))
    if z < rho:
        grown = (1.0 + rho) / (root + rho - z) + 1.0
    else:
        grown = (root + (z - rho)) / (1.0 - rho) + 1.0
    x = math.log1p(z * grown / (root + 1.0))
    if x == 0.0 or not math.isfinite(x):
        return math.nan if x != 0.0 else 1.0
    return z / x


@njit(cache=True, nogil=True, error_model="numpy")
def sabr_vol(forward, strike, gap, tau, alpha, beta, rho, nu, is_normal):  # type: ignore[no-untyped-def]
    """Return Hagan's vol; `gap` is forward minus strike before any shift. NaN: bad input."""
    good = forward > 0.0 and strike > 0.0 and tau >= 0.0 and alpha > 0.0 and nu >= 0.0
    good = good and 0.0 <= beta <= 1.0 and -1.0 < rho < 1.0
    good = good and math.isfinite(forward + strike + tau + alpha + nu)
    if not good:
        return math.nan
    log_ratio = _log_ratio(forward, strike, gap)
    one_beta = 1.0 - beta
    # The geometric mean to the power 1 - beta, without the product that may overflow.
    log_mean = 0.5 * (math.log(forward) + math.log(strike))
    if abs(log_ratio) < 0.1:
        log_mean = math.log(strike) + 0.5 * log_ratio
    mean_power = 1.0 if one_beta == 0.0 else math.exp(one_beta * log_mean)
    local = alpha / mean_power
    z = nu / local * log_ratio
    squared = log_ratio * log_ratio
    c = one_beta * one_beta * squared
    series = 1.0 + c * (1.0 / 24.0 + c / 1920.0)
    mixed = 0.25 * rho * beta * nu * local + (2.0 - 3.0 * rho * rho) / 24.0 * nu * nu
    if is_normal:
        top = alpha * math.exp(beta * log_mean) * (1.0 + squared * (1.0 / 24.0 + squared / 1920.0))
        drift = mixed - beta * (2.0 - beta) / 24.0 * local * local
    else:
        top = local
        drift = mixed + one_beta * one_beta / 24.0 * local * local
    vol = top / series * skew_ratio(z, rho) * (1.0 + drift * tau)
    return vol if vol > 0.0 and math.isfinite(vol) else math.nan


@njit(cache=True, nogil=True, error_model="numpy")
def sabr_vols(columns, is_normal, out):  # type: ignore[no-untyped-def]
    """Fill `out`; return how many are NaN. Columns of one entry serve every row."""
    forward, strike, tau, alpha, beta, rho, nu, shift = columns
    bad = 0
    for i in range(out.size):
        f = forward[i if forward.size > 1 else 0]
        k = strike[i if strike.size > 1 else 0]
        s = shift[i if shift.size > 1 else 0]
        out[i] = sabr_vol(
            f + s,
            k + s,
            f - k,
            tau[i if tau.size > 1 else 0],
            alpha[i if alpha.size > 1 else 0],
            beta[i if beta.size > 1 else 0],
            rho[i if rho.size > 1 else 0],
            nu[i if nu.size > 1 else 0],
            is_normal,
        )
        bad += out[i] != out[i]
    return bad


@njit(cache=True, nogil=True, error_model="numpy")
def atm_alpha(forward, tau, vol, beta, rho, nu):  # type: ignore[no-untyped-def]
    """Return the smallest positive alpha with this vol at the money, by Newton from below."""
    power = forward ** (1.0 - beta)
    c3 = (1.0 - beta) * (1.0 - beta) * tau / 24.0
    c2 = 0.25 * rho * beta * nu * tau
    c1 = 1.0 + (2.0 - 3.0 * rho * rho) * nu * nu * tau / 24.0
    local = vol
    for _ in range(50):
        value = ((c3 * local + c2) * local + c1) * local - vol
        slope = (3.0 * c3 * local + 2.0 * c2) * local + c1
        if slope <= 0.0:
            return vol * power
        step = value / slope
        local -= step
        if abs(step) <= 1e-14 * abs(local):
            break
    return local * power if local > 0.0 else vol * power


@njit(cache=True, nogil=True, error_model="numpy")
def _residuals(point, forward, strikes, shift, vols, tau, beta, out):  # type: ignore[no-untyped-def]
    alpha, rho, nu = math.exp(point[0]), math.tanh(point[1]), math.exp(point[2])
    total = 0.0
    for i in range(strikes.size):
        k = strikes[i]
        found = sabr_vol(forward + shift, k + shift, forward - k, tau, alpha, beta, rho, nu, False)
        out[i] = found - vols[i]
        total += out[i] * out[i]
    return total if math.isfinite(total) else math.inf


@njit(cache=True, nogil=True, error_model="numpy")
def _fit_from(point, forward, strikes, shift, vols, tau, beta):  # type: ignore[no-untyped-def]
    """Levenberg-Marquardt in place; return the cost and whether it converged."""
    n = strikes.size
    now, up, down = np.empty(n), np.empty(n), np.empty(n)
    jacobian = np.empty((n, 3))
    moved = np.empty(3)
    cost = _residuals(point, forward, strikes, shift, vols, tau, beta, now)
    if not math.isfinite(cost):
        return cost, False
    damping = 1e-3
    for _ in range(_LARGEST_STEPS):
        for j in range(3):
            moved[:] = point
            moved[j] = point[j] + _DIFFERENCE
            high = _residuals(moved, forward, strikes, shift, vols, tau, beta, up)
            moved[j] = point[j] - _DIFFERENCE
            low = _residuals(moved, forward, strikes, shift, vols, tau, beta, down)
            if not math.isfinite(high + low):
                return cost, False
            jacobian[:, j] = (up - down) / (2.0 * _DIFFERENCE)
        gradient = jacobian.T @ now
        normal = jacobian.T @ jacobian
        if cost <= _TINY_COST * n:
            return cost, True
        improved = False
        while damping < 1e12:
            lifted = normal.copy()
            for j in range(3):
                lifted[j, j] += damping * normal[j, j] + 1e-30
            step = np.linalg.solve(lifted, -gradient)
            for j in range(3):
                step[j] = min(max(step[j], -1.0), 1.0)
            moved[:] = point + step
            trial = _residuals(moved, forward, strikes, shift, vols, tau, beta, up)
            if trial < cost:
                improved = True
                break
            damping *= 4.0
        if not improved:
            # Nothing below: a minimum as far as rounding shows.
            return cost, True
        size = np.max(np.abs(moved - point))
        point[:] = moved
        now[:] = up
        gain = cost - trial
        cost = trial
        damping = max(0.1 * damping, 1e-15)
        if gain <= 1e-15 * cost and size < 1e-8:
            return cost, True
    return cost, False


@njit(cache=True, nogil=True, error_model="numpy")
def sabr_fit(forward, strikes, shift, vols, atm, tau, beta):  # type: ignore[no-untyped-def]
    """Return alpha, rho, nu, the cost and whether the best fit converged."""
    rhos = np.array([-0.85, -0.5, -0.15, 0.15, 0.5, 0.85])
    scales = np.array([0.15, 0.5, 1.0, 2.0])
    starts = np.empty((rhos.size * scales.size, 3))
    costs = np.empty(starts.shape[0])
    scratch = np.empty(strikes.size)
    unit = 1.0 / math.sqrt(max(tau, 0.05))
    row = 0
    for rho in rhos:
        for scale in scales:
            nu = scale * min(unit, 1.5)
            alpha = atm_alpha(forward + shift, tau, atm, beta, rho, nu)
            starts[row, 0] = math.log(alpha)
            starts[row, 1] = math.atanh(rho)
            starts[row, 2] = math.log(nu)
            costs[row] = _residuals(starts[row], forward, strikes, shift, vols, tau, beta, scratch)
            row += 1
    order = np.argsort(costs, kind="mergesort")
    best = starts[order[0]].copy()
    best_cost = math.inf
    best_done = False
    for tried in range(10):
        point = starts[order[tried]].copy()
        cost, done = _fit_from(point, forward, strikes, shift, vols, tau, beta)
        if cost < best_cost:
            best_cost, best_done = cost, done
            best[:] = point
        if best_done and best_cost <= _TINY_COST * strikes.size:
            break
    return math.exp(best[0]), math.tanh(best[1]), math.exp(best[2]), best_cost, best_done
