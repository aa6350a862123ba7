"""Every way to fail has a name, none of them ends in an opinion, and what happened is kept."""

import asyncio
import subprocess
import sys
from decimal import Decimal

import msgspec
import pytest

from rf_ai import Inputs, NewsItem, read_inputs, write_inputs
from rf_ai.asking import Reply
from rf_ai.dexter import trigger_of
from rf_ai.errors import (
    BudgetExhausted,
    CallRefused,
    ModelAnswerInvalid,
    ModelKeyRefused,
    ModelOverloaded,
    ModelRateLimited,
    ModelTimeout,
)
from rf_ai.models.routing import Tier, Trigger
from rf_common.errors import DataError
from rf_common.intelligence import Direction
from rf_common.secret import Redactor, Secret
from rf_testkit.builders import START
from rf_testkit.stages import graph_stage, quant_stage, swarm_stage

NEWS = NewsItem(news_id="1", ts_event=START, source="wire", headline="Supplier raises guidance")
CANARY = "sk-ant-canary-0123456789abcdef"


async def test_a_model_s_answer_becomes_a_signal_with_its_cost(dexter_of, scripted, stages):
    made = await dexter_of(scripted).analyse(*stages)
    assert made.unavailable == ""
    assert (made.analyst, made.model) == ("anthropic", "claude-test")
    assert made.direction is Direction.LONG
    assert (made.input_tokens, made.output_tokens, made.cached_tokens) == (1_912, 340, 800)
    assert made.cost_usd == Decimal("0.0108")
    assert made.figures_checked == 4
    assert set(made.cited) == {"F12", "F2", "F4", "F5"}
    assert made.call_id


async def test_without_a_model_the_rules_answer_and_say_so(dexter_of, stages):
    made = await dexter_of().analyse(*stages)
    assert (made.unavailable, made.analyst, made.model) == ("", "rules", "rules/2")
    assert made.cost_usd == 0


@pytest.mark.parametrize("number", [0, 1, 2])
async def test_a_lacking_stage_is_told_at_once_and_nothing_is_called(
    dexter_of, scripted, stages, number
):
    given = list(stages)
    given[number] = msgspec.structs.replace(given[number], unavailable="killed")
    made = await dexter_of(scripted).analyse(*given)
    assert "unavailable: killed" in made.unavailable
    assert made.direction is Direction.NEUTRAL
    assert scripted.prompts == []


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ModelTimeout("no answer within 30 s"), "RF-A-003"),
        (ModelOverloaded("overloaded"), "RF-A-006"),
        (ModelRateLimited("wait 60 s"), "RF-A-004"),
        (ModelKeyRefused("the key is refused"), "RF-A-010"),
        (ModelAnswerInvalid("cut off"), "RF-A-009"),
    ],
)
async def test_a_call_that_fails_is_unavailable_by_its_code(
    dexter_of, scripted, stages, error, code
):
    scripted.answer = error
    made = await dexter_of(scripted).analyse(*stages)
    assert made.unavailable.startswith(code)
    assert (made.direction, made.confidence, made.thesis) == (Direction.NEUTRAL, 0.0, "")


@pytest.mark.parametrize(
    "error",
    [BudgetExhausted("AI budget for today is used up", cap="day"), CallRefused("breaker is open")],
)
async def test_where_no_call_was_made_the_rules_stand_in_and_say_so(
    dexter_of, scripted, stages, error
):
    scripted.answer = error
    made = await dexter_of(scripted).analyse(*stages)
    assert (made.unavailable, made.analyst) == ("", "rules")
    assert made.model == f"rules/2 (in place of claude-test: {error.message})"
    never = await dexter_of(scripted, fallback="never").analyse(*stages)
    assert error.message in never.unavailable


async def test_rules_stand_in_for_failures_only_if_that_is_configured(dexter_of, scripted, stages):
    scripted.answer = ModelOverloaded("overloaded")
    made = await dexter_of(scripted, fallback="always").analyse(*stages)
    assert (made.unavailable, made.analyst) == ("", "rules")
    assert "overloaded" in made.model


async def test_a_forced_provider_without_its_key_is_unavailable(dexter_of, stages):
    made = await dexter_of(blocked="the key of anthropic is missing").analyse(*stages)
    assert made.unavailable == "the key of anthropic is missing"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (b"I would buy.", "RF-A-009"),
        ({"symbol": "sim:BBB"}, "not sim:AAA"),
        ({"thesis": "RSI(14) is 58.1 [F2]."}, "figures without a row: 58.1"),
        ({"thesis": "RSI(14) is 58.0 [F55]."}, "rows that do not exist: F55"),
        ({"entry_price": 110.0}, "from the market"),
        ({"take_profit": 90.0}, "wrong side"),
        ({"recommendation": "SELL"}, "contradict"),
        ({"confidence": float("nan")}, "RF-A-009"),
    ],
)
async def test_an_answer_that_fails_a_check_is_void_and_was_paid_for(
    dexter_of, scripted, stages, change, reason
):
    scripted.answer = change if isinstance(change, bytes) else scripted.answer | change
    made = await dexter_of(scripted).analyse(*stages)
    assert reason in made.unavailable
    assert made.direction is Direction.NEUTRAL
    assert made.cost_usd == Decimal("0.0108")


async def test_an_old_quote_and_a_market_that_moved_void_the_answer(
    dexter_of, scripted, stages, clock
):
    def moved(name):
        return 103.0, START

    made = await dexter_of(scripted, latest=moved).analyse(*stages)
    assert made.unavailable == "the market moved 3.0 % since the snapshot"
    assert (made.direction, made.position_size_pct) == (Direction.NEUTRAL, 0.0)
    clock.set(START + 61 * 10**9)
    made = await dexter_of(scripted).analyse(*stages)
    assert "61.0 s old" in made.unavailable
    assert made.cost_usd == Decimal("0.0108")


async def test_one_analysis_runs_per_symbol(dexter_of, scripted, stages):
    scripted.hold = asyncio.Event()
    dexter = dexter_of(scripted)
    first = asyncio.create_task(dexter.analyse(*stages))
    await scripted.asked.wait()
    second = await dexter.analyse(*stages)
    assert "already running" in second.unavailable
    scripted.hold.set()
    assert (await first).unavailable == ""
    assert (await dexter.analyse(*stages)).unavailable == ""


async def test_a_cancelled_analysis_frees_its_symbol(dexter_of, scripted, stages):
    scripted.hold = asyncio.Event()
    dexter = dexter_of(scripted)
    first = asyncio.create_task(dexter.analyse(*stages))
    await scripted.asked.wait()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    scripted.hold = None
    assert (await dexter.analyse(*stages)).unavailable == ""


async def test_what_is_sent_is_masked_and_the_delimiter_is_new_each_time(
    dexter_of, scripted, stages
):
    dexter = dexter_of(scripted, redactor=Redactor([Secret(CANARY)]))
    item = msgspec.structs.replace(NEWS, headline=f"Guidance {CANARY} up")
    await dexter.analyse(*stages, [item])
    await dexter.analyse(*stages, [item])
    first, second = (prompt.context for prompt in scripted.prompts)
    assert CANARY not in first + second
    fences = [
        line.split()[1] for line in (first + "\n" + second).splitlines() if line.startswith("FENCE")
    ]
    assert len(fences) == 4
    assert len(set(fences)) == 2


@pytest.mark.parametrize(
    ("trigger", "tier"),
    [
        ("timer", Tier.CHEAP),
        ("demand", Tier.CHEAP),
        ("earnings", Tier.STRONG),
        ("fomc", Tier.STRONG),
        ("tick", Tier.NONE),
        ("the price moved +4.2 deviations in 30 s", Tier.CHEAP),
    ],
)
def test_importance_decides_who_answers(dexter_of, scripted, trigger, tier):
    inputs = Inputs(quant=quant_stage(trigger=trigger), swarm=swarm_stage(), graph=graph_stage())
    assert dexter_of(scripted).route(inputs).tier is tier


def test_a_confident_swarm_asks_the_strong_model(dexter_of, scripted):
    inputs = Inputs(quant=quant_stage(), swarm=swarm_stage(confidence=0.9), graph=graph_stage())
    assert dexter_of(scripted).route(inputs).tier is Tier.STRONG
    assert trigger_of("") is Trigger.DEMAND


async def test_an_estimate_says_what_would_be_sent_before_anything_is(
    dexter_of, scripted, stages, store
):
    inputs = Inputs(quant=stages[0], swarm=stages[1], graph=stages[2], news=(NEWS,))
    made = await dexter_of(scripted).estimate(inputs)
    assert (made.model, made.input_tokens, made.worst_usd) == (
        "claude-test",
        1_912,
        Decimal("0.0108"),
    )
    assert made.rows == {"feature": 13, "swarm": 10, "graph": 2, "news": 1}
    assert made.characters > 2_000
    offline = await dexter_of().estimate(inputs)
    assert (offline.analyst, offline.worst_usd) == ("rules", 0)
    assert store.latest() == ()


# --- the record -----------------------------------------------------------------------------------


async def test_a_call_is_kept_with_all_that_a_replay_needs(dexter_of, scripted, stages, store):
    made = await dexter_of(scripted).analyse(*stages, [NEWS])
    kept = store.get(made.call_id)
    record = kept.record
    assert record.signal == made
    assert record.inputs.news == (NEWS,)
    assert record.context.rows == made.rows
    assert (record.px, record.kind, record.cost_usd) == (100.0, "analyse", Decimal("0.0108"))
    assert len(record.request_hash) == 64
    assert '"direction": "LONG"' in record.answer
    assert "figures: 4 of 4" in record.notes
    assert store.get("latest") == kept


async def test_void_answers_are_kept_too_and_are_never_scored(dexter_of, scripted, stages, store):
    scripted.answer = b"no"
    made = await dexter_of(scripted).analyse(*stages)
    assert store.get(made.call_id).record.answer == "no"
    assert store.settle("sim:AAA", 101.0, START + 2 * 3_600 * 10**9) == 0


async def test_no_secret_reaches_the_record(dexter_of, scripted, stages, store, tmp_path):
    scripted.answer = scripted.answer | {"thesis": f"The key is {CANARY}."}
    dexter = dexter_of(scripted, redactor=Redactor([Secret(CANARY)]))
    await dexter.analyse(*stages)
    await dexter.ask(Inputs(quant=stages[0], swarm=stages[1], graph=stages[2]), f"why {CANARY}?")
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert CANARY.encode() not in content


async def test_a_replay_shows_the_same_rows_to_another_model(dexter_of, scripted, stages, store):
    made = await dexter_of(scripted).analyse(*stages)
    other = type(scripted)(scripted.answer | {"confidence": 0.6}, name="other")
    dexter = dexter_of(scripted)
    before, after = await dexter.replay(store.get(made.call_id).record, other)
    assert before == made
    assert (after.model, after.confidence) == ("other", 0.6)
    assert other.prompts[0] == scripted.prompts[0]


async def test_a_replay_by_rules_gives_the_same_opinion_again(dexter_of, stages, store):
    made = await dexter_of().analyse(*stages)
    before, after = await dexter_of().replay(store.get(made.call_id).record, None)
    assert msgspec.structs.replace(before, call_id="") == after


async def test_a_replay_of_other_instructions_is_refused(dexter_of, scripted, stages, store):
    made = await dexter_of(scripted).analyse(*stages)
    record = msgspec.structs.replace(store.get(made.call_id).record, prompt_version="dexter/0")
    with pytest.raises(DataError, match="dexter/0"):
        await dexter_of(scripted).replay(record, scripted)


async def test_earlier_opinions_are_rows_of_the_next_context(dexter_of, stages, store, clock):
    await dexter_of().analyse(*stages)
    store.settle("sim:AAA", 101.0, START + 3_600 * 10**9)
    made = await dexter_of().analyse(*stages)
    (row,) = [row for row in made.rows if row.row_id == "H1"]
    assert row.text.startswith("LONG with confidence")
    assert "hit, px went to 101.00" in row.text


# --- free questions -------------------------------------------------------------------------------


def inputs_of(stages):
    return Inputs(quant=stages[0], swarm=stages[1], graph=stages[2], news=(NEWS,))


async def test_offline_a_question_is_answered_by_rows_as_they_stand(dexter_of, stages):
    made = await dexter_of().ask(inputs_of(stages), "Is it overbought, what does RSI say?")
    assert made.answer.splitlines()[0] == "rsi14 = 58.0, neutral [F2]"
    assert made.cited[0] == "F2"
    assert (made.analyst, made.unavailable) == ("rules", "")


async def test_a_question_that_no_row_answers_gets_no_row(dexter_of, stages):
    made = await dexter_of().ask(inputs_of(stages), "zebra?")
    assert (made.answer, made.cited) == ("No row says anything about this.", ())


@pytest.mark.parametrize(
    ("answer", "cited", "reason"),
    [
        ("RSI(14) is 58.0 [F2].", ["F2"], ""),
        ("RSI(14) is 59.0 [F2].", ["F2"], "figures without a row: 59.0"),
        ("RSI(14) is 58.0 [F2].", ["F88"], "rows that do not exist: F88"),
    ],
)
async def test_a_model_s_words_are_shown_only_with_their_rows(
    dexter_of, scripted, stages, answer, cited, reason
):
    scripted.answer = {"answer": answer, "cited": cited}
    made = await dexter_of(scripted).ask(inputs_of(stages), "RSI?")
    assert isinstance(made, Reply)
    assert reason in made.unavailable
    assert bool(made.answer) == (not reason)
    assert made.cost_usd == Decimal("0.0108")


async def test_a_question_over_the_budget_is_looked_up(dexter_of, scripted, stages):
    scripted.answer = BudgetExhausted("used up", cap="day")
    made = await dexter_of(scripted).ask(inputs_of(stages), "RSI?")
    assert made.analyst == "rules"
    assert "used up" in made.model


async def test_a_failed_question_is_unavailable(dexter_of, scripted, stages):
    scripted.answer = ModelTimeout("no answer within 30 s")
    made = await dexter_of(scripted).ask(inputs_of(stages), "RSI?")
    assert made.unavailable == "RF-A-003 no answer within 30 s"


async def test_an_empty_question_is_a_mistake(dexter_of, stages):
    with pytest.raises(ValueError, match="question"):
        await dexter_of().ask(inputs_of(stages), " \n ")


# --- files and imports ----------------------------------------------------------------------------


def test_inputs_are_written_for_people_and_read_back(stages):
    inputs = inputs_of(stages)
    text = write_inputs(inputs)
    assert b'"momentum": 1.0' in text
    assert read_inputs(text) == inputs
    assert read_inputs(msgspec.json.encode(inputs)) == inputs


@pytest.mark.parametrize(
    "text",
    [b"", b"[]", b"{}", b'{"quant": {}}', b'{"quant": [1, 2]}', b'{"quant": {"px": 1}}', b"\xff"],
)
def test_a_file_that_holds_no_context_says_what_it_needs(text):
    with pytest.raises(DataError, match="this is no context"):
        read_inputs(text)


def test_importing_the_package_loads_no_client():
    code = (
        "import sys, rf_ai; print([m for m in ('anthropic', 'httpx', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
