"""Options of one expiry out of the money, in units of the forward: whichever way they are got.

The integral where the variance is random; Black's formula where it is known, and its first
order in `sigma` for that derivative.
"""

from __future__ import annotations

from math import exp, expm1, sqrt

import numpy as np

from rf_pricing.heston._kernels.integral import (
    BY_FORWARD,
    BY_FORWARD_TWICE,
    BY_KAPPA,
    BY_SIGMA,
    BY_TAU,
    BY_THETA,
    BY_V0,
    VALUE,
)
from rf_pricing.heston._kernels.slice import FAILED, slice_values
from rf_pricing.heston.model import FloatArray, HestonParams
from rf_pricing.vanilla import black76_greeks

ALL = 9
"""Outputs: value, slopes by v0, kappa, theta, sigma, rho, tau, forward, and gamma."""
_NO_VARIANCE = 1e-34
"""Below this the value is less than the rounding of the forward."""


def out_of_the_money(
    params: HestonParams, log_strikes: FloatArray, tau: float, outputs: int
) -> FloatArray:
    """Return (outputs, n): undiscounted, forward 1; puts below the forward, calls from it on.

    Raises
    ------
    ValueError
        If the integral of a strike does not converge.
    """
    out = np.zeros((outputs, log_strikes.size))
    total = params.mean_variance(tau)
    if total < _NO_VARIANCE:
        _without_variance(log_strikes, out)
    elif params.sigma == 0.0:
        _known_variance(params, log_strikes, tau, out)
    else:
        status = np.zeros(log_strikes.size, dtype=np.int64)
        p = params
        slice_values(log_strikes, tau, p.v0, p.kappa, p.theta, p.sigma, p.rho, out, status)
        if (status == FAILED).any():
            worst = float(log_strikes[status == FAILED][0])
            raise ValueError(
                "expected parameters and a strike for which the integral converges, was "
                f"{params}, tau {tau!r}, log(strike / forward) {worst!r}"
            )
    return out


def _without_variance(log_strikes: FloatArray, out: FloatArray) -> None:
    at = log_strikes == 0.0
    if len(out) == ALL:
        out[BY_FORWARD] = np.where(at, 0.5, 0.0)
        out[BY_FORWARD_TWICE] = np.where(at, np.inf, 0.0)
        out[BY_V0 : BY_TAU + 1, at] = np.nan


def _known_variance(
    params: HestonParams, log_strikes: FloatArray, tau: float, out: FloatArray
) -> None:
    w, kappa, theta = params.mean_variance(tau), params.kappa, params.theta
    black = black76_greeks(1.0, np.exp(log_strikes), 1.0, sqrt(w), is_call=log_strikes >= 0.0)
    out[VALUE] = black.value
    if len(out) < ALL:
        return
    stdev = sqrt(w)
    density = black.gamma * stdev
    d1 = 0.5 * stdev - log_strikes / stdev
    by_w = 0.5 * density / stdev
    weight, bent, slow, slower = _weights(kappa, tau)
    out[BY_V0] = by_w * weight
    out[BY_THETA] = by_w * (tau - weight)
    out[BY_KAPPA] = by_w * ((params.v0 - theta) * bent)
    out[BY_TAU] = by_w * (theta - (theta - params.v0) * exp(-kappa * tau))
    # The first order in sigma moves the third moment: s P in the exponent.
    lean = params.rho * (params.v0 * slow + theta * slower)
    out[BY_SIGMA] = lean * (density / stdev) * (1.0 - d1 / stdev)
    out[BY_FORWARD] = black.delta
    out[BY_FORWARD_TWICE] = black.gamma


def _weights(kappa: float, tau: float) -> tuple[float, float, float, float]:
    """Return how the integrated variance depends on v0, its slope by kappa, and two integrals.

    The last two weigh v0 and theta in the exponent's first order in sigma.
    """
    x = kappa * tau
    if x < 1e-3:
        weight = tau * (1.0 - x * (0.5 - x * (1.0 / 6.0 - x / 24.0)))
        bent = -(tau**2) * (0.5 - x * (1.0 / 3.0 - x * (1.0 / 8.0 - x / 30.0)))
        slower = tau**2 * x * (1.0 / 12.0 - x * (1.0 / 24.0 - x / 80.0))
        return weight, bent, -0.5 * bent, slower
    weight = -expm1(-x) / kappa
    bent = (tau * exp(-x) - weight) / kappa
    slower = (tau - 2.0 * weight + tau * exp(-x)) / (2.0 * kappa)
    return weight, bent, -0.5 * bent, slower
