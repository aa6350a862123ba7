"""A token bucket that keeps fractions: slow refills are not lost between looks."""

from __future__ import annotations

from rf_common.clock import NANOS_PER_SECOND, UnixNanos


class TokenBucket:
    """Holds up to `capacity` tokens and gains `per_s` of them each second.

    Parameters
    ----------
    capacity : float
        Tokens when full, from 1; it begins full.
    per_s : float
        Tokens gained each second, above 0; may be far below one.

    Examples
    --------
    >>> bucket = TokenBucket(capacity=1.0, per_s=0.5)
    >>> [bucket.take(UnixNanos(s * 10**9)) for s in (0, 1, 2)]
    [True, False, True]
    """

    def __init__(self, capacity: float, per_s: float) -> None:
        if not 1 <= capacity < 1e9 or not 0 < per_s < 1e9:
            raise ValueError(
                f"expected a capacity from 1 and a rate above 0, was {capacity} and {per_s}"
            )
        self._capacity = float(capacity)
        self._per_s = float(per_s)
        self._tokens = self._capacity
        self._at: UnixNanos | None = None

    @property
    def tokens(self) -> float:
        """Tokens at the last look, fractions included."""
        return self._tokens

    def take(self, now: UnixNanos, tokens: float = 1.0) -> bool:
        """Take `tokens` if they are there; time that goes back gains nothing."""
        if self._at is not None and now > self._at:
            gained = (now - self._at) / NANOS_PER_SECOND * self._per_s
            self._tokens = min(self._capacity, self._tokens + gained)
        self._at = now if self._at is None else UnixNanos(max(now, self._at))
        if self._tokens + 1e-9 < tokens:
            return False
        self._tokens = max(0.0, self._tokens - tokens)
        return True

    def wait_s(self, tokens: float = 1.0) -> float:
        """Return seconds from the last look until `tokens` are there."""
        return max(0.0, (tokens - self._tokens) / self._per_s)
