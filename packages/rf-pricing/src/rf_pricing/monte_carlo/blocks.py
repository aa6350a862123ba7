"""A block of simulated paths: where its random numbers come from, and what payoffs see of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numba
import numpy as np

from rf_pricing.monte_carlo._checks import FloatArray
from rf_pricing.monte_carlo._kernels.numbers import LANES

_NO_NORMALS = np.empty((0, 0, LANES))
_NO_VARIANCE = np.empty((0, 0, LANES))
Kernel = Callable[..., None]


@dataclass(frozen=True, slots=True)
class Drivers:
    """The random numbers of a block: path numbers under a key, or normals from outside."""

    first: int
    count: int
    seed: int
    flip: bool = False
    threads: int = 1
    normals: FloatArray = field(default_factory=lambda: _NO_NORMALS)

    @property
    def chunks(self) -> int:
        """Chunks of 64 paths that hold the block."""
        return -(-self.count // LANES)

    def empty(self, *rows: int) -> FloatArray:
        """Return room for the block, 64 paths innermost."""
        return np.empty((self.chunks, *rows, LANES))


@dataclass(frozen=True, slots=True)
class Request:
    """What a payoff needs of a block beyond the last time."""

    every_time: bool = False
    every_variance: bool = False
    shadow: bool = False

    def rows(self, times: FloatArray) -> int:
        """Return how many times are kept."""
        return times.size if self.every_time else 1

    def variance_rows(self, times: FloatArray) -> int:
        """Return how many variances are kept."""
        return times.size if self.every_variance else 1


@dataclass(frozen=True, slots=True)
class PathBlock:
    """Paths on a grid of times, as a payoff sees them.

    `log_spot` is ``log(S / S0)`` of shape (chunks, assets, rows, 64); `terminal` and `spot` are
    the same in plain order.
    """

    times: FloatArray
    spots: FloatArray
    log_spot: FloatArray
    drivers: Drivers
    step_variance: FloatArray | None = None
    variance: FloatArray | None = None
    integrated_variance: FloatArray | None = None
    shadow: FloatArray | None = None
    shadow_variance: FloatArray | None = None
    certain: bool = False

    @property
    def count(self) -> int:
        """Paths in the block."""
        return self.drivers.count

    def flat(self, chunked: FloatArray) -> FloatArray:
        """Return an array of shape (chunks, 64) as one of shape (paths,)."""
        return chunked.reshape(-1)[: self.count]

    def terminal(self, asset: int = 0) -> FloatArray:
        """Return the spot of an asset at the last time, shape (paths,)."""
        return np.asarray(self.spots[asset] * np.exp(self.flat(self.log_spot[:, asset, -1, :])))

    def spot(self, asset: int = 0) -> FloatArray:
        """Return the spot of an asset at every time, shape (paths, times)."""
        return np.asarray(self.spots[asset] * np.exp(self.logs(asset)))

    def logs(self, asset: int = 0) -> FloatArray:
        """Return ``log(S / S0)`` of an asset at every time that was kept, (paths, times)."""
        return self._plain(self.log_spot[:, asset])

    def variances(self) -> FloatArray | None:
        """Return the variance at every time that was kept, shape (paths, times)."""
        return None if self.variance is None else self._plain(self.variance)

    def total_variance(self) -> FloatArray:
        """Return the variance integrated over time, shape (paths,)."""
        if self.integrated_variance is None:
            raise ValueError("expected a model with a variance of its own")
        return self.flat(self.integrated_variance)

    def rows(self, asset: int = 0) -> FloatArray:
        """Return the log spots of one asset, shape (chunks, rows, 64)."""
        return np.ascontiguousarray(self.log_spot[:, asset])

    def bridge(self) -> tuple[FloatArray, FloatArray]:
        """Return what the bridge between two times needs: variances and lengths of the steps."""
        if self.step_variance is None:
            raise ValueError("expected a model with continuous paths and one asset, for the bridge")
        if self.variance is None or self.certain:
            return _NO_VARIANCE, self.step_variance
        return self.variance, self.step_variance

    def shaded(self) -> PathBlock:
        """Return the shadow of the block: the same normals, the variance known in advance."""
        if self.shadow is None:
            raise ValueError("expected a block with a shadow")
        return PathBlock(
            self.times, self.spots, self.shadow, self.drivers, step_variance=self.shadow_variance
        )

    def _plain(self, chunked: FloatArray) -> FloatArray:
        plain = chunked.transpose(0, 2, 1).reshape(-1, chunked.shape[1])
        return plain[: self.count]


def fill(kernels: tuple[Kernel, Kernel], drivers: Drivers, arguments: tuple[Any, ...]) -> None:
    """Run the serial or the parallel kernel; both give the same bits."""
    serial, parallel = kernels
    head = (drivers.normals, np.uint64(drivers.first), np.uint64(drivers.seed), drivers.flip)
    if drivers.threads == 1:
        serial(*head, *arguments)
        return
    allowed = numba.get_num_threads()
    numba.set_num_threads(min(drivers.threads, numba.config.NUMBA_NUM_THREADS))  # type: ignore[attr-defined]  # numba sets it at run time
    try:
        parallel(*head, *arguments)
    finally:
        numba.set_num_threads(allowed)
