"""The table of the worst falls of equity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rf_backtest._checks import series


@dataclass(frozen=True, slots=True)
class Episode:
    """One fall of equity: places count its points from 0, `recovery` is None while it lasts.

    `depth` is a positive fraction of the peak, `length` the points from the peak to the recovery
    or the end.
    """

    depth: float
    peak: int
    trough: int
    recovery: int | None
    length: int


def drawdown_table(returns: npt.ArrayLike, *, worst: int = 5) -> tuple[Episode, ...]:
    """Return the deepest falls of wealth, deepest first; they do not overlap.

    Examples
    --------
    >>> drawdown_table([0.1, -0.1, 0.2, -0.5])[0]
    Episode(depth=0.5, peak=3, trough=4, recovery=None, length=1)
    """
    wealth = np.concatenate(([1.0], np.cumprod(1.0 + series(returns))))
    peaks = np.maximum.accumulate(wealth)
    fall = 1.0 - wealth / peaks
    tops = np.append(np.flatnonzero(fall <= 0.0), wealth.size)
    episodes = []
    for peak, after in zip(tops[:-1].tolist(), tops[1:].tolist(), strict=True):
        if after == peak + 1:
            continue
        trough = peak + 1 + int(np.argmax(fall[peak + 1 : after]))
        recovery = after if after < wealth.size else None
        length = min(after, wealth.size - 1) - peak
        episodes.append(Episode(float(fall[trough]), peak, trough, recovery, length))
    return tuple(sorted(episodes, key=lambda episode: -episode.depth)[:worst])
