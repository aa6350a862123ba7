"""How good the opinions were: hit rate and Brier score beside what the base rate would have got."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from rf_ai.store import ScoredCall
from rf_common.intelligence import Direction

LEAST_CALLS = 30
"""Scored calls below which there is no score."""


class ScoreCard(msgspec.Struct, frozen=True, kw_only=True):
    """Scores of opinions with a direction; the rates are None below 30 scored calls.

    `base_rate` is how often the scored side would have been right without any opinion: the mean
    of the share of rises for LONG and of falls for SHORT. `base_brier` is the Brier score of
    that forecast. 0.25 is a coin.
    """

    calls: int
    void: int
    neutral: int
    scored: int
    waiting: int
    hit_rate: float | None
    brier: float | None
    base_rate: float | None
    base_brier: float | None
    cost_usd: Decimal


def score_card(calls: Iterable[ScoredCall], *, least: int = LEAST_CALLS) -> ScoreCard:
    """Return the score of `calls`.

    Parameters
    ----------
    calls : iterable of ScoredCall
        As `CallStore.scores` returns them.
    least : int
        Scored calls that a score needs.

    Notes
    -----
    The Brier score is the mean of ``(confidence - hit)^2``.

    References
    ----------
    Brier (1950), "Verification of forecasts expressed in terms of probability".
    """
    everything = tuple(calls)
    sided = [c for c in everything if not c.void and c.direction is not Direction.NEUTRAL]
    pairs = [(c.direction, c.confidence, float(c.hit)) for c in sided if c.hit is not None]
    scored = len(pairs)
    card = ScoreCard(
        calls=len(everything),
        void=sum(c.void for c in everything),
        neutral=sum(not c.void for c in everything) - len(sided),
        scored=scored,
        waiting=sum(c.hit is None and not c.closed for c in sided),
        hit_rate=None,
        brier=None,
        base_rate=None,
        base_brier=None,
        cost_usd=sum((c.cost_usd for c in everything), Decimal(0)),
    )
    if scored < max(least, 1):
        return card
    base = _base(pairs)
    hits = [hit for _, _, hit in pairs]
    return msgspec.structs.replace(
        card,
        hit_rate=_mean(hits),
        brier=_mean([(p - hit) ** 2 for _, p, hit in pairs]),
        base_rate=_mean(base),
        base_brier=_mean([(p - hit) ** 2 for p, hit in zip(base, hits, strict=True)]),
    )


def _base(pairs: list[tuple[Direction, float, float]]) -> list[float]:
    """Return, for each call, how often its side was right over all of them, opinion or not."""
    rises = [hit if side is Direction.LONG else 1.0 - hit for side, _, hit in pairs]
    up = _mean(rises)
    return [up if side is Direction.LONG else 1.0 - up for side, _, _ in pairs]


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
