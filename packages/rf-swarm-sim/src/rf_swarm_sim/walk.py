"""Walk the Mirofish forecast through a history and score every forecast that came due."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rf_common.clock import UnixNanos
from rf_common.ids import InstrumentId
from rf_swarm_sim.mirofish import HistoryError, forecast
from rf_swarm_sim.score import Forecast, Score, ScoreBook, Scored, summary

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Walk:
    """What became of the forecasts of a walk.

    `directional` is the share of right sides among forecasts whose likelier side of rally and dip
    was followed by one of the two, of which there were `sided`. `skipped` counts windows from
    which nothing could be forecast.
    """

    score: Score
    rows: tuple[Scored, ...]
    skipped: int
    outcomes: tuple[int, int, int]
    sided: int
    directional: float | None
    is_interrupted: bool


def walk_forward(
    prices: npt.ArrayLike,
    *,
    horizon: int,
    window: int = 500,
    step: int | None = None,
    agents: int = 5_000,
    seed: int,
    progress: Progress | None = None,
) -> Walk:
    """Return how forecasts made along a history from the closes before would have scored.

    Parameters
    ----------
    prices : (n,) array
        Closes, currency, oldest first.
    horizon : int
        Periods ahead.
    window : int
        Returns that each forecast is made from: the same number at every time.
    step : int, optional
        Periods from one forecast to the next; the horizon, so that outcomes do not overlap.
    agents, seed : int
        As for `forecast`; every forecast has the same seed.
    progress : callable, optional
        Called with (forecasts, of how many).

    Returns
    -------
    Walk
        Of those that were made so far, on Ctrl-C too.

    Raises
    ------
    ValueError
        If no window fits into the prices, or an option is out of range.

    Notes
    -----
    A forecast at close t uses closes t - window to t and is scored with close t + horizon. The
    base rate that it is held against is that of the same window.

    Examples
    --------
    >>> closes = 100.0 * np.exp(np.cumsum(np.random.default_rng(1).normal(0.0, 0.01, 400)))
    >>> walk_forward(closes, horizon=5, window=200, agents=500, seed=1).score.scored
    39
    """
    px = np.asarray(prices, dtype=np.float64)
    stride = horizon if step is None else step
    if stride < 1:
        raise ValueError(f"step: expected 1 or more, was {step}")
    times = range(window, px.size - horizon, stride) if px.ndim == 1 else range(0)
    if not len(times):
        least = window + horizon + 1
        raise ValueError(f"prices: expected {least} closes or more, was shape {px.shape}")
    walker = _Walker(px, horizon, window, agents, seed)
    is_interrupted = False
    try:
        for done, at in enumerate(times, 1):
            walker.visit(at)
            if progress is not None:
                progress(done, len(times))
    except KeyboardInterrupt:
        is_interrupted = True
    return walker.told(is_interrupted)


class _Walker:
    def __init__(self, px: npt.NDArray[np.float64], horizon: int, window: int, *more: int) -> None:
        self.px, self.horizon, self.window = px, horizon, window
        self.agents, self.seed = more
        self.rows: list[Scored] = []
        self.sides: list[int] = []
        self.skipped = 0
        self.reason = ""

    def visit(self, at: int) -> None:
        """Forecast at a close and score it with the one a horizon later."""
        try:
            told = forecast(
                self.px[at - self.window : at + 1],
                horizon=self.horizon,
                agents=self.agents,
                seed=self.seed,
            )
        except HistoryError as error:
            self.skipped += 1
            self.reason = str(error)
            return
        book = ScoreBook()
        shares, base = told.probabilities, told.base_rate
        book.add(
            Forecast(
                forecast_id=str(at),
                instrument_id=InstrumentId("history"),
                ts_event=UnixNanos(at),
                horizon_ns=self.horizon,
                px=float(self.px[at]),
                band=told.band,
                probabilities=(shares.rally, shares.sideways, shares.dip),
                base=(base.rally, base.sideways, base.dip),
            )
        )
        self.rows += book.settle("history", at + self.horizon, float(self.px[at + self.horizon]))
        self.sides.append((shares.rally > shares.dip) - (shares.rally < shares.dip))

    def told(self, is_interrupted: bool) -> Walk:
        """Return the walk as far as it came."""
        if not self.rows:
            if is_interrupted:
                raise KeyboardInterrupt
            raise ValueError(f"prices: no window could be forecast from: {self.reason}")
        outcomes = [row.outcome for row in self.rows]
        judged = [
            side == 1 - outcome
            for side, outcome in zip(self.sides, outcomes, strict=True)
            if side and outcome != 1
        ]
        return Walk(
            score=summary(self.rows),
            rows=tuple(self.rows),
            skipped=self.skipped,
            outcomes=(outcomes.count(0), outcomes.count(1), outcomes.count(2)),
            sided=len(judged),
            directional=sum(judged) / len(judged) if judged else None,
            is_interrupted=is_interrupted,
        )
