import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rf_knowledge_graph import (
    EntityType,
    Linker,
    RelationshipKind,
    Source,
    seed_graph,
    sentiment_at,
)
from rf_knowledge_graph.codec import save
from rf_knowledge_graph.ontology import (
    MAX_BYTES,
    Ontology,
    OntologyEdge,
    OntologyEntity,
    ontology_from_json,
    ontology_to_json,
)

DAY = 86_400_000_000_000
GOOD = {
    "source_document": "filing-1",
    "entities": [
        {"id": "NVIDIA", "name": "Nvidia", "type": "Company", "sentiment": 0.5},
        {"id": "ACME_CHIPS", "name": "Acme Chips", "type": "Company", "ticker": "ACMC"},
    ],
    "edges": [
        {"from": "ACME_CHIPS", "to": "NVIDIA", "relationship": "supplies", "weight": 0.9},
        {"from": "ACME_CHIPS", "to": "NVIDIA", "relationship": "rents labs from", "weight": 0.5},
    ],
    "confidence": 0.8,
    "summary": "Acme sells to Nvidia.",
}


def made(**fields):
    return json.dumps(GOOD | fields).encode()


def with_entity(**fields):
    return made(entities=[{"id": "X", "name": "X co"} | fields], edges=[])


def with_edge(**fields):
    return made(edges=[{"from": "ACME_CHIPS", "to": "NVIDIA", "relationship": "supplies"} | fields])


def test_a_document_grows_the_graph_with_its_source_time_and_lowered_weight():
    graph = seed_graph()
    report = ontology_from_json(made()).merge_into(graph, ts=DAY)
    assert report.added == ("ACME_CHIPS",)
    assert report.known == ("NVIDIA",)
    assert report.edges == 2
    edges = {e.label or e.kind.value: e for e in graph.outgoing("ACME_CHIPS")}
    assert set(edges) == {"Supplies", "rents labs from"}
    assert edges["Supplies"].weight == pytest.approx(0.7)
    assert edges["rents labs from"].weight == pytest.approx(0.4)
    said = edges["Supplies"].evidence[0]
    assert (said.source, said.reference, said.ts) == (Source.DOCUMENT, "filing-1", DAY)
    assert sentiment_at(graph.require("NVIDIA"), DAY) == pytest.approx(0.4)


def test_a_known_entity_keeps_its_name_type_and_symbols():
    graph = seed_graph()
    before = graph.require("NVIDIA")
    entity = {"id": "NVIDIA", "name": "NVIDIA", "type": "Event", "ticker": "NVDA", "country": "XX"}
    ontology_from_json(made(entities=[entity], edges=[])).merge_into(graph, ts=DAY)
    assert graph.require("NVIDIA") == before


def test_a_name_that_belongs_to_another_ticker_is_left_out_with_its_edges():
    graph = seed_graph()
    before = save(graph)
    entities = [{"id": "EVIL", "name": "Tesla", "ticker": "NVDA"}]
    edges = [{"from": "EVIL", "to": "EVIL_TOO", "relationship": "owns"}]
    entities.append({"id": "EVIL_TOO", "name": "Morgan"})
    report = ontology_from_json(made(entities=entities, edges=edges)).merge_into(graph, ts=DAY)
    assert report.skipped == ("EVIL", "EVIL_TOO")
    assert report.edges == 0
    assert save(graph) == before


def test_an_unknown_type_stays_unknown():
    graph = seed_graph()
    ontology_from_json(with_entity(name="Zeta Ray", type="Wormhole")).merge_into(graph, ts=DAY)
    assert graph.require("ZETA_RAY").type is EntityType.UNKNOWN
    assert graph.require("ZETA_RAY").raw_type == "Wormhole"


def test_dangling_ends_are_listed_and_nothing_is_merged():
    graph = seed_graph()
    before = save(graph)
    edge = OntologyEdge(from_id="APPLE", to_id="NOWHERE", relationship="owns")
    ontology = Ontology(source_document="d", edges=(edge,))
    assert len(ontology.validate()) == 2
    assert ontology.validate(graph) == ("edges[0].to: dangling, no entity NOWHERE",)
    with pytest.raises(ValueError, match="NOWHERE"):
        ontology.merge_into(graph, ts=DAY)
    assert save(graph) == before


def test_a_document_that_contradicts_the_seed_stands_beside_it():
    graph = seed_graph()
    entities = [{"id": "OIL_WTI", "name": "oil"}, {"id": "AIRLINES", "name": "airlines"}]
    edge = {"from": "OIL_WTI", "to": "AIRLINES", "relationship": "affects", "correlation": 0.5}
    ontology_from_json(made(entities=entities, edges=[edge])).merge_into(graph, ts=DAY)
    kept = [e for e in graph.outgoing("OIL_WTI") if e.target_id == "AIRLINES"]
    assert [e.correlation for e in kept] == [-0.80, 0.5]
    assert graph.strength(kept[0], DAY) < kept[0].weight


def test_the_same_document_again_changes_nothing():
    graph = seed_graph()
    entity = {"id": "ACME", "name": "Acme"}
    edge = {"from": "ACME", "to": "NVIDIA", "relationship": "owns"}
    entities = [entity, {"id": "NVIDIA", "name": "NVIDIA"}]
    ontology = ontology_from_json(made(entities=entities, edges=[edge]))
    ontology.merge_into(graph, ts=DAY)
    once = save(graph)
    ontology.merge_into(graph, ts=DAY)
    assert save(graph) == once


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "JSON"),
        (b"\xff", "JSON"),
        (b"[]", "ontology"),
        (b"[" * 100_000, "JSON"),
        (b'{"source_document": "a", "source_document": "b"}', "twice"),
        (b'{"source_document": "a", "confidence": NaN}', "NaN"),
        (b'{"source_document": "a", "confidence": 1e999}', "confidence"),
        (b'{"source_document": "a", "confidence": -1}', "confidence"),
        (b'{"source_document": " "}', "source_document"),
        (b" " * (MAX_BYTES + 1), "bytes"),
        (with_entity(id="a b"), r"entities\[0\].id"),
        (with_entity(name=""), r"entities\[0\].name"),
        (with_entity(name="\u200b"), r"entities\[0\].name"),
        (with_entity(name="x" * 121), r"entities\[0\].name: expected at most 120"),
        (with_entity(ticker="x" * 13), r"entities\[0\].ticker"),
        (with_entity(description="x" * 401), r"entities\[0\].description"),
        (with_entity(sentiment=1.5), r"entities\[0\].sentiment"),
        (with_entity(sentiment="high"), "sentiment"),
        (with_edge(weight=2), r"edges\[0\].weight"),
        (with_edge(correlation=-2), r"edges\[0\].correlation"),
        (with_edge(relationship=""), r"edges\[0\].relationship"),
        (with_edge(relationship="x" * 49), r"edges\[0\].relationship"),
        (with_edge(relationship="Custom"), r"edges\[0\].relationship"),
        (with_edge(to="ACME_CHIPS"), "another entity"),
        (with_edge(to="NOBODY"), "NOBODY"),
        (made(entities=[GOOD["entities"][0]] * 2, edges=[]), "again"),
        (made(entities=[{"id": f"E{n}", "name": "e"} for n in range(201)], edges=[]), "200"),
        (made(edges=GOOD["edges"] * 251), "500"),
    ],
)  # fmt: skip
def test_hostile_json_is_refused_with_the_field(content, told):
    with pytest.raises(ValueError, match=told):
        ontology_from_json(content)


@given(st.binary(max_size=300))
def test_no_bytes_give_anything_but_an_ontology_or_a_value_error(content):
    with pytest.raises(ValueError, match="ontology"):
        ontology_from_json(content)


def test_unknown_keys_are_dropped_and_control_marks_leave_names():
    content = made(
        orders=[{"side": "BUY"}],
        entities=[{"id": "ZED", "name": "Zed\u202e\n Corp", "admin": True}],
        edges=[],
    )
    graph = seed_graph()
    ontology_from_json(content).merge_into(graph, ts=DAY)
    assert graph.require("ZED_CORP").name == "Zed Corp"


def test_an_ontology_survives_its_own_json():
    ontology = Ontology(
        source_document="d",
        entities=(OntologyEntity(id="A", name="Alpha", sentiment=0.25),),
        edges=(),
        confidence=0.5,
    )
    assert ontology_from_json(ontology_to_json(ontology)) == ontology


def test_a_linker_that_is_handed_in_is_used_and_follows():
    graph = seed_graph()
    linker = Linker(graph)
    ontology_from_json(made()).merge_into(graph, ts=DAY, linker=linker)
    assert linker.resolve("ACMC").entity_id == "ACME_CHIPS"
    assert graph.outgoing("ACME_CHIPS")[0].kind is RelationshipKind.SUPPLIES
