"""How strong a statement is at a moment: it ages, and it is worth less while it is disputed.

Time is an argument: the same graph and the same `now` give the same strength.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from rf_knowledge_graph.types import (
    MAX_EVIDENCE,
    EntityNode,
    Evidence,
    Relationship,
    Source,
)

DAY_NS = 86_400 * 1_000_000_000

HALF_LIFE_DAYS: Mapping[Source, float | None] = MappingProxyType(
    {
        Source.SEED: None,
        Source.MANUAL: None,
        Source.DOCUMENT: 90.0,
        Source.SWARM: 1.0,
    }
)
"""After how many days a statement is worth half; None: it does not age."""

SENTIMENT_HALF_LIFE_DAYS = 3.0


def freshness(source: Source, ts: int, now: int) -> float:
    """Return what age leaves of a statement, in (0, 1]; undated ones and the future count as new.

    Examples
    --------
    >>> freshness(Source.DOCUMENT, 1, 1 + 90 * DAY_NS), freshness(Source.SEED, 0, 10**19)
    (0.5, 1.0)
    """
    days = HALF_LIFE_DAYS[source]
    if days is None or ts == 0 or now <= ts:
        return 1.0
    return float(0.5 ** ((now - ts) / (days * DAY_NS)))


def own_strength(edge: Relationship, now: int) -> float:
    """Return the weight of an edge at `now` before anything that contradicts it.

    Mean of the statements' weights, each counted by its freshness, times the freshness of the
    freshest: more voices that say the same do not make it stronger than the strongest of them.
    """
    if not edge.evidence:
        return edge.weight
    fresh = [freshness(said.source, said.ts, now) for said in edge.evidence]
    best = max(fresh)
    if best <= 0.0:
        return 0.0
    level = sum(f * said.weight for f, said in zip(fresh, edge.evidence, strict=True)) / sum(fresh)
    return level * best


def disputed_strength(own: float, rival: float) -> float:
    """Return what is left of `own` while the strongest contradiction has strength `rival`.

    Examples
    --------
    >>> disputed_strength(0.5, 0.0), disputed_strength(0.5, 0.5)
    (0.5, 0.25)
    """
    return own * own / (own + rival) if own > 0.0 and rival > 0.0 else own


def contradicts(one: Relationship, other: Relationship) -> bool:
    """Return whether two edges of the same pair and kind cannot both be true."""
    if one.negated != other.negated:
        return True
    return not one.negated and one.side * other.side < 0


def merged(edge: Relationship | None, said: Evidence, blank: Relationship) -> Relationship:
    """Return `edge` with one more statement; the same source and reference speaks once.

    `blank` holds the ends and the kind, for an edge that does not exist yet.
    """
    if edge is None:
        return summed(blank, (said,), first=said.ts, reports=1)
    voice = (said.source, said.reference)
    others = [e for e in edge.evidence if (e.source, e.reference) != voice]
    mine = [e for e in edge.evidence if (e.source, e.reference) == voice]
    newest = said if not mine or said.ts >= mine[0].ts else mine[0]
    kept = _capped(sorted([*others, newest], key=lambda e: e.ts))
    reports = edge.reports + (said not in mine)
    return summed(blank, kept, first=min(edge.ts_first, said.ts), reports=reports)


def _capped(ordered: list[Evidence]) -> tuple[Evidence, ...]:
    """Keep what does not age and the newest of the rest."""
    if len(ordered) <= MAX_EVIDENCE:
        return tuple(ordered)
    lasting = [e for e in ordered if HALF_LIFE_DAYS[e.source] is None][: MAX_EVIDENCE // 2]
    rest = [e for e in ordered if e not in lasting]
    keep = lasting + rest[len(rest) - (MAX_EVIDENCE - len(lasting)) :]
    return tuple(sorted(keep, key=lambda e: e.ts))


def summed(
    blank: Relationship, said: Iterable[Evidence], *, first: int, reports: int
) -> Relationship:
    """Return an edge whose weight, correlation and description follow from its statements."""
    kept = tuple(said)
    signed = [e.correlation for e in kept if e.correlation is not None]
    described = [e.description for e in kept if e.description]
    return Relationship(
        source_id=blank.source_id,
        target_id=blank.target_id,
        kind=blank.kind,
        label=blank.label,
        negated=blank.negated,
        weight=sum(e.weight for e in kept) / len(kept),
        correlation=sum(signed) / len(signed) if signed else None,
        description=described[-1] if described else "",
        ts_first=first,
        ts_last=max(e.ts for e in kept),
        reports=reports,
        evidence=kept,
    )


def sentiment_at(node: EntityNode, now: int) -> float:
    """Return what is left of a node's sentiment; it halves every three days.

    Examples
    --------
    >>> sentiment_at(EntityNode(id="A", name="A", sentiment=0.8, ts_sentiment=1), 1 + 3 * DAY_NS)
    0.4
    """
    if node.ts_sentiment == 0 or now <= node.ts_sentiment:
        return node.sentiment
    age = (now - node.ts_sentiment) / (SENTIMENT_HALF_LIFE_DAYS * DAY_NS)
    return float(node.sentiment * 0.5**age)


def felt(node: EntityNode, sentiment: float, ts: int) -> tuple[float, int]:
    """Return sentiment and its time after one more report: half what was left, half the new one.

    The first report counts whole; an older report than the last one is ignored.
    """
    if node.ts_sentiment == 0 and node.sentiment == 0.0:
        return sentiment, ts
    if ts < node.ts_sentiment:
        return node.sentiment, node.ts_sentiment
    return 0.5 * sentiment_at(node, ts) + 0.5 * sentiment, ts
