"""What every batch indicator asks of its input: one dimension, finite, bars in order."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rf_signals.indicators._kernels.bars import all_finite, all_ordered

FloatArray = npt.NDArray[np.float64]


def series(name: str, values: npt.ArrayLike) -> FloatArray:
    """Return `values` as a contiguous float64 array.

    Raises
    ------
    ValueError
        If it is not one-dimensional and numeric, or holds a NaN or an infinity: the message
        names the row.
    """
    try:
        column = np.ascontiguousarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"expected numbers for {name}: {error}") from None
    if np.ndim(values) != 1:
        raise ValueError(f"expected one dimension for {name}, was shape {np.shape(values)}")
    if not all_finite(column):
        row = int(np.argmin(np.isfinite(column)))
        raise ValueError(f"expected finite numbers for {name}, row {row} was {column[row]!s}")
    return column


def columns(**given: npt.ArrayLike) -> tuple[FloatArray, ...]:
    """Return the named columns as `series`, all of one length.

    Raises
    ------
    ValueError
        As `series`; also if lengths differ, a volume is negative or a high is below its low.
    """
    found = {name: series(name, values) for name, values in given.items()}
    sizes = {name: column.size for name, column in found.items()}
    if len(set(sizes.values())) > 1:
        raise ValueError(f"expected columns of one length, was {sizes}")
    if "high" in found and "low" in found and not all_ordered(found["low"], found["high"]):
        row = int(np.argmax(found["low"] > found["high"]))
        high, low = found["high"][row], found["low"][row]
        raise ValueError(f"expected high >= low, row {row} was high={high!s}, low={low!s}")
    volume = found.get("volume")
    if volume is not None and volume.size and volume.min() < 0.0:
        row = int(np.argmax(volume < 0.0))
        raise ValueError(f"expected volume >= 0, row {row} was {volume[row]!s}")
    return tuple(found.values())


def number(name: str, value: float, *, least: float = -np.inf) -> float:
    """Return a finite parameter of at least `least`, otherwise raise ValueError."""
    real = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not real or not np.isfinite(value):
        raise ValueError(f"expected a finite number for {name}, was {value!r}")
    if value < least:
        raise ValueError(f"expected {name} >= {least:g}, was {value!r}")
    return float(value)


def lines(count: int, like: FloatArray) -> tuple[FloatArray, ...]:
    """Return arrays to be written, rows of one block: a block is cheaper to get than its rows."""
    return tuple(np.empty((count, like.size)))


def delayed(values: FloatArray, count: int) -> FloatArray:
    """Return the values `count` rows later, NaN before."""
    out = np.empty_like(values)
    out[:count] = np.nan
    out[count:] = values[: max(values.size - count, 0)]
    return out
