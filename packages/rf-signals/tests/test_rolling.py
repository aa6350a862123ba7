from collections import deque
from math import inf, nan, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_signals.streaming import (
    Lag,
    RollingExtremum,
    RollingMean,
    RollingSum,
    RollingVariance,
    Wma,
)

SERIES = st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=1, max_size=60)
PERIOD = st.integers(1, 9)
CHECKED = settings(deadline=None, max_examples=100)


def windows(series, period):
    """Yield the full window after each value, None in the warm-up."""
    window = deque(maxlen=period)
    for x in series:
        window.append(x)
        yield list(window) if len(window) == period else None


def variance(window, ddof=0):
    mean = sum(window) / len(window)
    return sum((x - mean) ** 2 for x in window) / (len(window) - ddof)


def weighted(window):
    weights = range(1, len(window) + 1)
    return sum(w * x for w, x in zip(weights, window, strict=True)) / sum(weights)


@pytest.mark.parametrize(
    ("build", "reference"),
    [
        (RollingSum, sum),
        (RollingMean, lambda window: sum(window) / len(window)),
        (RollingVariance, variance),
        (Wma, weighted),
        (lambda period: RollingExtremum(period, largest=True), max),
        (lambda period: RollingExtremum(period, largest=False), min),
    ],
    ids=["sum", "mean", "variance", "wma", "highest", "lowest"],
)
@CHECKED
@given(series=SERIES, period=PERIOD)
def test_a_window_gives_what_its_last_values_give(build, reference, series, period):
    rolling = build(period)
    for x, window in zip(series, windows(series, period), strict=True):
        value = rolling.update(x)
        assert value == rolling.value
        if window is None:
            assert value is None
        else:
            scale = max(1.0, *(abs(y) for y in window))
            power = 2 if build is RollingVariance else 1
            assert value == pytest.approx(reference(window), rel=1e-9, abs=1e-12 * scale**power)


@CHECKED
@given(series=SERIES, period=st.integers(2, 9))
def test_the_sample_variance_divides_by_one_less(series, period):
    rolling = RollingVariance(period, ddof=1)
    for x, window in zip(series, windows(series, period), strict=True):
        rolling.update(x)
        if window is not None:
            assert rolling.value == pytest.approx(variance(window, ddof=1), rel=1e-9, abs=1e-3)
            assert rolling.mean == pytest.approx(sum(window) / period, rel=1e-9, abs=1e-6)


@CHECKED
@given(series=SERIES, period=PERIOD)
def test_a_lag_returns_the_value_before_that_many_updates(series, period):
    lag = Lag(period)
    told = [lag.update(x) for x in series]
    assert told == ([None] * period + series)[: len(series)]


@CHECKED
@given(level=st.floats(1e-6, 1e12), period=PERIOD, burst=st.floats(-1e15, 1e15))
def test_a_value_that_left_the_window_has_left_no_trace(level, period, burst):
    mean, var = RollingMean(period), RollingVariance(period)
    for x in [burst] + [level] * (2 * period):
        mean.update(x)
        var.update(x)
    assert mean.value == pytest.approx(level, rel=1e-15)
    assert var.value == 0.0
    assert var.mean == level


def test_variance_is_exact_at_a_level_of_a_thousand_million():
    rolling = RollingVariance(4)
    for step in range(1_001):
        rolling.update(1e9 + step % 4)
    assert rolling.value == pytest.approx(1.25, rel=1e-12)
    assert rolling.std == pytest.approx(sqrt(1.25), rel=1e-12)


def test_std_is_none_while_the_window_fills():
    rolling = RollingVariance(2)
    rolling.update(1.0)
    assert rolling.std is None


@pytest.mark.parametrize("bad", [nan, inf, -inf])
@pytest.mark.parametrize(
    "build",
    [
        lambda: RollingSum(2),
        lambda: RollingMean(2),
        lambda: RollingVariance(2),
        lambda: RollingExtremum(2, largest=True),
        lambda: Lag(2),
        lambda: Wma(2),
    ],
)
def test_a_refused_value_is_named_and_changes_nothing(build, bad):
    asked, clean = build(), build()
    for x in (1.0, 5.0, 3.0, 4.0, 8.0):
        with pytest.raises(ValueError, match=f"expected a finite number for x, was {bad}"):
            asked.update(bad)
        assert asked.update(x) == clean.update(x)


@pytest.mark.parametrize("period", [0, -1, 2.0, True, "3", None])
def test_a_period_must_be_a_positive_integer(period):
    with pytest.raises(ValueError, match="expected period to be an integer >= 1, was"):
        RollingMean(period)


def test_a_sample_variance_of_one_value_is_refused():
    with pytest.raises(ValueError, match="expected period to be an integer >= 2, was 1"):
        RollingVariance(1, ddof=1)
