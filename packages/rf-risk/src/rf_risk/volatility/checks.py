"""Checks of what comes in, in the words of the error messages."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def finite_returns(returns: npt.ArrayLike, *, least: int = 1) -> FloatArray:
    """Return a series as a contiguous array.

    Raises
    ------
    ValueError
        If it is not of one dimension, too short, or a return is NaN or infinite.
    """
    found = np.ascontiguousarray(returns, dtype=np.float64)
    if found.ndim != 1:
        raise ValueError(f"expected returns of one dimension, was shape {found.shape}")
    if found.size < least:
        raise ValueError(f"expected at least {least} returns, was {found.size}")
    if not np.isfinite(found).all():
        where = int(np.argmin(np.isfinite(found)))
        raise ValueError(f"expected finite returns, was {found[where]} at index {where}")
    return found


def varying_returns(returns: npt.ArrayLike, *, least: int) -> tuple[FloatArray, float, float]:
    """Return a series with its mean and its largest size, refused when it does not vary."""
    found = finite_returns(returns, least=least)
    low, high = float(found.min()), float(found.max())
    largest = max(-low, high)
    if not high - low > 1e-13 * largest:
        raise ValueError(f"expected returns that vary, was a constant series of {low}")
    return found, float(found.mean()), largest


def positive(name: str, value: float) -> float:
    """Return a number that must be above zero and finite."""
    if not 0.0 < value < np.inf:
        raise ValueError(f"expected {name} above 0, was {value}")
    return float(value)
