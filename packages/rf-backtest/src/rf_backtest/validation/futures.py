"""Monte Carlo: what the same returns, or the same trades, could have come to in another order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rf_backtest._checks import FloatArray, series
from rf_backtest.resampling import bootstrap

PERCENTILES = (1, 5, 25, 50, 75, 95, 99)


@dataclass(frozen=True, slots=True)
class MonteCarlo:
    """Outcomes of many futures.

    `wealth` and `drawdown` give the value at each of the `percentiles`: final wealth as a
    multiple of the start, and the deepest fall as a positive fraction of the peak. `ruin` is the
    share of futures that touched `ruin_level` times the start, `loss` the share that ended
    below the start.
    """

    of: str
    simulations: int
    block: int
    ruin_level: float
    percentiles: tuple[int, ...]
    wealth: FloatArray
    drawdown: FloatArray
    ruin: float
    loss: float

    def at(self, percentile: int) -> tuple[float, float]:
        """Return wealth and drawdown at one of the percentiles."""
        place = self.percentiles.index(percentile)
        return float(self.wealth[place]), float(self.drawdown[place])


def monte_carlo(
    returns: npt.ArrayLike,
    *,
    rng: np.random.Generator,
    simulations: int = 5_000,
    block: int | None = None,
    ruin_level: float = 0.5,
    percentiles: Sequence[int] = PERCENTILES,
    of: str = "returns",
) -> MonteCarlo:
    """Draw futures of the same length, compounding, from blocks of what happened.

    Parameters
    ----------
    returns : (n,) array
        Simple returns per period, or of closed trades over equity (see `trade_returns`).
    rng : numpy.random.Generator
        Source of the bootstrap.
    simulations : int
        Futures.
    block : int, optional
        Rows drawn together, so that streaks survive; the cube root of n if not given.
    ruin_level : float
        Fraction of the start at or below which a future is ruined.
    of : str
        What was drawn, for people.

    Raises
    ------
    ValueError
        If there are fewer than 2 returns, one loses more than everything, or a number is out of
        range.

    Notes
    -----
    Drawing with replacement changes the outcome; shuffling and then adding up would not. What
    happened before sets the bounds of what can be drawn: a crash that is not in the data is not
    in the futures.
    """
    r = series(returns, least=2)
    if r.min() < -1.0:
        raise ValueError(f"expected returns of at least -1, was {r.min()}")
    if not 0.0 <= ruin_level < 1.0:
        raise ValueError(f"expected a ruin_level of 0 to 1, was {ruin_level}")
    size = max(1, round(r.size ** (1.0 / 3.0))) if block is None else block
    told = bootstrap(r, start=1.0, simulations=simulations, rng=rng, block=size, ruin=ruin_level)
    shares = np.asarray(percentiles, dtype=np.float64) / 100.0
    return MonteCarlo(
        of=of,
        simulations=simulations,
        block=size,
        ruin_level=ruin_level,
        percentiles=tuple(percentiles),
        wealth=np.quantile(told.final, shares),
        drawdown=np.quantile(told.drawdown, shares),
        ruin=told.ruined,
        loss=float(np.mean(told.final < 1.0)),
    )
