"""``rf ai``: what is told before it is sent, what came back, what it cost, what is refused."""

import asyncio
import json
from decimal import Decimal

import msgspec
import pytest

from rf_ai import AiConfig, CallStore, Dexter, Inputs, NewsItem, rules_signal, write_inputs
from rf_ai.budget import Budget
from rf_ai.prices import Usage
from rf_cli import ai, ai_text
from rf_cli.ai_desk import named
from rf_cli.context import Context
from rf_cli.exits import Exit
from rf_cli.output import print_answer
from rf_common.clock import DeterministicClock, RealtimeClock
from rf_common.errors import DataError, RfError
from rf_testkit.anthropic import ACTS, FakeAnthropic
from rf_testkit.builders import START
from rf_testkit.stages import graph_stage, quant_stage, swarm_stage

KEY = "sk-ant-canary-7f3a9b2c4d5e6f70"
NEWS = NewsItem(news_id="1", ts_event=START, source="wire", headline="Supplier raises guidance")
INPUTS = Inputs(quant=quant_stage(), swarm=swarm_stage(), graph=graph_stage(), news=(NEWS,))


@pytest.fixture
def context(data_dir):
    return Context(data_dir=data_dir, clock=RealtimeClock())


@pytest.fixture
def cycle(workspace):
    path = workspace / "cycle.json"
    path.write_bytes(write_inputs(INPUTS))
    return path


@pytest.fixture
def text(capsys):
    """Return what people see of an answer, and what programs do."""

    def render(answer, rf):
        capsys.readouterr()
        print_answer(answer, rf.redactor, as_json=True, now="")
        found = json.loads(capsys.readouterr().out)
        assert found["schema"] == f"rf.{answer.schema}/1"
        print_answer(answer, rf.redactor, as_json=False, now="")
        return capsys.readouterr().out

    return render


@pytest.fixture
def recorded(data_dir):
    """Two opinions of the rules and a question, recorded in the data folder."""
    store = CallStore(data_dir / "ai" / "calls.sqlite")
    clock = DeterministicClock(START)
    dexter = Dexter(AiConfig(horizon_s=3_600.0), clock=clock, store=store)

    async def calls():
        first = await dexter.analyse(INPUTS.quant, INPUTS.swarm, INPUTS.graph, INPUTS.news)
        clock.set(START + 10**9)
        second = await dexter.analyse(
            quant_stage(momentum=-1.0), INPUTS.swarm, INPUTS.graph, INPUTS.news
        )
        clock.set(START + 2 * 10**9)
        reply = await dexter.ask(INPUTS, "What does RSI say?")
        return first.call_id, second.call_id, reply.call_id

    return asyncio.run(calls())


class OnLoopback:
    """A fake Anthropic in a thread of its own, and settings that lead to it."""

    def __init__(self, workspace, monkeypatch, act=None):
        import threading

        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.fake = FakeAnthropic(default=act)
        self._do(self.fake.__aenter__())
        (workspace / "rf.toml").write_text(f'[ai]\nbase_url = "{self.fake.url}"\n')
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)

    def _do(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(5)

    def close(self):
        self._do(self.fake.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()


@pytest.fixture
def claude(workspace, monkeypatch):
    made = []

    def start(act=None):
        made.append(OnLoopback(workspace, monkeypatch, act))
        return made[0].fake

    yield start
    for server in made:
        server.close()


# --- an opinion -----------------------------------------------------------------------------------


def test_a_file_is_analysed_by_the_rules_without_daemon_or_key(context, cycle, text, capsys):
    answer = ai.analyse(context=cycle, rf=context)
    before = capsys.readouterr().err
    assert "rules/2 (no model is configured): 26 rows (13 feature" in before
    assert "nothing is sent, free" in before
    assert answer.exit_code == Exit.OK
    shown = text(answer, context)
    assert "BUY  LONG  confidence" in shown
    assert "figures match a source row, 0 unsupported." in shown
    assert "momentum = 1.00" in shown
    assert ai_text.NOT_ADVICE in shown


def test_with_a_key_claude_is_asked_and_the_estimate_comes_first(
    context, cycle, claude, text, capsys
):
    fake = claude()
    answer = ai.analyse(context=cycle, rf=context)
    before = capsys.readouterr().err
    assert "claude-haiku" in before
    assert "tokens, at most $" in before
    assert "not sent: keys, account, balances" in before
    signal = answer.data["signal"]
    assert signal["unavailable"] == ""
    assert signal["analyst"] == "anthropic"
    shown = text(answer, context)
    assert " in (" in shown
    assert KEY not in shown + before
    assert all(KEY not in msgspec.json.encode(r.body).decode() for r in fake.requests)


@pytest.mark.parametrize("name", ["overloaded", "malformed"])
def test_an_answer_that_fails_is_no_opinion_and_exit_8(context, cycle, claude, text, name):
    claude(ACTS[name])
    answer = ai.analyse(context=cycle, rf=context)
    assert answer.exit_code == Exit.FOUND
    assert "no opinion: RF-A-0" in text(answer, context)


def test_over_the_budget_the_rules_answer_say_so_and_exit_12(context, cycle, claude, text):
    claude()
    ai.budget(day="0", rf=context)
    answer = ai.analyse(context=cycle, rf=context)
    assert answer.exit_code == 12
    assert answer.data["signal"]["analyst"] == "rules"
    assert "AI budget for today is used up" in answer.warnings[0]
    assert "in place of claude-haiku" in text(answer, context)


def test_a_forced_provider_without_a_key_is_no_opinion(context, cycle, workspace, text):
    (workspace / "rf.toml").write_text('[ai]\nprovider = "anthropic"\n')
    answer = ai.analyse(context=cycle, rf=context)
    assert answer.exit_code == Exit.FOUND
    assert "key" in text(answer, context)
    rules = ai.analyse(context=cycle, rules=True, rf=context)
    assert rules.exit_code == Exit.OK


def test_a_running_daemon_is_asked_for_a_cycle(context, daemon, text, capsys):
    signal = rules_signal(quant_stage(), swarm_stage(), graph_stage())
    daemon.answers["thoughts"] = {"thinkers": {"analyst": "rules", "why_rules": "no key"}}
    daemon.answers["think"] = {
        "ok": True,
        "analyst": named(signal),
        "decisions": [
            {
                "verdict": "APPROVED",
                "reason": "all checks hold",
                "checks": [["agreement", "0.62", "0.85", True]],
            }
        ],
    }
    answer = ai.analyse("AAPL", rf=context)
    assert daemon.last("think") == {
        "instrument_id": "sim:AAPL",
        "what": "analyst",
        "wait": True,
    }
    assert "asking rules (no key)" in capsys.readouterr().err
    shown = text(answer, context)
    assert "Gate: APPROVED  all checks hold" in shown
    assert "agreement" in shown


def test_a_cycle_without_an_opinion_is_exit_8(context, daemon, text):
    daemon.answers["thoughts"] = {"thinkers": {}}
    daemon.answers["think"] = {"ok": True, "decisions": []}
    answer = ai.analyse("AAPL", rf=context)
    assert answer.exit_code == Exit.FOUND
    assert "no answer" in text(answer, context)


def test_no_daemon_is_exit_13(context):
    with pytest.raises(RfError) as caught:
        ai.analyse("AAPL", rf=context)
    assert caught.value.exit_code == Exit.NO_DAEMON


@pytest.mark.parametrize("options", [{}, {"symbol": "AAPL", "context": "x"}])
def test_a_symbol_or_a_file_is_needed(context, options):
    symbol = options.pop("symbol", None)
    with pytest.raises(RfError) as caught:
        ai.analyse(*([symbol] if symbol else []), **options, rf=context)
    assert caught.value.exit_code == Exit.USAGE


@pytest.mark.parametrize(("content", "code"), [(None, Exit.USAGE), (b"{}", Exit.DATA)])
def test_a_file_that_is_no_context_is_refused(context, workspace, content, code):
    path = workspace / "x.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RfError) as caught:
        ai.analyse(context=path, rf=context)
    assert caught.value.exit_code == code


# --- a question -----------------------------------------------------------------------------------


def test_a_question_about_a_file_is_looked_up(context, cycle, text):
    answer = ai.ask("AAA", "What does RSI say?", context=cycle, rf=context)
    shown = text(answer, context)
    assert shown.startswith("rsi14 = 58.0, neutral [F2]")
    assert "sources F2" in shown


def test_a_question_is_asked_at_the_daemon(context, daemon, text):
    daemon.answers["ask"] = {"ok": False, "text": "there is no finished cycle yet"}
    answer = ai.ask("AAPL", "why?", rf=context)
    assert daemon.last("ask") == {"instrument_id": "sim:AAPL", "question": "why?"}
    assert answer.exit_code == Exit.FOUND
    assert "no finished cycle" in text(answer, context)


def test_an_empty_question_is_a_mistake(context, cycle):
    with pytest.raises(RfError) as caught:
        ai.ask("AAA", "  ", context=cycle, rf=context)
    assert caught.value.exit_code == Exit.USAGE


# --- records --------------------------------------------------------------------------------------


def test_calls_are_listed_newest_first(context, recorded, text):
    answer = ai.show(rf=context)
    assert [row["call_id"] for row in answer.data] == list(reversed(recorded))
    shown = text(answer, context)
    assert "LONG" in shown
    assert "NEUTRAL" in shown
    assert len(ai.show(last=1, rf=context).data) == 1


def test_one_call_is_shown_with_rows_checks_and_outcome(context, recorded, data_dir, text):
    CallStore(data_dir / "ai" / "calls.sqlite").settle("sim:AAA", 101.0, START + 3_600 * 10**9)
    shown = text(ai.show(recorded[0], rf=context), context)
    assert "check: figures: " in shown
    assert "rsi14 = 58.0, neutral" in shown
    assert "outcome: hit, 100 went to 101" in shown
    assert "question: What does RSI say?" in text(ai.show("latest", rf=context), context)


def test_inputs_of_a_call_are_a_context_again(context, recorded, workspace, text):
    content = text(ai.show(recorded[0], inputs=True, rf=context), context)
    path = workspace / "again.json"
    path.write_text(content)
    answer = ai.analyse(context=path, rf=context)
    assert answer.data["signal"]["direction"] == "LONG"


def test_the_words_of_a_call_are_shown(context, recorded, text):
    shown = text(ai.show(recorded[0], prompt=True, rf=context), context)
    assert shown.startswith("You are Dexter")
    assert "FENCE" in shown
    assert "N1 | Supplier raises guidance" in shown


def test_a_replay_stands_beside_the_call(context, recorded, text):
    answer = ai.replay(recorded[0], rf=context)
    assert answer.data["before"]["direction"] == answer.data["after"]["direction"] == "LONG"
    assert "then" in text(answer, context)


def test_a_replay_by_claude_uses_the_same_words(context, recorded, claude, text):
    fake = claude()
    answer = ai.replay(recorded[0], model="cheap", rf=context)
    assert answer.data["after"]["analyst"] == "anthropic"
    assert "N1 | Supplier raises guidance" in msgspec.json.encode(fake.requests[-1].body).decode()


def test_a_replay_by_a_model_that_is_not_there_is_a_mistake(context, recorded):
    with pytest.raises(RfError) as caught:
        ai.replay(recorded[0], model="strong", rf=context)
    assert caught.value.exit_code == Exit.USAGE


@pytest.mark.parametrize("call", [None, "x"])
def test_no_record_is_exit_7_and_says_how_to_get_one(context, call):
    with pytest.raises(DataError) as caught:
        ai.show(call, rf=context)
    assert caught.value.exit_code == Exit.DATA
    assert "rf ai analyse" in caught.value.fix


def test_an_unknown_call_is_exit_7(context, recorded):
    with pytest.raises(DataError):
        ai.replay("nothing", rf=context)


# --- money and scores -----------------------------------------------------------------------------


def spend(data_dir, now, usd="1.50"):
    budget = Budget(data_dir / "ai" / "budget.sqlite", AiConfig())
    held = budget.reserve("c1", "sim:AAA", Decimal("1.60"), model="claude-haiku-5-5", now=now)
    usage = Usage(input_tokens=1_000, output_tokens=300, cache_read_tokens=500)
    budget.settle(held, Decimal(usd), usage=usage)


def test_the_budget_is_shown_and_its_caps_are_set(context, data_dir, text):
    spend(data_dir, context.clock.now())
    shown = text(ai.budget(rf=context), context)
    assert "$1.50" in shown
    assert "$2.00" in shown
    answer = ai.budget(day="3.00", month="30", calls=5, rf=context)
    assert answer.data["caps"] == {"day_usd": "3", "month_usd": "30", "calls_per_hour": 5}
    assert ai.budget(reset=True, rf=context).data["caps"]["calls_per_hour"] == 20


def test_a_budget_that_is_used_up_is_exit_12(context, data_dir):
    spend(data_dir, context.clock.now())
    assert ai.budget(rf=context).exit_code == Exit.OK
    assert ai.budget(day="1.50", rf=context).exit_code == 12


@pytest.mark.parametrize("day", ["x", "-1", "nan", "99"])
def test_a_cap_that_is_none_is_a_mistake(context, day):
    with pytest.raises(RfError) as caught:
        ai.budget(day=day, rf=context)
    assert caught.value.exit_code == Exit.USAGE


@pytest.mark.parametrize(("by", "name"), [("symbol", "sim:AAA"), ("model", "claude-haiku-5-5")])
def test_costs_are_told_by_symbol_and_by_model(context, data_dir, text, by, name):
    spend(data_dir, context.clock.now())
    shown = text(ai.cost(by=by, rf=context), context)
    assert name in shown
    assert "1,500" in shown
    assert "today $1.50 of $2.00" in shown


def test_there_is_no_score_before_thirty_calls(context, recorded, text):
    answer = ai.score(days=20_000, rf=context)
    assert answer.data["hit_rate"] is None
    assert "no score before 30 scored calls" in text(answer, context)


def test_a_score_stands_beside_its_base_rate(text, context):
    data = {
        "days": 30, "calls": 61, "scored": 61, "waiting": 0, "neutral": 0, "void": 0,
        "cost_usd": "0.71", "hit_rate": 0.52, "base_rate": 0.5, "brier": 0.244, "base_brier": 0.25,
    }  # fmt: skip
    assert ai_text.score(data).endswith(
        "hit 52 % (base 50 %), Brier 0.244 (base 0.250, 0.250 = coin)"
    )


@pytest.mark.parametrize(
    "work",
    [
        lambda rf: ai.show(last=0, rf=rf),
        lambda rf: ai.score(days=0, rf=rf),
        lambda rf: ai.analyse("AAPL", rules=True, rf=rf),
    ],
)
def test_options_that_mean_nothing_are_mistakes(context, work):
    with pytest.raises(RfError) as caught:
        work(context)
    assert caught.value.exit_code == Exit.USAGE
