"""Black-Scholes-Merton over columns: straight-line arithmetic on blocks, written to vectorise.

A block is one scratch array with a row per input and per result, at offsets known when compiling,
so that the compiler needs no checks for overlap. Every block has the same length, the last one
is padded: a result does not depend on where its option stands. Options for which the short
formulas would lose digits (and invalid ones) are marked and done again, one by one, by
`black.bsm_value` and `black.bsm_greeks_of`.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from rf_pricing._normal import INV_SQRT_2PI, exp_mantissa, mills_parts
from rf_pricing.vanilla._kernels.black import bsm_greeks_of, bsm_value

BLOCK = 256
_INPUTS = 7
_MARK = 7
_RESULT = 8

_LN2_HIGH = 0.6931471805598903
_LN2_LOW = 5.497923018708371e-14
_INTEGERS = 6755399441055744.0
_INTEGERS_BITS = 0x4338000000000000


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def _log_series(f):  # type: ignore[no-untyped-def]
    """Return ``2 atanh(f) - 2 f`` for ``|f| < 0.21``."""
    w = f * f
    w2 = w * w
    p01 = 0.3333333333333333 + w * 0.20000000000004653
    p23 = 0.1428571428333432 + w * 0.11111111574161492
    p45 = 0.09090864934872626 + w * 0.07694587067953337
    p67 = 0.06601875795224445 + w * 0.06827130706861526
    return 2.0 * f * (w * ((p01 + w2 * p23) + (w2 * w2) * (p45 + w2 * p67)))


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def log_of(v):  # type: ignore[no-untyped-def]
    """Return ``log(v)`` of a positive normal number."""
    return log_of_ratio(v, 1.0)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def log_of_ratio(top, bottom):  # type: ignore[no-untyped-def]
    """Return ``log(top / bottom)`` of positive normal numbers, relative-accurate everywhere."""
    # Scaled by a power of two the ratio lies near one.
    bits = np.float64(top).view(np.int64)
    power = (bits - np.float64(bottom).view(np.int64) + (1 << 51)) >> 52
    scaled = np.int64(bits - (power << 52)).view(np.float64)
    whole = np.int64(power + _INTEGERS_BITS).view(np.float64) - _INTEGERS
    f = (scaled - bottom) / (scaled + bottom)
    return whole * _LN2_HIGH + (2.0 * f + (whole * _LN2_LOW + _log_series(f)))


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def exp_of(x):  # type: ignore[no-untyped-def]
    """Return ``exp(x)`` for ``|x| < 700``, the same digits as `exp_sum`."""
    mantissa, power = exp_mantissa(x, 0.0)
    return mantissa * np.int64((power + 1023) << 52).view(np.float64)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def _tails(z1, z2):  # type: ignore[no-untyped-def]
    """Return the ratios of Mills at two points, with one division for both."""
    top1, bottom1 = mills_parts(z1)
    top2, bottom2 = mills_parts(z2)
    both = 1.0 / (bottom1 * bottom2)
    return (top1 * bottom2) * both, (top2 * bottom1) * both


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def intrinsic_of(forward, discounted, sign):  # type: ignore[no-untyped-def]
    """Return the discounted intrinsic value, rounded as the scalar kernels round it."""
    gap = sign * (forward - discounted)
    return gap if gap > 0.0 else 0.0


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def _core(spot, strike, tau, vol, rate, dividend_yield, sign):  # type: ignore[no-untyped-def]
    """Return what the price and every Greek are made of, and whether it may be trusted."""
    # log(spot / strike) by halves: scaled by a power of two the ratio is near one.
    bits = np.float64(spot).view(np.int64)
    power = (bits - np.float64(strike).view(np.int64) + (1 << 51)) >> 52
    scaled = np.int64(bits - (power << 52)).view(np.float64)
    whole = np.int64(power + _INTEGERS_BITS).view(np.float64) - _INTEGERS
    root = math.sqrt(tau)
    stdev = vol * root
    around = scaled + strike
    both = 1.0 / (around * stdev)
    per_stdev = around * both
    f = (scaled - strike) * (stdev * both)
    moneyness = whole * _LN2_HIGH + (2.0 * f + (whole * _LN2_LOW + _log_series(f)))
    x = moneyness + (rate - dividend_yield) * tau
    middle = x * per_stdev
    d1 = middle + 0.5 * stdev
    d2 = middle - 0.5 * stdev
    by_rate = rate * tau
    by_yield = dividend_yield * tau
    df_spot = exp_of(-by_yield)
    forward = spot * df_spot
    discounted = strike * exp_of(-by_rate)
    z1 = abs(d1)
    z2 = abs(d2)
    near = z1 < 36.0
    z1 = z1 if near else 36.0
    kernel = INV_SQRT_2PI * exp_of(-0.5 * (z1 * z1))
    kernel = kernel if near else 0.0
    # forward n(d1) = discounted n(d2), so one density serves both tails.
    tail1, tail2 = _tails(z1, z2 if z2 < 1e3 else 1e3)
    tail1 = kernel * tail1
    tail2 = forward * (kernel * tail2)
    # The option out of the money first; the other one is worth its intrinsic value more.
    outer = -1.0 if x > 0.0 else 1.0
    out_spot = forward * tail1
    out_spot = forward - out_spot if outer * d1 > 0.0 else out_spot
    out_strike = discounted - tail2 if outer * d2 > 0.0 else tail2
    outside = outer * (out_spot - out_strike)
    inside = intrinsic_of(forward, discounted, sign)
    value = outside + (inside if outer != sign else 0.0)
    part1 = 1.0 - tail1 if sign * d1 > 0.0 else tail1
    in_spot = forward * part1
    in_strike = discounted - tail2 if sign * d2 > 0.0 else tail2
    good = (
        (spot > 1e-100)
        & (spot < 1e100)
        & (strike > 1e-100)
        & (strike < 1e100)
        & (vol >= 0.0)
        & (stdev > 1e-100)
        & (stdev < 1e3)
        & (abs(by_rate) < 700.0)
        & (abs(by_yield) < 700.0)
        & (value >= 1e-3 * out_spot)
        & ((z1 < 35.0) | (abs(d1) > 41.0))
    )
    return (
        good,
        value,
        part1,
        in_spot,
        in_strike,
        df_spot,
        forward,
        kernel,
        d1,
        d2,
        root,
        per_stdev,
        moneyness,
    )


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _price_block(work):  # type: ignore[no-untyped-def]
    for i in range(BLOCK):
        core = _core(
            work[i],
            work[i + BLOCK],
            work[i + 2 * BLOCK],
            work[i + 3 * BLOCK],
            work[i + 4 * BLOCK],
            work[i + 5 * BLOCK],
            work[i + 6 * BLOCK],
        )
        work[i + _MARK * BLOCK] = 0.0 if core[0] else 1.0
        work[i + _RESULT * BLOCK] = core[1]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _main_block(work):  # type: ignore[no-untyped-def]
    for i in range(BLOCK):
        spot, tau, vol = work[i], work[i + 2 * BLOCK], work[i + 3 * BLOCK]
        rate, dividend_yield = work[i + 4 * BLOCK], work[i + 5 * BLOCK]
        sign = work[i + 6 * BLOCK]
        core = _core(spot, work[i + BLOCK], tau, vol, rate, dividend_yield, sign)
        good, value, part1, in_spot, in_strike, df_spot, forward, kernel = core[:8]
        root, per_stdev = core[10], core[11]
        density = forward * kernel
        vega = density * root
        decay = 0.5 * vol * vol * (density * per_stdev)
        carry = sign * (dividend_yield * in_spot - rate * in_strike)
        work[i + _MARK * BLOCK] = 0.0 if good else 1.0
        work[i + (_RESULT + 0) * BLOCK] = value
        work[i + (_RESULT + 1) * BLOCK] = sign * (df_spot * part1)
        work[i + (_RESULT + 2) * BLOCK] = density * per_stdev / (spot * spot)
        work[i + (_RESULT + 3) * BLOCK] = vega
        work[i + (_RESULT + 4) * BLOCK] = carry - decay
        work[i + (_RESULT + 5) * BLOCK] = sign * (tau * in_strike)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _all_block(work):  # type: ignore[no-untyped-def]
    for i in range(BLOCK):
        spot, tau, vol = work[i], work[i + 2 * BLOCK], work[i + 3 * BLOCK]
        rate, dividend_yield = work[i + 4 * BLOCK], work[i + 5 * BLOCK]
        sign = work[i + 6 * BLOCK]
        core = _core(spot, work[i + BLOCK], tau, vol, rate, dividend_yield, sign)
        good, value, part1, in_spot, in_strike, df_spot, forward, kernel = core[:8]
        d1, d2, root, per_stdev, moneyness = core[8:]
        good = good & (abs(d1) < 35.0)
        density = forward * kernel
        vega = density * root
        both = 1.0 / (tau * spot)
        per_tau = spot * both
        per_spot = tau * both
        per_vol = root * per_stdev
        gamma = df_spot * kernel * (per_spot * per_stdev)
        half = 0.5 * per_tau
        decay = 0.5 * vol * vega * per_tau
        delta = sign * (df_spot * part1)
        slope = 0.5 * (rate - dividend_yield + 0.5 * vol * vol - moneyness * per_tau) * per_stdev
        moved = d1 * slope
        work[i + _MARK * BLOCK] = 0.0 if good else 1.0
        work[i + (_RESULT + 0) * BLOCK] = value
        work[i + (_RESULT + 1) * BLOCK] = delta
        work[i + (_RESULT + 2) * BLOCK] = gamma
        work[i + (_RESULT + 3) * BLOCK] = vega
        work[i + (_RESULT + 4) * BLOCK] = (
            sign * (dividend_yield * in_spot - rate * in_strike) - decay
        )
        work[i + (_RESULT + 5) * BLOCK] = sign * (tau * in_strike)
        work[i + (_RESULT + 6) * BLOCK] = -sign * (tau * in_spot)
        work[i + (_RESULT + 7) * BLOCK] = -df_spot * kernel * (d2 * per_vol)
        work[i + (_RESULT + 8) * BLOCK] = dividend_yield * delta - df_spot * kernel * slope
        work[i + (_RESULT + 9) * BLOCK] = vega * (d1 * d2 * per_vol)
        work[i + (_RESULT + 10) * BLOCK] = vega * (dividend_yield + moved - half)
        work[i + (_RESULT + 11) * BLOCK] = -gamma * per_spot * (1.0 + d1 * per_stdev)
        work[i + (_RESULT + 12) * BLOCK] = gamma * ((d1 * d2 - 1.0) * per_vol)
        work[i + (_RESULT + 13) * BLOCK] = gamma * (dividend_yield + half + moved)
        work[i + (_RESULT + 14) * BLOCK] = d1
        work[i + (_RESULT + 15) * BLOCK] = d2


@njit(cache=True, nogil=True, error_model="numpy")
def copy_rows(source, target):  # type: ignore[no-untyped-def]
    for i in range(target.size):
        target[i] = source[i]


@njit(cache=True, nogil=True, error_model="numpy")
def fill_scratch(columns, is_call, results):  # type: ignore[no-untyped-def]
    """Return a block of ones, with the inputs that are one number for all filled in."""
    work = np.ones((_RESULT + results) * BLOCK)
    for k in range(len(columns)):
        if columns[k].size == 1:
            work[k * BLOCK : (k + 1) * BLOCK] = columns[k][0]
    if is_call.size == 1:
        work[6 * BLOCK : 7 * BLOCK] = 1.0 if is_call[0] else -1.0
    return work


@njit(cache=True, nogil=True, error_model="numpy")
def load_rows(work, columns, is_call, start, size):  # type: ignore[no-untyped-def]
    for k in range(len(columns)):
        if columns[k].size > 1:
            copy_rows(columns[k][start : start + size], work[k * BLOCK : k * BLOCK + size])
    if is_call.size > 1:
        sign = work[6 * BLOCK : 6 * BLOCK + size]
        flag = is_call[start : start + size]
        for i in range(size):
            sign[i] = 1.0 if flag[i] else -1.0


@njit(cache=True, nogil=True, error_model="numpy")
def count_marked(work, size):  # type: ignore[no-untyped-def]
    mark = work[_MARK * BLOCK : _MARK * BLOCK + size]
    count = 0
    for i in range(size):
        count += mark[i] != 0.0
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def bsm_prices(columns, is_call, out):  # type: ignore[no-untyped-def]
    """Fill `out` from (spot, strike, tau, vol, rate, dividend_yield); return the invalid count."""
    invalid = 0
    work = fill_scratch(columns, is_call, 1)
    for start in range(0, out.size, BLOCK):
        size = min(BLOCK, out.size - start)
        load_rows(work, columns, is_call, start, size)
        _price_block(work)
        if count_marked(work, size) > 0:
            for i in range(size):
                if work[i + _MARK * BLOCK] == 0.0:
                    continue
                value = bsm_value(
                    work[i],
                    work[i + BLOCK],
                    work[i + 2 * BLOCK],
                    work[i + 3 * BLOCK],
                    work[i + 4 * BLOCK],
                    work[i + 5 * BLOCK],
                    work[i + 6 * BLOCK],
                )
                work[i + _RESULT * BLOCK] = value
                invalid += value != value
        copy_rows(work[_RESULT * BLOCK : _RESULT * BLOCK + size], out[start : start + size])
    return invalid


@njit(cache=True, nogil=True, error_model="numpy")
def bsm_greeks_rows(columns, is_call, out):  # type: ignore[no-untyped-def]
    """Fill the (6, n) or (16, n) `out`, rows as in `Greeks`; return the invalid count."""
    invalid = 0
    rows, n = out.shape
    work = fill_scratch(columns, is_call, rows)
    for start in range(0, n, BLOCK):
        size = min(BLOCK, n - start)
        load_rows(work, columns, is_call, start, size)
        if rows == 6:
            _main_block(work)
        else:
            _all_block(work)
        if count_marked(work, size) > 0:
            for i in range(size):
                if work[i + _MARK * BLOCK] == 0.0:
                    continue
                greeks = bsm_greeks_of(
                    work[i],
                    work[i + BLOCK],
                    work[i + 2 * BLOCK],
                    work[i + 3 * BLOCK],
                    work[i + 4 * BLOCK],
                    work[i + 5 * BLOCK],
                    work[i + 6 * BLOCK],
                )
                for k in range(rows):
                    work[i + (_RESULT + k) * BLOCK] = greeks[k]
                invalid += greeks[0] != greeks[0]
        for k in range(rows):
            at = (_RESULT + k) * BLOCK
            copy_rows(work[at : at + size], out[k, start : start + size])
    return invalid
