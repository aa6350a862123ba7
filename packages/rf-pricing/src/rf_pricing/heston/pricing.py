"""European options under Heston's model: a whole slice of strikes at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rf_pricing.heston import _kernels
from rf_pricing.heston.model import HestonParams
from rf_pricing.heston.quadrature import converged, cut
from rf_pricing.vanilla import Greeks, black76_implied_vol, bsm_greeks

Floats = npt.NDArray[np.float64]

_VALUE_TOLERANCE = 1e-11
_GREEK_TOLERANCE = 1e-11
"""How near a rule must be to the one of half its panels; halving wins some eight digits more."""
_TURN = np.pi / 12.0
"""Angle of the rays that are used where the real line decays too slowly."""
_MOST_STRAIGHT, _MOST_TURNED = 256, 4_096


class HestonGreeks(NamedTuple):
    """Value and derivatives, floats or arrays over strikes; others per 1.00 of the parameter.

    `vega_v0` is the derivative by the variance now; `by_kappa` to `by_rho` by the parameters.
    """

    value: float | Floats
    delta: float | Floats
    gamma: float | Floats
    vega_v0: float | Floats
    by_kappa: float | Floats
    by_theta: float | Floats
    by_sigma: float | Floats
    by_rho: float | Floats


def heston_price(
    params: HestonParams,
    spot: float,
    strike: npt.ArrayLike,
    tau: float,
    *,
    rate: float = 0.0,
    dividend_yield: float = 0.0,
    is_call: npt.ArrayLike = True,
) -> float | Floats:
    """Return the price of European options of one expiry.

    Parameters
    ----------
    params : HestonParams
        The model.
    spot : float
        Price of the underlying.
    strike : float or (n,) array
        Strikes.
    tau : float
        Time to expiry, years.
    rate, dividend_yield : float
        Continuously compounded, per year, decimals.
    is_call : bool or (n,) array of bools
        True for calls.

    Returns
    -------
    float or (n,) array
        Price, currency.

    Raises
    ------
    ValueError
        If an input is out of range, or the integral does not converge to double precision.

    Notes
    -----
    The integral of Lewis with the Black-Scholes price of the same expected variance as control
    variate. Nodes are doubled until a rule agrees with the one of half its panels to 1e-11 of the
    square root of forward times strike; the finer one, which is used, is then good to about 1e-15.
    With ``sigma = 0`` the variance is known and the price is that of Black and Scholes.

    References
    ----------
    Heston (1993); Lewis (2001), equation 3.11; Andersen and Piterbarg (2010), section 8.4.5.

    Examples
    --------
    >>> model = HestonParams(v0=0.04, kappa=1.5, theta=0.04, sigma=0.3, rho=-0.9)
    >>> round(heston_price(model, 100.0, 100.0, 1.0), 6)
    7.478887
    """
    slice_ = _Slice(
        params, spot, strike, tau, rate=rate, dividend_yield=dividend_yield, is_call=is_call
    )
    return slice_.shaped(slice_.control().value + slice_.gap())


def heston_greeks(
    params: HestonParams,
    spot: float,
    strike: npt.ArrayLike,
    tau: float,
    *,
    rate: float = 0.0,
    dividend_yield: float = 0.0,
    is_call: npt.ArrayLike = True,
) -> HestonGreeks:
    """Return price and derivatives, all under the integral; inputs as in `heston_price`.

    With ``sigma = 0`` the derivatives by sigma and rho are NaN.
    """
    slice_ = _Slice(
        params, spot, strike, tau, rate=rate, dividend_yield=dividend_yield, is_call=is_call
    )
    return HestonGreeks(*(slice_.shaped(each) for each in slice_.greeks()))


def heston_implied_vol(
    params: HestonParams,
    spot: float,
    strike: npt.ArrayLike,
    tau: float,
    *,
    rate: float = 0.0,
    dividend_yield: float = 0.0,
) -> float | Floats:
    """Return the Black volatilities that the model implies for one expiry.

    From the option that is out of the money, so that no digits are lost; NaN where its value is
    below what double precision resolves.
    """
    strikes = np.atleast_1d(np.asarray(strike, dtype=np.float64))
    forward = spot * np.exp((rate - dividend_yield) * tau)
    df = float(np.exp(-rate * tau))
    is_call = strikes >= forward
    px = np.asarray(
        heston_price(
            params, spot, strikes, tau, rate=rate, dividend_yield=dividend_yield, is_call=is_call
        )
    )
    vols = np.asarray(black76_implied_vol(px, forward, strikes, tau, df=df, is_call=is_call))
    return float(vols[0]) if np.ndim(strike) == 0 else vols


class _Slice:
    """Strikes of one expiry."""

    def __init__(
        self,
        params: HestonParams,
        spot: float,
        strike: npt.ArrayLike,
        tau: float,
        *,
        rate: float,
        dividend_yield: float,
        is_call: npt.ArrayLike,
    ) -> None:
        self.is_scalar = np.ndim(strike) == 0 and np.ndim(is_call) == 0
        strikes = np.atleast_1d(np.asarray(strike, dtype=np.float64))
        if strikes.ndim != 1 or not (np.isfinite(strikes).all() and (strikes > 0.0).all()):
            raise ValueError(f"expected finite positive strikes in one dimension, was {strike!r}")
        for name, number in (("spot", spot), ("tau", tau)):
            if not (np.isfinite(number) and number > 0.0):
                raise ValueError(f"{name} = {number}: expected a finite number above 0")
        if not (np.isfinite(rate) and np.isfinite(dividend_yield)):
            raise ValueError(f"expected finite rates, was {rate}, {dividend_yield}")
        self.params, self.spot, self.tau = params, float(spot), float(tau)
        self.strikes = strikes
        self.rate, self.dividend_yield = rate, dividend_yield
        self.is_call = np.broadcast_to(np.asarray(is_call, dtype=bool), strikes.shape)
        self.df = float(np.exp(-rate * tau))
        self.forward = float(spot * np.exp((rate - dividend_yield) * tau))
        self.variance = params.mean_variance(tau)
        self.log_moneyness = np.log(self.forward / strikes)
        self.weight = self.df * np.sqrt(self.forward * strikes) / np.pi

    def shaped(self, found: Floats) -> float | Floats:
        """Return an array as it is, or its only number when strikes were one number."""
        return float(found[0]) if self.is_scalar else found

    def control(self) -> Greeks[Floats]:
        """Return the Black-Scholes Greeks at the mean variance."""
        vol = float(np.sqrt(self.variance / self.tau))
        return bsm_greeks(
            self.spot, self.strikes, self.tau, vol,
            rate=self.rate, dividend_yield=self.dividend_yield, is_call=self.is_call,
        )  # fmt: skip

    @property
    def is_known(self) -> bool:
        """Whether the variance has no randomness."""
        return self.params.sigma == 0.0 or self.variance == 0.0

    def gap(self) -> Floats:
        """Return the prices less those of the control."""
        if self.is_known:
            return np.zeros(self.strikes.size)
        found: Floats = self.weight * self._integrate(_kernels.values, (), _VALUE_TOLERANCE)
        return found

    def greeks(self) -> list[Floats]:
        """Return value, delta, gamma and the derivatives by the parameters."""
        base = self.control()
        if self.is_known:
            return self._known(base)
        scaled = self.weight * self._integrate(_kernels.integrals, (8,), _GREEK_TOLERANCE)
        return [
            base.value + scaled[0],
            base.delta + scaled[1] / self.spot,
            base.gamma - scaled[2] / self.spot**2,
            *scaled[3:],
        ]

    def _integrate(
        self, kernel: Callable[..., None], rows: tuple[int, ...], tolerance: float
    ) -> Floats:
        """Integrate along the real line, or where that is too slow along rays that decay."""
        every = np.arange(self.strikes.size)
        try:
            return self._along(kernel, rows, every, 1.0 + 0.0j, tolerance)
        except ValueError:
            pass
        found = np.empty((*rows, self.strikes.size))
        p = self.params
        # The exponent grows like i u times this far out (Andersen and Lake 2018, equation 15).
        slope = self.log_moneyness - p.rho * (p.v0 + p.kappa * p.theta * self.tau) / p.sigma
        for sign in (-1.0, 1.0):
            chosen = np.flatnonzero((slope >= 0.0) == (sign > 0.0))
            if chosen.size:
                direction = complex(np.cos(_TURN), sign * np.sin(_TURN))
                found[..., chosen] = self._along(kernel, rows, chosen, direction, tolerance)
        return found

    def _along(
        self,
        kernel: Callable[..., None],
        rows: tuple[int, ...],
        chosen: npt.NDArray[np.intp],
        direction: complex,
        tolerance: float,
    ) -> Floats:
        p, moneyness = self.params.array, np.ascontiguousarray(self.log_moneyness[chosen])

        def sums(nodes: Floats, weights: Floats) -> Floats:
            out = np.empty((*rows, chosen.size))
            kernel(nodes, weights, moneyness, self.tau, p, self.variance, direction, out)
            return out

        end = cut(self.params, self.tau, self.variance, moneyness, direction)
        scale = min(0.5, 1.0 / float(np.sqrt(self.variance)), 0.1 * end)
        most = _MOST_STRAIGHT if direction == 1.0 else _MOST_TURNED
        return converged(sums, scale, end, tolerance, most=most)

    def _known(self, base: Greeks[Floats]) -> list[Floats]:
        """Return the derivatives when the variance follows its mean."""
        kappa, theta, v0, tau = self.params.kappa, self.params.theta, self.params.v0, self.tau
        vol = float(np.sqrt(self.variance / tau))
        none = np.zeros(self.strikes.size)
        per_variance = base.vega / (2.0 * vol * tau) if vol > 0.0 else none
        width = 1e-6 * max(kappa, 1e-3)
        up = HestonParams(v0, kappa + width, theta, 0.0, 0.0).mean_variance(tau)
        by_kappa = (up - self.variance) / width
        weight = HestonParams(1.0, kappa, 0.0, 0.0, 0.0).mean_variance(tau)
        nan = np.full(self.strikes.size, np.nan)
        return [
            base.value, base.delta, base.gamma,
            per_variance * weight, per_variance * by_kappa, per_variance * (tau - weight), nan, nan,
        ]  # fmt: skip
