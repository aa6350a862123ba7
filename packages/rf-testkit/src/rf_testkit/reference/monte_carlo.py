"""Adapters for Heston's model by simulation: terminal laws, European and Asian options."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from rf_pricing.monte_carlo import (
    Asian,
    Heston,
    heston_variance_sample,
    mc_price,
    terminal_sample,
)
from rf_testkit.reference.registry import Answer, Case, answers

FloatArray = npt.NDArray[np.float64]
SEED = 20080131
LEVELS = (0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999)
MODEL = "spot rate dividend_yield time_to_expiry kappa theta sigma rho v0"


@answers("monte_carlo", needs=f"{MODEL} strikes paths steps_per_year")
def _terminal(case: Case) -> Answer:
    given = case.inputs
    model, tau = _model(given), given["time_to_expiry"]
    steps = max(1, math.ceil(tau * given["steps_per_year"] - 1e-9))
    paths = 2 * math.ceil(given["paths"] / 2)
    sample = terminal_sample(model, tau, paths=paths, steps=steps, seed=SEED, antithetic=True)
    exact = heston_variance_sample(model, tau, paths=1 << 18, seed=SEED)
    df = math.exp(-given["rate"] * tau)
    strikes = [float(strike) for strike in given["strikes"]]
    # The forward is known: it serves as the control of what is paid on the final spot.
    forward = given["spot"] * math.exp((given["rate"] - given["dividend_yield"]) * tau)
    calls = [_controlled(np.maximum(sample.spot - k, 0.0), sample.spot, forward) for k in strikes]
    puts = [_controlled(np.maximum(k - sample.spot, 0.0), sample.spot, forward) for k in strikes]
    return {
        "forward": sample.spot.mean(),
        "mean_v": sample.variance.mean(),
        "var_v": sample.variance.var(),
        "mean_int_v": sample.integrated_variance.mean(),
        "mean_log": np.log(sample.spot / given["spot"]).mean(),
        "v_quantiles": dict(zip(LEVELS, np.quantile(exact, LEVELS), strict=True)),
        "calls": {k: df * value for k, value in zip(strikes, calls, strict=True)},
        "puts": {k: df * value for k, value in zip(strikes, puts, strict=True)},
    }


@answers("asian", needs=f"{MODEL} strike payoff")
def _asian(case: Case) -> Answer:
    given = case.inputs
    words = given["payoff"]
    average: Literal["geometric", "arithmetic"] = (
        "geometric" if "geometric" in words else "arithmetic"
    )
    payoff = Asian(
        given["strike"],
        average,
        is_call="put" not in words.split(),
        continuous="continuous" in words,
    )
    tau = given["time_to_expiry"]
    if not payoff.continuous and "fixings" not in given:
        raise ValueError(f"expected continuous averaging or a number of fixings, was {words!r}")
    steps = max(32, math.ceil(12 * tau)) if payoff.continuous else given["fixings"]
    found = mc_price(
        _model(given),
        payoff,
        tau,
        paths=1 << 17,
        steps=steps,
        seed=SEED,
        sobol=True,
        control=True,
    )
    return {"price": found.value, "std_error": found.std_error}


def _model(given: Mapping[str, Any]) -> Heston:
    names = ("spot", "v0", "kappa", "theta", "sigma", "rho", "rate", "dividend_yield")
    return Heston(**{name: given[name] for name in names})


def _controlled(paid: FloatArray, spot: FloatArray, forward: float) -> float:
    spread = float(spot.var())
    slope = float(np.cov(paid, spot, ddof=0)[0, 1] / spread) if spread > 0.0 else 0.0
    return float(paid.mean() - slope * (spot.mean() - forward))
