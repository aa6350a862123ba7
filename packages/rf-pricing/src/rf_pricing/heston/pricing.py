"""European options under Heston's model: a whole slice of strikes at once."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rf_pricing.heston._kernels.integral import BY_FORWARD, BY_FORWARD_TWICE, BY_TAU, VALUE
from rf_pricing.heston._kernels.slice import BAD_FORWARD, BAD_STRIKE, BAD_TAU, log_strikes
from rf_pricing.heston.expiry import ALL, out_of_the_money
from rf_pricing.heston.model import FloatArray, HestonParams
from rf_pricing.vanilla import black76_implied_vol

_PARAMETERS = slice(1, 6)


class HestonGreeks(NamedTuple):
    """Value and derivatives, floats or arrays over strikes; others per 1.00 of the parameter.

    `vega_v0` is the derivative by the variance now; `by_kappa` to `by_rho` by the parameters.
    `theta` is the derivative in calendar time, per year; `rho` and `dividend_rho` are those by
    the rate and by the dividend yield.
    """

    value: float | FloatArray
    delta: float | FloatArray
    gamma: float | FloatArray
    vega_v0: float | FloatArray
    by_kappa: float | FloatArray
    by_theta: float | FloatArray
    by_sigma: float | FloatArray
    by_rho: float | FloatArray
    theta: float | FloatArray
    rho: float | FloatArray
    dividend_rho: float | FloatArray


def heston_price(
    params: HestonParams,
    spot: float,
    strike: npt.ArrayLike,
    tau: npt.ArrayLike,
    *,
    rate: float = 0.0,
    dividend_yield: float = 0.0,
    is_call: npt.ArrayLike = True,
) -> float | FloatArray:
    """Return the price of European options.

    Parameters
    ----------
    params : HestonParams
        The model.
    spot : float
        Price of the underlying, positive.
    strike, tau : float or array
        Strikes, positive, and times to expiry, years, not negative; they broadcast. Strikes of
        one expiry share the characteristic function.
    rate, dividend_yield : float
        Continuously compounded, per year, decimals.
    is_call : bool or array of bools
        True for calls; broadcasts with the strikes.

    Returns
    -------
    float or array
        Price, currency.

    Raises
    ------
    ValueError
        If an input is out of range, or the integral does not converge.

    Notes
    -----
    Options out of the money have a relative error of about 1e-12 however small they are worth
    (one in the money adds the intrinsic value). The trapezoidal rule on a contour through the
    saddle point is refined until two rules agree to 2e-7 relative; the finer one's error is the
    square. Where the moments just beyond the first are infinite, the accuracy is 1e-15 of the
    forward. With ``sigma = 0`` the variance is known and the price is that of Black and Scholes.

    References
    ----------
    Heston (1993); Lewis (2000), chapter 2; Andersen and Lake (2018) for the saddle point;
    Boyarchenko and Levendorskii (2019) for the shape of the contour.

    Examples
    --------
    >>> model = HestonParams(v0=0.04, kappa=1.5, theta=0.04, sigma=0.3, rho=-0.9)
    >>> round(heston_price(model, 100.0, 100.0, 1.0), 6)
    7.478887
    """
    quotes = _Quotes(params, spot, strike, tau, rate=rate, dividend_yield=dividend_yield)
    quotes.take_sides(is_call)
    return quotes.shaped(quotes.computed(1)[VALUE])


def heston_greeks(
    params: HestonParams,
    spot: float,
    strike: npt.ArrayLike,
    tau: npt.ArrayLike,
    *,
    rate: float = 0.0,
    dividend_yield: float = 0.0,
    is_call: npt.ArrayLike = True,
) -> HestonGreeks:
    """Return price and derivatives, all under the integral; inputs as in `heston_price`.

    Derivatives by parameters are good to about 1e-10 relative; by `sigma` to about
    1e-15 / sigma. Where the variance vanishes and the option is at the money they are NaN.

    Raises
    ------
    ValueError
        As `heston_price`.

    Examples
    --------
    >>> model = HestonParams(v0=0.04, kappa=1.5, theta=0.04, sigma=0.3, rho=-0.9)
    >>> greeks = heston_greeks(model, 100.0, 100.0, 1.0)
    >>> round(greeks.delta, 6), round(greeks.vega_v0, 6)
    (0.623979, 50.799715)
    """
    quotes = _Quotes(params, spot, strike, tau, rate=rate, dividend_yield=dividend_yield)
    quotes.take_sides(is_call)
    out = quotes.computed(ALL)
    value, taus = out[VALUE], quotes.taus
    delta = out[BY_FORWARD] * np.exp(-dividend_yield * taus)
    gamma = out[BY_FORWARD_TWICE] * quotes.df * quotes.forwards / quotes.spot**2
    carried = delta * quotes.spot
    theta = rate * value - (rate - dividend_yield) * carried - out[BY_TAU]
    columns = (
        value, delta, gamma, *out[_PARAMETERS],
        theta, taus * (carried - value), -taus * carried,
    )  # fmt: skip
    return HestonGreeks(*map(quotes.shaped, columns))


def heston_implied_vol(
    params: HestonParams,
    spot: float,
    strike: npt.ArrayLike,
    tau: npt.ArrayLike,
    *,
    rate: float = 0.0,
    dividend_yield: float = 0.0,
) -> float | FloatArray:
    """Return the Black volatilities that the model implies, a smile or a surface.

    Inputs as in `heston_price`, with `tau` positive. From the option that is out of the money,
    so that no digits are lost; NaN where its value is below the least double.

    Raises
    ------
    ValueError
        As `heston_price`.

    Examples
    --------
    >>> model = HestonParams(v0=0.04, kappa=1.5, theta=0.04, sigma=0.3, rho=-0.9)
    >>> heston_implied_vol(model, 100.0, [80.0, 100.0, 120.0], 1.0).round(4)
    array([0.2305, 0.1877, 0.1435])
    """
    quotes = _Quotes(params, spot, strike, tau, rate=rate, dividend_yield=dividend_yield)
    if not (quotes.taus > 0.0).all():
        raise ValueError(f"expected tau to be positive, was {tau!r:.60}")
    upper = quotes.log_strikes >= 0.0
    px = quotes.out_of_the_money(1)[VALUE]
    found = black76_implied_vol(px, 1.0, np.exp(quotes.log_strikes), quotes.taus, is_call=upper)
    return quotes.shaped(np.where(px > 0.0, found, np.nan))


class _Quotes:
    """Strikes and expiries, flat, with what they are worth."""

    def __init__(
        self,
        params: HestonParams,
        spot: float,
        strike: npt.ArrayLike,
        tau: npt.ArrayLike,
        *,
        rate: float,
        dividend_yield: float,
    ) -> None:
        self.params, self.spot = params, _number("spot", spot)
        if not self.spot > 0.0:
            raise ValueError(f"expected spot to be positive, was {spot!r}")
        rate, dividend_yield = _number("rate", rate), _number("dividend_yield", dividend_yield)
        strikes, taus = _floats("strike", strike), _floats("tau", tau)
        self.shape = _common_shape(strike=strikes, tau=taus)
        # A single expiry stays one number: the usual slice costs no more than it must.
        self.strikes = _column(strikes, self.shape)
        self.taus = _column(taus, taus.shape if taus.size == 1 else self.shape)
        with np.errstate(over="ignore"):
            self.df = np.exp(-rate * self.taus)
            self.forwards = self.spot * np.exp((rate - dividend_yield) * self.taus)
        self.log_strikes = np.empty(self.strikes.size)
        bad = log_strikes(self.strikes, self.taus, self.forwards, self.log_strikes)
        if bad == BAD_STRIKE:
            raise ValueError(f"expected strike to be positive and finite, was {strike!r:.60}")
        if bad == BAD_TAU:
            raise ValueError(f"expected tau to be finite and not negative, was {tau!r:.60}")
        if bad == BAD_FORWARD or not self.df.max(initial=0.0) < np.inf:
            raise ValueError(f"expected rates times tau below 700, was {rate!r}, tau {tau!r:.40}")
        self.is_call: npt.NDArray[np.bool_] = np.asarray(True)

    def take_sides(self, is_call: npt.ArrayLike) -> None:
        """Set calls and puts; shapes may grow by it."""
        flags = np.asarray(is_call)
        if flags.dtype != np.bool_:
            raise ValueError(f"expected is_call to be bool, was {flags.dtype}")
        shape = self.shape if flags.ndim == 0 else _common_shape(strike=self, is_call=flags)
        if shape != self.shape:
            for name in ("strikes", "taus", "df", "forwards", "log_strikes"):
                column = getattr(self, name)
                if column.size > 1 or name in {"strikes", "log_strikes"}:
                    setattr(self, name, _column(column.reshape(self.shape), shape))
            self.shape = shape
        self.is_call = flags if flags.ndim == 0 else np.broadcast_to(flags, shape).reshape(-1)

    def out_of_the_money(self, outputs: int) -> FloatArray:
        """Return (outputs, n) per unit of forward, expiry by expiry."""
        out = np.empty((outputs, self.strikes.size))
        for tau, rows in self._expiries():
            out[:, rows] = out_of_the_money(self.params, self.log_strikes[rows], tau, outputs)
        return out

    def computed(self, outputs: int) -> FloatArray:
        """Return (outputs, n): discounted currency, but the two slopes by the forward."""
        out = self.out_of_the_money(outputs)
        inside = self.is_call != (self.log_strikes >= 0.0)
        sign = np.where(self.is_call, 1.0, -1.0) * inside
        out[: BY_FORWARD if outputs > 1 else 1] *= self.forwards * self.df
        out[VALUE] += sign * (self.df * (self.forwards - self.strikes))
        if outputs > 1:
            out[BY_FORWARD] += sign
        return out

    def shaped(self, column: FloatArray) -> float | FloatArray:
        """Return a column in the shape of the inputs, a number if they were numbers."""
        return column.reshape(self.shape) if self.shape else float(column[0])

    def _expiries(self) -> Iterator[tuple[float, npt.NDArray[np.intp] | slice]]:
        if self.taus.size == 1 or (self.taus.size and (self.taus == self.taus[0]).all()):
            yield float(self.taus[0]), slice(None)
            return
        for tau in np.unique(self.taus):
            yield float(tau), np.flatnonzero(self.taus == tau)


def _common_shape(**arrays: FloatArray | npt.NDArray[np.bool_] | _Quotes) -> tuple[int, ...]:
    shapes = [array.shape for array in arrays.values()]
    if len(set(shapes)) == 1 or not shapes[1]:
        return shapes[0]
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        names = " and ".join(arrays)
        raise ValueError(
            f"expected {names} to broadcast, were {' and '.join(map(str, shapes))}"
        ) from None


def _column(array: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    """Return a flat column that kernels take as it is: contiguous and writable."""
    if array.shape != shape:
        array = np.broadcast_to(array, shape)
    plain = array.flags.c_contiguous and array.flags.writeable and array.flags.aligned
    return (array if plain else array.copy(order="C")).reshape(-1)


def _number(name: str, value: float) -> float:
    if not isinstance(value, float | int | np.number) or not isfinite(value):
        array = _floats(name, value)
        if array.ndim != 0 or not np.isfinite(array):
            raise ValueError(f"expected {name} to be one finite number, was {value!r:.60}")
        return float(array)
    return float(value)


def _floats(name: str, value: npt.ArrayLike) -> FloatArray:
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"expected {name} to be numeric, was {value!r:.60}") from None
