"""Pairs: two instruments against each other, while they are far from their usual relation.

Over the last samples the logarithm of the first price is regressed on that of the second; the
slope is the hedge ratio, the newest residual over its standard deviation the z-score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log, sqrt
from typing import Any, NamedTuple

import msgspec

from rf_common.config import NOT_NEGATIVE, POSITIVE, check
from rf_common.events import MarketEvent, OrderFilled
from rf_common.ids import InstrumentId, StrategyId
from rf_common.orders import Signal
from rf_common.ports import StrategyContext
from rf_signals.streaming import RollingVariance
from rf_strategy.conditions import StrategyCondition, warming_up
from rf_strategy.opinions import Opinion

MIN_VARIANCE = 1e-18
"""Below it logarithms of prices stand still: a deviation of a billionth."""
MIN_UNEXPLAINED = 1e-9
"""Share of variance below which two prices are one price, and a residual is rounding."""


class PairsParameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The two instruments, window and levels; windows count samples of both."""

    instruments: tuple[InstrumentId, InstrumentId]
    """The one that is explained, and the one that explains it."""
    period: int = 60
    """Window of the regression, at least 3."""
    entry_z: float = 2.0
    """Residual that starts a position, standard deviations."""
    exit_z: float = 0.5
    """Residual at which it ends, standard deviations, below the entry."""
    again_after: int = 15
    """Samples after which a leg that was not followed is told again."""

    def __post_init__(self) -> None:
        check(self, dict.fromkeys(("entry_z", "again_after"), POSITIVE))
        check(self, {"exit_z": NOT_NEGATIVE, "period": (lambda n: n >= 3, "at least 3 samples")})
        if self.exit_z >= self.entry_z:
            raise ValueError(f"exit_z = {self.exit_z}: expected less than {self.entry_z} (entry_z)")
        if self.instruments[0] == self.instruments[1]:
            raise ValueError(f"instruments = {self.instruments}: expected two different ones")


class HedgeFit(NamedTuple):
    """Regression of one logarithm on another over a window, and its newest residual."""

    ratio: float
    """Value of the second leg for one of the first."""
    z: float


class RollingHedge:
    """Ordinary least squares of y on x over the last `period` pairs, updated in O(1).

    The covariance is (var(x + y) - var(x) - var(y)) / 2, of windows that are stable at any level.

    Examples
    --------
    >>> hedge = RollingHedge(4)
    >>> fits = [hedge.update(2.0 * x + e, x) for x, e in ((0, 0), (1, 0), (2, 0.5), (3, 0.5))]
    >>> round(fits[-1].ratio, 12), round(fits[-1].z, 6)
    (2.2, -0.447214)
    """

    __slots__ = ("_both", "_x", "_y", "fit")

    def __init__(self, period: int) -> None:
        self._x, self._y = RollingVariance(period), RollingVariance(period)
        self._both = RollingVariance(period)
        self.fit: HedgeFit | None = None

    def update(self, y: float, x: float) -> HedgeFit | None:
        """Add a pair; return the fit, None in the warm-up and where there is none."""
        var_y, var_x = self._y.update(y), self._x.update(x)
        both, mean_y, mean_x = self._both.update(x + y), self._y.mean, self._x.mean
        self.fit = None
        if var_y is None or var_x is None or both is None or mean_y is None or mean_x is None:
            return None
        if min(var_x, var_y) < MIN_VARIANCE:
            return None
        ratio = (both - var_x - var_y) * 0.5 / var_x
        unexplained = var_y - ratio * ratio * var_x
        if unexplained < MIN_UNEXPLAINED * var_y:
            return None
        z = (y - mean_y - ratio * (x - mean_x)) / sqrt(unexplained)
        self.fit = HedgeFit(ratio, z)
        return self.fit


class _Leg:
    __slots__ = ("confidence", "direction", "fresh", "name", "opinion", "px")

    def __init__(self, name: InstrumentId) -> None:
        self.name = name
        self.opinion = Opinion()
        self.px = 0.0
        self.fresh = False
        self.direction = 0
        self.confidence = 1.0


class Pairs:
    """Short the dear leg and long the cheap one beyond `entry_z`, flat within `exit_z`.

    A sample of the pair is taken when both legs have a new one. Values stand as 1 to the hedge
    ratio at the entry, and the confidences of both legs add up to 1: the pair takes one full
    position of the sizer. Where the sizer scales by volatility, it does so for each leg. A ratio
    that is not positive is no hedge, and closes what is open. One signal can leave a call, so
    the leg whose event it was is told at once, and the other one in the next call for either.
    """

    def __init__(self, strategy_id: StrategyId, parameters: PairsParameters) -> None:
        self.strategy_id = strategy_id
        self.instruments = frozenset(parameters.instruments)
        self._parameters = parameters
        self._first, self._second = map(_Leg, parameters.instruments)
        self._hedge = RollingHedge(parameters.period)
        self._seen = 0
        self._present = 0
        self._ready = False
        self._reason = ""

    def on_event(self, context: StrategyContext, event: MarketEvent) -> Signal | None:
        """Look at the newest sample; see `rf_common.ports.Strategy`."""
        if event.instrument_id == self._first.name:
            leg, other = self._first, self._second
        elif event.instrument_id == self._second.name:
            leg, other = self._second, self._first
        else:
            return None
        px = context.features.mid_px
        if leg.opinion.is_new_sample(context) and px is not None:
            leg.px, leg.fresh = px, True
            if other.fresh:
                leg.fresh = other.fresh = False
                self._sample()
        return self._say(context, leg, other) if self._ready else None

    def _sample(self) -> None:
        """Take a pair of prices and decide where both legs should stand."""
        self._seen += 1
        fit = self._hedge.update(log(self._first.px), log(self._second.px))
        if self._seen < self._parameters.period:
            return
        self._ready = True
        if fit is None or fit.ratio <= 0.0:
            self._stand(0, 1.0, "no hedge: the prices do not move together, or not at all")
            return
        direction = self._direction(fit.z)
        self._stand(direction, fit.ratio, f"z {fit.z:+.2f}, hedge ratio {fit.ratio:.3f}")

    def _direction(self, z: float) -> int:
        if abs(z) > self._parameters.entry_z:
            return -1 if z > 0 else 1
        return self._present if -z * self._present > self._parameters.exit_z else 0

    def _stand(self, direction: int, ratio: float, reason: str) -> None:
        self._reason = reason
        if direction != self._present:
            self._first.confidence = max(1.0 / (1.0 + ratio), 0.01)
            self._second.confidence = max(ratio / (1.0 + ratio), 0.01)
        self._present = direction
        self._first.direction, self._second.direction = direction, -direction

    def _say(self, context: StrategyContext, leg: _Leg, other: _Leg) -> Signal | None:
        """Return what is to be said of the leg of this event, or else of the other one."""
        own = leg.opinion.tell(
            context,
            self.strategy_id,
            leg.direction,
            leg.confidence,
            reason=self._reason,
            again_after=self._parameters.again_after,
        )
        if own is not None or other.opinion.direction == other.direction:
            return own
        other.opinion.direction, other.opinion.told = other.direction, other.opinion.samples
        return Signal(
            self.strategy_id, other.name, other.direction, other.confidence, other.px, self._reason
        )

    def on_fill(self, context: StrategyContext, fill: OrderFilled) -> None:
        """Positions are read from the context; nothing to remember."""

    def explain(self, instrument_id: InstrumentId) -> Sequence[StrategyCondition]:
        """Return window, hedge ratio and z-score."""
        period, fit = self._parameters.period, self._hedge.fit
        window = warming_up(min(self._seen, period), period)
        if not self._ready:
            return (window,)
        if fit is None:
            return (window, StrategyCondition("hedge", "none", "prices that move", met=False))
        entry, beyond = self._parameters.entry_z, abs(fit.z) > self._parameters.entry_z
        return (
            window,
            StrategyCondition("hedge ratio", f"{fit.ratio:.3f}", "above 0", fit.ratio > 0.0),
            StrategyCondition("residual", f"{fit.z:+.2f} sd", f"beyond ±{entry:g} sd", beyond),
        )


def build(strategy_id: StrategyId, parameters: Mapping[str, Any]) -> Pairs:
    """Return the strategy; ValueError names a wrong parameter."""
    return Pairs(strategy_id, msgspec.convert(dict(parameters), PairsParameters))
