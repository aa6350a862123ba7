"""Brackets: entry, target, stop, and every way in which they can meet."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rf_common.enums import Side
from rf_execution.bracket import (
    Bracket,
    BracketState,
    CancelEntry,
    CancelLeg,
    Flatten,
    Leg,
    ResizeLeg,
    SubmitLeg,
)

TP, SL = Leg.TAKE_PROFIT, Leg.STOP_LOSS


def d(value):
    return Decimal(str(value))


def bracket(side=Side.BUY, quantity=10):
    target, stop = (110, 95) if side is Side.BUY else (90, 105)
    return Bracket(side, d(quantity), entry=d(100), take_profit=d(target), stop_loss=d(stop))


def test_the_exits_are_sent_only_when_the_entry_fills():
    plan = bracket()
    assert plan.state is BracketState.PENDING_ENTRY
    assert plan.entry_filled(d(10)) == (
        SubmitLeg(TP, Side.SELL, d(10), d(110)),
        SubmitLeg(SL, Side.SELL, d(10), d(95)),
    )
    assert plan.state is BracketState.ACTIVE


def test_a_short_entry_is_mirrored():
    legs = bracket(Side.SELL).entry_filled(d(10))
    assert [(leg.side, leg.price) for leg in legs] == [(Side.BUY, d(90)), (Side.BUY, d(105))]


def test_exits_of_a_partial_entry_grow_with_it():
    plan = bracket()
    assert [leg.quantity for leg in plan.entry_filled(d(4))] == [d(4), d(4)]
    assert plan.entry_filled(d(6)) == (ResizeLeg(TP, d(10)), ResizeLeg(SL, d(10)))


def test_a_partial_exit_makes_the_other_smaller_and_only_the_last_cancels_it():
    plan = bracket()
    plan.entry_filled(d(10))
    assert plan.leg_filled(TP, d(3)) == (ResizeLeg(SL, d(7)),)
    assert plan.leg_filled(SL, d(2)) == (ResizeLeg(TP, d(8)),)
    assert plan.leg_filled(TP, d(5)) == (CancelLeg(SL),)
    assert plan.state is BracketState.TAKE_PROFIT_FILLED


def test_both_exits_filling_is_flattened():
    plan = bracket()
    plan.entry_filled(d(10))
    plan.leg_filled(SL, d(10))
    assert plan.leg_filled(TP, d(6)) == (Flatten(Side.BUY, d(6)),)
    assert plan.leg_filled(TP, d(4)) == (Flatten(Side.BUY, d(4)),)
    assert plan.state is BracketState.STOP_LOSS_FILLED


def test_an_exit_that_fills_before_the_whole_entry_cancels_the_rest_of_it():
    plan = bracket()
    plan.entry_filled(d(4))
    assert plan.leg_filled(SL, d(4)) == (CancelEntry(), CancelLeg(TP))
    assert plan.entry_filled(d(2)) == (Flatten(Side.SELL, d(2)),)


def test_an_entry_that_is_refused_ends_the_bracket_and_a_partial_one_stays_protected():
    plan = bracket()
    assert plan.entry_closed() == ()
    assert plan.state is BracketState.CANCELLED
    plan = bracket()
    plan.entry_filled(d(4))
    plan.entry_closed()
    assert plan.state is BracketState.ACTIVE
    assert plan.leg_filled(TP, d(4)) == (CancelLeg(SL),)


def test_a_lost_stop_is_sent_again_for_what_is_left():
    plan = bracket()
    plan.entry_filled(d(10))
    plan.leg_filled(TP, d(3))
    assert plan.leg_closed(SL) == (SubmitLeg(SL, Side.SELL, d(7), d(95)),)
    plan.leg_filled(TP, d(7))
    assert plan.leg_closed(SL) == ()


@pytest.mark.parametrize(
    ("side", "prices"),
    [(Side.BUY, (100, 90, 95)), (Side.BUY, (100, 110, 100)), (Side.SELL, (100, 110, 95))],
)
def test_prices_in_another_order_are_refused(side, prices):
    entry, target, stop = map(d, prices)
    with pytest.raises(ValueError, match="expected"):
        Bracket(side, d(1), entry=entry, take_profit=target, stop_loss=stop)


@given(st.lists(st.tuples(st.sampled_from(["entry", "TP", "SL"]), st.integers(1, 5)), max_size=20))
def test_whatever_fills_the_plan_asks_to_end_flat(events):
    plan = bracket(quantity=20)
    entered, sold, flattened = 0, 0, 0
    for kind, quantity in events:
        if kind == "entry":
            if entered + quantity > 20:
                continue
            entered += quantity
            actions = plan.entry_filled(d(quantity))
        elif plan.state is BracketState.PENDING_ENTRY:
            continue
        else:
            sold += quantity
            actions = plan.leg_filled(Leg(kind), d(quantity))
        for action in actions:
            if isinstance(action, Flatten):
                flattened += int(action.quantity) * action.side.sign
    if plan.state.is_over:
        assert entered - sold + flattened == 0
