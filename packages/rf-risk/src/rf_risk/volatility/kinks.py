"""A maximum on a kink: the mean of models that react to the size of a residual.

EGARCH and APARCH take ``|r - mu|``, so with a mean to estimate their likelihood has a kink at
every return, and its maximum often stands on one. There the derivative by the mean jumps from
positive to negative instead of vanishing.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from rf_risk.volatility._kernels.layout import MU, SIZE
from rf_risk.volatility._kernels.likelihood import derivatives_of
from rf_risk.volatility._kernels.optimise import DONE, maximise
from rf_risk.volatility.garch import Climb
from rf_risk.volatility.specification import Constraints, Specification

FloatArray = npt.NDArray[np.float64]

_TRIES = 12


def climb_over_kinks(
    spec: Specification, unit: FloatArray, climb: Climb, bounds: Constraints
) -> Climb:
    """Return the maximum on a return near the mean, the climb as it was if none is one.

    The mean is put on a return, the rest is maximised, and the derivative by the mean is taken
    on both sides: of opposite signs, the kink is a maximum; otherwise they tell which way to go.
    """
    candidates = np.unique(unit)
    at = int(np.argmin(np.abs(candidates - climb.theta[MU])))
    best, seen, steps = climb, set[int](), climb.steps
    for _ in range(_TRIES):
        if at in seen or not 0 <= at < candidates.size:
            break
        seen.add(at)
        tried = _pinned(spec, unit, best.theta, float(candidates[at]), bounds)
        steps += tried.steps
        below, above = _slopes(spec, unit, tried.theta)
        if tried.value >= best.value - 1e-9:
            best = tried
        if below >= 0.0 >= above and tried.decrement < DONE:
            return replace(best if best is tried else tried, steps=steps)
        at += 1 if above > 0.0 else -1
    return replace(best, steps=steps, decrement=max(best.decrement, climb.decrement))


def _pinned(
    spec: Specification, unit: FloatArray, theta: FloatArray, mean: float, bounds: Constraints
) -> Climb:
    moved = theta.copy()
    moved[MU] = mean
    grad = np.empty(SIZE)
    hess, outer = np.empty((SIZE, SIZE)), np.empty((SIZE, SIZE))
    held = np.zeros(bounds.limits.size, dtype=np.bool_)
    dist = spec.innovations.code
    # Without the mean's place, then once more with it for the derivatives that errors need.
    value, steps, decrement = maximise(
        spec.kind,
        dist,
        unit,
        moved,
        spec.free[1:],
        bounds.rows,
        bounds.limits,
        100,
        grad,
        hess,
        outer,
        held,
    )
    derivatives_of(spec.kind, dist, unit, moved, spec.free, grad, hess, outer)
    grad[MU] = 0.0  # of the mean a kink asks only for the signs of its two slopes
    return Climb(moved, value, steps, decrement, grad, hess, outer, held)


def _slopes(spec: Specification, unit: FloatArray, theta: FloatArray) -> tuple[float, float]:
    """Return the derivative by the mean just below and just above it."""
    grad, square = np.empty(SIZE), np.empty((SIZE, SIZE))
    found = []
    for side in (-np.inf, np.inf):
        moved = theta.copy()
        for _ in range(4):
            moved[MU] = np.nextafter(moved[MU], side)
        derivatives_of(
            spec.kind, spec.innovations.code, unit, moved, spec.free, grad, square, square.copy()
        )
        found.append(float(grad[MU]))
    return found[0], found[1]
