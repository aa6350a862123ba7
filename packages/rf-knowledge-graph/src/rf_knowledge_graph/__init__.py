"""A knowledge graph of markets with provenance, time and weight on every statement.

Start with `seed_graph`, `Linker` and `context_for`. A graph grows by statements, keeps those that
contradict each other side by side, and answers with facts that have ids. What ages is a function
of the time that is handed in. `retrieve` ranks facts and news for a question and loads numba when
it is first used; everything else is plain Python.
"""

import importlib
from typing import TYPE_CHECKING

from rf_knowledge_graph.codec import from_csv, load, save, to_csv
from rf_knowledge_graph.context import context_for, context_rows
from rf_knowledge_graph.evidence import sentiment_at
from rf_knowledge_graph.extraction import extract
from rf_knowledge_graph.facts import Fact, fact_id, fact_of
from rf_knowledge_graph.graph import GraphPath, KnowledgeGraph, Reached
from rf_knowledge_graph.impact import (
    ImpactPath,
    ImpactScore,
    impact_table,
    propagate_shock,
    score_pair,
)
from rf_knowledge_graph.linker import Candidate, Linker, Mention, Resolution
from rf_knowledge_graph.ontology import (
    MergeReport,
    Ontology,
    OntologyEdge,
    OntologyEntity,
    ontology_from_json,
    ontology_to_json,
)
from rf_knowledge_graph.queries import (
    Correlations,
    EntitySummary,
    FullContextForSymbol,
    KeyDependencies,
    Query,
    QueryAnswer,
    SectorExposure,
    SupplyChain,
    WhatDoesAffect,
    answer,
    named,
)
from rf_knowledge_graph.seed import seed_graph
from rf_knowledge_graph.types import (
    EntityNode,
    EntityType,
    Evidence,
    Relationship,
    RelationshipKind,
    Source,
    entity_id,
    entity_type,
    relationship_kind,
)

if TYPE_CHECKING:
    from rf_knowledge_graph.adjacency import Adjacency, adjacency_of
    from rf_knowledge_graph.retrieval import NewsItem, Parts, Retrieved, Retriever, retrieve

__all__ = [
    "seed_graph",
    "Linker",
    "context_for",
    "context_rows",
    "KnowledgeGraph",
    "EntityNode",
    "EntityType",
    "Relationship",
    "RelationshipKind",
    "Evidence",
    "Source",
    "entity_id",
    "entity_type",
    "relationship_kind",
    "sentiment_at",
    "Reached",
    "GraphPath",
    "Candidate",
    "Resolution",
    "Mention",
    "Fact",
    "fact_id",
    "fact_of",
    "Query",
    "WhatDoesAffect",
    "KeyDependencies",
    "Correlations",
    "SupplyChain",
    "SectorExposure",
    "EntitySummary",
    "FullContextForSymbol",
    "QueryAnswer",
    "answer",
    "named",
    "propagate_shock",
    "score_pair",
    "impact_table",
    "ImpactScore",
    "ImpactPath",
    "save",
    "load",
    "to_csv",
    "from_csv",
    "extract",
    "Ontology",
    "OntologyEntity",
    "OntologyEdge",
    "MergeReport",
    "ontology_from_json",
    "ontology_to_json",
    "Retriever",
    "retrieve",
    "Retrieved",
    "NewsItem",
    "Parts",
    "Adjacency",
    "adjacency_of",
]

_RETRIEVAL = "rf_knowledge_graph.retrieval"
_ADJACENCY = "rf_knowledge_graph.adjacency"
_HEAVY = {
    "Retriever": _RETRIEVAL,
    "retrieve": _RETRIEVAL,
    "Retrieved": _RETRIEVAL,
    "NewsItem": _RETRIEVAL,
    "Parts": _RETRIEVAL,
    "Adjacency": _ADJACENCY,
    "adjacency_of": _ADJACENCY,
}


def __getattr__(name: str) -> object:
    if name not in _HEAVY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HEAVY[name]), name)
    globals()[name] = value
    return value
