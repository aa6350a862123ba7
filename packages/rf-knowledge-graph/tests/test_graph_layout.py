import numpy as np
import pytest

from rf_knowledge_graph import KnowledgeGraph, RelationshipKind, seed_graph
from rf_knowledge_graph.layout import layout, tree

GRAPH = seed_graph()


def test_a_picture_is_the_same_each_time_with_the_entity_in_the_middle():
    one, other = layout(GRAPH, "NVIDIA", 2), layout(seed_graph(), "NVIDIA", 2)
    np.testing.assert_array_equal(one.positions, other.positions)
    assert one.nodes[0].id == "NVIDIA"
    assert one.positions[0].tolist() == [0.0, 0.0]
    assert np.isfinite(one.positions).all()
    assert np.hypot(*one.positions.T).max() == pytest.approx(1.0)


def test_no_two_entities_stand_on_each_other():
    at = layout(GRAPH, "APPLE", 1).positions
    apart = np.hypot(*(at[:, None] - at[None, :]).transpose(2, 0, 1))
    assert apart[~np.eye(len(at), dtype=bool)].min() > 0.02


def test_only_the_nearest_and_strongest_are_shown():
    picture = layout(GRAPH, "NVIDIA", 2, most=10)
    assert len(picture.nodes) == 10
    assert picture.left_out > 0
    assert list(picture.depths) == sorted(picture.depths)
    shown = {node.id for node in picture.nodes}
    assert all({e.source_id, e.target_id} <= shown for e in picture.edges)


def test_an_entity_alone_is_a_point():
    graph = KnowledgeGraph()
    graph.relate("A", "B", RelationshipKind.OWNS, negated=True)
    assert layout(graph, "A").positions.tolist() == [[0.0, 0.0]]


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="entity"):
        layout(GRAPH, "NOBODY")
    with pytest.raises(ValueError, match="hops and most"):
        layout(GRAPH, "NVIDIA", 0)


def test_a_tree_shows_each_entity_once_and_says_what_is_left():
    told = tree(GRAPH, "NVIDIA", 2, most=4)
    lines = told.splitlines()
    assert lines[0] == "NVIDIA (NVIDIA)"
    names = [line.split("(")[1].split(")")[0] for line in lines if "more" not in line]
    assert len(names) == len(set(names))
    assert lines[-1].startswith("└─ and ")
