"""The integral over a contour: nodes first, shared by all strikes, then the strikes.

The trapezoidal rule on ``y >= 0`` (the contour is symmetric about the real axis) converges
geometrically: halving the step squares the error, or at worst shrinks it as much again as the
halving before. The rules of every other and of every fourth node come for nothing, and their
distances tell the error.
"""

from __future__ import annotations

import cmath
import math

import numpy as np
from numba import njit

from rf_pricing._normal import exp_sum
from rf_pricing.heston._kernels.transform import log_moment, log_moment_slopes

VALUE, BY_V0, BY_KAPPA, BY_THETA, BY_SIGMA, BY_RHO, BY_TAU, BY_FORWARD, BY_FORWARD_TWICE = range(9)

_CUT = -41.0  # exp(-41) = 1.6e-18
_LARGEST_Y = 200.0
_TWO_OVER_PI = 0.6366197723675814
_ROUND = 6755399441055744.0  # 1.5 * 2**52: adding it rounds to a whole number
# pi / 2 in three pieces, the first two of 33 bits: products with small whole numbers are exact.
_HALF_PI_1 = 1.5707963267341256
_HALF_PI_2 = 6.077100506303966e-11
_HALF_PI_3 = 2.0222662487959506e-21
_LARGEST_TURN = 1e5


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def _cos_sin(x):  # type: ignore[no-untyped-def]
    """Return cosine and sine of ``|x| < 1e5``, without a branch so that loops vectorise."""
    shifted = x * _TWO_OVER_PI + _ROUND
    turns = shifted - _ROUND
    quarter = np.int64(np.float64(shifted).view(np.int64)) & 3
    r = ((x - turns * _HALF_PI_1) - turns * _HALF_PI_2) - turns * _HALF_PI_3
    r2 = r * r
    # Taylor's series: the first term left out is below 1e-18 on |r| < pi / 4.
    s = r2 * (-1.0 / 6.0 + r2 * (1.0 / 120.0 + r2 * (-1.0 / 5040.0 + r2 * (
        1.0 / 362880.0 + r2 * (-1.0 / 39916800.0 + r2 * (
            1.0 / 6227020800.0 - r2 * (1.0 / 1307674368000.0)))))))  # fmt: skip
    c = r2 * (-0.5 + r2 * (1.0 / 24.0 + r2 * (-1.0 / 720.0 + r2 * (1.0 / 40320.0 + r2 * (
        -1.0 / 3628800.0 + r2 * (1.0 / 479001600.0 + r2 * (
            -1.0 / 87178291200.0 + r2 * (1.0 / 20922789888000.0))))))))  # fmt: skip
    sine = r + r * s
    cosine = 1.0 + c
    odd = (quarter & 1) == 1
    one = cosine if not odd else sine
    two = sine if not odd else cosine
    one = -one if ((quarter + 1) & 2) == 2 else one
    two = -two if (quarter & 2) == 2 else two
    return one, two


@njit(cache=True, nogil=True, error_model="numpy")
def place_nodes(contour, h, low, high, tau, model, outputs, nodes, coefs):  # type: ignore[no-untyped-def]
    """Fill nodes and weights; return how many, -1 if the integrand does not die away in time.

    `nodes` is (2, capacity): ``cross - Re s`` and ``Im s``. `coefs` is (2 outputs, capacity):
    real and imaginary part of ``h b cosh(y + i tilt) M(s) / M(cross)`` times what each output
    asks for; the first node counts half. `low` and `high` are the least and the largest log
    strike. `outputs` is 1 (the value), 6 (and by the parameters) or 9 (all).
    """
    cross, a, b, tilt = contour[0], contour[1], contour[2], contour[3]
    v0, kappa, theta, sigma, rho = model
    cos_tilt, sin_tilt = math.cos(tilt), math.sin(tilt)
    base = log_moment(cross + 0.0j, tau, v0, kappa, theta, sigma, rho).real
    largest = -math.inf
    quiet = 0
    for j in range(nodes.shape[1]):
        y = h * j
        if y > _LARGEST_Y:
            return -1
        grown = math.exp(y)
        cosh, sinh = 0.5 * (grown + 1.0 / grown), 0.5 * (grown - 1.0 / grown)
        if y < 0.1:
            sinh = math.sinh(y)
        s = complex(a - b * cosh * sin_tilt, b * sinh * cos_tilt)
        dy = complex(cosh * cos_tilt, sinh * sin_tilt)
        p = s * (s - 1.0)
        by_v0 = by_kappa = by_theta = by_sigma = by_rho = by_tau = 0.0j
        if outputs > 1:
            psi, by_v0, by_kappa, by_theta, by_sigma, by_rho, by_tau = log_moment_slopes(
                s, tau, v0, kappa, theta, sigma, rho
            )
        else:
            psi = log_moment(s, tau, v0, kappa, theta, sigma, rho)
        psi = psi - base
        shift = cross - s.real
        if not psi.real < 700.0:
            return -1
        weight = ((0.5 * h * b) if j == 0 else (h * b)) * (dy * cmath.exp(psi))
        value = weight / p
        wide = weight if outputs == 9 else value
        # Far from a strike's own saddle the largest term is what rounding is relative to.
        size = max(shift * low, shift * high) + math.log(abs(wide.real) + abs(wide.imag) + 1e-300)
        largest = max(largest, size)
        quiet = quiet + 1 if size < largest + _CUT else 0
        nodes[0, j] = shift
        nodes[1, j] = s.imag
        coefs[0, j] = value.real
        coefs[1, j] = value.imag
        if outputs > 1:
            for m in range(1, outputs):
                if m == 1:
                    c = value * by_v0
                elif m == 2:
                    c = value * by_kappa
                elif m == 3:
                    c = value * by_theta
                elif m == 4:
                    c = value * by_sigma
                elif m == 5:
                    c = value * by_rho
                elif m == 6:
                    c = value * by_tau
                elif m == 7:
                    c = value * s
                else:
                    c = weight
                coefs[2 * m, j] = c.real
                coefs[2 * m + 1, j] = c.imag
        if quiet >= 2:
            return j + 1
    return -1


@njit(cache=True, nogil=True, error_model="numpy")
def sum_nodes(count, nodes, coefs, ks, sums, sizes):  # type: ignore[no-untyped-def]
    """Add up every output of every strike.

    `sums` is (3, outputs, n): every fourth node, those half way between them, and the odd ones;
    `sizes` (outputs, n): sizes of terms.
    """
    outputs, n = sizes.shape
    for m in range(outputs):
        for i in range(n):
            sums[0, m, i] = 0.0
            sums[1, m, i] = 0.0
            sums[2, m, i] = 0.0
            sizes[m, i] = 0.0
    furthest = 0.0
    for i in range(n):
        furthest = max(furthest, abs(ks[i]))
    cosines, sines, growths = np.empty(n), np.empty(n), np.empty(n)
    for part in range(3):
        first = 0 if part == 0 else 2 if part == 1 else 1
        for j in range(first, count, 2 if part == 2 else 4):
            shift, turn = nodes[0, j], nodes[1, j]
            if turn * furthest < _LARGEST_TURN and abs(shift) * furthest < 600.0:
                for i in range(n):
                    grown = exp_sum(shift * ks[i], 0.0)
                    one, two = _cos_sin(turn * ks[i])
                    growths[i] = grown
                    cosines[i] = grown * one
                    sines[i] = grown * two
            else:
                for i in range(n):
                    grown = math.exp(shift * ks[i])
                    growths[i] = grown
                    cosines[i] = grown * math.cos(turn * ks[i])
                    sines[i] = grown * math.sin(turn * ks[i])
            for m in range(outputs):
                re, im = coefs[2 * m, j], coefs[2 * m + 1, j]
                size = abs(re) + abs(im)
                for i in range(n):
                    sums[part, m, i] += re * cosines[i] + im * sines[i]
                    sizes[m, i] += size * growths[i]
