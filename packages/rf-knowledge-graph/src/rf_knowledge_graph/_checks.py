"""What an entity and a statement may be, and how two versions of an entity become one."""

from __future__ import annotations

import re

from rf_knowledge_graph.evidence import felt
from rf_knowledge_graph.types import (
    MAX_ID,
    EntityNode,
    EntityType,
    Relationship,
    RelationshipKind,
    checked_range,
)

_ID = re.compile(r"[0-9A-Z]+(?:_[0-9A-Z]+)*")


def names_of(node: EntityNode) -> tuple[str, ...]:
    """Return everything an entity is called: id, name, ticker, aliases, symbols of venues."""
    return (node.id, node.name, node.ticker, *node.aliases, *node.venue_symbols)


def check_ends(edge: Relationship, ts: int) -> None:
    """Raise ValueError when an edge's ends, label or time cannot be."""
    for name, entity in (("source_id", edge.source_id), ("target_id", edge.target_id)):
        check_id(name, entity)
    if edge.source_id == edge.target_id:
        raise ValueError(f"target_id: expected another entity than {edge.source_id!r}")
    if edge.kind is RelationshipKind.CUSTOM and not edge.label:
        raise ValueError("label: expected a text for a custom kind, was ''")
    check_ts(ts)


def check_ts(ts: int) -> None:
    """Raise ValueError when a time is not a whole number of nanoseconds that fits 63 bits."""
    if isinstance(ts, bool) or not isinstance(ts, int) or not 0 <= ts < 2**63:
        raise ValueError(f"ts: expected nanoseconds in 0 … 2^63-1, was {ts!r}")


def check_id(name: str, entity: str) -> None:
    """Raise ValueError when an id is not capitals, digits and single underscores."""
    if not isinstance(entity, str) or len(entity) > MAX_ID or not _ID.fullmatch(entity):
        raise ValueError(
            f"{name}: expected 1 to {MAX_ID} capitals, digits and single underscores, was "
            f"{str(entity)[:80]!r}"
        )


def check_node(node: EntityNode) -> None:
    """Raise ValueError when an entity's id, name or sentiment cannot be."""
    check_id("id", node.id)
    if not node.name.strip():
        raise ValueError(f"name: expected a text for {node.id}, was {node.name!r}")
    checked_range("sentiment", node.sentiment, -1.0, 1.0)
    for ts in (node.ts_sentiment, node.ts_updated):
        check_ts(ts)


def joined(old: EntityNode, new: EntityNode) -> EntityNode:
    """Return `old` with what `new` gives; its empty fields leave the old ones."""
    sentiment, ts_sentiment = old.sentiment, old.ts_sentiment
    if new.ts_sentiment or new.sentiment:
        sentiment, ts_sentiment = felt(old, new.sentiment, new.ts_sentiment)
    known = new.type is not EntityType.UNKNOWN
    return EntityNode(
        id=old.id,
        name=new.name or old.name,
        type=new.type if known else old.type,
        raw_type=new.raw_type if known or new.raw_type else old.raw_type,
        ticker=new.ticker or old.ticker,
        sector=new.sector or old.sector,
        country=new.country or old.country,
        aliases=tuple(dict.fromkeys((*old.aliases, *new.aliases))),
        venue_symbols=tuple(dict.fromkeys((*old.venue_symbols, *new.venue_symbols))),
        metadata={**old.metadata, **new.metadata},
        sentiment=sentiment,
        ts_sentiment=ts_sentiment,
        ts_updated=max(old.ts_updated, new.ts_updated),
    )
