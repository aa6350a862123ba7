"""Graphs as bytes: versioned JSON that is the same for the same content, and two CSV tables.

Reading is all or nothing: a broken file gives an error that names the row, the field, the value
and what was expected, and no graph.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import msgspec

from rf_knowledge_graph._checks import check_ends, check_node
from rf_knowledge_graph.graph import KnowledgeGraph
from rf_knowledge_graph.types import (
    EntityNode,
    EntityType,
    Evidence,
    Relationship,
    RelationshipKind,
    Source,
    clean_text,
    entity_type,
    relationship_kind,
)

FORMAT = "rf-knowledge-graph"
VERSION = 1
_MAX_TS = 2**63
ENTITY_COLUMNS = (
    "id",
    "name",
    "type",
    "ticker",
    "sector",
    "country",
    "aliases",
    "venue_symbols",
    "sentiment",
    "ts_updated",
)
EDGE_COLUMNS = (
    "source_id",
    "kind",
    "target_id",
    "weight",
    "correlation",
    "description",
    "source",
    "reference",
    "ts",
    "negated",
)


class _File(msgspec.Struct, forbid_unknown_fields=True):
    format: str
    version: int
    entities: list[EntityNode]
    relationships: list[Relationship]


def save(graph: KnowledgeGraph) -> bytes:
    """Return a graph as JSON, entities by id, relationships by their ends.

    Examples
    --------
    >>> graph = KnowledgeGraph()
    >>> edge = graph.relate("A", "B", relationship_kind("owns")[0], weight=0.5)
    >>> save(load(save(graph))) == save(graph)
    True
    """
    entities = sorted(graph.entities(), key=lambda node: node.id)
    relationships = sorted(graph.relationships(), key=_order)
    whole = _File(FORMAT, VERSION, entities, relationships)
    return msgspec.json.encode(whole, order="deterministic") + b"\n"


def _order(edge: Relationship) -> tuple[str, str, str, str, bool, float]:
    return (
        edge.source_id,
        edge.target_id,
        edge.kind,
        edge.label,
        edge.negated,
        edge.correlation or 0.0,
    )


def load(content: bytes) -> KnowledgeGraph:
    """Return the graph that `save` has written.

    Raises
    ------
    ValueError
        If it is not such a file, of another version, or a row cannot be; the row, the field and
        the value are named.
    """
    try:
        whole = msgspec.json.decode(content, type=_File)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ValueError(f"graph: expected JSON of a graph: {error}") from error
    if whole.format != FORMAT or whole.version != VERSION:
        raise ValueError(
            f"graph: expected format {FORMAT!r} version {VERSION}, was {whole.format[:40]!r} "
            f"version {whole.version}"
        )
    graph = KnowledgeGraph()
    for number, node in enumerate(whole.entities):
        try:
            if node.id in graph:
                raise ValueError(f"id: expected each id once, was {node.id!r} again")
            graph.upsert_entity(node)
        except ValueError as error:
            raise ValueError(f"entities, row {number}: {error}") from error
    for number, edge in enumerate(whole.relationships):
        try:
            _check_edge(edge)
            graph.add_edge(edge)
        except ValueError as error:
            raise ValueError(f"relationships, row {number}: {error}") from error
    return graph


def _check_edge(edge: Relationship) -> None:
    """Raise ValueError when an edge cannot be; `KnowledgeGraph.add_edge` looks its ends up."""
    if edge.source_id == edge.target_id or (edge.kind is RelationshipKind.CUSTOM) != bool(
        edge.label
    ):
        check_ends(edge, edge.ts_last)
        raise ValueError(f"label: expected one for a custom kind only, was {edge.label[:48]!r}")
    if not edge.evidence:
        raise ValueError("evidence: expected at least one statement, was none")
    _check_numbers(edge)
    for said in edge.evidence:
        _check_numbers(said)
    for ts in (edge.ts_first, edge.ts_last, *(said.ts for said in edge.evidence)):
        if not 0 <= ts < _MAX_TS:
            raise ValueError(f"ts: expected nanoseconds in 0 … 2^63-1, was {ts}")


def _check_numbers(said: Relationship | Evidence) -> None:
    if not 0.0 <= said.weight <= 1.0:
        raise ValueError(f"weight: expected a number in [0, 1], was {said.weight!r}")
    if said.correlation is not None and not -1.0 <= said.correlation <= 1.0:
        raise ValueError(f"correlation: expected a number in [-1, 1], was {said.correlation!r}")


class _row:  # noqa: N801 - used as a statement
    """Puts the place of a row before what is wrong with it."""

    def __init__(self, place: str) -> None:
        self._place = place

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ValueError):
            raise ValueError(f"{self._place}: {error}") from error


def to_csv(graph: KnowledgeGraph) -> tuple[str, str]:
    """Return entities and relationships as two CSV tables; evidence gives one row each."""
    return _entities_csv(graph), _edges_csv(graph)


def _entities_csv(graph: KnowledgeGraph) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(ENTITY_COLUMNS)
    for node in sorted(graph.entities(), key=lambda n: n.id):
        writer.writerow(
            [
                node.id,
                node.name,
                node.raw_type or node.type.value,
                node.ticker,
                node.sector,
                node.country,
                "|".join(node.aliases),
                "|".join(node.venue_symbols),
                repr(node.sentiment) if node.sentiment else "",
                node.ts_updated or "",
            ]
        )
    return out.getvalue()


def _edges_csv(graph: KnowledgeGraph) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(EDGE_COLUMNS)
    for edge in sorted(graph.relationships(), key=_order):
        for said in edge.evidence:
            writer.writerow(
                [
                    edge.source_id,
                    edge.label or edge.kind.value,
                    edge.target_id,
                    repr(said.weight),
                    "" if said.correlation is None else repr(said.correlation),
                    said.description,
                    said.source.value,
                    said.reference,
                    said.ts or "",
                    "true" if edge.negated else "",
                ]
            )
    return out.getvalue()


def from_csv(entities: str, edges: str, *, into: KnowledgeGraph | None = None) -> KnowledgeGraph:
    r"""Return a graph from two CSV tables, added to a copy of `into` when that is given.

    Entities need the columns id and name; edges need source_id, kind and target_id. The other
    columns of `ENTITY_COLUMNS` and `EDGE_COLUMNS` may be missing or empty; lists are separated by
    ``|``. Either table may be empty. Ends of edges that are no entity yet are made, of unknown
    type.

    Raises
    ------
    ValueError
        If a row cannot be; the table, the line, the column, the value and what was expected are
        named, and `into` is as it was.

    Examples
    --------
    >>> graph = from_csv("id,name\nA,Alpha", "source_id,kind,target_id,weight\nA,Owns,B,0.4")
    >>> graph.outgoing("A")[0].weight
    0.4
    """
    graph = KnowledgeGraph() if into is None else into.copy()
    for place, row in _table("entities.csv", entities, ENTITY_COLUMNS, ("id", "name")):
        with place:
            graph.upsert_entity(_node(row))
    needed = ("source_id", "kind", "target_id")
    for place, row in _table("edges.csv", edges, EDGE_COLUMNS, needed):
        with place:
            _relate(graph, row)
    return graph


def _table(
    name: str, text: str, columns: tuple[str, ...], needed: tuple[str, ...]
) -> Iterator[tuple[_row, dict[str, str]]]:
    if not text.strip():
        return
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    try:
        header = [cell.strip().lower() for cell in next(reader)]
        _check_header(name, header, columns, needed)
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(header):
                raise ValueError(
                    f"{name}, line {reader.line_num}: expected {len(header)} cells, was "
                    f"{len(cells)}"
                )
            values = {key: cell.strip() for key, cell in zip(header, cells, strict=True)}
            yield _row(f"{name}, line {reader.line_num}"), values
    except csv.Error as error:
        raise ValueError(f"{name}, line {reader.line_num}: expected CSV: {error}") from error


def _check_header(
    name: str, header: list[str], columns: tuple[str, ...], needed: tuple[str, ...]
) -> None:
    for column in header:
        if column not in columns:
            raise ValueError(f"{name}: expected columns {', '.join(columns)}, was {column!r}")
    if len(set(header)) != len(header):
        raise ValueError(f"{name}: expected each column once, was {', '.join(header)}")
    missing = [column for column in needed if column not in header]
    if missing:
        raise ValueError(f"{name}: expected a column {missing[0]!r}, was {', '.join(header)}")


def _node(row: dict[str, str]) -> EntityNode:
    kind, raw = entity_type(row.get("type", "") or EntityType.UNKNOWN.value)
    ts = _integer("ts_updated", row.get("ts_updated", ""))
    sentiment = _number("sentiment", row.get("sentiment", ""), 0.0)
    node = EntityNode(
        id=row["id"],
        name=clean_text(row["name"]),
        type=kind,
        raw_type=raw,
        ticker=row.get("ticker", ""),
        sector=row.get("sector", ""),
        country=row.get("country", ""),
        aliases=_listed(row.get("aliases", "")),
        venue_symbols=_listed(row.get("venue_symbols", "")),
        sentiment=sentiment,
        ts_sentiment=ts if sentiment else 0,
        ts_updated=ts,
    )
    check_node(node)
    return node


def _relate(graph: KnowledgeGraph, row: dict[str, str]) -> None:
    kind, label = relationship_kind(row["kind"])
    if not row["kind"]:
        raise ValueError("kind: expected a text, was ''")
    correlation = row.get("correlation", "")
    graph.relate(
        row["source_id"],
        row["target_id"],
        kind,
        label=label,
        weight=_number("weight", row.get("weight", ""), 0.5),
        correlation=_number("correlation", correlation, 0.0) if correlation else None,
        description=row.get("description", ""),
        source=_source(row.get("source", "")),
        reference=row.get("reference", ""),
        ts=_integer("ts", row.get("ts", "")),
        negated=_flag("negated", row.get("negated", "")),
    )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split("|") if part.strip())


def _number(name: str, text: str, default: float) -> float:
    if not text:
        return default
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{name}: expected a number, was {text!r}") from None


def _integer(name: str, text: str) -> int:
    if not text:
        return 0
    if not text.isascii() or not text.isdigit():
        raise ValueError(f"{name}: expected nanoseconds as a whole number, was {text!r}")
    return int(text)


def _flag(name: str, text: str) -> bool:
    known = {"": False, "0": False, "false": False, "no": False, "1": True, "true": True}
    if text.lower() not in known:
        raise ValueError(f"{name}: expected true or false, was {text!r}")
    return known[text.lower()]


def _source(text: str) -> Source:
    try:
        return Source(text.lower() or Source.MANUAL)
    except ValueError:
        known = ", ".join(source.value for source in Source)
        raise ValueError(f"source: expected one of {known}, was {text!r}") from None
