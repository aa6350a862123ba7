"""Black (1976): European options on a forward, discounted by a factor."""

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
    black76_greeks_of,
    black76_implied_vol_of,
    black76_implied_vols,
    black76_rows,
)
from rf_pricing.vanilla.greeks import ForwardGreeks
from rf_pricing.vanilla.implied import refusal

RULES = {
    "forward": POSITIVE,
    "strike": POSITIVE,
    "tau": NOT_NEGATIVE,
    "vol": NOT_NEGATIVE,
    "df": POSITIVE,
}
IMPLIED_RULES = {
    "px": FINITE,
    "forward": POSITIVE,
    "strike": POSITIVE,
    "tau": POSITIVE,
    "df": POSITIVE,
}


@overload
def black76_price(
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
def black76_price(
    forward: npt.ArrayLike,
    strike: npt.ArrayLike,
    tau: npt.ArrayLike,
    vol: npt.ArrayLike,
    *,
    df: npt.ArrayLike = 1.0,
    is_call: npt.ArrayLike = True,
    out: FloatArray | None = None,
) -> FloatArray: ...


def black76_price(
    forward: npt.ArrayLike,
    strike: npt.ArrayLike,
    tau: npt.ArrayLike,
    vol: npt.ArrayLike,
    *,
    df: npt.ArrayLike = 1.0,
    is_call: npt.ArrayLike = True,
    out: FloatArray | None = None,
) -> float | FloatArray:
    """Return the Black-76 price of European options on a forward.

    Parameters
    ----------
    forward, strike : float or array
        Currency, positive. Everything broadcasts together.
    tau : float or array
        Time to expiry, years, not negative.
    vol : float or array
        Per year, decimal, not negative.
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
    Black (1976), The pricing of commodity contracts, equation 16.

    Examples
    --------
    >>> round(black76_price(100.0, 100.0, 1.0, 0.2, df=0.95), 4)
    7.5673
    """
    values = {"forward": forward, "strike": strike, "tau": tau, "vol": vol, "df": df}
    if out is None and all_scalars((*values.values(), is_call)):
        value = black76_greeks_of(*numbers_of(values, is_call))[0]
        if value != value:
            raise complain(values, RULES)
        return float(value)
    columns, flags, shape = columns_of(values, is_call)
    result = result_of(shape, out)
    if black76_rows(columns, flags, result.reshape(1, -1)) > 0:
        raise complain(values, RULES)
    return result


@overload
def black76_greeks(
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
def black76_greeks(
    forward: npt.ArrayLike,
    strike: npt.ArrayLike,
    tau: npt.ArrayLike,
    vol: npt.ArrayLike,
    *,
    df: npt.ArrayLike = 1.0,
    is_call: npt.ArrayLike = True,
    out: FloatArray | None = None,
) -> ForwardGreeks[FloatArray]: ...


def black76_greeks(
    forward: npt.ArrayLike,
    strike: npt.ArrayLike,
    tau: npt.ArrayLike,
    vol: npt.ArrayLike,
    *,
    df: npt.ArrayLike = 1.0,
    is_call: npt.ArrayLike = True,
    out: FloatArray | None = None,
) -> ForwardGreeks[float] | ForwardGreeks[FloatArray]:
    """Return Black-76 prices of options on a forward and their derivatives, in one pass.

    Parameters
    ----------
    forward, strike, tau, vol, df, is_call
        As in `black76_price`.
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
        As in `black76_price`.

    Notes
    -----
    Where ``vol * sqrt(tau)`` is zero: derivatives of the discounted intrinsic value; on the
    strike itself gamma is infinite, vanna and volga are NaN.

    Examples
    --------
    >>> round(black76_greeks(100.0, 100.0, 1.0, 0.2).delta, 4)
    0.5398
    """
    values = {"forward": forward, "strike": strike, "tau": tau, "vol": vol, "df": df}
    if out is None and all_scalars((*values.values(), is_call)):
        numbers = black76_greeks_of(*numbers_of(values, is_call))
        if numbers[0] != numbers[0]:
            raise complain(values, RULES)
        return ForwardGreeks._make(numbers)
    columns, flags, shape = columns_of(values, is_call)
    result = result_of((7, *shape), out)
    if black76_rows(columns, flags, result.reshape(7, -1)) > 0:
        raise complain(values, RULES)
    return ForwardGreeks._make(result)


@overload
def black76_implied_vol(
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
def black76_implied_vol(
    px: npt.ArrayLike,
    forward: npt.ArrayLike,
    strike: npt.ArrayLike,
    tau: npt.ArrayLike,
    *,
    df: npt.ArrayLike = 1.0,
    is_call: npt.ArrayLike = True,
    out: FloatArray | None = None,
) -> FloatArray: ...


def black76_implied_vol(
    px: npt.ArrayLike,
    forward: npt.ArrayLike,
    strike: npt.ArrayLike,
    tau: npt.ArrayLike,
    *,
    df: npt.ArrayLike = 1.0,
    is_call: npt.ArrayLike = True,
    out: FloatArray | None = None,
) -> float | FloatArray:
    """Return the volatility at which the Black-76 price is `px`.

    Parameters
    ----------
    px : float or array
        Price of the option, currency. Everything broadcasts together.
    forward, strike, tau, df, is_call
        As in `black76_price`, but `tau` must be positive.
    out : C-contiguous float64 array of the broadcast shape, optional
        Takes the result.

    Returns
    -------
    float or array
        Per year, decimal. In arrays NaN where there is none.

    Raises
    ------
    ValueError
        If all inputs are single numbers and there is no implied volatility, or the shapes or
        types of arrays do not fit.

    Notes
    -----
    Accuracy as in `bsm_implied_vol`.

    Examples
    --------
    >>> round(black76_implied_vol(7.9655674554, 100.0, 100.0, 1.0), 9)
    0.2
    """
    values = {"px": px, "forward": forward, "strike": strike, "tau": tau, "df": df}
    if out is None and all_scalars((*values.values(), is_call)):
        vol, status = black76_implied_vol_of(*numbers_of(values, is_call))
        if vol != vol:
            raise refusal(status, values, IMPLIED_RULES)
        return float(vol)
    columns, flags, shape = columns_of(values, is_call)
    result = result_of(shape, out)
    black76_implied_vols(columns, flags, result.reshape(-1))
    return result
