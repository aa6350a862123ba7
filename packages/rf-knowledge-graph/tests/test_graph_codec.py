import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_knowledge_graph import EntityNode, KnowledgeGraph, RelationshipKind, Source, seed_graph
from rf_knowledge_graph.codec import from_csv, load, save, to_csv

names = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=1, max_size=20)
statement = st.tuples(
    st.integers(0, 5),
    st.integers(0, 5),
    st.sampled_from(list(RelationshipKind)),
    st.floats(0, 1),
    st.none() | st.floats(-1, 1),
    st.sampled_from(list(Source)),
    st.integers(0, 2**62),
    st.booleans(),
)


@given(
    labels=st.lists(names.filter(str.strip), min_size=6, max_size=6),
    said=st.lists(statement, max_size=25),
)
@settings(max_examples=60, deadline=None)
def test_any_graph_survives_a_round_trip_to_the_byte(labels, said):
    graph = KnowledgeGraph()
    for number, name in enumerate(labels):
        graph.upsert_entity(EntityNode(id=f"N{number}", name=name, metadata={"b": "1", "a": name}))
    for head, tail, kind, weight, correlation, source, ts, negated in said:
        if head != tail:
            graph.relate(
                f"N{head}", f"N{tail}", kind, label="rents from", weight=weight,
                correlation=correlation, source=source, ts=ts, negated=negated,
            )  # fmt: skip
    content = save(graph)
    again = load(content)
    assert save(again) == content
    assert again.node_count == graph.node_count
    assert again.edge_count == graph.edge_count
    for edge in graph.relationships():
        assert edge in again.outgoing(edge.source_id)


def test_the_order_of_building_does_not_show_in_the_file():
    one, other = KnowledgeGraph(), KnowledgeGraph()
    pairs = [("A", "B"), ("C", "A"), ("B", "C")]
    for graph, rows in ((one, pairs), (other, pairs[::-1])):
        for head, tail in rows:
            graph.relate(head, tail, RelationshipKind.OWNS)
    assert save(one) == save(other)


def changed(**fields):
    whole = json.loads(save(seed_graph()))
    whole["relationships"][3] |= fields
    return json.dumps(whole).encode()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "JSON"),
        (b"{", "JSON"),
        (b"\xff\xfe", "JSON"),
        (b"[]", "JSON"),
        (b'{"format":"x","version":1,"entities":[],"relationships":[]}', "format"),
        (
            b'{"format":"rf-knowledge-graph","version":9,"entities":[],"relationships":[]}',
            "version 9",
        ),
        (changed(weight=2), "row 3: weight"),
        (changed(target_id="NOBODY"), "row 3: .*NOBODY"),
        (changed(kind="Likes"), "relationships"),
        (changed(evidence=[]), "row 3: evidence"),
        (changed(correlation=-1.5), "row 3: correlation"),
        (changed(ts_last=-1), "row 3: ts"),
        (changed(label="x"), "row 3: label"),
        (changed(kind="Custom"), "row 3: label"),
        (changed(evidence=[{"source": "seed", "ts": 2**63}]), "relationships|row 3: ts"),
    ],
)
def test_a_broken_file_is_refused_with_the_place(content, told):
    with pytest.raises(ValueError, match=told):
        load(content)


@given(st.binary(max_size=200))
def test_no_bytes_get_past_the_reader_unless_they_are_a_graph(content):
    with pytest.raises(ValueError, match="graph"):
        load(content)


def test_an_entity_twice_is_refused():
    whole = json.loads(save(seed_graph()))
    whole["entities"].append(whole["entities"][0])
    with pytest.raises(ValueError, match="once"):
        load(json.dumps(whole).encode())


def test_a_statement_twice_is_refused():
    whole = json.loads(save(seed_graph()))
    whole["relationships"].append(whole["relationships"][0])
    with pytest.raises(ValueError, match="once"):
        load(json.dumps(whole).encode())


def test_tables_bring_back_entities_and_every_voice():
    graph = seed_graph()
    graph.relate(
        "NVIDIA", "AMD", RelationshipKind.COMPETES, weight=0.3, source=Source.DOCUMENT,
        reference='a "quoted", one', ts=77,
    )  # fmt: skip
    again = from_csv(*to_csv(graph))
    assert to_csv(again) == to_csv(graph)
    assert again.node_count == graph.node_count
    assert again.edge_count == graph.edge_count


@pytest.mark.parametrize(
    ("entities", "edges", "told"),
    [
        ("id,name\nA", "", "entities.csv, line 2: expected 2 cells, was 1"),
        ("id,name\nA,Alpha\na b,Beta\n", "", "entities.csv, line 3: id: .*'a b'"),
        ("id\nA\n", "", "column 'name'"),
        ("id,name,colour\nA,B,red\n", "", "'colour'"),
        ("id,name,id\nA,B,C\n", "", "each column once"),
        ("id,name,sentiment\nA,B,2\n", "", "sentiment: .*2"),
        ("id,name,ts_updated\nA,B,soon\n", "", "ts_updated: .*'soon'"),
        ("", "source_id,kind,target_id,weight\nA,Owns,B,much\n", "edges.csv.*weight.*'much'"),
        ("", "source_id,kind,target_id,weight\nA,Owns,B,nan\n", "weight"),
        ("", "source_id,kind,target_id,correlation\nA,Owns,B,-3\n", "correlation"),
        ("", "source_id,kind,target_id,negated\nA,Owns,B,maybe\n", "negated.*'maybe'"),
        ("", "source_id,kind,target_id,source\nA,Owns,B,tv\n", "source.*manual.*'tv'"),
        ("", "source_id,kind,target_id\nA,,B\n", "kind"),
        ("", 'source_id,kind,target_id\nA,"Owns,B\n', "edges.csv"),
    ],
)
def test_a_broken_table_names_line_column_and_value_and_changes_nothing(entities, edges, told):
    graph = seed_graph()
    before = save(graph)
    with pytest.raises(ValueError, match=told):
        from_csv(entities, edges, into=graph)
    assert save(graph) == before


def test_tables_add_to_a_graph_and_keep_unknown_types():
    graph = from_csv("id,name,type\nA,Alpha,Galaxy\n", "source_id,kind,target_id\nA,orbits,NVIDIA")
    assert graph.require("A").raw_type == "Galaxy"
    assert graph.outgoing("A")[0].label == "orbits"


@given(entities=st.text(max_size=120), edges=st.text(max_size=120))
def test_no_table_gives_anything_but_a_graph_or_a_value_error(entities, edges):
    try:
        graph = from_csv(entities, edges)
    except ValueError:
        return
    assert save(load(save(graph))) == save(graph)


def test_a_byte_order_mark_and_blank_lines_are_taken_as_they_come():
    graph = from_csv("\ufeffid,name\n\nA,Alpha\n\n", "")
    assert graph.require("A").name == "Alpha"
