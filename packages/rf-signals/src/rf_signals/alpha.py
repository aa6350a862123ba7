"""Whether signals still work, how they combine, and how much to stake; plain Python.

`AlphaHealth` follows one signal, `composite` adds several up, `KellyTracker` sizes by what the
trades so far won and lost. Nothing here imports numpy.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf, isfinite, nan, sqrt
from typing import NamedTuple

from rf_signals.regime import PARAMETERS, Regime


def _ranks(values: Sequence[float]) -> list[int]:
    """Return twice the average rank less its mean: integers, so that sums stay exact."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end < len(order) and values[order[end]] == values[order[start]]:
            end += 1
        for index in order[start:end]:
            ranks[index] = start + end - len(order)
        start = end
    return ranks


def spearman_ic(signals: Sequence[float], returns: Sequence[float]) -> float:
    """Return the rank correlation of signals and the returns that followed.

    Parameters
    ----------
    signals, returns : sequence of float
        Pairs in any order; tied values share their mean rank.

    Returns
    -------
    float
        -1 to 1; NaN where all signals or all returns are equal.

    Raises
    ------
    ValueError
        If the lengths differ, there are fewer than 2 pairs, or a value is not finite.

    Notes
    -----
    The ranks are summed as integers: exact up to one square root and one division.

    References
    ----------
    Spearman (1904); Pearson's formula on mean ranks, the definition with ties.

    Examples
    --------
    >>> spearman_ic([1.0, 2.0, 3.0], [10.0, 30.0, 20.0])
    0.5
    """
    if len(signals) != len(returns) or len(signals) < 2:
        raise ValueError(
            f"expected 2 or more pairs, was {len(signals)} signals, {len(returns)} returns"
        )
    for name, values in (("signals", signals), ("returns", returns)):
        if not all(isfinite(value) for value in values):
            raise ValueError(f"expected {name} to be finite")
    x, y = _ranks(signals), _ranks(returns)
    both = sum(a * b for a, b in zip(x, y, strict=True))
    sxx, syy = sum(a * a for a in x), sum(b * b for b in y)
    if sxx == 0 or syy == 0:
        return nan
    return max(-1.0, min(1.0, both / sqrt(sxx * syy)))


class AlphaState(StrEnum):
    """How well a signal predicts."""

    HEALTHY = "HEALTHY"
    DEGRADED = "DEGRADED"
    DECAYED = "DECAYED"


WEIGHTS: dict[AlphaState, float] = {
    AlphaState.HEALTHY: 1.0,
    AlphaState.DEGRADED: 0.4,
    AlphaState.DECAYED: 0.0,
}
"""Weight of a signal in each state."""


def alpha_state(ic: float, hit_rate: float) -> AlphaState:
    """Return the state of a signal with this information coefficient and hit rate.

    Healthy above 0.03 and 0.52, decayed below 0.01 and 0.48, else degraded.

    Raises
    ------
    ValueError
        If `ic` is outside [-1, 1] or `hit_rate` outside [0, 1].

    Examples
    --------
    >>> str(alpha_state(0.05, 0.55)), str(alpha_state(0.05, 0.50))
    ('HEALTHY', 'DEGRADED')
    """
    if not -1.0 <= ic <= 1.0:
        raise ValueError(f"expected ic in [-1, 1], was {ic!r}")
    if not 0.0 <= hit_rate <= 1.0:
        raise ValueError(f"expected hit_rate in [0, 1], was {hit_rate!r}")
    if ic > 0.03 and hit_rate > 0.52:
        return AlphaState.HEALTHY
    return AlphaState.DECAYED if ic < 0.01 and hit_rate < 0.48 else AlphaState.DEGRADED


class AlphaHealth:
    """Information coefficient, hit rate and state of one signal over its last pairs.

    A pair is the signal and the return that followed it; the caller waits for the return. The
    numbers are worked out when they are read: O(n log n) for `window` pairs.

    Parameters
    ----------
    window : int
        Pairs kept, at least 2.
    least : int
        Pairs before there is a state; until then it is None and the weight 0.

    Examples
    --------
    >>> health = AlphaHealth(window=4, least=4)
    >>> for signal, ret in ((1.0, 0.1), (-1.0, -0.2), (2.0, 0.3), (-2.0, 0.1)):
    ...     health.update(signal, ret)
    >>> health.hit_rate, round(health.ic or 0.0, 4), str(health.state)
    (0.75, 0.6325, 'HEALTHY')
    """

    __slots__ = ("_least", "_pairs")

    def __init__(self, window: int = 200, *, least: int = 30) -> None:
        for name, value in (("window", window), ("least", least)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 2:
                raise ValueError(f"expected {name} to be an integer >= 2, was {value!r}")
        if least > window:
            raise ValueError(f"expected least at most window, was {least}, {window}")
        self._pairs: deque[tuple[float, float]] = deque(maxlen=window)
        self._least = least

    def update(self, signal: float, ret: float) -> None:
        """Add a signal and the return that followed it.

        Raises
        ------
        ValueError
            If one of them is not finite.
        """
        if not (isfinite(signal) and isfinite(ret)):
            raise ValueError(f"expected a finite signal and ret, was {signal!r}, {ret!r}")
        self._pairs.append((signal, ret))

    def __len__(self) -> int:
        return len(self._pairs)

    @property
    def ic(self) -> float | None:
        """Spearman's correlation; None below `least` pairs or where one side does not vary."""
        if len(self._pairs) < self._least:
            return None
        found = spearman_ic([pair[0] for pair in self._pairs], [pair[1] for pair in self._pairs])
        return found if found == found else None

    @property
    def hit_rate(self) -> float | None:
        """Share of right signs among the pairs without a zero; None below `least` such pairs."""
        hits = [(signal > 0.0) == (ret > 0.0) for signal, ret in self._pairs if signal and ret]
        return sum(hits) / len(hits) if len(hits) >= self._least else None

    @property
    def state(self) -> AlphaState | None:
        """The state; None where it cannot be told."""
        ic, hits = self.ic, self.hit_rate
        return None if ic is None or hits is None else alpha_state(ic, hits)

    @property
    def weight(self) -> float:
        """Weight of the state; 0 where it cannot be told."""
        state = self.state
        return 0.0 if state is None else WEIGHTS[state]


class Alpha(NamedTuple):
    """One signal as `composite` takes it."""

    value: float
    """Opinion, -1 (sell) to 1 (buy)."""
    ic: float
    """Its information coefficient; a negative one counts as 0."""
    health: float = 1.0
    """Weight of its state, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Composite:
    """Several signals in one."""

    score: float
    """-1 to 1."""
    conviction: float
    """``min(1, 2 |score|)``."""
    weight: float
    """Sum of the weights; 0 when no signal counts."""


def composite(
    alphas: Iterable[Alpha], *, regime: Regime = Regime.NORMAL, toxicity: float = 0.0
) -> Composite:
    """Return the mean of signals, weighted with what they are worth.

    ``sum(max(ic, 0) health value) / sum(max(ic, 0) health)``, times the regime's factor (low 0.7,
    normal 1, high 0.8, crisis 0.1) and ``max(0, 1 - 1.5 toxicity)``.

    Parameters
    ----------
    alphas : iterable of Alpha
        The signals.
    regime : Regime
        State of the market.
    toxicity : float
        0 to 1.

    Raises
    ------
    ValueError
        If a value or a coefficient is outside [-1, 1], or `health` or `toxicity` outside [0, 1].

    Examples
    --------
    >>> found = composite([Alpha(1.0, 0.06), Alpha(-1.0, 0.02), Alpha(1.0, -0.5)])
    >>> round(found.score, 12), round(found.conviction, 12), found.weight
    (0.5, 1.0, 0.08)
    """
    _within("toxicity", toxicity, 0.0)
    total = weight = 0.0
    for alpha in alphas:
        _within("value", alpha.value, -1.0)
        _within("ic", alpha.ic, -1.0)
        _within("health", alpha.health, 0.0)
        share = max(alpha.ic, 0.0) * alpha.health
        total += share * alpha.value
        weight += share
    factor = PARAMETERS[regime].composite * max(0.0, 1.0 - 1.5 * toxicity)
    score = total / weight * factor if weight > 0.0 else 0.0
    score = max(-1.0, min(1.0, score))
    return Composite(score, min(1.0, 2.0 * abs(score)), weight)


def _within(name: str, value: float, low: float, high: float = 1.0) -> None:
    if not low <= value <= high:
        raise ValueError(f"expected {name} in [{low:g}, {high:g}], was {value!r}")


def fractional_kelly(
    win_probability: float, payoff: float, *, fraction: float = 0.25, trades: int | None = None
) -> float:
    """Return the share of capital to stake: ``(p b - q) / b * fraction``, not below 0.

    Parameters
    ----------
    win_probability : float
        p, 0 to 1; q is the rest.
    payoff : float
        b: what a win brings per unit that a loss costs, positive.
    fraction : float
        Part of the full Kelly stake, 0 to 1.
    trades : int, optional
        Trades that `win_probability` was estimated from; shrinks by ``n / (n + 30)``.

    Raises
    ------
    ValueError
        If an input is outside its range.

    References
    ----------
    Kelly (1956), "A new interpretation of information rate".

    Examples
    --------
    >>> round(fractional_kelly(0.6, 1.0), 12), fractional_kelly(0.4, 1.0)
    (0.05, 0.0)
    """
    _within("win_probability", win_probability, 0.0)
    _within("fraction", fraction, 0.0)
    if not 0.0 < payoff < inf:
        raise ValueError(f"expected payoff to be positive and finite, was {payoff!r}")
    if trades is not None and trades < 0:
        raise ValueError(f"expected trades not negative, was {trades!r}")
    shrink = 1.0 if trades is None else trades / (trades + 30.0)
    return max(0.0, win_probability - (1.0 - win_probability) / payoff) * fraction * shrink


class KellyTracker:
    """Wins, losses and their averages, and the stake that follows from them.

    Parameters
    ----------
    fraction : float
        Part of the full Kelly stake.

    Examples
    --------
    >>> tracker = KellyTracker()
    >>> for pnl in (2.0, -1.0, 2.0):
    ...     tracker.update(pnl)
    >>> tracker.win_rate, tracker.payoff, round(tracker.stake, 6)
    (0.6666666666666666, 2.0, 0.011364)
    """

    __slots__ = ("_fraction", "_lost", "_won", "losses", "wins")

    def __init__(self, fraction: float = 0.25) -> None:
        _within("fraction", fraction, 0.0)
        self._fraction = fraction
        self._won = 0.0
        self._lost = 0.0
        self.wins = 0
        self.losses = 0

    def update(self, pnl: float) -> None:
        """Add the result of one trade, currency; 0 is neither a win nor a loss.

        Raises
        ------
        ValueError
            If `pnl` is not finite.
        """
        if not isfinite(pnl):
            raise ValueError(f"expected pnl to be finite, was {pnl!r}")
        if pnl > 0.0:
            self.wins += 1
            self._won += pnl
        elif pnl < 0.0:
            self.losses += 1
            self._lost -= pnl

    @property
    def win_rate(self) -> float | None:
        """Share of wins; None before the first trade."""
        trades = self.wins + self.losses
        return self.wins / trades if trades else None

    @property
    def average_win(self) -> float | None:
        """Mean of the wins; None without one."""
        return self._won / self.wins if self.wins else None

    @property
    def average_loss(self) -> float | None:
        """Mean size of the losses; None without one."""
        return self._lost / self.losses if self.losses else None

    @property
    def payoff(self) -> float | None:
        """Average win over average loss; None until there is one of each."""
        win, loss = self.average_win, self.average_loss
        return None if win is None or loss is None else win / loss

    @property
    def stake(self) -> float:
        """Shrunk fractional Kelly stake, share of capital; 0 until a win and a loss are known."""
        rate, payoff, trades = self.win_rate, self.payoff, self.wins + self.losses
        if rate is None or payoff is None or not 0.0 < payoff < inf:
            return 0.0
        return fractional_kelly(rate, payoff, fraction=self._fraction, trades=trades)

    def target_qty(
        self,
        limit: float,
        *,
        conviction: float = 1.0,
        regime: Regime = Regime.NORMAL,
        toxicity: float = 0.0,
    ) -> float:
        """Return ``stake * limit * conviction * regime size * max(0, 1 - 2 toxicity)``.

        Parameters
        ----------
        limit : float
            Largest position, units.
        conviction, toxicity : float
            0 to 1.
        regime : Regime
            Its size factor is taken from `rf_signals.regime.PARAMETERS`.

        Raises
        ------
        ValueError
            If an input is outside its range.
        """
        _within("conviction", conviction, 0.0)
        _within("toxicity", toxicity, 0.0)
        if not 0.0 <= limit < inf:
            raise ValueError(f"expected limit not negative and finite, was {limit!r}")
        calm = max(0.0, 1.0 - 2.0 * toxicity)
        return self.stake * limit * conviction * PARAMETERS[regime].size * calm
