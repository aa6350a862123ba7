"""Closed forms under deterministic variance: what the control variates know exactly."""

from __future__ import annotations

import math

import numpy as np

from rf_pricing._normal import norm_cdf
from rf_pricing.monte_carlo._checks import FloatArray


def lognormal_option(forward: float, strike: float, variance: float, is_call: bool) -> float:
    """Return the undiscounted value of an option on a lognormal variable.

    `forward` is its expectation and `variance` that of its logarithm.
    """
    if strike <= 0.0:
        return max(forward - strike, 0.0) if is_call else 0.0
    sign = 1.0 if is_call else -1.0
    if variance <= 0.0 or forward <= 0.0:
        return max(sign * (forward - strike), 0.0)
    sd = math.sqrt(variance)
    d1 = math.log(forward / strike) / sd + 0.5 * sd
    return float(sign * (forward * norm_cdf(sign * d1) - strike * norm_cdf(sign * (d1 - sd))))


def average_log_moments(
    weights: FloatArray, times: FloatArray, carry: float, step_variance: FloatArray
) -> tuple[float, float]:
    """Return mean and variance of the weighted sum of ``log(S / S0)`` over the times.

    The weights of the times at or after a step say how much of it the sum contains.
    """
    after = np.cumsum(weights[::-1])[::-1][1:]
    drift = carry * np.diff(times) - 0.5 * step_variance
    return float(after @ drift), float(after**2 @ step_variance)


def geometric_average_option(
    spot: float, strike: float, moments: tuple[float, float], is_call: bool
) -> float:
    """Return the undiscounted value of an option on the geometric average.

    Kemna and Vorst (1990), for any dates and weights: the average is lognormal.
    """
    mean, variance = moments
    return lognormal_option(spot * math.exp(mean + 0.5 * variance), strike, variance, is_call)
