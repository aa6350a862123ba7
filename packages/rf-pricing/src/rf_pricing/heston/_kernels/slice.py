"""Options of one expiry: a shared contour for each side, their own where that is not enough."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from rf_pricing.heston._kernels.contour import contour_of
from rf_pricing.heston._kernels.integral import place_nodes, sum_nodes
from rf_pricing.heston._kernels.transform import log_moment

GOOD, ZERO, FAILED = 0, 1, 2
BAD_STRIKE, BAD_TAU, BAD_FORWARD = 1, 2, 3

_DIGITS = 48.0
"""First step: 2 pi strip / this, about the natural logarithm of what the rule gets right."""
_ERROR, _SLOPE_ERROR = 2e-13, 1e-11
"""Relative error of a value; error of a derivative relative to the size of its terms."""
_LENIENT_SLOPE_ERROR = 1e-8
_ABSOLUTE_ERROR = 1e-16
"""In units of the lesser of forward and strike, where nothing better is to be had."""
_ROUNDING = 2e-16
_WORST_CANCELLATION = 1e6
_SHARED_NODES, _OWN_NODES = 256, 16384
_MODES, _LENIENT_MODES = 6, 12


@njit(cache=True, nogil=True, error_model="numpy")
def log_strikes(strikes, taus, forwards, out):  # type: ignore[no-untyped-def]
    """Fill log(strike / forward), with all digits where the two are close; name what is bad."""
    for i in range(taus.shape[0]):
        if not 0.0 <= taus[i] < math.inf:
            return BAD_TAU
        if not 0.0 < forwards[i] < math.inf:
            return BAD_FORWARD
    for i in range(strikes.shape[0]):
        strike, forward = strikes[i], forwards[i if forwards.shape[0] > 1 else 0]
        if not 0.0 < strike < math.inf:
            return BAD_STRIKE
        if 0.5 * forward < strike < 2.0 * forward:
            out[i] = math.log1p((strike - forward) / forward)
        else:
            out[i] = math.log(strike) - math.log(forward)
    return 0


@njit(cache=True, nogil=True, error_model="numpy")
def expected_variance(tau, v0, kappa, theta):  # type: ignore[no-untyped-def]
    """Return the expectation of the integrated variance."""
    x = kappa * tau
    if x < 1e-3:
        # tau less (1 - exp(-x)) / kappa, by its series.
        rest = tau * x * (0.5 - x * (1.0 / 6.0 - x * (1.0 / 24.0 - x / 120.0)))
        return theta * rest + v0 * (tau - rest)
    weight = -math.expm1(-x) / kappa
    return theta * (tau - weight) + v0 * weight


@njit(cache=True, nogil=True, error_model="numpy")
def _settle(kind, sums, sizes, i, k, scale, lenient, out, spot):  # type: ignore[no-untyped-def]
    """Write one strike's results to `out`; return the error as a multiple of what is allowed.

    Rules of three steps h, 2h and 4h: their distances shrink ever faster, so the error of the
    first is at most the last distance times the last shrinkage. Terms far larger than their sum
    lose its digits to rounding.
    """
    outputs = sizes.shape[0]
    worst = 0.0
    least = min(1.0, math.exp(k))
    for m in range(outputs):
        fourth, second, odd = sums[0, m, i], sums[1, m, i], sums[2, m, i]
        found = fourth + second + odd
        before = abs(3.0 * fourth - second - odd)  # between h and 4h
        gap = abs(fourth + second - odd)  # between h and 2h
        if not before < math.inf:
            return math.inf
        error = gap * min(1.0, gap / before) if before > 0.0 else 0.0
        whole = found * scale
        if kind == 0 and m == 0:
            whole += least
        elif kind == 0 and m == 7:
            whole += 1.0 if k >= 0.0 else 0.0
        out[m, spot] = whole
        if m == 0:
            allowed = _ERROR * abs(found)
            if sizes[m, i] > _WORST_CANCELLATION * abs(found) and not lenient:
                return math.inf
            if lenient:
                allowed = max(allowed, _ABSOLUTE_ERROR * least / scale)
        else:
            allowed = (_LENIENT_SLOPE_ERROR if lenient else _SLOPE_ERROR) * sizes[m, i]
        allowed = max(allowed, _ROUNDING * sizes[m, i])
        if error > 0.0:
            worst = max(worst, error / allowed if allowed > 0.0 else math.inf)
    return worst


@njit(cache=True, nogil=True, error_model="numpy")
def _shared(ks, members, count, tau, model, total, outputs, work, out, status):  # type: ignore[no-untyped-def]
    """Price the `members` (first `count`) on one contour; keep those that do not settle."""
    v0, kappa, theta, sigma, rho = model
    nodes, coefs = work
    low, high = math.inf, -math.inf
    for n in range(count):
        low = min(low, ks[members[n]])
        high = max(high, ks[members[n]])
    contour = contour_of(0.5 * (low + high), tau, v0, kappa, theta, sigma, rho, total, 0)
    kind = contour[5]
    if kind == 2:
        return count
    cross = contour[0]
    base = log_moment(cross + 0.0j, tau, v0, kappa, theta, sigma, rho).real
    h = 2.0 * math.pi * contour[4] / _DIGITS
    for _ in range(3):
        placed = place_nodes(contour, h, low, high, tau, model, outputs, nodes, coefs)
        if placed < 0:
            return count
        mine = np.empty(count)
        for n in range(count):
            mine[n] = ks[members[n]]
        sums, sizes = np.empty((3, outputs, count)), np.empty((outputs, count))
        sum_nodes(placed, nodes, coefs, mine, sums, sizes)
        left = 0
        for n in range(count):
            at = members[n]
            scale = math.exp(base + (1.0 - cross) * mine[n]) / math.pi
            miss = _settle(kind, sums, sizes, n, mine[n], scale, False, out, at)
            if sizes[0, n] > 300.0 * abs(out[0, at] / scale):
                miss = 2.0  # a contour of its own keeps more digits
            if kind == 0 and out[0, at] < 1e-3 * min(1.0, math.exp(mine[n])):
                miss = 2.0
            if miss <= 1.0:
                status[at] = GOOD
            else:
                members[left] = at
                left += 1
        count = left
        if count == 0:
            return 0
        h *= 0.5
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def _alone(k, spot, tau, model, total, outputs, out):  # type: ignore[no-untyped-def]
    """Price one strike: refine, then try other contours; return the status."""
    v0, kappa, theta, sigma, rho = model
    one = np.array([k])
    sums, sizes = np.empty((3, outputs, 1)), np.empty((outputs, 1))
    capacity = 512
    nodes, coefs = np.empty((2, capacity)), np.empty((2 * outputs, capacity))
    for attempt in range(_LENIENT_MODES):
        mode = attempt % _MODES
        contour = contour_of(k, tau, v0, kappa, theta, sigma, rho, total, mode)
        kind = contour[5]
        if kind == 2:
            for m in range(outputs):
                out[m, spot] = 0.0
            return ZERO
        cross = contour[0]
        base = log_moment(cross + 0.0j, tau, v0, kappa, theta, sigma, rho).real
        scale = math.exp(base + (1.0 - cross) * k) / math.pi
        h = 2.0 * math.pi * contour[4] / _DIGITS
        for _ in range(8):
            placed = place_nodes(contour, h, k, k, tau, model, outputs, nodes, coefs)
            if placed < 0:
                if capacity >= _OWN_NODES:
                    break
                capacity *= 4
                nodes, coefs = np.empty((2, capacity)), np.empty((2 * outputs, capacity))
                continue
            sum_nodes(placed, nodes, coefs, one, sums, sizes)
            if _settle(kind, sums, sizes, 0, k, scale, attempt >= _MODES, out, spot) <= 1.0:
                return GOOD
            h *= 0.5
    return FAILED


@njit(cache=True, nogil=True, error_model="numpy")
def slice_values(ks, tau, v0, kappa, theta, sigma, rho, out, status):  # type: ignore[no-untyped-def]
    """Fill what options out of the money are worth, undiscounted and in units of the forward.

    `ks` (n,) are log strikes relative to the forward: puts below zero, calls from zero on. `out`
    is (outputs, n) with 1, 6 or 9 outputs: value; derivatives by v0, kappa, theta, sigma, rho,
    tau; forward times the first and squared times the second derivative by the forward.
    """
    model = (v0, kappa, theta, sigma, rho)
    outputs, n = out.shape
    total = expected_variance(tau, v0, kappa, theta)
    members = np.empty(n, np.int64)
    work = (np.empty((2, _SHARED_NODES)), np.empty((2 * outputs, _SHARED_NODES)))
    for side in range(2):
        count = 0
        for i in range(n):
            if (ks[i] >= 0.0) == (side == 1):
                members[count] = i
                count += 1
        if count == 0:
            continue
        if count > 1:
            count = _shared(ks, members, count, tau, model, total, outputs, work, out, status)
        for m in range(count):
            i = members[m]
            status[i] = _alone(ks[i], i, tau, model, total, outputs, out)
