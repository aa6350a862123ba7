"""Adapters of rf_pricing.heston."""

from __future__ import annotations

from typing import Any

from rf_pricing.heston import (
    HestonNandi,
    HestonParams,
    calibrate_heston,
    heston_greeks,
    heston_nandi_price,
)
from rf_testkit.reference.registry import VALUE, Answer, Case, answers


@answers(*VALUE, needs="kappa theta sigma rho v0 strike time_to_expiry option_type")
def value(case: Case) -> Answer:
    """Answer with price and derivatives."""
    i = case.inputs
    names = ("v0", "kappa", "theta", "sigma", "rho")
    model = HestonParams(**{name: _number(i[name]) for name in names})
    told = heston_greeks(
        model,
        _number(i["spot"]),
        _number(i["strike"]),
        _number(i["time_to_expiry"]),
        rate=_number(i["rate"]),
        dividend_yield=_number(i["dividend_yield"]),
        is_call=i["option_type"] == "call",
    )
    return {
        "price": told.value,
        "delta": told.delta,
        "gamma": told.gamma,
        "vega_v0": told.vega_v0,
    }


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


@answers("calibration", "error", needs="quotes spot rate dividend_yield")
def calibration(case: Case) -> Answer:
    """Answer with calibrated parameters."""
    i, quotes = case.inputs, case.inputs["quotes"]
    fit = calibrate_heston(
        i["spot"],
        [quote["strike"] for quote in quotes],
        [quote["time_to_expiry"] for quote in quotes],
        [quote["implied_vol"] for quote in quotes],
        rate=i["rate"],
        dividend_yield=i["dividend_yield"],
    )
    p = fit.params
    return {
        "v0": p.v0,
        "kappa": p.kappa,
        "theta": p.theta,
        "sigma": p.sigma,
        "rho": p.rho,
        "rmse_vol": fit.rmse_vol,
    }


@answers("option", "error", needs="alpha beta gamma omega lambda days r_daily spot strike")
def garch_option(case: Case) -> Answer:
    """Answer with the price under the GARCH of Heston and Nandi."""
    i = case.inputs
    model = HestonNandi(i["omega"], i["alpha"], i["beta"], i["gamma"], i["lambda"])
    px = heston_nandi_price(
        model,
        i["spot"],
        i["strike"],
        i["days"],
        rate=i["r_daily"],
        h1=i.get("h1"),
        is_call=i["option_type"] == "call",
    )
    return {"price": px}
