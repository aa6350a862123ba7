from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from rf_tui.pacer import FRAME_NS, Pacer


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(0, FRAME_NS), max_size=200))
def test_frames_are_never_closer_than_the_pace(steps):
    pacer, now, drawn = Pacer(), 0, []
    for step in steps:
        now += step
        if pacer.wait(now) == 0:
            drawn.append(now)
    assert all(later - earlier >= FRAME_NS for earlier, later in pairwise(drawn))


def test_a_frame_that_waits_is_due_when_it_says():
    pacer = Pacer(100)
    assert pacer.wait(1_000) == 0
    assert pacer.wait(1_040) == 60
    assert pacer.wait(1_100) == 0
