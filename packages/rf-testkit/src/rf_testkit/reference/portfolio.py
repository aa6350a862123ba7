"""Adapters of rf_risk.portfolio: VaR, covariance, Kelly, P&L by Greek."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from rf_risk import portfolio as risk
from rf_risk.portfolio.var import moments
from rf_risk.volatility import ewma_variance
from rf_testkit.reference.registry import Answer, Case, answers
from rf_testkit.reference.series import sliced


@answers("parametric", "error", needs="sigma value confidence horizon_days")
def parametric(case: Case) -> Answer:
    """Answer with normal VaR."""
    i = case.inputs
    told = risk.normal_var(
        i["sigma"], i["confidence"], value=i["value"], horizon=i["horizon_days"],
        mean=i.get("mean", 0.0), z=i.get("z"),
    )  # fmt: skip
    return asdict(told)


@answers("portfolio", "error", needs="values sigmas correlation confidence horizon_days")
def correlated(case: Case) -> Answer:
    """Answer with the VaR of correlated holdings."""
    i = case.inputs
    scale = np.asarray(i["sigmas"], dtype=float)
    covariance = np.asarray(i["correlation"], dtype=float) * np.outer(scale, scale)
    told = risk.portfolio_var(
        i["values"], covariance, i["confidence"], horizon=i["horizon_days"], z=i.get("z")
    )
    return {
        "portfolio_sd_1d": told.deviation,
        "var": told.var,
        "diversification_benefit": told.diversification_benefit,
    }


@answers("student_t", "error", needs="sigma nu value confidence horizon_days")
def student(case: Case) -> Answer:
    """Answer with Student-t VaR."""
    i = case.inputs
    told = risk.student_var(
        i["sigma"], i["nu"], i["confidence"], value=i["value"], horizon=i["horizon_days"]
    )
    return asdict(told)


@answers("cornish_fisher", "error", needs="sigma skew excess_kurtosis confidence")
def cornish_fisher(case: Case) -> Answer:
    """Answer with modified VaR."""
    i = case.inputs
    told = risk.cornish_fisher_var(
        i["sigma"], skew=i["skew"], excess_kurtosis=i["excess_kurtosis"],
        mean=i.get("mean", 0.0), confidence=i["confidence"],
    )  # fmt: skip
    return {"z_cf": told.z, "var": told.var, "domain_ok": told.domain_ok}


@answers("historical", "error", needs="returns confidence")
def listed(case: Case) -> Answer:
    """Answer with the VaR of listed returns."""
    return _historical(case, case.inputs["returns"])


@answers("historical", needs="data transform confidence")
def from_file(case: Case) -> Answer:
    """Answer with the VaR of returns from a file."""
    return _historical(case, case.series().returns(case.inputs["transform"]))


def _historical(case: Case, returns: Any) -> Answer:
    confidence = case.inputs["confidence"]
    told = risk.historical_var(returns, confidence)
    found = {"var_linear": told.var_linear, "var_order": told.var_order, "es": told.es}
    mean, sigma, skew, kurtosis = moments(returns)
    normal = risk.normal_var(sigma, confidence, mean=mean)
    modified = risk.cornish_fisher_var(
        sigma, skew=skew, excess_kurtosis=kurtosis, mean=mean, confidence=confidence
    )
    return found | {
        "var_normal": normal.var,
        "es_normal": normal.es,
        "skew": skew,
        "excess_kurtosis": kurtosis,
        "var_cornish_fisher": modified.var,
    }


@answers("fhs", needs="data transform lambda confidence")
def filtered(case: Case) -> Answer:
    """Answer with filtered historical simulation."""
    i = case.inputs
    returns = case.series().returns(i["transform"])
    start = i.get("initial_variance")
    given = float(start) if isinstance(start, int | float) else None
    variances, following = ewma_variance(returns, decay=i["lambda"], start=given)
    told = risk.filtered_historical_var(returns, variances, following, i["confidence"])
    return {
        "var_linear": told.var_linear,
        "var_order": told.var_order,
        "es": told.es,
        "next_vol": following**0.5,
    }


@answers("kupiec", "error", needs="observations exceptions p")
def kupiec(case: Case) -> Answer:
    """Answer with the proportion of failures test."""
    i = case.inputs
    told = risk.kupiec(i["exceptions"], i["observations"], i["p"])
    return {"lr_uc": told.lr, "p_value": told.p_value}


@answers("christoffersen", "error", needs="hits p")
def christoffersen(case: Case) -> Answer:
    """Answer with the independence test."""
    return asdict(risk.christoffersen(case.inputs["hits"], case.inputs["p"]))


@answers("basel", "error", needs="observations exceptions p")
def basel(case: Case) -> Answer:
    """Answer with the traffic light."""
    i = case.inputs
    return asdict(risk.basel_zone(i["exceptions"], i["observations"], i["p"]))


@answers("component", "error", needs="exposures covariance confidence")
def component(case: Case) -> Answer:
    """Answer with component VaR."""
    i = case.inputs
    told = risk.portfolio_var(i["exposures"], i["covariance"], i["confidence"])
    return {
        "var": told.var,
        "component_var": told.component,
        "marginal_var": told.marginal,
        "individual_var": told.individual,
        "incremental_var": told.incremental,
        "diversification_ratio": told.diversification_ratio,
    }


@answers("evt_pot", needs="data transform threshold")
def tail(case: Case) -> Answer:
    """Answer with a fitted tail."""
    losses = case.series().returns(case.inputs["transform"])
    fit = risk.peaks_over_threshold(losses, case.inputs["threshold"])
    levels = ("0.99", "0.995", "0.999")
    return {
        "exceedances": fit.exceedances,
        "xi": fit.xi,
        "beta": fit.beta,
        "se_xi": fit.se_xi,
        "se_beta": fit.se_beta,
        "quantile": {each: fit.loss(float(each)).var for each in levels},
        "es": {each: fit.loss(float(each)).es for each in levels},
    }


@answers("covariance", needs="data columns")
def covariance(case: Case) -> Answer:
    """Answer with shrunk covariances."""
    i = case.inputs
    px = case.series().matrix(i["columns"])
    returns = sliced(px[1:] / px[:-1] - 1.0, i.get("rows", ""))
    linear, equal = risk.ledoit_wolf(returns), risk.constant_correlation(returns)
    sample = risk.sample_covariance(returns)
    return {
        "sample": sample,
        "correlation": risk.correlation(sample),
        "lw_cov": linear.covariance,
        "lw_shrinkage": linear.shrinkage,
        "cc_cov": equal.covariance,
        "cc_shrinkage": equal.shrinkage,
        "oas_shrinkage": risk.oracle_approximating(returns).shrinkage,
        "ewma_094": risk.ewma_covariance(returns, decay=0.94),
    }


@answers("discrete", "error", needs="win_prob win_loss_ratio")
def kelly_odds(case: Case) -> Answer:
    """Answer with the stake on a bet."""
    return risk.kelly_binary(case.inputs["win_prob"], case.inputs["win_loss_ratio"])._asdict()


@answers("continuous", "error", needs="mu r sigma")
def kelly_diffusion(case: Case) -> Answer:
    """Answer with the stake in a diffusion."""
    i = case.inputs
    given: dict[str, float] = {"rate": i["r"]}
    full = risk.kelly_continuous(i["mu"], i["sigma"], **given)
    half = risk.kelly_continuous(i["mu"], i["sigma"], share=0.5, **given)
    quarter = risk.kelly_continuous(i["mu"], i["sigma"], share=0.25, **given)
    return full._asdict() | {
        "half_kelly_growth": half.growth,
        "quarter_kelly_excess_share": (quarter.growth - i["r"]) / (full.growth - i["r"]),
    }


@answers("general", "error", needs="probabilities returns")
def kelly_outcomes(case: Case) -> Answer:
    """Answer with the stake over outcomes."""
    return risk.kelly_discrete(case.inputs["probabilities"], case.inputs["returns"])._asdict()


@answers("multi", "error", needs="excess_mean covariance")
def kelly_assets(case: Case) -> Answer:
    """Answer with shares of capital."""
    return risk.kelly_portfolio(case.inputs["excess_mean"], case.inputs["covariance"])._asdict()


@answers("explain", "error", needs="t0 t1 quantity multiplier")
def explained(case: Case) -> Answer:
    """Answer with P&L by Greek."""
    i, before, after = case.inputs, case.inputs["t0"], case.inputs["t1"]
    state = risk.OptionState(
        before["spot"], before["strike"], before["time_to_expiry"], before["volatility"],
        before["rate"], before["dividend_yield"], before["option_type"] == "call",
    )  # fmt: skip
    told = risk.explain(
        state, spot=after["spot"], vol=after["volatility"], years=after["dt_years"],
        rate_change=after.get("rate_change", 0.0), units=i["quantity"] * i["multiplier"],
    )  # fmt: skip
    return told._asdict() | {
        "explained1": told.first,
        "explained2": told.second,
        "residual1": told.first_residual,
        "residual2": told.second_residual,
    }
