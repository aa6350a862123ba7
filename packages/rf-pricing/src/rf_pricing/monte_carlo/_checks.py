"""Checks of what a caller passes, with messages that say what was expected."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float64]
_LARGEST_EXPONENT = 700.0


def number(name: str, value: object) -> float:
    """Return a finite number as a float."""
    if isinstance(value, bool | np.bool_) or not isinstance(
        value, int | float | np.floating | np.integer
    ):
        raise ValueError(f"expected {name} to be a number, was {value!r}")
    if not math.isfinite(value):
        raise ValueError(f"expected {name} to be finite, was {value!r}")
    return float(value)


def positive(**values: object) -> None:
    """Refuse what is not a number above zero."""
    for name, value in values.items():
        if number(name, value) <= 0.0:
            raise ValueError(f"expected {name} to be positive, was {value!r}")


def not_negative(**values: object) -> None:
    """Refuse what is not a number of zero or more."""
    for name, value in values.items():
        if number(name, value) < 0.0:
            raise ValueError(f"expected {name} to be not negative, was {value!r}")


def finite(**values: object) -> None:
    """Refuse what is not a finite number."""
    for name, value in values.items():
        number(name, value)


def flag(**values: object) -> None:
    """Refuse what is not a truth value."""
    for name, value in values.items():
        if not isinstance(value, bool | np.bool_):
            raise ValueError(f"expected {name} to be a bool, was {value!r}")


def one_of(name: str, value: object, allowed: tuple[str, ...]) -> None:
    """Refuse a word that is not on the list."""
    if value not in allowed:
        raise ValueError(f"expected {name} to be one of {', '.join(allowed)}, was {value!r}")


def whole(name: str, value: object, *, low: int, high: int) -> int:
    """Return a whole number between two bounds, both allowed."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise ValueError(f"expected {name} to be a whole number, was {value!r}")
    if not low <= value <= high:
        raise ValueError(f"expected {name} to be from {low} to {high}, was {value!r}")
    return int(value)


def vector(name: str, values: npt.ArrayLike) -> FloatArray:
    """Return a one-dimensional array of finite numbers."""
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"expected {name} to be numbers, was {values!r}") from None
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"expected {name} to have one dimension, had shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"expected {name} to be finite, was {array[~np.isfinite(array)][0]}")
    return array


def moderate(**exponents: float) -> None:
    """Refuse exponents whose exponential would leave the range of doubles."""
    for name, value in exponents.items():
        if not abs(value) < _LARGEST_EXPONENT:
            raise ValueError(f"expected {name} below {_LARGEST_EXPONENT:g} in size, was {value!r}")
