"""Toxicity of our own fills, judged after the market had time to move; plain Python."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite


class ToxicityAction(StrEnum):
    """What a market maker does about toxic flow."""

    NORMAL = "NORMAL"
    WIDEN = "WIDEN"
    HALT_PASSIVE = "HALT_PASSIVE"


@dataclass(frozen=True, slots=True)
class ToxicityConfig:
    """When fills are toxic and what follows."""

    alpha: float = 0.15
    """Weight of the newest judged fill in the score."""
    warn: float = 0.35
    """Score above which quotes widen."""
    halt: float = 0.65
    """Score above which passive quoting stops."""
    adverse_move: float = 0.5
    """Move against a fill beyond which it was toxic, in the unit of the mids."""
    lookback: int = 3
    """Mids after a fill before it is judged."""
    consecutive: int = 5
    """Toxic fills in a row that stop passive quoting whatever the score."""
    history: int = 200
    """Judged fills kept for `toxic_share`."""

    def __post_init__(self) -> None:
        for name in ("alpha", "warn", "halt"):
            if not 0.0 < getattr(self, name) <= 1.0:
                raise ValueError(f"expected {name} in (0, 1], was {getattr(self, name)!r}")
        if self.warn > self.halt:
            raise ValueError(f"expected warn at most halt, was {self.warn}, {self.halt}")
        if not (isfinite(self.adverse_move) and self.adverse_move >= 0.0):
            raise ValueError(f"expected adverse_move >= 0, was {self.adverse_move!r}")
        for name in ("lookback", "consecutive", "history"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"expected {name} to be an integer >= 1, was {value!r}")


_DEFAULT = ToxicityConfig()


class ToxicityDetector:
    """Score of our fills: an EMA of 1 for a fill the market moved against, 0 for any other.

    A fill waits `lookback` mids; then the move in its favour is the mid's change since the fill
    times its side, and below ``-adverse_move`` it was toxic. The score starts at 0: a first bad
    fill is not yet a verdict. A halt lasts until judged fills bring the score back, so that a
    halted quoter feeds hypothetical fills or calls `reset` after its cool-down.

    Parameters
    ----------
    config : ToxicityConfig
        Thresholds.

    Examples
    --------
    >>> detector = ToxicityDetector(ToxicityConfig(lookback=2))
    >>> detector.on_fill(1, 100.0)
    >>> [detector.on_mid(mid) for mid in (99.0, 99.2)]
    [0.0, 0.15]
    """

    __slots__ = ("_config", "_history", "_mids", "_waiting", "run", "score")

    def __init__(self, config: ToxicityConfig = _DEFAULT) -> None:
        self._config = config
        self._waiting: deque[tuple[int, int, float]] = deque()
        self._mids = 0
        self._history: deque[bool] = deque(maxlen=config.history)
        self.score = 0.0
        self.run = 0

    def on_fill(self, side: int, mid: float) -> None:
        """Take a passive fill: `side` 1 when we bought, -1 when we sold, and the mid then.

        Raises
        ------
        ValueError
            If `side` is neither or `mid` is not finite.
        """
        if side not in {1, -1}:
            raise ValueError(f"expected side 1 or -1, was {side!r}")
        if not isfinite(mid):
            raise ValueError(f"expected mid to be finite, was {mid!r}")
        self._waiting.append((self._mids + self._config.lookback, side, mid))

    def on_mid(self, mid: float) -> float:
        """Take the next mid, judge the fills whose time has come and return the score.

        Raises
        ------
        ValueError
            If `mid` is not finite.
        """
        if mid - mid != 0.0:
            raise ValueError(f"expected mid to be finite, was {mid!r}")
        self._mids += 1
        while self._waiting and self._waiting[0][0] <= self._mids:
            _, side, start = self._waiting.popleft()
            self._judge(side * (mid - start) < -self._config.adverse_move)
        return self.score

    def _judge(self, toxic: bool) -> None:
        self._history.append(toxic)
        self.score += self._config.alpha * (float(toxic) - self.score)
        self.run = self.run + 1 if toxic else 0

    @property
    def action(self) -> ToxicityAction:
        """What the score and the run of toxic fills ask for."""
        if self.score > self._config.halt or self.run >= self._config.consecutive:
            return ToxicityAction.HALT_PASSIVE
        return ToxicityAction.WIDEN if self.score > self._config.warn else ToxicityAction.NORMAL

    @property
    def spread_factor(self) -> float:
        """Factor of the spread: 1, when widening ``2 + 5 (score - warn)``."""
        if self.action is ToxicityAction.NORMAL:
            return 1.0
        return 2.0 + 5.0 * max(0.0, self.score - self._config.warn)

    @property
    def size_factor(self) -> float:
        """Factor of the size: 1, when widening ``max(0.5 - (score - warn), 0.1)``, halted 0."""
        action = self.action
        if action is ToxicityAction.WIDEN:
            return max(0.5 - (self.score - self._config.warn), 0.1)
        return 1.0 if action is ToxicityAction.NORMAL else 0.0

    @property
    def toxic_share(self) -> float | None:
        """Share of toxic fills among the last `history` judged; None before the first."""
        return sum(self._history) / len(self._history) if self._history else None

    @property
    def n_waiting(self) -> int:
        """Fills not judged yet."""
        return len(self._waiting)

    def reset(self) -> None:
        """Forget score, run, history and waiting fills."""
        self._waiting.clear()
        self._history.clear()
        self.score = 0.0
        self.run = 0
