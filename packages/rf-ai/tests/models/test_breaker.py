"""The breaker and the bucket on a told clock."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rf_ai.models import Breaker, BreakerState, TokenBucket
from rf_common.clock import UnixNanos, from_seconds

OPEN_S = 30.0


def opened(at=0.0):
    breaker = Breaker()
    for _ in range(5):
        breaker.failed(from_seconds(at))
    return breaker


def test_five_failures_in_a_row_open_it():
    breaker = Breaker()
    for _ in range(4):
        breaker.failed(UnixNanos(0))
    assert breaker.allows(UnixNanos(0))

    breaker.failed(UnixNanos(0))

    assert breaker.state is BreakerState.OPEN
    assert not breaker.allows(UnixNanos(0))


def test_a_success_in_between_starts_the_count_again():
    breaker = Breaker()
    for _ in range(4):
        breaker.failed(UnixNanos(0))
    breaker.succeeded()
    for _ in range(4):
        breaker.failed(UnixNanos(0))

    assert breaker.state is BreakerState.CLOSED


def test_it_stays_open_for_thirty_seconds_and_then_tries_one_call():
    breaker = opened()

    assert not breaker.allows(from_seconds(29.9))
    assert breaker.wait_ns(from_seconds(10.0)) == 20 * 10**9
    assert breaker.allows(from_seconds(30.0))
    assert breaker.state is BreakerState.HALF_OPEN
    assert not breaker.allows(from_seconds(30.0))


def test_two_good_trials_close_it():
    breaker = opened()
    for at in (30.0, 31.0):
        assert breaker.allows(from_seconds(at))
        breaker.succeeded()

    assert breaker.state is BreakerState.CLOSED


def test_one_bad_trial_opens_it_again_for_the_whole_time():
    breaker = opened()
    assert breaker.allows(from_seconds(30.0))
    breaker.succeeded()
    assert breaker.allows(from_seconds(31.0))
    breaker.failed(from_seconds(40.0))

    assert not breaker.allows(from_seconds(69.9))
    assert breaker.allows(from_seconds(70.0))


def test_an_abandoned_trial_makes_room_for_another():
    breaker = opened()
    assert breaker.allows(from_seconds(30.0))
    breaker.abandoned()

    assert breaker.allows(from_seconds(30.0))


@pytest.mark.parametrize("bad", [{"failures": 0}, {"open_s": 0.0}, {"successes": 0}])
def test_a_breaker_needs_numbers_above_zero(bad):
    with pytest.raises(ValueError, match="from 1"):
        Breaker(**bad)


def test_fractions_of_tokens_are_kept_between_looks():
    bucket = TokenBucket(capacity=1.0, per_s=0.1)
    assert bucket.take(UnixNanos(0))

    taken = [bucket.take(from_seconds(s)) for s in range(1, 11)]

    assert taken == [False] * 9 + [True]


def test_a_full_bucket_gains_nothing_more():
    bucket = TokenBucket(capacity=2.0, per_s=1.0)
    bucket.take(UnixNanos(0))

    assert [bucket.take(from_seconds(1_000.0)) for _ in range(3)] == [True, True, False]
    assert bucket.wait_s() == pytest.approx(1.0)


def test_time_that_goes_back_gains_nothing():
    bucket = TokenBucket(capacity=1.0, per_s=1.0)
    bucket.take(from_seconds(100.0))

    assert not bucket.take(from_seconds(50.0))
    assert not bucket.take(from_seconds(100.5))
    assert bucket.take(from_seconds(101.0))


@given(
    st.lists(st.floats(0.0, 20.0), min_size=1, max_size=60),
    st.floats(1.0, 10.0),
    st.floats(0.01, 5.0),
)
def test_no_span_sees_more_than_capacity_and_refill(steps, capacity, per_s):
    bucket = TokenBucket(capacity, per_s)
    now_s, taken = 0.0, 0
    for step in steps:
        now_s += step
        taken += bucket.take(from_seconds(now_s))
        assert taken <= capacity + per_s * now_s + 1e-6


@pytest.mark.parametrize(("capacity", "per_s"), [(0.5, 1.0), (1.0, 0.0), (1.0, float("nan"))])
def test_a_bucket_needs_room_and_a_rate(capacity, per_s):
    with pytest.raises(ValueError, match="capacity from 1"):
        TokenBucket(capacity, per_s)
