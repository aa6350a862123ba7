"""What the compiled path asks of its input."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numba
import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def column(name: str, values: npt.ArrayLike, size: int | None = None) -> FloatArray:
    """Return `values` as a contiguous (n,) array of finite numbers.

    Raises
    ------
    ValueError
        If it has another shape, or a value is NaN or infinite.
    """
    try:
        array = np.ascontiguousarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"expected numbers for {name}: {error}") from None
    if np.ndim(values) != 1 or (size is not None and array.size != size):
        wanted = "one dimension" if size is None else f"{size} values"
        raise ValueError(f"expected {wanted} for {name}, was shape {np.shape(values)}")
    bad = np.flatnonzero(~np.isfinite(array))
    if bad.size:
        raise ValueError(f"expected finite {name}, row {bad[0]} was {array[bad[0]]}")
    return array


def number(name: str, value: float, *, least: float = 0.0, above: bool = False) -> float:
    """Return a finite number of at least `least` (or above it), otherwise raise ValueError."""
    real = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not real or not np.isfinite(value) or value < least or (above and value == least):
        bound = "above" if above else "of at least"
        raise ValueError(f"expected a finite {name} {bound} {least:g}, was {value!r}")
    return float(value)


def count(name: str, value: int, *, least: int = 1) -> int:
    """Return a whole number of at least `least`, otherwise raise ValueError."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < least:
        raise ValueError(f"expected a whole {name} of at least {least}, was {value!r}")
    return int(value)


@contextmanager
def side_by_side(threads: int) -> Iterator[int]:
    """Let kernels use `threads` threads; yield how many there really are.

    The layer is ``workqueue`` where nobody has chosen one: workers of OpenMP spin, and a busy
    neighbour then costs many times the work itself.
    """
    settings = numba.config
    if settings.THREADING_LAYER == "default":  # type: ignore[attr-defined]  # set when numba is imported
        settings.THREADING_LAYER = "workqueue"  # type: ignore[attr-defined]  # set when numba is imported
    before = numba.get_num_threads()
    used = min(threads, int(settings.NUMBA_NUM_THREADS))  # type: ignore[attr-defined]  # set when numba is imported
    numba.set_num_threads(used)
    try:
        yield used
    finally:
        numba.set_num_threads(before)
