"""What people may ask of a running engine, as plain data: status, positions, orders, why."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from rf_common import money
from rf_common.clock import NANOS_PER_MILLI, UnixNanos, to_iso
from rf_common.enums import FeedState, OrderStatus
from rf_common.ids import InstrumentId, StrategyId
from rf_common.intelligence import GraphContext, QuantSnapshot, StageAnswer, SwarmSignal
from rf_engine import Engine, Market
from rf_engine.trading import snapshot
from rf_oms.orders import Order
from rf_risk import Cycle, RiskLimits


def _text(value: Decimal | None) -> str | None:
    return None if value is None else money.to_text(money.to_cash(value).normalize())


def _age_ms(now: UnixNanos, ts: UnixNanos) -> int | None:
    return max(now - ts, 0) // NANOS_PER_MILLI if ts else None


def engine_status(engine: Engine, now: UnixNanos) -> dict[str, Any]:
    """Return state, account, counters, feeds, strategies and limits."""
    state = engine.state
    risk = state.risk
    orders = list(state.orders.open_orders())
    held = [p for p in state.account.positions.values() if p.quantity]
    return {
        "mode": str(state.config.mode),
        "account": state.config.account,
        "state": str(state.system_state),
        "state_reason": state.state_reason,
        "kill": {
            "engaged": state.kill.engaged,
            "number": state.kill.number,
            "reason": state.kill.reason,
            "phrase": state.resume_phrase,
        },
        "equity": _text(risk.equity),
        "cash": _text(state.account.cash),
        "day_pnl": _text(risk.daily_pnl),
        "realised": _text(state.account.realised),
        "fees": _text(state.account.fees),
        "drawdown": risk.drawdown,
        "positions": len(held),
        "open_orders": len(orders),
        "unknown_orders": sum(order.status is OrderStatus.UNKNOWN for order in orders),
        "orders_today": risk.orders_today,
        "fills_today": risk.fills_today,
        "signals": state.signals,
        "fills": state.fills,
        "refusals": dict(sorted(risk.refusals.items())),
        "gaps": state.gaps,
        "instruments": [_instrument(market, now) for market in state.markets.values()],
        "strategies": strategies(engine),
        "limits": limits_used(engine),
        "asof": to_iso(now),
    }


def _instrument(market: Market, now: UnixNanos) -> dict[str, Any]:
    quote = market.quote
    return {
        "instrument_id": market.instrument.instrument_id,
        "state": str(market.feed_state),
        "bid": quote.bid_px if quote else None,
        "ask": quote.ask_px if quote else None,
        "age_ms": _age_ms(now, market.quote_ts),
        "book_checks": market.book_checks,
        "book_mismatches": market.book_mismatches,
    }


def strategies(engine: Engine) -> list[dict[str, Any]]:
    """Return every strategy, whether it is on, and why not."""
    registry = engine.core.registry
    return [
        {
            "strategy_id": name,
            "enabled": registry.why_disabled(name) is None,
            "reason": registry.why_disabled(name) or "",
        }
        for name in registry
    ]


def limits_used(engine: Engine) -> list[dict[str, Any]]:
    """Return the limits that a running account moves towards, with their present use."""
    state, limits = engine.state, engine.state.limits
    risk, measures = state.risk, engine.core.measures
    marks = state.current_marks()
    gross = sum(
        (
            abs(marks[name] * position.quantity)
            for name, position in state.account.positions.items()
            if position.quantity and name in marks
        ),
        money.ZERO,
    )
    rows: list[tuple[str, object, object, bool]] = [
        ("daily_loss", _text(-risk.daily_pnl if risk.daily_pnl else money.ZERO),
         limits.max_daily_loss, True),
        ("max_drawdown", None if risk.drawdown is None else f"{risk.drawdown:.4f}",
         limits.max_drawdown, True),
        ("value_at_risk", _share(measures.var, risk.equity), limits.max_daily_var, True),
        ("account_vol", _rounded(measures.account_vol), limits.max_account_vol, True),
        ("max_gross", _text(gross), limits.max_gross_notional, True),
        ("max_open_orders", state.orders.open_count, limits.max_open_orders, True),
        ("daily_notional", _text(risk.notional_today), limits.max_daily_notional, True),
        ("trade_count", risk.fills_today, limits.attenuate_after_trades, False),
    ]  # fmt: skip
    return [
        {"rule": rule, "value": str(value), "limit": str(limit), "blocks": blocks}
        for rule, value, limit, blocks in rows
    ]


def _share(amount: float | None, equity: Decimal | None) -> str | None:
    """Return an amount as a share of equity; None when either is unknown."""
    known = amount is not None and equity is not None and equity > 0
    return f"{amount / float(equity):.4f}" if known else None  # type: ignore[operator, arg-type]  # just tested


def _rounded(value: float | None) -> str | None:
    return None if value is None else f"{value:.4f}"


def positions(engine: Engine) -> list[dict[str, Any]]:
    """Return what is held, at which cost, at which mark, by whom."""
    state = engine.state
    marks = state.current_marks()
    rows: list[dict[str, Any]] = []
    for name, position in state.account.positions.items():
        mark = marks.get(name)
        owners = {
            owner: money.to_text(held)
            for owner, instrument, held in state.account.state().holdings
            if instrument == name
        }
        rows.append({
            "instrument_id": name,
            "quantity": money.to_text(position.quantity),
            "average_price": _text(position.average_price),
            "mark": _text(mark) if position.quantity else None,
            "unrealised": (
                _text(position.unrealised(mark))
                if position.quantity and mark is not None
                else None if position.quantity else "0"
            ),
            "realised": _text(position.realised),
            "fees": _text(position.fees),
            "by_strategy": owners,
        })  # fmt: skip
    return rows


def orders(engine: Engine, *, everything: bool) -> list[dict[str, Any]]:
    """Return open orders, or all that are remembered."""
    book = engine.state.orders
    return [_order(order) for order in (book if everything else book.open_orders())]


def _order(order: Order) -> dict[str, Any]:
    request = order.request
    return {
        "client_order_id": request.client_order_id,
        "venue_order_id": order.venue_order_id,
        "strategy_id": request.strategy_id,
        "actor": request.actor,
        "instrument_id": request.instrument_id,
        "side": str(request.side),
        "quantity": money.to_text(order.quantity),
        "filled": money.to_text(order.filled),
        "average_price": _text(order.average_price),
        "order_type": str(request.order_type),
        "limit_price": None if order.limit_price is None else money.to_text(order.limit_price),
        "status": str(order.status),
        "reason": order.reason,
        "created": to_iso(order.created),
        "updated": to_iso(order.updated),
    }


def why(
    engine: Engine, strategy_id: StrategyId, only: InstrumentId | None = None
) -> dict[str, Any]:
    """Return what stands between a strategy and a trade, per instrument.

    Raises
    ------
    KeyError
        If no strategy has this id.
    """
    core = engine.core
    strategy = core.registry.get(strategy_id)
    if strategy is None:
        raise KeyError(strategy_id)
    state = engine.state
    rows: list[dict[str, Any]] = []
    for name, market in state.markets.items():
        wanted = not strategy.instruments or name in strategy.instruments
        if not wanted or only not in {None, name}:
            continue
        conditions = [
            {"name": c.name, "value": c.value, "needed": c.needed, "met": c.met}
            for c in strategy.explain(name)
        ]
        rows.append({
            "instrument_id": name,
            "feed_state": str(market.feed_state),
            "held": money.to_text(market.position(strategy_id)),
            "conditions": conditions,
            "last_word": core.last_words.get((strategy_id, name), "no opinion told yet"),
            "decisions": decisions(engine, name),
        })  # fmt: skip
    off = core.registry.why_disabled(strategy_id)
    return {
        "strategy_id": strategy_id,
        "enabled": off is None,
        "reason": off or "",
        "system_state": str(state.system_state),
        "state_reason": state.state_reason,
        "instruments": rows,
    }


_SHOWN = 3


def decisions(engine: Engine, name: InstrumentId) -> list[dict[str, Any]]:
    """Return the last verdicts on an instrument, newest first, each with its chain of reasons."""
    mind = engine.core.minds.get(name)
    if mind is None:
        return []
    return [
        {
            "cycle_id": decided.cycle_id,
            "ts": to_iso(decided.ts_event),
            "verdict": str(decided.verdict),
            "reason": decided.reason,
            "chain": chain(cycle),
            "checks": [
                {"name": c.name, "value": c.value, "limit": c.limit, "ok": c.ok}
                for c in decided.checks
            ],
        }
        for decided, cycle in list(reversed(mind.decisions))[:_SHOWN]
    ]


def chain(cycle: Cycle) -> list[str]:
    """Return one line for each stage of a cycle: what it said, or why it said nothing."""
    stages = (cycle.quant, cycle.swarm, cycle.graph, cycle.analyst)
    return [
        f"{name}: {_said(stage)}"
        for name, stage in zip(("quant", "swarm", "graph", "analyst"), stages, strict=True)
    ]


def _said(stage: StageAnswer | None) -> str:
    if stage is None:
        return "no answer"
    if stage.unavailable:
        return f"unavailable: {stage.unavailable}"
    if isinstance(stage, QuantSnapshot):
        return (
            f"price {stage.px:g}, RSI {stage.rsi:.1f}, momentum {stage.momentum:+.2f}, "
            f"GARCH {stage.garch_vol:.1%} against {stage.average_vol:.1%}"
        )
    if isinstance(stage, SwarmSignal):
        return (
            f"{stage.direction}, bull {stage.bull:.2f} bear {stage.bear:.2f} "
            f"±{stage.std_error:.2f}, confidence {stage.confidence:.2f}, "
            f"agreement {stage.agreement:.2f}, seed {stage.seed}"
        )
    if isinstance(stage, GraphContext):
        return f"{stage.entity_name}, {len(stage.facts)} facts of {stage.nodes} entities"
    return f"{stage.analyst} {stage.direction} {stage.confidence:.2f}: {stage.thesis}"


def judgements(engine: Engine, intent: Any) -> list[dict[str, str]]:
    """Return what every check says of an order that is not sent."""
    seen = snapshot(engine.core, intent.instrument_id)
    return [
        {
            "rule": judged.rule,
            "outcome": str(judged.outcome),
            "value": judged.value,
            "limit": judged.limit,
            "reason": judged.reason,
            "fix": judged.fix,
        }
        for judged in engine.core.chain.explain(seen, intent)
    ]


def limits(limit_set: RiskLimits) -> dict[str, str]:
    """Return every limit by name."""
    return {name: str(getattr(limit_set, name)) for name in limit_set.__struct_fields__}


def headline(status: Mapping[str, Any]) -> str:
    """Return one readable line for a terminal."""
    equity, day, fall = status["equity"], status["day_pnl"], status["drawdown"]
    live = sum(row["state"] == FeedState.LIVE for row in status["instruments"])
    refused = sum(status["refusals"].values())
    parts = [
        f"{status['mode']} {status['account']}",
        str(status["state"]),
        f"equity {_money(equity)}",
        f"day {_signed(day)}",
        f"drawdown {'n/a' if fall is None else f'{fall:.2%}'}",
        f"positions {status['positions']}",
        f"open {status['open_orders']}",
        f"fills {status['fills']}",
        f"refused {refused}",
        f"feeds {live}/{len(status['instruments'])} live",
    ]
    return " | ".join(parts)


def _money(text: str | None) -> str:
    return "n/a" if text is None else f"${float(text):,.2f}"


def _signed(text: str | None) -> str:
    return "n/a" if text is None else f"{float(text):+,.2f}"
