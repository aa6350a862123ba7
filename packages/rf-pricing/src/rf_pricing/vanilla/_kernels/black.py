"""Black-Scholes-Merton, one option at a time, relative-accurate out of the money.

With ``x = log(forward / strike)``, ``h = x / stdev`` and ``t = stdev / 2`` an option out of the
money is worth ``forward n(h + t) R``, where ``R = Y(h + t) - Y(h - t)`` and ``Y(d) = N(d) / n(d)``.
`mills_gap` computes R without cancellation; in the money the intrinsic value is added.
"""

from __future__ import annotations

import math

from numba import njit

from rf_pricing._normal import INV_SQRT_2PI, SQRT_2PI, exp_sum, gauss, mills, mills_slope, norm_cdf

_MAX_EXPONENT = 700.0


@njit(cache=True, nogil=True, error_model="numpy")
def log_ratio(top, bottom):  # type: ignore[no-untyped-def]
    """Return ``log(top / bottom)``, relative-accurate where the two are close."""
    if 0.5 * bottom < top < 2.0 * bottom:
        return math.log1p((top - bottom) / bottom)
    return math.log(top / bottom)


@njit(cache=True, nogil=True, error_model="numpy")
def mills_gap(z, t):  # type: ignore[no-untyped-def]
    """Return ``Y(t - z) - Y(-t - z)`` for ``z >= 0``, ``t >= 0`` and ``t - z < 38``.

    Three forms: Taylor's series in t (odd derivatives of Y, which obey a three-term recursion),
    a difference of slopes far out, and the plain difference where nothing cancels.
    """
    near = z - t
    if t < 0.25 and z * t <= 0.5:
        slope = mills_slope(z)
        before, here = mills(z), slope  # derivatives of order k - 1 and k
        power, total = t, slope * t
        t2 = t * t
        for k in range(1, 15, 2):
            after = k * before - z * here
            before, here = after, (k + 1.0) * here - z * after
            power *= t2 / ((k + 1.0) * (k + 2.0))
            total += here * power
        return 2.0 * total
    far = z + t
    if near > 0.7:
        return (2.0 * t - (mills_slope(near) * far - mills_slope(far) * near)) / (near * far)
    if near >= 0.0:
        return mills(near) - mills(far)
    return SQRT_2PI / gauss(near) - mills(-near) - mills(far)


@njit(cache=True, nogil=True, error_model="numpy")
def time_value(low, high, x, stdev):  # type: ignore[no-untyped-def]
    """Return the value out of the money: `low` below `high`, ``x = -|log(forward / strike)|``."""
    if stdev <= 0.0:
        return 0.0
    if stdev > 1e300:
        return low
    d1 = x / stdev + 0.5 * stdev
    if d1 > 0.3 and stdev > 0.5:
        return max(low * norm_cdf(d1) - high * norm_cdf(d1 - stdev), 0.0)
    if d1 < -40.0:
        return 0.0
    return low * (INV_SQRT_2PI * gauss(d1) * mills_gap(-x / stdev, 0.5 * stdev))


@njit(cache=True, nogil=True, error_model="numpy")
def value_of(forward, strike, x, stdev, sign):  # type: ignore[no-untyped-def]
    """Return the value of an option on `forward`; both legs may be discounted already."""
    if not stdev >= 0.0 or math.isnan(x):
        return math.nan
    if x < 0.0:
        outside = time_value(forward, strike, x, stdev)
    else:
        outside = time_value(strike, forward, -x, stdev)
    if sign * x <= 0.0:
        return outside
    return max(sign * (forward - strike), 0.0) + outside


@njit(cache=True, nogil=True, error_model="numpy")
def black_value(forward, strike, stdev, sign):  # type: ignore[no-untyped-def]
    """Return the undiscounted Black value, `sign` 1 for calls and -1 for puts; NaN if invalid."""
    if not (0.0 < forward < math.inf and 0.0 < strike < math.inf and stdev < math.inf):
        return math.nan
    return value_of(forward, strike, log_ratio(forward, strike), stdev, sign)


@njit(cache=True, nogil=True, error_model="numpy")
def bsm_valid(spot, strike, tau, vol, rate, dividend_yield):  # type: ignore[no-untyped-def]
    """Tell whether all inputs are finite and of the right sign."""
    return (
        0.0 < spot < math.inf
        and 0.0 < strike < math.inf
        and 0.0 <= tau < math.inf
        and 0.0 <= vol < math.inf
        and abs(rate * tau) < _MAX_EXPONENT
        and abs(dividend_yield * tau) < _MAX_EXPONENT
        and abs(rate) < math.inf
        and abs(dividend_yield) < math.inf
    )


@njit(cache=True, nogil=True, error_model="numpy")
def bsm_value(spot, strike, tau, vol, rate, dividend_yield, sign):  # type: ignore[no-untyped-def]
    """Return the Black-Scholes-Merton value, `sign` 1 for calls and -1 for puts; NaN if invalid."""
    if not bsm_valid(spot, strike, tau, vol, rate, dividend_yield):
        return math.nan
    forward = spot * exp_sum(-dividend_yield * tau, 0.0)
    discounted = strike * exp_sum(-rate * tau, 0.0)
    x = log_ratio(spot, strike) + (rate - dividend_yield) * tau
    return value_of(forward, discounted, x, vol * math.sqrt(tau), sign)


@njit(cache=True, nogil=True, error_model="numpy")
def bsm_greeks_of(spot, strike, tau, vol, rate, dividend_yield, sign):  # type: ignore[no-untyped-def]
    """Return the 16 numbers of `Greeks`, all NaN if an input is invalid."""
    if not bsm_valid(spot, strike, tau, vol, rate, dividend_yield):
        bad = math.nan
        return (bad, bad, bad, bad, bad, bad, bad, bad, bad, bad, bad, bad, bad, bad, bad, bad)
    carry = rate - dividend_yield
    moneyness = log_ratio(spot, strike)
    x = moneyness + carry * tau
    df_spot = exp_sum(-dividend_yield * tau, 0.0)
    forward = spot * df_spot
    discounted = strike * exp_sum(-rate * tau, 0.0)
    root = math.sqrt(tau)
    stdev = vol * root
    value = value_of(forward, discounted, x, stdev, sign)
    if stdev <= 0.0:
        d1 = 0.0 if x == 0.0 else math.copysign(math.inf, x)
        d2 = d1
    else:
        d1 = x / stdev + 0.5 * stdev
        d2 = x / stdev - 0.5 * stdev
    in_spot = sign * forward * norm_cdf(sign * d1)
    in_strike = sign * discounted * norm_cdf(sign * d2)
    delta = sign * df_spot * norm_cdf(sign * d1)
    rho = tau * in_strike
    dividend_rho = -tau * in_spot
    theta = dividend_yield * in_spot - rate * in_strike
    charm = dividend_yield * delta
    density = INV_SQRT_2PI * gauss(d1)
    if stdev > 0.0:
        gamma = df_spot * density / (spot * stdev)
        vega = forward * density * root
        theta -= 0.5 * forward * density * vol / root
        d1_slope = 0.5 * (carry + 0.5 * vol * vol - moneyness / tau) / stdev
        half = 0.5 / tau
        vanna = -df_spot * density * d2 / vol
        charm -= df_spot * density * d1_slope
        volga = vega * (d1 * d2 / vol)
        veta = vega * (dividend_yield + d1 * d1_slope - half)
        speed = -gamma / spot * (1.0 + d1 / stdev)
        zomma = gamma * ((d1 * d2 - 1.0) / vol)
        color = gamma * (dividend_yield + half + d1 * d1_slope)
    elif x != 0.0:
        gamma = vega = vanna = volga = veta = speed = zomma = color = 0.0
    else:
        # On the kink: the curvature is infinite, its derivatives do not exist.
        gamma = math.inf
        vega = forward * INV_SQRT_2PI * root
        if vol > 0.0:
            theta = -math.inf
        vanna = charm = volga = veta = speed = zomma = color = math.nan
    if density == 0.0 and stdev > 0.0:
        # A vanished density beats every power of d1 and of 1 / stdev.
        gamma = vega = vanna = volga = veta = speed = zomma = color = 0.0
        charm = dividend_yield * delta
        theta = dividend_yield * in_spot - rate * in_strike
    return (
        value,
        delta,
        gamma,
        vega,
        theta,
        rho,
        dividend_rho,
        vanna,
        charm,
        volga,
        veta,
        speed,
        zomma,
        color,
        d1,
        d2,
    )
