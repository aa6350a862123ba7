"""Control variates: quantities of a path whose expectation is known exactly."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rf_pricing.monte_carlo._checks import FloatArray
from rf_pricing.monte_carlo.blocks import PathBlock
from rf_pricing.monte_carlo.closed_form import (
    average_log_moments,
    geometric_average_option,
    lognormal_option,
)
from rf_pricing.monte_carlo.heston import Heston
from rf_pricing.monte_carlo.models import Gbm, Model, MultiAssetGbm
from rf_pricing.monte_carlo.payoffs import Asian, Barrier, Basket, Digital, European, Payoff


@dataclass(frozen=True, slots=True)
class Control:
    """Something a path yields, and what it yields on average; neither is discounted."""

    values: Callable[[PathBlock], FloatArray]
    mean: float
    shadow: bool = False


def controls_of(model: Model, payoff: Payoff, times: FloatArray) -> list[Control]:
    """Return the controls that fit a model and a payoff.

    Always the final spot (for a basket the final basket). Beside it, under geometric Brownian
    motion and on the shadow of Heston's model, which has a known variance: the geometric average
    for an average, the European option for what is paid on the final spot; for a basket with
    weights above zero the option on the geometric basket.
    """
    if isinstance(model, MultiAssetGbm):
        return _basket_controls(model, payoff, times)
    forward = float(model.spots[0] * math.exp(model.carry[0] * times[-1]))
    controls = [Control(PathBlock.terminal, forward)]
    if isinstance(model, Heston):
        controls.append(Control(PathBlock.total_variance, float(model.step_variance(times).sum())))
    if isinstance(model, Gbm | Heston) and (closed := _closed(model, payoff, times, forward)):
        controls.append(closed)
    return controls


def _closed(
    model: Gbm | Heston, payoff: Payoff, times: FloatArray, forward: float
) -> Control | None:
    variance = model.step_variance(times)
    total = float(variance.sum())
    shadow = isinstance(model, Heston)
    if isinstance(payoff, Asian):
        twin = Asian(
            payoff.strike,
            "geometric",
            is_call=payoff.is_call,
            dates=payoff.dates,
            continuous=payoff.continuous,
        )
        weights = payoff.weights(times)
        moments = average_log_moments(weights, times, float(model.carry[0]), variance)
        known = geometric_average_option(model.spot, payoff.strike, moments, payoff.is_call)
        # Under a geometric Brownian motion the twin of a geometric average is itself.
        return _on(twin, known, shadow)
    if isinstance(payoff, European | Digital | Barrier):
        if isinstance(payoff, European) and not shadow:
            return None
        known = lognormal_option(forward, payoff.strike, total, payoff.is_call)
        return _on(European(payoff.strike, is_call=payoff.is_call), known, shadow)
    return None


def _on(payoff: Payoff, mean: float, shadow: bool) -> Control:
    def shaded(block: PathBlock) -> FloatArray:
        return payoff.values(block.shaded())

    return Control(shaded if shadow else payoff.values, mean, shadow)


def _basket_controls(model: MultiAssetGbm, payoff: Payoff, times: FloatArray) -> list[Control]:
    if not isinstance(payoff, Basket):
        return []
    weights = np.array(payoff.weights)
    tau = float(times[-1])
    forwards = model.spots * np.exp(model.carry * tau)
    if weights.size != forwards.size:
        raise ValueError(f"expected {forwards.size} weights, was {weights.size}")
    controls = [Control(payoff.sums, float(weights @ forwards))]
    if (weights > 0.0).all() and payoff.strike > 0.0:
        controls.append(_geometric_basket(model, payoff, weights * forwards, tau))
    return controls


def _geometric_basket(
    model: MultiAssetGbm, payoff: Basket, worth: FloatArray, tau: float
) -> Control:
    # exp(sum p log(S / F)) of the whole, p being the shares: lognormal, close to the basket.
    total = float(worth.sum())
    shares = worth / total
    loads = (shares * model.vols) @ model.chol
    variance = float(loads @ loads) * tau
    mean = -0.5 * float(shares @ model.vols**2) * tau
    forward = total * math.exp(mean + 0.5 * variance)
    known = lognormal_option(forward, payoff.strike, variance, payoff.is_call)

    def values(block: PathBlock) -> FloatArray:
        logs = np.zeros(block.count)
        for asset, share in enumerate(shares):
            growth = model.carry[asset] * tau
            logs += share * (block.flat(block.log_spot[:, asset, -1, :]) - growth)
        gap = total * np.exp(logs) - payoff.strike
        return np.asarray(np.maximum(gap if payoff.is_call else -gap, 0.0))

    return Control(values, known)
