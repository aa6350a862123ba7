"""Adapters for VaR, covariance, Kelly and the attribution of P&L."""

from __future__ import annotations

from typing import Any

import rf_risk.portfolio as pf
from rf_testkit.reference.registry import VALUE, Answer, Case, answers
from rf_testkit.reference.series import FloatArray, sliced


@answers("parametric", "limit", "error", needs="value sigma confidence")
def _parametric(case: Case) -> Answer:
    i = case.inputs
    found = pf.parametric_var(
        i["value"],
        i["sigma"],
        i["confidence"],
        mean=i.get("mean", 0.0),
        horizon=i.get("horizon_days", 1.0),
        z=i.get("z"),
    )
    return {"var": found.var, "es": found.expected_shortfall}


@answers("portfolio", "limit", "error", needs="values sigmas correlation confidence")
def _portfolio(case: Case) -> Answer:
    i = case.inputs
    found = pf.component_var(
        i["values"],
        pf.covariance_of(i["sigmas"], i["correlation"]),
        i["confidence"],
        horizon=i.get("horizon_days", 1.0),
        z=i.get("z"),
    )
    return _component_answer(found)


def _component_answer(found: pf.ComponentVar) -> Answer:
    return found._asdict() | {"es": found.expected_shortfall, "portfolio_sd_1d": found.sigma}


@answers("component", "limit", "error", needs="exposures covariance confidence")
def _component(case: Case) -> Answer:
    i = case.inputs
    found = pf.component_var(
        i["exposures"],
        i["covariance"],
        i["confidence"],
        horizon=i.get("horizon_days", 1.0),
        z=i.get("z"),
    )
    return _component_answer(found)


@answers("student_t", "limit", "error", needs="value sigma nu confidence")
def _student_t(case: Case) -> Answer:
    i = case.inputs
    found = pf.student_t_var(
        i["value"],
        i["sigma"],
        i["nu"],
        i["confidence"],
        mean=i.get("mean", 0.0),
        horizon=i.get("horizon_days", 1.0),
    )
    return {"var": found.var, "es": found.expected_shortfall}


@answers("cornish_fisher", "limit", "error", needs="skew excess_kurtosis sigma confidence")
def _cornish_fisher(case: Case) -> Answer:
    i = case.inputs
    found = pf.cornish_fisher_var(
        i["sigma"], i["skew"], i["excess_kurtosis"], i["confidence"], mean=i.get("mean", 0.0)
    )
    return {
        "z_cf": found.z,
        "var": found.var,
        "es": found.expected_shortfall,
        "domain_ok": found.domain_ok,
    }


@answers("historical", "limit", "error", needs="returns confidence")
def _historical(case: Case) -> Answer:
    return _historical_answer(case.inputs["returns"], case.inputs["confidence"])


@answers("historical", "error", needs="data transform confidence")
def _historical_data(case: Case) -> Answer:
    returns = case.series().returns(case.inputs["transform"])
    return _historical_answer(returns, case.inputs["confidence"])


def _historical_answer(returns: Any, confidence: float) -> Answer:
    linear = pf.historical_var(returns, confidence)
    moments = pf.sample_moments(returns)
    normal = pf.parametric_var(1.0, moments.sd, confidence, mean=moments.mean)
    answer = {
        "var_linear": linear.var,
        "var_order": pf.historical_var(returns, confidence, method="order").var,
        "es": linear.expected_shortfall,
        "var_normal": normal.var,
        "es_normal": normal.expected_shortfall,
        "skew": moments.skew,
        "excess_kurtosis": moments.excess_kurtosis,
    }
    if moments.sd > 0.0:
        modified = pf.cornish_fisher_var(
            moments.sd, moments.skew, moments.excess_kurtosis, confidence, mean=moments.mean
        )
        answer["var_cornish_fisher"] = modified.var
    return answer


@answers("fhs", "error", needs="returns lambda confidence")
def _filtered(case: Case) -> Answer:
    return _filtered_answer(case, case.inputs["returns"])


@answers("fhs", "error", needs="data transform lambda confidence")
def _filtered_data(case: Case) -> Answer:
    return _filtered_answer(case, case.series().returns(case.inputs["transform"]))


def _filtered_answer(case: Case, returns: Any) -> Answer:
    confidence, decay = case.inputs["confidence"], case.inputs["lambda"]
    start = case.inputs.get("initial_variance")
    first = start if isinstance(start, float | int) else None
    linear = pf.filtered_historical_var(returns, confidence, decay=decay, initial_variance=first)
    order = pf.filtered_historical_var(
        returns, confidence, decay=decay, initial_variance=first, method="order"
    )
    return {
        "var_linear": linear.var,
        "var_order": order.var,
        "es": linear.expected_shortfall,
        "next_vol": linear.next_vol,
    }


@answers("evt_pot", "error", needs="data transform threshold")
def _peaks_data(case: Case) -> Answer:
    return _peaks_answer(case, case.series().returns(case.inputs["transform"]))


@answers("evt_pot", "error", needs="losses threshold")
def _peaks(case: Case) -> Answer:
    return _peaks_answer(case, case.inputs["losses"])


def _peaks_answer(case: Case, losses: Any) -> Answer:
    fit = pf.fit_pot(losses, case.inputs["threshold"])
    levels = [level for level in _levels(case) if 1.0 - level <= fit.exceedance_rate]
    return {
        "exceedances": fit.gpd.exceedances,
        "xi": fit.gpd.xi,
        "beta": fit.gpd.beta,
        "se_xi": fit.gpd.se_xi,
        "se_beta": fit.gpd.se_beta,
        "loglikelihood": fit.gpd.log_likelihood,
        "loglik": fit.gpd.log_likelihood,
        "quantile": {level: fit.quantile(level) for level in levels},
        "es": {level: fit.expected_shortfall(level) for level in levels},
    }


def _levels(case: Case) -> list[float]:
    """Return the confidences of the case, or those of the usual tables."""
    given = case.inputs.get("confidence", case.inputs.get("confidences"))
    if given is None:
        return [0.9, 0.95, 0.975, 0.98, 0.99, 0.995, 0.9975, 0.999, 0.9995, 0.9999]
    return [float(level) for level in (given if isinstance(given, list) else [given])]


@answers("kupiec", "limit", "error", needs="observations exceptions p")
def _kupiec(case: Case) -> Answer:
    i = case.inputs
    found = pf.kupiec(i["observations"], i["exceptions"], i["p"])
    return {"lr_uc": found.statistic, "p_value": found.p_value}


@answers("basel", needs="observations exceptions p")
def _basel(case: Case) -> Answer:
    i = case.inputs
    found = pf.basel_traffic_light(i["exceptions"], i["observations"], i["p"])
    return found._asdict()


@answers("christoffersen", "limit", "error", needs="hits p")
def _christoffersen(case: Case) -> Answer:
    found = pf.christoffersen(case.inputs["hits"], case.inputs["p"])
    return {
        "n00": found.n00,
        "n01": found.n01,
        "n10": found.n10,
        "n11": found.n11,
        "lr_ind": found.independence.statistic,
        "lr_uc": found.unconditional.statistic,
        "lr_cc": found.conditional.statistic,
        "p_value_ind": found.independence.p_value,
        "p_value_uc": found.unconditional.p_value,
        "p_value_cc": found.conditional.p_value,
    }


@answers("covariance", "error", needs="data columns rows")
def _covariance_data(case: Case) -> Answer:
    px = case.series().matrix(case.inputs["columns"])
    returns = sliced(px[1:] / px[:-1] - 1.0, case.inputs["rows"])
    return _covariance_answer(case, returns)


@answers("covariance", needs="returns")
def _covariance(case: Case) -> Answer:
    return _covariance_answer(case, case.inputs["returns"])


def _covariance_answer(case: Case, returns: FloatArray) -> Answer:
    sample = pf.sample_covariance(returns)
    linear, oracle = pf.ledoit_wolf(returns), pf.oas(returns)
    answer: dict[str, Any] = {
        "sample": sample,
        "lw_shrinkage": linear.shrinkage,
        "lw_cov": linear.covariance,
        "oas_shrinkage": oracle.shrinkage,
        "oas_cov": oracle.covariance,
        "ewma_094": pf.ewma_covariance(returns, 0.94),
    }
    if {"cc_shrinkage", "cc_cov"} & case.wanted:
        constant = pf.constant_correlation(returns)
        answer |= {"cc_shrinkage": constant.shrinkage, "cc_cov": constant.covariance}
    if "correlation" in case.wanted:
        answer["correlation"] = pf.correlation_of(sample)
    return answer


@answers("discrete", "limit", "error", needs="win_prob win_loss_ratio")
def _kelly_binary(case: Case) -> Answer:
    return pf.binary_kelly(case.inputs["win_prob"], case.inputs["win_loss_ratio"])._asdict()


@answers("general", "limit", "error", needs="probabilities returns")
def _kelly_discrete(case: Case) -> Answer:
    return pf.discrete_kelly(case.inputs["probabilities"], case.inputs["returns"])._asdict()


@answers("continuous", "limit", "error", needs="mu r sigma")
def _kelly_continuous(case: Case) -> Answer:
    mu, rate, sigma = case.inputs["mu"], case.inputs["r"], case.inputs["sigma"]
    found = pf.continuous_kelly(mu, sigma, rate=rate)

    def growth(multiple: float) -> float:
        return pf.continuous_growth(multiple * found.fraction, mu, sigma, rate=rate)

    return {
        "fraction": found.fraction,
        "growth": found.growth,
        "half_kelly_growth": growth(0.5),
        "quarter_kelly_growth": growth(0.25),
        "half_kelly_excess_share": pf.growth_share(0.5),
        "quarter_kelly_excess_share": pf.growth_share(0.25),
    }


@answers("multi", "limit", "error", needs="excess_mean covariance")
def _kelly_multi(case: Case) -> Answer:
    return pf.multi_kelly(case.inputs["excess_mean"], case.inputs["covariance"])._asdict()


@answers("explain", *VALUE, needs="t0 t1 quantity multiplier")
def _explain(case: Case) -> Answer:
    before, after = case.inputs["t0"], case.inputs["t1"]
    if before["option_type"] not in {"call", "put"}:
        raise ValueError(f"expected option_type call or put, was {before['option_type']!r}")
    holding = pf.OptionHolding(
        before["spot"],
        before["strike"],
        before["time_to_expiry"],
        before["volatility"],
        qty=case.inputs["quantity"],
        multiplier=case.inputs["multiplier"],
        rate=before["rate"],
        dividend_yield=before["dividend_yield"],
        is_call=before["option_type"] == "call",
    )
    moves = pf.Moves(
        spot=after["spot"] - before["spot"],
        vol=after["volatility"] - before["volatility"],
        rate=after.get("rate_change", 0.0),
        years=after["dt_years"],
    )
    found = pf.explain_option(holding, moves)
    return found._asdict() | {
        "actual": found.market,
        "explained1": found.first_order,
        "explained2": found.explained,
        "residual1": found.market - found.first_order,
        "residual2": found.residual,
    }
