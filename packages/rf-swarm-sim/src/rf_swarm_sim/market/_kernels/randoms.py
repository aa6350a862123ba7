"""Counter-based random numbers: a draw is a function of its key, so order never matters."""

from __future__ import annotations

from math import cos, log, pi, sqrt

import numpy as np
from numba import njit

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_30, _27, _31, _11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_UNIT = 2.0**-53


@njit(cache=True, nogil=True, error_model="numpy")
def mix(key):  # type: ignore[no-untyped-def]
    """Finaliser of splitmix64 (Steele, Lea and Flood 2014) with Stafford's constants."""
    z = np.uint64(key)
    z = (z ^ (z >> _30)) * _MIX_1
    z = (z ^ (z >> _27)) * _MIX_2
    return z ^ (z >> _31)


@njit(cache=True, nogil=True, error_model="numpy")
def derive(key, counter):  # type: ignore[no-untyped-def]
    """Return the key of one counter below a key."""
    return mix(np.uint64(key) + (np.uint64(counter) + np.uint64(1)) * _GOLDEN)


@njit(cache=True, nogil=True, error_model="numpy")
def unit(key):  # type: ignore[no-untyped-def]
    """Return a number in [0, 1) from the upper 53 bits of a key."""
    return np.float64(np.uint64(key) >> _11) * _UNIT


@njit(cache=True, nogil=True, error_model="numpy")
def uniform(key, counter):  # type: ignore[no-untyped-def]
    """Return the draw in [0, 1) of a counter below a key."""
    return unit(derive(key, counter))


@njit(cache=True, nogil=True, error_model="numpy")
def normal(key, counter):  # type: ignore[no-untyped-def]
    """Return a standard normal draw (Box and Muller 1958) of a counter below a key."""
    draw = derive(key, counter)
    radius = sqrt(-2.0 * log(1.0 - unit(draw)))
    return radius * cos(2.0 * pi * uniform(draw, 1))
