import pytest

from rf_common.intelligence import GraphContext, RowKind
from rf_knowledge_graph import (
    Correlations,
    EntityNode,
    EntitySummary,
    FullContextForSymbol,
    KeyDependencies,
    KnowledgeGraph,
    Linker,
    RelationshipKind,
    SectorExposure,
    Source,
    SupplyChain,
    WhatDoesAffect,
    answer,
    context_for,
    context_rows,
    fact_id,
    seed_graph,
)

GRAPH = seed_graph()
LINKER = Linker(GRAPH)
DAY = 86_400_000_000_000


def ask(query, now=DAY):
    return answer(GRAPH, query, now, linker=LINKER)


def pairs(found):
    return [(f.source_id, f.target_id) for f in found.facts]


def test_the_supply_chain_runs_up_and_down():
    up, down = ask(SupplyChain("NVDA")), ask(SupplyChain("NVDA", downstream=True))
    assert pairs(up)[:3] == [("TSMC", "NVIDIA"), ("SK_HYNIX", "NVIDIA"), ("MICRON", "NVIDIA")]
    assert ("ASML", "TSMC") in pairs(up)
    assert ("NVIDIA", "COREWEAVE") in pairs(down)
    assert ("TSMC", "NVIDIA") not in pairs(down)


def test_supplied_by_is_supplies_the_other_way_round():
    graph = KnowledgeGraph()
    graph.relate("BUYER", "MAKER", RelationshipKind.SUPPLIED_BY, weight=0.5)
    found = answer(graph, SupplyChain("BUYER"), 0, linker=Linker(graph))
    assert pairs(found) == [("BUYER", "MAKER")]
    assert answer(graph, SupplyChain("MAKER"), 0, linker=Linker(graph)).facts == ()
    down = answer(graph, SupplyChain("MAKER", downstream=True), 0, linker=Linker(graph))
    assert pairs(down) == [("BUYER", "MAKER")]


def test_what_affects_an_entity_looks_back_as_many_steps_as_asked():
    one, two = ask(WhatDoesAffect("airlines", 1)), ask(WhatDoesAffect("airlines", 2))
    assert ("OIL_WTI", "AIRLINES") in pairs(one)
    assert ("OPEC_SUPPLY_CUT", "OIL_WTI") not in pairs(one)
    assert ("OPEC_SUPPLY_CUT", "OIL_WTI") in pairs(two)


def test_key_dependencies_name_suppliers_rules_and_leaders():
    kinds = {f.edge.kind for f in ask(KeyDependencies("Nvidia")).facts}
    assert {
        RelationshipKind.SUPPLIES,
        RelationshipKind.REGULATED_BY,
        RelationshipKind.LEAD_BY,
        RelationshipKind.DEPENDS_ON,
    } <= kinds


def test_correlations_obey_their_minimum_weight():
    assert ("BTC", "GOLD") in pairs(ask(Correlations("BTC")))
    assert ("BTC", "GOLD") not in pairs(ask(Correlations("BTC", 0.5)))
    with pytest.raises(ValueError, match="min_weight"):
        ask(Correlations("BTC", 2.0))


def test_sector_exposure_says_bullish_bearish_or_mixed():
    told = ask(SectorExposure("oil")).narrative
    assert "Energy sector bullish" in told
    assert "Airlines bearish" in told
    assert "Nasdaq Composite bullish" in ask(SectorExposure("BTC")).narrative
    assert "Gold mixed" in ask(SectorExposure("BTC")).narrative


def test_a_summary_shows_at_most_three_relationships_for_each_entity():
    found = ask(EntitySummary("TSLA"))
    assert found.entities[0].entity_id == "TESLA"
    assert all(len(row.key_relationships) <= 3 for row in found.entities)


def test_the_full_context_is_all_four_lists_each_fact_once():
    found = ask(FullContextForSymbol("sim:NVDA"))
    ids = [f.fact_id for f in found.facts]
    assert len(ids) == len(set(ids))
    for query in (SupplyChain("NVDA"), KeyDependencies("NVDA"), Correlations("NVDA", 0.5)):
        assert set(pairs(ask(query))) <= set(pairs(found))
    assert "BTC correlates" not in found.prompt()
    rows = found.prompt().splitlines()
    assert len(rows) == 11
    assert rows[0].startswith("G1 TSMC supplies NVIDIA (weight 0.95)")
    assert rows[-1] == found.narrative


@pytest.mark.parametrize(("name", "told"), [("Morgan", "may be JPMORGAN"), ("Nvidea", "NVIDIA")])
def test_a_doubtful_name_is_refused_with_the_candidates(name, told):
    with pytest.raises(ValueError, match=told):
        ask(EntitySummary(name))


def test_a_context_has_numbered_rows_with_fact_ids_impacts_and_a_story():
    found = context_for(GRAPH, "sim:NVDA", "c7", DAY, linker=LINKER)
    assert isinstance(found, GraphContext)
    assert (found.cycle_id, found.instrument_id, found.ts_event) == ("c7", "sim:NVDA", DAY)
    assert [row.row_id for row in found.facts] == [f"G{n}" for n in range(1, 11)]
    assert {row.kind for row in found.facts} == {RowKind.GRAPH}
    first = next(e for e in GRAPH.outgoing("TSMC") if e.target_id == "NVIDIA")
    assert found.facts[0].source.endswith(fact_id(first))
    assert 1 <= len(found.impacts) <= 5
    assert all(abs(impact.score) <= 0.05 for impact in found.impacts)
    assert found.narrative.startswith("NVIDIA (Company, Technology, US).")
    assert found == context_for(GRAPH, "sim:NVDA", "c7", DAY)


@pytest.mark.parametrize(
    ("symbol", "told"), [("sim:NVDAA", "NVIDIA"), ("sim:ZZQX", "was 'sim:ZZQX'"), ("", "was ''")]
)
def test_an_unknown_symbol_is_unavailable_with_the_nearest_names(symbol, told):
    found = context_for(GRAPH, symbol, "c", DAY, linker=LINKER)
    assert told in found.unavailable
    assert (found.facts, found.impacts, found.narrative, found.nodes) == ((), (), "", 0)


def test_an_ambiguous_symbol_is_unavailable_with_its_candidates():
    found = context_for(GRAPH, "Morgan", "c", DAY)
    assert "JPMORGAN" in found.unavailable
    assert "MORGAN_STANLEY" in found.unavailable


def test_an_entity_without_facts_is_unavailable():
    graph = KnowledgeGraph()
    graph.upsert_entity(EntityNode(id="LONELY", name="Lonely", ticker="LNLY"))
    assert "no fact" in context_for(graph, "sim:LNLY", "c", 0).unavailable


def test_an_empty_graph_knows_nothing():
    assert context_for(KnowledgeGraph(), "sim:NVDA", "c", 0).unavailable


def test_the_id_of_a_fact_does_not_move_with_its_weight_or_its_direction_of_telling():
    graph = KnowledgeGraph()
    one = graph.relate("A", "B", RelationshipKind.COMPETES, weight=0.2)
    other = KnowledgeGraph().relate("B", "A", RelationshipKind.COMPETES, weight=0.9)
    assert fact_id(one) == fact_id(other)
    denied = graph.relate("A", "B", RelationshipKind.COMPETES, weight=0.2, negated=True)
    owned = graph.relate("A", "B", RelationshipKind.OWNS)
    turned = KnowledgeGraph().relate("B", "A", RelationshipKind.OWNS)
    assert len({fact_id(e) for e in (one, denied, owned, turned)}) == 4


def test_every_fact_of_the_seed_has_its_own_id():
    ids = {fact_id(e) for e in GRAPH.relationships()}
    assert len(ids) == GRAPH.edge_count


def test_a_dispute_and_a_mood_show_in_the_story():
    graph = seed_graph()
    graph.upsert_entity(EntityNode(id="NVIDIA", name="", sentiment=0.4, ts_sentiment=DAY))
    graph.relate(
        "TSMC", "NVIDIA", RelationshipKind.SUPPLIES, weight=0.5, source=Source.DOCUMENT,
        reference="n1", ts=DAY, negated=True,
    )  # fmt: skip
    found = context_for(graph, "sim:NVDA", "c", DAY)
    assert "News sentiment +0.40." in found.narrative
    assert "2 statements about it are disputed." in found.narrative
    assert any("disputed by document:n1" in row.text for row in found.facts)


def test_rows_can_start_at_any_number():
    facts = ask(SupplyChain("NVDA")).facts[:2]
    assert [row.row_id for row in context_rows(facts, first=4)] == ["G4", "G5"]
