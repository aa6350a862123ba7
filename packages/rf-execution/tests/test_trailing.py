"""Trailing stops never loosen, and look before they move."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rf_common.enums import Side
from rf_execution.trailing import Atr, ExitOrder, Fixed, Percent, TrailingStop

TICK = Decimal("0.01")


def d(value):
    return Decimal(str(value))


def stop(side=Side.BUY, trail=None, **others):
    return TrailingStop(side, d(100), d(5), trail or Fixed(d(3)), tick=TICK, **others)


def test_the_first_stop_stands_behind_the_entry():
    assert stop().stop == d("97.00")
    assert stop(Side.SELL).stop == d("103.00")
    assert stop(trail=Percent(d(2))).stop == d("98.00")
    assert stop(trail=Atr(d(2), d("1.5"))).stop == d("97.00")


def test_it_follows_the_best_price_and_triggers_once():
    plan = stop()
    assert plan.observe(d(106)) is None
    assert plan.stop == d("103.00")
    assert plan.observe(d(104)) is None
    assert plan.stop == d("103.00")
    assert plan.observe(d(103)) == ExitOrder(Side.SELL, d(5), None)
    assert plan.observe(d(90)) is None
    assert plan.is_done


def test_a_short_is_mirrored():
    plan = stop(Side.SELL)
    plan.observe(d(90))
    assert plan.stop == d("93.00")
    assert plan.observe(d(94)) == ExitOrder(Side.BUY, d(5), None)


def test_a_gap_through_the_stop_triggers_before_it_could_move():
    plan = stop(trail=Percent(d(50)))
    plan.observe(d(200))
    assert plan.stop == d("100.00")
    assert plan.observe(d(60)) is not None
    assert plan.stop == d("100.00")


def test_with_an_activation_price_there_is_no_stop_before_it():
    plan = stop(activation=d(105))
    assert plan.observe(d(50)) is None
    assert plan.stop is None
    plan.observe(d(105))
    assert plan.stop == d("102.00")
    assert plan.observe(d(101)) is not None


def test_a_limit_offset_bounds_the_exit():
    assert stop(limit_offset=d("0.5")).observe(d(97)) == ExitOrder(Side.SELL, d(5), d("96.50"))
    short = stop(Side.SELL, limit_offset=d("0.5")).observe(d(104))
    assert short == ExitOrder(Side.BUY, d(5), d("103.50"))


@pytest.mark.parametrize("price", [d(0), d(-1), d("NaN"), d("Infinity")])
def test_what_is_no_price_is_refused(price):
    with pytest.raises(ValueError, match="positive price"):
        stop().observe(price)


@pytest.mark.parametrize("trail", [Fixed(d(0)), Fixed(d(100)), Percent(d(-1))])
def test_a_distance_that_is_none_is_refused(trail):
    with pytest.raises(ValueError, match="distance"):
        stop(trail=trail)


@given(st.sampled_from(Side), st.lists(st.integers(5_000, 15_000), max_size=60))
def test_the_stop_never_loosens(side, ticks):
    plan = stop(side, Percent(d(5)))
    last = plan.stop
    for tick in ticks:
        plan.observe(tick * TICK)
        assert (plan.stop - last) * side.sign >= 0
        last = plan.stop
