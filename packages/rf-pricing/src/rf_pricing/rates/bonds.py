"""Bonds as lists of cash flows: price at a yield, its derivatives, the yield at a price."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BondAnalytics:
    """Value of cash flows at a yield and its derivatives."""

    value: float
    """Present value, in the units of the cash flows (the dirty price)."""
    macaulay: float
    """Mean time of the present values, years."""
    modified: float
    """``-dP/dy / P``, years."""
    convexity: float
    """``d2P/dy2 / P``, years squared; not divided by 100."""
    dv01: float
    """What one basis point less of yield adds, to first order."""


def bond_analytics(
    times: npt.ArrayLike, amounts: npt.ArrayLike, bond_yield: float, *, frequency: int
) -> BondAnalytics:
    """Return value, durations, convexity and DV01 of cash flows at a yield.

    Parameters
    ----------
    times, amounts : array, shape (n,)
        Years from now (not negative) and what is paid then.
    bond_yield : float
        Nominal annual yield, decimal, above ``-frequency``.
    frequency : int
        Compounding periods a year, 0 for continuous compounding.

    Raises
    ------
    ValueError
        If arrays are empty, of two lengths or not finite, a time is negative, `frequency` is
        negative, ``bond_yield <= -frequency``, or the value is not a positive finite number.

    Notes
    -----
    Accurate to a few units in the last place for cash flows of one sign.

    References
    ----------
    Fabozzi (2016), Bond Markets, Analysis and Strategies, chapter 4.

    Examples
    --------
    >>> found = bond_analytics([0.5, 1.0], [4.5, 104.5], 0.09, frequency=2)
    >>> round(found.value, 6), round(found.macaulay, 6)
    (100.0, 0.978469)
    """
    at, paid = _flows(times, amounts)
    _check_yield(bond_yield, frequency)
    weights = paid * np.exp(-_log_growth(bond_yield, frequency) * at)
    value = math.fsum(weights)
    if not 0.0 < value < math.inf:
        raise ValueError(f"expected cash flows with a positive finite value, was {value!r}")
    period = 1.0 / frequency if frequency else 0.0
    growth = 1.0 + bond_yield * period
    macaulay = math.fsum(at * weights) / value
    modified = macaulay / growth
    convexity = math.fsum(at * (at + period) * weights) / (value * growth * growth)
    return BondAnalytics(value, macaulay, modified, convexity, modified * value * 1e-4)


def bond_value(
    times: npt.ArrayLike, amounts: npt.ArrayLike, bond_yield: float, *, frequency: int
) -> float:
    """Return the present value of cash flows at a yield; parameters as in `bond_analytics`."""
    at, paid = _flows(times, amounts)
    _check_yield(bond_yield, frequency)
    return math.fsum(paid * np.exp(-_log_growth(bond_yield, frequency) * at))


def bond_yield(
    times: npt.ArrayLike, amounts: npt.ArrayLike, value: float, *, frequency: int
) -> float:
    """Return the yield at which cash flows are worth `value`.

    Parameters
    ----------
    times, amounts : array, shape (n,)
        Years from now and what is paid then; amounts not negative, one after now positive.
    value : float
        Dirty price, positive, in the units of `amounts`.
    frequency : int
        Compounding periods a year, 0 for continuous compounding.

    Returns
    -------
    float
        Nominal annual yield, decimal; may be negative.

    Raises
    ------
    ValueError
        As in `bond_analytics`; if an amount is negative, `value` is not positive, or no yield
        gives it.

    Notes
    -----
    Bracketed root of the logarithm of the value in the logarithm of growth, where the value is
    decreasing and convex; reprices within 1e-13 relative.

    Examples
    --------
    >>> round(bond_yield([0.5, 1.0, 1.5, 2.0], [3.0, 3.0, 3.0, 103.0], 98.39, frequency=0), 4)
    0.0676
    """
    at, paid = _flows(times, amounts)
    _check_frequency(frequency)
    if not 0.0 < value < math.inf:
        raise ValueError(f"expected value to be positive and finite, was {value!r}")
    if (paid < 0.0).any():
        raise ValueError(f"expected amounts not to be negative, lowest was {paid.min()!r}")
    now = float(paid[at == 0.0].sum())
    later = (at > 0.0) & (paid > 0.0)
    if not later.any() or value <= now:
        raise ValueError(f"expected a value that payments after now can have, was {value!r}")
    rate = _growth_at(at[later], np.log(paid[later]), math.log(value - now))
    return frequency * math.expm1(rate / frequency) if frequency else rate


def _growth_at(at: FloatArray, log_paid: FloatArray, target: float) -> float:
    """Return the continuous rate at which the logarithm of the value is `target`."""

    def miss(rate: float) -> float:
        exponents = log_paid - rate * at
        top = exponents.max()
        return float(top + math.log(math.fsum(np.exp(exponents - top))) - target)

    # One payment of everything at the first or at the last time brackets the rate.
    total = log_paid.max() + math.log(math.fsum(np.exp(log_paid - log_paid.max())))
    ends = sorted(
        (float(total - target) / float(at.min()), float(total - target) / float(at.max()))
    )
    return _root(miss, ends[0] - 1e-9, ends[1] + 1e-9)


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    try:
        found, report = brentq(function, low, high, xtol=1e-16, rtol=1e-15, full_output=True)
    except (ValueError, RuntimeError) as error:
        raise ValueError(f"expected a value that some yield gives: {error}") from None
    if not report.converged:
        raise ValueError("expected a value that some yield gives: the search did not converge")
    return float(found)


def taylor_change(
    modified: float, convexity: float, value: npt.ArrayLike, yield_change: float
) -> float:
    """Return ``P (-D dy + C dy**2 / 2)``, the second order change of a value.

    Parameters
    ----------
    modified, convexity : float
        As in `BondAnalytics`.
    value : float
        Value before the change.
    yield_change : float
        Change of yield, decimal: 0.0001 is a basis point.

    Raises
    ------
    ValueError
        If an input is not finite.

    Examples
    --------
    >>> round(taylor_change(4.0, 20.0, 100.0, 0.01), 6)
    -3.9
    """
    numbers = {"modified": modified, "convexity": convexity, "yield_change": yield_change}
    for name, number in {**numbers, "value": float(np.asarray(value))}.items():
        if not math.isfinite(number):
            raise ValueError(f"expected {name} to be finite, was {number!r}")
    relative = yield_change * (0.5 * convexity * yield_change - modified)
    return float(np.asarray(value)) * relative


def _log_growth(annual: float, frequency: int) -> float:
    return frequency * math.log1p(annual / frequency) if frequency else annual


def _flows(times: npt.ArrayLike, amounts: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    at = np.asarray(times, dtype=np.float64)
    paid = np.asarray(amounts, dtype=np.float64)
    if at.ndim != 1 or at.size == 0 or paid.shape != at.shape:
        raise ValueError(
            f"expected times and amounts of one length, were {at.shape} and {paid.shape}"
        )
    if not np.isfinite(at).all() or (at < 0.0).any():
        raise ValueError(f"expected times to be finite and not negative, were {at!r:.60}")
    if not np.isfinite(paid).all():
        raise ValueError(f"expected amounts to be finite, were {paid!r:.60}")
    return at, paid


def _check_frequency(frequency: int) -> None:
    if not 0 <= frequency <= 366 or frequency != int(frequency):
        raise ValueError(
            f"expected frequency to be a whole number from 0 to 366, was {frequency!r}"
        )


def _check_yield(annual: float, frequency: int) -> None:
    _check_frequency(frequency)
    if not math.isfinite(annual) or (frequency and annual <= -frequency):
        raise ValueError(f"expected bond_yield to be finite and above -{frequency}, was {annual!r}")
