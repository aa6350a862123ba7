"""GARCH volatility of a running session: targeted to its own variance until it is fitted.

Plain Python: one update with every sample on the engine's path.
"""

from __future__ import annotations

from collections import deque
from math import inf

import msgspec

from rf_risk.volatility.streaming import GarchState


class GarchParams(msgspec.Struct, frozen=True, gc=False):
    """Parameters of a GARCH(1,1) or, with `gamma`, a GJR recursion, in squared units a step."""

    omega: float
    alpha: float
    beta: float
    gamma: float = 0.0


class SessionGarch:
    """Next-step variance of one instrument from the returns of this session.

    Until `adopt` brings fitted parameters, alpha and beta are the configured ones and omega is
    ``(1 - alpha - beta) * mean(r^2)`` of the returns so far (variance targeting, Engle and
    Mezrich 1996), so that the long-run level is the session's own.

    Parameters
    ----------
    alpha, beta : float
        Reaction and persistence before the first fit; their sum below 1.
    min_samples : int
        Returns before a variance is told.
    window : int
        Returns that are kept for a fit.

    Examples
    --------
    >>> garch = SessionGarch(alpha=0.1, beta=0.85, min_samples=2, window=100)
    >>> [garch.update(ret) for ret in (0.1, -0.1)]
    [None, 0.010000000000000002]
    """

    def __init__(self, *, alpha: float, beta: float, min_samples: int, window: int) -> None:
        if not (alpha >= 0 and beta >= 0 and alpha + beta < 1):
            raise ValueError(f"expected alpha, beta >= 0 and a sum below 1, was {alpha}, {beta}")
        self.returns: deque[float] = deque(maxlen=window)
        self.params: GarchParams | None = None
        self.variance: float | None = None
        self.samples = 0
        self.fitted_on = 0
        """Returns that the present parameters were fitted to; 0 before the first fit."""
        self._alpha, self._beta = alpha, beta
        self._min_samples = min_samples
        self._sum = 0.0
        self._state: GarchState | None = None

    def update(self, ret: float) -> float | None:
        """Take one log return of one step; return the variance of the next step.

        Raises
        ------
        ValueError
            If the return is not finite.
        """
        if not -inf < ret < inf:
            raise ValueError(f"expected a finite return, was {ret}")
        self.returns.append(ret)
        self.samples += 1
        square = ret * ret
        self._sum += square
        mean = self._sum / self.samples
        if self.variance is None:
            self.variance = mean
        if self._state is not None:
            self.variance = self._state.update(ret)
        else:
            omega = (1.0 - self._alpha - self._beta) * mean
            self.variance = omega + self._alpha * square + self._beta * self.variance
        return self.variance if self.samples >= self._min_samples else None

    @property
    def long_run(self) -> float:
        """Variance of a step that the model returns to: its own, or this session's mean."""
        params = self.params
        rest = 0.0 if params is None else 1 - params.alpha - params.beta - 0.5 * params.gamma
        if params is not None and rest > 0.0:
            return params.omega / rest
        return self._sum / self.samples if self.samples else 0.0

    def adopt(self, params: GarchParams, samples: int) -> float | None:
        """Use parameters fitted to `samples` returns; return the next variance they tell.

        The recursion is started at the mean square of the kept returns and run over them.

        Raises
        ------
        ValueError
            If they are no stationary recursion; nothing has changed then.
        """
        kept = self.returns
        start = sum(ret * ret for ret in kept) / len(kept) if kept else 0.0
        parts = (params.omega, params.alpha, params.beta)
        state = GarchState(*parts, start or 1.0, gamma=params.gamma)
        self.params, self.fitted_on, self._state = params, samples, state
        for ret in kept:
            self.variance = state.update(ret)
        return self.variance if self.samples >= self._min_samples else None
