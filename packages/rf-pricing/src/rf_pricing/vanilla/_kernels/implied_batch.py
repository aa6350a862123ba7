"""Implied volatility over columns: two fixed third-order steps from a good guess, in blocks.

The arithmetic of `implied`, written without branches so that it vectorises. With the time value
``y`` in units of the smaller leg, ``s_c = sqrt(2 |x|)`` is where y bends: there ``d1 = 0``, so
``y_c = 1/2 - n(0) Y(s_c)`` costs one ratio of Mills, and one rational cubic on either side gives
the guess. The size of the last step tells whether the iteration has settled; where it has not,
where digits would be lost, and where an input is invalid, the scalar kernel does it again.
"""

from __future__ import annotations

import math

from numba import njit

from rf_pricing._normal import INV_SQRT_2PI, SQRT_2PI, mills, mills_parts
from rf_pricing.vanilla._kernels.batch import (
    BLOCK,
    copy_rows,
    count_marked,
    exp_of,
    fill_scratch,
    intrinsic_of,
    load_rows,
    log_of,
    log_of_ratio,
)
from rf_pricing.vanilla._kernels.implied import bsm_implied_vol_of

_MARK = 7
_RESULT = 8
_LOG_SQRT_2PI = 0.9189385332046727
_SQRT_3 = 1.7320508075688772
_TWO_PI = 6.283185307179586


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def _cubic(u, y0, y1, s0, s1, bent):  # type: ignore[no-untyped-def]
    """Return a rational cubic on [0, 1]; `bent` is the wanted control, kept from bending twice."""
    v = 1.0 - u
    r = max(bent, -0.9)
    top = (y1 * u + (r * y1 - s1) * v) * (u * u) + ((r * y0 + s0) * u + y0 * v) * (v * v)
    return top / (1.0 + (r - 3.0) * (u * v))


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def _quantile_guess(log_tail):  # type: ignore[no-untyped-def]
    """Return z with ``N(-z)`` near ``exp(log_tail)``, relative error below 1 %."""
    tail = exp_of(max(log_tail, -690.0))
    y = 0.5 - tail
    y2 = y * y
    middle = SQRT_2PI * y * (1.0 + y2 * (1.0471975511965976 + y2 * (2.3028 + y2 * 6.1)))
    u = math.sqrt(-2.0 * min(log_tail, -0.5))
    top = 2.515517 + u * (0.802853 + u * 0.010328)
    outer = u - top / (1.0 + u * (1.432788 + u * (0.189269 + u * 0.001308)))
    return middle if tail > 0.25 else outer


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def _guess(y, size):  # type: ignore[no-untyped-def]
    """Return a guess of the standard deviation; `size` is ``|x|``."""
    s_c = math.sqrt(2.0 * size)
    over = 0.5 + INV_SQRT_2PI * mills(s_c)
    y_c = 1.0 - over
    low = y < y_c
    e = exp_of(size * (-1.0 / 12.0))
    e3 = e * e * e
    e6 = e3 * e3
    # Below the bend: f = 2 pi |x| N(-z)**3 / (3 sqrt 3) with z = |x| / (sqrt(3) s).
    m = mills(s_c * (0.5 / _SQRT_3))
    tail = INV_SQRT_2PI * e * m
    b_c = y_c * e6
    f_c = _TWO_PI / (3.0 * _SQRT_3) * size * tail * tail * tail
    rise = 1.0 / (e3 * e * e)
    d_c = _TWO_PI / 6.0 * size * tail * tail * rise
    inner = 8.0 * _SQRT_3 * s_c * size + (4.0 * size * size - 48.0 * size) * m
    dd_c = math.pi / 36.0 * size / (2.0 * size * s_c) * tail * inner * rise * rise
    # Above it: f = N(-s / 2).
    e_quarter = e3
    g_c = INV_SQRT_2PI * e_quarter * mills(0.5 * s_c)
    h_c = -0.5 * e_quarter
    hh_c = 0.125 * s_c * e_quarter * SQRT_2PI
    u = y / y_c if low else (y - y_c) / over
    width = b_c if low else over
    y0 = 0.0 if low else g_c
    y1 = f_c if low else 0.0
    s0 = width if low else width * h_c
    s1 = width * (d_c if low else -0.5 * e6)
    secant = y1 - y0
    bend = 0.5 * width * width * (dd_c if low else hh_c) + (s1 - s0)
    control = bend / ((s1 - secant) if low else (secant - s0))
    f = _cubic(u, y0, y1, s0, s1, control)
    f = max(f, 1e-300)
    log_f = log_of(f)
    third = log_f * (1.0 / 3.0) - log_of(max(size, 1e-290) * (_TWO_PI / 5.196152422706632)) * (
        1.0 / 3.0
    )
    z = _quantile_guess(third if low else log_f)
    mapped = size / (_SQRT_3 * z) if low else 2.0 * z
    # Near the money with little variance: Corrado and Miller (1996), bent by the next term.
    gap = 1.0 / (e6 * e6) - 1.0
    middle = y + 0.5 * gap
    flat = middle + math.sqrt(max(middle * middle - gap * gap * (1.0 / math.pi), 0.0))
    flat = flat * SQRT_2PI / (2.0 + gap)
    flat = flat * (1.0 + flat * flat * (1.0 / 24.0))
    return flat if (y > 0.1 * gap) & (flat < 0.7) else mapped


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def _step(s, size, target, log_low, high):  # type: ignore[no-untyped-def]
    """Return the third-order step on 1 / log y, log y or, near the upper bound, log (1 - y)."""
    per_s = 1.0 / s
    h = -size * per_s
    t = 0.5 * s
    d1 = h + t
    half = 0.5 * d1 * d1
    top1, bottom1 = mills_parts(abs(d1))
    top2, bottom2 = mills_parts(t - h)
    both = 1.0 / (bottom1 * bottom2)
    near = (top1 * bottom2) * both
    far = (top2 * bottom1) * both
    inside = SQRT_2PI * exp_of(min(half, 690.0)) - near
    ratio = (near + far) if high else ((inside if d1 > 0.0 else near) - far)
    now = log_of(max(ratio, 1e-300)) - half - _LOG_SQRT_2PI
    signed = -ratio if high else ratio
    inverse = 1.0 / signed
    bend = h * h * per_s - 0.5 * t
    over = h * per_s
    bend3 = bend * bend - 3.0 * over * over - 0.25
    per_now = 1.0 / now
    lam = per_now if log_low else 0.0
    newton = (target - now) * signed * (now / target if log_low else 1.0)
    lift = inverse * (1.0 + 2.0 * lam)
    h2 = bend - lift
    h3 = bend3 + 2.0 * inverse * inverse * (1.0 + 3.0 * lam * (1.0 + lam)) - 3.0 * bend * lift
    factor = (1.0 + 0.5 * h2 * newton) / (1.0 + newton * (h2 + h3 * newton * (1.0 / 6.0)))
    return newton * factor


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _implied_block(work):  # type: ignore[no-untyped-def]
    for i in range(BLOCK):
        px, spot, strike = work[i], work[i + BLOCK], work[i + 2 * BLOCK]
        tau, rate, dividend_yield = work[i + 3 * BLOCK], work[i + 4 * BLOCK], work[i + 5 * BLOCK]
        sign = work[i + 6 * BLOCK]
        by_rate = rate * tau
        by_yield = dividend_yield * tau
        forward = spot * exp_of(-by_yield)
        discounted = strike * exp_of(-by_rate)
        x = log_of_ratio(spot, strike) + (by_rate - by_yield)
        size = abs(x)
        leg = forward if x < 0.0 else discounted
        per_leg = 1.0 / leg
        y = (px - intrinsic_of(forward, discounted, sign)) * per_leg
        rest = ((forward if sign > 0.0 else discounted) - px) * per_leg
        high = y > 0.5
        log_low = y < 0.02
        target = log_of(max(rest if high else y, 1e-300))
        s = _guess(y, size)
        s += _step(s, size, target, log_low, high)
        last = _step(s, size, target, log_low, high)
        s += last
        good = (
            (spot > 1e-100)
            & (spot < 1e100)
            & (strike > 1e-100)
            & (strike < 1e100)
            & (tau > 1e-100)
            & (tau < 1e100)
            & (abs(by_rate) < 300.0)
            & (abs(by_yield) < 300.0)
            & (y > 1e-250)
            & (rest > 1e-12)
            & (size < 50.0)
            & (s > 1e-3)
            & (s < 30.0)
            & (abs(last) < 1e-3 * s)
        )
        work[i + _MARK * BLOCK] = 0.0 if good else 1.0
        work[i + _RESULT * BLOCK] = s / math.sqrt(tau)


@njit(cache=True, nogil=True, error_model="numpy")
def bsm_implied_vols(columns, is_call, out, status):  # type: ignore[no-untyped-def]
    """Fill `out` and `status` from (px, spot, strike, tau, rate, dividend_yield)."""
    work = fill_scratch(columns, is_call, 1)
    for start in range(0, out.size, BLOCK):
        size = min(BLOCK, out.size - start)
        load_rows(work, columns, is_call, start, size)
        _implied_block(work)
        part = status[start : start + size]
        for i in range(size):
            part[i] = 0
        if count_marked(work, size) > 0:
            for i in range(size):
                if work[i + _MARK * BLOCK] == 0.0:
                    continue
                work[i + _RESULT * BLOCK], part[i] = bsm_implied_vol_of(
                    work[i],
                    work[i + BLOCK],
                    work[i + 2 * BLOCK],
                    work[i + 3 * BLOCK],
                    work[i + 4 * BLOCK],
                    work[i + 5 * BLOCK],
                    work[i + 6 * BLOCK],
                )
        copy_rows(work[_RESULT * BLOCK : _RESULT * BLOCK + size], out[start : start + size])
