"""Bachelier (1900): European options on a forward that moves by amounts, not by ratios."""

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
    numbers_of,
    result_of,
)
from rf_pricing.vanilla._kernels.columns import (
    bachelier_greeks_of,
    bachelier_implied_vol_of,
    bachelier_implied_vols,
    bachelier_rows,
)
from rf_pricing.vanilla.greeks import ForwardGreeks
from rf_pricing.vanilla.implied import refusal

RULES = {
    "forward": FINITE,
    "strike": FINITE,
    "tau": NOT_NEGATIVE,
    "vol": NOT_NEGATIVE,
    "df": POSITIVE,
}
IMPLIED_RULES = {
    "px": FINITE,
    "forward": FINITE,
    "strike": FINITE,
    "tau": POSITIVE,
    "df": POSITIVE,
}


@overload
def bachelier_price(
    forward: float,
    strike: float,
    tau: float,
    vol: float,
    *,
    df: float = 1.0,
    is_call: bool = True,
    out: None = None,
) -> float: ...


@overload
def bachelier_price(
    forward: npt.ArrayLike,
    strike: npt.ArrayLike,
    tau: npt.ArrayLike,
    vol: npt.ArrayLike,
    *,
    df: npt.ArrayLike = 1.0,
    is_call: npt.ArrayLike = True,
    out: FloatArray | None = None,
) -> FloatArray: ...


def bachelier_price(
    forward: npt.ArrayLike,
    strike: npt.ArrayLike,
    tau: npt.ArrayLike,
    vol: npt.ArrayLike,
    *,
    df: npt.ArrayLike = 1.0,
    is_call: npt.ArrayLike = True,
    out: FloatArray | None = None,
) -> float | FloatArray:
    """Return the Bachelier price of European options on a forward.

    Parameters
    ----------
    forward, strike : float or array
        Currency, of any sign. Everything broadcasts together.
    tau : float or array
        Time to expiry, years, not negative.
    vol : float or array
        Currency per square root of a year, not negative.
    df : float or array
        Discount factor to the payment, positive.
    is_call : bool or array of bools
        True for calls, False for puts; may be mixed.
    out : C-contiguous float64 array of the broadcast shape, optional
        Takes the result.

    Returns
    -------
    float or array
        Present value, currency.

    Raises
    ------
    ValueError
        If an input is NaN, infinite or of the wrong sign, or shapes do not broadcast.

    Notes
    -----
    At ``tau = 0`` or ``vol = 0`` the discounted intrinsic value. About 1e-14 relative out of the
    money; in the money the error is that of the intrinsic value.

    References
    ----------
    Bachelier (1900), Theorie de la speculation.

    Examples
    --------
    >>> round(bachelier_price(-0.5, 0.0, 1.0, 1.0), 6)
    0.197797
    """
    values = {"forward": forward, "strike": strike, "tau": tau, "vol": vol, "df": df}
    if out is None and all_scalars((*values.values(), is_call)):
        value = bachelier_greeks_of(*numbers_of(values, is_call))[0]
        if value != value:
            raise complain(values, RULES)
        return float(value)
    columns, flags, shape = columns_of(values, is_call)
    result = result_of(shape, out)
    if bachelier_rows(columns, flags, result.reshape(1, -1)) > 0:
        raise complain(values, RULES)
    return result


@overload
def bachelier_greeks(
    forward: float,
    strike: float,
    tau: float,
    vol: float,
    *,
    df: float = 1.0,
    is_call: bool = True,
    out: None = None,
) -> ForwardGreeks[float]: ...


@overload
def bachelier_greeks(
    forward: npt.ArrayLike,
    strike: npt.ArrayLike,
    tau: npt.ArrayLike,
    vol: npt.ArrayLike,
    *,
    df: npt.ArrayLike = 1.0,
    is_call: npt.ArrayLike = True,
    out: FloatArray | None = None,
) -> ForwardGreeks[FloatArray]: ...


def bachelier_greeks(
    forward: npt.ArrayLike,
    strike: npt.ArrayLike,
    tau: npt.ArrayLike,
    vol: npt.ArrayLike,
    *,
    df: npt.ArrayLike = 1.0,
    is_call: npt.ArrayLike = True,
    out: FloatArray | None = None,
) -> ForwardGreeks[float] | ForwardGreeks[FloatArray]:
    """Return Bachelier prices of options on a forward and their derivatives, in one pass.

    Parameters
    ----------
    forward, strike, tau, vol, df, is_call
        As in `bachelier_price`.
    out : C-contiguous float64 array of shape (7,) + the broadcast shape, optional
        Takes the results, a row per field of `ForwardGreeks`.

    Returns
    -------
    ForwardGreeks
        Floats when every input is one number, else arrays. Vega per 1.00 of volatility, theta
        per year at a fixed discount factor.

    Raises
    ------
    ValueError
        As in `bachelier_price`.

    Notes
    -----
    Where ``vol * sqrt(tau)`` is zero: derivatives of the discounted intrinsic value; on the
    strike itself gamma is infinite, vanna and volga are NaN.

    Examples
    --------
    >>> round(bachelier_greeks(100.0, 100.0, 1.0, 20.0).vega, 4)
    0.3989
    """
    values = {"forward": forward, "strike": strike, "tau": tau, "vol": vol, "df": df}
    if out is None and all_scalars((*values.values(), is_call)):
        numbers = bachelier_greeks_of(*numbers_of(values, is_call))
        if numbers[0] != numbers[0]:
            raise complain(values, RULES)
        return ForwardGreeks._make(numbers)
    columns, flags, shape = columns_of(values, is_call)
    result = result_of((7, *shape), out)
    if bachelier_rows(columns, flags, result.reshape(7, -1)) > 0:
        raise complain(values, RULES)
    return ForwardGreeks._make(result)


@overload
def bachelier_implied_vol(
    px: float,
    forward: float,
    strike: float,
    tau: float,
    *,
    df: float = 1.0,
    is_call: bool = True,
    out: None = None,
) -> float: ...


@overload
def bachelier_implied_vol(
    px: npt.ArrayLike,
    forward: npt.ArrayLike,
    strike: npt.ArrayLike,
    tau: npt.ArrayLike,
    *,
    df: npt.ArrayLike = 1.0,
    is_call: npt.ArrayLike = True,
    out: FloatArray | None = None,
) -> FloatArray: ...


def bachelier_implied_vol(
    px: npt.ArrayLike,
    forward: npt.ArrayLike,
    strike: npt.ArrayLike,
    tau: npt.ArrayLike,
    *,
    df: npt.ArrayLike = 1.0,
    is_call: npt.ArrayLike = True,
    out: FloatArray | None = None,
) -> float | FloatArray:
    """Return the volatility at which the Bachelier price is `px`.

    Parameters
    ----------
    px : float or array
        Price of the option, currency. Everything broadcasts together.
    forward, strike, tau, df, is_call
        As in `bachelier_price`, but `tau` must be positive.
    out : C-contiguous float64 array of the broadcast shape, optional
        Takes the result.

    Returns
    -------
    float or array
        Currency per square root of a year. In arrays NaN where there is none.

    Raises
    ------
    ValueError
        If all inputs are single numbers and there is no implied volatility, or the shapes or
        types of arrays do not fit.

    Notes
    -----
    Converged to a few units in the last place of the time value that the price carries.
    A price without time value gives 0.0. There is no upper bound.

    Examples
    --------
    >>> round(bachelier_implied_vol(7.978845608, 100.0, 100.0, 1.0), 6)
    20.0
    """
    values = {"px": px, "forward": forward, "strike": strike, "tau": tau, "df": df}
    if out is None and all_scalars((*values.values(), is_call)):
        vol, status = bachelier_implied_vol_of(*numbers_of(values, is_call))
        if vol != vol:
            raise refusal(status, values, IMPLIED_RULES)
        return float(vol)
    columns, flags, shape = columns_of(values, is_call)
    result = result_of(shape, out)
    bachelier_implied_vols(columns, flags, result.reshape(-1))
    return result
