from fractions import Fraction
from itertools import pairwise
from math import inf, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_signals.streaming import LeeReady, TickRule, Vpin

CHECKED = settings(deadline=None, max_examples=100)
TRADES = st.lists(
    st.tuples(
        st.integers(1, 5).map(float), st.integers(0, 40).map(float), st.sampled_from([0, 1, -1])
    ),
    min_size=1,
    max_size=40,
)


def tick_signs(prices):
    """Return the sign of each trade from the last different price, 0 where there is none."""
    signs = []
    for i, px in enumerate(prices):
        before = [p for p in prices[:i] if p != px]
        moves = [b - a for a, b in pairwise(prices[: i + 1]) if a != b]
        signs.append(0 if not before else (1 if moves[-1] > 0 else -1))
    return signs


@CHECKED
@given(st.lists(st.integers(1, 4).map(float), min_size=1, max_size=30))
def test_the_tick_rule_looks_at_the_last_different_price(prices):
    rule = TickRule()
    assert [rule.update(px) for px in prices] == tick_signs(prices)


def test_lee_ready_uses_the_quote_and_at_the_mid_the_tick():
    rule = LeeReady()
    assert rule.update(101.0, 100.0, 101.0) == 1
    assert rule.update(100.0, 100.0, 101.0) == -1
    assert rule.update(100.5, 100.0, 101.0) == 1  # at the mid, after a lower price
    assert rule.update(100.5, 101.0, 102.0) == -1
    assert LeeReady().update(100.5, 100.0, 101.0) == 0


def vpin_of(trades, volume, window):
    """Return VPIN and the number of full buckets by dealing units of volume one at a time."""
    units, sign = [], 1
    for (_, qty, side), tick in zip(trades, tick_signs([t[0] for t in trades]), strict=True):
        sign = side or tick or sign
        units += [sign] * int(qty)
    buckets = [units[i : i + volume] for i in range(0, len(units) - volume + 1, volume)]
    shares = [Fraction(abs(sum(bucket)), volume) for bucket in buckets]
    if len(shares) < window:
        return None, len(shares), len(units) % volume
    return float(sum(shares[-window:]) / window), len(shares), len(units) % volume


@CHECKED
@given(trades=TRADES, volume=st.integers(1, 12), window=st.integers(1, 4))
def test_vpin_splits_trades_over_buckets_of_equal_volume(trades, volume, window):
    vpin = Vpin(float(volume), window)
    for i, trade in enumerate(trades):
        told = vpin.update(*trade)
        value, full, left = vpin_of(trades[: i + 1], volume, window)
        assert vpin.n_full_buckets == full
        assert vpin.fill == left
        assert told == vpin.value == (None if value is None else pytest.approx(value, abs=1e-12))


def test_one_huge_trade_counts_every_bucket_without_walking_through_them():
    vpin = Vpin(3.0, window=2)
    vpin.update(10.0, 2.0, -1)
    assert vpin.update(11.0, 3e9 + 2.0, 1) == 1.0
    assert vpin.n_full_buckets == 1_000_000_001
    assert vpin.fill == 1.0


@CHECKED
@given(
    st.lists(st.tuples(st.floats(1.0, 2.0), st.floats(0.0, 1e3)), min_size=1, max_size=60),
    st.floats(0.1, 10.0),
)
def test_vpin_stays_between_zero_and_one_and_loses_no_volume(trades, volume):
    vpin = Vpin(volume, window=3)
    for px, qty in trades:
        told = vpin.update(px, qty)
        assert told is None or -1e-12 <= told <= 1.0 + 1e-9
        assert 0.0 <= vpin.fill <= volume
    total = sum(qty for _, qty in trades)
    assert vpin.n_full_buckets * volume + vpin.fill == pytest.approx(total, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: TickRule().update(nan), "expected a finite number for px, was nan"),
        (lambda: LeeReady().update(1.0, nan, 2.0), "finite prices for bid_px, ask_px, was nan"),
        (lambda: LeeReady().update(1.0, inf, inf), "finite prices for bid_px, ask_px"),
        (lambda: LeeReady().update(nan, 1.0, 2.0), "for px, was nan"),
        (lambda: Vpin(0.0), "a finite positive volume for bucket_volume, was 0.0"),
        (lambda: Vpin(1.0, 0), "expected window to be an integer >= 1, was 0"),
        (lambda: Vpin(1.0).update(1.0, -1.0), "for qty, was -1.0"),
        (lambda: Vpin(1.0).update(1.0, 1e13), "a quantity of 0 to 1e[+]12 buckets for qty"),
        (lambda: Vpin(1.0).update(nan, 1.0), "for px, was nan"),
    ],
)
def test_bad_values_are_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()
