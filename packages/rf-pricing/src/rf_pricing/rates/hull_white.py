"""The Hull-White one factor model, fitted to a zero curve."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rf_pricing.rates.curve import ZeroCurve
from rf_pricing.vanilla import black76_price


@dataclass(frozen=True, slots=True)
class HullWhite:
    """The model ``dr = (theta(t) - a r) dt + sigma dW`` that reprices `curve`.

    Attributes
    ----------
    curve : ZeroCurve
        The discount curve of today.
    a : float
        Mean reversion per year; zero is the model of Ho and Lee.
    sigma : float
        Volatility of the short rate, absolute per square root of a year, not negative.

    Raises
    ------
    ValueError
        If `a` is not finite or `sigma` negative or not finite.

    References
    ----------
    Hull and White (1990); Brigo and Mercurio (2006), 3.39 to 3.41.

    Examples
    --------
    >>> model = HullWhite(ZeroCurve.flat(0.04), 0.0, 0.01)
    >>> round(model.bond_option(1.0, 3.0, 0.92), 8)
    0.00866235
    """

    curve: ZeroCurve
    a: float
    sigma: float

    def __post_init__(self) -> None:
        if not math.isfinite(self.a):
            raise ValueError(f"expected a to be finite, was {self.a!r}")
        if not (math.isfinite(self.sigma) and self.sigma >= 0.0):
            raise ValueError(f"expected sigma to be finite and not negative, was {self.sigma!r}")

    def duration_factor(self, t: float, maturity: float) -> float:
        """Return ``B(t, T) = (1 - exp(-a (T - t))) / a``, T - t where a is zero."""
        return _decay(self.a, maturity - t)

    def zero_bond(self, t: float, maturity: float, short_rate: float) -> float:
        """Return the price at `t` of one unit paid at `maturity`.

        Parameters
        ----------
        t, maturity : float
            Years from today, ``0 <= t <= maturity``.
        short_rate : float
            The instantaneous rate at `t`, decimal.

        Raises
        ------
        ValueError
            If times are out of order or an input is not finite.
        """
        _check_times(t, maturity, "t", "maturity")
        if not math.isfinite(short_rate):
            raise ValueError(f"expected short_rate to be finite, was {short_rate!r}")
        b = _decay(self.a, maturity - t)
        ratio = self.curve.discount(maturity) / self.curve.discount(t)
        drift = self.curve.forward_rate(t) - short_rate
        variance = self.sigma * self.sigma * _decay(2.0 * self.a, t)
        return ratio * math.exp(b * drift - 0.5 * variance * b * b)

    def bond_option(
        self,
        expiry: float,
        maturity: float,
        strike: float,
        *,
        face: float = 1.0,
        is_call: bool = True,
    ) -> float:
        """Return the price today of a European option on a zero-coupon bond.

        Parameters
        ----------
        expiry, maturity : float
            Years to the option's expiry and the bond's payment, ``0 <= expiry <= maturity``.
        strike : float
            In the units of `face`, positive.
        face : float
            What the bond pays, positive.
        is_call : bool
            True for a call.

        Raises
        ------
        ValueError
            If times are out of order, or `strike` or `face` not positive and finite.

        Notes
        -----
        Reference cases: within 1e-12 relative. Every mean reversion down to and beyond zero is
        computed by the same expression, without a switch.
        """
        _check_times(expiry, maturity, "expiry", "maturity")
        for name, number in (("strike", strike), ("face", face)):
            if not (math.isfinite(number) and number > 0.0):
                raise ValueError(f"expected {name} to be positive and finite, was {number!r}")
        deviation = self.bond_deviation(expiry, maturity)
        df = self.curve.discount(expiry)
        forward = face * self.curve.discount(maturity) / df
        return black76_price(forward, strike, 1.0, deviation, df=df, is_call=is_call)

    def bond_deviation(self, expiry: float, maturity: float) -> float:
        """Return the standard deviation of the logarithm of the bond at `expiry`."""
        _check_times(expiry, maturity, "expiry", "maturity")
        spread = math.sqrt(_decay(2.0 * self.a, expiry))
        return self.sigma * _decay(self.a, maturity - expiry) * spread


def _decay(speed: float, time: float) -> float:
    """Return the integral of ``exp(-speed u)`` over ``0 <= u <= time``."""
    x = speed * time
    return time if x == 0.0 else time * (-math.expm1(-x) / x)


def _check_times(first: float, second: float, first_name: str, second_name: str) -> None:
    if not (0.0 <= first <= second < math.inf):
        raise ValueError(
            f"expected 0 <= {first_name} <= {second_name}, were {first!r} and {second!r}"
        )
