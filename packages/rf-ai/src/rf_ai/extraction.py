"""Statements of a news item or filing for the graph: read by the cheap model, or by rules.

A model's answer is a claim. What it names must stand in the text, what it states must lie between
two such names, and its words never enter the graph: descriptions are sentences of the text.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from rf_ai.caller import Caller
from rf_ai.context import Context, NewsItem
from rf_ai.errors import AiError, ModelAnswerInvalid
from rf_ai.judgement import RULES
from rf_ai.models.answer import one_object
from rf_ai.models.metered import MeteredModel
from rf_ai.models.routing import Tier
from rf_ai.outside import LIMIT, WITHHELD, clean, shown_text
from rf_common.ids import InstrumentId
from rf_common.intelligence import ContextRow, RowKind
from rf_knowledge_graph.extraction import CONFIDENCE, extract
from rf_knowledge_graph.linker import Linker
from rf_knowledge_graph.ontology import (
    MAX_EDGES,
    Ontology,
    OntologyEdge,
    OntologyEntity,
    ontology_from_json,
)
from rf_knowledge_graph.types import (
    EntityType,
    RelationshipKind,
    clean_text,
    entity_id,
    relationship_kind,
)

PIECE = 380
"""Characters of one row; cleaning may add some, and a row holds `outside.LIMIT`."""
MAX_ROWS = 8
MAX_STATEMENTS = 24
MAX_NEW = 4
"""Most entities one item can add."""
MAX_WEIGHT = 0.6
"""Most that a model's weight, correlation or sentiment counts before the reader's confidence."""
VERBS = (
    "approves", "cuts", "downgrades", "helps", "hurts", "investigates", "partners with", "raises",
    "reduces stake in", "sues", "upgrades",
)  # fmt: skip
"""What may be stated besides the kinds of the graph: verbs that the rules use too."""
_KINDS = tuple(kind for kind in RelationshipKind if kind is not RelationshipKind.CUSTOM)
_SIGNED = {RelationshipKind.AFFECTS, RelationshipKind.CORRELATES}
_TYPES = tuple(kind.value for kind in EntityType)
_SENTENCE = re.compile(r"[^.!?;]+(?:[.!?;](?!\s|$)[^.!?;]*)*[.!?;]*")
_NEW_NAME = re.compile(r"[A-Z][\w&'’.-]*(?: [\w&'’.-]+){0,4}")
_PLAIN = """
after analyst analysts and bank before board breaking chief chip chips company deal earnings
executive first five four friday from fund government group headline index investor investors maker
market markets minister monday more most new news next officer president price prices profit quarter
report reports revenue sales saturday second shares stock stocks street sunday that the their these
they third this those three thursday today tuesday update wall wednesday week what when which will
with year
"""
_NO_NAMES = frozenset(_PLAIN.split())
"""Words that headlines write with capitals; alone they name nobody."""
_QUESTION = (
    "What do the rows between the FENCE lines state about how companies, people, commodities, "
    "rates and other entities hang together? List the entities they name, each with its name "
    "written exactly as there and as id the same in capitals with underscores, and the statements "
    "between two of them, at most {most}. weight from 0 to 1 is how sure the text is; correlation "
    "from -1 to 1 says which way the first moves the second, else null; negated is true for a "
    "denial or an end; sentiment from -1 to 1 is how good the text is for the entity, else null. "
    "State only what is written there, nothing you know besides; empty lists are a good answer. "
    "source_document is news."
)


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


_NUMBER_OR_NULL = {"type": ["number", "null"]}
ONTOLOGY_SCHEMA: Mapping[str, Any] = _object(
    {
        "source_document": {"type": "string", "enum": ["news"]},
        "entities": {
            "type": "array",
            "items": _object(
                {
                    "id": {"type": "string", "description": "Capitals, digits, underscores."},
                    "name": {"type": "string", "description": "As the text writes it."},
                    "type": {"type": "string", "enum": list(_TYPES)},
                    "sentiment": _NUMBER_OR_NULL,
                }
            ),
        },
        "edges": {
            "type": "array",
            "items": _object(
                {
                    "from": {"type": "string", "description": "The id of a listed entity."},
                    "to": {"type": "string", "description": "The id of another listed entity."},
                    "relationship": {
                        "type": "string",
                        "enum": [*(kind.value for kind in _KINDS), *VERBS],
                    },
                    "weight": {"type": "number", "description": "From 0 to 1."},
                    "correlation": _NUMBER_OR_NULL,
                    "negated": {"type": "boolean"},
                }
            ),
        },
    }
)
"""JSON schema of the answer; `ontology_from_json` reads it."""


class Extracted(NamedTuple):
    """What was read and by whom; `why` says why it was the rules although there is a model."""

    ontology: Ontology
    author: str
    why: str = ""
    dropped: int = 0

    @property
    def by(self) -> str:
        """Who read it, in words."""
        left_out = f", {self.dropped} left out" if self.dropped else ""
        return f"by {self.author}{left_out}{': ' if self.why else ''}{self.why}"


def by_rules(item: NewsItem, linker: Linker, *, why: str = "") -> Extracted:
    """Return what the rules read in an item.

    Raises
    ------
    ValueError
        If the item has no id or a negative time.
    """
    return Extracted(extract(_words(item), item.news_id, item.ts_event, linker), RULES, why)


async def extract_with(
    caller: Caller, item: NewsItem, *, instrument_id: InstrumentId, nonce: str, linker: Linker
) -> Extracted:
    """Return what the cheap model reads in an item, or the rules where it says nothing usable.

    Parameters
    ----------
    caller : Caller
        Models; the call is budgeted as any other.
    item : NewsItem
        The first 8 rows of 380 characters are sent; what is behind them is read by rules.
    instrument_id : InstrumentId
        On whose account the call is.
    nonce : str
        Delimiter of the fence, new for each call and not to be guessed.
    linker : Linker
        Names of the graph.

    Raises
    ------
    ValueError
        If the item has no id or a negative time.

    Notes
    -----
    A text that reads like an order to a model is not sent. Every failure, from the budget to an
    answer of which nothing stands in the text, leaves the item to the rules and is told in `why`.
    """
    model = caller.model(Tier.CHEAP)
    if model is None:
        return by_rules(item, linker)
    pieces, rest = _pieces(_words(item))
    if shown_text(" ".join(pieces), 2 * PIECE * MAX_ROWS, nonce=nonce) == WITHHELD:
        return by_rules(item, linker, why="not sent, it reads like an order to a model")
    rows = tuple(clean(piece, LIMIT, nonce=nonce) for piece in pieces)
    context = _context(rows, item, instrument_id, nonce)
    try:
        answer = await _asked(caller, model, context)
        read, dropped = _Text(" ".join(rows), linker).believed(answer)
    except AiError as error:
        words = clean(caller.redactor.text(error.message), 200)
        return by_rules(item, linker, why=f"{error.code} {words}")
    tail = extract(rest, item.news_id, item.ts_event, linker) if rest else None
    whole = _joined(read, tail, item.news_id)
    return Extracted(whole, model.model.name, dropped=dropped)


def _words(item: NewsItem) -> str:
    return f"{item.headline}. {item.body}" if item.body else item.headline


def _pieces(text: str) -> tuple[list[str], str]:
    """Return the pieces that are sent, cut behind sentences or words, and the rest."""
    pieces: list[str] = []
    while text and len(pieces) < MAX_ROWS:
        cut = PIECE
        if len(text) > PIECE:
            ends = (text.rfind(". ", 0, PIECE) + 1, text.rfind(" ", 0, PIECE))
            cut = next((end for end in ends if end > PIECE // 2), PIECE)
        pieces.append(text[:cut])
        text = text[cut:].lstrip()
    return pieces, text


def _context(
    rows: tuple[str, ...], item: NewsItem, instrument_id: InstrumentId, nonce: str
) -> Context:
    source = shown_text(item.source, 60, nonce=nonce)
    made = tuple(
        ContextRow(f"N{number}", RowKind.NEWS, text, source, item.ts_event)
        for number, text in enumerate(rows, start=1)
    )
    return Context(
        cycle_id="",
        instrument_id=instrument_id,
        ts_event=item.ts_event,
        px=None,
        rows=made,
        outside=tuple(row.row_id for row in made),
        missing=(),
        nonce=nonce,
    )


async def _asked(caller: Caller, model: MeteredModel, context: Context) -> Ontology:
    """Return the model's answer, read strictly; every failure is an `AiError`."""
    asked = await caller.call(
        model,
        caller.prompt(context, _QUESTION.format(most=MAX_STATEMENTS)),
        ONTOLOGY_SCHEMA,
        call_id=secrets.token_hex(8),
        symbol=context.instrument_id,
    )
    if asked.completion is None:
        raise asked.error or AiError("there was no answer")
    try:
        return ontology_from_json(one_object(asked.completion.answer.decode()))
    except ValueError as error:  # UnicodeDecodeError is one
        raise ModelAnswerInvalid(f"the answer is no ontology: {error}") from None


def _joined(read: Ontology, tail: Ontology | None, news_id: str) -> Ontology:
    """Return the model's and the rules' statements as those of one document."""
    entities = {entity.id: entity for entity in read.entities}
    for entity in tail.entities if tail else ():
        if entity.id not in entities or entities[entity.id].sentiment is None:
            entities[entity.id] = entity
    edges = (*read.edges, *(tail.edges if tail else ()))
    return Ontology(
        source_document=clean_text(news_id),
        entities=tuple(entities.values()),
        edges=edges[:MAX_EDGES],
        confidence=CONFIDENCE,
    )


class _Text:
    """A text as it was sent, and where it names whom."""

    def __init__(self, shown: str, linker: Linker) -> None:
        self._shown = shown
        self._linker = linker
        mentions = linker.mentions(shown)
        self._spans = [(mention.start, mention.end) for mention in mentions]
        self._places: dict[str, list[int]] = {}
        for mention in mentions:
            if mention.entity_id:
                self._places.setdefault(mention.entity_id, []).append(mention.start)
        self._strangers: dict[str, list[int]] = {}

    def believed(self, read: Ontology) -> tuple[Ontology, int]:
        """Return what of an answer stands in the text, and how much does not.

        Raises
        ------
        ModelAnswerInvalid
            If it says something and nothing of it does.
        """
        ids: dict[str, str] = {}
        entities: dict[str, OntologyEntity] = {}
        for said in read.entities:
            found = self._entity(said)
            if found is not None:
                ids[said.id] = found.id
                entities.setdefault(found.id, found)
        edges = tuple(dict.fromkeys(self._edges(read.edges[:MAX_STATEMENTS], ids)))
        linked = {end for edge in edges for end in (edge.from_id, edge.to_id)}
        kept = tuple(e for key, e in entities.items() if key in self._places or key in linked)
        if (read.entities or read.edges) and not kept:
            raise ModelAnswerInvalid("nothing of the answer is named in the text")
        if read.edges and not edges:
            raise ModelAnswerInvalid("no statement of the answer lies between names of the text")
        dropped = len(read.entities) - len(kept) + len(read.edges) - len(edges)
        return msgspec.structs.replace(read, entities=kept, edges=edges), dropped

    def _entity(self, said: OntologyEntity) -> OntologyEntity | None:
        graph = self._linker.graph
        by_name = self._linker.resolve(said.name)
        known = {by_name.entity_id, said.id if said.id in graph else ""} - {""}
        if by_name.is_ambiguous or len(known) > 1:
            return None
        if not known:
            return self._stranger(said)
        (key,) = known
        if key not in self._places:
            return None
        node = graph.require(key)
        feeling = None if said.sentiment is None else _capped(said.sentiment)
        kind = node.raw_type or node.type.value
        return OntologyEntity(id=key, name=key, type=kind, sentiment=feeling)

    def _stranger(self, said: OntologyEntity) -> OntologyEntity | None:
        """Return an entity that nobody knew, if the text writes its name and nobody else's."""
        name = said.name
        if not 3 <= len(name) <= 60 or not _NEW_NAME.fullmatch(name) or self._is_word(name):
            return None
        found = re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", self._shown)
        starts = [match.start() for match in found if self._is_free(*match.span())]
        try:
            key = entity_id(name)
        except ValueError:
            return None
        if not starts or key in self._linker.graph:
            return None
        if key not in self._strangers and len(self._strangers) >= MAX_NEW:
            return None
        self._strangers.setdefault(key, starts)
        kind = said.type if said.type in _TYPES else EntityType.UNKNOWN.value
        return OntologyEntity(id=key, name=name, type=kind)

    def _is_word(self, name: str) -> bool:
        """Return whether words of the language stand there with capitals rather than a name."""
        small = name.casefold()
        if all(word in _NO_NAMES for word in small.split()):
            return True
        return " " not in name and (len(name) < 4 or f" {small} " in f" {self._shown} ")

    def _is_free(self, start: int, end: int) -> bool:
        return all(end <= low or start >= high for low, high in self._spans)

    def _edges(
        self, said: tuple[OntologyEdge, ...], ids: Mapping[str, str]
    ) -> Iterator[OntologyEdge]:
        for edge in said:
            head, tail = ids.get(edge.from_id, ""), ids.get(edge.to_id, "")
            kind, label = relationship_kind(edge.relationship)
            is_ours = kind is not RelationshipKind.CUSTOM or label in VERBS
            is_known = head in self._places or tail in self._places
            if not head or not tail or head == tail or not is_ours or not is_known:
                continue
            signed = edge.correlation is not None and kind in _SIGNED
            yield OntologyEdge(
                from_id=head,
                to_id=tail,
                relationship=label or kind.value,
                weight=min(MAX_WEIGHT, edge.weight),
                description=self._sentence(head, tail),
                correlation=_capped(edge.correlation or 0.0) if signed else None,
                negated=edge.negated,
            )

    def _sentence(self, head: str, tail: str) -> str:
        """Return the first sentence that names both, else the first of the text."""
        places = {**self._places, **self._strangers}
        spans = [match.span() for match in _SENTENCE.finditer(self._shown)]
        for start, end in spans:
            if all(any(start <= at < end for at in places[key]) for key in (head, tail)):
                return clean(self._shown[start:end].strip(), 240)
        return clean(self._shown[: spans[0][1]].strip(), 240) if spans else ""


def _capped(value: float) -> float:
    return max(-MAX_WEIGHT, min(MAX_WEIGHT, value))
