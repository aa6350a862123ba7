"""One opinion from an ensemble of simulated markets and the Mirofish crowd.

Bull, bear and neutral are shares of the ensemble's paths, with their standard errors: nothing in
the opinion is a constant. A history from which nothing can be said gives an opinion that is
unavailable, with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from rf_common.clock import UnixNanos
from rf_common.ids import InstrumentId
from rf_common.intelligence import Conviction, Direction, SwarmSignal
from rf_swarm_sim.market import EnsembleRun, Scenario, SwarmConfig, simulate_ensemble
from rf_swarm_sim.mirofish import BAND, HistoryError, Mirofish, forecast
from rf_swarm_sim.score import Forecast, ScoreBook

FloatArray = npt.NDArray[np.float64]

MARGIN: Final = 0.15
HIGH: Final = 0.30
MEDIUM: Final = 0.15
HERD: Final = 0.95
HERD_SCORE: Final = 0.7
RSI_PERIOD: Final = 14
TREND_ROUNDS: Final = 60
LOWEST, HIGHEST = 0.35, 0.92
ACTIONABLE: Final = 0.40
MIN_PATHS: Final = 2

HIGH_VOLATILITY: Final = "HighVolatility"
ORDER_IMBALANCE: Final = "OrderImbalance"
TRENDING: Final = "Trending"
LOW_VOLATILITY: Final = "LowVolatility"
MEAN_REVERTING: Final = "MeanReverting"


class Confidence(NamedTuple):
    """What a confidence is made of; every part lies in [0, 1].

    Attributes
    ----------
    agreement : float
        Share of acting agents on the larger side; above .95 it counts as .7, a herd.
    flow : float
        How one-sided paths are: |sum of their net flows| over the sum of |net flow|.
    drift : float
        |mean horizon return| of the paths over half a deviation of the horizon, at most 1.
    vol : float
        1 while the paths move no more than the history did, else the ratio of the two.
    rsi : float
        Room that is left in the direction: 1 - RSI/100 for LONG, RSI/100 for SHORT, otherwise the
        distance from the nearer extreme, 2 min(RSI, 100 - RSI) / 100.
    """

    agreement: float
    flow: float
    drift: float
    vol: float
    rsi: float

    @property
    def value(self) -> float:
        """The weighted sum, clamped to [.35, .92]."""
        herd = HERD_SCORE if self.agreement > HERD else self.agreement
        total = 0.30 * herd + 0.20 * self.flow + 0.15 * self.drift
        return min(max(total + 0.15 * self.vol + 0.20 * self.rsi, LOWEST), HIGHEST)


@dataclass(frozen=True, slots=True)
class Ensemble:
    """What the paths of an ensemble come to; volatilities are per round."""

    bull: float
    bear: float
    neutral: float
    std_error: float
    agreement: float | None
    net_flow: float
    flow: float
    drift: float
    vol: float
    paths: int


def swarm_signal(
    cycle_id: str,
    instrument_id: InstrumentId,
    ts_event: UnixNanos,
    *,
    history: npt.ArrayLike,
    config: SwarmConfig,
    seed: int,
    paths: int,
    rounds: int,
    calibrated: bool,
    sentiment: float = 0.0,
    scenario: Scenario | None = None,
    threads: int = 1,
) -> SwarmSignal:
    """Return what an ensemble of markets and the Mirofish crowd make of a history.

    Parameters
    ----------
    cycle_id, instrument_id, ts_event
        Which run, of what, when.
    history : (n,) array
        Closes, currency, oldest first, one a round of `config`; as many as `forecast` asks for.
    config : SwarmConfig
        The market; its volatility is replaced by that of the history.
    seed : int
        From 0 to 2**63 - 1. The same arguments give the same bits.
    paths : int
        Markets to run, 2 or more; the errors are those of so many.
    rounds : int
        How far both look.
    calibrated : bool
        Whether `config` was calibrated to a history of this instrument.
    sentiment : float
        Mood of the news in [-1, 1].
    scenario : Scenario, optional
        What hits the market.
    threads : int
        Threads of numba.

    Returns
    -------
    SwarmSignal
        With `unavailable` set when the history says nothing or nobody acts. `with_score` adds
        how good earlier forecasts were.

    Raises
    ------
    ValueError
        If an option is out of range.

    Notes
    -----
    Bull is the share of paths whose horizon return exceeds half a deviation of the horizon, bear
    its mirror image. A direction needs more than .15 between them; conviction is HIGH beyond .30.
    With few paths such a margin is within the noise: `std_error` is the largest of the three.

    Examples
    --------
    >>> closes = 100.0 * np.exp(np.cumsum(np.random.default_rng(1).normal(0.0, 0.001, 400)))
    >>> told = swarm_signal("c1", "sim:X", 0, history=closes, config=SwarmConfig(agents=200),
    ...                     seed=1, paths=4, rounds=10, calibrated=False)
    >>> round(told.bull + told.bear + told.neutral, 12), told.synthetic, told.paths
    (1.0, True, 4)
    """
    if isinstance(paths, bool) or not isinstance(paths, int) or paths < MIN_PATHS:
        raise ValueError(f"paths: expected a whole number of {MIN_PATHS} or more, was {paths!r}")
    try:
        crowd = forecast(history, horizon=rounds, seed=seed, threads=threads)
    except HistoryError as error:
        return unavailable(cycle_id, instrument_id, ts_event, str(error))
    px = np.asarray(history, dtype=np.float64)
    year = sqrt(config.rounds_per_day * config.days_per_year)
    run = simulate_ensemble(
        config,
        px=float(px[-1]),
        rounds=rounds,
        paths=paths,
        seed=seed,
        vol=crowd.vol * year,
        history=px,
        sentiment=sentiment,
        scenario=scenario,
        threads=threads,
    )
    told = summarise(run, crowd.vol)
    if told.agreement is None:
        return unavailable(cycle_id, instrument_id, ts_event, "no agent acted in any path")
    direction = direction_of(told.bull, told.bear)
    parts = confidence(told, direction, vol=crowd.vol, rsi=rsi_of(px), rounds=rounds)
    return SwarmSignal(
        cycle_id=cycle_id,
        instrument_id=instrument_id,
        ts_event=ts_event,
        unavailable="",
        direction=direction,
        conviction=conviction_of(told.bull, told.bear),
        confidence=parts.value,
        bull=told.bull,
        bear=told.bear,
        neutral=told.neutral,
        std_error=told.std_error,
        agreement=told.agreement,
        net_flow=told.net_flow,
        regime=regime_of(told, px, crowd.vol),
        px=float(px[-1]),
        vol=told.vol * year,
        **_of_crowd(crowd),
        brier=None,
        scored=0,
        agents=config.agents,
        paths=paths,
        rounds=rounds,
        seed=seed,
        synthetic=not calibrated,
    )


def with_score(signal: SwarmSignal, book: ScoreBook) -> SwarmSignal:
    """Return the opinion with how good earlier forecasts for its instrument were.

    Examples
    --------
    >>> with_score(unavailable("c1", "sim:X", 0, "no worker"), ScoreBook()).brier is None
    True
    """
    score = book.score(signal.instrument_id)
    return msgspec.structs.replace(
        signal,
        brier=None if score is None else score.brier,
        scored=book.count(signal.instrument_id),
    )


def forecast_of(signal: SwarmSignal, *, horizon_ns: int, band: float) -> Forecast:
    """Return the Mirofish half of an opinion as a forecast that can be scored.

    Parameters
    ----------
    signal : SwarmSignal
    horizon_ns : int
        The time that `signal.rounds` take.
    band : float
        What `mirofish.band_of` says of the history that the opinion was made from.

    Raises
    ------
    ValueError
        If the opinion is unavailable.
    """
    if signal.unavailable:
        raise ValueError(f"signal: expected one that is there, {signal.unavailable}")
    return Forecast(
        forecast_id=signal.cycle_id,
        instrument_id=signal.instrument_id,
        ts_event=signal.ts_event,
        horizon_ns=horizon_ns,
        px=signal.px,
        band=band,
        probabilities=(signal.rally, signal.sideways, signal.dip),
        base=(signal.base_rally, signal.base_sideways, signal.base_dip),
    )


def unavailable(
    cycle_id: str, instrument_id: InstrumentId, ts_event: UnixNanos, reason: str
) -> SwarmSignal:
    """Return the opinion of a swarm that has none; its numbers mean nothing.

    Raises
    ------
    ValueError
        If there is no reason.

    Examples
    --------
    >>> actionable(unavailable("c1", "sim:X", 0, "the worker was restarted"))
    False
    """
    if not reason:
        raise ValueError("reason: expected why there is no opinion, was empty")
    nothing = dict.fromkeys(
        (
            "confidence", "bull", "bear", "neutral", "std_error", "agreement", "net_flow", "px",
            "vol", "rally", "sideways", "dip", "mirofish_error", "base_rally", "base_sideways",
            "base_dip",
        ),
        0.0,
    )  # fmt: skip
    return SwarmSignal(
        cycle_id=cycle_id,
        instrument_id=instrument_id,
        ts_event=ts_event,
        unavailable=reason,
        direction=Direction.NEUTRAL,
        conviction=Conviction.LOW,
        regime="",
        brier=None,
        scored=0,
        agents=0,
        paths=0,
        rounds=0,
        seed=0,
        synthetic=True,
        **nothing,
    )


def actionable(signal: SwarmSignal) -> bool:
    """Return whether an opinion is worth acting on, before any gate.

    It is there, has a direction, a conviction above LOW, a confidence above .40, and does not
    come from a market of high volatility.
    """
    return (
        not signal.unavailable
        and signal.direction is not Direction.NEUTRAL
        and signal.conviction is not Conviction.LOW
        and signal.regime != HIGH_VOLATILITY
        and signal.confidence > ACTIONABLE
    )


def summarise(run: EnsembleRun, vol: float) -> Ensemble:
    """Return what the paths of an ensemble come to.

    Parameters
    ----------
    run : EnsembleRun
    vol : float
        Deviation of the history's log returns, per round.
    """
    moved = np.log(run.mid[:, -1] / run.start)
    band = BAND * vol * sqrt(run.rounds)
    n = run.paths
    bull = int((moved > band).sum()) / n
    bear = int((moved < -band).sum()) / n
    neutral = int((np.abs(moved) <= band).sum()) / n
    flows = run.net_flow.sum(axis=1)
    gross = float(np.abs(flows).sum())
    return Ensemble(
        bull=bull,
        bear=bear,
        neutral=neutral,
        std_error=max(sqrt(p * (1.0 - p) / n) for p in (bull, bear, neutral)),
        agreement=_agreement(run),
        net_flow=float(flows.mean()),
        flow=abs(float(flows.sum())) / gross if gross > 0.0 else 0.0,
        drift=float(moved.mean()),
        vol=float(np.sqrt(np.mean(run.realised_vol**2))) / _year(run.config),
        paths=n,
    )


def direction_of(bull: float, bear: float) -> Direction:
    """Return the side whose probability leads by more than .15, otherwise NEUTRAL.

    Examples
    --------
    >>> direction_of(0.50, 0.30), direction_of(0.40, 0.30)
    (<Direction.LONG: 'LONG'>, <Direction.NEUTRAL: 'NEUTRAL'>)
    """
    lead = bull - bear
    if abs(lead) <= MARGIN:
        return Direction.NEUTRAL
    return Direction.LONG if lead > 0.0 else Direction.SHORT


def conviction_of(bull: float, bear: float) -> Conviction:
    """Return HIGH beyond .30 between the two, MEDIUM beyond .15, otherwise LOW."""
    lead = abs(bull - bear)
    if lead > HIGH:
        return Conviction.HIGH
    return Conviction.MEDIUM if lead > MEDIUM else Conviction.LOW


def confidence(
    told: Ensemble, direction: Direction, *, vol: float, rsi: float, rounds: int
) -> Confidence:
    """Return the parts of the confidence in an ensemble that somebody acted in."""
    if told.agreement is None:
        raise ValueError("agreement: expected a share, nobody acted")
    room = {Direction.LONG: 1.0 - rsi / 100.0, Direction.SHORT: rsi / 100.0}
    return Confidence(
        agreement=told.agreement,
        flow=told.flow,
        drift=min(abs(told.drift) / (BAND * vol * sqrt(rounds)), 1.0),
        vol=min(vol / told.vol, 1.0) if told.vol > 0.0 else 1.0,
        rsi=room.get(direction, 2.0 * min(rsi, 100.0 - rsi) / 100.0),
    )


def regime_of(told: Ensemble, px: FloatArray, vol: float) -> str:
    """Return the first regime that fits.

    HighVolatility when the paths move more than 1.5 times as much as the history, OrderImbalance
    when 70 % of the flow is on one side over all paths, Trending when the last 60 closes moved by
    more than two deviations (1 % at the default volatility), LowVolatility when the paths move
    less than two thirds of the history, otherwise MeanReverting.
    """
    span = min(TREND_ROUNDS, px.size - 1)
    trend = float(np.log(px[-1] / px[-1 - span]))
    if told.vol > 1.5 * vol:
        return HIGH_VOLATILITY
    if told.flow > 0.7:
        return ORDER_IMBALANCE
    if abs(trend) > 2.0 * vol * sqrt(span):
        return TRENDING
    return LOW_VOLATILITY if told.vol < vol / 1.5 else MEAN_REVERTING


def rsi_of(px: npt.ArrayLike, period: int = RSI_PERIOD) -> float:
    """Return the relative strength index of the last close, from 0 to 100.

    References
    ----------
    Wilder (1978), the first average over `period` moves, then his smoothing.

    Examples
    --------
    >>> rsi_of([10.0, 11.0, 10.5, 10.5, 12.0], period=2)
    93.33333333333333
    """
    moves = np.diff(np.asarray(px, dtype=np.float64))
    if moves.size < period:
        raise ValueError(f"px: expected {period + 1} closes or more, was {moves.size + 1}")
    up = float(moves[:period].clip(0.0).mean())
    down = float((-moves[:period]).clip(0.0).mean())
    for move in moves[period:].tolist():
        up = (up * (period - 1) + max(move, 0.0)) / period
        down = (down * (period - 1) + max(-move, 0.0)) / period
    if up + down == 0.0:
        raise ValueError("px: expected closes that move, was a flat series")
    return 100.0 * up / (up + down)


def _agreement(run: EnsembleRun) -> float | None:
    """Return the mean over paths of the share on the larger side, rounds in which some acted."""
    acting = run.buys + run.sells
    acted = acting > 0
    counts = acted.sum(axis=1)
    if not counts.any():
        return None
    shares = np.where(acted, np.maximum(run.buys, run.sells) / np.maximum(acting, 1), 0.0)
    return float((shares.sum(axis=1)[counts > 0] / counts[counts > 0]).mean())


def _year(config: SwarmConfig) -> float:
    return sqrt(config.rounds_per_day * config.days_per_year)


def _of_crowd(crowd: Mirofish) -> dict[str, float]:
    """Return the fields that the Mirofish crowd fills."""
    base = crowd.base_rate
    return {
        "rally": crowd.probabilities.rally,
        "sideways": crowd.probabilities.sideways,
        "dip": crowd.probabilities.dip,
        "mirofish_error": max(crowd.std_errors),
        "base_rally": base.rally,
        "base_sideways": base.sideways,
        "base_dip": base.dip,
    }
