"""Checks of inputs that the modules of this folder share."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float64]

_SYMMETRIC = 1e-8
_INDEFINITE = 1e-10


def finite(name: str, value: float) -> float:
    """Return one finite number."""
    found = float(value)
    if not math.isfinite(found):
        raise ValueError(f"expected {name} to be finite, was {value}")
    return found


def positive(name: str, value: float) -> float:
    """Return one finite number above zero."""
    if not (found := finite(name, value)) > 0.0:
        raise ValueError(f"expected {name} to be positive, was {value}")
    return found


def not_negative(name: str, value: float) -> float:
    """Return one finite number, zero or more."""
    if not (found := finite(name, value)) >= 0.0:
        raise ValueError(f"expected {name} not to be negative, was {value}")
    return found


def share(name: str, value: float) -> float:
    """Return a number strictly between 0 and 1."""
    if not 0.0 < (found := float(value)) < 1.0:
        raise ValueError(f"expected {name} strictly between 0 and 1, was {value}")
    return found


def count(name: str, value: int, at_least: int = 1) -> int:
    """Return a whole number that is large enough."""
    if isinstance(value, bool) or int(value) != value or value < at_least:
        raise ValueError(f"expected {name} to be a whole number >= {at_least}, was {value}")
    return int(value)


def vector(name: str, values: npt.ArrayLike, at_least: int = 1) -> FloatArray:
    """Return a one-dimensional array of finite numbers, long enough."""
    found = _numbers(name, values)
    if found.ndim != 1 or found.size < at_least:
        raise ValueError(
            f"expected {name} to be one row of at least {at_least} numbers, was {found.shape}"
        )
    return _all_finite(name, found)


def matrix(name: str, values: npt.ArrayLike, rows: int = 1, columns: int = 1) -> FloatArray:
    """Return a two-dimensional array of finite numbers, large enough."""
    found = _numbers(name, values)
    if found.ndim != 2 or found.shape[0] < rows or found.shape[1] < columns:
        raise ValueError(
            f"expected {name} to have at least {rows} rows and {columns} columns, was {found.shape}"
        )
    return _all_finite(name, found)


def covariance(name: str, values: npt.ArrayLike, size: int | None = None) -> FloatArray:
    """Return a symmetric positive semi-definite matrix of the given size."""
    found = matrix(name, values)
    if found.shape[0] != found.shape[1] or size not in {None, found.shape[0]}:
        wanted = "square" if size is None else f"{size} by {size}"
        raise ValueError(f"expected {name} to be {wanted}, was {found.shape}")
    scale = float(np.abs(found).max())
    if np.abs(found - found.T).max() > _SYMMETRIC * scale:
        raise ValueError(f"expected {name} to be symmetric")
    lowest = float(np.linalg.eigvalsh(found)[0])
    if lowest < -_INDEFINITE * max(float(np.trace(found)), scale):
        raise ValueError(f"expected {name} to be positive semi-definite, has eigenvalue {lowest}")
    return found


def correlation(name: str, values: npt.ArrayLike, size: int | None = None) -> FloatArray:
    """Return a positive semi-definite matrix with ones on its diagonal."""
    found = covariance(name, values, size)
    if np.abs(np.diagonal(found) - 1.0).max() > _SYMMETRIC:
        raise ValueError(f"expected {name} to have ones on its diagonal")
    return found


def _numbers(name: str, values: npt.ArrayLike) -> FloatArray:
    try:
        return np.ascontiguousarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"expected {name} to be an array of numbers") from None


def _all_finite(name: str, values: FloatArray) -> FloatArray:
    good = np.isfinite(values)
    if not good.all():
        place = tuple(int(i) for i in np.argwhere(~good)[0])
        raise ValueError(f"expected finite {name}, was {values[place]} at {place}")
    return values
