"""What an answer must hold to: repairs as far as they are allowed, refusals by name."""

import json
import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rf_ai import AnswerLimits, DexterSignal, bound, build_context, enforce, judge, parse
from rf_ai.checks import stale
from rf_ai.errors import ModelAnswerInvalid, ModelAnswerTooLarge
from rf_ai.judgement import Author
from rf_ai.rules import rules_opinion, size_for
from rf_ai.schema import SIGNAL_SCHEMA, NewsSignal, Valuation
from rf_common.intelligence import ContextRow, Direction, Horizon, Recommendation, RowKind
from rf_testkit.stages import graph_stage, quant_stage, swarm_stage

LONG = {
    "symbol": "sim:AAA",
    "direction": "LONG",
    "confidence": 0.72,
    "entry_price": 100.0,
    "stop_loss": 98.0,
    "take_profit": 104.0,
    "position_size_pct": 0.04,
    "time_horizon": "INTRADAY",
    "thesis": "RSI(14) is 58.0 [F2].",
    "key_risks": ["a reversal"],
    "catalyst": None,
    "valuation": None,
    "recommendation": "BUY",
}
SHORT = LONG | {
    "direction": "SHORT",
    "stop_loss": 102.0,
    "take_profit": 96.0,
    "recommendation": "SELL",
}


def answer(base=LONG, **changes):
    return parse(json.dumps(base | changes), DexterSignal)


def enforced(base=LONG, px=100.0, **changes):
    return enforce(answer(base, **changes), symbol="sim:AAA", px=px)


def test_a_good_answer_passes_unchanged():
    found = enforced()
    assert (found.changes, found.refused) == ((), "")
    assert found.answer == answer()


@pytest.mark.parametrize(("given_", "kept"), [(1.7, 1.0), (-0.2, 0.0), (0.5, 0.5)])
def test_confidence_is_clamped(given_, kept):
    assert enforced(confidence=given_).answer.confidence == kept


@pytest.mark.parametrize(
    ("confidence", "size", "kept"),
    [(0.70, 0.5, 0.10), (0.69, 0.5, 0.05), (0.69, 0.05, 0.05), (0.9, -1.0, 0.0), (0.9, 0.07, 0.07)],
)
def test_size_is_clamped_and_halved_below_a_confidence_of_0_70(confidence, size, kept):
    assert enforced(confidence=confidence, position_size_pct=size).answer.position_size_pct == kept


def test_a_long_stop_above_the_entry_becomes_0_95_of_it():
    found = enforced(stop_loss=101.0)
    assert found.answer.stop_px == pytest.approx(95.0)
    assert "wrong side" in found.changes[0]


def test_a_short_stop_below_the_entry_becomes_1_05_of_it():
    assert enforced(SHORT, stop_loss=99.0).answer.stop_px == pytest.approx(105.0)


@pytest.mark.parametrize(
    ("base", "changes", "reason"),
    [
        (LONG, {"symbol": "sim:BBB"}, "not sim:AAA"),
        (LONG, {"symbol": "AAA"}, "not sim:AAA"),
        (LONG, {"take_profit": 99.0}, "take_profit 99 is on the wrong side"),
        (SHORT, {"take_profit": 101.0}, "take_profit 101 is on the wrong side"),
        (LONG, {"take_profit": 100.0}, "wrong side"),
        (LONG, {"entry_price": 102.1}, "2.1 % from the market"),
        (LONG, {"entry_price": 97.9}, "2.1 % from the market"),
        (LONG, {"entry_price": -100.0}, "not above zero"),
        (LONG, {"stop_loss": 0}, "not above zero"),
        (LONG, {"stop_loss": 1.0}, "stop_loss is 99.0 % away"),
        (LONG, {"stop_loss": 9_999.0}, "stop_loss is 9899.0 % away"),
        (LONG, {"take_profit": 1e6}, "take_profit is"),
    ],
)
def test_what_is_wrong_or_absurd_is_refused_by_name(base, changes, reason):
    assert reason in enforced(base, **changes).refused


@pytest.mark.parametrize("px", [None, 0.0, math.nan])
def test_without_a_market_price_only_neutral_passes(px):
    assert "no market price" in enforced(px=px).refused
    assert enforced(px=px, direction="NEUTRAL", recommendation="HOLD").refused == ""


@pytest.mark.parametrize("name", ["confidence", "entry_px", "stop_px", "take_profit_px"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_not_finite_refuse(name, value):
    broken = msgspec.structs.replace(answer(), **{name: value})
    assert f"{name} is not a finite number" in enforce(broken, symbol="sim:AAA", px=100.0).refused


def test_more_than_three_risks_are_cut():
    assert enforced(key_risks=list("abcd")).answer.key_risks == ("a", "b", "c")


PRICES = st.floats(min_value=1e-6, max_value=1e9)


@given(
    st.sampled_from(["LONG", "SHORT", "NEUTRAL"]),
    st.floats(-10, 10), PRICES, PRICES, PRICES, st.floats(-10, 10),
)  # fmt: skip
def test_whatever_passes_is_consistent(direction, confidence, entry, stop, target, size):
    found = enforced(
        direction=direction, confidence=confidence, entry_price=entry, stop_loss=stop,
        take_profit=target, position_size_pct=size,
    )  # fmt: skip
    made = found.answer
    if found.refused:
        return
    assert 0.0 <= made.confidence <= 1.0
    assert 0.0 <= made.position_size_pct <= (0.10 if made.confidence >= 0.70 else 0.05)
    sign = made.direction.sign
    if sign:
        assert sign * (made.entry_px - made.stop_px) > 0
        assert sign * (made.take_profit_px - made.entry_px) > 0
        assert abs(made.entry_px / 100.0 - 1.0) <= 0.02


def test_a_quote_that_is_old_or_of_the_future_is_named():
    limits = AnswerLimits(max_age_s=60.0)
    assert stale(0, 60 * 10**9, limits) == ""
    assert stale(0, 61 * 10**9, limits) == "the quote is 61.0 s old, at most 60 s"
    assert "in the future" in stale(10 * 10**9, 0, limits)


@pytest.mark.parametrize("changes", [{"entry_band": 0.0}, {"max_age_s": 0}, {"max_stop": 1.5}])
def test_limits_that_limit_nothing_are_refused(changes):
    with pytest.raises(ValueError, match=next(iter(changes))):
        AnswerLimits(**changes)


# --- reading --------------------------------------------------------------------------------------


def test_unknown_keys_are_dropped_and_a_fence_is_taken_off():
    text = json.dumps(LONG | {"order": {"side": "BUY"}, "tool": "place_order"})
    assert parse(f"```json\n{text}\n```", DexterSignal) == answer()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I would buy.",
        "[]",
        "null",
        json.dumps(LONG) + json.dumps(SHORT),
        json.dumps(LONG)[:-2],
        json.dumps(LONG)[:-1] + ', "symbol": "sim:BBB"}',
        json.dumps(LONG | {"confidence": math.nan}),
        json.dumps(LONG).replace("0.72", "1e999"),
        json.dumps(LONG).replace("0.72", "-Infinity"),
        json.dumps(LONG | {"confidence": "0.9"}),
        json.dumps(LONG | {"confidence": None}),
        json.dumps(LONG | {"direction": "UP"}),
        json.dumps(LONG | {"thesis": "x" * 2_001}),
        json.dumps(LONG | {"key_risks": "none"}),
        json.dumps({k: v for k, v in LONG.items() if k != "stop_loss"}),
        '{"a":' * 5_000 + "1" + "}" * 5_000,
        json.dumps(LONG).replace("100.0", "9" * 5_000),
        json.dumps(LONG).replace("a reversal", "\\ud800"),
    ],
)
def test_what_is_not_one_object_of_the_schema_is_no_answer(text):
    with pytest.raises(ModelAnswerInvalid):
        parse(text, DexterSignal)


@given(st.binary(max_size=300))
def test_any_bytes_are_an_answer_or_a_named_state(content):
    with pytest.raises(ModelAnswerInvalid):
        parse(content, DexterSignal)


def test_more_than_a_mebibyte_is_not_read():
    with pytest.raises(ModelAnswerTooLarge):
        parse(b" " * 1_048_577, DexterSignal)


def test_the_schema_names_every_field_of_the_answer():
    fields = {f.encode_name for f in msgspec.structs.fields(DexterSignal)}
    assert set(SIGNAL_SCHEMA["properties"]) == fields == set(SIGNAL_SCHEMA["required"])
    assert SIGNAL_SCHEMA["additionalProperties"] is False
    enums = {
        "direction": Direction,
        "time_horizon": Horizon,
        "recommendation": Recommendation,
    }
    for name, kind in enums.items():
        assert SIGNAL_SCHEMA["properties"][name]["enum"] == [member.value for member in kind]


def test_the_news_schema_is_the_smaller_one():
    text = (
        '{"revenue_impact_musd": 120.5, "primary_catalyst": "x", "sentiment": 1, "action": "BUY"}'
    )
    assert parse(text, NewsSignal).revenue_impact_musd == 120.5


# --- the band around what rules compute -----------------------------------------------------------

STAGES = (quant_stage(), swarm_stage(), graph_stage())
CONTEXT = build_context(*STAGES, nonce="0123456789abcdef")
OPINION = rules_opinion(*STAGES, CONTEXT)


def test_the_rules_are_long_in_these_stages():
    assert OPINION.answer.direction is Direction.LONG
    assert OPINION.answer.confidence > 0.65


def test_with_outside_text_an_agreeing_answer_gets_the_computed_numbers():
    bold = answer(confidence=1.0, stop_loss=80.0, take_profit=140.0, position_size_pct=0.10)
    made = bound(bold, OPINION, outside=True)
    assert made.refused == ""
    for name in ("confidence", "entry_px", "stop_px", "take_profit_px", "position_size_pct"):
        assert getattr(made.answer, name) == getattr(OPINION.answer, name)
    assert made.answer.thesis == bold.thesis


@pytest.mark.parametrize(
    "given_", [answer(SHORT), answer(confidence=0.3), answer(recommendation="SELL")]
)
def test_with_outside_text_any_other_opinion_is_void(given_):
    assert bound(given_, OPINION, outside=True).refused


@given(
    st.sampled_from(list(Direction)), st.sampled_from(list(Recommendation)),
    st.sampled_from(list(Horizon)), st.floats(0, 1), PRICES, PRICES, PRICES, st.floats(0, 0.1),
)  # fmt: skip
def test_with_outside_text_no_answer_whatever_moves_a_number(
    direction, recommendation, horizon, confidence, entry, stop, target, size
):
    given_ = msgspec.structs.replace(
        answer(), direction=direction, recommendation=recommendation, time_horizon=horizon,
        confidence=confidence, entry_px=entry, stop_px=stop, take_profit_px=target,
        position_size_pct=size,
    )  # fmt: skip
    made = bound(given_, OPINION, outside=True)
    words = {"thesis": "", "key_risks": (), "catalyst": None, "valuation": None}
    kept = msgspec.structs.replace(made.answer, **words)
    assert (
        made.refused
        or kept == msgspec.structs.replace(OPINION.answer, **words)
        or (kept.direction is Direction.NEUTRAL and kept.position_size_pct == 0.0)
    )


@pytest.mark.parametrize("outside", [True, False])
def test_a_model_may_always_abstain(outside):
    made = bound(answer(direction="NEUTRAL", recommendation="HOLD"), OPINION, outside=outside)
    assert made.refused == ""
    assert made.answer.position_size_pct == 0.0
    assert made.answer.stop_px == made.answer.take_profit_px == made.answer.entry_px


def test_without_outside_text_confidence_and_distances_move_within_their_bands():
    computed = OPINION.answer
    made = bound(answer(confidence=1.0, stop_loss=80.0, take_profit=120.0), OPINION, outside=False)
    assert made.answer.confidence == pytest.approx(computed.confidence + 0.10)
    assert 1.0 - made.answer.stop_px / 100.0 == pytest.approx(1.5 * OPINION.distances.stop)
    target = made.answer.take_profit_px / 100.0 - 1.0
    assert target == pytest.approx(1.5 * OPINION.distances.target)
    assert made.answer.position_size_pct <= size_for(made.answer.confidence)


def test_an_answer_against_the_evidence_keeps_too_little_confidence_to_be_traded():
    made = bound(answer(SHORT, confidence=1.0), OPINION, outside=False)
    assert made.answer.direction is Direction.SHORT
    assert made.answer.confidence == pytest.approx(1.0 - OPINION.answer.confidence + 0.10)
    assert made.answer.confidence < 0.65


def test_without_a_volatility_nothing_can_be_measured():
    lacking = (quant_stage(garch_vol=None), *STAGES[1:])
    opinion = rules_opinion(*lacking, CONTEXT)
    assert "no volatility" in opinion.unavailable
    assert "no volatility" in bound(answer(), opinion, outside=False).refused


# --- all of it ------------------------------------------------------------------------------------


def judged(context=CONTEXT, **changes):
    author = Author("anthropic", "claude", call_id="k")
    return judge(answer(**changes), context, author, OPINION, ts_event=7).signal


def test_a_good_answer_becomes_a_signal_with_its_rows():
    made = judged()
    assert made.unavailable == ""
    assert (made.direction, made.analyst, made.ts_event) == (Direction.LONG, "anthropic", 7)
    assert (made.cited, made.figures_checked) == (("F2",), 1)
    assert made.rows == CONTEXT.rows


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"thesis": "RSI is 58.1 [F2]."}, "figures without a row: 58.1"),
        ({"key_risks": ["a fall of 7 %"]}, "figures without a row: 7 %"),
        ({"catalyst": "earnings of 3.2 bn"}, "figures without a row: 3.2 bn"),
        ({"thesis": "RSI is 58.0 [F77]."}, "rows that do not exist: F77"),
        ({"valuation": {"pe": 31.5}}, "figures without a row: pe 31.5"),
        ({"symbol": "sim:BBB"}, "not sim:AAA"),
    ],
)
def test_an_answer_that_fails_is_void_with_its_reason_and_no_opinion(changes, reason):
    made = judged(**changes)
    assert reason in made.unavailable
    assert made.direction is Direction.NEUTRAL
    assert (made.confidence, made.entry_px, made.position_size_pct) == (0.0, 0.0, 0.0)
    assert made.thesis == ""


def test_unsupported_figures_are_listed():
    assert judged(thesis="RSI is 58.1 [F2], vol 99 %.").unsupported == ("58.1", "99 %")


def test_valuation_may_only_repeat_rows():
    row = ContextRow("G1", RowKind.GRAPH, "P/E of AAA = 31.5", "manual f1", 0)
    made = build_context(
        *STAGES[:2], graph_stage(facts=(row,), impacts=()), nonce="0123456789abcdef"
    )
    assert judged(made, valuation={"pe": 31.5}).unavailable == ""
    assert Valuation(pe=1.0).given() == {"pe": 1.0}
