"""From what a caller passes to what a kernel takes, and from a kernel's NaN to a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float64]
Kind = TypeVar("Kind", bound=np.generic)
BoolArray: TypeAlias = npt.NDArray[np.bool_]

POSITIVE = "positive and finite"
NOT_NEGATIVE = "not negative and finite"
FINITE = "finite"

_LARGEST_EXPONENT = 700.0
_NUMBERS = frozenset({float, int, bool, np.float64})


def all_scalars(values: Sequence[object]) -> bool:
    """Tell whether every value is one number."""
    return _NUMBERS.issuperset(map(type, values)) or all(map(_is_number, values))


def _is_number(value: object) -> bool:
    if isinstance(value, np.ndarray):
        return value.ndim == 0 and value.dtype.kind in "bif"
    return isinstance(value, float | int | np.number | np.bool_)


def sign_of(is_call: object) -> float:
    """Return 1.0 for a call and -1.0 for a put.

    Raises
    ------
    ValueError
        If `is_call` is not a truth value.
    """
    if isinstance(is_call, np.ndarray) and is_call.ndim == 0:
        is_call = is_call.item()
    if not isinstance(is_call, bool | np.bool_):
        raise ValueError(f"expected is_call to be a bool or an array of bools, was {is_call!r}")
    return 1.0 if is_call else -1.0


def numbers_of(values: Mapping[str, npt.ArrayLike], is_call: object) -> tuple[float, ...]:
    """Return the values, each one number, as floats, and the sign of `is_call` after them."""
    floats = [float(value) for value in values.values()]  # type: ignore[arg-type]
    return (*floats, sign_of(is_call))


def columns_of(
    values: Mapping[str, npt.ArrayLike], is_call: npt.ArrayLike
) -> tuple[tuple[FloatArray, ...], BoolArray, tuple[int, ...]]:
    """Return flat columns, one number long where one number serves all, and the common shape.

    Raises
    ------
    ValueError
        If a value is not numeric, `is_call` is not boolean or the shapes do not broadcast.
    """
    arrays = [_floats(name, value) for name, value in values.items()]
    flags = np.asarray(is_call)
    if flags.dtype != np.bool_:
        raise ValueError(f"expected is_call to be a bool or an array of bools, was {flags.dtype}")
    try:
        shape = np.broadcast_shapes(*(array.shape for array in arrays), flags.shape)
    except ValueError:
        shapes = ", ".join(f"{n} {a.shape}" for n, a in zip(values, arrays, strict=True))
        raise ValueError(
            f"expected shapes that broadcast, were {shapes}, is_call {flags.shape}"
        ) from None
    flat = tuple(_flat(array, shape) for array in arrays)
    return flat, _flat(flags, shape), shape


def result_of(shape: tuple[int, ...], out: FloatArray | None) -> FloatArray:
    """Return `out` if it can take the result, a new array if it is None.

    Raises
    ------
    ValueError
        If `out` is not a C-contiguous float64 array of this shape.
    """
    if out is None:
        return np.empty(shape)
    fits = out.shape == shape and out.dtype == np.float64 and out.flags.c_contiguous
    if not fits or not out.flags.writeable:
        raise ValueError(
            f"expected out to be a writeable C-contiguous float64 array of shape {shape}, "
            f"was {out.dtype} of shape {out.shape}"
        )
    return out


def complain(values: Mapping[str, npt.ArrayLike], rules: Mapping[str, str]) -> ValueError:
    """Return the error that names the first input breaking its rule."""
    for name, rule in rules.items():
        array = _floats(name, values[name])
        good = np.isfinite(array)
        if rule == POSITIVE:
            good &= array > 0.0
        elif rule == NOT_NEGATIVE:
            good &= array >= 0.0
        if not good.all():
            worst = float(array[~good].flat[0])
            return ValueError(f"expected {name} to be {rule}, was {worst!r}")
    return ValueError(
        f"expected rates times time below {_LARGEST_EXPONENT:g} and results within the range of "
        "doubles, were " + ", ".join(f"{name} {value!r:.40}" for name, value in values.items())
    )


def _floats(name: str, value: npt.ArrayLike) -> FloatArray:
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"expected {name} to be numeric, was {value!r:.60}") from None


def _flat(array: npt.NDArray[Kind], shape: tuple[int, ...]) -> npt.NDArray[Kind]:
    if array.size != 1 and array.shape != shape:
        array = np.broadcast_to(array, shape)
    # Kernels are compiled for plain arrays: read-only ones and broadcast views are copied.
    plain = array.flags.c_contiguous and array.flags.writeable and array.flags.aligned
    return (array if plain else array.copy(order="C")).reshape(-1)
