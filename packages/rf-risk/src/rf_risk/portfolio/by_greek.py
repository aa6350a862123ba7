"""Option P&L by Greek: what the moves of spot, volatility, time and rate explain."""

from __future__ import annotations

from typing import NamedTuple

from rf_pricing.vanilla import bsm_greeks, bsm_price


class OptionState(NamedTuple):
    """What an option's value depends on; `tau` in years, rates per year."""

    spot: float
    strike: float
    tau: float
    vol: float
    rate: float = 0.0
    dividend_yield: float = 0.0
    is_call: bool = True


class Explained(NamedTuple):
    """P&L of a holding and its parts, currency.

    `first` is delta + gamma + vega + theta + rho, `second` adds vanna and volga; with the
    residual that belongs to it each gives `actual`.
    """

    actual: float
    delta: float
    gamma: float
    vega: float
    theta: float
    rho: float
    vanna: float
    volga: float

    @property
    def first(self) -> float:
        """Explained by delta, gamma, vega, theta and rho."""
        return self.delta + self.gamma + self.vega + self.theta + self.rho

    @property
    def second(self) -> float:
        """Explained with vanna and volga too."""
        return self.first + self.vanna + self.volga

    @property
    def first_residual(self) -> float:
        """What `first` leaves."""
        return self.actual - self.first

    @property
    def second_residual(self) -> float:
        """What `second` leaves."""
        return self.actual - self.second


def explain(
    before: OptionState,
    *,
    spot: float,
    vol: float,
    years: float,
    rate_change: float = 0.0,
    units: float = 1.0,
) -> Explained:
    """Return the P&L of an option over a step, by Greek at its beginning.

    Parameters
    ----------
    before : OptionState
        The option at the beginning.
    spot, vol : float
        At the end.
    years : float
        That passed, at most the time to expiry.
    rate_change : float
        Of the riskless rate, decimal.
    units : float
        Signed contracts times multiplier.

    Raises
    ------
    ValueError
        If more time passes than is left.
    """
    if not 0.0 <= years <= before.tau:
        raise ValueError(f"years = {years}: expected within 0 and the {before.tau} that are left")
    greeks = bsm_greeks(
        before.spot, before.strike, before.tau, before.vol,
        rate=before.rate, dividend_yield=before.dividend_yield, is_call=before.is_call,
    )  # fmt: skip
    after = bsm_price(
        spot, before.strike, before.tau - years, vol,
        rate=before.rate + rate_change, dividend_yield=before.dividend_yield,
        is_call=before.is_call,
    )  # fmt: skip
    move, swing = spot - before.spot, vol - before.vol
    return Explained(
        actual=units * (after - greeks.value),
        delta=units * greeks.delta * move,
        gamma=units * 0.5 * greeks.gamma * move**2,
        vega=units * greeks.vega * swing,
        theta=units * greeks.theta * years,
        rho=units * greeks.rho * rate_change,
        vanna=units * greeks.vanna * move * swing,
        volga=units * 0.5 * greeks.volga * swing**2,
    )
