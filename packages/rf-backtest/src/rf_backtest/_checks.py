"""What every statistic asks of a series."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def series(values: npt.ArrayLike, name: str = "returns", *, least: int = 1) -> FloatArray:
    """Return `values` as a (n,) array of finite numbers.

    Raises
    ------
    ValueError
        If it is not one-dimensional, has fewer than `least` values, or one is not finite.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"expected {name} of one dimension, was shape {array.shape}")
    if array.size < least:
        raise ValueError(f"expected at least {least} {name}, was {array.size}")
    bad = np.flatnonzero(~np.isfinite(array))
    if bad.size:
        raise ValueError(f"expected finite {name}, was {array[bad[0]]} at {bad[0]}")
    return array
