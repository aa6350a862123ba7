"""Marks for a strategy's measures: what passes, what is good, what is rare.

Kurtosis and the autocorrelation of absolute returns are no merits: real markets have fat tails
and clustered volatility, and a series without them was probably made by a generator.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite, nan

from scipy.special import ndtr


class Mark(StrEnum):
    """How far one measure gets."""

    ELITE = "elite"
    GOOD = "good"
    PASS = "pass"
    FAIL = "fail"
    UNAVAILABLE = "unavailable"


class Grade(StrEnum):
    """How far all measures together get."""

    ELITE = "elite"
    GOOD = "good"
    MINIMUM_PASS = "minimum_pass"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Threshold:
    """Three levels of one measure, each harder than the one before.

    `higher` tells whether more is better. A value must reach the level, equality counts.
    """

    passing: float
    good: float
    elite: float
    higher: bool = True

    def reaches(self, value: float, level: float) -> bool:
        """Tell whether a value is at least as good as a level; NaN never is."""
        return value >= level if self.higher else value <= level

    def mark(self, value: float) -> Mark:
        """Return the mark of a value; what is not finite is unavailable."""
        if not isfinite(value):
            return Mark.UNAVAILABLE
        levels = ((self.elite, Mark.ELITE), (self.good, Mark.GOOD), (self.passing, Mark.PASS))
        return next((mark for level, mark in levels if self.reaches(value, level)), Mark.FAIL)

    def score(self, value: float) -> float:
        """Return 0 to 1: 0.3 at pass, 0.5 at good, 0.8 at elite, straight lines between.

        It is 0 at or below nothing (twice the passing level, where less is better) and 1 beyond
        elite by as much as elite is beyond pass.
        """
        if not isfinite(value):
            return nan
        x, levels = value, (self.passing, self.good, self.elite)
        if not self.higher:
            x, levels = -value, (-self.passing, -self.good, -self.elite)
        floor = 0.0 if self.higher else 2.0 * levels[0]
        knots = (floor, *levels, levels[2] + (levels[2] - levels[0]))
        scores = (0.0, 0.3, 0.5, 0.8, 1.0)
        for place in range(4):
            if x < knots[place + 1]:
                share = (x - knots[place]) / (knots[place + 1] - knots[place])
                low, high = scores[place], scores[place + 1]
                return max(0.0, low + share * (high - low))
        return 1.0


THRESHOLDS: Mapping[str, Threshold] = {
    "sharpe": Threshold(1.0, 1.5, 2.5),
    "sortino": Threshold(1.2, 2.0, 3.5),
    "max_drawdown": Threshold(0.15, 0.08, 0.03, higher=False),
    "win_rate": Threshold(0.50, 0.55, 0.75),
    "calmar": Threshold(0.5, 1.0, 3.0),
    "annual_return": Threshold(0.064, 0.15, 0.30),
    "kurtosis": Threshold(3.0, 4.0, 6.0),
    "volatility_acf": Threshold(0.05, 0.10, 0.20),
    "generalisation": Threshold(0.183, 0.5, 0.8),
    "deflated_sharpe": Threshold(float(ndtr(0.0)), float(ndtr(1.0)), float(ndtr(3.0))),
    "composite": Threshold(0.3, 0.5, 0.8),
    "profit_factor": Threshold(1.2, 2.0, 3.0),
}
"""The levels by measure. Those of the deflated ratio are 0, 1 and 3 deviations as probabilities."""

_NO_MERIT = frozenset({"kurtosis", "volatility_acf", "composite"})


def composite(values: Mapping[str, float]) -> float:
    """Return the mean score of the measures that are merits; NaN when one is unavailable.

    Kurtosis and the autocorrelation of absolute returns are left out.
    """
    scores = [
        limit.score(values.get(name, nan))
        for name, limit in THRESHOLDS.items()
        if name not in _NO_MERIT
    ]
    return sum(scores) / len(scores)


def marks(values: Mapping[str, float]) -> dict[str, Mark]:
    """Return the mark of each measure that has levels."""
    return {name: limit.mark(values.get(name, nan)) for name, limit in THRESHOLDS.items()}


def grade(found: Mapping[str, Mark]) -> Grade:
    """Return elite if all are, good if all pass, minimum pass from three quarters, else fail.

    What is unavailable has not passed.

    Examples
    --------
    >>> grade({"sharpe": Mark.ELITE, "calmar": Mark.PASS})
    <Grade.GOOD: 'good'>
    """
    if not found:
        return Grade.FAIL
    passed = sum(mark in {Mark.ELITE, Mark.GOOD, Mark.PASS} for mark in found.values())
    if all(mark is Mark.ELITE for mark in found.values()):
        return Grade.ELITE
    if passed == len(found):
        return Grade.GOOD
    return Grade.MINIMUM_PASS if passed >= 0.75 * len(found) else Grade.FAIL
