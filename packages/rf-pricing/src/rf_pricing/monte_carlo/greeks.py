"""Greeks from the same paths as the value: pathwise, and by the likelihood ratio."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rf_pricing.monte_carlo import _checks as check
from rf_pricing.monte_carlo._checks import FloatArray
from rf_pricing.monte_carlo.blocks import PathBlock
from rf_pricing.monte_carlo.engine import (
    Estimator,
    Progress,
    Run,
    check_growth,
    grid,
    number_tau,
    request_of,
    result_of,
)
from rf_pricing.monte_carlo.models import Gbm, Model
from rf_pricing.monte_carlo.moments import Moments
from rf_pricing.monte_carlo.payoffs import Asian, Barrier, Digital, European, Lookback, Payoff
from rf_pricing.monte_carlo.random import Plan
from rf_pricing.monte_carlo.results import McResult

Method = Literal["pathwise", "likelihood_ratio"]
Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class McGreeks:
    """Value and derivatives, each with its standard error; None where the method gives none.

    `vega` is per 1.00 of volatility.
    """

    value: McResult
    delta: McResult
    gamma: McResult | None
    vega: McResult | None


def mc_greeks(
    model: Model,
    payoff: Payoff,
    tau: float,
    *,
    method: Method,
    paths: int,
    steps: int,
    seed: int,
    antithetic: bool = False,
    sobol: bool = False,
    threads: int = 1,
    progress: Progress | None = None,
) -> McGreeks:
    """Return value, delta, gamma and vega of a payoff on one asset.

    Parameters
    ----------
    model : Gbm, Merton or Heston
        Gamma and vega need `Gbm`, and so does the likelihood ratio.
    payoff : European, Digital, Asian, Barrier or Lookback
        Pathwise: European, Asian and Lookback, which move continuously with the path. Likelihood
        ratio: European, Digital, and Asian and Barrier that look only at dates after time 0.
    tau : float
        Time to expiry, years.
    method : {"pathwise", "likelihood_ratio"}
        Pathwise has the smaller error where it is valid; its gamma is the likelihood ratio of the
        pathwise delta, for payoffs on dates after time 0 only. The likelihood ratio needs no
        smoothness; its error grows as the first step shortens.
    paths, steps, seed, antithetic, sobol, threads, progress
        As in `mc_price`.

    Returns
    -------
    McGreeks
        `vega` per 1.00 of volatility; None for what the method does not give.

    Raises
    ------
    ValueError
        If an argument is not as described, or the method is not valid for model and payoff.

    References
    ----------
    Broadie and Glasserman (1996), *Estimating security price derivatives using simulation*;
    Glasserman (2004), sections 7.2 to 7.4.

    Examples
    --------
    >>> model, option = Gbm(spot=100.0, vol=0.2, rate=0.05), European(100.0)
    >>> found = mc_greeks(model, option, 1.0, method="pathwise", paths=65536, steps=1, seed=1)
    >>> abs(found.delta.value - 0.636831) < 4 * found.delta.std_error
    True
    """
    check.one_of("method", method, ("pathwise", "likelihood_ratio"))
    times = grid(tau, steps, payoff.fixings(number_tau(tau)))
    check_growth(model, times)
    plan = Plan(paths, seed, antithetic, sobol, threads)
    names, estimate = (_pathwise if method == "pathwise" else _ratio)(model, payoff, times)
    run = Run(model, times, plan, request_of(model, payoff, []), progress)
    moments = Moments(len(names))
    run.into(moments, estimate, lambda _: False)
    units = np.eye(len(names))
    found = {name: result_of(moments, run, unit) for name, unit in zip(names, units, strict=True)}
    return McGreeks(found["value"], found["delta"], found.get("gamma"), found.get("vega"))


def _pathwise(model: Model, payoff: Payoff, times: FloatArray) -> tuple[Names, Estimator]:
    if not isinstance(payoff, European | Asian | Lookback):
        raise ValueError(f"expected a payoff without jumps for pathwise, was {payoff!r}")
    if not (isinstance(model, Gbm) and model.vol > 0.0):
        return ("value", "delta"), lambda block: np.stack(_scaled(block, payoff))
    if isinstance(payoff, Lookback):
        return ("value", "delta"), lambda block: np.stack(_scaled(block, payoff))
    option = payoff
    if not _starts_later(option, times):

        def with_start(block: PathBlock) -> FloatArray:
            return np.vstack((*_scaled(block, option), _slope(block, option, model)))

        return ("value", "delta", "vega"), with_start

    def estimate(block: PathBlock) -> FloatArray:
        return np.vstack((_curved(block, option, model), _slope(block, option, model)))

    return ("value", "delta", "gamma", "vega"), estimate


def _scaled(block: PathBlock, payoff: European | Asian | Lookback) -> tuple[FloatArray, FloatArray]:
    """Return value and delta: spots scale with S0, so the delta is what is exercised over S0."""
    if isinstance(payoff, Lookback) and payoff.strike is None:
        value = payoff.values(block)
        return value, value / block.spots[0]
    if isinstance(payoff, European):
        level = block.terminal()
    else:
        level = payoff.averages(block) if isinstance(payoff, Asian) else payoff.extremes(block)
    sign = 1.0 if payoff.is_call else -1.0
    gain = sign * (level - _strike(payoff))
    return np.maximum(gain, 0.0), np.where(gain > 0.0, sign * level, 0.0) / block.spots[0]


def _strike(payoff: European | Asian | Lookback) -> float:
    return 0.0 if payoff.strike is None else payoff.strike


def _curved(block: PathBlock, payoff: European | Asian, model: Gbm) -> FloatArray:
    """Return value, delta and gamma: the delta falls as 1 / S0 and is weighted by the score."""
    value, delta = _scaled(block, payoff)
    z, sd = _first(block, model)
    return np.stack((value, delta, delta * (z / sd - 1.0) / model.spot))


def _slope(block: PathBlock, payoff: European | Asian, model: Gbm) -> FloatArray:
    """Return vega: ``dS/dvol = S (W - vol t)`` at every time that counts."""
    sign = 1.0 if payoff.is_call else -1.0
    if isinstance(payoff, European):
        level, moved = block.terminal(), block.terminal() * _swing(block, model)[:, -1]
        return np.where(sign * (level - payoff.strike) > 0.0, sign * moved, 0.0)
    weights, level = payoff.weights(block.times), payoff.averages(block)
    if payoff.average == "geometric":
        moved = level * (_swing(block, model) @ weights)
    else:
        moved = (block.spot() * _swing(block, model)) @ weights
    return np.where(sign * (level - payoff.strike) > 0.0, sign * moved, 0.0)


def _swing(block: PathBlock, model: Gbm) -> FloatArray:
    times = block.times if block.log_spot.shape[2] > 1 else block.times[-1:]
    return np.asarray((block.logs() - (model.carry[0] + 0.5 * model.vol**2) * times) / model.vol)


def _first(block: PathBlock, model: Gbm) -> tuple[FloatArray, float]:
    """Return the normal of the first step that counts, and its standard deviation."""
    whole = block.log_spot.shape[2] == 1
    span = float(block.times[-1] if whole else block.times[1])
    moved = block.logs()[:, -1 if whole else 1]
    sd = model.vol * math.sqrt(span)
    return (moved - (model.carry[0] - 0.5 * model.vol**2) * span) / sd, sd


def _ratio(model: Model, payoff: Payoff, times: FloatArray) -> tuple[Names, Estimator]:
    if not (isinstance(model, Gbm) and model.vol > 0.0):
        raise ValueError(f"expected Gbm with a vol above zero for likelihood_ratio, was {model!r}")
    if not _starts_later(payoff, times):
        raise ValueError(
            f"expected a payoff on dates after time 0 for likelihood_ratio, was {payoff!r}"
        )

    def estimate(block: PathBlock) -> FloatArray:
        value = payoff.values(block)
        z, sd = _first(block, model)
        delta = z / (model.spot * sd)
        gamma = ((z * z - 1.0) / sd - z) / (model.spot**2 * sd)
        return np.stack((value, value * delta, value * gamma, value * _vol_score(block, model)))

    return ("value", "delta", "gamma", "vega"), estimate


def _vol_score(block: PathBlock, model: Gbm) -> FloatArray:
    whole = block.log_spot.shape[2] == 1
    dt = block.times[-1:] if whole else np.diff(block.times)
    moved = block.logs() if whole else np.diff(block.logs(), axis=1)
    z = (moved - (model.carry[0] - 0.5 * model.vol**2) * dt) / (model.vol * np.sqrt(dt))
    return np.asarray(((z * z - 1.0) / model.vol - z * np.sqrt(dt)).sum(axis=1))


def _starts_later(payoff: Payoff, times: FloatArray) -> bool:
    if isinstance(payoff, Asian):
        return bool(payoff.weights(times)[0] == 0.0)
    return isinstance(payoff, European | Digital) or (
        isinstance(payoff, Barrier) and not payoff.continuous
    )
