"""Whether a VaR series was right: how often it was exceeded, and whether in clusters."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr, chdtrc


@dataclass(frozen=True, slots=True)
class Kupiec:
    """Proportion of failures: likelihood ratio and its p-value with one degree of freedom."""

    lr: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Christoffersen:
    """Coverage and independence; `n01` counts days without a hit followed by one with.

    `lr_cc` is the sum of `lr_uc` and `lr_ind`, with two degrees of freedom.
    """

    n00: int
    n01: int
    n10: int
    n11: int
    lr_uc: float
    lr_ind: float
    lr_cc: float
    p_value: float


@dataclass(frozen=True, slots=True)
class TrafficLight:
    """Zone of the Basel committee and the probability of at most so many exceptions."""

    zone: str
    cumulative_probability: float


def kupiec(exceptions: int, observations: int, p: float) -> Kupiec:
    """Test whether exceptions came as often as they should (Kupiec 1995).

    Raises
    ------
    ValueError
        If counts are negative, exceptions outnumber observations, or p is no probability.
    """
    _check(exceptions, observations, p)
    lr = _coverage(exceptions, observations, p)
    return Kupiec(lr, float(chdtrc(1, lr)))


def christoffersen(hits: npt.ArrayLike, p: float) -> Christoffersen:
    """Test coverage and independence of a series of hits (Christoffersen 1998).

    Parameters
    ----------
    hits : (n,) array of 0 and 1
        1 where the loss exceeded its VaR.
    p : float
        Probability of a hit.

    Notes
    -----
    `lr_uc` counts all n days, the transitions n - 1 of them; ``0 ln 0`` is 0, so that a series
    without a hit, or without two in a row, has an answer.
    """
    series = np.asarray(hits)
    if series.ndim != 1 or series.size < 2 or not np.isin(series, (0, 1)).all():
        raise ValueError("expected hits of 0 and 1, two or more")
    _check(int(series.sum()), series.size, p)
    before, after = series[:-1].astype(bool), series[1:].astype(bool)
    n00, n01 = int((~before & ~after).sum()), int((~before & after).sum())
    n10, n11 = int((before & ~after).sum()), int((before & after).sum())
    both = _loglik(n01 + n11, n00 + n10)
    apart = _loglik(n01, n00) + _loglik(n11, n10)
    lr_ind = max(2.0 * (apart - both), 0.0)
    lr_uc = _coverage(int(series.sum()), series.size, p)
    return Christoffersen(
        n00, n01, n10, n11, lr_uc, lr_ind, lr_uc + lr_ind, float(chdtrc(2, lr_uc + lr_ind))
    )


def basel_zone(exceptions: int, observations: int = 250, p: float = 0.01) -> TrafficLight:
    """Return the zone of the supervisory framework (Basel Committee 1996): 95 % and 99.99 %."""
    _check(exceptions, observations, p)
    reached = float(bdtr(exceptions, observations, p))
    zone = "green" if reached < 0.95 else "yellow" if reached < 0.9999 else "red"
    return TrafficLight(zone, reached)


@dataclass(frozen=True, slots=True)
class VarBacktest:
    """All three tests of one VaR series."""

    exceptions: int
    observations: int
    kupiec: Kupiec
    christoffersen: Christoffersen
    basel: TrafficLight


def backtest_var(
    returns: npt.ArrayLike, var: npt.ArrayLike, *, confidence: float = 0.99
) -> VarBacktest:
    """Hold realised returns against the VaR that was told before each of them.

    Parameters
    ----------
    returns, var : (n,) arrays
        Returns, gains positive; VaR positive for a loss, known before the return.
    """
    r, v = np.asarray(returns, dtype=np.float64), np.asarray(var, dtype=np.float64)
    if r.shape != v.shape or r.ndim != 1 or not (np.isfinite(r).all() and np.isfinite(v).all()):
        raise ValueError(f"expected finite series of one length, was {r.shape} and {v.shape}")
    hits = (-r > v).astype(int)
    p = 1.0 - confidence
    count = int(hits.sum())
    return VarBacktest(
        count, r.size, kupiec(count, r.size, p), christoffersen(hits, p),
        basel_zone(count, r.size, p),
    )  # fmt: skip


def _coverage(exceptions: int, observations: int, p: float) -> float:
    given = _times(exceptions, p) + _times(observations - exceptions, 1.0 - p)
    return max(2.0 * (_loglik(exceptions, observations - exceptions) - given), 0.0)


def _loglik(ones: int, zeros: int) -> float:
    total = ones + zeros
    return 0.0 if not total else _times(ones, ones / total) + _times(zeros, zeros / total)


def _times(count: int, p: float) -> float:
    return count * log(p) if count else 0.0


def _check(exceptions: int, observations: int, p: float) -> None:
    if not 0 <= exceptions <= observations or observations < 1 or not 0.0 < p < 1.0:
        told = f"{exceptions}, {observations}, {p}"
        raise ValueError(f"expected 0 <= exceptions <= observations and 0 < p < 1, was {told}")
