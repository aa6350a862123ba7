"""The normal distribution for kernels: scalars in, scalars out, compiled.

Everything rests on two functions of ``z >= 0``: the ratio of Mills, ``Y(z) = N(-z) / n(z)``, and
its slope ``q(z) = 1 - z Y(z)``. Both are rational functions with positive coefficients (fitted
in 40 digits to 1e-17 and 2e-17 relative on ``0 <= z``), so that they lose a few units in the
last place and no more, however far out. Nothing branches, so loops over them vectorise.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

SQRT_HALF = 0.7071067811865476
INV_SQRT_2PI = 0.3989422804014327
SQRT_2PI = 2.5066282746310002

_LOG2_E = 1.4426950408889634
_LN2_HIGH = 0.6931471805598903  # 42 bits: times an exponent it is exact
_LN2_LOW = 5.497923018708371e-14
_ROUND_TO_INT = 6755399441055744.0  # 1.5 * 2**52: adding it rounds to a whole number
_ROUND_TO_INT_BITS = 0x4338000000000000
_ROUND_TO_1024TH = 6597069766656.0  # 1.5 * 2**42: adding it rounds to a multiple of 2**-10


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def exp_mantissa(high, low):  # type: ignore[no-untyped-def]
    """Return ``exp(high + low)`` as a mantissa near 1 and the exponent of a power of two.

    For ``-760 < high + low < 709``. The sum stays exact when `high` has few bits and `low` is
    small.
    """
    shifted = (high + low) * _LOG2_E + _ROUND_TO_INT
    whole = shifted - _ROUND_TO_INT
    power = np.int64(np.float64(shifted).view(np.int64) - _ROUND_TO_INT_BITS)
    r = ((high - whole * _LN2_HIGH) + low) - whole * _LN2_LOW
    r2 = r * r
    r4 = r2 * r2
    p01 = 0.5000000000000001 + r * 0.16666666666666669
    p23 = 0.041666666666623824 + r * 0.008333333333330039
    p45 = 0.0013888888917367081 + r * 0.00019841269863171557
    p67 = 2.4801521057868204e-05 + r * 2.7557268276905696e-06
    p89 = 2.7620201591031547e-07 + r * 2.5100472505694996e-08
    p = (p01 + r2 * p23) + r4 * ((p45 + r2 * p67) + r4 * p89)
    mantissa = 1.0 + (r + r2 * p)
    return mantissa, power


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def exp_parts(high, low):  # type: ignore[no-untyped-def]
    """Return `exp_mantissa` with its power of two as two factors.

    Two, because one of them alone may leave the range of doubles.
    """
    mantissa, power = exp_mantissa(high, low)
    half = power >> 1
    first = np.int64((half + 1023) << 52).view(np.float64)
    second = np.int64((power - half + 1023) << 52).view(np.float64)
    return mantissa, first, second


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def exp_sum(high, low):  # type: ignore[no-untyped-def]
    """Return ``exp(high + low)``, for ``-760 < high + low < 709``."""
    mantissa, first, second = exp_parts(high, low)
    return (mantissa * first) * second


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def mills_parts(z):  # type: ignore[no-untyped-def]
    """Return numerator and denominator of `mills`."""
    z2 = z * z
    z4 = z2 * z2
    z8 = z4 * z4
    a0 = 1505230.9677870132 + z * 2582457.3735812204
    a1 = 2188887.9713843474 + z * 1187825.3618853712
    a2 = 453329.3319820799 + z * 126670.216041928
    a3 = 26228.452912566067 + z * 3982.17522909515
    a4 = 426.37763556190237 + z * 29.329930576240432
    top = ((a0 + z2 * a1) + z4 * (a2 + z2 * a3)) + z8 * (a4 + z2)
    b0 = 1201000.549639613 + z * 3018762.663385178
    b1 = 3554603.7647179547 + z * 2593949.5811515627
    b2 = 1306824.5534585118 + z * 478715.0287306157
    b3 = 130593.73143107761 + z * 26652.830547792764
    b4 = 4011.5051596745984 + z * 427.37763556188645
    b5 = 29.329930576240464 + z
    bottom = ((b0 + z2 * b1) + z4 * (b2 + z2 * b3)) + z8 * (b4 + z2 * b5)
    return top, bottom


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def mills(z):  # type: ignore[no-untyped-def]
    """Return ``N(-z) / n(z)`` for ``z >= 0``."""
    top, bottom = mills_parts(z)
    return top / bottom


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def _tail_ratio(z):  # type: ignore[no-untyped-def]
    """Return ``N(-z) / exp(-z**2 / 2)`` for ``z >= 0``, one half at zero."""
    z2 = z * z
    z4 = z2 * z2
    z8 = z4 * z4
    a0 = 600500.2748198065 + z * 1030251.4336559866
    a1 = 873239.9588473375 + z * 473873.758589207
    a2 = 180852.23747378908 + z * 50534.1048467089
    a3 = 10463.638816340706 + z * 1588.6580668533168
    a4 = 170.10006624323634 + z * 11.700949388101064
    top = ((a0 + z2 * a1) + z4 * (a2 + z2 * a3)) + z8 * (a4 + z2 * INV_SQRT_2PI)
    b0 = 1201000.549639613 + z * 3018762.663385178
    b1 = 3554603.7647179547 + z * 2593949.5811515627
    b2 = 1306824.5534585118 + z * 478715.0287306157
    b3 = 130593.73143107761 + z * 26652.830547792764
    b4 = 4011.5051596745984 + z * 427.37763556188645
    b5 = 29.329930576240464 + z
    bottom = ((b0 + z2 * b1) + z4 * (b2 + z2 * b3)) + z8 * (b4 + z2 * b5)
    return top / bottom


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def mills_slope(z):  # type: ignore[no-untyped-def]
    """Return ``1 - z N(-z) / n(z)`` for ``z >= 0``, without the cancellation."""
    z2 = z * z
    z4 = z2 * z2
    z8 = z4 * z4
    a0 = 3965255.6880787625 + z * 5751522.427699648
    a1 = 4208119.032102843 + z * 2005883.8406191738
    a2 = 682875.6657790232 + z * 172587.00850054552
    a3 = 32739.824142977763 + z * 4609.893988799893
    a4 = 463.36485517622225 + z * 30.3189818605719
    top = ((a0 + z2 * a1) + z4 * (a2 + z2 * a3)) + z8 * (a4 + z2)
    b0 = 3965255.6880787625 + z * 10721233.439639447
    b1 = 13679936.783384442 + z * 10914764.075139815
    b2 = 6079351.826943327 + z * 2497259.0042223963
    b3 = 778356.9459253117 + z * 186234.77664289123
    b4 = 34123.918707556695 + z * 4700.850934389744
    b5 = 466.364855176186 + z * 30.31898186057196
    bottom = ((b0 + z2 * b1) + z4 * (b2 + z2 * b3)) + z8 * ((b4 + z2 * b5) + z4)
    return top / bottom


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def gauss(x):  # type: ignore[no-untyped-def]
    """Return ``exp(-x**2 / 2)``, relative-accurate until it vanishes below 5e-324."""
    z = abs(x)
    z = 39.0 if z > 39.0 else z
    high = (z + _ROUND_TO_1024TH) - _ROUND_TO_1024TH
    return exp_sum(-0.5 * (high * high), -0.5 * ((z - high) * (z + high)))


@njit(cache=True, nogil=True, error_model="numpy")
def norm_pdf(x):  # type: ignore[no-untyped-def]
    """Return the standard normal density at `x`."""
    return INV_SQRT_2PI * gauss(x)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def norm_cdf(x):  # type: ignore[no-untyped-def]
    """Return the standard normal distribution function at `x`."""
    z = abs(x)
    z = 39.0 if z > 39.0 else z
    high = (z + _ROUND_TO_1024TH) - _ROUND_TO_1024TH
    mantissa, first, second = exp_parts(-0.5 * (high * high), -0.5 * ((z - high) * (z + high)))
    # The powers of two come last, so that a tiny tail is rounded only once.
    tail = ((mantissa * _tail_ratio(z)) * first) * second
    return 1.0 - tail if x > 0.0 else tail


@njit(cache=True, nogil=True, error_model="numpy")
def norm_ppf(p):  # type: ignore[no-untyped-def]
    """Return the `x` at which the distribution function is `p`; NaN outside [0, 1]."""
    if not 0.0 < p < 1.0:
        return -math.inf if p == 0.0 else math.inf if p == 1.0 else math.nan
    tail = p if p < 0.5 else 1.0 - p
    z = lower_quantile(tail)
    return -z if p < 0.5 else z


@njit(cache=True, nogil=True, error_model="numpy")
def lower_quantile(tail):  # type: ignore[no-untyped-def]
    """Return the `z >= 0` beyond which `tail` (in (0, 0.5]) lies: ``N(-z) = tail``."""
    if tail > 0.2:
        y = 0.5 - tail
        z = SQRT_2PI * y * (1.0 + 1.0471975511965976 * y * y * (1.0 + 2.199114857512855 * y * y))
    else:
        # Abramowitz and Stegun (1964), 26.2.23: good to 4.5e-4, two corrections finish it.
        u = math.sqrt(-2.0 * math.log(tail))
        top = 2.515517 + u * (0.802853 + u * 0.010328)
        z = u - top / (1.0 + u * (1.432788 + u * (0.189269 + u * 0.001308)))
    log_tail = math.log(tail)
    for _ in range(3):
        if tail > 0.2:
            # Near the middle the tail itself is the well conditioned quantity.
            miss = (norm_cdf(-z) - tail) * SQRT_2PI / gauss(z)
            step = miss / (1.0 + 0.5 * miss * z)
        else:
            ratio = mills(z)
            miss = (math.log(ratio * INV_SQRT_2PI) - 0.5 * z * z - log_tail) * ratio
            # Halley's step for the logarithm of the tail.
            curvature = 1.0 / ratio - z
            step = miss / (1.0 - 0.5 * miss * curvature)
        z += step
        if abs(step) < 1e-9 * z:
            break
    return z
