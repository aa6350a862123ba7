import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rf_knowledge_graph import (
    EntityNode,
    EntityType,
    KnowledgeGraph,
    RelationshipKind,
    Source,
    impact_table,
    propagate_shock,
    score_pair,
    seed_graph,
)
from rf_knowledge_graph.evidence import DAY_NS

KIND = RelationshipKind
SEED = seed_graph()


def scores(graph, source, magnitude, hops=2):
    return {s.target_id: s.score for s in propagate_shock(graph, source, magnitude, hops)}


def test_oil_up_lifts_energy_and_hurts_airlines():
    found = scores(SEED, "OIL_WTI", 0.5)
    assert found["ENERGY_SECTOR"] > 0.3
    assert found["EXXON"] > 0
    assert found["AIRLINES"] < -0.3
    assert found["DELTA_AIR_LINES"] < 0


def test_rates_up_push_nasdaq_down_and_yields_up():
    found = scores(SEED, "FED_FUNDS_RATE", 0.5)
    assert found["NASDAQ"] < 0 < found["TREASURY_10Y"]
    assert found["SP500"] < 0


def test_good_news_upstream_is_good_downstream_and_a_rival_loses():
    up = scores(SEED, "TSMC", 0.5)
    assert up["NVIDIA"] > 0
    assert scores(SEED, "TSMC", -0.5)["NVIDIA"] < 0
    assert scores(SEED, "NVIDIA", 0.5)["AMD"] < 0


def test_one_edge_by_hand():
    graph = KnowledgeGraph()
    graph.relate("A", "B", KIND.AFFECTS, weight=0.8, correlation=-0.5)
    graph.relate("B", "C", KIND.SUPPLIES, weight=0.5)
    found = propagate_shock(graph, "A", 0.5, 2)
    assert [s.target_id for s in found] == ["B", "C"]
    assert found[0].score == pytest.approx(0.5 * 0.8 * -0.5)
    assert found[1].score == pytest.approx(0.5 * 0.8 * -0.5 * 0.5 * 0.6)
    assert found[1].confidence == pytest.approx(0.8 * 0.5)
    assert found[1].path.text == "A ->- B ->+ C"
    assert found[1].path.direction == -1


def test_two_paths_of_one_sign_add_up_and_stay_bounded():
    graph = KnowledgeGraph()
    for middle in ("B", "C"):
        graph.relate("A", middle, KIND.AFFECTS, weight=1.0, correlation=0.5)
        graph.relate(middle, "D", KIND.AFFECTS, weight=1.0, correlation=1.0)
    found = score_pair(graph, "A", "D", 0.4)
    assert found.score == pytest.approx(0.4 * (1 - 0.5 * 0.5))
    assert found.paths == 2


def test_paths_of_opposite_signs_cancel_and_lower_the_confidence():
    graph = KnowledgeGraph()
    graph.relate("A", "B", KIND.AFFECTS, weight=1.0, correlation=0.5)
    graph.relate("A", "C", KIND.AFFECTS, weight=1.0, correlation=-0.4)
    for middle in ("B", "C"):
        graph.relate(middle, "D", KIND.AFFECTS, weight=1.0, correlation=1.0)
    found = score_pair(graph, "A", "D", 1.0)
    assert found.score == pytest.approx(0.1)
    assert found.confidence == pytest.approx(0.1 / 0.9)


def test_what_has_no_known_direction_or_is_denied_is_not_carried():
    graph = KnowledgeGraph()
    graph.relate("A", "B", KIND.AFFECTS, weight=1.0)
    graph.relate("A", "C", KIND.LEAD_BY, weight=1.0)
    graph.relate("A", "D", KIND.CUSTOM, label="likes", weight=1.0)
    graph.relate("A", "E", KIND.SUPPLIES, weight=1.0, negated=True)
    assert propagate_shock(graph, "A", 1.0, 3) == ()
    assert score_pair(graph, "A", "B", 1.0) is None


def test_dependence_and_membership_are_carried_against_the_edge_only():
    graph = KnowledgeGraph()
    graph.relate("TENANT", "OWNER", KIND.DEPENDS_ON, weight=0.5)
    graph.relate("MEMBER", "SECTOR", KIND.PART_OF, weight=1.0)
    graph.relate("BURNER", "FUEL", KIND.DEPENDS_ON, weight=1.0, correlation=-0.5)
    assert scores(graph, "FUEL", 1.0) == {"BURNER": pytest.approx(-0.5)}
    assert scores(graph, "BURNER", 1.0) == {}
    assert scores(graph, "OWNER", 1.0) == {"TENANT": pytest.approx(0.4)}
    assert scores(graph, "TENANT", 1.0) == {}
    assert scores(graph, "SECTOR", 1.0) == {"MEMBER": pytest.approx(0.5)}


def test_a_dearer_commodity_says_nothing_about_who_needs_it_without_a_correlation():
    graph = KnowledgeGraph()
    graph.upsert_entity(EntityNode(id="FUEL", name="Fuel", type=EntityType.COMMODITY))
    graph.relate("BURNER", "FUEL", KIND.DEPENDS_ON, weight=1.0)
    assert scores(graph, "FUEL", 1.0) == {}


def test_a_disputed_edge_carries_less_and_recovers_with_time():
    graph = KnowledgeGraph()
    graph.relate("A", "B", KIND.AFFECTS, weight=0.8, correlation=0.5, source=Source.SEED)
    before = score_pair(graph, "A", "B", 1.0, now=DAY_NS).score
    graph.relate(
        "A", "B", KIND.AFFECTS, weight=0.8, correlation=-0.5, source=Source.DOCUMENT, ts=DAY_NS
    )
    disputed = score_pair(graph, "A", "B", 1.0, now=DAY_NS)
    assert disputed is None or abs(disputed.score) < 1e-9
    assert score_pair(graph, "A", "B", 1.0, now=2_000 * DAY_NS).score == pytest.approx(
        before, rel=0.01
    )


nodes = st.integers(0, 7)
rows = st.lists(
    st.tuples(
        nodes,
        nodes,
        st.sampled_from(list(KIND)),
        st.floats(0, 1),
        st.none() | st.floats(-1, 1),
    ),
    max_size=40,
)


@given(rows=rows, magnitude=st.floats(-1, 1), hops=st.integers(1, 5))
@settings(max_examples=80, deadline=None)
def test_scores_are_bounded_by_the_shock_flip_with_its_sign_and_cycles_end(rows, magnitude, hops):
    graph = KnowledgeGraph()
    for head, tail, kind, weight, correlation in rows:
        if head != tail:
            graph.relate(
                f"N{head}", f"N{tail}", kind, label="x", weight=weight, correlation=correlation
            )
    if not len(graph):
        return
    source = next(graph.entities()).id
    up = propagate_shock(graph, source, magnitude, hops)
    down = propagate_shock(graph, source, -magnitude, hops)
    assert {s.target_id: s.score for s in up} == {s.target_id: -s.score for s in down}
    for score in up:
        assert 0.01 <= abs(score.score) <= abs(magnitude) + 1e-12
        assert 0 <= score.confidence <= 1
        assert score.target_id != source
        seen = [source, *(step.to_id for step in score.path.steps)]
        assert len(set(seen)) == len(seen) <= hops + 1
    assert [abs(s.score) for s in up] == sorted((abs(s.score) for s in up), reverse=True)


@pytest.mark.parametrize("magnitude", [1.01, -2.0, float("nan"), float("inf")])
def test_a_shock_out_of_range_is_refused(magnitude):
    with pytest.raises(ValueError, match="magnitude"):
        propagate_shock(SEED, "OIL_WTI", magnitude)


def test_unknown_entities_and_bad_counts_are_refused():
    with pytest.raises(ValueError, match="entity"):
        propagate_shock(SEED, "NOBODY", 0.1)
    with pytest.raises(ValueError, match="entity"):
        score_pair(SEED, "OIL_WTI", "NOBODY", 0.1)
    with pytest.raises(ValueError, match="max_hops"):
        propagate_shock(SEED, "OIL_WTI", 0.1, 0)
    with pytest.raises(ValueError, match="top"):
        impact_table(SEED, "OIL_WTI", top=0)


def test_the_table_has_the_largest_effects_with_a_reason():
    table = impact_table(SEED, "OIL_WTI", 0.05, 5)
    assert len(table) == 5
    assert {"ENERGY_SECTOR", "AIRLINES"} & {row.target_id for row in table}
    assert "WTI crude oil +5.0% moves" in table[0].explanation
