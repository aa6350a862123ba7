from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from rf_common import BookSnapshot, FeedGap, InstrumentId, Trade, UnixNanos
from rf_common.events import Payload
from rf_ingestion.gaps import (
    TRANSITIONS,
    GapAction,
    GapConfig,
    GapDetector,
    GapState,
    GapStep,
    TradeGaps,
)

NAME = InstrumentId("venue:A")
MS = 1_000_000
AT = UnixNanos(1_000 * MS)


def print_of(number: int, name: InstrumentId = NAME) -> Trade:
    return Trade(name, AT, 1.0, 1.0, None, number)


def later(ms: int) -> UnixNanos:
    return UnixNanos(AT + ms * MS)


def book_at(last_id: int) -> BookSnapshot:
    return BookSnapshot(NAME, AT, last_id, ((1.0, 1.0),), ((2.0, 1.0),))


def fed(*numbers: int, config: GapConfig | None = None) -> GapDetector:
    detector = GapDetector(NAME, "venue", config)
    for number in numbers:
        detector.observe(number, print_of(number), AT)
    return detector


def ids(step: GapStep) -> list[int]:
    return [payload.trade_id for payload in step.deliver if isinstance(payload, Trade)]


def gaps(step: GapStep) -> list[tuple[int, int]]:
    told = [payload for payload in step.deliver if isinstance(payload, FeedGap)]
    return [(gap.first_missing, gap.last_missing) for gap in told]


def test_first_message_sets_the_baseline_whatever_its_number() -> None:
    detector = GapDetector(NAME, "venue")
    assert detector.state is GapState.STALE
    assert ids(detector.observe(77, print_of(77), AT)) == [77]
    assert ids(detector.observe(78, print_of(78), AT)) == [78]
    assert detector.state is GapState.LIVE


def test_lower_and_equal_numbers_are_dropped_and_counted() -> None:
    detector = fed(5, 6, 7)
    assert detector.observe(7, print_of(7), AT) == detector.observe(5, print_of(5), AT) == GapStep()
    assert detector.counters.duplicates == 2


def test_a_late_message_heals_a_gap_without_any_request() -> None:
    detector = fed(5, 8, 6)
    assert detector.state is GapState.GAP_DETECTED
    assert detector.missing() == ((7, 7),)
    step = detector.observe(7, print_of(7), later(3))
    assert ids(step) == [6, 7, 8]
    alert = step.alert
    assert alert is not None
    assert (alert.first_missing, alert.last_missing, alert.size) == (6, 7, 2)
    assert (alert.recovered, alert.strategy) == (True, GapAction.OK)
    assert alert.duration_ns == 3 * MS
    assert list(detector.alerts) == [alert]


@pytest.mark.parametrize(
    ("lost", "action"),
    [
        (1, GapAction.REQUEST_RETRANSMIT),
        (49, GapAction.REQUEST_RETRANSMIT),
        (50, GapAction.REQUEST_SNAPSHOT),
        (499, GapAction.REQUEST_SNAPSHOT),
        (500, GapAction.TRIGGER_FAILOVER),
    ],
)
def test_size_of_the_gap_decides_what_is_asked_for_and_only_once(
    lost: int, action: GapAction
) -> None:
    detector = fed(1, 2 + lost)
    step = detector.on_timer(AT)
    assert step.action is action
    assert gaps(step) == ([] if action is GapAction.REQUEST_RETRANSMIT else [(2, 1 + lost)])
    assert detector.state is GapState.RECOVERING
    assert detector.on_timer(AT) == detector.on_timer(later(4_999)) == GapStep()


def test_requests_escalate_until_the_stream_goes_on_without_what_is_lost() -> None:
    detector = fed(1, 3, 5)
    steps = [detector.on_timer(later(ms)) for ms in (0, 5_000, 10_000, 15_000)]
    assert [step.action for step in steps] == [
        GapAction.REQUEST_RETRANSMIT,
        GapAction.REQUEST_SNAPSHOT,
        GapAction.TRIGGER_FAILOVER,
        GapAction.FORCE_RESUME,
    ]
    assert [gaps(step) for step in steps] == [[], [(2, 4)], [], [(2, 4)]]
    assert isinstance(steps[3].deliver[0], FeedGap)
    assert ids(steps[3]) == [3, 5]
    alert = steps[3].alert
    assert alert is not None
    assert not alert.recovered
    assert alert.strategy is GapAction.TRIGGER_FAILOVER
    assert detector.counters.forced == 1
    assert ids(detector.observe(6, print_of(6), later(15_001))) == [6]


def test_a_partial_retransmission_does_not_count_as_recovered() -> None:
    detector = fed(1, 5)
    detector.on_timer(AT)
    assert detector.retransmitted([(2, print_of(2)), (4, print_of(4))], later(1)) == GapStep()
    assert detector.missing() == ((3, 3),)
    assert detector.counters.recovered == 0
    step = detector.retransmitted([(3, print_of(3))], later(2))
    assert ids(step) == [2, 3, 4, 5]
    assert step.alert is not None
    assert step.alert.recovered
    assert detector.counters.recovered == 1


def test_a_retransmission_that_nobody_waits_for_changes_nothing() -> None:
    detector = fed(1, 2)
    assert detector.retransmitted([(2, print_of(2)), (9, print_of(9))], AT) == GapStep()
    assert ids(detector.observe(3, print_of(3), AT)) == [3]


def test_a_snapshot_heals_and_what_came_after_it_follows() -> None:
    detector = fed(1, 100, 101, 102)
    assert detector.on_timer(AT).action is GapAction.REQUEST_SNAPSHOT
    step = detector.snapshot(100, book_at(100), later(1))
    assert step.deliver == (book_at(100), print_of(101), print_of(102))
    assert step.alert is not None
    assert step.alert.recovered
    assert detector.counters.superseded == 1
    assert detector.state is GapState.LIVE


def test_a_snapshot_older_than_what_was_delivered_is_dropped() -> None:
    detector = fed(1, 2, 3)
    assert detector.snapshot(1, book_at(1), AT) == GapStep()
    assert detector.snapshot(3, book_at(3), AT) == GapStep((book_at(3),))
    assert detector.snapshot(9, book_at(9), AT) == GapStep((book_at(9),))
    assert ids(detector.observe(9, print_of(9), AT)) == []
    assert ids(detector.observe(10, print_of(10), AT)) == [10]


def test_a_snapshot_older_than_the_end_of_the_gap_does_not_close_it() -> None:
    detector = fed(1, 100)
    detector.on_timer(AT)
    assert detector.snapshot(0, book_at(0), later(1)) == GapStep()
    assert detector.snapshot(50, book_at(50), later(1)) == GapStep((book_at(50),))
    assert detector.missing() == ((51, 99),)
    assert detector.state is GapState.RECOVERING
    assert ids(detector.snapshot(99, book_at(99), later(2))) == [100]


def test_once_a_gap_was_told_messages_alone_do_not_heal_it() -> None:
    detector = fed(1, 3)
    detector.on_timer(AT)
    assert gaps(detector.on_timer(later(5_000))) == [(2, 2)]
    assert detector.retransmitted([(2, print_of(2))], later(5_001)) == GapStep()
    assert detector.state is GapState.RECOVERING
    assert ids(detector.snapshot(1, book_at(1), later(5_002))) == [2, 3]


def test_failover_starts_a_new_baseline() -> None:
    detector = fed(1, 1_000)
    assert detector.on_timer(AT).action is GapAction.TRIGGER_FAILOVER
    step = detector.failover_done("other", later(9))
    assert step.alert is not None
    assert (step.alert.source, step.alert.recovered) == ("venue", True)
    assert (detector.source, detector.state) == ("other", GapState.STALE)
    assert ids(detector.observe(4, print_of(4), later(10))) == [4]
    assert detector.state is GapState.LIVE


def test_a_full_buffer_forces_the_stream_on() -> None:
    detector = fed(1, 3, 4, 5, config=GapConfig(max_waiting=3))
    step = detector.observe(6, print_of(6), AT)
    assert step.action is GapAction.FORCE_RESUME
    assert gaps(step) == [(2, 2)]
    assert ids(step) == [3, 4, 5, 6]
    assert detector.state is GapState.LIVE


def test_silence_makes_a_stream_stale_once_and_a_message_revives_it() -> None:
    detector = fed(1)
    assert detector.on_timer(later(2_499)).action is GapAction.OK
    assert detector.on_timer(later(2_500)).action is GapAction.FEED_STALE
    assert detector.on_timer(later(9_999)).action is GapAction.OK
    assert ids(detector.observe(2, print_of(2), later(10_000))) == [2]
    assert detector.state is GapState.LIVE


def test_a_stale_stream_that_comes_back_with_a_hole_is_a_gap() -> None:
    detector = fed(1)
    detector.on_timer(later(2_500))
    assert detector.observe(3, print_of(3), later(3_000)) == GapStep()
    assert detector.state is GapState.GAP_DETECTED


def test_pings_are_asked_for_only_when_configured() -> None:
    pings = GapConfig(ping_interval_ms=500)
    detector = fed(1, config=pings)
    asked = [detector.on_timer(later(ms)).action for ms in (499, 500, 501, 999, 1_000)]
    assert [action is GapAction.SEND_PING for action in asked] == [False, True, False, False, True]
    quiet = fed(1)
    assert {quiet.on_timer(later(ms)).action for ms in range(0, 2_500, 100)} == {GapAction.OK}


def test_thresholds_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ValueError, match="failover_from = 10: expected at least snapshot_from, 50"):
        GapConfig(failover_from=10)


def test_every_state_can_be_left() -> None:
    assert set(TRANSITIONS) == set(GapState)
    assert all(targets - {state} for state, targets in TRANSITIONS.items())


class Streams(RuleBasedStateMachine):
    """A venue, a bad wire, and a simple model of what downstream may see."""

    def __init__(self) -> None:
        super().__init__()
        config = GapConfig(
            snapshot_from=3,
            failover_from=6,
            max_waiting=8,
            recovery_timeout_ms=100,
            heartbeat_timeout_ms=250,
        )
        self.detector = GapDetector(NAME, "venue", config)
        self.now = AT
        self.sent = self.baseline = 0
        self.lost: set[int] = set()
        self.received: set[int] = set()
        self.delivered: list[int] = []
        self.reached = 0
        self.excused: set[int] = set()
        self.book_known = True

    def take(self, step: GapStep) -> None:
        for payload in step.deliver:
            self.take_payload(payload)
        if step.alert is not None and step.alert.recovered and not self.excused_in(step):
            span = range(step.alert.first_missing, step.alert.last_missing + 1)
            assert set(span) <= set(self.delivered)

    def excused_in(self, step: GapStep) -> bool:
        assert step.alert is not None
        span = range(step.alert.first_missing, step.alert.last_missing + 1)
        return not self.excused.isdisjoint(span)

    def take_payload(self, payload: Payload) -> None:
        if isinstance(payload, FeedGap):
            span = set(range(payload.first_missing, payload.last_missing + 1))
            assert span.isdisjoint(self.delivered)
            self.excused |= span
            self.book_known = False
            return
        if isinstance(payload, BookSnapshot):
            assert payload.last_id >= self.reached
            self.excused |= set(range(self.reached + 1, payload.last_id + 1))
            self.reached, self.book_known = payload.last_id, True
            return
        assert isinstance(payload, Trade)
        number = payload.trade_id
        assert number in self.received
        assert number > self.reached
        assert set(range(self.reached + 1, number)) <= self.excused
        self.delivered.append(number)
        self.reached = number

    def hear(self, number: int) -> None:
        self.received.add(number)
        if not self.baseline:
            self.baseline, self.reached = number, number - 1
        self.take(self.detector.observe(number, print_of(number), self.now))

    @rule(skip=st.sampled_from([0, 0, 0, 1, 2, 4, 7]))
    def send(self, skip: int) -> None:
        self.sent += skip + 1
        if self.baseline:
            self.lost |= set(range(self.sent - skip, self.sent))
        self.hear(self.sent)

    @precondition(lambda self: self.received)
    @rule(pick=st.integers(0, 10_000))
    def duplicate(self, pick: int) -> None:
        self.hear(sorted(self.received)[pick % len(self.received)])

    @precondition(lambda self: self.lost)
    @rule(pick=st.integers(0, 10_000))
    def arrive_late(self, pick: int) -> None:
        number = sorted(self.lost)[pick % len(self.lost)]
        self.lost.discard(number)
        self.hear(number)

    @precondition(lambda self: self.lost)
    @rule(share=st.integers(1, 3))
    def retransmit(self, share: int) -> None:
        numbers = sorted(self.lost)[: max(1, len(self.lost) // share)]
        self.lost -= set(numbers)
        self.received |= set(numbers)
        again = [(number, print_of(number)) for number in numbers]
        self.take(self.detector.retransmitted(again, self.now))

    @precondition(lambda self: self.baseline)
    @rule(back=st.integers(0, 6))
    def snapshot(self, back: int) -> None:
        last_id = max(self.sent - back, 0)
        self.take(self.detector.snapshot(last_id, book_at(last_id), self.now))

    @rule()
    def fail_over(self) -> None:
        assert self.detector.failover_done("venue", self.now).deliver == ()
        self.sent = self.baseline = self.reached = 0
        self.lost, self.received, self.excused = set(), set(), set()
        self.delivered, self.book_known = [], True

    @rule(ms=st.sampled_from([0, 1, 99, 100, 250]))
    def wait(self, ms: int) -> None:
        self.now = UnixNanos(self.now + ms * MS)
        step = self.detector.on_timer(self.now)
        self.take(step)
        if step.action is GapAction.TRIGGER_FAILOVER:
            assert not self.book_known

    @invariant()
    def nothing_waits_while_the_stream_is_live(self) -> None:
        if self.detector.state in {GapState.LIVE, GapState.STALE}:
            assert not {number for number in self.received if number > self.reached}

    @invariant()
    def counters_add_up(self) -> None:
        counters = self.detector.counters
        is_open = self.detector.state in {GapState.GAP_DETECTED, GapState.RECOVERING}
        assert counters.gaps == counters.recovered + counters.forced + is_open


TestStreams = Streams.TestCase
TestStreams.settings = settings(deadline=None, max_examples=100, stateful_step_count=40)


def test_lost_prints_are_told_and_nothing_is_held_back() -> None:
    watched = TradeGaps()
    other = InstrumentId("venue:B")
    assert watched.observe([print_of(5), print_of(6), print_of(1, other)]) == []
    alerts = watched.observe([print_of(2, other), print_of(10), print_of(11), print_of(3, other)])
    assert [(a.instrument_id, a.first_missing, a.last_missing) for a in alerts] == [(NAME, 7, 9)]
    assert watched.lost == 3


def test_prints_without_a_number_and_repeated_prints_are_no_gap() -> None:
    watched = TradeGaps()
    assert watched.observe([print_of(9), print_of(0), print_of(9), print_of(2), print_of(10)]) == []
    assert watched.lost == 0
