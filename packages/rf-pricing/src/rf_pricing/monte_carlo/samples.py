"""Paths and terminal values as plain arrays."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import special
from scipy.stats import poisson, qmc

from rf_pricing.monte_carlo import _checks as check
from rf_pricing.monte_carlo._checks import FloatArray
from rf_pricing.monte_carlo.blocks import PathBlock, Request
from rf_pricing.monte_carlo.engine import check_growth, grid, number_tau
from rf_pricing.monte_carlo.heston import Heston, decayed
from rf_pricing.monte_carlo.models import Gbm, Merton
from rf_pricing.monte_carlo.random import Plan

_MOST_PATHS = 1 << 26


@dataclass(frozen=True, slots=True)
class SimulatedPaths:
    """Spots, and for Heston variances, at `times`; arrays of shape (paths, times)."""

    times: FloatArray
    spot: FloatArray
    variance: FloatArray | None


@dataclass(frozen=True, slots=True)
class TerminalSample:
    """Spot and variance at the end and the variance integrated over time; shape (paths,)."""

    spot: FloatArray
    variance: FloatArray
    integrated_variance: FloatArray


def simulate_paths(
    model: Gbm | Merton | Heston,
    tau: float,
    *,
    paths: int,
    steps: int,
    seed: int,
    antithetic: bool = False,
    threads: int = 1,
) -> SimulatedPaths:
    """Return whole paths, for charts and for what the payoffs do not cover.

    Parameters
    ----------
    model : Gbm, Merton or Heston
        What moves the spot.
    tau : float
        Length, years.
    paths, steps : int
        Shape of the result: (paths, steps + 1).
    seed : int
        From 0 to 2**64 - 1; path k is the same however many are asked for.
    antithetic : bool
        The second half mirrors the first.
    threads : int
        Does not change the result.

    Returns
    -------
    SimulatedPaths
        Times in years, spot in currency, variance per year.

    Raises
    ------
    ValueError
        If an argument is not as described.

    Examples
    --------
    >>> found = simulate_paths(Gbm(spot=100.0, vol=0.2), 1.0, paths=10, steps=4, seed=1)
    >>> found.spot.shape
    (10, 5)
    """
    times = grid(tau, steps)
    request = Request(every_time=True, every_variance=True)
    plan = Plan(
        check.whole("paths", paths, low=2, high=_MOST_PATHS), seed, antithetic, False, threads
    )
    blocks = _blocks(model, times, plan, request)
    spot = np.concatenate([block.spot() for block in blocks])
    if not isinstance(model, Heston):
        return SimulatedPaths(times, spot, None)
    found = [block.variances() for block in blocks]
    return SimulatedPaths(times, spot, np.concatenate([v for v in found if v is not None]))


def terminal_sample(
    model: Heston,
    tau: float,
    *,
    paths: int,
    steps: int,
    seed: int,
    antithetic: bool = False,
    threads: int = 1,
) -> TerminalSample:
    """Return spot, variance and integrated variance at `tau` by QE-M.

    Parameters are those of `simulate_paths`, without the memory for the whole paths.

    Raises
    ------
    ValueError
        If an argument is not as described.

    Examples
    --------
    >>> model = Heston(spot=100.0, v0=0.04, kappa=2.0, theta=0.04, sigma=0.3, rho=-0.5)
    >>> found = terminal_sample(model, 1.0, paths=4096, steps=8, seed=1)
    >>> bool(abs(found.variance.mean() - 0.04) < 0.002)
    True
    """
    plan = Plan(
        check.whole("paths", paths, low=2, high=_MOST_PATHS), seed, antithetic, False, threads
    )
    blocks = _blocks(model, grid(tau, steps), plan, Request())
    parts = [(b.terminal(), b.variances(), b.integrated_variance, b) for b in blocks]
    return TerminalSample(
        spot=np.concatenate([spot for spot, _, _, _ in parts]),
        variance=np.concatenate([v[:, -1] for _, v, _, _ in parts if v is not None]),
        integrated_variance=np.concatenate([b.flat(i) for _, _, i, b in parts if i is not None]),
    )


def heston_variance_sample(model: Heston, tau: float, *, paths: int, seed: int) -> FloatArray:
    """Return a sample of the variance at `tau` from its exact law, in no order.

    Scrambled Sobol points through the inverse of a noncentral chi-square, which is a gamma whose
    shape is raised by a Poisson number. Means and quantiles of the sample converge nearly like
    1 / paths; it says nothing of the spot.

    Parameters
    ----------
    model : Heston
        Only its variance counts.
    tau : float
        Time, years.
    paths : int
        Size of the sample, a power of two.
    seed : int
        From 0 to 2**64 - 1.

    Returns
    -------
    (paths,) array
        Variances per year.

    Raises
    ------
    ValueError
        If an argument is not as described.

    References
    ----------
    Cox, Ingersoll and Ross (1985), equation 18; Glasserman (2004), section 3.4.

    Examples
    --------
    >>> model = Heston(spot=100.0, v0=0.04, kappa=0.5, theta=0.04, sigma=1.0, rho=-0.9)
    >>> v = heston_variance_sample(model, 10.0, paths=65536, seed=1)
    >>> bool(abs(v.mean() - 0.04) < 0.0005)
    True
    """
    tau = number_tau(tau)
    check.whole("paths", paths, low=2, high=_MOST_PATHS)
    check.whole("seed", seed, low=0, high=2**64 - 1)
    if paths & (paths - 1):
        raise ValueError(f"expected paths to be a power of two, was {paths}")
    fade = math.exp(-model.kappa * tau)
    share = float(decayed(model.kappa, np.array([tau]))[0])
    mean = model.v0 * fade + model.theta * model.kappa * share
    half_scale = 0.5 * model.sigma**2 * share
    if half_scale < 1e-14 * mean or mean == 0.0:
        return np.full(paths, mean)
    source = qmc.Sobol(2, scramble=True, seed=np.random.default_rng(seed))
    u = source.random(paths) + 2.0**-31
    extra = poisson.ppf(u[:, 0], model.v0 * fade / half_scale)
    shape = 2.0 * model.kappa * model.theta / model.sigma**2 + extra
    # Without a central part the chance that nothing is left is an atom at zero.
    sample = special.gammaincinv(np.maximum(shape, 1e-300), u[:, 1]) * half_scale
    return np.where(shape > 0.0, sample, 0.0)


def _blocks(
    model: Gbm | Merton | Heston, times: FloatArray, plan: Plan, request: Request
) -> list[PathBlock]:
    check_growth(model, times)
    drivers = [d for d in plan.blocks(times, model.bridged) if d is not None]
    if plan.antithetic:
        drivers += [replace(d, flip=True) for d in drivers]
    return [model.block(times, d, request) for d in drivers]
