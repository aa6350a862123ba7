"""A value as a view carries it: known or not, from where, how old, still to be trusted or not."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from rf_common.clock import NANOS_PER_MILLI, UnixNanos
from rf_common.enums import FeedState
from rf_dashboard.connection import Connecting, Live
from rf_dashboard.markets import Market
from rf_dashboard.state import DashboardState

T = TypeVar("T")

SILENT_MS = 5_000
"""After how long without a word from the daemon everything counts as old, ms."""


class Value(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """One thing to show.

    Parameters
    ----------
    value : T or None
        What is known; None is unknown, never zero.
    reason : str
        Why it is unknown, or why it is stale.
    source : str
        Who says so: a feed, ``paper``, ``daemon``, ``screen``.
    age_ms : int or None
        How long ago it was said; None when it never was.
    stale : bool
        True when it must not be trusted any more.
    """

    value: T | None = None
    reason: str = ""
    source: str = ""
    age_ms: int | None = None
    stale: bool = False


def age_ms(now: UnixNanos, ts: UnixNanos) -> int | None:
    """Return how long ago `ts` was, never negative; None when it is unset."""
    return max(now - ts, 0) // NANOS_PER_MILLI if ts else None


def why_old(state: DashboardState, now: UnixNanos) -> str:
    """Return why nothing from the daemon can be trusted, "" when it can."""
    link = state.link
    if isinstance(link, Connecting):
        return f"connecting to the daemon{f': {link.reason}' if link.reason else ''}"
    if not isinstance(link, Live):
        return f"the daemon is offline: {link.reason}"
    silent = age_ms(now, max(state.ts, link.since)) or 0
    return f"no word from the daemon for {silent // 1_000} s" if silent > SILENT_MS else ""


def why_stale(state: DashboardState, market: Market, now: UnixNanos) -> str:
    """Return why the prices of one instrument cannot be trusted, "" when they can."""
    old = why_old(state, now)
    if old or market.feed_state is FeedState.LIVE:
        return old
    return f"feed {market.feed_state.lower()}: {market.feed_reason}"


def told(
    value: T | None, *, source: str, age: int | None, old: str = "", missing: str = ""
) -> Value[T]:
    """Return a value that somebody told `age` ms ago; `old` says why it is stale."""
    if value is None:
        return Value(reason=missing or old or "not told", source=source, age_ms=age)
    return Value(value=value, reason=old, source=source, age_ms=age, stale=bool(old))


def unknown(reason: str, *, source: str = "") -> Value[T]:
    """Return a value nobody knows."""
    return Value(reason=reason, source=source)
