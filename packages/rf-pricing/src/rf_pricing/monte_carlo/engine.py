"""The loop over blocks, and the price it ends with."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from rf_pricing.monte_carlo import _checks as check
from rf_pricing.monte_carlo._checks import FloatArray
from rf_pricing.monte_carlo.blocks import Drivers, PathBlock, Request
from rf_pricing.monte_carlo.controls import Control, controls_of
from rf_pricing.monte_carlo.heston import Heston
from rf_pricing.monte_carlo.models import Model
from rf_pricing.monte_carlo.moments import Moments
from rf_pricing.monte_carlo.payoffs import Payoff
from rf_pricing.monte_carlo.random import Plan
from rf_pricing.monte_carlo.results import McResult, SimulationInterruptedError

Progress = Callable[[int, int], None]
Estimator = Callable[[PathBlock], FloatArray]
Enough = Callable[[Moments], bool]

_MOST_STEPS = 1_000_000
_FEWEST_SAMPLES = 2048
_FEWEST_GROUPS = 8

_LARGEST_SHIFT = 10.0
"""Plain standard errors that a control variate may move an estimate by."""


def mc_price(
    model: Model,
    payoff: Payoff,
    tau: float,
    *,
    paths: int,
    steps: int,
    seed: int,
    antithetic: bool = False,
    sobol: bool = False,
    control: bool = False,
    threads: int = 1,
    target_std_error: float | None = None,
    progress: Progress | None = None,
) -> McResult:
    """Return the discounted expectation of a payoff, with its standard error.

    Parameters
    ----------
    model : Gbm, MultiAssetGbm, Merton or Heston
        What moves the spot.
    payoff : European, Digital, Asian, Barrier, Lookback, Basket, or any `Payoff`
        What is paid at `tau`.
    tau : float
        Time to expiry, years, above zero.
    paths : int
        Paths to simulate; antithetic partners count. With `sobol` 16 times a power of two.
    steps : int
        Equal steps of the grid; dates of the payoff are added to it. Matters for Heston (bias)
        and for what is watched at the times of the grid.
    seed : int
        From 0 to 2**64 - 1. Equal seeds give equal bits, whatever `threads`.
    antithetic : bool
        Pair every path with its mirror image.
    sobol : bool
        Sixteen independently scrambled Sobol sequences with Brownian bridges instead of
        pseudo-random numbers; the standard error is that of their mean.
    control : bool
        Use the control variates that `controls_of` knows for this model and payoff. Their
        slopes come from the same paths, a bias of order 1 / paths.
    threads : int
        Threads, at most as many as numba has.
    target_std_error : float, optional
        Stop once the standard error is no larger, after 2,048 samples or 8 sequences at least.
    progress : callable, optional
        Called with paths done and paths in all after every block. An exception in it ends the
        simulation.

    Returns
    -------
    McResult
        Value and standard error in currency.

    Raises
    ------
    ValueError
        If an argument is not as described, or a payoff does not go with the model.
    OverflowError
        If spots leave the range of doubles.
    SimulationInterruptedError
        On Ctrl-C; a KeyboardInterrupt that carries the result of the paths done.

    Notes
    -----
    Geometric Brownian motion and Merton are exact at the times of the grid. Heston is Andersen's
    (2008) QE-M: the forward is exact, other values have a bias that falls with the step.

    References
    ----------
    Glasserman (2004), *Monte Carlo Methods in Financial Engineering*; Andersen (2008), *Simple and
    efficient simulation of the Heston stochastic volatility model*, sections 3.2 and 4.3.

    Examples
    --------
    >>> from rf_pricing.monte_carlo import European, Gbm, mc_price
    >>> model = Gbm(spot=100.0, vol=0.2, rate=0.05)
    >>> found = mc_price(model, European(100.0), 1.0, paths=65536, steps=1, seed=1, control=True)
    >>> abs(found.value - 10.450584) < 4 * found.std_error
    True
    """
    times = grid(tau, steps, payoff.fixings(number_tau(tau)))
    check_growth(model, times)
    plan = Plan(paths, seed, antithetic, sobol, threads)
    if target_std_error is not None:
        check.positive(target_std_error=target_std_error)
    controls = controls_of(model, payoff, times) if control else []
    run = Run(model, times, plan, request_of(model, payoff, controls), progress)
    moments = Moments(1 + len(controls))

    def result() -> McResult:
        return result_of(moments, run, np.concatenate(([1.0], -moments.slopes())))

    def enough(_: Moments) -> bool:
        return target_std_error is not None and result().std_error <= target_std_error

    try:
        run.into(moments, estimator_of(payoff, controls), enough)
    except KeyboardInterrupt as stop:
        partial = result() if moments.count > 1 else None
        raise SimulationInterruptedError(partial) from stop
    return result()


@dataclass(frozen=True, slots=True)
class Run:
    """One pass over the blocks of a plan."""

    model: Model
    times: FloatArray
    plan: Plan
    request: Request
    progress: Progress | None = None

    @property
    def discount(self) -> float:
        """Discount factor to the last time."""
        return math.exp(-self.model.rate * float(self.times[-1]))

    def into(self, moments: Moments, estimate: Estimator, enough: Enough) -> None:
        """Simulate until the paths are done or it is enough."""
        # What overflows ends as a value that is not finite, which `result_of` refuses.
        with np.errstate(over="ignore", invalid="ignore"):
            self._into(moments, estimate, enough)

    def _into(self, moments: Moments, estimate: Estimator, enough: Enough) -> None:
        group = Moments(moments.mean.size)
        each = 2 if self.plan.antithetic else 1
        for drivers in self.plan.blocks(self.times, self.model.bridged):
            if drivers is None:
                moments.groups.append(group.mean)
                group = Moments(moments.mean.size)
            else:
                samples = self.samples(drivers, estimate)
                moments.add(samples)
                if self.plan.sobol:
                    group.add(samples)
                if self.progress is not None:
                    self.progress(moments.count * each, self.plan.paths)
            if self._ripe(moments) and enough(moments):
                return

    def samples(self, drivers: Drivers, estimate: Estimator) -> FloatArray:
        """Return the estimates of a block, averaged with those of its mirror image."""
        samples = estimate(self.model.block(self.times, drivers, self.request))
        if not self.plan.antithetic:
            return samples
        mirrored = self.model.block(self.times, replace(drivers, flip=True), self.request)
        return 0.5 * (samples + estimate(mirrored))

    def _ripe(self, moments: Moments) -> bool:
        if self.plan.sobol:
            return len(moments.groups) >= _FEWEST_GROUPS
        return moments.count >= _FEWEST_SAMPLES


def result_of(moments: Moments, run: Run, weights: FloatArray) -> McResult:
    """Return the discounted combination of the rows; the first weighted row is the plain one."""
    each = 2 if run.plan.antithetic else 1
    plain = np.zeros(weights.size)
    lead = int(np.flatnonzero(weights)[0])
    plain[lead] = weights[lead]
    value, error = moments.combined(weights)
    plain_value, plain_error = moments.combined(plain)
    if abs(value - plain_value) > _LARGEST_SHIFT * plain_error:
        # Chance cannot have moved it so far: the slopes on controls that hardly vary are noise.
        value, error = plain_value, plain_error
    if not math.isfinite(value):
        raise OverflowError("expected spots in the range of doubles: vol or tau is too large")
    df = run.discount
    return McResult(
        value=df * value,
        std_error=df * error,
        plain_std_error=df * plain_error,
        paths=moments.count * each,
        steps=run.times.size - 1,
        seed=run.plan.seed,
        complete=moments.count * each == run.plan.paths,
    )


def estimator_of(payoff: Payoff, controls: list[Control]) -> Estimator:
    """Return payoff and controls less their means as rows."""

    def estimate(block: PathBlock) -> FloatArray:
        rows = [payoff.values(block)]
        rows += [control.values(block) - control.mean for control in controls]
        return np.stack(rows)

    return estimate


def request_of(model: Model, payoff: Payoff, controls: list[Control]) -> Request:
    """Return what the blocks must hold."""
    return Request(
        every_time=payoff.every_time,
        every_variance=payoff.bridged and isinstance(model, Heston),
        shadow=any(control.shadow for control in controls),
    )


def grid(tau: float, steps: int, fixings: tuple[float, ...] = ()) -> FloatArray:
    """Return times from 0 to `tau`: equal steps, and the fixings among them."""
    tau = number_tau(tau)
    check.whole("steps", steps, low=1, high=_MOST_STEPS)
    even = np.linspace(0.0, tau, steps + 1)
    if not fixings:
        return even
    # A date that falls on an equal step, up to rounding, replaces it.
    dates = np.array(fixings)
    near = np.abs(even[:, None] - dates[None, :]).min(axis=1) < 1e-9 * tau
    near[[0, -1]] = (even[[0, -1]][:, None] == dates[None, :]).any(axis=1)
    return np.unique(np.concatenate((even[~near], dates)))


def number_tau(tau: float) -> float:
    """Return `tau` as a float above zero."""
    check.positive(tau=tau)
    return float(tau)


def check_growth(model: Model, times: FloatArray) -> None:
    """Refuse rates that would take the discount factor or a forward out of range."""
    tau = float(times[-1])
    check.moderate(rate_times_tau=model.rate * tau)
    check.moderate(carry_times_tau=float(np.abs(model.carry).max()) * tau)
