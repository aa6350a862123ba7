"""Distribution functions and quantiles, arrays in, arrays out.

The normal distribution, its quantile, Student's t and chi-square, with both tails relative-
accurate. The normal distribution function is our own; the rest is scipy's, tested on our domain.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy import special

from rf_pricing import _normal

FloatArray: TypeAlias = npt.NDArray[np.float64]

__all__ = ["norm_cdf", "norm_ppf", "t_cdf", "t_ppf", "chi2_cdf", "chi2_sf"]


@njit(cache=True, nogil=True, error_model="numpy")
def _norm_cdfs(x, out):  # type: ignore[no-untyped-def]
    for i in range(x.size):
        out[i] = _normal.norm_cdf(x[i])


def norm_cdf(x: npt.ArrayLike) -> float | FloatArray:
    """Return the standard normal distribution function.

    Parameters
    ----------
    x : float or array
        Infinities are allowed.

    Returns
    -------
    float or array
        Probabilities, relative-accurate to 5e-16 in the lower tail until it vanishes at -38.5.

    Raises
    ------
    ValueError
        If `x` is NaN.

    Examples
    --------
    >>> norm_cdf(0.0)
    0.5
    """
    points = _numbers("x", x)
    out = np.empty(points.shape)
    _norm_cdfs(np.ascontiguousarray(points).reshape(-1), out.reshape(-1))
    return _shaped(out)


def norm_ppf(p: npt.ArrayLike) -> float | FloatArray:
    """Return the standard normal quantile.

    Parameters
    ----------
    p : float or array
        Probabilities in [0, 1]; 0 and 1 give infinities.

    Returns
    -------
    float or array
        Quantiles, to 1e-15 relative.

    Raises
    ------
    ValueError
        If `p` is NaN or outside [0, 1].

    Examples
    --------
    >>> round(norm_ppf(0.975), 6)
    1.959964
    """
    return _shaped(special.ndtri(_probabilities(p)))


def t_cdf(x: npt.ArrayLike, nu: npt.ArrayLike) -> float | FloatArray:
    """Return Student's t distribution function with `nu` degrees of freedom.

    Parameters
    ----------
    x : float or array
        Infinities are allowed.
    nu : float or array
        Degrees of freedom, positive, not necessarily whole.

    Returns
    -------
    float or array
        Probabilities, relative-accurate in the lower tail (incomplete beta function).

    Raises
    ------
    ValueError
        If `x` is NaN or `nu` not positive and finite.

    Examples
    --------
    >>> round(t_cdf(-2.0, 5.0), 6)
    0.05097
    """
    points, freedom = np.broadcast_arrays(_numbers("x", x), _positive("nu", nu))
    tail = special.stdtr(freedom, -np.abs(points))
    # Near zero the distance from one half is the small, exact quantity.
    square = np.minimum(np.abs(points), 0.1) ** 2
    near = 0.5 - 0.5 * special.betainc(0.5, 0.5 * freedom, square / (freedom + square))
    tail = np.where(np.abs(points) < 0.1, near, tail)
    return _shaped(np.where(points > 0.0, 1.0 - tail, tail))


def t_ppf(p: npt.ArrayLike, nu: npt.ArrayLike) -> float | FloatArray:
    """Return the quantile of Student's t with `nu` degrees of freedom.

    Parameters
    ----------
    p : float or array
        Probabilities in [0, 1].
    nu : float or array
        Degrees of freedom, positive.

    Returns
    -------
    float or array
        Quantiles, to about 1e-14 relative.

    Raises
    ------
    ValueError
        If `p` is outside [0, 1] or `nu` not positive and finite.

    Examples
    --------
    >>> round(t_ppf(0.99, 4.0), 6)
    3.746947
    """
    freedom, given = np.broadcast_arrays(_positive("nu", nu), _probabilities(p))
    # Beyond the reach of the inversion the tail is a power: N(-x) ~ c x**-nu.
    tail = np.minimum(given, 1.0 - given)
    with np.errstate(divide="ignore", over="ignore"):
        log_c = (0.5 * freedom - 1.0) * np.log(freedom) - special.betaln(0.5 * freedom, 0.5)
        power = np.exp((log_c - np.log(tail)) / freedom)
    far = np.where(given < 0.5, -power, power)
    distant = (power > 1e12) & (power > 1e10 * freedom)
    found = np.where(distant, far, special.stdtrit(freedom, given))
    # Near one half the distance from it is exact, and so is the square that belongs to it.
    share = special.betaincinv(0.5, 0.5 * freedom, np.minimum(np.abs(1.0 - 2.0 * given), 0.2))
    near = np.copysign(np.sqrt(freedom * share / (1.0 - share)), given - 0.5)
    return _shaped(np.where(np.abs(given - 0.5) < 0.05, near, found))


def chi2_cdf(x: npt.ArrayLike, k: npt.ArrayLike) -> float | FloatArray:
    """Return the chi-square distribution function with `k` degrees of freedom.

    Raises
    ------
    ValueError
        If `x` is NaN or `k` not positive and finite.

    Examples
    --------
    >>> round(chi2_cdf(3.841458820694124, 1.0), 12)
    0.95
    """
    points = np.maximum(_numbers("x", x), 0.0)
    return _shaped(special.gammainc(0.5 * _positive("k", k), 0.5 * points))


def chi2_sf(x: npt.ArrayLike, k: npt.ArrayLike) -> float | FloatArray:
    """Return the upper tail of the chi-square distribution, relative-accurate.

    Raises
    ------
    ValueError
        If `x` is NaN or `k` not positive and finite.

    Examples
    --------
    >>> round(chi2_sf(3.84, 1.0), 6)
    0.050044
    """
    points = np.maximum(_numbers("x", x), 0.0)
    return _shaped(special.gammaincc(0.5 * _positive("k", k), 0.5 * points))


def _numbers(name: str, value: npt.ArrayLike) -> FloatArray:
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"expected {name} to be numeric, was {value!r:.60}") from None
    if np.isnan(array).any():
        raise ValueError(f"expected {name} without NaN, was {value!r:.60}")
    return array


def _positive(name: str, value: npt.ArrayLike) -> FloatArray:
    array = _numbers(name, value)
    if not ((array > 0.0) & np.isfinite(array)).all():
        raise ValueError(f"expected {name} to be positive and finite, was {value!r:.60}")
    return array


def _probabilities(value: npt.ArrayLike) -> FloatArray:
    array = _numbers("p", value)
    if not ((array >= 0.0) & (array <= 1.0)).all():
        raise ValueError(f"expected p within [0, 1], was {value!r:.60}")
    return array


def _shaped(array: FloatArray) -> float | FloatArray:
    return array if np.ndim(array) else float(array)
