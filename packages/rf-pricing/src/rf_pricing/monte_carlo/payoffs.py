"""What is paid at the end, as a function of the path."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np

from rf_pricing.monte_carlo import _checks as check
from rf_pricing.monte_carlo._checks import FloatArray
from rf_pricing.monte_carlo._kernels import functionals as kernels
from rf_pricing.monte_carlo.blocks import PathBlock

BARRIERS = ("up-out", "up-in", "down-out", "down-in")
BarrierKind = Literal["up-out", "up-in", "down-out", "down-in"]
Average = Literal["arithmetic", "geometric"]


class Payoff(Protocol):
    """What the engine asks of a payoff; any object with these members will do."""

    @property
    def every_time(self) -> bool:
        """Whether the payoff needs the spot before the last time."""

    @property
    def bridged(self) -> bool:
        """Whether it looks between the times of the grid."""

    def fixings(self, tau: float) -> tuple[float, ...]:
        """Return times that must be on the grid."""

    def values(self, block: PathBlock) -> FloatArray:
        """Return what each path pays, not discounted, shape (paths,)."""


@dataclass(frozen=True, slots=True)
class _Terminal:
    @property
    def every_time(self) -> bool:
        """Only the last time counts."""
        return False

    @property
    def bridged(self) -> bool:
        """Nothing between the times counts."""
        return False

    def fixings(self, tau: float) -> tuple[float, ...]:
        """No time but the last is needed."""
        return ()


@dataclass(frozen=True, slots=True)
class European(_Terminal):
    """``max(S - K, 0)`` for a call, ``max(K - S, 0)`` for a put.

    Examples
    --------
    >>> European(100.0, is_call=False).strike
    100.0
    """

    strike: float
    is_call: bool = field(default=True, kw_only=True)

    def __post_init__(self) -> None:
        check.positive(strike=self.strike)
        check.flag(is_call=self.is_call)

    def values(self, block: PathBlock) -> FloatArray:
        """Return what each path pays."""
        return option_on(block.terminal(), self.strike, self.is_call)


@dataclass(frozen=True, slots=True)
class Digital(_Terminal):
    """One unit of currency if the spot ends above (call) or below (put) the strike."""

    strike: float
    is_call: bool = field(default=True, kw_only=True)

    def __post_init__(self) -> None:
        check.positive(strike=self.strike)
        check.flag(is_call=self.is_call)

    def values(self, block: PathBlock) -> FloatArray:
        """Return what each path pays."""
        ends = block.terminal()
        return np.asarray(ends > self.strike if self.is_call else ends < self.strike, np.float64)


@dataclass(frozen=True, slots=True)
class Asian:
    """An option on the average spot.

    The average runs over `dates` (years, ascending, the last at most `tau`), or over all times of
    the grid but the first. With `continuous` it is the integral over time, by the trapezoid rule
    on the grid, which misses it by the order of one over the squared number of steps.
    """

    strike: float
    average: Average = "arithmetic"
    is_call: bool = field(default=True, kw_only=True)
    dates: tuple[float, ...] | None = field(default=None, kw_only=True)
    continuous: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        check.positive(strike=self.strike)
        check.flag(is_call=self.is_call, continuous=self.continuous)
        check.one_of("average", self.average, ("arithmetic", "geometric"))
        if self.dates is None:
            return
        dates = check.vector("dates", self.dates)
        if self.continuous or dates[0] < 0.0 or (np.diff(dates) <= 0.0).any():
            raise ValueError(f"expected ascending dates and continuous=False, was {self.dates}")

    @property
    def every_time(self) -> bool:
        """The whole path counts."""
        return True

    @property
    def bridged(self) -> bool:
        """Nothing between the times counts."""
        return False

    def fixings(self, tau: float) -> tuple[float, ...]:
        """Return the dates, which must not lie after `tau`."""
        if self.dates is not None and self.dates[-1] > tau:
            raise ValueError(f"expected dates up to tau {tau}, was {self.dates[-1]}")
        return self.dates or ()

    def weights(self, times: FloatArray) -> FloatArray:
        """Return the weight of every time of the grid; they add up to one."""
        weights = np.zeros(times.size)
        if self.continuous:
            steps = np.diff(times) / times[-1]
            weights[:-1] += 0.5 * steps
            weights[1:] += 0.5 * steps
        elif self.dates is None:
            weights[1:] = 1.0 / (times.size - 1)
        else:
            weights[np.searchsorted(times, self.dates)] = 1.0 / len(self.dates)
        return weights

    def averages(self, block: PathBlock) -> FloatArray:
        """Return the average spot of each path."""
        out = block.drivers.empty()
        weights, geometric = self.weights(block.times), self.average == "geometric"
        (kernels.mean_log if geometric else kernels.mean_spot)(block.rows(), weights, out)
        ratio = np.exp(block.flat(out)) if geometric else block.flat(out)
        return np.asarray(block.spots[0] * ratio)

    def values(self, block: PathBlock) -> FloatArray:
        """Return what each path pays."""
        return option_on(self.averages(block), self.strike, self.is_call)


@dataclass(frozen=True, slots=True)
class Barrier:
    """A European option that dies (out) or is born (in) when the spot meets `level`.

    With `continuous` the chance of having met it between two times is that of a Brownian bridge:
    exact for geometric Brownian motion, an approximation for Heston (the variance of a step is
    taken as known), not offered where the spot jumps. Else only the times of the grid count, the
    first one included.
    """

    strike: float
    level: float
    kind: BarrierKind
    is_call: bool = field(default=True, kw_only=True)
    continuous: bool = field(default=True, kw_only=True)

    def __post_init__(self) -> None:
        check.positive(strike=self.strike, level=self.level)
        check.one_of("kind", self.kind, BARRIERS)
        check.flag(is_call=self.is_call, continuous=self.continuous)

    @property
    def every_time(self) -> bool:
        """The whole path counts."""
        return True

    @property
    def bridged(self) -> bool:
        """Whether the barrier is watched between the times."""
        return self.continuous

    def fixings(self, tau: float) -> tuple[float, ...]:
        """No time but the last is needed."""
        return ()

    def values(self, block: PathBlock) -> FloatArray:
        """Return what each path pays, weighted by the chance that it does."""
        out = block.drivers.empty()
        v, step = block.bridge() if self.continuous else no_bridge(block)
        level = math.log(self.level / block.spots[0])
        rows, up = block.rows(), self.kind.startswith("up")
        kernels.survival(rows, v, step, level, up, self.continuous, out)
        alive = block.flat(out)
        chance = alive if self.kind.endswith("out") else 1.0 - alive
        return np.asarray(chance * option_on(block.terminal(), self.strike, self.is_call))


@dataclass(frozen=True, slots=True)
class Lookback:
    """An option on the extreme of the path.

    With a strike: ``max(max S - K, 0)`` for a call, ``max(K - min S, 0)`` for a put. Without one
    the strike floats: ``S - min S`` for a call, ``max S - S`` for a put. With `continuous` the
    extreme between two times is drawn from its law (see `Barrier` for when that is exact).
    """

    strike: float | None = None
    is_call: bool = field(default=True, kw_only=True)
    continuous: bool = field(default=True, kw_only=True)

    def __post_init__(self) -> None:
        if self.strike is not None:
            check.positive(strike=self.strike)
        check.flag(is_call=self.is_call, continuous=self.continuous)

    @property
    def every_time(self) -> bool:
        """The whole path counts."""
        return True

    @property
    def bridged(self) -> bool:
        """Whether the extreme is sought between the times."""
        return self.continuous

    def fixings(self, tau: float) -> tuple[float, ...]:
        """No time but the last is needed."""
        return ()

    def extremes(self, block: PathBlock) -> FloatArray:
        """Return the maximum or minimum that counts, per path."""
        out = block.drivers.empty()
        v, step = block.bridge() if self.continuous else no_bridge(block)
        source = block.drivers
        top = self.is_call == (self.strike is not None)
        numbers = (np.uint64(source.first), np.uint64(source.seed), source.flip)
        kernels.extremum(block.rows(), v, step, top, self.continuous, *numbers, out)
        return np.asarray(block.spots[0] * np.exp(block.flat(out)))

    def values(self, block: PathBlock) -> FloatArray:
        """Return what each path pays."""
        extremes = self.extremes(block)
        if self.strike is not None:
            return option_on(extremes, self.strike, self.is_call)
        ends = block.terminal()
        return np.asarray(ends - extremes if self.is_call else extremes - ends)


@dataclass(frozen=True, slots=True)
class Basket(_Terminal):
    """An option on a weighted sum of spots: ``max(sum w S - K, 0)`` for a call.

    Weights may be negative (spreads) and the strike zero (exchange options).
    """

    strike: float
    weights: tuple[float, ...]
    is_call: bool = field(default=True, kw_only=True)

    def __post_init__(self) -> None:
        check.finite(strike=self.strike)
        check.vector("weights", self.weights)
        check.flag(is_call=self.is_call)

    def sums(self, block: PathBlock) -> FloatArray:
        """Return the weighted sum of the last spots, per path."""
        if len(self.weights) != block.spots.size:
            raise ValueError(f"expected {block.spots.size} weights, was {len(self.weights)}")
        total = np.zeros(block.count)
        for asset, weight in enumerate(self.weights):
            total += weight * block.terminal(asset)
        return total

    def values(self, block: PathBlock) -> FloatArray:
        """Return what each path pays."""
        return option_on(self.sums(block), self.strike, self.is_call)


def option_on(level: FloatArray, strike: float, is_call: bool) -> FloatArray:
    """Return the payoff of an option on anything."""
    return np.asarray(np.maximum(level - strike if is_call else strike - level, 0.0))


def no_bridge(block: PathBlock) -> tuple[FloatArray, FloatArray]:
    """Return stand-ins for `PathBlock.bridge` where nothing is looked at between the times."""
    return np.empty((0, 0, 1)), np.empty(block.times.size - 1)
