"""The offline analyst: the same schema, the same checks, the same whichever way the market goes."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rf_ai import rules_signal
from rf_ai.rules import horizon_name, size_for
from rf_common.intelligence import Direction, GraphImpact, Horizon, Recommendation
from rf_testkit.stages import graph_stage, quant_stage, swarm_stage

TURN = {"LONG": Direction.SHORT, "SHORT": Direction.LONG, "NEUTRAL": Direction.NEUTRAL}


def turned(quant, swarm):
    """Return the stages of the mirrored market."""
    flip = {
        name: None if getattr(quant, name) is None else -getattr(quant, name)
        for name in ("macd_histogram", "imbalance", "momentum_short", "momentum_long", "momentum")
    }
    rsi = None if quant.rsi is None else 100.0 - quant.rsi
    mirrored = msgspec.structs.replace(
        swarm,
        direction=TURN[swarm.direction.value],
        bull=swarm.bear,
        bear=swarm.bull,
        rally=swarm.dip,
        dip=swarm.rally,
        base_rally=swarm.base_dip,
        base_dip=swarm.base_rally,
        net_flow=-swarm.net_flow,
    )
    return msgspec.structs.replace(quant, rsi=rsi, **flip), mirrored


def test_quant_and_swarm_together_are_enough_for_the_gate():
    made = rules_signal(quant_stage(), swarm_stage(), graph_stage())
    assert made.unavailable == ""
    assert (made.direction, made.recommendation) == (Direction.LONG, Recommendation.BUY)
    assert made.confidence >= 0.65
    assert made.stop_px < made.entry_px == 100.0 < made.take_profit_px
    assert 0 < made.position_size_pct <= 0.05
    assert (made.analyst, made.model) == ("rules", "rules/2")


def test_a_mirrored_market_gets_the_mirrored_opinion():
    quant, swarm = turned(quant_stage(), swarm_stage())
    made, back = (
        rules_signal(quant, swarm, graph_stage()),
        rules_signal(quant_stage(), swarm_stage(), graph_stage()),
    )
    assert made.direction is Direction.SHORT
    assert made.confidence == back.confidence
    assert made.position_size_pct == back.position_size_pct
    assert made.stop_px - 100.0 == pytest.approx(100.0 - back.stop_px)
    assert made.take_profit_px < made.entry_px < made.stop_px


UNIT = st.floats(-1, 1)
SHARE = st.floats(0, 1)


@given(
    UNIT, UNIT, st.floats(0, 100), SHARE, SHARE, SHARE, SHARE, st.sampled_from(list(Direction)),
    st.floats(0.01, 2), st.floats(0.01, 2), SHARE,
)  # fmt: skip
def test_everything_turns_round_with_its_signs(
    momentum, imbalance, rsi, bull, bear, rally, dip, side, vol, usual, agreement
):
    quant = quant_stage(
        momentum=momentum, imbalance=imbalance, rsi=rsi, garch_vol=vol, average_vol=usual
    )
    swarm = swarm_stage(
        direction=side, bull=bull, bear=bear, rally=rally, dip=dip, agreement=agreement
    )
    made = rules_signal(quant, swarm, graph_stage())
    other = rules_signal(*turned(quant, swarm), graph_stage())
    assert other.direction is TURN[made.direction.value]
    assert other.confidence == pytest.approx(made.confidence, abs=1e-3)
    assert made.unavailable == other.unavailable == ""
    assert made.unsupported == ()


@given(
    UNIT, st.floats(0, 100), SHARE, SHARE, st.floats(0.01, 3), st.floats(1e-4, 1e6),
    st.floats(60, 1e7),
)  # fmt: skip
def test_its_answers_pass_the_checks_of_any_answer(momentum, rsi, bull, bear, vol, px, horizon_s):
    quant = quant_stage(momentum=momentum, rsi=rsi, garch_vol=vol, px=px)
    side = Direction.LONG if bull > bear else Direction.SHORT
    swarm = swarm_stage(bull=bull, bear=bear, direction=side)
    made = rules_signal(quant, swarm, graph_stage(), horizon_s=horizon_s)
    assert made.unavailable == ""
    assert made.figures_checked > 0
    ids = {row.row_id for row in made.rows}
    assert set(made.cited) <= ids


def test_quant_against_swarm_is_neutral():
    made = rules_signal(quant_stage(momentum=-1.0), swarm_stage(), graph_stage())
    assert (made.direction, made.recommendation) == (Direction.NEUTRAL, Recommendation.HOLD)
    assert made.position_size_pct == 0.0
    assert made.unavailable == ""


def test_a_neutral_swarm_is_neutral():
    made = rules_signal(quant_stage(), swarm_stage(direction=Direction.NEUTRAL), graph_stage())
    assert made.direction is Direction.NEUTRAL


def test_evidence_that_is_missing_does_not_support_anything():
    whole = rules_signal(quant_stage(rsi=42.0), swarm_stage(), graph_stage())
    for name in ("momentum", "imbalance", "rsi"):
        made = rules_signal(quant_stage(**{"rsi": 42.0, name: None}), swarm_stage(), graph_stage())
        assert made.confidence < whole.confidence


def test_wild_markets_are_expected_to_turn_and_calm_ones_to_go_on():
    fallen = {"momentum": -1.0, "rsi": 30.0, "imbalance": 0.0}
    long, short = swarm_stage(), swarm_stage(
        direction=Direction.SHORT, bull=0.15, bear=0.55, rally=0.22, dip=0.41, base_rally=0.21,
        base_dip=0.38,
    )  # fmt: skip
    wild = quant_stage(**fallen, garch_vol=0.45, average_vol=0.45)
    calm = quant_stage(**fallen, garch_vol=0.10, average_vol=0.10)
    assert rules_signal(wild, long, graph_stage()).direction is Direction.LONG
    assert rules_signal(wild, short, graph_stage()).direction is Direction.NEUTRAL
    assert rules_signal(calm, short, graph_stage()).direction is Direction.SHORT
    assert rules_signal(calm, long, graph_stage()).direction is Direction.NEUTRAL


@pytest.mark.parametrize(
    "changes",
    [{"agreement": 0.9}, {"bear": 0.3}, {"rally": 0.38}],
)
def test_doubt_in_the_swarm_lowers_confidence(changes):
    whole = rules_signal(quant_stage(), swarm_stage(), graph_stage())
    made = rules_signal(quant_stage(), swarm_stage(**changes), graph_stage())
    assert made.confidence < whole.confidence


def test_a_surge_of_volatility_and_contagion_lower_confidence_and_are_risks():
    whole = rules_signal(quant_stage(), swarm_stage(), graph_stage())
    surge = rules_signal(quant_stage(garch_vol=0.5), swarm_stage(), graph_stage())
    assert surge.confidence < whole.confidence
    assert "Volatility 50.00 % per year [F4]" in surge.key_risks[0]
    impact = GraphImpact("B", "Bee", -0.9, 1.0, "AAA -> B")
    spread = rules_signal(quant_stage(), swarm_stage(), graph_stage(impacts=(impact,)))
    assert spread.confidence < whole.confidence
    assert any("Contagion" in risk for risk in spread.key_risks)


def test_the_stop_is_two_and_the_target_three_standard_deviations_of_the_horizon():
    made = rules_signal(
        quant_stage(garch_vol=0.5, rsi=42.0),
        swarm_stage(),
        graph_stage(),
        horizon_s=86_400.0,
        year_s=252 * 86_400.0,
    )
    sigma = 0.5 / 252**0.5
    assert 1.0 - made.stop_px / 100.0 == pytest.approx(2.0 * sigma)
    assert made.take_profit_px / 100.0 - 1.0 == pytest.approx(3.0 * sigma)


@pytest.mark.parametrize(
    ("stages", "reason"),
    [
        ((quant_stage(unavailable="too few samples"), swarm_stage(), graph_stage()), "quant"),
        ((quant_stage(), swarm_stage(unavailable="killed"), graph_stage()), "swarm unavailable: k"),
        ((quant_stage(), swarm_stage(), graph_stage(unavailable="unknown")), "knowledge graph"),
        ((quant_stage(px=None), swarm_stage(), graph_stage()), "there is no price"),
        ((quant_stage(garch_vol=None), swarm_stage(), graph_stage()), "no volatility"),
    ],
)
def test_what_cannot_be_computed_is_unavailable_and_no_opinion(stages, reason):
    made = rules_signal(*stages)
    assert reason in made.unavailable
    assert (made.direction, made.confidence) == (Direction.NEUTRAL, 0.0)


def test_horizon_and_size_have_names_and_limits():
    assert [horizon_name(s) for s in (3_600, 3 * 86_400, 10 * 86_400)] == list(Horizon)
    assert (size_for(0.69), size_for(1.0)) == (pytest.approx(0.038), pytest.approx(0.10))
