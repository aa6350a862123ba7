import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_net import BackoffConfig, ReconnectPolicy


def test_delays_double_from_half_a_second_to_a_minute():
    policy = ReconnectPolicy(lambda: 0.5)

    delays = [policy.next_delay_s() for _ in range(10)]

    assert delays == [0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert policy.attempts == 10


def test_success_begins_again():
    policy = ReconnectPolicy(lambda: 0.5)
    for _ in range(5):
        policy.next_delay_s()

    policy.succeeded()

    assert policy.attempts == 0
    assert policy.next_delay_s() == 0.5


def test_jitter_goes_to_both_sides():
    assert ReconnectPolicy(lambda: 0.0).next_delay_s() == 0.375
    assert ReconnectPolicy(lambda: 0.75).next_delay_s() == 0.5625


@settings(deadline=None, max_examples=100)
@given(st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=200))
def test_every_delay_is_within_a_quarter_of_the_plan(draws):
    source = iter(draws)
    policy = ReconnectPolicy(lambda: next(source))

    for n in range(len(draws)):
        plan_s = min(0.5 * 2**n, 60)
        assert plan_s * 0.75 <= policy.next_delay_s() <= plan_s * 1.25


@pytest.mark.parametrize("draw", [1.0, -0.1, float("nan")])
def test_a_source_out_of_range_is_refused(draw):
    with pytest.raises(ValueError, match="uniform"):
        ReconnectPolicy(lambda: draw).next_delay_s()


@pytest.mark.parametrize(
    "settings_",
    [{"initial_ms": 0}, {"factor": 0.5}, {"max_ms": 100}, {"jitter": 1.0}],
)
def test_settings_that_would_hammer_are_refused(settings_):
    with pytest.raises(ValueError, match=next(iter(settings_))):
        BackoffConfig(**settings_)
