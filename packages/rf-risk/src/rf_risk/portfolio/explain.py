"""Profit and loss of option positions, explained by what moved.

The parts add up to the total exactly: what the Greeks do not explain is the residual.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple, Protocol

from rf_pricing.vanilla import bsm_greeks, bsm_price
from rf_risk.portfolio import _checks as check


class GreeksLike(Protocol):
    """Greeks of one unit, units as in rf_pricing: vega per 1.00, theta per year."""

    @property
    def delta(self) -> float: ...  # noqa: D102 - the class tells
    @property
    def gamma(self) -> float: ...  # noqa: D102
    @property
    def vega(self) -> float: ...  # noqa: D102
    @property
    def theta(self) -> float: ...  # noqa: D102
    @property
    def rho(self) -> float: ...  # noqa: D102
    @property
    def vanna(self) -> float: ...  # noqa: D102
    @property
    def volga(self) -> float: ...  # noqa: D102


class Moves(NamedTuple):
    """What changed between two looks at a market."""

    spot: float = 0.0
    vol: float = 0.0
    rate: float = 0.0
    years: float = 0.0


class PnlExplain(NamedTuple):
    """P&L of a position by cause, currency, signed; `fee_amount` is negative for what was paid."""

    delta: float
    gamma: float
    vega: float
    theta: float
    rho: float
    vanna: float
    volga: float
    carry: float
    fee_amount: float
    residual: float

    @property
    def total(self) -> float:
        """Sum of all parts, correctly rounded (`math.fsum`), so it holds exactly."""
        return math.fsum(self)

    @property
    def market(self) -> float:
        """Change of the position's value: the total without carry and fees."""
        return math.fsum((*self[:7], self.residual))

    @property
    def first_order(self) -> float:
        """Delta, gamma, vega, theta and rho together."""
        return math.fsum(self[:5])

    @property
    def explained(self) -> float:
        """The same with vanna and volga."""
        return math.fsum(self[:7])


class DollarGreeks(NamedTuple):
    """Greeks of a book in currency and in a desk's units."""

    delta: float
    """Currency value of the underlying held: ``q delta S``."""
    gamma: float
    """Change of `delta` for 1 % of spot: ``q gamma S^2 / 100``."""
    vega: float
    """For one volatility point."""
    theta: float
    """For one calendar day."""
    rho: float
    """For one basis point of rate."""


class OptionHolding(NamedTuple):
    """Options held, signed, and the market they are in."""

    spot: float
    strike: float
    tau: float
    vol: float
    qty: float
    multiplier: float = 1.0
    rate: float = 0.0
    dividend_yield: float = 0.0
    is_call: bool = True


def explain_moves(
    greeks: GreeksLike,
    moves: Moves,
    change: float,
    *,
    qty: float = 1.0,
    carry: float = 0.0,
    fee_amount: float = 0.0,
) -> PnlExplain:
    """Return the P&L of a position by Greek, for the model the Greeks came from.

    Parameters
    ----------
    greeks : object with delta, gamma, vega, theta, rho, vanna and volga
        Of one unit at the first look.
    moves : Moves
        Changes of spot, volatility and rate, and the years that passed.
    change : float
        What one unit's value changed by, revalued in full.
    qty : float
        Units, signed, contract multiplier included.
    carry : float
        Interest, funding and dividends received, currency, signed.
    fee_amount : float
        Fees, currency, negative for what was paid.

    Returns
    -------
    PnlExplain
        The residual is ``qty * change`` less the seven terms, so that the parts add up.

    Raises
    ------
    ValueError
        If an input is not finite.

    Examples
    --------
    >>> greeks = bsm_greeks(100.0, 100.0, 0.25, 0.2)
    >>> found = explain_moves(greeks, Moves(spot=1.0), 0.55, qty=100.0, fee_amount=-2.0)
    >>> round(found.total, 10)
    53.0
    """
    size = check.finite("qty", qty)
    d_spot, d_vol, d_rate, years = (
        check.finite(f"moves.{name}", value) for name, value in moves._asdict().items()
    )
    terms = (
        size * greeks.delta * d_spot,
        size * greeks.gamma * d_spot * d_spot / 2.0,
        size * greeks.vega * d_vol,
        size * greeks.theta * years,
        size * greeks.rho * d_rate,
        size * greeks.vanna * d_spot * d_vol,
        size * greeks.volga * d_vol * d_vol / 2.0,
    )
    for name, term in zip(PnlExplain._fields, terms, strict=False):
        check.finite(f"greeks.{name}", term)
    actual = size * check.finite("change", change)
    residual = math.fsum((actual, *(-term for term in terms)))
    return PnlExplain(
        *terms, check.finite("carry", carry), check.finite("fee_amount", fee_amount), residual
    )


def explain_option(
    holding: OptionHolding, moves: Moves, *, carry: float = 0.0, fee_amount: float = 0.0
) -> PnlExplain:
    """Return the P&L of European options by Greek, with Black-Scholes-Merton before and after.

    Parameters
    ----------
    holding : OptionHolding
        At the first look; `vol` per year, `tau` in years.
    moves : Moves
        `years` at most the time that was left.
    carry, fee_amount
        As in `explain_moves`.

    Returns
    -------
    PnlExplain

    Raises
    ------
    ValueError
        If an input is not finite, spot or volatility falls below zero, or more time passes than
        was left.

    Examples
    --------
    >>> held = OptionHolding(100.0, 100.0, 0.25, 0.2, qty=10.0, multiplier=100.0, rate=0.02)
    >>> found = explain_option(held, Moves(spot=2.0, vol=0.01, years=1 / 365))
    >>> round(found.delta, 2), round(found.residual, 2), round(found.total, 2)
    (1079.66, -6.04, 1327.0)
    """
    left = holding.tau - check.not_negative("moves.years", moves.years)
    # A last step as long as the time left may end a rounding error after it.
    if left < -1e-12:
        raise ValueError(f"expected moves.years <= {holding.tau}, the time left, was {moves.years}")
    size = check.finite("qty", holding.qty) * check.finite("multiplier", holding.multiplier)
    greeks = _greeks(holding)
    after = bsm_price(
        holding.spot + moves.spot,
        holding.strike,
        max(left, 0.0),
        holding.vol + moves.vol,
        rate=holding.rate + moves.rate,
        dividend_yield=holding.dividend_yield,
        is_call=holding.is_call,
    )
    change = float(after) - greeks.value
    return explain_moves(greeks, moves, change, qty=size, carry=carry, fee_amount=fee_amount)


class _Scalars(NamedTuple):
    value: float
    delta: float
    gamma: float
    vega: float
    theta: float
    rho: float
    vanna: float
    volga: float


def _greeks(holding: OptionHolding) -> _Scalars:
    found = bsm_greeks(
        holding.spot,
        holding.strike,
        holding.tau,
        holding.vol,
        rate=holding.rate,
        dividend_yield=holding.dividend_yield,
        is_call=holding.is_call,
    )
    return _Scalars(*(float(getattr(found, name)) for name in _Scalars._fields))


def portfolio_greeks(holdings: Iterable[OptionHolding]) -> DollarGreeks:
    """Return the Greeks of a book of options in currency.

    Raises
    ------
    ValueError
        If an input of a holding is not finite or out of range.

    Examples
    --------
    >>> book = portfolio_greeks([OptionHolding(100.0, 100.0, 1.0, 0.2, qty=1.0, rate=0.05)])
    >>> round(book.vega, 4), round(book.theta, 4)
    (0.3752, -0.0176)
    """
    rows = []
    for held in holdings:
        size, greeks = held.qty * held.multiplier, _greeks(held)
        rows.append((
            size * greeks.delta * held.spot,
            size * greeks.gamma * held.spot * held.spot / 100.0,
            size * greeks.vega / 100.0,
            size * greeks.theta / 365.0,
            size * greeks.rho / 10_000.0,
        ))  # fmt: skip
    return DollarGreeks(*(math.fsum(column) for column in zip(*rows, strict=True))) if rows else (
        DollarGreeks(0.0, 0.0, 0.0, 0.0, 0.0)
    )  # fmt: skip
