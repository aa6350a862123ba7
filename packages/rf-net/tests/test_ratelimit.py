import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_net import RateLimiter
from rf_net.ratelimit import LineGate

SECOND = 1_000_000_000


def test_asking_takes_nothing():
    limiter = RateLimiter(per_second=1.0)

    assert [limiter.delay_ns(5), limiter.delay_ns(5), limiter.take(5)] == [0, 0, 0]
    assert limiter.delay_ns(5) == SECOND


def test_a_burst_passes_at_once_and_then_the_rate_holds():
    limiter = RateLimiter(per_second=2.0, burst=3)

    assert [limiter.take(0) for _ in range(4)] == [0, 0, 0, SECOND // 2]
    assert limiter.take(SECOND // 2) == 0
    assert limiter.take(SECOND // 2) > 0


def test_rest_saves_no_more_than_the_burst():
    limiter = RateLimiter(per_second=2.0, burst=2)
    now = 1000 * SECOND

    assert [limiter.take(now) == 0 for _ in range(3)] == [True, True, False]


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(0, SECOND // 2), min_size=1, max_size=100))
def test_no_second_ever_sees_more_than_burst_and_rate(steps):
    limiter = RateLimiter(per_second=4.0, burst=1)
    now, sent = 0, []
    for step in steps:
        now += step
        if limiter.take(now) == 0:
            sent.append(now)

    for start in sent:
        assert sum(start <= at <= start + SECOND for at in sent) <= 5


@settings(deadline=None, max_examples=100)
@given(st.floats(0.1, 1000), st.integers(1, 10), st.integers(0, 10 * SECOND))
def test_waiting_as_told_is_enough(rate, burst, now):
    limiter = RateLimiter(rate, burst)
    for _ in range(20):
        now += limiter.delay_ns(now)
        assert limiter.take(now) == 0


@pytest.mark.parametrize(
    ("rate", "burst"), [(0, 1), (-1, 1), (float("nan"), 1), (float("inf"), 1), (1, 0)]
)
def test_a_limit_that_is_none_is_refused(rate, burst):
    with pytest.raises(ValueError, match="positive rate"):
        RateLimiter(rate, burst)


def test_one_line_per_second_and_key_passes():
    gate = LineGate()

    assert [gate.allows("a", 0), gate.allows("a", SECOND - 1), gate.allows("b", 5)] == [
        True,
        False,
        True,
    ]
    assert gate.allows("a", SECOND)


def test_the_gate_remembers_a_bounded_number_of_keys():
    gate = LineGate()
    for number in range(5000):
        gate.allows(str(number), number)

    assert len(gate._last) == 1024
    assert not gate.allows("4999", 5000)
