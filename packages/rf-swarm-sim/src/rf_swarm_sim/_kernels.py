"""Kernels of the Mirofish forecast: agents that read a history and imagine its next periods.

Agents come in mirrored pairs: the twins have equal weights and meet equal surprises, and the
reading error of one is the negative of the other's. Every operation is odd or even in the returns,
so a history of negated returns gives the negated futures, bit for bit.

Random numbers are functions of (seed, pair, place) and of nothing else, SplitMix64 with a counter
(Steele, Lea and Flood 2014); blocks of pairs are independent, so that any number of threads gives
the same bits.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

WINDOW = 20
STRETCHED = 2.0
THRESHOLD = 0.05
MISREADING = 2.0
BLOCK = 64

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_30 = np.uint64(30)
_27 = np.uint64(27)
_31 = np.uint64(31)
_11 = np.uint64(11)
_ONE = np.uint64(1)
_SCALE = 1.0 / 9007199254740992.0


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _mixed(x):  # type: ignore[no-untyped-def]
    """Return the finaliser of SplitMix64."""
    x = (x ^ (x >> _30)) * _MIX_1
    x = (x ^ (x >> _27)) * _MIX_2
    return x ^ (x >> _31)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _uniform(key, place):  # type: ignore[no-untyped-def]
    """Return the number at `place` of the stream `key`, in [0, 1)."""
    return np.float64(_mixed(key + (place + _ONE) * _GOLDEN) >> _11) * _SCALE


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _stream(seed, pair):  # type: ignore[no-untyped-def]
    """Return the key of the stream of a pair of agents."""
    return _mixed(seed + _mixed((np.uint64(pair) + _ONE) * _GOLDEN))


@njit(cache=True, nogil=True, error_model="numpy")
def variance_filter(r, start, omega, alpha, beta, out):  # type: ignore[no-untyped-def]
    """Fill ``out[t]`` with the variance of period t given the returns before it; one more than r.

    ``h[t+1] = omega + alpha r[t]^2 + beta h[t]``; the Gaussian log likelihood less its constant.
    """
    h = start
    total = 0.0
    for t in range(r.size):
        out[t] = h
        total -= 0.5 * (np.log(h) + r[t] * r[t] / h)
        h = omega + alpha * r[t] * r[t] + beta * h
    out[r.size] = h
    return total


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _read(r, end, scale):  # type: ignore[no-untyped-def]
    """Return trend and stretch of the WINDOW returns before `end`.

    The trend is their sum in deviations. The stretch is -1 (above), 1 (below) or 0: whether the
    log price lies more than STRETCHED deviations from its mean over the WINDOW latest closes.
    """
    back = 0.0
    total = 0.0
    squares = 0.0
    for j in range(1, WINDOW):
        back -= r[end - j]
        total += back
        squares += back * back
    trend = (r[end - WINDOW] - back) * scale
    mean = total / WINDOW
    variance = squares / WINDOW - mean * mean
    stretch = 0.0
    if variance > 0.0 and mean * mean > STRETCHED * STRETCHED * variance:
        stretch = 1.0 if mean > 0.0 else -1.0
    return trend, stretch


@njit(cache=True, nogil=True, error_model="numpy")
def read_history(r, scale, trend, stretch):  # type: ignore[no-untyped-def]
    """Fill trend and stretch as seen before period ``WINDOW + i``, the last one the next period."""
    for i in range(r.size - WINDOW + 1):
        trend[i], stretch[i] = _read(r, i + WINDOW, scale)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _score(trend, stretch, error, momentum, reversion, trust):  # type: ignore[no-untyped-def]
    """Return how much an agent wants to buy, in [-2, 2]; the spread can only weaken it."""
    seen = trend + error
    return trust * (momentum * seen / (1.0 + abs(seen)) + reversion * stretch)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _vote(score):  # type: ignore[no-untyped-def]
    if score > THRESHOLD:
        return 1
    if score < -THRESHOLD:
        return -1
    return 0


@njit(cache=True, nogil=True, error_model="numpy")
def weights(seed, spread, momentum, reversion, trust, error):  # type: ignore[no-untyped-def]
    """Draw the weights of every pair; `trust` is ``1 / (1 + liquidity weight * spread)``."""
    for p in range(momentum.size):
        key = _stream(seed, p)
        momentum[p] = _uniform(key, np.uint64(0))
        reversion[p] = _uniform(key, np.uint64(1))
        trust[p] = 1.0 / (1.0 + _uniform(key, np.uint64(2)) * spread)
        error[p] = MISREADING * (2.0 * _uniform(key, np.uint64(3)) - 1.0)


@njit(cache=True, nogil=True, error_model="numpy")
def _votes_block(b, momentum, reversion, trust, error, trend, stretch, net):  # type: ignore[no-untyped-def]
    first, last = b * BLOCK, min((b + 1) * BLOCK, momentum.size)
    for p in range(first, last):
        for t in range(trend.size):
            one = _score(trend[t], stretch[t], error[p], momentum[p], reversion[p], trust[p])
            two = _score(trend[t], stretch[t], -error[p], momentum[p], reversion[p], trust[p])
            net[b, t] += _vote(one) + _vote(two)


@njit(cache=True, nogil=True, error_model="numpy")
def votes_serial(momentum, reversion, trust, error, trend, stretch, net):  # type: ignore[no-untyped-def]
    """Add the net vote of every block of pairs at every time of the history."""
    for b in range(net.shape[0]):
        _votes_block(b, momentum, reversion, trust, error, trend, stretch, net)


@njit(cache=True, nogil=True, error_model="numpy", parallel=True)
def votes_parallel(momentum, reversion, trust, error, trend, stretch, net):  # type: ignore[no-untyped-def]
    """Do what `votes_serial` does, on the threads that numba has been allowed."""
    for b in prange(net.shape[0]):
        _votes_block(b, momentum, reversion, trust, error, trend, stretch, net)


@njit(cache=True, nogil=True, error_model="numpy")
def _futures_block(b, seed, tail, z, law, momentum, reversion, trust, error, ends):  # type: ignore[no-untyped-def]
    """Fill the horizon returns of a block: ends[pair, twin, future].

    `law` is drift, impact of a vote in deviations, scale of the trend, omega, alpha, beta, and
    the variance of the first period.
    """
    drift, impact, scale = law[0], law[1], law[2]
    omega, alpha, beta, start = law[3], law[4], law[5], law[6]
    horizon = np.int64(law[7])
    futures = ends.shape[2]
    r = np.empty(WINDOW + horizon)
    first, last = b * BLOCK, min((b + 1) * BLOCK, momentum.size)
    for p in range(first, last):
        key = _stream(seed, p)
        for f in range(futures):
            for twin in range(2):
                misread = error[p] if twin == 0 else -error[p]
                r[:WINDOW] = tail
                h = start
                total = 0.0
                place = np.uint64(4 + f * horizon)
                for k in range(horizon):
                    trend, stretch = _read(r, WINDOW + k, scale)
                    score = _score(trend, stretch, misread, momentum[p], reversion[p], trust[p])
                    drawn = z[np.int64(_uniform(key, place + np.uint64(k)) * z.size)]
                    step = drift + np.sqrt(h) * (impact * _vote(score) + drawn)
                    r[WINDOW + k] = step
                    total += step
                    h = omega + alpha * step * step + beta * h
                ends[p, twin, f] = total


@njit(cache=True, nogil=True, error_model="numpy")
def futures_serial(seed, tail, z, law, momentum, reversion, trust, error, ends):  # type: ignore[no-untyped-def]
    """Fill the futures of every pair on this thread."""
    for b in range((momentum.size + BLOCK - 1) // BLOCK):
        _futures_block(b, seed, tail, z, law, momentum, reversion, trust, error, ends)


@njit(cache=True, nogil=True, error_model="numpy", parallel=True)
def futures_parallel(seed, tail, z, law, momentum, reversion, trust, error, ends):  # type: ignore[no-untyped-def]
    """Do what `futures_serial` does, on the threads that numba has been allowed."""
    for b in prange((momentum.size + BLOCK - 1) // BLOCK):
        _futures_block(b, seed, tail, z, law, momentum, reversion, trust, error, ends)
