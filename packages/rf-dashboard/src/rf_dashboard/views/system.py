"""The frame of the screen: header, feeds, alerts, strategies, the daemon."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from rf_common.clock import UnixNanos
from rf_common.enums import FeedState, Mode, Severity, SystemState
from rf_common.ids import InstrumentId, StrategyId, venue_of
from rf_dashboard.alerts import Alert, AlertKind
from rf_dashboard.connection import Connecting, Live
from rf_dashboard.snapshot import RefusalRecord
from rf_dashboard.state import DashboardState
from rf_dashboard.values import T, Value, age_ms, told, unknown, why_old
from rf_dashboard.views.thinkers import thinkers
from rf_dashboard.views.trading import account, currency_of
from rf_dashboard.wire import FeedView

NO_SYSTEM = "the daemon has not told its state yet"
EXCHANGES = ("NYSE", "NASDAQ", "CME", "CBOE", "LSE", "CRYPTO", "NSE", "BSE")
_FEED_ROWS = {"binance": "CRYPTO", "sim": "SIM"}
_FEED_WORDS = {
    FeedState.LIVE: "connected",
    FeedState.STALE: "degraded",
    FeedState.CONNECTING: "connecting",
    FeedState.DOWN: "down",
}
NOT_CONNECTED = "not connected"
UNKNOWN = "unknown"


class FeedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange; `status` is connected, degraded, connecting, down, not connected or unknown."""

    name: str
    source: str
    status: str
    reason: str
    latency_ms: Value[float]
    last_event_ms: int | None
    lost_trades: int
    stale: bool


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The first line; `link` is connecting, live or offline, since `link_ms`."""

    mode: Value[Mode]
    account: Value[str]
    currency: str
    equity: Value[Decimal]
    day_pnl: Value[Decimal]
    day_fraction: Value[float]
    feeds: tuple[FeedRow, ...]
    tick_age_ms: Value[int]
    risk_used: Value[float]
    ai_spend: Value[Decimal]
    ai_cap: Value[Decimal]
    state: Value[SystemState]
    state_reason: str
    killed: Value[bool]
    kill_reason: str
    link: str
    link_reason: str
    link_ms: int | None
    stale: bool
    newest_alert: int


class AlertRow(msgspec.Struct, frozen=True, kw_only=True):
    """One alert or refusal; `count` is how often it was told in a row."""

    number: int
    ts: UnixNanos
    age_ms: int | None
    kind: AlertKind
    severity: Severity
    code: str
    text: str
    subject: str
    count: int


class OpinionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A strategy's newest opinion on one instrument."""

    instrument_id: InstrumentId
    direction: int
    confidence: float
    px: float
    reason: str
    age_ms: int | None


class StrategyRow(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy, why it is off, and its opinions, newest first."""

    strategy_id: StrategyId
    enabled: bool
    reason: str
    opinions: tuple[OpinionRow, ...]
    stale: bool


class SystemPanel(msgspec.Struct, frozen=True, kw_only=True):
    """The daemon itself."""

    version: Value[str]
    session: Value[str]
    mode: Value[Mode]
    account: Value[str]
    state: Value[SystemState]
    state_reason: str
    killed: Value[bool]
    kill_number: Value[int]
    kill_reason: str
    resume_phrase: Value[str]
    uptime_s: Value[float]
    events_per_s: Value[float]
    seq: Value[int]
    journal_bytes: Value[int]
    journal_bytes_per_day: Value[float]


# --- header ---------------------------------------------------------------------------------------


def header(state: DashboardState, now: UnixNanos) -> Header:
    """Return what the first line of every screen says."""
    link = state.link
    name = "live" if isinstance(link, Live) else (
        "connecting" if isinstance(link, Connecting) else "offline"
    )  # fmt: skip
    amounts, panel, old = account(state, now), system(state, now), why_old(state, now)
    minds = thinkers(state, now)
    return Header(
        mode=panel.mode,
        account=panel.account,
        currency=currency_of(state),
        equity=amounts.equity,
        day_pnl=amounts.day_pnl,
        day_fraction=amounts.day_fraction,
        feeds=feeds(state, now),
        tick_age_ms=_tick_age(state, now, old),
        risk_used=_risk_used(state, now, old),
        ai_spend=minds.spent_day,
        ai_cap=minds.cap_day,
        state=panel.state,
        state_reason=state.state_reason,
        killed=panel.killed,
        kill_reason=panel.kill_reason,
        link=name,
        link_reason=link.reason,
        link_ms=age_ms(now, link.since),
        stale=bool(old),
        newest_alert=state.log.number,
    )


def _tick_age(state: DashboardState, now: UnixNanos, old: str) -> Value[int]:
    newest = max((m.quote_ts for m in state.markets.values()), default=UnixNanos(0))
    age = age_ms(now, newest)
    return told(age, source="screen", age=age, old=old, missing="no price yet")


def _risk_used(state: DashboardState, now: UnixNanos, old: str) -> Value[float]:
    limits = state.account.limits if state.account else ()
    known = [limit.used for limit in limits if limit.blocks and limit.used is not None]
    return told(
        max(known, default=None),
        source="daemon",
        age=age_ms(now, state.account_ts),
        old=old,
        missing="no limit's use is known",
    )


# --- feeds ----------------------------------------------------------------------------------------


def feeds(state: DashboardState, now: UnixNanos) -> tuple[FeedRow, ...]:
    """Return the eight exchanges, and a row for each source that is none of them."""
    told_feeds = {
        _FEED_ROWS.get(view.source, view.source.upper()): view
        for view in (state.system.feeds if state.system else ())
    }
    others = [name for name in told_feeds if name not in EXCHANGES]
    return tuple(
        _feed(state, name, told_feeds[name], now) if name in told_feeds else _no_feed(name)
        for name in (*EXCHANGES, *others)
    )


def _feed(state: DashboardState, name: str, view: FeedView, now: UnixNanos) -> FeedRow:
    old = why_old(state, now)
    reason = old or view.reason
    if name == "SIM" and not reason:
        count = sum(venue_of(instrument) == view.source for instrument in state.markets)
        reason = f"simulates {count} instruments; no exchange is connected"
    age = age_ms(now, view.last_event)
    return FeedRow(
        name=name,
        source=view.source,
        status=UNKNOWN if old else _FEED_WORDS[view.state],
        reason=reason,
        latency_ms=told(
            view.latency_ms, source=view.source, age=age, old=old, missing="not measured"
        ),
        last_event_ms=age,
        lost_trades=view.lost_trades,
        stale=bool(old),
    )


def _no_feed(name: str) -> FeedRow:
    reason = "no source for it in this session"
    return FeedRow(
        name=name,
        source="",
        status=NOT_CONNECTED,
        reason=reason,
        latency_ms=unknown(reason),
        last_event_ms=None,
        lost_trades=0,
        stale=False,
    )


# --- alerts ---------------------------------------------------------------------------------------


def alerts(state: DashboardState, count: int, now: UnixNanos) -> tuple[AlertRow, ...]:
    """Return the newest alerts and refusals, newest first."""
    rows = [_alert(alert, now) for alert in state.log.alerts]
    rows += [_refusal(record, now) for record in state.refusals]
    rows.sort(key=lambda row: row.number, reverse=True)
    return tuple(rows[:count])


def _alert(alert: Alert, now: UnixNanos) -> AlertRow:
    return AlertRow(
        number=alert.number,
        ts=alert.ts,
        age_ms=age_ms(now, alert.ts),
        kind=alert.kind,
        severity=alert.severity,
        code=alert.code,
        text=alert.text,
        subject=alert.subject,
        count=alert.count,
    )


def _refusal(record: RefusalRecord, now: UnixNanos) -> AlertRow:
    told_of = record.refusal
    order = f"{told_of.side} {told_of.quantity:f} {told_of.instrument_id}"
    return AlertRow(
        number=record.number,
        ts=record.ts,
        age_ms=age_ms(now, record.ts),
        kind=AlertKind.REFUSAL,
        severity=Severity.WARNING,
        code=told_of.rule,
        text=f"{order} refused: {told_of.value} (limit {told_of.limit}): {told_of.reason}",
        subject=told_of.instrument_id,
        count=record.count,
    )


# --- strategies and the daemon --------------------------------------------------------------------


def strategies(state: DashboardState, now: UnixNanos) -> tuple[StrategyRow, ...]:
    """Return every strategy with its opinions."""
    old = why_old(state, now)
    return tuple(
        StrategyRow(
            strategy_id=view.strategy_id,
            enabled=view.enabled,
            reason=view.reason,
            opinions=_opinions(state, view.strategy_id, now),
            stale=bool(old),
        )
        for view in state.strategies.values()
    )


def _opinions(
    state: DashboardState, strategy_id: StrategyId, now: UnixNanos
) -> tuple[OpinionRow, ...]:
    return tuple(
        OpinionRow(
            instrument_id=record.signal.instrument_id,
            direction=record.signal.direction,
            confidence=record.signal.confidence,
            px=record.signal.px,
            reason=record.signal.reason,
            age_ms=age_ms(now, record.ts),
        )
        for (name, _), record in reversed(state.signals.items())
        if name == strategy_id
    )


def system(state: DashboardState, now: UnixNanos) -> SystemPanel:
    """Return what the daemon says of itself."""
    view, old = state.system, why_old(state, now)
    age = age_ms(now, state.system_ts)

    def of(value: T | None, missing: str = NO_SYSTEM) -> Value[T]:
        return told(value, source="daemon", age=age, old=old, missing=missing)

    not_killed = NO_SYSTEM if view is None else "nothing is to be resumed"
    return SystemPanel(
        version=of(view.version if view else None),
        session=of(view.session if view else None),
        mode=of(view.mode if view else None),
        account=of(view.account if view else None),
        state=of(state.system_state),
        state_reason=state.state_reason,
        killed=of(view.killed if view else None),
        kill_number=of(view.kill_number if view else None),
        kill_reason=view.kill_reason if view else "",
        resume_phrase=of((view.resume_phrase or None) if view else None, not_killed),
        uptime_s=of(view.uptime_s if view else None),
        events_per_s=of(view.events_per_s if view else None),
        seq=of(view.seq if view else None),
        journal_bytes=of(view.journal_bytes if view else None),
        journal_bytes_per_day=of(view.journal_bytes_per_day if view else None),
    )
