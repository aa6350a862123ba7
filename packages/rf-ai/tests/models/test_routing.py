"""The routing table, row by row."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rf_ai.models import Tier, Trigger, route

ROWS = [
    (Trigger.TICK, None, None, Tier.NONE),
    (Trigger.TICK, 0.99, 1e6, Tier.NONE),
    (Trigger.NEWS, None, None, Tier.CHEAP),
    (Trigger.DRIFT, None, None, Tier.CHEAP),
    (Trigger.TIMER, 0.69, None, Tier.CHEAP),
    (Trigger.TIMER, 0.70, None, Tier.CHEAP),
    (Trigger.TIMER, 0.85, None, Tier.CHEAP),
    (Trigger.TIMER, 0.851, None, Tier.STRONG),
    (Trigger.TIMER, None, 5_000.0, Tier.CHEAP),
    (Trigger.TIMER, None, 5_000.01, Tier.STRONG),
    (Trigger.DEMAND, None, -9_000.0, Tier.STRONG),
    (Trigger.DEMAND, None, None, Tier.CHEAP),
    (Trigger.EARNINGS, None, None, Tier.STRONG),
    (Trigger.FOMC, None, None, Tier.STRONG),
    (Trigger.GEX_FLIP, None, None, Tier.STRONG),
    (Trigger.DAILY_BRIEF, None, None, Tier.STRONG),
    (Trigger.TUNING, None, None, Tier.STRONG),
    (Trigger.EARNINGS, 0.1, 1.0, Tier.STRONG),
]


@pytest.mark.parametrize(("trigger", "confidence", "value", "tier"), ROWS)
def test_each_row_of_the_table(trigger, confidence, value, tier):
    found = route(trigger, confidence=confidence, value=value)

    assert found.tier is tier
    assert found.reason


@given(st.sampled_from(Trigger), st.floats(0, 1), st.floats(-1e9, 1e9))
def test_only_ticks_reach_no_model(trigger, confidence, value):
    tier = route(trigger, confidence=confidence, value=value).tier

    assert (tier is Tier.NONE) is (trigger is Trigger.TICK)


@pytest.mark.parametrize(
    "bad", [{"confidence": 1.1}, {"confidence": float("nan")}, {"value": float("inf")}]
)
def test_numbers_that_cannot_be_are_refused(bad):
    with pytest.raises(ValueError, match="expected"):
        route(Trigger.TIMER, **bad)
