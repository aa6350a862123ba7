"""Trade signs, bulk classification and VPIN against definitions and the streaming classes."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, t

from rf_signals import streaming
from rf_signals.microstructure import (
    bulk_buy_volume,
    clnv,
    emo,
    lee_ready,
    quote_rule,
    tick_rule,
    vpin,
    vpin_of_shares,
)
from rf_signals.streaming.flow import Clnv, Emo

CHECKED = settings(deadline=None, max_examples=60)
TRADES = st.lists(
    st.tuples(st.integers(0, 9), st.integers(2, 6), st.integers(0, 4)), min_size=1, max_size=30
)
# px, bid, ask and the signs of tclf 0.4 (lr, tick, quote, emo, clnv).
SIGNED = [
    (99.97, 99.97, 99.98, -1, 0, -1, -1, -1),
    (100.02, 100.02, 100.04, -1, 1, -1, -1, -1),
    (100.02, 100.0, 100.02, 1, 1, 1, 1, 1),
    (100.04, 100.03, 100.04, 1, 1, 1, 1, 1),
    (100.01, 100.0, 100.02, 1, -1, 1, -1, -1),
    (100.02, 100.03, 100.04, -1, 1, -1, 1, 1),
    (100.0, 100.0, 100.01, -1, -1, -1, -1, -1),
    (100.07, 100.03, 100.07, 1, 1, 1, 1, 1),
    (100.0, 99.98, 99.99, 1, -1, 1, -1, -1),
    (100.005, 100.0, 100.01, 1, 1, 0, 1, 1),
]


def test_signs_are_those_of_an_independent_package():
    px, bid, ask, *signs = (list(column) for column in zip(*SIGNED, strict=True))
    assert lee_ready(px, bid, ask).tolist() == signs[0]
    assert tick_rule(px).tolist() == signs[1]
    assert quote_rule(px, bid, ask).tolist() == signs[2]
    assert emo(px, bid, ask).tolist() == signs[3]
    assert clnv(px, bid, ask).tolist() == signs[4]


def test_ties_at_the_mid_look_at_the_last_different_price():
    px = [100.0, 100.25, 100.25, 100.25, 100.0]
    bid = [p - 0.5 for p in px]
    ask = [p + 0.5 for p in px]
    assert lee_ready(px, bid, ask).tolist() == [0, 1, 1, 1, -1]


def test_a_tolerance_puts_decimal_mids_where_they_belong():
    args = ([100.01], [100.0], [100.02])
    assert quote_rule(*args).tolist() == [1]  # in binary the mid is below 100.01
    assert quote_rule(*args, tolerance=1e-9).tolist() == [0]


@CHECKED
@given(TRADES)
def test_batch_signs_are_those_of_the_stream(trades):
    px = [float(p) for p, _, _ in trades]
    bid = [float(b) for _, b, _ in trades]
    ask = [float(b + width - 1) for _, b, width in trades]  # crossed, locked and open quotes
    for batch, stream in (
        (lee_ready, streaming.LeeReady()),
        (emo, Emo()),
        (clnv, Clnv()),
    ):
        told = [stream.update(*trade) for trade in zip(px, bid, ask, strict=True)]
        assert batch(px, bid, ask).tolist() == told
    rule = streaming.TickRule()
    assert tick_rule(px).tolist() == [rule.update(p) for p in px]


def test_a_crossed_or_locked_quote_leaves_it_to_the_tick_rule():
    px, bid, ask = [10.0, 11.0, 11.0], [10.0, 12.0, 11.0], [11.0, 10.5, 11.0]
    assert quote_rule(px, bid, ask).tolist() == [-1, 0, 0]
    assert lee_ready(px, bid, ask).tolist() == [-1, 1, 1]
    assert emo(px, bid, ask).tolist() == [-1, 1, 1]
    assert clnv(px, bid, ask).tolist() == [-1, 1, 1]


def test_bulk_classification_is_the_distribution_function_of_the_scaled_change():
    rng = np.random.default_rng(3)
    dp, volume = rng.normal(size=30), rng.integers(1, 99, 30).astype(float)
    z = dp / dp.std(ddof=1)
    np.testing.assert_allclose(bulk_buy_volume(dp, volume), volume * norm.cdf(z), rtol=1e-13)
    heavy = bulk_buy_volume(dp, volume, sigma=2.0, degrees=0.25)
    np.testing.assert_allclose(heavy, volume * t.cdf(dp / 2.0, 0.25), rtol=1e-8)


def test_flat_prices_are_half_bought():
    assert bulk_buy_volume([0.0, 0.0], [10.0, 4.0]).tolist() == [5.0, 2.0]
    assert bulk_buy_volume([0.5, 0.5], [10.0, 4.0]).tolist() == [10.0, 4.0]


def test_vpin_by_hand_with_split_trades():
    # Fractions of the definition: 7 buckets of 100 from 700 units, only the third is mixed.
    found = vpin(
        [10.0, 11.0, 11.0, 10.5, 10.5, 10.7],
        [100.0, 50.0, 120.0, 80.0, 250.0, 100.0],
        bucket_volume=100.0,
        window=3,
    )
    assert found.n_full_buckets == 7
    assert found.imbalance.tolist() == pytest.approx([1.0, 1.0, 0.4, 1.0, 1.0, 1.0, 1.0])
    np.testing.assert_allclose(found.vpin, [np.nan, np.nan, 0.8, 0.8, 0.8, 1.0, 1.0])
    assert found.fill == 0.0


@CHECKED
@given(
    st.lists(
        st.tuples(st.integers(1, 5), st.integers(0, 40), st.sampled_from([0, 1, -1])), min_size=1
    ),
    st.integers(1, 12),
    st.integers(1, 4),
)
def test_batch_vpin_is_that_of_the_stream(trades, volume, window):
    px, qty, side = (list(column) for column in zip(*trades, strict=True))
    found = vpin(px, qty, bucket_volume=float(volume), window=window, side=side)
    stream = streaming.Vpin(float(volume), window)
    for trade in trades:
        stream.update(*map(float, trade[:2]), trade[2])
    assert found.n_full_buckets == stream.n_full_buckets
    assert found.fill == stream.fill
    last = found.vpin[-1] if found.vpin.size else np.nan
    assert stream.value == (None if np.isnan(last) else pytest.approx(last, abs=1e-12))


@pytest.mark.parametrize(("qty", "volume"), [("0.1", "1"), ("0.1", "0.3"), ("0.7", "2.1")])
def test_decimal_volumes_fill_as_many_buckets_as_exact_fractions(qty, volume):
    n = 3000
    exact = int(Fraction(qty) * n / Fraction(volume))
    found = vpin([10.0] * n, [float(qty)] * n, bucket_volume=float(volume), window=1)
    assert found.n_full_buckets == exact
    stream = streaming.Vpin(float(volume), 1)
    for _ in range(n):
        stream.update(10.0, float(qty))
    assert stream.n_full_buckets == exact


def test_bulk_vpin_deals_the_bought_share_of_each_bar():
    px, qty = [10.0, 11.0, 12.0, 11.5], [100.0, 150.0, 80.0, 220.0]
    found = vpin(px, qty, bucket_volume=100.0, window=2, method="bvc")
    share = np.append(0.5, norm.cdf(np.diff(px) / np.std(np.diff(px), ddof=1)))
    units = np.repeat(share, np.array(qty, dtype=int))[:500].reshape(5, 100)
    np.testing.assert_allclose(found.imbalance, np.abs(2.0 * units.mean(axis=1) - 1.0), atol=1e-12)
    again = vpin_of_shares(share, qty, bucket_volume=100.0, window=2)
    np.testing.assert_array_equal(found.imbalance, again.imbalance)


@pytest.mark.parametrize(
    "change",
    [
        {"px": [10.0, float("nan")]},
        {"qty": [1.0, -1.0]},
        {"qty": [1.0]},
        {"bucket_volume": 0.0},
        {"bucket_volume": 1e-12},
        {"window": 0},
        {"window": 1.5},
        {"method": "guess"},
        {"method": "bvc", "side": [1, 1]},
        {"side": [1, 2]},
        {"sigma": 1.0},
        {"method": "bvc", "sigma": 0.0},
    ],
)
def test_bad_input_to_vpin_is_refused(change):
    given_ = {"px": [10.0, 11.0], "qty": [1.0, 2.0], "bucket_volume": 1.0, "window": 1} | change
    with pytest.raises(ValueError, match="expected"):
        vpin(given_.pop("px"), given_.pop("qty"), **given_)


def test_bad_input_to_the_rules_is_refused():
    for change in ({"tolerance": -1.0}, {"share": 0.5}):
        with pytest.raises(ValueError, match="expected"):
            clnv([1.0], [1.0], [2.0], **change)
    with pytest.raises(ValueError, match="one shape"):
        emo([1.0], [1.0, 1.0], [2.0])
    with pytest.raises(ValueError, match="share"):
        Clnv(0.5)
    with pytest.raises(ValueError, match="expected"):
        vpin_of_shares([1.5], [1.0], bucket_volume=1.0)
