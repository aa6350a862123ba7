"""What is simulated: the models, and how each fills a block of paths."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from rf_pricing.monte_carlo import _checks as check
from rf_pricing.monte_carlo._checks import FloatArray
from rf_pricing.monte_carlo._kernels import paths as kernels
from rf_pricing.monte_carlo.blocks import Drivers, PathBlock, Request, fill


class Model(Protocol):
    """What the engine asks of a model."""

    @property
    def rate(self) -> float:
        """Discount rate per year, continuously compounded."""

    @property
    def factors(self) -> int:
        """Normals that one step takes."""

    @property
    def bridged(self) -> tuple[bool, ...]:
        """For each of them, whether it drives a Brownian motion."""

    @property
    def spots(self) -> FloatArray:
        """Spots at time 0, one per asset."""

    @property
    def carry(self) -> FloatArray:
        """Growth rate of each forward, ``rate - dividend_yield``."""

    def block(self, times: FloatArray, drivers: Drivers, request: Request) -> PathBlock:
        """Simulate one block on the times, which begin with 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gbm:
    """Geometric Brownian motion, simulated exactly.

    `vol`, `rate` and `dividend_yield` are per year, decimal, continuously compounded.

    Examples
    --------
    >>> Gbm(spot=100.0, vol=0.2, rate=0.05).factors
    1
    """

    spot: float
    vol: float
    rate: float = 0.0
    dividend_yield: float = 0.0
    factors: ClassVar[int] = 1
    bridged: ClassVar[tuple[bool, ...]] = (True,)

    def __post_init__(self) -> None:
        check.positive(spot=self.spot)
        check.not_negative(vol=self.vol)
        check.finite(rate=self.rate, dividend_yield=self.dividend_yield)

    @property
    def spots(self) -> FloatArray:
        """Spot at time 0, shape (1,)."""
        return np.array([self.spot])

    @property
    def carry(self) -> FloatArray:
        """Growth rate of the forward, shape (1,)."""
        return np.array([self.rate - self.dividend_yield])

    def step_variance(self, times: FloatArray) -> FloatArray:
        """Return the variance of the log spot over each step."""
        return np.asarray(self.vol**2 * np.diff(times))

    def block(self, times: FloatArray, drivers: Drivers, request: Request) -> PathBlock:
        """Simulate one block."""
        variance = self.step_variance(times)
        drift = self.carry[0] * np.diff(times) - 0.5 * variance
        x = drivers.empty(1, request.rows(times))
        fill(
            (kernels.gbm_serial, kernels.gbm_parallel),
            drivers,
            (np.ones((1, 1)), drift[None, :], np.sqrt(variance)[None, :], x),
        )
        return PathBlock(times, self.spots, x, drivers, step_variance=variance)


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiAssetGbm:
    """Correlated geometric Brownian motions, simulated exactly.

    `spot`, `vol` and `dividend_yield` have one entry per asset (a single dividend yield serves
    all); `correlation` is (assets, assets), symmetric, positive semidefinite, with unit diagonal.

    Examples
    --------
    >>> model = MultiAssetGbm(spot=[100, 90], vol=[0.2, 0.3], correlation=[[1, 0.5], [0.5, 1]])
    >>> model.factors
    2
    """

    spot: npt.ArrayLike
    vol: npt.ArrayLike
    correlation: npt.ArrayLike
    rate: float = 0.0
    dividend_yield: npt.ArrayLike = 0.0
    spots: FloatArray = field(init=False, repr=False)
    vols: FloatArray = field(init=False, repr=False)
    carry: FloatArray = field(init=False, repr=False)
    chol: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        check.finite(rate=self.rate)
        spots, vols = check.vector("spot", self.spot), check.vector("vol", self.vol)
        if (spots <= 0.0).any():
            raise ValueError(f"expected spot to be positive, was {spots.min()}")
        if (vols < 0.0).any() or vols.shape != spots.shape:
            raise ValueError(f"expected vol not negative, {spots.size} of them, was {vols}")
        yields = check.vector("dividend_yield", np.atleast_1d(np.asarray(self.dividend_yield)))
        if yields.size not in {1, spots.size}:
            raise ValueError(f"expected dividend_yield of 1 or {spots.size}, had {yields.size}")
        carry = np.broadcast_to(self.rate - yields, spots.shape).copy()
        found = {"spots": spots, "vols": vols, "carry": carry}
        for name, value in (found | {"chol": _root(self.correlation, spots.size)}).items():
            object.__setattr__(self, name, value)

    @property
    def factors(self) -> int:
        """Normals that one step takes: one per asset."""
        return self.spots.size

    @property
    def bridged(self) -> tuple[bool, ...]:
        """Every factor drives a Brownian motion."""
        return (True,) * self.spots.size

    def block(self, times: FloatArray, drivers: Drivers, request: Request) -> PathBlock:
        """Simulate one block."""
        dt = np.diff(times)
        drift = np.outer(self.carry - 0.5 * self.vols**2, dt)
        x = drivers.empty(self.spots.size, request.rows(times))
        sd = np.outer(self.vols, np.sqrt(dt))
        fill((kernels.gbm_serial, kernels.gbm_parallel), drivers, (self.chol, drift, sd, x))
        return PathBlock(times, self.spots, x, drivers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Merton:
    """Merton's (1976) jump diffusion, simulated exactly at the times of the grid.

    Jumps come `intensity` times a year; the logarithm of a jump is normal with `jump_mean` and
    `jump_sd`. The drift is compensated so that the forward is ``spot exp((r - q) tau)``.

    Examples
    --------
    >>> Merton(spot=100.0, vol=0.2, intensity=1.0, jump_mean=-0.1, jump_sd=0.15).factors
    3
    """

    spot: float
    vol: float
    intensity: float
    jump_mean: float
    jump_sd: float
    rate: float = 0.0
    dividend_yield: float = 0.0
    factors: ClassVar[int] = 3
    bridged: ClassVar[tuple[bool, ...]] = (True, False, False)

    def __post_init__(self) -> None:
        check.positive(spot=self.spot)
        check.not_negative(vol=self.vol, intensity=self.intensity, jump_sd=self.jump_sd)
        check.finite(jump_mean=self.jump_mean, rate=self.rate, dividend_yield=self.dividend_yield)
        check.moderate(jump_mean=self.jump_mean + 0.5 * self.jump_sd**2)

    @property
    def spots(self) -> FloatArray:
        """Spot at time 0, shape (1,)."""
        return np.array([self.spot])

    @property
    def carry(self) -> FloatArray:
        """Growth rate of the forward, shape (1,)."""
        return np.array([self.rate - self.dividend_yield])

    def block(self, times: FloatArray, drivers: Drivers, request: Request) -> PathBlock:
        """Simulate one block."""
        dt = np.diff(times)
        if self.intensity * dt.max() > 500.0:
            raise ValueError(f"expected at most 500 jumps a step, was {self.intensity * dt.max()}")
        lift = math.expm1(self.jump_mean + 0.5 * self.jump_sd**2)
        drift = (self.carry[0] - 0.5 * self.vol**2 - self.intensity * lift) * dt
        x = drivers.empty(1, request.rows(times))
        jumps = (self.intensity * dt, float(self.jump_mean), float(self.jump_sd))
        fill(
            (kernels.merton_serial, kernels.merton_parallel),
            drivers,
            (drift, self.vol * np.sqrt(dt), *jumps, x),
        )
        return PathBlock(times, self.spots, x, drivers)


def _root(correlation: npt.ArrayLike, assets: int) -> FloatArray:
    matrix = np.array(correlation, dtype=np.float64)
    if matrix.shape != (assets, assets):
        raise ValueError(f"expected correlation of shape {(assets, assets)}, was {matrix.shape}")
    if not np.isfinite(matrix).all() or not np.allclose(matrix, matrix.T, rtol=0.0, atol=1e-12):
        raise ValueError(f"expected correlation to be finite and symmetric, was {matrix.tolist()}")
    if not np.allclose(np.diag(matrix), 1.0, rtol=0.0, atol=1e-12):
        raise ValueError(f"expected correlation with unit diagonal, was {np.diag(matrix)}")
    values, vectors = np.linalg.eigh(matrix)
    if values[0] < -1e-10:
        raise ValueError(f"expected correlation with eigenvalues >= 0, lowest was {values[0]}")
    # The triangular root exists for singular matrices too: R of the QR of the symmetric root.
    half = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    upper = np.linalg.qr(half, mode="r")
    signs = np.where(np.diag(upper) < 0.0, -1.0, 1.0)
    return np.ascontiguousarray(np.transpose(upper * signs[:, None]))
