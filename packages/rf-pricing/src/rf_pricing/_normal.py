"""The normal distribution for kernels: scalars in, scalars out, compiled.

`norm_cdf` is relative-accurate in both tails.
"""

from __future__ import annotations

import math

from numba import njit

SQRT_HALF = 0.7071067811865476
INV_SQRT_2PI = 0.3989422804014327


@njit(cache=True, nogil=True, error_model="numpy", inline="never")
def norm_pdf(x):  # type: ignore[no-untyped-def]
    """Return the standard normal density at `x`."""
    return INV_SQRT_2PI * math.exp(-0.5 * x * x)


@njit(cache=True, nogil=True, error_model="numpy")
def norm_cdf(x):  # type: ignore[no-untyped-def]
    """Return the standard normal distribution function at `x`."""
    return 0.5 * math.erfc(-x * SQRT_HALF)
