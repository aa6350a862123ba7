from itertools import pairwise
from math import inf, log, nan, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_common import Quote, Trade
from rf_feature import FeatureConfig, FeatureSet

NAME = "binance:BTCUSDT"
SECOND = 1_000_000_000
YEAR = 31_536_000.0
CONFIG = FeatureConfig(
    sample_ms=1_000, min_samples=3, rsi_period=3, ema_fast=2, ema_slow=4, ofi_window=3
)
CHECKED = settings(deadline=None, max_examples=100)

SIZE = st.just(0.0) | st.floats(1e-3, 1e4)
EVENT = st.one_of(
    st.tuples(st.floats(50.0, 500.0), st.floats(0.0, 2.0), SIZE, SIZE),
    st.tuples(st.floats(50.0, 500.0), SIZE),
)
TAPE = st.lists(st.tuples(st.integers(0, 3 * SECOND), EVENT), min_size=1, max_size=60)


def told(features):
    names = [n for n in FeatureSet.__slots__ if not n.startswith("_")]
    return {name: getattr(features, name) for name in [*names, "ofi"]}


def dated(tape):
    """Return quotes and trades with the times at which they become known."""
    now, events = 1_700_000_000 * SECOND, []
    for gap, values in tape:
        now += gap
        if len(values) == 2:
            events.append(Trade(NAME, now, values[0], values[1], None))
        else:
            px, spread, bid_qty, ask_qty = values
            events.append(Quote(NAME, now, px, bid_qty, px + spread, ask_qty))
    return events


def feed(features, events):
    for event in events:
        if isinstance(event, Quote):
            features.on_quote(event, event.ts_event)
        else:
            features.on_trade(event)
    return features


def samples_of(events, step=SECOND):
    """Return (step number, mid) of the first quote of each step of the grid."""
    first = {}
    for event in events:
        if isinstance(event, Quote):
            first.setdefault(event.ts_event // step, (event.bid_px + event.ask_px) / 2)
    return list(first.items())


def volatility(samples, decay, min_samples):
    """Return the annual volatility of sampled mids by its definition."""
    variance = None
    for (s0, p0), (s1, p1) in pairwise(samples):
        square = log(p1 / p0) ** 2 / (s1 - s0)
        variance = square if variance is None else decay * variance + (1 - decay) * square
    return sqrt(variance * YEAR) if len(samples) > min_samples else None


@CHECKED
@given(tape=TAPE)
def test_features_are_what_their_formulas_say(tape):
    events = dated(tape)
    features = feed(FeatureSet(CONFIG, YEAR), events)
    quotes = [event for event in events if isinstance(event, Quote)]
    samples = samples_of(events)
    assert features.samples == len(samples)
    if quotes:
        last = quotes[-1]
        mid, size = (last.bid_px + last.ask_px) / 2, last.bid_qty + last.ask_qty
        assert features.mid_px == pytest.approx(mid)
        assert features.spread_bps == pytest.approx((last.ask_px - last.bid_px) / mid * 1e4)
        share = (last.bid_qty - last.ask_qty) / size if size else 0.0
        assert features.imbalance == pytest.approx(share)
        heavy = (last.ask_px * last.bid_qty + last.bid_px * last.ask_qty) / size if size else mid
        assert features.micro_px == pytest.approx(heavy)
    for value, decay in ((features.vol, 0.97), (features.average_vol, 0.998)):
        expected = volatility(samples, decay, 3)
        assert value == (None if expected is None else pytest.approx(expected, abs=1e-9))
    prints = [event for event in events if isinstance(event, Trade)]
    volume = sum(event.qty for event in prints)
    if volume:
        assert features.vwap == pytest.approx(sum(e.px * e.qty for e in prints) / volume)
    else:
        assert features.vwap is None


@CHECKED
@given(tape=TAPE, cut=st.integers(1, 60))
def test_what_comes_later_changes_nothing_that_was_told(tape, cut):
    events = dated(tape)
    features, past = FeatureSet(CONFIG, YEAR), []
    for event in events:
        feed(features, [event])
        past.append(told(features))
    cut = min(cut, len(events))
    assert told(feed(FeatureSet(CONFIG, YEAR), events[:cut])) == past[cut - 1]


def test_a_fresh_set_knows_nothing():
    known = told(FeatureSet(CONFIG, YEAR))
    assert known.pop("samples") == 0
    assert set(known.values()) == {None}


def test_values_stay_none_until_their_windows_are_full(quote):
    features = FeatureSet(CONFIG, YEAR)
    seen = []
    for i in range(6):
        features.on_quote(quote(100.0 + i, 101.0 + i), i * SECOND)
        seen.append(
            (features.ema_fast, features.rsi, features.vol, features.ema_slow, features.ofi)
        )
    assert [[v is not None for v in row] for row in seen] == [
        [False, False, False, False, False],
        [True, False, False, False, False],
        [True, False, False, False, False],
        [True, True, True, True, True],
        [True, True, True, True, True],
        [True, True, True, True, True],
    ]
    assert features.rsi == 100.0
    assert features.ofi == 1.0


def test_only_the_first_quote_of_a_step_is_sampled(quote):
    features = FeatureSet(CONFIG, YEAR)
    moments = [0, 1, SECOND - 1, SECOND, SECOND + 5, 2 * SECOND - 1, 5 * SECOND, 5 * SECOND]
    counts = []
    for i, now in enumerate(moments):
        features.on_quote(quote(100.0 + i, 100.0 + i), now)
        counts.append(features.samples)
    assert counts == [1, 1, 1, 2, 2, 2, 3, 3]
    assert features.ema_fast is not None
    assert features.mid_px == 107.0


def test_the_grid_lies_on_event_time_not_on_the_first_quote(quote):
    features = FeatureSet(CONFIG, YEAR)
    features.on_quote(quote(100.0, 101.0), SECOND - 1)
    features.on_quote(quote(100.0, 101.0), SECOND)
    assert features.samples == 2


def test_a_return_over_several_steps_counts_as_that_many_steps(quote):
    config = FeatureConfig(sample_ms=1_000, min_samples=1)
    quick, slow = FeatureSet(config, YEAR), FeatureSet(config, YEAR)
    for features, gap in ((quick, 1), (slow, 4)):
        features.on_quote(quote(100.0, 100.0), 0)
        features.on_quote(quote(102.0, 102.0), gap * SECOND)
    assert quick.vol == pytest.approx(log(1.02) * sqrt(YEAR))
    assert slow.vol == pytest.approx(quick.vol / 2)


def test_the_step_sets_how_volatility_is_annualised(quote):
    fine = FeatureSet(FeatureConfig(sample_ms=250, min_samples=1), 1_000.0)
    fine.on_quote(quote(100.0, 100.0), 0)
    fine.on_quote(quote(101.0, 101.0), SECOND // 4)
    assert fine.vol == pytest.approx(log(1.01) * sqrt(4_000.0))


def test_a_clock_that_stands_still_or_goes_back_takes_no_sample(quote):
    features = FeatureSet(CONFIG, YEAR)
    for now in (5 * SECOND, 5 * SECOND, 3 * SECOND):
        features.on_quote(quote(100.0, 101.0), now)
    assert features.samples == 1


def test_a_locked_quote_has_no_spread_and_a_crossed_one_a_negative(quote):
    features = FeatureSet(CONFIG, YEAR)
    features.on_quote(quote(100.0, 100.0), 0)
    assert (features.spread_bps, features.mid_px, features.micro_px) == (0.0, 100.0, 100.0)
    features.on_quote(quote(101.0, 99.0), 1)
    assert features.spread_bps == -200.0


def test_a_quote_without_sizes_does_not_keep_the_values_of_the_quote_before(quote):
    features = FeatureSet(CONFIG, YEAR)
    features.on_quote(quote(100.0, 101.0, 3.0, 1.0), 0)
    features.on_quote(quote(200.0, 202.0, 0.0, 0.0), 1)
    assert (features.micro_px, features.imbalance) == (201.0, 0.0)


def test_one_sided_sizes_put_the_microprice_on_the_other_side(quote):
    features = FeatureSet(CONFIG, YEAR)
    features.on_quote(quote(100.0, 101.0, 5.0, 0.0), 0)
    assert (features.micro_px, features.imbalance) == (101.0, 1.0)


@pytest.mark.parametrize(
    ("bid", "ask", "bid_qty", "ask_qty", "message"),
    [
        (0.0, 0.0, 1.0, 1.0, "expected positive prices for bid_px, ask_px, was 0.0, 0.0"),
        (nan, 1.0, 1.0, 1.0, "expected positive prices for bid_px, ask_px, was nan, 1.0"),
        (1.0, inf, 1.0, 1.0, "expected positive prices"),
        (-3.0, 1.0, 1.0, 1.0, "expected positive prices"),
        (1.0, 2.0, nan, 1.0, "expected finite numbers for bid_px, bid_sz, ask_px, ask_sz"),
        (1.0, 2.0, 1.0, -1.0, "expected sizes that are not negative"),
    ],
)
def test_a_corrupt_quote_is_refused_and_changes_nothing(quote, bid, ask, bid_qty, ask_qty, message):
    features = FeatureSet(CONFIG, YEAR)
    for i in range(5):
        features.on_quote(quote(100.0 + i, 101.0 + i), i * SECOND)
    before = told(features)
    with pytest.raises(ValueError, match=message):
        features.on_quote(quote(bid, ask, bid_qty, ask_qty), 9 * SECOND)
    assert told(features) == before


def test_a_corrupt_print_is_refused_and_changes_nothing(trade):
    features = FeatureSet(CONFIG, YEAR)
    features.on_trade(trade(100.0, 2.0))
    with pytest.raises(ValueError, match="expected a finite number for px, was nan"):
        features.on_trade(trade(nan, 1.0))
    assert features.vwap == 100.0


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"sample_ms": 0}, "sample_ms = 0: expected a number above 0"),
        ({"vol_decay": 1.0}, "vol_decay = 1.0: expected a decay between 0 and 1"),
        ({"average_vol_decay": nan}, "average_vol_decay = nan: expected a decay"),
        ({"rsi_period": -1}, "rsi_period = -1: expected a number above 0"),
    ],
)
def test_windows_that_make_no_sense_are_refused_by_name(setting, message):
    with pytest.raises(ValueError, match=message):
        FeatureConfig(**setting)
