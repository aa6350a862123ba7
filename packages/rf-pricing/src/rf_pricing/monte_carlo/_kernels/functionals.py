"""What payoffs read off a path: averages, extremes, the chance of not having met a barrier."""

from __future__ import annotations

import numpy as np
from numba import njit

from rf_pricing._normal import exp_sum
from rf_pricing.monte_carlo._kernels.numbers import LANES, log_of, uniform_rows

_BRIDGE_STREAM = 1


@njit(cache=True, nogil=True, error_model="numpy")
def mean_spot(x, weights, out):  # type: ignore[no-untyped-def]
    """Fill `out` (chunks, 64) with the weighted sums of ``exp(x)`` over the rows."""
    for c in range(x.shape[0]):
        total = out[c]
        total[:] = 0.0
        for r in range(x.shape[1]):
            w = weights[r]
            if w != 0.0:
                row = x[c, r]
                for i in range(LANES):
                    total[i] += w * exp_sum(min(max(row[i], -700.0), 700.0), 0.0)


@njit(cache=True, nogil=True, error_model="numpy")
def mean_log(x, weights, out):  # type: ignore[no-untyped-def]
    """Fill `out` (chunks, 64) with the weighted sums of `x` over the rows."""
    for c in range(x.shape[0]):
        total = out[c]
        total[:] = 0.0
        for r in range(x.shape[1]):
            w = weights[r]
            if w != 0.0:
                row = x[c, r]
                for i in range(LANES):
                    total[i] += w * row[i]


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _step_variance(v, c, s, i, step_var):  # type: ignore[no-untyped-def]
    if v.shape[0] > 0:
        return 0.5 * (v[c, s, i] + v[c, s + 1, i]) * step_var[s]
    return step_var[s]


@njit(cache=True, nogil=True, error_model="numpy")
def survival(x, v, step_var, level, up, bridge, out):  # type: ignore[no-untyped-def]
    """Fill `out` with the chance that the path stayed inside the log barrier `level`.

    Between two rows a Brownian bridge with the step's variance crosses with the chance
    ``exp(-2 a b / variance)``, a and b being the distances of its ends from the barrier. Without
    `bridge` only the rows count. `step_var` holds times instead of variances when `v` is given.
    """
    sign = 1.0 if up else -1.0
    for c in range(x.shape[0]):
        inside = out[c]
        for i in range(LANES):
            inside[i] = 1.0 if sign * (level - x[c, 0, i]) > 0.0 else 0.0
        for s in range(x.shape[1] - 1):
            for i in range(LANES):
                before = max(sign * (level - x[c, s, i]), 0.0)
                after = sign * (level - x[c, s + 1, i])
                if after <= 0.0:
                    inside[i] = 0.0
                elif bridge:
                    var = max(_step_variance(v, c, s, i, step_var), 1e-300)
                    inside[i] *= 1.0 - exp_sum(max(-2.0 * before * after / var, -700.0), 0.0)


@njit(cache=True, nogil=True, error_model="numpy")
def extremum(  # type: ignore[no-untyped-def]
    x, v, step_var, top, bridge, first, key, flip, out
):
    """Fill `out` with the maximum (`top`) or minimum of the path.

    With `bridge` the extreme of every step is drawn from its law given the ends of the step,
    ``(a + b +- sqrt((b - a)**2 - 2 variance log u)) / 2``.
    """
    sign = 1.0 if top else -1.0
    ua, ub = np.empty(LANES), np.empty(LANES)
    for c in range(x.shape[0]):
        best = out[c]
        for i in range(LANES):
            best[i] = sign * x[c, 0, i]
        for s in range(x.shape[1] - 1):
            if not bridge:
                for i in range(LANES):
                    best[i] = max(best[i], sign * x[c, s + 1, i])
                continue
            if s % 2 == 0:
                uniform_rows(first + np.uint64(c * LANES), s // 2, _BRIDGE_STREAM, key, ua, ub)
            u = ua if s % 2 == 0 else ub
            for i in range(LANES):
                a, b = sign * x[c, s, i], sign * x[c, s + 1, i]
                chance = 1.0 - u[i] if flip else u[i]
                spread = -2.0 * _step_variance(v, c, s, i, step_var) * log_of(chance)
                peak = 0.5 * (a + b + np.sqrt((b - a) * (b - a) + max(spread, 0.0)))
                best[i] = max(best[i], peak)
        for i in range(LANES):
            best[i] *= sign
