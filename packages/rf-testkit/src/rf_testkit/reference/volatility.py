"""Adapters for GARCH models, exponentially weighted variances and forecasts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from rf_risk.volatility import (
    ewma_memory,
    ewma_variance,
    fit_garch,
    garch_filter,
    garch_forecast,
    half_life,
    loglik,
)
from rf_testkit.reference.registry import Answer, Case, answers

STEPS = 10


def _returns(case: Case) -> Any:
    if "returns" in case.inputs:
        return case.inputs["returns"]
    return case.series().returns(case.inputs["transform"])


def _names(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "model": inputs.get("model", "GARCH"),
        "distribution": inputs.get("distribution", "normal"),
        "mean": inputs.get("mean", "constant"),
    }


def _by_index(values: Iterable[float]) -> dict[str, float]:
    return {str(index): float(value) for index, value in enumerate(values)}


@answers("mle", needs="model")
@answers("error", needs="model returns")
def _mle(case: Case) -> Answer:
    fit = fit_garch(_returns(case), **_names(case.inputs))
    if not fit.converged:
        raise ArithmeticError("the fit did not converge")
    found = {
        "params": fit.params,
        "loglik": fit.loglik,
        "se_hessian": fit.se_hessian,
        "se_opg": fit.se_opg,
        "se_robust": fit.se_robust,
        "variance_at": _by_index(fit.variances),
        "next_variance": fit.next_variance,
        "persistence": fit.persistence,
        "half_life": fit.half_life,
        "long_run_variance": fit.long_run_variance,
    }
    if "variance_forecast" in case.wanted:
        found["variance_forecast"] = fit.forecast(case.inputs.get("h", STEPS))
    return found


@answers("loglik_at", "error", needs="model params")
def _loglik_at(case: Case) -> Answer:
    told = loglik(_returns(case), case.inputs["params"], **_names(case.inputs))
    return {
        "loglik": told.loglik,
        "variance_at": _by_index(told.variances),
        "next_variance": told.next_variance,
    }


@answers("ewma", "error", needs="lambda")
def _ewma(case: Case) -> Answer:
    given = case.inputs.get("initial_variance")
    first = float(given) if isinstance(given, int | float) else None
    told = ewma_variance(_returns(case), decay=case.inputs["lambda"], initial_variance=first)
    return {"variance_at": _by_index(told.variances), "next_variance": told.next_variance}


@answers("ewma_days", "error", needs="lambda tolerance")
def _ewma_days(case: Case) -> Answer:
    return {"days": ewma_memory(case.inputs["lambda"], tolerance=case.inputs["tolerance"])}


@answers("filter", "error", needs="model params returns initial_variance")
def _filter(case: Case) -> Answer:
    given = case.inputs
    told = garch_filter(
        given["returns"],
        given["params"],
        model=given["model"],
        initial_variance=given["initial_variance"],
    )
    return {"volatility": np.sqrt(np.append(told.variances[1:], told.next_variance))}


@answers("half_life", "error", needs="alpha beta")
def _half_life(case: Case) -> Answer:
    given = case.inputs
    persistence = given["alpha"] + 0.5 * given.get("gamma", 0.0) + given["beta"]
    return {"persistence": persistence, "half_life": half_life(persistence)}


@answers("forecast", "error", needs="params current_variance h")
def _forecast(case: Case) -> Answer:
    given = case.inputs
    params = given["params"]
    path = garch_forecast(
        params, given["current_variance"], given["h"], model=given.get("model", "GARCH")
    )
    rest = 1.0 - params["alpha"] - 0.5 * params.get("gamma", 0.0) - params["beta"]
    long_run = params["omega"] / rest if rest > 0.0 else float("inf")
    return {
        "variance_forecast": path,
        "variance_forecast_h": path[-1],
        "long_run_variance": long_run,
    }
