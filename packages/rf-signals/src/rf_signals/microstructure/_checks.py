"""What callers pass, as float64 arrays, or a reason why not."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float64]
IntArray: TypeAlias = npt.NDArray[np.int64]


def array(name: str, values: npt.ArrayLike, *, ndim: int = 1, least: int = 1) -> FloatArray:
    """Return finite numbers as a contiguous float64 array of `ndim` dimensions."""
    try:
        found = np.ascontiguousarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"expected {name} to hold numbers, was {values!r:.80}") from None
    if found.ndim != ndim or np.ndim(values) != ndim:
        raise ValueError(f"expected {name} with {ndim} dimension(s), was {np.shape(values)}")
    if found.shape[0] < least or found.size == 0:
        raise ValueError(f"expected {name} with at least {least} row(s), was {found.shape}")
    if not np.isfinite(found).all():
        raise ValueError(f"expected {name} to be finite, was {found[~np.isfinite(found)][0]}")
    return found


def not_negative(name: str, values: npt.ArrayLike, *, ndim: int = 1, least: int = 1) -> FloatArray:
    """Return finite numbers none of which is negative."""
    found = array(name, values, ndim=ndim, least=least)
    if found.min() < 0.0:
        raise ValueError(f"expected {name} to be not negative, was {found.min()}")
    return found


def positive(name: str, values: npt.ArrayLike, *, ndim: int = 1, least: int = 1) -> FloatArray:
    """Return finite numbers that are all above zero."""
    found = array(name, values, ndim=ndim, least=least)
    if found.min() <= 0.0:
        raise ValueError(f"expected {name} to be positive, was {found.min()}")
    return found


def same_shape(**arrays: FloatArray) -> None:
    """Raise ValueError unless all arrays have one shape."""
    shapes = {name: found.shape for name, found in arrays.items()}
    if len(set(shapes.values())) > 1:
        raise ValueError(f"expected arrays of one shape, was {shapes}")


def number(name: str, value: float, *, least: float = -math.inf, above: bool = False) -> float:
    """Return one finite number of at least `least` (more than `least` with `above`)."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"expected {name} to be a number, was {value!r}") from None
    if not math.isfinite(found) or found < least or (above and found == least):
        bound = "" if least == -math.inf else f" {'above' if above else 'of at least'} {least:g}"
        raise ValueError(f"expected a finite number{bound} for {name}, was {value!r}")
    return found


def count(name: str, value: int, *, least: int = 1) -> int:
    """Return an integer of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(f"expected {name} to be an integer >= {least}, was {value!r}")
    return int(value)
