"""The normal (Bachelier) model, one option at a time.

Out of the money by ``m`` an option is worth ``stdev n(z) q(z)`` with ``z = m / stdev`` and
``q(z) = 1 - z N(-z) / n(z)``, a product of positive numbers.
"""

from __future__ import annotations

import math

from numba import njit

from rf_pricing._normal import INV_SQRT_2PI, SQRT_2PI, gauss, mills, mills_slope


@njit(cache=True, nogil=True, error_model="numpy")
def bachelier_value(forward, strike, stdev, sign):  # type: ignore[no-untyped-def]
    """Return the undiscounted value, `sign` 1 for calls and -1 for puts; NaN if invalid."""
    gap = forward - strike
    if not (abs(gap) < math.inf and 0.0 <= stdev < math.inf):
        return math.nan
    outside = 0.0
    if stdev > 0.0:
        z = abs(gap) / stdev
        if z < 40.0:
            outside = stdev * (INV_SQRT_2PI * gauss(z) * mills_slope(z))
    return max(sign * gap, 0.0) + outside


@njit(cache=True, nogil=True, error_model="numpy")
def bachelier_implied_stdev(value, forward, strike, sign):  # type: ignore[no-untyped-def]
    """Return the standard deviation of the forward that gives `value`; NaN below intrinsic."""
    gap = forward - strike
    outside = value - max(sign * gap, 0.0)
    if not (abs(gap) < math.inf and 0.0 <= outside < math.inf):
        return math.nan
    if outside == 0.0 or gap == 0.0:
        return outside * SQRT_2PI
    distance = abs(gap)
    log_target = math.log(outside / distance)
    if outside / distance > 1e305:
        return outside * SQRT_2PI
    if log_target > -2.0:
        z = INV_SQRT_2PI / (outside / distance + 0.5)
    else:
        z = math.sqrt(-2.0 * log_target)
        z = math.sqrt(max(-2.0 * (log_target + 0.9189385332046727 + 3.0 * math.log(z)), 0.5))
    for _ in range(40):
        slope = mills_slope(z)
        # f(z) = log(n(z) q(z) / z) - target falls; f' = -1 / (z q).
        miss = math.log(INV_SQRT_2PI * slope / z) - 0.5 * z * z - log_target
        product = z * slope
        newton = miss * product
        bend = (slope - z * mills(z) + z * product) / product
        step = newton / (1.0 + 0.5 * newton * bend / product * product)
        step = max(step, -0.5 * z)
        z += step
        if abs(step) <= 1e-15 * z:
            break
    return distance / z
