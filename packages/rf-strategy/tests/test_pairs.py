from decimal import Decimal
from math import exp, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_strategy.pairs import Pairs, PairsParameters, RollingHedge, build

Y, X = "sim:Y", "sim:X"


def made(**parameters):
    return Pairs("p1", PairsParameters(instruments=(Y, X), **({"period": 20} | parameters)))


@pytest.fixture
def legs(make_context):
    return make_context(Y), make_context(X)


def show(strategy, legs, pairs):
    """Return what is said to each sample of y and x, y first."""
    told = []
    for prices in pairs:
        for context, px in zip(legs, prices, strict=True):
            told.append(strategy.on_event(context, context.show(px)))
    return told


def cointegrated(n, *, ratio=2.0, seed=1):
    """Prices with log y = ratio log x + small noise."""
    rng = np.random.default_rng(seed)
    x = 0.01 * rng.standard_normal(n).cumsum() + log(100.0)
    y = ratio * x + 0.002 * rng.standard_normal(n)
    return [(exp(b), exp(a)) for a, b in zip(x, y, strict=True)]


def test_beyond_the_entry_the_dear_leg_is_sold_and_the_cheap_one_bought(legs):
    strategy, calm = made(entry_z=3.0), cointegrated(30)
    assert show(strategy, legs, calm) == [None] * 60
    y, x = calm[-1]
    told = show(strategy, legs, [(y * 1.05, x)])
    # The second leg's event completes the pair and is told of first; the first follows.
    assert (told[0], told[1].instrument_id, told[1].direction) == (None, X, 1)
    follows = strategy.on_event(legs[1], legs[1].show(x, sample=False))
    assert (follows.instrument_id, follows.direction) == (Y, -1)
    assert follows.px == y * 1.05
    assert "hedge ratio" in follows.reason
    assert strategy.on_event(legs[1], legs[1].show(x, sample=False)) is None


def test_values_stand_as_one_to_the_hedge_ratio(legs):
    strategy, calm = made(entry_z=3.0), cointegrated(30, ratio=2.0)
    show(strategy, legs, calm)
    y, x = calm[-1]
    show(strategy, legs, [(y * 1.02, x)])
    first = strategy.on_event(legs[0], legs[0].show(y, sample=False))
    ratio = float(first.reason.split()[-1])
    assert ratio == pytest.approx(2.0, abs=0.3)
    assert first.confidence == pytest.approx(1.0 / (1.0 + ratio), rel=1e-3)


def test_it_ends_within_the_exit_level(legs):
    strategy, calm = made(entry_z=3.0, exit_z=1.0), cointegrated(30)
    show(strategy, legs, calm)
    y, x = calm[-1]
    show(strategy, legs, [(y * 1.05, x)])
    told = [signal for signal in show(strategy, legs, [(y, x)] * 3) if signal is not None]
    assert [(signal.instrument_id, signal.direction) for signal in told[-2:]] == [(X, 0), (Y, 0)]


def test_a_sample_of_the_pair_needs_both_legs(legs):
    strategy = made(period=3)
    for px in (100.0, 101.0, 102.0, 103.0):
        assert strategy.on_event(legs[0], legs[0].show(px)) is None
    assert strategy.explain(Y)[0].value == "0 samples"
    strategy.on_event(legs[1], legs[1].show(50.0))
    assert strategy.explain(X)[0].value == "1 samples"


@pytest.mark.parametrize(
    "pairs",
    [
        [(100.0, 50.0)] * 40,  # nothing moves
        [(100.0 + i, 50.0) for i in range(40)],  # one stands still
        [(100.0 * 1.01**i, 50.0 / 1.01**i) for i in range(40)],  # against each other
        [(100.0 * 1.01**i, 50.0 * 1.01**i) for i in range(40)],  # one price in two units
    ],
)
def test_without_a_hedge_nothing_is_opened(legs, pairs):
    assert [signal for signal in show(made(), legs, pairs) if signal is not None] == []


def test_a_lost_hedge_closes_both_legs(legs):
    strategy, calm = made(entry_z=3.0), cointegrated(30)
    show(strategy, legs, calm)
    y, x = calm[-1]
    show(strategy, legs, [(y * 1.05, x)])
    apart = [(y * 1.05 * 1.02**i, x / 1.02**i) for i in range(1, 60)]
    told = [signal for signal in show(strategy, legs, apart) if signal is not None]
    last = {signal.instrument_id: signal.direction for signal in told}
    assert last == {X: 0, Y: 0}
    assert any("no hedge" in signal.reason for signal in told) or told[-1].direction == 0


def test_a_leg_that_was_not_followed_is_told_again(legs):
    strategy, calm = made(entry_z=3.0, again_after=2), cointegrated(30)
    show(strategy, legs, calm)
    y, x = calm[-1]
    show(strategy, legs, [(y * 1.05, x), (y * 1.05, x)])
    legs[0].held = Decimal(-1)  # the first leg was filled, the second was refused
    told = show(strategy, legs, [(y * 1.05, x)] * 4)
    repeated = {signal.instrument_id for signal in told if signal is not None and signal.direction}
    assert repeated == {X}


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    level=st.floats(-5.0, 10.0),
    noise=st.floats(1e-3, 1.0),
    ratio=st.floats(0.1, 3.0),
)
def test_the_rolling_fit_is_that_of_least_squares(seed, level, noise, ratio):
    rng = np.random.default_rng(seed)
    x = level + 0.01 * rng.standard_normal(40).cumsum()
    y = ratio * x + 0.01 * noise * rng.standard_normal(40)
    hedge = RollingHedge(15)
    fits = [hedge.update(b, a) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    assert fits[:14] == [None] * 14
    for end in range(15, 41):
        fit, a, b = fits[end - 1], x[end - 15 : end], y[end - 15 : end]
        slope, base = np.polyfit(a - a.mean(), b, 1)
        resid = b - base - slope * (a - a.mean())
        if resid.std() < 1e-4 * b.std():
            continue  # nearly one price: what is left is rounding
        assert fit.ratio == pytest.approx(slope, rel=1e-6, abs=1e-8)
        assert fit.z == pytest.approx(resid[-1] / resid.std(), rel=1e-4, abs=1e-4)


def test_the_same_prices_give_the_same_words(make_context):
    prices = cointegrated(200, seed=4)
    first, second = (
        show(made(entry_z=1.5), (make_context(Y), make_context(X)), prices) for _ in range(2)
    )
    assert first == second
    said = [signal for signal in first if signal is not None]
    assert {signal.instrument_id for signal in said} == {X, Y}
    assert {signal.direction for signal in said} == {-1, 0, 1}


def test_it_explains_itself(legs):
    strategy = made(entry_z=3.0)
    show(strategy, legs, cointegrated(30))
    window, hedge, residual = strategy.explain(Y)
    assert window.met
    assert hedge.met
    assert not residual.met
    assert residual.needed == "beyond ±3 sd"


def test_another_instrument_is_not_its_business(legs, make_context):
    other = make_context("sim:Z")
    assert made().on_event(other, other.show(1.0)) is None


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "instruments"),
        ({"instruments": [Y]}, "instruments"),
        ({"instruments": [Y, Y]}, "expected two different ones"),
        ({"instruments": [Y, X], "exit_z": 2.0}, "exit_z = 2.0: expected less than 2.0"),
        ({"instruments": [Y, X], "period": 2}, "period = 2: expected at least 3 samples"),
        ({"instruments": [Y, X], "entry_z": float("nan")}, "entry_z = nan"),
    ],
)
def test_the_factory_names_a_wrong_parameter(parameters, message):
    with pytest.raises(ValueError, match=message):
        build("p1", parameters)
