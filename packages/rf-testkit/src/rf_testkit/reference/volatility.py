"""Adapters of rf_risk.volatility."""

from __future__ import annotations

from typing import Any

import numpy as np

from rf_risk.volatility import (
    ewma_memory,
    ewma_variance,
    fit_garch,
    garch_forecast,
    half_life,
    loglik,
)
from rf_risk.volatility.streaming import GarchState
from rf_testkit.reference.registry import Answer, Case, answers

HORIZON = 10


def _returns(case: Case) -> Any:
    if "returns" in case.inputs:
        return case.inputs["returns"]
    return case.series().returns(case.inputs["transform"])


def _names(case: Case) -> dict[str, Any]:
    i = case.inputs
    return {
        "model": i["model"],
        "distribution": i.get("distribution", "normal"),
        "mean": i.get("mean", "constant"),
    }


def _at(values: Any) -> dict[str, float]:
    return {str(index): float(value) for index, value in enumerate(values)}


@answers("mle", needs="model")
@answers("error", needs="model returns")
def fitted(case: Case) -> Answer:
    """Answer with a fit, its errors and forecasts."""
    fit = fit_garch(_returns(case), **_names(case))
    if not fit.converged:
        raise ArithmeticError("the fit did not converge")
    found: dict[str, Any] = {
        "params": fit.params,
        "loglik": fit.loglik,
        "next_variance": fit.next_variance,
        "variance_at": _at(fit.variances),
        "se_hessian": fit.se_hessian,
        "se_opg": fit.se_opg,
        "se_robust": fit.se_robust,
        "persistence": fit.persistence,
    }
    if "variance_forecast" in case.wanted:
        found["variance_forecast"] = fit.forecast(HORIZON)
    return found


@answers("loglik_at", "error", needs="model params")
def at_parameters(case: Case) -> Answer:
    """Answer with the likelihood at given parameters."""
    told = loglik(_returns(case), case.inputs["params"], **_names(case))
    return {
        "loglik": told.loglik,
        "next_variance": told.next_variance,
        "variance_at": _at(told.variances),
    }


@answers("ewma", needs="lambda")
def ewma(case: Case) -> Answer:
    """Answer with exponentially weighted variances."""
    start = case.inputs.get("initial_variance")
    given = float(start) if isinstance(start, int | float) else None
    variances, following = ewma_variance(_returns(case), decay=case.inputs["lambda"], start=given)
    return {"variance_at": _at(variances), "next_variance": following}


@answers("ewma_days", "error", needs="lambda tolerance")
def ewma_days(case: Case) -> Answer:
    """Answer with the memory of an exponential average."""
    days = ewma_memory(case.inputs["lambda"], tolerance=case.inputs["tolerance"])
    return {"days": days}


@answers("filter", needs="initial_variance params returns")
def filtered(case: Case) -> Answer:
    """Answer with the volatility after each return."""
    p = case.inputs["params"]
    state = GarchState(
        p["omega"],
        p["alpha"],
        p["beta"],
        case.inputs["initial_variance"],
        gamma=p.get("gamma", 0.0),
    )
    return {"volatility": np.sqrt([state.update(ret) for ret in case.inputs["returns"]])}


@answers("half_life", "error", needs="alpha beta")
def decay(case: Case) -> Answer:
    """Answer with persistence and half-life."""
    persistence = case.inputs["alpha"] + case.inputs["beta"] + 0.5 * case.inputs.get("gamma", 0.0)
    return {"persistence": persistence, "half_life": half_life(persistence)}


@answers("forecast", needs="current_variance h params")
def forecast(case: Case) -> Answer:
    """Answer with the variance h periods ahead and in the long run."""
    p, now = case.inputs["params"], case.inputs["current_variance"]
    rest = 1.0 - p["alpha"] - p["beta"] - 0.5 * p.get("gamma", 0.0)
    return {
        "variance_forecast_h": garch_forecast(now, case.inputs["h"], **p),
        "long_run_variance": p["omega"] / rest,
    }
