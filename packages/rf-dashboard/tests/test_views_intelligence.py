from __future__ import annotations

from decimal import Decimal

import pytest

from rf_common import OrderStatus, Side
from rf_common.intelligence import Direction, GateCheck, Recommendation, Verdict
from rf_common.orders import Refusal
from rf_dashboard import DashboardState, Live, Offline, export, views
from rf_dashboard.views.intelligence import rows_named
from rf_dashboard.views.scenarios import whole_percents


@pytest.fixture
def thought(make) -> DashboardState:
    """One whole cycle for BTC, a second old, and the thinkers."""
    state = make.fold(
        (1, make.minds()), (1, make.quant()), (1, make.swarm()), (1, make.graph()),
        (1, make.analyst()), (1, make.gate()),
    )  # fmt: skip
    state.connection(Live(make.at(0)))
    return state


# --- dexter ---------------------------------------------------------------------------------------


def test_the_card_has_the_opinion_with_its_reasons_and_where_they_are_from(thought, make):
    card = views.dexter_card(thought, make.BTC, make.at(3))
    assert (card.known, card.reason, card.recommendation) == (True, "", Recommendation.BUY)
    assert (card.confidence.value, card.cost.value) == (0.58, Decimal("0.0108"))
    assert [(point.text, point.rows) for point in card.thesis] == [
        ("RSI is 71.2 [F3].", ("F3",)), ("Momentum is up 1.1 points [F4].", ("F4",)),
    ]  # fmt: skip
    assert [point.rows for point in card.risks] == [("N2",)]
    assert [(row.row_id, row.age_ms, row.cited) for row in card.sources] == [
        ("F3", 2_500, True), ("F4", 2_500, True), ("N2", 2_500, False),
    ]  # fmt: skip
    assert (card.figures, card.matched) == (2, 2)


def test_the_verdict_stands_on_the_card_with_what_failed_first(thought, make):
    gate = views.dexter_card(thought, make.BTC, make.at(3)).gate
    assert (gate.verdict, gate.reason) == (Verdict.REJECTED, "not sure enough")
    assert [(check.name, check.ok) for check in gate.checks] == [
        ("confidence", False), ("agreement", True),
    ]  # fmt: skip
    assert gate.seqs == (7, 8, 9, 10)


def test_the_verdict_on_another_cycle_is_not_shown_beside_a_newer_opinion(thought, make):
    thought.apply(make.analyst(2, cycle_id="c2"), make.at(2))
    card = views.dexter_card(thought, make.BTC, make.at(3))
    assert (card.gate, card.gate_reason) == (None, "no verdict on this opinion yet")


def test_a_void_opinion_is_unavailable_in_words_and_has_no_numbers(thought, make):
    void = make.analyst(2, unavailable="2 figures have no row", unsupported=("4.2 %", "17"))
    thought.apply(void, make.at(2))
    card = views.dexter_card(thought, make.BTC, make.at(3))
    assert (card.known, card.reason) == (False, "unavailable: 2 figures have no row")
    assert (card.recommendation, card.direction, card.confidence.value) == (None, None, None)
    assert (card.figures, card.matched, card.unsupported) == (2, 0, ("4.2 %", "17"))


def test_a_number_that_is_none_is_unknown(thought, make):
    thought.apply(make.analyst(2, confidence=float("nan")), make.at(2))
    confidence = views.dexter_card(thought, make.BTC, make.at(3)).confidence
    assert (confidence.value, confidence.reason) == (None, "it is not a finite number")


@pytest.mark.parametrize(
    ("view", "reason"),
    [
        (None, "the daemon told nothing of an analyst"),
        ({}, "no opinion on it yet"),
        ({"worker": "DOWN", "worker_reason": "killed by signal 9"},
         "worker DOWN: killed by signal 9"),
        ({"worker": "OFF"}, "worker OFF: no reason was told"),
        ({"running": ("binance:BTCUSDT",)}, "the first cycle is running"),
    ],
)  # fmt: skip
def test_without_an_opinion_the_card_says_why(make, view, reason):
    state = DashboardState() if view is None else make.fold((1, make.minds(**view)))
    card = views.dexter_card(state, make.BTC, make.at(3))
    assert (card.known, card.reason, card.sources) == (False, reason, ())


def test_while_the_daemon_is_away_an_opinion_is_marked_as_old(thought, make):
    thought.connection(Offline(make.at(3), "refused"))
    card = views.dexter_card(thought, make.BTC, make.at(9))
    assert card.stale
    assert card.confidence.stale
    assert views.mirofish_card(thought, make.BTC, make.at(9)).shares[0].percent.stale


def test_ids_of_rows_are_found_in_words_and_nothing_else_is():
    assert rows_named("[F3][N12], G1; see S2 and H1") == ("F3", "N12", "G1", "S2", "H1")
    assert rows_named("F-16, 5F3, XF3, Q4, f3, F12345") == ()


# --- mirofish -------------------------------------------------------------------------------------


def test_the_shares_sum_to_a_hundred_with_errors_and_base_rates_beside_them(thought, make):
    card = views.mirofish_card(thought, make.BTC, make.at(3))
    told = [(s.name, s.percent.value, round(s.error.value, 6), s.base.value) for s in card.shares]
    assert told == [("rally", 42, 1.4, 38), ("sideways", 37, 1.4, 41), ("dip", 21, 1.4, 21)]
    assert (card.agents, card.paths, card.seed, card.synthetic) == (5_000, 256, 42, True)


def test_probabilities_that_are_none_give_no_shares(thought, make):
    thought.apply(make.swarm(2, rally=0.77, sideways=0.30, dip=0.0), make.at(2))
    shares = views.mirofish_card(thought, make.BTC, make.at(3)).shares
    assert [share.percent.value for share in shares] == [None] * 3
    assert shares[0].percent.reason == "these are no probabilities"
    assert whole_percents((1 / 3, 1 / 3, 1 / 3)) == (34, 33, 33)


def test_no_score_before_thirty_forecasts(thought, make):
    card = views.mirofish_card(thought, make.BTC, make.at(3))
    assert (card.brier.value, card.brier.reason) == (None, "12 of 30 forecasts scored")
    thought.apply(make.swarm(2, scored=30), make.at(2))
    assert views.mirofish_card(thought, make.BTC, make.at(3)).brier.value == 0.21


def test_a_forecast_that_could_not_be_computed_shows_no_shares(thought, make):
    thought.apply(make.swarm(2, unavailable="20 returns, 60 are needed"), make.at(2))
    card = views.mirofish_card(thought, make.BTC, make.at(3))
    assert card.reason == "unavailable: 20 returns, 60 are needed"
    assert [share.percent.value for share in card.shares] == [None] * 3
    assert card.direction is None


def test_the_graph_says_what_it_knows_or_why_not(thought, make):
    panel = views.graph_panel(thought, make.BTC, make.at(3))
    assert (panel.entity, panel.nodes, panel.impacts[0].target_name) == ("Bitcoin", 18, "Ether")
    assert panel.facts[0].row_id == "G1"
    thought.apply(make.graph(2, unavailable="BTCUSDT names two entities"), make.at(2))
    panel = views.graph_panel(thought, make.BTC, make.at(3))
    assert (panel.known, panel.reason) == (False, "unavailable: BTCUSDT names two entities")
    assert views.graph_panel(thought, make.ETH, make.at(3)).reason


# --- thinkers -------------------------------------------------------------------------------------


def test_money_and_scores_are_as_told(thought, make):
    minds = views.thinkers(thought, make.at(3))
    assert (minds.spent_day.value, minds.cap_day.value) == (Decimal("0.07"), Decimal("2.00"))
    assert (minds.hit_rate.value, minds.brier.value, minds.base_brier.value) == (0.52, 0.244, 0.25)
    head = views.header(thought, make.at(3))
    assert (head.ai_spend.value, head.ai_cap.value) == (Decimal("0.07"), Decimal("2.00"))


def test_scores_of_few_opinions_are_not_shown(thought, make):
    thought.apply(make.minds(2, scored=29), make.at(2))
    minds = views.thinkers(thought, make.at(3))
    assert (minds.brier.value, minds.brier.reason) == (None, "29 of 30 opinions scored")
    assert minds.hit_rate.value is None


def test_nothing_is_invented_of_thinkers_nobody_told_of(make):
    minds = views.thinkers(DashboardState(), make.at(3))
    for value in (minds.worker, minds.analyst, minds.spent_day, minds.estimate, minds.brier):
        assert (value.value, value.reason) == (None, "the daemon told nothing of an analyst")


# --- chains ---------------------------------------------------------------------------------------


def test_a_cycle_tells_every_stage_in_words(thought, make):
    [row] = views.cycles(thought, make.at(3), 20)
    texts = {stage.name: stage.text for stage in row.stages}
    assert texts["1 quant"] == (
        "px 101, RSI 71.2, GARCH 60.0% against 50.0%, imbalance +0.10, momentum +1.00, "
        "120 samples, timer"
    )
    assert "LONG HIGH, bull 0.50 bear 0.20 ±0.020" in texts["2 swarm"]
    assert texts["3 graph"] == "Bitcoin, 18 nodes; a shock reaches Ether +0.04"
    assert "BUY LONG, confidence 0.58, SWING, rests on F3 F4" in texts["4 analyst"]
    assert row.outcome == "no order: the gate rejected it"


def test_a_stage_that_is_missing_or_unavailable_says_so(make):
    state = make.fold((1, make.quant(unavailable="no price for 60 s")))
    [row] = views.cycles(state, make.at(3), 20)
    assert row.stages[0].text == "unavailable: no price for 60 s"
    assert [stage.told for stage in row.stages] == [True, False, False, False]
    assert (row.verdict, row.outcome) == (None, "no verdict yet")


def test_orders_and_refusals_of_a_cycle_are_those_told_and_those_that_name_it(thought, make):
    approved = make.gate(2, verdict=Verdict.APPROVED, quantity=Decimal("0.02"))
    thought.apply(approved, make.at(2))
    assert views.cycles(thought, make.at(3), 1)[0].outcome == "no order is known of it"
    thought.apply(make.outcome(), make.at(2))
    thought.apply(make.order(7, OrderStatus.DENIED, reason="cycle c1"), make.at(2))
    refusal = Refusal("ai_momentum", make.BTC, Side.BUY, Decimal(1), None, "max_gross", "21000",
                      "20000", "cycle c1 is too large", "engine")  # fmt: skip
    thought.apply(refusal, make.at(2))
    [row] = views.cycles(thought, make.at(3), 1)
    assert row.orders == ("RF-P-K7QW3ZPA-00000001", "RF-P-K7QW3ZPA-00000007")
    assert row.refusals == ("max_gross 21000 (limit 20000)",)
    assert "order RF-P-K7QW3ZPA-00000001; " in row.outcome


def test_cycles_are_newest_first_and_of_one_instrument_when_asked(thought, make):
    thought.apply(make.gate(2, cycle_id="c2", instrument_id=make.ETH), make.at(2))
    assert [row.cycle_id for row in views.cycles(thought, make.at(3), 9)] == ["c2", "c1"]
    assert [row.cycle_id for row in views.cycles(thought, make.at(3), 9, make.BTC)] == ["c1"]
    assert len(views.cycles(thought, make.at(3), 1)) == 1


# --- files ----------------------------------------------------------------------------------------


def test_opinions_are_written_row_by_row(thought, make):
    lines = export.opinions_csv(thought, make.at(3)).splitlines()
    assert len(lines) == 4
    assert lines[1].startswith("binance:BTCUSDT,c1,2023-11-14T22:13:01")
    assert lines[1].endswith(",cited,rsi14 = 71.2")
    assert "model-1,BUY,LONG,0.58,,F3,feature,rf_signals," in lines[1]


def test_decisions_are_written_with_their_chain(thought, make):
    thought.apply(make.outcome(), make.at(2))
    check = GateCheck("=cmd", "1", "2", True)
    thought.apply(
        make.gate(2, checks=(check,), direction=Direction.SHORT, reason="=1+1"), make.at(2)
    )
    _, line = export.decisions_csv(thought, make.at(3)).splitlines()
    assert ",REJECTED,'=1+1,SHORT,0,BUY," in line
    assert "'=cmd 1 / 2 ok" in line
    assert "RF-P-K7QW3ZPA-00000001" in line
