"""From headlines and filings to an ontology by rules: no model, the same answer every time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from rf_knowledge_graph import _patterns as say
from rf_knowledge_graph.linker import Linker, Mention
from rf_knowledge_graph.ontology import MAX_EDGES, Ontology, OntologyEdge, OntologyEntity
from rf_knowledge_graph.types import EntityType, clean_text, entity_id

MAX_TEXT = 20_000
CONFIDENCE = 0.7
DOUBTED = 0.5
_GAP = 90
_SENTENCE = re.compile(r"(?<=[.!?;])(?<!\b[A-Z]\.)(?<!\bInc\.)(?<!\bCorp\.)(?<!\bCo\.)\s+|\n+")
_RATE_OF = {
    "FEDERAL_RESERVE": "FED_FUNDS_RATE",
    "ECB": "ECB_RATE",
    "BANK_OF_JAPAN": "BOJ_RATE",
}
_RULERS = {EntityType.REGULATION, EntityType.COUNTRY}
_MEASURED = {
    EntityType.COMMODITY,
    EntityType.CURRENCY,
    EntityType.INDEX,
    EntityType.MACRO_INDICATOR,
    EntityType.EVENT,
    EntityType.SECTOR,
}
"""What goes up and down: only of these it is said which way they move others."""
_FELT = {
    EntityType.COMPANY,
    EntityType.SECTOR,
    EntityType.CURRENCY,
    EntityType.COMMODITY,
    EntityType.INDEX,
    EntityType.COUNTRY,
}
"""Whom a sentence about them alone makes look good or bad."""


def extract(text: str, source: str, ts: int, linker: Linker) -> Ontology:
    """Return what a report says about the entities it names.

    Between two names that stand next to each other in a sentence the verb decides: buys,
    supplies, sues, investigates, downgrades and so on. Denials give negated statements, doubt
    halves the weight, questions say nothing. Who is appointed or leaves, and what a central bank
    does with its rate, are read too. Only entities that the graph knows are linked; persons who
    are appointed are new ones.

    Parameters
    ----------
    text : str
        Headline, or headline and body; at most 20,000 characters are read.
    source : str
        Id of the report; statements keep it.
    ts : int
        When it was published, nanoseconds UTC; it goes into the summary's time only, merging
        dates the statements.
    linker : Linker
        Names of the graph.

    Raises
    ------
    ValueError
        If `source` is blank or `ts` is negative.

    Examples
    --------
    >>> from rf_knowledge_graph.seed import seed_graph
    >>> found = extract("Apple denies it will buy Netflix", "n1", 0, Linker(seed_graph()))
    >>> [(e.from_id, e.relationship, e.to_id, e.negated) for e in found.edges]
    [('APPLE', 'acquires', 'NETFLIX', True)]
    """
    if not source.strip() or ts < 0:
        raise ValueError(f"source and ts: expected a text and 0 or more, was {source!r}, {ts}")
    reader = _Reader(linker)
    for sentence in _sentences(text[:MAX_TEXT]):
        reader.read(sentence)
    return Ontology(
        source_document=clean_text(source),
        entities=tuple(reader.entities()),
        edges=tuple(reader.edges[:MAX_EDGES]),
        confidence=CONFIDENCE,
        summary=clean_text(text.strip().split("\n")[0]),
    )


def _sentences(text: str) -> Iterator[str]:
    for part in _SENTENCE.split(text):
        flat = clean_text(part, 1_000)
        if flat:
            yield flat


class _Reader:
    """Collects statements and feelings over the sentences of a text."""

    def __init__(self, linker: Linker) -> None:
        self.linker = linker
        self.edges: list[OntologyEdge] = []
        self._seen: dict[str, OntologyEntity] = {}
        self._feelings: dict[str, list[float]] = {}

    def read(self, sentence: str) -> None:
        """Add what one sentence says; questions say nothing."""
        if sentence.rstrip("\"'” ").endswith("?"):
            return
        named = [m for m in self.linker.mentions(sentence) if m.entity_id]
        for mention in named:
            self._note(mention.entity_id)
        for first, second in pairwise(named):
            self._between(sentence, first, second)
        for mention in named:
            self._rates(sentence, mention)
            self._people(sentence, mention)
        if len({m.entity_id for m in named}) == 1:
            self._alone(sentence, named[0])

    def entities(self) -> Iterator[OntologyEntity]:
        """Yield every entity with the mean of what was felt about it."""
        for key, entity in self._seen.items():
            felt = self._feelings.get(key)
            if felt:
                mean = sum(felt) / len(felt)
                yield OntologyEntity(id=key, name=entity.name, type=entity.type, sentiment=mean)
            else:
                yield entity

    # --- what a sentence says -------------------------------------------------------
    def _between(self, sentence: str, first: Mention, second: Mention) -> None:
        gap = sentence[first.end : second.start]
        if first.entity_id == second.entity_id or len(gap) > _GAP:
            return
        found = _first_pattern(gap)
        if found is None or re.search(r"[,;:]", gap[found[1].end() :]):
            return
        pattern, match = found
        before = sentence[max(0, first.start - 24) : first.start]
        negated = bool(say.NEGATION.search(gap[: match.start()]))
        doubted = bool(say.DOUBT.search(gap[: match.start()]) or say.DOUBT.search(before))
        relationship, correlation = self._meaning(pattern, first, before)
        ends = (first.entity_id, second.entity_id)
        if pattern.swap and relationship == pattern.relationship:
            ends = ends[::-1]
        self._state(
            ends,
            relationship,
            pattern.weight * (DOUBTED if doubted else 1.0),
            negated=negated,
            correlation=correlation,
            said=sentence,
        )
        if not negated:
            scale = DOUBTED if doubted else 1.0
            self._feel(first.entity_id, pattern.first * scale)
            self._feel(second.entity_id, pattern.second * scale)

    def _meaning(
        self, pattern: say.Pattern, first: Mention, before: str
    ) -> tuple[str, float | None]:
        """Return relationship and correlation; they depend on what the first one is.

        Only rulers regulate, others investigate. What goes up and down affects with a sign, which
        turns when it is said to fall; of others it is only kept that they help or hurt.
        """
        kind = self.linker.graph.require(first.entity_id).type
        correlation = pattern.correlation
        if pattern.relationship == "regulatedby" and kind not in _RULERS:
            return "investigates", None
        if pattern.relationship == "affects" and kind not in _MEASURED:
            return ("helps" if pattern.second > 0 else "hurts"), None
        if correlation is not None and say.FALLING.search(before):
            correlation = -correlation
        return pattern.relationship, correlation

    def _rates(self, sentence: str, mention: Mention) -> None:
        rate = _RATE_OF.get(mention.entity_id)
        if rate is None or rate not in self.linker.graph:
            return
        rest = sentence[mention.end : mention.end + _GAP]
        for verb, words in (("raises", say.RAISES), ("cuts", say.LOWERS)):
            match = words.search(rest)
            if match and say.RATES.match(rest[match.end() :].lstrip()):
                negated = bool(say.NEGATION.search(rest[: match.start()]))
                doubted = bool(say.DOUBT.search(rest[: match.start()]))
                self._note(rate)
                self._state((mention.entity_id, rate), verb, 0.8 * (DOUBTED if doubted else 1.0),
                            negated=negated, correlation=None, said=sentence)  # fmt: skip
                return

    def _people(self, sentence: str, mention: Mention) -> None:
        rest, before = sentence[mention.end : mention.end + _GAP], sentence[: mention.start]
        come, gone = say.APPOINTS.search(rest), say.OUSTS.search(rest) or say.LEAVES.search(before)
        match = come or gone
        if match is None or self.linker.graph.require(mention.entity_id).type is EntityType.PERSON:
            return
        person = self._person(match["person"])
        if person is None or person == mention.entity_id:
            return
        denied = come is not None and bool(say.NEGATION.search(rest[: come.start()]))
        self._state((mention.entity_id, person), "leadby", 0.8,
                    negated=come is None or denied, correlation=None, said=sentence)  # fmt: skip

    def _person(self, name: str) -> str | None:
        known = self.linker.resolve(name)
        if known.entity_id:
            self._note(known.entity_id)
            return known.entity_id
        if known.is_ambiguous:
            return None
        key = entity_id(name)
        self._seen.setdefault(
            key, OntologyEntity(id=key, name=clean_text(name), type=EntityType.PERSON.value)
        )
        return key

    def _alone(self, sentence: str, mention: Mention) -> None:
        """Judge a sentence that is about one entity; the first word that judges counts."""
        rest = sentence[mention.end :]
        kind = self.linker.graph.require(mention.entity_id).type
        if kind not in _FELT or say.NEGATION.search(rest):
            return
        good, bad = say.GOOD.search(rest), say.BAD.search(rest)
        if good and (not bad or good.start() < bad.start()):
            self._feel(mention.entity_id, 0.5)
        elif bad:
            self._feel(mention.entity_id, -0.5)

    # --- notes --------------------------------------------------------------------
    def _note(self, key: str) -> None:
        node = self.linker.graph.require(key)
        self._seen.setdefault(
            key, OntologyEntity(id=key, name=key, type=node.raw_type or node.type.value)
        )

    def _feel(self, key: str, amount: float) -> None:
        if amount != 0.0:
            self._feelings.setdefault(key, []).append(amount)

    def _state(
        self,
        ends: tuple[str, str],
        relationship: str,
        weight: float,
        *,
        negated: bool,
        correlation: float | None,
        said: str,
    ) -> None:
        made = OntologyEdge(
            from_id=ends[0],
            to_id=ends[1],
            relationship=relationship,
            weight=weight,
            description=clean_text(said),
            correlation=correlation,
            negated=negated,
        )
        if made not in self.edges:
            self.edges.append(made)


def _first_pattern(gap: str) -> tuple[say.Pattern, re.Match[str]] | None:
    """Return the first pattern of the table that the words between two names hold."""
    for pattern in say.PATTERNS:
        match = pattern.words.search(gap)
        if match:
            return pattern, match
    return None
