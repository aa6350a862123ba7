from math import nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_signals.streaming import Ema, Macd, Sma

SERIES = st.lists(st.floats(1.0, 1e6), min_size=1, max_size=60)
CHECKED = settings(deadline=None, max_examples=100)


def ema_of(series, period):
    """Return the exponential average by its definition, None in the warm-up."""
    k = 2.0 / (period + 1)
    told = [None] * min(period - 1, len(series))
    if len(series) >= period:
        value = sum(series[:period]) / period
        told.append(value)
        for x in series[period:]:
            value = k * x + (1.0 - k) * value
            told.append(value)
    return told


@CHECKED
@given(series=SERIES, period=st.integers(1, 12))
def test_ema_is_the_recursion_seeded_with_the_mean(series, period):
    ema = Ema(period)
    told = [ema.update(x) for x in series]
    assert told == [
        None if v is None else pytest.approx(v, rel=1e-12, abs=1e-9) for v in ema_of(series, period)
    ]


def test_sma_and_ema_of_a_flat_series_stay_flat_to_the_last_bit():
    sma, ema = Sma(7), Ema(7)
    for _ in range(50):
        sma.update(61_837.63)
        ema.update(61_837.63)
    assert ema.value == 61_837.63
    assert sma.value == pytest.approx(61_837.63, rel=1e-15)


@CHECKED
@given(series=SERIES, fast=st.integers(1, 5), more=st.integers(1, 5), signal=st.integers(1, 4))
def test_macd_is_the_difference_of_two_emas_and_its_own_ema(series, fast, more, signal):
    slow = fast + more
    macd = Macd(fast, slow, signal)
    quick, calm = ema_of(series, fast), ema_of(series, slow)
    lines = [None if s is None else f - s for f, s in zip(quick, calm, strict=True)]
    known = [line for line in lines if line is not None]
    signals = [None] * (len(lines) - len(known)) + ema_of(known, signal)
    for x, line, smooth in zip(series, lines, signals, strict=True):
        told = macd.update(x)
        assert told == macd.value == macd.line
        if line is None:
            assert told is None
            continue
        assert told == pytest.approx(line, rel=1e-9, abs=1e-8)
        if smooth is None:
            assert macd.signal is None
            assert macd.histogram is None
        else:
            assert macd.signal == pytest.approx(smooth, rel=1e-9, abs=1e-8)
            assert macd.histogram == pytest.approx(line - smooth, rel=1e-9, abs=1e-8)


def test_talib_seeding_starts_both_averages_together_and_waits_for_the_signal():
    prices = [100.0 + i * (-1) ** i for i in range(60)]
    macd = Macd(3, 6, 4, seeding="talib")
    told = [macd.update(px) for px in prices]
    quick = [None] * 3 + ema_of(prices[3:], 3)
    calm = ema_of(prices, 6)
    lines = [None if s is None else f - s for f, s in zip(quick, calm, strict=True)]
    first = 6 - 1 + 4 - 1
    assert told[:first] == [None] * first
    assert told[first:] == [pytest.approx(line, rel=1e-12) for line in lines[first:]]


def test_the_two_seedings_agree_after_a_while():
    prices = [100.0 + (i * 7919 % 13) for i in range(200)]
    classic, talib = Macd(), Macd(seeding="talib")
    for px in prices:
        classic.update(px)
        talib.update(px)
    assert classic.value == pytest.approx(talib.value, abs=1e-4)


@pytest.mark.parametrize("make", [lambda: Ema(3), lambda: Macd(2, 3, 2)])
def test_nan_is_refused_and_changes_nothing(make):
    asked, clean = make(), make()
    for x in (1.0, 2.0, 4.0, 3.0, 9.0, 2.0):
        with pytest.raises(ValueError, match="expected a finite number for x, was nan"):
            asked.update(nan)
        assert asked.update(x) == clean.update(x)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fast": 5, "slow": 5}, "expected slow > fast, was slow=5, fast=5"),
        ({"fast": 0}, "expected fast to be an integer >= 1, was 0"),
        ({"signal": 0}, "expected signal to be an integer >= 1, was 0"),
        ({"seeding": "mine"}, "expected seeding 'classic' or 'talib', was 'mine'"),
    ],
)
def test_macd_refuses_periods_that_make_no_sense(arguments, message):
    with pytest.raises(ValueError, match=message):
        Macd(**arguments)
