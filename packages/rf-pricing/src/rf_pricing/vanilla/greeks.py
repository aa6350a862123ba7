"""Derivatives of option prices under their traders' names, and their units."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

from rf_pricing.vanilla._columns import FloatArray

Number = TypeVar("Number", float, FloatArray)


class Greeks(NamedTuple, Generic[Number]):
    """Value and derivatives of options on a spot, floats or arrays of one shape.

    `delta`, `gamma` and `speed` are the first three derivatives by spot; `vega` and `volga` the
    first two by volatility, per 1.00; `vanna` is d delta / d vol and `zomma` d gamma / d vol.
    `theta`, `charm`, `veta` and `color` are the derivatives of value, delta, vega and gamma in
    calendar time, per year. `rho` and `dividend_rho` are per 1.00 of rate and of yield.
    """

    value: Number
    delta: Number
    gamma: Number
    vega: Number
    theta: Number
    rho: Number
    dividend_rho: Number
    vanna: Number
    charm: Number
    volga: Number
    veta: Number
    speed: Number
    zomma: Number
    color: Number
    d1: Number
    d2: Number


class MainGreeks(NamedTuple, Generic[Number]):
    """Value and the five derivatives a desk watches; units as in `Greeks`."""

    value: Number
    delta: Number
    gamma: Number
    vega: Number
    theta: Number
    rho: Number


class ForwardGreeks(NamedTuple, Generic[Number]):
    """Value and derivatives of options on a forward, the discount factor held fixed.

    `delta` and `gamma` are by the forward, `vega` and `volga` by volatility, per 1.00; `vanna`
    is d delta / d vol. `theta` is the derivative in calendar time per year at a fixed discount
    factor: add ``rate * value`` for the carry of the premium.
    """

    value: Number
    delta: Number
    gamma: Number
    vega: Number
    theta: Number
    vanna: Number
    volga: Number


def theta_per_day(theta: Number, *, days: float = 365.0) -> Number:
    """Return a derivative per year (theta, charm, veta or color) per day instead.

    Raises
    ------
    ValueError
        If `days`, the days of a year (365 calendar, 252 trading), is not positive.

    Examples
    --------
    >>> round(theta_per_day(-31.1924), 6)
    -0.085459
    """
    if not 0.0 < days < float("inf"):
        raise ValueError(f"expected days to be positive and finite, was {days!r}")
    return theta / days


def vega_per_point(vega: Number) -> Number:
    """Return a derivative per 1.00 of volatility (or of a rate) per point, 0.01, instead.

    Examples
    --------
    >>> round(vega_per_point(37.52), 4)
    0.3752
    """
    return vega / 100.0
