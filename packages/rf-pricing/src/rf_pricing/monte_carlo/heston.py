"""Heston's model by Andersen's QE scheme with martingale correction."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from rf_pricing.monte_carlo import _checks as check
from rf_pricing.monte_carlo._checks import FloatArray
from rf_pricing.monte_carlo._kernels import paths as kernels
from rf_pricing.monte_carlo._kernels.numbers import LANES
from rf_pricing.monte_carlo.blocks import Drivers, PathBlock, Request, fill

_NO_SHADOW = np.empty((0, 0, 0, LANES))
_SMALLEST_VOL_OF_VARIANCE = 1e-8


@dataclass(frozen=True, slots=True, kw_only=True)
class Heston:
    """Heston's (1993) model, simulated by Andersen's QE scheme with martingale correction.

    ``dv = kappa (theta - v) dt + sigma sqrt(v) dW_v``, with `v0` and `theta` variances per year,
    `sigma` the volatility of variance, `rho` the correlation of spot and variance.

    Examples
    --------
    >>> Heston(spot=100.0, v0=0.04, kappa=0.5, theta=0.04, sigma=1.0, rho=-0.9).factors
    2
    """

    spot: float
    v0: float
    kappa: float
    theta: float
    sigma: float
    rho: float
    rate: float = 0.0
    dividend_yield: float = 0.0
    factors: ClassVar[int] = 2
    bridged: ClassVar[tuple[bool, ...]] = (True, True)

    def __post_init__(self) -> None:
        check.positive(spot=self.spot)
        check.not_negative(v0=self.v0, kappa=self.kappa, theta=self.theta, sigma=self.sigma)
        check.finite(rho=self.rho, rate=self.rate, dividend_yield=self.dividend_yield)
        if abs(self.rho) > 1.0:
            raise ValueError(f"expected rho to be from -1 to 1, was {self.rho!r}")

    @property
    def spots(self) -> FloatArray:
        """Spot at time 0, shape (1,)."""
        return np.array([self.spot])

    @property
    def carry(self) -> FloatArray:
        """Growth rate of the forward, shape (1,)."""
        return np.array([self.rate - self.dividend_yield])

    def step_variance(self, times: FloatArray) -> FloatArray:
        """Return the expected variance of the log spot over each step."""
        decay = decayed(self.kappa, times)
        return np.asarray(self.theta * np.diff(times) + (self.v0 - self.theta) * np.diff(decay))

    def coefficients(self, times: FloatArray) -> FloatArray:
        """Return a row of coefficients per step, as the kernel wants them.

        Raises
        ------
        ValueError
            If the steps are so long that the spot's expectation over one would not exist.
        """
        dt = np.diff(times)
        fade = np.exp(-self.kappa * dt)
        share = decayed(self.kappa, dt)
        c1 = self.sigma**2 * fade * share
        c0 = 0.5 * self.theta * self.sigma**2 * self.kappa * share**2
        late = dt * _late_weight(self.kappa * dt)
        k2 = 0.5 * dt * (self.kappa * self.rho / self.sigma - 0.5) + self.rho / self.sigma
        k3 = 0.5 * dt * (1.0 - self.rho**2)
        reach = (k2 + 0.5 * k3) * (5.0 / 6.0) * self.sigma**2 * share
        if (reach >= 0.999).any():
            need = math.ceil((times.size - 1) * float(reach.max()) / 0.9)
            raise ValueError(f"expected at least about {need} steps, was {times.size - 1}")
        m0 = self.theta * -np.expm1(-self.kappa * dt)
        drift = self.carry[0] * dt
        rows = (fade, m0, c1, c0, k2, k3, k3, k2 + 0.5 * k3, drift, dt - late, late)
        return np.ascontiguousarray(np.column_stack(rows))

    def block(self, times: FloatArray, drivers: Drivers, request: Request) -> PathBlock:
        """Simulate one block."""
        if self.sigma <= _SMALLEST_VOL_OF_VARIANCE:
            return self._certain(times, drivers, request)
        dt = np.diff(times)
        x = drivers.empty(1, request.rows(times))
        v = drivers.empty(request.variance_rows(times))
        ivar = drivers.empty()
        shadow, loads = _NO_SHADOW, np.empty((0, 3))
        if request.shadow:
            shadow, loads = drivers.empty(1, x.shape[2]), self._shadow_loads(times)
        wanted: tuple[Any, ...] = (float(self.v0), self.coefficients(times), loads)
        fill(
            (kernels.heston_serial, kernels.heston_parallel),
            drivers,
            (*wanted, x, v, ivar, shadow),
        )
        return PathBlock(
            times,
            self.spots,
            x,
            drivers,
            step_variance=dt,
            variance=v,
            integrated_variance=ivar,
            shadow=shadow if request.shadow else None,
            shadow_variance=self.step_variance(times),
        )

    def _shadow_loads(self, times: FloatArray) -> FloatArray:
        variance = self.step_variance(times)
        sd = np.sqrt(variance)
        drift = self.carry[0] * np.diff(times) - 0.5 * variance
        across = math.sqrt(1.0 - self.rho**2)
        return np.ascontiguousarray(np.column_stack((drift, self.rho * sd, across * sd)))

    def _certain(self, times: FloatArray, drivers: Drivers, request: Request) -> PathBlock:
        # Variance without volatility: a geometric Brownian motion with a known variance.
        expected = self.step_variance(times)
        loads = self._shadow_loads(times)
        x = drivers.empty(1, request.rows(times))
        chol = np.array([[1.0, 0.0], [0.0, 1.0]])
        pair = drivers.empty(2, request.rows(times))
        halves = np.stack((loads[:, 0], np.zeros(expected.size)))
        arguments = (chol, halves, np.ascontiguousarray(loads[:, 1:].T), pair)
        fill((kernels.gbm_serial, kernels.gbm_parallel), drivers, arguments)
        np.sum(pair, axis=1, keepdims=True, out=x)
        level = self.theta + (self.v0 - self.theta) * np.exp(-self.kappa * times)
        v = drivers.empty(request.variance_rows(times))
        v[:] = (level if v.shape[1] > 1 else level[-1:])[None, :, None]
        return PathBlock(
            times,
            self.spots,
            x,
            drivers,
            step_variance=expected,
            variance=v,
            integrated_variance=np.full((x.shape[0], LANES), expected.sum()),
            shadow=x if request.shadow else None,
            shadow_variance=expected,
            certain=True,
        )


def decayed(kappa: float, times: FloatArray) -> FloatArray:
    """Return the integral of ``exp(-kappa t)`` up to each time, which tends to the time."""
    faded = kappa * times
    small = faded < 1e-8
    exact = -np.expm1(-faded) / (kappa or 1.0)
    return np.asarray(np.where(small, times * (1.0 - 0.5 * faded), exact))


def _late_weight(decay: FloatArray) -> FloatArray:
    # Weight of the end of a step with which the integral of the variance over the step has the
    # right expectation: 1/2 + decay/12 - decay**3/720 + ... Only for the integral that is
    # reported: in the spot equal weights leave a smaller bias in option values.
    small = decay < 1e-2
    safe = np.where(small, 1.0, decay)
    exact = 1.0 / -np.expm1(-safe) - 1.0 / safe
    return np.where(small, 0.5 + decay / 12.0 - decay**3 / 720.0, exact)
