"""Adapters for American options, trees, SABR, Hull-White and bonds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rf_pricing.american import american_price, binomial_price
from rf_pricing.rates import HullWhite, ZeroCurve, bond_analytics, bond_yield, taylor_change
from rf_pricing.smile import calibrate_sabr, sabr_implied_vol
from rf_testkit.reference.registry import VALUE, Answer, Case, answers


def _is_call(option_type: str) -> bool:
    if option_type not in {"call", "put"}:
        raise ValueError(f"expected option_type to be call or put, was {option_type!r}")
    return option_type == "call"


def _number(value: float | None) -> float:
    """Return the value; NaN for null, which a case uses for a NaN to be rejected."""
    return float("nan") if value is None else value


def _curve(given: Mapping[str, Any]) -> ZeroCurve:
    if "zero_curve" not in given:
        return ZeroCurve.flat(given["flat_rate"])
    times, zero_rates = zip(*given["zero_curve"], strict=True)
    return ZeroCurve(times, zero_rates)


@answers("zcb", needs="a sigma t bond_maturity short_rate_at_t")
def _zcb(case: Case) -> Answer:
    given = case.inputs
    model = HullWhite(_curve(given), given["a"], given["sigma"])
    return {"price": model.zero_bond(given["t"], given["bond_maturity"], given["short_rate_at_t"])}


@answers("zcb_option", needs="a sigma option_maturity bond_maturity strike option_type")
def _zcb_option(case: Case) -> Answer:
    given = case.inputs
    model = HullWhite(_curve(given), given["a"], given["sigma"])
    value = model.bond_option(
        given["option_maturity"],
        given["bond_maturity"],
        given["strike"],
        face=given.get("face", 1.0),
        is_call=_is_call(given["option_type"]),
    )
    return {"price": value}


@answers("analytics", *VALUE, needs="cashflows yield frequency")
def _bond(case: Case) -> Answer:
    given = case.inputs
    times, amounts = zip(*given["cashflows"], strict=True)
    found = bond_analytics(times, amounts, given["yield"], frequency=given["frequency"])
    return {**asdict(found), "price": found.value}


@answers("yield", *VALUE, needs="cashflows price frequency")
def _yield(case: Case) -> Answer:
    given = case.inputs
    times, amounts = zip(*given["cashflows"], strict=True)
    return {"yield": bond_yield(times, amounts, given["price"], frequency=given["frequency"])}


@answers("taylor", needs="modified convexity price yield_change")
def _taylor(case: Case) -> Answer:
    given = case.inputs
    change = taylor_change(
        given["modified"], given["convexity"], given["price"], given["yield_change"]
    )
    return {"price_change_approx": change}


@answers(*VALUE, needs="forward strike time_to_expiry alpha beta nu rho")
def _sabr(case: Case) -> Answer:
    given = case.inputs
    vol = sabr_implied_vol(
        given["forward"],
        _number(given["strike"]),
        given["time_to_expiry"],
        alpha=given["alpha"],
        beta=given["beta"],
        rho=given["rho"],
        nu=given["nu"],
        shift=given.get("shift", 0.0),
        model=given.get("model", "lognormal"),
    )
    return {"implied_vol": vol}


@answers("calibration", needs="forward time_to_expiry beta quotes")
def _sabr_calibration(case: Case) -> Answer:
    given = case.inputs
    fit = calibrate_sabr(
        given["forward"],
        [quote["strike"] for quote in given["quotes"]],
        [quote["implied_vol"] for quote in given["quotes"]],
        given["time_to_expiry"],
        beta=given["beta"],
        shift=given.get("shift", 0.0),
    )
    return asdict(fit)


@answers("american", needs="spot strike rate dividend_yield volatility time_to_expiry")
def _american(case: Case) -> Answer:
    given = case.inputs
    value = american_price(
        given["spot"],
        given["strike"],
        given["time_to_expiry"],
        given["volatility"],
        rate=given["rate"],
        dividend_yield=given["dividend_yield"],
        is_call=_is_call(given["option_type"]),
    )
    return {"price": value}


@answers(
    "crr", *VALUE, needs="spot strike rate dividend_yield volatility time_to_expiry steps american"
)
def _binomial(case: Case) -> Answer:
    given = case.inputs
    value = binomial_price(
        given["spot"],
        given["strike"],
        given["time_to_expiry"],
        given["volatility"],
        steps=given["steps"],
        american=given["american"],
        rate=given["rate"],
        dividend_yield=given["dividend_yield"],
        is_call=_is_call(given["option_type"]),
    )
    return {"price": value}
