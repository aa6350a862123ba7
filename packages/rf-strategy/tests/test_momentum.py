from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_common import OrderFilled
from rf_common.enums import Liquidity, Side
from rf_strategy import Momentum, MomentumParameters
from rf_strategy.momentum import build

PARAMETERS = MomentumParameters(period=3, threshold=0.01, again_after=4)


@pytest.fixture
def momentum():
    return Momentum("m1", PARAMETERS)


def test_it_stands_with_a_price_that_leaves_its_average(momentum, make_context, run):
    # averages of three: 100, 101, 101.67, 101, 99.67
    told = run(momentum, make_context(), [100.0, 100.0, 100.0, 103.0, 102.0, 98.0, 99.0])
    assert [s and s.direction for s in told] == [None, None, None, 1, None, -1, None]
    long = told[3]
    assert (long.strategy_id, long.instrument_id, long.px) == ("m1", "binance:BTCUSDT", 103.0)
    assert long.confidence == 1.0
    assert long.reason == "deviation +198.0 bps from average of 3"


def test_it_goes_flat_when_the_price_is_back_at_its_average(momentum, make_context, run):
    told = run(momentum, make_context(), [100.0, 100.0, 103.0, 103.5, 103.0])
    # the last average is 103.17, the price below it
    assert [s and s.direction for s in told] == [None, None, 1, None, 0]
    assert told[4].confidence == pytest.approx((103.5 - 103.0) / 3 / (309.5 / 3) / 0.01, rel=1e-9)


def test_a_deviation_of_exactly_the_threshold_is_not_beyond_it(make_context, run):
    momentum = Momentum("m1", MomentumParameters(period=2, threshold=0.5))
    assert run(momentum, make_context(), [1.0, 3.0]) == [None, None]
    assert run(momentum, make_context(), [1.0, 3.0, 9.5])[2].direction == 1


def test_the_same_opinion_is_told_once(momentum, make_context, run):
    context = make_context()
    told = run(momentum, context, [100.0, 100.0, 100.0, 103.0])
    context.held = Decimal(1)
    told += run(momentum, context, [106.0 * 1.03**i for i in range(10)])
    assert [s.direction for s in told if s is not None] == [1]


def test_an_opinion_that_was_not_followed_is_told_again_after_a_while(momentum, make_context, run):
    context = make_context()
    told = run(momentum, context, [100.0 * 1.03**i for i in range(14)])
    assert [i for i, s in enumerate(told) if s is not None] == [2, 6, 10]
    context.held = Decimal(-1)  # a position on the other side does not follow it either
    assert run(momentum, context, [200.0])[0].direction == 1


def test_a_position_that_is_held_without_an_opinion_is_closed(momentum, make_context, run):
    context = make_context()
    context.held = Decimal(2)  # left by an earlier session
    told = run(momentum, context, [100.0] * 6)
    assert [s and s.direction for s in told] == [None, None, None, 0, None, None]


def test_only_new_samples_count(momentum, make_context):
    context = make_context()
    for px in (100.0, 100.0, 100.0):
        momentum.on_event(context, context.show(px))
    assert momentum.on_event(context, context.show(150.0, sample=False)) is None
    assert momentum.on_event(context, context.show(103.0)).px == 103.0


def test_each_instrument_has_its_own_state(momentum, make_context, run):
    bitcoin, ether = make_context(), make_context("binance:ETHUSDT")
    for px in (100.0, 100.0, 103.0):
        first = run(momentum, bitcoin, [px])[0]
        second = run(momentum, ether, [5.0])[0]
    assert first.direction == 1
    assert second is None
    assert momentum.explain("binance:ETHUSDT")[1].met is False
    assert momentum.explain("binance:BTCUSDT")[1].met is True


@settings(deadline=None, max_examples=60)
@given(prices=st.lists(st.floats(90.0, 110.0), max_size=60))
def test_opinions_follow_the_plain_rule_and_are_the_same_in_every_run(prices, make_context, run):
    first = run(Momentum("m1", PARAMETERS), make_context(), prices)
    assert run(Momentum("m1", PARAMETERS), make_context(), prices) == first
    direction, told_at = 0, 0
    for i, signal in enumerate(first):
        if i < 2:
            assert signal is None
            continue
        average = sum(prices[i - 2 : i + 1]) / 3
        deviation = (prices[i] - average) / average
        if abs(abs(deviation) - 0.01) < 1e-9 or abs(deviation) < 1e-12:
            return  # rounding decides
        if abs(deviation) > 0.01:
            wanted = 1 if deviation > 0 else -1
        else:
            wanted = direction if deviation * direction > 0 else 0
        again = wanted != 0 and i + 1 - told_at >= 4  # nothing is ever held here
        if wanted != direction or again:
            assert signal.direction == wanted
            assert 0.0 < signal.confidence <= 1.0
            direction, told_at = wanted, i + 1
        else:
            assert signal is None


def test_it_explains_itself_in_plain_words(momentum, make_context, run):
    context = make_context()
    unseen = momentum.explain("binance:BTCUSDT")
    assert [(c.name, c.value, c.needed, c.met) for c in unseen] == [
        ("window", "0 samples", "3 samples", False)
    ]
    run(momentum, context, [100.0, 100.0])
    assert momentum.explain("binance:BTCUSDT")[0].value == "2 samples"
    run(momentum, context, [103.0])
    assert [(c.name, c.value, c.needed, c.met) for c in momentum.explain("binance:BTCUSDT")] == [
        ("window", "3 samples", "3 samples", True),
        ("deviation from average", "+198.0 bps", "beyond ±100.0 bps", True),
    ]


def test_a_strategy_that_came_later_counts_only_what_it_saw_itself(momentum, make_context, run):
    context = make_context()
    context.features.samples = 5_000
    run(momentum, context, [100.0])
    assert momentum.explain("binance:BTCUSDT")[0].value == "1 samples"


def test_a_fill_changes_nothing(momentum, make_context, run):
    context = make_context()
    run(momentum, context, [100.0, 100.0])
    fill = OrderFilled(
        "c1", "binance:BTCUSDT", 0, "V1", "x", Side.BUY, Decimal(1), Decimal(1), Decimal(0),
        Liquidity.TAKER,
    )  # fmt: skip
    momentum.on_fill(context, fill)
    assert run(momentum, context, [103.0])[0].direction == 1


def test_the_factory_takes_parameters_as_a_settings_file_gives_them():
    made = build("m7", {"instruments": ["binance:BTCUSDT"], "period": 5, "threshold": 1})
    assert (made.strategy_id, made.instruments) == ("m7", frozenset({"binance:BTCUSDT"}))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"perid": 5}, "perid"),
        ({"period": 0}, "period = 0: expected a number above 0"),
        ({"period": 1.5}, "period"),
        ({"threshold": -0.1}, "threshold = -0.1: expected a number above 0"),
        ({"threshold": float("nan")}, "threshold = nan: expected a number above 0"),
        ({"again_after": "soon"}, "again_after"),
    ],
)
def test_the_factory_names_a_wrong_parameter(parameters, message):
    with pytest.raises(ValueError, match=message):
        build("m7", parameters)
