from decimal import Decimal

import pytest

from rf_common.intelligence import Verdict
from rf_dashboard import DashboardState
from rf_tui.outcome import Outcome

ASKED = Outcome(ok=True, text="asked; the answer comes as an event", data={"ok": True})


def tell(daemon, *events):
    for event in events:
        daemon.state.apply(event, daemon.state.ts)


def message(person):
    return person.look()[-2]


@pytest.fixture
def rules(daemon, builders):
    tell(daemon, builders.rules())
    return daemon


# --- Dexter ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", "dD")
async def test_dexter_shows_its_cost_first_and_enter_does_not_spend_it(person, daemon, key):
    person.press(key)
    text = person.text()
    assert "Ask Dexter about AAPL?" in text
    assert "claude-sonnet-4   estimated cost $0.012" in text
    assert "today $0.07 of $2.00, month $1.12 of $20.00" in text
    person.press("enter")
    await person.settle()
    assert daemon.asked == []


async def test_yes_sends_the_verb_and_tells_what_was_answered(person, daemon):
    daemon.answers["think"] = ASKED
    person.press("d", "y")
    await person.turn()
    await person.settle()
    assert daemon.asked == [("think", {"instrument_id": "sim:AAPL", "what": "analyst"})]
    assert "Dexter AAPL: asked; the answer comes as an event" in message(person)


async def test_the_rules_cost_nothing_so_there_is_no_question(make_person, rules):
    rules.answers["think"] = ASKED
    person = make_person(rules)
    person.press("down", "d")
    await person.settle()
    assert rules.asked == [("think", {"instrument_id": "sim:NVDA", "what": "analyst"})]
    assert "d AI ($0.00)" in person.look()[-1]


async def test_the_answer_is_told_when_it_comes(make_person, rules, builders):
    rules.answers["think"] = ASKED
    person = make_person(rules)
    person.press("d")
    await person.settle()
    tell(rules, builders.analyst(cycle_id="sim-AAPL-8", confidence=0.66))
    assert "Dexter AAPL: HOLD LONG, confidence 0.66, cost $0.0108" in message(person)
    tell(rules, builders.analyst(cycle_id="sim-AAPL-9", confidence=0.99))
    assert "0.66" in message(person)


async def test_a_daemon_that_forgot_everything_is_no_answer(make_person, rules, builders):
    rules.answers["think"] = ASKED
    person = make_person(rules)
    person.press("d")
    await person.settle()
    rules.state.minds.latest.clear()
    assert "asked; the answer comes" in message(person)
    tell(rules, builders.analyst(cycle_id="sim-AAPL-8"))
    assert "Dexter AAPL: HOLD LONG" in message(person)


async def test_an_answer_that_is_void_is_told_with_its_reason(make_person, rules, builders):
    person = make_person(rules)
    person.press("d")
    await person.settle()
    tell(rules, builders.analyst(cycle_id="sim-AAPL-8", unavailable="no price for 60 s"))
    assert "Dexter AAPL: unavailable: no price for 60 s" in message(person)


async def test_an_estimate_above_the_cap_is_told_before_anything_is_sent(
    make_person, daemon, builders
):
    tell(daemon, builders.thinkers(spent_day=builders.thinkers().cap_day))
    person = make_person(daemon)
    person.press("d")
    assert "above today's cap" in person.text()


async def test_an_unknown_cost_is_asked_about_all_the_same(make_person, daemon, builders):
    tell(daemon, builders.thinkers(estimate_usd=None))
    person = make_person(daemon)
    person.press("d")
    assert "estimated cost n/a (the cost cannot be" in person.text()


# --- MiroFish -------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", "fF")
async def test_the_swarm_is_run_without_a_question(person, daemon, builders, key):
    daemon.answers["think"] = ASKED
    person.press(key)
    await person.settle()
    assert daemon.asked == [("think", {"instrument_id": "sim:AAPL", "what": "swarm"})]
    tell(daemon, builders.swarm(cycle_id="s8", rally=0.5, sideways=0.3, dip=0.2))
    assert "MiroFish AAPL: rally 50%, sideways 30%, dip 20%" in message(person)


# --- when nothing can be asked --------------------------------------------------------------------


@pytest.mark.parametrize("key", "df")
@pytest.mark.parametrize(
    ("view", "said"),
    [
        ({"worker": "DOWN", "worker_reason": "killed by signal 9"},
         "nothing was asked: the worker is DOWN: killed by signal 9"),
        ({"worker": "OFF", "worker_reason": "switched off in rf.toml"},
         "nothing was asked: the worker is OFF: switched off in rf.toml"),
        ({"running": ("sim:AAPL",), "worker": "BUSY"},
         "nothing was asked: a cycle for AAPL is running"),
    ],
)  # fmt: skip
async def test_a_worker_that_cannot_answer_is_not_asked(
    make_person, daemon, builders, key, view, said
):
    tell(daemon, builders.thinkers(**view))
    person = make_person(daemon)
    person.press(key)
    await person.settle()
    assert said in message(person)
    assert daemon.asked == []


async def test_a_busy_worker_is_told_of_and_asked(make_person, daemon, builders):
    tell(daemon, builders.rules(worker="BUSY", running=("sim:NVDA",)))
    person = make_person(daemon)
    person.press("d")
    await person.turn()
    assert "Dexter AAPL: sent, waiting; the worker is busy" in message(person)
    await person.settle()
    assert daemon.verbs() == ["think"]


@pytest.mark.parametrize("key", "dfa")
async def test_offline_nothing_is_asked(make_person, daemon, key):
    daemon.go_offline()
    person = make_person(daemon)
    person.press("esc", key)
    await person.settle()
    assert "not connected to the daemon (connection refused)" in message(person)
    assert daemon.asked == []


@pytest.mark.parametrize("key", "dfa")
async def test_a_daemon_without_thinkers_is_not_asked(make_person, builders, key):
    daemon = builders.FakeDaemon(state=DashboardState())
    person = make_person(daemon)
    person.press(key)
    await person.settle()
    assert "nothing was asked" in message(person)
    assert daemon.asked == []


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Outcome(ok=False, code="RF-A-004", text="today's budget is spent", fix="rf ai budget"),
         "Dexter AAPL: refused  RF-A-004  today's budget is spent  fix: rf ai budget"),
        (Outcome(ok=False, text="no reply in 5 s", reached=False),
         "Dexter AAPL: no answer, it may have been asked  no reply in 5 s"),
    ],
)  # fmt: skip
async def test_a_refusal_is_told_whole(make_person, rules, outcome, said):
    rules.answers["think"] = outcome
    person = make_person(rules)
    person.press("d")
    await person.settle()
    assert said in message(person)


# --- verdicts -------------------------------------------------------------------------------------


def approved(builders, **changes):
    given = {"verdict": Verdict.APPROVED, "quantity": Decimal("12"), "reason": ""}
    return builders.gate(**(given | changes))


async def test_a_verdict_is_accepted_only_after_a_question(make_person, daemon, builders):
    tell(daemon, builders.thinkers(may_trade="ask"), approved(builders))
    person = make_person(daemon)
    person.press("v")
    text = person.text()
    assert "APPROVED: BUY 12 AAPL, 1m 00s old" in text
    assert "stop 221, target 236.5" in text
    person.press("enter")
    await person.settle()
    assert daemon.asked == []
    person.press("v", "y")
    await person.settle()
    assert daemon.asked == [("accept", {"instrument_id": "sim:AAPL", "cycle_id": "sim-AAPL-7",
                                        "actor": "tui"})]  # fmt: skip
    assert "accept sim-AAPL-7: done" in message(person)


@pytest.mark.parametrize(
    ("may_trade", "changes", "said"),
    [
        ("never", {}, "AI may trade is never"),
        ("auto", {}, "AI may trade is auto"),
        ("ask", {"verdict": Verdict.REJECTED, "reason": "a herd"},
         "no verdict on AAPL to accept: the gate rejected it: a herd"),
    ],
)  # fmt: skip
async def test_what_cannot_be_accepted_is_said(
    make_person, daemon, builders, may_trade, changes, said
):
    tell(daemon, builders.thinkers(may_trade=may_trade), approved(builders, **changes))
    person = make_person(daemon)
    person.press("v")
    assert said in message(person)
    person.press("y")
    await person.settle()
    assert daemon.asked == []


async def test_with_real_money_a_verdict_is_not_accepted_by_one_key(make_person, daemon, builders):
    tell(daemon, builders.thinkers(may_trade="ask"), approved(builders))
    tell(daemon, builders.system(mode="LIVE"))
    person = make_person(daemon)
    person.press("v")
    assert "in LIVE a verdict is accepted with rf ai accept" in message(person)
    person.press("y")
    await person.settle()
    assert daemon.asked == []


async def test_a_symbol_without_a_verdict_has_none_to_accept(make_person, daemon, builders):
    tell(daemon, builders.thinkers(may_trade="ask"))
    person = make_person(daemon)
    person.press("down", "v")
    assert "no verdict on NVDA to accept: there is none" in message(person)
    daemon.go_offline()
    person.press("v")
    assert "not connected to the daemon" in message(person)


# --- questions ------------------------------------------------------------------------------------


async def test_a_question_is_typed_sent_and_answered_with_rows_and_cost(person, daemon):
    daemon.answers["ask"] = Outcome(
        ok=True, text="The implied move is larger than the realised one.",
        data={"ok": True, "cited": ["F9", "H1"], "cost_usd": "0.0027"},
    )  # fmt: skip
    person.press("5", "a")
    assert "estimated cost $0.012" in person.text()
    person.type("Kan it fall? q")
    person.press("enter")
    await person.settle()
    assert daemon.asked == [
        ("ask", {"instrument_id": "sim:AAPL", "question": "Kan it fall? q"}),
    ]  # fmt: skip
    text = person.text()
    assert "> AAPL: Kan it fall? q" in text
    assert "The implied move is larger than the realised one." in text
    assert "sources F9 H1   $0.0027" in text


async def test_a_question_that_waits_is_seen_to_wait(person, daemon):
    person.press("5", "a")
    person.type("why?")
    person.press("enter")
    await person.turn()
    assert "sent, waiting" in person.text().split("> AAPL: why?")[1]
    await person.settle()


async def test_nothing_typed_is_not_sent_and_esc_sends_nothing(person, daemon):
    person.press("a", "enter")
    assert "Ask about AAPL" in person.text()
    person.type("why?")
    person.press("esc")
    await person.settle()
    assert daemon.asked == []


async def test_while_a_question_is_typed_only_f12_kills(person, daemon):
    person.press("a", "K")
    assert daemon.asked == []
    person.press("f12")
    await person.settle()
    assert daemon.verbs() == ["kill"]


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Outcome(ok=False, code="RF-A-004", text="today's budget is spent"),
         "RF-A-004  today's budget is spent"),
        (Outcome(ok=False, text="no reply in 5 s", reached=False), "no answer came"),
        (Outcome(ok=True, data={"cited": 7, "cost_usd": None}), "the answer is empty"),
        (Outcome(ok=True, data=[1]), "the answer is empty"),
    ],
)  # fmt: skip
async def test_an_answer_that_is_none_is_told(person, daemon, outcome, said):
    daemon.answers["ask"] = outcome
    person.press("5", "a")
    person.type("why?")
    person.press("enter")
    await person.settle()
    assert said in person.text()


async def test_old_questions_are_forgotten(person, daemon):
    for number in range(25):
        person.press("a")
        person.type(f"q{number}")
        person.press("enter")
        await person.settle()
    assert person.app.thinking.exchanges[0].question == "q5"
