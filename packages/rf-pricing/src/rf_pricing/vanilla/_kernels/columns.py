"""Columns of options on forwards and of implied volatilities, one option after the other."""

from __future__ import annotations

import math

from numba import njit

from rf_pricing._normal import INV_SQRT_2PI, gauss, norm_cdf
from rf_pricing.vanilla._kernels.bachelier import bachelier_implied_stdev, bachelier_value
from rf_pricing.vanilla._kernels.black import log_ratio, value_of
from rf_pricing.vanilla._kernels.implied import (
    ABOVE_BOUND,
    AT_INTRINSIC,
    BELOW_INTRINSIC,
    INVALID,
    OK,
    implied_of,
)


@njit(cache=True, nogil=True, error_model="numpy")
def at(column, i):  # type: ignore[no-untyped-def]
    """Return the i-th number of a column; a column of one number serves all."""
    return column[i] if column.size > 1 else column[0]


@njit(cache=True, nogil=True, error_model="numpy")
def black76_implied_vol_of(px, forward, strike, tau, df, sign):  # type: ignore[no-untyped-def]
    """Return the implied volatility (NaN when there is none) and a status."""
    valid = (
        abs(px) < math.inf
        and 0.0 < forward < math.inf
        and 0.0 < strike < math.inf
        and 0.0 < tau < math.inf
        and 0.0 < df < math.inf
    )
    if not valid:
        return math.nan, INVALID
    stdev, status = implied_of(px / df, forward, strike, log_ratio(forward, strike), sign)
    return stdev / math.sqrt(tau), status


@njit(cache=True, nogil=True, error_model="numpy")
def bachelier_implied_vol_of(px, forward, strike, tau, df, sign):  # type: ignore[no-untyped-def]
    """Return the implied volatility (NaN when there is none) and a status."""
    valid = (
        abs(px) < math.inf
        and abs(forward - strike) < math.inf
        and 0.0 < tau < math.inf
        and 0.0 < df < math.inf
    )
    if not valid:
        return math.nan, INVALID
    value = px / df
    intrinsic = max(sign * (forward - strike), 0.0)
    if not value >= intrinsic:
        return math.nan, BELOW_INTRINSIC
    stdev = bachelier_implied_stdev(value, forward, strike, sign)
    if not stdev < math.inf:
        return math.nan, ABOVE_BOUND
    return stdev / math.sqrt(tau), AT_INTRINSIC if stdev == 0.0 else OK


@njit(cache=True, nogil=True, error_model="numpy")
def black76_implied_vols(columns, is_call, out):  # type: ignore[no-untyped-def]
    """Fill `out` from (px, forward, strike, tau, df)."""
    px, forward, strike, tau, df = columns
    for i in range(out.size):
        sign = 1.0 if at(is_call, i) else -1.0
        out[i] = black76_implied_vol_of(
            at(px, i), at(forward, i), at(strike, i), at(tau, i), at(df, i), sign
        )[0]


@njit(cache=True, nogil=True, error_model="numpy")
def bachelier_implied_vols(columns, is_call, out):  # type: ignore[no-untyped-def]
    """Fill `out` from (px, forward, strike, tau, df)."""
    px, forward, strike, tau, df = columns
    for i in range(out.size):
        sign = 1.0 if at(is_call, i) else -1.0
        out[i] = bachelier_implied_vol_of(
            at(px, i), at(forward, i), at(strike, i), at(tau, i), at(df, i), sign
        )[0]


@njit(cache=True, nogil=True, error_model="numpy")
def black76_greeks_of(forward, strike, tau, vol, df, sign):  # type: ignore[no-untyped-def]
    """Return the 7 numbers of `ForwardGreeks`, all NaN if an input is invalid."""
    valid = (
        0.0 < forward < math.inf
        and 0.0 < strike < math.inf
        and 0.0 <= tau < math.inf
        and 0.0 <= vol < math.inf
        and 0.0 < df < math.inf
    )
    if not valid:
        bad = math.nan
        return bad, bad, bad, bad, bad, bad, bad
    x = log_ratio(forward, strike)
    root = math.sqrt(tau)
    stdev = vol * root
    value = df * value_of(forward, strike, x, stdev, sign)
    if stdev <= 0.0:
        if x != 0.0:
            return value, sign * df * (1.0 if sign * x > 0.0 else 0.0), 0.0, 0.0, 0.0, 0.0, 0.0
        vega = df * forward * INV_SQRT_2PI * root
        theta = -math.inf if vol > 0.0 else 0.0
        return value, 0.5 * sign * df, math.inf, vega, theta, math.nan, math.nan
    d1 = x / stdev + 0.5 * stdev
    d2 = x / stdev - 0.5 * stdev
    delta = sign * df * norm_cdf(sign * d1)
    density = df * (INV_SQRT_2PI * gauss(d1))
    if density == 0.0:
        return value, delta, 0.0, 0.0, 0.0, 0.0, 0.0
    vega = forward * density * root
    return (
        value,
        delta,
        density / (forward * stdev),
        vega,
        -0.5 * forward * density * vol / root,
        -density * d2 / vol,
        vega * (d1 * d2 / vol),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def bachelier_greeks_of(forward, strike, tau, vol, df, sign):  # type: ignore[no-untyped-def]
    """Return the 7 numbers of `ForwardGreeks`, all NaN if an input is invalid."""
    gap = forward - strike
    valid = (
        abs(gap) < math.inf
        and 0.0 <= tau < math.inf
        and 0.0 <= vol < math.inf
        and 0.0 < df < math.inf
    )
    if not valid:
        bad = math.nan
        return bad, bad, bad, bad, bad, bad, bad
    root = math.sqrt(tau)
    stdev = vol * root
    value = df * bachelier_value(forward, strike, stdev, sign)
    if stdev <= 0.0:
        if gap != 0.0:
            return value, sign * df * (1.0 if sign * gap > 0.0 else 0.0), 0.0, 0.0, 0.0, 0.0, 0.0
        vega = df * INV_SQRT_2PI * root
        theta = -math.inf if vol > 0.0 else 0.0
        return value, 0.5 * sign * df, math.inf, vega, theta, math.nan, math.nan
    d = gap / stdev
    delta = sign * df * norm_cdf(sign * d)
    density = df * (INV_SQRT_2PI * gauss(d))
    if density == 0.0:
        return value, delta, 0.0, 0.0, 0.0, 0.0, 0.0
    vega = density * root
    return (
        value,
        delta,
        density / stdev,
        vega,
        -0.5 * density * vol / root,
        -density * d / vol,
        vega * (d * d / vol),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def black76_rows(columns, is_call, out):  # type: ignore[no-untyped-def]
    """Fill the (1, n) or (7, n) `out`, rows as in `ForwardGreeks`; return the invalid count."""
    forward, strike, tau, vol, df = columns
    rows, n = out.shape
    invalid = 0
    for i in range(n):
        sign = 1.0 if at(is_call, i) else -1.0
        greeks = black76_greeks_of(
            at(forward, i), at(strike, i), at(tau, i), at(vol, i), at(df, i), sign
        )
        for k in range(rows):
            out[k, i] = greeks[k]
        invalid += greeks[0] != greeks[0]
    return invalid


@njit(cache=True, nogil=True, error_model="numpy")
def bachelier_rows(columns, is_call, out):  # type: ignore[no-untyped-def]
    """Fill the (1, n) or (7, n) `out`, rows as in `ForwardGreeks`; return the invalid count."""
    forward, strike, tau, vol, df = columns
    rows, n = out.shape
    invalid = 0
    for i in range(n):
        sign = 1.0 if at(is_call, i) else -1.0
        greeks = bachelier_greeks_of(
            at(forward, i), at(strike, i), at(tau, i), at(vol, i), at(df, i), sign
        )
        for k in range(rows):
            out[k, i] = greeks[k]
        invalid += greeks[0] != greeks[0]
    return invalid
