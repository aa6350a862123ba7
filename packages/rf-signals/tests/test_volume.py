from itertools import pairwise
from math import inf, log, nan, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_signals.streaming import EwmaVol, LogReturn, Obv, Vwap

CHECKED = settings(deadline=None, max_examples=100)
PRICES = st.floats(1.0, 1e5)
TRADES = st.lists(st.tuples(PRICES, st.just(0.0) | st.floats(1e-6, 1e4)), min_size=1, max_size=50)


@CHECKED
@given(trades=TRADES)
def test_vwap_is_money_over_volume(trades):
    vwap = Vwap()
    for i, (px, qty) in enumerate(trades):
        told = vwap.update(px, qty)
        volume = sum(q for _, q in trades[: i + 1])
        assert vwap.total == pytest.approx(volume)
        if volume > 0:
            money = sum(p * q for p, q in trades[: i + 1])
            assert told == pytest.approx(money / volume, rel=1e-9)
            low, high = min(p for p, _ in trades), max(p for p, _ in trades)
            assert low * (1 - 1e-12) <= told <= high * (1 + 1e-12)
        else:
            assert told is None


def test_vwap_of_a_flat_price_stays_exact_and_reset_forgets():
    vwap = Vwap()
    for i in range(1_000):
        vwap.update(61_837.63, 0.1 + i)
    assert vwap.value == 61_837.63
    vwap.reset()
    assert (vwap.value, vwap.total) == (None, 0.0)
    assert vwap.update(5.0, 2.0) == 5.0


@CHECKED
@given(trades=TRADES)
def test_obv_adds_the_volume_of_up_closes_and_takes_that_of_down_closes(trades):
    obv = Obv()
    balance = trades[0][1]
    assert obv.update(*trades[0]) == balance
    for (last, _), (close, volume) in pairwise(trades):
        balance += volume if close > last else -volume if close < last else 0.0
        assert obv.update(close, volume) == pytest.approx(balance, abs=1e-6)


@CHECKED
@given(prices=st.lists(PRICES, min_size=1, max_size=30))
def test_log_returns_add_up_to_the_whole_move(prices):
    stream = LogReturn()
    told = [stream.update(px) for px in prices]
    assert told[0] is None
    assert sum(told[1:]) == pytest.approx(log(prices[-1] / prices[0]), abs=1e-9)


@CHECKED
@given(
    returns=st.lists(st.floats(-0.1, 0.1), min_size=1, max_size=40),
    decay=st.floats(0.01, 0.99),
    periods=st.floats(1.0, 1e6),
)
def test_ewma_volatility_is_the_weighted_sum_of_squares(returns, decay, periods):
    vol = EwmaVol(decay, periods_per_year=periods)
    told = [vol.update(ret) for ret in returns][-1]
    newest_first = returns[::-1]
    weights = [(1 - decay) * decay**i for i in range(len(returns))]
    weights[-1] = decay ** (len(returns) - 1)  # the first squared return is the seed
    variance = sum(w * r * r for w, r in zip(weights, newest_first, strict=True))
    assert told == pytest.approx(sqrt(variance * periods), rel=1e-9, abs=1e-150)


def test_ewma_volatility_can_start_from_a_variance():
    vol = EwmaVol(0.5, initial_variance=0.04)
    assert vol.update(0.0) == pytest.approx(sqrt(0.02))
    assert vol.value == sqrt(vol.variance)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Vwap().update(nan, 1.0), "expected a finite number for px, was nan"),
        (lambda: Vwap().update(1.0, -1.0), "for qty, was -1.0"),
        (lambda: Vwap().update(1.0, inf), "for qty, was inf"),
        (lambda: Obv().update(nan, 1.0), "for close, was nan"),
        (lambda: Obv().update(1.0, nan), "for volume, was nan"),
        (lambda: LogReturn().update(0.0), "expected a finite positive price for px, was 0.0"),
        (lambda: LogReturn().update(nan), "for px, was nan"),
        (lambda: EwmaVol().update(nan), "for ret, was nan"),
        (lambda: EwmaVol(1.0), "expected a number between 0 and 1 for decay, was 1.0"),
        (lambda: EwmaVol(periods_per_year=0.0), "for periods_per_year, was 0.0"),
        (lambda: EwmaVol(initial_variance=nan), "for initial_variance, was nan"),
    ],
)
def test_bad_values_are_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_refused_trade_leaves_the_average_alone():
    vwap = Vwap()
    vwap.update(10.0, 1.0)
    with pytest.raises(ValueError, match="px"):
        vwap.update(nan, 5.0)
    assert (vwap.value, vwap.total) == (10.0, 1.0)
