"""Black, Scholes and Merton: the price of a European option and its derivatives."""

from __future__ import annotations

from typing import overload

import numpy.typing as npt

from rf_pricing.vanilla._columns import (
    FINITE,
    NOT_NEGATIVE,
    POSITIVE,
    FloatArray,
    all_scalars,
    columns_of,
    complain,
    result_of,
    sign_of,
)
from rf_pricing.vanilla._kernels.batch import bsm_greeks_rows, bsm_prices
from rf_pricing.vanilla._kernels.black import bsm_greeks_of, bsm_value
from rf_pricing.vanilla.greeks import Greeks, MainGreeks

RULES = {
    "spot": POSITIVE,
    "strike": POSITIVE,
    "tau": NOT_NEGATIVE,
    "vol": NOT_NEGATIVE,
    "rate": FINITE,
    "dividend_yield": FINITE,
}


@overload
def bsm_price(
    spot: float,
    strike: float,
    tau: float,
    vol: float,
    *,
    rate: float = 0.0,
    dividend_yield: float = 0.0,
    is_call: bool = True,
    out: None = None,
) -> float: ...


@overload
def bsm_price(
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    tau: npt.ArrayLike,
    vol: npt.ArrayLike,
    *,
    rate: npt.ArrayLike = 0.0,
    dividend_yield: npt.ArrayLike = 0.0,
    is_call: npt.ArrayLike = True,
    out: FloatArray | None = None,
) -> FloatArray: ...


def bsm_price(
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    tau: npt.ArrayLike,
    vol: npt.ArrayLike,
    *,
    rate: npt.ArrayLike = 0.0,
    dividend_yield: npt.ArrayLike = 0.0,
    is_call: npt.ArrayLike = True,
    out: FloatArray | None = None,
) -> float | FloatArray:
    """Return the Black-Scholes-Merton price of European options.

    Parameters
    ----------
    spot, strike : float or array
        Positive, currency. Everything broadcasts together.
    tau : float or array
        Time to expiry, years, not negative.
    vol : float or array
        Per year, decimal, not negative.
    rate, dividend_yield : float or array
        Continuously compounded, per year, decimal.
    is_call : bool or array of bools
        True for calls, False for puts; may be mixed.
    out : C-contiguous float64 array of the broadcast shape, optional
        Takes the result.

    Returns
    -------
    float or array
        Present value, currency; a float when every input is one number.

    Raises
    ------
    ValueError
        If an input is NaN or infinite, `spot` or `strike` not positive, `tau` or `vol` negative,
        a rate times `tau` beyond 700, or shapes do not broadcast.

    Notes
    -----
    At ``tau = 0`` or ``vol = 0`` the discounted intrinsic value. Single options: about 1e-14
    relative out of the money, down to prices near 1e-300, and absolute in units of spot in the
    money. Arrays: within 1e-15 of spot and 1e-12 relative; one pass, one thread.

    References
    ----------
    Black and Scholes (1973), equation 13; Merton (1973).

    Examples
    --------
    >>> round(bsm_price(100.0, 100.0, 1.0, 0.2, rate=0.05), 4)
    10.4506
    >>> bsm_price([90.0, 110.0], 100.0, 0.0, 0.2, is_call=[True, False])
    array([0., 0.])
    """
    if out is None and all_scalars((spot, strike, tau, vol, rate, dividend_yield, is_call)):
        value = bsm_value(
            float(spot),  # type: ignore[arg-type]
            float(strike),  # type: ignore[arg-type]
            float(tau),  # type: ignore[arg-type]
            float(vol),  # type: ignore[arg-type]
            float(rate),  # type: ignore[arg-type]
            float(dividend_yield),  # type: ignore[arg-type]
            sign_of(is_call),
        )
        if value == value:
            return float(value)
        raise complain(
            _named(spot, strike, tau, vol, rate=rate, dividend_yield=dividend_yield), RULES
        )
    values = _named(spot, strike, tau, vol, rate=rate, dividend_yield=dividend_yield)
    columns, flags, shape = columns_of(values, is_call)
    result = result_of(shape, out)
    if bsm_prices(columns, flags, result.reshape(-1)) > 0:
        raise complain(values, RULES)
    return result


@overload
def bsm_greeks(
    spot: float,
    strike: float,
    tau: float,
    vol: float,
    *,
    rate: float = 0.0,
    dividend_yield: float = 0.0,
    is_call: bool = True,
    out: None = None,
) -> Greeks[float]: ...


@overload
def bsm_greeks(
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    tau: npt.ArrayLike,
    vol: npt.ArrayLike,
    *,
    rate: npt.ArrayLike = 0.0,
    dividend_yield: npt.ArrayLike = 0.0,
    is_call: npt.ArrayLike = True,
    out: FloatArray | None = None,
) -> Greeks[FloatArray]: ...


def bsm_greeks(
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    tau: npt.ArrayLike,
    vol: npt.ArrayLike,
    *,
    rate: npt.ArrayLike = 0.0,
    dividend_yield: npt.ArrayLike = 0.0,
    is_call: npt.ArrayLike = True,
    out: FloatArray | None = None,
) -> Greeks[float] | Greeks[FloatArray]:
    """Return the price of European options and its derivatives, in one pass.

    Parameters
    ----------
    spot, strike, tau, vol, rate, dividend_yield, is_call
        As in `bsm_price`.
    out : C-contiguous float64 array of shape (16,) + the broadcast shape, optional
        Takes the results, a row per field of `Greeks`.

    Returns
    -------
    Greeks
        Floats when every input is one number, else arrays, views of `out` if given. Vega per
        1.00 of volatility; theta, charm, veta and color per year of calendar time; rho and
        dividend_rho per 1.00 of rate.

    Raises
    ------
    ValueError
        As in `bsm_price`.

    Notes
    -----
    Where ``vol * sqrt(tau)`` is zero: derivatives of the discounted intrinsic value. With the
    forward exactly on the strike delta is the limit (one half, discounted), gamma infinite and
    the derivatives that do not exist NaN. Accuracy: 1e-12 relative where no terms of opposite
    sign cancel.

    References
    ----------
    Haug (2007), The Complete Guide to Option Pricing Formulas, chapter 2.

    Examples
    --------
    >>> greeks = bsm_greeks(100.0, 100.0, 1.0, 0.2, rate=0.05)
    >>> round(greeks.delta, 4), round(greeks.vega, 4), round(greeks.theta, 4)
    (0.6368, 37.524, -6.414)
    """
    if out is None and all_scalars((spot, strike, tau, vol, rate, dividend_yield, is_call)):
        numbers = bsm_greeks_of(
            float(spot),  # type: ignore[arg-type]
            float(strike),  # type: ignore[arg-type]
            float(tau),  # type: ignore[arg-type]
            float(vol),  # type: ignore[arg-type]
            float(rate),  # type: ignore[arg-type]
            float(dividend_yield),  # type: ignore[arg-type]
            sign_of(is_call),
        )
        if numbers[0] == numbers[0]:
            return Greeks._make(numbers)
        raise complain(
            _named(spot, strike, tau, vol, rate=rate, dividend_yield=dividend_yield), RULES
        )
    values = _named(spot, strike, tau, vol, rate=rate, dividend_yield=dividend_yield)
    return Greeks._make(_rows(values, is_call, 16, out))


@overload
def bsm_main_greeks(
    spot: float,
    strike: float,
    tau: float,
    vol: float,
    *,
    rate: float = 0.0,
    dividend_yield: float = 0.0,
    is_call: bool = True,
    out: None = None,
) -> MainGreeks[float]: ...


@overload
def bsm_main_greeks(
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    tau: npt.ArrayLike,
    vol: npt.ArrayLike,
    *,
    rate: npt.ArrayLike = 0.0,
    dividend_yield: npt.ArrayLike = 0.0,
    is_call: npt.ArrayLike = True,
    out: FloatArray | None = None,
) -> MainGreeks[FloatArray]: ...


def bsm_main_greeks(
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    tau: npt.ArrayLike,
    vol: npt.ArrayLike,
    *,
    rate: npt.ArrayLike = 0.0,
    dividend_yield: npt.ArrayLike = 0.0,
    is_call: npt.ArrayLike = True,
    out: FloatArray | None = None,
) -> MainGreeks[float] | MainGreeks[FloatArray]:
    """Return price, delta, gamma, vega, theta and rho of European options, in one pass.

    Parameters
    ----------
    spot, strike, tau, vol, rate, dividend_yield, is_call
        As in `bsm_price`.
    out : C-contiguous float64 array of shape (6,) + the broadcast shape, optional
        Takes the results, a row per field of `MainGreeks`.

    Returns
    -------
    MainGreeks
        Floats when every input is one number, else arrays; units as in `bsm_greeks`, of which
        this is the cheaper half.

    Raises
    ------
    ValueError
        As in `bsm_price`.

    Examples
    --------
    >>> round(bsm_main_greeks(42.0, 40.0, 0.5, 0.2, rate=0.1).gamma, 4)
    0.05
    """
    if out is None and all_scalars((spot, strike, tau, vol, rate, dividend_yield, is_call)):
        numbers = bsm_greeks_of(
            float(spot),  # type: ignore[arg-type]
            float(strike),  # type: ignore[arg-type]
            float(tau),  # type: ignore[arg-type]
            float(vol),  # type: ignore[arg-type]
            float(rate),  # type: ignore[arg-type]
            float(dividend_yield),  # type: ignore[arg-type]
            sign_of(is_call),
        )
        if numbers[0] == numbers[0]:
            return MainGreeks._make(numbers[:6])
        raise complain(
            _named(spot, strike, tau, vol, rate=rate, dividend_yield=dividend_yield), RULES
        )
    values = _named(spot, strike, tau, vol, rate=rate, dividend_yield=dividend_yield)
    return MainGreeks._make(_rows(values, is_call, 6, out))


def _named(
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    tau: npt.ArrayLike,
    vol: npt.ArrayLike,
    *,
    rate: npt.ArrayLike,
    dividend_yield: npt.ArrayLike,
) -> dict[str, npt.ArrayLike]:
    return {
        "spot": spot,
        "strike": strike,
        "tau": tau,
        "vol": vol,
        "rate": rate,
        "dividend_yield": dividend_yield,
    }


def _rows(
    values: dict[str, npt.ArrayLike], is_call: npt.ArrayLike, rows: int, out: FloatArray | None
) -> FloatArray:
    columns, flags, shape = columns_of(values, is_call)
    result = result_of((rows, *shape), out)
    if bsm_greeks_rows(columns, flags, result.reshape(rows, -1)) > 0:
        raise complain(values, RULES)
    return result
