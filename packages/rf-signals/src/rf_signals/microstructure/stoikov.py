"""The micro-price of Stoikov (2018): the mid expected after many changes of the mid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rf_signals.microstructure._checks import (
    FloatArray,
    IntArray,
    array,
    count,
    not_negative,
    number,
    same_shape,
)

_ROUNDING = 1e-6
_CHAIN = 1e-9


class StoikovAdjustment(NamedTuple):
    """What to add to the mid in each state, in the unit of the changes `K`.

    Attributes
    ----------
    first : (states,) array
        G1: expected first change of the mid.
    total : (states,) array
        G*: the sum over all changes to come; micro-price = mid + G*.
    """

    first: FloatArray
    total: FloatArray


def stoikov_adjustment(
    Q: npt.ArrayLike,  # noqa: N803  the paper's names
    R: npt.ArrayLike,  # noqa: N803
    T: npt.ArrayLike,  # noqa: N803
    K: npt.ArrayLike,  # noqa: N803
) -> StoikovAdjustment:
    """Return the micro-price adjustment of a finite-state model of the book.

    Parameters
    ----------
    Q : (n, n) array
        Probabilities of moving from state to state without a change of the mid.
    R : (n, m) array
        Probabilities of a change of the mid by each of the `m` amounts `K`.
    T : (n, n) array
        Probabilities of a change of the mid that ends in each state; rows sum as those of `R`.
    K : (m,) array
        Changes of the mid, currency or ticks.

    Returns
    -------
    StoikovAdjustment
        ``G1 = (I - Q)^-1 R K`` and ``G* = sum_i B^i G1`` with ``B = (I - Q)^-1 T``.

    Raises
    ------
    ValueError
        If shapes disagree, a probability is negative, a row sums to more than 1, the mid never
        changes from some state, or the sum does not converge: the model has a drift (symmetrise
        it), is periodic, or falls into several parts.

    Notes
    -----
    The sum is solved exactly through the stationary distribution of `B`, which must be free of
    drift to 1e-9 of the largest G1. Error about 1e-15 times the condition of ``I - Q``.

    References
    ----------
    Stoikov (2018), "The micro-price: a high-frequency estimator of future prices", theorem 3.1.

    Examples
    --------
    >>> model = ([[0.5, 0.2], [0.2, 0.5]], [[0.2, 0.1], [0.1, 0.2]])
    >>> stoikov_adjustment(*model, [[0.1, 0.2], [0.2, 0.1]], [-0.5, 0.5]).total.round(6)
    array([-0.0625,  0.0625])
    """
    quiet, moves = not_negative("Q", Q, ndim=2), not_negative("R", R, ndim=2)
    after, change = not_negative("T", T, ndim=2), array("K", K)
    n = quiet.shape[0]
    if quiet.shape != (n, n) or after.shape != (n, n) or moves.shape != (n, change.size):
        raise ValueError(
            "expected Q (n, n), R (n, m), T (n, n), K (m,), "
            f"was {quiet.shape}, {moves.shape}, {after.shape}, {change.shape}"
        )
    for name, part in (("R", moves), ("T", after)):
        most = float((quiet.sum(axis=1) + part.sum(axis=1)).max())
        if most > 1.0 + _ROUNDING:
            raise ValueError(f"expected rows of Q and {name} to sum to at most 1, was {most}")
    apart = float(np.abs(moves.sum(axis=1) - after.sum(axis=1)).max())
    if apart > _ROUNDING:
        raise ValueError(f"expected rows of R and T to have one sum, they differ by {apart}")
    return _adjustment(quiet, moves @ change, after)


def _adjustment(quiet: FloatArray, drift: FloatArray, after: FloatArray) -> StoikovAdjustment:
    system = np.eye(quiet.shape[0]) - quiet
    if np.linalg.cond(system) > 1e13:
        raise ValueError("expected a change of the mid from every state, I - Q is singular")
    right = np.column_stack((drift, after))
    solved = np.asarray(np.linalg.solve(system, right), dtype=np.float64)
    first, chain = solved[:, 0], solved[:, 1:]
    return StoikovAdjustment(first, _summed(chain, first))


def _summed(chain: FloatArray, first: FloatArray) -> FloatArray:
    """Return the sum of ``chain**i first`` over all i >= 0."""
    n = chain.shape[0]
    sizes = np.abs(np.linalg.eigvals(chain))
    persistent = int((sizes > 1.0 - _CHAIN).sum())
    if persistent == 0:
        return np.asarray(np.linalg.solve(np.eye(n) - chain, first), dtype=np.float64)
    if persistent > 1:
        raise ValueError("expected one aperiodic chain of states, the sum does not converge")
    balance = np.vstack(((np.eye(n) - chain).T, np.ones(n)))
    weights = np.linalg.lstsq(balance, np.append(np.zeros(n), 1.0), rcond=None)[0]
    drift = float(weights @ first)
    if abs(drift) > _CHAIN * float(np.abs(first).max()):
        raise ValueError(f"expected a model without drift, G1 was {drift:.3g} on average")
    ones = np.outer(np.ones(n), weights)
    return np.asarray(np.linalg.solve(np.eye(n) - chain + ones, first - drift), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class StoikovModel:
    """A fitted micro-price: states are buckets of imbalance times spreads in ticks.

    Attributes
    ----------
    tick : float
        Price step, currency.
    first, total : (n_spread, n_imbalance) array
        G1 and G*, currency, for spreads of 1 to `n_spread` ticks (the last holds all wider ones)
        and rising bid share of the size; NaN where no quote of the state was seen.
    visits : (n_spread, n_imbalance) array of int64
        Quotes seen in each state, mirror images included.
    """

    tick: float
    first: FloatArray
    total: FloatArray
    visits: IntArray

    def micro_price(
        self,
        bid_px: npt.ArrayLike,
        bid_sz: npt.ArrayLike,
        ask_px: npt.ArrayLike,
        ask_sz: npt.ArrayLike,
    ) -> FloatArray:
        """Return mid + G* of each quote, NaN where its state was never seen.

        Parameters and errors are those of `fit_stoikov`.
        """
        bid, bid_size, ask, ask_size = _quotes(bid_px, bid_sz, ask_px, ask_sz)
        states, _ = _states(bid, bid_size, ask, ask_size, tick=self.tick, shape=self.total.shape)
        mid = bid + 0.5 * (ask - bid)
        total = self.total.ravel()[states]
        # A balanced book is its own mirror image, wherever the edge of its bucket lies.
        total = np.where((bid_size == ask_size) & np.isfinite(total), 0.0, total)
        return np.asarray(mid + total, dtype=np.float64)


def fit_stoikov(
    bid_px: npt.ArrayLike,
    bid_sz: npt.ArrayLike,
    ask_px: npt.ArrayLike,
    ask_sz: npt.ArrayLike,
    *,
    tick: float,
    n_imbalance: int = 10,
    n_spread: int = 2,
) -> StoikovModel:
    """Return the micro-price model estimated from successive best quotes.

    Parameters
    ----------
    bid_px, bid_sz, ask_px, ask_sz : (n,) array
        Best quotes in time order (every update, or sampled at fixed times).
    tick : float
        Price step, currency; mids are counted in half ticks.
    n_imbalance : int
        Buckets of equal width of ``bid_sz / (bid_sz + ask_sz)``.
    n_spread : int
        Spreads told apart: 1, 2, ... ticks; wider ones belong to the last.

    Returns
    -------
    StoikovModel
        With every transition and its mirror image counted, so that the model has no drift.

    Raises
    ------
    ValueError
        If an input is not finite or of another length, a size is negative, both sizes are zero,
        a quote is locked or crossed, there are fewer than 2 quotes, or the transitions give no
        answer (see `stoikov_adjustment`), as where the mid never changes.

    Notes
    -----
    O(n) time; a linear system of ``n_imbalance * n_spread`` states.

    References
    ----------
    Stoikov (2018), section 4.

    Examples
    --------
    >>> bid, bid_size = [10.0, 10.0, 11.0, 11.0, 10.0], [1.0, 9.0, 1.0, 1.0, 9.0]
    >>> ask, ask_size = [11.0, 11.0, 12.0, 12.0, 11.0], [9.0, 1.0, 1.0, 9.0, 1.0]
    >>> model = fit_stoikov(bid, bid_size, ask, ask_size, tick=1.0, n_imbalance=2, n_spread=1)
    >>> model.total.round(6)
    array([[-0.333333,  0.333333]])
    """
    bid, bid_size, ask, ask_size = _quotes(bid_px, bid_sz, ask_px, ask_sz)
    array("bid_px", bid, least=2)
    step = number("tick", tick, least=0.0, above=True)
    shape = (count("n_spread", n_spread), count("n_imbalance", n_imbalance))
    states, mirrored = _states(bid, bid_size, ask, ask_size, tick=step, shape=shape)
    halves = np.rint((bid + ask) / step)
    n = shape[0] * shape[1]
    sources = np.concatenate((states[:-1], mirrored[:-1]))
    targets = np.concatenate((states[1:], mirrored[1:]))
    moves = np.concatenate((np.diff(halves), -np.diff(halves)))
    visits = np.bincount(sources, minlength=n)
    seen = np.flatnonzero(visits)
    quiet, after = np.zeros((n, n)), np.zeros((n, n))
    still = moves == 0.0
    np.add.at(quiet, (sources[still], targets[still]), 1.0)
    np.add.at(after, (sources[~still], targets[~still]), 1.0)
    drift = np.bincount(sources, weights=moves, minlength=n) * (0.5 * step)
    rows = visits[seen, None]
    solved = _adjustment(
        quiet[np.ix_(seen, seen)] / rows,
        drift[seen] / visits[seen],
        after[np.ix_(seen, seen)] / rows,
    )
    first, total = np.full(n, np.nan), np.full(n, np.nan)
    first[seen], total[seen] = solved.first, solved.total
    return StoikovModel(
        step, first.reshape(shape), total.reshape(shape), visits.reshape(shape).astype(np.int64)
    )


def _states(
    bid: FloatArray,
    bid_size: FloatArray,
    ask: FloatArray,
    ask_size: FloatArray,
    *,
    tick: float,
    shape: tuple[int, ...],
) -> tuple[IntArray, IntArray]:
    """Return the state of each quote and of its mirror image."""
    n_spread, n_imbalance = shape
    spread = np.rint((ask - bid) / tick).astype(np.int64)
    if spread.min() < 1:
        raise ValueError(f"expected a spread of at least a tick, was {(ask - bid).min()}")
    size = bid_size + ask_size
    if size.min() <= 0.0:
        raise ValueError("expected a size on at least one side of every quote")
    # Both halves are counted from their own end, so that a share on an edge and its mirror image
    # fall into mirrored buckets.
    lesser = (np.minimum(bid_size, ask_size) / size * n_imbalance).astype(np.int64)
    bucket = np.where(bid_size < ask_size, lesser, n_imbalance - 1 - lesser)
    bucket = np.where(bid_size == ask_size, n_imbalance // 2, bucket)
    row = (np.minimum(spread, n_spread) - 1) * n_imbalance
    return row + bucket, row + (n_imbalance - 1 - bucket)


def _quotes(
    bid_px: npt.ArrayLike, bid_sz: npt.ArrayLike, ask_px: npt.ArrayLike, ask_sz: npt.ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    bid, ask = array("bid_px", bid_px), array("ask_px", ask_px)
    bid_size, ask_size = not_negative("bid_sz", bid_sz), not_negative("ask_sz", ask_sz)
    same_shape(bid_px=bid, bid_sz=bid_size, ask_px=ask, ask_sz=ask_size)
    return bid, bid_size, ask, ask_size
