"""American options by the boundary's integral equation, solved spectrally."""

from __future__ import annotations

from typing import overload

import numpy as np
import numpy.typing as npt

from rf_pricing.american._kernels import american_values
from rf_pricing.vanilla._columns import (
    FINITE,
    NOT_NEGATIVE,
    POSITIVE,
    FloatArray,
    all_scalars,
    columns_of,
    complain,
)

RULES = {
    "spot": POSITIVE,
    "strike": POSITIVE,
    "tau": NOT_NEGATIVE,
    "vol": NOT_NEGATIVE,
    "rate": FINITE,
    "dividend_yield": FINITE,
}


@overload
def american_price(
    spot: float,
    strike: float,
    tau: float,
    vol: float,
    *,
    rate: float = 0.0,
    dividend_yield: float = 0.0,
    is_call: bool = True,
) -> float: ...


@overload
def american_price(
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    tau: npt.ArrayLike,
    vol: npt.ArrayLike,
    *,
    rate: npt.ArrayLike = 0.0,
    dividend_yield: npt.ArrayLike = 0.0,
    is_call: npt.ArrayLike = True,
) -> FloatArray: ...


def american_price(
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    tau: npt.ArrayLike,
    vol: npt.ArrayLike,
    *,
    rate: npt.ArrayLike = 0.0,
    dividend_yield: npt.ArrayLike = 0.0,
    is_call: npt.ArrayLike = True,
) -> float | FloatArray:
    """Return the price of American options, exercisable at any time to expiry, now included.

    Parameters
    ----------
    spot, strike : float or array
        Positive, currency. Everything broadcasts together.
    tau : float or array
        Time to expiry, years, not negative.
    vol : float or array
        Per year, decimal, not negative.
    rate, dividend_yield : float or array
        Continuously compounded, per year, decimal; either sign.
    is_call : bool or array of bools
        True for calls, False for puts.

    Returns
    -------
    float or array
        Present value, currency; never below the European price or the intrinsic value.

    Raises
    ------
    ValueError
        As in `rf_pricing.vanilla.bsm_price`.

    Notes
    -----
    The exercise boundary is refined until two prices agree within 1e-8 of strike (of spot for
    calls). Where exercise never pays, the European price. Where two boundaries exist (a put with
    ``dividend_yield < rate < 0``, a call with ``rate < dividend_yield < 0``), and where the
    refinement does not settle, two trees of 1,000 and 2,000 steps are extrapolated: about 1e-4
    of strike. Without volatility, the best moment of exercise is found exactly.

    References
    ----------
    Andersen, Lake and Offengenden (2016), High-performance American option pricing, equations
    of system B; Healy (2021), Pricing American options under negative rates.

    Examples
    --------
    >>> round(american_price(100.0, 100.0, 1.0, 0.25, rate=0.05, dividend_yield=0.05,
    ...                      is_call=False), 6)
    9.569445
    """
    values = {
        "spot": spot,
        "strike": strike,
        "tau": tau,
        "vol": vol,
        "rate": rate,
        "dividend_yield": dividend_yield,
    }
    return _run(values, is_call, False)


def early_exercise_premium(
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    tau: npt.ArrayLike,
    vol: npt.ArrayLike,
    *,
    rate: npt.ArrayLike = 0.0,
    dividend_yield: npt.ArrayLike = 0.0,
    is_call: npt.ArrayLike = True,
) -> float | FloatArray:
    """Return the American less the European price; parameters as in `american_price`.

    Raises
    ------
    ValueError
        As in `american_price`.

    Examples
    --------
    >>> early_exercise_premium(100.0, 100.0, 1.0, 0.2, rate=0.05)
    0.0
    """
    values = {
        "spot": spot,
        "strike": strike,
        "tau": tau,
        "vol": vol,
        "rate": rate,
        "dividend_yield": dividend_yield,
    }
    return _run(values, is_call, True)


def _run(
    values: dict[str, npt.ArrayLike], is_call: npt.ArrayLike, premium: bool
) -> float | FloatArray:
    columns, flags, shape = columns_of(values, is_call)
    found = np.empty(shape)
    if american_values(columns, flags, premium, found.reshape(-1)) > 0:
        raise complain(values, RULES)
    scalar = all_scalars((*values.values(), is_call))
    return float(found.reshape(-1)[0]) if scalar else found
