import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_common.clock import UnixNanos, from_iso
from rf_net import retry_after_s

NOW = from_iso("2026-03-01T12:00:00Z")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Sun, 01 Mar 2026 12:00:30 GMT", 30.0),
        ("Sun, 01 Mar 2026 12:00:30 -0000", 30.0),
        ("Sun, 01 Mar 2026 13:00:30 +0100", 30.0),
    ],
)
def test_seconds_and_dates_are_understood(value, seconds):
    assert retry_after_s({"RETRY-after": value}, NOW) == seconds


@pytest.mark.parametrize(
    "value",
    ["", "soon", "-1", "1.5", "١٢", "9" * 12, "Sun, 01 Mar 2026 11:59:59 GMT", "Sun, 99 Xxx 1"],
)
def test_unreadable_and_past_values_count_as_none(value):
    assert retry_after_s({"Retry-After": value}, NOW) is None


def test_without_the_header_there_is_nothing_to_obey():
    assert retry_after_s({"Content-Type": "text/html"}, NOW) is None


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=60))
def test_no_text_raises_or_tells_a_negative_wait(value):
    assert (retry_after_s({"Retry-After": value}, UnixNanos(0)) or 0.0) >= 0
