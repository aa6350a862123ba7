from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_strategy.sma_crossover import SmaCrossover, SmaCrossoverParameters, build

NAME = "binance:BTCUSDT"


def made(**parameters):
    return SmaCrossover("s1", SmaCrossoverParameters(fast=2, slow=4, **parameters))


def directions(told):
    return [signal and signal.direction for signal in told]


FALLS_RISES_FALLS = [13.0, 12.0, 11.0, 10.0, 11.0, 14.0, 15.0, 12.0, 9.0]
# fast: 12.5 11.5 10.5 10.5 12.5 14.5 13.5 10.5 / slow: 11.5 11 11.5 12.5 13 12.5 (from the fourth)


def test_it_is_long_from_a_golden_cross_and_short_from_a_death_cross(make_context, run):
    told = run(made(), make_context(), FALLS_RISES_FALLS)
    assert directions(told) == [None, None, None, None, None, 1, None, None, -1]
    assert told[5].confidence == told[8].confidence == 1.0
    assert told[5].reason == "golden cross: fast average +869.57 bps from slow"
    assert told[5].px == 14.0


def test_a_death_cross_only_closes_where_shorts_are_off(make_context, run):
    told = run(made(short=False), make_context(), FALLS_RISES_FALLS)
    assert directions(told)[5:] == [1, None, None, 0]


def test_the_side_at_the_end_of_the_warm_up_is_no_cross(make_context, run):
    rising = [10.0 + i for i in range(12)]
    assert directions(run(made(), make_context(), rising)) == [None] * 12


def test_equal_averages_are_no_cross_and_keep_the_last_side(make_context, run):
    # the fifth price makes both 11.5; then 10 below 10.25, or 11 above 10.75
    prices = [13.0, 12.0, 11.0, 10.0, 13.0]
    assert directions(run(made(), make_context(), [*prices, 9.0])) == [None] * 5 + [1]
    context, strategy = make_context(), made()
    assert directions(run(strategy, context, [*prices, 7.0])) == [None] * 6
    flat = run(strategy, context, [0.1 + 0.2] * 30)  # rounding of sums of these is no cross
    assert [signal for signal in flat if signal is not None and signal.direction > 0] == []


@settings(deadline=None, max_examples=60)
@given(prices=st.lists(st.integers(50, 150).map(float), max_size=60))
def test_opinions_are_those_of_the_plain_rule(prices, make_context, run):
    told = run(made(again_after=1000), make_context(), prices)
    side, direction, wanted = 0, 0, []
    for end in range(1, len(prices) + 1):
        new = 0
        if end >= 4:
            gap = sum(prices[end - 2 : end]) * 2 - sum(prices[end - 4 : end])  # exact in integers
            new = (gap > 0) - (gap < 0)
        change = new * side < 0
        wanted.append(new if change and new != direction else None)
        direction = new if change else direction
        side = new or side
    assert directions(told) == wanted


def test_an_opinion_that_was_not_followed_is_told_again(make_context, run):
    context, strategy = make_context(), made(again_after=3)
    run(strategy, context, FALLS_RISES_FALLS[:6])
    assert directions(run(strategy, context, [15.0, 16.0, 17.0])) == [None, None, 1]
    context.held = Decimal(1)
    assert directions(run(strategy, context, [18.0] * 2)) == [None, None]


def test_it_explains_itself(make_context, run):
    strategy, context = made(), make_context()
    assert [(c.value, c.met) for c in strategy.explain(NAME)] == [("0 samples", False)]
    run(strategy, context, FALLS_RISES_FALLS[:5])
    window, gap = strategy.explain(NAME)
    assert window.met
    assert (gap.value, gap.met) == ("-454.55 bps", False)
    assert gap.needed == "above 0 after below, or below after above"
    run(strategy, context, FALLS_RISES_FALLS[5:6])
    assert strategy.explain(NAME)[1].met


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"fast": 30}, "fast = 30: expected fewer samples than slow = 30"),
        ({"fast": 0}, "fast = 0: expected a number above 0"),
        ({"speed": 1}, "speed"),
        ({"slow": 20.5}, "slow"),
    ],
)
def test_the_factory_names_a_wrong_parameter(parameters, message):
    with pytest.raises(ValueError, match=message):
        build("s1", parameters)


def test_the_factory_takes_parameters_as_a_settings_file_gives_them():
    assert build("s1", {"instruments": [NAME], "fast": 5}).instruments == frozenset({NAME})
