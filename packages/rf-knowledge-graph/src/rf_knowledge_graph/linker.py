"""From what people and venues write to entities: one node, or the candidates, never a guess."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple, TypeVar

from rf_knowledge_graph._words import COMMON_TICKERS, is_shouted, tokens_of
from rf_knowledge_graph.graph import KnowledgeGraph
from rf_knowledge_graph.types import EntityNode, EntityType

_VENUE = re.compile(r"([a-z][a-z0-9_]*):(.+)")
_PAIR = re.compile(
    r"([A-Z0-9]{2,10}?)[-/_]?(?:USDT|USDC|FDUSD|BUSD|USD|EUR|GBP|BTC|ETH)(?:[-_.]?PERP)?"
)
_CASHTAG = re.compile(r"\$[A-Za-z]{1,6}(?:\.[A-Za-z])?")
_LISTED = re.compile(
    r"\(\s*(?:(?:NYSE|NASDAQ|AMEX|NYSEARCA|LSE|TSX|HKEX|OTC)\s*:\s*)?[A-Z]{1,5}(?:\.[A-Z])?\s*\)"
)
_LOWER_OK = {
    EntityType.SECTOR,
    EntityType.COMMODITY,
    EntityType.CURRENCY,
    EntityType.MACRO_INDICATOR,
    EntityType.EVENT,
}
_NEAR = 0.3
_SHORT = 4
_Key = TypeVar("_Key", str, tuple[str, ...])


class How(StrEnum):
    """By which kind of name an entity was found."""

    ID = "id"
    VENUE = "venue symbol"
    TICKER = "ticker"
    NAME = "name"
    ALIAS = "alias"
    SIMILAR = "similar"


_SCORES = {How.ID: 1.0, How.VENUE: 1.0, How.TICKER: 0.95, How.NAME: 0.95, How.ALIAS: 0.9}


class Candidate(NamedTuple):
    """An entity that may be meant; scores of several candidates add up to at most 1."""

    entity_id: str
    name: str
    score: float
    how: How


class Resolution(NamedTuple):
    """What a reference means: `entity_id` when there is one answer, else the candidates.

    `entity_id` is empty when nothing is called so (candidates are then similar names) or when
    several are.
    """

    text: str
    entity_id: str
    candidates: tuple[Candidate, ...]

    @property
    def is_ambiguous(self) -> bool:
        """Whether several entities are called so."""
        return not self.entity_id and any(c.how is not How.SIMILAR for c in self.candidates)


class Mention(NamedTuple):
    """A place in a text where an entity is named; `entity_id` is empty when it is ambiguous."""

    start: int
    end: int
    text: str
    entity_id: str
    candidates: tuple[Candidate, ...]


class _Surface(NamedTuple):
    entity_id: str
    how: How
    written: str


class Linker:
    """Finds the entities of a graph by any of their names; follows the graph as it grows.

    Examples
    --------
    >>> from rf_knowledge_graph.seed import seed_graph
    >>> linker = Linker(seed_graph())
    >>> linker.resolve("binance:BTCUSDT").entity_id, linker.resolve("Morgan").is_ambiguous
    ('BTC', True)
    >>> [m.entity_id for m in linker.mentions("Apple and $NVDA rise; my apple pie is for ALL")]
    ['APPLE', 'NVIDIA']
    """

    def __init__(self, graph: KnowledgeGraph) -> None:
        self.graph = graph
        self._read = 0
        self._symbols: dict[str, list[_Surface]] = {}
        self._names: dict[tuple[str, ...], list[_Surface]] = {}
        self._longest: dict[str, int] = {}
        self._grams: dict[str, list[tuple[str, ...]]] | None = None

    # --- one reference ------------------------------------------------------------
    def resolve(self, text: str) -> Resolution:
        """Return what a ticker, venue symbol, instrument id, name or alias stands for."""
        self._refresh()
        asked = unicodedata.normalize("NFKC", text).strip()
        if asked in self.graph:
            node = self.graph.require(asked)
            return Resolution(text, asked, (Candidate(asked, node.name, 1.0, How.ID),))
        found = list(self._by_symbol(asked)) or self._names.get(_tokens(asked), [])
        candidates = self._candidates(found)
        if len(candidates) == 1:
            return Resolution(text, candidates[0].entity_id, candidates)
        return Resolution(text, "", candidates or self.nearest(asked))

    def _by_symbol(self, asked: str) -> Iterator[_Surface]:
        prefixed = _VENUE.fullmatch(asked)
        symbol = (prefixed.group(2) if prefixed else asked).removeprefix("$").upper()
        for key in dict.fromkeys((asked.upper(), symbol)):
            yield from self._symbols.get(key, ())
        if symbol not in self._symbols:
            yield from self._by_pair(symbol)

    def _by_pair(self, symbol: str) -> Iterator[_Surface]:
        """Yield the base of a pair such as BTCUSDT, ETH-USD or XAUUSD."""
        pair = _PAIR.fullmatch(symbol)
        if pair:
            for surface in self._symbols.get(pair.group(1), ()):
                if self.graph.require(surface.entity_id).type in {
                    EntityType.CURRENCY,
                    EntityType.COMMODITY,
                }:
                    yield surface._replace(how=How.VENUE)

    def _candidates(self, found: list[_Surface]) -> tuple[Candidate, ...]:
        best: dict[str, _Surface] = {}
        for surface in found:
            known = best.get(surface.entity_id)
            if known is None or _SCORES[surface.how] > _SCORES[known.how]:
                best[surface.entity_id] = surface
        if len(best) == 1:
            only = next(iter(best.values()))
            node = self.graph.require(only.entity_id)
            return (Candidate(node.id, node.name, _SCORES[only.how], only.how),)
        degrees = {key: 1 + len(self.graph.around(key)) for key in best}
        total = sum(degrees.values())
        made = [
            Candidate(
                key,
                self.graph.require(key).name,
                _SCORES[surface.how] * degrees[key] / total,
                surface.how,
            )
            for key, surface in best.items()
        ]
        return tuple(sorted(made, key=lambda c: (-c.score, c.entity_id)))

    def nearest(self, text: str, *, top: int = 5) -> tuple[Candidate, ...]:
        """Return entities with similar names: shared letter triples over all (Dice 1945)."""
        self._refresh()
        prefixed = _VENUE.fullmatch(text.strip())
        asked = " ".join(_tokens(prefixed.group(2) if prefixed else text))
        grams = _trigrams(asked)
        if self._grams is None:
            self._grams = self._gram_index()
        shared: dict[tuple[str, ...], int] = {}
        for gram in sorted(grams):
            for key in self._grams.get(gram, ()):
                shared[key] = shared.get(key, 0) + 1
        scores: dict[str, float] = {}
        for key, count in shared.items():
            score = 2.0 * count / (len(grams) + len(_trigrams(" ".join(key))))
            for surface in self._names[key]:
                scores[surface.entity_id] = max(score, scores.get(surface.entity_id, 0.0))
        ranked = sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:top]
        return tuple(
            Candidate(key, self.graph.require(key).name, score, How.SIMILAR)
            for key, score in ranked
            if score >= _NEAR
        )

    # --- free text ----------------------------------------------------------------
    def mentions(self, text: str) -> tuple[Mention, ...]:
        """Return where a text names entities, from left to right, without overlaps.

        The longest name wins. Names need their capitals, commodities, coins, sectors and rates
        do not; tickers must be in capitals and not be a word (ALL, IT, ON) unless they stand as
        ``$ALL`` or ``(NYSE: ALL)``. In a text in capitals bare tickers are not linked.
        """
        self._refresh()
        words = list(tokens_of(text))
        marked = _marked(text)
        shouted = is_shouted(text)
        found: list[Mention] = []
        at = 0
        while at < len(words):
            span = self._longest_at(text, words, at, shouted=shouted, marked=marked)
            if span is None:
                at += 1
                continue
            length, mention = span
            found.append(mention)
            at += length
        return tuple(found)

    def entities_in(self, text: str) -> tuple[str, ...]:
        """Return the ids that a text names without doubt, each once, in order."""
        return tuple(dict.fromkeys(m.entity_id for m in self.mentions(text) if m.entity_id))

    def _longest_at(
        self,
        text: str,
        words: list[tuple[str, int, int]],
        at: int,
        *,
        shouted: bool,
        marked: set[int],
    ) -> tuple[int, Mention] | None:
        most = min(max(1, self._longest.get(words[at][0], 0)), len(words) - at)
        for length in range(most, 0, -1):
            key = tuple(word for word, _, _ in words[at : at + length])
            start, end = words[at][1], words[at + length - 1][2]
            after = words[at + length][0] if at + length < len(words) else ""
            written = text[start:end]
            good = [
                surface
                for surface in self._names.get(key, ())
                if start in marked
                or _fits(surface, self.graph.require(surface.entity_id), written, shouted=shouted)
            ]
            if not good and length == 1 and written.isupper() and len(written) > _SHORT:
                good = list(self._by_pair(written))
            good = [s for s in good if not self._is_blocked(s.entity_id, after)]
            if good:
                candidates = self._candidates(good)
                chosen = candidates[0].entity_id if len(candidates) == 1 else ""
                return length, Mention(start, end, written, chosen, candidates)
        return None

    def _is_blocked(self, entity: str, after: str) -> bool:
        blocked = self.graph.require(entity).metadata.get("not_before", "")
        return bool(after) and after in blocked.split()

    # --- the index ----------------------------------------------------------------
    def _refresh(self) -> None:
        named = self.graph.named
        if self._read == len(named):
            return
        for entity in named[self._read :]:
            self._add(self.graph.require(entity))
        self._read = len(named)
        self._grams = None

    def _add(self, node: EntityNode) -> None:
        symbols = [(node.ticker, How.TICKER), *((s, How.VENUE) for s in node.venue_symbols)]
        for symbol, how in symbols:
            if symbol:
                _put(self._symbols, symbol.upper(), _Surface(node.id, how, symbol))
        names = [(node.id, How.ID), (node.name, How.NAME), *((a, How.ALIAS) for a in node.aliases)]
        for written, how in [*names, *symbols]:
            key = _tokens(written)
            if key:
                _put(self._names, key, _Surface(node.id, how, written))
                self._longest[key[0]] = max(len(key), self._longest.get(key[0], 0))

    def _gram_index(self) -> dict[str, list[tuple[str, ...]]]:
        index: dict[str, list[tuple[str, ...]]] = {}
        for key in self._names:
            for gram in sorted(_trigrams(" ".join(key))):
                index.setdefault(gram, []).append(key)
        return index


def _put(index: dict[_Key, list[_Surface]], key: _Key, surface: _Surface) -> None:
    rows = index.setdefault(key, [])
    if surface not in rows:
        rows.append(surface)


def _tokens(text: str) -> tuple[str, ...]:
    return tuple(word for word, _, _ in tokens_of(text))


def _trigrams(text: str) -> set[str]:
    padded = f"  {text} "
    return {padded[i : i + 3] for i in range(len(padded) - 2)}


def _marked(text: str) -> set[int]:
    """Return where symbols start that are marked as such: $NVDA, (NVDA), (NASDAQ: NVDA)."""
    starts = {match.start() + 1 for match in _CASHTAG.finditer(text)}
    for match in _LISTED.finditer(text):
        inside = match.group().rstrip(") \t")
        starts.add(match.start() + len(inside) - len(re.split(r"[(\s:]", inside)[-1]))
    return starts


def _fits(surface: _Surface, node: EntityNode, written: str, *, shouted: bool) -> bool:
    """Return whether a name may be meant, judged by how it is written."""
    if surface.how is How.ID:
        return written == surface.written and ("_" in written or len(written) > 3)
    if surface.how in {How.TICKER, How.VENUE}:
        return _fits_ticker(surface.written, written, shouted=shouted)
    plain = re.sub(r"\W", "", surface.written)
    if plain.isupper() and len(plain) <= _SHORT:
        common = shouted and (len(plain) < 3 or plain in COMMON_TICKERS)
        return re.sub(r"\W", "", written) == plain and not common
    is_ours = node.metadata.get("origin") != "document"
    if is_ours and (node.type in _LOWER_OK or surface.written[0].islower()):
        return True
    return written[0].isupper() or written[0].isdigit()


def _fits_ticker(symbol: str, written: str, *, shouted: bool) -> bool:
    plain = symbol.upper()
    if shouted or written != plain or not any(letter.isalpha() for letter in plain):
        return False
    return len(plain) >= 2 and plain not in COMMON_TICKERS
