"""How long to wait before the next attempt: growing, capped, with jitter to both sides."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from rf_common.config import POSITIVE, check


class BackoffConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Delays between attempts; attempts are not limited."""

    initial_ms: int = 500
    """Delay after the first failure."""

    factor: float = 2.0
    """Growth from one failure to the next."""

    max_ms: int = 60_000
    """Cap of the delay before jitter."""

    jitter: float = 0.25
    """Largest deviation to either side, as a fraction of the delay."""

    def __post_init__(self) -> None:
        """Refuse settings that would hammer a venue."""
        check(
            self,
            {
                "initial_ms": POSITIVE,
                "factor": (lambda factor: 1 <= factor <= 100, "a number from 1 to 100"),
                "max_ms": (lambda ms: ms >= self.initial_ms, "at least initial_ms"),
                "jitter": (lambda part: 0 <= part < 1, "a fraction from 0 and below 1"),
            },
        )


class ReconnectPolicy:
    """Counts failures and tells the next delay; it never sleeps and never gives up.

    Parameters
    ----------
    uniform : callable
        Returns numbers from 0 and below 1, such as the ``random`` method of a seeded generator.
    config : BackoffConfig, optional
        The delays; without it half a second, doubled up to a minute.

    Examples
    --------
    >>> policy = ReconnectPolicy(lambda: 0.5)
    >>> [policy.next_delay_s() for _ in range(3)], policy.attempts
    ([0.5, 1.0, 2.0], 3)
    """

    def __init__(self, uniform: Callable[[], float], config: BackoffConfig | None = None) -> None:
        self._uniform = uniform
        self._config = config or BackoffConfig()
        self._delay_ms: float = self._config.initial_ms
        self._attempts = 0

    @property
    def attempts(self) -> int:
        """How many delays were given since the last success."""
        return self._attempts

    def next_delay_s(self) -> float:
        """Return the next delay, seconds.

        Raises
        ------
        ValueError
            If the injected source leaves the range from 0 to below 1.
        """
        draw = self._uniform()
        if not 0 <= draw < 1:
            raise ValueError(f"expected a uniform number from 0 to below 1, was {draw}")
        delay_s = self._delay_ms / 1000 * (1 + self._config.jitter * (2 * draw - 1))
        self._delay_ms = min(self._delay_ms * self._config.factor, self._config.max_ms)
        self._attempts += 1
        return delay_s

    def succeeded(self) -> None:
        """Begin again with the first delay."""
        self._delay_ms = self._config.initial_ms
        self._attempts = 0
