import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_metrics import OTHER, BoundedLabels
from rf_metrics.labels import BoundedMap


@given(st.lists(st.text(max_size=4)), st.integers(1, 5))
@settings(deadline=None, max_examples=100)
def test_never_more_labels_than_the_limit_and_other(values, limit):
    labels = BoundedLabels(limit)
    given_out = {labels.of(value) for value in values}
    assert len(given_out - {OTHER}) <= limit
    assert given_out <= set(values) | {OTHER}


def test_a_known_label_keeps_its_name_after_the_limit_is_reached():
    labels = BoundedLabels(2)
    given_out = [labels.of(value) for value in ("a", "b", "c", "a", "b", "d")]
    assert given_out == ["a", "b", OTHER, "a", "b", OTHER]


def test_a_limit_below_one_is_refused():
    with pytest.raises(ValueError, match="from 1, was 0"):
        BoundedLabels(0)


def test_the_map_forgets_the_oldest_and_refuses_a_second_value():
    memory: BoundedMap[int] = BoundedMap(2)
    assert memory.put("a", 1)
    assert memory.put("b", 2)
    assert not memory.put("a", 9)
    assert memory.put("c", 3)
    assert len(memory) == 2
    assert memory.take("a") is None
    assert memory.take("b") == 2
    assert memory.take("b") is None
