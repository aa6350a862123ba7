"""Adapters for distribution functions, Black-Scholes-Merton and implied volatility."""

from __future__ import annotations

from rf_pricing.distributions import chi2_sf, norm_cdf, norm_ppf, t_cdf, t_ppf
from rf_pricing.vanilla import bsm_greeks, bsm_implied_vol
from rf_testkit.reference.registry import VALUE, Answer, Case, answers


@answers("norm_cdf", needs="x")
def _norm_cdf(case: Case) -> Answer:
    return {"value": norm_cdf(case.inputs["x"])}


@answers("norm_ppf", needs="p")
def _norm_ppf(case: Case) -> Answer:
    return {"value": norm_ppf(case.inputs["p"])}


@answers("t_cdf", needs="x nu")
def _t_cdf(case: Case) -> Answer:
    return {"value": t_cdf(case.inputs["x"], case.inputs["nu"])}


@answers("t_ppf", needs="p nu")
def _t_ppf(case: Case) -> Answer:
    return {"value": t_ppf(case.inputs["p"], case.inputs["nu"])}


@answers("chi2_sf", needs="x k")
def _chi2_sf(case: Case) -> Answer:
    return {"value": chi2_sf(case.inputs["x"], case.inputs["k"])}


@answers(*VALUE, needs="spot strike rate dividend_yield volatility time_to_expiry option_type")
def _bsm(case: Case) -> Answer:
    given = case.inputs
    greeks = bsm_greeks(
        given["spot"],
        given["strike"],
        given["time_to_expiry"],
        given["volatility"],
        rate=given["rate"],
        dividend_yield=given["dividend_yield"],
        is_call=_is_call(given["option_type"]),
    )._asdict()
    return {**greeks, "price": greeks["value"]}


@answers(*VALUE, needs="price spot strike rate dividend_yield time_to_expiry option_type")
def _implied_vol(case: Case) -> Answer:
    given = case.inputs
    vol = bsm_implied_vol(
        given["price"],
        given["spot"],
        given["strike"],
        given["time_to_expiry"],
        rate=given["rate"],
        dividend_yield=given["dividend_yield"],
        is_call=_is_call(given["option_type"]),
    )
    return {"implied_vol": vol}


def _is_call(option_type: str) -> bool:
    if option_type not in {"call", "put"}:
        raise ValueError(f"expected option_type call or put, was {option_type!r}")
    return option_type == "call"
