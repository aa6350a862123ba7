"""What was read out of a document, checked, and how it enters a graph.

Documents and models are not trusted: counts and lengths are capped, weights are lowered, names of
known entities are never changed, and a name that may be two entities is left out.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

import msgspec

from rf_knowledge_graph.graph import KnowledgeGraph
from rf_knowledge_graph.linker import Linker
from rf_knowledge_graph.types import (
    EntityNode,
    Source,
    checked_range,
    clean_text,
    entity_id,
    entity_type,
    relationship_kind,
)

MAX_BYTES = 262_144
MAX_ENTITIES = 200
MAX_EDGES = 500
MAX_NAME = 120
MAX_DESCRIPTION = 400
MOST_WEIGHT = 0.7
"""A document's word never counts more than this."""


class OntologyEntity(msgspec.Struct, frozen=True, kw_only=True):
    """An entity as a document names it; `sentiment` in [-1, 1] when it was judged."""

    id: str
    name: str
    type: str = "Unknown"
    ticker: str | None = None
    sector: str | None = None
    country: str | None = None
    description: str = ""
    sentiment: float | None = None


class OntologyEdge(
    msgspec.Struct, frozen=True, kw_only=True, rename={"from_id": "from", "to_id": "to"}
):
    """A statement of a document; written as ``from``, ``to`` and ``relationship``."""

    from_id: str
    to_id: str
    relationship: str
    weight: float = 0.5
    description: str = ""
    correlation: float | None = None
    negated: bool = False


class MergeReport(msgspec.Struct, frozen=True):
    """What a merge did: entities that were new, that were known, edges, and what was left out."""

    added: tuple[str, ...]
    known: tuple[str, ...]
    edges: int
    skipped: tuple[str, ...]


class Ontology(msgspec.Struct, frozen=True, kw_only=True):
    """Entities and statements of one document.

    `confidence` in [0, 1] says how sure the reader is; weights are multiplied by it.
    """

    source_document: str
    entities: tuple[OntologyEntity, ...] = ()
    edges: tuple[OntologyEdge, ...] = ()
    confidence: float = 0.5
    summary: str = ""

    def validate(self, graph: KnowledgeGraph | None = None) -> tuple[str, ...]:
        """Return what is wrong with it, an empty tuple when nothing is.

        Ends of edges must be entities of the document, or of `graph` when that is given.

        Examples
        --------
        >>> edge = OntologyEdge(from_id="A", to_id="B", relationship="owns")
        >>> Ontology(source_document="d", edges=(edge,)).validate()
        ('edges[0].from: dangling, no entity A', 'edges[0].to: dangling, no entity B')
        """
        found = [*self._sizes(), *self._bad_entities()]
        ids = {entity.id for entity in self.entities}
        for number, edge in enumerate(self.edges):
            for name, end in (("from", edge.from_id), ("to", edge.to_id)):
                if end not in ids and (graph is None or end not in graph):
                    found.append(f"edges[{number}].{name}: dangling, no entity {end[:64]}")
            found += _bad_edge(number, edge)
        return tuple(found)

    def _sizes(self) -> list[str]:
        found = []
        for name, size, most in (
            ("entities", len(self.entities), MAX_ENTITIES),
            ("edges", len(self.edges), MAX_EDGES),
            ("source_document", len(self.source_document), MAX_DESCRIPTION),
            ("summary", len(self.summary), 2_000),
        ):
            if size > most:
                found.append(f"{name}: expected at most {most}, was {size}")
        if not self.source_document.strip():
            found.append("source_document: expected a text, was blank")
        found += _outside("confidence", self.confidence, 0.0, 1.0)
        return found

    def _bad_entities(self) -> list[str]:
        found: list[str] = []
        seen: set[str] = set()
        for number, entity in enumerate(self.entities):
            place = f"entities[{number}]"
            if entity.id in seen:
                found.append(f"{place}.id: expected each id once, was {entity.id[:64]} again")
            seen.add(entity.id)
            found += _bad_id(f"{place}.id", entity.id)
            if not clean_text(entity.name):
                found.append(f"{place}.name: expected a text, was {entity.name[:64]!r}")
            found += _too_long(place, entity)
            if entity.sentiment is not None:
                found += _outside(f"{place}.sentiment", entity.sentiment, -1.0, 1.0)
        return found

    def merge_into(
        self,
        graph: KnowledgeGraph,
        *,
        ts: int,
        source: Source = Source.DOCUMENT,
        linker: Linker | None = None,
    ) -> MergeReport:
        """Add what the document says to `graph`, dated `ts`, or raise and change nothing.

        An entity that the graph knows by id, ticker or name keeps its name, type and symbols; it
        gets sentiment only. One whose name may be several, or whose name and ticker belong to
        different ones, is left out with its edges and named in the report.

        Raises
        ------
        ValueError
            If `validate` finds something.
        """
        problems = self.validate(graph)
        if problems:
            raise ValueError(f"ontology: {'; '.join(problems[:5])}")
        found = linker or Linker(graph)
        ids: dict[str, str] = {}
        nodes: list[EntityNode] = []
        skipped: list[str] = []
        for entity in self.entities:
            known = _match(found, entity)
            if known is None:
                skipped.append(entity.id)
                continue
            ids[entity.id] = known or entity_id(entity.name)
            nodes.append(self._node(entity, ids[entity.id], ts, is_new=not known))
        fresh = tuple(dict.fromkeys(n.id for n in nodes if n.id not in graph))
        for node in nodes:
            graph.upsert_entity(node)
        count = self._relate(graph, ids, set(skipped), source, ts)
        known_ids = tuple(dict.fromkeys(n.id for n in nodes if n.id not in fresh))
        return MergeReport(fresh, known_ids, count, tuple(skipped))

    def _node(self, entity: OntologyEntity, key: str, ts: int, *, is_new: bool) -> EntityNode:
        feeling = (entity.sentiment or 0.0) * self.confidence
        felt_at = ts if entity.sentiment is not None else 0
        if not is_new:
            # An empty name leaves the known one: see `KnowledgeGraph.upsert_entity`.
            return EntityNode(id=key, name="", sentiment=feeling, ts_sentiment=felt_at)
        kind, raw = entity_type(entity.type)
        return EntityNode(
            id=key,
            name=clean_text(entity.name, MAX_NAME),
            type=kind,
            raw_type=raw,
            ticker=clean_text(entity.ticker or "", 12).upper(),
            sector=clean_text(entity.sector or "", 48),
            country=clean_text(entity.country or "", 48),
            metadata={
                "origin": "document",
                "description": clean_text(entity.description),
            },
            sentiment=feeling,
            ts_sentiment=felt_at,
            ts_updated=ts,
        )

    def _relate(
        self, graph: KnowledgeGraph, ids: dict[str, str], skipped: set[str], source: Source, ts: int
    ) -> int:
        count = 0
        for edge in self.edges:
            if edge.from_id in skipped or edge.to_id in skipped:
                continue
            head, tail = (ids.get(end, end) for end in (edge.from_id, edge.to_id))
            if head == tail:
                continue
            kind, label = relationship_kind(edge.relationship)
            graph.relate(
                head,
                tail,
                kind,
                label=label,
                weight=min(MOST_WEIGHT, edge.weight * self.confidence),
                correlation=edge.correlation,
                description=edge.description,
                source=source,
                reference=self.source_document,
                ts=ts,
                negated=edge.negated,
            )
            count += 1
        return count


def ontology_from_json(content: bytes) -> Ontology:
    """Return the ontology that a reader has written as JSON; the text is not trusted.

    Unknown keys are dropped. Keys given twice, numbers that are not finite, wrong types, dangling
    ends and anything above the caps refuse the whole.

    Raises
    ------
    ValueError
        Naming the field, the value and what was expected.

    Examples
    --------
    >>> text = b'{"source_document": "d", "entities": [{"id": "A", "name": "Alpha"}]}'
    >>> ontology_from_json(text).entities[0].type
    'Unknown'
    """
    if len(content) > MAX_BYTES:
        raise ValueError(f"ontology: expected at most {MAX_BYTES} bytes, was {len(content)}")
    try:
        raw = json.loads(content, object_pairs_hook=_once, parse_constant=_refuse)
    except (RecursionError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"ontology: expected JSON: {str(error)[:200]}") from error
    try:
        made = msgspec.convert(raw, Ontology)
    except msgspec.ValidationError as error:
        raise ValueError(f"ontology: {error}") from error
    problems = made.validate()
    if problems:
        raise ValueError(f"ontology: {'; '.join(problems[:5])}")
    return made


def ontology_to_json(ontology: Ontology) -> bytes:
    """Return an ontology as JSON that `ontology_from_json` reads."""
    return msgspec.json.encode(ontology, order="deterministic")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        twice = next(key for key, _ in pairs if sum(key == other for other, _ in pairs) > 1)
        raise ValueError(f"ontology: expected each key once, was {twice[:64]!r} twice")
    return made


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"ontology: expected finite numbers, was {constant}")


def _match(linker: Linker, entity: OntologyEntity) -> str | None:
    """Return the known entity, "" for a new one, None where it cannot be told."""
    by_name = linker.resolve(entity.name)
    if by_name.is_ambiguous:
        return None
    by_ticker = linker.resolve(entity.ticker).entity_id if entity.ticker else ""
    by_id = entity.id if entity.id in linker.graph else ""
    named = list(dict.fromkeys(key for key in (by_name.entity_id, by_ticker, by_id) if key))
    if len(named) > 1:
        return None
    if named:
        return named[0]
    new = _new_id(entity.name)
    return None if new is None or new in linker.graph else ""


def _new_id(name: str) -> str | None:
    try:
        return entity_id(name)
    except ValueError:
        return None


def _bad_id(place: str, value: str) -> list[str]:
    try:
        right = entity_id(value)
    except ValueError as error:
        return [f"{place}: {error}"]
    return [] if right == value else [f"{place}: expected {right}, was {value[:64]!r}"]


def _too_long(place: str, entity: OntologyEntity) -> list[str]:
    found = []
    for name, text, most in (
        ("name", entity.name, MAX_NAME),
        ("type", entity.type, 48),
        ("ticker", entity.ticker or "", 12),
        ("sector", entity.sector or "", 48),
        ("country", entity.country or "", 48),
        ("description", entity.description, MAX_DESCRIPTION),
    ):
        if len(text) > most:
            found.append(f"{place}.{name}: expected at most {most} characters, was {len(text)}")
    return found


def _bad_edge(number: int, edge: OntologyEdge) -> list[str]:
    place = f"edges[{number}]"
    found = []
    if edge.from_id == edge.to_id:
        found.append(f"{place}.to: expected another entity than {edge.from_id[:64]}")
    if not clean_text(edge.relationship) or len(edge.relationship) > 48:
        found.append(
            f"{place}.relationship: expected 1 to 48 characters, was {edge.relationship[:64]!r}"
        )
    elif relationship_kind(edge.relationship) == relationship_kind("custom"):
        found.append(f"{place}.relationship: expected a verb, was {edge.relationship!r}")
    if len(edge.description) > MAX_DESCRIPTION:
        found.append(
            f"{place}.description: expected at most {MAX_DESCRIPTION} characters, was "
            f"{len(edge.description)}"
        )
    found += _outside(f"{place}.weight", edge.weight, 0.0, 1.0)
    if edge.correlation is not None:
        found += _outside(f"{place}.correlation", edge.correlation, -1.0, 1.0)
    return found


def _outside(place: str, value: float, low: float, high: float) -> list[str]:
    try:
        checked_range(place, value, low, high)
    except ValueError as error:
        return [str(error)]
    return []
