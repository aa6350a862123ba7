from decimal import Decimal

import pytest

from rf_common.clock import NANOS_PER_SECOND
from rf_common.intelligence import Direction, GateDecided, Verdict
from rf_strategy.ai_momentum import AiMomentum, AiMomentumParameters, build

PARAMETERS = AiMomentumParameters(period=3, threshold=0.01, again_after=4, max_age_s=60)


def decided(verdict=Verdict.APPROVED, direction=Direction.LONG, *, ts=0, stop=90.0, target=120.0):
    return GateDecided(
        "c7",
        "binance:BTCUSDT",
        ts,
        verdict,
        "told",
        direction,
        Decimal(1),
        stop,
        target,
        0.7,
        (),
        (),
    )


@pytest.fixture
def strategy():
    return AiMomentum("a1", PARAMETERS)


def directions(told):
    return [signal.direction for signal in told if signal is not None]


def test_without_a_verdict_nothing_is_opened(strategy, make_context, run):
    assert directions(run(strategy, make_context(), [100.0, 100.0, 100.0, 103.0, 110.0])) == []
    (_, _, gate) = strategy.explain("binance:BTCUSDT")
    assert (gate.name, gate.value, gate.met) == ("gate", "no verdict yet", False)


def test_momentum_with_an_approval_of_its_side_is_opened_and_says_why(strategy, make_context, run):
    context = make_context()
    context.verdict = decided()
    told = run(strategy, context, [100.0, 100.0, 100.0, 103.0])
    assert told[3].direction == 1
    assert told[3].reason.endswith("; approved in cycle c7: told")


@pytest.mark.parametrize(
    "verdict",
    [
        decided(Verdict.REJECTED, Direction.NEUTRAL),
        decided(Verdict.HEDGE, Direction.SHORT),
        decided(direction=Direction.SHORT),
    ],
)
def test_another_verdict_forbids(strategy, make_context, run, verdict):
    context = make_context()
    context.verdict = verdict
    assert directions(run(strategy, context, [100.0, 100.0, 100.0, 103.0, 106.0])) == []


def test_an_old_approval_forbids(strategy, make_context, run):
    context = make_context()
    context.verdict = decided(ts=context.now - 61 * NANOS_PER_SECOND)
    assert directions(run(strategy, context, [100.0, 100.0, 100.0, 103.0])) == []


@pytest.mark.parametrize(
    "later",
    [decided(Verdict.HEDGE, Direction.SHORT), decided(direction=Direction.SHORT)],
)
def test_what_is_open_is_closed_when_the_gate_turns(strategy, make_context, run, later):
    context = make_context()
    context.verdict = decided()
    told = run(strategy, context, [100.0, 100.0, 100.0, 103.0])
    context.verdict = later
    told += run(strategy, context, [106.0])
    assert directions(told) == [1, 0]
    assert "closed:" in told[-1].reason


@pytest.mark.parametrize(("px", "word"), [(121.0, "target")])
def test_what_is_open_is_closed_at_the_approved_target(strategy, make_context, run, px, word):
    context = make_context()
    context.verdict = decided()
    told = run(strategy, context, [100.0, 100.0, 100.0, 103.0, px])
    assert directions(told) == [1, 0]
    assert word in told[-1].reason


def test_what_is_open_is_closed_at_the_approved_stop(strategy, make_context, run):
    context = make_context()
    context.verdict = decided(stop=104.0)
    told = run(strategy, context, [90.0, 90.0, 90.0, 103.0])
    assert directions(told) == [1]
    assert "stop" in run(strategy, context, [103.5])[0].reason


def test_a_wrong_parameter_is_named():
    with pytest.raises(ValueError, match="max_age_s"):
        build("a1", {"max_age_s": 0})
