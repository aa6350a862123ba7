"""Rates on an injected monotonic time: how long to wait before the next message or log line."""

from __future__ import annotations

import math

from rf_common.clock import NANOS_PER_SECOND

_MAX_KEYS = 1024


class RateLimiter:
    """Token bucket, kept as the time at which it would be full again.

    Parameters
    ----------
    per_second : float
        Tokens that come back each second.
    burst : int
        Tokens that may be taken at once. Any span of one second sees at most
        ``burst + per_second`` messages; to stay under a venue's hard limit keep that sum there.

    Raises
    ------
    ValueError
        If the rate is not a positive number or `burst` is below 1.

    Examples
    --------
    >>> limiter = RateLimiter(per_second=4.0)
    >>> limiter.take(0), limiter.delay_ns(0), limiter.take(250_000_000)
    (0, 250000000, 0)
    """

    def __init__(self, per_second: float, burst: int = 1) -> None:
        if not 0 < per_second < math.inf or burst < 1:
            raise ValueError(
                f"expected a positive rate and a burst from 1, was {per_second} and {burst}"
            )
        self._step_ns = math.ceil(NANOS_PER_SECOND / per_second)
        self._slack_ns = self._step_ns * (burst - 1)
        self._full_ns = 0

    def delay_ns(self, now_ns: int) -> int:
        """Return nanoseconds until a token is there, 0 if one may be taken now."""
        return max(0, self._full_ns - self._slack_ns - now_ns)

    def take(self, now_ns: int) -> int:
        """Take a token if there is one; return what `delay_ns` returns, 0 when it was taken."""
        delay = self.delay_ns(now_ns)
        if delay == 0:
            self._full_ns = max(self._full_ns, now_ns) + self._step_ns
        return delay


class LineGate:
    """Lets one log line per second and key pass; remembers the newest 1024 keys."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}

    def allows(self, key: str, now_ns: int) -> bool:
        """Return whether a line for `key` may be written now, and count it if so."""
        last = self._last.get(key)
        if last is not None and now_ns - last < NANOS_PER_SECOND:
            return False
        self._last.pop(key, None)
        self._last[key] = now_ns
        if len(self._last) > _MAX_KEYS:
            del self._last[next(iter(self._last))]
        return True
