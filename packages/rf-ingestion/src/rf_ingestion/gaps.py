"""Gaps in a sequenced stream: found by the venue's own numbers, held, healed or told.

One `GapDetector` watches one instrument on one source. Downstream sees messages in the order
of their numbers and nothing twice. While numbers are missing, later messages wait; the timer
asks for a retransmission, then a snapshot, then another source, and at last goes on without
what is lost. As soon as a retransmission alone can no longer heal, a `FeedGap` goes downstream,
where it makes the book unknown; from then on only a snapshot or another source heals.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec

from rf_common.clock import NANOS_PER_MILLI, UnixNanos
from rf_common.config import NOT_NEGATIVE, POSITIVE, check
from rf_common.events import FeedGap, Payload, Trade
from rf_common.ids import InstrumentId, venue_of

_ALERTS_KEPT = 100


class GapState(StrEnum):
    """State of one watched stream."""

    LIVE = "LIVE"
    GAP_DETECTED = "GAP_DETECTED"
    RECOVERING = "RECOVERING"
    STALE = "STALE"


TRANSITIONS = {
    GapState.STALE: {GapState.LIVE, GapState.STALE},
    GapState.LIVE: {GapState.GAP_DETECTED, GapState.STALE},
    GapState.GAP_DETECTED: {GapState.RECOVERING, GapState.LIVE, GapState.STALE},
    GapState.RECOVERING: {GapState.RECOVERING, GapState.LIVE, GapState.STALE},
}
"""Moves that are legal: a stream is STALE until its first message, and after a failover."""


class GapAction(StrEnum):
    """What whoever owns the connection has to do."""

    OK = "OK"
    SEND_PING = "SEND_PING"
    FEED_STALE = "FEED_STALE"
    REQUEST_RETRANSMIT = "REQUEST_RETRANSMIT"
    REQUEST_SNAPSHOT = "REQUEST_SNAPSHOT"
    TRIGGER_FAILOVER = "TRIGGER_FAILOVER"
    FORCE_RESUME = "FORCE_RESUME"


_NEXT = {
    GapAction.REQUEST_RETRANSMIT: GapAction.REQUEST_SNAPSHOT,
    GapAction.REQUEST_SNAPSHOT: GapAction.TRIGGER_FAILOVER,
}


class GapConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How patient the gap detector is, and what it asks for."""

    heartbeat_timeout_ms: int = 2_500
    """Silence after which the stream is stale, milliseconds."""
    ping_interval_ms: int = 0
    """Silence after which a ping is asked for, milliseconds; 0 for never (venues ban pingers)."""
    snapshot_from: int = 50
    """Missing messages from which a snapshot is asked for at once; fewer are retransmitted."""
    failover_from: int = 500
    """Missing messages from which another source is asked for at once."""
    recovery_timeout_ms: int = 5_000
    """Time a request may take before the next stronger one, milliseconds."""
    max_waiting: int = 10_000
    """Messages that wait behind a gap; one more and the stream goes on without what is lost."""

    def __post_init__(self) -> None:
        check(
            self,
            {
                "heartbeat_timeout_ms": POSITIVE,
                "ping_interval_ms": NOT_NEGATIVE,
                "snapshot_from": POSITIVE,
                "failover_from": (
                    lambda n: n >= self.snapshot_from,
                    f"at least snapshot_from, {self.snapshot_from}",
                ),
                "recovery_timeout_ms": POSITIVE,
                "max_waiting": POSITIVE,
            },
        )


class GapAlert(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A gap that is over.

    Parameters
    ----------
    instrument_id, source : str
        Where it was.
    detected_at : UnixNanos
        When the first missing number was noticed.
    first_missing, last_missing, size : int
        The numbers it spans, and how many of them were missing.
    strategy : GapAction
        The last thing that was asked for; OK when the messages came late by themselves.
    recovered : bool
        False when the stream went on without what was lost.
    duration_ns : int
        Time from the detection to the end, nanoseconds.
    """

    instrument_id: InstrumentId
    source: str
    detected_at: UnixNanos
    first_missing: int
    last_missing: int
    size: int
    strategy: GapAction
    recovered: bool
    duration_ns: int


class GapCounters(msgspec.Struct):
    """What happened so far: gaps by their end, messages by their fate."""

    gaps: int = 0
    recovered: int = 0
    forced: int = 0
    buffered: int = 0
    duplicates: int = 0
    superseded: int = 0
    """Messages that waited and were then replaced by a snapshot or another source."""


class GapStep(msgspec.Struct, frozen=True):
    """What follows from one input: facts for downstream in order, a request, a closed gap."""

    deliver: tuple[Payload, ...] = ()
    action: GapAction = GapAction.OK
    alert: GapAlert | None = None


_NOTHING = GapStep()


class GapDetector:
    """Order and completeness of one instrument's numbered messages.

    Parameters
    ----------
    instrument_id : InstrumentId
        Whose messages they are.
    source : str
        Name of the source, for alerts and `FeedGap`.
    config : GapConfig, optional
        Time-outs and thresholds.

    Examples
    --------
    >>> detector = GapDetector(InstrumentId("x:A"), "x")
    >>> prints = [Trade(InstrumentId("x:A"), UnixNanos(0), 1.0, 1.0, None, n) for n in range(9)]
    >>> [len(detector.observe(n, prints[n], UnixNanos(0)).deliver) for n in (5, 7, 5, 6)]
    [1, 0, 0, 2]
    """

    def __init__(
        self, instrument_id: InstrumentId, source: str, config: GapConfig | None = None
    ) -> None:
        self.instrument_id = instrument_id
        self.source = source
        self.state = GapState.STALE
        self.counters = GapCounters()
        self.alerts: deque[GapAlert] = deque(maxlen=_ALERTS_KEPT)
        self._config = config or GapConfig()
        self._expected: int | None = None
        self._heard_at = self._pinged_at = 0
        self._waiting: dict[int, Payload] = {}
        self._newest = self._first_missing = self._last_missing = self._size = 0
        self._detected_at = self._deadline = 0
        self._strategy = GapAction.OK
        self._told = False

    def observe(self, sequence: int, payload: Payload, now: UnixNanos) -> GapStep:
        """Take the message that the venue numbered `sequence`."""
        self._heard_at = self._pinged_at = now
        if self._expected is None:
            self._expected = sequence
        if self.state is GapState.STALE:
            self._move(GapState.LIVE)
        if self.state is GapState.LIVE:
            if sequence == self._expected:
                self._expected += 1
                return GapStep((payload,))
            if sequence < self._expected:
                self.counters.duplicates += 1
                return _NOTHING
            self._open(self._expected, now)
        return self._keep([(sequence, payload)], self._expected, now)

    def retransmitted(self, messages: Iterable[tuple[int, Payload]], now: UnixNanos) -> GapStep:
        """Take what the venue sent again; the gap stays open until nothing is missing."""
        messages = list(messages)
        if self._expected is None or not self._is_open:
            self.counters.duplicates += len(messages)
            return _NOTHING
        return self._keep(messages, self._expected, now)

    def snapshot(self, last_id: int, payload: Payload, now: UnixNanos) -> GapStep:
        """Take a snapshot that contains everything up to `last_id`.

        It goes downstream before what waited, unless it is older than what was delivered. One
        that is older than the end of the gap does not close it.
        """
        if self._expected is not None and last_id < self._expected - 1:
            return _NOTHING
        self._expected = last_id + 1
        for sequence in [number for number in self._waiting if number <= last_id]:
            del self._waiting[sequence]
            self.counters.superseded += 1
        if not self._is_open:
            return GapStep((payload,))
        self._newest = max(self._newest, last_id)
        self._told = False  # the book is known again up to here; what follows may be retransmitted
        if not self._is_whole:
            return GapStep((payload,))
        step = self._close(now, recovered=True)
        return GapStep((payload, *step.deliver), alert=step.alert)

    def failover_done(self, source: str, now: UnixNanos) -> GapStep:
        """Hear that `source` took over and its whole state went downstream.

        Its numbers are its own: the next message sets a new baseline, what waited is replaced.
        """
        alert = self._alert(now, recovered=True) if self._is_open else None
        self.counters.superseded += len(self._waiting)
        self._forget()
        self._expected = None
        self.source = source
        self._move(GapState.STALE)
        return GapStep(alert=alert)

    def force_resume(self, now: UnixNanos) -> GapStep:
        """Go on without what is missing: tell the gap, then everything that waited."""
        if not self._is_open:
            return _NOTHING
        told = self._tell(now, "gave up waiting")
        self.counters.forced += 1
        step = self._close(now, recovered=False)
        return GapStep(told + step.deliver, GapAction.FORCE_RESUME, step.alert)

    def on_timer(self, now: UnixNanos) -> GapStep:
        """Look at the time; every request comes from here, each exactly once.

        Call it right after `observe` found a gap to ask at once, or a little later to give
        messages that only overtook each other time to arrive.
        """
        if self.state is GapState.LIVE:
            return GapStep(action=self._listen(now))
        if self.state is GapState.GAP_DETECTED:
            return self._request(self._first_strategy(), now)
        if self.state is GapState.RECOVERING and now >= self._deadline:
            following = _NEXT.get(self._strategy)
            return self.force_resume(now) if following is None else self._request(following, now)
        return _NOTHING

    def missing(self) -> tuple[tuple[int, int], ...]:
        """Return the missing numbers as spans (first, last)."""
        spans: list[tuple[int, int]] = []
        following = self._expected or 0
        for sequence in sorted(self._waiting):
            if sequence > following:
                spans.append((following, sequence - 1))
            following = sequence + 1
        return tuple(spans)

    @property
    def _is_open(self) -> bool:
        return self.state in {GapState.GAP_DETECTED, GapState.RECOVERING}

    @property
    def _is_whole(self) -> bool:
        return self._count_missing() == 0

    def _count_missing(self) -> int:
        return self._newest - (self._expected or 0) + 1 - len(self._waiting)

    def _open(self, expected: int, now: UnixNanos) -> None:
        self._move(GapState.GAP_DETECTED)
        self.counters.gaps += 1
        self._detected_at, self._first_missing = now, expected
        self._newest = expected - 1

    def _keep(
        self, messages: Sequence[tuple[int, Payload]], expected: int, now: UnixNanos
    ) -> GapStep:
        for sequence, payload in messages:
            if sequence < expected or sequence in self._waiting:
                self.counters.duplicates += 1
                continue
            self._waiting[sequence] = payload
            self.counters.buffered += 1
            if sequence > self._newest + 1:
                self._size += sequence - self._newest - 1
                self._last_missing = sequence - 1
            self._newest = max(self._newest, sequence)
        if self._is_whole and not self._told:
            return self._close(now, recovered=True)
        if len(self._waiting) > self._config.max_waiting:
            return self.force_resume(now)
        return _NOTHING

    def _close(self, now: UnixNanos, *, recovered: bool) -> GapStep:
        alert = self._alert(now, recovered=recovered)
        deliver = tuple(self._waiting[sequence] for sequence in sorted(self._waiting))
        self._expected = self._newest + 1
        self._forget()
        self._move(GapState.LIVE)
        return GapStep(deliver, alert=alert)

    def _alert(self, now: UnixNanos, *, recovered: bool) -> GapAlert:
        alert = GapAlert(
            instrument_id=self.instrument_id,
            source=self.source,
            detected_at=UnixNanos(self._detected_at),
            first_missing=self._first_missing,
            last_missing=self._last_missing,
            size=self._size,
            strategy=self._strategy,
            recovered=recovered,
            duration_ns=now - self._detected_at,
        )
        self.counters.recovered += recovered
        self.alerts.append(alert)
        return alert

    def _forget(self) -> None:
        self._waiting.clear()
        self._size = 0
        self._strategy = GapAction.OK
        self._told = False

    def _first_strategy(self) -> GapAction:
        count = self._count_missing()
        if count >= self._config.failover_from:
            return GapAction.TRIGGER_FAILOVER
        if count >= self._config.snapshot_from:
            return GapAction.REQUEST_SNAPSHOT
        return GapAction.REQUEST_RETRANSMIT

    def _request(self, action: GapAction, now: UnixNanos) -> GapStep:
        self._move(GapState.RECOVERING)
        self._strategy = action
        self._deadline = now + self._config.recovery_timeout_ms * NANOS_PER_MILLI
        if action is GapAction.REQUEST_RETRANSMIT or self._told:
            return GapStep(action=action)
        self._told = True
        return GapStep(self._tell(now, "messages are missing"), action)

    def _tell(self, now: UnixNanos, reason: str) -> tuple[FeedGap, ...]:
        spans = self.missing()
        if not spans:
            return ()
        first, last = spans[0][0], spans[-1][1]
        return (FeedGap(self.instrument_id, now, self.source, first, last, reason),)

    def _listen(self, now: UnixNanos) -> GapAction:
        config = self._config
        if now - self._heard_at >= config.heartbeat_timeout_ms * NANOS_PER_MILLI:
            self._move(GapState.STALE)
            return GapAction.FEED_STALE
        ping_ns = config.ping_interval_ms * NANOS_PER_MILLI
        if ping_ns and now - self._pinged_at >= ping_ns:
            self._pinged_at = now
            return GapAction.SEND_PING
        return GapAction.OK

    def _move(self, new: GapState) -> None:
        if new not in TRANSITIONS[self.state]:
            raise RuntimeError(f"{self.instrument_id}: no way from {self.state} to {new}")
        self.state = new


class TradeGaps:
    """Prints that never arrived, by the venue's trade ids that count up by one.

    Prints are not held back and no `FeedGap` is told: that would make a good book unknown.
    A lost print only makes volumes too small, so it is counted and can be shown.

    Examples
    --------
    >>> gaps = TradeGaps()
    >>> prints = [Trade(InstrumentId("x:A"), UnixNanos(0), 1.0, 1.0, None, n) for n in (7, 9)]
    >>> [(alert.first_missing, alert.size) for alert in gaps.observe(prints)], gaps.lost
    ([(8, 1)], 1)
    """

    def __init__(self) -> None:
        self.lost = 0
        self._detectors: dict[InstrumentId, GapDetector] = {}

    def observe(self, payloads: Iterable[Payload]) -> list[GapAlert]:
        """Look at the numbered prints among `payloads`; return a closed alert for each gap."""
        alerts: list[GapAlert] = []
        for payload in payloads:
            if type(payload) is Trade and payload.trade_id:
                alert = self._watch(payload)
                if alert is not None:
                    self.lost += alert.size
                    alerts.append(alert)
        return alerts

    def _watch(self, trade: Trade) -> GapAlert | None:
        name = trade.instrument_id
        detector = self._detectors.get(name)
        if detector is None:
            detector = self._detectors[name] = GapDetector(name, venue_of(name))
        detector.observe(trade.trade_id, trade, trade.ts_event)
        return detector.force_resume(trade.ts_event).alert
