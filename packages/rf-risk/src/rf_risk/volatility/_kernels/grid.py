"""The likelihood at a grid of starts, and the whole fit from the best of them."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from rf_risk.volatility._kernels.layout import (
    ALPHA,
    BETA,
    GAMMA,
    GARCH,
    MU,
    NORMAL,
    OMEGA,
    SIZE,
)
from rf_risk.volatility._kernels.likelihood import loglik_of
from rf_risk.volatility._kernels.optimise import DONE, maximise

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

TAIL = 1024
"""Latest returns by which starts are ranked."""
SHORT = 500
"""A series up to this length may have several maxima: more starts are followed."""


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def garch_ranks(returns: Floats, starts: Floats, out: Floats) -> None:
    """Fill the normal log likelihood of GARCH starts, up to a constant, all side by side."""
    count = starts.shape[0]
    mu = starts[0, MU]
    omega, alpha = starts[:, OMEGA].copy(), starts[:, ALPHA].copy()
    fall, beta = starts[:, ALPHA] + starts[:, GAMMA], starts[:, BETA].copy()
    h, product, total = np.ones(count), np.ones(count), np.zeros(count)
    for t in range(returns.shape[0]):
        e = returns[t] - mu
        square = e * e
        for i in range(count):
            total[i] += square / h[i]
            product[i] *= h[i]
        if t % 16 == 15:
            for i in range(count):
                total[i] += math.log(product[i])
                product[i] = 1.0
        reaction = fall if e < 0.0 else alpha
        for i in range(count):
            h[i] = omega[i] + reaction[i] * square + beta[i] * h[i]
    for i in range(count):
        out[i] = -0.5 * (total[i] + math.log(product[i]))


@njit(cache=True, nogil=True, error_model="numpy")
def rank_starts(kind: int, returns: Floats, starts: Floats, out: Floats) -> None:
    """Fill the normal log likelihood of every start over the latest returns."""
    tail = returns[max(returns.shape[0] - TAIL, 0) :]
    if kind == GARCH:
        garch_ranks(tail, starts, out)
        return
    work = np.empty(tail.shape[0])
    for i in range(starts.shape[0]):
        out[i] = loglik_of(kind, NORMAL, tail, starts[i], work)


@njit(cache=True, nogil=True, error_model="numpy")
def fit_from_starts(
    kind: int,
    dist: int,
    returns: Floats,
    starts: Floats,
    free: Ints,
    rows: Floats,
    limits: Floats,
    max_steps: int,
    tries: int,
    theta: Floats,
    grad: Floats,
    hess: Floats,
    outer: Floats,
    held: npt.NDArray[np.bool_],
) -> tuple[float, int, float]:
    """Climb from the best start, from the next ones while it leads nowhere; keep the highest.

    Return log likelihood, steps of all climbs and the last decrement of the one that is kept.
    """
    count = starts.shape[0]
    ranks = np.zeros(count)
    if count > 1:
        rank_starts(kind, returns, starts, ranks)
    wanted = 3 if returns.shape[0] <= SHORT else 1
    best, steps, best_decrement, done = -math.inf, 0, math.inf, 0
    at, t_grad = np.empty(SIZE), np.empty(SIZE)
    t_hess, t_outer = np.empty((SIZE, SIZE)), np.empty((SIZE, SIZE))
    t_held = np.empty(limits.shape[0], np.bool_)
    for _ in range(min(count, tries)):
        pick = 0
        for i in range(count):
            if ranks[i] > ranks[pick] or ranks[pick] != ranks[pick]:
                pick = i
        if ranks[pick] == -math.inf and done + steps > 0:
            break
        at[:] = starts[pick]
        # The next start is one from elsewhere, not a neighbour.
        for i in range(count):
            if i == pick or abs(starts[i, BETA] - starts[pick, BETA]) < 0.03:
                ranks[i] = -math.inf
        value, used, decrement = maximise(
            kind, dist, returns, at, free, rows, limits, max_steps, t_grad, t_hess, t_outer, t_held
        )
        steps += used
        good = decrement < DONE
        done += good
        was_good = best_decrement < DONE
        if (good and not was_good) or (good == was_good and value > best):
            best, best_decrement = value, decrement
            theta[:] = at
            grad[:] = t_grad
            hess[:, :] = t_hess
            outer[:, :] = t_outer
            held[:] = t_held
        if done >= wanted:
            break
    return best, steps, best_decrement
