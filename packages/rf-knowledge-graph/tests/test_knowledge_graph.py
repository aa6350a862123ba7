import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_knowledge_graph import (
    EntityNode,
    EntityType,
    KnowledgeGraph,
    RelationshipKind,
    Source,
    entity_id,
    entity_type,
    fact_id,
    fact_of,
    relationship_kind,
    sentiment_at,
)
from rf_knowledge_graph.evidence import DAY_NS, own_strength
from rf_knowledge_graph.types import clean_text

NOW = 2_000 * DAY_NS
KIND = RelationshipKind


def test_an_unknown_type_stays_unknown_and_keeps_its_text():
    assert entity_type("Galaxy") == (EntityType.UNKNOWN, "Galaxy")
    assert entity_type("company") == (EntityType.COMPANY, "")
    assert entity_type("macro indicator") == (EntityType.MACRO_INDICATOR, "")
    graph = KnowledgeGraph()
    graph.relate("A", "B", KIND.OWNS)
    assert graph.require("A").type is EntityType.UNKNOWN


def test_kinds_are_read_without_case_and_by_alias_and_others_become_custom():
    assert relationship_kind("SUPPLIED_BY") == (KIND.SUPPLIED_BY, "")
    assert relationship_kind("Rival") == (KIND.COMPETES, "")
    assert relationship_kind("lends to") == (KIND.CUSTOM, "lends to")


def test_the_same_statement_again_updates_one_edge_and_keeps_every_source():
    graph = KnowledgeGraph()
    graph.relate("A", "B", KIND.SUPPLIES, weight=0.4, source=Source.DOCUMENT, reference="x", ts=10)
    edge = graph.relate(
        "A", "B", KIND.SUPPLIES, weight=0.8, source=Source.DOCUMENT, reference="y", ts=20
    )
    assert graph.edge_count == 1
    assert edge.weight == pytest.approx(0.6)
    assert (edge.ts_first, edge.ts_last, edge.reports) == (10, 20, 2)
    assert [said.reference for said in edge.evidence] == ["x", "y"]


def test_one_source_speaks_once_and_an_old_report_does_not_replace_a_new_one():
    graph = KnowledgeGraph()
    for weight, ts in ((0.4, 10), (0.9, 30), (0.1, 20)):
        edge = graph.relate(
            "A", "B", KIND.OWNS, weight=weight, source=Source.DOCUMENT, reference="x", ts=ts
        )
    assert [(said.weight, said.ts) for said in edge.evidence] == [(0.9, 30)]


def test_many_reports_keep_the_newest_and_all_that_does_not_age():
    graph = KnowledgeGraph()
    graph.relate("A", "B", KIND.OWNS, weight=0.9, source=Source.SEED)
    for number in range(1, 60):
        edge = graph.relate(
            "A", "B", KIND.OWNS, weight=0.5, source=Source.DOCUMENT, reference=f"n{number}",
            ts=number,
        )  # fmt: skip
    assert len(edge.evidence) == 16
    assert edge.reports == 60
    assert edge.evidence[0].source is Source.SEED
    assert edge.evidence[-1].reference == "n59"


def test_contradictions_stand_side_by_side_with_their_sources():
    graph = KnowledgeGraph()
    up = graph.relate("A", "B", KIND.AFFECTS, weight=0.8, correlation=0.6, source=Source.SEED)
    down = graph.relate(
        "A", "B", KIND.AFFECTS, weight=0.8, correlation=-0.5, source=Source.DOCUMENT,
        reference="n1", ts=NOW,
    )  # fmt: skip
    assert graph.edge_count == 2
    assert graph.rivals(up) == (down,)
    assert graph.strength(up, NOW) == pytest.approx(0.4)
    assert fact_id(up) != fact_id(down)
    assert "disputed by document:n1" in fact_of(graph, up, NOW).text


def test_a_dispute_fades_with_the_age_of_what_started_it():
    graph = KnowledgeGraph()
    known = graph.relate("A", "B", KIND.OWNS, weight=0.8, source=Source.SEED)
    graph.relate(
        "A", "B", KIND.OWNS, weight=0.8, source=Source.DOCUMENT, reference="n", ts=NOW,
        negated=True,
    )  # fmt: skip
    strengths = [graph.strength(known, NOW + days * DAY_NS) for days in (0, 90, 900)]
    assert strengths[0] == pytest.approx(0.4)
    assert strengths == sorted(strengths)
    assert strengths[2] == pytest.approx(0.8, abs=0.01)
    denial = graph.rivals(known)[0]
    assert own_strength(denial, NOW + 90 * DAY_NS) == pytest.approx(0.4)


def test_symmetric_kinds_are_one_edge_whichever_way_they_are_stated():
    graph = KnowledgeGraph()
    graph.relate("A", "B", KIND.COMPETES, weight=0.4)
    graph.relate("B", "A", KIND.COMPETES, weight=0.6, reference="again")
    denied = graph.relate("B", "A", KIND.COMPETES, weight=0.6, negated=True)
    assert graph.edge_count == 2
    assert graph.rivals(denied)


def test_a_statement_without_a_sign_supports_the_only_side_there_is():
    graph = KnowledgeGraph()
    graph.relate("A", "B", KIND.AFFECTS, weight=0.8, correlation=0.5, reference="a")
    edge = graph.relate("A", "B", KIND.AFFECTS, weight=0.6, reference="b")
    assert graph.edge_count == 1
    assert edge.correlation == 0.5
    later = graph.relate("A", "C", KIND.AFFECTS, weight=0.6, reference="a")
    assert later.correlation is None
    assert graph.relate("A", "C", KIND.AFFECTS, correlation=-0.2, reference="b").correlation == -0.2
    assert graph.edge_count == 2


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"weight": 1.5}, "weight"),
        ({"weight": math.nan}, "weight"),
        ({"correlation": -2.0}, "correlation"),
        ({"ts": -1}, "ts"),
    ],
)
def test_a_bad_statement_names_the_field_and_changes_nothing(fields, named):
    graph = KnowledgeGraph()
    with pytest.raises(ValueError, match=named):
        graph.relate("A", "B", KIND.AFFECTS, **fields)
    assert (graph.node_count, graph.edge_count, graph.version) == (0, 0, 0)


@pytest.mark.parametrize("bad", ["", "a", "A B", "_A", "A__B", "A" * 65, "Ä"])
def test_malformed_ids_are_refused(bad):
    graph = KnowledgeGraph()
    with pytest.raises(ValueError, match="capitals"):
        graph.relate(bad, "B", KIND.OWNS)
    with pytest.raises(ValueError, match="capitals"):
        graph.upsert_entity(EntityNode(id=bad, name="x"))


def test_an_entity_may_not_point_at_itself_and_custom_needs_a_label():
    graph = KnowledgeGraph()
    with pytest.raises(ValueError, match="another entity"):
        graph.relate("A", "A", KIND.OWNS)
    with pytest.raises(ValueError, match="label"):
        graph.relate("A", "B", KIND.CUSTOM)


def test_upsert_joins_what_is_there_with_what_is_new():
    graph = KnowledgeGraph()
    graph.upsert_entity(
        EntityNode(id="A", name="Alpha", type=EntityType.COMPANY, aliases=("Al",), ticker="ALP")
    )
    node = graph.upsert_entity(EntityNode(id="A", name="Alpha Inc", aliases=("Big Al",)))
    assert node.type is EntityType.COMPANY
    assert node.ticker == "ALP"
    assert node.aliases == ("Al", "Big Al")
    assert graph.node_count == 1


def test_sentiment_halves_in_three_days_and_mixes_with_the_next_report():
    graph = KnowledgeGraph()
    graph.upsert_entity(EntityNode(id="A", name="A", sentiment=0.8, ts_sentiment=NOW))
    later = NOW + 3 * DAY_NS
    assert sentiment_at(graph.require("A"), later) == pytest.approx(0.4)
    node = graph.upsert_entity(EntityNode(id="A", name="A", sentiment=-0.6, ts_sentiment=later))
    assert node.sentiment == pytest.approx(0.5 * 0.4 - 0.3)
    old = graph.upsert_entity(EntityNode(id="A", name="A", sentiment=1.0, ts_sentiment=NOW))
    assert old.sentiment == node.sentiment


def test_hops_are_path_lengths_and_denials_are_not_walked():
    graph = KnowledgeGraph()
    for head, tail in (("A", "B"), ("B", "C"), ("C", "D"), ("A", "C")):
        graph.relate(head, tail, KIND.AFFECTS)
    graph.relate("A", "E", KIND.OWNS, negated=True)
    assert {r.entity_id: r.depth for r in graph.within_hops("A", 2)} == {"B": 1, "C": 1, "D": 2}
    assert graph.within_hops("A", 0) == ()
    assert {r.entity_id for r in graph.within_hops("D", 1, direction="in")} == {"C"}
    with pytest.raises(ValueError, match="hops"):
        graph.within_hops("A", -1)
    with pytest.raises(ValueError, match="direction"):
        graph.within_hops("A", 1, direction="up")
    with pytest.raises(ValueError, match="entity"):
        graph.within_hops("Z", 1)


edges = st.lists(
    st.tuples(st.integers(0, 11), st.integers(0, 11), st.floats(0.1, 1.0)), min_size=1, max_size=40
)


def built(rows):
    graph = KnowledgeGraph()
    for head, tail, weight in rows:
        if head != tail:
            graph.relate(f"N{head}", f"N{tail}", KIND.AFFECTS, weight=weight)
    return graph


@given(rows=edges, hops=st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_hops_agree_with_a_plain_breadth_first_search(rows, hops):
    graph = built(rows)
    if "N0" not in graph:
        graph.upsert_entity(EntityNode(id="N0", name="zero"))
    tails = {}
    for head, tail, _ in rows:
        tails.setdefault(f"N{head}", set()).add(f"N{tail}")
    depth, ring = {"N0": 0}, {"N0"}
    for level in range(1, hops + 1):
        ring = {t for h in ring for t in tails.get(h, ())} - set(depth)
        depth |= dict.fromkeys(ring, level)
    del depth["N0"]
    assert {r.entity_id: r.depth for r in graph.within_hops("N0", hops)} == depth


@given(rows=edges)
@settings(max_examples=40, deadline=None)
def test_the_first_path_is_the_shortest_and_no_path_repeats_an_entity(rows):
    graph = built([*rows, (0, 1, 0.5), (1, 2, 0.5)])
    found = graph.paths("N0", "N2", cutoff=4, top=20, directed=True)
    depth = {r.entity_id: r.depth for r in graph.within_hops("N0", 4)}
    assert len(found[0].edges) == depth["N2"]
    lengths = [len(path.edges) for path in found]
    assert lengths == sorted(lengths)
    for path in found:
        assert len(set(path.entities)) == len(path.entities)
        assert path.product == pytest.approx(math.prod(e.weight for e in path.edges))
        ends = [(e.source_id, e.target_id) for e in path.edges]
        assert ends == list(pairwise(path.entities))
    for one, other in pairwise(found):
        if len(one.edges) == len(other.edges):
            assert one.product >= other.product


def test_paths_walk_edges_both_ways_unless_they_are_directed():
    graph = KnowledgeGraph()
    graph.relate("A", "B", KIND.OWNS)
    graph.relate("C", "B", KIND.OWNS)
    assert graph.paths("A", "C")[0].entities == ("A", "B", "C")
    assert graph.paths("A", "C", directed=True) == ()
    assert graph.paths("A", "A") == ()
    with pytest.raises(ValueError, match="cutoff"):
        graph.paths("A", "C", cutoff=0)


@given(st.text(max_size=80))
def test_an_id_made_from_any_name_is_an_id(name):
    try:
        made = entity_id(name)
    except ValueError:
        return
    assert entity_id(made) == made


@given(st.text(max_size=600))
def test_cleaned_text_is_one_short_line_without_control_marks(text):
    flat = clean_text(text)
    assert len(flat) <= 240
    assert not any(letter in flat for letter in "\n\r\t\x00\x1b\u202e\u200b")


def test_a_copy_changes_on_its_own():
    graph = built([(0, 1, 0.5)])
    other = graph.copy()
    other.relate("N1", "N2", KIND.OWNS)
    other.relate("N0", "N1", KIND.AFFECTS, weight=0.9, reference="again")
    assert graph.edge_count == 1
    assert graph.outgoing("N0")[0].weight == 0.5


def test_to_be_part_of_the_same_thing_is_no_connection():
    graph = KnowledgeGraph()
    for member in ("A", "B"):
        graph.relate(member, "SECTOR", KIND.PART_OF)
    assert graph.paths("A", "B") == ()
    assert graph.paths("A", "SECTOR")[0].entities == ("A", "SECTOR")
    graph.relate("SECTOR", "INDEX", KIND.PART_OF)
    assert graph.paths("A", "INDEX")[0].entities == ("A", "SECTOR", "INDEX")
