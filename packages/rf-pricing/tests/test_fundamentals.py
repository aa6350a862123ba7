import math

import pytest

from rf_pricing.fundamentals import (
    evaluated_quote,
    factor_score,
    graham_number,
    graham_value,
    implied_default_probability,
    peg_ratio,
    quartile_ranking,
    two_stage_dcf,
    wacc,
)


def test_one_growth_rate_is_gordons_formula() -> None:
    found = two_stage_dcf(
        100.0, growth=0.02, years=7, terminal_growth=0.02, discount_rate=0.08, net_debt=200.0
    )
    assert found.enterprise == pytest.approx(100.0 * 1.02 / 0.06, rel=1e-13)
    assert found.per_share == pytest.approx(found.enterprise - 200.0, rel=1e-13)
    assert found.growth_stage + found.terminal == pytest.approx(found.enterprise, rel=1e-15)


def test_grahams_and_lynchs_ratios_follow_their_definitions() -> None:
    assert graham_number(4.0, 10.0) == pytest.approx(30.0)
    assert graham_value(2.0, 5.0) == pytest.approx(37.0)
    assert peg_ratio(20.0, 10.0) == 2.0


def test_capital_costs_its_weighted_average() -> None:
    only = wacc(1.0, 0.0, cost_of_equity=0.1, cost_of_debt=0.05, tax_rate=0.25)
    assert only == pytest.approx(0.1)
    both = wacc(60.0, 40.0, cost_of_equity=0.1, cost_of_debt=0.05, tax_rate=0.25)
    assert both == pytest.approx(0.075)


def test_a_spread_implies_a_probability_of_default() -> None:
    assert implied_default_probability(0.02, 0.4, 5.0) == pytest.approx(1 - math.exp(-1 / 6))
    assert implied_default_probability(0.0, 0.4, 5.0) == 0.0


def test_the_factor_score_weighs_five_factors() -> None:
    score = factor_score(
        price_to_book=2.0,
        return_on_equity=0.2,
        operating_flow_to_assets=0.1,
        earnings_yield=0.05,
        momentum=0.1,
    )
    assert score == pytest.approx(-0.095)


def test_outer_quarters_are_long_and_short_and_ties_are_neutral() -> None:
    ranks = quartile_ranking({name: float(i) for i, name in enumerate("ABCDEFGH")})
    assert [name for name, rank in ranks.items() if rank == "Long"] == ["G", "H"]
    assert [name for name, rank in ranks.items() if rank == "Short"] == ["A", "B"]
    tied = quartile_ranking(dict.fromkeys("ABCD", 1.0))
    assert set(tied.values()) == {"Neutral"}


def test_an_evaluated_quote_lies_between_its_sources() -> None:
    found = evaluated_quote([100.0, 98.0, 96.0], quality=0.5, correlation=0.5)
    assert found.value == pytest.approx((100.0 + 0.5 * 98.0 + 0.5 * 96.0) / 2.0)
    assert found.score == pytest.approx(6.0)


@pytest.mark.parametrize(
    "call",
    [
        lambda: two_stage_dcf(1.0, growth=0.0, years=5, terminal_growth=0.05, discount_rate=0.05),
        lambda: graham_number(-1.0, 10.0),
        lambda: peg_ratio(10.0, 0.0),
        lambda: wacc(0.0, 0.0, cost_of_equity=0.1, cost_of_debt=0.1, tax_rate=0.2),
        lambda: implied_default_probability(0.01, 1.0, 1.0),
        lambda: quartile_ranking({"A": 1.0, "B": math.nan, "C": 1.0, "D": 2.0}),
        lambda: quartile_ranking({"A": 1.0}),
        lambda: evaluated_quote([1.0], quality=1.0, correlation=1.0),
    ],
)
def test_bad_accounts_are_refused(call) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match="expected"):
        call()
