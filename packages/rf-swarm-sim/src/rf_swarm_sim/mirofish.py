"""Mirofish: thousands of agents read a history of closes and imagine its next periods.

Each agent weighs the trend, how stretched the price is, and how much a wide spread worries it,
with weights of its own, and votes to buy, sell or hold. Its future continues the history with the
history's own surprises and volatility clusters, moved by its votes as far as votes of this crowd
have moved this history before (in most markets: not at all). The shares of futures that end
above, inside and below half a deviation are the rally, sideways and dip probabilities.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from rf_swarm_sim import _kernels as kernels
from rf_swarm_sim.market.threads import threads_of

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

BAND: Final = 0.5
"""Half width of "sideways", in deviations of the horizon."""
WINDOW: Final = kernels.WINDOW
MIN_RETURNS: Final = 60
MAX_RETURNS: Final = 5_000
"""What an agent remembers; older closes are not looked at."""
BIAS: Final = 0.85
"""Agreement above this is herding."""
_GRID: Final = 2.0**40
_PERSISTENCE: Final = tuple(
    (alpha, beta) for alpha in (0.03, 0.05, 0.08, 0.12) for beta in (0.80, 0.85, 0.90, 0.94)
)
_NO_CLUSTERS: Final = (0.0, 0.0)


class HistoryError(ValueError):
    """A history of closes from which nothing can be forecast."""


class Scenarios(NamedTuple):
    """One number for each of the three outcomes; probabilities are fractions that sum to 1."""

    rally: float
    sideways: float
    dip: float

    @property
    def percentages(self) -> tuple[float, float, float]:
        """The same in percent; probabilities sum to exactly 100."""
        return 100.0 * self.rally, 100.0 * self.sideways, 100.0 * self.dip


@dataclass(frozen=True, slots=True)
class Mirofish:
    """What the agents see and what their futures come to; None where nobody acted.

    Probabilities are fractions, log returns and volatilities are per period, votes and scores are
    those of the moment after the last close.
    """

    probabilities: Scenarios
    """Shares of futures that rally, stay and dip; they sum to exactly 1."""
    std_errors: Scenarios
    """Monte Carlo errors of the shares, over mirrored pairs of agents."""
    base_rate: Scenarios
    """Shares of the same outcomes over all windows of the history, which overlap."""
    base_errors: Scenarios
    """Errors of the base rate at its effective number of windows."""
    base_effective: float
    """Windows that do not overlap: what the base rate is worth."""
    horizon: int
    band: float
    """Log return beyond which a future is a rally; below its negative it is a dip."""
    agents: int
    futures: int
    seed: int
    vol: float
    """Deviation of the history's log returns, per period."""
    simulated_vol: float
    """Deviation of the futures' horizon returns, per square root of a period."""
    median_return: float
    buys: int
    sells: int
    holds: int
    order_imbalance: float | None
    """(buys - sells) / (buys + sells)."""
    agreement_pct: float | None
    """Share of the agents that act which stand on the larger side, percent."""
    is_biased: bool
    """Whether agreement exceeds 85 %: a herd, not evidence."""
    net_score: float
    """Mean score of all agents, in [-2, 2]."""
    dominant_action: Literal["BUY", "SELL", "HOLD"]
    institutional_accumulation: float
    """Mean vote of the agents that weigh reversion more than trend, in [-1, 1]."""
    retail_sentiment: float
    """Mean vote of the others, who follow the trend, in [-1, 1]."""
    spread: float
    """Relative spread that lowered the agents' confidence, as a decimal."""
    impact: float
    """Deviations by which a unanimous vote moves the next period, as the history bears out."""
    impact_t: float
    """t-ratio of that estimate before it was shrunk."""


class _Read(NamedTuple):
    """What a history comes to before any agent looks at it."""

    returns: FloatArray
    vol: float
    drift: float
    law: tuple[float, float, float]
    variances: FloatArray
    surprises: FloatArray
    spread: float


class _Crowd(NamedTuple):
    """Weights of each mirrored pair."""

    momentum: FloatArray
    reversion: FloatArray
    trust: FloatArray
    error: FloatArray


def forecast(
    history: npt.ArrayLike,
    *,
    horizon: int,
    agents: int = 5_000,
    futures: int = 2,
    seed: int,
    spread: float | None = None,
    threads: int = 1,
) -> Mirofish:
    """Return what a crowd of agents makes of a history of closes.

    Parameters
    ----------
    history : (n,) array
        Closes, currency, oldest first, equally spaced in time; n - 1 of 60 or more and of five
        horizons or more. Of a longer history the latest 5,000 returns count.
    horizon : int
        Periods ahead, 1 or more.
    agents : int
        Even, 100 or more: they come in mirrored pairs.
    futures : int
        Futures that each agent imagines.
    seed : int
        From 0 to 2**63 - 1. The draws of an agent depend on the seed and its number only.
    spread : float, optional
        Bid-ask spread over price; otherwise Roll's estimate from the history. It weakens every
        opinion and never makes one.
    threads : int
        Threads of numba; the bits do not depend on them.

    Returns
    -------
    Mirofish
        Probabilities with their errors beside the base rate, and how the crowd votes.

    Raises
    ------
    HistoryError
        If the history is too short, not finite, not above zero or flat; a ValueError.
    ValueError
        If an option is not as described.

    Notes
    -----
    Negating the log returns of the history swaps rally and dip and nothing else. An agent's score
    is ``c (w1 m / (1 + |m|) + w2 s)``: m the sum of 20 returns in deviations plus a reading error
    of up to 2, s the side to which a price more than 2 deviations from its 20-close mean returns,
    ``c = 1 / (1 + w3 spread / vol)``, weights uniform on [0, 1]; beyond 0.05 it votes. The next
    return of its future is ``drift + sqrt(h) (impact vote + z)`` with z a surprise of the history
    and h its clustered variance (filtered historical simulation). Drift and impact are estimated
    and shrunk by ``max(0, 1 - 1 / t^2)``.

    References
    ----------
    Barone-Adesi, Giannopoulos and Vosper (1999), filtered historical simulation; Roll (1984),
    equation 2; James and Stein (1961) for the shrinkage, in its positive part.

    Examples
    --------
    >>> import numpy as np
    >>> closes = 100.0 * np.exp(np.cumsum(np.random.default_rng(1).normal(0.0, 0.01, 500)))
    >>> told = forecast(closes, horizon=5, seed=42)
    >>> sum(told.probabilities.percentages)
    100.0
    """
    _check(agents, futures, seed)
    r = _log_returns(history, horizon)
    read = _study(r, spread)
    crowd = _draw(agents // 2, seed, read.spread / read.vol)
    trend, stretch = _signals(r, read.vol)
    net = _votes(crowd, trend, stretch, threads)
    impact, impact_t = _impact(net[:-1] / agents, read)
    ends = _futures(read, crowd, (horizon, futures, seed, impact), threads)
    band = BAND * read.vol * sqrt(horizon)
    probabilities, errors = _shares(ends, band)
    windows = np.convolve(r, np.ones(horizon), mode="valid")
    base, effective = _fractions(windows, band), r.size / horizon
    return Mirofish(
        probabilities=probabilities,
        std_errors=errors,
        base_rate=base,
        base_errors=Scenarios(*(sqrt(p * (1.0 - p) / effective) for p in base)),
        base_effective=effective,
        horizon=horizon,
        band=band,
        agents=agents,
        futures=ends.size,
        seed=seed,
        vol=read.vol,
        simulated_vol=float(ends.std()) / sqrt(horizon),
        median_return=float(np.median(ends)),
        spread=read.spread,
        impact=impact,
        impact_t=impact_t,
        **_opinion(crowd, float(trend[-1]), float(stretch[-1])),
    )


def outcome(log_return: float, vol: float, horizon: int) -> int:
    """Return the class of a horizon return: 0 rally, 1 sideways, 2 dip.

    Parameters
    ----------
    log_return : float
        Over the horizon.
    vol : float
        Deviation of the log returns of one period.
    horizon : int
        Periods.

    Examples
    --------
    >>> outcome(0.02, 0.01, 4), outcome(-0.01, 0.01, 4), outcome(-0.0101, 0.01, 4)
    (0, 1, 2)
    """
    band = BAND * vol * sqrt(horizon)
    return 0 if log_return > band else 2 if log_return < -band else 1


def band_of(history: npt.ArrayLike, *, horizon: int) -> float:
    """Return the log return over the horizon beyond which `forecast` calls it a rally.

    Raises
    ------
    HistoryError
        As `forecast` does.

    Examples
    --------
    >>> closes = 100.0 * np.exp(np.tile([0.0, 0.01], 40))
    >>> round(band_of(closes, horizon=4), 4)
    0.01
    """
    return BAND * float(_log_returns(history, horizon).std()) * sqrt(horizon)


def _log_returns(history: npt.ArrayLike, horizon: int) -> FloatArray:
    px = np.asarray(history, dtype=np.float64)
    if isinstance(horizon, bool) or not isinstance(horizon, int | np.integer) or horizon < 1:
        raise ValueError(f"horizon: expected a whole number of 1 or more, was {horizon!r}")
    if px.ndim != 1:
        raise HistoryError(f"history: expected one dimension, was shape {px.shape}")
    least = max(MIN_RETURNS, 5 * horizon)
    if px.size <= least:
        raise HistoryError(f"history: expected {least + 1} closes or more, was {px.size}")
    px = px[-(max(MAX_RETURNS, least) + 1) :]
    bad = ~(np.isfinite(px) & (px > 0.0))
    if bad.any():
        at = int(bad.argmax())
        raise HistoryError(f"history[{at}]: expected a finite price above zero, was {px[at]}")
    r = np.diff(np.log(px))
    if np.ptp(r) <= 1e-12:
        raise HistoryError("history: expected returns that vary, was a flat series")
    return r


def _check(agents: int, futures: int, seed: int) -> None:
    for name, value, low, high in (
        ("agents", agents, 100, 10_000_000),
        ("futures", futures, 1, 10_000),
        ("seed", seed, 0, 2**63 - 1),
    ):
        whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if not whole or not low <= value <= high:
            raise ValueError(f"{name}: expected a whole number of {low} to {high}, was {value!r}")
    if agents % 2:
        raise ValueError(f"agents: expected an even number, they come in pairs, was {agents}")


def _study(r: FloatArray, spread: float | None) -> _Read:
    """Return volatility, drift, clusters and surprises of a history."""
    vol = float(r.std())
    drift = _shrunk(float(r.mean()), vol / sqrt(r.size))[0]
    law, variances = _clusters(r)
    z = r / np.sqrt(variances[:-1])
    z = z - z.mean()
    return _Read(r, vol, drift, law, variances, z / z.std(), _spread(r, spread))


def _spread(r: FloatArray, given: float | None) -> float:
    if given is None:
        centred = r - r.mean()
        return 2.0 * sqrt(max(0.0, -float(np.mean(centred[1:] * centred[:-1]))))
    if not np.isfinite(given) or given < 0.0:
        raise ValueError(f"spread: expected a finite number of 0 or more, was {given}")
    return float(given)


def _shrunk(estimate: float, error: float) -> tuple[float, float]:
    """Return the estimate less what noise alone explains, and its t-ratio."""
    t = estimate / error if error > 0.0 else 0.0
    return (estimate * max(0.0, 1.0 - 1.0 / (t * t)) if t else 0.0), t


def _clusters(r: FloatArray) -> tuple[tuple[float, float, float], FloatArray]:
    """Return omega, alpha, beta of the likeliest of a few GARCH(1,1), and its variances.

    The long-run variance is the history's own; two more parameters must pay for themselves in
    Akaike's sense, otherwise the variance is constant.
    """
    level = float(np.mean(r * r))
    best, found = -np.inf, (level, *_NO_CLUSTERS)
    out = np.empty(r.size + 1)
    for alpha, beta in (_NO_CLUSTERS, *(pair for pair in _PERSISTENCE if sum(pair) < 1.0)):
        omega = level * (1.0 - alpha - beta)
        likelihood = kernels.variance_filter(r, level, omega, alpha, beta, out)
        if likelihood > best + (2.0 if best > -np.inf and found[1:] == _NO_CLUSTERS else 0.0):
            best, found = likelihood, (omega, alpha, beta)
    kernels.variance_filter(r, level, *found, out)
    return found, out


def _draw(pairs: int, seed: int, relative_spread: float) -> _Crowd:
    crowd = _Crowd(*(np.empty(pairs) for _ in range(4)))
    kernels.weights(np.uint64(seed), relative_spread, *crowd)
    return crowd


def _signals(r: FloatArray, vol: float) -> tuple[FloatArray, FloatArray]:
    trend, stretch = np.empty(r.size - WINDOW + 1), np.empty(r.size - WINDOW + 1)
    kernels.read_history(r, 1.0 / (vol * sqrt(WINDOW)), trend, stretch)
    return trend, stretch


def _on(threads: int, serial: object, parallel: object, *given: object) -> None:
    with threads_of(threads) as together:
        (parallel if together else serial)(*given)  # type: ignore[operator]


def _votes(crowd: _Crowd, trend: FloatArray, stretch: FloatArray, threads: int) -> IntArray:
    """Return buys less sells at every time of the history and after it."""
    blocks = -(-crowd.momentum.size // kernels.BLOCK)
    net = np.zeros((blocks, trend.size), dtype=np.int64)
    _on(threads, kernels.votes_serial, kernels.votes_parallel, *crowd, trend, stretch, net)
    total: IntArray = net.sum(axis=0)
    return total


def _impact(votes: FloatArray, read: _Read) -> tuple[float, float]:
    """Return how votes moved the following period in deviations, shrunk, and the t-ratio."""
    y = (read.returns[WINDOW:] - read.drift) / np.sqrt(read.variances[WINDOW:-1])
    weight = float(votes @ votes)
    if weight == 0.0:
        return 0.0, 0.0
    slope = float(votes @ y) / weight
    resid = y - slope * votes
    return _shrunk(slope, sqrt(float(resid @ resid) / (y.size - 1) / weight))


def _futures(
    read: _Read, crowd: _Crowd, plan: tuple[int, int, int, float], threads: int
) -> FloatArray:
    """Return horizon returns, (pairs, 2, futures)."""
    horizon, futures, seed, impact = plan
    ends = np.empty((crowd.momentum.size, 2, futures))
    scale = 1.0 / (read.vol * sqrt(WINDOW))
    law = np.array([read.drift, impact, scale, *read.law, read.variances[-1], float(horizon)])
    tail = read.returns[-WINDOW:].copy()
    given = (np.uint64(seed), tail, read.surprises, law, *crowd, ends)
    _on(threads, kernels.futures_serial, kernels.futures_parallel, *given)
    return ends


def _fractions(log_returns: FloatArray, band: float) -> Scenarios:
    """Return shares on a grid of 2^-40, so that they sum to 1 in any order."""
    total = float(log_returns.size)
    rally = round(float(np.count_nonzero(log_returns > band)) / total * _GRID) / _GRID
    dip = round(float(np.count_nonzero(log_returns < -band)) / total * _GRID) / _GRID
    return Scenarios(rally, 1.0 - rally - dip, dip)


def _shares(ends: FloatArray, band: float) -> tuple[Scenarios, Scenarios]:
    """Return shares of futures and their errors; twins share surprises, so a pair is one draw."""
    rally, dip = ends > band, ends < -band
    classes = (rally, ~(rally | dip), dip)
    pairs = ends.shape[0]
    errors = [float(c.mean(axis=(1, 2)).std(ddof=1)) / sqrt(pairs) for c in classes]
    return _fractions(ends.ravel(), band), Scenarios(*errors)


def _opinion(crowd: _Crowd, trend: float, stretch: float) -> dict[str, Any]:
    """Return how the crowd votes now, as fields of the answer."""
    seen = trend + np.stack([crowd.error, -crowd.error])
    score = crowd.trust * (crowd.momentum * seen / (1.0 + np.abs(seen)) + crowd.reversion * stretch)
    vote = np.where(score > kernels.THRESHOLD, 1, np.where(score < -kernels.THRESHOLD, -1, 0))
    buys, sells = int((vote > 0).sum()), int((vote < 0).sum())
    acting, holds = buys + sells, vote.size - buys - sells
    agreement = 100.0 * max(buys, sells) / acting if acting else None
    patient = crowd.reversion > crowd.momentum
    return {
        "buys": buys,
        "sells": sells,
        "holds": holds,
        "order_imbalance": (buys - sells) / acting if acting else None,
        "agreement_pct": agreement,
        "is_biased": agreement is not None and agreement > 100.0 * BIAS,
        "net_score": float(score.mean()),
        "dominant_action": _dominant(buys, sells, holds),
        "institutional_accumulation": float(vote[:, patient].mean()),
        "retail_sentiment": float(vote[:, ~patient].mean()),
    }


def _dominant(buys: int, sells: int, holds: int) -> Literal["BUY", "SELL", "HOLD"]:
    if buys > max(sells, holds):
        return "BUY"
    return "SELL" if sells > max(buys, holds) else "HOLD"
