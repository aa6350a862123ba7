"""Stops calling a provider that keeps failing, and tries again carefully."""

from __future__ import annotations

from enum import StrEnum

from rf_common.clock import UnixNanos, from_seconds


class BreakerState(StrEnum):
    """Whether calls pass."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker:
    """Opens after failures in a row, lets one trial at a time through, closes after successes.

    Parameters
    ----------
    failures : int
        Failures in a row that open it.
    open_s : float
        How long it stays open, seconds.
    successes : int
        Successes of trials that close it.

    Examples
    --------
    >>> breaker = Breaker(failures=1, open_s=30.0)
    >>> breaker.failed(UnixNanos(0)); breaker.allows(UnixNanos(1)), breaker.state.value
    (False, 'open')
    >>> breaker.allows(UnixNanos(30_000_000_000)), breaker.state.value
    (True, 'half_open')
    """

    def __init__(self, failures: int = 5, open_s: float = 30.0, successes: int = 2) -> None:
        if failures < 1 or successes < 1 or not 0 < open_s < 1e9:
            raise ValueError(
                f"expected failures and successes from 1 and open_s above 0, "
                f"was {failures}, {successes} and {open_s}"
            )
        self._limit = failures
        self._needed = successes
        self._open_ns = from_seconds(open_s)
        self._state = BreakerState.CLOSED
        self._count = 0
        self._opened = UnixNanos(0)
        self._on_trial = False

    @property
    def state(self) -> BreakerState:
        """Where it stands."""
        return self._state

    def wait_ns(self, now: UnixNanos) -> int:
        """Return nanoseconds until a trial may pass, 0 unless it is open."""
        if self._state is not BreakerState.OPEN:
            return 0
        return max(0, self._opened + self._open_ns - now)

    def allows(self, now: UnixNanos) -> bool:
        """Return whether a call may be made now; whoever is let through tells how it went."""
        if self._state is BreakerState.OPEN and self.wait_ns(now) == 0:
            self._state, self._count, self._on_trial = BreakerState.HALF_OPEN, 0, False
        if self._state is BreakerState.HALF_OPEN:
            if self._on_trial:
                return False
            self._on_trial = True
            return True
        return self._state is BreakerState.CLOSED

    def succeeded(self) -> None:
        """Tell that a call worked."""
        self._on_trial = False
        if self._state is BreakerState.HALF_OPEN:
            self._count += 1
            if self._count >= self._needed:
                self._state, self._count = BreakerState.CLOSED, 0
        elif self._state is BreakerState.CLOSED:
            self._count = 0

    def failed(self, now: UnixNanos) -> None:
        """Tell that a call failed through no fault of ours."""
        self._on_trial = False
        self._count += 1
        if self._state is BreakerState.HALF_OPEN or self._count >= self._limit:
            self._state, self._opened, self._count = BreakerState.OPEN, now, 0

    def abandoned(self) -> None:
        """Tell that a call that was let through did not happen or says nothing."""
        self._on_trial = False
