"""Brownian bridge: the first normals decide the coarse course of a path."""

from __future__ import annotations

import numpy as np
from numba import njit

from rf_pricing.monte_carlo._kernels.numbers import LANES, normal_of


@njit(cache=True, nogil=True, error_model="numpy")
def point_normals(points, out):  # type: ignore[no-untyped-def]
    """Fill `out` (chunks, draws, 64) with the quantiles at `points` (paths, draws)."""
    for c in range(out.shape[0]):
        for i in range(LANES):
            p = points[c * LANES + i]
            for k in range(out.shape[1]):
                out[c, k, i] = normal_of(p[k])


@njit(cache=True, nogil=True, error_model="numpy")
def bridge_steps(z, bridged, where, weights, root_dt, out):  # type: ignore[no-untyped-def]
    """Fill `out` (chunks, steps * factors, 64) with the normals of the steps.

    Row j of `where` is (point, left end, right end) in order of drawing, a right end of -1 for
    none, and row j of `weights` (left weight, right weight, standard deviation). A factor that is
    not `bridged` keeps its normals as they are.
    """
    factors = bridged.size
    steps = root_dt.size
    w = np.zeros((steps + 1, LANES))
    for c in range(z.shape[0]):
        for f in range(factors):
            if not bridged[f]:
                for s in range(steps):
                    out[c, s * factors + f, :] = z[c, s * factors + f]
                continue
            for j in range(steps):
                point, left, right = where[j, 0], where[j, 1], where[j, 2]
                a, b, sd = weights[j, 0], weights[j, 1], weights[j, 2]
                for i in range(LANES):
                    far = w[right, i] if right >= 0 else 0.0
                    w[point, i] = a * w[left, i] + b * far + sd * z[c, j * factors + f, i]
            for s in range(steps):
                for i in range(LANES):
                    out[c, s * factors + f, i] = (w[s + 1, i] - w[s, i]) / root_dt[s]
