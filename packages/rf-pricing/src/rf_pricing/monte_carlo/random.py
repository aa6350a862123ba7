"""Where random numbers come from: blocks of numbered paths, or Sobol points."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import qmc

from rf_pricing.monte_carlo import _checks as check
from rf_pricing.monte_carlo._checks import FloatArray
from rf_pricing.monte_carlo._kernels.bridge import bridge_steps, point_normals
from rf_pricing.monte_carlo._kernels.numbers import LANES
from rf_pricing.monte_carlo.blocks import Drivers

REPLICATIONS = 16
"""Independent scramblings of a Sobol sequence; the standard error comes from their spread."""

_BLOCK_NUMBERS = 1 << 19
_LARGEST_BLOCK = 16384
_SMALLEST_BLOCK = LANES
_HALF_CELL = 2.0**-31
_PATHS_APART = 1 << 40


@dataclass(frozen=True, slots=True)
class Plan:
    """How many paths, from which numbers."""

    paths: int
    seed: int
    antithetic: bool
    sobol: bool
    threads: int

    def __post_init__(self) -> None:
        check.whole("seed", self.seed, low=0, high=2**64 - 1)
        check.whole("threads", self.threads, low=1, high=1024)
        check.flag(antithetic=self.antithetic, sobol=self.sobol)
        check.whole("paths", self.paths, low=2, high=_PATHS_APART)
        if self.antithetic and self.sobol:
            raise ValueError("expected antithetic or sobol, was both")
        if self.antithetic and self.paths % 2:
            raise ValueError(f"expected an even number of antithetic paths, was {self.paths}")
        each = self.paths // REPLICATIONS
        if self.sobol and (self.paths % REPLICATIONS or each < LANES or each & (each - 1)):
            nearest = REPLICATIONS * max(LANES, 1 << max(0, round(math.log2(max(each, 1)))))
            raise ValueError(
                f"expected paths of {REPLICATIONS} times a power of two from {LANES} on with "
                f"sobol, was {self.paths}; {nearest} is near"
            )

    def blocks(self, times: FloatArray, bridged: tuple[bool, ...]) -> Iterator[Drivers | None]:
        """Yield the drivers of every block in order, None after each replication.

        An antithetic block stands for itself and its mirror image.
        """
        steps = times.size - 1
        size = _block_size(steps * len(bridged))
        if self.sobol:
            yield from self._sobol(times, bridged, size)
            return
        samples = self.paths // 2 if self.antithetic else self.paths
        for first in range(0, samples, size):
            yield Drivers(first, min(size, samples - first), self.seed, threads=self.threads)

    def _sobol(
        self, times: FloatArray, bridged: tuple[bool, ...], size: int
    ) -> Iterator[Drivers | None]:
        dimensions = len(bridged) * (times.size - 1)
        if dimensions > qmc.Sobol.MAXDIM:
            raise ValueError(
                f"expected at most {qmc.Sobol.MAXDIM} normals a path with sobol, was {dimensions}"
            )
        each = self.paths // REPLICATIONS
        size = min(size, each)
        seeds = np.random.SeedSequence(self.seed).spawn(REPLICATIONS)
        for replication, seed in enumerate(seeds):
            source = qmc.Sobol(dimensions, scramble=True, seed=np.random.default_rng(seed))
            for offset in range(0, each, size):
                # Scrambled points are multiples of 2**-30; the middle of the cell is never 0.
                points = source.random(size) + _HALF_CELL
                first = (replication + 1) * _PATHS_APART + offset
                drivers = Drivers(first, size, self.seed, threads=self.threads)
                yield replace(drivers, normals=bridge_normals(points, times, bridged))
            yield None


def _block_size(numbers: int) -> int:
    # A power of two, so that blocks of Sobol points are whole nets; independent of threads.
    room = max(_BLOCK_NUMBERS // max(numbers, 1), 1)
    return min(max(1 << (room.bit_length() - 1), _SMALLEST_BLOCK), _LARGEST_BLOCK)


def bridge_normals(points: FloatArray, times: FloatArray, bridged: tuple[bool, ...]) -> FloatArray:
    """Return the normals of every step, (chunks, steps * factors, 64), by Brownian bridge.

    Point j * factors + f of a path drives factor f: the first fixes the end, the next halve what
    is left, so that the best dimensions of the sequence carry most of the variance. Glasserman
    (2004), section 3.1.1.
    """
    raw = np.empty((points.shape[0] // LANES, points.shape[1], LANES))
    point_normals(points, raw)
    where, weights = bridge_order(times)
    out = np.empty_like(raw)
    bridge_steps(raw, np.array(bridged), where, weights, np.sqrt(np.diff(times)), out)
    return out


def bridge_order(
    times: FloatArray,
) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.int64]], FloatArray]:
    """Return points with their ends, and weights with standard deviations, breadth first."""
    last = times.size - 1
    where = [(last, 0, -1)]
    weights = [(1.0, 0.0, math.sqrt(times[last]))]
    spans = [(0, last)]
    while spans:
        inner: list[tuple[int, int]] = []
        for left, right in spans:
            if right - left < 2:
                continue
            mid = (left + right) // 2
            width = times[right] - times[left]
            share = (times[mid] - times[left]) / width
            sd = math.sqrt((times[mid] - times[left]) * (times[right] - times[mid]) / width)
            where.append((mid, left, right))
            weights.append((1.0 - share, share, sd))
            inner += [(left, mid), (mid, right)]
        spans = inner
    return np.array(where, dtype=np.int64), np.array(weights)
