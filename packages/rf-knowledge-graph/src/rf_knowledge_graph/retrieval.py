"""Which facts and news answer a question: words, neighbourhood, paths and PageRank, fused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import NamedTuple

import msgspec
import numpy as np

from rf_knowledge_graph.adjacency import Adjacency, adjacency_of
from rf_knowledge_graph.bm25 import Bm25, terms_of
from rf_knowledge_graph.evidence import DAY_NS
from rf_knowledge_graph.facts import Fact, fact_of
from rf_knowledge_graph.graph import KnowledgeGraph
from rf_knowledge_graph.linker import Linker
from rf_knowledge_graph.types import Relationship, RelationshipKind, clean_text

FUSION_K = 20.0
"""The constant of reciprocal rank fusion; smaller trusts the first places more."""
DEPTH = 60
"""How many places of each ranking count."""
NEAR_NODES = 50
MOST_EDGES = 2_000
MOST_NEWS = 5_000
RECENCY_SHARE = 0.03
SHARES = {"lexical": 3.0, "hops": 1.0, "paths": 1.0, "pagerank": 0.5}
"""What a place in each ranking counts."""
ASKED_KIND = 4.0
"""How much more a walker over an edge counts when the question asks for its kind."""
COMMON_KIND = 0.5
"""What membership counts, which nearly every entity has and few questions ask for."""
NEWS_HALF_LIFE_DAYS = 14.0

_KIND_WORDS = {
    RelationshipKind.SUPPLIES: "supplies supplier supply chain customer buys provides delivers",
    RelationshipKind.SUPPLIED_BY: "supplied supplier supply chain customer buys provides",
    RelationshipKind.COMPETES: "competes competitor rival competition against",
    RelationshipKind.OWNS: "owns owner stake holds holding shareholder investor",
    RelationshipKind.REGULATED_BY: "regulated regulator rules oversight watchdog regulates",
    RelationshipKind.AFFECTS: "affects moves drives influences impact exposed sensitive hurts",
    RelationshipKind.LEAD_BY: "led leader chief executive ceo head runs",
    RelationshipKind.PART_OF: "part member sector industry belongs index",
    RelationshipKind.DEPENDS_ON: "depends dependency needs relies dependent",
    RelationshipKind.CORRELATES: "correlates correlation together moves tracks follows",
    RelationshipKind.ACQUIRES: "acquires acquisition takeover buys merger deal",
}


_KIND_TERMS = {kind: terms_of(words) for kind, words in _KIND_WORDS.items()}
_ASKED_FOR = {
    frozenset(terms_of(words)): kind
    for kind, words in (
        (
            RelationshipKind.SUPPLIES,
            "supplies supplier supplied customers buys provides sells makes",
        ),
        (RelationshipKind.SUPPLIES, "builds delivers assembles gets licenses"),
        (RelationshipKind.SUPPLIED_BY, "supplies supplier supplied customers"),
        (RelationshipKind.COMPETES, "competes competitor rivals competition"),
        (RelationshipKind.OWNS, "owns owner stake holds holding shares"),
        (RelationshipKind.REGULATED_BY, "regulates regulator rules oversees law approves licence"),
        (RelationshipKind.REGULATED_BY, "authority watches case antitrust"),
        (RelationshipKind.AFFECTS, "affects moves happens influence impact effect react hurts"),
        (RelationshipKind.AFFECTS, "exposed sensitive drives rises falls gains suffers profits"),
        (RelationshipKind.LEAD_BY, "led leads leader executive ceo heads runs boss founded chairs"),
        (RelationshipKind.PART_OF, "part member sector industry belongs"),
        (RelationshipKind.DEPENDS_ON, "depends dependency needs relies dependent"),
        (RelationshipKind.CORRELATES, "correlates correlation together moves tracks follows"),
        (RelationshipKind.ACQUIRES, "acquires acquisition takeover buys merger"),
    )
}


def asked_kinds(question: str) -> frozenset[RelationshipKind]:
    """Return the kinds of relationship that the words of a question ask for.

    Examples
    --------
    >>> sorted(asked_kinds("Who competes with Visa?"))
    [<RelationshipKind.COMPETES: 'Competes'>]
    """
    terms = set(terms_of(question))
    return frozenset(kind for words, kind in _ASKED_FOR.items() if terms & words)


class NewsItem(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One report; `ts` is when it was published, nanoseconds UTC."""

    news_id: str
    ts: int
    headline: str
    body: str = ""
    source: str = ""


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """Which rankings take part; without one it can be seen what it is worth."""

    lexical: bool = True
    hops: bool = True
    paths: bool = True
    pagerank: bool = True
    recency: bool = True


ALL_PARTS = Parts()


class Retrieved(NamedTuple):
    """One answer: a fact or a report, its score and its place in each ranking (from 1)."""

    item_id: str
    text: str
    score: float
    ts: int
    places: Mapping[str, int]
    fact: Fact | None
    news: NewsItem | None


class _Wanted(NamedTuple):
    kinds: frozenset[RelationshipKind]
    terms: frozenset[str]


class Retriever:
    """Answers questions over a graph and a set of reports; it follows the graph as it grows.

    Examples
    --------
    >>> from rf_knowledge_graph.seed import seed_graph
    >>> found = Retriever(seed_graph()).retrieve("Who makes chips for Nvidia?", 3, 0)
    >>> found[0].text[:21]
    'TSMC supplies NVIDIA '
    """

    def __init__(
        self,
        graph: KnowledgeGraph,
        news: Iterable[NewsItem] = (),
        *,
        linker: Linker | None = None,
    ) -> None:
        self.graph = graph
        self.linker = linker or Linker(graph)
        self._news: dict[str, NewsItem] = {}
        self._built: tuple[int, int] | None = None
        self._changes = 0
        self.add_news(news)

    def add_news(self, news: Iterable[NewsItem]) -> None:
        """Add reports; the same id replaces, the newest 5,000 stay."""
        for item in news:
            self._news[item.news_id] = item
            self._changes += 1
        if len(self._news) > MOST_NEWS:
            kept = sorted(self._news.values(), key=lambda n: (n.ts, n.news_id))[-MOST_NEWS:]
            self._news = {item.news_id: item for item in kept}

    def retrieve(
        self, query: str, k: int, now: int, *, parts: Parts = ALL_PARTS
    ) -> tuple[Retrieved, ...]:
        """Return the k facts and reports that answer `query` best at `now`, best first.

        Each ranking gives an item ``share / (20 + place)``; the sum decides. Dated items gain up
        to 3 % while they are fresh. A denied or disputed statement is found like any other, its
        text says so.

        Parameters
        ----------
        query : str
            A question in plain words; names of entities are linked.
        k : int
            Answers at most.
        now : int
            Nanoseconds UTC.
        parts : Parts
            Which rankings take part.

        Raises
        ------
        ValueError
            If k is not positive or the query is blank.

        References
        ----------
        Cormack, Clarke and Buettcher (2009), reciprocal rank fusion.
        """
        if k < 1 or not query.strip():
            raise ValueError(f"query and k: expected a text and 1 or more, was {query!r}, {k}")
        self._build()
        asked = clean_text(query, 1_000)
        seeds = [self.graph.index_of(e) for e in self._seeds(asked)]
        wanted = _Wanted(asked_kinds(asked), frozenset(terms_of(asked)))
        rankings: dict[str, list[int]] = {}
        if parts.lexical:
            rankings["lexical"] = self._lexical(asked, seeds)
        if parts.hops and seeds:
            rankings["hops"] = self._hops(seeds, wanted, now)
        if parts.paths and len(seeds) > 1:
            rankings["paths"] = self._paths(seeds, now)
        if parts.pagerank and seeds:
            rankings["pagerank"] = self._pagerank(seeds, wanted)
        fused = self._fused(rankings, now, recency=parts.recency)
        return tuple(self._answer(at, score, rankings, now) for at, score in fused[:k])

    def _seeds(self, asked: str) -> tuple[str, ...]:
        """Return the entities a question names; all candidates where a name is ambiguous."""
        found: dict[str, None] = {}
        for mention in self.linker.mentions(asked):
            found |= dict.fromkeys(c.entity_id for c in mention.candidates)
        return tuple(found)

    # --- the rankings -------------------------------------------------------------
    def _lexical(self, asked: str, seeds: list[int]) -> list[int]:
        terms = terms_of(asked)
        for at in seeds:
            terms += [t for t in terms_of(self._name(at)) if t not in terms]
        return [hit.at for hit in self._bm25.top(terms, DEPTH)] if terms else []

    def _name(self, at: int) -> str:
        node = self.graph.require(self.graph.id_at(at))
        return f"{node.name} {node.ticker}"

    def _hops(self, seeds: list[int], asked: _Wanted, now: int) -> list[int]:
        """Rank what touches the asked entities, then what touches their neighbours.

        An edge of a kind that is asked for counts as one that names one entity more.
        """
        wanted = set(seeds)
        depth = {at: 0 for at in seeds}
        for at in seeds:
            for other, _ in zip(
                *map(np.ndarray.tolist, self._rows.within_hops(at, 1)), strict=True
            ):
                depth.setdefault(other, 1)
        found: dict[int, tuple[int, int, float]] = {}
        for at in list(depth)[:MOST_EDGES]:
            for doc in (*self._edges_at(at), *self._news_of.get(at, ())):
                if doc not in found and len(found) < MOST_EDGES:
                    named = sum(end in wanted for end in self._about(doc))
                    fits = named > 0 and self._is_asked(doc, asked)
                    found[doc] = (-named - fits, depth[at], -self._weight(doc, now))
        return sorted(found, key=lambda doc: (*found[doc], doc))[:DEPTH]

    def _edges_at(self, at: int) -> tuple[int, ...]:
        return self.graph.around(self.graph.id_at(at))

    def _weight(self, doc: int, now: int) -> float:
        if doc >= self._facts:
            return _freshness(self._ts(doc), now)
        edge = self.graph.edge_at(doc)
        size = 1.0 if edge.correlation is None else abs(edge.correlation)
        if edge.kind is RelationshipKind.PART_OF:
            size *= COMMON_KIND
        return self.graph.strength(edge, now) * size

    def _is_asked(self, doc: int, asked: _Wanted) -> bool:
        """Whether a question asks for the kind of this fact, or in the words of its label."""
        if doc >= self._facts:
            return False
        edge = self.graph.edge_at(doc)
        if edge.label:
            return not asked.terms.isdisjoint(terms_of(edge.label))
        return edge.kind in asked.kinds

    def _paths(self, seeds: list[int], now: int) -> list[int]:
        """Rank the facts on the best walks between each two of the asked entities."""
        ranked: dict[int, None] = {}
        for one, other in list(combinations(seeds[:4], 2)):
            ends = self.graph.id_at(one), self.graph.id_at(other)
            for path in self.graph.paths(*ends, cutoff=3, top=3, now=now):
                ranked |= dict.fromkeys(path.positions)
        return list(ranked)[:DEPTH]

    def _pagerank(self, seeds: list[int], asked: _Wanted) -> list[int]:
        """Rank facts by how often a walker from the asked entities passes over them."""
        ranking = self._rows.pagerank_top(dict.fromkeys(seeds, 1.0), NEAR_NODES)
        nodes, scores = ranking.nodes.tolist(), ranking.scores.tolist()
        flow: dict[int, float] = {}
        for at, score in zip(nodes, scores, strict=True):
            begin, end = self._rows.offsets[at : at + 2].tolist()
            edges = self._rows.edges[begin:end].tolist()
            for edge, share in zip(edges, self._rows.shares[begin:end].tolist(), strict=True):
                flow[edge] = flow.get(edge, 0.0) + score * share
        for edge in flow:
            if self._is_asked(edge, asked):
                flow[edge] *= ASKED_KIND
            elif self.graph.edge_at(edge).kind is RelationshipKind.PART_OF:
                flow[edge] *= COMMON_KIND
        rank_of = dict(zip(nodes, scores, strict=True))
        for at in nodes:
            for doc in self._news_of.get(at, ()):
                named = self._about(doc)
                mass = sum(rank_of.get(e, 0.0) for e in named)
                flow[doc] = mass / (1.0 + len(named))
        return sorted(flow, key=lambda doc: (-flow[doc], doc))[:DEPTH]

    def _fused(
        self, rankings: Mapping[str, list[int]], now: int, *, recency: bool
    ) -> list[tuple[int, float]]:
        scores: dict[int, float] = {}
        for name, ranked in rankings.items():
            for place, doc in enumerate(ranked, start=1):
                scores[doc] = scores.get(doc, 0.0) + SHARES[name] / (FUSION_K + place)
        if recency:
            for doc in scores:
                scores[doc] *= 1.0 + RECENCY_SHARE * _freshness(self._ts(doc), now)
        return sorted(scores.items(), key=lambda item: (-item[1], item[0]))

    def _answer(
        self, at: int, score: float, rankings: Mapping[str, list[int]], now: int
    ) -> Retrieved:
        places = {name: 1 + row.index(at) for name, row in rankings.items() if at in row}
        if at >= self._facts:
            item = self._reports[at - self._facts]
            text = clean_text(item.headline)
            return Retrieved(item.news_id, text, score, item.ts, places, None, item)
        fact = fact_of(self.graph, self.graph.edge_at(at), now)
        return Retrieved(fact.fact_id, fact.text, score, fact.ts, places, fact, None)

    # --- the index ----------------------------------------------------------------
    def _build(self) -> None:
        key = (self.graph.version, self._changes)
        if self._built == key:
            return
        names: dict[str, list[str]] = {}
        texts: list[str | list[str]] = [
            self._fact_terms(edge, names) for edge in self.graph.relationships()
        ]
        self._facts = len(texts)
        self._reports = list(self._news.values())
        self._named: list[tuple[int, ...]] = []
        self._news_of: dict[int, list[int]] = {}
        for item in self._reports:
            words = f"{item.headline} {item.body}"
            named = tuple(self.graph.index_of(e) for e in self.linker.entities_in(words))
            for entity in named:
                self._news_of.setdefault(entity, []).append(len(texts))
            self._named.append(named)
            texts.append(words)
        self._heads, self._tails, _ = self.graph.arrays()
        self._bm25 = Bm25(texts)
        self._rows: Adjacency = adjacency_of(self.graph)
        self._built = key

    def _about(self, doc: int) -> tuple[int, ...]:
        """Return the entities that a fact or a report is about."""
        if doc >= self._facts:
            return self._named[doc - self._facts]
        return self._heads[doc], self._tails[doc]

    def _ts(self, doc: int) -> int:
        if doc >= self._facts:
            return self._reports[doc - self._facts].ts
        return self.graph.edge_at(doc).ts_last

    def _fact_terms(self, edge: Relationship, names: dict[str, list[str]]) -> list[str]:
        """Return the terms of a fact: both names, what its kind is called, its description."""
        for entity in (edge.source_id, edge.target_id):
            if entity not in names:
                names[entity] = terms_of(self._name(self.graph.index_of(entity)))
        words = terms_of(edge.label) if edge.label else _KIND_TERMS.get(edge.kind, [])
        more = terms_of(edge.description) if edge.description else []
        denied = ["denied", "not"] if edge.negated else []
        return [*names[edge.source_id], *words, *names[edge.target_id], *more, *denied]


def retrieve(
    graph: KnowledgeGraph,
    query: str,
    k: int,
    now: int,
    *,
    parts: Parts = ALL_PARTS,
    news: Iterable[NewsItem] = (),
) -> tuple[Retrieved, ...]:
    """Return the k facts and reports that answer a question; see `Retriever.retrieve`.

    It builds an index for this one question; a `Retriever` keeps it.
    """
    return Retriever(graph, news).retrieve(query, k, now, parts=parts)


def _freshness(ts: int, now: int) -> float:
    """Return 1 for what is new, half after two weeks, 0 for what has no date."""
    if ts == 0:
        return 0.0
    return float(0.5 ** (max(0, now - ts) / (NEWS_HALF_LIFE_DAYS * DAY_NS)))
