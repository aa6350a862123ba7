"""Scores of probability forecasts: how good they were, and whether better than the base rate.

A forecast is kept with its price until its horizon has passed; then its three probabilities are
held against what happened. Nothing is said before 30 forecasts have been scored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite, log, sqrt
from typing import Any, Final

import msgspec

from rf_common.clock import UnixNanos
from rf_common.ids import InstrumentId

MIN_SCORED: Final = 30
SUM_TOLERANCE: Final = 1e-9

Shares = tuple[float, float, float]
"""Fractions for rally, sideways and dip."""


class Forecast(msgspec.Struct, frozen=True):
    """Three probabilities and the price they were made at.

    `band` is the log return over the horizon beyond which it is a rally, and below its negative
    a dip; `horizon_ns` is how long after `ts_event` it is scored.
    """

    forecast_id: str
    instrument_id: InstrumentId
    ts_event: UnixNanos
    horizon_ns: int
    px: float
    band: float
    probabilities: Shares
    base: Shares

    @property
    def due(self) -> UnixNanos:
        """When it can be scored."""
        return UnixNanos(self.ts_event + self.horizon_ns)


class Scored(msgspec.Struct, frozen=True):
    """What became of one forecast; `outcome` is 0 rally, 1 sideways, 2 dip."""

    forecast_id: str
    instrument_id: InstrumentId
    outcome: int
    hit: bool
    brier: float
    base_brier: float


@dataclass(frozen=True, slots=True)
class Score:
    """Means over what was scored.

    Brier scores run from 0 (certain and right) to 2 (certain and wrong). `skill` is
    ``1 - brier / base_brier``, above 0 when better than the base rate; `skill_t` is the t-ratio of
    the difference of the two, as if forecasts were independent. `hits` counts the forecasts whose
    likeliest outcome came true.
    """

    scored: int
    brier: float
    base_brier: float
    skill: float | None
    skill_t: float | None
    hit_rate: float


def brier(probabilities: Iterable[float], outcome: int) -> float:
    """Return the Brier score of one forecast over several classes.

    Parameters
    ----------
    probabilities : (k,) fractions
    outcome : int
        Index of the class that came true.

    Returns
    -------
    float
        From 0 to 2.

    References
    ----------
    Brier (1950), equation 2.

    Examples
    --------
    >>> round(brier((0.5, 0.3, 0.2), 0), 2)
    0.38
    """
    return sum((p - (k == outcome)) ** 2 for k, p in enumerate(probabilities))


class ScoreBook:
    """Forecasts that wait, and scores of those that have come due; pure, per instrument.

    Parameters
    ----------
    keep : int
        How many scores are kept; the oldest leave first.

    Examples
    --------
    >>> book = ScoreBook()
    >>> shares, base = (0.5, 0.3, 0.2), (0.4, 0.3, 0.3)
    >>> book.add(Forecast("a", "sim:X", 0, 10, 100.0, 0.01, shares, base))
    >>> book.settle("sim:X", 9, 102.0)
    ()
    >>> book.settle("sim:X", 10, 102.0)[0].outcome
    0
    >>> book.score() is None
    True
    """

    def __init__(self, *, keep: int = 10_000) -> None:
        if keep < MIN_SCORED:
            raise ValueError(f"keep: expected {MIN_SCORED} or more, was {keep}")
        self._keep = keep
        self._waiting: dict[str, Forecast] = {}
        self._scored: list[Scored] = []

    @property
    def waiting(self) -> int:
        """How many forecasts have not come due."""
        return len(self._waiting)

    def add(self, forecast: Forecast) -> None:
        """Keep a forecast until its horizon has passed.

        Raises
        ------
        ValueError
            If its probabilities are none, its price or horizon is not above zero, or its id waits.
        """
        check(forecast)
        if forecast.forecast_id in self._waiting:
            raise ValueError(f"forecast_id: {forecast.forecast_id!r} is waiting already")
        self._waiting[forecast.forecast_id] = forecast

    def settle(self, instrument_id: str, ts: int, px: float) -> tuple[Scored, ...]:
        """Score every forecast of an instrument that is due at `ts` with the price at that time.

        Raises
        ------
        ValueError
            If the price is not finite and above zero.
        """
        if not (isfinite(px) and px > 0.0):
            raise ValueError(f"px: expected a finite price above zero, was {px}")
        due = [
            f for f in self._waiting.values() if f.instrument_id == instrument_id and f.due <= ts
        ]
        found = tuple(_judge(f, px) for f in due)
        for forecast in due:
            del self._waiting[forecast.forecast_id]
        self._scored = [*self._scored, *found][-self._keep :]
        return found

    def drop(self, instrument_id: str) -> int:
        """Forget the forecasts of an instrument that wait, say after a gap; return how many."""
        gone = [k for k, f in self._waiting.items() if f.instrument_id == instrument_id]
        for key in gone:
            del self._waiting[key]
        return len(gone)

    def count(self, instrument_id: str | None = None) -> int:
        """Return how many forecasts were scored, of one instrument or of all."""
        return len(self._of(instrument_id))

    def score(self, instrument_id: str | None = None) -> Score | None:
        """Return the score of one instrument or of all; None until 30 were scored."""
        scored = self._of(instrument_id)
        return summary(scored) if len(scored) >= MIN_SCORED else None

    def state(self) -> dict[str, Any]:
        """Return everything as values that JSON knows."""
        return {
            "keep": self._keep,
            "waiting": [msgspec.to_builtins(f) for f in self._waiting.values()],
            "scored": [msgspec.to_builtins(s) for s in self._scored],
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> ScoreBook:
        """Return the book that `state` was taken from.

        Raises
        ------
        ValueError
            If it is no state of a book.
        """
        try:
            book = cls(keep=msgspec.convert(state["keep"], int))
            waiting = msgspec.convert(state["waiting"], list[Forecast])
            book._scored = msgspec.convert(state["scored"], list[Scored])
        except (KeyError, msgspec.ValidationError) as error:
            raise ValueError(f"state: expected what ScoreBook.state gave, {error}") from error
        for forecast in waiting:
            book.add(forecast)
        return book

    def _of(self, instrument_id: str | None) -> list[Scored]:
        if instrument_id is None:
            return self._scored
        return [s for s in self._scored if s.instrument_id == instrument_id]


def check(forecast: Forecast) -> None:
    """Raise ValueError if a forecast cannot be scored."""
    for name, value in (("px", forecast.px), ("band", forecast.band)):
        if not (isfinite(value) and value > 0.0):
            raise ValueError(f"{name}: expected a finite number above zero, was {value}")
    if forecast.horizon_ns <= 0:
        raise ValueError(f"horizon_ns: expected a span above zero, was {forecast.horizon_ns}")
    for name, shares in (("probabilities", forecast.probabilities), ("base", forecast.base)):
        whole = all(isfinite(p) and 0.0 <= p <= 1.0 for p in shares)
        if not whole or abs(sum(shares) - 1.0) > SUM_TOLERANCE:
            raise ValueError(f"{name}: expected fractions that sum to 1, was {shares}")


def summary(scored: Iterable[Scored]) -> Score:
    """Return the means of scores, however few.

    Raises
    ------
    ValueError
        If there is none.
    """
    rows = list(scored)
    if not rows:
        raise ValueError("scored: expected one or more, was none")
    n = len(rows)
    mean = sum(s.brier for s in rows) / n
    base = sum(s.base_brier for s in rows) / n
    return Score(
        scored=n,
        brier=mean,
        base_brier=base,
        skill=1.0 - mean / base if base > 0.0 else None,
        skill_t=_t_ratio([s.base_brier - s.brier for s in rows]),
        hit_rate=sum(s.hit for s in rows) / n,
    )


def _judge(forecast: Forecast, px: float) -> Scored:
    moved = log(px / forecast.px)
    found = 0 if moved > forecast.band else 2 if moved < -forecast.band else 1
    shares = forecast.probabilities
    return Scored(
        forecast_id=forecast.forecast_id,
        instrument_id=forecast.instrument_id,
        outcome=found,
        hit=shares[found] == max(shares),
        brier=brier(shares, found),
        base_brier=brier(forecast.base, found),
    )


def _t_ratio(differences: list[float]) -> float | None:
    n = len(differences)
    mean = sum(differences) / n
    spread = sum((d - mean) ** 2 for d in differences)
    if n < 2 or spread <= n * (1e-9 * mean) ** 2:  # equal but for rounding
        return None
    return mean / sqrt(spread / (n - 1) / n)
