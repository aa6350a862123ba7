"""Implied standard deviation of Black's model, to the last digits the price carries.

After Jaeckel (2015), "Let's be rational": the price out of the money is normalised to
``beta = value / sqrt(forward strike)``; four pieces of a rational cubic in beta (Delbourgo and
Gregory 1985) give the first guess, and third-order Householder steps on one of three objective
functions finish. Here every objective is written with the ratio ``R = b / b'`` of the normalised
price and its derivative, so neither tail underflows, and steps go on until they are rounding.
"""

from __future__ import annotations

import math

from numba import njit

from rf_pricing._normal import INV_SQRT_2PI, exp_sum, gauss, lower_quantile, mills, norm_cdf
from rf_pricing.vanilla._kernels.black import log_ratio, mills_gap, time_value

_LOG_SQRT_2PI = 0.9189385332046727
_SQRT_3 = 1.7320508075688772
_TWO_PI = 6.283185307179586

OK = 0
BELOW_INTRINSIC = 1
ABOVE_BOUND = 2
INVALID = 3
AT_INTRINSIC = 4
NOT_CONVERGED = 5


@njit(cache=True, nogil=True, error_model="numpy")
def _rational_cubic(at, x0, x1, y0, y1, d0, d1, r):  # type: ignore[no-untyped-def]
    """Return the rational cubic through two points with two slopes and the control `r`."""
    width = x1 - x0
    if not width > 0.0:
        return 0.5 * (y0 + y1)
    u = (at - x0) / width
    v = 1.0 - u
    top = y1 * u * u * u + (r * y1 - width * d1) * u * u * v
    top += (r * y0 + width * d0) * u * v * v + y0 * v * v * v
    return top / (1.0 + (r - 3.0) * u * v)


@njit(cache=True, nogil=True, error_model="numpy")
def _control(width, secant, d0, d1, wanted):  # type: ignore[no-untyped-def]
    """Return `wanted`, raised until the curve keeps the sign of its slope and of its bend."""
    least = -1.0
    monotone = d0 * secant >= 0.0 and d1 * secant >= 0.0
    if monotone and secant != 0.0:
        least = max(least, (d0 + d1) / secant)
    bends = (secant - d0) * (d1 - secant) > 0.0
    if bends:
        ratio = max(abs((d1 - d0) / (d1 - secant)), abs((d1 - d0) / (secant - d0)))
        least = max(least, ratio)
    if not wanted < 1e10:
        wanted = 1e10
    return max(least + 1e-12, wanted)


@njit(cache=True, nogil=True, error_model="numpy")
def _bent_right(at, x0, x1, y0, y1, d0, d1, bend):  # type: ignore[no-untyped-def]
    width = x1 - x0
    secant = (y1 - y0) / width
    wanted = (0.5 * width * bend + (d1 - d0)) / (d1 - secant)
    return _rational_cubic(at, x0, x1, y0, y1, d0, d1, _control(width, secant, d0, d1, wanted))


@njit(cache=True, nogil=True, error_model="numpy")
def _bent_left(at, x0, x1, y0, y1, d0, d1, bend):  # type: ignore[no-untyped-def]
    width = x1 - x0
    secant = (y1 - y0) / width
    wanted = (0.5 * width * bend + (d1 - d0)) / (secant - d0)
    return _rational_cubic(at, x0, x1, y0, y1, d0, d1, _control(width, secant, d0, d1, wanted))


@njit(cache=True, nogil=True, error_model="numpy")
def _slope(x, s):  # type: ignore[no-untyped-def]
    """Return the derivative of the normalised price."""
    h = x / s
    return INV_SQRT_2PI * math.exp(-0.5 * (h * h + 0.25 * s * s))


@njit(cache=True, nogil=True, error_model="numpy")
def _price(x, s):  # type: ignore[no-untyped-def]
    """Return the normalised price out of the money, ``x <= 0``."""
    return time_value(math.exp(0.5 * x), math.exp(-0.5 * x), x, s)


@njit(cache=True, nogil=True, error_model="numpy")
def _low_map(x, s):  # type: ignore[no-untyped-def]
    """Return the transformed price of the low branch and its two derivatives by the price."""
    z = -x / (_SQRT_3 * s)
    y = z * z
    tail = norm_cdf(-z)
    f = _TWO_PI * -x / (3.0 * _SQRT_3) * tail * tail * tail
    d1 = _TWO_PI * y * tail * tail * math.exp(y + 0.125 * s * s)
    inner = 8.0 * _SQRT_3 * s * -x + (3.0 * s * s * (s * s - 8.0) - 8.0 * x * x) * mills(z)
    d2 = math.pi / 6.0 * y / (s * s * s) * tail * inner * math.exp(2.0 * y + 0.25 * s * s)
    return f, d1, d2


@njit(cache=True, nogil=True, error_model="numpy")
def _guess(beta, rest, x):  # type: ignore[no-untyped-def]
    """Return a first guess and the branch: -1 low, 0 middle, 1 high. `rest` is b_max - beta."""
    b_max = math.exp(0.5 * x)
    s_c = math.sqrt(-2.0 * x)
    b_c = _price(x, s_c)
    v_c = _slope(x, s_c)
    if beta < b_c:
        s_l = s_c - b_c / v_c
        b_l = _price(x, s_l)
        if beta >= b_l:
            v_l = _slope(x, s_l)
            return _bent_right(beta, b_l, b_c, s_l, s_c, 1.0 / v_l, 1.0 / v_c, 0.0), 0
        f_l, d_l, dd_l = _low_map(x, s_l)
        f = _bent_right(beta, 0.0, b_l, 0.0, f_l, 1.0, d_l, dd_l)
        if not f > 0.0:
            u = beta / b_l
            f = (f_l * u + b_l * (1.0 - u)) * u
        root = _SQRT_3 * (f / (_TWO_PI * -x)) ** (1.0 / 3.0)
        return -x / (_SQRT_3 * lower_quantile(min(root, 0.4999999999))), -1
    s_u = s_c + (b_max - b_c) / v_c
    b_u = _price(x, s_u)
    if beta <= b_u:
        v_u = _slope(x, s_u)
        branch = 0 if beta < 0.5 * b_max else 1
        return _bent_left(beta, b_c, b_u, s_c, s_u, 1.0 / v_c, 1.0 / v_u, 0.0), branch
    h2 = (x / s_u) * (x / s_u)
    f_u = norm_cdf(-0.5 * s_u)
    d_u = -0.5 * math.exp(0.5 * h2)
    dd_u = math.sqrt(0.5 * math.pi) * h2 / s_u * math.exp(h2 + 0.125 * s_u * s_u)
    f = _bent_left(beta, b_u, b_max, f_u, 0.0, d_u, -0.5, dd_u)
    if not 0.0 < f < 0.5:
        f = 0.5 * rest
    return 2.0 * lower_quantile(f), 1


@njit(cache=True, nogil=True, error_model="numpy")
def _householder(newton, h2, h3):  # type: ignore[no-untyped-def]
    """Return the third-order step, Newton's where the higher terms would turn it round."""
    factor = (1.0 + 0.5 * h2 * newton) / (1.0 + newton * (h2 + h3 * newton / 6.0))
    return newton * factor if 0.0 < factor < 8.0 else newton


@njit(cache=True, nogil=True, error_model="numpy")
def _low_step(x, s, log_beta):  # type: ignore[no-untyped-def]
    """Step on ``1 / log b(s) - 1 / log beta``."""
    h = x / s
    ratio = mills_gap(-h, 0.5 * s)
    log_b = math.log(ratio) - 0.5 * (h * h + 0.25 * s * s) - _LOG_SQRT_2PI
    if not log_b < -1e-300:
        return -0.5 * s
    inverse = 1.0 / ratio
    bend = h * h / s - 0.25 * s
    bend3 = bend * bend - 3.0 * (h / s) * (h / s) - 0.25
    newton = (log_beta - log_b) * log_b / log_beta * ratio
    lift = 1.0 + 2.0 / log_b
    h2 = bend - inverse * lift
    twice = 2.0 * inverse * inverse * (1.0 + 3.0 / log_b * (1.0 + 1.0 / log_b))
    h3 = bend3 + twice - 3.0 * bend * inverse * lift
    return _householder(newton, h2, h3)


@njit(cache=True, nogil=True, error_model="numpy")
def _middle_step(x, s, beta):  # type: ignore[no-untyped-def]
    """Step on ``b(s) - beta``."""
    h = x / s
    slope = _slope(x, s)
    bend = h * h / s - 0.25 * s
    bend3 = bend * bend - 3.0 * (h / s) * (h / s) - 0.25
    return _householder((beta - _price(x, s)) / slope, bend, bend3)


@njit(cache=True, nogil=True, error_model="numpy")
def _high_step(x, s, rest):  # type: ignore[no-untyped-def]
    """Step on ``log((b_max - beta) / (b_max - b(s)))``, the distance from the upper bound."""
    h = x / s
    t = 0.5 * s
    # The distance over the slope, both tails of one sign: Y(-h-t) + Y(h-t).
    first = mills(h + t) if h + t >= 0.0 else 1.0 / (INV_SQRT_2PI * gauss(h + t)) - mills(-h - t)
    ratio = first + mills(t - h)
    log_rest = math.log(ratio) - 0.5 * (h * h + t * t) - _LOG_SQRT_2PI
    inverse = 1.0 / ratio
    bend = h * h / s - 0.25 * s
    bend3 = bend * bend - 3.0 * (h / s) * (h / s) - 0.25
    newton = (log_rest - math.log(rest)) * ratio
    h2 = bend + inverse
    h3 = bend3 + inverse * (2.0 * inverse + 3.0 * bend)
    return _householder(newton, h2, h3)


@njit(cache=True, nogil=True, error_model="numpy")
def stdev_of(outside, rest, low, high, x):  # type: ignore[no-untyped-def]
    """Return the standard deviation of an option out of the money, NaN if it did not converge.

    `low` is the smaller of the two legs, `outside` the time value, `rest` what is missing to its
    upper bound `low`, and ``x = log(low / high) <= 0``.
    """
    scale = math.sqrt(low) * math.sqrt(high)
    beta = outside / scale
    if x > -1e-280:
        # At the money the price is a normal probability: beta = 1 - 2 N(-s / 2).
        return _at_the_money(beta, rest / scale)
    over = rest / scale
    s, branch = _guess(beta, over, x)
    if not 0.0 < s < 1e9:
        s = math.sqrt(-2.0 * x)
    log_beta = math.log(outside) - math.log(scale)
    for turn in range(60):
        if branch < 0:
            step = _low_step(x, s, log_beta)
        elif branch == 0:
            step = _middle_step(x, s, beta)
        else:
            step = _high_step(x, s, over)
        step = max(step, -0.5 * s)
        s += step
        if abs(step) <= 2e-16 * s or (turn >= 1 and abs(step) <= 1e-5 * s):
            # Steps of third order: after one this small the next is rounding.
            return s
    return math.nan


@njit(cache=True, nogil=True, error_model="numpy")
def _at_the_money(beta, rest):  # type: ignore[no-untyped-def]
    if beta > 0.3:
        return 2.0 * lower_quantile(0.5 * rest)
    t = beta / (2.0 * INV_SQRT_2PI)
    for _ in range(6):
        # Newton for beta = n(t) (Y(t) - Y(-t)), bent by the second derivative -t.
        newton = (beta / (INV_SQRT_2PI * gauss(t)) - mills_gap(0.0, t)) * 0.5
        t += newton / (1.0 - 0.5 * t * newton)
        if abs(newton) <= 1e-6 * t:
            break
    return 2.0 * t


@njit(cache=True, nogil=True, error_model="numpy")
def implied_of(value, forward, strike, x, sign):  # type: ignore[no-untyped-def]
    """Return the implied standard deviation (NaN when there is none) and a status."""
    bound = forward if sign > 0.0 else strike
    intrinsic = max(sign * (forward - strike), 0.0)
    if not value >= intrinsic:
        return math.nan, BELOW_INTRINSIC
    if value >= bound:
        return math.nan, ABOVE_BOUND
    outside = value - intrinsic
    if outside == 0.0:
        return 0.0, AT_INTRINSIC
    rest = bound - value
    if x < 0.0:
        stdev = stdev_of(outside, rest, forward, strike, x)
    else:
        stdev = stdev_of(outside, rest, strike, forward, -x)
    return stdev, OK if stdev >= 0.0 else NOT_CONVERGED


@njit(cache=True, nogil=True, error_model="numpy")
def black_implied_stdev(value, forward, strike, sign):  # type: ignore[no-untyped-def]
    """Return the standard deviation that gives the undiscounted `value`; NaN out of bounds."""
    if not (0.0 < forward < math.inf and 0.0 < strike < math.inf and abs(value) < math.inf):
        return math.nan
    return implied_of(value, forward, strike, log_ratio(forward, strike), sign)[0]


@njit(cache=True, nogil=True, error_model="numpy")
def bsm_implied_vol_of(px, spot, strike, tau, rate, dividend_yield, sign):  # type: ignore[no-untyped-def]
    """Return the implied volatility (NaN when there is none) and a status."""
    valid = (
        abs(px) < math.inf
        and 0.0 < spot < math.inf
        and 0.0 < strike < math.inf
        and 0.0 < tau < math.inf
        and abs(rate * tau) < 700.0
        and abs(dividend_yield * tau) < 700.0
    )
    if not valid:
        return math.nan, INVALID
    forward = spot * exp_sum(-dividend_yield * tau, 0.0)
    discounted = strike * exp_sum(-rate * tau, 0.0)
    x = log_ratio(spot, strike) + (rate - dividend_yield) * tau
    stdev, status = implied_of(px, forward, discounted, x, sign)
    return stdev / math.sqrt(tau), status
