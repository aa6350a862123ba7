import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rf_common import clock
from rf_common.clock import DeterministicClock, RealtimeClock, UnixNanos
from rf_common.errors import CausalityError


def test_a_deterministic_clock_tells_what_it_was_told() -> None:
    now = DeterministicClock(UnixNanos(10))

    now.set(UnixNanos(10))
    now.set(UnixNanos(25))

    assert now.now() == 25
    now.reset()
    assert now.now() == 10


def test_a_deterministic_clock_refuses_to_go_back_and_stays() -> None:
    now = DeterministicClock(UnixNanos(10))

    with pytest.raises(CausalityError, match="now 10, asked 9"):
        now.set(UnixNanos(9))

    assert now.now() == 10


def test_going_back_raises_in_an_optimised_build_too() -> None:
    code = "from rf_common import DeterministicClock as C; C(5).set(4)"

    done = subprocess.run(
        [sys.executable, "-OO", "-c", code], capture_output=True, check=False, text=True
    )

    assert done.returncode == 1
    assert "CausalityError" in done.stderr


def test_a_stepped_wall_clock_freezes_real_time_until_it_is_passed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    readings = iter([100, 90, 1, 100, 101])
    monkeypatch.setattr(time, "time_ns", lambda: next(readings))
    now = RealtimeClock()

    assert [now.now() for _ in range(5)] == [100, 100, 100, 100, 101]


@given(st.integers(0, 2**64 - 1))
def test_text_keeps_every_nanosecond(ts: int) -> None:
    seconds, nanos = clock.to_text(UnixNanos(ts)).split(".")

    assert int(seconds) * 10**9 + int(nanos) == ts
    assert len(nanos) == 9


@given(st.integers(0, 2**64 // 10**6 - 1))
def test_iso_text_reads_back_to_the_millisecond(millis: int) -> None:
    ts = clock.from_millis(millis)

    assert clock.from_iso(clock.to_iso(ts)) == ts


@pytest.mark.parametrize("text", ["2024-01-01T00:00:00", "2024-01-01", "yesterday", "", "1e9"])
def test_a_time_without_zone_or_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"zone|isoformat"):
        clock.from_iso(text)


def test_iso_text_takes_offsets() -> None:
    assert clock.from_iso("1970-01-01T01:00:00.000001+01:00") == 1_000
    with pytest.raises(ValueError, match="expected nanoseconds"):
        clock.from_iso("1969-12-31T23:59:59Z")


@pytest.mark.parametrize("value", [-1, 2**64])
def test_times_outside_the_range_are_refused(value: int) -> None:
    with pytest.raises(ValueError, match="expected nanoseconds"):
        clock.checked_nanos(value)


def test_the_ends_of_the_range_are_times() -> None:
    assert clock.checked_nanos(0) == 0
    assert clock.checked_nanos(2**64 - 1) == 2**64 - 1


def test_units_convert() -> None:
    assert clock.from_seconds(1.5) == 1_500_000_000
    assert clock.from_millis(3) == 3_000_000
    assert clock.from_micros(3) == 3_000
    with pytest.raises(ValueError, match="NaN"):
        clock.from_seconds(float("nan"))


def test_a_span_is_exact_and_never_negative() -> None:
    assert clock.span_ns(UnixNanos(3), UnixNanos(10)) == 7
    assert clock.span_ns(UnixNanos(3), UnixNanos(3)) == 0
    with pytest.raises(CausalityError, match="start 4 is after end 3"):
        clock.span_ns(UnixNanos(4), UnixNanos(3))


def test_monotonic_readings_do_not_fall() -> None:
    first = clock.monotonic_ns()

    assert clock.monotonic_ns() >= first
