"""Valuation from accounts: discounted cash flow, Graham, WACC, implied default, factor scores."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

Rank = Literal["Long", "Neutral", "Short"]


@dataclass(frozen=True, slots=True)
class DcfValue:
    """Parts of a discounted cash flow value."""

    enterprise: float
    growth_stage: float
    """Present value of the cash flows of the first stage."""
    terminal: float
    """Present value of everything after."""
    equity: float
    """Enterprise value less net debt."""
    per_share: float


def two_stage_dcf(
    free_flow: float,
    *,
    growth: float,
    years: int,
    terminal_growth: float,
    discount_rate: float,
    net_debt: float = 0.0,
    shares: float = 1.0,
) -> DcfValue:
    """Value free cash flow that grows at one rate for some years and at another for ever.

    Parameters
    ----------
    free_flow : float
        Free cash flow of the year just ended, currency.
    growth, terminal_growth : float
        Per year, decimals above -1.
    years : int
        Length of the first stage, from 1 to 100.
    discount_rate : float
        Annual, decimal, above `terminal_growth`.
    net_debt : float
        Debt less cash, currency.
    shares : float
        Shares outstanding, positive.

    Raises
    ------
    ValueError
        If an input is out of range; a discount rate not above terminal growth has no value.

    References
    ----------
    Damodaran (2012), Investment Valuation, chapter 12.

    Examples
    --------
    >>> found = two_stage_dcf(
    ...     100.0, growth=0.0, years=5, terminal_growth=0.0, discount_rate=0.1
    ... )
    >>> round(found.enterprise, 6)
    1000.0
    """
    _finite(free_flow=free_flow, net_debt=net_debt, growth=growth)
    _finite(terminal_growth=terminal_growth, discount_rate=discount_rate)
    _positive(shares=shares)
    if years != int(years) or not 1 <= years <= 100:
        raise ValueError(f"expected years to be from 1 to 100, was {years!r}")
    if growth <= -1.0 or terminal_growth <= -1.0:
        raise ValueError(f"expected growth above -1, was {growth!r} and {terminal_growth!r}")
    if discount_rate <= terminal_growth:
        raise ValueError(
            f"expected discount_rate above terminal_growth, was {discount_rate!r} "
            f"and {terminal_growth!r}"
        )
    ratio = (1.0 + growth) / (1.0 + discount_rate)
    stage = math.fsum(free_flow * ratio**year for year in range(1, int(years) + 1))
    last = free_flow * ratio ** int(years)
    terminal = last * (1.0 + terminal_growth) / (discount_rate - terminal_growth)
    equity = stage + terminal - net_debt
    return DcfValue(stage + terminal, stage, terminal, equity, equity / shares)


def graham_number(earnings_per_share: float, book_per_share: float) -> float:
    """Return Graham's ceiling for a share: ``sqrt(22.5 EPS BVPS)``.

    Raises
    ------
    ValueError
        If either is not positive: the number does not exist for a loss or a negative book.

    References
    ----------
    Graham (1973), The Intelligent Investor, chapter 14: 15 times earnings, 1.5 times book.

    Examples
    --------
    >>> graham_number(4.0, 10.0)
    30.0
    """
    _positive(earnings_per_share=earnings_per_share, book_per_share=book_per_share)
    return math.sqrt(22.5 * earnings_per_share * book_per_share)


def graham_value(
    earnings_per_share: float, growth_percent: float, *, bond_yield_percent: float = 4.4
) -> float:
    """Return Graham's revised value ``EPS (8.5 + 2 g) 4.4 / Y``, g and Y in per cent.

    Parameters
    ----------
    earnings_per_share : float
        Positive, currency.
    growth_percent : float
        Expected over seven to ten years, per cent a year, above -4.25.
    bond_yield_percent : float
        Yield of AAA corporate bonds, per cent, positive.

    Raises
    ------
    ValueError
        If an input is out of range.

    References
    ----------
    Graham (1974), The decade 1965 to 1974.

    Examples
    --------
    >>> round(graham_value(2.0, 5.0), 6)
    37.0
    """
    _positive(earnings_per_share=earnings_per_share, bond_yield_percent=bond_yield_percent)
    _finite(growth_percent=growth_percent)
    if growth_percent <= -4.25:
        raise ValueError(f"expected growth_percent above -4.25, was {growth_percent!r}")
    return earnings_per_share * (8.5 + 2.0 * growth_percent) * 4.4 / bond_yield_percent


def peg_ratio(price_earnings: float, growth_percent: float) -> float:
    """Return price over earnings divided by earnings growth in per cent a year.

    Raises
    ------
    ValueError
        If either is not positive: the ratio then has no meaning.

    Examples
    --------
    >>> peg_ratio(20.0, 10.0)
    2.0
    """
    _positive(price_earnings=price_earnings, growth_percent=growth_percent)
    return price_earnings / growth_percent


def wacc(
    equity_value: float,
    debt_value: float,
    *,
    cost_of_equity: float,
    cost_of_debt: float,
    tax_rate: float,
) -> float:
    """Return the weighted average cost of capital, debt after tax.

    Parameters
    ----------
    equity_value, debt_value : float
        At market, not negative, not both zero.
    cost_of_equity, cost_of_debt : float
        Annual, decimals.
    tax_rate : float
        In [0, 1].

    Raises
    ------
    ValueError
        If an input is out of range.

    Examples
    --------
    >>> round(wacc(60.0, 40.0, cost_of_equity=0.1, cost_of_debt=0.05, tax_rate=0.25), 6)
    0.075
    """
    _finite(equity_value=equity_value, debt_value=debt_value)
    _finite(cost_of_equity=cost_of_equity, cost_of_debt=cost_of_debt, tax_rate=tax_rate)
    if equity_value < 0.0 or debt_value < 0.0 or equity_value + debt_value == 0.0:
        raise ValueError(
            f"expected equity_value and debt_value not negative and not both zero, were "
            f"{equity_value!r} and {debt_value!r}"
        )
    if not 0.0 <= tax_rate <= 1.0:
        raise ValueError(f"expected tax_rate in [0, 1], was {tax_rate!r}")
    share = equity_value / (equity_value + debt_value)
    return share * cost_of_equity + (1.0 - share) * cost_of_debt * (1.0 - tax_rate)


def implied_default_probability(spread: float, recovery: float, tau: float) -> float:
    """Return the probability of default by `tau` that a credit spread implies.

    ``1 - exp(-h tau)`` with the hazard rate ``h = spread / (1 - recovery)``.

    Parameters
    ----------
    spread : float
        Per year, decimal, not negative.
    recovery : float
        In [0, 1).
    tau : float
        Years, not negative.

    Raises
    ------
    ValueError
        If an input is out of range.

    References
    ----------
    Hull (2022), Options, Futures and Other Derivatives, chapter 24.

    Examples
    --------
    >>> round(implied_default_probability(0.02, 0.4, 5.0), 6)
    0.153518
    """
    _finite(spread=spread, recovery=recovery, tau=tau)
    for name, number in (("spread", spread), ("tau", tau)):
        if number < 0.0:
            raise ValueError(f"expected {name} not to be negative, was {number!r}")
    if not 0.0 <= recovery < 1.0:
        raise ValueError(f"expected recovery in [0, 1), was {recovery!r}")
    return -math.expm1(-spread / (1.0 - recovery) * tau)


def factor_score(
    *,
    price_to_book: float,
    return_on_equity: float,
    operating_flow_to_assets: float,
    earnings_yield: float,
    momentum: float,
) -> float:
    """Return the weighted score of five factors.

    ``-0.10 P/B + 0.25 ROE + 0.25 OCF/assets + 0.20 E/P + 0.20 momentum``, ratios as decimals.

    Raises
    ------
    ValueError
        If a factor is not finite.

    Examples
    --------
    >>> round(factor_score(price_to_book=2.0, return_on_equity=0.2,
    ...     operating_flow_to_assets=0.1, earnings_yield=0.05, momentum=0.1), 6)
    -0.095
    """
    _finite(price_to_book=price_to_book, return_on_equity=return_on_equity, momentum=momentum)
    _finite(operating_flow_to_assets=operating_flow_to_assets, earnings_yield=earnings_yield)
    quality = 0.25 * (return_on_equity + operating_flow_to_assets)
    return -0.10 * price_to_book + quality + 0.20 * (earnings_yield + momentum)


def quartile_ranking(scores: Mapping[str, float]) -> dict[str, Rank]:
    """Rank the highest quarter of the scores Long, the lowest Short, the rest Neutral.

    A quarter is ``len(scores) // 4`` names. A tie across its edge makes all tied names Neutral,
    so that no name is favoured for its place in the input.

    Raises
    ------
    ValueError
        If there are fewer than four scores or one is not finite.

    Examples
    --------
    >>> quartile_ranking({"A": 1.0, "B": 2.0, "C": 3.0, "D": 4.0})
    {'A': 'Short', 'B': 'Neutral', 'C': 'Neutral', 'D': 'Long'}
    """
    if len(scores) < 4:
        raise ValueError(f"expected at least four scores, was {len(scores)}")
    _finite(**{f"scores[{name!r}]": score for name, score in scores.items()})
    ordered = sorted(scores.values())
    size = len(ordered) // 4
    # The best and worst scores outside the outer quarters.
    low, high = ordered[size], ordered[-size - 1]
    return {name: _rank(score, low, high) for name, score in scores.items()}


def _rank(score: float, low: float, high: float) -> Rank:
    return "Long" if score > high else "Short" if score < low else "Neutral"


@dataclass(frozen=True, slots=True)
class EvaluatedQuote:
    """A value put together from several sources."""

    value: float
    score: float
    """Confidence, from 0 to 10."""


def evaluated_quote(
    values: Sequence[float], *, quality: float, correlation: float
) -> EvaluatedQuote:
    """Combine a direct, a correlated and a model value of one bond.

    Weights are ``2 quality`` for a direct quote, the confidence of the correlation for the
    related bond and 0.5 for the model, normalised; the score is
    ``10 (0.5 quality + 0.3 correlation + 0.2)``.

    Parameters
    ----------
    values : three floats
        Direct, correlated, model.
    quality : float
        Quality of the direct quote, in [0, 1].
    correlation : float
        Confidence in the correlated value, in [0, 1].

    Raises
    ------
    ValueError
        If an input is out of range.

    Examples
    --------
    >>> evaluated_quote([100.0, 100.0, 100.0], quality=1.0, correlation=1.0)
    EvaluatedQuote(value=100.0, score=10.0)
    """
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.shape != (3,) or not np.isfinite(numbers).all():
        raise ValueError(f"expected three finite values, were {values!r}")
    if not 0.0 <= quality <= 1.0:
        raise ValueError(f"expected quality in [0, 1], was {quality!r}")
    if not 0.0 <= correlation <= 1.0:
        raise ValueError(f"expected correlation in [0, 1], was {correlation!r}")
    weights = np.array([2.0 * quality, correlation, 0.5])
    value = float(weights @ numbers / weights.sum())
    return EvaluatedQuote(value, 10.0 * (0.5 * quality + 0.3 * correlation + 0.2))


def _finite(**numbers: float) -> None:
    for name, number in numbers.items():
        if not math.isfinite(number):
            raise ValueError(f"expected {name} to be finite, was {number!r}")


def _positive(**numbers: float) -> None:
    for name, number in numbers.items():
        if not (math.isfinite(number) and number > 0.0):
            raise ValueError(f"expected {name} to be positive and finite, was {number!r}")
