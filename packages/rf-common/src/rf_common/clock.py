"""Time as an argument: the only module that may read the wall clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import NewType, Protocol

from rf_common.errors import CausalityError

UnixNanos = NewType("UnixNanos", int)
"""Nanoseconds since 1970-01-01 UTC; 0 means unset."""

NANOS_PER_SECOND = 1_000_000_000
NANOS_PER_MILLI = 1_000_000
NANOS_PER_MICRO = 1_000
_MAX_NANOS = 2**64 - 1


def from_seconds(seconds: float) -> UnixNanos:
    """Return nanoseconds for float `seconds`, rounded to the nearest nanosecond."""
    return checked_nanos(round(seconds * NANOS_PER_SECOND))


def from_millis(millis: int) -> UnixNanos:
    """Return nanoseconds for integer milliseconds."""
    return checked_nanos(millis * NANOS_PER_MILLI)


def from_micros(micros: int) -> UnixNanos:
    """Return nanoseconds for integer microseconds."""
    return checked_nanos(micros * NANOS_PER_MICRO)


def checked_nanos(value: int) -> UnixNanos:
    """Return `value` as a time, refusing what lies outside 1970 to 2554.

    Raises
    ------
    ValueError
        If `value` is negative or does not fit 64 bits.
    """
    if not 0 <= value <= _MAX_NANOS:
        raise ValueError(f"expected nanoseconds in 0 … 2^64-1, was {value}")
    return UnixNanos(value)


def span_ns(start: UnixNanos, end: UnixNanos) -> int:
    """Return ``end - start``; a negative span raises `CausalityError`, it does not saturate."""
    if end < start:
        raise CausalityError(f"negative span: start {start} is after end {end}")
    return end - start


def to_text(ts: UnixNanos) -> str:
    """Return seconds with nine decimals.

    Examples
    --------
    >>> to_text(UnixNanos(1_500_000_000))
    '1.500000000'
    """
    return f"{ts // NANOS_PER_SECOND}.{ts % NANOS_PER_SECOND:09d}"


def to_iso(ts: UnixNanos) -> str:
    """Return UTC text with a ``Z`` and milliseconds, for people.

    Examples
    --------
    >>> to_iso(UnixNanos(1_500_000_000))
    '1970-01-01T00:00:01.500Z'
    """
    stamp = datetime.fromtimestamp(ts // NANOS_PER_SECOND, UTC)
    millis = ts % NANOS_PER_SECOND // NANOS_PER_MILLI
    return f"{stamp:%Y-%m-%dT%H:%M:%S}.{millis:03d}Z"


def from_iso(text: str) -> UnixNanos:
    """Return the time of an ISO 8601 text with a zone, exact to the microsecond.

    Raises
    ------
    ValueError
        If the text is not a time or names no zone.
    """
    stamp = datetime.fromisoformat(text)
    if stamp.tzinfo is None:
        raise ValueError(f"expected a time with a zone such as Z, was {text!r}")
    delta = stamp - datetime(1970, 1, 1, tzinfo=UTC)
    micros = (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds
    return from_micros(micros)


class Clock(Protocol):
    """Whatever tells the time to a component."""

    def now(self) -> UnixNanos:
        """Return the present time, never smaller than before."""
        ...


class RealtimeClock:
    """Wall clock that never goes back: a stepped system clock freezes it until passed."""

    def __init__(self) -> None:
        self._last = 0

    def now(self) -> UnixNanos:
        """Return nanoseconds UTC, not smaller than any value returned before."""
        now = time.time_ns()
        if now < self._last:
            return UnixNanos(self._last)
        self._last = now
        return UnixNanos(now)


class DeterministicClock:
    """Clock that is told the time; moving backwards raises in every build.

    Parameters
    ----------
    start : UnixNanos
        The first time it tells.

    Examples
    --------
    >>> clock = DeterministicClock(UnixNanos(10))
    >>> clock.set(UnixNanos(25)); clock.now()
    25
    """

    def __init__(self, start: UnixNanos = UnixNanos(0)) -> None:
        self._start = start
        self._now = start

    def now(self) -> UnixNanos:
        """Return the time last set."""
        return self._now

    def set(self, ts: UnixNanos) -> None:
        """Move to `ts`.

        Raises
        ------
        CausalityError
            If `ts` is before the present time.
        """
        if ts < self._now:
            raise CausalityError(f"clock cannot go back: now {self._now}, asked {ts}")
        self._now = ts

    def reset(self) -> None:
        """Return to the start."""
        self._now = self._start


def monotonic_ns() -> int:
    """Return a reading for durations and rates; unrelated to the calendar."""
    return time.monotonic_ns()
