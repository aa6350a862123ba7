from decimal import Decimal

import msgspec
import pytest

from rf_common import commands
from rf_common.clock import NANOS_PER_SECOND
from rf_common.intelligence import Direction, GateDecided, Verdict
from rf_common.orders import Notice, SubmitOrder
from rf_risk.analyst_gate import AnalystGateConfig
from rf_testkit.stages import analyst_stage, graph_stage, quant_stage, swarm_stage


@pytest.fixture
def auto(make_driver):
    return make_driver(gate=AnalystGateConfig(may_trade="auto")).start()


def say(driver, *, quant=None, swarm=None, graph=None, analyst=None, leave_out=()):
    """Feed the four stages of a cycle; return the verdict."""
    made = {
        "quant": quant_stage(**({"ts_event": driver.now} | (quant or {}))),
        "swarm": swarm_stage(**({"ts_event": driver.now} | (swarm or {}))),
        "graph": graph_stage(**(graph or {})),
        "analyst": analyst_stage(**(analyst or {})),
    }
    for name, stage in made.items():
        if name not in leave_out:
            driver.feed(stage)
    decided = driver.told(GateDecided)
    return decided[0] if decided else None


def test_four_agreeing_stages_are_approved_and_by_default_not_traded(driver):
    decided = say(driver)
    assert (decided.verdict, decided.quantity) == (Verdict.APPROVED, 49)
    assert {check.name for check in decided.checks} >= {
        "kelly",
        "gate agreement",
        "gate correlation",
    }
    assert not driver.told(SubmitOrder)
    assert driver.state.markets["sim:AAA"].verdict is decided


def test_the_verdict_names_the_steps_it_rests_on(driver):
    decided = say(driver)
    payloads = {e.seq: type(e.payload).__name__ for e, _ in driver.steps}
    assert [payloads[seq] for seq in decided.seqs] == [
        "QuantSnapshot", "SwarmSignal", "GraphContext", "AnalystSignal",
    ]  # fmt: skip


def test_where_the_settings_say_so_an_approval_becomes_an_order_with_its_reasons(auto):
    say(auto)
    (sent,) = auto.told(SubmitOrder)
    request = sent.request
    assert (request.strategy_id, request.quantity) == ("hybrid", 49)
    assert "cycle c1" in request.reason
    # the price is the market's with the sizer's offset, not the analyst's entry
    assert request.limit_price == Decimal("100.11")


def test_a_second_approval_only_adds_what_is_missing(auto):
    say(auto)
    (sent,) = auto.told(SubmitOrder)
    auto.accept(sent.request.client_order_id)
    auto.fill(sent.request.client_order_id, 49)
    assert say(auto).verdict is Verdict.APPROVED
    assert not auto.told(SubmitOrder)


@pytest.mark.parametrize("stage", ["quant", "swarm", "graph"])
def test_a_stage_that_did_not_answer_in_this_cycle_is_no_trade(auto, stage):
    say(auto, **{stage: {"cycle_id": "c0"}})
    assert not auto.told(SubmitOrder)
    (decided,) = auto.told(GateDecided)
    assert decided.reason == f"{stage}: no answer in this cycle"


def test_an_unavailable_stage_is_no_trade(auto):
    assert say(auto, swarm={"unavailable": "the worker died"}).verdict is Verdict.REJECTED
    assert not auto.told(SubmitOrder)


def test_a_herd_blocks_the_approval_and_every_order_of_a_strategy(auto):
    decided = say(auto, swarm={"agreement": 0.86})
    assert decided.reason.startswith("safety gate, agreement")
    auto.strategy().say(1)
    auto.quote()
    assert auto.state.risk.refusals["agreement"] == 1
    auto.feed(swarm_stage(agreement=0.5, ts_event=auto.now))
    auto.strategy().say(1)
    auto.quote()
    assert auto.told(SubmitOrder)


def test_an_old_agreement_is_unavailable_and_does_not_block_rules(driver):
    driver.feed(swarm_stage(agreement=0.99, ts_event=driver.now - 181 * NANOS_PER_SECOND))
    driver.strategy().say(1)
    driver.quote()
    assert driver.told(SubmitOrder)


def test_a_hedge_gives_back_a_part_of_what_is_held(auto):
    key = auto.working(quantity=60)
    auto.fill(key, 60)
    decided = say(auto, quant={"garch_vol": 0.9})
    assert (decided.verdict, decided.direction) == (Verdict.HEDGE, Direction.SHORT)
    (sent,) = auto.told(SubmitOrder)
    assert (sent.request.side, sent.request.quantity, sent.request.reduce_only) == (
        "SELL",
        24,
        True,
    )


def test_a_hedge_of_nothing_is_no_order(auto):
    assert say(auto, quant={"garch_vol": 0.9}).verdict is Verdict.REJECTED
    assert not auto.told(SubmitOrder)


@pytest.mark.parametrize(("may_trade", "code"), [("never", False), ("ask", True)])
def test_a_person_accepts_a_verdict_only_where_the_settings_say_ask(make_driver, may_trade, code):
    driver = make_driver(gate=AnalystGateConfig(may_trade=may_trade)).start()
    decided = say(driver)
    accept = {"instrument_id": "sim:AAA", "cycle_id": decided.cycle_id}
    answer = driver.command(commands.AcceptVerdict, **accept)
    assert answer.ok is code
    assert bool(driver.told(SubmitOrder)) is code
    if code:
        assert driver.told(SubmitOrder)[0].request.actor == "ann"


def test_only_the_newest_verdict_can_be_accepted(make_driver):
    driver = make_driver(gate=AnalystGateConfig(may_trade="ask")).start()
    say(driver)
    answer = driver.command(commands.AcceptVerdict, instrument_id="sim:AAA", cycle_id="c0")
    assert (answer.ok, answer.code) == (False, "NO_VERDICT")
    answer = driver.command(commands.AcceptVerdict, instrument_id="sim:ZZZ", cycle_id="c1")
    assert not answer.ok


def test_what_a_thinker_says_about_a_stranger_is_told_and_left(driver):
    driver.feed(analyst_stage(instrument_id="sim:ZZZ"))
    assert driver.told(Notice)[0].code == "RF-A-020"
    assert not driver.told(GateDecided)


def test_the_same_stages_give_the_same_verdicts_again(make_driver):
    first = make_driver(gate=AnalystGateConfig(may_trade="auto")).start()
    say(first)
    say(first, swarm={"direction": Direction.SHORT})
    second = make_driver(gate=AnalystGateConfig(may_trade="auto"))
    encoded = []
    for envelope, outputs in first.steps:
        decoded = msgspec.msgpack.decode(msgspec.msgpack.encode(envelope), type=type(envelope))
        encoded.append((second.engine.process(decoded), outputs))
    assert all(again == told for again, told in encoded)
    assert second.state.state_hash() == first.state.state_hash()
