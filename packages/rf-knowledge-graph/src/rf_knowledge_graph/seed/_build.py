"""Reads the tables of the seed into a graph."""

from __future__ import annotations

from rf_knowledge_graph.graph import KnowledgeGraph
from rf_knowledge_graph.seed import _entities as rows
from rf_knowledge_graph.seed import _relations as relations
from rf_knowledge_graph.types import EntityNode, EntityType, Source, relationship_kind

_TABLES = (
    (EntityType.COMPANY, rows.COMPANIES),
    (EntityType.PERSON, rows.PEOPLE),
    (EntityType.SECTOR, rows.SECTORS),
    (EntityType.COUNTRY, rows.COUNTRIES),
    (EntityType.CURRENCY, rows.CURRENCIES),
    (EntityType.COMMODITY, rows.COMMODITIES),
    (EntityType.INDEX, rows.INDICES),
    (EntityType.MACRO_INDICATOR, rows.MACRO),
    (EntityType.REGULATION, rows.REGULATION),
    (EntityType.EVENT, rows.EVENTS),
)
_SECTOR_OF = {
    "Technology": "TECHNOLOGY_SECTOR",
    "Consumer Discretionary": "CONSUMER_DISCRETIONARY_SECTOR",
    "Consumer Staples": "CONSUMER_STAPLES_SECTOR",
    "Communication Services": "COMMUNICATION_SECTOR",
    "Financials": "FINANCIALS_SECTOR",
    "Energy": "ENERGY_SECTOR",
    "Industrials": "INDUSTRIALS_SECTOR",
    "Health Care": "HEALTH_CARE_SECTOR",
    "Materials": "MATERIALS_SECTOR",
    "Utilities": "UTILITIES_SECTOR",
}


def seed_graph() -> KnowledgeGraph:
    """Return a new graph with well-known companies, markets, rates and how they hang together.

    Facts of the seed are undated and do not age. Each company is part of its sector.

    Examples
    --------
    >>> graph = seed_graph()
    >>> graph.get("NVIDIA").ticker, graph.outgoing("TSMC")[0].target_id
    ('NVDA', 'NVIDIA')
    """
    graph = KnowledgeGraph()
    for kind, table in _TABLES:
        for row in _rows(table, 6):
            graph.upsert_entity(_node(kind, row))
    for row in (*_rows(relations.CORE, 6), *_rows(relations.WORLD, 6)):
        _relate(graph, row)
    for node in graph.by_type(EntityType.COMPANY):
        sector = _SECTOR_OF.get(node.sector)
        if sector and not any(e.target_id == sector for e in graph.outgoing(node.id)):
            _relate(graph, [node.id, "PartOf", sector, "1", "", ""])
    return graph


def core_statements() -> tuple[tuple[str, str, str, float, float | None], ...]:
    """Return the statements that every graph of this kind starts with."""
    return tuple(
        (row[0], row[1], row[2], float(row[3]), float(row[4]) if row[4] else None)
        for row in _rows(relations.CORE, 6)
    )


def _rows(table: str, width: int) -> list[list[str]]:
    found = [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]
    for row in found:
        if len(row) != width:
            raise ValueError(f"seed: expected {width} cells, was {row}")
    return found


def _node(kind: EntityType, row: list[str]) -> EntityNode:
    key, name, ticker, sector, country, aliases = row
    blocked = rows.NOT_BEFORE.get(key, "")
    return EntityNode(
        id=key,
        name=name,
        type=kind,
        ticker=ticker,
        sector=sector,
        country=country,
        aliases=tuple(alias.strip() for alias in aliases.split(";") if alias.strip()),
        venue_symbols=rows.VENUE_SYMBOLS.get(key, ()),
        metadata={"not_before": blocked} if blocked else {},
    )


def _relate(graph: KnowledgeGraph, row: list[str]) -> None:
    head, kind, tail, weight, correlation, description = row
    if head not in graph or tail not in graph:
        raise ValueError(f"seed: expected known entities, was {head} {kind} {tail}")
    graph.relate(
        head,
        tail,
        relationship_kind(kind)[0],
        weight=float(weight),
        correlation=float(correlation) if correlation else None,
        description=description,
        source=Source.SEED,
        reference="seed",
    )
