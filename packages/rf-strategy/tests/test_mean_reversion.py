from math import sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_strategy import MeanReversion, MeanReversionParameters
from rf_strategy.mean_reversion import build

PARAMETERS = MeanReversionParameters(period=4, entry_z=1.5, again_after=5)


@pytest.fixture
def reversion():
    return MeanReversion("r1", PARAMETERS)


def z_of(window):
    mean = sum(window) / len(window)
    std = sqrt(sum((x - mean) ** 2 for x in window) / len(window))
    return (window[-1] - mean) / std if std else None


def test_it_stands_against_a_price_far_from_its_mean_until_it_is_back(reversion, make_context, run):
    prices = [100.0, 100.0, 100.0, 104.0, 103.0, 102.0]
    told = run(reversion, make_context(), prices)
    # z: 1.73 (short), then 103 in 100 100 104 103: 0.70 (held), then 102: -0.17 (flat)
    assert [s and s.direction for s in told] == [None, None, None, -1, None, 0]
    assert told[3].confidence == 0.8
    assert told[3].reason == "z +1.73 in a window of 4"
    assert told[5].confidence == pytest.approx(0.8 * abs(z_of(prices[2:])) / 1.5)


def test_it_buys_what_has_fallen(reversion, make_context, run):
    assert run(reversion, make_context(), [100.0, 100.0, 100.0, 96.0])[3].direction == 1


@settings(deadline=None, max_examples=60)
@given(prices=st.lists(st.integers(90, 110).map(float), max_size=60))
def test_opinions_follow_the_plain_rule_and_are_the_same_in_every_run(prices, make_context, run):
    first = run(MeanReversion("r1", PARAMETERS), make_context(), prices)
    assert run(MeanReversion("r1", PARAMETERS), make_context(), prices) == first
    direction, told_at = 0, 0
    for i, signal in enumerate(first):
        z = z_of(prices[i - 3 : i + 1]) if i >= 3 else None
        if z is None:
            assert signal is None
            continue
        if abs(z) < 1e-9 or abs(abs(z) - 1.5) < 1e-9:
            return  # rounding decides
        held = direction if z * direction < 0 else 0
        wanted = (-1 if z > 0 else 1) if abs(z) > 1.5 else held
        again = wanted != 0 and i + 1 - told_at >= 5
        if wanted != direction or again:
            assert signal.direction == wanted
            assert signal.confidence == pytest.approx(max(0.8 * min(abs(z) / 1.5, 1.0), 0.01))
            direction, told_at = wanted, i + 1
        else:
            assert signal is None


@pytest.mark.parametrize("level", [1e-3, 1.0, 61_837.63, 1e9])
def test_a_flat_window_has_no_opinion(level, reversion, make_context, run):
    assert run(reversion, make_context(), [level] * 10) == [None] * 10


def test_a_flat_window_says_so_instead_of_showing_an_old_distance(reversion, make_context, run):
    run(reversion, make_context(), [100.0, 101.0, 100.0, 104.0, *[100.0] * 4])
    assert [(c.name, c.value, c.met) for c in reversion.explain("binance:BTCUSDT")] == [
        ("window", "8 samples", True),
        ("window", "flat", False),
    ]


def test_it_explains_itself_in_plain_words(reversion, make_context, run):
    assert reversion.explain("binance:BTCUSDT")[0].met is False
    run(reversion, make_context(), [100.0, 100.0, 100.0])
    assert reversion.explain("binance:BTCUSDT")[0].value == "3 samples"
    context = make_context("binance:ETHUSDT")
    run(reversion, context, [100.0, 100.0, 100.0, 104.0])
    assert [(c.name, c.value, c.needed, c.met) for c in reversion.explain("binance:ETHUSDT")] == [
        ("window", "4 samples", "4 samples", True),
        ("distance from mean", "+1.73 sd", "beyond ±1.5 sd", True),
    ]


def test_each_instrument_has_its_own_state(reversion, make_context, run):
    bitcoin, ether = make_context(), make_context("binance:ETHUSDT")
    for px in (100.0, 100.0, 100.0, 104.0):
        first, second = run(reversion, bitcoin, [px])[0], run(reversion, ether, [7.0])[0]
    assert first.direction == -1
    assert second is None


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"entry_z": 0.0}, "entry_z = 0.0: expected a number above 0"),
        ({"window": 5}, "window"),
        ({"period": -1}, "period = -1"),
    ],
)
def test_the_factory_names_a_wrong_parameter(parameters, message):
    with pytest.raises(ValueError, match=message):
        build("r1", parameters)
