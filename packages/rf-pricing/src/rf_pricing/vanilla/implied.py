"""Implied volatility of Black-Scholes-Merton, and why there is none."""

from __future__ import annotations

from enum import IntEnum
from typing import overload

import numpy as np
import numpy.typing as npt

from rf_pricing.vanilla._columns import (
    FINITE,
    POSITIVE,
    FloatArray,
    all_scalars,
    columns_of,
    complain,
    numbers_of,
    result_of,
)
from rf_pricing.vanilla._kernels.implied import bsm_implied_vol_of
from rf_pricing.vanilla._kernels.implied_batch import bsm_implied_vols

RULES = {
    "px": FINITE,
    "spot": POSITIVE,
    "strike": POSITIVE,
    "tau": POSITIVE,
    "rate": FINITE,
    "dividend_yield": FINITE,
}


class ImpliedVolStatus(IntEnum):
    """What came of an inversion."""

    OK = 0
    BELOW_INTRINSIC = 1
    """The price is below the discounted intrinsic value, or negative."""
    ABOVE_BOUND = 2
    """The price is not below its upper bound, which no finite volatility reaches."""
    INVALID = 3
    """An input is NaN, infinite or of the wrong sign, or the time to expiry is zero."""
    AT_INTRINSIC = 4
    """The price has no time value left; the volatility is reported as zero."""
    NOT_CONVERGED = 5
    """The iteration did not settle; no input is known to do this."""


@overload
def bsm_implied_vol(
    px: float,
    spot: float,
    strike: float,
    tau: float,
    *,
    rate: float = 0.0,
    dividend_yield: float = 0.0,
    is_call: bool = True,
    out: None = None,
) -> float: ...


@overload
def bsm_implied_vol(
    px: npt.ArrayLike,
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    tau: npt.ArrayLike,
    *,
    rate: npt.ArrayLike = 0.0,
    dividend_yield: npt.ArrayLike = 0.0,
    is_call: npt.ArrayLike = True,
    out: FloatArray | None = None,
) -> FloatArray: ...


def bsm_implied_vol(
    px: npt.ArrayLike,
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    tau: npt.ArrayLike,
    *,
    rate: npt.ArrayLike = 0.0,
    dividend_yield: npt.ArrayLike = 0.0,
    is_call: npt.ArrayLike = True,
    out: FloatArray | None = None,
) -> float | FloatArray:
    """Return the volatility at which Black-Scholes-Merton gives the price `px`.

    Parameters
    ----------
    px : float or array
        Price of the option, currency. Everything broadcasts together.
    spot, strike, tau, rate, dividend_yield, is_call
        As in `bsm_price`, but `tau` must be positive.
    out : C-contiguous float64 array of the broadcast shape, optional
        Takes the result.

    Returns
    -------
    float or array
        Per year, decimal. In arrays NaN where there is none: `implied_vol_status` says why.

    Raises
    ------
    ValueError
        If all inputs are single numbers and there is no implied volatility, or the shapes or
        types of arrays do not fit.

    Notes
    -----
    Inverts over the whole region without arbitrage, to the digits that the price carries: a few
    units in the last place out of the money; in the money the time value is the difference of
    the price and the intrinsic value, and its rounding is the limit. Arrays: two vectorised
    steps, within 1e-15 / (vol sqrt(tau)) relative of the single option; what has not settled is
    done again singly. A price without time value gives 0.0.

    References
    ----------
    Jaeckel (2015), Let's be rational, Wilmott magazine.

    Examples
    --------
    >>> round(bsm_implied_vol(1.875, 21.0, 20.0, 0.25, rate=0.1), 4)
    0.2345
    >>> bsm_implied_vol([9.0, 12.0], 110.0, 100.0, 1.0).round(4)
    array([  nan, 0.135])
    """
    values = _named(px, spot, strike, tau, rate=rate, dividend_yield=dividend_yield)
    if out is None and all_scalars((*values.values(), is_call)):
        vol, status = bsm_implied_vol_of(*numbers_of(values, is_call))
        if vol != vol:
            raise refusal(status, values, RULES)
        return float(vol)
    columns, flags, shape = columns_of(values, is_call)
    result = result_of(shape, out)
    bsm_implied_vols(columns, flags, result.reshape(-1), np.empty(result.size, np.int8))
    return result


def implied_vol_status(
    px: npt.ArrayLike,
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    tau: npt.ArrayLike,
    *,
    rate: npt.ArrayLike = 0.0,
    dividend_yield: npt.ArrayLike = 0.0,
    is_call: npt.ArrayLike = True,
) -> ImpliedVolStatus | npt.NDArray[np.int8]:
    """Return why `bsm_implied_vol` of the same arguments is NaN, or that it is not.

    Parameters
    ----------
    px, spot, strike, tau, rate, dividend_yield, is_call
        As in `bsm_implied_vol`.

    Returns
    -------
    ImpliedVolStatus or int8 array
        Codes of `ImpliedVolStatus`; an array unless every input is one number.

    Raises
    ------
    ValueError
        If shapes or types do not fit.

    Examples
    --------
    >>> implied_vol_status(9.0, 110.0, 100.0, 1.0)
    <ImpliedVolStatus.BELOW_INTRINSIC: 1>
    >>> implied_vol_status([9.0, 12.0], 110.0, 100.0, 1.0)
    array([1, 0], dtype=int8)
    """
    values = _named(px, spot, strike, tau, rate=rate, dividend_yield=dividend_yield)
    columns, flags, shape = columns_of(values, is_call)
    vols = np.empty(shape)
    statuses = np.empty(shape, np.int8)
    bsm_implied_vols(columns, flags, vols.reshape(-1), statuses.reshape(-1))
    return statuses if shape else ImpliedVolStatus(int(statuses))


def refusal(status: int, values: dict[str, npt.ArrayLike], rules: dict[str, str]) -> ValueError:
    """Return the error that says why there is no implied volatility."""
    if status == ImpliedVolStatus.INVALID:
        return complain(values, rules)
    where = (
        "at least intrinsic" if status == ImpliedVolStatus.BELOW_INTRINSIC else "below its bound"
    )
    rest = ", ".join(f"{name} {value!r}" for name, value in values.items() if name != "px")
    return ValueError(f"expected px to be {where}, was {values['px']!r} ({rest})")


def _named(
    px: npt.ArrayLike,
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    tau: npt.ArrayLike,
    *,
    rate: npt.ArrayLike,
    dividend_yield: npt.ArrayLike,
) -> dict[str, npt.ArrayLike]:
    return {
        "px": px,
        "spot": spot,
        "strike": strike,
        "tau": tau,
        "rate": rate,
        "dividend_yield": dividend_yield,
    }
