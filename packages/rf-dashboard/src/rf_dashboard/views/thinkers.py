"""The slow thinkers as values: their worker, who answers, the money, and how good it was so far."""

from __future__ import annotations

from decimal import Decimal
from math import isfinite

import msgspec

from rf_common.clock import UnixNanos
from rf_common.ids import InstrumentId
from rf_dashboard.state import DashboardState
from rf_dashboard.values import T, Value, age_ms, told, why_old
from rf_dashboard.views.intelligence import MIN_SCORED, NO_THINKERS


class Thinkers(msgspec.Struct, frozen=True, kw_only=True):
    """The worker, who answers, the money, and how good the opinions were so far."""

    worker: Value[str]
    worker_reason: str
    analyst: Value[str]
    model: str
    why_rules: str
    instruments: tuple[InstrumentId, ...]
    every_s: Value[int]
    running: tuple[str, ...]
    spent_day: Value[Decimal]
    cap_day: Value[Decimal]
    spent_month: Value[Decimal]
    cap_month: Value[Decimal]
    calls_day: Value[int]
    estimate: Value[Decimal]
    cache_share: Value[float]
    scored: int
    hit_rate: Value[float]
    brier: Value[float]
    base_brier: Value[float]
    may_trade: str


def thinkers(state: DashboardState, now: UnixNanos) -> Thinkers:
    """Return worker, analyst, budget and score card."""
    view, old = state.minds.view, why_old(state, now)
    age = age_ms(now, state.minds.ts)

    def of(value: T | None, missing: str = "not told") -> Value[T]:
        why = NO_THINKERS if view is None else missing
        return told(value, source="daemon", age=age, old=old, missing=why)

    def score(value: float | None) -> Value[float]:
        count = view.scored if view else 0
        why = f"{count} of {MIN_SCORED} opinions scored"
        shown = value if count >= MIN_SCORED and value is not None and isfinite(value) else None
        return of(shown, why if count < MIN_SCORED else "not told")

    return Thinkers(
        worker=of(view.worker if view else None),
        worker_reason=view.worker_reason if view else "",
        analyst=of(view.analyst if view else None),
        model=view.model if view else "",
        why_rules=view.why_rules if view else "",
        instruments=view.instruments if view else (),
        every_s=of((view.every_s or None) if view else None, "no timer is set"),
        running=view.running if view else (),
        spent_day=of(view.spent_day if view else None),
        cap_day=of(view.cap_day if view else None),
        spent_month=of(view.spent_month if view else None),
        cap_month=of(view.cap_month if view else None),
        calls_day=of(view.calls_day if view else None),
        estimate=of(view.estimate_usd if view else None, "the cost cannot be estimated"),
        cache_share=of(view.cache_share if view else None, "no call yet"),
        scored=view.scored if view else 0,
        hit_rate=score(view.hit_rate if view else None),
        brier=score(view.brier if view else None),
        base_brier=score(view.base_brier if view else None),
        may_trade=view.may_trade if view else "",
    )
